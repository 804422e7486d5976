"""Rates as they were fixed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg import Connection

from clearhouse.core.ids import RateId
from clearhouse.core.money import Asset
from clearhouse.core.rate import Rate
from clearhouse.core.valuation import RateFixed
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("rates")


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter the rates that were fixed."""
    for entry in entries:
        one = entry.event
        assert isinstance(one, RateFixed)
        values = {
            "id": one.rate,
            "base": one.base,
            "quote": one.quote,
            "numerator": one.numerator,
            "denominator": one.denominator,
            "as_of": one.as_of,
            "method": one.method,
            "source": one.source,
            "venues": list(one.venues),
        }
        db.execute(SQL["add"], values)


def is_fixed(db: Connection, id: RateId) -> bool:
    """Whether a rate is recorded."""
    return db.execute(SQL["is_fixed"], {"id": id}).fetchone() is not None


def newest(
    db: Connection, base: Asset, assets: Mapping[str, Asset], now: datetime
) -> dict[str, Rate]:
    """Find the newest rate of `base` in each currency, by the currency's code."""
    return {
        quote: Rate(
            RateId(id),
            base,
            assets[quote],
            numerator,
            denominator,
            as_of,
            method,
            source,
            tuple(venues),
        )
        for id, quote, numerator, denominator, as_of, method, source, venues in db.execute(
            SQL["newest"], {"base": base.code, "now": now}
        )
    }
