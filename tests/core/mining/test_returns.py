"""Returns as they are written: what a line of each takes, and all that is wrong with others."""

from collections.abc import Mapping
from datetime import date

import pytest
from tests.returned import of_returns

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.returns import (
    EPOCHS,
    MINER_RETURNS,
    OPERATOR_MACHINES,
    OPERATOR_MINERS,
    OPERATOR_RETURNS,
    OPERATOR_TARIFFS,
    Epoch,
    MinerReturn,
)
from clearhouse.core.mining.reviews import BREACHES, REVIEW_OUTCOMES, REVIEWS
from clearhouse.core.record import Register, Way
from clearhouse.core.rulebook.vocabulary import RETURNS

WHO = ParticipantId("5493001KJTIIGC8Y1R12")
MINER = {
    "miner": WHO,
    "month": "2026-07-01",
    "coin": "0.00327400",
    "energy": "2604.00",
    "pooled": "yes",
    "addresses": "bcrt1qa;bcrt1qb",
}
OPERATOR = {"operator": WHO, "month": "2026-07-01", "energy": "2604", "miners": "1"}
STATED = {"operator": WHO, "month": "2026-07-01", "miner": WHO, "coin": "0.1", "energy": "7.5"}
TARIFF = {"operator": WHO, "month": "2026-07-01", "tariff": "night", "energy": "1"} | {
    "price": "0.0523",
    "currency": "USD",
}
RAN = {"operator": WHO, "month": "2026-07-01", "maker": "H", "serial": "S-1", "hours": "743.25"}
EPOCH = {
    "network": "regtest",
    "begins_at": "2026-06-28T04:00:00Z",
    "ends_at": "2026-07-12T02:00:00+02:00",
    "difficulty": "126411437451912.23",
    "reward": "3.15",
    "source": "a node",
}
LINES: list[tuple[Register, Mapping[str, str]]] = [
    (MINER_RETURNS, MINER),
    (OPERATOR_RETURNS, OPERATOR),
    (OPERATOR_MINERS, STATED),
    (OPERATOR_TARIFFS, TARIFF),
    (OPERATOR_MACHINES, RAN),
    (EPOCHS, EPOCH),
]


def codes(register: Register, line: Mapping[str, str]) -> list[str]:
    return [one.code for one in register.read(line)[1]]


@pytest.mark.parametrize(("register", "line"), LINES, ids=lambda one: getattr(one, "name", ""))
def test_a_line_of_each_is_read(register: Register, line: Mapping[str, str]) -> None:
    record, wrong = register.read(line)
    assert wrong == []
    assert register.read(register.write(record)) == (record, [])


def test_figures_are_whole_numbers_of_small_units() -> None:
    one, _ = MINER_RETURNS.read(MINER)
    assert (one.coin, one.energy, one.month) == (327_400, 260_400, date(2026, 7, 1))
    assert one.addresses == ("bcrt1qa", "bcrt1qb")
    hard, _ = EPOCHS.read(EPOCH)
    assert (hard.difficulty, hard.reward) == (12_641_143_745_191_223, 315_000_000)
    priced, _ = OPERATOR_TARIFFS.read(TARIFF)
    assert priced.price == 52_300


@pytest.mark.parametrize("register", [one for one, _ in LINES if one is not EPOCHS])
@pytest.mark.parametrize(
    ("month", "code"),
    [
        ("2026-07-02", "mining.month-wrong"),
        ("2026-07-31", "mining.month-wrong"),
        ("9999-12-01", "mining.month-wrong"),
        ("2026-07", "record.malformed"),
        ("2026-13-01", "record.malformed"),
        ("07/2026", "record.malformed"),
        ("", "record.malformed"),
    ],
)
def test_a_month_is_its_first_day(register: Register, month: str, code: str) -> None:
    line = dict(LINES)[register]
    assert codes(register, {**line, "month": month}) == [code]


@pytest.mark.parametrize(
    ("register", "column", "text", "code"),
    [
        *(
            (register, column, text, "record.malformed")
            for register, columns in (
                (MINER_RETURNS, ("coin", "energy")),
                (OPERATOR_RETURNS, ("energy", "miners")),
                (OPERATOR_MINERS, ("coin", "energy")),
                (OPERATOR_TARIFFS, ("energy", "price")),
                (OPERATOR_MACHINES, ("hours",)),
                (EPOCHS, ("difficulty", "reward")),
            )
            for column in columns
            for text in ("-1", "1e3", "1,5", "0.123456789", "", "99999999999999999999", "NaN")
        ),
        (MINER_RETURNS, "pooled", "perhaps", "record.malformed"),
        (MINER_RETURNS, "addresses", "", "mining.addresses-missing"),
        (MINER_RETURNS, "addresses", "a;a", "record.malformed"),
        (MINER_RETURNS, "addresses", "a;;b", "record.malformed"),
        (OPERATOR_MINERS, "observer", "http://pool.example/x", "mining.observer-wrong"),
        (OPERATOR_MINERS, "observer", "https://pool.example/x y", "mining.observer-wrong"),
        (OPERATOR_MACHINES, "serial", "S" * 65, "mining.serial-wrong"),
        (EPOCHS, "network", "mainnet", "record.malformed"),
        (EPOCHS, "ends_at", "2026-06-28T04:00:00Z", "mining.epoch-wrong"),
        (EPOCHS, "ends_at", "2026-06-28T03:59:59Z", "mining.epoch-wrong"),
        (EPOCHS, "begins_at", "2026-06-28T04:00:00", "record.malformed"),
        (EPOCHS, "difficulty", "0", "mining.epoch-wrong"),
        (EPOCHS, "reward", "0.00000000", "mining.epoch-wrong"),
        (EPOCHS, "source", "", "record.malformed"),
    ],
)
def test_what_is_wrong_with_a_line(register: Register, column: str, text: str, code: str) -> None:
    assert codes(register, {**dict(LINES)[register], column: text}) == [code]


def test_nothing_mined_needs_no_address() -> None:
    assert codes(MINER_RETURNS, {**MINER, "coin": "0", "addresses": ""}) == []
    assert [*MinerReturn(WHO, date(2026, 7, 1), 0, 0, False).faults()] == []


def test_an_outcome_is_a_known_one_of_a_known_ground() -> None:
    line = REVIEW_OUTCOMES.write(of_returns(WHO)[-1])
    assert codes(REVIEW_OUTCOMES, line) == []
    for column, text in (("outcome", "denied"), ("code", "mining.suspicious"), ("said", "")):
        assert codes(REVIEW_OUTCOMES, {**line, column: text}) == ["record.malformed"]


def test_who_may_say_what() -> None:
    """Their own people file what they state; of the network and of reviews compliance does."""
    registers = [one for one, _ in LINES]
    own = {one.name for one in (*registers, REVIEW_OUTCOMES) if one.is_own}
    assert own == {one.name for one in registers} - {"epoch"}
    assert {one.way for one in (*registers, REVIEW_OUTCOMES)} == {Way.FILED}
    assert BREACHES.way is REVIEWS.way is Way.FOUND


def test_the_law_names_forms_that_there_are() -> None:
    assert (MINER_RETURNS.name, OPERATOR_RETURNS.name) == RETURNS


def test_authorities_alone_see_addresses_and_where_miners_are_followed() -> None:
    hidden = {one.name: set(one.restricted) for one, _ in LINES if one.restricted}
    assert hidden == {"miner_return": {"addresses"}, "operator_miner": {"observer"}}


def test_an_epoch_is_known_by_its_network_and_beginning() -> None:
    one, _ = EPOCHS.read(EPOCH)
    assert isinstance(one, Epoch)
    assert EPOCHS.key_of(one) == "regtest|2026-06-28T04:00:00.000000Z"
