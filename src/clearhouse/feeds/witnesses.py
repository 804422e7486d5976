"""Witnesses: programs of the institutions' own, asked over HTTP to cosign a head of the log.

The protocol is C2SP `tlog-witness`, so a witness need not be of this house's making. Nothing that
one answers is believed here: its lines come back behind the house's own, and whoever counts them
verifies them. It has ten seconds for its answer, which may be as long as a note.

A witness that has seen more than the head holds, or another head of the same size, or to which the
proof does not prove that the log grew, disputes: by its memory the log was rewritten, or shows
others another history.
"""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.note import (
    BYTES_MAX,
    SIZE_FORM,
    Note,
    NoteMalformed,
    Verifier,
    parse_checkpoint,
    parse_note,
)
from clearhouse.feeds import http

ANSWER_S_MAX = 10
ANSWER_BYTES_MAX = BYTES_MAX
ASKED_MAX = 2  # the second time from the size that it says
CONFLICT, UNPROVED = 409, 422
CODE_FORM = re.compile(r"[a-z-]+\.[a-z0-9-]+", re.ASCII)

Prove = Callable[[int], list[bytes]]  # that the log grew out of one of so many entries


class UrlMalformed(Refusal):
    """A witness's URL is not of HTTP, or has more than a host, a port and a path."""

    code = "witness.url-malformed"
    kind = Kind.MALFORMED


class WitnessUnreachable(Refusal):
    """A witness does not answer."""

    code = "witness.unreachable"
    kind = Kind.UNAVAILABLE


class WitnessAnswerMalformed(WitnessUnreachable):
    """A witness answers what is no answer."""

    code = "witness.answer-malformed"
    kind = Kind.UNAVAILABLE


class WitnessRefused(Refusal):
    """A witness refused to cosign; its own code, if it has one, is in the context."""

    code = "witness.refused"
    kind = Kind.FORBIDDEN


class WitnessDisputes(WitnessRefused):
    """A witness has seen what the head did not grow out of."""

    code = "witness.disputes"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its key for cosignatures, and the URL that its calls begin with.

    Raises:
        UrlMalformed: It is no such URL.
    """

    key: Verifier
    url: str

    def __post_init__(self) -> None:
        if not http.is_url(self.url):
            raise UrlMalformed(f"{self.url!r:.120}: http://HOST:PORT is expected")


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The witnesses of a house's log, and how many must cosign a head before it is kept."""

    each: tuple[Witness, ...] = ()
    needed: int = 0

    @property
    def keys(self) -> list[Verifier]:
        """What they cosign with."""
        return [one.key for one in self.each]


def ask(witness: Witness, note: Note, seen: int, prove: Prove) -> Note:
    """Have a witness cosign a head.

    Args:
        witness: Whom.
        note: The checkpoint as the house signed it.
        seen: How many entries the last head has that it cosigned, as far as is known.
        prove: What proves that the log grew.

    Returns:
        The note with what the witness wrote behind it; nothing of that is verified.

    Raises:
        WitnessUnreachable: It cannot be reached, or gives no answer in time.
        WitnessRefused: It says no.
        WitnessDisputes: By what it has seen, the head is of another history.
    """
    size, until = parse_checkpoint(note.text).size, time.monotonic() + ANSWER_S_MAX
    for _ in range(ASKED_MAX):
        lines = [f"old {seen}", *(_base64(one) for one in (prove(seen) if seen else [])), ""]
        answer = _post(witness, "\n".join([*lines, note.encode()]).encode(), until)
        if answer.status == http.OK:
            return _cosigned(note, answer)
        if answer.status == UNPROVED and seen:
            raise _dispute(seen, f"its {size} entries do not go on from the {seen} it has seen")
        last = answer.seen
        if last is None:
            raise WitnessRefused(f"{answer.status} {answer.said}", witness_code=answer.code)
        if last > size:
            raise _dispute(last, f"it has seen {last} entries, and is shown {size}")
        if last == seen == size:
            raise _dispute(last, f"it has seen another head of {size} entries")
        seen = last
    raise WitnessRefused(f"it has seen {seen} entries, and is asked by somebody else meanwhile")


def _dispute(seen: int, detail: str) -> WitnessDisputes:
    return WitnessDisputes(detail, seen=str(seen))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a witness answered."""

    status: int
    form: str  # the content's type
    code: str
    content: bytes
    said: str  # what people may read of it

    @property
    def seen(self) -> int | None:
        """The size that it says it cosigned last, if that is its answer."""
        text = self.content.decode(errors="replace").removesuffix("\n")
        is_size = self.status == CONFLICT and self.form == "text/x.tlog.size"
        return int(text) if is_size and SIZE_FORM.fullmatch(text) else None


def _cosigned(note: Note, answer: _Answer) -> Note:
    try:
        found = parse_note(note.encode() + answer.content.decode())
    except (UnicodeDecodeError, NoteMalformed) as wrong:
        raise WitnessAnswerMalformed("it answers no lines of signatures") from wrong
    if found.text != note.text:
        raise WitnessAnswerMalformed("it answers more than lines of signatures")
    return found


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _post(witness: Witness, body: bytes, until: float) -> _Answer:
    url, headers = f"{witness.url}/add-checkpoint", {"Content-Type": "text/plain; charset=utf-8"}
    try:
        found = http.ask("POST", url, body, headers, until=until, bytes_max=ANSWER_BYTES_MAX)
    except http.Endless as endless:
        raise WitnessAnswerMalformed(f"{witness.url}: {endless}") from endless
    except http.Unanswered as nothing:
        raise WitnessUnreachable(f"{witness.url}: {nothing}") from nothing
    form, code = found.headers.get_content_type(), found.headers.get("Clearhouse-Code", "")
    code = code if CODE_FORM.fullmatch(code) else ""
    return _Answer(found.status, form, code, found.content, found.said)
