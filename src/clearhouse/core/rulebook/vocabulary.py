"""What rules may speak of: facts with their types, words with their meanings, standards.

A condition reads facts by these names and no others. A fact that may be missing is `optional`:
where it is not known, a rule that depends on it is not known either, and the payment is held. A
fact that is `daily` is looked up on the day at which the law is looked at: the trade date and the
settlement date.

Words come in vocabularies, each of at most 64, so that a set of them is one machine word. The
codes of a vocabulary are the places of its words; `jurisdiction`, `region` and `programme` are
those that the files of a rulebook make.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

EPOCH = date(1970, 1, 1).toordinal()
NOWHERE = "--"  # a place of which the rulebook has no law
TOTAL_MAX = 4 * 10**18  # what a window's total is capped at: twice as much leaves 64 bits


class Sort(StrEnum):
    """What kind of thing a value is."""

    TRUTH = "truth"
    WHOLE = "whole number"
    AMOUNT = "amount"  # of a currency, in minor units
    QUANTITY = "quantity"  # of a unit
    DAY = "day"
    TEXT = "text"  # of a vocabulary
    SET = "set"  # of texts of a vocabulary


@dataclass(frozen=True, slots=True)
class Type:
    """A sort, and the currency, unit or vocabulary it is of."""

    sort: Sort
    of: str = ""

    def __str__(self) -> str:
        return f"{self.sort} of {self.of}" if self.of else str(self.sort)


class Class(StrEnum):
    """What a licence lets its holder be."""

    EXPORTER = "exporter"
    IMPORTER = "importer"
    BANK = "bank"
    PLATFORM = "platform"  # a licensed trading platform for digital assets
    MINER = "miner"  # entered in the register of miners
    OPERATOR = "operator"  # of mining infrastructure, entered in a register of its own
    AUTHORITY = "authority"  # supervises; never a party to an obligation
    INDIVIDUAL = "individual"
    INVESTOR = "investor"
    QUALIFIED_INVESTOR = "qualified-investor"


TRUTH, WHOLE, DAY = Type(Sort.TRUTH), Type(Sort.WHOLE), Type(Sort.DAY)

# Currencies in which rules may set limits, and the decimals of their minor units.
CURRENCIES: Mapping[str, int] = MappingProxyType({"BTC": 8, "EUR": 2, "USD": 2})
# Units of parameters that are plain numbers in a condition, and of those that are not.
PLAIN_UNITS = frozenset({"count", "percent", "per mille", "month-day"})
QUANTITIES: Mapping[str, int] = MappingProxyType({"kWh": 2, "hours": 0, "days": 0})

# Of what is shipped, what is a country's, and what a location's.
COUNTRY_ENDS, LOCATION_ENDS = ("origin", "destination", "flag"), ("loading", "discharge")
ENDS = (*COUNTRY_ENDS, *LOCATION_ENDS)

# What is filed with the house each month: the registers of these names.
RETURNS = ("miner_return", "operator_return")

WORDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "class": tuple(Class),
        "asset": (
            "coin",  # without an issuer, on a public chain: bitcoin
            "home-stablecoin",  # of one currency, its issuer licensed where the party resides
            "foreign-stablecoin",
            "asset-token",
            "anonymous-token",  # hides who pays whom: no law can let it in, see CORE
        ),
        "transaction": (
            "trade",  # settles a contract of foreign trade
            "domestic",  # pays for goods or services between residents of one jurisdiction
            "transfer",  # moves a party's digital assets to or from a wallet
            "mining",  # a month of it
            "sale",  # of what was mined
            "investment",
            "offer",  # to the public, advertising included
        ),
        "wallet": ("hosted", "self-hosted"),
        "power": ("grid", "surplus", "own"),
        "origin": ("mined", "platform", "trade", "unexplained", "mixed"),
        "currency": tuple(CURRENCIES),
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a condition may read."""

    type: Type
    meaning: str
    low: int = 0
    high: int = 1
    optional: bool = False
    daily: bool = False


def _text(vocabulary: str, meaning: str, *, optional: bool = False) -> Fact:
    return Fact(Type(Sort.TEXT, vocabulary), meaning, optional=optional)


def _truth(meaning: str) -> Fact:
    return Fact(TRUTH, meaning, optional=True)


# Of each party: read as party.NAME and other.NAME by a rule about one side, and as debtor.NAME and
# creditor.NAME by every rule.
OF_PARTY: Mapping[str, Fact] = MappingProxyType(
    {
        "residence": _text("jurisdiction", "where it resides"),
        "jurisdictions": Fact(
            Type(Sort.SET, "jurisdiction"),
            "where it resides, is incorporated, has its owners and its platform",
        ),
        "licences": Fact(Type(Sort.SET, "class"), "the classes it is licensed as", daily=True),
        "record_complete": _truth("the Travel Rule's record on it is complete"),
        "wallet": _text("wallet", "who holds the keys of its wallet", optional=True),
        "wallet_proven": _truth("the wallet is proven to be its own"),
        "tested": _truth("it passed the test for investors"),
        "power": _text("power", "what it mines from", optional=True),
        "isolated": _truth("it mines from its own generation, apart from the grid"),
        # Laws from before regions had names read this; they must stay readable.
        "banned_region": _truth("it mines where mining is banned on that day"),
        "regions": Fact(
            Type(Sort.SET, "region"), "where it mines on that day", optional=True, daily=True
        ),
        "energy": Fact(
            Type(Sort.QUANTITY, "kWh"), "what it mined with, that month", 0, 10**15, optional=True
        ),
        "mined": Fact(
            Type(Sort.AMOUNT, "BTC"), "what it mined, that month", 0, 21 * 10**14, optional=True
        ),
        "sold_on_platforms": Fact(
            Type(Sort.AMOUNT, "BTC"), "what of it platforms sold", 0, 21 * 10**14, optional=True
        ),
    }
)
PARTIES = ("debtor", "creditor")

# Of the whole payment.
OF_MATTER: Mapping[str, Fact] = MappingProxyType(
    {
        "transaction": _text("transaction", "what the payment is for"),
        "asset": _text("asset", "what it is settled in"),
        "invoiced_in": _text("currency", "what it is owed in"),
        "delivered_in": _text("jurisdiction", "where goods are delivered", optional=True),
        "origin": _text("origin", "where the coins come from", optional=True),
        "contract_registered": _truth("the contract is registered with an authorised bank"),
        "programmes": Fact(
            Type(Sort.SET, "programme"), "the pilot regimes that it is under", daily=True
        ),
        "traded_on": Fact(DAY, "the trade date", 0, 10**5),
        "settles_on": Fact(DAY, "the settlement date", 0, 10**5),
        "on": Fact(DAY, "the day on which the law is looked at", 0, 10**5, daily=True),
        "month_day": Fact(WHOLE, "that day's month and day: 1115", 101, 1231, daily=True),
    }
)


@dataclass(frozen=True, slots=True)
class Standard:
    """A number that the house lives by, which law may only tighten.

    Several laws combine to the strictest, and the core's own bound is one of them.
    """

    unit: str
    at_most: bool  # the declared direction: less is stricter; else more is
    core: int  # no rulebook can be laxer
    least: int  # what a rule may say: below or above it is a slip of the pen
    most: int
    meaning: str

    def strictest(self, *bounds: int) -> int:
        """The bound that holds where several do."""
        return (min if self.at_most else max)((self.core, *bounds))

    def met_by(self, measured: int, bound: int) -> bool:
        """Whether what was measured keeps to a bound."""
        return measured <= bound if self.at_most else measured >= bound


STANDARDS: Mapping[str, Standard] = MappingProxyType(
    {
        "screening.list-age": Standard(
            "hours", True, 168, 0, 366 * 24, "a sanctions list older than this stops the gate"
        ),
        "screening.list-shrink": Standard(
            "per mille", True, 200, 0, 1000, "an edition that has lost more of a list is refused"
        ),
        "screening.review-score": Standard(
            "per mille", True, 760, 300, 1000, "names as alike as this are held for a person to see"
        ),
        "screening.ownership-share": Standard(
            "per mille", True, 500, 1, 1000, "owned so far by those listed, a party is denied"
        ),
        "screening.ownership-review": Standard(
            "per mille", True, 250, 0, 1000, "from this share on a person looks at listed owners"
        ),
        "screening.review-time": Standard(
            "business days", True, 10, 0, 366, "by then somebody must have decided on a hold"
        ),
        "onboarding.review-low": Standard(
            "days", True, 1096, 30, 3660, "by then a participant of low risk is looked at again"
        ),
        "onboarding.review-medium": Standard(
            "days", True, 731, 30, 3660, "by then a participant of medium risk is looked at again"
        ),
        "onboarding.review-high": Standard(
            "days", True, 366, 30, 3660, "by then a participant of high risk is looked at again"
        ),
        "cases.take-time": Standard(
            "business days", True, 1, 1, 10, "by then somebody has taken a case"
        ),
        "cases.report-time": Standard(
            "business days", True, 3, 1, 30, "by then an authority is told of a suspicion"
        ),
        "travel-rule.full-record-from": Standard(
            "EUR", True, 1_000_00, 0, 10**9, "transfers from this amount carry the full record"
        ),
        "travel-rule.revised-record-from": Standard(
            *("EUR", True, 10**9, 0, 10**9),
            "transfers from this amount carry the record of R.16 as revised in 2025",
        ),
        "finality.attacker": Standard(
            "per mille", False, 100, 0, 450, "the share of the hash rate an attacker may have"
        ),
        "finality.risk": Standard(
            "per million", True, 1000, 1, 10**6, "how likely such an attacker reverses a payment"
        ),
        "valuation.partitions": Standard(
            "of 12", False, 6, 0, 12, "with fewer parts of the hour traded in there is no rate"
        ),
        "settlement.pay-in-time": Standard(
            "hours", True, 120, 0, 366 * 24, "debit positions are paid in within this time"
        ),
        "wallets.proof-age": Standard(
            "days", True, 365, 1, 3660, "a proof that somebody holds an address is good for so long"
        ),
        "tax.below-quotation": Standard(
            "per mille", True, 200, 0, 1000, "mined coin is taxed at no less than so far below it"
        ),
        "records.kept": Standard("years", False, 5, 0, 100, "records are kept for this time"),
    }
)

# Subjects on which there must be an ALLOW: what no law opens is closed.
CORRIDOR, ADMISSION = "corridor", "admission"
SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        ADMISSION: "who may take part",
        CORRIDOR: "with whom payments are allowed",
        "assets": "what may be paid with",
        "caps": "how much",
        "contracts": "what a contract needs",
        "travel-rule": "who must be known of a transfer",
        "wallets": "whose wallet it is",
        "provenance": "where coins come from",
        "mining": "who mines, how and how much",
        "investors": "who may invest, and how much",
        "reporting": "what is told to whom",
        "tax": "what is collected",
        "programmes": "what is tried for a time",
        "standards": "the numbers the house lives by",
    }
)


@dataclass(frozen=True)
class Vocabulary:
    """The words of one rulebook, and their codes."""

    jurisdictions: tuple[str, ...]  # those it has law of
    programmes: tuple[str, ...] = ()  # by id
    regions: tuple[str, ...] = ()  # of all of them
    _codes: Mapping[str, Mapping[str, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        words = {**WORDS, "jurisdiction": (NOWHERE, *self.jurisdictions)}
        words |= {"programme": self.programmes, "region": self.regions}
        codes = {
            name: {word: code for code, word in enumerate(each)} for name, each in words.items()
        }
        object.__setattr__(self, "_codes", codes)

    def words(self, vocabulary: str) -> Mapping[str, int]:
        """The codes of a vocabulary's words; empty if there is no such vocabulary."""
        return self._codes.get(vocabulary, {})

    def code(self, vocabulary: str, word: str) -> int:
        """The code of a word."""
        return self._codes[vocabulary][word]

    def mask(self, vocabulary: str, words: Sequence[str]) -> int:
        """A set of words as the bits of one number."""
        return sum(1 << self._codes[vocabulary][word] for word in set(words))
