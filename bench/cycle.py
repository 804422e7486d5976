"""A whole cycle of a national size: selected, gated, solved, certified, novated, recorded, called.

A country of firms, a tenth as many as obligations, owes itself a scale-free network across its
border. Parties and obligations stand in the books before the clock starts, and every party was
screened by a gate that stays open, as the intake's does. What is timed is one transaction of
PostgreSQL (fsync on), and the statements of all participants after it.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.intake import NOW, opened
from bench.server import progress
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.signer import seed
from clearhouse.chains.vault import Vault
from clearhouse.core.clearing import parts
from clearhouse.core.event import Event
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import CycleId, ParticipantId, derived
from clearhouse.core.money import Money
from clearhouse.core.obligation import (
    Obligation,
    ObligationAffirmed,
    ObligationProposed,
    obligation_id,
)
from clearhouse.core.obligation import State as ObligationState
from clearhouse.demo import country
from clearhouse.demo.networks import drawn
from clearhouse.engines.setoff import network, solve
from clearhouse.operations.admit import admit
from clearhouse.operations.clear import clear_cycle
from clearhouse.operations.house import House, Rail
from clearhouse.operations.screen import Gate, open_gate
from clearhouse.store import journal, registers
from clearhouse.store.projection import record

PARTIES_SHARE = 10  # obligations for each party
AT_ONCE = 20_000
SMALL = 2_000
UNITS_LEAST = 1_000  # satoshi


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=1_000_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Time a cycle over `size` obligations."""
    with opened(given.seed) as (bare, folder), _railed(bare, folder) as house:
        firms = _admitted(house, folder, given.size // PARTIES_SHARE, Random(given.seed))
        gate = open_gate(house)
        count = _recorded(house, gate, firms, given)
        solve(network(*drawn("sf", SMALL, 1)))  # what numba compiles once is not measured
        yield f"cycle.obligations {count}"
        wall, cpu = time.perf_counter(), time.process_time()
        done = clear_cycle(house, CycleId(derived("cyc", "bench", str(given.seed))), gate=gate)
        cleared = time.perf_counter() - wall
        told = sum(len(part.lines) for part in parts(done.clearing))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert len(done.clearing.lines) == count, done.left_out
        yield f"cycle.s {wall:.1f} s"
        assert told == 2 * count, "each obligation is told to both of its parties"
        yield f"cycle.statements_s {wall - cleared:.1f} s of that"
        yield f"cycle.client_s {cpu:.1f} s of processor time, PostgreSQL's not counted"
        yield f"cycle.rss_mb {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB"


@contextmanager
def _railed(house: House, folder: Path) -> Iterator[House]:
    """The house with a vault of three institutions, which are not there, on the embedded chain."""
    keys = [
        seed.create(folder / f"signer-{n}", b"a bench has no secrets", "regtest") for n in "abc"
    ]
    vault = Vault([key.xpub for key in keys], 2, "regtest")
    chain = EmbeddedChain(folder / "chain", house.now)
    rail = Rail(chain, vault, {}, Ed25519PrivateKey.generate(), 2)
    try:
        yield replace(house, settles=rail)
    finally:
        chain.close()


def _admitted(house: House, folder: Path, count: int, dice: Random) -> list[ParticipantId]:
    """Firms that may all buy and sell abroad, those of the two countries by turns."""
    people = country.found(dice, count)
    able = ("exporter", "importer")
    people = replace(people, traders=tuple(replace(one, classes=able) for one in people.traders))
    file = folder / "participants.csv"
    country.write_register(people, file)
    admit(house, file, lambda _: None)
    return [one.id for one in people.traders]


def _recorded(
    house: House, gate: Gate, firms: list[ParticipantId], given: argparse.Namespace
) -> int:
    """Enter obligations that both sides have affirmed, as the intake does; answers how many."""
    debtors, creditors, units, parties = drawn("sf", given.size, given.seed)
    assert parties <= len(firms)
    # Nobody owes at home: the other country's firm beside it is owed instead.
    creditors = np.where(debtors % 2 == creditors % 2, creditors ^ 1, creditors)
    participants = registers.participants(house.db)
    arrays = (debtors, creditors, units)
    for part in progress("obligations", -(-len(units) // AT_ONCE)):
        first = part * AT_ONCE
        columns = (array[first : first + AT_ONCE].tolist() for array in arrays)
        made = [
            _owed(house, firms[debtor], firms[creditor], f"INV-{number:08}", owed)
            for number, (debtor, creditor, owed) in enumerate(zip(*columns, strict=True), first)
        ]
        with house.db.transaction():
            journal.lock(house.db)
            decisions = gate.judge(made, participants)
            facts: list[tuple[str, Event]] = gate.save()
            for one in made:
                facts += _said(one, decisions[one.id])
            record(house.db, facts, NOW, NOW)
        gate.saved()
    return len(units)


def _owed(
    house: House, debtor: ParticipantId, creditor: ParticipantId, reference: str, units: int
) -> Obligation:
    id, day = obligation_id(creditor, reference), NOW.date()
    amount = Money(units + UNITS_LEAST, house.coin)
    return Obligation(
        id, debtor, creditor, reference, amount, day, day, NOW, NOW, ObligationState.AFFIRMED
    )


def _said(one: Obligation, decision: GateDecided) -> list[tuple[str, Event]]:
    parties, days = (one.debtor, one.creditor), (one.traded_on, one.due_on)
    amount = (one.amount.units, one.amount.asset.code)
    proposed = ObligationProposed(
        one.id, one.creditor, *parties, one.reference, *amount, *days, file="", line=1
    )
    return [
        (one.id, proposed),
        (one.id, decision),
        (one.id, ObligationAffirmed(one.id, one.debtor)),
    ]
