"""Activation: the law changes by two people, at an instant, and never for what is past."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest
from psycopg import Connection, errors
from psycopg.sql import SQL, Identifier
from tests.enacted import (
    Market,
    adding,
    bodies,
    enact,
    facts,
    open_market,
    ruled,
    supervised,
    without,
)
from tests.hands import ADA, BELA, CORA, HOUSE, Hand, agree, approve, enrol, found, propose
from tests.laws import joined, on_subject, read, tightened
from tests.stage import Clock, Stage
from tests.verifier.conftest import stolen
from tests.verifier.forging import Forged

from clearhouse.core.command import ActivateRulebook, Decline, GrantDealing, GrantRole, WithdrawRole
from clearhouse.core.errors import Refusal
from clearhouse.core.event import KINDS, encode
from clearhouse.core.participant import DealingLicensed
from clearhouse.core.person import NotPermitted, Role
from clearhouse.core.proposal import OwnProposal, ProposalClosed, ProposalState
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.rulebook.activation import (
    ActivatedBefore,
    ActivationPast,
    RulebookActivated,
    UnknownVersion,
)
from clearhouse.core.screening import ListStale
from clearhouse.demo.country import Country
from clearhouse.operations import books
from clearhouse.operations.house import House
from clearhouse.operations.law import Law
from clearhouse.operations.people import expire, verify_signatures
from clearhouse.operations.prove import prove
from clearhouse.operations.publish import period, publish_day, publish_participant, trusted
from clearhouse.operations.replay import replay
from clearhouse.operations.screen import open_gate
from clearhouse.store import journal, registers
from clearhouse.store import people as store
from clearhouse.store.files import ArchiveDamaged
from clearhouse.verifier.__main__ import verify
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.forms import FORMS, check_form
from clearhouse.verifier.wrong import Wrong

DAN = Hand.of("Dan")
A_MOMENT = timedelta(microseconds=1)
AN_HOUR = timedelta(hours=1)
NO_VERSION = "0" * 64


@cache
def closed() -> Rulebook:
    """The shipped law, but Norland's corridor is closed."""
    return read(without("XA.corridor.open"))


@cache
def closed_there() -> Rulebook:
    """The shipped law, but Sudmark's corridor is closed."""
    return read(without("XB.corridor.open"))


@cache
def held() -> Rulebook:
    """The shipped law, and a person looks at every payment."""
    return read(adding(ruled("XA.caps.all", "HOLD")))


@cache
def hasty() -> Rulebook:
    """The shipped law, and a list that is older than an hour stops the gate."""
    soon = tightened("XA", "screening.list-age", 1, date(2026, 1, 1))
    return read(joined(without(), on_subject("XA", "standards", standard=[soon])))


@pytest.fixture
def lawful(founded: House) -> House:
    """A founded house with Bela of compliance and Cora, its supervisor."""
    return supervised(founded)


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def elsewhere_read(house: House, first: Rulebook | None = None) -> House:
    """The house as another process opens it, perhaps with another folder of law."""
    return replace(house, laws=Law(first or held(), house.archive))


def in_force(house: House, at: datetime | None = None) -> str:
    """The version that holds at an instant; now, if none is named."""
    return house.laws.in_force(house.db, at or house.now()).version


def activations(house: House) -> list[tuple[str, datetime]]:
    return [(one.version, one.active_from) for one in registers.activations(house.db)]


# Founding.


def test_before_it_is_founded_a_house_works_under_its_folders_law(house: House) -> None:
    assert activations(house) == []
    assert in_force(house) == house.laws.first.version
    assert in_force(elsewhere_read(house, closed())) == closed().version


def test_founding_records_the_first_version_and_keeps_its_body(
    house: House, rulebook: Rulebook
) -> None:
    assert [*house.laws.kept()] == []
    found(house)

    assert activations(house) == [(rulebook.version, house.now())]
    assert facts(house.db, RulebookActivated, HOUSE) == [
        RulebookActivated(rulebook.version, house.now(), "")
    ]
    assert [*house.laws.kept()] == [rulebook.version]
    path = house.archive / f"{rulebook.version}.rulebook"
    assert path.read_text("utf-8") == rulebook.body


def test_what_is_founded_again_is_under_the_same_law(house: House) -> None:
    """Even if another folder's law is handed in with the same document."""
    found(house)
    before = activations(house)
    found(elsewhere_read(house, closed()))

    assert activations(house) == before
    assert closed().version not in house.laws.kept()


def test_once_it_is_founded_the_folder_no_longer_matters(market: Market) -> None:
    """Neither which version holds, nor what is decided and what a decision names."""
    founded_under = market.house.rulebook.version
    market.house = elsewhere_read(market.house, closed())

    assert market.house.rulebook.version == founded_under
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["clear"]
    assert market.version(id) == founded_under


def test_a_law_that_is_kept_is_not_in_force(lawful: House) -> None:
    before = in_force(lawful)
    assert lawful.laws.keep(closed())
    assert not lawful.laws.keep(closed())

    assert closed().version in lawful.laws.kept()
    assert in_force(lawful) == before
    assert len(activations(lawful)) == 1


# Two people.


def activating(house: House, law: Rulebook | None = None) -> ActivateRulebook:
    law = law or closed()
    house.laws.keep(law)
    return ActivateRulebook(law.version, house.now() + AN_HOUR)


@pytest.mark.parametrize("role", Role)
def test_compliance_alone_proposes_a_law(lawful: House, role: Role) -> None:
    enrol(lawful, DAN, role)
    action = activating(lawful)
    if role is not Role.COMPLIANCE:
        with pytest.raises(NotPermitted, match="ActivateRulebook"):
            propose(lawful, action, DAN)
        return
    propose(lawful, action, DAN)
    assert len(activations(lawful)) == 1


@pytest.mark.parametrize("role", Role)
def test_compliance_or_a_supervisor_approves_a_law(lawful: House, role: Role) -> None:
    enrol(lawful, DAN, role)
    waiting = propose(lawful, activating(lawful), BELA)
    if role in {Role.COMPLIANCE, Role.SUPERVISOR}:
        approve(lawful, waiting, DAN)
        assert (closed().version, lawful.now() + AN_HOUR) in activations(lawful)
        return
    with pytest.raises(NotPermitted, match="ActivateRulebook"):
        approve(lawful, waiting, DAN)
    assert len(activations(lawful)) == 1


def test_nobody_approves_a_law_of_their_own(lawful: House) -> None:
    """Not with another key, and not with another role beside."""
    agree(lawful, BELA.registered("Bela's second"))
    agree(lawful, GrantRole(BELA.person, Role.SUPERVISOR))
    waiting = propose(lawful, activating(lawful), BELA)
    for hand in (BELA, BELA.with_key("Bela's second")):
        with pytest.raises(OwnProposal):
            approve(lawful, waiting, hand)
    assert len(activations(lawful)) == 1


def test_who_proposed_a_law_is_still_of_compliance_when_it_is_approved(lawful: House) -> None:
    waiting = propose(lawful, activating(lawful), BELA)
    agree(lawful, WithdrawRole(BELA.person, Role.COMPLIANCE))
    with pytest.raises(NotPermitted, match=BELA.person):
        approve(lawful, waiting, CORA)
    assert len(activations(lawful)) == 1


def test_what_nobody_approved_never_comes_into_force(lawful: House, clock: Clock) -> None:
    before = in_force(lawful)
    action = activating(lawful)
    declined, expired = (propose(lawful, action, BELA) for _ in range(2))
    CORA.order(lawful, Decline(declined.id, "no"))
    clock.forward(hours=2)
    assert in_force(lawful) == before
    clock.forward(days=8)
    expire(lawful)

    assert in_force(lawful) == before
    assert facts(lawful.db, RulebookActivated)[1:] == []
    for one, state in ((declined, ProposalState.DECLINED), (expired, ProposalState.EXPIRED)):
        now = store.proposal(lawful.db, one.id)
        assert now is not None
        assert now.state is state
        with pytest.raises(ProposalClosed):
            approve(lawful, one, CORA)


def test_an_activation_names_the_proposal_in_which_two_agreed(lawful: House) -> None:
    at = lawful.now() + AN_HOUR
    waiting = propose(lawful, activating(lawful), BELA)
    approve(lawful, waiting, CORA)

    told = RulebookActivated(closed().version, at, waiting.id)
    assert facts(lawful.db, RulebookActivated, HOUSE)[1:] == [told]
    assert not verify_signatures(lawful).wrong


# Its instant.


def test_a_law_comes_into_force_exactly_at_its_instant(lawful: House, clock: Clock) -> None:
    old, at = in_force(lawful), clock() + AN_HOUR
    enact(lawful, closed(), at)

    assert in_force(lawful) == old
    for house in (lawful, elsewhere_read(lawful)):
        clock.at = at - A_MOMENT
        assert house.rulebook.version == old
        clock.at = at
        assert house.rulebook.version == closed().version
        clock.at = at + timedelta(days=3000)
        assert house.rulebook.version == closed().version


def test_the_newest_instant_holds_whatever_was_entered_first(lawful: House, clock: Clock) -> None:
    start = clock()
    enact(lawful, closed(), start + 2 * AN_HOUR)
    enact(lawful, held(), start + AN_HOUR)
    old = in_force(lawful)

    seen = [in_force(lawful, start + hours * AN_HOUR) for hours in (0, 1, 2, 3)]
    assert seen == [old, held().version, closed().version, closed().version]


def test_of_two_for_one_instant_the_one_entered_later_holds(lawful: House, clock: Clock) -> None:
    at = clock() + AN_HOUR
    for one, other in ((closed(), held()), (held(), closed_there())):
        if one is closed():
            enact(lawful, one, at)
        enact(lawful, other, at)
        assert in_force(lawful, at) == other.version
        assert in_force(lawful, at - A_MOMENT) == lawful.laws.first.version


def test_the_law_of_every_instant_is_what_a_plain_list_says(lawful: House, clock: Clock) -> None:
    """Many activations, entered in any order for few instants, at a clock that goes on."""
    dice, start = Random(11), clock()
    laws = [lawful.laws.first, closed(), closed_there(), held()]
    entered = [(start, laws[0].version)]
    for _ in range(30):
        at = clock() + dice.randrange(4) * AN_HOUR
        law = dice.choice(laws)
        if (at, law.version) in entered:
            with pytest.raises(ActivatedBefore):
                enact(lawful, law, at)
        else:
            enact(lawful, law, at)
            entered.append((at, law.version))
        clock.forward(minutes=dice.choice([0, 30, 60]))

    instants = sorted({at for at, _ in entered})
    assert len(instants) < len(entered) - 5  # several of them share one
    other = elsewhere_read(lawful)
    for at in (moment for one in instants for moment in (one - A_MOMENT, one, one + A_MOMENT)):
        said = [version for since, version in entered if since <= at]
        newest = max((since for since, _ in entered if since <= at), default=None)
        of_instant = [version for since, version in entered if since == newest]
        expected = of_instant[-1] if said else entered[0][1]  # before it, the founded one
        assert in_force(other, at) == expected


# Never backwards.


def code(refused: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        refused()
    return caught.value.code


@pytest.mark.parametrize("ago", [A_MOMENT, AN_HOUR, timedelta(days=30)])
def test_no_law_comes_into_force_in_the_past(lawful: House, ago: timedelta) -> None:
    head = journal.head(lawful.db)
    action = replace(activating(lawful), active_from=lawful.now() - ago)
    with pytest.raises(ActivationPast) as caught:
        propose(lawful, action, BELA)

    assert caught.value.code == "rulebook.activation-past"
    assert journal.head(lawful.db) == head


def test_a_law_may_come_into_force_now(lawful: House) -> None:
    enact(lawful, closed(), lawful.now())
    assert in_force(lawful) == closed().version


def test_an_approval_that_is_too_late_lets_nothing_come_into_force(
    lawful: House, clock: Clock
) -> None:
    """Its instant is over: what was decided meanwhile was decided under the other law."""
    old, at = in_force(lawful), clock() + AN_HOUR
    waiting = propose(lawful, activating(lawful), BELA)
    clock.at = at + A_MOMENT
    with pytest.raises(ActivationPast):
        approve(lawful, waiting, CORA)

    assert in_force(lawful) == old
    assert len(activations(lawful)) == 1
    now = store.proposal(lawful.db, waiting.id)
    assert now is not None
    assert now.state is ProposalState.WAITING


def test_an_approval_in_the_last_moment_is_in_time(lawful: House, clock: Clock) -> None:
    at = clock() + AN_HOUR
    waiting = propose(lawful, activating(lawful), BELA)
    clock.at = at
    approve(lawful, waiting, CORA)
    assert in_force(lawful) == closed().version


def test_the_same_version_for_the_same_instant_is_refused(lawful: House, clock: Clock) -> None:
    """Also when both waited, and also the founded one; another instant is another activation."""
    at = clock() + AN_HOUR
    first, second = (propose(lawful, activating(lawful), BELA) for _ in range(2))
    approve(lawful, first, CORA)

    for refused in (
        lambda: approve(lawful, second, CORA),
        lambda: propose(lawful, activating(lawful), BELA),
        lambda: propose(lawful, ActivateRulebook(in_force(lawful), clock()), BELA),
    ):
        assert code(refused) == "rulebook.activated-before"
    assert len(activations(lawful)) == 2
    enact(lawful, closed(), at + A_MOMENT)
    assert len(activations(lawful)) == 3


# The archive.


@pytest.mark.parametrize(
    "version",
    [
        NO_VERSION,
        "",
        "../../clock",
        "/etc/hostname",
        "a" * 300,  # no file is called so
    ],
    ids=["nobody's", "empty", "a path", "an absolute path", "longer than a file's name"],
)
def test_a_version_that_the_house_does_not_have_is_refused(lawful: House, version: str) -> None:
    (lawful.archive.parent / "clock.rulebook").write_text(closed().body)
    action = ActivateRulebook(version, lawful.now() + AN_HOUR)
    assert code(lambda: propose(lawful, action, BELA)) == "rulebook.unknown-version"


def test_a_version_of_which_a_part_is_named_is_unknown(lawful: House) -> None:
    action = activating(lawful)
    for version in (action.version[:63], action.version.upper(), f"{action.version} "):
        with pytest.raises(UnknownVersion):
            propose(lawful, replace(action, version=version), BELA)


def damaged() -> Iterator[tuple[str, bytes]]:
    """What may stand under a version's name."""
    body = closed().body
    yield "one word changed", body.replace("Norland", "Nordland", 1).encode()
    yield "another version", held().body.encode()
    yield "cut off", body[:-100].encode()
    yield "written otherwise", f"{body} ".encode()
    yield "empty", b""
    yield "no object", b"[]"
    yield "no text", b"\xff\xfe"
    yield "no law", b'{"XA/": {}}'
    yield "too deep", b"[" * 100_000


DAMAGES = [pytest.param(content, id=name) for name, content in damaged()]


@pytest.mark.parametrize("content", DAMAGES)
def test_a_version_that_was_tampered_with_is_not_worked_under(
    lawful: House, content: bytes
) -> None:
    """It is told when it is proposed, when it is approved, and when it is in force."""
    action = activating(lawful)
    path = lawful.laws.path(action.version)
    waiting = propose(lawful, action, BELA)
    sound = path.read_bytes()
    path.write_bytes(content)
    other = elsewhere_read(lawful)
    for refused in (
        lambda: propose(other, action, BELA),
        lambda: approve(other, waiting, CORA),
    ):
        with pytest.raises(ArchiveDamaged, match=action.version):
            refused()
    path.write_bytes(sound)
    approve(elsewhere_read(lawful), waiting, CORA)
    path.write_bytes(content)
    at = replace(elsewhere_read(lawful), now=lambda: action.active_from)
    with pytest.raises(ArchiveDamaged, match=action.version):
        open_gate(at)


def test_a_house_whose_law_is_gone_decides_nothing(market: Market) -> None:
    """The folder's law never stands in for it."""
    enact(market.house, closed(), market.clock())
    market.house.laws.path(closed().version).unlink()
    market.house = elsewhere_read(market.house, held())
    head = journal.head(market.house.db)

    with pytest.raises(UnknownVersion, match=closed().version):
        market.trade("A>b 100.00")
    assert journal.head(market.house.db) == head


def test_a_damaged_version_is_mended_by_entering_it_again(lawful: House) -> None:
    action = activating(lawful)
    lawful.laws.path(action.version).write_bytes(held().body.encode())
    other = elsewhere_read(lawful)
    other.laws.keep(closed())
    assert other.laws.version(action.version).body == closed().body


# A gate that stands open.


def test_a_gate_that_stands_open_goes_on_under_the_new_law(market: Market) -> None:
    """From the instant on, and back again; every finding of a decision names the version."""
    old, at = market.house.rulebook.version, market.clock() + AN_HOUR
    enact(market.house, closed(), at)
    enact(market.house, market.house.laws.first, at + AN_HOUR)
    gate = open_gate(market.house)
    market.clock.at = at - A_MOMENT
    (before,) = market.trade("A>b 100.00", gate=gate)
    market.clock.at = at
    (after,) = market.trade("A>b 100.00", gate=gate)
    market.clock.at = at + AN_HOUR
    (again,) = market.trade("A>b 100.00", gate=gate)

    assert market.verdicts(before, after, again) == ["clear", "deny", "clear"]
    named = [market.version(id) for id in (before, after, again)]
    assert named == [old, closed().version, old]
    assert "gate.law-closed" in market.codes(after)


def test_a_gate_that_stands_open_keeps_to_the_new_standards(market: Market) -> None:
    """A list that was young enough before the instant stops it from there on."""
    enact(market.house, hasty(), market.clock() + AN_HOUR)
    gate = open_gate(market.house)
    market.clock.forward(minutes=59)
    market.trade("A>b 100.00", gate=gate)
    market.clock.forward(minutes=1)
    with pytest.raises(ListStale):
        market.trade("A>b 100.00", gate=gate)


# What was decided stays.


def test_a_decision_stays_as_it_was_and_replays_to_the_same_bytes(market: Market) -> None:
    """Under three laws, in a process that began with a fourth."""
    versions = []
    for law in (market.house.rulebook, closed(), held()):
        enact(market.house, law, market.clock() + A_MOMENT)
        market.clock.forward(hours=1)
        versions.append(law.version)
        market.publish()
        market.trade("A>b 100.00, C>b 0.01 BTC, b>A 30.00 EUR, A>B 1.00")
        decided = market.house.db.execute("SELECT * FROM obligation ORDER BY id").fetchall()
        before = dict(bodies(market.house.db))
    enact(market.house, closed_there(), market.clock())
    prove(elsewhere_read(market.house, closed_there()), 30, lambda _: None)

    assert market.house.db.execute("SELECT * FROM obligation ORDER BY id").fetchall() == decided
    assert bodies(market.house.db) == before
    proven = prove(market.house, 30, lambda _: None)
    assert proven.decisions == 12
    assert proven.versions == tuple(sorted(versions))


def licensed(market: Market) -> DealingLicensed:
    """Two people enter a licence to deal with A."""
    today = market.clock().date()
    action = GrantDealing(
        *(market.firm("A").id, "OFAC-SDN", "9007", "Norland Financial Supervisory Authority"),
        *("5d" * 32, today, today + timedelta(days=30)),
    )
    agree(market.house, action, BELA, CORA)
    return facts(market.house.db, DealingLicensed)[-1]


def test_law_and_licences_to_deal_come_out_the_same_from_the_journal(
    market: Market, elsewhere: Connection
) -> None:
    house = market.house
    enact(house, closed(), market.clock() + AN_HOUR)
    market.trade("A>b 100.00")
    licensed(market)
    licensed(market)
    enact(house, held(), market.clock() + AN_HOUR)  # for the same instant
    market.clock.forward(hours=1)
    market.trade("A>b 100.00")

    done = replay(house, elsewhere, lambda _: None)

    assert (done.rows["activation"], done.rows["dealing"]) == (3, 2)
    assert registers.activations(elsewhere) == registers.activations(house.db)
    assert registers.participants(elsewhere) == registers.participants(house.db)
    assert registers.active_version(elsewhere, market.clock()) == held().version
    prove(replace(house, db=elsewhere), 30, lambda _: None)


@pytest.mark.parametrize("table", ["activation", "dealing"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET valid_from = '2026-01-01'", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_what_was_entered_is_never_edited(market: Market, table: str, statement: str) -> None:
    enact(market.house, closed(), market.clock())
    licensed(market)
    changed = statement.replace("valid", "active") if table == "activation" else statement
    with pytest.raises(errors.RestrictViolation):
        market.house.db.execute(SQL(changed).format(Identifier(table)))


# What the database is told beside what two people agreed on: a law, and a licence to deal.
AGREED = "FROM activation WHERE proposal IS NOT NULL"
FORGED = {
    "a law without people": (
        "INSERT INTO activation VALUES (10000, repeat('0', 64), '2026-01-01T00:00Z', NULL)"
    ),
    "another law": (
        f"INSERT INTO activation SELECT 10000, repeat('0', 64), active_from, proposal {AGREED}"
    ),
    "another instant": (
        "INSERT INTO activation SELECT 10000, version, active_from - interval '1 day', proposal"
        f" {AGREED}"
    ),
    "a law by a licence": (
        "INSERT INTO activation SELECT 10000, repeat('0', 64), '2026-01-01T00:00Z', proposal"
        " FROM dealing"
    ),
    "a licence by a law": (
        "INSERT INTO dealing SELECT activation.proposal, participant, list_name, entity, authority,"
        " document, valid_from, valid_to FROM dealing, activation"
        " WHERE activation.proposal IS NOT NULL"
    ),
    "a licence without people": (
        "INSERT INTO dealing SELECT 'cmd_nobody', participant, list_name, entity, authority,"
        " document, valid_from, valid_to FROM dealing"
    ),
}
COLUMNS = {
    "participant": "(SELECT id FROM participant WHERE id <> dealing.participant LIMIT 1)",
    "list_name": "'OFAC-WALLETS'",
    "entity": "'9001'",
    "authority": "'Somebody'",
    "document": "repeat('0', 64)",
    "valid_from": "valid_from - 1",
    "valid_to": "valid_to + 1",
}
OTHER_LICENCE = "INSERT INTO dealing SELECT proposal, {} FROM dealing"
for column, value in COLUMNS.items():
    values = [value if name == column else name for name in COLUMNS]
    FORGED[f"another {column}"] = OTHER_LICENCE.format(", ".join(values))


@pytest.mark.parametrize("statement", FORGED.values(), ids=FORGED)
def test_the_database_refuses_what_two_people_have_not_agreed_on(
    market: Market, statement: str
) -> None:
    """As it does for people, keys, roles and releases."""
    enact(market.house, closed(), market.clock())
    licensed(market)
    with pytest.raises(errors.CheckViolation, match="two people have not agreed on it"):
        market.house.db.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO activation SELECT 10000, version, active_from, proposal {AGREED}",
        "INSERT INTO dealing SELECT * FROM dealing",
    ],
)
def test_what_two_people_agreed_on_is_entered_once(market: Market, statement: str) -> None:
    enact(market.house, closed(), market.clock())
    licensed(market)
    with pytest.raises(errors.UniqueViolation):
        market.house.db.execute(statement.encode())


# The verifier.


@dataclass(frozen=True)
class Told:
    """An entry as the verifier reads it."""

    kind: str
    subject: str
    body: dict[str, object]

    @property
    def entry(self) -> Entry:
        at = "2026-03-02T10:00:00.000000Z"
        return Entry(1, self.kind, self.subject, self.body, at, at, b"", None)


def told(market: Market) -> Iterator[Told]:
    """Both new events, as the journal has them."""
    enact(market.house, closed(), market.clock())
    licensed(market)
    kinds = (RulebookActivated, DealingLicensed)
    for entry in journal.after(market.house.db, 0, 10_000):
        if isinstance(entry.event, kinds):
            name = type(entry.event).__name__
            yield Told(name, entry.subject, json.loads(encode(entry.event)))


def test_the_verifier_knows_the_form_of_every_event() -> None:
    assert FORMS.keys() == KINDS.keys()


def test_the_verifier_knows_the_new_events_and_what_is_none(market: Market) -> None:
    seen = []
    for one in told(market):
        seen.append(one.kind)
        check_form(one.entry)
        for name in one.body:
            lacking = {key: value for key, value in one.body.items() if key != name}
            for body in (lacking, {**one.body, name: 7}, {**one.body, "more": "x"}):
                with pytest.raises(Wrong, match=r"forms\.members-wrong"):
                    check_form(replace(one, body=body).entry)
        if one.kind == "DealingLicensed":
            with pytest.raises(Wrong, match=r"forms\.subject-wrong"):
                check_form(replace(one, subject=market.firm("b").id).entry)
    assert sorted(seen) == ["DealingLicensed", "RulebookActivated", "RulebookActivated"]


def published(stage: Stage, folder: Path) -> Callable[[Path], dict[str, str]]:
    """A day on which the law changed, in `day` and `own`; answers what the verifier says."""
    market = Market(supervised(stage.house), stage.clock, stage.people, stage.folder)
    stage.trade("A>b 0.05, b>C 0.03")
    enact(stage.house, held(), stage.clock() + A_MOMENT)
    licensed(market)
    stage.clock.forward(seconds=1)
    stage.trade("A>b 0.01")
    books.close(stage.house)
    trust = folder / "trust"
    trust.write_text(json.dumps(trusted(stage.house, 0)))
    about = period(stage.house)
    publish_day(about, folder / "day", lambda _: None)
    publish_participant(about, stage.firm("A").id, folder / "own", lambda _: None)

    def wrong(path: Path) -> dict[str, str]:
        _, found = verify(path, trust)
        return {check: str(one) for check, one in found.items() if one}

    return wrong


def another_version(forged: Forged) -> None:
    forged.all("RulebookActivated")[-1]["body"]["version"] = NO_VERSION


def another_instant(forged: Forged) -> None:
    forged.all("RulebookActivated")[-1]["body"]["active_from"] = "2026-01-01T00:00:00.000000Z"


def one_that_nobody_ordered(forged: Forged) -> None:
    last = forged.all("RulebookActivated")[-1]
    body = {**last["body"], "version": NO_VERSION}
    forged.insert(last, "RulebookActivated", last["subject"], **body)


def another_that_needs_no_proposal(forged: Forged) -> None:
    """As if the house were founded again."""
    last = forged.all("RulebookActivated")[-1]
    body = {**last["body"], "proposal": ""}
    forged.insert(last, "RulebookActivated", last["subject"], **body)


def one_that_is_left_out(forged: Forged) -> None:
    forged.entries.remove(forged.all("RulebookActivated")[-1])


def another_entry_of_the_list(forged: Forged) -> None:
    forged.one("DealingLicensed")["body"]["entity"] = "9001"


def a_longer_licence(forged: Forged) -> None:
    forged.one("DealingLicensed")["body"]["valid_to"] = "2026-12-31"


def another_licence(forged: Forged) -> None:
    one = forged.one("DealingLicensed")
    forged.insert(one, "DealingLicensed", one["subject"], **{**one["body"], "entity": "9002"})


FORGERIES: dict[Callable[[Forged], None], str] = {
    another_version: "people.not-ordered",
    another_instant: "people.not-ordered",
    one_that_nobody_ordered: "people.not-ordered",
    another_that_needs_no_proposal: "people.not-ordered",
    one_that_is_left_out: "people.not-done",
    another_entry_of_the_list: "people.not-ordered",
    a_longer_licence: "people.not-ordered",
    another_licence: "people.not-ordered",
}


def test_a_day_on_which_the_law_changed_is_published_and_verified(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """Whole, and to the participant that may be dealt with; what two have not agreed on is told."""
    wrong = published(embedded_stage, tmp_path)
    assert wrong(tmp_path / "day") == wrong(tmp_path / "own") == {}

    raw = (tmp_path / "day").read_bytes()
    told = {}
    for forge in FORGERIES:
        forged = Forged.of(raw, stolen(embedded_stage), [])
        forged.cosigners = ()
        forge(forged)
        (tmp_path / "forged").write_bytes(forged.sealed())
        found = wrong(tmp_path / "forged")
        told[forge] = found.get("people", "").partition(":")[0]
        assert found.keys() == {"people"}, (forge, found)
    assert told == FORGERIES


def test_what_the_people_of_a_house_enacted_is_in_its_journal_for_ever(
    lawful: House, clock: Clock
) -> None:
    """Each entry of an activation is preceded by the two commands that agreed on it."""
    enact(lawful, closed(), clock() + AN_HOUR)
    kinds = [type(one.event).__name__ for one in journal.after(lawful.db, 0, 10_000)]
    assert kinds[-5:] == [
        "CommandGiven",
        "ProposalMade",
        "CommandGiven",
        "ProposalApproved",
        "RulebookActivated",
    ]


def test_an_operator_has_no_say_in_the_law(lawful: House) -> None:
    """Ada runs the cycles and enrols people; of the law she changes nothing."""
    with pytest.raises(NotPermitted):
        propose(lawful, activating(lawful), ADA)
    waiting = propose(lawful, activating(lawful), BELA)
    with pytest.raises(NotPermitted):
        approve(lawful, waiting, ADA)
    assert len(activations(lawful)) == 1
