"""Hits: what two people decided of a subject that resembles an entry of a list, or is called so.

A hit is looked at by people: is this the one that is listed, or another with such a name? Two of
them decide, and the decision is bound to what they compared: by one hash to all that the subject
was screened under, by another to all that the list says of the entry. When either changes nothing
is decided any more, and the hit stands as if nobody had looked.

    another    the hit is cleared: it speaks against nothing, and every decision tells that it was
    same       it is the one that is listed, however its name is written

Wallets are no names, nor are numbers that nobody else can have: whoever holds a listed one is hit,
and nobody decides otherwise.

Source: OFAC FAQ 5 (due diligence on a match, step by step); Wolfsberg Group, Guidance on Sanctions
Screening (2019), 5 (alerts are decided by people, and a cleared one is remembered with its reason).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.record import OneOf, Register
from clearhouse.core.screening import Grade, Known, Match, Subject

DIGEST_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)


class HitMalformed(Refusal):
    """A decision on a hit does not say by SHA-256 what was compared, or its day has not come."""

    code = "hit.malformed"
    kind = Kind.MALFORMED


class UnknownHit(Refusal):
    """There is no such hit: the subject is unknown, or resembles no such entry of that list."""

    code = "hit.unknown"
    kind = Kind.UNKNOWN


class HitChanged(Refusal):
    """What a decision on a hit compared is not what stands there now."""

    code = "hit.changed"
    kind = Kind.CONFLICT


class HitDecisive(Refusal):
    """A subject has a number that the entry has, and that nobody else can have."""

    code = "hit.decisive"
    kind = Kind.FORBIDDEN


class Outcome(StrEnum):
    """Who a subject is that was hit."""

    ANOTHER = "another"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class HitDecision:
    """Whether a subject is the one that a list names, as two people decided."""

    subject: str  # a participant, or an entity or person that owns; or whoever applied
    list_name: str
    entity: str  # the list's number of the entry
    compared: str  # SHA-256 of what the subject was screened under
    listed: str  # SHA-256 of what the list said of the entry
    outcome: Annotated[str, OneOf(tuple(Outcome))]
    decided_on: date
    reason: str  # what tells them apart, or that they are the same

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        for name in ("compared", "listed"):
            if not DIGEST_FORM.fullmatch(getattr(self, name)):
                yield HitMalformed(
                    f"{name}: 64 hexadecimal digits, as `clearhouse hits` shows them"
                )


HIT_DECISIONS = Register(
    "hit_decision",
    HitDecision,
    "whether a subject is the one that a list names",
    ("subject", "list_name", "entity"),
    "subject",
    # What tells somebody apart may be personal.
    restricted=frozenset({"reason"}),
    untold=True,
)

Decisions = Mapping[tuple[str, str, str], HitDecision]  # by subject, list and entry


@dataclass(frozen=True, slots=True)
class Screening:
    """A subject's matches, after what was decided of them; each notes the decision."""

    standing: tuple[Match, ...] = ()
    cleared: tuple[Match, ...] = ()  # it is another


def compared_as(subject: Subject) -> str:
    """The hash of all that a subject was screened under, and of what is known of it besides.

    Of a natural person it is over the name of the dossier that holds all of it: a name, or a
    birth, could be guessed from its hash, for ever.
    """
    shown: object = subject.kept_in or [sorted(set(subject.names)), *_known(subject.known)]
    return sha256(canonical([subject.id, shown, *_numbers(subject)]).encode()).hexdigest()


def _numbers(subject: Subject) -> list[list[str]]:
    """The numbers that a subject is screened by, in one order."""
    return sorted([str(one.kind), one.country, one.value] for one in set(subject.identifiers))


def _known(known: Known) -> list[object]:
    """What is known beside names and numbers, in one order."""
    births = sorted([str(one.first), str(one.last), one.approximate] for one in known.births)
    return [str(known.category), births, sorted(set(known.countries))]


def by_hit(several: Iterable[HitDecision]) -> Decisions:
    """Decisions by what they are about."""
    return {(one.subject, one.list_name, one.entity): one for one in several}


def reviewed(
    subjects: Sequence[Subject],
    found: Sequence[Sequence[Match]],
    decisions: Decisions,
    listed: Callable[[Match], str],
) -> list[Screening]:
    """Sort what was found by what was decided of it.

    Args:
        found: The matches of each subject.
        listed: The hash of what the list says of a match's entry now.
    """
    return [
        _of_one(compared_as(subject), matches, decisions, listed) if matches else Screening()
        for subject, matches in zip(subjects, found, strict=True)
    ]


def _of_one(
    compared: str,
    matches: Sequence[Match],
    decisions: Decisions,
    listed: Callable[[Match], str],
) -> Screening:
    standing, cleared = [], []
    for match in matches:
        one = decisions.get((match.subject, match.list_name, match.entity))
        if one is None or match.identifier:
            standing.append(match)
            continue
        decided = f"two people found on {one.decided_on} that it is {_said(one)}"
        if lapsed := _lapsed(one, compared, listed(match)):
            standing.append(replace(match, note=f"{decided}; that holds no more, since {lapsed}"))
        elif one.outcome == Outcome.ANOTHER:
            cleared.append(replace(match, note=decided))
        else:
            standing.append(replace(match, note=decided, grade=Grade.EXACT))
    return Screening(tuple(standing), tuple(cleared))


def _said(one: HitDecision) -> str:
    return "another" if one.outcome == Outcome.ANOTHER else "the same"


def _lapsed(one: HitDecision, compared: str, listed: str) -> str:
    """Why a decision holds no more; "" if it does."""
    changed = [
        what
        for what, then, now in (
            ("what is known of the subject", one.compared, compared),
            ("what the list says of the entry", one.listed, listed),
        )
        if then != now
    ]
    return f"{' and '.join(changed)} has changed" if changed else ""
