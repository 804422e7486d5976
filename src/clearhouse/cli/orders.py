"""`clearhouse propose ...`, `approve`, `decline`, `revoke`, `submit`, `proposals`.

Each of them makes a command. With `--with KEYFILE` it is signed and handed in at once; with `--key`
and `--out` it is written to a file instead, to be signed where the key is (`clearhouse key sign`)
and handed in later (`clearhouse submit`).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.cli.keys import ToSignMalformed, document_of, public, read, write_document
from clearhouse.cli.signing import command_of, holder_of, sign
from clearhouse.core import dossier as dossiers
from clearhouse.core import ids
from clearhouse.core.canonical import instant
from clearhouse.core.command import (
    Action,
    ActivateRulebook,
    AdmitParticipants,
    Approve,
    Decline,
    EnrolPerson,
    EraseDossier,
    GrantDealing,
    GrantRole,
    RegisterKey,
    ReleaseCycle,
    RevokeKey,
    WithdrawRole,
)
from clearhouse.core.dossier import Dossier, salted
from clearhouse.core.ids import CommandId, CycleId, ParticipantId, PersonId
from clearhouse.core.money import Asset, decimal
from clearhouse.core.person import UnknownKey, need_affiliation, need_role
from clearhouse.core.proposal import Proposal, ProposalState, UnknownProposal
from clearhouse.operations import admit, people
from clearhouse.operations.house import House
from clearhouse.operations.people import Taken
from clearhouse.operations.release import Release, release_of
from clearhouse.settings import Settings, house
from clearhouse.store import people as store

propose = typer.Typer(help="Propose what needs two people.", no_args_is_help=True)

With = Annotated[
    Path | None, typer.Option("--with", metavar="KEYFILE", help="Sign and hand in at once.")
]
Key = Annotated[str, typer.Option("--key", help="Whose command it is, by public key.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the command there instead.")]
Who = Annotated[str, typer.Argument(metavar="PERSON")]
Proof = Annotated[
    Path, typer.Argument(metavar="PROOF", exists=True, help="What `clearhouse key prove` printed.")
]
NOTHING: Mapping[str, str] = {}
Why = Annotated[
    str, typer.Option("--reason", help="Stays in the journal for ever: name nobody in it.")
]


@dataclass(frozen=True)
class Hand:
    """Who orders in a house, and how the command is signed: with a key file, or elsewhere."""

    own: House
    keyfile: Path | None
    key: str
    out: Path | None
    as_json: bool
    also: dict[str, str] = field(default_factory=dict)  # what a program is told beside it

    @cached_property
    def private(self) -> Ed25519PrivateKey | None:
        """The key that signs here, read once; None where it is elsewhere."""
        return read(self.keyfile) if self.keyfile else None

    @property
    def person(self) -> PersonId:
        """Who orders; refuses as `holder_of`."""
        return holder_of(self.own, public(self.private) if self.private else self.key)

    def order(self, action: Action, personal: Dossier | None = None) -> None:
        """Make a command of an action, and sign and hand it in or write it out."""
        if self.private:
            taken = sign(self.own, self.private, action, personal)
            _tell(taken, self.also, as_json=self.as_json)
        elif self.out:
            text = command_of(self.own, self.key, action).encode()
            said = json.loads(personal.encode()) if personal else None
            document: dict[str, Any] = {"command": text, "dossier": said, "signatures": {}}
            write_document(self.out, document)
            if self.as_json:
                say({"command": text} | self.also)
            else:
                console().print(text, markup=False)


@contextmanager
def ordering(keyfile: Path | None, key: str, out: Path | None, *, as_json: bool) -> Iterator[Hand]:
    """Open the house for somebody who orders."""
    if (keyfile is None) == (out is None) or bool(out) != bool(key):
        raise typer.BadParameter("give --with KEYFILE, or --key KEY and --out FILE")
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        yield Hand(own, keyfile, key, out, as_json)


def _tell(taken: Taken, also: Mapping[str, str] = NOTHING, *, as_json: bool) -> None:
    one = taken.proposal
    if as_json:
        state = {"proposal": str(one.state), "expires_at": instant(one.expires_at)} if one else {}
        say({"command": taken.id, "again": taken.again} | state | dict(also))
    elif one:
        until = f"another person approves it by {one.expires_at:%Y-%m-%d %H:%M} UTC"
        console().print(f"{taken.id} is {one.state}: {until}", markup=False)
    else:
        console().print(f"{taken.id}: done", markup=False)


@propose.command()
def enrol(
    proof: Proof,
    *,
    name: Annotated[str, typer.Option(help="The person's name; kept encrypted, erasable.")],
    affiliation: Annotated[str, typer.Option(help="An institution, or a participant's LEI.")],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose that somebody may act here."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        need_affiliation(affiliation)
        shown = _proof(proof)
        personal = salted({"name": name}, hand.own.dice)
        person = PersonId(shown["person"])
        action = EnrolPerson(person, affiliation, shown["key"], shown["proof"], personal.commitment)
        hand.order(action, personal)


@propose.command("key")
def key_(
    proof: Proof,
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose another key for somebody who is enrolled."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        shown = _proof(proof)
        hand.order(RegisterKey(PersonId(shown["person"]), shown["key"], shown["proof"]))


def _proof(file: Path) -> dict[str, str]:
    found = document_of(file)
    if not all(isinstance(found.get(name), str) for name in ("person", "key", "proof")):
        raise ToSignMalformed(
            f"{file}: person, key and proof are expected, of `clearhouse key prove`"
        )
    return found


@propose.command()
def grant(
    person: Who,
    role: str,
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose a role for somebody."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(GrantRole(PersonId(person), need_role(role)))


@propose.command()
def withdraw(
    person: Who,
    role: str,
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to take a role from somebody."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(WithdrawRole(PersonId(person), need_role(role)))


@propose.command()
def release(
    cycle: Annotated[str, typer.Argument(metavar="CYCLE")],
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to pay out what a cycle owes; shows it first."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        found, coin = release_of(hand.own, CycleId(ids.parse("cyc", cycle))), hand.own.coin
        if not as_json:
            _show(found, coin)
        hand.order(ReleaseCycle(found.cycle, found.digest))


def _show(found: Release, coin: Asset) -> None:
    """Show who is paid how much where, and what the digest of that is."""
    out = console()
    for one in found.pay_outs:
        paid = decimal(one.units, coin.exponent)
        line = f"{paid:>20} {coin.code}  {one.participant}  {one.address}"
        out.print(line, markup=False)
    out.print(f"SHA-256 {found.digest}")


@propose.command()
def erase(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="per_...")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to erase what is personal about somebody, for ever."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(EraseDossier(subject, reason))


@propose.command()
def rulebook(
    version: Annotated[str, typer.Argument(help="Of a rulebook that was entered.")],
    *,
    at: Annotated[str, typer.Option(help="From when it holds; without a zone in UTC.")],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose that a version of the law comes into force; look at its impact first."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(ActivateRulebook(version, _instant(at)))


def _instant(text: str) -> datetime:
    try:
        said = datetime.fromisoformat(text)
        return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as trouble:
        raise typer.BadParameter(f"--at {text[:40]!r}: {trouble}") from trouble


@propose.command()
def dealing(
    participant: Annotated[str, typer.Argument(metavar="LEI")],
    document: Annotated[Path, typer.Argument(exists=True, help="The authority's licence.")],
    *,
    list_name: Annotated[str, typer.Option("--list", help="The sanctions list: OFAC-SDN.")],
    entity: Annotated[str, typer.Option(help="The list's entry.")],
    authority: Annotated[str, typer.Option(help="Who granted it.")],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day.")],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to enter an authority's licence to deal with somebody who is listed.

    Every decision that relies on it shows it. The document stays with you: its SHA-256 is kept.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        digest = sha256(document.read_bytes()).hexdigest()
        who, days = ParticipantId(participant), (since.date(), until.date())
        hand.order(GrantDealing(who, list_name, entity, authority, digest, *days))


def approve(
    proposal: Annotated[str, typer.Argument(metavar="PROPOSAL", help="cmd_...")],
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Approve another person's proposal; shows the bytes that you approve."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        found = _proposal(hand.own, proposal)
        if not as_json:
            console().print(found.command.encode(), markup=False)
            if isinstance(action := found.command.action, ReleaseCycle):
                _show(release_of(hand.own, action.cycle), hand.own.coin)
            if isinstance(action, AdmitParticipants):
                for line in admit.written(admit.proposed(hand.own, action.digest)):
                    console().print(line, markup=False)
        hand.order(Approve(found.id, found.command.digest))


def decline(
    proposal: Annotated[str, typer.Argument(metavar="PROPOSAL", help="cmd_...")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Decline a proposal, or take your own back."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(Decline(_proposal(hand.own, proposal).id, reason))


def _proposal(own: House, id: str) -> Proposal:
    found = store.proposal(own.db, CommandId(ids.parse("cmd", id)))
    if found is None:
        raise UnknownProposal(f"there is no {id}: `clearhouse proposals` lists them", proposal=id)
    return found


def revoke(
    gone: Annotated[str, typer.Argument(metavar="KEY", help="The public key to revoke.")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key at once: your own, or, as an administrator, somebody's."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        owner = store.owner_of(hand.own.db, gone)
        if owner is None:
            raise UnknownKey(f"{gone} is nobody's here", key=gone)
        hand.order(RevokeKey(owner, gone, reason))


def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Hand in a command that was signed elsewhere; twice does it once."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        document = document_of(file)
        text, signatures = document.get("command"), document.get("signatures", {})
        if not isinstance(text, str) or len(signatures) != 1:
            raise ToSignMalformed(f"{file}: a command with one signature: `clearhouse key sign`")
        (signature,) = signatures.values()
        personal = dossiers.parse(document["dossier"]) if document.get("dossier") else None
        own = stack.enter_context(house(Settings(), settles=False))
        _tell(people.submit(own, text, str(signature), personal), as_json=as_json)


def proposals(
    *,
    whole: Annotated[bool, typer.Option("--all", help="Those that wait no more, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the proposals that wait for a second person."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        found = store.proposals(own.db, None if whole else ProposalState.WAITING)
        told: list[dict[str, Any]] = [
            {
                "proposal": one.id,
                "state": str(one.state),
                "maker": one.command.person,
                "expires_at": instant(one.expires_at),
                "digest": one.command.digest,
                "command": json.loads(one.command.encode()),
            }
            for one in found
        ]
        if as_json:
            say({"proposals": told})
            return
        for one in told:
            order = one["command"]
            body = ", ".join(f"{name} {value}" for name, value in order["body"].items())
            head = f"{one['proposal']}  {one['state']}  {order['kind']}: {body}"
            console().print(head, markup=False)
            console().print(f"    by {one['maker']}, until {one['expires_at']}", markup=False)
