"""`Desk`: one request, one answer.

A request is a line of JSON: {"psbt": base64, "statement": {...}, "signature": hexadecimal}. The
answer is {"psbt": base64}, with this signer's signatures added, or {"refused": {"code": ...,
"detail": ...}}. The request {"signed_after": n} is answered by what was signed, from the n-th on:
{"signed": [[cycle, txid], ...]}, a thousand at most. Whatever a line holds, the desk answers it and
goes on to the next.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from embit.transaction import SIGHASH

from clearhouse.chains.signer import policy
from clearhouse.chains.signer.book import Book
from clearhouse.chains.signer.registration import Registration
from clearhouse.chains.signer.seed import Account
from clearhouse.core import statement as statements
from clearhouse.core.errors import Kind, Refusal

# 300 coins of one transaction with 300 outputs are 5 MB; such a cycle is unusual.
LINE_BYTES_MAX = 8 * 2**20
MEMBERS = {"psbt", "statement", "signature"}
ASKED = re.compile(rb'\{"signed_after": ?([0-9]{1,9})\}\n?')


class RequestMalformed(Refusal):
    """A request is not one line of JSON with psbt, statement and signature."""

    code = "signer.request-malformed"
    kind = Kind.MALFORMED


class Desk:
    """Signs for one account what the registered house states, and remembers it in a book."""

    def __init__(self, account: Account, registration: Registration, book: Book) -> None:
        self._account = account
        self._registration = registration
        self._book = book
        self._branches = [account.private.child(0), account.private.child(1)]

    def answer(self, line: bytes | None) -> tuple[dict[str, Any], str]:
        """Answer one request; None stands for a line that is too long.

        Returns:
            The answer, and what to log: never a key, nor text that the house chose freely.
        """
        try:
            if (after := signed_after(line)) is not None:
                return {"signed": self._book.signed(after)}, "told what it signed"
            return self._sign(line)
        except Refusal as refusal:
            refused = {"code": refusal.code, "detail": refusal.detail}
            return {"refused": refused}, f"refused {refusal.code}"

    def _sign(self, line: bytes | None) -> tuple[dict[str, Any], str]:
        text, written, signature = read_request(line)
        statement = statements.parse(written)
        statements.verify_statement(statement, signature, self._registration.house)
        psbt = policy.read(text)
        spends = policy.check(psbt, statement, self._registration, self._account)
        unsigned = psbt.tx
        txid = unsigned.txid().hex()
        coins = frozenset(f"{vin.txid.hex()}:{vin.vout}" for vin in unsigned.vin)
        self._book.enter(statement, txid, coins)
        for number, (scope, spend) in enumerate(zip(psbt.inputs, spends, strict=True)):
            # Not embit's sign_with: it makes the transaction anew for every input.
            digest = unsigned.sighash_segwit(number, spend.witness_script, spend.units, SIGHASH.ALL)
            key = self._branches[spend.branch].child(spend.index).key
            signed = key.sign(digest).serialize() + bytes([SIGHASH.ALL])
            scope.partial_sigs[key.get_public_key()] = signed
        done = f"signed {statement.cycle} {txid} inputs={len(spends)} outputs={len(unsigned.vout)}"
        return {"psbt": psbt.to_base64()}, done


def signed_after(line: bytes | None) -> int | None:
    """From where on a request asks what was signed; None if it asks for a signature."""
    if line is None or not (form := ASKED.fullmatch(line)):
        return None
    return int(form[1])


def read_request(line: bytes | None) -> tuple[str, object, str]:
    """Read a request into the PSBT's text, the statement as written, and its signature.

    Raises:
        RequestMalformed: It has another form, a member twice, or one too many.
    """
    if line is None:
        raise RequestMalformed(f"a line has at most {LINE_BYTES_MAX} bytes")
    try:
        request = json.loads(line, object_pairs_hook=_members_once)
    except (ValueError, RecursionError) as wrong:
        raise RequestMalformed(f"not JSON: {wrong!s:.100}") from wrong
    if not isinstance(request, dict) or request.keys() != MEMBERS:
        raise RequestMalformed(f"not an object of exactly {', '.join(sorted(MEMBERS))}")
    text, signature = request["psbt"], request["signature"]
    if not isinstance(text, str) or not isinstance(signature, str):
        raise RequestMalformed("psbt and signature are strings")
    return text, request["statement"], signature


def lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """The lines of `stream`, to its end; None for one that is too long, which is passed over."""
    while line := stream.readline(LINE_BYTES_MAX + 1):
        if len(line) <= LINE_BYTES_MAX or line.endswith(b"\n"):
            yield line
            continue
        while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
            pass
        yield None


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members
