"""Records of mining: sites, their meters and what these showed, machines, accounts with pools.

A site is where power becomes hashes: somebody's, in a region that the law knows, with one kind of
power. Meters and machines are at a site from a day on; each is at one site a day, so that whoever
moves one ends the record of where it was. A reading is known by its meter and day: said anew it is
corrected, and whoever enters it is told of the difference.

Units: registers in hundredths of a kWh; hash rates in GH/s, which are thousandths of a TH/s; what a
machine takes in hundredths of a joule for 10^12 hashes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ParticipantId
from clearhouse.core.mining import meters
from clearhouse.core.mining.meters import KWH_DECIMALS, SERIAL_LENGTH_MAX
from clearhouse.core.record import Decimals, OneOf, Register, dates_wrong
from clearhouse.core.rulebook.vocabulary import WORDS

SITE = "sit"
REGION_FORM = re.compile(r"[A-Z]{2}-[A-Z0-9]+(-[A-Z0-9]+)*", re.ASCII)
OWN_POWER = "own"
HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
LINK_FORM = re.compile(rf"https://{HOST}(?::[0-9]{{1,5}})?(?:[/?#]\S*)?", re.ASCII)
ALGORITHMS = ("SHA-256",)


class SiteWrong(Refusal):
    """A site is known by an id that begins with sit_, and lies in a region."""

    code = "mining.site-wrong"
    kind = Kind.MALFORMED


class IsolatedWrong(Refusal):
    """A site is said to be apart from the grid, and takes power that is not its own."""

    code = "mining.isolated-wrong"
    kind = Kind.MALFORMED


class SerialWrong(Refusal):
    """A meter's or machine's serial number is too long."""

    code = "mining.serial-wrong"
    kind = Kind.MALFORMED


class MachineWrong(Refusal):
    """A machine finds no hashes, or takes no power to find them."""

    code = "mining.machine-wrong"
    kind = Kind.MALFORMED


class ObserverWrong(Refusal):
    """A pool's page for observers is no link of https."""

    code = "mining.observer-wrong"
    kind = Kind.MALFORMED


class NotRegistered(Refusal):
    """A site, a machine or mined coin is said to be of somebody who is not registered for it."""

    code = "mining.not-registered"
    kind = Kind.FORBIDDEN


class RegionUnknown(Refusal):
    """A site lies in a region that the law does not know."""

    code = "mining.region-unknown"
    kind = Kind.UNKNOWN


class SiteUnknown(Refusal):
    """A meter or a machine is said to be at a site that is not recorded for that day."""

    code = "mining.site-unknown"
    kind = Kind.UNKNOWN


class MeterUnknown(Refusal):
    """A reading is of a meter that is at no site on that day."""

    code = "mining.meter-unknown"
    kind = Kind.UNKNOWN


class MeterElsewhere(Refusal):
    """A meter is said to be at two sites on one day."""

    code = "mining.meter-elsewhere"
    kind = Kind.CONFLICT


class MachineElsewhere(Refusal):
    """A machine is said to be at two sites on one day."""

    code = "mining.machine-elsewhere"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Site:
    """A place where somebody mines, or lets others mine."""

    site: str  # its id
    holder: ParticipantId  # the miner, or the operator of its infrastructure
    region: str
    power: Annotated[str, OneOf(tuple(WORDS["power"]))]
    isolated: bool  # from its own generation, apart from the grid
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        form = ID_FORM.fullmatch(self.site)
        if form is None or form["prefix"] != SITE:
            yield SiteWrong(f"site: {self.site[:40]!r}: an id that begins with {SITE}_")
        if not REGION_FORM.fullmatch(self.region):
            yield SiteWrong(f"region: {self.region[:40]!r}: its jurisdiction and it, as XA-NORTH")
        if self.isolated and self.power != OWN_POWER:
            yield IsolatedWrong(f"isolated generation is power of its own, not of {self.power}")


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter, and the site at which it counts."""

    serial: str
    site: str
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        yield from serial_wrong(self.serial)


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What a meter's register showed at the beginning of a day."""

    meter: str  # its serial
    read_on: date
    register: Annotated[int, Decimals(KWH_DECIMALS, "kWh")]
    begins: bool = False  # it counts from another number from here on

    def counted(self) -> meters.Reading:
        """The reading, as months are measured by it.

        Raises:
            ReadingWrong: No meter has such a serial, or can show so much.
        """
        return meters.Reading(self.read_on, self.meter, self.register, self.begins)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        try:
            self.counted()
        except meters.ReadingWrong as wrong:
            yield wrong


@dataclass(frozen=True, slots=True)
class Machine:
    """Equipment that mines: what it is, where it is, and for whom."""

    maker: str
    model: str
    serial: str
    algorithm: Annotated[str, OneOf(ALGORITHMS)]
    hash_rate: Annotated[int, Decimals(3, "TH/s")]  # GH/s
    joules_per_terahash: Annotated[int, Decimals(2, "J/TH")]  # hundredths of a joule
    site: str
    miner: ParticipantId
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        yield from serial_wrong(self.serial)
        for column in ("hash_rate", "joules_per_terahash"):
            if not getattr(self, column):
                yield MachineWrong(f"{column}: above 0, as its maker states it")


@dataclass(frozen=True, slots=True)
class PoolAccount:
    """A miner's account with a pool, and the page on which an authority can follow it."""

    miner: ParticipantId
    pool: str  # its name
    observer: str  # the link
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        if not LINK_FORM.fullmatch(self.observer):
            yield ObserverWrong(f"{self.observer[:40]!r}: write it as https://pool.example/...")


def serial_wrong(serial: str) -> Iterable[Refusal]:
    """What is wrong with a serial number, if something is."""
    if len(serial) > SERIAL_LENGTH_MAX:
        yield SerialWrong(f"serial: {len(serial)} characters; at most {SERIAL_LENGTH_MAX}")


SITES = Register(
    "site", Site, "a place where somebody mines, or lets others mine", ("site", "since"), "holder"
)
METERS = Register(
    "meter", Meter, "a meter, and the site at which it counts", ("serial", "since"), "site"
)
READINGS = Register(
    "reading",
    MeterReading,
    "what a meter's register showed at the beginning of a day",
    ("meter", "read_on", "begins"),
    "meter",
)
MACHINES = Register(
    "machine",
    Machine,
    "equipment that mines: what it is, where it is, and for whom",
    ("maker", "serial", "since"),
    "miner",
)
POOL_ACCOUNTS = Register(
    "pool_account",
    PoolAccount,
    "a miner's account with a pool",
    ("miner", "pool", "since"),
    "miner",
    restricted=frozenset({"observer"}),
)
