"""Tiles: the log in files, however it was appended, beside the tree of all its leaves."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from clearhouse.core.merkle import (
    consistency_proof,
    head,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from clearhouse.store.tiles import WIDTH, TileDamaged, Tiles

SIZES = [1, 2, 255, 256, 257, 511, 512, 700, 1_000]
LAST = ["tile/0/003.p/232", "tile/entries/003.p/232", "tile/1/000.p/3"]  # at the last size


def entry(number: int) -> bytes:
    return f"entry {number}".encode() * (1 + number % 3)


def tree(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(tree(leaves[:k]), tree(leaves[k:]))


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.fixture
def log(tmp_path: Path) -> Tiles:
    """A log that grew to each of the sizes in turn."""
    tiles, size = Tiles(tmp_path), 0
    for grown in SIZES:
        tiles.append(size, [entry(number) for number in range(size, grown)])
        size = grown
    return tiles


@pytest.mark.parametrize("size", SIZES)
def test_a_log_has_the_head_and_the_proofs_of_its_leaves(log: Tiles, size: int) -> None:
    leaves = [leaf_hash(entry(number)) for number in range(size)]
    nodes, root = log.nodes(size), tree(leaves)
    assert head(nodes, size) == root
    for index in {0, size // 2, size - 1}:
        assert log.entry(index, size) == entry(index)
        verify_inclusion(leaves[index], index, size, inclusion_proof(nodes, index, size), root)
    for first in [one for one in SIZES if one <= size]:
        proof = consistency_proof(nodes, first, size)
        verify_consistency(first, size, proof, tree(leaves[:first]), root)


def test_a_log_tells_any_size_that_it_ever_had(log: Tiles) -> None:
    """Also those at which it never stopped."""
    for size in (3, 100, 256, 300, 600, 999):
        leaves = [leaf_hash(entry(number)) for number in range(size)]
        nodes, root = log.nodes(size), tree(leaves)
        assert head(nodes, size) == root
        assert log.entry(size - 1, size) == entry(size - 1)
        proof = inclusion_proof(nodes, size - 1, size)
        verify_inclusion(leaves[-1], size - 1, size, proof, root)


def test_however_it_is_appended_whole_tiles_are_the_same(tmp_path: Path) -> None:
    dice = Random(5)
    kept = []
    for number in range(3):
        folder = tmp_path / str(number)
        tiles, size = Tiles(folder), 0
        while size < SIZES[-1]:
            grown = min(SIZES[-1], size + dice.randint(1, 400))
            for _ in range(dice.randint(1, 2)):  # said again, as after a crash
                tiles.append(size, [entry(one) for one in range(size, grown)])
            size = grown
        found = files(folder)
        whole = {name: content for name, content in found.items() if ".p" not in name}
        last = {name: found[name] for name in LAST}
        kept.append(whole | last)

    assert kept[0] == kept[1] == kept[2]
    names = {f"tile/{level}/{number:03}" for level in ("0", "entries") for number in range(3)}
    assert kept[0].keys() == names | set(LAST)


def test_places_are_written_as_the_specification_says(tmp_path: Path) -> None:
    path = Tiles(tmp_path)._path
    assert path("0", 1_234_067, WIDTH) == tmp_path / "tile/0/x001/x234/067"
    assert path("1", 273, 255) == tmp_path / "tile/1/273.p/255"
    assert path("entries", 0, WIDTH) == tmp_path / "tile/entries/000"
    assert path("0", 1_000, WIDTH) == tmp_path / "tile/0/x001/000"


def prove_some(log: Tiles) -> None:
    for index in range(0, 1_000, 100):
        inclusion_proof(log.nodes(1_000), index, 1_000)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001", "tile/1/000.p/3"])
def test_a_tile_that_is_cut_off_or_gone_is_named(tmp_path: Path, log: Tiles, name: str) -> None:
    prove_some(log)
    for damage in (lambda path: path.write_bytes(path.read_bytes()[:-1]), Path.unlink):
        damage(tmp_path / name)
        with pytest.raises(TileDamaged, match=name):
            prove_some(Tiles(tmp_path))


def test_a_bundle_that_is_cut_off_is_told(tmp_path: Path, log: Tiles) -> None:
    path = tmp_path / "tile/entries/001"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TileDamaged):
        log.entry(300, 1_000)
    path.write_bytes(b"")
    with pytest.raises(TileDamaged):
        log.entry(300, 1_000)
    path.unlink()
    with pytest.raises(TileDamaged):
        log.entry(300, 1_000)


def test_a_log_that_is_made_anew_has_nothing_of_the_old_one(tmp_path: Path) -> None:
    """A wider tile of the old one would be taken for one that the new one begins with."""
    old, new = Tiles(tmp_path), Tiles(tmp_path)
    old.append(0, [b"old"] * 250)
    new.append(0, [entry(number) for number in range(240)])
    leaves = [leaf_hash(entry(number)) for number in range(235)]
    assert head(new.nodes(235), 235) == tree(leaves)
    assert new.entry(234, 235) == entry(234)
    assert all(b"old" not in content for content in files(tmp_path).values())
