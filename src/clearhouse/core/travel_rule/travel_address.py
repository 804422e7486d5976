"""Travel addresses: where an inquiry about a payment is to be sent, in one word that people copy.

    ta2W2HPKfHxgSgrzY178knqXHg1H3jfeQrwQ9JrKBs9wv  ◀──▶  beneficiary.com/x/12345?t=i

It is "ta" and, in Base58Check without a version byte, a URL without its scheme, which is https. Its
query has `t=i`: what is called there is an inquiry. Whoever knows the address knows no name.

Source: Travel Rule Protocol 3.1 and later, "Travel Address" (OpenVASP), as TRISA's
`pkg/openvasp/traddr` implements it, whose vectors are in the tests.
"""

import re
from hashlib import sha256

from clearhouse.core.address import BASE58, CHECK_BYTES
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.endpoint import LENGTH_MAX as URL_LENGTH_MAX
from clearhouse.core.travel_rule.endpoint import Endpoint, parse_bare

PREFIX = "ta"
TAG = "t=i"
TEXT_LENGTH_MAX = len(PREFIX) + (URL_LENGTH_MAX + CHECK_BYTES) * 7 // 5  # 1.366 characters a byte
TEXT_FORM = re.compile(rf"{PREFIX}[{BASE58}]+", re.ASCII)


class TravelAddressMalformed(Refusal):
    """A text has not the form of a travel address."""

    code = "travel-address.malformed"
    kind = Kind.MALFORMED


class TravelAddressTooLong(Refusal):
    """A travel address is longer than that of any URL that is called."""

    code = "travel-address.too-long"
    kind = Kind.MALFORMED


class TravelAddressChecksumWrong(Refusal):
    """A travel address has a wrong character, or two that changed places."""

    code = "travel-address.checksum-wrong"
    kind = Kind.MALFORMED


class TravelAddressUntagged(Refusal):
    """A travel address does not say, once, that an inquiry is called there: `t=i`."""

    code = "travel-address.untagged"
    kind = Kind.MALFORMED


def encode(endpoint: Endpoint) -> str:
    """Write where an inquiry is called as a travel address.

    Raises:
        TravelAddressUntagged: Its query does not have `t=i`.
        EndpointMalformed and others: As `decode`, which reads back what is written.
    """
    content = endpoint.bare.encode("ascii")
    text = PREFIX + _base58(content + _check(content))
    assert decode(text) == endpoint
    return text


def decode(text: str) -> Endpoint:
    """Read a travel address.

    Raises:
        TravelAddressTooLong, TravelAddressMalformed, TravelAddressChecksumWrong: In this
            precedence.
        EndpointMalformed and others: What it says is no URL, as `parse_bare` tells.
        TravelAddressUntagged: What is called there is no inquiry.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise TravelAddressTooLong(f"{len(text):,} characters, of {TEXT_LENGTH_MAX:,}")
    if not TEXT_FORM.fullmatch(text):
        raise TravelAddressMalformed(f"{PREFIX} and characters of Base58 are expected, no others")
    whole = _bytes_of(text.removeprefix(PREFIX))
    content, check = whole[:-CHECK_BYTES], whole[-CHECK_BYTES:]
    if not content or _check(content) != check:
        raise TravelAddressChecksumWrong("copy it again: a character is wrong or missing")
    if not content.isascii():
        raise TravelAddressMalformed("it says what is no URL")
    endpoint = parse_bare(content.decode("ascii"))
    if [one for one in endpoint.query.split("&") if one.partition("=")[0] == "t"] != [TAG]:
        raise TravelAddressUntagged(f"its query has {TAG} once, and no other t")
    return endpoint


def _check(content: bytes) -> bytes:
    return sha256(sha256(content).digest()).digest()[:CHECK_BYTES]


def _base58(content: bytes) -> str:
    number, digits = int.from_bytes(content, "big"), ""
    while number:
        number, digit = divmod(number, len(BASE58))
        digits = BASE58[digit] + digits
    # Bytes of zero in front are ones, neither more nor fewer.
    return BASE58[0] * (len(content) - len(content.lstrip(b"\0"))) + digits


def _bytes_of(text: str) -> bytes:
    number = 0
    for one in text:
        number = len(BASE58) * number + BASE58.index(one)
    zeros = len(text) - len(text.lstrip(BASE58[0]))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
