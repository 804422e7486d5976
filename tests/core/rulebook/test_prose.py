"""The law in words: nothing that decides is left out, and what changes is told line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import TEXTS, Content
from tests.pilots import programme
from tests.sentences import (
    BOTH,
    START,
    Sentence,
    files,
    fixing,
    opened,
    rule,
    standard,
    timetable,
)

from clearhouse.core.rulebook import SUBJECTS, Rule, Rulebook, parse, restore
from clearhouse.core.rulebook.law import Sentence as Read
from clearhouse.core.rulebook.prose import Change, changes, said, text
from clearhouse.core.rulebook.rule import (
    Closure,
    FixingRule,
    Programme,
    StandardRule,
    TimetableRule,
)
from clearhouse.core.rulebook.vocabulary import STANDARDS

LAW = parse(TEXTS)
END = date(2026, 12, 31)
SCOPE = "licensed as bank, miner or platform, for trade, in coin or asset-token"
FULL = "travel-rule.full-record-from"

CAP = rule(
    "XA.caps.week",
    "REPORT",
    "caps",
    roles=["debtor", "creditor"],
    scope={
        "classes": ["bank", "miner", "platform"],
        "assets": ["coin", "asset-token"],
        "transactions": ["trade"],
    },
    start=date(2026, 2, 3),
    end=END,
    when="window.total.EUR >= limit\n  && debtor.residence in places\n && on >= since",
    says="Above the limit a week's trade is told.",
    citation="Caps Act, s. 4(2)",
    source="S2",
    parameters={
        "limit": {"value": "1234.50", "unit": "EUR"},
        "places": {"value": ["XA", "XB"], "unit": "jurisdiction"},
        "since": {"value": date(2026, 2, 4), "unit": "day"},
    },
    rate={"name": "official", "on": "settlement"},
    window={"by": "pair", "days": 7},
    transition={"on": "trade", "citation": "Caps Act, s. 99"},
    deadline={"count": 5, "unit": "business-days", "zone": "Europe/Oslo", "time": "17:30"},
    due={"what": "the week's trade", "to": "the treasury"},
    waivable=True,
    fires=[{"window.total.EUR": "1234.50", "debtor.residence": "XA", "on": date(2026, 2, 4)}],
)
PILOT = programme(
    waives=["XA.caps.week"],
    transactions=["trade", "sale"],
    caps={
        "payment": {"value": "10.00", "unit": "EUR"},
        "total": {"value": "0.5", "unit": "BTC"},
    },
    rate={"name": "fixing", "on": "trade"},
)
SMALL = (
    *opened("XA", "XB"),
    CAP,
    PILOT,
    standard("XA", FULL, 900_00, end=END),
    standard("XB", "records.kept", 8),
    fixing("XB.rate.hour", "Europe/London", 9),
    timetable("XB.cycle", "Europe/Oslo"),
)


def book(*sentences: Sentence, own: Mapping[str, str] | None = None) -> Rulebook:
    """A law; `own` are words of Norland's own file and what stands for them."""
    made = dict(files(*sentences))
    for old, new in (own or {}).items():
        assert old in made["XA.toml"]
        made["XA.toml"] = made["XA.toml"].replace(old, new)
    return parse(made)


def block(told: str, id: str) -> list[str]:
    """The lines that tell of an id."""
    (found,) = [part for part in told.split("\n\n") if part.strip().split("  ")[0] == id]
    assert all(line.startswith("    ") for line in found.split("\n"))
    return [line[4:] for line in found.split("\n")]


# --- a sentence in words -------------------------------------------------------------------------


def test_a_rule_is_told_with_all_that_it_says() -> None:
    assert block(text(book(*SMALL)), "XA.caps.week") == [
        "XA.caps.week  REPORT on caps, in force from 2026-02-03 to 2026-12-31",
        "Above the limit a week's trade is told.",
        "Caps Act, s. 4(2) (known from another's account)",
        f"applies to the debtor or the creditor {SCOPE}",
        "when window.total.EUR >= limit && debtor.residence in places && on >= since",
        "  limit = 1234.50 EUR",
        "  places = XA, XB",
        "  since = 2026-02-04",
        "amounts at the official rate of the settlement date",
        "linked by pair, over 7 days",
        "due: the week's trade, to the treasury, within 5 business days, 17:30 Europe/Oslo",
        "in force or not as of the trade date alone: Caps Act, s. 99",
        "a programme may waive it",
    ]


def test_a_programme_is_told_with_all_that_it_says() -> None:
    assert block(text(book(*SMALL)), "XA.programme.pilot") == [
        "XA.programme.pilot  programme, in force from 2026-03-01 to 2026-06-30",
        "It is tried.",
        "art. 98",
        "approved by Treasury, T 1, 2026-02-01",
        "approved by Central Bank, CB 2, 2026-02-02",
        "for trade or sale of HWUPKR0MPOU8FGXBT394",
        "a payment: at most 10.00 EUR (fixing rate of the trade date)",
        "all payments together: at most 0.5 BTC (fixing rate of the trade date)",
        "waives XA.caps.week",
    ]


def test_standards_and_the_fixing_are_told_with_their_units() -> None:
    told = text(book(*SMALL))

    assert block(told, f"XA.standard.{FULL}") == [
        f"XA.standard.{FULL}  {FULL}, in force from 2026-01-01 to 2026-12-31",
        f"at most 90,000 EUR: {STANDARDS[FULL].meaning}",
        f"standards, {FULL}",
    ]
    assert block(told, "XB.standard.records.kept")[1].startswith("at least 8 years: ")
    assert block(told, "XB.rate.hour") == [
        "XB.rate.hour  fixing, in force from 2026-01-01",
        "the reference rate is made of the hour before 09:00 Europe/London",
        "Act, s. XB.rate.hour",
    ]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"roles": ["transaction"]}, "applies to the transaction"),
        ({"roles": ["creditor"]}, "applies to the creditor"),
        (
            {"roles": ["debtor"], "scope": {"classes": ["bank"]}},
            "applies to the debtor licensed as bank",
        ),
        ({"scope": {"assets": ["coin"]}}, "applies to the transaction, in coin"),
        ({"source": "S"}, "Act, s. XA.one"),
        ({"source": "R"}, "Act, s. XA.one (recalled, not confirmed)"),
        ({"citation": "§ 1 № 2"}, "§ 1 № 2"),
        ({"deadline": {"count": 1, "unit": "hours", "zone": "UTC"}}, "to be done within 1 hour"),
        (
            {"deadline": {"count": 20, "unit": "day-of-next-month", "zone": "UTC"}},
            "to be done by the 20. of the next month, 23:59:59 UTC",
        ),
        ({"when": "month_day > 3"}, "when month_day > 3"),
        ({"waivable": True}, "a programme may waive it"),
        (
            {"transition": {"on": "settlement", "citation": "art. 5"}},
            "in force or not as of the settlement date alone: art. 5",
        ),
        (
            {
                "when": "window.count > most",
                "parameters": {"most": {"value": 25, "unit": "count"}},
                "window": {"by": "asset", "days": 1},
                "fires": [{"window.count": 26}],
            },
            "linked by asset, over 1 day",
        ),
        *(
            (
                {
                    "when": f"{fact} > known",
                    "parameters": {"known": {"value": value, "unit": unit}},
                    "rate": {"name": "fixing", "on": "trade"},
                    "fires": [{fact: "6000.01"}],
                },
                f"  known = {value} {unit}",
            )
            for fact, value, unit in (
                ("amount.USD", "0.01", "USD"),
                ("amount.BTC", 2, "BTC"),
                ("debtor.energy", "6000.00", "kWh"),
            )
        ),
        (
            {
                "when": "month_day >= known",
                "parameters": {"known": {"value": "11-15", "unit": "month-day"}},
                "fires": [{"on": "2026-11-15"}],
            },
            "  known = 11-15 month-day",
        ),
        (
            {
                "when": "origin == known",
                "parameters": {"known": {"value": "mixed", "unit": "origin"}},
                "fires": [{"origin": "mixed"}],
            },
            "  known = mixed",
        ),
    ],
)
def test_each_part_of_a_rule_is_a_line(more: Content, line: str) -> None:
    told = block(text(book(rule("XA.one", **more))), "XA.one")

    other = rule("XA.one", roles=["debtor", "creditor"], citation="-")
    assert told.count(line) == 1
    assert line not in block(text(book(other)), "XA.one")


def test_what_a_rule_does_not_say_is_not_told() -> None:
    assert block(text(book(rule("XA.one"))), "XA.one") == [
        "XA.one  DENY on assets, in force from 2026-01-01",
        "What XA.one says.",
        "Act, s. XA.one",
        "applies to the transaction",
    ]


# --- the whole law -------------------------------------------------------------------------------


def words(one: Read) -> Iterator[str]:
    """What must be told of a sentence, whatever its form."""
    head = one.head
    yield from (head.id, head.citation, f"from {head.effective_from}")
    if head.effective_to:
        yield f"to {head.effective_to}"
    match one:
        case Rule():
            yield from _of_rule(one)
        case StandardRule():
            yield from (one.standard, f"{one.bound:,} {STANDARDS[one.standard].unit}")
        case FixingRule():
            yield from (f"{one.hour:02}:00", one.zone)
        case TimetableRule():
            yield from (f"the {one.cycle} cycle", one.zone)
            yield from (f": {moment.at:%H:%M} " for moment in one.moments)
        case Programme():
            yield from (one.says, *one.participants, *one.transactions, *one.waives)
            for approval in one.approvals:
                yield f"{approval.authority}, {approval.reference}, {approval.on}"
            for cap in (one.cap_payment, one.cap_total):
                yield from (cap.said, f"{one.rate.name} rate") if cap and one.rate else ()
        case Closure():
            yield from (one.says, *one.places, *one.ends, f"{one.outcome} of places")


def _of_rule(one: Rule) -> Iterator[str]:
    yield from (
        one.says,
        str(one.outcome),
        " ".join(one.text.split()) if one.text != "true" else "",
    )
    yield from (*one.scope.roles, *one.scope.classes, *one.scope.assets, *one.scope.transactions)
    for name, parameter in one.parameters.items():
        yield f"{name} = {parameter.said}"
    if one.rate:
        yield f"{one.rate.name} rate of the {one.rate.on} date"
    if one.window:
        yield f"linked by {one.window.by}, over {one.window.days} day"
    if one.deadline:
        yield str(one.deadline)
    if one.due:
        yield f"{one.due.what}, to {one.due.to}"
        yield f"filed here as {one.due.form}" if one.due.form else ""
        yield f"late it costs {one.due.late_fee.said}" if one.due.late_fee else ""
    if one.transition:
        yield f"as of the {one.transition.on} date alone: {one.transition.citation}"
    if one.waivable:
        yield "may waive it"


@pytest.mark.parametrize("law", [LAW, book(*SMALL)], ids=["shipped", "small"])
def test_everything_that_a_law_says_is_told(law: Rulebook) -> None:
    told = text(law)

    assert told.startswith(f"rulebook {law.version}\n")
    for jurisdiction in law.jurisdictions.values():
        assert f"\n\n{jurisdiction.name} ({jurisdiction.code})\n\n" in told
    for one in law.sentences():
        lines = [f"    {line}" for line in said(one)]
        assert "\n".join(lines) in told
        assert [word for word in words(one) if word not in "\n".join(lines)] == []


def test_the_parts_of_the_shipped_law_are_many() -> None:
    """The test above holds something against something."""
    rules = LAW.rules
    assert sum(bool(one.deadline) for one in rules) > 5
    assert all(
        any(getattr(one, name) for one in rules) for name in ("window", "rate", "transition")
    )
    assert LAW.programmes


@pytest.mark.parametrize("law", [LAW, book(*SMALL)], ids=["shipped", "small"])
def test_the_law_is_told_by_jurisdiction_and_subject_in_order(law: Rulebook) -> None:
    version, *parts = text(law).split("\n\n")
    assert version == f"rulebook {law.version}"
    places: list[tuple[str, str, str]] = []
    code = subject = ""
    for part in parts:
        if part.startswith("    "):
            places.append((code, subject, part.split()[0]))
        elif part.startswith("  "):
            subject = part.strip()
        else:
            code = part[-3:-1]

    ids = [id for _, _, id in places]
    assert {*ids} == {one.head.id for one in law.sentences()}
    assert all(id.startswith(f"{code}.") for code, _, id in places)
    names = [*SUBJECTS.values()]
    order = [(code, names.index(name), id) for code, name, id in places]
    assert order == sorted(order)
    subjects = {one.id: SUBJECTS[one.subject] for one in law.rules}
    assert all(subjects.get(id, name) == name for _, name, id in places)


def test_versions_of_one_id_are_told_one_after_the_other() -> None:
    earlier = rule("XA.one", end=date(2026, 5, 31), says="The first.")
    later = rule("XA.one", start=date(2026, 6, 1), says="The second.")

    for order in ([earlier, later], [later, earlier]):
        told = text(book(*order))
        assert told.index("The first.") < told.index("The second.")


# --- only some of it -----------------------------------------------------------------------------


@pytest.mark.parametrize("only", ["XA", "XA.", "XA.mining", "XA.mining.season", "XB.wallets.proof"])
def test_only_what_begins_so_is_told_and_all_of_it(only: str) -> None:
    told = text(LAW, only)

    for one in LAW.sentences():
        lines = "\n".join(f"    {line}" for line in said(one))
        assert (lines in told) is one.head.id.startswith(only)
    assert [one.name in told for one in LAW.jurisdictions.values()].count(True) == 1
    assert told.startswith(f"rulebook {LAW.version}\n")


@pytest.mark.parametrize("only", ["XE", "XA.mining.seasons", "mining", "xa"])
def test_where_nothing_begins_so_nothing_is_told(only: str) -> None:
    assert text(LAW, only) == f"rulebook {LAW.version}"


# --- what changes --------------------------------------------------------------------------------


def rebuilt(change: Change) -> tuple[list[str], list[str]]:
    """What was and what is, out of the lines that tell of a change."""
    assert all(line[:2] in {"+ ", "- ", "  "} for line in change.lines)
    was = [line[2:] for line in change.lines if line[0] != "+"]
    now = [line[2:] for line in change.lines if line[0] != "-"]
    return was, now


def lines(law: Rulebook, id: str) -> list[str]:
    """All versions of an id, in words."""
    return [line.rstrip() for one in law.sentences() if one.head.id == id for line in said(one)]


def held(old: Rulebook, new: Rulebook) -> list[tuple[str, str]]:
    """What is told of two laws, after it was held against both."""
    found = changes(old, new)
    for change in found:
        if change.id in {*old.jurisdictions, *new.jurisdictions}:
            continue
        was, now = rebuilt(change)
        assert (was, now) == (lines(old, change.id), lines(new, change.id))
        assert was != now
        signs = {line[0] for line in change.lines}
        assert {"added": {"+"}, "repealed": {"-"}}.get(change.kind, signs) == signs
        assert change.kind != "changed" or signs & {"+", "-"}
    return [(change.kind, change.id) for change in found]


def test_what_is_new_is_added_and_what_is_gone_is_repealed() -> None:
    old = book(*opened("XA", "XB"), CAP)
    new = book(*opened("XA", "XB"), standard("XB", "records.kept", 8), PILOT, CAP)

    assert held(old, new) == [
        ("added", "XA.programme.pilot"),
        ("added", "XB.standard.records.kept"),
    ]
    assert held(new, old) == [
        ("repealed", "XA.programme.pilot"),
        ("repealed", "XB.standard.records.kept"),
    ]
    (added, _), (repealed, _) = changes(old, new), changes(new, old)
    assert [line[2:] for line in added.lines] == lines(new, "XA.programme.pilot")
    assert [line[2:] for line in repealed.lines] == [line[2:] for line in added.lines]


def test_a_changed_line_is_told_between_those_that_stay() -> None:
    later = replace(CAP, content={**CAP.content, "citation": "Caps Act 2026, s. 5"})

    (change,) = changes(book(*opened("XA"), CAP), book(*opened("XA"), later))

    assert (change.kind, change.id) == ("changed", "XA.caps.week")
    assert [line for line in change.lines if line[0] != " "] == [
        "- Caps Act, s. 4(2) (known from another's account)",
        "+ Caps Act 2026, s. 5 (known from another's account)",
    ]
    assert len(change.lines) == 14


def test_a_further_version_is_a_change_of_its_id() -> None:
    one = rule("XA.one", says="The first.")
    ended = rule("XA.one", says="The first.", end=date(2026, 5, 31))
    two = rule("XA.one", says="The second.", start=date(2026, 6, 1))
    old, new = book(one), book(ended, two)

    assert held(old, new) == [("changed", "XA.one")]
    (change,) = changes(old, new)
    assert [line for line in change.lines if line[0] != " "] == [
        "- XA.one  DENY on assets, in force from 2026-01-01",
        "+ XA.one  DENY on assets, in force from 2026-01-01 to 2026-05-31",
        "+ XA.one  DENY on assets, in force from 2026-06-01",
        "+ The second.",
        "+ Act, s. XA.one",
        "+ applies to the transaction",
    ]


def test_between_a_law_and_itself_nothing_changes() -> None:
    for law in (LAW, book(*SMALL)):
        assert changes(law, law) == []
        assert changes(law, restore(law.body)) == []
    assert changes(LAW, parse({f"other/{name}": each for name, each in TEXTS.items()})) == []


def test_space_in_a_condition_and_comments_change_nothing() -> None:
    spaced = replace(CAP, content={**CAP.content, "when": CAP.content["when"].replace("\n", "   ")})
    made = {name: f"# Another day.\n{each}" for name, each in TEXTS.items()}

    assert changes(book(*opened("XA"), CAP), book(*opened("XA"), spaced)) == []
    assert changes(LAW, parse(made)) == []


def test_cases_are_no_law_and_their_change_is_told_by_the_version_alone() -> None:
    more = replace(
        CAP, content={**CAP.content, "vectors": {"fires": CAP.content["vectors"]["fires"] * 2}}
    )
    old, new = book(*opened("XA"), CAP), book(*opened("XA"), more)

    assert old.version != new.version
    assert changes(old, new) == []


DECIDES: Mapping[str, object] = {
    "says": "Otherwise.",
    "source": "R",
    "citation": "art. 7",
    "effective_from": date(2026, 2, 4),
    "effective_to": date(2026, 12, 30),
    "applies_to": {"roles": ["debtor"]},
    "outcome": "COLLECT",
    "when": "window.total.EUR > limit && debtor.residence in places && on >= since",
    "rate": {"name": "fixing", "on": "settlement"},
    "window": {"by": "pair", "days": 8},
    "transition": {"on": "settlement", "citation": "Caps Act, s. 99"},
    "deadline": {"count": 6, "unit": "business-days", "zone": "Europe/Oslo", "time": "17:30"},
    "due": {"what": "the week's trade", "to": "the central bank"},
    "waivable": False,
}


def less_or_more(content: Content) -> Iterator[tuple[str, Content]]:
    """A rule with each one thing otherwise."""
    for key, value in DECIDES.items():
        yield key, content | {key: value}
    for key in ("effective_to", "source", "transition", "deadline", "waivable"):
        yield f"no {key}", {name: each for name, each in content.items() if name != key}
    inside: Mapping[str, Mapping[str, object]] = {
        "applies_to": {"classes": ["bank"], "assets": ["coin"], "transactions": ["sale"]},
        "rate": {"on": "trade"},
        "window": {"by": "asset"},
        "transition": {"citation": "s. 1"},
        "deadline": {"unit": "days", "zone": "UTC", "time": "17:31", "rolls": True},
        "due": {"what": "nothing"},
    }
    for key, others in inside.items():
        for name, value in others.items():
            yield f"{key}.{name}", content | {key: content[key] | {name: value}}
    for name, other in (
        ("limit", {"value": "1234.49", "unit": "EUR"}),
        ("places", {"value": ["XA", "XB", "--"], "unit": "jurisdiction"}),
        ("since", {"value": date(2026, 2, 3), "unit": "day"}),
    ):
        yield f"parameters.{name}", content | {"parameters": content["parameters"] | {name: other}}


FIRING = {"window.total.EUR": "1234.51", "debtor.residence": "XA", "on": date(2026, 2, 4)}
VARIANTS = dict(less_or_more({**CAP.content, "vectors": {"fires": [FIRING]}}))


@pytest.mark.parametrize("what", VARIANTS)
def test_whatever_decides_is_told_when_it_changes(what: str) -> None:
    old = book(*opened("XA"), CAP)
    new = book(*opened("XA"), replace(CAP, content=VARIANTS[what]))

    assert held(old, new) == [("changed", "XA.caps.week")]


PILOTS: Mapping[str, object] = {
    "says": "Otherwise.",
    "citation": "art. 7",
    "effective_from": date(2026, 3, 2),
    "effective_to": date(2026, 6, 29),
    "approvals": [*PILOT.content["approvals"], {"authority": "C", "reference": "C 3", "on": START}],
    "participants": ["5493001KJTIIGC8Y1R12"],
    "transactions": ["trade"],
    "waives": [],
    "caps": {"payment": {"value": "10.01", "unit": "EUR"}},
    "rate": {"name": "fixing", "on": "settlement"},
}


@pytest.mark.parametrize("key", PILOTS)
def test_whatever_a_programme_says_is_told_when_it_changes(key: str) -> None:
    other = replace(PILOT, content=PILOT.content | {key: PILOTS[key]})
    rest = [each for each in SMALL if each is not PILOT]

    assert held(book(*SMALL), book(*rest, other)) == [("changed", "XA.programme.pilot")]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({'"Country XA"': '"Norland"'}, "Norland, UTC, resting on Saturday, Sunday"),
        ({'"UTC"': '"Europe/Oslo"'}, "Country XA, Europe/Oslo, resting on Saturday, Sunday"),
        ({', "Sunday"': ""}, "Country XA, UTC, resting on Saturday"),
        ({'"Saturday", ': '"Friday", '}, "Country XA, UTC, resting on Friday, Sunday"),
        ({"zone =": "holidays = [2026-05-01]\nzone ="}, "2026-05-01"),
        ({"zone =": 'regions = ["XA-NORTH"]\nzone ='}, "XA-NORTH"),
    ],
)
def test_a_countrys_own_file_is_told_when_it_changes(own: Mapping[str, str], told: str) -> None:
    (change,) = changes(book(rule("XA.one")), book(rule("XA.one"), own=own))

    assert (change.kind, change.id) == ("changed", "XA")
    assert f"+ {told}" in change.lines


def test_a_country_comes_and_goes_with_its_law() -> None:
    alone = parse(files(rule("XA.one"), places=["XA"]))
    both = parse(files(rule("XA.one"), rule("XB.one"), places=["XA", "XB"]))

    found = [(change.kind, change.id) for change in changes(alone, both)]
    assert found == [("added", "XB"), ("added", "XB.one")]
    assert [change.kind for change in changes(both, alone)] == ["repealed", "repealed"]


def test_a_rule_that_moves_to_another_subject_is_told() -> None:
    """What allows a corridor and is moved elsewhere opens nothing any more."""
    one, moved = (rule("XA.one", "ALLOW", subject) for subject in ("corridor", "assets"))

    assert held(book(one), book(moved)) == [("changed", "XA.one")]


def test_a_deadline_that_is_some_seconds_later_is_told() -> None:
    deadline = {"count": 5, "unit": "days", "zone": "UTC"}
    one, later = (
        rule("XA.one", deadline=deadline | {"time": at}) for at in ("17:30:00", "17:30:59")
    )
    assert held(book(one), book(later)) == [("changed", "XA.one")]


def test_a_law_from_the_archive_is_told_as_from_its_files() -> None:
    """Its parameters stand in another order there."""
    parameters = {name: {"value": 1, "unit": "count"} for name in ("z", "a")}
    law = book(rule("XA.one", when="month_day > z || month_day > a", parameters=parameters))

    assert text(restore(law.body)) == text(law)
    assert changes(law, restore(law.body)) == []


def test_a_text_of_several_lines_is_told_as_one() -> None:
    law = book(rule("XA.one", says="Nobody pays\nwho is not known."))

    assert "    Nobody pays who is not known." in text(law).split("\n")
    (change,) = (one for one in changes(book(rule("XA.two")), law) if one.id == "XA.one")
    assert all("\n" not in line for line in change.lines)


@st.composite
def some_laws(draw: st.DrawFn) -> Rulebook:
    """Some of the sentences above, each in one of the ways in which it may be said."""
    cap = draw(st.sampled_from([*VARIANTS.values(), CAP.content]))
    told = draw(st.sampled_from([*PILOTS]))
    pilot = PILOT.content | {told: PILOTS[told]} | {"waives": []}
    bounds = draw(st.lists(st.integers(5, 9), max_size=2, unique=True))
    pool = [
        replace(CAP, content=cap),
        replace(PILOT, content=pilot),
        *(
            standard(place, "records.kept", bound)
            for place, bound in zip(BOTH, bounds, strict=False)
        ),
        fixing("XB.rate.hour", "Europe/London", draw(st.integers(9, 10))),
        timetable("XB.cycle", close=draw(st.sampled_from(["20:00", "20:01"]))),
        rule("XA.one", end=date(2026, 5, 31)),
        rule("XA.one", start=date(2026, 6, 1), says=draw(st.sampled_from(["One.", "Two."]))),
    ]
    return book(
        *opened(draw(st.sampled_from(BOTH))), *draw(st.lists(st.sampled_from(pool), unique=True))
    )


@settings(max_examples=100)
@given(some_laws(), some_laws())
def test_between_any_two_laws_the_changes_make_one_of_the_other(
    old: Rulebook, new: Rulebook
) -> None:
    told = {id: kind for kind, id in held(old, new)}

    ids = {one.head.id for law in (old, new) for one in law.sentences()}
    assert told.keys() == {id for id in ids if lines(old, id) != lines(new, id)}
    for id, kind in told.items():
        there = (bool(lines(old, id)), bool(lines(new, id)))
        assert there == (kind != "added", kind != "repealed")
    assert [*told] == sorted(told)
