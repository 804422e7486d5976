"""Monitoring: which payments, within the history of their parties, a person should look at.

`measures` are the questions that can be asked, computed on arrays by `engines/monitoring`;
`programme` is what a house asks and how it weighs the answers, read from TOML files by `reading`,
with `cases` that each rule must answer; `judging` answers for payments, one or many; `back_test`
compares two programmes on a history before one of them is activated.

Nothing here knows what follows from an outcome; a score is no proof of anything.
"""

from clearhouse.core.monitoring.back_test import BackTest, Change, Volume, back_test
from clearhouse.core.monitoring.judging import (
    OUTCOMES,
    Answer,
    HistoryFull,
    JudgedBefore,
    Mark,
    Monitor,
    Outcome,
    OutOfOrder,
    Result,
    Results,
    Verdict,
)
from clearhouse.core.monitoring.parties import Link, Parties, Party
from clearhouse.core.monitoring.payments import Columns, Names, Payment, PaymentMalformed
from clearhouse.core.monitoring.programme import Band, Case, Programme, Rule, Typology
from clearhouse.core.monitoring.reading import parse
from clearhouse.core.monitoring.succession import changed
from clearhouse.core.monitoring.wrong import (
    BandsBroken,
    CaseFails,
    ProgrammeMalformed,
    ThresholdOutOfReach,
    VersionKept,
    WeightsBroken,
)

__all__ = [
    "OUTCOMES",
    "Answer",
    "BackTest",
    "Band",
    "BandsBroken",
    "Case",
    "CaseFails",
    "Change",
    "Columns",
    "HistoryFull",
    "JudgedBefore",
    "Link",
    "Mark",
    "Monitor",
    "Names",
    "OutOfOrder",
    "Outcome",
    "Parties",
    "Party",
    "Payment",
    "PaymentMalformed",
    "Programme",
    "ProgrammeMalformed",
    "Result",
    "Results",
    "Rule",
    "ThresholdOutOfReach",
    "Typology",
    "Verdict",
    "VersionKept",
    "Volume",
    "WeightsBroken",
    "back_test",
    "changed",
    "parse",
]
