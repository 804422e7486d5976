"""A monitor: one payment or many, in parts or at once, and what nobody knows."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drawn_payments import FACTS, START, histories

from clearhouse.core.canonical import canonical
from clearhouse.core.monitoring import (
    HistoryFull,
    JudgedBefore,
    Monitor,
    Outcome,
    OutOfOrder,
    Payment,
    PaymentMalformed,
    Programme,
    Results,
)
from clearhouse.core.monitoring import judging as module
from clearhouse.core.monitoring.payments import (
    AMOUNT_MAX,
    DAYS_MAX,
    RATING_MAX,
    TOTAL_MAX,
    VALUE_MAX,
)
from clearhouse.engines.monitoring import LOOK_MAX, rounds
from clearhouse.engines.monitoring.rounds import LOOKS_MAX
from clearhouse.feeds.typologies import read_programme

SHIPPED = read_programme()
LARGE = tuple(1000 * 10**n for n in range(6))
HARMLESS: dict[str, Any] = {
    "exposure": 0,
    "payer_rating": 0,
    "payee_rating": 0,
    "payer_days": DAYS_MAX,
    "payee_days": DAYS_MAX,
    "third_party": False,
    "late_change": False,
    "payer_country": "XA",
    "payee_country": "XA",
}


def bodies(monitor: Monitor, payments: Sequence[Payment]) -> list[str]:
    return monitor.judge(payments).bodies()


def scores(payments: Sequence[Payment], programme: Programme = SHIPPED) -> list[list[int]]:
    found: list[list[int]] = Monitor(programme).judge(payments).scores.tolist()
    return found


@st.composite
def busy(draw: st.DrawFn) -> list[Payment]:
    """Histories of which shipped typologies have something to say: near to their thresholds."""
    scale = draw(st.sampled_from((100, 9600, 100_000)))
    payments = draw(histories(most=30, parties=("A", "B", "C", "D")))
    return [replace(one, value=one.value * scale) for one in payments]


@given(busy())
@settings(max_examples=40)
def test_many_are_judged_as_one_after_the_other(payments: list[Payment]) -> None:
    monitor = Monitor(SHIPPED)
    assert [bodies(monitor, [one])[0] for one in payments] == bodies(Monitor(SHIPPED), payments)


@given(busy(), st.data())
@settings(max_examples=40)
def test_a_history_that_grew_is_one_that_is_built_anew(
    payments: list[Payment], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(payments)))
    grown = Monitor(SHIPPED)
    grown.judge(payments[:cut])
    assert bodies(grown, payments[cut:]) == bodies(Monitor(SHIPPED), payments)[cut:]


@given(busy(), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_in_which_order_payments_are_handed_in_is_no_matter(
    payments: list[Payment], dice: Any
) -> None:
    shuffled = dice.sample(payments, len(payments))
    assert bodies(Monitor(SHIPPED), shuffled) == bodies(Monitor(SHIPPED), payments)


@given(busy())
@settings(max_examples=30)
def test_chunks_are_no_matter(payments: list[Payment]) -> None:
    whole = bodies(Monitor(SHIPPED), payments)
    told: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", 7)
        progress = lambda done, of: told.append((done, of))  # noqa: E731
        assert Monitor(SHIPPED).judge(payments, progress).bodies() == whole
    assert told[-1] == (len(payments), len(payments))


@given(busy(), st.data())
@settings(max_examples=40)
def test_strangers_change_nothing(payments: list[Payment], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(payments) - 1))
    strange = replace(
        payments[place],
        id=payments[place].id + "-strange",
        payer="Y",
        payee="Z",
        payer_group=data.draw(st.sampled_from(("", "y"))),
        payee_group="",
    )
    more = bodies(Monitor(SHIPPED), [*payments, strange])
    assert [body for body in more if "-strange" not in body] == bodies(Monitor(SHIPPED), payments)


@given(busy(), st.data())
@settings(max_examples=150)
def test_what_is_not_known_never_lowers_a_score(
    payments: list[Payment], data: st.DataObject
) -> None:
    """Not even that of another payment: nothing is less than the most harmless fact would be."""
    place = data.draw(st.integers(0, len(payments) - 1))
    fact = data.draw(st.sampled_from(sorted(FACTS)))
    is_country = fact.endswith("country")
    hidden, harmless = list(payments), list(payments)
    unknown: dict[str, Any] = {fact: "" if is_country else None}
    hidden[place] = replace(payments[place], **unknown)
    harmless[place] = replace(payments[place], **{fact: HARMLESS[fact]})
    if is_country:  # of corridors none is harmless by itself: those that are used are
        programme = without(SHIPPED, "geography.new-corridors")
        assert np.all(np.array(scores(hidden, programme)) >= scores(harmless, programme))
    else:
        assert np.all(np.array(scores(hidden)) >= scores(harmless))


def without(programme: Programme, rule: str) -> Programme:
    typologies = tuple(
        replace(one, weights={id: said for id, said in one.weights.items() if id != rule})
        for one in programme.typologies
    )
    return replace(programme, typologies=typologies)


@given(busy(), st.data())
@settings(max_examples=80)
def test_what_is_known_to_be_bad_weighs_as_much_whatever_else_is_not_known(
    payments: list[Payment], data: st.DataObject
) -> None:
    """The last payment is flagged: hide all other facts, of all payments, and it stays alerted."""
    bad = replace(
        payments[-1],
        value=10**7,
        exposure=data.draw(st.integers(50, 1000)),
        payee_country="XH",
        payee_rating=3,
    )
    known = [*payments[:-1], bad]
    hidden: dict[str, Any] = {name: "" if name.endswith("country") else None for name in FACTS}
    own = {name: getattr(bad, name) for name in ("exposure", "payee_country", "payee_rating")}
    unknown = [
        *(replace(one, **hidden) for one in payments[:-1]),
        replace(bad, **{**hidden, **own}),
    ]
    clean = [
        *(replace(one, **HARMLESS) for one in payments[:-1]),
        replace(bad, **{**HARMLESS, **own}),
    ]
    for typology in ("exposure", "party"):
        at = [one.id for one in SHIPPED.typologies].index(typology)
        assert scores(unknown)[at][-1] >= scores(clean)[at][-1]
    said = {
        one.typology: one for one in Monitor(SHIPPED).judge(known).result(len(known) - 1).verdicts
    }
    assert said["exposure"].is_alert


@given(busy())
@settings(max_examples=30)
def test_what_is_judged_in_vain_leaves_no_trace(payments: list[Payment]) -> None:
    monitor, other = Monitor(SHIPPED), Monitor(SHIPPED)
    half = len(payments) // 2
    for one in (monitor, other):
        one.judge(payments[:half])
    mark = monitor.mark()
    for _ in range(2):
        tried = bodies(monitor, payments[half:])
        monitor.back(mark)
    assert tried == bodies(monitor, payments[half:]) == bodies(other, payments[half:])


def test_a_batch_that_breaks_off_was_never_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 2)
    monitor, payments = Monitor(SHIPPED), [pay(n) for n in range(6)]

    def stop(done: int, _: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        monitor.judge(payments, stop)
    assert bodies(monitor, payments) == bodies(Monitor(SHIPPED), payments)


def pay(number: int, **known: Any) -> Payment:
    at = START + timedelta(hours=number)
    return replace(Payment(f"p{number:06}", at, "A", "X", 9600_00), **known)


@pytest.mark.parametrize(
    ("known", "what"),
    [
        ({"value": -1}, "value"),
        ({"value": VALUE_MAX + 1}, "value"),
        ({"value": 2**70}, "value"),
        ({"amount": -1}, "amount"),
        ({"amount": AMOUNT_MAX + 1}, "amount"),
        ({"amount": 2**70}, "amount"),
        ({"exposure": -1}, "exposure"),
        ({"exposure": 1001}, "exposure"),
        ({"payer_rating": RATING_MAX + 1}, "payer_rating"),
        ({"payee_rating": -(2**80)}, "payee_rating"),
        ({"payer_days": DAYS_MAX + 1}, "payer_days"),
        ({"payee_days": -1}, "payee_days"),
        ({"id": ""}, "no id"),
        ({"at": START.replace(tzinfo=None)}, "no zone"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_out_of_bounds_is_refused(known: dict[str, Any], what: str) -> None:
    monitor = Monitor(SHIPPED)
    with pytest.raises(PaymentMalformed, match=what):
        monitor.judge([pay(0), pay(1, **known)])
    assert bodies(monitor, [pay(0)]) == bodies(Monitor(SHIPPED), [pay(0)])


def test_bounds_themselves_are_judged() -> None:
    most = {"value": VALUE_MAX, "amount": AMOUNT_MAX, "exposure": 1000, "payer_rating": RATING_MAX}
    least = {"value": 0, "amount": 0, "exposure": 0, "payee_rating": 0, "payer_days": 0}
    assert len(Monitor(SHIPPED).judge([pay(0, **most), pay(1, **least)])) == 2


def test_nothing_comes_before_what_was_judged() -> None:
    monitor = Monitor(SHIPPED)
    monitor.judge([pay(5)])
    with pytest.raises(OutOfOrder):
        monitor.judge([pay(4)])
    with pytest.raises(OutOfOrder):
        monitor.judge([pay(5, id="a")])
    monitor.judge([pay(5, id="q")])


def test_nothing_is_judged_twice() -> None:
    monitor = Monitor(SHIPPED)
    monitor.judge([pay(0)])
    with pytest.raises(JudgedBefore):
        monitor.judge([pay(1, id="p000000")])
    with pytest.raises(JudgedBefore):
        monitor.judge([pay(1), pay(2, id="p000001")])
    monitor.judge([pay(1)])


def test_a_history_holds_what_can_be_added_up() -> None:
    count = TOTAL_MAX // VALUE_MAX
    monitor = Monitor(SHIPPED)
    monitor.judge([pay(n, value=VALUE_MAX) for n in range(count)])
    with pytest.raises(HistoryFull):
        monitor.judge([pay(count, value=1)])
    monitor.judge([pay(count, value=0)])


def test_nothing_is_judged_of_nothing() -> None:
    results = Monitor(SHIPPED).judge([])
    assert len(results) == 0
    assert results.bodies() == []


def test_a_result_is_canonical_and_says_all() -> None:
    results = Monitor(SHIPPED).judge([pay(n) for n in range(6)])
    one = results.result(5)
    assert one.programme == SHIPPED.version
    assert one.body == canonical(json.loads(one.body))
    assert one.id == Monitor(SHIPPED).judge([pay(n) for n in range(6)]).result(5).id
    assert one.outcome is Outcome.INTERDICT
    said = {each.typology: each for each in one.verdicts}
    assert list(said) == sorted(each.id for each in SHIPPED.typologies)
    structuring = said["structuring"]
    assert (structuring.score, structuring.is_alert, structuring.is_interdicted) == (
        920,
        True,
        True,
    )
    assert sum(answer.weight for answer in structuring.answers) == structuring.score
    assert {answer.rule: answer.band for answer in structuring.answers} == {
        "structuring.count": "many",
        "structuring.members": "one",
        "structuring.total": "far-above",
        "structuring.unlike": "burst",
        "structuring.unlike-between": "burst",
    }
    exposure = {answer.rule: answer for answer in said["exposure"].answers}["exposure.payment"]
    assert (exposure.number, exposure.band) == (None, "unknown")
    assert one.is_whole


@given(busy())
@settings(max_examples=30)
def test_scores_add_up_and_outcomes_follow_thresholds(payments: list[Payment]) -> None:
    results = Monitor(SHIPPED).judge(payments)
    for place in range(len(payments)):
        result = results.result(place)
        for typology, verdict in zip(SHIPPED.typologies, result.verdicts, strict=True):
            assert verdict.score == sum(answer.weight for answer in verdict.answers)
            assert 0 <= verdict.score <= 1000
            assert verdict.is_alert is (verdict.score >= typology.alert)
            assert verdict.is_interdicted is (verdict.score >= typology.interdict)
        assert list(Outcome).index(result.outcome) == results.worst[place]


# Limits.


def crowded(count: int = LOOKS_MAX + 1) -> Results:
    """So many pay A alike within an hour; then A pays somebody."""
    step = timedelta(hours=1) / count
    into = [Payment(f"p{n:06}", START + n * step, f"P{n}", "A", 5000_00) for n in range(count)]
    return Monitor(SHIPPED).judge(
        [*into, Payment("q", START + timedelta(hours=2), "A", "X", 5000_00)]
    )


def test_a_search_that_was_given_up_never_reads_as_clean() -> None:
    results = crowded()
    result = results.result(len(results) - 1)
    (verdict,) = [one for one in result.verdicts if one.typology == "round-trip"]
    answers = {answer.rule: answer for answer in verdict.answers}
    share, count = answers["round-trip.share"], answers["round-trip.count"]
    assert not share.is_whole
    assert not count.is_whole
    assert (share.band, share.weight) == ("none", 150)
    assert (count.band, count.weight) == ("once", 110)
    assert not result.is_whole
    assert '"is_whole":false' in result.body
    assert verdict.score == sum(answer.weight for answer in verdict.answers)
    assert results.cut_off.sum() == 2


def test_members_that_were_not_all_counted_are_told() -> None:
    step = timedelta(hours=1) / LOOK_MAX
    payments = [
        Payment(f"p{n:06}", START + n * step, "A", f"X{n}", 9600_00) for n in range(LOOK_MAX + 1)
    ]
    results = Monitor(SHIPPED).judge(payments)
    for place, is_whole in ((LOOK_MAX - 1, True), (LOOK_MAX, False)):
        said = {one.typology: one for one in results.result(place).verdicts}["structuring"]
        answers = {answer.rule: answer for answer in said.answers}
        members = answers["structuring.members"]
        assert members.is_whole is is_whole
        assert (members.band, members.weight) == ("one", 0 if is_whole else 80)
        assert said.score == sum(answer.weight for answer in said.answers)


def test_a_search_that_was_finished_reads_as_whole() -> None:
    results = crowded(count=100)
    assert results.result(len(results) - 1).is_whole
    assert not results.cut_off.any()
    assert rounds.LOOKS_MAX == LOOKS_MAX
