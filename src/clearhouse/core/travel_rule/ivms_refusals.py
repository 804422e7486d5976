"""What of a record cannot be taken, but for the standard's constraints (`ivms_constraints`).

Each refusal says where by a JSON path (`path` of its context), and never what stands there: that
may be personal, and refusals are logged.
"""

from clearhouse.core.errors import Kind, Refusal


class FieldMissing(Refusal):
    """A record lacks a field that its standard asks for."""

    code = "ivms.field-missing"
    kind = Kind.MALFORMED


class FieldWrong(Refusal):
    """A field of a record is not of its datatype."""

    code = "ivms.field-wrong"
    kind = Kind.MALFORMED


class Contradiction(Refusal):
    """A record contradicts itself."""

    code = "ivms.contradiction"
    kind = Kind.MALFORMED


class VersionWrong(Refusal):
    """A record is of a version that is not known, or of another one than was agreed on."""

    code = "ivms.version-wrong"
    kind = Kind.MALFORMED


class NotStrict(Refusal):
    """A record departs from the standard in a way that is borne in others' alone."""

    code = "ivms.not-strict"
    kind = Kind.MALFORMED


class OtherVersionsField(Refusal):
    """A record has a field that the version it is to be written in lacks; convert it first."""

    code = "ivms.other-version"
    kind = Kind.MALFORMED
