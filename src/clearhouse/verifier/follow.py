"""Follow: how a house stands after an entry of its journal.

It judges nothing: the checks do, each before an entry is followed. An entry that names what is not
there changes nothing here, and some check will say so.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from clearhouse.verifier import canonical
from clearhouse.verifier.canonical import whole
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.note import Checkpoint
from clearhouse.verifier.standing import LIMIT, Standing, accepted, adopted, limited
from clearhouse.verifier.things import Account, Cycle, Obligation, PayIn, Person, Reservation
from clearhouse.verifier.transaction import parse_transaction
from clearhouse.verifier.wrong import Wrong

# Registers whose records those whom they are about are not told of.
UNTOLD = {
    *("hit_decision", "hold_decision", "review", "review_outcome"),
    *("alert", "case_owner", "case_evidence", "case_link", "escalation"),
    *("concern", "concern_decision", "suspicion_report", "report_receipt"),
}
SET_ASIDE = {
    "unknown_deposit",
    "quarantine",
}  # codes of transfers that book a coin nobody may spend
ARRIVED = {"pay_in", "funding"} | SET_ASIDE  # codes of transfers that book a coin


def follow(standing: Standing, entry: Entry) -> None:
    """Take an entry."""
    take = FOLLOWED.get(entry.kind)
    if take is not None:
        take(standing, entry)
    standing.latest = entry.recorded_at
    for who in concerned(standing, entry) & standing.participants.keys():
        count, chain = standing.told.get(who, (0, b""))
        standing.told[who] = count + 1, sha256(chain + entry.leaf).digest()


def recall(standing: Standing, entry: Entry) -> None:
    """Take an entry from before the period: what it did stands, but for what coins there are."""
    if entry.kind == "TransferRecorded":
        lend(standing, entry)
    elif (take := FOLLOWED.get(entry.kind)) is not None:
        take(standing, entry)


def concerned(standing: Standing, entry: Entry) -> set[str]:
    """Whom an entry concerns: whose it is, both sides of an obligation or of a transfer."""
    match entry.kind:
        case "FindingMade" | "GateDecided":
            return set()  # nobody is told whom they are compared with
        case "RecordEntered" if entry.body["register"] in UNTOLD:
            return set()  # nor that somebody looks at them
        case (
            "ObligationProposed"
            | "ObligationAffirmed"
            | "ValueDated"
            | "ObligationCleared"
            | "RescissionAsked"
            | "ObligationRescinded"
        ):
            one = standing.obligations.get(entry.body["obligation"])
            return {one.debtor, one.creditor} if one else set()
        case "ObligationHeldBack":
            return {entry.body["participant"]}  # nobody else learns of its cap
        case "TransferRecorded":
            sides = (entry.body["debit"], entry.body["credit"])
            found = [standing.accounts.get(side) for side in sides]
            return {account.owner for account in found if account is not None}
        case _:
            return {entry.subject}


def lend(standing: Standing, entry: Entry) -> None:
    """Take an earlier entry that later ones lean on: it says what it did, and does it no more."""
    match entry.kind:
        case "RateFixed":
            standing.rates[entry.body["rate"]] = entry.body
        case "VaultAddressGiven" | "VaultAddressUnasked":
            standing.addresses[entry.body["script"]] = entry.body
        case "TransferRecorded":
            standing.transfers[entry.body["transfer"]] = entry.body
        case _:
            pass


def _founded(standing: Standing, entry: Entry) -> None:
    standing.house = canonical.read(entry.body["founding"], "the founding")["house"]


def _recorded(standing: Standing, entry: Entry) -> None:
    if entry.body["register"] == "exposure_limit":
        limit = canonical.read(entry.body["body"], "a limit")
        if limit.keys() == set(LIMIT):  # or `caps` names it
            limited(standing, limit)
    if entry.body["register"] != "legal_entity":
        return
    said = canonical.read(entry.body["body"], "a legal entity")
    place = (said.get("address"), said.get("residence"))
    if isinstance(place[0], str) and isinstance(place[1], str):  # or `admissions` names it
        standing.participants[entry.subject] = (place[0], place[1])


def _enrolled(standing: Standing, entry: Entry) -> None:
    standing.people[entry.body["person"]] = Person()


def _keyed(standing: Standing, entry: Entry) -> None:
    if person := standing.people.get(entry.body["person"]):
        person.keys.add(entry.body["key"])


def _unkeyed(standing: Standing, entry: Entry) -> None:
    if person := standing.people.get(entry.body["person"]):
        person.keys.discard(entry.body["key"])
        person.revoked.add(entry.body["key"])


def _granted(standing: Standing, entry: Entry) -> None:
    if person := standing.people.get(entry.body["person"]):
        person.roles.add(entry.body["role"])


def _withdrawn(standing: Standing, entry: Entry) -> None:
    if person := standing.people.get(entry.body["person"]):
        person.roles.discard(entry.body["role"])


def _commanded(standing: Standing, entry: Entry) -> None:
    command = canonical.read(entry.body["command"], "a command")
    standing.commands[command["id"]] = command | {"text": entry.body["command"]}
    standing.orders[command["id"]] = command["made_at"]


def _proposed(standing: Standing, entry: Entry) -> None:
    id = entry.body["proposal"]
    if command := standing.commands.get(id):
        standing.proposals[id] = (command["text"], entry.body["expires_at"])


def _closed(standing: Standing, entry: Entry) -> None:
    standing.proposals.pop(entry.body["proposal"], None)


def _account(standing: Standing, entry: Entry) -> None:
    said = entry.body
    kind = said["account_kind"]
    standing.accounts[said["account"]] = Account(said["owner"], kind, said["asset"], said["place"])


def _transferred(standing: Standing, entry: Entry) -> None:
    said = entry.body
    standing.transfers[said["transfer"]] = said
    debit, credit = standing.accounts.get(said["debit"]), standing.accounts.get(said["credit"])
    if debit is None or credit is None:
        return
    units = whole(said["units"])
    if said["phase"] == "pending":
        debit.going += units
        credit.coming += units
        held = Reservation(said["debit"], said["credit"], units, said["expires_at"])
        standing.reservations[said["transfer"]] = held
        return
    if said["phase"] in {"post", "void", "expire"}:
        freed = standing.reservations.pop(said["follows"], None)
        if freed is not None:
            debit.going -= freed.units
            credit.coming -= freed.units
    if said["code"] in ARRIVED:
        standing.coins[said["cause"]] = units
        if said["code"] in SET_ASIDE:
            standing.set_aside.add(said["cause"])
    if said["phase"] in {"single", "post", "reverse"}:
        debit.balance -= units
        credit.balance += units


def _obligation(standing: Standing, entry: Entry) -> None:
    said = entry.body
    sides = (said["debtor"], said["creditor"])
    amount = (whole(said["units"]), said["asset"])
    one = Obligation(*sides, *amount, said["by"], due_on=said["due_on"])
    standing.obligations[said["obligation"]] = one


def _affirmed(standing: Standing, entry: Entry) -> None:
    if one := standing.obligations.get(entry.body["obligation"]):
        one.state, one.said_by = "affirmed", ""


def _dated(standing: Standing, entry: Entry) -> None:
    if one := standing.obligations.get(entry.body["obligation"]):
        one.cut_off, one.value_date = entry.body["cut_off"], entry.body["value_date"]


def _asked_back(standing: Standing, entry: Entry) -> None:
    if one := standing.obligations.get(entry.body["obligation"]):
        one.asked_by = entry.body["by"]


def _rescinded(standing: Standing, entry: Entry) -> None:
    if one := standing.obligations.get(entry.body["obligation"]):
        one.state, one.said_by, one.asked_by = "rescinded", "", ""
        one.rescinded_at = entry.recorded_at


def _decided(standing: Standing, entry: Entry) -> None:
    if one := standing.obligations.get(entry.body["obligation"]):
        one.verdict, one.decided_at = entry.body["verdict"], entry.recorded_at


def _cleared(standing: Standing, entry: Entry) -> None:
    if one := standing.obligations.get(entry.body["obligation"]):
        one.state, one.cycle = "cleared", entry.body["cycle"]
        one.verdict = ""  # it must be asked again before it is paid


def _fixed(standing: Standing, entry: Entry) -> None:
    lend(standing, entry)
    said = entry.body
    newest = (said["as_of"], said["rate"])
    standing.newest[said["quote"]] = max(newest, standing.newest.get(said["quote"], newest))


def _address(standing: Standing, entry: Entry) -> None:
    said = entry.body
    standing.addresses[said["script"]] = said
    standing.branches[said["is_change"]] = whole(said["index"]) + 1


def _opened(standing: Standing, entry: Entry) -> None:
    said = entry.body
    change = ""
    for script, given in standing.addresses.items():
        if given["is_change"] is True and given["index"] == said["change_index"]:
            change = script
    standing.cycles[said["cycle"]] = Cycle(said["asset"], whole(said["depth_final"]), change)


def _called(standing: Standing, entry: Entry) -> None:
    if cycle := standing.cycles.get(entry.body["cycle"]):
        pay_in = PayIn(whole(entry.body["units"]), entry.body["address"])
        cycle.pay_ins[entry.body["participant"]] = pay_in


def _struck(standing: Standing, entry: Entry) -> None:
    cycle, units = standing.cycles.get(entry.body["cycle"]), whole(entry.body["units"])
    if cycle and units > 0:
        cycle.kept[entry.body["participant"]] = units  # until it is planned to be paid out


def _planned(standing: Standing, entry: Entry) -> None:
    if cycle := standing.cycles.get(entry.body["cycle"]):
        due = (whole(entry.body["units"]), entry.body["address"])
        cycle.pay_outs[entry.body["participant"]] = due
        cycle.kept.pop(entry.body["participant"], None)


def _paid_in(standing: Standing, entry: Entry) -> None:
    cycle = standing.cycles.get(entry.body["cycle"])
    if cycle and (pay_in := cycle.pay_ins.get(entry.body["participant"])):
        pay_in.final = True


def _moved(standing: Standing, entry: Entry, **fields: Any) -> None:
    if cycle := standing.cycles.get(entry.body["cycle"]):
        for name, value in fields.items():
            setattr(cycle, name, value)


def _settled(standing: Standing, entry: Entry) -> None:
    id = entry.body["cycle"]
    if standing.cycles.pop(id, None) is None:
        return
    done = ("cleared", id)
    found = standing.obligations.items()
    for name in [name for name, one in found if (one.state, one.cycle) == done]:
        del standing.obligations[name]


def _unwound(standing: Standing, entry: Entry) -> None:
    id = entry.body["cycle"]
    standing.cycles.pop(id, None)
    for one in standing.obligations.values():
        if one.cycle == id:
            one.state, one.cycle = "affirmed", ""


def _anchored(standing: Standing, entry: Entry) -> None:
    said = entry.body
    head = Checkpoint(said["origin"], whole(said["size"]), bytes.fromhex(said["root"]))
    _moved(standing, entry, anchor=head.anchor)


def _kept(standing: Standing, entry: Entry) -> None:
    said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
    _moved(standing, entry, state="signed", txid=said["txid"], fee=said["fee"])
    try:
        made = parse_transaction(bytes.fromhex(said["raw"]))
    except (Wrong, ValueError):
        return  # a check says so
    for txid, vout in made.inputs:
        standing.coins.pop(f"{txid}:{vout}", None)
        standing.set_aside.discard(f"{txid}:{vout}")
    for place, one in enumerate(made.outputs):
        if cycle is not None and one.script.hex() == cycle.change:
            standing.coins[f"{made.txid}:{place}"] = one.units


def _confirmed(standing: Standing, entry: Entry) -> None:
    said = entry.body
    _moved(standing, entry, state="confirmed", block=said["block"], height=said["height"])


def _taken_out(standing: Standing, entry: Entry) -> None:
    said = entry.body
    _moved(standing, entry, state="withdrawn", block=said["block"], height=said["height"])


def _sent(standing: Standing, entry: Entry) -> None:
    _moved(standing, entry, state="broadcast", block="", height="")


FOLLOWED: Mapping[str, Callable[[Standing, Entry], None]] = {
    "HouseFounded": _founded,
    "RecordEntered": _recorded,
    "ListAdopted": lambda standing, entry: adopted(standing, entry.body),
    "EditionAccepted": lambda standing, entry: accepted(standing, entry.body),
    "PersonEnrolled": _enrolled,
    "KeyRegistered": _keyed,
    "KeyRevoked": _unkeyed,
    "RoleGranted": _granted,
    "RoleWithdrawn": _withdrawn,
    "CommandGiven": _commanded,
    "ProposalMade": _proposed,
    "ProposalApproved": _closed,
    "ProposalDeclined": _closed,
    "ProposalExpired": _closed,
    "AccountOpened": _account,
    "TransferRecorded": _transferred,
    "ObligationProposed": _obligation,
    "ObligationAffirmed": _affirmed,
    "ValueDated": _dated,
    "RescissionAsked": _asked_back,
    "ObligationRescinded": _rescinded,
    "GateDecided": _decided,
    "ObligationCleared": _cleared,
    "RateFixed": _fixed,
    "VaultAddressGiven": _address,
    "VaultAddressUnasked": _address,
    "CycleOpened": _opened,
    "PositionStruck": _struck,
    "PayInCalled": _called,
    "PayOutPlanned": _planned,
    "PayInFinal": _paid_in,
    "CycleFunded": lambda standing, entry: _moved(standing, entry, state="funded"),
    "CycleReleased": lambda standing, entry: _moved(standing, entry, released=entry.body["digest"]),
    "BatchGivenUp": lambda standing, entry: _moved(standing, entry, given_up=True),
    "BatchWithdrawn": _taken_out,
    "CycleUnwound": _unwound,
    "HeadAnchored": _anchored,
    "SignatureAsked": lambda standing, entry: _moved(standing, entry, asked=True),
    "BatchKept": _kept,
    "BatchBroadcast": _sent,
    "BatchReorganised": _sent,
    "BatchConfirmed": _confirmed,
    "CycleSettled": _settled,
}
