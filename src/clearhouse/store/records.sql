-- replace
-- What was said before of some keys was replaced by an entry.
UPDATE {table} AS held SET replaced_at = said.position
FROM unnest(
    string_to_array(%(keys)s, E'\x1f'),
    string_to_array(%(positions)s, E'\x1f')::bigint []
) AS said (key, position)
WHERE held.key = said.key AND held.replaced_at IS NULL;

-- all_now
SELECT {fields} FROM {table} WHERE replaced_at IS NULL ORDER BY key;

-- some_now
SELECT {fields} FROM {table}
WHERE replaced_at IS NULL AND {by} = ANY(string_to_array(%(ids)s, E'\x1f'))
ORDER BY key;

-- known_at
SELECT {fields} FROM {table}
WHERE position <= %(position)s AND (replaced_at IS NULL OR replaced_at > %(position)s)
ORDER BY key;

-- all_ever
SELECT {fields}, position, replaced_at, proposal, journal.recorded_at
FROM {table} INNER JOIN journal USING (position)
ORDER BY position;

-- some_ever
SELECT {fields}, position, replaced_at, proposal, journal.recorded_at
FROM {table} INNER JOIN journal USING (position)
WHERE {table}.{by} = ANY(string_to_array(%(ids)s, E'\x1f'))
ORDER BY position;

-- position_at
-- Places and instants rise together, so the last of them is found from the end.
SELECT position FROM journal WHERE recorded_at <= %(at)s ORDER BY position DESC LIMIT 1;
