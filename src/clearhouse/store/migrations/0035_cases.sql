-- Cases: links, escalations, what somebody finds odd, and what an authority is told.

CREATE TABLE case_link (
    "case" text COLLATE "C" NOT NULL,
    other text COLLATE "C" NOT NULL CHECK (other <> "case"),
    how text NOT NULL CHECK (
        how IN ('same-party', 'same-owner', 'same-payment', 'same-wallet', 'same-pattern', 'other')
    ),
    linked_on date NOT NULL
);
CALL make_filed_register('case_link');
CREATE INDEX case_link_of ON case_link ("case");
CREATE INDEX case_link_other ON case_link (other);

CREATE TABLE escalation (
    "case" text COLLATE "C" NOT NULL,
    stage text NOT NULL CHECK (stage IN ('new', 'in hand', 'second')),
    due date NOT NULL,
    level bigint NOT NULL CHECK (level IN (1, 2)),
    escalated_at timestamptz NOT NULL
);
CALL make_register('escalation', false);
ALTER TABLE escalation ADD CHECK (proposal IS NULL);
CREATE INDEX escalation_of ON escalation ("case");
-- A stage is escalated once for each day on which it should have ended.
CREATE UNIQUE INDEX escalation_once ON escalation (key);

CREATE TABLE concern (
    "case" text COLLATE "C" NOT NULL,
    about text COLLATE "C" NOT NULL CHECK (about <> ''),
    why text NOT NULL CHECK (
        why IN ('behaviour', 'amounts', 'documents', 'coins', 'relations', 'geography', 'other')
    ),
    said text NOT NULL CHECK (said <> ''),
    raised_on date NOT NULL
);
CALL make_filed_register('concern');
CREATE INDEX concern_of ON concern ("case");
CREATE INDEX concern_about ON concern (about);

CREATE TABLE concern_decision (
    "case" text COLLATE "C" NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('unfounded', 'reported')),
    reason text NOT NULL CHECK (reason <> ''),
    decided_on date NOT NULL
);
CALL make_register('concern_decision', true);
CREATE INDEX concern_decision_of ON concern_decision ("case");

CREATE TABLE suspicion_report (
    report text COLLATE "C" NOT NULL,
    "case" text COLLATE "C" NOT NULL,
    authority text NOT NULL CHECK (authority <> ''),
    outcome text NOT NULL CHECK (outcome IN ('told', 'not told')),
    due_on date NOT NULL,
    decided_on date NOT NULL,
    narrative text NOT NULL CHECK (narrative = ''), -- in the dossier
    commitment text NOT NULL CHECK (commitment ~ '^[0-9a-f]{64}$')
);
CALL make_register('suspicion_report', true);
CREATE INDEX suspicion_report_of ON suspicion_report ("case");

CREATE TABLE report_receipt (
    report text COLLATE "C" NOT NULL,
    receipt text NOT NULL CHECK (receipt <> ''),
    received_on date NOT NULL
);
CALL make_filed_register('report_receipt');
CREATE INDEX report_receipt_of ON report_receipt (report);
