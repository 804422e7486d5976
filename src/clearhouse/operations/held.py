"""Payments that are held: by what, who must look by when, and what two people decided."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from clearhouse.core.errors import Refusal
from clearhouse.core.gate import Ground, Verdict, finding_of, review_deadline
from clearhouse.core.held import (
    HoldChanged,
    HoldDecision,
    HoldMalformed,
    Outcome,
    UnknownHold,
    held_by,
)
from clearhouse.core.ids import ObligationId
from clearhouse.core.obligation import Obligation
from clearhouse.core.remedy import Advice, advise
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.operations.leaving import OPEN
from clearhouse.store import decisions, obligations, registers


@dataclass(frozen=True, slots=True)
class Held:
    """A payment that the gate's newest answer holds.

    Attributes:
        against: What speaks against it, in words.
        rules: The rules that hold it, each with the hash that a decision binds to.
        by: The day by which somebody must have looked.
        remedies: Who must act on each, by when, and what would change it.
    """

    obligation: Obligation
    against: tuple[Ground, ...]
    rules: dict[str, str]
    by: date
    since: datetime  # it is held, without a break
    remedies: tuple[Advice, ...] = ()


def held(house: House, ids: Collection[str] | None = None) -> list[Held]:
    """Payments that are held now: those that must be looked at first come first.

    Args:
        ids: Of obligations; None is all.
    """
    with house.db.transaction():
        made = decisions.newest_held(house.db, None if ids is None else sorted(ids))
        asked = [one.decision.obligation for one in made]
        found = obligations.by_ids(house.db, asked, house.assets)
        since = decisions.held_since(house.db, asked)
        digests = {digest for one in made for digest in one.decision.findings}
        bodies = registers.findings(house.db, digests)
        parties = registers.participants(
            house.db, {p for one in found.values() for p in (one.debtor, one.creditor)}
        )
    said = {digest: finding_of(body) for digest, body in bodies.items()}
    several = []
    for one in made:
        payment = found[one.decision.obligation]
        if payment.state not in OPEN:
            continue
        findings = [said[digest] for digest in one.decision.findings]
        grounds = [each for finding in findings for each in finding.grounds]
        against = tuple(each for each in grounds if each.verdict is not Verdict.CLEAR)
        attached = [parties[who].residence for who in (payment.debtor, payment.creditor)]
        # However often the gate has asked again since then.
        by = review_deadline(since[payment.id], attached, house.rulebook)
        law = house.laws.version(findings[-1].rulebook)
        remedies = tuple(advise(against, law, one.decision.settles_on, by))
        rules = held_by(findings[-1])
        several.append(Held(payment, against, rules, by, since[payment.id], remedies))
    return sorted(several, key=lambda one: (one.by, one.obligation.id))


def deciding(
    house: House, id: ObligationId, rule: str, outcome: Outcome, reason: str
) -> HoldDecision:
    """The record that decides a hold, bound to what its rule says now.

    Raises:
        UnknownHold: The rule does not hold this payment.
    """
    found = held(house, [id])
    if not found or rule not in found[0].rules:
        raise UnknownHold(_missing(id, rule), obligation=id)
    return HoldDecision(id, rule, found[0].rules[rule], outcome, house.today, reason)


def _missing(id: str, rule: str) -> str:
    return f"{rule[:60]!r} does not hold {id[:40]}: `clearhouse holds` shows what is held"


def checked(house: House, several: Sequence[HoldDecision]) -> list[Said]:
    """Check decisions on holds: each is about what is held now, by what the rule says now."""
    standing = {one.obligation.id: one for one in held(house, {one.obligation for one in several})}
    return [Said([*_wrong(house, one, standing.get(one.obligation))]) for one in several]


def _wrong(house: House, one: HoldDecision, standing: Held | None) -> Iterator[Refusal]:
    if standing is None or one.rule not in standing.rules:
        yield UnknownHold(_missing(one.obligation, one.rule), obligation=one.obligation)
    elif standing.rules[one.rule] != one.said:
        detail = f"{one.rule} says something else of {one.obligation} now: look again"
        yield HoldChanged(detail, obligation=one.obligation)
    if one.decided_on > house.today:
        yield HoldMalformed(f"{one.decided_on} has not come", obligation=one.obligation)
