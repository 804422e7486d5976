"""Decisions of the gate as they stand in the journal, and what was known when they were made."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

from clearhouse.core.canonical import Form
from clearhouse.core.gate import GateDecided
from clearhouse.core.money import Asset
from clearhouse.core.participant import DealingLicensed
from clearhouse.store.named import load

SQL = load("decisions")
DECIDED, DEALT = Form(GateDecided), Form(DealingLicensed)


class Decided(NamedTuple):
    """A decision, and where it stands in the journal."""

    position: int
    decision: GateDecided
    recorded_at: datetime


class Dealt(NamedTuple):
    """A licence to deal with somebody listed, and since which place in the journal it was known."""

    position: int
    dealing: DealingLicensed


class Fixed(NamedTuple):
    """A reference rate, and since which place in the journal it was known."""

    position: int
    quote: str
    numerator: int  # of minor units of `quote` for one whole coin
    denominator: int
    as_of: datetime


def count(db: Connection, since: datetime) -> int:
    """How many decisions were recorded since an instant."""
    row = db.execute(SQL["count"], {"since": since}).fetchone()
    return row[0] if row else 0


def decided(db: Connection, since: datetime, between: tuple[int, int], limit: int) -> list[Decided]:
    """Decisions recorded since an instant, in order.

    Args:
        between: Those behind the first of two places in the journal, up to the second.
    """
    after, until = between
    values = {"since": since, "after": after, "until": until, "limit": limit}
    rows = db.execute(SQL["decided"], values)
    return [Decided(position, DECIDED.decode(body), at) for position, body, at in rows]


def newest_held(db: Connection, ids: Sequence[str] | None = None) -> list[Decided]:
    """The newest decision on each open obligation that is held, by obligation.

    Args:
        ids: Whom to look for; all if None.
    """
    rows = db.execute(SQL["newest_held"], {"ids": None if ids is None else list(ids)})
    return [Decided(position, DECIDED.decode(body), at) for position, body, at in rows]


def held_since(db: Connection, ids: Sequence[str]) -> dict[str, datetime]:
    """When some obligations that are held were first held, without a break."""
    return dict(db.execute(SQL["held_since"], {"ids": list(ids)}).fetchall())


def dealings(db: Connection) -> list[Dealt]:
    """All licences to deal with somebody listed, in the order in which they were recorded."""
    return [Dealt(position, DEALT.decode(body)) for position, body in db.execute(SQL["dealings"])]


def fixings(db: Connection, coin: Asset) -> list[Fixed]:
    """All reference rates of the coin in the order in which they were recorded."""
    rows = db.execute(SQL["fixings"], {"base": coin.code})
    return [
        Fixed(position, quote, int(numerator), int(denominator), as_of)
        for position, quote, numerator, denominator, as_of in rows
    ]
