"""Registers: what is entered is found again, and what is no entry is refused by the database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation, ForeignKeyViolation
from tests.conftest import new_database

from clearhouse.core.event import Event
from clearhouse.core.gate import Finding, FindingMade, Ground, Verdict
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    LEGAL_ENTITIES,
    LICENCES,
    LegalEntity,
    Licence,
    LicenceHeld,
    Participant,
)
from clearhouse.core.rulebook import Class
from clearhouse.store import journal, registers
from clearhouse.store.connection import connect
from clearhouse.store.projection import record

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)

APPLE, GLEIF = ParticipantId("HWUPKR0MPOU8FGXBT394"), ParticipantId("506700GE1G29325QX363")
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
IMPORT = Licence(Class.IMPORTER, "Central Bank", *YEAR)
EXPORT = Licence(Class.EXPORTER, "Central Bank", *YEAR)
EARLIER = Licence(Class.EXPORTER, "Central Bank", date(2025, 1, 1), date(2025, 12, 31))


@pytest.fixture(scope="module")
def connection(admin_url: str, template: str) -> Iterator[Connection]:
    """One database for most of these tests: they do not commit."""
    with new_database(admin_url, template) as (_, url), connect(url, "test") as db:
        yield db


@pytest.fixture
def db(connection: Connection) -> Iterator[Connection]:
    """A migrated database, as it was before."""
    with connection.transaction(force_rollback=True):
        yield connection


def firm(
    id: ParticipantId = APPLE, *licences: Licence, name: str = "Ødegård & Søn AS"
) -> Participant:
    return Participant(id, name, "XA", "bcrt1q", licences)


def tell(db: Connection, *facts: tuple[str, Event]) -> None:
    with db.transaction():
        record(db, facts, NOW, NOW)


def licence(id: ParticipantId, *held: Licence) -> list[tuple[str, Event]]:
    return [
        LICENCES.entered(
            LicenceHeld(id, one.licence_class, one.issuer, one.valid_from, one.valid_to)
        )
        for one in held
    ]


def enter(db: Connection, *firms: Participant) -> None:
    facts: list[tuple[str, Event]] = []
    for one in firms:
        head = LegalEntity(one.id, one.name, one.residence, one.address)
        facts.append(LEGAL_ENTITIES.entered(head))
        facts += licence(one.id, *one.licences)
    tell(db, *facts)


def test_a_participant_is_found_with_its_licences(db: Connection) -> None:
    both = [firm(APPLE, EARLIER, EXPORT, IMPORT), firm(GLEIF)]
    enter(db, *both)

    assert registers.participants(db) == {one.id: one for one in sorted(both, key=lambda f: f.id)}
    assert registers.participants(db, [APPLE]) == {APPLE: both[0]}


def test_licences_come_in_one_order_whatever_order_they_came_in(db: Connection) -> None:
    """A finding names the first that holds: it must be the same one tomorrow."""
    enter(db, firm(APPLE, IMPORT, EXPORT, EARLIER), firm(GLEIF, EARLIER, EXPORT, IMPORT))

    found = registers.participants(db)

    assert found[APPLE].licences == found[GLEIF].licences == (EARLIER, EXPORT, IMPORT)


def test_who_is_not_there_is_left_out(db: Connection) -> None:
    enter(db, firm(APPLE))

    assert set(registers.participants(db, [APPLE, GLEIF, APPLE])) == {APPLE}
    assert registers.participants(db, []) == {}
    assert registers.participants(db, [ParticipantId("'; DROP TABLE participant; --")]) == {}
    assert set(registers.participants(db)) == {APPLE}


@pytest.mark.parametrize("id", ["", "HWUPKR0MPOU8FGXBT39", "hwupkr0mpou8fgxbt394", f"{APPLE}0"])
def test_the_database_knows_the_form_of_an_lei(db: Connection, id: str) -> None:
    with pytest.raises(CheckViolation), db.transaction():
        enter(db, firm(ParticipantId(id)))
    assert registers.participants(db) == {}


def test_who_is_called_otherwise_is_known_by_what_it_was_called(db: Connection) -> None:
    """And all of it is read again, whether one asks for one or for everybody."""
    for name in ("First AS", "Second AS", "First AS", "Third AS"):
        enter(db, firm(APPLE, name=name))
    enter(db, firm(GLEIF, name="Other AS"))
    former = ("First AS", "Second AS", "First AS")
    for found in (registers.participants(db), registers.participants(db, [APPLE, GLEIF])):
        assert (found[APPLE].name, found[APPLE].former) == ("Third AS", former)
        assert found[APPLE].all_names() == ("Third AS", "First AS", "Second AS")
        assert (found[GLEIF].name, found[GLEIF].former) == ("Other AS", ())
    assert set(registers.participants(db)) == {APPLE, GLEIF}


def test_a_licence_said_again_takes_the_place_of_what_was_said(db: Connection) -> None:
    """And nobody has one who is nobody."""
    enter(db, firm(APPLE, IMPORT))
    longer = replace(IMPORT, valid_to=IMPORT.valid_to + timedelta(1))

    tell(db, *licence(APPLE, EXPORT, longer))

    assert set(registers.participants(db)[APPLE].licences) == {EXPORT, longer}
    with pytest.raises(ForeignKeyViolation), db.transaction():
        tell(db, *licence(GLEIF, IMPORT))


def test_the_database_keeps_no_licence_that_ends_before_it_begins(db: Connection) -> None:
    enter(db, firm(APPLE))
    one_day = Licence(Class.BANK, "Central Bank", date(2026, 1, 1), date(2026, 1, 1))
    tell(db, *licence(APPLE, one_day))
    with pytest.raises(CheckViolation), db.transaction():
        tell(db, *licence(APPLE, Licence(Class.BANK, "C", YEAR[1], YEAR[0])))


def found(said: str, subject: str = "XA>XB") -> tuple[str, Finding]:
    ground = Ground("gate.x", Verdict.CLEAR, said, "XA.x", "Act, § 8")
    finding = Finding(subject, (ground,), "v", (("OFAC-SDN", "a"),))
    return finding.digest(), finding


def keep(db: Connection, *found: tuple[str, Finding]) -> set[str]:
    """Keep what is new, as the gate does; answer what that is."""
    with db.transaction():
        journal.lock(db)
        known = registers.known_findings(db, [digest for digest, _ in found])
        new = {digest: finding for digest, finding in found if digest not in known}
        facts = [(one.subject, FindingMade(digest, one.body())) for digest, one in new.items()]
        record(db, facts, NOW, NOW)
    return set(new)


def test_a_finding_is_kept_once_and_to_the_byte(db: Connection) -> None:
    one, other = found("Łódź \U0001f680 \0 \u2028"), found("another")

    assert keep(db, one) == {one[0]}
    assert keep(db, one, other, other) == {other[0]}
    assert keep(db, one, other) == set()

    kept = registers.findings(db, [one[0], other[0], "0" * 64])
    assert kept == {digest: finding.body() for digest, finding in (one, other)}


def test_no_findings_are_no_trouble(db: Connection) -> None:
    assert keep(db) == set()
    assert registers.findings(db, []) == {}


def test_many_findings_are_one_batch(db: Connection) -> None:
    many = [found(f"ground {number}") for number in range(500)]

    keep(db, *many[::7])
    new = keep(db, *many)

    assert new == {digest for digest, _ in many} - {digest for digest, _ in many[::7]}


@pytest.mark.parametrize("digest", ["", "0" * 63, "A" * 64, "g" * 64])
def test_the_database_knows_the_form_of_a_digest(db: Connection, digest: str) -> None:
    with pytest.raises(CheckViolation), db.transaction():
        keep(db, (digest, found("x")[1]))


def test_of_two_that_keep_the_same_finding_one_calls_it_new(db_url: str) -> None:
    """Or both would put it into the journal."""
    many = [found(f"ground {number}") for number in range(50)]
    start = Barrier(4)

    def keep_all(_: int) -> set[str]:
        with connect(db_url) as mine:
            start.wait(10)
            return keep(mine, *many)

    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(keep_all, range(4)))

    assert sum(map(len, new)) == 50
    assert set().union(*new) == {digest for digest, _ in many}
    with connect(db_url) as db:
        assert len(registers.findings(db, [digest for digest, _ in many])) == 50


def test_what_is_rolled_back_was_never_kept(db: Connection) -> None:
    one = found("x")
    with db.transaction(force_rollback=True):
        assert keep(db, one) == {one[0]}
    assert registers.findings(db, [one[0]]) == {}
    assert keep(db, one) == {one[0]}


def test_a_name_that_no_database_can_hold_is_an_error_and_no_entry(db: Connection) -> None:
    """Intake refuses such names before; should one come through, nothing is cut off silently."""
    with pytest.raises(psycopg.DataError), db.transaction():
        enter(db, firm(APPLE, name="A\0B"))
    assert registers.participants(db) == {}
