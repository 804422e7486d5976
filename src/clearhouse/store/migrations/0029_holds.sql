-- What two people decided of a payment that a rule of law holds.

CREATE TABLE hold_decision (
    obligation text COLLATE "C" NOT NULL,
    rule text NOT NULL,
    said text NOT NULL CHECK (said ~ '^[0-9a-f]{64}$'), -- SHA-256
    outcome text NOT NULL CHECK (outcome IN ('released', 'refused')),
    decided_on date NOT NULL,
    reason text NOT NULL
);
CALL make_register('hold_decision', true);
CREATE INDEX hold_decision_of ON hold_decision (obligation);
