-- known
SELECT id FROM account WHERE id = ANY(string_to_array(%(ids)s, E'\x1f'));

-- assets
SELECT identity, number, accounts FROM asset;

-- count_accounts
INSERT INTO asset (number, identity, accounts)
SELECT * FROM unnest(%(numbers)s::integer[], %(identities)s::text[], %(accounts)s::bigint[])
ON CONFLICT (number) DO UPDATE SET accounts = excluded.accounts;

-- copy_accounts
COPY account (
    id, number, owner, kind, asset, place, of_house, normal_side, overdraft, opened_at
) FROM STDIN;

-- standings
-- The list comes from a subquery, so that the planner cannot count it: for thousands of accounts it
-- would rather read all there are. In the order of their numbers neighbours share pages.
WITH named AS MATERIALIZED (
    SELECT account.id, account.number, account.kind, asset.identity
    FROM account
    INNER JOIN asset ON account.asset = asset.number
    WHERE account.id = ANY((SELECT string_to_array(%(ids)s, E'\x1f'))::text[])
    ORDER BY account.number
)

SELECT
    named.id, named.number, named.kind, named.identity,
    standing.balance, standing.debits_pending, standing.credits_pending,
    standing.entries, standing.lag_us, standing.moved_at
FROM named
INNER JOIN standing ON named.number = standing.account;

-- standings_by_number
SELECT
    account.id, account.number, account.kind, asset.identity,
    standing.balance, standing.debits_pending, standing.credits_pending,
    standing.entries, standing.lag_us, standing.moved_at
FROM account
INNER JOIN asset ON account.asset = asset.number
INNER JOIN standing ON account.number = standing.account
WHERE account.number = ANY(%(numbers)s);

-- balances
SELECT account.owner, account.kind, asset.identity, account.place, standing.balance
FROM account
INNER JOIN asset ON account.asset = asset.number
INNER JOIN standing ON account.number = standing.account
WHERE %(owner)s::text IS NULL OR account.owner = %(owner)s::text
ORDER BY account.owner, account.kind, asset.identity, account.place;
