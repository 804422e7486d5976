"""Actions: what each kind of command does once it may, and why it cannot."""

from datetime import datetime
from functools import singledispatch

from clearhouse.core import ids
from clearhouse.core.canonical import instant
from clearhouse.core.command import (
    AcceptEdition,
    Action,
    ActivateRulebook,
    AdmitParticipants,
    EnrolPerson,
    EnterRecords,
    EraseDossier,
    FileRecords,
    GiveUpBatch,
    GrantDealing,
    GrantRole,
    RegisterKey,
    ReleaseCycle,
    RevealRecords,
    RevokeKey,
    WithdrawRole,
)
from clearhouse.core.dossier import Dossier, DossierGone, DossierMalformed
from clearhouse.core.event import Event
from clearhouse.core.ids import CommandId, PersonId
from clearhouse.core.participant import (
    Dealing,
    DealingLicensed,
    UnknownParticipant,
    need_dealing,
    parse_lei,
)
from clearhouse.core.person import (
    AdministratorsTooFew,
    KeyRegistered,
    KeyRevoked,
    KeyRevokedBefore,
    KeyTaken,
    Person,
    PersonEnrolled,
    PersonKnown,
    Role,
    RoleGranted,
    RoleHeld,
    RoleNotHeld,
    RoleWithdrawn,
    UnknownKey,
    UnknownPerson,
    need_affiliation,
    need_key,
    need_role,
    proof,
    verify,
)
from clearhouse.core.record import Way
from clearhouse.core.registers import register_of
from clearhouse.core.rulebook.activation import (
    ActivatedBefore,
    ActivationPast,
    RulebookActivated,
)
from clearhouse.operations import admit, dossiers, records
from clearhouse.operations.adopt import accepting
from clearhouse.operations.give_up import giving_up
from clearhouse.operations.house import House
from clearhouse.operations.release import releasing
from clearhouse.operations.sheet import need_way
from clearhouse.store import dossiers as stored
from clearhouse.store import people as store
from clearhouse.store import registers

Facts = list[tuple[str, Event]]
ADMINISTRATORS_MIN = 2


@singledispatch
def done(action: Action, house: House, by: CommandId) -> Facts:
    """The facts that an action makes, in the caller's transaction.

    Args:
        action: What is ordered.
        house: Where.
        by: The command or the proposal that orders it.

    Raises:
        Refusal: It cannot be.
    """
    raise AssertionError(action, house, by)


@done.register
def _(action: EnrolPerson, house: House, by: CommandId) -> Facts:
    id = PersonId(ids.parse("per", action.person))
    need_affiliation(action.affiliation)
    if store.people(house.db, [id]):
        raise PersonKnown(f"{id} is enrolled", person=id)
    if (kept := stored.find(house.db, id)) is not None and kept.erased:
        raise DossierGone(f"what was known of {id} was erased: take a new id", person=id)
    _need_free(house, id, action.key, action.proof)
    return [
        (id, PersonEnrolled(id, action.affiliation, by)),
        (id, KeyRegistered(id, action.key, by)),
    ]


@done.register
def _(action: RegisterKey, house: House, by: CommandId) -> Facts:
    id = person(house, action.person).id
    _need_free(house, id, action.key, action.proof)
    return [(id, KeyRegistered(id, action.key, by))]


@done.register
def _(action: RevokeKey, house: House, by: CommandId) -> Facts:
    owner = person(house, action.person)
    if action.key not in owner.keys:
        raise UnknownKey(f"{action.key} is no key of {owner.id}", person=owner.id)
    if not owner.keys[action.key]:
        raise KeyRevokedBefore(f"{action.key} was revoked before", person=owner.id)
    return [(owner.id, KeyRevoked(owner.id, action.key, action.reason, by))]


@done.register
def _(action: GrantRole, house: House, by: CommandId) -> Facts:
    one, role = person(house, action.person), need_role(action.role)
    if role in one.roles:
        raise RoleHeld(f"{one.id} is {role} already", person=one.id)
    return [(one.id, RoleGranted(one.id, role, by))]


@done.register
def _(action: WithdrawRole, house: House, by: CommandId) -> Facts:
    one, role = person(house, action.person), need_role(action.role)
    if role not in one.roles:
        raise RoleNotHeld(f"{one.id} is not {role}", person=one.id)
    if role is Role.ADMINISTRATOR:
        _need_administrators(house, one.id)
    return [(one.id, RoleWithdrawn(one.id, role, by))]


@done.register
def _(action: ReleaseCycle, house: House, by: CommandId) -> Facts:
    return [(action.cycle, releasing(house, action, by))]


@done.register
def _(action: GiveUpBatch, house: House, by: CommandId) -> Facts:
    return [(action.cycle, giving_up(house, action, by))]


@done.register
def _(action: AcceptEdition, house: House, by: CommandId) -> Facts:
    return [(action.list_name, accepting(house, action, by))]


@done.register
def _(action: EraseDossier, house: House, by: CommandId) -> Facts:
    return [dossiers.erasure(house, action.subject, f"{action.reason} ({by})")]


@done.register
def _(action: ActivateRulebook, house: House, by: CommandId) -> Facts:
    house.laws.version(action.version)
    if action.active_from < house.now():
        detail = f"{instant(action.active_from)} is over: an activation does not look back"
        raise ActivationPast(detail, version=action.version)
    for one in registers.activations(house.db):
        if (one.version, one.active_from) == (action.version, action.active_from):
            raise ActivatedBefore(f"{one.version} is in force from {instant(one.active_from)}")
    founded = store.founded(house.db)
    assert founded is not None
    return [(founded[0], RulebookActivated(action.version, action.active_from, by))]


@done.register
def _(action: GrantDealing, house: House, by: CommandId) -> Facts:
    id = parse_lei(action.participant)
    if id not in registers.admitted(house.db, [id]):
        raise UnknownParticipant(f"{id} is not admitted", participant=id)
    granted = DealingLicensed(
        *(id, action.list_name, action.entity, action.authority, action.document),
        *(action.valid_from, action.valid_to, by),
    )
    dealing = Dealing(
        *(action.list_name, action.entity, action.authority, action.document),
        *(action.valid_from, action.valid_to, by),
    )
    need_dealing(dealing, house.today)
    return [(id, granted)]


@done.register
def _(action: EnterRecords, house: House, by: CommandId) -> Facts:
    return _records(action, Way.AGREED, house, by)


@done.register
def _(action: AdmitParticipants, house: House, by: CommandId) -> Facts:
    return admit.admitting(house, action, by)


@done.register
def _(action: FileRecords, house: House, by: CommandId) -> Facts:
    return _records(action, Way.FILED, house, by)


@done.register
def _(action: RevealRecords, house: House, _by: CommandId) -> Facts:
    register = register_of(action.register)
    if not action.reason.strip():
        raise records.ReasonMissing("say why it is read: that stays recorded")
    if action.key:
        records.history(house, register, action.key)
    return []  # that it was ordered is the fact


def _records(action: EnterRecords | FileRecords, way: Way, house: House, by: CommandId) -> Facts:
    register = register_of(action.register)
    need_way(register, way)
    several = records.proposed(house, register, action.digest)
    if len(several) != action.records:
        detail = f"there are {len(several)} records under this hash, not {action.records}"
        raise records.RecordsRefused(detail)
    return records.entering(house, register, several, by)


def person(house: House, id: str) -> Person:
    """Somebody who is enrolled.

    Raises:
        IdMalformed, UnknownPerson: Nobody is, under this id.
    """
    wanted = PersonId(ids.parse("per", id))
    found = store.people(house.db, [wanted])
    if wanted not in found:
        raise UnknownPerson(f"nobody is enrolled as {id}", person=id)
    return found[wanted]


def _need_free(house: House, id: PersonId, key: str, shown: str) -> None:
    """Check that a key is nobody's yet, and that its holder offers it for this person."""
    need_key(key)
    founded = store.founded(house.db)
    assert founded is not None
    verify(proof(founded[0], id, key), shown, key)
    if (owner := store.owner_of(house.db, key)) is not None:
        raise KeyTaken(f"{key} is {owner}'s", key=key)


def _need_administrators(house: House, without: PersonId) -> None:
    """Check that two administrators with a key that signs are left."""
    left = [
        one
        for one in store.people(house.db).values()
        if one.id != without and Role.ADMINISTRATOR in one.roles and any(one.keys.values())
    ]
    if len(left) < ADMINISTRATORS_MIN:
        detail = f"{len(left)} would be left: make another one first"
        raise AdministratorsTooFew(detail, person=without)


def keep_personal(house: House, action: Action, personal: Dossier | None, now: datetime) -> None:
    """Keep, encrypted, the dossier of who is to be enrolled.

    Raises:
        DossierMalformed: It is not the one that the command commits to.
        PersonKnown: Somebody is proposed under this id already.
    """
    if not isinstance(action, EnrolPerson):
        return
    if personal is None or personal.commitment != action.commitment:
        raise DossierMalformed("the dossier is not the one that the command commits to")
    if stored.find(house.db, action.person) is not None:
        raise PersonKnown(f"{action.person} is proposed already", person=action.person)
    dossiers.keep(house, action.person, personal, now)


def undone(house: House, action: Action) -> Facts:
    """The facts that take back what a proposal left, when it comes to nothing."""
    if isinstance(action, EnterRecords):
        return records.forgetting(house, action.register, action.digest)
    if not isinstance(action, EnrolPerson):
        return []
    kept = stored.find(house.db, action.person)
    if kept is None or kept.erased:  # two people erased it before
        return []
    return [dossiers.erasure(house, action.person, "not enrolled")]
