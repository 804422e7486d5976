"""Windows over the history of each party, and payments that come round: arrays in order of time.

A `Series` holds what one question counts: entries under a key, each with its instant and its value,
in the order in which they came. To append one takes constant time; how many entries of a key are
younger than some instant, and what they come to, takes logarithmic time, however long the window.
That is by jump pointers over the chain of a key (Myers, An applicative random-access stack, 1983)
and running totals. A batch appends all its rows and then asks for each row as of that row, so a
batch and one row after another are answered alike.

What was appended last can be taken back.

`rounds` looks for ways on which value came back to whoever sent it: bounded, latest first, and
telling where the bound was reached.
"""

from clearhouse.engines.monitoring.entries import NONE, Int64s
from clearhouse.engines.monitoring.rounds import HOPS_MAX, LOOKS_MAX, Rounds
from clearhouse.engines.monitoring.series import FAR, LOOK_MAX, Line, Series
from clearhouse.engines.monitoring.share import SHARE_MAX, share

__all__ = [
    "FAR",
    "HOPS_MAX",
    "LOOKS_MAX",
    "LOOK_MAX",
    "NONE",
    "SHARE_MAX",
    "Int64s",
    "Line",
    "Rounds",
    "Series",
    "share",
]
