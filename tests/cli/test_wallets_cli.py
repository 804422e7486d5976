"""Wallets on the command line: challenged, proved, listed and given up, and what is wrong told."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from embit.bip32 import HDKey
from embit.networks import NETWORKS
from tests import proving
from tests.chains import test_evm_messages
from tests.chains.test_evm_messages import Anvil, account, signed
from tests.cli.test_rulebook_cli import DONE, NOON, REFUSED, USAGE, Desk
from tests.laws import TEXTS

from clearhouse.chains.chain import Coin
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.transaction import outputs
from clearhouse.core import ids
from clearhouse.core.rulebook import parse
from clearhouse.demo.wallets import Wallet as Purse
from clearhouse.demo.wallets import pay

anvil = test_evm_messages.anvil

HOLDER = proving.p2wpkh()
EVM = "eip155:1"
DAYS = parse(TEXTS).standard("wallets.proof-age", NOON.date())
NO_CHALLENGE = ids.derived("chl", "never")
AMOUNT = re.compile(r"or send (0\.[0-9]{8}) BTC from (\w+), of its coins alone, back to it:")
VERSION = NETWORKS["regtest"]["xpub"]


def lei(desk: Desk, letter: str = "A") -> str:
    return str(desk.firm(letter).id)


def ask(desk: Desk, letter: str = "A", address: str = HOLDER.address, *more: str) -> dict[str, Any]:
    return desk.json("wallets", "challenge", lei(desk, letter), address, *more)


def listed(desk: Desk, letter: str) -> list[dict[str, Any]]:
    found = desk.json("wallets", "list", lei(desk, letter))["wallets"]
    assert isinstance(found, list)
    return found


def exported(desk: Desk, register: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(desk.text("records", "export", register))))


# Challenge.


def test_a_challenge_is_shown_as_it_is_signed_and_how_to_answer_it(desk: Desk) -> None:
    said = ask(desk)
    assert said.keys() == {"challenge", "expires_at", "text", "units"}
    assert said["expires_at"] == "2026-03-03T12:00:00.000000Z"
    lines = said["text"].split("\n")
    assert lines[0] == "Clearhouse wallet challenge, form 1"
    assert f"participant: {lei(desk)}" in lines
    assert f"address: {HOLDER.address}" in lines
    assert "network: regtest" in lines
    assert "purpose: pay-out, self-hosted" in lines
    text = desk.text("wallets", "challenge", lei(desk), HOLDER.address)
    body, command, instead = text.split("\n\n")
    assert [*map(len, body.split("\n"))] == [*map(len, lines)]
    assert command.startswith("clearhouse wallets prove chl_")
    assert command.endswith(" SIGNATURE")
    send, _, answer = instead.partition("\n")
    amount = AMOUNT.fullmatch(send)
    assert amount
    assert amount[2] == HOLDER.address
    nonce = body.partition("nonce: ")[2].partition("\n")[0]
    assert Decimal(amount[1]) * 10**8 == 10_000 + int(nonce, 16) % 2**20
    assert answer == f"{command.removesuffix(' SIGNATURE')} --transfer TXID\n"


def test_on_another_network_no_transfer_is_asked_for(desk: Desk) -> None:
    words = (account(0), "--network", EVM)
    assert ask(desk, "A", *words).keys() == {"challenge", "expires_at", "text"}
    assert "--transfer" not in desk.text("wallets", "challenge", lei(desk), *words)


def test_a_challenge_is_written_to_be_signed_to_the_last_character(desk: Desk) -> None:
    out = desk.folder / "challenge.txt"
    words = ("--purpose", "mining", "--custody", "hosted", "--out", str(out))
    said = ask(desk, "A", HOLDER.address, *words)
    assert out.read_bytes() == said["text"].encode()
    assert "purpose: mining, hosted" in said["text"]
    assert not said["text"].endswith("\n")
    text = desk.text("wallets", "challenge", lei(desk), HOLDER.address, *words)
    assert text.startswith(out.read_text(encoding="utf-8") + "\n\n")


def test_a_challenge_that_cannot_be_written_is_told(desk: Desk) -> None:
    words = ("wallets", "challenge", lei(desk), HOLDER.address, "--out", str(desk.folder))
    answer = desk.run(*words, "--json")
    assert (answer.code, answer.refused) == (REFUSED, "file.unreadable")


# Prove.


def test_a_signature_is_given_as_it_is(desk: Desk) -> None:
    holder = proving.p2tr()
    asked = ask(desk, "A", holder.address)
    signature = holder.simple(asked["text"])
    said = desk.json("wallets", "prove", asked["challenge"], signature)
    assert said == {
        "participant": lei(desk),
        "network": "regtest",
        "address": holder.address,
        "purpose": "pay-out",
        "custody": "self-hosted",
        "method": "bip322-simple",
        "proven_at": "2026-03-02T12:00:00.000000Z",
        "until": None,
    }
    again = desk.run("wallets", "prove", asked["challenge"], signature, "--json")
    assert (again.code, again.refused) == (REFUSED, "wallet.challenge-answered")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=["bare", "line", "windows"])
def test_a_signature_is_read_from_a_file(desk: Desk, end: str) -> None:
    holder = proving.multisig(2)
    asked = ask(desk, "C", holder.address)
    file = desk.folder / "signature.txt"
    file.write_bytes(f"{holder.simple(asked['text'])}{end}".encode())
    text = desk.text("wallets", "prove", asked["challenge"], str(file))
    assert text == f"{holder.address} is {lei(desk, 'C')}'s, proven by bip322-simple\n"


def test_a_long_signature_is_no_name_of_a_file(desk: Desk) -> None:
    holder = proving.p2sh_p2wpkh()
    asked = ask(desk, "D", holder.address)
    signature = holder.full(asked["text"])
    assert len(signature) > 255
    assert desk.json("wallets", "prove", asked["challenge"], signature)["method"] == "bip322-full"


def test_a_file_that_is_no_text_is_told(desk: Desk) -> None:
    asked, file = ask(desk), desk.folder / "signature.bin"
    file.write_bytes(b"\xff\xfe\x00")
    answer = desk.run("wallets", "prove", asked["challenge"], str(file), "--json")
    assert (answer.code, answer.refused) == (REFUSED, "text.malformed")


def test_an_account_of_ethereum_is_proved(desk: Desk) -> None:
    asked = ask(desk, "B", account(0), "--network", EVM)
    assert f"network: {EVM}" in asked["text"]
    said = desk.json("wallets", "prove", asked["challenge"], signed(0, asked["text"]))
    assert (said["network"], said["method"]) == (EVM, "eip191")


@pytest.mark.external
def test_a_contract_is_asked_through_a_node(desk: Desk, anvil: Anvil) -> None:
    address = anvil.deploy(test_evm_messages.wallet(account(0)))
    anvil.ask("anvil_mine", hex(100))  # so that its making is final
    asked = ask(desk, "B", address, "--network", "eip155:31337")
    words = ("wallets", "prove", asked["challenge"])
    wrong = desk.run(*words, signed(1, asked["text"]), "--evm-node", anvil.url, "--json")
    assert (wrong.code, wrong.refused) == (REFUSED, "proof.contract-refuses")
    bare = desk.run(*words, signed(0, asked["text"]), "--json")
    assert (bare.code, bare.refused) == (REFUSED, "proof.signature-wrong")
    said = desk.json(*words, signed(0, asked["text"]), "--evm-node", anvil.url)
    assert said["method"] == "eip1271"


NODES = (
    *("ftp://secret", "secret:8545", "http:///secret", "http://[secret", "http://secret:x"),
    *("http://secret:0", "http://secret:99999"),
)


@pytest.mark.parametrize("node", NODES)
def test_a_node_that_has_no_address_is_wrong_usage_and_not_repeated(desk: Desk, node: str) -> None:
    """Providers put their customers' keys there."""
    asked = ask(desk, "B", account(1), "--network", EVM)
    words = ("wallets", "prove", asked["challenge"], signed(1, asked["text"]))
    answer = desk.run(*words, "--evm-node", node)
    assert answer.code == USAGE
    assert "secret" not in answer.out + answer.err


def test_no_node_is_asked_about_an_address_of_bitcoin(desk: Desk) -> None:
    asked = ask(desk)
    words = ("wallets", "prove", asked["challenge"], HOLDER.simple(asked["text"]))
    answer = desk.run(*words, "--evm-node", "http://localhost:1")
    assert answer.code == USAGE
    assert "no contracts on regtest" in answer.err


def test_a_node_that_does_not_answer_is_told(desk: Desk) -> None:
    asked = ask(desk, "B", account(1), "--network", EVM)
    words = ("wallets", "prove", asked["challenge"], signed(1, asked["text"]))
    answer = desk.run(*words, "--evm-node", "http://127.0.0.1:1/secret", "--json")
    assert (answer.code, answer.refused) == (REFUSED, "proof.node-unavailable")
    assert "secret" not in answer.out + answer.err


# List and give up.


def test_wallets_are_listed_with_whether_their_proof_holds(desk: Desk) -> None:
    firm = desk.firm("b")
    holder = proving.of_key(firm.wallet.key)
    assert desk.text("wallets", "list", lei(desk, "b")) == ""
    assert listed(desk, "b") == []
    asked = ask(desk, "b", holder.address)
    desk.json("wallets", "prove", asked["challenge"], holder.full(asked["text"]))
    (line,) = listed(desk, "b")
    assert (line["address"], line["proven"], line["days"]) == (holder.address, True, str(DAYS))
    text = desk.text("wallets", "list", lei(desk, "b"))
    said = ("regtest", holder.address, "pay-out", "self-hosted", "2026-03-02T12:00:00.000000Z")
    assert text == "  ".join((*said, "proven")) + "\n"

    for days, proven in ((DAYS, True), (DAYS + 1, False)):
        desk.now(NOON + timedelta(days))
        assert [one["proven"] for one in listed(desk, "b")] == [proven]
    assert desk.text("wallets", "list", lei(desk, "b")).endswith("  proof is over\n")
    desk.now(NOON)


def test_a_wallet_is_given_up_from_tomorrow_on(own_desk: Desk) -> None:
    desk = own_desk
    holder = proving.p2sh(proving.push(proving.sec(1)) + b"\xac", lambda d: [proving.ecdsa(1, d)])
    for letter, day in (("A", 0), ("B", 1)):
        desk.now(NOON + timedelta(days=day))
        asked = ask(desk, letter, holder.address)
        desk.json("wallets", "prove", asked["challenge"], holder.full(asked["text"]))
        text = desk.text("wallets", "give-up", lei(desk, letter), holder.address)
        assert text == f"{holder.address} was {lei(desk, letter)}'s until 2026-03-0{2 + day}\n"
        words = ("wallets", "challenge", lei(desk, "C"), holder.address, "--json")
        taken = desk.run(*words)
        assert (taken.code, taken.refused) == (REFUSED, "wallet.claimed")
    again = desk.run("wallets", "give-up", lei(desk, "B"), holder.address, "--json")
    assert (again.code, again.refused) == (REFUSED, "wallet.unknown")
    desk.now(NOON)


def test_what_was_given_up_is_said_to_programs(desk: Desk) -> None:
    asked = ask(desk, "c", account(2), "--network", EVM)
    proved = desk.json("wallets", "prove", asked["challenge"], signed(2, asked["text"]))
    said = desk.json("wallets", "give-up", lei(desk, "c"), account(2), "--network", EVM)
    assert said == {**proved, "until": "2026-03-02"}
    assert [one["until"] for one in listed(desk, "c")] == ["2026-03-02"]


# What is wrong.

SWAPPED = HOLDER.address[:10] + HOLDER.address[11] + HOLDER.address[10] + HOLDER.address[12:]
WRONG: Mapping[str, tuple[Sequence[str], int, str]] = {
    "an LEI that is none": (["challenge", "nobody", "ADDRESS"], REFUSED, "participant.lei-wrong"),
    "nobody": (["challenge", "5493001KJTIIGC8Y1R12", "ADDRESS"], REFUSED, "participant.unknown"),
    "swapped": (["challenge", "LEI", SWAPPED], REFUSED, "address.checksum-wrong"),
    "no address": (["challenge", "LEI", "here"], REFUSED, "address.malformed"),
    "more lines": (["challenge", "LEI", "ADDRESS\nnonce: 0"], REFUSED, "address.malformed"),
    "another network": (
        ["challenge", "LEI", "ADDRESS", "--network", "main"],
        REFUSED,
        "address.wrong-network",
    ),
    "no network": (
        ["challenge", "LEI", "ADDRESS", "--network", "eip155:x"],
        REFUSED,
        "address.wrong-network",
    ),
    "a chain's other name": (
        ["challenge", "LEI", account(0), "--network", "eip155:01"],
        REFUSED,
        "address.wrong-network",
    ),
    "no purpose": (["challenge", "LEI", "ADDRESS", "--purpose", "gambling"], USAGE, ""),
    "no custody": (["challenge", "LEI", "ADDRESS", "--custody", "warm"], USAGE, ""),
    "no challenge": (["prove", NO_CHALLENGE, "x"], REFUSED, "wallet.challenge-unknown"),
    "no challenge to ask a node about": (
        ["prove", NO_CHALLENGE, "x", "--evm-node", "http://localhost:1"],
        REFUSED,
        "wallet.challenge-unknown",
    ),
    "a challenge that is no id": (["prove", "x", "y"], REFUSED, "wallet.challenge-unknown"),
    "no signature": (["prove", NO_CHALLENGE], USAGE, ""),
    "whose wallets": (["list"], USAGE, ""),
    "nobody's wallets": (["list", "nobody"], REFUSED, "participant.lei-wrong"),
    "who gives up": (["give-up", "nobody", "ADDRESS"], REFUSED, "participant.lei-wrong"),
    "what is given up": (["give-up", "LEI", "here"], REFUSED, "address.malformed"),
    "what was never held": (["give-up", "LEI", "ADDRESS"], REFUSED, "wallet.unknown"),
    "nothing to do": ([], USAGE, ""),
}


@pytest.mark.parametrize(("words", "status", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_the_exit_status_says_it(
    desk: Desk, words: Sequence[str], status: int, code: str
) -> None:
    said = [one.replace("LEI", lei(desk, "d")).replace("ADDRESS", HOLDER.address) for one in words]
    answer, plainly = (desk.run("wallets", *said, *more) for more in (["--json"], []))
    assert plainly.code == status, plainly.out + plainly.err
    if code:
        assert (answer.code, answer.refused) == (status, code)
        assert f"({code})" in plainly.err
        assert plainly.out == ""


def test_a_wrong_signature_leaves_the_challenge_open(desk: Desk) -> None:
    asked = ask(desk, "d", proving.p2pkh().address)
    for signature, code in (
        ("nonsense", "proof.form-wrong"),
        ("", "proof.malformed"),
        (str(desk.folder), "proof.malformed"),
        (proving.legacy(1, asked["text"], 31), "proof.signature-wrong"),
        (proving.p2pkh().full(asked["text"], locktime=7), "wallet.proof-waits"),
    ):
        answer = desk.run("wallets", "prove", asked["challenge"], signature, "--json")
        assert (answer.code, answer.refused) == (REFUSED, code)
    right = proving.legacy(0, asked["text"], 31)
    assert desk.json("wallets", "prove", asked["challenge"], right)["method"] == "bip137"


def test_a_challenge_that_is_a_day_old_is_over(own_desk: Desk) -> None:
    desk = own_desk
    asked = ask(desk)
    desk.now(NOON + timedelta(days=1))
    words = ("wallets", "prove", asked["challenge"], HOLDER.simple(asked["text"]))
    answer, plainly = (desk.run(*words, *more) for more in (["--json"], []))
    desk.now(NOON)
    assert (answer.code, answer.refused) == (REFUSED, "wallet.challenge-expired")
    assert "expired at 2026-03-03 12:00 UTC: ask for another one" in plainly.err


# Transfer.


@pytest.fixture
def chain(desk: Desk) -> Iterator[EmbeddedChain]:
    """The house's own chain and a vault that nobody signs for; to be closed before the house."""
    keys = [HDKey.from_seed(bytes([n]) * 32).derive("m/48h/1h/0h/2h").to_public() for n in range(3)]
    said = {
        str(n): {"xpub": f"[0000000{n}/48h/1h/0h/2h]{key.to_base58(VERSION)}", "socket": "dark"}
        for n, key in enumerate(keys)
    }
    file = desk.home / "vault.json"
    file.write_text(json.dumps({"threshold": 2, "institutions": said}))
    with EmbeddedChain(desk.home / "chain", desk.today) as made:
        yield made
    file.unlink()


def sent(chain: EmbeddedChain, own: Purse, amount: str) -> str:
    """A block's reward comes to an address, and some of it is sent back to it."""
    (block, *_) = chain.mine(1 + 100, own.script)
    txid = chain.txids(block.height)[0]
    units = outputs(chain.transaction(txid))[0][0]
    coin = Coin(txid, 0, units, own.script, block.height)
    return chain.submit(pay([(coin, own)], [(own.script, int(amount))], own.script, 2))


def test_coins_that_were_sent_back_prove_once_they_are_final(
    desk: Desk, chain: EmbeddedChain
) -> None:
    own = Purse.of(b"of nobody until it is proved")
    asked = ask(desk, "e", own.address)
    txid = sent(chain, own, asked["units"])
    words = ("wallets", "prove", asked["challenge"], "--transfer")
    busy = desk.run(*words, txid, "--json")
    assert (busy.code, busy.refused) == (REFUSED, "chain.folder-in-use")
    chain.close()
    for wrong, expected in (
        (txid, "wallet.transfer-waits"),
        ("ab" * 32, "chain.transaction-unknown"),
        ("", "chain.transaction-unknown"),
    ):
        answer, plainly = (desk.run(*words, wrong, *more) for more in (["--json"], []))
        assert (answer.code, answer.refused) == (REFUSED, expected)
        assert f"({expected})" in plainly.err
    with EmbeddedChain(desk.home / "chain", desk.today) as again:
        (block, *_) = again.mine(100, b"\x00\x14" + bytes(20))
    said = desk.json(*words, txid)
    assert (said["address"], said["method"]) == (own.address, "micro-transfer")
    assert said["participant"] == lei(desk, "e")
    assert own.address in {one["address"] for one in listed(desk, "e")}
    told = desk.text("records", "export", "wallet")
    assert asked["challenge"] in told
    assert not [one for one in (own.address, txid, block.hash) if one in told]
    repeated = desk.run(*words, txid, "--json")
    assert (repeated.code, repeated.refused) == (REFUSED, "wallet.challenge-answered")


def test_a_house_without_a_vault_has_no_chain_to_ask(desk: Desk) -> None:
    asked = ask(desk)
    answer = desk.run("wallets", "prove", asked["challenge"], "--transfer", "ab" * 32, "--json")
    assert (answer.code, answer.refused) == (REFUSED, "house.no-rail")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["SIGNATURE", "--transfer", "ab" * 32],
        ["--transfer", "ab" * 32, "--evm-node", "http://localhost"],
    ],
    ids=["neither", "both", "of a contract"],
)
def test_a_challenge_is_answered_in_one_way(desk: Desk, words: Sequence[str]) -> None:
    assert desk.run("wallets", "prove", NO_CHALLENGE, *words).code == USAGE


# Registers.


def test_what_authorities_alone_may_see_is_exported_blank(desk: Desk) -> None:
    asked = ask(desk, "e", proving.of_key(desk.firm("e").wallet.key).address)
    holder = proving.of_key(desk.firm("e").wallet.key)
    signature = holder.simple(asked["text"])
    desk.json("wallets", "prove", asked["challenge"], signature)
    nonce = asked["text"].partition("nonce: ")[2].partition("\n")[0]

    wallets, challenges = exported(desk, "wallet"), exported(desk, "challenge")
    assert asked["challenge"] in {one["challenge"] for one in wallets}
    assert asked["challenge"] in {one["challenge"] for one in challenges}
    hidden = ("address", "signature", "at_block")
    assert {tuple(one[name] for name in hidden) for one in wallets} == {("", "", "")}
    assert {(one["address"], one["nonce"]) for one in challenges} == {("", "")}
    about = asked["challenge"]
    words: Sequence[tuple[str, ...]] = (
        *(("export", "wallet"), ("export", "challenge")),
        *(("show", "challenge", about), ("history", "challenge", about)),
    )
    for each in words:
        for more in ((), ("--json",)):
            text = desk.run("records", *each, *more).out
            assert about in text
            assert [one for one in (holder.address, signature, nonce) if one in text] == []


@pytest.mark.parametrize("register", ["wallet", "challenge"])
def test_nobody_enters_what_is_proved_from_a_file(desk: Desk, register: str) -> None:
    file = desk.folder / f"{register}.csv"
    file.write_text(desk.text("records", "export", register))
    for words in (
        ("records", "check", register, str(file)),
        ("records", "enter", register, str(file)),
        ("propose", "records", register, str(file), "--with", desk.key("bela")),
    ):
        answer, plainly = (desk.run(*words, *more) for more in (["--json"], []))
        assert (answer.code, answer.refused) == (REFUSED, "record.not-filed")
        assert "clearhouse wallets" in plainly.err
    assert desk.run("wallets", "list", lei(desk)).code == DONE
