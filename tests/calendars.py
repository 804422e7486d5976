"""Calendars of OpenTimestamps for tests: a real little one, whose blocks are the stage's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bitcoin.core import CTransaction
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp, make_merkle_tree
from tests.stage import Stage

from clearhouse.chains.block import merkle_branch
from clearhouse.chains.chain import Block, Chain
from clearhouse.feeds.calendars import Calendar


def written(stamp: Any) -> bytes:
    """A timestamp as a calendar answers it."""
    context = BytesSerializationContext()
    stamp.serialize(context)
    found: bytes = context.getbytes()
    return found


def pending(message: bytes, url: str) -> bytes:
    stamp = Timestamp(message)
    stamp.attestations.add(PendingAttestation(url))
    return written(stamp)


def in_block(message: bytes, height: int) -> bytes:
    """What says that a message is a block's merkle root."""
    stamp = Timestamp(message)
    stamp.attestations.add(BitcoinBlockHeaderAttestation(height))
    return written(stamp)


def through(chain: Chain, txid: str, block: Block, message: Any) -> None:
    """Lead a timestamp through the transaction that carries its message, to the block's root."""
    raw = CTransaction.deserialize(chain.transaction(txid)).serialize({"include_witness": False})
    before, _, after = raw.partition(message.msg)
    at = message.ops.add(OpPrepend(before)).ops.add(OpAppend(after))
    at = at.ops.add(OpSHA256()).ops.add(OpSHA256())
    leaves = [bytes.fromhex(one)[::-1] for one in chain.txids(block.height)]
    index = leaves.index(at.msg)
    for sibling in merkle_branch(leaves, index):
        at = at.ops.add((OpPrepend if index % 2 else OpAppend)(sibling))
        at = at.ops.add(OpSHA256()).ops.add(OpSHA256())
        index //= 2
    at.attestations.add(BitcoinBlockHeaderAttestation(block.height))


@dataclass
class Running:
    """A calendar that runs."""

    url: str = ""
    named: str = ""  # where it says that it is, if that is elsewhere
    submitted: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    open: list[bytes] = field(default_factory=list)  # commitments that are in no block
    done: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.url)

    def submit(self, digest: bytes) -> bytes:
        self.submitted.append(digest)
        stamp = Timestamp(digest)
        own = sha256(self.url.encode() + digest).digest()[:8]
        end = stamp.ops.add(OpPrepend(b"its time")).ops.add(OpAppend(own))
        end.attestations.add(PendingAttestation(self.named or self.url))
        self.open.append(end.msg)
        return written(stamp)

    def finish(self, stage: Stage) -> Block:
        """Bring into a block what is open."""
        stamps = {message: Timestamp(message) for message in self.open}
        leaves = [one.ops.add(OpSHA256()) for one in stamps.values()]
        tip = make_merkle_tree([*leaves, Timestamp(bytes(32))])
        txid = stage.pay((b"\x6a\x20" + tip.msg, 0))
        (block,) = stage.mine()
        through(stage.chain, txid, block, tip)
        self.done |= {message: written(one) for message, one in stamps.items()}
        self.open.clear()
        return block


@contextmanager
def calendar(named: str = "") -> Iterator[Running]:
    """Run a calendar."""
    running = Running(named=named)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/digest"
            assert self.headers["Accept"] == "application/vnd.opentimestamps.v1"
            self.answer(200, running.submit(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            message = bytes.fromhex(self.path.removeprefix("/timestamp/"))
            running.asked.append(message)
            if message in running.done:
                self.answer(200, running.done[message])
            else:
                self.answer(404, b"Pending confirmation in Bitcoin blockchain")

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", f"{len(content)}")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
