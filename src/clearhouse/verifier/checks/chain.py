"""Of the chain: headers with their work, transactions in their blocks, and what they paid."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from clearhouse.verifier.address import script_of
from clearhouse.verifier.canonical import Record
from clearhouse.verifier.checks.check import Look, Looks
from clearhouse.verifier.entry import Entry, derived, instant
from clearhouse.verifier.headers import Header, check_headers
from clearhouse.verifier.published import Placed, Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.transaction import check_branch
from clearhouse.verifier.wrong import Wrong

ARRIVED = {"pay_in", "funding", "unknown_deposit"}


def headers(published: Published) -> None:
    """The headers go on from the block that the reader trusts, each with its work."""
    bundle, trust = published.bundle, published.trust
    if not published.headers:
        return  # nothing of the chain is shown, and nothing can lean on it
    before = trust.height - bundle.headers_from
    if not 0 <= before < len(published.headers):
        detail = f"headers begin at {bundle.headers_from}, and the block that is trusted is at "
        detail += f"{trust.height}: publish with `--since {trust.height}`"
        raise Wrong("headers.checkpoint-unfit", detail)
    raw = bundle.members["headers"][before * 80 :]
    raws = [raw[at : at + 80] for at in range(0, len(raw), 80)]
    check_headers(bundle.network, trust.height, raws, trust.block)


def blocks(published: Published) -> None:
    """Each transaction is in the block that it is said to be in."""
    for txid, one in published.transactions.items():
        header = _header(published, one.height)
        if header is None or one.height < published.trust.height:
            raise Wrong("blocks.header-missing", f"{txid}: no trusted header at {one.height}")
        size = len(one.transaction.stripped)
        check_branch(txid, one.index, one.branch, header.merkle_root, size)


def deposits(published: Published) -> Looks:
    """Each coin that was booked came to an address of its owner, in a block."""
    looks = {"TransferRecorded": _deposit(published), "PayInFinal": _pay_in}
    return Looks(looks)


def _deposit(published: Published) -> Look:
    def booked(standing: Standing, entry: Entry) -> None:
        said = entry.body
        if said["code"] not in ARRIVED or said["phase"] != "single":
            return
        outpoint = said["cause"]
        placed, script, units = _coin(published, outpoint)
        header = _header(published, placed.height)
        about = f"{said['code']} of {outpoint}"
        if said["transfer"] != derived("tfr", "deposit", outpoint):
            raise Wrong("deposits.differ", f"{about}: the transfer's id is not the coin's")
        if int(said["units"]) != units:
            raise Wrong("deposits.differ", f"{about}: {said['units']} booked, {units} came")
        if header and instant(said["occurred_at"]) != datetime.fromtimestamp(header.time, UTC):
            raise Wrong("deposits.differ", f"{about}: not at its block's time")
        _check_owner(standing, said, script, about)

    return booked


def _check_owner(standing: Standing, said: Record, script: str, about: str) -> None:
    """Check that a coin was booked to whom its address had been given."""
    given = standing.addresses.get(script)
    if said["code"] == "unknown_deposit":
        if given is not None and not given["is_change"]:
            raise Wrong(
                "deposits.another-owner", f"{about}: its address is {given['participant']}'s"
            )
        return
    credit = standing.accounts.get(said["credit"])
    owner = credit.owner if credit else ""
    if given is None or given["is_change"] or (given["participant"] or "house") != owner:
        raise Wrong("deposits.another-owner", f"{about}: its address was not given to {owner}")


def _pay_in(standing: Standing, entry: Entry) -> None:
    """A pay-in is final by coins that were booked to its participant."""
    said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
    about = f"the pay-in of {said['participant']}"
    units = 0
    for outpoint in said["outpoints"]:
        booked = standing.transfers.get(derived("tfr", "deposit", outpoint))
        account = standing.accounts.get(booked["credit"]) if booked else None
        if booked is None or account is None or account.owner != said["participant"]:
            raise Wrong("deposits.pay-in-wrong", f"{about}: {outpoint} was not booked to it")
        units += int(booked["units"])
    called = cycle.pay_ins.get(said["participant"]) if cycle else None
    enough = called is not None and units >= called.units
    if units != int(said["units"]) or not enough or int(said["depth"]) < int(said["depth_final"]):
        raise Wrong("deposits.pay-in-wrong", f"{about} is called final, and is not")


def payments(published: Published) -> Looks:
    """A settled cycle's batch is deep enough in the chain, and the books say what it paid."""
    paid: dict[str, Counter[tuple[str, str]]] = {}  # by txid: owner and code

    def booked(standing: Standing, entry: Entry) -> None:
        said = entry.body
        if said["code"] in {"pay_out", "network_fee"} and said["phase"] == "single":
            debit = standing.accounts.get(said["debit"])
            owner = debit.owner if debit else ""
            sums = paid.setdefault(said["cause"], Counter())
            sums[owner, said["code"]] += int(said["units"])

    def settled(standing: Standing, entry: Entry) -> None:
        said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
        if cycle is None or not said["txid"]:
            return
        _check_final(published, said, cycle.depth_final)
        wanted = Counter({(who, "pay_out"): units for who, (units, _) in cycle.pay_outs.items()})
        wanted["house", "network_fee"] = int(cycle.fee or 0)
        if +paid.get(said["txid"], Counter()) != +wanted:
            raise Wrong("payments.books-differ", f"{said['txid']}: the books say another sum")
        for one in standing.accounts.values():
            if one.kind in {"in_clearing", "clearing"} and one.asset == cycle.asset and one.balance:
                detail = (
                    f"{said['cycle']} is settled, and {one.owner} has {one.balance} in clearing"
                )
                raise Wrong("payments.not-discharged", detail)

    return Looks({"TransferRecorded": booked, "CycleSettled": settled})


def own_payments(published: Published) -> Looks:
    """The participant's pay-out is an output of a batch that is deep enough in the chain."""
    bundle = published.bundle

    def settled(standing: Standing, entry: Entry) -> None:
        said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            raise Wrong("payments.cycle-unknown", f"{said['cycle']} is settled, and was not opened")
        if not said["txid"]:
            return
        placed = _check_final(published, said, cycle.depth_final)
        outputs = [(one.script, one.units) for one in placed.transaction.outputs]
        units, address = cycle.pay_outs.get(bundle.participant, (0, ""))
        if units and (script_of(address, bundle.network), units) not in outputs:
            raise Wrong("payments.output-missing", f"{said['txid']} does not pay {address}")

    return Looks({"CycleSettled": settled})


def _check_final(published: Published, said: Record, depth_final: int) -> Placed:
    """Check that a batch is where it is said to be final; answers where that is."""
    placed = published.transactions.get(said["txid"])
    if placed is None:
        raise Wrong("payments.not-shown", f"{said['txid']} is not shown in a block")
    header = _header(published, placed.height)
    if header is None or (header.hash, str(placed.height)) != (said["block"], said["height"]):
        raise Wrong("payments.another-block", f"{said['txid']} is not in {said['block']}")
    tip = published.bundle.headers_from + len(published.headers) - 1
    depth = tip - placed.height + 1
    if min(depth, int(said["depth"])) < max(depth_final, int(said["depth_final"])):
        detail = f"{said['txid']} is {depth} deep, and final at {depth_final}"
        raise Wrong("payments.not-final", detail)
    return placed


def _coin(published: Published, outpoint: str) -> tuple[Placed, str, int]:
    """A coin's transaction, its script in hex, and its satoshi."""
    txid, _, vout = outpoint.partition(":")
    placed = published.transactions.get(txid)
    outputs: Iterable[object] = placed.transaction.outputs if placed else ()
    if placed is None or int(vout) >= len(list(outputs)):
        raise Wrong("deposits.not-shown", f"{outpoint} is not shown in a block")
    made = placed.transaction.outputs[int(vout)]
    return placed, made.script.hex(), made.units


def _header(published: Published, height: int) -> Header | None:
    place = height - published.bundle.headers_from
    return published.headers[place] if 0 <= place < len(published.headers) else None
