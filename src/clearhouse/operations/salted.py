"""Lines under one head, each behind a salt: shown one by one, they tell nothing of the others.

The house commits to what it may show in part: the labels of a cycle's set-off, the balances of a
day. Each line is canonical JSON; they are sorted, and each is a leaf of a Merkle tree (RFC 9162)
behind a salt of its own, without which the next one could be guessed from a proof.
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
    """Lines with their salts, in the order of the lines."""

    lines: tuple[str, ...]
    salts: tuple[bytes, ...]

    @property
    def leaves(self) -> list[bytes]:
        """The hashes of the tree's leaves."""
        pairs = zip(self.salts, self.lines, strict=True)
        return [merkle.leaf_hash(salt + line.encode()) for salt, line in pairs]

    @property
    def root(self) -> bytes:
        """The head over all of them."""
        return merkle.head_of(self.leaves)


def salted(house: House, what: str, records: Iterable[Mapping[str, Any]]) -> Salted:
    """Salt records; `what` names the tree, for all times."""
    lines = tuple(sorted(map(canonical, records)))
    salts = tuple(salt(house, f"{what} {index}") for index in range(len(lines)))
    return Salted(lines, salts)
