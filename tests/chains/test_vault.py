"""The vault: what it composes is exact, and valid by Bitcoin Core's own consensus code."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pbk
import pytest
from embit.bip32 import HDKey
from embit.descriptor import Descriptor
from embit.networks import NETWORKS as PREFIXES
from embit.psbt import PSBT
from embit.script import Script
from embit.transaction import Transaction, TransactionInput, TransactionOutput
from hypothesis import given, settings
from hypothesis import strategies as st
from pbk.script import PrecomputedTransactionData

from clearhouse.chains.vault import (
    AddressWrong,
    Coin,
    CoinWrong,
    KeysWrong,
    PayOutDust,
    PreviousUnknown,
    PsbtDiffers,
    PsbtMalformed,
    SignaturesMissing,
    Vault,
    VaultShort,
    combine,
    dust_limit,
    fee,
    finalise,
    script_of,
)
from clearhouse.core.errors import Refusal

ROOTS = [HDKey.from_seed(bytes([n]) * 32, PREFIXES["regtest"]["xprv"]) for n in (1, 2, 3)]
P2WPKH = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
P2PKH = "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"


def xpub(root: Any, version: bytes | None = None) -> str:
    account = root.derive("m/48h/1h/0h/2h").to_public()
    return f"[{root.my_fingerprint.hex()}/48h/1h/0h/2h]{account.to_base58(version)}"


XPUBS = [xpub(root) for root in ROOTS]
VAULT = Vault(XPUBS, 2, "regtest")


def paid_in(*units: int, first: int = 0) -> tuple[list[Coin], dict[str, bytes]]:
    """Coins of the vault, each made by a transaction of its own, at indexes from `first` on."""
    coins, previous = [], {}
    for index, each in enumerate(units, first):
        made = Transaction(
            2,
            [TransactionInput(bytes([7]) * 32, index)],
            [
                TransactionOutput(1, Script(b"\x51")),
                TransactionOutput(each, Script(VAULT.receive(index).script)),
            ],
        )
        previous[made.txid().hex()] = made.serialize()
        coins.append(Coin(made.txid().hex(), 1, index))
    return coins, previous


def signed(psbt: str, *roots: Any) -> list[str]:
    done = []
    for root in roots:
        one = PSBT.from_base64(psbt)
        assert one.sign_with(root) == len(one.inputs)
        done.append(one.to_base64())
    return done


def assert_valid(raw: bytes, coins: list[Coin], previous: dict[str, bytes]) -> None:
    """Judge every input by Bitcoin Core's script verification."""
    transaction = pbk.Transaction(raw)
    spent = [
        Transaction.parse(previous[vin.txid.hex()]).vout[vin.vout]
        for vin in Transaction.parse(raw).vin
    ]
    assert len(spent) == len(coins)
    outputs = [
        pbk.TransactionOutput(pbk.ScriptPubkey(o.script_pubkey.data), o.value) for o in spent
    ]
    precomputed = PrecomputedTransactionData(transaction, outputs)
    for number, output in enumerate(spent):
        script = pbk.ScriptPubkey(output.script_pubkey.data)
        flags = pbk.ScriptVerificationFlags.ALL
        assert script.verify(output.value, transaction, precomputed, number, flags)


def test_its_addresses_are_those_of_an_independent_library() -> None:
    parsed = Descriptor.from_string(VAULT.descriptor)
    for index in (0, 1, 20, 2**31 - 1):
        for branch, address in enumerate((VAULT.receive(index), VAULT.change(index))):
            derived = parsed.derive(index, branch)
            assert address.script == derived.script_pubkey().data
            assert address.text == derived.address(PREFIXES["regtest"])
            assert script_of(address.text, "regtest") == address.script


def test_the_descriptor_does_not_depend_on_how_hardened_steps_are_written() -> None:
    assert Vault(
        [one.replace("h/", "'/").replace("h]", "']") for one in XPUBS], 2, "regtest"
    ).descriptor == (VAULT.descriptor)


@pytest.mark.parametrize("pair", [(0, 1), (0, 2), (1, 2), (2, 0)])
def test_any_two_holders_can_spend(pair: tuple[int, int]) -> None:
    coins, previous = paid_in(100_000, 50_000)
    psbt = VAULT.compose(coins, previous, [(P2WPKH, 60_000)], 4, 2)
    raw, txid = finalise(combine(signed(psbt, *(ROOTS[n] for n in pair))))
    assert_valid(raw, coins, previous)
    assert Transaction.parse(raw).txid().hex() == txid


def test_it_can_carry_thirty_two_bytes() -> None:
    coins, previous = paid_in(100_000, 50_000)
    psbt = VAULT.compose(coins, previous, [(P2WPKH, 60_000)], 4, 2, "a5" * 32)
    raw, _ = finalise(combine(signed(psbt, *ROOTS[:2])))
    assert_valid(raw, coins, previous)
    carried, *_ = Transaction.parse(raw).vout
    assert (carried.value, carried.script_pubkey.data.hex()) == (0, "6a20" + "a5" * 32)


def test_what_it_carries_alone_is_no_reason_to_pay() -> None:
    coins, previous = paid_in(600)
    with pytest.raises(VaultShort):
        VAULT.compose(coins, previous, [], 4, 2, "a5" * 32)


def test_all_three_may_sign() -> None:
    coins, previous = paid_in(100_000)
    raw, _ = finalise(combine(signed(VAULT.compose(coins, previous, [], 0, 1), *ROOTS)))
    assert_valid(raw, coins, previous)


@pytest.mark.parametrize("holders", [0, 1])
def test_fewer_than_two_holders_cannot_spend(holders: int) -> None:
    psbt = VAULT.compose(*paid_in(100_000, 50_000), [(P2WPKH, 60_000)], 4, 2)
    with pytest.raises(SignaturesMissing):
        finalise(combine([psbt, *signed(psbt, *ROOTS[:holders])]))


def test_a_wrong_signature_does_not_count() -> None:
    psbt = VAULT.compose(*paid_in(100_000, 50_000), [(P2WPKH, 60_000)], 4, 2)
    whole = PSBT.from_base64(combine(signed(psbt, *ROOTS[:2])))
    first, second = (list(scope.partial_sigs.items()) for scope in whole.inputs)
    whole.inputs[0].partial_sigs[first[0][0]] = second[0][1]
    with pytest.raises(SignaturesMissing):
        finalise(whole.to_base64())


def test_a_coin_on_the_change_branch_can_be_spent() -> None:
    made = Transaction(
        2,
        [TransactionInput(bytes([7]) * 32, 0)],
        [TransactionOutput(90_000, Script(VAULT.change(9).script))],
    )
    coins = [Coin(made.txid().hex(), 0, 9, is_change=True)]
    previous = {made.txid().hex(): made.serialize()}
    raw, _ = finalise(
        combine(signed(VAULT.compose(coins, previous, [(P2PKH, 50_000)], 10, 3), *ROOTS[1:]))
    )
    assert_valid(raw, coins, previous)


@settings(deadline=None, max_examples=15)
@given(
    units=st.lists(st.integers(20_000, 10**12), min_size=1, max_size=4),
    shares=st.lists(st.integers(600, 3_000), max_size=5),
    rate=st.integers(1, 12),
    anchor=st.sampled_from(["", "a5" * 32]),
    data=st.data(),
)
def test_composing_conserves_and_does_not_choose(
    units: list[int], shares: list[int], rate: int, anchor: str, data: st.DataObject
) -> None:
    coins, previous = paid_in(*units)
    pay_outs = [(VAULT.receive(100 + n).text, share) for n, share in enumerate(shares)]
    try:
        psbt = VAULT.compose(coins, previous, pay_outs, 3, rate, anchor)
    except VaultShort:
        size = 100 + 120 * len(units) + 43 * (len(shares) + bool(anchor))
        assert sum(units) - sum(shares) < rate * size + 330
        return
    coins_too, pay_outs_too = (
        data.draw(st.permutations(coins)),
        data.draw(st.permutations(pay_outs)),
    )
    assert psbt == VAULT.compose(coins_too, previous, pay_outs_too, 3, rate, anchor)

    unsigned = PSBT.from_base64(psbt).tx
    spent = {(vin.txid.hex(), vin.vout) for vin in unsigned.vin}
    assert spent == {(coin.txid, coin.vout) for coin in coins}
    paid = Counter((vout.script_pubkey.data, vout.value) for vout in unsigned.vout)
    wanted = Counter((script_of(text, "regtest"), each) for text, each in pay_outs)
    if anchor:
        wanted[b"\x6a\x20" + bytes.fromhex(anchor), 0] += 1
    rest = paid - wanted
    assert paid.total() == wanted.total() + rest.total()
    assert rest.total() <= 1
    assert all(script == VAULT.change(3).script and each >= 330 for script, each in rest)
    assert fee(psbt) == sum(units) - sum(vout.value for vout in unsigned.vout)

    raw, _ = finalise(combine(signed(psbt, *ROOTS[:2])))
    transaction = Transaction.parse(raw)
    stripped = len(raw) - 2 - sum(len(vin.witness.serialize()) for vin in transaction.vin)
    vsize = -(-(3 * stripped + len(raw)) // 4)
    assert fee(psbt) >= rate * vsize
    if rest:
        assert fee(psbt) <= rate * (vsize + 1 + len(coins))


def test_inputs_and_outputs_are_in_the_order_of_bip_69() -> None:
    coins, previous = paid_in(10_000, 20_000, 30_000, 40_000)
    psbt = PSBT.from_base64(
        VAULT.compose(coins, previous, [(P2WPKH, 9_000), (P2PKH, 1_000), (P2WPKH, 9_000)], 0, 1)
    )
    inputs = [(vin.txid, vin.vout) for vin in psbt.tx.vin]
    outputs = [(vout.value, vout.script_pubkey.data) for vout in psbt.tx.vout]
    assert inputs == sorted(inputs)
    assert outputs == sorted(outputs)


def test_a_rest_below_dust_goes_to_the_fee() -> None:
    """The change output costs 43 vbytes; what it would hold is 329 sat, or 330."""
    coins, previous = paid_in(100_000)
    cost = fee(VAULT.compose(coins, previous, [(P2WPKH, 50_000)], 0, 1))
    for rest, outputs in ((329, 1), (330, 2)):
        psbt = VAULT.compose(coins, previous, [(P2WPKH, 100_000 - cost - rest)], 0, 1)
        assert len(PSBT.from_base64(psbt).outputs) == outputs
        assert fee(psbt) == cost + (rest if outputs == 1 else 0)


def test_a_signer_finds_all_it_has_to_check_in_the_psbt() -> None:
    coins, previous = paid_in(100_000, 50_000, first=5)
    psbt = PSBT.from_base64(VAULT.compose(coins, previous, [(P2WPKH, 60_000)], 4, 2))
    parsed = Descriptor.from_string(VAULT.descriptor)
    assert psbt.verify()
    for scope in psbt.inputs:
        assert parsed.owns(scope)
        assert scope.witness_utxo.serialize() == scope.non_witness_utxo.vout[1].serialize()
        assert len(scope.bip32_derivations) == 3
        assert scope.sequence == 0xFFFFFFFD


def test_a_previous_transaction_may_come_with_its_witnesses() -> None:
    coins, previous = paid_in(100_000)
    raw, txid = finalise(
        combine(
            signed(
                VAULT.compose(coins, previous, [(VAULT.receive(50).text, 50_000)], 4, 2), *ROOTS[:2]
            )
        )
    )
    vout = next(n for n, out in enumerate(Transaction.parse(raw).vout) if out.value == 50_000)
    bare = Transaction.parse(raw)
    for vin in bare.vin:
        vin.witness.items = []
    coin = Coin(txid, vout, 50)
    assert VAULT.compose([coin], {txid: raw}, [], 0, 1) == (
        VAULT.compose([coin], {txid: bare.serialize()}, [], 0, 1)
    )


# What is refused


@pytest.mark.parametrize(
    ("xpubs", "threshold"),
    [
        ([XPUBS[0], XPUBS[1], "tpub"], 2),
        ([XPUBS[0], XPUBS[1], XPUBS[2].partition("]")[2]], 2),
        ([XPUBS[0], XPUBS[1], XPUBS[1]], 2),
        ([XPUBS[0], XPUBS[1], "[00000000" + XPUBS[1][9:]], 2),
        ([XPUBS[0], XPUBS[1], XPUBS[1].partition("]")[0] + "]" + XPUBS[2].partition("]")[2]], 2),
        ([XPUBS[0], XPUBS[1], XPUBS[2][:-1] + "x"], 2),
        ([XPUBS[0], XPUBS[1], XPUBS[2] + "/0/*," + XPUBS[2]], 2),
        ([XPUBS[0], XPUBS[1], XPUBS[2] + "\n"], 2),
        ([XPUBS[0], XPUBS[1], xpub(ROOTS[2], PREFIXES["main"]["xpub"])], 2),
        (
            [*XPUBS[:2], "[00000000/48h/1h/0h/2h]" + ROOTS[2].derive("m/48h/1h/0h/2h").to_base58()],
            2,
        ),
        (XPUBS, 0),
        (XPUBS, 4),
        (XPUBS, -1),
        ([], 1),
    ],
)
def test_wrong_keys_make_no_vault(xpubs: list[str], threshold: int) -> None:
    with pytest.raises(KeysWrong):
        Vault(xpubs, threshold, "regtest")


def test_keys_of_a_test_network_make_no_vault_on_main_net() -> None:
    with pytest.raises(KeysWrong):
        Vault(XPUBS, 2, "main")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "regtest"),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "regtest"),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "regtest"),
        (P2WPKH, "main"),
        (P2WPKH, "signet"),
        (P2PKH, "main"),
        ("", "regtest"),
        (P2WPKH[:-1], "regtest"),
        (P2WPKH[:-1] + "q", "regtest"),
        (P2WPKH + " ", "regtest"),
        (P2WPKH.replace("q", "Q", 1), "regtest"),
        (P2PKH[:-1] + "o", "regtest"),
        (VAULT.descriptor, "regtest"),
        ("00" * 20, "regtest"),
        # BIP 350's test vector of witness version 2, whose coins anybody could take
        ("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "main"),
        ("BC1SW50QGDZ25J", "main"),
        ("bcrt1é", "regtest"),
        pytest.param("x" * 100_000, "regtest", id="long"),
    ],
)
def test_a_wrong_address_is_refused(address: str, network: str) -> None:
    with pytest.raises(AddressWrong):
        script_of(address, network)


@pytest.mark.parametrize(
    ("address", "network", "script"),
    [
        (P2WPKH, "regtest", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        (P2WPKH.upper(), "regtest", "0014751e76e8199196d454941c45d1b3a323f1433bd6"),
        (P2PKH, "regtest", "76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac"),
        # BIP 350's test vectors
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "main",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
        (
            "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
            "test",
            "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
        ),
    ],
)
def test_an_address_is_its_script(address: str, network: str, script: str) -> None:
    assert script_of(address, network).hex() == script


@pytest.mark.parametrize(
    ("script", "limit"),
    [
        (b"\x00\x14" + bytes(20), 294),
        (b"\x00\x20" + bytes(32), 330),
        (b"\x51\x20" + bytes(32), 330),
        (b"\x76\xa9\x14" + bytes(20) + b"\x88\xac", 546),
        (b"\xa9\x14" + bytes(20) + b"\x87", 540),
    ],
)
def test_the_dust_limit_is_bitcoin_cores(script: bytes, limit: int) -> None:
    assert dust_limit(script) == limit


COINS, PREVIOUS = paid_in(10_000, 20_000)
OTHER, OTHER_PREVIOUS = paid_in(30_000, first=5)
FOREIGN = Transaction(
    2, [TransactionInput(bytes([7]) * 32, 0)], [TransactionOutput(9_000, Script(b"\x51"))]
)
FOREIGN_ID = FOREIGN.txid().hex()


@pytest.mark.parametrize(
    ("refusal", "coins", "previous", "pay_outs"),
    [
        (AddressWrong, COINS, PREVIOUS, [("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", 1_000)]),
        (AddressWrong, COINS, PREVIOUS, [(P2WPKH, 1_000), ("nobody", 1_000)]),
        (PayOutDust, COINS, PREVIOUS, [(P2WPKH, 293)]),
        (PayOutDust, COINS, PREVIOUS, [(P2PKH, 545)]),
        (PayOutDust, COINS, PREVIOUS, [(P2WPKH, 0)]),
        (PayOutDust, COINS, PREVIOUS, [(P2WPKH, -1_000)]),
        (CoinWrong, [], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [*COINS, COINS[0]], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [COINS[0], replace(COINS[0], index=1)], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [replace(COINS[0], vout=0)], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [replace(COINS[0], vout=2)], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [replace(COINS[0], vout=-1)], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [replace(COINS[0], index=1)], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [replace(COINS[0], is_change=True)], PREVIOUS, [(P2WPKH, 1_000)]),
        (CoinWrong, [Coin(FOREIGN_ID, 0, 0)], {FOREIGN_ID: FOREIGN.serialize()}, []),
        (PreviousUnknown, [*COINS, *OTHER], PREVIOUS, [(P2WPKH, 1_000)]),
        (PreviousUnknown, COINS[:1], {COINS[0].txid: b""}, []),
        (PreviousUnknown, COINS[:1], {COINS[0].txid: PREVIOUS[COINS[0].txid][:-1]}, []),
        (PreviousUnknown, COINS[:1], {COINS[0].txid: PREVIOUS[COINS[0].txid] + b"\0"}, []),
        (PreviousUnknown, OTHER, {OTHER[0].txid: PREVIOUS[COINS[0].txid]}, []),
        (PreviousUnknown, [Coin("zz", 0, 0)], {"zz": PREVIOUS[COINS[0].txid]}, []),
        (VaultShort, COINS, PREVIOUS, [(P2WPKH, 30_000)]),
        (VaultShort, COINS, PREVIOUS, [(P2WPKH, 29_800)]),
        (VaultShort, COINS, PREVIOUS, [(P2WPKH, 10**15)]),
        (VaultShort, *paid_in(400), []),
    ],
)
def test_what_cannot_be_composed_is_refused(
    refusal: type[Refusal],
    coins: list[Coin],
    previous: dict[str, bytes],
    pay_outs: list[tuple[str, int]],
) -> None:
    with pytest.raises(refusal):
        VAULT.compose(coins, previous, pay_outs, 0, 2)


@pytest.mark.parametrize("text", ["", "zzz", "cHNidP8=", "é", P2WPKH])
def test_what_is_no_psbt_is_refused(text: str) -> None:
    for ask in (finalise, fee, lambda one: combine([one])):
        with pytest.raises(PsbtMalformed):
            ask(text)


def test_signatures_of_two_transactions_are_not_combined() -> None:
    one = VAULT.compose(COINS, PREVIOUS, [(P2WPKH, 1_000)], 0, 2)
    other = VAULT.compose(COINS, PREVIOUS, [(P2WPKH, 1_001)], 0, 2)
    with pytest.raises(PsbtDiffers):
        combine([one, other])
