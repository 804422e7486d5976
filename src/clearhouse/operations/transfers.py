"""Micro-transfers: who sends an address's coins back to it, as a challenge asks, holds it.

No money comes to the house. The transaction is of the house's own network, which has judged its
signatures; what it must be beside that is in `chains.messages.transfer`. When it was made, the
block says that holds it: mined after the challenge was made, and final before it expires. A block's
time is its miner's word, two hours ahead at most; how much luck is left within is bounded by how
many challenges of an address count.
"""

import re

from clearhouse.chains.chain import Block, UnknownTransaction
from clearhouse.chains.messages import transfer
from clearhouse.chains.messages.proof import Method, Proof
from clearhouse.core import address as addresses
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.wallet import CHALLENGE_LIFE, CHALLENGES, Challenge, Wallet
from clearhouse.operations.house import House
from clearhouse.operations.settle import depth_final
from clearhouse.operations.wallets import enter, waiting
from clearhouse.store import records

TXID = re.compile("[0-9a-f]{64}", re.ASCII)
# Of 2^20 amounts: whoever asks on may be asked what a stranger is just sending to themselves.
ASKED_MAX = 16


class TransferOfOtherNetwork(Refusal):
    """A transfer is asked for on a network that is not the house's."""

    code = "wallet.transfer-network"
    kind = Kind.FORBIDDEN


class TransferAskedOften(Refusal):
    """So many challenges were made of one address that a transfer may fit one by luck."""

    code = "wallet.transfer-asked-often"
    kind = Kind.FORBIDDEN


class TransferDisplaced(Refusal):
    """Another transaction spends what a transfer would."""

    code = "wallet.transfer-displaced"
    kind = Kind.CONFLICT


class TransferEarly(Refusal):
    """A transfer was mined before it was asked for."""

    code = "wallet.transfer-early"
    kind = Kind.FORBIDDEN


class TransferWaits(Refusal):
    """A transfer is not final yet."""

    code = "wallet.transfer-waits"
    kind = Kind.UNAVAILABLE


def prove(house: House, id: str, txid: str) -> Wallet:
    """Take a transfer as the answer to a challenge: the address is the participant's from now on.

    Args:
        txid: Of the transaction that sends the challenge's amount back to its address.

    Raises:
        ChallengeUnknown, ChallengeAnswered, ChallengeExpired: Of the challenge.
        TransferOfOtherNetwork, TransferAskedOften: It cannot be answered by a transfer.
        NoRail, Unreachable: The house has no chain, or it does not answer now.
        UnknownTransaction, TransferDisplaced: The chain does not have it, or no longer.
        chains.messages' refusals: It proves nothing.
        TransferEarly: It was there before.
        TransferWaits: It would prove it later; the challenge stays open.
        AddressOfVault, WalletClaimed, WalletListed: It became somebody else's meanwhile.
    """
    question = waiting(house, id)
    if question.network != house.network:
        detail = f"{question.address} is on {question.network}, the house on {house.network}: sign"
        raise TransferOfOtherNetwork(detail, challenge=id)
    _need_few_asked(house, question)
    block = _final(house, question, txid)
    proof = Proof(Method.TRANSFER, question.address, at_block=block.hash)
    return enter(house, question, proof, txid)


def _final(house: House, question: Challenge, txid: str) -> Block:
    """Check a transfer, and answer the block in which it is final."""
    chain, deep = house.rail.chain, depth_final(house)
    if not TXID.fullmatch(txid):
        raise UnknownTransaction(f"{txid[:64]!r} is no transaction's id: 64 digits of 0-9 and a-f")
    # Where it is comes first: what is read of it afterwards cannot change.
    seen = chain.sight([txid])[txid]
    if seen.conflicted:
        detail = f"{txid} spends what another transaction spent: send the amount again"
        raise TransferDisplaced(detail, txid=txid)
    if not seen.known:
        raise UnknownTransaction(f"{txid} is neither in a block nor in the mempool", txid=txid)
    raw = chain.transaction(txid)
    before = {one: chain.transaction(one) for one in transfer.sources(raw)}
    holder = addresses.parse(question.address, question.network)
    transfer.check(holder, raw, before, question.amount)
    if seen.block is not None and seen.block.time_at < question.made_at:
        detail = f"{txid} is in a block of {seen.block.time_at:%Y-%m-%d %H:%M:%S} UTC, before it"
        raise TransferEarly(f"{detail} was asked for: send the amount again", txid=txid)
    if seen.block is None or seen.depth < deep:
        detail = f"{txid} has {seen.depth} confirmations of {deep}: answer again"
        raise TransferWaits(f"{detail} before {question.expires_at:%Y-%m-%d %H:%M} UTC", txid=txid)
    return seen.block


def _need_few_asked(house: House, question: Challenge) -> None:
    """Check that an amount was not looked for by asking for one after the other."""
    since = question.made_at - CHALLENGE_LIFE
    asked = [
        one
        for one in records.current(house.db, CHALLENGES, ids=[question.participant])
        if (one.network, one.address) == (question.network, question.address)
        and since < one.made_at <= question.made_at
    ]
    if len(asked) > ASKED_MAX:
        detail = f"{len(asked)} challenges of {question.address} within a day, and {ASKED_MAX} may"
        raise TransferAskedOften(f"{detail} be: sign, or wait a day", challenge=question.challenge)
