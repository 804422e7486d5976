"""Laws, payments and rates drawn by Hypothesis, for the real law and for the plain one.

A drawn rule has vectors that the plain law answered: when the real one reads it, they agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import reject
from hypothesis import strategies as st
from tests.drawn_conditions import (
    AMOUNTS,
    KNOWN_TEXTS,
    PARTY_NUMBERS,
    PARTY_TEXTS,
    TEXTS,
    TRUTHS,
    WORDS,
    Reach,
    amount,
    days,
    facts_of,
    grows,
    parameters_of,
    trees,
    word,
    words,
    written,
)
from tests.laws import Content, country, joined, on_subject, read
from tests.payments import Payment
from tests.plain_law import DAYS, PARTIES, PLACES, At, PlainRule

from clearhouse.core.rulebook import Day, Outcome, Rates, Role, Rulebook, RulebookMalformed
from clearhouse.core.rulebook.rule import DUES
from clearhouse.core.rulebook.vocabulary import CURRENCIES, NOWHERE

SUBJECTS = ("admission", "corridor", "assets")
OUTCOMES = (*Outcome, Outcome.DENY, Outcome.HOLD, Outcome.DENY, Outcome.HOLD)
SIDES, WHOLE = [Role.DEBTOR, Role.CREDITOR], [Role.TRANSACTION]
OPTIONAL = {*TRUTHS, *PARTY_TEXTS, *PARTY_NUMBERS, *TEXTS, *CURRENCIES, "contract_registered"}


@st.composite
def payments(draw: st.DrawFn) -> Payment:
    """Any payment, of which much is not known."""
    facts: dict[str, object] = {name: draw(word(of)) for name, of in KNOWN_TEXTS.items()}
    facts["asset"] = draw(st.sampled_from(["coin", *WORDS["asset"]]))  # mostly one that is taken
    facts |= {name: draw(st.none() | word(of)) for name, of in TEXTS.items()}
    facts["contract_registered"] = draw(st.none() | st.booleans())
    facts |= {"traded_on": draw(days), "settles_on": draw(days)}
    pilots = st.lists(st.sampled_from([f"{place}.pilot" for place in PLACES]), max_size=2)
    facts |= {f"programmes@{day}": draw(pilots) for day in DAYS}
    facts["units"] = draw(st.sampled_from(AMOUNTS))
    for party in PARTIES:
        home = draw(st.sampled_from([*PLACES * 5, NOWHERE]))
        others = draw(st.lists(st.sampled_from(PLACES), max_size=3))
        facts[f"{party}.residence"] = home
        facts[f"{party}.jurisdictions"] = sorted({home, *others})
        for day in DAYS:
            facts[f"{party}.licences@{day}"] = draw(words("class") | st.just([]))
        for name in TRUTHS:
            facts[f"{party}.{name}"] = draw(st.none() | st.booleans())
        for name, of in PARTY_TEXTS.items():
            facts[f"{party}.{name}"] = draw(st.none() | word(of))
        for name in PARTY_NUMBERS:
            facts[f"{party}.{name}"] = draw(st.none() | st.sampled_from(AMOUNTS))
    return facts


def some_rates() -> st.SearchStrategy[Rates]:
    """Rates on some of the days, between some of the currencies."""
    currencies = st.sampled_from([*CURRENCIES])
    pairs = st.tuples(st.sampled_from(["fixing", "official"]), currencies, currencies, days)
    worth = st.builds(Fraction, st.integers(1, 1000), st.integers(1, 1000))
    return st.dictionaries(pairs, worth, max_size=30)


@st.composite
def scopes(draw: st.DrawFn, subject: str) -> Content:
    """To whom and to what a rule applies."""
    whole = [] if subject == "admission" else [WHOLE]
    scope: Content = {"roles": draw(st.sampled_from([*whole, SIDES[:1], SIDES[1:], SIDES]))}
    if scope["roles"] != WHOLE and draw(st.integers(0, 2)) == 0:
        scope["classes"] = draw(words("class"))
    for key, of in (("assets", "asset"), ("transactions", "transaction")):
        if draw(st.integers(0, 5)) == 0:
            scope[key] = draw(words(of))
    return scope


@st.composite
def rules(draw: st.DrawFn, number: int) -> PlainRule:
    """Any rule; `number` is its own."""
    place, subject = draw(st.sampled_from(PLACES)), draw(st.sampled_from(SUBJECTS))
    scope, outcome = draw(scopes(subject)), draw(st.sampled_from(OUTCOMES))
    start = draw(st.just(date(2026, 1, 1)) | days)
    content: Content = {
        "id": f"{place}.r{number}",
        "says": f"Rule {number}.",
        "citation": f"art. {number}",
        "effective_from": start,
        "applies_to": scope,
        "outcome": outcome,
    }
    if draw(st.integers(0, 2)) == 0:
        content["effective_to"] = start + timedelta(days=draw(st.integers(0, 5)))
    if draw(st.integers(0, 2)) == 0:
        content["transition"] = {"on": draw(st.sampled_from(Day)), "citation": "art. 99"}
    if subject != "admission" and draw(st.integers(0, 2)) == 0:
        content["waivable"] = True
    if outcome in DUES:
        content["due"] = {"what": "a report", "to": "the treasury"}
    return draw(asking(PlainRule(subject, content, ("constant", True))))


@st.composite
def asking(draw: st.DrawFn, rule: PlainRule) -> PlainRule:
    """A rule with a condition, and vectors of it."""
    if rule.subject == "admission":
        reach = Reach(whose=("party",), admission=True)
    else:
        sided = rule.content["applies_to"]["roles"] != WHOLE
        reach = Reach(whose=(*PARTIES, "party", "other") if sided else PARTIES)
    made = draw(with_cases(replace(rule, when=draw(trees(reach)))))
    if not grows(made.when, more=rule.outcome is not Outcome.ALLOW):
        # Such law is refused: another jurisdiction could make it laxer.
        narrow = replace(reach, attachments=False)
        made = draw(with_cases(replace(rule, when=draw(trees(narrow)))))
    return made


@st.composite
def with_cases(draw: st.DrawFn, rule: PlainRule) -> PlainRule:
    """A rule with vectors; if it does not come in the first of them, it asks the opposite."""
    first, second = draw(cases(rule)), draw(cases(rule))
    role = str(rule.content["applies_to"]["roles"][0])
    when = rule.when if At(first, role).said(rule.when) else ("!", rule.when)
    known, facts = [first, second], facts_of(when)
    if doubtful := [name for name in facts if _last(name) in OPTIONAL]:
        gone = _last(draw(st.sampled_from(doubtful)))
        known.append({name: None if _last(name) == gone else first[name] for name in first})
    vectors: Content = {"fires": [], "silent": [], "unknown": []}
    for case in known:
        expected = {True: "fires", False: "silent", None: "unknown"}[At(case, role).said(when)]
        said = {name: _said(name, case[name]) for name in facts if case.get(name) is not None}
        vectors[expected].append(said)
    content = {**rule.content, "when": written(when), "vectors": vectors}
    if any(name.startswith("amount.") for name in facts):
        name = draw(st.sampled_from(["fixing", "official"]))
        content["rate"] = {"name": name, "on": draw(st.sampled_from(Day))}
    if parameters := parameters_of(when):
        content["parameters"] = parameters
    return PlainRule(rule.subject, content, when)


@st.composite
def cases(draw: st.DrawFn, rule: PlainRule) -> Payment:
    """All facts of a payment to which a rule applies; the same of both parties."""
    scope, start = rule.content["applies_to"], rule.content["effective_from"]
    facts: dict[str, object] = {
        name: draw(word(of)) for name, of in {**KNOWN_TEXTS, **TEXTS}.items()
    }
    facts["asset"] = draw(st.sampled_from(scope.get("assets", WORDS["asset"])))
    facts["transaction"] = draw(st.sampled_from(scope.get("transactions", WORDS["transaction"])))
    facts |= {f"amount.{currency}": draw(st.sampled_from(AMOUNTS)) for currency in CURRENCIES}
    facts |= {"traded_on": start, "settles_on": start, "contract_registered": draw(st.booleans())}
    home = rule.place if rule.subject == "admission" else draw(word("jurisdiction"))
    own: dict[str, object] = {
        "residence": home,
        "jurisdictions": sorted({rule.place, home, *draw(words("jurisdiction"))}),
        "licences": sorted({*scope.get("classes", [])[:1], *draw(words("class"))}),
    }
    own |= {name: draw(st.booleans()) for name in TRUTHS}
    own |= {name: draw(word(of)) for name, of in PARTY_TEXTS.items()}
    own |= {name: draw(st.sampled_from(AMOUNTS)) for name in PARTY_NUMBERS}
    return {**facts, **{f"{party}.{name}": own[name] for party in PARTIES for name in own}}


def _last(name: str) -> str:
    """A fact's name without whose it is."""
    return name.rpartition(".")[2]


def _said(name: str, value: object) -> object:
    """A fact as a case has it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return amount(PARTY_NUMBERS.get(_last(name), _last(name)), value)
    return value


def opening(place: str) -> list[PlainRule]:
    """The law that opens all that must be opened, for everybody."""
    return [
        PlainRule(
            subject,
            {
                "id": f"{place}.open.{subject}",
                "says": "All is allowed.",
                "citation": "art. 1",
                "effective_from": date(2020, 1, 1),
                "applies_to": {"roles": roles},
                "outcome": Outcome.ALLOW,
                "vectors": {"fires": [{}]},
            },
            ("constant", True),
        )
        for subject, roles in (("admission", SIDES), ("corridor", WHOLE))
    ]


@dataclass(frozen=True)
class Drawn:
    """A law as the plain reader has it."""

    rules: Sequence[PlainRule]
    programmes: Sequence[Content] = ()

    def read(self) -> Rulebook:
        """The real law of it; of rules that contradict each other there is none."""
        law: Mapping[str, Content] = {}
        for place in PLACES:
            law = {**law, f"{place}/": {**country(place)[f"{place}/"], "zone": "UTC"}}
        for rule in self.rules:
            law = joined(law, on_subject(rule.place, rule.subject, rule=[rule.content]))
        for one in self.programmes:
            law = {**law, **on_subject(str(one["id"])[:2], "programmes", programme=[one])}
        try:
            return read(law)
        except RulebookMalformed as refusal:
            if "it says" in refusal.detail:
                reject()
            raise

    def without(self, gone: Sequence[PlainRule]) -> "Drawn":
        """The law without some rules."""
        ids = {rule.content["id"] for rule in gone}
        pilots = [
            {**one, "waives": [id for id in one["waives"] if id not in ids]}
            for one in self.programmes
        ]
        return Drawn([rule for rule in self.rules if rule not in gone], pilots)


@st.composite
def openings(draw: st.DrawFn, place: str) -> list[PlainRule]:
    """What a country opens: mostly all that must be, sometimes on conditions, sometimes nothing."""
    match draw(st.sampled_from(["all", "all", "all", "asks", "asks", "nothing"])):
        case "all":
            return opening(place)
        case "asks":
            return [draw(asking(rule)) for rule in opening(place)]
        case _:
            return []


@st.composite
def laws(draw: st.DrawFn) -> Drawn:
    """Some rules, mostly such that much is open, and sometimes programmes that waive some."""
    drawn = [draw(rules(number)) for number in range(draw(st.integers(2, 5)))]
    opened = [rule for place in PLACES for rule in draw(openings(place))]
    waivable = [rule for rule in drawn if rule.content.get("waivable")]
    pilots = [
        pilot(place, [rule.content["id"] for rule in waivable if rule.place == place])
        for place in PLACES
        if any(rule.place == place for rule in waivable)
    ]
    return Drawn([*drawn, *opened], pilots)


def pilot(place: str, waives: Sequence[str]) -> Content:
    """A programme that waives some rules; whoever asks says which payments are under it."""
    authorities = ("the central bank", "the treasury")
    return {
        "id": f"{place}.pilot",
        "says": "What is tried.",
        "citation": "art. 2",
        "effective_from": date(2026, 1, 1),
        "effective_to": date(2026, 12, 31),
        "approvals": [
            {"authority": one, "reference": "7", "on": date(2026, 1, 1)} for one in authorities
        ],
        "participants": ["5493001KJTIIGC8Y1R12"],
        "transactions": ["trade"],
        "waives": [*waives],
    }
