"""Refusals and alarms, each with a stable code.

A refusal tells a caller no, and changes nothing: what must be remembered is an event.
An alarm tells an operator that the world broke a promise the house relied on.
A broken assertion is a bug and stops the work.
There is no fourth kind in the core.

A subclass is defined beside the decision that raises it; the first line of its docstring is its
title. Codes are API: never renamed, never reused; `docs/reference/codes.md` lists them all.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """Why a caller cannot have it; the edges map kinds to their own statuses."""

    MALFORMED = "malformed"  # mend the input and send it again
    FORBIDDEN = "forbidden"  # a rule says no
    UNKNOWN = "unknown"  # it names something that is not there
    CONFLICT = "conflict"  # it contradicts what is recorded
    UNFUNDED = "unfunded"  # there is not enough to do it
    UNAVAILABLE = "unavailable"  # the house cannot decide now; try again later


class Coded(Exception):  # noqa: N818 - the two subclasses name what each is
    """What refusals and alarms share: a code, a title, a detail and the ids concerned.

    Args:
        detail: This occurrence, in words: what was seen, and what to do about it.
        context: Ids and values that a program may want, as strings.
    """

    code: ClassVar[str]

    def __init__(self, detail: str, **context: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.context = context

    @property
    def title(self) -> str:
        """The code in words, the same for every occurrence."""
        return (self.__doc__ or "").partition("\n")[0].rstrip(".")

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class Refusal(Coded):
    """The caller cannot have it, and nothing has changed."""

    kind: ClassVar[Kind]


class Alarm(Coded):
    """The world broke a promise; stop that rail or asset and wake a person."""


def every_code(family: type[Coded] = Coded) -> Iterator[type[Coded]]:
    """All classes that carry a code, in no particular order.

    Only modules already imported are seen.
    """
    for member in family.__subclasses__():
        if "code" in vars(member):
            yield member
        yield from every_code(member)
