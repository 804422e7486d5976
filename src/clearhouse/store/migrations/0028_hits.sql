-- What two people decided of a subject that resembles an entry of a list.

CREATE TABLE hit_decision (
    subject text COLLATE "C" NOT NULL,
    list_name text NOT NULL,
    entity text NOT NULL,
    compared text NOT NULL CHECK (compared ~ '^[0-9a-f]{64}$'), -- SHA-256
    listed text NOT NULL CHECK (listed ~ '^[0-9a-f]{64}$'), -- SHA-256
    outcome text NOT NULL CHECK (outcome IN ('another', 'same')),
    decided_on date NOT NULL,
    reason text NOT NULL
);
CALL make_register('hit_decision', true);
CREATE INDEX hit_decision_of ON hit_decision (subject);
