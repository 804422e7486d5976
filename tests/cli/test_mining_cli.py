"""Mining on the command line: registers from files, and a month with what the law says of it."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_rulebook_cli import DONE, NOON, REFUSED, USAGE, Desk, begun
from tests.mined import LINK, account, machine, meter, site, site_id
from tests.recorded import file_of

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.records import MeterReading

APRIL, MAY, JUNE = (date(2026, month, 1) for month in (4, 5, 6))


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A founded house of June, with two miners and their sites, meters and machines."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)  # the database's user passes through
    made = Desk(folder)
    try:
        made = begun(folder)
        made.now(datetime(2026, 6, 2, 12, tzinfo=NOON.tzinfo))
        fill(made)
        yield made
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


def fill(desk: Desk) -> None:
    first, second = lei(desk, 0), lei(desk, 1)
    enter(
        desk,
        site("A", first),
        site("B", first, "XA-NORTH", power="own", isolated=True),
        site("C", second, "XA-EAST", since=date(2026, 5, 30)),
    )
    enter(desk, meter("M-1", "A"), meter("M-2", "B"))
    enter(
        desk,
        *(MeterReading("M-1", day, units) for day, units in ((APRIL, 0), (MAY, 5), (JUNE, 6005))),
        *(MeterReading("M-2", day, units) for day, units in ((MAY, 10), (JUNE, 210_10))),
    )
    enter(desk, machine("S-1", "A", first))
    enter(desk, account(first))


def enter(desk: Desk, *several: Any) -> None:
    file = file_of(desk.folder, *several)
    desk.agree("records", file.stem.rpartition("-")[0], str(file))


def lei(desk: Desk, number: int) -> ParticipantId:
    return desk.people.miners[number].id


def test_a_month_is_told_with_its_meters_its_sites_and_the_law(desk: Desk) -> None:
    said = desk.json("mining", "month", lei(desk, 0), "2026-05")

    about: Mapping[str, Any] = {name: said[name] for name in ("participant", "month", "verdict")}
    assert about == {"participant": lei(desk, 0), "month": "2026-05", "verdict": "clear"}
    assert (said["energy"], said["unmeasured"]) == ("270.00", None)
    assert said["meters"] == {"M-1": "60.00", "M-2": "210.00"}
    assert said["sites"] == [
        {
            "site": site_id(name),
            "holder": lei(desk, 0),
            "region": region,
            "power": power,
            "isolated": isolated,
        }
        for name, region, power, isolated in sorted(
            [("A", "XA-SOUTH", "grid", False), ("B", "XA-NORTH", "own", True)],
            key=lambda one: site_id(one[0]),
        )
    ]
    assert {one["verdict"] for one in said["law"]} == {"clear"}
    assert "XA.corridor.market" in {one["rule"] for one in said["law"]}


def test_and_to_people(desk: Desk) -> None:
    text = desk.text("mining", "month", lei(desk, 0), "2026-05")

    assert "meter M-1: 60.00 kWh\n" in text
    assert "all meters: 270.00 kWh\n" in text
    assert f"site {site_id('A')}: XA-SOUTH, power: grid\n" in text
    assert f"site {site_id('B')}: XA-NORTH, power: own, apart from the grid\n" in text
    assert text.endswith("allowed\n")


def test_what_is_not_measured_is_said_and_where_the_law_does_not_ask_it_is_no_matter(
    desk: Desk,
) -> None:
    said = desk.json("mining", "month", lei(desk, 0), "2026-04")

    assert (said["energy"], said["meters"]) == (None, {})
    assert said["unmeasured"]["code"] == "mining.month-unmeasured"
    assert "M-2: no reading of 2026-04-01" in said["unmeasured"]["detail"]
    text = desk.text("mining", "month", lei(desk, 0), "2026-04")
    assert "not measured: M-2: no reading of 2026-04-01\n" in text


@pytest.mark.parametrize(
    ("number", "month", "rule", "days"),
    [
        (0, "2026-03", "XA.mining.season", (15, "2026-03-01", "2026-03-15")),
        (0, "2026-11", "XA.mining.season", (16, "2026-11-15", "2026-11-30")),
        (1, "2026-05", "XA.mining.region", (2, "2026-05-30", "2026-05-31")),
    ],
)
def test_what_is_forbidden_is_named_by_rule_days_and_site(
    desk: Desk, number: int, month: str, rule: str, days: tuple[int, str, str]
) -> None:
    answer = desk.run("mining", "month", lei(desk, number), month, "--json")

    assert answer.code == REFUSED
    assert answer.json["verdict"] == "deny"
    (denied,) = [one for one in answer.json["law"] if one["verdict"] == "deny"]
    assert (denied["rule"], denied["code"]) == (rule, "gate.law-denies")
    assert denied["citation"].startswith("Norland Mining Act 2025, s. 9")
    assert (denied["days"], denied["first"], denied["last"]) == days
    assert denied["site"] == site_id("AC"[number])
    plainly = desk.run("mining", "month", lei(desk, number), month)
    assert plainly.code == REFUSED
    assert "forbidden\n" in plainly.out
    assert f"  deny {rule} (" in plainly.out
    assert f"{days[0]} days, {days[1]} to {days[2]} at {denied['site']}" in plainly.out


def test_what_cannot_be_told_is_held_and_not_forbidden(desk: Desk) -> None:
    said = desk.json("mining", "month", lei(desk, 2), "2026-05")

    assert (said["verdict"], said["sites"]) == ("hold", [])
    text = desk.text("mining", "month", lei(desk, 2), "2026-05")
    assert "held: something is not known\n" in text
    assert "  hold XA.mining.region (" in text


@pytest.mark.parametrize(
    "month",
    ["", "2026", "2026-5", "2026-13", "2026-00", "0000-01", "9999-12", "26-05", "2026-05-01"],
)
def test_a_month_is_written_as_a_month(desk: Desk, month: str) -> None:
    assert desk.run("mining", "month", lei(desk, 0), month).code == USAGE


@pytest.mark.parametrize(
    ("who", "code"),
    [("NOBODY", "participant.lei-wrong"), ("5493001KJTIIGC8Y1R12", "participant.unknown")],
)
def test_a_month_is_somebodys(desk: Desk, who: str, code: str) -> None:
    answer = desk.run("mining", "month", who, "2026-05", "--json")

    assert (answer.code, answer.refused) == (REFUSED, code)


def test_a_meter_that_runs_backwards_is_refused_by_line(desk: Desk) -> None:
    file = file_of(
        desk.folder,
        MeterReading("M-1", date(2026, 6, 2), 6010),
        MeterReading("M-2", date(2026, 6, 2), 1),
    )
    answer = desk.run("records", "check", "reading", str(file), "--json")

    assert answer.code == REFUSED
    (refused,) = answer.json["first_refused"]
    assert refused["line"] == 3
    assert [one["code"] for one in refused["refusals"]] == ["mining.meter-backwards"]


def test_what_authorities_alone_see_is_left_out(desk: Desk) -> None:
    text = desk.text("records", "export", "pool_account")
    (line,) = csv.DictReader(io.StringIO(text))

    assert (line["miner"], line["pool"], line["observer"]) == (lei(desk, 0), "Boreal Pool", "")
    assert LINK not in text


def test_a_supervisor_sees_it_and_is_recorded(desk: Desk) -> None:
    words = ("records", "reveal", "pool_account", "--reason", "an audit")
    (line,) = csv.DictReader(io.StringIO(desk.text(*words, "--with", desk.key("ada"))))
    assert line["observer"] == LINK
    key = f"{lei(desk, 0)}|Boreal Pool|{line['since']}"
    said = desk.run(*words[:3], key, *words[3:], "--with", desk.key("bela"), "--json")
    assert [one["observer"] for one in json.loads(said.out)] == [LINK]
    told = desk.text("journal", "read")
    assert told.count("RevealRecords") == 2
    assert "an audit" in told
    assert desk.run(*words).code == USAGE
    blank = desk.run(*words[:3], "--reason", " ", "--with", desk.key("ada"))
    assert (blank.code, "record.reason-missing" in blank.err) == (REFUSED, True)


def test_every_register_of_mining_is_exported_as_it_was_entered(desk: Desk) -> None:
    for register, count in (("site", 3), ("meter", 2), ("reading", 5), ("machine", 1)):
        path = desk.folder / f"{register}-again.csv"
        path.write_text(desk.text("records", "export", register))
        assert desk.text("records", "check", register, str(path)) == f"{count} known\n"
    assert desk.run("mining", "--help").code == DONE
