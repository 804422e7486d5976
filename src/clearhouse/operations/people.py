"""People order by signed commands; what needs two of them waits for the second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clearhouse.core import command as commands
from clearhouse.core import founding as foundings
from clearhouse.core import ids
from clearhouse.core.command import (
    Approve,
    Command,
    CommandDiffers,
    CommandElsewhere,
    CommandGiven,
    Decline,
    FileRecords,
)
from clearhouse.core.dossier import Dossier, DossierMalformed
from clearhouse.core.founding import (
    FoundedBefore,
    Founding,
    FoundingMalformed,
    HouseFounded,
    NotFounded,
)
from clearhouse.core.ids import CommandId
from clearhouse.core.person import (
    KeyMalformed,
    KeyRegistered,
    KeyRevokedBefore,
    Person,
    PersonEnrolled,
    Role,
    RoleGranted,
    SignatureWrong,
    UnknownKey,
    verify,
)
from clearhouse.core.proposal import (
    PERMITTED,
    PROPOSAL_LIFE,
    Proposal,
    ProposalApproved,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalState,
    UnknownProposal,
    need_approver,
    need_decliner,
    need_maker,
)
from clearhouse.core.rulebook.activation import RulebookActivated
from clearhouse.operations import dossiers, records
from clearhouse.operations.actions import Facts, done, keep_personal, person, undone
from clearhouse.operations.house import House
from clearhouse.store import jobs, journal
from clearhouse.store import people as store
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Taken:
    """A command that was taken; if it proposes something, how that stands."""

    id: CommandId
    again: bool  # it was taken before, and nothing was done now
    proposal: Proposal | None


def found(
    house: House, text: str, signatures: Mapping[str, str], personal: Sequence[Dossier]
) -> Founding:
    """Begin a house with the two people who signed its founding document.

    Args:
        text: The document, as both signed it.
        signatures: By key.
        personal: The founders' dossiers, in their order.

    Raises:
        FoundingMalformed, KeyMalformed, SignatureWrong, DossierMalformed: Of what was handed in.
        FoundedBefore: By another document.
    """
    founding = foundings.parse(text)
    signed = foundings.verify_founding(founding, signatures)
    committed = [one.commitment for one in founding.founders]
    if [one.commitment for one in personal] != committed:
        raise DossierMalformed("the dossiers are not those that the founding commits to")
    now = house.now()
    with house.db.transaction():
        journal.lock(house.db)
        before = store.founded(house.db)
        if before == (founding.house, text):
            return founding
        if before is not None:
            raise FoundedBefore(f"it is {before[0]}, founded by another document")
        facts: Facts = [(founding.house, HouseFounded(text, signed))]
        for one in founding.founders:
            facts += [
                (one.person, PersonEnrolled(one.person, one.affiliation, "")),
                (one.person, KeyRegistered(one.person, one.key, "")),
                (one.person, RoleGranted(one.person, Role.ADMINISTRATOR, "")),
            ]
        # From here on the law changes by two people alone, whatever becomes of the folder.
        law = house.laws.first
        house.laws.keep(law)
        facts.append((founding.house, RulebookActivated(law.version, now, "")))
        record(house.db, facts, now, now)
        for one, dossier in zip(founding.founders, personal, strict=True):
            dossiers.keep(house, one.person, dossier, now)
    return founding


def submit(house: House, text: str, signature: str, personal: Dossier | None = None) -> Taken:
    """Take a command: do what it orders, or let it wait for the second person.

    Handed in again it is answered again, and done once.

    Args:
        text: The command as it was signed.
        signature: The maker's, 128 hexadecimal digits.
        personal: The new person's dossier, with a command that enrols one.

    Raises:
        CommandMalformed, CommandElsewhere, CommandStale, CommandDiffers: Of the command.
        UnknownPerson, UnknownKey, KeyRevokedBefore, SignatureWrong, NotPermitted: Of its maker.
        Refusal: What it orders cannot be.
    """
    command = commands.parse(text)
    with house.db.transaction():
        journal.lock(house.db)
        if (before := store.given(house.db, command.id)) is not None:
            if (before.command, before.signature) != (command, signature):
                detail = f"{command.id} was taken with other words or another signature"
                raise CommandDiffers(detail, command=command.id)
            return Taken(command.id, True, store.proposal(house.db, command.id))
        now = house.now()
        maker = _authenticated(house, command, text, signature)
        commands.need_fresh(command, now)
        need_maker(maker, command.action)
        effects = _effects(house, maker, command, now)
        facts: Facts = [(command.id, CommandGiven(text, signature))]
        if PERMITTED[type(command.action)].approvers:
            expires_at = now + PROPOSAL_LIFE
            made = ProposalMade(command.id, maker.id, command.digest, expires_at)
            record(house.db, [*facts, (command.id, made)], now, now)
            keep_personal(house, command.action, personal, now)
        else:
            record(house.db, [*facts, *effects], now, now)
        if isinstance(command.action, Approve):
            jobs.hasten(house.db, now)  # a release may be what somebody waited for
        answer = Taken(command.id, False, store.proposal(house.db, command.id))
    dossiers.erase_keys(house)
    return answer


def _authenticated(house: House, command: Command, text: str, signature: str) -> Person:
    """Check that a command is for this house, and signed by who it says with a live key."""
    founded = store.founded(house.db)
    if founded is None:
        raise NotFounded("two people found it first: see the guide to people and keys")
    if command.house != founded[0]:
        raise CommandElsewhere(f"this is {founded[0]}, not {command.house}")
    maker = person(house, command.person)
    if command.key not in maker.keys:
        raise UnknownKey(f"{command.key} is no key of {maker.id}", person=maker.id)
    if not maker.keys[command.key]:
        raise KeyRevokedBefore(f"{command.key} was revoked", person=maker.id)
    verify(text.encode(), signature, command.key)
    return maker


def _effects(house: House, maker: Person, command: Command, now: datetime) -> Facts:
    """What a command does at once, or, once approved, what was proposed does."""
    match command.action:
        case Approve(proposal=id, digest=digest):
            proposal = _proposal(house, id)
            need_approver(maker, proposal, digest, now)
            proposed = proposal.command
            before = person(house, proposed.person)
            need_maker(before, proposed.action)  # still
            if not before.keys[proposed.key]:
                detail = f"the key that signed {proposal.id} was revoked: propose it anew"
                raise KeyRevokedBefore(detail, person=before.id)
            approved = ProposalApproved(proposal.id, maker.id, digest, command.id)
            return [(proposal.id, approved), *done(proposed.action, house, proposal.id)]
        case Decline(proposal=id, reason=reason):
            proposal = _proposal(house, id)
            need_decliner(maker, proposal, now)
            declined = ProposalDeclined(proposal.id, maker.id, reason, command.id)
            return [(proposal.id, declined), *undone(house, proposal.command.action)]
        case FileRecords() as action:
            records.need_own(house, maker, action)
            return done(action, house, command.id)
        case action:
            return done(action, house, command.id)


def _proposal(house: House, id: str) -> Proposal:
    found = store.proposal(house.db, CommandId(ids.parse("cmd", id)))
    if found is None:
        raise UnknownProposal(f"there is no {id}", proposal=id)
    return found


def expire(house: House) -> int:
    """Let proposals expire whose time is over; answers how many."""
    now = house.now()
    with house.db.transaction():
        journal.lock(house.db)
        over = store.proposals(house.db, ProposalState.WAITING, until=now)
        facts: Facts = []
        for one in over:
            facts += [(one.id, ProposalExpired(one.id)), *undone(house, one.command.action)]
        record(house.db, facts, now, now)
    dossiers.erase_keys(house)
    return len(over)


@dataclass(frozen=True, slots=True)
class Verified:
    """How many signatures there are, and what is wrong with which."""

    count: int
    wrong: dict[str, str]  # by id of the command, or of the house for its founding


def verify_signatures(house: House) -> Verified:
    """Verify every signature that was ever taken, each with the key it had then."""
    wrong: dict[str, str] = {}
    with house.db.transaction():
        founding = store.founding(house.db)
        signed = store.signed(house.db)
        if founding:
            house_id, text, signatures = founding
            try:
                parsed = foundings.parse(text)
                keys = [one.key for one in parsed.founders]
                # One signature too few is one that is wrong.
                foundings.verify_founding(parsed, dict(zip(keys, signatures, strict=False)))
            except (FoundingMalformed, KeyMalformed, SignatureWrong) as trouble:
                wrong[house_id] = trouble.detail
        for one in signed:
            try:
                verify(one.content.encode(), one.signature, one.key)
            except (SignatureWrong, KeyMalformed) as trouble:
                wrong[one.id] = trouble.detail
            if not one.registered_at < one.position < (one.revoked_at or one.position + 1):
                wrong[one.id] = f"{one.key} was not registered then, or revoked"
    return Verified(len(signed) + (foundings.FOUNDERS if founding else 0), wrong)
