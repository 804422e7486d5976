"""A small house for the operations' tests: real database, clock that moves, made-up lists.

`house` has no rail; `settling` has one: an embedded chain and three real signers. `people` is a
small demo country, and `admitted` says that everybody of it is in the register. `founded` has its
first two officers. `elsewhere` is an empty database. `codes` asks what is against records, and
`say` enters them.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from tests.conftest import new_database
from tests.hands import found_with_roles
from tests.recorded import read, register_of
from tests.stage import Clock
from tests.staging import Institutions, new_house

from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo import country, lists
from clearhouse.operations import records
from clearhouse.operations.admit import admit
from clearhouse.operations.house import House, Rail
from clearhouse.store.connection import connect


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publish(tmp_path: Path, clock: Clock) -> Callable[..., None]:
    """Publish today's lists, with names added: `publish("Some Firm AS")`."""

    def write(*added: str, age: timedelta = timedelta(hours=1)) -> None:
        lists.write_lists(tmp_path / "lists", clock() - age, added)

    write()
    return write


@pytest.fixture
def house(
    db: Connection,
    clock: Clock,
    rulebook: Rulebook,
    tmp_path: Path,
    publish: Callable[..., None],  # noqa: ARG001 - the lists are there
) -> House:
    """A house without a vault: it admits, takes in, gates and fixes."""
    return new_house(db, clock, rulebook, tmp_path)


@pytest.fixture
def founded(house: House) -> House:
    """A house with Ada, administrator and operator, and Bela, administrator and compliance."""
    found_with_roles(house)
    return house


@pytest.fixture
def elsewhere(admin_url: str) -> Iterator[Connection]:
    """An empty database."""
    with new_database(admin_url) as (_, url), connect(url, "replay") as db:
        yield db


@pytest.fixture
def admitted(house: House, people: country.Country, tmp_path: Path) -> country.Country:
    """Everybody of `people`, in the register of `house`."""
    file = tmp_path / "participants.csv"
    country.write_register(people, file)
    admit(house, file, lambda _: None)
    return people


@pytest.fixture
def settling(
    house: House, clock: Clock, institutions: Institutions, tmp_path: Path
) -> Iterator[House]:
    """A house with a new embedded chain and the three institutions."""
    with EmbeddedChain(tmp_path / "chain", clock) as chain:
        rail = Rail(chain, institutions.vault, institutions.signers, institutions.key, 2)
        yield replace(house, settles=rail)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder for files of records."""
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


@pytest.fixture
def codes(house: House, desk: Path) -> Callable[..., list[str]]:
    """What is against each record of one register, by code; nothing is entered."""

    def asked(*several: Any) -> list[str]:
        answers = read(house, desk, *several).answers
        return [" ".join(one.code for one in answer.refusals) for answer in answers]

    return asked


@pytest.fixture
def say(house: House, desk: Path) -> Callable[..., None]:
    """Enter records of any registers, those of one register at once, in a house not founded yet."""

    def entered(*several: Any) -> None:
        for register in dict.fromkeys(map(register_of, several)):
            sheet = read(house, desk, *(one for one in several if register_of(one) is register))
            assert not sheet.tally["refused"], sheet.answers
            records.enter(house, sheet)

    return entered
