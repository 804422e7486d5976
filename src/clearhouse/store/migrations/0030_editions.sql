-- Which edition of each sanctions list the house screens by, and what became of every other.

CREATE TABLE accepted_edition (
    proposal text COLLATE "C" PRIMARY KEY REFERENCES proposal,
    list_name text NOT NULL,
    version text NOT NULL, -- '': the list was let go
    before text NOT NULL, -- what it may follow
    reason text NOT NULL
);
-- An edition is accepted once in one place; a list may be let go, come again, and be let go again.
CREATE UNIQUE INDEX accepted_edition_once ON accepted_edition (list_name, version, before)
WHERE version <> '';
CREATE TRIGGER accepted_edition_is_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON accepted_edition
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE FUNCTION need_acceptance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF agreed_on(NEW.proposal, '{AcceptEdition}', jsonb_build_object(
        'list_name', NEW.list_name, 'version', NEW.version,
        'before', NEW.before, 'reason', NEW.reason
    )) IS NOT TRUE THEN
        RAISE EXCEPTION 'edition % of %: two people have not agreed to accept it',
            NEW.version, NEW.list_name
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER accepted_edition_by_two BEFORE INSERT ON accepted_edition
FOR EACH ROW EXECUTE FUNCTION need_acceptance();

-- Everything that became of editions, in the journal's order.
CREATE TABLE list_edition (
    position bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    list_name text NOT NULL,
    version text NOT NULL,
    published_at timestamptz NOT NULL,
    before text NOT NULL,
    entries bigint NOT NULL CHECK (entries >= 0),
    wallets bigint NOT NULL CHECK (wallets >= 0),
    added bigint NOT NULL CHECK (added >= 0),
    changed bigint NOT NULL CHECK (changed >= 0),
    removed bigint NOT NULL CHECK (removed >= 0),
    code text NOT NULL, -- why it was refused; '': it was adopted
    said text NOT NULL,
    proposal text COLLATE "C" REFERENCES accepted_edition
);
CREATE INDEX list_edition_of ON list_edition (list_name, position);
CREATE TRIGGER list_edition_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON list_edition
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- What is screened by now.
CREATE TABLE sanctions_list (
    list_name text PRIMARY KEY,
    version text NOT NULL,
    published_at timestamptz NOT NULL,
    entries bigint NOT NULL,
    wallets bigint NOT NULL
);
CREATE TRIGGER sanctions_list_stays BEFORE TRUNCATE ON sanctions_list
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE FUNCTION need_adoption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (
            SELECT FROM accepted_edition
            WHERE list_name = OLD.list_name AND version = ''
        ) THEN
            RAISE EXCEPTION 'list %: two people have not agreed to let it go', OLD.list_name
            USING ERRCODE = 'check_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF NOT EXISTS (
        SELECT FROM list_edition
        WHERE list_name = NEW.list_name AND version = NEW.version
            AND published_at = NEW.published_at AND code = ''
    ) THEN
        RAISE EXCEPTION 'list %: % was not adopted', NEW.list_name, NEW.version
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER sanctions_list_is_adopted BEFORE INSERT OR UPDATE OR DELETE ON sanctions_list
FOR EACH ROW EXECUTE FUNCTION need_adoption();
