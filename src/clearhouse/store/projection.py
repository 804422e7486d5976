"""Projection: the tables are what the journal says.

An operation decides, and hands its facts to `record`: they are appended to the journal, and the
tables follow in the same transaction. Replaying the journal into an empty database takes the same
steps with the same functions, so it makes the same tables. The ledger alone writes its own entries
(`ledger.post`, `accounts.open_accounts`), since what it refuses depends on what it has. Where work
stopped, to go on there, is no fact and stands in no journal (`obligations.record_intake`).

Facts follow each other in runs: neighbours that go to one function are written together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import groupby

from psycopg import Connection

from clearhouse.core.adoption import EditionAccepted, ListAdopted, ListRefused
from clearhouse.core.books import BooksClosed
from clearhouse.core.canonical import instant
from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.command import CommandGiven
from clearhouse.core.dossier import DossierErased, DossierKept
from clearhouse.core.event import Event
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
from clearhouse.store import (
    accounts,
    cycles,
    differences,
    dossiers,
    editions,
    jobs,
    journal,
    ledger,
    obligations,
    people,
    rates,
    records,
    registers,
)
from clearhouse.store.bulk import batched
from clearhouse.store.journal import Entry, Written

Follower = Callable[[Connection, Sequence[Entry]], None]


def _nothing(db: Connection, entries: Sequence[Entry]) -> None:
    """What is told for its own sake moves no table."""


FOLLOWERS: Mapping[type[Event], Follower] = {
    DealingLicensed: registers.project,
    RulebookActivated: registers.project,
    FindingMade: registers.project,
    RecordEntered: records.project,
    ObligationProposed: obligations.project_terms,
    ObligationAffirmed: obligations.project_terms,
    GateDecided: obligations.project_terms,
    ObligationCleared: obligations.project_clearing,
    ValueDated: obligations.project_value_dates,
    RescissionAsked: obligations.project_rescissions,
    ObligationRescinded: obligations.project_rescissions,
    CycleScheduled: cycles.project_schedules,
    RateFixed: rates.project,
    VaultAddressGiven: cycles.project_addresses,
    VaultAddressUnasked: cycles.project_addresses,
    DifferenceFound: differences.project,
    DifferenceResolved: differences.project,
    CycleOpened: cycles.project_states,
    CycleFunded: cycles.project_states,
    BatchKept: cycles.project_states,
    BatchBroadcast: cycles.project_states,
    BatchConfirmed: cycles.project_states,
    BatchReorganised: cycles.project_states,
    CycleSettled: cycles.project_states,
    CycleReleased: cycles.project_states,
    CycleUnwound: cycles.project_unwinding,
    BatchGivenUp: cycles.project_unwinding,
    BatchWithdrawn: cycles.project_unwinding,
    PayInCalled: cycles.project_calls,
    PayInFinal: cycles.project_paid,
    PayInOverdue: cycles.project_overdue,
    PayOutPlanned: cycles.project_outs,
    ListAdopted: editions.project,
    ListRefused: editions.project,
    EditionAccepted: editions.project,
    AccountOpened: accounts.project,
    TransferRecorded: ledger.project,
    DossierKept: dossiers.project,
    DossierErased: dossiers.project,
    HouseFounded: people.project_people,
    PersonEnrolled: people.project_people,
    KeyRegistered: people.project_people,
    KeyRevoked: people.project_people,
    RoleGranted: people.project_people,
    RoleWithdrawn: people.project_people,
    CommandGiven: people.project_commands,
    ProposalMade: people.project_commands,
    ProposalApproved: people.project_commands,
    ProposalDeclined: people.project_commands,
    ProposalExpired: people.project_commands,
    CycleCleared: _nothing,
    PositionStruck: _nothing,
    BatchSigned: _nothing,
    SignatureAsked: _nothing,
    HeadAnchored: _nothing,
    CycleCertified: _nothing,
    ObligationHeldBack: _nothing,
    BooksClosed: _nothing,
}
FACTS_AT_ONCE = 50_000
BY_THE_LEDGER = frozenset({AccountOpened, TransferRecorded})


def record(
    db: Connection, facts: Iterable[tuple[str, Event]], occurred_at: datetime, recorded_at: datetime
) -> None:
    """Append facts to the journal and let the tables follow, in the caller's transaction.

    Many are written part by part, so that a cycle's millions need not be held at once; while the
    database takes one part in, another thread makes the next one ready.

    Args:
        facts: In order, each a subject's id and its event; what makes them asks no database.
        occurred_at: When it happened in the world.
        recorded_at: The house's clock now.
    """
    parts, happened = batched(facts, FACTS_AT_ONCE), instant(occurred_at)

    def ready() -> tuple[list[tuple[str, Event]], list[Written]]:
        part = next(parts, [])
        assert not any(type(event) in BY_THE_LEDGER for _, event in part), "it does it itself"
        return part, journal.written(part, happened)

    def take_in(part: Sequence[tuple[str, Event]], written: Sequence[Written]) -> None:
        jobs.wake(db)
        first = journal.write(db, written, recorded_at) - len(part) + 1
        project(
            db,
            (
                Entry(position, subject, event, occurred_at, recorded_at)
                for position, (subject, event) in enumerate(part, first)
            ),
        )

    part, written = ready()
    if len(part) < FACTS_AT_ONCE:
        if part:
            take_in(part, written)
        return
    with ThreadPoolExecutor(1) as ahead:
        while part:
            following = ahead.submit(ready)
            take_in(part, written)
            part, written = following.result()


def project(db: Connection, entries: Iterable[Entry]) -> None:
    """Let the tables follow entries that are in the journal, in the caller's transaction."""
    for follow, run in groupby(entries, key=lambda entry: FOLLOWERS[type(entry.event)]):
        follow(db, list(run))
