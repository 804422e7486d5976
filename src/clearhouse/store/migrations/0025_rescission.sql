-- Obligations that those who had said them took back.

INSERT INTO arrow (machine, state_from, state_to) VALUES
('obligation', 'proposed', 'rescinded'),
('obligation', 'affirmed', 'rescinded');

ALTER TABLE obligation
    ADD debtor_asked_back_at timestamptz,
    ADD creditor_asked_back_at timestamptz,
    DROP CONSTRAINT obligation_state_check,
    DROP CONSTRAINT obligation_check3, -- of what both sides have said; it stands below
    ADD CONSTRAINT obligation_state_check CHECK (
        state IN ('proposed', 'affirmed', 'cleared', 'settled', 'rescinded')
    ),
    ADD CONSTRAINT obligation_both_said CHECK (
        state = 'rescinded'
        OR (state = 'proposed') = (debtor_said_at IS NULL OR creditor_said_at IS NULL)
    ),
    -- Only who has said it takes it back, and it is rescinded once all of those have.
    ADD CONSTRAINT obligation_said_before CHECK (
        (debtor_asked_back_at IS NULL OR debtor_said_at IS NOT NULL)
        AND (creditor_asked_back_at IS NULL OR creditor_said_at IS NOT NULL)
    ),
    ADD CONSTRAINT obligation_all_asked CHECK (
        (state = 'rescinded') = (
            (debtor_said_at IS NULL OR debtor_asked_back_at IS NOT NULL)
            AND (creditor_said_at IS NULL OR creditor_asked_back_at IS NOT NULL)
        )
    );
-- Who has asked has asked.
CREATE TRIGGER obligation_keeps_what_was_asked
BEFORE UPDATE OF debtor_asked_back_at, creditor_asked_back_at ON obligation
FOR EACH ROW WHEN (
    OLD.debtor_asked_back_at <> NEW.debtor_asked_back_at
    OR OLD.creditor_asked_back_at <> NEW.creditor_asked_back_at
    OR (OLD.debtor_asked_back_at IS NOT NULL AND NEW.debtor_asked_back_at IS NULL)
    OR (OLD.creditor_asked_back_at IS NOT NULL AND NEW.creditor_asked_back_at IS NULL)
) EXECUTE FUNCTION refuse_edit();
