-- Registers: records of one kind, each known by its key.
--
-- A row is what was said of a key, from its place in the journal on until something else was said.
-- Rows are never changed; the one column that is written later says by which entry a row was
-- replaced. So a register can be read as it was known at any place of the journal.

CREATE FUNCTION replace_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.replaced_at IS NOT NULL OR to_jsonb(OLD) - 'replaced_at' <> to_jsonb(NEW) - 'replaced_at'
    THEN
        RAISE EXCEPTION '% %: a record is replaced once, and never changed', TG_TABLE_NAME, OLD.key
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;

-- What needs two people names the proposal in which they agreed to enter a file of records. Before
-- a house is founded there is nobody who could agree.
CREATE FUNCTION need_agreed_records() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agreed boolean;
BEGIN
    IF NEW.proposal IS NULL THEN
        agreed := NOT EXISTS (SELECT FROM founding);
    ELSE
        agreed := agreed_on(
            NEW.proposal, '{EnterRecords}', jsonb_build_object('register', TG_TABLE_NAME)
        );
    END IF;
    IF agreed IS NOT TRUE THEN
        RAISE EXCEPTION '%: two people have not agreed on it', TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;

-- Make a register of a table that has the fields of its records: when each was entered and
-- replaced, and what keeps it as it is.
CREATE PROCEDURE make_register(name text, agreed boolean) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I
        ADD COLUMN key text COLLATE "C" NOT NULL,
        ADD COLUMN position bigint NOT NULL,
        ADD COLUMN replaced_at bigint CHECK (replaced_at > position),
        ADD COLUMN proposal text COLLATE "C" REFERENCES proposal,
        ADD PRIMARY KEY (key, position)', name);
    -- What was agreed on once is entered once.
    EXECUTE format(
        'CREATE UNIQUE INDEX %I ON %I (key, proposal) WHERE proposal IS NOT NULL',
        name || '_agreed', name
    );
    EXECUTE format(
        'CREATE UNIQUE INDEX %I ON %I (key) WHERE replaced_at IS NULL', name || '_now', name
    );
    EXECUTE format('CREATE INDEX %I ON %I (position)', name || '_in_order', name);
    EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit()', name || '_stays', name);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I
        FOR EACH ROW EXECUTE FUNCTION replace_once()', name || '_replaced_once', name);
    IF agreed THEN
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT ON %I
            FOR EACH ROW EXECUTE FUNCTION need_agreed_records()', name || '_needs_agreement', name);
    END IF;
END;
$$;

CREATE TABLE other_name (
    participant text NOT NULL REFERENCES participant,
    name text NOT NULL,
    use text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('other_name', true);
CREATE INDEX other_name_of ON other_name (participant);

CREATE TABLE attachment (
    participant text NOT NULL REFERENCES participant,
    jurisdiction text NOT NULL,
    ground text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('attachment', true);
CREATE INDEX attachment_of ON attachment (participant);

CREATE TABLE tax_number (
    participant text NOT NULL REFERENCES participant,
    jurisdiction text NOT NULL,
    number text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('tax_number', true);
CREATE INDEX tax_number_of ON tax_number (participant);

CREATE TABLE exposure_limit (
    participant text NOT NULL REFERENCES participant,
    asset text NOT NULL,
    "limit" text NOT NULL,
    units bigint NOT NULL CHECK (units >= 0), -- minor units
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('exposure_limit', true);
CREATE INDEX exposure_limit_of ON exposure_limit (participant);

CREATE TABLE participation (
    participant text NOT NULL REFERENCES participant,
    state text NOT NULL CHECK (
        state IN ('applicant', 'active', 'suspended', 'in-default', 'terminated')
    ),
    reason text NOT NULL,
    since date NOT NULL,
    until date CHECK (until IS NULL) -- ends by the next one alone
);
CALL make_register('participation', true);
CREATE INDEX participation_of ON participation (participant);

CREATE TABLE measure (
    participant text NOT NULL REFERENCES participant,
    licence_class text NOT NULL,
    issuer text NOT NULL,
    valid_from date NOT NULL, -- of the licence
    measure text NOT NULL CHECK (measure IN ('suspended', 'revoked')),
    reason text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since AND (until IS NULL OR measure = 'suspended'))
);
CALL make_register('measure', true);
CREATE INDEX measure_of ON measure (participant);

-- Addresses are entered by what proves them, not by people who agree.
CREATE TABLE challenge (
    challenge text NOT NULL,
    house text NOT NULL,
    participant text NOT NULL REFERENCES participant,
    network text NOT NULL,
    address text NOT NULL,
    purpose text NOT NULL,
    custody text NOT NULL,
    nonce text NOT NULL UNIQUE,
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at)
);
CALL make_register('challenge', false);
CREATE INDEX challenge_of ON challenge (participant);
CREATE UNIQUE INDEX challenge_once ON challenge (challenge);

CREATE TABLE wallet (
    participant text NOT NULL REFERENCES participant,
    network text NOT NULL,
    address text NOT NULL,
    purpose text NOT NULL,
    custody text NOT NULL,
    challenge text NOT NULL REFERENCES challenge (challenge),
    method text NOT NULL,
    signature text NOT NULL,
    at_block text NOT NULL,
    proven_at timestamptz NOT NULL,
    until date
);
CALL make_register('wallet', false);
CREATE INDEX wallet_of ON wallet (participant);
CREATE INDEX wallet_at ON wallet (address);
CREATE INDEX wallet_answering ON wallet (challenge);
-- A challenge is answered once.
CREATE UNIQUE INDEX wallet_answers ON wallet (challenge) WHERE until IS NULL;

-- Who may own a participant and is none: companies, trusts, states; and natural persons, of whom
-- the journal has a commitment and the dossier the rest.
CREATE TABLE entity (
    entity text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    jurisdiction text NOT NULL,
    number text NOT NULL
);
CALL make_register('entity', true);
CREATE TABLE person_owner (
    entity text NOT NULL,
    name text NOT NULL CHECK (name = ''),
    born text NOT NULL CHECK (born = ''),
    nationality text NOT NULL CHECK (nationality = ''),
    commitment text NOT NULL CHECK (commitment ~ '^[0-9a-f]{64}$')
);
CALL make_register('person_owner', true);

-- The dossiers of persons who were proposed, and came to nothing, are erased too.
CREATE OR REPLACE FUNCTION need_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM proposal INNER JOIN command USING (id)
        WHERE content::jsonb -> 'body' @> jsonb_build_object('subject', NEW.subject)
            AND content::jsonb ->> 'kind' = 'EraseDossier' AND state = 'approved'
    ) AND NOT EXISTS (
        SELECT FROM proposal INNER JOIN command USING (id)
        WHERE content::jsonb -> 'body' @> jsonb_build_object('person', NEW.subject)
            AND content::jsonb ->> 'kind' = 'EnrolPerson' AND state IN ('declined', 'expired')
    ) AND NOT (
        NEW.subject LIKE 'prs\_%'
        AND NOT EXISTS (SELECT FROM person_owner WHERE commitment = NEW.commitment)
        AND EXISTS (
            SELECT FROM proposal INNER JOIN command USING (id)
            WHERE content::jsonb -> 'body' @> '{"register": "person_owner"}'
                AND content::jsonb ->> 'kind' = 'EnterRecords' AND state IN ('declined', 'expired')
        )
    ) THEN
        RAISE EXCEPTION 'dossier %: two people have not agreed to erase it', NEW.subject
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE INDEX dossier_erased ON dossier (subject) WHERE erased;
CREATE INDEX person_owner_commitment ON person_owner (commitment);

CREATE TABLE holding (
    owner text NOT NULL,
    owned text NOT NULL CHECK (owned <> owner),
    share bigint NOT NULL CHECK (share BETWEEN 0 AND 1000000), -- parts per million
    control boolean NOT NULL CHECK (control OR share > 0),
    source text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('holding', true);
CREATE INDEX holding_of_owned ON holding (owned) WHERE replaced_at IS NULL;
