"""Standing: how a house stands, read from the lines of its closed books, and written again."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from clearhouse.verifier import canonical
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.entry import instant, write_instant
from clearhouse.verifier.things import (
    Account,
    Cycle,
    Edition,
    Obligation,
    PayIn,
    Person,
    Reservation,
)

ORDER_AGE_MAX = timedelta(days=1)  # between signing and handing in
LIMIT_KEY = ("participant", "asset", "limit", "since")
LIMIT = (*LIMIT_KEY, "until", "units")
ACCOUNT_TEXTS = ("owner", "kind", "asset", "place")


class Standing:
    """How a house stands.

    Args:
        opening: The lines of the closing that it begins from; none at the founding.
        first: The first entry behind it.
    """

    def __init__(self, opening: Iterable[str], first: int) -> None:
        self.first = first
        self.house = ""
        self.participants: dict[str, tuple[str, str]] = {}  # address and residence
        self.people: dict[str, Person] = {}
        self.proposals: dict[str, tuple[str, str]] = {}  # that wait: command, when they expire
        self.commands: dict[str, Record] = {}  # of this period and of proposals
        self.accounts: dict[str, Account] = {}
        self.transfers: dict[str, Record] = {}  # of this period, and earlier ones that are shown
        self.reservations: dict[str, Reservation] = {}
        self.obligations: dict[str, Obligation] = {}
        self.cycles: dict[str, Cycle] = {}
        self.rates: dict[str, Record] = {}  # of this period, and earlier ones that are shown
        self.newest: dict[str, tuple[str, str]] = {}  # by currency: its instant, and it
        self.addresses: dict[str, Record] = {}  # of the vault, by script, likewise
        self.branches: dict[bool, int] = {}  # the next index of each: of change, and of pay-ins
        self.coins: dict[str, int] = {}  # of the vault, that no batch has spent: satoshi
        self.set_aside: set[str] = set()  # coins that no batch may spend
        self.limits: dict[tuple[str, ...], Record] = {}  # of exposure, by what each is known by
        self.lists: dict[str, Edition] = {}  # that are screened by
        # By list, version and the one that it may follow: by which proposal two people agreed.
        self.accepted: dict[tuple[str, str, str], str] = {}
        self.orders: dict[str, str] = {}  # given lately: when they were made
        self.told: dict[str, tuple[int, bytes]] = {}  # entries of this period that concern one
        self.latest = ""  # when the last entry was recorded
        for line in opening:
            one = canonical.read(line, "a line of the books")
            OPENED[one["standing"]](self, one)

    def lines(self) -> list[str]:
        """The lines of the books as they stand, in order."""
        return sorted(map(canonical.write, self._records()))

    def _records(self) -> Iterator[Record]:
        if self.house:
            yield {"standing": "house", "house": self.house}
        for id, (address, residence) in self.participants.items():
            place = {"address": address, "residence": residence}
            yield {"standing": "participant", "participant": id, **place}
        for id, person in self.people.items():
            held = {"roles": sorted(person.roles), "keys": sorted(person.keys)}
            yield {"standing": "person", "person": id, **held, "revoked": sorted(person.revoked)}
        for limit in self.limits.values():
            yield {"standing": "limit", **limit}
        for id, (command, expires_at) in self.proposals.items():
            waiting = {"command": command, "expires_at": expires_at}
            yield {"standing": "proposal", "proposal": id, **waiting}
        yield from self._lists()
        yield from self._ledger()
        for id, one in self.obligations.items():
            yield {
                "standing": "obligation",
                "obligation": id,
                "debtor": one.debtor,
                "creditor": one.creditor,
                "units": str(one.units),
                "asset": one.asset,
                "state": one.state,
                "verdict": one.verdict,
                "cycle": one.cycle,
                "said_by": one.said_by,
                **one.known(),
                **({"asked_by": one.asked_by} if one.asked_by else {}),
                **({"rescinded_at": one.rescinded_at} if one.rescinded_at else {}),
            }
        yield from self._cycles()
        yield from self._memory()

    def _lists(self) -> Iterator[Record]:
        for name, one in self.lists.items():
            edition = {"version": one.version, "published_at": one.published_at}
            counts = {"entries": str(one.entries), "wallets": str(one.wallets)}
            yield {"standing": "list", "list_name": name, **edition, **counts}
        for (name, version, before), proposal in self.accepted.items():
            edition = {"list_name": name, "version": version, "before": before}
            yield {"standing": "accepted", **edition, "proposal": proposal}

    def _memory(self) -> Iterator[Record]:
        for quote, (as_of, rate) in self.newest.items():
            yield {"standing": "rate", "quote": quote, "rate": rate, "as_of": as_of}
        for is_change, index in self.branches.items():
            yield {"standing": "branch", "is_change": is_change, "next": str(index)}
        for outpoint, units in self.coins.items():
            aside = {"set_aside": True} if outpoint in self.set_aside else {}
            yield {"standing": "coin", "outpoint": outpoint, "units": str(units), **aside}
        since = write_instant(instant(self.latest) - ORDER_AGE_MAX) if self.latest else ""
        for id, made_at in self.orders.items():
            if made_at >= since:
                yield {"standing": "order", "command": id, "made_at": made_at}
        owners = Counter(one.owner for one in self.accounts.values())
        for who in self.participants:
            yield self.told_to(who, owners[who])

    def told_to(self, who: str, accounts: int) -> Record:
        """The line that says how many accounts a participant has, and which entries are its own."""
        count, chain = self.told.get(who, (0, b""))
        said = {"first": str(self.first), "entries": str(count), "chain": chain.hex()}
        return {"standing": "told", "participant": who, "accounts": str(accounts), **said}

    def _ledger(self) -> Iterator[Record]:
        for id, one in self.accounts.items():
            yield {
                "standing": "account",
                "account": id,
                "owner": one.owner,
                "kind": one.kind,
                "asset": one.asset,
                "place": one.place,
                "balance": str(one.balance),
                "debits_pending": str(one.going),
                "credits_pending": str(one.coming),
            }
        for id, held in self.reservations.items():
            sides = {"debit": held.debit, "credit": held.credit, "units": str(held.units)}
            yield {
                "standing": "reservation",
                "transfer": id,
                **sides,
                "expires_at": held.expires_at,
            }

    def _cycles(self) -> Iterator[Record]:
        for id, one in self.cycles.items():
            yield {
                "standing": "cycle",
                "cycle": id,
                "asset": one.asset,
                "depth_final": str(one.depth_final),
                "change": one.change,
                "state": one.state,
                "txid": one.txid,
                "fee": one.fee,
                "block": one.block,
                "height": one.height,
                "released": one.released,
                "anchor": one.anchor,
                # Once it is signed, its state says so.
                **({"asked": True} if one.asked and one.state == "funded" else {}),
                **({"given_up": True} if one.given_up else {}),
            }
            for who, pay_in in one.pay_ins.items():
                due = {"units": str(pay_in.units), "address": pay_in.address}
                final = {"final": pay_in.final}
                yield {"standing": "pay_in", "cycle": id, "participant": who, **due, **final}
            for who, (units, address) in one.pay_outs.items():
                due = {"units": str(units), "address": address}
                yield {"standing": "pay_out", "cycle": id, "participant": who, **due}
            for who, units in one.kept.items():
                due = {"units": str(units)}
                yield {"standing": "kept", "cycle": id, "participant": who, **due}


def _open_person(standing: Standing, one: Record) -> None:
    held = (set(one["roles"]), set(one["keys"]), set(one["revoked"]))
    standing.people[one["person"]] = Person(*held)


def _open_proposal(standing: Standing, one: Record) -> None:
    standing.proposals[one["proposal"]] = (one["command"], one["expires_at"])
    command = canonical.read(one["command"], "a command")
    standing.commands[one["proposal"]] = command | {"text": one["command"]}


def _open_coin(standing: Standing, one: Record) -> None:
    standing.coins[one["outpoint"]] = whole(one["units"])
    if one.get("set_aside"):
        standing.set_aside.add(one["outpoint"])


def adopted(standing: Standing, said: Record) -> None:
    """Let an edition be screened by as it is said, in place of the one before."""
    counts = (whole(said["entries"]), whole(said["wallets"]))
    standing.lists[said["list_name"]] = Edition(said["version"], said["published_at"], *counts)


def accepted(standing: Standing, said: Record) -> None:
    """Let an edition follow, as two people agreed; or let a list go."""
    if said["version"]:
        place = (said["list_name"], said["version"], said["before"])
        standing.accepted[place] = said["proposal"]
    else:
        standing.lists.pop(said["list_name"], None)


def limited(standing: Standing, said: Record) -> None:
    """Let a limit be in force as it is said, in place of the one before."""
    key = tuple(str(said[name]) for name in LIMIT_KEY)
    standing.limits[key] = {name: said[name] for name in LIMIT}


def _open_account(standing: Standing, one: Record) -> None:
    texts = [one[name] for name in ACCOUNT_TEXTS]
    numbers = [whole(one[name]) for name in ("balance", "debits_pending", "credits_pending")]
    standing.accounts[one["account"]] = Account(*texts, *numbers)


def _open_reservation(standing: Standing, one: Record) -> None:
    held = Reservation(one["debit"], one["credit"], whole(one["units"]), one["expires_at"])
    standing.reservations[one["transfer"]] = held


def _open_obligation(standing: Standing, one: Record) -> None:
    standing.obligations[one["obligation"]] = Obligation(
        one["debtor"],
        one["creditor"],
        whole(one["units"]),
        one["asset"],
        one["said_by"],
        one["state"],
        one["verdict"],
        cycle=one["cycle"],
        cut_off=one.get("cut_off", ""),
        value_date=one.get("value_date", ""),
        due_on=one.get("due_on", ""),
        asked_by=one.get("asked_by", ""),
        rescinded_at=one.get("rescinded_at", ""),
    )


def _open_cycle(standing: Standing, one: Record) -> None:
    cycle = _cycle_of(standing, one["cycle"])
    cycle.asset, cycle.depth_final = one["asset"], whole(one["depth_final"])
    for name in ("change", "state", "txid", "fee", "block", "height", "released", "anchor"):
        setattr(cycle, name, one[name])
    cycle.asked, cycle.given_up = one.get("asked", False), one.get("given_up", False)


def _cycle_of(standing: Standing, id: str) -> Cycle:
    """The cycle, which may not have been read yet: lines come in the order of their bytes."""
    return standing.cycles.setdefault(id, Cycle("", 0, ""))


def _open_pay_in(standing: Standing, one: Record) -> None:
    pay_in = PayIn(whole(one["units"]), one["address"], one["final"])
    _cycle_of(standing, one["cycle"]).pay_ins[one["participant"]] = pay_in


def _open_pay_out(standing: Standing, one: Record) -> None:
    due = (whole(one["units"]), one["address"])
    _cycle_of(standing, one["cycle"]).pay_outs[one["participant"]] = due


def _open_kept(standing: Standing, one: Record) -> None:
    _cycle_of(standing, one["cycle"]).kept[one["participant"]] = whole(one["units"])


def _open_nothing(standing: Standing, one: Record) -> None:
    """What was told in the period before is over."""


OPENED: Mapping[str, Callable[[Standing, Record], None]] = {
    "house": lambda standing, one: setattr(standing, "house", one["house"]),
    "participant": lambda standing, one: standing.participants.update(
        {one["participant"]: (one["address"], one["residence"])}
    ),
    "person": _open_person,
    "limit": limited,
    "list": adopted,
    "accepted": accepted,
    "proposal": _open_proposal,
    "account": _open_account,
    "reservation": _open_reservation,
    "obligation": _open_obligation,
    "cycle": _open_cycle,
    "pay_in": _open_pay_in,
    "pay_out": _open_pay_out,
    "kept": _open_kept,
    "rate": lambda standing, one: standing.newest.update(
        {one["quote"]: (one["as_of"], one["rate"])}
    ),
    "branch": lambda standing, one: standing.branches.update(
        {one["is_change"]: whole(one["next"])}
    ),
    "coin": _open_coin,
    "order": lambda standing, one: standing.orders.update({one["command"]: one["made_at"]}),
    "told": _open_nothing,
}
