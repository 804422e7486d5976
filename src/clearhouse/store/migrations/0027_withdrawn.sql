-- Two people give up a batch that the institutions were asked to sign: in its place one is signed
-- that pays nobody. When that is final the batch is withdrawn, and the cycle can be unwound.

ALTER TABLE cycle
ADD COLUMN given_up text COLLATE "C" UNIQUE REFERENCES proposal,
DROP CONSTRAINT cycle_state_check,
DROP CONSTRAINT cycle_check,
DROP CONSTRAINT cycle_check1,
ADD CONSTRAINT cycle_state_check CHECK (state IN (
    'cleared', 'funded', 'signed', 'broadcast', 'confirmed', 'settled', 'withdrawn', 'unwound'
)),
ADD CONSTRAINT cycle_check CHECK (txid IS NULL OR state NOT IN ('cleared', 'funded')),
ADD CONSTRAINT cycle_check1 CHECK (
    txid IS NOT NULL OR state IN ('cleared', 'funded', 'settled', 'unwound')
),
-- What was given up pays nobody, and what was not is not withdrawn.
ADD CONSTRAINT cycle_given_up_check CHECK (
    CASE state
        WHEN 'cleared' THEN given_up IS NULL
        WHEN 'settled' THEN given_up IS NULL
        WHEN 'withdrawn' THEN given_up IS NOT NULL
        WHEN 'unwound' THEN (given_up IS NULL) = (txid IS NULL)
        ELSE TRUE
    END
);

INSERT INTO arrow (machine, state_from, state_to) VALUES
('cycle', 'broadcast', 'withdrawn'),
('cycle', 'confirmed', 'withdrawn'),
('cycle', 'withdrawn', 'unwound');

CREATE FUNCTION need_giving_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.given_up IS NOT NULL OR NEW.state <> 'funded' OR agreed_on(
        NEW.given_up, '{GiveUpBatch}', jsonb_build_object('cycle', NEW.id)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'cycle %: two people have not agreed to give its batch up', NEW.id
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
CREATE TRIGGER cycle_given_up_by_two BEFORE UPDATE OF given_up ON cycle
FOR EACH ROW WHEN (OLD.given_up IS DISTINCT FROM NEW.given_up)
EXECUTE FUNCTION need_giving_up();

-- Once the institutions were asked, what they signed may be out, until it is withdrawn.
CREATE OR REPLACE FUNCTION unwind_before_signing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'withdrawn' AND EXISTS (
        SELECT FROM journal
        WHERE subject = NEW.id AND kind = 'SignatureAsked' AND kind <> 'TransferRecorded'
    ) THEN
        RAISE EXCEPTION 'cycle %: signatures were asked for, and it is not unwound', NEW.id
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$;
