-- open_accounts
-- An account that is open already stays as it is.
INSERT INTO account (id, owner, kind, asset, place, of_house, normal_side, overdraft, opened_at)
SELECT a.id, a.owner, a.kind, a.asset, a.place, k.of_house, k.normal_side, k.overdraft, %(now)s
FROM unnest(
    %(ids)s::text[], %(owners)s::text[], %(kinds)s::text[], %(assets)s::text[], %(places)s::text[]
) AS a (id, owner, kind, asset, place)
INNER JOIN account_kind AS k USING (kind)
ORDER BY a.id
ON CONFLICT (id) DO NOTHING;

-- lock_accounts
-- Locking in id order keeps two opposite batches from deadlocking. NO KEY: the foreign keys of
-- other tables may look at the row meanwhile. With the accounts that were asked for come those on
-- the other side of what has expired between them and others.
WITH asked AS (SELECT string_to_array(%(ids)s, E'\x1f') AS ids),

due AS (
    SELECT debit, credit
    FROM reservation, asked
    WHERE expires_at <= %(now)s AND (debit = ANY(ids) OR credit = ANY(ids))
)

SELECT
    id, owner, kind, asset, place, balance, debits_pending, credits_pending,
    entries, lag_us, moved_at
FROM account
WHERE
    id = ANY(
        (SELECT ids FROM asked)
        || ARRAY(SELECT debit FROM due UNION SELECT credit FROM due)
    )
ORDER BY id
FOR NO KEY UPDATE;

-- due
-- What has expired between accounts of which one at least is locked.
SELECT id
FROM reservation
WHERE
    expires_at <= %(now)s
    AND (
        debit = ANY(string_to_array(%(ids)s, E'\x1f'))
        OR credit = ANY(string_to_array(%(ids)s, E'\x1f'))
    )
ORDER BY expires_at, id;

-- due_anywhere
SELECT id FROM reservation WHERE expires_at <= %(now)s ORDER BY expires_at, id LIMIT %(limit)s;

-- recorded
SELECT
    t.id, t.debit, t.credit, t.units, t.asset, t.code, t.occurred_at, t.cause,
    t.phase, t.follows, t.expires_at, t.in_group, t.recorded_at, follower.phase
FROM transfer AS t
LEFT JOIN transfer AS follower ON t.id = follower.follows
WHERE t.id = ANY(string_to_array(%(ids)s, E'\x1f'));

-- of_groups
SELECT id FROM transfer WHERE in_group = ANY(%(groups)s);

-- write_transfers
COPY transfer (
    id, debit, credit, units, asset, code, cause, occurred_at, recorded_at,
    phase, follows, expires_at, in_group, group_rank,
    debit_entry, debit_balance, credit_entry, credit_balance
) FROM STDIN;

-- move_balances
SELECT move_accounts(
    %(ids)s, %(balances)s, %(going)s, %(coming)s, %(entries)s, %(lags)s, %(at)s
);

-- reserve
INSERT INTO reservation (id, debit, credit, expires_at)
SELECT id, debit, credit, expires_at FROM transfer WHERE id = ANY(%(ids)s);

-- free
DELETE FROM reservation WHERE id = ANY(%(ids)s);

-- balances
SELECT owner, kind, asset, place, balance
FROM account
WHERE %(owner)s::text IS NULL OR owner = %(owner)s::text
ORDER BY owner, kind, asset, place;

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
)
SELECT asset, NULL AS account, sum(balance) AS units
FROM account
GROUP BY asset
HAVING sum(balance) <> 0
UNION ALL
SELECT account.asset, account.id, account.balance - coalesce(moved.units, 0)
FROM account
LEFT JOIN moved ON moved.account = account.id
WHERE account.balance <> coalesce(moved.units, 0)
UNION ALL
SELECT
    account.asset, account.id,
    account.debits_pending - account.credits_pending
    - coalesce(moved.going, 0) + coalesce(moved.coming, 0)
FROM account
LEFT JOIN moved ON moved.account = account.id
WHERE account.debits_pending <> coalesce(moved.going, 0)
    OR account.credits_pending <> coalesce(moved.coming, 0)
ORDER BY 1, 2;
