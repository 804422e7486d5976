"""Where a coin came from: the addresses that paid it, one step back.

A coin that comes to an address of the vault was made by a transaction; the outputs that this one
spent had addresses, and whoever held those has paid. The house records them for each coin that it
books, and compares them with the lists like a participant's own wallets. A miner's reward spends
nothing, and has no source.

What is further back on the chain is not looked at here.

Source: FATF, Updated Guidance for a Risk-Based Approach to Virtual Assets (2021), para 180
(screening of the counterparty's wallet addresses); OFAC, Sanctions Compliance Guidance for the
Virtual Currency Industry (2021), p. 14 to 16.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.record import Register, Way

# How long somebody who has paid is looked at. Coins of a year ago were paid out long since; what
# they mean is for a person to say.
LOOKED_AT = timedelta(days=365)


class CoinsBarred(Refusal):
    """What is to be paid out would spend coins that somebody listed has paid."""

    code = "settlement.coins-barred"
    kind = Kind.UNFUNDED


@dataclass(frozen=True, slots=True)
class CoinSource:
    """An address that a coin came from.

    Attributes:
        participant: Whose coin it is: a participant's id, or "house".
        outpoint: The coin: `txid:vout`.
        address: In its canonical form; of a script that has none, `script:` and its SHA-256.
        seen_at: When the house looked.
    """

    participant: ParticipantId
    outpoint: str
    address: str
    seen_at: datetime

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()

    def counts(self, on: date) -> bool:
        """Whether it is compared with the lists on a day."""
        return on <= self.seen_at.date() + LOOKED_AT


COIN_SOURCES = Register(
    "coin_source",
    CoinSource,
    "an address that a coin in the vault came from",
    ("outpoint", "address"),
    "participant",
    restricted=frozenset({"address"}),
    way=Way.FOUND,
)
