"""A monitoring programme, from a folder of files: one for each family of rules."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from clearhouse.core.monitoring import Programme, ProgrammeMalformed, parse

SHIPPED = files("clearhouse") / "typologies"


def read_programme(folder: Traversable = SHIPPED) -> Programme:
    """Read a programme from a folder.

    Raises:
        ProgrammeMalformed: It cannot be read; or another refusal of `parse`.
    """
    texts: dict[str, str] = {}
    try:
        for file in folder.iterdir():
            if file.name.endswith(".toml"):
                texts[file.name] = ""
                texts[file.name] = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        name = next(reversed(texts), str(folder))
        raise ProgrammeMalformed(f"{name}: {trouble}", file=name) from trouble
    return parse(texts)
