"""`ReferenceRate`: how a rate is made from an hour of exchange trades.

The method is that of the CME CF Bitcoin Reference Rate (CF Benchmarks' methodology guide):

1. Take the trades of all venues in the hour before the fixing time, [end - 60 min, end).
2. Screen the venues: each one's volume-weighted median price over the hour is compared with the
   median of these medians; a venue off by more than the parameter (10 %) is left out and named.
   One screening, not repeated.
3. Pool the remaining trades and split the hour in twelve partitions of five minutes.
4. Take each partition's volume-weighted median: in the order of price, the first price at which
   the cumulative size exceeds half of the total; where it equals half, the mean of that price and
   the next one.
5. The rate is the mean of the partitions' medians, each with equal weight, empty partitions left
   out; rounded to the quote's minor unit, halves up.

So one large trade moves one twelfth of the rate, and one venue's faulty feed none of it. Everything
is exact: prices and sizes are integers of 10**-18, medians and means fractions; there is one
rounding, in step 5, and as the mean of millions of prices rarely ends in an exact half, it favours
nobody to speak of. The order of trades changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from hashlib import sha256
from itertools import chain
from math import floor
from statistics import median

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import RateId
from clearhouse.core.money import Asset, decimal
from clearhouse.core.rate import Rate, stated
from clearhouse.core.zone import zone as zone_of

PARTITIONS = 12
PARTITION_SPAN = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
E18 = 10**18


class WindowUndefined(Refusal):
    """A fixing time is not one instant of that day in that zone."""

    code = "valuation.window-undefined"
    kind = Kind.MALFORMED


class MethodImpossible(Refusal):
    """A parameter of the valuation method is outside its bounds."""

    code = "valuation.method-impossible"
    kind = Kind.MALFORMED


class NoTrades(Refusal):
    """There are no trades in the hour before the fixing."""

    code = "valuation.no-trades"
    kind = Kind.UNAVAILABLE


class VenuesDisagree(Refusal):
    """No venue's price is near the median of the venues' prices."""

    code = "valuation.venues-disagree"
    kind = Kind.UNAVAILABLE


class TooFewPartitions(Refusal):
    """Too few of the twelve partitions have trades."""

    code = "valuation.too-few-partitions"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade on an exchange; price and size are above zero, in units of 10**-18."""

    venue: str
    at_ms: int  # since 1970 in UTC
    price_e18: int
    size_e18: int

    def __post_init__(self) -> None:
        assert self.price_e18 > 0
        assert self.size_e18 > 0


@dataclass(frozen=True, slots=True)
class Window:
    """The hour of a fixing, from `start` to just before `end`, both UTC."""

    start: datetime
    end: datetime

    def partition(self, at_ms: int) -> int | None:
        """Which partition an instant falls in, from 0; None when outside the window."""
        index = (at_ms - milliseconds(self.start)) // (PARTITION_SPAN // timedelta(milliseconds=1))
        return index if 0 <= index < PARTITIONS else None


@dataclass(frozen=True, slots=True)
class Method:
    """The parameters of the method that a rulebook sets.

    The published method takes a single partition with trades; a rate that a nation's invoices are
    fixed at asks for half of them, unless the rulebook says another number.

    Raises:
        MethodImpossible: A parameter is outside its bounds.
    """

    deviation_max: Fraction = Fraction(1, 10)  # of a venue's median; above 0, below 1
    partitions_min: int = PARTITIONS // 2  # partitions with trades, 1 to 12

    def __post_init__(self) -> None:
        if not 0 < self.deviation_max < 1:
            raise MethodImpossible(f"deviation of at most {self.deviation_max}")
        if not 1 <= self.partitions_min <= PARTITIONS:
            raise MethodImpossible(f"{self.partitions_min} partitions of {PARTITIONS}")

    def __str__(self) -> str:
        return f"vwm-12x5/1 deviation<={self.deviation_max} partitions>={self.partitions_min}"


@dataclass(frozen=True, slots=True)
class Partition:
    """Five minutes of the window, all venues that count together."""

    trades: int
    median: Fraction | None  # in whole units of the quote; None when there were no trades


@dataclass(frozen=True, slots=True)
class Venue:
    """What one venue traded in the window, and whether it counts."""

    name: str
    trades: int
    median: Fraction  # volume-weighted, over the whole window, in whole units of the quote
    deviation: Fraction  # from the median of all venues' medians, as a share of that; signed
    excluded: bool


@dataclass(frozen=True, slots=True)
class ReferenceRate:
    """A rate, and everything it takes to make it again and to argue about it."""

    rate: Rate
    window: Window
    method: Method
    partitions: tuple[Partition, ...]  # the twelve, in order of time
    venues: tuple[Venue, ...]  # by name
    trades_outside: int  # handed in, but not of this hour
    tape: bytes  # the window's trades, excluded venues' included, in their one writing

    @property
    def input_sha256(self) -> str:
        """SHA-256 of the tape, in hex."""
        return sha256(self.tape).hexdigest()


def window(day: date, zone: str, at: time) -> Window:
    """Find the hour that ends at the local time `at` of `day`, for example 16:00 Europe/London.

    Args:
        day: The local day.
        zone: IANA name; its summer time is accounted for.
        at: Local, without a zone of its own.

    Raises:
        WindowUndefined: The zone is unknown, or its clocks skip or repeat that time on that day.
    """
    assert at.tzinfo is None
    try:
        place = zone_of(zone)
    except (KeyError, ValueError, OSError) as trouble:
        raise WindowUndefined(f"no time zone {zone!r}", zone=zone) from trouble
    instants = {
        datetime.combine(day, at, place).replace(fold=fold).astimezone(UTC) for fold in (0, 1)
    }
    if len(instants) > 1:
        raise WindowUndefined(f"{day} {at} in {zone} is no time or two", zone=zone)
    end = instants.pop()
    return Window(end - PARTITIONS * PARTITION_SPAN, end)


def reference_rate(
    trades: Iterable[Trade],
    window: Window,
    pair: tuple[Asset, Asset],
    method: Method,
    source: str,
) -> ReferenceRate:
    """Make the rate of `pair` at the end of `window`.

    Args:
        trades: In any order; those outside the window are left out.
        window: See `window()`.
        pair: Base and quote: what was traded, and the currency it was priced in.
        method: Its parameters.
        source: The SHA-256 of the file of trades, recorded with the rate.

    Raises:
        NoTrades, VenuesDisagree, TooFewPartitions, RateNotPositive: In this precedence.
    """
    base, quote = pair
    buckets: list[list[Trade]] = [[] for _ in range(PARTITIONS)]
    outside = 0
    for trade in trades:
        index = window.partition(trade.at_ms)
        if index is None:
            outside += 1
        else:
            buckets[index].append(trade)
    inside = list(chain.from_iterable(buckets))
    if not inside:
        raise NoTrades(f"{outside} trades, none from {window.start:%FT%TZ} to {window.end:%FT%TZ}")

    venues = screen(inside, method.deviation_max)
    counting = {venue.name for venue in venues if not venue.excluded}
    if not counting:
        seen = ", ".join(f"{venue.name} at {venue.median}" for venue in venues)
        raise VenuesDisagree(f"each is off by more than {method.deviation_max}: {seen}")

    partitions = tuple(
        _partition([trade for trade in bucket if trade.venue in counting]) for bucket in buckets
    )
    medians = [partition.median for partition in partitions if partition.median is not None]
    if len(medians) < method.partitions_min:
        raise TooFewPartitions(f"{len(medians)} have trades; at least {method.partitions_min}")

    minor = sum(medians) / len(medians) * 10**quote.exponent
    rate = stated(
        base,
        quote,
        Fraction(floor(minor + Fraction(1, 2))),
        as_of=window.end,
        method=str(method),
        source=source,
        venues=tuple(counting),
    )
    return ReferenceRate(rate, window, method, partitions, venues, outside, tape(inside))


def _partition(trades: Sequence[Trade]) -> Partition:
    return Partition(len(trades), volume_weighted_median(trades) if trades else None)


def screen(trades: Iterable[Trade], deviation_max: Fraction) -> tuple[Venue, ...]:
    """Compare each venue's volume-weighted median with the median of all of them.

    Args:
        trades: At least one; of one window.
        deviation_max: A venue that is off by more, up or down, is excluded.

    Returns:
        The venues by name. All may be excluded: two venues far apart are both far from the middle.
    """
    by_venue: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        by_venue[trade.venue].append(trade)
    medians = {name: volume_weighted_median(of) for name, of in sorted(by_venue.items())}
    middle = median(medians.values())
    return tuple(
        Venue(name, len(by_venue[name]), own, off := own / middle - 1, abs(off) > deviation_max)
        for name, own in medians.items()
    )


def volume_weighted_median(trades: Sequence[Trade]) -> Fraction:
    """Find the price with half of the traded volume on either side, in whole units of the quote.

    Args:
        trades: At least one, in any order.
    """
    ladder = sorted((trade.price_e18, trade.size_e18) for trade in trades)
    total = sum(size for _, size in ladder)
    below = 0
    for index, (price, size) in enumerate(ladder):
        below += size
        if 2 * below > total:
            return Fraction(price, E18)
        if 2 * below == total:
            return Fraction(price + ladder[index + 1][0], 2 * E18)
    raise AssertionError("sizes are above zero, so some trade passes the half")


def tape(trades: Iterable[Trade]) -> bytes:
    """Write trades whatever their order: their sorted lines of venue,ms,price,size."""
    lines = sorted(
        f"{trade.venue},{trade.at_ms},{trade.price_e18},{trade.size_e18}\n" for trade in trades
    )
    return "".join(lines).encode()


def milliseconds(at: datetime) -> int:
    """Count whole milliseconds from 1970 to `at`, without passing through a float."""
    return (at - EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class RateFixed:
    """A reference rate was made and recorded, with what it takes to make it again."""

    rate: RateId
    base: str  # asset codes
    quote: str
    quote_exponent: int
    numerator: int
    denominator: int
    as_of: datetime
    method: str
    source: str  # SHA-256 of the file of trades
    venues: tuple[str, ...]  # whose trades count
    excluded: tuple[str, ...]  # venues left out for being off, with how far
    partitions: tuple[str, ...]  # the twelve medians as fractions; empty where nobody traded
    trades: int  # in the window, of venues that count
    discarded: int  # lines of the file that are no trades
    input_sha256: str

    @classmethod
    def of(cls, reference: ReferenceRate, discarded: int) -> "RateFixed":
        """Record `reference`, made from a file with that many lines left out."""
        rate = reference.rate
        out = tuple(
            f"{venue.name} ({float(venue.deviation):+.1%})"
            for venue in reference.venues
            if venue.excluded
        )
        medians = tuple(
            "" if part.median is None else str(part.median) for part in reference.partitions
        )
        return cls(
            rate.id,
            rate.base.code,
            rate.quote.code,
            rate.quote.exponent,
            rate.numerator,
            rate.denominator,
            rate.as_of,
            rate.method,
            rate.source,
            rate.venues,
            out,
            medians,
            sum(part.trades for part in reference.partitions),
            discarded,
            reference.input_sha256,
        )

    def said(self) -> str:
        """The price in words."""
        price = Fraction(self.numerator, self.denominator)
        assert price.denominator == 1, "a fixing is rounded to the minor unit"
        return f"{decimal(price.numerator, self.quote_exponent)} {self.quote} for one {self.base}"
