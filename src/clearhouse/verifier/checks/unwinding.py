"""Of unwinding: a cycle is taken back for a reason, whole, and what passes is cleared again."""

from collections import Counter
from dataclasses import dataclass, field

from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.checks.obligations import worth
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.forms import FORMS
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

CODES = {"novation", "discharge"}  # what a cycle posts before it is signed


@dataclass
class Unwound:
    """A cycle that is just being unwound."""

    said: Record
    own: set[str] = field(default_factory=set)  # its obligations
    passed: set[str] = field(default_factory=set)  # of those, what the gate lets pass, of value
    debits: Counter[str] = field(default_factory=Counter)  # what each was called to pay in
    credits: Counter[str] = field(default_factory=Counter)  # what each was to be paid
    paid: Counter[str] = field(default_factory=Counter)  # what each had paid in
    back: Counter[tuple[str, str]] = field(default_factory=Counter)  # by code and owner

    @property
    def id(self) -> str:
        """Which."""
        return str(self.said["cycle"])

    @property
    def again(self) -> str:
        """Which cycle takes its place; empty if none."""
        return str(self.said["by_cycle"])


class Unwinding:
    """Follows cycles that are unwound, and those that take their places.

    `whole` is whether every entry is shown. If not, `who` is the participant whose entries are.
    """

    def __init__(self, who: str, *, whole: bool) -> None:
        self._who, self._whole = who, whole
        self._now: Unwound | None = None  # of which what it posted is taken back now
        self._last: Unwound | None = None
        self._cleared: set[str] = set()  # that took another one's place

    def looks(self) -> Looks:
        """What is looked at: everything, since anything ends it."""
        return Looks(dict.fromkeys(FORMS, self._look), self._end)

    def _look(self, standing: Standing, entry: Entry) -> None:
        said, kind = entry.body, entry.kind
        is_back = kind == "TransferRecorded" and said["phase"] == "reverse"
        if is_back and said["code"] in CODES:
            self._taken_back(standing, entry)
            return
        if kind == "ObligationHeldBack" and self._now and said["cycle"] == self._now.id:
            self._now.passed.discard(said["obligation"])
            return
        self._finish()
        if kind == "CycleUnwound":
            self._unwound(standing, entry)
        elif kind == "CycleOpened" and self._whole:
            self._opened(said["cycle"])
        elif kind == "ObligationCleared":
            self._line(entry)
        elif kind == "CycleCertified" and self._last and said["cycle"] == self._last.again:
            self._cleared.add(said["cycle"])

    def _unwound(self, standing: Standing, entry: Entry) -> None:
        self._need_cleared()
        one = Unwound(entry.body)
        self._need_new(standing, one)
        stopped = 0
        for id, obligation in standing.obligations.items():
            if obligation.cycle != one.id:
                continue
            one.own.add(id)
            if not self._whole:
                continue  # what the gate decided is not shown
            if obligation.decided_at != entry.recorded_at:
                raise Wrong("unwinding.not-asked", f"{one.id}: the gate was not asked of {id}")
            if obligation.verdict != "clear":
                stopped += 1
            elif worth(standing, obligation, entry.recorded_at):
                one.passed.add(id)
        cycle = standing.cycles.get(one.id)
        is_needed = stopped > 0 or (cycle is not None and cycle.state == "withdrawn")
        if self._whole and not (is_needed and stopped == whole(one.said["stopped"])):
            detail = f"{one.id}: the gate stopped {stopped}, not {one.said['stopped']}"
            raise Wrong("unwinding.needless", detail)
        if cycle:
            for who, called in cycle.pay_ins.items():
                one.debits[who] = called.units
                one.paid[who] = called.units if called.final else 0
            one.credits.update(cycle.kept)
            one.credits.update({who: units for who, (units, _) in cycle.pay_outs.items()})
        self._now = self._last = one

    def _need_new(self, standing: Standing, one: Unwound) -> None:
        """What was there before takes the place of none, or nothing need be cleared again."""
        if one.again in self._cleared | standing.cycles.keys():
            detail = f"{one.id}: {one.again} was there before, and takes nothing's place"
            raise Wrong("unwinding.not-cleared-again", detail)

    def _taken_back(self, standing: Standing, entry: Entry) -> None:
        """What a cycle posted is taken back when it is unwound, and at no other time."""
        said, now = entry.body, self._now
        before = standing.transfers.get(said["follows"], {})
        if now is None or {said["cause"], before.get("cause")} != {now.id}:
            detail = f"transfer {said['transfer']} takes a {said['code']} of {before.get('cause')}"
            raise Wrong("unwinding.out-of-place", f"{detail} back, which is not being unwound")
        for side, sign in (("debit", -1), ("credit", 1)):
            account = standing.accounts.get(said[side])
            if account is not None and account.kind == "in_clearing":
                now.back[said["code"], account.owner] += sign * whole(said["units"])

    def _finish(self) -> None:
        """See to it that all is taken back: then nobody owes or is owed any of it."""
        one, self._now = self._now, None
        if one is None:
            return
        back = {code: Counter[str]() for code in CODES}
        for (code, who), units in one.back.items():
            back[code][who] = units
        moved = {who for _, who in one.back}
        mine = moved | one.debits.keys() | one.credits.keys() if self._whole else {self._who}
        for who in sorted(mine):
            owed = one.debits[who] - one.credits[who]
            if (back["novation"][who], back["discharge"][who]) != (owed, -one.paid[who]):
                detail = f"{who} in {one.id}: not all of its position of {-owed}"
                raise Wrong("unwinding.not-taken-back", detail)
        if self._whole and not one.again and one.passed:
            detail = f"{one.id}: {min(one.passed)} passes the gate, and is not cleared again"
            raise Wrong("unwinding.left-out", detail)

    def _opened(self, cycle: str) -> None:
        """The cycle that takes another one's place is the next."""
        last = self._last
        if last and last.again and last.again not in {cycle, *self._cleared}:
            raise Wrong("unwinding.not-cleared-again", f"{cycle} comes before {last.again}")

    def _line(self, entry: Entry) -> None:
        last, said = self._last, entry.body
        if last and said["cycle"] == last.again and said["obligation"] not in last.own:
            detail = f"{said['obligation']} is in {last.again}, and was not in {last.id}"
            raise Wrong("unwinding.newcomer", detail)

    def _need_cleared(self) -> None:
        last = self._last
        if self._whole and last and last.again and last.again not in self._cleared:
            raise Wrong("unwinding.not-cleared-again", f"{last.again}, in the place of {last.id}")

    def _end(self, _: Standing) -> None:
        self._finish()
        self._need_cleared()


def unwinding(_: Published) -> Looks:
    """A cycle is unwound because the gate stops some of it, or because its batch is withdrawn.

    All is taken back, and the rest cleared.
    """
    return Unwinding("", whole=True).looks()


def own_unwinding(published: Published) -> Looks:
    """What a cycle posted of the participant's is taken back with it, and at no other time."""
    return Unwinding(published.bundle.participant, whole=False).looks()
