"""What another rulebook would have said: past decisions asked again, before anything is activated.

Every decision of the gate in the last days is put to the new law with the facts that were known
when it was made: the obligation's terms, the licences and the reference rates recorded by then. The
screening of its parties is taken as it was; where the new law lowers the score at which names are
reviewed, names in between would have to be screened again, and that is said.

The same path proves the past: asked again under the version that it names, a decision's finding on
the law must have the very hash that the decision has.
"""

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from clearhouse.core.errors import Alarm
from clearhouse.core.gate import Finding, Verdict
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.participant import Licence, Participant
from clearhouse.core.rulebook import Class, Rulebook
from clearhouse.operations.ask import Said, said_of
from clearhouse.operations.facts import Asked, Fixings, Party
from clearhouse.operations.house import House
from clearhouse.operations.linked import Windows
from clearhouse.store import decisions, obligations, registers
from clearhouse.store.decisions import Decided

CHUNK = 20_000  # decisions
EXAMPLES = 3
SCORE = "screening.review-score"


class ReplayDiffers(Alarm):
    """A decision asked again under its own law comes out with other bytes."""

    code = "rulebook.replay-differs"


class Told(NamedTuple):
    """A ground of a finding, as far as two versions of the law can be compared by it."""

    rule: str  # its id; empty where nothing opens what is closed
    code: str
    said: str  # only where there is no rule

    @property
    def name(self) -> str:
        """What people call it."""
        return self.rule or self.said


@dataclass
class Changed:
    """What changes by one rule: in how many decisions it comes newly, or no longer."""

    newly: int = 0
    no_longer: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)  # before, after
    examples: list[str] = field(default_factory=list)  # obligations


@dataclass
class Impact:
    """What a new version of the law would have changed."""

    old: str  # the version in force now
    new: str
    since: str
    decisions: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)  # before, after
    rules: defaultdict[tuple[str, str], Changed] = field(
        default_factory=lambda: defaultdict(Changed)
    )
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Past:
    """The registers as they were at any place of the journal."""

    house: House
    words: Rulebook
    participants: Mapping[ParticipantId, Participant]
    licences: Mapping[str, Sequence[tuple[int, Licence]]]
    fixed: Sequence[decisions.Fixed]
    proposed: Sequence[int]  # where proposals stand in the journal, if the law asks for them
    _parties: dict[tuple[str, int], Party] = field(default_factory=dict)

    def party(self, id: ParticipantId, position: int) -> Party:
        """A participant with the licences that were known before a place of the journal."""
        held = self.licences.get(id, ())
        known = bisect_left(held, position, key=lambda one: one[0])
        if (id, known) not in self._parties:
            licences = tuple(licence for _, licence in held[:known])
            one = replace(self.participants[id], licences=licences)
            self._parties[id, known] = Party(one, self.words.vocabulary)
        return self._parties[id, known]

    def known(self, one: Decided) -> tuple[int, int]:
        """How many rates were fixed by then, and, if the law looks at them, proposals made."""
        rates = bisect_left(self.fixed, one.position, key=lambda fixed: fixed.position)
        return rates, bisect_left(self.proposed, one.position)

    def asked(self, made: Sequence[Decided]) -> list[Asked]:
        """What the gate was asked when it decided."""
        ids = {one.decision.obligation for one in made}
        found = obligations.by_ids(self.house.db, ids, self.house.assets)
        return [
            Asked(
                found[one.decision.obligation],
                self.party(found[one.decision.obligation].debtor, one.position),
                self.party(found[one.decision.obligation].creditor, one.position),
                one.recorded_at,
                one.decision.settles_on,
            )
            for one in made
        ]


def _past(house: House, law: Rulebook) -> _Past:
    held: dict[str, list[tuple[int, Licence]]] = defaultdict(list)
    for position, one in decisions.licensed(house.db):
        licence = Licence(Class(one.licence_class), one.issuer, one.valid_from, one.valid_to)
        held[one.participant].append((position, licence))
    everybody = registers.participants(house.db)
    proposed = decisions.proposed(house.db) if law.looks_around else []
    fixed = decisions.fixings(house.db, house.coin)
    return _Past(house, law, everybody, held, fixed, proposed)


def _again(past: _Past, law: Rulebook, made: Sequence[Decided]) -> Said:
    """What a law says of decisions, each with what was known then."""
    findings: list[Finding] = []
    which: list[int] = []
    # Neighbours know the same; a rate or a proposal in between makes another batch.
    for (rates, _), group in groupby(made, past.known):
        each = list(group)
        fixings = Fixings(past.house.coin, past.fixed[:rates])
        before = each[0].position
        said = said_of(Windows(past.house, law, fixings, past.asked(each), before))
        which += [len(findings) + number for number in said.which]
        findings += said.findings
    return Said(findings, which)


def _chunks(house: House, days: int) -> Iterator[list[Decided]]:
    since, after = house.now() - timedelta(days=days), 0
    while made := decisions.decided(house.db, since, after, CHUNK):
        yield made
        after = made[-1].position


def count(house: House, days: int) -> int:
    """How many decisions there are to ask again."""
    return decisions.count(house.db, house.now() - timedelta(days=days))


def impact(house: House, new: Rulebook, days: int, advance: Callable[[int], None]) -> Impact:
    """Ask a new version of the law about the decisions of the last days.

    Args:
        days: Back from now.
        advance: Is told how many decisions were asked again so far.
    """
    old = house.rulebook
    since = house.now() - timedelta(days=days)
    found = Impact(old.version, new.version, f"{since:%Y-%m-%d %H:%M} UTC")
    if new.standard(SCORE, house.today) < old.standard(SCORE, house.today):
        found.remarks.append(
            "names are reviewed at a lower score: those between the two were not screened again"
        )
    past = _past(house, new)
    bodies = _Bodies(house)
    for made in _chunks(house, days):
        bodies.load(digest for one in made for digest in one.decision.findings)
        said = _again(past, new, made)
        pairs = zip(made, (said.findings[number] for number in said.which), strict=True)
        for one, finding in pairs:
            _compare(found, one, bodies, finding)
        found.decisions += len(made)
        advance(found.decisions)
    return found


@dataclass
class _Bodies:
    """Findings as they were recorded, read once."""

    house: House
    grounds: dict[str, frozenset[Told]] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    rulebooks: dict[str, str] = field(default_factory=dict)
    _told: dict[int, tuple[Finding, frozenset[Told]]] = field(default_factory=dict)

    def load(self, digests: Iterator[str]) -> None:
        """Read those that are not known yet."""
        new = set(digests) - self.grounds.keys()
        for digest, body in registers.findings(self.house.db, new).items():
            content = json.loads(body)
            self.grounds[digest] = frozenset(
                _told(one["rule"], one["code"], one["said"]) for one in content["grounds"]
            )
            said = [Verdict[one["verdict"].upper()] for one in content["grounds"]]
            self.verdicts[digest] = max(said)
            self.rulebooks[digest] = content["rulebook"]

    def told(self, finding: Finding) -> frozenset[Told]:
        """The grounds of a new finding."""
        known = self._told.get(id(finding))
        if known is None:
            grounds = frozenset(_told(one.rule, one.code, one.said) for one in finding.grounds)
            # The finding is kept beside them: its id is its own only while it lives.
            known = self._told[id(finding)] = (finding, grounds)
        return known[1]


def _told(rule: str, code: str, said: str) -> Told:
    return Told(rule, code, "" if rule else said)


def _compare(found: Impact, one: Decided, bodies: _Bodies, finding: Finding) -> None:
    """Account for one decision."""
    *parties, law = one.decision.findings
    before = one.decision.verdict
    after = str(max(finding.verdict, *(bodies.verdicts[digest] for digest in parties)))
    found.verdicts[before, after] += 1
    was, now = bodies.grounds[law], bodies.told(finding)
    if was == now:
        return
    for told in was ^ now:
        changed = found.rules[told.name, told.code]
        if told in now:
            changed.newly += 1
        else:
            changed.no_longer += 1
        if before != after:
            changed.verdicts[before, after] += 1
        if len(changed.examples) < EXAMPLES:
            changed.examples.append(one.decision.obligation)


@dataclass(frozen=True, slots=True)
class Proven:
    """How many decisions came out the same, to the byte, under the law that each names."""

    decisions: int
    versions: tuple[str, ...]


def prove(house: House, days: int, advance: Callable[[int], None]) -> Proven:
    """Ask every decision of the last days again, under the version of the law that it names.

    Raises:
        ReplayDiffers: One comes out with other bytes.
        UnknownVersion: A version that was in force is kept nowhere.
    """
    bodies, done = _Bodies(house), 0
    pasts: dict[str, _Past] = {}
    for made in _chunks(house, days):
        bodies.load(one.decision.findings[-1] for one in made)
        for version, group in groupby(
            made, lambda one: bodies.rulebooks[one.decision.findings[-1]]
        ):
            law, each = house.laws.version(version), list(group)
            if version not in pasts:
                pasts[version] = _past(house, law)
            said = _again(pasts[version], law, each)
            digests = [finding.digest() for finding in said.findings]
            for one, number in zip(each, said.which, strict=True):
                if digests[number] != one.decision.findings[-1]:
                    _alarm(one.decision.obligation, one.position, version)
            done += len(each)
            advance(done)
    return Proven(done, tuple(sorted(pasts)))


def _alarm(obligation: ObligationId, position: int, version: str) -> None:
    detail = f"entry {position} on {obligation} comes out otherwise under rulebook {version}"
    raise ReplayDiffers(detail, obligation=obligation)
