-- above
-- UNION forgets what it has seen, so a ring ends.
WITH RECURSIVE reached (id) AS (
    SELECT unnest(string_to_array(%(ids)s, E'\x1f'))
    UNION
    -- Entity by entity, each by the index: few are above few, however many there are.
    SELECT higher.owner
    FROM reached CROSS JOIN LATERAL (
        SELECT owner FROM holding WHERE owned = reached.id AND replaced_at IS NULL OFFSET 0
    ) AS higher
)
SELECT higher.owner, higher.owned, share, control, source, since, until
FROM reached CROSS JOIN LATERAL (
    SELECT * FROM holding WHERE owned = reached.id AND replaced_at IS NULL OFFSET 0
) AS higher
ORDER BY key;

-- names
-- First what it is called, then what it was called before, then its other names.
SELECT participant AS id, name, replaced_at IS NOT NULL AS is_former, '' AS key, position
FROM legal_entity WHERE participant = ANY(%(ids)s)
UNION ALL
SELECT participant, name, true, key, 0 FROM other_name
WHERE participant = ANY(%(ids)s) AND replaced_at IS NULL
ORDER BY id, is_former, key, position;

-- everything
SELECT owner, owned, share, control, source, since, until
FROM holding WHERE replaced_at IS NULL ORDER BY key;

-- changes
SELECT position FROM holding
UNION SELECT position FROM entity
UNION SELECT position FROM person_owner
UNION SELECT position FROM other_name
UNION SELECT position FROM legal_entity
ORDER BY position;

-- changed_at
SELECT
    greatest(
        (SELECT max(position) FROM holding),
        (SELECT max(position) FROM entity),
        (SELECT max(position) FROM person_owner),
        (SELECT max(position) FROM other_name),
        (SELECT max(position) FROM legal_entity),
        0
    ),
    (SELECT count(*) FROM dossier WHERE erased);
