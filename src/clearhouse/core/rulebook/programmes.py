"""Which payments are under a programme: of its kinds and participants, on its days, in its caps.

What is not known is not under a programme: where an amount cannot be compared with a cap, the
rules that the programme would waive come as ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.rulebook.facts import Key
from clearhouse.core.rulebook.law import Rulebook
from clearhouse.core.rulebook.matters import Matters
from clearhouse.core.rulebook.rule import Day, Parameter, Programme
from clearhouse.core.rulebook.vocabulary import EPOCH, PARTIES
from clearhouse.core.zone import zone as zone_of
from clearhouse.engines.formula import Bits, Column

LINK = "programme:"  # what links the payments of one programme, before its id


@dataclass(frozen=True)
class Parties:
    """Who owes and who is owed, by LEI, of every payment of a batch."""

    debtors: Sequence[str]
    creditors: Sequence[str]


def under(
    law: Rulebook, matters: Matters, parties: Parties, asked_at: Sequence[datetime]
) -> dict[str, Column]:
    """The programmes that each payment is under, as of each of the two days.

    Args:
        matters: Knows what the caps ask for: amounts, and windows linked by `LINK` and an id.
        asked_at: The instants at which the law is asked for each payment. A programme ends at
            midnight of its own place, whatever day it is elsewhere.
    """
    found = {}
    for day in Day:
        masks = np.zeros(matters.rows, np.uint64)
        for one in law.programmes:
            zone = law.jurisdictions[one.head.jurisdiction].zone
            days = _local(asked_at, zone) if day is Day.SETTLEMENT else _traded(matters)
            covered = members(one, law, matters, parties) & _within(one, days)
            if covered.any():
                covered &= _in_caps(one, matters)
            masks |= np.where(
                covered, np.uint64(law.vocabulary.mask("programme", [one.head.id])), 0
            )
        found[f"programmes@{day}"] = Column(masks)
    return found


def members(programme: Programme, law: Rulebook, matters: Matters, parties: Parties) -> Bits:
    """Which payments are of a programme's kinds and participants, on whatever day."""
    words = law.vocabulary
    kinds = words.mask("transaction", programme.transactions)
    codes = matters.column(Key("transaction")).values.astype(np.uint64)
    fits: Bits = (np.uint64(kinds) >> codes & np.uint64(1)).astype(np.bool_)
    home = words.code("jurisdiction", programme.head.jurisdiction)
    anybody = np.zeros(matters.rows, np.bool_)
    for name, leis in zip(PARTIES, (parties.debtors, parties.creditors), strict=True):
        resides = matters.column(Key(f"{name}.residence")).values == home
        takes_part = np.array([lei in programme.participants for lei in leis], np.bool_)
        fits &= ~resides | takes_part
        anybody |= resides
    return fits & anybody


def _within(programme: Programme, days: NDArray[np.int64]) -> Bits:
    """Which days a programme has."""
    first = programme.head.effective_from.toordinal() - EPOCH
    last = programme.ends.toordinal() - EPOCH
    within: Bits = (first <= days) & (days <= last)
    return within


def _in_caps(programme: Programme, matters: Matters) -> Bits:
    """Which payments keep to the caps, as far as is known."""
    fits = np.ones(matters.rows, np.bool_)
    if programme.rate is None:
        return fits
    rate = (programme.rate.on, programme.rate.name)
    if cap := programme.cap_payment:
        fits &= _at_most(matters.column(Key(f"amount.{cap.type.of}", *rate)), cap)
    if cap := programme.cap_total:
        span = (programme.ends - programme.head.effective_from).days + 1
        link = f"{LINK}{programme.head.id}"
        fits &= _at_most(matters.column(Key(f"window.total.{cap.type.of}", *rate, link, span)), cap)
    return fits


def _at_most(amounts: Column, cap: Parameter) -> Bits:
    kept: Bits = amounts.values <= cap.value
    return kept if amounts.unknown is None else kept & ~amounts.unknown


def _traded(matters: Matters) -> NDArray[np.int64]:
    days: NDArray[np.int64] = matters.column(Key("traded_on")).values
    return days


def _local(instants: Sequence[datetime], zone: str) -> NDArray[np.int64]:
    """The days that it is at a place."""
    there = zone_of(zone)
    known = {at: at.astimezone(there).date().toordinal() - EPOCH for at in set(instants)}
    return np.array([known[at] for at in instants], np.int64)
