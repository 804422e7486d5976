"""Headers of Bitcoin's blocks, and whether they form a chain that somebody worked for.

A chain begins at a header that the reader trusts, by its hash. From there each header names the one
before it, asks for the difficulty that its network's rules ask for, shows that work, and has a time
after the median of the last eleven. What is not checked: whether a longer chain exists, whether a
time lies in the future (there is no clock here), and what is in the blocks.

On signet a block also needs a signature of the network's keepers, which lies in its first
transaction and not in its header. It is not checked: there, headers show little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clearhouse.verifier.wrong import Wrong

HEADER_BYTES = 80
MANTISSA_BYTES = 3  # of a target's compact form
PERIOD = 2016  # blocks of one difficulty
SPACING = 10 * 60  # seconds that a block should take
PERIOD_SECONDS = PERIOD * SPACING
MEDIAN_SPAN = 11  # headers whose median time the next one has to pass
TIMEWARP_MAX = 10 * 60  # seconds that a period may begin before the former ended (BIP 94)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a network asks of its headers.

    Attributes:
        limit: The target of the least work allowed.
        retargets: Whether the difficulty follows the time that each period took.
        eases: Whether a block that comes twenty minutes late has the least work.
        refuses_timewarp: Whether a period begins no earlier than ten minutes before the former's
            end (BIP 94).
    """

    limit: int
    retargets: bool = True
    eases: bool = False
    refuses_timewarp: bool = False


RULES = {
    "main": Rules(2**224 - 1),
    "testnet4": Rules(2**224 - 1, eases=True, refuses_timewarp=True),
    "signet": Rules(0x0377AE << 8 * (0x1E - 3)),
    "regtest": Rules(2**255 - 1, retargets=False),
}


@dataclass(frozen=True, slots=True)
class Header:
    """A block's header.

    Attributes:
        version: Its version; the low bits signal.
        previous: The hash of the block before it, as it is displayed.
        merkle_root: Over its transactions, in the order of bytes that is hashed.
        time: Seconds since 1970, as its miner says.
        bits: The target, in its compact form.
        nonce: What the miner looked for.
        hash: Its own hash, as it is displayed.
    """

    version: int
    previous: str
    merkle_root: bytes
    time: int
    bits: int
    nonce: int
    hash: str


def parse_header(raw: bytes) -> Header:
    """Read a header.

    Raises:
        Wrong: `headers.malformed`, it does not have 80 bytes.
    """
    if len(raw) != HEADER_BYTES:
        raise Wrong("headers.malformed", f"a header has {HEADER_BYTES} bytes, not {len(raw)}")
    return Header(
        version=int.from_bytes(raw[:4], "little", signed=True),
        previous=raw[4:36][::-1].hex(),
        merkle_root=raw[36:68],
        time=int.from_bytes(raw[68:72], "little"),
        bits=int.from_bytes(raw[72:76], "little"),
        nonce=int.from_bytes(raw[76:], "little"),
        hash=sha256(sha256(raw).digest()).digest()[::-1].hex(),
    )


def target(bits: int) -> int:
    """The number that a block's hash may not pass: a mantissa of 23 bits, shifted by bytes.

    Raises:
        Wrong: `headers.difficulty-wrong`, it is zero, negative or more than 256 bits.
    """
    length, mantissa = bits >> 24, bits & 0x7FFFFF
    found = mantissa << 8 * length >> 8 * MANTISSA_BYTES
    if found == 0 or bits & 0x800000 or found >= 2**256:
        raise Wrong("headers.difficulty-wrong", f"bits {bits:08x} are no target")
    return found


def compact(number: int) -> int:
    """Write a target as bits; what does not fit into the mantissa is cut off."""
    length = (number.bit_length() + 7) // 8
    mantissa = number << 8 * MANTISSA_BYTES >> 8 * length
    if mantissa & 0x800000:  # the sign's bit
        mantissa, length = mantissa >> 8, length + 1
    return length << 24 | mantissa


def retargeted(bits: int, seconds: int, limit: int) -> int:
    """The bits of the period after one with these bits, which took so long.

    Args:
        bits: Of the former period.
        seconds: From its first block's time to its last one's. That is one block less than a period
            has: Bitcoin's first release counts so, and so it has remained.
        limit: The target of the least work.
    """
    held = min(max(seconds, PERIOD_SECONDS // 4), PERIOD_SECONDS * 4)
    return compact(min(target(bits) * held // PERIOD_SECONDS, limit))


def check_headers(
    network: str, first_height: int, raws: Sequence[bytes], trusted_hash: str
) -> list[Header]:
    """Check a chain of headers that begins at a trusted one.

    Args:
        network: Whose rules count: one of `RULES`.
        first_height: The height of the first header.
        raws: The headers.
        trusted_hash: The first one's hash, as it is displayed.

    Raises:
        Wrong: `headers.network-unknown`; `headers.checkpoint-unfit`, the first height is not the
            begin of a period where there are periods; `headers.malformed`; `headers.not-trusted`,
            the first header is another; `headers.broken`, one does not follow the one before it;
            `headers.difficulty-wrong`, `headers.work-missing` or `headers.time-wrong`.
    """
    rules = RULES.get(network)
    if rules is None:
        raise Wrong("headers.network-unknown", f"{network!r:.40} is none of {', '.join(RULES)}")
    if first_height < 0 or (rules.retargets and first_height % PERIOD):
        raise Wrong(
            "headers.checkpoint-unfit",
            f"give a trusted header at a multiple of {PERIOD}, where a period of one difficulty "
            f"begins, not at {first_height}: {max(first_height, 0) // PERIOD * PERIOD}",
        )
    chain = [parse_header(raw) for raw in raws]
    if not chain or chain[0].hash != trusted_hash.lower():
        raise Wrong("headers.not-trusted", f"header {first_height} is not {trusted_hash:.64}")
    for place in range(len(chain)):
        _check_header(rules, first_height, chain, place)
    return chain


def _check_header(rules: Rules, first_height: int, chain: Sequence[Header], place: int) -> None:
    header, height = chain[place], first_height + place
    if place:
        if header.previous != chain[place - 1].hash:
            raise Wrong("headers.broken", f"header {height} does not follow {height - 1}")
        asked = _bits_asked(rules, height, chain, place)
        if header.bits != asked:
            detail = f"header {height} has bits {header.bits:08x}, {asked:08x} are asked for"
            raise Wrong("headers.difficulty-wrong", detail)
        _check_time(rules, height, chain, place)
    bound = target(header.bits)
    if bound > rules.limit or int(header.hash, 16) > bound:
        raise Wrong("headers.work-missing", f"header {height} does not show its work")


def _bits_asked(rules: Rules, height: int, chain: Sequence[Header], place: int) -> int:
    """The bits that a header must have, as its period's first header and the one before it say.

    A period's first header says the period's difficulty. Elsewhere the last one says it as well;
    on testnet4 that one may be eased, so that BIP 94 asks the first.
    """
    if not rules.retargets:
        return compact(rules.limit)
    header, before = chain[place], chain[place - 1]
    if height % PERIOD == 0:
        begin = chain[place - PERIOD]
        return retargeted(begin.bits, before.time - begin.time, rules.limit)
    if rules.eases and header.time > before.time + 2 * SPACING:
        return compact(rules.limit)
    return chain[place - height % PERIOD].bits


def _check_time(rules: Rules, height: int, chain: Sequence[Header], place: int) -> None:
    time = chain[place].time
    former = sorted(one.time for one in chain[max(0, place - MEDIAN_SPAN) : place])
    # Of fewer headers the median is asked only where there are no more: from the first block on.
    known = len(former) == MEDIAN_SPAN or len(former) == height
    if known and time <= former[len(former) // 2]:
        raise Wrong("headers.time-wrong", f"header {height} is no later than those before it")
    begins = rules.refuses_timewarp and height % PERIOD == 0
    if begins and time < chain[place - 1].time - TIMEWARP_MAX:
        raise Wrong("headers.time-wrong", f"header {height} begins its period too early")
