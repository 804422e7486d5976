"""Participants: an LEI is one or is refused, and a role needs the licence that the law names."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10
from tests.laws import OPEN, SHIPPED, TEXTS, country, joined, on_subject, read

from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    LeiWrong,
    Licence,
    Participant,
    licensed,
    parse_lei,
)
from clearhouse.core.rulebook import ADMISSION, Class, Role, parse

LAW = parse(TEXTS)
DAY = date(2026, 3, 2)
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# As the Global LEI Foundation publishes them.
LEIS = [
    "506700GE1G29325QX363",  # the Global LEI Foundation
    "5493001KJTIIGC8Y1R12",  # Bloomberg Finance
    "HWUPKR0MPOU8FGXBT394",  # Apple
    "INR2EJN1ERAN0W5ZP974",  # Microsoft
    "8I5DZWZKVSZI1NUHU748",  # JPMorgan Chase
    "7LTWFZYICNSX8D621K86",  # Deutsche Bank
    "5493006MHB84DD0ZWV18",  # Alphabet
]


def remainder(lei: str) -> int:
    """ISO 7064 MOD 97-10, letters as 10 to 35, in another way than the library's."""
    rest = 0
    for char in lei:
        value = CAPITALS.index(char) + 10 if char in CAPITALS else int(char)
        rest = (rest * (100 if value > 9 else 10) + value) % 97
    return rest


def wrong(text: str) -> bool:
    try:
        parse_lei(text)
    except LeiWrong:
        return True
    return False


@pytest.mark.parametrize("lei", LEIS)
def test_an_lei_is_taken_as_it_is(lei: str) -> None:
    assert remainder(lei) == 1
    assert parse_lei(lei) == lei


@pytest.mark.parametrize("lei", LEIS)
def test_a_slip_of_the_pen_is_refused(lei: str) -> None:
    """One letter or digit for another, and two neighbours swapped.

    Not a letter and a digit swapped: of those the check digits miss one in 97.
    """
    for at, char in enumerate(lei):
        alike = CAPITALS if char in CAPITALS else "0123456789"
        for other in alike.replace(char, ""):
            assert wrong(lei[:at] + other + lei[at + 1 :])
    for at in range(19):
        one, other = lei[at], lei[at + 1]
        if one != other and one.isdigit() is other.isdigit():
            assert wrong(lei[:at] + other + one + lei[at + 2 :])


@pytest.mark.parametrize("lei", LEIS)
@pytest.mark.parametrize(
    "form",
    [
        "{small}",
        " {lei}",
        "{lei} ",
        "{lei}\n",
        "5493 001K JTII GC8Y 1R12",
        "5493-001KJTIIGC8Y1R12",
        "0{lei}",  # the remainder is the same: only the length tells
        "{short}",
        "{lei}0",
        "{lei}{lei}",
        "",
        "{wide}",  # full-width digits, which Python reads as digits
        "LEI:{lei}",
        "\0{lei}",
    ],
)
def test_what_only_resembles_an_lei_is_refused(lei: str, form: str) -> None:
    """Nothing is guessed or normalised: one entity has one id."""
    wide = lei.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    text = form.format(lei=lei, small=lei.lower(), short=lei[:-1], wide=wide)

    assert text != lei
    assert wrong(text)


@given(st.text(alphabet=CAPITALS + "0123456789", min_size=18, max_size=18))
def test_one_body_has_one_pair_of_check_digits(body: str) -> None:
    """00, 01 and 99 leave the same remainder as 97, 98 and 02, and are none (ISO 7064)."""
    valid = [body + f"{n:02}" for n in range(100) if not wrong(body + f"{n:02}")]

    assert valid == [body + mod_97_10.calc_check_digits(body)]
    assert remainder(valid[0]) == 1


@given(st.text(max_size=30))
def test_any_text_is_answered(text: str) -> None:
    assert wrong(text) or text.isascii()


def licence(kind: Class, start: date = date(2026, 1, 1), end: date = date(2026, 12, 31)) -> Licence:
    return Licence(kind, "Central Bank", start, end)


def holder(residence: str, *licences: Licence) -> Participant:
    id = ParticipantId("5493001KJTIIGC8Y1R12")
    return Participant(id, "A Firm AS", residence, "address", licences)


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ],
)
def test_a_licence_holds_from_its_first_day_to_its_last(day: date, holds: bool) -> None:
    march = licence(Class.IMPORTER, date(2026, 3, 1), date(2026, 3, 31))

    assert march.active(day) is holds
    assert bool(licensed(holder("XA", march), Role.DEBTOR, day, LAW)) is not holds


MAY = {
    ("XA", Role.DEBTOR): {Class.IMPORTER, Class.PLATFORM, Class.BANK, Class.MINER},
    ("XA", Role.CREDITOR): {Class.EXPORTER, Class.PLATFORM, Class.BANK, Class.MINER},
    ("XB", Role.DEBTOR): {Class.IMPORTER, Class.EXPORTER, Class.BANK},
    ("XB", Role.CREDITOR): {Class.IMPORTER, Class.EXPORTER, Class.BANK},
}


@pytest.mark.parametrize("kind", Class)
@pytest.mark.parametrize(("residence", "role"), MAY)
def test_each_class_may_do_what_the_law_of_its_residence_says(
    residence: str, role: Role, kind: Class
) -> None:
    missing = licensed(holder(residence, licence(kind)), role, DAY, LAW)

    if kind in MAY[residence, role]:
        assert not missing
        return
    (lack,) = missing
    (rule,) = (r for r in LAW.rules if r.id == f"{residence}.admission.{role}")
    assert lack.code == "participant.licence-missing"
    assert lack.context["rule"] == rule.id
    assert rule.id in lack.detail
    assert rule.head.citation in lack.detail
    assert str(DAY) in lack.detail


def test_the_right_one_of_several_licences_is_enough() -> None:
    lapsed = licence(Class.IMPORTER, end=date(2026, 1, 31))
    export, held = licence(Class.EXPORTER), licence(Class.BANK)

    assert not licensed(holder("XA", lapsed, export, held), Role.DEBTOR, DAY, LAW)
    assert licensed(holder("XA", lapsed, export), Role.DEBTOR, DAY, LAW)


def test_without_a_licence_there_is_a_refusal() -> None:
    assert len(licensed(holder("XA"), Role.DEBTOR, DAY, LAW)) == 1


@pytest.mark.parametrize(
    ("residence", "role", "day"),
    [
        ("XE", Role.DEBTOR, DAY),  # a country whose law says nothing of it
        ("XA", Role.DEBTOR, date(2025, 12, 31)),  # before the law
    ],
)
def test_what_no_law_allows_is_refused(residence: str, role: Role, day: date) -> None:
    everything = [licence(kind, date(2020, 1, 1)) for kind in Class]
    law = read(joined(SHIPPED, country("XE")))

    (lack,) = licensed(holder(residence, *everything), role, day, law)

    assert lack.context["rule"] == ""
    assert residence in lack.detail
    assert role in lack.detail


def test_a_rule_that_forbids_is_told_whatever_another_one_allows() -> None:
    """Of what allows one is enough; of what forbids each counts."""
    forbids = {
        "id": "XA.admission.banks-alone",
        "says": "Nobody but a bank owes anything.",
        "citation": "Act 2, s. 1",
        "effective_from": DAY,
        "applies_to": {"roles": ["debtor"]},
        "outcome": "DENY",
        "when": '!("bank" in party.licences)',
        "vectors": {"fires": [{}], "silent": [{"party.licences": ["bank"]}]},
    }
    law = read(joined(OPEN, on_subject("XA", ADMISSION, rule=[forbids])))
    importer, bank = holder("XA", licence(Class.IMPORTER)), holder("XA", licence(Class.BANK))

    (lack,) = licensed(importer, Role.DEBTOR, DAY, law)

    assert lack.context["rule"] == "XA.admission.banks-alone"
    assert "Nobody but a bank owes anything." in lack.detail
    assert "Act 2, s. 1" in lack.detail
    assert not licensed(bank, Role.DEBTOR, DAY, law)
    assert not licensed(importer, Role.CREDITOR, DAY, law)
    assert not licensed(importer, Role.DEBTOR, DAY - timedelta(days=1), law)
