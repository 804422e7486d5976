-- in_force
SELECT list_name, version, published_at FROM sanctions_list ORDER BY list_name;

-- accepted
SELECT list_name, version, before, proposal FROM accepted_edition WHERE version <> '';

-- refused
SELECT list_name, version, before FROM list_edition WHERE code <> '';

-- history
SELECT
    recorded_at, list_name, version, published_at, before, entries, wallets, added, changed,
    removed, code, said, coalesce(proposal, '')
FROM list_edition ORDER BY position;

-- enter
INSERT INTO list_edition (
    position, recorded_at, list_name, version, published_at, before, entries, wallets, added,
    changed, removed, code, said, proposal
) VALUES (
    %(position)s, %(recorded_at)s, %(list_name)s, %(version)s, %(published_at)s, %(before)s,
    %(entries)s, %(wallets)s, %(added)s, %(changed)s, %(removed)s, %(code)s, %(said)s,
    nullif(%(proposal)s, '')
);

-- adopt
INSERT INTO sanctions_list (list_name, version, published_at, entries, wallets)
VALUES (%(list_name)s, %(version)s, %(published_at)s, %(entries)s, %(wallets)s)
ON CONFLICT (list_name) DO UPDATE SET
    version = excluded.version, published_at = excluded.published_at,
    entries = excluded.entries, wallets = excluded.wallets;

-- accept
INSERT INTO accepted_edition (proposal, list_name, version, before, reason)
VALUES (%(proposal)s, %(list_name)s, %(version)s, %(before)s, %(reason)s);

-- let_go
DELETE FROM sanctions_list WHERE list_name = %(list_name)s;
