"""Whatever goes wrong in the middle of settlement, going on ends in one batch, booked once."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from embit.transaction import Transaction
from tests.stage import FLOAT, Points, Relay, Stage, Stop, fragile, stop

from clearhouse.chains.signer.client import SignerClient
from clearhouse.core.ledger import AccountKind
from clearhouse.core.settlement import BatchSigned, State
from clearhouse.operations.reconcile import reconcile
from clearhouse.operations.settle import settle

CHAIN = "A>b 0.05, b>C 0.03"  # A pays in 0.05, b gets 0.02, C gets 0.03


def ends_well(stage: Stage, cycles_before: int) -> None:
    """Go on until the cycle is settled: one batch was signed and mined, and the books say so."""
    stage.check()
    for _ in range(3):
        stage.settle()
        stage.check()
        stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED

    played = cycles_before + 1
    assert [one.txid for one in stage.facts(BatchSigned)] == [stage.row().txid]
    assert stage.kinds().count("CycleSettled") == 1
    assert (stage.received("b"), stage.received("C")) == (played * 2_000_000, played * 3_000_000)
    for letter in "AbC":
        assert stage.balance(letter) == stage.balance(letter, AccountKind.IN_CLEARING) == 0
    fees = stage.house.db.execute("SELECT sum(fee)::bigint FROM cycle").fetchone()
    assert fees is not None
    assert stage.balance("house", AccountKind.FEES) == FLOAT - fees[0]
    stage.check()


def broken(stage: Stage, at: int) -> Points:
    """Settle a cycle that goes wrong at a point."""
    points = Points(at, stop)
    try:
        settle(fragile(stage.house, points), stage.cycle)
    except Stop:
        assert points.came
    return points


def moments(names: list[str]) -> Iterator[tuple[int, int]]:
    """The points to break at, and how many cycles were played before: two at first.

    All that leave something behind: what others were told, and what was committed. Of those between
    two of them, which end alike, every fifth.
    """
    telling = ("sign", "submit", "committed")
    found = [
        at for at, name in enumerate(names, 1) if name.rpartition(" ")[2] in telling or at % 5 == 0
    ]
    return ((at, played) for played, at in enumerate(found, 2))


def test_a_release_that_stops_anywhere_goes_on(embedded_stage: Stage) -> None:
    """From pay-ins that are final to the broadcast: statements, signatures and calls."""
    stage = embedded_stage
    for played in range(2):  # from the second on each cycle takes the same steps
        stage.funded(CHAIN)
        names = broken(stage, 0).names
        ends_well(stage, played)
    stopped_at = set()
    for at, played in moments(names):
        stage.funded(CHAIN)
        stopped_at.add(broken(stage, at).names[-1])
        ends_well(stage, played)

    assert {"before sign", "after sign", "before submit", "after submit"} <= stopped_at
    assert {"statement", "committed"} <= stopped_at


def test_a_finality_that_stops_anywhere_goes_on(embedded_stage: Stage) -> None:
    """From a batch that is deep enough to the postings."""
    stage = embedded_stage

    def deep_enough() -> None:
        stage.funded(CHAIN)
        stage.settle()
        stage.mine(stage.deep)

    for played in range(2):
        deep_enough()
        names = broken(stage, 0).names
        ends_well(stage, played)
    for at, played in moments(names):
        deep_enough()
        broken(stage, at)
        assert stage.row().state in {State.BROADCAST, State.SETTLED}
        ends_well(stage, played)


def test_a_reorganisation_that_is_noticed_halfway_is_told_once(embedded_stage: Stage) -> None:
    stage = embedded_stage

    def taken_back() -> None:
        stage.funded(CHAIN)
        stage.settle()
        stage.mine(2)
        stage.settle()
        stage.reorganise(2)

    for played in range(2):
        taken_back()
        names = broken(stage, 0).names
        ends_well(stage, played)
    for at, played in moments(names):
        taken_back()
        broken(stage, at)
        ends_well(stage, played)
        assert stage.kinds().count("BatchReorganised") == 1


@pytest.mark.external
def test_a_real_node_gets_one_batch_whenever_the_house_stops(node_stage: Stage) -> None:
    stage = node_stage
    for played, name in enumerate(["before sign", "after sign", "before submit", "after submit"]):
        stage.funded(CHAIN)

        def act(reached: str, name: str = name) -> None:
            if reached == name:
                raise Stop(name)

        with pytest.raises(Stop):
            settle(fragile(stage.house, EveryPoint(0, act)), stage.cycle)
        ends_well(stage, played)


class EveryPoint(Points):
    """Acts at each point."""

    def reach(self, name: str) -> None:
        self.names.append(name)
        self.act(name)


KILLED = """
import os, signal, sys
from clearhouse.operations.settle import settle
from clearhouse.settings import Settings, house
from tests.stage import fragile
from tests.operations.test_settlement_faults import EveryPoint

cycle, where = sys.argv[1:]

def kill(name):
    if name == where:
        os.kill(os.getpid(), signal.SIGKILL)

with house(Settings(), settles=True) as own:
    settle(fragile(own, EveryPoint(0, kill)), cycle)
"""


@pytest.mark.parametrize("where", ["after sign", "after submit"])
def test_a_killed_house_goes_on(embedded_stage: Stage, where: str) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    stage.stop()
    assert stage.child(KILLED, stage.cycle, where) == -signal.SIGKILL
    stage.restart()
    assert stage.row().state is (State.FUNDED if where == "after sign" else State.SIGNED)
    assert reconcile(stage.house).difference == 0

    ends_well(stage, 0)


class Meanwhile(Relay):
    """A signer or chain at which, once, something else happens before a call is made."""

    def __init__(self, behind: object, name: str, act: Callable[[], None]) -> None:
        still = [act]

        def once(reached: str) -> None:
            if reached == f"before {name}" and still:
                still.pop()()

        super().__init__(behind, EveryPoint(0, once))


@pytest.mark.parametrize("more", [False, True])
def test_two_who_release_at_once_make_one_batch(embedded_stage: Stage, more: bool) -> None:
    """While one waits for a signature, another settles; perhaps with a coin more in the vault."""
    stage = embedded_stage
    stage.funded(CHAIN)
    plain = stage.house

    def other() -> None:
        if more:
            stage.pay((stage.float_address().script, 5_000))
            stage.mine(stage.deep)
        assert settle(plain, stage.cycle).state is State.BROADCAST

    signers = dict(plain.rail.signers)
    signers["ministry"] = cast("SignerClient", Meanwhile(signers["ministry"], "sign", other))
    seen = settle(replace(plain, settles=replace(plain.rail, signers=signers)), stage.cycle)

    assert seen.state is State.BROADCAST
    assert stage.kinds().count("BatchSigned") == stage.kinds().count("BatchBroadcast") == 1
    row = stage.row()
    assert row.raw
    assert row.txid
    assert Transaction.parse(row.raw).txid().hex() == row.txid
    assert stage.chain.sight([row.txid])[row.txid].in_mempool
    stage.check()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    stage.check()


@pytest.mark.parametrize("name", ["coins", "submit", "sight"])
def test_two_who_settle_at_once_take_each_step_once(embedded_stage: Stage, name: str) -> None:
    stage = embedded_stage
    stage.cleared(CHAIN)
    stage.pay_in()
    for blocks in (stage.deep, 1, stage.deep):
        stage.mine(blocks)
        plain = stage.house

        def other(house: Any = plain) -> None:
            stage.clock.forward(seconds=1)
            settle(house, stage.cycle)

        chain = cast("Any", Meanwhile(plain.rail.chain, name, other))
        settle(replace(plain, settles=replace(plain.rail, chain=chain)), stage.cycle)
        stage.check()

    kinds = stage.kinds()
    assert stage.row().state is State.SETTLED
    for kind in ("BatchSigned", "BatchBroadcast", "BatchConfirmed", "CycleSettled"):
        assert kinds.count(kind) == 1
    assert stage.kinds(stage.firm("A").id).count("PayInFinal") == 1


def test_signers_that_fail_at_random_sign_nothing_twice(embedded_stage: Stage) -> None:
    """One that signed and whose answer was lost may sign the same again, and no other pay-outs."""
    stage = embedded_stage
    stage.funded(CHAIN)
    for name in ("ministry", "central-bank", "technology-firm"):
        plain = stage.house
        points = Points(2, stop)  # after it signed
        signers = dict(plain.rail.signers)
        signers[name] = cast("SignerClient", Relay(signers[name], points))
        if name == "technology-firm":
            signers.update(stage.dark("ministry"))
            signers[name] = cast("SignerClient", Relay(plain.rail.signers[name], points))
        with pytest.raises(Stop):
            settle(replace(plain, settles=replace(plain.rail, signers=signers)), stage.cycle)

    ends_well(stage, 0)
