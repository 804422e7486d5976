"""What a REPORT or COLLECT asks for and by when, read from a file.

A REPORT that names a form is a return: it is filed with the house each month, by whoever is
licensed as one of the rule's classes on a day of that month, and the house knows whether it was.
So it is asked of classes, without a condition, and by a day of the next month; who is late owes the
fee that the rule names.
"""

from collections.abc import Callable
from datetime import time
from typing import Any

from clearhouse.core.rulebook.place import Place, need_zone
from clearhouse.core.rulebook.rule import DUES, Deadline, Due, Outcome, Parameter
from clearhouse.core.rulebook.vocabulary import Sort

MONTHLY = "day-of-next-month"
Number = Callable[[str, str, str, Place], Parameter]  # of a text, in a unit, as it is shown


def read_deadline(table: Any, place: Place) -> Deadline | None:
    """Read by when something is done."""
    if "deadline" not in table:
        return None
    said = table["deadline"]
    here = place / "deadline"
    if said["unit"] == MONTHLY and not 1 <= said["count"] <= 28:  # noqa: PLR2004
        here.refuse("a day of the next month is one that every month has: 1 to 28")
    if said.get("rolls", False) and said["unit"] == "hours":
        here.refuse("hours run on, whatever the day: they do not roll")
    need_zone(said["zone"], here)
    try:
        at = time.fromisoformat(said.get("time", "23:59:59"))
    except ValueError as trouble:
        here.refuse(trouble)
    return Deadline(said["count"], said["unit"], at, said["zone"], said.get("rolls", False))


def read_due(table: Any, number: Number, place: Place) -> Due | None:
    """Read what is due, and to whom; of a return also its form, and what being late costs."""
    outcome, here = Outcome(table["outcome"]), place / "due"
    if ("due" in table) != (outcome in DUES):
        here.refuse("REPORT and COLLECT say what is due and to whom; no other does")
    if "due" not in table:
        return None
    said = table["due"]
    form, fee = said.get("form", ""), None
    if form:
        _need_return(table, outcome, here)
    if "late_fee" in said:
        value, unit = str(said["late_fee"]["value"]), said["late_fee"]["unit"]
        fee = number(value, unit, f"{value} {unit}", here / "late_fee")
        if not form or fee.type.sort is not Sort.AMOUNT:
            here.refuse("a late fee is an amount of a currency, for a return that names its form")
    return Due(said["what"], said["to"], form, fee)


def _need_return(table: Any, outcome: Outcome, here: Place) -> None:
    """Check that the house can tell of whom a return is due, and by when."""
    scope = table["applies_to"]
    if outcome is not Outcome.REPORT or table.get("deadline", {}).get("unit") != MONTHLY:
        here.refuse(f"a return is a REPORT, by a {MONTHLY}")
    if "classes" not in scope or table.get("when", "true") != "true":
        here.refuse("a return is due of classes of licences, without a condition")
    if table.get("waivable", False):
        here.refuse("a return is waived by no programme")
