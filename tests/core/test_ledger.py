"""The ledger's decisions, beside a plain ledger that sums everything anew."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal, every_code
from clearhouse.core.ids import TransferId, parse
from clearhouse.core.ledger import (
    BALANCE_MAX,
    CHART,
    HOUSE,
    UNITS_MAX,
    Account,
    AccountId,
    AccountKind,
    Posted,
    Side,
    Standing,
    Transfer,
    TransferCode,
    evaluate,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
BTC = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"
OTHER = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:2"

A = Account("AAAA", AccountKind.AVAILABLE, BTC)
B = Account("BBBB", AccountKind.AVAILABLE, BTC)
C = Account("CCCC", AccountKind.AVAILABLE, BTC)
OWED = Account("AAAA", AccountKind.IN_CLEARING, BTC)
CLEARING = Account(HOUSE, AccountKind.CLEARING, BTC)
VAULT = Account(HOUSE, AccountKind.VAULT, BTC)
FOREIGN = Account("BBBB", AccountKind.AVAILABLE, OTHER)
NEVER_OPENED = Account("ZZZZ", AccountKind.AVAILABLE, BTC)

LEDGER_CODES = {
    member.code for member in every_code(Refusal) if member.__module__ == "clearhouse.core.ledger"
}


class Plain(Protocol):
    open: dict[AccountId, Account]

    def balance(self, id_: AccountId) -> int: ...
    def batches(
        self,
    ) -> Iterator[tuple[list[Transfer], list[tuple[str, datetime | None]], datetime]]: ...


def transfer(name: str, debit: Account, credit: Account, units: int) -> Transfer:
    id_ = TransferId(f"trf_{name}")
    return Transfer(id_, debit.id, credit.id, units, BTC, TransferCode.NOVATION, NOW, "cyc_1")


def standings(**balances: int) -> dict[AccountId, Standing]:
    """The accounts above, as `A=5` says, or empty."""
    named = {"A": A, "B": B, "C": C, "OWED": OWED, "CLEARING": CLEARING, "VAULT": VAULT}
    named["FOREIGN"] = FOREIGN
    return {account.id: Standing(account, balances.get(name, 0)) for name, account in named.items()}


def said(outcome: Posted | Refusal) -> tuple[str, datetime | None]:
    if isinstance(outcome, Posted):
        return ("again" if outcome.again else "posted"), outcome.recorded_at
    return outcome.code, None


def play(plain: Plain) -> set[str]:
    """Evaluate a history beside `plain`, and say which answers it was given."""
    book = {id_: Standing(account, 0) for id_, account in plain.open.items()}
    recorded: dict[TransferId, tuple[Transfer, datetime]] = {}
    reached = set()
    for batch, answers, now in plain.batches():
        result = evaluate(book, recorded, batch, now)

        assert [said(outcome) for outcome in result.outcomes] == answers
        recorded |= {new.id: (new, now) for new in result.new}
        for id_, change in result.moved.items():
            book[id_] = replace(book[id_], balance=book[id_].balance + change)
        assert {id_: plain.balance(id_) for id_ in book} == {
            id_: standing.balance for id_, standing in book.items()
        }
        reached |= {code for code, _ in answers}
    return reached


def test_histories_agree_with_a_plain_ledger_and_reach_every_answer(
    plain_ledger: Callable[[int], Plain],
) -> None:
    reached = set[str]().union(*(play(plain_ledger(seed)) for seed in range(150)))

    assert len(LEDGER_CODES) == 8
    assert reached == LEDGER_CODES | {"posted", "again"}


GUARDS = [
    ("ledger.transfer-differs", {"id": TransferId("trf_used")}),
    ("ledger.units-not-positive", {"units": 0}),
    ("ledger.units-too-large", {"units": UNITS_MAX + 1}),
    ("ledger.same-account", {"debit": NEVER_OPENED.id, "credit": NEVER_OPENED.id}),
    ("ledger.unknown-account", {"credit": NEVER_OPENED.id}),
    ("ledger.asset-mismatch", {"asset": OTHER}),
    ("ledger.insufficient-funds", {"units": 6}),
]


@pytest.mark.parametrize("first", range(len(GUARDS)), ids=[code for code, _ in GUARDS])
def test_of_several_grounds_the_first_of_the_order_is_told(first: int) -> None:
    """A transfer with one fault and all those that come after it."""
    faulty = transfer("new", A, B, 5)
    for _, fault in reversed(GUARDS[first:]):
        faulty = replace(faulty, **fault)  # type: ignore[arg-type]  # each names its own fields
    used = transfer("used", A, B, 1)

    result = evaluate(standings(A=5), {used.id: (used, NOW)}, [faulty], NOW)

    assert [said(outcome)[0] for outcome in result.outcomes] == [GUARDS[first][0]]
    assert result.new == []
    assert result.moved == {}


def test_a_debtor_without_funds_is_told_before_a_balance_too_large() -> None:
    book = standings(A=5, CLEARING=BALANCE_MAX)

    poor, full = evaluate(
        book, {}, [transfer("1", A, CLEARING, 6), transfer("2", A, CLEARING, 5)], NOW
    ).outcomes

    assert [said(poor)[0], said(full)[0]] == [
        "ledger.insufficient-funds",
        "ledger.balance-too-large",
    ]


def test_each_transfer_sees_the_ones_before_it() -> None:
    """B can pass on what it was given a moment ago, and C cannot pass on what it was refused."""
    batch = [
        transfer("1", A, B, 5),
        transfer("2", B, C, 5),
        transfer("3", A, C, 1),
        transfer("4", C, A, 6),
        transfer("5", C, A, 5),
    ]

    result = evaluate(standings(A=5), {}, batch, NOW)

    refused = "ledger.insufficient-funds"
    answers = [said(outcome)[0] for outcome in result.outcomes]
    assert answers == ["posted", "posted", refused, refused, "posted"]
    assert result.moved == {}  # all came home


def test_a_later_refusal_lets_an_earlier_ones_sibling_through() -> None:
    """What a check on the sums of a batch gets wrong.

    A's debits come to 12 of its 5, and C's to 10 of nothing: to refuse the first offender of each
    account at once refuses trf_3, which has its funds once trf_2 has been refused.
    """
    batch = [transfer("1", C, A, 10), transfer("2", A, B, 7), transfer("3", A, B, 5)]

    result = evaluate(standings(A=5), {}, batch, NOW)

    refused = "ledger.insufficient-funds"
    assert [said(outcome)[0] for outcome in result.outcomes] == [refused, refused, "posted"]


def test_a_retry_is_given_the_first_answer_though_the_funds_are_gone() -> None:
    first = transfer("1", A, B, 5)
    earlier = NOW - timedelta(days=1)

    result = evaluate(standings(A=0), {first.id: (first, earlier)}, [first], NOW)

    assert result.outcomes == [Posted(first.id, earlier, again=True)]
    assert result.moved == {}


def test_a_refused_id_can_be_used_again() -> None:
    batch = [transfer("1", A, B, 5), transfer("2", C, A, 5), transfer("1", A, B, 5)]

    result = evaluate(standings(C=5), {}, batch, NOW)

    answers = [said(outcome)[0] for outcome in result.outcomes]
    assert answers == ["ledger.insufficient-funds", "posted", "posted"]


def test_a_vault_cannot_pay_out_what_it_does_not_hold() -> None:
    too_much, all_of_it = evaluate(
        standings(A=10, VAULT=-9),
        {},
        [transfer("1", A, VAULT, 10), transfer("2", A, VAULT, 9)],
        NOW,
    ).outcomes

    assert said(too_much)[0] == "ledger.insufficient-funds"
    assert isinstance(too_much, Refusal)
    assert too_much.context["account"] == VAULT.id
    assert said(all_of_it)[0] == "posted"


accounts = st.sampled_from([A, B, OWED, CLEARING, VAULT])
moves = st.lists(st.tuples(accounts, accounts, st.integers(-1, UNITS_MAX + 1)), max_size=20)


@given(moves)
def test_posting_makes_and_loses_no_unit(moves: list[tuple[Account, Account, int]]) -> None:
    batch = [transfer(str(n), *move) for n, move in enumerate(moves)]
    book = standings(A=10**20, B=5)

    moved = evaluate(book, {}, batch, NOW).moved

    assert sum(moved.values()) == 0
    for id_, change in moved.items():
        rules = CHART[book[id_].account.kind]
        assert rules.balance_min <= book[id_].balance + change <= rules.balance_max


def test_every_kind_has_its_rules() -> None:
    assert set(CHART) == set(AccountKind)
    assert {kind for kind, rules in CHART.items() if rules.overdraft} == {
        AccountKind.IN_CLEARING,
        AccountKind.CLEARING,
    }
    assert [kind for kind, rules in CHART.items() if rules.normal_side is Side.DEBIT] == [
        AccountKind.VAULT
    ]


def test_an_account_is_known_by_owner_kind_and_asset() -> None:
    accounts = [A, B, C, OWED, CLEARING, VAULT, FOREIGN]

    assert len({parse("acc", account.id) for account in accounts}) == len(accounts)
    assert Account("AAAA", AccountKind.AVAILABLE, BTC).id == A.id


@pytest.mark.parametrize(
    ("owner", "kind"), [(HOUSE, AccountKind.AVAILABLE), ("AAAA", AccountKind.VAULT)]
)
def test_house_accounts_are_the_houses_alone(owner: str, kind: AccountKind) -> None:
    with pytest.raises(AssertionError):
        Account(owner, kind, BTC)
