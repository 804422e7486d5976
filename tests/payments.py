"""Payments as the law reads them, for tests: facts by name, made into the columns of a batch.

A payment is what is known of it: `debtor.wallet`, `debtor.licences@trade` for a fact that changes
with the day, `units` for what is owed. What it does not name, or names as None, is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np

from clearhouse.core.rulebook import Answer, Came, Matters, Rates, Rulebook, Vocabulary, days_of
from clearhouse.core.rulebook.matters import DTYPES
from clearhouse.core.rulebook.vocabulary import OF_MATTER, OF_PARTY, PARTIES, Sort, Type
from clearhouse.engines.formula import Column

Payment = Mapping[str, object]
NO_RATES: Rates = {}
TRADED, SETTLES = date(2026, 3, 2), date(2026, 3, 5)

PILOTS = Type(Sort.SET, "programme")

# An importer of Norland owes an exporter of Sudmark.
USUAL: Payment = {
    "transaction": "trade",
    "asset": "coin",
    "invoiced_in": "EUR",
    "units": 1_000_00,
    "traded_on": TRADED,
    "settles_on": SETTLES,
    "programmes": [],
    "debtor.residence": "XA",
    "debtor.jurisdictions": ["XA"],
    "debtor.licences": ["importer"],
    "creditor.residence": "XB",
    "creditor.jurisdictions": ["XB"],
    "creditor.licences": ["exporter"],
}


def between(debtor: str, creditor: str, facts: Payment | None = None) -> Payment:
    """The usual payment between residents of two places, with other facts put over it."""
    homes = {
        "debtor.residence": debtor,
        "debtor.jurisdictions": [debtor],
        "creditor.residence": creditor,
        "creditor.jurisdictions": [creditor],
    }
    return {**USUAL, **homes, **(facts or {})}


def matters(payments: Sequence[Payment], words: Vocabulary, rates: Rates = NO_RATES) -> Matters:
    """A batch of payments."""
    names = sorted({name for one in payments for name in one} - {"units"})
    known = {name: _column(name, [one.get(name) for one in payments], words) for name in names}
    owed = [one["units"] for one in payments]
    return Matters(len(payments), known, np.array(owed, np.int64), rates)


def judged(
    law: Rulebook, payments: Sequence[Payment], rates: Rates = NO_RATES
) -> list[tuple[Answer, list[Came]]]:
    """What the law says of each payment of a batch."""
    judgement = law.judge.judge(matters(payments, law.vocabulary, rates))
    return [
        (Answer(answer), judgement.came(pattern))
        for answer, pattern in zip(
            judgement.answers.tolist(), judgement.patterns.tolist(), strict=True
        )
    ]


def alone(law: Rulebook, payment: Payment, rates: Rates = NO_RATES) -> tuple[Answer, list[Came]]:
    """What the law says of one payment, judged by itself."""
    (said,) = judged(law, [payment], rates)
    return said


def _column(name: str, values: Sequence[object], words: Vocabulary) -> Column:
    type = _type(name)
    coded = [0 if value is None else _coded(value, type, words) for value in values]
    missing = np.array([value is None for value in values], np.bool_)
    return Column(np.array(coded, DTYPES[type.sort]), missing if missing.any() else None)


def _type(name: str) -> Type:
    whose, _, what = name.partition("@")[0].partition(".")
    if whose == "programmes":
        return PILOTS
    return OF_PARTY[what].type if whose in PARTIES else OF_MATTER[whose].type


def _coded(value: object, type: Type, words: Vocabulary) -> int:
    match type.sort, value:
        case Sort.DAY, date():
            return int(days_of([value])[0])
        case Sort.TEXT, str():
            return words.code(type.of, value)
        case Sort.SET, Iterable():
            known = words.words(type.of)
            several = [str(word) for word in value]
            # A payment may be under the programmes of other laws too.
            return words.mask(type.of, [one for one in several if one in known or type != PILOTS])
        case _:
            assert isinstance(value, int), f"{value!r} is no {type}"
            return value
