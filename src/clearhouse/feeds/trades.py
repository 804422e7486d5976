"""Files of exchange trades: what a reference rate is made from.

The form is CSV in UTF-8, one trade a line, with this header:

    venue,time_ms,side,price,size
    kraken,1561939203172,sell,10749.4,0.004

`time_ms` is milliseconds since 1970 in UTC; price and size are plain numbers, or with an exponent
as exchanges write small ones (1e-05); the side is not looked at; nothing is quoted. A byte order
mark at the start and CR LF line ends are taken; empty lines are passed over.

A line that cannot be a trade (another number of fields; a price or size that is no number, or not
above zero) is left out, counted, and named by its number: that is the method's own rule for
erroneous data, and one venue's bad line must not stop a fixing. So is a last line without its line
end: the file may have been cut there, in the middle of a number. A file that is not of this form
at all is refused. Two equal lines are two trades: exchanges report equal fills in one millisecond.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from hashlib import sha256
from typing import BinaryIO

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.valuation import E18, Trade

HEADER = "venue,time_ms,side,price,size"
LINE_BYTES_MAX = 1024
TRADES_MAX = 1_000_000  # a busy hour of all large exchanges together is a tenth of it
DISCARDS_NAMED_MAX = 1000  # the count goes on

VENUE_FORM = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
TIME_FORM = re.compile(r"[0-9]{1,14}", re.ASCII)  # to the year 5138
NUMBER_FORM = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
# NUMBER_FORM allows 36 digits; were a step not exact after all, it would stop.
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])
NUMBER_END = 10**18  # in whole units: what is as large is no price and no size


class TradesEmpty(Refusal):
    """A file of trades is empty."""

    code = "trades.empty"
    kind = Kind.MALFORMED


class TradesHeader(Refusal):
    """A file of trades does not begin with its header."""

    code = "trades.wrong-header"
    kind = Kind.MALFORMED


class TradesEncoding(Refusal):
    """A file of trades is not UTF-8 text."""

    code = "trades.wrong-encoding"
    kind = Kind.MALFORMED


class TradesLineTooLong(Refusal):
    """A line of a file of trades is too long to be a trade."""

    code = "trades.line-too-long"
    kind = Kind.MALFORMED


class TradesTooMany(Refusal):
    """A file holds more trades than a reference rate can be made from."""

    code = "trades.too-many"
    kind = Kind.MALFORMED


class TradesNoneUsable(Refusal):
    """No line of a file of trades is a trade."""

    code = "trades.no-usable-line"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Discard:
    """A line that is left out."""

    line: int  # from 1, the header
    reason: str


@dataclass(frozen=True, slots=True)
class Tape:
    """What a file of trades says."""

    trades: tuple[Trade, ...]  # in the file's order
    discarded: int  # lines left out
    discards: tuple[Discard, ...]  # the first of them, DISCARDS_NAMED_MAX at most
    sha256: str  # of the whole file's bytes


class _LeftOut(Exception):  # noqa: N818 - no error: a reason that `read` counts
    """Why a line is no trade."""


def read(file: BinaryIO) -> Tape:
    """Read a file of trades, holding no more of it than one line and the trades.

    Args:
        file: Open for reading bytes, at its start.

    Raises:
        TradesEmpty, TradesHeader, TradesEncoding, TradesLineTooLong, TradesTooMany,
        TradesNoneUsable: It is not of the form; the line is named where there is one.
    """
    whole = sha256()
    trades: list[Trade] = []
    discards: list[Discard] = []
    discarded = 0
    for number, line in _lines(file, whole.update):
        try:
            trades.append(_trade(line))
        except _LeftOut as reason:
            discarded += 1
            if discarded <= DISCARDS_NAMED_MAX:
                discards.append(Discard(number, str(reason)))
        if len(trades) > TRADES_MAX:
            raise TradesTooMany(f"more than {TRADES_MAX} at line {number}", line=str(number))
    if not trades:
        first = f"; line {discards[0].line}: {discards[0].reason}" if discards else ""
        raise TradesNoneUsable(f"{discarded} lines left out{first}")
    return Tape(tuple(trades), discarded, tuple(discards), whole.hexdigest())


def _lines(file: BinaryIO, see: Callable[[bytes], None]) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines below the header that are not empty, line ends included."""
    number = 0
    while raw := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        see(raw)
        if len(raw) > LINE_BYTES_MAX:
            raise TradesLineTooLong(
                f"line {number} has more than {LINE_BYTES_MAX} bytes", line=str(number)
            )
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as trouble:
            raise TradesEncoding(f"line {number}: {trouble}", line=str(number)) from trouble
        if number == 1 and line.rstrip("\r\n") != HEADER:
            raise TradesHeader(f"{line[:80]!r}; it should be {HEADER}", line="1")
        if number > 1 and line.strip("\r\n"):
            yield number, line
    if not number:
        raise TradesEmpty(f"its first line should be {HEADER}")


def _trade(line: str) -> Trade:
    if not line.endswith("\n"):
        raise _LeftOut("no line end: the file may have been cut in this line")
    fields = line.rstrip("\r\n").split(",")
    if len(fields) != HEADER.count(",") + 1:
        raise _LeftOut(f"{len(fields)} fields")
    venue, time_ms, _, price, size = fields
    if not VENUE_FORM.fullmatch(venue):
        raise _LeftOut(f"venue {venue[:40]!r}: lower-case letters, digits, dot, dash, underline")
    if not TIME_FORM.fullmatch(time_ms):
        raise _LeftOut(f"time {time_ms[:40]!r}: milliseconds since 1970")
    return Trade(venue, int(time_ms), _e18("price", price), _e18("size", size))


def _e18(what: str, text: str) -> int:
    """Read a number above zero into units of 10**-18, exactly."""
    if not NUMBER_FORM.fullmatch(text):
        raise _LeftOut(f"{what} {text[:40]!r}: no plain number")
    units = EXACT.scaleb(Decimal(text), 18)
    if units <= 0:
        raise _LeftOut(f"{what} {text[:40]!r}: not above zero")
    if units >= NUMBER_END * E18:
        raise _LeftOut(f"{what} {text[:40]!r}: {NUMBER_END} or more")
    if units != units.to_integral_value():
        raise _LeftOut(f"{what} {text[:40]!r}: more than 18 decimals")
    return int(units)
