"""`Exchange`: how far two providers have come about one transfer; nothing settles unauthorised.

    REQUESTED ──▶ AUTHORISED ──▶ SETTLED ──▶ REVERTED
        ├──▶ REJECTED ◀──┤
        └──▶ CANCELLED ◀─┘

    resolve     approved or rejected, by the beneficiary's house; an approval may be taken back by a
                rejection until coins have moved, a rejection by nothing
    confirm     the transaction, or that there will be none, by the originating house
    revert      the coins came back
    lapse       nobody answered, or nobody sent, by the deadline: cancelled

Both houses keep it by the same rules, so each knows what the other may say. The same thing said
again changes nothing; another thing in its place is refused. What comes after its deadline is
refused, too, the deadline itself being in time: a decision must not rest on what came too late.

That a transaction pays what was asked for is seen in its outputs, which are given: all that it pays
to the approved address is the amount, to the unit. Where payments were netted no transaction pays
one alone: then it is not looked for, and the clearing house's own books say what was paid by it.

Source: Transaction Authorization Protocol (TAIP-3 transfer, TAIP-4 authorize, settle, reject,
cancel, revert; the numbers from memory); OpenVASP, Travel Rule Protocol (see `trp`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.trp import (
    Acknowledgement,
    Approval,
    Cancellation,
    Confirmation,
    Ending,
    Rejection,
    Resolution,
)


class State(StrEnum):
    """How far an exchange has come."""

    REQUESTED = "requested"  # the inquiry was sent
    AUTHORISED = "authorised"  # and approved; coins may move
    SETTLED = "settled"  # the transaction is named, and pays what was asked for
    REJECTED = "rejected"  # by the beneficiary's house
    CANCELLED = "cancelled"  # by the originating house, or by a deadline
    REVERTED = "reverted"  # the coins came back


NEXT = {
    State.REQUESTED: {State.AUTHORISED, State.REJECTED, State.CANCELLED},
    State.AUTHORISED: {State.SETTLED, State.REJECTED, State.CANCELLED},
    State.SETTLED: {State.REVERTED},
    State.REJECTED: set[State](),
    State.CANCELLED: set[State](),
    State.REVERTED: set[State](),
}


class CameLate(Refusal):
    """What came about a transfer came after its deadline."""

    code = "travel-exchange.late"
    kind = Kind.FORBIDDEN


class NotAuthorised(Refusal):
    """A transfer is confirmed that nobody approved."""

    code = "travel-exchange.not-authorised"
    kind = Kind.FORBIDDEN


class WasRejected(Refusal):
    """A transfer was rejected, and nothing may follow."""

    code = "travel-exchange.rejected"
    kind = Kind.CONFLICT


class WasCancelled(Refusal):
    """A transfer was cancelled, or lapsed, and nothing may follow."""

    code = "travel-exchange.cancelled"
    kind = Kind.CONFLICT


class WasSettled(Refusal):
    """A transfer was confirmed already: it can be reverted, and nothing else."""

    code = "travel-exchange.settled"
    kind = Kind.CONFLICT


class WasReverted(Refusal):
    """A transfer's coins came back already, and nothing may follow."""

    code = "travel-exchange.reverted"
    kind = Kind.CONFLICT


class ApprovedOtherwise(Refusal):
    """A transfer was approved already, to another address or callback."""

    code = "travel-exchange.approved-otherwise"
    kind = Kind.CONFLICT


class ConfirmedOtherwise(Refusal):
    """A transfer was confirmed, or reverted, already, by another transaction."""

    code = "travel-exchange.confirmed-otherwise"
    kind = Kind.CONFLICT


class NotSettled(Refusal):
    """Coins are said to have come back that were never sent."""

    code = "travel-exchange.not-settled"
    kind = Kind.CONFLICT


class TransactionUnseen(Refusal):
    """A transfer is confirmed by a transaction that the chain does not show; ask again."""

    code = "travel-exchange.transaction-unseen"
    kind = Kind.UNAVAILABLE


class OutputElsewhere(Refusal):
    """A transfer is confirmed by a transaction that pays nothing to the approved address."""

    code = "travel-exchange.output-elsewhere"
    kind = Kind.CONFLICT


class AmountOther(Refusal):
    """A transfer is confirmed by a transaction that pays another amount."""

    code = "travel-exchange.amount-other"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Output:
    """What a transaction pays to an address, in the asset's smallest unit."""

    address: str
    units: int


# What a transaction pays, by its id; none if the chain does not show it.
Outputs = Callable[[str], Sequence[Output] | None]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Until when each step is in time, the instant itself included."""

    resolve_by: datetime
    confirm_by: datetime
    revert_by: datetime

    def __post_init__(self) -> None:
        assert self.resolve_by <= self.confirm_by <= self.revert_by


@dataclass(frozen=True, slots=True)
class Exchange:
    """Where two providers stand about a transfer.

    Attributes:
        identifier: Of the inquiry.
        units: How much, in the asset's smallest unit.
        deadlines: Until when each step is in time.
        state: How far it has come.
        approval: To which address, once it was approved; a later rejection leaves it.
        txid: The transaction, once it is settled.
        returned: The transaction by which the coins came back.
    """

    identifier: str
    units: int
    deadlines: Deadlines
    state: State = State.REQUESTED
    approval: Approval | None = None
    txid: str = ""
    returned: str = ""


def resolve(exchange: Exchange, resolution: Resolution, at: datetime) -> Exchange:
    """Take the beneficiary's house's answer; the same again changes nothing.

    Raises:
        WasRejected, WasCancelled, WasSettled, WasReverted: It is over.
        ApprovedOtherwise: It was approved to another address.
        CameLate: The answer came after its deadline; a rejection of what was approved has until
            the confirmation's.
    """
    match resolution:
        case Acknowledgement():
            _need_open(exchange)
            return exchange
        case Rejection():
            if exchange.state is State.REJECTED:
                return exchange
            _need_open(exchange)
            limits = exchange.deadlines
            approved = exchange.state is State.AUTHORISED
            _need_in_time(at, limits.confirm_by if approved else limits.resolve_by)
            return _moved(exchange, State.REJECTED)
        case Approval():
            return _approve(exchange, replace(resolution, unknown=()), at)


def confirm(exchange: Exchange, ending: Ending, at: datetime, outputs: Outputs | None) -> Exchange:
    """Take the originating house's transaction, or that there is none; the same again is the same.

    Args:
        outputs: None where the payment was netted with others.

    Raises:
        WasRejected, WasCancelled, WasSettled, WasReverted: It is over.
        NotAuthorised: Nobody has approved it.
        ConfirmedOtherwise: Another transaction was named.
        CameLate: It came after its deadline.
        TransactionUnseen, OutputElsewhere, AmountOther: The transaction does not pay it.
    """
    match ending:
        case Cancellation():
            if exchange.state is State.CANCELLED:
                return exchange
            _need_open(exchange)
            _need_in_time(at, exchange.deadlines.confirm_by)
            return _moved(exchange, State.CANCELLED)
        case Confirmation(txid):
            if exchange.state is State.SETTLED:
                if exchange.txid != txid:
                    raise ConfirmedOtherwise("another transaction was named before")
                return exchange
            _need_open(exchange)
            if exchange.approval is None:
                raise NotAuthorised("coins move once the beneficiary's house has approved")
            _need_in_time(at, exchange.deadlines.confirm_by)
            if outputs is not None:
                _need_paid(exchange.units, exchange.approval.address, outputs(txid))
            return replace(_moved(exchange, State.SETTLED), txid=txid)


def revert(exchange: Exchange, txid: str, at: datetime) -> Exchange:
    """Take that the coins came back, by a transaction; the same again changes nothing.

    Raises:
        NotSettled: They were never sent.
        ConfirmedOtherwise: Another transaction was named.
        CameLate: It came after its deadline.
    """
    if exchange.state is State.REVERTED:
        if exchange.returned != txid:
            raise ConfirmedOtherwise("another transaction was named before")
        return exchange
    if exchange.state is not State.SETTLED:
        raise NotSettled(f"it is {exchange.state}")
    _need_in_time(at, exchange.deadlines.revert_by)
    return replace(_moved(exchange, State.REVERTED), returned=txid)


def lapse(exchange: Exchange, at: datetime) -> Exchange:
    """Cancel what nobody answered, or nobody sent, by its deadline; else nothing changes."""
    limits = exchange.deadlines
    match exchange.state:
        case State.REQUESTED if at > limits.resolve_by:
            return _moved(exchange, State.CANCELLED)
        case State.AUTHORISED if at > limits.confirm_by:
            return _moved(exchange, State.CANCELLED)
        case _:
            return exchange


def _approve(exchange: Exchange, approval: Approval, at: datetime) -> Exchange:
    if exchange.state is State.AUTHORISED:
        if exchange.approval != approval:
            raise ApprovedOtherwise("another address or callback was approved before")
        return exchange
    _need_open(exchange)
    _need_in_time(at, exchange.deadlines.resolve_by)
    return replace(_moved(exchange, State.AUTHORISED), approval=approval)


def _moved(exchange: Exchange, state: State) -> Exchange:
    assert state in NEXT[exchange.state]
    return replace(exchange, state=state)


def _need_open(exchange: Exchange) -> None:
    match exchange.state:
        case State.REJECTED:
            raise WasRejected("the beneficiary's house rejected it")
        case State.CANCELLED:
            raise WasCancelled("the originating house cancelled it, or a deadline passed")
        case State.SETTLED:
            raise WasSettled("its transaction was named")
        case State.REVERTED:
            raise WasReverted("its coins came back")
        case State.REQUESTED | State.AUTHORISED:
            pass


def _need_in_time(at: datetime, by: datetime) -> None:
    if at > by:
        raise CameLate(f"it was due by {by.isoformat()}", by=by.isoformat())


def _need_paid(units: int, address: str, outputs: Sequence[Output] | None) -> None:
    if outputs is None:
        raise TransactionUnseen("the chain does not show it yet")
    paid = [one.units for one in outputs if one.address == address]
    if not paid:
        raise OutputElsewhere("it pays nothing to the approved address")
    if sum(paid) != units:
        raise AmountOther(f"it pays {sum(paid)} units, of {units}")
