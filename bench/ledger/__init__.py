"""The ledger: what a posting costs, in batches and from many callers one by one.

`--mode batch` posts `--size` transfers, 8,000 at a time, between a million funded accounts (or,
with `--hot`, ten of them and the vault), and beside it some of the same kind one a transaction.
With `--refused 0.5` half of a batch is refused, every second one only because the one before it
was, in turn with clean batches.

`--mode single` has `--clients` callers post one transfer at a time through the teller. Beside it
stands the best that one durable transaction for each transfer reaches with 1, 16 and 64
connections: in the server itself, driven by pgbench, with the same rows (`rival.sql`).

`--pages` posts `--size` transfers, then times balances and pages of statements.

All of it on the shipped schema with its journal and indexes; fsync and synchronous_commit are on.
"""

import argparse
from collections.abc import Iterator

from bench.ledger import batch, pages, single


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--mode", choices=["batch", "single"], default="batch")
    parser.add_argument("--size", type=int, default=400_000, help="transfers")
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--hot", action="store_true", help="ten accounts and the vault")
    parser.add_argument("--refused", type=float, default=0.0, help="share of a batch")
    parser.add_argument("--clients", type=int, default=512)
    parser.add_argument("--pages", action="store_true", help="balances and statements")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Measure what was asked for."""
    if given.pages:
        return pages.run(given.size, given.accounts, given.seed)
    if given.mode == "single":
        return single.run(given.size, given.accounts, given.clients, given.seed, hot=given.hot)
    return batch.run(given.size, given.accounts, given.seed, given.refused, hot=given.hot)
