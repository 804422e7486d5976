-- Registers of what one person may file, signed: `proposal` names that command.

CREATE FUNCTION need_filed_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.proposal IS NULL AND NOT EXISTS (SELECT FROM founding) OR EXISTS (
        SELECT FROM command
        WHERE id = NEW.proposal AND content::jsonb ->> 'kind' = 'FileRecords'
            AND content::jsonb -> 'body' ->> 'register' = TG_TABLE_NAME
    ) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '%: nobody has filed it', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END;
$$;

CREATE PROCEDURE make_filed_register(name text) LANGUAGE plpgsql AS $$
BEGIN
    CALL make_register(name, false);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I,
        ADD FOREIGN KEY (proposal) REFERENCES command', name, name || '_proposal_fkey');
    EXECUTE format('CREATE TRIGGER %I BEFORE INSERT ON %I
        FOR EACH ROW EXECUTE FUNCTION need_filed_records()', name || '_needs_filing', name);
END;
$$;

CREATE TABLE contact (
    participant text NOT NULL REFERENCES participant,
    use text NOT NULL,
    email text NOT NULL,
    telephone text NOT NULL CHECK (email <> '' OR telephone <> '')
);
CALL make_filed_register('contact');
CREATE INDEX contact_of ON contact (participant);

CREATE TABLE representative (
    participant text NOT NULL REFERENCES participant,
    person text COLLATE "C" NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('representative', true);
CREATE INDEX representative_of ON representative (participant);
CREATE INDEX representative_by ON representative (person);
