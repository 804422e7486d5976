"""Of positions: each is discharged once: a debtor's as it has paid, a creditor's at the end.

Several cycles may be open, so a balance in clearing may be of more than one of them: what is looked
at are the transfers that discharge, each beside what it is for. A step and its transfers are
recorded together, the transfers first.
"""

from collections import Counter

from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Cycle
from clearhouse.verifier.wrong import Wrong

Sums = dict[str, Counter[str]]  # by cause and participant, in minor units


def discharges(_: Published) -> Looks:
    """Each position is discharged once: as the debtor's pay-in is final, as the cycle settles."""
    return _Discharges("").looks()


def own_discharges(published: Published) -> Looks:
    """The participant's positions are discharged once: as it has paid in, as the cycle settles."""
    return _Discharges(published.bundle.participant).looks()


class _Discharges:
    """Transfers that discharge, until the step that they are for.

    `who` is the one participant that is looked at; everybody if empty.
    """

    def __init__(self, who: str) -> None:
        self._who = who
        self._paid: Sums = {}  # what debtors owed, and what it is taken from is theirs
        self._given: Sums = {}  # what creditors were owed

    def looks(self) -> Looks:
        """What is looked at."""
        on = {
            "TransferRecorded": self._moved,
            "PayInFinal": self._paid_in,
            "CycleSettled": self._settled,
        }
        return Looks(on, self._end)

    def _moved(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        if (said["code"], said["phase"]) != ("discharge", "single"):
            return  # what takes one back is another check's
        debit, credit = standing.accounts.get(said["debit"]), standing.accounts.get(said["credit"])
        if debit is None or credit is None:
            return  # another check's
        is_credit = debit.kind == "in_clearing"
        sums = (self._given if is_credit else self._paid).setdefault(said["cause"], Counter())
        sums[debit.owner] += whole(said["units"])

    def _paid_in(self, standing: Standing, entry: Entry) -> None:
        id, who = entry.body["cycle"], entry.body["participant"]
        cycle = standing.cycles.get(id)
        called = cycle.pay_ins.get(who) if cycle else None
        paid = self._paid.get(id, Counter()).pop(who, 0)
        if called is None or called.final or called.units != paid:
            owed = called.units if called else 0
            detail = f"{who} paid in for {id}; {paid} of {owed} are discharged"
            raise Wrong("discharges.differ", detail)

    def _settled(self, standing: Standing, entry: Entry) -> None:
        cycle = standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            return  # another check's
        given = self._given.pop(entry.body["txid"] or entry.body["cycle"], Counter())
        self._need_same(entry.body, given, Counter(_credits(cycle)))

    def _need_same(self, said: Record, given: Counter[str], owed: Counter[str]) -> None:
        for who in sorted(given.keys() | owed.keys()):
            if self._who in {"", who} and given[who] != owed[who]:
                detail = f"{said['cycle']} owes {owed[who]} to {who}; {given[who]} are discharged"
                raise Wrong("discharges.differ", detail)

    def _end(self, _: Standing) -> None:
        for cause, sums in (*self._paid.items(), *self._given.items()):
            for who, units in sums.items():
                detail = f"{who}: {units} are discharged for {cause}, and no step asks for it"
                raise Wrong("discharges.without-step", detail)


def _credits(cycle: Cycle) -> dict[str, int]:
    """What a cycle owes, by participant: what is paid out, and what is too small for that."""
    return cycle.kept | {who: units for who, (units, _) in cycle.pay_outs.items()}
