"""What stands at a house: accounts, people, editions of lists, obligations, cycles."""

from dataclasses import dataclass, field

from clearhouse.verifier.canonical import Record


@dataclass
class Account:
    """An account: whose, what for, in which asset; its balance is credits minus debits."""

    owner: str
    kind: str
    asset: str
    place: str
    balance: int = 0
    going: int = 0  # reserved to leave
    coming: int = 0  # reserved to enter


@dataclass
class Person:
    """Somebody who acts: roles, keys that sign, keys that sign no more."""

    roles: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)


@dataclass
class Edition:
    """What the house screens by, of one list of sanctions."""

    version: str
    published_at: str
    entries: int
    wallets: int


@dataclass
class Obligation:
    """Who owes whom how much of what, and how far it has come."""

    debtor: str
    creditor: str
    units: int
    asset: str  # code
    said_by: str  # who proposed it, until the other side affirms
    state: str = "proposed"
    verdict: str = "hold"  # the gate's newest
    decided_at: str = ""  # when that was recorded, if it was in this period
    cycle: str = ""
    cut_off: str = ""  # of the cycle that can take it; empty: any can, from when it is due
    value_date: str = ""  # of that cycle
    due_on: str = ""
    asked_by: str = ""  # who has asked to take it back, until the other side does
    rescinded_at: str = ""  # when everybody had

    def is_later(self, cut_off: str, value_date: str) -> bool:
        """Whether it belongs to a later cycle than one that is cut off then, of that day."""
        if not self.cut_off:
            return self.due_on > value_date
        return self.cut_off > cut_off or self.value_date > value_date

    def known(self) -> Record:
        """When it may be cleared: from its cycle on, or from when it is due."""
        if not self.cut_off:
            return {"due_on": self.due_on}
        return {"cut_off": self.cut_off, "value_date": self.value_date}


@dataclass
class Cycle:
    """A cycle, until it is settled or unwound."""

    asset: str
    depth_final: int
    change: str  # the script of the batch's change, in hex
    state: str = "cleared"
    asked: bool = False  # whether the institutions were asked to sign
    given_up: bool = False  # whether two people gave up what was asked for
    released: str = ""  # the digest that two people agreed on
    anchor: str = ""  # what the batch carries of the head that was chosen
    txid: str = ""
    fee: str = ""
    block: str = ""
    height: str = ""
    pay_ins: dict[str, "PayIn"] = field(default_factory=dict)
    pay_outs: dict[str, tuple[int, str]] = field(default_factory=dict)  # units and address
    kept: dict[str, int] = field(default_factory=dict)  # too small to be paid out: a balance

    @property
    def paid(self) -> dict[str, tuple[int, str]]:
        """What its batch pays: nobody, where that was given up."""
        return {} if self.given_up else self.pay_outs

    @property
    def is_on_its_way(self) -> bool:
        """Whether a batch of it may be paid, and is not final."""
        return self.state != "withdrawn" and (self.asked or bool(self.txid))


@dataclass
class PayIn:
    """What a debtor pays in."""

    units: int
    address: str
    final: bool = False


@dataclass
class Reservation:
    """Units that a pending transfer holds."""

    debit: str
    credit: str
    units: int
    expires_at: str
