"""Bundle: the sealed file that a house publishes, opened.

    clearhouse.bundle.1
    {...}                    the manifest: scope, first, last, members, ...
                             an empty line
    — NAME SIGNATURE         by the key that signs the log's heads: the seal
    ...                      the members, one behind the other, each compressed (zlib)

Members are lines of canonical JSON (but `headers`, which are 80 bytes each). Both scopes have:

    entries       of the journal: body, kind, subject, position, both instants, salt
    closings      the entries that tell of the closings at both ends, with proofs
    tapes         of each rate, the trades that it was made from
    labels        of each set-off, a label a participant: line, salt
    transactions  raw, with the block's height, the place in it and the Merkle branch
    headers       of the chain, from `headers_from` to the tip

A day's (scope `day`, for the institutions) has all entries from `first` to `last`, and:

    frontier      the hashes of the log's whole subtrees before `first`
    growth        the proof that the log grew from `last` to the head that is shown
    earlier       entries from before `first` that others lean on, with proofs
    opening       how the books stood before `first`: line, salt
    standing      how they stood behind `last`

A participant's (scope `participant`) has its own entries, each with a proof, its labels with their
places and proofs, and:

    accounts      its accounts and what it was told, at both closings: line, salt, place, proof
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from clearhouse.verifier import canonical, note
from clearhouse.verifier.canonical import Record
from clearhouse.verifier.note import Key
from clearhouse.verifier.wrong import Wrong

FORM = "clearhouse.bundle.1"
HEAD_BYTES_MAX = 2**17
BYTES_MAX = 2**31  # of all members together, when opened
SHARED = ("entries", "closings", "tapes", "labels", "transactions", "headers")
MEMBERS = {
    "day": {*SHARED, "frontier", "growth", "earlier", "opening", "standing"},
    "participant": {*SHARED, "accounts"},
}
MANIFEST = {
    *("checkpoint", "first", "headers_from", "last", "members", "network", "participant", "scope")
}
SIZE_FORM = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


@dataclass(frozen=True)
class Bundle:
    """What a house published, with its seal and the hashes of its members checked.

    Attributes:
        scope: `day` or `participant`.
        participant: Whose it is, in the second case.
        first: The position of the first entry that it is about, from 1.
        last: Of the last one.
        checkpoint: The head of the log, as a note.
        network: Of the chain, as Bitcoin Core names it.
        headers_from: The height of the first header.
        members: By name, opened.
    """

    scope: str
    participant: str
    first: int
    last: int
    checkpoint: str
    network: str
    headers_from: int
    members: dict[str, bytes]

    def lines(self, member: str) -> Iterator[Record]:
        """The lines of a member.

        Raises:
            Wrong: `bundle.malformed`, one is not in its form.
        """
        content = self.members[member]
        if content and not content.endswith(b"\n"):
            raise Wrong("bundle.malformed", f"{member}: the last line has no end")
        for number, line in enumerate(content.split(b"\n")[:-1], 1):
            yield canonical.read(line, f"{member}, line {number}")


def open_bundle(raw: bytes, key: Key) -> Bundle:
    """Open a bundle: check its seal, and each member against the manifest.

    Args:
        raw: The file.
        key: The house's, which signs the heads of its log.

    Raises:
        Wrong: `bundle.malformed`, it is no bundle; `bundle.another-house`, another key sealed it;
            `bundle.seal-wrong`, what is sealed was altered; `bundle.truncated` or
            `bundle.too-long`, the file does not end where the manifest says;
            `bundle.member-altered`, naming the member.
    """
    head, rest = _parted(raw)
    sealed = note.parse(head)
    form, manifest_text, *more = sealed.text.split("\n")
    if form != FORM or more != [""] or len(sealed.signatures) != 1:
        raise Wrong("bundle.malformed", f"it does not begin as {FORM} does")
    ((name, blob),) = sealed.signatures
    if name != key.name or blob[:4] != key.id:
        raise Wrong("bundle.another-house", f"sealed by {name}, not by {key.name}")
    try:
        note.check_signed(sealed, key)
    except Wrong as wrong:
        raise Wrong("bundle.seal-wrong", f"the manifest is not as {key.name} sealed it") from wrong
    said = canonical.read(manifest_text, "manifest")
    if said.keys() != MANIFEST:
        raise Wrong("bundle.malformed", f"the manifest has other members: {sorted(said)}")
    members = _members(said["members"], rest)
    if members.keys() != MEMBERS.get(said["scope"]):
        raise Wrong("bundle.malformed", f"{said['scope']!r:.40} has other members")
    if (said["scope"] == "participant") is not bool(said["participant"]):
        raise Wrong("bundle.malformed", "one participant's names that one, and a day's nobody")
    if not 1 <= _whole(said["first"]) <= _whole(said["last"]):
        raise Wrong("bundle.malformed", f"it is about {said['first']} to {said['last']}")
    return Bundle(
        scope=said["scope"],
        participant=said["participant"],
        first=_whole(said["first"]),
        last=_whole(said["last"]),
        checkpoint=said["checkpoint"],
        network=said["network"],
        headers_from=_whole(said["headers_from"]),
        members=members,
    )


def _parted(raw: bytes) -> tuple[str, bytes]:
    """The note in front, and what follows it."""
    if raw[: len(FORM)] != FORM.encode()[: len(raw)] or not raw:
        raise Wrong("bundle.malformed", f"it does not begin with {FORM}")
    gap = raw.find(b"\n\n", 0, HEAD_BYTES_MAX)
    end = raw.find(b"\n", gap + 2) if gap >= 0 else -1
    if end < 0:
        raise Wrong("bundle.truncated", "it ends before its seal")
    try:
        return raw[: end + 1].decode(), raw[end + 1 :]
    except UnicodeDecodeError as wrong:
        raise Wrong("bundle.malformed", "its first lines are no text") from wrong


def _members(listed: list[Record], content: bytes) -> dict[str, bytes]:
    sizes = [_whole(one["bytes"]) for one in listed]
    if len(content) < sum(sizes):
        at = 0
        for one, size in zip(listed, sizes, strict=True):
            at += size
            if at > len(content):
                raise Wrong("bundle.truncated", f"it ends in the middle of `{one['name']}`")
    if len(content) > sum(sizes):
        raise Wrong("bundle.too-long", f"{len(content) - sum(sizes)} bytes follow the last member")
    found: dict[str, bytes] = {}
    at, left = 0, BYTES_MAX
    for one, size in zip(listed, sizes, strict=True):
        stored = content[at : at + size]
        at += size
        name = str(one["name"])
        if sha256(stored).hexdigest() != one["sha256"]:
            raise Wrong("bundle.member-altered", f"`{name}` is not what was sealed")
        found[name] = _opened(name, stored, left)
        left -= len(found[name])
    return found


def _opened(name: str, stored: bytes, bytes_max: int) -> bytes:
    squeezed = zlib.decompressobj()
    try:
        content = squeezed.decompress(stored, bytes_max + 1)
    except zlib.error as wrong:
        raise Wrong("bundle.malformed", f"`{name}` cannot be opened: {wrong}") from wrong
    if len(content) > bytes_max:
        raise Wrong("bundle.malformed", f"opened, it has more than {BYTES_MAX} bytes")
    if not squeezed.eof or squeezed.unused_data:
        raise Wrong("bundle.malformed", f"`{name}` ends early, or goes on")
    return content


def _whole(text: object) -> int:
    if not isinstance(text, str) or SIZE_FORM.fullmatch(text) is None:
        raise Wrong("bundle.malformed", f"{text!r:.40} is no whole number")
    return int(text)
