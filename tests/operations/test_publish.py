"""Publishing: what is closed can be shown again, and a day may end anywhere."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from psycopg import Connection
from tests.hands import ADA, CORA, enrol, propose, release
from tests.recorded import enter
from tests.stage import Database, Points, Stage, Stop, stop
from tests.verifier.conftest import stolen
from tests.verifier.forging import Forged, leaf

from clearhouse.core.books import BooksClosed, NeverClosed
from clearhouse.core.command import GrantRole
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import ParticipantId, derived
from clearhouse.core.money import USD
from clearhouse.core.participant import UnknownParticipant
from clearhouse.core.person import Role
from clearhouse.core.record import RecordEntered
from clearhouse.core.registers import REGISTERS
from clearhouse.core.settlement import NotReleased
from clearhouse.demo import market
from clearhouse.demo.lists import misspelt
from clearhouse.operations import books
from clearhouse.operations.fix import fix
from clearhouse.operations.hits import deciding, hits
from clearhouse.operations.publish import (
    Period,
    Published,
    period,
    publish_day,
    publish_participant,
    trusted,
)
from clearhouse.store import journal
from clearhouse.store.files import ArchiveDamaged
from clearhouse.verifier.__main__ import verify
from clearhouse.verifier.follow import UNTOLD

ENTERED = RecordEntered.__name__
CHAIN = "A>b 0.05, b>C 0.03, C>b 0.01, b>A 0.02, C>d 0.004"


def nothing(_: int) -> None:
    """Nobody watches."""


def published(stage: Stage, path: Path, who: ParticipantId | None = None) -> Published:
    about = period(stage.house)
    if who is not None:
        return publish_participant(about, who, path, nothing)
    return publish_day(about, path, nothing)


def wrong(stage: Stage, path: Path) -> dict[str, str]:
    """What the verifier finds wrong."""
    trust = path.with_name("trust")
    trust.write_text(json.dumps(trusted(stage.house, 0)))
    _, found = verify(path, trust)
    return {name: str(wrong) for name, wrong in found.items() if wrong}


def check(stage: Stage, path: Path) -> None:
    """The verifier passes it."""
    assert wrong(stage, path) == {}


def test_a_day_may_end_anywhere(embedded_stage: Stage, tmp_path: Path) -> None:
    """Between any two steps of a cycle; each day begins from the one before."""
    stage = embedded_stage
    firms = [stage.firm(letter).id for letter in "AbCd"]
    late: list[tuple[bytes, int]] = []

    def settle() -> None:
        with suppress(NotReleased):
            stage.settle()

    def cleared() -> None:
        stage.clear(released=False)
        late.append((stage.calls[0].script, 5_000))

    def half() -> None:
        stage.pay((stage.calls[0].script, stage.calls[0].units - 7))

    def rest() -> None:
        stage.pay((stage.calls[0].script, 1_007))
        for one in stage.calls[1:]:
            stage.pay((one.script, one.units))

    def stray() -> None:
        """A coin at an address that nobody was given, and one to an old address."""
        stage.pay((stage.house.rail.vault.receive(stage_position(stage) + 3).script, 12_345))
        stage.pay(late[0])

    steps: list[Callable[[], object]] = [
        lambda: stage.trade(CHAIN),
        cleared,
        half,
        lambda: stage.mine(stage.deep),
        settle,
        rest,
        lambda: stage.mine(stage.deep),
        settle,
        lambda: ADA.order(stage.house, GrantRole(ADA.person, Role.AUDITOR)),
        lambda: release(stage.house, stage.cycle),
        settle,
        lambda: stage.mine(2),
        settle,
        lambda: stage.reorganise(2),
        settle,
        stray,
        lambda: stage.mine(stage.deep),
        settle,
        lambda: stage.trade("A>b 0.001, b>A 0.001"),  # all of it is set off
        stage.clear,
        settle,
        settle,
    ]
    last = 0
    for number, step in enumerate(steps):
        stage.clock.forward(seconds=1)
        step()
        closing = books.close(stage.house)
        if closing.books.position == last:
            continue
        path = tmp_path / str(number)
        path.mkdir()
        done = published(stage, path / "day")
        assert (done.first, done.last) == (last + 1, closing.books.position)
        last = done.last
        check(stage, path / "day")
        for firm in firms:
            published(stage, path / firm, firm)
            check(stage, path / firm)
    assert stage.row().state == "settled"
    assert last > 200


def stage_position(stage: Stage) -> int:
    """The next position of the vault's receiving branch."""
    found = stage.house.db.execute(
        "SELECT max(position) + 1 FROM vault_address WHERE NOT is_change"
    ).fetchone()
    assert found is not None
    position: int = found[0]
    return position


def test_published_again_it_is_the_same_file(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    stage.settled("A>b 0.05")
    books.close(stage.house)
    for name in ("one", "two"):
        published(stage, tmp_path / name)
        published(stage, tmp_path / f"own-{name}", stage.firm("A").id)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "own-one").read_bytes() == (tmp_path / "own-two").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one", "own-one", "own-two", "two"]


def test_an_earlier_closing_is_published_later(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    first = books.close(stage.house)
    stage.settled("A>b 0.05")
    books.close(stage.house)
    done = publish_day(period(stage.house, first.books.position), tmp_path / "day", nothing)
    assert (done.first, done.last) == (1, first.books.position)
    check(stage, tmp_path / "day")


def test_where_nothing_has_happened_the_last_closing_stands(embedded_stage: Stage) -> None:
    house = embedded_stage.house
    first = books.close(house)
    assert books.close(house) == first
    assert journal.head(house.db) == first.position
    embedded_stage.trade("A>b 0.05")
    second = books.close(house)
    assert second.books.position > first.position
    assert books.closings(house) == [first, second]


def test_there_is_nothing_to_publish_before_a_closing(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    with pytest.raises(NeverClosed):
        period(embedded_stage.house)
    books.close(embedded_stage.house)
    with pytest.raises(NeverClosed):
        period(embedded_stage.house, 7)
    with pytest.raises(UnknownParticipant):
        published(embedded_stage, tmp_path / "own", ParticipantId("00000000000000000098"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["gone", "altered", "garbage"])
def test_what_was_not_kept_cannot_be_published(
    embedded_stage: Stage, tmp_path: Path, how: str
) -> None:
    house = embedded_stage.house
    closing = books.close(house)
    path = house.archive / f"{closing.books.root}.books"
    if how == "gone":
        path.unlink()
    else:
        path.write_text(path.read_text().replace("0", "1", 1) if how == "altered" else "{")
    (tmp_path / "day").write_text("the old one")
    with pytest.raises(ArchiveDamaged):
        published(embedded_stage, tmp_path / "day")
    assert (tmp_path / "day").read_text() == "the old one"  # it stays whole
    assert len(list(tmp_path.iterdir())) == 1


def test_stopped_anywhere_the_books_close_once(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    stage.cleared("A>b 0.05")
    at = 0
    for at in range(1, 100):
        before = len(books.closings(stage.house))
        points = Points(at, stop)
        house = replace(stage.house, db=cast("Connection", Database(stage.house.db, points)))
        with suppress(Stop):
            books.close(house)
        closing = books.close(stage.house)
        assert len(books.closings(stage.house)) == before + 1
        assert books.lines_of(stage.house, closing.books).lines
        if not points.came:
            break
        stage.trade("A>b 0.0001")
    assert at > 10
    published(stage, tmp_path / "day")
    check(stage, tmp_path / "day")


def test_the_lines_are_kept_before_they_are_committed_to(embedded_stage: Stage) -> None:
    """Whoever is killed between the two leaves a file that nobody names."""
    house = embedded_stage.house
    closing = books.close(house)
    (event,) = [
        entry.event
        for entry in journal.after(house.db, closing.position - 1, 1)
        if isinstance(entry.event, BooksClosed)
    ]
    assert event == closing.books
    shutil.rmtree(house.archive)
    embedded_stage.trade("A>b 0.05")
    again = books.close(house)
    assert books.lines_of(house, again.books).root.hex() == again.books.root


def test_two_periods_cannot_be_shown_as_one(
    embedded_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which what happened in the first of them would be left out."""
    stage, house = embedded_stage, embedded_stage.house
    begin = books.close(house)
    stage.trade("A>b 5.0")
    middle = books.close(house)
    stage.trade("C>d 0.01")
    books.close(house)
    about = replace(period(house), before=begin)
    newer = [one for one in about.entries() if one.position > middle.books.position]
    monkeypatch.setattr(Period, "entries", lambda _: newer)
    publish_participant(about, stage.firm("A").id, tmp_path / "own", nothing)
    assert wrong(stage, tmp_path / "own").keys() == {"told"}


def test_the_clock_is_set_back_a_little_between_two_days(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """What the first day forgot, since it was ordered a day before, the second does not recall."""
    stage, house = embedded_stage, embedded_stage.house
    propose(house, GrantRole(ADA.person, Role.AUDITOR))
    stage.clock.forward(hours=24, minutes=2)
    stage.publish()
    for back in (0, 3):
        stage.clock.forward(minutes=-back)
        stage.trade(f"A>b 0.{back + 1}")
        books.close(house)
        published(stage, tmp_path / "day")
        check(stage, tmp_path / "day")


def test_a_cycle_without_a_batch_is_published(embedded_stage: Stage, tmp_path: Path) -> None:
    """Before it is settled, too, the gate must have been asked again."""
    stage, bundle = embedded_stage, tmp_path / "bundle"
    stage.trade("A>b 0.001, b>A 0.001")
    stage.clear()
    assert stage.settle().state == "settled"
    books.close(stage.house)
    for who in (stage.firm("A").id, None):
        published(stage, bundle, who)
        check(stage, bundle)
    forged = Forged.of(bundle.read_bytes(), stolen(stage), [])
    forged.cosigners = ()
    opened = forged.entries.index(forged.one("CycleOpened"))
    for one in forged.entries[opened:]:
        if one["kind"] == "GateDecided":
            forged.entries.remove(one)
    bundle.write_bytes(forged.sealed())
    assert wrong(stage, bundle).keys() == {"gate"}


def test_an_invoice_is_left_out_by_a_rate_that_is_not_shown(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """It is of the day before, and the books say that there is one."""
    stage, bundle = embedded_stage, tmp_path / "bundle"
    stage.clock.forward(hours=6, minutes=5)
    stage.publish()
    file = stage.folder / "trades.csv"
    market.write_trades(file, stage.clock() - timedelta(minutes=5), 60_000.0, Random(5))
    fix(stage.house, file, USD)
    books.close(stage.house)
    before = Forged.of(published(stage, bundle).path.read_bytes(), stolen(stage), [])
    stage.trade("A>b 0.05")
    stage.clear()
    books.close(stage.house)
    published(stage, bundle)
    check(stage, bundle)

    forged = Forged.of(bundle.read_bytes(), stolen(stage), [leaf(one) for one in before.entries])
    forged.cosigners = ()
    affirmed = forged.one("ObligationAffirmed")
    like = forged.one("ObligationProposed")["body"]
    id = derived("obl", like["creditor"], "left out")
    body = {**like, "obligation": id, "reference": "left out", "asset": "USD"}
    other = ({like["debtor"], like["creditor"]} - {like["by"]}).pop()
    new = forged.insert(affirmed, "ObligationProposed", id, **body)
    forged.insert(new, "ObligationAffirmed", id, obligation=id, by=other)
    opened = forged.entries.index(forged.one("CycleOpened"))
    decided = [one for one in forged.entries[:opened] if one["kind"] == "GateDecided"][-1]
    forged.insert(decided, "GateDecided", id, **{**decided["body"], "obligation": id})
    bundle.write_bytes(forged.sealed())
    assert wrong(stage, bundle)["gate"].startswith("gate.left-out: ")

    (rate,) = [one for one in forged.members["earlier"] if one["kind"] == "RateFixed"]
    forged.members["earlier"].remove(rate)
    bundle.write_bytes(forged.sealed())
    assert wrong(stage, bundle)["gate"].startswith("valuation.rate-unknown: ")


def test_nobody_is_told_that_somebody_looks_at_them(embedded_stage: Stage, tmp_path: Path) -> None:
    """Not in their own bundle, of the day or of a later one; supervisors see it."""
    stage, who = embedded_stage, embedded_stage.firm("A").id
    enrol(stage.house, CORA, Role.SUPERVISOR)
    stage.cleared(CHAIN)
    stage.publish(misspelt(stage.firm("A").name))
    (hit,) = hits(stage.house, [who])
    decided = deciding(hit, Outcome.ANOTHER, "seated elsewhere", stage.house.today)
    enter(stage.house, tmp_path, decided)
    for number in range(2):
        stage.trade("A>b 0.01")
        books.close(stage.house)
        whole = published(stage, tmp_path / f"day{number}")
        own = published(stage, tmp_path / f"own{number}", who)
        said = [entries_of(stage, one.path) for one in (whole, own)]
        registers = [{e["body"]["register"] for e in each if e["kind"] == ENTERED} for each in said]
        assert ("hit_decision" in registers[0]) is (number == 0)
        assert "hit_decision" not in registers[1]
        assert len(said[1]) > 1
        check(stage, own.path)
        stage.clock.forward(minutes=1)


def entries_of(stage: Stage, path: Path) -> list[dict[str, Any]]:
    return Forged.of(path.read_bytes(), stolen(stage), []).entries


def test_the_verifier_knows_what_is_not_told() -> None:
    assert {one.name for one in REGISTERS.values() if one.untold} == UNTOLD
