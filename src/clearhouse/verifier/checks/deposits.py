"""Of deposits: each coin that was booked came to its owner, and a pay-in is final by such coins."""

from datetime import UTC, datetime
from functools import partial

from clearhouse.verifier.address import script_of
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.chain import header_at
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry, derived, instant
from clearhouse.verifier.published import Placed, Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

ARRIVED = {"pay_in", "funding", "unknown_deposit", "quarantine"}


def deposits(published: Published) -> Looks:
    """Each coin that was booked came to an address of its owner, in a block."""
    fresh: set[str] = set()  # scripts that were given since the last cycle was opened
    again: dict[str, str] = {}  # whom the cycle unwound last had called, and at which script
    by_cycle = [""]  # which took its place

    def unwound(standing: Standing, entry: Entry) -> None:
        cycle, by_cycle[0] = standing.cycles.get(entry.body["cycle"]), entry.body["by_cycle"]
        again.clear()
        for who, one in cycle.pay_ins.items() if cycle else ():
            again[who] = script_of(one.address, published.trust.network).hex()

    def given(standing: Standing, entry: Entry) -> None:
        _given(published, standing, entry)
        fresh.add(entry.body["script"])

    def called(standing: Standing, entry: Entry) -> None:
        """A pay-in is called at an address that is new, and its debtor's.

        Of a cycle that took another one's place it is the address of before, so that what has
        come counts; and since it is called for no third, it counts once.
        """
        script = script_of(entry.body["address"], published.trust.network).hex()
        named = entry.body["participant"]
        if entry.body["cycle"] == by_cycle[0] and named in again:
            if again.pop(named) == script:
                return
            script = ""
        who = standing.addresses.get(script, {}).get("participant")
        if script not in fresh or who != named:
            detail = f"{entry.body['participant']} is called to pay at {entry.body['address']}"
            raise Wrong("deposits.call-wrong", f"{detail}, which was not given to it for this")
        fresh.remove(script)

    return Looks(
        {
            "CycleOpened": lambda *_: fresh.clear(),
            "CycleUnwound": unwound,
            "VaultAddressGiven": given,
            "PayInCalled": called,
            "VaultAddressUnasked": partial(_given, published),
            "TransferRecorded": partial(_booked, published),
            "PayInFinal": partial(_paid_in, published),
        }
    )


def _given(published: Published, standing: Standing, entry: Entry) -> None:
    """An address is given out once, and is the one of its script."""
    said = entry.body
    is_new = whole(said["index"]) >= standing.branches.get(said["is_change"], 0)
    if said["script"] in standing.addresses or not is_new:
        raise Wrong("deposits.address-wrong", f"{said['address']} is given out again")
    trust = published.trust
    mine = trust.vault.script(said["is_change"], whole(said["index"]))
    if not mine.hex() == said["script"] == script_of(said["address"], trust.network).hex():
        raise Wrong("deposits.address-wrong", f"{said['address']} is not the vault's at that place")


def _booked(published: Published, standing: Standing, entry: Entry) -> None:
    said = entry.body
    if said["code"] not in ARRIVED or said["phase"] != "single":
        return
    outpoint = said["cause"]
    if outpoint in standing.coins:
        raise Wrong("deposits.booked-twice", f"{outpoint}: the books know that coin")
    placed, script, units = _coin(published, outpoint)
    header = header_at(published, placed.height)
    about = f"{said['code']} of {outpoint}"
    if said["transfer"] != derived("tfr", "deposit", outpoint):
        raise Wrong("deposits.differ", f"{about}: the transfer's id is not the coin's")
    if whole(said["units"]) != units:
        raise Wrong("deposits.differ", f"{about}: {said['units']} booked, {units} came")
    if header and instant(said["occurred_at"]) != datetime.fromtimestamp(header.time, UTC):
        raise Wrong("deposits.differ", f"{about}: not at its block's time")
    _check_owner(standing, said, script, about)


def _check_owner(standing: Standing, said: Record, script: str, about: str) -> None:
    """Check that a coin was booked to whom its address had been given."""
    given = standing.addresses.get(script)
    if given is None:
        raise Wrong("deposits.another-owner", f"{about}: its address is not shown")
    # Else nobody was told to pay there.
    is_asked = "participant" in given and not given["is_change"]
    if said["code"] == "unknown_deposit":
        if is_asked:
            whose = given["participant"] or "the house"
            raise Wrong("deposits.another-owner", f"{about}: its address is {whose}'s")
        return
    credit = standing.accounts.get(said["credit"])
    owner = credit.owner if credit else ""
    if not is_asked or (given["participant"] or "house") != owner:
        raise Wrong("deposits.another-owner", f"{about}: its address was not given to {owner}")


def _paid_in(published: Published, standing: Standing, entry: Entry) -> None:
    """A pay-in is final by coins that came to the address which it was called at.

    What they lack its debtor had as a balance; `ledger` makes sure that it was there.
    """
    said, cycle = entry.body, standing.cycles.get(entry.body["cycle"])
    called = cycle.pay_ins.get(said["participant"]) if cycle else None
    about = f"the pay-in of {said['participant']}"
    if cycle is None or called is None:
        raise Wrong("deposits.pay-in-wrong", f"{about} was not called")
    if len(set(said["outpoints"])) != len(said["outpoints"]):
        raise Wrong("deposits.pay-in-wrong", f"{about} names a coin twice")
    depth_final = max(cycle.depth_final, whole(said["depth_final"]))
    depth = whole(said["depth"]) if said["outpoints"] else depth_final
    units, script = 0, script_of(called.address, published.trust.network).hex()
    given = standing.addresses.get(script)
    # Where no coin came its address need not be shown: `called` looked at it.
    is_own = given is not None and given.get("participant") == said["participant"]
    if said["outpoints"] and not is_own:
        raise Wrong("deposits.pay-in-wrong", f"{about} was called at another's address")
    for outpoint in said["outpoints"]:
        placed, came_to, came = _coin(published, outpoint)
        booked = standing.transfers.get(derived("tfr", "deposit", outpoint))
        if booked is None or came_to != script:
            raise Wrong("deposits.pay-in-wrong", f"{about}: {outpoint} was not booked for it")
        units += came
        depth = min(depth, published.tip - placed.height + 1)
    sums = (whole(said["units"]), whole(said["balance"]))
    if sums != (units, max(0, called.units - units)) or depth < depth_final:
        raise Wrong("deposits.pay-in-wrong", f"{about} is called final, and is not")


def _coin(published: Published, outpoint: str) -> tuple[Placed, str, int]:
    """A coin's transaction, its script in hex, and its satoshi."""
    txid, _, vout = outpoint.partition(":")
    placed, place = published.transactions.get(txid), whole(vout)
    if placed is None or not 0 <= place < len(placed.transaction.outputs):
        raise Wrong("deposits.not-shown", f"{outpoint} is not shown in a block")
    made = placed.transaction.outputs[place]
    return placed, made.script.hex(), made.units
