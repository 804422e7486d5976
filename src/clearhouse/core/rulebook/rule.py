"""`Rule`: one sentence of law as data, and what a file may say beside rules.

    rule       decides or asks for something: an outcome, and the condition under which it comes
    standard   tightens a number that the house lives by
    fixing     names the hour of the reference rate
    timetable  names the stages of the clearing cycles of a kind, and their times

Every one has an id, a citation, the first and the last day in force, and cases that it must
answer as its authors meant (its test vectors). Two versions of one id may follow each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from clearhouse.core.calendar import Calendar, business_day_after
from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.vocabulary import Type
from clearhouse.core.timetable import Moment, Stages
from clearhouse.core.zone import zone as zone_of


class Outcome(StrEnum):
    """What comes of a rule whose condition holds."""

    ALLOW = "ALLOW"  # opens what is otherwise closed
    HOLD = "HOLD"  # a person must look at it
    DENY = "DENY"
    REPORT = "REPORT"  # something is told to somebody, whatever the verdict
    COLLECT = "COLLECT"  # something is collected from somebody, whatever the verdict


DUES = (Outcome.REPORT, Outcome.COLLECT)


class Role(StrEnum):
    """From whose side a rule looks at a payment."""

    DEBTOR = "debtor"
    CREDITOR = "creditor"
    TRANSACTION = "transaction"  # from no side: looked at once, by every attached law


class Day(StrEnum):
    """The two days on which the law is looked at."""

    TRADE = "trade"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom and what a rule applies to; an empty tuple is all."""

    roles: tuple[Role, ...]
    classes: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()

    def meets(self, other: "Scope") -> bool:
        """Whether something lies in both."""
        pairs = (
            (self.roles, other.roles),
            (self.classes, other.classes),
            (self.assets, other.assets),
            (self.transactions, other.transactions),
        )
        return all(not one or not two or set(one) & set(two) for one, two in pairs)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a condition reads by name, so that people see it and a mutant can change it."""

    type: Type
    value: int | str | tuple[str, ...]  # amounts and quantities in minor units, days since 1970
    said: str  # as the file has it, with its unit


@dataclass(frozen=True, slots=True)
class Rate:
    """At which rate a rule's amounts are brought into its currency."""

    name: str  # fixing: the house's reference rates; official: a central bank's
    on: Day


@dataclass(frozen=True, slots=True)
class Window:
    """Over which linked payments a rule counts and adds up."""

    by: str  # party, pair, contract, asset
    days: int  # the day itself and those before it


@dataclass(frozen=True, slots=True)
class Transition:
    """Which of the two days alone decides whether a rule is in force, and which law says so."""

    on: Day
    citation: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something is done."""

    count: int
    unit: str  # hours; days; business-days; day-of-next-month
    at: time  # of the day, in `zone`; hours run from the instant itself
    zone: str
    rolls: bool = False  # from a day that is not worked to the next one that is

    def falls(self, since: datetime, calendar: Calendar) -> datetime:
        """The instant, in UTC, if what it runs from happened at `since`."""
        if self.unit == "hours":
            return (since + timedelta(hours=self.count)).astimezone(UTC)
        zone = zone_of(self.zone)
        day = since.astimezone(zone).date()
        match self.unit:
            case "days":
                day += timedelta(days=self.count)
            case "business-days":
                day = business_day_after(day, self.count, [calendar])
            case _:
                following = day.replace(day=28) + timedelta(days=4)
                day = following.replace(day=self.count)
        if self.rolls:
            day = business_day_after(day, 0, [calendar])
        return datetime.combine(day, self.at, zone).astimezone(UTC)

    def __str__(self) -> str:
        match self.unit:
            case "hours":
                return f"within {self.count} {_plural(self.count, 'hour')}"
            case "days" | "business-days":
                unit = self.unit.replace("-", " ").removesuffix("s")
                when = f"within {self.count} {_plural(self.count, unit)}"
            case _:
                when = f"by the {self.count}. of the next month"
        if self.rolls:
            when = f"{when} or the next business day"
        clock = f"{self.at:%H:%M:%S}" if self.at.second else f"{self.at:%H:%M}"
        return f"{when}, {clock} {self.zone}"


def _plural(count: int, unit: str) -> str:
    return unit if count == 1 else f"{unit}s"


@dataclass(frozen=True, slots=True)
class Due:
    """What a REPORT or COLLECT asks for, and by whom it is received."""

    what: str
    to: str
    form: str = ""  # of a return that is filed here: the register that it is filed in
    late_fee: Parameter | None = None  # what not filing it in time costs


Facts = Mapping[str, object]  # by name, as a file writes them


@dataclass(frozen=True, slots=True)
class Vectors:
    """Cases of a rule: facts under which it comes, does not come, or cannot be told.

    Each case is `given` with its own facts put over it.
    """

    given: Facts
    fires: tuple[Facts, ...]
    silent: tuple[Facts, ...]
    unknown: tuple[Facts, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """What every sentence of law has."""

    id: str
    jurisdiction: str
    citation: str
    effective_from: date
    effective_to: date | None  # the last day in force; None while there is no end

    def in_force(self, on: date) -> bool:
        """Whether it holds on the day `on`."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    def overlaps(self, other: "Head") -> bool:
        """Whether there is a day on which both hold."""
        return self.effective_from <= (other.effective_to or date.max) and other.effective_from <= (
            self.effective_to or date.max
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence that decides something."""

    head: Head
    subject: str
    says: str  # in words
    source: str  # S: the text was read; S2: another's account of it; R: recalled
    scope: Scope
    outcome: Outcome
    text: str  # of the condition, as written
    when: Term
    parameters: Mapping[str, Parameter]
    rate: Rate | None
    window: Window | None
    transition: Transition | None
    deadline: Deadline | None
    due: Due | None
    waivable: bool
    vectors: Vectors

    @property
    def id(self) -> str:
        """Its id, which its versions share."""
        return self.head.id

    def reads(self) -> list[str]:
        """The facts that its condition reads."""
        return sorted({str(term.value) for term in self.when.parts() if term.op == "fact"})

    def doubtful(self) -> list[str]:
        """The facts that its condition reads and that may be missing."""
        return sorted({str(term.value) for term in self.when.parts() if term.optional})


@dataclass(frozen=True, slots=True)
class StandardRule:
    """A sentence that tightens a standard."""

    head: Head
    standard: str
    bound: int  # in the standard's unit
    met: tuple[int, ...]  # measures that keep to it
    missed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FixingRule:
    """A sentence that names the hour whose trades make the reference rate."""

    head: Head
    zone: str
    hour: int


@dataclass(frozen=True, slots=True)
class TimetableRule:
    """A sentence that names by when what is done for the cycles of a kind.

    It is in force for the cycles whose value date is one of its days.
    """

    head: Head
    cycle: str  # the kind
    zone: str
    moments: tuple[Moment, ...]  # of each `Stage`, in their order
    cases: Mapping[date, Stages]  # by value date, the instants that it must give


@dataclass(frozen=True, slots=True)
class Closure:
    """A sentence that closes places to goods and ships."""

    head: Head
    says: str  # in words
    places: tuple[str, ...]  # countries (ISO 3166), or locations (UN/LOCODE)
    ends: tuple[str, ...]  # of what is shipped, as `vocabulary.ENDS` has them
    outcome: Outcome  # DENY or HOLD
    shut: tuple[Mapping[str, str], ...]  # its cases: places by their ends
    free: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """By which an authority lets a programme be."""

    authority: str
    reference: str
    on: date


@dataclass(frozen=True, slots=True)
class Programme:
    """A pilot regime: what some participants may do for a time under other rules.

    A payment is under it if it is of its kinds, on a day of it, within its caps, and every party
    that resides in its jurisdiction takes part in it. Then the rules that it waives do not come.
    """

    head: Head
    says: str
    ends: date  # the last day, until local midnight
    approvals: tuple[Approval, ...]
    participants: frozenset[str]  # by LEI
    transactions: tuple[str, ...]
    cap_payment: Parameter | None  # what one payment may be at most
    cap_total: Parameter | None  # what all payments under it together may be
    rate: Rate | None  # by which caps are compared
    waives: tuple[str, ...]  # ids of rules


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A country: its code (ISO 3166), name, time, business days and regions."""

    code: str
    name: str
    zone: str  # of its clocks
    calendar: Calendar
    regions: tuple[str, ...] = ()  # that its law tells apart: XA-NORTH
