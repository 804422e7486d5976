"""Files of trades: what can be used is, what cannot is counted, and no other file is taken."""

import io
import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.valuation import E18, Trade
from clearhouse.feeds import trades
from clearhouse.feeds.trades import HEADER, Tape, read

GOOD = "kraken,1561939203172,sell,10749.4,0.004"
DATA = Path(
    os.environ.get("CLEARHOUSE_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)


def tape_of(*lines: str, end: str = "\n", header: str = HEADER) -> Tape:
    return read(io.BytesIO("".join(line + end for line in (header, *lines)).encode()))


def test_a_trade_is_read_exactly() -> None:
    tape = tape_of(GOOD)
    assert tape.trades == (Trade("kraken", 1561939203172, 107494 * E18 // 10, 4 * E18 // 1000),)
    assert (tape.discarded, tape.discards) == (0, ())
    assert tape.sha256 == sha256(f"{HEADER}\n{GOOD}\n".encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "e18"),
    [
        ("1", E18),
        ("1e-05", E18 // 10**5),
        ("1E-18", 1),
        ("2.5e+2", 250 * E18),
        ("0.000000000000000001", 1),
        ("1.50", 15 * E18 // 10),
        ("999999999999999999", 999999999999999999 * E18),
    ],
)
def test_numbers_are_taken_as_exchanges_write_them(text: str, e18: int) -> None:
    assert tape_of(f"x,1,buy,{text},1").trades[0].price_e18 == e18
    assert tape_of(f"x,1,buy,1,{text}").trades[0].size_e18 == e18


@given(st.decimals(min_value="1e-18", max_value="1e17", places=18))
def test_no_digit_is_lost(number: object) -> None:
    assert tape_of(f"x,1,buy,{number:f},1").trades[0].price_e18 == int(
        f"{number:f}".replace(".", "")
    )


@pytest.mark.parametrize(
    "number",
    [
        *["", " ", "0", "0.00", "-5", "-0", "+5", "NaN", "nan", "inf", "-inf", "1e999", "1e99"],
        *["1_000", "1 ", " 1", "1.", ".5", "0x10", "1e", "1e-19", "1e18", "9" * 19, "9" * 400],
        *["0.0000000000000000001", "\u0661", "1\x00", "1/2", "abc", "1;2"],
    ],
)
@pytest.mark.parametrize("column", ["price", "size"])
def test_a_number_that_is_none_or_not_above_zero_is_discarded(number: str, column: str) -> None:
    bad = f"x,1,buy,{number},1" if column == "price" else f"x,1,buy,1,{number}"
    tape = tape_of(GOOD, bad, GOOD)
    assert len(tape.trades) == 2
    assert tape.discarded == 1
    (discard,) = tape.discards
    assert discard.line == 3
    assert discard.reason.startswith(column)
    assert len(discard.reason) < 120


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,1,buy,1", "4 fields"),
        ("x,1,buy,1,1,", "6 fields"),
        ("x", "1 fields"),
        (" ", "1 fields"),
        (",1,buy,1,1", "venue"),
        ("a b,1,buy,1,1", "venue"),
        ("X,1,buy,1,1", "venue"),
        ("v" * 33 + ",1,buy,1,1", "venue"),
        ("x,,buy,1,1", "time"),
        ("x,-1,buy,1,1", "time"),
        ("x,1.5,buy,1,1", "time"),
        ("x,1561939203172000,buy,1,1", "time"),  # microseconds
        ('"x","1","buy","1","1"', "venue"),
    ],
)
def test_a_line_that_is_no_trade_is_discarded_by_its_number(line: str, reason: str) -> None:
    tape = tape_of(GOOD, "", line, GOOD)
    assert len(tape.trades) == 2
    assert tape.discards[0].line == 4
    assert tape.discards[0].reason.startswith(reason)


def test_a_last_line_that_may_be_cut_is_not_believed() -> None:
    whole = f"{HEADER}\n{GOOD}\n{GOOD}"
    tape = read(io.BytesIO(whole.encode()))
    assert len(tape.trades) == 1
    assert tape.discards[0].line == 3
    assert "cut" in tape.discards[0].reason


def test_equal_lines_are_two_trades() -> None:
    assert len(tape_of(GOOD, GOOD).trades) == 2


def test_what_spreadsheets_do_to_line_ends_is_taken() -> None:
    assert tape_of(GOOD, end="\r\n", header="\ufeff" + HEADER).trades == tape_of(GOOD).trades


def test_only_the_first_discards_are_named_and_all_are_counted() -> None:
    tape = tape_of(GOOD, *["x"] * 1500)
    assert tape.discarded == 1500
    assert len(tape.discards) == 1000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "trades.empty"),
        (b"\n", "trades.wrong-header"),
        (b"venue,time,side,price,size\n", "trades.wrong-header"),
        (b"time_ms,venue,side,price,size\n", "trades.wrong-header"),
        (HEADER.upper().encode() + b"\n", "trades.wrong-header"),
        (GOOD.encode() + b"\n", "trades.wrong-header"),
        (HEADER.encode("utf-16"), "trades.wrong-encoding"),
        (f"{HEADER}\nx,1,buy,1,1\xe9\n".encode("latin-1"), "trades.wrong-encoding"),
        (b"\x1f\x8b\x08\x00\x00", "trades.wrong-encoding"),
        (b"x" * 1025, "trades.line-too-long"),
        (HEADER.encode() + b"\n" + b"1" * 2000 + b"\n", "trades.line-too-long"),
        (HEADER.encode(), "trades.no-usable-line"),
        (HEADER.encode() + b"\n", "trades.no-usable-line"),
        (HEADER.encode() + b"\n\r\n\n", "trades.no-usable-line"),
        (HEADER.encode() + b"\nx,1,buy,0,0\n", "trades.no-usable-line"),
        (f"{HEADER}\n{GOOD}".encode(), "trades.no-usable-line"),
    ],
)
def test_what_is_no_file_of_trades_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(io.BytesIO(content))
    assert refused.value.code == code


def test_a_line_without_end_is_not_read_to_its_end() -> None:
    with Path("/dev/zero").open("rb") as endless, pytest.raises(Refusal) as refused:
        read(endless)
    assert refused.value.code == "trades.line-too-long"


def test_more_trades_than_a_rate_needs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trades, "TRADES_MAX", 2)
    assert len(tape_of(GOOD, GOOD).trades) == 2
    with pytest.raises(Refusal, match=r"trades\.too-many: .*line 4"):
        tape_of(GOOD, GOOD, GOOD)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    content = f"{HEADER}\n{GOOD}\n".encode() + noise
    try:
        noise.decode()
    except UnicodeDecodeError:
        with pytest.raises(Refusal, match=r"trades\.wrong-encoding"):
            read(io.BytesIO(content))
        return
    tape = read(io.BytesIO(content))
    assert tape.trades[0].price_e18 == 107494 * E18 // 10
    assert tape.sha256 == sha256(content).hexdigest()


@pytest.mark.external
def test_every_line_of_a_real_hour_is_read() -> None:
    file = DATA / "rates" / "kraken-btcusd-2019-07-01.csv"
    if not file.exists():
        pytest.skip(f"no {file}; set CLEARHOUSE_DATA")
    with file.open("rb") as stream:
        tape = read(stream)
    assert len(tape.trades) == 2672
    assert tape.discarded == 0
    assert tape.sha256 == sha256(file.read_bytes()).hexdigest()
