"""The history of a case: every entry about it, by whom, what it changed, chained by hashes.

An entry's link is SHA-256 over the link before it and the entry's leaf in the log. Whoever noted
one link can tell later that nothing before it was changed or left out; and each leaf is in the
house's log, whose heads others have cosigned.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from clearhouse.core.casework import (
    ALERTS,
    CASE_EVIDENCE,
    CASE_LINKS,
    CASE_OWNERS,
    ESCALATIONS,
    case_of_hit,
    case_of_hold,
)
from clearhouse.core.held import HOLD_DECISIONS
from clearhouse.core.hits import HIT_DECISIONS
from clearhouse.core.ids import CommandId
from clearhouse.core.merkle import leaf_hash
from clearhouse.core.proposal import ProposalApproved
from clearhouse.core.record import Register
from clearhouse.core.suspicion import (
    CONCERN_DECISIONS,
    CONCERNS,
    REPORT_RECEIPTS,
    REPORTS,
)
from clearhouse.operations.casework import missing
from clearhouse.operations.house import House
from clearhouse.operations.log import entry_of
from clearhouse.operations.records import seen
from clearhouse.store import journal, people, records
from clearhouse.store.records import Version

OF_CASE = (
    CASE_OWNERS,
    CASE_EVIDENCE,
    CASE_LINKS,
    ESCALATIONS,
    CONCERNS,
    CONCERN_DECISIONS,
    REPORTS,
)


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry about a case.

    Attributes:
        what: The register.
        by: Who ordered it, and who approved it; nobody where the house found it.
        before, after: What changed, by column; without what authorities alone may see.
        law: The version of the rulebook that held then.
        position: Of the entry in the journal.
        link: As in the module's head, in hex.
    """

    at: datetime
    what: str
    by: tuple[str, ...]
    before: dict[str, str]
    after: dict[str, str]
    law: str
    position: int
    link: str


def history(house: House, case: str) -> list[Happened]:
    """All that ever happened to a case, in order.

    Raises:
        UnknownCase: Nothing did.
    """
    told = sorted(_about(house, case), key=lambda one: one[1].position)
    if not told:
        raise missing(case)
    link, before = b"", dict[tuple[str, str], dict[str, str]]()
    found = []
    for register, version in told:
        (entry,) = journal.after(house.db, version.position - 1, 1)
        link = sha256(link + leaf_hash(entry_of(house, entry))).digest()
        key = (register.name, register.key_of(version.record))
        said = register.write(seen(register, version.record))
        old = before.get(key, {})
        changed = [name for name, text in said.items() if old.get(name, "") != text]
        before[key] = said
        law = house.laws.in_force(house.db, version.recorded_at).version
        found.append(
            Happened(
                version.recorded_at,
                register.name,
                tuple(_people(house, version.proposal)),
                {name: old[name] for name in changed if old.get(name)},
                {name: said[name] for name in changed},
                law,
                version.position,
                link.hex(),
            )
        )
    return found


def _about(house: House, case: str) -> Iterator[tuple[Register, Version]]:
    """What was ever said of a case, by register."""
    for register in OF_CASE:
        yield from _each(register, records.versions(house.db, register, "case", [case]))
    yield from _each(CASE_LINKS, records.versions(house.db, CASE_LINKS, "other", [case]))
    for register in (ALERTS, HIT_DECISIONS):
        for one in records.versions(house.db, register):
            hit = one.record
            if case_of_hit(hit.subject, hit.list_name, hit.entity) == case:
                yield register, one
    for one in records.versions(house.db, HOLD_DECISIONS):
        if case_of_hold(one.record.obligation) == case:
            yield HOLD_DECISIONS, one
    reports = {one.record.report for one in records.versions(house.db, REPORTS, "case", [case])}
    yield from _each(REPORT_RECEIPTS, records.versions(house.db, REPORT_RECEIPTS, ids=reports))


def _each(register: Register, several: Iterable[Version]) -> Iterator[tuple[Register, Version]]:
    return ((register, one) for one in several)


def _people(house: House, command: str) -> Iterator[str]:
    """Who ordered something, and who approved it."""
    given = people.given(house.db, CommandId(command)) if command else None
    if given is None:
        return
    yield given.command.person
    for entry in journal.about(house.db, command):
        if isinstance(entry.event, ProposalApproved):
            yield entry.event.person


def document(one: Happened) -> dict[str, Any]:
    """One entry as JSON."""
    return {
        "at": one.at.isoformat(),
        "what": one.what,
        "by": list(one.by),
        "before": one.before,
        "after": one.after,
        "law": one.law,
        "entry": str(one.position),
        "link": one.link,
    }
