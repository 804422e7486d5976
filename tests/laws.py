"""The shipped law, and laws of every form that can be written, for what must hold under all.

A `Law` is what TOML reads from each of its files, by jurisdiction and subject: it can be joined
with more sentences, and `read` makes a rulebook of it.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from clearhouse.core.rulebook import (
    ADMISSION,
    CORRIDOR,
    STANDARDS,
    SUBJECTS,
    Class,
    Day,
    Outcome,
    Role,
    Rulebook,
    parse,
)
from clearhouse.core.rulebook.rule import DUES
from clearhouse.core.rulebook.schema import DEADLINE_UNITS, LINKS, WEEKDAYS
from clearhouse.core.rulebook.vocabulary import WORDS

RULEBOOKS = Path(__file__).parents[1] / "src" / "clearhouse" / "rulebooks"
TEXTS = {
    f"{file.parent.name}/{file.name}": file.read_text("utf-8")
    for file in sorted(RULEBOOKS.glob("*/*.toml"))
}

Content = dict[str, Any]
Law = Mapping[str, Content]
LISTS = ("rule", "standard", "fixing", "timetable", "closure", "programme")
LEIS = ("HWUPKR0MPOU8FGXBT394", "506700GE1G29325QX363")  # a buyer in XA, a seller in XB


def _by_name(contents: Sequence[Content]) -> Law:
    return {f"{one['jurisdiction']}/{one.get('subject', '')}": one for one in contents}


SHIPPED = _by_name([tomllib.loads(text) for text in TEXTS.values()])


def toml(value: object) -> str:
    """A value as TOML has it, on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            pairs = (f"{toml(key)} = {toml(each)}" for key, each in value.items())
            return "{ " + ", ".join(pairs) + " }"
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case _:
            return str(value)


def read(law: Law) -> Rulebook:
    """The rulebook of a law's files."""
    return parse(
        {
            name: "".join(f"{key} = {toml(value)}\n" for key, value in content.items())
            for name, content in law.items()
        }
    )


def joined(law: Law, more: Law) -> Law:
    """A law with more sentences; what a country said on a standard gives way to what is added."""
    made = deepcopy(dict(law))
    for name, content in more.items():
        here = made.setdefault(name, {})
        said = {one["standard"] for one in content.get("standard", ())}
        kept = {
            key: [one for one in here.get(key, ()) if one.get("standard") not in said]
            for key in LISTS
        }
        here |= {
            key: [*kept[key], *value] if key in LISTS else value for key, value in content.items()
        }
    return made


def country(code: str, weekend: Sequence[str] = ("Sunday",)) -> dict[str, Content]:
    """A jurisdiction that has no law yet."""
    name = f"Country {code}"
    return {f"{code}/": {"jurisdiction": code, "name": name, "zone": "UTC", "weekend": [*weekend]}}


def on_subject(code: str, subject: str, **lists: Sequence[Content]) -> Law:
    """A country's law on a subject."""
    content = {"jurisdiction": code, "subject": subject, **lists}
    return {f"{code}/{subject}": content}


def tightened(
    code: str, standard: str, bound: int, start: date, end: date | None = None
) -> Content:
    """What a country says on a standard."""
    known = STANDARDS[standard]
    return {
        "id": f"{code}.standard.{standard}",
        "citation": f"standards, {standard}",
        "effective_from": start,
        **({"effective_to": end} if end else {}),
        "standard": standard,
        "value": bound,
        "unit": known.unit,
        "met": [bound],
        "missed": [bound + 1 if known.at_most else bound - 1],
    }


def _allowing(code: str, subject: str) -> Law:
    """All is allowed, whoever asks."""
    rules = [
        {
            "id": f"{code}.{subject}.allowed-{number}",
            "says": "All is allowed.",
            "citation": "art. 1",
            "effective_from": date(2020, 1, 1),
            "applies_to": {"roles": roles},
            "outcome": "ALLOW",
            "waivable": True,
            "vectors": {"fires": [{}]},
        }
        for number, roles in enumerate((["debtor", "creditor"], ["transaction"]))
        if subject != ADMISSION or roles != ["transaction"]  # an admission is of a side
    ]
    return on_subject(code, subject, rule=rules)


BARE = {**country("XA"), **country("XB")}  # two countries that have no law yet
# As lax as law can be: both open all that needs opening, and have no standards at all.
OPEN = BARE | dict(
    each
    for code, subject in product(("XA", "XB"), (ADMISSION, CORRIDOR))
    for each in _allowing(code, subject).items()
)
KNOWN = {"shipped": SHIPPED, "open": OPEN, "bare": BARE}


def some(words: Sequence[str], most: int = 4) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=most, unique=True)


@st.composite
def conditions(draw: st.DrawFn, whose: str, start: date, end: date) -> tuple[str, Content, Content]:
    """A condition, what else its rule must say, and facts under which it holds.

    The house knows where parties reside, what they are licensed as, the days, the amount, and what
    is linked; it knows nothing of wallets and where coins come from, and here it has no rates.
    """
    places, classes = draw(some(("XA", "XB", "--"))), draw(some([*Class]))
    currency, limit = draw(st.sampled_from(["USD", "EUR"])), draw(st.sampled_from(["0.01", "1.01"]))
    day, most = draw(st.dates(start, end)), draw(st.integers(2, 10))
    rate = {"name": draw(st.sampled_from(["fixing", "official"])), "on": draw(st.sampled_from(Day))}
    links = [by for by in LINKS if whose == "other" or by != "party"]  # the whole has no party
    window = {"by": draw(st.sampled_from(links)), "days": draw(st.integers(1, 3660))}
    asked: list[tuple[str, Content, Content]] = [
        ("true", {}, {}),
        (
            f"{whose}.residence in places",
            {"parameters": {"places": {"value": places, "unit": "jurisdiction"}}},
            {f"{whose}.residence": places[0]},
        ),
        (
            f"!sets.intersects({whose}.licences, classes)",
            {"parameters": {"classes": {"value": classes, "unit": "class"}}},
            {f"{whose}.licences": []},
        ),
        (
            f"amount.{currency} >= limit",
            {"parameters": {"limit": {"value": limit, "unit": currency}}, "rate": rate},
            {f"amount.{currency}": "5000.00"},
        ),
        (
            "on >= day",
            {"parameters": {"day": {"value": day, "unit": "day"}}},
            {"on": day},
        ),
        (
            "window.count < most",
            {"parameters": {"most": {"value": most, "unit": "count"}}, "window": window},
            {"window.count": 1},
        ),
        (f'{whose}.wallet == "hosted"', {}, {f"{whose}.wallet": "hosted"}),
        (f"!{whose}.record_complete", {}, {f"{whose}.record_complete": False}),
        ('origin in ["mined", "mixed"]', {}, {"origin": "mixed"}),
    ]
    return draw(st.sampled_from(asked))


@st.composite
def scopes(draw: st.DrawFn) -> Content:
    """To whom and to what a rule applies."""
    one, other, whole = ([str(role)] for role in Role)
    scope: Content = {"roles": draw(st.sampled_from([one, other, one + other, whole]))}
    for key, words in (("assets", WORDS["asset"]), ("transactions", WORDS["transaction"])):
        if draw(st.integers(0, 3)) == 0:
            scope[key] = draw(some(words))
    if scope["roles"] != whole and draw(st.booleans()):
        scope["classes"] = draw(some([*Class]))
    return scope


def spans() -> st.SearchStrategy[tuple[date, date | None]]:
    """First and last day in force, around the days of trade."""
    starts = st.dates(date(2026, 2, 25), date(2026, 3, 5)) | st.just(date(2020, 1, 1))
    return starts.flatmap(
        lambda start: st.tuples(
            st.just(start), st.none() | st.dates(start, start + timedelta(days=5))
        )
    )


@st.composite
def rules(draw: st.DrawFn, code: str, number: int, subject: str) -> Content:
    """Any rule; `number` is its own in its country."""
    (start, end), scope, outcome = draw(spans()), draw(scopes()), draw(st.sampled_from(Outcome))
    if subject == ADMISSION and scope["roles"] == [Role.TRANSACTION]:
        scope["roles"] = [str(Role.DEBTOR)]
    sides = ["debtor", "creditor"] if scope["roles"] == [Role.TRANSACTION] else ["other"]
    whose = draw(st.sampled_from(sides))
    when, needs, facts = draw(conditions(whose, start, end or start + timedelta(days=5)))
    if subject == ADMISSION:  # asks for nothing but the side itself
        when, needs, facts = "true", {}, {}
    rule: Content = {
        "id": f"{code}.rule.r{number}",
        "says": f"{outcome} {when}.",
        "citation": f"art. {number}",
        "effective_from": start,
        "applies_to": scope,
        "outcome": outcome,
        # True on every day, and no two rules ask the same: law must not contradict itself.
        "when": f"{when} && month_day > {number}",
        "waivable": draw(st.booleans()),
        "source": draw(st.sampled_from(["S", "S2", "R"])),
        "vectors": {"fires": [facts]},
        **needs,
    }
    if end:
        rule["effective_to"] = end
    if draw(st.booleans()):
        rule["transition"] = {"on": draw(st.sampled_from(Day)), "citation": "art. 99"}
    if draw(st.booleans()):
        unit = draw(st.sampled_from(DEADLINE_UNITS))
        rule["deadline"] = {"count": draw(st.integers(1, 28)), "unit": unit, "zone": "UTC"}
    if outcome in DUES:
        rule["due"] = {"what": "a report", "to": "the treasury"}
    return rule


@st.composite
def standards(draw: st.DrawFn, code: str) -> list[Content]:
    """What a country may say on standards: any value that can be written, lax ones too."""
    said = []
    for name in draw(some([*STANDARDS], len(STANDARDS)) | st.just([])):
        known = STANDARDS[name]
        bounds = st.sampled_from([known.least, known.core, known.most])
        bound = draw(bounds | st.integers(known.least, known.most))
        said.append(tightened(code, name, bound, *draw(spans())))
    return said


@st.composite
def programmes(draw: st.DrawFn, code: str, law: Law) -> Content:
    """A pilot regime that waives what may be waived in a country, some of it or all."""
    said = [
        (rule["id"], rule.get("waivable", False) and each.get("subject") != ADMISSION)
        for each in law.values()
        for rule in each.get("rule", ())
        if each["jurisdiction"] == code
    ]
    ids = sorted({id for id, _ in said} - {id for id, waivable in said if not waivable})
    start, end = draw(spans())
    programme: Content = {
        "id": f"{code}.programme.pilot",
        "says": "It is tried.",
        "citation": "art. 98",
        "effective_from": start,
        "effective_to": end or start + timedelta(days=9),
        "approvals": [
            {"authority": name, "reference": f"{name} 1", "on": start}
            for name in ("Treasury", "Central Bank")
        ],
        "participants": draw(some(LEIS)),
        "transactions": draw(some(WORDS["transaction"]) | st.just([*WORDS["transaction"]])),
        "waives": draw(st.just(ids) | st.sets(st.sampled_from(ids)).map(sorted)) if ids else [],
    }
    if draw(st.booleans()):
        cap = {"value": draw(st.sampled_from(["0.99", "1.00"])), "unit": "USD"}
        programme["caps"] = {draw(st.sampled_from(["payment", "total"])): cap}
        programme["rate"] = {"name": "fixing", "on": draw(st.sampled_from(Day))}
    return programme


@st.composite
def sentences(draw: st.DrawFn, code: str, most: int = 5) -> Law:
    """Law of a country on any subjects."""
    law = on_subject(code, "standards", standard=draw(standards(code)))
    for number in range(draw(st.integers(0, most))):
        subject = draw(st.sampled_from([*SUBJECTS]))
        law = joined(law, on_subject(code, subject, rule=[draw(rules(code, number, subject))]))
    return law


@st.composite
def countries(draw: st.DrawFn, code: str) -> Law:
    """A country, and any law it may have."""
    # A day of the week is worked everywhere.
    return joined(country(code, draw(some(WEEKDAYS[3:], 3))), draw(sentences(code)))


@dataclass(frozen=True)
class Drawn:
    """A known law with drawn sentences beside its own; as short to print as what was drawn."""

    known: str
    more: Law
    ends: Mapping[str, date] = field(default_factory=dict)  # of a country's corridor

    def files(self) -> Law:
        law = joined(KNOWN[self.known], self.more)
        for code, day in self.ends.items():
            corridor = law[f"{code}/corridor"]["rule"]
            (opened,) = (rule for rule in corridor if rule["id"] == f"{code}.corridor.open")
            opened["effective_to"] = day
        return law

    def read(self) -> Rulebook:
        return read(self.files())


@st.composite
def tried(draw: st.DrawFn, law: Drawn) -> Drawn:
    """A law, perhaps with pilot regimes under it."""
    more = law.more
    for code in ("XA", "XB"):
        if draw(st.booleans()):
            pilot = draw(programmes(code, law.files()))
            more = joined(more, on_subject(code, "programmes", programme=[pilot]))
    return replace(law, more=more)


@st.composite
def laws(draw: st.DrawFn) -> Drawn:
    """Any law of XA and XB and perhaps others, mostly one under which the two trade at all."""
    known = draw(st.sampled_from(["shipped", "open", "open", "open", "bare"]))
    more = joined(draw(sentences("XA")), draw(sentences("XB")))
    for code in draw(st.sets(st.sampled_from(["YC", "YD"]))):
        more = joined(more, draw(countries(code)))
    if known == "bare" and not any(content.get("rule") for content in more.values()):
        known = "shipped"  # without any rule it would be no law
    return draw(tried(Drawn(known, more)))


@st.composite
def moving_laws(draw: st.DrawFn) -> Drawn:
    """The shipped law, with rules that begin and end around the days of trade."""
    more = joined(draw(sentences("XA")), draw(sentences("XB")))
    days = st.dates(date(2026, 2, 24), date(2026, 3, 4))
    ends = draw(st.dictionaries(st.sampled_from(["XA", "XB"]), days))
    return draw(tried(Drawn("shipped", more, ends)))
