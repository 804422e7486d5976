"""What no rulebook can take away: rules that stand beside every law, in every version.

Screening is no rule at all: the gate does it before it asks the law, and the lists, their age and
the score at which a person looks are bounded by `STANDARDS`. The journal is how a decision is made.
What remains is written here as law, so that it is compiled, told and replayed like all other law.
It is part of each version's hash; a rulebook's own files cannot speak for it.
"""

from typing import Final

CORE: Final = "ZZ"  # the last of ISO 3166's user-assigned codes: no country's
CORE_NAME: Final = "The clearing house itself"

LAW: Final = """
jurisdiction = "ZZ"
subject = "travel-rule"

[[rule]]
id = "ZZ.core.travel-rule"
says = "Whoever sends and whoever receives digital assets is known; the record travels with them."
citation = "FATF Recommendation 16, interpretive note para 7(b)"
effective_from = 2019-06-21
applies_to.roles = ["transaction"]
applies_to.transactions = ["trade", "domestic", "transfer", "sale", "investment"]
outcome = "COLLECT"
due.what = "the originator's and the beneficiary's record (Travel Rule)"
due.to = "the clearing house"

[rule.vectors]
fires = [
  { transaction = "trade" },
  { transaction = "domestic" },
  { transaction = "transfer" },
  { transaction = "sale" },
  { transaction = "investment" },
]
silent = [{ transaction = "mining" }, { transaction = "offer" }]

[[rule]]
id = "ZZ.core.anonymous"
says = "An asset that hides who pays whom is never taken."
citation = "FATF Recommendation 15, interpretive note para 3"
effective_from = 2019-06-21
applies_to = { roles = ["transaction"], assets = ["anonymous-token"] }
outcome = "DENY"

[rule.vectors]
fires = [{}]
silent = [{ asset = "coin" }, { asset = "asset-token" }]
"""

# Every wording that was ever part of a version, so that what was decided under it is read again.
WORDINGS: Final = (LAW,)
