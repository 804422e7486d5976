"""Many callers that post one transfer at a time, beside one durable transaction for each."""

import gc
import re
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from psycopg import Connection

from bench.ledger.books import NOW, VAULT, Books
from bench.server import Clock, Server, serving
from clearhouse.core.ledger import Transfer
from clearhouse.store import ledger, programs
from clearhouse.store.accounts import standings
from clearhouse.store.connection import connect
from clearhouse.store.teller import Teller
from clearhouse.store.teller import serving as telling

CONNECTIONS = (1, 16, 64)
SECONDS = 10  # for each number of connections


def run(size: int, accounts: int, clients: int, seed: int, *, hot: bool) -> Iterator[str]:
    """Time the teller, then its rivals, on the same books."""
    with serving(NOW) as (server, db):
        books = Books(accounts, seed)
        books.open(db)
        each = -(-size // clients)
        at = NOW + timedelta(seconds=1)
        said = [[_one(books, hot=hot) for _ in range(each)] for _ in range(clients)]
        gc.collect()
        gc.freeze()  # what waits to be said is the bench's, and not to be looked through each time
        clock = Clock(server)
        with (
            telling(lambda: connect(server.url, "teller"), lambda: at) as teller,
            ThreadPoolExecutor(clients) as pool,
        ):
            list(pool.map(lambda _: None, range(clients)))  # the threads are there
            with clock:
                list(pool.map(lambda mine: _say(teller, mine), said))
        assert ledger.trial_balance(db).is_balanced
        count = each * clients
        per_s = count / clock.wall_s
        yield f"ledger.per_s {per_s:.0f} transfers/s"
        yield f"ledger.cpu_us {clock.cpu_us(count):.1f} us"
        best: dict[bool, float] = {}
        for journalled in (True, False):
            for number, reached in _rivals(server, db, books, journalled=journalled, hot=hot):
                name = "alone" if journalled else "alone_unjournalled"
                yield f"ledger.{name}_{number}_per_s {reached:.0f} transfers/s"
                best[journalled] = max(best.get(journalled, 0.0), reached)
        yield f"ledger.ratio {per_s / best[True]:.1f}"
        yield f"ledger.ratio_unjournalled {per_s / best[False]:.1f}"


def _one(books: Books, *, hot: bool) -> Transfer:
    debit, credit = books.pick(2, hot=hot)
    return books.transfer(debit, credit, books.dice.randint(1, 1_000), NOW)


def _say(teller: Teller, mine: list[Transfer]) -> None:
    for one in mine:
        teller.post(one)


def _rivals(
    server: Server, db: Connection, books: Books, *, journalled: bool, hot: bool
) -> Iterator[tuple[int, float]]:
    """Transfers a second of the rival, by the number of its connections."""
    if journalled:
        db.execute(files("bench.ledger").joinpath("rival.sql").read_bytes())
    ids = books.hot if hot else [*books.ids, VAULT.id]
    numbers = sorted(one.number for one in standings(db, ids).values())
    low, high = numbers[0], numbers[-1]
    assert high - low == len(numbers) - 1, "their numbers have no gaps"
    pgbench = programs.find(server.folder / "database" / "data").folder / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(
            f"\\set one random({low}, {high})\n"
            f"\\set gap random(1, {high - low})\n"
            f"\\set other {low} + (:one - {low} + :gap) % {high - low + 1}\n"
            f"SELECT rival(:one, :other, 1, {journalled});\n"
        )
        script.flush()
        for number in CONNECTIONS:
            yield number, _pgbench(pgbench, server.url, Path(script.name), number)


def _pgbench(program: Path, url: str, script: Path, connections: int) -> float:
    done = subprocess.run(
        [
            *(program, "--no-vacuum", "--protocol=prepared", f"--file={script}"),
            *(f"--client={connections}", f"--jobs={min(connections, 2)}", f"--time={SECONDS}"),
            url,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    form = re.search(r"tps = ([0-9.]+) \(without", done.stdout)
    assert form, done.stdout
    return float(form[1])
