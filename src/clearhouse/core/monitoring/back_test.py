"""`back_test`: what another programme would make of the same history, before it is activated."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from clearhouse.core.monitoring.judging import OUTCOMES, Monitor, Outcome, Progress, Results
from clearhouse.core.monitoring.payments import EPOCH, MICRO, Payment
from clearhouse.core.monitoring.programme import Programme

WEEK = 7
MONDAY = 3  # days from Monday to the epoch's day, a Thursday


@dataclass(frozen=True, slots=True)
class Volume:
    """How many payments of a week came to one outcome of one typology, by either programme."""

    typology: str
    week: date  # its Monday, in UTC
    outcome: Outcome
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Change:
    """A payment of which the programmes say different things by one typology."""

    payment: str
    typology: str
    old: Outcome
    new: Outcome


@dataclass(frozen=True, slots=True)
class BackTest:
    """What would change."""

    old: str  # programmes' versions
    new: str
    payments: int
    volumes: tuple[Volume, ...]  # by typology, week and outcome; alerts and interdictions alone
    raised: tuple[Change, ...]  # graver by the new programme; by typology, in the payments' order
    lowered: tuple[Change, ...]  # less grave by it


def back_test(
    history: Sequence[Payment],
    old: Programme,
    new: Programme,
    progress: Progress | None = None,
) -> BackTest:
    """Judge a history by two programmes, and compare.

    A typology that one of them does not have says nothing by it.

    Args:
        history: From its beginning, in any order.
        progress: Told how many judgements are done, and of how many: two for each payment.

    Raises:
        Refusal: As `Monitor.judge`.
    """
    count = len(history)

    def told(done: int) -> Progress | None:
        return None if progress is None else lambda more, _: progress(done + more, 2 * count)

    before = Monitor(old).judge(history, told(0))
    after = Monitor(new).judge(history, told(count))
    typologies = sorted({one.id for each in (old, new) for one in each.typologies})
    weeks = [_monday(int(at)) for at in before.columns.at]
    volumes: list[Volume] = []
    raised: list[Change] = []
    lowered: list[Change] = []
    for typology in typologies:
        was, is_now = _outcomes(before, typology), _outcomes(after, typology)
        volumes += _volumes(typology, weeks, was, is_now)
        for place, (one, other) in enumerate(zip(was, is_now, strict=True)):
            if one != other:
                id = before.columns.ids[place]
                change = Change(id, typology, OUTCOMES[one], OUTCOMES[other])
                (raised if other > one else lowered).append(change)
    return BackTest(old.version, new.version, count, tuple(volumes), tuple(raised), tuple(lowered))


def _outcomes(results: Results, typology: str) -> list[int]:
    for place, one in enumerate(results.programme.typologies):
        if one.id == typology:
            found: list[int] = results.outcomes[place].tolist()
            return found
    return np.zeros(len(results), np.int64).tolist()


def _volumes(
    typology: str, weeks: Sequence[date], old: Sequence[int], new: Sequence[int]
) -> list[Volume]:
    was, is_now = Counter(zip(weeks, old, strict=True)), Counter(zip(weeks, new, strict=True))
    return [
        Volume(typology, week, OUTCOMES[place], was[week, place], is_now[week, place])
        for week, place in sorted(was.keys() | is_now.keys())
        if OUTCOMES[place] is not Outcome.NOTHING
    ]


def _monday(at: int) -> date:
    days = at * MICRO // timedelta(days=1)
    return EPOCH.date() + timedelta(days=days - (days + MONDAY) % WEEK)
