"""Intake: every line is answered, nothing accepted is lost, and saying it again changes nothing."""

import csv
import json
import resource
import shutil
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from threading import Barrier, Thread
from typing import Any

import pytest
from psycopg import Connection
from tests.stage import Clock

from clearhouse.core.errors import Refusal
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.money import USD, Money
from clearhouse.core.obligation import NEXT, ObligationProposed, State
from clearhouse.demo import lists
from clearhouse.demo.country import Country, Firm, can
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.operations import intake
from clearhouse.operations.affirm import affirm
from clearhouse.operations.house import House
from clearhouse.operations.intake import COLUMNS, Answer, Tally, take_in
from clearhouse.store import journal, obligations, registers
from clearhouse.store.connection import connect

HEADER = ",".join(COLUMNS) + "\n"
NOBODY = "5493001KJTIIGC8Y1R12"  # a good LEI that is not admitted
TRADED, DUE = date(2026, 2, 27), date(2026, 3, 9)


def one_who_can(people: Country, residence: str, role: str) -> Firm:
    return next(
        one
        for one in people.traders
        if one.residence == residence and can(one, role) and lists.misspelt(one.name) != one.name
    )


@pytest.fixture
def buyer(admitted: Country) -> Firm:
    return one_who_can(admitted, "XA", "debtor")


@pytest.fixture
def seller(admitted: Country) -> Firm:
    return one_who_can(admitted, "XB", "creditor")


@pytest.fixture
def invoice(buyer: Firm, seller: Firm) -> Invoice:
    return Invoice("INV-1", buyer, seller, "41250.00", "USD", TRADED, DUE)


def invoices(pattern: Invoice, count: int, name: str = "INV") -> list[Invoice]:
    return [
        replace(pattern, reference=f"{name}-{number}", amount=f"{100 + number}.00")
        for number in range(1, count + 1)
    ]


@dataclass
class Sent:
    """A file that was sent, and what was answered."""

    tally: Tally
    answers: list[Answer] = field(default_factory=list)

    @property
    def said(self) -> list[str]:
        """Each line's outcome, or the codes of all its refusals."""
        return [
            " ".join(refusal.code for refusal in one.refusals) or one.outcome
            for one in self.answers
        ]


def send(house: House, file: Path, by: Firm) -> Sent:
    answers: list[Answer] = []
    return Sent(take_in(house, file, by.id, answers.append), answers)


def send_text(house: House, folder: Path, text: str | bytes, by: Firm) -> Sent:
    file = folder / "sent.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return send(house, file, by)


def line(one: Invoice, **changed: str) -> str:
    """An invoice as a line of a file, with fields as they are given."""
    fields = dict(zip(COLUMNS, one.row(), strict=True)) | changed
    return ",".join(fields[name] for name in COLUMNS) + "\n"


def recorded(db: Connection) -> list[tuple[Any, ...]]:
    """All obligations, without the instants at which they were said."""
    return db.execute(
        "SELECT id, debtor, creditor, reference, asset, units, traded_on, due_on,"
        " debtor_said_at IS NOT NULL, creditor_said_at IS NOT NULL, state, verdict"
        " FROM obligation ORDER BY id"
    ).fetchall()


def journalled(db: Connection) -> int:
    """How many entries the journal has; and it and the obligations must say the same."""
    row = db.execute(
        "SELECT count(*), coalesce(min(position), 1), coalesce(max(position), 0),"
        " (SELECT position FROM journal_head) FROM journal"
    ).fetchone()
    assert row is not None
    count, first, last, head = row
    assert (first, last) == (1, count)
    assert head == count
    wrong = db.execute(
        "SELECT o.id, o.state, array_agg(j.kind) FROM obligation o"
        " LEFT JOIN journal j ON j.subject = o.id GROUP BY o.id"
        " HAVING count(*) FILTER (WHERE j.kind = 'ObligationProposed') <> 1"
        " OR count(*) FILTER (WHERE j.kind = 'GateDecided') <> 1"
        " OR count(*) FILTER (WHERE j.kind = 'ObligationAffirmed')"
        " <> (o.state <> 'proposed')::int"
    ).fetchall()
    assert wrong == []
    orphans = db.execute(
        "SELECT subject FROM journal WHERE kind = 'ObligationProposed'"
        " AND subject NOT IN (SELECT id FROM obligation)"
    ).fetchall()
    assert orphans == []
    return int(count)


# --- what is right -------------------------------------------------------------------------------


def test_each_line_is_answered_with_its_id_and_the_gates_verdict(
    house: House, invoice: Invoice, seller: Firm, buyer: Firm, tmp_path: Path
) -> None:
    before = journalled(house.db)

    sent = send(house, write_csv(tmp_path / "sales.csv", [invoice]), seller)

    (answer,) = sent.answers
    assert (answer.line, answer.obligation, answer.outcome) == (2, invoice.id, "proposed")
    assert (answer.verdict, answer.refusals) == ("clear", ())
    assert answer.text + "\n" == line(invoice)
    assert sent.tally.outcomes == {"proposed": 1, "affirmed": 0, "known": 0, "refused": 0}
    assert sent.tally.verdicts == {"clear": 1, "hold": 0, "deny": 0}
    one = obligations.by_ids(house.db, [invoice.id], house.assets)[invoice.id]
    assert (one.debtor, one.creditor, one.reference) == (buyer.id, seller.id, "INV-1")
    assert (one.amount, one.traded_on, one.due_on) == (Money(4_125_000, USD), TRADED, DUE)
    assert (one.creditor_said_at, one.debtor_said_at) == (house.now(), None)
    assert one.state is State.PROPOSED
    assert journalled(house.db) > before


def test_the_journal_names_the_file_and_the_line(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    sent = send_text(house, tmp_path, f"{HEADER}\n{line(invoice)}", seller)

    proposed, decided = (entry.event for entry in journal.about(house.db, invoice.id))
    assert isinstance(proposed, ObligationProposed)
    assert (proposed.file, proposed.line, proposed.by) == (sent.tally.file, 3, seller.id)
    assert isinstance(decided, GateDecided)
    assert decided.verdict == "clear"


FORMS: dict[str, Callable[[str], str]] = {
    "byte order mark": lambda text: "\ufeff" + text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "blank lines": lambda text: text.replace("\n", "\n\n"),
    "spaces": lambda text: text.replace(",", " , "),
    "quotes": lambda text: text.replace(",41250.00,", ',"41250.00",'),
    "other order": lambda text: "\n".join(
        ",".join(reversed(row.split(","))) for row in text.split("\n")
    ),
    "rejects": lambda text: text.replace("due_on\n", "due_on,refused_line,refusals\n").replace(
        "-09\n", '-09,2,"money.amount-malformed: \'1e3\', write it ""so"""\n'
    ),
}


def test_the_same_said_in_another_form_is_the_same(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    for number, (name, form) in enumerate(FORMS.items()):
        plain = HEADER + line(replace(invoice, reference=f"INV-{number}"))
        assert form(plain) != plain, name

        assert send_text(house, tmp_path, form(plain), seller).said == ["proposed"], name
        assert send_text(house, tmp_path, plain, seller).said == ["known"], name


def test_an_invoice_is_one_obligation_by_csv_and_by_ubl(
    house: House, invoice: Invoice, seller: Firm, buyer: Firm, tmp_path: Path
) -> None:
    xml = tmp_path / "INV-1.XML"
    xml.write_text(invoice.ubl())
    table = write_csv(tmp_path / "purchases.csv", [invoice])

    assert send(house, xml, seller).said == ["proposed"]
    assert send(house, table, seller).said == ["known"]
    assert send(house, table, buyer).said == ["affirmed"]
    assert send(house, xml, buyer).said == ["known"]
    assert len(recorded(house.db)) == 1
    journalled(house.db)


@pytest.mark.parametrize("first", ["debtor", "creditor"])
def test_the_other_sides_file_makes_it_bind(
    house: House, invoice: Invoice, tmp_path: Path, first: str
) -> None:
    file = write_csv(tmp_path / "one.csv", [invoice])
    sides = [invoice.debtor, invoice.creditor]
    if first == "creditor":
        sides.reverse()

    assert [send(house, file, side).said for side in sides] == [["proposed"], ["affirmed"]]
    (row,) = recorded(house.db)
    assert row[8:] == (True, True, "affirmed", "clear")


# --- what is wrong with a file -------------------------------------------------------------------


UNREADABLE = [
    ("a.csv", b"", "file.empty"),
    ("a.csv", b"reference,debtor\n", "file.header-wrong"),
    ("a.csv", HEADER.replace("due_on", "due_on,due_on").encode(), "file.header-wrong"),
    ("a.csv", HEADER.replace("due_on", "due_on,note").encode(), "file.header-wrong"),
    ("a.csv", HEADER.encode().rstrip(b"\n"), "file.header-wrong"),
    ("a.csv", HEADER.encode("utf-16"), "file.encoding-wrong"),
    ("a.csv", b"<?xml version='1.0'?>\n<a/>\n", "file.header-wrong"),
    ("a.xml", b"", "file.empty"),
    ("a.xml", HEADER.encode(), "xml.malformed"),
    ("a.xml", b"<!DOCTYPE a><a/>", "xml.forbidden"),
]


def test_a_file_that_cannot_be_read_changes_nothing(
    house: House, seller: Firm, tmp_path: Path
) -> None:
    before = journalled(house.db)
    for name, content, code in [*UNREADABLE, *UNREADABLE]:
        file = tmp_path / name
        file.write_bytes(content)

        with pytest.raises(Refusal) as refused:
            send(house, file, seller)

        assert refused.value.code == code, content
    assert journalled(house.db) == before
    assert house.db.execute("SELECT count(*) FROM intake").fetchone() == (0,)


def test_an_invoice_that_lacks_something_changes_nothing(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    before = journalled(house.db)
    file = tmp_path / "invoice.xml"
    file.write_text(invoice.ubl().replace("DueDate", "TaxPointDate"))

    with pytest.raises(Refusal, match=r"invoice\.incomplete.*cbc:DueDate"):
        send(house, file, seller)
    assert journalled(house.db) == before


def test_a_file_with_a_header_alone_has_nothing_to_answer(
    house: House, seller: Firm, tmp_path: Path
) -> None:
    before = journalled(house.db)
    for blank in ("", "\n", "\r\n\n"):
        sent = send_text(house, tmp_path, HEADER + blank, seller)

        assert sent.answers == []
        assert sum(sent.tally.outcomes.values()) == 0
    assert journalled(house.db) == before


def test_a_sender_who_is_not_admitted_is_refused(
    house: House, invoice: Invoice, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "sales.csv", [invoice])
    for nobody in (NOBODY, "", "x"):
        with pytest.raises(Refusal, match=r"participant\.unknown"):
            take_in(house, file, ParticipantId(nobody), lambda _: None)
    assert recorded(house.db) == []


# --- what is wrong with a line -------------------------------------------------------------------

WRONG_LINES: list[tuple[Any, ...]] = [  # fields, and the code of each line that they make
    ({"reference": ""}, "obligation.reference-malformed"),
    ({"reference": "=cmd"}, "obligation.reference-malformed"),
    ({"debtor": NOBODY}, "participant.unknown"),
    ({"debtor": "1"}, "participant.lei-wrong"),
    ({"debtor": NOBODY[:-2] + "21"}, "participant.lei-wrong"),
    ({"debtor": NOBODY.lower()}, "participant.lei-wrong"),
    ({"amount": "1e3"}, "money.amount-malformed"),
    ({"amount": "-5"}, "money.amount-not-positive"),
    ({"amount": "NaN"}, "money.amount-malformed"),
    ({"amount": "0"}, "money.amount-not-positive"),
    ({"amount": "0.00"}, "money.amount-not-positive"),
    ({"amount": "1" * 40}, "money.amount-too-large"),
    ({"amount": '"1,000.00"'}, "money.amount-malformed"),
    ({"amount": "1,000.00"}, "file.columns-wrong"),
    ({"amount": "\uff11\uff12"}, "money.amount-malformed"),
    ({"amount": ".5"}, "money.amount-malformed"),
    ({"amount": "5."}, "money.amount-malformed"),
    ({"amount": "5.001"}, "money.amount-too-precise"),
    ({"amount": "0.000000001", "asset": "BTC"}, "money.amount-too-precise"),
    ({"asset": "XYZ"}, "money.unknown-asset"),
    ({"asset": "usd"}, "money.unknown-asset"),
    ({"due_on": "2026-03-01"}, "obligation.due-passed"),
    ({"due_on": "20260309"}, "obligation.date-malformed"),
    ({"due_on": "2026-W10-1"}, "obligation.date-malformed"),
    ({"due_on": "2026-02-30"}, "obligation.date-malformed"),
    ({"traded_on": "2026-03-03"}, "obligation.traded-in-future"),
    ({"due_on": ""}, "obligation.date-malformed"),
    ({"due_on": "2026-03-09,"}, "file.columns-wrong"),
    ({"due_on": '"2026-03-09'}, "file.columns-wrong"),
    ({"reference": '"INV\n1"'}, "file.columns-wrong", "file.columns-wrong"),
    ({"reference": "INV\0"}, "file.encoding-wrong"),
    ({"reference": "INV\udcff"}, "file.encoding-wrong"),
    ({"reference": "I" * 20_000}, "file.line-too-long"),
]


def test_each_wrong_line_is_told_its_code_and_the_others_go_on(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    """One file with a good line before, between and behind all the wrong ones."""
    first, *good = invoices(invoice, len(WRONG_LINES) + 1, "GOOD")
    text, expected = HEADER + line(first), ["proposed"]
    for one, (fields, *codes) in zip(good, WRONG_LINES, strict=True):
        text += line(invoice, **fields) + line(one)
        expected += [*codes, "proposed"]

    sent = send_text(house, tmp_path, text.encode(errors="surrogateescape"), seller)

    assert sent.said == expected
    assert [one.line for one in sent.answers] == list(range(2, len(expected) + 2))
    assert {row[0] for row in recorded(house.db)} == {one.id for one in (first, *good)}
    journalled(house.db)


def test_a_line_is_told_everything_that_is_wrong_with_it(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    spoilt = f"?,{NOBODY},x,1e3,XYZ,tomorrow,2026-02-30\n"

    (answer,) = send_text(house, tmp_path, HEADER + spoilt, seller).answers

    assert [refusal.code for refusal in answer.refusals] == [
        "obligation.reference-malformed",
        "participant.unknown",
        "participant.lei-wrong",
        "obligation.not-a-party",
        "money.unknown-asset",
        "money.amount-malformed",
        "obligation.date-malformed",
        "obligation.date-malformed",
    ]
    assert (answer.obligation, answer.outcome, answer.verdict) == (None, "refused", "")
    assert answer.text + "\n" == spoilt
    assert invoice.id not in {row[0] for row in recorded(house.db)}


def test_only_parties_may_send_and_nobody_owes_itself(
    house: House, invoice: Invoice, seller: Firm, admitted: Country, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "sales.csv", [invoice])
    own = HEADER + line(invoice, debtor=seller.id)

    for other in (admitted.banks[0], admitted.authority, admitted.miners[0]):
        assert send(house, file, other).said == ["obligation.not-a-party"]
    assert send_text(house, tmp_path, own, seller).said == ["obligation.parties-equal"]
    assert recorded(house.db) == []


def test_a_party_without_a_licence_is_refused_with_the_rule(
    house: House, invoice: Invoice, seller: Firm, admitted: Country, tmp_path: Path
) -> None:
    """The stranger's licence ran out in January; what counts is the day of the trade."""
    stranger = replace(invoice, debtor=admitted.stranger)
    in_time = replace(stranger, reference="INV-2", traded_on=date(2026, 1, 31))

    late, early = send(house, write_csv(tmp_path / "s.csv", [stranger, in_time]), seller).answers

    (refusal,) = late.refusals
    assert refusal.code == "participant.licence-missing"
    assert refusal.context == {"participant": admitted.stranger.id, "rule": "XA.admission.debtor"}
    assert "Norland Foreign Trade (Digital Assets) Act 2025, s. 8(1)" in refusal.detail
    # It was licensed when it traded, but is not when it would settle: the gate says so.
    assert (early.outcome, early.verdict) == ("proposed", "deny")


def test_an_importer_cannot_act_as_creditor(
    house: House, admitted: Country, seller: Firm, tmp_path: Path
) -> None:
    importer = admitted.stranger  # licensed until the end of January
    turned = Invoice("INV-1", seller, importer, "5.00", "EUR", date(2026, 1, 15), DUE)

    (answer,) = send(house, write_csv(tmp_path / "s.csv", [turned]), importer).answers

    (refusal,) = answer.refusals
    assert refusal.code == "participant.licence-missing"
    assert refusal.context["rule"] == "XA.admission.creditor"


# --- saying it again -----------------------------------------------------------------------------


def test_ids_that_come_twice_in_a_file(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    text = HEADER + line(invoice) + line(invoice) + line(invoice, amount="41250.01")

    sent = send_text(house, tmp_path, text, seller)

    assert sent.said == ["proposed", "known", "obligation.differs"]
    assert sent.answers[1].obligation == invoice.id
    (refusal,) = sent.answers[2].refusals
    assert refusal.context == {"obligation": invoice.id}
    assert "41,250.00 USD" in refusal.detail
    assert [row[5] for row in recorded(house.db)] == [4_125_000]


def test_when_the_sides_say_different_things_nothing_binds(
    house: House, invoice: Invoice, seller: Firm, buyer: Firm, tmp_path: Path
) -> None:
    fields = {
        "amount": "41250.01",
        "asset": "EUR",
        "traded_on": "2026-02-26",
        "due_on": "2026-03-10",
    }
    for name, text in fields.items():
        one = replace(invoice, reference=name)
        other = HEADER + line(one, **{name: text})
        send_text(house, tmp_path, HEADER + line(one), seller)
        before = recorded(house.db), journalled(house.db)

        assert send_text(house, tmp_path, other, buyer).said == ["obligation.differs"]
        assert (recorded(house.db), journalled(house.db)) == before
        assert send_text(house, tmp_path, HEADER + line(one), buyer).said == ["affirmed"]
        # Nor can what binds be changed afterwards, by either side.
        for side in (buyer, seller):
            assert send_text(house, tmp_path, other, side).said == ["obligation.differs"]


def test_another_debtor_for_the_same_reference_differs(
    house: House, invoice: Invoice, seller: Firm, admitted: Country, tmp_path: Path
) -> None:
    other = admitted.banks[0]
    send(house, write_csv(tmp_path / "a.csv", [invoice]), seller)

    sent = send(house, write_csv(tmp_path / "b.csv", [replace(invoice, debtor=other)]), other)

    assert sent.said == ["obligation.differs"]


def test_a_file_sent_again_is_answered_again_and_changes_nothing(
    house: House,
    invoice: Invoice,
    seller: Firm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for batch in (1, 3, 4, 2000):
        monkeypatch.setattr(intake, "BATCH", batch)
        ours = invoices(invoice, 5, f"BATCH-{batch}")
        file = write_csv(tmp_path / "s.csv", ours, ("bad",), ours[2].row(), ("bad",))
        first = send(house, file, seller)
        before = recorded(house.db), journalled(house.db)
        for _ in range(2):
            again = send(house, file, seller)

            assert again.said == [said.replace("proposed", "known") for said in first.said]
            assert [one.obligation for one in again.answers] == [
                one.obligation for one in first.answers
            ]
            assert again.tally.lines_before == 0
            assert (recorded(house.db), journalled(house.db)) == before


def test_what_was_refused_for_the_registers_sake_is_taken_when_the_file_is_sent_again(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path, clock: Clock
) -> None:
    """The file is the same; the world is not."""
    early = replace(invoice, traded_on=date(2026, 3, 3))
    file = write_csv(tmp_path / "s.csv", [early])

    assert send(house, file, seller).said == ["obligation.traded-in-future"]
    clock.forward(hours=15)
    assert send(house, file, seller).said == ["proposed"]


def test_an_overlapping_file_adds_what_is_new(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    ours = invoices(invoice, 6)
    send(house, write_csv(tmp_path / "a.csv", ours[:4]), seller)

    sent = send(house, write_csv(tmp_path / "b.csv", reversed(ours[2:])), seller)

    assert sent.said == ["proposed", "proposed", "known", "known"]
    assert len(recorded(house.db)) == 6
    journalled(house.db)


def test_a_rejects_file_is_mended_and_sent(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    """Its two more columns stay as they are; what was refused again is refused again."""
    ours = invoices(invoice, 3)
    text = HEADER + line(ours[0]) + line(ours[1], amount="1e3") + line(ours[2], amount="-5")
    first = send_text(house, tmp_path, text, seller)
    assert first.said == ["proposed", "money.amount-malformed", "money.amount-not-positive"]
    rejects = tmp_path / "rejects.csv"
    with rejects.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS, "refused_line", "refusals"])
        for one in first.answers:
            if one.refusals:
                why = "; ".join(str(refusal) for refusal in one.refusals)
                writer.writerow([*one.text.split(","), one.line, why])
    mended = rejects.read_text().replace("1e3", ours[1].amount)

    sent = send_text(house, tmp_path, mended, seller)

    assert sent.said == ["proposed", "money.amount-not-positive"]
    assert {row[0] for row in recorded(house.db)} == {ours[0].id, ours[1].id}


def test_a_file_cut_off_in_a_line_loses_nothing_and_says_where_to_go_on(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    """`150000.00` cut off after `1500` must not become 1500."""
    ours = [replace(one, amount="150000.00") for one in invoices(invoice, 4)]
    text = HEADER + "".join(map(line, ours))
    last = text.rindex("\n", 0, -1) + 1
    for cut in range(last + 1, len(text)):
        again = send_text(house, tmp_path, text[:cut], seller)

        assert again.said[:3] == (["proposed"] * 3 if cut == last + 1 else ["known"] * 3)
        assert again.said[3:] == ["file.line-unfinished"]
        assert again.tally.unfinished is not None
        assert again.tally.unfinished.context == {"line": "5"}
    assert len(recorded(house.db)) == 3

    rest = send_text(house, tmp_path, HEADER + text[last:], seller)  # from this line on
    whole = send_text(house, tmp_path, text, seller)  # or the whole file: both are safe

    assert rest.said == ["proposed"]
    assert whole.said == ["known"] * 4
    assert whole.tally.unfinished is None
    assert {row[5] for row in recorded(house.db)} == {15_000_000}


def test_what_was_taken_in_is_known_after_its_due_date_too(
    house: House,
    invoice: Invoice,
    seller: Firm,
    buyer: Firm,
    tmp_path: Path,
    clock: Clock,
    publish: Callable[..., None],
) -> None:
    file = write_csv(tmp_path / "s.csv", [invoice])
    send(house, file, seller)
    clock.forward(days=30)
    publish()

    late = write_csv(tmp_path / "late.csv", [invoice, replace(invoice, reference="INV-2")])
    assert send(house, file, seller).said == ["known"]
    assert send(house, late, seller).said == ["known", "obligation.due-passed"]
    assert send(house, late, buyer).said == ["affirmed", "obligation.due-passed"]


# --- the gate ------------------------------------------------------------------------------------


def grounds(house: House, one: ObligationId) -> dict[str, str]:
    """What the gate said about an obligation, by code; the law's words after their rule."""
    (decided,) = (
        entry.event
        for entry in journal.about(house.db, one)
        if isinstance(entry.event, GateDecided)
    )
    return {
        ground["code"]: " ".join(filter(None, (ground["rule"], ground["said"])))
        for body in registers.findings(house.db, decided.findings).values()
        for ground in json.loads(body)["grounds"]
    }


def test_a_listed_party_is_denied_with_both_names_and_the_list(
    house: House,
    invoice: Invoice,
    buyer: Firm,
    seller: Firm,
    tmp_path: Path,
    publish: Callable[..., None],
) -> None:
    publish(buyer.name, lists.misspelt(seller.name))
    version = {one.name: one.version for one in house.lists()}["OFAC-SDN"]

    (answer,) = send(house, write_csv(tmp_path / "s.csv", [invoice]), seller).answers

    assert (answer.outcome, answer.verdict) == ("proposed", "deny")
    said = grounds(house, invoice.id)["gate.listed-party"]
    assert repr(buyer.name) in said
    assert repr(buyer.name.upper()) in said
    assert f"OFAC-SDN version {version[:12]}" in said
    held = grounds(house, invoice.id)["gate.possibly-listed-party"]
    assert repr(seller.name) in held
    assert repr(lists.misspelt(seller.name).upper()) in held


def test_a_party_whose_name_resembles_a_listed_one_is_held(
    house: House,
    invoice: Invoice,
    buyer: Firm,
    seller: Firm,
    tmp_path: Path,
    publish: Callable[..., None],
) -> None:
    publish(lists.misspelt(buyer.name))

    sent = send(house, write_csv(tmp_path / "s.csv", [invoice]), seller)

    assert (sent.said, sent.tally.verdicts) == (["proposed"], {"clear": 0, "hold": 1, "deny": 0})


def test_a_domestic_payment_is_denied_with_its_rule(
    house: House, admitted: Country, seller: Firm, tmp_path: Path
) -> None:
    neighbour = next(one for one in admitted.traders if one.residence == "XB" and one != seller)
    domestic = Invoice("INV-1", neighbour, seller, "5.00", "EUR", TRADED, DUE)

    (answer,) = send(house, write_csv(tmp_path / "s.csv", [domestic]), seller).answers

    assert (answer.outcome, answer.verdict) == ("proposed", "deny")
    found = grounds(house, domestic.id)
    assert found["gate.law-denies"].startswith("XB.corridor.domestic")


def test_without_lists_or_with_old_ones_the_gate_stops_and_nothing_is_taken_in(
    house: House,
    invoice: Invoice,
    seller: Firm,
    tmp_path: Path,
    clock: Clock,
    publish: Callable[..., None],
) -> None:
    file = write_csv(tmp_path / "s.csv", [invoice])
    before = journalled(house.db)

    publish(age=timedelta(hours=25))  # Sudmark's law asks for 24
    with pytest.raises(Refusal, match=r"screening\.list-stale"):
        send(house, file, seller)
    publish(age=timedelta(hours=-1))
    with pytest.raises(Refusal, match=r"list\.from-the-future"):
        send(house, file, seller)
    shutil.rmtree(tmp_path / "lists" / "ofac-wallets")
    clock.forward(hours=2)
    with pytest.raises(Refusal, match=r"screening\.list-missing"):
        send(house, file, seller)
    shutil.rmtree(tmp_path / "lists")
    with pytest.raises(Refusal, match=r"screening\.list-missing"):
        send(house, file, seller)

    assert recorded(house.db) == []
    assert journalled(house.db) == before
    publish()
    assert send(house, file, seller).said == ["proposed"]


@pytest.mark.parametrize("by", ["tell", "advance"])
def test_a_list_that_grows_too_old_in_the_middle_of_a_file_stops_the_rest(
    house: House,
    invoice: Invoice,
    seller: Firm,
    tmp_path: Path,
    clock: Clock,
    publish: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    monkeypatch.setattr(intake, "BATCH", 4)
    ours = invoices(invoice, 10)
    file = write_csv(tmp_path / "s.csv", ours)
    answers: list[Answer] = []

    def tell(answer: Answer) -> None:
        answers.append(answer)
        if by == "tell" and len(answers) == 6:
            clock.forward(hours=30)

    def advance(done: int) -> None:
        if by == "advance" and len(answers) == 8:
            assert 0 < done < file.stat().st_size
            clock.forward(hours=30)

    with pytest.raises(Refusal, match=r"screening\.list-stale"):
        take_in(house, file, seller.id, tell, advance)

    assert [one.obligation for one in answers] == [one.id for one in ours[:8]]
    assert {row[0] for row in recorded(house.db)} == {one.id for one in ours[:8]}
    journalled(house.db)

    publish()
    rest = send(house, file, seller)
    assert [one.obligation for one in rest.answers] == [one.id for one in ours[8:]]
    assert rest.said == ["proposed"] * 2
    assert rest.tally.lines_before == 9  # the header's too
    assert send(house, file, seller).said == ["known"] * 10
    journalled(house.db)


# --- size ----------------------------------------------------------------------------------------


def test_a_line_of_256_megabytes_is_refused_and_the_next_is_taken_in(
    house: House, invoice: Invoice, seller: Firm, tmp_path: Path
) -> None:
    first, second = invoices(invoice, 2)
    file = tmp_path / "s.csv"
    with file.open("wb") as stream:
        stream.write((HEADER + line(first)).encode())
        stream.seek(1 << 28)  # a hole: it takes no room on the disk
        stream.write(b"\n" + line(second).encode())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    sent = send(house, file, seller)

    assert sent.said == ["proposed", "file.line-too-long", "proposed"]
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 100_000  # KB


def peak_mb(work: Callable[[], object]) -> float:
    """What Python held at most while it worked, in megabytes."""
    tracemalloc.start()
    try:
        work()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak / 10**6


def test_memory_is_bounded_by_the_batch_and_not_by_the_file(
    house: House,
    invoice: Invoice,
    seller: Firm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each line as long as can be, with nothing in it that was seen before."""
    monkeypatch.setattr(intake, "BATCH", 20)

    def file(count: int) -> Path:
        path = tmp_path / f"{count}.csv"
        with path.open("w") as stream:
            stream.write(HEADER)
            for number in range(count):
                fields = {name: f"{number}{name}" + "x" * 2_000 for name in COLUMNS}
                stream.write(line(invoice, **fields))
        return path

    small, large = file(20), file(600)
    assert large.stat().st_size > 8 * 10**6

    held = [
        peak_mb(lambda path=path: take_in(house, path, seller.id, lambda _: None))  # type: ignore[misc]  # a default binds it now
        for path in (small, large)
    ]
    assert abs(held[1] - held[0]) < 1


# --- at the same time ----------------------------------------------------------------------------


def test_files_sent_at_the_same_time_say_everything_once(
    house: House,
    db_url: str,
    invoice: Invoice,
    seller: Firm,
    buyer: Firm,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The seller sends overlapping files, one of them twice at once, while the buyer sends his."""
    monkeypatch.setattr(intake, "BATCH", 7)
    ours = invoices(invoice, 60)
    files = {
        "a": (write_csv(tmp_path / "a.csv", ours[:40]), seller),
        "b": (write_csv(tmp_path / "b.csv", reversed(ours[20:])), seller),
        "b again": (tmp_path / "b.csv", seller),
        "c": (write_csv(tmp_path / "c.csv", ours), buyer),
    }
    together = Barrier(len(files))
    sent: dict[str, Sent] = {}

    def work(name: str) -> None:
        with connect(db_url, name) as db:
            own = replace(house, db=db)
            together.wait()
            sent[name] = send(own, *files[name])

    threads = [Thread(target=work, args=(name,)) for name in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sent.keys() == files.keys()  # nobody came to grief
    outcomes = [said for one in sent.values() for said in one.said]
    assert {name: outcomes.count(name) for name in set(outcomes)} == {
        "proposed": 60,
        "affirmed": 60,
        "known": 40 + 40 + 40 + 60 - 120,
    }
    assert {row[10] for row in recorded(house.db)} == {"affirmed"}
    assert len(recorded(house.db)) == 60
    journalled(house.db)
    assert send(house, *files["b"]).said == ["known"] * 40


# --- histories -----------------------------------------------------------------------------------


@dataclass
class Books:
    """What a history must lead to, as plainly as can be."""

    terms: dict[ObligationId, tuple[str, ...]] = field(default_factory=dict)
    said: dict[ObligationId, set[ParticipantId]] = field(default_factory=dict)

    def hear(self, one: Invoice, by: Firm) -> str:
        """One side states an invoice; answer what is to be answered."""
        if one.id not in self.terms:
            self.terms[one.id], self.said[one.id] = one.row(), {by.id}
            return "proposed"
        if self.terms[one.id] != one.row():
            return "obligation.differs"
        if by.id in self.said[one.id]:
            return "known"
        self.said[one.id].add(by.id)
        return "affirmed"

    def states(self) -> dict[str, str]:
        return {
            id_: "affirmed" if len(both) == 2 else "proposed" for id_, both in self.said.items()
        }


def states(db: Connection) -> dict[str, str]:
    return dict(db.execute("SELECT id, state FROM obligation").fetchall())


def month(people: Country, dice: Random, name: str) -> list[Invoice]:
    """A dozen invoices between a few firms of the two countries."""
    sides = {
        (home, role): [one for one in people.traders if one.residence == home and can(one, role)]
        for home in ("XA", "XB")
        for role in ("debtor", "creditor")
    }
    made = []
    for number in range(12):
        home, abroad = dice.choice((("XA", "XB"), ("XB", "XA")))
        debtor = dice.choice(sides[home, "debtor"][:2])
        creditor = dice.choice(sides[abroad, "creditor"][:2])
        amount = f"{dice.randint(1, 99)}.00"
        made.append(Invoice(f"{name}-{number}", debtor, creditor, amount, "EUR", TRADED, DUE))
    return made


def statements(made: list[Invoice], dice: Random) -> list[tuple[Invoice, Firm]]:
    """Who says what: one side or both, once or again."""
    return [
        (one, side)
        for one in made
        for side in dice.choice(((one.debtor,), (one.creditor,), (one.debtor, one.creditor)))
        for _ in range(dice.choice((1, 1, 2)))
    ]


def into_files(said: list[tuple[Invoice, Firm]], dice: Random) -> list[tuple[Firm, list[Invoice]]]:
    """Shuffle statements into files, each of one sender."""
    dice.shuffle(said)
    files: list[tuple[Firm, list[Invoice]]] = []
    for one, by in said:
        open_files = [rows for sender, rows in files if sender is by]
        if open_files and dice.random() < 0.7:
            dice.choice(open_files).append(one)
        else:
            files.append((by, [one]))
    dice.shuffle(files)
    return files


def test_every_history_leads_where_plain_books_say(
    house: House, admitted: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements by both sides in files of any order, said again, contradicted, or affirmed."""
    reached: set[str] = set()
    books, before = Books(), dict[str, str]()
    for seed in range(8):
        dice = Random(seed)
        said = statements(month(admitted, dice, f"S{seed}"), dice)
        said += [(replace(one, amount="100.00"), by) for one, by in dice.sample(said, 3)]
        for sender, rows in into_files(said, dice):
            monkeypatch.setattr(intake, "BATCH", dice.randint(1, 4))
            expected = [books.hear(one, sender) for one in rows]

            sent = send(house, write_csv(tmp_path / "s.csv", rows), sender)

            assert sent.said == expected, f"seed {seed}"
            reached.update(sent.said)
            if dice.random() < 0.2:
                for answer in affirm(house, sender.id):
                    books.said[answer.obligation].add(sender.id)
                    reached.add("affirmed by command")
            after = states(house.db)
            assert after == books.states(), f"seed {seed}"
            for id_, state in before.items():
                assert after[id_] == state or State(after[id_]) in NEXT[State(state)]
            before = after
    assert reached == {
        "proposed", "affirmed", "known", "obligation.differs", "affirmed by command"
    }  # fmt: skip
    assert set(before.values()) == {"proposed", "affirmed"}
    journalled(house.db)


def test_the_order_of_files_and_lines_changes_nothing(
    house: House, admitted: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = statements(month(admitted, Random(1), "X"), Random(2))
    for seed in range(4):
        dice = Random(seed)
        monkeypatch.setattr(intake, "BATCH", dice.randint(1, 5))
        renamed = [(replace(one, reference=f"{seed}{one.reference}"), by) for one, by in said]
        for sender, rows in into_files(renamed, dice):
            send(house, write_csv(tmp_path / "s.csv", rows), sender)

    outcomes = [
        sorted((row[3][1:], *row[1:3], *row[4:]) for row in recorded(house.db) if row[3][0] == seed)
        for seed in "0123"
    ]
    assert len(outcomes[0]) == 12
    assert {row[9] for row in outcomes[0]} == {"proposed", "affirmed"}
    assert outcomes == [outcomes[0]] * 4
    journalled(house.db)
