"""What is shipped: every case answers as it says, each family is there, every word has its use."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from clearhouse.core.monitoring import Monitor, Programme, Rule, Typology
from clearhouse.core.monitoring.batch import Batch, Given, Past
from clearhouse.core.monitoring.cases import read_payments
from clearhouse.core.monitoring.judging import band_of
from clearhouse.core.monitoring.measures import MEASURES
from clearhouse.core.monitoring.programme import CUT_BAND, MILLE, UNKNOWN_BAND
from clearhouse.core.monitoring.wrong import Place
from clearhouse.core.rulebook.source import Source
from clearhouse.feeds.typologies import read_programme

SHIPPED = read_programme()
NOWHERE = Place(Source("", {}, {}))
FAMILIES = {
    *("exposure", "geography", "party", "pass-through"),
    *("round-trip", "structuring", "sums", "velocity"),
}
RULE_CASES = [
    pytest.param(rule, place, id=f"{rule.id}-{place}")
    for rule in SHIPPED.rules
    for place in range(len(rule.cases))
]
TYPOLOGY_CASES = [
    pytest.param(typology, place, id=f"{typology.id}-{place}")
    for typology in SHIPPED.typologies
    for place in range(len(typology.cases))
]


@pytest.mark.parametrize(("rule", "place"), RULE_CASES)
def test_a_rule_answers_its_case(rule: Rule, place: int) -> None:
    case, past = rule.cases[place], Past()
    payments = list(read_payments(case, SHIPPED.unit, NOWHERE))
    batch = Batch(past.names.columns(payments), past)
    number = int(MEASURES[rule.measure].number(batch, Given(rule.given))[-1])
    assert band_of(rule, number) == case.must, case.says


@pytest.mark.parametrize(("typology", "place"), TYPOLOGY_CASES)
def test_a_typology_answers_its_case_within_the_whole_programme(
    typology: Typology, place: int
) -> None:
    case = typology.cases[place]
    results = Monitor(SHIPPED).judge(list(read_payments(case, SHIPPED.unit, NOWHERE)))
    said = {one.typology: one for one in results.result(len(results) - 1).verdicts}
    assert said[typology.id].outcome == case.must, case.says


def test_every_family_is_there() -> None:
    assert {one.id for one in SHIPPED.typologies} == FAMILIES


def test_every_rule_and_typology_has_planted_ones_and_near_misses() -> None:
    named: list[Rule | Typology] = [*SHIPPED.rules, *SHIPPED.typologies]
    for one in named:
        kinds = Counter(case.planted for case in one.cases)
        assert kinds[True], one.id
        assert kinds[False], one.id


def test_every_band_is_planted() -> None:
    for rule in SHIPPED.rules:
        calm = rule.bands[0 if MEASURES[rule.measure].rising else -1].name
        planted = {case.must for case in rule.cases if case.planted}
        assert planted == {band.name for band in rule.bands} - {calm}, rule.id


def test_what_is_cited_is_one_of_a_few_and_how_sure_it_is_is_said() -> None:
    for rule in SHIPPED.rules:
        assert rule.citation.startswith(("FATF", "FATF/Egmont")), rule.id
        assert rule.source in {"S2", "R"}, "nobody has read the originals here"
        assert not re.search(r"https?:", rule.citation), "no link that nobody has opened"


def moved(rule: Rule, place: int, step: int) -> Rule | None:
    """The rule with one edge between its bands moved; None if a band has no room for that."""
    bands = list(rule.bands)
    edge = (bands[place].below or 0) + step
    if edge <= bands[place].least or edge >= (bands[place + 1].below or 10**13):
        return None
    bands[place] = replace(bands[place], below=edge)
    bands[place + 1] = replace(bands[place + 1], least=edge)
    return replace(rule, bands=tuple(bands))


# What comes round is within the slack, so that nothing lies between 0 and 850.
NOTHING_BETWEEN = {("round-trip.share", 0)}
EDGES = [
    pytest.param(rule, place, id=f"{rule.id}-{place}")
    for rule in SHIPPED.rules
    for place in range(len(rule.bands) - 1)
    if (rule.id, place) not in NOTHING_BETWEEN
]


@pytest.mark.parametrize(("rule", "place"), EDGES)
def test_an_edge_that_moves_by_a_third_is_noticed_by_a_case(rule: Rule, place: int) -> None:
    """To either side: otherwise nothing says where it stands."""
    edge = rule.bands[place].below or 0
    for step in (max(1, edge // 3), -max(1, edge // 3)):
        other = moved(rule, place, step)
        if other is None:
            continue
        answers = []
        for case in rule.cases:
            past = Past()
            payments = list(read_payments(case, SHIPPED.unit, NOWHERE))
            batch = Batch(past.names.columns(payments), past)
            number = int(MEASURES[rule.measure].number(batch, Given(rule.given))[-1])
            answers.append(band_of(other, number) == case.must)
        assert not all(answers), f"{edge} may as well be {edge + step}"


def greatest(programme: Programme) -> list[int]:
    return [
        sum(max(bands.values()) for bands in one.weights.values()) for one in programme.typologies
    ]


def test_the_greatest_score_is_a_thousand() -> None:
    assert greatest(SHIPPED) == [MILLE] * len(FAMILIES)


def test_no_typology_alerts_on_what_is_merely_not_known_or_not_looked_at() -> None:
    for typology in SHIPPED.typologies:
        worst = sum(
            max(weights.get(UNKNOWN_BAND, 0), weights.get(CUT_BAND, 0))
            for weights in typology.weights.values()
        )
        assert worst < typology.alert, typology.id
