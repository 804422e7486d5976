"""A pilot regime lets some payments be without some rules, and nothing and nobody else.

Who is under it is asked as the house asks: what `under` finds is put before the law.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import Content, some
from tests.payments import matters
from tests.pilots import (
    ANYBODY,
    BOTH_DAYS,
    BUYER,
    FIRST,
    ID,
    LAST,
    LIMIT,
    LIMITED,
    NOON,
    RULES,
    SELLER,
    SIDES,
    STRICT,
    TRADED,
    Asked,
    asked,
    batch_of,
    capped,
    comes,
    grounds,
    judged,
    law,
    programme,
    texts,
)
from tests.plain_law import Bearing, flat
from tests.sentences import Sentence, opened, rule

from clearhouse.core.rulebook import (
    Answer,
    Came,
    Day,
    Gap,
    Judge,
    Judgement,
    Matters,
    Outcome,
    Rates,
    Rule,
    Rulebook,
    parse,
)
from clearhouse.core.rulebook.facts import Key
from clearhouse.core.rulebook.programmes import Parties, under
from clearhouse.engines.formula import Column

ALLOW, HOLD, DENY = Answer
TRADE, SETTLEMENT = Day
SECOND = timedelta(seconds=1)


# --- for whom the waived rule does not come ------------------------------------------------------


def test_a_waived_rule_does_not_come_for_a_payment_under_the_programme_and_all_others_do() -> None:
    (_, waived), (_, other) = judged(law(programme()), [asked(), asked(debtor=ANYBODY)])

    gone = flat(other) - flat(waived)
    assert flat(waived) < flat(other)
    assert {name for name, *_ in gone} == {(LIMIT, date(2026, 1, 1))}
    assert {day for _, _, day, _ in gone} == {*Day}
    assert {(STRICT, date(2026, 1, 1)), ("XA.open", date(2020, 1, 1))} <= {
        name for name, *_ in flat(waived)
    }


def test_where_nothing_else_speaks_against_it_a_waived_payment_is_allowed() -> None:
    book = law(programme(), rules=LIMITED)

    payments = [asked(), asked(debtor=ANYBODY)]
    assert [answer for answer, _ in judged(book, payments)] == [ALLOW, HOLD]


def test_a_waiver_of_what_opens_closes() -> None:
    """A rule that allows can be tried without, too: it does not come, and nothing opens."""
    trial = rule("XA.trial", "ALLOW", "corridor", waivable=True)
    others = [one for one in LIMITED if one.content["id"] not in {"XA.open", LIMIT}]
    book = law(programme(waives=["XA.trial"]), rules=[*others, trial])

    (inside, came), (outside, _) = judged(book, [asked(), asked(debtor=ANYBODY)])
    assert (inside, outside) == (DENY, ALLOW)
    assert [one.what.subject for one in came if isinstance(one.what, Gap)] == ["corridor"]


CAPPED: Content = {
    "caps": {
        "payment": {"value": "1000.00", "unit": "EUR"},
        "total": {"value": "5000.00", "unit": "EUR"},
    },
    "rate": {"name": "fixing", "on": "trade"},
}
COVERED: Content = {"units": 1000_00, "total": 5000_00}


def test_a_payment_at_both_caps_is_under_the_programme() -> None:
    assert comes(law(programme(**CAPPED)), asked(**COVERED)) == set()


@pytest.mark.parametrize(
    "difference",
    [
        {"debtor": ANYBODY},
        {"debtor": ""},
        {"debtor": BUYER.lower()},
        {"debtor": SELLER, "creditor": BUYER},
        {"transaction": "domestic"},
        {"transaction": "transfer"},
        {"units": 1000_01},
        {"units": 10**17},
        {"invoiced_in": "USD"},  # at no known rate
        {"invoiced_in": "BTC"},
        {"total": 5000_01},
        {"total": 10**18},
        {"total": None},
        {"homes": ("XB", "XA")},
    ],
    ids=str,
)
def test_a_waived_rule_comes_for_a_payment_that_is_not_under_the_programme(
    difference: Content,
) -> None:
    assert comes(law(programme(**CAPPED)), asked(**COVERED | difference)) == BOTH_DAYS


@pytest.mark.parametrize("cap", ["payment", "total"])
def test_each_cap_alone_is_kept_to(cap: str) -> None:
    book = law(programme(**capped(cap, "70.00")))

    for cents, days in ((70_00, set()), (70_01, BOTH_DAYS)):
        facts: Content = {"units" if cap == "payment" else "total": cents}
        assert comes(book, asked(**facts)) == days


@pytest.mark.parametrize("cap", ["payment", "total"])
def test_a_cap_of_nothing_lets_nothing_pass(cap: str) -> None:
    book = law(programme(**capped(cap, "0.00")))

    assert comes(book, asked(units=1, total=1)) == BOTH_DAYS


def test_without_caps_any_amount_is_under_the_programme() -> None:
    for book in (law(programme()), law(programme(rate={"name": "fixing", "on": "trade"}))):
        payment = asked(units=10**17, invoiced_in="BTC", total=None)
        assert comes(book, payment) == set()


@pytest.mark.parametrize("day", Day)
def test_a_cap_is_compared_at_the_rate_of_its_day(day: Day) -> None:
    """On the other day, by the other rate and from the other currency all else would pass."""
    settled = TRADED + timedelta(days=5)
    on, off = (TRADED, settled) if day is TRADE else (settled, TRADED)
    low, high = Fraction(1, 10**6), Fraction(3, 2)
    rates: Rates = {
        ("fixing", "USD", "EUR", on): high,
        ("fixing", "USD", "EUR", off): low,
        ("official", "USD", "EUR", on): low,
        ("fixing", "EUR", "USD", on): low,
    }
    book = law(programme(**capped("payment", "3.00", on=day)))

    assert comes(book, asked(units=2_00, invoiced_in="USD"), rates=rates) == set()
    assert comes(book, asked(units=2_01, invoiced_in="USD"), rates=rates) == BOTH_DAYS
    missing = {key: rate for key, rate in rates.items() if rate is not high}
    assert comes(book, asked(units=1, invoiced_in="USD"), rates=missing) == BOTH_DAYS


def test_an_amount_a_fraction_of_a_cent_over_the_cap_is_over_it() -> None:
    rates = {("fixing", "USD", "EUR", TRADED): Fraction(10**6 + 1, 10**6)}
    book = law(programme(**capped("payment", "10.00")))

    assert comes(book, asked(units=9_99, invoiced_in="USD"), rates=rates) == set()
    assert comes(book, asked(units=10_00, invoiced_in="USD"), rates=rates) == BOTH_DAYS


def test_a_total_is_asked_of_all_days_of_the_programme_by_its_link() -> None:
    book = law(programme(**capped("total", "9.00", "USD", on="settlement")))
    keys = []

    def window(key: Key) -> Column:
        keys.append(key)
        return Column(np.zeros(1, np.int64))

    batch = replace(matters([asked().payment], book.vocabulary), window=window)
    under(book, batch, Parties([BUYER], [SELLER]), [NOON])

    days = (LAST - FIRST).days + 1
    link = f"programme:{ID}"
    assert set(keys) == {Key("window.total.USD", "settlement", "fixing", link, days)}


def test_rules_that_are_not_waivable_come_all_the_same() -> None:
    book = law(programme())

    for one in (asked(), asked(debtor=ANYBODY), asked(transaction="domestic")):
        assert comes(book, one, STRICT) == BOTH_DAYS


def test_a_waivable_rule_that_no_programme_waives_comes() -> None:
    book = law(programme(waives=[]))

    assert comes(book, asked()) == BOTH_DAYS


def test_a_programme_waives_nothing_of_another_law() -> None:
    """Sudmark's rule is waivable, and its seller takes part in Norland's programme."""
    pilot = programme(participants=[BUYER, SELLER])
    book = law(pilot)

    assert comes(book, asked()) == set()
    assert comes(book, asked(), "XB.limit") == BOTH_DAYS


def test_each_law_waives_its_own_and_neither_the_others() -> None:
    own = programme("XB.programme.pilot", participants=[SELLER], waives=["XB.limit"])
    book = law(programme(), own)

    for debtor, creditor in ((BUYER, SELLER), (BUYER, ANYBODY), (ANYBODY, SELLER)):
        one = asked(debtor=debtor, creditor=creditor)
        assert comes(book, one) == (set() if debtor == BUYER else BOTH_DAYS)
        assert comes(book, one, "XB.limit") == (set() if creditor == SELLER else BOTH_DAYS)


def test_a_rule_that_two_programmes_waive_is_waived_by_either() -> None:
    other = programme("XA.programme.other", participants=[ANYBODY], transactions=["transfer"])
    book = law(programme(), other)

    for debtor, transaction, days in (
        (BUYER, "trade", set()),
        (ANYBODY, "transfer", set()),
        (BUYER, "transfer", BOTH_DAYS),
        (ANYBODY, "trade", BOTH_DAYS),
    ):
        assert comes(book, asked(debtor=debtor, transaction=transaction)) == days


def test_all_versions_of_a_waived_rule_are_waived() -> None:
    earlier = rule("XA.twice", "HOLD", end=TRADED, waivable=True)
    later = rule("XA.twice", "HOLD", start=TRADED + timedelta(days=1), waivable=True)
    book = law(programme(waives=["XA.twice"]), rules=[*RULES, earlier, later])

    assert comes(book, asked(), "XA.twice") == set()
    assert comes(book, asked(debtor=ANYBODY), "XA.twice") == BOTH_DAYS


def test_a_rule_may_ask_for_a_programme_as_of_each_day() -> None:
    """What is due of those under the programme is due of them, and of nobody else."""
    due = rule("XA.told", "REPORT", when=f'"{ID}" in programmes', fires=[{"programmes": [ID]}])
    read = law(programme(), rules=[*RULES, due])

    for one, days in (
        (asked(), BOTH_DAYS),
        (asked(debtor=ANYBODY), set()),
        (asked(traded_on=FIRST - timedelta(days=1)), {SETTLEMENT}),
        (asked(at=NOON + timedelta(days=365)), {TRADE}),
    ):
        assert comes(read, one, "XA.told") == days
        assert comes(read, one) == BOTH_DAYS - days


# --- who must take part --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("debtor", "creditor", "taking_part", "waived"),
    [
        ("XA", "XA", [BUYER, SELLER], True),
        ("XA", "XA", [BUYER], False),
        ("XA", "XA", [SELLER], False),
        ("XA", "XB", [BUYER], True),
        ("XA", "XB", [SELLER], False),
        ("XB", "XA", [SELLER], True),
        ("XB", "XA", [BUYER], False),
        ("XA", "--", [BUYER], True),
        ("XB", "XB", [BUYER, SELLER], False),
        ("--", "XB", [BUYER, SELLER], False),
    ],
)
def test_every_party_that_resides_in_the_jurisdiction_must_take_part(
    debtor: str, creditor: str, taking_part: list[str], *, waived: bool
) -> None:
    """Norland's law is attached to both, whoever resides there, so that its rule can come."""
    book = law(programme(participants=taking_part))
    attached = {f"{party}.jurisdictions": ["XA", "XB"] for party in SIDES}
    payment = {**asked().payment, **attached}
    payment |= {"debtor.residence": debtor, "creditor.residence": creditor}

    assert comes(book, Asked(payment)) == (set() if waived else BOTH_DAYS)


def test_one_who_takes_part_twice_over_owes_itself_under_the_programme() -> None:
    book = law(programme())

    assert comes(book, asked(("XA", "XA"), creditor=BUYER)) == set()


# --- from which instant to which -----------------------------------------------------------------


def midnight(day: date, zone: str) -> datetime:
    """The instant at which a day begins at a place."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


AUCKLAND, ANGELES = "Pacific/Auckland", "America/Los_Angeles"


@pytest.mark.parametrize(
    ("zone", "last", "ends"),
    [
        ("UTC", date(2026, 6, 30), "2026-07-01T00:00:00+00:00"),
        (AUCKLAND, date(2026, 6, 30), "2026-06-30T12:00:00+00:00"),
        (ANGELES, date(2026, 6, 30), "2026-07-01T07:00:00+00:00"),
        # The day on which the clocks are set is an hour longer or shorter; then the day after it.
        (AUCKLAND, date(2026, 4, 4), "2026-04-04T11:00:00+00:00"),
        (AUCKLAND, date(2026, 4, 5), "2026-04-05T12:00:00+00:00"),
        (AUCKLAND, date(2026, 9, 26), "2026-09-26T12:00:00+00:00"),
        (AUCKLAND, date(2026, 9, 27), "2026-09-27T11:00:00+00:00"),
        (ANGELES, date(2026, 3, 7), "2026-03-08T08:00:00+00:00"),
        (ANGELES, date(2026, 3, 8), "2026-03-09T07:00:00+00:00"),
        (ANGELES, date(2026, 10, 31), "2026-11-01T07:00:00+00:00"),
        (ANGELES, date(2026, 11, 1), "2026-11-02T08:00:00+00:00"),
        # Cairo's clocks went from midnight to one: the day before ends there.
        ("Africa/Cairo", date(2026, 4, 23), "2026-04-23T22:00:00+00:00"),
    ],
)
def test_a_programme_ends_at_midnight_of_its_own_place(zone: str, last: date, ends: str) -> None:
    book = law(programme(effective_to=last), zone=zone)
    end = datetime.fromisoformat(ends)
    traded: Content = {"traded_on": FIRST}

    assert comes(book, asked(at=end - SECOND, **traded)) == set()
    assert comes(book, asked(at=end - SECOND / 10**6, **traded)) == set()
    assert comes(book, asked(at=end, **traded)) == {SETTLEMENT}
    assert comes(book, asked(at=end + SECOND, **traded)) == {SETTLEMENT}


@pytest.mark.parametrize("zone", ["UTC", AUCKLAND, ANGELES])
@pytest.mark.parametrize(
    "first", [date(2026, 3, 1), date(2026, 3, 8), date(2026, 4, 5), date(2026, 4, 6)]
)
def test_a_programme_begins_at_midnight_of_its_own_place(zone: str, first: date) -> None:
    book = law(programme(effective_from=first), zone=zone)
    start = midnight(first, zone)
    traded: Content = {"traded_on": first}

    assert comes(book, asked(at=start - SECOND, **traded)) == {SETTLEMENT}
    assert comes(book, asked(at=start, **traded)) == set()
    assert comes(book, asked(at=start + SECOND, **traded)) == set()


def test_an_instant_is_one_instant_wherever_its_clock_hangs() -> None:
    """The house asks in UTC; another clock that shows the same instant changes nothing."""
    book = law(programme(), zone=AUCKLAND)
    end = midnight(LAST + timedelta(days=1), AUCKLAND)

    for zone in (AUCKLAND, ANGELES, "UTC"):
        there = (end - SECOND).astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
        assert [comes(book, asked(at=at)) for at in there] == [set(), {SETTLEMENT}]


def test_two_programmes_end_each_at_its_own_midnight() -> None:
    """Between the two midnights the one of the east is over, the one of the west is not."""
    own = programme("XB.programme.pilot", participants=[SELLER], waives=["XB.limit"])
    made = dict(texts(*RULES, programme(), own, zone=AUCKLAND))
    book = parse(made | {"XB.toml": made["XB.toml"].replace('"UTC"', f'"{ANGELES}"')})

    after = LAST + timedelta(days=1)
    east, west = midnight(after, AUCKLAND), midnight(after, ANGELES)
    for at, of_east, of_west in (
        (east - SECOND, set(), set()),
        (east, {SETTLEMENT}, set()),
        (west - SECOND, {SETTLEMENT}, set()),
        (west, {SETTLEMENT}, {SETTLEMENT}),
    ):
        assert comes(book, asked(at=at)) == of_east
        assert comes(book, asked(at=at), "XB.limit") == of_west


@pytest.mark.parametrize(
    ("traded_on", "days"),
    [
        (FIRST - timedelta(days=1), {TRADE}),
        (FIRST, set()),
        (LAST, set()),
        (LAST + timedelta(days=1), {TRADE}),
        (date(2026, 1, 1), {TRADE}),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", AUCKLAND, ANGELES])
def test_a_trade_date_outside_the_programme_brings_the_rule_as_of_that_day(
    traded_on: date, days: set[Day], zone: str
) -> None:
    """A trade date is a day as it stands, wherever the clocks of the programme are."""
    assert comes(law(programme(), zone=zone), asked(traded_on=traded_on)) == days


def test_outside_on_both_days_the_rule_comes_on_both() -> None:
    book = law(programme())
    outside: Content = {"traded_on": FIRST - timedelta(days=1), "at": NOON + timedelta(days=365)}

    assert comes(book, asked(**outside)) == BOTH_DAYS


def test_the_day_on_which_a_payment_settles_is_not_asked_for() -> None:
    """Only when the law is asked counts: a settlement date in the programme revives nothing."""
    book = law(programme())

    for settles_on in (FIRST, LAST, LAST + timedelta(days=1), LAST + timedelta(days=400)):
        assert comes(book, asked(settles_on=settles_on)) == set()


def test_a_programme_of_one_day_is_of_that_day() -> None:
    book = law(programme(effective_from=TRADED, effective_to=TRADED), zone=AUCKLAND)
    start, end = (midnight(TRADED + timedelta(days=n), AUCKLAND) for n in (0, 1))

    found = [comes(book, asked(at=at)) for at in (start - SECOND, start, end - SECOND, end)]
    assert found == [{SETTLEMENT}, set(), set(), {SETTLEMENT}]


# --- any programmes, any payments ----------------------------------------------------------------

leis = st.sampled_from([BUYER, SELLER, ANYBODY])
days = st.dates(date(2026, 2, 27), date(2026, 3, 5))
instants = st.integers(0, 9 * 24 * 60).map(
    lambda minutes: datetime(2026, 2, 26, tzinfo=UTC) + timedelta(minutes=minutes)
)
units = st.sampled_from([0, 99, 100, 101, 1000_00, 1000_01])
transactions = ("trade", "domestic", "transfer")


@dataclass(frozen=True)
class Trial:
    """A law, and what is tried in it."""

    rules: Sequence[Sentence]
    programmes: Sequence[Sentence]
    zone: str  # of Norland

    def read(self) -> Rulebook:
        return law(*self.programmes, zone=self.zone, rules=self.rules)


@st.composite
def rules(draw: st.DrawFn, place: str) -> list[Sentence]:
    """Some rules of a law, of any outcome, many of them waivable."""
    made = []
    for number in range(draw(st.integers(0, 3))):
        origin = draw(st.sampled_from(["mixed", "mined"]))
        doubt = draw(st.sampled_from(["", f' && origin == "{origin}"']))
        made.append(
            rule(
                f"{place}.r{number}",
                draw(st.sampled_from(Outcome)),
                draw(st.sampled_from(["assets", "corridor"])),
                roles=draw(st.sampled_from([["transaction"], ["debtor"], [*SIDES]])),
                start=draw(days | st.just(date(2026, 1, 1))),
                when=f"month_day > {number}{doubt}",  # no two rules ask the same
                waivable=draw(st.sampled_from([True, True, False])),
                fires=[{"origin": origin}],
            )
        )
    return made


@st.composite
def programmes(draw: st.DrawFn, number: int, rules: Sequence[Sentence]) -> Sentence:
    """Any programme that a law may have around the days of trade."""
    place, start = draw(st.sampled_from(["XA", "XB"])), draw(days)
    known = [
        one.content["id"] for one in rules if one.place == place and one.content.get("waivable")
    ]
    said: Content = {
        "effective_from": start,
        "effective_to": start + timedelta(days=draw(st.sampled_from([0, 1, 9, 9]))),
        "participants": draw(st.just([BUYER, SELLER]) | some([BUYER, SELLER, ANYBODY], 3)),
        "transactions": draw(st.just(transactions) | some(transactions)),
        "waives": draw(st.just(known) | some(known)) if known else [],
    }
    if caps := draw(st.just(set()) | st.sets(st.sampled_from(["payment", "total"]))):
        values = st.sampled_from(["0.00", "0.99", "1.00", "1000.00", "1000.01"])
        currency = st.sampled_from(["EUR", "USD"])
        said["caps"] = {cap: {"value": draw(values), "unit": draw(currency)} for cap in caps}
        name = draw(st.sampled_from(["fixing", "official"]))
        said["rate"] = {"name": name, "on": draw(st.sampled_from(Day))}
    return programme(f"{place}.programme.p{number}", **said)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    """Any law, with any programmes."""
    made = [*opened(*draw(st.sampled_from([["XA", "XB"], ["XA"]])))]
    made += [*draw(rules("XA")), *draw(rules("XB"))]
    numbers = range(draw(st.integers(1, 3)))
    zone = draw(st.sampled_from(["UTC", AUCKLAND, ANGELES]))
    return Trial(made, [draw(programmes(number, made)) for number in numbers], zone)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Any payment, at any time around the days of trade."""
    homes = draw(st.tuples(*[st.sampled_from(["XA", "XB", "XA", "XB", "--"])] * 2))
    facts: Content = {
        "transaction": draw(st.sampled_from(transactions)),
        "units": draw(units),
        "invoiced_in": draw(st.sampled_from(["EUR", "USD", "BTC"])),
        "traded_on": draw(days),
        "settles_on": draw(days),
        "origin": draw(st.sampled_from(["mixed", "mined", None])),
    }
    if draw(st.booleans()):  # the law of both binds both
        facts |= {f"{party}.jurisdictions": ["XA", "XB"] for party in SIDES}
    total = draw(st.none() | units)
    return asked(
        homes, debtor=draw(leis), creditor=draw(leis), at=draw(instants), total=total, **facts
    )


batches = st.lists(questions(), min_size=1, max_size=5)
some_rates = st.dictionaries(
    st.tuples(
        st.sampled_from(["fixing", "official"]),
        st.sampled_from(["EUR", "USD", "BTC"]),
        st.sampled_from(["EUR", "USD"]),
        days,
    ),
    st.builds(Fraction, st.integers(1, 20), st.integers(1, 20)),
    max_size=40,
)


def covered(one: Content, zone: str, asked: Asked, day: Day, rates: Rates) -> bool:
    """Whether a payment is under a programme, as plainly as it can be read."""
    payment: Content = {**asked.payment}
    place, _, _ = str(one["id"]).partition(".")
    when = payment["traded_on"]
    if day is SETTLEMENT:
        when = asked.at.astimezone(ZoneInfo(zone if place == "XA" else "UTC")).date()
    residents = [
        lei
        for party, lei in zip(SIDES, (asked.debtor, asked.creditor), strict=True)
        if payment[f"{party}.residence"] == place
    ]
    return (
        payment["transaction"] in one["transactions"]
        and one["effective_from"] <= when <= one["effective_to"]
        and residents != []
        and all(lei in one["participants"] for lei in residents)
        and all(kept(one, cap, asked, rates) for cap in one.get("caps", {}))
    )


def kept(one: Content, name: str, asked: Asked, rates: Rates) -> bool:
    """Whether a payment keeps to a cap; one that cannot be compared does not."""
    cap, rate = one["caps"][name], one["rate"]
    payment: Content = {**asked.payment}
    most = int(cap["value"].replace(".", ""))
    if name == "total":
        return asked.total is not None and asked.total <= most
    owed_in, on = payment["invoiced_in"], payment[NAMES[rate["on"]]]
    worth = rates.get((rate["name"], owed_in, cap["unit"], on))
    if owed_in == cap["unit"]:
        worth = Fraction(1)
    return worth is not None and ceil(payment["units"] * worth) <= most


NAMES = {TRADE: "traded_on", SETTLEMENT: "settles_on"}


def test_a_payment_is_under_the_programmes_that_a_plain_reading_puts_it_under() -> None:
    seen = Counter[tuple[Day, bool]]()

    @settings(max_examples=600)
    @given(trials(), batches, some_rates)
    def same(trial: Trial, every: list[Asked], rates: Rates) -> None:
        read = trial.read()
        batch = batch_of(read, every, rates)
        contents = [one.content for one in trial.programmes]
        for day in Day:
            expected = [
                [one["id"] for one in contents if covered(one, trial.zone, each, day, rates)]
                for each in every
            ]
            masks = batch.known[f"programmes@{day}"].values.tolist()
            assert masks == [read.vocabulary.mask("programme", ids) for ids in expected]
            seen.update((day, bool(ids)) for ids in expected)

    same()
    assert all(seen[day, under] > 8 for day in Day for under in (True, False)), seen


@settings(max_examples=50)
@given(trials(), batches, some_rates)
def test_neither_order_nor_company_puts_a_payment_under_a_programme(
    trial: Trial, every: list[Asked], rates: Rates
) -> None:
    read = trial.read()
    alone = [judged(read, [one], rates)[0] for one in every]

    together = judged(read, every[::-1], rates)

    assert [(answer, flat(came)) for answer, came in together[::-1]] == [
        (answer, flat(came)) for answer, came in alone
    ]


def put_to(law: Rulebook, batch: Matters, *, tried: bool, waivable: bool = True) -> Judgement:
    """What a law says with or without its programmes, and its waivable rules."""
    rules = [one for one in law.rules if waivable or not one.waivable]
    return Judge(rules, law.vocabulary, law.programmes if tried else ()).judge(batch)


@settings(max_examples=50)
@given(trials(), batches, some_rates)
def test_whatever_is_tried_a_law_without_waivable_rules_answers_the_same(
    trial: Trial, every: list[Asked], rates: Rates
) -> None:
    read = trial.read()
    batch = batch_of(read, every, rates)
    tried, plain = (put_to(read, batch, tried=tried, waivable=False) for tried in (True, False))

    assert tried.answers.tolist() == plain.answers.tolist()
    assert grounds(tried) == grounds(plain)


def test_whatever_is_tried_the_rules_that_are_not_waivable_come_as_ever() -> None:
    """And those that are waivable come nowhere where they would not come without programmes."""
    waived = 0

    @settings(max_examples=150)
    @given(trials(), batches, some_rates)
    def same(trial: Trial, every: list[Asked], rates: Rates) -> None:
        nonlocal waived
        read = trial.read()
        batch = batch_of(read, every, rates)
        tried, plain = (grounds(put_to(read, batch, tried=tried)) for tried in (True, False))
        for here, there in zip(tried, plain, strict=True):
            assert of_rules(here, waivable=False) == of_rules(there, waivable=False)
            assert of_rules(here, waivable=True) <= of_rules(there, waivable=True)
            waived += of_rules(here, waivable=True) < of_rules(there, waivable=True)

    same()
    assert waived > 8  # hard enough


def of_rules(came: Sequence[Came], *, waivable: bool) -> frozenset[Bearing]:
    return flat(
        [one for one in came if isinstance(one.what, Rule) and one.what.waivable is waivable]
    )


def test_a_batch_of_nothing_is_under_nothing() -> None:
    book = law(programme(**CAPPED))
    batch = matters([asked().payment], book.vocabulary)
    none = np.array([], np.int64)
    known = {name: Column(column.values[none]) for name, column in batch.known.items()}
    empty = Matters(0, known, none, {}, lambda _: Column(none))

    found = under(book, empty, Parties([], []), [])

    assert {name: column.values.tolist() for name, column in found.items()} == {
        "programmes@trade": [],
        "programmes@settlement": [],
    }
