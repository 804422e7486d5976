"""The gate: may this obligation be paid? All grounds for clear, hold or deny, with their evidence.

What the gate looks at is kept as *findings*: one about each party (is it or its wallet listed, what
is it licensed as), one about what is shipped where that is recorded (`carriage`), and one of what
the law says of a payment between them: every rule that opens, holds or forbids it, and what is to
be reported or collected. A finding holds what it saw and the versions of rulebook and lists, and is
known by the hash of its canonical bytes: the same question under the same law and lists gives the
same finding, and a decision names its findings by hash. So a decision is small, replays to the same
bytes, and a million obligations between ten thousand parties need ten thousand screenings.

The verdict is the strictest of all grounds. A payment is closed unless the law of *every* attached
jurisdiction opens it: another jurisdiction can only make the answer stricter. Rules are looked at
on the trade date and on the settlement date. Screening is as of now; if a mandatory list is missing
or stale there is no decision at all (`screening` refuses).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from hashlib import sha256
from operator import attrgetter

from clearhouse.core.calendar import business_day_after
from clearhouse.core.canonical import canonical
from clearhouse.core.ids import ObligationId
from clearhouse.core.involvement import Involvement, Part
from clearhouse.core.ownership import Degree, Stake
from clearhouse.core.participant import Dealing, Licence, Participant, State
from clearhouse.core.rulebook import (
    SUBJECTS,
    Answer,
    Came,
    Gap,
    Outcome,
    Role,
    Rule,
    Rulebook,
)
from clearhouse.core.screening import Grade, Match, WalletMatch


class Verdict(IntEnum):
    """The gate's answer; the strictest of several is the greatest."""

    CLEAR = 0
    HOLD = 1
    DENY = 2

    def __str__(self) -> str:
        return self.name.lower()


DOUBT = "It is not known whether this applies"
LICENCE_ORDER = ("licence_class", "issuer", "valid_from", "valid_to")


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

    subject: str  # a participant's or obligation's id; "XA>XB" for the law on payments between them
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


def finding_of(body: str) -> Finding:
    """Read back what `Finding.body` wrote."""
    said = json.loads(body)
    grounds = tuple(
        Ground(
            *(one["code"], Verdict[one["verdict"].upper()]),
            *(one["said"], one["rule"], one["citation"]),
        )
        for one in said["grounds"]
    )
    return Finding(said["subject"], grounds, said["rulebook"], tuple(said["lists"].items()))


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
    findings: tuple[str, ...]  # digests: debtor's, creditor's, the carriage's if any, the law's
    settles_on: date  # the day the answer is for


def judge_party(
    participant: Participant,
    matches: Sequence[Match],
    wallets: Sequence[WalletMatch],
    lists: Sequence[tuple[str, str]],
    days: Sequence[date],
    rulebook: Rulebook,
    owned: Sequence[Stake] = (),
    cleared: Sequence[Match] = (),
    through: Sequence[Involvement] = (),
) -> Finding:
    """Look at one party: who it is and who owns it, by screening now, and what it is licensed as.

    Args:
        matches: What screening found of its names, all that stands.
        wallets: What it found of its addresses.
        lists: Name and version of every list that was compared with.
        days: Trade date and settlement date; a licence to deal must hold on the later one.
        owned: What its owners mean for it.
        cleared: What screening found of its names, and two people found to be another.
        through: What those mean for it through whom it acts.
    """
    grounds: list[Ground] = []
    # In one order, whatever order the register has them in.
    for licence in sorted(participant.licences, key=attrgetter(*LICENCE_ORDER)):
        if any(licence.active(day) for day in days):
            said = (
                f"{participant.name} is licensed as {licence.licence_class} by"
                f" {licence.issuer}, {licence.valid_from} to {licence.valid_to}"
            )
            grounds.append(Ground("gate.licensed", Verdict.CLEAR, said))
        grounds += _measured(participant, licence, days)
    today = max(days)
    grounds += _standing(participant, today)
    grounds += [_named(match, _dealing(participant, match, today)) for match in matches]
    grounds += [_wallet(participant, match, today) for match in wallets]
    grounds += [Ground("gate.hit-cleared", Verdict.CLEAR, match.said) for match in cleared]
    if not matches and not wallets and not cleared:
        names = ", ".join(f"{name} {version[:12]}" for name, version in sorted(lists))
        said = f"{participant.name!r} and its address were compared with {names}: no match"
        grounds.append(Ground("gate.not-listed", Verdict.CLEAR, said))
    grounds += [Ground(*OWNED[one.degree], one.said) for one in owned]
    grounds += [Ground(*THROUGH[one.part], one.said) for one in through]
    return _finding(participant.id, grounds, rulebook.version, lists)


OWNED: Mapping[Degree, tuple[str, Verdict]] = {
    Degree.OWNED: ("gate.owned-by-listed", Verdict.DENY),
    Degree.POSSIBLY: ("gate.possibly-owned-by-listed", Verdict.HOLD),
    Degree.PARTLY: ("gate.partly-owned-by-listed", Verdict.HOLD),
    Degree.SLIGHTLY: ("gate.slightly-owned-by-listed", Verdict.CLEAR),
    Degree.CLEARED: ("gate.owner-hit-cleared", Verdict.CLEAR),
    Degree.LICENSED: ("gate.listed-owner-licensed", Verdict.CLEAR),
    Degree.UNSCREENED: ("gate.owner-unscreened", Verdict.HOLD),
    Degree.UNRESOLVED: ("gate.owners-unresolved", Verdict.HOLD),
    Degree.NOT: ("gate.owners-not-listed", Verdict.CLEAR),
}
THROUGH: Mapping[Part, tuple[str, Verdict]] = {
    Part.THROUGH: ("gate.listed-associate", Verdict.DENY),
    Part.OFFICER: ("gate.listed-officer", Verdict.HOLD),
    Part.POSSIBLY: ("gate.possibly-listed-associate", Verdict.HOLD),
    Part.UNSCREENED: ("gate.associate-unscreened", Verdict.HOLD),
    Part.CLEARED: ("gate.associate-hit-cleared", Verdict.CLEAR),
    Part.LICENSED: ("gate.listed-associate-licensed", Verdict.CLEAR),
    Part.NOT: ("gate.associates-not-listed", Verdict.CLEAR),
}


def _measured(participant: Participant, licence: Licence, days: Iterable[date]) -> list[Ground]:
    """Say why a licence does not count; what follows from that, the law on admission says."""
    grounds = []
    for day in sorted(set(days)):
        one = licence.barred(day)
        if one is not None and licence.valid_from <= day <= licence.valid_to:
            until = f" to {one.until}" if one.until else ""
            said = (
                f"the licence of {participant.name} as {licence.licence_class} by"
                f" {licence.issuer} is {one.measure} from {one.since}{until}: {one.reason}"
            )
            grounds.append(Ground(f"gate.licence-{one.measure}", Verdict.CLEAR, said))
    return grounds


# What a standing that is not "active" means for a payment.
STANDINGS: Mapping[State, tuple[str, Verdict]] = {
    State.APPLICANT: ("gate.party-not-admitted", Verdict.DENY),
    State.SUSPENDED: ("gate.party-suspended", Verdict.HOLD),
    State.IN_DEFAULT: ("gate.party-in-default", Verdict.HOLD),
    State.TERMINATED: ("gate.party-terminated", Verdict.DENY),
}


def _standing(participant: Participant, today: date) -> list[Ground]:
    """What its standing today says against a participant."""
    held = participant.standing(today)
    if held is None or held.state == State.ACTIVE:
        return []
    code, verdict = STANDINGS[State(held.state)]
    said = f"{participant.name} is {held.state} since {held.since}: {held.reason}"
    return [Ground(code, verdict, said)]


def _dealing(participant: Participant, match: Match | WalletMatch, today: date) -> Dealing | None:
    """The licence to deal with what was matched, of an authority, if there is one today."""
    for one in sorted(participant.dealings, key=attrgetter("proposal")):
        if one.covers(match.list_name, match.entity, today):
            return one
    return None


def _named(match: Match, dealing: Dealing | None) -> Ground:
    said = match.said
    if dealing is not None:
        return _licensed_to_deal(said, dealing)
    if match.grade is Grade.EXACT:
        return Ground("gate.listed-party", Verdict.DENY, said)
    return Ground("gate.possibly-listed-party", Verdict.HOLD, said)


def _wallet(participant: Participant, match: WalletMatch, today: date) -> Ground:
    is_own = match.address in participant.own_addresses(today)
    said = (
        f"address {match.address}{'' if is_own else ', which has paid for it,'} is"
        f" {match.listed_address} ({match.asset}) of {match.list_name} version"
        f" {match.list_version[:12]}"
    )
    if (dealing := _dealing(participant, match, today)) is not None:
        return _licensed_to_deal(said, dealing)
    code = "gate.listed-wallet" if is_own else "gate.paid-by-listed-wallet"
    return Ground(code, Verdict.DENY, said)


def _licensed_to_deal(said: str, dealing: Dealing) -> Ground:
    """Name the licence by which somebody listed may be dealt with all the same."""
    licence = (
        f"licensed by {dealing.authority}, {dealing.valid_from} to {dealing.valid_to}, in the"
        f" document with SHA-256 {dealing.document}, entered by {dealing.proposal}"
    )
    return Ground("gate.listed-party-licensed", Verdict.CLEAR, f"{said}; {licence}")


def _finding(
    subject: str, grounds: Iterable[Ground], rulebook: str, lists: Iterable[tuple[str, str]]
) -> Finding:
    # The same ground on both days is said once: the finding stays the same from day to day.
    return Finding(subject, tuple(dict.fromkeys(grounds)), rulebook, tuple(sorted(lists)))


OUTCOMES: Mapping[Outcome, tuple[str, Verdict]] = {
    Outcome.ALLOW: ("gate.law-allows", Verdict.CLEAR),
    Outcome.HOLD: ("gate.law-holds", Verdict.HOLD),
    Outcome.DENY: ("gate.law-denies", Verdict.DENY),
    Outcome.REPORT: ("gate.report-due", Verdict.CLEAR),
    Outcome.COLLECT: ("gate.collection-due", Verdict.CLEAR),
}
ORIGIN = "origin"  # the fact of where coins come from
DUES = frozenset({"gate.report-due", "gate.collection-due"})
VERDICTS = {Answer.ALLOW: Verdict.CLEAR, Answer.HOLD: Verdict.HOLD, Answer.DENY: Verdict.DENY}


def judge_law(corridor: str, came: Iterable[Came], answer: Answer, rulebook: Rulebook) -> Finding:
    """Tell what the law says of a payment.

    Args:
        corridor: The residences of its parties: "XA>XB".
        came: All that bears on it; the answer follows from it.
    """
    grounds = [_of_law(one) for one in came]
    finding = _finding(corridor, grounds, rulebook.version, ())
    assert finding.verdict is VERDICTS[answer], f"{finding.verdict}, and the law says {answer!r}"
    return finding


def _of_law(one: Came) -> Ground:
    """What one rule, or the lack of one, says of a payment."""
    days = " and ".join(f"{day} date" for day in one.days)
    seen = "" if one.role is Role.TRANSACTION else f"of the {one.role}, "
    if isinstance(one.what, Gap):
        return _closed(one.what, f"{seen}as of the {days}", certain=one.certain)
    rule = one.what
    code, verdict = OUTCOMES[rule.outcome]
    said = f"{seen}as of the {days}: {rule.says}"
    if rule.due is not None:
        said += f" (due: {rule.due.what}, to {rule.due.to}{_by(rule)})"
    if not one.certain:
        said += f" {DOUBT}: {', '.join(rule.doubtful())}"
        code, verdict = _doubtful(rule, code, verdict)
    return Ground(code, verdict, said, rule.id, rule.head.citation)


def _doubtful(rule: Rule, code: str, verdict: Verdict) -> tuple[str, Verdict]:
    """What may deny, holds; what may be due is due; what may allow does not yet.

    Where the law asks for the origin of coins that nobody has examined, no people let them pass.
    """
    if verdict is not Verdict.CLEAR and ORIGIN in rule.doubtful():
        return "gate.coins-not-examined", Verdict.HOLD
    return ("gate.law-doubtful", Verdict.HOLD) if verdict is Verdict.DENY else (code, verdict)


def _by(rule: Rule) -> str:
    return f", {rule.deadline}" if rule.deadline else ""


def unopened(jurisdiction: str, subject: str) -> str:
    """Say that no law of a jurisdiction opens what is closed by itself."""
    return f"no law of {jurisdiction} opens this ({SUBJECTS[subject]})"


def _closed(gap: Gap, seen: str, *, certain: bool) -> Ground:
    """Say that nothing opens what is closed by itself."""
    if not gap.jurisdiction:
        return Ground("gate.law-missing", Verdict.DENY, "a party is where the rulebook has no law")
    said = f"{seen}: {unopened(gap.jurisdiction, gap.subject)}"
    if not certain:
        return Ground("gate.law-doubtful", Verdict.HOLD, f"{said}, as far as it is known")
    return Ground("gate.law-closed", Verdict.DENY, said)


def due_by(id: str, on: date, since: datetime, law: Rulebook) -> datetime | None:
    """The instant, in UTC, by which what a rule asks for is done, if it names a deadline.

    Args:
        id: Of the rule that came.
        on: The day on which the payment was to be settled: the rule's version follows from it.
        since: When it was decided.
    """
    for rule in law.rules:
        if rule.id == id and rule.due and rule.deadline and rule.head.in_force(on):
            calendar = law.jurisdictions[rule.head.jurisdiction].calendar
            return rule.deadline.falls(since, calendar)
    return None


def decide(
    obligation: ObligationId, findings: Sequence[tuple[str, Verdict]], settles_on: date
) -> GateDecided:
    """Join the findings about an obligation into the gate's answer: the strictest of them.

    Args:
        findings: Digest and verdict of the debtor's, the creditor's, perhaps the carriage's, and
            the law's finding.
    """
    verdict = max(verdict for _, verdict in findings)
    return GateDecided(
        obligation, str(verdict), tuple(digest for digest, _ in findings), settles_on
    )


def review_deadline(
    decided_at: datetime,
    attached: Iterable[str],
    rulebook: Rulebook,
    standard: str = "screening.review-time",
) -> date:
    """The day by which a person must have looked at a hold: the earliest that any law asks for."""
    on = decided_at.date()
    count = rulebook.standard(standard, on)
    known = rulebook.jurisdictions
    calendars = [known[code].calendar for code in attached if code in known]
    return business_day_after(on, count, calendars)
