-- Hits and held payments as cases: found by the house, owned by people, with what they looked at.

CREATE TABLE alert (
    subject text COLLATE "C" NOT NULL,
    list_name text NOT NULL,
    entity text NOT NULL,
    compared text NOT NULL CHECK (compared ~ '^[0-9a-f]{64}$'), -- SHA-256
    listed text NOT NULL CHECK (listed ~ '^[0-9a-f]{64}$'), -- SHA-256
    score bigint NOT NULL CHECK (score BETWEEN 0 AND 1000), -- per mille
    list_version text NOT NULL,
    raised_at timestamptz NOT NULL
);
CALL make_register('alert', false);
ALTER TABLE alert ADD CHECK (proposal IS NULL);
CREATE INDEX alert_of ON alert (subject);
-- An alert is raised once for what was compared.
CREATE UNIQUE INDEX alert_once ON alert (key);

CREATE TABLE case_owner (
    "case" text COLLATE "C" NOT NULL,
    person text COLLATE "C" NOT NULL,
    taken_on date NOT NULL
);
CALL make_filed_register('case_owner');
CREATE INDEX case_owner_of ON case_owner ("case");

CREATE TABLE case_evidence (
    "case" text COLLATE "C" NOT NULL,
    document text NOT NULL CHECK (document ~ '^[0-9a-f]{64}$'), -- SHA-256
    shows text NOT NULL CHECK (
        shows IN ('identity', 'ownership', 'contract', 'goods', 'authority', 'other')
    ),
    said text NOT NULL CHECK (said <> ''),
    filed_on date NOT NULL
);
CALL make_filed_register('case_evidence');
CREATE INDEX case_evidence_of ON case_evidence ("case");
