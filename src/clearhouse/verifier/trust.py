"""Trust: what a reader takes from the institutions, and not from the house.

{
  "log": "clearhouse/hse_01...+5d8ae2cb+AR...",        the key that signs the log's heads
  "statements": "9f3c...",                             the key that signs what a cycle pays out
  "vault": "wsh(sortedmulti(2,...))#8lya595x",         what the institutions hold together
  "witnesses": ["w.example/ministry+...", ...],        and how many of them must cosign a head
  "cosignatures": 2,
  "block": {"network": "regtest",                      of the chain, which the reader trusts
                "height": 0, "hash": "0f91..."}
}
"""

import json
from dataclasses import dataclass
from typing import Any

from clearhouse.verifier import ed25519
from clearhouse.verifier.descriptor import Vault
from clearhouse.verifier.note import COSIGNATURE, SIGNATURE, Key, parse_key
from clearhouse.verifier.wrong import Wrong

# What cycles settle in, by network (CAIP-19).
COINS = {
    "main": "bip122:000000000019d6689c085ae165831e93/slip44:0",
    "testnet4": "bip122:00000000da84f2bafbbc53dee25a72ae/slip44:1",
    "signet": "bip122:00000008819873e925422c1ff0f99f7c/slip44:1",
    "regtest": "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1",
}
MEMBERS = {"log", "statements", "vault", "witnesses", "cosignatures", "block"}
BLOCK = {"network", "height", "hash"}
HASH_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader trusts.

    Attributes:
        log: The key that signs the heads of the house's log, and seals its bundles.
        statements: The key that signs what a cycle pays out (Ed25519).
        vault: What the institutions hold together: its addresses follow from its keys.
        witnesses: The keys of the institutions' witnesses.
        cosignatures: How many of them must have cosigned a head.
        network: Which chain it is, as Bitcoin Core names it: its rules of difficulty.
        height: Of a block of it that the reader trusts.
        block: Its hash.
    """

    log: Key
    statements: bytes
    vault: Vault
    witnesses: tuple[Key, ...]
    cosignatures: int
    network: str
    height: int
    block: str


def parse_trust(text: str) -> Trust:
    """Read what a reader trusts.

    Raises:
        Wrong: `trust.malformed`, it has another form; `note.malformed`, a key is none;
            `descriptor.malformed`, the vault is none; `note.witness-twice`, one witness would
            count as two.
    """
    try:
        said: dict[str, Any] = json.loads(text)
        _need(said, MEMBERS)
        _need(said["block"], BLOCK)
        trust = Trust(
            log=parse_key(said["log"]),
            statements=bytes.fromhex(said["statements"]),
            vault=Vault(said["vault"]),
            witnesses=tuple(map(parse_key, said["witnesses"])),
            cosignatures=_whole(said["cosignatures"]),
            network=str(said["block"]["network"]),
            height=_whole(said["block"]["height"]),
            block=str(said["block"]["hash"]),
        )
        bytes.fromhex(trust.block)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as wrong:
        raise Wrong("trust.malformed", f"{wrong!s:.200}") from wrong
    if trust.network not in COINS:
        raise Wrong("trust.malformed", f"{trust.network!r:.40}: one of {', '.join(COINS)}")
    if not ed25519.is_key(trust.statements) or len(trust.block) != HASH_DIGITS:
        raise Wrong("trust.malformed", "statements: a key; block: a network, a height and a hash")
    if trust.log.kind != SIGNATURE or any(one.kind != COSIGNATURE for one in trust.witnesses):
        raise Wrong(
            "trust.malformed", "the log has a key for signatures, witnesses for cosignatures"
        )
    if trust.cosignatures > len(trust.witnesses):
        raise Wrong("trust.malformed", f"{trust.cosignatures} of {len(trust.witnesses)} witnesses")
    if len({one.public for one in trust.witnesses}) != len(trust.witnesses):
        raise Wrong("note.witness-twice", "two witnesses have one key")
    return trust


def _need(said: dict[str, Any], members: set[str]) -> None:
    if unlike := sorted(said.keys() ^ members):
        expected = ", ".join(sorted(members))
        raise ValueError(f"exactly {expected} are expected; see {unlike[0]!r:.40}")


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value
