"""Prove the past: every decision asked again, under the law and the lists it names, same bytes.

The obligation's terms, licences, rates and linked obligations are taken as they were recorded
before the decision; its version of the law and its editions of the lists are read from the archive
by their hashes. Each of its three findings must come out with the hash that the decision has.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from clearhouse.core import screening
from clearhouse.core.errors import Alarm
from clearhouse.core.gate import judge_party
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import Screen, Subject
from clearhouse.operations.facts import Asked, Party
from clearhouse.operations.house import House
from clearhouse.operations.kept_lists import kept_list
from clearhouse.operations.past import Past, chunks, past
from clearhouse.store import registers
from clearhouse.store.decisions import Decided

Lists = tuple[tuple[str, str], ...]  # name and version, sorted


class ReplayDiffers(Alarm):
    """A decision asked again under its own law and lists comes out with other bytes."""

    code = "rulebook.replay-differs"


@dataclass(frozen=True, slots=True)
class Proven:
    """How many decisions came out the same, to the byte, under the law that each names."""

    decisions: int
    versions: tuple[str, ...]


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
    screens: dict[tuple[Lists, int, int], Screen] = field(default_factory=dict)
    digests: dict[tuple[object, ...], str] = field(default_factory=dict)

    def load(self, made: Sequence[Decided]) -> None:
        """Read what decisions name."""
        new = {one.decision.findings[0] for one in made} - self.under.keys()
        for digest, body in registers.findings(self.house.db, new).items():
            said = json.loads(body)
            self.under[digest] = _Under(said["rulebook"], tuple(sorted(said["lists"].items())))

    def prove(self, under: _Under, made: Sequence[Decided]) -> None:
        """Ask decisions again that name the same law and lists."""
        law = self.house.laws.version(under.rulebook)
        if under.rulebook not in self.pasts:
            self.pasts[under.rulebook] = past(self.house, law)
        asked, said = self.pasts[under.rulebook].again(made)
        of_law = [finding.digest() for finding in said.findings]
        for one, question, number in zip(made, asked, said.which, strict=True):
            sides = (question.debtor, question.creditor)
            parties = [self.of_party(side, question, under.lists, law) for side in sides]
            if (*parties, of_law[number]) != one.decision.findings:
                raise ReplayDiffers(
                    f"entry {one.position} on {one.decision.obligation} comes out otherwise under"
                    f" rulebook {under.rulebook}",
                    obligation=one.decision.obligation,
                )

    def of_party(self, party: Party, asked: Asked, lists: Lists, law: Rulebook) -> str:
        """The hash of what the gate finds of a party."""
        days = (asked.obligation.traded_on, asked.settles_on)
        eras = tuple(party.eras.of(day) for day in days)
        key = (id(party), eras, lists, law.version, asked.settles_on)
        if key not in self.digests:
            self.digests[key] = self._found(party, days, asked.at, lists, law)
        return self.digests[key]

    def _found(
        self, party: Party, days: tuple[date, date], at: datetime, lists: Lists, law: Rulebook
    ) -> str:
        one = party.participant
        screen = self._screen(lists, at, law)
        (matches,) = screen.screen([Subject(one.id, (one.name,))], now=at)
        wallets = screen.listed_wallet(one.address, now=at) if one.address else ()
        return judge_party(one, matches, wallets, lists, days, law).digest()

    def _screen(self, lists: Lists, at: datetime, law: Rulebook) -> Screen:
        hours = law.standard("screening.list-age", at.date())
        score = law.standard("screening.review-score", at.date())
        if (lists, hours, score) not in self.screens:
            editions = [kept_list(self.house, version) for _, version in lists]
            age = timedelta(hours=hours)
            self.screens[lists, hours, score] = screening.in_force(
                editions, at, age, review_at=score
            )
        return self.screens[lists, hours, score]


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
    for made in chunks(house, days):
        prover.load(made)
        for under, group in groupby(made, lambda one: prover.under[one.decision.findings[0]]):
            each = list(group)
            prover.prove(under, each)
            done += len(each)
            advance(done)
    return Proven(done, tuple(sorted(prover.pasts)))
