"""`clearhouse wallets challenge`, `prove`, `list`, `give-up`: whose address it is."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from clearhouse.chains.messages.node import EvmNode
from clearhouse.cli.answer import AsJson, TextMalformed, answering, console, say
from clearhouse.core.canonical import instant
from clearhouse.core.participant import parse_lei
from clearhouse.core.wallet import CUSTODY, ETHEREUM, PURPOSES, Wallet
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
            say({"challenge": made.challenge, "expires_at": expires, "text": made.text})
        else:
            console().print(made.text, markup=False)
            console().print(f"\nclearhouse wallets prove {made.challenge} SIGNATURE", markup=False)


@app.command()
def prove(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE")],
    signature: Annotated[str, typer.Argument(help="As the wallet gave it, or a file's name.")],
    *,
    evm_node: Annotated[
        str, typer.Option(help="A contract's wallet: the node that is asked (EIP-1271).")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Hand in the signature over a challenge: the address is the participant's from now on."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        given = _given(signature)
        node = None
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
