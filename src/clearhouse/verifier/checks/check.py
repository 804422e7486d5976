"""Check: one thing that is verified, and what it looks at on the way.

It is shown each entry of the kinds that it asks for, before the entry is followed, with how the
house stood then; and at the end how it stands. It raises `Wrong` at the first thing that is wrong.
It relies on no other check: what another one finds, it need not notice.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing

Look = Callable[[Standing, Entry], None]


def _nothing(standing: Standing) -> None:
    """Look no more."""


class Looks(NamedTuple):
    """What a check does with an entry, by the entry's kind; and at the end."""

    on: Mapping[str, Look]
    end: Callable[[Standing], None] = _nothing


class Check(NamedTuple):
    """A check: its name, and how it begins; the function's docstring says what it makes sure of."""

    name: str
    begin: Callable[[Published], Looks]


def once(check: Callable[[Published], None]) -> Callable[[Published], Looks]:
    """A check that looks at what is published as a whole, and follows no entry."""
    return lambda published: Looks({}, lambda _: check(published))
