"""Read a programme from its files, or refuse it by file and line."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise
from typing import Any

import jsonschema_rs

from clearhouse.core.canonical import canonical
from clearhouse.core.monitoring.cases import (
    check_bands,
    check_outcomes,
    read_amount,
    read_time,
)
from clearhouse.core.monitoring.judging import Outcome
from clearhouse.core.monitoring.measures import BY, FLAGS, MEASURES, SIDES, Measure, Sort
from clearhouse.core.monitoring.payments import DIGITS_MAX, VALUE_MAX, PaymentMalformed
from clearhouse.core.monitoring.programme import (
    CUT_BAND,
    MILLE,
    UNKNOWN_BAND,
    Band,
    Case,
    Programme,
    Rule,
    Typology,
    Value,
)
from clearhouse.core.monitoring.schema import form
from clearhouse.core.monitoring.wrong import (
    BandsBroken,
    Place,
    ProgrammeMalformed,
    ThresholdOutOfReach,
    WeightsBroken,
)
from clearhouse.core.rulebook.source import Source, read
from clearhouse.engines.monitoring.rounds import HOPS_MAX

FORM = jsonschema_rs.validator_for(form())
DAYS_MAX = 3660
COUNT_MAX = 10**6
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
WORDS: Mapping[Sort, Sequence[str]] = {Sort.BY: BY, Sort.SIDE: SIDES, Sort.FLAG: FLAGS}
WHOLES = {
    Sort.COUNT: (0, COUNT_MAX),
    Sort.SHARE: (0, MILLE - 1),
    Sort.HOPS: (2, HOPS_MAX),
    Sort.DIGITS: (1, DIGITS_MAX),
}
# Of these parameters the second is no less than the first.
LONGER = (("window", "fresh"), ("window", "baseline"), ("window", "period"))


def parse(files: Mapping[str, str]) -> Programme:
    """Read a programme from its files.

    Args:
        files: TOML text by file name.

    Raises:
        Refusal: With the file and, where it is known, the line: one of those in `wrong`.
    """
    sources = []
    for name, text in sorted(files.items()):
        try:
            source = read(name, text)
        except (ValueError, RecursionError) as trouble:
            raise ProgrammeMalformed(
                f"{name}: {trouble}", file=name, line="", named=""
            ) from trouble
        _check_form(source)
        sources.append(source)
    if not sources:
        raise ProgrammeMalformed("there is no file")
    return _assembled(sources)


def _check_form(source: Source) -> None:
    for error in FORM.iter_errors(source.content):
        place = Place(source, tuple(error.instance_path))
        said = ".".join(map(str, place.path))
        raise ProgrammeMalformed(place.says(f"{said}: {error.message}"), **place.context)


def _assembled(sources: Sequence[Source]) -> Programme:
    unit = str(sources[0].content["unit"])
    for source in sources:
        if source.content["unit"] != unit:
            place = Place(source, ("unit",))
            raise ProgrammeMalformed(place.says(f"other files are in {unit}"), **place.context)
    rules: dict[str, Rule] = {}
    for table, place in _each(sources, "rule"):
        _check_once(table["id"], rules, place)
        rules[table["id"]] = _rule(table, unit, place)
    typologies: dict[str, Typology] = {}
    for table, place in _each(sources, "typology"):
        _check_once(table["id"], typologies, place)
        typology = typologies[table["id"]] = _typology(table, rules, place)
        with _payments_of(place):
            check_outcomes(typology, [rules[id] for id in sorted(typology.weights)], unit, place)
    if not typologies:
        raise ProgrammeMalformed("there is no typology")
    weighed = {id for one in typologies.values() for id in one.weights}
    for table, place in _each(sources, "rule"):
        if table["id"] not in weighed:
            raise ProgrammeMalformed(place.says("no typology weighs it"), **place.context)
    body = _body(sources)
    return Programme(
        sha256(body.encode()).hexdigest(),
        body,
        unit,
        tuple(rules[id] for id in sorted(rules)),
        tuple(typologies[id] for id in sorted(typologies)),
    )


def _each(sources: Iterable[Source], kind: str) -> Iterator[tuple[Any, Place]]:
    """The tables of one kind, and where they stand."""
    for source in sources:
        content: Any = source.content
        for number, table in enumerate(content.get(kind, ())):
            yield table, Place(source, (kind, number), table["id"])


def _check_once(id: str, known: Mapping[str, object], place: Place) -> None:
    if id in known:
        raise ProgrammeMalformed(place.says("there are two of it"), **place.context)


def _body(sources: Sequence[Source]) -> str:
    """The canonical form: what is said, whatever the files are called and in whatever order."""
    said: dict[str, dict[str, object]] = {"rule": {}, "typology": {}}
    for kind, tables in said.items():
        for table, _ in _each(sources, kind):
            tables[table["id"]] = table
    return canonical(_texts({"unit": sources[0].content["unit"], **said}))


def _texts(value: object) -> object:
    """Numbers as texts, as all canonical JSON here has them; keys in ASCII."""
    match value:
        case dict():
            return {json.dumps(key)[1:-1]: _texts(each) for key, each in value.items()}
        case list():
            return [_texts(each) for each in value]
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            return value


def _rule(table: Any, unit: str, place: Place) -> Rule:
    measure = MEASURES[table["measure"]]
    bands = _bands(table["bands"], place / "bands")
    calm = bands[0 if measure.rising else -1].name
    rule = Rule(
        id=table["id"],
        says=table["says"],
        citation=table["citation"],
        source=table["source"],
        measure=table["measure"],
        given=_given(table["given"], measure, unit, place / "given"),
        bands=bands,
        cases=_cases(table, "band", calm),
    )
    with _payments_of(place):
        check_bands(rule, unit, place)
    return rule


def _cases(table: Any, key: str, calm: str) -> tuple[Case, ...]:
    return tuple(
        Case(one["says"], tuple(one["payments"]), one.get(key, calm), kind == "planted")
        for kind in ("planted", "near")
        for one in table[kind]
    )


@contextmanager
def _payments_of(place: Place) -> Iterator[None]:
    """A payment of a case that cannot be judged is the file's fault."""
    try:
        yield
    except PaymentMalformed as trouble:
        raise ProgrammeMalformed(place.says(trouble.detail), **place.context) from trouble


def _bands(tables: Any, place: Place) -> tuple[Band, ...]:
    bands = tuple(Band(one["name"], one.get("from", 0), one.get("below")) for one in tables)
    if len({band.name for band in bands}) < len(bands):
        raise BandsBroken(place.says("two bands have one name"), **place.context)
    if bands[0].least:
        raise BandsBroken(place.says("the first band begins at 0"), **place.context)
    for number, (band, following) in enumerate(pairwise(bands)):
        if band.below is None or band.below <= band.least:
            raise BandsBroken(place.says(f"{band.name} holds nothing"), **place.context)
        if band.below != following.least:
            at = place / (number + 1)
            what = "leaves a gap" if band.below < following.least else "overlaps"
            raise BandsBroken(
                at.says(
                    f"{following.name} {what}: it begins at {following.least}, and {band.name}"
                    f" ends below {band.below}"
                ),
                **at.context,
            )
    if bands[-1].below is not None:
        raise BandsBroken(place.says("the last band has no end"), **place.context)
    return bands


def _given(said: Any, measure: Measure, unit: str, place: Place) -> Mapping[str, Value]:
    if missing := sorted(measure.parameters.keys() - said.keys()):
        raise ProgrammeMalformed(place.says(f"it lacks {missing[0]}"), **place.context)
    if more := sorted(said.keys() - measure.parameters.keys()):
        raise ProgrammeMalformed(place.says(f"its measure knows no {more[0]}"), **place.context)
    given = {}
    for name, sort in measure.parameters.items():
        value = _value(said[name], sort, unit)
        if value is None:
            at = place / name
            raise ProgrammeMalformed(at.says(f"{said[name]!r} is no {sort}"), **at.context)
        given[name] = value
    for less, more_ in LONGER:
        one, other = given.get(less), given.get(more_)
        if one is not None and other is not None and other < one:  # type: ignore[operator]
            at = place / more_
            raise ProgrammeMalformed(at.says(f"{more_} is shorter than {less}"), **at.context)
    return given


def _value(said: Any, sort: Sort, unit: str) -> Value | None:
    """A parameter as the measure has it; None if it is none of its sort."""
    match sort, said:
        case Sort.SPAN, str():
            span = read_time(said)
            return span if span and span.days <= DAYS_MAX else None
        case Sort.AMOUNT, str():
            amount = read_amount(said, unit)
            return amount if amount is not None and 0 < amount <= VALUE_MAX else None
        case ((Sort.BY | Sort.SIDE | Sort.FLAG), str()) if said in WORDS[sort]:
            return said
        case Sort.PLACES, list():
            fit = all(isinstance(one, str) and COUNTRY.fullmatch(one) for one in said)
            return tuple(sorted(said)) if said and fit and len(set(said)) == len(said) else None
        case ((Sort.COUNT | Sort.SHARE | Sort.HOPS | Sort.DIGITS), int()) if not isinstance(
            said, bool
        ):
            least, most = WHOLES[sort]
            return said if least <= said <= most else None
        case _:
            return None


def _typology(table: Any, rules: Mapping[str, Rule], place: Place) -> Typology:
    weights = table["weights"]
    least, most = 0, 0
    for id, said in weights.items():
        at = place / "weights" / id
        if id not in rules:
            raise WeightsBroken(at.says(f"there is no rule {id}"), **at.context)
        _check_weights(said, rules[id], at)
        least, most = least + min(said.values()), most + max(said.values())
    if most != MILLE:
        at = place / "weights"
        raise WeightsBroken(at.says(f"the greatest come to {most}, not {MILLE}"), **at.context)
    alert, interdict = table["alert"], table["interdict"]
    if alert <= least:
        at = place / "alert"
        raise ThresholdOutOfReach(at.says(f"{alert}: every payment has {least}"), **at.context)
    if interdict < alert:
        at = place / "interdict"
        raise ThresholdOutOfReach(at.says(f"{interdict} is below the alert's"), **at.context)
    if interdict > MILLE:
        at = place / "interdict"
        raise ThresholdOutOfReach(at.says(f"{interdict}: nothing has more"), **at.context)
    return Typology(
        id=table["id"],
        number=table["version"],
        says=table["says"],
        alert=alert,
        interdict=interdict,
        weights=weights,
        cases=_cases(table, "outcome", Outcome.NOTHING),
    )


def _check_weights(said: Mapping[str, int], rule: Rule, place: Place) -> None:
    measure = MEASURES[rule.measure]
    names = [band.name for band in rule.bands]
    wanted = set(names)
    if measure.unknown:
        wanted.add(UNKNOWN_BAND)
    if measure.cut_off:
        wanted.add(CUT_BAND)
    if strange := sorted(said.keys() - wanted):
        raise WeightsBroken(place.says(f"it has no band {strange[0]}"), **place.context)
    if missing := sorted(wanted - said.keys()):
        raise WeightsBroken(place.says(f"{missing[0]} has no weight"), **place.context)
    steps = [said[name] for name in (names if measure.rising else reversed(names))]
    if steps != sorted(steps):
        raise WeightsBroken(place.says("what is worse weighs less"), **place.context)
    if measure.unknown and said[UNKNOWN_BAND] < steps[0]:
        raise WeightsBroken(
            place.says("not to be known weighs less than to be harmless"), **place.context
        )
    if measure.cut_off and said[CUT_BAND] <= steps[0]:
        raise WeightsBroken(
            place.says("not to be looked at weighs no more than to be harmless"), **place.context
        )
