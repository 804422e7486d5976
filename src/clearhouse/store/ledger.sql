-- open_accounts
-- An account that is open already stays as it is.
INSERT INTO account (id, owner, kind, asset, of_house, normal_side, overdraft, opened_at)
SELECT a.id, a.owner, a.kind, a.asset, k.of_house, k.normal_side, k.overdraft, %(now)s
FROM unnest(%(ids)s::text[], %(owners)s::text[], %(kinds)s::text[], %(assets)s::text[])
    AS a (id, owner, kind, asset)
INNER JOIN account_kind AS k USING (kind)
ORDER BY a.id
ON CONFLICT (id) DO NOTHING;

-- lock_accounts
-- Locking in id order keeps two opposite batches from deadlocking. NO KEY: the foreign keys of
-- other transfers may look at the row meanwhile.
SELECT id, owner, kind, asset, balance
FROM account
WHERE id = ANY(string_to_array(%(ids)s, E'\x1f'))
ORDER BY id
FOR NO KEY UPDATE;

-- recorded
SELECT id, debit, credit, units, asset, code, occurred_at, cause, recorded_at
FROM transfer
WHERE id = ANY(string_to_array(%(ids)s, E'\x1f'));

-- write_transfers
COPY transfer (id, debit, credit, units, asset, code, occurred_at, cause, recorded_at) FROM STDIN;

-- move_balances
UPDATE account
SET balance = account.balance + moved.units
FROM
    unnest(string_to_array(%(ids)s, E'\x1f'), string_to_array(%(units)s, E'\x1f')::numeric[])
    AS moved (id, units)
WHERE account.id = moved.id;

-- balances
SELECT owner, kind, asset, balance
FROM account
WHERE %(owner)s::text IS NULL OR owner = %(owner)s::text
ORDER BY owner, kind, asset;

-- trial_balance
-- One statement sees one moment, whatever is being posted meanwhile. A row without an account is
-- an asset that does not sum to zero; one with an account is a balance that its transfers do not
-- explain.
WITH moved AS (
    SELECT account, sum(units) AS units
    FROM (
        SELECT debit AS account, -units AS units FROM transfer
        UNION ALL
        SELECT credit AS account, units FROM transfer
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
ORDER BY 1, 2;
