"""Desk: the books while a batch is evaluated; what may be done is done to them at once.

Guards, one for each refusal, in the order of `refusals.PRECEDENCE`; then the change. The first
half of the guards looks at the transfer and what it names, the second at the balances before it.

Reserved units count against the overdraft as if they had gone: an account can spend its balance
minus what is pending from it, never what is pending to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import TransferId
from clearhouse.core.ledger.chart import CHART, AccountId
from clearhouse.core.ledger.refusals import (
    AlreadyExpired,
    AlreadyPosted,
    AlreadyReversed,
    AlreadyVoided,
    AssetMismatch,
    BalanceTooLarge,
    ExceedsPending,
    ExpiryPassed,
    FollowerDiffers,
    GroupDiffers,
    GroupRefused,
    InsufficientFunds,
    NotExpired,
    NotPending,
    NotReversible,
    SameAccount,
    TransferDiffers,
    UnitsNotPositive,
    UnitsTooLarge,
    UnknownAccount,
    UnknownTransfer,
)
from clearhouse.core.ledger.transfer import (
    MOVING,
    UNITS_MAX,
    Entry,
    Phase,
    Posted,
    Recorded,
    Standing,
    Transfer,
)

FLOOR: dict[str, int] = {kind: rules.balance_min for kind, rules in CHART.items()}
CEILING: dict[str, int] = {kind: rules.balance_max for kind, rules in CHART.items()}
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What posting a batch comes to."""

    outcomes: list[Posted | Refusal]  # one for each transfer, in order
    new: list[Entry]  # to be written, in order
    moved: dict[AccountId, Standing]  # the accounts that changed, as they stand afterwards
    recorded_at: datetime  # of what is new


class Live:
    """An account while a batch is evaluated."""

    __slots__ = ("asset", "balance", "ceiling", "coming", "entries", "floor", "going", "lag_us")

    def __init__(self, standing: Standing) -> None:
        _, kind, self.asset, self.balance, self.going, self.coming, self.entries, self.lag_us, _ = (
            standing
        )
        self.floor, self.ceiling = FLOOR[kind], CEILING[kind]

    def state(self) -> tuple[int, int, int, int, int]:
        """What changes of it."""
        return self.balance, self.going, self.coming, self.entries, self.lag_us

    def back(self, state: tuple[int, int, int, int, int]) -> None:
        """Be as it was."""
        self.balance, self.going, self.coming, self.entries, self.lag_us = state


class Desk:
    """The books while a batch is evaluated."""

    def __init__(
        self,
        standings: Mapping[AccountId, Standing],
        recorded: Mapping[TransferId, Recorded],
        now: datetime,
    ) -> None:
        self.standings = standings
        self.live = {id: Live(standing) for id, standing in standings.items()}
        self.recorded = recorded
        self.new: dict[TransferId, Entry] = {}
        self.followed: dict[TransferId, Phase] = {}
        self.groups: dict[str, set[TransferId]] = {}
        for id, (transfer, _, followed) in recorded.items():
            if transfer.group is not None:
                self.groups.setdefault(transfer.group, set()).add(id)
            if followed is not None:
                self.followed[id] = followed
        self.outcomes: list[Posted | Refusal] = []
        self.now = now

    def take(self, transfer: Transfer, rank: int | None) -> Posted | Refusal:
        """Post one transfer, or say why not."""
        id = transfer.id
        if id in self.new:
            before, at = self.new[id].transfer, self.now
        elif id in self.recorded:
            before, at, _ = self.recorded[id]
        else:
            refusal = self._refused(transfer)
            if refusal is not None:
                return refusal
            self.new[id] = self.apply(transfer, rank)
            return Posted(id, self.now, again=False)
        if before == transfer:
            return Posted(id, at, again=True)
        return _differs(before, transfer)

    def take_group(self, group: str, batch: Sequence[Transfer]) -> list[Posted | Refusal]:
        """Post all of `batch`, or nothing of it."""
        ids = {transfer.id for transfer in batch}
        if self.groups.get(group, ids) != ids:
            about = f"{group} was posted with other transfers"
            return [GroupDiffers(about, transfer=one.id, group=group) for one in batch]
        sides = {side for one in batch for side in (one.debit, one.credit)}
        before = {side: self.live[side].state() for side in sides if side in self.live}
        followed, new = dict(self.followed), len(self.new)
        outcomes: list[Posted | Refusal] = []
        for transfer in batch:
            # What stands there twice is posted once: a rank is among those that are.
            outcome = self.take(transfer, len(self.new) - new)
            outcomes.append(outcome)
            if isinstance(outcome, Refusal):
                break
        else:
            self.groups[group] = ids
            return outcomes

        # Take it all back.
        at_fault = len(outcomes) - 1
        for side, state in before.items():
            self.live[side].back(state)
        self.followed = followed
        while len(self.new) > new:
            self.new.popitem()
        why = f"{batch[at_fault].id} of the same group: {outcomes[at_fault]}"
        return [
            outcomes[at_fault]
            if number == at_fault
            else GroupRefused(why, transfer=one.id, group=group)
            for number, one in enumerate(batch)
        ]

    def apply(self, transfer: Transfer, rank: int | None) -> Entry:
        """Change the books by a transfer that may be."""
        phase, units = transfer.phase, transfer.units
        debit, credit = self.live[transfer.debit], self.live[transfer.credit]
        if phase is not Phase.SINGLE:
            if phase is Phase.PENDING:
                debit.going += units
                credit.coming += units
                return Entry(transfer, rank=rank)
            assert transfer.follows is not None
            self.followed[transfer.follows] = phase
            if phase is not Phase.REVERSE:
                before = self._find(transfer.follows)
                assert before is not None
                debit.going -= before.units
                credit.coming -= before.units
            if phase not in MOVING:
                return Entry(transfer, rank=rank)
        lag_us = abs(self.now - transfer.occurred_at) // MICROSECOND
        debit.balance -= units
        debit.entries += 1
        credit.balance += units
        credit.entries += 1
        if lag_us:
            debit.lag_us = max(debit.lag_us, lag_us)
            credit.lag_us = max(credit.lag_us, lag_us)
        return Entry(transfer, debit.entries, debit.balance, credit.entries, credit.balance, rank)

    def _find(self, id: TransferId) -> Transfer | None:
        """A transfer of this batch or of an earlier one."""
        if (entry := self.new.get(id)) is not None:
            return entry.transfer
        recorded = self.recorded.get(id)
        return recorded.transfer if recorded else None

    def close(self) -> Evaluation:
        """Sum up; nothing was made or lost."""
        moved = {}
        made = reserved = 0
        for id, live in self.live.items():
            was = self.standings[id]
            at = was.moved_at
            if live.entries != was.entries:
                at = self.now
            elif (live.going, live.coming) == (was.debits_pending, was.credits_pending):
                continue
            moved[id] = Standing(*was[:3], *live.state(), at)
            made += live.balance - was.balance
            reserved += live.going - was.debits_pending
            reserved -= live.coming - was.credits_pending
        assert made == reserved == 0
        return Evaluation(self.outcomes, list(self.new.values()), moved, self.now)

    def _refused(  # noqa: C901, PLR0911, PLR0912 - guards, one for each refusal, in their order
        self, transfer: Transfer
    ) -> Refusal | None:
        """The first reason not to post a new transfer; None if there is none."""
        units, phase = transfer.units, transfer.phase
        if units <= 0:
            return UnitsNotPositive(f"{units}: units are above zero", transfer=transfer.id)
        if units > UNITS_MAX:
            return UnitsTooLarge("more than 2**256 - 1 units", transfer=transfer.id)
        if transfer.debit == transfer.credit:
            about = f"{transfer.debit} on both sides"
            return SameAccount(about, account=transfer.debit, transfer=transfer.id)
        debit, credit = self.live.get(transfer.debit), self.live.get(transfer.credit)
        if debit is None:
            return _unknown(transfer.debit, transfer)
        if credit is None:
            return _unknown(transfer.credit, transfer)
        if debit.asset != transfer.asset:
            return _mismatch(transfer.debit, debit.asset, transfer)
        if credit.asset != transfer.asset:
            return _mismatch(transfer.credit, credit.asset, transfer)
        if phase is not Phase.SINGLE:
            if transfer.expires_at is not None and transfer.expires_at <= self.now:
                about = f"it would expire at {transfer.expires_at}, and it is {self.now}"
                return ExpiryPassed(about, transfer=transfer.id)
            if transfer.follows is not None:
                refusal = self._cannot_follow(transfer)
                if refusal is not None or phase is not Phase.REVERSE:
                    return refusal  # what was reserved is there

        # What cannot be said of the transfer alone, but of the balances before it.
        if debit.balance - debit.going - units < debit.floor:
            if debit.floor == 0:
                return self._insufficient(transfer.debit, debit.balance - debit.going, transfer)
            return BalanceTooLarge("below -10**78", account=transfer.debit, transfer=transfer.id)
        if credit.balance + credit.coming + units > credit.ceiling:
            if credit.ceiling == 0:
                return self._insufficient(transfer.credit, credit.balance + credit.coming, transfer)
            return BalanceTooLarge("above 10**78", account=transfer.credit, transfer=transfer.id)
        return None

    def _cannot_follow(  # noqa: C901, PLR0911, PLR0912 - guards, one for each refusal, in their order
        self, transfer: Transfer
    ) -> Refusal | None:
        """The first reason why `transfer` cannot follow; None if there is none."""
        about = {"transfer": transfer.id, "follows": str(transfer.follows)}
        before = self._find(transfer.follows) if transfer.follows else None
        if before is None:
            return UnknownTransfer(f"{transfer.follows} was never posted", **about)
        reverse = transfer.phase is Phase.REVERSE
        if not reverse and before.phase is not Phase.PENDING:
            return NotPending(f"{before.id} is {before.phase}, not pending", **about)
        if reverse and before.phase not in {Phase.SINGLE, Phase.POST}:
            return NotReversible(f"{before.id} is {before.phase}", **about)
        sides = (before.credit, before.debit) if reverse else (before.debit, before.credit)
        if (transfer.debit, transfer.credit, transfer.asset) != (*sides, before.asset):
            return FollowerDiffers(f"other accounts than {before.id} asks for", **about)
        if transfer.phase is not Phase.POST and transfer.units != before.units:
            return FollowerDiffers(f"{transfer.units} units, and {before.units} before", **about)
        if transfer.units > before.units:
            return ExceedsPending(f"{transfer.units} units of {before.units} pending", **about)
        match self.followed.get(before.id):
            case Phase.POST:
                return AlreadyPosted(f"{before.id} was posted", **about)
            case Phase.VOID:
                return AlreadyVoided(f"{before.id} was voided", **about)
            case Phase.EXPIRE:
                return AlreadyExpired(f"{before.id} expired at {before.expires_at}", **about)
            case Phase.REVERSE:
                return AlreadyReversed(f"{before.id} was reversed", **about)
            case followed:
                assert followed is None
        if before.expires_at is not None:
            over = before.expires_at <= self.now
            if over and transfer.phase is not Phase.EXPIRE:
                return AlreadyExpired(f"{before.id} expired at {before.expires_at}", **about)
            if not over and transfer.phase is Phase.EXPIRE:
                return NotExpired(f"{before.id} expires at {before.expires_at}", **about)
        return None

    def _insufficient(
        self, account: AccountId, balance: int, transfer: Transfer
    ) -> InsufficientFunds:
        """Say who has too little."""
        _, kind, asset, *_ = self.standings[account]
        return InsufficientFunds(
            f"{account} ({kind}) has {abs(balance)} units of {asset}, "
            f"{transfer.code} takes {transfer.units}",
            transfer=transfer.id,
            account=account,
            available=str(abs(balance)),
            units=str(transfer.units),
        )


def _unknown(account: AccountId, transfer: Transfer) -> UnknownAccount:
    return UnknownAccount(f"{account} is not open", account=account, transfer=transfer.id)


def _mismatch(account: AccountId, asset: str, transfer: Transfer) -> AssetMismatch:
    about = f"{transfer.asset}, but the account is of {asset}"
    return AssetMismatch(about, account=account, transfer=transfer.id)


def _differs(before: Transfer, transfer: Transfer) -> TransferDiffers:
    """Say in which fields the second use of an id differs from the first."""
    fields = [
        name for name in Transfer.__slots__ if getattr(before, name) != getattr(transfer, name)
    ]
    return TransferDiffers(
        f"{transfer.id} is already posted with other {', '.join(fields)}", transfer=transfer.id
    )
