-- Travel Rule: verified providers, the record of each payment, and what providers answer to it.

CREATE TABLE vasp (
    vasp text COLLATE "C" NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    jurisdiction text NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    authority text NOT NULL CHECK (authority <> ''),
    licence text NOT NULL CHECK (licence <> ''),
    travel_address text NOT NULL CHECK (travel_address LIKE 'ta%'),
    certificate text NOT NULL CHECK (certificate ~ '^([0-9a-f]{64}|by-issuer)$'),
    since date NOT NULL,
    until date NOT NULL CHECK (until >= since)
);
CALL make_register('vasp', true);
CREATE INDEX vasp_of ON vasp (vasp);

CREATE TABLE travel_record (
    participant text COLLATE "C" NOT NULL REFERENCES participant,
    obligation text COLLATE "C" NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    version text NOT NULL CHECK (version IN ('101', '101.2023')),
    complete text NOT NULL CHECK (complete IN ('nothing', 'reduced', 'full', 'revised')),
    payee_match bigint NOT NULL CHECK (payee_match BETWEEN 0 AND 1000),
    filed_at timestamptz NOT NULL,
    lacks text [] NOT NULL,
    originating text COLLATE "C" NOT NULL,
    beneficiary text COLLATE "C" NOT NULL,
    content text NOT NULL CHECK (content = ''), -- in the dossier
    commitment text NOT NULL CHECK (commitment ~ '^[0-9a-f]{64}$')
);
CALL make_filed_register('travel_record');
CREATE INDEX travel_record_of ON travel_record (participant);
CREATE INDEX travel_record_obligation ON travel_record (obligation);

CREATE TABLE travel_exchange (
    obligation text COLLATE "C" NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    vasp text COLLATE "C" NOT NULL,
    house text COLLATE "C" NOT NULL,
    identifier text NOT NULL CHECK (identifier <> ''),
    state text NOT NULL CHECK (
        state IN ('requested', 'authorised', 'settled', 'rejected', 'cancelled', 'reverted')
    ),
    units bigint NOT NULL CHECK (units > 0),
    asked_at timestamptz NOT NULL,
    resolve_by timestamptz NOT NULL CHECK (resolve_by >= asked_at),
    confirm_by timestamptz NOT NULL CHECK (confirm_by >= resolve_by),
    revert_by timestamptz NOT NULL CHECK (revert_by >= confirm_by),
    hop text NOT NULL CHECK (hop ~ '^[0-9a-f]{64}$'),
    address text NOT NULL CHECK ((address <> '') OR state NOT IN ('authorised', 'settled')),
    callback text NOT NULL,
    txid text NOT NULL CHECK ((txid <> '') = (state IN ('settled', 'reverted'))),
    returned text NOT NULL CHECK ((returned <> '') = (state = 'reverted'))
);
CALL make_register('travel_exchange', false);
ALTER TABLE travel_exchange ADD CHECK (proposal IS NULL);
CREATE INDEX travel_exchange_of ON travel_exchange (obligation);
CREATE INDEX travel_exchange_called ON travel_exchange (identifier);
CREATE INDEX travel_exchange_open ON travel_exchange (state) WHERE replaced_at IS NULL;

-- Requests of other providers that were taken: whoever sends one again is answered the same.
CREATE TABLE travel_request (
    lei text COLLATE "C" NOT NULL,
    called text NOT NULL,
    identifier text COLLATE "C" NOT NULL,
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    body bytea NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (lei, called, identifier)
);

-- Nothing settles that was not approved, and nothing follows a rejection.
CREATE FUNCTION need_travel_arrow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := (
        SELECT state FROM travel_exchange WHERE key = NEW.key ORDER BY position DESC LIMIT 1
    );
BEGIN
    IF before IS NULL AND NEW.state = 'requested'
        OR before = NEW.state
        OR before IN ('requested', 'authorised') AND NEW.state IN ('rejected', 'cancelled')
        OR before = 'requested' AND NEW.state = 'authorised'
        OR before = 'authorised' AND NEW.state = 'settled'
        OR before = 'settled' AND NEW.state = 'reverted'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'travel exchange %: % after %', NEW.key, NEW.state, coalesce(before, 'nothing')
        USING ERRCODE = 'check_violation';
END;
$$;
CREATE TRIGGER travel_exchange_arrow BEFORE INSERT ON travel_exchange
FOR EACH ROW EXECUTE FUNCTION need_travel_arrow();
