"""A chain of providers that held one record: whatever is altered in it is found."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ivms_records import LEIS, RECORDS, TERMS

from clearhouse.core.canonical import FormError, canonical
from clearhouse.core.errors import Refusal
from clearhouse.core.participant.lei import LeiWrong
from clearhouse.core.travel_rule.hops import (
    HOPS,
    Hop,
    HopMissing,
    HopUnlinked,
    RecordModified,
    broken,
    hop_digest,
    pass_on,
    record_digest,
)
from clearhouse.core.travel_rule.ivms import Version
from clearhouse.core.travel_rule.ivms_writing import write

CONTENT = write(RECORDS[Version.V2020], TERMS)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def chain(count: int, content: str = CONTENT) -> list[Hop]:
    hops: list[Hop] = []
    for place in range(count):
        at = NOON + timedelta(minutes=place)
        hops.append(pass_on(hops, content, LEIS[place % 2], at))
    return hops


def kinds(hops: list[Hop], content: str = CONTENT, last: str | None = None) -> list[type[Refusal]]:
    return [type(one) for one in broken(hops, content, last)]


def test_a_record_that_is_passed_on_is_linked() -> None:
    hops = chain(3)
    assert [hop.place for hop in hops] == [0, 1, 2]
    assert [hop.provider for hop in hops] == [LEIS[0], LEIS[1], LEIS[0]]
    assert [hop.before for hop in hops] == ["", hop_digest(hops[0]), hop_digest(hops[1])]
    assert {hop.record for hop in hops} == {record_digest(CONTENT)}
    assert broken(hops, CONTENT) == []
    assert broken(hops, CONTENT, hop_digest(hops[2])) == []


def test_spaces_and_the_order_of_keys_are_not_of_the_record() -> None:
    value = json.loads(CONTENT)
    other = json.dumps(dict(reversed(value.items())), indent=2)
    assert record_digest(other) == record_digest(CONTENT)
    assert broken(chain(2), other) == []
    value["note"] = "n"  # what the standard has no field for is of the record, too
    assert kinds(chain(1), json.dumps(value)) == [RecordModified]


def test_a_digest_stays_what_it_is() -> None:
    """Of the canonical bytes: others compute the same."""
    assert record_digest('{"b": 1, "a":"\\u00e9"}') == (
        "aa58fba8483623bed37c1b02edfccbdd9a53123837c20bfa4cb4049993a2872e"
    )


@given(st.integers(1, 4), st.data())
@settings(max_examples=200)
def test_any_altered_byte_of_any_hop_is_found(count: int, data: st.DataObject) -> None:
    """By the chain itself; of the last hop by its digest, which somebody else knows."""
    hops = chain(count)
    last = hop_digest(hops[-1])
    place = data.draw(st.integers(0, count - 1))
    body = HOPS.encode(hops[place]).encode()
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda one: one != body[at]))
    try:
        altered = HOPS.decode((body[:at] + bytes([other]) + body[at + 1 :]).decode())
    except (FormError, UnicodeDecodeError):
        return  # no hop at all
    changed = [*hops[:place], altered, *hops[place + 1 :]]
    assert broken(changed, CONTENT, last)
    if place < count - 1:
        assert broken(changed, CONTENT)


@given(st.data())
@settings(max_examples=300)
def test_any_altered_byte_of_the_record_is_found(data: st.DataObject) -> None:
    """But where JSON says the same in other bytes, of which the canonical writing has none."""
    body = CONTENT.encode()
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda one: one != body[at]))
    changed = body[:at] + bytes([other]) + body[at + 1 :]
    try:
        found = kinds(chain(2), changed.decode())
    except (Refusal, UnicodeDecodeError):
        return  # no JSON
    assert found == [RecordModified, RecordModified]


OTHERS: dict[str, Any] = {
    "place": 7,
    "record": "0" * 64,
    "provider": LEIS[1],
    "received_at": NOON - timedelta(microseconds=1),
    "before": "0" * 64,
}


@pytest.mark.parametrize("name", OTHERS)
def test_whichever_field_is_altered_is_found_at_the_next_hop(name: str) -> None:
    hops = chain(3)
    assert set(OTHERS) == {one.name for one in fields(Hop)}
    altered: Any = replace(hops[0], **{name: OTHERS[name]})
    found = broken([altered, *hops[1:]], CONTENT)
    assert found
    assert isinstance(found[-1], HopUnlinked)
    assert found[-1].context["provider"] == hops[1].provider


def test_a_chain_cut_turned_or_repeated_is_broken() -> None:
    hops = chain(3)
    last = hop_digest(hops[-1])
    assert kinds([]) == [HopMissing]
    assert kinds([], last=last) == [HopMissing]
    assert kinds(hops[1:]) == [HopMissing, HopUnlinked, HopUnlinked]
    assert kinds([hops[0], hops[2]]) == [HopMissing, HopUnlinked]
    assert kinds([hops[1], hops[0], hops[2]]) == [HopUnlinked] * 3
    assert kinds([hops[0], hops[0]]) == [HopMissing, HopUnlinked]
    assert kinds(hops[:2]) == []  # that its end is missing, the chain does not show
    assert kinds(hops[:2], last=last) == [HopMissing]
    other = chain(3, '{"a":"b"}')
    assert kinds([hops[0], *other[1:]]) == [RecordModified, HopUnlinked, RecordModified]


def test_nothing_is_passed_on_that_is_broken() -> None:
    hops = chain(2)
    with pytest.raises(RecordModified) as caught:
        pass_on(hops, canonical(json.loads(CONTENT) | {"n": "1"}), LEIS[0], NOON)
    assert caught.value.context["provider"] == LEIS[0]
    with pytest.raises(HopMissing):
        pass_on(hops[1:], CONTENT, LEIS[0], NOON)
    with pytest.raises(HopUnlinked):
        pass_on([hops[0], replace(hops[1], before="")], CONTENT, LEIS[0], NOON)
    for provider in ("", "House", LEIS[0].lower(), LEIS[0][:-1] + "0"):
        with pytest.raises(LeiWrong):
            pass_on(hops, CONTENT, provider, NOON)


@pytest.mark.parametrize(
    "content",
    ["", "{", '{"a":1,"a":1}', '{"a":1.5}', '{"a":NaN}', '"\ud800"', "[" * 99, " " * 70_000],
    ids=range(8),
)
def test_what_is_no_json_has_no_digest(content: str) -> None:
    with pytest.raises(Refusal) as caught:
        record_digest(content)
    assert caught.value.code.startswith("ivms.")


def test_codes_are_stable() -> None:
    assert [one.code for one in (RecordModified, HopMissing, HopUnlinked)] == [
        "travel-rule.record-modified",
        "travel-rule.hop-missing",
        "travel-rule.hop-unlinked",
    ]
