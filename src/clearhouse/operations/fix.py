"""Fix the day's rate from a file of exchange trades."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path

from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.money import Asset, UnknownAsset
from clearhouse.core.valuation import Method, RateFixed, ReferenceRate, reference_rate, window
from clearhouse.feeds import trades
from clearhouse.operations.house import House
from clearhouse.store import journal, rates
from clearhouse.store.files import keep
from clearhouse.store.projection import record


class RateStands(Refusal):
    """The hour was fixed already, from other trades."""

    code = "valuation.rate-stands"
    kind = Kind.CONFLICT


class WindowOpen(Refusal):
    """The hour that a rate is made from is not over."""

    code = "valuation.window-open"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Fixed:
    """A rate that is now in the house's records."""

    reference: ReferenceRate
    tape: trades.Tape  # the file, with the lines that the method leaves out
    new: bool  # False: the same trades had been fixed before


def fix(house: House, file: Path, quote: Asset) -> Fixed:
    """Make and record the reference rate of the house's coin in `quote`, for today's fixing.

    Raises:
        UnknownAsset: The house takes no invoices in `quote`.
        WindowOpen: Trades may still come.
        RateStands: The hour was fixed from other trades; there is no restatement yet.
        trades' refusals: The file cannot be read.
        valuation's refusals: It does not make a rate.
    """
    if quote not in house.currencies:
        raise UnknownAsset(f"{quote.code}: the house takes {', '.join(house.assets)}")
    rule = house.rulebook.fixing(house.today)
    hour = window(house.today, rule.zone, time(rule.hour))
    if house.now() < hour.end:
        raise WindowOpen(f"it ends at {instant(hour.end)}")
    with file.open("rb") as stream:
        tape = trades.read(stream)
    method = Method(partitions_min=house.rulebook.standard("valuation.partitions", house.today))
    pair = (house.coin, quote)
    reference = reference_rate(tape.trades, hour, pair, method, tape.sha256)
    now = house.now()
    # Kept before the rate is: whoever is shown the rate can make it again.
    keep(house.archive / f"{reference.input_sha256}.tape", reference.tape)
    with house.db.transaction():
        journal.lock(house.db)
        fixed = rates.newest(house.db, house.coin, house.assets, now).get(quote.code)
        if fixed and fixed.as_of == reference.rate.as_of and fixed.id != reference.rate.id:
            raise RateStands(f"{fixed} is fixed for {instant(fixed.as_of)}", rate=fixed.id)
        new = not rates.is_fixed(house.db, reference.rate.id)
        if new:
            fact = RateFixed.of(reference, tape.discarded)
            record(house.db, [(reference.rate.id, fact)], reference.rate.as_of, now)
    return Fixed(reference, tape, new)
