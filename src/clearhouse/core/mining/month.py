"""A month of mining as it was stated, held against all that bears on it.

    machines, hours   ─▶ hashes in each epoch ─▶ coin that is likely          (`plausibility`)
    meters            ─▶ energy               ─▶ coin that it can have made
    operators' returns                        ─▶ the same figures, or not

What is not recorded is not guessed: without the network's difficulty for the whole month, without
meters or without an operator's return, that part is not judged, and says why. A month is one of
UTC, as the network's epochs are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.mining.meters import days_of_month, month_after
from clearhouse.core.mining.plausibility import (
    Ground,
    Outlier,
    Span,
    compare,
    expected_blocks,
    judge_coin,
    judge_energy,
)
from clearhouse.core.mining.returns import DIFFICULTY_DECIMALS, Epoch, MinerReturn

GIGA = 10**9  # hash rates are recorded in GH/s
DAY_S = 86_400
# Luck moves the coin of 400 blocks by a twentieth (1/sqrt(400)): below the gap between what usual
# machines take and the bounds on energy. Of fewer blocks energy says little.
BLOCKS_FOR_ENERGY = 400


class DifficultyUnknown(Refusal):
    """How hard it was to find a block is not recorded for a whole month."""

    code = "mining.difficulty-unknown"
    kind = Kind.UNKNOWN


class BlocksTooFew(Refusal):
    """So few blocks are expected of a month that energy does not tell what was mined."""

    code = "mining.blocks-too-few"
    kind = Kind.UNKNOWN


class NotComparable(Refusal):
    """A miner's month cannot be compared with what operators state."""

    code = "mining.not-comparable"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Hashes:
    """What the machines of a month can have done: a mean rate, and for how long at what odds."""

    rate: int  # hashes a second, the mean over the month
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What is stated of a miner's month, by one side."""

    coin: int  # satoshi
    energy: int  # hundredths of a kWh


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is to be looked at, and what could not be judged."""

    outliers: tuple[Outlier, ...]  # one for each ground
    unjudged: tuple[Refusal, ...]  # why not


def month_hashes(
    first: date, rates: Mapping[date, Fraction | int], epochs: Iterable[Epoch]
) -> Hashes:
    """Bring machines and epochs of a month together.

    Args:
        first: Its first day.
        rates: By day, the GH/s of all machines together, less for those that ran for a part of it.
        epochs: Of the network; in any order, none overlapping another.

    Returns:
        The mean rate, rounded down, and a span for each epoch, whose seconds are what that rate
        takes to do the hashes of the epoch, to the nearest second. Where nothing ran, they are the
        epoch's own.

    Raises:
        DifficultyUnknown: The epochs do not cover the month.
    """
    hours = sorted(_parts(first, epochs), key=lambda one: one[0])
    _need_whole(first, [(start, end) for start, end, _ in hours])
    months_s = len(days_of_month(first)) * DAY_S
    rate = int(GIGA * DAY_S * sum(rates.values(), Fraction(0)) / months_s)
    spans = []
    for start, end, epoch in hours:
        done = GIGA * _work(start, end, rates)
        seconds = round(done / rate) if rate else int((end - start).total_seconds())
        difficulty = Fraction(epoch.difficulty, 10**DIFFICULTY_DECIMALS)
        spans.append(Span(seconds, difficulty, epoch.reward))
    return Hashes(rate, tuple(spans))


Part = tuple[datetime, datetime, Epoch]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _parts(first: date, epochs: Iterable[Epoch]) -> Iterable[Part]:
    """What of each epoch lies in the month."""
    begins, ends = _midnight(first), _midnight(month_after(first))
    for one in epochs:
        start, end = max(begins, one.begins_at), min(ends, one.ends_at)
        if start < end:
            yield start, end, one


def _need_whole(first: date, covered: Sequence[tuple[datetime, datetime]]) -> None:
    """Check that nothing of the month is left out."""
    at = _midnight(first)
    for start, end in (*covered, (_midnight(month_after(first)),) * 2):
        if start > at:
            detail = (
                f"no difficulty recorded from {at:%Y-%m-%dT%H:%M:%SZ} to {start:%Y-%m-%dT%H:%M:%SZ}"
            )
            raise DifficultyUnknown(detail)
        at = end


def _work(start: datetime, end: datetime, rates: Mapping[date, Fraction | int]) -> Fraction:
    """The gigahashes between two instants."""
    done, day = Fraction(0), start.date()
    while (midnight := _midnight(day)) < end:
        following = midnight + timedelta(1)
        seconds = int((min(end, following) - max(start, midnight)).total_seconds())
        done += seconds * Fraction(rates.get(day, 0))
        day += timedelta(1)
    return done


def judge_month(
    said: MinerReturn,
    hashes: Hashes | Refusal,
    metered: int | Refusal,
    operators: Figures | Refusal,
) -> Assessment:
    """Hold a miner's return against what its machines, meters and operators say.

    Args:
        said: What the miner states.
        hashes: What its machines can have done; or why that is not known.
        metered: Hundredths of a kWh; or why they are not known.
        operators: What all operators of its machines state together; or why that is no comparison.

    Returns:
        Grounds for reviews, never for a denial. Two of one ground are one, with both details.
    """
    found: list[Outlier] = []
    unjudged: list[Refusal] = []
    if isinstance(hashes, Refusal):
        unjudged.append(hashes)
    else:
        try:
            found += judge_coin(said.coin, hashes.rate, hashes.spans, pooled=said.pooled)
            found += _judge_energy(said, hashes, metered)
        except Refusal as trouble:
            unjudged.append(trouble)
    if isinstance(operators, Refusal):
        unjudged.append(operators)
    else:
        found += compare(said.coin, operators.coin, said.energy, operators.energy)
    details: defaultdict[Ground, list[str]] = defaultdict(list)
    for one in found:
        details[one.code].append(one.detail)
    return Assessment(
        tuple(Outlier(code, "; ".join(each)) for code, each in details.items()), tuple(unjudged)
    )


def _judge_energy(said: MinerReturn, hashes: Hashes, metered: int | Refusal) -> list[Outlier]:
    """Hold coin against energy, where luck evens out.

    Raises:
        MonthUnmeasured, BlocksTooFew: It cannot be told.
    """
    if isinstance(metered, Refusal):
        raise metered
    blocks = expected_blocks(hashes.rate, hashes.spans)
    if not said.pooled and blocks < BLOCKS_FOR_ENERGY:
        detail = f"outside a pool, {round(blocks)} blocks are expected; energy tells of 400 or more"
        raise BlocksTooFew(detail)
    return judge_energy(metered, said.coin, hashes.spans)
