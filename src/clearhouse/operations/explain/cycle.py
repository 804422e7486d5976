"""The life of a cycle: its clearing, its pay-ins, its batch."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from clearhouse.core.canonical import instant
from clearhouse.core.event import Event
from clearhouse.core.ids import CycleId
from clearhouse.core.money import decimal
from clearhouse.core.proposal import ProposalApproved, ProposalMade
from clearhouse.core.schedule import CycleScheduled
from clearhouse.core.settlement import (
    BatchBroadcast,
    BatchConfirmed,
    BatchReorganised,
    BatchSigned,
    CycleCleared,
    CycleReleased,
    CycleSettled,
    HeadAnchored,
    UnknownCycle,
)
from clearhouse.core.settlement import State as CycleState
from clearhouse.core.unwinding import BatchGivenUp, BatchWithdrawn, CycleUnwound
from clearhouse.operations.explain.explanation import Explanation, Step, step
from clearhouse.operations.house import House
from clearhouse.store import cycles, journal
from clearhouse.store.journal import Entry


def _ended(end: CycleSettled | CycleUnwound) -> tuple[str, ...]:
    """How a cycle ended, and the evidence."""
    if isinstance(end, CycleUnwound):
        stopped = f"the gate no longer cleared {end.stopped} of its obligations"
        stopped = stopped if end.stopped else "its batch was withdrawn, so it could not be paid"
        again = f"what it still cleared was cleared again in {end.by_cycle}"
        rest = again if end.by_cycle else "nothing of it could be cleared again"
        return "unwound: what it set off and novated was taken back", stopped, rest
    if not end.txid:
        return ("settled: all was set off, and nothing is to be paid out",)
    where = f"transaction {end.txid} in block {end.block} at height {end.height}"
    rule = f"depth {end.depth} of {end.depth_final} by {', '.join(end.rules)}"
    return "settled: final by rule", where, rule


def _on_chain(event: Event) -> tuple[str, ...]:
    """What its batch carries, and where it is; empty for what is told elsewhere."""
    match event:
        case HeadAnchored(size=size, root=root):
            head = f"the head over the first {size} entries of the journal, {root}"
            return ("the batch will carry a head of the log", head)
        case BatchBroadcast(txid=txid):
            return ("broadcast", f"transaction {txid}")
        case BatchConfirmed(block=block, height=height, depth=depth):
            where = f"block {block} at height {height}, depth {depth}"
            return ("confirmed, not yet final", where)
        case BatchReorganised(block=block, height=height):
            gone = f"block {block} at height {height} left the best chain"
            return ("a reorganisation took it back: it waits for a block", gone)
        case BatchWithdrawn(txid=txid, block=block, height=height):
            where = f"transaction {txid} in block {block} at height {height}"
            return ("withdrawn: nothing signed before can be paid any more", where)
        case _:
            return ()


@dataclass
class CycleTeller:
    """Tells a cycle's life."""

    house: House
    id: CycleId

    def explanation(self) -> Explanation:
        """The whole of it."""
        entries = journal.about(self.house.db, self.id)
        if not entries:
            raise UnknownCycle(f"there is no {self.id}", cycle=self.id)
        (entry,) = [entry for entry in entries if isinstance(entry.event, CycleCleared)]
        cleared = entry.event
        assert isinstance(cleared, CycleCleared)
        coin = self.house.coin
        gross, set_off, net = (
            decimal(units, coin.exponent) for units in (cleared.gross, cleared.set_off, cleared.net)
        )
        headline = (
            f"cycle of {cleared.on}: {cleared.obligations} obligations, {gross} {coin.code} gross,"
            f" {set_off} set off, {net} net to pay in"
        )
        first = step(entry, "obligations set off and netted, pay-ins called")
        state = cycles.cycle(self.house.db, self.id).state
        actor, action, by = self.waits_for()
        steps = (first, *self.settlement())
        return Explanation(self.id, headline, str(state), steps, actor, action, by)

    def settlement(self) -> Iterator[Step]:
        """What happened to its pay-ins and its batch."""
        for entry in journal.about(self.house.db, self.id):
            if said := self._said(entry):
                yield step(entry, *said)

    def _said(self, entry: Entry) -> tuple[str, ...]:
        """A title and its evidence; empty for what is told elsewhere."""
        said: tuple[str, ...] = ()
        match entry.event:
            case CycleScheduled(cycle_kind=kind, value_date=on, settlement=settlement):
                until = f"pay-ins are due before {settlement:%Y-%m-%d %H:%M} UTC"
                said = (f"the {kind} cycle of {on}, by its timetable", until)
            case CycleReleased(digest=digest, proposal=proposal):
                said = ("released by two people", *self._released(digest, proposal))
            case BatchSigned(txid=txid, signers=signers, fee=fee, statement=stated):
                paid = f"every pay-in was final; pay-outs are one transaction, {txid}"
                if not json.loads(stated)["pay_outs"]:
                    paid = f"it pays nobody; coins move within the vault by {txid}"
                said = (f"signed by {' and '.join(signers)}", paid, f"fee {fee} sat, of the float")
            case BatchGivenUp(reason=reason, proposal=proposal):
                why = f"{self._pair(proposal)}: {reason}"
                said = ("what it pays was given up: a batch that pays nobody is signed", why)
            case CycleSettled() | CycleUnwound() as end:
                said = _ended(end)
            case other:
                said = _on_chain(other)
        return said

    def _released(self, digest: str, proposal: str) -> tuple[str, ...]:
        """Who released it, and what."""
        return self._pair(proposal), f"pay-outs with SHA-256 {digest}"

    def _pair(self, proposal: str) -> str:
        """Who proposed and who approved, by commands that anybody can verify."""
        made = [
            entry.event
            for entry in journal.about(self.house.db, proposal)
            if isinstance(entry.event, ProposalMade | ProposalApproved)
        ]
        return f"{' and '.join(one.person for one in made)}, by {proposal}"

    def waits_for(self) -> tuple[str, str, str]:
        """Who must act for the cycle to go on."""
        cycle = cycles.cycle(self.house.db, self.id)
        match cycle.state:
            case CycleState.CLEARED:
                return self._waits_for_pay_ins()
            case CycleState.FUNDED:
                if cycles.released(self.house.db, self.id):
                    return "the institutions", "sign the batch: `clearhouse settle`", ""
                return "two people", f"release it: `clearhouse propose release {self.id}`", ""
            case CycleState.WITHDRAWN:
                return "the house", f"unwind it: `clearhouse cycle revise {self.id}`", ""
            case CycleState.SETTLED | CycleState.UNWOUND:
                return "", "nothing is left to do", ""
            case _:
                return "the chain", f"confirm the batch {cycle.depth_final} times", ""

    def _waits_for_pay_ins(self) -> tuple[str, str, str]:
        late = [one for one in cycles.pay_ins(self.house.db, self.id) if not one.final]
        if not late:
            return "the house", "run `clearhouse settle`", ""
        by = instant(min(one.due_at for one in late))
        names = ", ".join(one.participant for one in late[:3])
        return f"{len(late)} debtors ({names}...)", "pay in to the vault", by
