"""`Finality`: how many confirmations make a transaction final, and how far one has come.

How many: the probability that an attacker with a share q of the hash rate overtakes n blocks is
Rosenfeld's (Analysis of hashrate-based double-spending, 2014):

    P(q, n) = 1 - sum over m = 0..n of C(m+n-1, m) (p^n q^m - p^m q^n),   p = 1 - q

which is the incomplete beta function I at 4pq of (n, 1/2). Its recurrence, with the root of
1 - 4pq being p - q, makes each step one exact integer term, so nothing overflows or cancels:

    P(q, 0) = 1,   P(q, n+1) = P(q, n) - (p - q) C(2n, n) (pq)^n

Nakamoto's own approximation understates the risk and is not used. A rulebook says q and the risk;
it can only be stricter than SHARE_FLOOR and RISK_CAP, and of several rulebooks the strictest wins.

How far: what the chain shows is the state, so a watcher that missed steps catches up.

    UNSEEN ◀──▶ MEMPOOL ◀──▶ IN_BLOCK ──▶ FINAL
       ▲                        ▲
       └────────────────────────┘     and from UNSEEN or MEMPOOL to FINAL, when nobody looked

A reorganisation before finality goes back. After it, it is an alarm: final stays recorded, people
decide, and nothing is reversed silently (PFMI Principle 8).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import count, islice

from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.rulebook import STANDARDS, Rulebook

ATTACKER, RISK = "finality.attacker", "finality.risk"  # standards
# Of the hash rate, and of a reversal: no rulebook may assume a weaker attacker or accept more.
SHARE_FLOOR = Fraction(STANDARDS[ATTACKER].core, 1000)
RISK_CAP = Fraction(STANDARDS[RISK].core, 10**6)
# Two weeks of blocks. A rule that needs more than this has no chain it could work on.
DEPTH_MAX = 2016


class ShareImpossible(Refusal):
    """Against an attacker with half of the hash rate, or more, nothing is ever final."""

    code = "finality.share-impossible"
    kind = Kind.MALFORMED


class RiskImpossible(Refusal):
    """A risk of reversal is not above zero and below one."""

    code = "finality.risk-impossible"
    kind = Kind.MALFORMED


class DepthImpossible(Refusal):
    """Finality would take more than two weeks of blocks."""

    code = "finality.depth-impossible"
    kind = Kind.MALFORMED


class FinalityBroken(Alarm):
    """A payment that was final is no longer where it was final."""

    code = "finality.broken"


def reversal_odds(share: Fraction, confirmations: int) -> Fraction:
    """Compute exactly how likely an attacker overtakes that many blocks: Rosenfeld's P(q, n).

    Args:
        share: The attacker's of the hash rate, 0 or more and below one half.
        confirmations: 0 or more; at 0 the answer is 1.

    Raises:
        ShareImpossible: The share is outside its bounds.
    """
    assert confirmations >= 0
    _check_share(share)
    return Fraction(*next(islice(_odds(share), confirmations, None)))


@lru_cache(maxsize=256)
def confirmations(share: Fraction, risk: Fraction) -> int:
    """Count the confirmations after which a reversal is less likely than `risk`.

    Args:
        share: The attacker's of the hash rate, 0 or more and below one half.
        risk: Above 0, below 1; the odds must be below it, not equal.

    Returns:
        At least 1, at most DEPTH_MAX.

    Raises:
        ShareImpossible, RiskImpossible, DepthImpossible: In this precedence.
    """
    _check_share(share)
    if not 0 < risk < 1:
        raise RiskImpossible(f"a risk of {risk}")
    for depth, (over, under) in enumerate(islice(_odds(share), DEPTH_MAX + 1)):
        if over * risk.denominator < under * risk.numerator:
            return depth
    raise DepthImpossible(f"a share of {share} and a risk of {risk} take more than {DEPTH_MAX}")


def _odds(share: Fraction) -> Iterator[tuple[int, int]]:
    """Yield P(q, 0), P(q, 1), ... without end, as numerator and denominator.

    With q = a/b the denominator of P(q, n) is b^2n; nothing is reduced, which is what costs time.
    """
    a, b = share.numerator, share.denominator
    over, under, central, power = 1, 1, 1, 1
    for n in count():
        yield over, under
        over = over * b * b - (b - 2 * a) * b * central * power
        under *= b * b
        central = central * 2 * (2 * n + 1) // (n + 1)
        power *= a * (b - a)


def _check_share(share: Fraction) -> None:
    if not 0 <= share < Fraction(1, 2):
        raise ShareImpossible(f"a share of {share}: 0 or more, and below one half")


@dataclass(frozen=True, slots=True)
class FinalityPolicy:
    """Against whom, and how surely, a payment must be final. Made by `policy`."""

    share: Fraction  # of the hash rate
    risk: Fraction  # of a reversal

    def __post_init__(self) -> None:
        assert self.share >= SHARE_FLOOR
        assert self.risk <= RISK_CAP

    @property
    def depth_final(self) -> int:
        """The confirmations needed, our own block included."""
        return confirmations(self.share, self.risk)


def policy(on: date, law: Rulebook) -> FinalityPolicy:
    """What the laws of all jurisdictions ask for on a day: the strictest, never below the floor.

    Raises:
        ShareImpossible, RiskImpossible, DepthImpossible: No depth satisfies them.
    """
    share = Fraction(law.standard(ATTACKER, on), 1000)
    risk = Fraction(law.standard(RISK, on), 10**6)
    confirmations(share, risk)
    return FinalityPolicy(share, risk)


def rules(on: date, law: Rulebook) -> tuple[str, ...]:
    """The rules that say on a day when a payment is final."""
    said = [*law.on_standard(ATTACKER, on), *law.on_standard(RISK, on)]
    return tuple(sorted(one.head.id for one in said))


class State(StrEnum):
    """How far a transaction has come on its chain."""

    UNSEEN = "unseen"  # neither waiting nor in a block
    MEMPOOL = "mempool"  # waiting for a block
    IN_BLOCK = "in-block"  # in a block, not deep enough
    FINAL = "final"  # deep enough by rule


NEXT = {
    State.UNSEEN: {State.MEMPOOL, State.IN_BLOCK, State.FINAL},
    State.MEMPOOL: {State.UNSEEN, State.IN_BLOCK, State.FINAL},
    State.IN_BLOCK: {State.UNSEEN, State.MEMPOOL, State.FINAL},
    State.FINAL: set[State](),
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a node shows of a transaction at one moment."""

    depth: int  # blocks from ours to the tip, ours included; 0 when it is in no block
    block: str  # the hash of our block; empty at depth 0
    in_mempool: bool
    conflicted: bool  # another transaction spends one of its inputs, waiting or mined

    def __post_init__(self) -> None:
        assert self.depth >= 0
        assert bool(self.block) == (self.depth > 0)


@dataclass(frozen=True, slots=True)
class Tracked:
    """A transaction on its way to finality."""

    txid: str
    depth_final: int  # as the policy had it when the transaction was sent
    state: State = State.UNSEEN
    depth: int = 0
    block: str = ""  # where it was last seen; once final, where it is final
    contested: bool = False  # unmined, and in conflict with another: hold what depends on it

    def __post_init__(self) -> None:
        assert 1 <= self.depth_final <= DEPTH_MAX


def observe(tracked: Tracked, seen: Sighting) -> Tracked:
    """Account for a sighting of our transaction; the same sighting again changes nothing.

    A block outweighs the mempool, and a conflict matters only while ours is in no block: the chain
    has decided between the two.

    Raises:
        FinalityBroken: A final transaction is less deep than finality, or in another block.
            What is recorded remains as it is.
    """
    if tracked.state is State.FINAL and (
        seen.depth < tracked.depth_final or seen.block != tracked.block
    ):
        raise FinalityBroken(
            f"{tracked.txid} was final in {tracked.block}, and is at depth {seen.depth}"
            f" of {tracked.depth_final} in {seen.block or 'no block'}",
            txid=tracked.txid,
            block=tracked.block,
        )
    if seen.depth >= tracked.depth_final:
        state = State.FINAL
    elif seen.depth > 0:
        state = State.IN_BLOCK
    elif seen.in_mempool:
        state = State.MEMPOOL
    else:
        state = State.UNSEEN
    assert state is tracked.state or state in NEXT[tracked.state]
    return replace(
        tracked,
        state=state,
        depth=seen.depth,
        block=seen.block,
        contested=seen.conflicted and seen.depth == 0,
    )
