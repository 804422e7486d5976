"""The database's own last line: arrows of states, constraints on rows, tables that only grow."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import product
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    NotNullViolation,
    NumericValueOutOfRange,
    RestrictViolation,
    UniqueViolation,
)
from psycopg.sql import SQL, Identifier, Placeholder
from tests.conftest import new_database

from clearhouse.core import obligation, proposal, settlement
from clearhouse.core.canonical import canonical
from clearhouse.core.proposal import ProposalState
from clearhouse.core.registers import REGISTERS
from clearhouse.store.connection import connect

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TODAY = date(2026, 3, 2)
DEBTOR, CREDITOR = "HWUPKR0MPOU8FGXBT394", "506700GE1G29325QX363"
Row = dict[str, Any]

CYCLE: Row = {
    "id": "cyc_1",
    "settles_on": TODAY,
    "asset": "bip122:x/slip44:1",
    "state": "cleared",
    "depth_final": 6,
    "change_index": 0,
    "txid": None,
    "raw": None,
    "fee": None,
    "block": None,
    "height": None,
    "given_up": None,
}
SIGNED: Row = {"txid": "aa", "raw": b"\1", "fee": 300}
MINED: Row = {**SIGNED, "block": "bb", "height": 101}
GIVEN_UP: Row = {"given_up": "cmd_21"}
CYCLES: Mapping[str, Row] = {
    "cleared": CYCLE,
    "funded": CYCLE | {"state": "funded"},
    "signed": CYCLE | {"state": "signed", **SIGNED},
    "broadcast": CYCLE | {"state": "broadcast", **SIGNED},
    "confirmed": CYCLE | {"state": "confirmed", **MINED},
    "settled": CYCLE | {"state": "settled", **MINED},
    "withdrawn": CYCLE | {"state": "withdrawn", **MINED, **GIVEN_UP},
    "unwound": CYCLE | {"state": "unwound"},
}

OBLIGATION: Row = {
    "id": "obl_1",
    "debtor": DEBTOR,
    "creditor": CREDITOR,
    "reference": "INV-1",
    "asset": "USD",
    "units": 4_125_000,
    "traded_on": TODAY,
    "due_on": TODAY,
    "debtor_said_at": None,
    "creditor_said_at": NOW,
    "state": "proposed",
    "verdict": "clear",
    "cycle": None,
    "set_off": None,
    "remaining": None,
    "debtor_asked_back_at": None,
    "creditor_asked_back_at": None,
}
SAID: Row = {"debtor_said_at": NOW}
IN_CYCLE: Row = {**SAID, "cycle": "cyc_1", "set_off": 0, "remaining": 7}
ASKED: Row = {"debtor_asked_back_at": NOW, "creditor_asked_back_at": NOW}
OBLIGATIONS: Mapping[str, Row] = {
    "proposed": OBLIGATION,
    "affirmed": OBLIGATION | {"state": "affirmed", **SAID},
    "cleared": OBLIGATION | {"state": "cleared", **IN_CYCLE},
    "settled": OBLIGATION | {"state": "settled", **IN_CYCLE},
    "rescinded": OBLIGATION | {"state": "rescinded", **SAID, **ASKED},
}
ADDRESS: Row = {
    "script": b"\0\x14",
    "address": "bcrt1q1",
    "is_change": False,
    "position": 0,
    "participant": DEBTOR,
}
PAY_IN: Row = {
    "cycle": "cyc_1",
    "participant": DEBTOR,
    "units": 7,
    "script": b"\0\x14",
    "due_at": NOW,
    "final": False,
}
PAY_OUT: Row = {"cycle": "cyc_1", "participant": CREDITOR, "units": 7, "address": "bcrt1q2"}
RATE: Row = {
    "id": "rat_1",
    "base": "BTC",
    "quote": "USD",
    "numerator": 6_007_545,
    "denominator": 1,
    "as_of": NOW,
    "method": "vwm/1",
    "source": "0" * 64,
    "venues": ["a"],
}
INTAKE: Row = {
    "file": "0" * 64,
    "submitter": DEBTOR,
    "lines_done": 0,
    "bytes_done": 0,
    "finished": False,
}
DIGEST = "0" * 64  # of what a release pays out
PEOPLE = ("per_1", "per_2")
FOUNDERS = [{"person": id, "affiliation": "XA", "key": f"key of {id}"} for id in PEOPLE]
FOUNDING: Row = {
    "house": "hse_1",
    "founding": canonical({"founders": FOUNDERS}),
    "signatures": ["", ""],
}
ACTIVATION: Row = {"position": 1, "version": DIGEST, "active_from": NOW}
DEALING: Row = {
    "proposal": "cmd_11",
    "participant": DEBTOR,
    "list_name": "OFAC-SDN",
    "entity": "1",
    "authority": "Treasury",
    "document": DIGEST,
    "valid_from": TODAY,
    "valid_to": TODAY,
}
ACCEPTED: Row = {
    "proposal": "cmd_41",
    "list_name": "OFAC-SDN",
    "version": DIGEST,
    "before": "",
    "reason": "said in public",
}
EDITION: Row = {
    "position": 1,
    "recorded_at": NOW,
    "list_name": "OFAC-SDN",
    "version": DIGEST,
    "published_at": NOW,
    "before": "",
    "entries": 1_000,
    "wallets": 0,
    "added": 1_000,
    "changed": 0,
    "removed": 0,
    "code": "",
    "said": "",
    "proposal": None,
}
LISTED: Row = {
    "list_name": "OFAC-SDN",
    "version": DIGEST,
    "published_at": NOW,
    "entries": 1_000,
    "wallets": 0,
}
DOSSIER: Row = {"subject": "per_1", "edition": 1, "commitment": DIGEST}


def insert(db: Connection, table: str, row: Row) -> None:
    query = SQL("INSERT INTO {} ({}) VALUES ({})").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, row)),
        SQL(", ").join(map(Placeholder, row)),
    )
    with db.transaction():
        db.execute(query, row)


def change(db: Connection, table: str, row: Row) -> None:
    """Give the row of that id what `row` says, but for the terms that nobody may edit."""
    free = row.keys() - set(STAYING[table])
    fields = [SQL("{} = {}").format(Identifier(key), Placeholder(key)) for key in free]
    query = SQL("UPDATE {} SET {} WHERE id = {}").format(
        Identifier(table), SQL(", ").join(fields), Placeholder("id")
    )
    with db.transaction():
        db.execute(query, row)


def give(db: Connection, number: int, person: str, kind: str, **body: str) -> Row:
    """Enter a command of one of the two; answer its row."""
    content = canonical({"kind": kind, "body": body})
    row = {
        "id": f"cmd_{number}",
        "person": person,
        "key": f"key of {person}",
        "content": content,
        "digest": sha256(content.encode()).hexdigest(),
        "signature": "",
        "position": number,
    }
    insert(db, "command", row)
    return row


def propose(db: Connection, number: int, kind: str, **body: str) -> Row:
    """A proposal, which waits, and for which its approval is there."""
    maker, approver = PEOPLE
    made = give(db, number, maker, kind, **body)
    row = {"id": made["id"], "maker": maker, "digest": made["digest"], "expires_at": NOW}
    insert(db, "proposal", row)
    given = give(db, number + 1, approver, "Approve", proposal=made["id"], digest=made["digest"])
    of = {"proposal": made["id"], "maker": maker, "digest": made["digest"]}
    insert(db, "approval", of | {"command": given["id"], "approver": approver})
    return row


def release(db: Connection, number: int, cycle: str) -> None:
    """What lets a cycle be signed."""
    proposal = agree(db, number, "ReleaseCycle", cycle=cycle, digest=DIGEST)
    insert(db, "release", {"cycle": cycle, "digest": DIGEST, "proposal": proposal})


def give_up(db: Connection, cycle: str) -> None:
    """What lets a cycle's batch be given up, as `withdrawn` has it."""
    assert agree(db, 21, "GiveUpBatch", cycle=cycle, reason="") == GIVEN_UP["given_up"]


def agree(db: Connection, number: int, kind: str, **body: str) -> str:
    """A proposal that was approved; answers its id."""
    proposed = propose(db, number, kind, **body)
    change(db, "proposal", proposed | {"state": "approved"})
    return str(proposed["id"])


@pytest.fixture(scope="module")
def connection(admin_url: str, template: str) -> Iterator[Connection]:
    """One database for all these tests: none of them commits."""
    with new_database(admin_url, template) as (_, url), connect(url, "test") as db:
        yield db


@pytest.fixture
def db(connection: Connection) -> Iterator[Connection]:
    """A migrated database, as it was before."""
    with connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def peopled(db: Connection) -> Connection:
    """A database with two participants, and a cycle that two people released."""
    for id in (DEBTOR, CREDITOR):
        insert(db, "participant", {"id": id})
    insert(db, "cycle", CYCLE)
    insert(db, "founding", FOUNDING)
    for id in PEOPLE:
        insert(db, "person", {"id": id, "affiliation": "XA"})
        insert(db, "person_key", {"person": id, "key": f"key of {id}", "registered_at": 0})
        insert(db, "person_role", {"person": id, "role": "administrator", "granted_at": 0})
    insert(db, "dossier", DOSSIER)
    release(db, 1, "cyc_1")
    said = {name: str(value) for name, value in DEALING.items() if name != "proposal"}
    assert agree(db, 11, "GrantDealing", **said) == DEALING["proposal"]
    said = {name: str(value) for name, value in ACCEPTED.items() if name != "proposal"}
    assert agree(db, 41, "AcceptEdition", **said) == ACCEPTED["proposal"]
    return db


def refuses(
    error: type[psycopg.Error], match: str = "."
) -> AbstractContextManager[pytest.ExceptionInfo[psycopg.Error]]:
    return pytest.raises(error, match=match)


# States move along the arrows, and nowhere else.


MACHINES: Mapping[str, Mapping[Any, set[Any]]] = {
    "obligation": obligation.NEXT,
    "cycle": settlement.NEXT,
    "proposal": proposal.NEXT,
}


def test_the_arrows_of_the_database_are_those_of_the_core(db: Connection) -> None:
    rows = db.execute("SELECT machine, state_from, state_to FROM arrow").fetchall()

    drawn = [
        (name, str(one), str(other))
        for name, machine in MACHINES.items()
        for one, targets in machine.items()
        for other in targets
    ]
    assert sorted(rows) == sorted(drawn)


@pytest.mark.parametrize(
    ("table", "machine", "rows"),
    [
        ("obligation", obligation.NEXT, OBLIGATIONS),
        ("cycle", settlement.NEXT, CYCLES),
    ],
)
def test_a_row_moves_along_an_arrow_or_not_at_all(
    peopled: Connection, table: str, machine: Mapping[Any, set[Any]], rows: Mapping[str, Row]
) -> None:
    """Every pair of states; each row is as it must be in its state, so only the arrow decides."""
    assert list(rows) == [str(state) for state in machine]
    for one, other in product(machine, repeat=2):
        with peopled.transaction(force_rollback=True):
            # Another cycle is open in its own asset.
            own = {"id": "cyc_2", "asset": "bip122:y/slip44:1"} if table == "cycle" else {}
            if table == "cycle":
                give_up(peopled, "cyc_2")
                own |= given_up(one, other)
            insert(peopled, table, rows[one] | own)
            if table == "cycle":
                release(peopled, 3, "cyc_2")
            elif (one, other) == ("cleared", "affirmed"):
                change(peopled, "cycle", CYCLES["unwound"])
            with allowed(machine, one, other):
                change(peopled, table, rows[other] | own)


def given_up(one: object, other: object) -> Row:
    """What a row has from before it is withdrawn until after: it is given up, and has its batch."""
    if (str(one), str(other)) == ("withdrawn", "unwound"):
        return GIVEN_UP | MINED
    may_be = str(other) == "withdrawn" and str(one) not in {"cleared", "settled", "unwound"}
    return GIVEN_UP if may_be else {}


def allowed(
    machine: Mapping[Any, set[Any]], one: object, other: object
) -> AbstractContextManager[object]:
    if other in machine[one] or other is one:
        return nullcontext()
    return refuses(CheckViolation, f"cannot go from {one} to {other}")


def test_a_proposal_moves_along_an_arrow_or_not_at_all(peopled: Connection) -> None:
    """It begins by waiting, so each state is come to from there; its approval is there always."""
    for one, other in product(ProposalState, repeat=2):
        with peopled.transaction(force_rollback=True):
            row = propose(peopled, 3, "ReleaseCycle", cycle="cyc_1", digest=DIGEST)
            change(peopled, "proposal", row | {"state": one})
            with allowed(proposal.NEXT, one, other):
                change(peopled, "proposal", row | {"state": other})


def test_one_bad_move_takes_the_whole_batch_back(peopled: Connection) -> None:
    insert(peopled, "obligation", OBLIGATIONS["affirmed"])
    insert(peopled, "obligation", OBLIGATIONS["settled"] | {"id": "obl_2"})
    with refuses(CheckViolation), peopled.transaction():
        peopled.execute(
            "UPDATE obligation SET state = 'cleared', cycle = 'cyc_1', set_off = 0, remaining = 0"
        )
    states = peopled.execute("SELECT state FROM obligation ORDER BY id").fetchall()
    assert states == [("affirmed",), ("settled",)]


# Rows that cannot be.


@pytest.mark.parametrize("state", OBLIGATIONS)
def test_an_obligation_can_be_in_each_state(peopled: Connection, state: str) -> None:
    insert(peopled, "obligation", OBLIGATIONS[state])


@pytest.mark.parametrize(
    ("state", "wrong"),
    [
        ("proposed", {"debtor_said_at": NOW}),  # both have said it: it binds
        ("proposed", {"creditor_said_at": None}),  # nobody has
        ("affirmed", {"debtor_said_at": None}),
        ("affirmed", {"creditor_said_at": None}),
        ("cleared", {"creditor_said_at": None}),
        ("settled", {"debtor_said_at": None}),
        ("proposed", {"units": 0}),
        ("proposed", {"units": -1}),
        ("proposed", {"creditor": DEBTOR}),
        ("proposed", {"due_on": date(2026, 3, 1)}),
        ("proposed", {"state": "disputed"}),
        ("proposed", {"state": ""}),
        ("proposed", {"state": "PROPOSED"}),
        ("proposed", {"verdict": "waived"}),
        ("proposed", {"cycle": "cyc_1", "set_off": 0, "remaining": 1}),
        ("affirmed", {"cycle": "cyc_1", "set_off": 0, "remaining": 1}),
        ("affirmed", {"set_off": 1}),
        ("affirmed", {"remaining": 1}),
        ("cleared", {"cycle": None, "set_off": None, "remaining": None}),
        ("cleared", {"cycle": None}),
        ("cleared", {"set_off": None}),
        ("cleared", {"remaining": None}),
        ("cleared", {"set_off": -1}),
        ("cleared", {"remaining": -1}),
        ("settled", {"cycle": None, "set_off": None, "remaining": None}),
        ("proposed", {"creditor_asked_back_at": NOW}),  # all who have said it: it is rescinded
        ("proposed", {"debtor_asked_back_at": NOW}),  # who has not said it
        ("affirmed", ASKED),
        ("cleared", ASKED),
        ("settled", ASKED),
        ("rescinded", {"debtor_asked_back_at": None}),  # it binds still
        ("rescinded", {"creditor_asked_back_at": None}),
        ("rescinded", {"debtor_said_at": None}),
        ("rescinded", {"cycle": "cyc_1", "set_off": 0, "remaining": 1}),
    ],
)
def test_an_obligation_that_cannot_be_is_refused(
    peopled: Connection, state: str, wrong: Row
) -> None:
    with refuses(CheckViolation):
        insert(peopled, "obligation", {**OBLIGATIONS[state], **wrong})


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"debtor": "7LTWFZYICNSX8D621K86"}, ForeignKeyViolation),
        ({"creditor": "7LTWFZYICNSX8D621K86"}, ForeignKeyViolation),
        ({"units": None}, NotNullViolation),
        ({"units": 10**78}, NumericValueOutOfRange),
        ({"verdict": None}, NotNullViolation),
        ({"state": None}, NotNullViolation),
    ],
)
def test_an_obligation_between_nobody_or_of_nothing_is_refused(
    peopled: Connection, wrong: Row, error: type[psycopg.Error]
) -> None:
    with refuses(error):
        insert(peopled, "obligation", {**OBLIGATION, **wrong})


def test_an_obligation_of_a_cycle_that_is_not_there_is_refused(peopled: Connection) -> None:
    with refuses(ForeignKeyViolation):
        insert(peopled, "obligation", OBLIGATIONS["cleared"] | {"cycle": "cyc_2"})


def test_an_obligation_stands_once(peopled: Connection) -> None:
    insert(peopled, "obligation", OBLIGATION)
    with refuses(UniqueViolation):
        insert(peopled, "obligation", OBLIGATION)


@pytest.mark.parametrize("state", CYCLES)
def test_a_cycle_can_be_in_each_state(peopled: Connection, state: str) -> None:
    give_up(peopled, "cyc_2")
    insert(peopled, "cycle", CYCLES[state] | {"id": "cyc_2"})


@pytest.mark.parametrize(
    ("state", "wrong"),
    [
        ("cleared", SIGNED),  # signed before it is funded
        ("funded", SIGNED),
        ("unwound", SIGNED),  # nothing was given up
        ("unwound", GIVEN_UP),  # and so it had no batch
        ("cleared", GIVEN_UP),
        ("settled", GIVEN_UP),
        ("withdrawn", {"given_up": None}),
        ("withdrawn", {"txid": None, "raw": None, "fee": None, "block": None}),
        ("unwound", {"block": "bb"}),
        ("signed", {"txid": None, "raw": None, "fee": None}),
        ("signed", {"txid": None}),
        ("signed", {"raw": None}),
        ("signed", {"fee": None}),
        ("settled", {"txid": None, "raw": None, "fee": None}),
        ("cleared", {"block": "bb"}),  # a block without a batch
        ("funded", {"block": "bb"}),
        ("cleared", {"fee": 1}),
        ("cleared", {"raw": b"\1"}),
        ("confirmed", {"block": None}),
        ("settled", {"block": None}),
        ("cleared", {"state": "waived"}),
        ("cleared", {"depth_final": 0}),
        ("cleared", {"depth_final": -1}),
        ("cleared", {"change_index": -1}),
    ],
)
def test_a_cycle_that_cannot_be_is_refused(db: Connection, state: str, wrong: Row) -> None:
    with refuses(CheckViolation):
        insert(db, "cycle", {**CYCLES[state], **wrong})


def test_a_cycle_in_which_everything_cancels_settles_without_a_batch(db: Connection) -> None:
    insert(db, "cycle", CYCLE | {"state": "settled"})


@pytest.mark.parametrize("state", ["signed", "broadcast", "confirmed"])
def test_a_second_batch_of_an_asset_on_its_way_is_refused(db: Connection, state: str) -> None:
    insert(db, "cycle", CYCLES[state])
    insert(db, "cycle", CYCLES["funded"] | {"id": "cyc_2"})
    other = CYCLES["signed"] | {"txid": "ef" * 32}
    with refuses(UniqueViolation, "cycle_on_its_way"):
        insert(db, "cycle", other | {"id": "cyc_3"})
    insert(db, "cycle", other | {"id": "cyc_3", "asset": "another"})


@pytest.mark.parametrize("state", ["settled", "unwound"])
def test_a_cycle_follows_one_that_has_ended(db: Connection, state: str) -> None:
    for number in range(3):
        insert(db, "cycle", CYCLES[state] | {"id": f"cyc_0{number}"})
    insert(db, "cycle", CYCLE)


def test_once_signatures_were_asked_for_a_cycle_is_not_unwound(peopled: Connection) -> None:
    change(peopled, "cycle", CYCLES["funded"])
    with peopled.transaction(force_rollback=True):
        insert(peopled, "journal", ENTRY | {"kind": "HeadAnchored", "subject": "cyc_1"})
        change(peopled, "cycle", CYCLES["unwound"])
    insert(peopled, "journal", ENTRY | {"kind": "SignatureAsked", "subject": "cyc_1"})
    with refuses(CheckViolation, "signatures were asked for"):
        change(peopled, "cycle", CYCLES["unwound"])


def test_a_batch_is_given_up_by_two_people_before_it_is_signed(peopled: Connection) -> None:
    change(peopled, "cycle", CYCLES["funded"])
    agree(peopled, 23, "GiveUpBatch", cycle="cyc_2", reason="")
    with refuses(CheckViolation, "two people have not agreed"), peopled.transaction():
        change(peopled, "cycle", CYCLES["funded"] | {"given_up": "cmd_23"})
    propose(peopled, 25, "GiveUpBatch", cycle="cyc_1", reason="")
    with refuses(CheckViolation, "two people have not agreed"), peopled.transaction():
        change(peopled, "cycle", CYCLES["funded"] | {"given_up": "cmd_25"})
    with refuses(CheckViolation, "two people have not agreed"), peopled.transaction():
        change(peopled, "cycle", CYCLES["funded"] | {"given_up": "cmd_1"})
    give_up(peopled, "cyc_1")
    with peopled.transaction(force_rollback=True):
        change(peopled, "cycle", CYCLES["signed"])
        with refuses(CheckViolation, "two people have not agreed"):
            change(peopled, "cycle", CYCLES["signed"] | GIVEN_UP)
    change(peopled, "cycle", CYCLES["funded"] | GIVEN_UP)
    agree(peopled, 27, "GiveUpBatch", cycle="cyc_1", reason="")
    for other in ("cmd_27", None):
        with refuses(CheckViolation, "two people have not agreed"), peopled.transaction():
            change(peopled, "cycle", CYCLES["funded"] | {"given_up": other})


def test_what_was_withdrawn_is_unwound_though_signatures_were_asked_for(
    peopled: Connection,
) -> None:
    give_up(peopled, "cyc_1")
    change(peopled, "cycle", CYCLES["funded"] | GIVEN_UP)
    insert(peopled, "journal", ENTRY | {"kind": "SignatureAsked", "subject": "cyc_1"})
    for state, more in (("signed", SIGNED), ("broadcast", SIGNED), ("withdrawn", MINED)):
        with refuses(CheckViolation), peopled.transaction():
            change(peopled, "cycle", CYCLES["unwound"])
        change(peopled, "cycle", CYCLE | {"state": state} | GIVEN_UP | more)
    change(peopled, "cycle", CYCLES["withdrawn"] | {"state": "unwound"})


def test_an_obligation_comes_back_from_what_is_unwound_alone(peopled: Connection) -> None:
    insert(peopled, "obligation", OBLIGATIONS["cleared"])
    with refuses(CheckViolation, "cyc_1 is not unwound"):
        change(peopled, "obligation", OBLIGATIONS["affirmed"])
    change(peopled, "cycle", CYCLES["unwound"])
    with refuses(CheckViolation):
        change(peopled, "obligation", OBLIGATIONS["affirmed"] | {"cycle": "cyc_1"})
    change(peopled, "obligation", OBLIGATIONS["affirmed"])


def test_an_address_is_called_again_for_the_same_when_all_before_are_unwound(
    peopled: Connection,
) -> None:
    insert(peopled, "vault_address", ADDRESS)
    insert(peopled, "pay_in", PAY_IN)
    for id, state in (("cyc_2", "unwound"), ("cyc_3", "settled")):
        insert(peopled, "cycle", CYCLES[state] | {"id": id})
    again, third = PAY_IN | {"cycle": "cyc_2"}, PAY_IN | {"cycle": "cyc_3"}
    with refuses(UniqueViolation, "called for another"):
        insert(peopled, "pay_in", again)
    change(peopled, "cycle", CYCLES["unwound"])
    with refuses(UniqueViolation, "called for another"):
        insert(peopled, "pay_in", again | {"participant": CREDITOR})
    insert(peopled, "pay_in", again)
    insert(peopled, "pay_in", third)
    insert(peopled, "cycle", CYCLES["settled"] | {"id": "cyc_4"})
    with refuses(UniqueViolation, "called for another"):
        insert(peopled, "pay_in", PAY_IN | {"cycle": "cyc_4"})


@pytest.mark.parametrize(
    ("table", "row", "wrong", "error"),
    [
        ("vault_address", ADDRESS, {"position": -1}, CheckViolation),
        ("vault_address", ADDRESS, {"is_change": True}, CheckViolation),  # change is nobody's
        ("vault_address", ADDRESS, {"participant": "x"}, ForeignKeyViolation),
        ("pay_in", PAY_IN, {"units": 0}, CheckViolation),
        ("pay_in", PAY_IN, {"units": -1}, CheckViolation),
        ("pay_in", PAY_IN, {"script": b"\1"}, ForeignKeyViolation),
        ("pay_in", PAY_IN, {"cycle": "cyc_2"}, ForeignKeyViolation),
        ("pay_in", PAY_IN, {"participant": "x"}, ForeignKeyViolation),
        ("pay_out", PAY_OUT, {"units": 0}, CheckViolation),
        ("pay_out", PAY_OUT, {"units": -7}, CheckViolation),
        ("pay_out", PAY_OUT, {"cycle": "cyc_2"}, ForeignKeyViolation),
        ("pay_out", PAY_OUT, {"participant": "x"}, ForeignKeyViolation),
        ("rate", RATE, {"numerator": 0}, CheckViolation),
        ("rate", RATE, {"numerator": -1}, CheckViolation),
        ("rate", RATE, {"denominator": 0}, CheckViolation),
        ("rate", RATE, {"source": None}, NotNullViolation),
        ("intake", INTAKE, {"lines_done": -1}, CheckViolation),
        ("intake", INTAKE, {"bytes_done": -1}, CheckViolation),
        ("intake", INTAKE, {"submitter": "x"}, ForeignKeyViolation),
        ("activation", ACTIVATION, {"version": "1"}, CheckViolation),
        ("activation", ACTIVATION, {"active_from": None}, NotNullViolation),
        ("activation", ACTIVATION, {"proposal": "cmd_11"}, CheckViolation),  # agreed on otherwise
        ("dealing", DEALING, {"proposal": "cmd_1"}, CheckViolation),
        ("dealing", DEALING, {"valid_to": None}, CheckViolation),  # it always ends
        ("accepted_edition", ACCEPTED, {"version": "7" * 64}, CheckViolation),
        ("accepted_edition", ACCEPTED, {"before": "7" * 64}, CheckViolation),
        ("accepted_edition", ACCEPTED, {"list_name": "OTHER"}, CheckViolation),
        ("accepted_edition", ACCEPTED, {"proposal": "cmd_1"}, CheckViolation),
        ("list_edition", EDITION, {"removed": -1}, CheckViolation),
        ("list_edition", EDITION, {"proposal": "cmd_1"}, ForeignKeyViolation),
    ],
)
def test_other_rows_that_cannot_be_are_refused(
    peopled: Connection, table: str, row: Row, wrong: Row, error: type[psycopg.Error]
) -> None:
    if table == "pay_in":
        insert(peopled, "vault_address", ADDRESS)
    with refuses(error):
        insert(peopled, table, {**row, **wrong})
    insert(peopled, table, row)


@pytest.mark.parametrize(
    ("table", "row", "again"),
    [
        ("vault_address", ADDRESS, {"script": b"\2", "address": "bcrt1q9"}),  # an index again
        ("vault_address", ADDRESS, {"script": b"\2", "position": 1}),  # an address again
        ("pay_in", PAY_IN, {"participant": CREDITOR}),  # two that pay in at one address
        ("pay_in", PAY_IN, {"script": b"\3"}),  # one that is called twice
        ("pay_out", PAY_OUT, {"address": "elsewhere"}),
        ("intake", INTAKE, {"lines_done": 7}),
        ("dealing", DEALING, {}),  # two by one agreement
    ],
)
def test_what_stands_once_stands_once(
    peopled: Connection, table: str, row: Row, again: Row
) -> None:
    if table == "pay_in":
        insert(peopled, "vault_address", ADDRESS)
        other = {"script": b"\3", "address": "bcrt1q3", "position": 1}
        insert(peopled, "vault_address", {**ADDRESS, **other})
    insert(peopled, table, row)
    with refuses(UniqueViolation):
        insert(peopled, table, {**row, **again})


# Tables that only grow.

ENTRY: Row = {
    "position": 1,
    "kind": "K",
    "subject": "s",
    "body": "{}",
    "occurred_at": NOW,
    "recorded_at": NOW,
}
FINDING: Row = {"digest": "0" * 64, "subject": "XA>XB", "body": "{}"}
SCHEDULE: Row = {
    "cycle": "cyc_1",
    "cycle_kind": "daily",
    "value_date": TODAY,
    "cut_off": NOW,
    "settlement": NOW,
}
GROWING: Mapping[str, tuple[str, Row]] = {
    "cycle_schedule": ("cut_off", SCHEDULE),
    "journal": ("body", ENTRY),
    "finding": ("body", FINDING),
    "rate": ("numerator", RATE),
    "vault_address": ("participant", ADDRESS),
    "activation": ("version", ACTIVATION),
    "dealing": ("authority", DEALING),
    "accepted_edition": ("version", ACCEPTED),
    "list_edition": ("version", EDITION),
    "arrow": ("state_to", {}),
    "account_kind": ("overdraft", {}),
    # These are there already.
    "founding": ("house", {}),
    "person": ("affiliation", {}),
    "command": ("content", {}),
    "approval": ("approver", {}),
    "release": ("digest", {}),
}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {field} = {field}",
        "UPDATE {table} SET {field} = NULL",
        "DELETE FROM {table}",
        "DELETE FROM {table} WHERE false",
        "TRUNCATE {table} CASCADE",
    ],
)
@pytest.mark.parametrize("table", GROWING)
def test_what_is_recorded_is_never_edited(
    peopled: Connection, table: str, statement: LiteralString
) -> None:
    field, row = GROWING[table]
    if row:
        insert(peopled, table, row)
    query = SQL(statement).format(table=Identifier(table), field=Identifier(field))
    read = SQL("SELECT * FROM {}").format(Identifier(table))
    before = peopled.execute(read).fetchall()

    with refuses(RestrictViolation, f"{table}: .* is refused"), peopled.transaction():
        peopled.execute(query)

    assert before
    assert peopled.execute(read).fetchall() == before


@pytest.mark.parametrize(
    ("later", "is_refused"),
    [((1, 1), False), ((0, 1), True), ((1, 0), True), ((-1, 1), True), (None, True)],
    ids=["later", "same-cut-off", "same-day", "cut-off-before", "none"],
)
def test_a_value_date_is_only_moved_to_a_later_one(
    peopled: Connection, later: tuple[int, int] | None, is_refused: bool
) -> None:
    insert(peopled, "obligation", OBLIGATIONS["affirmed"] | {"cut_off": NOW, "value_date": TODAY})
    hours, days = later or (None, None)
    query = (
        "UPDATE obligation SET cut_off = cut_off + %s * interval '1 hour',"
        " value_date = value_date + %s::integer"
    )
    if not is_refused:
        peopled.execute(query, [hours, days])
        return
    with refuses(RestrictViolation, "obligation: UPDATE is refused"), peopled.transaction():
        peopled.execute(query, [hours, days])


@pytest.mark.parametrize(
    ("state", "changed"),
    [
        ("proposed", {"cut_off": NOW, "value_date": TODAY}),
        ("affirmed", {"cut_off": NOW, "value_date": None}),
        ("affirmed", {"cut_off": None, "value_date": TODAY}),
    ],
    ids=["not-binding", "without-a-day", "without-a-cut-off"],
)
def test_only_what_binds_has_a_value_date(peopled: Connection, state: str, changed: Row) -> None:
    with refuses(CheckViolation):
        insert(peopled, "obligation", OBLIGATIONS[state] | changed)


@pytest.mark.parametrize(
    "row",
    [
        OBLIGATIONS["affirmed"] | {"debtor_asked_back_at": NOW},
        OBLIGATIONS["cleared"] | {"creditor_asked_back_at": NOW},
        OBLIGATIONS["settled"] | {"creditor_asked_back_at": NOW},
        OBLIGATION | {"state": "rescinded", "creditor_asked_back_at": NOW},
    ],
    ids=["one-asked", "cleared-all-the-same", "settled-all-the-same", "by-the-one-who-said-it"],
)
def test_one_side_can_have_asked_an_obligation_back(peopled: Connection, row: Row) -> None:
    insert(peopled, "obligation", row)


@pytest.mark.parametrize("value", [None, NOW + timedelta(hours=1)], ids=["never", "later"])
@pytest.mark.parametrize("field", ASKED)
def test_who_has_asked_an_obligation_back_has_asked(
    peopled: Connection, field: str, value: datetime | None
) -> None:
    insert(peopled, "obligation", OBLIGATIONS["affirmed"] | {field: NOW})
    with refuses(RestrictViolation, "obligation: UPDATE is refused"):
        change(peopled, "obligation", OBLIGATIONS["affirmed"] | {field: value})
    (other,) = ASKED.keys() - {field}
    both = {field: NOW, other: NOW, "state": "rescinded"}
    change(peopled, "obligation", OBLIGATIONS["affirmed"] | both)


def test_a_cycle_of_a_kind_and_day_is_held_once_and_settles_after_its_cut_off(
    peopled: Connection,
) -> None:
    other = {"cycle": "cyc_2"}
    insert(peopled, "cycle", CYCLES["settled"] | {"id": "cyc_2"})
    with refuses(CheckViolation):
        insert(peopled, "cycle_schedule", SCHEDULE | {"settlement": NOW - timedelta(seconds=1)})
    with refuses(ForeignKeyViolation):
        insert(peopled, "cycle_schedule", SCHEDULE | {"cycle": "cyc_3"})
    insert(peopled, "cycle_schedule", SCHEDULE)
    with refuses(UniqueViolation, "held already"):
        insert(peopled, "cycle_schedule", SCHEDULE | other)
    with peopled.transaction(force_rollback=True):
        change(peopled, "cycle", CYCLES["unwound"])
        insert(peopled, "cycle_schedule", SCHEDULE | other)
    insert(peopled, "cycle_schedule", SCHEDULE | other | {"cycle_kind": "noon"})


def test_what_is_screened_by_was_adopted(peopled: Connection) -> None:
    with refuses(CheckViolation, "was not adopted"):
        insert(peopled, "sanctions_list", LISTED)
    insert(peopled, "list_edition", EDITION | {"code": "list.shrunken"})
    with refuses(CheckViolation, "was not adopted"):
        insert(peopled, "sanctions_list", LISTED)
    insert(peopled, "list_edition", EDITION | {"position": 2})
    insert(peopled, "sanctions_list", LISTED)
    for changed in (
        "UPDATE sanctions_list SET version = 'x'",
        "UPDATE sanctions_list SET published_at = now()",
    ):
        with refuses(CheckViolation, "was not adopted"), peopled.transaction():
            peopled.execute(changed)
    with refuses(CheckViolation, "have not agreed to let it go"), peopled.transaction():
        peopled.execute("DELETE FROM sanctions_list")
    with refuses(RestrictViolation), peopled.transaction():
        peopled.execute("TRUNCATE sanctions_list")


STAYING: Mapping[str, tuple[str, ...]] = {  # rows that change, but for these fields, and stay
    "obligation": (
        "id",
        "debtor",
        "creditor",
        "reference",
        "asset",
        "units",
        "traded_on",
        "due_on",
    ),
    "pay_in": ("cycle", "participant", "units", "script", "due_at"),
    "pay_out": ("cycle", "participant", "units", "address"),
    "cycle": (),
    "participant": (),
    "dossier": ("subject",),
    "person_key": ("key", "person", "proposal", "registered_at"),
    "person_role": ("person", "role", "proposal", "granted_at"),
    "proposal": ("id", "maker", "digest", "expires_at"),
    "difference": ("id", "cause", "about", "units", "detail", "actor", "found_at"),
}


@pytest.mark.parametrize("table", STAYING)
def test_what_was_recorded_is_never_removed(peopled: Connection, table: str) -> None:
    for statement in ("DELETE FROM {}", "TRUNCATE {} CASCADE"):
        query = SQL(statement).format(Identifier(table))
        with refuses(RestrictViolation, f"{table}: .* is refused"), peopled.transaction():
            peopled.execute(query)


@pytest.mark.parametrize(
    ("table", "field"), [(table, field) for table, fields in STAYING.items() for field in fields]
)
def test_terms_that_were_stated_are_never_edited(
    peopled: Connection, table: str, field: str
) -> None:
    query = SQL("UPDATE {table} SET {field} = {field}").format(
        table=Identifier(table), field=Identifier(field)
    )
    with refuses(RestrictViolation, f"{table}: UPDATE is refused"), peopled.transaction():
        peopled.execute(query)


def test_every_table_is_known_to_these_tests(db: Connection) -> None:
    """A table that is added here must be told whether it may be edited."""
    rows = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    guarded = db.execute(
        "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
        " WHERE tgfoid = 'refuse_edit'::regproc"
    ).fetchall()

    assert {name for (name,) in guarded} == {
        *GROWING,
        *STAYING,
        *("transfer", "account", "standing", "asset"),
        "sanctions_list",  # which follows what is adopted, and may be let go
        "sealed_dossier",  # which may be forgotten, one by one
        *REGISTERS,  # in which a record is replaced once: `test_records`
    }
    unguarded = {name for (name,) in rows} - {name for (name,) in guarded}
    assert unguarded == {
        *("intake", "journal_head", "migration", "reservation"),
        *("job", "consumer"),  # where work stands
        "travel_request",  # answers that are given again, and forgotten
    }
