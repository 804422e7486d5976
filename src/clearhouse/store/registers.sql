-- participants
SELECT id, name, residence, address
FROM participant WHERE id = ANY(%(ids)s) ORDER BY id;

-- all_participants
SELECT id, name, residence, address FROM participant ORDER BY id;

-- licences
SELECT participant, licence_class, issuer, valid_from, valid_to
FROM licence WHERE participant = ANY(%(ids)s)
ORDER BY participant, licence_class, issuer, valid_from, valid_to;

-- copy_participants
COPY participant (id, name, residence, address) FROM STDIN;

-- copy_licences
COPY licence (participant, licence_class, issuer, valid_from, valid_to) FROM STDIN;

-- findings
SELECT digest, body FROM finding WHERE digest = ANY(%(digests)s);

-- add_finding
INSERT INTO finding (digest, subject, body)
VALUES (%(digest)s, %(subject)s, %(body)s)
ON CONFLICT (digest) DO NOTHING
RETURNING digest;
