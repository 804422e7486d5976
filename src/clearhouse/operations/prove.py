"""Prove the past: every decision asked again, under the law and the lists it names, same bytes.

The obligation's terms, licences, rates and linked obligations are taken as they were recorded
before the decision; its version of the law and its editions of the lists are read from the archive
by their hashes. Each of its findings must come out with the hash that the decision has.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import groupby
from typing import NamedTuple

from clearhouse.core import screening
from clearhouse.core.canonical import FormError
from clearhouse.core.carriage import judge_carriage
from clearhouse.core.errors import Alarm
from clearhouse.core.gate import Verdict, decide, judge_party
from clearhouse.core.screening import Screen
from clearhouse.core.travel_due import Side
from clearhouse.operations.carried import aboard
from clearhouse.operations.facts import Asked, Party
from clearhouse.operations.house import House
from clearhouse.operations.kept_lists import kept_list
from clearhouse.operations.past import Past, chunks, past
from clearhouse.operations.past_owners import PastOwners
from clearhouse.operations.screened import of_party, reviewed_then
from clearhouse.operations.travelled import Sides, judged, platforms_of
from clearhouse.store import registers
from clearhouse.store.decisions import Decided

Lists = tuple[tuple[str, str], ...]  # name and version, sorted
Known = tuple[str, Verdict]  # a finding's hash and verdict
# An edition that is published again unchanged has one version; how old each was is over, and was
# seen to when the decision was made: all are asked as of one instant.
THEN = datetime(2000, 1, 1, tzinfo=UTC)


class ReplayDiffers(Alarm):
    """A decision asked again under its own law and lists comes out with other bytes."""

    code = "rulebook.replay-differs"


@dataclass(frozen=True, slots=True)
class Proven:
    """How many decisions came out the same, to the byte, under the law that each names."""

    decisions: int
    versions: tuple[str, ...]
    lost: int = 0  # that cannot be asked again: what was known of an owner was erased since


class _Under(NamedTuple):
    """What a decision names: a version of the law, and of each list."""

    rulebook: str
    lists: Lists


@dataclass
class _Prover:
    """Asks again; what was asked once is known."""

    house: House
    under: dict[str, _Under] = field(default_factory=dict)  # by a debtor's finding
    pasts: dict[str, Past] = field(default_factory=dict)
    owners: dict[str, PastOwners] = field(default_factory=dict)
    screens: dict[tuple[Lists, int], Screen] = field(default_factory=dict)
    known: dict[tuple[object, ...], Known] = field(default_factory=dict)
    lost: int = 0

    def load(self, made: Sequence[Decided]) -> None:
        """Read what decisions name, and see that it is what its name says."""
        new = {digest for one in made for digest in one.decision.findings} - self.under.keys()
        found = registers.findings(self.house.db, new)
        for digest in sorted(new):
            body = found.get(digest, "")
            if sha256(body.encode()).hexdigest() != digest:
                raise ReplayDiffers(f"finding {digest} is not there, or not what it was")
            said = json.loads(body)
            self.under[digest] = _Under(said["rulebook"], tuple(sorted(said["lists"].items())))

    def prove(self, under: _Under, made: Sequence[Decided]) -> None:
        """Ask decisions again that name the same law and lists."""
        law = self.house.laws.version(under.rulebook)
        if under.rulebook not in self.pasts:
            known = self.pasts[under.rulebook] = past(self.house, law)
            self.owners[under.rulebook] = PastOwners(self.house, known, law)
        asked, said = self.pasts[under.rulebook].again(made)
        of_law = [(finding.digest(), finding.verdict) for finding in said.findings]
        for one, question, number in zip(made, asked, said.which, strict=True):
            sides = (question.debtor, question.creditor)
            past_owners = self.owners[under.rulebook]
            about = (one.position, question.settles_on)
            if any(past_owners.is_lost(side.participant.id, *about) for side in sides):
                self.lost += 1
                continue
            parties = [self.of_party(side, question, one, under) for side in sides]
            found = [
                *parties,
                *self.of_carriage(question, one, under),
                *self.of_record(question, one, under),
                of_law[number],
            ]
            today = one.recorded_at.date()
            if decide(one.decision.obligation, found, today) != one.decision:
                raise ReplayDiffers(
                    f"entry {one.position} on {one.decision.obligation} comes out otherwise under"
                    f" rulebook {under.rulebook}",
                    obligation=one.decision.obligation,
                )

    def of_party(self, party: Party, asked: Asked, made: Decided, under: _Under) -> Known:
        """What the gate finds of a party: its hash, and the verdict."""
        days = (asked.obligation.traded_on, asked.settles_on)
        eras = tuple(party.eras.of(day) for day in days)
        era = self.owners[under.rulebook].era(made.position)
        key = (id(party), eras, under, asked.settles_on, era)
        if key not in self.known:
            self.known[key] = self._found(party, days, made.position, under)
        return self.known[key]

    def _found(self, party: Party, days: tuple[date, date], position: int, under: _Under) -> Known:
        one, law, lists = party.participant, self.house.laws.version(under.rulebook), under.lists
        screen = self._screen(lists, law.standard("screening.review-score", days[1]))
        then = self.owners[under.rulebook]
        decided = then.decisions(position)
        subject = of_party(one, then.entities(position))
        (found,) = reviewed_then(screen, [subject], decided, THEN)
        wallets = [
            match
            for address in one.addresses(days[1])
            for match in screen.listed_wallet(address, now=THEN)
        ]
        judged = then.judged(
            *(position, days[1], lists),
            lambda several: reviewed_then(screen, several, decided, THEN),
        )
        owned, through = judged.of(one, days[1]), judged.through(one, days[1])
        about = (one, found.standing, wallets, lists, days, law)
        finding = judge_party(*about, owned=owned, cleared=found.cleared, through=through)
        return finding.digest(), finding.verdict

    def of_carriage(self, asked: Asked, made: Decided, under: _Under) -> list[Known]:
        """What the gate finds of what an obligation ships, where that was recorded."""
        several, ships = self.pasts[under.rulebook].carriages(made)
        if not several:
            return []
        law, on = self.house.laws.version(under.rulebook), asked.settles_on
        screen = self._screen(under.lists, law.standard("screening.review-score", on))
        decided = self.owners[under.rulebook].decisions(made.position)
        found = aboard(
            several, ships, lambda subjects: reviewed_then(screen, subjects, decided, THEN)
        )
        id, sides = asked.obligation.id, (asked.debtor.participant, asked.creditor.participant)
        finding = judge_carriage(id, found[id], sides, under.lists, on, law)
        return [(finding.digest(), finding.verdict)]

    def of_record(self, asked: Asked, made: Decided, under: _Under) -> list[Known]:
        """What the gate finds of a payment's Travel Rule record, where one was due."""
        known, then = self.pasts[under.rulebook], self.owners[under.rulebook]
        law, on = self.house.laws.version(under.rulebook), asked.settles_on
        acting = then.acting(made.position, on)
        payer, payee = (
            Side(side.participant, platforms_of(acting.get(side.participant.id, ())))
            for side in (asked.debtor, asked.creditor)
        )
        sides = Sides(asked.obligation, payer, payee)
        if not sides.is_due:
            return []
        found = judged([sides], known.told(made), known.fixings(made), law, on)
        return [(finding.digest(), finding.verdict) for finding in found.values()]

    def _screen(self, lists: Lists, score: int) -> Screen:
        if (lists, score) not in self.screens:
            editions = [
                replace(kept_list(self.house, version), name=name, published_at=THEN)
                for name, version in lists
            ]
            self.screens[lists, score] = screening.in_force(editions, THEN, review_at=score)
        return self.screens[lists, score]


def prove(house: House, days: int, advance: Callable[[int], None]) -> Proven:
    """Ask every decision of the last days again, under the law and the lists that it names.

    Args:
        days: Back from now.
        advance: Is told how many decisions were asked again so far.

    Raises:
        ReplayDiffers: One comes out with other bytes.
        UnknownVersion, ArchiveDamaged: A version of the law, or an edition of a list, is not kept.
    """
    prover, done = _Prover(house), 0
    try:
        for made in chunks(house, days):
            prover.load(made)
            for under, group in groupby(made, lambda one: prover.under[one.decision.findings[0]]):
                each = list(group)
                prover.prove(under, each)
                done += len(each)
                advance(done)
    except (FormError, KeyError, IndexError, ValueError) as trouble:
        detail = f"what a decision after {done} relies on is not there, or malformed: {trouble!r}"
        raise ReplayDiffers(detail) from trouble
    return Proven(done - prover.lost, tuple(sorted(prover.pasts)), prover.lost)
