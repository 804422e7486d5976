-- add
INSERT INTO consumer (name, position) VALUES (%(name)s, 0) ON CONFLICT DO NOTHING;

-- lock
SELECT position FROM consumer WHERE name = %(name)s FOR UPDATE;

-- move
UPDATE consumer SET position = %(position)s WHERE name = %(name)s;

-- position
SELECT position FROM consumer WHERE name = %(name)s;
