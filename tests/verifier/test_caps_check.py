"""The verifier's check of net debit caps, entry by entry."""

from typing import Any

import pytest

from clearhouse.core.canonical import canonical
from clearhouse.verifier.checks.caps import caps
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.follow import follow
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Cycle, Obligation, PayIn
from clearhouse.verifier.wrong import Wrong

NOON = "2026-03-02T12:00:00.000000Z"


def entry(kind: str, subject: str, body: dict[str, Any]) -> Entry:
    return Entry(1, kind, subject, body, NOON, NOON, b"", None)


def limit(units: int = 100, **changed: str | None) -> Entry:
    said = {"participant": "A", "asset": "BTC", "limit": "net-debit", "since": "2026-03-01"}
    body = canonical({**said, "until": None, "units": str(units)} | changed)
    return entry("RecordEntered", "A", {"register": "exposure_limit", "key": "k", "body": body})


def opened(on: str = "2026-03-03") -> Entry:
    return entry("CycleOpened", "cyc_1", {"cycle": "cyc_1", "on": on})


def back(units: int = 60, room: int = 100, who: str = "A", id: str = "obl_1") -> Entry:
    body = {"obligation": id, "cycle": "cyc_1", "participant": who}
    return entry("ObligationHeldBack", id, body | {"units": str(units), "room": str(room)})


def struck(units: int) -> Entry:
    body = {"cycle": "cyc_1", "participant": "A", "units": str(units)}
    return entry("PositionStruck", "A", body)


DONE = entry("CycleCertified", "cyc_1", {"cycle": "cyc_1"})
UNWOUND = entry("CycleUnwound", "cyc_1", {"cycle": "cyc_1", "by_cycle": ""})
CASES = {
    "beyond": ([limit(), opened(), back(), struck(-90), DONE], ""),
    "just-beyond": ([limit(), opened(), back(), struck(-41), DONE], ""),
    "just-within": ([limit(), opened(), back(), struck(-40), DONE], "caps.needless"),
    "alone-within": ([limit(60), opened(), back(room=60), DONE], "caps.needless"),
    "alone-beyond": ([limit(59), opened(), back(room=59), DONE], ""),
    "it-receives": ([limit(), opened(), back(), struck(70), DONE], "caps.needless"),
    "two": ([limit(), opened(), back(), back(30, id="obl_2"), struck(-60), DONE], ""),
    "other-units": ([limit(), opened(), back(units=61)], "caps.units-wrong"),
    "other-debtor": ([limit(), limit(participant="B"), opened(), back(who="B")], "caps.room-wrong"),
    "not-there": ([limit(), opened(), back(id="obl_9")], "caps.room-wrong"),
    "another-room": ([limit(99), opened(), back()], "caps.room-wrong"),
    "no-cap": ([opened(), back()], "caps.room-wrong"),
    "full": ([limit(), opened(), struck(-100), DONE], ""),
    "exceeded": ([limit(), opened(), struck(-101), DONE], "caps.exceeded"),
    "forgotten": ([limit(10), opened(), struck(-90), DONE], "caps.exceeded"),
    "of-two-the-tighter": (
        [limit(10), limit(900, since="2026-03-02"), opened(), struck(-90), DONE],
        "caps.exceeded",
    ),
    "replaced": ([limit(10), limit(900), opened(), struck(-90), DONE], ""),
    "another-kind": ([limit(10, limit="day"), opened(), struck(-90), DONE], ""),
    "another-asset": ([limit(10, asset="USD"), opened(), struck(-90), DONE], ""),
    "ends-today": ([limit(10, until="2026-03-02"), opened(), struck(-90), DONE], "caps.exceeded"),
    "over": ([limit(10, until="2026-03-01"), opened(), struck(-90), DONE], ""),
    "begins-as-it-settles": (
        [limit(10, since="2026-03-03"), opened(), struck(-90), DONE],
        "caps.exceeded",
    ),
    "not-yet": ([limit(10, since="2026-03-04"), opened(), struck(-90), DONE], ""),
    "at-its-end": ([limit(59), UNWOUND, back(room=59)], ""),
    "within-at-its-end": ([limit(60), UNWOUND, back(room=60)], "caps.needless"),
    "the-older-alone-at-its-end": (
        [limit(40), UNWOUND, back(room=40), back(30, 40, id="obl_2")],
        "",
    ),
    "both-within-at-its-end": (
        [limit(60), UNWOUND, back(room=60), back(30, 60, id="obl_2")],
        "caps.needless",
    ),
    "within-at-its-end-and-another": (
        [limit(60), UNWOUND, back(room=60), opened()],
        "caps.needless",
    ),
    "another-room-at-its-end": ([limit(58), UNWOUND, back(room=59)], "caps.room-wrong"),
    "no-cap-at-its-end": ([UNWOUND, back(room=0)], "caps.room-wrong"),
    "of-then-at-its-end": ([limit(50, since="2026-03-05"), UNWOUND, back(room=50)], ""),
    "over-at-its-end": ([limit(50, until="2026-03-01"), UNWOUND, back(room=50)], "caps.room-wrong"),
    "after-its-end": ([limit(59), UNWOUND, opened(), back(room=59), struck(0), DONE], ""),
    "malformed": ([limit(units="many")], "caps.malformed"),  # type: ignore[arg-type]
    "more-than-a-limit": ([limit(ground="none")], "caps.malformed"),
}


def code(entries: list[Entry], standing: Standing) -> str:
    looks = caps(None)  # type: ignore[arg-type]
    try:
        for one in entries:
            looks.on[one.kind](standing, one)
            if one.kind == "RecordEntered":
                follow(standing, one)
        looks.end(standing)
    except Wrong as wrong:
        return wrong.code
    return ""


def house() -> Standing:
    standing = Standing((), 1)
    for id, units in (("obl_1", 60), ("obl_2", 30)):
        standing.obligations[id] = Obligation("A", "B", units, "BTC", "", "affirmed")
    return standing


@pytest.mark.parametrize("name", CASES)
def test_what_a_cap_forbids_and_what_it_does_not_hold_back_is_found(name: str) -> None:
    entries, wrong = CASES[name]
    assert code(entries, house()) == wrong


@pytest.mark.parametrize(("final", "left"), [(False, 60), (True, 100)])
def test_what_is_called_and_not_final_leaves_less(final: bool, left: int) -> None:
    standing = house()
    cycle = standing.cycles["cyc_0"] = Cycle("BTC", 6, "")
    cycle.pay_ins["A"] = PayIn(40, "address", final)
    standing.cycles["cyc_1"] = Cycle("BTC", 6, "")  # the one that is cleared counts not
    standing.cycles["cyc_1"].pay_ins["A"] = PayIn(500, "address")
    assert code([limit(), opened(), struck(-left), DONE], standing) == ""
    assert code([limit(), opened(), struck(-left - 1), DONE], standing) == "caps.exceeded"
