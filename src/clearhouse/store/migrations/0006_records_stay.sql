-- What was recorded is not removed, and the terms that both sides have stated are not edited.

CREATE TRIGGER obligation_stays BEFORE DELETE OR TRUNCATE ON obligation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER obligation_terms_stay
BEFORE UPDATE OF id, debtor, creditor, reference, asset, units, traded_on, due_on ON obligation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

CREATE TRIGGER cycle_stays BEFORE DELETE OR TRUNCATE ON cycle
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER pay_in_stays BEFORE DELETE OR TRUNCATE ON pay_in
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER pay_in_terms_stay
BEFORE UPDATE OF cycle, participant, units, script, due_at ON pay_in
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER pay_out_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pay_out
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();

-- One fixing has one rate.
CREATE UNIQUE INDEX rate_once ON rate (base, quote, as_of);

CREATE TRIGGER participant_stays BEFORE DELETE OR TRUNCATE ON participant
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
CREATE TRIGGER licence_stays BEFORE DELETE OR TRUNCATE ON licence
FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit();
