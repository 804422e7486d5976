"""Investments: the law's caps count what is invested through all intermediaries together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.enacted import Market, open_market
from tests.hands import BELA, CORA, approve, propose
from tests.mined import licence
from tests.recorded import enter, entering, read

from clearhouse.core import ids
from clearhouse.core.ids import ParticipantId
from clearhouse.core.investment import INVESTMENTS, Investment, InvestorTest
from clearhouse.core.rulebook import Class, Rulebook
from clearhouse.demo.country import Country
from clearhouse.operations import records

TODAY = date(2026, 3, 2)
CAP = 300_000_00  # Norland: 300,000.00 USD in 365 days


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        house = made.house
        for letter in ("A", "C"):
            licence(house, made.firm(letter).id, Class.INVESTOR)
        for letter in ("E", "G"):
            licence(house, made.firm(letter).id, Class.PLATFORM)
        enter(house, made.folder, *(passed(made, letter) for letter in ("A", "C")))
        yield made


def passed(market: Market, letter: str) -> InvestorTest:
    return InvestorTest(market.firm(letter).id, "Norland Central Bank", date(2026, 1, 1))


def put(
    market: Market, number: int, units: int, who: str = "A", through: str = "E", on: date = TODAY
) -> Investment:
    """An investment in coin, in USD."""
    investor, intermediary = (market.firm(letter).id for letter in (who, through))
    id = ids.derived("inv", str(number))
    return Investment(id, investor, intermediary, "coin", "platform", "USD", units, on)


def codes(market: Market, *several: Investment) -> list[list[str]]:
    """What is against each line of a file."""
    sheet = read(market.house, market.folder, *several)
    return [[refusal.code for refusal in one.refusals] for one in sheet.answers]


def test_equal_to_the_cap_passes_and_one_unit_over_is_refused(market: Market) -> None:
    assert codes(market, put(market, 1, CAP)) == [[]]
    sheet = read(market.house, market.folder, put(market, 1, CAP + 1))
    (answer,) = sheet.answers
    assert [one.code for one in answer.refusals] == ["investment.barred"]
    assert "XA.investors.cap" in answer.refusals[0].detail


def test_the_cap_counts_what_goes_through_all_intermediaries(market: Market) -> None:
    enter(market.house, market.folder, put(market, 1, CAP - 100))
    assert codes(market, put(market, 2, 100, through="G")) == [[]]
    assert codes(market, put(market, 2, 101, through="G")) == [["investment.barred"]]
    assert codes(market, put(market, 3, CAP, who="C", through="G")) == [[]]


def test_lines_of_one_file_count_together_and_a_refused_one_does_not(market: Market) -> None:
    several = [
        put(market, 1, CAP - 100),
        put(market, 2, 101, through="G"),  # one cent too much
        put(market, 3, 100, through="G"),  # and this one still fits
        put(market, 4, 1),
    ]
    assert codes(market, *several) == [[], ["investment.barred"], [], ["investment.barred"]]


def test_a_year_later_there_is_room_again(market: Market) -> None:
    for letter, kind in (("A", Class.INVESTOR), ("E", Class.PLATFORM)):
        licence(market.house, market.firm(letter).id, kind, since=date(2027, 1, 1))
    enter(market.house, market.folder, put(market, 1, CAP))
    market.clock.forward(days=365)
    day_before = TODAY + timedelta(days=364)
    assert codes(market, put(market, 2, 1, on=day_before)) == [["investment.barred"]]
    assert codes(market, put(market, 2, CAP, on=TODAY + timedelta(days=365))) == [[]]


def test_nobody_has_invested_tomorrow_yet(market: Market) -> None:
    tomorrow = market.house.today + timedelta(days=1)
    assert codes(market, put(market, 1, 1, on=tomorrow)) == [["investment.wrong"]]


def test_who_is_qualified_has_no_cap(market: Market) -> None:
    licence(market.house, market.firm("A").id, Class.QUALIFIED_INVESTOR)
    assert codes(market, put(market, 1, 10 * CAP)) == [[]]


def test_who_has_not_passed_the_test_does_not_invest(market: Market) -> None:
    licence(market.house, market.firm("E").id, Class.INVESTOR)
    sheet = read(market.house, market.folder, put(market, 1, 1, who="E", through="G"))
    assert "XA.investors.test" in str(sheet.answers[0].refusals[0])


def test_another_asset_an_anonymous_token_and_mixed_coin_are_refused(market: Market) -> None:
    one = put(market, 1, 1)
    several = [
        replace(one, asset="asset-token"),
        replace(one, investment=ids.derived("inv", "2"), asset="anonymous-token"),
        replace(one, investment=ids.derived("inv", "3"), origin="mixed"),
    ]
    found = codes(market, *several)
    assert [set(each) for each in found] == [
        {"investment.barred"},
        {"investment.barred"},
        {"investment.undecided"},  # a person looks at it
    ]


def test_in_another_currency_it_waits_for_a_rate(market: Market) -> None:
    assert codes(market, replace(put(market, 1, 1), currency="EUR")) == [["investment.undecided"]]


def test_an_investment_is_recorded_once(market: Market) -> None:
    enter(market.house, market.folder, put(market, 1, 100))
    sheet = read(market.house, market.folder, put(market, 1, 100))
    assert sheet.tally["known"] == 1
    assert codes(market, put(market, 1, 99)) == [["investment.recorded"]]


def test_parties_are_admitted(market: Market) -> None:
    nobody = ParticipantId("5493001KJTIIGC8Y1R12")
    assert codes(market, replace(put(market, 1, 1), investor=nobody)) == [["participant.unknown"]]


@pytest.mark.parametrize(
    "change",
    [{"investment": "inv_1"}, {"units": 0}, {"intermediary": None}],
)
def test_what_has_not_its_form_is_refused(market: Market, change: dict[str, object]) -> None:
    one = put(market, 1, 1)
    if "intermediary" in change:
        change = {"intermediary": one.investor}
    assert codes(market, replace(one, **change)) == [["investment.wrong"]]  # type: ignore[arg-type]


def test_what_two_approve_at_once_does_not_pass_the_cap(market: Market) -> None:
    """Each was right when it was proposed; the second is refused when it is approved."""
    house, waiting = market.house, []
    for number, through in ((1, "E"), (2, "G")):
        action = entering(house, market.folder, put(market, number, CAP, through=through))
        waiting.append(propose(house, action, BELA))
    approve(house, waiting[0], CORA)
    with pytest.raises(records.RecordsRefused, match=r"XA\.investors\.cap"):
        approve(house, waiting[1], CORA)
    kept: Sequence[Investment] = records.known(house, INVESTMENTS)
    assert [one.units for one in kept] == [CAP]
