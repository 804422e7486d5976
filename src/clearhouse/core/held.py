"""Held: what two people decided of a payment that a rule of law holds for them to look at.

A rule that holds asks for people: they look at the payment, and let it go on or refuse it. Two of
them decide, for one payment and one rule, and the decision binds by a hash to all that the rule
said: when its words change, or it applies otherwise, nothing is decided any more, and the payment
is held as if nobody had looked.

    released   the rule holds this payment no more; all other grounds stand
    refused    it is denied

What the law denies, and what may be denied as far as it is known, no people release; nor what a
list or an owner holds (see `hits`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.gate import Finding, Ground, Verdict
from clearhouse.core.ids import ObligationId
from clearhouse.core.record import OneOf, Register

DIGEST_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
HOLDS = "gate.law-holds"


class HoldMalformed(Refusal):
    """A decision on a hold does not say by SHA-256 what the rule said, or its day has not come."""

    code = "hold.malformed"
    kind = Kind.MALFORMED


class UnknownHold(Refusal):
    """The rule does not hold this payment now, or there is no such payment."""

    code = "hold.unknown"
    kind = Kind.UNKNOWN


class HoldChanged(Refusal):
    """The rule says something else now than what was decided on."""

    code = "hold.changed"
    kind = Kind.CONFLICT


class Outcome(StrEnum):
    """What becomes of a payment that is held."""

    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class HoldDecision:
    """Whether a payment that a rule holds goes on, as two people decided."""

    obligation: ObligationId
    rule: str  # its id
    said: str  # SHA-256 of all that it said
    outcome: Annotated[str, OneOf(tuple(Outcome))]
    decided_on: date
    reason: str

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        if not DIGEST_FORM.fullmatch(self.said):
            yield HoldMalformed("said: 64 hexadecimal digits, as `clearhouse holds` shows them")


HOLD_DECISIONS = Register(
    "hold_decision",
    HoldDecision,
    "whether a payment that a rule of law holds goes on",
    ("obligation", "rule"),
    "obligation",
    restricted=frozenset({"reason"}),
    untold=True,
)

Decisions = Mapping[tuple[str, str], HoldDecision]  # by obligation and rule


def by_hold(several: Iterable[HoldDecision]) -> Decisions:
    """Decisions by what they are about."""
    return {(one.obligation, one.rule): one for one in several}


def held_by(finding: Finding) -> dict[str, str]:
    """The rules by which a finding holds, each with the hash of all that it said."""
    said: dict[str, list[str]] = {}
    for ground in finding.grounds:
        if ground.code == HOLDS:
            said.setdefault(ground.rule, []).append(f"{ground.citation}: {ground.said}")
    return {
        rule: sha256(canonical(sorted(each)).encode()).hexdigest() for rule, each in said.items()
    }


def reviewed(finding: Finding, obligation: str, decisions: Decisions) -> Finding:
    """What the law says of a payment, after what two people decided of its holds."""
    held = held_by(finding)
    decided = {rule: one for rule in held if (one := decisions.get((obligation, rule)))}
    if not decided:
        return finding
    grounds: list[Ground] = []
    for ground in finding.grounds:
        if ground.code == HOLDS and ground.rule in decided:
            grounds += _grounds(ground, decided[ground.rule], held[ground.rule])
        else:
            grounds.append(ground)
    return replace(finding, grounds=tuple(dict.fromkeys(grounds)))


def _grounds(ground: Ground, one: HoldDecision, said: str) -> Iterable[Ground]:
    decided = f"two people {one.outcome} it on {one.decided_on}"
    if one.said != said:
        yield ground
        told = f"{decided}: that holds no more, since the rule says otherwise now"
        yield replace(ground, code="gate.hold-lapsed", said=told)
        return
    verdict = Verdict.CLEAR if one.outcome == Outcome.RELEASED else Verdict.DENY
    code = f"gate.hold-{one.outcome}"
    yield replace(ground, code=code, verdict=verdict, said=f"{ground.said} ({decided})")
