"""The verifier's check of cycles that are unwound, entry by entry."""

from typing import Any

import pytest

from clearhouse.verifier.checks.unwinding import Unwinding
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.follow import follow
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Cycle, Obligation
from clearhouse.verifier.wrong import Wrong

NOON = "2026-03-02T12:00:00.000000Z"


def entry(kind: str, **body: Any) -> Entry:
    return Entry(1, kind, body["cycle"], body, NOON, NOON, b"", None)


def unwound(cycle: str, by_cycle: str) -> Entry:
    return entry("CycleUnwound", cycle=cycle, by_cycle=by_cycle, stopped="1")


def house() -> Standing:
    """Two open cycles, of each of which the gate stops one of two obligations."""
    standing = Standing((), 1)
    for id in ("cyc_1", "cyc_2"):
        standing.cycles[id] = Cycle("BTC", 6, "")
        for verdict in ("clear", "deny"):
            one = Obligation("A", "B", 60, "BTC", "", "cleared", verdict, NOON, id)
            standing.obligations[f"obl_{id}_{verdict}"] = one
    return standing


@pytest.mark.parametrize("named", ["cyc_3", "cyc_2", "cyc_1"])
def test_what_was_there_before_takes_the_place_of_none(named: str) -> None:
    """Else what the gate lets pass of it need not be cleared again."""
    standing = house()
    looks = Unwinding("", whole=True).looks()
    certified = entry("CycleCertified", cycle="cyc_3", lines="1", root="")
    for one in (unwound("cyc_1", "cyc_3"), certified):
        looks.on[one.kind](standing, one)
    follow(standing, unwound("cyc_1", "cyc_3"))
    if named == "cyc_1":
        standing.cycles["cyc_1"] = Cycle("BTC", 6, "")
    with pytest.raises(Wrong) as wrong:
        looks.on["CycleUnwound"](standing, unwound("cyc_2", named))
    assert wrong.value.code == "unwinding.not-cleared-again"
