"""The registers at national size: import, owners of everybody against a list, one party.

A country of participants, with the companies and people that own them, three holdings for each
participant. Files are imported as people send them: participants with a licence each, entities,
persons (whose names go into dossiers), holdings. Then a list of ten thousand owners is held against
all of it; and the gate's question about owners is asked of one participant after another.
"""

import argparse
import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np

from bench import intake
from clearhouse.core import ids
from clearhouse.core.hits import Screening
from clearhouse.core.ids import ParticipantId
from clearhouse.core.ownership import Rule
from clearhouse.core.registers import register_of
from clearhouse.core.screening import Subject
from clearhouse.demo import country, lists
from clearhouse.demo.wallets import Wallet
from clearhouse.operations.admit import COLUMNS, admit
from clearhouse.operations.house import House
from clearhouse.operations.owners import Judged, bounds, owned_by_list, owners_of
from clearhouse.operations.records import enter
from clearhouse.operations.screen import open_gate
from clearhouse.operations.screened import after_review
from clearhouse.operations.sheet import read_sheet
from clearhouse.store import registers

SINGLES = 2_000
LISTED = 10  # one owner in so many participants is on the list
COMPANIES, PERSONS, EDGES = 1.2, 0.1, 3  # for each participant
BACKWARDS = 0.002  # one edge in five hundred may close a ring
HALF = Rule(500_000, exclusive=False, control=True)


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=10_000, help="participants")
    parser.add_argument("--seed", type=int, default=1)


@dataclass(frozen=True)
class World:
    """Files of a country's registers, and who of its owners is listed."""

    participants: Path
    records: tuple[tuple[str, Path], ...]  # by register, in the order in which they are entered
    listed: tuple[str, ...]  # names
    ids: tuple[ParticipantId, ...]  # of the participants


def run(given: argparse.Namespace) -> Iterator[str]:
    """Import a country, and ask who owns it."""
    with intake.opened(given.seed) as (house, folder):
        world = written(folder, given.size, Random(given.seed))
        now = house.now() - timedelta(hours=1)
        lists.write_lists(folder / "lists", now, world.listed)
        begun = time.perf_counter()
        tally = admit(house, world.participants, lambda _: None)
        assert tally["admitted"] == given.size, tally
        yield f"registers.admit_s {time.perf_counter() - begun:.1f} s"
        for name, file in world.records:
            sheet = read_sheet(house, register_of(name), file)
            assert not sheet.tally["refused"], sheet.tally
            enter(house, sheet)
        yield f"registers.import_s {time.perf_counter() - begun:.1f} s"
        yield from _asked(house, world)


def _asked(house: House, world: World) -> Iterator[str]:
    gate = open_gate(house)
    begun, cpu = time.perf_counter(), time.process_time()
    found = owned_by_list(house, gate.screen, "OFAC-SDN", HALF)
    yield f"registers.ownership_s {time.perf_counter() - begun:.2f} s"
    yield f"registers.ownership_cpu_s {time.process_time() - cpu:.2f} s"
    yield f"registers.owned {sum(one.blocked for one in found)} entities"

    def same(several: Sequence[Subject]) -> Sequence[Screening]:
        found = gate.screen.same(several, now=house.now())
        return after_review(house, gate.screen, several, found)

    law, today, taken = house.rulebook, house.today, []
    for id in world.ids[:SINGLES]:
        begun = time.perf_counter()
        (party,) = registers.participants(house.db, [id]).values()
        above = owners_of(house, [party], today)
        compared = above.compared(same)
        Judged(above, compared, bounds(law, today)).of(party, today)
        taken.append(time.perf_counter() - begun)
    yield f"registers.p50_ms {float(np.quantile(taken, 0.5)) * 1000:.2f} ms"
    yield f"registers.p99_ms {float(np.quantile(taken, 0.99)) * 1000:.2f} ms"


def written(folder: Path, size: int, dice: Random) -> World:
    """Write the files of a country of `size` participants."""
    parties = [country.lei(dice) for _ in range(size)]
    companies = [ids.derived("ent", str(n)) for n in range(int(size * COMPANIES))]
    persons = [ids.derived("prs", str(n)) for n in range(int(size * PERSONS))]
    names = {id: _company(dice, place) for place, id in enumerate(companies)}
    files = {name: folder / f"{name}.csv" for name in ("entity", "person_owner", "holding")}
    wallet = Wallet.of(b"everybody's").address
    rows = [
        (id, _company(dice, size * 10 + place), "XA", wallet, "importer", "Norland Central Bank")
        for place, id in enumerate(parties)
    ]
    dates = (country.LICENSED_FROM, country.LICENSED_TO)
    _write(folder / "everybody.csv", COLUMNS, [(*row, *dates) for row in rows])
    columns = ("entity", "kind", "name", "jurisdiction")
    _write(files["entity"], columns, [(id, "company", name, "XA") for id, name in names.items()])
    born = "1970-01-01"
    people = [(id, f"Person {number} of Norland", born) for number, id in enumerate(persons)]
    _write(files["person_owner"], ("entity", "name", "born"), people)
    holding = ("owner", "owned", "share", "control", "source", "since")
    _write(files["holding"], holding, _holdings(parties, companies, persons, size * EDGES, dice))
    listed = dice.sample(sorted(names.values()), size // LISTED)
    return World(folder / "everybody.csv", tuple(files.items()), tuple(listed), tuple(parties))


def _holdings(
    parties: Sequence[str], companies: list[str], persons: list[str], edges: int, dice: Random
) -> list[tuple[str, ...]]:
    """Draw who owns whom: most edges lead upwards, a few back, so that there are rings."""
    owned = [*parties, *companies]
    above = [*companies, *persons]
    left = dict.fromkeys(owned, 100_0000)
    pairs: dict[tuple[str, str], int] = {}
    while len(pairs) < edges:
        at = int(dice.random() ** 1.5 * len(owned))
        if dice.random() < BACKWARDS:
            owner = owned[dice.randrange(at + 1)]
        else:
            owner = above[dice.randrange(max(0, at + 1 - len(parties)), len(above))]
        id, share = owned[at], dice.choice((50_0000, 30_0000, 25_0000, 10_0000, 1_2500))
        if owner == id or (owner, id) in pairs or share > left[id]:
            continue
        pairs[owner, id] = share
        left[id] -= share
    return [
        (owner, id, f"{share / 10_000:.4f}", "no", "articles", "2026-01-01")
        for (owner, id), share in pairs.items()
    ]


def _company(dice: Random, number: int) -> str:
    place = dice.choice((*country.NORTH, *country.SOUTH))
    return f"{place} {dice.choice(country.TRADES)} {number} AS"


def _write(file: Path, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
