-- participants
SELECT id, name, residence, address
FROM participant WHERE id = ANY(%(ids)s) ORDER BY id;

-- all_participants
SELECT id, name, residence, address FROM participant ORDER BY id;

-- licences
SELECT participant, licence_class, issuer, valid_from, valid_to
FROM licence WHERE participant = ANY(%(ids)s)
ORDER BY participant, licence_class, issuer, valid_from, valid_to;

-- dealings
SELECT participant, list_name, entity, authority, document, valid_from, valid_to, proposal
FROM dealing WHERE participant = ANY(%(ids)s) ORDER BY participant, proposal;

-- all_licences
SELECT participant, licence_class, issuer, valid_from, valid_to FROM licence
ORDER BY participant, licence_class, issuer, valid_from, valid_to;

-- all_dealings
SELECT participant, list_name, entity, authority, document, valid_from, valid_to, proposal
FROM dealing ORDER BY participant, proposal;

-- copy_dealings
COPY dealing
(participant, list_name, entity, authority, document, valid_from, valid_to, proposal) FROM STDIN;

-- activations
SELECT position, version, active_from, coalesce(proposal, '')
FROM activation ORDER BY active_from, position;

-- active
-- Of two for one instant, the later one holds.
SELECT version FROM activation WHERE active_from <= %(now)s
ORDER BY active_from DESC, position DESC LIMIT 1;

-- copy_activations
COPY activation (position, version, active_from, proposal) FROM STDIN;

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
