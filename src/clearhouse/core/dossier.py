"""Dossiers: what is personal about a subject, erasable, beside a journal that never forgets.

The journal holds a commitment: SHA-256 over a random salt and what the dossier says. Whoever is
shown both can check them against it; without the salt nothing can be guessed from it. The dossier
itself is encrypted under a key of its subject's own, and the keys are kept apart from what they
open: erasing a key erases every copy of the dossier, those in backups too. The journal then says
that there was one, and still replays to the same bytes.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Alarm, Kind, Refusal

FORM = "clearhouse.dossier.1"
BYTES_MAX = 65_536
NAME_FORM = re.compile(r"[a-z][a-z_]{0,63}", re.ASCII)
COMMITMENT_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
SALT_BITS, NONCE_BITS, KEY_BITS = 256, 96, 256  # RFC 8439 asks for the last two


class DossierMalformed(Refusal):
    """A dossier does not have its form."""

    code = "dossier.malformed"
    kind = Kind.MALFORMED


class UnknownDossier(Refusal):
    """Nothing personal is kept about this subject."""

    code = "dossier.unknown"
    kind = Kind.UNKNOWN


class DossierGone(Refusal):
    """The dossier was erased."""

    code = "dossier.erased"
    kind = Kind.CONFLICT


class DossierAltered(Alarm):
    """A dossier is not what the journal committed to, or its key does not open it."""

    code = "dossier.altered"


@dataclass(frozen=True, slots=True)
class DossierKept:
    """Something personal was written down about the entry's subject."""

    edition: int  # from 1; an edition takes the place of the one before
    commitment: str  # SHA-256 of the dossier, in hex


@dataclass(frozen=True, slots=True)
class DossierErased:
    """The dossier and its key were erased; this is what is left."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is personal about a subject.

    Attributes:
        said: What it says, by name: `name`, `contact`.
        salt: 64 hexadecimal digits of chance, without which the commitment could be guessed.

    Raises:
        DossierMalformed: It says nothing, says what is no text, or is too long.
    """

    said: Mapping[str, str]
    salt: str

    def __post_init__(self) -> None:
        named = all(NAME_FORM.fullmatch(name) and text for name, text in self.said.items())
        if not self.said or not named:
            raise DossierMalformed("texts by name (small letters) are expected, none of them empty")
        if len(self.salt) != SALT_BITS // 4 or set(self.salt) - set("0123456789abcdef"):
            raise DossierMalformed("a salt is 64 lower-case hexadecimal digits")
        try:
            size = len(self.encode())
        except UnicodeEncodeError as wrong:
            raise DossierMalformed("half a surrogate pair is no text") from wrong
        if size > BYTES_MAX:
            raise DossierMalformed(f"it has {size:,} bytes; {BYTES_MAX:,} are the most")

    def encode(self) -> bytes:
        """Write it in its one way: canonical JSON (RFC 8785)."""
        return canonical({"form": FORM, "said": dict(self.said), "salt": self.salt}).encode()

    @property
    def commitment(self) -> str:
        """What the journal holds of it: SHA-256, in hex."""
        return sha256(self.encode()).hexdigest()


def need_commitment(text: str) -> None:
    """Check that `text` can be a commitment.

    Raises:
        DossierMalformed: It cannot.
    """
    if COMMITMENT_FORM.fullmatch(text) is None:
        raise DossierMalformed("a commitment is 64 lower-case hexadecimal digits")


def salted(said: Mapping[str, str], dice: Callable[[int], int]) -> Dossier:
    """Make a dossier with a fresh salt; `dice` answers n random bits."""
    return Dossier(said, dice(SALT_BITS).to_bytes(SALT_BITS // 8, "big").hex())


def parse(written: object) -> Dossier:
    """Read the JSON object that `encode` writes.

    Raises:
        DossierMalformed: It is something else.
    """
    if not isinstance(written, dict) or written.keys() != {"form", "said", "salt"}:
        raise DossierMalformed("not an object of exactly form, said, salt")
    if written["form"] != FORM or not isinstance(written["said"], dict):
        raise DossierMalformed(f"form: {FORM} is expected, and said: an object of texts")
    texts = (*written["said"].values(), written["salt"])
    if not all(isinstance(text, str) for text in texts):
        raise DossierMalformed("it holds texts and nothing else")
    return Dossier(written["said"], written["salt"])


def seal(
    dossier: Dossier, subject: str, edition: int, key: bytes, dice: Callable[[int], int]
) -> bytes:
    """Encrypt a dossier (ChaCha20-Poly1305, RFC 8439), bound to whose it is and which edition."""
    nonce = dice(NONCE_BITS).to_bytes(NONCE_BITS // 8, "big")
    sealed = ChaCha20Poly1305(key).encrypt(nonce, dossier.encode(), _bound(subject, edition))
    return nonce + sealed


def unseal(sealed: bytes, subject: str, edition: int, key: bytes, commitment: str) -> Dossier:
    """Decrypt a dossier and hold it against its commitment.

    Raises:
        DossierAltered: It is another's, another edition, or was changed.
    """
    nonce, rest = sealed[: NONCE_BITS // 8], sealed[NONCE_BITS // 8 :]
    try:
        plain = ChaCha20Poly1305(key).decrypt(nonce, rest, _bound(subject, edition))
    except (InvalidTag, ValueError) as wrong:
        raise DossierAltered(f"the dossier of {subject} does not open", subject=subject) from wrong
    if sha256(plain).hexdigest() != commitment:
        detail = f"the dossier of {subject} is not the one that the journal holds"
        raise DossierAltered(detail, subject=subject)
    return parse(json.loads(plain))


def _bound(subject: str, edition: int) -> bytes:
    return f"{FORM} {subject} {edition}".encode()
