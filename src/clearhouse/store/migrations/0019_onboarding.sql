-- Cases of those who ask to take part, how they are decided, and when they are looked at again.

CREATE TABLE application (
    application text COLLATE "C" NOT NULL,
    applicant text NOT NULL,
    name text NOT NULL,
    residence text NOT NULL,
    received_on date NOT NULL,
    purpose text NOT NULL,
    address text NOT NULL
);
CALL make_filed_register('application');

CREATE TABLE licence_sought (
    application text COLLATE "C" NOT NULL,
    licence_class text NOT NULL,
    issuer text NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL CHECK (valid_to >= valid_from)
);
CALL make_filed_register('licence_sought');

CREATE TABLE document (
    application text COLLATE "C" NOT NULL,
    document text NOT NULL CHECK (document ~ '^[0-9a-f]{64}$'),
    document_kind text NOT NULL,
    title text NOT NULL,
    issued_on date NOT NULL,
    until date CHECK (until >= issued_on)
);
CALL make_filed_register('document');

CREATE TABLE question (
    application text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    asked text NOT NULL,
    asked_on date NOT NULL,
    due_on date NOT NULL CHECK (due_on >= asked_on),
    answer text NOT NULL,
    answered_on date CHECK (answered_on >= asked_on),
    CHECK ((answer = '') = (answered_on IS NULL))
);
CALL make_filed_register('question');

CREATE TABLE examination (
    application text COLLATE "C" NOT NULL,
    "check" text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('passed', 'failed')),
    evidence text NOT NULL,
    done_on date NOT NULL
);
CALL make_filed_register('examination');

CREATE TABLE risk_factor (
    application text COLLATE "C" NOT NULL,
    factor text NOT NULL,
    level text NOT NULL CHECK (level IN ('low', 'medium', 'high')),
    reason text NOT NULL
);
CALL make_filed_register('risk_factor');

CREATE TABLE decision (
    application text COLLATE "C" NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('admitted', 'refused', 'withdrawn')),
    reason text NOT NULL,
    "case" text NOT NULL CHECK ("case" ~ '^[0-9a-f]{64}$'),
    decided_on date NOT NULL,
    rating text NOT NULL,
    CHECK ((rating IN ('low', 'medium', 'high')) = (outcome = 'admitted'))
);
CALL make_register('decision', true);

CREATE TABLE periodic_review (
    participant text NOT NULL REFERENCES participant,
    reviewed_on date NOT NULL,
    rating text NOT NULL CHECK (rating IN ('low', 'medium', 'high')),
    reason text NOT NULL
);
CALL make_register('periodic_review', true);

CREATE INDEX application_of ON application (application);
CREATE INDEX licence_sought_of ON licence_sought (application);
CREATE INDEX document_of ON document (application);
CREATE INDEX question_of ON question (application);
CREATE INDEX examination_of ON examination (application);
CREATE INDEX risk_factor_of ON risk_factor (application);
CREATE INDEX periodic_review_of ON periodic_review (participant);
CREATE INDEX decision_of ON decision (application);
