"""Ids: made by the caller, telling their kind, and making retries safe.

An id is a prefix and 26 characters of Crockford's base 32 (the form of a ULID): `cyc_01J8...`.
A fresh one is made at the edge, from the clock and chance; where an id follows from what it names
(an invoice's obligation, a cycle's transfer) it is derived, so that saying it twice says it once.
A participant's id is its LEI (ISO 17442), and a chain's ids are the chain's.
"""

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import NewType

from ulid import base32 as crockford

from clearhouse.core.errors import Kind, Refusal

ParticipantId = NewType("ParticipantId", str)
ObligationId = NewType("ObligationId", str)
CycleId = NewType("CycleId", str)
TransferId = NewType("TransferId", str)
RateId = NewType("RateId", str)
PersonId = NewType("PersonId", str)
CommandId = NewType("CommandId", str)

ID_FORM = re.compile(rf"(?P<prefix>[a-z]{{3}})_[0-7][{crockford.ENCODE}]{{25}}", re.ASCII)


class IdMalformed(Refusal):
    """An id does not have its form."""

    code = "id.malformed"
    kind = Kind.MALFORMED


def base32(value: int) -> str:
    """Write a 128-bit `value` in 26 characters of Crockford's base 32, as a ULID does."""
    assert 0 <= value < 1 << 128
    return crockford.encode(value.to_bytes(16, "big"))


def fresh(prefix: str, now: datetime, dice: Callable[[int], int]) -> str:
    """Make a new id that sorts by time.

    Args:
        prefix: Three lower-case letters.
        now: The house's clock.
        dice: Answers n random bits, as `random.Random.getrandbits` does.
    """
    return f"{prefix}_{base32(int(now.timestamp() * 1000) << 80 | dice(80))}"


def derived(prefix: str, *parts: str) -> str:
    """Make the id that follows from `parts`: the same parts, in order, give the same id."""
    digest = sha256("\x1f".join(parts).encode()).digest()
    return f"{prefix}_{base32(int.from_bytes(digest[:16], 'big'))}"


def parse(prefix: str, text: str) -> str:
    """Check that `text` is an id of the kind that `prefix` tells.

    Raises:
        IdMalformed: It is not.
    """
    form = ID_FORM.fullmatch(text)
    if form is None or form["prefix"] != prefix:
        raise IdMalformed(f"{text[:64]!r} is not an id that begins with {prefix}_")
    return text
