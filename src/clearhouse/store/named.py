"""Named SQL: statements live in `.sql` files beside the module that runs them.

A file is a row of blocks. A line `-- name` of one lower-case word begins a block and names it; any
other comment belongs to the block it stands in.

    -- lock_accounts
    -- Locking in id order keeps two opposite transfers from deadlocking.
    SELECT ...

Values reach a statement as parameters only; nothing here formats text into SQL.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString, cast

NAME_FORM = re.compile(r"^-- ([a-z][a-z0-9_]*)$", re.ASCII | re.MULTILINE)


def load(module: str) -> Mapping[str, LiteralString]:
    """Read the statements of `module`: the file `<module>.sql` in this package."""
    text = (files("clearhouse.store") / f"{module}.sql").read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Mapping[str, LiteralString]:
    """Take the blocks of `text` apart."""
    head, *rest = NAME_FORM.split(text)
    assert not re.sub(r"--.*", "", head).strip(), "a statement before the first name"
    blocks = {}
    for name, block in zip(rest[::2], rest[1::2], strict=True):
        assert name not in blocks, f"{name} twice"
        assert re.sub(r"--.*", "", block).strip(), f"{name} is empty"
        # The text ships with the code and is as trusted as the code is.
        blocks[name] = cast("LiteralString", block.strip())
    return MappingProxyType(blocks)
