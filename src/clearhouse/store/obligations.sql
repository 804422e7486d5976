-- by_ids
SELECT
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation WHERE id = ANY(%(ids)s) ORDER BY id;

-- affirmed
SELECT
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation
WHERE state = 'affirmed'
    AND (
        %(cut_off)s::timestamptz IS NULL
        OR (cut_off IS NULL AND due_on <= %(value_date)s)
        OR (cut_off <= %(cut_off)s AND value_date <= %(value_date)s)
    )
ORDER BY id;

-- waiting
SELECT
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation WHERE state IN ('proposed', 'affirmed') ORDER BY id;

-- verdicts
SELECT id, verdict FROM obligation WHERE id = ANY(string_to_array(%(ids)s, E'\x1f'));

-- count_later
SELECT count(*) FROM obligation
WHERE state = 'affirmed'
    AND (
        cut_off > %(cut_off)s
        OR value_date > %(value_date)s
        OR (cut_off IS NULL AND due_on > %(value_date)s)
    );

-- left_from_before
-- Those that have no value date, or one that is before a day.
SELECT id FROM obligation
WHERE id = ANY(string_to_array(%(ids)s, E'\x1f'))
    AND (value_date IS NULL OR value_date < %(day)s);

-- settled_by
-- The transaction of a payment's cycle; the cycle itself where it paid nothing out.
SELECT coalesce(cycle.txid, cycle.id)
FROM obligation INNER JOIN cycle ON obligation.cycle = cycle.id
WHERE obligation.id = %(id)s AND obligation.state = 'settled';

-- value_date
SELECT value_date FROM obligation WHERE id = %(id)s;

-- bonds
SELECT
    id,
    array_remove(ARRAY[
        CASE WHEN debtor_asked_back_at IS NOT NULL THEN debtor END,
        CASE WHEN creditor_asked_back_at IS NOT NULL THEN creditor END
    ], NULL),
    cut_off,
    value_date
FROM obligation WHERE id = ANY(%(ids)s);

-- ask_back
UPDATE obligation AS o
SET
    debtor_asked_back_at
    = CASE o.debtor WHEN asked.party THEN asked.at ELSE o.debtor_asked_back_at END,
    creditor_asked_back_at
    = CASE o.creditor WHEN asked.party THEN asked.at ELSE o.creditor_asked_back_at END,
    state = CASE WHEN %(is_last)s THEN 'rescinded' ELSE o.state END
FROM unnest(%(ids)s::text[], %(parties)s::text[], %(instants)s::timestamptz[])
    AS asked (id, party, at)
WHERE o.id = asked.id;

-- give_value_dates
UPDATE obligation AS o SET value_date = new.value_date, cut_off = new.cut_off
FROM unnest(
    string_to_array(%(ids)s, E'\x1f'),
    string_to_array(%(days)s, E'\x1f')::date[],
    string_to_array(%(cut_offs)s, E'\x1f')::timestamptz[]
) AS new (id, value_date, cut_off)
WHERE o.id = new.id;

-- lines
SELECT id, debtor, creditor, due_on, set_off, remaining FROM obligation
WHERE cycle = %(cycle)s
    AND (%(party)s::text IS NULL OR debtor = %(party)s OR creditor = %(party)s)
ORDER BY id;

-- lines_then
-- The same of a cycle that was unwound, whose obligations have left it: as it was told.
SELECT
    obligation.id, debtor, creditor, due_on,
    (body::json ->> 'set_off')::numeric, (body::json ->> 'remaining')::numeric
FROM journal INNER JOIN obligation ON obligation.id = journal.subject
WHERE kind = 'ObligationCleared'
    AND position > (
        SELECT position FROM journal
        WHERE subject = %(cycle)s AND kind = 'CycleOpened' AND kind <> 'TransferRecorded'
    )
    AND position < (
        SELECT position FROM journal
        WHERE subject = %(cycle)s AND kind = 'CycleCertified' AND kind <> 'TransferRecorded'
    )
    AND (%(party)s::text IS NULL OR debtor = %(party)s OR creditor = %(party)s)
ORDER BY obligation.id;

-- awaiting
SELECT
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation
WHERE state = 'proposed'
    AND ((debtor = %(party)s AND debtor_said_at IS NULL)
        OR (creditor = %(party)s AND creditor_said_at IS NULL))
ORDER BY id;

-- of_parties
SELECT
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation WHERE debtor = ANY(%(parties)s) OR creditor = ANY(%(parties)s) ORDER BY id;

-- of_cycle
SELECT
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation WHERE cycle = %(cycle)s ORDER BY id;

-- traded
-- In the order in which they were first stated.
SELECT
    obligation.id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state
FROM obligation
INNER JOIN journal ON journal.subject = obligation.id
WHERE journal.kind = 'ObligationProposed' AND journal.kind <> 'TransferRecorded'
    AND traded_on BETWEEN %(first)s AND %(last)s
    AND (%(debtors)s::text[] IS NULL OR debtor = ANY(%(debtors)s))
    AND (%(creditors)s::text[] IS NULL OR creditor = ANY(%(creditors)s))
ORDER BY journal.position;

-- copy_obligations
COPY obligation (
    id, debtor, creditor, reference, asset, units, traded_on, due_on,
    debtor_said_at, creditor_said_at, state, verdict
) FROM STDIN;

-- affirm
UPDATE obligation AS o
SET
    debtor_said_at = CASE o.debtor WHEN said.party THEN said.at ELSE o.debtor_said_at END,
    creditor_said_at = CASE o.creditor WHEN said.party THEN said.at ELSE o.creditor_said_at END,
    state = 'affirmed'
FROM unnest(%(ids)s::text[], %(parties)s::text[], %(instants)s::timestamptz[])
    AS said (id, party, at)
WHERE o.id = said.id;

-- record_verdicts
UPDATE obligation AS o SET verdict = new.verdict
FROM unnest(%(ids)s::text[], %(verdicts)s::text[]) AS new (id, verdict)
WHERE o.id = new.id AND o.verdict <> new.verdict;

-- enter_cycles
UPDATE obligation AS o
SET state = 'cleared', cycle = line.cycle, set_off = line.set_off, remaining = line.remaining
FROM unnest(
    string_to_array(%(ids)s, E'\x1f'),
    string_to_array(%(cycles)s, E'\x1f'),
    string_to_array(%(set_off)s, E'\x1f')::numeric[],
    string_to_array(%(remaining)s, E'\x1f')::numeric[]
) AS line (id, cycle, set_off, remaining)
WHERE o.id = line.id;

-- count_states
SELECT state, verdict, count(*) FROM obligation GROUP BY state, verdict ORDER BY state, verdict;

-- intake_progress
SELECT lines_done, bytes_done, finished
FROM intake WHERE file = %(file)s AND submitter = %(submitter)s;

-- record_intake
INSERT INTO intake (file, submitter, lines_done, bytes_done, finished)
VALUES (%(file)s, %(submitter)s, %(lines)s, %(bytes)s, %(finished)s)
ON CONFLICT (file, submitter) DO UPDATE
SET lines_done = excluded.lines_done, bytes_done = excluded.bytes_done,
    finished = excluded.finished;
