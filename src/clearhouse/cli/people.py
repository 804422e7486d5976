"""`clearhouse people draft`, `found`, `list`, `check`: who acts in the house."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbits
from typing import Annotated

import typer

from clearhouse.cli.answer import EXIT_ALARM, AsJson, answering, console, say
from clearhouse.cli.keys import ToSignMalformed, document_of, write_document
from clearhouse.core import dossier as dossiers
from clearhouse.core import ids
from clearhouse.core.dossier import salted
from clearhouse.core.errors import Coded
from clearhouse.core.founding import Founder, FoundingMalformed
from clearhouse.core.founding import Founding as Document
from clearhouse.core.ids import PersonId
from clearhouse.core.person import need_affiliation, need_key
from clearhouse.operations import people as operations
from clearhouse.operations.dossiers import read
from clearhouse.settings import Settings, house
from clearhouse.store import people as store

app = typer.Typer(help="The people of the house.", no_args_is_help=True)

FoundingFile = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False)]


@app.command()
def draft(
    file: FoundingFile,
    *,
    name: Annotated[str, typer.Option(help="The founder's name.")],
    affiliation: Annotated[str, typer.Option(help="The institution they act for.")],
    key: Annotated[str, typer.Option(help="Their public key: `clearhouse key make`.")],
    as_json: AsJson = False,
) -> None:
    """Write one of the two founders into a file; with the second it is ready to be signed."""
    with answering(as_json=as_json):
        need_key(key)
        need_affiliation(affiliation)
        document = document_of(file) if file.exists() else {"founders": [], "dossiers": []}
        lists = [document.get(name) for name in ("founders", "dossiers")]
        if "founding" in document or not all(isinstance(one, list) for one in lists):
            raise FoundingMalformed(f"{file} has two founders already: `clearhouse key sign`")
        now = datetime.now(UTC)
        personal = salted({"name": name}, randbits)
        person = ids.fresh("per", now, randbits)
        entry = [person, affiliation, key, personal.commitment]
        document["founders"].append(entry)
        document["dossiers"].append(json.loads(personal.encode()))
        if len(document["founders"]) > 1:
            made = tuple(Founder(PersonId(one[0]), *one[1:]) for one in document.pop("founders"))
            document["founding"] = Document(ids.fresh("hse", now, randbits), made, now).encode()
        write_document(file, document)
        ready = "founding" in document
        if as_json:
            say({"person": person, "ready": ready})
        else:
            then = (
                f"both sign it: clearhouse key sign KEYFILE {file}" if ready else "one is missing"
            )
            console().print(f"{person}\n{then}", markup=False)


@app.command()
def found(file: FoundingFile, *, as_json: AsJson = False) -> None:
    """Found the house with the two people who signed a file."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        document = document_of(file)
        personal = document.get("dossiers")
        if not isinstance(document.get("founding"), str) or not isinstance(personal, list):
            raise ToSignMalformed(f"{file}: no founding with two founders")
        kept = [dossiers.parse(one) for one in personal]
        own = stack.enter_context(house(Settings(), settles=False))
        signed = document.get("signatures", {})
        done = operations.found(own, document["founding"], signed, kept)
        if as_json:
            say({"house": done.house, "people": [one.person for one in done.founders]})
        else:
            lines = [done.house, *(f"{one.person}  administrator" for one in done.founders)]
            console().print("\n".join(lines), markup=False)


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the people, their roles and keys."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        told = []
        for one in store.people(own.db).values():
            try:
                name = read(own, one.id).said.get("name", "")
            except Coded as trouble:
                name = f"({trouble.code})"  # erased, or altered: the list goes on
            roles = sorted(one.roles)
            head = {"person": one.id, "name": name, "affiliation": one.affiliation}
            told.append((head, roles, dict(one.keys)))
        if as_json:
            say({"people": [head | {"roles": roles, "keys": keys} for head, roles, keys in told]})
            return
        out = console()
        for head, roles, keys in told:
            out.print("  ".join([*head.values(), ", ".join(roles) or "no role"]), markup=False)
            for key, signs in keys.items():
                out.print(f"    {key}{'' if signs else '  revoked'}", markup=False)


@app.command()
def check(*, as_json: AsJson = False) -> None:
    """Verify every signature that was ever taken. Exits with 3 if one is wrong."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        checked = operations.verify_signatures(own)
        if as_json:
            say({"signatures": checked.count, "wrong": checked.wrong})
        else:
            out = console()
            for id, why in checked.wrong.items():
                out.print(f"{id}  {why}", markup=False)
            out.print(f"{checked.count} signatures, {len(checked.wrong)} wrong")
        if checked.wrong:
            raise typer.Exit(EXIT_ALARM)
