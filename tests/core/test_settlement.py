"""The states of a cycle and of an obligation: drawn, and coming to an end."""

import re
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from types import ModuleType

import pytest

from clearhouse.core import obligation, settlement

MACHINES = [settlement, obligation]
RESCINDED, UNWOUND = obligation.State.RESCINDED, settlement.State.UNWOUND
WITHDRAWN = settlement.State.WITHDRAWN
ASIDE: Mapping[ModuleType, list[StrEnum]] = {  # beside the way, the end of it last
    obligation: [RESCINDED],
    settlement: [WITHDRAWN, UNWOUND],
}


def arrows(machine: ModuleType) -> Mapping[StrEnum, set[StrEnum]]:
    found: Mapping[StrEnum, set[StrEnum]] = machine.NEXT
    return found


def way(machine: ModuleType) -> list[StrEnum]:
    """Its states from the first to the last, without those where nothing is paid."""
    return [state for state in machine.State if state not in ASIDE.get(machine, [])]


def reached(machine: ModuleType, start: StrEnum) -> set[StrEnum]:
    seen, waiting = set[StrEnum](), [start]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += arrows(machine)[state]
    return seen


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_has_its_arrows(machine: ModuleType) -> None:
    states = set(machine.State)

    assert set(arrows(machine)) == states
    assert all(targets <= states for targets in arrows(machine).values())
    assert not any(state in targets for state, targets in arrows(machine).items())


@pytest.mark.parametrize("machine", MACHINES)
def test_every_state_comes_from_the_first_and_leads_to_the_last(machine: ModuleType) -> None:
    first, *between, last = way(machine)

    assert last is machine.State.SETTLED
    assert reached(machine, first) == set(machine.State)
    assert all(last in reached(machine, state) for state in (first, *between, last))


@pytest.mark.parametrize("machine", MACHINES)
def test_settled_is_the_one_end_of_the_way(machine: ModuleType) -> None:
    ends = [state for state, targets in arrows(machine).items() if not targets]
    assert ends == [machine.State.SETTLED, ASIDE[machine][-1]]


def test_what_is_in_a_cycle_is_not_taken_back() -> None:
    before = {one for one, targets in obligation.NEXT.items() if RESCINDED in targets}
    assert before == {obligation.State.PROPOSED, obligation.State.AFFIRMED}


def test_what_may_be_signed_is_not_unwound_unless_it_is_withdrawn() -> None:
    before = {one for one, targets in settlement.NEXT.items() if UNWOUND in targets}
    assert before == {settlement.State.CLEARED, settlement.State.FUNDED, WITHDRAWN}


def test_what_is_withdrawn_was_on_the_chain_and_is_unwound() -> None:
    before = {one for one, targets in settlement.NEXT.items() if WITHDRAWN in targets}
    assert before == {settlement.State.BROADCAST, settlement.State.CONFIRMED}
    assert settlement.NEXT[WITHDRAWN] == {UNWOUND}


def test_only_a_reorganisation_leads_back() -> None:
    order = list(settlement.State)
    back = {
        (one, other)
        for one, targets in settlement.NEXT.items()
        for other in targets
        if order.index(other) < order.index(one)
    }
    assert back == {(settlement.State.CONFIRMED, settlement.State.BROADCAST)}


def test_nothing_is_paid_out_before_everything_is_paid_in() -> None:
    """There is no way to the batch but through FUNDED."""
    without = {
        state: targets - {settlement.State.FUNDED} for state, targets in settlement.NEXT.items()
    }
    assert without[settlement.State.CLEARED] == {UNWOUND}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_picture_in_the_docstring_is_the_machine(machine: ModuleType) -> None:
    """Its long line names all states of the way in order, and each step of it is an arrow."""
    (line,) = re.findall(r"^ +([A-Z]+(?: ──▶ [A-Z]+)+)$", machine.__doc__ or "", re.MULTILINE)
    drawn = [machine.State[name] for name in line.split(" ──▶ ")]

    assert drawn == way(machine)
    for one, other in pairwise(drawn):
        assert other in arrows(machine)[one]
