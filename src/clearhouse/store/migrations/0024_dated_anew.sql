-- An obligation that waits from before may be given a later value date, and never an earlier one.
DROP TRIGGER obligation_keeps_its_value_date ON obligation;
CREATE TRIGGER obligation_is_only_dated_later
BEFORE UPDATE OF cut_off, value_date ON obligation
FOR EACH ROW WHEN (
    OLD.cut_off IS NOT NULL
    AND (
        NEW.cut_off IS NULL OR NEW.cut_off <= OLD.cut_off
        OR NEW.value_date IS NULL OR NEW.value_date <= OLD.value_date
    )
) EXECUTE FUNCTION refuse_edit();
