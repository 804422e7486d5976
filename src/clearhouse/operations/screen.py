"""Pass obligations through the gate, in batches; one is a batch of one.

A gate is opened for one run: under the rulebook and the lists as they are now. It remembers what
it found about each party, so that a file of a hundred thousand lines between a thousand parties
screens a thousand parties; what the law says is asked of the whole batch at once. Lists are asked
for their age with every batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from clearhouse.core import held, screening
from clearhouse.core.carriage import judge_carriage
from clearhouse.core.event import Event
from clearhouse.core.gate import (
    Finding,
    FindingMade,
    GateDecided,
    Verdict,
    decide,
    judge_party,
)
from clearhouse.core.held import HOLD_DECISIONS, by_hold
from clearhouse.core.hits import Screening
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.involvement import Involvement
from clearhouse.core.obligation import Obligation
from clearhouse.core.ownership import Stake
from clearhouse.core.participant import Participant
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.travel_due import Side
from clearhouse.operations.adopt import adopt
from clearhouse.operations.ask import said_of
from clearhouse.operations.carried import Aboards, aboard, carriages_of, vessels_of
from clearhouse.operations.facts import Asked, Fixings, Party
from clearhouse.operations.house import House
from clearhouse.operations.kept_lists import keep_list
from clearhouse.operations.linked import Windows
from clearhouse.operations.owners import Judged, bounds, owners_of
from clearhouse.operations.screened import entities, of_party, reviewed_now
from clearhouse.operations.travelled import Sides, judged, platforms_of, told_now
from clearhouse.store import decisions, editions, owners, records, registers

Participants = Mapping[ParticipantId, Participant]
Known = tuple[str, Verdict]  # a finding's digest and verdict


@dataclass(slots=True)
class Seen:
    """A party that the gate has looked at, as the register had it then."""

    party: Party
    found: Screening
    wallets: Sequence[screening.WalletMatch]
    owned: Sequence[Stake]  # what its owners mean for it
    through: Sequence[Involvement]  # what those mean for it through whom it acts
    platforms: Sequence[str]  # who keeps its coin
    findings: dict[tuple[int, int], Known] = field(default_factory=dict)  # by the eras of two days


@dataclass
class Gate:
    """A run of the gate, and what it has found so far."""

    house: House
    law: Rulebook
    screen: screening.Screen
    versions: tuple[tuple[str, str], ...]
    opened_at: datetime
    behind_at: tuple[int, int] = (0, 0)  # when something was last said of owners and associates
    _seen: dict[ParticipantId, Seen] = field(default_factory=dict)
    _unsaved: dict[str, Finding] = field(default_factory=dict)

    def judge(
        self,
        obligations: Sequence[Obligation],
        participants: Participants,
        at: datetime | None = None,
    ) -> dict[ObligationId, GateDecided]:
        """Decide on obligations for settlement today, while the caller has the journal's lock.

        Args:
            obligations: The batch, in the order in which what is new will be recorded.
            participants: At least their debtors and creditors.
            at: The instant that the decisions are recorded under; now, if it is not given.

        Raises:
            screening's refusals: A list is missing or too old; nothing is decided.
        """
        at = at or self.house.now()
        law = self.house.laws.in_force(self.house.db, at)
        is_same = law.version == self.law.version and at.date() == self.opened_at.date()
        if not is_same or not self._is_of_today():
            self._reopen(at)
        if (changed := owners.changed_at(self.house.db)) != self.behind_at:
            self._seen.clear()
            self.behind_at = changed
        parties = {one.debtor for one in obligations} | {one.creditor for one in obligations}
        self._look_at([participants[id] for id in sorted(parties)], at)
        today, ships = at.date(), self._aboard(obligations, at)
        fixings = Fixings(self.house.coin, decisions.fixings(self.house.db, self.house.coin))
        said_by_law = self._law(obligations, at, ships, fixings)
        carried = self._carried(obligations, today, ships)
        travelled = self._travelled(obligations, today, fixings)
        return {
            one.id: decide(
                one.id,
                [
                    *self._parties(one, today),
                    *carried.get(one.id, ()),
                    *travelled.get(one.id, ()),
                    said,
                ],
                today,
            )
            for one, said in zip(obligations, said_by_law, strict=True)
        }

    def _is_of_today(self) -> bool:
        """Whether its lists are those that the house screens by: another may have adopted new."""
        known = editions.in_force(self.house.db)
        return {name: one.version for name, one in known.items()} == dict(self.versions)

    def _reopen(self, at: datetime) -> None:
        """Go on under what holds now: other law, other lists, or another day of the same."""
        new = open_gate(self.house, at)
        self.law, self.screen, self.versions = new.law, new.screen, new.versions
        self.opened_at = at
        self._seen.clear()

    def _look_at(self, parties: Sequence[Participant], at: datetime) -> None:
        """Screen whom the gate has not seen, or not as the register has them now."""
        words = self.law.vocabulary
        new = [
            party
            for party in parties
            if (seen := self._seen.get(party.id)) is None or seen.party.participant != party
        ]
        today = at.date()
        found = owners_of(self.house, new, today)
        compared = found.compared(
            lambda several: reviewed_now(self.house, self.screen, several, at)
        )
        of_owners = Judged(found, compared, bounds(self.law, today))
        # Asked with no subject too: the screen refuses when a list has aged past its limit.
        also = entities(self.house, {party.id for party in new})
        subjects = [of_party(party, also) for party in new]
        several = reviewed_now(self.house, self.screen, subjects, at)
        for party, each in zip(new, several, strict=True):
            listed = [
                match
                for address in party.addresses(today)
                for match in self.screen.listed_wallet(address, now=at)
            ]
            behind = (of_owners.of(party, today), of_owners.through(party, today))
            platforms = platforms_of(found.associates.get(party.id, ()))
            self._seen[party.id] = Seen(Party(party, words), each, listed, *behind, platforms)

    def _aboard(self, obligations: Sequence[Obligation], at: datetime) -> Aboards:
        """What obligations ship, and on which vessels; nothing where that is not recorded."""
        carriages = carriages_of(self.house, [one.id for one in obligations])
        if not carriages:
            return {}
        return aboard(
            carriages,
            vessels_of(self.house, carriages),
            lambda several: reviewed_now(self.house, self.screen, several, at),
        )

    def _carried(
        self, obligations: Sequence[Obligation], today: date, found: Aboards
    ) -> dict[ObligationId, list[Known]]:
        """What is found of the vessels that carry something."""
        known = {}
        for one in obligations:
            if several := found.get(one.id):
                sides = [self._seen[id].party.participant for id in (one.debtor, one.creditor)]
                about = (sides, self.versions, today, self.law)
                known[one.id] = [self._keep(judge_carriage(one.id, several, *about))]
        return known

    def _travelled(
        self, obligations: Sequence[Obligation], today: date, fixings: Fixings
    ) -> dict[ObligationId, list[Known]]:
        """What is found of the Travel Rule's records, of payments of which one is due."""
        due = [
            Sides(one, self._side(one.debtor), self._side(one.creditor))
            for one in obligations
            if self._seen[one.debtor].platforms or self._seen[one.creditor].platforms
        ]
        if not due:
            return {}
        told = told_now(self.house, [one.obligation.id for one in due], today)
        found = judged(due, told, fixings, self.law, today)
        return {id: [self._keep(finding)] for id, finding in found.items()}

    def _side(self, id: ParticipantId) -> Side:
        seen = self._seen[id]
        return Side(seen.party.participant, seen.platforms)

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
                *(seen.party.participant, seen.found.standing, seen.wallets, versions, days, law),
                owned=seen.owned,
                cleared=seen.found.cleared,
                through=seen.through,
            )
            known = seen.findings[key] = self._keep(finding)
        return known

    def _law(
        self, obligations: Sequence[Obligation], at: datetime, carried: Aboards, fixings: Fixings
    ) -> list[Known]:
        """What the law says of each."""
        if not obligations:
            return []
        asked = [
            Asked(one, self._seen[one.debtor].party, self._seen[one.creditor].party, at, at.date())
            for one in obligations
        ]
        said = said_of(Windows(self.house, self.law, fixings, asked), carried)
        known = [self._keep(finding) for finding in said.findings]
        answers = [known[number] for number in said.which]
        stopped = {
            one.id: place
            for place, (one, (_, verdict)) in enumerate(zip(obligations, answers, strict=True))
            if verdict is Verdict.HOLD
        }
        if stopped:  # or nobody can have decided anything
            decided = by_hold(records.current(self.house.db, HOLD_DECISIONS, ids=stopped))
            for id in sorted({obligation for obligation, _ in decided}):
                place = stopped[ObligationId(id)]
                finding = held.reviewed(said.findings[said.which[place]], id, decided)
                answers[place] = self._keep(finding)
        return answers

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


def open_gate(house: House, at: datetime | None = None) -> Gate:
    """Open the gate under the law and the lists as they are now.

    The house adopts what it has not screened by before, which is recorded.

    Args:
        at: The instant that it is opened for; now, if it is not given.

    Raises:
        screening's refusals: A mandatory list is missing, too old or too small: the gate stops.
        ListGone, ListRegressed, ListShrunken, ArchiveDamaged: What stands in the folder cannot
            follow what was screened by: it stops, too.
    """
    at = at or house.now()
    law, today = house.laws.in_force(house.db, at), at.date()
    house.laws.keep(law)  # before a decision names it; so are the lists
    hours = law.standard("screening.list-age", today)
    score = law.standard("screening.review-score", today)
    is_adopted = False
    while not is_adopted:
        lists = house.lists()
        for edition in lists:
            keep_list(house, edition)
        screen = house.screens.in_force(lists, at, timedelta(hours=hours), score)
        is_adopted = adopt(house, lists, law)
    versions = tuple((one.name, one.version) for one in lists)
    return Gate(house, law, screen, versions, at)


def verdict_of(decision: GateDecided) -> Verdict:
    """The verdict that a decision names."""
    return Verdict[decision.verdict.upper()]
