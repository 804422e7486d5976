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
-- First what it was called as an owner of others, then, of those that were admitted since, what it
-- is called, what it was called before, and its other names; with where each is seated.
SELECT key AS id, name, jurisdiction AS seat, 0 AS rank, '' AS said, 0 AS position FROM entity
WHERE key = ANY(%(ids)s) AND replaced_at IS NULL
UNION ALL
SELECT
    participant,
    name,
    CASE WHEN replaced_at IS NULL THEN residence ELSE '' END,
    CASE WHEN replaced_at IS NULL THEN 1 ELSE 2 END,
    '',
    position
FROM legal_entity WHERE participant = ANY(%(ids)s)
UNION ALL
SELECT participant, name, '', 3, key, 0 FROM other_name
WHERE participant = ANY(%(ids)s) AND replaced_at IS NULL
ORDER BY id, rank, said, position;

-- dossiers
-- Whose they are is as `PersonOwner.dossier` has it. Person by person, each by the indexes.
SELECT person.id, kept.*
FROM unnest(string_to_array(%(ids)s, E'\x1f')) AS asked (id)
CROSS JOIN LATERAL (
    SELECT key AS id, entity || '_' || left(commitment, %(digits)s) AS subject FROM person_owner
    WHERE key = asked.id AND replaced_at IS NULL OFFSET 0
) AS person
CROSS JOIN LATERAL (
    SELECT dossier.subject, dossier.edition, commitment, erased, content
    FROM dossier LEFT JOIN sealed_dossier USING (subject)
    WHERE subject = person.subject OFFSET 0
) AS kept;

-- everything
SELECT owner, owned, share, control, source, since, until
FROM holding WHERE replaced_at IS NULL ORDER BY key;

-- changes
SELECT position FROM holding
UNION SELECT position FROM entity
UNION SELECT position FROM person_owner
UNION SELECT position FROM other_name
UNION SELECT position FROM legal_entity
UNION SELECT position FROM hit_decision
UNION SELECT position FROM vessel
UNION SELECT position FROM associate
ORDER BY position;

-- changed_at
SELECT
    greatest(
        (SELECT max(position) FROM holding),
        (SELECT max(position) FROM entity),
        (SELECT max(position) FROM person_owner),
        (SELECT max(position) FROM other_name),
        (SELECT max(position) FROM legal_entity),
        (SELECT max(position) FROM hit_decision),
        (SELECT max(position) FROM vessel),
        (SELECT max(position) FROM associate),
        0
    ),
    (SELECT count(*) FROM dossier WHERE erased);
