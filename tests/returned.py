"""Returns in tests: of miners and operators, what they stand on, and how hard the network is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st
from tests.mined import LINK, licence, machine, site

from clearhouse.core import ids
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import month_after
from clearhouse.core.mining.plausibility import Ground
from clearhouse.core.mining.records import MACHINES
from clearhouse.core.mining.returns import (
    Epoch,
    MinerReturn,
    OperatorMachine,
    OperatorMiner,
    OperatorReturn,
    OperatorTariff,
)
from clearhouse.core.mining.reviews import REVIEWS, Breach, Review, ReviewOutcome
from clearhouse.core.record import WHOLE_MAX
from clearhouse.core.rulebook import Class
from clearhouse.core.wallet import CHALLENGES, WALLETS, Challenge, Wallet
from clearhouse.operations.house import House
from clearhouse.store import records, registers
from clearhouse.store.projection import record

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
DIFFICULTY = 120_000_000_000_000  # about that of the main network in 2025
REWARD = 315_000_000  # satoshi: 3.125 BTC and fees


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def epoch(month: date, network: str = "regtest", **more: Any) -> Epoch:
    """An epoch that is just a month."""
    usual: dict[str, Any] = {
        "begins_at": midnight(month),
        "ends_at": midnight(month_after(month)),
        "difficulty": 100 * DIFFICULTY,
        "reward": REWARD,
        "source": "a node of the house's own",
    }
    return Epoch(network, **(usual | more))


def own_wallet(
    house: House, who: ParticipantId, address: str, purpose: str = "mining", **more: Any
) -> None:
    """Let somebody have proved an address, in spring."""
    proven_at = more.pop("proven_at", datetime(2026, 6, 1, tzinfo=UTC))
    network, id = (
        more.pop("network", house.network),
        ids.derived("chl", who, address, str(proven_at)),
    )
    what = (who, network, address, purpose, "self-hosted")
    asked = Challenge(
        *(id, ids.derived("hse", "x"), *what, id, proven_at, proven_at + timedelta(days=1))
    )
    shown = Wallet(*what, id, "bip322", "c2ln", "", proven_at, **more)
    with house.db.transaction():
        facts = [CHALLENGES.entered(asked), WALLETS.entered(shown)]
        record(house.db, facts, house.now(), house.now())


def of_returns(party: ParticipantId) -> list[Any]:
    """A record of each register of returns that people file, of a miner that is its operator."""
    return [
        MinerReturn(party, FEBRUARY, 0, 0, True),
        OperatorReturn(party, FEBRUARY, 0, 0),
        OperatorMiner(party, FEBRUARY, party, 0, 0, "Boreal Pool", LINK),
        OperatorTariff(party, FEBRUARY, "night", 0, 52_300, "USD"),
        OperatorMachine(party, FEBRUARY, "Hashworks", "S-1", 672_00),
        epoch(JANUARY),
        ReviewOutcome(
            party, FEBRUARY, str(Ground.RETURNS_DIFFER), "explained", "a meter", date(2026, 3, 2)
        ),
    ]


def ground(house: House, one: Any) -> list[Any]:
    """Of what a record of a return rests on, what is not there yet; licences are entered."""
    match one:
        case MinerReturn(miner=who):
            _need(house, who, Class.MINER)
        case OperatorReturn(operator=who) | OperatorTariff(operator=who):
            _need(house, who, Class.OPERATOR)
        case OperatorMiner(operator=who) | OperatorMachine(operator=who):
            _need(house, who, Class.OPERATOR)
            _need(house, who, Class.MINER)
            if not records.current(house.db, MACHINES, ids=[who]):
                return [site("A", who), machine("S-1", "A", who)]
        case ReviewOutcome():
            raised = replace(review(one.participant), raised_at=house.now())
            with house.db.transaction():
                record(house.db, [REVIEWS.entered(raised)], house.now(), house.now())
        case _:
            pass
    return []


def _need(house: House, who: ParticipantId, kind: Class) -> None:
    held = registers.participants(house.db, [who])[who].licences
    if not any(one.licence_class is kind for one in held):
        licence(house, who, kind)


# What the database takes, among few keys.

MONTHS = st.sampled_from([JANUARY, FEBRUARY])
FIGURES = st.sampled_from([0, 7, WHOLE_MAX])
SERIALS = st.sampled_from(["S-1", "\u0141\u00f3d\u017a \\ & 'S\u00f8n'"])
ADDRESSES = st.lists(
    st.sampled_from(["bc1q", "\u0141\u00f3d\u017a", 'a "b"', "c\\d", "{x,y}", "NULL", "\t", " "]),
    min_size=1,
    unique=True,
).map(tuple)


def kinds(
    firms: st.SearchStrategy[ParticipantId], texts: st.SearchStrategy[str]
) -> Mapping[str, st.SearchStrategy[Any]]:
    """Records of each register of returns that people file, of firms that are admitted."""
    codes = st.sampled_from(list(map(str, Ground)))
    return {
        "miner_return": st.builds(
            MinerReturn, firms, MONTHS, FIGURES, FIGURES, st.booleans(), ADDRESSES
        ),
        "operator_return": st.builds(OperatorReturn, firms, MONTHS, FIGURES, FIGURES),
        "operator_miner": st.builds(
            OperatorMiner, firms, MONTHS, firms, FIGURES, FIGURES, texts, texts
        ),
        "operator_tariff": st.builds(
            OperatorTariff,
            firms,
            MONTHS,
            st.sampled_from(["day", "night"]),
            FIGURES,
            FIGURES,
            texts,
        ),
        "operator_machine": st.builds(
            OperatorMachine, firms, MONTHS, st.just("Maker"), SERIALS, st.sampled_from([0, 744_00])
        ),
        "epoch": st.builds(
            lambda month, difficulty, by: epoch(month, difficulty=difficulty, source=by),
            *(MONTHS, st.sampled_from([1, WHOLE_MAX]), texts),
        ),
        "review_outcome": st.builds(
            ReviewOutcome,
            *(firms, MONTHS, codes, st.sampled_from(["explained", "referred"]), texts, MONTHS),
        ),
    }


def breach(who: ParticipantId, **more: Any) -> Breach:
    """What the house could find; nothing is written."""
    at = datetime(2026, 3, 21, tzinfo=UTC)
    usual = Breach(
        *(who, "miner_return 2026-02", "mining.return-late", at, at, 400_00, "USD"),
        *("XA.reporting.miner", "Norland Mining Act 2025, s. 14(1)"),
    )
    return replace(usual, **more)


def review(who: ParticipantId) -> Review:
    """Another."""
    at = datetime(2026, 3, 21, tzinfo=UTC)
    return Review(who, FEBRUARY, str(Ground.RETURNS_DIFFER), "figures", at)
