"""`Place`: where something stands in a file of the law, so that it is refused by file and line."""

from dataclasses import dataclass
from datetime import date
from typing import NoReturn
from zoneinfo import ZoneInfoNotFoundError

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.rulebook.source import Path, Source
from clearhouse.core.zone import FORM, zone


class RulebookMalformed(Refusal):
    """A rulebook file cannot be read as law."""

    code = "rulebook.malformed"
    kind = Kind.MALFORMED


@dataclass(frozen=True)
class Place:
    """A place in a file, for refusals."""

    source: Source
    path: Path = ()
    rule: str = ""

    def __truediv__(self, step: str | int) -> "Place":
        return Place(self.source, (*self.path, step), self.rule)

    def refuse(self, trouble: object, further: int | None = None) -> NoReturn:
        """Refuse what stands here, or in the text here, `further` lines below its first one."""
        line = self.source.line(self.path)
        if further is not None and line:
            line = self.source.texts.get(self.path, line) + further
        where = f"{self.source.name}:{line}" if line else self.source.name
        named = f" {self.rule}:" if self.rule else ""
        detail = f"{where}:{named} {trouble}"
        raise RulebookMalformed(detail, file=self.source.name, line=str(line), rule=self.rule)


def read_day(text: str, place: Place) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        place.refuse(f"{text!r} is no day")


def need_zone(key: str, place: Place) -> None:
    """Check that a text names a zone, the same one on each machine."""
    if not FORM.fullmatch(key):
        place.refuse(f"{key!r}: write a zone as Europe/London, or UTC")
    try:
        zone(key)
    except ZoneInfoNotFoundError:
        place.refuse(f"{key!r} is no time zone")
