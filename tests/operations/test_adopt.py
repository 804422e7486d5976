"""What the house screens by is a fact: editions follow each other, or stop the gate."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.enacted import Market, facts, open_market
from tests.hands import ADA, BELA, CORA, approve, propose
from tests.listings import FILLERS, publish

from clearhouse.core.adoption import EditionAccepted, ListAdopted, ListRefused
from clearhouse.core.command import AcceptEdition
from clearhouse.core.errors import Refusal
from clearhouse.core.gate import Verdict
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import COUNTS_MIN, SanctionsList
from clearhouse.demo import lists
from clearhouse.demo.country import Country
from clearhouse.operations.lists import in_force, take
from clearhouse.operations.screen import open_gate, verdict_of
from clearhouse.store import editions, journal, obligations, registers

MINUTE = timedelta(minutes=1)
EU = "EU-FSF"


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


def code(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value.code


def opened(market: Market) -> None:
    open_gate(market.house)


def write(market: Market, *added: str, age: timedelta = MINUTE) -> None:
    """Put an edition into the folder by hand."""
    lists.write_lists(market.folder / "lists", market.clock() - age, added)


def adopted(market: Market, name: str = "OFAC-SDN") -> list[ListAdopted]:
    return facts(market.house.db, ListAdopted, name)


def refusals(market: Market) -> list[tuple[str, str]]:
    return [(one.list_name, one.code) for one in facts(market.house.db, ListRefused)]


def many(count: int) -> list[str]:
    return [f"Volkan {number}" for number in range(count)]


def accepting(market: Market, version: str, name: str = "OFAC-SDN") -> AcceptEdition:
    held = editions.in_force(market.house.db).get(name)
    return AcceptEdition(name, version, held.version if held else "", "announced")


def accept(market: Market, version: str, name: str = "OFAC-SDN") -> str:
    waiting = propose(market.house, accepting(market, version, name), BELA)
    approve(market.house, waiting, CORA)
    return waiting.id


def refused_to_propose(market: Market, action: AcceptEdition) -> str:
    return code(lambda: propose(market.house, action, BELA))


def version(market: Market, name: str = "OFAC-SDN") -> str:
    (found,) = [one.version for one in market.house.lists() if one.name == name]
    return found


def test_an_edition_is_adopted_once_when_the_gate_first_screens_by_it(market: Market) -> None:
    first = len(adopted(market))
    opened(market)
    opened(market)
    (*_, before), (wallets, *_) = adopted(market), adopted(market, "OFAC-WALLETS")
    assert len(adopted(market)) == first + 1
    assert (wallets.entries, wallets.wallets, wallets.before) == (0, 100, "")
    market.clock.forward(minutes=5)
    write(market, "A Firm", "Another", "A Third")
    opened(market)
    (*_, now) = adopted(market)
    assert (now.version, now.before) == (version(market), before.version)
    counted = (now.entries - before.entries, now.added, now.changed, now.removed)
    assert counted == (2, 2, 1, 0)
    assert now.proposal == ""
    market.clock.forward(minutes=5)
    write(market, "A Firm", "Another", "A Third")  # the same, published again
    opened(market)
    (*_, again) = adopted(market)
    assert (again.version, again.before) == (now.version, now.version)
    assert again.published_at == now.published_at + timedelta(minutes=5)
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert all(one.is_adopted and not one.refused for one in in_force(market.house))


def test_what_has_lost_too_much_stops_the_gate_and_that_is_recorded_once(market: Market) -> None:
    write(market, *many(80))
    opened(market)
    market.clock.forward(minutes=5)
    write(market)
    held = journal.head(market.house.db)
    assert code(lambda: opened(market)) == "list.shrunken"
    assert code(lambda: opened(market)) == "list.shrunken"
    assert refusals(market) == [("OFAC-SDN", "list.shrunken")]
    # That of the wallets is of now, too: it is adopted all the same.
    assert journal.head(market.house.db) == held + 2
    (*_, names), (*_, wallets) = adopted(market), adopted(market, "OFAC-WALLETS")
    assert wallets.published_at == names.published_at + timedelta(minutes=5)
    (sdn, _) = in_force(market.house)
    assert not sdn.is_adopted
    assert sdn.refused.startswith("list.shrunken: OFAC-SDN has lost 80 of 1,086 entries")
    market.clock.forward(minutes=5)
    write(market, *many(79))  # whole again, but for one
    opened(market)
    assert adopted(market)[-1].removed == 1


def test_what_is_older_stops_the_gate(market: Market) -> None:
    opened(market)
    write(market, "Edition 1", age=timedelta(hours=3))
    assert code(lambda: opened(market)) == "list.regressed"
    both = [("OFAC-SDN", "list.regressed"), ("OFAC-WALLETS", "list.regressed")]
    assert refusals(market) == both
    assert code(lambda: take_copy(market)) == "list.regressed"
    assert refusals(market) == both, "it is the same edition"


def take_copy(market: Market) -> None:
    folder = market.folder / "lists"
    take(market.house, folder / "ofac-sdn", folder)


def test_what_is_refused_when_it_is_loaded_is_recorded(market: Market) -> None:
    write(market, *many(80))
    opened(market)
    market.clock.forward(minutes=5)
    staged = market.folder / "staged"
    lists.write_lists(staged, market.clock() - MINUTE)
    folder = market.folder / "lists"
    for _ in range(2):
        assert code(lambda: take(market.house, staged / "ofac-sdn", folder)) == "list.shrunken"
    assert refusals(market) == [("OFAC-SDN", "list.shrunken")]
    opened(market)  # what stands there stands
    (one,) = facts(market.house.db, ListRefused)
    accept(market, one.version)
    done = take(market.house, staged / "ofac-sdn", folder)
    assert len(done.delta.removed) == 80
    assert adopted(market)[-1].version == one.version


def test_two_people_accept_what_has_truly_lost_so_much(market: Market) -> None:
    write(market, *many(80))
    opened(market)
    market.clock.forward(minutes=5)
    write(market)
    new = version(market)
    early = accepting(market, new)
    assert code(lambda: propose(market.house, early, BELA)) == "list.not-refused"
    assert code(lambda: opened(market)) == "list.shrunken"
    for wrong in (accepting(market, "77" * 32), replace(early, before="77" * 32)):
        assert refused_to_propose(market, wrong) == "list.not-refused"
    assert code(lambda: propose(market.house, early, ADA)) == "person.not-permitted"
    propose(market.house, early, BELA)
    assert code(lambda: opened(market)) == "list.shrunken", "one person accepts nothing"
    proposal = accept(market, new)
    opened(market)
    (*_, now) = adopted(market)
    assert (now.version, now.proposal, now.removed) == (new, proposal, 80)
    (one,) = facts(market.house.db, EditionAccepted)
    assert (one.version, one.proposal, one.reason) == (new, proposal, "announced")
    # It is no way back to it from what comes later.
    market.clock.forward(minutes=5)
    write(market, *many(81))
    opened(market)
    market.clock.forward(minutes=5)
    write(market)
    assert version(market) == new
    assert code(lambda: opened(market)) == "list.shrunken"


def test_an_edition_is_accepted_once(market: Market) -> None:
    write(market, *many(80))
    opened(market)
    market.clock.forward(minutes=5)
    write(market)
    assert code(lambda: opened(market)) == "list.shrunken"
    again = propose(market.house, accepting(market, version(market)), BELA)
    accept(market, version(market))
    assert code(lambda: approve(market.house, again, CORA)) == "list.accepted-before"
    opened(market)
    assert code(lambda: approve(market.house, again, CORA)) == "list.not-refused"


def test_nobody_accepts_what_is_too_small(market: Market) -> None:
    opened(market)
    folder = market.folder / "lists" / "ofac-wallets"
    least = lists.WALLETS[: COUNTS_MIN["OFAC-WALLETS"] - 1]
    market.clock.forward(minutes=5)
    publish(
        folder,
        {"sanctioned_addresses_XBT.txt": "".join(f"{one}\n" for one in least)},
        list="OFAC-WALLETS",
        published_at=f"{market.clock() - MINUTE:%FT%TZ}",
    )
    assert code(lambda: opened(market)) == "screening.list-too-small"
    assert code(lambda: accept(market, version(market, "OFAC-WALLETS"), "OFAC-WALLETS")) == (
        "list.not-refused"
    )


def added_list(market: Market) -> Path:
    """A list beside the mandatory ones."""
    folder = market.folder / "lists" / "eu"
    line = json.dumps(
        {
            "id": "NK-1",
            "schema": "Company",
            "target": True,
            "properties": {"name": ["Wulkan Handel"]},
        }
    )
    publish(
        folder,
        {"entities.ftm.json": f"{line}\n"},
        list=EU,
        published_at=f"{market.clock() - MINUTE:%FT%TZ}",
    )
    return folder


def test_a_list_that_was_screened_by_does_not_vanish(market: Market) -> None:
    folder = added_list(market)
    opened(market)
    moved = folder.rename(market.folder / "moved")
    assert code(lambda: opened(market)) == "list.gone"
    moved.rename(folder)
    opened(market)
    folder.rename(moved)
    for name, wrong in (("OFAC-SDN", "list.mandatory"), ("UN-SC", "list.not-refused")):
        assert refused_to_propose(market, accepting(market, "", name)) == wrong
    accept(market, "", EU)
    opened(market)
    assert {one for one, _ in open_gate(market.house).versions} == {"OFAC-SDN", "OFAC-WALLETS"}
    moved.rename(folder)
    opened(market)  # it is another beginning
    assert [one.before for one in adopted(market, EU)] == ["", ""]
    folder.rename(moved)
    assert code(lambda: opened(market)) == "list.gone"
    accept(market, "", EU)  # again
    opened(market)


def test_an_open_gate_goes_on_by_what_another_adopted(market: Market) -> None:
    gate = open_gate(market.house)
    (id,) = market.trade("A>b 100.00")

    def verdict() -> Verdict:
        house = market.house
        with house.db.transaction(force_rollback=True):
            journal.lock(house.db)
            found = obligations.by_ids(house.db, [id], house.assets)
            (one,) = found.values()
            parties = registers.participants(house.db, {one.debtor, one.creditor})
            return verdict_of(gate.judge([one], parties)[id])

    assert verdict() is Verdict.CLEAR
    market.clock.forward(minutes=5)
    write(market, market.firm("A").name)
    assert verdict() is Verdict.CLEAR, "nobody has screened by it yet"
    opened(market)
    assert verdict() is Verdict.DENY


def test_the_demos_lists_have_as_many_entries_as_the_core_asks_for() -> None:
    assert len(FILLERS) == len(set(lists.FILLERS)) == COUNTS_MIN["OFAC-SDN"]
    assert len(set(lists.WALLETS)) == COUNTS_MIN["OFAC-WALLETS"]


def test_who_read_the_lists_before_another_put_new_ones_there_reads_them_again(
    market: Market,
) -> None:
    """Else what was in force a moment ago would be taken for an old copy of somebody."""
    opened(market)
    shelf, reads = market.house.lists, 0
    before = list(shelf())

    def late() -> Sequence[SanctionsList]:
        """What stood there before, and meanwhile another loads a list."""
        nonlocal reads
        reads += 1
        if reads > 1:
            return shelf()
        write(market, "A Firm")
        added_list(market)
        opened(market)
        return before

    market.clock.forward(minutes=5)
    gate = open_gate(replace(market.house, lists=late))
    assert reads == 3
    assert {name for name, _ in gate.versions} == {"OFAC-SDN", "OFAC-WALLETS", EU}
    assert dict(gate.versions)["OFAC-SDN"] == version(market) == adopted(market)[-1].version
    assert refusals(market) == []
