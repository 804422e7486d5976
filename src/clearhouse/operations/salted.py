"""Lines under one head, each behind a salt: shown one by one, they tell nothing of the others.

The house commits to what it may show in part: the labels of a cycle's set-off, the balances of a
day. Each line is canonical JSON, and each is a leaf of a Merkle tree (RFC 9162) behind a salt of
its own, without which the next one could be guessed from a proof. They are in the order of their
hashes, so that a place tells nothing of what is before and behind it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clearhouse.core import merkle
from clearhouse.core.canonical import canonical
from clearhouse.operations.house import House
from clearhouse.operations.log import salt


@dataclass(frozen=True)
class Salted:
    """Lines with their salts, in the order of their hashes."""

    lines: tuple[str, ...]
    salts: tuple[bytes, ...]

    @property
    def leaves(self) -> list[bytes]:
        """The hashes of the tree's leaves."""
        return list(map(_leaf, self.salts, self.lines))

    @property
    def root(self) -> bytes:
        """The head over all of them."""
        return merkle.head_of(self.leaves)


def salted(house: House, what: str, records: Iterable[Mapping[str, Any]]) -> Salted:
    """Salt records; `what` names the tree, for all times."""
    found = [(salt(house, f"{what} {line}"), line) for line in map(canonical, records)]
    found.sort(key=lambda one: _leaf(*one))
    return Salted(tuple(line for _, line in found), tuple(salt for salt, _ in found))


def _leaf(salt: bytes, line: str) -> bytes:
    return merkle.leaf_hash(salt + line.encode())
