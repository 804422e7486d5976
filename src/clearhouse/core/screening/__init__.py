"""`Screen`: who stands on a sanctions list, in words that a person can check.

A feed reads each list into a `SanctionsList`; `in_force` takes the lists of the day and answers
with a `Screen`, or refuses. Without a screen the gate stops: there is no way to pass unscreened.
What a configuration hands in can add lists, shorten their age and lower the score that is looked
at, and nothing else:

    mandatory lists   MANDATORY_LISTS and those added
    age of a list     the shorter of AGE_MAX and the one asked for, at each single question
    smallest list     COUNTS_MIN, or more where asked for
    review score      the lower of REVIEW_AT and the one asked for

A name is an `EXACT` match when it has the same words as a listed one, in any order, once script,
case, punctuation and legal forms are out of the way (`engines.names.fold`), and a `POSSIBLE` one
from the review score on. Every match names both strings compared, the list and the list's version,
and what else is known of both, part by part (`qualities`): that orders the work of people, and
decides nothing.

Source: OFAC FAQ 5 (a match is judged by comparing the full names, then the entry's other data).
"""

from clearhouse.core.screening.entries import ListedEntity, ListedWallet, SanctionsList, SkippedLine
from clearhouse.core.screening.match import Grade, Match, Subject, WalletMatch
from clearhouse.core.screening.qualities import Agreement, Known, Part, born, told
from clearhouse.core.screening.screen import (
    AGE_MAX,
    COUNTS_MIN,
    MANDATORY_LISTS,
    REVIEW_AT,
    ListMissing,
    ListPostdated,
    ListStale,
    ListTooSmall,
    ListTwice,
    NameUnscreenable,
    Screen,
    UnknownList,
    WalletUnscreenable,
    in_force,
    need_whole,
    unscreenable,
)
from clearhouse.core.screening.screens import Screens

__all__ = [
    "AGE_MAX",
    "COUNTS_MIN",
    "MANDATORY_LISTS",
    "REVIEW_AT",
    "Agreement",
    "Grade",
    "Known",
    "ListMissing",
    "ListPostdated",
    "ListStale",
    "ListTooSmall",
    "ListTwice",
    "ListedEntity",
    "ListedWallet",
    "Match",
    "NameUnscreenable",
    "Part",
    "SanctionsList",
    "Screen",
    "Screens",
    "SkippedLine",
    "Subject",
    "UnknownList",
    "WalletMatch",
    "WalletUnscreenable",
    "born",
    "in_force",
    "need_whole",
    "told",
    "unscreenable",
]
