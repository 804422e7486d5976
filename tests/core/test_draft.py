"""Drafts: everything that is wrong with a line is told at once, and what is right is read exactly.

Two firms of the shipped fictional law: an importer of Norland (XA) and an exporter of Sudmark (XB).
"""

import tracemalloc
from dataclasses import asdict, replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import TEXTS

from clearhouse.core.draft import Desk, Draft, parse_date, read
from clearhouse.core.ids import ParticipantId
from clearhouse.core.money import EUR, USD, Money, bitcoin
from clearhouse.core.obligation import State, obligation_id
from clearhouse.core.participant import Licence, Participant
from clearhouse.core.rulebook import Class, parse

LAW = parse(TEXTS)
BTC = bitcoin("bip122:0f9188f13cb7b2c71f2a335e3a4fc328")
TODAY = date(2026, 3, 2)

BUYER = ParticipantId("5493001KJTIIGC8Y1R12")
SELLER = ParticipantId("213800D1EI4B9WTWWD28")
LAPSED = ParticipantId("529900T8BM49AURSDO55")
NOBODY = ParticipantId("HWUPKR0MPOU8FGXBT394")  # a good LEI that is not admitted


def firm(id_: ParticipantId, residence: str, kind: Class, ends: date) -> Participant:
    licence = Licence(kind, "Central Bank", date(2026, 1, 1), ends)
    return Participant(id_, f"Firm {id_[:4]}", residence, "", (licence,))


DESK = Desk(
    {
        BUYER: firm(BUYER, "XA", Class.IMPORTER, date(2027, 12, 31)),
        SELLER: firm(SELLER, "XB", Class.EXPORTER, date(2027, 12, 31)),
        LAPSED: firm(LAPSED, "XA", Class.IMPORTER, date(2026, 1, 31)),
    },
    {asset.code: asset for asset in (BTC, USD, EUR)},
    LAW,
    TODAY,
)
GOOD = Draft(2, "INV-1", BUYER, SELLER, "41250.00", "USD", "2026-02-27", "2026-03-09")


def with_field(field: str, text: str) -> Draft:
    return Draft(**{**asdict(GOOD), field: text})


def codes(draft: Draft, by: ParticipantId = SELLER) -> list[str]:
    reading = read(draft, by, DESK)
    return [refusal.code for refusal in reading.refusals]


@pytest.mark.parametrize("by", [BUYER, SELLER])
def test_a_good_draft_is_read_exactly_whoever_sends_it(by: ParticipantId) -> None:
    reading = read(GOOD, by, DESK)
    one = reading.obligation

    assert reading.refusals == []
    assert one is not None
    assert one.id == obligation_id(SELLER, "INV-1")
    assert one.amount == Money(4_125_000, USD)
    assert (one.traded_on, one.due_on) == (date(2026, 2, 27), date(2026, 3, 9))
    assert (one.debtor_said_at, one.creditor_said_at, one.state) == (None, None, State.PROPOSED)


@pytest.mark.parametrize(
    ("amount", "asset", "expected"),
    [("0.00000001", "BTC", Money(1, BTC)), ("7", "EUR", Money(700, EUR))],
)
def test_an_amount_is_in_its_assets_units(amount: str, asset: str, expected: Money) -> None:
    reading = read(replace(GOOD, amount=amount, asset=asset), SELLER, DESK)

    assert reading.obligation is not None
    assert reading.obligation.amount == expected


# Each wrong field alone, and the one code it must give.
WRONG = [
    ("reference", "", "obligation.reference-malformed"),
    ("reference", "x" * 65, "obligation.reference-malformed"),
    ("reference", "-1", "obligation.reference-malformed"),
    ("reference", "INV\t1", "obligation.reference-malformed"),
    ("reference", "INV-\u0661", "obligation.reference-malformed"),
    ("reference", "INV\x1f1", "obligation.reference-malformed"),  # what ids are joined with
    ("reference", "INV-1\n", "obligation.reference-malformed"),
    ("reference", "=1+1", "obligation.reference-malformed"),  # a spreadsheet would run it
    ("debtor", NOBODY, "participant.unknown"),
    ("debtor", "", "participant.lei-wrong"),
    ("debtor", BUYER[:-2] + BUYER[-1] + BUYER[-2], "participant.lei-wrong"),
    ("debtor", BUYER[:3] + BUYER[4] + BUYER[3] + BUYER[5:], "participant.lei-wrong"),
    ("debtor", BUYER.lower(), "participant.lei-wrong"),
    ("debtor", LAPSED, "participant.licence-missing"),
    ("asset", "XYZ", "money.unknown-asset"),
    ("asset", "", "money.unknown-asset"),
    ("asset", "usd", "money.unknown-asset"),
    ("asset", "SAT", "money.unknown-asset"),
    ("amount", "1e3", "money.amount-malformed"),
    ("amount", "-5", "money.amount-not-positive"),
    ("amount", "NaN", "money.amount-malformed"),
    ("amount", "0.00", "money.amount-not-positive"),
    ("amount", "1" * 40, "money.amount-too-large"),
    ("amount", "5.001", "money.amount-too-precise"),
    ("traded_on", "2026-03-03", "obligation.traded-in-future"),
    ("traded_on", "20260227", "obligation.date-malformed"),
    ("traded_on", "", "obligation.date-malformed"),
    ("due_on", "2026-03-01", "obligation.due-passed"),
    ("due_on", "20260309", "obligation.date-malformed"),
    ("due_on", "2026-W10-1", "obligation.date-malformed"),
    ("due_on", "2026-02-30", "obligation.date-malformed"),
    ("due_on", "soon", "obligation.date-malformed"),
]


@pytest.mark.parametrize(("field", "text", "code"), WRONG)
def test_each_wrong_field_has_its_code(field: str, text: str, code: str) -> None:
    """And only its code: a wrong line is mended in one go, and what is right is not blamed."""
    draft = with_field(field, text)
    assert codes(draft) == [code]


def test_a_due_date_before_the_trade_date_is_refused() -> None:
    assert codes(replace(GOOD, traded_on="2026-03-02", due_on="2026-03-02")) == []
    early = replace(GOOD, traded_on="2026-03-02", due_on="2026-03-01")
    assert codes(early) == ["obligation.due-passed", "obligation.due-passed"]
    later = replace(GOOD, traded_on="2026-03-12", due_on="2026-03-11")
    assert codes(later) == ["obligation.traded-in-future", "obligation.due-passed"]


def test_a_debt_to_oneself_is_refused() -> None:
    assert "obligation.parties-equal" in codes(replace(GOOD, debtor=SELLER))
    assert "obligation.parties-equal" in codes(replace(GOOD, debtor="", creditor=""))


@pytest.mark.parametrize("by", [LAPSED, NOBODY, ParticipantId("")])
def test_only_the_parties_send_it(by: ParticipantId) -> None:
    reading = read(GOOD, by, DESK)

    assert [refusal.code for refusal in reading.refusals] == ["obligation.not-a-party"]
    assert reading.obligation is None


def test_a_missing_licence_is_told_with_the_rule_and_the_day() -> None:
    (refusal,) = read(replace(GOOD, debtor=LAPSED), SELLER, DESK).refusals

    assert refusal.context == {"participant": LAPSED, "rule": "XA.admission.debtor"}
    assert "Norland Foreign Trade (Digital Assets) Act 2025, s. 8(1)" in refusal.detail
    assert "2026-02-27" in refusal.detail
    in_time = replace(GOOD, debtor=LAPSED, traded_on="2026-01-31")
    assert codes(in_time) == []  # what counts is the trade date


def test_an_importer_of_norland_is_no_creditor() -> None:
    turned = replace(GOOD, debtor=SELLER, creditor=BUYER)
    (refusal,) = read(turned, SELLER, DESK).refusals

    assert refusal.code == "participant.licence-missing"
    assert refusal.context == {"participant": BUYER, "rule": "XA.admission.creditor"}


def test_before_there_was_a_law_nobody_may_trade() -> None:
    refusals = read(replace(GOOD, traded_on="2025-12-31"), SELLER, DESK).refusals

    assert [one.code for one in refusals] == ["participant.licence-missing"] * 2
    assert [one.context["rule"] for one in refusals] == ["", ""]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    spoilt = Draft(2, "?", NOBODY, "lei", "1e3", "XYZ", "yesterday", "2026-02-30")

    assert codes(spoilt) == [
        "obligation.reference-malformed",
        "participant.unknown",
        "participant.lei-wrong",
        "obligation.not-a-party",
        "money.unknown-asset",
        "money.amount-malformed",
        "obligation.date-malformed",
        "obligation.date-malformed",
    ]
    late = replace(GOOD, debtor=LAPSED, amount="-5", due_on="2026-02-01")
    assert codes(late) == [
        "money.amount-not-positive",
        "obligation.due-passed",
        "obligation.due-passed",
        "participant.licence-missing",
    ]


def test_what_is_late_has_its_form_all_the_same() -> None:
    """So that what was taken in before its due date is known again after it."""
    late = read(replace(GOOD, due_on="2026-03-01"), SELLER, DESK)
    malformed = read(replace(GOOD, due_on="2026-3-1"), SELLER, DESK)

    assert late.obligation is not None
    assert late.refusals
    assert malformed.obligation is None


@given(
    st.lists(
        st.text() | st.sampled_from([BUYER, SELLER, LAPSED, NOBODY, "USD", "1.00", "2026-03-02"]),
        min_size=7,
        max_size=7,
    )
)
@settings(deadline=None)
def test_any_text_at_all_gives_refusals_or_an_obligation(values: list[str]) -> None:
    reading = read(Draft(2, *values), SELLER, DESK)

    assert reading.obligation or reading.refusals
    assert all(len(refusal.detail) < 400 for refusal in reading.refusals)


def test_a_refusal_of_a_long_field_stays_short() -> None:
    for field in ("reference", "debtor", "creditor", "amount", "asset", "traded_on", "due_on"):
        for refusal in read(with_field(field, "9" * 8_000_000), SELLER, DESK).refusals:
            assert len(refusal.detail) < 400, field


@given(st.dates() | st.text())
@settings(deadline=None)
def test_days_are_read_in_one_form_only(day: date | str) -> None:
    read_back = parse_date(str(day))

    assert read_back == day if isinstance(day, date) else read_back in {None, day}
    if isinstance(day, date):
        for form in ("%Y%m%d", "%G-W%V-%u", "%d.%m.%Y", "%Y-%m-%dT00:00", " %Y-%m-%d"):
            assert parse_date(day.strftime(form)) is None


def test_a_long_field_that_was_no_date_is_not_kept() -> None:
    """Every line may have dates of its own; a cache of them would hold them all."""
    tracemalloc.start()
    try:
        for number in range(200):
            read(replace(GOOD, due_on=f"{number}" + "9" * 100_000), SELLER, DESK)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 1 << 20
