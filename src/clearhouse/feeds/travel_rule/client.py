"""Calls another provider: POST over mutual TLS, to whom the house means and nobody else.

The order is what protects: the URL is read, its host resolved and checked (`reach`), the connection
made to the checked address, the certificate judged (by TLS, then by LEI and clock: `identity`), and
only then is the first byte of a message sent. Whoever is refused before has learnt that this house
exists, and no more.

No answer sends the house elsewhere, and no variable of the environment names a proxy. Everything
has a deadline: the connection with its handshake, a silence, and all of a call. An answer that came
late, or broke off, is none: the same request is sent again under the same identifier, and whoever
had taken it answers as before.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPSConnection
from typing import Final, NoReturn

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.endpoint import Endpoint, parse_endpoint
from clearhouse.core.travel_rule.headers import IDENTIFIER, Headers
from clearhouse.core.travel_rule.travel_address import decode
from clearhouse.core.travel_rule.trp import Ending, Inquiry, Resolution, read_resolution, write
from clearhouse.core.travel_rule.wire import BYTES_MAX
from clearhouse.feeds import http
from clearhouse.feeds.travel_rule.identity import (
    CertificateEarly,
    CertificateExpired,
    CertificateUntrusted,
    Credentials,
    Provider,
    context,
    need,
)
from clearhouse.feeds.travel_rule.reach import Reach

JSON: Final = "application/json"
JSON_FORM = re.compile(r'application/json(?:\s*;\s*charset="?utf-8"?)?', re.ASCII | re.IGNORECASE)
CODE_HEADER: Final = "Clearhouse-Code"
CODE_FORM = re.compile(r"[a-z-]{1,40}\.[a-z0-9-]{1,40}", re.ASCII)
OK, NO_CONTENT, REDIRECTS, FAILED = 200, 204, range(300, 400), 500
EARLY, EXPIRED = 9, 10  # OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and ..._HAS_EXPIRED


class ProviderUnreachable(Refusal):
    """A provider does not answer, or not in time; send the same request again."""

    code = "trp.unreachable"
    kind = Kind.UNAVAILABLE


class AnswerMalformed(Refusal):
    """A provider answers what is no answer; send the same request again."""

    code = "trp.answer-malformed"
    kind = Kind.UNAVAILABLE


class AnswerTooLarge(Refusal):
    """A provider's answer is larger than any that is one."""

    code = "trp.answer-too-large"
    kind = Kind.UNAVAILABLE


class AnswerElsewhere(Refusal):
    """A provider sends the house elsewhere, where it does not go."""

    code = "trp.answer-elsewhere"
    kind = Kind.FORBIDDEN


class ProviderRefused(Refusal):
    """A provider refused a request; its own code, if it has one, is in the context."""

    code = "trp.refused"
    kind = Kind.FORBIDDEN


class ProviderBusy(Refusal):
    """A provider could not take a request; send the same one again."""

    code = "trp.busy"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a call may take, in seconds, and how long its answer may be, in bytes."""

    connect_s_max: float = 5  # with the name's resolution and the handshake
    idle_s_max: float = 10  # between two bytes
    total_s_max: float = 30
    answer_bytes_max: int = BYTES_MAX


@dataclass(frozen=True)
class Client:
    """Calls providers.

    Attributes:
        credentials: The house's own certificate and key.
        reach: Where the house may connect to.
        now: The house's clock.
        limits: How long it waits, and for how much.
    """

    credentials: Credentials
    reach: Reach
    now: Callable[[], datetime]
    limits: Limits = Limits()

    def inquire(
        self, provider: Provider, travel_address: str, inquiry: Inquiry, headers: Headers
    ) -> Resolution:
        """Ask whether a transfer may be made.

        Raises:
            Refusal: As `_call`, and for a travel address that is none, or an answer that is none.
        """
        body = write(inquiry)
        content = self._call(provider, decode(travel_address), body, headers, OK)
        return read_resolution(content)

    def resolve(
        self, provider: Provider, callback: str, resolution: Resolution, headers: Headers
    ) -> None:
        """Answer an inquiry at its callback.

        Raises:
            Refusal: As `_call`, and for a callback that is no URL.
        """
        self._call(provider, parse_endpoint(callback), write(resolution), headers, NO_CONTENT)

    def confirm(self, provider: Provider, callback: str, ending: Ending, headers: Headers) -> None:
        """Name the transaction, or say that there is none, at the approval's callback.

        Raises:
            Refusal: As `_call`, and for a callback that is no URL.
        """
        self._call(provider, parse_endpoint(callback), write(ending), headers, NO_CONTENT)

    def _call(
        self, provider: Provider, endpoint: Endpoint, body: bytes, headers: Headers, wanted: int
    ) -> bytes:
        """Post a message; answers what came back.

        Raises:
            PortForbidden, HostUnknown, AddressForbidden: Nobody may be called there.
            CertificateUntrusted, CertificateExpired, CertificateEarly, CertificateUnnamed,
                CertificateOfAnother: Whoever is there is not the provider; it was told nothing.
            ProviderUnreachable, AnswerMalformed, AnswerTooLarge, AnswerElsewhere,
                ProviderRefused, ProviderBusy: It was called in vain.
        """
        until = time.monotonic() + self.limits.total_s_max
        fields = headers.fields | {
            "Content-Type": JSON,
            "Accept": JSON,
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        connection = _Connection(self, provider, endpoint, until)
        try:
            answer = http.ask_by(
                connection,
                "POST",
                endpoint.target,
                body,
                fields,
                until=until,
                bytes_max=self.limits.answer_bytes_max,
            )
        except http.Endless as trouble:
            raise AnswerTooLarge(f"more than {self.limits.answer_bytes_max:,} bytes") from trouble
        except http.Unanswered as trouble:
            raise ProviderUnreachable("it does not answer, or not in time") from trouble
        finally:
            connection.close()
        return _content(answer, headers, wanted)


class _Connection(HTTPSConnection):
    """A connection to one provider, which is made to a checked address and judged before use."""

    def __init__(
        self, client: Client, provider: Provider, endpoint: Endpoint, until: float
    ) -> None:
        made = context(ssl.Purpose.SERVER_AUTH, client.credentials, provider.trust)
        # The one certificate that is meant is known by more than the name of a host.
        made.check_hostname = not provider.fingerprint
        idle = client.limits.idle_s_max
        super().__init__(endpoint.host, endpoint.port, timeout=idle, context=made)
        self._client, self._provider, self._endpoint = client, provider, endpoint
        self._tls = made
        self._until = min(until, time.monotonic() + client.limits.connect_s_max)

    def connect(self) -> None:
        """Reach whom is meant, or nobody."""
        found = self._client.reach.find(self._endpoint, http.left(self._until))
        plain = _reached(found, self._endpoint.port, self._until)
        try:
            self.sock = self._secured(plain)
        except ssl.SSLCertVerificationError as wrong:
            plain.close()
            _refuse_certificate(wrong)
        except BaseException:
            plain.close()
            raise

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        secured = self._tls.wrap_socket(
            plain, server_hostname=self._endpoint.host, do_handshake_on_connect=False
        )
        try:
            with http.within(http.left(self._until), secured):
                secured.do_handshake()
            der = secured.getpeercert(binary_form=True)
            assert der is not None  # TLS has verified it
            need(self._provider, der, self._client.now())
            secured.settimeout(self._client.limits.idle_s_max)
        except BaseException:
            secured.close()
            raise
        return secured


def _reached(addresses: tuple[str, ...], port: int, until: float) -> socket.socket:
    """Connect to the first of some addresses that answers.

    Raises:
        OSError: None does, in time.
    """
    for one in addresses[:-1]:
        try:
            return socket.create_connection((one, port), http.left(until))
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), http.left(until))


def _refuse_certificate(wrong: ssl.SSLCertVerificationError) -> NoReturn:
    if wrong.verify_code == EXPIRED:
        raise CertificateExpired("TLS refuses it") from wrong
    if wrong.verify_code == EARLY:
        raise CertificateEarly("TLS refuses it") from wrong
    raise CertificateUntrusted(f"TLS refuses it: {wrong.verify_message}") from wrong


def _content(answer: http.Answer, headers: Headers, wanted: int) -> bytes:
    """What an answer holds, if it is the one that was wanted."""
    if answer.status in REDIRECTS:
        raise AnswerElsewhere(f"it answers {answer.status}")
    if answer.status not in {wanted, OK}:
        raise _refused(answer)
    echoed = answer.headers.get(IDENTIFIER)
    if echoed is not None and echoed.lower() != headers.identifier:
        raise AnswerMalformed("it answers another request")
    if (answer.headers.get("Content-Encoding") or "identity") != "identity":
        raise AnswerMalformed("it is encoded, which was not asked for")
    if wanted == OK and not JSON_FORM.fullmatch(answer.headers.get("Content-Type") or ""):
        raise AnswerMalformed("it is not of JSON")
    return answer.content


def _refused(answer: http.Answer) -> Refusal:
    code = answer.headers.get(CODE_HEADER) or ""
    known = {"its_code": code} if CODE_FORM.fullmatch(code) else {}
    detail = f"it answers {answer.status} {known.get('its_code', '')}".strip()
    if answer.status >= FAILED:
        return ProviderBusy(detail, **known)
    return ProviderRefused(detail, **known)
