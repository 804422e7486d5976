"""The rulebook: the law of every jurisdiction involved, as data with citations.

The law is read from files that lawyers can read and compare: `source` finds what stands where,
`schema` says the form, `reading` makes `rule`s of it (or refuses a `place`), `condition` types what
they ask and `dues` what is due; `law` holds all of them, at one version that is the hash of every
word. `vocabulary` is what rules may
speak of, `facts` and `matters` the columns of facts about payments, `programmes` which of them are
under a pilot regime; `compiling` makes array steps of rules, and `judging` says what the law is on
a batch. `vectors` holds rules against their own cases, `mutation` holds the cases
against changed rules, `prose` writes the law for people.

What is fixed in the core can only be tightened: no rule switches screening, the Travel Rule's
record or the journal off, for there is nothing that a rule could say it with.
"""

from clearhouse.core.rulebook.compiling import Gap
from clearhouse.core.rulebook.judging import Answer, Came, Judge, Judgement
from clearhouse.core.rulebook.law import Rulebook, RuleMissing, parse, restore
from clearhouse.core.rulebook.matters import Matters, Rates, days_of
from clearhouse.core.rulebook.place import RulebookMalformed
from clearhouse.core.rulebook.rule import Day, Jurisdiction, Outcome, Role, Rule
from clearhouse.core.rulebook.vocabulary import (
    ADMISSION,
    CORRIDOR,
    STANDARDS,
    SUBJECTS,
    Class,
    Vocabulary,
)

__all__ = [
    "ADMISSION",
    "CORRIDOR",
    "STANDARDS",
    "SUBJECTS",
    "Answer",
    "Came",
    "Class",
    "Day",
    "Gap",
    "Judge",
    "Judgement",
    "Jurisdiction",
    "Matters",
    "Outcome",
    "Rates",
    "Role",
    "Rule",
    "RuleMissing",
    "Rulebook",
    "RulebookMalformed",
    "Vocabulary",
    "days_of",
    "parse",
    "restore",
]
