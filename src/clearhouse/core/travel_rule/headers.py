"""Headers of the Travel Rule Protocol: of which version a message is, and of which request.

    api-version         3.2.1; this house speaks 3.2 of any patch
    api-extensions      message-signing, extended-ivms101
    request-identifier  3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1

Source: OpenVASP, Travel Rule Protocol 3.2, as TRISA implements 3.1 (`trp` says what was read); RFC
4122 and 9562 (UUID).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from clearhouse.core.errors import Kind, Refusal

VERSION = "3.2.1"
PART = r"(0|[1-9][0-9]{0,3})"
VERSION_FORM = re.compile(rf"{PART}\.{PART}\.{PART}", re.ASCII)
SUPPORTED = ("3", "2")  # of any patch
EXTENSION_FORM = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
EXTENSIONS_MAX = 16
BITS = 128  # of an identifier
IDENTIFIER_FORM = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", re.ASCII
)
API_VERSION, API_EXTENSIONS, IDENTIFIER = "api-version", "api-extensions", "request-identifier"


class HeaderMalformed(Refusal):
    """A header of the protocol is missing or does not have its form."""

    code = "trp.header-malformed"
    kind = Kind.MALFORMED


class VersionUnsupported(Refusal):
    """A message is of a version of the protocol that this house does not speak."""

    code = "trp.version-unsupported"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Headers:
    """What the headers say of a message.

    Attributes:
        identifier: Of the request, a UUID in small letters: the same again is a retry.
        extensions: Of the protocol, that the message uses.
        version: Of the protocol.
    """

    identifier: str
    extensions: tuple[str, ...] = ()
    version: str = VERSION

    @property
    def fields(self) -> dict[str, str]:
        """As they are sent."""
        found = {API_VERSION: self.version, IDENTIFIER: self.identifier}
        return found | ({API_EXTENSIONS: ", ".join(self.extensions)} if self.extensions else {})


def random_identifier(dice: Callable[[int], int]) -> str:
    """A new request's identifier: a UUID of version 4.

    Args:
        dice: Answers n random bits.
    """
    return _uuid(dice(BITS), 4)


def derived_identifier(identifier: str, what: str) -> str:
    """The identifier of a request that follows from another one: a UUID of version 8.

    Whoever sends it again after a crash has the same one.
    """
    digest = sha256(f"{identifier} {what}".encode()).digest()
    return _uuid(int.from_bytes(digest[: BITS // 8], "big"), 8)


def _uuid(bits: int, version: int) -> str:
    """Write 128 bits, of which six say variant and version, as a UUID (RFC 9562 4)."""
    bits = (bits & ~(0xF << 76)) | (version << 76)
    digits = f"{(bits & ~(0x3 << 62)) | (0x2 << 62):032x}"
    ends = (0, 8, 12, 16, 20, 32)
    return "-".join(digits[start:end] for start, end in pairwise(ends))


def read_headers(fields: Mapping[str, str]) -> Headers:
    """Read the protocol's headers.

    Args:
        fields: By names in small letters.

    Raises:
        HeaderMalformed, VersionUnsupported: In this precedence.
    """
    identifier, version = fields.get(IDENTIFIER, ""), fields.get(API_VERSION, "")
    if not IDENTIFIER_FORM.fullmatch(identifier):
        raise HeaderMalformed(f"{IDENTIFIER}: a UUID is expected")
    said = fields.get(API_EXTENSIONS, "")
    extensions = tuple(one.strip(" \t") for one in said.split(",")) if said.strip(" \t") else ()
    wrong = not all(EXTENSION_FORM.fullmatch(one) for one in extensions)
    if wrong or len(extensions) > EXTENSIONS_MAX or len(set(extensions)) < len(extensions):
        raise HeaderMalformed(f"{API_EXTENSIONS}: names with commas between them are expected")
    return Headers(identifier.lower(), extensions, parse_version(version))


def parse_version(text: str) -> str:
    """Check that a version is one that this house speaks.

    Raises:
        HeaderMalformed, VersionUnsupported: In this precedence.
    """
    form = VERSION_FORM.fullmatch(text)
    if form is None:
        raise HeaderMalformed(f"{API_VERSION}: three numbers with dots between them are expected")
    if (form[1], form[2]) != SUPPORTED:
        raise VersionUnsupported(f"this house speaks {VERSION}", speaks=VERSION)
    return text
