"""Records that nobody should send: each is refused by a code, in time, and repeats nothing."""

import json
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ivms_records import RECORDS, TERMS, Place, changed

from clearhouse.core.canonical import canonical
from clearhouse.core.travel_rule.hops import record_digest
from clearhouse.core.travel_rule.ivms import Version
from clearhouse.core.travel_rule.ivms_json import BOUNDS, parse_json
from clearhouse.core.travel_rule.ivms_reader import HIDDEN
from clearhouse.core.travel_rule.ivms_reading import Reading, read_ivms, read_value
from clearhouse.core.travel_rule.ivms_writing import write

PERSONAL = "Meyer"
BASE: dict[Version, Any] = {one: json.loads(write(RECORDS[one], TERMS)) for one in Version}
ANNA: tuple[Place, ...] = ("originator", "originatorPersons", 0, "naturalPerson")
NAME: tuple[Place, ...] = (*ANNA, "name", "nameIdentifier", 0, "primaryIdentifier")
SECONDS_MAX = 2.0
EITHER = pytest.mark.parametrize("version", list(Version), ids=["2020", "2023"])


def codes(content: bytes) -> list[str]:
    """What is refused of a text, once it is read strictly and tolerantly, in time."""
    began = time.process_time()
    reading = read_ivms(content, TERMS)
    strict = read_ivms(content, TERMS, strict=True)
    assert time.process_time() - began < SECONDS_MAX
    for one in (reading, strict):
        assert (one.message is None) is bool(one.refusals)
        for refusal in one.refusals:
            assert refusal.code.startswith("ivms.")
            assert str(refusal.context["path"]).startswith("$")
            assert PERSONAL not in f"{refusal}{refusal.context}"
    assert {one.code for one in reading.refusals} <= {one.code for one in strict.refusals}
    return [one.code for one in reading.refusals]


def raw(text: str) -> bytes:
    """The record of 2020 with a piece of JSON, as it is written, for Anna's name."""
    return (
        json.dumps(changed(BASE[Version.V2020], *NAME, to=lambda _: "@"))
        .replace('"@"', text)
        .encode(errors="surrogatepass")
    )


def places(value: Any, *path: Place) -> Iterator[tuple[Place, ...]]:
    """Where something stands in parsed JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for step, one in inner:
        yield (*path, step)
        if isinstance(one, dict | list):
            yield from places(one, *path, step)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ivms.not-json"),
        (" ", "ivms.not-json"),
        ("{", "ivms.not-json"),
        ('{"a":1,}', "ivms.not-json"),
        ("{'a':1}", "ivms.not-json"),
        ('{"a":1} {}', "ivms.not-json"),
        ('{"a', "ivms.not-json"),
        ('"\\', "ivms.not-json"),
        ("\ufeff{}", "ivms.not-json"),
        ('{"a":"\n"}', "ivms.not-json"),
        ('{"a":"\\x41"}', "ivms.not-json"),
        ('{"a":01}', "ivms.not-json"),
        ('{"a":"\x00"}', "ivms.not-json"),
        ('{"a":"\ud800"}', "ivms.not-json"),
        ('{"a":"\\ud800"}', "ivms.not-json"),
        ('{"a":"\\udc00\\ud800"}', "ivms.not-json"),
        ('{"\\udfff":1}', "ivms.not-json"),
        ('{"a":NaN}', "ivms.not-exact"),
        ('{"a":[Infinity]}', "ivms.not-exact"),
        ('{"a":-Infinity}', "ivms.not-exact"),
        ('{"a":1.0}', "ivms.not-exact"),
        ('{"a":1e3}', "ivms.not-exact"),
        ('{"a":1E400}', "ivms.not-exact"),
        ('{"a":-0.5}', "ivms.not-exact"),
        ('{"a":1,"a":1}', "ivms.key-twice"),
        ('{"a":{"b":[{"c":1,"\\u0063":2}]}}', "ivms.key-twice"),
        ('{"a":' + "9" * 19 + "}", "ivms.too-large"),
        ('{"a":-' + "9" * 19 + "}", "ivms.too-large"),
        ('{"a":' + "9" * 60_000 + "}", "ivms.too-large"),
        ("[" * 17 + "]" * 17, "ivms.too-large"),
        ("[" * 60_000, "ivms.too-large"),
        ('{"a":' * 10_000, "ivms.too-large"),
        ("[" + "0," * 4096 + "0]", "ivms.too-large"),
        ("[" + "{}," * 2048 + "{}]", "ivms.too-large"),
        (" " * 65_537, "ivms.too-large"),
    ],
    ids=range(35),
)
def test_what_is_not_read_as_json_is_refused_by_its_code(text: str, code: str) -> None:
    content = text.encode(errors="surrogatepass")
    assert codes(content) == [code]
    assert read_ivms(content, TERMS).content == ""


def test_nor_is_what_is_not_utf_8() -> None:
    text = write(RECORDS[Version.V2020], TERMS)
    for encoding in ("utf-16", "utf-32", "utf-8-sig"):
        assert codes(text.encode(encoding)) == ["ivms.not-json"]
    assert codes(b'{"a":"\xff"}') == ["ivms.not-json"]
    assert codes(b'{"a":"\xc0\x80"}') == ["ivms.not-json"]


def test_what_is_just_small_enough_is_parsed() -> None:
    assert parse_json(b"[" * 16 + b"]" * 16)
    assert len(parse_json(b"[" + b"0," * 4095 + b"0]")) == 4096
    assert parse_json(b" " * 65_535 + b"1") == 1
    assert parse_json(b"[" + b"9" * 18 + b",-" + b"9" * 18 + b"]") == [10**18 - 1, 1 - 10**18]
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
    assert parse_json(b'["' + b"[" * 99 + b'"]') == ["[" * 99]
    assert parse_json(b'["\\"[[[[[[[[[[[[[[[[[", true, false, null, -1]')[1:] == [
        True,
        False,
        None,
        -1,
    ]
    assert BOUNDS.depth_max == 16


@pytest.mark.parametrize("value", [None, [], 0, "x", True, [[]], {"a": 1}, [{}], {}], ids=repr)
def test_what_is_no_record_is_refused(value: Any) -> None:
    found = codes(json.dumps(value).encode())
    assert found in (["ivms.field-wrong"], ["ivms.field-missing"] * 2)


@pytest.mark.parametrize(
    "text",
    [
        *("a\\u0000b", "a\\nb", "\\u001b[2J", "a\\u007fb", "a\\u0085b", "\\u202egnp", "\\u2066a"),
        *("a\\u200bb", "a\\u200eb", "a\\u00adb", "\\ufeffa", "a\\u2060b", "\\u061ca", "\\u180ea"),
        *("\\udb40\\udc41", "\\u3164", "\\u115f", "\\uffa0", "\\ufffea", "\\uffff", "\\u2028"),
        *("a\\u034fb", "\\ufdd0", "\\ufff9a", "\\u206fa", "\\u1160"),
    ],
)
def test_what_is_not_seen_is_refused_anywhere(text: str) -> None:
    assert codes(raw(f'"{text}"')) == ["ivms.field-wrong"]
    local = changed(
        BASE[Version.V2020],
        *ANNA,
        "name",
        "localNameIdentifier",
        0,
        "primaryIdentifier",
        to=lambda _: json.loads(f'"{text}"'),
    )
    assert codes(json.dumps(local).encode()) == ["ivms.field-wrong"]


def test_what_is_seen_or_joins_is_not_hidden() -> None:
    for (
        one
    ) in "aZ ~\u00e9\u0416\u05d0\u0645\u0915\u4e2d\uac00\u200c\u200d\ufe0f\U0002000b\U000e0100":
        assert not HIDDEN.search(one)


@pytest.mark.parametrize(
    "text",
    ["true", "false", "[]", "{}", "null", '""', '" "', '["a","b"]', '{"a":1}', '[["Meyer"]]'],
)
def test_a_name_is_a_text(text: str) -> None:
    assert set(codes(raw(text))) <= {
        "ivms.field-missing",
        "ivms.field-wrong",
        "ivms.contradiction",
    }
    assert codes(raw(text))


def test_what_is_too_long_is_refused() -> None:
    assert codes(raw(f'"{"x" * 512}"')) == []
    assert codes(raw(f'"{"x" * 513}"')) == ["ivms.field-wrong"]
    value = BASE[Version.V2020]
    persons = ("originator", "originatorPersons")
    assert codes(json.dumps(changed(value, *persons, to=lambda one: one * 11)).encode()) == []
    many = changed(value, "originator", "accountNumber", to=lambda _: ["a"] * 65)
    assert codes(json.dumps(many).encode()) == ["ivms.field-wrong"]
    deep: Any = "x"
    for _ in range(14):
        deep = {"naturalPerson": deep}
    assert codes(json.dumps(value | {"originator": deep}).encode()) == ["ivms.field-missing"]


@pytest.mark.parametrize(
    "number", ["-1", "1.0", '"-1"', '"1.0"', "true", '"\u0661"', '"' + "9" * 19 + '"']
)
def test_a_sequence_is_a_whole_number(number: str) -> None:
    text = write(RECORDS[Version.V2020], TERMS).replace('"sequence":0', f'"sequence":{number}')
    assert codes(text.encode()) in (["ivms.field-wrong"], ["ivms.not-exact"])


@pytest.mark.parametrize(
    "day",
    [
        *("1980-02-30", "1980-13-01", "1980-2-9", "29.02.1980", "1980-W01-1"),
        *(
            "19800229",
            "0000-01-01",
            "1980-02-29x",
            "1980-02-29T",
            " 1980-02-29",
            "1980-02-29\u0661",
            "\u0661980-02-29",
            "x",
        ),
        *(320630400, True, None, {}, ["1980-02-29", "1980-02-28"]),
    ],
    ids=repr,
)
def test_a_date_is_a_day_of_the_calendar(day: Any) -> None:
    value = changed(
        BASE[Version.V2020], *ANNA, "dateAndPlaceOfBirth", "dateOfBirth", to=lambda _: day
    )
    assert codes(json.dumps(value).encode()) in (
        ["ivms.field-wrong"],
        ["ivms.field-missing"],
        ["ivms.contradiction"],
    )


@pytest.mark.parametrize("code", ["", "HOMES", "H\u014cME", "HOME ", "\u212aANA", 1, True, None])
def test_a_code_is_of_its_list(code: Any) -> None:
    for path in (
        (*ANNA, "geographicAddress", 0, "addressType"),
        ("payloadMetadata", "transliterationMethod", 0),
    ):
        value = changed(BASE[Version.V2020], *path, to=lambda _: code)
        found = codes(json.dumps(value).encode())
        assert found in (["ivms.field-wrong"], ["ivms.field-missing"], [])
        assert found or (path[-1] == 0 and code == "")


@pytest.mark.parametrize("country", ["X", "XAX", "1A", "\u0425\u0410", "x1", "X ", True, "Norland"])
def test_a_country_is_two_letters(country: Any) -> None:
    value = changed(BASE[Version.V2020], *ANNA, "countryOfResidence", to=lambda _: country)
    assert codes(json.dumps(value).encode()) == ["ivms.field-wrong"]


@EITHER
def test_every_field_may_be_missing_and_of_every_type(version: Version) -> None:
    """Each field in turn is left out, or is something else; what it may not be is refused."""
    kinds: list[Any] = [
        None,
        True,
        7,
        -1,
        "",
        "x",
        [],
        {},
        [1],
        ["x", "y"],
        {"x": {}},
        [[]],
        [None],
    ]
    taken = refused = 0
    for path in list(places(BASE[version])):
        without = json.loads(json.dumps(BASE[version]))
        inner = without
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        values = [without]
        values += [changed(BASE[version], *path, to=lambda _, new=kind: new) for kind in kinds]  # type: ignore[misc]
        for value in values:
            found = check(json.dumps(value).encode())
            taken += found is not None
            refused += found is None
    assert taken > 100
    assert refused > 300


def told(one: Reading) -> Any:
    """All of a reading that can be compared."""
    refusals = [(refusal.code, refusal.context, str(refusal)) for refusal in one.refusals]
    return one.message, one.departures, refusals, one.content


def check(content: bytes) -> Any:
    """Whatever a text is, reading it says the same of it whichever way it is written."""
    reading = read_ivms(content, TERMS)
    strict = read_ivms(content, TERMS, strict=True)
    refusals = (*reading.refusals, *strict.refusals)
    assert {one.code.partition(".")[0] for one in refusals} <= {"ivms"}
    if reading.content:
        assert told(read_ivms(reading.content.encode(), TERMS)) == told(reading)
        assert told(read_value(parse_json(content), TERMS)) == told(reading)
        assert len(record_digest(reading.content)) == 64
    if strict.message is not None:
        assert told(strict) == told(reading)
        assert write(strict.message, TERMS) == reading.content
    return reading.message


WORDS = [
    *('""', '"x"', "0", "-1", "1.5", "1e9", "NaN", "true", "null", "[]", "{}", "[[]]", '"\\ud800"'),
    *('"\\u0000"', '"\\u202e"', '"XX"', '"101"', '"101.2023"', '"LEGL"', '"legl"', "99999999999"),
    *('{"naturalPerson":{}}', '"2026-03-02"', '"2026-02-30"', '"' + "x" * 600 + '"', "\x00"),
]


def mutated(dice: Random, text: str) -> bytes:
    """A record with a few pieces moved, doubled, cut, exchanged or replaced."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(text) + 1)
        to = min(len(text), at + dice.choice([0, 1, 2, 8, 40]))
        match dice.randrange(5):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:to] + text[at:to] * dice.choice([1, 1, 50]) + text[to:]
            case 2:
                text = text[:at] + dice.choice(WORDS) + text[to:]
            case 3:
                ends = [n for n in range(len(text)) if text[n] in ",:}]"] or [0]
                begin = dice.choice(ends)
                text = text[: begin + 1] + dice.choice(WORDS) + text[begin + 1 :]
            case _:
                text = text[:at] + text[at:to].swapcase() + text[to:]
    return text.encode("latin-1", errors="replace") if dice.random() < 0.1 else text.encode()


@EITHER
def test_whatever_happens_to_a_record_is_read_or_refused(version: Version) -> None:
    text = write(RECORDS[version], TERMS)
    outcomes = set()
    began = time.process_time()
    for seed in range(1500):
        content = mutated(Random(seed), text)
        check(content)
        outcomes |= {one.code for one in read_ivms(content, TERMS).refusals} or {"read"}
    assert time.process_time() - began < 60
    assert {"read", "ivms.not-json", "ivms.field-wrong", "ivms.field-missing"} <= outcomes


def graft(data: st.DataObject, version: Version) -> Any:
    """A record with any JSON at any of its places, or under any key."""
    path = data.draw(st.sampled_from(list(places(BASE[version]))))
    anything = st.recursive(
        st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=20),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner)
        ),
        max_leaves=6,
    )
    other = data.draw(anything)
    if isinstance(path[-1], str) and data.draw(st.booleans()):
        path = (*path[:-1], data.draw(st.text(max_size=20)))
    return changed(BASE[version], *path, to=lambda _: other)


@given(st.data(), st.sampled_from(Version))
@settings(max_examples=200)
def test_anything_at_any_place_is_read_or_refused(data: st.DataObject, version: Version) -> None:
    check(json.dumps(graft(data, version)).encode())


@given(st.data(), st.sampled_from(Version))
@settings(max_examples=50)
def test_the_order_of_keys_changes_nothing(data: st.DataObject, version: Version) -> None:
    value = graft(data, version)
    shuffled = _turned(value, data.draw(st.randoms(use_true_random=False)))
    reading: Reading = read_ivms(json.dumps(value).encode(), TERMS)
    assert told(read_ivms(json.dumps(shuffled).encode(), TERMS)) == told(reading)
    assert reading.content in ("", canonical(value))


def _turned(value: Any, dice: Random) -> Any:
    if isinstance(value, list):
        return [_turned(one, dice) for one in value]
    if not isinstance(value, dict):
        return value
    items = list(value.items())
    dice.shuffle(items)
    return {key: _turned(one, dice) for key, one in items}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    check(content)


def test_the_worst_that_is_small_enough_is_read_in_time() -> None:
    """Wide, nested and repeated as far as bounds let it be; seconds of a processor."""
    person = {"naturalPerson": {"name": {"nameIdentifier": [{}] * 30}, "x" * 40: 1}}
    wide = {"originator": {"originatorPersons": [person] * 60}, "beneficiary": [person] * 9}
    keys = {f"k{n}": n for n in range(4000)}
    twins = {"Originator": [wide] * 2, "originator": [wide] * 2, "ORIGINATOR": wide}
    for value in (wide, keys, {"originator": keys}, twins, {"originator": [[0] * 1000] * 4}):
        content = json.dumps(value).encode()
        assert codes(content)
    for text in ('"' * 60_000, "\\" * 60_000, '"\\' * 30_000, '["' + "\\" * 60_000, "{" * 60_000):
        assert codes(text.encode())


def test_a_refusal_repeats_nothing_of_a_record() -> None:
    for path in places(BASE[Version.V2020]):
        for value in (
            changed(BASE[Version.V2020], *path, to=lambda _: [PERSONAL, 1]),
            changed(BASE[Version.V2020], *path[:-1], f"{PERSONAL} Anna", to=lambda _: [PERSONAL])
            if isinstance(path[-1], str)
            else BASE[Version.V2020],
        ):
            codes(json.dumps(value).encode())
