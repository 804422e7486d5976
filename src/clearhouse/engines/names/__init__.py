"""`NameIndex`: which of many names a name resembles, and how closely, in per mille.

Three steps, all on integers, so that the same names give the same answer on every machine:

1. `fold` writes a name in plain ASCII words: compatibility forms (Unicode NFKC), invisible
   characters, scripts, case, punctuation and legal forms no longer tell two names apart.
2. Blocking: the index keeps, for each trigram of a word and of the name written without gaps, the
   names that hold it. A query adds up the weights of the trigrams it shares with each name and goes
   on with the closest `SURVIVORS`. A trigram weighs by how rare it is; one that more than 1 name in
   `COMMON_SHARE` holds is not kept.
3. Scoring: the words of both names are paired, closest first, in any order, by edit distance with
   swaps (optimal string alignment); a pair counts as its words weigh. Names written with other
   gaps are compared as a whole.

Two names with the same words, in any order, score `EXACT`; they are found by a look-up that does
not depend on blocking, so nothing can crowd them out.
"""

from clearhouse.engines.names.fold import fold
from clearhouse.engines.names.index import Hit, NameIndex
from clearhouse.engines.names.postings import SURVIVORS
from clearhouse.engines.names.scoring import EXACT

__all__ = ["EXACT", "SURVIVORS", "Hit", "NameIndex", "fold"]
