"""Pass obligations through the gate, in batches; one is a batch of one.

A gate is opened for one run: under the rulebook and the lists as they are now. It remembers what
it found about each party and corridor, so that a file of a hundred thousand lines between a
thousand parties screens a thousand parties. Lists are asked for their age with every batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from clearhouse.core import screening
from clearhouse.core.event import Event
from clearhouse.core.gate import (
    Finding,
    FindingMade,
    GateDecided,
    Verdict,
    decide,
    judge_corridor,
    judge_party,
)
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant
from clearhouse.core.rulebook import Eras, ListFreshness, NameReview
from clearhouse.operations.house import House
from clearhouse.store import registers

Participants = Mapping[ParticipantId, Participant]
Hits = tuple[list[screening.Match], tuple[screening.WalletMatch, ...]]  # names, address
Known = tuple[str, Verdict]  # a finding's digest and verdict


@dataclass
class Gate:
    """A run of the gate, and what it has found so far."""

    house: House
    screen: screening.Screen
    versions: tuple[tuple[str, str], ...]
    _hits: dict[ParticipantId, Hits] = field(default_factory=dict)
    _eras: dict[str, Eras] = field(default_factory=dict)  # of each party, and "" for the law alone
    _known: dict[tuple[object, ...], Known] = field(default_factory=dict)
    _unsaved: dict[str, Finding] = field(default_factory=dict)

    def judge(
        self, obligations: Sequence[Obligation], participants: Participants
    ) -> dict[ObligationId, GateDecided]:
        """Decide on obligations for settlement today.

        Args:
            obligations: The batch.
            participants: At least their debtors and creditors.

        Raises:
            screening's refusals: A list is missing or too old; nothing is decided.
        """
        parties = {one.debtor for one in obligations} | {one.creditor for one in obligations}
        self._screen([participants[id] for id in sorted(parties - self._hits.keys())])
        today = self.house.today
        return {
            one.id: decide(one.id, self._findings(one, participants, today), today)
            for one in obligations
        }

    def _screen(self, parties: Sequence[Participant]) -> None:
        # Asked with no subject too: the screen refuses when a list has aged past its limit.
        now = self.house.now()
        subjects = [screening.Subject(one.id, (one.name,)) for one in parties]
        for party, matches in zip(parties, self.screen.screen(subjects, now=now), strict=True):
            listed = self.screen.listed_wallet(party.address, now=now) if party.address else ()
            self._hits[party.id] = (matches, listed)

    def _findings(self, one: Obligation, participants: Participants, today: date) -> list[Known]:
        debtor, creditor = participants[one.debtor], participants[one.creditor]
        days = (one.traded_on, today)
        return [
            self._party(debtor, "debtor", days),
            self._party(creditor, "creditor", days),
            self._corridor(debtor.residence, creditor.residence, days),
        ]

    def _era(self, party: Participant | None, day: date) -> int:
        """Number the times between which neither the law nor the party's licences change."""
        key = party.id if party else ""
        if key not in self._eras:
            spans = party.spans() if party else []
            self._eras[key] = Eras([*self.house.rulebook.spans(), *spans])
        return self._eras[key].of(day)

    def _party(self, party: Participant, role: str, days: tuple[date, date]) -> Known:
        key = (party.id, role, *(self._era(party, day) for day in days))
        if key not in self._known:
            matches, wallets = self._hits[party.id]
            law = self.house.rulebook
            finding = judge_party(party, role, matches, wallets, self.versions, days, law)
            return self._remember(key, finding)
        return self._known[key]

    def _corridor(self, debtor: str, creditor: str, days: tuple[date, date]) -> Known:
        key = (debtor, creditor, *(self._era(None, day) for day in days))
        if key not in self._known:
            finding = judge_corridor(debtor, creditor, days, self.house.rulebook)
            return self._remember(key, finding)
        return self._known[key]

    def _remember(self, key: tuple[object, ...], finding: Finding) -> Known:
        digest = finding.digest()
        self._unsaved[digest] = finding
        known = digest, finding.verdict
        # A denial names the day that it is for; on another day it is another finding.
        if finding.verdict is not Verdict.DENY:
            self._known[key] = known
        return known

    def save(self) -> list[tuple[str, Event]]:
        """Keep the new findings, in the caller's transaction; answers the facts to journal.

        Call `saved` once the transaction is committed: a batch that fails keeps nothing.
        """
        new = registers.add_findings(self.house.db, list(self._unsaved.items()))
        return [
            (finding.subject, FindingMade(digest, finding.body()))
            for digest, finding in self._unsaved.items()
            if digest in new
        ]

    def saved(self) -> None:
        """Note that the transaction of `save` is committed."""
        self._unsaved.clear()


def open_gate(house: House) -> Gate:
    """Open the gate under the law and the lists as they are now.

    Raises:
        screening's refusals: A mandatory list is missing, too old or too small: the gate stops.
    """
    lists = house.lists()
    today = house.today
    hours = min(terms.hours_max for terms in house.rulebook.terms(ListFreshness, today))
    score = min(terms.score_per_mille for terms in house.rulebook.terms(NameReview, today))
    age_max = timedelta(hours=hours)
    screen = screening.in_force(lists, house.now(), age_max, review_at=score)
    return Gate(house, screen, tuple((one.name, one.version) for one in lists))


def verdict_of(decision: GateDecided) -> Verdict:
    """The verdict that a decision names."""
    return Verdict[decision.verdict.upper()]
