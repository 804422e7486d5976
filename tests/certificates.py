"""A certificate authority for tests, and certificates that are right or wrong in one way each."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from clearhouse.feeds.travel_rule.identity import (
    LEI_EXTENSION,
    ORGANISATION,
    Credentials,
    Provider,
)

DAY = timedelta(days=1)
NORTH, SOUTH, OTHER = "5493001KJTIIGC8Y1R12", "529900T8BM49AURSDO55", "743700EB2QF2J1WRO915"


@dataclass(frozen=True)
class Certified:
    """A certificate and its key, as files."""

    credentials: Credentials
    pem: str
    fingerprint: str
    der: bytes


class Authority:
    """Who issues certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = begun(self.name, self.name, self.key, -DAY, 30 * DAY)
        ca = x509.BasicConstraints(ca=True, path_length=0)
        made = builder.add_extension(ca, critical=True).sign(self.key, hashes.SHA256())
        self.pem = made.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        name: str,
        *leis: str,
        since: timedelta = -DAY,
        until: timedelta = DAY,
        extension: str = "",
        raw: bytes = b"",
        hosts: tuple[str, ...] = ("127.0.0.1", "::1"),
        names: tuple[str, ...] = ("localhost",),
        own: bool = False,
    ) -> Certified:
        """Issue a certificate with LEIs in its subject, and perhaps one in its extension."""
        key = ec.generate_private_key(ec.SECP256R1())
        words = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
        words += [x509.NameAttribute(ORGANISATION, f"LEIXG-{lei}") for lei in leis]
        subject = x509.Name(words)
        builder = begun(subject, subject if own else self.name, key, since, until)
        said: list[x509.GeneralName] = [x509.IPAddress(ip_address(host)) for host in hosts]
        said += [x509.DNSName(one) for one in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(said), critical=False)
        if extension or raw:
            value = raw or bytes([0x13, len(extension)]) + extension.encode()
            builder = builder.add_extension(
                x509.UnrecognizedExtension(LEI_EXTENSION, value), critical=False
            )
        made = builder.sign(key if own else self.key, hashes.SHA256())
        pem, der = made.public_bytes(Encoding.PEM), made.public_bytes(Encoding.DER)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files = Credentials(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        files.certificate.write_bytes(pem)
        files.key.write_bytes(private)
        return Certified(files, pem.decode(), sha256(der).hexdigest(), der)

    def provider(self, lei: str, fingerprint: str = "") -> Provider:
        """Somebody whose certificate is of this authority."""
        return Provider(lei, self.pem, fingerprint)


def begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    since: timedelta,
    until: timedelta,
) -> x509.CertificateBuilder:
    now, number = datetime.now(UTC), x509.random_serial_number()
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), number)
    return builder.not_valid_before(now + since).not_valid_after(now + until)
