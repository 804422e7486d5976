"""Published: a bundle read into what the checks look at; nothing of it is believed yet."""

from collections.abc import Iterable
from dataclasses import dataclass

from clearhouse.verifier import note
from clearhouse.verifier.bundle import Bundle
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.entry import Entry, read_entry
from clearhouse.verifier.headers import Header, parse_header
from clearhouse.verifier.note import Checkpoint, Note
from clearhouse.verifier.transaction import Transaction, parse_transaction
from clearhouse.verifier.trust import Trust
from clearhouse.verifier.wrong import Wrong

HEADER_BYTES = 80


@dataclass(frozen=True, slots=True)
class Salted:
    """A line that the house committed to, with its salt; in a participant's, its place and proof.

    `about` is the cycle that a label is of, or the end that an account is shown at.
    """

    line: str
    salt: bytes
    about: str = ""
    index: int = 0
    proof: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A transaction, and where in which block it is said to be."""

    transaction: Transaction
    height: int
    index: int
    branch: tuple[bytes, ...]


@dataclass(frozen=True)
class Published:
    """What a bundle shows, and what its reader trusts."""

    trust: Trust
    bundle: Bundle
    note: Note  # the head of the log as it is signed
    head: Checkpoint
    entries: tuple[Entry, ...]
    closings: tuple[Entry, ...]
    tapes: dict[str, list[str]]  # by rate
    labels: tuple[Salted, ...]
    transactions: dict[str, Placed]
    headers: tuple[Header, ...]
    # Of a day:
    frontier: tuple[bytes, ...]
    growth: tuple[bytes, ...]
    earlier: tuple[Entry, ...]
    opening: tuple[Salted, ...]
    standing: tuple[Salted, ...]
    # Of a participant:
    accounts: tuple[Salted, ...]

    @property
    def tip(self) -> int:
        """The height of the last header."""
        return self.bundle.headers_from + len(self.headers) - 1


def read_published(bundle: Bundle, trust: Trust) -> Published:
    """Read what a bundle shows.

    Raises:
        Wrong: `bundle.malformed`, or as `note`, `headers` and `transaction` say of what is in it.
    """
    signed = note.parse(bundle.checkpoint)
    is_day = bundle.scope == "day"
    return Published(
        trust=trust,
        bundle=bundle,
        note=signed,
        head=note.parse_checkpoint(signed.text),
        entries=tuple(read_entry(one, proved=not is_day) for one in bundle.lines("entries")),
        closings=tuple(read_entry(one, proved=True) for one in bundle.lines("closings")),
        tapes={one["rate"]: one["trades"] for one in bundle.lines("tapes")},
        labels=_salted(bundle.lines("labels"), "cycle"),
        transactions=_placed(bundle.lines("transactions")),
        headers=_headers(bundle.members["headers"]),
        frontier=_hashes(bundle.lines("frontier")) if is_day else (),
        growth=_hashes(bundle.lines("growth")) if is_day else (),
        earlier=tuple(
            read_entry(one, proved=True) for one in (bundle.lines("earlier") if is_day else ())
        ),
        opening=_salted(bundle.lines("opening"), "") if is_day else (),
        standing=_salted(bundle.lines("standing"), "") if is_day else (),
        accounts=() if is_day else _salted(bundle.lines("accounts"), "at"),
    )


def _headers(raw: bytes) -> tuple[Header, ...]:
    if len(raw) % HEADER_BYTES:
        raise Wrong("bundle.malformed", "headers: 80 bytes each are expected")
    places = range(0, len(raw), HEADER_BYTES)
    return tuple(parse_header(raw[at : at + HEADER_BYTES]) for at in places)


def _hashes(lines: Iterable[Record]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(one["hash"]) for one in lines)


def _salted(lines: Iterable[Record], about: str) -> tuple[Salted, ...]:
    return tuple(
        Salted(
            line=one["line"],
            salt=bytes.fromhex(one["salt"]),
            about=one[about] if about else "",
            index=whole(one.get("index", "0")),
            proof=tuple(map(bytes.fromhex, one.get("proof", []))),
        )
        for one in lines
    )


def _placed(lines: Iterable[Record]) -> dict[str, Placed]:
    found = {}
    for one in lines:
        transaction = parse_transaction(bytes.fromhex(one["raw"]))
        branch = tuple(map(bytes.fromhex, one["branch"]))
        place = whole(one["height"]), whole(one["index"])
        found[transaction.txid] = Placed(transaction, *place, branch)
    return found
