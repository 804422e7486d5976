"""The law, from a folder of files: one for each subject, in a folder for each jurisdiction."""

from collections.abc import Iterator
from importlib.resources.abc import Traversable

from clearhouse.core.rulebook import Rulebook, RulebookMalformed, parse


def read_law(folder: Traversable) -> Rulebook:
    """Read a rulebook from a folder.

    Raises:
        RulebookMalformed: It cannot be read.
    """
    texts: dict[str, str] = {}
    try:
        for name, file in _law_files(folder):
            texts[name] = ""
            texts[name] = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        name = next(reversed(texts), str(folder))
        raise RulebookMalformed(f"{name}: {trouble}", file=name) from trouble
    return parse(texts)


def _law_files(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    """The files of a rulebook, in its folder and in one below it for each jurisdiction."""
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            yield file.name, file
        elif file.is_dir():
            for below in file.iterdir():
                if below.name.endswith(".toml"):
                    yield f"{file.name}/{below.name}", below
