"""Every register there is, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from clearhouse.core import (
    associate,
    casework,
    investment,
    onboarding,
    owner,
    participant,
    suspicion,
    wallet,
)
from clearhouse.core.carriage import CARRIAGES
from clearhouse.core.coin_source import COIN_SOURCES
from clearhouse.core.held import HOLD_DECISIONS
from clearhouse.core.hits import HIT_DECISIONS
from clearhouse.core.mining import records as mining
from clearhouse.core.mining import returns, reviews, sales
from clearhouse.core.record import Register, UnknownRegister
from clearhouse.core.travel_rule.records import OF_TRAVEL_RULE

REGISTERS: Mapping[str, Register] = MappingProxyType(
    {
        one.name: one
        for one in (
            participant.LEGAL_ENTITIES,
            participant.LICENCES,
            participant.NAMES,
            participant.ATTACHMENTS,
            participant.TAX_NUMBERS,
            participant.LIMITS,
            participant.STANDINGS,
            participant.MEASURES,
            participant.CONTACTS,
            participant.REPRESENTATIVES,
            *onboarding.OF_CASE,
            onboarding.DECISIONS,
            onboarding.REVIEWS,
            owner.ENTITIES,
            owner.PERSONS,
            owner.HOLDINGS,
            associate.VESSELS,
            associate.ASSOCIATES,
            HIT_DECISIONS,
            HOLD_DECISIONS,
            casework.ALERTS,
            casework.CASE_OWNERS,
            casework.CASE_EVIDENCE,
            casework.CASE_LINKS,
            casework.ESCALATIONS,
            *suspicion.OF_SUSPICION,
            CARRIAGES,
            *OF_TRAVEL_RULE,
            investment.TESTS,
            investment.INVESTMENTS,
            wallet.CHALLENGES,
            wallet.WALLETS,
            COIN_SOURCES,
            mining.SITES,
            mining.METERS,
            mining.READINGS,
            mining.MACHINES,
            mining.POOL_ACCOUNTS,
            sales.METHODS,
            sales.LOTS,
            sales.SALES,
            returns.MINER_RETURNS,
            returns.OPERATOR_RETURNS,
            returns.OPERATOR_MINERS,
            returns.OPERATOR_TARIFFS,
            returns.OPERATOR_MACHINES,
            returns.EPOCHS,
            reviews.BREACHES,
            reviews.REVIEWS,
            reviews.REVIEW_OUTCOMES,
        )
    }
)


def register_of(name: str) -> Register:
    """The register of this name.

    Raises:
        UnknownRegister: There is none.
    """
    if name not in REGISTERS:
        raise UnknownRegister(f"{name[:40]!r}: `clearhouse records kinds` lists them")
    return REGISTERS[name]
