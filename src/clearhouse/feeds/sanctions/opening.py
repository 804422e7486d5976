"""Opens a file of an edition once it is known to be the one meant, and whole as far as can be told.

What vouches that nothing is cut off, by format:

    OFAC's CSV       a hash that somebody vouches for; else the byte 0x1A at its end
    XML              its root element ends (which the parser sees); a hash must be right, too
    other CSV        a hash that somebody vouches for: to everything else, a file cut off at the end
                     of a row looks whole
    lines            such a hash; else a line feed at its end, which shows that no line is cut off

A file that was fetched is vouched for if the server told how long it is (`received`, `whole`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from clearhouse.feeds.sanctions.publication import Format, Publication
from clearhouse.feeds.sanctions.refusals import (
    FileEmpty,
    FileMissing,
    HashMismatch,
    Truncated,
    WrongEncoding,
)

END_MARK: Final = b"\x1a"
CHUNK: Final = 1 << 18
# OFAC's CSV files are some megabytes and are read as one; what is streamed may be long.
FILE_BYTES_MAX: Final = 256 << 20
STREAM_BYTES_MAX: Final = 2 << 30
XML_BYTES_MAX: Final = 512 << 20  # an element takes several times its bytes
XML: Final = frozenset({Format.OFAC_XML, Format.UN_XML, Format.EU_XML})
LINES: Final = frozenset({Format.WALLETS, Format.FTM_JSON})
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(
    folder: Path, file: str, format: Format, publication: Publication
) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file at its beginning, with its SHA-256 in hexadecimal.

    Raises:
        FileMissing, FileEmpty, Truncated, HashMismatch, WrongEncoding: It is not read.
    """
    path = folder / file
    if not path.is_file():
        raise FileMissing(f"{file} is missing from {folder.name}", file=file)
    with path.open("rb") as stream:
        digest, tail = _passed_over(stream, file, format)
        asked = publication.hash_of(file)
        if asked == digest and publication.vouches_for(file):
            pass
        elif not _ends(format, tail):
            raise Truncated(f"{file} has no end mark, and no hash vouches for it", file=file)
        elif asked not in {None, digest}:
            raise HashMismatch(f"{file} is not the file that was published", file=file)
        stream.seek(0)
        yield stream, digest


def _passed_over(stream: BinaryIO, file: str, format: Format) -> tuple[str, bytes]:
    """The hash of a file, and its last bytes."""
    bytes_max = _bytes_max(format)
    digest, tail, size, is_empty = sha256(), b"", 0, True
    while chunk := stream.read(CHUNK):
        if not size and chunk.startswith(UTF_16):
            raise WrongEncoding(f"{file} is UTF-16: UTF-8 is expected", file=file)
        digest.update(chunk)
        size += len(chunk)
        if size > bytes_max:
            raise Truncated(f"{file} is read no further than {bytes_max} bytes", file=file)
        is_empty = is_empty and not chunk.strip(b"\r\n\t " + END_MARK)
        tail = (tail + chunk)[-16:]
    if is_empty:
        raise FileEmpty(f"{file} is empty", file=file)
    return digest.hexdigest(), tail


def _bytes_max(format: Format) -> int:
    if format in {Format.OFAC_CSV, Format.WALLETS}:
        return FILE_BYTES_MAX
    return XML_BYTES_MAX if format in XML else STREAM_BYTES_MAX


def _ends(format: Format, tail: bytes) -> bool:
    """Whether a file's last bytes say that it is whole, or its parser will."""
    if format is Format.OFAC_CSV:
        return tail.rstrip(b"\r\n").endswith(END_MARK)
    if format in LINES:
        return tail.endswith((b"\n", b"\r"))
    return format in XML


def decoded(file: str, content: bytes, encoding: str) -> str:
    """Decode a text.

    Raises:
        WrongEncoding: It is in another encoding.
    """
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise WrongEncoding(f"{file}: {error!s:.200}", file=file) from error
    if "\0" in text:
        raise WrongEncoding(f"{file} has zero bytes: UTF-16?", file=file)
    return text
