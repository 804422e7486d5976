-- found
INSERT INTO founding (house, founding, signatures)
VALUES (%(house)s, %(founding)s, %(signatures)s);

-- enrol
INSERT INTO person (id, affiliation, proposal) VALUES (%(id)s, %(affiliation)s, %(proposal)s);

-- register_key
INSERT INTO person_key (key, person, proposal, registered_at)
VALUES (%(key)s, %(person)s, %(proposal)s, %(at)s);

-- revoke_key
UPDATE person_key SET revoked_at = %(at)s WHERE key = %(key)s;

-- grant_role
INSERT INTO person_role (person, role, proposal, granted_at)
VALUES (%(person)s, %(role)s, %(proposal)s, %(at)s);

-- withdraw_role
UPDATE person_role SET withdrawn_at = %(at)s, withdrawn_by = %(proposal)s
WHERE person = %(person)s AND role = %(role)s AND withdrawn_at IS NULL;

-- add_command
INSERT INTO command (id, person, key, content, digest, signature, position)
VALUES (%(id)s, %(person)s, %(key)s, %(content)s, %(digest)s, %(signature)s, %(at)s);

-- propose
INSERT INTO proposal (id, maker, digest, expires_at)
VALUES (%(id)s, %(maker)s, %(digest)s, %(expires_at)s);

-- approve
INSERT INTO approval (proposal, maker, digest, command, approver)
SELECT id, maker, %(digest)s, %(command)s, %(approver)s FROM proposal WHERE id = %(id)s;

-- move_proposal
UPDATE proposal SET state = %(state)s WHERE id = %(id)s;

-- founded
SELECT house, founding FROM founding;

-- founding
SELECT house, founding, signatures FROM founding;

-- people
SELECT
    person.id,
    person.affiliation,
    ARRAY(
        SELECT role FROM person_role
        WHERE person_role.person = person.id AND withdrawn_at IS NULL ORDER BY role
    ),
    ARRAY(
        SELECT key FROM person_key WHERE person_key.person = person.id ORDER BY registered_at, key
    ),
    ARRAY(
        SELECT revoked_at IS NULL FROM person_key
        WHERE person_key.person = person.id ORDER BY registered_at, key
    )
FROM person
WHERE %(ids)s::text[] IS NULL OR person.id = ANY(%(ids)s)
ORDER BY person.id;

-- owner_of
SELECT person FROM person_key WHERE key = %(key)s;

-- given
SELECT content, signature, position FROM command WHERE id = %(id)s;

-- signed
SELECT id, content, signature, key, position, registered_at, revoked_at
FROM command INNER JOIN person_key USING (key)
ORDER BY position;

-- ordered_from
SELECT id, content::json ->> 'made_at' FROM command WHERE position >= %(position)s;

-- proposals
SELECT content, state, expires_at
FROM proposal INNER JOIN command USING (id)
WHERE (%(id)s::text IS NULL OR id = %(id)s)
    AND (%(state)s::text IS NULL OR state = %(state)s)
    AND (%(until)s::timestamptz IS NULL OR expires_at <= %(until)s)
ORDER BY position;
