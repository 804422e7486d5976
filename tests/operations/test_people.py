"""People: what needs two is never done by one, and what one ordered is done once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from time import sleep
from typing import TypeVar, cast

import pytest
from psycopg import Connection
from tests.hands import (
    ADA,
    BELA,
    CORA,
    HOUSE,
    Hand,
    agree,
    approve,
    dossier,
    enrol,
    found,
    founding,
    propose,
)
from tests.stage import Clock

from clearhouse.core import command, ids, person, proposal
from clearhouse.core.command import (
    Action,
    Approve,
    CommandGiven,
    Decline,
    EraseDossier,
    GrantRole,
    RevokeKey,
    WithdrawRole,
)
from clearhouse.core.dossier import DossierKept
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import CommandId
from clearhouse.core.person import KeyRevoked, Person, Role, RoleGranted
from clearhouse.core.proposal import Proposal, ProposalDeclined, ProposalExpired, ProposalState
from clearhouse.operations import dossiers, people
from clearhouse.operations.house import House
from clearhouse.operations.people import Taken, expire, verify_signatures
from clearhouse.operations.replay import replay
from clearhouse.store import dossiers as stored
from clearhouse.store import journal
from clearhouse.store import people as store
from clearhouse.store.connection import connect

DAN, EVA = map(Hand.of, ("Dan", "Eva"))
A_WEEK = timedelta(days=7)
NO_COMMAND = CommandId(ids.derived("cmd", "nobody gave it"))
E = TypeVar("E")


def look(house: House, hand: Hand) -> Person | None:
    return store.people(house.db, [hand.person]).get(hand.person)


def state(house: House, waiting: Proposal) -> ProposalState:
    now = store.proposal(house.db, waiting.id)
    assert now is not None
    return now.state


# Founding.


def test_two_people_found_a_house(house: House) -> None:
    found(house)
    for hand in (ADA, BELA):
        assert look(house, hand) == Person(
            hand.person, "Central Bank", frozenset({Role.ADMINISTRATOR}), {hand.public: True}
        )
        assert dossiers.read(house, hand.person) == dossier(hand.name)
    assert len(store.people(house.db)) == 2
    assert store.founded(house.db) == (HOUSE, founding(house).encode())


def test_a_house_is_founded_once_however_often_it_is_said(house: House) -> None:
    found(house)
    head = journal.head(house.db)
    found(house)
    assert journal.head(house.db) == head


def signed(text: str, *hands: Hand) -> dict[str, str]:
    return {hand.public: hand.key.sign(text.encode()).hex() for hand in hands}


def test_a_founding_that_is_refused_leaves_nothing(house: House) -> None:
    text, personal = founding(house).encode(), [dossier("Ada"), dossier("Bela")]
    with pytest.raises(Refusal):
        people.found(house, text, signed(text, ADA), personal)
    with pytest.raises(Refusal):
        people.found(house, text, signed(text, ADA, BELA), personal[::-1])

    assert journal.head(house.db) == 0
    assert store.founded(house.db) is None
    assert house.keyring.subjects() == set()


# What each action does, once it may.


@dataclass(frozen=True)
class Case:
    """An action of two people, on a house where Cora is enrolled as a trader."""

    action: Action
    done: Callable[[House], bool]
    of: Hand | None = None


CASES = {
    "enrol": Case(DAN.enrolled("XA"), lambda house: look(house, DAN) is not None, DAN),
    "register a key": Case(
        CORA.registered("Cora's second"),
        lambda house: Hand.of("Cora's second").public in keys(house, CORA),
    ),
    "grant a role": Case(
        GrantRole(CORA.person, "auditor"), lambda house: Role.AUDITOR in roles(house, CORA)
    ),
    "withdraw a role": Case(
        WithdrawRole(CORA.person, "trader"), lambda house: not roles(house, CORA)
    ),
    "erase a dossier": Case(
        EraseDossier(CORA.person, "asked"), lambda house: is_erased(house, CORA)
    ),
}


def keys(house: House, hand: Hand) -> dict[str, bool]:
    found = look(house, hand)
    return dict(found.keys) if found else {}


def facts(house: House, kind: type[E]) -> list[E]:
    """The events of one kind, in the journal's order."""
    entries = journal.after(house.db, 0, 10_000)
    return [entry.event for entry in entries if isinstance(entry.event, kind)]


def roles(house: House, hand: Hand) -> frozenset[Role]:
    found = look(house, hand)
    return found.roles if found else frozenset()


def is_erased(house: House, hand: Hand) -> bool:
    kept = stored.find(house.db, hand.person)
    return kept is not None and kept.erased and hand.person not in house.keyring.subjects()


@pytest.fixture
def busy(founded: House) -> House:
    """A founded house where Cora is a trader."""
    enrol(founded, CORA, Role.TRADER)
    return founded


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_two_people_do_it(busy: House, case: Case) -> None:
    waiting = propose(busy, case.action, of=case.of)
    assert not case.done(busy)

    taken = approve(busy, waiting)

    assert case.done(busy)
    assert state(busy, waiting) is ProposalState.APPROVED
    assert (taken.again, taken.proposal) == (False, None)
    assert not verify_signatures(busy).wrong


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_person_does_not_do_it(busy: House, case: Case) -> None:
    """Not its maker, nor a second key of theirs, nor somebody without the role."""
    agree(busy, ADA.registered("Ada's second"))
    waiting = propose(busy, case.action, of=case.of)
    for hand in (ADA, ADA.with_key("Ada's second"), CORA):
        with pytest.raises((proposal.OwnProposal, person.NotPermitted)):
            approve(busy, waiting, hand)
    assert state(busy, waiting) is ProposalState.WAITING
    assert not case.done(busy)


@pytest.mark.parametrize("hand", [ADA, BELA])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_declined_is_not_done(busy: House, case: Case, hand: Hand) -> None:
    """By its maker or by whoever might approve it."""
    waiting = propose(busy, case.action, of=case.of)
    hand.order(busy, Decline(waiting.id, "no"))

    assert not case.done(busy)
    assert state(busy, waiting) is ProposalState.DECLINED
    (told,) = facts(busy, ProposalDeclined)
    assert (told.proposal, told.person, told.reason) == (waiting.id, hand.person, "no")
    with pytest.raises(proposal.ProposalClosed):
        approve(busy, waiting)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_nobody_approves_in_a_week_expires(busy: House, clock: Clock, case: Case) -> None:
    waiting = propose(busy, case.action, of=case.of)
    assert waiting.expires_at == clock() + A_WEEK
    clock.at += A_WEEK - timedelta(microseconds=1)
    assert expire(busy) == 0
    clock.at += timedelta(microseconds=1)
    with pytest.raises(proposal.ProposalClosed):
        approve(busy, waiting)
    assert state(busy, waiting) is ProposalState.WAITING  # nobody has looked

    assert expire(busy) == 1
    assert expire(busy) == 0

    assert state(busy, waiting) is ProposalState.EXPIRED
    assert facts(busy, ProposalExpired) == [ProposalExpired(waiting.id)]
    assert not case.done(busy)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_last_moment_is_in_time(busy: House, clock: Clock, case: Case) -> None:
    waiting = propose(busy, case.action, of=case.of)
    clock.at += A_WEEK - timedelta(microseconds=1)
    approve(busy, waiting)
    assert case.done(busy)


def test_anybody_revokes_their_own_key_at_once(busy: House) -> None:
    taken = CORA.order(busy, RevokeKey(CORA.person, CORA.public, "lost"))

    assert taken.proposal is None
    assert keys(busy, CORA) == {CORA.public: False}
    assert facts(busy, KeyRevoked) == [KeyRevoked(CORA.person, CORA.public, "lost", taken.id)]


def test_an_administrator_revokes_anothers_key_at_once(busy: House) -> None:
    ADA.order(busy, RevokeKey(CORA.person, CORA.public, "stolen"))
    assert keys(busy, CORA) == {CORA.public: False}


def test_a_key_signs_nothing_after_it_was_revoked_and_what_it_signed_stands(busy: House) -> None:
    agree(busy, GrantRole(CORA.person, Role.ADMINISTRATOR))
    waiting = propose(busy, GrantRole(CORA.person, "auditor"), CORA)
    earlier = CORA.command(busy, GrantRole(CORA.person, "operator"))
    ADA.order(busy, RevokeKey(CORA.person, CORA.public, "stolen"))

    with pytest.raises(person.KeyRevokedBefore):
        people.submit(busy, earlier.encode(), CORA.sign(earlier))
    with pytest.raises(person.KeyRevokedBefore):
        CORA.order(busy, Decline(waiting.id, "no"))
    assert not verify_signatures(busy).wrong
    assert store.given(busy.db, waiting.id) is not None

    agree(busy, CORA.registered("Cora's second"))
    CORA.with_key("Cora's second").order(busy, Decline(waiting.id, "that was a thief"))
    assert state(busy, waiting) is ProposalState.DECLINED
    assert keys(busy, CORA) == {CORA.public: False, Hand.of("Cora's second").public: True}


def test_the_maker_must_still_be_allowed_to_when_another_approves(founded: House) -> None:
    enrol(founded, CORA, Role.ADMINISTRATOR)
    waiting = propose(founded, GrantRole(CORA.person, "operator"), CORA)
    agree(founded, WithdrawRole(CORA.person, "administrator"))

    with pytest.raises(person.NotPermitted, match=CORA.person):
        approve(founded, waiting)
    assert roles(founded, CORA) == frozenset()

    agree(founded, GrantRole(CORA.person, Role.ADMINISTRATOR))
    approve(founded, waiting)
    assert Role.OPERATOR in roles(founded, CORA)


def test_an_approver_must_still_be_allowed_to(founded: House) -> None:
    enrol(founded, CORA, Role.ADMINISTRATOR)
    waiting = propose(founded, GrantRole(ADA.person, "auditor"))
    agree(founded, WithdrawRole(CORA.person, "administrator"))
    with pytest.raises(person.NotPermitted):
        approve(founded, waiting, CORA)


def test_what_cannot_be_any_more_is_not_done_by_an_approval(busy: House) -> None:
    """The first of two alike is done; the other one waits in vain."""
    one, other = (propose(busy, GrantRole(CORA.person, "auditor")) for _ in range(2))
    approve(busy, one)
    with pytest.raises(person.RoleHeld):
        approve(busy, other)
    assert state(busy, other) is ProposalState.WAITING
    assert facts(busy, RoleGranted).count(RoleGranted(CORA.person, "auditor", one.id)) == 1


def test_two_administrators_are_left_who_can_sign(founded: House) -> None:
    """A third one without a key counts for nothing."""
    enrol(founded, CORA, Role.ADMINISTRATOR)
    CORA.order(founded, RevokeKey(CORA.person, CORA.public, "lost"))
    with pytest.raises(person.AdministratorsTooFew, match="1 would be left"):
        propose(founded, WithdrawRole(BELA.person, "administrator"))
    agree(founded, WithdrawRole(CORA.person, "administrator"))
    enrol(founded, DAN, Role.ADMINISTRATOR)
    agree(founded, WithdrawRole(BELA.person, "administrator"))
    assert roles(founded, BELA) == {Role.COMPLIANCE}


def test_somebody_enrolled_may_do_nothing_until_a_role_is_granted(busy: House) -> None:
    enrol(busy, DAN)
    assert look(busy, DAN) == Person(DAN.person, "Central Bank", frozenset(), {DAN.public: True})
    for action in (GrantRole(DAN.person, "auditor"), Decline(NO_COMMAND, "no")):
        with pytest.raises(person.NotPermitted):
            DAN.order(busy, action)


# A command is done once.


def test_a_command_handed_in_twice_is_done_once_and_answered_again(busy: House) -> None:
    order = ADA.command(busy, GrantRole(CORA.person, "auditor"))
    text, signature = order.encode(), ADA.sign(order)
    first = people.submit(busy, text, signature)
    head = journal.head(busy.db)
    again = people.submit(busy, text, signature)

    assert again == replace(first, again=True)
    assert journal.head(busy.db) == head
    approval = BELA.command(busy, Approve(order.id, order.digest))
    answers = [people.submit(busy, approval.encode(), BELA.sign(approval)) for _ in range(2)]
    assert [one.again for one in answers] == [False, True]
    assert facts(busy, RoleGranted).count(RoleGranted(CORA.person, "auditor", order.id)) == 1
    now = people.submit(busy, text, signature).proposal
    assert now is not None
    assert now.state is ProposalState.APPROVED


def test_a_command_is_answered_again_when_it_is_old_and_its_key_is_gone(
    busy: House, clock: Clock
) -> None:
    order = CORA.command(busy, RevokeKey(CORA.person, CORA.public, "lost"))
    people.submit(busy, order.encode(), CORA.sign(order))
    clock.forward(days=30)
    assert people.submit(busy, order.encode(), CORA.sign(order)).again


def test_a_command_that_was_refused_leaves_nothing_and_may_come_again(
    busy: House, clock: Clock
) -> None:
    clock.forward(minutes=-6)
    order = ADA.command(busy, GrantRole(CORA.person, "auditor"))
    clock.forward(minutes=6)
    early = replace(order, made_at=clock() + timedelta(minutes=6))
    head = journal.head(busy.db)
    with pytest.raises(command.CommandStale):
        people.submit(busy, early.encode(), ADA.sign(early))
    assert journal.head(busy.db) == head
    assert store.given(busy.db, order.id) is None

    clock.forward(minutes=1)
    assert not people.submit(busy, early.encode(), ADA.sign(early)).again


def test_the_signature_and_the_bytes_that_were_signed_are_in_the_journal(busy: House) -> None:
    order = ADA.command(busy, GrantRole(CORA.person, "auditor"))
    people.submit(busy, order.encode(), ADA.sign(order))
    entries = journal.about(busy.db, order.id)

    given, made = (entry.event for entry in entries)
    assert given == CommandGiven(order.encode(), ADA.sign(order))
    assert made == proposal.ProposalMade(order.id, ADA.person, order.digest, busy.now() + A_WEEK)


# Several at once.


def at_once(house: House, db_url: str, *work: Callable[[House], object]) -> list[object]:
    """Do it all on connections of their own, all of which wait for the journal at first."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def run(one: Callable[[House], object]) -> object:
        with connect(db_url, "at once") as db:
            try:
                return one(replace(house, db=db))
            except Refusal as refusal:
                return type(refusal)

    with ThreadPoolExecutor(len(work)) as threads, connect(db_url) as watch:
        with house.db.transaction():
            journal.lock(house.db)
            running = [threads.submit(run, one) for one in work]
            while watch.execute(waiting).fetchone() != (len(work),):
                assert not any(one.done() for one in running)
                sleep(0.005)
        return [one.result(60) for one in running]


def test_two_who_approve_at_once_do_it_once(founded: House, db_url: str) -> None:
    enrol(founded, CORA, Role.ADMINISTRATOR)
    waiting = propose(founded, GrantRole(CORA.person, "auditor"))

    answers = at_once(
        founded,
        db_url,
        lambda house: approve(house, waiting, BELA),
        lambda house: approve(house, waiting, CORA),
    )

    assert sum(isinstance(one, Taken) for one in answers) == 1
    assert answers.count(proposal.ProposalClosed) == 1
    assert facts(founded, RoleGranted).count(RoleGranted(CORA.person, "auditor", waiting.id)) == 1
    assert len(facts(founded, CommandGiven)) == len(store.signed(founded.db))


def test_one_command_handed_in_by_many_at_once_is_done_once(founded: House, db_url: str) -> None:
    order = ADA.command(founded, CORA.enrolled())

    def submit(house: House) -> object:
        return people.submit(house, order.encode(), ADA.sign(order), dossier("Cora"))

    answers = at_once(founded, db_url, *[submit] * 5)

    assert sorted(cast("Taken", one).again for one in answers) == [False, True, True, True, True]
    assert facts(founded, DossierKept).count(DossierKept(1, dossier("Cora").commitment)) == 1
    assert dossiers.read(founded, CORA.person) == dossier("Cora")


def test_two_proposals_to_be_rid_of_each_other_leave_two_administrators(
    founded: House, db_url: str
) -> None:
    enrol(founded, CORA, Role.ADMINISTRATOR)
    one = propose(founded, WithdrawRole(BELA.person, "administrator"), CORA)
    other = propose(founded, WithdrawRole(CORA.person, "administrator"), BELA)

    answers = at_once(
        founded,
        db_url,
        lambda house: approve(house, one, ADA),
        lambda house: approve(house, other, ADA),
    )

    assert sum(isinstance(one, Taken) for one in answers) == 1
    held = [Role.ADMINISTRATOR in roles(founded, hand) for hand in (ADA, BELA, CORA)]
    assert sorted(held) == [False, True, True]


def test_people_come_out_the_same_from_the_journal(
    busy: House, elsewhere: Connection, clock: Clock
) -> None:
    """Every kind of command, and every end of a proposal."""
    for case in CASES.values():
        approve(busy, propose(busy, case.action, of=case.of))
    ADA.order(busy, RevokeKey(DAN.person, DAN.public, "lost"))
    declined = propose(busy, GrantRole(DAN.person, "auditor"))
    BELA.order(busy, Decline(declined.id, "no"))
    propose(busy, EVA.enrolled(), of=EVA)
    clock.at += A_WEEK
    expire(busy)
    propose(busy, GrantRole(DAN.person, "auditor"))

    done = replay(busy, elsewhere, lambda _: None)

    assert done.entries == journal.head(busy.db)
    names = ("person", "person_key", "person_role", "command", "proposal", "approval", "dossier")
    assert all(done.rows[name] for name in (*names, "founding"))
    states = {one.state for one in store.proposals(busy.db)}
    assert states == set(ProposalState)
    assert store.people(elsewhere) == store.people(busy.db)


# Signatures.

TAMPERED = {
    "signature": "UPDATE command SET signature = repeat('0', 128) WHERE id = %(id)s",
    "content": (
        "UPDATE command SET content = content || ' ',"
        " digest = encode(sha256(convert_to(content || ' ', 'UTF8')), 'hex') WHERE id = %(id)s"
    ),
    "key": "UPDATE command SET key = %(other)s, person = %(person)s WHERE id = %(id)s",
    "registered later": (
        "UPDATE person_key SET registered_at = position"
        " FROM command WHERE person_key.key = command.key AND id = %(id)s"
    ),
    "revoked before": (
        "UPDATE person_key SET revoked_at = registered_at + 1"
        " WHERE key = (SELECT key FROM command WHERE id = %(id)s)"
    ),
}


def without_guards(db: Connection, statement: str, values: dict[str, str]) -> None:
    """Do what only the database's owner could, and would not."""
    names = ("command", "person_key", "proposal", "founding")
    with db.transaction():
        for name in names:
            db.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER".encode())
        db.execute(statement.encode(), values)
        for name in names:
            db.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER".encode())


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED)
def test_a_signature_that_does_not_hold_is_named(busy: House, statement: str) -> None:
    taken = CORA.order(busy, RevokeKey(CORA.person, CORA.public, "lost"))
    assert not verify_signatures(busy).wrong
    values = {"id": taken.id, "other": BELA.public, "person": BELA.person}
    without_guards(busy.db, statement, values)
    assert set(verify_signatures(busy).wrong) == {taken.id}


def test_founders_signatures_are_verified_too(founded: House) -> None:
    assert verify_signatures(founded).wrong == {}
    founded.db.execute("ALTER TABLE founding DISABLE TRIGGER USER")
    founded.db.execute("UPDATE founding SET signatures = ARRAY[signatures[2], signatures[1]]")

    assert list(verify_signatures(founded).wrong) == [HOUSE]


CUT_SHORT = {
    "one signature": "UPDATE founding SET signatures = signatures[1:1]",
    "no document": "UPDATE founding SET founding = '{}'",
}


@pytest.mark.parametrize("statement", CUT_SHORT.values(), ids=CUT_SHORT)
def test_a_founding_that_was_cut_short_is_named(founded: House, statement: str) -> None:
    without_guards(founded.db, statement, {})
    assert list(verify_signatures(founded).wrong) == [HOUSE]
