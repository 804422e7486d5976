"""A cycle that the gate no longer clears is unwound, and the rest of it cleared again."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from psycopg import Connection
from tests.hands import CORA, approve, enrol, propose, release
from tests.operations.test_caps import cap
from tests.operations.test_clear import rate
from tests.operations.test_publish import check, published
from tests.operations.test_settlement_faults import Meanwhile, moments
from tests.stage import Points, Stage, Stop, fragile, stop

from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.command import ReleaseCycle
from clearhouse.core.errors import Refusal
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.ledger import AccountKind
from clearhouse.core.person import Role
from clearhouse.core.schedule import CycleScheduled
from clearhouse.core.settlement import (
    CycleSettled,
    FloatTooSmall,
    NoLongerCleared,
    NotReleased,
    PayInFinal,
    SignersTooFew,
    State,
)
from clearhouse.core.unwinding import CannotUnwind, CycleUnwound
from clearhouse.demo.lists import misspelt
from clearhouse.operations import books
from clearhouse.operations.clear import clear_cycle
from clearhouse.operations.cycle_view import view
from clearhouse.operations.explain import explain
from clearhouse.operations.holds import holds
from clearhouse.operations.notices import deliver
from clearhouse.operations.overdue import note_overdue
from clearhouse.operations.recleared import reclear
from clearhouse.operations.release import release_of
from clearhouse.operations.replay import replay
from clearhouse.operations.report import report
from clearhouse.operations.revise import Call, Out, Revised, revise
from clearhouse.operations.screen import open_gate
from clearhouse.store import cycles, obligations

# A pays in 0.05, D 0.02; b gets 0.04, C gets 0.03. Without D, b gets 0.02.
CHAIN = "A>b 0.05, b>C 0.03, D>b 0.02"
EVERYBODY = "AbCD"


def revised(stage: Stage, *listed: str) -> Revised:
    """Revise the stage's cycle after some firms were listed; go on with what took its place."""
    stage.publish(*(stage.firm(letter).name for letter in listed))
    id = stage.next_cycle()
    done = revise(stage.house, stage.cycle, id)
    if done.cleared:
        stage.cycle, stage.calls = id, done.cleared.pay_ins
    return done


def paid_in(stage: Stage) -> None:
    """Every pay-in is final, and the house has seen it; nobody has released anything."""
    stage.pay_in()
    stage.mine(stage.deep)
    with pytest.raises(NotReleased):
        stage.settle()
    assert stage.row().state is State.FUNDED


def finish(stage: Stage) -> None:
    """Two people release the cycle, and it settles."""
    release(stage.house, stage.cycle)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    stage.check()


def states(stage: Stage, *ids: ObligationId) -> list[str]:
    found = obligations.by_ids(stage.house.db, ids, stage.house.assets)
    return [str(found[id].state) for id in ids]


def verified(stage: Stage, folder: Path, letters: str = EVERYBODY) -> None:
    """Close the books: the verifier passes the day, and each firm's own."""
    books.close(stage.house)
    for name, who in (("day", None), *((one, stage.firm(one).id) for one in letters)):
        published(stage, folder / name, who)
        check(stage, folder / name)


def refused(stage: Stage, id: CycleId | None = None, new: CycleId | None = None) -> str:
    """The code of the refusal to revise; nothing has changed."""
    with suppress(Refusal):
        open_gate(stage.house)  # today's lists are adopted
    before = stage.records()
    with pytest.raises(Refusal) as refusal:
        revise(stage.house, id or stage.cycle, new or stage.next_cycle())
    assert stage.records() == before
    return refusal.value.code


def in_clearing(stage: Stage, letters: str = EVERYBODY) -> list[int]:
    return [stage.balance(letter, AccountKind.IN_CLEARING) for letter in letters]


def test_the_rest_settles_and_who_was_listed_waits(
    embedded_stage: Stage, tmp_path: Path, elsewhere: Connection
) -> None:
    stage = embedded_stage
    ids = stage.trade(CHAIN)
    stage.clear()
    first, before = stage.cycle, stage.call("A")
    done = revised(stage, "D")

    assert done.cleared is not None
    assert done.cleared.clearing.gross == 8_000_000
    assert states(stage, *ids) == ["cleared", "cleared", "affirmed"]
    assert stage.facts(CycleUnwound, first) == [CycleUnwound(first, stage.cycle, 1)]
    assert [one.why for one in done.out] == ["denied"]
    assert done.out[0].obligation == ids[2]
    assert any(stage.firm("D").name in ground for ground in done.out[0].grounds)
    assert (stage.call("A").script, stage.call("A").units) == (before.script, before.units)
    assert in_clearing(stage) == [-5_000_000, 2_000_000, 3_000_000, 0]
    assert cycles.open_cycles(stage.house.db) == [stage.cycle]
    assert cycles.last_cycle(stage.house.db) == stage.cycle
    stage.check()
    stage.pay_in()
    stage.mine(stage.deep)
    finish(stage)
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    assert states(stage, *ids) == ["settled", "settled", "affirmed"]
    assert in_clearing(stage) == [0, 0, 0, 0]
    verified(stage, tmp_path)
    replay(stage.house, elsewhere, lambda _: None)


def test_what_was_paid_in_before_counts(embedded_stage: Stage, tmp_path: Path) -> None:
    """It is funded, and unwound: all is the payers' own, and the revised cycle asks for no more."""
    stage = embedded_stage
    stage.trade(CHAIN)
    stage.clear(released=False)
    paid_in(stage)
    assert in_clearing(stage) == [0, 4_000_000, 3_000_000, 0]
    done = revised(stage, "D")

    assert done.calls == sorted(
        [
            Call(stage.firm("A").id, 5_000_000, 5_000_000, 5_000_000),
            Call(stage.firm("D").id, 2_000_000, 0, 2_000_000),
        ],
        key=lambda one: one.participant,
    )
    assert (stage.balance("A"), stage.balance("D")) == (5_000_000, 2_000_000)
    assert in_clearing(stage) == [-5_000_000, 2_000_000, 3_000_000, 0]
    assert [one.final for one in stage.calls] == [False]
    stage.check()
    finish(stage)
    assert (stage.balance("A"), stage.balance("D")) == (0, 2_000_000)
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    old, new = stage.facts(PayInFinal, stage.firm("A").id)
    assert (old.outpoints, old.units) == (new.outpoints, new.units)
    verified(stage, tmp_path)


def test_what_was_paid_in_counts_though_another_cycles_batch_has_spent_it(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """A batch spends all coins that are not waited for; the books know whose they were."""
    stage = embedded_stage
    stage.trade(CHAIN)
    stage.clear(released=False)
    call = stage.call("A")
    stage.pay((call.script, 5_000_000), (stage.call("D").script, 2_000_000))
    stage.mine(stage.deep)
    with pytest.raises(NotReleased):
        stage.settle()
    first = stage.cycle
    stage.settled("E>d 0.01")
    assert stage.coins(call.script) == []
    stage.cycle = first
    done = revised(stage, "D")

    assert Call(stage.firm("A").id, 5_000_000, 5_000_000, 5_000_000) in done.calls
    finish(stage)
    assert (stage.balance("A"), stage.balance("D")) == (0, 2_000_000)
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    old, new = stage.facts(PayInFinal, stage.firm("A").id)
    assert (old.outpoints, old.units) == (new.outpoints, new.units)
    verified(stage, tmp_path, "AbCDEd")


def test_what_is_too_much_now_stays_the_payers(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05, A>d 0.02")
    stage.clear(released=False)
    paid_in(stage)
    done = revised(stage, "d")

    assert done.calls == [Call(stage.firm("A").id, 7_000_000, 5_000_000, 7_000_000)]
    finish(stage)
    assert stage.balance("A") == 2_000_000
    assert stage.received("b") == 5_000_000
    verified(stage, tmp_path, "Abd")


def test_what_is_on_its_way_counts_and_who_owes_more_pays_the_rest(embedded_stage: Stage) -> None:
    """Without d, A pays in all of its debt; the coins of both come to one address."""
    stage = embedded_stage
    stage.trade("A>b 0.05, d>A 0.02")
    stage.clear(released=False)
    stage.pay_in()  # 0.03, in no block yet
    done = revised(stage, "d")

    assert Call(stage.firm("A").id, 3_000_000, 5_000_000, 0) in done.calls
    stage.mine(stage.deep)
    assert stage.settle().state is State.CLEARED
    stage.pay((stage.call("A").script, 2_000_000))
    stage.mine(stage.deep)
    finish(stage)
    assert stage.balance("A") == 0
    assert stage.balance("d") == 2_000_000
    assert stage.received("b") == 5_000_000


def test_what_was_paid_in_counts_though_a_cycle_between_asked_for_nothing(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """First d goes out, and A owes nothing on balance; then c, and it owes as much as it paid."""
    stage = embedded_stage
    stage.trade("A>b 0.05, A>d 0.05, c>A 0.05")
    stage.clear(released=False)
    paid = stage.call("A")
    stage.pay((paid.script, paid.units))
    stage.mine(stage.deep)
    stage.settle()
    revised(stage, "d")
    assert stage.firm("A").id not in {one.participant for one in stage.calls}
    assert stage.balance("A") == paid.units == 5_000_000
    stage.clock.forward(minutes=1)
    revised(stage, "c")
    assert stage.call("A").units == 5_000_000
    finish(stage)
    assert (stage.balance("A"), stage.received("b")) == (0, 5_000_000)
    verified(stage, tmp_path, "Abdc")


def test_what_was_paid_for_a_cycle_without_a_successor_pays_for_a_later_one(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    stage.trade("A>d 0.05")
    stage.clear(released=False)
    paid_in(stage)
    assert revised(stage, "d").cleared is None
    assert stage.balance("A") == 5_000_000
    verified(stage, tmp_path, "Ad")
    stage.clock.forward(days=1)
    stage.publish()
    stage.trade("A>b 0.01")
    stage.clear()
    assert stage.call("A").units == 6_000_000  # d is struck off the list
    stage.pay((stage.call("A").script, 1_000_000))
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)

    assert stage.settle().state is State.SETTLED
    assert (stage.balance("A"), stage.received("d")) == (0, 5_000_000)
    (tmp_path / "after").mkdir()
    verified(stage, tmp_path / "after", "Abd")


def test_what_has_paid_for_another_cycle_meanwhile_does_not_count_again(
    embedded_stage: Stage,
) -> None:
    """What came for the first schedule is more than the second asks, and the rest is a balance."""
    stage = embedded_stage
    stage.trade("A>b 0.03, A>d 0.02, c>A 0.02")
    stage.clear(released=False)
    stage.pay((stage.call("A").script, stage.call("A").units))
    stage.mine(stage.deep)
    stage.settle()
    revised(stage, "d")
    mine = stage.cycle
    assert stage.call("A").units == 1_000_000
    stage.trade("A>e 0.02")
    stage.clear()
    assert stage.settle().state is State.BROADCAST  # two thirds of what came pay for this
    stage.cycle = mine
    stage.clock.forward(minutes=1)
    revised(stage, "c")
    assert stage.call("A").units == 3_000_000
    assert stage.settle().state is State.CLEARED
    assert stage.balance("A") == 1_000_000
    stage.pay((stage.call("A").script, 2_000_000))
    stage.mine(stage.deep)
    with pytest.raises(NotReleased):
        stage.settle()
    assert stage.row().state is State.FUNDED
    stage.check()


def test_who_owes_now_and_did_not_before_gets_an_address(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05, b>C 0.03, D>b 0.02, A>d 0.01")
    stage.clear(released=False)
    before = {one.participant: one.script for one in stage.calls}
    revised(stage, "A")  # what A owes b goes out: b must pay for C

    assert stage.firm("b").id not in before
    assert stage.call("b").script not in before.values()
    assert stage.call("D").script == before[stage.firm("D").id]
    stage.pay_in()
    stage.mine(stage.deep)
    finish(stage)
    assert stage.received("C") == 3_000_000
    verified(stage, tmp_path, "AbCDd")


def test_a_ring_that_is_broken_cancels_no_more(embedded_stage: Stage, tmp_path: Path) -> None:
    """All was set off; without one of the ring all is owed, and the labels are other ones."""
    stage = embedded_stage
    stage.trade("A>b 0.03, b>C 0.03, C>d 0.03, d>A 0.03")
    first = stage.clear(released=False)
    assert (first.clearing.set_off, first.pay_ins) == (12_000_000, [])
    done = revised(stage, "d")

    assert done.cleared is not None
    assert done.cleared.clearing.set_off == 0
    assert done.calls == [Call(stage.firm("A").id, 0, 3_000_000, 0)]
    verified(stage, tmp_path, "AbCd")
    stage.pay_in()
    stage.mine(stage.deep)
    finish(stage)
    assert stage.received("C") == 3_000_000


def test_where_the_gate_clears_all_nobody_can_unwind(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared(CHAIN)
    assert refused(stage) == "settlement.nothing-to-revise"

    stage.pay_in()
    stage.mine(stage.deep)
    assert stage.settle().state is State.BROADCAST


def test_where_nothing_is_left_it_is_only_unwound(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, d>A 0.02")
    stage.clear(released=False)
    paid_in(stage)
    first = stage.cycle
    done = revised(stage, "A")

    assert done.cleared is None
    assert stage.facts(CycleUnwound, first) == [CycleUnwound(first, "", 2)]
    assert states(stage, *ids) == ["affirmed", "affirmed"]
    assert Call(stage.firm("A").id, 3_000_000, 0, 3_000_000) in done.calls
    assert stage.balance("A") == 3_000_000
    assert in_clearing(stage, "Abd") == [0, 0, 0]
    assert cycles.open_cycles(stage.house.db) == []
    assert stage.settle().state is State.UNWOUND
    assert stage.settle().outstanding == []
    stage.check()
    verified(stage, tmp_path, "Abd")

    stage.publish()  # the list is corrected
    assert len(stage.clear().clearing.lines) == 2
    assert stage.call("A").units == 3_000_000
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    verified(stage, tmp_path, "Abd")


def test_both_answers_but_yes_take_an_obligation_out(embedded_stage: Stage) -> None:
    """A name that is only like a listed one is held for a person to look at."""
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, b>C 0.03, D>b 0.02")
    stage.clear()
    stage.publish(misspelt(stage.firm("D").name), stage.firm("C").name)
    done = revise(stage.house, stage.cycle, stage.next_cycle())

    why = {one.obligation: one.why for one in done.out}
    assert why == {ids[1]: "denied", ids[2]: "held"}
    decided = [stage.facts(GateDecided, id)[-1].verdict for id in ids]
    assert decided == ["clear", "deny", "hold"]
    assert [one.stopped for one in stage.facts(CycleUnwound)] == [2]


@pytest.mark.parametrize("how", ["asked", "settled", "unwound"])
def test_once_signatures_are_asked_for_or_it_has_ended_it_stays(
    embedded_stage: Stage, how: str
) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    if how == "asked":
        stage.sign_with(stage.dark("ministry", "central-bank"))
        with pytest.raises(SignersTooFew):
            stage.settle()
        assert stage.row().state is State.FUNDED
    elif how == "settled":
        stage.settle()
        stage.mine(stage.deep)
        stage.settle()
    first = stage.cycle
    if how == "unwound":
        revised(stage, "D")
    stage.publish(stage.firm("D").name, stage.firm("C").name)

    assert refused(stage, first) == "settlement.cannot-unwind"


def test_what_is_not_there_or_there_already_is_refused(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled("A>b 0.05")
    before = stage.cycle
    stage.cleared(CHAIN)
    stage.publish(stage.firm("D").name)

    assert refused(stage, stage.next_cycle()) == "settlement.unknown-cycle"
    assert refused(stage, new=before) == "settlement.cycle-known"
    assert refused(stage, new=stage.cycle) == "settlement.cycle-known"


def test_where_the_gate_cannot_answer_nothing_is_unwound(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared(CHAIN)
    stage.publish(stage.firm("D").name, age=timedelta(days=3))

    assert refused(stage).startswith("screening.")


def test_a_revised_cycle_can_be_revised(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, b>C 0.03, D>b 0.02, A>d 0.01")
    stage.clear(released=False)
    call = stage.call("A")
    stage.pay((call.script, call.units))
    stage.mine(stage.deep)
    stage.settle()
    revised(stage, "D")
    assert stage.call("A").script == call.script
    with pytest.raises(NotReleased):
        stage.settle()
    done = revised(stage, "D", "d")

    assert done.calls[0] == Call(stage.firm("A").id, 6_000_000, 5_000_000, 6_000_000)
    assert stage.call("A").script == call.script
    assert states(stage, *ids) == ["cleared", "cleared", "affirmed", "affirmed"]
    finish(stage)
    assert stage.balance("A") == 1_000_000
    assert len(stage.facts(PayInFinal, stage.firm("A").id)) == 3
    verified(stage, tmp_path, "AbCDd")


def test_over_three_days_each_day_passes(
    embedded_stage: Stage, tmp_path: Path, elsewhere: Connection
) -> None:
    """Funded on the first, unwound on the second, and who was listed is in a cycle of the third."""
    stage = embedded_stage
    ids = stage.trade(CHAIN + ", A>b 0.00000300, C>d 0.00000200")
    stage.clear(released=False)
    paid_in(stage)
    verified(stage, tmp_path, "AbCDd")
    stage.clock.forward(days=1)
    revised(stage, "D")
    verified(stage, tmp_path, "AbCDd")
    stage.clock.forward(days=1)
    stage.publish(stage.firm("D").name)
    finish(stage)
    verified(stage, tmp_path, "AbCDd")
    stage.clock.forward(days=1)
    stage.publish()
    done = stage.clear()
    assert [line.due.id for line in done.clearing.lines] == [ids[2]]
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert stage.balance("D") == 2_000_000, "it was paid twice, and once is its own"
    verified(stage, tmp_path, "AbCDd")
    replay(stage.house, elsewhere, lambda _: None)


def test_signatures_asked_for_stand_in_the_books(embedded_stage: Stage, tmp_path: Path) -> None:
    """A day may end between asking and signing."""
    stage = embedded_stage
    signers = stage.house.rail.signers
    stage.funded(CHAIN)
    stage.sign_with(stage.dark("ministry", "central-bank"))
    with pytest.raises(SignersTooFew):
        stage.settle()
    verified(stage, tmp_path)
    stage.sign_with(signers)
    stage.settle()
    verified(stage, tmp_path)


def test_where_only_the_head_was_chosen_it_is_unwound(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """The float was too small for the fee, so nobody was asked to sign."""
    stage = embedded_stage
    plain = stage.house
    stage.funded(CHAIN)
    stage.house = replace(plain, settles=replace(plain.rail, fee_rate=1_000))
    with pytest.raises(FloatTooSmall):
        stage.settle()
    stage.house = plain
    assert "HeadAnchored" in stage.kinds()
    revised(stage, "D")
    finish(stage)
    verified(stage, tmp_path)


# --- the timetable

RESCISSION = datetime(2026, 3, 2, 18, tzinfo=UTC)
SETTLEMENT = datetime(2026, 3, 3, 15, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)


def scheduled(stage: Stage, text: str) -> None:
    """Tuesday's cycle, cleared on Monday evening."""
    stage.trade(text)
    stage.clock.at = RESCISSION
    stage.publish()
    stage.cycle = stage.next_cycle()
    stage.calls = clear_cycle(stage.house, stage.cycle, kind="daily").pay_ins


def test_it_is_of_the_same_kind_and_day_while_that_can_settle(
    embedded_stage: Stage, tmp_path: Path, elsewhere: Connection
) -> None:
    stage = embedded_stage
    scheduled(stage, CHAIN)
    (first,) = stage.facts(CycleScheduled)
    late = stage.trade("A>b 0.07")  # for Wednesday's
    stage.clock.at = SETTLEMENT - timedelta(seconds=1)
    done = revised(stage, "D")

    assert stage.facts(CycleScheduled) == [replace(first, cycle=stage.cycle)]
    assert cycles.held(stage.house.db, "daily", TUESDAY) == stage.cycle
    assert [one.due_at for one in stage.calls] == [SETTLEMENT]
    assert done.cleared is not None
    assert late[0] not in {line.due.id for line in done.cleared.clearing.lines}
    verified(stage, tmp_path)
    replay(stage.house, elsewhere, lambda _: None)


def test_after_its_settlement_it_is_of_no_kind_and_still_takes_no_newcomer(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    scheduled(stage, CHAIN)
    late = stage.trade("A>b 0.07")
    stage.clock.at = SETTLEMENT
    first = stage.cycle
    done = revised(stage, "D")

    assert stage.facts(CycleScheduled) == []
    assert cycles.held(stage.house.db, "daily", TUESDAY) == first  # and none is held anew
    assert states(stage, *late) == ["affirmed"]
    assert done.cleared is not None
    assert len(done.cleared.clearing.lines) == 2
    verified(stage, tmp_path)


# --- what else keeps an obligation out


def test_what_comes_beyond_a_cap_now_is_held_back(embedded_stage: Stage, tmp_path: Path) -> None:
    """A's claims go out with d; then it owes more than its cap, and what is newest waits."""
    stage = embedded_stage
    enrol(stage.house, CORA, Role.SUPERVISOR, Role.COMPLIANCE, Role.OPERATOR)
    cap(stage, "A", 6_000_000)
    stage.trade("A>b 0.05, A>b 0.04, d>A 0.04")
    done = stage.clear(released=False)
    assert done.left_out == {}
    after = revised(stage, "d")

    assert sorted(one.why for one in after.out) == ["beyond a cap", "denied"]
    (held_back,) = [one.obligation for one in after.out if one.why == "beyond a cap"]
    assert [one.cycle for one in stage.facts(ObligationHeldBack, held_back)] == [stage.cycle]
    verified(stage, tmp_path, "Abd")


def test_where_caps_keep_all_the_rest_out_its_end_says_so(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    enrol(stage.house, CORA, Role.SUPERVISOR, Role.COMPLIANCE, Role.OPERATOR)
    cap(stage, "A", 2_000_000)
    (debt, claim) = stage.trade("A>b 0.05, d>A 0.04")
    assert stage.clear(released=False).left_out == {}
    unwound = stage.cycle
    done = revised(stage, "d")

    assert done.cleared is None
    assert {one.obligation: one.why for one in done.out} == {debt: "beyond a cap", claim: "denied"}
    assert stage.facts(CycleUnwound, unwound) == [CycleUnwound(unwound, "", 1)]
    (fact,) = stage.facts(ObligationHeldBack, debt)
    assert (fact.cycle, fact.units, fact.room) == (unwound, 5_000_000, 2_000_000)
    verified(stage, tmp_path, "Abd")


def test_where_caps_keep_all_out_the_newer_waits_though_it_alone_had_room(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """A cap holds back the newest due first: what is newer waits with the older."""
    stage = embedded_stage
    enrol(stage.house, CORA, Role.SUPERVISOR, Role.COMPLIANCE, Role.OPERATOR)
    cap(stage, "A", 2_500_000)
    (older,) = stage.trade("A>b 0.05")
    stage.clock.forward(hours=24)
    stage.publish()
    (newer, claim) = stage.trade("A>b 0.01, d>A 0.04")
    assert stage.clear(released=False).left_out == {}
    done = revised(stage, "d")

    assert done.cleared is None
    beyond = dict.fromkeys((older, newer), "beyond a cap")
    assert {one.obligation: one.why for one in done.out} == {**beyond, claim: "denied"}
    verified(stage, tmp_path, "Abd")


def test_what_has_no_rate_of_the_day_by_now_waits(embedded_stage: Stage) -> None:
    stage = embedded_stage
    rate(stage, stage.clock())
    ids = stage.trade("A>b 0.05, b>A 100.00 USD, D>b 0.02")
    stage.clear(released=False)
    stage.clock.forward(hours=24, seconds=1)
    done = revised(stage, "D")

    assert sorted(one.why for one in done.out) == ["denied", "without a rate"]
    (valued,) = [one for one in done.out if one.why == "without a rate"]
    assert valued == Out(ids[1], "without a rate", ())
    assert done.cleared is not None
    assert [line.due.id for line in done.cleared.clearing.lines] == [ids[0]]


# --- people


def test_a_release_of_what_was_unwound_does_not_count(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)  # and released
    first = stage.cycle
    revised(stage, "D")
    with pytest.raises(NotReleased):
        stage.settle()

    assert stage.row().state is State.FUNDED
    assert release_of(stage.house, first).proposal
    assert not release_of(stage.house, stage.cycle).proposal
    finish(stage)
    verified(stage, tmp_path)


def test_what_was_unwound_is_released_by_nobody(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade(CHAIN)
    stage.clear(released=False)
    first = stage.cycle
    action = ReleaseCycle(first, release_of(stage.house, first).digest)
    proposal = propose(stage.house, action)
    revised(stage, "D")
    with pytest.raises(Refusal) as refusal:
        approve(stage.house, proposal)

    assert refusal.value.code == "settlement.unwound"
    assert "CycleReleased" not in stage.kinds(first)


def test_nobody_is_late_for_what_was_unwound(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade(CHAIN)
    stage.clear(released=False)
    first, due_at = stage.cycle, stage.calls[0].due_at
    revised(stage, "D")
    stage.clock.at = due_at + timedelta(hours=1)

    assert note_overdue(stage.house, first) is None
    assert "PayInOverdue" not in stage.kinds(stage.firm("D").id)


# --- looking at it


def test_what_was_unwound_is_shown_told_and_made_again(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids = stage.trade(CHAIN + ", C>b 0.01")
    stage.clear(released=False)
    house, first = stage.house, stage.cycle
    before, waited = view(house, first, 5), holds(house, first, 5)
    revised(stage, "D")

    for id in (first, stage.cycle):
        assert reclear(house, id).differing == []
    seen = view(house, first, 5)
    assert seen.state is State.UNWOUND
    assert replace(seen, state=State.CLEARED) == before
    assert reclear(house, first).part_of(stage.firm("D").id) is not None
    assert reclear(house, stage.cycle).part_of(stage.firm("D").id) is None
    assert (waited.waiting, holds(house, first, 5).waiting) == (0, 1)
    text = explain(house, first).text()
    assert "state: unwound" in text
    assert "the gate no longer cleared 1 of its obligations" in text
    assert f"cleared again in {stage.cycle}" in text
    assert explain(house, first).next_action == "nothing is left to do"
    told = explain(house, ids[2])
    assert told.state.startswith("affirmed, denied")
    assert "unwound" in told.text()
    again = explain(house, ids[0])
    assert [step.title for step in again.steps if step.title.startswith("cleared in")] == [
        f"cleared in cycle {first}",
        f"cleared in cycle {stage.cycle}",
    ]
    assert report(house).cycle is not None


def test_all_who_were_in_it_are_told_and_nobody_else(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    stage.trade(CHAIN)
    stage.clear(released=False)
    revised(stage, "D")
    while deliver(stage.house, tmp_path):
        pass
    told = {
        folder.name
        for folder in tmp_path.iterdir()
        for file in folder.iterdir()
        if json.loads(file.read_text())["kind"] == "CycleUnwound"
    }

    assert told == {stage.firm(letter).id for letter in EVERYBODY}


def test_explaining_what_stops_a_cycle_says_what_can_be_done(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    stage.publish(stage.firm("D").name)
    with pytest.raises(NoLongerCleared) as stopped:
        stage.settle()
    told = explain(stage.house, str(stopped.value.context["obligation"]))

    assert f"`clearhouse cycle revise {stage.cycle}`" in told.next_action


# --- trouble


def test_stopped_anywhere_it_happened_or_it_did_not(embedded_stage: Stage) -> None:
    """Whatever had been paid in; and said again it is refused, or done."""
    stage = embedded_stage

    def ready() -> CycleId:
        stage.publish()
        stage.trade(CHAIN)
        stage.clear(released=False)
        paid_in(stage)
        stage.publish(stage.firm("D").name)
        return stage.next_cycle()

    def broken(at: int, id: CycleId) -> Points:
        points = Points(at, stop)
        try:
            revise(fragile(stage.house, points), stage.cycle, id)
        except Stop:
            assert points.came
        return points

    def ends_well(id: CycleId, before: dict[str, Any]) -> None:
        stage.check()
        first = stage.cycle
        if stage.row().state is State.FUNDED:
            assert stage.records() == before
            revise(stage.house, first, id)
        assert stage.row().state is State.UNWOUND
        with pytest.raises(CannotUnwind):
            revise(stage.house, first, id)
        assert [one.by_cycle for one in stage.facts(CycleUnwound)] == [id]
        stage.cycle = id
        finish(stage)
        assert in_clearing(stage) == [0, 0, 0, 0]

    for _ in range(2):  # from the second on each takes the same steps
        id = ready()
        names = broken(0, id).names
        ends_well(id, {})
    assert "committed" in names
    for at, _ in moments(names):
        id = ready()
        open_gate(stage.house)  # today's lists are adopted
        before = stage.records()
        broken(at, id)
        ends_well(id, before)


@pytest.mark.parametrize("other", ["revise", "settle"])
def test_two_at_once_do_it_once(embedded_stage: Stage, other: str) -> None:
    """While one looks at the chain, another revises, or settles."""
    stage = embedded_stage
    stage.funded(CHAIN)
    plain, first, new = stage.house, stage.cycle, stage.next_cycle()

    def act() -> None:
        if other == "revise":
            revise(plain, first, new)
        else:
            stage.publish()
            assert stage.settle().state is State.BROADCAST

    stage.publish(stage.firm("D").name)
    chain = cast("Any", Meanwhile(plain.rail.chain, "coins", act))
    house = replace(plain, settles=replace(plain.rail, chain=chain))
    with pytest.raises(CannotUnwind):
        revise(house, first, stage.next_cycle())
    stage.check()


def test_one_who_settles_meanwhile_takes_no_step_of_what_was_unwound(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    plain, first, new = stage.house, stage.cycle, stage.next_cycle()
    acts: list[Callable[[], object]] = [lambda: revise(plain, first, new)]

    def act() -> None:
        stage.publish(stage.firm("D").name)
        acts.pop()()

    chain = cast("Any", Meanwhile(plain.rail.chain, "tip", act))
    stage.house = replace(plain, settles=replace(plain.rail, chain=chain))
    seen = stage.settle()

    assert seen.state is State.UNWOUND
    assert not {"CycleFunded", "SignatureAsked"} & set(stage.kinds(first))
    assert stage.facts(CycleSettled, first) == []
    stage.check()
