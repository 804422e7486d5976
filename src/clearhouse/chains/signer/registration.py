"""`Registration`: which vault this signer holds a key of, and whose statements it follows.

The institution's officer says it once. Everything that the house claims later is compared with it,
so a second registration that differs is refused: a new vault gets a new signer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from embit.base import EmbitError
from embit.descriptor import Descriptor
from embit.descriptor.checksum import add_checksum

from clearhouse.chains.signer.seed import Account, require_private, write_new
from clearhouse.core.errors import Kind, Refusal

FILE = "registration.json"
BRANCHES = ([0, 1], None)  # <0;1>/*: receiving and change, any index (BIP 389)


class DescriptorWrong(Refusal):
    """A descriptor is not of a vault: wsh(sortedmulti(k,KEY/<0;1>/*,...)) with its checksum."""

    code = "signer.descriptor-wrong"
    kind = Kind.MALFORMED


class NotAHolder(Refusal):
    """A signer's own key is not among the vault's."""

    code = "signer.not-a-holder"
    kind = Kind.CONFLICT


class HouseKeyWrong(Refusal):
    """The house's statement key is not an Ed25519 public key."""

    code = "signer.house-key-wrong"
    kind = Kind.MALFORMED


class RegisteredOtherwise(Refusal):
    """A signer is registered for another vault or house already."""

    code = "signer.registered-otherwise"
    kind = Kind.CONFLICT


class NotRegistered(Refusal):
    """A signer does not know its vault yet."""

    code = "signer.not-registered"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Registration:
    """A vault as this signer sees it.

    Attributes:
        vault: The descriptor's text, as it was registered.
        house: The key that the house signs statements with.
        branches: The receiving and the change branch; embit's.
    """

    vault: str
    house: Ed25519PublicKey
    branches: Sequence[Any] = field(repr=False)

    def scripts(self, branch: int, index: int) -> tuple[bytes, Any]:
        """Derive the output script and the witness script at `index` of a branch."""
        derived = self.branches[branch].derive(index)
        return bytes(derived.script_pubkey().data), derived.witness_script()


def register(folder: Path, account: Account, vault: str, house: str) -> Registration:
    """Remember the vault and the house's key (64 hexadecimal digits), once.

    Saying the same again changes nothing.

    Raises:
        DescriptorWrong, NotAHolder, HouseKeyWrong, RegisteredOtherwise: In this precedence.
    """
    registration = _understand(account, vault, house)
    written = json.dumps({"vault": vault, "house": house}).encode()
    try:
        write_new(folder / FILE, written)
    except FileExistsError as wrong:
        if (folder / FILE).read_bytes() != written:
            raise RegisteredOtherwise(f"{folder}: a new vault gets a new signer") from wrong
    return registration


def registered(folder: Path, account: Account) -> Registration:
    """Read what was registered.

    Raises:
        NotRegistered, FolderOpen, DescriptorWrong, NotAHolder, HouseKeyWrong: In this precedence.
    """
    path = folder / FILE
    if not path.is_file():
        raise NotRegistered(f"{folder}: register the vault first")
    require_private(path)
    try:
        written = json.loads(path.read_bytes())
        vault, house = str(written["vault"]), str(written["house"])
    except (ValueError, KeyError, TypeError) as wrong:
        raise NotRegistered(f"{path} was damaged: {type(wrong).__name__}") from wrong
    return _understand(account, vault, house)


def _understand(account: Account, vault: str, house: str) -> Registration:
    parsed = _parse(vault)
    xpub = account.private.to_public().to_base58()
    if not any(
        key.key.to_base58() == xpub
        and key.origin is not None
        and key.origin.fingerprint == account.fingerprint
        and tuple(key.origin.derivation) == account.path
        for key in parsed.keys
    ):
        raise NotAHolder(f"the descriptor has no key {account.xpub}")
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(house))
    except ValueError as wrong:
        raise HouseKeyWrong(f"{house!r:.80} is not 64 hexadecimal digits") from wrong
    return Registration(vault, public, (parsed.branch(0), parsed.branch(1)))


def _parse(vault: str) -> Any:
    """Read a vault's descriptor with embit.

    Raises:
        DescriptorWrong: It is no vault's.
    """
    try:
        # embit itself ignores the checksum.
        is_whole = add_checksum(vault) == vault
        parsed = Descriptor.from_string(vault)
        keys = list(parsed.keys)
        is_vault = (
            parsed.wsh
            and not parsed.sh
            and parsed.is_sorted
            and all(key.is_extended and not key.is_private for key in keys)
            and all(tuple(key.allowed_derivation.indexes) == BRANCHES for key in keys)
            and len({key.key.sec() for key in keys}) == len(keys)
        )
    except (EmbitError, ValueError, LookupError, AttributeError, AssertionError) as wrong:
        raise DescriptorWrong(f"{vault!r:.80}: {type(wrong).__name__}") from wrong
    if not is_whole or not is_vault:
        raise DescriptorWrong(
            f"{vault!r:.80}: wrong checksum, or not sorted public keys, each once"
        )
    return parsed
