"""Explain a payment: its life so far, the evidence for each step, who acts next and by when."""

from clearhouse.core import ids
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.operations.explain.cycle import CycleTeller
from clearhouse.operations.explain.explanation import Explanation, Step
from clearhouse.operations.explain.obligation import explain_obligation
from clearhouse.operations.house import House

__all__ = ["Explanation", "Step", "explain"]


def explain(house: House, id: str) -> Explanation:
    """Explain an obligation (`obl_...`) or a cycle (`cyc_...`).

    Raises:
        IdMalformed, UnknownObligation, UnknownCycle: There is nothing to explain.
    """
    with house.db.transaction():
        if id.startswith("cyc_"):
            return CycleTeller(house, CycleId(ids.parse("cyc", id))).explanation()
        return explain_obligation(house, ObligationId(ids.parse("obl", id)))
