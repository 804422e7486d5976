"""`Event`: the closed union of everything the journal can hold.

An event is a fact in the past tense with its evidence, defined beside the decision that makes it.
Its body is canonical JSON. The union only grows: a new meaning is a new name, and names are never
reused.
"""

from collections.abc import Mapping
from typing import get_args

from clearhouse.core.adoption import EditionAccepted, ListAdopted, ListRefused
from clearhouse.core.books import BooksClosed
from clearhouse.core.canonical import Form, FormError
from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.command import CommandGiven
from clearhouse.core.dossier import DossierErased, DossierKept
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.founding import HouseFounded
from clearhouse.core.gate import FindingMade, GateDecided
from clearhouse.core.ledger import AccountOpened, TransferRecorded
from clearhouse.core.obligation import ObligationAffirmed, ObligationProposed
from clearhouse.core.participant import DealingLicensed
from clearhouse.core.person import (
    KeyRegistered,
    KeyRevoked,
    PersonEnrolled,
    RoleGranted,
    RoleWithdrawn,
)
from clearhouse.core.proposal import (
    ProposalApproved,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
)
from clearhouse.core.reconciliation import DifferenceFound, DifferenceResolved
from clearhouse.core.record import RecordEntered
from clearhouse.core.rescission import ObligationRescinded, RescissionAsked
from clearhouse.core.rulebook.activation import RulebookActivated
from clearhouse.core.schedule import CycleScheduled, ValueDated
from clearhouse.core.settlement import (
    BatchBroadcast,
    BatchConfirmed,
    BatchKept,
    BatchReorganised,
    BatchSigned,
    CycleCertified,
    CycleCleared,
    CycleFunded,
    CycleOpened,
    CycleReleased,
    CycleSettled,
    HeadAnchored,
    ObligationCleared,
    PayInCalled,
    PayInFinal,
    PayInOverdue,
    PayOutPlanned,
    PositionStruck,
    SignatureAsked,
    VaultAddressGiven,
    VaultAddressUnasked,
)
from clearhouse.core.unwinding import BatchGivenUp, BatchWithdrawn, CycleUnwound
from clearhouse.core.valuation import RateFixed

Event = (
    ObligationProposed
    | ObligationAffirmed
    | FindingMade
    | GateDecided
    | RateFixed
    | CycleCleared
    | ObligationCleared
    | PositionStruck
    | PayInCalled
    | PayInFinal
    | BatchSigned
    | BatchBroadcast
    | BatchConfirmed
    | BatchReorganised
    | CycleSettled
    | AccountOpened
    | TransferRecorded
    | VaultAddressGiven
    | CycleOpened
    | CycleFunded
    | PayOutPlanned
    | BatchKept
    | DossierKept
    | DossierErased
    | HouseFounded
    | PersonEnrolled
    | KeyRegistered
    | KeyRevoked
    | RoleGranted
    | RoleWithdrawn
    | CommandGiven
    | ProposalMade
    | ProposalApproved
    | ProposalDeclined
    | ProposalExpired
    | CycleReleased
    | PayInOverdue
    | VaultAddressUnasked
    | DifferenceFound
    | DifferenceResolved
    | SignatureAsked
    | HeadAnchored
    | CycleCertified
    | BooksClosed
    | RulebookActivated
    | DealingLicensed
    | RecordEntered
    | ValueDated
    | CycleScheduled
    | ObligationHeldBack
    | RescissionAsked
    | ObligationRescinded
    | CycleUnwound
    | BatchGivenUp
    | BatchWithdrawn
    | ListAdopted
    | ListRefused
    | EditionAccepted
)
KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


class EventMalformed(Refusal):
    """A journal entry is not of a kind, or not of the form, that this version knows."""

    code = "event.malformed"
    kind = Kind.MALFORMED


FORMS: Mapping[str, Form[Event]] = {name: Form(kind) for name, kind in KINDS.items()}


def encode(event: Event) -> str:
    """Write an event's body."""
    return FORMS[type(event).__name__].encode(event)


def decode(kind: str, body: str) -> Event:
    """Read an event back from its name and body.

    Raises:
        EventMalformed: The name is unknown, or the body is not the canonical one of what it says.
    """
    if kind not in FORMS:
        raise EventMalformed(f"{kind!r} is no kind of event")
    try:
        return FORMS[kind].decode(body)
    except FormError as trouble:
        raise EventMalformed(str(trouble)) from trouble
