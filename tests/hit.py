"""A hit in tests: an owner that is called as an entry of the demo's lists is."""

from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.hands import BELA

from clearhouse.core import ids
from clearhouse.core.casework import CaseEvidence, CaseOwner, case_of_hit
from clearhouse.core.editions import digest_of
from clearhouse.core.hits import HitDecision, compared_as
from clearhouse.core.owner import ENTITIES, Entity
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


def of_case() -> tuple[CaseOwner, CaseEvidence]:
    """Whose the case about it is, and what was looked at."""
    day = date(2026, 2, 1)
    return (
        CaseOwner(CASE, BELA.person, day),
        CaseEvidence(CASE, "ab" * 32, "identity", "its articles", day),
    )


def ground(house: House, one: object) -> list[Entity]:
    """The owner that a decision is about, if it is not there yet."""
    is_there = records.current(house.db, ENTITIES, ids=[OSTROVA.entity])
    is_about = (isinstance(one, HitDecision) and one.subject == OSTROVA.entity) or (
        isinstance(one, CaseOwner | CaseEvidence) and one.case == CASE
    )
    return [OSTROVA] if is_about and not is_there else []
