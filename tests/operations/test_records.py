"""Records: a file is read, two people agree on it, and all of it is entered, or none."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from psycopg import Connection
from tests.admitted import firm_of, let_in
from tests.enacted import Market, facts, held_payment, open_market, shipped
from tests.hands import ADA, BELA, CORA, Hand, agree, approve, enrol, found, propose
from tests.recorded import (
    FILED,
    enter,
    entering,
    entity_id,
    file_of,
    one_of_each,
    person_id,
    read,
    register_of,
    table,
)
from tests.stage import Database, Points, Stop, stop
from tests.travelling import owing

from clearhouse.core.associate import ASSOCIATES
from clearhouse.core.carriage import CARRIAGES
from clearhouse.core.command import Decline, EraseDossier
from clearhouse.core.errors import Coded
from clearhouse.core.held import HOLD_DECISIONS
from clearhouse.core.ids import ParticipantId
from clearhouse.core.owner import ENTITIES, HOLDINGS, PERSONS, Entity, Holding, PersonOwner
from clearhouse.core.participant import (
    LEGAL_ENTITIES,
    LICENCES,
    NAMES,
    STANDINGS,
    Attachment,
    LegalEntity,
    Limit,
    Measure,
    Name,
    Standing,
    State,
    TaxNumber,
)
from clearhouse.core.person import NotPermitted, Role
from clearhouse.core.proposal import OwnProposal, ProposalClosed, ProposalState
from clearhouse.core.record import RecordEntered, UnknownRecord, Way, digest_of
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.travel_rule.records import TRAVEL_RECORDS
from clearhouse.demo.country import Country
from clearhouse.operations import dossiers, log, records
from clearhouse.operations.house import House
from clearhouse.operations.people import expire, verify_signatures
from clearhouse.operations.records import NothingToEnter
from clearhouse.operations.sheet import Sheet, read_sheet
from clearhouse.store import journal, tables
from clearhouse.store import people as store

SPRING = date(2026, 2, 1)
A_DAY = timedelta(days=1)
LICENSED = date(2026, 1, 1)
NOBODY = ParticipantId("5493001KJTIIGC8Y1R12")
NAMED = "Petronella Quistgaard"
BORN = "1961-07-19"
DAN = Hand.of("Dan")


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path / "house") as made:
        yield made


def outcomes(sheet: Sheet) -> list[str]:
    """What is said of each line: its outcome, or the codes of what is against it."""
    return [
        " ".join(one.code for one in answer.refusals) if answer.refusals else answer.outcome
        for answer in sheet.answers
    ]


def code(refused: Callable[[], object]) -> str:
    with pytest.raises(Coded) as caught:
        refused()
    return caught.value.code


def entered(house: House) -> list[RecordEntered]:
    """What was entered beside who takes part, and with which licences."""
    admitted = {LEGAL_ENTITIES.name, LICENCES.name}
    return [one for one in facts(house.db, RecordEntered) if one.register not in admitted]


def company(letter: str, **other: Any) -> Entity:
    return replace(Entity(entity_id(letter), "company", f"Company {letter}", "XC"), **other)


def holding(owner: str, owned: str, percent: float, since: date = SPRING, **other: Any) -> Holding:
    """What a company has of a company, or of a participant."""
    owned = owned if len(owned) > 1 else entity_id(owned)
    made = Holding(entity_id(owner), owned, int(percent * 10_000), False, "register", since)
    return replace(made, **other)


# What is said of each line.


def test_a_sheet_says_of_each_line_whether_it_is_new_changed_known_or_refused(
    market: Market, desk: Path
) -> None:
    firm = market.firm("A").id
    known, old = (Name(firm, name, "trading", SPRING) for name in ("Known", "Old"))
    enter(market.house, desk, known, old)
    head = journal.head(market.house.db)
    changed, new = replace(old, use="former"), replace(old, name="New")
    several = [known, changed, new, replace(new, use="legal"), Name(NOBODY, "N", "legal", SPRING)]
    several += [replace(new, name="?!"), known]
    sheet = read(market.house, desk, *several)

    assert outcomes(sheet) == [
        *("known", "changed", "new", "record.twice", "participant.unknown"),
        *("screening.name-unscreenable", "record.twice"),
    ]
    assert sheet.records == (changed, new)
    assert sheet.tally == {"new": 1, "changed": 1, "known": 1, "refused": 4}
    assert [one.line for one in sheet.answers] == [2, 3, 4, 5, 6, 7, 8]
    assert sheet.answers[0].key == NAMES.key_of(known)
    assert sheet.answers[1].text.startswith(f"{firm},Old,former,")
    assert journal.head(market.house.db) == head


FORMS = {
    "a day that is none": {"since": "2026-02-30"},
    "a day written otherwise": {"since": "20260201"},
    "no name": {"name": ""},
    "a use that is none": {"use": "nickname"},
    "what stands between a key's fields": {"name": "A|B"},
    "a sign that cannot be printed": {"name": "A\u2028B"},
    "351 characters": {"name": "x" * 351},
}


@pytest.mark.parametrize("other", FORMS.values(), ids=FORMS)
def test_a_line_without_its_form_is_refused_and_the_others_are_read(
    market: Market, desk: Path, other: Mapping[str, str]
) -> None:
    right = NAMES.write(Name(market.firm("A").id, "Right", "trading", SPRING))
    sheet = read_sheet(market.house, NAMES, table(desk, NAMES, {**right, **other}, right))
    assert outcomes(sheet) == ["record.malformed", "new"]


def test_all_that_is_wrong_with_a_line_is_said_at_once(market: Market, desk: Path) -> None:
    wrong = {"participant": "x", "name": "", "use": "none", "since": "then", "until": "never"}
    sheet = read_sheet(market.house, NAMES, table(desk, NAMES, wrong))
    assert outcomes(sheet) == ["record.malformed " * 3 + "record.malformed"]
    backwards = Name(market.firm("A").id, "A", "legal", SPRING, SPRING - A_DAY)
    assert outcomes(read(market.house, desk, backwards)) == ["record.dates-wrong"]


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_files_of_every_form_say_the_same(market: Market, desk: Path, suffix: str) -> None:
    firm = market.firm("A").id
    several = [Limit(firm, "USD", "day", 7, SPRING), Limit(firm, "EUR", "day", 8, SPRING, SPRING)]
    lines = [register_of(one).write(one) for one in several]
    file = desk / f"limits{suffix}"
    match suffix:
        case ".json":
            file.write_text(json.dumps([{**one, "units": int(one["units"])} for one in lines]))
        case ".jsonl":
            file.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
        case _:
            file = file_of(desk, *several)
    told: list[int] = []
    sheet = read_sheet(market.house, register_of(several[0]), file, told.append)
    assert sheet.records == tuple(several)
    assert told


# Two people.


def test_what_is_prepared_is_kept_under_the_hash_of_its_bytes(market: Market, desk: Path) -> None:
    house, several = market.house, [company("A"), company("B")]
    head = journal.head(house.db)
    sheet = read(house, desk, *several)
    digest = records.prepare(house, sheet)

    assert digest == digest_of(sheet.register, sheet.records) == records.prepare(house, sheet)
    assert records.proposed(house, ENTITIES, digest) == several
    assert journal.head(house.db) == head
    assert digest != records.prepare(house, read(house, desk, *reversed(several)))


def test_there_must_be_something_new_to_propose(market: Market, desk: Path) -> None:
    enter(market.house, desk, company("A"))
    with pytest.raises(NothingToEnter):
        records.prepare(market.house, read(market.house, desk, company("A")))


def test_two_people_enter_a_file_whole(market: Market, desk: Path) -> None:
    house, several = market.house, [company(letter) for letter in "ABC"]
    action = entering(house, desk, *several)
    waiting = propose(house, action, BELA)
    assert entered(house) == []
    assert records.known(house, ENTITIES) == []
    approve(house, waiting, CORA)

    keys = sorted(several, key=ENTITIES.key_of)
    assert records.known(house, ENTITIES) == keys
    assert entered(house) == [ENTITIES.entered(one, waiting.id)[1] for one in several]
    told = records.history(house, ENTITIES, several[0].entity)
    assert [(one.proposal, one.recorded_at) for one in told] == [(waiting.id, house.now())]
    assert not verify_signatures(house).wrong


@pytest.mark.parametrize("name", FILED)
def test_every_register_is_entered_and_known_again(market: Market, desk: Path, name: str) -> None:
    house, party = market.house, market.firm("A").id
    several = one_of_each(party, ("exporter", "Norland Central Bank", LICENSED))
    if name in {HOLDINGS.name, ASSOCIATES.name}:
        enter(house, desk, several["entity"])
    one, register = several[name], REGISTERS[name]
    if name == HOLD_DECISIONS.name:
        one = held_payment(market)
    if name == CARRIAGES.name:
        one = shipped(market)
    if name == TRAVEL_RECORDS.name:
        one = owing(market)
    enter(market.house, desk, one)
    house = market.house

    assert outcomes(read(house, desk, one)) == ["known"]
    held = records.known(house, register)
    if not register.personal:
        assert one in held
        assert records.known_as(house, register, register.key_of(one)) == one


def test_a_register_is_read_as_it_was_known_at_an_instant(market: Market, desk: Path) -> None:
    house, key = market.house, entity_id("A")
    start = market.clock()
    for name in ("First", "Second"):
        market.clock.forward(days=1)
        enter(house, desk, company("A", name=name))

    seen = [records.known(house, ENTITIES, start + n * A_DAY) for n in range(4)]
    assert [[one.name for one in each] for each in seen] == [[], ["First"], ["Second"], ["Second"]]
    assert records.known_as(house, ENTITIES, key, start + A_DAY).name == "First"
    assert records.known_as(house, ENTITIES, key).name == "Second"
    for at, wanted in ((start, key), (None, entity_id("B"))):
        with pytest.raises(UnknownRecord):
            records.known_as(house, ENTITIES, wanted, at)


def test_one_person_is_not_enough(market: Market, desk: Path) -> None:
    house = market.house
    agree(house, BELA.registered("Bela's second"))
    waiting = propose(house, entering(house, desk, company("A")), BELA)
    for hand, refusal in (
        (BELA, OwnProposal),
        (BELA.with_key("Bela's second"), OwnProposal),
        (ADA, NotPermitted),
    ):
        with pytest.raises(refusal):
            approve(house, waiting, hand)
    assert entered(house) == []


@pytest.mark.parametrize("role", Role)
def test_compliance_proposes_and_compliance_or_a_supervisor_approves(
    market: Market, desk: Path, role: Role
) -> None:
    house = market.house
    enrol(house, DAN, role)
    action = entering(house, desk, company("A"))
    if role is not Role.COMPLIANCE:
        with pytest.raises(NotPermitted, match="EnterRecords"):
            propose(house, action, DAN)
    waiting = propose(house, action, BELA)
    if role in {Role.COMPLIANCE, Role.SUPERVISOR}:
        approve(house, waiting, DAN)
        assert len(entered(house)) == 1
        return
    with pytest.raises(NotPermitted, match="EnterRecords"):
        approve(house, waiting, DAN)
    assert entered(house) == []


def test_what_nobody_approved_is_never_entered(market: Market, desk: Path) -> None:
    house = market.house
    action = entering(house, desk, company("A"))
    declined, expired = (propose(house, action, BELA) for _ in range(2))
    CORA.order(house, Decline(declined.id, "no"))
    market.clock.forward(days=8)
    expire(house)
    for one in (declined, expired):
        with pytest.raises(ProposalClosed):
            approve(house, one, CORA)
    assert entered(house) == []
    assert records.known(house, ENTITIES) == []


def test_what_changed_meanwhile_lets_nothing_be_entered(market: Market, desk: Path) -> None:
    """Two files, each right when it was proposed, of which together too much would be owned."""
    house, firm = market.house, market.firm("A").id
    enter(house, desk, *(company(letter) for letter in "ABC"))
    first = propose(house, entering(house, desk, holding("A", firm, 60)), BELA)
    several = [holding("A", "B", 10), holding("B", firm, 60), holding("C", "B", 1)]
    second = propose(house, entering(house, desk, *several), BELA)
    approve(house, first, CORA)
    head = journal.head(house.db)

    assert code(lambda: approve(house, second, CORA)) == "record.refused"
    assert journal.head(house.db) == head
    assert records.known(house, HOLDINGS) == [holding("A", firm, 60)]
    waits = store.proposal(house.db, second.id)
    assert waits is not None
    assert waits.state is ProposalState.WAITING
    enter(house, desk, holding("A", firm, 40))
    approve(house, second, CORA)
    assert len(records.known(house, HOLDINGS)) == 4


def test_an_entity_that_was_admitted_meanwhile_is_not_entered(house: House, desk: Path) -> None:
    """In a house that is not founded, where one is enough."""
    sheet = read(house, desk, company("A", entity=NOBODY), company("B"))
    assert outcomes(sheet) == ["new", "new"]
    admit_one(house)
    assert code(lambda: records.enter(house, sheet)) == "record.refused"
    assert entered(house) == []


def admit_one(house: House) -> None:
    let_in(house, firm_of(NOBODY, "Nobody AS"))


def test_before_a_house_is_founded_one_person_enters_and_afterwards_two(
    house: House, desk: Path
) -> None:
    assert records.enter(house, read(house, desk, company("A"), company("B"))) == 2
    assert [one.proposal for one in entered(house)] == ["", ""]
    found(house)
    sheet = read(house, desk, company("C"), company("A"))
    assert outcomes(sheet) == ["new", "known"]
    assert code(lambda: records.enter(house, sheet)) == "record.not-agreed"
    assert len(entered(house)) == 2


# The archive.


def archived(house: House, digest: str) -> Path:
    return house.archive / f"{digest}.records"


def other_content(path: Path) -> None:
    bodies = gzip.decompress(path.read_bytes()).decode().replace("Company A", "Company Z")
    path.write_bytes(gzip.compress(bodies.encode()))


DAMAGE: Mapping[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "no archive": lambda path: path.write_bytes(b"Company A\n"),
    "another record": other_content,
    "a record more": lambda path: path.write_bytes(path.read_bytes() + gzip.compress(b"{}\n")),
    "turned bits": lambda path: path.write_bytes(path.read_bytes()[:12] + b"\xff" * 99),
    "no text": lambda path: path.write_bytes(gzip.compress(b"\xff\xfe")),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_neither_proposed_nor_entered(
    market: Market, desk: Path, damage: Callable[[Path], object]
) -> None:
    house = market.house
    action = entering(house, desk, company("A"))
    waiting = propose(house, action, BELA)
    path = archived(house, action.digest)
    sound, head = path.read_bytes(), journal.head(house.db)
    damage(path)
    for refused in (
        lambda: propose(house, action, BELA),
        lambda: approve(house, waiting, CORA),
        lambda: records.proposed(house, ENTITIES, action.digest),
    ):
        assert code(refused) == "archive.damaged"
    assert journal.head(house.db) == head
    path.write_bytes(sound)
    approve(house, waiting, CORA)
    assert len(entered(house)) == 1


def test_what_is_kept_nowhere_is_neither_proposed_nor_entered(market: Market, desk: Path) -> None:
    house = market.house
    action = entering(house, desk, company("A"))
    waiting = propose(house, action, BELA)
    archived(house, action.digest).unlink()
    for refused in (lambda: propose(house, action, BELA), lambda: approve(house, waiting, CORA)):
        assert code(refused) == "record.proposed-unknown"
    entering(house, desk, company("A"))  # the same file again
    approve(house, waiting, CORA)
    assert len(entered(house)) == 1


@pytest.mark.parametrize(
    "digest",
    ["", "0" * 64, "../clock", "/etc/hostname", "a" * 300, "A" * 64, "٣" * 64],
    ids=["empty", "nobody's", "a path", "an absolute path", "too long", "capitals", "digits"],
)
def test_a_hash_that_is_none_is_refused(market: Market, desk: Path, digest: str) -> None:
    action = replace(entering(market.house, desk, company("A")), digest=digest)
    assert code(lambda: propose(market.house, action, BELA)) == "record.proposed-unknown"


@pytest.mark.parametrize("count", [0, 1, 3, -2, 2**70])
def test_as_many_records_are_entered_as_were_proposed(
    market: Market, desk: Path, count: int
) -> None:
    action = entering(market.house, desk, company("A"), company("B"))
    counted = replace(action, records=count)
    assert code(lambda: propose(market.house, counted, BELA)) == "record.refused"
    propose(market.house, action, BELA)


def test_records_are_entered_in_their_own_register(market: Market, desk: Path) -> None:
    """What is kept is sound; but it is another register's, or there is no such register."""
    action = entering(market.house, desk, company("A"))
    wrong = {
        Way.AGREED: "record.refused",
        Way.FILED: "record.entered-otherwise",
        Way.PROVEN: "record.not-filed",
        Way.FOUND: "record.not-filed",
    }
    for name, register in REGISTERS.items():
        if name != ENTITIES.name:
            other = replace(action, register=name)
            said = code(lambda o=other: propose(market.house, o, BELA))  # type: ignore[misc]
            assert said == wrong[register.way]
    for name in ("", "participant", "entity; DROP TABLE entity"):
        other = replace(action, register=name)
        assert code(lambda o=other: propose(market.house, o, BELA)) == "record.unknown-register"  # type: ignore[misc]


# Natural persons.


def somebody(name: str = NAMED) -> PersonOwner:
    return PersonOwner(person_id("P"), name, BORN, "XB")


def stored(house: House, folder: Path) -> bytes:
    """Every byte that a house has written: its tables, its log, its archive, squeezed or not."""
    log.catch_up(house)
    found = []
    for name, key in tables.keys(house.db).items():
        with house.db.transaction():
            found += [row.encode() for row in tables.rows(house.db, name, key)]
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [content, gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""]
    return b"\n".join(found)


def dossier_of(house: House, name: str = "P") -> str:
    """Where what is personal stands, by the record as it is known now."""
    (one,) = [one for one in records.known(house, PERSONS) if one.entity == person_id(name)]
    return str(one.dossier)


def test_what_is_personal_stands_in_dossiers_alone(market: Market, desk: Path) -> None:
    """Not in the journal, the log, the archive or a finding; not even when they are looked at."""
    house, firm = market.house, market.firm("A").id
    enter(house, desk, somebody())
    held = Holding(person_id("P"), firm, 600_000, False, "register", SPRING)
    enter(house, desk, held)
    (id,) = market.trade("A>b 100.00")
    assert "gate.owners-not-listed" in market.codes(id)
    written = stored(house, market.folder)

    assert person_id("P").encode() in written  # or nothing was searched
    said = dossiers.read(house, dossier_of(house)).said
    assert said == {"name": NAMED, "born": BORN, "nationality": "XB"}
    for text in (NAMED, NAMED.upper(), *NAMED.split(), BORN):
        assert text.encode() not in written
        assert text.encode().hex().encode() not in written
    (known,) = records.known(house, PERSONS)
    assert (known.name, known.born, known.nationality) == ("", "", "")
    assert known.commitment == dossiers.read(house, dossier_of(house)).commitment


def test_a_person_is_known_again_by_what_the_dossier_says(market: Market, desk: Path) -> None:
    house = market.house
    enter(house, desk, somebody())
    assert outcomes(read(house, desk, somebody())) == ["known"]
    other = replace(somebody(), born="")
    assert outcomes(read(house, desk, other)) == ["changed"]
    enter(house, desk, other)
    assert outcomes(read(house, desk, other)) == ["known"]
    assert outcomes(read(house, desk, somebody())) == ["changed"]
    assert len(records.history(house, PERSONS, person_id("P"))) == 2


def test_before_the_founding_persons_go_into_dossiers_too(house: House, desk: Path) -> None:
    records.enter(house, read(house, desk, somebody()))
    assert dossiers.read(house, dossier_of(house)).said["name"] == NAMED
    assert NAMED.encode() not in stored(house, house.archive)


def test_a_person_who_was_erased_can_be_entered_again_by_two(market: Market, desk: Path) -> None:
    """What was erased does not come back; what is said anew has a dossier of its own."""
    house = market.house
    enter(house, desk, somebody())
    agree(house, EraseDossier(dossier_of(house), "asked to be"), ADA, BELA)
    other = PersonOwner(person_id("Q"), "Quentin Roe")
    assert outcomes(read(house, desk, somebody(), other)) == ["changed", "new"]
    assert len(records.known(house, PERSONS)) == 1


# What a record must agree with.


def test_a_record_is_of_a_participant(market: Market, desk: Path) -> None:
    for one in one_of_each(NOBODY, ("exporter", "Norland Central Bank", LICENSED)).values():
        if hasattr(one, "participant") and not isinstance(one, LegalEntity):
            assert outcomes(read(market.house, desk, one)) == ["participant.unknown"]


WRONG: Mapping[str, tuple[str, Callable[[ParticipantId], Any]]] = {
    "a place without law": (
        "participant.unknown-residence",
        lambda firm: Attachment(firm, "YY", "branch", SPRING),
    ),
    "a tax number of nowhere": (
        "participant.unknown-residence",
        lambda firm: TaxNumber(firm, "YY", "7", SPRING),
    ),
    "an asset that is none": (
        "money.unknown-asset",
        lambda firm: Limit(firm, "GBP", "day", 7, SPRING),
    ),
    "a name without a letter": (
        "screening.name-unscreenable",
        lambda firm: Name(firm, "?!", "trading", SPRING),
    ),
    "a licence of another class": (
        "participant.licence-unknown",
        lambda firm: Measure(
            firm, "bank", "Norland Central Bank", LICENSED, "suspended", "x", SPRING
        ),
    ),
    "a licence of another issuer": (
        "participant.licence-unknown",
        lambda firm: Measure(
            firm, "exporter", "Sudmark Treasury", LICENSED, "revoked", "x", SPRING
        ),
    ),
    "a licence of another day": (
        "participant.licence-unknown",
        lambda firm: Measure(
            firm, "exporter", "Norland Central Bank", LICENSED + A_DAY, "revoked", "x", SPRING
        ),
    ),
    "an entity that is a participant": (
        "owner.entity-wrong",
        lambda firm: company("A", entity=firm),
    ),
    "an entity without a letter": (
        "screening.name-unscreenable",
        lambda _: company("A", name="..."),
    ),
    "a person without a letter": (
        "screening.name-unscreenable",
        lambda _: PersonOwner(person_id("P"), "!"),
    ),
    "an owner who is nobody": (
        "owner.unknown-entity",
        lambda firm: holding("Z", firm, 10),
    ),
    "two who are nobody": (
        "owner.unknown-entity owner.unknown-entity",
        lambda _: holding("Z", "Y", 10),
    ),
    "an owner who was never admitted": (
        "owner.unknown-entity",
        lambda firm: Holding(NOBODY, firm, 1, True, "register", SPRING),
    ),
}


@pytest.mark.parametrize(("wanted", "made"), WRONG.values(), ids=WRONG)
def test_what_contradicts_what_is_recorded_is_refused(
    market: Market, desk: Path, wanted: str, made: Callable[[ParticipantId], Any]
) -> None:
    assert outcomes(read(market.house, desk, made(market.firm("A").id))) == [wanted]


def standings(market: Market, desk: Path, *said: tuple[int, State]) -> list[str]:
    """What is said of standings, by the day of February on which each begins."""
    several = [standing(market, *one) for one in said]
    return outcomes(read(market.house, desk, *several))


def standing(market: Market, day: int, state: State) -> Standing:
    return Standing(market.firm("A").id, state, "so it is", date(2026, 2, day))


NO_WAY = "participant.standing-wrong"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(1, State.SUSPENDED), (3, State.ACTIVE)], ["new", "new"]),
        ([(3, State.ACTIVE), (1, State.SUSPENDED)], ["new", "new"]),  # in any order of lines
        ([(1, State.APPLICANT), (3, State.ACTIVE)], ["new", "new"]),
        ([(1, State.APPLICANT)], ["new"]),
        ([(1, State.APPLICANT), (3, State.SUSPENDED)], [NO_WAY, NO_WAY]),
        ([(1, State.ACTIVE)], [NO_WAY]),  # it is that already
        ([(1, State.SUSPENDED), (3, State.SUSPENDED)], [NO_WAY, NO_WAY]),
        ([(1, State.IN_DEFAULT), (3, State.TERMINATED)], ["new", "new"]),
        ([(1, State.TERMINATED), (3, State.ACTIVE)], [NO_WAY, NO_WAY]),
        ([(1, State.SUSPENDED), (3, State.APPLICANT)], [NO_WAY, NO_WAY]),
    ],
)
def test_a_standing_follows_the_one_before_by_an_arrow(
    market: Market, desk: Path, said: Sequence[tuple[int, State]], expected: Sequence[str]
) -> None:
    assert standings(market, desk, *said) == expected


def test_a_standing_that_is_entered_late_must_fit_between_its_neighbours(
    market: Market, desk: Path
) -> None:
    house = market.house
    known = [standing(market, 10, State.SUSPENDED), standing(market, 20, State.ACTIVE)]
    enter(house, desk, *known)
    for day, state, expected in (
        (5, State.SUSPENDED, NO_WAY),  # and then it would be suspended again
        (5, State.IN_DEFAULT, "new"),
        (5, State.TERMINATED, NO_WAY),
        (15, State.ACTIVE, NO_WAY),
        (15, State.IN_DEFAULT, "new"),
        (25, State.TERMINATED, "new"),
        (25, State.ACTIVE, NO_WAY),
        (20, State.TERMINATED, "changed"),  # instead of the one that is known
        (20, State.SUSPENDED, NO_WAY),
        (10, State.TERMINATED, NO_WAY),
    ):
        assert standings(market, desk, (day, state)) == [expected], (day, state)
    enter(house, desk, standing(market, 15, State.IN_DEFAULT))
    assert [one.state for one in records.known(house, STANDINGS)] == [
        *(State.SUSPENDED, State.IN_DEFAULT, State.ACTIVE)
    ]


def test_of_one_entity_no_more_than_the_whole_is_owned_on_any_day(
    market: Market, desk: Path
) -> None:
    """Across a file and the register."""
    house, firm = market.house, market.firm("A").id
    enter(house, desk, *(company(letter) for letter in "ABC"))
    enter(house, desk, holding("A", firm, 60))

    def said(*several: Holding) -> list[str]:
        return outcomes(read(house, desk, *several))

    later = SPRING + 10 * A_DAY
    over = "owner.over-whole"
    assert said(holding("B", firm, 40)) == ["new"]
    assert said(holding("B", firm, 40.0001)) == [over]
    assert said(holding("B", firm, 20), holding("C", firm, 20.0001)) == [over, over]
    assert said(holding("B", firm, 41), holding("B", "C", 100)) == [over, "new"]
    assert said(holding("B", firm, 41, later)) == [over]
    assert said(holding("B", firm, 41, later), holding("A", firm, 59, later)) == ["new", "new"]
    assert said(holding("B", firm, 41), holding("A", firm, 59)) == ["new", "changed"]
    assert said(holding("B", firm, 41, SPRING - A_DAY, until=SPRING - A_DAY)) == ["new"]
    assert said(holding("B", firm, 41, SPRING - A_DAY, until=SPRING)) == [over]
    assert said(holding("B", firm, 100.0001)) == [over]


def test_a_ring_is_entered_and_remarked_on(market: Market, desk: Path) -> None:
    house, firm = market.house, market.firm("A").id
    enter(house, desk, *(company(letter) for letter in "ABC"))
    enter(house, desk, holding("A", "B", 10))
    sheet = read(house, desk, holding("B", "C", 10), holding("C", "A", 10), holding("A", firm, 1))

    assert outcomes(sheet) == ["new", "new", "new"]
    remarked = [[one.code for one in answer.remarks] for answer in sheet.answers]
    assert remarked == [["owner.circular"], ["owner.circular"], []]
    enter(house, desk, *sheet.records)
    assert len(records.known(house, HOLDINGS)) == 4


# Killed.


def test_killed_at_any_moment_all_is_entered_or_nothing(market: Market, desk: Path) -> None:
    sound = market.house
    action = entering(sound, desk, *(company(letter) for letter in "ABC"))
    waiting = propose(sound, action, BELA)
    head, reached, at = journal.head(sound.db), set[str](), 0
    while True:
        at += 1
        points = Points(at, stop)
        house = replace(sound, db=cast("Connection", Database(sound.db, points)))
        try:
            approve(house, waiting, CORA)
        except Stop:
            reached.add(points.names[-1])
            if points.names[-1] == "committed":
                break
            assert journal.head(sound.db) == head
            assert records.known(sound, ENTITIES) == []
        else:
            break
    assert at > 10
    assert {"statement", "copy"} <= reached
    assert len(records.known(sound, ENTITIES)) == 3
    assert len(entered(sound)) == 3
    assert code(lambda: approve(sound, waiting, CORA)) == "proposal.closed"


def test_killed_before_the_founding_nothing_is_entered(house: House, desk: Path) -> None:
    sheet = read(house, desk, company("A"), company("B"))
    for at in range(1, 100):
        points = Points(at, stop)
        fragile = replace(house, db=cast("Connection", Database(house.db, points)))
        try:
            records.enter(fragile, sheet)
        except Stop:
            if points.names[-1] == "committed":
                break
            assert journal.head(house.db) == 0
            assert records.known(house, ENTITIES) == []
    assert at > 4
    assert len(records.known(house, ENTITIES)) == 2
