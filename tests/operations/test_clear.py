"""Clearing: who gets into a cycle, what it leaves in the books, and that it is all or nothing."""

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import count
from random import Random

import pytest
from tests.stage import Points, Stage, Stop, fragile, stop
from tests.staging import OpenStage

from clearhouse.core.clearing import check
from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.ledger import AccountKind
from clearhouse.core.money import USD
from clearhouse.core.obligation import State
from clearhouse.core.rate import Rate, stated
from clearhouse.core.settlement import CycleCleared, CycleKnown, ObligationCleared, PositionStruck
from clearhouse.core.valuation import RateFixed
from clearhouse.demo.lists import misspelt
from clearhouse.operations import clear as clearing
from clearhouse.operations.clear import RATE_AGE_MAX, clear_cycle
from clearhouse.operations.house import NoRail
from clearhouse.operations.recleared import reclear
from clearhouse.store import cycles, journal, obligations, projection
from clearhouse.store.accounts import balances
from clearhouse.store.projection import record

CHAIN = "A>b 0.05, b>C 0.03"
MIXED = "A>b 0.05, b>C 0.03, C>d 0.01, d>A 0.02, B>d 0.04, b>B 0.01, d>C 0.007"


def rate(stage: Stage, as_of: datetime, dollars: int = 50_000) -> Rate:
    """Record a rate of so many dollars for a bitcoin."""
    price = Fraction(dollars * 100)
    made = stated(
        stage.house.coin, USD, price, as_of=as_of, method="test", source="test", venues=("a",)
    )
    fact = RateFixed(
        made.id,
        made.base.code,
        made.quote.code,
        made.quote.exponent,
        made.numerator,
        made.denominator,
        made.as_of,
        made.method,
        made.source,
        made.venues,
        excluded=(),
        partitions=(),
        trades=0,
        discarded=0,
        input_sha256="",
    )
    with stage.house.db.transaction():
        record(stage.house.db, [(made.id, fact)], as_of, stage.clock())
    return made


def refused(stage: Stage) -> str:
    """The code of the refusal to clear; nothing has changed."""
    before = stage.records()
    with pytest.raises(Refusal) as refusal:
        clear_cycle(stage.house, stage.next_cycle())
    assert stage.records() == before
    return refusal.value.code


def states(stage: Stage, *ids: ObligationId) -> list[State]:
    found = obligations.by_ids(stage.house.db, ids, stage.house.assets)
    return [found[id].state for id in ids]


def test_only_what_binds_and_the_gate_clears_gets_in(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (good,) = stage.trade("A>b 0.05")
    (unaffirmed,) = stage.trade("b>C 0.01", affirmed=False)
    (domestic,) = stage.trade("A>C 0.02")
    (held, listed) = stage.trade("D>b 0.02, b>E 0.02")
    (unrated,) = stage.trade("C>b 100.00 USD")
    stage.publish(misspelt(stage.firm("D").name), stage.firm("E").name)
    done = stage.clear()

    assert [line.due.id for line in done.clearing.lines] == [good]
    assert done.left_out == {"held": 1, "denied": 2, "without a rate": 1}
    assert states(stage, good) == ["cleared"]
    assert set(states(stage, domestic, held, listed, unrated)) == {"affirmed"}
    assert states(stage, unaffirmed) == ["proposed"]
    assert obligations.count_states(stage.house.db) == [
        ("affirmed", "clear", 1),
        ("affirmed", "deny", 2),
        ("affirmed", "hold", 1),
        ("cleared", "clear", 1),
        ("proposed", "clear", 1),
    ]
    stage.check()


def test_what_was_left_out_gets_in_once_it_may(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (held,) = stage.trade("D>b 0.02")
    stage.trade(CHAIN)
    stage.publish(stage.firm("D").name)
    stage.clear()
    assert states(stage, held) == ["affirmed"]
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    stage.settle()
    stage.publish()
    done = stage.clear()

    assert [line.due.id for line in done.clearing.lines] == [held]
    assert done.left_out == {}


def test_every_answer_of_the_gate_is_kept(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, A>C 0.02")
    stage.clear()
    good, bad = (stage.events(id) for id in ids)

    assert [event.verdict for event in good if hasattr(event, "verdict")] == ["clear", "clear"]
    assert [event.verdict for event in bad if hasattr(event, "verdict")] == ["deny", "deny"]


@pytest.mark.parametrize(
    ("age", "left_out"),
    [
        (timedelta(0), 0),
        (RATE_AGE_MAX, 0),
        (RATE_AGE_MAX + timedelta(microseconds=1), 1),
        (timedelta(days=30), 1),
        (timedelta(microseconds=-1), 1),  # not fixed yet
        (timedelta(days=-1), 1),
    ],
)
def test_only_a_rate_of_the_day_values(
    embedded_stage: Stage, age: timedelta, left_out: int
) -> None:
    stage = embedded_stage
    stage.trade("A>b 100.00 USD, A>b 0.01")
    rate(stage, stage.clock() - age)
    done = stage.clear()

    assert done.left_out.get("without a rate", 0) == left_out
    assert len(done.clearing.lines) == 2 - left_out


def test_the_newest_rate_that_holds_values_and_is_named(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id,) = stage.trade("A>b 100.00 USD")
    rate(stage, stage.clock() - timedelta(hours=5), 40_000)
    newest = rate(stage, stage.clock() - timedelta(hours=1), 50_000)
    rate(stage, stage.clock() + timedelta(hours=1), 60_000)
    stage.clear()
    (cleared,) = stage.facts(ObligationCleared, id)

    assert cleared.rate == newest.id
    assert cleared.units == 200_000  # 100 dollars at 50,000 for one
    assert stage.call("A").units == 200_000


def test_what_is_worth_nothing_is_left_out(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.01 USD, A>b 0.01")
    rate(stage, stage.clock(), 10**9)

    assert stage.clear().left_out == {"worth nothing": 1}


def test_an_obligation_in_the_coin_needs_no_rate(embedded_stage: Stage) -> None:
    (id,) = embedded_stage.trade("A>b 0.05")
    embedded_stage.clear()
    (cleared,) = embedded_stage.facts(ObligationCleared, id)

    assert (cleared.rate, cleared.units) == ("", 5_000_000)


def test_what_is_recorded_conserves(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids = stage.trade(MIXED)
    done = stage.clear()
    (total,) = stage.facts(CycleCleared)
    lines = [stage.facts(ObligationCleared, id)[0] for id in ids]

    assert check(done.clearing) == []
    assert total.obligations == len(ids)
    assert total.gross == sum(line.units for line in lines)
    assert total.set_off == sum(line.set_off for line in lines) > 0
    assert all(line.units == line.set_off + line.remaining for line in lines)
    struck = Counter[str]()
    for letter in "ABCbd":
        for fact in stage.facts(PositionStruck, stage.firm(letter).id):
            struck[fact.participant] += fact.units
    assert sum(struck.values()) == 0
    assert total.net == sum(units for units in struck.values() if units > 0)
    assert {one.participant: -one.units for one in done.pay_ins} == {
        who: units for who, units in struck.items() if units < 0
    }


def test_the_books_after_clearing_hold_one_position_each(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade(MIXED)
    done = stage.clear()
    net = {one.participant: one.net for one in done.clearing.positions}
    in_clearing = {
        account.owner: units
        for account, units in balances(stage.house.db).items()
        if account.kind is AccountKind.IN_CLEARING
    }

    assert in_clearing == net
    assert sum(net.values()) == 0
    assert stage.balance("house", AccountKind.CLEARING) == 0
    stage.check()


def test_each_debtor_has_an_address_of_its_own(embedded_stage: Stage) -> None:
    stage = embedded_stage
    used: set[str] = set()
    for _ in range(2):
        stage.cleared("A>b 0.05, D>b 0.04, c>E 0.01")
        addresses = {one.address for one in stage.calls}
        assert len(addresses) == len(stage.calls) == 3
        assert not addresses & used
        used |= addresses
        stage.pay_in()
        stage.mine(stage.deep)
        stage.settle()
        stage.mine(stage.deep)
        stage.settle()
    given = cycles.vault_addresses(stage.house.db).values()
    owners = {one.address: one.participant for one in given}

    assert all(owners[one.address] == one.participant for one in stage.calls)
    due = stage.calls[0].due_at - stage.clock()
    assert due == timedelta(hours=20)  # XA.settlement.pay-in


def test_the_order_in_which_things_came_changes_no_result(open_stage: OpenStage) -> None:
    written = []
    for seed in (None, 1, 2):
        with open_stage() as stage:
            lines = list(enumerate(MIXED.split(", ")))
            made: dict[int, ObligationId] = {}
            if seed is not None:
                Random(seed).shuffle(lines)
            for number, line in lines:
                stage._count = number * 10  # the reference follows from the line
                (made[number],) = stage.trade(line)
            stage._count = 999
            stage.clear()
            facts = [stage.facts(ObligationCleared, made[number]) for number in sorted(made)]
            written.append(
                (
                    [[replace(one, cycle=CycleId("")) for one in each] for each in facts],
                    [replace(one, cycle=CycleId("")) for one in stage.facts(CycleCleared)],
                    [(one.participant, one.units) for one in stage.calls],
                )
            )

    assert written[0] == written[1] == written[2]


def test_a_cycle_waits_for_no_other(embedded_stage: Stage) -> None:
    stage = embedded_stage
    first = stage.cleared(CHAIN)
    stage.trade("A>b 0.01")
    second = stage.clear()

    assert len(second.clearing.lines) == 1
    assert cycles.open_cycles(stage.house.db) == [first.cycle, second.cycle]


def test_a_cycle_said_twice_is_there_once(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared(CHAIN)
    said_again(stage)
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state == "settled"
    said_again(stage)


def said_again(stage: Stage) -> None:
    stage.trade("A>b 0.01")
    before = stage.records()
    with pytest.raises(CycleKnown):
        clear_cycle(stage.house, stage.cycle)
    assert stage.records() == before


@pytest.mark.parametrize("trades", ["", "A>C 0.02", "A>b 10.00 USD"])
def test_nothing_to_clear_is_refused(embedded_stage: Stage, trades: str) -> None:
    if trades:
        embedded_stage.trade(trades)
    assert refused(embedded_stage) == "settlement.nothing-to-clear"


def test_the_gate_stops_a_cycle_when_a_list_is_too_old(embedded_stage: Stage) -> None:
    embedded_stage.trade(CHAIN)
    embedded_stage.clock.forward(hours=25)

    assert refused(embedded_stage) == "screening.list-stale"


def test_the_gate_stops_a_cycle_when_there_are_no_lists(embedded_stage: Stage) -> None:
    embedded_stage.trade(CHAIN)
    house = replace(embedded_stage.house, lists=list)
    embedded_stage.house = house

    assert refused(embedded_stage).startswith("screening.")


def test_a_house_without_a_vault_does_not_clear(embedded_stage: Stage) -> None:
    embedded_stage.trade(CHAIN)
    before = embedded_stage.records()
    with pytest.raises(NoRail):
        clear_cycle(replace(embedded_stage.house, settles=None), embedded_stage.next_cycle())
    assert embedded_stage.records() == before


def test_whatever_goes_wrong_in_between_nothing_has_happened(embedded_stage: Stage) -> None:
    """Every statement of it fails once, every call to the chain, and every transaction's end."""
    stage = embedded_stage
    stage.trade(MIXED)
    before = stage.records()
    cycle = stage.next_cycle()
    for at in count(1):
        points = Points(at, stop)
        try:
            done = clear_cycle(fragile(stage.house, points), cycle)
        except Stop:
            if points.names[-1] == "committed" and stage.records() != before:
                break  # it was done, and only the answer was lost
            assert stage.records() == before, points.names[-1]
            continue
        pytest.fail(f"it was done at point {at} without its end being lost: {done}")

    assert at > 20
    assert {"statement", "copy", "before watch", "after watch"} <= set(points.names)
    assert cycles.cycle(stage.house.db, cycle).state == "cleared"
    stage.check()


KILLED = """
import os, signal, sys
from clearhouse.operations.clear import clear_cycle
from clearhouse.settings import Settings, house
from tests.stage import Points, fragile

def kill(name):
    os.kill(os.getpid(), signal.SIGKILL)

cycle, at = sys.argv[1:]
with house(Settings(), settles=True) as own:
    clear_cycle(fragile(own, Points(int(at), kill)), cycle)
"""


def test_a_killed_process_leaves_nothing_half_done(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade(MIXED)
    cycle = stage.next_cycle()
    before = stage.records()
    stage.stop()
    for at, done in ((8, False), (20, False), (0, True)):
        code = stage.child(KILLED, cycle, str(at))
        assert code == (0 if done else -signal.SIGKILL)
        assert (stage.records() != before) is done
    stage.restart()

    assert cycles.cycle(stage.house.db, cycle).state == "cleared"
    stage.check()


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_recorded_in_parts_it_is_the_same_cycle(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Parts are made ready by another thread; their order and their bytes are as of one part."""
    stage = embedded_stage
    monkeypatch.setattr(projection, "FACTS_AT_ONCE", size)
    stage.trade(MIXED)
    done = stage.clear()

    assert reclear(stage.house, stage.cycle).differing == []
    assert check(done.clearing) == []
    positions = [entry.position for entry in journal.after(stage.house.db, 0, 10_000)]
    assert positions == list(range(1, len(positions) + 1))
    stage.check()


def test_a_part_that_cannot_be_made_undoes_all_parts(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = embedded_stage
    monkeypatch.setattr(projection, "FACTS_AT_ONCE", 2)
    stage.trade(MIXED)
    before = stage.records()

    def broken(*_: object) -> Iterator[tuple[str, Event]]:
        yield from ()
        raise ZeroDivisionError

    monkeypatch.setattr(clearing, "_planned", broken)
    with pytest.raises(ZeroDivisionError):
        stage.clear()

    assert stage.records() == before


def test_cleared_again_from_the_records_every_fact_is_the_same(embedded_stage: Stage) -> None:
    stage = embedded_stage
    rate(stage, stage.clock())
    stage.trade(MIXED + ", A>b 100.00 USD, b>A 77.00 USD")
    done = stage.clear()
    again = reclear(stage.house, stage.cycle)

    assert again.differing == []
    assert again.clearing == done.clearing
    assert again.facts == 2 + len(done.clearing.lines) + len(done.clearing.positions)


def test_a_record_that_was_changed_is_named(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade(MIXED)
    stage.clear()
    line = reclear(stage.house, stage.cycle).clearing.lines[0].due
    stage.house.db.execute(
        "UPDATE obligation SET remaining = remaining + 1 WHERE id = %s", (line.id,)
    )
    differing = reclear(stage.house, stage.cycle).differing

    assert f"ObligationCleared {line.id}" in differing
    assert f"PositionStruck {line.debtor}" in differing
