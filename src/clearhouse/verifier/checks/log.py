"""Of the log: its head is signed and cosigned, and what is shown is under it."""

from collections.abc import Iterable
from datetime import timedelta

from clearhouse.verifier import merkle, note
from clearhouse.verifier.entry import Entry, instant
from clearhouse.verifier.forms import check_form
from clearhouse.verifier.published import Published
from clearhouse.verifier.wrong import Wrong

CORRECTION_MAX = timedelta(minutes=5)


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
    places = enumerate(published.entries, bundle.first)
    whole = len(published.entries) == bundle.last - bundle.first + 1
    if not whole or any(entry.position != place for place, entry in places):
        raise Wrong("tree.entries-missing", f"not all of {bundle.first} to {bundle.last}")
    _check_clock(published.entries)
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


def forms(published: Published) -> None:
    """Each entry is of a kind that there is, in that kind's form, and about whom it says."""
    for entry in (*published.earlier, *published.closings, *published.entries):
        check_form(entry)


def inclusion(published: Published) -> None:
    """Each entry that is shown is the log's."""
    positions = [entry.position for entry in published.entries]
    if positions != sorted(set(positions)):
        raise Wrong("tree.entries-missing", "entries are not in their order")
    _check_under(published.entries, published)
    _check_under(published.closings, published)


def _check_clock(entries: Iterable[Entry]) -> None:
    """Check that the house's clock was not set back, by more than clocks are when corrected."""
    latest = ""
    for entry in entries:
        if entry.recorded_at < latest:
            behind = instant(latest) - instant(entry.recorded_at)
            if behind > CORRECTION_MAX:
                raise Wrong("tree.clock-set-back", f"entry {entry.position}, by {behind}")
        latest = max(latest, entry.recorded_at)


def _check_under(entries: Iterable[Entry], published: Published) -> None:
    """Check that entries are under the head, each at its position."""
    found = published.head
    for entry in entries:
        proof = entry.proof or ()
        try:
            merkle.check_inclusion(entry.leaf, entry.position - 1, found.size, proof, found.root)
        except Wrong as wrong:
            raise Wrong(wrong.code, f"entry {entry.position}: {wrong.detail}") from wrong
