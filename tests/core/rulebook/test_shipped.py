"""The shipped law: it has every dimension that law can have, and its cases notice every slip.

Four fictional jurisdictions. What is worked out below is what their law says of the figures for
which they were written, a unit to each side of them.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import TEXTS
from tests.payments import Payment, between, matters

from clearhouse.core.rulebook import STANDARDS, SUBJECTS, Answer, Day, Outcome, Role, Rule, parse
from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.facts import SIDES, Reads
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.rulebook.mutation import (
    Mutant,
    mutants,
    mutants_of_standard,
    mutants_of_timetable,
    try_mutants,
)
from clearhouse.core.rulebook.rule import DUES, Facts, Vectors
from clearhouse.core.rulebook.schema import DEADLINE_UNITS, LINKS
from clearhouse.core.rulebook.vectors import bench, cases
from clearhouse.core.rulebook.vocabulary import (
    CURRENCIES,
    NOWHERE,
    OF_MATTER,
    OF_PARTY,
    PARTIES,
    PLAIN_UNITS,
    QUANTITIES,
    WORDS,
    Sort,
)
from clearhouse.engines.formula import Column

LAW = parse(TEXTS)
WORKING = date(2026, 7, 15)  # within no season
COUNTRIES = ("XA", "XB", "XC", "XD")
# No fact is of hours or days; a list of currencies is written out, since no parameter holds one.
UNUSABLE = {"hours", "days", "currency"}
ONE_SENTENCE = re.compile(r"[A-Z](?:[^.]|\.[0-9])+\.")
CONNECTIVES, COMPARISONS = {"&&", "||", "!"}, {"in", "intersects", "==", "!=", "<", "<=", ">", ">="}
ARITHMETIC = {"+", "-", "*", "/"}


# --- nothing that law can speak of is left out ---------------------------------------------------


def parts() -> Iterator[tuple[Rule, Term]]:
    return ((rule, part) for rule in LAW.rules for part in rule.when.parts())


def facts() -> set[str]:
    """The names of all facts that a condition reads, whosesoever they are."""
    names = {str(part.value) for _, part in parts() if part.op == "fact"}
    of_parties = {*SIDES, *PARTIES}
    return {name.split(".")[1] if name.split(".")[0] in of_parties else name for name in names}


def readable() -> set[str]:
    amounts = {f"amount.{currency}" for currency in CURRENCIES}
    totals = {f"window.total.{currency}" for currency in CURRENCIES}
    return {*OF_PARTY, *OF_MATTER, *amounts, *totals, "window.count"}


def whose() -> set[str]:
    names = {str(part.value) for _, part in parts() if part.op == "fact"}
    return {name.split(".")[0] for name in names} & {*SIDES, *PARTIES}


def words_of_rules(vocabulary: str) -> set[str]:
    """The words that rules are scoped by or compare with."""
    found: set[str] = set()
    for rule in LAW.rules:
        scope = {
            "class": rule.scope.classes,
            "asset": rule.scope.assets,
            "transaction": rule.scope.transactions,
        }
        found.update(scope.get(vocabulary, ()))
    for rule, part in parts():
        if part.type.of == vocabulary and part.op in {"constant", "parameter"}:
            named = part.op == "parameter"
            found.update(listed(rule.parameters[str(part.value)].value if named else part.value))
    return found


def words_of_cases(vocabulary: str) -> set[str]:
    """The words that cases try rules with."""
    return {
        word
        for rule in LAW.rules
        for case in cases(rule)
        for name, value in case.facts.items()
        if name != "month_day"
        and Reads(rule.scope, rule.rate, rule.window).term(name).type.of == vocabulary
        for word in listed(value)
    }


def listed(value: object) -> Sequence[str]:
    """A text, or the texts of a list."""
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


def tables() -> Iterator[dict[str, Any]]:
    for content in json.loads(LAW.body).values():
        yield from content.get("rule", ())


def units() -> set[str]:
    return {
        parameter["unit"]
        for table in tables()
        for parameter in table.get("parameters", {}).values()
    }


def measures() -> set[str]:
    named = {"day", "jurisdiction", "region"}
    return {*CURRENCIES, *PLAIN_UNITS, *QUANTITIES, *WORDS, *named} - UNUSABLE


Found = Callable[[], set[Any]]
DIMENSIONS: Mapping[str, tuple[Found, Found]] = {
    "jurisdictions": (lambda: {*LAW.jurisdictions}, lambda: {*COUNTRIES}),
    "subjects": (
        lambda: {name.split("/")[1] for name in json.loads(LAW.body)},
        lambda: {*SUBJECTS, ""},
    ),
    "outcomes": (lambda: {rule.outcome for rule in LAW.rules}, lambda: {*Outcome}),
    "roles": (lambda: {role for rule in LAW.rules for role in rule.scope.roles}, lambda: {*Role}),
    "classes": (lambda: words_of_rules("class"), lambda: {*WORDS["class"]}),
    "assets": (lambda: words_of_rules("asset"), lambda: {*WORDS["asset"]}),
    "transactions": (lambda: words_of_rules("transaction"), lambda: {*WORDS["transaction"]}),
    "words": (
        lambda: {(of, word) for of in WORDS for word in words_of_rules(of) | words_of_cases(of)},
        lambda: {(of, word) for of, words in WORDS.items() for word in words},
    ),
    "regions": (
        lambda: words_of_cases("region"),
        lambda: {"XA-NORTH", "XA-EAST", "XA-SOUTH", "XA-WEST", "XD-STEPPE"},
    ),
    "places": (lambda: words_of_cases("jurisdiction"), lambda: {*COUNTRIES, NOWHERE}),
    # One fact is there for laws of before alone.
    "facts": (facts, lambda: readable() - {"banned_region"}),
    "whose facts": (whose, lambda: {*SIDES, *PARTIES}),
    "operators": (
        lambda: {part.op for _, part in parts()},
        lambda: CONNECTIVES | COMPARISONS | ARITHMETIC | {"fact", "parameter", "constant"},
    ),
    "units": (units, measures),
    "rates": (
        lambda: {(rule.rate.name, rule.rate.on) for rule in LAW.rules if rule.rate},
        lambda: {(name, day) for name in ("fixing", "official") for day in Day},
    ),
    "links": (lambda: {rule.window.by for rule in LAW.rules if rule.window}, lambda: {*LINKS}),
    "deadlines": (
        lambda: {rule.deadline.unit for rule in LAW.rules if rule.deadline},
        lambda: {*DEADLINE_UNITS},
    ),
    "standards": (lambda: {one.standard for one in LAW.standards}, lambda: {*STANDARDS}),
    "transitions": (lambda: {bool(rule.transition) for rule in LAW.rules}, lambda: {True, False}),
    "endings": (
        lambda: {bool(rule.head.effective_to) for rule in LAW.rules},
        lambda: {True, False},
    ),
    "waivers": (lambda: {rule.waivable for rule in LAW.rules}, lambda: {True, False}),
    "sources": (lambda: {rule.source for rule in LAW.rules}, lambda: {"S", "S2", "R"}),
}


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_dimension_of_the_law_has_law(dimension: str) -> None:
    found, wanted = DIMENSIONS[dimension]

    assert found() == wanted()


@pytest.mark.parametrize("code", COUNTRIES)
def test_each_country_says_that_it_is_fictional(code: str) -> None:
    (own,) = (text for text in TEXTS.values() if f'"{code}"' in text and "weekend" in text)

    assert "fictional" in own.split(f'jurisdiction = "{code}"')[0]


@pytest.mark.parametrize("code", COUNTRIES)
def test_each_country_has_law_to_speak_of(code: str) -> None:
    assert len({rule.id for rule in LAW.rules if rule.head.jurisdiction == code}) >= 15


def test_every_rule_is_one_sentence_and_every_citation_names_its_country() -> None:
    names = {code: one.name for code, one in LAW.jurisdictions.items()}

    assert [rule.id for rule in LAW.rules if not ONE_SENTENCE.fullmatch(rule.says)] == []
    assert {
        head.id
        for head in LAW.heads()
        if head.jurisdiction != CORE and not head.citation.startswith(names[head.jurisdiction])
    } == set()


def test_one_id_has_versions_that_follow_each_other() -> None:
    versions = Counter(rule.id for rule in LAW.rules)

    assert {id for id, count in versions.items() if count > 1} == {
        "XA.mining.season",
        "XB.reporting.large",
    }


def test_what_may_be_unknown_is_tried_unknown() -> None:
    """A rule that reads what may be missing has a case in which it is, and nobody can tell."""
    untried = [rule.id for rule in LAW.rules if rule.doubtful() and not rule.vectors.unknown]

    assert untried == []


# --- every slip of the pen is noticed ------------------------------------------------------------


def unnoticed(rule: Rule) -> list[Mutant]:
    tried = bench(rule, LAW.vocabulary)
    changed = mutants(rule, LAW.vocabulary)
    return [one for one in changed if isinstance(one.rule, Rule) and not tried.failures(one.rule)]


def test_every_mutant_is_noticed() -> None:
    slipped = [
        f"{one.mutant.id}: {one.mutant.change}" for one in try_mutants(LAW) if not one.noticed
    ]

    assert slipped == []


def test_every_sentence_has_mutants() -> None:
    unchanged = [rule.id for rule in LAW.rules if not [*mutants(rule, LAW.vocabulary)]]
    unchanged += [one.head.id for one in LAW.standards if not [*mutants_of_standard(one)]]
    unchanged += [one.head.id for one in LAW.timetables if not [*mutants_of_timetable(one)]]

    assert unchanged == []


@pytest.mark.parametrize(
    ("id", "robbed", "slip"),
    [
        ("XA.mining.household", {"party.energy": "6000.00"}, "599999 for 600000"),
        ("XA.mining.season", {"on": "2027-03-15"}, "314 for 315"),
        ("XA.investors.cap", {"window.total.USD": "300000.00"}, ">= for >"),
        ("XB.wallets.proof", {"amount.EUR": "1000.00"}, ">= for >"),
        ("XB.reporting.large", {"traded_on": "2026-06-30"}, "transition"),
        ("XC.corridor.open", {"creditor.residence": "XB"}, "without 'XB'"),
        ("XC.corridor.norland-platforms", {"other.residence": "XA"}, "without 'XA'"),
        ("XD.caps.stablecoin", {"window.count": 1_000_000}, "999999 for 1000000"),
        ("XD.mining.share", {"party.sold_on_platforms": "75"}, "<= for <"),
        ("XD.assets.venue", {"asset": "asset-token"}, "without asset-token"),
    ],
)
def test_a_rule_robbed_of_a_case_no_longer_notices(id: str, robbed: Facts, slip: str) -> None:
    *_, rule = (one for one in LAW.rules if one.id == id)
    said = rule.vectors

    def left(several: Sequence[Facts]) -> tuple[Facts, ...]:
        return tuple(one for one in several if not robbed.items() <= {**said.given, **one}.items())

    fewer = Vectors(said.given, left(said.fires), left(said.silent), left(said.unknown))
    assert not any(slip in one.change for one in unnoticed(rule))
    assert any(slip in one.change for one in unnoticed(replace(rule, vectors=fewer)))


# --- worked decisions ----------------------------------------------------------------------------

Grounds = Mapping[Outcome, set[str]]


def judge(payment: Payment) -> tuple[Answer, Grounds]:
    """The answer, and the rules that come or may come, by outcome."""
    windows = {name: value for name, value in payment.items() if name.startswith("window.")}
    rest = {name: value for name, value in payment.items() if name not in windows}
    batch = matters([rest], LAW.vocabulary)
    totals = {
        name: Column(np.array([value or 0], np.int64), np.array([value is None]))
        for name, value in windows.items()
    }
    judged = LAW.judge.judge(replace(batch, known={**batch.known, **totals}))
    laws = [one.what for one in judged.came(0) if isinstance(one.what, Rule)]
    came = [law for law in laws if law.head.jurisdiction != CORE]
    return Answer(int(judged.answers[0])), {
        outcome: {one.id for one in came if one.outcome is outcome} for outcome in Outcome
    }


def at_home(code: str, deed: str, debtor: str, creditor: str, **more: object) -> dict[str, object]:
    """A payment within a country; `creditor_wallet` is a fact of the creditor."""
    sides = {"debtor.licences": [debtor], "creditor.licences": [creditor]}
    days = {"traded_on": WORKING, "settles_on": WORKING}
    facts = {
        name.replace("debtor_", "debtor.").replace("creditor_", "creditor."): value
        for name, value in more.items()
    }
    return dict(between(code, code, {"transaction": deed, **sides, **days, **facts}))


def mines(code: str, miner: str, **more: object) -> dict[str, object]:
    """A month of mining, from nowhere that is banned."""
    usual = {"creditor_regions": ["XA-SOUTH"], "creditor_isolated": False, **more}
    pays = {"XA": "operator", "XD": "platform"}[code]
    return at_home(code, "mining", pays, miner, **usual)


@pytest.mark.parametrize(("energy", "answer"), [(6000_00, Answer.ALLOW), (6000_01, Answer.DENY)])
def test_an_individual_mines_with_6000_kwh_a_month(energy: int, answer: Answer) -> None:
    said, grounds = judge(mines("XA", "individual", creditor_energy=energy))

    assert said is answer
    assert grounds[Outcome.DENY] == ({"XA.mining.household"} if answer else set())


def test_an_individual_whose_energy_nobody_knows_is_held() -> None:
    assert judge(mines("XA", "individual"))[0] is Answer.HOLD


def test_a_registered_miner_of_norland_has_no_cap_and_makes_its_return() -> None:
    said, grounds = judge(mines("XA", "miner", creditor_energy=10**12, creditor_mined=10**8))

    assert said is Answer.ALLOW
    assert grounds[Outcome.REPORT] == {"XA.reporting.miner", "XA.reporting.operator"}
    assert grounds[Outcome.COLLECT] == {"XA.tax.mined"}


def test_who_is_in_no_register_does_not_mine() -> None:
    said, grounds = judge(mines("XA", "bank"))

    assert said is Answer.DENY
    assert grounds[Outcome.DENY] == {"XA.mining.register"}


@pytest.mark.parametrize(
    ("day", "answer"),
    [
        (date(2026, 1, 1), Answer.DENY),
        (date(2026, 3, 15), Answer.DENY),
        (date(2026, 3, 16), Answer.ALLOW),
        (date(2026, 11, 14), Answer.ALLOW),
        (date(2026, 11, 15), Answer.DENY),
        (date(2026, 12, 31), Answer.DENY),
        (date(2027, 1, 1), Answer.DENY),
        (date(2027, 3, 15), Answer.DENY),
        (date(2027, 3, 16), Answer.ALLOW),
        (date(2027, 11, 14), Answer.ALLOW),
        (date(2027, 11, 15), Answer.DENY),
        (date(2028, 2, 29), Answer.DENY),
    ],
)
@pytest.mark.parametrize("miner", ["miner", "individual"])
def test_in_winter_nobody_mines_but_from_isolated_generation(
    day: date, answer: Answer, miner: str
) -> None:
    month = mines("XA", miner, creditor_energy=1, traded_on=day, settles_on=day)

    said, grounds = judge(month)
    assert said is answer
    assert grounds[Outcome.DENY] == ({"XA.mining.season"} if answer else set())
    assert judge({**month, "creditor.isolated": True})[0] is Answer.ALLOW
    assert judge({**month, "creditor.isolated": None})[0] is min(answer, Answer.HOLD)


def test_a_month_of_which_one_day_is_in_winter_is_of_winter() -> None:
    first = {"traded_on": date(2026, 3, 15), "settles_on": date(2026, 4, 1)}
    last = {"traded_on": date(2026, 11, 1), "settles_on": date(2026, 11, 15)}

    assert [judge(mines("XA", "miner", **days))[0] for days in (first, last)] == [Answer.DENY] * 2


@pytest.mark.parametrize(
    ("isolated", "answer"), [(True, Answer.ALLOW), (False, Answer.DENY), (None, Answer.HOLD)]
)
@pytest.mark.parametrize("regions", [["XA-NORTH"], ["XA-EAST"], ["XA-WEST", "XA-NORTH"]])
def test_in_a_banned_region_only_isolated_generation_mines(
    regions: Sequence[str], isolated: object, answer: Answer
) -> None:
    month = mines("XA", "miner", creditor_regions=regions, creditor_isolated=isolated)

    assert judge(month)[0] is answer


@pytest.mark.parametrize("isolated", [True, False])
@pytest.mark.parametrize("regions", [["XA-SOUTH"], ["XA-WEST"], ["XA-SOUTH", "XA-WEST"]])
def test_where_nothing_is_banned_every_power_mines(regions: Sequence[str], isolated: bool) -> None:
    month = mines("XA", "miner", creditor_regions=regions, creditor_isolated=isolated)

    assert judge(month)[0] is Answer.ALLOW


@pytest.mark.parametrize(
    ("isolated", "answer"), [(True, Answer.ALLOW), (False, Answer.HOLD), (None, Answer.HOLD)]
)
def test_a_region_that_nobody_knows_may_be_banned(isolated: object, answer: Answer) -> None:
    month = mines("XA", "miner", creditor_regions=None, creditor_isolated=isolated)

    assert judge(month)[0] is answer


def test_the_schedule_of_regions_is_half_of_norland() -> None:
    (rule,) = (one for one in LAW.rules if one.id == "XA.mining.region")

    assert rule.parameters["schedule"].value == ("XA-NORTH", "XA-EAST")
    assert len(LAW.jurisdictions["XA"].regions) == 4


def invests(total: int, *classes: str, **more: object) -> dict[str, object]:
    usual = {"creditor_tested": True, "origin": "platform", **more}
    deed = at_home("XA", "investment", "platform", "", **usual)
    return {**deed, "creditor.licences": classes, "window.total.USD": total}


@pytest.mark.parametrize(
    ("investment", "against"),
    [
        (invests(300_000_00, "investor"), set()),
        (invests(300_000_01, "investor"), {"XA.investors.cap"}),
        (invests(10**15, "qualified-investor"), set()),
        (invests(10**15, "qualified-investor", "investor"), set()),
        (invests(1, "qualified-investor", creditor_tested=False), {"XA.investors.test"}),
        (invests(1, "investor", creditor_tested=False), {"XA.investors.test"}),
        (invests(1, "investor", asset="asset-token"), {"XA.investors.liquid"}),
        (invests(1, "qualified-investor", asset="asset-token"), set()),
        (invests(1, "qualified-investor", asset="anonymous-token"), {"XA.assets.anonymous"}),
        (invests(1, "investor", debtor_licences=["miner"]), {"XA.investors.intermediary"}),
    ],
)
def test_investors_are_capped_tested_and_guided(investment: Payment, against: set[str]) -> None:
    said, grounds = judge(investment)

    assert said is (Answer.DENY if against else Answer.ALLOW)
    assert grounds[Outcome.DENY] == against


@pytest.mark.parametrize(
    ("debtor", "creditor", "units", "asked"),
    [
        ("XA", "XB", 3_000_000_00, set()),
        ("XA", "XB", 3_000_000_01, {"XA.contracts.import"}),
        ("XB", "XA", 10_000_000_00, set()),
        ("XB", "XA", 10_000_000_01, {"XA.contracts.export"}),
        ("XA", "XD", 3_000_000_01, {"XA.contracts.import"}),
    ],
)
@pytest.mark.parametrize("registered", [False, None])
def test_a_contract_not_registered_is_asked_for_and_stops_nothing(
    debtor: str, creditor: str, units: int, asked: set[str], registered: object
) -> None:
    deal = {"units": units, "invoiced_in": "USD", "contract_registered": registered}

    said, grounds = judge(between(debtor, creditor, deal))
    assert said is Answer.ALLOW
    assert grounds[Outcome.COLLECT] == asked
    assert not judge(between(debtor, creditor, {**deal, "contract_registered": True}))[1][
        Outcome.COLLECT
    ]


def moves(cents: int, **more: object) -> dict[str, object]:
    """A transfer of so many cents of a euro within Sudmark, to a wallet nobody has proven."""
    usual = {
        "debtor_record_complete": True,
        "creditor_record_complete": True,
        "debtor_wallet": "hosted",
        "creditor_wallet": "self-hosted",
        "creditor_wallet_proven": False,
        "origin": "trade",
        "units": cents,
        **more,
    }
    return {"window.total.EUR": cents, **at_home("XB", "transfer", "bank", "exporter", **usual)}


@pytest.mark.parametrize(("cents", "answer"), [(1_000_00, Answer.ALLOW), (1_000_01, Answer.DENY)])
def test_a_wallet_is_proven_above_1000_euro(cents: int, answer: Answer) -> None:
    said, grounds = judge(moves(cents))

    assert said is answer
    assert grounds[Outcome.DENY] == ({"XB.wallets.proof"} if answer else set())
    assert judge(moves(cents, creditor_wallet_proven=True))[0] is Answer.ALLOW
    assert judge(moves(cents, creditor_wallet="hosted"))[0] is Answer.ALLOW


@pytest.mark.parametrize(("cents", "answer"), [(1_000_00, Answer.ALLOW), (1_000_01, Answer.HOLD)])
def test_transfers_of_one_day_count_together(cents: int, answer: Answer) -> None:
    assert judge({**moves(600_00), "window.total.EUR": cents})[0] is answer


@pytest.mark.parametrize("cents", [1, 1_000_00])
@pytest.mark.parametrize("side", PARTIES)
def test_no_transfer_is_too_small_for_its_record(cents: int, side: str) -> None:
    said, grounds = judge(moves(cents))
    assert said is Answer.ALLOW
    assert "XB.travel-rule.record" in grounds[Outcome.COLLECT]

    said, grounds = judge({**moves(cents), f"{side}.record_complete": False})
    assert said is Answer.DENY
    assert grounds[Outcome.DENY] == {"XB.travel-rule.incomplete"}
    assert "XB.reporting.refused" in grounds[Outcome.REPORT]  # a refusal is reported too
    assert "XB.travel-rule.record" in grounds[Outcome.COLLECT]
    assert judge({**moves(cents), f"{side}.record_complete": None})[0] is Answer.HOLD


@pytest.mark.parametrize(
    ("cents", "traded_on", "told"),
    [
        (14_999_99, date(2026, 6, 30), False),
        (15_000_00, date(2026, 6, 30), True),
        (9_999_99, date(2026, 7, 1), False),
        (10_000_00, date(2026, 7, 1), True),
    ],
)
def test_what_was_traded_before_a_change_is_told_by_the_old_figure(
    cents: int, traded_on: date, told: bool
) -> None:
    days = {"traded_on": traded_on, "settles_on": date(2026, 7, 3)}

    _, grounds = judge(between("XA", "XB", {"units": cents, **days}))
    assert ("XB.reporting.large" in grounds[Outcome.REPORT]) is told


@pytest.mark.parametrize(
    ("satoshi", "answer"),
    [(75 * 10**8, Answer.ALLOW), (75 * 10**8 - 1, Answer.DENY), (None, Answer.HOLD)],
)
def test_ostlands_miners_sell_75_percent_through_platforms(satoshi: object, answer: Answer) -> None:
    month = mines(
        "XD",
        "miner",
        creditor_power="surplus",
        creditor_mined=100 * 10**8,
        creditor_sold_on_platforms=satoshi,
    )

    said, grounds = judge(month)
    assert said is answer
    assert grounds[Outcome.DENY] == ({"XD.mining.share"} if answer else set())
    for power in ("grid", "own"):
        said, grounds = judge({**month, "creditor.power": power})
        assert said is Answer.DENY
        assert "XD.mining.surplus" in grounds[Outcome.DENY]


@pytest.mark.parametrize(
    ("count", "cents", "answer"),
    [
        (1_000_000, 200_000_000_00, Answer.ALLOW),
        (1_000_001, 200_000_000_00, Answer.DENY),
        (1_000_000, 200_000_000_01, Answer.DENY),
        (1_000_001, None, Answer.DENY),
        (None, 200_000_000_01, Answer.DENY),
        (1_000_000, None, Answer.HOLD),
    ],
)
@pytest.mark.parametrize("other", ["XA", "XB"])
def test_each_cap_alone_closes_the_day_of_a_foreign_stablecoin(
    count: object, cents: object, answer: Answer, other: str
) -> None:
    day = {"window.count": count, "window.total.EUR": cents}

    payment = between(other, "XD", {**day, "asset": "foreign-stablecoin"})
    said, grounds = judge(payment)
    assert said is answer
    assert grounds[Outcome.DENY] == ({"XD.caps.stablecoin"} if answer else set())
    assert judge({**payment, "asset": "coin"})[0] is Answer.ALLOW


@pytest.mark.parametrize("asset", WORDS["asset"])
@pytest.mark.parametrize("deed", WORDS["transaction"])
@pytest.mark.parametrize("side", PARTIES)
def test_vestria_bars_norlands_platforms_whatever_else(asset: str, deed: str, side: str) -> None:
    other = "creditor" if side == "debtor" else "debtor"
    homes = ("XA", "XC") if side == "debtor" else ("XC", "XA")
    sides = {f"{side}.licences": [*WORDS["class"]], f"{other}.licences": ["bank"]}

    said, grounds = judge(between(*homes, {"asset": asset, "transaction": deed, **sides}))
    assert said is Answer.DENY
    assert "XC.corridor.norland-platforms" in grounds[Outcome.DENY]


@pytest.mark.parametrize(
    ("home", "licences", "answer"),
    [
        ("XA", ["platform"], Answer.DENY),
        ("XA", ["bank", "platform"], Answer.DENY),
        ("XA", ["bank"], Answer.ALLOW),
        ("XD", ["platform"], Answer.ALLOW),
        ("XB", ["bank", "platform"], Answer.ALLOW),
    ],
)
def test_vestria_trades_with_all_others(home: str, licences: list[str], answer: Answer) -> None:
    assert judge(between(home, "XC", {"debtor.licences": licences}))[0] is answer
    turned = {"debtor.licences": ["bank"], "creditor.licences": licences}
    assert judge(between("XC", home, turned))[0] is answer


def test_vestria_keeps_records_for_8_years_and_so_does_the_house() -> None:
    by_country = {
        one.head.jurisdiction: one.bound for one in LAW.on_standard("records.kept", WORKING)
    }

    assert by_country == {"XA": 5, "XB": 5, "XC": 8, "XD": 5}
    assert LAW.standard("records.kept", WORKING) == 8


@pytest.mark.parametrize("debtor", COUNTRIES)
@pytest.mark.parametrize("creditor", COUNTRIES)
def test_all_four_trade_with_each_other_and_none_pays_at_home(debtor: str, creditor: str) -> None:
    abroad = debtor != creditor

    trade = between(debtor, creditor, {"transaction": "trade" if abroad else "domestic"})
    assert judge(trade)[0] is (Answer.ALLOW if abroad else Answer.DENY)


def test_at_home_vestria_pays_in_its_own_stablecoin_alone() -> None:
    for asset in WORDS["asset"]:
        said, _ = judge(at_home("XC", "domestic", "importer", "exporter", asset=asset))
        assert said is (Answer.ALLOW if asset == "home-stablecoin" else Answer.DENY)


# --- what is not known holds nothing up between Norland and Sudmark ------------------------------

BUYERS = {"XA": ("importer", "platform", "bank", "miner"), "XB": ("importer", "exporter", "bank")}
SELLERS = {"XA": ("exporter", "platform", "bank", "miner"), "XB": BUYERS["XB"]}
NUMBERS: Mapping[Sort, tuple[int, int]] = {
    Sort.AMOUNT: (0, 21 * 10**14),
    Sort.QUANTITY: (0, 10**15),
}


def licences(opening: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """A licence that opens the trade, and any others beside it."""
    others = st.lists(st.sampled_from(WORDS["class"]), unique=True)
    return st.tuples(st.sampled_from(opening), others).map(lambda both: [both[0], *both[1]])


def values(name: str) -> st.SearchStrategy[object]:
    """Anything that an optional fact can be, or nothing."""
    fact = OF_PARTY[name.split(".")[1]] if "." in name else OF_MATTER[name]
    match fact.type.sort:
        case Sort.TRUTH:
            return st.none() | st.booleans()
        case Sort.TEXT:
            return st.none() | st.sampled_from([*LAW.vocabulary.words(fact.type.of)])
        case Sort.SET:
            words = st.sampled_from([*LAW.vocabulary.words(fact.type.of)])
            return st.none() | st.lists(words, unique=True)
        case sort:
            return st.none() | st.integers(*NUMBERS[sort])


OPTIONAL = [name for name, fact in OF_MATTER.items() if fact.optional]
OPTIONAL += [
    f"{side}.{name}" for side in PARTIES for name, each in OF_PARTY.items() if each.optional
]
WINDOWS = ["window.count", *(f"window.total.{currency}" for currency in CURRENCIES)]


@st.composite
def trades(draw: st.DrawFn) -> Payment:
    """Trade in coin between licensed residents of Norland and Sudmark, on any day."""
    debtor, creditor = draw(st.sampled_from([("XA", "XB"), ("XB", "XA")]))
    traded_on = draw(st.dates(date(2026, 1, 1), date(2029, 12, 31)))
    return between(
        debtor,
        creditor,
        {
            "debtor.licences": draw(licences(BUYERS[debtor])),
            "creditor.licences": draw(licences(SELLERS[creditor])),
            "invoiced_in": draw(st.sampled_from([*CURRENCIES])),
            "units": draw(st.integers(1, 10**17)),
            "traded_on": traded_on,
            "settles_on": traded_on + timedelta(days=draw(st.integers(0, 400))),
        },
    )


@settings(deadline=None)
@given(trades())
def test_trade_of_which_nothing_else_is_known_is_allowed(trade: Payment) -> None:
    said, grounds = judge(trade)

    assert said is Answer.ALLOW
    assert not grounds[Outcome.DENY] | grounds[Outcome.HOLD]


@settings(deadline=None)
@given(trades(), st.fixed_dictionaries({name: values(name) for name in OPTIONAL}), st.data())
def test_nor_does_anything_that_may_be_known_stop_it(
    trade: Payment, known: Payment, data: st.DataObject
) -> None:
    totals = {name: data.draw(st.none() | st.integers(0, 10**12)) for name in WINDOWS}

    assert judge({**trade, **known, **totals})[0] is Answer.ALLOW


def test_what_stops_a_payment_says_of_which_assets_or_deeds() -> None:
    """Where it reads what may be missing: else it would hold all trade up."""
    unscoped = [
        rule.id
        for rule in LAW.rules
        if rule.outcome not in {*DUES, Outcome.ALLOW}
        and rule.doubtful()
        and (not rule.scope.transactions or "trade" in rule.scope.transactions)
        and (not rule.scope.assets or "coin" in rule.scope.assets)
    ]

    assert unscoped == []
