"""What a transfer costs in batches of 8,000, and how much less than one a transaction."""

from collections.abc import Iterator
from datetime import timedelta

from psycopg import Connection

from bench.ledger.books import BATCH, NOW, Books
from bench.server import Clock, progress, serving
from clearhouse.core.ledger import Posted, Transfer
from clearhouse.store import ledger

ALONE = 4_000  # transfers posted one a transaction, beside the batches


def run(size: int, accounts: int, seed: int, refused: float, *, hot: bool) -> Iterator[str]:
    """Time batches; clean ones, and in turn with them others if some are to be refused."""
    with serving(NOW) as (server, db):
        books = Books(accounts, seed)
        books.open(db)
        clean, dirty, alone = Clock(server), Clock(server), Clock(server)
        count, said_no = 0, 0
        for number in progress("posting", -(-size // BATCH)):
            at = NOW + timedelta(seconds=number)
            batch, mixed = (books.batch(at, share, hot=hot) for share in (0.0, refused))
            with clean:
                posted = _post(db, batch)
            assert posted == BATCH, "a clean batch is posted whole"
            count += BATCH
            if refused:
                with dirty:
                    said_no += BATCH - _post(db, mixed)
        batch = books.batch(NOW + timedelta(days=1), hot=hot)[:ALONE]
        with alone:
            posted = sum(_post(db, [one]) for one in batch)
        assert posted == ALONE
        assert ledger.trial_balance(db).is_balanced
    yield f"ledger.cpu_us {clean.cpu_us(count):.1f} us"
    yield f"ledger.cpu_server_us {clean.server_s / count * 1e6:.1f} us"
    yield f"ledger.cpu_client_us {clean.client_s / count * 1e6:.1f} us"
    yield f"ledger.per_s {count / clean.wall_s:.0f} transfers/s"
    if refused:
        yield f"ledger.refused_share {said_no / count:.2f}"
        yield f"ledger.refused_cpu_us {dirty.cpu_us(count):.1f} us"
        yield f"ledger.refused_ratio {dirty.cpu_us(count) / clean.cpu_us(count):.2f}"
    yield f"ledger.alone_cpu_us {alone.cpu_us(ALONE):.0f} us"
    yield f"ledger.alone_per_s {ALONE / alone.wall_s:.0f} transfers/s"
    yield f"ledger.ratio {count / clean.wall_s / (ALONE / alone.wall_s):.1f}"


def _post(db: Connection, batch: list[Transfer]) -> int:
    """Post and commit; answers how many were posted."""
    with db.transaction():
        outcomes = ledger.post(db, batch, batch[0].occurred_at)
    return sum(isinstance(outcome, Posted) for outcome in outcomes)
