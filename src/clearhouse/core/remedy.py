"""Remedies: who must act where the gate says no, by when, and what would change the answer.

Each ground that holds or denies has one here, and so has each reason for which the gate stops as a
whole. A remedy is evidence, or a decision of those who may decide: two people of the house, an
authority, whoever makes the law. What a payment or a party would have to look like instead is no
remedy, and is said nowhere. Remedies are for the people of the house; what others are shown of a
payment does not have them.

    holds       looked at by the day that the law gives (`screening.review-time`)
    the lists   loaded before they are older than the law lets them be (`screening.list-age`)
    denials     stand until something changes; no day ends them
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from clearhouse.core.gate import DOUBT, Ground, Verdict, unopened
from clearhouse.core.rulebook import Outcome, Rule, Rulebook
from clearhouse.core.rulebook.facts import meaning_of


class Actor(StrEnum):
    """Who must act."""

    PARTY = "the party"  # that the ground is about; of a law's, either of the two
    COMPLIANCE = "the house's compliance officers"  # two people
    SUPERVISOR = "the supervisor"
    HOUSE = "the house"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Who must act on a ground, and what would change the answer, in one sentence."""

    actor: Actor
    changes: str


@dataclass(frozen=True, slots=True)
class Advice:
    """A remedy of one ground of one payment."""

    code: str
    rule: str  # its id; empty where no rule says it
    actor: Actor
    by: str  # the day; empty where none ends it
    changes: str

    def document(self) -> dict[str, str | None]:
        """As a JSON object."""
        return {
            "code": self.code,
            "rule": self.rule or None,
            "actor": str(self.actor),
            "by": self.by or None,
            "changes": self.changes,
        }

    @property
    def said(self) -> str:
        """In words."""
        what = f"{self.rule} ({self.code})" if self.rule else self.code
        by = f", by {self.by}" if self.by else ""
        return f"{what}: {self.actor}{by}: {self.changes}"


LICENCE = "an authority licenses the house to deal with it"
LIST = "the list takes the entry away"
FILE = "`clearhouse travel file`"

REMEDIES: Final[Mapping[str, Remedy]] = MappingProxyType(
    {
        "gate.listed-party": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence that it is another than the one listed, where only names"
            f" are the same (a number that both have decides); or {LICENCE}; or {LIST}",
        ),
        "gate.possibly-listed-party": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence of who it is (seat, numbers, birth) that it is another"
            f" than the one listed, or the same, which denies it; or {LICENCE}; or {LIST}",
        ),
        "gate.listed-wallet": Remedy(
            Actor.SUPERVISOR,
            f"{LICENCE}; or {LIST}; nobody here decides that a listed wallet is another's",
        ),
        "gate.paid-by-listed-wallet": Remedy(
            Actor.SUPERVISOR,
            "the coin stays where it is and is reported to the authority that keeps the list;"
            f" {LICENCE}; or {LIST}; nobody here decides that a listed wallet is another's",
        ),
        "gate.owned-by-listed": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence that an owner is another than the one listed; or a"
            " register of owners proves that the holdings are other than recorded;"
            f" or {LICENCE}; or {LIST}",
        ),
        "gate.possibly-owned-by-listed": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence of who each owner is that it is another than the one"
            " listed, or the same; or a register of owners proves other holdings;"
            f" or {LICENCE}; or {LIST}",
        ),
        "gate.partly-owned-by-listed": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence that the owners are others than those listed; or a"
            f" register of owners proves other holdings; or {LICENCE}; or {LIST}",
        ),
        "gate.owner-unscreened": Remedy(
            Actor.PARTY,
            "it says anew, with evidence, who that owner is, and two people enter it: whoever"
            " owns must be compared with the lists",
        ),
        "gate.owners-unresolved": Remedy(
            Actor.PARTY,
            "it proves by a register of owners who stands behind those who own each other, and"
            " two people enter it",
        ),
        "gate.listed-associate": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence that whom it acts through is another than the one listed,"
            f" or is not owned by those listed; or {LICENCE}; or {LIST}",
        ),
        "gate.listed-officer": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence that the officer is another than the one listed;"
            f" or {LICENCE}; or {LIST}; what the officer signed is asked for",
        ),
        "gate.possibly-listed-associate": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence of who it is, and who owns it, that it is another than"
            f" the one listed, or the same; or {LICENCE}; or {LIST}",
        ),
        "gate.associate-unscreened": Remedy(
            Actor.PARTY,
            "it says anew, with evidence, who that is whom it acts through, and two people enter"
            " it: whoever acts for it must be compared with the lists",
        ),
        "gate.listed-vessel": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence that the ship is another than the one listed, where only"
            " names are the same (an IMO number that both have decides); or an authority licenses"
            f" the house, for both parties, to deal with it; or {LIST}",
        ),
        "gate.possibly-listed-vessel": Remedy(
            Actor.COMPLIANCE,
            "two people find by evidence of which ship it is (IMO number, flag) that it is another"
            f" than the one listed, or the same; or {LICENCE}, for both parties; or {LIST}",
        ),
        "gate.provider-unverified": Remedy(
            Actor.COMPLIANCE,
            "two people verify it (its authority's register, its LEI, its certificate) and enter it"
            " as a provider",
        ),
        "gate.record-missing": Remedy(
            Actor.PARTY, f"whoever pays files the record ({FILE}): it travels with the payment"
        ),
        "gate.record-incomplete": Remedy(
            Actor.PARTY, f"whoever pays files the record anew ({FILE}), with what it lacks"
        ),
        "gate.record-providers-differ": Remedy(
            Actor.PARTY,
            f"whoever pays files the record anew ({FILE}), between the providers that keep the coin"
            " of both",
        ),
        "gate.payee-differs": Remedy(
            Actor.PARTY,
            f"whoever pays files the record anew ({FILE}), naming who is paid as it is registered",
        ),
        "gate.record-unanswered": Remedy(
            Actor.HOUSE,
            "the provider of who is paid approves the record: nobody here does it for them",
        ),
        "gate.record-lapsed": Remedy(
            Actor.PARTY,
            f"whoever pays files the record anew ({FILE}), and the provider of who is paid is asked"
            " again: it did not answer in time",
        ),
        "gate.record-address-differs": Remedy(
            Actor.PARTY,
            "whoever is paid proves that the address which its provider has named is its own, and"
            " has it registered",
        ),
        "gate.record-rejected": Remedy(
            Actor.PARTY,
            "whoever pays and whoever is paid learn from that provider why; a record that is right"
            f" is filed anew ({FILE}): no people of the house let it pass",
        ),
        "gate.record-reverted": Remedy(
            Actor.PARTY, f"the coins came back: what is owed is owed anew, with a record ({FILE})"
        ),
        "gate.party-not-admitted": Remedy(
            Actor.COMPLIANCE, "two people admit it, after the checks that the law asks for"
        ),
        "gate.party-suspended": Remedy(
            Actor.SUPERVISOR,
            "whoever suspended it ends that, and two people enter that it is active again",
        ),
        "gate.party-in-default": Remedy(
            Actor.PARTY,
            "it pays in what it owes, and two people enter that it is active again",
        ),
        "gate.party-terminated": Remedy(
            Actor.HOUSE, "nothing: who has left, or was put out, takes no part any more"
        ),
        "gate.law-holds": Remedy(
            Actor.COMPLIANCE,
            "two people look at the payment and release it, or refuse it (`clearhouse holds"
            " decide`)",
        ),
        "gate.law-denies": Remedy(
            Actor.PARTY,
            "evidence that what the rule goes by is other than recorded, entered by whoever keeps"
            " that record; or another law: no people of the house release it",
        ),
        "gate.law-doubtful": Remedy(
            Actor.PARTY,
            "what is not known is proven and recorded; then the law says whether it is denied:"
            " no people of the house release it",
        ),
        "gate.coins-not-examined": Remedy(
            Actor.PARTY,
            "where the coins come from is proven and recorded; then the law says whether they may"
            " be taken: no people of the house release it",
        ),
        "gate.law-closed": Remedy(
            Actor.SUPERVISOR,
            "a law of each jurisdiction that leaves it closed opens it; or evidence that what the"
            " laws on it go by is other than recorded: no people of the house open it",
        ),
        "gate.law-missing": Remedy(
            Actor.SUPERVISOR, "the rulebook has law of where that party is, which two people enter"
        ),
        "gate.hold-lapsed": Remedy(
            Actor.COMPLIANCE,
            "two people look again at what the rule says now, and release or refuse the payment"
            " anew",
        ),
        "gate.hold-refused": Remedy(
            Actor.COMPLIANCE,
            "nothing while the rule says the same of it: two people refused the payment; if other"
            " evidence changes what the rule says, two people look again",
        ),
    }
)

ACCEPT = "or two people accept what stands there, with their reason (`clearhouse propose edition`)"

# Why the gate stops as a whole: refusals by which nothing is decided.
STOPS: Final[Mapping[str, Remedy]] = MappingProxyType(
    {
        "screening.list-missing": Remedy(
            Actor.HOUSE, "the list's edition of today is loaded (`clearhouse lists load`)"
        ),
        "screening.list-stale": Remedy(
            Actor.HOUSE, "the list's edition of today is loaded (`clearhouse lists load`)"
        ),
        "screening.list-postdated": Remedy(
            Actor.HOUSE, "the house's clock is set right, or an edition with a true date is loaded"
        ),
        "screening.list-too-small": Remedy(
            Actor.HOUSE, "the whole edition is loaded, as its publisher has it"
        ),
        "list.regressed": Remedy(Actor.COMPLIANCE, f"today's edition is loaded; {ACCEPT}"),
        "list.shrunken": Remedy(
            Actor.COMPLIANCE,
            f"the editions between, or the whole of this one, are loaded; {ACCEPT}",
        ),
        "list.gone": Remedy(Actor.COMPLIANCE, f"the list is loaded again; {ACCEPT}"),
        "screening.list-twice": Remedy(
            Actor.HOUSE, "one of the two editions is taken away: the older one"
        ),
    }
)

UNREADABLE: Final = Remedy(
    Actor.HOUSE, "the list's edition is loaded whole, in its form (`clearhouse lists load`)"
)


def advise(grounds: Iterable[Ground], law: Rulebook, on: date, review_by: date) -> list[Advice]:
    """Say of each ground that holds or denies who must act, by when, and what would change it.

    Args:
        law: The version under which the grounds came.
        on: The day on which the payment was to be settled: a rule's version follows from it.
        review_by: The day by which somebody must have looked at a hold.
    """
    found = [
        Advice(
            one.code,
            one.rule,
            REMEDIES[one.code].actor,
            str(review_by) if one.verdict is Verdict.HOLD else "",
            REMEDIES[one.code].changes + _by_rule(one, law, on),
        )
        for one in grounds
        if one.verdict is not Verdict.CLEAR
    ]
    return list(dict.fromkeys(found))


def _by_rule(ground: Ground, law: Rulebook, on: date) -> str:
    """What the ground's rule goes by, from its own condition."""
    rule = _rule(ground.rule, law, on)
    if any(one.head.id == ground.rule for one in law.closures):
        return "; it goes by where what is shipped comes from, passes and goes to"
    if rule is None:
        return _by_openings(ground, law, on)
    unknown = rule.doubtful() if DOUBT in ground.said else []
    sure = [fact for fact in rule.reads() if fact not in unknown]
    said = f"; it goes by {_named(sure)}" if sure else ""
    if unknown:
        said += f"; not known, some or all of it, is {_named(unknown)}"
    if rule.waivable and ground.verdict is Verdict.DENY:
        said += "; a programme that its authority approved may waive it"
    return said


def _by_openings(ground: Ground, law: Rulebook, on: date) -> str:
    """What the rules go by that could have opened what nothing opened."""
    facts = {
        fact
        for rule in law.rules
        if rule.outcome is Outcome.ALLOW and rule.head.in_force(on)
        if unopened(rule.head.jurisdiction, rule.subject) in ground.said
        for fact in rule.reads()
    }
    return f"; what may open it goes by {_named(sorted(facts))}" if facts else ""


def _rule(id: str, law: Rulebook, on: date) -> Rule | None:
    """The rule's version of a day; the newest of it where none holds then."""
    several: Sequence[Rule] = [rule for rule in law.rules if rule.id == id]
    for rule in several:
        if rule.head.in_force(on):
            return rule
    return several[-1] if several else None


def _named(facts: Iterable[str]) -> str:
    meant = ((name, meaning_of(name)) for name in facts)
    return ", ".join(f"{name} ({meaning})" if meaning else name for name, meaning in meant)
