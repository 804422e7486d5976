"""`clearhouse travel`: Travel Rule records of payments, and what other providers say of them."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.cli.keys import read as read_key
from clearhouse.cli.orders import Key, Out, Why, With, ordering
from clearhouse.cli.records import order_one
from clearhouse.cli.signing import sign
from clearhouse.core.canonical import instant
from clearhouse.core.command import RevealRecords
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.ivms import Version
from clearhouse.core.travel_rule.ivms_json import BOUNDS
from clearhouse.core.travel_rule.records import TRAVEL_RECORDS, TravelExchange
from clearhouse.feeds.travel_rule.desk import Desk
from clearhouse.feeds.travel_rule.server import listen
from clearhouse.operations import travel_exchanges, travel_records
from clearhouse.operations.records import known_as
from clearhouse.operations.travel_door import door
from clearhouse.operations.travel_look import Look, look, look_at
from clearhouse.settings import Settings, desk, house

app = typer.Typer(
    help="Travel Rule: who sends and who receives, told from provider to provider.",
    invoke_without_command=True,
)
SHOWN = 40
Id = Annotated[str, typer.Argument(metavar="OBLIGATION", help="obl_...")]


class NoDesk(Refusal):
    """This house has no `travel.toml`: it asks no other provider."""

    code = "travel.no-desk"
    kind = Kind.UNAVAILABLE


@app.callback(invoke_without_command=True)
def several(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the payments that wait for their record, or for a provider's answer."""
    if context.invoked_subcommand is not None:
        return
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = look(own)
    if as_json:
        say({"payments": [_document(one) for one in found]})
        return
    out = console()
    if not found:
        out.print("no payment waits for a Travel Rule record")
    for one in found[:SHOWN]:
        out.print(f"{one.obligation.id}  {one.obligation.amount}", soft_wrap=True, markup=False)
        for ground in one.against:
            out.print(f"    {ground.code}: {ground.said}", soft_wrap=True, markup=False)
    if more := len(found[SHOWN:]):
        out.print(f"and {more:,} more: see them with --json")


@app.command()
def file(
    id: Id,
    record: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON of IVMS 101.")],
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File the record of who pays and who is paid; what it lacks is told, and it is kept apart."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        one = travel_records.filed(hand.own, id, _read(record))
        hand.also["digest"], hand.also["complete"] = one.digest, one.complete
        hand.also["lacks"], hand.also["payee_match"] = ", ".join(one.lacks), str(one.payee_match)
        order_one(hand, TRAVEL_RECORDS, one)
        if not as_json:
            lacks = f", lacks {', '.join(one.lacks)}" if one.lacks else ""
            console().print(
                f"{one.digest[:16]}: complete as a {one.complete} record{lacks};"
                f" the payee's name {one.payee_match} of 1000"
            )


@app.command()
def show(id: Id, *, as_json: AsJson = False) -> None:
    """Show how far a payment's record has come: what of it is known, and who said what."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        one = look_at(own, id)
    if as_json:
        say(_document(one))
        return
    out = console()
    out.print(f"{one.obligation.id}  {one.obligation.amount}", markup=False)
    for ground in one.grounds:
        out.print(f"    {ground.verdict}  {ground.said}", soft_wrap=True, markup=False)
    for each in one.exchanges:
        out.print(f"    {_said(each)}", soft_wrap=True, markup=False)
    for hop in one.hops:
        out.print(f"    hop {hop.place}  {hop.provider}  {hop.received_at:%Y-%m-%d %H:%M} UTC")


@app.command()
def read(
    id: Id,
    *,
    keyfile: Annotated[
        Path, typer.Option("--with", metavar="KEYFILE", exists=True, help="Whose key says so.")
    ],
    reason: Why,
) -> None:
    """Read a payment's record, as it was filed; who reads it and why is recorded."""
    with answering(as_json=True), house(Settings(), settles=False) as own:
        one = known_as(own, TRAVEL_RECORDS, id)
        sign(own, read_key(keyfile), RevealRecords(TRAVEL_RECORDS.name, one.obligation, reason))
        say(travel_records.content_of(own, one))


@app.command()
def check(
    record: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="JSON of IVMS 101.")],
    *,
    to: Annotated[Version | None, typer.Option(help="The version to write it in.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a record, and what departs from the standard; nothing is kept."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        told = travel_records.checked(own, _read(record), to)
    if as_json:
        say(told)
        return
    out = console()
    for name in ("version", "complete"):
        out.print(f"{name} {told[name]}")
    for name in ("lacks", "refusals", "departures", "losses"):
        for said in told[name]:
            out.print(f"{name}: {said}", soft_wrap=True, markup=False)
    if told.get("record"):
        sys.stdout.write(f"{told['record']}\n")


@app.command()
def ask(*, as_json: AsJson = False) -> None:
    """Ask other providers what is to be asked, and tell what was paid; a worker does it, too."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        done = travel_exchanges.ask(own, _desk())
    if as_json:
        counts = {name: getattr(done, name) for name in ("begun", "lapsed", "answered")}
        say({**counts, "confirmed": done.confirmed, "others": dict(done.others)})
        return
    console().print(
        f"{done.begun} newly asked, {done.answered} answered, {done.confirmed} confirmed,"
        f" {done.lapsed} lapsed"
    )
    for id, said in done.others.items():
        console().print(f"    {id}: {said}", soft_wrap=True, markup=False)


@app.command()
def serve(*, as_json: AsJson = False) -> None:
    """Hear other providers: their answers to what this house asked, over mutual TLS."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        made = _desk()
        with listen(door(own, made, _log), *made.listen) as server:
            place, port, *_ = server.server_address
            said = {"listens": f"{place!s}:{port}", "lei": made.lei}
            sys.stdout.write(f"{json.dumps(said)}\n")
            sys.stdout.flush()
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return


def _read(file: Path) -> bytes:
    """A file's content; of one that is too long, enough for its reader to say so."""
    with file.open("rb") as stream:
        return stream.read(BOUNDS.bytes_max + 1)


def _log(said: Mapping[str, str | int]) -> None:
    sys.stderr.write(f"{json.dumps(dict(said), sort_keys=True)}\n")
    sys.stderr.flush()


def _desk() -> Desk:
    """From where other providers are asked.

    Raises:
        NoDesk: It is not set up.
    """
    reading = desk(Settings())
    if reading is None:
        raise NoDesk("write travel.toml in the house's home: see the guide to the Travel Rule")
    return reading()


def _said(one: TravelExchange) -> str:
    told = f"; by {one.txid}" if one.txid else ""
    return f"{one.vasp} was asked {one.asked_at:%Y-%m-%d %H:%M} UTC: {one.state}{told}"


def _document(one: Look) -> dict[str, Any]:
    return {
        "obligation": one.obligation.id,
        "amount": str(one.obligation.amount),
        "debtor": one.obligation.debtor,
        "creditor": one.obligation.creditor,
        "due": one.is_due,
        "record": one.record
        and {
            "digest": one.record.digest,
            "version": one.record.version,
            "complete": one.record.complete,
            "lacks": list(one.record.lacks),
            "payee_match": str(one.record.payee_match),
            "filed_at": instant(one.record.filed_at),
            "originating": one.record.originating or None,
            "beneficiary": one.record.beneficiary or None,
        },
        "grounds": [
            {"code": each.code, "verdict": str(each.verdict), "said": each.said}
            for each in one.grounds
        ],
        "exchanges": [
            {
                "vasp": each.vasp,
                "state": each.state,
                "asked_at": instant(each.asked_at),
                "resolve_by": instant(each.resolve_by),
                "address": each.address or None,
                "txid": each.txid or None,
            }
            for each in one.exchanges
        ],
        "hops": [
            {
                "place": each.place,
                "provider": each.provider,
                "received_at": instant(each.received_at),
                "before": each.before or None,
            }
            for each in one.hops
        ],
    }
