-- A cycle of which the gate no longer clears all is unwound before it is signed, and what it still
-- clears may be cleared again: of the same kind and day, with pay-ins at the same addresses.
-- Whoever writes here has the journal's lock: what a trigger reads does not change meanwhile.

INSERT INTO arrow (machine, state_from, state_to) VALUES
('cycle', 'cleared', 'unwound'),
('cycle', 'funded', 'unwound'),
('obligation', 'cleared', 'affirmed');

ALTER TABLE cycle
DROP CONSTRAINT cycle_state_check,
DROP CONSTRAINT cycle_check,
DROP CONSTRAINT cycle_check1,
ADD CONSTRAINT cycle_state_check CHECK (state IN (
    'cleared', 'funded', 'signed', 'broadcast', 'confirmed', 'settled', 'unwound'
)),
ADD CONSTRAINT cycle_check CHECK (
    txid IS NULL OR state NOT IN ('cleared', 'funded', 'unwound')
),
ADD CONSTRAINT cycle_check1 CHECK (
    txid IS NOT NULL OR state IN ('cleared', 'funded', 'settled', 'unwound')
);

-- Once the institutions were asked, what they signed may be out.
CREATE FUNCTION unwind_before_signing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM journal
        WHERE subject = NEW.id AND kind = 'SignatureAsked' AND kind <> 'TransferRecorded'
    ) THEN
        RAISE EXCEPTION 'cycle %: signatures were asked for, and it is not unwound', NEW.id
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER cycle_is_unwound_before_signing BEFORE UPDATE OF state ON cycle
FOR EACH ROW WHEN (NEW.state = 'unwound') EXECUTE FUNCTION unwind_before_signing();

-- An obligation comes back from a cycle that is unwound, and from no other.
CREATE FUNCTION return_from_unwound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM cycle WHERE id = OLD.cycle AND state = 'unwound') THEN
        RAISE EXCEPTION 'obligation %: % is not unwound', OLD.id, OLD.cycle
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER obligation_returns_from_unwound BEFORE UPDATE OF state ON obligation
FOR EACH ROW WHEN (OLD.state = 'cleared' AND NEW.state = 'affirmed')
EXECUTE FUNCTION return_from_unwound();

-- Of a kind and a value date one cycle is held, beside those that were unwound.
ALTER TABLE cycle_schedule DROP CONSTRAINT cycle_schedule_cycle_kind_value_date_key;
CREATE INDEX cycle_schedule_day ON cycle_schedule (cycle_kind, value_date);
CREATE FUNCTION hold_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM cycle_schedule INNER JOIN cycle ON cycle.id = cycle_schedule.cycle
        WHERE cycle_kind = NEW.cycle_kind AND value_date = NEW.value_date AND state <> 'unwound'
    ) THEN
        RAISE EXCEPTION 'the % cycle of % is held already', NEW.cycle_kind, NEW.value_date
        USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER cycle_schedule_is_held_once BEFORE INSERT ON cycle_schedule
FOR EACH ROW EXECUTE FUNCTION hold_once();

-- An address is called at once; again only for the same participant, when all before are unwound.
ALTER TABLE pay_in DROP CONSTRAINT pay_in_script_key;
CREATE INDEX pay_in_script ON pay_in (script);
CREATE FUNCTION call_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pay_in INNER JOIN cycle ON cycle.id = pay_in.cycle
        WHERE script = NEW.script
            AND (state <> 'unwound' OR participant <> NEW.participant)
    ) THEN
        RAISE EXCEPTION 'pay-in of % for %: its address is called for another', NEW.participant,
            NEW.cycle
        USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER pay_in_is_called_once BEFORE INSERT ON pay_in
FOR EACH ROW EXECUTE FUNCTION call_once();
