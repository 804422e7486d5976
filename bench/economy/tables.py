"""The same questions in plain SQL, for comparison: SQLite, in memory, with an index for each key.

It is asked what one statement can say: windows, the greatest of windows, shares, groups and who is
new. Rounds and the sums of bands are left out, in its favour.
"""

import sqlite3
from collections.abc import Callable, Mapping

from clearhouse.core.monitoring import Columns, Programme
from clearhouse.core.monitoring.batch import Given
from clearhouse.engines.monitoring import SHARE_MAX

COLUMNS = ("at", "payer", "payee", "value", "payer_group", "payee_group", "exposure")
KEYS = {
    "payer": "payer = :payer",
    "payee": "payee = :payee",
    "pair": "payer = :payer AND payee = :payee",
    "payer-group": "payer_group = :payer_group",
    "groups": "payer_group = :payer_group AND payee_group = :payee_group",
}
INDEXES = ("payer, at", "payee, at", "payer, payee, at", "payer_group, at")
FRESH = """
SELECT count(*) FROM payment a WHERE a.{side} = :key AND a.at > :at - :window AND NOT EXISTS (
  SELECT 1 FROM payment b WHERE b.payer = a.payer AND b.payee = a.payee AND b.seq < a.seq
  AND b.at > a.at - :fresh
) AND (SELECT count(*) FROM payment c WHERE c.{side} = a.{side} AND c.seq < a.seq) >= :after
"""
PEAK = """
SELECT max(n) FROM (
  SELECT (SELECT {what} FROM payment b WHERE {same} AND b.at > a.at - :window AND b.seq <= a.seq
    AND {inside}) n
  FROM payment a WHERE {key} AND {inside}
  AND a.at > :at - :window - :baseline AND a.at <= :at - :window
)
"""
Row = Mapping[str, int]


def share(part: int, whole: int) -> int:
    """As the engine has it."""
    if not part:
        return 0
    return min(part * 1000 // whole, SHARE_MAX) if whole else SHARE_MAX


class Tables:
    """A history in a table, to which one payment after the other is added."""

    def __init__(self, columns: Columns) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute(f"CREATE TABLE payment (seq INTEGER PRIMARY KEY, {', '.join(COLUMNS)})")
        rows = zip(*(getattr(columns, name).tolist() for name in COLUMNS), strict=True)
        marks = ", ".join("?" * len(COLUMNS))
        self._insert = f"INSERT INTO payment ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608 - the same
        self._db.executemany(self._insert, rows)
        for number, index in enumerate(INDEXES):
            self._db.execute(f"CREATE INDEX index_{number} ON payment ({index})")

    def answers(self, columns: Columns, programme: Programme) -> dict[str, int]:
        """Add one payment, and answer the rules that are asked of this."""
        row = {name: int(getattr(columns, name)[0]) for name in COLUMNS}
        self._db.execute(self._insert, tuple(row.values()))
        return {
            rule.id: ASKED[rule.measure](self, row, Given(rule.given))
            for rule in programme.rules
            if rule.measure in ASKED
        }

    def one(self, what: str, where: str, row: Row, **more: int) -> tuple[int, ...]:
        """One row of an answer; nothing is 0."""
        found = self._db.execute(f"SELECT {what} FROM payment WHERE {where}", {**row, **more})  # noqa: S608 - our own words
        return tuple(each or 0 for each in found.fetchone())

    def window(self, what: str, by: str, row: Row, span: int, and_: str = "TRUE") -> int:
        """One number of a window."""
        where = f"{KEYS[by]} AND at > :at - :span AND {and_}"
        return self.one(what, where, row, span=span)[0]

    def peak(self, what: str, row: Row, given: Given, inside: str = "TRUE") -> int:
        """The greatest of the windows of the baseline."""
        key = KEYS[given.text("by")]
        columns = [part.partition(" = ")[0] for part in key.split(" AND ")]
        same = " AND ".join(f"b.{name} = a.{name}" for name in columns)
        spans = {name: given.span(name) for name in ("window", "baseline")}
        asked = PEAK.format(what=what, key=key, same=same, inside=inside)
        return int(self._db.execute(asked, {**row, **spans}).fetchone()[0] or 0)

    def fresh(self, row: Row, given: Given, side: str, key: int) -> int:
        """How many of a window are of pairs that had none for a time."""
        spans = {name: given.span(name) for name in ("window", "fresh")}
        more = {"key": key, "at": row["at"], "after": given.whole("after"), **spans}
        return int(self._db.execute(FRESH.format(side=side), more).fetchone()[0])


def _below(what: str) -> Callable[[Tables, Row, Given], int]:
    def answer(tables: Tables, row: Row, given: Given) -> int:
        threshold = given.whole("threshold")
        least = -(-threshold * given.whole("from") // 1000)
        if not least <= row["value"] < threshold:
            return 0
        inside = f"value >= {least} AND value < {threshold}"
        found = tables.window(what, given.text("by"), row, given.span("window"), inside)
        return share(found, threshold) if what.startswith("sum") else found

    return answer


def _below_peak(tables: Tables, row: Row, given: Given) -> int:
    now = _below("count(*)")(tables, row, given)
    threshold = given.whole("threshold")
    least = -(-threshold * given.whole("from") // 1000)
    inside = f"value >= {least} AND value < {threshold}"
    return share(now, max(tables.peak("count(*)", row, given, inside), given.whole("usual")))


def _peak(what: str) -> Callable[[Tables, Row, Given], int]:
    def answer(tables: Tables, row: Row, given: Given) -> int:
        now = tables.window(what, given.text("by"), row, given.span("window"))
        return share(now, max(tables.peak(what, row, given), given.whole("usual")))

    return answer


def _passed(tables: Tables, row: Row, given: Given) -> int:
    span = given.span("window")
    into = tables.window("sum(value)", "payee", {**row, "payee": row["payer"]}, span)
    out = tables.window("sum(value)", "payer", row, span)
    return share(min(into, out), max(into, out)) if into >= given.whole("least") else 0


def _income(tables: Tables, row: Row, given: Given) -> int:
    window, baseline = given.span("window"), given.span("baseline")
    seen = {**row, "payee": row["payer"]}
    now = tables.window("sum(value)", "payee", seen, window)
    before = tables.window("sum(value)", "payee", seen, window + baseline) - now
    return share(now, max(before // max(1, baseline // window), given.whole("usual")))


def _size(tables: Tables, row: Row, given: Given) -> int:
    where = f"{KEYS[given.text('by')]} AND at > :at - :span"
    count, total = tables.one("count(*), sum(value)", where, row, span=given.span("baseline"))
    count, total = count - 1, total - row["value"]
    return share(row["value"], total // count) if count >= given.whole("least") and total else 0


def _flagged(tables: Tables, row: Row, given: Given) -> int:
    what, known = "sum(value * exposure / 1000)", "exposure >= 0"
    found = tables.window(what, given.text("by"), row, given.span("window"), known)
    if "threshold" in given.values:
        return share(found, given.whole("threshold"))
    by, span = given.text("by"), given.span("window")
    if not tables.window("count(*)", by, row, span, known):
        return -1
    return share(found, tables.window("sum(value)", by, row, span, known))


ASKED: Mapping[str, Callable[[Tables, Row, Given], int]] = {
    "below.count": _below("count(*)"),
    "below.members": _below("count(DISTINCT payer)"),
    "below.peak": _below_peak,
    "below.total": _below("sum(value)"),
    "exposure.share": _flagged,
    "exposure.total": _flagged,
    "fresh.count": lambda tables, row, given: tables.fresh(
        row, given, given.text("side"), row[given.text("side")]
    ),
    "income.burst": _income,
    "income.fresh": lambda tables, row, given: tables.fresh(row, given, "payee", row["payer"]),
    "passed.share": _passed,
    "peak.count": _peak("count(*)"),
    "peak.value": _peak("sum(value)"),
    "size": _size,
}
