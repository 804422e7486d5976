"""Wallets: an address is a participant's when it has proved that it holds it.

The house makes a challenge: a text that names the house, the participant, the address, what for,
when, and a nonce. Whoever holds the address signs that text (BIP-322, BIP-137, EIP-191, EIP-1271),
once, before it expires. What is signed for another house, participant, address or purpose is
another text; a challenge is answered once.

Or they send the address's own coins back to it: as much of them as the nonce says, which nobody
knew before.

A proof ages: the law says how long it holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated

from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.record import OneOf, Register, Way

CHALLENGE_LIFE = timedelta(hours=24)
NONCE_BITS = 128
AMOUNT_MIN, AMOUNT_BITS = 10_000, 20  # satoshi that are sent back: above any dust, and by chance
ETHEREUM = "eip155:"  # how CAIP-2 begins the name of an Ethereum-like chain
PURPOSES = ("pay-out", "pay-in", "mining", "trading")
CUSTODY = ("self-hosted", "hosted")
FORM = "Clearhouse wallet challenge, form 1"


class ChallengeUnknown(Refusal):
    """There is no such challenge."""

    code = "wallet.challenge-unknown"
    kind = Kind.UNKNOWN


class ChallengeExpired(Refusal):
    """The challenge's time is over."""

    code = "wallet.challenge-expired"
    kind = Kind.FORBIDDEN


class ChallengeAnswered(Refusal):
    """The challenge was answered before; each is answered once."""

    code = "wallet.challenge-answered"
    kind = Kind.CONFLICT


class WalletClaimed(Refusal):
    """The address is another participant's."""

    code = "wallet.claimed"
    kind = Kind.CONFLICT


class ProofWaits(Refusal):
    """The proof holds only at a later time, or for older coins."""

    code = "wallet.proof-waits"
    kind = Kind.FORBIDDEN


class WalletListed(Refusal):
    """The address is on a sanctions list."""

    code = "wallet.listed"
    kind = Kind.FORBIDDEN


class UnknownWallet(Refusal):
    """The participant has no such wallet."""

    code = "wallet.unknown"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Challenge:
    """What somebody who says that they hold an address is asked to sign."""

    challenge: str  # its id
    house: str
    participant: ParticipantId
    network: str  # Bitcoin Core's name of it, or CAIP-2's of an Ethereum-like chain
    address: str  # in its canonical form
    purpose: Annotated[str, OneOf(PURPOSES)]
    custody: Annotated[str, OneOf(CUSTODY)]  # as the participant declares it
    nonce: str
    made_at: datetime
    expires_at: datetime

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()

    @property
    def amount(self) -> int:
        """Satoshi that are sent from the address back to it, where that is the answer."""
        return AMOUNT_MIN + int(self.nonce, 16) % (1 << AMOUNT_BITS)

    @property
    def text(self) -> str:
        """The very text that is signed."""
        return "\n".join(
            (
                FORM,
                f"house: {self.house}",
                f"participant: {self.participant}",
                f"network: {self.network}",
                f"address: {self.address}",
                f"purpose: {self.purpose}, {self.custody}",
                f"made at: {instant(self.made_at)}",
                f"expires at: {instant(self.expires_at)}",
                f"nonce: {self.nonce}",
                "Who signs this shows that they hold the address. It moves no coin.",
            )
        )


@dataclass(frozen=True, slots=True)
class Wallet:
    """An address that a participant has proved to hold, from the proof on until it is given up."""

    participant: ParticipantId
    network: str
    address: str
    purpose: Annotated[str, OneOf(PURPOSES)]
    custody: Annotated[str, OneOf(CUSTODY)]
    challenge: str
    method: str
    signature: str  # of a transfer: its transaction's id
    at_block: str  # of a contract's answer: in whose state; of a transfer: which holds it
    proven_at: datetime
    until: date | None = None  # the last day on which it is the participant's

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()

    def is_held(self, on: date) -> bool:
        """Whether it is the participant's on a day."""
        return self.until is None or on <= self.until

    def is_proven(self, on: date, days: int) -> bool:
        """Whether the proof still holds on a day, if it holds for so many days."""
        first = self.proven_at.date()
        return self.is_held(on) and first <= on <= first + timedelta(days)


CHALLENGES = Register(
    "challenge",
    Challenge,
    "what somebody who says that they hold an address is asked to sign",
    ("challenge",),
    "participant",
    restricted=frozenset({"address", "nonce"}),
    way=Way.PROVEN,
)
WALLETS = Register(
    "wallet",
    Wallet,
    "an address that a participant has proved to hold",
    ("network", "address"),
    "participant",
    # In a block there are few transfers of this kind: it would tell the address.
    restricted=frozenset({"address", "signature", "at_block"}),
    way=Way.PROVEN,
)
