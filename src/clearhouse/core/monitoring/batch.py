"""`Batch`: some payments in their order, on top of the history before them.

`Past` keeps the series that a programme's rules ask for, each once, whatever number of rules reads
it. A batch appends its payments to a series when the first rule asks for that; every rule of the
programme is asked for every batch, so that no series misses a payment.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.monitoring.payments import Columns, Names
from clearhouse.core.monitoring.programme import MILLE, Value
from clearhouse.engines.monitoring import Int64s, Line, Rounds, Series

Truths = NDArray[np.bool_]
MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Given:
    """What a rule tells its measure."""

    values: Mapping[str, Value]

    def span(self, name: str) -> int:
        """A time, in microseconds."""
        value = self.values[name]
        assert isinstance(value, timedelta)
        return value // MICRO

    def whole(self, name: str) -> int:
        """A number."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """A word."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """Some words."""
        value = self.values[name]
        assert isinstance(value, tuple)
        return value


@dataclass
class Past:
    """The history, as far as rules ask for it."""

    names: Names = field(default_factory=Names)
    series: dict[Hashable, Series] = field(default_factory=dict)
    rounds: dict[Hashable, Rounds] = field(default_factory=dict)


@dataclass
class Batch:
    """Payments that come after all that the past has."""

    columns: Columns
    past: Past
    _lines: dict[Hashable, Line] = field(default_factory=dict)
    _numbers: dict[Hashable, Int64s] = field(default_factory=dict)

    def column(self, name: str) -> Int64s:
        """A column of the payments."""
        found: Int64s = getattr(self.columns, name)
        return found

    def key(self, by: str) -> tuple[Int64s, Int64s]:
        """The two numbers under which payments are counted together."""
        columns = self.columns
        if by == "pair":
            return columns.payer, columns.payee
        if by == "corridor":
            return columns.payer, columns.payee_country
        return self.column(by.replace("-", "_")), np.zeros(len(columns.at), np.int64)

    def line(
        self,
        name: Hashable,
        key: tuple[Int64s, Int64s],
        inside: Truths,
        value: Int64s | None = None,
        note: Int64s | None = None,
        looks: tuple[Int64s, Int64s] | None = None,
    ) -> Line:
        """The payments in a series, which is known by its name.

        Args:
            inside: Which of them are entries of it.
            value: What they come to; nothing if it is not said.
            note: A number of each entry's own.
            looks: Another key than its own, at which each of them looks.
        """
        if name not in self._lines:
            series = self.past.series.setdefault(name, Series())
            values = np.zeros(len(inside), np.int64) if value is None else value
            self._lines[name] = series.extend(key, self.columns.at, values, inside, note, looks)
        return self._lines[name]

    def everything(self) -> Truths:
        """Each of the payments."""
        return np.ones(len(self.columns.at), np.bool_)

    def series(self, by: str) -> Line:
        """All payments under a key, with their values."""
        return self.line(by, self.key(by), self.everything(), self.columns.value)

    def by(self, given: Given) -> Line:
        """All payments under the key that a rule counts by."""
        return self.series(given.text("by"))

    def received(self) -> Line:
        """What the payers of these payments were paid."""
        value, payee = self.columns.value, self.key("payee")
        return self.line("received", payee, self.everything(), value, looks=self.key("payer"))

    def below(self, given: Given) -> tuple[Line, Truths]:
        """Payments from a share of a threshold up to it; notes tell when each party was last in."""
        by, threshold, least = given.text("by"), given.whole("threshold"), given.whole("from")
        value = self.columns.value
        inside = (value < threshold) & (value * MILLE >= threshold * least)
        side = "payee" if by.startswith("payee") else "payer"
        of = ("below", threshold, least)
        one, other = self.key(by)
        if by != "pair":
            other = self.column(side)
        member = self.line((*of, by, "member"), (one, other), inside)
        return self.line((*of, by), self.key(by), inside, value, member.since()), inside

    def fresh(self, given: Given, link: str) -> Line:
        """Payments whose pair or corridor had none for a time, under the payer or the payee."""
        side = given.text("side") if link == "pair" else "payer"
        fresh, after = given.span("fresh"), given.whole("after")
        linked = self.line(link, self.key(link), self.everything(), self._worth(link))
        before = self.series(side).depth() - 1
        inside = (linked.since() <= self.columns.at - fresh) & (before >= after)
        return self.line((link, side, fresh, after), self.key(side), inside)

    def _worth(self, link: str) -> Int64s | None:
        """What `series` would say of a pair, so that both are one series."""
        return self.columns.value if link == "pair" else None

    def rounds(self, given: Given) -> Int64s:
        """How much of each came round: of linked parties any may pay for another."""
        span, hops, slack = given.span("window"), given.whole("hops"), given.whole("slack")
        name = ("rounds", span, hops, slack)
        if name not in self._numbers:
            self._numbers[name] = self.past.rounds.setdefault(name, Rounds()).extend(
                (self.columns.payer_group, self.columns.payee_group),
                self.columns.at,
                self.columns.value,
                span=span,
                hops=hops,
                slack=slack,
            )
        return self._numbers[name]

    def round_trips(self, given: Given) -> tuple[Line, Truths]:
        """Payments that closed a round, under the payer's group."""
        inside = self.rounds(given) > 0
        name = ("round-trips", *(given.values[each] for each in ("window", "hops", "slack")))
        return self.line(name, self.key("payer-group"), inside), inside

    def round_sums(self, given: Given) -> tuple[Line, Truths]:
        """Payments of whole multiples of a sum."""
        by, multiple, least = given.text("by"), given.whole("multiple"), given.whole("from")
        value = self.columns.value
        inside = (value % multiple == 0) & (value >= least)
        return self.line(("round-sums", by, multiple, least), self.key(by), inside), inside

    def repeated(self, given: Given) -> tuple[Line, Truths]:
        """Payments from some value on, under their key and just that value."""
        by, least = given.text("by"), given.whole("from")
        one, _ = self.key(by)
        inside = self.columns.value >= least
        if by == "pair":  # one number for a pair: that of its latest payment's first one
            one = self._numbered_pairs()
        name = ("repeated", by, least)
        return self.line(name, (one, self.columns.value), inside), inside

    def _numbered_pairs(self) -> Int64s:
        payer, payee = self.key("pair")
        number: Callable[[str, str], int] = self.past.names.number
        pairs = zip(payer.tolist(), payee.tolist(), strict=True)
        return np.array([number("pair", f"{a} {b}") for a, b in pairs], np.int64)

    def exposed(self, given: Given) -> tuple[Line, Line]:
        """Flagged value, and all of which it is known how much is flagged."""
        by, columns = given.text("by"), self.columns
        known = columns.exposure >= 0
        flagged = columns.value * np.maximum(columns.exposure, 0) // MILLE
        return (
            self.line(("flagged", by), self.key(by), known, flagged),
            self.line(("known", by), self.key(by), known, columns.value),
        )

    def in_places(self, given: Given) -> Int64s:
        """How many ends of each lie in some places."""
        numbers = [self.past.names.number("place", one) for one in given.words("places")]
        payer, payee = self.columns.payer_country, self.columns.payee_country
        return np.isin(payer, numbers).astype(np.int64) + np.isin(payee, numbers)

    def through_places(self, given: Given) -> tuple[Line, Truths]:
        """Payments with an end in some places, with their values."""
        by, inside = given.text("by"), self.in_places(given) > 0
        name = ("places", by, given.words("places"))
        return self.line(name, self.key(by), inside, self.columns.value), inside
