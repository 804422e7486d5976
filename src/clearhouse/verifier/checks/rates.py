"""Of rates: each is made again from its trades."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from math import floor
from statistics import median

from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry, derived, instant
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.trust import COINS
from clearhouse.verifier.wrong import Wrong

PARTITIONS, PARTITION_MS = 12, 5 * 60 * 1000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
E18 = 10**18
EXPONENTS = {"USD": "2", "EUR": "2"}  # of the currencies that invoices are in (ISO 4217)
METHOD = re.compile(
    r"vwm-12x5/1 deviation<=(?P<deviation>[1-9][0-9]?/[1-9][0-9]{1,3})"
    r" partitions>=(?P<least>[1-9]|1[0-2])",
    re.ASCII,
)
TRADE = re.compile(r"([^,]+),([0-9]+),([0-9]+),([0-9]+)", re.ASCII)

Trade = tuple[str, int, int, int]  # venue, milliseconds since 1970, price and size in 10**-18


def rates(published: Published) -> Looks:
    """Each reference rate comes out of its trades, by its method."""

    def fixed(standing: Standing, entry: Entry) -> None:
        said = entry.body
        for one in standing.rates.values():
            if (one["quote"], one["as_of"]) == (said["quote"], said["as_of"]):
                detail = f"{said['quote']} has a rate as of {said['as_of']} already"
                raise Wrong("rates.repeated", f"{said['rate']}: {detail}")

    def end(standing: Standing) -> None:
        for id, said in standing.rates.items():
            if id not in published.tapes:
                raise Wrong("rates.trades-missing", f"the trades of {id} are not shown")
            _check_rate(said, published.tapes[id])
            _check_id(said, COINS[published.trust.network])

    return Looks({"RateFixed": fixed}, end)


def _check_rate(said: Record, lines: Sequence[str]) -> None:
    id = f"rate {said['rate']}"
    content = "".join(f"{line}\n" for line in lines)
    if sha256(content.encode()).hexdigest() != said["input_sha256"]:
        raise Wrong("rates.trades-differ", f"{id} was made from other trades")
    method = METHOD.fullmatch(said["method"])
    if method is None or said["quote_exponent"] != EXPONENTS.get(said["quote"]):
        raise Wrong("rates.method-unknown", f"{id}: {said['method']!r:.80}")
    trades = [_read(line, id) for line in lines]
    start = (instant(said["as_of"]) - EPOCH) // timedelta(milliseconds=1)
    start -= PARTITIONS * PARTITION_MS
    excluded, counting = _screened(trades, Fraction(method["deviation"]))
    parts: list[list[Trade]] = [[] for _ in range(PARTITIONS)]
    for trade in trades:
        index = (trade[1] - start) // PARTITION_MS
        if not 0 <= index < PARTITIONS:
            raise Wrong("rates.trades-differ", f"{id}: a trade is outside its hour")
        if trade[0] in counting:
            parts[index].append(trade)
    medians = [_weighted_median(part) if part else None for part in parts]
    found = [one for one in medians if one is not None]
    if not found or len(found) < whole(method["least"]):
        raise Wrong("rates.too-few-trades", f"{id}: {len(found)} of twelve partitions have trades")
    minor = sum(found) / len(found) * 10 ** whole(said["quote_exponent"])
    price = floor(minor + Fraction(1, 2))
    mine = {
        "numerator": str(price),
        "denominator": "1",
        "venues": sorted(counting),
        "excluded": excluded,
        "partitions": ["" if one is None else str(one) for one in medians],
        "trades": str(sum(map(len, parts))),
    }
    for name, value in mine.items():
        if said[name] != value:
            detail = f"{id}: its trades make {name} {value!s:.100}, not {said[name]!s:.100}"
            raise Wrong("rates.differ", detail)


def _check_id(said: Record, coin: str) -> None:
    """Check that a rate's id is the one that follows from what it says."""
    price, quote = f"{said['numerator']}/{said['denominator']}", f"iso4217:{said['quote']}"
    about = (instant(said["as_of"]).isoformat(), said["method"], said["source"], *said["venues"])
    if said["rate"] != derived("rat", coin, quote, price, *about) or said["base"] != "BTC":
        raise Wrong("rates.differ", f"{said['rate']} is not the id of this rate")


def _read(line: str, id: str) -> Trade:
    form = TRADE.fullmatch(line)
    if form is None:
        raise Wrong("rates.trades-differ", f"{id}: {line!r:.80} is no trade")
    venue, at, price, size = form.groups()
    return venue, int(at), int(price), int(size)


def _screened(trades: Sequence[Trade], deviation_max: Fraction) -> tuple[list[str], set[str]]:
    """The venues that are off, each with how far, and those that count."""
    by_venue: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        by_venue[trade[0]].append(trade)
    medians = {venue: _weighted_median(own) for venue, own in sorted(by_venue.items())}
    middle = median(medians.values())
    off = {venue: own / middle - 1 for venue, own in medians.items()}
    out = {venue: by for venue, by in off.items() if abs(by) > deviation_max}
    return [f"{venue} ({float(by):+.1%})" for venue, by in out.items()], off.keys() - out.keys()


def _weighted_median(trades: Sequence[Trade]) -> Fraction:
    """The price with half of the volume on either side, in whole units of the quote."""
    ladder = sorted((price, size) for _, _, price, size in trades)
    total, below = sum(size for _, size in ladder), 0
    for index, (price, size) in enumerate(ladder):
        below += size
        if 2 * below > total:
            return Fraction(price, E18)
        if 2 * below == total:
            return Fraction(price + ladder[index + 1][0], 2 * E18)
    raise Wrong("rates.trades-differ", "trades without a size")
