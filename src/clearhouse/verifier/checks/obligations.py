"""Of obligations: between parties, said by both, let pass by the gate, valued at a rate."""

import re
from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

from clearhouse.verifier import canonical
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Look, Looks
from clearhouse.verifier.entry import Entry, derived, instant
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Obligation
from clearhouse.verifier.wrong import Wrong

# Registers of who takes part, and what a record of each says.
ADMITTING = {
    "legal_entity": {"participant", "name", "residence", "address"},
    "licence": {"participant", "licence_class", "issuer", "valid_from", "valid_to"},
}
LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}", re.ASCII)
COIN = "BTC"
COIN_EXPONENT = 8  # a bitcoin has 10**8 satoshi
UNITS_MAX = 10**17  # satoshi: what comes to more is in no cycle
RATE_AGE_MAX = timedelta(hours=24)
NOT_YET_PAID = {"HeadAnchored", "BatchSigned"}  # before these every obligation must be clear again


def admissions(_: Published) -> Looks:
    """A legal entity is entered under its LEI, and its licences under that of one entered."""

    def entered(standing: Standing, entry: Entry) -> None:
        if entry.body["register"] not in ADMITTING:
            return
        said = canonical.read(entry.body["body"], "a record")
        texts = all(isinstance(one, str) for one in said.values())
        if not texts or said.keys() != ADMITTING[entry.body["register"]]:
            raise Wrong("admissions.malformed", f"entry {entry.position}")
        who = said["participant"]
        digits = "".join(str(int(one, 36)) for one in who if one.isascii() and one.isalnum())
        if LEI.fullmatch(who) is None or int(digits) % 97 != 1:  # ISO 17442, by ISO 7064
            raise Wrong("admissions.lei-wrong", f"{who!r:.40}")
        if who != entry.subject:
            raise Wrong(
                "admissions.of-another", f"entry {entry.position}: {who} as {entry.subject}"
            )
        if entry.body["register"] == "licence" and who not in standing.participants:
            raise Wrong("admissions.unknown", f"{who} is licensed, and was never admitted")

    return Looks({"RecordEntered": entered})


def obligations(_: Published) -> Looks:
    """An obligation binds when both have said it, is cleared once, or taken back by all who had."""
    return Looks(
        {
            "ObligationProposed": _proposed_by_parties,
            "ObligationAffirmed": _affirmed,
            "ObligationCleared": _cleared,
            "RescissionAsked": _asked_back,
            "ObligationRescinded": _rescinded,
        }
    )


def own_obligations(_: Published) -> Looks:
    """Both sides said what the participant owes or is owed; it is cleared once, or taken back."""
    return Looks(
        {
            "ObligationProposed": _proposed,
            "ObligationAffirmed": _affirmed,
            "ObligationCleared": _cleared,
            "RescissionAsked": _asked_back,
            "ObligationRescinded": _rescinded,
        }
    )


def _proposed_by_parties(standing: Standing, entry: Entry) -> None:
    _proposed(standing, entry)
    if not {entry.body["debtor"], entry.body["creditor"]} <= standing.participants.keys():
        raise Wrong("obligations.not-admitted", f"{entry.subject}: a side is not admitted")


def _proposed(standing: Standing, entry: Entry) -> None:
    said = entry.body
    id, sides = said["obligation"], {said["debtor"], said["creditor"]}
    if id in standing.obligations or id != derived("obl", said["creditor"], said["reference"]):
        raise Wrong("obligations.id-wrong", f"{id} is proposed again, or is not its own")
    if len(sides) == 1 or said["by"] not in sides or whole(said["units"]) <= 0:
        raise Wrong("obligations.terms-wrong", f"{id}: {said['by']} proposes it")


def _affirmed(standing: Standing, entry: Entry) -> None:
    id, by = entry.body["obligation"], entry.body["by"]
    one = standing.obligations.get(id)
    if one is None or one.state != "proposed":
        raise Wrong("obligations.state-wrong", f"{id} is affirmed, and does not wait for it")
    if {one.said_by, by} != {one.debtor, one.creditor}:
        raise Wrong("obligations.one-sided", f"{id} is affirmed by {by}, not the other side")


def _cleared(standing: Standing, entry: Entry) -> None:
    id = entry.body["obligation"]
    one = standing.obligations.get(id)
    if one is None or one.state != "affirmed":
        raise Wrong("obligations.state-wrong", f"{id} is cleared, and does not bind or was before")


def _asked_back(standing: Standing, entry: Entry) -> None:
    id, by = entry.body["obligation"], entry.body["by"]
    one = standing.obligations.get(id)
    if one is None or one.state != "affirmed" or one.asked_by:
        detail = f"{id} is asked back, and does not bind or was asked back before"
        raise Wrong("obligations.state-wrong", detail)
    if by not in {one.debtor, one.creditor}:
        raise Wrong("obligations.one-sided", f"{id} is asked back by {by}, no side of it")


def _rescinded(standing: Standing, entry: Entry) -> None:
    id, by = entry.body["obligation"], entry.body["by"]
    one = standing.obligations.get(id)
    if one is None or one.state not in {"proposed", "affirmed"}:
        detail = f"{id} is rescinded, and is not there, in a cycle or was before"
        raise Wrong("obligations.state-wrong", detail)
    said = {one.said_by} if one.state == "proposed" else {one.debtor, one.creditor}
    asked = {by, one.asked_by} - {""}
    if asked != said:
        raise Wrong("obligations.one-sided", f"{id} is rescinded, and not all have taken it back")


def gate(_: Published) -> Looks:
    """The gate was asked of all; it cleared just what was cleared, and again before it was paid."""

    def cleared(standing: Standing, entry: Entry) -> None:
        id = entry.body["obligation"]
        one = standing.obligations.get(id)
        if one and (one.verdict, one.decided_at) != ("clear", entry.recorded_at):
            raise Wrong("gate.not-clear", f"{id} is cleared, and the gate did not let it pass then")

    def paid(standing: Standing, entry: Entry) -> None:
        cycle = standing.cycles.get(entry.body["cycle"])
        if cycle and cycle.given_up:
            return  # nothing is
        for id, one in standing.obligations.items():
            if one.cycle == entry.body["cycle"] and one.verdict != "clear":
                detail = f"{id} is paid, and since it was cleared the gate's last word is not clear"
                raise Wrong("gate.not-clear", detail)

    def settled(standing: Standing, entry: Entry) -> None:
        if not entry.body["txid"]:
            paid(standing, entry)

    looks = {"ObligationCleared": cleared, **_Waiting().on, **dict.fromkeys(NOT_YET_PAID, paid)}
    return Looks({**looks, "CycleSettled": settled})


class _Waiting:
    """What may be left out of the cycle that is being cleared, though the gate lets it pass."""

    def __init__(self) -> None:
        self._scheduled: tuple[str, str] | None = None  # its cut-off and value date, if it has them
        self._capped: set[str] = set()  # `caps` looks whether they are
        self._again: tuple[str, set[str]] = ("", set())  # a cycle of these alone: unwound before

    @property
    def on(self) -> Mapping[str, Look]:
        """What is looked at."""
        return {
            "CycleOpened": self._opened,
            "CycleScheduled": self._by_timetable,
            "ObligationHeldBack": self._held_back,
            "CycleUnwound": self._unwound,
            "CycleCertified": self._certified,
        }

    def _opened(self, _: Standing, __: Entry) -> None:
        self._scheduled = None
        self._capped.clear()

    def _by_timetable(self, _: Standing, entry: Entry) -> None:
        self._scheduled = (entry.body["cut_off"], entry.body["value_date"])

    def _held_back(self, _: Standing, entry: Entry) -> None:
        self._capped.add(entry.subject)

    def _unwound(self, standing: Standing, entry: Entry) -> None:
        id = entry.body["cycle"]
        own = {name for name, one in standing.obligations.items() if one.cycle == id}
        self._again = (entry.body["by_cycle"], own)

    def _certified(self, standing: Standing, entry: Entry) -> None:
        """What binds and was left out was held or denied, is late, capped, or has no value."""
        now, (again, own) = entry.recorded_at, self._again
        for id, one in standing.obligations.items():
            if entry.body["cycle"] == again and id not in own:
                continue  # it waits for a cycle of its own
            is_later = self._scheduled is not None and one.is_later(*self._scheduled)
            if one.state != "affirmed" or is_later:
                continue
            if one.decided_at != now:
                raise Wrong("gate.not-asked", f"{id} binds, and the gate was not asked of it")
            may_wait = one.verdict != "clear" or id in self._capped
            if not may_wait and worth(standing, one, now):
                detail = f"{id} binds, the gate let it pass, and it is left out"
                raise Wrong("gate.left-out", detail)


def worth(standing: Standing, one: Obligation, now: str) -> int:
    """What an obligation is worth in satoshi; nothing if no rate tells, or it is too much."""
    if one.asset == COIN:
        return one.units
    rate = _newest(standing, one.asset, now)
    units = _converted(one.units, rate) if rate else 0
    return units if units <= UNITS_MAX else 0


def _newest(standing: Standing, quote: str, now: str) -> Record | None:
    """The newest rate of a currency that is not too old: of the period, or that of before."""
    rates = [one for one in standing.rates.values() if one["quote"] == quote]
    fixed = {one["rate"]: one["as_of"] for one in rates}
    if before := standing.newest.get(quote):
        fixed[before[1]] = before[0]
    ages = {id: instant(now) - instant(as_of) for id, as_of in fixed.items()}
    usable = {id: age for id, age in ages.items() if timedelta() <= age <= RATE_AGE_MAX}
    if not usable:
        return None
    id = min(usable, key=usable.__getitem__)
    if id not in standing.rates:
        raise Wrong("valuation.rate-unknown", f"{id}, the newest of {quote}, is not shown")
    return standing.rates[id]


def _converted(units: int, rate: Record) -> int:
    exact = Fraction(whole(rate["numerator"]), whole(rate["denominator"]))
    found: int = round(units * 10**COIN_EXPONENT / exact)  # from the middle to the even one
    return found


def valuation(_: Published) -> Looks:
    """Each obligation was valued at a rate of the day, rounded to the nearest satoshi."""

    def cleared(standing: Standing, entry: Entry) -> None:
        said = entry.body
        one = standing.obligations.get(said["obligation"])
        if one is None:
            return  # another check's
        if (one.asset == COIN) is bool(said["rate"]):
            raise Wrong("valuation.rate-wrong", f"{said['obligation']} is of {one.asset}")
        if not said["rate"]:
            units = one.units
        else:
            rate = standing.rates.get(said["rate"])
            _check_rate(rate, one, said, entry.recorded_at)
            newest = _newest(standing, one.asset, entry.recorded_at)
            if newest is not rate:
                raise Wrong("valuation.rate-wrong", f"{said['obligation']}: there is a newer rate")
            assert rate is not None
            units = _converted(one.units, rate)
        if whole(said["units"]) != units or units < 1:
            detail = f"{said['obligation']} is worth {units} satoshi, not {said['units']}"
            raise Wrong("valuation.units-wrong", detail)

    return Looks({"ObligationCleared": cleared})


def _check_rate(rate: Record | None, one: Obligation, said: Record, now: str) -> None:
    """Check that a rate is one for this obligation, of that day."""
    id = said["obligation"]
    if rate is None:
        raise Wrong("valuation.rate-unknown", f"{id}: {said['rate']} is not shown")
    age = instant(now) - instant(rate["as_of"])
    if rate["quote"] != one.asset or rate["base"] != COIN or not timedelta() <= age <= RATE_AGE_MAX:
        raise Wrong("valuation.rate-wrong", f"{id} is of {one.asset}: {rate['quote']}, {age} old")
