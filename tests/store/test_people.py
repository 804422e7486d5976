"""What the database itself refuses about people, whoever asks it: nothing stands without two."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    NotNullViolation,
    RestrictViolation,
    UniqueViolation,
)
from tests.conftest import new_database
from tests.hands import ADA, BELA, CORA, HOUSE, Hand, found
from tests.stage import Clock
from tests.staging import new_house
from tests.store.test_arrows import CYCLE, SIGNED, Row, insert

from clearhouse.core import ids
from clearhouse.core.canonical import instant
from clearhouse.core.command import (
    Action,
    ActivateRulebook,
    Approve,
    Command,
    Decline,
    EraseDossier,
    GrantDealing,
    GrantRole,
    RegisterKey,
    ReleaseCycle,
    WithdrawRole,
)
from clearhouse.core.ids import CommandId, CycleId
from clearhouse.core.person import Role
from clearhouse.core.rulebook import Rulebook
from clearhouse.operations.house import House
from clearhouse.store.connection import connect

DAN = Hand.of("Dan")
CYC = CycleId("cyc_1")
DIGEST, OTHER_DIGEST = "a" * 64, "b" * 64
FIRM = "HWUPKR0MPOU8FGXBT394"
TOMORROW = datetime(2026, 3, 3, tzinfo=UTC)
FAR = 1_000_000  # a place in the journal behind all others


@pytest.fixture(scope="module")
def started(
    admin_url: str, template: str, rulebook: Rulebook, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house with its two founders and nobody else; no test commits."""
    with new_database(admin_url, template) as (_, url), connect(url, "test") as db:
        house = new_house(db, Clock(), rulebook, tmp_path_factory.mktemp("people"))
        found(house)
        yield house


@pytest.fixture
def house(started: House) -> Iterator[House]:
    """The house as it was before."""
    with started.db.transaction(force_rollback=True):
        insert(started.db, "cycle", CYCLE)
        firm = {"id": FIRM}
        insert(started.db, "participant", firm)
        yield started


@pytest.fixture
def db(house: House) -> Connection:
    return house.db


def refuses(
    error: type[psycopg.Error], match: str = "."
) -> AbstractContextManager[pytest.ExceptionInfo[psycopg.Error]]:
    return pytest.raises(error, match=match)


def agreement() -> AbstractContextManager[pytest.ExceptionInfo[psycopg.Error]]:
    return refuses(CheckViolation, "two people have not agreed on it")


def row_of(command: Command, place: int) -> Row:
    return {
        "id": command.id,
        "person": command.person,
        "key": command.key,
        "content": command.encode(),
        "digest": command.digest,
        "signature": "00",
        "position": place,
    }


def give(house: House, hand: Hand, action: Action) -> Command:
    """Enter a command; the database does not verify signatures."""
    command = hand.command(house, action)
    row = house.db.execute("SELECT coalesce(max(position), 1000) FROM command").fetchone()
    assert row is not None
    insert(house.db, "command", row_of(command, row[0] + 1))
    return command


def proposal_of(command: Command, **other: Any) -> Row:
    return {
        "id": command.id,
        "maker": command.person,
        "digest": command.digest,
        "expires_at": command.made_at + timedelta(days=7),
        **other,
    }


def propose(house: House, action: Action, maker: Hand = ADA) -> Command:
    command = give(house, maker, action)
    insert(house.db, "proposal", proposal_of(command))
    return command


def approval(house: House, proposed: Command, by: Hand = BELA, **other: Any) -> Row:
    """The row of an approval by a command that is given now."""
    approving = give(house, by, Approve(proposed.id, proposed.digest))
    return {
        "proposal": proposed.id,
        "maker": proposed.person,
        "digest": proposed.digest,
        "command": approving.id,
        "approver": by.person,
        **other,
    }


def move(db: Connection, command: Command, state: str) -> None:
    with db.transaction():
        db.execute("UPDATE proposal SET state = %s WHERE id = %s", (state, command.id))


def agreed(house: House, action: Action) -> Command:
    """A proposal of Ada's that Bela approved; what it is about is not done."""
    proposed = propose(house, action)
    insert(house.db, "approval", approval(house, proposed))
    move(house.db, proposed, "approved")
    return proposed


# Commands.


def test_a_command_with_a_key_that_was_revoked_is_refused(house: House) -> None:
    give(house, BELA, Approve(CommandId("cmd_1"), ""))
    house.db.execute("UPDATE person_key SET revoked_at = %s WHERE key = %s", (FAR, BELA.public))
    with refuses(CheckViolation, f"key {BELA.public} was revoked"):
        give(house, BELA, Approve(CommandId("cmd_1"), ""))
    give(house, ADA, Approve(CommandId("cmd_1"), ""))


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"person": BELA.person}, ForeignKeyViolation),  # another person's key
        ({"key": BELA.public}, ForeignKeyViolation),
        ({"key": CORA.public}, ForeignKeyViolation),  # nobody's
        ({"person": CORA.person, "key": CORA.public}, ForeignKeyViolation),
        ({"digest": DIGEST}, CheckViolation),
        ({"content": "{}"}, CheckViolation),  # what is kept is what was signed
        ({"signature": None}, NotNullViolation),
        ({"position": 1000}, UniqueViolation),
    ],
)
def test_a_command_that_cannot_be_is_refused(
    house: House, other: Row, error: type[psycopg.Error]
) -> None:
    command = ADA.command(house, GrantRole(ADA.person, "auditor"))
    insert(house.db, "command", row_of(BELA.command(house, command.action), 1000))
    with refuses(error):
        insert(house.db, "command", row_of(command, 1001) | other)
    insert(house.db, "command", row_of(command, 1001))
    with refuses(UniqueViolation):
        insert(house.db, "command", row_of(command, 1002))


# Proposals and approvals.

GRANT = GrantRole(ADA.person, "auditor")


@pytest.mark.parametrize("state", ["approved", "declined", "expired"])
def test_a_proposal_begins_by_waiting(house: House, state: str) -> None:
    command = give(house, ADA, GRANT)
    with refuses(CheckViolation):
        insert(house.db, "proposal", proposal_of(command, state=state))
    insert(house.db, "proposal", proposal_of(command))


@pytest.mark.parametrize("other", [{"maker": BELA.person}, {"digest": DIGEST}, {"id": "cmd_1"}])
def test_a_proposal_is_what_its_maker_signed(house: House, other: Row) -> None:
    command = give(house, ADA, GRANT)
    with refuses(ForeignKeyViolation):
        insert(house.db, "proposal", proposal_of(command, **other))
    insert(house.db, "proposal", proposal_of(command))


def test_a_proposal_is_approved_by_an_approval(house: House) -> None:
    proposed = propose(house, GRANT)
    other = propose(house, GRANT)
    insert(house.db, "approval", approval(house, other))
    with refuses(CheckViolation, "has no approval"):
        move(house.db, proposed, "approved")
    insert(house.db, "approval", approval(house, proposed))
    move(house.db, proposed, "approved")


@pytest.mark.parametrize("state", ["approved", "declined", "expired"])
def test_what_has_ended_stays_as_it_is(house: House, state: str) -> None:
    proposed = propose(house, GRANT)
    insert(house.db, "approval", approval(house, proposed))
    move(house.db, proposed, state)
    for other in {"waiting", "approved", "declined", "expired"} - {state}:
        with refuses(CheckViolation, f"cannot go from {state} to {other}"):
            move(house.db, proposed, other)


def test_nobody_approves_their_own_proposal(house: House) -> None:
    """Nor in another's name, nor as if it were another's."""
    proposed = propose(house, GRANT)
    own, others = approval(house, proposed, ADA), approval(house, proposed)
    with refuses(CheckViolation, "approval_by_another_person"):
        insert(house.db, "approval", own)
    with refuses(CheckViolation, "approval_by_another_person"):
        insert(house.db, "approval", others | {"approver": ADA.person})
    with refuses(ForeignKeyViolation):
        insert(house.db, "approval", own | {"approver": BELA.person})
    with refuses(ForeignKeyViolation):
        insert(house.db, "approval", own | {"maker": BELA.person})
    insert(house.db, "approval", others)


@pytest.mark.parametrize(
    "other",
    [
        {"digest": DIGEST},
        {"command": "cmd_1"},
        {"proposal": "cmd_1"},
        {"approver": CORA.person},
    ],
)
def test_an_approval_of_something_else_or_by_nobody_is_refused(house: House, other: Row) -> None:
    proposed = propose(house, GRANT)
    row = approval(house, proposed)
    with refuses(ForeignKeyViolation):
        insert(house.db, "approval", row | other)
    insert(house.db, "approval", row)


def test_an_approval_has_its_own_proposals_digest(house: House) -> None:
    one, other = propose(house, GRANT), propose(house, GrantRole(BELA.person, "auditor"))
    row = approval(house, one)
    with refuses(ForeignKeyViolation):
        insert(house.db, "approval", row | {"digest": other.digest})


def test_one_command_approves_one_proposal(house: House) -> None:
    one, other = propose(house, GRANT), propose(house, GRANT)
    row = approval(house, one)
    insert(house.db, "approval", row)
    with refuses(UniqueViolation, "approval_command"):
        insert(house.db, "approval", row | {"proposal": other.id, "digest": other.digest})


def test_another_command_of_the_approvers_is_no_approval(house: House) -> None:
    """A person who declines, or orders anything else, has approved nothing."""
    proposed = propose(house, GRANT)
    row = approval(house, proposed)
    other = give(house, BELA, Decline(proposed.id, "no"))
    with refuses(CheckViolation, "does not approve"):
        insert(house.db, "approval", row | {"command": other.id})
    insert(house.db, "approval", row)


def test_what_waits_no_more_is_not_approved(house: House) -> None:
    proposed = propose(house, GRANT)
    row = approval(house, proposed)
    move(house.db, proposed, "declined")
    with refuses(CheckViolation, "does not approve"):
        insert(house.db, "approval", row)


# What needs two people.


@dataclass(frozen=True)
class Needing:
    """A row that needs an agreement, the action that is one, and others that are none."""

    table: str
    row: Row
    action: Action
    others: tuple[Action, ...]


def released(cycle: str = CYC, digest: str = DIGEST) -> ReleaseCycle:
    return ReleaseCycle(CycleId(cycle), digest)


def dealing(**other: Any) -> GrantDealing:
    days = {"valid_from": date(2026, 3, 1), "valid_to": date(2026, 3, 31)}
    said = {"participant": FIRM, "list_name": "OFAC-SDN", "entity": "77", "authority": "Treasury"}
    return GrantDealing(**{**said, "document": DIGEST, **days, **other})


def register(hand: Hand, key: str) -> RegisterKey:
    return RegisterKey(hand.person, key, "00")


NEEDING = {
    "person": Needing(
        "person",
        {"id": CORA.person, "affiliation": "Central Bank"},
        CORA.enrolled(),
        (
            DAN.enrolled(),
            GrantRole(CORA.person, "auditor"),
            register(CORA, CORA.public),
            EraseDossier(CORA.person, "asked"),
        ),
    ),
    "person_key": Needing(
        "person_key",
        {"person": ADA.person, "key": CORA.public, "registered_at": 9},
        register(ADA, CORA.public),
        (
            register(BELA, CORA.public),
            register(ADA, DAN.public),
            GrantRole(ADA.person, "auditor"),
            CORA.enrolled(),
        ),
    ),
    "person_role": Needing(
        "person_role",
        {"person": ADA.person, "role": "auditor", "granted_at": 9},
        GrantRole(ADA.person, "auditor"),
        (
            GrantRole(BELA.person, "auditor"),
            GrantRole(ADA.person, "supervisor"),
            WithdrawRole(ADA.person, "auditor"),
            register(ADA, CORA.public),
        ),
    ),
    "release": Needing(
        "release",
        {"cycle": CYC, "digest": DIGEST},
        released(),
        (
            released("cyc_2"),
            released(digest=OTHER_DIGEST),
            EraseDossier(CYC, DIGEST),
            GrantRole(ADA.person, "operator"),
        ),
    ),
    "activation": Needing(
        "activation",
        {"position": FAR, "version": DIGEST, "active_from": instant(TOMORROW)},
        ActivateRulebook(DIGEST, TOMORROW),
        (
            ActivateRulebook(OTHER_DIGEST, TOMORROW),
            ActivateRulebook(DIGEST, TOMORROW + timedelta(microseconds=1)),
            dealing(),
            EraseDossier(DIGEST, instant(TOMORROW)),
        ),
    ),
    "dealing": Needing(
        "dealing",
        {
            "participant": FIRM,
            "list_name": "OFAC-SDN",
            "entity": "77",
            "authority": "Treasury",
            "document": DIGEST,
            "valid_from": "2026-03-01",
            "valid_to": "2026-03-31",
        },
        dealing(),
        (
            dealing(participant="506700GE1G29325QX363"),
            dealing(list_name="OFAC-WALLETS"),
            dealing(entity="78"),
            dealing(authority="Central Bank"),
            dealing(document=OTHER_DIGEST),
            dealing(valid_from=date(2026, 3, 2)),
            dealing(valid_to=date(2026, 3, 30)),
            ActivateRulebook(DIGEST, TOMORROW),
        ),
    ),
}
each = pytest.mark.parametrize("needing", NEEDING.values(), ids=NEEDING)


@each
def test_what_two_people_agreed_on_stands(house: House, needing: Needing) -> None:
    proposed = agreed(house, needing.action)
    insert(house.db, needing.table, needing.row | {"proposal": proposed.id})


@each
def test_nothing_stands_without_a_proposal(house: House, needing: Needing) -> None:
    give(house, ADA, needing.action)
    with agreement():
        insert(house.db, needing.table, needing.row)
    with agreement():
        insert(house.db, needing.table, needing.row | {"proposal": "cmd_1"})


@each
def test_what_was_ordered_and_not_proposed_does_not_stand(house: House, needing: Needing) -> None:
    command = give(house, ADA, needing.action)
    with agreement():
        insert(house.db, needing.table, needing.row | {"proposal": command.id})


@pytest.mark.parametrize("state", ["waiting", "approval", "declined", "expired"])
@each
def test_nothing_stands_by_a_proposal_that_was_not_approved(
    house: House, needing: Needing, state: str
) -> None:
    """Nor by one that has its approval and was not moved."""
    proposed = propose(house, needing.action)
    if state == "approval":
        insert(house.db, "approval", approval(house, proposed))
    elif state != "waiting":
        move(house.db, proposed, state)
    with agreement():
        insert(house.db, needing.table, needing.row | {"proposal": proposed.id})


@each
def test_nothing_stands_by_a_proposal_about_something_else(house: House, needing: Needing) -> None:
    for action in needing.others:
        proposed = agreed(house, action)
        with agreement():
            insert(house.db, needing.table, needing.row | {"proposal": proposed.id})


def test_an_enrolment_gives_the_key_that_it_names_and_no_other(house: House) -> None:
    proposed = agreed(house, CORA.enrolled())
    insert(house.db, "person", NEEDING["person"].row | {"proposal": proposed.id})
    row = {"person": CORA.person, "registered_at": 9, "proposal": proposed.id}
    with agreement():
        insert(house.db, "person_key", row | {"key": DAN.public})
    with agreement():
        insert(house.db, "person_key", row | {"key": CORA.public, "person": ADA.person})
    insert(house.db, "person_key", row | {"key": CORA.public})


@each
def test_what_only_looks_like_an_agreement_is_none(house: House, needing: Needing) -> None:
    """One in whose text the same words stand elsewhere."""
    words = " ".join(map(str, needing.row.values()))
    kind = type(needing.action).__name__
    proposed = agreed(house, EraseDossier(words, json.dumps({"kind": kind, "body": needing.row})))
    with agreement():
        insert(house.db, needing.table, needing.row | {"proposal": proposed.id})


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"participant": "7LTWFZYICNSX8D621K86"}, ForeignKeyViolation),
        ({"document": "A" * 64}, CheckViolation),
        ({"valid_to": "2026-02-28"}, CheckViolation),
    ],
)
def test_a_dealing_that_cannot_be_does_not_stand_though_two_people_agree(
    house: House, wrong: dict[str, str], error: type[psycopg.Error]
) -> None:
    days = {name: date.fromisoformat(day) for name, day in wrong.items() if name == "valid_to"}
    proposed = agreed(house, dealing(**{**wrong, **days}))
    row = NEEDING["dealing"].row | wrong | {"proposal": proposed.id}
    with refuses(error, "violates"):
        insert(house.db, "dealing", row)


def test_one_agreement_brings_a_law_into_force_once(house: House) -> None:
    needing = NEEDING["activation"]
    row = needing.row | {"proposal": agreed(house, needing.action).id}
    insert(house.db, "activation", row)
    with refuses(UniqueViolation):
        insert(house.db, "activation", row | {"position": FAR + 1})


# Founders.


def test_there_is_one_founding(db: Connection) -> None:
    row = {"house": ids.derived("hse", "another"), "founding": "{}", "signatures": ["", ""]}
    with refuses(UniqueViolation, "founding_once"):
        insert(db, "founding", row)


def test_a_third_founder_is_refused(db: Connection) -> None:
    """Even before the first command."""
    with agreement():
        insert(db, "person", NEEDING["person"].row)


def test_founders_get_nothing_by_themselves_but_what_their_founding_says(house: House) -> None:
    """Neither before the first command nor after it."""
    for name in ("person_key", "person_role"):
        with agreement():
            insert(house.db, name, NEEDING[name].row)
    give(house, ADA, GRANT)
    for name in ("person_key", "person_role"):
        with agreement():
            insert(house.db, name, NEEDING[name].row)


def test_nobody_is_there_before_the_founding(admin_url: str, template: str) -> None:
    with new_database(admin_url, template) as (_, url), connect(url, "test") as db:
        with agreement():
            insert(db, "person", NEEDING["person"].row)
        founders = [{"person": one.person, "affiliation": "XA"} for one in (ADA, BELA)]
        text = json.dumps({"founders": founders})
        founding = {"house": HOUSE, "founding": text, "signatures": ["", ""]}
        insert(db, "founding", founding)
        for hand in (ADA, BELA):
            insert(db, "person", {"id": hand.person, "affiliation": "XA"})
        with agreement():
            insert(db, "person", NEEDING["person"].row)


def test_one_agreement_gives_a_role_once(house: House) -> None:
    """Not again after it was withdrawn."""
    needing = NEEDING["person_role"]
    proposed = agreed(house, needing.action)
    insert(house.db, "person_role", needing.row | {"proposal": proposed.id})
    over = agreed(house, WithdrawRole(ADA.person, "auditor"))
    with house.db.transaction():
        house.db.execute(
            "UPDATE person_role SET withdrawn_at = %s, withdrawn_by = %s WHERE proposal = %s",
            (FAR, over.id, proposed.id),
        )
    with refuses(UniqueViolation, "person_role_proposal"):
        insert(house.db, "person_role", needing.row | {"proposal": proposed.id, "granted_at": 10})


# Roles and keys that end.


def withdraw(db: Connection, proposal: str | None, role: str = "administrator") -> None:
    with db.transaction():
        db.execute(
            "UPDATE person_role SET withdrawn_at = %s, withdrawn_by = %s"
            " WHERE person = %s AND role = %s",
            (FAR, proposal, BELA.person, role),
        )


WITHDRAWAL = WithdrawRole(BELA.person, "administrator")


def test_a_role_is_withdrawn_by_two(house: House) -> None:
    proposed = propose(house, WITHDRAWAL)
    for proposal in (None, "cmd_1", proposed.id):
        with agreement():
            withdraw(house.db, proposal)
    withdraw(house.db, agreed(house, WITHDRAWAL).id)


@pytest.mark.parametrize(
    "action",
    [
        WithdrawRole(ADA.person, "administrator"),
        WithdrawRole(BELA.person, "operator"),
        GrantRole(BELA.person, "administrator"),
    ],
)
def test_a_role_is_not_withdrawn_by_a_proposal_about_something_else(
    house: House, action: Action
) -> None:
    proposed = agreed(house, action)
    with agreement():
        withdraw(house.db, proposed.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE person_role SET withdrawn_at = NULL, withdrawn_by = NULL",
        "UPDATE person_role SET withdrawn_at = NULL",
        "UPDATE person_role SET withdrawn_at = withdrawn_at + 1",
        "UPDATE person_role SET withdrawn_by = withdrawn_by",
    ],
)
def test_a_role_that_was_withdrawn_stays_so(house: House, statement: str) -> None:
    withdraw(house.db, agreed(house, WITHDRAWAL).id)
    with refuses(CheckViolation), house.db.transaction():
        house.db.execute(f"{statement} WHERE person = '{BELA.person}'".encode())


def test_a_role_is_held_once(house: House) -> None:
    needing = NEEDING["person_role"]
    first, second = agreed(house, needing.action), agreed(house, needing.action)
    insert(house.db, "person_role", needing.row | {"proposal": first.id})
    with refuses(UniqueViolation, "person_role_held"):
        insert(house.db, "person_role", needing.row | {"proposal": second.id, "granted_at": 10})


@pytest.mark.parametrize("role", ["king", "", "Administrator"])
def test_a_role_that_is_none_is_refused(house: House, role: str) -> None:
    proposed = agreed(house, GrantRole(ADA.person, role))
    row = {"person": ADA.person, "role": role, "granted_at": 9, "proposal": proposed.id}
    with refuses(CheckViolation, "person_role_role_check"):
        insert(house.db, "person_role", row)


def test_the_roles_of_the_database_are_those_of_the_core(house: House) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        proposed = agreed(house, GrantRole(ADA.person, role))
        row = {"person": ADA.person, "role": role, "granted_at": 9, "proposal": proposed.id}
        insert(house.db, "person_role", row)


@pytest.mark.parametrize("place", [None, FAR, FAR + 1, FAR - 1])
def test_a_key_that_was_revoked_stays_so(db: Connection, place: int | None) -> None:
    statement = "UPDATE person_key SET revoked_at = %s WHERE key = %s"
    db.execute(statement, (FAR, BELA.public))
    with refuses(CheckViolation, "was revoked, and stays so"), db.transaction():
        db.execute(statement, (place, BELA.public))


def test_a_key_is_revoked_after_it_was_registered(db: Connection) -> None:
    with refuses(CheckViolation), db.transaction():
        db.execute("UPDATE person_key SET revoked_at = registered_at")


def test_a_key_is_one_persons_for_ever(house: House) -> None:
    proposed = agreed(house, register(ADA, BELA.public))
    row = {"person": ADA.person, "key": BELA.public, "registered_at": 9, "proposal": proposed.id}
    with refuses(UniqueViolation):
        insert(house.db, "person_key", row)


# Releases.


def sign(db: Connection) -> None:
    with db.transaction():
        db.execute(
            "UPDATE cycle SET state = 'signed', txid = %(txid)s, raw = %(raw)s, fee = %(fee)s",
            SIGNED,
        )


def test_no_cycle_is_signed_before_it_is_released(house: House) -> None:
    house.db.execute("UPDATE cycle SET state = 'funded'")
    proposed = agreed(house, released())
    with refuses(CheckViolation, "cycle cyc_1 is not released"):
        sign(house.db)
    insert(house.db, "release", {"cycle": CYC, "digest": DIGEST, "proposal": proposed.id})
    sign(house.db)


def test_the_release_of_another_cycle_lets_none_be_signed(house: House) -> None:
    insert(house.db, "cycle", CYCLE | {"id": "cyc_2", "asset": "another"})
    house.db.execute("UPDATE cycle SET state = 'funded'")
    proposed = agreed(house, released("cyc_2"))
    insert(house.db, "release", {"cycle": "cyc_2", "digest": DIGEST, "proposal": proposed.id})
    with refuses(CheckViolation, "cycle cyc_1 is not released"):
        sign(house.db)


def test_a_cycle_is_released_once(house: House) -> None:
    for error in (None, UniqueViolation):
        row = {"cycle": CYC, "digest": DIGEST, "proposal": agreed(house, released()).id}
        if error is None:
            insert(house.db, "release", row)
            continue
        with refuses(error):
            insert(house.db, "release", row)


# Dossiers.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dossier SET erased = false",
        "UPDATE dossier SET erased = true",
        "UPDATE dossier SET edition = edition + 1",
        "UPDATE dossier SET commitment = ''",
    ],
)
def test_what_was_erased_does_not_come_back(house: House, statement: str) -> None:
    erase(house, ADA)
    with refuses(CheckViolation, "does not come back"), house.db.transaction():
        house.db.execute(f"{statement} WHERE subject = '{ADA.person}'".encode())
    with refuses(CheckViolation, "does not come back"):
        row = {"subject": ADA.person, "edition": 1, "content": b""}
        insert(house.db, "sealed_dossier", row)


def erase(house: House, hand: Hand) -> None:
    agreed(house, EraseDossier(hand.person, "asked"))
    with house.db.transaction():
        house.db.execute("UPDATE dossier SET erased = true WHERE subject = %s", [hand.person])
        house.db.execute("DELETE FROM sealed_dossier WHERE subject = %s", [hand.person])


def test_nobody_erases_alone(house: House) -> None:
    """Nor two who agreed to erase somebody else, nor before they have."""
    gone = "UPDATE dossier SET erased = true WHERE subject = %s"
    agreed(house, EraseDossier(BELA.person, "asked"))
    propose(house, EraseDossier(ADA.person, "asked"))
    with refuses(CheckViolation, "not agreed to erase"), house.db.transaction():
        house.db.execute(gone, [ADA.person])
    with refuses(CheckViolation, "it is not erased"), house.db.transaction():
        house.db.execute("DELETE FROM sealed_dossier WHERE subject = %s", [ADA.person])
    with refuses(RestrictViolation), house.db.transaction():
        house.db.execute("TRUNCATE sealed_dossier")


def test_who_was_not_enrolled_is_forgotten(house: House) -> None:
    proposed = propose(house, CORA.enrolled())
    row = {"subject": CORA.person, "edition": 1, "commitment": DIGEST}
    insert(house.db, "dossier", row)
    gone = "UPDATE dossier SET erased = true WHERE subject = %s"
    with refuses(CheckViolation, "not agreed to erase"), house.db.transaction():
        house.db.execute(gone, [CORA.person])
    move(house.db, proposed, "declined")
    house.db.execute(gone, [CORA.person])


def test_a_batch_that_was_signed_stays_what_it_is(house: House) -> None:
    insert(house.db, "cycle", CYCLE | SIGNED | {"state": "signed", "id": "cyc_9", "asset": "z"})
    for change in (b"raw = ''", b"txid = 'bb'", b"fee = 0", b"txid = NULL, raw = NULL, fee = NULL"):
        with refuses(RestrictViolation), house.db.transaction():
            house.db.execute(b"UPDATE cycle SET %b WHERE id = 'cyc_9'" % change)


def test_an_edition_takes_the_place_of_an_earlier_one(db: Connection) -> None:
    db.execute("UPDATE dossier SET edition = 3, commitment = ''")
    with refuses(CheckViolation, "does not come back"), db.transaction():
        db.execute("UPDATE dossier SET edition = 2")


def test_there_is_no_content_of_an_unknown_dossier(db: Connection) -> None:
    with refuses(ForeignKeyViolation):
        insert(db, "sealed_dossier", {"subject": CORA.person, "edition": 1, "content": b""})
    with refuses(CheckViolation):
        insert(db, "dossier", {"subject": CORA.person, "edition": 0, "commitment": ""})
