"""The verifier's Merkle trees beside the definitions of RFC 9162, and beside the house's own."""

from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core import merkle as house
from clearhouse.verifier.merkle import (
    GrowingTree,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)
from clearhouse.verifier.wrong import Wrong

# The entries and roots that implementations of RFC 6962 have tested with since its beginning.
ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
ENTRIES += ["606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZE_MAX = 40
LEAVES = tuple(leaf_hash(b"entry %d" % number) for number in range(SIZE_MAX))
STRANGE = sha256(b"strange").digest()


def split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


@cache
def tree(low: int, high: int) -> bytes:
    """The definition: MTH of RFC 9162, 2.1.1, over some of the leaves."""
    if high == low:
        return sha256(b"").digest()
    if high - low == 1:
        return LEAVES[low]
    middle = low + split(high - low)
    return node_hash(tree(low, middle), tree(middle, high))


def path(index: int, low: int, high: int) -> list[bytes]:
    """The definition: PATH of RFC 9162, 2.1.3.1."""
    if high - low == 1:
        return []
    middle = low + split(high - low)
    if index < middle:
        return [*path(index, low, middle), tree(middle, high)]
    return [*path(index, middle, high), tree(low, middle)]


def subproof(first: int, low: int, high: int, *, whole: bool = True) -> list[bytes]:
    """The definition: SUBPROOF of RFC 9162, 2.1.4.1; `first` is counted from the tree's begin."""
    if first == high:
        return [] if whole else [tree(low, high)]
    middle = low + split(high - low)
    if first <= middle:
        return [*subproof(first, low, middle, whole=whole), tree(middle, high)]
    return [*subproof(first, middle, high, whole=False), tree(low, middle)]


def frontier(size: int) -> list[bytes]:
    found, low = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            found.append(tree(low, low + (1 << bit)))
            low += 1 << bit
    return found


def spoilt(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Each way to make a proof another by one hash."""
    for place, one in enumerate(proof):
        for changed in (bytes([one[0] ^ 1]) + one[1:], one[:-1], one + b"\x00", b"", STRANGE):
            yield [*proof[:place], changed, *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
        yield [*proof[:place], one, *proof[place:]]
    yield [*proof, STRANGE]
    yield [STRANGE, *proof]


def refused(code: str, check: object, *arguments: object) -> None:
    assert callable(check)
    with pytest.raises(Wrong) as wrong:
        check(*arguments)
    assert wrong.value.code == code


def test_roots_are_those_that_others_find() -> None:
    growing = GrowingTree()
    assert growing.root().hex() == ROOTS[0]
    for entry, root in zip(ENTRIES, ROOTS[1:], strict=True):
        growing.append(leaf_hash(bytes.fromhex(entry)))
        assert growing.root().hex() == root
    assert growing.size == len(ENTRIES)


@pytest.mark.parametrize("begin", range(SIZE_MAX + 1))
def test_a_tree_grows_from_any_frontier_to_any_size(begin: int) -> None:
    growing = GrowingTree(begin, frontier(begin))
    assert growing.root() == tree(0, begin)
    for size in range(begin, SIZE_MAX):
        growing.append(LEAVES[size])
        assert (growing.size, growing.root()) == (size + 1, tree(0, size + 1))


def test_a_tree_does_not_change_the_frontier_it_began_from() -> None:
    given_one = tuple(frontier(3))
    first, second = GrowingTree(3, given_one), GrowingTree(3, given_one)
    first.append(LEAVES[3])
    assert second.root() == tree(0, 3)


@pytest.mark.parametrize("size", range(SIZE_MAX + 1))
def test_a_frontier_of_another_size_is_no_tree(size: int) -> None:
    hashes = frontier(size)
    refused("tree.malformed", GrowingTree, size, [*hashes, STRANGE])
    if hashes:
        refused("tree.malformed", GrowingTree, size, hashes[:-1])
        refused("tree.malformed", GrowingTree, size, [*hashes[:-1], hashes[-1][:-1]])


def test_neither_a_size_below_zero_nor_a_leaf_that_is_no_hash_is_taken() -> None:
    refused("tree.malformed", GrowingTree, -1, [STRANGE])
    refused("tree.malformed", GrowingTree().append, b"entry")


@pytest.mark.parametrize("size", range(1, SIZE_MAX + 1))
def test_every_leaf_is_shown_to_be_where_it_is_and_nowhere_else(size: int) -> None:
    root = tree(0, size)
    for index in range(size):
        proof = path(index, 0, size)
        check_inclusion(LEAVES[index], index, size, proof, root)
        for other in range(-1, size + 2):
            if other != index:
                refused(
                    "tree.inclusion-wrong",
                    check_inclusion,
                    *(LEAVES[index], other, size, proof, root),
                )


@pytest.mark.parametrize("size", range(1, SIZE_MAX + 1))
def test_no_hash_of_an_inclusion_proof_can_be_another(size: int) -> None:
    code, root = "tree.inclusion-wrong", tree(0, size)
    for index in range(size):
        proof, leaf = path(index, 0, size), LEAVES[index]
        for other in spoilt(proof):
            refused(code, check_inclusion, leaf, index, size, other, root)
        refused(code, check_inclusion, STRANGE, index, size, proof, root)
        refused(code, check_inclusion, leaf, index, size, proof, STRANGE)
        refused(code, check_inclusion, leaf, index, 0, proof, root)


@pytest.mark.parametrize("second", range(1, SIZE_MAX + 1))
def test_every_tree_is_shown_to_have_grown_from_every_smaller_one(second: int) -> None:
    for first in range(1, second + 1):
        proof = subproof(first, 0, second)
        check_consistency(first, second, proof, tree(0, first), tree(0, second))
        for other in {0, first - 1, first + 1, second} - {first}:
            refused(
                "tree.consistency-wrong",
                check_consistency,
                *(other, second, proof, tree(0, first), tree(0, second)),
            )


@pytest.mark.parametrize("second", range(1, SIZE_MAX + 1))
def test_no_hash_of_a_consistency_proof_can_be_another(second: int) -> None:
    code, root = "tree.consistency-wrong", tree(0, second)
    for first in range(1, second + 1):
        proof, smaller = subproof(first, 0, second), tree(0, first)
        for other in spoilt(proof):
            refused(code, check_consistency, first, second, other, smaller, root)
        refused(code, check_consistency, first, second, proof, STRANGE, root)
        refused(code, check_consistency, first, second, proof, smaller, STRANGE)


def test_no_tree_grows_from_nothing_or_backwards() -> None:
    nothing, code = sha256(b"").digest(), "tree.consistency-wrong"
    refused(code, check_consistency, 0, 0, [], nothing, nothing)
    refused(code, check_consistency, 0, 1, [], nothing, tree(0, 1))
    refused(code, check_consistency, -1, 1, [], nothing, tree(0, 1))
    refused(code, check_consistency, 2, 1, [], tree(0, 2), tree(0, 1))


@given(st.integers(1, 2000), st.data())
def test_the_house_and_the_verifier_know_the_same_trees(second: int, data: st.DataObject) -> None:
    """Larger trees than the definition's: the house makes the proofs."""
    levels = [[leaf_hash(b"%d" % number) for number in range(second)]]
    while len(levels[-1]) > 1:
        pairs = zip(levels[-1][::2], levels[-1][1::2], strict=False)
        levels.append([node_hash(left, right) for left, right in pairs])

    def nodes(level: int, index: int) -> bytes:
        return levels[level][index]

    first, index = data.draw(st.integers(1, second)), data.draw(st.integers(0, second - 1))
    growing = GrowingTree()
    for leaf in levels[0][:first]:
        growing.append(leaf)
    smaller = growing.root()
    for leaf in levels[0][first:]:
        growing.append(leaf)
    root = growing.root()
    assert (smaller, root) == (house.head(nodes, first), house.head(nodes, second))
    check_inclusion(
        levels[0][index], index, second, house.inclusion_proof(nodes, index, second), root
    )
    if first < second:
        proof = house.consistency_proof(nodes, first, second)
        check_consistency(first, second, proof, smaller, root)
