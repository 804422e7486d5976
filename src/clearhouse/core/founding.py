"""Founding: the two people a house begins with.

Nobody can be enrolled alone, so the first two are enrolled together: both sign one document, which
names the house and them. Every later person comes by a proposal that another one approves.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clearhouse.core import ids
from clearhouse.core.canonical import Form, FormError, canonical
from clearhouse.core.dossier import need_commitment
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import PersonId
from clearhouse.core.person import SignatureWrong, need_affiliation, need_key, verify

FORM = "clearhouse.founding.1"
FOUNDERS = 2


class FoundingMalformed(Refusal):
    """A founding document does not have its form."""

    code = "founding.malformed"
    kind = Kind.MALFORMED


class FoundedBefore(Refusal):
    """The house was founded before, by other people or otherwise."""

    code = "founding.differs"
    kind = Kind.CONFLICT


class NotFounded(Refusal):
    """The house has no people yet."""

    code = "founding.none"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the two."""

    person: PersonId
    affiliation: str
    key: str
    commitment: str  # of the person's dossier


@dataclass(frozen=True, slots=True)
class Founding:
    """The document that both sign.

    Attributes:
        house: The id that every command to this house will name.

    Raises:
        FoundingMalformed, KeyMalformed, AffiliationMalformed, DossierMalformed: A field does not
            have its form, or the two are not two.
    """

    house: str
    founders: tuple[Founder, ...]
    made_at: datetime

    def __post_init__(self) -> None:
        try:
            ids.parse("hse", self.house)
            for one in self.founders:
                ids.parse("per", one.person)
                need_key(one.key)
                need_affiliation(one.affiliation)
                need_commitment(one.commitment)
        except ids.IdMalformed as wrong:
            raise FoundingMalformed(wrong.detail) from wrong
        people = {one.person for one in self.founders}
        keys = {one.key for one in self.founders}
        if not len(self.founders) == len(people) == len(keys) == FOUNDERS:
            raise FoundingMalformed("two people with a key each found a house")

    def encode(self) -> str:
        """Write it in its one way: canonical JSON (RFC 8785)."""
        head = json.loads(HEAD.encode(_Head(FORM, self.house, self.made_at)))
        founders = [json.loads(FOUNDER.encode(one)) for one in self.founders]
        return canonical(head | {"founders": founders})


@dataclass(frozen=True, slots=True)
class _Head:
    form: str
    house: str
    made_at: datetime


HEAD, FOUNDER = Form(_Head), Form(Founder)


@dataclass(frozen=True, slots=True)
class HouseFounded:
    """Two people founded the house; their enrolment follows in the journal."""

    founding: str  # the bytes that both signed
    signatures: tuple[str, ...]  # in the order of the founders


def parse(text: str) -> Founding:
    """Read what `encode` wrote.

    Raises:
        FoundingMalformed, KeyMalformed, AffiliationMalformed, DossierMalformed: It is something
            else.
    """
    try:
        written: dict[str, Any] = json.loads(text)
        founders = tuple(FOUNDER.decode(canonical(one)) for one in written.pop("founders"))
        head = HEAD.decode(canonical(written))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormError) as trouble:
        raise FoundingMalformed(f"{trouble!r:.200}") from trouble
    founding = Founding(head.house, founders, head.made_at)
    if head.form != FORM or founding.encode() != text:
        raise FoundingMalformed(f"it is not {FORM} in its canonical form")
    return founding


def verify_founding(founding: Founding, signatures: Mapping[str, str]) -> tuple[str, ...]:
    """Check that both signed.

    Args:
        signatures: By key.

    Returns:
        The signatures in the order of the founders.

    Raises:
        SignatureWrong: One did not.
    """
    content = founding.encode().encode()
    for one in founding.founders:
        if not isinstance(signatures.get(one.key), str):
            raise SignatureWrong(f"{one.person} has not signed", key=one.key)
        verify(content, signatures[one.key], one.key)
    return tuple(signatures[one.key] for one in founding.founders)
