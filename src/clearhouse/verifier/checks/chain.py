"""Of the chain: headers with their work, transactions in their blocks, and what they paid."""

from collections import Counter
from typing import Any

from clearhouse.verifier.address import script_of
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.headers import Header, check_headers
from clearhouse.verifier.published import Placed, Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.transaction import check_branch
from clearhouse.verifier.wrong import Wrong

Booked = dict[str, Counter[Any]]  # units that are paid out, by txid


def headers(published: Published) -> None:
    """The headers go on from the block that the reader trusts, each with its work."""
    bundle, trust = published.bundle, published.trust
    if bundle.network != trust.network:
        raise Wrong("headers.another-network", f"{bundle.network}, and {trust.network} is trusted")
    if not published.headers:
        return  # nothing of the chain is shown, and nothing can lean on it
    before = trust.height - bundle.headers_from
    if not 0 <= before < len(published.headers):
        detail = f"headers begin at {bundle.headers_from}, and the block that is trusted is at "
        detail += f"{trust.height}: publish with `--since {trust.height}`"
        raise Wrong("headers.checkpoint-unfit", detail)
    raw = bundle.members["headers"][before * 80 :]
    raws = [raw[at : at + 80] for at in range(0, len(raw), 80)]
    check_headers(trust.network, trust.height, raws, trust.block)


def blocks(published: Published) -> None:
    """Each transaction is in the block that it is said to be in."""
    for txid, one in published.transactions.items():
        header = header_at(published, one.height)
        if header is None or one.height < published.trust.height:
            raise Wrong("blocks.header-missing", f"{txid}: no trusted header at {one.height}")
        size = len(one.transaction.stripped)
        check_branch(txid, one.index, one.branch, header.merkle_root, size)


def payments(published: Published) -> Looks:
    """A batch that is called final is deep enough in the chain, and the books say what it paid."""
    paid: Booked = {}  # by owner and code
    batches: Booked = {}  # what they were to pay

    def booked(standing: Standing, entry: Entry) -> None:
        said = entry.body
        if said["code"] in {"pay_out", "network_fee"} and said["phase"] == "single":
            debit = standing.accounts.get(said["debit"])
            owner = debit.owner if debit else ""
            sums = paid.setdefault(said["cause"], Counter())
            sums[owner, said["code"]] += whole(said["units"])

    def settled(standing: Standing, entry: Entry) -> None:
        said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            return  # another check's
        if said["txid"]:
            _check_final(published, said, cycle.depth_final)
            wanted = Counter({(who, "pay_out"): of for who, (of, _) in cycle.paid.items()})
            wanted["house", "network_fee"] = whole(cycle.fee or "0")
            batches[said["txid"]] = +wanted

    def end(_: Standing) -> None:
        _check_booked(paid, batches)

    on = {"CycleSettled": settled, "BatchWithdrawn": settled}
    return Looks({"TransferRecorded": booked, **on}, end)


def _check_booked(paid: Booked, batches: Booked) -> None:
    """Check that the books say what each batch paid, and of no other one."""
    for txid in paid.keys() - batches.keys():
        raise Wrong("payments.without-batch", f"pay-outs are booked for {txid}: no final batch")
    for txid, wanted in batches.items():
        if +paid.get(txid, Counter()) != wanted:
            raise Wrong("payments.books-differ", f"{txid}: the books say another sum")


def own_payments(published: Published) -> Looks:
    """The participant's pay-out is an output of a batch that is deep enough in the chain."""
    bundle = published.bundle
    paid: Booked = {}
    batches: Booked = {}  # what they were to pay

    def booked(standing: Standing, entry: Entry) -> None:
        said = entry.body
        debit = standing.accounts.get(said["debit"])
        if said["code"] == "pay_out" and debit is not None and debit.owner == bundle.participant:
            paid.setdefault(said["cause"], Counter())[debit.owner] += whole(said["units"])

    def settled(standing: Standing, entry: Entry) -> None:
        said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            raise Wrong("payments.cycle-unknown", f"{said['cycle']} is settled, and was not opened")
        units, address = cycle.pay_outs.get(bundle.participant, (0, ""))
        if not said["txid"] and not units:
            return
        placed = _check_final(published, said, cycle.depth_final)
        outputs = [(one.script, one.units) for one in placed.transaction.outputs]
        batches[said["txid"]] = +Counter({bundle.participant: units})
        if units and (script_of(address, published.trust.network), units) not in outputs:
            raise Wrong("payments.output-missing", f"{said['txid']} does not pay {address}")

    def end(_: Standing) -> None:
        _check_booked(paid, batches)

    return Looks({"TransferRecorded": booked, "CycleSettled": settled}, end)


def _check_final(published: Published, said: Record, depth_final: int) -> Placed:
    """Check that a batch is where it is said to be final; answers where that is."""
    placed = published.transactions.get(said["txid"])
    if placed is None:
        raise Wrong("payments.not-shown", f"{said['txid']} is not shown in a block")
    header = header_at(published, placed.height)
    if header is None or (header.hash, str(placed.height)) != (said["block"], said["height"]):
        raise Wrong("payments.another-block", f"{said['txid']} is not in {said['block']}")
    depth = published.tip - placed.height + 1
    if min(depth, whole(said["depth"])) < max(depth_final, whole(said["depth_final"])):
        detail = f"{said['txid']} is {depth} deep, and final at {depth_final}"
        raise Wrong("payments.not-final", detail)
    return placed


def header_at(published: Published, height: int) -> Header | None:
    """The header at a height, if it is shown."""
    place = height - published.bundle.headers_from
    return published.headers[place] if 0 <= place < len(published.headers) else None
