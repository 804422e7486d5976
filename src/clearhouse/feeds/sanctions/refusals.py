"""Why a list is not taken: none is taken in part."""

from clearhouse.core.errors import Kind, Refusal


class PublicationMissing(Refusal):
    """A list does not say when it was published."""

    code = "list.publication-missing"
    kind = Kind.MALFORMED


class PublicationMalformed(Refusal):
    """A list's publication.json does not have its form."""

    code = "list.publication-malformed"
    kind = Kind.MALFORMED


class FromTheFuture(Refusal):
    """A list is dated after now."""

    code = "list.from-the-future"
    kind = Kind.CONFLICT


class FileMissing(Refusal):
    """A file of a list is missing."""

    code = "list.file-missing"
    kind = Kind.UNKNOWN


class FileEmpty(Refusal):
    """A file of a list has no entry."""

    code = "list.file-empty"
    kind = Kind.MALFORMED


class Truncated(Refusal):
    """A file of a list is cut off, or cannot be shown to be whole."""

    code = "list.truncated"
    kind = Kind.MALFORMED


class HashMismatch(Refusal):
    """A file of a list is not the one that was published."""

    code = "list.hash-mismatch"
    kind = Kind.CONFLICT


class WrongEncoding(Refusal):
    """A file of a list is not in its encoding."""

    code = "list.encoding"
    kind = Kind.MALFORMED


class RowMalformed(Refusal):
    """A row or an entry of a list does not have its form."""

    code = "list.row-malformed"
    kind = Kind.MALFORMED


class MarkupForbidden(Refusal):
    """The XML of a list has what no list needs: a document type, entities, or no end to it."""

    code = "list.markup-forbidden"
    kind = Kind.MALFORMED


class DuplicateEntity(Refusal):
    """Two entries of a list have the same number."""

    code = "list.duplicate-entity"
    kind = Kind.CONFLICT


class EditionsMixed(Refusal):
    """The files of a list do not belong together."""

    code = "list.editions-mixed"
    kind = Kind.CONFLICT


def malformed(file: str, line: int, trouble: str) -> RowMalformed:
    """Say what is wrong in a line."""
    return RowMalformed(f"{file} line {line}: {trouble}", file=file, line=str(line))


def entry_malformed(file: str, number: str, trouble: str) -> RowMalformed:
    """Say what is wrong with an entry, in a file that has no lines."""
    return RowMalformed(f"{file} entry {number:.64}: {trouble}", file=file, entry=number[:64])
