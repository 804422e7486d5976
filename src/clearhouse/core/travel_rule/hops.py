"""`Hop`: that a provider held a record, unmodified, linked to the provider before.

    hop 0    the originator's provider and the record that it made
    hop n    the next provider, the same record, when it came, and the digest of hop n-1

A record is known by SHA-256 of its canonical JSON: of all that came, also what the standard has no
field for (`ivms_reading.Reading.content`). Order of keys and spaces do not count, everything else
does. A chain shows by itself that nothing in it was changed, left out between or put in another
order; that nothing was cut off its end shows whoever knows the digest of its last hop.

Source: FATF R.16 as revised in June 2025: whoever is in the chain passes on what it received, and
it stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from clearhouse.core.canonical import Form, canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant.lei import parse_lei
from clearhouse.core.travel_rule.ivms_json import parse_json

FIRST = ""  # what hop 0 has for the hop before it


class RecordModified(Refusal):
    """A provider holds another record than was sent."""

    code = "travel-rule.record-modified"
    kind = Kind.CONFLICT


class HopMissing(Refusal):
    """A chain of providers has no first hop, or lacks one between, or its end."""

    code = "travel-rule.hop-missing"
    kind = Kind.CONFLICT


class HopUnlinked(Refusal):
    """A provider's hop does not follow from the one before it."""

    code = "travel-rule.hop-unlinked"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Hop:
    """What a provider held."""

    place: int  # from 0
    record: str  # SHA-256, 64 digits
    provider: ParticipantId
    received_at: datetime
    before: str  # the digest of the hop before; "" for the first one


HOPS = Form(Hop)


def record_digest(content: str) -> str:
    """The digest of a record, from its JSON in whatever spacing and order of keys.

    Raises:
        Refusal: It is not JSON that is read (`parse_json`).
    """
    came = content.encode(errors="surrogatepass")  # half of a surrogate is the parser's to refuse
    return sha256(canonical(parse_json(came)).encode()).hexdigest()


def hop_digest(hop: Hop) -> str:
    """By which the next hop names this one."""
    return sha256(HOPS.encode(hop).encode()).hexdigest()


def pass_on(hops: Sequence[Hop], content: str, provider: str, received_at: datetime) -> Hop:
    """The hop of the next provider, or the first one's where there is none before.

    Args:
        hops: All before it, in order; they are verified by what came.
        content: The record as it came; the first provider's is as it made it.
        provider: The LEI of whoever holds it now.
        received_at: When it came, or was made.

    Raises:
        Refusal: The provider is no LEI, or the first of what `broken` finds.
    """
    wrong = broken(hops, content) if hops else []
    if wrong:
        raise wrong[0]
    before = hop_digest(hops[-1]) if hops else FIRST
    return Hop(len(hops), record_digest(content), parse_lei(provider), received_at, before)


def broken(hops: Sequence[Hop], content: str, last: str | None = None) -> list[Refusal]:
    """All that is wrong with a chain; nothing if it is whole.

    Args:
        hops: In order.
        content: The record as the last provider holds it.
        last: The digest of the last hop, where it is known from elsewhere.
    """
    found: list[Refusal] = []
    digest = record_digest(content)
    places = [hop.place for hop in hops]
    if not hops or sorted(places) != list(range(len(hops))):
        found.append(HopMissing(f"{len(hops)} hops, of places {places[:20]}"))
    before = FIRST
    for place, hop in enumerate(hops):
        if hop.record != digest:
            detail = f"hop {hop.place}: {hop.provider} held {hop.record[:16]}, not {digest[:16]}"
            found.append(RecordModified(detail, provider=hop.provider))
        if hop.place != place or hop.before != before:
            detail = f"hop {hop.place}, of {hop.provider}, does not follow hop {place - 1}"
            found.append(HopUnlinked(detail, provider=hop.provider))
        before = hop_digest(hop)
    if last is not None and hops and before != last:
        found.append(HopMissing("the last hop is another one than is known"))
    return found
