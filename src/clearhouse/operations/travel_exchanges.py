"""Travel Rule exchanges: ask the payee's provider about each record, and take what it answers.

A provider is asked once nothing else about the record stops the payment: both parties have said
that it is owed, the record is complete, who is asked is verified. What is asked is recorded before
it is sent, under an identifier of its own: whoever is killed between the two sends the same again.
Nothing is sent to anybody who is not verified on the day.

    requested     recorded, and sent until it is answered, or its time is over
    authorised    the provider approved: the gate lets it pass
    settled       paid, and told by which transaction
    cancelled     not answered or not paid in time, or taken back

A payment is netted with others, so the transaction by which it is settled does not pay it alone;
the inquiry says so (extension `clearhouse-netting`), and names the payment by its id.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from typing import Final

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.ids import ObligationId
from clearhouse.core.obligation import Obligation
from clearhouse.core.obligation import State as Owed
from clearhouse.core.travel_rule import exchange as rules
from clearhouse.core.travel_rule.amount import decimal
from clearhouse.core.travel_rule.exchange import Deadlines, Exchange, State
from clearhouse.core.travel_rule.headers import Headers, derived_identifier, random_identifier
from clearhouse.core.travel_rule.hops import hop_digest
from clearhouse.core.travel_rule.ivms_json import parse_json
from clearhouse.core.travel_rule.records import (
    HOUSE,
    TRAVEL_EXCHANGES,
    TRAVEL_RECORDS,
    VASPS,
    TravelExchange,
    TravelRecord,
    Vasp,
)
from clearhouse.core.travel_rule.trp import (
    Approval,
    Asset,
    Cancellation,
    Confirmation,
    Ending,
    Inquiry,
    Resolution,
)
from clearhouse.feeds.travel_rule.desk import Desk
from clearhouse.feeds.travel_rule.identity import Provider
from clearhouse.feeds.travel_rule.server import RESOLUTIONS, TargetUnknown
from clearhouse.operations import dossiers
from clearhouse.operations.facts import FIXING, Fixings
from clearhouse.operations.house import House
from clearhouse.operations.travel_look import hops, looks
from clearhouse.operations.travelled import vasps_on
from clearhouse.store import decisions, journal, obligations, records
from clearhouse.store.projection import record

RESOLVED_IN: Final = timedelta(days=1)
CONFIRMED_IN: Final = timedelta(days=10)  # from the day on which it is due, or from then on
REVERTED_IN: Final = timedelta(days=30)
EXTENSION: Final = "clearhouse-netting"
OPEN: Final = frozenset({State.REQUESTED, State.AUTHORISED})
UNANSWERED: Final = {"gate.record-unanswered"}


@dataclass(frozen=True, slots=True)
class Done:
    """What came of asking.

    Attributes:
        begun: How many records were newly asked about.
        lapsed: How many exchanges were not answered, or not paid, in time.
        answered: How many providers have approved or rejected at once.
        confirmed: How many were told the transaction.
        others: What went wrong, by payment: a code and words.
    """

    begun: int
    lapsed: int
    answered: int
    confirmed: int
    others: Mapping[str, str]


def ask(house: House, desk: Desk) -> Done:
    """Do all that is due: ask, ask again, tell what was paid, and let lapse what came too late.

    Raises:
        DossierAltered: The key of a record is lost: it is filed anew.
    """
    others: dict[str, str] = {}
    lapsed = _end(house)
    begun = _begin(house, desk)
    answered = _each(house, State.REQUESTED, others, lambda one: _send(house, desk, one))
    confirmed = _each(house, State.AUTHORISED, others, lambda one: _confirm(house, desk, one))
    return Done(begun, lapsed, answered, confirmed, others)


def _each(
    house: House,
    state: State,
    others: dict[str, str],
    act: Callable[[TravelExchange], bool],
) -> int:
    """Do something with every exchange of a state; answers how many went further by it.

    Raises:
        Alarm: The first, once the others are done with.
    """
    done, alarms = 0, []
    for one in in_state(house, state):
        try:
            done += act(one)
        except Refusal as refusal:
            others[one.obligation] = str(refusal)
        except Alarm as alarm:
            alarms.append(alarm)
    if alarms:
        raise alarms[0]
    return done


def in_state(house: House, *states: State) -> list[TravelExchange]:
    """The exchanges that are in one of some states."""
    found: list[TravelExchange] = records.current(
        house.db, TRAVEL_EXCHANGES, "state", list(map(str, states))
    )
    return found


# What to ask.


def _begin(house: House, desk: Desk) -> int:
    """Record that providers are asked about records of which nothing else stops the payment."""
    if not any(True for _ in _askable(house)):
        return 0
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()
        made = [
            TRAVEL_EXCHANGES.entered(_exchange(house, desk, *one, now)) for one in _askable(house)
        ]
        record(house.db, made, now, now)
    return len(made)


def _askable(house: House) -> Iterator[tuple[TravelRecord, Obligation, int]]:
    """Records that may be asked about: each with its payment, and how much that is of the coin."""
    bound = obligations.affirmed(house.db, house.assets)
    filed = records.current(house.db, TRAVEL_RECORDS, "obligation", sorted(bound))
    owed = [bound[one.obligation] for one in filed if one.beneficiary != HOUSE]
    if not owed:
        return
    coin, today = house.coin, house.today
    rates = Fixings(coin, decisions.fixings(house.db, coin)).rates([today])
    for one in looks(house, owed):
        if one.record is None or one.exchange is not None:
            continue
        amount = one.obligation.amount
        same = amount.asset == coin
        rate = Fraction(1) if same else rates.get((FIXING, amount.asset.code, coin.code, today))
        units = round(amount.units * rate) if rate is not None else 0
        if units and {each.code for each in one.against} == UNANSWERED:
            yield one.record, one.obligation, units


def _exchange(
    house: House, desk: Desk, one: TravelRecord, owed: Obligation, units: int, now: datetime
) -> TravelExchange:
    identifier = random_identifier(house.dice)
    resolve_by = now + RESOLVED_IN
    due = datetime.combine(owed.due_on, time.max, UTC)
    confirm_by = max(resolve_by, due) + CONFIRMED_IN
    return TravelExchange(
        *(one.obligation, one.digest, one.beneficiary, desk.lei, identifier),
        *(str(State.REQUESTED), units, now),
        *(resolve_by, confirm_by, confirm_by + REVERTED_IN),
        hop_digest(hops(one, desk.lei, now)[-1]),
    )


# What is sent.


def _send(house: House, desk: Desk, one: TravelExchange) -> bool:
    """Ask, or ask again, in the same bytes; answers whether that was decided at once.

    Raises:
        ProviderUnverified: The provider is none today: nothing is sent.
        Refusal: It was asked in vain.
    """
    ending = _ending(house, one)
    if isinstance(ending, Cancellation):  # nobody need be told of what was not sent yet
        _changed(house, one.identifier, lambda now, at: rules.confirm(now, ending, at, None))
        return False
    vasp, filed = _vasp(house, one.vasp), _filed(house, one.obligation)
    content = dossiers.read(house, filed.dossier).said["content"]
    extension = canonical({EXTENSION: {"obligation": one.obligation, "record": one.digest}})
    inquiry = Inquiry(
        Asset(slip44=int(house.coin.identity.rpartition("slip44:")[2])),
        decimal(one.units, house.coin.exponent),
        desk.callback(RESOLUTIONS, one.identifier),
        canonical(parse_json(content.encode())).encode(),
        extension.encode(),
    )
    said = desk.client.inquire(
        _provider(desk, vasp), vasp.travel_address, inquiry, Headers(one.identifier, (EXTENSION,))
    )
    return take(house, one.identifier, one.vasp, said)


def _confirm(house: House, desk: Desk, one: TravelExchange) -> bool:
    """Tell the provider by which transaction a payment was settled, or that it is none any more."""
    ending = _ending(house, one)
    if ending is None:
        return False
    vasp = _vasp(house, one.vasp)
    headers = Headers(derived_identifier(one.identifier, "confirmation"))
    desk.client.confirm(_provider(desk, vasp), one.callback, ending, headers)
    return _changed(house, one.identifier, lambda now, at: rules.confirm(now, ending, at, None))


def _ending(house: House, one: TravelExchange) -> Ending | None:
    """What became of a payment, or of its record; None while it is on its way."""
    id = ObligationId(one.obligation)
    filed = _filed(house, id)
    if filed.digest != one.digest or filed.filed_at > one.asked_at:
        return Cancellation("another record was filed")
    owed = obligations.by_ids(house.db, [id], house.assets)[id]
    match owed.state:
        case Owed.SETTLED:
            return Confirmation(obligations.settled_by(house.db, id))
        case Owed.RESCINDED:
            return Cancellation("the payment was taken back")
        case _:
            return None


def _filed(house: House, id: str) -> TravelRecord:
    """The record of a payment, as it was filed last."""
    (found,) = records.current(house.db, TRAVEL_RECORDS, "obligation", [id])
    assert isinstance(found, TravelRecord)
    return found


def _vasp(house: House, lei: str) -> Vasp:
    """A provider that is verified today.

    Raises:
        ProviderUnverified: It is none.
    """
    found = vasps_on(records.current(house.db, VASPS, ids=[lei]), house.today).get(lei)
    if found is None:
        raise ProviderUnverified(f"{lei} is told nothing until it is verified anew", vasp=lei)
    return found


def _provider(desk: Desk, vasp: Vasp) -> Provider:
    return Provider(vasp.vasp, desk.trust, vasp.fingerprint)


# What is answered.


class ProviderUnverified(Refusal):
    """A provider is not verified today: nothing is sent to it."""

    code = "vasp.unverified"
    kind = Kind.FORBIDDEN


class AnswerOfAnother(Refusal):
    """An answer comes from another provider than was asked."""

    code = "travel-exchange.of-another"
    kind = Kind.FORBIDDEN


def take(house: House, identifier: str, sender: str, said: Resolution) -> bool:
    """Take a provider's answer; the same again changes nothing. Answers whether anything changed.

    Args:
        identifier: Of the exchange: what its callback has of its own.
        sender: The LEI of whoever answers, as its certificate says.

    Raises:
        TargetUnknown: There is no such exchange.
        AnswerOfAnother: Another provider was asked.
        Refusal: What contradicts what is recorded, or came too late (`exchange.resolve`).
    """
    return _changed(house, identifier, lambda now, at: rules.resolve(now, said, at), sender)


def _changed(
    house: House,
    identifier: str,
    step: Callable[[Exchange, datetime], Exchange],
    sender: str = "",
) -> bool:
    """Have an exchange go a step further, as it is by now; answers whether it did."""
    with house.db.transaction():
        journal.lock(house.db)
        one, now = exchange_of(house, identifier), house.now()
        if sender not in {"", one.vasp}:
            raise AnswerOfAnother(f"{one.vasp} was asked, and not {sender}")
        after = _record(one, step(as_rules(one), now))
        if after == one:
            return False
        record(house.db, [TRAVEL_EXCHANGES.entered(after)], now, now)
    return True


def _end(house: House) -> int:
    """Let lapse what nobody answered, or paid, by its deadline, and end what was taken back."""
    done = 0
    for one in in_state(house, *OPEN):
        done += _changed(house, one.identifier, rules.lapse)
    return done


def exchange_of(house: House, identifier: str) -> TravelExchange:
    """An exchange by its own identifier.

    Raises:
        TargetUnknown: There is none.
    """
    found = records.current(house.db, TRAVEL_EXCHANGES, "identifier", [identifier])
    if not found:
        raise TargetUnknown("no exchange is called so")
    (one,) = found
    assert isinstance(one, TravelExchange)
    return one


def as_rules(one: TravelExchange) -> Exchange:
    """An exchange as its rules go by it."""
    approval = Approval(one.address, one.callback) if one.address else None
    deadlines = Deadlines(one.resolve_by, one.confirm_by, one.revert_by)
    state = State(one.state)
    return Exchange(one.identifier, one.units, deadlines, state, approval, one.txid, one.returned)


def _record(one: TravelExchange, after: Exchange) -> TravelExchange:
    approval = after.approval
    return replace(
        one,
        state=str(after.state),
        address=approval.address if approval else "",
        callback=approval.callback if approval else "",
        txid=after.txid,
        returned=after.returned,
    )
