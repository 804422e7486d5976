"""What an investment must agree with: the law, beside all that the investor has invested.

The law is asked as of a payment by the investor to the intermediary, on the day of the investment.
Its windows count what was recorded before, through whatever intermediary, and the lines above in
the same file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clearhouse.core.gate import Finding, Verdict, judge_law
from clearhouse.core.ids import ParticipantId
from clearhouse.core.investment import (
    INVESTMENTS,
    TESTS,
    Investment,
    InvestmentBarred,
    InvestmentRecorded,
    InvestmentUndecided,
    InvestmentWrong,
    InvestorTest,
)
from clearhouse.core.participant import UnknownParticipant
from clearhouse.core.record import in_force
from clearhouse.core.rulebook import Answer, Matters, Rulebook, days_of
from clearhouse.core.rulebook.facts import Key
from clearhouse.core.rulebook.vocabulary import TOTAL_MAX
from clearhouse.engines.formula import Column
from clearhouse.engines.windows import rolling
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.facts import Fixings, Party
from clearhouse.operations.house import House
from clearhouse.store import decisions, records, registers

INVESTOR, INTERMEDIARY = "debtor", "creditor"
# What links investments in a window, by the law's word for it.
LINKED = {
    INVESTOR: ("investor",),
    INTERMEDIARY: ("intermediary",),
    "pair": ("investor", "intermediary"),
}


@dataclass
class _Asked:
    """Investments that were recorded, and behind them those that are asked about."""

    every: Sequence[Investment]
    parties: Mapping[ParticipantId, Party]
    tests: Mapping[ParticipantId, Sequence[InvestorTest]]
    law: Rulebook
    fixings: Fixings
    _matters: Matters = field(init=False)

    def __post_init__(self) -> None:
        days = sorted({one.invested_on for one in self.every})
        units = np.array([one.units for one in self.every], np.int64)
        rates = self.fixings.rates(days)
        self._matters = Matters(len(self.every), self._known(), units, rates, self._window)

    def judged(self) -> list[Finding]:
        """What the law says of each."""
        judged = self.law.judge.judge(self._matters)
        return [
            judge_law(
                f"{self._home(one.investor)}>{self._home(one.intermediary)}",
                judged.came(int(pattern)),
                Answer(int(answer)),
                self.law,
            )
            for one, pattern, answer in zip(
                self.every, judged.patterns, judged.answers, strict=True
            )
        ]

    def _home(self, id: ParticipantId) -> str:
        return self.parties[id].participant.residence

    def _known(self) -> dict[str, Column]:
        words, several = self.law.vocabulary, self.every
        days = days_of([one.invested_on for one in several])

        def codes(vocabulary: str, texts: Sequence[str]) -> Column:
            return Column(np.array([words.code(vocabulary, one) for one in texts], np.uint8))

        known = {
            "transaction": codes("transaction", ["investment"] * len(several)),
            "asset": codes("asset", [one.asset for one in several]),
            "origin": codes("origin", [one.origin for one in several]),
            "invoiced_in": codes("currency", [one.currency for one in several]),
            "traded_on": Column(days),
            "settles_on": Column(days),
        }
        for side, who in ((INVESTOR, "investor"), (INTERMEDIARY, "intermediary")):
            pairs = [(self.parties[getattr(one, who)], one.invested_on) for one in several]
            attached = [party.attached(day, day) for party, day in pairs]
            licences = [party.licences(day) for party, day in pairs]
            known[f"{side}.residence"] = Column(np.array([one.home for one, _ in pairs], np.uint8))
            known[f"{side}.jurisdictions"] = Column(np.array(attached, np.uint64))
            known[f"{side}.licences"] = Column(np.array(licences, np.uint64))
        tested = [
            bool(in_force(TESTS, self.tests.get(one.investor, ()), one.invested_on))
            for one in several
        ]
        known[f"{INVESTOR}.tested"] = Column(np.array(tested, np.bool_))
        return known

    def _window(self, key: Key) -> Column:
        """How much an investor has invested, or an intermediary brought, together."""
        _, _, currency = key.fact.rpartition(".")
        count = len(self.every)
        hidden = np.zeros(count, np.bool_)
        worth = np.zeros(count, np.int64)
        if key.fact != "window.count":
            amount = self._matters.column(Key(f"amount.{currency}", key.day, key.rate))
            worth = amount.values
            hidden = hidden if amount.unknown is None else amount.unknown
        if key.link not in LINKED:  # what else there is of an asset is not known here
            return Column(worth, np.ones(count, np.bool_))
        names = LINKED[key.link]
        keys = ["|".join(getattr(one, name) for name in names) for one in self.every]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(keys))}
        found = rolling(
            np.array([numbers[name] for name in keys], np.int64),
            days_of([one.invested_on for one in self.every]),
            worth,
            hidden,
            span=key.days,
            most=TOTAL_MAX,
        )
        if key.fact == "window.count":
            return Column(found.linked)
        return Column(found.total, found.unknown if found.unknown.any() else None)


def _investments(house: House, several: Sequence[Investment]) -> list[Said]:
    ids = {id for one in several for id in (one.investor, one.intermediary)}
    admitted = registers.participants(house.db, ids)
    keys = [one.investment for one in several]
    recorded = {one.investment: one for one in records.current(house.db, INVESTMENTS, "key", keys)}
    said = []
    for one in several:
        unknown = [id for id in (one.investor, one.intermediary) if id not in admitted]
        answer = Said([UnknownParticipant(f"{id} is not admitted") for id in unknown])
        if one.invested_on > house.today:
            answer.refusals.append(InvestmentWrong(f"{one.invested_on} has not come yet"))
        if recorded.get(one.investment, one) != one:
            detail = f"{one.investment} is recorded with other words"
            answer.refusals.append(InvestmentRecorded(detail))
        said.append(answer)
    rest = [(one, answer) for one, answer in zip(several, said, strict=True) if not answer.refusals]
    _lawful(house, rest)
    return said


def _lawful(house: House, rest: Sequence[tuple[Investment, Said]]) -> None:
    """Ask the law of each, in order; what it refuses does not count for those behind it."""
    if not rest:
        return
    before = records.versions(
        house.db, INVESTMENTS, "investor", {one.investor for one, _ in rest}
    ) + records.versions(
        house.db, INVESTMENTS, "intermediary", {one.intermediary for one, _ in rest}
    )
    known = {one.record.investment: one for one in before}
    for one, _ in rest:  # said again in the same words, it is one investment
        known.pop(one.investment, None)
    earlier = [one.record for one in sorted(known.values(), key=lambda one: one.position)]
    left, counted = list(rest), list(earlier)
    while left:
        asked = _asked(house, [*counted, *(one for one, _ in left)])
        findings = asked.judged()[len(counted) :]
        for place, ((one, answer), finding) in enumerate(zip(left, findings, strict=True)):
            if finding.verdict is Verdict.CLEAR:
                counted.append(one)
                continue
            _refuse(answer, finding)
            # Those behind it were asked as if it had been made: ask them again without it.
            left = left[place + 1 :]
            break
        else:
            left = []


def _asked(house: House, every: Sequence[Investment]) -> _Asked:
    law = house.rulebook
    ids = {id for one in every for id in (one.investor, one.intermediary)}
    parties = {
        id: Party(one, law.vocabulary) for id, one in registers.participants(house.db, ids).items()
    }
    tests: dict[ParticipantId, list[InvestorTest]] = {}
    for one in records.current(house.db, TESTS, ids=ids):
        tests.setdefault(one.participant, []).append(one)
    coin = house.coin
    return _Asked(every, parties, tests, law, Fixings(coin, decisions.fixings(house.db, coin)))


def _refuse(answer: Said, finding: Finding) -> None:
    for ground in finding.grounds:
        if ground.verdict is finding.verdict:
            cited = f" ({ground.rule}, {ground.citation})" if ground.rule else ""
            detail = f"{ground.said}{cited}"
            is_barred = ground.verdict is Verdict.DENY
            answer.refusals.append(
                InvestmentBarred(detail) if is_barred else InvestmentUndecided(detail)
            )


CHECKS: Mapping[str, Check] = {INVESTMENTS.name: _investments}
