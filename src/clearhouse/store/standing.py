"""How the house stands: every line of its books, as closing them commits to it.

Read from the tables, while the verifier makes the same lines from the journal's entries.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from clearhouse.core.canonical import instant
from clearhouse.core.note import Checkpoint
from clearhouse.core.settlement import HeadAnchored
from clearhouse.store import journal
from clearhouse.store.named import load

SQL = load("standing")

Record = dict[str, Any]


def records(db: Connection) -> Iterator[Record]:
    """The lines, in no order; whole numbers as texts."""
    yield from _parties(db)
    yield from _lists(db)
    yield from _ledger(db)
    yield from _branches(db)
    yield from _rates(db)
    yield from _obligations(db)
    yield from _cycles(db)


def _parties(db: Connection) -> Iterator[Record]:
    for (house,) in db.execute(SQL["house"]):
        yield {"standing": "house", "house": house}
    for id, address, residence in db.execute(SQL["participants"]):
        place = {"address": address, "residence": residence}
        yield {"standing": "participant", "participant": id, **place}
    for participant, asset, limit, since, until, units in db.execute(SQL["limits"]):
        days = {"since": str(since), "until": until and str(until)}
        known = {"participant": participant, "asset": asset, "limit": limit, **days}
        yield {"standing": "limit", **known, "units": str(units)}
    for id, roles, keys, revoked in db.execute(SQL["people"]):
        held = {"roles": roles, "keys": keys, "revoked": revoked}
        yield {"standing": "person", "person": id, **held}
    for id, command, expires_at in db.execute(SQL["proposals"]):
        waiting = {"command": command, "expires_at": instant(expires_at)}
        yield {"standing": "proposal", "proposal": id, **waiting}


def _lists(db: Connection) -> Iterator[Record]:
    for name, version, published_at, entries, wallets in db.execute(SQL["lists"]):
        edition = {"version": version, "published_at": instant(published_at)}
        counts = {"entries": str(entries), "wallets": str(wallets)}
        yield {"standing": "list", "list_name": name, **edition, **counts}
    for name, version, before, proposal in db.execute(SQL["accepted"]):
        edition = {"list_name": name, "version": version, "before": before}
        yield {"standing": "accepted", **edition, "proposal": proposal}


def _ledger(db: Connection) -> Iterator[Record]:
    for id, owner, kind, asset, place, balance, going, coming in db.execute(SQL["accounts"]):
        yield {
            "standing": "account",
            "account": id,
            "owner": owner,
            "kind": kind,
            "asset": asset,
            "place": place,
            "balance": str(balance),
            "debits_pending": str(going),
            "credits_pending": str(coming),
        }
    for id, debit, credit, units, expires_at in db.execute(SQL["reservations"]):
        sides = {"debit": debit, "credit": credit, "units": str(units)}
        yield {
            "standing": "reservation",
            "transfer": id,
            **sides,
            "expires_at": instant(expires_at),
        }


def _branches(db: Connection) -> Iterator[Record]:
    for is_change, after in db.execute(SQL["branches"]):
        yield {"standing": "branch", "is_change": is_change, "next": str(after)}


def _rates(db: Connection) -> Iterator[Record]:
    for quote, id, as_of in db.execute(SQL["rates"]):
        yield {"standing": "rate", "quote": quote, "rate": id, "as_of": instant(as_of)}


def _obligations(db: Connection) -> Iterator[Record]:
    for row in db.execute(SQL["obligations"]):
        id, debtor, creditor, units, asset, state, verdict, cycle, said_by, *dated = row
        cut_off, value_date, due_on, asked_by, rescinded_at = dated
        known = {"due_on": str(due_on)}
        if cut_off:
            known = {"cut_off": instant(cut_off), "value_date": str(value_date)}
        yield {
            "standing": "obligation",
            "obligation": id,
            "debtor": debtor,
            "creditor": creditor,
            "units": str(units),
            "asset": asset,
            "state": state,
            "verdict": verdict,
            "cycle": cycle,
            "said_by": said_by,
            **known,
            **({"asked_by": asked_by} if asked_by else {}),
            **({"rescinded_at": instant(rescinded_at)} if rescinded_at else {}),
        }


def _cycles(db: Connection) -> Iterator[Record]:
    for row in db.execute(SQL["cycles"]).fetchall():
        id, asset, depth, change, state, txid, fee, block, height, released, *told = row
        asked, given_up = told
        yield {
            "standing": "cycle",
            "cycle": id,
            "asset": asset,
            "depth_final": str(depth),
            "change": change,
            "state": state,
            "txid": txid,
            "fee": fee,
            "block": block,
            "height": height,
            "released": released,
            "anchor": _anchor(db, id),
            # From then on it is not unwound; once it is signed, its state says so.
            **({"asked": True} if asked else {}),
            **({"given_up": True} if given_up else {}),
        }
    for id, participant, units, address, final in db.execute(SQL["pay_ins"]):
        due = {"units": str(units), "address": address, "final": final}
        yield {"standing": "pay_in", "cycle": id, "participant": participant, **due}
    for id, participant, units, address in db.execute(SQL["pay_outs"]):
        due = {"units": str(units), "address": address}
        yield {"standing": "pay_out", "cycle": id, "participant": participant, **due}
    for id, participant, units in db.execute(SQL["kept"]):
        due = {"units": str(units)}
        yield {"standing": "kept", "cycle": id, "participant": participant, **due}


def _anchor(db: Connection, cycle: str) -> str:
    """What the cycle's batch carries of the log's head, if that was chosen."""
    for entry in journal.of_kind(db, HeadAnchored, [cycle]):
        if isinstance(one := entry.event, HeadAnchored):
            return Checkpoint(one.origin, one.size, bytes.fromhex(one.root)).anchor
    return ""
