"""What rules may ask: measures with their parameters, each a whole number for every payment.

A measure looks at the payment itself and at those before it. The window of a payment holds what
came less than `window` before it, the payment included. A measure that is `rising` is the worse the
more it is; the weights of its bands may not fall then, nor rise of one that is not. What a measure
cannot tell is UNKNOWN, and falls into a band of that name.

`by` names the key under which payments are counted together: those of one payer, one payee, the
same linked group, one pair of both, or payments between the same two groups.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from clearhouse.core.monitoring.batch import Batch, Given, Truths
from clearhouse.core.monitoring.payments import UNKNOWN
from clearhouse.engines.monitoring import Int64s, Line, share

DAY = 86_400_000_000  # microseconds


class Sort(StrEnum):
    """What kind of parameter it is."""

    SPAN = "span"  # "36h" or "90d"
    AMOUNT = "amount"  # "9500.00" of the programme's unit
    COUNT = "count"
    SHARE = "per mille"
    DIGITS = "digits"
    BY = "key"
    SIDE = "side"
    PLACES = "places"
    FLAG = "flag"
    HOPS = "hops"


BY = ("payer", "payee", "payer-group", "payee-group", "pair", "groups")
SIDES = ("payer", "payee")
FLAGS = ("third_party", "late_change")


@dataclass(frozen=True, slots=True)
class Measure:
    """A question that rules may ask."""

    meaning: str
    unit: str
    parameters: Mapping[str, Sort]
    number: Callable[[Batch, Given], Int64s]
    rising: bool = True
    unknown: bool = False  # whether it can be
    cut_off: Callable[[Batch, Given], Truths] | None = None  # where a limit was reached


def below_count(batch: Batch, given: Given) -> Int64s:
    """How many payments like this one there are in the window: just below a threshold."""
    line, inside = batch.below(given)
    return np.where(inside, line.window(given.span("window"))[0], 0)


def below_total(batch: Batch, given: Given) -> Int64s:
    """What they come to, in per mille of the threshold."""
    line, inside = batch.below(given)
    threshold = np.full(len(inside), given.whole("threshold"))
    return np.where(inside, share(line.window(given.span("window"))[1], threshold), 0)


def below_peak(batch: Batch, given: Given) -> Int64s:
    """Payments like this one in the window, in per mille of the baseline's busiest window."""
    now, peak = batch.windows_below(given)
    return share(now, np.maximum(peak, given.whole("usual")))


def below_members(batch: Batch, given: Given) -> Int64s:
    """How many parties of the group made them."""
    line, inside = batch.below(given)
    return np.where(inside, line.members(given.span("window"))[0], 0)


def below_members_cut(batch: Batch, given: Given) -> Truths:
    """Where the window has more payments than are looked at."""
    line, inside = batch.below(given)
    return inside & line.members(given.span("window"))[1]


def burst_count(batch: Batch, given: Given) -> Int64s:
    """Payments in the window, in per mille of what the baseline before it makes usual."""
    return _against_baseline(batch, given, 0)


def burst_value(batch: Batch, given: Given) -> Int64s:
    """Value in the window, in per mille of what the baseline before it makes usual."""
    return _against_baseline(batch, given, 1)


def _against_baseline(batch: Batch, given: Given, which: int) -> Int64s:
    """Compare a window with the baseline before it, as long as a window.

    What a party usually does is taken for at least `usual`, so that little or no history does not
    make everything a burst.
    """
    return _beside_usual(batch.by(given), given, which)


def peak_count(batch: Batch, given: Given) -> Int64s:
    """Payments in the window, in per mille of the busiest window of the baseline before it."""
    return _against_peak(batch, given, 0)


def peak_value(batch: Batch, given: Given) -> Int64s:
    """Value in the window, in per mille of the window of the baseline with the most of it."""
    return _against_peak(batch, given, 1)


def _against_peak(batch: Batch, given: Given, which: int) -> Int64s:
    """Compare a window with the greatest of those before it; that is at least `usual`.

    So a payroll of each month, or a season that comes again within the baseline, is no burst.
    """
    now, peak = batch.windows(given, which)
    return share(now, np.maximum(peak, given.whole("usual")))


def income_burst(batch: Batch, given: Given) -> Int64s:
    """What the payer was paid in the window, in per mille of what the baseline makes usual."""
    return _beside_usual(batch.received(), given, 1)


def _beside_usual(line: Line, given: Given, which: int) -> Int64s:
    window, baseline = given.span("window"), given.span("baseline")
    now = line.window(window)[which]
    before = line.window(window + baseline)[which] - now
    usual = np.maximum(before // max(1, baseline // window), given.whole("usual"))
    return share(now, usual)


def dormant_days(batch: Batch, given: Given) -> Int64s:
    """Days without any payment before the window, if there are `least` in the window."""
    line = batch.by(given)
    many = line.window(given.span("window"))[0] >= given.whole("least")
    return np.where(many, line.gap(given.span("window")) // DAY, 0)


def size(batch: Batch, given: Given) -> Int64s:
    """The payment's value in per mille of the mean of those before it, if there are `least`."""
    line = batch.by(given)
    linked, total = line.window(given.span("baseline"))
    linked, total = linked - 1, total - batch.columns.value
    enough = (linked >= given.whole("least")) & (total > 0)
    return np.where(enough, share(batch.columns.value, total // np.maximum(linked, 1)), 0)


def passed_share(batch: Batch, given: Given) -> Int64s:
    """What the payer paid in the window in per mille of what it was paid, or the other way round.

    The lesser of both by the greater: 1000 if all was passed on. Nothing if it was paid less than
    `least`.
    """
    out = batch.series("payer").window(given.span("window"))[1]
    into = batch.received().window(given.span("window"))[1]
    passed = share(np.minimum(out, into), np.maximum(out, into))
    return np.where(into >= given.whole("least"), passed, 0)


def fresh_count(batch: Batch, given: Given) -> Int64s:
    """How many the key dealt with in the window with whom it had not for the time `fresh`.

    Of a payer these are payees, of a payee payers. Nothing is fresh before the key has `after`
    payments.
    """
    return batch.fresh(given, "pair").window(given.span("window"))[0]


def income_fresh(batch: Batch, given: Given) -> Int64s:
    """How many paid the payer in the window who had not for the time `fresh`."""
    return batch.fresh_received(given).window(given.span("window"))[0]


def corridor_count(batch: Batch, given: Given) -> Int64s:
    """The same for the countries that the payer paid to, if this payment goes to such a one."""
    line = batch.fresh(given, "corridor")
    found = np.where(line.inside, line.window(given.span("window"))[0], 0)
    return np.where(batch.nowhere(), UNKNOWN, found)


def round_trip_share(batch: Batch, given: Given) -> Int64s:
    """How much of the value had come from the payee's group, over one to four payments."""
    return batch.rounds(given)[0]


def round_trip_cut(batch: Batch, given: Given) -> Truths:
    """Where the search was given up."""
    return batch.rounds(given)[1]


def round_trip_count(batch: Batch, given: Given) -> Int64s:
    """How many payments of the payer's group closed such a round in `period`, this one as well."""
    line, _ = batch.round_trips(given)
    return np.where(line.inside, line.window(given.span("period"))[0], 0)


def round_trip_count_cut(batch: Batch, given: Given) -> Truths:
    """Where that was so of any of the group's payments in `period`."""
    _, given_up = batch.round_trips(given)
    return given_up.window(given.span("period"))[0] > 0


def round_sum_count(batch: Batch, given: Given) -> Int64s:
    """How many payments of the key in the window are of round amounts, this one as well."""
    line, inside = batch.round_sums(given)
    return np.where(inside, line.window(given.span("window"))[0], 0)


def round_sum_share(batch: Batch, given: Given) -> Int64s:
    """How many those are of the key's payments in the window, if these are `least` or more."""
    line, inside = batch.round_sums(given)
    whole = batch.by(given).window(given.span("window"))[0]
    found = share(line.window(given.span("window"))[0], whole)
    return np.where(inside & (whole >= given.whole("least")), found, 0)


def repeated_count(batch: Batch, given: Given) -> Int64s:
    """How many payments of the key in the window are of just this amount, from a value on."""
    line, inside = batch.repeated(given)
    return np.where(inside, line.window(given.span("window"))[0], 0)


def exposure(batch: Batch, given: Given) -> Int64s:  # noqa: ARG001 - it is told nothing
    """Per mille of the payment's own value that comes from flagged sources."""
    return batch.columns.exposure


def exposure_share(batch: Batch, given: Given) -> Int64s:
    """The same of all value in the window of which it is known; unknown if none is."""
    flagged, known = batch.exposed(given)
    window = given.span("window")
    count, whole = known.window(window)
    return np.where(count > 0, share(flagged.window(window)[1], whole), UNKNOWN)


def exposure_total(batch: Batch, given: Given) -> Int64s:
    """Flagged value in the window, in per mille of the threshold."""
    flagged, _ = batch.exposed(given)
    threshold = np.full(len(batch.columns.at), given.whole("threshold"))
    return share(flagged.window(given.span("window"))[1], threshold)


def rating(batch: Batch, given: Given) -> Int64s:
    """How one side is rated: 0 low, 1 medium, 2 high, 3 not to be dealt with."""
    return batch.column(f"{given.text('side')}_rating")


def admitted_days(batch: Batch, given: Given) -> Int64s:
    """For how many days one side has been a participant."""
    return batch.column(f"{given.text('side')}_days")


def flag(batch: Batch, given: Given) -> Int64s:
    """1 if what the flag names is so, 0 if it is not."""
    return batch.column(given.text("flag"))


def places_count(batch: Batch, given: Given) -> Int64s:
    """How many ends of the payment lie in one of the places; unknown if none, and an end is."""
    inside, is_hidden = batch.in_places(given)
    return np.where((inside == 0) & is_hidden, UNKNOWN, inside)


def places_share(batch: Batch, given: Given) -> Int64s:
    """Value in the window with an end there, in per mille of what is known, from `least` on.

    Nothing if the payment has none, or the value of all in the window is less than `least`.
    """
    inside, is_hidden = batch.in_places(given)
    there, known = batch.through_places(given)
    window = given.span("window")
    whole = batch.by(given).window(window)[1]
    found = share(there.window(window)[1], known.window(window)[1])
    found = np.where((inside == 0) & is_hidden, UNKNOWN, np.where(inside > 0, found, 0))
    return np.where(whole >= given.whole("least"), found, 0)


WINDOW = {"by": Sort.BY, "window": Sort.SPAN}
BELOW = {**WINDOW, "threshold": Sort.AMOUNT, "from": Sort.SHARE}
FRESH = {"window": Sort.SPAN, "fresh": Sort.SPAN, "after": Sort.COUNT}
ROUND_TRIP = {"window": Sort.SPAN, "hops": Sort.HOPS, "slack": Sort.SHARE}
SUMS = {**WINDOW, "digits": Sort.DIGITS, "from": Sort.AMOUNT}

_TABLE: tuple[tuple[str, str, Mapping[str, Sort], Callable[[Batch, Given], Int64s]], ...] = (
    ("below.count", "payments", BELOW, below_count),
    ("below.total", "per mille", BELOW, below_total),
    ("below.members", "parties", BELOW, below_members),
    (
        "below.peak",
        "per mille",
        {**BELOW, "baseline": Sort.SPAN, "usual": Sort.COUNT},
        below_peak,
    ),
    (
        "burst.count",
        "per mille",
        {**WINDOW, "baseline": Sort.SPAN, "usual": Sort.COUNT},
        burst_count,
    ),
    (
        "burst.value",
        "per mille",
        {**WINDOW, "baseline": Sort.SPAN, "usual": Sort.AMOUNT},
        burst_value,
    ),
    (
        "peak.count",
        "per mille",
        {**WINDOW, "baseline": Sort.SPAN, "usual": Sort.COUNT},
        peak_count,
    ),
    (
        "peak.value",
        "per mille",
        {**WINDOW, "baseline": Sort.SPAN, "usual": Sort.AMOUNT},
        peak_value,
    ),
    (
        "income.burst",
        "per mille",
        {"window": Sort.SPAN, "baseline": Sort.SPAN, "usual": Sort.AMOUNT},
        income_burst,
    ),
    ("dormant.days", "days", {**WINDOW, "least": Sort.COUNT}, dormant_days),
    ("size", "per mille", {"by": Sort.BY, "baseline": Sort.SPAN, "least": Sort.COUNT}, size),
    ("passed.share", "per mille", {"window": Sort.SPAN, "least": Sort.AMOUNT}, passed_share),
    ("fresh.count", "parties", {"side": Sort.SIDE, **FRESH}, fresh_count),
    ("income.fresh", "parties", FRESH, income_fresh),
    ("round-trip.share", "per mille", ROUND_TRIP, round_trip_share),
    ("round-trip.count", "payments", {**ROUND_TRIP, "period": Sort.SPAN}, round_trip_count),
    ("round-sum.count", "payments", SUMS, round_sum_count),
    ("round-sum.share", "per mille", {**SUMS, "least": Sort.COUNT}, round_sum_share),
    ("repeated.count", "payments", {**WINDOW, "from": Sort.AMOUNT}, repeated_count),
    ("exposure.total", "per mille", {**WINDOW, "threshold": Sort.AMOUNT}, exposure_total),
)
_UNKNOWN: tuple[tuple[str, str, Mapping[str, Sort], Callable[[Batch, Given], Int64s]], ...] = (
    ("exposure", "per mille", {}, exposure),
    ("exposure.share", "per mille", WINDOW, exposure_share),
    ("rating", "rating", {"side": Sort.SIDE}, rating),
    ("admitted.days", "days", {"side": Sort.SIDE}, admitted_days),
    ("flag", "truth", {"flag": Sort.FLAG}, flag),
    ("corridor.count", "countries", FRESH, corridor_count),
    ("places.count", "ends", {"places": Sort.PLACES}, places_count),
    (
        "places.share",
        "per mille",
        {**WINDOW, "places": Sort.PLACES, "least": Sort.AMOUNT},
        places_share,
    ),
)
FALLING = {"admitted.days"}
CUT_OFF: Mapping[str, Callable[[Batch, Given], Truths]] = {
    "below.members": below_members_cut,
    "round-trip.share": round_trip_cut,
    "round-trip.count": round_trip_count_cut,
}


def _measures() -> Mapping[str, Measure]:
    return {
        name: Measure(
            (number.__doc__ or "").partition("\n")[0],
            unit,
            parameters,
            number,
            rising=name not in FALLING,
            unknown=unknown,
            cut_off=CUT_OFF.get(name),
        )
        for table, unknown in ((_TABLE, False), (_UNKNOWN, True))
        for name, unit, parameters, number in table
    }


MEASURES = _measures()
