"""Forging: change what a bundle shows, and make again all that stands above it, with stolen keys.

A forger here has every key: the log's, the statements', the witnesses', the people's; and all the
work of a regtest chain. After a change, `Forged.sealed` commits to the books again, chooses the
anchors, signs statements, mines the blocks, hashes the tree, and signs and seals. So nothing is
wrong but what was changed on purpose, and only the check that should notice can.
"""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from embit.transaction import Transaction

from clearhouse.chains.block import has_work
from clearhouse.core import merkle, note
from clearhouse.core.canonical import canonical
from clearhouse.core.note import Checkpoint, Note
from clearhouse.verifier.entry import read_entry
from clearhouse.verifier.follow import follow, lend, recall
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.transaction import double_hash

Line = dict[str, Any]
JSON_MEMBERS = (
    *("entries", "frontier", "growth", "closings", "opening", "standing", "earlier", "tapes"),
    *("labels", "transactions", "accounts"),
)
AT = datetime(2026, 3, 3, tzinfo=UTC)


@dataclass
class Keys:
    """What was stolen."""

    log: Ed25519PrivateKey
    origin: str
    statements: Ed25519PrivateKey
    witnesses: dict[str, Ed25519PrivateKey]
    people: dict[str, Ed25519PrivateKey]  # by public key


@dataclass
class Forged:
    """A bundle taken apart.

    `before` are the log's leaves in front of the first entry; of a participant's, all of them.
    """

    keys: Keys
    manifest: Line
    members: dict[str, list[Line]]
    headers: list[bytes]
    before: list[bytes]
    whole: "Forged | None" = None  # the day that a participant's is a part of
    texts: dict[str, str] = field(default_factory=dict)  # what is replaced wherever it stands

    # What a forgery may leave as it is, to be caught:
    chooses_anchor: bool = True
    signs_statement: bool = True
    closes_books: bool = True
    tells: bool = True  # a participant how many entries are its own
    cosigners: Sequence[str] = ()
    signer: Ed25519PrivateKey | None = None  # of the checkpoint
    head: Callable[[Checkpoint], Checkpoint] = lambda found: found
    anchored: Callable[["Forged"], None] = lambda _: None  # when heads are chosen
    after: Callable[["Forged"], None] = lambda _: None  # when all is made, before it is sealed

    @classmethod
    def of(cls, raw: bytes, keys: Keys, before: list[bytes]) -> "Forged":
        text, _, rest = raw.partition(b"\n\n")
        _, _, rest = rest.partition(b"\n")
        manifest = json.loads(text.split(b"\n")[1])
        members, at = {}, 0
        for one in manifest.pop("members"):
            size = int(one["bytes"])
            members[one["name"]] = zlib.decompress(rest[at : at + size])
            at += size
        raw_headers = members.pop("headers")
        headers = [raw_headers[at : at + 80] for at in range(0, len(raw_headers), 80)]
        lines = {
            name: [json.loads(line) for line in content.splitlines()]
            for name, content in members.items()
        }
        return cls(keys, manifest, lines, headers, before, cosigners=tuple(keys.witnesses))

    # --- finding things

    @property
    def entries(self) -> list[Line]:
        return self.members["entries"]

    def all(self, kind: str, **body: Any) -> list[Line]:
        """The entries of a kind that say so."""
        return [
            one
            for one in self.entries
            if one["kind"] == kind and body.items() <= one["body"].items()
        ]

    def one(self, kind: str, **body: Any) -> Line:
        return self.all(kind, **body)[0]

    def transfer(self, code: str, at: int = 0) -> Line:
        return self.all("TransferRecorded", code=code)[at]

    def account(self, owner: str, kind: str) -> str:
        found: str = self.one("AccountOpened", owner=owner, account_kind=kind)["body"]["account"]
        return found

    def insert(self, after: Line, kind: str, subject: str, **body: Any) -> Line:
        """Let something else have happened."""
        new = {**after, "kind": kind, "subject": subject, "body": body}
        self.entries.insert(self.entries.index(after) + 1, new)
        return new

    def swap_text(self, old: str, new: str) -> None:
        """Replace a text wherever it stands."""
        if old == new:
            return
        for name in JSON_MEMBERS:
            if name in self.members:
                written = json.dumps(self.members[name])
                self.members[name] = json.loads(written.replace(old, new))

    # --- people

    def order(self, line: Line, change: Callable[[Line], None]) -> None:
        """Change what somebody ordered."""
        said = json.loads(line["body"]["command"])
        change(said)
        line["body"]["command"] = canonical(said)

    def sign_people(self) -> None:
        """Sign all orders again, those that name others' digests too."""
        digests: dict[str, str] = {}
        for line in self.members["opening"]:
            said = json.loads(line["line"])
            if said["standing"] == "proposal":
                digests[said["proposal"]] = sha256(said["command"].encode()).hexdigest()
        for one in self.entries:
            body = one["body"]
            if one["kind"] == "CommandGiven":
                said = json.loads(body["command"])
                if said["kind"] == "Approve" and said["body"]["proposal"] in digests:
                    said["body"]["digest"] = digests[said["body"]["proposal"]]
                body["command"] = canonical(said)
                digests[said["id"]] = sha256(body["command"].encode()).hexdigest()
                key = self.keys.people[said["key"]]
                body["signature"] = key.sign(body["command"].encode()).hex()
            elif one["kind"] in {"ProposalMade", "ProposalApproved"}:
                body["digest"] = digests[body["proposal"]]

    # --- what is paid

    def release_again(self) -> None:
        """Let two people release what the cycle now plans, and state and pay just that."""
        cycle = self.one("BatchKept")["body"]["cycle"]
        planned = [one["body"] for one in self.all("PayOutPlanned", cycle=cycle)]
        paid = sorted((one["participant"], one["address"], one["units"]) for one in planned)
        outs = [{"participant": p, "address": a, "units": u} for p, a, u in paid]
        asset = self.one("CycleOpened")["body"]["asset"]
        form = {"asset": asset, "cycle": cycle, "form": "clearhouse.release.1", "pay_outs": outs}
        digest = sha256(canonical(form).encode()).hexdigest()
        self.one("CycleReleased")["body"]["digest"] = digest
        for one in self.all("CommandGiven"):
            said = json.loads(one["body"]["command"])
            if said["kind"] == "ReleaseCycle" and said["body"]["cycle"] == cycle:
                self.order(one, lambda command: command["body"].update(digest=digest))
        self.sign_people()
        self.state(lambda statement: statement.update(pay_outs=outs))

    def state(self, change: Callable[[Line], None]) -> None:
        """State something else to the signers."""
        body = self.one("BatchSigned")["body"]
        said = json.loads(body["statement"])
        change(said)
        body["statement"] = canonical(said)

    def rebatch(self, change: Callable[[Transaction], None]) -> None:
        """Pay with another transaction, mined in the place of the old one."""
        kept = self.one("BatchKept")["body"]
        made = Transaction.parse(bytes.fromhex(kept["raw"]))
        change(made)
        raw, old_txid = made.serialize().hex(), kept["txid"]
        self.swap_text(kept["raw"], raw)
        self._follow_batch(raw, old_txid, made.txid().hex())

    def _follow_batch(self, raw: str, old_txid: str, txid: str) -> None:
        """Let all name the batch as it is called now, and mine it in its place."""
        self.swap_text(old_txid, txid)
        for one in self.members["transactions"]:
            if one["raw"] == raw:
                self.mine(int(one["height"]), _fold(txid, int(one["index"]), one["branch"]))

    def mine(self, height: int, root: bytes) -> None:
        """Mine the block at a height again, with another root, and all on it."""
        place = height - int(self.manifest["headers_from"])
        before = [_hash_of(header) for header in self.headers]
        self.headers[place] = self.headers[place][:36] + root + self.headers[place][68:]
        for at in range(place, len(self.headers)):
            below = double_hash(self.headers[at - 1]) if at else bytes(32)
            self.headers[at] = mined(self.headers[at][:4] + below + self.headers[at][36:])
            self.swap_text(before[at], _hash_of(self.headers[at]))

    # --- above it

    def sealed(self) -> bytes:
        """Make all again that stands above, and seal it."""
        is_day = self.manifest["scope"] == "day"
        if is_day:
            for place, one in enumerate(self.entries, int(self.manifest["first"])):
                one["position"] = str(place)
            self.manifest["last"] = self.entries[-1]["position"]
            self._certify()
            self._commit_opening()
            if self.chooses_anchor:
                self._anchor()
            self.anchored(self)
            self._sign_statements()
            if self.closes_books:
                self._close_books()
            self._hash()
        else:
            if self.tells:
                self._tell()
            self._hash_own()
        self._sign_head()
        self.after(self)
        return self._seal()

    def _certify(self) -> None:
        for one in self.all("CycleCertified"):
            cycle = one["body"]["cycle"]
            lines = [line for line in self.members["labels"] if line["cycle"] == cycle]
            one["body"]["labels"], one["body"]["root"] = str(len(lines)), root_of(lines)

    def _anchor(self) -> None:
        """Choose the heads that batches carry, and make the batches again."""
        leaves = list(self.before)
        for place in range(len(self.entries)):
            if self.entries[place]["kind"] == "HeadAnchored":
                body = self.entries[place]["body"]
                old = _anchor_of(body)
                body["size"], body["root"] = str(len(leaves)), merkle.head_of(leaves).hex()
                self._carry(old, _anchor_of(body))
            leaves.append(leaf(self.entries[place]))

    def _carry(self, old: str, new: str) -> None:
        if old == new:
            return
        old_txid = self.one("BatchKept")["body"]["txid"]
        self.swap_text(old, new)
        raw = self.one("BatchKept")["body"]["raw"]
        self._follow_batch(raw, old_txid, Transaction.parse(bytes.fromhex(raw)).txid().hex())

    def _sign_statements(self) -> None:
        if self.signs_statement:
            for one in self.all("BatchSigned"):
                content = one["body"]["statement"].encode()
                one["body"]["signature"] = self.keys.statements.sign(content).hex()

    def _close_books(self) -> None:
        opening = [one["line"] for one in self.members["opening"]]
        standing = Standing(opening, int(self.manifest["first"]))
        for one in self.members["earlier"]:
            lend(standing, read_entry(one, proved=True))
        for one in self.entries:
            follow(standing, read_entry(one, proved=False))
        lines = standing.lines()
        salts = [one["salt"] for one in self.members["standing"]]
        salts += [sha256(bytes([at % 256])).hexdigest() for at in range(len(lines))]
        self.members["standing"] = [
            {"line": line, "salt": salt} for line, salt in zip(lines, salts, strict=False)
        ]
        self.commit_books()

    def _commit_opening(self) -> None:
        """Let the closing before, which was told of on this day, say the lines that are shown."""
        lines = self.members["opening"]
        for one in self.members["closings"][:-1]:
            told = self.one("BooksClosed", position=one["body"]["position"])
            one["body"].update(lines=str(len(lines)), root=root_of(lines))
            told["body"] = dict(one["body"])

    def commit_books(self) -> None:
        """Let the closing say the lines that are shown."""
        closing, lines = self.members["closings"][-1], self.members["standing"]
        closing["body"].update(lines=str(len(lines)), root=root_of(lines))
        closing["body"]["position"] = self.manifest["last"]

    def _tell(self) -> None:
        """Let the closing say of the participant's entries that they are those that are shown."""
        assert self.whole is not None
        who = self.manifest["participant"]
        lines = self.whole.members["standing"]
        (line,) = [one for one in lines if _is_told(one, who)]
        (mine,) = [one for one in self.members["accounts"] if one["line"] == line["line"]]
        accounts = json.loads(line["line"])["accounts"]
        line["line"] = mine["line"] = canonical(self._standing().told_to(who, int(accounts)))
        self.whole.commit_books()
        self.members["closings"][-1]["body"] = self.whole.members["closings"][-1]["body"]
        nodes = merkle.nodes_of([salted_leaf(one) for one in lines])
        for one in self.members["accounts"]:
            if one["at"] == "closing":
                proof = merkle.inclusion_proof(nodes, int(one["index"]), len(lines))
                one["proof"] = [each.hex() for each in proof]

    def _standing(self) -> Standing:
        """How the house stands after the participant's entries."""
        accounts, first = self.members["accounts"], int(self.manifest["first"])
        opening = [one["line"] for one in accounts if one["at"] == "opening"]
        standing = Standing(opening, first)
        for one in self.entries:
            take = recall if int(one["position"]) < first else follow
            take(standing, read_entry(one, proved=True))
        return standing

    def _hash(self) -> None:
        """Hash the tree: what was before, the entries, and the closing behind them."""
        last = int(self.manifest["last"])
        for one in self.members["earlier"]:
            if int(one["position"]) <= len(self.before):
                self.before[int(one["position"]) - 1] = leaf(one)
        closing = self.members["closings"][-1]
        closing["position"] = str(last + 1)
        leaves = [*self.before, *map(leaf, self.entries), leaf(closing)]
        nodes = merkle.nodes_of(leaves)
        first = int(self.manifest["first"])
        self.members["frontier"] = _hashes(merkle.frontier(nodes, first - 1))
        self.members["growth"] = _hashes(merkle.consistency_proof(nodes, last, len(leaves)))
        for one in self.members["earlier"] + self.members["closings"]:
            proof = merkle.inclusion_proof(nodes, int(one["position"]) - 1, len(leaves))
            one["proof"] = [each.hex() for each in proof]
        self._head_text(Checkpoint(self.keys.origin, len(leaves), merkle.head_of(leaves)))

    def _hash_own(self) -> None:
        """Hash the tree again of which only some entries are shown; all leaves are known."""
        leaves = list(self.before)
        shown = [*self.entries, *self.members["closings"]]
        for one in shown:
            leaves[int(one["position"]) - 1] = leaf(one)
        nodes = merkle.nodes_of(leaves)
        for one in shown:
            proof = merkle.inclusion_proof(nodes, int(one["position"]) - 1, len(leaves))
            one["proof"] = [each.hex() for each in proof]
        self._head_text(Checkpoint(self.keys.origin, len(leaves), merkle.head_of(leaves)))

    def _head_text(self, found: Checkpoint) -> None:
        self.manifest["checkpoint"] = self.head(found).encode()

    def _sign_head(self) -> None:
        text = self.manifest["checkpoint"].partition("\n\n")[0].removesuffix("\n") + "\n"
        signer = self.signer or self.keys.log
        signatures = [note.sign(text, self.keys.origin, signer)]
        signatures += [
            note.cosign(text, name, self.keys.witnesses[name], AT) for name in self.cosigners
        ]
        self.manifest["checkpoint"] = Note(text, tuple(signatures)).encode()

    def _seal(self) -> bytes:
        stored, listed = [], []
        for name, lines in [*self.members.items(), ("headers", [])]:
            content = "".join(f"{canonical(one)}\n" for one in lines).encode()
            if name == "headers":
                content = b"".join(self.headers)
            squeezed = zlib.compress(content)
            stored.append(squeezed)
            digest = sha256(squeezed).hexdigest()
            listed.append({"bytes": str(len(squeezed)), "name": name, "sha256": digest})
        return sealed(self.manifest | {"members": listed}, b"".join(stored), self.keys)


def sealed(manifest: Line, content: bytes, keys: Keys) -> bytes:
    """A sealed file of a manifest and stored members."""
    text = f"clearhouse.bundle.1\n{canonical(manifest)}\n"
    signed = Note(text, (note.sign(text, keys.origin, keys.log),))
    return signed.encode().encode() + content


def leaf(line: Line) -> bytes:
    return read_entry(line, proved="proof" in line).leaf


def root_of(lines: Sequence[Line]) -> str:
    return merkle.head_of(map(salted_leaf, lines)).hex()


def salted_leaf(line: Line) -> bytes:
    return merkle.leaf_hash(bytes.fromhex(line["salt"]) + line["line"].encode())


def _is_told(line: Line, who: str) -> bool:
    said = json.loads(line["line"])
    return bool(said["standing"] == "told" and said["participant"] == who)


def mined(header: bytes, *, works: bool = True) -> bytes:
    """A header with a nonce by which it has its work, or by which it has not."""
    nonces = (nonce.to_bytes(4, "little") for nonce in range(1 << 32))
    return next(h for nonce in nonces if has_work(h := header[:76] + nonce) is works)


def _anchor_of(body: Line) -> str:
    return Checkpoint(body["origin"], int(body["size"]), bytes.fromhex(body["root"])).anchor


def _hash_of(header: bytes) -> str:
    return double_hash(header)[::-1].hex()


def _hashes(found: Sequence[bytes]) -> list[Line]:
    return [{"hash": one.hex()} for one in found]


def _fold(txid: str, index: int, branch: Sequence[str]) -> bytes:
    """The root over a transaction in its place."""
    found = bytes.fromhex(txid)[::-1]
    for one in branch:
        sibling = bytes.fromhex(one)
        found = double_hash(sibling + found if index % 2 else found + sibling)
        index //= 2
    return found
