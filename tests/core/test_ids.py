"""Ids: they tell their kind, sort by time, and follow from what they name."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ulid import ULID

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import base32, derived, fresh, parse

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOOD = "cyc_01HQYZ3T9M0000000000000000"

words = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"))


@given(st.integers(0, 2**128 - 1))
@settings(deadline=None)
def test_base32_is_that_of_ulids(value: int) -> None:
    assert base32(value) == str(ULID.from_int(value))


@given(st.integers(0, 10**12), st.integers(1, 10**9), st.integers())
@settings(deadline=None)
def test_fresh_ids_sort_by_time(after_ms: int, later_ms: int, seed: int) -> None:
    dice = Random(seed).getrandbits
    early = NOON + timedelta(milliseconds=after_ms)
    late = early + timedelta(milliseconds=later_ms + 1)

    assert fresh("cyc", early, dice) < fresh("cyc", late, dice)
    assert parse("cyc", fresh("cyc", early, dice))


def test_ids_of_one_instant_differ_by_chance() -> None:
    dice = Random(1).getrandbits

    assert len({fresh("cyc", NOON, dice) for _ in range(1000)}) == 1000


@given(st.lists(words, min_size=1), st.lists(words, min_size=1))
@settings(deadline=None)
def test_a_derived_id_is_the_same_for_the_same_parts_in_order_only(
    one: list[str], other: list[str]
) -> None:
    id_ = derived("obl", *one)

    assert parse("obl", id_) == id_
    assert (id_ == derived("obl", *other)) == (one == other)
    assert id_[4:] == derived("trf", *one)[4:]


def test_derived_ids_never_change() -> None:
    """They are in the journals of houses that run."""
    lei = "5493001KJTIIGC8Y1R12"
    assert derived("obl", lei, "INV-1") == "obl_5VH38VJJC1E2K1S86AG0ZXBZW1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cyc",
        "cyc_",
        GOOD.lower(),
        GOOD + "0",
        GOOD[:-1],
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace("cyc", "obl"),
        GOOD.replace("cyc", "CYC"),
        GOOD.replace("_", "-"),
        "cyc_81HQYZ3T9M0000000000000000",  # more than 128 bits
        "cyc_01HQYZ3T9M00000000000000I0",  # Crockford has no I, L, O, U
        "cyc_01HQYZ3T9M000000000000000\uff10",
        "x" * 10_000,
    ],
)
def test_what_is_no_id_of_the_kind_is_refused(text: str) -> None:
    assert parse("cyc", GOOD) == GOOD
    with pytest.raises(Refusal) as refused:
        parse("cyc", text)

    assert refused.value.code == "id.malformed"
    assert len(refused.value.detail) < 150
