"""`Batch`: some payments in their order, on top of the history before them.

`Past` keeps the series that a programme's rules ask for, each once, whatever number of rules reads
it. A batch appends its payments to a series when the first rule asks for that; every rule of the
programme is asked for every batch, so that no series misses a payment.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.monitoring.payments import DIGITS_MAX, Columns, Names
from clearhouse.core.monitoring.programme import MILLE, Value
from clearhouse.engines.monitoring import Int64s, Line, Rounds, Series

Truths = NDArray[np.bool_]
Mark = Mapping[Hashable, tuple[int, int]]
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

    def of(self, name: Hashable, *, is_noted: bool = False) -> Series:
        """A series by its name; empty if there is none yet."""
        if name not in self.series:
            self.series[name] = Series(is_noted)
        return self.series[name]

    def mark(self) -> Mark:
        """Where all of it stands."""
        return {name: one.mark() for name, one in self._all()}

    def back(self, mark: Mark) -> None:
        """Take back all that came since a mark."""
        for name, one in self._all():
            one.back(mark.get(name, one.begun))

    def _all(self) -> Iterator[tuple[Hashable, Series]]:
        yield from self.series.items()
        yield from ((("graph", name), one.series) for name, one in self.rounds.items())


@dataclass
class Batch:
    """Payments that come after all that the past has."""

    columns: Columns
    past: Past
    _lines: dict[Hashable, Line] = field(default_factory=dict)
    _searches: dict[Hashable, tuple[Int64s, Truths]] = field(default_factory=dict)

    def column(self, name: str) -> Int64s:
        """A column of the payments."""
        found: Int64s = getattr(self.columns, name)
        return found

    def key(self, by: str) -> tuple[Int64s, Int64s]:
        """The two numbers under which payments are counted together."""
        columns = self.columns
        if by == "pair":
            return columns.payer, columns.payee
        if by == "groups":
            return columns.payer_group, columns.payee_group
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
    ) -> Line:
        """The payments in a series, which is known by its name.

        Args:
            inside: Which of them are entries of it.
            value: What they come to; nothing if it is not said.
            note: A number of each entry's own.
        """
        if name not in self._lines:
            series = self.past.of(name, is_noted=note is not None)
            values = np.zeros(len(inside), np.int64) if value is None else value
            self._lines[name] = series.extend(key, self.columns.at, values, inside, note)
        return self._lines[name]

    def everything(self) -> Truths:
        """Each of the payments."""
        return np.ones(len(self.columns.at), np.bool_)

    def series(self, by: str) -> Line:
        """All payments under a key, with their values."""
        if by == "payee":
            self.received()
        return self.line(by, self.key(by), self.everything(), self.columns.value)

    def by(self, given: Given) -> Line:
        """All payments under the key that a rule counts by."""
        return self.series(given.text("by"))

    def received(self) -> Line:
        """What the payers of these payments were paid."""
        return self._received("payee", self.everything(), self.columns.value)

    def _received(self, name: Hashable, inside: Truths, value: Int64s | None = None) -> Line:
        """Payments under the payee, seen from the payer of each: `line` has them by the payee."""
        seen = ("received", name)
        if seen not in self._lines:
            series = self.past.of(name)
            values = np.zeros(len(inside), np.int64) if value is None else value
            payee, payer = self.key("payee"), self.key("payer")
            self._lines[name], self._lines[seen] = series.extend_and_look(
                payee, payer, self.columns.at, values, inside
            )
        return self._lines[seen]

    def windows(self, given: Given, which: int) -> tuple[Int64s, Int64s]:
        """Number or value in the window, and the most that it was in a window of the baseline.

        Args:
            which: 0 of the number, 1 of the value.
        """
        by, window = given.text("by"), given.span("window")
        now = self.by(given).window(window)[which]
        name = ("windows", by, window, which)
        line = self.line(name, self.key(by), self.everything(), note=now)
        return now, line.peak(window, given.span("baseline"))

    def windows_below(self, given: Given) -> tuple[Int64s, Int64s]:
        """The same of the number of payments just below a threshold."""
        by, window = given.text("by"), given.span("window")
        line, inside = self.below(given)
        now = np.where(inside, line.window(window)[0], 0)
        name = ("windows-below", by, window, given.whole("threshold"), given.whole("from"))
        noted = self.line(name, self.key(by), inside, note=now)
        return now, noted.peak(window, given.span("baseline"))

    def below(self, given: Given) -> tuple[Line, Truths]:
        """Payments from a share of a threshold up to it; notes tell when each party was last in."""
        by, threshold, least = given.text("by"), given.whole("threshold"), given.whole("from")
        value = self.columns.value
        inside = (value < threshold) & (value * MILLE >= threshold * least)
        side = "payee" if by.startswith("payee") else "payer"
        of = ("below", threshold, least)
        who = (self._numbered(by, self.key(by)), self.column(side))
        member = self.line((*of, by, "member"), who, inside)
        return self.line((*of, by), self.key(by), inside, value, member.since()), inside

    def fresh(self, given: Given, link: str) -> Line:
        """Payments whose pair or corridor had none for a time, under the payer or the payee."""
        side = given.text("side") if link == "pair" else "payer"
        name, inside = self._fresh(given, link, side)
        if side == "payee":
            self._received(name, inside)
        return self.line(name, self.key(side), inside)

    def fresh_received(self, given: Given) -> Line:
        """Those that the payers of these payments were paid, of pairs that had none for a time."""
        return self._received(*self._fresh(given, "pair", "payee"))

    def _fresh(self, given: Given, link: str, side: str) -> tuple[Hashable, Truths]:
        fresh, after = given.span("fresh"), given.whole("after")
        linked = self.line(link, self.key(link), self.everything(), self._worth(link))
        before = self.series(side).depth() - 1
        inside = (linked.since() <= self.columns.at - fresh) & (before >= after)
        if link == "corridor":
            inside &= ~self.nowhere()
        return (link, side, fresh, after), inside

    def _worth(self, link: str) -> Int64s | None:
        """What `series` would say of a pair, so that both are one series."""
        return self.columns.value if link == "pair" else None

    def rounds(self, given: Given) -> tuple[Int64s, Truths]:
        """How much of each came round: of linked parties any may pay for another.

        Also, for which of them the search was given up.
        """
        span, hops, slack = given.span("window"), given.whole("hops"), given.whole("slack")
        name = (span, hops, slack)
        if name not in self._searches:
            self._searches[name] = self.past.rounds.setdefault(name, Rounds()).extend(
                (self.columns.payer_group, self.columns.payee_group),
                self.columns.at,
                self.columns.value,
                span=span,
                hops=hops,
                slack=slack,
            )
        return self._searches[name]

    def round_trips(self, given: Given) -> tuple[Line, Line]:
        """Payments that closed a round, and those that may have: the search was given up."""
        found, cut_off = self.rounds(given)
        name = tuple(given.values[each] for each in ("window", "hops", "slack"))
        group = self.key("payer-group")
        return (
            self.line(("round-trips", *name), group, found > 0),
            self.line(("given-up", *name), group, cut_off),
        )

    def round_sums(self, given: Given) -> tuple[Line, Truths]:
        """Payments of an amount with few digits before its zeros, from some value on."""
        by, digits, least = given.text("by"), given.whole("digits"), given.whole("from")
        inside = is_round(self.columns.amount, digits) & (self.columns.value >= least)
        return self.line(("round-sums", by, digits, least), self.key(by), inside), inside

    def repeated(self, given: Given) -> tuple[Line, Truths]:
        """Payments from some value on, under their key and just that amount of that asset."""
        by, least = given.text("by"), given.whole("from")
        inside = self.columns.value >= least
        amounts = self._numbered("amounts", (self.columns.asset, self.columns.amount))
        key = (self._numbered(by, self.key(by)), amounts)
        return self.line(("repeated", by, least), key, inside), inside

    def _numbered(self, what: str, two: tuple[Int64s, Int64s]) -> Int64s:
        """One number for two."""
        return self.past.of(("numbers", what)).number(two)

    def exposed(self, given: Given) -> tuple[Line, Line]:
        """Flagged value, and all of which it is known how much is flagged."""
        by, columns = given.text("by"), self.columns
        known = columns.exposure >= 0
        flagged = columns.value * np.maximum(columns.exposure, 0) // MILLE
        return (
            self.line(("flagged", by), self.key(by), known, flagged),
            self.line(("known", by), self.key(by), known, columns.value),
        )

    def nowhere(self) -> Truths:
        """Of which it is not known where the payee is."""
        return np.asarray(self.columns.payee_country == self.past.names.number("place", ""))

    def in_places(self, given: Given) -> tuple[Int64s, Truths]:
        """How many ends of each lie in some places, and of which an end is not known."""
        number, columns = self.past.names.number, self.columns
        numbers = [number("place", one) for one in given.words("places")]
        ends = (columns.payer_country, columns.payee_country)
        nowhere = number("place", "")
        inside = sum((np.isin(end, numbers).astype(np.int64) for end in ends), np.int64(0))
        return np.asarray(inside), np.asarray((ends[0] == nowhere) | (ends[1] == nowhere))

    def through_places(self, given: Given) -> tuple[Line, Line]:
        """Payments with an end in some places, and all of which that is known, with values."""
        by, places = given.text("by"), given.words("places")
        inside, is_hidden = self.in_places(given)
        known = (inside > 0) | ~is_hidden
        key, value = self.key(by), self.columns.value
        return (
            self.line(("places", by, places), key, inside > 0, value),
            self.line(("placed", by, places), key, known, value),
        )


def is_round(amount: Int64s, digits: int) -> Truths:
    """Whether amounts have so many digits at most before the zeros that they end in."""
    unit = np.ones(len(amount), np.int64)
    for _ in range(DIGITS_MAX):
        unit = np.where(amount // unit >= 10**digits, unit * 10, unit)
    return np.asarray((amount > 0) & (amount % unit == 0))
