"""Returns of a month: what is refused, of whom they are due, what is found of them, and once."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from psycopg import Connection
from tests.enacted import Market, adding, open_market, ruled
from tests.hands import BELA, Hand, enrol
from tests.laws import SHIPPED, Law
from tests.laws import read as read_law
from tests.mined import LINK, licence, machine, meter, site
from tests.recorded import enter, entering
from tests.returned import DIFFICULTY, REWARD, breach, epoch, own_wallet
from tests.stage import Clock, Database, Points
from tests.staging import under

from clearhouse.core.errors import Coded
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.month import Assessment, Figures
from clearhouse.core.mining.plausibility import Ground
from clearhouse.core.mining.records import MeterReading
from clearhouse.core.mining.returns import (
    EPOCHS,
    MINER_RETURNS,
    MinerReturn,
    OperatorMachine,
    OperatorMiner,
    OperatorReturn,
    OperatorTariff,
)
from clearhouse.core.mining.reviews import (
    BREACHES,
    REVIEWS,
    Breach,
    Review,
    ReviewOutcome,
)
from clearhouse.core.participant import Attachment, Measure, Representative
from clearhouse.core.person import Role
from clearhouse.core.rulebook import Class, Rulebook
from clearhouse.demo.country import Country
from clearhouse.operations import notices, records
from clearhouse.operations.house import House
from clearhouse.operations.mining_returns import Due, Returned, dues, find, months_back, status
from clearhouse.store import journal, registers
from clearhouse.store import records as stored
from clearhouse.store.projection import record
from clearhouse.worker import work
from clearhouse.worker.place import Place


class Killed(BaseException):
    """The process ends here: nothing of it goes on."""


def kill(name: str) -> None:
    raise Killed(name)


Say = Callable[..., None]
Codes = Callable[..., list[str]]
NOBODY = ParticipantId("5493001KJTIIGC8Y1R12")
MAY, JUNE, JULY, AUGUST = (date(2026, month, 1) for month in (5, 6, 7, 8))
LAST_SECOND = datetime(2026, 8, 20, 21, 59, 59, tzinfo=UTC)  # of 20 August in Oslo
A_SECOND = timedelta(seconds=1)
GHS = 200_000  # of one machine
KWH = 3500 * 744 // 10  # hundredths: its 3.5 kW through July
COIN = int(Fraction(GHS * 10**9 * 31 * 86_400 * REWARD, DIFFICULTY * 2**32))  # satoshi


@pytest.fixture
def miner(admitted: Country, clock: Clock) -> ParticipantId:
    """A registered miner of Norland; it is the evening before July's return is due."""
    clock.at = datetime(2026, 8, 20, 12, tzinfo=UTC)
    return admitted.miners[0].id


@pytest.fixture
def other(admitted: Country) -> ParticipantId:
    return admitted.miners[1].id


@pytest.fixture
def address(admitted: Country, house: House, miner: ParticipantId) -> str:
    """Where the miner receives what it mines."""
    found = admitted.miners[0].wallet.address
    own_wallet(house, miner, found)
    return found


@pytest.fixture
def operator(house: House, admitted: Country) -> ParticipantId:
    """An operator of mining infrastructure; it holds site O."""
    found = admitted.banks[0].id
    licence(house, found, Class.OPERATOR)
    return found


def said(miner: ParticipantId, address: str, **more: Any) -> MinerReturn:
    """What an honest miner of one machine states of July."""
    usual: dict[str, Any] = {"coin": COIN, "energy": KWH, "pooled": True}
    return replace(MinerReturn(miner, JULY, 0, 0, True, (address,)), **(usual | more))


def equip(say: Say, miner: ParticipantId, used: int = KWH) -> None:
    """A site of one's own with a machine, and a meter that counted July."""
    readings = [MeterReading("M-1", JULY, 5), MeterReading("M-1", AUGUST, 5 + used)]
    say(site("A", miner), meter("M-1", "A"), machine("S-1", "A", miner), *readings, epoch(JULY))


def host(say: Say, miner: ParticipantId, operator: ParticipantId) -> None:
    """The same machine at an operator's site, without a meter of one's own."""
    say(site("O", operator), machine("S-1", "O", miner), epoch(JULY))


def state(
    say: Say, operator: ParticipantId, miner: ParticipantId, coin: int = COIN, energy: int = KWH
) -> None:
    """An operator's whole return of July, of one miner."""
    say(
        OperatorTariff(operator, JULY, "day", energy, 80_000, "USD"),
        OperatorMiner(operator, JULY, miner, coin, energy, "Boreal Pool", LINK),
        OperatorMachine(operator, JULY, "Hashworks", "S-1", 744_00),
        OperatorReturn(operator, JULY, energy, 1),
    )


def due_of(house: House, who: ParticipantId, month: date = JULY) -> list[Due]:
    return [one for one in dues(house, [month]) if one.who == who]


def of(house: House, who: ParticipantId, form: str = "miner_return") -> Returned:
    (found,) = [one for one in status(house, JULY) if (one.due.who, one.due.form) == (who, form)]
    return found


def breaches(house: House, who: ParticipantId) -> list[Breach]:
    return [one for one in records.known(house, BREACHES) if one.participant == who]


def reviews(house: House) -> set[str]:
    return {one.code for one in records.known(house, REVIEWS)}


# What is refused.


def test_a_return_is_of_a_licensed_miner_and_of_a_month_that_is_over(
    house: House, codes: Codes, miner: ParticipantId, operator: ParticipantId, clock: Clock
) -> None:
    empty = {"coin": 0, "addresses": ()}
    assert codes(said(miner, "", **empty)) == [""]
    assert codes(said(NOBODY, "", **empty)) == ["participant.unknown"]
    assert codes(said(operator, "", **empty)) == ["mining.not-registered"]
    assert codes(said(miner, "", month=AUGUST, **empty)) == ["mining.return-early"]
    clock.at = datetime(2026, 8, 31, 23, 59, 59, tzinfo=UTC)
    assert codes(said(miner, "", month=AUGUST, **empty)) == ["mining.return-early"]
    clock.forward(seconds=1)
    assert codes(said(miner, "", month=AUGUST, **empty)) == [""]
    assert codes(said(miner, "", month=date(2025, 12, 1), **empty)) == ["mining.not-registered"]
    assert house.today == date(2026, 9, 1)


def test_one_licensed_day_of_the_month_is_enough(
    house: House, codes: Codes, say: Say, admitted: Country, clock: Clock
) -> None:
    clock.at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    who = next(one.id for one in admitted.traders if one.residence == "XA")
    licence(house, who, Class.MINER, since=date(2026, 7, 31))
    empty = MinerReturn(who, JULY, 0, 0, False)
    assert codes(empty) == [""]
    assert codes(replace(empty, month=JUNE)) == ["mining.not-registered"]
    of_it = (str(Class.MINER), "Norland Energy Authority", date(2026, 7, 31), "suspended", "x")
    say(Measure(who, *of_it, date(2026, 7, 31), date(2026, 8, 9)))
    assert codes(empty) == ["mining.not-registered"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"purpose": "pay-out"}, "mining.address-unproven"),
        ({"until": date(2026, 6, 30)}, "mining.address-unproven"),
        ({"until": date(2026, 7, 1)}, ""),
        ({"proven_at": datetime(2026, 8, 19, tzinfo=UTC)}, ""),
        ({"proven_at": datetime(2026, 1, 2, tzinfo=UTC)}, ""),  # 180 days reach 1 July
        ({"proven_at": datetime(2026, 1, 1, tzinfo=UTC)}, "mining.address-unproven"),
        ({"network": "signet"}, "mining.address-unproven"),
        (None, "mining.address-unproven"),
    ],
)
def test_an_address_is_proven_to_be_the_miners_own_for_mining(
    house: House,
    codes: Codes,
    admitted: Country,
    miner: ParticipantId,
    change: dict[str, Any] | None,
    code: str,
) -> None:
    at = admitted.miners[0].wallet.address
    if change is not None:
        own_wallet(house, miner, at, **change)
    assert codes(said(miner, at)) == [code]


def test_an_address_is_nobody_elses_and_in_its_one_form(
    house: House, codes: Codes, admitted: Country, miner: ParticipantId, other: ParticipantId
) -> None:
    at = admitted.miners[1].wallet.address
    own_wallet(house, other, at)
    assert codes(said(miner, at)) == ["mining.address-of-another"]
    assert codes(said(other, at)) == [""]
    assert codes(said(other, at.upper())) == ["mining.address-not-canonical"]
    assert codes(said(other, f"{at[:-1]}{'q' if at[-1] != 'q' else 'p'}")) == [
        "address.checksum-wrong"
    ]
    main = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    assert codes(said(other, main)) == ["address.wrong-network"]
    assert codes(said(other, at, addresses=(at, "nowhere"))) == ["address.malformed"]


def test_an_operator_states_what_stood_at_its_sites(
    codes: Codes,
    say: Say,
    miner: ParticipantId,
    other: ParticipantId,
    operator: ParticipantId,
) -> None:
    host(say, miner, operator)
    say(site("A", other), machine("S-2", "A", other))
    ran = OperatorMachine(operator, JULY, "Hashworks", "S-1", 744_00)
    assert codes(ran, replace(ran, serial="S-2"), replace(ran, maker="Others")) == [
        *("", "mining.machine-unknown", "mining.machine-unknown")
    ]
    assert codes(replace(ran, hours=744_01)) == ["mining.hours-wrong"]
    assert codes(replace(ran, month=JUNE, hours=720_01)) == ["mining.hours-wrong"]
    stated = OperatorMiner(operator, JULY, miner, COIN, KWH)
    assert codes(stated, replace(stated, miner=other)) == ["", "mining.miner-elsewhere"]
    assert codes(replace(stated, miner=operator)) == [
        "mining.not-registered mining.miner-elsewhere"
    ]
    assert codes(replace(stated, operator=miner)) == [
        "mining.not-registered mining.miner-elsewhere"
    ]
    tariff = OperatorTariff(operator, JULY, "day", 1, 1, "USD")
    assert codes(tariff, replace(tariff, tariff="night", currency="XXX")) == [
        "",
        "money.unknown-asset",
    ]


def test_a_machine_that_came_within_the_month_ran_for_the_rest_of_it_at_most(
    codes: Codes, say: Say, miner: ParticipantId, operator: ParticipantId
) -> None:
    came, left = date(2026, 7, 10), date(2026, 7, 19)
    say(site("O", operator), machine("S-1", "O", miner, since=came, until=left))
    ran = OperatorMachine(operator, JULY, "Hashworks", "S-1", 240_00)
    assert codes(ran) == [""]
    assert codes(replace(ran, hours=240_01)) == ["mining.hours-wrong"]


def test_an_operators_return_is_what_its_parts_come_to(
    codes: Codes, say: Say, miner: ParticipantId, operator: ParticipantId
) -> None:
    host(say, miner, operator)
    whole = OperatorReturn(operator, JULY, KWH, 1)
    assert codes(whole) == ["mining.return-incomplete"]
    nothing = replace(whole, energy=0, miners=0)
    assert codes(nothing) == ["mining.return-incomplete"]  # somebody's machines stood there
    say(OperatorTariff(operator, JULY, "day", KWH - 100, 80_000, "USD"))
    say(OperatorTariff(operator, JULY, "night", 100, 40_000, "USD"))
    assert codes(whole) == ["mining.return-incomplete"]
    say(OperatorMiner(operator, JULY, miner, COIN, KWH))
    assert codes(whole) == [""]
    for wrong in (replace(whole, miners=2), replace(whole, energy=KWH + 1)):
        assert codes(wrong) == ["mining.return-incomplete"]
    say(OperatorMiner(operator, JULY, miner, COIN, KWH + 1))  # more than all tariffs together
    assert codes(whole) == ["mining.return-incomplete"]
    assert codes(replace(whole, month=JUNE)) == ["mining.return-incomplete"]


def test_an_epoch_is_of_the_houses_network_over_and_does_not_overlap(
    codes: Codes, say: Say, clock: Clock
) -> None:
    clock.at = datetime(2026, 8, 1, tzinfo=UTC)
    one = epoch(JULY)
    assert codes(one) == [""]
    assert codes(replace(one, network="main")) == ["mining.epoch-wrong"]
    assert codes(replace(one, ends_at=one.ends_at + A_SECOND)) == ["mining.epoch-early"]
    say(one)
    after = replace(one, begins_at=one.ends_at - A_SECOND, ends_at=one.ends_at)
    assert codes(after) == ["mining.epoch-overlaps"]
    assert codes(epoch(JUNE)) == [""]
    assert codes(replace(one, difficulty=7)) == [""]  # said again it is corrected
    assert codes(epoch(JUNE), replace(epoch(JUNE), begins_at=epoch(MAY).begins_at)) == [
        *("mining.epoch-overlaps", "mining.epoch-overlaps")
    ]


# Of whom a return is due, and by when.


def test_the_law_says_of_whom_and_by_when(
    house: House, miner: ParticipantId, operator: ParticipantId, admitted: Country
) -> None:
    """The miners by the 20th, Oslo's midnight; the licence of the operator was entered too late."""
    found = dues(house, [JULY])
    assert {one.who for one in found} == {one.id for one in admitted.miners}
    assert {one.about for one in found} == {"miner_return 2026-07"}
    assert {one.due_at for one in found} == {LAST_SECOND}
    assert due_of(house, operator) == []
    assert not due_of(house, miner)[0].is_late(LAST_SECOND + A_SECOND * 0.999)
    assert due_of(house, miner)[0].is_late(LAST_SECOND + A_SECOND)


def test_the_20th_of_a_sunday_is_the_monday_after(
    house: House, miner: ParticipantId, clock: Clock
) -> None:
    clock.at = datetime(2026, 9, 2, tzinfo=UTC)
    (one,) = due_of(house, miner, AUGUST)
    assert one.due_at == datetime(2026, 9, 21, 21, 59, 59, tzinfo=UTC)


def test_nobody_returns_to_a_house_that_did_not_know_it(house: House, miner: ParticipantId) -> None:
    """Admitted in March, licensed since January; and a month that is not over is of nobody."""
    february, march = date(2026, 2, 1), date(2026, 3, 1)
    assert dues(house, [february]) == []
    assert [one.month for one in dues(house, [AUGUST, JULY, march, march]) if one.who == miner] == [
        *(march, JULY)
    ]


def test_both_returns_are_due_of_a_miner_who_is_an_operator(
    house: House, miner: ParticipantId, clock: Clock
) -> None:
    clock.at = datetime(2026, 7, 31, 23, tzinfo=UTC)
    licence(house, miner, Class.OPERATOR)
    clock.at = datetime(2026, 8, 3, tzinfo=UTC)
    forms = {one.form: one.due_at for one in due_of(house, miner)}
    assert forms == {
        "miner_return": LAST_SECOND,
        "operator_return": datetime(2026, 8, 25, 16, tzinfo=UTC),
    }


def test_who_is_suspended_all_month_owes_no_return(
    house: House, say: Say, miner: ParticipantId
) -> None:
    (held,) = registers.participants(house.db, [miner])[miner].licences
    about = (str(held.licence_class), held.issuer, held.valid_from, "suspended", "x")
    say(Measure(miner, *about, JULY, date(2026, 7, 30)))
    assert len(due_of(house, miner)) == 1
    say(Measure(miner, *about, JULY, date(2026, 7, 31)))
    assert due_of(house, miner) == []


def test_without_such_a_law_nothing_is_due_of_anybody(house: House, miner: ParticipantId) -> None:
    law = {name: {**content} for name, content in SHIPPED.items()}
    law["XA/reporting"]["rule"] = [
        one for one in law["XA/reporting"]["rule"] if "form" not in one["due"]
    ]
    lawless = under(house, read_law(law))
    assert miner
    assert dues(lawless, [JULY]) == []
    assert find(lawless, [JULY]) == 0


# Breaches.


@pytest.mark.parametrize(("late", "count"), [(timedelta(0), 0), (A_SECOND, 1)])
def test_the_last_second_is_in_time_and_the_next_is_not(
    house: House, say: Say, miner: ParticipantId, clock: Clock, late: timedelta, count: int
) -> None:
    clock.at = LAST_SECOND + late
    say(MinerReturn(miner, JULY, 0, 0, False))
    clock.forward(days=3)
    find(house, [JULY])
    assert len(breaches(house, miner)) == count
    if count:
        (one,) = breaches(house, miner)
        assert (one.about, one.code) == ("miner_return 2026-07", "mining.return-late")
        assert (one.fee, one.currency, one.rule) == (400_00, "USD", "XA.reporting.miner")
        assert (one.due_at, one.found_at) == (LAST_SECOND, house.now())
        assert one.citation == "Norland Mining Act 2025, s. 14(1)"


def test_what_is_never_filed_is_one_breach_also_when_it_comes_in_the_end(
    house: House, say: Say, miner: ParticipantId, clock: Clock
) -> None:
    clock.at = LAST_SECOND
    assert find(house, [JULY]) == 0
    clock.forward(seconds=1)
    assert find(house, [JULY]) == 3  # of each of the three miners
    assert [one.about for one in breaches(house, miner)] == ["miner_return 2026-07"]
    clock.forward(days=1)
    say(MinerReturn(miner, JULY, 0, 0, False))
    assert find(house, [JULY]) == 0
    assert (
        len(records.history(house, BREACHES, f"{miner}|miner_return 2026-07|XA.reporting.miner"))
        == 1
    )
    assert of(house, miner).filed_at == house.now()


def test_a_correction_later_is_no_breach(
    house: House, say: Say, miner: ParticipantId, clock: Clock
) -> None:
    say(MinerReturn(miner, JULY, 0, 0, False))
    clock.forward(days=30)
    say(MinerReturn(miner, JULY, 0, 7, False))
    find(house, [JULY])
    assert breaches(house, miner) == []
    assert len(records.history(house, MINER_RETURNS, f"{miner}|2026-07-01")) == 2


def test_an_operators_return_is_filed_when_it_is_whole(
    house: House, say: Say, miner: ParticipantId, clock: Clock, admitted: Country
) -> None:
    clock.at = datetime(2026, 7, 31, tzinfo=UTC)
    operator = admitted.banks[0].id
    licence(house, operator, Class.OPERATOR)
    clock.at = datetime(2026, 8, 24, tzinfo=UTC)
    host(say, miner, operator)
    say(OperatorTariff(operator, JULY, "day", KWH, 80_000, "USD"))
    assert of(house, operator, "operator_return").filed_at is None
    clock.at = datetime(2026, 8, 25, 16, 0, 1, tzinfo=UTC)
    find(house, [JULY])
    (one,) = breaches(house, operator)
    assert (one.about, one.fee, one.currency) == ("operator_return 2026-07", 1000_00, "USD")


def test_each_law_that_somebody_is_under_asks_for_itself(
    house: House, say: Say, miner: ParticipantId, other: ParticipantId, clock: Clock
) -> None:
    """A branch in Sudmark, whose law asks for the same by the 10th, and names no fee."""
    asked: dict[str, Any] = {
        "deadline": {"count": 10, "unit": "day-of-next-month", "zone": "UTC"},
        "due": {"what": "the same", "to": "the treasury", "form": "miner_return"},
        "applies_to": {"roles": ["debtor", "creditor"], "classes": ["miner"]},
    }
    both = under(house, read_law(adding(ruled("XB.reporting.miner", "REPORT", **asked))))
    say(Attachment(miner, "XB", "branch", date(2026, 7, 31)))
    assert [one.rule.id for one in due_of(both, other)] == ["XA.reporting.miner"]
    assert {one.rule.id: one.due_at for one in due_of(both, miner)} == {
        "XA.reporting.miner": LAST_SECOND,
        "XB.reporting.miner": datetime(2026, 8, 10, 23, 59, 59, tzinfo=UTC),
    }
    clock.at = LAST_SECOND + A_SECOND
    for _ in range(2):
        find(both, [JULY])
    fees = {one.rule: one.fee for one in breaches(house, miner)}
    assert fees == {"XA.reporting.miner": 400_00, "XB.reporting.miner": 0}


def test_a_law_without_a_fee_has_a_breach_without_one(
    house: House, miner: ParticipantId, clock: Clock
) -> None:
    law: Law = read_again(SHIPPED)
    for rule in law["XA/reporting"]["rule"]:
        rule["due"].pop("late_fee", None)
    clock.at = LAST_SECOND + A_SECOND
    find(under(house, read_law(law)), [JULY])
    (one,) = breaches(house, miner)
    assert (one.fee, one.currency) == (0, "")


def read_again(law: Law) -> Any:
    return {
        name: {
            key: [
                dict(each) | ({"due": dict(each["due"])} if "due" in each else {}) for each in value
            ]
            if key == "rule"
            else value
            for key, value in content.items()
        }
        for name, content in law.items()
    }


def test_each_is_found_once_however_often_it_is_looked_for(
    house: House, say: Say, miner: ParticipantId, address: str, clock: Clock
) -> None:
    equip(say, miner)
    say(said(miner, address, coin=3 * COIN))
    clock.at = LAST_SECOND + A_SECOND
    found = find(house, [JULY])
    assert found == 2 + 2  # two others filed nothing; too much coin, for hashes and for energy
    head = journal.head(house.db)
    for _ in range(3):
        clock.forward(days=1)
        assert find(house, [JULY]) == 0
    assert journal.head(house.db) == head


def test_killed_anywhere_each_is_found_once(
    house: House, say: Say, miner: ParticipantId, address: str, clock: Clock
) -> None:
    equip(say, miner)
    say(said(miner, address, coin=3 * COIN))
    clock.at = LAST_SECOND + A_SECOND
    months = [MAY, JUNE, JULY]
    killed = 0
    for at in range(1, 10_000):
        points = Points(at, kill)
        breaking = cast("Connection", Database(house.db, points))
        with suppress(Killed):
            find(replace(house, db=breaking), months)
        if not points.came:
            break
        killed += 1
    assert killed > 50
    assert find(house, months) == 0
    for register, count in ((BREACHES, 8), (REVIEWS, 2)):
        assert len(stored.versions(house.db, register)) == count
        assert len(records.known(house, register)) == count


# Reviews.


def test_an_honest_month_raises_nothing(
    house: House, say: Say, miner: ParticipantId, address: str
) -> None:
    equip(say, miner)
    say(said(miner, address))
    find(house, [JULY])
    assert reviews(house) == set()
    found = of(house, miner)
    assert found.judged is not None
    assert [one.code for one in found.judged.unjudged] == ["mining.not-comparable"]
    assert found.differs is None


@pytest.mark.parametrize(
    ("coin", "used", "expected"),
    [
        (COIN * 112 // 100, KWH, {Ground.MORE_THAN_LIKELY}),
        (COIN // 2, KWH * 6 // 10, {Ground.LESS_THAN_LIKELY}),
        (COIN, KWH // 2, {Ground.MORE_THAN_ENERGY}),
        (COIN, KWH * 3, {Ground.LESS_THAN_ENERGY}),
        (COIN * 4, KWH, {Ground.MORE_THAN_LIKELY, Ground.MORE_THAN_ENERGY}),
    ],
)
def test_what_does_not_bear_out_is_reviewed_by_its_ground(
    house: House,
    say: Say,
    miner: ParticipantId,
    address: str,
    coin: int,
    used: int,
    expected: set[Ground],
) -> None:
    equip(say, miner, used)
    say(said(miner, address, coin=coin))
    find(house, [JULY])
    assert reviews(house) == expected
    assert {one.code for one in of(house, miner).reviews} == expected
    assert {one.month for one in of(house, miner).reviews} == {JULY}


def test_without_difficulty_a_month_is_not_judged_and_says_from_when(
    house: House, say: Say, miner: ParticipantId, address: str
) -> None:
    say(site("A", miner), machine("S-1", "A", miner), epoch(JUNE))
    say(said(miner, address, coin=9 * COIN))
    find(house, [JULY])
    assert reviews(house) == set()
    judged = of(house, miner).judged
    assert judged is not None
    first = judged.unjudged[0]
    assert first.code == "mining.difficulty-unknown"
    assert "no difficulty recorded from 2026-07-01T00:00:00Z" in first.detail
    say(epoch(JULY))  # it becomes known, and is judged
    find(house, [JULY])
    assert reviews(house) == {Ground.MORE_THAN_LIKELY}
    judged = of(house, miner).judged
    assert judged is not None
    assert "mining.month-unmeasured" in {one.code for one in judged.unjudged}


def test_a_miners_return_is_compared_with_its_operators(
    house: House, say: Say, miner: ParticipantId, operator: ParticipantId, address: str
) -> None:
    host(say, miner, operator)
    say(said(miner, address))
    found = of(house, miner)
    assert found.judged is not None
    assert {one.code for one in found.judged.unjudged} == {
        *("mining.month-unmeasured", "mining.not-comparable")
    }
    state(say, operator, miner)
    find(house, [JULY])
    assert reviews(house) == set()
    assert of(house, miner).judged == Assessment((), ())
    say(OperatorMiner(operator, JULY, miner, COIN - 5, KWH - 7))
    find(house, [JULY])
    assert reviews(house) == {Ground.RETURNS_DIFFER}
    differs = of(house, miner).differs
    assert differs == Figures(5, 7)
    say(OperatorMiner(operator, JULY, miner, COIN - 5, KWH + 1))  # more than the whole return
    assert of(house, miner).differs is None


def test_an_operators_figures_count_once_its_return_is_whole_and_where_it_has_all(
    house: House, say: Say, miner: ParticipantId, operator: ParticipantId, address: str
) -> None:
    host(say, miner, operator)
    say(said(miner, address))
    say(OperatorMiner(operator, JULY, miner, 1, KWH))
    find(house, [JULY])
    assert reviews(house) == set()
    state(say, operator, miner, coin=1)
    say(site("A", miner), machine("S-2", "A", miner))  # it mines at a site of its own, too
    found = of(house, miner)
    assert found.judged is not None
    (why,) = [one for one in found.judged.unjudged if one.code == "mining.not-comparable"]
    assert "at sites of its own" in why.detail


def test_hours_that_an_operator_states_are_what_a_machine_ran(
    house: House, say: Say, miner: ParticipantId, operator: ParticipantId, address: str
) -> None:
    """Half the hours, half the coin: without the hours it would be too little."""
    host(say, miner, operator)
    say(said(miner, address, coin=COIN // 2, energy=KWH // 2))
    judged = of(house, miner).judged
    assert judged is not None
    assert [one.code for one in judged.outliers] == [Ground.LESS_THAN_LIKELY]
    state(say, operator, miner, COIN // 2, KWH // 2)
    say(OperatorMachine(operator, JULY, "Hashworks", "S-1", 372_00))
    assert of(house, miner).judged == Assessment((), ())


def test_a_review_is_open_until_its_outcome_and_raised_again_for_other_figures(
    house: House, say: Say, codes: Codes, miner: ParticipantId, address: str, clock: Clock
) -> None:
    equip(say, miner, 2 * KWH)
    say(said(miner, address, coin=2 * COIN))
    outcome = ReviewOutcome(
        miner, JULY, str(Ground.MORE_THAN_LIKELY), "explained", "two months at once", house.today
    )
    assert codes(outcome) == ["mining.review-unknown"]
    find(house, [JULY])
    assert [one.code for one in of(house, miner).reviews] == [Ground.MORE_THAN_LIKELY]
    for day in (house.today + timedelta(1), house.today - timedelta(1)):
        assert codes(replace(outcome, decided_on=day)) == ["mining.outcome-early"]
    assert codes(replace(outcome, month=JUNE)) == ["mining.review-unknown"]
    say(outcome)
    assert of(house, miner).reviews == ()
    assert find(house, [JULY]) == 0  # explained it stays, with these figures
    clock.forward(minutes=1)
    say(said(miner, address, coin=2 * COIN + 1))
    assert find(house, [JULY]) == 1
    assert [one.code for one in of(house, miner).reviews] == [Ground.MORE_THAN_LIKELY]
    say(said(miner, address))
    assert find(house, [JULY]) == 0
    assert len(of(house, miner).reviews) == 1  # it is for people to say that it was corrected
    say(replace(outcome, outcome="corrected", said="mended"))
    assert of(house, miner).reviews == ()


# The worker.


def test_the_worker_finds_the_last_year_once_each(
    house: House, say: Say, miner: ParticipantId, address: str, clock: Clock, tmp_path: Path
) -> None:
    equip(say, miner)
    say(said(miner, address, coin=3 * COIN))
    clock.at = LAST_SECOND
    place = Place(house, tmp_path / "outbox")
    work(place)
    before = {one.about for one in breaches(house, miner)}
    assert before == {f"miner_return 2026-{month:02}" for month in (3, 4, 5, 6)}
    assert len(records.known(house, REVIEWS)) == 2
    for _ in range(3):
        clock.forward(days=1)
        work(place)
    assert {one.about for one in breaches(house, miner)} == before
    assert len(records.known(house, BREACHES)) == 3 * 4 + 2
    notices_of = sorted((tmp_path / "outbox" / miner).iterdir())
    assert len(notices_of) == 4
    assert all("mining.return-late" in one.read_text() for one in notices_of)


def test_the_months_looked_at_are_the_last_that_are_over() -> None:
    assert months_back(date(2026, 3, 31), 3) == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]
    assert len(months_back(date(2026, 3, 1))) == 12


def test_a_review_is_not_told_to_whom_it_is_about(
    house: House, say: Say, miner: ParticipantId, address: str, tmp_path: Path
) -> None:
    equip(say, miner)
    say(said(miner, address, coin=3 * COIN))
    find(house, [JULY])
    assert reviews(house)
    while notices.deliver(house, tmp_path / "outbox"):
        pass
    assert not (tmp_path / "outbox" / miner).exists()


# Many at once.


def test_the_house_finds_the_cheats_among_its_miners(
    house: House, say: Say, admitted: Country, clock: Clock
) -> None:
    """Six of them state twice or half of what they mined; the step is taken three times."""
    dice = Random(8)
    traders = [one for one in admitted.traders if one.residence == "XA"]
    clock.at = datetime(2026, 7, 31, tzinfo=UTC)
    for one in traders:
        licence(house, one.id, Class.MINER)
    clock.at = datetime(2026, 8, 20, 12, tzinfo=UTC)
    firms = [*admitted.miners, *traders]
    states = {one.id: dice.choice([Fraction(2), Fraction(1, 2)]) for one in dice.sample(firms, 6)}
    say(epoch(JULY))
    for number, firm in enumerate(firms):
        name, at = f"N-{number}", firm.wallet.address
        own_wallet(house, firm.id, at)
        mined = COIN * dice.randrange(960, 1020) // 1000  # a pool pays a little less, or more
        shown = [MeterReading(name, JULY, 0), MeterReading(name, AUGUST, KWH)]
        say(site(name, firm.id), meter(name, name), machine(name, name, firm.id), *shown)
        say(said(firm.id, at, coin=int(mined * states.get(firm.id, Fraction(1)))))
    for _ in range(3):
        find(house, [JULY])
    raised = records.known(house, REVIEWS)
    assert {one.participant for one in raised} == states.keys()
    assert len(firms) == 13
    assert len(stored.versions(house.db, REVIEWS)) == len(raised)


# In a founded house.


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path / "house") as made:
        yield made


def test_a_review_and_a_breach_bar_nobody(market: Market) -> None:
    """The gate says the same of a party, by the same findings, whatever was found of its mining."""
    house, who = market.house, market.firm("A").id
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["clear"]
    before = market.decisions(id)[-1].findings
    now = house.now()
    several = [Review(who, date(2026, 2, 1), str(code), "figures", now) for code in Ground]
    found = replace(breach(who), due_at=now - timedelta(days=1), found_at=now)
    with house.db.transaction():
        facts = [*map(REVIEWS.entered, several), BREACHES.entered(found)]
        record(house.db, facts, now, now)
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    assert market.decisions(id)[-1].findings == before
    (other,) = market.trade("A>b 101.00")
    assert market.verdicts(other) == ["clear"]


def test_the_participants_own_people_file_its_return_and_compliance_the_network(
    market: Market, tmp_path: Path
) -> None:
    house, tara, desk = market.house, Hand.of("Tara"), tmp_path / "desk"
    desk.mkdir()
    market.clock.at = datetime(2026, 3, 20, 12, tzinfo=UTC)
    enrol(house, tara, Role.TRADER)
    miner, another = (one.id for one in market.people.miners[:2])
    enter(house, desk, Representative(miner, tara.person, house.today))
    february = date(2026, 2, 1)
    own = entering(house, desk, MinerReturn(miner, february, 0, 0, False))
    theirs = entering(house, desk, MinerReturn(another, february, 0, 0, False))
    network = entering(house, desk, epoch(february))
    for order in (theirs, network):
        with pytest.raises(Coded) as refused:
            tara.order(house, order)
        assert refused.value.code == "record.not-theirs"
    tara.order(house, own)
    BELA.order(house, network)
    assert [one.miner for one in records.known(house, MINER_RETURNS)] == [miner]
    assert records.known(house, EPOCHS) == [epoch(february)]


def test_what_the_house_finds_is_no_file_of_anybodys(market: Market, tmp_path: Path) -> None:
    house, who = market.house, market.firm("A").id
    for one in (breach(who), Review(who, JULY, str(Ground.RETURNS_DIFFER), "x", house.now())):
        with pytest.raises(Coded) as refused:
            entering(house, tmp_path, one)
        assert refused.value.code == "record.not-filed"
