"""The day's report: what came in, what the gate said, what cleared and settled, the proofs."""

from dataclasses import dataclass
from datetime import date

from clearhouse.core.ids import CycleId
from clearhouse.core.settlement import CycleCleared, CycleSettled
from clearhouse.operations.house import House
from clearhouse.operations.reconcile import Reconciliation, check_ledger, reconcile
from clearhouse.store import cycles, journal, obligations, registers
from clearhouse.store.cycles import Cycle
from clearhouse.store.ledger import TrialBalance


@dataclass(frozen=True, slots=True)
class Report:
    """A day in figures, each from the records and not from memory."""

    on: date
    participants: dict[str, int]  # by residence
    obligations: list[tuple[str, str, int]]  # state, gate's newest verdict, how many
    events: dict[str, int]  # journal entries by kind
    cycle: Cycle | None  # the newest
    cleared: CycleCleared | None
    settled: CycleSettled | None
    pay_ins: int
    pay_outs: int
    trial_balance: TrialBalance
    reconciliation: Reconciliation

    @property
    def agrees(self) -> bool:
        """Whether the ledger balances and the chain holds what it says."""
        return self.trial_balance.is_balanced and self.reconciliation.difference == 0


def report(house: House) -> Report:
    """Gather the report as of now."""
    with house.db.transaction():
        residences = [one.residence for one in registers.participants(house.db).values()]
        counted = {code: residences.count(code) for code in sorted(set(residences))}
        newest = cycles.last_cycle(house.db)
        cycle = cycles.cycle(house.db, newest) if newest else None
        cleared, settled = _cycle_events(house, newest)
        ins = cycles.pay_ins(house.db, newest) if newest else []
        outs = cycles.pay_outs(house.db, newest) if newest else []
        states = obligations.count_states(house.db)
        kinds = journal.count_kinds(house.db)
    return Report(
        house.today,
        counted,
        states,
        kinds,
        cycle,
        cleared,
        settled,
        len(ins),
        len(outs),
        check_ledger(house),
        reconcile(house),
    )


def _cycle_events(
    house: House, id: CycleId | None
) -> tuple[CycleCleared | None, CycleSettled | None]:
    cleared, settled = None, None
    for entry in journal.about(house.db, id) if id else []:
        if isinstance(entry.event, CycleCleared):
            cleared = entry.event
        if isinstance(entry.event, CycleSettled):
            settled = entry.event
    return cleared, settled
