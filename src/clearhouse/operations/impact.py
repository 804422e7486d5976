"""What another rulebook would have said: past decisions asked again, before anything is activated.

Every decision of the gate in the last days is put to the new law with the facts that were known
when it was made: the obligation's terms, the licences and the reference rates recorded by then. The
screening of its parties is taken as it was; where the new law lowers the score at which names are
reviewed, names in between would have to be screened again, and that is said.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from clearhouse.core.gate import Finding, Verdict
from clearhouse.core.rulebook import Rulebook
from clearhouse.operations.house import House
from clearhouse.operations.past import chunks, past
from clearhouse.store import registers
from clearhouse.store.decisions import Decided

EXAMPLES = 3
SCORE = "screening.review-score"


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
    before = past(house, new)
    bodies = _Bodies(house)
    for made in chunks(house, days):
        bodies.load(digest for one in made for digest in one.decision.findings)
        _, said = before.again(made)
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
