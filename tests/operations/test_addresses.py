"""The vault's addresses: given out once each, and nobody's pay-out address."""

import csv
from pathlib import Path

import pytest
from tests.stage import Stage

from clearhouse.operations.addresses import fresh
from clearhouse.operations.admit import COLUMNS, Admission, admit
from clearhouse.operations.fund import float_address
from clearhouse.store import cycles

APPLICANT = {
    "lei": "5493001KJTIIGC8Y1R12",
    "name": "Fjordfisk Export AS",
    "residence": "XA",
    "licence_class": "exporter",
    "licence_issuer": "Norland Central Bank",
    "valid_from": "2026-01-01",
    "valid_to": "2027-12-31",
}


def apply(stage: Stage, folder: Path, address: str) -> Admission:
    """Ask to be admitted, to be paid at an address."""
    file = folder / "register.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerow({**APPLICANT, "address": address})
    answers: list[Admission] = []
    admit(stage.house, file, answers.append)
    return answers[0]


@pytest.mark.parametrize("is_change", [False, True])
def test_an_address_that_somebody_registered_is_not_given_out(
    embedded_stage: Stage, tmp_path: Path, *, is_change: bool
) -> None:
    """The vault's keys are public, so anybody can compute which one comes next."""
    house = embedded_stage.house
    first = cycles.next_vault_position(house.db, is_change=is_change)
    derive = house.rail.vault.change if is_change else house.rail.vault.receive
    assert apply(embedded_stage, tmp_path, derive(first + 1).text).outcome == "admitted"
    with house.db.transaction():
        given = fresh(house, 3, is_change=is_change)
    assert [one.position for one in given] == [first, first + 2, first + 3]
    assert all(one.script == derive(one.position).script for one in given)


@pytest.mark.parametrize("write", [str, str.upper])
def test_an_address_that_was_given_out_is_nobodys_to_be_paid_at(
    embedded_stage: Stage, tmp_path: Path, write: type[str]
) -> None:
    """However it is written."""
    address = write(float_address(embedded_stage.house).address)
    answer = apply(embedded_stage, tmp_path, address)
    assert [one.code for one in answer.refusals] == ["participant.address-of-vault"]
