"""Mutants: a rule with one thing changed, each of which a good set of cases notices.

What is changed is written out here, kind by kind; what cases notice is worked out by hand.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from tests.drawn_laws import Drawn, laws
from tests.full_law import BASE
from tests.laws import SHIPPED, Content, read
from tests.sentences import START, book, rule, standard

from clearhouse.core.rulebook import (
    STANDARDS,
    Role,
    Rule,
    Rulebook,
    RulebookMalformed,
    parse,
)
from clearhouse.core.rulebook.closures import failing
from clearhouse.core.rulebook.mutation import (
    Mutant,
    Tried,
    mutants,
    mutants_of_closure,
    mutants_of_standard,
    try_mutants,
)
from clearhouse.core.rulebook.rule import StandardRule
from clearhouse.core.rulebook.vectors import bench
from clearhouse.core.rulebook.vocabulary import EPOCH, WORDS

ID = "XA.one"
GREATEST = 2**63 - 1
RATE = {"name": "fixing", "on": "trade"}
WINDOW = {"by": "pair", "days": 30}
NEEDS: Content = {"rate": RATE, "window": WINDOW}


def one(when: str = "true", **said: Any) -> tuple[Rule, Rulebook]:
    """A rule of XA, and the law it is of."""
    law = book(rule(ID, "HOLD", when=when, **said), places=["XA", "XB"])
    (made,) = (each for each in law.rules if each.id == ID)
    return made, law


def all_of(when: str = "true", **said: Any) -> list[Mutant]:
    made, law = one(when, **said)
    return [*mutants(made, law.vocabulary)]


def changes(when: str = "true", **said: Any) -> list[str]:
    """What is changed, in the order in which it is told."""
    return [each.change for each in all_of(when, **said)]


def parameter(value: object, unit: str) -> Content:
    return {"parameters": {"known": {"value": value, "unit": unit}}}


def test_a_closure_loses_each_of_its_places_and_ends_and_its_cases_notice() -> None:
    law = parse(BASE)
    (rule,) = law.closures

    found = [one.change for one in mutants_of_closure(rule)]

    gone = [*rule.places, *rule.ends]
    assert found == [f"without {one}" for one in gone]
    tried = [one for one in try_mutants(law) if one.mutant.id == rule.head.id]
    assert [one.noticed for one in tried] == [True] * len(gone)
    free = replace(rule, shut=rule.shut[:1])
    noticed = [failing(replace(free, places=("KV",))), failing(replace(free, ends=("flag",)))]
    assert noticed == [None, ("shut", 0)], "one case tells no more than it says"


# --- each kind of change -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "others"),
    [
        ("==", ["!="]),
        ("!=", ["=="]),
        ("<", ["<=", ">"]),
        ("<=", ["<", ">="]),
        (">", [">=", "<"]),
        (">=", [">", "<="]),
    ],
)
def test_a_comparison_becomes_its_neighbour_and_its_opposite(op: str, others: list[str]) -> None:
    """Both are of facts, so that the comparison is all that can be changed."""
    days = {"traded_on": START, "settles_on": START}
    later, earlier = ({**days, name: START + timedelta(days=1)} for name in days)
    fires = {"==": days, "!=": later, "<": earlier, "<=": days, ">": later, ">=": days}[op]

    found = all_of(f"traded_on {op} settles_on", fires=[fires])

    assert [each.change for each in found] == [
        f"at 11 of its condition: {other} for {op}" for other in others
    ]
    assert [each.rule.when.op for each in found if isinstance(each.rule, Rule)] == others


def test_a_connective_becomes_the_other_and_each_side_is_changed() -> None:
    facts = {"contract_registered": True, "debtor.tested": True}

    for op, other in (("&&", "||"), ("||", "&&")):
        assert changes(f"contract_registered {op} debtor.tested", fires=[facts]) == [
            f"at 21 of its condition: {other} for {op}",
            "at 1 of its condition: not contract_registered",
            "at 24 of its condition: not debtor.tested",
        ]


def test_a_negation_is_left_out_and_what_it_negates_is_changed() -> None:
    assert changes("!contract_registered", fires=[{"contract_registered": False}]) == [
        "at 1 of its condition: without !",
        "at 2 of its condition: not contract_registered",
    ]


def test_sums_and_differences_change_places() -> None:
    for op, other in (("+", "-"), ("-", "+")):
        found = changes(
            f"window.count {op} month_day != month_day", window=WINDOW, fires=[{"window.count": 5}]
        )
        assert found == [
            "at 26 of its condition: == for !=",
            f"at 14 of its condition: {other} for {op}",
        ]


def test_products_and_quotients_are_changed_in_their_numbers_alone() -> None:
    for op in ("*", "/", "%"):
        found = changes(
            f"window.count {op} 5 != window.count", window=WINDOW, fires=[{"window.count": 6}]
        )
        assert found == [
            "at 18 of its condition: == for !=",
            "at 16 of its condition: 4 for 5",
            "at 16 of its condition: 6 for 5",
        ]


def test_membership_is_negated_and_each_word_of_its_list_is_left_out() -> None:
    assert changes('origin in ["mixed", "mined"]', fires=[{"origin": "mixed"}]) == [
        "at 8 of its condition: not in",
        "at 11 of its condition: without 'mixed'",
        "at 11 of its condition: without 'mined'",
    ]


def test_an_intersection_is_negated_and_each_word_of_its_list_is_left_out() -> None:
    found = changes(
        'sets.intersects(debtor.licences, ["bank", "miner"])',
        fires=[{"debtor.licences": ["bank"]}],
    )
    assert found == [
        "at 1 of its condition: not intersects",
        "at 34 of its condition: without 'bank'",
        "at 34 of its condition: without 'miner'",
    ]


def test_a_list_of_one_word_can_be_left_empty() -> None:
    made, law = one('origin in ["mixed"]', fires=[{"origin": "mixed"}])

    (_, emptied) = mutants(made, law.vocabulary)

    assert isinstance(emptied.rule, Rule)
    assert emptied.rule.when.args[1].value == ()
    assert bench(made, law.vocabulary).failures(emptied.rule)


def test_a_number_that_is_written_out_is_one_more_and_one_less() -> None:
    assert changes("window.count != 7", window=WINDOW, fires=[{"window.count": 1}])[1:] == [
        "at 17 of its condition: 6 for 7",
        "at 17 of its condition: 8 for 7",
    ]


def test_texts_compared_with_are_left_as_they_are() -> None:
    """A single word has no neighbour; a parameter of words has all others."""
    assert changes('origin == "mixed"', fires=[{"origin": "mixed"}]) == [
        "at 8 of its condition: != for =="
    ]


@pytest.mark.parametrize(
    ("when", "value", "unit", "units", "facts"),
    [
        ("amount.EUR != known", "10.50", "EUR", 1050, {"amount.EUR": "1.00"}),
        ("amount.USD != known", 3, "USD", 300, {"amount.USD": "1.00"}),
        ("amount.BTC != known", "0.5", "BTC", 50_000_000, {"amount.BTC": "1"}),
        ("amount.EUR != known", "0", "EUR", 0, {"amount.EUR": "1.00"}),
        ("debtor.energy != known", "2.5", "kWh", 250, {"debtor.energy": "1"}),
        ("window.count != known", 7, "count", 7, {"window.count": 1}),
        ("window.count != known", "0", "count", 0, {"window.count": 1}),
        ("window.count != known", 25, "percent", 25, {"window.count": 1}),
        ("window.count != known", 1, "per mille", 1, {"window.count": 2}),
        ("month_day != known", "11-15", "month-day", 1115, {}),
        ("on != known", date(2026, 3, 1), "day", date(2026, 3, 1).toordinal() - EPOCH, {}),
        ("on != known", date(1970, 1, 1), "day", 0, {}),
    ],
)
def test_a_parameter_is_one_minor_unit_less_and_more(
    when: str, value: object, unit: str, units: int, facts: Content
) -> None:
    found = all_of(when, **parameter(value, unit), **NEEDS, fires=[facts])

    assert [each.change for each in found[1:]] == [
        f"known: {units - 1} for {units} minor units",
        f"known: {units + 1} for {units} minor units",
    ]
    assert [each.rule.parameters["known"].value for each in found if isinstance(each.rule, Rule)][
        1:
    ] == [units - 1, units + 1]


def test_a_parameter_of_words_loses_each_of_them() -> None:
    found = changes(
        "origin in known",
        **parameter(["mixed", "mined", "trade"], "origin"),
        fires=[{"origin": "mixed"}],
    )
    assert found == [
        "at 8 of its condition: not in",
        "known: without 'mixed'",
        "known: without 'mined'",
        "known: without 'trade'",
    ]


@pytest.mark.parametrize("word", WORDS["origin"])
def test_a_parameter_of_one_word_becomes_each_other_word(word: str) -> None:
    found = changes("origin == known", **parameter(word, "origin"), fires=[{"origin": word}])

    assert found[1:] == [
        f"known: {other!r} for {word!r}" for other in WORDS["origin"] if other != word
    ]


def test_a_place_becomes_each_other_place_and_nowhere() -> None:
    found = changes(
        "debtor.residence == known",
        **parameter("XB", "jurisdiction"),
        fires=[{"debtor.residence": "XB"}],
    )
    assert found[1:] == ["known: '--' for 'XB'", "known: 'XA' for 'XB'"]


def test_a_parameter_that_is_read_twice_is_changed_once() -> None:
    found = changes(
        "window.count > known || month_day < known",
        **parameter(7, "count"),
        **NEEDS,
        fires=[{"window.count": 8}],
    )
    assert [each for each in found if each.startswith("known")] == [
        "known: 6 for 7 minor units",
        "known: 8 for 7 minor units",
    ]


def test_a_scope_loses_each_of_its_words_and_opens_to_all() -> None:
    found = changes(
        roles=["debtor", "creditor"],
        scope={
            "classes": ["bank", "miner"],
            "assets": ["coin", "asset-token"],
            "transactions": ["trade", "sale", "offer"],
        },
    )
    assert found == [
        "roles: without debtor",
        "roles: without creditor",
        "classes: without bank",
        "classes: without miner",
        "classes: for all",
        "assets: without coin",
        "assets: without asset-token",
        "assets: for all",
        "transactions: without trade",
        "transactions: without sale",
        "transactions: without offer",
        "transactions: for all",
    ]


def test_a_scope_of_one_word_opens_to_all_and_is_never_left_empty() -> None:
    """No word left would be all words: the same mutant twice."""
    for name, word in (("classes", "bank"), ("assets", "coin"), ("transactions", "sale")):
        assert changes(roles=["debtor"], scope={name: [word]}) == [f"{name}: for all"]


@pytest.mark.parametrize("role", Role)
def test_a_rule_with_one_role_and_no_condition_has_no_mutants(role: Role) -> None:
    assert changes(roles=[str(role)]) == []


def test_a_mutant_of_a_role_looks_from_the_other_alone() -> None:
    found = [each.rule for each in all_of(roles=["debtor", "creditor"])]

    assert [each.scope.roles for each in found if isinstance(each, Rule)] == [
        (Role.CREDITOR,),
        (Role.DEBTOR,),
    ]


@pytest.mark.parametrize("day", ["trade", "settlement"])
def test_a_transition_is_left_out(day: str) -> None:
    (found,) = all_of(transition={"on": day, "citation": "art. 99"})

    assert found.change == f"without its transition (as of the {day} date alone)"
    assert isinstance(found.rule, Rule)
    assert found.rule.transition is None


@pytest.mark.parametrize("name", STANDARDS)
def test_a_standard_is_one_unit_less_and_more(name: str) -> None:
    bound = STANDARDS[name].core
    (made,) = book(rule(ID), standard("XA", name, bound)).standards

    found = [*mutants_of_standard(made)]

    assert [each.change for each in found] == [
        f"{bound - 1} for {bound}",
        f"{bound + 1} for {bound}",
    ]
    assert [each.rule for each in found] == [
        replace(made, bound=bound - 1),
        replace(made, bound=bound + 1),
    ]
    assert {each.id for each in found} == {f"XA.standard.{name}"}


def test_what_is_not_a_slip_of_the_condition_is_not_changed() -> None:
    """Ids, citations, days in force, outcomes, windows and rates are as they were."""
    made, law = one(
        "window.total.EUR > known",
        **parameter("5.00", "EUR"),
        **NEEDS,
        waivable=True,
        fires=[{"window.total.EUR": "5.01"}],
    )
    changeable = {"when", "parameters", "scope", "transition"}

    for mutant in mutants(made, law.vocabulary):
        differing = {
            field.name
            for field in fields(Rule)
            if getattr(mutant.rule, field.name) != getattr(made, field.name)
        }
        assert len(differing & changeable) == len(differing) == 1
        assert mutant.id == ID


# --- what cases notice ---------------------------------------------------------------------------

BEFORE = START - timedelta(days=1)
FIRES: Sequence[Content] = (
    {},
    {"origin": "mined", "party.licences": ["miner"], "transaction": "sale"},
)
SILENT: Sequence[Content] = (
    {"window.count": 2},
    {"origin": "unexplained"},
    {"party.licences": ["exporter"]},
    {"transaction": "domestic"},
    {"traded_on": BEFORE},
)
BOUNDARIES: Content = {
    "when": 'window.count >= few && origin in ["mixed", "mined"]',
    "roles": ["debtor", "creditor"],
    "scope": {"classes": ["bank", "miner"], "transactions": ["trade", "sale"]},
    "parameters": {"few": {"value": 3, "unit": "count"}},
    "window": WINDOW,
    "transition": {"on": "trade", "citation": "art. 99"},
}
GIVEN = {"window.count": 3, "origin": "mixed", "party.licences": ["bank"]}


def bounded(fires: Sequence[Content], silent: Sequence[Content]) -> list[Tried]:
    """The mutants of the rule above, put to some of its cases."""
    cases = {"fires": fires, "silent": silent}
    full: Content = {
        name: [{**GIVEN, **each} for each in several] for name, several in cases.items()
    }
    law = book(rule(ID, "HOLD", **full, **BOUNDARIES))
    return [each for each in try_mutants(law) if each.mutant.id == ID]


def held_to(fires: Sequence[Content] = FIRES, silent: Sequence[Content] = SILENT) -> set[str]:
    """The changes that these cases do not notice."""
    return {each.mutant.change for each in bounded(fires, silent) if not each.noticed}


def but(cases: Sequence[Content], *gone: int) -> list[Content]:
    return [each for number, each in enumerate(cases) if number not in gone]


def test_a_rule_with_cases_at_its_boundaries_notices_every_change() -> None:
    tried = bounded(FIRES, SILENT)

    assert all(each.noticed for each in tried)
    assert [each.mutant.change for each in tried] == [
        "at 21 of its condition: || for &&",
        "at 14 of its condition: > for >=",
        "at 14 of its condition: <= for >=",
        "at 31 of its condition: not in",
        "at 34 of its condition: without 'mixed'",
        "at 34 of its condition: without 'mined'",
        "few: 2 for 3 minor units",
        "few: 4 for 3 minor units",
        "roles: without debtor",
        "roles: without creditor",
        "classes: without bank",
        "classes: without miner",
        "classes: for all",
        "transactions: without trade",
        "transactions: without sale",
        "transactions: for all",
        "without its transition (as of the trade date alone)",
    ]


@pytest.mark.parametrize(
    ("gone", "unnoticed"),
    [
        (
            0,
            {
                "at 34 of its condition: without 'mixed'",
                "classes: without bank",
                "transactions: without trade",
            },
        ),
        (
            1,
            {
                "at 34 of its condition: without 'mined'",
                "classes: without miner",
                "transactions: without sale",
            },
        ),
    ],
)
def test_without_a_case_that_fires_its_words_go_unnoticed(gone: int, unnoticed: set[str]) -> None:
    assert held_to(fires=but(FIRES, gone)) == unnoticed


@pytest.mark.parametrize(
    ("gone", "unnoticed"),
    [
        ((0,), {"at 14 of its condition: <= for >=", "few: 2 for 3 minor units"}),
        ((1,), set()),  # the first notices || too
        (
            (0, 1),
            {
                "at 21 of its condition: || for &&",
                "at 14 of its condition: <= for >=",
                "few: 2 for 3 minor units",
            },
        ),
        ((2,), {"classes: for all"}),
        ((3,), {"transactions: for all"}),
        ((4,), {"without its transition (as of the trade date alone)"}),
        (
            (2, 3, 4),
            {
                "classes: for all",
                "transactions: for all",
                "without its transition (as of the trade date alone)",
            },
        ),
    ],
)
def test_without_a_case_that_is_silent_its_boundary_goes_unnoticed(
    gone: tuple[int, ...], unnoticed: set[str]
) -> None:
    assert held_to(silent=but(SILENT, *gone)) == unnoticed


def test_a_case_beside_the_boundary_does_not_notice_a_step_over_it() -> None:
    far = [{"window.count": 1}, *SILENT[1:]]

    assert held_to(silent=far) == {"few: 2 for 3 minor units"}
    assert held_to(fires=[{"window.count": 4, **each} for each in FIRES]) == {
        "at 14 of its condition: > for >=",
        "few: 4 for 3 minor units",
    }


def test_a_case_that_cannot_be_told_notices_what_would_be_told() -> None:
    """Where one fact is unknown the answer of "and" hangs on the other; of "or" it does not."""
    facts = {"contract_registered": True, "debtor.tested": True}
    said: Content = {"when": "contract_registered && debtor.tested", "fires": [facts]}
    blind = [each.mutant.change for each in try_mutants(book(rule(ID, **said))) if not each.noticed]
    assert blind == ["at 21 of its condition: || for &&"]

    law = book(rule(ID, **said, unknown=[{"contract_registered": True}]))
    assert [each for each in try_mutants(law) if not each.noticed] == []


@pytest.mark.parametrize(
    ("name", "bound", "met", "missed", "unnoticed"),
    [
        ("screening.list-age", 48, [48], [49], []),
        ("screening.list-age", 48, [47], [49], ["47 for 48"]),
        ("screening.list-age", 48, [48], [50], ["49 for 48"]),
        ("screening.list-age", 48, [0], [100], ["47 for 48", "49 for 48"]),
        ("records.kept", 8, [8], [7], []),
        ("records.kept", 8, [9], [7], ["9 for 8"]),
        ("records.kept", 8, [8], [6], ["7 for 8"]),
        ("records.kept", 8, [100], [0], ["7 for 8", "9 for 8"]),
    ],
)
def test_a_standard_is_noticed_at_its_bound_and_no_further(
    name: str, bound: int, met: list[int], missed: list[int], unnoticed: list[str]
) -> None:
    said = standard("XA", name, bound)
    law = book(rule(ID), replace(said, content={**said.content, "met": met, "missed": missed}))

    tried = [each for each in try_mutants(law) if isinstance(each.mutant.rule, StandardRule)]

    assert [each.mutant.change for each in tried if not each.noticed] == unnoticed
    assert len(tried) == 2


def test_every_sentence_of_a_law_is_tried() -> None:
    two = (rule("XA.b", roles=["debtor", "creditor"]), rule("XB.a", roles=["debtor", "creditor"]))
    law = book(*two, standard("XB", "records.kept", 7))

    tried = [each.mutant.id for each in try_mutants(law)]

    assert [id for id in tried if not id.startswith("ZZ.")] == [
        *["XA.b"] * 2,
        *["XB.a"] * 2,
        *["XB.standard.records.kept"] * 2,
    ]


# --- what no mutant is ---------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["/", "%"])
@pytest.mark.parametrize("divisor", [1, 2, 3])
def test_a_divisor_never_becomes_zero(op: str, divisor: int) -> None:
    fires = [{"window.count": 7}]
    written = f"window.count {op} {divisor} < month_day"
    found = changes(written, window=WINDOW, fires=fires)
    assert [each for each in found if each.startswith("at 16 ")] == [
        f"at 16 of its condition: {other} for {divisor}"
        for other in (divisor - 1, divisor + 1)
        if other
    ]

    named = f"window.count {op} known < month_day"
    found = changes(named, **parameter(divisor, "count"), window=WINDOW, fires=fires)
    assert [each for each in found if each.startswith("known")] == [
        f"known: {other} for {divisor} minor units" for other in (divisor - 1, divisor + 1) if other
    ]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("window.count / (1 + 1) >= 0", {}),
        ("window.count / (2 - 1) >= 0", {}),
        ("window.count % (3 - 2) >= 0", {}),
        ("window.count / (known - 2) >= 0", parameter(3, "count")),
        ("window.count / (known * 1) >= 0", parameter(1, "count")),
        ("window.count / -(-known) >= 0", parameter(1, "count")),
        ("window.count / (7 / 4) >= 0", {}),
    ],
)
def test_a_divisor_that_a_change_within_it_could_make_zero_is_no_law(
    when: str, said: Content
) -> None:
    with pytest.raises(RulebookMalformed, match="a divisor is a whole number above zero"):
        one(when, **said, window=WINDOW, fires=[{"window.count": 7}])


def test_the_greatest_number_does_not_become_a_greater_one() -> None:
    found = changes(f"window.count < {GREATEST}", window=WINDOW, fires=[{"window.count": 7}])

    assert found[2:] == [f"at 16 of its condition: {GREATEST - 1} for {GREATEST}"]


def test_a_number_that_divides_nothing_becomes_zero_and_less() -> None:
    for number in (0, 1):
        found = changes(f"month_day != {number}", fires=[{}])
        assert f"at 14 of its condition: {number - 1} for {number}" in found


def differences(rule: Rule, mutant: Mutant) -> int:
    assert isinstance(mutant.rule, Rule)
    return sum(
        getattr(rule, field.name) != getattr(mutant.rule, field.name) for field in fields(Rule)
    )


@given(laws())
@settings(max_examples=30)
def test_no_mutant_equals_its_rule_and_each_differs_in_one_thing(drawn: Drawn) -> None:
    law = drawn.read()
    for each in law.rules:
        for mutant in mutants(each, law.vocabulary):
            assert differences(each, mutant) == 1


@given(laws())
@settings(max_examples=30)
def test_every_mutant_can_be_put_to_the_cases_of_its_rule(drawn: Drawn) -> None:
    """It is not typed again, and it fails at nothing but cases: the rule itself fails at none."""
    law = drawn.read()
    for each in law.rules:
        tried = bench(each, law.vocabulary)
        assert tried.failures(each) == []
        for mutant in mutants(each, law.vocabulary):
            assert isinstance(mutant.rule, Rule)
            failures = tried.failures(mutant.rule)
            assert all(failure.case in tried.cases for failure in failures)


def test_no_two_mutants_of_a_shipped_rule_are_the_same() -> None:
    law = read(SHIPPED)
    for each in law.rules:
        found = [mutant.rule for mutant in mutants(each, law.vocabulary)]
        assert all(one != other for n, one in enumerate(found) for other in found[:n])
        assert each not in found


def test_cases_are_the_rules_own_whatever_becomes_of_its_scope() -> None:
    """A mutant of a scope is put to the same payments, which do not move with it."""
    said: Content = {"scope": {"transactions": ["sale", "trade"]}, "roles": ["debtor"]}
    narrow, law = one(**said, silent=[{"transaction": "offer"}])
    wide, _ = one(**said)

    def noticed(by: Rule) -> list[bool]:
        tried = bench(by, law.vocabulary)
        each = [mutant.rule for mutant in mutants(by, law.vocabulary)]
        return [bool(tried.failures(one)) for one in each if isinstance(one, Rule)]

    # Without sale, of which the usual case is; without trade; for all.
    assert noticed(wide) == [True, False, False]
    assert noticed(narrow) == [True, False, True]
