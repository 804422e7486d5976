"""Of sources: it was looked at where a coin came from before it was booked to anybody."""

from clearhouse.verifier import canonical
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

LOOKED_AT = {"pay_in", "funding", "quarantine"}  # codes of transfers
NOTHING = "00" * 32  # what a miner's reward spends


def sources(published: Published) -> Looks:
    """A coin is booked to somebody once it is recorded which addresses have paid it."""
    sourced: dict[str, str] = {}  # by coin, whose it was said to be

    def recorded(_: Standing, entry: Entry) -> None:
        if entry.body["register"] == "coin_source":
            said = canonical.read(entry.body["body"], "a record")
            sourced[said["outpoint"]] = said["participant"]

    def booked(standing: Standing, entry: Entry) -> None:
        said = entry.body
        placed = published.transactions.get(said["cause"].partition(":")[0])
        if said["code"] not in LOOKED_AT or said["phase"] != "single" or placed is None:
            return  # `deposits` says what is not shown
        if placed.transaction.inputs[0][0] == NOTHING:
            return
        account = standing.accounts.get(said["credit"])
        if account is not None and sourced.get(said["cause"]) != account.owner:
            detail = f"{said['code']} of {said['cause']}: nobody looked where it came from"
            raise Wrong("sources.missing", detail)

    return Looks({"RecordEntered": recorded, "TransferRecorded": booked})
