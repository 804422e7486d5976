"""What a miner's coin comes to: its lots, what each sale drew on, and a year's tax.

All of it follows from the registers of lots, methods and sales, and from the law of each sale's
day. Nothing is kept: what is corrected there is worked out anew here.
"""

from collections.abc import Sequence

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.coin import Coin, Terms, Year, declared_by, worked
from clearhouse.core.mining.sales import LOTS, METHODS, SALES, LotMethod, MethodUndeclared, NotYet
from clearhouse.core.participant import UnknownParticipant
from clearhouse.operations.house import House
from clearhouse.store import records, registers

BELOW = "tax.below-quotation"


def terms_of(house: House, methods: Sequence[LotMethod]) -> Terms:
    """How a miner's coin is taxed, by what was declared of it and by the law.

    Args:
        house: Whose law it is.
        methods: All that is declared of one miner, at least one.
    """
    law, assets = house.rulebook, house.assets
    (currency,) = {one.currency for one in methods}
    return Terms(
        declared_by(methods), assets[currency], assets, lambda day: law.standard(BELOW, day)
    )


def coin_of(house: House, who: ParticipantId) -> Coin:
    """All that a miner ever had of mined coin, and what is left of it.

    Raises:
        UnknownParticipant: Nobody is admitted under this id.
        MethodUndeclared: Nothing is declared of it, and so it has no lots here.
    """
    if not registers.admitted(house.db, [who]):
        raise UnknownParticipant(f"{who} is not admitted", participant=who)
    db, asked = house.db, [who]
    methods: list[LotMethod] = records.current(db, METHODS, ids=asked)
    if not methods:
        detail = f"{who} has declared no method: `clearhouse propose records lot_method`"
        raise MethodUndeclared(detail, participant=who)
    lots, sales = (records.current(db, register, ids=asked) for register in (LOTS, SALES))
    return worked(who, lots, sales, terms_of(house, methods))


def year_of(house: House, who: ParticipantId, year: int) -> Year:
    """What a miner's coin comes to in a calendar year; up to today if that is not over.

    Raises:
        NotYet: The year has not begun.
        UnknownParticipant, MethodUndeclared: As `coin_of`.
    """
    if year > house.today.year:
        raise NotYet(f"{year} has not begun: it is {house.today}")
    return coin_of(house, who).year(year)
