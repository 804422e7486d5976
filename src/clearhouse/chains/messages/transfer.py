"""A micro-transfer: coins of an address, sent back to it, and as many as were asked for.

```text
inputs     all of the address, each signed for the whole transaction (see `rules`)
outputs    one back to the address, of exactly the amount; one more may take the rest
```

Had others put in coins too, as in a service's payment or a coinjoin, it would be theirs as well.
Two outputs are what a wallet makes of a payment; with more of them some amount is met by chance.
Where the transaction is, and whether it is final, is the caller's to ask.
"""

from collections.abc import Mapping

from embit.transaction import Transaction

from clearhouse.chains import transaction
from clearhouse.chains.messages import rules
from clearhouse.core.address import Address
from clearhouse.core.errors import Kind, Refusal

INPUTS_MAX, OUTPUTS_MAX = 100, 2
NOTHING = bytes(32)  # what a coinbase names as the transaction that it spends of


class TransferNotPlain(Refusal):
    """A transfer has more inputs or outputs than a payment to oneself and its change."""

    code = "proof.transfer-not-plain"
    kind = Kind.FORBIDDEN


class TransferForeign(Refusal):
    """A transfer spends something that was not at the address."""

    code = "proof.transfer-foreign"
    kind = Kind.FORBIDDEN


class TransferAway(Refusal):
    """A transfer pays nothing back to the address."""

    code = "proof.transfer-away"
    kind = Kind.FORBIDDEN


class TransferAmountWrong(Refusal):
    """A transfer pays the address back another amount than was asked for."""

    code = "proof.transfer-amount-wrong"
    kind = Kind.FORBIDDEN


def sources(raw: bytes) -> list[str]:
    """The transactions whose outputs a transfer spends, each once.

    Raises:
        TransferNotPlain: It has too many inputs or outputs to be looked at.
        TransferForeign: It spends nothing, as the reward of a block does.
    """
    made = Transaction.parse(raw)
    if len(made.vin) > INPUTS_MAX or len(made.vout) > OUTPUTS_MAX:
        raise TransferNotPlain(
            f"it has {len(made.vin)} inputs and {len(made.vout)} outputs, and may have"
            f" {INPUTS_MAX} and {OUTPUTS_MAX}: send a payment of its own"
        )
    if any(one.txid == NOTHING for one in made.vin):
        raise TransferForeign("it is a block's reward, and spends nothing")
    return list(dict.fromkeys(one.txid.hex() for one in made.vin))


def check(holder: Address, raw: bytes, before: Mapping[str, bytes], amount: int) -> None:
    """Check that a transaction, which the chain took, sends a holder's coins back to them.

    Args:
        holder: Whose it is said to be.
        before: The transactions that it spends of, by id.
        amount: Satoshi to be sent back.

    Raises:
        TransferForeign, TransferAway, TransferAmountWrong: In this precedence.
        ProofRuleBroken, ProofInconclusive: See `rules`.
    """
    made = Transaction.parse(raw)
    spent = [transaction.outputs(before[one.txid.hex()])[one.vout] for one in made.vin]
    for one, (_, script) in zip(made.vin, spent, strict=True):
        if script != holder.script:
            detail = f"{one.txid.hex()}:{one.vout} was not at {holder.text}: spend its coins alone"
            raise TransferForeign(detail)
    back = [units for units, script in transaction.outputs(raw) if script == holder.script]
    if not back:
        raise TransferAway(f"it pays nothing back to {holder.text}")
    if amount not in back:
        paid = ", ".join(map(str, back))
        raise TransferAmountWrong(f"it pays {paid} satoshi back: {amount} are asked for")
    for place, (units, _) in enumerate(spent):
        rules.check(holder, rules.Input(made, place, units))
