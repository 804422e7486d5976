"""What every chain promises, tested on each: the embedded one and a real node."""

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from embit.transaction import Transaction
from tests.chains.conftest import NOBODY, Key, txid_of

from clearhouse.chains import block
from clearhouse.chains.chain import (
    CONFLICTED,
    IN_MEMPOOL,
    REGTEST,
    UNKNOWN,
    BlockRefused,
    Coin,
    Rejected,
    Sighting,
    UnknownBlock,
    UnknownTransaction,
    Unreachable,
)
from clearhouse.demo.wallets import Wallet, pay

if TYPE_CHECKING:
    from tests.chains.conftest import Rig

ABSENT = "ab" * 32


def test_network_is_regtest(rig: "Rig") -> None:
    assert rig.chain.network == REGTEST


def test_blocks_stand_on_each_other_and_never_before_the_clock(rig: "Rig") -> None:
    before = rig.chain.tip()
    rig.clock.forward(timedelta(days=2))
    made = rig.mine(3)

    assert [one.height for one in made] == [before.height + 1 + n for n in range(3)]
    assert rig.chain.tip() == made[-1]
    assert [rig.chain.block(one.height) for one in made] == made
    assert all(one.time_at >= rig.clock.now for one in made)


def test_a_clock_far_ahead_of_the_machine_still_dates_blocks(rig: "Rig") -> None:
    rig.clock.forward(timedelta(days=3650))
    (made,) = rig.mine()

    assert made.time_at == rig.clock.now


def test_a_height_that_is_not_there_is_unknown(rig: "Rig") -> None:
    with pytest.raises(UnknownBlock):
        rig.chain.block(rig.chain.tip().height + 1)
    with pytest.raises(UnknownBlock):
        rig.chain.block(-1)


@pytest.mark.parametrize("parent", [ABSENT, "", "xyz", "ab"])
def test_nothing_is_built_on_an_unknown_block(rig: "Rig", parent: str) -> None:
    with pytest.raises(UnknownBlock):
        rig.chain.mine(1, NOBODY, on=parent)


def reward(rig: "Rig", miner: Key) -> Coin:
    """Mine a block for `miner` and answer what it earned: blocks follow from their facts alone."""
    below = rig.chain.tip()
    (made,) = rig.chain.mine(1, miner.script, on=below.hash)
    at = int(made.time_at.timestamp())
    raw = block.make(below.hash, made.height, at, miner.script)
    assert block.block_hash(raw) == made.hash
    earned = Transaction.read_from(BytesIO(raw[81:]))
    units = earned.vout[0].value
    return Coin(earned.txid().hex(), 0, units, miner.script, made.height)


def test_a_reward_may_be_spent_after_100_blocks_and_counts_as_a_coin_from_then_on(
    rig: "Rig",
) -> None:
    miner = Key()
    rig.chain.watch([miner.script])
    coin = reward(rig, miner)
    assert coin.units == block.subsidy(coin.height or 0)
    spending = miner.spend([coin], [(rig.purse.script, coin.units - 500)])

    rig.mine(98)
    assert rig.coins(miner.script) == []
    with pytest.raises(Rejected, match="premature"):
        rig.chain.submit(spending)

    rig.mine()
    assert rig.coins(miner.script) == [], "may be spent, but wallets wait for one block more"
    rig.mine()
    assert rig.coins(miner.script) == [coin]
    rig.chain.submit(spending)
    assert rig.coins(miner.script) == []


def test_a_reward_may_be_spent_in_the_100th_block_after_it(rig: "Rig") -> None:
    miner = Key()
    coin = reward(rig, miner)
    rig.mine(99)
    spending = miner.spend([coin], [(rig.purse.script, coin.units - 500)])
    txid = rig.chain.submit(spending)
    (home,) = rig.mine()
    assert rig.chain.sight([txid])[txid].block == home
    assert coin.height is not None
    assert home.height - coin.height == block.MATURITY_BLOCKS


def test_a_hundred_retries_make_one_payment(rig: "Rig") -> None:
    payee = Key()
    rig.chain.watch([payee.script])
    raw = rig.payment([(payee.script, 70_000)])
    assert {rig.chain.submit(raw) for _ in range(100)} == {txid_of(raw)}
    assert [coin.units for coin in rig.coins(payee.script)] == [70_000]

    rig.mine()
    assert {rig.chain.submit(raw) for _ in range(100)} == {txid_of(raw)}
    assert len(rig.coins(payee.script)) == 1


def test_a_retry_is_answered_even_when_all_it_paid_is_spent(rig: "Rig") -> None:
    one, other = Key(), Key()
    coin = rig.fund(one, 90_000)
    raw = one.spend([coin], [(other.script, 80_000)])
    rig.chain.submit(raw)
    rig.chain.watch([other.script])
    (paid,) = rig.coins(other.script)
    rig.chain.submit(other.spend([paid], [(rig.purse.script, 70_000)]))
    rig.mine()
    assert rig.chain.submit(raw) == txid_of(raw)


def test_a_payment_is_seen_from_the_mempool_to_its_depth(rig: "Rig") -> None:
    payee = Key()
    rig.chain.watch([payee.script])
    raw = rig.payment([(payee.script, 70_000)])
    txid = txid_of(raw)
    assert rig.chain.sight([txid]) == {txid: UNKNOWN}
    assert not rig.chain.sight([txid])[txid].known

    rig.chain.submit(raw)
    assert rig.chain.sight([txid, ABSENT]) == {txid: IN_MEMPOOL, ABSENT: UNKNOWN}
    assert rig.coins(payee.script) == [Coin(txid, 0, 70_000, payee.script, None)]
    assert rig.chain.transaction(txid) == raw

    (home,) = rig.mine()
    assert rig.chain.sight([txid])[txid] == Sighting(1, home, in_mempool=False)
    assert rig.coins(payee.script) == [Coin(txid, 0, 70_000, payee.script, home.height)]
    assert rig.chain.transaction(txid) == raw

    rig.mine(5)
    assert rig.chain.sight([txid])[txid] == Sighting(6, home, in_mempool=False)


def test_a_coin_is_gone_as_soon_as_the_mempool_spends_it(rig: "Rig") -> None:
    one, other = Key(), Key()
    coin = rig.fund(one, 90_000)
    assert rig.coins(one.script) == [coin]
    rig.chain.submit(one.spend([coin], [(other.script, 80_000)]))
    assert rig.coins(one.script) == []


def test_a_child_of_an_unmined_payment_is_mined_with_it(rig: "Rig") -> None:
    one, other = Key(), Key()
    rig.chain.watch([one.script, other.script])
    parent = rig.pay([(one.script, 90_000)])
    (coin,) = rig.coins(one.script)
    child = rig.chain.submit(one.spend([coin], [(other.script, 80_000)]))
    (home,) = rig.mine()
    sighted = rig.chain.sight([parent, child])
    assert {found.block for found in sighted.values()} == {home}


def test_fees_go_to_the_miner(rig: "Rig") -> None:
    miner = Key()
    rig.chain.watch([miner.script])
    rig.mine()
    rig.chain.submit(rig.payment([(Key().script, 70_000)], fee=12_345))
    (home,) = rig.chain.mine(1, miner.script)
    rig.mine(100)
    (coin,) = rig.coins(miner.script)
    assert coin.units == block.subsidy(home.height) + 12_345


def test_coins_are_in_order_and_old_payments_are_found(rig: "Rig") -> None:
    payee = Key()
    for _ in range(3):
        rig.pay([(payee.script, 50_000), (payee.script, 60_000)])
    rig.mine()
    assert rig.coins(payee.script) == []

    for _ in range(2):
        rig.chain.watch([payee.script, payee.script])
        found = rig.coins(payee.script)
        assert len(found) == 6
        assert found == sorted(found, key=lambda coin: (coin.txid, coin.vout))


# --- what is refused ------------------------------------------------------------------------


def test_a_second_spending_of_a_waiting_coin_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    first = rig.chain.submit(one.spend([coin], [(Key().script, 80_000)]))
    with pytest.raises(Rejected) as refusal:
        rig.chain.submit(one.spend([coin], [(Key().script, 80_000)]))
    assert refusal.value.code == "chain.transaction-rejected"
    assert rig.chain.sight([first])[first] == IN_MEMPOOL


def test_a_second_spending_of_a_spent_coin_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    rig.chain.submit(one.spend([coin], [(Key().script, 80_000)]))
    rig.mine()
    with pytest.raises(Rejected, match="missingorspent"):
        rig.chain.submit(one.spend([coin], [(Key().script, 80_000)]))


def test_a_signature_of_another_key_is_refused(rig: "Rig") -> None:
    one, thief = Key(), Key()
    coin = rig.fund(one, 90_000)
    with pytest.raises(Rejected, match="script-verify"):
        rig.chain.submit(thief.spend([coin], [(thief.script, 80_000)]))
    assert rig.coins(one.script) == [coin]


def test_an_altered_amount_breaks_the_signature(rig: "Rig") -> None:
    one, other = Key(), Key()
    coin = rig.fund(one, 90_000)
    raw = one.spend([coin], [(other.script, 80_000)])
    altered = raw.replace((80_000).to_bytes(8, "little"), (80_001).to_bytes(8, "little"))
    assert altered != raw
    with pytest.raises(Rejected, match="script-verify"):
        rig.chain.submit(altered)


def test_money_from_nothing_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    with pytest.raises(Rejected, match="in-belowout"):
        rig.chain.submit(one.spend([coin], [(one.script, 90_001)]))


def test_an_amount_beyond_all_bitcoin_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    with pytest.raises(Rejected):
        rig.chain.submit(one.spend([coin], [(one.script, 21_000_001 * 10**8)]))


def test_the_same_input_twice_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    with pytest.raises(Rejected):
        rig.chain.submit(one.spend([coin, coin], [(one.script, 150_000)]))


def test_a_coin_that_never_was_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = Coin(ABSENT, 0, 90_000, one.script, None)
    with pytest.raises(Rejected, match="missingorspent"):
        rig.chain.submit(one.spend([coin], [(one.script, 80_000)]))


def test_a_lock_time_that_has_not_come_is_refused(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    outputs = [(one.script, 80_000)]
    due = rig.chain.tip().height + 2
    raw = one.spend([coin], outputs, sequence=0xFFFFFFFE, locktime=due)
    with pytest.raises(Rejected, match="non-final"):
        rig.chain.submit(raw)
    rig.mine(2)
    rig.chain.submit(raw)


@pytest.mark.parametrize("blocks", [2, 10])
def test_a_coin_too_young_for_its_relative_lock_is_refused(rig: "Rig", blocks: int) -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    raw = one.spend([coin], [(one.script, 80_000)], sequence=blocks)
    rig.mine(blocks - 2) if blocks > 2 else None
    with pytest.raises(Rejected, match="non-BIP68-final"):
        rig.chain.submit(raw)
    rig.mine()
    rig.chain.submit(raw)


def test_a_relative_lock_by_time_opens_with_the_clock(rig: "Rig") -> None:
    one = Key()
    coin = rig.fund(one, 90_000)
    raw = one.spend([coin], [(one.script, 80_000)], sequence=1 << 22 | 4)
    with pytest.raises(Rejected, match="non-BIP68-final"):
        rig.chain.submit(raw)
    # Far enough for whatever the tests before have done to a shared node's clock.
    rig.clock.now = rig.chain.tip().time_at + timedelta(seconds=4 * 512)
    rig.mine(6)
    rig.chain.submit(raw)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"hello", bytes(60), bytes(1000), b"\xff" * 500, b"\x02\x00\x00\x00\x01" * 9],
    ids=lambda garbage: f"{len(garbage)}-{garbage[:1].hex()}",
)
def test_garbage_is_refused(rig: "Rig", garbage: bytes) -> None:
    with pytest.raises(Rejected):
        rig.chain.submit(garbage)


def test_a_cut_or_lengthened_transaction_is_refused(rig: "Rig") -> None:
    raw = rig.payment([(Key().script, 50_000)])
    for broken in (raw[:-1], raw[: len(raw) // 2], raw[1:], raw + b"\x00"):
        with pytest.raises(Rejected):
            rig.chain.submit(broken)


def test_a_reward_is_no_transaction_to_hand_in(rig: "Rig") -> None:
    below = rig.chain.tip()
    raw = block.make(below.hash, below.height + 1, 0, rig.purse.script)
    reward_alone = Transaction.read_from(BytesIO(raw[81:]))
    with pytest.raises(Rejected, match="coinbase"):
        rig.chain.submit(reward_alone.serialize())


@pytest.mark.parametrize("txid", [ABSENT, "", "xyz", "ab", "AB" * 32])
def test_what_nobody_made_is_unknown(rig: "Rig", txid: str) -> None:
    assert rig.chain.sight([txid]) == {txid: UNKNOWN}
    with pytest.raises(UnknownTransaction):
        rig.chain.transaction(txid)


def test_a_block_with_a_bad_payment_is_refused_and_changes_nothing(rig: "Rig") -> None:
    one, thief = Key(), Key()
    coin = rig.fund(one, 90_000)
    before = rig.chain.tip()
    stolen = thief.spend([coin], [(thief.script, 80_000)])
    with pytest.raises(BlockRefused):
        rig.chain.mine(1, NOBODY, transactions=[stolen])
    assert rig.chain.tip() == before
    rig.mine()
    assert rig.chain.tip().height == before.height + 1


def test_a_longer_branch_with_a_bad_payment_is_refused_and_changes_nothing(rig: "Rig") -> None:
    one, thief = Key(), Key()
    coin = rig.fund(one, 90_000)
    fork = rig.chain.tip()
    (best,) = rig.mine()
    stolen = thief.spend([coin], [(thief.script, 80_000)])
    with pytest.raises(BlockRefused):
        rig.chain.mine(2, NOBODY, on=fork.hash, transactions=[stolen])
    assert rig.chain.tip() == best
    assert rig.coins(one.script) == [coin]


# --- reorganisation -------------------------------------------------------------------------


def test_a_reorganisation_returns_a_payment_to_the_mempool_and_it_is_mined_again(
    rig: "Rig",
) -> None:
    payee = Key()
    rig.chain.watch([payee.script])
    raw = rig.payment([(payee.script, 70_000)])
    fork = rig.chain.tip()
    txid = rig.chain.submit(raw)
    rig.mine()

    (equal,) = rig.chain.mine(1, NOBODY, on=fork.hash)
    assert rig.chain.sight([txid])[txid].depth == 1, "an equal branch changes nothing"
    (longer,) = rig.chain.mine(1, NOBODY, on=equal.hash)
    assert rig.chain.tip() == longer
    assert rig.chain.sight([txid]) == {txid: IN_MEMPOOL}
    assert rig.coins(payee.script) == [Coin(txid, 0, 70_000, payee.script, None)]
    assert rig.chain.submit(raw) == txid

    (home,) = rig.mine()
    assert rig.chain.sight([txid])[txid] == Sighting(1, home, in_mempool=False)
    assert rig.coins(payee.script) == [Coin(txid, 0, 70_000, payee.script, home.height)]


def test_a_chain_of_payments_survives_a_deep_reorganisation(rig: "Rig") -> None:
    one, other = Key(), Key()
    coin = rig.fund(one, 90_000)
    fork = rig.chain.tip()
    first = one.spend([coin], [(other.script, 80_000)])
    rig.chain.submit(first)
    rig.mine()
    middle = Coin(txid_of(first), 0, 80_000, other.script, None)
    second = other.spend([middle], [(one.script, 70_000)])
    rig.chain.submit(second)
    rig.mine()

    rig.chain.mine(3, NOBODY, on=fork.hash)
    waiting = rig.chain.sight([txid_of(first), txid_of(second)])
    assert set(waiting.values()) == {IN_MEMPOOL}
    (home,) = rig.mine()
    again = rig.chain.sight([txid_of(first), txid_of(second)])
    assert {found.block for found in again.values()} == {home}


def test_a_payment_displaced_by_a_reorganisation_is_conflicted(rig: "Rig") -> None:
    one, payee, thief = Key(), Key(), Key()
    rig.chain.watch([payee.script, thief.script])
    coin = rig.fund(one, 90_000)
    fork = rig.chain.tip()
    honest = one.spend([coin], [(payee.script, 80_000)])
    double = one.spend([coin], [(thief.script, 80_000)])
    rig.chain.submit(honest)
    rig.mine(2)
    assert rig.chain.sight([txid_of(honest)])[txid_of(honest)].depth == 2

    branch = rig.chain.mine(3, NOBODY, on=fork.hash, transactions=[double])
    sighted = rig.chain.sight([txid_of(honest), txid_of(double)])
    assert sighted[txid_of(honest)] == CONFLICTED
    assert sighted[txid_of(double)] == Sighting(3, branch[0], in_mempool=False)
    assert rig.coins(payee.script) == []
    assert [coin.units for coin in rig.coins(thief.script)] == [80_000]
    with pytest.raises(Rejected):
        rig.chain.submit(honest)


def test_a_waiting_payment_and_its_child_are_conflicted_when_a_rival_is_mined(rig: "Rig") -> None:
    one, payee, grandchild = Key(), Key(), Key()
    rig.chain.watch([payee.script, grandchild.script])
    coin = rig.fund(one, 90_000)
    honest = one.spend([coin], [(payee.script, 80_000)])
    rig.chain.submit(honest)
    (paid,) = rig.coins(payee.script)
    child = payee.spend([paid], [(grandchild.script, 70_000)])
    rig.chain.submit(child)

    double = one.spend([coin], [(Key().script, 80_000)])
    rig.chain.mine(1, NOBODY, transactions=[double])
    sighted = rig.chain.sight([txid_of(honest), txid_of(child), txid_of(double)])
    assert sighted[txid_of(honest)] == CONFLICTED
    assert sighted[txid_of(child)] == CONFLICTED
    assert sighted[txid_of(double)].depth == 1
    assert rig.coins(payee.script, grandchild.script) == []


def test_a_conflicted_payment_comes_back_if_the_rival_loses_its_block(rig: "Rig") -> None:
    one, payee = Key(), Key()
    rig.chain.watch([payee.script])
    coin = rig.fund(one, 90_000)
    fork = rig.chain.tip()
    honest = one.spend([coin], [(payee.script, 80_000)])
    double = one.spend([coin], [(Key().script, 80_000)])
    rig.chain.mine(1, NOBODY, transactions=[double])
    rig.chain.mine(2, NOBODY, on=fork.hash, transactions=[honest])
    sighted = rig.chain.sight([txid_of(honest), txid_of(double)])
    assert sighted[txid_of(honest)].depth == 2
    assert rig.coins(payee.script) != []


def test_a_rival_that_waits_again_conflicts_with_nothing_in_the_chain(rig: "Rig") -> None:
    one, payee = Key(), Key()
    rig.chain.watch([payee.script])
    coin = rig.fund(one, 90_000)
    fork = rig.chain.tip()
    honest = one.spend([coin], [(payee.script, 80_000)])
    double = one.spend([coin], [(Key().script, 80_000)])
    rig.chain.submit(honest)
    rig.chain.mine(1, NOBODY, transactions=[double])
    assert rig.chain.sight([txid_of(honest)]) == {txid_of(honest): CONFLICTED}

    rig.chain.mine(2, NOBODY, on=fork.hash)
    assert rig.chain.sight([txid_of(honest), txid_of(double)]) == {
        txid_of(honest): UNKNOWN,
        txid_of(double): IN_MEMPOOL,
    }


# --- stopping and starting ------------------------------------------------------------------


def test_a_restart_keeps_the_tip_and_the_watched_coins(rig: "Rig") -> None:
    payee = Key()
    rig.chain.watch([payee.script])
    coin = rig.fund(payee, 90_000)
    waiting = rig.pay([(payee.script, 60_000)])
    tip, coins = rig.chain.tip(), rig.coins(payee.script)
    rig.restart()
    assert rig.chain.tip() == tip
    assert coin in rig.coins(payee.script)
    assert rig.coins(payee.script) == coins
    assert rig.chain.sight([waiting])[waiting] == IN_MEMPOOL


def test_a_stopped_chain_is_unreachable_and_works_again_when_started(rig: "Rig") -> None:
    raw = rig.payment([(Key().script, 60_000)])
    rig.stop()
    for call in (
        rig.chain.tip,
        rig.chain.coins,
        lambda: rig.chain.block(0),
        lambda: rig.chain.submit(raw),
        lambda: rig.chain.sight([ABSENT]),
        lambda: rig.chain.transaction(ABSENT),
        lambda: rig.chain.watch([rig.purse.script]),
        rig.mine,
    ):
        with pytest.raises(Unreachable) as refusal:
            call()
        assert refusal.value.code == "chain.unreachable"
    rig.chain = rig.start()
    txid = rig.chain.submit(raw)
    rig.mine()
    assert rig.chain.sight([txid])[txid].depth == 1


def test_headers_stand_on_each_other_up_to_the_tip(rig: "Rig") -> None:
    rig.chain.mine(3, NOBODY)
    tip = rig.chain.tip()
    headers = rig.chain.headers(tip.height - 3)
    assert [len(one) for one in headers] == [80] * 4
    hashes = [block.block_hash(one) for one in headers]
    assert hashes == [rig.chain.block(tip.height - n).hash for n in (3, 2, 1, 0)]
    assert [one[4:36][::-1].hex() for one in headers[1:]] == hashes[:-1]
    assert block.block_hash(rig.chain.headers(0)[0]) == block.GENESIS
    assert rig.chain.headers(tip.height - 3, 2) == headers[:2]
    assert rig.chain.headers(tip.height, 2) == headers[3:]


def test_a_block_tells_its_transactions_and_each_is_under_its_header(rig: "Rig") -> None:
    made = [rig.pay([(NOBODY, 70_000 + n)]) for n in range(4)]
    (mined,) = rig.mine()
    txids = rig.chain.txids(mined.height)
    assert sorted(txids[1:]) == sorted(made)
    (header, *_) = rig.chain.headers(mined.height)
    leaves = [bytes.fromhex(txid)[::-1] for txid in txids]
    for index, leaf in enumerate(leaves):
        found, at = leaf, index
        for sibling in block.merkle_branch(leaves, index):
            found = block.digest(sibling + found if at % 2 else found + sibling)
            at //= 2
        assert found == header[36:68]
    assert rig.chain.txids(0) == [block.GENESIS_TXID]


@pytest.mark.parametrize("ahead", [1, 10**6])
def test_headers_and_transactions_of_no_block_are_unknown(rig: "Rig", ahead: int) -> None:
    height = rig.chain.tip().height + ahead
    with pytest.raises(UnknownBlock):
        rig.chain.headers(height)
    with pytest.raises(UnknownBlock):
        rig.chain.txids(height)
    with pytest.raises(UnknownBlock):
        rig.chain.headers(-1)


# What a transaction spends.


def test_what_a_transaction_spends_is_told_once_it_is_mined(rig: "Rig") -> None:
    """In the order of its inputs; of several at once."""
    payers = [Wallet.of(b"a payer of the contract"), Wallet.of(b"another payer of the contract")]
    rig.chain.watch([one.script for one in payers])
    rig.pay([(one.script, 90_000) for one in payers])
    rig.mine()
    coins = [(coin, one) for one in payers for coin in rig.coins(one.script)[:1]]
    txid = rig.chain.submit(pay(coins, [(NOBODY, 100_000)], NOBODY, 2))
    with pytest.raises(UnknownTransaction):
        rig.chain.sources([txid])
    (made,) = rig.mine()
    (reward,) = set(rig.chain.txids(made.height)) - {txid}
    assert rig.chain.sources([txid, reward]) == {
        txid: [one.script for one in payers],
        reward: [],
    }
    assert rig.chain.sources([]) == {}


@pytest.mark.parametrize("txid", [ABSENT, "", "xyz"])
def test_of_what_is_in_no_block_nothing_is_told(rig: "Rig", txid: str) -> None:
    with pytest.raises(UnknownTransaction):
        rig.chain.sources([txid])
