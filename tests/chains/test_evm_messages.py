"""Proofs of Ethereum's accounts and contracts; the contracts run on a real node (anvil)."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.chains.conftest import REPOSITORY, START_SECONDS_MAX, free_ports
from tests.proving import KEYS, MESSAGE, recoverable

from clearhouse.chains.messages import evm
from clearhouse.chains.messages.evm import calldata, message_hash, verify_account, verify_contract
from clearhouse.chains.messages.node import ANSWER_BYTES_MAX, EvmNode
from clearhouse.chains.messages.proof import SIGNATURE_LENGTH_MAX, Method, Proof
from clearhouse.core.address import evm_text, keccak256
from clearhouse.core.errors import Kind, Refusal

# The example of web3.js's documentation (eth.accounts.sign).
ADDRESS = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
SAID = "Some data"
HASH = "1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655"
SIGNED = (
    "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
    "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029"
)


def account(which: int) -> str:
    point = KEYS[which].get_public_key()
    point.compressed = False
    return evm_text(keccak256(point.sec()[1:])[-20:])


def signed(which: int, message: str = MESSAGE, *, first: int = 27, high: bool = False) -> str:
    signature, recovery = recoverable(which, message_hash(message), high=high)
    return "0x" + signature.hex() + bytes([first + recovery]).hex()


def code_of(ask: Callable[[], Proof]) -> str:
    """The code with which a proof is refused."""
    with pytest.raises(Refusal) as refused:
        ask()
    return refused.value.code


def account_code(address: str, message: str, signature: str) -> str:
    return code_of(lambda: verify_account(address, message, signature))


def contract_code(address: str, message: str, signature: str, node: EvmNode) -> str:
    return code_of(lambda: verify_contract(address, message, signature, node))


# Accounts (EIP-191).


def test_the_example_of_web3_is_proved() -> None:
    assert message_hash(SAID).hex() == HASH
    for v in ("1c", "01", "1C"):
        assert verify_account(ADDRESS, SAID, SIGNED + v) == Proof(Method.EIP191, ADDRESS)
    for v in ("1b", "00"):
        assert account_code(ADDRESS, SAID, SIGNED + v) == "proof.signature-wrong"


@given(st.sampled_from([0, 1, 2]), st.text(), st.sampled_from([0, 27]))
@example(0, "", 27)
@example(0, "öäü 测试", 27)
def test_an_account_proves_any_text(which: int, message: str, first: int) -> None:
    signature = signed(which, message, first=first)
    assert verify_account(account(which), message, signature).address == account(which)

    other = account((which + 1) % 3)
    assert account_code(other, message, signature) == "proof.signature-wrong"
    more = message + "!"
    code = account_code(account(which), more, signature)
    assert code == "proof.signature-wrong"


def test_only_a_v_of_the_standard_is_read() -> None:
    content = signed(0)[:-2]
    for v in set(range(256)) - {0, 1, 27, 28}:
        signature = content + bytes([v]).hex()
        assert account_code(account(0), MESSAGE, signature) == "proof.form-wrong"


def test_the_higher_s_is_refused() -> None:
    signature = signed(0, high=True)
    code = account_code(account(0), MESSAGE, signature)
    assert code == "proof.rule-broken"


@pytest.mark.parametrize("number", [0, 1, 2**256 - 1])
@pytest.mark.parametrize("place", [0, 32])
def test_numbers_outside_of_the_curve_prove_nothing(number: int, place: int) -> None:
    content = bytearray.fromhex(signed(0)[2:])
    content[place : place + 32] = number.to_bytes(32, "big")
    code = account_code(account(0), MESSAGE, "0x" + content.hex())
    assert code in {"proof.signature-wrong", "proof.rule-broken"}


def test_every_bit_of_it_counts() -> None:
    content = bytes.fromhex(signed(0)[2:])
    for at in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        assert account_code(account(0), MESSAGE, "0x" + flipped.hex()) in {
            "proof.signature-wrong",
            "proof.form-wrong",
            "proof.rule-broken",
        }


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        ("", "malformed"),
        ("0x", "form-wrong"),
        ("0x0", "malformed"),
        ("0X00", "malformed"),
        (SIGNED[2:] + "1c", "malformed"),
        (SIGNED + "1c\n", "malformed"),
        (SIGNED + "1c ", "malformed"),
        (SIGNED, "form-wrong"),  # EIP-2098's 64 bytes are another form
        (SIGNED + "1c00", "form-wrong"),
        (SIGNED + "\N{FULLWIDTH DIGIT ONE}c", "malformed"),
        ("0x" + "0" * SIGNATURE_LENGTH_MAX, "too-long"),
    ],
    ids=str,
)
def test_another_form_is_refused(signature: str, code: str) -> None:
    assert account_code(ADDRESS, SAID, signature) == f"proof.{code}"


def test_an_address_needs_its_capitals_and_a_message_its_pairs() -> None:
    small = ADDRESS.lower()
    assert account_code(small, SAID, SIGNED + "1c") == "address.checksum-missing"
    assert account_code(ADDRESS, "\ud800", SIGNED + "1c") == "proof.malformed"


@given(st.text(max_size=300) | st.binary(max_size=80).map(lambda content: "0x" + content.hex()))
def test_whatever_comes_is_refused(signature: str) -> None:
    assert account_code(ADDRESS, SAID, signature).startswith("proof.")


# Contracts (EIP-1271), on a real node.

MAGIC_WORD = "1626ba7e" + "00" * 28


def wallet(owner: str) -> str:
    """The code of a wallet whose one owner's signatures (r, s, v) are its own.

    ```text
    calldata: 0 selector, 4 digest, 36 offset, 68 length, 100 r, 132 s, 164 v
    60 04 35 60 00 52            MSTORE(0, digest)
    60 a4 35 60 f8 1c 60 20 52   MSTORE(32, v, the word's first byte)
    60 64 35 60 40 52            MSTORE(64, r)
    60 84 35 60 60 52            MSTORE(96, s)
    60 20 60 00 60 80 60 00      what STATICCALL takes: 32 bytes to 0, of 128 bytes from 0,
    60 01 5a fa 50               by contract 1 (ecrecover), with all the gas; its success dropped
    60 00 51 73 owner 14         what it found is the owner's,
    60 00 35 60 e0 1c 63 1626ba7e 14 16   and the selector is that of isValidSignature:
    63 1626ba7e 02 60 e0 1b      the magic value to the left of a word, or nothing
    60 00 52 60 20 60 00 f3      returned
    ```
    """
    return (
        "600435600052 60a43560f81c602052 606435604052 608435606052 6020600060806000 60015afa50"
        f"600051 73{owner[2:].lower()} 14 60003560e01c 631626ba7e 1416"
        "631626ba7e02 60e01b 60005260206000f3"
    ).replace(" ", "")


def answers(words: str, length: int = 32) -> str:
    """The code of a contract that answers so many bytes of two words, whatever it is asked."""
    first, second = words[:64].ljust(64, "0"), words[64:].ljust(64, "0")
    return f"7f{first}6000527f{second}60205260{length:02x}6000f3"


REVERTS, LOOPS, INVALID = "60006000fd", "5b600056", "fe"


class Anvil:
    """The node, and what only a test asks it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.node = EvmNode(url, 31337, block="latest")

    def ask(self, method: str, *parameters: Any) -> Any:
        return self.node._asked(method, *parameters)

    def deploy(self, code: str) -> str:
        """Make a contract: its making returns what follows its own 12 bytes."""
        size = f"{len(code) // 2:02x}"
        data = f"0x60{size}600c60003960{size}6000f3{code}"
        sender = self.ask("eth_accounts")[0]
        made = self.ask("eth_sendTransaction", {"from": sender, "data": data, "gas": "0x100000"})
        deadline = time.monotonic() + START_SECONDS_MAX
        while (receipt := self.ask("eth_getTransactionReceipt", made)) is None:
            assert time.monotonic() < deadline, "anvil does not mine"
            time.sleep(0.01)
        return evm_text(bytes.fromhex(receipt["contractAddress"][2:]))


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """A new chain, on the loopback interface alone."""
    program = Path(os.environ.get("CLEARHOUSE_ANVIL", REPOSITORY / ".nodes" / "anvil"))
    if not program.exists():
        pytest.skip(f"no node at {program}: run `sh script/nodes anvil`, or set CLEARHOUSE_ANVIL")
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", str(port), "--quiet", "--accounts", "2"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found = Anvil(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                found.node.final_block()
                break
            except Refusal:
                assert process.poll() is None, "anvil ended at once"
                assert time.monotonic() < deadline, "anvil does not answer"
                time.sleep(0.05)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS_MAX)


@pytest.mark.external
def test_an_account_of_the_node_signs_as_wallets_do(anvil: Anvil) -> None:
    address = evm_text(bytes.fromhex(anvil.ask("eth_accounts")[0][2:]))
    for message in ("", MESSAGE, "öäü 测试"):
        theirs = anvil.ask("personal_sign", "0x" + message.encode().hex(), address)
        assert verify_account(address, message, theirs) == Proof(Method.EIP191, address)
        assert account_code(address, "other", theirs) == "proof.signature-wrong"


@pytest.mark.external
def test_a_wallet_says_which_signatures_are_its_own(anvil: Anvil) -> None:
    address = anvil.deploy(wallet(account(0)))
    proof = verify_contract(address, MESSAGE, signed(0), anvil.node)

    assert (proof.method, proof.address) == (Method.EIP1271, address)
    assert proof.at_block == anvil.node.final_block()
    for wrong in (signed(1), signed(0, MESSAGE + "!"), "0x", "0x" + "00" * 65):
        code = contract_code(address, MESSAGE, wrong, anvil.node)
        assert code == "proof.contract-refuses"


@pytest.mark.external
def test_every_bit_of_a_wallets_signature_counts(anvil: Anvil) -> None:
    """Each fifth, so that every byte has its turn."""
    address = anvil.deploy(wallet(account(0)))
    content = bytes.fromhex(signed(0)[2:])
    for at in range(0, 8 * len(content), 5):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        code = contract_code(address, MESSAGE, "0x" + flipped.hex(), anvil.node)
        assert code == "proof.contract-refuses"


@pytest.mark.external
def test_a_contract_that_says_yes_to_all_is_taken_at_its_word(anvil: Anvil) -> None:
    """Whoever holds such a wallet, anybody does; that is between the wallet and its owner."""
    address = anvil.deploy(answers(MAGIC_WORD))
    assert verify_contract(address, MESSAGE, "0x", anvil.node).address == address


@pytest.mark.external
@pytest.mark.parametrize(
    "code",
    [
        answers("ffffffff" + "00" * 28),
        answers("00" * 32),
        answers("00" * 28 + "1626ba7e"),
        answers("1626ba7e" + "00" * 27 + "01"),
        answers("1626ba7e" + "ff" * 28),
        answers("20c13b0b" + "00" * 28),  # the older value, of isValidSignature(bytes,bytes)
        answers(MAGIC_WORD, 4),
        answers(MAGIC_WORD, 31),
        answers(MAGIC_WORD, 33),
        answers(MAGIC_WORD, 64),
        answers(MAGIC_WORD, 0),
        "00",  # STOP
        REVERTS,
        LOOPS,
        INVALID,
    ],
)
def test_any_other_answer_is_a_no(anvil: Anvil, code: str) -> None:
    address = anvil.deploy(code)
    refusal = contract_code(address, MESSAGE, signed(0), anvil.node)
    assert refusal == "proof.contract-refuses"


@pytest.mark.external
def test_an_account_is_no_contract(anvil: Anvil) -> None:
    code = contract_code(account(0), MESSAGE, signed(0), anvil.node)
    assert code == "proof.contract-missing"


@pytest.mark.external
def test_a_contract_counts_once_its_making_is_final(anvil: Anvil) -> None:
    address = anvil.deploy(wallet(account(0)))
    node = EvmNode(anvil.url, 31337)
    code = contract_code(address, MESSAGE, signed(0), node)
    assert code == "proof.contract-missing"
    anvil.ask("anvil_mine", hex(100))
    proof = verify_contract(address, MESSAGE, signed(0), node)
    assert proof.at_block == node.final_block() != anvil.node.final_block()


@pytest.mark.external
def test_a_long_signature_reaches_the_contract(anvil: Anvil) -> None:
    address = anvil.deploy(wallet(account(0)))
    longer = signed(0) + "00" * 40_000
    assert verify_contract(address, MESSAGE, longer, anvil.node).address == address


@pytest.mark.external
def test_a_node_of_another_chain_is_not_asked(anvil: Anvil) -> None:
    node = EvmNode(anvil.url, 1)
    with pytest.raises(Refusal, match="of chain '0x7a69', and should be of 0x1") as refused:
        verify_contract(account(0), MESSAGE, signed(0), node)
    assert refused.value.code == "proof.node-unavailable"
    assert refused.value.kind is Kind.UNAVAILABLE


# The call, and nodes that fail.


def test_the_call_is_by_the_abi() -> None:
    digest = bytes(range(32))
    assert calldata(digest, b"\xaa" * 33).hex() == (
        "1626ba7e" + digest.hex() + "00" * 31 + "40" + "00" * 31 + "21" + "aa" * 33 + "00" * 31
    )
    assert calldata(digest, b"").hex() == "1626ba7e" + digest.hex() + "00" * 31 + "40" + "00" * 32
    assert keccak256(b"isValidSignature(bytes32,bytes)")[:4] == evm.MAGIC


Answer = Callable[[str], Any]
BLOCK = {"hash": "0x" + "ab" * 32}
GOOD = {
    "eth_chainId": "0x1",
    "eth_getBlockByNumber": BLOCK,
    "eth_getCode": "0x00",
    "eth_call": "0x" + MAGIC_WORD,
}


@contextmanager
def serving(answer: Callable[[dict[str, Any]], tuple[int, bytes]]) -> Iterator[str]:
    """A node that answers as it is told to."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(question)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Who asked may be gone."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v2/secret?key=secret"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answered(**other: Any) -> Callable[[dict[str, Any]], tuple[int, bytes]]:
    """A node that is right but for some methods."""

    def answer(question: dict[str, Any]) -> tuple[int, bytes]:
        found = (GOOD | other)[question["method"]]
        if isinstance(found, tuple):
            return found
        if isinstance(found, dict) and "error" in found:
            return 200, json.dumps({"jsonrpc": "2.0", "id": 1, **found}).encode()
        return 200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": found}).encode()

    return answer


def asked(url: str, timeout: float = 5) -> str:
    """The code of what comes of asking; and nobody is told the provider's key."""
    try:
        verify_contract(account(0), MESSAGE, signed(0), EvmNode(url, 1, timeout=timeout))
    except Refusal as refused:
        assert "secret" not in str(refused)  # noqa: PT017 - or it is proved
        return refused.code
    return "proved"


def test_a_node_that_is_right_is_believed() -> None:
    with serving(answered()) as url:
        assert asked(url) == "proved"


@pytest.mark.parametrize(
    "other",
    [
        {"eth_chainId": "0x2"},
        {"eth_chainId": 1},
        {"eth_chainId": {"error": {"code": -32601, "message": "no such method"}}},
        {"eth_getBlockByNumber": None},
        {"eth_getBlockByNumber": {"hash": None}},
        {"eth_getBlockByNumber": {"hash": "0xab"}},
        {"eth_getCode": None},
        {"eth_getCode": "0x0"},
        {"eth_getCode": (200, b"[")},
        {"eth_getCode": (200, b"[" * 100_000)},
        {"eth_getCode": (200, b"[1]")},
        {"eth_getCode": (200, b'{"id": 2, "result": "0x00"}')},
        {"eth_getCode": (200, b"\xff")},
        {"eth_getCode": (429, b"slow down")},
        {"eth_getCode": (302, b"")},
        {"eth_getCode": (200, b" " * (ANSWER_BYTES_MAX + 1))},
        {"eth_call": {"error": {"code": -32000, "message": "header not found"}}},
        {"eth_call": {"error": "no"}},
        {"eth_call": "1626ba7e"},
    ],
    ids=lambda other: str(other)[:50],
)
def test_a_node_that_fails_decides_nothing(other: dict[str, Any]) -> None:
    with serving(answered(**other)) as url:
        assert asked(url) == "proof.node-unavailable"


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted: no", "data": "0x"},
        {"code": -32000, "message": "execution reverted"},
        {"code": -32015, "message": "VM execution error: Reverted"},
        {"code": -32000, "message": "out of gas"},
        {"code": -32000, "message": "invalid opcode: INVALID"},
    ],
    ids=lambda error: error["message"],
)
def test_a_contract_that_fails_says_no(error: dict[str, Any]) -> None:
    with serving(answered(eth_call={"error": error})) as url:
        assert asked(url) == "proof.contract-refuses"


def test_a_node_that_is_not_there_decides_nothing() -> None:
    (port,) = free_ports(1)
    assert asked(f"http://127.0.0.1:{port}/secret") == "proof.node-unavailable"


def test_a_node_that_drips_is_not_waited_for() -> None:
    def drip(_: dict[str, Any]) -> tuple[int, bytes]:
        time.sleep(1)
        return 200, b"{}"

    with serving(drip) as url:
        assert asked(url, timeout=0.2) == "proof.node-unavailable"


@settings(max_examples=50)
@given(st.binary(max_size=100))
def test_a_node_may_answer_anything(content: bytes) -> None:
    with serving(lambda _: (200, content)) as url:
        assert asked(url) == "proof.node-unavailable"
