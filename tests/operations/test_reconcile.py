"""Reconciliation: ledger and chain agree at every stage, and a difference is never hidden."""

from collections.abc import Callable

import pytest
from tests.stage import FLOAT, Stage

from clearhouse.chains.chain import Chain, Unreachable
from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Transfer, TransferCode
from clearhouse.core.settlement import State
from clearhouse.operations.reconcile import check_ledger, reconcile
from clearhouse.store import ledger as books

CHAIN = "A>b 0.05, b>C 0.03"


def test_a_vault_that_nobody_used_agrees(embedded_stage: Stage) -> None:
    seen = reconcile(embedded_stage.house)

    assert (seen.ledger, seen.on_chain, seen.in_flight, seen.difference) == (0, 0, 0, 0)
    assert seen.unbooked == FLOAT  # it came, and the house has not looked yet


def test_ledger_and_chain_agree_at_every_stage(stage: Stage) -> None:
    deep = stage.deep
    steps: list[tuple[Callable[[], object], State]] = [
        (lambda: stage.cleared(CHAIN), State.CLEARED),
        (stage.pay_in, State.CLEARED),
        (lambda: stage.mine(deep), State.BROADCAST),
        (lambda: stage.mine(2), State.CONFIRMED),
        (lambda: stage.reorganise(2), State.BROADCAST),
        (lambda: stage.mine(deep), State.SETTLED),
    ]
    for step, state in steps:
        step()
        stage.check()
        assert stage.settle().state is state
        stage.check()
    seen = reconcile(stage.house)

    assert (seen.in_flight, seen.unbooked) == (0, 0)
    assert seen.ledger == seen.on_chain == FLOAT - (stage.row().fee or 0)


def test_a_batch_on_its_way_is_told_apart(stage: Stage) -> None:
    stage.funded(CHAIN)
    stage.settle()
    seen = reconcile(stage.house)
    fee = stage.row().fee or 0

    assert seen.ledger == FLOAT + 5_000_000
    assert seen.in_flight == 5_000_000 + fee
    assert seen.on_chain == FLOAT - fee


def test_what_is_not_final_is_told_apart(stage: Stage) -> None:
    stage.cleared(CHAIN)
    stage.settle()
    stage.pay_in()
    for _ in range(stage.deep):
        seen = reconcile(stage.house)
        assert (seen.unbooked, seen.ledger, seen.difference) == (5_000_000, FLOAT, 0)
        stage.settle()
        stage.mine()
    stage.settle()

    assert reconcile(stage.house).unbooked == 0


def test_a_posting_without_a_coin_shows(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    asset, now = stage.house.coin.identity, stage.clock()
    vault, fees = (Account(HOUSE, kind, asset) for kind in (AccountKind.VAULT, AccountKind.FEES))
    id = TransferId(derived("tfr", "made up"))
    made_up = Transfer(id, vault.id, fees.id, 777, asset, TransferCode.FUNDING, now, "nothing")
    with stage.house.db.transaction():
        books.post_all(stage.house.db, [made_up], now)

    assert check_ledger(stage.house).is_balanced  # the books alone cannot tell
    assert reconcile(stage.house).difference == -777


class Blind:
    """A chain that does not show the coins of one script, as if they had been taken."""

    def __init__(self, chain: Chain, script: bytes) -> None:
        self._chain = chain
        self._script = script

    def __getattr__(self, name: str) -> object:
        if name == "coins":
            return lambda: [one for one in self._chain.coins() if one.script != self._script]
        return getattr(self._chain, name)


def test_a_coin_that_is_gone_shows_and_is_spread_over_nobody(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared("A>b 0.05, D>b 0.04")
    stage.pay((stage.call("A").script, 5_000_000))
    stage.mine(stage.deep)
    stage.settle()
    before = stage.records()
    stage.start_with(Blind(stage.chain, stage.call("A").script))  # type: ignore[arg-type]  # it stands in for one

    seen = reconcile(stage.house)
    assert seen.difference == -5_000_000
    assert seen.ledger - seen.on_chain == 5_000_000
    assert stage.records() == before


def test_a_coin_at_an_old_address_is_its_owners_once(stage: Stage) -> None:
    stage.settled(CHAIN)
    old = stage.call("A")
    stage.pay((old.script, 30_000))
    stage.mine(stage.deep)
    assert reconcile(stage.house).unbooked == 30_000
    stage.cleared("D>b 0.04")
    for _ in range(3):
        stage.settle()
    assert stage.balance("A") == 30_000
    assert reconcile(stage.house).unbooked == 0
    stage.check()

    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    assert (stage.balance("A"), stage.received("b")) == (30_000, 6_000_000)
    stage.check()


def test_a_coin_at_no_address_of_ours_is_nothing_to_us(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stranger = stage.house.rail.vault.receive(999_999)
    stage.chain.watch([stranger.script])
    stage.pay((stranger.script, 40_000))
    stage.mine(stage.deep)

    assert reconcile(stage.house).unbooked == FLOAT
    stage.check()


def test_change_is_nobodys_deposit(stage: Stage) -> None:
    stage.settled(CHAIN)
    stage.settled(CHAIN)
    funding = stage.house.db.execute(
        "SELECT count(*), sum(units)::bigint FROM transfer WHERE code = 'funding'"
    ).fetchone()

    assert funding == (1, FLOAT)


def test_nothing_is_said_while_the_chain_is_away(stage: Stage) -> None:
    stage.stop()
    with pytest.raises(Unreachable):
        reconcile(stage.house)
    stage.restart()
    stage.check()
