-- Accounts have short numbers, by which transfers and their indexes know them, and each transfer
-- names its entry in the journal.
--
-- A number says the account's asset and the how-manieth of its asset it is:
--
--     number = asset's number * 2^40 + 1, 2, 3, ... without gaps
--
-- So that a transfer stays within one asset is a CHECK of its own row, and that both its accounts
-- are there follows from two comparisons with the asset's count. Asking each account by its key
-- cost more than writing the transfer.

CREATE TABLE asset (
    number integer PRIMARY KEY CHECK (number BETWEEN 1 AND 4194303),  -- 22 bits, and 40 below
    identity text COLLATE "C" NOT NULL UNIQUE CHECK (identity <> ''),
    accounts bigint NOT NULL CHECK (accounts BETWEEN 0 AND 1099511627775)  -- opened so far
);

INSERT INTO asset (number, identity, accounts)
SELECT row_number() OVER (ORDER BY asset), asset, count(*) FROM account GROUP BY asset;

CREATE TRIGGER asset_is_what_it_is
BEFORE DELETE OR TRUNCATE OR UPDATE OF number, identity ON asset
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TEMPORARY TABLE account_then ON COMMIT DROP AS
SELECT
    account.*, asset.number AS asset_number,
    (asset.number::bigint << 40)
    + row_number() OVER (PARTITION BY asset.number ORDER BY opened_at, id) AS number
FROM account INNER JOIN asset ON asset.identity = account.asset;
CREATE TEMPORARY TABLE transfer_then ON COMMIT DROP AS
SELECT
    transfer.*, d.number AS debit_number, c.number AS credit_number,
    reservation.id IS NOT NULL AS waits
FROM transfer
INNER JOIN account_then AS d ON d.id = transfer.debit
INNER JOIN account_then AS c ON c.id = transfer.credit
LEFT JOIN reservation ON reservation.id = transfer.id;
DROP TABLE reservation, transfer, account;
DROP FUNCTION move_accounts;

-- What an account is; never changed.
CREATE TABLE account (
    id text COLLATE "C",
    number bigint NOT NULL UNIQUE,
    owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
    kind text COLLATE "C" NOT NULL,
    asset integer NOT NULL REFERENCES asset,
    place text COLLATE "C" NOT NULL,  -- which vault; '' is none in particular
    -- Copies of the chart's row, held to it by the foreign key: a CHECK sees its own row only.
    of_house boolean NOT NULL,
    normal_side text COLLATE "C" NOT NULL,
    overdraft boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (id) INCLUDE (number, kind, asset),  -- all that posting asks: the index is enough
    FOREIGN KEY (kind, of_house, normal_side, overdraft)
        REFERENCES account_kind (kind, of_house, normal_side, overdraft),
    UNIQUE (owner, kind, asset, place),
    CONSTRAINT account_number CHECK (number >> 40 = asset AND number & 1099511627775 > 0),
    CONSTRAINT account_owner CHECK ((owner = 'house') = of_house),
    CONSTRAINT account_place CHECK (place = '' OR kind = 'vault')
);

-- How it stands; a row of its own, and a small one, for it is read and written with each posting.
CREATE TABLE standing (
    account bigint PRIMARY KEY REFERENCES account (number),
    entries bigint NOT NULL DEFAULT 0,  -- transfers that have moved the balance
    -- The longest time, either way, from when one of them occurred to when it was recorded.
    lag_us bigint NOT NULL DEFAULT 0,
    moved_at timestamptz,  -- when the newest of them was recorded
    overdraft boolean NOT NULL,  -- as the account has it
    normal_side text COLLATE "C" NOT NULL,
    balance numeric(78, 0) NOT NULL DEFAULT 0,
    debits_pending numeric(78, 0) NOT NULL DEFAULT 0,  -- units reserved to leave
    credits_pending numeric(78, 0) NOT NULL DEFAULT 0,  -- ... to enter
    -- Reserved units count as if they had gone.
    CONSTRAINT standing_overdraft CHECK (
        debits_pending >= 0
        AND credits_pending >= 0
        AND (
            overdraft
            OR CASE normal_side
                WHEN 'credit' THEN balance >= debits_pending
                ELSE balance + credits_pending <= 0
            END
        )
    )
)
-- Room on each page for the new version of a row, so that a balance moves without its index.
WITH (fillfactor = 80);

-- With each account comes its row, so that none can be made with another side.
CREATE FUNCTION stand_at_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO standing (account, overdraft, normal_side)
    SELECT number, overdraft, normal_side FROM fresh ORDER BY number;
    RETURN NULL;
END
$$;

CREATE TRIGGER account_stands AFTER INSERT ON account
REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION stand_at_nothing();

INSERT INTO account (
    id, number, owner, kind, asset, place, of_house, normal_side, overdraft, opened_at
)
SELECT
    id, number, owner, kind, asset_number, place, of_house, normal_side, overdraft, opened_at
FROM account_then
ORDER BY number;

UPDATE standing
SET
    balance = account_then.balance,
    debits_pending = account_then.debits_pending,
    credits_pending = account_then.credits_pending,
    entries = account_then.entries,
    moved_at = account_then.moved_at,
    lag_us = account_then.lag_us
FROM account_then
WHERE account_then.number = standing.account;

CREATE TRIGGER account_only_grows
BEFORE UPDATE OR DELETE OR TRUNCATE ON account
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER standing_is_of_its_account
BEFORE DELETE OR TRUNCATE OR UPDATE OF account, overdraft, normal_side ON standing
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE transfer (
    id text COLLATE "C" PRIMARY KEY,
    debit bigint NOT NULL,  -- the account's number
    credit bigint NOT NULL,
    units numeric(78, 0) NOT NULL CHECK (units > 0),
    code text COLLATE "C" NOT NULL CHECK (code <> ''),
    cause text COLLATE "C" NOT NULL CHECK (cause <> ''),
    occurred_at timestamptz NOT NULL,  -- in the world
    recorded_at timestamptz NOT NULL,  -- here
    phase text COLLATE "C" NOT NULL,
    follows text COLLATE "C",  -- what it posts, voids, expires or reverses
    expires_at timestamptz,
    in_group text COLLATE "C",  -- those with one name were posted together
    group_rank integer,
    -- The how-manieth of its account it is, and the balance after it; for both accounts.
    debit_entry bigint,
    debit_balance numeric(78, 0),
    credit_entry bigint,
    credit_balance numeric(78, 0),
    position bigint,  -- of its entry in the journal; none for what is older than this column
    CONSTRAINT transfer_two_accounts CHECK (debit <> credit),
    CONSTRAINT transfer_asset CHECK (debit >> 40 = credit >> 40),
    CONSTRAINT transfer_phase CHECK (
        CASE phase
            WHEN 'single' THEN follows IS NULL AND expires_at IS NULL AND debit_entry IS NOT NULL
            WHEN 'pending' THEN follows IS NULL AND expires_at > recorded_at AND debit_entry IS NULL
            WHEN 'post' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NOT NULL
            WHEN 'void' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NULL
            WHEN 'expire' THEN follows IS NOT NULL AND expires_at IS NULL AND debit_entry IS NULL
            WHEN 'reverse' THEN follows IS NOT NULL AND expires_at IS NULL
                AND debit_entry IS NOT NULL
            ELSE false
        END
        AND num_nulls(debit_entry, debit_balance, credit_entry, credit_balance) IN (0, 4)
        AND (in_group IS NULL) = (group_rank IS NULL)
    )
);

INSERT INTO transfer (
    id, debit, credit, units, code, cause, occurred_at, recorded_at, phase, follows, expires_at,
    in_group, group_rank, debit_entry, debit_balance, credit_entry, credit_balance
)
SELECT
    id, debit_number, credit_number, units, code, cause, occurred_at, recorded_at, phase, follows,
    expires_at, in_group, group_rank, debit_entry, debit_balance, credit_entry, credit_balance
FROM transfer_then
ORDER BY recorded_at, id;

-- A pending transfer is resolved once, and another is reversed once.
CREATE UNIQUE INDEX transfer_followed_once ON transfer (follows) WHERE follows IS NOT NULL;
CREATE UNIQUE INDEX transfer_group ON transfer (in_group, group_rank) WHERE in_group IS NOT NULL;
-- An account's entries, in their order: statements, and balances as they were. What a balance as of
-- two instants counts is in the index, or each of a thousand entries would be another page to read.
CREATE INDEX transfer_by_debit ON transfer (debit, recorded_at, debit_entry)
INCLUDE (occurred_at, units)
WHERE debit_entry IS NOT NULL;
CREATE INDEX transfer_by_credit ON transfer (credit, recorded_at, credit_entry)
INCLUDE (occurred_at, units)
WHERE credit_entry IS NOT NULL;

CREATE TRIGGER transfer_only_grows
BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- The pending transfers that nothing has followed yet.
CREATE TABLE reservation (
    id text COLLATE "C" PRIMARY KEY REFERENCES transfer,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX reservation_expiry ON reservation (expires_at);

INSERT INTO reservation (id, debit, credit, expires_at)
SELECT id, debit_number, credit_number, expires_at FROM transfer_then WHERE waits;

-- Both accounts of a transfer are there, and what it follows is as it has to be. Accounts and
-- transfers never change or go, so that what held once holds.
CREATE OR REPLACE FUNCTION check_transfers() RETURNS trigger LANGUAGE plpgsql
-- Each row is looked up by its key, also where the plan was made for small tables that have grown.
SET enable_seqscan = off AS $$
DECLARE
    wrong text;
BEGIN
    SELECT fresh.id INTO wrong
    FROM fresh
    LEFT JOIN asset ON asset.number = fresh.debit >> 40
    WHERE asset.number IS NULL
        OR fresh.debit & 1099511627775 NOT BETWEEN 1 AND asset.accounts
        OR fresh.credit & 1099511627775 NOT BETWEEN 1 AND asset.accounts
    LIMIT 1;
    IF found THEN
        RAISE EXCEPTION 'transfer %: an account is not there', wrong
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
    numbers text, balances text, going text, coming text, entries_then text, lags text,
    at timestamptz
) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    UPDATE standing
    SET
        balance = moved.balance,
        debits_pending = moved.going,
        credits_pending = moved.coming,
        entries = moved.entries,
        lag_us = moved.lag_us,
        moved_at = CASE WHEN moved.entries > standing.entries THEN at ELSE standing.moved_at END
    FROM
        unnest(
            string_to_array(numbers, E'\x1f')::bigint[],
            string_to_array(balances, E'\x1f')::numeric[],
            string_to_array(going, E'\x1f')::numeric[],
            string_to_array(coming, E'\x1f')::numeric[],
            string_to_array(entries_then, E'\x1f')::bigint[],
            string_to_array(lags, E'\x1f')::bigint[]
        ) AS moved (account, balance, going, coming, entries, lag_us)
    WHERE standing.account = moved.account;
END
$$;

-- A transfer's entry is found by the transfer, which knows its position.
DROP INDEX journal_by_subject;
CREATE INDEX journal_by_subject ON journal (subject, position) WHERE kind <> 'TransferRecorded';
