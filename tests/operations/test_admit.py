"""Admission: who is let in, and each line that is not is told everything that is wrong with it."""

import csv
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Protocol

import pytest

from clearhouse.core.errors import Refusal
from clearhouse.core.rulebook import Class
from clearhouse.demo.country import Country, write_register
from clearhouse.demo.wallets import Wallet
from clearhouse.operations.admit import COLUMNS, Admission, admit
from clearhouse.operations.house import House
from clearhouse.store import journal, registers

ADDRESS = Wallet.of(Random(1).randbytes(32)).address
GOOD = {
    "lei": "5493001KJTIIGC8Y1R12",
    "name": "Fjordfisk Export AS",
    "residence": "XA",
    "address": ADDRESS,
    "licence_class": "exporter",
    "licence_issuer": "Norland Central Bank",
    "valid_from": "2026-01-01",
    "valid_to": "2027-12-31",
}


class Publish(Protocol):
    """Publishes the lists."""

    def __call__(self, *added: str, age: timedelta = ...) -> None: ...


@pytest.fixture
def send(house: House, tmp_path: Path) -> Callable[..., list[Admission]]:
    """Send lines of which each is the good one with some fields changed."""

    def write(*changes: dict[str, str], columns: Sequence[str] = COLUMNS) -> list[Admission]:
        file = tmp_path / "register.csv"
        with file.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(GOOD | changed for changed in changes)
        answers: list[Admission] = []
        admit(house, file, answers.append)
        return answers

    return write


Send = Callable[..., list[Admission]]


def said(answers: list[Admission]) -> list[str]:
    """Each line's outcome, or the codes of all its refusals."""
    return [" ".join(one.code for one in line.refusals) or line.outcome for line in answers]


def entries(house: House) -> int:
    return sum(journal.count_kinds(house.db).values())


def test_everybody_of_the_register_is_admitted(house: House, admitted: Country) -> None:
    found = registers.participants(house.db)

    assert set(found) == {one.id for one in admitted.firms()}
    for one in admitted.firms():
        held = found[one.id]
        assert (held.name, held.residence) == (one.name, one.residence)
        assert {str(licence.licence_class) for licence in held.licences} == set(one.classes)
    licences = sum(len(one.licences) for one in found.values())
    assert journal.count_kinds(house.db)["RecordEntered"] == len(found) + licences


def test_a_register_sent_again_changes_nothing(
    house: House, admitted: Country, tmp_path: Path
) -> None:
    before = registers.participants(house.db), entries(house)
    file = tmp_path / "again.csv"
    write_register(admitted, file)

    tally = admit(house, file, lambda _: None)

    assert tally["known"] == sum(len(one.classes) for one in admitted.firms())
    assert (tally["admitted"], tally["licensed"], tally["refused"]) == (0, 0, 1)
    assert (registers.participants(house.db), entries(house)) == before


def test_a_participant_is_admitted_and_licensed_further(house: House, send: Send) -> None:
    importer = {"licence_class": "importer"}

    assert said(send({}, {}, importer)) == ["admitted", "known", "licensed"]
    assert said(send(importer, {"licence_class": "bank"})) == ["known", "licensed"]
    (one,) = registers.participants(house.db).values()
    assert [licence.licence_class for licence in one.licences] == [
        Class.BANK, Class.EXPORTER, Class.IMPORTER
    ]  # fmt: skip


def test_columns_stand_in_any_order(send: Send) -> None:
    assert said(send({}, columns=sorted(COLUMNS))) == ["admitted"]


# Each wrong field alone, and the one code it must give.
WRONG = [
    ({"lei": ""}, "participant.lei-wrong"),
    ({"lei": "1"}, "participant.lei-wrong"),
    ({"lei": "5493001KJTIIGC8Y1R21"}, "participant.lei-wrong"),
    ({"lei": "5493001kjtiigc8y1r12"}, "participant.lei-wrong"),
    ({"lei": "5493001KJTIIGC8Y1R1\uff12"}, "participant.lei-wrong"),
    ({"lei": "0" * 19 + "1"}, "participant.lei-wrong"),
    ({"lei": "5493 001K JTII GC8Y 1R12"}, "participant.lei-wrong"),
    ({"name": ""}, "participant.name-wrong"),
    ({"name": "N" * 351}, "participant.name-wrong"),
    ({"name": "..."}, "screening.name-unscreenable"),
    ({"name": "Nord\u200bfisk AS"}, "participant.name-wrong"),
    ({"licence_issuer": "Central\u200bBank"}, "participant.name-wrong"),
    ({"residence": ""}, "participant.unknown-residence"),
    ({"residence": "XX"}, "participant.unknown-residence"),
    ({"residence": "xa"}, "participant.unknown-residence"),
    ({"licence_class": ""}, "participant.unknown-class"),
    ({"licence_class": "EXPORTER"}, "participant.unknown-class"),
    ({"licence_class": "smuggler"}, "participant.unknown-class"),
    ({"licence_issuer": ""}, "participant.name-wrong"),
    ({"valid_from": "20260101"}, "participant.licence-dates-wrong"),
    ({"valid_to": "2026-02-30"}, "participant.licence-dates-wrong"),
    ({"valid_to": ""}, "participant.licence-dates-wrong"),
    ({"valid_to": "2025-12-31"}, "participant.licence-dates-wrong"),
    ({"address": ""}, "participant.address-missing"),
    ({"address": ADDRESS[:-1]}, "address.checksum-wrong"),
    ({"address": ADDRESS.upper()[:-1] + ADDRESS[-1]}, "address.malformed"),
    ({"address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"}, "address.wrong-network"),
    ({"name": '"'}, "screening.name-unscreenable"),
    ({"name": "two\nlines"}, "file.columns-wrong"),
]


def test_each_wrong_field_has_its_code_and_the_others_are_let_in(house: House, send: Send) -> None:
    answers = send(*(fields for fields, _ in WRONG), {"name": "Last AS"})

    expected = [code for _, code in WRONG] + ["file.columns-wrong", "admitted"]
    assert said(answers) == expected
    (one,) = registers.participants(house.db).values()
    assert one.name == "Last AS"


def test_everything_that_is_wrong_is_told_at_once(send: Send) -> None:
    (answer,) = send(
        {
            "lei": "x",
            "name": "",
            "residence": "?",
            "address": "?",
            "licence_class": "?",
            "licence_issuer": "",
            "valid_to": "?",
        }
    )

    assert {refusal.code for refusal in answer.refusals} == {
        "participant.lei-wrong",
        "participant.name-wrong",
        "participant.unknown-residence",
        "participant.unknown-class",
        "participant.licence-dates-wrong",
        "address.malformed",
    }
    assert (answer.participant, answer.outcome, answer.line) == (None, "refused", 2)


def test_an_authority_needs_no_address(send: Send) -> None:
    authority = {"licence_class": "authority", "address": ""}

    assert said(send(authority)) == ["admitted"]
    assert said(send(authority | {"address": "?"})) == ["address.malformed"]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Fjordfisk AS"},
        {"residence": "XB"},
        {"address": Wallet.of(Random(2).randbytes(32)).address},
    ],
    ids=["name", "residence", "address"],
)
def test_a_participant_is_who_it_was_admitted_as(
    house: House, send: Send, changed: dict[str, str]
) -> None:
    assert said(send({}, changed)) == ["admitted", "participant.differs"]
    before = registers.participants(house.db), entries(house)

    assert said(send({"licence_class": "bank"} | changed)) == ["participant.differs"]
    assert (registers.participants(house.db), entries(house)) == before


def test_who_is_listed_is_not_admitted(
    house: House, send: Send, publish: Publish, tmp_path: Path
) -> None:
    publish("FJORDFISK EXPORT", "Nordlys Timber AS")
    listed = (tmp_path / "lists" / "ofac-wallets" / "sanctioned_addresses_XBT.txt").read_text()
    by_name, by_wallet, alike = send(
        {},
        {"name": "Innocent AS", "address": listed.split()[0]},
        {"name": "Nordlsy Timber AS"},
    )

    assert said([by_name, by_wallet]) == ["participant.listed", "participant.listed"]
    assert "'Fjordfisk Export AS' is 'FJORDFISK EXPORT'" in by_name.refusals[0].detail
    assert "OFAC-SDN version" in by_name.refusals[0].detail
    assert listed.split()[0] in by_wallet.refusals[0].detail
    assert alike.outcome == "admitted"  # a resemblance is held at the gate
    assert len(registers.participants(house.db)) == 1


def test_without_lists_nobody_is_admitted(house: House, send: Send, publish: Publish) -> None:
    publish(age=timedelta(hours=25))

    with pytest.raises(Refusal, match=r"screening\.list-stale"):
        send({})
    assert registers.participants(house.db) == {}
    publish()
    assert said(send({})) == ["admitted"]


def test_a_file_that_cannot_be_read_admits_nobody(house: House, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    header = ",".join(COLUMNS) + "\n"
    for content, code in (
        ("", "file.empty"),
        (header.rstrip(), "file.header-wrong"),
        (header.replace("lei", "LEI"), "file.header-wrong"),
        (header.rstrip() + ",lei\n", "file.header-wrong"),
        ("\0" + header, "file.encoding-wrong"),
    ):
        file.write_text(content)
        with pytest.raises(Refusal) as refused:
            admit(house, file, lambda _: None)
        assert refused.value.code == code
    file.write_text(header)
    assert set(admit(house, file, lambda _: None).values()) == {0}
    assert journal.count_kinds(house.db) == {"ListAdopted": 2}


def test_a_register_cut_off_in_a_line_admits_those_before(house: House, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    line = ",".join(GOOD[name] for name in COLUMNS)
    other = line.replace(GOOD["lei"], "213800D1EI4B9WTWWD28")
    text = ",".join(COLUMNS) + f"\n{line}\n{other}\n"
    for cut in (text[:-1], text[:-4]):  # the licence's year would be another
        file.write_text(cut)
        answers: list[Admission] = []
        admit(house, file, answers.append)
        assert said(answers)[1] == "file.line-unfinished"
    file.write_text(text)

    assert admit(house, file, lambda _: None) == {
        "admitted": 1, "licensed": 0, "known": 1, "refused": 0
    }  # fmt: skip
    assert len(registers.participants(house.db)) == 2
