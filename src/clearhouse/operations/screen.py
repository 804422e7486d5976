"""Pass obligations through the gate, in batches; one is a batch of one.

A gate is opened for one run: under the rulebook and the lists as they are now. It remembers what
it found about each party, so that a file of a hundred thousand lines between a thousand parties
screens a thousand parties; what the law says is asked of the whole batch at once. Lists are asked
for their age with every batch.
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
    judge_party,
)
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant
from clearhouse.core.rulebook import Rulebook
from clearhouse.operations.ask import said_of
from clearhouse.operations.facts import Asked, Fixings, Party
from clearhouse.operations.house import House
from clearhouse.operations.kept_lists import keep_list
from clearhouse.operations.linked import Windows
from clearhouse.store import decisions, registers

Participants = Mapping[ParticipantId, Participant]
Known = tuple[str, Verdict]  # a finding's digest and verdict


@dataclass(slots=True)
class Seen:
    """A party that the gate has looked at, as the register had it then."""

    party: Party
    matches: Sequence[screening.Match]
    wallets: Sequence[screening.WalletMatch]
    findings: dict[tuple[int, int], Known] = field(default_factory=dict)  # by the eras of two days


@dataclass
class Gate:
    """A run of the gate, and what it has found so far."""

    house: House
    law: Rulebook
    screen: screening.Screen
    versions: tuple[tuple[str, str], ...]
    fixings: Fixings
    _seen: dict[ParticipantId, Seen] = field(default_factory=dict)
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
        if self.house.rulebook.version != self.law.version:
            self._reopen()
        parties = {one.debtor for one in obligations} | {one.creditor for one in obligations}
        self._look_at([participants[id] for id in sorted(parties)])
        today, law = self.house.today, self._law(obligations)
        return {
            one.id: decide(one.id, [*self._parties(one, today), said], today)
            for one, said in zip(obligations, law, strict=True)
        }

    def _reopen(self) -> None:
        """Go on under the law that has come into force meanwhile."""
        new = open_gate(self.house)
        self.law, self.screen, self.versions = new.law, new.screen, new.versions
        self.fixings = new.fixings
        self._seen.clear()

    def _look_at(self, parties: Sequence[Participant]) -> None:
        """Screen whom the gate has not seen, or not as the register has them now."""
        now, words = self.house.now(), self.law.vocabulary
        new = [
            party
            for party in parties
            if (seen := self._seen.get(party.id)) is None or seen.party.participant != party
        ]
        # Asked with no subject too: the screen refuses when a list has aged past its limit.
        subjects = [screening.Subject(party.id, (party.name,)) for party in new]
        for party, matches in zip(new, self.screen.screen(subjects, now=now), strict=True):
            listed = self.screen.listed_wallet(party.address, now=now) if party.address else ()
            self._seen[party.id] = Seen(Party(party, words), matches, listed)

    def _parties(self, one: Obligation, today: date) -> list[Known]:
        days = (one.traded_on, today)
        return [self._party(self._seen[id], days) for id in (one.debtor, one.creditor)]

    def _party(self, seen: Seen, days: tuple[date, date]) -> Known:
        eras = seen.party.eras
        key = (eras.of(days[0]), eras.of(days[1]))
        known = seen.findings.get(key)
        if known is None:
            law, versions = self.law, self.versions
            finding = judge_party(
                seen.party.participant, seen.matches, seen.wallets, versions, days, law
            )
            known = seen.findings[key] = self._keep(finding)
        return known

    def _law(self, obligations: Sequence[Obligation]) -> list[Known]:
        """What the law says of each."""
        now = self.house.now()
        asked = [
            Asked(
                one, self._seen[one.debtor].party, self._seen[one.creditor].party, now, now.date()
            )
            for one in obligations
        ]
        if not asked:
            return []
        said = said_of(Windows(self.house, self.law, self.fixings, asked))
        known = [self._keep(finding) for finding in said.findings]
        return [known[number] for number in said.which]

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
    law = house.rulebook
    # Before a decision names them.
    house.laws.keep(law)
    for edition in lists:
        keep_list(house, edition)
    hours = law.standard("screening.list-age", today)
    score = law.standard("screening.review-score", today)
    age_max = timedelta(hours=hours)
    screen = screening.in_force(lists, house.now(), age_max, review_at=score)
    versions = tuple((one.name, one.version) for one in lists)
    fixings = Fixings(house.coin, decisions.fixings(house.db, house.coin))
    return Gate(house, law, screen, versions, fixings)


def verdict_of(decision: GateDecided) -> Verdict:
    """The verdict that a decision names."""
    return Verdict[decision.verdict.upper()]
