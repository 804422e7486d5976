"""Associates and vessels: what their registers take, and what they refuse."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.associate import BEARERS, Associate, Role, Vessel, imo_wrong
from clearhouse.core.errors import Kind
from clearhouse.core.ids import ParticipantId, derived
from clearhouse.core.record import Record

FIRM, OTHER = ParticipantId("5493001KJTIIGC8Y1R12"), "HWUPKR0MPOU8FGXBT394"
SWAPPED = "HWUPKR0MPOU8FGXBT349"  # the last two digits
IDS = {prefix: derived(prefix, "1") for prefix in ("ent", "prs", "ves")} | {"": OTHER}
MARCH = date(2026, 3, 1)
BANK = Associate(FIRM, IDS["ent"], "bank", "its own statement", MARCH)
SHIP = Vessel(IDS["ves"], "Snow Goose", "9187629", "XC")


def codes(record: Record) -> list[str]:
    return [one.code for one in record.faults()]


@pytest.mark.parametrize("prefix", IDS, ids=lambda prefix: prefix or "lei")
@pytest.mark.parametrize("role", Role)
def test_each_role_is_borne_by_whom_it_can_be(role: Role, prefix: str) -> None:
    """A bank is no person, and a ship is nothing but a vessel."""
    one = replace(BANK, role=str(role), associate=IDS[prefix])
    able = {
        "vessel": {"ves"},
        "bank": {"ent", ""},
        "platform": {"ent", ""},
    }.get(role, {"ent", "prs", ""})
    assert codes(one) == ([] if prefix in able else ["associate.wrong"])
    assert BEARERS.keys() == set(Role)


WRONG: dict[str, tuple[Record, str]] = {
    "itself": (replace(BANK, associate=FIRM), "associate.wrong"),
    "an LEI with its digits swapped": (replace(BANK, associate=SWAPPED), "associate.wrong"),
    "another kind of id": (replace(BANK, associate=derived("obl", "1")), "associate.wrong"),
    "nobody": (replace(BANK, associate=""), "associate.wrong"),
    "until before since": (
        replace(BANK, until=MARCH - timedelta(days=1)),
        "record.dates-wrong",
    ),
    "a ship with another kind of id": (replace(SHIP, vessel=IDS["ent"]), "associate.vessel-wrong"),
    "a ship of digits": (replace(SHIP, name="12 34"), "associate.vessel-wrong"),
    "a ship without a name": (replace(SHIP, name=""), "associate.vessel-wrong"),
    "a flag in words": (replace(SHIP, flag="Norland"), "associate.vessel-wrong"),
    "a wrong check digit": (replace(SHIP, imo="9187628"), "associate.imo-wrong"),
    "a number with its letters": (replace(SHIP, imo="IMO9187629"), "associate.imo-wrong"),
    "a number with a gap": (replace(SHIP, imo="918 7629"), "associate.imo-wrong"),
    "noughts": (replace(SHIP, imo="0000000"), "associate.imo-wrong"),
    "six digits": (replace(SHIP, imo="918762"), "associate.imo-wrong"),
    "other people's digits": (replace(SHIP, imo="٩١٨٧٦٢٩"), "associate.imo-wrong"),
}


@pytest.mark.parametrize(("record", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_by_its_code(record: Record, code: str) -> None:
    found = list(record.faults())

    assert [one.code for one in found] == [code]
    assert found[0].kind is Kind.MALFORMED


def test_what_a_ship_may_lack() -> None:
    for one in (SHIP, replace(SHIP, imo=""), replace(SHIP, flag=""), replace(SHIP, name="Søn 7")):
        assert codes(one) == []


@given(st.integers(100_000, 999_999))
def test_one_last_digit_of_ten_checks(number: int) -> None:
    """As the Resolution weighs them: 7 to 2, and the sum's last digit."""
    sums = sum(
        int(digit) * weight for digit, weight in zip(str(number), range(7, 1, -1), strict=True)
    )

    right = [digit for digit in range(10) if imo_wrong(f"{number}{digit}") is None]

    assert right == [sums % 10]
