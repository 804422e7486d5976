"""`Parties`: what is known of who pays and is paid, and who of them belong together.

Parties are linked if they share an owner, a wallet cluster or a device; whoever is linked to a
linked party belongs to the same group. A group is known by the least id of its members, so it does
not matter in which order links were found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from clearhouse.core.monitoring.payments import DAYS_MAX, Payment


class Link(StrEnum):
    """By what parties are linked."""

    OWNER = "owner"
    WALLET = "wallet"  # a cluster of addresses that one hand controls
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Party:
    """What is known of one party, at one instant."""

    id: str
    links: tuple[tuple[Link, str], ...] = ()  # what it shares with others, by its name
    country: str = ""  # ISO 3166; "" if not known
    rating: int | None = None  # 0 low, 1 medium, 2 high, 3 not to be dealt with
    admitted_at: datetime | None = None


@dataclass(frozen=True)
class Parties:
    """All parties of which something is known; of the others nothing is."""

    known: Mapping[str, Party]

    @classmethod
    def of(cls, parties: Iterable[Party]) -> "Parties":
        """Take what is known of each."""
        return cls({one.id: one for one in parties})

    @cached_property
    def groups(self) -> Mapping[str, str]:
        """The group of each party that is linked to another."""
        parent = {id: id for id in self.known}

        def root(id: str) -> str:
            while parent[id] != id:
                parent[id] = id = parent[parent[id]]
            return id

        first: dict[tuple[Link, str], str] = {}
        for id, one in self.known.items():
            for link in one.links:
                least, other = sorted((root(id), root(first.setdefault(link, id))))
                parent[other] = least
        found = {id: root(id) for id in self.known}
        many = {group for id, group in found.items() if id != group}
        return {id: group for id, group in found.items() if group in many}

    def payment(
        self, id: str, at: datetime, payer: str, payee: str, value: int, **known: Any
    ) -> Payment:
        """A payment with what is known of both sides.

        Args:
            known: What else `Payment` has: asset, amount, exposure, third_party, late_change.
        """
        payer_is, payee_is = (
            self.known.get(payer, Party(payer)),
            self.known.get(payee, Party(payee)),
        )
        return Payment(
            id,
            at,
            payer,
            payee,
            value,
            payer_group=self.groups.get(payer, ""),
            payee_group=self.groups.get(payee, ""),
            payer_country=payer_is.country,
            payee_country=payee_is.country,
            payer_rating=payer_is.rating,
            payee_rating=payee_is.rating,
            payer_days=_days(payer_is, at),
            payee_days=_days(payee_is, at),
            **known,
        )


def _days(party: Party, at: datetime) -> int | None:
    """For how many days it has been a participant; 0 if it will only be one."""
    if party.admitted_at is None:
        return None
    return min(max((at - party.admitted_at).days, 0), DAYS_MAX)
