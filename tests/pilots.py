"""Pilot regimes for tests: a small law in which something is tried, and payments that ask for it.

    comes(law(programme(participants=[BUYER])), asked(debtor=BUYER))

are the days on which the rule that the programme waives comes for a payment: none, here. Norland
(XA) tries trade without a hold of its own; Sudmark (XB) has one that it could try to be without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from tests.laws import LEIS, Content
from tests.payments import NO_RATES, Payment, between, matters
from tests.sentences import Sentence, files, opened, rule

from clearhouse.core.rulebook import (
    Answer,
    Came,
    Day,
    Judgement,
    Matters,
    Rates,
    Rule,
    Rulebook,
    parse,
)
from clearhouse.core.rulebook.programmes import Parties, under
from clearhouse.engines.formula import Column

BUYER, SELLER = LEIS  # of Norland, and of Sudmark
ANYBODY = "5493001KJTIIGC8Y1R12"
FIRST, LAST = date(2026, 3, 1), date(2026, 6, 30)
TRADED = date(2026, 3, 20)
NOON = datetime(2026, 3, 23, 12, tzinfo=UTC)
ID, LIMIT, STRICT = "XA.programme.pilot", "XA.limit", "XA.strict"
FILE = "XA-programmes.toml"
SIDES = ("debtor", "creditor")
BOTH_DAYS = {*Day}

APPROVALS: Sequence[Content] = [
    {"authority": "Treasury", "reference": "T 1", "on": date(2026, 2, 1)},
    {"authority": "Central Bank", "reference": "CB 2", "on": date(2026, 2, 2)},
]
LIMITED = (*opened("XA", "XB"), rule(LIMIT, "HOLD", roles=SIDES, waivable=True))
RULES = (
    *LIMITED,
    rule(STRICT, "HOLD", roles=SIDES),
    rule("XB.limit", "HOLD", roles=SIDES, waivable=True),
)


def programme(id: str = ID, **said: Any) -> Sentence:
    """A programme; what is said as None is left out."""
    content: Content = {
        "id": id,
        "says": "It is tried.",
        "citation": "art. 98",
        "effective_from": FIRST,
        "effective_to": LAST,
        "approvals": APPROVALS,
        "participants": [BUYER],
        "transactions": ["trade"],
        "waives": [LIMIT],
    }
    return Sentence("programmes", "programme", content | said)


def capped(cap: str, value: object, unit: str = "EUR", on: str = "trade") -> Content:
    """What a programme says of a cap."""
    cap_said = {"value": value, "unit": unit}
    return {"caps": {cap: cap_said}, "rate": {"name": "fixing", "on": on}}


def texts(*sentences: Sentence, zone: str = "UTC") -> Mapping[str, str]:
    """The files of a law; Norland's clocks are of a zone."""
    made = dict(files(*sentences))
    return made | {"XA.toml": made["XA.toml"].replace('"UTC"', f'"{zone}"')}


def law(*programmes: Sentence, zone: str = "UTC", rules: Sequence[Sentence] = RULES) -> Rulebook:
    return parse(texts(*rules, *programmes, zone=zone))


@dataclass(frozen=True)
class Asked:
    """A payment, who they are that pay, when the law is asked, and what all comes to with it."""

    payment: Payment
    debtor: str = BUYER
    creditor: str = SELLER
    at: datetime = NOON
    total: int | None = 0  # None where it is not known


def asked(homes: tuple[str, str] = ("XA", "XB"), **said: Any) -> Asked:
    """The usual payment from Norland to Sudmark, with other facts put over it."""
    of_asking = {
        name: said.pop(name) for name in ("debtor", "creditor", "at", "total") if name in said
    }
    usual = {"traded_on": TRADED, "settles_on": TRADED + timedelta(days=5)}
    return Asked(between(*homes, {**usual, **said}), **of_asking)


def batch_of(law: Rulebook, every: Sequence[Asked], rates: Rates = NO_RATES) -> Matters:
    """Payments as columns, with the programmes that they are under."""
    known = [
        {name: value for name, value in one.payment.items() if not name.startswith("programmes")}
        for one in every
    ]
    totals = np.array([one.total or 0 for one in every], np.int64)
    missing = np.array([one.total is None for one in every], np.bool_)
    plain = matters(known, law.vocabulary, rates)
    batch = replace(plain, window=lambda _: Column(totals, missing))
    parties = Parties([one.debtor for one in every], [one.creditor for one in every])
    found = under(law, batch, parties, [one.at for one in every])
    return replace(batch, known={**batch.known, **found})


def grounds(judgement: Judgement) -> list[list[Came]]:
    """What bears on each payment."""
    return [judgement.came(pattern) for pattern in judgement.patterns.tolist()]


def judged(
    law: Rulebook, every: Sequence[Asked], rates: Rates = NO_RATES
) -> list[tuple[Answer, list[Came]]]:
    """What the law says of each payment, asked as the house asks."""
    judgement = law.judge.judge(batch_of(law, every, rates))
    answers = [Answer(answer) for answer in judgement.answers.tolist()]
    return [*zip(answers, grounds(judgement), strict=True)]


def comes(law: Rulebook, one: Asked, id: str = LIMIT, rates: Rates = NO_RATES) -> set[Day]:
    """The days on which a rule comes for a payment: none if it is waived on both."""
    ((_, came),) = judged(law, [one], rates)
    found = (each for each in came if isinstance(each.what, Rule) and each.what.id == id)
    return {day for each in found for day in each.days}
