"""`back_test`: what another programme would make of the same history, before it is activated."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from clearhouse.core.canonical import canonical
from clearhouse.core.monitoring.judging import OUTCOMES, Monitor, Outcome, Progress, Results
from clearhouse.core.monitoring.payments import EPOCH, MICRO, Payment
from clearhouse.core.monitoring.programme import Programme


@dataclass(frozen=True, slots=True)
class Volume:
    """How many payments of a month came to one outcome of one typology, by either programme."""

    typology: str
    month: str  # 2026-03, in UTC
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


@dataclass(frozen=True)
class BackTest:
    """What would change."""

    old: str  # programmes' versions
    new: str
    payments: int
    volumes: tuple[Volume, ...]  # by typology, month and outcome; alerts and interdictions alone
    raised: tuple[Change, ...]  # graver by the new programme; by typology, in the payments' order
    lowered: tuple[Change, ...]  # less grave by it

    @property
    def gained(self) -> tuple[Change, ...]:
        """Alerts that there were none of before."""
        return tuple(one for one in self.raised if one.old is Outcome.NOTHING)

    @property
    def lost(self) -> tuple[Change, ...]:
        """Alerts that there would be none of."""
        return tuple(one for one in self.lowered if one.new is Outcome.NOTHING)

    @property
    def document(self) -> dict[str, Any]:
        """As a JSON object, numbers as texts."""
        return {
            "old": self.old,
            "new": self.new,
            "payments": str(self.payments),
            "volumes": [
                {
                    "typology": one.typology,
                    "month": one.month,
                    "outcome": str(one.outcome),
                    "old": str(one.old),
                    "new": str(one.new),
                }
                for one in self.volumes
            ],
            "raised": [_said(one) for one in self.raised],
            "lowered": [_said(one) for one in self.lowered],
        }

    @cached_property
    def body(self) -> str:
        """Its one writing."""
        return canonical(self.document)


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
    months = [f"{EPOCH + int(at) * MICRO:%Y-%m}" for at in before.columns.at]
    volumes: list[Volume] = []
    raised: list[Change] = []
    lowered: list[Change] = []
    for typology in typologies:
        was, is_now = _outcomes(before, typology), _outcomes(after, typology)
        volumes += _volumes(typology, months, was, is_now)
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
    typology: str, months: Sequence[str], old: Sequence[int], new: Sequence[int]
) -> list[Volume]:
    was, is_now = Counter(zip(months, old, strict=True)), Counter(zip(months, new, strict=True))
    return [
        Volume(typology, month, OUTCOMES[place], was[month, place], is_now[month, place])
        for month, place in sorted(was.keys() | is_now.keys())
        if OUTCOMES[place] is not Outcome.NOTHING
    ]


def _said(change: Change) -> dict[str, str]:
    return {
        "payment": change.payment,
        "typology": change.typology,
        "old": str(change.old),
        "new": str(change.new),
    }
