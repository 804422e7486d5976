"""Records: a line is read or all that is wrong with it is said, and what was written is read again.

Records of every register are drawn from the hints of their fields, so that a new register, or a
new field, is tested the day it is there.
"""

import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import hit, vasps

from clearhouse.core.canonical import FormError, canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId, derived
from clearhouse.core.owner import HOLDINGS, PERSONS, Holding
from clearhouse.core.participant import ATTACHMENTS, LIMITS, MEASURES, NAMES, Attachment, Limit
from clearhouse.core.record import (
    KEY_GAP,
    TEXT_LENGTH_MAX,
    WHOLE_MAX,
    Decimals,
    OneOf,
    Register,
    UnknownRegister,
    dates_wrong,
    digest_of,
    in_force,
    read_date,
)
from clearhouse.core.registers import REGISTERS, register_of
from clearhouse.core.suspicion import NARRATIVE_LENGTH_MAX

FIRM = ParticipantId("5493001KJTIIGC8Y1R12")
LEIS = [FIRM, "HWUPKR0MPOU8FGXBT394"]
MARCH = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
# Each of the properties is asked of every register.
FEW = settings(max_examples=40)
EVERY = pytest.mark.parametrize("register", REGISTERS.values(), ids=list(REGISTERS))


# Records as they may be.

letters = st.characters(
    exclude_categories=["C", "Z"], include_characters=" ", exclude_characters=KEY_GAP
)
texts = st.text(letters, max_size=30).map(str.strip).filter(bool)
days = st.dates()
OF_KIND: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(0, WHOLE_MAX),
    bool: st.booleans(),
    date: days,
    datetime: st.datetimes(timezones=st.just(UTC)),
}
entities = st.integers(0, 9).map(lambda n: derived("ent", str(n)))
persons = st.integers(0, 9).map(lambda n: derived("prs", str(n)))
cases = st.integers(0, 9).map(lambda n: derived("cas", str(n)))
countries = st.text("ABCXYZ", min_size=2, max_size=2)
RETURNS = ("miner_return", "operator_return", "operator_miner", "operator_tariff")
MONTHS = [(name, "month") for name in (*RETURNS, "operator_machine")]
# Of fields that take less than their type does.
NARROW: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("legal_entity", "participant"): st.sampled_from(LEIS),
    ("licence", "valid_from"): st.dates(max_value=date(2030, 1, 1)),
    ("licence", "valid_to"): st.dates(min_value=date(2030, 1, 1)),
    ("application", "application"): st.integers(0, 9).map(lambda n: derived("app", str(n))),
    ("application", "applicant"): st.sampled_from(LEIS),
    ("licence_sought", "valid_from"): st.dates(max_value=date(2030, 1, 1)),
    ("licence_sought", "valid_to"): st.dates(min_value=date(2030, 1, 1)),
    ("document", "document"): st.sampled_from(["0" * 64, "ab" * 32]),
    ("document", "issued_on"): st.dates(max_value=date(2030, 1, 1)),
    ("document", "until"): st.none() | st.dates(min_value=date(2030, 1, 1)),
    ("question", "asked_on"): st.dates(max_value=date(2030, 1, 1)),
    ("question", "due_on"): st.dates(min_value=date(2030, 1, 1)),
    ("question", "answered_on"): st.dates(min_value=date(2030, 1, 1)),
    ("decision", "application"): st.integers(0, 9).map(lambda n: derived("app", str(n))),
    ("decision", "outcome"): st.just("admitted"),
    ("decision", "case"): st.sampled_from(["0" * 64, "ab" * 32]),
    ("decision", "rating"): st.sampled_from(["low", "medium", "high"]),
    ("contact", "email"): st.sampled_from(["a@b.example", "desk+1@c-d.example.org"]),
    ("contact", "telephone"): st.sampled_from(["", "+4740000000"]),
    ("representative", "person"): st.integers(0, 9).map(lambda n: derived("per", str(n))),
    ("entity", "entity"): entities | st.sampled_from(LEIS),
    ("entity", "jurisdiction"): countries,
    ("person_owner", "entity"): persons,
    ("holding", "owner"): entities | persons,
    ("holding", "owned"): st.sampled_from(LEIS),
    ("holding", "share"): st.integers(1, 1_000_000),
    ("carriage", "obligation"): st.integers(0, 9).map(lambda n: derived("obl", str(n))),
    **dict.fromkeys([("carriage", end) for end in ("loading", "discharge")], st.just("XAOS9")),
    **dict.fromkeys([("carriage", end) for end in ("origin", "destination")], countries),
    ("carriage", "vessel"): st.just("") | st.integers(0, 9).map(lambda n: derived("ves", str(n))),
    ("vessel", "vessel"): st.integers(0, 9).map(lambda n: derived("ves", str(n))),
    ("vessel", "imo"): st.sampled_from(["", "9187629", "9074729"]),
    ("vessel", "flag"): st.sampled_from(["", "XA"]),
    ("associate", "participant"): st.just(LEIS[0]),
    ("associate", "associate"): entities | st.just(LEIS[1]),
    ("associate", "role"): st.sampled_from(["director", "bank", "agent"]),
    ("hit_decision", "compared"): st.sampled_from(["0" * 64, "ab" * 32]),
    ("hit_decision", "listed"): st.sampled_from(["0" * 64, "ab" * 32]),
    **{
        (name, "case"): cases
        for name in ("case_owner", "case_link", "escalation", "concern", "concern_decision")
    },
    ("case_link", "other"): st.just(derived("cas", "other")),
    ("escalation", "level"): st.integers(1, 2),
    ("concern", "about"): st.sampled_from([*LEIS, derived("obl", "one"), derived("ent", "two")]),
    ("suspicion_report", "case"): cases,
    ("suspicion_report", "report"): st.integers(0, 9).map(lambda n: derived("rep", str(n))),
    ("suspicion_report", "narrative"): st.just(hit.NARRATIVE),
    ("report_receipt", "report"): st.integers(0, 9).map(lambda n: derived("rep", str(n))),
    ("case_owner", "person"): st.integers(0, 9).map(lambda n: derived("per", str(n))),
    ("case_evidence", "case"): cases,
    ("case_evidence", "document"): st.sampled_from(["0" * 64, "ab" * 32]),
    ("hold_decision", "said"): st.sampled_from(["0" * 64, "ab" * 32]),
    ("hit_decision", "outcome"): st.sampled_from(["another", "same"]),
    ("participation", "until"): st.none(),
    ("site", "site"): st.integers(0, 9).map(lambda n: derived("sit", str(n))),
    ("site", "region"): st.sampled_from(["XA-NORTH", "XA-2", "AB-C-D-3"]),
    **dict.fromkeys(MONTHS, st.integers(1, 12).map(lambda n: date(2026, n, 1))),
    ("miner_return", "addresses"): st.just(("a", "b")),
    ("operator_miner", "observer"): st.sampled_from(["", "https://a.example/w?id=1"]),
    ("epoch", "ends_at"): st.just(datetime(9000, 1, 1, tzinfo=UTC)),
    ("epoch", "begins_at"): st.integers(0, 10**8).map(lambda n: NOON + timedelta(seconds=n)),
    ("epoch", "difficulty"): st.integers(1, WHOLE_MAX),
    ("epoch", "reward"): st.integers(1, WHOLE_MAX),
    ("investment", "investment"): st.integers(0, 9).map(lambda n: derived("inv", str(n))),
    ("investment", "investor"): st.just(LEIS[0]),
    ("investment", "intermediary"): st.just(LEIS[1]),
    ("investment", "units"): st.integers(1, WHOLE_MAX),
    ("lot_method", "year"): st.integers(2009, 9999),
    ("mined_lot", "lot"): st.integers(0, 9).map(lambda n: derived("lot", str(n))),
    ("mined_sale", "sale"): st.integers(0, 9).map(lambda n: derived("sal", str(n))),
    ("mined_sale", "miner"): st.just(LEIS[0]),
    ("mined_sale", "buyer"): st.just(LEIS[1]),
    **{
        (name, field): drawn
        for name in ("mined_lot", "mined_sale")
        for field, drawn in (
            ("units", st.integers(1, 21 * 10**14)),
            ("quote", st.integers(1, WHOLE_MAX)),
            ("official_rate", st.none() | st.integers(1, WHOLE_MAX)),
            ("outpoint", st.sampled_from(["", f"{'0a' * 32}:0", f"{'ff' * 32}:4294967295"])),
        )
    },
    ("vasp", "vasp"): st.sampled_from(LEIS),
    ("vasp", "jurisdiction"): countries,
    ("vasp", "travel_address"): st.just(vasps.vasp().travel_address),
    ("vasp", "until"): st.dates(min_value=date(2030, 1, 1)),
    ("vasp", "since"): st.dates(max_value=date(2030, 1, 1)),
    ("vasp", "certificate"): st.sampled_from(["by-issuer", "ab" * 32]),
    ("travel_record", "obligation"): st.integers(0, 9).map(lambda n: derived("obl", str(n))),
    ("travel_record", "digest"): st.sampled_from(["0" * 64, "ab" * 32]),
    ("travel_record", "payee_match"): st.integers(0, 1000),
    ("travel_record", "originating"): st.sampled_from(["", *LEIS]),
    ("travel_record", "beneficiary"): st.sampled_from(["", *LEIS]),
    ("travel_record", "content"): texts,
    ("reading", "register"): st.integers(0, 10**17),
    ("machine", "hash_rate"): st.integers(1, WHOLE_MAX),
    ("machine", "joules_per_terahash"): st.integers(1, WHOLE_MAX),
    ("pool_account", "observer"): st.sampled_from(["https://a.example/w?id=1", "https://b:8443"]),
}


def of_hint(hint: Any) -> st.SearchStrategy[Any]:
    """What a field of a type may hold."""
    if get_origin(hint) is Annotated:
        kind, mark = get_args(hint)
        return st.sampled_from(list(map(str, mark.words))) if type(mark) is OneOf else of_hint(kind)
    if get_origin(hint) in {Union, types.UnionType}:
        (arm,) = (arm for arm in get_args(hint) if arm is not types.NoneType)
        return st.none() | of_hint(arm)
    if get_origin(hint) is tuple:
        return st.lists(texts.filter(lambda text: ";" not in text), unique=True).map(tuple)
    return OF_KIND[getattr(hint, "__supertype__", hint)]


def records_of(register: Register) -> st.SearchStrategy[Any]:
    hints = get_type_hints(register.kind, include_extras=True)
    parts = {
        one.name: NARROW.get((register.name, one.name), of_hint(hints[one.name]))
        for one in fields(register.kind)
    }
    return st.builds(register.kind, **parts).map(in_order).filter(lambda one: not [*one.faults()])


def in_order(record: Any) -> Any:
    """A record that ends, if it ends, after it begins."""
    if getattr(record, "until", None) is None or not hasattr(record, "since"):
        return record
    return replace(
        record, since=min(record.since, record.until), until=max(record.since, record.until)
    )


@EVERY
@FEW
@given(st.data())
def test_what_is_written_is_read_again(register: Register, data: st.DataObject) -> None:
    record = data.draw(records_of(register))

    line = register.write(record)

    assert register.read(line) == (record, [])
    assert list(line) == [one.name for one in fields(register.kind)]
    spaced = {name: f"  {text} " for name, text in line.items()}
    assert register.read({**spaced, "refusals": "x"}) == (record, [])
    filled = {name: text for name, text in line.items() if text}
    assert register.read(filled) == (record, [])


@EVERY
@FEW
@given(st.data())
def test_what_is_journalled_is_read_again(register: Register, data: st.DataObject) -> None:
    record = data.draw(records_of(register))

    whose, fact = register.entered(record, "cmd_1")

    assert register.form.decode(fact.body) == record
    assert register.form.encode(register.form.decode(fact.body)) == fact.body
    assert whose == getattr(record, register.about)
    assert (fact.register, fact.key, fact.proposal) == (
        register.name,
        register.key_of(record),
        "cmd_1",
    )
    assert len(fact.body.splitlines()) == 1
    with pytest.raises(FormError):
        register.form.decode(f"{fact.body} ")


@EVERY
@FEW
@given(st.data())
def test_a_key_tells_the_fields_by_which_a_record_is_known(
    register: Register, data: st.DataObject
) -> None:
    one, other = data.draw(records_of(register)), data.draw(records_of(register))

    def known_by(record: Any) -> list[Any]:
        return [getattr(record, name) for name in register.key]

    assert (register.key_of(one) == register.key_of(other)) is (known_by(one) == known_by(other))
    assert register.key_of(one).count(KEY_GAP) == len(register.key) - 1
    if register.is_dated:
        later = replace(one, since=one.since + timedelta(days=one.since < date.max))
        assert register.thing_of(later) == register.thing_of(one)


@EVERY
def test_a_register_says_what_it_has(register: Register) -> None:
    assert register.name.isidentifier()
    assert register.says
    names = [one.name for one in register.columns]
    assert {*register.key, register.about, *register.restricted, *register.personal} <= {*names}
    assert all(one.meaning for one in register.columns)
    # A key has no gap in it; a flag that is left out says no.
    in_key = [one for one in register.columns if one.name in register.key]
    assert all(one.needed or one.default is False for one in in_key)
    if register.is_dated:
        assert names[-2:] == ["since", "until"]


# Lines that are wrong.

any_text = st.text(st.characters(), max_size=20) | st.sampled_from(
    [
        "",
        " ",
        "\0",
        "\ud800",
        "yes",
        "1.5",
        "-1",
        "2026-02-30",
        "9999-12-31",
        "0001-01-01T00:00+01:00",
        "2026-03-01T12:00",
        "A|B",
        "x" * 351,
        *LEIS,
    ]
)


@EVERY
@FEW
@given(st.data())
def test_any_texts_are_read_or_refused(register: Register, data: st.DataObject) -> None:
    names = [one.name for one in register.columns]
    good = register.write(data.draw(records_of(register)))
    spoilt = data.draw(st.dictionaries(st.sampled_from(names) | st.text(), any_text))
    dropped = data.draw(st.sets(st.sampled_from(names)))
    line = {name: text for name, text in {**good, **spoilt}.items() if name not in dropped}

    record, wrong = register.read(line)

    assert (record is None) is bool(wrong)
    for refusal in wrong:
        assert isinstance(refusal, Refusal)
        assert refusal.detail.encode()
    if record is not None:
        assert not [*record.faults()]
        assert register.read(register.write(record)) == (record, [])
        assert register.form.decode(register.form.encode(record)) == record
        assert register.key_of(record).count(KEY_GAP) == len(register.key) - 1


WRONG_TEXTS = ["\0", "a\0b", "a\nb", "a\tb", "\x1b[2J", "\ud800", "\u202e", "a\u2028b", "x" * 351]


@EVERY
@FEW
@given(st.data(), st.sampled_from(WRONG_TEXTS))
def test_every_fault_is_told_at_once(register: Register, data: st.DataObject, text: str) -> None:
    good = register.write(data.draw(records_of(register)))
    several = data.draw(st.sets(st.sampled_from([*good]), min_size=1))

    # What may be long is too long as well.
    long = {name: text.ljust(NARRATIVE_LENGTH_MAX + 1, "x") for name in several}
    texts = {name: long[name] if name in {"narrative", "content"} else text for name in several}
    record, wrong = register.read({**good, **texts})

    assert record is None
    assert [one.code for one in wrong] == ["record.malformed"] * len(several)
    assert [one.detail.partition(":")[0] for one in wrong] == [n for n in good if n in several]
    assert all(one.detail.encode() and len(one.detail) < 500 for one in wrong)


@EVERY
def test_an_empty_line_lacks_all_that_is_needed(register: Register) -> None:
    needed = [one.name for one in register.columns if one.needed]

    record, wrong = register.read({})

    assert record is None
    assert [one.detail.partition(":")[0] for one in wrong] == needed
    assert register.read(dict.fromkeys(needed, " "))[0] is None


def test_what_is_wrong_with_a_record_itself_is_told_at_once_too() -> None:
    line = {
        "owner": "5493001KJTIIGC8Y1R21",
        "owned": "prs_x",
        "share": "100.0001",
        "control": "no",
        "source": "register",
        "since": "2026-03-02",
        "until": "2026-03-01",
    }
    _, wrong = HOLDINGS.read(line)

    assert [one.code for one in wrong] == [
        "record.dates-wrong",
        "owner.entity-wrong",
        "owner.entity-wrong",
        "owner.person-owned",
        "owner.over-whole",
    ]


NAMED = {"participant": FIRM, "name": "A Firm", "use": "trading", "since": "2026-03-01"}


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("x" * TEXT_LENGTH_MAX, True),
        ("\U0001f33e" * TEXT_LENGTH_MAX, True),  # characters, not bytes
        ("x" * (TEXT_LENGTH_MAX + 1), False),
        (f"  {'x' * TEXT_LENGTH_MAX}  ", True),
        ("Ærø Søfart & Sønner", True),
        ("Торговый дом", True),
        ("شركة", True),
        ("a b", True),
        ("a\u00a0b", False),  # a space that looks like another one
        ("a\u200bb", False),
        ("\ufeffa", False),
        ("a\ue000", False),
        ("A | B", False),
        ("|", False),
        ("a;b", True),
    ],
)
def test_a_text_is_short_and_can_be_printed(text: str, is_read: bool) -> None:
    record, wrong = NAMES.read({**NAMED, "name": text})

    assert (record is not None) is is_read
    assert [one.code for one in wrong] == ["record.malformed"] * (not is_read)


def test_a_gap_stands_between_the_fields_of_a_key_alone() -> None:
    measure = {
        "participant": FIRM,
        "licence_class": "importer",
        "issuer": "A|B",
        "valid_from": "2026-01-01",
        "measure": "suspended",
        "reason": "this | that",
        "since": "2026-03-01",
    }
    _, wrong = MEASURES.read(measure)
    assert [one.detail for one in wrong] == [
        "issuer: without '|', which stands between a key's fields"
    ]
    record, _ = MEASURES.read({**measure, "issuer": "A/B"})
    assert record.reason == "this | that"


@pytest.mark.parametrize("text", ["Trading", "trading,legal", "trade", "TRADING", "1", "trading\0"])
def test_a_word_is_one_of_those_there_are(text: str) -> None:
    _, (wrong,) = NAMES.read({**NAMED, "use": text})
    assert "one of legal, trading, former, other-script" in wrong.detail


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2024-02-29", date(2024, 2, 29)),
        ("0001-01-01", date.min),
        ("9999-12-31", date.max),
        ("2026-02-29", None),
        ("0000-01-01", None),
        ("2026-00-01", None),
        ("20260301", None),
        ("2026-W10-1", None),
        ("2026-060", None),
        ("1.3.2026", None),
        ("2026-3-1", None),
        ("2026-03-01T00:00", None),
        ("٢٠٢٦-٠٣-٠١", None),  # noqa: RUF001 - digits, but not ASCII's
        ("2026-03-01\n", None),
        ("", None),
    ],
)
def test_a_day_is_written_in_one_way(text: str, day: date | None) -> None:
    if day is None:
        with pytest.raises(ValueError, match=r"."):
            read_date(text)
    else:
        assert read_date(text) == day


def test_what_begins_ends_on_the_same_day_or_later() -> None:
    assert dates_wrong(MARCH, None) == dates_wrong(MARCH, MARCH) == []
    (wrong,) = dates_wrong(MARCH, MARCH - timedelta(days=1))
    assert (wrong.code, wrong.kind) == ("record.dates-wrong", Kind.MALFORMED)


# Numbers, flags and sets of words.


@dataclass(frozen=True, slots=True)
class Sample:
    """A record of all that registers can hold."""

    sample: str
    rate: Annotated[int, Decimals(4, "percent")] = 0
    coins: Annotated[int, Decimals(18)] = 0
    whole: Annotated[int, Decimals(0)] = 0
    count: int = 0
    held: bool = False
    words: tuple[str, ...] = ()
    at: datetime | None = None

    def faults(self) -> Iterable[Refusal]:
        return ()


SAMPLES = Register("sample", Sample, "a sample", ("sample",), "sample")


@pytest.mark.parametrize(
    ("column", "text", "value", "written"),
    [
        ("rate", "25", 250_000, "25.0000"),
        ("rate", "25.", None, ""),
        ("rate", ".5", None, ""),
        ("rate", "0.0001", 1, "0.0001"),
        ("rate", "0.00010", None, ""),
        ("rate", "0.5", 5_000, "0.5000"),
        ("rate", "007.5", 75_000, "7.5000"),
        ("rate", "0", 0, "0.0000"),
        ("rate", "922337203685477.5807", WHOLE_MAX, "922337203685477.5807"),
        ("rate", "922337203685477.5808", None, ""),
        ("rate", "9" * 19, None, ""),
        ("rate", "9" * 20, None, ""),
        ("rate", "0" * 20, None, ""),
        ("rate", "-1", None, ""),
        ("rate", "+1", None, ""),
        ("rate", "1,5", None, ""),
        ("rate", "1 000", None, ""),
        ("rate", "1_000", None, ""),
        ("rate", "1e3", None, ""),
        ("rate", "25 %", None, ""),
        ("rate", "½", None, ""),
        ("rate", "٢", None, ""),
        ("coins", "9.223372036854775807", WHOLE_MAX, "9.223372036854775807"),
        ("coins", "9.223372036854775808", None, ""),
        ("coins", "0.000000000000000001", 1, "0.000000000000000001"),
        ("coins", "0.0000000000000000001", None, ""),
        ("coins", "10", None, ""),
        ("whole", "7", 7, "7"),
        ("whole", "7.0", None, ""),
        ("count", "9223372036854775807", WHOLE_MAX, "9223372036854775807"),
        ("count", "9223372036854775808", None, ""),
        ("count", "1.0", None, ""),
        ("count", "007", 7, "7"),
        ("held", "yes", True, "yes"),
        ("held", "no", False, "no"),
        ("held", "", False, "no"),
        ("held", "true", None, ""),
        ("held", "Yes", None, ""),
        ("words", "a", ("a",), "a"),
        ("words", " a ; b c;d ", ("a", "b c", "d"), "a;b c;d"),
        ("words", "b;a", ("b", "a"), "b;a"),
        ("words", "", (), ""),
        ("words", "a;a", None, ""),
        ("words", "a; a", None, ""),
        ("words", "a;", None, ""),
        ("words", ";", None, ""),
        ("words", "a\0;b", None, ""),
        ("at", "2026-03-01T12:00:00Z", NOON, "2026-03-01T12:00:00.000000Z"),
        ("at", "2026-03-01T13:00+01:00", NOON, "2026-03-01T12:00:00.000000Z"),
        ("at", "2026-03-01T12:00:00", None, ""),
        ("at", "2026-03-01", None, ""),
        ("at", "0001-01-01T00:00+01:00", None, ""),  # before the first instant there is
        ("at", "9999-12-31T23:00-01:00", None, ""),
        ("at", "\ud800", None, ""),
    ],
)  # fmt: skip
def test_a_field_is_read_as_people_write_it(
    column: str, text: str, value: Any, written: str
) -> None:
    record, wrong = SAMPLES.read({"sample": "s", column: text})

    if value is None:
        assert [one.detail.partition(":")[0] for one in wrong] == [column]
    else:
        assert record == replace(Sample("s"), **{column: value})
        assert SAMPLES.write(record)[column] == written


@given(records_of(SAMPLES))
def test_a_sample_of_all_that_can_be_held_is_read_again(record: Sample) -> None:
    assert SAMPLES.read(SAMPLES.write(record)) == (record, [])
    assert SAMPLES.form.decode(SAMPLES.form.encode(record)) == record


def test_a_column_says_what_it_takes() -> None:
    meanings = {one.name: one.meaning for one in SAMPLES.columns}

    assert meanings["rate"] == "a number with at most 4 decimals, in percent"
    assert meanings["coins"] == "a number with at most 18 decimals"
    assert meanings["held"] == "yes or no"
    assert "at most 350 characters" in meanings["sample"]
    assert [one.name for one in SAMPLES.columns if one.needed] == ["sample"]


def test_what_is_personal_is_a_text_of_its_record() -> None:
    for register in REGISTERS.values():
        hints = get_type_hints(register.kind)
        assert {hints[name] for name in register.personal} <= {str}
        assert not register.personal or hints["commitment"] is str
    assert PERSONS.personal == ("name", "born", "nationality")


# Two times.

near = st.integers(0, 6).map(lambda n: MARCH + timedelta(days=n))


@st.composite
def attachments(draw: st.DrawFn) -> Attachment:
    since, until = draw(near), draw(st.none() | near)
    place = draw(st.sampled_from(["XA", "XB"]))
    if until is not None:
        since, until = min(since, until), max(since, until)
    return Attachment(FIRM, place, draw(st.sampled_from(["branch", "owners"])), since, until)


def known_after(said: Sequence[Any], count: int) -> list[Any]:
    """What is known when so much was said: under each key, what was said last."""
    return [*{ATTACHMENTS.key_of(one): one for one in said[:count]}.values()]


@given(st.lists(attachments(), max_size=12), st.integers(0, 12), near, st.randoms())
def test_what_holds_on_a_day_as_it_was_known_then(
    said: list[Attachment], count: int, on: date, dice: Any
) -> None:
    """Of each thing the newest that has begun, if it has not ended; in whatever order they come."""
    known = known_after(said, count)

    found = in_force(ATTACHMENTS, dice.sample(known, len(known)), on)

    def newer(one: Attachment) -> bool:
        same = [
            other
            for other in known
            if (other.jurisdiction, other.ground) == (one.jurisdiction, one.ground)
        ]
        return any(one.since < other.since <= on for other in same)

    plain = [one for one in known if one.since <= on and not newer(one)]
    plain = [one for one in plain if one.until is None or on <= one.until]
    assert sorted(map(ATTACHMENTS.key_of, found)) == sorted(map(ATTACHMENTS.key_of, plain))
    assert all(one in known for one in found)
    assert len({ATTACHMENTS.thing_of(one) for one in found}) == len(found)


def limit(units: int, since: int, until: int | None = None) -> Limit:
    end = None if until is None else date(2026, 3, until)
    return Limit(FIRM, "USD", "net-debit", units, date(2026, 3, since), end)


@pytest.mark.parametrize(
    ("count", "day", "units"),
    [
        (0, 9, []),
        (1, 1, []),
        (1, 2, [100]),
        (1, 31, [100]),
        (2, 9, [100]),  # the second was said; it begins on the tenth
        (2, 10, [200]),
        (2, 31, [200]),
        (3, 9, [150]),  # the first was said anew: so it was all along
        (3, 10, [200]),
        (4, 10, [200]),
        (4, 20, [200]),
        (4, 21, []),  # the second ended; what it replaced does not come back
        (5, 20, [200]),
        (5, 21, [300]),
    ],
)
def test_what_was_true_on_a_day_depends_on_what_was_known(
    count: int, day: int, units: list[int]
) -> None:
    said = [limit(100, 2), limit(200, 10), limit(150, 2), limit(200, 10, 20), limit(300, 21)]
    known = [*{LIMITS.key_of(one): one for one in said[:count]}.values()]

    assert [one.units for one in in_force(LIMITS, known, date(2026, 3, day))] == units


def test_things_do_not_replace_each_other() -> None:
    day = limit(7, 5)
    other = replace(day, limit="day", since=date(2026, 3, 6))

    assert in_force(LIMITS, [day, other], date(2026, 3, 9)) == [day, other]


# What is agreed on.


def test_a_digest_is_over_whose_each_is_its_key_and_its_bytes() -> None:
    several = [limit(1, 1), limit(2, 2)]
    facts = [LIMITS.entered(one) for one in several]
    lines = [canonical([about, fact.key, fact.body]) for about, fact in facts]
    written = "".join(f"{line}\n" for line in lines).encode()

    assert digest_of(LIMITS, several) == sha256(written).hexdigest()


def test_another_order_or_another_number_is_another_digest() -> None:
    one, two = limit(1, 1), limit(2, 2)
    several = [[], [one], [two], [one, two], [two, one], [one, one], [one, two, two]]
    assert len({digest_of(LIMITS, each) for each in several}) == len(several)


# Every register there is.


def test_a_register_is_found_by_its_name() -> None:
    for name, register in REGISTERS.items():
        assert register.name == name
        assert register_of(name) is register
    assert len({one.kind for one in REGISTERS.values()}) == len(REGISTERS)
    with pytest.raises(TypeError):
        REGISTERS["other"] = HOLDINGS  # type: ignore[index]


@pytest.mark.parametrize("name", ["", "holdings", "HOLDING", "holding ", "\ud800", "x" * 999])
def test_there_is_no_other_register(name: str) -> None:
    with pytest.raises(UnknownRegister) as refused:
        register_of(name)

    assert (refused.value.code, refused.value.kind) == ("record.unknown-register", Kind.UNKNOWN)
    assert "`clearhouse records kinds`" in refused.value.detail
    assert len(refused.value.detail.encode()) < 300


def test_a_holding_is_known_by_its_ends_and_its_day() -> None:
    one = Holding(derived("ent", "1"), FIRM, 250_000, control=False, source="s", since=MARCH)

    assert HOLDINGS.key_of(one) == f"{derived('ent', '1')}|{FIRM}|2026-03-01"
    assert HOLDINGS.is_dated
    assert not PERSONS.is_dated
    assert HOLDINGS.write(one)["share"] == "25.0000"
