"""The verifier's check of net debit caps, entry by entry."""

import pytest

from clearhouse.verifier.checks.caps import caps
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.standing import Obligation, Standing
from clearhouse.verifier.wrong import Wrong

NOON = "2026-03-02T12:00:00.000000Z"


def back(units: int = 60, room: int = 100, who: str = "A", id: str = "obl_1") -> Entry:
    body = {"obligation": id, "cycle": "cyc_1", "participant": who}
    body |= {"units": str(units), "room": str(room)}
    return Entry(1, "ObligationHeldBack", id, body, NOON, NOON, b"", None)


def struck(units: int) -> Entry:
    body = {"cycle": "cyc_1", "participant": "A", "units": str(units)}
    return Entry(1, "PositionStruck", "A", body, NOON, NOON, b"", None)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([back(), struck(-90)], ""),
        ([back(), struck(-41)], ""),
        ([back(), struck(-40)], "caps.needless"),
        ([back(room=60)], "caps.needless"),
        ([back(room=59)], ""),
        ([back(), struck(70)], "caps.needless"),
        ([back(), struck(-101)], "caps.exceeded"),
        ([back(), back(30, id="obl_2"), struck(-60)], ""),
        ([back(units=61)], "caps.units-wrong"),
        ([back(who="B")], "caps.room-wrong"),
        ([back(id="obl_9")], "caps.room-wrong"),
        ([back(), back(30, 101, id="obl_2")], "caps.room-wrong"),
    ],
    ids=[
        "beyond",
        "just-beyond",
        "just-within",
        "alone-within",
        "alone-beyond",
        "it-receives",
        "exceeded",
        "two",
        "other-units",
        "other-debtor",
        "not-there",
        "two-rooms",
    ],
)
def test_what_is_held_back_without_need_is_found(entries: list[Entry], code: str) -> None:
    standing = Standing((), 1)
    for id, units in (("obl_1", 60), ("obl_2", 30)):
        standing.obligations[id] = Obligation("A", "B", units, "BTC", "", "affirmed")
    looks = caps(None)  # type: ignore[arg-type]
    found = ""
    try:
        for one in entries:
            looks.on[one.kind](standing, one)
        looks.end(standing)
    except Wrong as wrong:
        found = wrong.code
    assert found == code
