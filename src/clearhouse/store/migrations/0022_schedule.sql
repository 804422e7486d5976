-- Value dates of obligations that bind, and the timetables that cycles were opened by.

-- Of the cycle that can take it: none where no law had a timetable when it came to bind.
ALTER TABLE obligation ADD cut_off timestamptz;
ALTER TABLE obligation ADD value_date date;
ALTER TABLE obligation ADD CHECK ((cut_off IS NULL) = (value_date IS NULL));
ALTER TABLE obligation ADD CHECK (cut_off IS NULL OR state <> 'proposed');
-- It is given once.
CREATE TRIGGER obligation_keeps_its_value_date
BEFORE UPDATE OF cut_off, value_date ON obligation
FOR EACH ROW WHEN (OLD.cut_off IS NOT NULL) EXECUTE FUNCTION refuse_edit();

CREATE TABLE cycle_schedule (
    cycle text PRIMARY KEY REFERENCES cycle,
    cycle_kind text NOT NULL,
    value_date date NOT NULL,
    cut_off timestamptz NOT NULL,
    settlement timestamptz NOT NULL CHECK (settlement >= cut_off),
    UNIQUE (cycle_kind, value_date)
);
CREATE TRIGGER cycle_schedule_is_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON cycle_schedule
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
