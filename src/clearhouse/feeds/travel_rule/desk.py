"""`Desk`: from where a house calls other providers, and where it hears them: `travel.toml`.

    listen = "0.0.0.0:8443"              # where the house's server is
    public = "house.example:8443"        # where others reach it
    certificate = "travel/house.pem"     # the house's own, with its LEI; paths are of this folder
    key = "travel/house.key"
    trust = "travel/trust.pem"           # who issues the certificates of providers
    networks = ["10.1.0.0/16"]           # of a closed network; the public one alone if not said
    ports = [443, 8443]                  # at which providers are called

Whoever holds the key speaks for the house. It is a file that the house's user alone can read.
"""

import ssl
import stat
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.endpoint import Endpoint
from clearhouse.feeds.travel_rule.client import Client
from clearhouse.feeds.travel_rule.identity import Credentials, identify
from clearhouse.feeds.travel_rule.reach import PORTS, Reach

NEEDED = {"listen", "public", "certificate", "key", "trust"}
MORE = {"networks", "ports"}
PORT_MAX = 65_535


class DeskMalformed(Refusal):
    """`travel.toml` does not say from where other providers are called, and how."""

    code = "settings.travel-malformed"
    kind = Kind.MALFORMED


@dataclass(frozen=True)
class Desk:
    """From where a house calls other providers, and where it hears them.

    Attributes:
        client: Calls them.
        lei: The house's own, as its certificate says.
        trust: The certificates in PEM of who issues those of providers.
        public: The host and port at which others reach this house.
        listen: The host and port of its server.
    """

    client: Client
    lei: str
    trust: str
    public: tuple[str, int]
    listen: tuple[str, int]

    def callback(self, called: str, token: str) -> str:
        """A URL of this house."""
        return Endpoint(*self.public, f"/{called}/{token}", "").url


def read_desk(path: Path, now: Callable[[], datetime]) -> Desk:
    """Read from where other providers are called.

    Args:
        path: `travel.toml`, in the folder that its paths are of.

    Raises:
        DeskMalformed: It does not say it, or the key can be read by others.
        CertificateExpired, CertificateEarly, CertificateUnnamed: The house's own certificate.
    """
    try:
        return _desk(tomllib.loads(path.read_text("utf-8")), path.parent, now)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise DeskMalformed(f"{path.name}: {trouble!r:.300}") from trouble


def _desk(said: dict[str, Any], folder: Path, now: Callable[[], datetime]) -> Desk:
    if unknown := said.keys() - NEEDED - MORE:
        raise ValueError(f"{', '.join(sorted(unknown))}: not known")
    certificate, key = folder / said["certificate"], folder / said["key"]
    if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"{said['key']} can be read by others: chmod 600")
    ports = frozenset(said.get("ports", PORTS))
    if not all(type(port) is int and 0 < port <= PORT_MAX for port in ports):
        raise ValueError("ports: whole numbers up to 65535")
    reach = Reach(tuple(ip_network(one) for one in said.get("networks", ())), ports)
    trust = (folder / said["trust"]).read_text("ascii")
    public, listen = _place(said["public"]), _place(said["listen"])
    first = ssl.PEM_cert_to_DER_cert(_first(certificate.read_text("ascii")))
    return Desk(
        Client(Credentials(certificate, key), reach, now),
        identify(first, now()).lei,
        trust,
        public,
        listen,
    )


def _first(pem: str) -> str:
    """The first certificate of a file: the house's own."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    found = pem[pem.index(begin) : pem.index(end) + len(end)]
    return f"{found}\n"


def _place(text: str) -> tuple[str, int]:
    """A host and a port."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdecimal() or int(port) > PORT_MAX:
        raise ValueError(f"{text[:80]!r}: a host and a port, as house.example:8443")
    return host.strip("[]"), int(port)
