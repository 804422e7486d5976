-- The ledger: accounts with their balances, and the transfers that made them.
--
-- A balance is credits minus debits, in minor units of the account's asset. NUMERIC(78, 0) holds
-- any uint256; BIGINT overflows at 9.3 ether.

-- For tables that only grow. A rule would be silent, and breaks INSERT ... ON CONFLICT.
CREATE FUNCTION refuse_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: % is refused', tg_table_name, tg_op
        USING ERRCODE = 'restrict_violation',
              HINT = 'A correction is a new row that names the old one.';
END
$$;

-- The chart of accounts (core/ledger.py has the same, and says what each kind is for).
CREATE TABLE account_kind (
    kind text COLLATE "C" PRIMARY KEY,
    of_house boolean NOT NULL,
    normal_side text COLLATE "C" NOT NULL CHECK (normal_side IN ('debit', 'credit')),
    overdraft boolean NOT NULL,
    UNIQUE (kind, of_house, normal_side, overdraft)
);

INSERT INTO account_kind (kind, of_house, normal_side, overdraft) VALUES
    ('available', false, 'credit', false),
    ('in_clearing', false, 'credit', true),   -- a debit position is owed to the house
    ('vault', true, 'debit', false),          -- nobody can hold less than nothing on a chain
    ('clearing', true, 'credit', true),       -- either way in a cycle, zero after it
    ('fees', true, 'credit', false),
    ('suspense', true, 'credit', false);

CREATE TRIGGER account_kind_only_grows
BEFORE UPDATE OR DELETE OR TRUNCATE ON account_kind
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE account (
    id text COLLATE "C" PRIMARY KEY,
    owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
    kind text COLLATE "C" NOT NULL,
    asset text COLLATE "C" NOT NULL CHECK (asset <> ''),
    -- Copies of the chart's row, held to it by the foreign key: a CHECK sees its own row only.
    of_house boolean NOT NULL,
    normal_side text COLLATE "C" NOT NULL,
    overdraft boolean NOT NULL,
    balance numeric(78, 0) NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    FOREIGN KEY (kind, of_house, normal_side, overdraft)
        REFERENCES account_kind (kind, of_house, normal_side, overdraft),
    UNIQUE (owner, kind, asset),
    UNIQUE (id, asset),  -- so that a transfer's asset can be that of both its accounts
    CONSTRAINT account_owner CHECK ((owner = 'house') = of_house),
    CONSTRAINT account_overdraft CHECK (
        overdraft
        OR CASE normal_side WHEN 'credit' THEN balance >= 0 ELSE balance <= 0 END
    )
)
-- Room on each page for the new version of a row, so that a balance moves without its indexes.
WITH (fillfactor = 60);

-- What an account is stays as it is; only its balance moves.
CREATE TRIGGER account_is_what_it_is
BEFORE DELETE OR TRUNCATE
OR UPDATE OF id, owner, kind, asset, of_house, normal_side, overdraft, opened_at ON account
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE transfer (
    id text COLLATE "C" PRIMARY KEY,
    debit text COLLATE "C" NOT NULL,
    credit text COLLATE "C" NOT NULL,
    units numeric(78, 0) NOT NULL CHECK (units > 0),
    asset text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (code <> ''),
    cause text COLLATE "C" NOT NULL CHECK (cause <> ''),
    occurred_at timestamptz NOT NULL,  -- in the world
    recorded_at timestamptz NOT NULL,  -- here
    FOREIGN KEY (debit, asset) REFERENCES account (id, asset),
    FOREIGN KEY (credit, asset) REFERENCES account (id, asset),
    CONSTRAINT transfer_two_accounts CHECK (debit <> credit)
);

CREATE TRIGGER transfer_only_grows
BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
