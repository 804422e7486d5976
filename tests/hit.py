"""A hit in tests: an owner that is called as an entry of the demo's lists is."""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.hands import BELA

from clearhouse.core import ids
from clearhouse.core.canonical import canonical
from clearhouse.core.casework import CaseEvidence, CaseLink, CaseOwner, case_of_hit
from clearhouse.core.editions import digest_of
from clearhouse.core.hits import HitDecision, compared_as
from clearhouse.core.owner import Entity
from clearhouse.core.registers import REGISTERS
from clearhouse.core.suspicion import (
    QUESTIONS,
    Concern,
    ConcernDecision,
    ReportReceipt,
    SuspicionReport,
)
from clearhouse.demo import lists
from clearhouse.feeds.shelf import Shelf
from clearhouse.operations.house import House
from clearhouse.operations.screened import of_entity
from clearhouse.store import records

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OSTROVA = Entity(ids.derived("ent", "Ostrova"), "company", "Ostrova Shipping Company", "XC")
NUMBER = "9001"  # of the entry


def listed() -> str:
    """The hash of the entry that it is called as, as the demo's lists have it."""
    with TemporaryDirectory() as folder:
        lists.write_lists(Path(folder), NOW)
        (edition,) = [one for one in Shelf(Path(folder), lambda: NOW)() if one.entries]
    (entry,) = [one for one in edition.entries if one.number == NUMBER]
    return digest_of(entry)


def decided(outcome: str = "another") -> HitDecision:
    compared = compared_as(of_entity(OSTROVA.entity, (OSTROVA.name,), (OSTROVA.jurisdiction,)))
    about = (OSTROVA.entity, "OFAC-SDN", NUMBER)
    return HitDecision(*about, compared, listed(), outcome, date(2026, 2, 1), "seated elsewhere")


CASE = case_of_hit(OSTROVA.entity, "OFAC-SDN", NUMBER)


CONCERN, REPORT = ids.derived("cas", "a concern"), ids.derived("rep", "one")
DAY = date(2026, 2, 1)
NARRATIVE = canonical(
    {"known": {}, "narrative": dict.fromkeys(QUESTIONS, "Nothing is known of it.")}
)
ODD = Concern(CONCERN, OSTROVA.entity, "amounts", "round sums, each below what is asked about", DAY)
TOLD = SuspicionReport(REPORT, CASE, "Norland FIU", "told", date(2026, 2, 5), DAY, NARRATIVE)


def of_case() -> tuple[Any, ...]:
    """Whose the case about it is, what was looked at, and what else is said of cases."""
    return (
        CaseOwner(CASE, BELA.person, DAY),
        CaseEvidence(CASE, "ab" * 32, "identity", "its articles", DAY),
        ODD,
        CaseLink(CASE, CONCERN, "same-party", DAY),
        ConcernDecision(CONCERN, "unfounded", "they are its rent", DAY),
        TOLD,
        ReportReceipt(REPORT, "2026/77", DAY),
    )


def ground(house: House, one: object) -> list[Any]:
    """What a record about the case, or a concern, rests on, if it is not there yet."""
    needed: list[Any] = []
    match one:
        case HitDecision(subject=OSTROVA.entity) | Concern(about=OSTROVA.entity):
            needed = [OSTROVA]
        case CaseOwner() | CaseEvidence() | SuspicionReport() if one.case == CASE:
            needed = [OSTROVA]
        case ConcernDecision() if one.case == CONCERN:
            needed = [OSTROVA, ODD]
        case CaseLink() if one.other == CONCERN:
            needed = [OSTROVA, ODD]
        case ReportReceipt() if one.report == REPORT:
            needed = [OSTROVA, TOLD]
        case _:
            pass
    return [each for each in needed if not _is_there(house, each)]


def _is_there(house: House, one: Any) -> bool:
    register = next(each for each in REGISTERS.values() if isinstance(one, each.kind))
    return bool(records.current(house.db, register, "key", [register.key_of(one)]))
