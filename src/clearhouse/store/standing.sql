-- house
SELECT house FROM founding;

-- participants
SELECT participant, address, residence FROM legal_entity WHERE replaced_at IS NULL;

-- limits
SELECT participant, asset, "limit", since, until, units FROM exposure_limit
WHERE replaced_at IS NULL;

-- people
SELECT
    person.id,
    ARRAY(
        SELECT role FROM person_role
        WHERE person_role.person = person.id AND withdrawn_at IS NULL ORDER BY role
    ),
    ARRAY(
        SELECT key FROM person_key
        WHERE person_key.person = person.id AND revoked_at IS NULL ORDER BY key
    ),
    ARRAY(
        SELECT key FROM person_key
        WHERE person_key.person = person.id AND revoked_at IS NOT NULL ORDER BY key
    )
FROM person;

-- proposals
SELECT id, content, expires_at
FROM proposal INNER JOIN command USING (id) WHERE state = 'waiting';

-- lists
SELECT list_name, version, published_at, entries, wallets FROM sanctions_list;

-- accepted
SELECT list_name, version, before, proposal FROM accepted_edition WHERE version <> '';

-- accounts
SELECT
    account.id, account.owner, account.kind, asset.identity, account.place,
    standing.balance, standing.debits_pending, standing.credits_pending
FROM account
INNER JOIN asset ON account.asset = asset.number
INNER JOIN standing ON account.number = standing.account;

-- reservations
SELECT transfer.id, debit.id, credit.id, transfer.units, transfer.expires_at
FROM reservation
INNER JOIN transfer USING (id)
INNER JOIN account AS debit ON debit.number = transfer.debit
INNER JOIN account AS credit ON credit.number = transfer.credit;

-- branches
SELECT is_change, max(position) + 1 FROM vault_address GROUP BY is_change;

-- rates
-- The newest of each currency.
SELECT DISTINCT ON (quote) quote, id, as_of FROM rate ORDER BY quote, as_of DESC;

-- obligations
-- What is cleared waits for the gate's next answer.
SELECT
    id, debtor, creditor, units, asset, state,
    CASE
        WHEN state = 'cleared' AND NOT EXISTS (
            SELECT FROM journal
            WHERE subject = obligation.id AND kind = 'GateDecided' AND kind <> 'TransferRecorded'
                AND position > (
                    SELECT min(opened.position) FROM journal AS opened
                    WHERE opened.subject = obligation.cycle AND opened.kind <> 'TransferRecorded'
                )
        ) THEN ''
        ELSE verdict
    END,
    coalesce(cycle, ''),
    CASE
        WHEN state <> 'proposed' THEN ''
        WHEN debtor_said_at IS NULL THEN creditor
        ELSE debtor
    END,
    cut_off,
    value_date,
    due_on,
    CASE
        WHEN state = 'rescinded' THEN ''
        WHEN debtor_asked_back_at IS NOT NULL THEN debtor
        WHEN creditor_asked_back_at IS NOT NULL THEN creditor
        ELSE ''
    END,
    CASE WHEN state = 'rescinded' THEN greatest(debtor_asked_back_at, creditor_asked_back_at) END
FROM obligation WHERE state <> 'settled';

-- cycles
SELECT
    id, asset, depth_final, encode(script, 'hex'), state, coalesce(txid, ''),
    coalesce(fee::text, ''), coalesce(block, ''), coalesce(height::text, ''), coalesce(digest, ''),
    state = 'funded' AND EXISTS (
        SELECT FROM journal
        WHERE subject = cycle.id AND kind = 'SignatureAsked' AND kind <> 'TransferRecorded'
    ),
    given_up IS NOT NULL
FROM cycle
INNER JOIN vault_address ON is_change AND vault_address.position = change_index
LEFT JOIN release ON release.cycle = cycle.id
WHERE state NOT IN ('settled', 'unwound');

-- pay_ins
SELECT pay_in.cycle, pay_in.participant, pay_in.units, vault_address.address, pay_in.final
FROM pay_in
INNER JOIN cycle ON cycle.id = pay_in.cycle
INNER JOIN vault_address USING (script)
WHERE cycle.state NOT IN ('settled', 'unwound');

-- pay_outs
SELECT pay_out.cycle, pay_out.participant, pay_out.units, pay_out.address
FROM pay_out INNER JOIN cycle ON cycle.id = pay_out.cycle
WHERE cycle.state NOT IN ('settled', 'unwound');

-- kept
-- What is too small to be paid out, and stays with the house as a balance.
SELECT line.cycle, line.participant, sum(line.units)
FROM (
    SELECT cycle, creditor AS participant, remaining AS units FROM obligation
    WHERE state = 'cleared'
    UNION ALL
    SELECT cycle, debtor, -remaining FROM obligation WHERE state = 'cleared'
) AS line
WHERE NOT EXISTS (
    SELECT FROM pay_out
    WHERE pay_out.cycle = line.cycle AND pay_out.participant = line.participant
)
GROUP BY line.cycle, line.participant HAVING sum(line.units) > 0;
