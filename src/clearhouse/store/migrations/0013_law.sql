-- Which law holds from when, and who may deal with whom in spite of a list.

CREATE TABLE activation (
    position bigint PRIMARY KEY, -- of its entry in the journal
    version text NOT NULL CHECK (version ~ '^[0-9a-f]{64}$'),
    active_from timestamptz NOT NULL,
    proposal text COLLATE "C" UNIQUE REFERENCES proposal -- none for the law a house is founded with
);
CREATE UNIQUE INDEX activation_founded ON activation ((true)) WHERE proposal IS NULL;
CREATE TRIGGER activation_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE dealing (
    proposal text COLLATE "C" PRIMARY KEY REFERENCES proposal, -- which two people agreed on
    participant text NOT NULL REFERENCES participant,
    list_name text NOT NULL,
    entity text NOT NULL, -- the entry of that list
    authority text NOT NULL,
    document text NOT NULL CHECK (document ~ '^[0-9a-f]{64}$'), -- SHA-256 of the licence itself
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from)
);
CREATE TRIGGER dealing_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dealing
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- Both need two people, as releases do.
CREATE FUNCTION need_agreed_law() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    agreed boolean;
BEGIN
    IF TG_TABLE_NAME = 'dealing' THEN
        agreed := agreed_on(NEW.proposal, '{GrantDealing}', to_jsonb(NEW) - 'proposal');
    ELSIF NEW.proposal IS NULL THEN
        agreed := EXISTS (SELECT FROM founding) AND NOT EXISTS (SELECT FROM activation);
    ELSE
        agreed := EXISTS (
            SELECT FROM proposal INNER JOIN command USING (id)
            WHERE id = NEW.proposal AND state = 'approved'
                AND content::jsonb ->> 'kind' = 'ActivateRulebook'
                AND content::jsonb -> 'body' ->> 'version' = NEW.version
                AND (content::jsonb -> 'body' ->> 'active_from')::timestamptz = NEW.active_from
        );
    END IF;
    IF agreed IS NOT TRUE THEN
        RAISE EXCEPTION '%: two people have not agreed on it', TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER activation_needs_agreement BEFORE INSERT ON activation
FOR EACH ROW EXECUTE FUNCTION need_agreed_law();
CREATE TRIGGER dealing_needs_agreement BEFORE INSERT ON dealing
FOR EACH ROW EXECUTE FUNCTION need_agreed_law();
