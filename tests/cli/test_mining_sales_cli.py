"""Mined coin on the command line: filed, listed, and a year's tax to the cent."""

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_rulebook_cli import DONE, REFUSED, USAGE, Desk, begun
from tests.core.mining.test_coin import BOUGHT, SALES
from tests.recorded import file_of, register_of
from tests.sold import lot, lot_id, method, sale, sale_id

from clearhouse.core.ids import ParticipantId


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A founded house at the end of 2026, with the worked year of one miner and a bit of another's.

    The second miner's coin is quoted in EUR, and one sale of it is below the floor.
    """
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)  # the database's user passes through
    made = Desk(folder)
    try:
        made = begun(folder)
        made.now(datetime(2026, 12, 31, 18, tzinfo=UTC))
        first, second = lei(made, 0), lei(made, 1)
        buyer = made.people.platform.id
        file = file_of(folder, method(first), method(second, "prorata"))
        made.agree("records", "lot_method", str(file))
        order(made, *(replace(one, miner=first) for one in reversed(BOUGHT)))
        order(made, *(replace(one, miner=first, buyer=buyer) for one in SALES))
        abroad: dict[str, Any] = {"asset": "EUR", "official_rate": 1_08341200}
        order(made, lot("eur", second, 5_000_000, date(2026, 3, 1), quote=56_543_21, **abroad))
        order(made, sale("eur", second, buyer, 2_000_000, date(2026, 4, 1), price=1, **abroad))
        yield made
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


def order(desk: Desk, *several: Any) -> None:
    """Bela files records."""
    file = file_of(desk.folder, *several)
    desk.json("file", register_of(several[0]).name, str(file), "--with", desk.key("bela"))


def lei(desk: Desk, number: int) -> ParticipantId:
    return desk.people.miners[number].id


def test_the_worked_year_to_the_cent(desk: Desk) -> None:
    """Twelve lots of 2026, a bitcoin in all, and four sales by FIFO; each line is in `test_tax`.

    Income       57,796.76   .10 x 60,000.00 = 6,000.00 in January, ... .14 x 57,000.00 = 7,980.00
    15 Apr .15 sold for  9,450.00, deducts  9,125.02 (jan, half of feb)        gain    324.98
    10 Aug .20 sold for  8,400.00, which is below .20 x 56,000.00 x .8 = 8,960.00: that is taxed;
               deducts 12,166.78 (feb to may)                                  loss  3,206.78
    20 Nov .12345678  for  6,569.26, deducts  8,134.27 (may to aug)            loss  1,565.01
    31 Dec .52654322  for 30,012.96, deducts 28,370.69 (aug to dec)            gain  1,642.27
    Sold for 54,432.22, taxed at 54,992.22, deducted 57,796.76: all that was income. Loss 2,804.54.
    """
    said = desk.json("mining", "tax", lei(desk, 0), "2026")

    about = (said["participant"], said["year"], said["method"], said["currency"])
    assert about == (lei(desk, 0), "2026", "fifo", "USD")
    nothing = {"units": "0.00000000", "basis": "0.00"}
    assert (said["opening"], said["closing"]) == (nothing, nothing)
    sums = [said[name] for name in ("income", "proceeds", "taxed", "basis", "gain")]
    assert sums == ["57796.76", "54432.22", "54992.22", "57796.76", "-2804.54"]
    assert [one["income"] for one in said["lots"]] == [
        *("6000.00", "6250.05", "4700.02", "3061.73", "3200.01", "2666.67", "2800.00"),
        *("3333.33", "5000.00", "5200.00", "7604.95", "7980.00"),
    ]
    figures = [
        [one[name] for name in ("day", "units", "proceeds", "taxed", "basis", "gain")]
        for one in said["sales"]
    ]
    assert figures == [
        ["2026-04-15", "0.15000000", "9450.00", "9450.00", "9125.02", "324.98"],
        ["2026-08-10", "0.20000000", "8400.00", "8960.00", "12166.78", "-3206.78"],
        ["2026-11-20", "0.12345678", "6569.26", "6569.26", "8134.27", "-1565.01"],
        ["2026-12-31", "0.52654322", "30012.96", "30012.96", "28370.69", "1642.27"],
    ]
    assert said["sales"][0]["drawn"] == [
        {"lot": lot_id("jan"), "units": "0.10000000", "basis": "6000.00"},
        {"lot": lot_id("feb"), "units": "0.05000000", "basis": "3125.02"},
    ]


def test_and_to_people(desk: Desk) -> None:
    text = desk.text("mining", "tax", lei(desk, 0), "2026")
    lines = [line.split() for line in text.splitlines()]

    assert text.startswith(f"{lei(desk, 0)}, 2026, by fifo, in USD\n")
    assert "opening: 0.00000000 BTC with a basis of 0.00 USD\n" in text
    assert [lot_id("jan"), "2026-01-31", "0.10000000", "6,000.00"] in lines
    head = ["sale", "sold", "on", "BTC", "proceeds", "taxed", "at", "basis", "gain"]
    assert head in lines
    figures = ["2026-08-10", "0.20000000", "8,400.00", "8,960.00", "12,166.78", "-3,206.78"]
    assert [sale_id("1"), *figures] in lines
    assert "gain: -2,804.54 USD\n" in text
    widths = {len(line) for line in text.splitlines() if line.startswith(("lot", "sale"))}
    assert len(widths) == 2  # one for each table


def test_a_tax_authority_takes_a_file(desk: Desk) -> None:
    """0.05 at 56,543.21 EUR and 1.083412: 3,062.98. The floor of .02 at 60,000.00 EUR is 1,040.08.

    .02 of .05 deducts 3,062.98 x 2/5 = 1,225.192, rounded down.
    """
    text = desk.text("mining", "tax", lei(desk, 1), "2026", "--csv")
    income, sold = csv.DictReader(io.StringIO(text))

    shared = {"asset": "EUR", "official_rate": "1.08341200", "venue": "Boreal Exchange"}
    shared |= {"currency": "USD", "method": "prorata"}
    blank = ["buyer", "price", "proceeds", "taxed", "basis", "gain"]
    head = {"kind": "income", "day": "2026-03-01", "id": lot_id("eur"), "units": "0.05000000"}
    assert (
        income
        == head | {"quote": "56543.21", "income": "3062.98"} | dict.fromkeys(blank, "") | shared
    )
    head = {"kind": "sale", "day": "2026-04-01", "id": sale_id("eur"), "units": "0.02000000"}
    figures = {"price": "0.01", "proceeds": "0.01", "taxed": "1040.08", "basis": "1225.19"}
    rest = {"quote": "60000.00", "income": "", "gain": "-185.11", "buyer": desk.people.platform.id}
    assert sold == head | figures | rest | shared
    assert list(income) == text.splitlines()[0].split(",")
    assert desk.text("mining", "tax", lei(desk, 1), "2026", "--csv") == text


def test_lots_and_what_is_left_of_them(desk: Desk) -> None:
    said = desk.json("mining", "lots", lei(desk, 1))

    assert said["left"] == {"units": "0.03000000", "basis": "1837.79"}
    (one,) = said["lots"]
    assert (one["lot"], one["right_on"], one["income"]) == (lot_id("eur"), "2026-03-01", "3062.98")
    assert (one["units"], one["units_left"], one["basis_left"]) == (
        *("0.05000000", "0.03000000"),
        "1837.79",
    )
    text = desk.text("mining", "lots", lei(desk, 1))
    row = [lot_id("eur"), "2026-03-01", "0.05000000", "0.03000000", "3,062.98", "1,837.79"]
    assert row in [line.split() for line in text.splitlines()]
    assert text.endswith("left: 0.03000000 BTC with a basis of 1,837.79 USD\n")
    assert len(desk.json("mining", "lots", lei(desk, 0))["lots"]) == 12


def test_whoever_files_a_sale_below_the_floor_is_told(desk: Desk) -> None:
    low = sale("low", lei(desk, 1), desk.people.platform.id, 1000, date(2026, 5, 1), price=0)
    file = file_of(desk.folder, replace(low, asset="EUR", official_rate=1_08341200))
    said = desk.json("records", "check", "mined_sale", str(file))

    assert [one["code"] for one in said["first_remarks"]] == ["mining.below-floor"]
    assert said["lines"]["new"] == 1


def test_what_is_sold_without_coin_is_refused_by_line_and_nothing_is_filed(desk: Desk) -> None:
    more = sale("more", lei(desk, 0), desk.people.platform.id, 1, date(2026, 6, 1))
    file = file_of(desk.folder, more)
    filed = desk.run("file", "mined_sale", str(file), "--with", desk.key("bela"), "--json")

    assert filed.code == REFUSED
    (refused,) = filed.json["first_refused"]
    assert [one["code"] for one in refused["refusals"]] == ["mining.lots-too-few"]
    assert len(desk.json("mining", "tax", lei(desk, 0), "2026")["sales"]) == 4


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["lots", "NOBODY"], "participant.lei-wrong"),
        (["tax", "NOBODY", "2026"], "participant.lei-wrong"),
        (["lots", "5493001KJTIIGC8Y1R12"], "participant.unknown"),
        (["tax", "5493001KJTIIGC8Y1R12", "2026"], "participant.unknown"),
    ],
)
def test_coin_is_somebodys(desk: Desk, words: list[str], code: str) -> None:
    answer = desk.run("mining", *words, "--json")

    assert (answer.code, answer.refused) == (REFUSED, code)


def test_who_declared_nothing_and_what_has_not_come_is_refused(desk: Desk) -> None:
    for words, code in (
        (["lots", lei(desk, 2)], "mining.method-undeclared"),
        (["tax", lei(desk, 2), "2026"], "mining.method-undeclared"),
        (["tax", lei(desk, 0), "2027"], "mining.not-yet"),
    ):
        assert desk.run("mining", *words, "--json").refused == code
        plainly = desk.run("mining", *words)
        assert (plainly.code, plainly.out) == (REFUSED, "")
        assert code in plainly.err


def test_a_year_before_has_nothing(desk: Desk) -> None:
    said = desk.json("mining", "tax", lei(desk, 0), "2025")

    assert (said["method"], said["lots"], said["sales"], said["gain"]) == (None, [], [], "0.00")
    assert "2025, no method declared, in USD\n" in desk.text("mining", "tax", lei(desk, 0), "2025")
    assert len(desk.text("mining", "tax", lei(desk, 0), "2025", "--csv").splitlines()) == 1


@pytest.mark.parametrize("year", ["", "26", "20266", "2026-01", "year", "２０２６"])  # noqa: RUF001
def test_a_year_is_written_as_a_year(desk: Desk, year: str) -> None:
    assert desk.run("mining", "tax", lei(desk, 0), year).code == USAGE


def test_a_file_is_csv_or_json(desk: Desk) -> None:
    both = ("--csv", "--json")
    assert desk.run("mining", "tax", lei(desk, 0), "2026", *both).code == USAGE
    assert desk.run("mining", "--help").code == DONE
