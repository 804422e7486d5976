"""The plain ledger that stands beside the real one, and random histories that it answers.

It keeps transfers and nothing else: each question is answered by summing them anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import (
    HOUSE,
    UNITS_MAX,
    Account,
    AccountId,
    AccountKind,
    Phase,
    Transfer,
    TransferCode,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
OWNERS = ("5493001KJTIIGC8Y1R12", "213800D1EI4B9WTWWD28")
FREE = {AccountKind.IN_CLEARING, AccountKind.CLEARING}  # these may stand on either side

Answer = tuple[str, datetime | None]  # "posted" or "again" and when, or a refusal's code
RESOLVED = {
    Phase.POST: "ledger.already-posted",
    Phase.VOID: "ledger.already-voided",
    Phase.EXPIRE: "ledger.already-expired",
    Phase.REVERSE: "ledger.already-reversed",
}


@dataclass
class PlainLedger:
    """What a ledger must do, as plainly as can be."""

    open: dict[AccountId, Account] = field(default_factory=dict)
    transfers: list[tuple[Transfer, datetime]] = field(default_factory=list)

    def accept(self, account: Account) -> None:
        self.open[account.id] = account

    def balance(self, id: AccountId) -> int:
        moving = [t for t, _ in self.transfers if t.phase in {"single", "post", "reverse"}]
        return sum(t.units for t in moving if t.credit == id) - sum(
            t.units for t in moving if t.debit == id
        )

    def follower(self, transfer: Transfer) -> Phase | None:
        return next((t.phase for t, _ in self.transfers if t.follows == transfer.id), None)

    def pending(self, now: datetime) -> list[Transfer]:
        return [
            t
            for t, _ in self.transfers
            if t.expires_at is not None and t.expires_at > now and self.follower(t) is None
        ]

    def reserved(self, id: AccountId, now: datetime) -> tuple[int, int]:
        """Units that will leave an account, and that will enter it."""
        waiting = self.pending(now)
        going = sum(t.units for t in waiting if t.debit == id)
        return going, sum(t.units for t in waiting if t.credit == id)

    def room(self, id: AccountId, now: datetime) -> tuple[int, int]:
        """Units that an account can still pay, and that it can still be paid."""
        balance, kind = self.balance(id), self.open[id].kind
        going, coming = self.reserved(id, now)
        lowest = 1 - 10**78 if kind in FREE | {AccountKind.VAULT} else 0
        highest = 0 if kind is AccountKind.VAULT else 10**78 - 1
        return balance - going - lowest, highest - balance - coming

    def limit(self, debit: Account, credit: Account, now: datetime) -> tuple[int, str]:
        """Units that one can still pay the other, and what is said to one more."""
        pays, takes = self.room(debit.id, now)[0], self.room(credit.id, now)[1]
        if pays <= takes:
            short = debit.kind not in FREE | {AccountKind.VAULT}
        else:
            short = credit.kind is AccountKind.VAULT
        code = "ledger.insufficient-funds" if short else "ledger.balance-too-large"
        return min(pays, takes), code

    def roomiest(self, asset: str, now: datetime) -> tuple[AccountId, AccountId]:
        """Of the accounts that may stand on either side, who can best pay, and best be paid.

        There is always room for a few units: such an account is full of great sums only if
        another is empty of them.
        """
        free = [id for id, one in self.open.items() if one.asset == asset and one.kind in FREE]
        rooms = {id: self.room(id, now) for id in free}
        payer = max(free, key=lambda one: rooms[one][0])
        free.remove(payer)
        return payer, max(free, key=lambda one: rooms[one][1])

    def groups(self) -> list[list[Transfer]]:
        """What was posted together."""
        names = dict.fromkeys(t.group for t, _ in self.transfers if t.group)
        return [[t for t, _ in self.transfers if t.group == name] for name in names]

    def say_batch(self, batch: Sequence[Transfer], now: datetime) -> list[Answer]:
        answers: list[Answer] = []
        while batch:
            group = batch[0].group
            size = 1
            while group and size < len(batch) and batch[size].group == group:
                size += 1
            together = batch[:size]
            answers += self.say_group(together, now) if group else [self.say(together[0], now)]
            batch = batch[size:]
        return answers

    def say_group(self, together: Sequence[Transfer], now: datetime) -> list[Answer]:
        ids = {t.id for t in together}
        members = {t.id for t, _ in self.transfers if t.group == together[0].group}
        if members and members != ids:
            return [("ledger.group-differs", None) for _ in together]
        before = list(self.transfers)
        answers: list[Answer] = []
        for transfer in together:
            answer = self.say(transfer, now)
            if answer[1] is None:
                self.transfers = before
                fault = len(answers)
                answers = [("ledger.group-refused", None) for _ in together]
                answers[fault] = answer
                return answers
            answers.append(answer)
        return answers

    def say(self, transfer: Transfer, now: datetime) -> Answer:
        """Post it or not."""
        for before, at in self.transfers:
            if before.id == transfer.id:
                return ("again", at) if before == transfer else ("ledger.transfer-differs", None)
        if refusal := self.cannot_be(transfer, now):
            return refusal, None
        self.transfers.append((transfer, now))
        return "posted", now

    def cannot_be(  # noqa: PLR0911 - the same guards as the ledger's, in its order
        self, transfer: Transfer, now: datetime
    ) -> str:
        """Why a new one is refused, if it is."""
        both = [transfer.debit, transfer.credit]
        if transfer.units < 1:
            return "ledger.units-not-positive"
        if transfer.units >= 2**256:
            return "ledger.units-too-large"
        if transfer.debit == transfer.credit:
            return "ledger.same-account"
        if not set(both) <= set(self.open):
            return "ledger.unknown-account"
        if {self.open[id].asset for id in both} != {transfer.asset}:
            return "ledger.asset-mismatch"
        if transfer.expires_at is not None and transfer.expires_at <= now:
            return "ledger.expiry-passed"
        if transfer.follows is not None and (refusal := self.cannot_follow(transfer, now)):
            return refusal
        if transfer.phase in {"single", "pending", "reverse"}:
            return self.cannot_pay(transfer, now)
        return ""

    def cannot_follow(  # noqa: PLR0911 - as above
        self, transfer: Transfer, now: datetime
    ) -> str:
        """Why not, if so."""
        old = next((t for t, _ in self.transfers if t.id == transfer.follows), None)
        if old is None:
            return "ledger.unknown-transfer"
        back = transfer.phase == "reverse"
        if not back and old.phase != "pending":
            return "ledger.not-pending"
        if back and old.phase not in {"single", "post"}:
            return "ledger.not-reversible"
        sides = [old.credit, old.debit] if back else [old.debit, old.credit]
        if [transfer.debit, transfer.credit] != sides or transfer.asset != old.asset:
            return "ledger.follower-differs"
        if transfer.phase != "post" and transfer.units != old.units:
            return "ledger.follower-differs"
        if transfer.units > old.units:
            return "ledger.exceeds-pending"
        if (follower := self.follower(old)) is not None:
            return RESOLVED[follower]
        if old.expires_at is not None and old.expires_at <= now:
            return "ledger.already-expired"
        return "ledger.not-expired" if transfer.phase == "expire" else ""

    def cannot_pay(self, transfer: Transfer, now: datetime) -> str:
        """Why not, if so."""
        lower = self.balance(transfer.debit) - self.reserved(transfer.debit, now)[0]
        upper = self.balance(transfer.credit) + self.reserved(transfer.credit, now)[1]
        from_kind, to_kind = self.open[transfer.debit].kind, self.open[transfer.credit].kind
        if from_kind not in FREE | {AccountKind.VAULT} and lower < transfer.units:
            return "ledger.insufficient-funds"
        if lower - transfer.units <= -(10**78):
            return "ledger.balance-too-large"
        if to_kind is AccountKind.VAULT and upper + transfer.units > 0:
            return "ledger.insufficient-funds"
        if upper + transfer.units >= 10**78:
            return "ledger.balance-too-large"
        return ""


@dataclass
class History(PlainLedger):
    """A plain ledger with dice, that thinks of transfers too."""

    dice: Random = field(default_factory=Random)
    assets: tuple[str, str] = ("test:0", "test:1")
    closed: list[Account] = field(default_factory=list)
    whale: bool = False  # moves great sums one way, until a balance has too many digits
    thought: list[Transfer] = field(default_factory=list)  # of each transfer, refused or not

    def __post_init__(self) -> None:
        for asset in self.assets:
            for owner in OWNERS:
                for kind in (AccountKind.AVAILABLE, AccountKind.IN_CLEARING, AccountKind.ESCROW):
                    self.accept(Account(owner, kind, asset))
            for kind in (AccountKind.CLEARING, AccountKind.FEES, AccountKind.SUSPENSE):
                self.accept(Account(HOUSE, kind, asset))
            for place in ("", "cold"):
                self.accept(Account(HOUSE, AccountKind.VAULT, asset, place))
            self.closed.append(Account("NOBODY", AccountKind.AVAILABLE, asset))

    def one_in(self, chances: int) -> bool:
        return self.dice.randrange(chances) == 0

    def draw(self, number: int, now: datetime) -> Transfer:
        """Think of a transfer: mostly sound, sometimes said again, sometimes wrong."""
        dice = self.dice
        id = TransferId(derived("trf", *self.assets, str(number)))
        if self.transfers and self.one_in(8):
            before, _ = dice.choice(self.transfers)
            if before.phase is not Phase.EXPIRE:
                return replace(before, units=before.units + 1) if self.one_in(2) else before
        if self.thought and self.one_in(3):
            return self.draw_follower(id, now)
        asset = dice.choice(self.assets)
        mine = [id for id, account in self.open.items() if account.asset == asset]
        debit, credit = dice.sample(mine, 2)
        units = dice.randint(1, 100)
        if self.whale:
            debit, credit, asset, units = self.draw_whale()
        if self.one_in(15):
            units = dice.choice([0, -1, 2**256, 10**80])
        if self.one_in(20):
            credit = debit
        if self.one_in(20):
            credit = dice.choice(self.closed).id
        if self.one_in(15):
            asset = dice.choice(self.assets)
        code = dice.choice(list(TransferCode))
        transfer = Transfer(id, debit, credit, units, asset, code, now, "cyc_1")
        if self.one_in(3):
            days = 0 if self.one_in(9) else dice.randint(1, 3)
            expires_at = now + timedelta(days=days)
            transfer = replace(transfer, phase=Phase.PENDING, expires_at=expires_at)
        return transfer

    def draw_whale(self) -> tuple[AccountId, AccountId, str, int]:
        debit, credit = (
            account.id
            for kind in (AccountKind.IN_CLEARING, AccountKind.CLEARING)
            for account in self.open.values()
            if (account.kind, account.asset) == (kind, self.assets[0])
            and account.owner in {HOUSE, OWNERS[1]}
        )
        if self.one_in(9):
            debit, credit = credit, debit
        return debit, credit, self.assets[0], UNITS_MAX

    def draw_follower(self, id: TransferId, now: datetime) -> Transfer:
        """Post, void, expire or reverse something that was thought of, mostly soundly."""
        dice = self.dice
        old = dice.choice(self.thought)
        waiting = self.pending(now)
        if waiting and not self.one_in(3):
            old = dice.choice(waiting)
        pending = old.phase is Phase.PENDING
        phases = [Phase.POST, Phase.VOID, Phase.EXPIRE] if pending else [Phase.REVERSE]
        phase = dice.choice(list(RESOLVED) if self.one_in(8) else phases)
        debit, credit, units = old.debit, old.credit, old.units
        if (phase is Phase.REVERSE) is not self.one_in(10):
            debit, credit = credit, debit
        if phase is Phase.POST and units > 1:
            units = dice.randint(1, min(units, 10**6))
        if self.one_in(12):
            units += dice.choice([1, old.units])
        return replace(
            old,
            id=id,
            debit=debit,
            credit=credit,
            units=units,
            occurred_at=now,
            phase=phase,
            follows=old.id,
            expires_at=None,
            group=None,
        )

    def draw_batch(self, number: Iterator[int], now: datetime) -> list[Transfer]:
        batch: list[Transfer] = []
        for _ in range(self.dice.randint(1, 12)):
            if batch and self.one_in(10):
                transfer = self.dice.choice(batch)  # twice in one batch
            else:
                transfer = self.draw(next(number), now)
            self.thought.append(transfer)
            batch.append(transfer)
        if self.one_in(3):
            first = self.dice.randrange(len(batch))
            for at in range(first, min(first + self.dice.randint(1, 4), len(batch))):
                batch[at] = replace(batch[at], group=f"grp_{batch[first].id}")
        if self.thought and self.one_in(5):
            group = [t for t, _ in self.transfers if t.group]
            batch += [t for t in group if t.group == group[-1].group][: self.dice.randint(1, 4)]
        return batch

    def batches(self) -> Iterator[tuple[list[Transfer], list[Answer], datetime]]:
        """Play a history: batches, what is to be answered to each transfer, and when."""
        number = count()
        for day in range(5):
            now = NOW + timedelta(days=day)
            batch = self.draw_batch(number, now)
            yield batch, self.say_batch(batch, now), now


def history(seed: int) -> History:
    """The history of a seed; its assets are no other seed's."""
    assets = (f"test:{seed}/slip44:0", f"test:{seed}/slip44:1")
    return History(dice=Random(seed), assets=assets, whale=seed % 3 == 0)
