"""Refusals and alarms: what they carry, and that the list of them is whole."""

import pytest

from clearhouse.core.errors import Alarm, Coded, Kind, Refusal, every_code
from clearhouse.core.ids import IdMalformed, parse
from clearhouse.core.participant import LicenceMissing
from clearhouse.core.settlement import ReconciliationOff


def test_a_refusal_says_its_code_and_this_occurrence() -> None:
    refusal = LicenceMissing("ask for one", participant="5493001KJTIIGC8Y1R12", rule="XA.x")

    assert str(refusal) == "participant.licence-missing: ask for one"
    assert refusal.detail == "ask for one"
    assert refusal.context == {"participant": "5493001KJTIIGC8Y1R12", "rule": "XA.x"}
    assert refusal.kind is Kind.FORBIDDEN


def test_the_title_is_the_same_for_every_occurrence() -> None:
    title = "A party has no active licence of the class that the law asks for"
    assert LicenceMissing("one").title == LicenceMissing("another").title == title


def test_only_the_first_line_of_a_docstring_is_the_title() -> None:
    titles = [member("").title for member in every_code()]

    assert all(titles)
    assert not any("\n" in title or title.endswith(".") for title in titles)


def test_a_refusal_is_no_alarm_and_an_alarm_no_refusal() -> None:
    assert not set(every_code(Refusal)) & set(every_code(Alarm))
    assert set(every_code(Refusal)) | set(every_code(Alarm)) == set(every_code())
    assert ReconciliationOff in every_code(Alarm)
    assert IdMalformed in every_code(Refusal)


def test_every_refusal_is_of_a_kind_and_no_alarm_is() -> None:
    assert all(isinstance(vars(member)["kind"], Kind) for member in every_code(Refusal))
    assert not any("kind" in vars(member) for member in every_code(Alarm))


def test_the_families_have_no_code_of_their_own() -> None:
    assert not {Coded, Refusal, Alarm} & set(every_code())


def test_an_edge_can_catch_them_all_with_one_word() -> None:
    with pytest.raises(Coded):
        parse("obl", "nonsense")
