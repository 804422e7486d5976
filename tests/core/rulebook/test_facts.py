"""What rules read: amounts in any currency, exactly or not at all; each party by its own name."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.payments import SETTLES, TRADED, USUAL, Payment, alone, matters
from tests.sentences import Sentence, book, opened, rule

from clearhouse.core.money import UNITS_MAX
from clearhouse.core.rulebook import Answer, Day, Gap, Rates, Role, Vocabulary, days_of
from clearhouse.core.rulebook.facts import Key, Reads
from clearhouse.core.rulebook.rule import Rate, Scope, Window
from clearhouse.core.rulebook.vocabulary import EPOCH, OF_MATTER, OF_PARTY, PARTIES

ALLOW, HOLD, DENY = Answer
WORDS = Vocabulary(("XA", "XB"))
DAY = timedelta(days=1)
SIDES = Scope((Role.DEBTOR, Role.CREDITOR))
READS = Reads(SIDES, Rate("fixing", Day.TRADE), Window("party", 7))


def worth(
    currency: str,
    payments: Sequence[Payment],
    rates: Rates,
    on: Day = Day.TRADE,
    by: str = "fixing",
) -> list[int | None]:
    """What rules read for the amounts of payments; None is what is not known."""
    reads = Reads(SIDES, Rate(by, on), None)
    key = reads.key(f"amount.{currency}", Role.DEBTOR, Day.SETTLEMENT)
    column = matters(payments, WORDS, rates).column(key)
    unknown = np.zeros(len(payments), np.bool_) if column.unknown is None else column.unknown
    pairs = zip(column.values.tolist(), unknown.tolist(), strict=True)
    return [None if missing else units for units, missing in pairs]


def owed(units: int, currency: str = "USD", **days: date) -> Payment:
    return {**USUAL, "units": units, "invoiced_in": currency, **days}


def at(
    rate: Fraction | int, *, on: date = TRADED, pair: str = "USD EUR"
) -> dict[tuple[str, str, str, date], Fraction]:
    one, other = pair.split()
    return {("fixing", one, other, on): Fraction(rate)}


# Amounts.


@pytest.mark.parametrize(
    ("units", "rate", "expected"),
    [
        (100, Fraction(1), 100),
        (100, Fraction(1, 2), 50),
        (101, Fraction(1, 2), 51),  # half a cent more is a cent more
        (1, Fraction(1, 10**9), 1),
        (0, Fraction(9), 0),
        (3, Fraction(1, 3), 1),
        (4, Fraction(1, 3), 2),
        (10**15, Fraction(10**9 + 1, 10**9), 10**15 + 10**6),
        (10**15 + 1, Fraction(10**9 + 1, 10**9), 10**15 + 10**6 + 2),
        (UNITS_MAX, Fraction(1), UNITS_MAX),
        (UNITS_MAX, Fraction(3, 2), UNITS_MAX),  # what passes the most stays above every limit
        (UNITS_MAX, Fraction(2**62), UNITS_MAX),
        (10**9, Fraction(2**200, 3), UNITS_MAX),
        (10**9, Fraction(2**200 + 1, 2**200), 10**9 + 1),
    ],
)
def test_an_amount_is_converted_exactly_and_rounded_up(
    units: int, rate: Fraction, expected: int
) -> None:
    assert worth("EUR", [owed(units)], at(rate)) == [expected]


@given(
    st.lists(st.integers(0, UNITS_MAX), min_size=1, max_size=5),
    st.fractions(min_value=Fraction(1, 10**12), max_value=10**12)
    | st.builds(Fraction, st.integers(1, 2**80), st.integers(1, 2**80)),
)
@example([UNITS_MAX, 1], Fraction(2**31 - 1, 2**31 - 3))
@example([UNITS_MAX], Fraction(2**62 - 1, 2**62))
def test_any_amount_at_any_rate_is_what_fractions_say(units: list[int], rate: Fraction) -> None:
    """Whoever else stands in the batch: whether numbers are large or small is nobody's matter."""
    expected = [min(ceil(one * rate), UNITS_MAX) for one in units]

    assert worth("EUR", [owed(one) for one in units], at(rate)) == expected
    assert [worth("EUR", [owed(one)], at(rate))[0] for one in units] == expected


@pytest.mark.parametrize("currency", ["EUR", "USD", "BTC"])
def test_an_amount_in_the_currency_it_is_owed_in_needs_no_rate(currency: str) -> None:
    backwards: Rates = {("fixing", currency, currency, TRADED): Fraction(7)}
    for rates in ({}, backwards):
        assert worth(currency, [owed(UNITS_MAX, currency)], rates) == [UNITS_MAX]


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        (at(2), [200]),
        ({}, [None]),
        (at(2, on=TRADED + DAY), [None]),  # the rate of another day
        (at(2, on=TRADED - DAY), [None]),
        (at(2, on=SETTLES), [None]),
        (at(2, pair="EUR USD"), [None]),  # the other way round
        (at(2, pair="USD BTC"), [None]),
        (at(2, pair="USD BTC") | at(2, pair="BTC EUR"), [None]),  # over a third
        ({("official", "USD", "EUR", TRADED): Fraction(2)}, [None]),
    ],
)
def test_without_the_rate_of_that_day_an_amount_is_not_known(
    rates: Rates, expected: list[int | None]
) -> None:
    assert worth("EUR", [owed(100)], rates) == expected


@pytest.mark.parametrize(
    ("by", "on", "expected"),
    [
        ("fixing", Day.TRADE, 100),
        ("fixing", Day.SETTLEMENT, 200),
        ("official", Day.TRADE, 300),
        ("official", Day.SETTLEMENT, 400),
    ],
)
def test_a_rule_says_by_which_rate_and_of_which_day(by: str, on: Day, expected: int) -> None:
    """Whichever of the two days the law is looked at."""
    rates: Rates = {
        ("fixing", "USD", "EUR", TRADED): Fraction(1),
        ("fixing", "USD", "EUR", SETTLES): Fraction(2),
        ("official", "USD", "EUR", TRADED): Fraction(3),
        ("official", "USD", "EUR", SETTLES): Fraction(4),
    }
    assert worth("EUR", [owed(100)], rates, on, by) == [expected]
    limit = {"value": f"{expected // 100}.00", "unit": "EUR"}
    ban = rule(
        "XA.ban",
        when="amount.EUR == limit",
        parameters={"limit": limit},
        rate={"name": by, "on": str(on)},
        fires=[{"amount.EUR": f"{expected // 100}"}],
    )
    assert days_of_rule(ban, owed(100), rates) == [("trade", "settlement")]


def test_each_payment_of_a_batch_has_its_own_currency_day_and_rate() -> None:
    batch = [
        owed(100),
        owed(100, "EUR"),
        owed(100, "BTC"),
        owed(100, traded_on=SETTLES),
        owed(100, "BTC", traded_on=SETTLES),
        owed(7),
    ]
    rates = at(2) | at(5, on=SETTLES) | at(Fraction(1, 3), on=SETTLES, pair="BTC EUR")

    assert worth("EUR", batch, rates) == [200, 100, None, 500, 34, 14]
    assert worth("BTC", batch, rates) == [None, None, 100, None, 100, None]
    assert worth("EUR", batch[::-1], rates) == [14, 34, 500, None, 100, 200]


@pytest.mark.parametrize(
    ("units", "rate", "answer"),
    [
        (100, Fraction(1000), ALLOW),  # 1,000.00 EUR: exactly at the limit
        (100, Fraction(1000) + Fraction(1, 10**12), DENY),  # and the least above it
        (101, Fraction(1000), DENY),
        (99, Fraction(1000), ALLOW),
        (100, None, HOLD),
    ],
)
def test_nothing_slips_under_a_limit_by_rounding(
    units: int, rate: Fraction | None, answer: Answer
) -> None:
    cap = rule(
        "XA.cap",
        when="amount.EUR > limit",
        parameters={"limit": {"value": "1000.00", "unit": "EUR"}},
        rate={"name": "fixing", "on": "trade"},
        fires=[{"amount.EUR": "1000.01"}],
        silent=[{"amount.EUR": "1000.00"}],
        unknown=[{}],
    )
    rates = at(rate) if rate else {}

    assert alone(book(*opened("XA", "XB"), cap), owed(units), rates)[0] is answer


def test_where_nobody_says_what_is_owed_no_amount_is_known() -> None:
    asked = matters([USUAL], WORDS)
    column = type(asked)(1, asked.known).column(Key("amount.EUR", "trade", "fixing"))

    assert column.unknown is not None
    assert column.unknown.tolist() == [True]


# Days.


def days_of_rule(sentence: Sentence, payment: Payment, rates: Rates) -> list[tuple[str, ...]]:
    _, came = alone(book(*opened("XA", "XB"), sentence), payment, rates)
    return [
        tuple(str(day) for day in one.days)
        for one in came
        if not isinstance(one.what, Gap) and one.what.id == sentence.content["id"]
    ]


@given(st.lists(st.dates(), min_size=1, max_size=5))
@example([date(2024, 2, 29), date(2023, 2, 28), date(2023, 3, 1)])
@example([date.min, date.max, date(1969, 12, 31), date(1970, 1, 1), date(1900, 2, 28)])
def test_month_and_day_are_those_of_the_day_looked_at(days: list[date]) -> None:
    payments = [{**USUAL, "traded_on": day, "settles_on": TRADED} for day in days]
    asked = matters(payments, WORDS)

    for day, expected in ((Day.TRADE, days), (Day.SETTLEMENT, [TRADED] * len(days))):
        month_day = asked.column(READS.key("month_day", Role.DEBTOR, day))
        assert month_day.values.tolist() == [one.month * 100 + one.day for one in expected]
        on = asked.column(READS.key("on", Role.DEBTOR, day))
        assert on.values.tolist() == [one.toordinal() - EPOCH for one in expected]
        assert month_day.unknown is on.unknown is None


@pytest.mark.parametrize(
    ("traded", "settles", "days"),
    [
        (date(2026, 11, 14), date(2026, 11, 14), []),
        (date(2026, 11, 14), date(2026, 11, 15), [("settlement",)]),
        (date(2026, 11, 15), date(2027, 3, 15), [("trade", "settlement")]),
        (date(2027, 3, 15), date(2027, 3, 16), [("trade",)]),
        (date(2026, 12, 31), date(2027, 1, 1), [("trade", "settlement")]),
        (date(2028, 2, 29), date(2028, 3, 16), [("trade",)]),
    ],
)
def test_a_season_over_new_year_begins_and_ends_on_its_days(
    traded: date, settles: date, days: list[tuple[str, ...]]
) -> None:
    winter = rule(
        "XA.winter",
        "HOLD",
        when="month_day >= first || month_day <= last",
        parameters={
            "first": {"value": "11-15", "unit": "month-day"},
            "last": {"value": "03-15", "unit": "month-day"},
        },
        fires=[{"on": date(2026, 11, 15)}, {"on": date(2027, 3, 15)}],
        silent=[{"on": date(2026, 11, 14)}, {"on": date(2027, 3, 16)}],
    )
    payment = {**USUAL, "traded_on": traded, "settles_on": settles}
    assert days_of_rule(winter, payment, {}) == days


# Whose facts.


@pytest.mark.parametrize("name", [*OF_PARTY])
@pytest.mark.parametrize(
    ("role", "party", "other"),
    [("debtor", "debtor", "creditor"), ("creditor", "creditor", "debtor")],
)
def test_party_is_whose_side_is_looked_from_and_other_is_not(
    name: str, role: str, party: str, other: str
) -> None:
    for day in Day:
        looked = {whose: READS.key(f"{whose}.{name}", Role(role), day) for whose in SAID}
        assert looked["party"] == looked[party]
        assert looked["other"] == looked[other]
        assert looked["party"] != looked["other"]
        assert looked["party"].fact == f"{party}.{name}"


SAID = ("party", "other", "debtor", "creditor")


@pytest.mark.parametrize(
    ("debtor", "creditor", "expected"),
    [
        ("hosted", "self-hosted", ["debtor"]),
        ("self-hosted", "hosted", ["creditor"]),
        ("hosted", "hosted", []),
        ("self-hosted", "self-hosted", []),
    ],
)
@pytest.mark.parametrize("roles", [["debtor"], ["creditor"], ["debtor", "creditor"]])
def test_a_rule_about_a_side_reads_its_own_facts_and_the_others(
    roles: list[str], debtor: str, creditor: str, expected: list[str]
) -> None:
    hold = rule(
        "XA.r",
        "HOLD",
        roles=roles,
        when='party.wallet == "hosted" && other.wallet == "self-hosted"',
        fires=[{"party.wallet": "hosted", "other.wallet": "self-hosted"}],
        silent=[{"party.wallet": "self-hosted", "other.wallet": "hosted"}],
    )
    both = {"debtor.jurisdictions": ["XA"], "creditor.jurisdictions": ["XA", "XB"]}
    payment = {**USUAL, **both, "debtor.wallet": debtor, "creditor.wallet": creditor}
    _, came = alone(book(*opened("XA", "XB"), hold), payment)

    found = [
        str(one.role) for one in came if not isinstance(one.what, Gap) and one.what.id == "XA.r"
    ]
    assert found == [role for role in expected if role in roles]


@pytest.mark.parametrize("roles", [["debtor"], ["creditor"], ["transaction"]])
@pytest.mark.parametrize(("whose", "comes"), [("debtor", True), ("creditor", False)])
def test_every_rule_may_name_the_parties_as_they_are(
    roles: list[str], whose: str, comes: bool
) -> None:
    named = rule(
        "XA.r",
        "HOLD",
        roles=roles,
        when=f'{whose}.wallet == "hosted"',
        fires=[{f"{whose}.wallet": "hosted"}],
        silent=[{f"{whose}.wallet": "self-hosted"}],
    )
    both = {"debtor.jurisdictions": ["XA"], "creditor.jurisdictions": ["XA", "XB"]}
    wallets = {"debtor.wallet": "hosted", "creditor.wallet": "self-hosted"}
    answer, _ = alone(book(*opened("XA", "XB"), named), {**USUAL, **both, **wallets})

    assert answer is (HOLD if comes else ALLOW)


@pytest.mark.parametrize("name", ["wallet", "residence", "tested", "energy"])
def test_a_fact_that_stays_is_one_column_on_both_days(name: str) -> None:
    trade, settlement = (READS.key(f"party.{name}", Role.DEBTOR, day) for day in Day)
    assert trade == settlement


def test_only_daily_facts_are_looked_up_by_the_day() -> None:
    """And by any other way of looking, two rules that read the same share one column."""
    everything = [*OF_MATTER, *(f"{party}.{name}" for party in PARTIES for name in OF_PARTY)]
    daily = {
        name
        for name in everything
        if READS.key(name, Role.DEBTOR, Day.TRADE) != READS.key(name, Role.DEBTOR, Day.SETTLEMENT)
    }
    of_sides = {f"{party}.{name}" for party in PARTIES for name in ("licences", "regions")}
    assert daily == {"on", "month_day", "programmes", *of_sides}


def test_amounts_are_read_by_their_own_day_and_windows_by_their_side() -> None:
    looks = [(role, day) for role in (Role.DEBTOR, Role.CREDITOR) for day in Day]

    assert len({READS.key("amount.EUR", *look) for look in looks}) == 1
    assert len({READS.key("window.count", *look) for look in looks}) == 2
    pair = Reads(SIDES, None, Window("pair", 7))
    assert len({pair.key("window.count", *look) for look in looks}) == 1


def test_a_transaction_is_attached_to_what_its_parties_are() -> None:
    places = {"debtor.jurisdictions": ["XA", "--"], "creditor.jurisdictions": ["XB"]}
    column = matters([{**USUAL, **places}], WORDS).column(Key("jurisdictions"))

    assert column.values.tolist() == [WORDS.mask("jurisdiction", ["XA", "XB", "--"])]


# What is not known.


@pytest.mark.parametrize("name", [name for name, fact in OF_MATTER.items() if fact.optional])
def test_what_is_said_of_no_payment_is_not_known_of_any(name: str) -> None:
    column = matters([USUAL, USUAL], WORDS).column(Key(name))

    assert column.unknown is not None
    assert column.unknown.tolist() == [True, True]
    assert len(column.values) == 2


@pytest.mark.parametrize("name", [name for name, fact in OF_PARTY.items() if fact.optional])
@pytest.mark.parametrize("party", PARTIES)
def test_what_is_said_of_no_party_is_not_known_of_any(party: str, name: str) -> None:
    column = matters([USUAL], WORDS).column(Key(f"{party}.{name}"))

    assert column.unknown is not None
    assert column.unknown.all()


def test_what_must_be_known_is_never_guessed() -> None:
    for name in ("debtor.residence", "creditor.licences", "asset", "transaction"):
        less = {key: value for key, value in USUAL.items() if key != name}
        with pytest.raises(AssertionError, match=name):
            matters([less], WORDS).column(Key(name))


def test_under_which_programmes_nobody_says_is_none() -> None:
    less = {key: value for key, value in USUAL.items() if key != "programmes"}
    column = matters([less], WORDS).column(Key("programmes", "trade"))

    assert column.unknown is None
    assert column.values.tolist() == [0]


@given(st.lists(st.dates(), max_size=5))
def test_days_are_counted_from_1970(days: list[date]) -> None:
    assume(days)
    assert days_of(days).tolist() == [(day - date(1970, 1, 1)).days for day in days]
