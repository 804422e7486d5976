-- Who takes part, what they are licensed for, and what the gate saw when it looked at them.

CREATE TABLE participant (
    id text PRIMARY KEY CHECK (id ~ '^[A-Z0-9]{18}[0-9]{2}$'), -- LEI, ISO 17442
    name text NOT NULL,
    residence text NOT NULL,
    address text NOT NULL -- where its pay-outs go; empty if it is never paid
);

CREATE TABLE licence (
    participant text NOT NULL REFERENCES participant,
    licence_class text NOT NULL,
    issuer text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from),
    PRIMARY KEY (participant, licence_class, issuer, valid_from, valid_to)
);

CREATE TABLE finding (
    digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
    subject text NOT NULL,
    body text NOT NULL
);
CREATE TRIGGER finding_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON finding
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
