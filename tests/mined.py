"""Mining in tests: sites, meters, readings, machines and accounts, and what they stand on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st
from tests.admitted import firm_of, let_in, licence_of

from clearhouse.core import ids
from clearhouse.core.ids import ParticipantId
from clearhouse.core.investment import Investment
from clearhouse.core.mining.records import (
    METERS,
    SITES,
    Machine,
    Meter,
    MeterReading,
    PoolAccount,
    Site,
)
from clearhouse.core.money import UNITS_MAX
from clearhouse.core.record import WHOLE_MAX
from clearhouse.core.rulebook import Class
from clearhouse.operations.house import House
from clearhouse.store import records, registers

YEAR = date(2026, 1, 1)
REGISTER = "Norland Energy Authority"  # of miners, operators and individuals
LINK = "https://pool.example/watch?token=17"


def site_id(name: str) -> str:
    return ids.derived("sit", name)


def site(name: str, holder: ParticipantId, region: str = "XA-SOUTH", **more: Any) -> Site:
    usual: dict[str, Any] = {"power": "grid", "isolated": False, "since": YEAR}
    return Site(site_id(name), holder, region, **(usual | more))


def meter(serial: str, at: str, since: date = YEAR, until: date | None = None) -> Meter:
    return Meter(serial, site_id(at), since, until)


def machine(serial: str, at: str, miner: ParticipantId, **more: Any) -> Machine:
    about = ("Hashworks", "H21", serial, "SHA-256", 200_000, 1750, site_id(at), miner)
    return Machine(*about, more.pop("since", YEAR), **more)


def account(miner: ParticipantId, pool: str = "Boreal Pool", **more: Any) -> PoolAccount:
    usual: dict[str, Any] = {"observer": LINK, "since": YEAR}
    return PoolAccount(miner, pool, **(usual | more))


def licence(house: House, who: ParticipantId, *classes: Class, since: date = YEAR) -> None:
    """Enter somebody in a register of the mining authority, for a year and a day."""
    until = date(since.year + 1, 1, 1)
    let_in(house, *(licence_of(who, str(one), REGISTER, since, until) for one in classes))


def admit(house: House, who: ParticipantId) -> None:
    """Admit a bank."""
    let_in(house, firm_of(who, "Northern Bank"))
    licence(house, who, Class.BANK)


def of_mining(party: ParticipantId) -> list[Any]:
    """A record of each register of mining, each resting on those before it."""
    return [
        site("A", party),
        meter("M-1", "A"),
        MeterReading("M-1", date(2026, 1, 2), 1_000_00),
        machine("S-1", "A", party),
        account(party),
    ]


def ground(house: House, one: Any) -> list[Any]:
    """Of what a record of mining rests on, what is not there yet; and its licence is entered."""
    match one:
        case Site(holder=who) | Machine(miner=who) | PoolAccount(miner=who):
            licences = registers.participants(house.db, [who])[who].licences
            if not any(each.licence_class is Class.MINER for each in licences):
                licence(house, who, Class.MINER)
        case Investment(intermediary=who) if not registers.participants(house.db, [who]):
            admit(house, who)
        case MeterReading() if not records.current(house.db, METERS, "serial", [one.meter]):
            return [meter(one.meter, "A")]
        case _:
            pass
    if isinstance(one, Meter | Machine) and not records.current(
        house.db, SITES, "site", [one.site]
    ):
        somebody = min(registers.participants(house.db))
        return [replace(site("A", somebody), site=one.site)]
    return []


# What the database takes, among few keys.

DAYS = st.sampled_from([date(2026, 1, 1), date(2026, 1, 2)])
SITE_IDS = st.sampled_from([site_id("A"), site_id("B")])
SERIALS = st.sampled_from(["M-1", "Łódź \\ & 'Søn'"])
NUMBERS = st.sampled_from([1, 200_000, WHOLE_MAX])


@st.composite
def spans(draw: st.DrawFn) -> tuple[date, date | None]:
    since = draw(DAYS)
    return since, draw(st.none() | st.dates(since, date(2026, 2, 1)))


def kinds(
    firms: st.SearchStrategy[ParticipantId], texts: st.SearchStrategy[str]
) -> Mapping[str, st.SearchStrategy[Any]]:
    """Records of each register of mining, of firms that are admitted."""
    powers = st.sampled_from([("grid", False), ("surplus", False), ("own", False), ("own", True)])
    return {
        "site": st.builds(
            lambda at, who, where, power, span: Site(at, who, where, *power, *span),
            *(SITE_IDS, firms, st.sampled_from(["XA-NORTH", "XA-SOUTH"]), powers, spans()),
        ),
        "meter": st.builds(
            lambda serial, at, span: Meter(serial, at, *span), SERIALS, SITE_IDS, spans()
        ),
        "reading": st.builds(
            MeterReading, SERIALS, DAYS, st.sampled_from([0, 7, UNITS_MAX]), st.booleans()
        ),
        "machine": st.builds(
            lambda maker, model, serial, rate, joules, at, who, span: Machine(
                maker, model, serial, "SHA-256", rate, joules, at, who, *span
            ),
            *(st.just("Maker"), texts, SERIALS, NUMBERS, NUMBERS, SITE_IDS, firms, spans()),
        ),
        "pool_account": st.builds(
            lambda who, pool, link, span: PoolAccount(who, pool, link, *span),
            *(firms, st.sampled_from(["Pool", "Łódź"]), st.just(LINK) | texts, spans()),
        ),
    }
