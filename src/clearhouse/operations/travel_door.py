"""The door at which other providers answer this house: whom it hears, and what it does then.

Only answers to what the house itself asked are taken, at the callback that it gave: of an exchange
by its identifier, from whom it asked. A request that comes again is answered as before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.records import VASPS
from clearhouse.core.travel_rule.trp import Ending, Inquiry, Resolution
from clearhouse.feeds.travel_rule.desk import Desk
from clearhouse.feeds.travel_rule.door import Door, Kept, Key, Request
from clearhouse.feeds.travel_rule.identity import Identity
from clearhouse.feeds.travel_rule.server import TargetUnknown
from clearhouse.operations.house import House
from clearhouse.operations.travel_exchanges import take
from clearhouse.operations.travelled import vasps_on
from clearhouse.store import journal, records, travel_requests

KEPT = timedelta(days=60)  # longer than any exchange lasts


class InquiriesNotTaken(Refusal):
    """This house asks other providers, and is asked by none yet."""

    code = "trp.inquiries-not-taken"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True)
class Answers:
    """Takes answers; nothing else is asked of this house."""

    house: House

    def inquire(self, request: Request, inquiry: Inquiry) -> Resolution:
        """Refuse: whoever keeps coin here is paid by cycles of this house, and by nobody else."""
        del request, inquiry
        raise InquiriesNotTaken("its customers are paid by its own cycles")

    def resolve(self, request: Request, resolution: Resolution) -> None:
        """Take the answer to an inquiry of this house."""
        take(self.house, request.token, request.sender.lei, resolution)

    def confirm(self, request: Request, ending: Ending) -> None:
        """Refuse: this house pays, and is not paid, in an exchange."""
        del request, ending
        raise TargetUnknown("nothing is called so")


def door(house: House, desk: Desk, log: Callable[[Mapping[str, str | int]], None]) -> Door:
    """The door of a house.

    Args:
        log: Takes what was done, in texts and numbers without personal data.
    """
    one_at_a_time = Lock()  # all threads share the house's connection

    def knows(who: Identity) -> bool:
        with one_at_a_time:
            found = records.current(house.db, VASPS, ids=[who.lei])
            vasp = vasps_on(found, house.today).get(who.lei)
        return vasp is not None and vasp.fingerprint in {"", who.fingerprint}

    def once(key: Key, act: Callable[[], Kept]) -> Kept:
        with one_at_a_time, house.db.transaction():
            journal.lock(house.db)
            known = travel_requests.find(house.db, key.lei, key.called, key.identifier)
            if known is not None:
                return Kept(*known)
            kept, now = act(), house.now()
            of = (key.lei, key.called, key.identifier)
            travel_requests.keep(house.db, of, kept.digest, kept.body, now)
            travel_requests.forget(house.db, now - KEPT)
            return kept

    return Door(desk.client.credentials, desk.trust, knows, Answers(house), once, house.now, log)
