"""`NameIndex`: which of many names a name resembles, and how closely, in per mille.

Three steps, all on integers, so that the same names give the same answer on every machine:

1. `fold` writes a name in plain ASCII words: compatibility forms (Unicode NFKC), invisible
   characters, look-alikes, scripts, case, punctuation and legal forms no longer tell two names
   apart.
2. Blocking: the index keeps, for each feature (skeletons, edges of words, trigrams), the
   names that have it. A query adds up the weights of the features it shares with each name and goes
   on with the closest `SURVIVORS`. A feature weighs by how rare it is; one that more than 1 name in
   `postings.COMMON_SHARE` has is looked for only in need.
3. Scoring: the words of both names are paired, closest first, in any order, one for one or one for
   several in a row, by edits that cost less between letters that sound or look alike; a pair counts
   as its words weigh. Names written with other gaps are compared as a whole.

Two names with the same words, in any order, score `EXACT`; they are found by a look-up that does
not depend on blocking, so nothing can crowd them out. What is known beside a name is weighed by
`qualifiers`.
"""

from clearhouse.engines.names.fold import fold
from clearhouse.engines.names.index import Hit, NameIndex
from clearhouse.engines.names.postings import SURVIVORS
from clearhouse.engines.names.scoring import EXACT

__all__ = ["EXACT", "SURVIVORS", "Hit", "NameIndex", "fold"]
