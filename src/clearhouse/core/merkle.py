"""Merkle trees of a log that only grows (RFC 9162, 2.1): heads, and proofs that anybody can check.

    leaf hash   SHA-256(0x00 || entry)
    node hash   SHA-256(0x01 || left || right)

The tree over n leaves splits at the largest power of two below n, so that everything but its right
edge never changes: a node over 2^h leaves is known by its level h and its index there. Whoever has
those nodes (`Nodes`) can give any head and any proof; whoever checks needs none of them.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from clearhouse.core.errors import Kind, Refusal

HASH_BYTES = 32
EMPTY = sha256(b"").digest()  # the head of a log without entries

Nodes = Callable[[int, int], bytes]  # level and index of a whole subtree; answers its hash


class ProofWrong(Refusal):
    """A Merkle proof does not prove what it is said to."""

    code = "log.proof-wrong"
    kind = Kind.FORBIDDEN


class OutsideTree(Refusal):
    """A proof is asked for what a tree of that size does not have."""

    code = "log.outside-tree"
    kind = Kind.UNKNOWN


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry of the log."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash a node of two children."""
    return sha256(b"\x01" + left + right).digest()


def head(nodes: Nodes, size: int) -> bytes:
    """The head of the tree over the first `size` leaves."""
    return _range_hash(nodes, 0, size) if size else EMPTY


def head_of(leaves: Iterable[bytes]) -> bytes:
    """The head of the tree over leaf hashes that come one by one, none of them kept."""
    whole: list[tuple[int, bytes]] = []  # subtrees, largest first, each with its level
    for leaf in leaves:
        level, root = 0, leaf
        while whole and whole[-1][0] == level:
            root = node_hash(whole.pop()[1], root)
            level += 1
        whole.append((level, root))
    if not whole:
        return EMPTY
    _, root = whole.pop()
    while whole:
        root = node_hash(whole.pop()[1], root)
    return root


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """The whole subtrees over leaf hashes that are all at hand."""
    levels = [list(leaves)]
    while len(below := levels[-1]) > 1:
        pairs = zip(below[::2], below[1::2], strict=False)
        levels.append([node_hash(left, right) for left, right in pairs])
    return lambda level, index: levels[level][index]


def frontier(nodes: Nodes, size: int) -> list[bytes]:
    """The whole subtrees that the tree over the first `size` leaves is made of, largest first.

    Whoever has them can let the tree grow, and needs no leaf of it.
    """
    found, first = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append(nodes(level, first >> level))
            first += 1 << level
    return found


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Show that a leaf is in the tree over the first `size` leaves (RFC 9162, 2.1.3.1).

    Args:
        nodes: The log's whole subtrees.
        index: Of the leaf, from 0.
        size: Of the tree.

    Returns:
        The hashes of the siblings, from the leaf up.

    Raises:
        OutsideTree: The tree has no such leaf.
    """
    if not 0 <= index < size:
        raise OutsideTree(f"a tree of {size} leaves has no leaf {index}")
    path = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_hash(nodes, middle, high))
            high = middle
        else:
            path.append(_range_hash(nodes, low, middle))
            low = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """Show that a tree grew out of a smaller one, and nothing was rewritten (RFC 9162, 2.1.4.1).

    Args:
        nodes: The log's whole subtrees.
        first: Size of the smaller tree, from 1.
        second: Size of the larger; if they are equal there is nothing to show.

    Raises:
        OutsideTree: The sizes are not in that order.
    """
    if not 0 < first <= second:
        raise OutsideTree(f"a tree of {second} leaves did not grow out of one of {first}")
    path = []
    low, high, whole = 0, second, True
    while first != high:
        middle = low + _split(high - low)
        if first <= middle:
            path.append(_range_hash(nodes, middle, high))
            high = middle
        else:
            path.append(_range_hash(nodes, low, middle))
            low, whole = middle, False
    if not whole:
        path.append(_range_hash(nodes, low, high))
    return path[::-1]


def _split(count: int) -> int:
    """The largest power of two below `count`, which is 2 or more."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(nodes: Nodes, low: int, high: int) -> bytes:
    """The hash of the tree over the leaves from `low` up to `high`."""
    pieces = []
    while low < high:
        level = (high - low).bit_length() - 1
        pieces.append(nodes(level, low >> level))
        low += 1 << level
    found = pieces.pop()
    for piece in reversed(pieces):
        found = node_hash(piece, found)
    return found


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in a tree (RFC 9162, 2.1.3.2).

    Args:
        leaf: The leaf's hash.
        index: Its place, from 0.
        size: Of the tree.
        proof: As `inclusion_proof` gives it.
        root: The tree's head.

    Raises:
        ProofWrong: It is not, or the proof is another one's.
    """
    if not 0 <= index < size:
        raise ProofWrong(f"a tree of {size} leaves has no leaf {index}")
    found = leaf
    for sibling, on_left in zip(proof, _sides(index, size - 1, len(proof)), strict=True):
        found = node_hash(sibling, found) if on_left else node_hash(found, sibling)
    if found != root:
        raise ProofWrong(f"leaf {index} is not in the tree of {size} leaves with this head")


def _sides(place: int, last: int, count: int) -> list[bool]:
    """On which side each sibling is, from a node up to the head: is it on the left?

    Args:
        place: Of the node on its level, from 0.
        last: The last place there is on that level.
        count: Of siblings that a proof has.

    Raises:
        ProofWrong: That is not how many there are on the way.
    """
    sides = []
    for _ in range(count):
        if last == 0:
            raise ProofWrong("the proof is too long")
        on_left = bool(place & 1) or place == last
        while on_left and place and not place & 1:  # the last of its level has no sibling there
            place, last = place >> 1, last >> 1
        sides.append(on_left)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofWrong("the proof is too short")
    return sides


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that a tree grew out of a smaller one (RFC 9162, 2.1.4.2).

    Args:
        first: Size of the smaller tree, from 1.
        second: Size of the larger.
        proof: As `consistency_proof` gives it.
        first_root: Head of the smaller tree.
        second_root: Head of the larger.

    Raises:
        ProofWrong: It did not, or the proof is another one's.
    """
    wrong = ProofWrong(f"the tree of {second} leaves did not grow out of that of {first}")
    if not 0 < first <= second:
        raise wrong
    if first == second:
        if proof or first_root != second_root:
            raise wrong
        return
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)  # a whole subtree stands for itself
    if not path:
        raise wrong
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for sibling, on_left in zip(path[1:], _sides(place, last, len(path) - 1), strict=True):
        if on_left:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    if before != first_root or after != second_root:
        raise wrong
