"""Refusals of people and their dossiers: each is reached, from each place that raises it."""

import ast
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
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
    found_with_roles,
    founding,
    propose,
)
from tests.stage import Clock

from clearhouse.core import command, ids, person, proposal
from clearhouse.core import dossier as rules
from clearhouse.core import founding as foundings
from clearhouse.core.command import (
    Action,
    ActivateRulebook,
    Approve,
    Decline,
    EraseDossier,
    GrantDealing,
    GrantRole,
    RevokeKey,
    WithdrawRole,
)
from clearhouse.core.errors import Refusal, every_code
from clearhouse.core.ids import CommandId, IdMalformed, ParticipantId, PersonId
from clearhouse.core.participant import UnknownParticipant
from clearhouse.core.person import Role, proof
from clearhouse.core.rulebook import activation
from clearhouse.operations import actions, dossiers, people
from clearhouse.operations.house import House
from clearhouse.store import journal
from clearhouse.store import people as store

NO_COMMAND = CommandId(ids.derived("cmd", "nobody gave it"))


Scenario = Callable[[House], object]
REFUSED: list[tuple[str, Scenario]] = []
BEFORE_FOUNDING = "founding.none"


def refused(code: str) -> Callable[[Scenario], Scenario]:
    """What follows ends, in a house that Ada and Bela founded, in a refusal of this code."""

    def note(scenario: Scenario) -> Scenario:
        REFUSED.append((code, scenario))
        return scenario

    return note


def clock_of(house: House) -> Clock:
    return cast("Clock", house.now)


def signed(text: str, *hands: Hand) -> dict[str, str]:
    return {hand.public: hand.key.sign(text.encode()).hex() for hand in hands}


@refused(BEFORE_FOUNDING)
def _a_house_without_people(house: House) -> None:
    ADA.order(house, GrantRole(ADA.person, "auditor"))


@refused("founding.malformed")
def _a_founding_that_is_none(house: House) -> None:
    people.found(house, "{}", {}, [])


@refused("founding.differs")
def _another_founding(house: House) -> None:
    clock_of(house).forward(seconds=1)
    found(house)


@refused("dossier.malformed")
def _a_founding_with_other_dossiers(house: House) -> None:
    text = founding(house).encode()
    people.found(house, text, signed(text, ADA, BELA), [dossier("Ada"), dossier("Cora")])


@refused("dossier.malformed")
def _a_founding_with_one_dossier(house: House) -> None:
    text = founding(house).encode()
    people.found(house, text, signed(text, ADA, BELA), [dossier("Ada")])


@refused("person.signature-wrong")
def _a_founding_that_one_signed(house: House) -> None:
    text = founding(house).encode()
    people.found(house, text, signed(text, ADA), [dossier("Ada"), dossier("Bela")])


@refused("command.malformed")
def _a_command_that_is_none(house: House) -> None:
    people.submit(house, "{}", "")


@refused("command.for-another-house")
def _a_command_for_another_house(house: House) -> None:
    order = replace(
        ADA.command(house, GrantRole(ADA.person, "auditor")), house=ids.derived("hse", "another")
    )
    people.submit(house, order.encode(), ADA.sign(order))


@refused("command.stale")
def _a_command_of_yesterday(house: House) -> None:
    order = ADA.command(house, GrantRole(ADA.person, "auditor"))
    clock_of(house).forward(days=1, seconds=1)
    people.submit(house, order.encode(), ADA.sign(order))


@refused("command.differs")
def _another_command_under_the_same_id(house: House) -> None:
    for role in ("auditor", "supervisor"):
        order = ADA.command(house, GrantRole(ADA.person, role), "one id")
        people.submit(house, order.encode(), ADA.sign(order))


@refused("command.differs")
def _anothers_command_under_the_same_id(house: House) -> None:
    for hand in (ADA, BELA):
        order = hand.command(house, GrantRole(ADA.person, "auditor"), "one id")
        people.submit(house, order.encode(), hand.sign(order))


@refused("command.differs")
def _the_same_command_with_another_signature(house: House) -> None:
    order = ADA.command(house, GrantRole(ADA.person, "auditor"))
    for hand in (ADA, BELA):
        people.submit(house, order.encode(), hand.sign(order))


@refused("person.unknown")
def _a_command_of_nobody(house: House) -> None:
    CORA.order(house, GrantRole(CORA.person, "auditor"))


@refused("person.unknown")
def _a_role_for_nobody(house: House) -> None:
    ADA.order(house, GrantRole(CORA.person, "auditor"))


@refused("person.unknown-key")
def _a_command_with_anothers_key(house: House) -> None:
    order = replace(ADA.command(house, GrantRole(ADA.person, "auditor")), key=BELA.public)
    people.submit(house, order.encode(), BELA.sign(order))


@refused("person.unknown-key")
def _anothers_key_revoked(house: House) -> None:
    ADA.order(house, RevokeKey(ADA.person, BELA.public, "lost"))


@refused("person.key-revoked")
def _a_command_with_a_key_that_was_revoked(house: House) -> None:
    BELA.order(house, RevokeKey(ADA.person, ADA.public, "lost"))
    ADA.order(house, GrantRole(ADA.person, "auditor"))


@refused("person.key-revoked")
def _a_proposal_by_a_key_that_was_revoked_since(house: House) -> None:
    waiting = propose(house, GrantRole(ADA.person, "auditor"))
    BELA.order(house, RevokeKey(ADA.person, ADA.public, "stolen"))
    approve(house, waiting)


@refused("person.key-revoked")
def _a_key_revoked_twice(house: House) -> None:
    for _ in range(2):
        ADA.order(house, RevokeKey(BELA.person, BELA.public, "lost"))


@refused("person.signature-wrong")
def _a_command_that_another_signed(house: House) -> None:
    order = ADA.command(house, GrantRole(ADA.person, "auditor"))
    people.submit(house, order.encode(), BELA.sign(order))


@refused("person.signature-wrong")
def _a_command_that_was_changed(house: House) -> None:
    order = ADA.command(house, GrantRole(ADA.person, "auditor"))
    other = replace(order, action=GrantRole(ADA.person, "operator"))
    people.submit(house, other.encode(), ADA.sign(order))


@refused("person.signature-wrong")
def _a_key_registered_by_who_does_not_hold_it(house: House) -> None:
    ADA.order(house, replace(ADA.registered("Ada's second"), key=CORA.public))


@refused("person.signature-wrong")
def _a_key_offered_for_another_person(house: House) -> None:
    ADA.order(house, replace(ADA.registered("Ada's second"), person=BELA.person))


@refused("person.signature-wrong")
def _a_key_offered_to_another_house(house: House) -> None:
    said = proof(ids.derived("hse", "another"), CORA.person, CORA.public)
    action = replace(CORA.enrolled(), proof=CORA.key.sign(said).hex())
    ADA.order(house, action, dossier("Cora"))


@refused("person.key-malformed")
def _a_key_that_is_none(house: House) -> None:
    ADA.order(house, replace(CORA.enrolled(), key="01" + "00" * 31), dossier("Cora"))


@refused("person.key-taken")
def _a_key_that_is_anothers(house: House) -> None:
    enrol(house, CORA)
    thief = Hand("Dan", CORA.key)
    ADA.order(house, thief.enrolled(), dossier("Dan"))


@refused("person.key-taken")
def _a_key_that_was_revoked_registered_again(house: House) -> None:
    ADA.order(house, RevokeKey(BELA.person, BELA.public, "lost"))
    ADA.order(house, BELA.registered("Bela"))


@refused("person.affiliation-malformed")
def _somebody_who_acts_for_nobody(house: House) -> None:
    ADA.order(house, CORA.enrolled("?"), dossier("Cora"))


@refused("person.known")
def _somebody_enrolled_twice(house: House) -> None:
    enrol(house, CORA)
    ADA.order(house, CORA.enrolled(), dossier("Cora"))


@refused("person.known")
def _somebody_proposed_twice(house: House) -> None:
    for _ in range(2):
        ADA.order(house, CORA.enrolled(), dossier("Cora"))


@refused("dossier.malformed")
def _somebody_without_a_dossier(house: House) -> None:
    ADA.order(house, CORA.enrolled())


@refused("dossier.malformed")
def _somebody_with_anothers_dossier(house: House) -> None:
    ADA.order(house, CORA.enrolled(), dossier("Dan"))


@refused("dossier.erased")
def _somebody_declined_proposed_again(house: House) -> None:
    ADA.order(house, Decline(propose(house, CORA.enrolled(), of=CORA).id, "no"))
    ADA.order(house, CORA.enrolled(), dossier("Cora"))


@refused("dossier.erased")
def _somebody_approved_whose_dossier_was_erased_meanwhile(house: House) -> None:
    waiting = propose(house, CORA.enrolled(), of=CORA)
    agree(house, EraseDossier(CORA.person, "she changed her mind"))
    approve(house, waiting)


@refused("dossier.erased")
def _a_dossier_erased_twice(house: House) -> None:
    for _ in range(2):
        agree(house, EraseDossier(BELA.person, "asked"))


@refused("dossier.erased")
def _a_dossier_read_that_was_erased(house: House) -> None:
    agree(house, EraseDossier(BELA.person, "asked"))
    dossiers.read(house, BELA.person)


@refused("dossier.erased")
def _a_dossier_kept_again_that_was_erased(house: House) -> None:
    agree(house, EraseDossier(BELA.person, "asked"))
    with house.db.transaction():
        dossiers.keep(house, BELA.person, dossier("Bela"), house.now())


@refused("dossier.unknown")
def _a_dossier_erased_of_nobody(house: House) -> None:
    ADA.order(house, EraseDossier(CORA.person, "asked"))


@refused("dossier.unknown")
def _a_dossier_read_of_nobody(house: House) -> None:
    dossiers.read(house, CORA.person)


@refused("person.unknown-role")
def _a_role_that_is_none(house: House) -> None:
    ADA.order(house, GrantRole(BELA.person, "king"))


@refused("person.role-held")
def _a_role_that_is_held(house: House) -> None:
    ADA.order(house, GrantRole(BELA.person, "compliance"))


@refused("person.role-not-held")
def _a_role_that_is_not_held(house: House) -> None:
    ADA.order(house, WithdrawRole(BELA.person, "trader"))


@refused("person.administrators-too-few")
def _one_of_two_administrators(house: House) -> None:
    ADA.order(house, WithdrawRole(BELA.person, "administrator"))


@refused("person.not-permitted")
def _a_role_granted_by_a_trader(house: House) -> None:
    enrol(house, CORA, Role.TRADER)
    CORA.order(house, GrantRole(CORA.person, "administrator"))


@refused("person.not-permitted")
def _anothers_key_revoked_by_a_trader(house: House) -> None:
    enrol(house, CORA, Role.TRADER)
    CORA.order(house, RevokeKey(ADA.person, ADA.public, "lost"))


@refused("person.not-permitted")
def _an_erasure_approved_without_compliance(house: House) -> None:
    enrol(house, CORA, Role.ADMINISTRATOR)
    waiting = propose(house, EraseDossier(BELA.person, "asked"))
    approve(house, waiting, CORA)


@refused("person.not-permitted")
def _a_proposal_declined_by_a_trader(house: House) -> None:
    enrol(house, CORA, Role.TRADER)
    CORA.order(house, Decline(propose(house, GrantRole(BELA.person, "trader")).id, "no"))


@refused("proposal.unknown")
def _an_approval_of_nothing(house: House) -> None:
    BELA.order(house, Approve(NO_COMMAND, ""))


@refused("proposal.unknown")
def _an_approval_of_an_approval(house: House) -> None:
    taken = approve(house, propose(house, GrantRole(ADA.person, "auditor")))
    ADA.order(house, Approve(taken.id, ""))


@refused("proposal.unknown")
def _nothing_declined(house: House) -> None:
    BELA.order(house, Decline(NO_COMMAND, "no"))


@refused("proposal.own")
def _ones_own_proposal(house: House) -> None:
    approve(house, propose(house, GrantRole(ADA.person, "auditor")), ADA)


@refused("proposal.closed")
def _a_proposal_approved_twice(house: House) -> None:
    waiting = propose(house, GrantRole(ADA.person, "auditor"))
    for _ in range(2):
        approve(house, waiting)


@refused("proposal.closed")
def _a_proposal_declined_after_it_was_approved(house: House) -> None:
    waiting = propose(house, GrantRole(ADA.person, "auditor"))
    approve(house, waiting)
    ADA.order(house, Decline(waiting.id, "no"))


@refused("proposal.digest-differs")
def _a_proposal_approved_as_another(house: House) -> None:
    waiting = propose(house, GrantRole(ADA.person, "auditor"))
    other = propose(house, GrantRole(ADA.person, "supervisor"))
    BELA.order(house, Approve(waiting.id, other.command.digest))


def law_changed(house: House, action: Action) -> None:
    """Compliance proposes it, and a supervisor approves."""
    enrol(house, CORA, Role.SUPERVISOR)
    agree(house, action, BELA, CORA)


@refused("rulebook.unknown-version")
def _a_law_that_nobody_has(house: House) -> None:
    law_changed(house, ActivateRulebook("0" * 64, house.now()))


@refused("rulebook.activation-past")
def _a_law_for_what_is_over(house: House) -> None:
    law_changed(house, ActivateRulebook(house.rulebook.version, house.now() - timedelta(seconds=1)))


@refused("rulebook.activated-before")
def _a_law_that_is_in_force_from_then_already(house: House) -> None:
    law_changed(house, ActivateRulebook(house.rulebook.version, house.now()))


@refused("participant.unknown")
def _a_dealing_with_a_stranger(house: House) -> None:
    stranger = ParticipantId("HWUPKR0MPOU8FGXBT394")
    days = (house.today, house.today)
    law_changed(house, GrantDealing(stranger, "OFAC-SDN", "1", "Treasury", "0" * 64, *days))


def name(scenario: Scenario) -> str:
    return str(getattr(scenario, "__name__", "")).strip("_")


def play(house: House, code: str, scenario: Scenario) -> Refusal:
    """Play a scenario to its end, and answer how it was refused."""
    if code != BEFORE_FOUNDING:
        found_with_roles(house)
    with pytest.raises(Refusal) as caught:
        scenario(house)
    return caught.value


@pytest.mark.parametrize(
    ("code", "scenario"), REFUSED, ids=[f"{name(one)}: {code}" for code, one in REFUSED]
)
def test_what_cannot_be_is_refused(house: House, code: str, scenario: Scenario) -> None:
    assert play(house, code, scenario).code == code


def test_every_refusal_of_people_is_reached() -> None:
    """Those of releases are in test_release.py."""
    modules = {one.__name__ for one in (person, command, proposal, foundings, rules, activation)}
    defined = {one.code for one in every_code(Refusal) if one.__module__ in modules}

    assert len(defined) > 20
    assert {code for code, _ in REFUSED} == {*defined, UnknownParticipant.code}


def places(module: ModuleType) -> set[tuple[str, int]]:
    """The lines of a module that refuse."""
    path = Path(str(module.__file__))
    calls = [
        (node.exc.func, node.lineno)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    named = {one.__name__ for one in every_code(Refusal)}
    return {(path.name, line) for call, line in calls if ast.unparse(call) in named}


def test_every_place_that_refuses_is_reached(house: House) -> None:
    reached = set()
    began = house.now()
    for code, scenario in REFUSED:
        clock_of(house).at = began
        with house.db.transaction(force_rollback=True):
            refusal = play(house, code, scenario)
        steps = traceback.extract_tb(refusal.__traceback__)
        reached |= {(Path(step.filename).name, step.lineno) for step in steps}

    wanted = set().union(*map(places, (people, actions, dossiers)))
    assert len(wanted) > 15
    assert wanted <= reached


@pytest.mark.parametrize(
    "action",
    [
        GrantRole(cast("PersonId", "Ada"), "auditor"),
        RevokeKey(cast("PersonId", HOUSE), ADA.public, "lost"),
        replace(CORA.enrolled(), person=cast("PersonId", NO_COMMAND)),
        Approve(cast("CommandId", ADA.person), ""),
        Decline(cast("CommandId", ""), "no"),
    ],
)
def test_what_is_no_id_is_refused(founded: House, action: Action) -> None:
    with pytest.raises(IdMalformed):
        ADA.order(founded, action)


@pytest.mark.parametrize(
    "action",
    [
        CORA.enrolled(),  # without the dossier
        CORA.enrolled("?"),
        GrantRole(ADA.person, "king"),
        RevokeKey(ADA.person, BELA.public, "lost"),
        Approve(NO_COMMAND, ""),
    ],
)
def test_a_refusal_changes_nothing(founded: House, action: Action) -> None:
    """Neither the journal nor the keyring; and its command may come again."""
    head, keys = journal.head(founded.db), founded.keyring.subjects()
    order = ADA.command(founded, action)
    with pytest.raises(Refusal):
        people.submit(founded, order.encode(), ADA.sign(order))

    assert (journal.head(founded.db), founded.keyring.subjects()) == (head, keys)
    assert store.given(founded.db, order.id) is None
