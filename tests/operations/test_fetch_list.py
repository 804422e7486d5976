"""A list is fetched and takes its place; what is not to be had or cannot follow does not."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.enacted import Market, facts, open_market
from tests.listings import ftm
from tests.served import Served, serving

from clearhouse import worker
from clearhouse.core.adoption import ListAdopted, ListRefused
from clearhouse.core.errors import Refusal
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.feeds.sanctions.fetching import Source
from clearhouse.feeds.sanctions.sources import Fetched
from clearhouse.operations.fetch_list import fetch_list
from clearhouse.operations.lists import Taken
from clearhouse.store import jobs
from clearhouse.store.files import locked
from clearhouse.worker.place import Place

NAME, FILE = "EU-FSF", "entities.ftm.json"
HOUR = timedelta(hours=1)


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served(content(*many(40)))) as one:
        yield one


def content(*names: str) -> bytes:
    return ftm(
        *(
            {
                "id": f"NK-{number}",
                "schema": "Company",
                "target": True,
                "properties": {"name": [name]},
            }
            for number, name in enumerate(names)
        )
    ).encode()


def many(count: int) -> list[str]:
    return [f"Volkan Handel {number}" for number in range(count)]


def source(served: Served) -> Source:
    return Source(NAME, {FILE: f"{served.url}/list"})


def fetched(market: Market, served: Served) -> Taken:
    until = time.monotonic() + 30
    return fetch_list(market.house, source(served), market.folder / "lists", until)


def code(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value.code


def standing(market: Market) -> dict[str, str]:
    return {one.name: one.version for one in market.house.lists()}


def left(market: Market) -> list[str]:
    folder = market.folder / "lists" / ".editions"
    # Folders: the lock by which one fetch is under way stays.
    found = sorted(one.name for one in folder.glob("*/")) if folder.is_dir() else []
    return [one for one in found if "fetching" in one or "copy" in one]


def test_a_list_is_fetched_adopted_and_screened_by(market: Market, served: Served) -> None:
    assert fetched(market, served).hits == []
    assert standing(market).keys() == {"OFAC-SDN", "OFAC-WALLETS", NAME}
    (one,) = facts(market.house.db, ListAdopted, NAME)
    assert (one.version, one.entries) == (standing(market)[NAME], 40)
    market.clock.forward(hours=1)
    (id,) = market.trade("A>b 100.00")
    served.content = content(*many(40), misspelt(market.firm("A").name))
    served.etag = '"two"'
    done = fetched(market, served)
    assert [one.match.subject for one in done.hits] == [market.firm("A").id]
    assert done.payments == [id]
    assert left(market) == []
    market.clock.forward(hours=1)
    again = fetched(market, served)  # the same, as of now
    assert again.delta.is_empty
    assert [one.published_at for one in market.house.lists() if one.name == NAME] == [
        market.clock()
    ]


def test_a_fetch_that_broke_off_goes_on(market: Market, served: Served) -> None:
    served.cut = 700
    before = standing(market)
    assert code(lambda: fetched(market, served)) == "list.fetch-interrupted"
    assert standing(market) == before
    served.cut = None
    fetched(market, served)
    assert served.asked[-1]["range"] == "bytes=700-"
    assert len(facts(market.house.db, ListAdopted, NAME)) == 1
    assert left(market) == []


def test_of_one_list_one_fetch_is_under_way(market: Market, served: Served) -> None:
    """Whoever comes meanwhile waits, and nobody writes into what another fetches."""
    folder = market.folder / "lists"
    lock = folder / ".editions" / "fetching-EU-FSF.lock"
    done: list[Taken] = []
    with ThreadPoolExecutor(1) as other:
        with locked(lock):
            waiting = other.submit(lambda: done.append(fetched(market, served)))
            with pytest.raises(TimeoutError):
                waiting.result(1)
            assert served.asked == []
        waiting.result(30)
    assert [one.edition.name for one in done] == [NAME]


def test_published_again_the_copy_before_stays_for_whoever_reads_it(
    market: Market, served: Served
) -> None:
    kept = market.folder / "lists" / ".editions"
    for hours in range(4):
        market.clock.forward(hours=min(hours, 1))
        fetched(market, served)
        stands = (market.folder / "lists" / "eu-fsf").resolve().name
        copies = sorted(one.name for one in kept.glob("eu-fsf.*"))
        assert len(copies) == min(hours + 1, 2)
        assert copies[-1] == stands


def test_what_cannot_follow_is_recorded_and_asked_for_anew(market: Market, served: Served) -> None:
    fetched(market, served)
    before = standing(market)
    market.clock.forward(hours=1)
    served.content, served.etag = content(*many(20)), '"cut"'
    for _ in range(2):
        assert code(lambda: fetched(market, served)) == "list.shrunken"
        assert standing(market) == before
        assert left(market) == []
    assert [one.code for one in facts(market.house.db, ListRefused, NAME)] == ["list.shrunken"]
    served.content, served.etag = b"{}\n" * 9, '"nothing"'
    assert code(lambda: fetched(market, served)) == "list.row-malformed"
    served.content, served.etag = content(*many(41)), '"whole"'
    fetched(market, served)
    assert left(market) == []


def test_the_worker_fetches_lists_as_often_as_is_said(market: Market, served: Served) -> None:
    place = Place(
        market.house,
        market.folder / "outbox",
        lists=(Fetched(source(served), 2 * HOUR),),
        lists_folder=market.folder / "lists",
    )
    worker.work(place)
    worker.work(place)
    assert len(served.asked) == 1
    assert len(facts(market.house.db, ListAdopted, NAME)) == 1
    market.clock.forward(hours=2)
    worker.work(place)
    assert len(served.asked) == 2
    assert jobs.troubles(market.house.db) == []

    market.clock.forward(hours=2)
    served.content, served.etag = content("Volkan"), '"cut"'
    for _ in range(2 * worker.ATTEMPTS_MAX):
        worker.work(place)
        market.clock.forward(minutes=10)
    (seen,) = jobs.troubles(market.house.db)
    assert (seen.kind, seen.key, seen.code) == ("lists.fetch", NAME, "list.shrunken")
    assert not seen.stuck
    assert seen.actor.startswith("compliance")
    served.content, served.etag = content(*many(40)), '"whole"'
    market.clock.forward(minutes=10)
    worker.work(place)
    assert jobs.troubles(market.house.db) == []

    other = Place(market.house, market.folder / "outbox")
    assert "lists.fetch" not in worker.kinds(other)
    nowhere = Place(
        *(market.house, market.folder / "outbox"),
        lists=(Fetched(Source("KV", source(served).urls), HOUR),),
        lists_folder=market.folder / "lists",
    )
    market.clock.forward(hours=3)
    worker.work(nowhere)  # whose file names that list no more
    named = [one.list_name for one in facts(market.house.db, ListAdopted)]
    assert named[-1] == "KV"
