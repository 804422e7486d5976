"""`python -m bench NAME [options]`: one line a figure, `name value unit`."""

import argparse

from bench import (
    cycle,
    gate,
    intake,
    ledger,
    liquidity,
    lists,
    log,
    monitoring,
    peers,
    registers,
    rulebook,
    screening,
    setoff,
    verifier,
)
from clearhouse.memory import collect_seldom

BENCHES = {
    "cycle": cycle,
    "gate": gate,
    "intake": intake,
    "ledger": ledger,
    "liquidity": liquidity,
    "lists": lists,
    "log": log,
    "monitoring": monitoring,
    "peers": peers,
    "registers": registers,
    "rulebook": rulebook,
    "screening": screening,
    "setoff": setoff,
    "verifier": verifier,
}


def main() -> None:
    """Run one bench."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    for name, bench in BENCHES.items():
        about = (bench.__doc__ or "").partition("\n")[0]
        bench.options(names.add_parser(name, help=about, description=bench.__doc__))
    given = parser.parse_args()
    collect_seldom()  # as every command does
    for figure in BENCHES[given.name].run(given):
        print(figure, flush=True)  # noqa: T201 - a program's answer


if __name__ == "__main__":
    main()
