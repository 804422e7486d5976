"""Account: what an owner may read of its accounts: balances as they were, and statements."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.ledger import HOUSE, Account, Line, Opening
from clearhouse.core.participant import UnknownParticipant
from clearhouse.operations.house import House
from clearhouse.store import registers, statements

BEGINNING = datetime(2009, 1, 3, tzinfo=UTC)  # no coin is older
END = datetime(9999, 12, 31, tzinfo=UTC)
TICK = timedelta(microseconds=1)  # what the books' clock counts in


class PeriodMalformed(Refusal):
    """A statement would end before it begins."""

    code = "account.period-malformed"
    kind = Kind.MALFORMED


def balances(
    house: House, owner: str, at: datetime | None = None, recorded: datetime | None = None
) -> dict[Account, int]:
    """The balances of an owner's accounts, now or as they were.

    Args:
        owner: A participant's LEI, or HOUSE.
        at: In the world: what had occurred by then.
        recorded: In the books: as they knew it by then. A statement of last year can so be made
            again, to the same bytes, though it was corrected since.

    Raises:
        UnknownParticipant: There is no such owner.
    """
    now = house.now()
    with house.db.transaction():
        _check(house, owner)
        return statements.balances_at(house.db, owner, at or now, recorded or now)


def statement(
    house: House, owner: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Line]:
    """The statement of all accounts of an owner: of each its opening balance, then its entries.

    It is read a page at a time, all of it as of one moment.

    Args:
        owner: A participant's LEI, or HOUSE.
        since: Entries recorded from this instant on; from the first if not given.
        until: Entries recorded before this instant; up to now if not given.

    Raises:
        PeriodMalformed, UnknownParticipant: In this precedence, before anything is answered.
    """
    since, until = since or BEGINNING, until or house.now() + TICK
    if until < since:
        raise PeriodMalformed(f"from {since} to {until}")
    _check(house, owner)
    return _lines(house, owner, since, until)


def _lines(house: House, owner: str, since: datetime, until: datetime) -> Iterator[Line]:
    with house.db.transaction():
        house.db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # What had been recorded a tick before, whenever it occurred.
        before = statements.balances_at(house.db, owner, END, since - TICK)
        for account, balance in before.items():
            yield Opening(account, balance)
            yield from statements.pages(house.db, account, since, until)


def _check(house: House, owner: str) -> None:
    if owner != HOUSE and not registers.admitted(house.db, [ParticipantId(owner)]):
        raise UnknownParticipant(f"{owner[:48]!r} is not admitted", participant=owner[:48])
