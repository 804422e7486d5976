"""The gate: obligations a second through all of it, and how long one alone takes.

Obligations are handed in first, so that every party has been screened once. Then the gate is asked
of all of them again, as clearing and releasing ask it: in batches, each read, judged and recorded
in a transaction of its own. Last it is asked of one at a time.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from random import Random

import numpy as np

from bench import intake
from clearhouse.core.ids import ObligationId
from clearhouse.operations.house import House
from clearhouse.operations.intake import take_in
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.store import journal, obligations, registers
from clearhouse.store.projection import record

BATCH = 5_000
SINGLES = 500


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=100_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Time the gate on `size` obligations; prints per second, CPU and p99 of one alone."""
    dice = Random(given.seed)
    with intake.opened(given.seed) as (house, folder):
        sales = intake.written(house, folder, given.size, dice)
        gate = open_gate(house)
        for creditor, file in sales.files:
            take_in(house, file, creditor.id, lambda _: None, gate=gate)
        rows = house.db.execute("SELECT id FROM obligation ORDER BY id").fetchall()
        ids = [ObligationId(id) for (id,) in rows]
        wall, cpu = time.perf_counter(), time.process_time()
        for begin in range(0, len(ids), BATCH):
            _ask(house, gate, ids[begin : begin + BATCH])
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        yield f"gate.per_s {len(ids) / wall:.0f} obligations/s"
        yield f"gate.cpu_us {cpu / len(ids) * 1e6:.0f} us"
        taken = []
        for id in dice.sample(ids, min(len(ids), SINGLES)):
            begun = time.perf_counter()
            _ask(house, gate, [id])
            taken.append(time.perf_counter() - begun)
        yield f"gate.p50_ms {float(np.quantile(taken, 0.5)) * 1000:.1f} ms"
        yield f"gate.p99_ms {float(np.quantile(taken, 0.99)) * 1000:.1f} ms"


def _ask(house: House, gate: Gate, ids: Sequence[ObligationId]) -> None:
    """Ask the gate of some obligations, and record its answers."""
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()
        found = obligations.by_ids(house.db, ids, house.assets)
        asked = [found[id] for id in ids]
        parties = {party for one in asked for party in (one.debtor, one.creditor)}
        decisions = gate.judge(asked, registers.participants(house.db, parties), now)
        assert {str(verdict_of(one)) for one in decisions.values()} == {"clear"}
        record(house.db, [*gate.save(), *decisions.items()], now, now)
    gate.saved()
