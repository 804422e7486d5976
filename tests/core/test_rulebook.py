"""Rulebooks: what is no law is refused by file and rule, and the version is of every word."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from clearhouse.core.rulebook import (
    SUBJECTS,
    Corridor,
    DomesticPayment,
    Finality,
    Fixing,
    Licensing,
    ListFreshness,
    NameReview,
    PayIn,
    RulebookMalformed,
    RuleMissing,
    parse,
)

SHIPPED = Path(__file__).parents[2] / "src" / "clearhouse" / "rulebooks"
TEXTS = {file.name: file.read_text("utf-8") for file in sorted(SHIPPED.glob("*.toml"))}

HEAD = """jurisdiction = "XA"
name = "Norland"
weekend = ["Saturday", "Sunday"]
holidays = [2026-01-01]
"""
REVIEW = """
[[rule]]
id = "XA.review"
citation = "Order 3, para 7"
effective_from = 2026-01-01
effective_to = 2026-06-30
subject = "name-review"
score_per_mille = 750
business_days = 2
"""
LICENCE = """
[[rule]]
id = "XA.licence"
citation = "Act, s. 8"
effective_from = 2026-01-01
subject = "licensing"
role = "debtor"
classes = ["importer"]
"""
FIXING = """
[[rule]]
id = "XA.fixing"
citation = "Order 14"
effective_from = 2026-01-01
subject = "fixing"
zone = "Europe/London"
hour = 16
partitions_min = 10
"""
LAW = HEAD + REVIEW + LICENCE + FIXING


def toml(content: Mapping[str, Any]) -> str:
    """Write a rulebook's file."""

    def value(of: object) -> str:
        match of:
            case date():
                return of.isoformat()
            case list():
                return f"[{', '.join(map(value, of))}]"
            case _:
                return json.dumps(of, ensure_ascii=False)

    def table(of: Mapping[str, Any]) -> str:
        return "".join(f"{key} = {value(of[key])}\n" for key in of if key != "rule")

    return table(content) + "".join(f"[[rule]]\n{table(rule)}" for rule in content["rule"])


def refused(files: Mapping[str, str]) -> RulebookMalformed:
    with pytest.raises(RulebookMalformed) as caught:
        parse(files)
    return caught.value


def test_the_base_of_these_tests_is_law() -> None:
    assert [rule.id for rule in parse({"xa.toml": LAW}).rules] == [
        "XA.fixing",
        "XA.licence",
        "XA.review",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('name = "Norland"', "name = Norland", id="no TOML"),
        pytest.param('name = "Norland"', 'name = "Nor', id="cut off"),
        pytest.param('name = "Norland"', 'name = "Norland"\nname = "N"', id="a key twice"),
        pytest.param('name = "Norland"', "", id="no name"),
        pytest.param('name = "Norland"', 'name = ""', id="an empty name"),
        pytest.param('name = "Norland"', "name = 7", id="a number for a name"),
        pytest.param('jurisdiction = "XA"', "", id="no jurisdiction"),
        pytest.param('jurisdiction = "XA"', 'jurisdiction = ["XA"]', id="a list for a code"),
        pytest.param('jurisdiction = "XA"', 'jurisdiction = "xa"', id="a code in small letters"),
        pytest.param('jurisdiction = "XA"', 'jurisdiction = "XA>XB"', id="two codes in one"),
        pytest.param('["Saturday", "Sunday"]', "[]", id="no weekend"),
        pytest.param('["Saturday", "Sunday"]', '"Saturday"', id="a text for a list"),
        pytest.param('["Saturday", "Sunday"]', '["Samstag"]', id="no English day"),
        pytest.param('["Saturday", "Sunday"]', "[6]", id="a day by number"),
        pytest.param(
            '["Saturday", "Sunday"]',
            '["Monday","Tuesday","Wednesday","Thursday","Friday","Saturday","Sunday"]',
            id="a week without work",
        ),
        pytest.param("[2026-01-01]", "2026-01-01", id="a date for a list"),
        pytest.param("[2026-01-01]", '["2026-01-01"]', id="holidays as texts"),
        pytest.param("[2026-01-01]", "[2026-01-01T00:00:00]", id="holidays as instants"),
        pytest.param("[2026-01-01]", "[2026-02-30]", id="a day that is not"),
        pytest.param("[2026-01-01]", "[2026-01-01]\nsanctions = false", id="a word unheard of"),
        pytest.param("holidays = [2026-01-01]", "holiday = [2026-01-01]", id="a misspelt word"),
        pytest.param("[[rule]]", "[[rules]]", id="no rule"),
        pytest.param(LAW, HEAD + "rule = 3\n", id="a number for the rules"),
        pytest.param(LAW, HEAD + 'rule = ["XA.review"]\n', id="texts for the rules"),
        pytest.param(LAW, HEAD + REVIEW.replace("[[rule]]", "[rule]"), id="one table for all"),
        pytest.param(LAW, "", id="an empty file"),
        pytest.param(LAW, HEAD, id="a head alone"),
        pytest.param(LAW, "x = " + "[" * 100_000, id="bottomless"),
        pytest.param(LAW, "\0", id="a zero byte"),
        pytest.param(LAW, "x = " + "9" * 5000, id="a number without end"),
    ],
)
def test_a_file_that_is_no_law_is_refused_by_name(old: str, new: str) -> None:
    assert old in LAW

    refusal = refused({"xa.toml": LAW.replace(old, new)})

    assert refusal.context == {"file": "xa.toml"}
    assert refusal.detail.startswith("xa.toml: ")


@pytest.mark.parametrize(
    ("rule", "old", "new", "said"),
    [
        ("XA.review", 'citation = "Order 3, para 7"', "", "citation"),
        ("XA.review", 'citation = "Order 3, para 7"', 'citation = ""', "citation"),
        ("XA.review", 'subject = "name-review"', "", "subject"),
        ("XA.review", '"name-review"', '"name-preview"', "name-preview"),
        ("XA.review", '"name-review"', "8", "subject"),
        ("XA.review", '"name-review"', '"pay-in"', "hours"),
        ("XA.review", "score_per_mille = 750", "", "score_per_mille"),
        ("XA.review", "score_per_mille = 750", "score_per_mile = 750", "score_per_mile"),
        ("XA.review", "business_days = 2", "business_days = 2\nscreen = false", "screen"),
        ("XA.review", "= 750", "= -1", "score_per_mille"),
        ("XA.review", "= 750", "= 750.0", "score_per_mille"),
        ("XA.review", "= 750", "= 1e3", "score_per_mille"),
        ("XA.review", "= 750", "= true", "score_per_mille"),
        ("XA.review", "= 750", '= "750"', "score_per_mille"),
        ("XA.review", "= 750", "= nan", "score_per_mille"),
        ("XA.review", "= 750", "= 1001", "score_per_mille"),
        ("XA.review", "days = 2", "days = 1000000000000000000000", "business_days"),
        ("XA.review", "effective_from = 2026-01-01\n", "", "effective_from"),
        ("XA.review", "effective_from = 2026-01-01", 'effective_from = "2026-01-01"', "effective"),
        ("XA.review", "from = 2026-01-01", "from = 2026-01-01T00:00:00Z", "effective_from"),
        ("XA.review", "effective_to = 2026-06-30", "effective_to = 2025-12-31", "in this order"),
        ("XA.review", "effective_to = 2026-06-30", 'effective_to = ""', "effective_to"),
        ("XB.review", '"XA.review"', '"XB.review"', "XA."),
        ("XAX.review", '"XA.review"', '"XAX.review"', "XA."),
        ("rule 1", 'id = "XA.review"', "", "id"),
        ("rule 1", '"XA.review"', '""', "id"),
        ("7", '"XA.review"', "7", "id"),
        ("XA.licence", '"debtor"', '"debitor"', "debitor"),
        ("XA.licence", '"debtor"', '["debtor"]', "role"),
        ("XA.licence", '["importer"]', "[]", "classes"),
        ("XA.licence", '["importer"]', '"importer"', "classes"),
        ("XA.licence", '["importer"]', '["importer", 7]', "classes"),
        ("XA.fixing", "hour = 16", "hour = 24", "hour"),
        ("XA.fixing", "= 10", "= 13", "partitions_min"),
        ("XA.fixing", '"Europe/London"', '"Norland/Nowhere"', "Norland/Nowhere"),
        ("XA.fixing", '"Europe/London"', '"../../../etc/passwd"', "no time zone"),
        ("XA.fixing", '"Europe/London"', '"Europe"', "no time zone"),
        ("XA.fixing", '"XA.fixing"', '"XA.licence"', ""),
    ],
)
def test_a_rule_that_is_no_law_is_refused_by_file_and_name(
    rule: str, old: str, new: str, said: str
) -> None:
    wrong = LAW.replace(old, new, 1)
    assert wrong != LAW

    refusal = refused({"xa.toml": wrong})

    named = "XA.licence" if '"XA.licence"' in new else rule
    assert refusal.context == {"file": "xa.toml", "rule": named}
    assert refusal.detail.startswith(f"xa.toml: {named}")
    assert said in refusal.detail


def test_a_rule_that_stands_twice_is_refused() -> None:
    refusal = refused({"xa.toml": LAW + REVIEW})

    assert refusal.context == {"file": "xa.toml", "rule": "XA.review"}
    assert "twice" in refusal.detail


def test_two_files_of_one_jurisdiction_are_refused() -> None:
    other = HEAD + REVIEW.replace("XA.review", "XA.review2")

    refusal = refused({"a.toml": LAW, "b.toml": other})

    assert refusal.context == {"file": "b.toml"}
    assert "XA" in refusal.detail


@pytest.mark.parametrize("files", [{}, {"xa.toml": HEAD + "rule = []\n"}])
def test_a_rulebook_without_a_rule_is_refused(files: dict[str, str]) -> None:
    assert "no rule" in refused(files).detail


def test_one_bad_file_spoils_the_rulebook() -> None:
    """Half of the law is not the law."""
    refusal = refused({"xa.toml": LAW, "xb.toml": LAW.replace('"XA"', '"XB"')})
    assert refusal.context["file"] == "xb.toml"


def test_the_shipped_law_has_every_subject() -> None:
    law = parse(TEXTS)

    assert set(law.jurisdictions) == {"XA", "XB"}
    assert {type(rule.terms) for rule in law.rules} == set(SUBJECTS.values())
    assert all(rule.citation and rule.id.startswith(rule.jurisdiction) for rule in law.rules)


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 6, 30), True),
        (date(2026, 7, 1), False),
    ],
)
def test_a_rule_holds_from_its_first_day_to_its_last(day: date, holds: bool) -> None:
    law = parse({"xa.toml": LAW})
    review = next(rule for rule in law.rules if rule.id == "XA.review")

    assert review.in_force(day) is holds
    assert bool(law.under(NameReview, ["XA"], day)) is holds


def test_a_rule_without_an_end_holds_for_ever() -> None:
    (fixing,) = parse({"xa.toml": LAW}).under(Fixing, ["XA"], date.max)

    assert fixing.effective_to is None
    assert not fixing.in_force(date(2025, 12, 31))


def test_a_rule_of_one_day_holds_on_it() -> None:
    law = parse({"xa.toml": LAW.replace("2026-06-30", "2026-01-01")})
    assert len(law.under(NameReview, ["XA"], date(2026, 1, 1))) == 1


def test_rules_are_found_when_they_hold_on_any_of_the_days() -> None:
    law = parse({"xa.toml": LAW})
    before, within, after = date(2025, 12, 31), date(2026, 3, 2), date(2026, 7, 1)

    assert law.under(NameReview, ["XA"], before, within) == law.under(NameReview, ["XA"], within)
    assert law.under(NameReview, ["XA"], within, after)
    assert not law.under(NameReview, ["XA"], before, after)
    assert not law.under(NameReview, ["XB"], within)
    assert not law.under(NameReview, [], within)
    assert not law.under(NameReview, ["XA"])


def test_a_question_that_no_rule_answers_is_refused() -> None:
    law = parse({"xa.toml": LAW})

    assert law.terms(NameReview, date(2026, 6, 30)) == [NameReview(750, 2)]
    with pytest.raises(RuleMissing, match="NameReview"):
        law.terms(NameReview, date(2026, 7, 1))
    with pytest.raises(RuleMissing, match="PayIn"):
        law.terms(PayIn, date(2026, 3, 2))


def test_every_subject_is_read() -> None:
    law = parse(TEXTS)
    day = date(2026, 3, 2)

    assert Licensing("debtor", ("importer", "exporter", "bank")) in law.terms(Licensing, day)
    assert law.terms(DomesticPayment, day) == [DomesticPayment()] * 2
    assert law.terms(Corridor, day) == [Corridor(("XB",)), Corridor(("XA",))]
    assert law.terms(ListFreshness, day) == [ListFreshness(48), ListFreshness(24)]
    assert law.terms(NameReview, day) == [NameReview(750, 2)]
    assert law.terms(Finality, day) == [Finality(100, 1000)] * 2
    assert law.terms(Fixing, day) == [Fixing("Europe/London", 16, 10)]
    assert law.terms(PayIn, day) == [PayIn(20)]


def test_the_version_is_of_the_law_and_not_of_its_looks() -> None:
    """Neither names nor order of files count, nor comments, blanks or the order of keys."""
    law = parse(TEXTS)
    renamed = {f"z{n}.toml": TEXTS[name] for n, name in enumerate(reversed(TEXTS))}
    plain = {name: toml(tomllib.loads(text)) for name, text in TEXTS.items()}
    turned = {}
    for name, text in TEXTS.items():
        content = tomllib.loads(text)
        rules = [dict(reversed(rule.items())) for rule in content["rule"]]
        turned[name] = toml({**dict(reversed(content.items())), "rule": rules})

    assert turned != plain
    for same in (renamed, plain, turned):
        assert parse(same) == law


def changes(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every change of one word of a file that leaves it law."""

    def changed(value: Any) -> Any:
        match value:
            case date():
                return value + timedelta(days=1)
            case int():
                return value + 1 if value < 12 else value - 1
            case list():
                return value[:-1] or [*value, "XZ"]
            case _:
                return value + " "

    code = content["jurisdiction"]
    for key in ("name", "weekend", "holidays"):
        yield key, {**content, key: changed(content[key])}
    for at, rule in enumerate(content["rule"]):

        def put(new: dict[str, Any], at: int = at) -> dict[str, Any]:
            return {**content, "rule": [*content["rule"][:at], new, *content["rule"][at + 1 :]]}

        yield f"{rule['id']}: repealed", put({**rule, "effective_to": date(2030, 1, 1)})
        yield f"{rule['id']}: gone", {**content, "rule": [r for r in content["rule"] if r != rule]}
        for key, value in rule.items():
            other = {
                "id": f"{code}.another",
                "role": {"debtor": "creditor", "creditor": "debtor"}.get(value)
                if key == "role"
                else None,
                "zone": "Europe/Paris",
            }.get(key) or changed(value)
            if key != "subject":
                yield f"{rule['id']}: {key}", put({**rule, key: other})


def test_a_change_of_any_word_of_the_law_changes_the_version() -> None:
    """And no two changes have one version."""
    versions: dict[str, str] = {parse(TEXTS).version: "unchanged"}
    for name, text in TEXTS.items():
        for what, content in changes(tomllib.loads(text)):
            version = parse({**TEXTS, name: toml(content)}).version
            assert version not in versions, f"{what} is not seen: {versions.get(version)}"
            versions[version] = f"{name}: {what}"

    assert len(versions) > 80


def test_the_order_of_rules_is_a_word_of_the_law_too() -> None:
    """The version is of what was enacted, as it stands; what is decided by it is the same."""
    one, other = parse({"xa.toml": LAW}), parse({"xa.toml": HEAD + FIXING + LICENCE + REVIEW})

    assert one.version != other.version
    assert one.rules == other.rules


def test_a_version_is_the_hash_of_all_files_together() -> None:
    laws = [parse(TEXTS), *(parse({name: text}) for name, text in TEXTS.items())]

    assert len({law.version for law in laws}) == 3
    assert all(len(law.version) == 64 for law in laws)
