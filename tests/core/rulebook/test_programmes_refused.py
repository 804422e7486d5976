"""What is no pilot regime is refused while the law is read: by file, line and rule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from tests.laws import Content
from tests.pilots import (
    ANYBODY,
    APPROVALS,
    BOTH_DAYS,
    BUYER,
    FILE,
    FIRST,
    ID,
    LAST,
    LIMIT,
    RULES,
    STRICT,
    asked,
    capped,
    comes,
    law,
    programme,
    texts,
)
from tests.sentences import Sentence, rule

from clearhouse.core.rulebook import RulebookMalformed, parse, restore
from clearhouse.engines.formula import SET_MAX


def refused(text: Mapping[str, str], *, at: str, rule: str = ID) -> str:
    """A law is refused at the only line that begins with `at`; answers with what is wrong."""
    with pytest.raises(RulebookMalformed) as refusal:
        parse(text)
    lines = text[FILE].splitlines()
    (line,) = [number for number, each in enumerate(lines, 1) if each.startswith(at)]
    assert refusal.value.context == {"file": FILE, "line": str(line), "rule": rule}
    where, _, trouble = refusal.value.detail.partition(f" {rule}: ")
    assert where == f"{FILE}:{line}:"
    return trouble


def changed(**said: Any) -> Mapping[str, str]:
    return texts(*RULES, programme(**said))


def test_the_programme_of_these_tests_is_law() -> None:
    (pilot,) = parse(changed()).programmes

    assert (pilot.head.id, pilot.head.jurisdiction, pilot.ends) == (ID, "XA", LAST)
    assert pilot.participants == frozenset([BUYER])
    assert pilot.transactions == ("trade",)
    assert [(one.authority, one.reference, one.on) for one in pilot.approvals] == [
        ("Treasury", "T 1", date(2026, 2, 1)),
        ("Central Bank", "CB 2", date(2026, 2, 2)),
    ]
    assert (pilot.cap_payment, pilot.cap_total, pilot.rate, pilot.waives) == (
        *[None] * 3,
        (LIMIT,),
    )


def test_a_programme_that_waives_nothing_is_law() -> None:
    assert parse(changed(waives=[])).programmes[0].waives == ()


@pytest.mark.parametrize(
    ("waives", "trouble"),
    [
        (["XA.nothing"], "there is no rule XA.nothing"),
        ([LIMIT, "XA.nothing"], "there is no rule XA.nothing"),
        ([ID], f"there is no rule {ID}"),  # a programme is no rule
        ([STRICT], f"{STRICT} is not waivable"),
        ([LIMIT, STRICT], f"{STRICT} is not waivable"),
        (["XA.open"], "XA.open is not waivable"),
        (["XB.limit"], "XB.limit is the law of another jurisdiction"),
        ([LIMIT, "XB.limit"], "XB.limit is the law of another jurisdiction"),
        (["XB.open"], "XB.open is not waivable"),
    ],
)
def test_a_programme_waives_what_its_own_law_lets_be_waived(
    waives: list[str], trouble: str
) -> None:
    assert refused(changed(waives=waives), at="waives") == trouble


def test_a_rule_is_waivable_in_all_its_versions_or_in_none() -> None:
    earlier = rule("XA.twice", "HOLD", end=date(2026, 4, 30), waivable=True)
    later = rule("XA.twice", "HOLD", start=date(2026, 5, 1))
    pilot = programme(waives=["XA.twice"])

    for versions in ([earlier, later], [later, earlier]):
        text = texts(*RULES, *versions, pilot)
        assert refused(text, at="waives") == "XA.twice is not waivable"
    both = replace(later, content={**later.content, "waivable": True})
    assert parse(texts(*RULES, earlier, both, pilot)).programmes


@pytest.mark.parametrize(
    ("said", "at", "trouble"),
    [
        ({"approvals": APPROVALS[:1]}, "approvals", "less than 2 items"),
        ({"approvals": []}, "approvals", "less than 2 items"),
        ({"approvals": None}, "[[programme]]", '"approvals" is a required property'),
        (
            {"approvals": [APPROVALS[0], {**APPROVALS[0], "reference": "T 2"}]},
            "approvals",
            "one authority stands twice",
        ),
        (
            {"approvals": [*APPROVALS, {**APPROVALS[1], "on": date(2026, 2, 3)}]},
            "approvals",
            "one authority stands twice",
        ),
        (
            {"approvals": [APPROVALS[0], {**APPROVALS[0], "authority": " TREASURY  "}]},
            "approvals",
            "one authority stands twice",
        ),
        (
            {"approvals": [APPROVALS[0], {**APPROVALS[1], "on": date(2026, 3, 2)}]},
            "approvals",
            "it begins before it was approved",
        ),
        (
            {"approvals": [APPROVALS[0], {**APPROVALS[1], "on": "2026-02-30"}]},
            "approvals",
            "'2026-02-30' is no day",
        ),
        (
            {"approvals": [APPROVALS[0], {"authority": "Central Bank", "on": date(2026, 2, 2)}]},
            "approvals",
            '"reference" is a required property',
        ),
        ({**capped("payment", "1.00"), "rate": None}, "caps", "it names no rate"),
        ({**capped("total", "1.00"), "rate": None}, "caps", "it names no rate"),
        (capped("payment", "5", "count"), "caps", "a cap is an amount of a currency"),
        (capped("total", "5", "percent"), "caps", "a cap is an amount of a currency"),
        (capped("total", "5.00", "kWh"), "caps", "a cap is an amount of a currency"),
        (capped("payment", "hosted", "wallet"), "caps", "a cap is an amount of a currency"),
        (capped("payment", "2026-03-01", "day"), "caps", "a cap is an amount of a currency"),
        (capped("payment", "1.001"), "caps", "at most 2 decimals"),
        (capped("payment", "-1.00"), "caps", "a number with at most"),
        (capped("payment", "much"), "caps", "a number with at most"),
        (capped("payment", "1000000000000000.01"), "caps", "at most 100000000000000000 minor"),
        (capped("payment", "1.00", "GBP"), "caps", '"GBP" is not one of'),
        (capped("year", "1.00"), "caps", "'year' was unexpected"),
        ({"rate": {"name": "mine", "on": "trade"}}, "rate", '"mine" is not one of'),
        ({"effective_to": None}, "[[programme]]", '"effective_to" is a required property'),
        ({"effective_to": date(2026, 2, 28)}, "effective_to", "it ends before it begins"),
        ({"participants": []}, "participants", "less than 1 item"),
        ({"participants": None}, "[[programme]]", '"participants" is a required property'),
        ({"participants": ["Buyer Ltd"]}, "participants", "does not match"),
        ({"participants": [BUYER.lower()]}, "participants", "does not match"),
        ({"participants": [BUYER, BUYER]}, "participants", "non-unique"),
        ({"transactions": []}, "transactions", "less than 1 item"),
        ({"transactions": ["barter"]}, "transactions", '"barter" is not one of'),
        ({"waives": [LIMIT, LIMIT]}, "waives", "non-unique"),
        ({"waives": None}, "[[programme]]", '"waives" is a required property'),
        ({"says": None}, "[[programme]]", '"says" is a required property'),
        ({"outcome": "ALLOW"}, "[[programme]]", "'outcome' was unexpected"),
    ],
)
def test_what_is_no_programme_is_refused_by_file_line_and_rule(
    said: Content, at: str, trouble: str
) -> None:
    assert trouble in refused(changed(**said), at=at)


def test_a_programme_may_be_approved_on_the_day_on_which_it_begins() -> None:
    late = [APPROVALS[0], {**APPROVALS[1], "on": FIRST}]

    assert parse(changed(approvals=late)).programmes[0].approvals[1].on == FIRST


def test_a_programme_is_of_the_jurisdiction_of_its_file() -> None:
    made = dict(changed())
    made[FILE] = made[FILE].replace(ID, "XB.programme.pilot")

    trouble = refused(made, at="id", rule="XB.programme.pilot")
    assert trouble == "an id begins with its jurisdiction, XA."


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (LAST, date(2026, 12, 31)),
        (FIRST, LAST),
        (date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 3, 1), date(2026, 12, 31)),
        (LAST + timedelta(days=1), date(2026, 12, 31)),
        (date(2028, 1, 1), date(2028, 12, 31)),
    ],
)
def test_a_programme_does_not_come_again_over_its_own_days_or_any_others(
    first: date, last: date
) -> None:
    """It is approved once, for a time: what comes after it is another, by another id."""
    again = programme(effective_from=first, effective_to=last)
    text = texts(*RULES, programme(), again)

    with pytest.raises(RulebookMalformed, match="a programme does not come again") as refusal:
        parse(text)

    heads = [n for n, line in enumerate(text[FILE].splitlines(), 1) if line == "[[programme]]"]
    assert refusal.value.context == {"file": FILE, "line": str(heads[1]), "rule": ID}
    other = replace(again, content={**again.content, "id": f"{ID}-2"})
    assert len(law(programme(), other).programmes) == 2


def test_a_programme_has_an_id_that_no_rule_has() -> None:
    with pytest.raises(RulebookMalformed, match="it overlaps its own version"):
        law(programme(LIMIT, waives=[]))


def numbered(count: int) -> list[Sentence]:
    return [programme(f"XA.programme.p{number}", waives=[]) for number in range(count)]


def test_there_are_as_many_programmes_as_one_word_has_bits() -> None:
    pilots = [*numbered(SET_MAX - 1), programme("XA.programme.z")]  # the last one waives
    book = law(*pilots)

    assert book.vocabulary.code("programme", "XA.programme.z") == SET_MAX - 1
    assert comes(book, asked()) == set()
    assert comes(book, asked(debtor=ANYBODY)) == BOTH_DAYS
    with pytest.raises(RulebookMalformed, match=f"{SET_MAX + 1} programmes; at most {SET_MAX}"):
        law(*numbered(SET_MAX + 1))


def test_a_law_with_a_programme_is_the_same_from_its_canonical_form() -> None:
    book = law(programme(**capped("total", "5.00")))

    assert restore(book.body) == book
