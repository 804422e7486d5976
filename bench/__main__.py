"""`python -m bench NAME [options]`: one line a figure, `name value unit`."""

import argparse

from bench import intake

BENCHES = {"intake": intake.run}


def main() -> None:
    """Run one bench."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHES))
    parser.add_argument("--size", type=int, default=100_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for figure in BENCHES[given.name](given.size, given.seed):
        print(figure, flush=True)  # noqa: T201 - a program's answer


if __name__ == "__main__":
    main()
