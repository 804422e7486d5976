-- find
INSERT INTO difference (id, cause, about, units, detail, actor, found_at)
VALUES (%(id)s, %(cause)s, %(about)s, %(units)s, %(detail)s, %(actor)s, %(at)s);

-- resolve
UPDATE difference SET resolved_at = %(at)s WHERE id = %(id)s;

-- standing
SELECT id, cause, about, units, detail, actor, found_at
FROM difference WHERE resolved_at IS NULL ORDER BY found_at, id;
