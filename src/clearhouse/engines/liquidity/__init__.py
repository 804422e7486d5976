"""Liquidity: payments that cannot be split, chosen to settle at once within everybody's limit.

A payment settles wholly or not at all. What a participant pays less what it receives may be its
limit at most: the cash that it puts up. Which payments settle is a choice, and finding the one
that settles most is hard (it is NP-hard; a single party's is a knapsack). So there are two rules:

- `by_age`: the oldest first. Assume that all settle; while somebody is overdrawn, its newest
  payment waits (Bech and Soramaki, "Gridlock resolution in interbank payment systems", 2001).
- `by_value`: as much value as can be found, and a bound that nobody can pass.

Where payments can be split, `setoff` settles more, and the most that there is.

```text
queue          the payments that wait, and everybody's limit; the check of a choice
bound          the most that could settle if payments could be split, from the set-off's engine
rounding       cuts by rounding, and the lower bound that they prove
separation     which cuts to try
dropping       the loops that take payments out or put them in until a choice is what it should be
enumeration    every choice of a few payments
annealing      a good choice of many
choice         the two rules
```
"""

from clearhouse.engines.liquidity.bound import bound
from clearhouse.engines.liquidity.choice import Better, Choice, Tighter, by_age, by_value
from clearhouse.engines.liquidity.dropping import oldest
from clearhouse.engines.liquidity.queue import Queue, overdrawn, queue

__all__ = [
    "Better",
    "Choice",
    "Queue",
    "Tighter",
    "bound",
    "by_age",
    "by_value",
    "oldest",
    "overdrawn",
    "queue",
]
