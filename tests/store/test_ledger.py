"""The ledger in PostgreSQL, beside a plain ledger; and what the database itself forbids."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
import pytest
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    RestrictViolation,
    UniqueViolation,
)
from tests.plain_ledger import history

from clearhouse.core.errors import Refusal, every_code
from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import (
    CHART,
    HOUSE,
    UNITS_MAX,
    Account,
    AccountId,
    AccountKind,
    InsufficientFunds,
    Phase,
    Posted,
    Transfer,
    TransferCode,
    TransferDiffers,
)
from clearhouse.store import ledger
from clearhouse.store.accounts import balances, open_accounts, standings
from clearhouse.store.connection import connect

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
BTC = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"
OTHER = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:2"

A = Account("AAAA", AccountKind.AVAILABLE, BTC)
B = Account("BBBB", AccountKind.AVAILABLE, BTC)
OWED = Account("AAAA", AccountKind.IN_CLEARING, BTC)
CLEARING = Account(HOUSE, AccountKind.CLEARING, BTC)
VAULT = Account(HOUSE, AccountKind.VAULT, BTC)
FOREIGN = Account("AAAA", AccountKind.IN_CLEARING, OTHER)
ACCOUNTS = [A, B, OWED, CLEARING, VAULT, FOREIGN]
ALL = [account.id for account in ACCOUNTS]


def transfer(name: str, debit: Account, credit: Account, units: int) -> Transfer:
    id_ = TransferId(f"trf_{name}")
    return Transfer(id_, debit.id, credit.id, units, BTC, TransferCode.NOVATION, NOW, "cyc_1")


def follower(name: str, first: Transfer, units: int | None = None) -> Transfer:
    """Posts `first`, or does whatever else a test then says."""
    return replace(
        first,
        id=TransferId(f"trf_{name}"),
        units=first.units if units is None else units,
        phase=Phase.POST,
        follows=first.id,
        expires_at=None,
    )


def pending(name: str, debit: Account, credit: Account, units: int, hours: int = 1) -> Transfer:
    expires_at = NOW + timedelta(hours=hours)
    single = transfer(name, debit, credit, units)
    return replace(single, phase=Phase.PENDING, expires_at=expires_at)


def said(outcome: Posted | Refusal) -> tuple[str, datetime | None]:
    if isinstance(outcome, Posted):
        return ("again" if outcome.again else "posted"), outcome.recorded_at
    return outcome.code, None


def post(db: psycopg.Connection, *batch: Transfer, at: datetime = NOW) -> list[Posted | Refusal]:
    with db.transaction():
        return ledger.post(db, batch, at)


@pytest.fixture
def books(db: psycopg.Connection) -> psycopg.Connection:
    """A database in which A has paid in 100."""
    open_accounts(db, ACCOUNTS, NOW)
    post(db, transfer("pay_in", VAULT, A, 100))
    return db


def test_histories_agree_with_a_plain_ledger_and_reach_every_answer(
    db: psycopg.Connection,
) -> None:
    reached = set()
    for seed in range(60):
        plain, now = history(seed), NOW
        open_accounts(db, list(plain.open.values()), NOW)
        for batch, answers, now in plain.batches():
            assert [said(outcome) for outcome in post(db, *batch, at=now)] == answers
            reached |= {code for code, _ in answers}

        with db.transaction():
            ledger.expire(db, now)
            book = standings(db, plain.open)
        assert {
            id: (standing.balance, standing.debits_pending, standing.credits_pending)
            for id, standing in book.items()
        } == {id: (plain.balance(id), *plain.reserved(id, now)) for id in plain.open}

    assert ledger.trial_balance(db) == ledger.TrialBalance({}, {})
    ledger_codes = {
        member.code
        for member in every_code(Refusal)
        if member.__module__.startswith("clearhouse.core.ledger")
    }
    assert reached == ledger_codes | {"posted", "again"}


def test_opposite_transfers_of_eight_writers_neither_deadlock_nor_lose(db_url: str) -> None:
    accounts = [Account(f"P{n}", AccountKind.IN_CLEARING, BTC) for n in range(10)]
    with connect(db_url) as db:
        open_accounts(db, accounts, NOW)
    start = threading.Barrier(8)

    def writer(number: int) -> dict[AccountId, int]:
        dice = Random(number)
        moved = dict.fromkeys((account.id for account in accounts), 0)
        with connect(db_url) as db:
            start.wait()
            for n in range(40):
                batch = [
                    transfer(f"{number}_{n}_{m}", *pair(dice, accounts), dice.randint(1, 9))
                    for m in range(dice.randint(1, 4))
                ]
                assert all(isinstance(outcome, Posted) for outcome in post(db, *batch))
                for each in batch:
                    moved[each.debit] -= each.units
                    moved[each.credit] += each.units
        return moved

    with ThreadPoolExecutor(8) as pool:
        moves = list(pool.map(writer, range(8)))

    with connect(db_url) as db:
        assert {account.id: units for account, units in balances(db).items()} == {
            account.id: sum(moved[account.id] for moved in moves) for account in accounts
        }
        assert ledger.trial_balance(db).is_balanced


@pytest.mark.parametrize("same", [True, False])
def test_of_two_writers_with_one_id_the_second_hears_of_the_first(
    books: psycopg.Connection, db_url: str, same: bool
) -> None:
    """Other accounts under the same id do not meet at a lock, but at the primary key."""
    first = transfer("1", OWED, CLEARING, 5)
    second = first if same else transfer("1", A, B, 5)
    with ThreadPoolExecutor(1) as pool, connect(db_url) as other:
        with books.transaction():
            ledger.post(books, [first], NOW)
            waiting = pool.submit(post, other, second, at=LATER)
            until_blocked(books)
        outcome = waiting.result()[0]

    if same:
        assert outcome == Posted(first.id, NOW, again=True)
    else:
        assert isinstance(outcome, TransferDiffers)
    assert ledger.trial_balance(books).is_balanced


def pair(dice: Random, accounts: list[Account]) -> tuple[Account, Account]:
    debit, credit = dice.sample(accounts, 2)
    return debit, credit


def until_blocked(db: psycopg.Connection) -> None:
    """Wait until some other session waits for a lock."""
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(2_000):
        if db.execute(query).fetchone() != (0,):
            return
        threading.Event().wait(0.005)
    pytest.fail("nobody waits")


def test_a_batch_posted_twice_is_posted_once(books: psycopg.Connection) -> None:
    batch = [transfer("1", A, B, 60), transfer("2", A, B, 60), transfer("3", A, B, 40)]

    first = post(books, *batch)
    again = post(books, *batch, at=LATER)

    assert [said(outcome)[0] for outcome in first] == [
        "posted",
        "ledger.insufficient-funds",
        "posted",
    ]
    assert [said(outcome) for outcome in again] == [
        ("again", NOW),
        ("ledger.insufficient-funds", None),
        ("again", NOW),
    ]
    assert balances(books, "BBBB") == {B: 100}


def test_what_comes_back_from_the_database_is_the_same_transfer(books: psycopg.Connection) -> None:
    """Every field takes part: with any one changed, the id was used for another transfer."""
    first = replace(transfer("1", A, B, 5), cause="cyc_über, 'x' \\ \t\n%s", occurred_at=LATER)
    changes: list[dict[str, object]] = [
        {"debit": OWED.id},
        {"credit": OWED.id},
        {"units": 6},
        {"asset": OTHER},
        {"code": TransferCode.REFUND},
        {"cause": "cyc_2"},
        {"occurred_at": NOW},
    ]
    post(books, first)

    assert post(books, first)[0] == Posted(first.id, NOW, again=True)
    for change in changes:
        differs = post(books, replace(first, **change))[0]  # type: ignore[arg-type]  # as above
        assert isinstance(differs, TransferDiffers)
        assert differs.detail.endswith(f"with other {next(iter(change))}")


def test_what_comes_back_of_two_phases_and_groups_is_the_same(books: psycopg.Connection) -> None:
    wait = replace(pending("wait", A, B, 5), group="grp_ü\t\\N")
    batch = [wait, replace(follower("post", wait, 3), group=wait.group, cause="a\\\n")]

    assert [said(one) for one in post(books, *batch)] == [("posted", NOW)] * 2

    found = ledger.find(books, [wait.id, batch[1].id])
    assert [found[one.id].transfer for one in batch] == batch
    assert [said(one) for one in post(books, *batch, at=LATER)] == [("again", NOW)] * 2


def test_pending_units_are_reserved_until_they_are_posted(books: psycopg.Connection) -> None:
    wait = pending("wait", A, B, 60)

    answers = post(books, wait, transfer("1", A, B, 41), transfer("2", A, B, 40))
    assert [said(one)[0] for one in answers] == ["posted", "ledger.insufficient-funds", "posted"]
    assert balances(books, "AAAA")[A] == 60
    post(books, follower("post", wait, 25))

    assert balances(books, "AAAA")[A] == 35
    assert said(post(books, transfer("3", A, B, 35))[0])[0] == "posted"
    assert ledger.trial_balance(books).is_balanced


def test_a_batch_lets_what_has_expired_go_first(books: psycopg.Connection) -> None:
    """Nobody has called `expire`; and of the two accounts the batch touches one."""
    post(books, pending("wait", A, B, 60), pending("long", A, B, 20, hours=2))

    answer = post(books, transfer("1", A, OWED, 80), at=LATER)[0]

    assert said(answer)[0] == "posted"
    assert said(post(books, follower("post", pending("wait", A, B, 60)))[0])[0] == (
        "ledger.already-expired"
    )
    assert ledger.trial_balance(books).is_balanced


def test_expiring_frees_each_once_and_only_what_is_due(books: psycopg.Connection) -> None:
    other = Account("CCCC", AccountKind.IN_CLEARING, BTC)
    open_accounts(books, [other], NOW)
    due = [pending(str(n), A, B, 10) for n in range(5)]
    post(books, *due, pending("other", other, CLEARING, 9), pending("long", A, B, 20, hours=2))

    def expire(limit: int, at: datetime = LATER) -> int:
        with books.transaction():
            return ledger.expire(books, at, limit)

    assert expire(9, at=LATER - timedelta(microseconds=1)) == 0
    assert [expire(3), expire(3), expire(3)] == [3, 1, 0]  # the other two with the first three
    with books.transaction():
        standing = standings(books, {A.id})[A.id]
    assert standing.debits_pending == 20
    assert ledger.trial_balance(books).is_balanced


def test_the_trial_balance_sees_a_reservation_that_was_lost(books: psycopg.Connection) -> None:
    post(books, pending("wait", A, B, 60))
    books.execute("DELETE FROM reservation")

    assert set(ledger.trial_balance(books).drift) == {A.id, B.id}


def test_an_accounts_entries_are_recorded_in_order_though_a_clock_goes_back(
    books: psycopg.Connection,
) -> None:
    first = post(books, transfer("1", A, B, 1), at=LATER)[0]
    second = post(books, transfer("2", A, OWED, 1), at=NOW)[0]
    third = post(books, transfer("3", VAULT, CLEARING, 1), at=NOW)[0]

    assert [said(one)[1] for one in (first, second, third)] == [LATER, LATER, NOW]


def test_of_two_writers_with_one_group_the_second_hears_of_the_first(
    books: psycopg.Connection, db_url: str
) -> None:
    first = replace(transfer("1", OWED, CLEARING, 5), group="grp_1")
    second = replace(transfer("2", A, B, 5), group="grp_1")
    with ThreadPoolExecutor(1) as pool, connect(db_url) as other:
        with books.transaction():
            ledger.post(books, [first], NOW)
            waiting = pool.submit(post, other, second, at=LATER)
            until_blocked(books)
        outcome = waiting.result()[0]

    assert said(outcome)[0] == "ledger.group-differs"


def test_vaults_of_one_asset_are_told_apart_by_their_place(books: psycopg.Connection) -> None:
    cold = Account(HOUSE, AccountKind.VAULT, BTC, "x7gd3zj0")
    open_accounts(books, [cold], NOW)

    answers = post(books, transfer("1", cold, VAULT, 101), transfer("2", cold, VAULT, 60))

    assert [said(one)[0] for one in answers] == ["ledger.insufficient-funds", "posted"]
    mine = balances(books, HOUSE)
    assert (mine[VAULT], mine[cold]) == (-40, -60)


def test_a_rolled_back_transaction_leaves_no_trace(books: psycopg.Connection) -> None:
    with books.transaction(force_rollback=True):
        ledger.post(books, [transfer("1", A, B, 60)], NOW)

    assert balances(books, "BBBB") == {B: 0}
    assert said(post(books, transfer("1", A, B, 60))[0])[0] == "posted"


def test_post_all_posts_all_or_nothing(books: psycopg.Connection) -> None:
    batch = [transfer("1", A, B, 60), transfer("2", A, B, 60)]
    with books.transaction():
        with pytest.raises(InsufficientFunds) as refusal:
            ledger.post_all(books, batch, NOW)
        posted = ledger.post_all(books, [transfer("3", A, B, 10)], NOW)

    assert refusal.value.context["transfer"] == "trf_2"
    assert [each.id for each in posted] == ["trf_3"]
    assert balances(books, "BBBB") == {B: 10}


def test_posting_outside_a_transaction_is_a_bug(books: psycopg.Connection) -> None:
    with pytest.raises(AssertionError):
        ledger.post(books, [transfer("1", A, B, 1)], NOW)


def test_an_empty_batch_is_answered_with_nothing(books: psycopg.Connection) -> None:
    assert post(books) == []


def test_ids_with_odd_characters_are_unknown_and_harmless(books: psycopg.Connection) -> None:
    odd = [f"{A.id},{B.id}", f"{A.id}\x1f{B.id}", "{}", "'; DROP TABLE transfer; --", "%s", ""]
    batch = [replace(transfer(str(n), A, B, 1), debit=AccountId(id_)) for n, id_ in enumerate(odd)]

    assert {said(outcome)[0] for outcome in post(books, *batch)} == {"ledger.unknown-account"}


def test_the_largest_amount_survives_the_round_trip_as_int(books: psycopg.Connection) -> None:
    post(books, transfer("1", OWED, CLEARING, UNITS_MAX))

    standing = balances(books, HOUSE)[CLEARING]

    assert standing == 2**256 - 1
    assert type(standing) is int


def test_opening_an_account_again_changes_nothing(books: psycopg.Connection) -> None:
    open_accounts(books, [*ACCOUNTS, A], LATER)

    assert balances(books, "AAAA")[A] == 100
    assert len(balances(books)) == len(ACCOUNTS)


MOVE = """
UPDATE standing SET balance = balance + %(units)s
WHERE account = (SELECT number FROM account WHERE id = %(id)s)
"""


def test_the_trial_balance_sees_what_went_around_the_ledger(books: psycopg.Connection) -> None:
    """Something moved one balance: its asset is off, and its transfers do not explain it."""
    books.execute(MOVE, {"units": 7, "id": A.id})

    found = ledger.trial_balance(books)

    assert found == ledger.TrialBalance({BTC: 7}, {A.id: 7})
    assert not found.is_balanced


def test_the_trial_balance_sees_two_errors_that_cancel(books: psycopg.Connection) -> None:
    books.execute(MOVE, {"units": 7, "id": A.id})
    books.execute(MOVE, {"units": -7, "id": OWED.id})

    assert ledger.trial_balance(books) == ledger.TrialBalance({}, {A.id: 7, OWED.id: -7})


def test_the_database_has_the_chart_of_the_core(books: psycopg.Connection) -> None:
    rows = books.execute("SELECT kind, of_house, normal_side, overdraft FROM account_kind")

    assert {tuple(row) for row in rows} == {
        (kind.value, rules.of_house, rules.normal_side.value, rules.overdraft)
        for kind, rules in CHART.items()
    }


@pytest.mark.parametrize(
    ("error", "statement"),
    [
        (RestrictViolation, "UPDATE transfer SET units = 1"),
        (RestrictViolation, "UPDATE transfer SET units = 1 WHERE false"),
        (RestrictViolation, "DELETE FROM transfer"),
        (RestrictViolation, "TRUNCATE transfer CASCADE"),
        (RestrictViolation, "TRUNCATE account CASCADE"),
        (RestrictViolation, "DELETE FROM account WHERE number = {FOREIGN}"),
        (RestrictViolation, "UPDATE account SET overdraft = true, kind = 'in_clearing'"),
        (RestrictViolation, "UPDATE account SET owner = 'BBBB' WHERE number = {OWED}"),
        (RestrictViolation, "UPDATE account SET place = 'x' WHERE number = {VAULT}"),
        (RestrictViolation, "UPDATE account_kind SET overdraft = true"),
        (RestrictViolation, "DELETE FROM standing"),
        (RestrictViolation, "TRUNCATE standing"),
        (RestrictViolation, "UPDATE standing SET overdraft = true"),
        (RestrictViolation, "UPDATE standing SET normal_side = 'debit'"),
        (RestrictViolation, "UPDATE standing SET account = 1"),
        (UniqueViolation, "STANDING ({A}, true, 'credit')"),
        (ForeignKeyViolation, "STANDING ({A} + 1000, true, 'credit')"),
        (CheckViolation, "UPDATE standing SET balance = -1 WHERE account = {A}"),
        (CheckViolation, "UPDATE standing SET balance = 1 WHERE account = {VAULT}"),
        (CheckViolation, "UPDATE standing SET debits_pending = 101 WHERE account = {A}"),
        (CheckViolation, "UPDATE standing SET debits_pending = -1 WHERE account = {A}"),
        (CheckViolation, "UPDATE standing SET credits_pending = 101 WHERE account = {VAULT}"),
        (CheckViolation, "UPDATE standing SET credits_pending = -1 WHERE account = {OWED}"),
        (RestrictViolation, "DELETE FROM asset"),
        (RestrictViolation, "UPDATE asset SET identity = 'other'"),
        (CheckViolation, "UPDATE asset SET accounts = -1"),
        (UniqueViolation, "INSERT INTO asset VALUES (9, '{BTC}', 0)"),
        (CheckViolation, "TRANSFER ('t', {A}, {B}, 0)"),
        (CheckViolation, "TRANSFER ('t', {A}, {A}, 1)"),
        (CheckViolation, "TRANSFER ('t', {OWED}, {FOREIGN}, 1)"),  # of two assets
        (ForeignKeyViolation, "TRANSFER ('t', {A}, {A} + 1000, 1)"),
        (ForeignKeyViolation, "TRANSFER ('t', {A} + 1000, {A}, 1)"),
        (ForeignKeyViolation, "TRANSFER ('t', 7, 8, 1)"),
        (ForeignKeyViolation, "TRANSFER ('t', {A} >> 40 << 40, {A}, 1)"),  # they count from one
        (UniqueViolation, "TRANSFER ('trf_pay_in', {A}, {B}, 1)"),
        (CheckViolation, "FOLLOWER ('t', {A}, {B}, 7, 'post', null)"),
        (CheckViolation, "FOLLOWER ('t', {A}, {B}, 7, 'single', 'trf_wait')"),
        (CheckViolation, "FOLLOWER ('t', {A}, {B}, 7, 'pending', null)"),
        (CheckViolation, "FOLLOWER ('t', {A}, {B}, 7, 'other', 'trf_wait')"),
        (CheckViolation, "FOLLOWER ('t', {A}, {B}, 7, 'void', 'trf_wait')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {A}, {B}, 7, 'post', 'trf_never')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {A}, {B}, 8, 'post', 'trf_wait')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {OWED}, {B}, 7, 'post', 'trf_wait')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {VAULT}, {A}, 9, 'post', 'trf_pay_in')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {B}, {A}, 7, 'reverse', 'trf_wait')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {A}, {VAULT}, 9, 'reverse', 'trf_pay_in')"),
        (ForeignKeyViolation, "FOLLOWER ('t', {VAULT}, {A}, 100, 'reverse', 'trf_pay_in')"),
        (UniqueViolation, "FOLLOWER ('t', {A}, {B}, 7, 'post', 'trf_gone')"),
        (CheckViolation, "ACCOUNT ('x', {A} + 9, 'AAAA', 'vault', 1, true, 'debit', false)"),
        (CheckViolation, "ACCOUNT ('x', 7, 'AAAA', 'held', 1, false, 'credit', false)"),
        (
            CheckViolation,
            "ACCOUNT ('x', 1::bigint << 40, 'AAAA', 'held', 1, false, 'credit', false)",
        ),
        (ForeignKeyViolation, "ACCOUNT ('x', {A} + 9, 'AAAA', 'held', 1, false, 'credit', true)"),
        (UniqueViolation, "ACCOUNT ('x', {A}, 'AAAA', 'held', 1, false, 'credit', false)"),
        (UniqueViolation, "ACCOUNT ('x', {A} + 9, 'AAAA', 'available', 1, false, 'credit', false)"),
    ],
    ids=str,
)
def test_the_database_itself_refuses(
    books: psycopg.Connection, error: type[psycopg.Error], statement: str
) -> None:
    """Whatever code comes by, the last line of each invariant is the database."""
    names = {"A": A, "B": B, "OWED": OWED, "VAULT": VAULT, "FOREIGN": FOREIGN}
    numbers = {id: standing.number for id, standing in standings(books, ALL).items()}
    words = {name: str(numbers[account.id]) for name, account in names.items()} | {"BTC": BTC}
    wait = pending("wait", A, B, 7)
    gone = replace(wait, id=TransferId("trf_gone"))
    void = replace(follower("void", gone), phase=Phase.VOID)
    post(books, wait, gone, void)
    head = "code, cause, occurred_at, recorded_at, "
    head += "debit_entry, debit_balance, credit_entry, credit_balance) SELECT *, "
    rest = "'c', 'c', now(), now(), 1, 1, 1, 1 FROM (VALUES"
    insert = "INSERT INTO transfer (id, debit, credit, units, phase,"
    short = {
        "TRANSFER": f"{insert} {head} 'single', {rest}",
        "FOLLOWER": f"{insert} follows, {head} {rest}",
        "ACCOUNT": "INSERT INTO account"
        " (id, number, owner, kind, asset, of_house, normal_side, overdraft, place, opened_at)"
        " SELECT *, '', now() FROM (VALUES",
        "STANDING": "INSERT INTO standing (account, overdraft, normal_side) SELECT * FROM (VALUES",
    }
    verb, said = statement.format(**words).split(" ", 1)
    text = f"{short[verb]} {said}) AS one" if verb in short else f"{verb} {said}"

    with pytest.raises(error):
        books.execute(text.encode())

    assert ledger.trial_balance(books).is_balanced


def test_a_fraction_is_never_read_as_money(books: psycopg.Connection) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        books.execute("SELECT 1.5::numeric").fetchone()
    with pytest.raises(ValueError, match="not a whole number"):
        books.cursor(binary=True).execute("SELECT 1.5::numeric").fetchone()
    row = books.cursor(binary=True).execute("SELECT 10::numeric ^ 70").fetchone()
    assert row == (10**70,)


def test_instants_come_back_in_utc(books: psycopg.Connection) -> None:
    row = books.execute("SELECT occurred_at FROM transfer").fetchone()

    assert row == (NOW,)
    assert row[0].tzinfo is UTC
