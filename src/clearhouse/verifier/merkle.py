"""Merkle trees of a log (RFC 9162, 2.1) over SHA-256: heads, and the checks of both proofs.

    empty tree  SHA-256("")
    leaf        SHA-256(0x00 || entry)
    node        SHA-256(0x01 || left || right)

A tree of n leaves is a row of whole subtrees, one for each bit of n, largest first: its *frontier*.
That is all that is needed to let it grow and to say its root.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from clearhouse.verifier.wrong import Wrong

HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry of the log."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash a node of two children."""
    return sha256(b"\x01" + left + right).digest()


class GrowingTree:
    """A tree that takes leaf hashes one by one and keeps its frontier only.

    Attributes:
        size: How many leaves it has.
    """

    def __init__(self, size: int = 0, frontier: Sequence[bytes] = ()) -> None:
        """Begin from a tree of `size` leaves.

        Raises:
            Wrong: `tree.malformed`, the frontier is no such tree's.
        """
        if size < 0 or len(frontier) != size.bit_count():
            raise Wrong(
                "tree.malformed", f"a tree of {size} leaves has not {len(frontier)} whole subtrees"
            )
        if any(len(one) != HASH_BYTES for one in frontier):
            raise Wrong("tree.malformed", f"a hash has {HASH_BYTES} bytes")
        self.size = size
        self._frontier = list(frontier)

    def append(self, leaf: bytes) -> None:
        """Take the next leaf's hash.

        Raises:
            Wrong: `tree.malformed`, it has the length of no hash.
        """
        if len(leaf) != HASH_BYTES:
            raise Wrong("tree.malformed", f"a hash has {HASH_BYTES} bytes, not {len(leaf)}")
        # As adding one to a number carries over its trailing ones: two subtrees of a size become
        # the next larger one.
        carried, bits = leaf, self.size
        while bits & 1:
            carried = node_hash(self._frontier.pop(), carried)
            bits >>= 1
        self._frontier.append(carried)
        self.size += 1

    def root(self) -> bytes:
        """The tree's head."""
        if not self._frontier:
            return sha256(b"").digest()
        *larger, root = self._frontier
        for left in reversed(larger):
            root = node_hash(left, root)
        return root


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in a tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: Its hash.
        index: Its place, from 0.
        size: How many leaves the tree has.
        proof: The hashes of the siblings, from the leaf up.
        root: The tree's head.

    Raises:
        Wrong: `tree.inclusion-wrong`, the proof does not show it.
    """
    code = "tree.inclusion-wrong"
    if not 0 <= index < size:
        raise Wrong(code, f"a tree of {size} leaves has no leaf {index}")
    _check_lengths(code, [leaf, root, *proof])
    found = leaf
    for on_left, sibling in _steps(code, index, size - 1, proof):
        found = node_hash(sibling, found) if on_left else node_hash(found, sibling)
    if found != root:
        raise Wrong(code, f"the proof of leaf {index} of {size} leads to another root")


def check_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that a tree is what a smaller one grew to (RFC 9162, 2.1.4.2).

    A tree without leaves is no beginning: every tree grew from it, and no proof says so.

    Args:
        first: How many leaves the smaller tree has.
        second: How many the larger one has.
        proof: Its hashes, as RFC 9162 orders them.
        first_root: The smaller tree's head.
        second_root: The larger one's.

    Raises:
        Wrong: `tree.consistency-wrong`, the proof does not show it.
    """
    code = "tree.consistency-wrong"
    if not 0 < first <= second:
        raise Wrong(code, f"a tree of {second} leaves is not proven to be one of {first} grown")
    _check_lengths(code, [first_root, second_root, *proof])
    if first == second:
        if proof or first_root != second_root:
            raise Wrong(code, f"two trees of {first} leaves are equal and need no proof")
        return
    if not proof:
        raise Wrong(code, f"nothing shows how {first} leaves grew to {second}")
    # A smaller tree that is one whole subtree begins its own proof, which leaves it out.
    begin, *path = [first_root, *proof] if first.bit_count() == 1 else proof
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    smaller = larger = begin
    for on_left, one in _steps(code, place, last, path):
        if on_left:
            smaller, larger = node_hash(one, smaller), node_hash(one, larger)
        else:
            larger = node_hash(larger, one)
    if smaller != first_root or larger != second_root:
        raise Wrong(code, f"the proof of {first} of {second} leaves leads to other roots")


def _steps(code: str, place: int, last: int, path: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Climb from a node to the root: for each hash of a path, whether it belongs on the left.

    The climb is the same in both proofs of RFC 9162, where `place` is fn and `last` is sn.

    Args:
        code: What a path of another length is refused with.
        place: The node's index on its level.
        last: The index of that level's last node.
        path: The hashes, from below.

    Raises:
        Wrong: The path ends below the root or goes on above it.
    """
    for one in path:
        if last == 0:
            raise Wrong(code, "the proof is too long")
        on_left = place & 1 == 1 or place == last
        if on_left:
            while place and not place & 1:  # levels at which the right edge has no sibling
                place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
        yield on_left, one
    if last != 0:
        raise Wrong(code, "the proof is too short")


def _check_lengths(code: str, hashes: Sequence[bytes]) -> None:
    """Refuse what is no hash: another length would move the border between two children."""
    if any(len(one) != HASH_BYTES for one in hashes):
        raise Wrong(code, f"a hash has {HASH_BYTES} bytes")
