-- plan
INSERT INTO job (kind, key, due_at)
SELECT kind, key, due_at
FROM unnest(%(kinds)s::text[], %(keys)s::text[], %(due_at)s::timestamptz[])
    AS wanted (kind, key, due_at)
ORDER BY kind, key
ON CONFLICT DO NOTHING;

-- claim
UPDATE job SET lease_until = %(until)s, fence = fence + 1, begun = begun + 1
WHERE (kind, key) = (
    SELECT kind, key FROM job
    WHERE kind = ANY(%(kinds)s) AND NOT stuck AND due_at <= %(now)s
        AND (lease_until IS NULL OR lease_until <= %(now)s)
    ORDER BY due_at, kind, key
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING kind, key, fence, attempts, begun;

-- finish
UPDATE job
SET
    due_at = %(due_at)s, lease_until = NULL, attempts = 0, begun = 0,
    code = '', detail = '', actor = ''
WHERE kind = %(kind)s AND key = %(key)s AND fence = %(fence)s;

-- drop
DELETE FROM job WHERE kind = %(kind)s AND key = %(key)s AND fence = %(fence)s;

-- fail
UPDATE job
SET
    due_at = %(due_at)s, lease_until = NULL, attempts = attempts + 1, begun = 0, stuck = %(stuck)s,
    code = %(code)s, detail = %(detail)s, actor = %(actor)s
WHERE kind = %(kind)s AND key = %(key)s AND fence = %(fence)s;

-- release
UPDATE job SET stuck = false, attempts = 0, begun = 0, due_at = %(now)s
WHERE kind = %(kind)s AND key = %(key)s AND stuck;

-- next_due
SELECT greatest(due_at, lease_until) AS at
FROM job WHERE kind = ANY(%(kinds)s) AND NOT stuck ORDER BY at LIMIT 1;

-- hasten
-- What waits for news: deliveries, and settlements that people were awaited for.
UPDATE job SET due_at = %(now)s
WHERE NOT stuck AND due_at > %(now)s AND (
    kind = 'notices.deliver'
    OR (kind = 'cycle.settle' AND code = 'settlement.not-released')
);

-- troubles
SELECT kind, key, stuck, due_at, attempts, code, detail, actor
FROM job WHERE code <> '' ORDER BY stuck DESC, due_at, kind, key;

-- listen
LISTEN clearhouse;

-- wake
SELECT pg_notify(%(channel)s, '');
