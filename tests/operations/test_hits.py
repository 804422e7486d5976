"""Hits: two people say who a subject is, and the gate goes by it while both sides stay."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.admitted import firm_of, let_in, licence_of
from tests.applied import application
from tests.enacted import Market, bodies, facts, open_market
from tests.hands import BELA, CORA, approve, propose
from tests.recorded import enter, entering, entity_id, person_id, read

from clearhouse.core.errors import Refusal
from clearhouse.core.gate import GateDecided
from clearhouse.core.hits import HIT_DECISIONS, HitDecision, Outcome
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.listed import Birth, Category, Identifier, IdentifierKind
from clearhouse.core.owner import Entity, Holding, PersonOwner
from clearhouse.core.participant import Name
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import ListedEntity
from clearhouse.demo.country import Country, Firm
from clearhouse.demo.lists import misspelt
from clearhouse.demo.wallets import Wallet
from clearhouse.operations.hits import Hit, deciding, document, hit_of, hits
from clearhouse.operations.prove import prove
from clearhouse.operations.records import known, seen
from clearhouse.operations.screen import open_gate

LISTED = "Ostrova Shipping Company"  # entry 9001 of every edition
SPRING = date(2026, 2, 1)
NEWCOMER = ParticipantId("724500NEWFIRM0TEST48")


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def of_firm(market: Market, letter: str = "A") -> Hit:
    """The one hit of a firm."""
    (found,) = hits(market.house, [market.firm(letter).id])
    return found


def decide(market: Market, one: Hit, outcome: Outcome = Outcome.ANOTHER) -> HitDecision:
    """Two people decide a hit."""
    made = deciding(one, outcome, "another seat", market.house.today)
    enter(market.house, market.folder, made)
    return made


def trade(market: Market, **gate: Any) -> ObligationId:
    (id,) = market.trade("A>b 100.00", **gate)
    return id


def grounds(market: Market, id: ObligationId, code: str) -> list[str]:
    return [
        ground["said"]
        for finding in market.findings(id)
        for ground in finding["grounds"]
        if ground["code"] == code
    ]


def affirm_same(market: Market) -> None:
    """Every decision comes out again, to the byte, as what was decided of hits was known then."""
    before = dict(bodies(market.house.db))
    proven = prove(market.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(market.house.db, GateDecided))
    assert bodies(market.house.db) == before


def listed(market: Market, *, sure: bool) -> None:
    name = market.firm("A").name
    market.publish(name if sure else misspelt(name))


@pytest.mark.parametrize("sure", [False, True], ids=["resembles", "is called so"])
@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
def test_who_is_another_is_cleared_until_the_list_says_otherwise(
    market: Market, sure: bool, running: bool
) -> None:
    listed(market, sure=sure)
    gate = open_gate(market.house) if running else None
    stopped = "deny" if sure else "hold"
    first = trade(market, gate=gate)
    assert market.verdicts(first) == [stopped]
    decide(market, of_firm(market))
    second = trade(market, gate=gate)
    assert market.verdicts(second) == ["clear"]
    (said,) = grounds(market, second, "gate.hit-cleared")
    assert said.endswith(f"two people found on {market.house.today} that it is another")
    assert "of OFAC-SDN version" in said
    assert grounds(market, second, "gate.not-listed")[:1] == [
        one for one in grounds(market, second, "gate.not-listed") if market.firm("b").name in one
    ], "it is said of the other side alone"

    market.publish(f"Somebody Else {first}", market.firm("A").name if sure else "Nobody")
    market.publish(market.firm("A").name if sure else misspelt(market.firm("A").name))
    assert market.verdicts(trade(market)) == ["clear"], "the entry is as it was"
    affirm_same(market)


def test_when_the_entry_changes_it_stands_again(market: Market) -> None:
    """The list says more of the same number: another programme would do."""
    listed(market, sure=False)
    decide(market, of_firm(market))
    assert market.verdicts(trade(market)) == ["clear"]
    file = market.folder / "lists" / "ofac-sdn" / "sdn.csv"
    content = file.read_bytes().replace(b",PILOT,", b",PILOT] [SDGT,")
    file.write_bytes(content)
    publication = file.parent / "publication.json"
    said = json.loads(publication.read_bytes())
    said["files"]["sdn.csv"] = sha256(content).hexdigest()
    publication.write_text(json.dumps(said))

    id = trade(market)
    assert market.verdicts(id) == ["hold"]
    (ground,) = grounds(market, id, "gate.possibly-listed-party")
    assert "holds no more, since what the list says of the entry has changed" in ground
    assert not of_firm(market).is_decided
    decide(market, of_firm(market))
    assert market.verdicts(trade(market)) == ["clear"]
    affirm_same(market)


def test_when_the_subject_is_called_otherwise_it_stands_again(market: Market) -> None:
    listed(market, sure=False)
    decide(market, of_firm(market))
    other = Name(market.firm("A").id, "Quite Another Firm", "trading", SPRING)
    enter(market.house, market.folder, other)
    id = trade(market)
    assert market.verdicts(id) == ["hold"]
    (ground,) = grounds(market, id, "gate.possibly-listed-party")
    assert "holds no more, since what is known of the subject has changed" in ground
    affirm_same(market)


def test_who_is_the_same_is_denied_however_it_is_written(market: Market) -> None:
    listed(market, sure=False)
    assert market.verdicts(trade(market)) == ["hold"]
    decide(market, of_firm(market), Outcome.SAME)
    id = trade(market)
    assert market.verdicts(id) == ["deny"]
    (ground,) = grounds(market, id, "gate.listed-party")
    assert ground.endswith("that it is the same")
    decide(market, of_firm(market))
    assert market.verdicts(trade(market)) == ["clear"], "people think again"
    affirm_same(market)


def test_one_entry_is_cleared_and_the_others_stand(market: Market) -> None:
    name = market.firm("A").name
    market.publish(misspelt(name), name)
    alike, sure = sorted(hits(market.house, [market.firm("A").id]), key=lambda one: one.match.score)
    decide(market, sure)
    id = trade(market)
    assert market.verdicts(id) == ["hold"]
    assert market.codes(id) >= {"gate.hit-cleared", "gate.possibly-listed-party"}
    decide(market, alike)
    assert market.verdicts(trade(market)) == ["clear"]


def test_an_owner_that_is_another_counts_for_nothing(market: Market) -> None:
    firm, owner = market.firm("A").id, Entity(entity_id("p"), "company", LISTED, "XC")
    enter(market.house, market.folder, owner)
    enter(market.house, market.folder, Holding(owner.entity, firm, 600_000, False, "r", SPRING))
    assert market.verdicts(trade(market)) == ["deny"]
    (one,) = hits(market.house, [owner.entity])
    decide(market, one)
    id = trade(market)
    assert market.verdicts(id) == ["clear"]
    (said,) = grounds(market, id, "gate.owner-hit-cleared")
    assert said.startswith(f"{LISTED} compared with")
    assert said.endswith("that it is another")
    enter(market.house, market.folder, replace(owner, name=f"{LISTED} Ltd of Ostrova"))
    assert market.verdicts(trade(market)) == ["hold"], "it is called otherwise now"
    affirm_same(market)


def test_a_natural_person_is_decided_about_and_not_named(market: Market) -> None:
    firm, person = market.firm("A").id, PersonOwner(person_id("P"), "Tomas Arvid Vellin")
    enter(market.house, market.folder, person)
    enter(market.house, market.folder, Holding(person.entity, firm, 600_000, False, "r", SPRING))
    assert market.verdicts(trade(market)) == ["deny"]
    (one,) = hits(market.house, [person.entity])
    assert person.name not in json.dumps(document(one))
    decide(market, one)
    id = trade(market)
    assert market.verdicts(id) == ["clear"]
    (said,) = grounds(market, id, "gate.owner-hit-cleared")
    assert person.name not in said
    enter(market.house, market.folder, replace(person, born="1970-01-02"))
    assert market.verdicts(trade(market)) == ["deny"], "more is known of whoever it is"
    affirm_same(market)


def with_entry(market: Market, entry: ListedEntity) -> None:
    """The list of names of today, with an entry that says more than the demo's form has."""
    (sdn, wallets) = market.house.lists()
    edition = replace(sdn, version="d" * 64, entries=(*sdn.entries, entry))
    market.house = replace(market.house, lists=lambda: [edition, wallets])


@pytest.mark.parametrize(
    ("born", "nationality", "agrees"),
    [("1962-03-04", "Germany", True), ("1988-11-12", "FR", False)],
    ids=["agrees", "differs"],
)
def test_a_persons_birth_and_country_are_compared_and_told_nobody(
    market: Market, born: str, nationality: str, agrees: bool
) -> None:
    """What differs stops the payment all the same; what agrees makes nobody sure."""
    day = date(1962, 3, 4)
    entry = ListedEntity(
        *("77", "individual", ("HARDRADA, Harald Sigurd",)),
        countries=("Germany",),
        category=Category.PERSON,
        births=(Birth(day, day),),
    )
    with_entry(market, entry)
    firm = market.firm("A").id
    person = PersonOwner(person_id("P"), "Harald Sigurd Hardrade", born, nationality)
    enter(market.house, market.folder, person)
    enter(market.house, market.folder, Holding(person.entity, firm, 600_000, False, "r", SPRING))
    id = trade(market)
    assert market.verdicts(id) == ["hold"]
    (said,) = grounds(market, id, "gate.possibly-owned-by-listed")
    word = "agrees" if agrees else "differs"
    assert f"kind agrees; birth {word}; country {word}; gender, numbers not known of both" in said
    (one,) = hits(market.house, [person.entity])
    assert (one.match.rank > one.match.score) is agrees
    told = json.dumps([document(one), market.findings(id)])
    assert not [word for word in (born, born[:4], person.name, nationality) if f'"{word}' in told]
    assert born[:4] not in told
    affirm_same(market)

    decide(market, one)
    assert market.verdicts(trade(market)) == ["clear"]
    enter(market.house, market.folder, replace(person, born="1970-01-02"))
    assert market.verdicts(trade(market)) == ["hold"], "another is known of now"
    affirm_same(market)


def test_a_participant_that_owns_under_another_name_is_one_subject(market: Market) -> None:
    """What is decided of it holds for it as a party and as an owner, and neither takes it back."""
    house, folder, name = market.house, market.folder, "Ilmarin Saltworks of Storhavn"
    enter(house, folder, Entity(NEWCOMER, "company", "Quite Another Firm", "XC"))
    span = (date(2026, 1, 1), date(2027, 1, 1))
    classes = ("exporter", "importer")
    held = [licence_of(NEWCOMER, each, "Central Bank", *span) for each in classes]
    let_in(house, firm_of(NEWCOMER, name), *held)
    enter(house, folder, Holding(NEWCOMER, market.firm("B").id, 600_000, False, "r", SPRING))
    newcomer = Firm(NEWCOMER, name, "XA", classes, Wallet.of(Random(NEWCOMER).randbytes(32)))
    market.people = replace(market.people, traders=(newcomer, *market.people.traders))
    market.publish(misspelt(name))  # "A" is the newcomer from here on, "C" is whom it owns

    party, owned = market.trade("A>b 100.00, C>b 100.00")
    assert market.verdicts(party, owned) == ["hold", "hold"]
    decide(market, of_firm(market, "A"))
    for _ in range(2):
        party, owned = market.trade("A>b 100.00, C>b 100.00")
        assert market.verdicts(party, owned) == ["clear", "clear"]
        assert "gate.hit-cleared" in market.codes(party)
        assert "gate.owner-hit-cleared" in market.codes(owned)
    affirm_same(market)
    enter(house, folder, Name(NEWCOMER, "And Another Firm", "trading", SPRING))
    party, owned = market.trade("A>b 100.00, C>b 100.00")
    assert market.verdicts(party, owned) == ["hold", "hold"], "it is called otherwise now"
    affirm_same(market)


def test_where_a_firm_is_seated_belongs_to_what_was_compared(market: Market) -> None:
    firm, owner = market.firm("A").id, Entity(entity_id("p"), "company", LISTED, "DE")
    enter(market.house, market.folder, owner)
    enter(market.house, market.folder, Holding(owner.entity, firm, 600_000, False, "r", SPRING))
    (one,) = hits(market.house, [owner.entity])
    decide(market, one)
    assert market.verdicts(trade(market)) == ["clear"]
    enter(market.house, market.folder, replace(owner, jurisdiction="FR"))
    assert market.verdicts(trade(market)) == ["deny"]
    affirm_same(market)


def test_the_undecided_come_by_what_is_known_of_them_too(market: Market) -> None:
    """A firm that is called as a person is comes after one that resembles a firm."""
    entries = [
        ListedEntity("77", "individual", ("Halvard Brunn",), category=Category.PERSON),
        ListedEntity("78", "", ("Halvard Brunns",), category=Category.ORGANISATION),
    ]
    for entry in entries:
        with_entry(market, entry)
    lists = market.house.lists()
    market.house = replace(market.house, lists=lambda: lists)
    owner = Entity(entity_id("p"), "company", "Halvard Brunn", "XC")
    enter(market.house, market.folder, owner)
    first, second = hits(market.house, [owner.entity])
    assert [one.match.entity for one in (first, second)] == ["78", "77"]
    assert 800 < first.match.rank == first.match.score < second.match.score == 1000
    assert second.match.rank == 800
    shown: dict[str, Any] = document(second)
    assert "kind differs (organisation; person)" in str(shown["reason"])
    assert {
        key: value
        for key, value in shown["parts"][0].items()
        if key in {"name", "agreement", "effect"}
    } == {"name": "kind", "agreement": "differs", "effect": -200}


def test_who_applies_with_a_listed_name_is_let_in_once_it_is_another(market: Market) -> None:
    """And is screened as before: what was decided holds for a participant, too."""
    firm = firm_of(NEWCOMER, LISTED)
    licence = licence_of(NEWCOMER, "importer", "Central Bank", date(2026, 1, 1), date(2027, 1, 1))
    with pytest.raises(Refusal, match=r"participant\.listed"):
        let_in(market.house, firm, licence)
    owner = Entity(NEWCOMER, "company", LISTED, "XA")  # known as an owner before
    enter(market.house, market.folder, owner)
    (one,) = hits(market.house, [NEWCOMER])
    decide(market, one)
    let_in(market.house, firm, licence)
    (again,) = hits(market.house, [NEWCOMER])
    assert again.is_decided


def test_whoever_applies_under_no_name_stops_nobodys_screening(market: Market) -> None:
    nameless = replace(application("nameless"), name="?!")
    enter(market.house, market.folder, nameless)
    listed(market, sure=False)
    assert of_firm(market).match.subject == market.firm("A").id
    assert nameless.applicant not in {one.match.subject for one in hits(market.house)}


def test_a_wallet_is_no_name(market: Market) -> None:
    """Nobody decides that a listed address is another's."""
    file = market.folder / "lists" / "ofac-wallets" / "sanctioned_addresses_XBT.txt"
    address = market.firm("A").wallet.address
    content = file.read_bytes() + f"{address}\n".encode()
    file.write_bytes(content)
    publication = file.parent / "publication.json"
    said = json.loads(publication.read_bytes())
    said["files"][file.name] = sha256(content).hexdigest()
    publication.write_text(json.dumps(said))
    assert market.verdicts(trade(market)) == ["deny"]
    assert hits(market.house, [market.firm("A").id]) == []


def test_everybody_is_listed_and_the_undecided_come_first(market: Market) -> None:
    names = [market.firm(letter).name for letter in "Ab"]
    market.publish(misspelt(names[0]), names[1])
    enter(market.house, market.folder, Entity(entity_id("p"), "company", LISTED, "XC"))
    told: list[int] = []
    found = hits(market.house, advance=told.append)
    subjects = [one.match.subject for one in found]
    assert set(subjects) >= {market.firm("A").id, market.firm("b").id, entity_id("p")}
    assert [one.match.score for one in found] == sorted(
        (one.match.score for one in found), reverse=True
    )
    assert told[-1] > len(found)
    decide(market, found[0])
    again = hits(market.house)
    assert again[-1].match == found[0].match
    assert [one.is_decided for one in again] == [False] * (len(again) - 1) + [True]


WRONG = {
    "subject": ({"subject": "5493001KJTIIGC8Y1R12"}, "hit.unknown"),
    "nobody": ({"subject": "somebody"}, "hit.unknown"),
    "list": ({"list_name": "EU"}, "hit.unknown"),
    "entry": ({"entity": "9002"}, "hit.unknown"),
    "its names": ({"compared": "a" * 64}, "hit.changed"),
    "the entry's words": ({"listed": "a" * 64}, "hit.changed"),
    "tomorrow": ({"decided_on": date(2030, 1, 1)}, "hit.malformed"),
}


@pytest.mark.parametrize(("said", "code"), WRONG.values(), ids=WRONG)
def test_a_decision_on_what_is_not_there_is_refused(
    market: Market, said: dict[str, Any], code: str
) -> None:
    listed(market, sure=False)
    one = deciding(of_firm(market), Outcome.ANOTHER, "another seat", market.house.today)
    (answer,) = read(market.house, market.folder, replace(one, **said)).answers
    assert [each.code for each in answer.refusals] == [code]


def test_what_changed_since_it_was_proposed_is_not_approved(market: Market) -> None:
    listed(market, sure=False)
    one = deciding(of_firm(market), Outcome.ANOTHER, "another seat", market.house.today)
    waiting = propose(market.house, entering(market.house, market.folder, one), BELA)
    with pytest.raises(Refusal, match="your own"):
        approve(market.house, waiting, BELA)
    enter(
        market.house,
        market.folder,
        Name(market.firm("A").id, "Quite Another Firm", "trading", SPRING),
    )
    with pytest.raises(Refusal, match=r"hit\.changed"):
        approve(market.house, waiting, CORA)
    assert market.verdicts(trade(market)) == ["hold"]


def test_where_nobody_can_be_screened_nothing_is_decided(market: Market) -> None:
    listed(market, sure=False)
    one = of_firm(market)
    market.clock.forward(days=4)
    with pytest.raises(Refusal, match="screening"):
        hits(market.house)
    with pytest.raises(Refusal, match="screening"):
        read(market.house, market.folder, deciding(one, Outcome.ANOTHER, "x", market.house.today))


def test_the_reason_is_for_authorities(market: Market) -> None:
    listed(market, sure=False)
    made = decide(market, of_firm(market))
    (held,) = known(market.house, HIT_DECISIONS)
    assert held == made
    assert seen(HIT_DECISIONS, held).reason == ""
    with pytest.raises(Refusal, match=r"hit\.unknown"):
        hit_of(market.house, made.subject, made.list_name, "1")


def test_a_listed_lei_is_denied_and_nobody_decides_on_it(market: Market) -> None:
    """Whatever the names; of the party, and of an owner that is known by its LEI."""
    firm = market.firm("A").id
    (sdn, wallets) = market.house.lists()
    number = Identifier(IdentifierKind.LEI, firm)
    entry = ListedEntity("77", "", ("ENTIRELY OTHER",), identifiers=(number,))
    several = [replace(sdn, version="d" * 64, entries=(*sdn.entries, entry)), wallets]
    market.house = replace(market.house, lists=lambda: several)
    id = trade(market)
    assert market.verdicts(id) == ["deny"]
    (said,) = grounds(market, id, "gate.listed-party")
    assert f"has lei {firm}, as 'ENTIRELY OTHER' has" in said
    one = of_firm(market)
    assert one.match.identifier == f"lei {firm}"
    made = deciding(one, Outcome.ANOTHER, "another seat", market.house.today)
    (answer,) = read(market.house, market.folder, made).answers
    assert [each.code for each in answer.refusals] == ["hit.decisive"]
    enter(
        market.house, market.folder, Holding(firm, market.firm("C").id, 600_000, False, "r", SPRING)
    )
    (other,) = market.trade("C>b 100.00")
    assert market.verdicts(other) == ["deny"]
    assert "gate.owned-by-listed" in market.codes(other)
