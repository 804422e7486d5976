"""What the Travel Rule asks of a payment at the gate: the record, complete, and approved.

A payment of which a party keeps its coin with a platform has a record that is due: it travels from
the provider of who pays to the provider of who is paid, and nothing settles before that has
approved it. Whoever keeps its coin alone is a customer of the house itself, which knows both; then
the house's own gate is the answer. Where neither has a platform nothing travels, and there is no
finding about it, so that all other decisions stay what they are.

    no verified provider, no record, none that is complete, no answer    hold
    rejected, or the coins came back                                     deny
    approved, to an address of who is paid                               clear

What is held is repaired by filing the record anew; two people of the house cannot let it pass.

Source: FATF Recommendation 16, interpretive note para 7(b) and, as revised in June 2025, on the
check of the payee's name; TAIP-4 (authorize before settle).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from clearhouse.core.gate import Finding, Ground, Verdict
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant
from clearhouse.core.rulebook import STANDARDS, Rulebook
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.travel_rule.completeness import Due
from clearhouse.core.travel_rule.exchange import State
from clearhouse.core.travel_rule.records import HOUSE, TravelExchange, TravelRecord, Vasp

FULL_FROM = "travel-rule.full-record-from"
REVISED_FROM = "travel-rule.revised-record-from"
CURRENCY = "EUR"  # of both
# From which resemblance on a name is the payee's: with a letter wrong, and not with a word wrong.
PAYEE_MATCH_MIN = 850  # per mille


@dataclass(frozen=True, slots=True)
class Side:
    """A party of a payment, and who keeps its coin.

    Attributes:
        platforms: The ids of those that keep it; none where it does so alone.
    """

    party: Participant
    platforms: Collection[str]

    def serves(self, provider: str) -> bool:
        """Whether somebody is the party's provider."""
        return provider in self.platforms if self.platforms else provider == HOUSE


@dataclass(frozen=True, slots=True)
class RecordKnown:
    """What is known of a payment's record.

    Attributes:
        payer: Who pays, and with whom.
        payee: Who is paid, and with whom.
        record: The record, if one was filed.
        exchange: How far the house has come with the payee's provider about this record.
        vasps: The providers that are verified on the day, at least of those two.
    """

    payer: Side
    payee: Side
    record: TravelRecord | None = None
    exchange: TravelExchange | None = None
    vasps: Mapping[str, Vasp] | None = None

    @property
    def is_due(self) -> bool:
        """Whether a record travels."""
        return bool(self.payer.platforms or self.payee.platforms)


def due_of(worth: Fraction | None, attached: Collection[str], law: Rulebook, on: date) -> Due:
    """How much of a record is due: by the lowest threshold of the jurisdictions it is under.

    Args:
        worth: Of the payment, in minor units of the thresholds' currency; None is not known, and
            above every threshold.
        attached: The jurisdictions; the core's own bound holds beside theirs.
        on: The settlement date.
    """
    for due, name in ((Due.REVISED, REVISED_FROM), (Due.FULL, FULL_FROM)):
        said = [
            one.bound
            for one in law.on_standard(name, on)
            if one.head.jurisdiction in {*attached, CORE}
        ]
        if worth is None or worth >= STANDARDS[name].strictest(*said):
            return due
    return Due.REDUCED


def judge_record(
    obligation: Obligation, known: RecordKnown, due: Due, today: date, law: Rulebook
) -> Finding:
    """Look at the record of a payment of which one is due.

    Args:
        due: How much of it is.
        today: The settlement date.
    """
    assert known.is_due
    grounds = [*_of_providers(known), *_of_record(known, due, today)]
    return Finding(obligation.id, tuple(dict.fromkeys(grounds)), law.version, ())


def _of_providers(known: RecordKnown) -> Iterator[Ground]:
    """Whether somebody who keeps a party's coin is verified, so that it may be told anything."""
    vasps = known.vasps or {}
    for side in (known.payer, known.payee):
        for id in sorted(side.platforms):
            if (one := vasps.get(id)) is None:
                said = f"{id}, which keeps the coin of {side.party.name}, is no verified provider"
                yield Ground("gate.provider-unverified", Verdict.HOLD, said)
            else:
                said = (
                    f"{one.name} ({id}) keeps the coin of {side.party.name}: {one.authority} of"
                    f" {one.jurisdiction}, {one.licence}, verified until {one.until}"
                )
                yield Ground("gate.provider-verified", Verdict.CLEAR, said)


def _of_record(known: RecordKnown, due: Due, today: date) -> Iterator[Ground]:
    one = known.record
    if one is None:
        said = f"a {due} record of {known.payer.party.name} and {known.payee.party.name} is due"
        yield Ground("gate.record-missing", Verdict.HOLD, said)
        return
    named = f"record {one.digest[:12]} of IVMS {one.version}"
    if not (known.payer.serves(one.originating) and known.payee.serves(one.beneficiary)):
        said = (
            f"{named} goes from {_provider(one.originating)} to {_provider(one.beneficiary)}, which"
            " is not who keeps the coin of both"
        )
        yield Ground("gate.record-providers-differ", Verdict.HOLD, said)
        return
    if not one.has(due):
        said = f"{named} is not a {due} one, which is due: it lacks {', '.join(one.lacks) or '-'}"
        yield Ground("gate.record-incomplete", Verdict.HOLD, said)
        return
    said = f"{named} is complete: a {due} one is due, filed {one.filed_at:%Y-%m-%d}"
    yield Ground("gate.record-complete", Verdict.CLEAR, said)
    yield _of_payee(known, one)
    if one.beneficiary != HOUSE:
        yield _of_answer(known, one, today)


def _of_payee(known: RecordKnown, one: TravelRecord) -> Ground:
    is_close = one.payee_match >= PAYEE_MATCH_MIN
    said = (
        f"the record's payee and {known.payee.party.name}: {one.payee_match} of 1000,"
        f" {PAYEE_MATCH_MIN} are asked for"
    )
    if is_close:
        return Ground("gate.payee-matches", Verdict.CLEAR, said)
    return Ground("gate.payee-differs", Verdict.HOLD, said)


STATES: Mapping[State, tuple[str, Verdict]] = {
    State.REQUESTED: ("gate.record-unanswered", Verdict.HOLD),
    State.AUTHORISED: ("gate.record-approved", Verdict.CLEAR),
    State.SETTLED: ("gate.record-approved", Verdict.CLEAR),
    State.REJECTED: ("gate.record-rejected", Verdict.DENY),
    State.CANCELLED: ("gate.record-lapsed", Verdict.HOLD),
    State.REVERTED: ("gate.record-reverted", Verdict.DENY),
}


def _of_answer(known: RecordKnown, one: TravelRecord, today: date) -> Ground:
    exchange, provider = known.exchange, one.beneficiary
    if exchange is None:
        return Ground("gate.record-unanswered", Verdict.HOLD, f"{provider} was not asked yet")
    code, verdict = STATES[State(exchange.state)]
    party = known.payee.party
    if verdict is Verdict.CLEAR and exchange.address not in party.own_addresses(today):
        said = (
            f"{provider} wants it paid to {exchange.address}, which is no address of {party.name}"
        )
        return Ground("gate.record-address-differs", Verdict.HOLD, said)
    return Ground(code, verdict, f"{provider} was asked; it is {exchange.state}")


def _provider(lei: str) -> str:
    return lei or "the house"
