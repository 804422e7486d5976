"""`Rpc`: questions to a Core-compatible node, and the one way in which they fail.

The client is PyPI's bitcoin-core-rpc: one request a call, no retries, amounts as decimals. Each
call has a connection of its own (0.7 ms beside the node): the client's SessionTransport, which
keeps one, failed every second call when tried ("Request-sent", 2026.10.23 on Python 3.11).

Its many errors become two here: the ones that a caller expects, which mean something to it, and
`Unreachable`, which is every other one, a node that is starting or stopping included.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bitcoin_core_rpc import (
    BitcoinCoreRpcClient,
    FetchError,
    RpcError,
    RPCErrorCode,
)

from clearhouse.chains.chain import Unreachable

RESCAN_SECONDS_MAX = 3600  # a wallet told of old scripts reads the chain again
ANSWER_BYTES_MAX = 1 << 28  # a wallet of some 500,000 coins
BATCH_CALLS = 500

NO_WALLET = RPCErrorCode.WALLET_NOT_FOUND


class Rpc:
    """One node, and one watching wallet of it.

    Args:
        url: Of the RPC port.
        wallet: The wallet's name.
        cookie: The node's cookie file; or
        user: an RPC user, with
        password: its password.
        timeout: Seconds that the node has to answer.
    """

    def __init__(
        self,
        url: str,
        wallet: str,
        *,
        cookie: Path | None,
        user: str | None,
        password: str | None,
        timeout: float,
    ) -> None:
        self._url = url
        self._wallet_name = wallet
        self._node = BitcoinCoreRpcClient(
            url,
            user=user,
            password=password,
            cookie_path=cookie,
            timeout=timeout,
        )
        self._wallet = self._node.for_wallet(wallet)

    def call(self, method: str, *arguments: Any, expected: Iterable[int] = ()) -> Any:
        """Ask the node.

        Args:
            method: As the node names it.
            arguments: In the node's order.
            expected: Codes of errors that the caller understands.

        Raises:
            RpcError: The node answers with an error that is `expected`.
            Unreachable: It answers with any other, or not at all.
        """
        return self._ask(self._node, method, arguments, expected)

    def in_wallet(self, method: str, *arguments: Any, expected: Iterable[int] = ()) -> Any:
        """Ask the watching wallet as it is; `NO_WALLET` is the error of one that is not open."""
        return self._ask(self._wallet, method, arguments, expected)

    def in_open_wallet(self, method: str, *arguments: Any) -> Any:
        """Ask the watching wallet, opened or made if need be."""
        try:
            return self.in_wallet(method, *arguments, expected={NO_WALLET})
        except RpcError:
            self._open_wallet()
            return self.in_wallet(method, *arguments)

    def _open_wallet(self) -> None:
        expected = {NO_WALLET, RPCErrorCode.WALLET_ALREADY_LOADED}
        try:
            self.call("loadwallet", self._wallet_name, True, expected=expected)
        except RpcError as error:
            if error.code == NO_WALLET:
                options = {
                    "wallet_name": self._wallet_name,
                    "disable_private_keys": True,
                    "blank": True,
                    "descriptors": True,
                    "load_on_startup": True,
                }
                self._ask(self._node, "createwallet", options, ())

    def _ask(
        self,
        client: BitcoinCoreRpcClient,
        method: str,
        parameters: Sequence[Any] | dict[str, Any],
        expected: Iterable[int],
    ) -> Any:
        slow = RESCAN_SECONDS_MAX if method == "importdescriptors" else None
        try:
            return client.call(
                method, parameters, request_timeout=slow, max_body_size=ANSWER_BYTES_MAX
            )
        except FetchError as failure:
            if isinstance(failure, RpcError) and failure.code in expected:
                raise
            raise self._unreachable(failure) from failure

    def batch(
        self, calls: Sequence[tuple[str, Sequence[Any]]], expected: Iterable[int] = ()
    ) -> list[Any]:
        """Ask the node many things at once; an `expected` error stands in its answer's place.

        Raises:
            Unreachable: It answers one of them with another error, or not at all.
        """
        answers: list[Any] = []
        try:
            for first in range(0, len(calls), BATCH_CALLS):
                answers += self._node.call_batch(
                    calls[first : first + BATCH_CALLS], max_body_size=ANSWER_BYTES_MAX
                )
        except FetchError as failure:
            raise self._unreachable(failure) from failure
        for answer in answers:
            if isinstance(answer, RpcError) and answer.code not in expected:
                raise self._unreachable(answer) from answer
        return answers

    def _unreachable(self, failure: FetchError) -> Unreachable:
        return Unreachable(
            f"the node at {self._url} does not answer as it should ({failure}): see that it runs,"
            " has started up, and knows these credentials; then try again"
        )
