"""The verifier's check of a cycle's order, where two days cannot show it: several open cycles."""

import pytest

from clearhouse.verifier.checks.order import _step
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Cycle
from clearhouse.verifier.wrong import Wrong

NOON = "2026-03-02T12:00:00.000000Z"


@pytest.mark.parametrize(
    ("state", "is_asked"),
    [
        *(("cleared", True), ("funded", True), ("signed", False)),
        *(("broadcast", False), ("confirmed", False)),
    ],
)
def test_one_batch_is_asked_for_at_a_time(state: str, is_asked: bool) -> None:
    standing = Standing((), 1)
    txid = "" if state in {"cleared", "funded"} else "ab" * 32
    standing.cycles["cyc_1"] = Cycle("BTC", 6, "", state, txid=txid)
    standing.cycles["cyc_2"] = Cycle("BTC", 6, "", "funded", released="r", anchor="a")
    body = {"cycle": "cyc_2", "txid": "cd" * 32}
    asked = Entry(1, "SignatureAsked", "cyc_2", body, NOON, NOON, b"", None)
    if is_asked:
        _step(standing, asked)
        return
    with pytest.raises(Wrong, match=r"order\.step-wrong: cyc_2 .* before cyc_1 is settled"):
        _step(standing, asked)
