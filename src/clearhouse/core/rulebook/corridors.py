"""Which countries' residents may pay which, under all their laws together: the law at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

import numpy as np

from clearhouse.core.rulebook.compiling import Gap
from clearhouse.core.rulebook.judging import Answer, Came
from clearhouse.core.rulebook.law import Rulebook
from clearhouse.core.rulebook.matters import Matters, days_of
from clearhouse.core.rulebook.rule import DUES, Outcome
from clearhouse.core.rulebook.vocabulary import Class
from clearhouse.engines.formula import Column


@dataclass(frozen=True, slots=True)
class Corridor:
    """What the law says of a payment between two countries of which nothing special is known."""

    debtor: str
    creditor: str
    answer: Answer
    against: tuple[str, ...]  # the rules that hold or deny, or what nothing opens


def corridors(
    law: Rulebook,
    on: date,
    *,
    asset: str = "coin",
    transaction: str = "",
    licences: tuple[Class, Class] = (Class.IMPORTER, Class.EXPORTER),
) -> list[Corridor]:
    """Ask the law about each pair of countries.

    Args:
        on: The trade date and the settlement date.
        asset: What is paid with.
        transaction: What for; if empty, trade between countries and domestic payment within one.
        licences: Of the debtor and of the creditor.
    """
    places = sorted(law.jurisdictions)
    pairs = list(product(places, places))
    words = law.vocabulary
    kinds = [
        transaction or ("domestic" if debtor == creditor else "trade") for debtor, creditor in pairs
    ]
    day = Column(days_of([on] * len(pairs)))
    known = {
        "transaction": _codes([words.code("transaction", kind) for kind in kinds]),
        "asset": _codes([words.code("asset", asset)] * len(pairs)),
        "invoiced_in": _codes([words.code("currency", "EUR")] * len(pairs)),
        "traded_on": day,
        "settles_on": day,
    }
    for number, party in enumerate(("debtor", "creditor")):
        homes = [pair[number] for pair in pairs]
        held = words.mask("class", [licences[number]])
        known |= {
            f"{party}.residence": _codes([words.code("jurisdiction", home) for home in homes]),
            f"{party}.jurisdictions": _masks([words.mask("jurisdiction", [h]) for h in homes]),
            f"{party}.licences": _masks([held] * len(pairs)),
        }
    judged = law.judge.judge(Matters(len(pairs), known))
    return [
        Corridor(*pair, Answer(int(answer)), _against(judged.came(int(pattern))))
        for pair, answer, pattern in zip(pairs, judged.answers, judged.patterns, strict=True)
    ]


def _codes(codes: Sequence[int]) -> Column:
    return Column(np.array(codes, np.uint8))


def _masks(masks: Sequence[int]) -> Column:
    return Column(np.array(masks, np.uint64))


def _against(came: Sequence[Came]) -> tuple[str, ...]:
    """What does not let a payment pass."""
    found = []
    for one in came:
        if isinstance(one.what, Gap):
            found.append(f"{one.what.jurisdiction}: {one.what.subject} is not open")
        elif one.what.outcome not in {*DUES, Outcome.ALLOW}:
            found.append(one.what.id if one.certain else f"{one.what.id}, if it applies")
    return tuple(dict.fromkeys(found))
