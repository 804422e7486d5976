"""Stamping: calendars of OpenTimestamps bring a head of the log into Bitcoin.

A batch carries a head too, but only when a cycle settles, and only for who has the batch. A stamp
is for everybody: a head, and a proof that it was there when a block of Bitcoin was made, which
`ots verify` checks without this house. What is attested is the digest that a batch would carry.

A calendar attests at once that it will see to it, and hours later the proof leads on to a block:

    stamp ──▶ pending at calendars ── upgrade ──▶ in a block ── the chain is asked ──▶ verified

A calendar is believed nothing. What it adds is kept if it can be read and no block of the chain
that the house knows says otherwise; and whenever stamps are listed, the chain is asked again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from clearhouse.chains.block import block_hash
from clearhouse.chains.chain import Block, UnknownBlock
from clearhouse.core.errors import Coded, Kind, Refusal
from clearhouse.core.note import Note, parse_checkpoint
from clearhouse.feeds import calendars as feed
from clearhouse.feeds import timestamps
from clearhouse.feeds.calendars import (
    Calendar,
    CalendarAnswerMalformed,
    CalendarRefused,
    CalendarUnreachable,
)
from clearhouse.feeds.timestamps import Attestation, By, TimestampMalformed
from clearhouse.operations.house import House
from clearhouse.operations.log import LogDiffers, checkpoint, kept, need_own
from clearhouse.store.stamps import StampDamaged

ASKED_MAX = 20  # calls to calendars in one upgrade: all of them within a worker's lease
MERKLE_ROOT, TIME = slice(36, 68), slice(68, 72)  # where a block's header has them


class NoCalendars(Refusal):
    """There are no calendars to attest this house's log."""

    code = "log.no-calendars"
    kind = Kind.UNAVAILABLE


class NotStamped(Refusal):
    """No calendar attested the head."""

    code = "log.not-stamped"
    kind = Kind.UNAVAILABLE


class AttestationMismatched(Refusal):
    """A proof leads to a block that the chain does not have."""

    code = "log.attestation-mismatched"
    kind = Kind.CONFLICT


class Standing(StrEnum):
    """What an attestation is worth."""

    PENDING = "pending"  # a calendar will see to it
    VERIFIED = "verified"  # the chain has the block
    AHEAD = "ahead"  # the chain is not that high, as far as the house knows
    MISMATCHED = "mismatched"  # the chain has another block there
    UNCHECKED = "unchecked"  # the house has no chain to ask
    OTHER = "other"  # it is not in Bitcoin


@dataclass(frozen=True, slots=True)
class Attested:
    """An attestation, and what the chain says to it."""

    by: Attestation
    standing: Standing
    block: Block | None = None  # that the chain has at that height


@dataclass(frozen=True, slots=True)
class Stamp:
    """A head that is stamped.

    Attributes:
        size: How many entries the head has.
        path: Where the proof is.
        attested: By whom; nothing if that cannot be read.
        trouble: Why people must look.
    """

    size: int
    path: Path
    attested: tuple[Attested, ...]
    trouble: Coded | None

    @property
    def verified(self) -> bool:
        """Whether a block attests it."""
        return any(one.standing is Standing.VERIFIED for one in self.attested)


@dataclass(frozen=True, slots=True)
class Stamped:
    """A head that is stamped now."""

    stamp: Stamp
    others: Mapping[str, str]  # what each calendar said that was asked and did not attest


def stamp(house: House, calendars: Sequence[Calendar] = ()) -> Stamped:
    """Have calendars attest the kept head; if none is kept, the head as it is now.

    One calendar that does is enough. Nobody is asked if the head is stamped already.

    Args:
        house: Whose log.
        calendars: Whom to ask; the house's own if none are named.

    Raises:
        NoCalendars, NotFounded: There is nobody to ask, or no name for the log.
        TimestampsNotInstalled: The library is not there.
        NotStamped: No calendar attests it; what each said.
        CheckpointDamaged, LogDiffers, StampDamaged, AttestationMismatched: The kept head or the
            stamp that is there already is not as it must be.
    """
    calendars = _need(house, calendars)
    timestamps.need_installed()
    note = kept(house) or checkpoint(house)
    head, stamps = parse_checkpoint(note.text), house.log.stamps
    with stamps.locked():
        others: Mapping[str, str] = {}
        if not stamps.path(head.size).exists():
            proof, others = _attest(house, note, calendars)
            stamps.add(note, proof)
        found = _stamp(house, head.size)
    if found.trouble:
        raise found.trouble
    return Stamped(found, others)


def _need(house: House, calendars: Sequence[Calendar]) -> Sequence[Calendar]:
    calendars = calendars or house.log.calendars
    if not calendars:
        raise NoCalendars("set CLEARHOUSE_CALENDARS to their URLs, or name them: --calendar URL")
    return calendars


def _attest(
    house: House, note: Note, calendars: Sequence[Calendar]
) -> tuple[bytes, Mapping[str, str]]:
    """Ask all; answers the proof, and what those said that do not count."""
    digest = bytes.fromhex(parse_checkpoint(note.text).anchor)
    nonce = house.dice(timestamps.NONCE_BITS).to_bytes(timestamps.NONCE_BITS // 8)
    answers, others = list[bytes](), dict[str, str]()
    for one in calendars:
        try:
            answer = feed.submit(one, timestamps.commitment(digest, nonce))
            _check(house, one, timestamps.make(digest, nonce, [answer]), digest)
            answers.append(answer)
        except (CalendarUnreachable, CalendarRefused, AttestationMismatched) as trouble:
            others[one.url] = str(trouble)
        except TimestampMalformed as wrong:
            others[one.url] = str(CalendarAnswerMalformed(f"{one.url}: {wrong.detail}"))
    if not answers:
        raise NotStamped("; ".join(others.values()))
    return timestamps.make(digest, nonce, answers), others


def _check(house: House, calendar: Calendar, proof: bytes, digest: bytes) -> None:
    """Check that a proof leads somewhere, and to no block that the chain does not have."""
    found = [_attested(house, one) for one in timestamps.read(proof, digest)]
    if all(one.standing is Standing.OTHER for one in found):
        raise CalendarAnswerMalformed(f"{calendar.url}: it leads neither to a calendar nor a block")
    if trouble := _mismatch(house, calendar.url, found):
        raise trouble


def upgrade(house: House, calendars: Sequence[Calendar] = ()) -> Mapping[str, str]:
    """Ask calendars how the proofs go on that are pending there, the newest first.

    A stamp that a block attests is left as it is. Nobody but the calendars named is asked: where a
    proof is pending is what somebody else wrote. One that fails is not asked again this time.

    Args:
        house: Whose log.
        calendars: Whom to ask; the house's own if none are named.

    Returns:
        What each calendar said that was asked and failed.

    Raises:
        NoCalendars: There is nobody to ask.
        TimestampsNotInstalled: The library is not there.
    """
    known = {one.url: one for one in _need(house, calendars)}
    others, asked = dict[str, str](), 0
    with house.log.stamps.locked():
        for stamp in reversed(stamps(house)):
            waiting = [] if stamp.verified else [one.by for one in stamp.attested]
            for by in waiting:
                calendar = known.get(by.calendar)
                if calendar is None or by.led_on or calendar.url in others or asked == ASKED_MAX:
                    continue
                asked += 1
                try:
                    answer = feed.finished(calendar, by.message)
                    if answer is not None:
                        _lead_on(house, calendar, stamp.size, by.message, answer)
                except (CalendarUnreachable, CalendarRefused, AttestationMismatched) as trouble:
                    others[calendar.url] = str(trouble)
    return others


def _lead_on(house: House, calendar: Calendar, size: int, message: bytes, answer: bytes) -> None:
    """Keep a proof with what a calendar adds to it."""
    proof, digest = _proof(house, size)
    try:
        more = timestamps.merged(proof, digest, message, answer)
    except TimestampMalformed as wrong:
        raise CalendarAnswerMalformed(f"{calendar.url}: {wrong.detail}") from wrong
    known = timestamps.read(proof, digest)
    new = [one for one in timestamps.read(more, digest) if one not in known]
    if trouble := _mismatch(house, calendar.url, [_attested(house, one) for one in new]):
        raise trouble
    if new:
        house.log.stamps.replace(size, more)


def stamps(house: House) -> list[Stamp]:
    """Every head that is stamped, and what attests it as of now; the smallest first.

    Raises:
        TimestampsNotInstalled: There are stamps, and the library is not there.
    """
    return [_stamp(house, size) for size in house.log.stamps.sizes()]


def _stamp(house: House, size: int) -> Stamp:
    path, attested = house.log.stamps.path(size), tuple[Attested, ...]()
    trouble: Coded | None = None
    try:
        proof, digest = _proof(house, size)
        attested = tuple(_attested(house, one) for one in timestamps.read(proof, digest))
        trouble = _mismatch(house, f"{path}", attested)
        need_own(house, house.log.stamps.head(size))
    except TimestampMalformed as wrong:
        trouble = StampDamaged(f"{path}: {wrong.detail}")
    except (StampDamaged, LogDiffers) as wrong:
        trouble = wrong
    return Stamp(size, path, attested, trouble)


def _proof(house: House, size: int) -> tuple[bytes, bytes]:
    """The proof of a stamp, and the digest that it is of."""
    stamps = house.log.stamps
    digest = bytes.fromhex(stamps.head(size).anchor)
    return stamps.proof(size, timestamps.PROOF_BYTES_MAX), digest


def _attested(house: House, by: Attestation) -> Attested:
    """Ask the chain about an attestation."""
    if by.height is None:
        return Attested(by, Standing.PENDING if by.by is By.CALENDAR else Standing.OTHER)
    if house.settles is None:
        return Attested(by, Standing.UNCHECKED)
    try:
        (header,) = house.settles.chain.headers(by.height, 1)
    except UnknownBlock:
        return Attested(by, Standing.AHEAD)
    at = datetime.fromtimestamp(int.from_bytes(header[TIME], "little"), UTC)
    is_root = header[MERKLE_ROOT] == by.message
    standing = Standing.VERIFIED if is_root else Standing.MISMATCHED
    return Attested(by, standing, Block(block_hash(header), by.height, at))


def _mismatch(house: House, whose: str, found: Sequence[Attested]) -> AttestationMismatched | None:
    """What is to be said of attestations by blocks that the chain does not have."""
    for one in found:
        if one.standing is Standing.MISMATCHED and one.block:
            return AttestationMismatched(
                f"{whose}: block {one.block.height} of the house's chain ({house.network}) is "
                f"{one.block.hash}, whose merkle root the proof does not lead to"
            )
    return None
