"""Records in tests: one of every register, files of them, and what two people enter."""

import csv
from collections.abc import Mapping
from datetime import date
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from tests import hit, mined, returned, sold
from tests.applied import beneath, of_onboarding
from tests.hands import BELA, CORA, agree
from tests.mined import of_mining
from tests.returned import of_returns
from tests.sold import of_sales
from tests.vasps import record_of, vasp

from clearhouse.core import ids
from clearhouse.core.associate import Associate, Vessel
from clearhouse.core.carriage import Carriage
from clearhouse.core.command import EnterRecords, FileRecords
from clearhouse.core.held import HoldDecision
from clearhouse.core.ids import CommandId, ParticipantId
from clearhouse.core.investment import Investment, InvestorTest
from clearhouse.core.obligation import obligation_id
from clearhouse.core.onboarding import Review
from clearhouse.core.owner import Entity, Holding, PersonOwner
from clearhouse.core.participant import (
    Attachment,
    Contact,
    LegalEntity,
    LicenceHeld,
    Limit,
    Measure,
    Name,
    Representative,
    Standing,
    State,
    TaxNumber,
)
from clearhouse.core.record import Register, Way
from clearhouse.core.registers import REGISTERS
from clearhouse.demo.wallets import Wallet
from clearhouse.operations import records
from clearhouse.operations.house import House
from clearhouse.operations.sheet import Sheet, read_sheet
from clearhouse.store import people

NUMBERS = count()
# Those whose records are entered from files, and those of them on which two people agree.
FILED = {name: one for name, one in REGISTERS.items() if one.way in {Way.AGREED, Way.FILED}}
AGREED = {name: one for name, one in REGISTERS.items() if one.way is Way.AGREED}
NEWCOMER = ParticipantId("724500NEWFIRM0TEST48")  # who takes part in nothing else
ADDRESS = Wallet.of(Random(48).randbytes(32)).address
BANK = ParticipantId("506700GE1G29325QX363")
SPRING = date(2026, 2, 1)


def entity_id(name: str) -> str:
    return ids.derived("ent", name)


def person_id(name: str) -> str:
    return ids.derived("prs", name)


def vessel_id(name: str) -> str:
    return ids.derived("ves", name)


def register_of(record: Any) -> Register:
    """The register of a record's kind."""
    (found,) = [one for one in REGISTERS.values() if one.kind is type(record)]
    return found


def one_of_each(party: ParticipantId, licence: tuple[str, str, date]) -> Mapping[str, Any]:
    """A record of every register, about a participant and one of its licences."""
    several = [
        LegalEntity(NEWCOMER, "Norrland Trade", "XA", ADDRESS),
        LicenceHeld(party, "exporter", "Norland Board", SPRING, date(2027, 1, 1)),
        Name(party, "Norrland Trading", "trading", SPRING),
        Attachment(party, "XC", "branch", SPRING),
        TaxNumber(party, "XA", "NO 77", SPRING),
        Limit(party, "USD", "net-debit", 5_000_000, SPRING),
        Standing(party, State.SUSPENDED, "an audit", SPRING),
        Measure(party, *licence, "suspended", "an audit", SPRING, date(2026, 2, 20)),
        Contact(party, "settlement", "desk@norrland.example", "+4740000000"),
        Representative(party, BELA.person, SPRING),
        Entity(entity_id("A"), "company", "Alpha Holding", "XC", "C-1"),
        PersonOwner(person_id("P"), "Petra Quist", "1970-01-02", "XB"),
        Holding(entity_id("A"), party, 200_000, False, "its own register", SPRING),
        *hit.of_case(),
        Vessel(vessel_id("V"), "Snow Goose", "9187629", "XC"),
        Associate(party, entity_id("A"), "bank", "its own statement", SPRING),
        hit.decided(),
        HoldDecision(
            obligation_id(party, "none"), "XA.caps.all", "0" * 64, "released", SPRING, "seen"
        ),
        Carriage(obligation_id(party, "none"), "B/L 1", "XAOSL", "XBSUD", "XA", "XB"),
        vasp(),
        record_of(party, obligation_id(party, "none")),
        *of_onboarding(),
        Review(party, SPRING, "medium", "nothing new"),
        *of_mining(party),
        *of_sales(party, BANK),
        *of_returns(party),
        InvestorTest(party, "Norland Central Bank", SPRING),
        Investment(
            *(ids.derived("inv", "one"), party, BANK, "coin", "platform", "USD", 500_00, SPRING)
        ),
    ]
    return {register_of(one).name: one for one in several}


def file_of(folder: Path, *several: Any) -> Path:
    """A CSV file of records of one register, in a name of its own."""
    register = register_of(several[0])
    return table(folder, register, *map(register.write, several))


def table(folder: Path, register: Register, *lines: Mapping[str, str]) -> Path:
    """A CSV file of lines by column; what is not named is left empty."""
    file = folder / f"{register.name}-{next(NUMBERS)}.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        names = [one.name for one in register.columns]
        writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return file


def read(house: House, folder: Path, *several: Any) -> Sheet:
    """The sheet of a file of records."""
    return read_sheet(house, register_of(several[0]), file_of(folder, *several))


def entering(house: House, folder: Path, *several: Any) -> EnterRecords | FileRecords:
    """What is to be ordered so that records are entered: none of them may be refused."""
    sheet = read(house, folder, *several)
    assert not sheet.tally["refused"], sheet.answers
    digest = records.prepare(house, sheet)
    order = EnterRecords if sheet.register.way is Way.AGREED else FileRecords
    return order(sheet.register.name, digest, len(sheet.records))


def enter(house: House, folder: Path, *several: Any) -> CommandId:
    """Bela proposes and Cora approves that records of one register are entered, or Bela files them.

    What mining records rest on and is not there is entered first.
    """
    for one in several:
        for lower in (
            *mined.ground(house, one),
            *returned.ground(house, one),
            *sold.ground(house, one),
            *beneath(house, one),
            *hit.ground(house, one),
        ):
            enter(house, folder, lower)
    order = entering(house, folder, *several)
    if isinstance(order, FileRecords):
        return BELA.order(house, order).id
    agree(house, order, BELA, CORA)
    found = records.history(
        house, register_of(several[0]), register_of(several[0]).key_of(several[0])
    )
    proposal = CommandId(found[-1].proposal)
    assert people.proposal(house.db, proposal) is not None
    return proposal
