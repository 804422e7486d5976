"""The ledger in PostgreSQL as a state machine, beside a plain ledger that sums everything anew.

Hypothesis draws the histories, and makes one that fails as short as it can. A test proves that they
reach every answer a ledger has.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from psycopg import Connection
from tests.plain_ledger import NOW, OWNERS, Answer, PlainLedger

from clearhouse.core.errors import Refusal, every_code
from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import (
    HOUSE,
    UNITS_MAX,
    Account,
    AccountKind,
    Phase,
    Posted,
    Transfer,
    TransferCode,
)
from clearhouse.store import ledger
from clearhouse.store.accounts import open_accounts, standings

MACHINES: Iterator[int] = count()
CODES = {
    member.code
    for member in every_code(Refusal)
    if member.__module__.startswith("clearhouse.core.ledger")
}
units = st.one_of(
    st.integers(1, 100), st.sampled_from([0, -1, UNITS_MAX, UNITS_MAX + 1]), st.integers(1, 100)
)
hours = st.integers(-1, 30)


class Books(RuleBasedStateMachine):
    """One asset's books and another's account, in a database that others use too."""

    db: Connection
    reached: set[str]

    accounts = Bundle("accounts")
    transfers = Bundle("transfers")  # thought of, whether refused or not
    waiting = Bundle("waiting")  # pending ones that were taken; some are followed or expired since
    moved = Bundle("moved")  # what a reversal may name; some are reversed since

    def __init__(self) -> None:
        super().__init__()
        self.plain = PlainLedger()
        self.now = NOW
        self.name = f"machine:{next(MACHINES)}"
        self.count = count()

    @initialize(target=accounts)
    def begin(self) -> object:
        asset, other = f"{self.name}/slip44:0", f"{self.name}/slip44:1"
        known = [
            *(Account(owner, AccountKind.AVAILABLE, asset) for owner in OWNERS),
            *(Account(owner, AccountKind.IN_CLEARING, asset) for owner in OWNERS),
            Account(HOUSE, AccountKind.VAULT, asset),
            Account(HOUSE, AccountKind.CLEARING, asset),
            Account(OWNERS[0], AccountKind.AVAILABLE, other),
        ]
        open_accounts(self.db, known, self.now)
        for one in known:
            self.plain.accept(one)
        first, second, *_, vault = known[:5]
        self.say(self.draw(vault, first, 500), self.draw(vault, second, 500))
        return multiple(*known, Account("NOBODY", AccountKind.AVAILABLE, asset))

    def draw(self, debit: Account, credit: Account, units: int) -> Transfer:
        id = TransferId(derived("tfr", self.name, str(next(self.count))))
        code = TransferCode.NOVATION
        return Transfer(id, debit.id, credit.id, units, debit.asset, code, self.now, "cyc_1")

    def say(self, *batch: Transfer) -> list[Answer]:
        """Post a batch in both ledgers, and compare every answer."""
        wanted = self.plain.say_batch(batch, self.now)
        with self.db.transaction():
            found = [told(one) for one in ledger.post(self.db, batch, self.now)]
        assert found == wanted
        self.reached |= {code for code, _ in found}
        return found

    @rule(target=transfers, debit=accounts, credit=accounts, units=units)
    def single(self, debit: Account, credit: Account, units: int) -> Transfer:
        one = self.draw(debit, credit, units)
        self.say(one)
        return one

    @rule(target=transfers, debit=accounts, credit=accounts, units=units, hours=hours)
    def pending(self, debit: Account, credit: Account, units: int, hours: int) -> Transfer:
        expires_at = self.now + timedelta(hours=hours)
        one = replace(self.draw(debit, credit, units), phase=Phase.PENDING, expires_at=expires_at)
        self.say(one)
        return one

    @rule(target=waiting, hours=st.integers(1, 30), way=st.booleans(), units=st.integers(1, 60))
    def pending_between_two(self, hours: int, *, way: bool, units: int) -> object:
        one, other = list(self.plain.open.values())[:2]
        if way:
            one, other = other, one
        expires_at = self.now + timedelta(hours=hours)
        made = replace(self.draw(one, other, units), phase=Phase.PENDING, expires_at=expires_at)
        return multiple(made) if self.say(made)[0][1] else multiple()

    @rule(target=moved, way=st.booleans(), units=st.integers(1, 60))
    def single_between_two(self, *, way: bool, units: int) -> object:
        one, other = list(self.plain.open.values())[:2]
        if way:
            one, other = other, one
        made = self.draw(one, other, units)
        return multiple(made) if self.say(made)[0][1] else multiple()

    @rule(
        target=moved,
        first=waiting,
        phase=st.sampled_from([Phase.POST, Phase.VOID, Phase.EXPIRE]),
        less=st.sampled_from([0, 0, 1, -1]),
    )
    def resolve(self, first: Transfer, phase: Phase, less: int) -> object:
        one = self.follower(first, phase, less)
        return multiple(one) if self.say(one)[0][1] and phase is Phase.POST else multiple()

    @rule(first=st.one_of(moved, moved, waiting))
    def reverse(self, first: Transfer) -> None:
        self.say(self.follower(first, Phase.REVERSE, 0))

    def follower(self, first: Transfer, phase: Phase, less: int) -> Transfer:
        sides = (first.debit, first.credit)
        debit, credit = reversed(sides) if phase is Phase.REVERSE else sides
        return replace(
            first,
            id=TransferId(derived("tfr", self.name, str(next(self.count)))),
            debit=debit,
            credit=credit,
            units=first.units - less,
            phase=phase,
            follows=first.id,
            expires_at=None,
            group=None,
        )

    @rule(
        target=transfers,
        first=transfers,
        phase=st.sampled_from([Phase.POST, Phase.VOID, Phase.EXPIRE, Phase.REVERSE]),
        less=st.sampled_from([0, 0, 0, 1, -1]),
    )
    def follow(self, first: Transfer, phase: Phase, less: int) -> Transfer:
        one = self.follower(first, phase, less)
        self.say(one)
        return one

    @rule(first=transfers, of=accounts)
    def follow_elsewhere(self, first: Transfer, of: Account) -> None:
        self.say(replace(self.follower(first, Phase.POST, 0), credit=of.id))

    @rule(first=transfers, more=st.sampled_from([0, 1]))
    def again(self, first: Transfer, more: int) -> None:
        self.say(replace(first, units=first.units + more))

    @rule(
        target=transfers,
        sides=st.lists(st.tuples(accounts, accounts), min_size=1, max_size=4),
        units=units,
        cut=st.integers(0, 3),
    )
    def group(self, sides: list[tuple[Account, Account]], units: int, cut: int) -> object:
        """All or none; and said again in part it is another group."""
        name = f"grp_{self.name}_{next(self.count)}"
        members = [replace(self.draw(*pair, units), group=name) for pair in sides]
        answers = self.say(*members)
        if answers[0][1] is not None:
            self.say(*members)
            self.say(*members[: cut or 1])
        return multiple(*members)

    @rule(batch=st.lists(transfers, min_size=1, max_size=6), debit=accounts, credit=accounts)
    def mixed(self, batch: list[Transfer], debit: Account, credit: Account) -> None:
        """Old ones and a new one together, in any order."""
        alone = [replace(one, group=None) for one in batch if one.group is None]
        self.say(*alone, self.draw(debit, credit, 3))

    @rule(way=st.booleans())
    def great_sums(self, *, way: bool) -> None:
        """As much as a balance can hold, and once more."""
        one, other = (
            account
            for account in self.plain.open.values()
            if account.kind is AccountKind.CLEARING
            or (account.kind is AccountKind.IN_CLEARING and account.owner == OWNERS[0])
        )
        if way:
            one, other = other, one
        self.say(*(self.draw(one, other, UNITS_MAX) for _ in range(5)))

    @rule(hours=st.integers(0, 40))
    def later(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def expire(self) -> None:
        """What has expired goes when it is told to, or with the next batch: then both agree."""
        with self.db.transaction():
            ledger.expire(self.db, self.now)
            book = standings(self.db, self.plain.open)
        for id, standing in book.items():
            reserved = standing.debits_pending, standing.credits_pending
            assert reserved == self.plain.reserved(id, self.now)

    @invariant()
    def balances_agree(self) -> None:
        with self.db.transaction():
            book = standings(self.db, self.plain.open)
        assert {id: one.balance for id, one in book.items()} == {
            id: self.plain.balance(id) for id in self.plain.open
        }


def told(outcome: Posted | Refusal) -> Answer:
    if isinstance(outcome, Posted):
        return ("again" if outcome.again else "posted"), outcome.recorded_at
    return outcome.code, None


def run(db: Connection, examples: int) -> set[str]:
    """Play histories; answers what they reached."""

    class Here(Books):
        pass

    Here.db, Here.reached = db, set()
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,  # else what they reach would be a matter of luck
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Here.reached


def test_every_history_agrees_with_a_plain_ledger_and_all_reach_every_answer(
    db: Connection,
) -> None:
    reached = run(db, examples=250)

    assert reached == CODES | {"posted", "again"}
    assert ledger.trial_balance(db).is_balanced


def test_the_machine_would_notice(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain ledger that forgets overdrafts disagrees within a few histories."""
    monkeypatch.setattr(PlainLedger, "cannot_pay", lambda *_: "")
    with pytest.raises(AssertionError):
        run(db, examples=250)
