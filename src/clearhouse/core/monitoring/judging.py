"""`Monitor`: judges payments within the history that it has seen, one or many by the same code.

Each payment is judged with those before it in view, and is part of the history from then on,
whatever comes of it: what is split is seen as a whole, what is refused still counts. So a batch is
answered as its payments one after the other would be, and a result depends on the programme and
on the payments up to its own, and on nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256

import numpy as np

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.monitoring.batch import Batch, Given, Past, Truths
from clearhouse.core.monitoring.batch import Mark as PastMark
from clearhouse.core.monitoring.measures import MEASURES
from clearhouse.core.monitoring.payments import (
    TOTAL_MAX,
    UNKNOWN,
    Columns,
    Names,
    Payment,
    check,
)
from clearhouse.core.monitoring.programme import CUT_BAND, UNKNOWN_BAND, Programme, Rule, Typology
from clearhouse.engines.monitoring import Int64s

CHUNK = 1 << 16  # payments that are judged at once: what is made ready for them is bounded

Progress = Callable[[int, int], object]  # payments done, and how many there are


class OutOfOrder(Refusal):
    """A payment comes before one that was judged already."""

    code = "monitoring.out-of-order"
    kind = Kind.CONFLICT


class JudgedBefore(Refusal):
    """A payment of this id is in the history already."""

    code = "monitoring.judged-before"
    kind = Kind.CONFLICT


class HistoryFull(Refusal):
    """The history comes to more than can be added up exactly."""

    code = "monitoring.history-full"
    kind = Kind.UNAVAILABLE


class Outcome(StrEnum):
    """What follows from a typology's score."""

    NOTHING = "nothing"
    ALERT = "alert"  # a person looks at it
    INTERDICT = "interdict"  # and the payment waits for that


OUTCOMES = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule says of a payment, and what a typology makes of that."""

    rule: str
    number: int | None  # None: not known
    band: str
    weight: int  # per mille
    is_whole: bool  # whether all was looked at; if not, the number may be more


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one typology says of a payment."""

    typology: str
    score: int  # per mille
    outcome: Outcome
    answers: tuple[Answer, ...]  # by rule

    @property
    def is_alert(self) -> bool:
        """Whether a person looks at it."""
        return self.outcome is not Outcome.NOTHING

    @property
    def is_interdicted(self) -> bool:
        """Whether the payment waits for that."""
        return self.outcome is Outcome.INTERDICT


@dataclass(frozen=True)
class Result:
    """What a programme says of a payment."""

    payment: str
    programme: str  # its version
    verdicts: tuple[Verdict, ...]  # by typology

    @property
    def is_whole(self) -> bool:
        """Whether every rule looked at all that it asks for."""
        return all(one.is_whole for each in self.verdicts for one in each.answers)

    @cached_property
    def body(self) -> str:
        """Its one writing."""
        verdicts = [
            {
                "typology": each.typology,
                "score": str(each.score),
                "outcome": str(each.outcome),
                "alert": each.is_alert,
                "interdict": each.is_interdicted,
                "answers": [
                    {
                        "rule": one.rule,
                        "number": None if one.number is None else str(one.number),
                        "band": one.band,
                        "weight": str(one.weight),
                        "is_whole": one.is_whole,
                    }
                    for one in each.answers
                ],
            }
            for each in self.verdicts
        ]
        said = {"payment": self.payment, "programme": self.programme, "verdicts": verdicts}
        return canonical(said)

    @property
    def id(self) -> str:
        """SHA-256 of its writing."""
        return sha256(self.body.encode()).hexdigest()

    @property
    def outcome(self) -> Outcome:
        """The gravest of all typologies'."""
        return max((one.outcome for one in self.verdicts), key=OUTCOMES.index)


@dataclass(frozen=True)
class Results:
    """What a programme says of some payments, by column.

    Attributes:
        numbers: Shape (rules, payments); UNKNOWN where it is.
        cut_off: The same shape: where a limit was reached, and the number may be more.
        scores: Shape (typologies, payments), in per mille.
        outcomes: The same shape: places in OUTCOMES.
    """

    programme: Programme
    columns: Columns
    numbers: Int64s
    cut_off: Truths
    scores: Int64s
    outcomes: Int64s

    def __len__(self) -> int:
        return len(self.columns.ids)

    @cached_property
    def worst(self) -> Int64s:
        """The gravest outcome of each payment."""
        return np.asarray(self.outcomes.max(axis=0, initial=0))

    def result(self, place: int) -> Result:
        """All that is said of one payment."""
        programme = self.programme
        places = {rule.id: at for at, rule in enumerate(programme.rules)}
        verdicts = []
        for at, typology in enumerate(programme.typologies):
            answers = []
            for id, weights in sorted(typology.weights.items()):
                number = int(self.numbers[places[id], place])
                is_whole = not self.cut_off[places[id], place]
                band = band_of(programme.rules[places[id]], number)
                weight = max(weights[band], 0 if is_whole else weights[CUT_BAND])
                known = None if number == UNKNOWN else number
                answers.append(Answer(id, known, band, weight, is_whole))
            score, outcome = int(self.scores[at, place]), int(self.outcomes[at, place])
            verdicts.append(Verdict(typology.id, score, OUTCOMES[outcome], tuple(answers)))
        return Result(self.columns.ids[place], programme.version, tuple(verdicts))

    def bodies(self) -> list[str]:
        """The writing of each."""
        return [self.result(place).body for place in range(len(self))]


def band_of(rule: Rule, number: int) -> str:
    """The name of the band that a rule's number falls into."""
    return UNKNOWN_BAND if number == UNKNOWN else rule.bands[rule.band(number)].name


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a history went at some time."""

    past: PastMark
    count: int
    latest: tuple[int, str] | None
    total: int


@dataclass
class Monitor:
    """Judges by one programme, and remembers."""

    programme: Programme
    past: Past = field(default_factory=Past)
    _ids: dict[str, None] = field(default_factory=dict)  # in order
    _latest: tuple[int, str] | None = None
    _total: int = 0

    @property
    def names(self) -> Names:
        """The numbers for names that its columns must have."""
        return self.past.names

    def judge(self, payments: Sequence[Payment], progress: Progress | None = None) -> Results:
        """Judge payments in their order, each with those before it in view.

        Raises:
            PaymentMalformed: One is not of its form. As with all that follows, none is judged then.
            OutOfOrder: One comes before the latest that was judged.
            JudgedBefore: One was judged already, or stands twice.
            HistoryFull: There is more value than can be added up.
        """
        return self.judge_columns(self.names.columns(payments), progress)

    def judge_columns(self, columns: Columns, progress: Progress | None = None) -> Results:
        """The same for payments by column, already in their order.

        Args:
            columns: Their numbers are from `names`, or of a caller that numbers all by itself.
            progress: Told after each chunk how many are done, and of how many.

        Raises:
            Refusal: As `judge`.
        """
        count, mark = len(columns.ids), self.mark()
        self._take(columns)
        parts = []
        try:
            for first in range(0, max(count, 1), CHUNK):
                parts.append(self._judge(columns.part(first, first + CHUNK)))
                if progress:
                    progress(min(first + CHUNK, count), count)
        except BaseException:
            self.back(mark)  # all or none
            raise
        columnwise = zip(*parts, strict=True)
        numbers, cut_off, scores, outcomes = (np.concatenate(one, axis=1) for one in columnwise)
        return Results(self.programme, columns, numbers, cut_off, scores, outcomes)

    def mark(self) -> Mark:
        """Where the history stands, for `back`."""
        return Mark(self.past.mark(), len(self._ids), self._latest, self._total)

    def back(self, mark: Mark) -> None:
        """Take back all that was judged since a mark, as if it had never been seen."""
        self.past.back(mark.past)
        while len(self._ids) > mark.count:
            self._ids.popitem()
        self._latest, self._total = mark.latest, mark.total

    def _take(self, columns: Columns) -> None:
        """See that the payments go on where the history ends."""
        check(columns)
        keys = list(zip(columns.at.tolist(), columns.ids, strict=True))
        latest = self._latest
        for key in keys:
            if latest is not None and key < latest:
                raise OutOfOrder(f"{key[1]} comes before {latest[1]}", payment=key[1])
            latest = key
        seen = dict[str, None]()
        for id in columns.ids:
            if id in self._ids or id in seen:
                raise JudgedBefore(f"{id} was judged before", payment=id)
            seen[id] = None
        total = self._total + sum(columns.value.tolist())
        if total > TOTAL_MAX:
            raise HistoryFull(f"all payments come to {total}; at most {TOTAL_MAX}")
        self._ids |= seen
        self._latest, self._total = latest, total

    def _judge(self, columns: Columns) -> tuple[Int64s, Truths, Int64s, Int64s]:
        batch, programme, count = Batch(columns, self.past), self.programme, len(columns.ids)
        numbers = np.empty((len(programme.rules), count), np.int64)
        cut_off = np.zeros((len(programme.rules), count), np.bool_)
        for at, rule in enumerate(programme.rules):
            measure, given = MEASURES[rule.measure], Given(rule.given)
            numbers[at] = measure.number(batch, given)
            if measure.cut_off:
                cut_off[at] = measure.cut_off(batch, given)
        scores = np.empty((len(programme.typologies), count), np.int64)
        outcomes = np.empty_like(scores)
        for at, typology in enumerate(programme.typologies):
            scores[at] = self._score(typology, numbers, cut_off)
            alert, interdict = scores[at] >= typology.alert, scores[at] >= typology.interdict
            outcomes[at] = alert.astype(np.int64) + interdict
        return numbers, cut_off, scores, outcomes

    def _score(self, typology: Typology, numbers: Int64s, cut_off: Truths) -> Int64s:
        score = np.zeros(numbers.shape[1], np.int64)
        for at, edges, weights, unknown, limit in self._weights[typology.id]:
            found = weights[np.searchsorted(edges, numbers[at], "right")]
            found = np.where(numbers[at] == UNKNOWN, unknown, found)
            score += np.where(cut_off[at], np.maximum(found, limit), found)
        return score

    @cached_property
    def _weights(self) -> Mapping[str, Sequence[tuple[int, Int64s, Int64s, int, int]]]:
        """Of each typology its rules' places, where their bands begin, and what these weigh.

        Then what it weighs that a number is not known, and that not all was looked at.
        """
        return {
            typology.id: [
                (
                    at,
                    np.array([band.least for band in rule.bands[1:]], np.int64),
                    np.array([weights[band.name] for band in rule.bands], np.int64),
                    weights.get(UNKNOWN_BAND, 0),
                    weights.get(CUT_BAND, 0),
                )
                for at, rule in enumerate(self.programme.rules)
                if (weights := typology.weights.get(rule.id)) is not None
            ]
            for typology in self.programme.typologies
        }
