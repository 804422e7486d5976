-- participants
SELECT
    participant, name, residence, address,
    ARRAY(
        SELECT before.name FROM legal_entity AS before
        WHERE before.participant = legal_entity.participant AND before.replaced_at IS NOT NULL
        ORDER BY before.position
    )
FROM legal_entity WHERE replaced_at IS NULL AND participant = ANY(%(ids)s) ORDER BY participant;

-- admitted
SELECT id FROM participant WHERE id = ANY(string_to_array(%(ids)s, E'\x1f'));

-- paid_at
-- A segwit address stands for one script, in small letters or in great ones (BIP 173).
SELECT lower(address) FROM legal_entity
WHERE replaced_at IS NULL
    AND lower(address) = ANY(string_to_array(%(addresses)s, E'\x1f'));

-- all_participants
SELECT
    legal_entity.participant, legal_entity.name, residence, address,
    coalesce(before.names, '{}')
FROM legal_entity LEFT JOIN (
    SELECT participant, array_agg(name ORDER BY position) AS names
    FROM legal_entity WHERE replaced_at IS NOT NULL GROUP BY participant
) AS before USING (participant)
WHERE replaced_at IS NULL ORDER BY participant;

-- licences
SELECT participant, licence_class, issuer, valid_from, valid_to
FROM licence WHERE replaced_at IS NULL AND participant = ANY(%(ids)s)
ORDER BY participant, licence_class, issuer, valid_from, valid_to;

-- dealings
SELECT participant, list_name, entity, authority, document, valid_from, valid_to, proposal
FROM dealing WHERE participant = ANY(%(ids)s) ORDER BY participant, proposal;

-- all_licences
SELECT participant, licence_class, issuer, valid_from, valid_to FROM licence
WHERE replaced_at IS NULL
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

-- findings
SELECT digest, body FROM finding WHERE digest = ANY(%(digests)s);

-- known_findings
SELECT digest FROM finding WHERE digest = ANY(%(digests)s);

-- copy_findings
COPY finding (digest, subject, body) FROM STDIN;
