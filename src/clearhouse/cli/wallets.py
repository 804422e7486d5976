"""`clearhouse wallets challenge`, `prove`, `list`, `give-up`: whose address it is."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from clearhouse.chains.messages.node import EvmNode
from clearhouse.cli.answer import AsJson, TextMalformed, answering, console, say
from clearhouse.core.canonical import instant
from clearhouse.core.money import decimal
from clearhouse.core.participant import parse_lei
from clearhouse.core.wallet import CUSTODY, ETHEREUM, PURPOSES, Wallet
from clearhouse.operations import transfers
from clearhouse.operations import wallets as operations
from clearhouse.settings import Settings, house

app = typer.Typer(help="Wallets: addresses that participants prove to hold.", no_args_is_help=True)

Lei = Annotated[str, typer.Argument(metavar="LEI", help="Whose address it is.")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS")]
Network = Annotated[
    str, typer.Option(help="Bitcoin's, as its nodes call it, or eip155:1; else the house's.")
]
Purpose = Annotated[str, typer.Option(help=f"What for: {', '.join(PURPOSES)}.")]
Custody = Annotated[str, typer.Option(help=f"Who holds the keys: {', '.join(CUSTODY)}.")]


@app.command()
def challenge(
    who: Lei,
    address: Address,
    *,
    network: Network = "",
    purpose: Purpose = "pay-out",
    custody: Custody = "self-hosted",
    out: Annotated[Path | None, typer.Option(help="Write the text there, to be signed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make the text that whoever holds an address is to sign with their wallet, within a day.

    Sign it as it is, to the last character and without a line's end behind it.
    """
    for name, word, words in (("purpose", purpose, PURPOSES), ("custody", custody, CUSTODY)):
        if word not in words:
            raise typer.BadParameter(f"--{name}: one of {', '.join(words)}")
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        where = network or own.network
        made = operations.challenge(own, parse_lei(who), where, address, purpose, custody)
        if out is not None:
            out.write_text(made.text, encoding="utf-8", newline="\n")
        if as_json:
            expires = instant(made.expires_at)
            said = {"challenge": made.challenge, "expires_at": expires, "text": made.text}
            say(said | ({"units": str(made.amount)} if where == own.network else {}))
        else:
            answer = f"clearhouse wallets prove {made.challenge}"
            console().print(f"{made.text}\n\n{answer} SIGNATURE", markup=False)
            if where == own.network:
                much = f"{decimal(made.amount, own.coin.exponent)} {own.coin.code}"
                line = f"or send {much} from {made.address}, of its coins alone, back to it:"
                console().print(f"\n{line}\n{answer} --transfer TXID", markup=False)


@app.command()
def prove(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE")],
    signature: Annotated[
        str | None, typer.Argument(help="As the wallet gave it, or a file's name.")
    ] = None,
    *,
    transfer: Annotated[
        str | None,
        typer.Option(metavar="TXID", help="Instead: what sent the amount back to the address."),
    ] = None,
    evm_node: Annotated[
        str, typer.Option(help="A contract's wallet: the node that is asked (EIP-1271).")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Answer a challenge, by a signature or a transfer: the address is the participant's then.

    A transfer is asked of the house's own chain, and proves once it is final there.
    """
    if (signature is None) == (transfer is None) or (transfer is not None and evm_node):
        raise typer.BadParameter("either a SIGNATURE, or --transfer and the transaction's id")
    with answering(as_json=as_json), house(Settings(), settles=signature is None) as own:
        if transfer is not None:
            made = transfers.prove(own, challenge, transfer)
        else:
            given, node = _given(signature or ""), None
            if evm_node:
                node = _node(evm_node, operations.asked(own, challenge).network)
            made = operations.prove(own, challenge, given, node)
        if as_json:
            say(_said(made))
        else:
            line = f"{made.address} is {made.participant}'s, proven by {made.method}"
            console().print(line, markup=False)


@app.command("list")
def list_(who: Lei, *, as_json: AsJson = False) -> None:
    """List a participant's wallets, and until when each proof holds."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = operations.held_by(own, [parse_lei(who)])
        days = own.rulebook.standard("wallets.proof-age", own.today)
        lines = [
            _said(one) | {"proven": one.is_proven(own.today, days), "days": str(days)}
            for one in found
        ]
        if as_json:
            say({"wallets": lines})
            return
        for line in lines:
            state = "proven" if line["proven"] else "proof is over"
            words = (line["network"], line["address"], line["purpose"], line["custody"])
            console().print("  ".join((*words, line["proven_at"], state)), markup=False)


@app.command("give-up")
def give_up(who: Lei, address: Address, *, network: Network = "", as_json: AsJson = False) -> None:
    """Let a participant hold an address no longer, from tomorrow on."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        ended = operations.give_up(own, parse_lei(who), network or own.network, address)
        if as_json:
            say(_said(ended))
        else:
            line = f"{ended.address} was {ended.participant}'s until {ended.until}"
            console().print(line, markup=False)


def _given(signature: str) -> str:
    """A signature as it was given, or as a file has it."""
    path = Path(signature)
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8").strip()
    except OSError:
        pass  # as long as no name of a file is
    except UnicodeDecodeError as trouble:
        raise TextMalformed(f"{path}: {trouble.reason}") from trouble
    return signature


def _node(url: str, network: str) -> EvmNode:
    """The node that is asked about a contract; its address may hold a key, and is not said."""
    if not network.startswith(ETHEREUM):
        raise typer.BadParameter(f"--evm-node: there are no contracts on {network}")
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or a host that is none
        is_right = False
    if not is_right:
        raise typer.BadParameter("--evm-node: http:// or https://, a host, and perhaps a port")
    return EvmNode(url, int(network.removeprefix(ETHEREUM)))


def _said(one: Wallet) -> dict[str, Any]:
    return {
        "participant": one.participant,
        "network": one.network,
        "address": one.address,
        "purpose": one.purpose,
        "custody": one.custody,
        "method": one.method,
        "proven_at": instant(one.proven_at),
        "until": one.until.isoformat() if one.until else None,
    }
