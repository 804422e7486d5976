"""The ledger in PostgreSQL as a state machine, beside a plain ledger that sums everything anew.

Hypothesis draws the histories, and makes one that fails as short as it can. Some rules say
anything; others aim at one refusal, by what the plain ledger knows, and cannot miss. A test proves
that all histories together reach every answer a ledger has, each of them often: not by luck.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
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
from tests.plain_ledger import NOW, OWNERS, RESOLVED, Answer, PlainLedger

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
OFTEN = 20  # of sixty runs drawn at random, none gave an answer less than eighty times
units = st.one_of(
    st.integers(1, 100), st.sampled_from([0, -1, UNITS_MAX, UNITS_MAX + 1]), st.integers(1, 100)
)
hours = st.integers(-1, 30)
among = st.sampled_from
ENDS = [Phase.POST, Phase.VOID, Phase.EXPIRE]  # of what is pending
WRONG_BY_ITSELF = [
    "ledger.units-not-positive",
    "ledger.units-too-large",
    "ledger.same-account",
    "ledger.unknown-account",
    "ledger.asset-mismatch",
    "ledger.expiry-passed",
]
WRONG_TO_FOLLOW = [
    "ledger.unknown-transfer",
    "ledger.not-pending",
    "ledger.not-reversible",
    "ledger.follower-differs",
    "ledger.exceeds-pending",
    *RESOLVED.values(),
    "ledger.not-expired",
]


class Books(RuleBasedStateMachine):
    """One asset's books and another's account, in a database that others use too."""

    db: Connection
    reached: Counter[str]

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
        *self.here, self.elsewhere = known
        self.never = Account("NOBODY", AccountKind.AVAILABLE, asset)  # opened
        open_accounts(self.db, known, self.now)
        for one in known:
            self.plain.accept(one)
        first, second, *_, vault = known[:5]
        pay_ins = self.draw(vault, first, 500), self.draw(vault, second, 500)
        self.say(*pay_ins, *self.each_way(first, second))
        self.now += timedelta(hours=1)
        return multiple(*known, self.never)

    def each_way(self, one: Account, other: Account) -> Iterator[Transfer]:
        """One reversed, one posted, one voided, one over in an hour, one in a year; and a group."""
        ends = [Phase.REVERSE, Phase.POST, Phase.VOID, None, None]
        for phase, hours in zip(ends, [0, 1, 1, 1, 365 * 24], strict=True):
            first = self.draw(one, other, 5)
            if hours:
                expires_at = self.now + timedelta(hours=hours)
                first = replace(first, phase=Phase.PENDING, expires_at=expires_at)
            yield first
            if phase is not None:
                yield self.follower(first, phase, 0)
        name = self.id()
        for _ in range(2):
            yield replace(self.draw(one, other, 5), group=name)

    def id(self) -> TransferId:
        """The id of another transfer."""
        return TransferId(derived("tfr", self.name, str(next(self.count))))

    def draw(self, debit: Account, credit: Account, units: int) -> Transfer:
        asset, code = debit.asset, TransferCode.NOVATION
        return Transfer(self.id(), debit.id, credit.id, units, asset, code, self.now, "cyc_1")

    def say(self, *batch: Transfer) -> list[Answer]:
        """Post a batch in both ledgers, and compare every answer."""
        wanted = self.plain.say_batch(batch, self.now)
        with self.db.transaction():
            found = [told(one) for one in ledger.post(self.db, batch, self.now)]
        assert found == wanted
        self.reached.update(code for code, _ in found)
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
        phase=among(ENDS),
        less=among([0, 0, 1, -1]),
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
            id=self.id(),
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
        phase=among([*ENDS, Phase.REVERSE]),
        less=among([0, 0, 0, 1, -1]),
    )
    def follow(self, first: Transfer, phase: Phase, less: int) -> Transfer:
        one = self.follower(first, phase, less)
        self.say(one)
        return one

    @rule(first=transfers, of=accounts)
    def follow_elsewhere(self, first: Transfer, of: Account) -> None:
        self.say(replace(self.follower(first, Phase.POST, 0), credit=of.id))

    @rule(first=transfers, more=among([0, 1]))
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
        name = self.id()
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

    def sound(self, data: st.DataObject) -> Transfer:
        """Think of a transfer of a few units that can be paid."""
        debit, credit = data.draw(among(list(permutations(self.here, 2))))
        one = self.draw(debit, credit, data.draw(st.integers(1, 60)))
        if not self.plain.cannot_be(one, self.now):
            return one
        payer, payee = self.plain.roomiest(one.asset, self.now)
        return replace(one, debit=payer, credit=payee)

    def refuse(self, data: st.DataObject, *wrong: tuple[str, Transfer]) -> None:
        """Say what must be refused: alone, or in a group with a sound one that falls with it."""
        batch, codes = [], []
        for code, one in wrong:
            if data.draw(st.booleans()):
                batch.append(one)
                codes.append(code)
                continue
            name, other = self.id(), self.sound(data)
            group = [(code, one), ("ledger.group-refused", other)]
            if {one.debit, one.credit}.isdisjoint({other.debit, other.credit}):
                group.reverse()  # it is posted and taken back, and changes nothing for the other
            batch += [replace(member, group=name) for _, member in group]
            codes += [code for code, _ in group]
        assert self.say(*batch) == [(code, None) for code in codes]

    @rule(
        data=st.data(),
        codes=st.lists(among(WRONG_BY_ITSELF), min_size=1, unique=True),
        side=among(["debit", "credit"]),
        by=st.integers(0, 3),
    )
    def wrong_by_itself(self, data: st.DataObject, codes: list[str], side: str, by: int) -> None:
        one = self.sound(data)
        expires_at = self.now - timedelta(hours=by)
        faults: dict[str, dict[str, Any]] = {
            "ledger.units-not-positive": {"units": -by},
            "ledger.units-too-large": {"units": UNITS_MAX + 1 + by},
            "ledger.same-account": {side: one.credit if side == "debit" else one.debit},
            "ledger.unknown-account": {side: self.never.id},
            "ledger.asset-mismatch": (
                {side: self.elsewhere.id} if by else {"asset": self.elsewhere.asset}
            ),
            "ledger.expiry-passed": {"phase": Phase.PENDING, "expires_at": expires_at},
        }
        wrong = [replace(one, id=self.id(), **faults[code]) for code in codes]
        self.refuse(data, *zip(codes, wrong, strict=True))

    @rule(data=st.data(), codes=st.lists(among(WRONG_TO_FOLLOW), min_size=1, unique=True))
    def wrong_to_follow(self, data: st.DataObject, codes: list[str]) -> None:
        """Whatever the plain ledger would refuse so, after all that it has and one it has not."""
        wrong: dict[str, list[Transfer]] = {code: [] for code in ["", *CODES]}
        for first in [*(transfer for transfer, _ in self.plain.transfers), self.sound(data)]:
            for phase in [*ENDS, Phase.REVERSE]:
                one = self.follower(first, phase, 0)
                more = replace(one, units=one.units + 1)
                turned = replace(one, debit=one.credit, credit=one.debit)
                for follower in (one, more, turned):
                    wrong[self.plain.cannot_be(follower, self.now)].append(follower)
        self.refuse(data, *((code, data.draw(among(wrong[code]))) for code in codes))

    @rule(data=st.data(), field=among(["units", "cause", "occurred_at", "credit"]))
    def other_of_the_same_id(self, data: st.DataObject, field: str) -> None:
        before, _ = data.draw(among(self.plain.transfers))
        others: dict[str, Any] = {
            "units": before.units + 1,
            "cause": "cyc_2",
            "occurred_at": before.occurred_at + timedelta(microseconds=1),
            "credit": before.debit,
        }
        other = replace(before, group=None, **{field: others[field]})
        self.refuse(data, ("ledger.transfer-differs", other))

    @rule(data=st.data())
    def other_of_the_same_group(self, data: st.DataObject) -> None:
        """With one member more, or another, or none but that one, or one less."""
        group = data.draw(among(self.plain.groups()))
        new = replace(self.sound(data), group=group[0].group)
        others = [[*group, new], [*group[1:], new], [new], group[1:]]
        other = data.draw(among([one for one in others if one]))
        assert self.say(*other) == [("ledger.group-differs", None)] * len(other)

    def one_too_many(
        self, data: st.DataObject, debit: Account, credit: Account, *, rest: bool
    ) -> None:
        """One unit more than can be paid; then perhaps no more than that."""
        units, code = self.plain.limit(debit, credit, self.now)
        times, units = divmod(units, UNITS_MAX)
        if times:
            self.say(*(self.draw(debit, credit, UNITS_MAX) for _ in range(times)))
        self.refuse(data, (code, self.draw(debit, credit, units + 1)))
        if rest:
            self.say(self.draw(debit, credit, units))

    @rule(data=st.data(), rest=among([False, False, True]))
    def more_than_there_is(self, data: st.DataObject, *, rest: bool) -> None:
        """Out of an account, or back to a vault."""
        sides = [
            (debit, credit)
            for debit, credit in permutations(self.here, 2)
            if debit.kind is AccountKind.AVAILABLE or credit.kind is AccountKind.VAULT
        ]
        debit, credit = data.draw(among(sides))
        self.one_too_many(data, debit, credit, rest=rest)

    @rule(data=st.data(), way=st.booleans(), rest=st.booleans())
    def great_sums(self, data: st.DataObject, *, way: bool, rest: bool) -> None:
        """As much as a balance can hold, and more."""
        one, other = (
            account
            for account in self.here
            if account.kind is AccountKind.CLEARING
            or (account.kind is AccountKind.IN_CLEARING and account.owner == OWNERS[0])
        )
        if way:
            one, other = other, one
        self.one_too_many(data, one, other, rest=rest)

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


def run(db: Connection, **more: Any) -> Counter[str]:
    """Play histories; answers how often they reached what."""

    class Here(Books):
        pass

    Here.db, Here.reached = db, Counter()
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=250,
            stateful_step_count=40,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )
    return Here.reached


def test_every_history_agrees_with_a_plain_ledger_and_all_reach_every_answer(
    db: Connection,
) -> None:
    reached = run(db)

    assert set(reached) == CODES | {"posted", "again"}
    assert min(reached.values()) >= OFTEN, reached.most_common()
    assert ledger.trial_balance(db).is_balanced


def test_the_machine_would_notice(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain ledger that forgets overdrafts disagrees within a few histories."""
    monkeypatch.setattr(PlainLedger, "cannot_pay", lambda *_: "")
    with pytest.raises(AssertionError):
        run(db, phases=[Stage.generate], report_multiple_bugs=False, database=None)
