"""Where the house may connect to: to providers on the public network, never into its own.

A travel address or a callback is a stranger's word, and whoever gives one would have this house
call its own database, or a cloud's metadata (SSRF). So a host is resolved once, every address that
it has is checked, and the connection is made to a checked address: a name that answers otherwise
the next time (DNS rebinding) gains nothing. A name with one address that is forbidden is refused as
a whole.

Whoever runs a closed network names its networks, and the ports there.

Source: OWASP, Server-Side Request Forgery Prevention; IANA special-purpose address registries
(RFC 6890); RFC 4291 2.5.5.2, RFC 6052, RFC 3056 (addresses of IPv4 in those of IPv6).
"""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.endpoint import Endpoint

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Sequence[str]]

PORTS: Final = frozenset({443, 8443})
ADDRESSES_MAX: Final = 16  # of one name
UNICAST: Final = IPv6Network("2000::/3")  # all of IPv6 that is given out (IANA)
# Addresses of IPv4 in another form: whoever unpacks them comes out elsewhere. Nobody allows them.
WRAPPED: Final = tuple(
    IPv6Network(one)
    for one in ("::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
# What the libraries do not count as special: a cloud's own services at an address of everybody's,
# a cloud's metadata among the IETF's own, relays of 6to4, and documentation.
SPECIAL: Final = tuple(
    ip_network(one)
    for one in (
        *("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"),
        *("2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)


class AddressForbidden(Refusal):
    """A host leads to an address that is not on the public network, nor one that was allowed."""

    code = "travel-endpoint.address-forbidden"
    kind = Kind.FORBIDDEN


class PortForbidden(Refusal):
    """A port is none at which providers are called."""

    code = "travel-endpoint.port-forbidden"
    kind = Kind.FORBIDDEN


class HostUnknown(Refusal):
    """A host has no address, or too many."""

    code = "travel-endpoint.host-unknown"
    kind = Kind.UNAVAILABLE


def resolved(host: str) -> list[str]:
    """A host's addresses, as the system knows them.

    Raises:
        OSError: It has none.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(place[0]) for _, _, _, _, place in found]


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the house may connect to.

    Attributes:
        networks: Of a closed network, allowed besides the public one.
        ports: At which providers are called.
        resolve: Says a host's addresses; raises OSError if it has none.
    """

    networks: tuple[Network, ...] = ()
    ports: frozenset[int] = PORTS
    resolve: Resolve = resolved

    def find(self, endpoint: Endpoint, seconds: float) -> tuple[str, ...]:
        """The addresses at which an endpoint may be called, each once, all of them checked.

        Args:
            seconds: How long a name may take to be resolved.

        Raises:
            PortForbidden, HostUnknown, AddressForbidden: In this precedence.
        """
        if endpoint.port not in self.ports:
            raise PortForbidden(f"port {endpoint.port}")
        found = tuple(dict.fromkeys(self._addresses(endpoint.host, seconds)))
        if not 0 < len(found) <= ADDRESSES_MAX:
            raise HostUnknown(f"it has {len(found)} addresses")
        for one in found:
            self._check(one)
        return found

    def _addresses(self, host: str, seconds: float) -> Sequence[str]:
        """A host's addresses; the system's resolver has no deadline of its own."""
        with suppress(ValueError):
            return [str(ip_address(host))]  # as it is printed: nobody need be asked
        answers: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self.resolve(host))
            except (OSError, UnicodeError) as wrong:
                answers.put(wrong)

        Thread(target=ask, name="resolver", daemon=True).start()
        try:
            found = answers.get(timeout=seconds)
        except Empty as late:
            raise HostUnknown(f"nobody says its address within {seconds:.0f} s") from late
        if isinstance(found, Exception):
            raise HostUnknown("it has no address") from found
        return found

    def _check(self, text: str) -> None:
        try:
            address = ip_address(text)
        except ValueError as wrong:
            raise AddressForbidden("what it leads to is no address of IP") from wrong
        zoned = isinstance(address, IPv6Address) and address.scope_id is not None
        if zoned or any(address in network for network in WRAPPED):
            raise AddressForbidden("it leads to an address in another's form")
        if any(address in network for network in self.networks):
            return
        if not _is_public(address):
            raise AddressForbidden("it leads to an address that is not public")


def _is_public(address: Address) -> bool:
    if any(address in network for network in SPECIAL) or address.is_multicast:
        return False
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    return address.is_global and not address.is_reserved
