"""`Outlier`: a month of mining that its hash rate, its energy or the other side does not bear out.

A machine of H hashes a second finds H / (D x 2^32) blocks a second at a difficulty of D, and its
coin is that times a block's reward. (A block takes 2^256 / (target + 1) hashes on average, which is
D x 2^32 to 0.002 %; the shorter form is what miners and pools reckon with.) What comes out in fact
is luck, whose bounds are in `poisson`; a pool evens luck out, so its miners are held to a band
around the expectation instead.

An outlier is a ground for a review and nothing else. It denies nothing, holds nothing, and is no
finding that anything was done wrong: one honest miner in a thousand is one each month at the usual
level, a machine may be throttled or broken, and fees differ from block to block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.mining.meters import KWH_DECIMALS
from clearhouse.core.mining.poisson import too_few, too_many
from clearhouse.core.money import decimal

TAIL = Fraction(1, 1000)  # how unlikely luck must be: one honest month in a thousand, on each side
BAND_PER_MILLE = 100  # a pool's fee, stale shares and hours out; a rulebook may say another
METER_PER_MILLE = 10  # what a meter of class 1 may be out by at its load (IEC 62053-21)
LOW_J_TH, HIGH_J_TH = 15, 40  # joules for 10^12 hashes: the newest machines, and old ones

HASHES_A_DIFFICULTY = 2**32  # a block at difficulty 1 takes this many on average
JOULES_A_KWH = 3_600_000
BITCOIN_DECIMALS = 8


class SpanWrong(Refusal):
    """A month has no spans, or one of them has no difficulty or reward."""

    code = "mining.span-wrong"
    kind = Kind.MALFORMED


class FigureWrong(Refusal):
    """A figure of a return is below zero."""

    code = "mining.figure-wrong"
    kind = Kind.MALFORMED


class Ground(StrEnum):
    """What is to be looked at; codes are never renamed and never reused."""

    MORE_THAN_LIKELY = "mining.more-than-likely"  # more coin than the hash rate finds by luck
    LESS_THAN_LIKELY = "mining.less-than-likely"  # less: part may be undeclared
    MORE_THAN_ENERGY = "mining.more-than-energy"  # more coin than the metered energy can have made
    LESS_THAN_ENERGY = "mining.less-than-energy"  # less, even with old machines
    RETURNS_DIFFER = "mining.returns-differ"  # the miner and the operator state different figures


@dataclass(frozen=True, slots=True)
class Outlier:
    """A ground for people to review a month. Never, by itself, to deny anything."""

    code: Ground
    detail: str  # the figures that were compared, in words


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a month in which difficulty and reward are the same.

    Difficulty changes every 2016 blocks, about two weeks, so a month has two or three of them.

    Raises:
        SpanWrong: Seconds are below zero, or the difficulty or the reward is not above it.
    """

    seconds: int  # for how long the machines ran
    difficulty: Fraction  # as nodes show it; 1 is the easiest target of the main network
    reward: int  # satoshi a block: the subsidy and the mean of the fees

    def __post_init__(self) -> None:
        if self.seconds < 0 or self.difficulty <= 0 or self.reward <= 0:
            raise SpanWrong(
                f"{self.seconds} seconds at a difficulty of {self.difficulty}"
                f" and {self.reward} satoshi a block"
            )


def expected_blocks(hash_rate: int, spans: Sequence[Span]) -> Fraction:
    """Compute how many blocks are found on average: the sum of H x seconds / (D x 2^32).

    Args:
        hash_rate: Hashes a second while running, 0 or more.
        spans: The month, in any order.

    Raises:
        FigureWrong: The hash rate is below zero.
    """
    _need_figures(hash_rate=hash_rate)
    return hash_rate * sum((_pace(one) * one.seconds for one in spans), Fraction(0))


def expected_coin(hash_rate: int, spans: Sequence[Span]) -> Fraction:
    """Compute how many satoshi are mined on average, exactly and so with a fraction.

    Args:
        hash_rate: Hashes a second while running, 0 or more.
        spans: The month, in any order.

    Raises:
        FigureWrong: The hash rate is below zero.
    """
    _need_figures(hash_rate=hash_rate)
    return hash_rate * sum((_pace(one) * one.seconds * one.reward for one in spans), Fraction(0))


def judge_coin(
    declared_satoshi: int,
    hash_rate: int,
    spans: Sequence[Span],
    tail: Fraction = TAIL,
    *,
    pooled: bool = False,
    band_per_mille: int = BAND_PER_MILLE,
) -> list[Outlier]:
    """Set the coin declared for a month against what its hash rate makes likely.

    Declared coin is reckoned in blocks, by the mean reward of the blocks expected, and not rounded:
    luck explains it up to, and without, `poisson.too_many`, and down to, and without, `too_few`.
    A pool's miner may be off by the band, its edges included. Where nothing is expected, anything
    declared is too much.

    Args:
        declared_satoshi: 0 or more.
        hash_rate: Hashes a second while running, 0 or more.
        spans: The month, in any order.
        tail: How unlikely luck must be on one side; above 0 and below 1. Not read when pooled.
        pooled: Whether a pool evens out luck.
        band_per_mille: Of the expectation, 0 or more. Read only when pooled.

    Returns:
        At most one, a ground for a review and never for a denial: MORE_ or LESS_THAN_LIKELY.

    Raises:
        FigureWrong, SpanWrong, MeanTooLarge: In this precedence.
    """
    assert band_per_mille >= 0
    _need_figures(declared_satoshi=declared_satoshi, hash_rate=hash_rate)
    reward = _reward_mean(spans)
    if pooled:
        return _judge_band(declared_satoshi, expected_coin(hash_rate, spans), band_per_mille)
    blocks = declared_satoshi / reward
    mean = expected_blocks(hash_rate, spans)
    most, least = too_many(mean, tail), too_few(mean, tail)
    said = (
        f"{_btc(declared_satoshi)} declared, or {_said(blocks, 3)} blocks;"
        f" {_said(mean, 3)} are expected of {hash_rate:,} H/s, and"
    )
    if blocks >= most or (declared_satoshi and not mean):
        detail = f"{said} {most} or more have a chance of at most {tail}"
        return [Outlier(Ground.MORE_THAN_LIKELY, detail)]
    if blocks <= least:
        detail = f"{said} {least} or fewer have a chance of at most {tail}"
        return [Outlier(Ground.LESS_THAN_LIKELY, detail)]
    return []


def judge_energy(
    metered_kwh: int,
    declared_satoshi: int,
    spans: Sequence[Span],
    low: int = LOW_J_TH,
    high: int = HIGH_J_TH,
) -> list[Outlier]:
    """Set the energy metered in a month against what the declared coin takes to make.

    Coin stands for hashes at the difficulties and rewards of the month, and hashes for energy at
    `low` to `high` joules for 10^12; both ends are still plausible. Luck is not allowed for: of
    miners outside pools only those who expect hundreds of blocks can be judged so.

    Args:
        metered_kwh: Hundredths of a kWh, 0 or more.
        declared_satoshi: 0 or more.
        spans: The month, in any order.
        low: J/TH of the best machines there are; above zero.
        high: J/TH of the worst that still run; at least `low`.

    Returns:
        At most one, a ground for a review and never for a denial: MORE_THAN_ENERGY if less was
        metered than `low` takes, LESS_THAN_ENERGY if more than `high` takes.

    Raises:
        FigureWrong, SpanWrong: In this precedence.
    """
    assert 0 < low <= high
    _need_figures(metered_kwh=metered_kwh, declared_satoshi=declared_satoshi)
    terahashes = _hashes(declared_satoshi, spans) / 10**12
    one_j_th = terahashes * 10**KWH_DECIMALS / JOULES_A_KWH  # hundredths of a kWh at 1 J/TH
    if low * one_j_th <= metered_kwh <= high * one_j_th:
        return []
    implied = f"{_said(metered_kwh / one_j_th, 2)} J/TH" if one_j_th else "no hashes at all"
    detail = (
        f"{_kwh(metered_kwh)} metered and {_btc(declared_satoshi)} declared imply {implied};"
        f" at {low} to {high} J/TH it takes {_kwh(low * one_j_th)} to {_kwh(high * one_j_th)}"
    )
    if metered_kwh < low * one_j_th:
        return [Outlier(Ground.MORE_THAN_ENERGY, detail)]
    return [Outlier(Ground.LESS_THAN_ENERGY, detail)]


def compare(
    miner_satoshi: int,
    operator_satoshi: int,
    miner_kwh: int,
    operator_kwh: int,
    *,
    energy_per_mille: int = METER_PER_MILLE,
) -> list[Outlier]:
    """Set what a miner states of a month beside what the operator of its infrastructure states.

    Coin is counted by the chain and must be equal. Energy is measured, by two meters perhaps, and
    may differ by a share of what the operator states, that share included.

    Args:
        miner_satoshi, operator_satoshi: 0 or more.
        miner_kwh, operator_kwh: Hundredths of a kWh, 0 or more.
        energy_per_mille: 0 or more.

    Returns:
        One for coin and one for energy at most, both RETURNS_DIFFER: grounds for a review and never
        for a denial, since the return that is wrong may be the other's.

    Raises:
        FigureWrong: A figure is below zero.
    """
    assert energy_per_mille >= 0
    _need_figures(
        miner_satoshi=miner_satoshi,
        operator_satoshi=operator_satoshi,
        miner_kwh=miner_kwh,
        operator_kwh=operator_kwh,
    )
    found = []
    if miner_satoshi != operator_satoshi:
        detail = f"the miner states {_btc(miner_satoshi)}, the operator {_btc(operator_satoshi)}"
        found.append(Outlier(Ground.RETURNS_DIFFER, detail))
    if abs(miner_kwh - operator_kwh) * 1000 > energy_per_mille * operator_kwh:
        detail = (
            f"the miner states {_kwh(miner_kwh)}, the operator {_kwh(operator_kwh)}:"
            f" more than {energy_per_mille} per mille apart"
        )
        found.append(Outlier(Ground.RETURNS_DIFFER, detail))
    return found


def _judge_band(declared: int, expected: Fraction, band_per_mille: int) -> list[Outlier]:
    """Hold declared satoshi to a band around the expectation, its edges included."""
    detail = (
        f"{_btc(declared)} declared; {_btc(expected)} are expected of a pool's miner,"
        f" {band_per_mille} per mille more or less"
    )
    if declared * 1000 > expected * (1000 + band_per_mille):
        return [Outlier(Ground.MORE_THAN_LIKELY, detail)]
    if declared * 1000 < expected * (1000 - band_per_mille):
        return [Outlier(Ground.LESS_THAN_LIKELY, detail)]
    return []


def _pace(span: Span) -> Fraction:
    """Compute the blocks that one hash finds on average."""
    return 1 / (span.difficulty * HASHES_A_DIFFICULTY)


def _shares(spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """Weigh each span by its seconds; where nothing ran they count alike, for want of better."""
    if not spans:
        raise SpanWrong("a month has one span at least, if only one in which nothing ran")
    ran = any(one.seconds for one in spans)
    return [(one, one.seconds if ran else 1) for one in spans]


def _reward_mean(spans: Sequence[Span]) -> Fraction:
    """Compute the satoshi of a block of the month; the hash rate cancels."""
    shares = _shares(spans)
    coin = sum((weight * _pace(one) * one.reward for one, weight in shares), Fraction(0))
    return coin / sum((weight * _pace(one) for one, weight in shares), Fraction(0))


def _hashes(satoshi: int, spans: Sequence[Span]) -> Fraction:
    """Compute how many hashes make this coin on average, at an even pace through the month."""
    shares = _shares(spans)
    coin = sum((weight * _pace(one) * one.reward for one, weight in shares), Fraction(0))
    return satoshi * sum(weight for _, weight in shares) / coin


def _need_figures(**figures: int) -> None:
    for name, figure in figures.items():
        if figure < 0:
            raise FigureWrong(f"{name} is {figure}: 0 or more", figure=name)


def _said(value: Fraction, places: int) -> str:
    """Write a value with so many decimals, for people; nothing is decided by it."""
    return decimal(round(value * 10**places), places)


def _btc(satoshi: Fraction | int) -> str:
    return f"{decimal(round(satoshi), BITCOIN_DECIMALS)} BTC"


def _kwh(hundredths: Fraction | int) -> str:
    return f"{decimal(round(hundredths), KWH_DECIMALS)} kWh"
