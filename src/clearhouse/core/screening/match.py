"""`Match`: that somebody who is screened is, or resembles, somebody on a list."""

from dataclasses import dataclass
from enum import StrEnum

from clearhouse.core.listed import Identifier
from clearhouse.core.screening.qualities import NOTHING, Known, Part, told


class Grade(StrEnum):
    """How sure a match is."""

    EXACT = "exact"  # the same words
    POSSIBLE = "possible"  # alike enough for a person to look


@dataclass(frozen=True, slots=True)
class Subject:
    """Whoever is screened: an id of any kind, and all the names it is known by."""

    id: str
    names: tuple[str, ...]
    kept_in: str = ""  # the dossier that the names of a natural person are in
    identifiers: tuple[Identifier, ...] = ()
    known: Known = NOTHING  # beside its names and numbers


@dataclass(frozen=True, slots=True)
class Match:
    """A subject's name and the listed name that it is, or resembles."""

    subject: str
    subject_name: str
    listed_name: str
    entity: str
    list_name: str
    list_version: str
    score: int  # per mille
    grade: Grade
    identifier: str = ""  # what both have, if it is not by their names: lei 5493...
    note: str = ""  # what people decided of it: see `hits`
    parts: tuple[Part, ...] = ()  # what else was compared
    moved: int = 0  # by which the parts move its rank, in per mille

    @property
    def rank(self) -> int:
        """In which order people look at it, in per mille: see `qualities`. It decides nothing."""
        return self.score + self.moved

    @property
    def said(self) -> str:
        """What was compared with what, in words."""
        return self.told_of(repr(self.subject_name))

    def told_of(self, subject: str) -> str:
        """What was compared with what, in words that name the subject so."""
        entry = f"entry {self.entity} of {self.list_name} version {self.list_version[:12]}"
        if self.identifier:
            said = f"{subject} has {self.identifier}, as {self.listed_name!r} has, {entry}"
        else:
            said = f"{subject} compared with {self.listed_name!r}, {entry}: {self.score} of 1000"
            if self.parts:
                said += f", and {self.rank} with what else is known: {told(self.parts)}"
        return f"{said}; {self.note}" if self.note else said


@dataclass(frozen=True, slots=True)
class WalletMatch:
    """An address and the listed one that it is."""

    address: str
    listed_address: str
    asset: str
    entity: str
    list_name: str
    list_version: str
