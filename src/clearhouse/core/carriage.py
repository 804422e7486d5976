"""Carriage: what an obligation ships, from where to where, and on which vessel.

A record is what one transport document says: a bill of lading, a waybill, a consignment note. Goods
that travel in parts have several. Places are written as trade writes them: a port, or another
location, by its UN/LOCODE, a country by its ISO 3166 code. The vessel is one that is known.

The gate looks at a vessel as it looks at a party: a listed one denies, a resemblance holds. There
is a finding about it only where there is a record, so that all other decisions stay what they are.
Where the law of an attached jurisdiction, or the core's, closes a place, that is part of what the
law says of the payment.

Source: UN/CEFACT Recommendation 16 (UN/LOCODE); ISO 3166-1; US Departments of State, the Treasury
and Homeland Security, Guidance to Address Illicit Shipping and Sanctions Evasion Practices (2020).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from clearhouse.core.associate import VESSEL, Vessel
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.gate import OUTCOMES, Finding, Ground, Verdict
from clearhouse.core.hits import Screening
from clearhouse.core.ids import ID_FORM, ObligationId
from clearhouse.core.owner import COUNTRY_FORM
from clearhouse.core.participant import Participant
from clearhouse.core.record import Register
from clearhouse.core.rulebook import Day, Rulebook
from clearhouse.core.rulebook.closures import closed
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.screening import Grade, Match

LOCODE_FORM = re.compile(r"[A-Z]{2}[A-Z2-9]{3}", re.ASCII)


class CarriageWrong(Refusal):
    """A carriage has a place, a country, an obligation or a vessel not in its form."""

    code = "carriage.wrong"
    kind = Kind.MALFORMED


class UnknownCarried(Refusal):
    """The obligation that something is carried for, or the vessel, is recorded nowhere."""

    code = "carriage.unknown"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Carriage:
    """What an obligation ships under one transport document."""

    obligation: ObligationId
    document: str  # its number, as the carrier gave it
    loading: str  # where the goods are loaded: a UN/LOCODE
    discharge: str
    origin: str  # of the goods: ISO 3166
    destination: str
    vessel: str = ""  # none where no ship carries them

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        for name, prefix in (("obligation", "obl"), ("vessel", VESSEL)):
            id = getattr(self, name)
            if name == "vessel" and not id:
                continue
            form = ID_FORM.fullmatch(id)
            if form is None or form["prefix"] != prefix:
                yield CarriageWrong(f"{name}: {id[:40]!r}: an id that begins with {prefix}_")
        for name in ("loading", "discharge"):
            if not LOCODE_FORM.fullmatch(place := getattr(self, name)):
                yield CarriageWrong(f"{name}: {place[:20]!r}: a UN/LOCODE, as XAOSL")
        for name in ("origin", "destination"):
            if not COUNTRY_FORM.fullmatch(place := getattr(self, name)):
                yield CarriageWrong(f"{name}: {place[:20]!r}: two capitals, as XA")


CARRIAGES = Register(
    "carriage",
    Carriage,
    "what an obligation ships, from where to where, and on which vessel",
    ("obligation", "document"),
    "obligation",
)


NOTHING = Screening()


@dataclass(frozen=True, slots=True)
class Aboard:
    """A carriage, its vessel if a ship carries the goods, and what screening found of that."""

    carriage: Carriage
    vessel: Vessel | None = None
    found: Screening = NOTHING

    @property
    def places(self) -> Mapping[str, str]:
        """The place of each end of what is shipped, as far as it is known."""
        one, flag = self.carriage, self.vessel.flag if self.vessel else ""
        known = {"origin": one.origin, "destination": one.destination}
        known |= {"loading": one.loading, "discharge": one.discharge}
        return known | ({"flag": flag} if flag else {})

    @property
    def said(self) -> str:
        """It in words."""
        one, ship = self.carriage, self.vessel
        said = (
            f"under {one.document} from {one.loading} to {one.discharge}, goods of {one.origin}"
            f" for {one.destination}"
        )
        if ship is None:
            return said
        marks = [f"IMO {ship.imo}"] if ship.imo else []
        marks += [f"flag {ship.flag}"] if ship.flag else []
        marked = f" ({', '.join(marks)})" if marks else ""
        return f"{said}, on {ship.name!r}{marked}"


def judge_carriage(
    obligation: ObligationId,
    several: Sequence[Aboard],
    parties: Sequence[Participant],
    lists: Sequence[tuple[str, str]],
    today: date,
    rulebook: Rulebook,
) -> Finding:
    """Look at what an obligation ships.

    Args:
        several: All its carriages; at least one.
        parties: Its debtor and its creditor: a licence to deal with a vessel is one of both.
        lists: Name and version of every list that was compared with.
        today: The settlement date.
    """
    # In one order, whatever order the register has them in.
    asked = sorted(several, key=lambda one: one.carriage.document)
    grounds = [ground for one in asked for ground in _of_one(one, parties, today)]
    return Finding(
        obligation, tuple(dict.fromkeys(grounds)), rulebook.version, tuple(sorted(lists))
    )


def _of_one(one: Aboard, parties: Sequence[Participant], today: date) -> Iterator[Ground]:
    yield Ground("gate.carriage-stated", Verdict.CLEAR, one.said)
    if one.vessel is None:
        return
    found = one.found
    for match in found.standing:
        if all(_licensed(party, match, today) for party in parties):
            yield Ground("gate.listed-vessel-licensed", Verdict.CLEAR, match.said)
        elif match.grade is Grade.EXACT:
            yield Ground("gate.listed-vessel", Verdict.DENY, match.said)
        else:
            yield Ground("gate.possibly-listed-vessel", Verdict.HOLD, match.said)
    for match in found.cleared:
        yield Ground("gate.vessel-hit-cleared", Verdict.CLEAR, match.said)
    if not found.standing and not found.cleared:
        said = f"{one.vessel.name!r} was compared: no match"
        yield Ground("gate.vessel-not-listed", Verdict.CLEAR, said)


def _licensed(party: Participant, match: Match, today: date) -> bool:
    return any(one.covers(match.list_name, match.entity, today) for one in party.dealings)


def with_closures(
    finding: Finding,
    several: Sequence[Aboard],
    law: Rulebook,
    attached: Collection[str],
    days: tuple[date, date],
) -> Finding:
    """What the law says of a payment, with the places that it closes to what is shipped.

    Args:
        finding: What it says otherwise.
        several: All carriages of the obligation.
        attached: The jurisdictions whose law applies; the core's own applies always.
        days: Trade date and settlement date: what is closed on either is.
    """
    asked = sorted(several, key=lambda one: one.carriage.document)
    grounds = []
    for rule in law.closures:
        named = zip(Day, days, strict=True)
        held = [f"{name} date" for name, day in named if rule.head.in_force(day)]
        if not held or rule.head.jurisdiction not in {*attached, CORE}:
            continue
        code, verdict = OUTCOMES[rule.outcome]
        for one in asked:
            for end, place in closed(rule, one.places):
                what = f"{rule.says} ({end} {place}, under {one.carriage.document})"
                said = f"as of the {' and '.join(held)}: {what}"
                grounds.append(Ground(code, verdict, said, rule.head.id, rule.head.citation))
    return replace(finding, grounds=(*finding.grounds, *grounds)) if grounds else finding
