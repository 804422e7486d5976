"""The cycle statement: one writing, signed; and refused in every other form."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given
from hypothesis import strategies as st

from clearhouse.core import ids
from clearhouse.core.ids import CycleId, ParticipantId
from clearhouse.core.money import UNITS_MAX
from clearhouse.core.statement import (
    PayOut,
    Statement,
    StatementMalformed,
    StatementSignatureWrong,
    canonical,
    document,
    parse,
    sign_statement,
    verify_statement,
)

HOUSE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ASSET = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"
A, B = ParticipantId("5493001KJTIIGC8Y1R12"), ParticipantId("9695005MSX1OYEMGDF46")
PLAIN = Statement(
    cycle=CycleId(ids.derived("cyc", "one")),
    asset=ASSET,
    vault="wsh(sortedmulti(2,[4ba43603/48'/1'/0'/2']tpubA/<0;1>/*,tpubB/<0;1>/*))#8lya595x",
    pay_outs=(
        PayOut(A, "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", 125_000),
        PayOut(B, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 75_000),
    ),
    fee_units_max=5_000,
    change_index=7,
    anchor="0f" * 32,
    made_at=datetime(2026, 3, 2, 16, 0, 0, 25, tzinfo=UTC),
)

participants = st.integers(0, 10**20 - 1).map(lambda n: ParticipantId(f"{n:020d}"))
addresses = st.text("023456789acdefghjklmnpqrstuvwxyzABC", min_size=14, max_size=90)
pay_outs = st.builds(PayOut, participants, addresses, st.integers(1, UNITS_MAX))
statements = st.builds(
    Statement,
    cycle=st.text(max_size=9).map(lambda text: CycleId(ids.derived("cyc", text))),
    asset=st.just(ASSET),
    vault=st.text([chr(n) for n in range(0x21, 0x7F)], min_size=1, max_size=80).map(
        lambda text: text + "#8lya595x"
    ),
    pay_outs=st.lists(
        pay_outs, max_size=5, unique_by=lambda one: (one.participant, one.address)
    ).map(lambda some: tuple(sorted(some))),
    fee_units_max=st.integers(0, UNITS_MAX),
    change_index=st.integers(0, 2**31 - 1),
    anchor=st.binary(min_size=32, max_size=32).map(bytes.hex),
    made_at=st.datetimes(timezones=st.just(UTC)),
)


@given(statements)
def test_the_signed_bytes_are_canonical_json(statement: Statement) -> None:
    assert canonical(statement) == rfc8785.dumps(document(statement))


@given(statements)
def test_a_statement_survives_its_writing(statement: Statement) -> None:
    assert parse(json.loads(canonical(statement))) == statement


@given(statements)
def test_what_the_house_signed_is_verified(statement: Statement) -> None:
    verify_statement(statement, sign_statement(statement, HOUSE), HOUSE.public_key())


@given(statements, statements)
def test_a_signature_is_of_one_statement_only(one: Statement, other: Statement) -> None:
    if one == other:
        return
    with pytest.raises(StatementSignatureWrong):
        verify_statement(other, sign_statement(one, HOUSE), HOUSE.public_key())


def test_the_writing_is_stable() -> None:
    """Signatures outlive releases: another writing of the same statement is another form."""
    assert canonical(PLAIN) == (
        b'{"anchor":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",'
        b'"asset":"bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1","change_index":"7",'
        b'"cycle":"' + PLAIN.cycle.encode() + b'","fee_units_max":"5000",'
        b'"form":"clearhouse.statement.2","made_at":"2026-03-02T16:00:00.000025Z","pay_outs":['
        b'{"address":"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",'
        b'"participant":"5493001KJTIIGC8Y1R12","units":"125000"},'
        b'{"address":"mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",'
        b'"participant":"9695005MSX1OYEMGDF46","units":"75000"}],'
        b"\"vault\":\"wsh(sortedmulti(2,[4ba43603/48'/1'/0'/2']tpubA/<0;1>/*,tpubB/<0;1>/*))"
        b'#8lya595x"}'
    )


def test_the_sum_is_of_all_pay_outs() -> None:
    assert PLAIN.units == 200_000


@pytest.mark.parametrize(
    "changed",
    [
        {"cycle": ids.derived("obl", "one")},
        {"cycle": "cyc_1"},
        {"cycle": ""},
        {"asset": "BTC"},
        {"asset": ASSET + " "},
        {"vault": "wsh(sortedmulti(2,tpubA/<0;1>/*))"},
        {"vault": "wsh(é)#8lya595x"},
        {"vault": "wsh(a b)#8lya595x"},
        {"pay_outs": PLAIN.pay_outs[::-1]},
        {"pay_outs": PLAIN.pay_outs[:1] * 2},
        {"pay_outs": (PLAIN.pay_outs[0], replace(PLAIN.pay_outs[0], units=1))},
        {"fee_units_max": -1},
        {"fee_units_max": UNITS_MAX + 1},
        {"fee_units_max": True},
        {"change_index": -1},
        {"change_index": 2**31},
        {"made_at": datetime(2026, 3, 2, 16, 0)},  # noqa: DTZ001 - naive on purpose
        {"made_at": datetime(2026, 3, 2, 16, 0, tzinfo=timezone(timedelta(hours=1)))},
    ],
    ids=str,
)
def test_a_wrong_field_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(PLAIN, **changed)


@pytest.mark.parametrize(
    ("participant", "address", "units"),
    [
        ("5493001KJTIIGC8Y1R1", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 1),
        ("5493001kjtiigc8y1r12", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 1),
        ("5493001KJTIIGC8Y1R12\n", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 1),
        (A, "", 1),
        (A, "mipc", 1),
        (A, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn ", 1),
        (A, "x" * 91, 1),
        (A, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 0),
        (A, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", -1),
        (A, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", UNITS_MAX + 1),
        (A, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", 1.0),
    ],
)
def test_a_wrong_pay_out_is_refused(participant: str, address: str, units: Any) -> None:
    with pytest.raises(StatementMalformed):
        PayOut(ParticipantId(participant), address, units)


@pytest.mark.parametrize(
    "changed",
    [
        {"form": "clearhouse.statement.1"},
        {"anchor": ""},
        {"anchor": "0F" * 32},
        {"anchor": 7},
        {"extra": "1"},
        {"cycle": None},
        {"cycle": ["cyc"]},
        {"vault": 5},
        {"pay_outs": {}},
        {"pay_outs": ["x"]},
        {"pay_outs": [{"participant": A, "address": "x" * 20}]},
        {"pay_outs": [{"participant": A, "address": "x" * 20, "units": "1", "to": "me"}]},
        {"pay_outs": [{"participant": A, "address": "x" * 20, "units": 1}]},
        {"pay_outs": [{"participant": A, "address": "x" * 20, "units": "01"}]},
        {"pay_outs": [{"participant": A, "address": "x" * 20, "units": "1e3"}]},
        {"pay_outs": [{"participant": A, "address": "x" * 20, "units": "0"}]},
        {"fee_units_max": 5000},
        {"fee_units_max": "+5000"},
        {"fee_units_max": "\u0665"},
        {"fee_units_max": "9" * 40},
        {"change_index": "-1"},
        {"made_at": "2026-03-02T16:00:00Z"},
        {"made_at": "2026-03-02T16:00:00.000000+00:00"},
        {"made_at": "2026-02-30T16:00:00.000000Z"},
        {"made_at": "2026-03-02T24:00:00.000000Z"},
    ],
    ids=str,
)
def test_a_document_of_another_form_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        parse(document(PLAIN) | changed)


@pytest.mark.parametrize("name", sorted(document(PLAIN)))
def test_a_document_lacks_no_member(name: str) -> None:
    written = document(PLAIN)
    del written[name]
    with pytest.raises(StatementMalformed):
        parse(written)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(json_values, st.sampled_from(sorted(document(PLAIN))), json_values)
def test_no_json_value_does_worse_than_a_refusal(whole: Any, name: str, part: Any) -> None:
    assume((name, part) != ("pay_outs", []))  # what was given up is paid to nobody
    for written in (whole, document(PLAIN) | {name: part}):
        with pytest.raises(StatementMalformed):
            parse(written)


@pytest.mark.parametrize("signature", ["", "00", "zz" * 64, "AB" * 64, "00" * 64, "\u0660" * 128])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(StatementSignatureWrong):
        verify_statement(PLAIN, signature, HOUSE.public_key())


def test_another_key_is_not_the_house() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(StatementSignatureWrong):
        verify_statement(PLAIN, sign_statement(PLAIN, other), HOUSE.public_key())
