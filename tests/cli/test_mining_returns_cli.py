"""Returns on the command line: filed by one person, shown by month, found once."""

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_rulebook_cli import DONE, REFUSED, USAGE, Desk, begun
from tests.mined import machine, meter, site
from tests.recorded import file_of
from tests.returned import epoch

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.records import MeterReading
from clearhouse.core.mining.returns import MinerReturn

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
KWH = 260_400


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A founded house on 21 August: one miner returned nothing of what it mined, two are late."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)  # the database's user passes through
    made = Desk(folder)
    try:
        made = begun(folder)
        made.now(datetime(2026, 8, 20, 12, tzinfo=UTC))
        first = lei(made, 0)
        for several in (
            [site("A", first)],
            [meter("M-1", "A")],
            [machine("S-1", "A", first)],
            [MeterReading("M-1", JULY, 0), MeterReading("M-1", AUGUST, KWH)],
        ):
            made.agree("records", name_of(made, *several), str(file_of(folder, *several)))
        file(made, epoch(JULY))
        file(made, MinerReturn(first, JULY, 0, KWH, True))
        made.now(datetime(2026, 8, 21, 12, tzinfo=UTC))
        yield made
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


def name_of(desk: Desk, *several: Any) -> str:
    return file_of(desk.folder, *several).stem.rpartition("-")[0]


def file(desk: Desk, *several: Any) -> dict[str, Any]:
    path = str(file_of(desk.folder, *several))
    return desk.json("file", name_of(desk, *several), path, "--with", desk.key("bela"))


def lei(desk: Desk, number: int) -> ParticipantId:
    return desk.people.miners[number].id


def returns(desk: Desk, *more: str) -> dict[str, Any]:
    return desk.json("mining", "returns", "--month", "2026-07", *more)


def test_a_month_is_told_as_it_is_and_nothing_is_written(desk: Desk) -> None:
    said = returns(desk)

    assert (said["month"], said["found"]) == ("2026-07", None)
    assert [one["participant"] for one in said["returns"]] == sorted(lei(desk, n) for n in range(3))
    by_firm = {one["participant"]: one for one in said["returns"]}
    filed, late = by_firm[lei(desk, 0)], by_firm[lei(desk, 1)]
    assert {one["due_at"] for one in said["returns"]} == {"2026-08-20T21:59:59.000000Z"}
    assert {one["rule"] for one in said["returns"]} == {"XA.reporting.miner"}
    assert (filed["filed_at"], filed["late"]) == ("2026-08-20T12:00:00.000000Z", False)
    assert (late["filed_at"], late["late"], late["breach"]) == (None, True, None)
    assert {one["code"] for one in filed["outliers"]} == {
        *("mining.less-than-likely", "mining.less-than-energy")
    }
    assert [one["code"] for one in filed["unjudged"]] == ["mining.not-comparable"]
    assert (filed["reviews"], filed["above_operators"]) == ([], None)


def test_and_to_people(desk: Desk) -> None:
    text = desk.text("mining", "returns", "--month", "2026-07")

    due = "miner_return: due 2026-08-20T21:59:59Z"
    assert f"{lei(desk, 0)} {due}, filed 2026-08-20T12:00:00Z\n" in text
    assert f"{lei(desk, 1)} {due}, not filed, late\n" in text
    assert "  outlier mining.less-than-likely: 0.00000000 BTC declared" in text
    assert "  not judged, mining.not-comparable: no operator's whole return" in text
    assert "no return of 2026-02 is due of anybody\n" in desk.text(
        "mining", "returns", "--month", "2026-02"
    )


def test_what_is_found_is_recorded_once_and_stands_in_the_registers(desk: Desk) -> None:
    assert returns(desk, "--find")["found"] == 4
    said = returns(desk, "--find")
    assert said["found"] == 0
    by_firm = {one["participant"]: one for one in said["returns"]}
    breach = by_firm[lei(desk, 2)]["breach"]
    assert breach == {
        "code": "mining.return-late",
        "found_at": "2026-08-21T12:00:00.000000Z",
        "fee": "400.00",
        "currency": "USD",
        "citation": "Norland Mining Act 2025, s. 14(1)",
    }
    filed = by_firm[lei(desk, 0)]
    assert filed["breach"] is None
    assert {one["code"] for one in filed["reviews"]} == {
        *("mining.less-than-likely", "mining.less-than-energy")
    }
    text = desk.text("mining", "returns", "--month", "2026-07")
    assert "  breach mining.return-late: 400.00 USD (Norland Mining Act 2025, s. 14(1))\n" in text
    assert "  review mining.less-than-energy: 2,604.00 kWh metered" in text
    assert "  outlier" not in text
    lines = list(csv.DictReader(io.StringIO(desk.text("records", "export", "breach"))))
    assert {(one["participant"], one["about"], one["fee"]) for one in lines} == {
        (lei(desk, number), "miner_return 2026-07", "40000") for number in (1, 2)
    }
    assert desk.run("log", "follow", "--json").code == DONE


@pytest.mark.parametrize("month", ["", "2026", "2026-7", "2026-13", "0000-01", "9999-12", "july"])
def test_a_month_is_written_as_a_month(desk: Desk, month: str) -> None:
    assert desk.run("mining", "returns", "--month", month).code == USAGE
    assert desk.run("mining", "returns").code == USAGE


def test_a_return_is_refused_by_line_and_nothing_is_filed(desk: Desk) -> None:
    wrong = [
        MinerReturn(lei(desk, 1), JULY, 0, 1, True),
        MinerReturn(lei(desk, 2), AUGUST, 0, 1, True),
        MinerReturn(lei(desk, 2), JULY, 5, 1, True, ("nowhere",)),
    ]
    path = str(file_of(desk.folder, *wrong))
    answer = desk.run("file", "miner_return", path, "--with", desk.key("bela"), "--json")

    assert answer.code == REFUSED
    refused = {one["line"]: one["refusals"] for one in answer.json["first_refused"]}
    codes = {line: [one["code"] for one in several] for line, several in refused.items()}
    assert codes == {3: ["mining.return-early"], 4: ["address.malformed"]}
    exported = csv.DictReader(io.StringIO(desk.text("records", "export", "miner_return")))
    assert [one["miner"] for one in exported] == [lei(desk, 0)]


@pytest.mark.parametrize("register", ["breach", "review"])
def test_what_the_house_finds_is_filed_by_nobody(desk: Desk, register: str) -> None:
    path = desk.folder / f"{register}.csv"
    path.write_text(desk.text("records", "export", register))
    for words in (["file"], ["propose", "records"]):
        answer = desk.run(*words, register, str(path), "--with", desk.key("bela"), "--json")
        assert (answer.code, answer.refused) == (REFUSED, "record.not-filed")
