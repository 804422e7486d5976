"""`python -m clearhouse.verifier BUNDLE --trust TRUST`: PASS, or the first thing that is wrong.

Exit codes: 0 it passes · 1 something is wrong · 2 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from clearhouse.verifier.bundle import Bundle, open_bundle
from clearhouse.verifier.examine import SHAPELESS, examine
from clearhouse.verifier.published import read_published
from clearhouse.verifier.trust import parse_trust
from clearhouse.verifier.wrong import Wrong


def verify(bundle: Path, trust: Path) -> tuple[Bundle, dict[str, Wrong | None]]:
    """Check a file.

    Returns:
        The bundle, and each check's finding (`examine`).

    Raises:
        Wrong: It cannot be read, or is not sealed by the house that is trusted.
        OSError: A file cannot be read.
    """
    try:
        trusted = parse_trust(trust.read_text("utf-8"))
        opened = open_bundle(bundle.read_bytes(), trusted.log)
        return opened, examine(read_published(opened, trusted))
    except SHAPELESS as trouble:  # sealed by the house, and yet not in its form
        raise Wrong("bundle.malformed", f"{type(trouble).__name__}: {trouble!s:.200}") from trouble


def main(words: list[str]) -> int:
    """Do what the command line says; answers the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m clearhouse.verifier",
        description="Check what a clearing house published, believing it nothing.",
    )
    parser.add_argument("bundle", type=Path, help="what `clearhouse publish` wrote")
    parser.add_argument(
        "--trust", type=Path, required=True, help="what the institutions vouch for (JSON)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args(words)
    try:
        bundle, found = verify(given.bundle, given.trust)
    except Wrong as wrong:
        return _tell({}, wrong, as_json=given.json)
    except OSError as trouble:
        parser.error(str(trouble))
    first = next((wrong for wrong in found.values() if wrong is not None), None)
    if first is None and not given.json:
        for name in found:
            _say(f"  ok  {name}")
        whose = f" of {bundle.participant}" if bundle.participant else ""
        _say(f"PASS  entries {bundle.first} to {bundle.last}{whose}, {len(found)} checks")
        return 0
    return _tell(
        {name: str(wrong or "") for name, wrong in found.items()}, first, as_json=given.json
    )


def _tell(checks: dict[str, str], wrong: Wrong | None, *, as_json: bool) -> int:
    if as_json:
        said: dict[str, Any] = {"passed": wrong is None, "checks": checks}
        if wrong is not None:
            said["wrong"] = {"code": wrong.code, "detail": wrong.detail}
        sys.stdout.write(f"{json.dumps(said, indent=2)}\n")
    elif wrong is not None:
        _say(f"FAIL  {wrong.code}: {wrong.detail}")
    return 0 if wrong is None else 1


def _say(line: str) -> None:
    # What a bundle says may hold what would move a terminal's cursor, or begin a line of its own.
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
    plain = shown.encode(sys.stdout.encoding or "ascii", "backslashreplace")
    sys.stdout.write(plain.decode(sys.stdout.encoding or "ascii") + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
