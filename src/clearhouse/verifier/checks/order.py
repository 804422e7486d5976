"""Of a cycle's order: cleared at once, and then step by step to its end."""

import re

from clearhouse.verifier.canonical import whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.forms import FORMS
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Cycle
from clearhouse.verifier.trust import COINS
from clearhouse.verifier.wrong import Wrong

CYCLE = re.compile(r"cyc_[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)
# What clearing says, once for each: by the member that tells one from another.
CLEARING = {
    "CycleScheduled": "cycle",
    "ObligationHeldBack": "obligation",
    "CycleCleared": "cycle",
    "ObligationCleared": "obligation",
    "PositionStruck": "participant",
    "CycleCertified": "cycle",
    "PayInCalled": "participant",
    "PayOutPlanned": "participant",
}
# What clearing does besides.
BETWEEN = {"VaultAddressGiven", "VaultAddressUnasked", "AccountOpened"}

# What may happen to a cycle in which state, from then on.
STATES: dict[str, set[str]] = {
    "PayInFinal": {"cleared"},
    "PayInOverdue": {"cleared"},
    "CycleFunded": {"cleared"},
    "CycleReleased": {"cleared", "funded"},
    "HeadAnchored": {"funded"},
    "SignatureAsked": {"funded"},
    "BatchSigned": {"funded"},
    "BatchKept": {"funded"},
    "BatchBroadcast": {"signed"},
    "BatchConfirmed": {"broadcast", "confirmed"},
    "BatchReorganised": {"confirmed"},
    "CycleSettled": {"broadcast", "confirmed", "funded"},
    "BatchGivenUp": {"funded"},
    "BatchWithdrawn": {"broadcast", "confirmed"},
    "CycleUnwound": {"cleared", "funded", "withdrawn"},
}


class Order:
    """Follows cycles from step to step.

    `whole` is whether every entry is shown. If so, what clearing says follows on the cycle's
    opening without anything between; if not, it comes before anything else happens to the cycle.
    """

    def __init__(self, published: Published, *, whole: bool) -> None:
        self._asset = COINS[published.trust.network]
        self._whole = whole
        self._clearing = ""  # the cycle that is just being cleared
        self._unwound = ""  # the one that is just being unwound
        self._said: set[tuple[str, str, str]] = set()

    def looks(self) -> Looks:
        """What is looked at: everything, since anything ends a clearing."""
        return Looks(dict.fromkeys(FORMS, self._look))

    def _look(self, standing: Standing, entry: Entry) -> None:
        kind = entry.kind
        if kind == "CycleOpened":
            self._opened(entry)
        elif kind in CLEARING:
            self._cleared(standing, entry)
        elif kind == "TransferRecorded" and entry.body["code"] == "novation":
            if entry.body["phase"] != "reverse":  # `unwinding` looks at those
                self._need_clearing(standing, entry.body["cause"], entry)
        elif kind == "CycleUnwound":
            self._clearing, self._unwound = "", entry.body["cycle"]
        elif kind not in BETWEEN:
            self._clearing = ""
        if kind in STATES and self._whole:
            _step(standing, entry)
        if kind not in {"CycleUnwound", "ObligationHeldBack"}:
            self._unwound = ""

    def _opened(self, entry: Entry) -> None:
        said = entry.body
        if CYCLE.fullmatch(said["cycle"]) is None or said["asset"] != self._asset:
            raise Wrong("order.cycle-wrong", f"{said['cycle']!r:.40} in {said['asset']!r:.80}")
        if whole(said["depth_final"]) < 1 or ("CycleOpened", said["cycle"], "") in self._said:
            raise Wrong("order.cycle-wrong", f"{said['cycle']} is opened again, or never final")
        self._said.add(("CycleOpened", said["cycle"], ""))
        self._clearing = said["cycle"]

    def _cleared(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        if entry.kind == "ObligationHeldBack" and not self._whole:
            return  # whoever has nothing in a cycle is shown nothing of it
        if entry.kind == "ObligationHeldBack" and said["cycle"] == self._unwound:
            return  # it stays out of whatever would have taken that cycle's place
        self._need_clearing(standing, said["cycle"], entry)
        one = (entry.kind, said["cycle"], said[CLEARING[entry.kind]])
        if one in self._said or said.get("asset", self._asset) != self._asset:
            raise Wrong("order.cleared-twice", f"{entry.kind} of {one[2]} in {one[1]}")
        self._said.add(one)

    def _need_clearing(self, standing: Standing, cycle: str, entry: Entry) -> None:
        """Check that a cycle is just being cleared."""
        found = standing.cycles.get(cycle)
        if not _is_new(found) or (self._whole and cycle != self._clearing):
            about = f"entry {entry.position}, {entry.kind} of {cycle!r:.40}"
            raise Wrong("order.cleared-late", f"{about}: it is not being cleared")


def order(published: Published) -> Looks:
    """A cycle is cleared at once; then paid in, released, anchored, signed, sent, settled."""
    return Order(published, whole=True).looks()


def own_order(published: Published) -> Looks:
    """The participant's cycles are cleared once, before anything else happens to them."""
    return Order(published, whole=False).looks()


def _is_new(cycle: Cycle | None) -> bool:
    """Whether nothing has happened to a cycle since it was cleared."""
    if cycle is None or cycle.state != "cleared" or cycle.released:
        return False
    return not any(one.final for one in cycle.pay_ins.values())


def _step(standing: Standing, entry: Entry) -> None:
    cycle = standing.cycles.get(entry.body["cycle"])
    state = cycle.state if cycle else "not there"
    if cycle is None or state not in STATES[entry.kind]:
        detail = f"{entry.body['cycle']} is {state}: no {entry.kind} follows"
        raise Wrong("order.step-wrong", detail)
    if entry.kind == "SignatureAsked" and (others := _on_their_way(standing, entry)):
        detail = f"{entry.body['cycle']} is to be signed before {others[0]} is settled"
        raise Wrong("order.step-wrong", detail)
    if reason := _lacks(cycle, entry):
        raise Wrong("order.step-wrong", f"{entry.kind} of {entry.body['cycle']}: {reason}")


def _on_their_way(standing: Standing, entry: Entry) -> list[str]:
    """Other cycles whose batch was asked for, and is not final."""
    found = (id for id, one in standing.cycles.items() if one.is_on_its_way)
    return [id for id in found if id != entry.body["cycle"]]


def _is_late(cycle: Cycle, entry: Entry) -> bool:
    """Whether what is called overdue was called, has not come, and was due."""
    said = entry.body
    called = cycle.pay_ins.get(said["participant"])
    if called is None or called.final or called.units != whole(said["units"]):
        return False
    return bool(said["due_at"] <= entry.recorded_at)


def _lacks(cycle: Cycle, entry: Entry) -> str:
    """What a step lacks, in words; nothing if it may be."""
    said, kind = entry.body, entry.kind
    to_sign = kind in {"SignatureAsked", "BatchSigned", "BatchKept"}
    ends = {"CycleSettled": cycle.given_up, "BatchWithdrawn": not cycle.given_up}
    sent = kind in {"BatchBroadcast", "BatchConfirmed", "BatchReorganised", *ends}
    is_paid = cycle.state != "funded"
    reasons = {
        "it is not late, or not called": kind == "PayInOverdue" and not _is_late(cycle, entry),
        "a pay-in is not final": kind == "CycleFunded"
        and not all(one.final for one in cycle.pay_ins.values()),
        "it was released before": kind == "CycleReleased" and cycle.released,
        "nobody released it": (to_sign or kind == "HeadAnchored") and not cycle.released,
        "a head was chosen before": kind == "HeadAnchored" and cycle.anchor,
        "no head was chosen": to_sign and not cycle.anchor,
        f"its batch is {cycle.txid}": sent and said["txid"] != cycle.txid,
        f"it was in {cycle.block}": kind == "BatchReorganised" and said["block"] != cycle.block,
        "signatures were asked for": kind == "CycleUnwound" and cycle.is_on_its_way,
        "nobody was asked, or it was given up before": kind == "BatchGivenUp"
        and (not cycle.asked or cycle.given_up),
        "its batch is to be paid" if not cycle.given_up else "it was given up": ends.get(
            kind, False
        ),
        "it pays, and has no batch": kind == "CycleSettled" and is_paid is not bool(cycle.pay_outs),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
