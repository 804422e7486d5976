"""Gathering: the institutions' witnesses cosign a head of the log, and then it is kept.

A head that enough of them cosigned stands beside the tiles, where `tlog-tiles` has it, so that
whoever reads the log need not believe the house that everybody is shown the same. A witness that
disputes a head (`feeds.witnesses`) stops it from being kept, however many others cosigned it, and
is asked again each time until people have decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.note import (
    Checkpoint,
    CosignaturesTooFew,
    Note,
    NoteSignatureWrong,
    NoteUnsigned,
    count_cosignatures,
    need_distinct,
    parse_checkpoint,
    verify_cosignature,
)
from clearhouse.feeds.witnesses import (
    Witness,
    WitnessDisputes,
    WitnessRefused,
    WitnessUnreachable,
    ask,
)
from clearhouse.operations.house import House
from clearhouse.operations.log import checkpoint, consistency, kept, size


class NoWitnesses(Refusal):
    """This house's log has no witnesses."""

    code = "log.no-witnesses"
    kind = Kind.UNAVAILABLE


class WitnessAlarmed(Alarm):
    """A witness of the log has seen another history than it is shown."""

    code = "log.witness-alarmed"


@dataclass(frozen=True, slots=True)
class Gathered:
    """A head that is kept."""

    head: Checkpoint
    cosigned: Mapping[str, datetime]  # by whom, and when
    others: Mapping[str, str]  # what each witness said that was asked and did not cosign


def gather(house: House) -> Gathered:
    """Have the witnesses cosign the log's head, and keep it once enough of them have.

    Nobody is asked if it is kept already.

    Raises:
        NoWitnesses, NotFounded: There is nobody to ask, or no name for the log.
        WitnessTwice: One would count as two.
        CosignaturesTooFew: It says what each said; what was kept before is kept.
        WitnessAlarmed: A witness disputes the head; what was kept before is kept.
        CheckpointDamaged, LogDiffers: The kept head cannot be read, or is not of this log.
    """
    witnesses, tiles = house.log.witnesses, house.log.tiles
    if not witnesses.each:
        raise NoWitnesses("name them in `witnesses.toml`: see the guide to the log")
    need_distinct(witnesses.keys)
    with tiles.locked():  # or of two at once, a witness would see the one's head before the other's
        note, before = checkpoint(house), kept(house)
        head = parse_checkpoint(note.text)
        if found := _counted(house, note, before):
            return Gathered(head, found, {})
        # What the witnesses saw last, as far as the house knows.
        seen = parse_checkpoint(before.text).size if before else 0
        note, others = _asked(house, note, seen)
        cosigned = count_cosignatures(note, witnesses.keys, 0)
        if len(cosigned) < witnesses.needed:
            said = "; ".join(f"{name}: {why}" for name, why in others.items())
            raise CosignaturesTooFew(f"{len(cosigned)} of {witnesses.needed}; {said}")
        tiles.keep(note)
    return Gathered(head, cosigned, others)


def _counted(house: House, note: Note, before: Note | None) -> Mapping[str, datetime]:
    """Who cosigned the head already, if it is kept and they are enough."""
    if before is None or before.text != note.text:
        return {}
    if not {*note.signatures} <= {*before.signatures}:
        return {}
    try:
        return count_cosignatures(before, house.log.witnesses.keys, house.log.witnesses.needed)
    except (CosignaturesTooFew, NoteSignatureWrong):
        return {}


def _asked(house: House, note: Note, seen: int) -> tuple[Note, Mapping[str, str]]:
    """Ask all; answers the note with each cosignature that is one, and what the others said."""
    lines, others, alarms = list[tuple[str, bytes]](), dict[str, str](), list[str]()
    for witness in house.log.witnesses.each:
        name = witness.key.name
        try:
            lines.append(_cosignature(house, witness, note, seen))
        except WitnessDisputes as dispute:
            others[name] = str(dispute)
            if not _is_ahead(house, note, int(dispute.context["seen"])):
                alarms.append(f"{name}: {dispute.detail}")
        except (WitnessRefused, WitnessUnreachable, NoteUnsigned, NoteSignatureWrong) as trouble:
            others[name] = str(trouble)
    if alarms:
        raise WitnessAlarmed("; ".join(alarms))
    return Note(note.text, (*note.signatures, *lines)), others


def _cosignature(house: House, witness: Witness, note: Note, seen: int) -> tuple[str, bytes]:
    """A witness's line, once it is verified."""
    count = parse_checkpoint(note.text).size
    found = ask(witness, note, seen, lambda first: consistency(house, first, count))
    verify_cosignature(found, witness.key)
    return witness.key.name, witness.key.id + found.signed_by(witness.key)


def _is_ahead(house: House, note: Note, seen: int) -> bool:
    """Whether a witness has only seen a later head: the log has grown since, and somebody asked."""
    return parse_checkpoint(note.text).size < seen <= size(house)
