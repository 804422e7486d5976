-- Which law holds from when, and who may deal with whom in spite of a list.

CREATE TABLE activation (
    position bigint PRIMARY KEY, -- of its entry in the journal
    version text NOT NULL CHECK (version ~ '^[0-9a-f]{64}$'),
    active_from timestamptz NOT NULL
);
CREATE TRIGGER activation_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON activation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TABLE dealing (
    proposal text PRIMARY KEY, -- which two people agreed on
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
