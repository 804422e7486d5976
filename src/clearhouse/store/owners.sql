-- above
-- UNION forgets what it has seen, so a ring ends.
WITH RECURSIVE reached (id) AS (
    SELECT unnest(string_to_array(%(ids)s, E'\x1f'))
    UNION
    SELECT holding.owner
    FROM holding INNER JOIN reached ON holding.owned = reached.id
    WHERE holding.replaced_at IS NULL
)
SELECT owner, owned, share, control, source, since, until
FROM holding INNER JOIN reached ON holding.owned = reached.id
WHERE holding.replaced_at IS NULL
ORDER BY key;

-- changes
SELECT position FROM holding
UNION SELECT position FROM entity
UNION SELECT position FROM person_owner
UNION SELECT position FROM other_name
ORDER BY position;

-- changed_at
SELECT greatest(
    (SELECT max(position) FROM holding),
    (SELECT max(position) FROM entity),
    (SELECT max(position) FROM person_owner),
    (SELECT max(position) FROM other_name),
    0
);
