"""Proposals: what needs two people, and who may order and approve what.

Some actions take effect at once. The others make a *proposal*: it waits until another person
approves it, by a command of their own that names the SHA-256 of the very bytes that the first one
signed. It can be declined, also by its maker, and it expires. A proposal is known by the id of its
command.

    WAITING ──▶ APPROVED    by another person, with a role that may; then it takes effect
       ├──────▶ DECLINED
       └──────▶ EXPIRED

`PERMITTED` is the one table of who may do what.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from clearhouse.core.command import (
    AcceptEdition,
    Action,
    ActivateRulebook,
    AdmitParticipants,
    Approve,
    Command,
    Decline,
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
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import CommandId, PersonId
from clearhouse.core.person import NotPermitted, Person, Role

PROPOSAL_LIFE = timedelta(days=7)


class UnknownProposal(Refusal):
    """There is no such proposal."""

    code = "proposal.unknown"
    kind = Kind.UNKNOWN


class ProposalClosed(Refusal):
    """The proposal was approved or declined, or its time is over."""

    code = "proposal.closed"
    kind = Kind.CONFLICT


class OwnProposal(Refusal):
    """What needs two people is approved by another person than its maker."""

    code = "proposal.own"
    kind = Kind.FORBIDDEN


class DigestDiffers(Refusal):
    """What is approved is not what was proposed."""

    code = "proposal.digest-differs"
    kind = Kind.CONFLICT


class ProposalState(StrEnum):
    """How far a proposal has come."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"


NEXT = {
    ProposalState.WAITING: {
        ProposalState.APPROVED,
        ProposalState.DECLINED,
        ProposalState.EXPIRED,
    },
    ProposalState.APPROVED: set[ProposalState](),
    ProposalState.DECLINED: set[ProposalState](),
    ProposalState.EXPIRED: set[ProposalState](),
}


ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
LAWYERS = frozenset({Role.COMPLIANCE, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may order an action, and who may approve it; without approvers it needs one person."""

    makers: frozenset[Role]
    approvers: frozenset[Role] = frozenset()


PERMITTED: Mapping[type[Action], Permission] = {
    EnrolPerson: Permission(ADMINISTRATORS, ADMINISTRATORS),
    RegisterKey: Permission(ADMINISTRATORS, ADMINISTRATORS),
    RevokeKey: Permission(ADMINISTRATORS),
    GrantRole: Permission(ADMINISTRATORS, ADMINISTRATORS),
    WithdrawRole: Permission(ADMINISTRATORS, ADMINISTRATORS),
    ReleaseCycle: Permission(
        frozenset({Role.OPERATOR}), frozenset({Role.OPERATOR, Role.COMPLIANCE})
    ),
    GiveUpBatch: Permission(
        frozenset({Role.OPERATOR}), frozenset({Role.OPERATOR, Role.COMPLIANCE})
    ),
    AcceptEdition: Permission(frozenset({Role.COMPLIANCE}), LAWYERS),
    EraseDossier: Permission(ADMINISTRATORS, frozenset({Role.COMPLIANCE})),
    ActivateRulebook: Permission(frozenset({Role.COMPLIANCE}), LAWYERS),
    GrantDealing: Permission(frozenset({Role.COMPLIANCE}), LAWYERS),
    EnterRecords: Permission(frozenset({Role.COMPLIANCE}), LAWYERS),
    AdmitParticipants: Permission(frozenset({Role.COMPLIANCE}), LAWYERS),
    FileRecords: Permission(frozenset({Role.COMPLIANCE, Role.TRADER})),
    RevealRecords: Permission(frozenset({Role.COMPLIANCE, Role.SUPERVISOR, Role.AUDITOR})),
    # These follow what is approved or declined: `need_approver` and `need_decliner` look there.
    Approve: Permission(frozenset(Role)),
    Decline: Permission(frozenset(Role)),
}


@dataclass(frozen=True, slots=True)
class ProposalMade:
    """What needs two people waits for the second."""

    proposal: CommandId
    person: PersonId
    digest: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ProposalApproved:
    """Another person agreed; what was proposed takes effect."""

    proposal: CommandId
    person: PersonId
    digest: str
    command: CommandId  # by which they agreed


@dataclass(frozen=True, slots=True)
class ProposalDeclined:
    """A proposal takes no effect."""

    proposal: CommandId
    person: PersonId
    reason: str
    command: CommandId


@dataclass(frozen=True, slots=True)
class ProposalExpired:
    """Nobody approved a proposal in time."""

    proposal: CommandId


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as it stands, with the command that made it."""

    command: Command
    state: ProposalState
    expires_at: datetime

    @property
    def id(self) -> CommandId:
        """The id of its command."""
        return self.command.id


def need_maker(person: Person, action: Action) -> None:
    """Check that a person may order an action.

    Raises:
        NotPermitted: None of their roles permits it.
    """
    if isinstance(action, RevokeKey) and action.person == person.id:
        return  # whoever lost a key must not wait for anybody
    _need(person, PERMITTED[type(action)].makers, f"order {type(action).__name__}")


def need_approver(person: Person, proposal: Proposal, digest: str, now: datetime) -> None:
    """Check that a person may approve a proposal, and approves what was proposed.

    Raises:
        OwnProposal: They made it.
        NotPermitted: None of their roles permits it.
        ProposalClosed: It does not wait any more.
        DigestDiffers: They approve other bytes.
    """
    what = type(proposal.command.action)
    if proposal.command.person == person.id:
        raise OwnProposal(f"{proposal.id} is your own: another person approves it")
    _need(person, PERMITTED[what].approvers, f"approve {what.__name__}")
    need_waiting(proposal, now)
    if digest != proposal.command.digest:
        raise DigestDiffers(f"{proposal.id} has the digest {proposal.command.digest}")


def need_decliner(person: Person, proposal: Proposal, now: datetime) -> None:
    """Check that a person may decline a proposal: its maker, and whoever might approve it.

    Raises:
        NotPermitted, ProposalClosed: As `need_approver`.
    """
    what = type(proposal.command.action)
    if proposal.command.person != person.id:
        _need(person, PERMITTED[what].approvers, f"decline {what.__name__}")
    need_waiting(proposal, now)


def need_waiting(proposal: Proposal, now: datetime) -> None:
    """Check that a proposal still waits.

    Raises:
        ProposalClosed: It does not.
    """
    if proposal.state is not ProposalState.WAITING:
        raise ProposalClosed(f"{proposal.id} is {proposal.state}")
    if proposal.expires_at <= now:
        raise ProposalClosed(f"{proposal.id} expired at {proposal.expires_at:%Y-%m-%d %H:%M} UTC")


def _need(person: Person, roles: frozenset[Role], what: str) -> None:
    if not person.roles & roles:
        held = ", ".join(sorted(person.roles)) or "no role"
        detail = f"{person.id} has {held}; to {what} takes {', '.join(sorted(roles))}"
        raise NotPermitted(detail, person=person.id)
