"""Faults: a process or a database killed in the middle of intake loses nothing that was answered.

The servers are the tests' own, durable as the product's. The process that is killed is this file,
run as a program: it takes in a file through the same settings that the command uses, and writes
down each answer as it gets it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any

import psycopg
import pytest

from clearhouse.core.ids import ParticipantId
from clearhouse.demo import country, lists
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.operations import intake
from clearhouse.operations.admit import admit
from clearhouse.operations.house import House
from clearhouse.operations.intake import Answer, take_in
from clearhouse.settings import Settings, house
from clearhouse.store import journal, launcher, obligations

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BATCH = 50
LINES = 2_000
WRONG_EVERY = 40  # lines, of which one is refused


# Where in a batch's transaction it is killed: behind the call of this function of the store.
IN_A_BATCH = {
    "look": (obligations, "by_ids"),
    "write": (journal, "write"),
    "commit": (obligations, "record_intake"),
}


class Deadly:
    """Does what it stands for, and at the n-th time kills when that is done."""

    def __init__(self, work: Callable[..., Any], number: int, kill: Callable[[], None]) -> None:
        self.work, self.number, self.kill = work, number, kill
        self.count = 0

    def __call__(self, *facts: Any) -> Any:
        self.count += 1
        answer = self.work(*facts)
        if self.count == self.number:
            self.kill()
        return answer


def note(answers: Path) -> Callable[[Answer], None]:
    """Write each answer down at once: what the operating system has, a killed process keeps."""

    def tell(one: Answer) -> None:
        with answers.open("a") as stream:
            stream.write(f"{one.line} {one.obligation or '-'} {one.outcome}\n")

    return tell


def taking_in(
    own: House, file: Path, by: ParticipantId, answers: Path, where: str, deadly: Callable[..., Any]
) -> None:
    """Take in a file until it is killed: at an answer, between two batches, or in one."""
    tell, advance = note(answers), lambda _: None
    if where in IN_A_BATCH:
        module, name = IN_A_BATCH[where]
        work = getattr(module, name)
        setattr(module, name, deadly(work))
    try:
        take_in(
            own,
            file,
            by,
            deadly(tell) if where == "answer" else tell,
            deadly(advance) if where == "advance" else advance,
        )
    finally:
        if where in IN_A_BATCH:
            setattr(module, name, work)


def as_a_program(home: str, file: str, by: str, answers: str, where: str, number: str) -> None:
    """Be the process that is killed."""
    intake.BATCH = BATCH

    def deadly(work: Callable[..., Any]) -> Deadly:
        return Deadly(work, int(number), lambda: os.kill(os.getpid(), signal.SIGKILL))

    with house(Settings(home=Path(home)), settles=False, now=lambda: NOW) as own:
        taking_in(own, Path(file), ParticipantId(by), Path(answers), where, deadly)


if __name__ == "__main__":
    as_a_program(*sys.argv[1:])
    sys.exit()


@pytest.fixture
def home(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A house's home, with lists and a database that runs until the test ends."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(intake, "BATCH", BATCH)
    lists.write_lists(
        server_folder / "lists",
        NOW - timedelta(hours=1),
    )
    launcher.start(server_folder / "database")
    return server_folder


@pytest.fixture
def own(home: Path) -> Iterator[House]:
    with house(Settings(home=home), settles=False, now=lambda: NOW) as own:
        yield own


@pytest.fixture
def people(own: House, tmp_path: Path) -> country.Country:
    people = country.found(Random(3), 20)
    country.write_register(people, tmp_path / "participants.csv")
    admit(own, tmp_path / "participants.csv", lambda _: None)
    return people


@pytest.fixture
def ours(people: country.Country) -> list[Invoice]:
    """As many invoices as there are good lines, all of one creditor."""
    debtors = country.of_role(people.traders, "XA", "debtor")
    creditor = country.of_role(people.traders, "XB", "creditor")[0]
    days = date(2026, 2, 27), date(2026, 3, 9)
    return [
        Invoice(f"INV-{number}", debtors[number % len(debtors)], creditor, "9.00", "EUR", *days)
        for number in range(LINES)
        if number % WRONG_EVERY
    ]


@pytest.fixture
def file(ours: list[Invoice], tmp_path: Path) -> Path:
    """Their file, in which some lines are wrong."""
    lines = write_csv(tmp_path / "good.csv", ours).read_text().splitlines(keepends=True)
    file = tmp_path / "sales.csv"
    with file.open("w") as stream:
        stream.write(lines[0])
        for number in range(0, len(lines) - 1, WRONG_EVERY - 1):
            stream.write("wrong\n")
            stream.writelines(lines[1 + number : number + WRONG_EVERY])
    return file


def answered(answers: Path) -> dict[int, tuple[str, str]]:
    """The answers that were given, by line: the obligation and the outcome; none came twice."""
    rows = [row.split() for row in answers.read_text().splitlines()] if answers.exists() else []
    assert len({line for line, *_ in rows}) == len(rows)
    return {int(line): (id_, outcome) for line, id_, outcome in rows}


def check_books(db: psycopg.Connection, answers: Path) -> set[str]:
    """What was answered is there, once, and told by a journal without gaps; answer with the ids."""
    recorded = {id_ for (id_,) in db.execute("SELECT id FROM obligation")}
    kept = {id_ for id_, _ in answered(answers).values() if id_ != "-"}
    assert kept <= recorded
    row = db.execute(
        "SELECT count(*), min(position), max(position), (SELECT position FROM journal_head)"
        " FROM journal"
    ).fetchone()
    assert row is not None
    count, *places = row
    assert places == [1, count, count]
    for kind in ("ObligationProposed", "GateDecided"):
        subjects = db.execute("SELECT subject FROM journal WHERE kind = %s", [kind]).fetchall()
        assert len(subjects) == len(recorded)
        assert {id_ for (id_,) in subjects} == recorded
    return recorded


def check_end(own: House, file: Path, ours: list[Invoice], answers: Path) -> None:
    """Run it to its end, once more from its beginning, and find everything once."""
    by = ours[0].creditor.id
    take_in(own, file, by, note(answers))
    assert check_books(own.db, answers) == {one.id for one in ours}
    given = answered(answers)
    entries = own.db.execute("SELECT position FROM journal_head").fetchone()
    again: list[Answer] = []

    tally = take_in(own, file, by, again.append)

    assert tally.outcomes == {
        "proposed": 0, "affirmed": 0, "known": len(ours), "refused": LINES // WRONG_EVERY
    }  # fmt: skip
    assert [one.line for one in again] == list(range(2, LINES + 2))
    for one in again:
        if one.line in given:
            outcome = "refused" if one.obligation is None else "proposed"
            assert given[one.line] == (one.obligation or "-", outcome)
    assert own.db.execute("SELECT position FROM journal_head").fetchone() == entries


POINTS = [  # and how many batches are committed then, where that is known
    ("answer", 1, 1),
    ("answer", BATCH + 7, 2),
    ("look", 3, 2),
    ("advance", 3, 2),  # the first call tells where it begins
    ("write", 2, 1),
    ("commit", 4, 3),  # everything is written, and not committed
    ("outside", 3 * BATCH, 0),  # whenever it comes, once as much was answered
]


def test_a_process_killed_at_any_point_loses_nothing(
    home: Path, own: House, file: Path, ours: list[Invoice], tmp_path: Path
) -> None:
    """One file is sent again and again, and the process is killed each time somewhere else."""
    answers, dice = tmp_path / "answers", Random(5)
    reached = [0]
    for where, number, _ in POINTS:
        before = len(answered(answers))
        words = (str(home), str(file), ours[0].creditor.id, str(answers), where, str(number))
        with subprocess.Popen([sys.executable, __file__, *words]) as process:
            if where == "outside":
                while process.poll() is None and len(answered(answers)) < before + number:
                    time.sleep(0.002)
                time.sleep(dice.random() * 0.02)
                process.kill()
        assert process.returncode == -signal.SIGKILL, (where, number)
        while own.db.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        ).fetchall():
            time.sleep(0.002)  # its session is still leaving

        reached.append(len(check_books(own.db, answers)))
        if where == "answer":
            assert len(answered(answers)) == before + number

    # Each went on where the one before had stopped; whole batches only; and none to the end.
    for (before, after), (where, _, batches) in zip(pairwise(reached), POINTS, strict=True):
        wrong_lines = batches * BATCH - (after - before)
        assert not batches or 0 < wrong_lines <= 2 * batches, where
    assert reached[-2] < reached[-1] < len(ours)
    check_end(own, file, ours, answers)


def test_a_database_killed_at_any_point_loses_nothing(
    home: Path, file: Path, ours: list[Invoice], tmp_path: Path
) -> None:
    """One file is sent again and again, and the database is killed each time somewhere else."""
    answers, by = tmp_path / "answers", ours[0].creditor.id

    def kill() -> None:
        live = launcher.postmaster(home / "database" / "data")
        assert live is not None
        os.kill(live.pid, signal.SIGKILL)

    def soon() -> None:
        timer = Timer(0.01, kill)
        timer.daemon = True
        timer.start()

    reached = [0]
    for where, number, killing in (
        ("advance", 6, kill),
        ("answer", BATCH + 7, kill),
        ("look", 3, kill),
        ("write", 3, kill),
        ("commit", 4, kill),
        ("answer", 3 * BATCH, soon),
    ):
        launcher.start(home / "database")
        with house(Settings(home=home), settles=False, now=lambda: NOW) as own:

            def deadly(
                work: Callable[..., Any],
                number: int = number,
                killing: Callable[[], None] = killing,
            ) -> Deadly:
                return Deadly(work, number, killing)

            with pytest.raises(psycopg.OperationalError):
                taking_in(own, file, by, answers, where, deadly)
        launcher.start(home / "database")
        with house(Settings(home=home), settles=False, now=lambda: NOW) as own:
            reached.append(len(check_books(own.db, answers)))

    assert all(a < b for a, b in pairwise(reached))
    assert reached[-1] < len(ours)
    with house(Settings(home=home), settles=False, now=lambda: NOW) as own:
        check_end(own, file, ours, answers)
