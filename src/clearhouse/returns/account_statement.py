"""Account statement: a participant's accounts and what moved them, as CSV or JSON, piece by piece.

Units are whole minor units (satoshi, cent) of the asset beside them, positive when they came in. In
JSON they are strings, for JSON's numbers lose units above 2**53. Instants are UTC. The same books
and period give the same bytes.

CSV has a line `opening` for each account with the balance before the period, and below it a line an
entry; the balance of the last is the closing balance. Text that a spreadsheet would take for a
formula is written with an apostrophe before it.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from clearhouse.core.ledger import Line, Movement, Opening

COLUMNS = (
    "account",
    "asset",
    "place",
    "entry",
    "recorded_at",
    "occurred_at",
    "transfer",
    "code",
    "phase",
    "follows",
    "against",
    "cause",
    "units",
    "balance",
)


def as_csv(lines: Iterable[Line]) -> Iterator[str]:
    """Render a statement as CSV (RFC 4180), a line at a time."""
    row = io.StringIO()
    writer = csv.writer(row)
    writer.writerow(COLUMNS)
    for line in lines:
        account = (line.account.kind, line.account.asset, line.account.place)
        if isinstance(line, Opening):
            writer.writerow((*account, "", "", "", "", "opening", *[""] * 5, line.balance))
        else:
            cells = [str(value) for value in _fields(line).values()]
            writer.writerow((*account, *map(plain, cells[:-2]), *cells[-2:]))
        yield row.getvalue()
        row.seek(0)
        row.truncate()
    yield row.getvalue()  # the head alone, if there was no line


def as_json(lines: Iterable[Line]) -> Iterator[str]:
    """Render a statement as one JSON object, a line at a time."""
    yield '{"accounts": ['
    closing, before = None, ""
    for line in lines:
        if isinstance(line, Opening):
            if closing is not None:
                yield f'], "closing": "{closing}"}},'
            account = line.account
            head = {"account": account.kind, "asset": account.asset, "place": account.place}
            yield f'\n{_json(head)[:-1]}, "opening": "{line.balance}", "entries": ['
            before = "\n"
        else:
            yield before + _json(_fields(line))
            before = ",\n"
        closing = line.balance
    yield "\n]}\n" if closing is None else f'], "closing": "{closing}"}}\n]}}\n'


def _fields(line: Movement) -> dict[str, Any]:
    """An entry's columns after the account's."""
    return {
        "entry": line.entry,
        "recorded_at": line.recorded_at.isoformat(),
        "occurred_at": line.occurred_at.isoformat(),
        "transfer": line.transfer,
        "code": line.code,
        "phase": line.phase,
        "follows": line.follows or "",
        "against": line.against,
        "cause": line.cause,
        "units": str(line.units),
        "balance": str(line.balance),
    }


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def plain(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
