"""Settlement, step by step, on both chains: what is due is done, once, and nothing before it is."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from embit.transaction import Transaction
from tests.stage import FLOAT, Stage

from clearhouse.chains import vault
from clearhouse.chains.chain import Rejected, Unreachable
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.signer.client import SignerRefused
from clearhouse.core.finality import FinalityBroken
from clearhouse.core.ids import CycleId, derived
from clearhouse.core.ledger import AccountKind
from clearhouse.core.settlement import (
    BatchConfirmed,
    BatchOnItsWay,
    BatchReorganised,
    BatchSigned,
    CycleSettled,
    FloatTooSmall,
    NoLongerCleared,
    PayInFinal,
    ReconciliationOff,
    SignatureAsked,
    SignersTooFew,
    State,
    UnknownCycle,
)
from clearhouse.core.statement import PayOut, Statement, parse, sign_statement, verify_statement
from clearhouse.operations.deposits import deposits
from clearhouse.operations.fund import float_address
from clearhouse.operations.reconcile import check_ledger, reconcile
from clearhouse.operations.settle import settle
from clearhouse.store import cycles, obligations

CHAIN = "A>b 0.05, b>C 0.03"  # A pays in 0.05, b gets 0.02, C gets 0.03


def test_a_cycle_settles_when_everything_paid_in_and_paid_out_is_final(stage: Stage) -> None:
    (first, second) = stage.trade(CHAIN)
    stage.clear()
    states = [stage.settle().state]
    stage.pay_in()
    states.append(stage.settle().state)
    stage.mine(stage.deep)
    states.append(stage.settle().state)
    stage.mine()
    states.append(stage.settle().state)
    stage.mine(stage.deep - 1)
    done = stage.settle()
    states.append(done.state)

    assert states == ["cleared", "cleared", "broadcast", "confirmed", "settled"]
    assert (done.depth, done.outstanding) == (stage.deep, [])
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    found = obligations.by_ids(stage.house.db, [first, second], stage.house.assets)
    assert {one.state for one in found.values()} == {"settled"}
    stage.check()


def test_what_settled_names_its_block_depth_and_rules(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    row = stage.row()
    done = stage.events()[-1]

    assert isinstance(done, CycleSettled)
    assert row.height is not None
    assert (done.txid, done.block, done.height) == (row.txid, row.block, row.height)
    assert stage.chain.block(row.height).hash == row.block
    assert done.depth >= done.depth_final == stage.deep
    assert done.rules == (
        *("XA.finality.attacker", "XA.finality.risk"),
        *("XB.finality.attacker", "XB.finality.risk"),
    )
    (paid_in,) = stage.facts(PayInFinal, stage.firm("A").id)
    assert paid_in.rules == done.rules
    assert paid_in.depth >= paid_in.depth_final == stage.deep
    assert paid_in.units == 5_000_000


def test_every_movement_is_posted(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    db, asset = stage.house.db, stage.house.coin.identity
    posted = db.execute(
        "SELECT code, sum(units)::bigint FROM transfer"
        " INNER JOIN asset ON asset.number = debit >> 40 WHERE identity = %s GROUP BY code",
        [asset],
    ).fetchall()
    fee = stage.row().fee or 0

    assert dict(posted) == {
        "funding": FLOAT,
        "novation": 10_000_000,
        "pay_in": 5_000_000,
        "discharge": 10_000_000,
        "pay_out": 5_000_000,
        "network_fee": fee,
    }
    assert fee > 0
    for letter in "AbC":
        assert stage.balance(letter) == stage.balance(letter, AccountKind.IN_CLEARING) == 0
    assert stage.balance("house", AccountKind.VAULT) == -(FLOAT - fee)
    assert stage.balance("house", AccountKind.FEES) == FLOAT - fee


def test_the_signed_statement_is_kept_with_the_houses_signature(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    (signed,) = stage.facts(BatchSigned)
    statement = parse(json.loads(signed.statement))
    public = stage.house.rail.statement_key.public_key()

    verify_statement(statement, signed.signature, public)
    assert statement.cycle == stage.cycle
    assert {one.participant: one.units for one in statement.pay_outs} == {
        stage.firm("b").id: 2_000_000,
        stage.firm("C").id: 3_000_000,
    }
    assert len(set(signed.signers)) == 2


def test_one_batch_is_on_its_way_at_a_time(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    first = stage.cycle
    stage.settle()
    stage.funded("D>b 0.04, b>A 0.02")  # deep enough for the first batch, too; nobody has looked
    with pytest.raises(BatchOnItsWay, match=first):
        stage.settle()
    assert SignatureAsked not in map(type, stage.events())
    stage.check()
    assert settle(stage.house, first).state == "settled"
    assert stage.settle().state == "broadcast"
    stage.mine(stage.deep)

    assert stage.settle().state == "settled"
    assert (stage.received("A"), stage.received("b")) == (2_000_000, 2_000_000 + 2_000_000)
    stage.check()


def test_a_batch_that_was_asked_for_comes_first(embedded_stage: Stage) -> None:
    """Some may have signed it: nothing else is signed that spends the same coins."""
    stage = embedded_stage
    signers = dict(stage.house.rail.signers)
    stage.funded(CHAIN)
    first = stage.cycle
    stage.sign_with(stage.dark("ministry", "central-bank"))
    with pytest.raises(SignersTooFew):
        stage.settle()
    stage.sign_with(signers)
    stage.funded("D>b 0.04")
    with pytest.raises(BatchOnItsWay, match=first):
        stage.settle()

    assert settle(stage.house, first).state == "broadcast"


def test_a_batch_leaves_what_another_cycle_waits_for(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    first = stage.cycle
    stage.funded("D>b 0.04, A>b 0.01")
    waits = {one.script for one in stage.calls}
    settle(stage.house, first)
    stage.mine(stage.deep)
    assert settle(stage.house, first).state == "settled"
    assert {coin.script for coin in stage.coins(*waits)} == waits

    assert stage.settle().state == "broadcast"


def test_a_claim_in_one_cycle_pays_no_debt_in_another(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.funded("A>b 0.05")
    first = stage.cycle
    stage.cleared("b>C 0.05")
    assert stage.balance("b", AccountKind.IN_CLEARING) == 0  # of both together
    settle(stage.house, first)
    stage.mine(stage.deep)
    settle(stage.house, first)

    assert (stage.received("b"), stage.received("C")) == (5_000_000, 0)
    assert stage.balance("b", AccountKind.IN_CLEARING) == -5_000_000
    assert stage.settle().state == "cleared"
    stage.check()


def test_an_unknown_cycle_is_refused(embedded_stage: Stage) -> None:
    with pytest.raises(UnknownCycle):
        settle(embedded_stage.house, CycleId(derived("cyc", "no such")))


def test_nothing_is_released_before_the_last_pay_in_is_final(stage: Stage) -> None:
    stage.cleared("A>b 0.05, D>b 0.04")
    stage.pay((stage.call("A").script, 5_000_000))
    stage.mine()
    stage.pay((stage.call("D").script, 4_000_000))
    stage.mine(stage.deep - 1)
    seen = stage.settle()  # A's is final, D's lacks one block

    assert seen.state is State.CLEARED
    assert [one.participant for one in seen.outstanding] == [stage.firm("D").id]
    assert stage.row().txid is None
    assert stage.received("b") == 0
    stage.check()

    stage.mine()
    assert stage.settle().state is State.BROADCAST


def test_a_pay_in_may_come_in_two_parts(stage: Stage) -> None:
    stage.cleared(CHAIN)
    stage.pay((stage.call("A").script, 2_000_000))
    stage.mine(stage.deep)
    assert stage.settle().state is State.CLEARED
    assert stage.balance("A") == 2_000_000  # it is booked, and not taken
    stage.check()
    stage.pay((stage.call("A").script, 3_000_000))
    stage.mine(stage.deep)

    assert stage.settle().state is State.BROADCAST
    (fact,) = stage.facts(PayInFinal, stage.firm("A").id)
    assert len(fact.outpoints) == 2
    assert fact.units == 5_000_000


def test_too_little_leaves_the_cycle_waiting_and_says_for_whom(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared(CHAIN)
    stage.pay((stage.call("A").script, 4_999_999))
    stage.mine(stage.deep * 2)
    seen = stage.settle()

    assert seen.state is State.CLEARED
    assert [(one.participant, one.units) for one in seen.outstanding] == [
        (stage.firm("A").id, 5_000_000)
    ]
    assert stage.balance("A") == 4_999_999
    assert stage.kinds(stage.firm("A").id).count("PayInFinal") == 0
    stage.check()


def test_too_much_stays_the_payers(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared(CHAIN)
    stage.pay((stage.call("A").script, 5_000_700))
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)

    assert stage.settle().state is State.SETTLED
    assert stage.balance("A") == 700
    assert stage.received("C") == 3_000_000
    stage.check()


def with_balance(stage: Stage, units: int) -> None:
    """A cycle for which A paid so much too much is settled."""
    stage.cleared(CHAIN)
    stage.pay((stage.call("A").script, 5_000_000 + units))
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert stage.balance("A") == units


def test_a_balance_pays_for_the_next_cycle(embedded_stage: Stage) -> None:
    stage = embedded_stage
    with_balance(stage, 3_500_000)
    stage.cleared("A>b 0.03")
    assert stage.settle().state is State.BROADCAST
    (_, fact) = stage.facts(PayInFinal, stage.firm("A").id)

    assert (fact.outpoints, fact.units, fact.balance, fact.depth) == ((), 0, 3_000_000, 0)
    assert stage.balance("A") == 500_000
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert stage.received("b") == 2_000_000 + 3_000_000
    stage.check()


def test_a_balance_pays_what_a_pay_in_lacks(embedded_stage: Stage) -> None:
    stage = embedded_stage
    with_balance(stage, 1_000_000)
    stage.cleared("A>b 0.03")
    stage.pay((stage.call("A").script, 1_999_999))
    stage.mine(stage.deep)
    assert stage.settle().state is State.CLEARED
    stage.pay((stage.call("A").script, 600))
    stage.mine(stage.deep)
    assert stage.settle().state is State.BROADCAST
    (_, fact) = stage.facts(PayInFinal, stage.firm("A").id)

    assert (len(fact.outpoints), fact.units, fact.balance) == (2, 2_000_599, 999_401)
    assert stage.balance("A") == 599
    stage.check()


def test_a_balance_pays_once_and_for_none_but_what_another_cycle_leaves(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    with_balance(stage, 3_000_000)
    stage.cleared("A>b 0.03")
    first = stage.cycle
    stage.cleared("A>d 0.02")
    assert stage.settle().state is State.CLEARED  # the first waits for all of it
    assert settle(stage.house, first).state is State.BROADCAST
    assert stage.settle().state is State.CLEARED  # and has taken it
    assert stage.balance("A") == 0
    stage.pay_in()
    stage.mine(stage.deep)
    settle(stage.house, first)

    assert stage.settle().state is State.BROADCAST
    stage.check()


def test_a_second_payment_that_comes_while_signers_are_away_is_not_lost(stage: Stage) -> None:
    """The batch spends every final coin of the vault, so each must be in the books by then."""
    all_three = stage.house.rail.signers
    stage.cleared(CHAIN)
    stage.pay_in()
    stage.mine(stage.deep)
    stage.sign_with(stage.dark("ministry", "central-bank"))
    with pytest.raises(SignersTooFew):
        stage.settle()
    stage.pay((stage.call("A").script, 1_234_567))
    stage.mine(stage.deep)
    stage.sign_with(all_three)

    assert stage.settle().state is State.BROADCAST
    assert stage.balance("A") == 1_234_567
    stage.check()
    stage.mine(stage.deep)
    stage.settle()
    stage.check()


def test_a_pay_in_taken_back_by_a_reorganisation_does_not_count(stage: Stage) -> None:
    stage.cleared(CHAIN)
    stage.pay_in()
    stage.mine(stage.deep - 1)
    stage.settle()
    stage.reorganise(stage.deep - 1)
    seen = stage.settle()

    assert seen.state is State.CLEARED
    assert len(seen.outstanding) == 1
    assert stage.balance("A") == 0
    stage.check()
    stage.mine(stage.deep)  # it was in the mempool again
    assert stage.settle().state is State.BROADCAST


def test_a_pay_in_that_its_payer_takes_back_is_never_booked(stage: Stage) -> None:
    stage.cleared(CHAIN)
    coins = stage.coins(stage.purse.script)
    paid = stage.payment((stage.call("A").script, 5_000_000), coins=coins)
    taken_back = stage.payment((stage.purse.script, 5_000_000), coins=coins)
    stage.chain.submit(paid)
    stage.mine(2)
    stage.reorganise(2, taken_back)
    stage.mine(stage.deep * 2)

    assert stage.settle().state is State.CLEARED
    assert stage.balance("A") == 0
    assert reconcile(stage.house).unbooked == 0
    stage.check()


def test_who_gets_listed_before_release_stops_it(stage: Stage) -> None:
    stage.funded(CHAIN)
    stage.publish(stage.firm("C").name, age=timedelta(minutes=5))
    with pytest.raises(NoLongerCleared) as refused:
        stage.settle()
    (row, seen) = (stage.row(), reconcile(stage.house))

    assert refused.value.context["obligation"]
    assert (row.state, row.txid, seen.in_flight) == (State.FUNDED, None, 0)
    assert stage.received("b") == stage.received("C") == 0
    assert "BatchSigned" not in stage.kinds()
    assert stage.events(refused.value.context["obligation"])[-1].verdict == "deny"
    stage.check()

    stage.publish(age=timedelta(minutes=5))  # the list is corrected
    assert stage.settle().state is State.BROADCAST


def test_the_gates_answer_at_release_is_kept_once(embedded_stage: Stage) -> None:
    """Asked again while the release waits, the same answer is not news."""
    stage = embedded_stage
    (first, _) = stage.trade(CHAIN)
    stage.clear()
    stage.pay_in()
    stage.mine(stage.deep)
    before = stage.kinds(first).count("GateDecided")
    stage.sign_with(stage.dark("ministry", "central-bank"))
    for _ in range(3):
        with pytest.raises(SignersTooFew):
            stage.settle()

    assert stage.kinds(first).count("GateDecided") == before + 1


@pytest.mark.parametrize("away", ["ministry", "central-bank", "technology-firm"])
def test_any_two_institutions_are_enough(embedded_stage: Stage, away: str) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    stage.sign_with(stage.dark(away))

    assert stage.settle().state is State.BROADCAST
    (signed,) = stage.facts(BatchSigned)
    assert set(signed.signers) == set(stage.house.rail.signers) - {away}


def test_one_institution_is_not_enough(stage: Stage) -> None:
    stage.funded(CHAIN)
    all_three = stage.house.rail.signers
    stage.sign_with(stage.dark("ministry", "technology-firm"))
    with pytest.raises(SignersTooFew, match=r"1 of 2.*ministry.*technology-firm"):
        stage.settle()
    assert (stage.row().state, stage.row().txid) == (State.FUNDED, None)
    stage.check()

    stage.sign_with(all_three)
    assert stage.settle().state is State.BROADCAST


def test_institutions_sign_what_the_house_stated_and_nothing_else(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    (signed,) = stage.facts(BatchSigned)
    statement = parse(json.loads(signed.statement))
    more = replace(statement.pay_outs[0], units=statement.pay_outs[0].units + 1)
    raised = replace(statement, pay_outs=(more, *statement.pay_outs[1:]))
    signer = stage.house.rail.signers["ministry"]

    with pytest.raises(SignerRefused, match=r"statement\.signature-wrong"):
        signer.sign("", raised, signed.signature)
    own = sign_statement(raised, stage.house.rail.statement_key)
    with pytest.raises(SignerRefused, match=r"signer\.psbt-malformed"):
        signer.sign("", raised, own)


def test_a_float_too_small_for_the_fee_waits_until_it_is_funded(stage: Stage) -> None:
    stage.settled(CHAIN)
    stage.publish()
    rail = replace(stage.house.rail, fee_rate=1000)
    stage.house = replace(stage.house, settles=rail)
    stage.funded(CHAIN)
    with pytest.raises(FloatTooSmall):
        stage.settle()
    assert (stage.row().state, stage.row().txid) == (State.FUNDED, None)
    stage.check()

    stage.pay((float_address(stage.house).script, 1_000_000))
    stage.mine(stage.deep)
    assert stage.settle().state is State.BROADCAST
    stage.check()


def test_what_participants_left_does_not_pay_the_networks_fee(embedded_stage: Stage) -> None:
    """Coins of A's would cover the fee; they are not the house's."""
    stage = embedded_stage
    rail = replace(stage.house.rail, fee_rate=1000)
    stage.house = replace(stage.house, settles=rail)
    stage.cleared(CHAIN)
    stage.pay((stage.call("A").script, 50_000_000))
    stage.mine(stage.deep)

    with pytest.raises(FloatTooSmall):
        stage.settle()
    stage.check()


@pytest.mark.parametrize("depth", range(1, 6))
def test_a_reorganisation_before_finality_is_followed(embedded_stage: Stage, depth: int) -> None:
    followed(embedded_stage, depth)


@pytest.mark.external
@pytest.mark.parametrize("depth", [1, 5])
def test_a_reorganisation_on_a_real_node_is_followed(node_stage: Stage, depth: int) -> None:
    followed(node_stage, depth)


def followed(stage: Stage, depth: int) -> None:
    assert depth < stage.deep
    stage.funded(CHAIN)
    stage.settle()
    stage.mine(depth)
    assert (stage.settle().state, stage.settle().depth) == (State.CONFIRMED, depth)
    first = stage.row()
    stage.reorganise(depth)
    back = stage.settle()

    assert (back.state, back.depth) == (State.BROADCAST, 0)
    assert stage.row().block is None
    gone = stage.events()[-1]
    assert isinstance(gone, BatchReorganised)
    assert (gone.block, gone.height) == (first.block, first.height)
    stage.check()

    stage.mine(stage.deep - 1)
    assert stage.settle().state is State.CONFIRMED
    stage.mine()
    assert stage.settle().state is State.SETTLED
    assert stage.row().block != first.block
    assert stage.received("C") == 3_000_000
    stage.check()


def test_a_batch_mined_again_at_once_has_moved_to_another_block(stage: Stage) -> None:
    stage.funded(CHAIN)
    stage.settle()
    stage.mine(2)
    stage.settle()
    first = stage.row()
    stage.reorganise(2)
    stage.mine()
    seen = stage.settle()

    assert (seen.state, seen.depth) == (State.CONFIRMED, 1)
    gone, confirmed = stage.events()[-2:]
    assert isinstance(gone, BatchReorganised)
    assert isinstance(confirmed, BatchConfirmed)
    assert (gone.block, confirmed.block) == (first.block, stage.row().block)
    assert stage.row().height == confirmed.height == stage.chain.tip().height
    stage.check()


def test_a_reorganisation_that_nobody_saw_is_still_told(embedded_stage: Stage) -> None:
    """Looked at before and long after: final, in another block than it was first seen in."""
    stage = embedded_stage
    stage.funded(CHAIN)
    stage.settle()
    stage.mine(1)
    stage.settle()
    stage.reorganise(1)
    stage.mine(stage.deep)

    assert stage.settle().state is State.SETTLED
    assert stage.kinds()[-3:] == ["BatchReorganised", "BatchConfirmed", "CycleSettled"]


def test_a_reorganisation_deeper_than_final_is_an_alarm_and_rewrites_nothing(stage: Stage) -> None:
    stage.settled(CHAIN)
    stage.reorganise(stage.deep + 1)
    before = stage.records()
    for _ in range(2):
        with pytest.raises(FinalityBroken):
            stage.settle()

    assert stage.records() == before
    assert stage.row().state is State.SETTLED
    assert check_ledger(stage.house).is_balanced


def test_a_final_batch_that_is_mined_elsewhere_is_still_an_alarm(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    stage.reorganise(stage.deep + 1)
    stage.mine(stage.deep)
    with pytest.raises(FinalityBroken):
        stage.settle()


def test_a_final_pay_in_that_the_chain_takes_back_stops_the_release(stage: Stage) -> None:
    """Others have coins in the vault, too; nobody is paid with those."""
    stage.cleared("A>b 0.05, D>b 0.04")
    stage.pay((stage.call("D").script, 50_000_000))
    stage.mine()
    coins = stage.coins(stage.purse.script)
    taken_back = stage.payment((stage.purse.script, 5_000_000), coins=coins)
    stage.chain.submit(stage.payment((stage.call("A").script, 5_000_000), coins=coins))
    stage.mine(stage.deep)
    stage.sign_with(stage.dark("ministry", "central-bank"))
    with pytest.raises(SignersTooFew):
        stage.settle()
    stage.reorganise(stage.deep, taken_back)
    stage.mine(stage.deep)

    with pytest.raises(ReconciliationOff):
        stage.settle()
    assert reconcile(stage.house).difference == -5_000_000
    assert stage.row().txid is None


def test_a_batch_that_the_mempool_lost_is_handed_in_again(embedded_stage: Stage) -> None:
    """A real node's watching wallet hands in again itself; nobody may count on that."""
    stage, chain = embedded_stage, embedded_stage.chain
    stage.funded(CHAIN)
    stage.settle()
    txid = stage.row().txid
    assert txid
    assert isinstance(chain, EmbeddedChain)
    chain._mempool._waiting.clear()
    chain._mempool._spends.clear()
    assert not chain.sight([txid])[txid].known
    stage.check()
    seen = stage.settle()

    assert seen.state is State.BROADCAST
    assert chain.sight([txid])[txid].in_mempool
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert stage.received("C") == 3_000_000


def test_a_batch_whose_coin_is_gone_is_rejected_and_stays_broadcast(stage: Stage) -> None:
    """Two institutions could sign beside the house; the network takes one of the two."""
    stage.funded(CHAIN)
    stage.settle()
    before = stage.row()
    assert before.raw
    beside = rival(stage)
    stage.mine(1)
    stage.settle()
    stage.reorganise(1, beside)

    with pytest.raises(Rejected):
        stage.settle()
    assert (stage.row().state, stage.row().block) == (State.BROADCAST, None)
    assert stage.kinds()[-1] == "BatchReorganised"
    assert reconcile(stage.house).difference < 0


def rival(stage: Stage) -> bytes:
    """A transaction of the pay-in's coin, signed by two institutions beside the house.

    It is of another cycle's id, so the signers' books do not see that it pays the same twice.
    """
    rail, row, call = stage.house.rail, stage.row(), stage.calls[0]
    assert row.raw
    at = cycles.vault_addresses(stage.house.db)[call.script]
    previous = {}
    coins = []
    for spent in Transaction.parse(row.raw).vin:
        txid = spent.txid.hex()
        previous[txid] = rail.chain.transaction(txid)
        if Transaction.parse(previous[txid]).vout[spent.vout].script_pubkey.data == call.script:
            coins.append(vault.Coin(txid, spent.vout, at.position))
    to = PayOut(call.participant, stage.firm("A").wallet.address, call.units // 2)
    cycle, asset = CycleId(derived("cyc", stage.name, "beside")), stage.house.coin.identity
    descriptor, change = rail.vault.descriptor, row.change_index
    anchor, now = "00" * 32, stage.clock()
    said = Statement(cycle, asset, descriptor, (to,), call.units, change, anchor, now)
    psbt = rail.vault.compose(coins, previous, [(to.address, to.units)], change, 2, anchor)
    signature = sign_statement(said, rail.statement_key)
    two = [rail.signers[name] for name in ("ministry", "central-bank")]
    return vault.finalise(vault.combine([one.sign(psbt, said, signature) for one in two]))[0]


def test_settling_twenty_times_at_any_stage_changes_nothing_more(stage: Stage) -> None:
    steps: list[Callable[[], object]] = [
        lambda: stage.cleared(CHAIN),
        stage.pay_in,
        stage.mine,
        lambda: stage.mine(stage.deep - 1),
        stage.mine,
        lambda: stage.mine(stage.deep - 2),
        stage.mine,
    ]
    states = []
    for step in steps:
        step()
        states.append(stage.settle().state)
        before = stage.records()
        for _ in range(20):
            stage.clock.forward(seconds=1)
            stage.settle()
        assert stage.records() == before
        stage.check()

    assert states == [
        *("cleared", "cleared", "cleared", "broadcast", "confirmed", "confirmed", "settled")
    ]


def test_a_node_that_is_away_costs_nothing_but_time(stage: Stage) -> None:
    steps: list[Callable[[], object]] = [
        lambda: stage.cleared(CHAIN),
        stage.pay_in,
        lambda: stage.mine(stage.deep),
        lambda: stage.mine(2),
        lambda: stage.mine(stage.deep),
    ]
    for step in steps:
        step()
        before = stage.records()
        stage.stop()
        with pytest.raises(Unreachable):
            stage.settle()
        assert stage.records() == before
        stage.restart()
        stage.settle()
        stage.check()

    assert stage.row().state is State.SETTLED
    assert stage.kinds().count("BatchSigned") == 1


def test_a_cycle_cannot_be_cleared_while_the_node_is_away(stage: Stage) -> None:
    stage.trade(CHAIN)
    before = stage.records()
    stage.stop()
    with pytest.raises(Unreachable):
        stage.clear()
    assert stage.records() == before
    stage.restart()
    stage.clear()
    stage.check()


def test_what_cancels_in_full_settles_without_a_transaction(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, b>C 0.05, C>b 0.02, b>A 0.05, b>A 0.02")
    ids += stage.trade("A>b 0.05, C>b 0.05, b>C 0.02, A>b 0.02, b>A 0.05")
    done = stage.clear()
    assert (done.clearing.pay_in, done.pay_ins) == (0, [])
    seen = stage.settle()

    assert seen.state is State.SETTLED
    found = obligations.by_ids(stage.house.db, ids, stage.house.assets)
    assert {one.state for one in found.values()} == {"settled"}
    assert stage.row().txid is None
    assert stage.settle().state is State.SETTLED
    stage.check()
    stage.settled(CHAIN)  # and the house goes on


def test_claims_too_small_for_the_chain_stay_with_the_house(stage: Stage) -> None:
    stage.cleared("A>b 0.00000200, A>C 0.03")  # A>C is domestic and stays out
    stage.pay((stage.call("A").script, 400))  # less than 330 sat could not be relayed
    stage.mine(stage.deep)

    assert stage.settle().state is State.SETTLED
    assert stage.row().txid is None
    assert (stage.balance("A"), stage.balance("b")) == (200, 200)
    stage.check()
    stage.settled(CHAIN)
    assert (stage.balance("A"), stage.balance("b")) == (200, 200)
    stage.check()


def test_a_claim_too_small_waits_beside_those_that_are_paid(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled("A>b 0.00000200, A>d 0.03")

    assert stage.balance("b") == 200
    assert (stage.received("b"), stage.received("d")) == (0, 3_000_000)
    stage.check()


def test_cycle_follows_cycle_and_spends_the_change(embedded_stage: Stage) -> None:
    stage = embedded_stage
    for number in range(1, 4):
        stage.settled(CHAIN)
        assert stage.received("C") == number * 3_000_000
        stage.check()
    vault = [one for one in deposits(stage.house) if one.at.is_change]

    assert len(vault) == 1
    assert vault[0].coin.units == -stage.balance("house", AccountKind.VAULT)
