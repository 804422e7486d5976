-- Whom a participant acts through: entities and persons that are known, and vessels.

CREATE TABLE vessel (
    vessel text NOT NULL,
    name text NOT NULL,
    imo text NOT NULL CHECK (imo ~ '^([1-9][0-9]{6})?$'),
    flag text NOT NULL CHECK (flag ~ '^([A-Z]{2})?$')
);
CALL make_register('vessel', true);

CREATE TABLE associate (
    participant text NOT NULL REFERENCES participant,
    associate text NOT NULL CHECK (associate <> participant),
    role text NOT NULL CHECK (
        role IN ('director', 'signatory', 'bank', 'platform', 'vessel', 'agent')
    ),
    source text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('associate', true);
CREATE INDEX associate_of ON associate (participant);
