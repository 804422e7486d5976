"""Books: what a house owes, holds and waits for at one moment, under one head.

Closing the books commits to every line of them, as of a place in the journal. Whoever has the lines
of one closing and the entries from there to the next can do the sum again: the lines of the next
closing must come out. So a day can be checked without all the days before it.
"""

from dataclasses import dataclass
from datetime import date

from clearhouse.core.errors import Kind, Refusal


class NeverClosed(Refusal):
    """The books were never closed, or not at that place."""

    code = "books.never-closed"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class BooksClosed:
    """The books were closed: how they stood behind an entry of the journal."""

    day: date
    position: int  # of the last entry that they account for; this event comes later
    lines: int  # how many
    root: str  # of the tree over the salted lines, in hex
