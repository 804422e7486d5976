-- balances_at
-- As of two instants: of what was recorded by then, what had occurred by then. No entry was
-- recorded further from when it occurred than the account's lag: so all that was recorded before
-- `early` had occurred, nothing that was recorded after `late` had, and only between the two is
-- there to count.
SELECT
    a.owner, a.kind, asset.identity, a.place,
    coalesce(base.balance, 0) + coalesce(between_.units, 0)
FROM account AS a
INNER JOIN asset ON a.asset = asset.number
INNER JOIN standing ON a.number = standing.account
CROSS JOIN LATERAL (
    SELECT
        least(%(at)s - standing.lag_us * interval '1 microsecond', %(recorded)s) AS early,
        least(%(at)s + standing.lag_us * interval '1 microsecond', %(recorded)s) AS late
) AS window_
LEFT JOIN LATERAL (
    SELECT newest.balance FROM (
        (
            SELECT t.debit_entry AS entry, t.debit_balance AS balance FROM transfer AS t
            WHERE t.debit = a.number AND t.debit_entry IS NOT NULL
                AND t.recorded_at <= window_.early
            ORDER BY t.recorded_at DESC, t.debit_entry DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT t.credit_entry, t.credit_balance FROM transfer AS t
            WHERE t.credit = a.number AND t.credit_entry IS NOT NULL
                AND t.recorded_at <= window_.early
            ORDER BY t.recorded_at DESC, t.credit_entry DESC LIMIT 1
        )
    ) AS newest
    ORDER BY newest.entry DESC LIMIT 1
) AS base ON true
LEFT JOIN LATERAL (
    SELECT sum(side.units) AS units FROM (
        SELECT -t.units AS units FROM transfer AS t
        WHERE t.debit = a.number AND t.debit_entry IS NOT NULL AND t.occurred_at <= %(at)s
            AND t.recorded_at > window_.early AND t.recorded_at <= window_.late
        UNION ALL
        SELECT t.units FROM transfer AS t
        WHERE t.credit = a.number AND t.credit_entry IS NOT NULL AND t.occurred_at <= %(at)s
            AND t.recorded_at > window_.early AND t.recorded_at <= window_.late
    ) AS side
) AS between_ ON true
WHERE a.owner = %(owner)s
ORDER BY asset.identity, a.kind, a.place;

-- page
-- Both sides of an account, each from its index, in the order of its entries.
SELECT
    side.entry, side.recorded_at, side.occurred_at, side.id, side.code, side.phase, side.follows,
    other.kind, side.cause, side.units, side.balance
FROM (
    (
        SELECT
            debit_entry AS entry, recorded_at, occurred_at, id, code, phase, follows,
            credit AS against, cause, -units AS units, debit_balance AS balance
        FROM transfer
        WHERE debit = (SELECT number FROM account WHERE id = %(account)s)
            AND debit_entry IS NOT NULL
            AND (recorded_at, debit_entry) > (%(since)s, %(after)s) AND recorded_at < %(until)s
        ORDER BY recorded_at, debit_entry LIMIT %(size)s
    )
    UNION ALL
    (
        SELECT
            credit_entry, recorded_at, occurred_at, id, code, phase, follows,
            debit, cause, units, credit_balance
        FROM transfer
        WHERE credit = (SELECT number FROM account WHERE id = %(account)s)
            AND credit_entry IS NOT NULL
            AND (recorded_at, credit_entry) > (%(since)s, %(after)s) AND recorded_at < %(until)s
        ORDER BY recorded_at, credit_entry LIMIT %(size)s
    )
) AS side
INNER JOIN account AS other ON side.against = other.number
ORDER BY side.entry
LIMIT %(size)s;
