"""A participant's statement as CSV and JSON: to the last unit, and safe to open."""

import csv
import json
from datetime import UTC, datetime

import pytest

from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import (
    Account,
    AccountKind,
    Line,
    Movement,
    Opening,
    Phase,
    TransferCode,
)
from clearhouse.returns.account_statement import COLUMNS, as_csv, as_json

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINE = Account("AAAA", AccountKind.AVAILABLE, "bip122:x/slip44:1")
HELD = Account("AAAA", AccountKind.HELD, "bip122:x/slip44:1")


def movement(entry: int, units: int, balance: int, cause: str = "cyc_1") -> Movement:
    id = TransferId(f"trf_{entry}")
    kinds = (TransferCode.PAY_IN, Phase.SINGLE, None, AccountKind.VAULT)
    return Movement(MINE, entry, NOW, NOW, id, *kinds, cause, units, balance)


LINES: list[Line] = [
    Opening(MINE, 5),
    movement(3, 2**255, 2**255 + 5),
    movement(4, -5, 2**255),
    Opening(HELD, 7),
]


def rows(lines: list[Line]) -> list[dict[str, str]]:
    return list(csv.DictReader("".join(as_csv(lines)).splitlines(keepends=True)))


def test_csv_and_json_say_the_same_to_the_last_unit() -> None:
    table = rows(LINES)
    document = json.loads("".join(as_json(LINES)))

    assert [(row["code"], row["units"], row["balance"]) for row in table] == [
        ("opening", "", "5"),
        ("pay_in", f"{2**255}", f"{2**255 + 5}"),
        ("pay_in", "-5", f"{2**255}"),
        ("opening", "", "7"),
    ]
    first, second = document["accounts"]
    assert (first["opening"], first["closing"]) == ("5", f"{2**255}")
    assert (second["opening"], second["closing"], second["entries"]) == ("7", "7", [])
    for entry, row in zip(first["entries"], table[1:3], strict=True):
        assert {name: str(value) for name, value in entry.items()} == {
            name: row[name] for name in COLUMNS[3:]
        }


def test_nothing_is_rendered_as_an_empty_statement() -> None:
    assert rows([]) == []
    assert "".join(as_csv([])) == ",".join(COLUMNS) + "\r\n"
    assert json.loads("".join(as_json([]))) == {"accounts": []}


@pytest.mark.parametrize("cause", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_cause_is_no_formula_to_a_spreadsheet(cause: str) -> None:
    row = rows([Opening(MINE, 0), movement(1, -5, 0, cause)])[1]

    assert row["cause"] == f"'{cause}"
    assert row["units"] == "-5"  # a number is one


@pytest.mark.parametrize("cause", ['a,"b"', "a\r\nb", "ü\\N", "'"])
def test_a_cause_survives_both_forms(cause: str) -> None:
    lines: list[Line] = [Opening(MINE, 0), movement(1, 5, 5, cause)]

    assert rows(lines)[1]["cause"] == cause
    assert json.loads("".join(as_json(lines)))["accounts"][0]["entries"][0]["cause"] == cause
