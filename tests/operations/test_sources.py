"""Where coins come from: who has paid is compared with the lists, and stays apart if listed."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import Connection
from tests.hands import BELA, CORA, agree, enrol
from tests.operations.test_dealing import AUTHORITY, DOCUMENT
from tests.operations.test_revise import finish, verified
from tests.stage import FEE_RATE, FLOAT, NOW, Points, Stage, Stop, fragile, stop

from clearhouse.chains.chain import UnknownTransaction, Unreachable
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.core.coin_source import COIN_SOURCES, CoinsBarred, CoinSource
from clearhouse.core.command import GrantDealing
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ParticipantId
from clearhouse.core.ledger import AccountKind
from clearhouse.core.person import Role
from clearhouse.core.reconciliation import Cause
from clearhouse.core.screening import ListedWallet, ListStale
from clearhouse.core.settlement import NoLongerCleared, PayInFinal, SignatureAsked, State
from clearhouse.demo import lists
from clearhouse.demo.wallets import Wallet, pay
from clearhouse.operations.differences import look
from clearhouse.operations.explain import explain
from clearhouse.operations.prove import prove
from clearhouse.operations.replay import replay
from clearhouse.operations.revise import Revised, revise
from clearhouse.operations.settle import settle
from clearhouse.store import journal, records

CHAIN = "A>b 0.05, b>C 0.03, D>b 0.02"
STRANGER = Wallet.of(b"somebody who pays for others")


def publish(stage: Stage, *wallets: str) -> None:
    """Today's lists, with addresses added."""
    lists.write_lists(stage.folder / "lists", stage.clock() - timedelta(hours=1), (), wallets)


def fill(stage: Stage, wallet: Wallet, *units: int) -> None:
    """Give somebody coins, from the purse."""
    stage.chain.watch([wallet.script])
    for each in units:
        stage.pay((wallet.script, each))
        stage.mine()


def pay_from(stage: Stage, wallet: Wallet, script: bytes, units: int) -> str:
    """Pay from somebody's coins to an address; answers the coin that it makes."""
    coin = next(one for one in stage.coins(wallet.script) if one.units > units + 10_000)
    raw = pay([(coin, wallet)], [(script, units)], wallet.script, FEE_RATE)
    txid = stage.chain.submit(raw)
    return f"{txid}:0"


def sources(stage: Stage, *whose: str) -> list[CoinSource]:
    return records.current(stage.house.db, COIN_SOURCES, ids=whose or None)


def pays(stage: Stage, letter: str, wallet: Wallet = STRANGER) -> str:
    """Somebody pays in for a firm what it was called for; the others pay from the purse."""
    call = stage.call(letter)
    for one in stage.calls:
        if one is not call:
            stage.pay((one.script, one.units))
    fill(stage, wallet, call.units + 100_000)
    outpoint = pay_from(stage, wallet, call.script, call.units)
    stage.mine(stage.deep)
    return outpoint


def revise_it(stage: Stage) -> Revised:
    """Revise the cycle under the lists that stand there; go on with what took its place."""
    id = stage.next_cycle()
    done = revise(stage.house, stage.cycle, id)
    if done.cleared:
        stage.cycle, stage.calls = id, done.cleared.pay_ins
    return done


@pytest.fixture
def stage(embedded_stage: Stage) -> Stage:
    enrol(embedded_stage.house, CORA, Role.SUPERVISOR)
    return embedded_stage


def test_it_is_recorded_where_each_coin_came_from(stage: Stage) -> None:
    """Of the float too, once for each address, before it is booked."""
    stage.cleared(CHAIN)
    outpoint = pays(stage, "D")
    stage.settle()
    at = stage.clock()
    mine = stage.firm("D").id
    assert sources(stage, mine) == [CoinSource(mine, outpoint, STRANGER.address, at)]
    (float_source,) = sources(stage, "house")
    assert float_source.address == stage.purse.address
    (of_a,) = sources(stage, stage.firm("A").id)
    assert of_a.address == stage.purse.address
    told = [type(one.event).__name__ for one in journal.after(stage.house.db, 0, 10**6)]
    assert told.index("RecordEntered") < told.index("TransferRecorded")
    stage.settle()
    look(stage.house)
    assert len(sources(stage)) == 3


def test_what_somebody_listed_pays_in_stays_apart_and_the_rest_settles(
    stage: Stage, tmp_path: Path, elsewhere: Connection
) -> None:
    ids = stage.trade(CHAIN)
    stage.clear(released=False)
    publish(stage, STRANGER.address)
    outpoint = pays(stage, "D")
    assert stage.settle().state is State.CLEARED

    units, script = stage.call("D").units, stage.call("D").script
    assert stage.balance("D", AccountKind.QUARANTINE) == units == 2_000_000
    assert stage.balance("D") == 0
    assert len(stage.facts(PayInFinal, stage.firm("A").id)) == 1
    assert stage.facts(PayInFinal, stage.firm("D").id) == []
    seen = look(stage.house)
    assert [(one.cause, one.about, one.units) for one in seen.standing] == [
        (Cause.QUARANTINE, outpoint, units)
    ]
    assert seen.reconciliation.difference == 0

    done = revise_it(stage)
    assert [(one.obligation, one.why) for one in done.out] == [(ids[2], "denied")]
    (said,) = done.out[0].grounds
    assert STRANGER.address in said
    assert "which has paid for it" in said
    assert {one.participant: one.paid for one in done.calls}[stage.firm("D").id] == 0
    assert "gate.paid-by-listed-wallet" in explain(stage.house, ids[2]).text()
    finish(stage)
    assert (stage.received("b"), stage.received("C")) == (2_000_000, 3_000_000)
    assert [one.units for one in stage.coins(script)] == [units]
    assert stage.balance("D", AccountKind.QUARANTINE) == units
    stage.check()
    verified(stage, tmp_path)
    replay(stage.house, elsewhere, lambda _: None)
    proven = prove(stage.house, 30, lambda _: None)
    assert proven.decisions
    assert not proven.lost
    # On the next day it still stands apart, by the books of the day before.
    stage.clock.forward(days=1)
    publish(stage, STRANGER.address)
    stage.settled("A>b 0.01")
    assert stage.balance("D", AccountKind.QUARANTINE) == units
    (tmp_path / "next").mkdir()
    verified(stage, tmp_path / "next")


def test_what_the_float_is_filled_with_by_somebody_listed_goes_to_suspense(
    stage: Stage, tmp_path: Path
) -> None:
    look(stage.house)
    fill(stage, STRANGER, 500_000)
    publish(stage, STRANGER.address)
    outpoint = pay_from(stage, STRANGER, stage.float_address().script, 40_000)
    stage.mine(stage.deep)

    seen = look(stage.house)
    assert [(one.cause, one.about) for one in seen.standing] == [(Cause.QUARANTINE, outpoint)]
    assert stage.balance("house", AccountKind.SUSPENSE) == 40_000
    assert stage.balance("house", AccountKind.FEES) == FLOAT
    stage.settled("A>b 0.05")
    assert stage.balance("house", AccountKind.SUSPENSE) == 40_000
    assert 40_000 in [one.units for one in stage.coins(stage.float_address().script)]
    verified(stage, tmp_path, "Ab")


def test_who_is_listed_after_a_coin_was_booked_stops_the_release_and_the_coin_is_not_spent(
    stage: Stage, tmp_path: Path
) -> None:
    """The rest settles from what the others paid in."""
    ids = stage.trade(CHAIN)
    stage.clear()
    pays(stage, "D")
    script = stage.call("D").script
    look(stage.house)
    assert stage.balance("D") == 2_000_000
    publish(stage, STRANGER.address)
    with pytest.raises(NoLongerCleared) as refused:
        stage.settle()
    assert refused.value.context["obligation"] == ids[2]
    assert stage.facts(GateDecided, ids[2])[-1].verdict == "deny"
    revise_it(stage)
    finish(stage)
    assert [one.units for one in stage.coins(script)] == [2_000_000]
    assert stage.balance("D") == 2_000_000  # its own, and it cannot have it
    assert stage.balance("D", AccountKind.QUARANTINE) == 0
    verified(stage, tmp_path)


def test_without_that_coin_there_may_be_too_little_and_nothing_is_paid(stage: Stage) -> None:
    """The network's fee can be paid from two coins of the float, and not from one."""
    fill(stage, STRANGER, 3_000_000)
    pay_from(stage, STRANGER, stage.float_address().script, 50_000)
    stage.mine(stage.deep)
    look(stage.house)
    assert stage.balance("house", AccountKind.FEES) == FLOAT + 50_000
    stage.funded("A>b 0.05")
    stage.house = replace(stage.house, settles=replace(stage.house.rail, fee_rate=360))
    publish(stage, STRANGER.address)
    with pytest.raises(CoinsBarred):
        stage.settle()
    assert (stage.row().state, stage.received("b")) == (State.FUNDED, 0)
    assert not stage.facts(SignatureAsked)
    stage.publish()
    assert stage.settle().state is State.BROADCAST
    stage.check()


def test_where_nothing_can_be_screened_nothing_is_booked(stage: Stage) -> None:
    stage.cleared("A>b 0.05")
    look(stage.house)
    stage.pay_in()
    stage.mine(stage.deep)
    stage.clock.forward(days=3)
    with pytest.raises(ListStale):
        stage.settle()
    seen = look(stage.house)
    assert (seen.standing, seen.reconciliation.unbooked) == ([], 5_000_000)
    assert stage.balance("A") == 0
    stage.publish()
    stage.settle()
    assert len(stage.facts(PayInFinal, stage.firm("A").id)) == 1
    stage.check()


def test_where_a_block_goes_while_it_is_looked_at_it_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.funded("A>b 0.05")

    def gone(_self: object, txids: Iterable[str]) -> None:
        raise UnknownTransaction(f"{min(txids)} is in no block")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(EmbeddedChain, "sources", gone)
        with pytest.raises(Unreachable):
            stage.settle()
    assert stage.balance("A") == 0
    assert sources(stage, stage.firm("A").id) == []
    assert stage.settle().state is State.BROADCAST


def test_a_miners_reward_has_no_source_and_is_booked(stage: Stage, tmp_path: Path) -> None:
    stage.cleared("A>b 0.05")
    stage.chain.mine(1, stage.call("A").script)
    stage.mine(101)
    assert stage.settle().state is not State.CLEARED
    assert sources(stage, stage.firm("A").id) == []
    stage.mine(stage.deep)
    assert stage.settle().state is State.SETTLED
    stage.check()
    verified(stage, tmp_path, "Ab")


def test_each_address_of_a_payment_counts_and_once(stage: Stage) -> None:
    """One of many that paid together is enough to keep the coin apart."""
    other = Wallet.of(b"another who pays")
    stage.cleared("A>b 0.05")
    fill(stage, STRANGER, 3_000_000)
    fill(stage, other, 3_000_000, 3_000_000)
    publish(stage, STRANGER.address)
    coins = [(one, STRANGER) for one in stage.coins(STRANGER.script)]
    coins += [(one, other) for one in stage.coins(other.script)]
    call = stage.call("A")
    stage.chain.submit(pay(coins, [(call.script, call.units)], other.script, FEE_RATE))
    stage.mine(stage.deep)
    stage.settle()
    found = {one.address for one in sources(stage, stage.firm("A").id)}
    assert found == {STRANGER.address, other.address}
    assert len(sources(stage, stage.firm("A").id)) == 2
    assert stage.balance("A", AccountKind.QUARANTINE) == call.units


def test_a_coin_that_an_authority_lets_the_house_take_is_booked(stage: Stage) -> None:
    """The licence names whose wallet it is."""
    today = stage.clock().date()
    firm = stage.firm("A")
    agree(
        stage.house,
        GrantDealing(firm.id, "OFAC-SDN", "77", AUTHORITY, DOCUMENT, today, today),
        BELA,
        CORA,
    )
    stage.cleared("A>b 0.05")
    sdn, wallets = stage.house.lists()
    listed = replace(sdn, version="f" * 64, wallets=(ListedWallet(STRANGER.address, "XBT", "77"),))
    stage.house = replace(stage.house, lists=lambda: [listed, wallets])
    pays(stage, "A")
    assert stage.settle().state is State.BROADCAST
    assert stage.balance("A", AccountKind.QUARANTINE) == 0


MOMENTS = 80


@pytest.mark.parametrize("moment", range(1, MOMENTS, 3))
def test_a_house_that_stops_anywhere_books_it_once(stage: Stage, moment: int) -> None:
    stage.cleared(CHAIN)
    publish(stage, STRANGER.address)
    outpoint = pays(stage, "D")
    points = Points(moment, stop)
    with suppress(Stop):
        settle(fragile(stage.house, points), stage.cycle)
    assert len(points.names) <= MOMENTS
    settle(stage.house, stage.cycle)
    assert [one.outpoint for one in sources(stage, stage.firm("D").id)] == [outpoint]
    assert stage.balance("D", AccountKind.QUARANTINE) == 2_000_000
    stage.check()


def test_who_paid_a_year_ago_is_looked_at_no_more() -> None:
    made = CoinSource(ParticipantId("x"), "00" * 32 + ":0", "address", NOW)
    assert made.counts(NOW.date() + timedelta(days=365))
    assert not made.counts(NOW.date() + timedelta(days=366))
