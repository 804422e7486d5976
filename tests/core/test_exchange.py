"""The states of an exchange: whatever two houses say in whatever order, nothing goes unapproved."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.exchange import (
    NEXT,
    AmountOther,
    ApprovedOtherwise,
    CameLate,
    ConfirmedOtherwise,
    Deadlines,
    Exchange,
    NotAuthorised,
    NotSettled,
    Output,
    OutputElsewhere,
    State,
    TransactionUnseen,
    WasCancelled,
    WasRejected,
    WasReverted,
    WasSettled,
    confirm,
    lapse,
    resolve,
    revert,
)
from clearhouse.core.travel_rule.trp import (
    Acknowledgement,
    Approval,
    Cancellation,
    Confirmation,
    Rejection,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)
DEADLINES = Deadlines(START + 2 * HOUR, START + 4 * HOUR, START + 8 * HOUR)
UNITS = 2_100
ASKED = Exchange("3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1", UNITS, DEADLINES)
YES, ELSEWHERE = (
    Approval("bc1here", "https://b.example/c"),
    Approval("bc1there", "https://b.example/c"),
)
NO, NONE = Rejection("not ours"), Cancellation("no more")
PAID, AGAIN = Confirmation("paid"), Confirmation("again")
# What each transaction pays.
NOTHING: dict[str, Sequence[Output]] = {}
CHAIN = {
    "paid": (Output("bc1change", 7), Output("bc1here", UNITS)),
    "again": (Output("bc1here", UNITS),),
    "parts": (Output("bc1here", UNITS - 1), Output("bc1here", 1)),
    "less": (Output("bc1here", UNITS - 1),),
    "more": (Output("bc1here", UNITS), Output("bc1here", 1)),
    "elsewhere": (Output("bc1there", UNITS),),
    "nothing": (),
}
AUTHORISED = resolve(ASKED, YES, START)
SETTLED = confirm(AUTHORISED, PAID, START, CHAIN.get)
REJECTED, CANCELLED = resolve(ASKED, NO, START), confirm(ASKED, NONE, START, CHAIN.get)
REVERTED = revert(SETTLED, "back", START)
EACH = [ASKED, AUTHORISED, SETTLED, REJECTED, CANCELLED, REVERTED]
OVER: dict[State, type[Refusal]] = {
    State.SETTLED: WasSettled,
    State.REJECTED: WasRejected,
    State.CANCELLED: WasCancelled,
    State.REVERTED: WasReverted,
}
Step = Callable[[Exchange, datetime], Exchange]
STEPS: dict[str, Step] = {
    "approve": lambda one, at: resolve(one, YES, at),
    "reject": lambda one, at: resolve(one, NO, at),
    "acknowledge": lambda one, at: resolve(one, Acknowledgement(), at),
    "confirm": lambda one, at: confirm(one, PAID, at, CHAIN.get),
    "cancel": lambda one, at: confirm(one, NONE, at, CHAIN.get),
}
# The same said again, which changes nothing.
SAME = {
    *((State.SETTLED, "confirm"), (State.REJECTED, "reject"), (State.CANCELLED, "cancel")),
    (State.AUTHORISED, "approve"),
}


def test_a_transfer_goes_from_asked_to_reverted() -> None:
    states = [one.state for one in (ASKED, AUTHORISED, SETTLED, REVERTED)]
    assert states == [State.REQUESTED, State.AUTHORISED, State.SETTLED, State.REVERTED]
    assert (
        replace(ASKED, state=State.REVERTED, approval=YES, txid="paid", returned="back") == REVERTED
    )


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("exchange", EACH, ids=lambda one: one.state)
def test_what_is_over_is_over_and_the_same_again_is_the_same(exchange: Exchange, step: str) -> None:
    if (exchange.state, step) in SAME:
        late = DEADLINES.revert_by + HOUR  # a retry is never late
        assert STEPS[step](exchange, late) == exchange
    elif exchange.state in OVER:
        with pytest.raises(OVER[exchange.state]):
            STEPS[step](exchange, START)


@pytest.mark.parametrize("exchange", [REJECTED, CANCELLED, REVERTED], ids=lambda one: one.state)
@pytest.mark.parametrize("txid", sorted(CHAIN))
def test_rejected_or_cancelled_then_confirmed_is_refused(exchange: Exchange, txid: str) -> None:
    with pytest.raises(OVER[exchange.state]) as caught:
        confirm(exchange, Confirmation(txid), START, CHAIN.get)
    assert caught.value.kind is Kind.CONFLICT


def test_an_approval_may_be_taken_back_until_coins_have_moved() -> None:
    back = resolve(AUTHORISED, NO, DEADLINES.confirm_by)
    assert back.state is State.REJECTED
    with pytest.raises(WasRejected):
        confirm(back, PAID, START, CHAIN.get)
    with pytest.raises(CameLate):
        resolve(AUTHORISED, NO, DEADLINES.confirm_by + INSTANT)
    with pytest.raises(WasSettled):
        resolve(SETTLED, NO, START)


def test_nothing_is_confirmed_that_nobody_approved() -> None:
    for ending in (PAID, Confirmation("unseen")):
        with pytest.raises(NotAuthorised):
            confirm(ASKED, ending, START, CHAIN.get)


def test_a_confirmation_names_one_transaction() -> None:
    assert confirm(SETTLED, PAID, START, NOTHING.get) == SETTLED  # the chain is not asked again
    for other in ("again", "less", "unseen"):
        with pytest.raises(ConfirmedOtherwise):
            confirm(SETTLED, Confirmation(other), START, CHAIN.get)
    with pytest.raises(WasSettled):
        confirm(SETTLED, NONE, START, CHAIN.get)


@pytest.mark.parametrize(
    ("txid", "kind"),
    [
        ("less", AmountOther),
        ("more", AmountOther),
        ("elsewhere", OutputElsewhere),
        ("nothing", OutputElsewhere),
        ("unseen", TransactionUnseen),
    ],
)
def test_a_transaction_pays_the_amount_to_the_approved_address(
    txid: str, kind: type[Refusal]
) -> None:
    with pytest.raises(kind):
        confirm(AUTHORISED, Confirmation(txid), START, CHAIN.get)
    assert confirm(AUTHORISED, Confirmation("parts"), START, CHAIN.get).txid == "parts"


def test_an_address_is_approved_once() -> None:
    with pytest.raises(ApprovedOtherwise):
        resolve(AUTHORISED, ELSEWHERE, START)
    with pytest.raises(ApprovedOtherwise):
        resolve(AUTHORISED, replace(YES, callback="https://b.example/d"), START)
    assert resolve(AUTHORISED, replace(YES, unknown=("memo",)), START) == AUTHORISED


@pytest.mark.parametrize(
    ("exchange", "step", "by"),
    [
        (ASKED, "approve", DEADLINES.resolve_by),
        (ASKED, "reject", DEADLINES.resolve_by),
        (AUTHORISED, "reject", DEADLINES.confirm_by),
        (AUTHORISED, "confirm", DEADLINES.confirm_by),
        (AUTHORISED, "cancel", DEADLINES.confirm_by),
        (ASKED, "cancel", DEADLINES.confirm_by),
    ],
    ids=["approved", "rejected", "taken-back", "confirmed", "cancelled", "withdrawn"],
)
def test_what_comes_after_its_deadline_is_refused(
    exchange: Exchange, step: str, by: datetime
) -> None:
    assert STEPS[step](exchange, by).state is not exchange.state
    with pytest.raises(CameLate) as caught:
        STEPS[step](exchange, by + INSTANT)
    assert caught.value.context == {"by": by.isoformat()}


def test_coins_come_back_once_and_in_time() -> None:
    assert revert(SETTLED, "back", DEADLINES.revert_by) == REVERTED
    assert revert(REVERTED, "back", DEADLINES.revert_by + HOUR) == REVERTED
    with pytest.raises(ConfirmedOtherwise):
        revert(REVERTED, "other", START)
    with pytest.raises(CameLate):
        revert(SETTLED, "back", DEADLINES.revert_by + INSTANT)
    for exchange in (ASKED, AUTHORISED, REJECTED, CANCELLED):
        with pytest.raises(NotSettled):
            revert(exchange, "back", START)


def test_what_nobody_answers_or_sends_lapses() -> None:
    for exchange, by in ((ASKED, DEADLINES.resolve_by), (AUTHORISED, DEADLINES.confirm_by)):
        assert lapse(exchange, by) == exchange
        assert lapse(exchange, by + INSTANT).state is State.CANCELLED
    for exchange in (SETTLED, REJECTED, CANCELLED, REVERTED):
        assert lapse(exchange, DEADLINES.revert_by + HOUR) == exchange


ADDRESSES, TXIDS = st.sampled_from(["bc1here", "bc1there"]), st.sampled_from([*CHAIN, "unseen"])


class Houses(RuleBasedStateMachine):
    """Two houses that say anything at any time, beside a plain account of what was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.exchange, self.now = ASKED, START
        self.taken: list[tuple[str, str]] = []  # what changed it, and what that named

    def tell(self, word: str, named: str, step: Callable[[Exchange], Exchange]) -> None:
        before = self.exchange
        try:
            self.exchange = step(before)
        except Refusal:
            assert self.exchange == before
            return
        assert step(self.exchange) == self.exchange  # said again it is the same
        if self.exchange != before:
            assert self.exchange.state in NEXT[before.state]
            self.taken.append((word, named))

    @rule(minutes=st.sampled_from([0, 1, 59, 60, 61, 120]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(address=ADDRESSES)
    def approve(self, address: str) -> None:
        said = Approval(address, "https://b.example/c")
        in_time = self.now <= DEADLINES.resolve_by
        self.tell("approve", address, lambda one: resolve(one, said, self.now))
        if not self.taken:
            assert not in_time

    @rule()
    def reject(self) -> None:
        self.tell("reject", "", lambda one: resolve(one, NO, self.now))

    @rule()
    def acknowledge(self) -> None:
        before = self.exchange
        self.tell("acknowledge", "", lambda one: resolve(one, Acknowledgement(), self.now))
        assert self.exchange == before

    @rule(txid=TXIDS)
    def confirm(self, txid: str) -> None:
        said = Confirmation(txid)
        self.tell("confirm", txid, lambda one: confirm(one, said, self.now, CHAIN.get))

    @rule()
    def cancel(self) -> None:
        self.tell("cancel", "", lambda one: confirm(one, NONE, self.now, CHAIN.get))

    @rule(txid=st.sampled_from(["back", "other"]))
    def revert(self, txid: str) -> None:
        self.tell("revert", txid, lambda one: revert(one, txid, self.now))

    @rule()
    def lapse(self) -> None:
        self.tell("cancel", "", lambda one: lapse(one, self.now))

    @invariant()
    def it_is_where_what_was_taken_leads(self) -> None:
        words = tuple(word for word, _ in self.taken)
        named = dict(self.taken)
        assert self.exchange.state is LEADS[words]
        assert (self.exchange.approval.address if self.exchange.approval else None) == named.get(
            "approve"
        )
        assert self.exchange.txid == named.get("confirm", "")
        assert self.exchange.returned == named.get("revert", "")

    @invariant()
    def what_is_settled_was_paid(self) -> None:
        if self.exchange.txid:
            assert self.exchange.approval is not None
            address = self.exchange.approval.address
            paid = [one.units for one in CHAIN[self.exchange.txid] if one.address == address]
            assert sum(paid) == UNITS


# All that can have been taken, in its order: whatever else is said is refused or changes nothing.
LEADS = {
    (): State.REQUESTED,
    ("reject",): State.REJECTED,
    ("cancel",): State.CANCELLED,
    ("approve",): State.AUTHORISED,
    ("approve", "reject"): State.REJECTED,
    ("approve", "cancel"): State.CANCELLED,
    ("approve", "confirm"): State.SETTLED,
    ("approve", "confirm", "revert"): State.REVERTED,
}
TestHouses = Houses.TestCase
TestHouses.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)
