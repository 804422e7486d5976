"""Who a certificate says somebody is, by LEI; and whether it is whom the house means.

A provider is known by its LEI, which its certificate has in ISO 17442-2's extension, or in its
subject as an organisation's identifier (ETSI: `LEIXG-` and the LEI). If it says several they are
the same. A house may also name the one certificate that it means, by its SHA-256.

That the certificate was issued by somebody whom the house trusts is TLS's to check.

Source: ISO 17442-2:2020 4 (OID 1.3.6.1.4.1.52266.1); ETSI EN 319 412-1 5.1.4 (legal person
semantics identifiers); RFC 5280 4.1.2.5 (validity).
"""

import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.participant import LeiWrong, parse_lei

LEI_EXTENSION: Final = x509.ObjectIdentifier("1.3.6.1.4.1.52266.1")
ORGANISATION: Final = x509.NameOID.ORGANIZATION_IDENTIFIER
SCHEME: Final = "LEIXG-"
TEXT_TAGS: Final = (0x0C, 0x13)  # DER's UTF8String and PrintableString, of less than 128 bytes
FINGERPRINT_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)


class CertificateUntrusted(Refusal):
    """A certificate was issued by nobody whom the house trusts, or for another host."""

    code = "trp.certificate-untrusted"
    kind = Kind.FORBIDDEN


class CertificateExpired(Refusal):
    """A certificate is no longer valid."""

    code = "trp.certificate-expired"
    kind = Kind.FORBIDDEN


class CertificateEarly(Refusal):
    """A certificate is not valid yet."""

    code = "trp.certificate-early"
    kind = Kind.FORBIDDEN


class CertificateUnnamed(Refusal):
    """A certificate does not say, once, the LEI of whose it is."""

    code = "trp.certificate-unnamed"
    kind = Kind.FORBIDDEN


class CertificateOfAnother(Refusal):
    """A certificate is another house's than the one that is meant."""

    code = "trp.certificate-of-another"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Identity:
    """Who showed a certificate.

    Attributes:
        lei: Its LEI, with its check digits.
        fingerprint: SHA-256 of the certificate's DER, 64 hexadecimal digits.
    """

    lei: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Provider:
    """Whom the house means to call.

    Attributes:
        lei: Its LEI.
        trust: The certificates in PEM of who may have issued its certificate; or, for a provider
            with a certificate of its own making, this certificate.
        fingerprint: SHA-256 of its one certificate, if only this one is meant; else empty.
    """

    lei: str
    trust: str
    fingerprint: str = ""

    def __post_init__(self) -> None:
        assert not self.fingerprint or FINGERPRINT_FORM.fullmatch(self.fingerprint)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The house's own certificate, with those above it, and its key: files in PEM."""

    certificate: Path
    key: Path


def identify(der: bytes, at: datetime) -> Identity:
    """Say who shows a certificate.

    Args:
        at: The house's clock.

    Raises:
        CertificateExpired, CertificateEarly, CertificateUnnamed: In this precedence.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        until, since = certificate.not_valid_after_utc, certificate.not_valid_before_utc
        said = _leis(certificate)
    except ValueError as wrong:
        raise CertificateUnnamed("it cannot be read") from wrong
    if at > until:
        raise CertificateExpired(f"it was valid until {until.isoformat()}")
    if at < since:
        raise CertificateEarly(f"it is valid from {since.isoformat()} on")
    if len(said) != 1:
        raise CertificateUnnamed(f"it says {len(said)} LEIs")
    (lei,) = said
    try:
        return Identity(parse_lei(lei), sha256(der).hexdigest())
    except LeiWrong as wrong:
        raise CertificateUnnamed("its LEI is none") from wrong


def need(provider: Provider, der: bytes, at: datetime) -> Identity:
    """Check that a certificate is the provider's that is meant.

    Raises:
        CertificateExpired, CertificateEarly, CertificateUnnamed, CertificateOfAnother: It is not.
    """
    identity = identify(der, at)
    if identity.lei != provider.lei:
        raise CertificateOfAnother(f"it is of {identity.lei}, not {provider.lei}")
    if provider.fingerprint not in {"", identity.fingerprint}:
        raise CertificateOfAnother(f"it is another one of {identity.lei}")
    return identity


def context(purpose: ssl.Purpose, credentials: Credentials, trust: str) -> ssl.SSLContext:
    """TLS 1.3 that shows the house's certificate, and demands one that `trust` has issued, or is.

    Before 1.3 a client's certificate is shown to everybody who listens.
    """
    server = purpose is ssl.Purpose.CLIENT_AUTH
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a pinned certificate issued itself to none
    made.load_cert_chain(credentials.certificate, credentials.key)
    made.load_verify_locations(cadata=trust)
    if server:
        made.num_tickets = 0  # each connection shows its certificate
    return made


def _leis(certificate: x509.Certificate) -> set[str]:
    found = set()
    for one in certificate.subject.get_attributes_for_oid(ORGANISATION):
        if str(one.value).startswith(SCHEME):
            found.add(str(one.value).removeprefix(SCHEME))
    try:
        extension = certificate.extensions.get_extension_for_oid(LEI_EXTENSION)
    except x509.ExtensionNotFound:
        return found
    assert isinstance(extension.value, x509.UnrecognizedExtension)
    value = extension.value.value
    if value[:1] not in {bytes([tag]) for tag in TEXT_TAGS} or value[1:2] != bytes(
        [len(value) - 2]
    ):
        raise ValueError("its LEI is no text")
    return found | {value[2:].decode("ascii")}
