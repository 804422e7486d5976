"""The transparency log: what appending costs, and how long a proof takes.

The entries are as long as the journal's. Every tile and bundle is on disk (fsync) before the next
batch; proofs are of random entries and between random sizes, tiles read anew where the cache has
none.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from bench.server import progress
from clearhouse.core.merkle import consistency_proof, inclusion_proof
from clearhouse.operations.log import BATCH
from clearhouse.store.tiles import Tiles

ASKED = 2_000
ENTRY_BYTES = 250


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=1_000_000, help="entries")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Append `size` entries, then ask for proofs; each proof's time is its p99."""
    dice, size = Random(given.seed), given.size
    with tempfile.TemporaryDirectory(prefix="clearhouse-bench-") as name:
        tiles, cpu, wall = Tiles(Path(name)), time.process_time(), time.perf_counter()
        for number in progress("appending", -(-size // BATCH)):
            at = number * BATCH
            count = min(BATCH, size - at)
            tiles.append(at, [dice.randbytes(ENTRY_BYTES) for _ in range(count)])
        yield f"log.append_s {time.perf_counter() - wall:.1f} s"
        yield f"log.append_cpu_us {(time.process_time() - cpu) / size * 1e6:.1f} us"
        nodes = Tiles(Path(name)).nodes(size)
        asked = {
            "proof": lambda: inclusion_proof(nodes, dice.randrange(size), size),
            "consistency": lambda: consistency_proof(nodes, dice.randint(1, size), size),
        }
        for what, ask in asked.items():
            yield f"log.{what}_ms {_p99_ms(ask):.2f} ms"


def _p99_ms(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        ask()
        took.append(time.perf_counter() - begun)
    return sorted(took)[ASKED * 99 // 100] * 1e3
