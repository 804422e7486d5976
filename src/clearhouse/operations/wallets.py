"""Wallets: challenge who says that they hold an address, and record what they prove."""

import re
from collections.abc import Iterable
from dataclasses import replace

from clearhouse.chains import messages
from clearhouse.chains.messages import Proof, evm
from clearhouse.chains.messages.node import EvmNode
from clearhouse.chains.vault import script_of
from clearhouse.core import address as addresses
from clearhouse.core import ids
from clearhouse.core.founding import NotFounded
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import AddressOfVault, UnknownParticipant
from clearhouse.core.record import RecordMalformed
from clearhouse.core.wallet import (
    CHALLENGE_LIFE,
    CHALLENGES,
    CUSTODY,
    ETHEREUM,
    NONCE_BITS,
    PURPOSES,
    WALLETS,
    Challenge,
    ChallengeAnswered,
    ChallengeExpired,
    ChallengeUnknown,
    ProofWaits,
    UnknownWallet,
    Wallet,
    WalletClaimed,
    WalletListed,
)
from clearhouse.operations.house import House
from clearhouse.operations.screen import open_gate
from clearhouse.store import cycles, journal, people, records, registers
from clearhouse.store.projection import record

# One chain has one name (EIP-155, CAIP-2): else one address could be two participants'.
CHAIN_FORM = re.compile(rf"{ETHEREUM}[1-9][0-9]{{0,18}}", re.ASCII)


def challenge(
    house: House, who: ParticipantId, network: str, address: str, purpose: str, custody: str
) -> Challenge:
    """Make the text that whoever holds an address is to sign.

    Args:
        network: Bitcoin Core's name of it, or `eip155:` and the number of an Ethereum-like chain.
        purpose: What the address is for.
        custody: Who holds its keys, as the participant declares it.

    Raises:
        RecordMalformed: The purpose or the custody is none: what is signed holds known words only.
        NotFounded: A house without a name cannot be named in what is signed.
        UnknownParticipant: Nobody is admitted under this id.
        core.address's refusals: The address is malformed, or another network's.
        AddressOfVault, WalletListed, WalletClaimed: It is somebody else's.
        screening's refusals: Nothing can be screened now.
    """
    for word, words in ((purpose, PURPOSES), (custody, CUSTODY)):
        if word not in words:
            raise RecordMalformed(f"{word[:40]!r}: one of {', '.join(words)}")
    screen, now = open_gate(house).screen, house.now()
    written = canonical(network, address)
    with house.db.transaction():
        journal.lock(house.db)
        founded = people.founded(house.db)
        if founded is None:
            raise NotFounded("two people found it first: see the guide to people and keys")
        if who not in registers.admitted(house.db, [who]):
            raise UnknownParticipant(f"{who} is not admitted", participant=who)
        for hit in screen.listed_wallet(written, now=now):
            detail = f"{written} is listed in {hit.list_name} version {hit.list_version[:12]}"
            raise WalletListed(detail, participant=who)
        _need_free(house, who, network, written)
        id, nonce = ids.fresh("chl", now, house.dice), house.dice(NONCE_BITS)
        made = Challenge(
            *(id, founded[0], who, network, written, purpose, custody),
            *(f"{nonce:0{NONCE_BITS // 4}x}", now, now + CHALLENGE_LIFE),
        )
        record(house.db, [CHALLENGES.entered(made)], now, now)
    return made


def canonical(network: str, address: str) -> str:
    """An address in its one form, checked by us.

    Raises:
        core.address's refusals.
    """
    if CHAIN_FORM.fullmatch(network):
        return addresses.parse_evm(address).text
    if network not in addresses.NETWORKS:
        known = f"{', '.join(addresses.NETWORKS)}, or {ETHEREUM} and a chain's number"
        raise addresses.AddressOfOtherNetwork(f"{network[:40]!r} is no network here: {known}")
    return addresses.parse(address, network).text


def prove(house: House, id: str, signature: str, node: EvmNode | None = None) -> Wallet:
    """Take the answer to a challenge: from now on the address is the participant's.

    Args:
        signature: Over the challenge's text, as the wallet gave it.
        node: Of an Ethereum-like chain: who is asked whether a contract takes the signature; None
            is an account with a key.

    Raises:
        ChallengeUnknown, ChallengeExpired, ChallengeAnswered: Of the challenge.
        WalletClaimed, WalletListed: It became somebody else's, or was listed, meanwhile.
        chains.messages' refusals: The signature proves nothing.
        ProofWaits: It would prove it later.
    """
    question = waiting(house, id)
    proof = _verified(question, signature, node)
    if proof.valid_at_time or proof.valid_at_age:
        detail = "it holds from a later time on, or for older coins: sign without a time lock"
        raise ProofWaits(detail, challenge=id)
    return enter(house, question, proof, signature)


def enter(house: House, question: Challenge, proof: Proof, signature: str) -> Wallet:
    """Record that a challenge is answered, if it still waits and the address is still free.

    Args:
        signature: What was handed in; the proof says how it was judged.

    Raises:
        ChallengeExpired, ChallengeAnswered, AddressOfVault, WalletClaimed, WalletListed: Since.
    """
    screen, now = open_gate(house).screen, house.now()
    with house.db.transaction():
        journal.lock(house.db)
        waiting(house, question.challenge)
        _need_free(house, question.participant, question.network, question.address)
        if screen.listed_wallet(question.address, now=now):
            raise WalletListed(f"{question.address} is listed", participant=question.participant)
        made = Wallet(
            *(
                question.participant,
                question.network,
                question.address,
                question.purpose,
                question.custody,
            ),
            *(question.challenge, str(proof.method), signature, proof.at_block, now),
        )
        record(house.db, [WALLETS.entered(made)], now, now)
    return made


def give_up(house: House, who: ParticipantId, network: str, address: str) -> Wallet:
    """Let a participant hold an address no longer; today is the last day.

    Raises:
        UnknownWallet: It does not hold it.
        core.address's refusals.
    """
    now, written = house.now(), canonical(network, address)
    with house.db.transaction():
        journal.lock(house.db)
        named = (who, network, written)
        held = [
            one
            for one in held_by(house, [who])
            if (one.participant, one.network, one.address) == named and one.until is None
        ]
        if not held:
            raise UnknownWallet(f"{who} does not hold {written} on {network}", participant=who)
        ended = replace(held[0], until=house.today)
        record(house.db, [WALLETS.entered(ended)], now, now)
    return ended


def held_by(house: House, several: Iterable[ParticipantId]) -> list[Wallet]:
    """The wallets of some participants, those that were given up too."""
    return records.current(house.db, WALLETS, ids=several)


def asked(house: House, id: str) -> Challenge:
    """What was asked by a challenge.

    Raises:
        ChallengeUnknown: There is none.
    """
    found: list[Challenge] = records.current(house.db, CHALLENGES, "challenge", [id])
    if not found:
        raise ChallengeUnknown(f"there is no challenge {id[:64]!r}", challenge=id[:64])
    return found[0]


def waiting(house: House, id: str) -> Challenge:
    """A challenge that waits for its answer.

    Raises:
        ChallengeUnknown, ChallengeAnswered, ChallengeExpired: In this precedence.
    """
    found = asked(house, id)
    if records.versions(house.db, WALLETS, "challenge", [id]):
        raise ChallengeAnswered(f"{id} was answered: ask for another one", challenge=id)
    if found.expires_at <= house.now():
        detail = f"{id} expired at {found.expires_at:%Y-%m-%d %H:%M} UTC: ask for another one"
        raise ChallengeExpired(detail, challenge=id)
    return found


def _verified(question: Challenge, signature: str, node: EvmNode | None) -> Proof:
    address, text = question.address, question.text
    if not question.network.startswith(ETHEREUM):
        return messages.verify(address, text, signature, question.network)
    if node is None:
        return evm.verify_account(address, text, signature)
    return evm.verify_contract(address, text, signature, node)


def _need_free(house: House, who: ParticipantId, network: str, address: str) -> None:
    """Check that an address is neither the vault's nor another participant's."""
    if network == house.network:
        script = script_of(address, network)
        if script in cycles.vault_addresses(house.db):
            raise AddressOfVault(f"{address} is the vault's", participant=who)
    for one in records.current(house.db, WALLETS, "address", [address]):
        if one.network == network and one.participant != who and one.is_held(house.today):
            raise WalletClaimed(f"{address} is {one.participant}'s", participant=who)
