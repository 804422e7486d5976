"""Merkle trees beside the definitions of RFC 9162, its proofs, and every way to forge them."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.merkle import (
    EMPTY,
    Nodes,
    OutsideTree,
    ProofWrong,
    consistency_proof,
    frontier,
    head,
    head_of,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_of,
    verify_consistency,
    verify_inclusion,
)

# The trees that implementations of certificate transparency have tested with since RFC 6962.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(root)
    for root in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
LEAVES = [leaf_hash(str(number).encode()) for number in range(70)]
sizes = st.integers(1, len(LEAVES))


def tree(leaves: Sequence[bytes]) -> bytes:
    """The definition: MTH of RFC 9162, 2.1.1."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(tree(leaves[:k]), tree(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The definition: PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), tree(leaves[k:])]
    return [*path(m - k, leaves[k:]), tree(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """The definition: SUBPROOF of RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [tree(leaves)]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), tree(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), tree(leaves[:k])]


def nodes(leaves: Sequence[bytes] = LEAVES) -> Nodes:
    def at(level: int, index: int) -> bytes:
        part = leaves[index << level : (index + 1) << level]
        assert len(part) == 1 << level, "only whole subtrees are asked for"
        return tree(part)

    return at


def test_the_trees_that_everybody_tests_with() -> None:
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    assert [head(nodes(leaves), size) for size in range(1, 9)] == ROOTS
    assert head(nodes(leaves), 0) == head_of([]) == sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, len(LEAVES) + 1))
def test_every_head_and_proof_is_that_of_the_definition_and_verifies(size: int) -> None:
    whole = tree(LEAVES[:size])
    assert head(nodes(), size) == whole
    assert head_of(iter(LEAVES[:size])) == whole
    for index in range(size):
        proof = inclusion_proof(nodes(), index, size)
        assert proof == path(index, LEAVES[:size])
        verify_inclusion(LEAVES[index], index, size, proof, whole)
    for first in range(1, size + 1):
        proof = consistency_proof(nodes(), first, size)
        assert proof == subproof(first, LEAVES[:size], whole=True)
        verify_consistency(first, size, proof, tree(LEAVES[:first]), whole)


@given(sizes, st.data())
def test_no_other_leaf_place_size_proof_or_head_is_taken(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(nodes(), index, size), tree(LEAVES[:size])
    other = data.draw(st.integers(-1, len(LEAVES)).filter(lambda one: one != index))
    forged: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (LEAVES[index - 1], index, size, proof, root),
        (LEAVES[index], other, size, proof, root),
        (LEAVES[index], index, size, [*proof, EMPTY], root),
        (LEAVES[index], index, size, proof[:-1], root),
        (LEAVES[index], index, size, proof, EMPTY),
        (node_hash(LEAVES[index], EMPTY), index, size, proof, root),
    ]
    forged += [
        (LEAVES[index], index, size, [*proof[:n], EMPTY, *proof[n + 1 :]], root)
        for n in range(len(proof))
    ]
    for one in forged:
        if one == (LEAVES[index], index, size, proof, root):
            continue  # an empty proof cannot be cut
        with pytest.raises(ProofWrong):
            verify_inclusion(*one)


@given(sizes, sizes, st.data())
def test_no_other_history_is_taken(one: int, other: int, data: st.DataObject) -> None:
    first, second = sorted((one, other))
    proof = consistency_proof(nodes(), first, second)
    roots = tree(LEAVES[:first]), tree(LEAVES[:second])
    changed = data.draw(st.integers(0, first - 1))
    rewritten = [*LEAVES[:changed], leaf_hash(b"another"), *LEAVES[changed + 1 :]]
    before = tree(rewritten[:first])
    forged: list[tuple[int, int, list[bytes], bytes, bytes]] = [
        (first, second, proof, before, roots[1]),
        (first, second, proof, roots[0], tree(rewritten[:second])),
        (first, second, consistency_proof(nodes(rewritten), first, second), before, roots[1]),
        (first, second, [*proof, EMPTY], *roots),
        (0, second, proof, *roots),
        (second + 1, second, proof, *roots),
    ]
    if proof:
        forged.append((first, second, proof[:-1], *roots))
    forged += [
        (first, second, [*proof[:n], EMPTY, *proof[n + 1 :]], *roots) for n in range(len(proof))
    ]
    for one_of_them in forged:
        with pytest.raises(ProofWrong):
            verify_consistency(*one_of_them)


def test_an_entry_is_never_taken_for_a_node() -> None:
    """Domain separation: whoever enters the bytes of a node gets another hash."""
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)
    assert leaf_hash(b"\x01" + left + right) != node_hash(left, right)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(OutsideTree):
        inclusion_proof(nodes(), index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (-1, 5)])
def test_there_is_no_proof_of_a_shrinking_log(first: int, second: int) -> None:
    with pytest.raises(OutsideTree):
        consistency_proof(nodes(), first, second)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_nodes_of_leaves_at_hand_give_their_head(entries: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    assert head(nodes_of(leaves), len(leaves)) == head_of(leaves)


@given(st.lists(st.binary(max_size=4), max_size=70))
def test_a_frontier_is_the_tree_without_its_leaves(entries: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    found = frontier(nodes_of(leaves), len(leaves))
    assert len(found) == len(leaves).bit_count()
    root = found.pop() if found else EMPTY
    while found:
        root = node_hash(found.pop(), root)
    assert root == head_of(leaves)
