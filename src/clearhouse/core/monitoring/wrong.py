"""What a programme's files are refused for, each with the file and line where it stands."""

from dataclasses import dataclass

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.rulebook.source import Path, Source


class ProgrammeMalformed(Refusal):
    """A file cannot be read as part of a monitoring programme."""

    code = "monitoring.malformed"
    kind = Kind.MALFORMED


class BandsBroken(Refusal):
    """The bands of a rule leave a gap, overlap, or have no end or beginning."""

    code = "monitoring.bands-broken"
    kind = Kind.MALFORMED


class WeightsBroken(Refusal):
    """A typology does not weigh just the bands that its rules have, the worse the more."""

    code = "monitoring.weights-broken"
    kind = Kind.MALFORMED


class ThresholdOutOfReach(Refusal):
    """A typology's threshold can never be reached, or always is."""

    code = "monitoring.threshold-out-of-reach"
    kind = Kind.MALFORMED


class CaseFails(Refusal):
    """A rule or typology answers a case of its own in another way than it says."""

    code = "monitoring.case-fails"
    kind = Kind.MALFORMED


class VersionKept(Refusal):
    """A typology changes, and the number of its version does not rise."""

    code = "monitoring.version-kept"
    kind = Kind.CONFLICT


@dataclass(frozen=True)
class Place:
    """A place in a file, for refusals."""

    source: Source
    path: Path = ()
    named: str = ""  # the rule or typology

    def __truediv__(self, step: str | int) -> "Place":
        return Place(self.source, (*self.path, step), self.named)

    def says(self, trouble: object) -> str:
        """What is wrong here, with the file and the line."""
        line = self.source.line(self.path)
        where = f"{self.source.name}:{line}" if line else self.source.name
        return f"{where}:{f' {self.named}:' if self.named else ''} {trouble}"

    @property
    def context(self) -> dict[str, str]:
        """The same for a program."""
        line = str(self.source.line(self.path))
        return {"file": self.source.name, "line": line, "named": self.named}
