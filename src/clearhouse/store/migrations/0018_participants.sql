-- Participants and their licences are records like all others: two people agree on them, nothing is
-- edited, and what was said at any instant can be read.

DO $$
BEGIN
    IF EXISTS (SELECT FROM journal WHERE kind IN ('ParticipantAdmitted', 'LicenceRecorded')) THEN
        RAISE EXCEPTION 'participants were admitted here before they were records: this version'
            ' cannot read them. Export them with the version that admitted them, and begin anew';
    END IF;
END;
$$;

-- Whoever is named in a register takes part: here is the id alone, once for all.
DROP TABLE licence;
ALTER TABLE participant DROP COLUMN name, DROP COLUMN residence, DROP COLUMN address;

CREATE TABLE legal_entity (
    participant text NOT NULL,
    name text NOT NULL,
    residence text NOT NULL,
    address text NOT NULL -- where its pay-outs go; empty if it is never paid
);
CALL make_register('legal_entity', true);
CREATE INDEX legal_entity_of ON legal_entity (participant);

CREATE FUNCTION take_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO participant (id) SELECT DISTINCT entered.participant FROM entered
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;
CREATE TRIGGER legal_entity_takes_part AFTER INSERT ON legal_entity
REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION take_part();

CREATE TABLE licence (
    participant text NOT NULL REFERENCES participant,
    licence_class text NOT NULL,
    issuer text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from)
);
CALL make_register('licence', true);
CREATE INDEX licence_of ON licence (participant);

-- Those who are admitted are entered with their licences, in one order over both.
CREATE OR REPLACE FUNCTION need_agreed_records() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agreed boolean;
BEGIN
    IF NEW.proposal IS NULL THEN
        agreed := NOT EXISTS (SELECT FROM founding);
    ELSE
        agreed := agreed_on(
            NEW.proposal, '{EnterRecords}', jsonb_build_object('register', TG_TABLE_NAME)
        ) OR (
            TG_TABLE_NAME IN ('legal_entity', 'licence', 'decision')
            AND agreed_on(NEW.proposal, '{AdmitParticipants}', '{}')
        );
    END IF;
    IF agreed IS NOT TRUE THEN
        RAISE EXCEPTION '%: two people have not agreed on it', TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
