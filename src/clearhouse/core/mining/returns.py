"""Returns: what a miner, and the operator of its infrastructure, state of a month.

A return is of a month, known by its first day, and may be filed once the month is over; filed again
it is corrected, and what was said before stays. A miner states coin, energy and the addresses that
received the coin. An operator states its return in parts, a register for each: tariffs, machines
and miners; and then, in `operator_return`, what the parts come to. So its return is filed when it
is whole.

What is mined depends on the network: an `Epoch` says how hard it was to find a block between two
instants, and what a block brought. Difficulty does not change within an epoch; the reward is the
mean over it, fees included, so it is known when the epoch is over.

Units: coin in satoshi, energy in hundredths of a kWh, hours in hundredths, prices in millionths of
a currency's unit for a kWh, difficulty in hundredths of what nodes show.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated

from clearhouse.core.address import NETWORKS
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import KWH_DECIMALS, days_of_month
from clearhouse.core.mining.plausibility import BITCOIN_DECIMALS
from clearhouse.core.mining.records import LINK_FORM, ObserverWrong, serial_wrong
from clearhouse.core.record import Decimals, OneOf, Register, Way
from clearhouse.core.rulebook import Rule, Rulebook

HOURS_DECIMALS = 2
PRICE_DECIMALS = 6
DIFFICULTY_DECIMALS = 2


class MonthWrong(Refusal):
    """A return is of no month: a month is written by its first day."""

    code = "mining.month-wrong"
    kind = Kind.MALFORMED


class ReturnEarly(Refusal):
    """A return is of a month that is not over."""

    code = "mining.return-early"
    kind = Kind.FORBIDDEN


class AddressesMissing(Refusal):
    """A return states coin, and no address that received it."""

    code = "mining.addresses-missing"
    kind = Kind.MALFORMED


class AddressNotCanonical(Refusal):
    """An address in a return is right, and not in the one form in which it is recorded."""

    code = "mining.address-not-canonical"
    kind = Kind.MALFORMED


class AddressUnproven(Refusal):
    """An address in a return is not proven to be a wallet for mining of the miner's own."""

    code = "mining.address-unproven"
    kind = Kind.FORBIDDEN


class AddressOfAnother(Refusal):
    """An address in a return is another participant's."""

    code = "mining.address-of-another"
    kind = Kind.CONFLICT


class MachineUnknown(Refusal):
    """A return names a machine that was at none of the operator's sites in that month."""

    code = "mining.machine-unknown"
    kind = Kind.UNKNOWN


class HoursWrong(Refusal):
    """A machine is said to have run for longer than it was there in that month."""

    code = "mining.hours-wrong"
    kind = Kind.MALFORMED


class MinerElsewhere(Refusal):
    """A return names a miner who had no machine at the operator's sites in that month."""

    code = "mining.miner-elsewhere"
    kind = Kind.UNKNOWN


class ReturnIncomplete(Refusal):
    """An operator's return and its parts do not come to the same."""

    code = "mining.return-incomplete"
    kind = Kind.CONFLICT


class EpochWrong(Refusal):
    """An epoch ends before it begins, or has no difficulty or reward."""

    code = "mining.epoch-wrong"
    kind = Kind.MALFORMED


class EpochEarly(Refusal):
    """An epoch is not over: what its blocks bring is not known yet."""

    code = "mining.epoch-early"
    kind = Kind.FORBIDDEN


class EpochOverlaps(Refusal):
    """Two epochs say how hard it was at the same time."""

    code = "mining.epoch-overlaps"
    kind = Kind.CONFLICT


def return_due_at(rule: Rule, month: date, law: Rulebook) -> datetime:
    """The instant, in UTC, by which a return of a month is filed.

    Zone, calendar and day are those of the law that asks for it, which is that of the residence or
    of an attached jurisdiction; from a day that is not worked it rolls, if the law says so.

    Args:
        rule: One of `law.returns`.
        month: Its first day.
    """
    assert rule.deadline is not None
    noon = datetime.combine(days_of_month(month)[-1], time(12), UTC)  # in that month everywhere
    return rule.deadline.falls(noon, law.jurisdictions[rule.head.jurisdiction].calendar)


def _month_wrong(month: date) -> Iterable[Refusal]:
    if month.day != 1:
        yield MonthWrong(f"month: {month}: write it by its first day, {month.replace(day=1)}")
    elif (month.year, month.month) == (date.max.year, date.max.month):
        yield MonthWrong(f"month: {month}: no month comes after it")


@dataclass(frozen=True, slots=True)
class MinerReturn:
    """What a miner states of a month."""

    miner: ParticipantId
    month: date  # its first day
    coin: Annotated[int, Decimals(BITCOIN_DECIMALS, "BTC")]  # received
    energy: Annotated[int, Decimals(KWH_DECIMALS, "kWh")]
    pooled: bool  # a pool evens out luck
    addresses: tuple[str, ...] = ()  # that received the coin

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _month_wrong(self.month)
        if self.coin and not self.addresses:
            yield AddressesMissing("addresses: coin was received, and nothing says where")


@dataclass(frozen=True, slots=True)
class OperatorReturn:
    """What the parts of an operator's return come to; filed after them, it is their seal."""

    operator: ParticipantId
    month: date
    energy: Annotated[int, Decimals(KWH_DECIMALS, "kWh")]  # of all tariffs together
    miners: int  # how many it states something of

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return _month_wrong(self.month)


@dataclass(frozen=True, slots=True)
class OperatorMiner:
    """What an operator states of a miner whose machines it runs."""

    operator: ParticipantId
    month: date
    miner: ParticipantId
    coin: Annotated[int, Decimals(BITCOIN_DECIMALS, "BTC")]
    energy: Annotated[int, Decimals(KWH_DECIMALS, "kWh")]
    pool: str = ""  # its name; none if it mines alone
    observer: str = ""  # the link by which an authority follows it

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _month_wrong(self.month)
        if self.observer and not LINK_FORM.fullmatch(self.observer):
            yield ObserverWrong(f"{self.observer[:40]!r}: write it as https://pool.example/...")


@dataclass(frozen=True, slots=True)
class OperatorTariff:
    """How much energy an operator took at a tariff, and at what price."""

    operator: ParticipantId
    month: date
    tariff: str
    energy: Annotated[int, Decimals(KWH_DECIMALS, "kWh")]
    price: Annotated[int, Decimals(PRICE_DECIMALS, "the currency's unit for a kWh")]
    currency: str

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return _month_wrong(self.month)


@dataclass(frozen=True, slots=True)
class OperatorMachine:
    """For how long a machine at an operator's site ran; what it is, register `machine` says."""

    operator: ParticipantId
    month: date
    maker: str
    serial: str
    hours: Annotated[int, Decimals(HOURS_DECIMALS, "hours")]

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _month_wrong(self.month)
        yield from serial_wrong(self.serial)


@dataclass(frozen=True, slots=True)
class Epoch:
    """How hard it was to find a block between two instants, and what one brought."""

    network: Annotated[str, OneOf(tuple(NETWORKS))]
    begins_at: datetime
    ends_at: datetime  # the first instant of the next one
    difficulty: Annotated[int, Decimals(DIFFICULTY_DECIMALS)]
    reward: Annotated[int, Decimals(BITCOIN_DECIMALS, "BTC")]  # a block: subsidy and mean fees
    source: str  # who says so

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        if self.ends_at <= self.begins_at:
            yield EpochWrong("it ends after it begins")
        for column in ("difficulty", "reward"):
            if not getattr(self, column):
                yield EpochWrong(f"{column}: above 0")


MINER_RETURNS = Register(
    "miner_return",
    MinerReturn,
    "what a miner states of a month",
    ("miner", "month"),
    "miner",
    restricted=frozenset({"addresses"}),
    way=Way.FILED,
    is_own=True,
)
OPERATOR_RETURNS = Register(
    "operator_return",
    OperatorReturn,
    "what the parts of an operator's return of a month come to",
    ("operator", "month"),
    "operator",
    way=Way.FILED,
    is_own=True,
)
OPERATOR_MINERS = Register(
    "operator_miner",
    OperatorMiner,
    "what an operator states of a miner and a month",
    ("operator", "month", "miner"),
    "operator",
    restricted=frozenset({"observer"}),
    way=Way.FILED,
    is_own=True,
)
OPERATOR_TARIFFS = Register(
    "operator_tariff",
    OperatorTariff,
    "the energy that an operator took at a tariff in a month",
    ("operator", "month", "tariff"),
    "operator",
    way=Way.FILED,
    is_own=True,
)
OPERATOR_MACHINES = Register(
    "operator_machine",
    OperatorMachine,
    "for how long a machine at an operator's site ran in a month",
    ("operator", "month", "maker", "serial"),
    "operator",
    way=Way.FILED,
    is_own=True,
)
EPOCHS = Register(
    "epoch",
    Epoch,
    "how hard it was to find a block between two instants, and what one brought",
    ("network", "begins_at"),
    "network",
    way=Way.FILED,
)
