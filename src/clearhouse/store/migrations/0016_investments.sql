-- Registers of investments: who passed the test, and what investors put in through intermediaries.

CREATE TABLE investor_test (
    participant text NOT NULL REFERENCES participant,
    examiner text NOT NULL,
    since date NOT NULL,
    until date CHECK (until >= since)
);
CALL make_register('investor_test', true);
CREATE INDEX investor_test_of ON investor_test (participant);

CREATE TABLE investment (
    investment text NOT NULL,
    investor text NOT NULL REFERENCES participant,
    intermediary text NOT NULL REFERENCES participant CHECK (intermediary <> investor),
    asset text NOT NULL,
    origin text NOT NULL,
    currency text NOT NULL,
    units bigint NOT NULL CHECK (units > 0), -- minor units
    invested_on date NOT NULL
);
CALL make_register('investment', true);
CREATE INDEX investment_of ON investment (investor);
CREATE INDEX investment_through ON investment (intermediary);
