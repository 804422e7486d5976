"""The payee is listed between approval and settlement: it does not settle, however it is listed."""

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256

import pytest
from tests.hands import CORA, enrol
from tests.recorded import enter, entity_id
from tests.stage import Points, Stage, fragile

from clearhouse.core.gate import GateDecided
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import ObligationId
from clearhouse.core.owner import Entity, Holding
from clearhouse.core.person import Role
from clearhouse.core.settlement import BatchSigned, CycleReleased, NoLongerCleared, State
from clearhouse.demo.lists import misspelt
from clearhouse.operations.hits import deciding, hits
from clearhouse.operations.prove import prove
from clearhouse.operations.settle import settle

OWNER = Entity(entity_id("late"), "company", "Quiet Holdings of Storhavn", "XC")
SHARE = 600_000


def by_name(stage: Stage) -> None:
    stage.publish(stage.firm("C").name)


def by_a_name_like_it(stage: Stage) -> None:
    stage.publish(misspelt(stage.firm("C").name))


def by_wallet(stage: Stage) -> None:
    """The lists of today, with the payee's address on that of wallets."""
    stage.publish()
    folder = stage.folder / "lists" / "ofac-wallets"
    file = folder / "sanctioned_addresses_XBT.txt"
    file.write_bytes(file.read_bytes() + f"{stage.firm('C').wallet.address}\n".encode())
    said = json.loads((folder / "publication.json").read_bytes())
    said["files"][file.name] = sha256(file.read_bytes()).hexdigest()
    (folder / "publication.json").write_text(json.dumps(said))


def by_an_owner(stage: Stage) -> None:
    stage.publish(OWNER.name)


LISTINGS = {
    "by name": (by_name, "deny"),
    "by a name like it": (by_a_name_like_it, "hold"),
    "by wallet": (by_wallet, "deny"),
    "through an owner": (by_an_owner, "deny"),
}
listings = pytest.mark.parametrize(("list_it", "verdict"), LISTINGS.values(), ids=LISTINGS)
Listing = Callable[[Stage], None]


@pytest.fixture
def stage(embedded_stage: Stage) -> Stage:
    """A cycle that two people released, and of which every pay-in is final; C gets 0.03 of it."""
    stage = embedded_stage
    enrol(stage.house, CORA, Role.SUPERVISOR)
    enter(stage.house, stage.folder, OWNER)
    held = Holding(OWNER.entity, stage.firm("C").id, SHARE, False, "r", date(2026, 2, 1))
    enter(stage.house, stage.folder, held)
    stage.funded("A>b 0.05, b>C 0.03")
    assert stage.facts(CycleReleased)
    return stage


def stops(stage: Stage, verdict: str) -> ObligationId:
    """Settling is refused by the gate: no institution is asked, and nothing goes to the chain."""
    points = Points(0, lambda _: None)
    with pytest.raises(NoLongerCleared) as refused:
        settle(fragile(stage.house, points), stage.cycle)
    assert "statement" in points.names
    assert not [name for name in points.names if name.endswith((" sign", " submit"))]
    assert not stage.facts(BatchSigned)
    assert (stage.row().state, stage.row().txid) == (State.FUNDED, None)
    assert stage.received("b") == stage.received("C") == 0
    id = ObligationId(refused.value.context["obligation"])
    assert stage.facts(GateDecided, id)[-1].verdict == verdict
    stage.check()
    return id


def goes_on(stage: Stage) -> None:
    """It settles as it was released; nobody releases it anew."""
    assert stage.settle().state is State.BROADCAST
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    assert len(stage.facts(CycleReleased)) == 1
    stage.check()
    proven = prove(stage.house, 30, lambda _: None)
    assert proven.decisions
    assert not proven.lost


def decided(stage: Stage, outcome: Outcome) -> None:
    """Two people decide the hits of the payee and of its owner."""
    for one in hits(stage.house, [stage.firm("C").id, OWNER.entity]):
        if not one.is_decided:
            made = deciding(one, outcome, "registered elsewhere", stage.house.today)
            enter(stage.house, stage.folder, made)


@listings
def test_the_payee_is_listed_between_approval_and_settlement_and_it_does_not_settle(
    stage: Stage, list_it: Listing, verdict: str
) -> None:
    """Asked again and again, and over days; once the list has it no more it goes on."""
    list_it(stage)
    for _ in range(2):
        stops(stage, verdict)
    stage.clock.forward(days=1)
    list_it(stage)
    stops(stage, verdict)
    stage.publish()
    goes_on(stage)


@pytest.mark.parametrize(
    ("list_it", "verdict"),
    [one for name, one in LISTINGS.items() if name != "by wallet"],
    ids=[name for name in LISTINGS if name != "by wallet"],
)
def test_two_people_who_find_that_it_is_another_let_it_go_on(
    stage: Stage, list_it: Listing, verdict: str
) -> None:
    list_it(stage)
    stops(stage, verdict)
    decided(stage, Outcome.ANOTHER)
    goes_on(stage)


@listings
def test_two_people_who_find_that_it_is_the_same_let_nothing_go_on(
    stage: Stage, list_it: Listing, verdict: str
) -> None:
    list_it(stage)
    stops(stage, verdict)
    decided(stage, Outcome.SAME)
    stops(stage, "deny")


def test_nobody_decides_that_a_listed_wallet_is_anothers(stage: Stage) -> None:
    """Nor does a decision on the name count for the address."""
    stage.publish(stage.firm("C").name)
    decided(stage, Outcome.ANOTHER)
    by_wallet(stage)
    assert hits(stage.house, [stage.firm("C").id]) == []
    stops(stage, "deny")


def test_what_was_decided_of_one_listing_does_not_let_another_pass(stage: Stage) -> None:
    by_name(stage)
    decided(stage, Outcome.ANOTHER)
    stage.publish(stage.firm("C").name, OWNER.name)
    stops(stage, "deny")
    decided(stage, Outcome.ANOTHER)
    goes_on(stage)
