"""People of a house in tests: their keys, and what they sign."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.core import ids
from clearhouse.core.command import (
    Action,
    Approve,
    Command,
    EnrolPerson,
    GrantRole,
    RegisterKey,
    ReleaseCycle,
)
from clearhouse.core.dossier import Dossier
from clearhouse.core.founding import Founder, Founding
from clearhouse.core.ids import CommandId, CycleId, PersonId
from clearhouse.core.person import Role, proof
from clearhouse.core.proposal import Proposal, ProposalState
from clearhouse.operations import people
from clearhouse.operations.house import House
from clearhouse.operations.people import Taken
from clearhouse.operations.release import release_of

HOUSE = ids.derived("hse", "of the tests")
NUMBERS: Iterator[int] = count()


def dossier(name: str) -> Dossier:
    return Dossier({"name": name}, sha256(name.encode()).hexdigest())


@dataclass(frozen=True)
class Hand:
    """A person with a key."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, key: str = "") -> "Hand":
        return cls(
            name, Ed25519PrivateKey.from_private_bytes(sha256((key or name).encode()).digest())
        )

    @property
    def person(self) -> PersonId:
        return PersonId(ids.derived("per", self.name))

    @property
    def public(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def command(self, house: House, action: Action, name: str = "") -> Command:
        id = CommandId(ids.derived("cmd", name or f"{self.name} {next(NUMBERS)}"))
        return Command(HOUSE, id, self.person, self.public, action, house.now())

    def sign(self, command: Command) -> str:
        return self.key.sign(command.encode().encode()).hex()

    def order(self, house: House, action: Action, personal: Dossier | None = None) -> Taken:
        command = self.command(house, action)
        return people.submit(house, command.encode(), self.sign(command), personal)

    def enrolled(self, affiliation: str = "Central Bank") -> EnrolPerson:
        """The action that enrols this hand."""
        shown = self.key.sign(proof(HOUSE, self.person, self.public)).hex()
        commitment = dossier(self.name).commitment
        return EnrolPerson(self.person, affiliation, self.public, shown, commitment)

    def with_key(self, key: str) -> "Hand":
        return replace(self, key=Hand.of(key).key)

    def registered(self, key: str) -> RegisterKey:
        """The action that gives this hand another key."""
        other = self.with_key(key)
        shown = other.key.sign(proof(HOUSE, self.person, other.public)).hex()
        return RegisterKey(self.person, other.public, shown)


ADA, BELA = Hand.of("Ada"), Hand.of("Bela")
CORA = Hand.of("Cora")  # a supervisor, once enrolled


def founding(house: House) -> Founding:
    founders = tuple(
        Founder(one.person, "Central Bank", one.public, dossier(one.name).commitment)
        for one in (ADA, BELA)
    )
    return Founding(HOUSE, founders, house.now())


def found(house: House) -> None:
    """Ada and Bela found the house."""
    text = founding(house).encode()
    signatures = {one.public: one.key.sign(text.encode()).hex() for one in (ADA, BELA)}
    people.found(house, text, signatures, [dossier("Ada"), dossier("Bela")])


def agree(
    house: House, action: Action, maker: Hand = ADA, other: Hand = BELA, person: Hand | None = None
) -> None:
    """One proposes, the other approves."""
    proposal = maker.order(house, action, dossier(person.name) if person else None).proposal
    assert proposal is not None
    other.order(house, Approve(proposal.id, proposal.command.digest))


def found_with_roles(house: House) -> None:
    """As `found`; Ada is an operator too, and Bela is compliance."""
    found(house)
    agree(house, GrantRole(ADA.person, Role.OPERATOR))
    agree(house, GrantRole(BELA.person, Role.COMPLIANCE))


def propose(house: House, action: Action, maker: Hand = ADA, of: Hand | None = None) -> Proposal:
    """One proposes, and nobody has approved yet."""
    taken = maker.order(house, action, dossier(of.name) if of else None)
    assert taken.proposal is not None
    assert taken.proposal.state is ProposalState.WAITING
    return taken.proposal


def approve(house: House, waiting: Proposal, hand: Hand = BELA) -> Taken:
    return hand.order(house, Approve(waiting.id, waiting.command.digest))


def enrol(house: House, hand: Hand, *roles: Role) -> None:
    """Enrol somebody and grant roles."""
    agree(house, hand.enrolled(), person=hand)
    for role in roles:
        agree(house, GrantRole(hand.person, role))


def release(house: House, cycle: CycleId) -> None:
    """Ada proposes what a cycle pays out, and Bela approves it."""
    agree(house, ReleaseCycle(cycle, release_of(house, cycle).digest))
