"""Publish: what happened between two closings of the books, for outsiders to check.

A bundle is a file that `clearhouse.verifier` checks with nothing of the house's but the keys that
the institutions vouch for. There are two scopes:

- *day*: for the institutions. Every entry from one closing to the next, how the books stood at
  both, and the evidence outside the journal: the trades of each rate, the labels of each set-off,
  the transactions and the headers of the chain.
- *participant*: for one participant. Its own entries with a proof for each, its accounts at both
  closings, the labels of its own obligations, and the same evidence as far as it concerns it. What
  the gate decided and why is not in it: a participant is not told whom it is compared with.

The members of a bundle are lines of canonical JSON; `clearhouse.verifier.bundle` says what is in
each.
"""

from clearhouse.operations.publish.day import publish_day
from clearhouse.operations.publish.participant import publish_participant
from clearhouse.operations.publish.period import Period, Published, period
from clearhouse.operations.publish.trusted import trusted

__all__ = ["Period", "Published", "period", "publish_day", "publish_participant", "trusted"]
