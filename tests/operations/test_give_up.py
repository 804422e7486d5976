"""What the institutions were asked to sign is given up by two people, and never paid."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from psycopg import Connection
from tests.hands import ADA, BELA, agree, approve, propose, release
from tests.operations.test_revise import CHAIN, EVERYBODY, in_clearing, states, verified
from tests.operations.test_settlement_faults import Meanwhile, moments
from tests.stage import Points, Stage, Stop, fragile, stop

from clearhouse.chains import vault
from clearhouse.chains.transaction import txid_of
from clearhouse.core.command import GiveUpBatch
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import CycleId
from clearhouse.core.reconciliation import Cause
from clearhouse.core.settlement import (
    BatchBroadcast,
    BatchSigned,
    CycleSettled,
    NoLongerCleared,
    NotReleased,
    SignatureAsked,
    State,
)
from clearhouse.core.unwinding import BatchGivenUp, BatchWithdrawn, CannotUnwind, CycleUnwound
from clearhouse.operations import books
from clearhouse.operations.differences import look
from clearhouse.operations.explain import explain
from clearhouse.operations.reconcile import reconcile
from clearhouse.operations.replay import replay
from clearhouse.operations.revise import Revised, revise
from clearhouse.store import cycles


def asked(stage: Stage, text: str = CHAIN, *listed: str) -> list[str]:
    """A cycle whose batch all have signed, which the house does not know; some firms are listed.

    Returns:
        The signed PSBTs.
    """
    stage.funded(text)
    kept = stage.answers_lost()
    stage.publish(*(stage.firm(letter).name for letter in listed))
    assert stage.row().state is State.FUNDED
    return kept


def give_up(stage: Stage, id: CycleId | None = None) -> None:
    agree(stage.house, GiveUpBatch(id or stage.cycle, "one was listed"))


def refused(stage: Stage, id: CycleId | None = None) -> str:
    """The code of the refusal to give up; nothing has changed."""
    before = stage.records()
    with pytest.raises(Refusal) as refusal:
        propose(stage.house, GiveUpBatch(id or stage.cycle, ""))
    assert stage.records() == before
    return refusal.value.code


def withdrawn(stage: Stage) -> None:
    """Two people give the batch up, and what takes its place becomes final."""
    give_up(stage)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.WITHDRAWN


def unwound(stage: Stage) -> Revised:
    id = stage.next_cycle()
    done = revise(stage.house, stage.cycle, id)
    if done.cleared:
        stage.cycle, stage.calls = id, done.cleared.pay_ins
    return done


def finish(stage: Stage) -> None:
    release(stage.house, stage.cycle)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    stage.check()


def test_what_was_signed_can_never_be_paid_and_the_rest_is(
    embedded_stage: Stage, tmp_path: Path, elsewhere: Connection
) -> None:
    stage = embedded_stage
    signed = asked(stage, CHAIN, "D")
    first = stage.cycle
    with pytest.raises(NoLongerCleared):
        stage.settle()
    with pytest.raises(CannotUnwind, match="give-up"):
        unwound(stage)
    before = reconcile(stage.house)
    give_up(stage)
    with pytest.raises(CannotUnwind, match="not final"):
        unwound(stage)
    assert stage.settle().state is State.BROADCAST
    flying = reconcile(stage.house)
    assert (flying.difference, flying.ledger) == (0, before.ledger)
    assert 0 < flying.in_flight < 100_000, "the fee alone"
    stage.mine(stage.deep)
    assert stage.settle().state is State.WITHDRAWN

    raw, txid = vault.finalise(vault.combine(signed[:2]))
    assert txid == stage.facts(SignatureAsked, first)[0].txid == txid_of(signed[0])
    with pytest.raises(Refusal):
        stage.chain.submit(raw)
    (end,) = stage.facts(BatchWithdrawn, first)
    assert end.depth >= end.depth_final
    assert [one.txid for one in stage.facts(BatchSigned, first)] == [end.txid]
    assert reconcile(stage.house).difference == 0
    assert stage.settle().state is State.WITHDRAWN, "and stays so until it is unwound"
    done = unwound(stage)
    assert done.cleared is not None
    assert done.cleared.clearing.gross == 8_000_000
    assert stage.facts(CycleUnwound, first) == [CycleUnwound(first, stage.cycle, 1)]
    assert {one.participant: one.paid for one in done.calls} == {
        stage.firm("A").id: 5_000_000,
        stage.firm("D").id: 2_000_000,
    }
    with pytest.raises(NotReleased):
        stage.settle()
    finish(stage)
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    assert stage.balance("D") == 2_000_000
    assert in_clearing(stage) == [0, 0, 0, 0]
    assert look(stage.house).standing == []
    verified(stage, tmp_path)
    replay(stage.house, elsewhere, lambda _: None)


def test_each_step_may_be_on_another_day(
    embedded_stage: Stage, tmp_path: Path, elsewhere: Connection
) -> None:
    """The books carry it from day to day: asked, given up, signed, sent, withdrawn, unwound."""
    stage = embedded_stage
    days = 0

    def over() -> None:
        nonlocal days
        days += 1
        folder = tmp_path / str(days)
        folder.mkdir()
        verified(stage, folder)
        stage.clock.forward(days=1)
        stage.publish(stage.firm("D").name)

    asked(stage, CHAIN, "D")
    over()
    give_up(stage)
    over()
    stage.settle()
    over()
    stage.mine(1)
    stage.settle()
    over()
    stage.mine(stage.deep)
    assert stage.settle().state is State.WITHDRAWN
    over()
    unwound(stage)
    over()
    finish(stage)
    over()
    replay(stage.house, elsewhere, lambda _: None)


def test_what_the_gate_clears_again_is_cleared_again(embedded_stage: Stage, tmp_path: Path) -> None:
    """The listing was taken back meanwhile: all of it is in the next cycle, at the same calls."""
    stage = embedded_stage
    ids = stage.trade(CHAIN)
    asked(stage, "A>d 0.01", "D")
    first, scripts = stage.cycle, {one.participant: one.script for one in stage.calls}
    withdrawn(stage)
    stage.publish()
    done = unwound(stage)

    assert done.cleared is not None
    assert (done.out, len(done.cleared.clearing.lines)) == ([], 4)
    assert stage.facts(CycleUnwound, first)[0].stopped == 0
    assert {one.participant: one.script for one in stage.calls} == scripts
    assert any("withdrawn" in step.title for step in explain(stage.house, first).steps)
    finish(stage)
    assert states(stage, *ids) == ["settled"] * 3
    verified(stage, tmp_path)


def test_where_nothing_is_left_the_coins_are_the_payers(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    asked(stage, "A>b 0.05", "b")
    withdrawn(stage)
    assert unwound(stage).cleared is None
    assert cycles.open_cycles(stage.house.db) == []
    assert stage.balance("A") == 5_000_000
    stage.cleared("A>d 0.05")
    assert stage.settle().state is State.BROADCAST, "its balance pays"
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert (stage.received("d"), stage.balance("A")) == (5_000_000, 0)
    verified(stage, tmp_path)


def test_another_cycle_is_signed_after_it(embedded_stage: Stage, tmp_path: Path) -> None:
    """What it waits for is left alone, and comes before the revised cycle or after."""
    stage = embedded_stage
    asked(stage, CHAIN, "D")
    first = stage.cycle
    stage.cleared("b>A 0.02")
    second = stage.cycle
    stage.pay_in()
    stage.mine(stage.deep)
    stage.cycle = first
    give_up(stage)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.WITHDRAWN
    stage.cycle = second
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert stage.received("A") == 2_000_000
    stage.cycle = first
    unwound(stage)
    finish(stage)
    verified(stage, tmp_path)


def test_a_reorganisation_takes_it_back_and_it_comes_again(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    asked(stage, CHAIN, "D")
    give_up(stage)
    stage.settle()
    stage.mine(1)
    assert stage.settle().state is State.CONFIRMED
    stage.reorganise(1)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.WITHDRAWN
    unwound(stage)
    finish(stage)
    verified(stage, tmp_path)


def test_what_was_signed_before_gets_ahead_and_people_are_told(embedded_stage: Stage) -> None:
    """Two institutions hand in what they signed, before the house can move a coin of it."""
    stage = embedded_stage
    signed = asked(stage, CHAIN, "D")
    give_up(stage)
    stage.settle()
    raw, txid = vault.finalise(vault.combine(signed[:2]))
    stage.reorganise(0, raw)
    stage.mine(stage.deep)
    with pytest.raises(Refusal):
        stage.settle()

    assert stage.row().state is State.BROADCAST
    assert stage.facts(BatchWithdrawn) == []
    with pytest.raises(CannotUnwind):
        unwound(stage)
    assert Cause.CUSTODY in {one.cause for one in look(stage.house).standing}
    assert stage.chain.sight([txid])[txid].block is not None


def test_who_gives_up_while_it_is_signed_finds_it_not_kept(embedded_stage: Stage) -> None:
    """Two people agree between the first signature and the second."""
    stage = embedded_stage
    asked(stage)
    plain = stage.house
    waiting = propose(plain, GiveUpBatch(stage.cycle, ""))

    def act() -> None:
        approve(plain, waiting)

    signers = dict(plain.rail.signers)
    signers["central-bank"] = cast("Any", Meanwhile(signers["central-bank"], "sign", act))
    stage.house = replace(plain, settles=replace(plain.rail, signers=signers))
    assert stage.settle().state is State.FUNDED
    stage.settle()
    stage.mine(stage.deep)

    assert stage.settle().state is State.WITHDRAWN
    paid_nobody = [one.txid for one in stage.facts(BatchWithdrawn)]
    assert [one.txid for one in stage.facts(BatchBroadcast)] == paid_nobody
    assert len({one.txid for one in stage.facts(SignatureAsked)}) == 2


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("cleared", "settlement.nothing-to-give-up"),
        ("funded", "settlement.nothing-to-give-up"),
        ("broadcast", "settlement.nothing-to-give-up"),
        ("settled", "settlement.nothing-to-give-up"),
        ("given up", "settlement.given-up-before"),
        ("withdrawn", "settlement.given-up-before"),
        ("unknown", "settlement.unknown-cycle"),
        ("malformed", "id.malformed"),
    ],
)
def test_what_cannot_be_given_up_is_refused(embedded_stage: Stage, how: str, code: str) -> None:
    stage = embedded_stage
    match how:
        case "cleared":
            stage.cleared(CHAIN)
        case "funded":
            stage.trade(CHAIN)
            stage.clear(released=False)
            stage.pay_in()
            stage.mine(stage.deep)
            with pytest.raises(NotReleased):
                stage.settle()
        case "broadcast":
            stage.funded(CHAIN)
            stage.settle()
        case "settled":
            stage.settled(CHAIN)
        case "given up":
            asked(stage)
            give_up(stage)
        case "withdrawn":
            asked(stage)
            withdrawn(stage)
        case _:
            pass
    id = {"unknown": stage.next_cycle(), "malformed": CycleId("cyc_1")}.get(how)

    assert refused(stage, id) == code


def test_one_person_gives_nothing_up(embedded_stage: Stage) -> None:
    stage = embedded_stage
    asked(stage, CHAIN, "D")
    waiting = propose(stage.house, GiveUpBatch(stage.cycle, ""))
    with pytest.raises(Refusal, match="your own"):
        approve(stage.house, waiting, ADA)
    assert stage.row().given_up is None
    with pytest.raises(Refusal) as refusal:
        propose(stage.house, GiveUpBatch(stage.cycle, ""), BELA)
    assert refusal.value.code == "person.not-permitted"
    with pytest.raises(NoLongerCleared):
        stage.settle()


def test_what_was_given_up_is_never_settled(embedded_stage: Stage) -> None:
    """Though all pay-ins are there and it was released, and whoever settles it."""
    stage = embedded_stage
    asked(stage)
    withdrawn(stage)
    for _ in range(3):
        stage.mine(stage.deep)
        assert stage.settle().state is State.WITHDRAWN
    assert stage.facts(CycleSettled) == []
    assert [stage.received(letter) for letter in EVERYBODY] == [0, 0, 0, 0]
    (one,) = stage.facts(BatchGivenUp)
    assert one.reason == "one was listed"


def steps(stage: Stage) -> list[tuple[str, Callable[[], object]]]:
    return [
        ("settle", stage.settle),
        ("mine", lambda: stage.mine(stage.deep)),
        ("settle", stage.settle),
        ("revise", lambda: unwound(stage)),
    ]


def test_it_can_stop_anywhere_and_goes_on(embedded_stage: Stage) -> None:
    """From giving up to the revised cycle: statements, signatures and calls."""
    stage = embedded_stage
    plain = stage.house

    def broken(at: int) -> Points:
        points = Points(at, stop)
        stage.house = fragile(plain, points)
        try:
            for _, act in steps(stage):
                act()
        except Stop:
            pass
        finally:
            stage.house = plain
        return points

    def ends_well() -> None:
        first = stage.facts(BatchGivenUp)
        while first and stage.row().state is not State.UNWOUND:
            if stage.settle().state is State.WITHDRAWN:
                unwound(stage)
                break
            stage.mine(stage.deep)
        finish(stage)
        books.close(plain)

    def given_up() -> None:
        stage.fill_float()
        asked(stage)
        give_up(stage)

    for _ in range(2):
        given_up()
        names = broken(0).names
        ends_well()
    stopped_at = set()
    for at, _ in moments(names):
        given_up()
        stopped_at.add(broken(at).names[-1])
        ends_well()
    assert {"before sign", "after sign", "before submit", "after submit"} <= stopped_at
    assert {"statement", "committed"} <= stopped_at
