-- The best that one durable transaction for each transfer can do: all of it in the server, in one
-- call, with the rows that a posting leaves. With `journalled` false it keeps no order of all
-- transfers, and waits for others only where it shares an account with them.

CREATE SEQUENCE rival_id;

CREATE FUNCTION rival(debtor bigint, creditor bigint, amount numeric, journalled boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at CONSTANT timestamptz := '2026-03-02T10:00:00Z';
    name CONSTANT text := 'tfr_' || lpad(nextval('rival_id')::text, 26, '0');
    place bigint;
    side bigint;
    debit_side standing;
    credit_side standing;
BEGIN
    IF journalled THEN
        UPDATE journal_head SET position = position + 1 RETURNING position INTO place;
    END IF;
    -- In the order of their numbers, so that two of these do not wait for each other.
    FOREACH side IN ARRAY ARRAY[least(debtor, creditor), greatest(debtor, creditor)] LOOP
        IF side = debtor THEN
            UPDATE standing SET balance = balance - amount, entries = entries + 1, moved_at = at
            WHERE account = debtor RETURNING * INTO debit_side;
        ELSE
            UPDATE standing SET balance = balance + amount, entries = entries + 1, moved_at = at
            WHERE account = creditor RETURNING * INTO credit_side;
        END IF;
    END LOOP;
    IF journalled THEN
        INSERT INTO journal (position, kind, subject, body, occurred_at, recorded_at)
        VALUES (
            place, 'TransferRecorded', name,
            format(
                '{"asset":"bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1","cause":"bench",'
                '"code":"pay_in","credit":"acc_%s","debit":"acc_%s","expires_at":null,'
                '"follows":null,"group":null,"occurred_at":"2026-03-02T10:00:00.000000Z",'
                '"phase":"single","transfer":"%s","units":"%s"}',
                lpad(creditor::text, 26, '0'), lpad(debtor::text, 26, '0'), name, amount
            ),
            at, at
        );
    END IF;
    INSERT INTO transfer (
        id, debit, credit, units, code, cause, occurred_at, recorded_at, phase,
        debit_entry, debit_balance, credit_entry, credit_balance, position
    ) VALUES (
        name, debtor, creditor, amount, 'pay_in', 'bench', at, at, 'single',
        debit_side.entries, debit_side.balance, credit_side.entries, credit_side.balance, place
    );
END
$$;
