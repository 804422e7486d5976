-- The journal: every fact with its evidence, in one total order, only ever appended.

-- One row: the position of the newest entry. Taking it locks it until commit, so positions are
-- given in the order of commits and a reader's cursor can never skip one (a sequence's could).
CREATE TABLE journal_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL CHECK (position >= 0)
);
INSERT INTO journal_head (position) VALUES (0);

CREATE TABLE journal (
    position bigint PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL, -- the id that the entry is about
    body text NOT NULL, -- canonical JSON, byte for byte (jsonb would reorder it)
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX journal_by_subject ON journal (subject, position);

CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
