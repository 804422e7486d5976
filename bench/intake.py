"""CSV intake with the gate: obligations a second that become durable, and in what memory.

Ten creditors send a file each, in which they are owed by a thousand firms; every line is read,
checked, gated, journalled and committed (fsync on) in batches. One gate stands open for all files,
so that each party is screened once; that screening is in the time.
"""

import argparse
import csv
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench.server import serving
from clearhouse.chains.chain import REGTEST
from clearhouse.core.money import EUR, USD, bitcoin, decimal
from clearhouse.demo import country, lists
from clearhouse.feeds.shelf import Shelf
from clearhouse.operations.admit import admit
from clearhouse.operations.house import House
from clearhouse.operations.intake import COLUMNS, take_in
from clearhouse.operations.law import Law
from clearhouse.operations.screen import open_gate
from clearhouse.settings import Settings, log, rulebook
from clearhouse.store.keyring import Keyring

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
FIRMS = 2_000
CREDITORS = 10


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=100_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Time the intake of `size` obligations; prints per second, CPU and memory."""
    with opened(given.seed) as (house, folder):
        yield from _measure(house, folder, given.size, Random(given.seed))


@contextmanager
def opened(seed: int) -> Iterator[tuple[House, Path]]:
    """A house in a database of its own, without a vault, and its folder."""
    with serving(NOW) as (server, db):
        lists.write_lists(server.folder / "lists", NOW - timedelta(hours=1))
        yield (
            House(
                db=db,
                now=lambda: NOW,
                dice=Random(seed).getrandbits,
                laws=Law(rulebook(Settings(home=server.folder)), server.folder / "archive"),
                lists=Shelf(server.folder / "lists", lambda: NOW),
                network="regtest",
                coin=bitcoin(REGTEST),
                currencies=(USD, EUR),
                keyring=Keyring(server.folder / "keyring"),
                log=log(Settings(home=server.folder)),
                archive=server.folder / "archive",
            ),
            server.folder,
        )


@dataclass(frozen=True)
class Sales:
    """Files of obligations, each with the creditor who sends it, and the sum of all."""

    files: list[tuple[country.Firm, Path]]
    units: int


def written(house: House, folder: Path, size: int, dice: Random) -> Sales:
    """Admit a country's firms, and write `size` obligations between them to files."""
    people = country.found(dice, FIRMS)
    register = folder / "participants.csv"
    country.write_register(people, register)
    admit(house, register, lambda _: None)
    debtors = country.of_role(people.traders, "XA", "debtor")
    creditors = country.of_role(people.traders, "XB", "creditor")[:CREDITORS]
    files, total = [], 0
    for number, creditor in enumerate(creditors):
        file = folder / f"sales-{number}.csv"
        total += _write(file, creditor, debtors, size // CREDITORS, dice)
        files.append((creditor, file))
    return Sales(files, total)


def _measure(house: House, folder: Path, size: int, dice: Random) -> Iterator[str]:
    sales = written(house, folder, size, dice)
    gate, half = open_gate(house), 0
    wall, cpu = time.perf_counter(), time.process_time()
    for number, (creditor, file) in enumerate(sales.files):
        tally = take_in(house, file, creditor.id, lambda _: None, gate=gate)
        assert tally.outcomes["proposed"] == tally.verdicts["clear"] == size // CREDITORS
        if number == CREDITORS // 2 - 1:
            half = _rss_mb()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    taken = size // CREDITORS * CREDITORS
    row = house.db.execute("SELECT count(*), sum(units) FROM obligation").fetchone()
    assert row == (taken, sales.units), "what was sent is what is recorded, to the last unit"
    yield f"intake.per_s {taken / wall:.0f} obligations/s"
    yield f"intake.cpu_us {cpu / taken * 1e6:.0f} us"
    yield f"intake.rss_mb {_rss_mb()} MB"
    yield f"intake.rss_growth_mb {_rss_mb() - half} MB"


def _write(
    file: Path, creditor: country.Firm, debtors: list[country.Firm], count: int, dice: Random
) -> int:
    """Write a file of `count` obligations; answers the sum of their minor units."""
    total = 0
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in range(count):
            units = dice.randrange(1_000, 10_000_000)
            total += units
            traded = NOW.date() - timedelta(days=dice.randrange(1, 29))
            due = NOW.date() + timedelta(days=dice.randrange(1, 60))
            amount = decimal(units, 2, "")
            debtor = dice.choice(debtors)
            row = (f"INV-{number:07}", debtor.id, creditor.id, amount, "USD", traded, due)
            writer.writerow(row)
    return total


def _rss_mb() -> int:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
