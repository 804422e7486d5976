"""`Endpoint`: where a provider is called: a URL of https, read strictly.

A URL comes from a stranger and says whom this house is to connect to, so it has one writing and one
reading: a host in small letters, or an IP address as it is printed, a port, a path and a query.
What other readers take for a host (a number, an octal or short form of an address, a name before
an @) is refused, since two readers who differ are how a check is passed by. Nothing is corrected.

Whether the house may connect to such a host is not told here: `feeds/travel_rule/reach` does.

Source: RFC 3986 (URI), RFC 1123 2.1 (host names); the URL Standard of WHATWG, "ends in a number".
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from clearhouse.core.errors import Kind, Refusal

SCHEME = "https://"
PORT, PORT_MAX = 443, 65_535
LENGTH_MAX = 1_000  # of all of it, in characters
HOST_LENGTH_MAX = 253  # RFC 1035 2.3.4
# What follows the scheme: an authority, a path, a query.
PARTS_FORM = re.compile(r"([^/?#]*)(/[^?#]*)?(?:\?([^#]*))?", re.ASCII)
AUTHORITY_FORM = re.compile(r"(\[[^\]@]*\]|[^:@\[\]]*)(?::([0-9]*))?", re.ASCII)
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME_FORM = re.compile(rf"{LABEL}(?:\.{LABEL})*", re.ASCII)
PORT_FORM = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})"
PATH_FORM = re.compile(rf"(?:/{PCHAR}*)*", re.ASCII)
QUERY_FORM = re.compile(rf"(?:{PCHAR}|[/?])*", re.ASCII)
# A last label that readers take for a number, and with it the host for an address of IPv4.
NUMBER_FORM = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
DOTS = frozenset({".", "..", "%2E", "%2E%2E", ".%2E", "%2E."})


class EndpointMalformed(Refusal):
    """A text has not the form of a URL of https with a host, a port, a path and a query."""

    code = "travel-endpoint.malformed"
    kind = Kind.MALFORMED


class EndpointTooLong(Refusal):
    """A URL is longer than any that is called."""

    code = "travel-endpoint.too-long"
    kind = Kind.MALFORMED


class EndpointUnencrypted(Refusal):
    """A URL is not of https, and personal data goes over nothing else."""

    code = "travel-endpoint.unencrypted"
    kind = Kind.FORBIDDEN


class EndpointWithCredentials(Refusal):
    """A URL names a user before its host, which hides whom it leads to."""

    code = "travel-endpoint.with-credentials"
    kind = Kind.FORBIDDEN


class EndpointWithFragment(Refusal):
    """A URL has a fragment, which is never sent."""

    code = "travel-endpoint.with-fragment"
    kind = Kind.MALFORMED


class EndpointDisguised(Refusal):
    """A URL's host is an address of IP in another form than the printed one."""

    code = "travel-endpoint.disguised"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is called.

    Attributes:
        host: A name in small letters, or an address of IPv4 or IPv6 as it is printed.
        port: Of TCP, 443 if none is said.
        path: Empty, or with its slash.
        query: Without its question mark; empty if there is none.
    """

    host: str
    port: int
    path: str
    query: str

    @property
    def bare(self) -> str:
        """Its writing without the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORT else f":{self.port}"
        return f"{host}{port}{self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def url(self) -> str:
        """Its one writing."""
        return f"{SCHEME}{self.bare}"

    @property
    def target(self) -> str:
        """What is asked for: the path and the query."""
        return (self.path or "/") + (f"?{self.query}" if self.query else "")


def parse_endpoint(url: str) -> Endpoint:
    """Read a URL.

    Raises:
        EndpointTooLong, EndpointUnencrypted: It is not of https, or of any length that is called.
        EndpointMalformed, EndpointWithCredentials, EndpointWithFragment, EndpointDisguised: As
            `parse_bare`.
    """
    if len(url) > LENGTH_MAX:
        raise EndpointTooLong(f"{len(url):,} characters, of {LENGTH_MAX:,}")
    if not url.startswith(SCHEME):
        raise EndpointUnencrypted(f"it does not begin with {SCHEME}")
    return parse_bare(url.removeprefix(SCHEME))


def parse_bare(text: str) -> Endpoint:
    """Read what follows the scheme.

    Raises:
        EndpointTooLong, EndpointWithFragment, EndpointWithCredentials, EndpointDisguised,
            EndpointMalformed: In this precedence.
    """
    if len(text) > LENGTH_MAX:
        raise EndpointTooLong(f"{len(text):,} characters, of {LENGTH_MAX:,}")
    if "#" in text:
        raise EndpointWithFragment("cut off what begins with #")
    parts = PARTS_FORM.fullmatch(text)
    if parts is None:
        raise EndpointMalformed("a host, a port, a path and a query are expected")
    authority, path, query = parts[1], parts[2] or "", parts[3]
    if "@" in authority:
        raise EndpointWithCredentials("nobody is named before a host")
    found = AUTHORITY_FORM.fullmatch(authority)
    if found is None:
        raise EndpointMalformed("HOST or HOST:PORT is expected, an address of IPv6 in brackets")
    host = _host(found[1])
    if not PATH_FORM.fullmatch(path) or DOTS.intersection(path.split("/")):
        raise EndpointMalformed("its path has a character that must be escaped, or leads upwards")
    if query == "" or not QUERY_FORM.fullmatch(query or ""):
        raise EndpointMalformed("its query is empty, or has a character that must be escaped")
    endpoint = Endpoint(host, _port(found[2]), path, query or "")
    if endpoint.bare != text:  # a port of 443 that is said
        raise EndpointMalformed(f"port {PORT} is not said")
    return endpoint


def _port(text: str | None) -> int:
    if text is None:
        return PORT
    if not PORT_FORM.fullmatch(text) or int(text) > PORT_MAX:
        raise EndpointMalformed(f"a port is a number from 1 to {PORT_MAX}")
    return int(text)


def _host(text: str) -> str:
    """A host, without the brackets of IPv6."""
    if text.startswith("["):
        return _printed(IPv6Address, text[1:-1])
    if not text.isascii() or not NAME_FORM.fullmatch(text) or len(text) > HOST_LENGTH_MAX:
        raise EndpointMalformed("a host is written in small letters, digits, hyphens and dots")
    if NUMBER_FORM.fullmatch(text.rpartition(".")[2]):
        return _printed(IPv4Address, text)
    return text


def _printed(kind: type[IPv4Address] | type[IPv6Address], text: str) -> str:
    try:
        address = kind(text)
    except ValueError as wrong:
        raise EndpointDisguised("readers may differ in which address its host is") from wrong
    if str(address) != text or getattr(address, "scope_id", None):
        raise EndpointDisguised("an address is written as it is printed, without a zone")
    return text
