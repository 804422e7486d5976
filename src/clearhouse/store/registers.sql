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

-- known_findings
SELECT digest FROM finding WHERE digest = ANY(%(digests)s);

-- copy_findings
COPY finding (digest, subject, body) FROM STDIN;
