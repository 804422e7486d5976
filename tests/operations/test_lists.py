"""A new edition takes its list's place at once, or is refused, and says whom it hits."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from tests.enacted import Market, open_market
from tests.recorded import enter, entity_id

from clearhouse.core.errors import Refusal
from clearhouse.core.owner import Entity, Holding
from clearhouse.core.remedy import UNREADABLE, Actor
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo import country
from clearhouse.demo import lists as made
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.engines.names import NameIndex
from clearhouse.feeds.sanctions import read_list
from clearhouse.feeds.shelf import Shelf
from clearhouse.operations.hits import hits
from clearhouse.operations.lists import compared, in_force, stopped, take
from clearhouse.operations.screen import open_gate

SPRING = date(2026, 2, 1)
LISTED = "Ostrova Shipping Company"


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


def staged(market: Market, *added: str, name: str = "ofac-sdn") -> Path:
    """An edition in a folder of its own, with names added; published a minute ago."""
    folder = market.folder / "staged" / str(len(list((market.folder).glob("staged/*"))))
    at = market.clock() - timedelta(minutes=1)
    made.write_lists(folder, at, added)
    return folder / name


def rewritten(folder: Path, file: str, content: bytes) -> Path:
    """The same edition with another file, which its publication vouches for."""
    (folder / file).write_bytes(content)
    publication = folder / "publication.json"
    said = json.loads(publication.read_bytes())
    said["files"][file] = sha256(content).hexdigest()
    publication.write_text(json.dumps(said))
    return folder


def test_an_edition_takes_the_others_place_and_says_whom_it_hits(market: Market) -> None:
    names = [market.firm(letter).name for letter in "AbC"]
    (held,) = market.trade("A>b 100.00")
    (other,) = market.trade("C>d 100.00")
    before = {one.edition.name: one.edition.version for one in in_force(market.house)}
    told: list[int] = []
    edition = staged(market, names[0], misspelt(names[1]))
    done = take(market.house, edition, market.folder / "lists", told.append)

    assert done.delta.before == before["OFAC-SDN"]
    assert (len(done.delta.added + done.delta.changed), done.delta.removed) == (2, ())
    assert {one.match.subject for one in done.hits} == {market.firm(letter).id for letter in "Ab"}
    assert [one.match for one in done.hits] == [
        one.match for one in hits(market.house) if one.match.subject in done.participants
    ]
    assert done.participants == sorted(market.firm(letter).id for letter in "Ab")
    assert done.payments == [held]
    assert other not in done.payments
    assert told[-1] >= len(names)
    assert market.verdicts(*market.trade("A>b 100.00")) == ["deny"]
    now = {one.edition.name: one.edition.version for one in in_force(market.house)}
    assert now == before | {"OFAC-SDN": done.edition.version}


def test_again_and_again_the_link_alone_changes(market: Market) -> None:
    folder = market.folder / "lists"
    for number in range(3):
        take(market.house, staged(market, f"Firm {number}", "Another"), folder)
        assert (folder / "ofac-sdn").is_symlink()
        assert sorted(one.name for one in Shelf(folder, market.clock)()) == [
            "OFAC-SDN",
            "OFAC-WALLETS",
        ]
    done = take(market.house, staged(market, "Firm 2", "Another"), folder)
    assert done.delta.is_empty
    assert done.hits == []
    open_gate(market.house)


def test_what_people_decided_is_told_with_the_hit(market: Market) -> None:
    """And an owner that is hit concerns those that it owns."""
    firm, owner = market.firm("A").id, Entity(entity_id("p"), "company", "Vestri Holding", "XC")
    enter(market.house, market.folder, owner)
    enter(market.house, market.folder, Holding(owner.entity, firm, 600_000, False, "r", SPRING))
    (id,) = market.trade("A>b 100.00")
    done = take(market.house, staged(market, "Vestri Holding"), market.folder / "lists")
    assert [one.match.subject for one in done.hits] == [owner.entity]
    assert not done.hits[0].is_decided
    assert (done.participants, done.payments) == ([firm], [id])


def test_a_wallet_that_is_listed_concerns_who_is_paid_there(market: Market) -> None:
    address = market.firm("b").wallet.address
    folder = staged(market, name="ofac-wallets")
    file = "sanctioned_addresses_XBT.txt"
    standing = (market.folder / "lists" / "ofac-wallets" / file).read_bytes()
    rewritten(folder, file, standing + f"{address}\n".encode())
    (id,) = market.trade("A>b 100.00")
    done = take(market.house, folder, market.folder / "lists")
    assert [one.address for one in done.delta.wallets_added] == [address]
    assert (done.hits, done.participants, done.payments) == ([], [market.firm("b").id], [id])


def refused(market: Market, folder: Path) -> str:
    """The code; what is in force has not changed."""
    before = [(one.edition.name, one.edition.version) for one in in_force(market.house)]
    with pytest.raises(Refusal) as refusal:
        take(market.house, folder, market.folder / "lists")
    assert [(one.edition.name, one.edition.version) for one in in_force(market.house)] == before
    with pytest.raises(Refusal):
        compared(market.house, read_list(folder, now=market.clock()))  # as `lists check` does
    return refusal.value.code


def without(folder: Path, rows: int) -> Path:
    """The same edition without its first entries."""
    lines = (folder / "sdn.csv").read_bytes().splitlines(keepends=True)
    return rewritten(folder, "sdn.csv", b"".join(lines[rows:]))


def test_what_is_older_cut_off_or_shrunken_is_refused(market: Market) -> None:
    lists = market.folder / "lists"
    more = [f"A Firm {number}" for number in range(400)]
    take(market.house, staged(market, *more), lists)
    assert refused(market, without(staged(market, *more), 71)) == "list.shrunken"
    assert refused(market, without(staged(market, *more[:300]), 330)) == "screening.list-too-small"
    older = staged(market, "A Firm", "Another Firm")
    publication = older / "publication.json"
    said = json.loads(publication.read_bytes())
    publication.write_text(json.dumps(said | {"published_at": "2026-01-01T00:00:00Z"}))
    assert refused(market, older) == "list.regressed"
    cut = staged(market, "A Firm", "Another Firm")
    (cut / "sdn.csv").write_bytes((cut / "sdn.csv").read_bytes()[:-40])
    assert refused(market, cut) in {"list.truncated", "list.hash-mismatch"}
    assert refused(market, market.folder / "nowhere") == "list.file-missing"


def test_a_stale_list_is_told(market: Market) -> None:
    assert [one.is_stale for one in in_force(market.house)] == [False, False]
    assert [one.is_mandatory for one in in_force(market.house)] == [True, True]
    market.clock.forward(days=3)
    assert [one.is_stale for one in in_force(market.house)] == [True, True]
    with pytest.raises(Refusal, match=r"screening\.list-stale"):
        take(market.house, staged(market, "A Firm"), market.folder / "lists")
    # It was taken all the same: the other list is what stops the gate.
    assert [one.is_stale for one in in_force(market.house)] == [False, True]


def test_where_the_gate_stops_it_is_said_who_must_act_and_since_when(market: Market) -> None:
    assert stopped(market.house) is None
    (by,) = {one.load_by for one in in_force(market.house)}
    market.clock.forward(seconds=int((by - market.clock()).total_seconds()))
    assert stopped(market.house) is None, "to the last second"
    market.clock.forward(minutes=1)
    found = stopped(market.house)
    assert found is not None
    assert (found.code, found.actor) == ("screening.list-stale", Actor.HOUSE)
    assert found.by == f"{by:%Y-%m-%d %H:%M} UTC"
    market.publish()
    assert stopped(market.house) is None
    (market.folder / "lists" / "ofac-sdn" / "sdn.csv").write_bytes(b"")
    broken = stopped(market.house)
    assert broken is not None
    assert broken.changes.startswith(UNREADABLE.changes)


def test_a_new_list_stands_beside_the_others(market: Market) -> None:
    folder = staged(market, market.firm("A").name)
    publication = folder / "publication.json"
    said = json.loads(publication.read_bytes()) | {"list": "XA National"}
    publication.write_text(json.dumps(said))
    done = take(market.house, folder, market.folder / "lists")
    assert done.delta.before == ""
    assert (market.folder / "lists" / "xa-national").is_symlink()
    assert market.firm("A").id in done.participants
    assert len(in_force(market.house)) == 3
    enter(market.house, market.folder, Entity(entity_id("q"), "company", LISTED, "XC"))
    names = {one.match.list_name for one in hits(market.house, [entity_id("q")])}
    assert names == {"OFAC-SDN", "XA National"}


def test_nobody_of_the_demo_resembles_what_fills_its_lists() -> None:
    everybody = [f"{a} {b} AS" for a in country.NORTH for b in country.TRADES]
    everybody += [f"{a} {b} SA" for a in country.SOUTH for b in country.TRADES]
    everybody += [one.name for one in country.found(Random(1), 4).firms()]
    found = NameIndex(made.FILLERS).search(everybody, 1)
    assert max(hit.score for each in found for hit in each) < 600
