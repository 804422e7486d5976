"""What was drawn so far: firms, and payments by column."""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from clearhouse.core.monitoring import Columns, Names
from clearhouse.core.monitoring.payments import UNKNOWN

Int64s = NDArray[np.int64]

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
START = 20_454 * DAY  # 2026-01-01
THRESHOLD = 10_000_00  # cents, from which law asks for more
DOLLAR = 1087  # for a thousand euros
COIN = 60_000_00  # cents for a bitcoin
PLACES = ("XA", "XB", "XC", "XD", "XE", "XH", "XI")
HIGH_RISK = 5  # the first of those that no firm's ordinary trade goes to, but for a few
CLEAN = -1


@dataclass(frozen=True)
class Economy:
    """Payments in their order, and which scenario each belongs to.

    Attributes:
        columns: With numbers of `names`.
        label: Shape (payments,): the scenario's number; CLEAN of ordinary trade.
        families: The typology that should find each scenario.
    """

    columns: Columns
    names: Names
    label: Int64s
    families: tuple[str, ...]


@dataclass
class Drawing:
    """What was drawn so far, in columns."""

    dice: Generator
    days: int
    firms: int
    rows: list[Int64s] = field(default_factory=list)
    families: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        dice, firms = self.dice, self.firms
        self.size = np.minimum(dice.pareto(1.15, firms) + 1, 60)
        self.place = dice.choice(HIGH_RISK, firms, p=[0.35, 0.3, 0.2, 0.1, 0.05])
        self.risky = dice.random(firms) < 0.01
        self.place[self.risky] = dice.integers(HIGH_RISK, len(PLACES), int(self.risky.sum()))
        self.rating = dice.choice(3, firms, p=[0.72, 0.23, 0.05])
        self.since = np.where(
            dice.random(firms) < 0.93,
            -dice.integers(60, 3000, firms),
            dice.integers(0, self.days, firms),
        )
        self.group = np.arange(firms)
        linked = dice.permutation(firms)[: firms // 8]
        for part in np.array_split(linked, max(1, len(linked) // 3)):
            self.group[part] = part[0]
        self.begin = np.maximum(self.since, 0)
        self.is_foreign = dice.random(firms) < 0.2  # what it sells it sells in dollars

    def some(self, count: int, *, small: bool = True) -> Int64s:
        """Firms that trade from the beginning, none twice."""
        there = self.since < 0
        if small:
            there &= self.size < 8
        return self.dice.choice(np.flatnonzero(there), count, replace=False)

    def new_scenario(self, family: str) -> int:
        """The number of another scenario."""
        self.families.append(family)
        return len(self.families) - 1

    def add(
        self,
        day: ArrayLike,
        payer: ArrayLike,
        payee: ArrayLike,
        value: ArrayLike,
        *,
        label: int = CLEAN,
        coins: ArrayLike = 0,
        exposure: ArrayLike | None = None,
        third_party: ArrayLike | None = None,
        late_change: ArrayLike | None = None,
    ) -> None:
        """Add payments; what is not said of each is drawn as in ordinary trade.

        Args:
            day: From the beginning on, in parts of days; columns or one number for all.
            value: In cents.
            coins: What it is agreed for in satoshi, if it is; else in the payee's currency.
        """
        shape = np.broadcast(day, payer, payee, value, 0 if exposure is None else exposure)
        count, dice = shape.size, self.dice
        if exposure is None:
            kinds = dice.random(count)
            exposure = np.where(kinds < 0.1, UNKNOWN, np.where(kinds < 0.95, 0, 1))
            exposure = np.where(exposure == 1, dice.integers(1, 20, count), exposure)
        if third_party is None:
            third_party = dice.random(count) < 0.02
        if late_change is None:
            late_change = dice.random(count) < 0.01
        at = START + (np.asarray(day, np.float64) * DAY).astype(np.int64)
        columns = (at, payer, payee, value, label, coins, exposure, third_party, late_change)
        table = np.empty((len(columns), count), np.int64)
        for row, column in zip(table, columns, strict=True):
            row[:] = np.asarray(column).astype(np.int64)
        self.rows.append(table)

    def amounts(self, payer: Int64s, payee: Int64s, middle: float = 900.0) -> NDArray[np.float64]:
        """What firms of such sizes trade for, in euros."""
        scale = np.sqrt(self.size[payer] * self.size[payee])
        return np.asarray(self.dice.lognormal(np.log(middle), 1.1, len(payer)) * scale)


def finished(drawing: Drawing) -> Economy:
    """Put all in order, with what is known of parties."""
    table = np.concatenate(drawing.rows, axis=1)
    table = table[:, table[1] != table[2]]
    table = table[:, np.argsort(table[0], kind="stable")]
    at, payer, payee, value, label, coins, exposure, third_party, late_change = map(
        np.ascontiguousarray, table
    )
    value = np.maximum(value, 1)
    names = Names()
    euro, dollar, bitcoin = (names.number("asset", name) for name in ("", "USD", "XBT"))
    is_foreign = drawing.is_foreign[payee]
    dollars = value * (DOLLAR + at // DAY % 7) // 1000  # the rate moves
    asset = np.where(coins > 0, bitcoin, np.where(is_foreign, dollar, euro))
    amount = np.where(coins > 0, coins, np.where(is_foreign, dollars, value))
    places = np.array([names.number("place", place) for place in PLACES], np.int64)
    days = (at - START) // DAY
    columns = Columns(
        [f"p{number:08}" for number in range(len(at))],
        at,
        payer,
        payee,
        value,
        asset,
        amount,
        drawing.group[payer],
        drawing.group[payee],
        places[drawing.place[payer]],
        places[drawing.place[payee]],
        exposure,
        drawing.rating[payer],
        drawing.rating[payee],
        np.maximum(days - drawing.since[payer], 0),
        np.maximum(days - drawing.since[payee], 0),
        third_party,
        late_change,
    )
    return Economy(columns, names, label, tuple(drawing.families))
