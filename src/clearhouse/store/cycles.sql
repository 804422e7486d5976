-- add_cycle
INSERT INTO cycle (id, settles_on, asset, state, depth_final, change_index)
VALUES (%(id)s, %(settles_on)s, %(asset)s, 'cleared', %(depth_final)s, %(change_index)s);

-- add_schedule
INSERT INTO cycle_schedule (cycle, cycle_kind, value_date, cut_off, settlement)
VALUES (%(cycle)s, %(cycle_kind)s, %(value_date)s, %(cut_off)s, %(settlement)s);

-- held
-- One that was unwound was held, too: what takes its place is made with it.
SELECT cycle FROM cycle_schedule INNER JOIN cycle ON cycle.id = cycle_schedule.cycle
WHERE cycle_kind = %(cycle_kind)s AND value_date = %(value_date)s
ORDER BY state = 'unwound'
LIMIT 1;

-- cycle
SELECT
    id, settles_on, asset, state, depth_final, change_index, txid, raw, fee, block, height, given_up
FROM cycle WHERE id = %(id)s FOR UPDATE;

-- release
INSERT INTO release (cycle, digest, proposal) VALUES (%(id)s, %(digest)s, %(proposal)s);

-- released
SELECT proposal, digest FROM release WHERE cycle = %(id)s;

-- is_known
SELECT FROM cycle WHERE id = %(id)s;

-- open_cycles
-- In the order in which they were opened.
SELECT id FROM cycle
WHERE state NOT IN ('settled', 'unwound')
ORDER BY (
    SELECT min(position) FROM journal WHERE subject = cycle.id AND kind <> 'TransferRecorded'
);

-- asked_for
-- Those whose batch the institutions were asked to sign, and that may still be paid.
SELECT id FROM cycle
WHERE
    state NOT IN ('settled', 'withdrawn', 'unwound')
    AND EXISTS (
        SELECT FROM journal
        WHERE subject = cycle.id AND kind = 'SignatureAsked' AND kind <> 'TransferRecorded'
    )
ORDER BY id;

-- awaited
-- What other open cycles wait for, and whether one that was unwound had called at the same address.
SELECT
    pay_in.cycle, pay_in.participant, pay_in.script, pay_in.units,
    EXISTS (
        SELECT FROM pay_in AS before
        INNER JOIN cycle AS unwound ON before.cycle = unwound.id
        WHERE before.script = pay_in.script AND unwound.state = 'unwound'
    )
FROM pay_in
INNER JOIN cycle ON pay_in.cycle = cycle.id
WHERE NOT pay_in.final AND cycle.state = 'cleared' AND cycle.id <> %(cycle)s;

-- batches
SELECT id, state, txid, raw, fee, height, given_up IS NOT NULL
FROM cycle WHERE txid IS NOT NULL ORDER BY settles_on, id;

-- batches_with_change
-- In the order in which they were signed: a later one may spend what an earlier one left. The index
-- of the journal's subjects leaves out transfers.
SELECT cycle.txid, cycle.raw, vault_address.script
FROM cycle
INNER JOIN vault_address ON is_change AND vault_address.position = cycle.change_index
INNER JOIN journal ON journal.subject = cycle.id AND journal.kind = 'BatchKept'
    AND journal.kind <> 'TransferRecorded'
WHERE cycle.txid IS NOT NULL
ORDER BY journal.position;

-- batch_txids
SELECT txid FROM cycle WHERE txid IS NOT NULL;

-- last_cycle
SELECT id FROM cycle
ORDER BY (
    SELECT min(position) FROM journal WHERE subject = cycle.id AND kind <> 'TransferRecorded'
) DESC
LIMIT 1;

-- move_cycle
UPDATE cycle SET state = %(state)s, block = %(block)s, height = %(height)s WHERE id = %(id)s;

-- unwind_cycle
-- Where a batch that pays nobody is stays known.
UPDATE cycle SET state = 'unwound' WHERE id = %(cycle)s;

-- give_up
UPDATE cycle SET given_up = %(proposal)s WHERE id = %(id)s;

-- sign_cycle
UPDATE cycle SET state = 'signed', txid = %(txid)s, raw = %(raw)s, fee = %(fee)s
WHERE id = %(id)s;

-- settle_obligations
UPDATE obligation SET state = 'settled' WHERE cycle = %(cycle)s;

-- return_obligations
UPDATE obligation SET state = 'affirmed', cycle = NULL, set_off = NULL, remaining = NULL
WHERE cycle = %(cycle)s;

-- decided_since
-- The newest answer of the gate on each obligation since its cycle was cleared.
SELECT DISTINCT ON (subject) subject, body
FROM journal
WHERE kind = 'GateDecided' AND subject = ANY(%(ids)s)
    AND position > (
        SELECT min(position) FROM journal
        WHERE subject = %(cycle)s AND kind <> 'TransferRecorded'
    )
ORDER BY subject, position DESC;

-- next_vault_position
SELECT coalesce(max(position) + 1, 0) FROM vault_address WHERE is_change = %(is_change)s;

-- copy_vault_addresses
COPY vault_address (script, address, is_change, position, participant, unasked) FROM STDIN;

-- vault_addresses
SELECT script, address, is_change, position, participant, unasked
FROM vault_address ORDER BY is_change, position;

-- add_pay_ins
INSERT INTO pay_in (cycle, participant, units, script, due_at)
SELECT called.cycle, called.participant, called.units, vault_address.script, called.due_at
FROM unnest(
    %(cycles)s::text[], %(participants)s::text[], %(units)s::numeric[], %(addresses)s::text[],
    %(due_at)s::timestamptz[]
) AS called (cycle, participant, units, address, due_at)
LEFT JOIN vault_address USING (address);

-- pay_ins
SELECT p.participant, p.units, p.script, v.address, p.due_at, p.final, p.overdue
FROM pay_in AS p JOIN vault_address AS v USING (script)
WHERE p.cycle = %(cycle)s ORDER BY p.participant;

-- called_again
-- Of a cycle's pay-ins those at addresses that a cycle called before which was unwound.
SELECT participant FROM pay_in
WHERE cycle = %(cycle)s AND NOT final AND EXISTS (
    SELECT FROM pay_in AS before
    WHERE before.script = pay_in.script AND before.cycle <> pay_in.cycle
);

-- open_debits
-- What is called and not final yet, of all cycles together but for those that are unwound.
SELECT participant, sum(units)
FROM pay_in INNER JOIN cycle ON cycle.id = pay_in.cycle
WHERE NOT final AND state <> 'unwound' AND cycle <> %(besides)s
GROUP BY participant;

-- finish_pay_ins
UPDATE pay_in SET final = true
FROM unnest(%(cycles)s::text[], %(participants)s::text[]) AS paid (cycle, participant)
WHERE (pay_in.cycle, pay_in.participant) = (paid.cycle, paid.participant);

-- mark_overdue
UPDATE pay_in SET overdue = true
FROM unnest(%(cycles)s::text[], %(participants)s::text[]) AS late (cycle, participant)
WHERE (pay_in.cycle, pay_in.participant) = (late.cycle, late.participant);

-- credits
-- What is left of its claims less its debts, of whoever is owed more than it owes.
SELECT participant, sum(units)
FROM (
    SELECT creditor AS participant, remaining AS units FROM obligation WHERE cycle = %(cycle)s
    UNION ALL
    SELECT debtor, -remaining FROM obligation WHERE cycle = %(cycle)s
) AS line
GROUP BY participant HAVING sum(units) > 0
ORDER BY participant;

-- parties
SELECT debtor AS participant FROM obligation WHERE cycle = %(cycle)s
UNION
SELECT creditor FROM obligation WHERE cycle = %(cycle)s
ORDER BY participant;

-- copy_pay_outs
COPY pay_out (cycle, participant, units, address) FROM STDIN;

-- pay_outs
SELECT participant, units, address FROM pay_out WHERE cycle = %(cycle)s ORDER BY participant;
