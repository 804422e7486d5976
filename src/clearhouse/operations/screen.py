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
Known = tuple[str, Verdict]  # a finding's digest and verdict


@dataclass(slots=True)
class Seen:
    """A party that the gate has looked at, as the register had it then."""

    party: Participant
    eras: Eras  # in one of which neither the law nor its licences change
    matches: Sequence[screening.Match]
    wallets: Sequence[screening.WalletMatch]
    findings: dict[tuple[str, int, int], Known] = field(default_factory=dict)


@dataclass
class Gate:
    """A run of the gate, and what it has found so far."""

    house: House
    screen: screening.Screen
    versions: tuple[tuple[str, str], ...]
    eras: Eras  # of the law alone
    _seen: dict[ParticipantId, Seen] = field(default_factory=dict)
    _corridors: dict[tuple[str, str, int, int], Known] = field(default_factory=dict)
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
        self._look_at([participants[id] for id in sorted(parties)])
        today = self.house.today
        return {one.id: decide(one.id, self._findings(one, today), today) for one in obligations}

    def _look_at(self, parties: Sequence[Participant]) -> None:
        """Screen whom the gate has not seen, or not as the register has them now."""
        now, law = self.house.now(), self.house.rulebook.spans()
        new = [
            party
            for party in parties
            if (seen := self._seen.get(party.id)) is None or seen.party != party
        ]
        # Asked with no subject too: the screen refuses when a list has aged past its limit.
        subjects = [screening.Subject(party.id, (party.name,)) for party in new]
        for party, matches in zip(new, self.screen.screen(subjects, now=now), strict=True):
            listed = self.screen.listed_wallet(party.address, now=now) if party.address else ()
            eras = Eras([*law, *party.spans()])
            self._seen[party.id] = Seen(party, eras, matches, listed)

    def _findings(self, one: Obligation, today: date) -> list[Known]:
        debtor, creditor = self._seen[one.debtor], self._seen[one.creditor]
        days = (one.traded_on, today)
        return [
            self._party(debtor, "debtor", days),
            self._party(creditor, "creditor", days),
            self._corridor(debtor.party.residence, creditor.party.residence, days),
        ]

    def _party(self, seen: Seen, role: str, days: tuple[date, date]) -> Known:
        key = (role, seen.eras.of(days[0]), seen.eras.of(days[1]))
        known = seen.findings.get(key)
        if known is None:
            law, versions = self.house.rulebook, self.versions
            finding = judge_party(seen.party, role, seen.matches, seen.wallets, versions, days, law)
            known = self._keep(finding)
            # A denial names the day that it is for; on another day it is another finding.
            if finding.verdict is not Verdict.DENY:
                seen.findings[key] = known
        return known

    def _corridor(self, debtor: str, creditor: str, days: tuple[date, date]) -> Known:
        key = (debtor, creditor, self.eras.of(days[0]), self.eras.of(days[1]))
        known = self._corridors.get(key)
        if known is None:
            finding = judge_corridor(debtor, creditor, days, self.house.rulebook)
            known = self._keep(finding)
            if finding.verdict is not Verdict.DENY:
                self._corridors[key] = known
        return known

    def _keep(self, finding: Finding) -> Known:
        digest = finding.digest()
        self._unsaved[digest] = finding
        return digest, finding.verdict

    def save(self) -> list[tuple[str, Event]]:
        """The facts by which new findings are kept, to be recorded in the caller's transaction.

        Call `saved` once that is committed: a batch that fails keeps nothing.
        """
        known = registers.known_findings(self.house.db, self._unsaved)
        return [
            (finding.subject, FindingMade(digest, finding.body()))
            for digest, finding in self._unsaved.items()
            if digest not in known
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
    versions = tuple((one.name, one.version) for one in lists)
    return Gate(house, screen, versions, Eras(house.rulebook.spans()))


def verdict_of(decision: GateDecided) -> Verdict:
    """The verdict that a decision names."""
    return Verdict[decision.verdict.upper()]
