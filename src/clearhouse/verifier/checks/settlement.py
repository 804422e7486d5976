"""Of settlement: what two people released is what is stated, signed, and paid."""

from collections import Counter
from hashlib import sha256

from clearhouse.verifier import canonical, ed25519, merkle
from clearhouse.verifier.address import script_of
from clearhouse.verifier.canonical import whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.transaction import Transaction, parse_transaction
from clearhouse.verifier.wrong import Wrong

RELEASE, STATEMENT = "clearhouse.release.1", "clearhouse.statement.2"


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
            "pay_outs": _written(cycle.pay_outs),
        }
        if sha256(canonical.write(document).encode()).hexdigest() != entry.body["digest"]:
            detail = f"{entry.body['cycle']}: other pay-outs were released than it has"
            raise Wrong("release.digest-wrong", detail)

    return Looks({"CycleReleased": released})


def _written(pay_outs: dict[str, tuple[int, str]]) -> list[dict[str, str]]:
    paid = sorted((who, address, units) for who, (units, address) in pay_outs.items())
    return [{"participant": p, "address": a, "units": str(u)} for p, a, u in paid]


def statement(published: Published) -> Looks:
    """The house stated to the signers what the cycle pays out, and signed that.

    What two people gave up is paid to nobody.
    """

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
            "pay_outs": _written(cycle.paid),
            "anchor": cycle.anchor,
            "vault": published.trust.vault.text,
        }
        for name, value in mine.items():
            if stated.get(name) != value:
                detail = f"{said['cycle']}: it states another {name} than the journal has"
                raise Wrong("statement.differs", detail)
        change = published.trust.vault.script(True, whole(stated["change_index"]))
        if change.hex() != cycle.change:
            detail = f"{said['cycle']}: it states another change_index than the journal has"
            raise Wrong("statement.differs", detail)
        if whole(said["fee"]) > whole(stated["fee_units_max"]):
            raise Wrong("statement.differs", f"{said['cycle']}: a fee above the one stated")

    return Looks({"BatchSigned": signed})


def anchor(published: Published) -> Looks:
    """The head that a batch carries is the one over all that came before it was chosen."""
    tree = merkle.GrowingTree(published.bundle.first - 1, published.frontier)
    waiting = iter(published.entries)

    def anchored(_: Standing, entry: Entry) -> None:
        while tree.size < entry.position - 1 and (before := next(waiting, None)):
            tree.append(before.leaf)
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
        wanted = Counter((script_of(to, network), units) for units, to in cycle.paid.values())
        wanted[b"\x6a\x20" + bytes.fromhex(cycle.anchor), 0] += 1
        paid = Counter((one.script, one.units) for one in made.outputs)
        rest = paid - wanted
        is_change = rest.total() <= 1 and all(script.hex() == cycle.change for script, _ in rest)
        if wanted - paid or not is_change:
            detail = f"{said['cycle']}: {made.txid} does not pay just what is owed"
            raise Wrong("batch.outputs-wrong", detail)
        if _spent(standing, made) - sum(one.units for one in made.outputs) != whole(said["fee"]):
            raise Wrong("batch.fee-wrong", f"{made.txid} does not leave {said['fee']} satoshi")

    return Looks({"BatchSigned": sign, "BatchKept": kept})


def _spent(standing: Standing, made: Transaction) -> int:
    """The satoshi of the coins that a transaction spends: all of them known to the books."""
    units = 0
    for txid, vout in made.inputs:
        if (coin := standing.coins.get(f"{txid}:{vout}")) is None:
            detail = f"{made.txid} spends {txid}:{vout}, which is not booked"
            raise Wrong("batch.coin-unknown", detail)
        if f"{txid}:{vout}" in standing.set_aside:
            detail = f"{made.txid} spends {txid}:{vout}, which was set aside"
            raise Wrong("batch.coin-set-aside", detail)
        units += coin
    return units
