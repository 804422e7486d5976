"""Who may take part: what the law of a residence asks of a debtor or a creditor, and nothing else.

Asked for every line of every file, and nearly always about the same residences and licences: what
was asked once is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from clearhouse.core.rulebook.compiling import Gap
from clearhouse.core.rulebook.judging import Judge
from clearhouse.core.rulebook.matters import Matters, days_of
from clearhouse.core.rulebook.rule import Outcome, Role, Rule
from clearhouse.core.rulebook.vocabulary import NOWHERE, Vocabulary
from clearhouse.engines.formula import Column

TRADE = "trade"  # what the house settles
Barred = tuple[Rule | None, ...]  # None: no law lets anybody


@dataclass
class Admission:
    """Answers by the rules on admission alone."""

    rules: Sequence[Rule]
    vocabulary: Vocabulary
    _judge: Judge = field(init=False)
    _known: dict[tuple[str, int, Role, date], Barred] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._judge = Judge(self.rules, self.vocabulary)

    def barred(self, residence: str, licences: int, role: Role, on: date) -> Barred:
        """What speaks against somebody in a role on a day.

        Args:
            residence: Where they reside: a jurisdiction of the rulebook.
            licences: The classes they are licensed as, a mask of the vocabulary's codes.

        Returns:
            The rules that forbid it, and, where none allows it, those that might have. Where no
            rule is in force, None: what is not allowed is forbidden.
        """
        if residence not in self.vocabulary.jurisdictions:
            return (None,)
        key = (residence, licences, role, on)
        if key not in self._known:
            self._known[key] = self._asked(*key)
        return self._known[key]

    def _asked(self, residence: str, licences: int, role: Role, on: date) -> Barred:
        judged = self._judge.judge(_alone(residence, licences, role, on, self.vocabulary))
        came = [one for one in judged.came(int(judged.patterns[0])) if one.role is role]
        barred: list[Rule | None] = [
            one.what
            for one in came
            if isinstance(one.what, Rule) and one.what.outcome is Outcome.DENY
        ]
        if any(isinstance(one.what, Gap) for one in came):
            opening = [
                rule
                for rule in self.rules
                if rule.outcome is Outcome.ALLOW
                and role in rule.scope.roles
                and (not rule.scope.transactions or TRADE in rule.scope.transactions)
                and rule.head.jurisdiction == residence
                and rule.head.in_force(on)
            ]
            barred += opening or [None]
        return tuple(barred)


def _alone(residence: str, licences: int, role: Role, on: date, words: Vocabulary) -> Matters:
    """A payment of which one side is known, as far as its admission goes."""
    other = Role.CREDITOR if role is Role.DEBTOR else Role.DEBTOR
    codes = {
        "transaction": words.code("transaction", TRADE),
        "asset": words.code("asset", "coin"),
        f"{role}.residence": words.code("jurisdiction", residence),
        f"{other}.residence": words.code("jurisdiction", NOWHERE),
    }
    masks = {
        f"{role}.jurisdictions": words.mask("jurisdiction", [residence]),
        f"{other}.jurisdictions": 0,
        f"{role}.licences": licences,
        f"{other}.licences": 0,
    }
    day = Column(days_of([on]))
    known = {name: Column(np.array([code], np.uint8)) for name, code in codes.items()}
    known |= {name: Column(np.array([mask], np.uint64)) for name, mask in masks.items()}
    return Matters(1, {**known, "traded_on": day, "settles_on": day})
