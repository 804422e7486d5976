"""The checks, in the order in which they are told; a later one need not know of an earlier.

A new part of what a house publishes brings its own: a function in a module here, and its line in
the list of each scope that shows it.
"""

from clearhouse.verifier.checks.books import accounts, books, closings, told
from clearhouse.verifier.checks.caps import caps
from clearhouse.verifier.checks.chain import blocks, headers, own_payments, payments
from clearhouse.verifier.checks.check import Check, Looks, once
from clearhouse.verifier.checks.clearing import (
    optimality,
    own_optimality,
    own_position,
    own_set_off,
    positions,
    set_off,
)
from clearhouse.verifier.checks.deposits import deposits
from clearhouse.verifier.checks.discharge import discharges, own_discharges
from clearhouse.verifier.checks.ledger import ledger
from clearhouse.verifier.checks.log import cosignatures, forms, head, inclusion, tree
from clearhouse.verifier.checks.obligations import (
    admissions,
    gate,
    obligations,
    own_obligations,
    valuation,
)
from clearhouse.verifier.checks.order import order, own_order
from clearhouse.verifier.checks.people import people
from clearhouse.verifier.checks.rates import rates
from clearhouse.verifier.checks.schedule import schedule
from clearhouse.verifier.checks.screening import screening
from clearhouse.verifier.checks.settlement import anchor, batch, release, statement
from clearhouse.verifier.checks.sources import sources
from clearhouse.verifier.checks.unwinding import own_unwinding, unwinding

DAY = (
    Check("head", once(head)),
    Check("cosignatures", once(cosignatures)),
    Check("tree", once(tree)),
    Check("forms", once(forms)),
    Check("closings", once(closings)),
    Check("people", people),
    Check("admissions", admissions),
    Check("ledger", ledger),
    Check("rates", rates),
    Check("obligations", obligations),
    Check("screening", screening),
    Check("gate", gate),
    Check("valuation", valuation),
    Check("set-off", set_off),
    Check("optimality", optimality),
    Check("positions", positions),
    Check("schedule", schedule),
    Check("caps", caps),
    Check("unwinding", unwinding),
    Check("order", order),
    Check("release", release),
    Check("statement", statement),
    Check("anchor", anchor),
    Check("batch", batch),
    Check("headers", once(headers)),
    Check("blocks", once(blocks)),
    Check("sources", sources),
    Check("deposits", deposits),
    Check("payments", payments),
    Check("discharges", discharges),
    Check("books", books),
)
PARTICIPANT = (
    Check("head", once(head)),
    Check("cosignatures", once(cosignatures)),
    Check("inclusion", once(inclusion)),
    Check("forms", once(forms)),
    Check("told", told),
    Check("accounts", once(accounts)),
    Check("rates", rates),
    Check("admissions", admissions),
    Check("obligations", own_obligations),
    Check("valuation", valuation),
    Check("set-off", own_set_off),
    Check("optimality", own_optimality),
    Check("positions", own_position),
    Check("schedule", schedule),
    Check("unwinding", own_unwinding),
    Check("order", own_order),
    Check("headers", once(headers)),
    Check("blocks", once(blocks)),
    Check("sources", sources),
    Check("deposits", deposits),
    Check("payments", own_payments),
    Check("discharges", own_discharges),
)
CHECKS = {"day": DAY, "participant": PARTICIPANT}

__all__ = ["CHECKS", "Check", "Looks"]
