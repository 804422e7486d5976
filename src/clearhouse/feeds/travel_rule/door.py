"""What a house puts behind the server that other providers call: who decides, who remembers.

The server knows no register, no journal and no clock. It hands on who asks, by which certificate,
and what was said; it is told what to answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clearhouse.core.travel_rule.headers import Headers
from clearhouse.core.travel_rule.trp import Ending, Inquiry, Resolution
from clearhouse.feeds.travel_rule.identity import Credentials, Identity


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and of what.

    Attributes:
        sender: As its certificate says.
        token: What the URL has of its own: for which customer, about which transfer.
        headers: Of the protocol.
        received_at: By the house's clock.
    """

    sender: Identity
    token: str
    headers: Headers
    received_at: datetime


class House(Protocol):
    """Who decides; a refusal is answered by its code, and TargetUnknown says there is no such."""

    def inquire(self, request: Request, inquiry: Inquiry) -> Resolution:
        """Answer whether a transfer may be made, or that the answer will come."""
        ...

    def resolve(self, request: Request, resolution: Resolution) -> None:
        """Take the answer to an inquiry of this house."""
        ...

    def confirm(self, request: Request, ending: Ending) -> None:
        """Take the transaction, or that there will be none."""
        ...


@dataclass(frozen=True, slots=True)
class Key:
    """Of whom an identifier is, and for what it was given."""

    lei: str
    called: str  # inquiries, resolutions or confirmations
    identifier: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The first answer to a request: the hash of what was asked, and the body that was sent."""

    digest: str
    body: bytes


# Answers what is kept of a key; else does what it is given, keeps that, and answers it: in one
# transaction, in which two of the same key wait for each other. What is refused is not kept.
Once = Callable[[Key, Callable[[], Kept]], Kept]


@dataclass(frozen=True, slots=True)
class Door:
    """What a server is made of.

    Attributes:
        credentials: The house's own certificate and key.
        trust: The certificates in PEM of who issues those of providers.
        knows: Whether somebody is a provider whom the house knows.
        house: Who decides.
        once: Who keeps identifiers.
        now: The house's clock.
        log: Takes what was done, in texts and numbers without personal data.
        handshake_s_max: How long a handshake may take.
        request_s_max: How long a request may take from then on, until its answer is sent.
    """

    credentials: Credentials
    trust: str
    knows: Callable[[Identity], bool]
    house: House
    once: Once
    now: Callable[[], datetime]
    log: Callable[[Mapping[str, str | int]], None]
    handshake_s_max: float = 5
    request_s_max: float = 30
