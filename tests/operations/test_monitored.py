"""The house's own payments as monitoring judges them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copytree

import pytest
from tests.enacted import Market, open_market
from tests.recorded import SPRING, enter, entity_id

from clearhouse.core.coin_source import COIN_SOURCES, CoinSource
from clearhouse.core.monitoring import Monitor
from clearhouse.core.onboarding import Review
from clearhouse.core.owner import ENTITIES, Entity, Holding
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo.country import Country
from clearhouse.feeds.typologies import SHIPPED, read_programme
from clearhouse.operations import monitored
from clearhouse.store import journal, records
from clearhouse.store.projection import record

PROGRAMME = read_programme()


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def own(market: Market, letter: str, share: int = 300_000) -> None:
    """One holding company has a share of a firm."""
    id = entity_id("H")
    if not records.current(market.house.db, ENTITIES, ids=[id]):
        enter(market.house, market.folder, Entity(id, "company", "Holding", "XC"))
    owns = Holding(id, market.firm(letter).id, share, False, "a register", SPRING)
    enter(market.house, market.folder, owns)


def test_a_payment_is_valued_at_its_days_rate_or_not_judged(market: Market) -> None:
    """At the rate of the day on which it was first said; its parties are as they are known."""
    market.trade("A>b 100.00")
    market.clock.forward(days=20)
    market.publish()
    market.fix("USD", 100_000)
    market.fix("EUR", 50_000)
    (one,) = market.trade("A>b 1000.00 USD")
    (other,) = market.trade("A>b 10.00 EUR")
    seen = monitored.history(market.house, "EUR")
    assert [(each.id, each.value) for each in seen.payments] == sorted(
        [(one, 500_00), (other, 10_00)], key=lambda pair: pair[0]
    )
    assert seen.unvalued == 1
    (first,) = [each for each in seen.payments if each.id == one]
    assert (first.payer, first.payee) == (market.firm("A").id, market.firm("b").id)
    assert (first.payer_country, first.payee_country) == ("XA", "XB")
    assert (first.asset, first.amount) == ("USD", 1000_00)
    assert (first.at, first.exposure, first.third_party) == (market.clock(), None, None)
    assert first.payer_days is not None
    told = monitored.alerts(market.house, PROGRAMME)
    assert (told.judged, told.unvalued) == (2, 1)
    assert monitored.count(market.house) == 3


def test_who_belongs_together(market: Market) -> None:
    """By an owner with a quarter, or an address that has paid for both; by less they do not."""
    house = market.house
    ids = {letter: market.firm(letter).id for letter in "ABCDb"}

    def group(letter: str) -> str:
        return monitored.parties(house).groups.get(ids[letter], "")

    own(market, "A", 250_000)
    own(market, "B", 249_999)
    assert group("B") == ""
    own(market, "B", 250_000)
    assert group("A") == group("B") != ""
    assert group("C") == ""
    now = house.now()
    for letter, address in (("C", "one"), ("D", "one"), ("b", "other")):
        outpoint = f"{letter.encode().hex() * 32}:0"
        said = COIN_SOURCES.entered(CoinSource(ids[letter], outpoint, address, now))
        with house.db.transaction():
            journal.lock(house.db)
            record(house.db, [said], now, now)
    assert group("C") == group("D") not in {"", group("A")}
    assert group("b") == ""


def test_how_parties_are_rated(market: Market) -> None:
    firm, today = market.firm("A").id, market.clock().date()
    assert monitored.parties(market.house).known[firm].rating is None
    for rating, expected in (("low", 0), ("high", 2)):
        enter(market.house, market.folder, Review(firm, today, rating, "seen"))
        assert monitored.parties(market.house).known[firm].rating == expected
        today += timedelta(days=1)
        market.clock.forward(days=1)


def test_what_is_repeated_is_to_be_looked_at(market: Market) -> None:
    """And the rest of the house's trade is not; the newest comes first."""
    market.fix("USD", 100_000)
    market.fix("EUR", 100_000)
    ids = []
    for odd in ("1234.56", "911.02", "1780.41", "1402.97", "1033.60", "1519.15"):
        ids += market.trade(f"A>b 15000.00, B>c {odd}")
        market.clock.forward(minutes=30)
    told = monitored.alerts(market.house, PROGRAMME)
    found = [one.id for one, _ in told.found]
    assert found
    assert set(found) <= set(ids[::2])
    assert found[0] == ids[-2]
    assert [one.at for one, _ in told.found] == sorted(
        (one.at for one, _ in told.found), reverse=True
    )
    assert any(
        verdict.typology == "sums" and verdict.is_alert
        for _, result in told.found
        for verdict in result.verdicts
    )
    again = Monitor(PROGRAMME).judge(monitored.history(market.house, "EUR").payments)
    assert [again.result(place).body for place in range(len(again))]


def test_another_programme_is_compared_before_it_is_used(market: Market, tmp_path: Path) -> None:
    market.fix("USD", 100_000)
    market.fix("EUR", 100_000)
    for _ in range(6):
        market.trade("A>b 15000.00")
    folder = Path(copytree(str(SHIPPED), tmp_path / "typologies"))
    (folder / "sums.toml").unlink()
    told, unvalued = monitored.compared(market.house, PROGRAMME, read_programme(folder))
    assert unvalued == 0
    assert {one.typology for one in told.lost} == {"sums"}
    assert told.gained == ()
    for file in folder.iterdir():
        file.write_text(file.read_text().replace('unit = "EUR"', 'unit = "USD"'))
    with pytest.raises(monitored.UnitsDiffer):
        monitored.compared(market.house, PROGRAMME, read_programme(folder))
