"""`EvmNode`: a node of Ethereum or of a chain like it, asked over JSON-RPC about one contract.

The house has no money there and follows no such chain; it asks three questions about one block.
Whatever a node fails in, its errors and nonsense included, is `proof.node-unavailable`: the caller
tries again later. Its address is said nowhere, since providers put the customer's key in it.
"""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from clearhouse.chains.messages.proof import ProofNodeUnavailable

ANSWER_BYTES_MAX = (
    1 << 20
)  # a contract's code has at most 24,576 bytes (EIP-170), twice that in hex
GAS = 10_000_000  # that a contract may use to judge; a node's own limit is 50,000,000 or so
OK = 200
REVERTED = 3  # the code of an error when a contract refuses by failing (geth and all after it)
# Some tell the same, and a contract's other failures, in words: geth "invalid opcode: INVALID",
# anvil "EVM error OutOfGas", others "VM execution error". Of these the letters are compared.
FAILURES = ("revert", "outofgas", "opcode", "evmerror", "vmexecutionerror", "invalidjump")
HASH_FORM = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
BYTES_FORM = re.compile(r"0x((?:[0-9a-fA-F]{2})*)", re.ASCII)


class EvmNode:
    """One node, of one chain.

    Nothing is asked before the first call.

    Args:
        url: Of its JSON-RPC: http or https, a host, and perhaps a port, a path and a query.
        chain_id: The chain that it must be of, as EIP-155 numbers it.
        timeout: Seconds that it has to be reached, and again for all of an answer.
        block: Which block is asked about, as the node names it: finalized, safe or latest.
    """

    def __init__(
        self, url: str, chain_id: int, *, timeout: float = 10.0, block: str = "finalized"
    ) -> None:
        parts = urlsplit(url)
        assert parts.scheme in {"http", "https"}
        assert parts.hostname
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._chain_id = chain_id
        self._timeout = timeout
        self._block = block

    def final_block(self) -> str:
        """The hash of the block to ask about, 0x and 64 digits.

        Raises:
            ProofNodeUnavailable: The node does not answer, or is of another chain.
        """
        chain = self._asked("eth_chainId")
        if chain != hex(self._chain_id):
            raise ProofNodeUnavailable(
                f"the node is of chain {chain!r:.40}, and should be of {hex(self._chain_id)}"
            )
        found = self._asked("eth_getBlockByNumber", self._block, False)
        name = found.get("hash") if isinstance(found, dict) else None
        if not isinstance(name, str) or not HASH_FORM.fullmatch(name):
            raise ProofNodeUnavailable(f"the node names no {self._block} block: {found!r:.100}")
        return name

    def code(self, address: str, block: str) -> bytes:
        """The code of the contract at an address in a block; nothing if there is none.

        Raises:
            ProofNodeUnavailable: The node does not answer.
        """
        return _bytes_of(self._asked("eth_getCode", address, _at(block)))

    def call(self, address: str, data: bytes, block: str) -> bytes | None:
        """What a contract answers to a call in a block's state; none if it fails.

        Raises:
            ProofNodeUnavailable: The node does not answer.
        """
        asked = {"to": address, "data": "0x" + data.hex(), "gas": hex(GAS)}
        answer = self._answer("eth_call", asked, _at(block))
        error = answer.get("error")
        if error is not None:
            if _is_failure_of_contract(error):
                return None
            raise ProofNodeUnavailable(f"the node answers with an error: {error!r:.200}")
        return _bytes_of(answer.get("result"))

    def _asked(self, method: str, *parameters: Any) -> Any:
        answer = self._answer(method, *parameters)
        if answer.get("error") is not None:
            raise ProofNodeUnavailable(f"the node answers with an error: {answer['error']!r:.200}")
        return answer.get("result")

    def _answer(self, method: str, *parameters: Any) -> dict[str, Any]:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        content = self._post(json.dumps(question).encode())
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as wrong:
            raise ProofNodeUnavailable(f"the node does not answer in JSON: {wrong}") from wrong
        if not isinstance(answer, dict) or answer.get("id") != 1:
            raise ProofNodeUnavailable(f"the node answers another question: {answer!r:.100}")
        return answer

    def _post(self, question: bytes) -> bytes:
        connection = self._kind(self._host, self._port, timeout=self._timeout)
        headers = {"Content-Type": "application/json"}
        try:
            connection.connect()
            with _within(self._timeout, connection.sock):
                connection.request("POST", self._path, question, headers)
                with connection.getresponse() as response:
                    content = response.read(ANSWER_BYTES_MAX + 1)
        except (OSError, HTTPException, ValueError) as wrong:
            # Its text may hold the address; its name says enough.
            raise ProofNodeUnavailable(f"no answer: {type(wrong).__name__}") from None
        finally:
            connection.close()
        if response.status != OK:
            raise ProofNodeUnavailable(f"the node answers with status {response.status}")
        if len(content) > ANSWER_BYTES_MAX:
            raise ProofNodeUnavailable("the node's answer does not end")
        return content


@contextmanager
def _within(seconds: float, sock: socket.socket) -> Iterator[None]:
    """Cut a connection that takes longer: a socket's own timeout begins anew with every byte."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            # The plain socket's, since that of TLS would first take leave of the other side.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():  # what was read until then may look whole
        raise TimeoutError("it takes too long")


def _at(block: str) -> dict[str, Any]:
    """A block by its hash (EIP-1898), which must still be of the chain."""
    return {"blockHash": block, "requireCanonical": True}


def _bytes_of(answer: Any) -> bytes:
    form = BYTES_FORM.fullmatch(answer) if isinstance(answer, str) else None
    if form is None:
        raise ProofNodeUnavailable(f"the node answers no bytes: {answer!r:.100}")
    return bytes.fromhex(form[1])


def _is_failure_of_contract(error: Any) -> bool:
    """Whether an error is the contract's answer and not the node's."""
    if not isinstance(error, dict):
        return False
    if error.get("code") == REVERTED:
        return True
    said = re.sub(r"[^a-z]", "", str(error.get("message", "")).lower())
    return any(word in said for word in FAILURES)
