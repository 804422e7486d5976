"""What the law says on places that are closed to goods and ships, read from files.

A place is a country (ISO 3166) or one location in it (UN/LOCODE); a country is closed with all its
locations. A closure holds for some ends of what is shipped: where the goods come from or go to,
where they are loaded or discharged, whose flag the ship flies. Its cases say what it shuts and what
it leaves free, as the cases of a rule do.
"""

from collections.abc import Mapping
from typing import Any

from clearhouse.core.rulebook.place import Place
from clearhouse.core.rulebook.rule import Closure, Head, Outcome

COUNTRY = 2  # letters that a location's code begins with


def read_closure(table: Any, head: Head, place: Place) -> Closure:
    """Read which places are closed, and hold it against its own cases.

    Raises:
        RulebookMalformed: A place stands twice, or in its own country; a case fails.
    """
    found = Closure(
        head,
        table["says"],
        tuple(table["places"]),
        tuple(table["ends"]),
        Outcome(table["outcome"]),
        tuple(table["shut"]),
        tuple(table["free"]),
    )
    for one in found.places:
        if len(one) > COUNTRY and one[:COUNTRY] in found.places:
            (place / "places").refuse(f"{one} is in {one[:COUNTRY]}, which is closed as a whole")
    if number := failing(found):
        key, at = number
        (place / key).refuse(f"its case {at + 1} fails: it is not {key}")
    return found


def failing(rule: Closure) -> tuple[str, int] | None:
    """The first of its own cases that a closure, or a mutant of it, answers otherwise."""
    for key, several, expected in (("shut", rule.shut, True), ("free", rule.free, False)):
        for number, case in enumerate(several):
            if bool(closed(rule, case)) is not expected:
                return key, number
    return None


def closed(rule: Closure, shipped: Mapping[str, str]) -> list[tuple[str, str]]:
    """The ends of what is shipped that a closure shuts, each with its place, in the rule's order.

    Args:
        shipped: The place of each end, as far as it is known.
    """
    asked = [(end, shipped[end]) for end in rule.ends if end in shipped]
    return [(end, at) for end, at in asked if at in rule.places or at[:COUNTRY] in rule.places]
