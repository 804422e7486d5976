-- The arrows are the law of states: a later migration may add some, and nobody takes one away.
CREATE TRIGGER arrow_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON arrow
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
