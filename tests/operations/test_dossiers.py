"""Dossiers: what is personal is read by who may, stands in no table, and can be forgotten."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import Connection
from tests.hands import ADA, BELA, Hand, agree, approve, dossier, enrol, propose
from tests.stage import Clock

from clearhouse.core import dossier as rules
from clearhouse.core.command import (
    Approve,
    Decline,
    EraseDossier,
    GrantRole,
)
from clearhouse.core.dossier import Dossier, DossierAltered, DossierErased, DossierKept
from clearhouse.core.event import encode
from clearhouse.core.person import Person
from clearhouse.core.proposal import Proposal, ProposalState
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.operations.people import expire
from clearhouse.operations.replay import Replay, replay
from clearhouse.store import dossiers as stored
from clearhouse.store import journal, tables
from clearhouse.store import people as store

LONG = "Zs\u00f3fia Quillfeather-\u00d8deg\u00e5rd"
ZSOFIA = Hand.of(LONG)
A_WEEK = timedelta(days=7)


def look(house: House, hand: Hand) -> Person | None:
    return store.people(house.db, [hand.person]).get(hand.person)


def state(house: House, waiting: Proposal) -> ProposalState:
    now = store.proposal(house.db, waiting.id)
    assert now is not None
    return now.state


def occurs(db: Connection, text: bytes) -> set[str]:
    """The tables in which a text stands, as such or in the hex of bytes, whatever its case."""
    forms = (text.lower(), text.hex().encode())
    found = set()
    for table, key in tables.keys(db).items():
        for row in tables.rows(db, table, key):
            if any(form in row.lower().encode() for form in forms):
                found.add(table)
    return found


def parts(name: str) -> list[bytes]:
    """What a name might be found by: its words, as they are and as JSON may write them."""
    words = name.replace("-", " ").split()
    escaped = [word.encode("ascii", "backslashreplace") for word in words]
    # COPY doubles a backslash.
    doubled = [word.replace(b"\\", b"\\\\") for word in escaped]
    return [*(word.encode() for word in words), *escaped, *doubled]


def is_in_no_table(db: Connection, name: str) -> bool:
    return not any(occurs(db, part) for part in parts(name))


def test_the_search_finds_what_is_there(founded: House) -> None:
    kept = stored.find(founded.db, ADA.person)
    assert kept is not None
    assert kept.content is not None
    assert occurs(founded.db, b"central bank") >= {"person", "journal"}
    assert occurs(founded.db, kept.content) == {"sealed_dossier"}
    assert occurs(founded.db, kept.content[5:9]) == {"sealed_dossier"}


def test_what_is_personal_stands_in_no_table_and_no_event(founded: House) -> None:
    enrol(founded, ZSOFIA)

    assert dossiers.read(founded, ZSOFIA.person).said == {"name": LONG}
    assert is_in_no_table(founded.db, LONG)
    for entry in journal.after(founded.db, 0, 10_000):
        assert not any(part in encode(entry.event).encode() for part in parts(LONG))


def test_what_is_erased_is_gone_and_the_journal_says_that_it_was(
    founded: House, elsewhere: Connection
) -> None:
    enrol(founded, ZSOFIA)
    kept = stored.find(founded.db, ZSOFIA.person)
    key = founded.keyring.find(ZSOFIA.person)
    assert kept is not None
    assert kept.content is not None
    assert key is not None

    waiting = propose(founded, EraseDossier(ZSOFIA.person, "she asked"))
    approve(founded, waiting)

    with pytest.raises(rules.DossierGone):
        dossiers.read(founded, ZSOFIA.person)
    assert occurs(founded.db, kept.content) == set()
    assert is_in_no_table(founded.db, LONG)
    assert founded.keyring.find(ZSOFIA.person) is None
    folder = founded.keyring._folder
    assert not [file for file in folder.iterdir() if key in file.read_bytes()]
    assert look(founded, ZSOFIA) is not None
    about = [entry.event for entry in journal.about(founded.db, ZSOFIA.person)]
    assert DossierKept(1, dossier(LONG).commitment) in about
    assert about[-1] == DossierErased(f"she asked ({waiting.id})")
    assert occurs(founded.db, dossier(LONG).commitment.encode()) >= {"journal", "dossier"}
    # The others are as they were.
    assert dossiers.read(founded, ADA.person) == dossier("Ada")

    assert again(founded, elsewhere).rows["dossier"] == 3


def again(house: House, elsewhere: Connection) -> Replay:
    return replay(house, elsewhere, lambda _: None)


@pytest.mark.parametrize("how", ["declined", "expired"])
def test_whoever_is_not_enrolled_is_forgotten(founded: House, clock: Clock, how: str) -> None:
    waiting = propose(founded, ZSOFIA.enrolled(), of=ZSOFIA)
    kept = stored.find(founded.db, ZSOFIA.person)
    assert kept is not None
    assert kept.content is not None
    assert ZSOFIA.person in founded.keyring.subjects()

    if how == "declined":
        BELA.order(founded, Decline(waiting.id, "no"))
    else:
        clock.at += A_WEEK
        assert expire(founded) == 1

    assert look(founded, ZSOFIA) is None
    with pytest.raises(rules.DossierGone):
        dossiers.read(founded, ZSOFIA.person)
    assert occurs(founded.db, kept.content) == set()
    assert founded.keyring.subjects() == {ADA.person, BELA.person}


def test_a_proposal_whose_dossier_was_erased_meanwhile_still_expires(
    founded: House, clock: Clock
) -> None:
    waiting = propose(founded, ZSOFIA.enrolled(), of=ZSOFIA)
    other = propose(founded, GrantRole(BELA.person, "auditor"))
    agree(founded, EraseDossier(ZSOFIA.person, "she changed her mind"))
    clock.at += A_WEEK

    assert expire(founded) == 2

    assert {state(founded, one) for one in (waiting, other)} == {ProposalState.EXPIRED}


def test_a_proposal_whose_dossier_was_erased_meanwhile_can_be_declined(founded: House) -> None:
    waiting = propose(founded, ZSOFIA.enrolled(), of=ZSOFIA)
    agree(founded, EraseDossier(ZSOFIA.person, "she changed her mind"))
    BELA.order(founded, Decline(waiting.id, "she changed her mind"))
    assert state(founded, waiting) is ProposalState.DECLINED


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from tests.laws import TEXTS
from tests.stage import Clock
from tests.staging import new_house
from clearhouse.core.rulebook import parse
from clearhouse.operations import people
from clearhouse.store.connection import connect
from clearhouse.store.keyring import Keyring

url, folder, now, command, signature = sys.argv[1:]

def kill(ring, subject):
    os.kill(os.getpid(), signal.SIGKILL)

Keyring.erase = kill
with connect(url) as db:
    house = new_house(db, Clock(datetime.fromisoformat(now)), parse(TEXTS), Path(folder))
    people.submit(house, command, signature)
"""


def test_whoever_was_killed_before_the_key_was_erased_leaves_it_to_the_next(
    founded: House, db_url: str
) -> None:
    enrol(founded, ZSOFIA)
    waiting = propose(founded, EraseDossier(ZSOFIA.person, "she asked"))
    order = BELA.command(founded, Approve(waiting.id, waiting.command.digest))
    words = (db_url, str(founded.keyring._folder.parent), founded.now().isoformat())
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *words, order.encode(), BELA.sign(order)],
        cwd=Path(__file__).parents[2],
        check=False,
    )

    assert done.returncode == -signal.SIGKILL
    assert state(founded, waiting) is ProposalState.APPROVED
    assert founded.keyring.find(ZSOFIA.person) is not None
    with pytest.raises(rules.DossierGone):
        dossiers.read(founded, ZSOFIA.person)

    assert dossiers.erase_keys(founded) == 1

    assert founded.keyring.find(ZSOFIA.person) is None
    assert dossiers.erase_keys(founded) == 0
    assert founded.keyring.subjects() == {ADA.person, BELA.person}


def test_every_command_erases_the_keys_that_were_left(founded: House) -> None:
    enrol(founded, ZSOFIA)
    left = founded.keyring.find(ZSOFIA.person)
    assert left is not None
    agree(founded, EraseDossier(ZSOFIA.person, "she asked"))
    founded.keyring.make([ZSOFIA.person], lambda _: int.from_bytes(left, "big"))
    propose(founded, GrantRole(ADA.person, "auditor"))
    assert founded.keyring.find(ZSOFIA.person) is None


def kept(house: House, hand: Hand) -> stored.Kept:
    found = stored.find(house.db, hand.person)
    assert found is not None
    return found


def other_key(house: House, key: int) -> None:
    house.keyring.erase(ADA.person)
    house.keyring.make([ADA.person], lambda _: key)


def swap(house: House) -> None:
    """Ada gets Bela's content, and the key that opens it."""
    content, key = kept(house, BELA).content, house.keyring.find(BELA.person)
    assert content is not None
    assert key is not None
    stored.put(house.db, [(ADA.person, 1, content)])
    other_key(house, int.from_bytes(key, "big"))


ALTERED: dict[str, Callable[[House], object]] = {
    "a bit": lambda house: house.db.execute(
        "UPDATE sealed_dossier SET content = set_byte(content, 20, get_byte(content, 20) # 1)"
    ),
    "no bytes": lambda house: house.db.execute("UPDATE sealed_dossier SET content = ''"),
    "no content": lambda house: house.db.execute(
        "ALTER TABLE sealed_dossier DISABLE TRIGGER USER; DELETE FROM sealed_dossier"
    ),
    "commitment": lambda house: house.db.execute("UPDATE dossier SET commitment = repeat('0', 64)"),
    "edition": lambda house: house.db.execute("UPDATE dossier SET edition = 2"),
    "no key": lambda house: house.keyring.erase(ADA.person),
    "another key": lambda house: other_key(house, 1),
    "another's": swap,
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_a_dossier_that_was_altered_or_whose_key_is_lost_is_an_alarm(
    founded: House, change: Callable[[House], object]
) -> None:
    assert dossiers.read(founded, ADA.person) == dossier("Ada")
    change(founded)
    with pytest.raises(DossierAltered) as alarm:
        dossiers.read(founded, ADA.person)
    assert alarm.value.context == {"subject": ADA.person}


def test_a_dossier_erased_after_it_was_read_and_before_its_key_was_is_left_out(
    founded: House,
) -> None:
    enrol(founded, ZSOFIA)
    read = stored.find_many(founded.db, [ADA.person, ZSOFIA.person])
    agree(founded, EraseDossier(ZSOFIA.person, "she asked"))
    assert founded.keyring.find(ZSOFIA.person) is None

    assert dossiers.opened(founded, read) == {ADA.person: dossier("Ada")}


def test_another_edition_takes_the_place_of_the_one_before(founded: House) -> None:
    before = kept(founded, ADA)
    with founded.db.transaction():
        journal.lock(founded.db)
        dossiers.keep(founded, ADA.person, Dossier({"name": "Ada B."}, "0" * 64), founded.now())
    after = kept(founded, ADA)

    assert (before.edition, after.edition) == (1, 2)
    assert dossiers.read(founded, ADA.person).said == {"name": "Ada B."}
    assert before.content is not None
    assert occurs(founded.db, before.content) == set()
    stored.put(founded.db, [(ADA.person, 2, before.content)])
    with pytest.raises(DossierAltered):
        dossiers.read(founded, ADA.person)
