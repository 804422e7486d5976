"""The gate: may this obligation be paid? All grounds for clear, hold or deny, with their evidence.

What the gate looks at is kept as *findings*: one about each party in its role (is it licensed, is
it or its wallet listed) and one about the corridor between the two residences. A finding holds
the rules it applied, what it saw and the versions of rulebook and lists, and is known by the hash
of its canonical bytes: the same question under the same law and lists gives the same finding, and
a decision names its findings by hash. So a decision is small, replays to the same bytes, and a
million obligations between ten thousand parties need ten thousand screenings.

The verdict is the strictest of all grounds. A corridor is closed unless the law of *every*
attached jurisdiction opens it: another jurisdiction can only make the answer stricter. Rules are
looked at on the trade date and on the settlement date. Screening is as of now; if a mandatory list
is missing or stale there is no decision at all (`screening` refuses).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from hashlib import sha256

from clearhouse.core.calendar import business_day_after
from clearhouse.core.canonical import canonical
from clearhouse.core.ids import ObligationId
from clearhouse.core.participant import Participant, licensed
from clearhouse.core.rulebook import Corridor, DomesticPayment, NameReview, Rule, Rulebook
from clearhouse.core.screening import Grade, Match, WalletMatch


class Verdict(IntEnum):
    """The gate's answer; the strictest of several is the greatest."""

    CLEAR = 0
    HOLD = 1
    DENY = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason, for or against."""

    code: str  # stable: gate.corridor-open, gate.listed-party, ...
    verdict: Verdict
    said: str  # in words, with what was compared
    rule: str = ""  # the rule's id
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the gate saw when it looked at one subject, and under what."""

    subject: str  # a participant's id, or "XA>XB" for a corridor
    grounds: tuple[Ground, ...]
    rulebook: str  # version
    lists: tuple[tuple[str, str], ...]  # name and version of each list compared with

    @property
    def verdict(self) -> Verdict:
        """The strictest of its grounds."""
        return max(ground.verdict for ground in self.grounds)

    def body(self) -> str:
        """Its canonical bytes, as text."""
        grounds = [
            {
                "citation": ground.citation,
                "code": ground.code,
                "rule": ground.rule,
                "said": ground.said,
                "verdict": str(ground.verdict),
            }
            for ground in self.grounds
        ]
        content = {
            "grounds": grounds,
            "lists": dict(self.lists),
            "rulebook": self.rulebook,
            "subject": self.subject,
        }
        return canonical(content)

    def digest(self) -> str:
        """SHA-256 of its canonical bytes, in hex."""
        return sha256(self.body().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class FindingMade:
    """The gate looked at a subject and saw this."""

    digest: str
    body: str  # the finding's canonical bytes


@dataclass(frozen=True, slots=True)
class GateDecided:
    """An obligation passed the gate, is held by it, or is denied."""

    obligation: ObligationId
    verdict: str
    findings: tuple[str, ...]  # digests: debtor's, creditor's, the corridor's
    settles_on: date  # the day the answer is for


def judge_party(
    participant: Participant,
    role: str,
    matches: Sequence[Match],
    wallets: Sequence[WalletMatch],
    lists: Sequence[tuple[str, str]],
    days: tuple[date, date],
    rulebook: Rulebook,
) -> Finding:
    """Look at one party as debtor or creditor: licences on the trade date, and screening now.

    Args:
        matches: What screening found of its names, all of them.
        wallets: What it found of its address.
        lists: Name and version of every list that was compared with.
        days: Trade date and settlement date; a licence must hold on both.
    """
    grounds: list[Ground] = []
    for day in sorted(set(days)):
        satisfied, missing = licensed(participant, role, day, rulebook)
        for rule, licence in satisfied:
            said = (
                f"{role} {participant.name} is licensed as {licence.licence_class} by"
                f" {licence.issuer}, {licence.valid_from} to {licence.valid_to}"
            )
            grounds.append(_ruled("gate.licensed", Verdict.CLEAR, said, rule))
        grounds += [
            Ground("gate.licence-missing", Verdict.DENY, lack.detail, lack.context["rule"])
            for lack in missing
        ]
    grounds += [_named(match) for match in matches]
    grounds += [_paid_to(match) for match in wallets]
    if not matches and not wallets:
        names = ", ".join(f"{name} {version[:12]}" for name, version in sorted(lists))
        said = f"{participant.name!r} and its address were compared with {names}: no match"
        grounds.append(Ground("gate.not-listed", Verdict.CLEAR, said))
    return _finding(participant.id, grounds, rulebook.version, lists)


def _named(match: Match) -> Ground:
    said = (
        f"{match.subject_name!r} compared with {match.listed_name!r}, entry {match.entity} of"
        f" {match.list_name} version {match.list_version[:12]}: {match.score} of 1000"
    )
    if match.grade is Grade.EXACT:
        return Ground("gate.listed-party", Verdict.DENY, said)
    return Ground("gate.possibly-listed-party", Verdict.HOLD, said)


def _paid_to(match: WalletMatch) -> Ground:
    said = (
        f"address {match.address} is {match.listed_address} ({match.asset}) of"
        f" {match.list_name} version {match.list_version[:12]}"
    )
    return Ground("gate.listed-wallet", Verdict.DENY, said)


def _finding(
    subject: str, grounds: Iterable[Ground], rulebook: str, lists: Iterable[tuple[str, str]]
) -> Finding:
    # The same ground on both days is said once: the finding stays the same from day to day.
    return Finding(subject, tuple(dict.fromkeys(grounds)), rulebook, tuple(sorted(lists)))


def judge_corridor(debtor: str, creditor: str, days: Iterable[date], rulebook: Rulebook) -> Finding:
    """Look at a payment between residents of two jurisdictions: does the law of each allow it?

    Every obligation is settled in a digital asset, whatever currency it is invoiced in, so the ban
    on domestic payment in digital assets holds for all of them.
    """
    looked_at = sorted(set(days))
    subject = f"{debtor}>{creditor}"
    banned = rulebook.under(DomesticPayment, [debtor], *looked_at) if debtor == creditor else []
    if banned:
        said = f"both parties reside in {debtor}, and settlement would be in a digital asset"
        grounds = [_ruled("gate.domestic-digital-payment", Verdict.DENY, said, r) for r in banned]
        return _finding(subject, grounds, rulebook.version, ())
    grounds = []
    for home, abroad in ((debtor, creditor), (creditor, debtor)):
        for day in looked_at:
            opened = [
                rule
                for rule in rulebook.under(Corridor, [home], day)
                if isinstance(rule.terms, Corridor) and abroad in rule.terms.counterparts
            ]
            said = f"{home} allows payments with residents of {abroad}"
            grounds += [_ruled("gate.corridor-open", Verdict.CLEAR, said, rule) for rule in opened]
            if not opened:
                said = f"no law of {home} opens payments with residents of {abroad} on {day}"
                grounds.append(Ground("gate.corridor-closed", Verdict.DENY, said))
    return _finding(subject, grounds, rulebook.version, ())


def _ruled(code: str, verdict: Verdict, said: str, rule: Rule) -> Ground:
    return Ground(code, verdict, said, rule.id, rule.citation)


def decide(
    obligation: ObligationId, findings: Sequence[tuple[str, Verdict]], settles_on: date
) -> GateDecided:
    """Join the findings about an obligation into the gate's answer: the strictest of them.

    Args:
        findings: Digest and verdict of the debtor's, the creditor's and the corridor's finding.
    """
    verdict = max(verdict for _, verdict in findings)
    return GateDecided(
        obligation, str(verdict), tuple(digest for digest, _ in findings), settles_on
    )


def review_deadline(decided_at: datetime, attached: Iterable[str], rulebook: Rulebook) -> date:
    """The day by which a person must have looked at a hold: the earliest that any law asks for."""
    on = decided_at.date()
    count = min(terms.business_days for terms in rulebook.terms(NameReview, on))
    calendars = [rulebook.jurisdictions[code].calendar for code in attached]
    return business_day_after(on, count, calendars)
