"""`clearhouse demo`: one command plays a trading day, and says PASS or FAIL."""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import Annotated, cast

import typer

from clearhouse.chains.chain import Regtest
from clearhouse.core.errors import Coded
from clearhouse.demo import country
from clearhouse.demo.day import Day, Failed
from clearhouse.demo.stage import MORNING, Clock, HomeInUse, Mine, clear_home, institutions
from clearhouse.settings import Settings, house
from clearhouse.store import registers


def demo(
    firms: Annotated[int, typer.Option(min=20, max=5_000, help="Exporters and importers.")] = 490,
    obligations: Annotated[int, typer.Option(min=50, max=200_000)] = 5_000,
    seed: Annotated[int, typer.Option(help="Another seed is another country.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Play a trading day of a fictional country on real components: database, chain, signers.

    The last line begins with PASS or FAIL. The day stays in CLEARHOUSE_HOME until the next demo:
    look at it with `clearhouse explain`, `report` and `ledger check`.
    """
    begun = time.monotonic()

    def say(line: str) -> None:
        if not as_json:
            print(f"{time.monotonic() - begun:6.1f} s  {line}", flush=True)  # noqa: T201 - a program's answer

    wrong = ""
    day: Day | None = None
    try:
        day = _play(say, firms, obligations, seed)
    except Failed as failed:
        wrong = str(failed)
    except Coded as trouble:
        wrong = f"{trouble} ({trouble.title})"
    seconds = time.monotonic() - begun
    examples = day.examples if day else {}
    if as_json:
        said = {"passed": not wrong, "wrong": wrong, "seconds": round(seconds, 1)}
        json.dump(said | {"examples": examples}, sys.stdout, indent=2)
        print()  # noqa: T201 - a program's answer
    else:
        for what, id in examples.items():
            say(f"look at one that is {what:15} clearhouse explain {id}")
        end = f"FAIL after {seconds:.1f} s: {wrong}" if wrong else f"PASS in {seconds:.1f} s"
        print(end, flush=True)  # noqa: T201 - a program's answer
    if wrong:
        raise typer.Exit(1)


def _play(say: Callable[[str], None], firms: int, obligations: int, seed: int) -> Day:
    settings = Settings()
    os.umask(0o022)  # the database's user and the signers' must pass through the demo's folders
    clear_home(settings.home)
    dice = Random(seed)
    people = country.found(dice, firms)
    files = settings.home / "files"
    files.mkdir()
    clock = Clock(settings.clock, MORNING)
    with ExitStack() as stack:
        officers = stack.enter_context(institutions(settings))
        own = stack.enter_context(house(settings, settles=True, now=clock))
        if registers.participants(own.db):
            raise HomeInUse("the database that DATABASE_URL names is not empty")
        version = own.db.info.server_version
        say(f"started PostgreSQL {version // 10_000}, a chain of our own and three institutions")
        # The settings' chain is the embedded one or a regtest node; both can be mined on.
        chain = cast("Regtest", own.rail.chain)
        mine = Mine(chain, clock, people.miners)
        day = Day(own, clock, mine, people, officers, files, dice, say)
        day.play(obligations)
    return day
