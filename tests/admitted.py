"""Participants in tests: entered at once, or by two people where a house is founded."""

from datetime import date
from random import Random

from tests.hands import BELA, CORA, agree, enrol

from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import LICENCES, LegalEntity, LicenceHeld
from clearhouse.core.person import Role
from clearhouse.demo.wallets import Wallet
from clearhouse.operations.admit import Admissions, prepare
from clearhouse.operations.house import House
from clearhouse.store import people
from clearhouse.store.projection import record


def firm_of(who: ParticipantId, name: str, residence: str = "XA") -> LegalEntity:
    """A legal entity with an address of its own."""
    return LegalEntity(who, name, residence, Wallet.of(Random(who).randbytes(32)).address)


def licence_of(who: ParticipantId, licence_class: str, issuer: str, *days: date) -> LicenceHeld:
    return LicenceHeld(who, licence_class, issuer, *days)


def let_in(house: House, *several: LegalEntity | LicenceHeld) -> None:
    """Enter legal entities and licences."""
    done = Admissions()
    for one in several:
        if isinstance(one, LegalEntity):
            done.entities[one.participant] = one
        else:
            done.licences[LICENCES.key_of(one)] = one
    if people.founded(house.db) is None:
        with house.db.transaction():
            record(house.db, done.facts(), house.now(), house.now())
    else:
        agree_on(house, done)


def agree_on(house: House, done: Admissions) -> None:
    """Bela proposes and Cora approves what is to be entered."""
    if CORA.person not in people.people(house.db, [CORA.person]):
        enrol(house, CORA, Role.SUPERVISOR)
    agree(house, prepare(house, done), BELA, CORA)
