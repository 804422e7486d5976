"""Of the log: its head is signed and cosigned, and what is shown is under it."""

from collections.abc import Iterable

from clearhouse.verifier import merkle, note
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.wrong import Wrong


def head(published: Published) -> None:
    """The house signed the head, which covers all that is shown."""
    found, trust = published.head, published.trust
    if found.origin != trust.log.name:
        raise Wrong("head.another-log", f"it is the head of {found.origin}")
    note.check_signed(published.note, trust.log)
    if found.size < published.bundle.last:
        raise Wrong("head.too-small", f"it covers {found.size} entries only")


def cosignatures(published: Published) -> None:
    """Enough witnesses saw the head grow out of the one before."""
    trust = published.trust
    note.count_cosignatures(published.note, trust.witnesses, trust.cosignatures)


def tree(published: Published) -> None:
    """The entries are the log's, all of them and in order, and nothing before was rewritten."""
    bundle, found = published.bundle, published.head
    positions = [entry.position for entry in published.entries]
    if positions != list(range(bundle.first, bundle.last + 1)):
        raise Wrong("tree.entries-missing", f"not all of {bundle.first} to {bundle.last}")
    growing = merkle.GrowingTree(bundle.first - 1, published.frontier)
    for entry in published.entries:
        growing.append(entry.leaf)
    root = growing.root()
    merkle.check_consistency(bundle.last, found.size, published.growth, root, found.root)
    _check_under(published.closings, published)
    _check_under(published.earlier, published)
    for entry in published.earlier:
        if entry.position >= bundle.first:
            raise Wrong("tree.not-earlier", f"entry {entry.position}")


def inclusion(published: Published) -> None:
    """Each entry that is shown is the log's."""
    positions = [entry.position for entry in published.entries]
    if positions != sorted(set(positions)):
        raise Wrong("tree.entries-missing", "entries are not in their order")
    _check_under(published.entries, published)
    _check_under(published.closings, published)


def _check_under(entries: Iterable[Entry], published: Published) -> None:
    """Check that entries are under the head, each at its position."""
    found = published.head
    for entry in entries:
        proof = entry.proof or ()
        try:
            merkle.check_inclusion(entry.leaf, entry.position - 1, found.size, proof, found.root)
        except Wrong as wrong:
            raise Wrong(wrong.code, f"entry {entry.position}: {wrong.detail}") from wrong
