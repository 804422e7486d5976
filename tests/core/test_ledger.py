"""The ledger's decisions, beside a plain ledger that sums everything anew."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plain_ledger import PlainLedger, history

from clearhouse.core import ledger as core_ledger
from clearhouse.core.canonical import instant
from clearhouse.core.errors import Refusal, every_code
from clearhouse.core.event import encode
from clearhouse.core.ids import TransferId, parse
from clearhouse.core.ledger import (
    BALANCE_MAX,
    CHART,
    FOLLOWING,
    HOUSE,
    PRECEDENCE,
    UNITS_MAX,
    Account,
    AccountId,
    AccountKind,
    Phase,
    Posted,
    Recorded,
    Side,
    Standing,
    Transfer,
    TransferCode,
    TransferRecorded,
    evaluate,
    expiry,
    recording_at,
    restore,
    written,
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
    member.code
    for member in every_code(Refusal)
    if member.__module__.startswith("clearhouse.core.ledger")
}


def transfer(name: str, debit: Account, credit: Account, units: int) -> Transfer:
    id_ = TransferId(f"trf_{name}")
    return Transfer(id_, debit.id, credit.id, units, BTC, TransferCode.NOVATION, NOW, "cyc_1")


def standings(**balances: int) -> dict[AccountId, Standing]:
    """The accounts above, as `A=5` says, or empty."""
    named = {"A": A, "B": B, "C": C, "OWED": OWED, "CLEARING": CLEARING, "VAULT": VAULT}
    named["FOREIGN"] = FOREIGN
    return {
        account.id: Standing.of(account, balances.get(name, 0)) for name, account in named.items()
    }


def said(outcome: Posted | Refusal) -> tuple[str, datetime | None]:
    if isinstance(outcome, Posted):
        return ("again" if outcome.again else "posted"), outcome.recorded_at
    return outcome.code, None


def play(seed: int) -> set[str]:
    """Evaluate a history beside a plain ledger, and say which answers it was given."""
    plain = history(seed)
    book = {id: Standing.of(account) for id, account in plain.open.items()}
    recorded: dict[TransferId, Recorded] = {}
    reached = set()
    for batch, answers, now in plain.batches():
        due = [expiry(one.transfer) for one in recorded.values() if expires(one, now)]
        before = dict(recorded)
        result = evaluate(book, recorded, [*due, *batch], now)

        assert [said(outcome) for outcome in result.outcomes[len(due) :]] == answers
        for new in result.new:
            recorded[new.transfer.id] = Recorded(new.transfer, now)
            if (follows := new.transfer.follows) is not None:
                recorded[follows] = recorded[follows]._replace(followed=new.transfer.phase)
        again = restore(book, before, [new.transfer for new in result.new], now)
        assert (again.new, again.moved) == (result.new, result.moved)
        book |= result.moved
        agree(plain, book, now)
        reached |= {code for code, _ in answers}
    return reached


def test_what_stands_twice_in_a_group_is_ranked_once_and_comes_out_the_same() -> None:
    group = [replace(transfer(name, VAULT, A, 1), group="grp_1") for name in "xxyz"]
    made = evaluate(standings(), {}, group, NOW)
    assert [(one.transfer.id, one.rank) for one in made.new] == [
        ("trf_x", 0),
        ("trf_y", 1),
        ("trf_z", 2),
    ]
    again = restore(standings(), {}, [one.transfer for one in made.new], NOW)
    assert again.new == made.new


def expires(one: Recorded, now: datetime) -> bool:
    expires_at = one.transfer.expires_at
    return expires_at is not None and expires_at <= now and one.followed is None


def agree(plain: PlainLedger, book: Mapping[AccountId, Standing], now: datetime) -> None:
    assert {id: (plain.balance(id), *plain.reserved(id, now)) for id in book} == {
        id: (standing.balance, standing.debits_pending, standing.credits_pending)
        for id, standing in book.items()
    }


def test_histories_agree_with_a_plain_ledger_and_reach_every_answer() -> None:
    reached = set[str]().union(*(play(seed) for seed in range(300)))

    assert len(LEDGER_CODES) == 21
    assert reached == LEDGER_CODES | {"posted", "again"}


GUARDS: list[tuple[str, dict[str, object]]] = [
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

    result = evaluate(standings(A=5), {used.id: Recorded(used, NOW)}, [faulty], NOW)

    assert [said(outcome)[0] for outcome in result.outcomes] == [GUARDS[first][0]]
    assert result.new == []
    assert result.moved == {}


def pending(name: str, units: int, hours: int = 1) -> Transfer:
    expires_at = NOW + timedelta(hours=hours)
    return replace(transfer(name, A, B, units), phase=Phase.PENDING, expires_at=expires_at)


def follower(name: str, first: Transfer, phase: Phase, units: int | None = None) -> Transfer:
    back = phase is Phase.REVERSE
    return replace(
        first,
        id=TransferId(f"trf_{name}"),
        debit=first.credit if back else first.debit,
        credit=first.debit if back else first.credit,
        units=first.units if units is None else units,
        phase=phase,
        follows=first.id,
        expires_at=None,
    )


def answers(book: dict[AccountId, Standing], *batch: Transfer, at: datetime = NOW) -> list[str]:
    return [said(outcome)[0] for outcome in evaluate(book, {}, batch, at).outcomes]


WAIT = pending("wait", 5)
ONCE = transfer("once", A, B, 5)
POST = follower("post", WAIT, Phase.POST)
REVERSE = follower("reverse", ONCE, Phase.REVERSE)


CANNOT_FOLLOW: list[tuple[list[Transfer], Transfer, str]] = [
    # Each has the fault that is told and, where one can have both, the next one as well.
    ([], replace(POST, asset=OTHER), "ledger.asset-mismatch"),
    ([], replace(WAIT, expires_at=NOW, units=11), "ledger.expiry-passed"),
    ([], POST, "ledger.unknown-transfer"),
    ([ONCE], replace(follower("x", ONCE, Phase.VOID, 6), debit=C.id), "ledger.not-pending"),
    ([WAIT], follower("x", WAIT, Phase.REVERSE, 6), "ledger.not-reversible"),
    ([ONCE, REVERSE], follower("x", REVERSE, Phase.REVERSE), "ledger.not-reversible"),
    ([WAIT], replace(POST, units=6, debit=C.id), "ledger.follower-differs"),
    ([WAIT, POST], follower("x", WAIT, Phase.VOID, 4), "ledger.follower-differs"),
    ([WAIT], follower("x", WAIT, Phase.EXPIRE, 4), "ledger.follower-differs"),
    ([ONCE], follower("x", ONCE, Phase.REVERSE, 4), "ledger.follower-differs"),
    ([WAIT, POST], follower("x", WAIT, Phase.POST, 6), "ledger.exceeds-pending"),
    ([WAIT, POST], follower("x", WAIT, Phase.EXPIRE), "ledger.already-posted"),
    ([WAIT, follower("v", WAIT, Phase.VOID)], POST, "ledger.already-voided"),
    ([ONCE, REVERSE], replace(REVERSE, id=TransferId("trf_x")), "ledger.already-reversed"),
    ([WAIT], follower("x", WAIT, Phase.EXPIRE), "ledger.not-expired"),
    (
        [ONCE, transfer("on", B, C, 5)],
        follower("x", ONCE, Phase.REVERSE),
        "ledger.insufficient-funds",
    ),
]


@pytest.mark.parametrize(
    ("before", "faulty", "told"),
    CANNOT_FOLLOW,
    ids=[f"{number}-{told}" for number, (_, _, told) in enumerate(CANNOT_FOLLOW)],
)
def test_of_several_grounds_not_to_follow_the_first_is_told(
    before: list[Transfer], faulty: Transfer, told: str
) -> None:
    assert answers(standings(A=10), *before, faulty) == ["posted"] * len(before) + [told]


def test_what_is_pending_has_expired_from_that_instant_on() -> None:
    recorded = {WAIT.id: Recorded(WAIT, NOW)}
    book = evaluate(standings(A=5), {}, [WAIT], NOW).moved
    expires_at = NOW + timedelta(hours=1)

    def told(follower: Transfer, at: datetime) -> str:
        return said(evaluate(standings() | book, recorded, [follower], at).outcomes[0])[0]

    tick = timedelta(microseconds=1)
    assert told(POST, expires_at - tick) == "posted"
    assert told(POST, expires_at) == "ledger.already-expired"
    assert told(follower("x", WAIT, Phase.VOID), expires_at) == "ledger.already-expired"
    assert told(expiry(WAIT), expires_at - tick) == "ledger.not-expired"
    assert told(expiry(WAIT), expires_at) == "posted"


@pytest.mark.parametrize(
    ("phase", "units", "balances"),
    [
        (Phase.POST, 5, {A.id: (5, 0), B.id: (5, 0)}),
        (Phase.POST, 2, {A.id: (8, 0), B.id: (2, 0)}),
        (Phase.VOID, 5, {A.id: (10, 0), B.id: (0, 0)}),
    ],
)
def test_what_was_reserved_is_moved_or_free_again(
    phase: Phase, units: int, balances: dict[AccountId, tuple[int, int]]
) -> None:
    book = standings(A=10)
    moved = evaluate(book, {}, [WAIT], NOW).moved
    assert (moved[A.id].balance, moved[A.id].debits_pending) == (10, 5)
    assert (moved[B.id].balance, moved[B.id].credits_pending) == (0, 5)

    batch = [WAIT, follower("x", WAIT, phase, units)]
    moved = evaluate(book, {}, batch, NOW).moved

    after = {id: moved.get(id, book[id]) for id in balances}
    assert {id: (one.balance, one.debits_pending) for id, one in after.items()} == balances
    assert after[B.id].credits_pending == 0


def test_what_is_pending_to_an_account_cannot_be_spent() -> None:
    assert answers(standings(A=5), WAIT, transfer("1", B, C, 1)) == [
        "posted",
        "ledger.insufficient-funds",
    ]


def test_a_vault_reserves_what_is_to_leave_it() -> None:
    book = standings(A=10, B=10, VAULT=-9)
    wait = replace(pending("wait", 5), credit=VAULT.id)

    told = answers(book, wait, transfer("1", B, VAULT, 5), transfer("2", B, VAULT, 4))

    assert told == ["posted", "ledger.insufficient-funds", "posted"]


def grouped(name: str, *batch: Transfer) -> list[Transfer]:
    return [replace(one, group=name) for one in batch]


def test_a_group_is_posted_whole_or_not_at_all() -> None:
    good = grouped("g", transfer("1", A, B, 5), transfer("2", B, C, 5))
    bad = grouped("h", transfer("3", C, A, 5), transfer("4", A, B, 6), transfer("5", A, C, 1))

    result = evaluate(standings(A=5), {}, [*good, *bad], NOW)

    told = [said(outcome)[0] for outcome in result.outcomes]
    other = "ledger.group-refused"
    assert told == ["posted", "posted", other, "ledger.insufficient-funds", other]
    assert [new.transfer for new in result.new] == good
    assert [new.rank for new in result.new] == [0, 1]
    assert result.moved[C.id].balance == 5


def test_a_refused_group_gives_back_what_it_followed_and_its_ids() -> None:
    void = follower("void", WAIT, Phase.VOID)
    group = grouped("g", void, transfer("1", C, A, 1))

    told = answers(standings(A=5), WAIT, *group, POST, transfer("1", A, C, 1), void)

    assert told == [
        "posted",
        "ledger.group-refused",
        "ledger.insufficient-funds",
        "posted",
        "ledger.insufficient-funds",
        "ledger.already-posted",
    ]


def test_a_refused_group_lets_a_later_transfer_through() -> None:
    """Its first member would have taken the funds; it is refused because of its second."""
    group = grouped("g", transfer("1", A, B, 5), transfer("2", C, B, 1))

    told = answers(standings(A=5), *group, transfer("3", A, C, 5))

    assert told == ["ledger.group-refused", "ledger.insufficient-funds", "posted"]


def test_a_later_void_lets_a_later_sibling_through_and_not_an_earlier_one() -> None:
    void = follower("void", WAIT, Phase.VOID)

    told = answers(standings(A=5), WAIT, transfer("1", A, C, 1), void, transfer("2", A, C, 1))

    assert told == ["posted", "ledger.insufficient-funds", "posted", "posted"]


def test_a_group_is_known_by_its_name() -> None:
    group = grouped("g", transfer("1", A, B, 2), transfer("2", A, B, 3))
    apart = [group[0], transfer("x", A, B, 0), group[1]]
    differs = "ledger.group-differs"

    assert answers(standings(A=5), *group, transfer("3", B, A, 1), *group)[3:] == ["again"] * 2
    assert answers(standings(A=5), *group, transfer("3", B, A, 1), group[0])[3:] == [differs]
    assert answers(standings(A=5), *apart) == ["posted", "ledger.units-not-positive", differs]


def test_the_order_of_the_grounds_is_written_down() -> None:
    assert [member.code for member in PRECEDENCE] == [
        line.split()[0] for line in (core_ledger.__doc__ or "").splitlines() if " ledger." in line
    ]
    assert {member.code for member in PRECEDENCE} == LEDGER_CODES


@pytest.mark.parametrize(
    "fields",
    [
        {"phase": Phase.PENDING},
        {"phase": Phase.POST},
        {"follows": TransferId("trf_1")},
        {"expires_at": NOW},
        {"phase": Phase.REVERSE, "follows": TransferId("trf_1"), "expires_at": NOW},
    ],
)
def test_a_transfer_of_no_phase_is_a_bug(fields: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        replace(ONCE, **fields)  # type: ignore[arg-type]  # each names its own fields


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
    assert {standing.balance for standing in result.moved.values()} == {0, 5}  # all came home


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

    result = evaluate(standings(A=0), {first.id: Recorded(first, earlier)}, [first], NOW)

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

    after = book | evaluate(book, {}, batch, NOW).moved

    assert sum(one.balance for one in after.values()) == sum(one.balance for one in book.values())
    for one in after.values():
        rules = CHART[AccountKind(one.kind)]
        assert rules.balance_min <= one.balance <= rules.balance_max


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


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
instants = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - it is drawn


@given(st.lists(texts, min_size=7, max_size=7), instants, st.none() | instants, st.data())
def test_a_transfer_is_written_as_its_event_is(
    words: list[str], at: datetime, expires_at: datetime | None, data: st.DataObject
) -> None:
    id, debit, credit, asset, cause, follows, group = words
    phase = data.draw(st.sampled_from(Phase))
    one = Transfer(
        TransferId(id),
        AccountId(debit),
        AccountId(credit),
        data.draw(st.integers(1, UNITS_MAX)),
        asset,
        data.draw(st.sampled_from(TransferCode)),
        at,
        cause,
        phase,
        TransferId(follows) if phase in FOLLOWING else None,
        (expires_at or at) if phase is Phase.PENDING else None,
        data.draw(st.none() | st.just(group)),
    )
    event = TransferRecorded.of(one)

    assert written(one, instant(one.occurred_at)) == encode(event)
    assert event.said() == one


def test_a_batch_is_recorded_no_earlier_than_its_accounts_were_moved() -> None:
    book = standings(A=5)
    assert recording_at(book, NOW) == NOW
    book[B.id] = book[B.id]._replace(moved_at=NOW + timedelta(hours=1))
    assert recording_at(book, NOW) == NOW + timedelta(hours=1)
    assert recording_at(book, NOW + timedelta(days=1)) == NOW + timedelta(days=1)
