"""Rulebooks: the version is of every word, and each sentence holds on its days."""

import json
import tomllib
from collections.abc import Iterator
from datetime import date, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.full_law import BASE, CORE_RULES, NORLAND, contents, keys, plainly, tables, tried
from tests.laws import TEXTS
from tests.sentences import book, fixing, rule, standard

from clearhouse.core.rulebook import (
    ADMISSION,
    CORRIDOR,
    STANDARDS,
    Rulebook,
    RulebookMalformed,
    RuleMissing,
    parse,
    restore,
)
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.rulebook.schema import jurisdiction as jurisdiction_schema
from clearhouse.core.rulebook.schema import law as law_schema
from clearhouse.core.timetable import Stage
from clearhouse.settings import Settings
from clearhouse.settings import rulebook as settled

START, MIDDLE, END = date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 31)
DAY = timedelta(days=1)


def test_the_base_of_these_tests_is_law_and_says_all_that_can_be_said() -> None:
    law = parse(BASE)
    said = [one.head.id for one in law.sentences() if one.head.jurisdiction != CORE]
    rules = ["XA.reporting.miner", "XA.wallets.often"]
    others = ["XA.standards.score", "XA.standards.hour", "XA.cycles.daily", "XA.pilot"]
    others += ["XA.places.kordavia"]
    assert said == [*rules, *others]

    found = [*keys(jurisdiction_schema(), tomllib.loads(NORLAND))]
    for name, content in contents(BASE).items():
        found += keys(law_schema(), content) if name != "norland.toml" else []
    assert {key for key, _ in found} - {key for key, is_said in found if is_said} == set()


# What holds when.


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 6, 30), True),
        (date(2026, 7, 1), False),
    ],
)
def test_a_rule_holds_from_its_first_day_to_its_last(day: date, holds: bool) -> None:
    (often,) = (one for one in parse(BASE).rules if one.id == "XA.wallets.often")

    assert often.head.in_force(day) is holds


def test_the_returns_are_the_rules_that_name_a_form_while_they_are_in_force() -> None:
    law = parse(BASE)

    (one,) = law.returns(START)
    assert one.due is not None
    assert one.due.late_fee is not None
    assert (one.id, one.due.form) == ("XA.reporting.miner", "miner_return")
    assert (one.due.late_fee.value, one.due.late_fee.type.of) == (400_00, "USD")
    assert law.returns(START - DAY) == []


def test_a_rule_without_an_end_holds_for_ever() -> None:
    (one,) = (one for one in book(rule("XA.r")).rules if one.id == "XA.r")

    assert one.head.effective_to is None
    assert one.head.in_force(date.max)
    assert not one.head.in_force(date(2025, 12, 31))


def test_a_rule_of_one_day_holds_on_it() -> None:
    (one,) = (one for one in book(rule("XA.r", start=START, end=START)).rules if one.id == "XA.r")
    assert [one.head.in_force(START + DAY * step) for step in (-1, 0, 1)] == [False, True, False]


def test_the_hour_of_the_rate_is_not_guessed() -> None:
    law = book(fixing("XA.hour", "Europe/London", 16, START, MIDDLE), rule("XA.r"))

    found = law.fixing(MIDDLE)
    assert (found.zone, found.hour, found.head.id) == ("Europe/London", 16, "XA.hour")
    for day in (START - DAY, MIDDLE + DAY):
        with pytest.raises(RuleMissing, match=str(day)):
            law.fixing(day)


bounds = st.sampled_from([*STANDARDS]).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.lists(st.integers(STANDARDS[name].least, STANDARDS[name].most), min_size=1, max_size=3),
    )
)


@given(bounds)
def test_a_standard_is_the_strictest_of_all_laws_and_of_the_core(
    said: tuple[str, list[int]],
) -> None:
    """Whatever is said on it; and on a day on which nothing is said, the core's own."""
    name, asked = said
    codes = ("XA", "XB", "XC")
    each = [
        standard(code, name, bound, START, END) for code, bound in zip(codes, asked, strict=False)
    ]
    law = book(*each, rule("XA.r"), places=codes)
    stricter = min if STANDARDS[name].at_most else max

    for day in (START, MIDDLE, END):
        assert law.standard(name, day) == stricter([STANDARDS[name].core, *asked])
        assert len(law.on_standard(name, day)) == len(asked)
    for day in (START - DAY, END + DAY):
        assert law.standard(name, day) == STANDARDS[name].core
        assert law.on_standard(name, day) == []


def test_every_sentence_has_its_time() -> None:
    law = parse(BASE)

    assert len(law.spans()) == len(law.sentences()) == len([*law.heads()]) == 7 + CORE_RULES
    assert (date(2026, 1, 1), date(2026, 6, 30)) in law.spans()
    assert (date(2026, 1, 1), date(2030, 12, 31)) in law.spans()


# The shipped law.


def test_the_shipped_law_is_read_whole() -> None:
    """By these tests and by a house that has no law of its own."""
    law = parse(TEXTS)

    assert settled(Settings(home=Path("/nonexistent"))) == law
    assert {f"{name}/" for name in law.jurisdictions} <= {*contents_of(law)}
    assert len(contents_of(law)) == len(TEXTS) + 1
    assert {"XA", "XB"} <= set(law.jurisdictions)


def test_the_shipped_law_opens_what_must_be_opened_and_cites_all_it_says() -> None:
    law = parse(TEXTS)

    for code in law.jurisdictions:
        for subject in (ADMISSION, CORRIDOR):
            assert [
                one for one in law.rules if (one.head.jurisdiction, one.subject) == (code, subject)
            ]
    for one in law.heads():
        assert one.citation
        assert one.id.startswith(f"{one.jurisdiction}.")


def contents_of(law: Rulebook) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(law.body)
    return found


# The version, and what is kept of a law.


def test_the_version_is_of_the_law_and_not_of_its_looks() -> None:
    """Neither names nor order of files count, nor comments, blanks or the order of keys."""
    for texts in (BASE, TEXTS):
        law = parse(texts)
        renamed = {f"z{n}.toml": texts[name] for n, name in enumerate(reversed(texts))}
        plain = {name: plainly(content) for name, content in contents(texts).items()}
        turned = {
            name: plainly(dict(reversed(content.items())))
            for name, content in contents(texts).items()
        }
        spaced = {name: text.replace("\n[", "\n\n# see\n[") for name, text in texts.items()}
        windows = {name: text.replace("\n", "\r\n") for name, text in texts.items()}

        assert turned != plain
        for same in (renamed, plain, turned, spaced, windows):
            assert parse(same) == law


def test_a_day_may_be_written_as_a_date_or_as_a_text() -> None:
    texts = {name: text.replace("2026-01-01", '"2026-01-01"') for name, text in BASE.items()}
    assert texts != BASE
    assert parse(texts).version == parse(BASE).version


def test_the_order_of_sentences_is_a_word_of_the_law_too() -> None:
    """The version is of what was enacted, as it stands; what is decided by it is the same."""
    sentences = [rule("XA.a"), rule("XA.b", "HOLD", when="month_day > 0"), rule("XB.c")]
    one, other = book(*sentences), book(*reversed(sentences))

    assert one.version != other.version
    assert one.rules == other.rules


def test_a_version_is_the_hash_of_all_files_together() -> None:
    laws = [book(rule("XA.a"), rule("XB.a")), book(rule("XA.a")), book(rule("XB.a"))]

    assert len({law.version for law in laws}) == 3
    for law in laws:
        assert law.version == sha256(law.body.encode()).hexdigest()
    assert contents_of(laws[0]).keys() == {"XA/", "XB/", "XA/assets", "XB/assets", "ZZ/travel-rule"}


def others(key: str, value: Any) -> Iterator[Any]:
    """What a slip, or an amendment, could write instead."""
    turned = {
        "REPORT": "COLLECT",
        "S2": "R",
        "trade": "settlement",
        "settlement": "trade",
        "fixing": "official",
        "party": "pair",
        "business-days": "days",
        "count": "percent",
        "Europe/London": "Europe/Paris",
        "wallets": "caps",
        "daily": "nightly",
        "coin": "asset-token",
        "transfer": "trade",
        "1000.00": "1000.005",
        "100.00": "100.01",
        "XA.pilot": "XA.pilot-2",
        "2026-01-01": "2026-01-02",
    }
    match value:
        case bool():
            yield not value
        case date():
            yield value + timedelta(days=1)
        case int():
            yield value + 1
            yield value - 1
        case list():
            yield value[:-1]
            yield value[::-1]
            yield [*value, value[0]] if value else value
            yield [*value, 1000]
        case str():
            yield turned.get(value)
            yield f"{value} && true" if key == "when" else f"{value} "
        case dict():
            yield {**value, "party.tested": True}
        case _:
            assert isinstance(value, time)
            yield value.replace(minute=30)


def changes(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every change of one thing in a file: the key that it is under, and the file."""
    if key:
        yield from ((key, other) for other in others(key, value) if other not in (None, value))
    match value:
        case dict():
            for name, inner in value.items():
                under = key if key in FREE else name
                yield from ((n, {**value, name: new}) for n, new in changes(inner, under))
                yield under, {other: each for other, each in value.items() if other != name}
        case list():
            for at, inner in enumerate(value):
                made = changes(inner, key)
                yield from ((n, [*value[:at], new, *value[at + 1 :]]) for n, new in made)
        case _:
            pass


# Changed alone these leave no law: something else that is said must change with them.
BOUND = {"jurisdiction", "standard", "waivable", "form", "value_date", "day", "at", *Stage}


def test_a_change_of_any_word_of_the_law_changes_the_version() -> None:
    """And no two changes have one version; as long as it is law."""
    versions = {parse(BASE).version: "unchanged"}
    written = {json.dumps(contents(BASE), default=str, sort_keys=True)}
    changed = set[str]()
    for file, content in contents(BASE).items():
        for key, new in changes(content):
            said = json.dumps({**contents(BASE), file: new}, default=str, sort_keys=True)
            if said in written:
                continue
            law = tried({**BASE, file: plainly(new)})
            if isinstance(law, Rulebook):
                assert law.version not in versions, f"{key}: {versions[law.version]}"
                versions[law.version] = f"{file}: {key}"
                written.add(said)
                changed.add(key)

    assert {*last_keys(contents(BASE))} - changed - BOUND == set()
    assert len(versions) > 80


def last_keys(value: Any, key: str = "") -> Iterator[str]:
    """The keys under which something is said, but for facts of cases and names of parameters."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from last_keys(inner, key if key in FREE else name)
        case list() if tables(value):
            for inner in value:
                yield from last_keys(inner, key)
        case _:
            yield key


FREE = {"fires", "silent", "unknown", "given"}


def test_whether_a_rule_may_be_waived_is_a_word_of_the_law() -> None:
    rules = [book(rule("XA.r", waivable=waivable)) for waivable in (None, False, True)]
    assert len({law.version for law in rules}) == 3


def test_what_is_kept_is_read_again_word_for_word() -> None:
    for texts in (BASE, TEXTS):
        law = parse(texts)
        again = restore(law.body)

        assert again == law
        assert (again.version, again.body) == (law.version, law.body)
        assert again.rules == law.rules
        assert again.jurisdictions == law.jurisdictions


@pytest.mark.parametrize(
    "body",
    [
        "",
        "law",
        "[]",
        "null",
        "7",
        '{"XA/": 3}',
        '{"XA/": []}',
        "{}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"XA/": {"jurisdiction": "XA"}}',
    ],
)
def test_what_was_never_kept_is_refused(body: str) -> None:
    with pytest.raises(RulebookMalformed):
        restore(body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"value":750', '"value":-1'),
        ('"value":750', '"value":750.0'),
        ('"value":750', '"value": 750'),  # the same law, written otherwise
        ('"ZZ/travel-rule"', '"YY/travel-rule"'),
        ('"ZZ.core.anonymous"', '"ZZ.core.anybody"'),
        ('"anonymous-token"', '"coin"'),
        ('"outcome":"DENY"', '"outcome":"HOLD"'),
        ('"XA/wallets"', '"XA/caps"'),
        ('"XA/wallets"', '"XB/wallets"'),
    ],
)
def test_a_kept_law_in_which_a_word_was_changed_by_hand_is_refused(old: str, new: str) -> None:
    body = parse(BASE).body
    assert body.count(old) >= 1
    with pytest.raises(RulebookMalformed):
        restore(body.replace(old, new, 1))


def test_a_kept_law_without_what_no_rulebook_can_take_away_is_refused() -> None:
    less = {
        name: one for name, one in contents_of(parse(BASE)).items() if not name.startswith("ZZ")
    }
    with pytest.raises(RulebookMalformed, match="no rulebook can take away"):
        restore(json.dumps(less, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
