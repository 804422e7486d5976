"""Of settlement: what two people released is what is stated, signed, and paid; in that order."""

from collections import Counter
from hashlib import sha256

from clearhouse.verifier import canonical, ed25519, merkle
from clearhouse.verifier.address import script_of
from clearhouse.verifier.canonical import whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Cycle, Standing
from clearhouse.verifier.transaction import Transaction, parse_transaction
from clearhouse.verifier.wrong import Wrong

RELEASE, STATEMENT = "clearhouse.release.1", "clearhouse.statement.2"

# What may happen to a cycle in which state.
STATES: dict[str, set[str]] = {
    "PayInFinal": {"cleared"},
    "CycleFunded": {"cleared"},
    "CycleReleased": {"cleared", "funded"},
    "HeadAnchored": {"funded"},
    "SignatureAsked": {"funded"},
    "BatchSigned": {"funded"},
    "BatchKept": {"funded"},
    "BatchBroadcast": {"signed"},
    "BatchConfirmed": {"broadcast", "confirmed"},
    "BatchReorganised": {"confirmed"},
    "CycleSettled": {"broadcast", "confirmed", "funded"},
}


def order(_: Published) -> Looks:
    """A cycle goes its way step by step: paid in, released, anchored, signed, sent, settled."""

    def opened(standing: Standing, entry: Entry) -> None:
        if standing.cycles:
            detail = f"{entry.subject} is opened before {', '.join(standing.cycles)} is settled"
            raise Wrong("order.step-wrong", detail)

    def step(standing: Standing, entry: Entry) -> None:
        cycle = standing.cycles.get(entry.body["cycle"])
        state = cycle.state if cycle else "not there"
        if cycle is None or state not in STATES[entry.kind]:
            raise Wrong("order.step-wrong", f"{entry.subject} is {state}: no {entry.kind} follows")
        if reason := _too_early(cycle, entry):
            raise Wrong("order.step-wrong", f"{entry.kind} of {entry.body['cycle']}: {reason}")

    return Looks({"CycleOpened": opened, **dict.fromkeys(STATES, step)})


def _too_early(cycle: Cycle, entry: Entry) -> str:
    """What a step lacks, in words; nothing if it may be."""
    said, kind = entry.body, entry.kind
    to_sign = kind in {"SignatureAsked", "BatchSigned", "BatchKept"}
    sent = kind in {"BatchBroadcast", "BatchConfirmed", "BatchReorganised", "CycleSettled"}
    is_paid = cycle.state != "funded"
    reasons = {
        "a pay-in is not final": kind == "CycleFunded"
        and not all(one.final for one in cycle.pay_ins.values()),
        "it was released before": kind == "CycleReleased" and cycle.released,
        "nobody released it": (to_sign or kind == "HeadAnchored") and not cycle.released,
        "a head was chosen before": kind == "HeadAnchored" and cycle.anchor,
        "no head was chosen": to_sign and not cycle.anchor,
        f"its batch is {cycle.txid}": sent and said["txid"] != cycle.txid,
        f"it was in {cycle.block}": kind == "BatchReorganised" and said["block"] != cycle.block,
        "it pays, and has no batch": kind == "CycleSettled" and is_paid is not bool(cycle.pay_outs),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def release(_: Published) -> Looks:
    """What two people released is what the cycle pays out."""

    def released(standing: Standing, entry: Entry) -> None:
        cycle = standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            return  # another check's
        document = {
            "asset": cycle.asset,
            "cycle": entry.body["cycle"],
            "form": RELEASE,
            "pay_outs": _pay_outs(cycle),
        }
        if sha256(canonical.write(document).encode()).hexdigest() != entry.body["digest"]:
            detail = f"{entry.body['cycle']}: other pay-outs were released than it has"
            raise Wrong("release.digest-wrong", detail)

    return Looks({"CycleReleased": released})


def _pay_outs(cycle: Cycle) -> list[dict[str, str]]:
    paid = sorted((who, address, units) for who, (units, address) in cycle.pay_outs.items())
    return [{"participant": p, "address": a, "units": str(u)} for p, a, u in paid]


def statement(published: Published) -> Looks:
    """The house stated to the signers what the cycle pays out, and signed that."""

    def signed(standing: Standing, entry: Entry) -> None:
        said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            return  # another check's
        signature = bytes.fromhex(said["signature"])
        content = said["statement"].encode()
        if not ed25519.verify(published.trust.statements, signature, content):
            raise Wrong("statement.signature-wrong", f"{said['cycle']}: not the house's signature")
        stated = canonical.read(said["statement"], "a statement")
        mine = {
            "form": STATEMENT,
            "cycle": said["cycle"],
            "asset": cycle.asset,
            "pay_outs": _pay_outs(cycle),
            "anchor": cycle.anchor,
        }
        for name, value in mine.items():
            if stated.get(name) != value:
                detail = f"{said['cycle']}: it states another {name} than the journal has"
                raise Wrong("statement.differs", detail)
        if whole(said["fee"]) > whole(stated["fee_units_max"]):
            raise Wrong("statement.differs", f"{said['cycle']}: a fee above the one stated")

    return Looks({"BatchSigned": signed})


def anchor(published: Published) -> Looks:
    """The head that a batch carries is the one over all that came before it was chosen."""
    tree = merkle.GrowingTree(published.bundle.first - 1, published.frontier)
    waiting = iter(published.entries)

    def anchored(_: Standing, entry: Entry) -> None:
        while tree.size < entry.position - 1:
            tree.append(next(waiting).leaf)
        said = (entry.body["origin"], whole(entry.body["size"]), entry.body["root"])
        if said != (published.trust.log.name, tree.size, tree.root().hex()):
            detail = f"{entry.body['cycle']} anchors another head than that of {tree.size} entries"
            raise Wrong("anchor.head-wrong", detail)

    return Looks({"HeadAnchored": anchored})


def batch(published: Published) -> Looks:
    """The transaction pays each what the cycle owes, carries the head, and leaves what it says."""
    network = published.trust.network
    signed: dict[str, tuple[str, str]] = {}  # by cycle: txid and fee

    def sign(_: Standing, entry: Entry) -> None:
        signed[entry.body["cycle"]] = (entry.body["txid"], entry.body["fee"])

    def kept(standing: Standing, entry: Entry) -> None:
        said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
        if cycle is None:
            return  # another check's
        made = parse_transaction(bytes.fromhex(said["raw"]))
        if (said["txid"], said["fee"]) != signed.get(said["cycle"]):
            raise Wrong("batch.another-signed", f"{said['cycle']}: {said['txid']} was not signed")
        if made.txid != said["txid"]:
            raise Wrong("batch.txid-wrong", f"{said['cycle']}: its transaction is {made.txid}")
        wanted = Counter((script_of(to, network), units) for units, to in cycle.pay_outs.values())
        wanted[b"\x6a\x20" + bytes.fromhex(cycle.anchor), 0] += 1
        paid = Counter((one.script, one.units) for one in made.outputs)
        rest = paid - wanted
        is_change = rest.total() <= 1 and all(script.hex() == cycle.change for script, _ in rest)
        if wanted - paid or not is_change:
            detail = f"{said['cycle']}: {made.txid} does not pay just what is owed"
            raise Wrong("batch.outputs-wrong", detail)
        if _spent(published, made) - sum(one.units for one in made.outputs) != whole(said["fee"]):
            raise Wrong("batch.fee-wrong", f"{made.txid} does not leave {said['fee']} satoshi")

    return Looks({"BatchSigned": sign, "BatchKept": kept})


def _spent(published: Published, made: Transaction) -> int:
    """The satoshi of the coins that a transaction spends."""
    units = 0
    for txid, vout in made.inputs:
        parent = published.parents.get(txid)
        if parent is None or vout >= len(parent.outputs):
            raise Wrong("batch.coin-unknown", f"{made.txid} spends {txid}:{vout}, not shown")
        units += parent.outputs[vout].units
    return units
