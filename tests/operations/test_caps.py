"""Net debit caps in cycles: what would pass one waits, and the verifier sees why."""

import json
import zlib
from datetime import date
from pathlib import Path

import pytest
from tests.hands import CORA, enrol
from tests.operations.test_publish import check, published
from tests.recorded import enter
from tests.stage import Stage

from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.errors import Refusal
from clearhouse.core.participant import Limit
from clearhouse.core.person import Role
from clearhouse.operations import books
from clearhouse.store import obligations

SPRING = date(2026, 3, 1)


def cap(stage: Stage, letter: str, units: int, **changed: object) -> None:
    said = {"asset": "BTC", "limit": "net-debit", "since": SPRING, "until": None} | changed
    enter(stage.house, stage.folder, Limit(stage.firm(letter).id, units=units, **said))  # type: ignore[arg-type]


def entries(bundle: Path) -> bytes:
    """The entries of a bundle, which are its first member."""
    raw = bundle.read_bytes()
    sizes = [int(one["bytes"]) for one in json.loads(raw.split(b"\n")[1])["members"]]
    begin = len(raw) - sum(sizes)
    return zlib.decompress(raw[begin : begin + sizes[0]])


@pytest.fixture
def capped(embedded_stage: Stage) -> Stage:
    """A house in which Bela and Cora can agree on a limit."""
    enrol(embedded_stage.house, CORA, Role.SUPERVISOR, Role.COMPLIANCE, Role.OPERATOR)
    return embedded_stage


def test_the_newest_debt_beyond_a_cap_waits_for_another_cycle(
    capped: Stage, tmp_path: Path
) -> None:
    stage = capped
    cap(stage, "A", 6_000_000)
    first, second = stage.trade("A>b 0.05, A>b 0.02")
    older, newer = sorted((first, second))
    done = stage.clear()

    assert [one.due.id for one in done.clearing.lines] == [older]
    assert done.left_out == {"beyond a cap": 1}
    (fact,) = stage.facts(ObligationHeldBack, newer)
    assert (fact.participant, fact.room) == (stage.firm("A").id, 6_000_000)
    assert (
        obligations.by_ids(stage.house.db, [newer], stage.house.assets)[newer].state == "affirmed"
    )
    books.close(stage.house)
    for name, who in (
        ("day", None),
        ("debtor", stage.firm("A").id),
        ("creditor", stage.firm("b").id),
    ):
        published(stage, tmp_path / name, who)
        check(stage, tmp_path / name)
    stage.check()


def test_over_two_days_nobody_else_learns_of_a_cap(capped: Stage, tmp_path: Path) -> None:
    """Held back on the first, cleared on the second; on the first the debtor is in no cycle."""
    stage = capped
    cap(stage, "A", 10, until=date(2026, 3, 2))
    (waits,) = stage.trade("A>b 0.02")
    stage.trade("C>d 0.01, d>C 0.01")
    stage.clear()
    stage.settle()
    books.close(stage.house)
    parties = {"day": None, "debtor": stage.firm("A").id, "creditor": stage.firm("b").id}
    for name, who in parties.items():
        published(stage, tmp_path / f"{name}-1", who)
        check(stage, tmp_path / f"{name}-1")
    stage.clock.forward(days=1)
    stage.publish()
    assert [one.due.id for one in stage.clear().clearing.lines] == [waits]
    books.close(stage.house)
    for name, who in parties.items():
        published(stage, tmp_path / f"{name}-2", who)
        check(stage, tmp_path / f"{name}-2")

    said = entries(tmp_path / "creditor-2")
    assert waits.encode() in said
    assert b"ObligationHeldBack" not in said


@pytest.mark.parametrize(
    "changed",
    [
        {"limit": "day"},
        {"asset": "USD"},
        {"since": date(2026, 3, 3)},
        {"until": date(2026, 3, 1)},
    ],
    ids=["another-kind", "another-asset", "not-yet", "over"],
)
def test_another_limit_holds_nothing_back(capped: Stage, changed: dict[str, object]) -> None:
    stage = capped
    cap(stage, "A", 1, **changed)
    stage.trade("A>b 0.05")

    assert stage.clear().left_out == {}


def test_of_two_caps_the_tighter_holds(capped: Stage) -> None:
    stage = capped
    cap(stage, "A", 6_000_000)
    cap(stage, "A", 90_000_000, since=date(2026, 3, 2))
    stage.trade("A>b 0.07")

    with pytest.raises(Refusal, match=r"settlement\.nothing-to-clear.*beyond a cap"):
        stage.clear()


def test_what_is_received_in_the_cycle_counts(capped: Stage) -> None:
    stage = capped
    cap(stage, "A", 1_000_000)
    stage.trade("A>b 0.05, b>A 0.04")

    assert stage.clear().left_out == {}
