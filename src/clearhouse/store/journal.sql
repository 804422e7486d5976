-- lock_head
-- Until commit nobody else appends: what is read after this is what the entries will explain.
SELECT position FROM journal_head FOR UPDATE;

-- head
SELECT position FROM journal_head;

-- move_head
UPDATE journal_head SET position = position + %(count)s RETURNING position;

-- copy_entries
COPY journal (position, kind, subject, body, occurred_at, recorded_at) FROM STDIN;

-- about
-- A transfer is known by where its own entry is: an index of them all would cost more than they do.
SELECT position, kind, subject, body, occurred_at, recorded_at
FROM journal WHERE subject = %(subject)s AND kind <> 'TransferRecorded'
UNION ALL
SELECT position, kind, subject, body, occurred_at, recorded_at
FROM journal WHERE position = (SELECT position FROM transfer WHERE id = %(subject)s)
ORDER BY position;

-- of_kind
-- The last condition says what the kinds asked for are not, so that the partial index serves.
SELECT position, kind, subject, body, occurred_at, recorded_at
FROM journal
WHERE subject = ANY(%(subjects)s) AND kind = %(kind)s AND kind <> 'TransferRecorded'
ORDER BY position;

-- after
SELECT position, kind, subject, body, occurred_at, recorded_at
FROM journal WHERE position > %(position)s ORDER BY position LIMIT %(limit)s;

-- count_kinds
SELECT kind, count(*) FROM journal GROUP BY kind ORDER BY kind;
