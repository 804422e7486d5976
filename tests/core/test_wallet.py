"""Challenges: one text for each, which says all that is asked; and how long a proof holds."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clearhouse.chains.vault import dust_limit
from clearhouse.core import address as addresses
from clearhouse.core import ids
from clearhouse.core.address import evm_text
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import Participant, parse_lei
from clearhouse.core.record import Way
from clearhouse.core.wallet import (
    CHALLENGES,
    CUSTODY,
    FORM,
    NONCE_BITS,
    PURPOSES,
    WALLETS,
    Challenge,
    Wallet,
)

LEIS = ("HWUPKR0MPOU8FGXBT394", "506700GE1G29325QX363", "5493001KJTIIGC8Y1R12")
ADDRESS = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
BITCOIN = (
    ADDRESS,
    "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
)
MADE = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASKED = Challenge(
    *("chl_01KJPX8B0000000000000000TA", "hse_01KJPX8B0000000000000000TB", ParticipantId(LEIS[0])),
    *("main", ADDRESS, "pay-out", "self-hosted", "0123456789abcdef0123456789abcdef"),
    *(MADE, MADE + timedelta(hours=24)),
)
PROVEN = Wallet(
    *(ASKED.participant, "main", ADDRESS, "pay-out", "self-hosted", ASKED.challenge),
    *("bip322-simple", "smpAA", "", MADE),
)
A_DAY = timedelta(days=1)

instants = st.integers(0, 2**41).map(lambda n: MADE + timedelta(microseconds=997 * n))
nonces = st.integers(0, 2**NONCE_BITS - 1).map(lambda n: f"{n:0{NONCE_BITS // 4}x}")
evm_addresses = st.binary(min_size=20, max_size=20).map(evm_text)
# What each field may be: what comes from outside is read first, and what may be read is here.
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "challenge": st.text(min_size=1).map(lambda name: ids.derived("chl", name)),
    "house": st.text(min_size=1).map(lambda name: ids.derived("hse", name)),
    "participant": st.sampled_from(LEIS).map(ParticipantId),
    "network": st.sampled_from([*addresses.NETWORKS, "eip155:1", "eip155:10", "eip155:31337"]),
    "address": st.sampled_from(BITCOIN) | evm_addresses,
    "purpose": st.sampled_from(PURPOSES),
    "custody": st.sampled_from(CUSTODY),
    "nonce": nonces,
    "made_at": instants,
    "expires_at": instants,
}
challenges = st.builds(Challenge, **FIELDS)


def read(text: str) -> dict[str, str]:
    """What a challenge's text says, by field."""
    form, *lines, says = text.split("\n")
    assert form == FORM
    assert says.startswith("Who signs this shows")
    found = dict(line.split(": ", 1) for line in lines)
    found["purpose"], found["custody"] = found["purpose"].split(", ")
    return {name.replace(" at", "_at"): said for name, said in found.items()}


# What is signed.


def test_the_text_says_who_asks_whom_for_which_address_and_what_for() -> None:
    """To the last character: wallets sign these very bytes, and no line ends behind them."""
    assert ASKED.text == (
        "Clearhouse wallet challenge, form 1\n"
        "house: hse_01KJPX8B0000000000000000TB\n"
        "participant: HWUPKR0MPOU8FGXBT394\n"
        "network: main\n"
        "address: bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\n"
        "purpose: pay-out, self-hosted\n"
        "made at: 2026-03-02T10:00:00.000000Z\n"
        "expires at: 2026-03-03T10:00:00.000000Z\n"
        "nonce: 0123456789abcdef0123456789abcdef\n"
        "Who signs this shows that they hold the address. It moves no coin."
    )


@given(challenges)
def test_the_text_says_every_field_but_its_own_name(asked: Challenge) -> None:
    """So no two challenges read alike; which one it is, the nonce says."""
    said = read(asked.text)
    written = CHALLENGES.write(asked)
    del written["challenge"]
    assert said == written
    assert asked.text.isascii()


@pytest.mark.parametrize("name", [one for one in FIELDS if one != "challenge"])
@given(asked=challenges, data=st.data())
def test_every_field_makes_another_text(name: str, asked: Challenge, data: st.DataObject) -> None:
    other = replace(asked, **{name: data.draw(FIELDS[name])})
    assume(other != asked)
    assert other.text != asked.text


def test_every_field_was_thought_of() -> None:
    assert [*FIELDS] == [one.name for one in fields(Challenge)]


# What is sent back instead.


@given(challenges)
def test_the_amount_is_far_above_dust_and_little(asked: Challenge) -> None:
    assert 10_000 <= asked.amount < 10_000 + 2**20
    for address in BITCOIN:
        assert asked.amount > 10 * dust_limit(addresses.parse(address, "main").script)


@given(challenges, st.integers(0, 2**20 - 1), st.integers(0, 2**108 - 1))
def test_every_amount_is_as_likely_as_any_other(asked: Challenge, low: int, high: int) -> None:
    """Of 2^128 nonces 2^108 make each amount; nothing else of a challenge does."""
    nonce = f"{high << 20 | low:032x}"
    assert replace(asked, nonce=nonce).amount == 10_000 + low
    assert replace(ASKED, nonce=nonce).amount == 10_000 + low


# What comes from outside is read before it is asked about, and holds no line's end then.

BREAKS = ("\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x00", " ", "\t")


@given(st.sampled_from(LEIS), st.sampled_from(BREAKS), st.data())
def test_no_line_ends_within_an_lei(lei: str, end: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lei)))
    for text in (lei[:at] + end + lei[at:], lei + end + "nonce: 0"):
        with pytest.raises(Refusal) as refused:
            parse_lei(text)
        assert refused.value.code == "participant.lei-wrong"


@given(st.sampled_from(BITCOIN), st.sampled_from(BREAKS), st.data())
def test_no_line_ends_within_an_address(address: str, end: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(address)))
    for text in (address[:at] + end + address[at:], address + end + "nonce: 0"):
        with pytest.raises(Refusal) as refused:
            addresses.parse(text, "main")
        assert refused.value.code == "address.malformed"


@given(evm_addresses, st.sampled_from(BREAKS), st.data())
def test_no_line_ends_within_an_address_of_ethereum(
    address: str, end: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(address)))
    with pytest.raises(Refusal) as refused:
        addresses.parse_evm(address[:at] + end + address[at:])
    assert refused.value.code == "address.malformed"


@pytest.mark.parametrize("word", [*PURPOSES, *CUSTODY])
def test_the_words_hold_nothing_that_parts_a_line(word: str) -> None:
    assert word.isascii()
    assert word.replace("-", "").isalpha()


def test_what_a_line_takes_a_table_takes_too() -> None:
    """Both registers can be read again from what is exported of them, were nothing blank."""
    for register, record in ((CHALLENGES, ASKED), (WALLETS, replace(PROVEN, at_block="ab" * 32))):
        assert register.read(register.write(record)) == (record, [])


def test_only_authorities_and_whose_it_is_see_the_address() -> None:
    assert CHALLENGES.restricted == {"address", "nonce"}
    assert WALLETS.restricted == {"address", "signature", "at_block"}
    assert CHALLENGES.way is WALLETS.way is Way.PROVEN


# How long it holds.


@pytest.mark.parametrize("days", [1, 30, 365, 3660])
def test_a_proof_holds_to_the_last_of_its_days(days: int) -> None:
    first = MADE.date()
    assert not PROVEN.is_proven(first - A_DAY, days)
    assert PROVEN.is_proven(first, days)
    assert PROVEN.is_proven(first + timedelta(days), days)
    assert not PROVEN.is_proven(first + timedelta(days + 1), days)


@pytest.mark.parametrize("at", [(0, 0, 0, 0), (23, 59, 59, 999_999)], ids=["first", "last"])
def test_the_day_of_a_proof_counts_whole(at: tuple[int, int, int, int]) -> None:
    proven = replace(PROVEN, proven_at=datetime(2026, 3, 2, *at, tzinfo=UTC))
    days = [date(2026, 3, day) for day in range(1, 6)]
    assert [proven.is_proven(day, 2) for day in days] == [False, True, True, True, False]


def test_what_was_given_up_is_held_to_its_last_day() -> None:
    until = date(2026, 3, 4)
    given_up = replace(PROVEN, until=until)
    for day, held in ((until - A_DAY, True), (until, True), (until + A_DAY, False)):
        assert given_up.is_held(day) is held
        assert given_up.is_proven(day, 365) is held
        assert PROVEN.is_held(day)
    assert not given_up.is_proven(until, 1)  # the proof was over before


@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.integers(1, 400),
)
def test_what_is_proven_is_held_and_stays_proven_if_proofs_hold_longer(
    on: date, until: date | None, days: int
) -> None:
    wallet = replace(PROVEN, until=until)
    if wallet.is_proven(on, days):
        assert wallet.is_held(on)
        assert wallet.is_proven(on, days + 1)
        assert MADE.date() <= on <= MADE.date() + timedelta(days)


# Which of a participant's counts.


def test_where_it_is_paid_counts_and_no_other_wallet() -> None:
    party = Participant(ASKED.participant, "A", "XA", ADDRESS, ())
    other = replace(PROVEN, address=BITCOIN[1])
    given_up = replace(PROVEN, until=MADE.date())
    for wallets, day, found in (
        ((), 0, None),
        ((other,), 0, None),
        ((other, PROVEN), 0, PROVEN),
        ((given_up,), 0, given_up),
        ((given_up,), 1, None),
    ):
        held = replace(party, wallets=wallets)
        assert held.wallet(MADE.date() + day * A_DAY) == found


def test_who_is_never_paid_has_no_wallet() -> None:
    authority = Participant(ASKED.participant, "A", "XA", "", (), wallets=(PROVEN,))
    assert authority.wallet(MADE.date()) is None
