"""Of the ledger: units only move, each transfer may be, and nobody has less than nothing."""

from collections import Counter

from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry, derived
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Account, Reservation
from clearhouse.verifier.trust import COINS
from clearhouse.verifier.wrong import Wrong

UNITS_MAX = 2**256 - 1
OF_HOUSE = {"vault", "clearing", "fees", "penalties", "suspense"}
OF_PARTICIPANTS = {
    *("available", "held", "in_clearing", "margin", "default_fund", "escrow", "quarantine")
}
EITHER_WAY = {"in_clearing", "clearing"}  # balances that may stand on either side
SET_ASIDE = {"held", "margin", "default_fund", "escrow", "quarantine"}

# From which kind of account to which, by why units move.
WAYS: dict[str, set[tuple[str, str]]] = {
    "funding": {("vault", "fees")},
    "pay_in": {("vault", "available")},
    "novation": {("in_clearing", "clearing"), ("clearing", "in_clearing")},
    "discharge": {("available", "in_clearing"), ("in_clearing", "available")},
    "pay_out": {("available", "vault")},
    "network_fee": {("fees", "vault")},
    "unknown_deposit": {("vault", "suspense")},
    "quarantine": {("vault", "quarantine"), ("vault", "suspense")},
    "refund": {("suspense", "vault")},
    "hold": {("available", "held"), ("available", "quarantine")},
    "margin": {("available", "margin")},
    "contribution": {("available", "default_fund")},
    "escrow": {("available", "escrow")},
    "release": {(kind, "available") for kind in SET_ASIDE},
    "penalty": {("available", "penalties")},
    "custody": {("vault", "vault")},
}
# Nothing in the journal says yet why units move so: until it does, they may not.
UNEXPLAINED = {"refund", "penalty", "custody"}
# What happened outside the books, or in a cycle: it is as it is, at once, and is not taken back;
EVIDENT = {
    *("funding", "pay_in", "novation", "discharge", "pay_out", "network_fee"),
    *("unknown_deposit", "quarantine"),
}
TAKEN_BACK = {"novation", "discharge"}  # but with the cycle: `unwinding` looks at those
WITHIN_ONE = {"discharge", "hold", "margin", "contribution", "escrow", "release"}  # one's accounts


def ledger(published: Published) -> Looks:
    """Transfers conserve units, follow the chart of accounts, and overdraw nobody."""
    followed: set[str] = set()  # by a reversal

    def moved(standing: Standing, entry: Entry) -> None:
        _check_transfer(standing, entry, followed, COINS[published.trust.network])

    def end(standing: Standing) -> None:
        sums: Counter[str] = Counter()
        for one in standing.accounts.values():
            sums[one.asset] += one.balance
        for asset, units in sums.items():
            if units:
                raise Wrong("ledger.sum-wrong", f"balances of {asset} sum to {units}, not to zero")
        _check_vault(standing)

    return Looks({"AccountOpened": _opened, "TransferRecorded": moved}, end)


def _check_transfer(standing: Standing, entry: Entry, followed: set[str], coin: str) -> None:
    said, id = entry.body, f"transfer {entry.body['transfer']}"
    if said["transfer"] in standing.transfers or entry.subject != said["transfer"]:
        raise Wrong("ledger.transfer-repeated", id)
    debit, credit = standing.accounts.get(said["debit"]), standing.accounts.get(said["credit"])
    if debit is None or credit is None or debit is credit:
        raise Wrong("ledger.account-unknown", f"{id}: {said['debit']} to {said['credit']}")
    if not debit.asset == credit.asset == said["asset"] == coin:
        raise Wrong("ledger.asset-mismatch", id)
    units = whole(said["units"])
    if not 0 < units <= UNITS_MAX:
        raise Wrong("ledger.units-wrong", f"{id}: {units}")
    _check_way(said, debit, credit, id)
    match said["phase"]:
        case "single":
            _check_covered(debit, credit, units, id)
        case "pending":
            if said["expires_at"] <= entry.recorded_at:
                raise Wrong("ledger.phase-wrong", f"{id} would expire before it begins")
            _check_covered(debit, credit, units, id)
        case "reverse":
            _check_reversal(standing, said, followed, id)
            _check_covered(debit, credit, units, id)
        case _:
            _check_follower(standing, entry, id)


def _check_vault(standing: Standing) -> None:
    """Check that the vault's balance is that of its coins, and of what is on its way."""
    held = -sum(one.balance for one in standing.accounts.values() if one.kind == "vault")
    away = 0
    for cycle in standing.cycles.values():
        if cycle.txid and cycle.is_on_its_way:
            away += sum(units for units, _ in cycle.paid.values()) + whole(cycle.fee)
    if held != sum(standing.coins.values()) + away:
        detail = f"its balance is {held}; its coins come to {sum(standing.coins.values())}"
        raise Wrong("ledger.vault-differs", f"{detail}, and {away} are on their way")


def _opened(standing: Standing, entry: Entry) -> None:
    said = entry.body
    owner, kind, asset, place = (said[x] for x in ("owner", "account_kind", "asset", "place"))
    parts = (owner, kind, asset, place) if place else (owner, kind, asset)
    about = f"account {said['account']}"
    if said["account"] in standing.accounts or said["account"] != derived("acc", *parts):
        raise Wrong("ledger.account-wrong", f"{about} is opened again, or is not its own")
    if kind not in (OF_HOUSE if owner == "house" else OF_PARTICIPANTS):
        raise Wrong("ledger.account-wrong", f"{about}: {owner} has no account for {kind!r:.40}")
    if owner != "house" and owner not in standing.participants:
        raise Wrong("ledger.account-wrong", f"{about}: {owner} is not admitted")


def _check_way(said: Record, debit: Account, credit: Account, id: str) -> None:
    """Check that units may move from the one account to the other, for this reason."""
    way = (debit.kind, credit.kind)
    if said["phase"] == "reverse":
        way = way[::-1]
    if way not in WAYS.get(said["code"], set()):
        raise Wrong("ledger.way-wrong", f"{id}: {said['code']} from {debit.kind} to {credit.kind}")
    is_back = said["phase"] == "reverse" and said["code"] in TAKEN_BACK
    if said["code"] in EVIDENT and said["phase"] != "single" and not is_back:
        raise Wrong("ledger.phase-wrong", f"{id}: a {said['code']} is made at once, and stays")
    if said["code"] in UNEXPLAINED:
        raise Wrong("ledger.way-wrong", f"{id}: nothing says why it is a {said['code']}")
    if said["code"] in WITHIN_ONE and debit.owner != credit.owner:
        raise Wrong(
            "ledger.way-wrong", f"{id}: {said['code']} from {debit.owner} to {credit.owner}"
        )


def _check_covered(debit: Account, credit: Account, units: int, id: str) -> None:
    """Check that neither side has less than nothing afterwards; what is reserved is gone."""
    is_free = debit.kind in EITHER_WAY or debit.kind == "vault"
    if not is_free and debit.balance - debit.going < units:
        detail = f"{id}: {debit.kind} of {debit.owner} has {debit.balance - debit.going}"
        raise Wrong("ledger.overdrawn", f"{detail}, and {units} are taken")
    if credit.kind == "vault" and credit.balance + credit.coming + units > 0:
        raise Wrong("ledger.overdrawn", f"{id}: {units} leave a vault that has less")


def _check_follower(standing: Standing, entry: Entry, id: str) -> None:
    """Check a transfer that posts, voids or expires a pending one."""
    said, held = entry.body, standing.reservations.get(entry.body["follows"])
    if held is None:
        raise Wrong("ledger.phase-wrong", f"{id} follows {said['follows']}, which does not wait")
    if (held.debit, held.credit) != (said["debit"], said["credit"]):
        raise Wrong("ledger.phase-wrong", f"{id}: other accounts than {said['follows']}")
    _check_phase(said, held, entry.recorded_at, id)


def _check_phase(said: Record, held: Reservation, now: str, id: str) -> None:
    units, is_over = whole(said["units"]), held.expires_at <= now
    in_time = is_over if said["phase"] == "expire" else not is_over
    if said["phase"] not in {"post", "void", "expire"} or not in_time:
        raise Wrong("ledger.phase-wrong", f"{id} comes too early or too late")
    if units > held.units or (said["phase"] != "post" and units != held.units):
        raise Wrong("ledger.phase-wrong", f"{id}: {units} of {held.units} units")


def _check_reversal(standing: Standing, said: Record, followed: set[str], id: str) -> None:
    before = standing.transfers.get(said["follows"])
    if before is None or before["phase"] not in {"single", "post"} or said["follows"] in followed:
        raise Wrong("ledger.phase-wrong", f"{id} reverses {said['follows']}, which cannot be")
    followed.add(said["follows"])
    same = (before["credit"], before["debit"], before["units"], before["code"])
    if same != (said["debit"], said["credit"], said["units"], said["code"]):
        raise Wrong("ledger.phase-wrong", f"{id} does not reverse {said['follows']} in full")
