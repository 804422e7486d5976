-- due
-- What has expired between accounts of which one at least is named.
SELECT id, debit, credit
FROM reservation
WHERE expires_at <= %(now)s AND (debit = ANY(%(numbers)s) OR credit = ANY(%(numbers)s))
ORDER BY expires_at, id;

-- due_anywhere
SELECT id FROM reservation WHERE expires_at <= %(now)s ORDER BY expires_at, id LIMIT %(limit)s;

-- is_due
SELECT FROM reservation WHERE expires_at <= %(now)s LIMIT 1;

-- recorded
SELECT
    t.id, d.id, c.id, t.units, asset.identity, t.code, t.occurred_at, t.cause,
    t.phase, t.follows, t.expires_at, t.in_group, t.recorded_at, follower.phase
FROM transfer AS t
INNER JOIN account AS d ON t.debit = d.number
INNER JOIN account AS c ON t.credit = c.number
INNER JOIN asset ON d.asset = asset.number
LEFT JOIN transfer AS follower ON t.id = follower.follows
WHERE t.id = ANY((SELECT string_to_array(%(ids)s, E'\x1f'))::text[]);

-- of_groups
SELECT id FROM transfer WHERE in_group = ANY(%(groups)s);

-- copy_transfers
COPY transfer (
    id, debit, credit, units, code, cause, occurred_at, recorded_at,
    phase, follows, expires_at, in_group, group_rank,
    debit_entry, debit_balance, credit_entry, credit_balance, position
) FROM STDIN;

-- move_balances
SELECT move_accounts(
    %(number)s, %(balance)s, %(debits_pending)s, %(credits_pending)s, %(entries)s, %(lag_us)s,
    %(at)s
);

-- reserve
INSERT INTO reservation (id, debit, credit, expires_at)
SELECT id, debit, credit, expires_at FROM transfer WHERE id = ANY(%(ids)s);

-- free
DELETE FROM reservation WHERE id = ANY(%(ids)s);

-- trial_balance
-- One statement sees one moment, whatever is being posted meanwhile. A row without an account is
-- an asset that does not sum to zero; one with an account is a balance that its transfers do not
-- explain, or units reserved that no pending transfer does. (A join with `reservation`: without
-- its row there a pending transfer would never expire.)
WITH moved AS (
    SELECT account, sum(units) AS units, sum(going) AS going, sum(coming) AS coming
    FROM (
        SELECT debit AS account, -units AS units, 0 AS going, 0 AS coming
        FROM transfer WHERE debit_entry IS NOT NULL
        UNION ALL
        SELECT credit, units, 0, 0 FROM transfer WHERE credit_entry IS NOT NULL
        UNION ALL
        SELECT t.debit, 0, t.units, 0 FROM transfer AS t INNER JOIN reservation USING (id)
        WHERE t.phase = 'pending' AND NOT EXISTS (SELECT FROM transfer WHERE follows = t.id)
        UNION ALL
        SELECT t.credit, 0, 0, t.units FROM transfer AS t INNER JOIN reservation USING (id)
        WHERE t.phase = 'pending' AND NOT EXISTS (SELECT FROM transfer WHERE follows = t.id)
    ) AS side
    GROUP BY account
),

explained AS (
    SELECT
        account.id, asset.identity,
        standing.balance - coalesce(moved.units, 0) AS units,
        standing.debits_pending - coalesce(moved.going, 0) AS going,
        standing.credits_pending - coalesce(moved.coming, 0) AS coming
    FROM account
    INNER JOIN asset ON account.asset = asset.number
    INNER JOIN standing ON account.number = standing.account
    LEFT JOIN moved ON moved.account = account.number
)

SELECT asset.identity, NULL AS account, sum(standing.balance) AS units
FROM account
INNER JOIN asset ON account.asset = asset.number
INNER JOIN standing ON account.number = standing.account
GROUP BY asset.identity
HAVING sum(standing.balance) <> 0
UNION ALL
SELECT identity, id, units FROM explained WHERE units <> 0
UNION ALL
SELECT identity, id, going - coming FROM explained WHERE going <> 0 OR coming <> 0
ORDER BY 1, 2;

-- paid_in_by
SELECT cause, units FROM transfer
WHERE credit = (SELECT number FROM account WHERE id = %(account)s) AND code = 'pay_in'
    AND phase = 'single' AND cause ~ '^[0-9a-f]{64}:[0-9]+$';

-- deposited
-- What else was booked so, by hand, names no coin, and the sum of all shows it.
SELECT cause, units, code FROM transfer
WHERE code IN ('pay_in', 'funding', 'unknown_deposit', 'quarantine') AND phase = 'single'
    AND cause ~ '^[0-9a-f]{64}:[0-9]+$';
