-- Obligations, the files they came in, rates, cycles, pay-ins and pay-outs.

-- States move along these arrows only; core/obligation.py and core/settlement.py draw them.
CREATE TABLE arrow (
    machine text NOT NULL,
    state_from text NOT NULL,
    state_to text NOT NULL,
    PRIMARY KEY (machine, state_from, state_to)
);
INSERT INTO arrow (machine, state_from, state_to) VALUES
('obligation', 'proposed', 'affirmed'),
('obligation', 'affirmed', 'cleared'),
('obligation', 'cleared', 'settled'),
('cycle', 'cleared', 'funded'),
('cycle', 'funded', 'signed'),
('cycle', 'funded', 'settled'), -- nothing to pay out: there is no batch
('cycle', 'signed', 'broadcast'),
('cycle', 'broadcast', 'confirmed'),
('cycle', 'broadcast', 'settled'),
('cycle', 'confirmed', 'broadcast'),
('cycle', 'confirmed', 'settled');

CREATE FUNCTION follow_arrows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM arrow
        WHERE machine = TG_ARGV[0] AND state_from = OLD.state AND state_to = NEW.state
    ) THEN
        RAISE EXCEPTION '% % cannot go from % to %', TG_ARGV[0], OLD.id, OLD.state, NEW.state
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TABLE rate (
    id text PRIMARY KEY,
    base text NOT NULL, -- asset codes: one whole base is worth
    quote text NOT NULL, -- numerator / denominator minor units of quote
    numerator numeric(78, 0) NOT NULL CHECK (numerator > 0),
    denominator numeric(78, 0) NOT NULL CHECK (denominator > 0),
    as_of timestamptz NOT NULL,
    method text NOT NULL,
    source text NOT NULL, -- SHA-256 of the file of trades
    venues text[] NOT NULL
);
CREATE INDEX rate_newest ON rate (base, quote, as_of);
CREATE TRIGGER rate_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rate
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE cycle (
    id text PRIMARY KEY,
    settles_on date NOT NULL,
    asset text NOT NULL,
    state text NOT NULL CHECK (state IN (
        'cleared', 'funded', 'signed', 'broadcast', 'confirmed', 'settled'
    )),
    depth_final integer NOT NULL CHECK (depth_final > 0),
    change_index integer NOT NULL CHECK (change_index >= 0),
    txid text, -- of the batch, once it is signed
    raw bytea, -- the batch itself, so that it can be broadcast again
    fee numeric(78, 0),
    block text, -- the block that holds it, while one does
    height integer,
    CHECK (txid IS NULL OR state NOT IN ('cleared', 'funded')),
    CHECK (txid IS NOT NULL OR state IN ('cleared', 'funded', 'settled')),
    CHECK ((txid IS NULL) = (raw IS NULL) AND (txid IS NULL) = (fee IS NULL)),
    CHECK (txid IS NULL OR state NOT IN ('confirmed', 'settled') OR block IS NOT NULL),
    CHECK (txid IS NOT NULL OR block IS NULL)
);
-- One cycle an asset at a time is being settled.
CREATE UNIQUE INDEX cycle_open ON cycle (asset) WHERE state <> 'settled';
CREATE TRIGGER cycle_follows_arrows BEFORE UPDATE OF state ON cycle
FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION follow_arrows('cycle');

CREATE TABLE obligation (
    id text PRIMARY KEY,
    debtor text NOT NULL REFERENCES participant,
    creditor text NOT NULL REFERENCES participant,
    reference text NOT NULL,
    asset text NOT NULL, -- code in the house's register of assets
    units numeric(78, 0) NOT NULL CHECK (units > 0),
    traded_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on >= traded_on),
    debtor_said_at timestamptz,
    creditor_said_at timestamptz,
    state text NOT NULL CHECK (state IN ('proposed', 'affirmed', 'cleared', 'settled')),
    verdict text NOT NULL CHECK (verdict IN ('clear', 'hold', 'deny')), -- the gate's newest
    cycle text REFERENCES cycle,
    set_off numeric(78, 0),
    remaining numeric(78, 0),
    CHECK (debtor <> creditor),
    CHECK (debtor_said_at IS NOT NULL OR creditor_said_at IS NOT NULL),
    CHECK (
        (state = 'proposed') = (debtor_said_at IS NULL OR creditor_said_at IS NULL)
    ),
    CHECK ((state IN ('cleared', 'settled')) = (cycle IS NOT NULL)),
    CHECK ((cycle IS NULL) = (set_off IS NULL) AND (cycle IS NULL) = (remaining IS NULL)),
    CHECK (set_off >= 0 AND remaining >= 0)
);
CREATE INDEX obligation_waiting ON obligation (state, due_on) WHERE state IN ('proposed', 'affirmed');
CREATE INDEX obligation_of_cycle ON obligation (cycle) WHERE cycle IS NOT NULL;
CREATE TRIGGER obligation_follows_arrows BEFORE UPDATE OF state ON obligation
FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION follow_arrows('obligation');

-- How far a file was taken in: the work of the lines up to here is committed.
CREATE TABLE intake (
    file text NOT NULL, -- SHA-256
    submitter text NOT NULL REFERENCES participant,
    lines_done bigint NOT NULL CHECK (lines_done >= 0),
    bytes_done bigint NOT NULL CHECK (bytes_done >= 0),
    finished boolean NOT NULL,
    PRIMARY KEY (file, submitter)
);

-- Every address of the vault that was ever given to somebody, so that what arrives has an owner.
CREATE TABLE vault_address (
    script bytea PRIMARY KEY,
    address text NOT NULL UNIQUE,
    is_change boolean NOT NULL, -- the branch of derivation
    position integer NOT NULL CHECK (position >= 0), -- the index on it
    participant text REFERENCES participant, -- who pays in there; none: the house's own
    UNIQUE (is_change, position),
    CHECK (NOT is_change OR participant IS NULL)
);
CREATE TRIGGER vault_address_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON vault_address
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE pay_in (
    cycle text NOT NULL REFERENCES cycle,
    participant text NOT NULL REFERENCES participant,
    units numeric(78, 0) NOT NULL CHECK (units > 0),
    script bytea NOT NULL UNIQUE REFERENCES vault_address,
    due_at timestamptz NOT NULL,
    final boolean NOT NULL DEFAULT false,
    PRIMARY KEY (cycle, participant)
);

CREATE TABLE pay_out (
    cycle text NOT NULL REFERENCES cycle,
    participant text NOT NULL REFERENCES participant,
    units numeric(78, 0) NOT NULL CHECK (units > 0),
    address text NOT NULL,
    PRIMARY KEY (cycle, participant)
);
