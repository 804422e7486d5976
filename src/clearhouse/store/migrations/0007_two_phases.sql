-- The whole chart of accounts, transfers in two phases, groups, reversals, and the balance on each
-- entry, from which any earlier balance can be told.

INSERT INTO account_kind (kind, of_house, normal_side, overdraft) VALUES
    ('held', false, 'credit', false),
    ('margin', false, 'credit', false),
    ('default_fund', false, 'credit', false),
    ('escrow', false, 'credit', false),
    ('quarantine', false, 'credit', false),
    ('penalties', true, 'credit', false);

-- What ties a transfer to its accounts is the trigger below: two foreign keys ask about each row
-- by itself, which was the half of what posting a batch cost.
ALTER TABLE transfer
    DROP CONSTRAINT transfer_debit_asset_fkey,
    DROP CONSTRAINT transfer_credit_asset_fkey;

ALTER TABLE account
    DROP CONSTRAINT account_id_asset_key,  -- stood there for the foreign keys
    DROP CONSTRAINT account_owner_kind_asset_key,
    DROP CONSTRAINT account_overdraft,
    ADD COLUMN place text COLLATE "C" NOT NULL DEFAULT '',  -- which vault; '' is none in particular
    ADD COLUMN debits_pending numeric(78, 0) NOT NULL DEFAULT 0,  -- units reserved to leave
    ADD COLUMN credits_pending numeric(78, 0) NOT NULL DEFAULT 0,  -- ... to enter
    ADD COLUMN entries bigint NOT NULL DEFAULT 0,  -- transfers that have moved the balance
    ADD COLUMN moved_at timestamptz,  -- when the newest of them was recorded
    -- The longest time, either way, from when one of them occurred to when it was recorded.
    ADD COLUMN lag_us bigint NOT NULL DEFAULT 0,
    ADD UNIQUE (owner, kind, asset, place),
    ADD CONSTRAINT account_place CHECK (place = '' OR kind = 'vault'),
    -- Reserved units count as if they had gone.
    ADD CONSTRAINT account_overdraft CHECK (
        debits_pending >= 0
        AND credits_pending >= 0
        AND (
            overdraft
            OR CASE normal_side
                WHEN 'credit' THEN balance >= debits_pending
                ELSE balance + credits_pending <= 0
            END
        )
    );

DROP TRIGGER account_is_what_it_is ON account;
CREATE TRIGGER account_is_what_it_is
BEFORE DELETE OR TRUNCATE
OR UPDATE OF id, owner, kind, asset, place, of_house, normal_side, overdraft, opened_at ON account
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

ALTER TABLE transfer
    ADD COLUMN phase text COLLATE "C" NOT NULL DEFAULT 'single',
    ADD COLUMN follows text COLLATE "C",  -- what it posts, voids, expires or reverses
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN in_group text COLLATE "C",  -- those with one name were posted together
    ADD COLUMN group_rank integer,
    -- The how-manieth of its account it is, and the balance after it; for both accounts.
    ADD COLUMN debit_entry bigint,
    ADD COLUMN debit_balance numeric(78, 0),
    ADD COLUMN credit_entry bigint,
    ADD COLUMN credit_balance numeric(78, 0);

-- Number what is there already, in the order in which it was recorded.
ALTER TABLE transfer DISABLE TRIGGER transfer_only_grows;
WITH side AS (
    SELECT id, debit AS account, -units AS units, recorded_at FROM transfer
    UNION ALL
    SELECT id, credit AS account, units, recorded_at FROM transfer
),

numbered AS (
    SELECT id, account, row_number() OVER past AS entry, sum(units) OVER past AS balance
    FROM side
    WINDOW past AS (PARTITION BY account ORDER BY recorded_at, id ROWS UNBOUNDED PRECEDING)
)

UPDATE transfer
SET
    debit_entry = d.entry,
    debit_balance = d.balance,
    credit_entry = c.entry,
    credit_balance = c.balance
FROM numbered AS d, numbered AS c
WHERE (d.id, d.account) = (transfer.id, transfer.debit)
    AND (c.id, c.account) = (transfer.id, transfer.credit);
ALTER TABLE transfer ENABLE TRIGGER transfer_only_grows;

WITH side AS (
    SELECT debit AS account, recorded_at, occurred_at FROM transfer
    UNION ALL
    SELECT credit AS account, recorded_at, occurred_at FROM transfer
),

moved AS (
    SELECT
        account, count(*) AS entries, max(recorded_at) AS moved_at,
        max(abs(extract(EPOCH FROM recorded_at - occurred_at)) * 1000000) AS lag_us
    FROM side
    GROUP BY account
)

UPDATE account
SET entries = moved.entries, moved_at = moved.moved_at, lag_us = moved.lag_us
FROM moved
WHERE account.id = moved.account;

ALTER TABLE transfer ADD CONSTRAINT transfer_phase CHECK (
    CASE phase
        WHEN 'single' THEN follows IS NULL AND expires_at IS NULL AND debit_entry IS NOT NULL
        WHEN 'pending' THEN follows IS NULL AND expires_at > recorded_at AND debit_entry IS NULL
        WHEN 'post' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NOT NULL
        WHEN 'void' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NULL
        WHEN 'expire' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NULL
        WHEN 'reverse' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NOT NULL
        ELSE false
    END
    AND num_nulls(debit_entry, debit_balance, credit_entry, credit_balance) IN (0, 4)
    AND (in_group IS NULL) = (group_rank IS NULL)
);

-- A pending transfer is resolved once, and another is reversed once.
CREATE UNIQUE INDEX transfer_followed_once ON transfer (follows) WHERE follows IS NOT NULL;
CREATE UNIQUE INDEX transfer_group ON transfer (in_group, group_rank) WHERE in_group IS NOT NULL;
-- An account's entries, in their order: statements, and balances as they were.
CREATE INDEX transfer_by_debit ON transfer (debit, recorded_at, debit_entry)
WHERE debit_entry IS NOT NULL;
CREATE INDEX transfer_by_credit ON transfer (credit, recorded_at, credit_entry)
WHERE credit_entry IS NOT NULL;

-- The pending transfers that nothing has followed yet.
CREATE TABLE reservation (
    id text COLLATE "C" PRIMARY KEY REFERENCES transfer,
    debit text COLLATE "C" NOT NULL,
    credit text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX reservation_expiry ON reservation (expires_at);

-- Both accounts of a transfer are there and of its asset, and what it follows is as it has to be.
-- Accounts and transfers never change or go, so that what held once holds.
CREATE FUNCTION check_transfers() RETURNS trigger LANGUAGE plpgsql
-- Each row is looked up by its key, also where the plan was made for small tables that have grown.
SET enable_seqscan = off AS $$
DECLARE
    wrong text;
BEGIN
    SELECT fresh.id INTO wrong FROM fresh
    WHERE fresh.asset IS DISTINCT FROM (SELECT asset FROM account WHERE id = fresh.debit)
        OR fresh.asset IS DISTINCT FROM (SELECT asset FROM account WHERE id = fresh.credit)
    LIMIT 1;
    IF found THEN
        RAISE EXCEPTION 'transfer %: an account is not there, or of another asset', wrong
            USING ERRCODE = 'foreign_key_violation';
    END IF;

    SELECT fresh.id INTO wrong FROM fresh
    WHERE fresh.follows IS NOT NULL
        AND NOT coalesce((
            SELECT
                CASE fresh.phase
                    WHEN 'reverse' THEN
                        earlier.phase IN ('single', 'post')
                        AND (earlier.credit, earlier.debit) = (fresh.debit, fresh.credit)
                    ELSE
                        earlier.phase = 'pending'
                        AND (earlier.debit, earlier.credit) = (fresh.debit, fresh.credit)
                END
                AND earlier.asset = fresh.asset
                AND CASE fresh.phase
                    WHEN 'post' THEN fresh.units <= earlier.units
                    ELSE fresh.units = earlier.units
                END
            FROM transfer AS earlier
            WHERE earlier.id = fresh.follows
        ), false)
    LIMIT 1;
    IF found THEN
        RAISE EXCEPTION 'transfer %: what it follows is not as it has to be', wrong
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER transfer_agrees AFTER INSERT ON transfer
REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION check_transfers();

-- Write how accounts stand after a batch; the lists are joined with the unit separator. A function,
-- so that the accounts are looked up by their keys: by its own estimate the planner reads them all.
CREATE FUNCTION move_accounts(
    ids text, balances text, going text, coming text, entries_then text, lags text, at timestamptz
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    UPDATE account
    SET
        balance = moved.balance,
        debits_pending = moved.going,
        credits_pending = moved.coming,
        entries = moved.entries,
        lag_us = moved.lag_us,
        moved_at = CASE WHEN moved.entries > account.entries THEN at ELSE account.moved_at END
    FROM
        unnest(
            string_to_array(ids, E'\x1f'),
            string_to_array(balances, E'\x1f')::numeric[],
            string_to_array(going, E'\x1f')::numeric[],
            string_to_array(coming, E'\x1f')::numeric[],
            string_to_array(entries_then, E'\x1f')::bigint[],
            string_to_array(lags, E'\x1f')::bigint[]
        ) AS moved (id, balance, going, coming, entries, lag_us)
    WHERE account.id = moved.id;
END
$$;
