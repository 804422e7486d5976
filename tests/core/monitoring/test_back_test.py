"""Two programmes on one history: how many alerts, and which would come and go."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.drawn_payments import START

from clearhouse.core.monitoring import (
    Monitor,
    Outcome,
    Payment,
    Programme,
    VersionKept,
    Volume,
    back_test,
    changed,
)
from clearhouse.feeds.typologies import read_programme

SHIPPED = read_programme()
LATE = ["s0-3", "s0-4", "s70-3", "s70-4", "s70-5"]  # by when a sum is seen to be split


def history() -> list[Payment]:
    """A firm splits a sum in one month, and again two months later; another trades."""
    found = []
    for month in (0, 70):
        for hour in range(6):
            at = START + timedelta(days=month, hours=hour)
            found.append(Payment(f"s{month}-{hour}", at, "A", f"X{month}", 9600_00))
            found.append(Payment(f"t{month}-{hour}", at, f"B{hour}", "Y", 120_00))
    return found


def with_alert(programme: Programme, id: str, alert: int, interdict: int) -> Programme:
    typologies = tuple(
        replace(one, alert=alert, interdict=interdict, number=one.number + 1)
        if one.id == id
        else one
        for one in programme.typologies
    )
    return replace(programme, typologies=typologies, version="other")


def test_the_same_programme_changes_nothing() -> None:
    found = back_test(history(), SHIPPED, SHIPPED)
    assert found.raised == found.lowered == ()
    assert all(one.old == one.new for one in found.volumes)
    assert sum(one.new for one in found.volumes if one.outcome is Outcome.INTERDICT) > 0


def test_volumes_are_by_typology_month_and_outcome() -> None:
    found = back_test(history(), SHIPPED, with_alert(SHIPPED, "structuring", 900, 900))
    structuring = [one for one in found.volumes if one.typology == "structuring"]
    assert structuring == [
        Volume("structuring", "2024-10", Outcome.ALERT, 2, 0),
        Volume("structuring", "2024-10", Outcome.INTERDICT, 1, 1),
        Volume("structuring", "2024-12", Outcome.ALERT, 3, 0),
    ]
    results = Monitor(SHIPPED).judge(history())
    at = [one.id for one in SHIPPED.typologies].index("structuring")
    alerted = (results.outcomes[at] > 0).sum()
    assert sum(one.old for one in structuring) == alerted


def test_alerts_that_come_and_go_are_named() -> None:
    less = with_alert(SHIPPED, "structuring", 900, 900)
    found = back_test(history(), SHIPPED, less)
    assert [one.payment for one in found.lost] == LATE
    assert found.gained == found.raised == ()
    back = back_test(history(), less, SHIPPED)
    assert [one.payment for one in back.gained] == LATE
    assert {(one.old, one.new) for one in back.raised} == {(Outcome.NOTHING, Outcome.ALERT)}
    assert back.lost == ()


def test_what_is_graver_but_was_an_alert_before_is_none_that_comes() -> None:
    grave = with_alert(SHIPPED, "structuring", 400, 401)
    found = back_test(history(), SHIPPED, grave)
    assert [one.payment for one in found.raised] == LATE
    assert found.gained == found.lowered == ()
    back = back_test(history(), grave, SHIPPED)
    assert [one.payment for one in back.lowered] == LATE
    assert {(one.old, one.new) for one in back.lowered} == {(Outcome.INTERDICT, Outcome.ALERT)}
    assert back.lost == back.raised == back.gained == ()


def test_a_typology_that_is_new_said_nothing_before() -> None:
    none = replace(SHIPPED, typologies=SHIPPED.typologies[:1], version="few")
    found = back_test(history(), none, SHIPPED)
    assert {one.typology for one in found.gained} >= {"structuring"}
    assert all(one.old == 0 for one in found.volumes if one.typology != "exposure")


def test_it_is_written_in_one_way() -> None:
    less = with_alert(SHIPPED, "structuring", 900, 900)
    told: list[tuple[int, int]] = []
    found = back_test(history(), SHIPPED, less, lambda done, of: told.append((done, of)))
    said = json.loads(found.body)
    assert said["payments"] == "24"
    assert (said["old"], said["new"]) == (SHIPPED.version, "other")
    assert said["lowered"][0] == {
        "payment": "s0-3",
        "typology": "structuring",
        "old": "alert",
        "new": "nothing",
    }
    assert said["volumes"][0].keys() == {"typology", "month", "outcome", "old", "new"}
    assert back_test(list(reversed(history())), SHIPPED, less).body == found.body
    assert told == [(24, 48), (48, 48)]


def test_whoever_changes_a_typology_counts_its_version_on() -> None:
    assert changed(SHIPPED, SHIPPED) == ()
    assert changed(SHIPPED, with_alert(SHIPPED, "sums", 500, 900)) == ("sums",)
    interdict = {one.id: one for one in SHIPPED.typologies}["velocity"].interdict
    later = with_alert(SHIPPED, "velocity", 450, interdict + 1)
    assert changed(SHIPPED, later) == ("velocity",)
    for number in (0, 1):
        typologies = tuple(
            replace(one, alert=one.alert - 1, number=number) if one.id == "sums" else one
            for one in SHIPPED.typologies
        )
        with pytest.raises(VersionKept):
            changed(SHIPPED, replace(SHIPPED, typologies=typologies))


def test_a_rule_that_changes_changes_its_typologies() -> None:
    rules = tuple(
        replace(one, given={**one.given, "window": timedelta(days=8)})
        if one.id == "sums.round"
        else one
        for one in SHIPPED.rules
    )
    with pytest.raises(VersionKept):
        changed(SHIPPED, replace(SHIPPED, rules=rules))


def test_words_are_no_change_and_what_comes_or_goes_is_one() -> None:
    worded = tuple(replace(one, says="otherwise") for one in SHIPPED.typologies)
    assert changed(SHIPPED, replace(SHIPPED, typologies=worded)) == ()
    fewer = replace(SHIPPED, typologies=SHIPPED.typologies[1:])
    assert changed(SHIPPED, fewer) == changed(fewer, SHIPPED) == ("exposure",)
