"""The vault's addresses: given out once each, and nobody's pay-out address."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.admitted import agree_on
from tests.stage import Stage

from clearhouse.core.ids import ParticipantId
from clearhouse.core.reconciliation import Cause
from clearhouse.operations import books, differences
from clearhouse.operations.addresses import fresh
from clearhouse.operations.admit import COLUMNS, Admission, read
from clearhouse.operations.fund import float_address
from clearhouse.operations.publish import period, publish_day, trusted
from clearhouse.store import cycles
from clearhouse.verifier.__main__ import verify

APPLICANT = {
    "lei": "5493001KJTIIGC8Y1R12",
    "name": "Fjordfisk Export AS",
    "residence": "XA",
    "licence_class": "exporter",
    "licence_issuer": "Norland Central Bank",
    "valid_from": "2026-01-01",
    "valid_to": "2027-12-31",
}


def apply(stage: Stage, folder: Path, address: str, **changes: str) -> Admission:
    """Ask to be admitted, to be paid at an address."""
    file = folder / "register.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerow({**APPLICANT, "address": address, **changes})
    done = read(stage.house, file)
    if done.entities:
        agree_on(stage.house, done)
    return done.answers[0]


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
        found = fresh(house, 3, is_change=is_change)
    assert [one.position for one in found] == list(range(first, first + 4))
    assert [one.position for one in found if one.unasked] == [first + 1]
    assert all(one.script == derive(one.position).script for one in found)


@pytest.mark.parametrize("is_change", [False, True])
def test_who_is_paid_at_the_vault_stops_nobody(
    embedded_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_change: bool
) -> None:
    """What is paid there is a coin of the vault that nobody asked for: in suspense, and seen."""
    stage, house, firm = embedded_stage, embedded_stage.house, Stage.firm
    first = cycles.next_vault_position(house.db, is_change=is_change)
    at = house.rail.vault.change(first) if is_change else house.rail.vault.receive(first)
    applicant = replace(firm(stage, "b"), id=ParticipantId(APPLICANT["lei"]), name="Vault Sitters")
    home = {"residence": "XB", "name": applicant.name}
    assert apply(stage, tmp_path, at.text, **home).outcome == "admitted"
    monkeypatch.setattr(Stage, "firm", lambda _, one: applicant if one == "e" else firm(stage, one))

    stage.settled("A>e 0.1, C>b 0.1")
    assert cycles.vault_addresses(house.db)[at.script].unasked
    stage.mine(stage.deep)
    stray = differences.look(house)
    assert stray.reconciliation.difference == 0
    causes = [(one.cause, one.units) for one in stray.standing]
    assert causes == [(Cause.UNKNOWN_DEPOSIT, 10_000_000)]
    books.close(house)
    publish_day(period(house), tmp_path / "day", lambda _: None)
    (tmp_path / "trust").write_text(json.dumps(trusted(house, 0)))
    _, found = verify(tmp_path / "day", tmp_path / "trust")
    assert {name: str(wrong) for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("write", [str, str.upper])
def test_an_address_that_was_given_out_is_nobodys_to_be_paid_at(
    embedded_stage: Stage, tmp_path: Path, write: type[str]
) -> None:
    """However it is written."""
    address = write(float_address(embedded_stage.house).address)
    answer = apply(embedded_stage, tmp_path, address)
    assert [one.code for one in answer.refusals] == ["participant.address-of-vault"]
