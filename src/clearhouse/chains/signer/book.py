"""`Book`: what this signer has signed, so that no cycle is paid out twice.

A cycle's pay-outs are settled when one transaction confirms. Another may be signed for the same
cycle (to pay a higher fee) only if it pays the same and shares a coin with every one signed before:
of transactions that share a coin with each other, the chain takes one. So, too, may one that pays
nobody, where the house has given the cycle up: coins move within the vault, and whatever was signed
before can confirm no more once that has. Afterwards nothing that pays is signed for the cycle.

The file only grows, one line for each transaction, and a line is on disk before its signatures
leave. A line without its end was cut off by a crash: nothing left on its account.
"""

import fcntl
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Self

from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.statement import Statement

FILE = "signed.jsonl"
TOLD_MAX = 1_000
NOBODY = sha256(b"[]").hexdigest()  # `_digest` of no pay-outs


class CycleDiffers(Refusal):
    """A cycle was signed before with other pay-outs, or given up."""

    code = "signer.cycle-differs"
    kind = Kind.CONFLICT


class CycleSigned(Refusal):
    """A cycle was signed before, in a transaction that could confirm beside this one."""

    code = "signer.cycle-signed"
    kind = Kind.CONFLICT


class FolderBusy(Refusal):
    """Another signer serves this folder."""

    code = "signer.folder-busy"
    kind = Kind.CONFLICT


class BookBroken(Alarm):
    """A signer's record of what it signed cannot be read, or not be written."""

    code = "signer.book-broken"


class Book:
    """The record of one folder; open in one process at a time.

    Raises:
        FolderBusy: It is open in another process.
        BookBroken: A whole line of it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        # Held open for as long as the book: the lock goes with it.
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as wrong:
            self._file.close()
            raise FolderBusy(str(folder)) from wrong
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._file.truncate(len(whole))
        self._file.seek(len(whole))
        self._signed: dict[str, list[tuple[str, str, frozenset[str]]]] = {}
        self._order: list[tuple[str, str]] = []
        try:
            for line in whole.splitlines():
                one = json.loads(line)
                self._enter(one["cycle"], one["txid"], one["pay_outs"], frozenset(one["coins"]))
        except (ValueError, KeyError, TypeError) as wrong:
            self._file.close()
            raise BookBroken(f"{path}: {type(wrong).__name__}") from wrong

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def enter(self, statement: Statement, txid: str, coins: frozenset[str]) -> None:
        """Record, on disk, that `txid` is signed for `statement`.

        Args:
            statement: What it pays out.
            txid: Of the transaction.
            coins: What it spends, each as txid:vout.

        Raises:
            CycleDiffers, CycleSigned: In this precedence; nothing is recorded.
            BookBroken: It cannot be written; nothing may be signed any more.
        """
        pay_outs = _digest(statement)
        before = self._signed.get(statement.cycle, [])
        for earlier, paid, spent in before:
            if pay_outs not in {paid, NOBODY}:
                raise CycleDiffers(f"{earlier} pays otherwise", cycle=statement.cycle, txid=earlier)
            if not coins & spent:
                raise CycleSigned(
                    f"{earlier} spends none of the same coins", cycle=statement.cycle, txid=earlier
                )
        if any(txid == earlier for earlier, _, _ in before):
            return
        line = {
            "cycle": statement.cycle,
            "txid": txid,
            "pay_outs": pay_outs,
            "coins": sorted(coins),
        }
        self._append(json.dumps(line).encode() + b"\n")
        self._enter(statement.cycle, txid, pay_outs, coins)

    def _append(self, line: bytes) -> None:
        try:
            written = self._file.write(line)
            os.fsync(self._file.fileno())
        except OSError as wrong:
            raise BookBroken(f"{type(wrong).__name__}: {wrong}") from wrong
        if written != len(line):
            raise BookBroken(f"{written} bytes of {len(line)} were written")

    def _enter(self, cycle: str, txid: str, pay_outs: str, coins: frozenset[str]) -> None:
        self._signed.setdefault(cycle, []).append((txid, pay_outs, coins))
        self._order.append((cycle, txid))

    def signed(self, after: int) -> list[tuple[str, str]]:
        """What was signed, each a cycle and a transaction, in order; from `after` on, some."""
        return self._order[after : after + TOLD_MAX]


def _digest(statement: Statement) -> str:
    """What tells one set of pay-outs from another; the fee and the change may differ."""
    paid = [(one.participant, one.address, str(one.units)) for one in statement.pay_outs]
    return sha256(json.dumps(paid).encode()).hexdigest()
