"""Cases of a rule or typology: small histories in lines, and what the last payment must come to.

A line says when, who pays whom, how much, and what else is known:

    "2d12h A>B 9500.00 payer-group=g exposure=300"
    "2d12h A>B 9500.00 asset=xbt amount=10000000"
    "0d..60d/10d A>B 100.00"          seven payments, each ten days after the one before
    "0h..5h/1h P#>B 100.00"           of six payers, P0 to P5

What is not said is not known; nobody is linked to anybody.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from clearhouse.core.money import AMOUNT_FORM
from clearhouse.core.monitoring.batch import Batch, Given, Past
from clearhouse.core.monitoring.judging import Monitor, band_of
from clearhouse.core.monitoring.measures import MEASURES
from clearhouse.core.monitoring.payments import EPOCH, Payment
from clearhouse.core.monitoring.programme import (
    UNKNOWN_BAND,
    Case,
    Programme,
    Rule,
    Typology,
)
from clearhouse.core.monitoring.wrong import CaseFails, Place, ProgrammeMalformed
from clearhouse.core.rulebook.vocabulary import CURRENCIES

PAYMENTS_MAX = 2_000  # of one case
START = EPOCH + timedelta(days=20_000)
TIME = r"(?:[0-9]{1,5}d)?(?:[0-9]{1,4}h)?(?:[0-9]{1,4}m)?"
LINE = re.compile(
    rf"(?P<first>{TIME})(?:\.\.(?P<last>{TIME})/(?P<step>{TIME}))?"
    r" (?P<payer>[A-Z][A-Za-z0-9]*#?)>(?P<payee>[A-Z][A-Za-z0-9]*#?)"
    r" (?P<value>[0-9.]+)(?P<known>(?: [a-z-]+=[A-Za-z0-9]+)*)",
    re.ASCII,
)
PART = re.compile(r"(?P<count>[0-9]+)(?P<unit>[dhm])", re.ASCII)
LONG: Mapping[str, timedelta] = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
TEXTS = {"asset", "payer-group", "payee-group", "payer-country", "payee-country"}
WHOLES = {"amount", "exposure", "payer-rating", "payee-rating", "payer-days", "payee-days"}
WHOLE_DIGITS_MAX = 18
TRUTHS = {"third-party", "late-change"}
WORDS = {"yes": True, "no": False}


def read_time(text: str) -> timedelta | None:
    """Read a time such as 3d12h; None if it is none."""
    if not text or not re.fullmatch(TIME, text):
        return None
    parts = PART.finditer(text)
    return sum((int(part["count"]) * LONG[part["unit"]] for part in parts), timedelta())


def read_amount(text: str, unit: str) -> int | None:
    """Read an amount of a unit, in its minor units; None if it is none."""
    form, places = AMOUNT_FORM.fullmatch(text), CURRENCIES[unit]
    if form is None or form["sign"] or len(text) > 18 or len(form["part"] or "") > places:  # noqa: PLR2004 - 64 bits
        return None
    return int(form["whole"] + (form["part"] or "").ljust(places, "0"))


def check_bands(rule: Rule, unit: str, place: Place) -> None:
    """See that a rule answers its own cases as they say.

    Raises:
        CaseFails: It does not.
        ProgrammeMalformed: A case cannot be read, or says less than a case must.
    """
    names = [band.name for band in rule.bands]
    calm = names[0 if MEASURES[rule.measure].rising else -1]
    for case, at in _each(rule.cases, place):
        if case.must not in {*names, UNKNOWN_BAND}:
            raise ProgrammeMalformed(
                at.says(f"it has no band {case.must}: {', '.join(names)}"), **at.context
            )
        if case.planted and case.must in {calm, UNKNOWN_BAND}:
            raise ProgrammeMalformed(
                at.says(f"what is planted is in another band than {case.must}"), **at.context
            )
        past = Past()
        batch = Batch(past.names.columns(list(read_payments(case, unit, at))), past)
        number = int(MEASURES[rule.measure].number(batch, Given(rule.given))[-1])
        _check(case, f"{number} is {band_of(rule, number)}", band_of(rule, number), at)


def check_outcomes(typology: Typology, rules: Sequence[Rule], unit: str, place: Place) -> None:
    """See that a typology judges its own cases as they say.

    Raises:
        CaseFails: It does not.
        ProgrammeMalformed: A case cannot be read.
    """
    alone = Programme("", "", unit, tuple(rules), (typology,))
    for case, at in _each(typology.cases, place):
        results = Monitor(alone).judge(list(read_payments(case, unit, at)))
        (verdict,) = results.result(len(results) - 1).verdicts
        _check(case, f"{verdict.score} is {verdict.outcome}", verdict.outcome, at)


def _each(cases: Iterable[Case], place: Place) -> Iterator[tuple[Case, Place]]:
    """Cases, and where they stand."""
    seen = {"planted": 0, "near": 0}
    for case in cases:
        kind = "planted" if case.planted else "near"
        yield case, place / kind / seen[kind]
        seen[kind] += 1


def _check(case: Case, said: str, found: str, place: Place) -> None:
    if found != case.must:
        raise CaseFails(
            place.says(f"its case fails: {said}, and not {case.must}: {case.says}"),
            **place.context,
        )


def read_payments(case: Case, unit: str, place: Place) -> Iterator[Payment]:
    """Read the payments of a case, in the order in which they are written and happen.

    Raises:
        ProgrammeMalformed: A line is none, or goes back in time.
    """
    latest, count = timedelta(), 0
    for number, line in enumerate(case.payments):
        at = place / "payments" / number
        form = LINE.fullmatch(line)
        first = read_time(form["first"]) if form else None
        if form is None or first is None:
            raise ProgrammeMalformed(at.says(f"{line!r} is no payment"), **at.context)
        value = read_amount(form["value"], unit)
        if value is None:
            raise ProgrammeMalformed(at.says(f"{form['value']!r}: no amount"), **at.context)
        if first < latest:
            raise ProgrammeMalformed(at.says(f"{line!r} goes back in time"), **at.context)
        known = read_known(form["known"], at)
        for turn, when in enumerate(_times(form, first, at)):
            latest, count = when, count + 1
            if count > PAYMENTS_MAX:
                raise ProgrammeMalformed(
                    at.says(f"a case has at most {PAYMENTS_MAX} payments"), **at.context
                )
            payer, payee = (form[side].replace("#", str(turn)) for side in ("payer", "payee"))
            yield Payment(f"p{count:05}", START + when, payer, payee, value, **known)


def _times(form: re.Match[str], first: timedelta, place: Place) -> Iterator[timedelta]:
    if form["last"] is None:
        yield first
        return
    last, step = read_time(form["last"]), read_time(form["step"])
    if last is None or not step or last < first:
        raise ProgrammeMalformed(place.says(f"{form[0]!r} has no times"), **place.context)
    for turn in range((last - first) // step + 1):
        yield first + turn * step


def read_known(text: str, place: Place) -> dict[str, Any]:
    """Read what else is known of a payment.

    Raises:
        ProgrammeMalformed: It is none of what can be known, or stands twice.
    """
    known: dict[str, Any] = {}
    for said in text.split():
        name, _, word = said.partition("=")
        field = name.replace("-", "_")
        if field in known:
            raise ProgrammeMalformed(place.says(f"{name} stands twice"), **place.context)
        if name in TEXTS:
            known[field] = word
        elif name in WHOLES and word.isdecimal() and len(word) <= WHOLE_DIGITS_MAX:
            known[field] = int(word)
        elif name in TRUTHS and word in WORDS:
            known[field] = WORDS[word]
        else:
            raise ProgrammeMalformed(place.says(f"{said!r} is not known"), **place.context)
    return known
