"""The life of an obligation: what was said of it, what the gate saw, what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.gate import (
    DUES,
    GateDecided,
    Ground,
    Verdict,
    due_by,
    finding_of,
    review_deadline,
)
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.money import Money, decimal
from clearhouse.core.obligation import (
    Obligation,
    ObligationAffirmed,
    ObligationProposed,
    State,
    UnknownObligation,
)
from clearhouse.core.participant import Participant
from clearhouse.core.remedy import Advice, advise
from clearhouse.core.rescission import ObligationRescinded, RescissionAsked
from clearhouse.core.schedule import ValueDated
from clearhouse.core.settlement import (
    ObligationCleared,
    PayInFinal,
    PositionStruck,
)
from clearhouse.core.valuation import RateFixed
from clearhouse.operations.explain.cycle import CycleTeller
from clearhouse.operations.explain.explanation import Explanation, Step, step
from clearhouse.operations.house import House
from clearhouse.operations.screen import verdict_of
from clearhouse.store import decisions, journal, obligations, registers
from clearhouse.store.journal import Entry


def explain_obligation(house: House, id: ObligationId) -> Explanation:
    """Explain an obligation; refuses as `explain`."""
    found = obligations.by_ids(house.db, [id], house.assets)
    if id not in found:
        raise UnknownObligation(f"there is no {id}", obligation=id)
    one = found[id]
    parties = registers.participants(house.db, [one.debtor, one.creditor])
    debtor, creditor = parties[one.debtor], parties[one.creditor]
    teller = _Teller(house, one, debtor, creditor)
    steps = sorted(teller.steps(), key=lambda step: step.position)
    headline = (
        f"{one.amount} owed by {debtor.name} ({debtor.residence}) to {creditor.name}"
        f" ({creditor.residence}): invoice {one.reference}, due {one.due_on}"
    )
    state = str(one.state)
    if one.state not in {State.SETTLED, State.RESCINDED} and teller.verdict is not Verdict.CLEAR:
        state += ", held" if teller.verdict is Verdict.HOLD else ", denied"
    remedies = teller.remedies()
    return Explanation(id, headline, state, tuple(steps), *teller.waits_for(), remedies)


def _told(ground: Ground) -> str:
    """A ground in a line: what it does to the payment, and by which law."""
    cited = f" [{ground.rule}: {ground.citation}]" if ground.rule else ""
    word = "due" if ground.code in DUES else str(ground.verdict)
    return f"{word:5}  {ground.said}{cited} ({ground.code})"


@dataclass
class _Teller:
    """Tells one obligation's life from the journal."""

    house: House
    one: Obligation
    debtor: Participant
    creditor: Participant
    verdict: Verdict = Verdict.CLEAR  # the newest decision's, once `steps` was read
    decided_at: datetime | None = None
    grounds: tuple[str, ...] = ()  # what speaks against it, in that decision
    cycle: CycleId | None = None
    _advice: tuple[Advice, ...] = ()  # on those grounds
    _told: set[str] = field(default_factory=set)  # grounds that an earlier step has told

    def steps(self) -> Iterator[Step]:
        """Read the journal's entries about it."""
        for entry in journal.about(self.house.db, self.one.id):
            match entry.event:
                case ObligationProposed(by=by, file=file, line=line):
                    source = f"line {line} of the file with SHA-256 {file}"
                    yield step(entry, f"proposed by {self._name(by)}", source)
                case ObligationAffirmed(by=by):
                    yield step(entry, f"affirmed by {self._name(by)}: it binds")
                case ValueDated(cycle_kind=kind, value_date=on, cut_off=at):
                    title = f"its value date is {on}, in the {kind} cycle"
                    yield step(entry, title, f"that cycle is cut off at {at:%Y-%m-%d %H:%M} UTC")
                case ObligationHeldBack() as held:
                    yield self._held_back(entry, held)
                case RescissionAsked(by=by, until=until):
                    yield self._asked_back(entry, by, until)
                case ObligationRescinded(by=by):
                    yield step(entry, f"taken back by {self._name(by)}: it is rescinded")
                case GateDecided() as decision:
                    yield self._gate(entry, decision)
                case ObligationCleared() as cleared:
                    yield from self._cleared(entry, cleared)
                case _:
                    pass  # no other event has an obligation for its subject

    def _name(self, who: str) -> str:
        return (self.debtor if who == self.debtor.id else self.creditor).name

    def _gate(self, entry: Entry, decision: GateDecided) -> Step:
        """Tell what the gate saw; of what it saw before, only what speaks against payment."""
        self.verdict, self.decided_at = verdict_of(decision), entry.occurred_at
        bodies = registers.findings(self.house.db, decision.findings)
        findings = [finding_of(bodies[digest]) for digest in decision.findings]
        grounds = [ground for finding in findings for ground in finding.grounds]
        against = [one for one in grounds if one.verdict is not Verdict.CLEAR]
        self.grounds = tuple(one.said for one in against)
        law, evidence = self.house.laws.version(findings[-1].rulebook), []
        review_by = self._review_by(entry.occurred_at)
        self._advice = tuple(advise(against, law, decision.settles_on, review_by))
        for ground in grounds:
            line = _told(ground)
            if line not in self._told or ground.verdict is not Verdict.CLEAR:
                due = due_by(ground.rule, decision.settles_on, entry.occurred_at, law)
                evidence.append(f"{line}, by {due:%Y-%m-%d %H:%M} UTC" if due else line)
            self._told.add(line)
        lists = {item for finding in findings for item in finding.lists}
        named = "".join(f", {name} {version}" for name, version in sorted(lists))
        evidence.append(f"under rulebook {findings[0].rulebook}{named}")
        evidence.append(f"findings {', '.join(decision.findings)}")
        return step(entry, f"gate, for payment on {decision.settles_on}: {self.verdict}", *evidence)

    def _asked_back(self, entry: Entry, by: str, until: datetime | None) -> Step:
        other = self.debtor if by == self.creditor.id else self.creditor
        before = f", before {until:%Y-%m-%d %H:%M} UTC" if until else ""
        binds = f"it binds unless {other.name} takes it back too{before}"
        return step(entry, f"{self._name(by)} asks to take it back", binds)

    def _held_back(self, entry: Entry, held: ObligationHeldBack) -> Step:
        units, room = (Money(one, self.house.coin) for one in (held.units, held.room))
        beyond = f"worth {units}; the cycle's room for what it comes to owe is {room}"
        return step(entry, f"held back: {self.debtor.name} would pass its net debit cap", beyond)

    def _cleared(self, entry: Entry, cleared: ObligationCleared) -> Iterator[Step]:
        coin = self.house.coin
        units = Money(cleared.units, coin)
        evidence = []
        if cleared.rate:
            evidence.append(f"worth {units} {self._rate(cleared.rate)}")
        evidence.append(
            f"{decimal(cleared.set_off, coin.exponent)} set off,"
            f" {decimal(cleared.remaining, coin.exponent)} novated to the house and netted"
        )
        self.cycle = cleared.cycle
        yield step(entry, f"cleared in cycle {cleared.cycle}", *evidence)
        for party in (self.debtor, self.creditor):
            yield from self._position(party)
        yield from CycleTeller(self.house, cleared.cycle).settlement()

    def _position(self, party: Participant) -> Iterator[Step]:
        """Tell a party's one position in the cycle, and its pay-in."""
        exponent = self.house.coin.exponent
        for entry in journal.about(self.house.db, party.id):
            match entry.event:
                case PositionStruck(cycle=self.cycle, units=units):
                    what = "receives" if units > 0 else "pays in" if units < 0 else "is even at"
                    amount = decimal(abs(units), exponent)
                    yield step(
                        entry, f"{party.name} {what} {amount} net of all it owes and is owed"
                    )
                case PayInFinal(cycle=self.cycle) as final:
                    yield step(entry, f"pay-in of {party.name} is final", final.said(exponent))
                case _:
                    pass

    def _rate(self, id: str) -> str:
        (entry,) = journal.about(self.house.db, id)
        fixed = entry.event
        assert isinstance(fixed, RateFixed)
        return (
            f"at {fixed.said()}, fixed for {fixed.as_of:%Y-%m-%d %H:%M} UTC by {fixed.method} from"
            f" {fixed.trades} trades at {', '.join(fixed.venues)} (rate {id}, file with SHA-256"
            f" {fixed.source})"
        )

    def waits_for(self) -> tuple[str, str, str]:
        """Who must act, what to do, and by when."""
        one = self.one
        if one.state in {State.SETTLED, State.RESCINDED}:
            return "", "nothing is left to do", ""
        if self.verdict is not Verdict.CLEAR:
            return self._stopped()
        if one.state is State.CLEARED:
            assert self.cycle is not None
            return CycleTeller(self.house, self.cycle).waits_for()
        if one.state is State.PROPOSED:
            other = self.debtor if one.debtor_said_at is None else self.creditor
            return other.name, f"affirm it: clearhouse affirm {one.id}", str(one.due_on)
        by = obligations.value_date(self.house.db, one.id) or one.due_on
        return "the house", "take it into the next cycle", str(by)

    def remedies(self) -> tuple[Advice, ...]:
        """Who must act on each ground, and what would change it, while there is something to do."""
        is_over = self.one.state in {State.SETTLED, State.RESCINDED}
        return () if is_over else self._advice

    def _review_by(self, decided_at: datetime) -> date:
        attached = (self.debtor.residence, self.creditor.residence)
        # However often the gate has asked again since it was first held.
        since = decisions.held_since(self.house.db, [self.one.id]).get(self.one.id, decided_at)
        return review_deadline(since, attached, self.house.rulebook)

    def _stopped(self) -> tuple[str, str, str]:
        """Who must act where the gate's newest answer is no."""
        grounds = "; ".join(self.grounds)
        if self.one.state is State.CLEARED:
            again = f"`clearhouse cycle revise {self.cycle}` clears the others again without it;"
            again += " once the institutions were asked to sign, two people give that up first"
            action = f"nothing of the cycle is released while this stands: {grounds}; {again}"
            return "the house's compliance officers", action, ""
        if self.verdict is Verdict.DENY:
            action = f"correct it or settle outside the house; while this stands: {grounds}"
            return self.creditor.name, action, str(self.one.due_on)
        assert self.decided_at is not None
        by = self._review_by(self.decided_at)
        action = f"look at it, and decide (`clearhouse holds`): {grounds}"
        return "the house's compliance officers", action, str(by)
