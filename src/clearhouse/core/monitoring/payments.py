"""`Payment`: what monitoring knows of a payment, and the columns that rules read.

Who calls values all payments in the unit of the programme, and says what is known of them by then:
who is linked to whom, how parties are rated, how much of the value comes from flagged sources. What
is not known is None, and is never taken for nothing.

The order of payments is that of (instant, id). The instant is when the house came to know of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from clearhouse.core.errors import Kind, Refusal
from clearhouse.engines.monitoring import Int64s

VALUE_MAX = 10**15  # minor units of one payment
AMOUNT_MAX = 10**17  # of what it is agreed in, as `money.UNITS_MAX`
DIGITS_MAX = 18  # that an amount may have
TOTAL_MAX = 9 * 10**17  # of all payments that one monitor sees
RATING_MAX = 3  # 0 low, 1 medium, 2 high, 3 not to be dealt with
DAYS_MAX = 10**5
UNKNOWN = -1
MICRO = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PaymentMalformed(Refusal):
    """A payment is not of the form that monitoring judges."""

    code = "monitoring.payment-malformed"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment, with what is known of it."""

    id: str
    at: datetime
    payer: str
    payee: str
    value: int  # minor units of the programme's unit
    asset: str = ""  # what it is agreed in; "": what it is valued in
    amount: int | None = None  # minor units of the asset; None: the value
    payer_group: str = ""  # who is linked to the payer (owner, wallets, device); "" for nobody
    payee_group: str = ""
    payer_country: str = ""  # ISO 3166; "" if not known
    payee_country: str = ""
    exposure: int | None = None  # per mille of the value that comes from flagged sources
    payer_rating: int | None = None
    payee_rating: int | None = None
    payer_days: int | None = None  # since it was admitted
    payee_days: int | None = None
    third_party: bool | None = None  # somebody else pays than who owes
    late_change: bool | None = None  # the payee's account was changed shortly before


class Columns(NamedTuple):
    """Payments by column, in their order. Shapes are (payments,); numbers stand for names."""

    ids: Sequence[str]
    at: Int64s  # microseconds since 1970
    payer: Int64s
    payee: Int64s
    value: Int64s
    asset: Int64s
    amount: Int64s
    payer_group: Int64s
    payee_group: Int64s
    payer_country: Int64s
    payee_country: Int64s
    exposure: Int64s  # UNKNOWN where it is, as in all that follow
    payer_rating: Int64s
    payee_rating: Int64s
    payer_days: Int64s
    payee_days: Int64s
    third_party: Int64s
    late_change: Int64s

    def part(self, first: int, end: int) -> "Columns":
        """Some of them, from `first` up to `end`."""
        return Columns._make(column[first:end] for column in self)


MOST = {  # what can be unknown, and the most that it can be
    "exposure": 1000,
    "payer_rating": RATING_MAX,
    "payee_rating": RATING_MAX,
    "payer_days": DAYS_MAX,
    "payee_days": DAYS_MAX,
    "third_party": 1,
    "late_change": 1,
}


@dataclass
class Names:
    """Numbers for names, in the order in which they first come."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def number(self, kind: str, name: str) -> int:
        """The number of a name; no two kinds of things share one."""
        return self.numbers.setdefault((kind, name), len(self.numbers))

    def columns(self, payments: Sequence[Payment]) -> Columns:
        """Put payments in their order, by column.

        Raises:
            PaymentMalformed: Of the first that is, in that order.
        """
        for one in payments:
            _check_instant(one)
        ordered = sorted(payments, key=lambda one: (one.at, one.id))
        party, group = "party", "group"
        number = self.number
        rows = [
            (
                (one.at - EPOCH) // MICRO,
                number(party, one.payer),
                number(party, one.payee),
                _bounded(one.value, VALUE_MAX),
                number("asset", one.asset),
                _bounded(one.value if one.amount is None else one.amount, AMOUNT_MAX),
                number(group, one.payer_group) if one.payer_group else number(party, one.payer),
                number(group, one.payee_group) if one.payee_group else number(party, one.payee),
                number("place", one.payer_country),
                number("place", one.payee_country),
                *(_known(one, name) for name in MOST),
            )
            for one in ordered
        ]
        table = np.array(rows, np.int64).reshape(len(rows), len(Columns._fields) - 1)
        columns = Columns([one.id for one in ordered], *np.ascontiguousarray(table.T))
        check(columns)
        return columns


def _check_instant(one: Payment) -> None:
    if one.at.tzinfo is None:
        raise PaymentMalformed(f"{one.id}: its instant has no zone", payment=one.id)


def _bounded(value: int, most: int) -> int:
    """A number, or one that is as much out of bounds: whatever its size, it has 64 bits."""
    return int(value) if 0 <= value <= most else UNKNOWN - 1


def _known(one: Payment, name: str) -> int:
    value: int | None = getattr(one, name)
    return UNKNOWN if value is None else _bounded(value, MOST[name])


def check(columns: Columns) -> None:
    """Refuse what cannot be judged.

    Raises:
        PaymentMalformed: A number is out of its bounds; an id is empty.
    """
    wrong = {
        "value": (columns.value < 0) | (columns.value > VALUE_MAX),
        "amount": (columns.amount < 0) | (columns.amount > AMOUNT_MAX),
    }
    for name, most in MOST.items():
        column = getattr(columns, name)
        wrong[name] = (column < UNKNOWN) | (column > most)
    for name, where in wrong.items():
        if where.any():
            id = columns.ids[int(np.argmax(where))]
            raise PaymentMalformed(f"{id}: its {name} is out of bounds", payment=id)
    if not all(columns.ids):
        raise PaymentMalformed("a payment has no id")
