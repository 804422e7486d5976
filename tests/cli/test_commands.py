"""The command line, on the home that a small demo left: what it prints, and its exit codes."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.calendars import calendar
from tests.witnesses import NOBODY, several
from typer.testing import CliRunner

from clearhouse.__main__ import app
from clearhouse.core.ids import derived
from clearhouse.core.note import parse_verifier
from clearhouse.demo import lists
from clearhouse.operations import intake

ALARM, USAGE, REFUSED, DONE = 3, 2, 1, 0


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Home:
    """A demo's home, and commands that work on it."""

    folder: Path
    examples: dict[str, str]

    def run(self, *words: str) -> Answer:
        """Run one command in this process, which has imported everything already."""
        settings = {"CLEARHOUSE_HOME": str(self.folder), "DATABASE_URL": ""}
        done = CliRunner().invoke(app, list(words), env=settings)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    def party(self, residence: str, kind: str) -> str:
        """The LEI of somebody with a licence."""
        with (self.folder / "files" / "participants.csv").open() as stream:
            for row in csv.DictReader(stream):
                if (row["residence"], row["licence_class"]) == (residence, kind):
                    return row["lei"]
        raise AssertionError(f"no {kind} in {residence}")

    def names(self) -> dict[str, str]:
        """Everybody's name, by LEI."""
        with (self.folder / "files" / "participants.csv").open() as stream:
            return {row["lei"]: row["name"] for row in csv.DictReader(stream)}


def run(home: Path, *words: str, **settings: str) -> Answer:
    """Run one command as its own process, as a person would."""
    environment = os.environ | {"CLEARHOUSE_HOME": str(home)} | settings
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "clearhouse", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """The home that a demo of 24 firms and 100 obligations leaves behind."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)  # the database's user and the signers' pass through
    try:
        done = run(folder / "home", "demo", "--firms=24", "--obligations=100", "--json")
        assert done.code == DONE, done.out + done.err
        said = done.json()
        assert said["passed"]
        made = Home(folder / "home", said["examples"])
        made.run("database", "start")  # else each command starts and stops it
        yield made
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def file(home: Home, tmp_path: Path) -> Callable[..., tuple[Path, str, str]]:
    """Write a file of obligations between two admitted firms: its path, debtor and creditor."""

    def write(*rows: tuple[str, str]) -> tuple[Path, str, str]:
        debtor, creditor = home.party("XA", "importer"), home.party("XB", "exporter")
        lines = ["reference,debtor,creditor,amount,asset,traded_on,due_on"]
        for reference, amount in rows:
            parties = f"{reference},{debtor},{creditor}"
            lines.append(f"{parties},{amount},USD,2026-03-01,2026-03-09")
        path = tmp_path / "mine.csv"
        path.write_text("\n".join(lines) + "\n")
        return path, debtor, creditor

    return write


def test_the_same_seed_is_the_same_day_and_ends_with_pass(home: Home) -> None:
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        again = run(folder / "home", "demo", "--firms=24", "--obligations=100")
    finally:
        shutil.rmtree(folder)

    assert again.code == DONE, again.out + again.err
    lines = again.out.splitlines()
    assert lines[-1].startswith("PASS in ")
    shown = [line.split()[-1] for line in lines if "clearhouse explain" in line]
    assert shown == list(home.examples.values())


def test_a_demo_leaves_what_is_not_a_demo_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("not a demo")

    done = run(tmp_path, "demo", "--firms=20", "--obligations=60")

    assert done.code == REFUSED
    assert done.out.splitlines()[-1].startswith("FAIL")
    assert "demo.home-in-use" in done.out
    assert (tmp_path / "mine.txt").read_text() == "not a demo"


def test_a_demo_on_a_public_network_fails_and_says_so() -> None:
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        done = run(folder / "home", "demo", CLEARHOUSE_NETWORK="signet")
    finally:
        shutil.rmtree(folder)

    assert done.code == REFUSED
    assert done.out.splitlines()[-1].startswith("FAIL")
    assert "settings.network-unsupported" in done.out


@pytest.mark.parametrize("what", ["settled", "held", "domestic", "listed-at-noon", "proposed"])
def test_explain_tells_every_kind_of_life(home: Home, what: str) -> None:
    told = home.run("explain", home.examples[what], "--json").json()

    assert told["id"] == home.examples[what]
    assert [step["position"] for step in told["steps"]] == sorted(
        step["position"] for step in told["steps"]
    )
    everything = json.dumps(told)
    assert ".admission.debtor" in everything
    assert {
        "settled": "settled",
        "held": "affirmed, held",
        "domestic": "affirmed, denied",
        "listed-at-noon": "affirmed, denied",
        "proposed": "proposed",
    }[what] == told["state"]
    assert bool(told["next"]["actor"]) == (what != "settled")


def test_explain_for_people_and_for_programs_say_the_same(home: Home) -> None:
    told = home.run("explain", home.examples["settled"], "--json").json()
    text = home.run("explain", home.examples["settled"]).out

    for step in told["steps"]:
        assert step["title"] in text
        for line in step["evidence"]:
            assert line in text


def test_explain_of_nothing_is_refused_with_a_code(home: Home) -> None:
    unknown = home.run("explain", "obl_00000000000000000000000000", "--json")
    malformed = home.run("explain", "whatever", "--json")

    assert (unknown.code, unknown.json()["error"]["code"]) == (REFUSED, "obligation.unknown")
    assert (malformed.code, malformed.json()["error"]["code"]) == (REFUSED, "id.malformed")


def test_the_books_balance_and_the_chain_agrees(home: Home) -> None:
    checked = home.run("ledger", "check", "--json")
    reported = home.run("report", "--json")

    assert checked.code == reported.code == DONE
    assert checked.json()["balanced"]
    assert reported.json()["reconciliation"]["difference"] == "0"
    assert reported.json()["cycle"]["state"] in {"settled", "cleared"}
    assert "difference" in home.run("report").out


def test_the_journal_of_a_whole_day_makes_the_same_house_again(home: Home) -> None:
    answer = home.run("journal", "replay", "--json")
    text = home.run("journal", "replay").out

    assert answer.code == DONE, answer.out
    rows = answer.json()["rows"]
    assert rows["journal"] == answer.json()["entries"] > 1_000
    assert min(rows["standing"], rows["obligation"], rows["participant"], rows["cycle"]) > 0
    assert text.endswith("entries make the same tables\n")


def test_a_replay_goes_nowhere_but_into_an_empty_database(home: Home) -> None:
    own = home.run("database", "status", "--json").json()["url"]

    answer = home.run("journal", "replay", "--into", own, "--json")

    assert (answer.code, answer.json()["error"]["code"]) == (REFUSED, "replay.not-empty")


def test_a_reader_of_the_journal_goes_on_where_it_stopped(home: Home) -> None:
    whole = home.run("journal", "read").out.splitlines()
    first = home.run("journal", "read", "--limit", "7").out.splitlines()
    rest = home.run("journal", "read", "--after", "7").out.splitlines()

    assert first + rest == whole
    assert [json.loads(line)["position"] for line in whole] == list(range(1, len(whole) + 1))


def test_a_statement_ends_with_the_balance_and_every_account_is_in_it(home: Home) -> None:
    balances = home.run("ledger", "balance", "house", "--json").json()["accounts"]
    document = json.loads(home.run("ledger", "statement", "house", "--format", "json").out)
    table = list(csv.DictReader(io.StringIO(home.run("ledger", "statement", "house").out)))

    assert {(one["account"], one["balance"]) for one in balances} == {
        (one["account"], one["closing"]) for one in document["accounts"]
    }
    entries = sum(len(one["entries"]) for one in document["accounts"])
    assert entries > 0
    assert len(table) == entries + len(balances)


def test_a_statement_of_a_time_before_the_house_is_empty(home: Home) -> None:
    early = ("--from", "2009-01-03", "--to", "2009-01-04T00:00:00+02:00")
    document = json.loads(home.run("ledger", "statement", "house", *early, "--format", "json").out)
    then = home.run("ledger", "balance", "house", "--at", "2009-01-03", "--json").json()

    assert {one["closing"] for one in document["accounts"]} == {"0"}
    assert not any(one["entries"] for one in document["accounts"])
    assert {one["balance"] for one in then["accounts"]} == {"0"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("balance", "5493001KJTIIGC8Y1R12", "--json"), "participant.unknown"),
        (("statement", "5493001KJTIIGC8Y1R12", "--format", "json"), "participant.unknown"),
        (
            ("statement", "x", "--from", "2026-03-02", "--to", "2026-03-01", "--format", "json"),
            "account.period-malformed",
        ),
    ],
)
def test_a_statement_of_nobody_or_no_time_is_refused(
    home: Home, words: tuple[str, ...], code: str
) -> None:
    answer = home.run("ledger", *words)

    assert (answer.code, answer.json()["error"]["code"]) == (REFUSED, code)


@pytest.mark.parametrize("when", ["yesterday", "2026-03-02T10:00", "2026-13-01", "1772445600"])
def test_an_instant_that_can_be_read_in_two_ways_is_wrong_usage(home: Home, when: str) -> None:
    assert home.run("ledger", "balance", "house", "--at", when).code == USAGE


def test_an_intake_answers_every_line_and_writes_its_rejects(
    home: Home, file: Callable[..., tuple[Path, str, str]]
) -> None:
    path, debtor, creditor = file(("CLI-1", "41250.00"), ("CLI-2", "1e3"))

    first = home.run("intake", str(path), "--as", creditor)
    again = home.run("intake", str(path), "--as", creditor, "--json")
    rejects = path.with_name("mine.rejects.csv")
    rejects.write_text(rejects.read_text().replace(",1e3,", ",1000.00,"))
    mended = home.run("intake", str(rejects), "--as", creditor, "--json")
    affirmed = home.run("affirm", "--as", debtor, "--json")

    assert first.code == REFUSED
    assert "line 3: money.amount-malformed" in first.err
    assert (again.code, again.json()["lines"]["known"]) == (REFUSED, 1)
    assert mended.code == DONE, mended.out
    assert mended.json()["lines"]["proposed"] == 1
    assert {one["state"] for one in affirmed.json()["answers"]} == {"affirmed"}
    assert len(affirmed.json()["answers"]) >= 2


def test_both_sides_take_back_what_they_have_said(
    home: Home, file: Callable[..., tuple[Path, str, str]]
) -> None:
    path, debtor, creditor = file(("CLI-R1", "10.00"), ("CLI-R2", "20.00"))
    taken = home.run("intake", str(path), "--as", creditor, "--json").json()["first_answers"]
    both, alone = (one["obligation"] for one in taken)
    home.run("affirm", both, "--as", debtor)

    asked = home.run("rescind", both, alone, "--as", debtor, "--json")
    text = home.run("rescind", both, "--as", debtor)
    done = home.run("rescind", both, alone, "--as", creditor, "--json")
    again = home.run("intake", str(path), "--as", creditor, "--json")

    assert asked.code == REFUSED
    first, second = asked.json()["answers"]
    assert first == {"obligation": both, "state": "affirmed"}
    assert second["refused"].startswith("obligation.not-said: ")
    assert (text.code, text.out) == (DONE, "0 rescinded, 1 wait for the other side\n")
    assert done.code == DONE, done.out
    assert {one["state"] for one in done.json()["answers"]} == {"rescinded"}
    assert home.run("explain", both, "--json").json()["state"] == "rescinded"
    assert [one["refusals"][0]["code"] for one in again.json()["first_refused"]] == [
        "obligation.rescinded"
    ] * 2
    assert home.run("rescind", "--as", debtor).code == USAGE


def test_wrong_usage_exits_with_two(home: Home) -> None:
    assert home.run("intake", "nowhere.csv", "--as", "X").code == USAGE
    assert home.run("settle", "--no-such-option").code == USAGE
    assert home.run("nonsense").code == USAGE


def test_refusals_exit_with_one_and_name_their_code(
    home: Home, file: Callable[..., tuple[Path, str, str]]
) -> None:
    path, *_ = file(("CLI-9", "10.00"))
    stranger = home.run("intake", str(path), "--as", "5493001KJTIIGC8Y1R12", "--json")
    typo = home.run("intake", str(path), "--as", "5493001KJTIIGC8Y1R13", "--json")
    currency = home.run("fix", str(path), "--currency", "XYZ", "--json")
    trades = home.run("fix", str(path), "--json")

    codes = [one.json()["error"]["code"] for one in (stranger, typo, currency, trades)]
    assert codes == [
        "participant.unknown",
        "participant.lei-wrong",
        "money.unknown-asset",
        "trades.wrong-header",
    ]
    assert {one.code for one in (stranger, typo, currency, trades)} == {REFUSED}


def test_a_setting_of_the_wrong_form_is_wrong_usage(tmp_path: Path) -> None:
    done = run(tmp_path, "ledger", "check", "--json", CLEARHOUSE_FEE_RATE="abc")

    assert done.code == USAGE
    assert done.json()["error"]["code"] == "settings.value-wrong"
    assert "fee_rate" in done.json()["error"]["detail"]


def test_the_vault_shows_what_institutions_register(home: Home) -> None:
    shown = home.run("vault", "show", "--json").json()
    funded = home.run("vault", "fund", "--json").json()

    assert shown["descriptor"].startswith("wsh(sortedmulti(2,[")
    assert shown["institutions"] == ["ministry", "central-bank", "technology-firm"]
    assert funded["address"].startswith("bcrt1q")


def test_a_cycle_goes_as_far_as_it_can_and_says_who_is_awaited(
    home: Home, file: Callable[..., tuple[Path, str, str]]
) -> None:
    path, debtor, creditor = file(("CLI-C", "500.00"))
    home.run("intake", str(path), "--as", creditor)
    home.run("affirm", "--as", debtor)

    cleared = home.run("cycle", "--json")
    second = home.run("cycle", "--json")
    settled = home.run("settle", "--json")

    assert cleared.code == DONE, cleared.out
    assert second.json()["error"]["code"] == "settlement.nothing-to-clear"
    assert settled.json()["state"] == "cleared"
    assert debtor in {one["participant"] for one in settled.json()["outstanding"]}
    assert debtor in home.run("explain", cleared.json()["cycle"]).out


def test_a_cycle_is_revised_when_a_party_is_listed(
    home: Home, file: Callable[..., tuple[Path, str, str]]
) -> None:
    """Once for programs, and once for people."""
    path, debtor, creditor = file(("CLI-R", "700.00"))
    home.run("intake", str(path), "--as", creditor)
    home.run("affirm", "--as", debtor)
    home.run("cycle")
    fresh, kept = home.folder / "lists", home.folder.parent / "lists-kept"
    shutil.copytree(fresh, kept)
    refused = home.run("cycle", "revise", "--json")
    listed = home.names()[debtor]
    publication = json.loads((kept / "ofac-sdn" / "publication.json").read_text())
    at = datetime.fromisoformat(publication["published_at"])
    try:
        lists.write_lists(fresh, at, [listed])
        new = derived("cyc", "revised by hand")
        said = home.run("cycle", "revise", "--id", new, "--json")
        assert said.code == DONE, said.out
        again = home.run("cycle", "revise", said.json()["cycle"], "--id", new, "--json")
        shown = home.run("cycle", "show", said.json()["cycle"], "--json")
        shutil.rmtree(fresh)
        shutil.copytree(kept, fresh)
        home.run("cycle")
        lists.write_lists(fresh, at, [listed])
        text = home.run("cycle", "revise")
    finally:
        shutil.rmtree(fresh)
        shutil.copytree(kept, fresh)

    assert refused.json()["error"]["code"] == "settlement.nothing-to-revise"
    assert said.code == DONE, said.out
    assert said.json()["by_cycle"] in {None, new}
    out = said.json()["out"]
    assert {one["why"] for one in out} >= {"denied"}
    assert any(listed in ground for one in out for ground in one["grounds"])
    (called,) = [one for one in said.json()["pay_ins"] if one["participant"] == debtor]
    assert int(called["initial"]) > 0
    assert (called["revised"], called["paid"]) == ("0", "0")
    assert (again.code, again.json()["error"]["code"]) == (REFUSED, "settlement.cannot-unwind")
    assert shown.json()["state"] == "unwound"
    assert text.code == DONE, text.err
    assert "is unwound" in text.out
    assert "initial" in text.out
    assert debtor in text.out


def test_a_cycle_is_shown_told_and_made_again(home: Home, tmp_path: Path) -> None:
    picture = tmp_path / "cycle.svg"
    id = home.examples["cycle"]
    seen = home.run("cycle", "show", id, "--json", "--svg", str(picture)).json()
    text = home.run("cycle", "show", id).out
    again = home.run("cycle", "replay", id, "--json").json()
    who = seen["flows"][0]["debtor"]
    told = home.run("cycle", "statement", id, who, "--json").json()

    assert int(seen["frontier"][0]["cleared"]) == int(seen["set_off"])
    assert seen["frontier"][-1] == {"cash": seen["net"], "cleared": seen["gross"], "price": 1}
    assert again["facts"] > seen["obligations"]
    assert again["differing"] == []
    assert told["net"]["before"] == told["net"]["after"]
    assert sum(int(one["set_off"]) for one in told["obligations"]) == 2 * int(told["set_off"])
    assert "to be paid in" in text
    assert picture.read_text().startswith("<svg")
    assert "its net position is as before" in home.run("cycle", "statement", id, who).out
    assert "come out the same" in home.run("cycle", "replay", id).out


def test_what_waits_is_told_with_what_it_costs(home: Home) -> None:
    id = home.examples["cycle"]
    seen = home.run("cycle", "holds", id, "--top", "5", "--json").json()
    text = home.run("cycle", "holds", id, "--top", "5").out
    costs = [int(one["costs"]) for one in seen["holds"]]
    wins = [int(one["wins"]) for one in seen["joining"]]

    assert 0 < len(costs) <= 5
    assert costs == sorted(costs, reverse=True)
    assert all(0 < int(one["costs"]) <= int(one["costs_at_most"]) for one in seen["holds"])
    assert wins == sorted(wins, reverse=True)
    assert max(wins) >= max(costs), "whoever has the dearest one wins as much with all of its own"
    for one in seen["holds"]:
        assert one["obligation"] in text


def test_cash_clears_what_the_frontier_says(home: Home) -> None:
    id = home.examples["cycle"]
    seen = home.run("cycle", "show", id, "--cash", "0.01", "--json").json()
    all_of_it = home.run("cycle", "show", id, "--cash", "20000000", "--json").json()
    first = seen["frontier"][1]

    assert int(seen["with_cash"]["clears"]) == min(10**6, int(first["cash"])) * first["price"]
    assert int(all_of_it["with_cash"]["clears"]) == int(seen["gross"]) - int(seen["set_off"])
    assert "of cash would clear" in home.run("cycle", "show", id, "--cash", "0.01").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("holds", "cyc_00000000000000000000000000"), "settlement.unknown-cycle"),
        (("show", "EXAMPLE", "--cash", "0.000000001"), "money.amount-too-precise"),
        (("show", "cyc_00000000000000000000000000"), "settlement.unknown-cycle"),
        (("show", "whatever"), "id.malformed"),
        (("replay", "cyc_00000000000000000000000000"), "settlement.unknown-cycle"),
        (("statement", "EXAMPLE", "000000000000000000ZZ"), "participant.lei-wrong"),
        (("statement", "EXAMPLE", "00000000000000000098"), "participant.unknown"),
        (("show", "EXAMPLE", "--svg", "/nowhere/at/all.svg"), "file.unreadable"),
    ],
    ids=lambda one: "-".join(one)[:40] if isinstance(one, tuple) else one,
)
def test_a_cycle_that_is_not_there_is_refused(
    home: Home, words: tuple[str, ...], code: str
) -> None:
    named = [home.examples["cycle"] if word == "EXAMPLE" else word for word in words]
    answer = home.run("cycle", *named, "--json")

    assert (answer.code, answer.json()["error"]["code"]) == (REFUSED, code)


def test_ledger_chain_and_custody_are_compared_on_demand(home: Home) -> None:
    seen = home.run("reconcile", "--json")
    text = home.run("reconcile").out

    # The institutions of the demo are gone, which is no difference.
    assert seen.code == DONE, seen.out
    assert seen.json()["differences"] == []
    assert int(seen.json()["ledger"]) > 0
    assert text.endswith("0 differences\n")


def test_the_log_follows_the_journal_and_proves_its_entries(home: Home) -> None:
    size = home.run("log", "follow", "--json").json()["size"]
    again = home.run("log", "follow", "--json").json()
    note = home.run("log", "checkpoint").out
    proof = home.run("log", "prove", "7", "--json").json()
    grown = home.run("log", "consistency", "7", "--json").json()
    asked = home.run("log", "request", "--seen", "7").json()
    assert (asked["checkpoint"], asked["proof"]) == (note, grown["proof"])
    assert home.run("log", "request").json()["proof"] == []
    checked = home.run("log", "check", "--json").json()

    assert (again["size"], again["new"]) == (size, 0)
    assert note.splitlines()[1] == str(size)
    assert note.splitlines()[2] == checked["head"]
    assert json.loads(proof["entry"])["position"] == "7"
    assert len(proof["proof"]) >= 10
    assert (grown["first"], grown["size"]) == (7, size)
    wrong = home.run("log", "prove", "7", "--size", str(size + 1), "--json")
    outside = home.run("log", "prove", str(size + 1), "--json")
    assert (wrong.code, wrong.json()["error"]["code"]) == (REFUSED, "log.behind")
    assert (outside.code, outside.json()["error"]["code"]) == (REFUSED, "log.outside-tree")


def test_the_witnesses_cosign_the_log(home: Home, tmp_path: Path) -> None:
    nobody = home.run("log", "gather", "--json")
    assert (nobody.code, nobody.json()["error"]["code"]) == (REFUSED, "log.no-witnesses")
    log = parse_verifier(home.run("log", "checkpoint", "--json").json()["verifier"])
    file = home.folder / "witnesses.toml"
    try:
        with several(tmp_path, log, "ministry", "bank") as running:
            rows = [(one.witness.key.encode(), one.witness.url) for one in running]
            rows[1] = (rows[1][0], NOBODY)
            tables = [f'[[witness]]\nkey = "{key}"\nurl = "{url}"\n' for key, url in rows]
            file.write_text("\n".join(["needed = 2", *tables]))
            few = home.run("log", "gather", "--json")
            file.write_text("\n".join(["needed = 1", *tables]))
            done = home.run("log", "gather", "--json").json()
            text = home.run("log", "gather").out  # of the kept head, without asking
            running[0].says(root="A" * 43 + "=")
            (home.folder / "log" / "checkpoint").unlink()
            alarm = home.run("log", "gather", "--json")
        file.write_text("nonsense")
        wrong = home.run("log", "gather", "--json")
    finally:
        file.unlink()

    assert (few.code, few.json()["error"]["code"]) == (REFUSED, "note.cosignatures-too-few")
    assert list(done["cosigned"]) == ["w.example/ministry"]
    assert done["others"]["w.example/bank"].startswith("witness.unreachable: ")
    assert (done["size"], done["needed"]) == (home.run("log", "follow", "--json").json()["size"], 1)
    assert text.startswith(
        f"{done['size']:,} entries, 1 cosigned; 1 needed\nw.example/ministry at "
    )
    assert (alarm.code, alarm.json()["error"]["code"]) == (ALARM, "log.witness-alarmed")
    assert (wrong.code, wrong.json()["error"]["code"]) == (REFUSED, "settings.witnesses-malformed")


def test_calendars_attest_the_log(home: Home) -> None:
    nobody = home.run("log", "stamp", "--json")
    assert (nobody.code, nobody.json()["error"]["code"]) == (REFUSED, "log.no-calendars")
    assert home.run("log", "stamps").out == "0 stamps\n"
    silent = home.run("log", "stamp", "--calendar", NOBODY, "--json")
    assert (silent.code, silent.json()["error"]["code"]) == (REFUSED, "log.not-stamped")
    wrong = home.run("log", "stamp", "--calendar", "nonsense", "--json")
    assert (wrong.code, wrong.json()["error"]["code"]) == (REFUSED, "calendar.url-malformed")
    try:
        with calendar() as one:
            both = ("--calendar", one.url, "--calendar", NOBODY)
            done = home.run("log", "stamp", *both, "--json").json()
            text = home.run("log", "stamp", *both).out
            listed = home.run("log", "stamps", "--json").json()
            asked = home.run("log", "stamps", "--upgrade", "--calendar", one.url)
        down = home.run("log", "stamps", "--upgrade", "--calendar", one.url, "--json").json()
        Path(done["proof"]).write_bytes(b"")
        damaged = home.run("log", "stamps", "--json")
    finally:
        shutil.rmtree(home.folder / "log" / "stamps")

    assert done["size"] == home.run("log", "follow", "--json").json()["size"]
    assert done["others"][NOBODY].startswith("calendar.unreachable: ")
    assert [(by["standing"], by["calendar"]) for by in done["attested"]] == [("pending", one.url)]
    said = f"{done['size']:,} entries, {done['proof']}\n    pending at {one.url}\n"
    assert text == said
    assert listed["stamps"] == [{name: done[name] for name in done if name != "others"}]
    assert len(one.asked) == 1
    assert (asked.code, asked.out) == (DONE, f"{said}1 stamps\n")
    assert down["others"][one.url].startswith("calendar.unreachable: ")
    assert damaged.code == ALARM
    assert damaged.json()["stamps"][0]["trouble"]["code"] == "log.stamp-damaged"


def verified(bundle: Path, trust: Path) -> Answer:
    """What the verifier says, as a program of its own."""
    words = [sys.executable, "-I", "-m", "clearhouse.verifier", str(bundle), "--trust", str(trust)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


def test_what_is_published_is_verified_by_another_program(home: Home, tmp_path: Path) -> None:
    day, own, trust = tmp_path / "day", tmp_path / "own", tmp_path / "trust"
    trusted = home.run("trust")
    assert (trusted.code, trusted.json()["block"]["height"]) == (DONE, 0)
    trust.write_text(trusted.out)

    told = home.run("publish", str(day), "--json")
    assert told.code == DONE
    assert told.json()["scope"] == "day"
    assert verified(day, trust).out.splitlines()[-1].startswith("PASS  entries ")
    again = home.run("publish", str(tmp_path / "again"))
    assert again.out.startswith(f"{tmp_path / 'again'}: entries ")
    assert (tmp_path / "again").read_bytes() == day.read_bytes()

    who = home.party("XA", "exporter")
    assert home.run("publish", str(own), "--participant", who).code == DONE
    assert verified(own, trust).out.splitlines()[-1].endswith(f" of {who}, 22 checks")


def test_a_day_is_published_from_the_block_that_readers_trust(home: Home, tmp_path: Path) -> None:
    day, trust = tmp_path / "day", tmp_path / "trust"
    last = int(home.run("publish", str(day), "--json").json()["first"]) - 1
    closing = ("--closing", str(last))  # of the period in which coins came
    for since, told in (("150", "PASS  "), ("163", "FAIL  blocks.header-missing: ")):
        trust.write_text(home.run("trust", "--block", since).out)
        assert home.run("publish", str(day), *closing, "--since", since).code == DONE
        assert verified(day, trust).out.splitlines()[-1].startswith(told)
    trust.write_text(home.run("trust").out)
    assert verified(day, trust).out.startswith("FAIL  headers.checkpoint-unfit: ")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("publish", "{}/x", "--participant", "nobody"), "participant.lei-wrong"),
        (("publish", "{}/x", "--participant", "5493001KJTIIGC8Y1R12"), "participant.unknown"),
        (("publish", "{}/x", "--closing", "7"), "books.never-closed"),
        (("publish", "{}/x", "--since", "1000000"), "chain.block-unknown"),
        (("publish", "{}/no/where"), "file.unreadable"),
        (("trust", "--block", "1000000"), "chain.block-unknown"),
    ],
    ids=lambda said: said if isinstance(said, str) else "_".join(said[:3:2]),
)
def test_what_cannot_be_published_is_refused(
    home: Home, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    said = home.run(*(word.format(tmp_path) for word in words))
    assert said.code == REFUSED
    assert code in said.out + said.err
    assert not list(tmp_path.iterdir())


def test_a_worker_does_what_is_due_and_lists_what_it_cannot_do(home: Home) -> None:
    worked = home.run("worker", "--once", "--json")
    listed = home.run("stuck", "--json")
    again = home.run("retry", "cycle.settle", "nothing", "--json")

    assert worked.code == DONE, worked.out + worked.err
    assert worked.json()["jobs"] >= 4
    assert listed.code == DONE
    assert {one["stuck"] for one in listed.json()["jobs"]} <= {False}
    assert (again.code, again.json()["error"]["code"]) == (REFUSED, "worker.not-stuck")
    notices = list((home.folder / "outbox").rglob("*.json"))
    assert len(notices) > 100
    assert json.loads(notices[0].read_text())["form"] == "clearhouse.notice.1"


def test_a_worker_goes_on_until_it_is_told_to_stop(home: Home) -> None:
    environment = os.environ | {"CLEARHOUSE_HOME": str(home.folder)}
    environment.pop("DATABASE_URL", None)
    words = [sys.executable, "-m", "clearhouse", "worker", "--json"]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as worker:
        while not catches(worker.pid, signal.SIGTERM):
            time.sleep(0.1)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(5)
        worker.terminate()
        assert worker.wait(60) == DONE


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal yet."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def test_the_database_starts_tells_and_stops(home: Home) -> None:
    running = home.run("database", "status", "--json")
    ended = home.run("database", "stop", "--json")
    stopped = home.run("database", "status", "--json")
    lent = home.run("ledger", "check")  # starts it, and stops it again
    after = home.run("database", "status", "--json")
    started = home.run("database", "start", "--json")

    assert (running.code, running.json()["running"]) == (DONE, True)
    assert not ended.json()["running"]
    assert (stopped.code, stopped.json()["running"]) == (REFUSED, False)
    assert lent.code == DONE
    assert not after.json()["running"]
    assert started.json()["url"] == running.json()["url"]


def test_migrate_has_nothing_to_do_twice(home: Home) -> None:
    assert home.run("migrate", "--json").json() == {"applied": []}


def test_the_commands_page_is_what_the_commands_say() -> None:
    """Written by: typer clearhouse.__main__ utils docs --name clearhouse --title Commands."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
    words = ["clearhouse.__main__", "utils", "docs", "--name", "clearhouse", "--title", "Commands"]
    done = subprocess.run(
        [sys.executable, "-m", "typer", *words], capture_output=True, text=True, check=True
    )

    assert page.read_text().strip() == done.stdout.strip()


def test_what_a_file_says_is_quoted_and_not_read_as_our_markup(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("[/bold],[red]\n")

    done = home.run("intake", str(path), "--as", home.party("XB", "exporter"))

    assert done.code == REFUSED
    assert "[/bold]" in done.err
    assert "file.header-wrong" in done.err


def test_an_interrupted_run_goes_on_with_its_rejects(
    home: Home, file: Callable[..., tuple[Path, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, creditor = file(("CLI-R1", "1e1"), ("CLI-R2", "20.00"), ("CLI-R3", "3e3"))
    monkeypatch.setattr(intake, "BATCH", 1)
    with monkeypatch.context() as broken:
        broken.setattr(intake.Tally, "count", stop_at(3))
        stopped = home.run("intake", str(path), "--as", creditor)
    done = home.run("intake", str(path), "--as", creditor, "--json")

    assert stopped.code != DONE
    assert done.json()["lines"]["lines_before"] == 3
    rejects = path.with_name("mine.rejects.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in rejects] == ["reference", "CLI-R1", "CLI-R3"]


def stop_at(line: int) -> Callable[..., None]:
    """Be interrupted when a line is answered: its work is committed, and told to nobody."""

    def count(_: object, answer: intake.Answer) -> None:
        if answer.line == line:
            raise KeyboardInterrupt

    return count
