"""Release: nothing leaves the vault before two people have agreed on just what does."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import pytest
from tests.hands import ADA, BELA, CORA, HOUSE, agree, approve, enrol, propose
from tests.hands import release as release_by_two
from tests.stage import Points, Stage, fragile

from clearhouse.core import settlement
from clearhouse.core.command import Decline, ReleaseCycle
from clearhouse.core.errors import Coded, Refusal, every_code
from clearhouse.core.ids import CycleId, IdMalformed, derived
from clearhouse.core.person import NotPermitted, Role
from clearhouse.core.proposal import OwnProposal, Proposal, ProposalClosed
from clearhouse.core.settlement import (
    BatchSigned,
    CycleReleased,
    NotReleased,
    ReleasedBefore,
    ReleaseDiffers,
    State,
    UnknownCycle,
)
from clearhouse.operations.release import release_of
from clearhouse.operations.settle import settle

CHAIN = "A>b 0.05, b>C 0.03"  # A pays in 0.05, b gets 0.02, C gets 0.03


@pytest.fixture
def stage(embedded_stage: Stage) -> Stage:
    """A stage with a cycle that nobody has released."""
    embedded_stage.trade(CHAIN)
    embedded_stage.clear(released=False)
    return embedded_stage


def releasing(stage: Stage) -> ReleaseCycle:
    return ReleaseCycle(stage.cycle, release_of(stage.house, stage.cycle).digest)


def waiting(stage: Stage) -> Proposal:
    return propose(stage.house, releasing(stage))


def is_released(stage: Stage) -> bool:
    return bool(stage.facts(CycleReleased))


def funded(stage: Stage) -> None:
    stage.pay_in()
    stage.mine(stage.deep)


def ends_well(stage: Stage) -> None:
    assert stage.settle().state is State.BROADCAST
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    stage.check()


def test_nothing_is_signed_before_two_people_released_it(stage: Stage) -> None:
    """No institution is even asked."""
    funded(stage)
    for _ in range(2):
        points = Points(0, lambda _: None)
        with pytest.raises(NotReleased):
            settle(fragile(stage.house, points), stage.cycle)
        assert "statement" in points.names
        assert not [name for name in points.names if name.endswith((" sign", " submit"))]
        assert stage.row().state is State.FUNDED
        stage.check()
    assert not stage.facts(BatchSigned)
    assert stage.received("b") == 0

    points = Points(0, lambda _: None)
    release_by_two(stage.house, stage.cycle)
    settle(fragile(stage.house, points), stage.cycle)
    assert {"before sign", "before submit"} <= set(points.names)  # it would have been seen
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    stage.check()


@pytest.mark.parametrize("ended", ["waiting", "declined", "expired"])
def test_a_proposal_releases_nothing_by_itself(stage: Stage, ended: str) -> None:
    funded(stage)
    proposal = waiting(stage)
    if ended == "declined":
        BELA.order(stage.house, Decline(proposal.id, "no"))
    if ended == "expired":
        stage.clock.forward(days=7)
        stage.publish()
        with pytest.raises(ProposalClosed):
            approve(stage.house, proposal)
    with pytest.raises(NotReleased):
        stage.settle()
    assert not is_released(stage)
    assert not stage.facts(BatchSigned)


@pytest.mark.parametrize("done", range(5))
def test_a_cycle_is_released_at_any_time_before_it_is_signed(stage: Stage, done: int) -> None:
    """Behind so many steps; from then on nothing waits for people."""

    def look() -> None:
        with suppress(NotReleased):
            stage.settle()

    steps = (look, stage.pay_in, lambda: stage.mine(stage.deep), look)
    for step in steps[:done]:
        step()
    release_by_two(stage.house, stage.cycle)
    stage.check()
    for step in steps[done:]:
        step()
    ends_well(stage)


def test_a_release_names_who_agreed_on_what(stage: Stage) -> None:
    proposal = waiting(stage)
    assert release_of(stage.house, stage.cycle).proposal == ""
    approve(stage.house, proposal)

    (told,) = stage.facts(CycleReleased)
    found = release_of(stage.house, stage.cycle)
    assert told == CycleReleased(stage.cycle, found.digest, proposal.id)
    assert found.proposal == proposal.id
    row = stage.house.db.execute("SELECT * FROM release").fetchall()
    assert row == [(stage.cycle, found.digest, proposal.id)]


def test_what_is_released_is_who_is_paid_where_and_how_much(stage: Stage) -> None:
    found = release_of(stage.house, stage.cycle)
    paid = [
        {"address": one.wallet.address, "participant": one.id, "units": units}
        for one, units in ((stage.firm("b"), "2000000"), (stage.firm("C"), "3000000"))
    ]
    said = {
        "asset": stage.house.coin.identity,
        "cycle": stage.cycle,
        "form": "clearhouse.release.1",
        "pay_outs": sorted(paid, key=lambda one: one["participant"]),
    }
    written = json.dumps(said, separators=(",", ":")).encode()
    assert found.digest == sha256(written).hexdigest()


def test_no_other_pay_outs_have_its_digest(stage: Stage) -> None:
    found = release_of(stage.house, stage.cycle)
    one, other = found.pay_outs
    others = [
        replace(found, cycle=CycleId("cyc_2")),
        replace(found, asset="USD"),
        replace(found, pay_outs=(one,)),
        replace(found, pay_outs=(one, other, other)),
        replace(found, pay_outs=(replace(one, units=one.units + 1), other)),
        replace(found, pay_outs=(replace(one, address=other.address), other)),
        replace(found, pay_outs=(replace(one, participant=other.participant), other)),
        replace(found, pay_outs=(replace(one, units=other.units), replace(other, units=one.units))),
    ]
    assert len({found.digest, *(this.digest for this in others)}) == 9
    assert replace(found, pay_outs=(other, one)).digest == found.digest
    assert replace(found, proposal="cmd_1").digest == found.digest


def test_one_person_releases_nothing(stage: Stage) -> None:
    """Whatever roles they have, and however often they say it."""
    agree(stage.house, ADA.registered("Ada's second"))
    second = ADA.with_key("Ada's second")
    proposal = waiting(stage)
    for hand in (ADA, second):
        with pytest.raises(OwnProposal):
            approve(stage.house, proposal, hand)
    other = propose(stage.house, releasing(stage), second)
    with pytest.raises(OwnProposal):
        approve(stage.house, other, ADA)
    assert not is_released(stage)


@pytest.mark.parametrize(
    ("roles", "may_propose", "may_approve"),
    [
        ((), False, False),
        ((Role.OPERATOR,), True, True),
        ((Role.COMPLIANCE,), False, True),
        ((Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR, Role.TRADER), False, False),
    ],
)
def test_operators_propose_and_operators_or_compliance_approve(
    stage: Stage, roles: tuple[Role, ...], may_propose: bool, may_approve: bool
) -> None:
    enrol(stage.house, CORA, *roles)
    proposal = waiting(stage)
    for act, allowed in (
        (lambda: propose(stage.house, releasing(stage), CORA), may_propose),
        (lambda: approve(stage.house, proposal, CORA), may_approve),
    ):
        if allowed:
            act()
            continue
        with pytest.raises(NotPermitted):
            act()
    assert is_released(stage) is may_approve


def test_the_second_of_two_proposals_to_release_comes_too_late(stage: Stage) -> None:
    one, other = waiting(stage), waiting(stage)
    approve(stage.house, one)
    with pytest.raises(ReleasedBefore):
        approve(stage.house, other)
    assert len(stage.facts(CycleReleased)) == 1


def test_a_release_is_for_its_own_cycle(stage: Stage) -> None:
    """The next one, which pays the same, waits for two people again."""
    first = releasing(stage)
    release_by_two(stage.house, stage.cycle)
    funded(stage)
    stage.settle()
    stage.mine(stage.deep)
    stage.settle()

    stage.trade(CHAIN)
    stage.clear(released=False)
    with pytest.raises(ReleaseDiffers):
        ADA.order(stage.house, ReleaseCycle(stage.cycle, first.digest))
    funded(stage)
    with pytest.raises(NotReleased):
        stage.settle()
    stage.check()


def test_what_is_paid_out_is_what_was_released(stage: Stage) -> None:
    """Whoever adds to what is paid out afterwards needs two people again."""
    release_by_two(stage.house, stage.cycle)
    more = stage.firm("d")
    stage.house.db.execute(
        "INSERT INTO pay_out (cycle, participant, units, address) VALUES (%s, %s, 1000, %s)",
        (stage.cycle, more.id, more.wallet.address),
    )
    funded(stage)
    with pytest.raises(Coded):
        stage.settle()
    assert not stage.facts(BatchSigned)
    assert stage.row().state is State.FUNDED


# Refusals.

Scenario = Callable[[Stage], object]


def twice(stage: Stage) -> None:
    release_by_two(stage.house, stage.cycle)
    ADA.order(stage.house, releasing(stage))


def all_set_off(stage: Stage) -> None:
    release_by_two(stage.house, stage.cycle)
    funded(stage)
    ends_well(stage)
    stage.trade("A>b 0.02, b>A 0.02")
    stage.clear(released=False)
    ADA.order(stage.house, releasing(stage))


def settled_without(stage: Stage) -> None:
    funded(stage)
    stage.settle()


REFUSED: dict[str, Scenario] = {
    "settlement.not-released": settled_without,
    "settlement.release-differs": lambda stage: ADA.order(
        stage.house, ReleaseCycle(stage.cycle, "0" * 64)
    ),
    "settlement.released-before": twice,
    "settlement.nothing-to-release": all_set_off,
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_released_is_refused(stage: Stage, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        REFUSED[code](stage)
    assert caught.value.code == code
    assert caught.value.context == {"cycle": stage.cycle}
    stage.check()


def test_every_refusal_of_releases_is_reached() -> None:
    codes = {one.code for one in every_code(Refusal) if one.__module__ == settlement.__name__}
    assert {code for code in codes if "release" in code} == set(REFUSED)


def test_what_is_no_cycle_is_not_released(stage: Stage) -> None:
    with pytest.raises(UnknownCycle):
        ADA.order(stage.house, ReleaseCycle(CycleId(derived("cyc", "nobody")), "0" * 64))
    with pytest.raises(IdMalformed):
        ADA.order(stage.house, ReleaseCycle(CycleId(HOUSE), "0" * 64))


def test_a_cycle_that_pays_nobody_settles_without_a_release(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.02, b>A 0.02")
    stage.clear(released=False)
    assert stage.settle().state is State.SETTLED
    assert not is_released(stage)
    stage.check()
