"""Micro-transfers: who sends an address's coins back to it as asked proves that they hold it.

Everything happens on an embedded chain: coins come to an address, are sent back to it or elsewhere,
mined, buried, and taken back by a reorganisation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from embit.hashes import hash160
from embit.script import Script
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput
from psycopg import Connection
from tests import proving
from tests.chains.test_messages import HONEST
from tests.enacted import facts
from tests.operations.test_dealing import Lists
from tests.proving import Holder
from tests.stage import FEE_RATE, NOBODY, Stage
from tests.staging import OpenStage

from clearhouse.chains import transaction
from clearhouse.chains.chain import Coin
from clearhouse.chains.messages.proof import Method
from clearhouse.chains.messages.transfer import INPUTS_MAX
from clearhouse.core import ids
from clearhouse.core.errors import Coded, Kind, Refusal
from clearhouse.core.record import RecordEntered
from clearhouse.core.settlement import VaultAddressGiven
from clearhouse.core.wallet import CHALLENGE_LIFE, WALLETS, Challenge, Wallet
from clearhouse.demo.wallets import Wallet as Purse
from clearhouse.demo.wallets import pay
from clearhouse.operations import transfers, wallets
from clearhouse.operations.replay import replay
from clearhouse.store import journal, records
from clearhouse.store.projection import record

ACCOUNT = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
OF_MAIN = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
HELD = 20_000_000  # satoshi that come to an address before it is proved
FEE = 1_000
A_SECOND = timedelta(seconds=1)
A_MOMENT = timedelta(microseconds=1)
MINE, THEIRS = Purse.of(b"mine"), Purse.of(b"theirs")


class Spending(Transaction):  # type: ignore[misc]
    """A transaction of one coin, whose signatures commit to how much it is."""

    units = 0

    def sighash_segwit(self, place: int, code: Script, _units: int, *rest: Any) -> Any:
        return super().sighash_segwit(place, code, self.units, *rest)

    def sighash_taproot(
        self, place: int, scripts: Sequence[Script], _units: Sequence[int], *rest: Any, **more: Any
    ) -> Any:
        return super().sighash_taproot(place, scripts, [self.units], *rest, **more)


@pytest.fixture
def stage(embedded_stage: Stage) -> Stage:
    """A house on an embedded chain, whose lists are fresh on every day."""
    house = replace(
        embedded_stage.house, lists=Lists(embedded_stage.clock, embedded_stage.house.lists())
    )
    embedded_stage.house = house
    return embedded_stage


@pytest.fixture(scope="module")
def quiet(open_stage: OpenStage) -> Iterator[Stage]:
    """One for tests after which no clock is another, and nothing of MINE proved."""
    with open_stage() as made:
        made.house = replace(made.house, lists=Lists(made.clock, made.house.lists()))
        yield made


def ask(
    stage: Stage, letter: str = "A", address: str = MINE.address, network: str = "regtest"
) -> Challenge:
    who = stage.firm(letter).id
    return wallets.challenge(stage.house, who, network, address, "pay-out", "self-hosted")


def prove(stage: Stage, asked: Challenge, txid: str) -> Wallet:
    return transfers.prove(stage.house, asked.challenge, txid)


def code(refused: Callable[[], object]) -> str:
    with pytest.raises(Coded) as caught:
        refused()
    return caught.value.code


def entered(stage: Stage) -> list[RecordEntered]:
    found = facts(stage.house.db, RecordEntered)
    return [one for one in found if one.register == WALLETS.name]


def coin(stage: Stage, script: bytes = MINE.script, units: int = HELD) -> Coin:
    """Let a coin come to an address, and be mined."""
    txid = stage.pay((script, units))
    stage.mine()
    return at(stage, txid, script)


def at(stage: Stage, txid: str, script: bytes) -> Coin:
    """What a transaction paid to a script."""
    paid = transaction.outputs(stage.chain.transaction(txid))
    (vout,) = [place for place, (_, to) in enumerate(paid) if to == script]
    return Coin(txid, vout, paid[vout][0], script, None)


def back(
    stage: Stage,
    *outputs: tuple[bytes, int],
    spent: Sequence[tuple[Coin, Purse]] = (),
    change: bytes = MINE.script,
) -> str:
    """Send a new coin of the address, or some coins; the payment waits for a block."""
    coins = spent or [(coin(stage), MINE)]
    return stage.chain.submit(pay(coins, outputs, change, FEE_RATE))


def final(stage: Stage, txid: str) -> str:
    stage.mine(stage.deep)
    return txid


# Asked, sent back, proved.


@pytest.mark.parametrize("name", HONEST)
def test_every_kind_of_address_is_proved(quiet: Stage, name: str) -> None:
    holder: Holder = HONEST[name][0]
    asked, spent = ask(quiet, address=holder.address), coin(quiet, holder.output)
    made = Spending(
        2,
        [TransactionInput(bytes.fromhex(spent.txid), spent.vout)],
        [
            TransactionOutput(asked.amount, Script(holder.output)),
            TransactionOutput(HELD - asked.amount - FEE, Script(NOBODY)),
        ],
        0,
    )
    made.units = HELD
    holder.sign(made)
    txid = quiet.chain.submit(made.serialize())
    (block, *_) = quiet.mine(quiet.deep)

    proved = prove(quiet, asked, txid)
    assert proved == Wallet(
        *(asked.participant, "regtest", holder.address, "pay-out", "self-hosted"),
        *(asked.challenge, "micro-transfer", txid, block.hash, quiet.clock()),
    )
    assert proved.method == Method.TRANSFER
    assert entered(quiet)[-1] == WALLETS.entered(proved)[1]
    assert proved in wallets.held_by(quiet.house, [asked.participant])


def test_a_real_node_is_asked_as_well(node_stage: Stage) -> None:
    asked = ask(node_stage)
    txid = back(node_stage, (MINE.script, asked.amount))
    assert code(lambda: prove(node_stage, asked, txid)) == "wallet.transfer-waits"
    assert code(lambda: prove(node_stage, asked, "ab" * 32)) == "chain.transaction-unknown"
    (block, *_) = node_stage.mine(node_stage.deep)
    assert prove(node_stage, asked, txid).at_block == block.hash


@pytest.mark.parametrize("change", [MINE.script, NOBODY], ids=["back too", "elsewhere"])
def test_the_rest_goes_where_the_wallet_has_it_go(stage: Stage, change: bytes) -> None:
    asked = ask(stage)
    txid = final(stage, back(stage, (MINE.script, asked.amount), change=change))
    assert prove(stage, asked, txid).signature == txid


def test_all_that_is_there_may_be_sent_back_in_one_output(stage: Stage) -> None:
    asked = ask(stage)
    fees = 1_000
    spent = [(coin(stage, units=asked.amount + fees), MINE)]
    txid = final(stage, back(stage, (MINE.script, asked.amount), spent=spent))
    assert len(transaction.outputs(stage.chain.transaction(txid))) == 1
    assert prove(stage, asked, txid).address == MINE.address


def test_several_coins_of_the_address_may_be_spent(stage: Stage) -> None:
    asked = ask(stage)
    spent = [(coin(stage, units=units), MINE) for units in (600_000, 700_000, 800_000)]
    txid = final(stage, back(stage, (MINE.script, asked.amount), spent=spent))
    assert prove(stage, asked, txid).signature == txid


def test_what_a_transfer_proved_is_replayed_without_the_chain(
    stage: Stage, elsewhere: Connection
) -> None:
    asked = ask(stage)
    made = prove(stage, asked, final(stage, back(stage, (MINE.script, asked.amount))))
    stage.stop()
    assert replay(stage.house, elsewhere, lambda _: None).rows["wallet"] == 1
    assert records.current(elsewhere, WALLETS, "challenge", [asked.challenge]) == [made]


# What proves nothing.

Sent = Callable[[Stage, Challenge], str]


def foreign_beside(stage: Stage, asked: Challenge) -> str:
    spent = [(coin(stage), MINE), (coin(stage, THEIRS.script), THEIRS)]
    return back(stage, (MINE.script, asked.amount), spent=spent)


def reward(stage: Stage, _: Challenge) -> str:
    (made,) = stage.chain.mine(1, MINE.script)
    return stage.chain.txids(made.height)[0]


def crumbs(stage: Stage, asked: Challenge) -> str:
    """More coins than are looked at."""
    made = stage.pay(*[(MINE.script, 50_000)] * (INPUTS_MAX + 1))
    stage.mine()
    paid = transaction.outputs(stage.chain.transaction(made))
    ours = [place for place, (_, to) in enumerate(paid) if to == MINE.script]
    spent = [(Coin(made, place, 50_000, MINE.script, None), MINE) for place in ours]
    return back(stage, (MINE.script, asked.amount), spent=spent)


WRONG: Mapping[str, tuple[Sent, str]] = {
    "a satoshi less": (
        lambda stage, asked: back(stage, (MINE.script, asked.amount - 1)),
        "proof.transfer-amount-wrong",
    ),
    "a satoshi more": (
        lambda stage, asked: back(stage, (MINE.script, asked.amount + 1), change=NOBODY),
        "proof.transfer-amount-wrong",
    ),
    "the amount to somebody else": (
        lambda stage, asked: back(stage, (THEIRS.script, asked.amount)),
        "proof.transfer-amount-wrong",
    ),
    "nothing back": (
        lambda stage, asked: back(stage, (THEIRS.script, asked.amount), change=NOBODY),
        "proof.transfer-away",
    ),
    "somebody else's payment": (
        lambda stage, asked: back(
            stage, (MINE.script, asked.amount), spent=[(coin(stage, THEIRS.script), THEIRS)]
        ),
        "proof.transfer-foreign",
    ),
    "somebody else's coin beside": (foreign_beside, "proof.transfer-foreign"),
    "a block's reward": (reward, "proof.transfer-foreign"),
    "three outputs": (
        lambda stage, asked: back(stage, (MINE.script, asked.amount), (NOBODY, 20_000)),
        "proof.transfer-not-plain",
    ),
    "a hundred and one coins": (crumbs, "proof.transfer-not-plain"),
    "nowhere": (lambda _stage, _asked: "ab" * 32, "chain.transaction-unknown"),
    "nothing": (lambda _stage, _asked: "", "chain.transaction-unknown"),
    "no id": (lambda _stage, _asked: "x" * 10_000, "chain.transaction-unknown"),
    "an id with a line's end": (
        lambda stage, asked: back(stage, (MINE.script, asked.amount)) + "\n",
        "chain.transaction-unknown",
    ),
    "an id in capitals": (
        lambda stage, asked: back(stage, (MINE.script, asked.amount)).upper(),
        "chain.transaction-unknown",
    ),
}


@pytest.mark.parametrize(("send", "expected"), WRONG.values(), ids=WRONG)
def test_what_proves_nothing_is_refused_and_the_challenge_stays_open(
    quiet: Stage, send: Sent, expected: str
) -> None:
    """As soon as it is sent, and when it is final."""
    address = MINE.address
    who = "ABCDEFGabcdefg"[list(WRONG.values()).index((send, expected))]  # not one too often
    asked = ask(quiet, who, address)
    txid = send(quiet, asked)
    head = journal.head(quiet.house.db)
    for _ in range(2):
        assert code(lambda: prove(quiet, asked, txid)) == expected
        quiet.mine(quiet.deep)
    assert journal.head(quiet.house.db) == head
    assert wallets.waiting(quiet.house, asked.challenge) == asked


@pytest.mark.parametrize(
    "hash_type",
    [SIGHASH.NONE, SIGHASH.SINGLE, SIGHASH.ALL | SIGHASH.ANYONECANPAY],
    ids=["none", "single", "anyone can pay"],
)
def test_a_signature_that_lets_others_write_the_rest_proves_nothing(
    stage: Stage, hash_type: int
) -> None:
    """The network takes it; yet whoever saw it could have made another transaction of it."""
    holder = proving.p2wpkh(hash_type=hash_type)
    spent, asked = coin(stage, holder.output), ask(stage, "A", holder.address)
    made = Spending(
        2,
        [TransactionInput(bytes.fromhex(spent.txid), spent.vout)],
        [TransactionOutput(asked.amount, Script(holder.output))],
        0,
    )
    made.units = HELD
    holder.sign(made)
    txid = final(stage, stage.chain.submit(made.serialize()))
    assert code(lambda: prove(stage, asked, txid)) == "proof.rule-broken"


def test_what_anybody_can_spend_proves_nothing(quiet: Stage) -> None:
    """A taproot output wrapped in P2SH is one that consensus lets anybody spend."""
    inner = bytes(proving.p2tr().output)
    script = b"\xa9\x14" + bytes(hash160(inner)) + b"\x87"
    anybodys = Holder(script, lambda _: (proving.push(inner), []))
    spent, asked = coin(quiet, script), ask(quiet, "H", anybodys.address)
    made = Transaction(
        2,
        [TransactionInput(bytes.fromhex(spent.txid), spent.vout)],
        [TransactionOutput(asked.amount, Script(script))],
        0,
    )
    anybodys.sign(made)
    txid = final(quiet, quiet.chain.submit(made.serialize()))
    assert code(lambda: prove(quiet, asked, txid)) == "proof.inconclusive"


def test_a_transfer_answers_no_other_challenge(stage: Stage) -> None:
    """Not another one of the same participant, and not the one that a rival was asked."""
    first, second, rivals = ask(stage), ask(stage), ask(stage, "B")
    assert len({first.amount, second.amount, rivals.amount}) == 3
    txid = final(stage, back(stage, (MINE.script, first.amount)))
    for asked in (second, rivals):
        refused = code(lambda asked=asked: prove(stage, asked, txid))  # type: ignore[misc]
        assert refused == "proof.transfer-amount-wrong"
    assert prove(stage, first, txid).participant == stage.firm("A").id


@pytest.mark.parametrize(
    ("address", "network"), [(ACCOUNT, "eip155:1"), (OF_MAIN, "main")], ids=["evm", "main"]
)
def test_on_another_network_one_signs(quiet: Stage, address: str, network: str) -> None:
    asked = ask(quiet, "H", address, network)
    assert code(lambda: prove(quiet, asked, "ab" * 32)) == "wallet.transfer-network"


def test_who_asks_again_and_again_is_not_proved_by_luck(stage: Stage) -> None:
    """A signature still proves it; and what is a day old does not count."""
    several = []
    for _ in range(transfers.ASKED_MAX + 1):
        several.append(ask(stage))
        ask(stage, "B")
        stage.clock.forward(seconds=1)
    *_, sixteenth, last = several
    txids = [back(stage, (MINE.script, one.amount)) for one in (sixteenth, last)]
    stage.mine(stage.deep)
    assert code(lambda: prove(stage, last, txids[1])) == "wallet.transfer-asked-often"
    assert prove(stage, sixteenth, txids[0]).challenge == sixteenth.challenge
    signature = proving.of_key(MINE.key).simple(last.text)
    assert wallets.prove(stage.house, last.challenge, signature).method == Method.BIP322_SIMPLE

    stage.clock.at = several[1].expires_at
    later = ask(stage)
    txid = final(stage, back(stage, (MINE.script, later.amount)))
    assert prove(stage, later, txid).challenge == later.challenge


# When.


def test_what_was_mined_before_it_was_asked_for_is_too_early(stage: Stage) -> None:
    """The block that is as old as the challenge is the first that counts."""
    stage.clock.forward(hours=2)
    asked = ask(stage)
    stage.clock.at -= timedelta(hours=1)
    txids, spent = [], [[(coin(stage), MINE)] for _ in range(3)]
    for each, before in zip(spent, (timedelta(hours=1), A_SECOND, 0 * A_SECOND), strict=True):
        txids.append(back(stage, (MINE.script, asked.amount), spent=each))
        stage.clock.at = asked.made_at - before
        (block,) = stage.mine()
        assert block.time_at == stage.clock()
    *early, right = txids
    for txid in early:
        assert code(lambda txid=txid: prove(stage, asked, txid)) == "wallet.transfer-early"  # type: ignore[misc]
    stage.mine(stage.deep)
    for txid in early:
        assert code(lambda txid=txid: prove(stage, asked, txid)) == "wallet.transfer-early"  # type: ignore[misc]
    assert prove(stage, asked, right).at_block == block.hash


def test_a_transfer_that_is_not_final_waits(stage: Stage) -> None:
    """Unmined, and in each block but the last that the law asks for."""
    asked = ask(stage)
    txid = back(stage, (MINE.script, asked.amount))
    for depth in range(stage.deep):
        with pytest.raises(Refusal) as refused:
            prove(stage, asked, txid)
        assert refused.value.code == "wallet.transfer-waits"
        assert refused.value.kind is Kind.UNAVAILABLE
        assert f"{depth} confirmations of {stage.deep}" in refused.value.detail
        stage.mine()
    assert entered(stage) == []
    assert prove(stage, asked, txid).signature == txid


def test_a_transfer_is_final_before_the_challenge_expires(stage: Stage) -> None:
    late, right = ask(stage), ask(stage)
    txids = [back(stage, (MINE.script, one.amount)) for one in (late, right)]
    stage.mine(stage.deep)
    stage.clock.at = late.made_at + CHALLENGE_LIFE
    assert code(lambda: prove(stage, late, txids[0])) == "wallet.challenge-expired"
    stage.clock.at -= A_MOMENT
    assert prove(stage, right, txids[1]).proven_at == stage.clock()


def test_a_challenge_is_answered_once(stage: Stage) -> None:
    asked = ask(stage)
    txid = final(stage, back(stage, (MINE.script, asked.amount)))
    prove(stage, asked, txid)
    head = journal.head(stage.house.db)
    assert code(lambda: prove(stage, asked, txid)) == "wallet.challenge-answered"
    assert journal.head(stage.house.db) == head


@pytest.mark.parametrize("id", ["", "nonsense", ids.derived("chl", "never"), "chl\n_"])
def test_what_was_never_asked_is_not_answered(quiet: Stage, id: str) -> None:
    refused = code(lambda: transfers.prove(quiet.house, id, "ab" * 32))
    assert refused == "wallet.challenge-unknown"


# Meanwhile.


def test_an_address_that_was_listed_meanwhile_is_refused(stage: Stage) -> None:
    asked = ask(stage)
    txid = final(stage, back(stage, (MINE.script, asked.amount)))
    assert isinstance(stage.house.lists, Lists)
    stage.house.lists.add_wallet(MINE.address, "77")
    assert code(lambda: prove(stage, asked, txid)) == "wallet.listed"
    assert entered(stage) == []


def test_an_address_that_another_proved_meanwhile_is_refused(stage: Stage) -> None:
    asked, rivals = ask(stage), ask(stage, "B")
    txids = [back(stage, (MINE.script, one.amount)) for one in (asked, rivals)]
    stage.mine(stage.deep)
    made = prove(stage, rivals, txids[1])
    assert code(lambda: prove(stage, asked, txids[0])) == "wallet.claimed"
    assert entered(stage) == [WALLETS.entered(made)[1]]


def test_an_address_that_became_the_vaults_meanwhile_is_refused(stage: Stage) -> None:
    asked = ask(stage)
    txid = final(stage, back(stage, (MINE.script, asked.amount)))
    given, house = VaultAddressGiven(MINE.script.hex(), MINE.address, False, 9, None), stage.house
    with house.db.transaction():
        record(house.db, [(MINE.address, given)], house.now(), house.now())
    assert code(lambda: prove(stage, asked, txid)) == "participant.address-of-vault"


# What a reorganisation took back.


@pytest.mark.parametrize("is_final", [False, True], ids=["young", "final"])
def test_a_transfer_that_another_displaced_proves_nothing(stage: Stage, is_final: bool) -> None:
    """Its coin was spent otherwise in the chain that won; sent again, it proves."""
    asked, spent = ask(stage), [(coin(stage), MINE)]
    txid = back(stage, (MINE.script, asked.amount), spent=spent)
    depth = stage.deep if is_final else 1
    stage.mine(depth)
    otherwise = pay(spent, [(THEIRS.script, asked.amount)], MINE.script, FEE_RATE)
    stage.reorganise(depth, otherwise)
    stage.mine(stage.deep)
    assert code(lambda: prove(stage, asked, txid)) == "wallet.transfer-displaced"
    assert entered(stage) == []
    again = final(stage, back(stage, (MINE.script, asked.amount)))
    assert prove(stage, asked, again).signature == again


def test_a_transfer_that_lost_its_block_waits_for_another_one(stage: Stage) -> None:
    asked = ask(stage)
    txid = back(stage, (MINE.script, asked.amount))
    (first, *_) = stage.mine(stage.deep)
    stage.reorganise(stage.deep)
    assert code(lambda: prove(stage, asked, txid)) == "wallet.transfer-waits"
    assert entered(stage) == []
    (second, *_) = stage.mine(stage.deep)
    assert prove(stage, asked, txid).at_block == second.hash != first.hash


def test_what_went_with_its_block_is_unknown(stage: Stage) -> None:
    """The chain still has its text; it is in no block and waits for none."""
    asked = ask(stage)
    txid = reward(stage, asked)
    stage.reorganise(1)
    assert stage.chain.transaction(txid)
    assert code(lambda: prove(stage, asked, txid)) == "chain.transaction-unknown"


# Without a chain.


def test_without_a_chain_nothing_is_proved(stage: Stage) -> None:
    asked = ask(stage)
    txid = final(stage, back(stage, (MINE.script, asked.amount)))
    unsettled = replace(stage.house, settles=None)
    refused = code(lambda: transfers.prove(unsettled, asked.challenge, txid))
    assert refused == "house.no-rail"
    stage.stop()
    assert code(lambda: prove(stage, asked, txid)) == "chain.unreachable"
    assert entered(stage) == []
    stage.restart()
    assert prove(stage, asked, txid).signature == txid
