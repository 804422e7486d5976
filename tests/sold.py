"""Mined coin in tests: methods, lots and sales, and what they stand on."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st
from tests.mined import DAYS, YEAR, admit, licence

from clearhouse.core import ids
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.sales import (
    LOTS,
    METHODS,
    UNITS_MAX,
    LotMethod,
    MinedLot,
    MinedSale,
)
from clearhouse.core.record import WHOLE_MAX
from clearhouse.core.rulebook import Class
from clearhouse.operations.house import House
from clearhouse.store import records, registers

BTC = 10**8
VENUE = "Boreal Exchange"
QUOTE = 60_000_00  # cents for one bitcoin


def lot_id(name: str) -> str:
    return ids.derived("lot", name)


def sale_id(name: str) -> str:
    return ids.derived("sal", name)


def output(name: str) -> str:
    """The output of a transaction."""
    return f"{sha256(name.encode()).hexdigest()}:0"


def method(miner: ParticipantId, how: str = "fifo", year: int = 2026, **more: Any) -> LotMethod:
    return LotMethod(miner, year, how, more.pop("currency", "USD"), **more)


def lot(
    name: str, miner: ParticipantId, units: int = BTC, on: date = YEAR, **more: Any
) -> MinedLot:
    usual: dict[str, Any] = {"quote": QUOTE, "asset": "USD", "venue": VENUE}
    return MinedLot(lot_id(name), miner, units, on, **(usual | more))


def sale(
    name: str,
    miner: ParticipantId,
    buyer: ParticipantId,
    units: int = BTC,
    on: date = YEAR,
    **more: Any,
) -> MinedSale:
    """At the quotation, unless it says otherwise."""
    usual: dict[str, Any] = {"quote": QUOTE, "asset": "USD", "venue": VENUE}
    usual["price"] = (usual | more)["quote"] * units // BTC
    return MinedSale(sale_id(name), miner, buyer, units, on, **(usual | more))


def of_sales(miner: ParticipantId, buyer: ParticipantId) -> list[Any]:
    """A record of each register of mined coin, each resting on those before it."""
    abroad: dict[str, Any] = {"asset": "EUR", "official_rate": 1_08341200}
    return [
        method(miner),
        lot("one", miner, on=date(2026, 2, 1), outpoint=output("one"), source="a pool", **abroad),
        sale("one", miner, buyer, BTC // 2, date(2026, 2, 20), outpoint=output("two"), **abroad),
    ]


def ground(house: House, one: Any) -> list[Any]:
    """Of what a record of mined coin rests on, what is not there yet; licences are entered."""
    match one:
        case MinedLot(miner=miner):
            hold(house, miner, Class.MINER)
            if not records.current(house.db, METHODS, ids=[miner]):
                return [method(miner)]
        case MinedSale(miner=miner, buyer=buyer):
            if not registers.participants(house.db, [buyer]):
                admit(house, buyer)
            hold(house, buyer, Class.IMPORTER)
            if not records.current(house.db, LOTS, ids=[miner]):
                return [lot("beneath", miner, one.units, one.sold_on)]
        case _:
            pass
    return []


def hold(house: House, who: ParticipantId, kind: Class) -> None:
    """Let somebody be licensed as a class."""
    held = registers.participants(house.db, [who])[who].licences
    if not any(each.licence_class is kind for each in held):
        licence(house, who, kind)


# What the database takes, among few keys.

COINS = st.sampled_from([1, BTC, UNITS_MAX])
WHOLE = st.sampled_from([1, QUOTE, WHOLE_MAX])
RATES = st.none() | WHOLE


def kinds(
    miners: st.SearchStrategy[ParticipantId],
    pairs: st.SearchStrategy[Any],
    texts: st.SearchStrategy[str],
) -> Mapping[str, st.SearchStrategy[Any]]:
    """Records of each register of mined coin, of firms that are admitted."""
    names = st.sampled_from(["A", "B"])
    return {
        "lot_method": st.builds(
            LotMethod,
            *(miners, st.sampled_from([2026, 9999]), st.sampled_from(["fifo", "prorata"]), texts),
        ),
        "mined_lot": st.builds(  # an output is in one lot
            lambda name, who, units, on, quote, asset, venue, rate, is_known: MinedLot(
                *(lot_id(name), who, units, on, quote, asset, venue, rate),
                output(name) if is_known else "",
            ),
            *(names, miners, COINS, DAYS, WHOLE, texts, texts, RATES, st.booleans()),
        ),
        "mined_sale": st.builds(
            lambda name, pair, units, on, price, quote, asset, rate: MinedSale(
                *(sale_id(name), pair[0], pair[1], units, on, price, quote, asset, VENUE, rate)
            ),
            *(names, pairs, COINS, DAYS, st.just(0) | WHOLE, WHOLE, texts, RATES),
        ),
    }
