"""What returns must agree with: licences, months, wallets, machines, and each other's sums.

Checks as those of `register_checks`. A month is one of UTC. Whoever was licensed on a day of it may
return it; a machine or a miner is an operator's while the machine stands at a site of that
operator's, day by day.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import days_of_month, month_after
from clearhouse.core.mining.records import MACHINES, SITES, Machine, NotRegistered, Site
from clearhouse.core.mining.returns import (
    EPOCHS,
    HOURS_DECIMALS,
    MINER_RETURNS,
    OPERATOR_MACHINES,
    OPERATOR_MINERS,
    OPERATOR_RETURNS,
    OPERATOR_TARIFFS,
    AddressNotCanonical,
    AddressOfAnother,
    AddressUnproven,
    Epoch,
    EpochEarly,
    EpochOverlaps,
    EpochWrong,
    HoursWrong,
    MachineUnknown,
    MinerElsewhere,
    MinerReturn,
    OperatorMachine,
    OperatorMiner,
    OperatorReturn,
    OperatorTariff,
    ReturnEarly,
    ReturnIncomplete,
)
from clearhouse.core.mining.reviews import (
    REVIEW_OUTCOMES,
    REVIEWS,
    OutcomeEarly,
    ReviewOutcome,
    ReviewUnknown,
)
from clearhouse.core.money import UnknownAsset, decimal
from clearhouse.core.participant import Participant, UnknownParticipant
from clearhouse.core.record import in_force
from clearhouse.core.rulebook import Class
from clearhouse.core.wallet import WALLETS, Wallet
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House
from clearhouse.operations.mining_checks import MINERS
from clearhouse.operations.wallets import canonical
from clearhouse.store import records, registers

HOURS_A_DAY = 24 * 10**HOURS_DECIMALS
FOR_MINING = "mining"  # of a wallet's purposes


def is_licensed(of: Participant, classes: Collection[str], month: date) -> bool:
    """Whether a participant is licensed as one of some classes on a day of a month."""
    days = days_of_month(month)
    return any(one.licence_class in classes and any(map(one.active, days)) for one in of.licences)


def _returns(
    house: House, several: Sequence[Any], whose: str, classes: Collection[Class]
) -> list[Said]:
    """Check that months are over, and returned by those who were licensed in them."""
    known = registers.participants(house.db, {getattr(one, whose) for one in several})
    said = []
    for one in several:
        who, answer = getattr(one, whose), Said()
        if (following := month_after(one.month)) > house.today:
            detail = f"{one.month:%Y-%m} ends when {following} begins, and it is {house.today}"
            answer.refusals.append(ReturnEarly(detail, participant=who))
        answer.refusals += _unlicensed(known.get(who), who, classes, one.month)
        said.append(answer)
    return said


def _unlicensed(
    of: Participant | None, who: ParticipantId, classes: Collection[Class], month: date
) -> Iterable[Refusal]:
    if of is None:
        yield UnknownParticipant(f"{who} is not admitted", participant=who)
    elif not is_licensed(of, classes, month):
        detail = f"{who} is licensed as {' or '.join(classes)} on no day of {month:%Y-%m}"
        yield NotRegistered(detail, participant=who)


def _miner_returns(house: House, several: Sequence[MinerReturn]) -> list[Said]:
    said = _returns(house, several, "miner", (Class.MINER,))
    named = {address for one in several for address in one.addresses}
    held: defaultdict[str, list[Wallet]] = defaultdict(list)
    for wallet in records.current(house.db, WALLETS, "address", named):
        if wallet.network == house.network:
            held[wallet.address].append(wallet)
    days = house.rulebook.standard("wallets.proof-age", house.today)
    for one, answer in zip(several, said, strict=True):
        for address in one.addresses:
            answer.refusals += _address_wrong(house, one, address, held[address], days)
    return said


def _address_wrong(
    house: House, one: MinerReturn, address: str, held: Sequence[Wallet], days: int
) -> Iterable[Refusal]:
    """Check that an address is proven to be the miner's own, for what it mines, in that month."""
    try:
        written = canonical(house.network, address)
    except Refusal as wrong:
        yield wrong
        return
    if written != address:
        yield AddressNotCanonical(f"{address}: write it as {written}")
    elif any(wallet.participant != one.miner for wallet in held):
        detail = f"{address} is not {one.miner}'s"  # and not whose: that is for authorities
        yield AddressOfAnother(detail, participant=one.miner)
    elif not any(_serves(wallet, one.month, days) for wallet in held):
        detail = f"{address} is not proven to be {one.miner}'s, for {FOR_MINING}, then"
        yield AddressUnproven(detail, participant=one.miner)


def _serves(wallet: Wallet, month: date, days: int) -> bool:
    """Whether a wallet is for what is mined, and its proof held since some day of a month."""
    given_up = wallet.until is not None and wallet.until < month
    is_old = wallet.proven_at.date() + timedelta(days) < month
    return wallet.purpose == FOR_MINING and not given_up and not is_old


# Of a machine, by maker and serial, what was recorded of it on each day on which it was there.
Hosted = dict[tuple[str, str], dict[date, Machine]]


def hosted(
    house: House, operators: Iterable[ParticipantId], month: date
) -> dict[ParticipantId, Hosted]:
    """The machines that stood at operators' sites in a month."""
    db, found = house.db, defaultdict[ParticipantId, Hosted](dict)
    wanted = {*operators}
    held: list[Site] = records.current(db, SITES, ids=wanted)
    sites: list[Site] = records.current(db, SITES, "site", {one.site for one in held})
    ever: list[Machine] = records.current(db, MACHINES, "site", {one.site for one in held})
    machines = records.current(db, MACHINES, "serial", {one.serial for one in ever})
    for day in days_of_month(month):
        whose = {one.site: one.holder for one in in_force(SITES, sites, day)}
        for one in in_force(MACHINES, machines, day):
            if (holder := whose.get(one.site)) in wanted:
                found[holder].setdefault((one.maker, one.serial), {})[day] = one
    return found


def _by_month(
    house: House,
    several: Sequence[OperatorMachine] | Sequence[OperatorMiner] | Sequence[OperatorReturn],
) -> Mapping[tuple[ParticipantId, date], Hosted]:
    """What stood at each operator's sites in each month of a batch."""
    months: defaultdict[date, set[ParticipantId]] = defaultdict(set)
    for one in several:
        months[one.month].add(one.operator)
    return {
        (operator, month): machines.get(operator, {})
        for month, operators in months.items()
        for machines in [hosted(house, operators, month)]
        for operator in operators
    }


def _operator_machines(house: House, several: Sequence[OperatorMachine]) -> list[Said]:
    said = _returns(house, several, "operator", (Class.OPERATOR,))
    there = _by_month(house, several)
    for one, answer in zip(several, said, strict=True):
        found = there[one.operator, one.month].get((one.maker, one.serial))
        if not found:
            detail = f"{one.maker} {one.serial} was at no site of {one.operator}'s then"
            answer.refusals.append(MachineUnknown(detail, participant=one.operator))
        elif one.hours > len(found) * HOURS_A_DAY:
            ran = decimal(one.hours, HOURS_DECIMALS)
            detail = (
                f"{one.maker} {one.serial}: {ran} hours, and it was there for {len(found)} days"
            )
            answer.refusals.append(HoursWrong(detail, participant=one.operator))
    return said


def _operator_miners(house: House, several: Sequence[OperatorMiner]) -> list[Said]:
    said = _returns(house, several, "operator", (Class.OPERATOR,))
    known = registers.participants(house.db, {one.miner for one in several})
    there = _by_month(house, several)
    for one, answer in zip(several, said, strict=True):
        answer.refusals += _unlicensed(known.get(one.miner), one.miner, MINERS, one.month)
        days = there[one.operator, one.month].values()
        if one.miner not in {each.miner for by_day in days for each in by_day.values()}:
            detail = f"{one.miner} had no machine at a site of {one.operator}'s then"
            answer.refusals.append(MinerElsewhere(detail, participant=one.operator))
    return said


def _operator_tariffs(house: House, several: Sequence[OperatorTariff]) -> list[Said]:
    said = _returns(house, several, "operator", (Class.OPERATOR,))
    for one, answer in zip(several, said, strict=True):
        if one.currency not in house.assets:
            known = ", ".join(sorted(house.assets))
            answer.refusals.append(UnknownAsset(f"{one.currency[:20]!r}: one of {known}"))
    return said


def _operator_returns(house: House, several: Sequence[OperatorReturn]) -> list[Said]:
    said = _returns(house, several, "operator", (Class.OPERATOR,))
    operators = {one.operator for one in several}
    at: defaultdict[tuple[ParticipantId, date], int] = defaultdict(int)
    for each in records.current(house.db, OPERATOR_TARIFFS, ids=operators):
        at[each.operator, each.month] += each.energy
    by: defaultdict[tuple[ParticipantId, date], dict[ParticipantId, int]] = defaultdict(dict)
    for each in records.current(house.db, OPERATOR_MINERS, ids=operators):
        by[each.operator, each.month][each.miner] = each.energy
    there = _by_month(house, several)
    for one, answer in zip(several, said, strict=True):
        whole = (one.operator, one.month)
        at_tariffs, stated = at[whole], by[whole].values()
        mined = {each.miner for days in there[whole].values() for each in days.values()}
        # What it mines itself is in its own return as a miner.
        if left_out := mined - by[whole].keys() - {one.operator}:
            detail = f"{min(left_out)} had machines there, and nothing is stated of it"
            answer.refusals.append(ReturnIncomplete(detail, participant=one.operator))
        elif (one.energy, one.miners) != (at_tariffs, len(stated)) or sum(stated) > one.energy:
            detail = (
                f"it comes to {one.energy} and {one.miners} miners; filed are tariffs of"
                f" {at_tariffs}, and {len(stated)} miners with {sum(stated)} (0.01 kWh)"
            )
            answer.refusals.append(ReturnIncomplete(detail, participant=one.operator))
    return said


def _epochs(house: House, several: Sequence[Epoch]) -> list[Said]:
    said = [Said() for _ in several]
    held = records.current(house.db, EPOCHS)
    known = {EPOCHS.key_of(one): one for one in (*held, *several)}
    lines: defaultdict[str, list[Epoch]] = defaultdict(list)
    for one in sorted(known.values(), key=lambda one: one.begins_at):
        lines[one.network].append(one)
    torn = {
        EPOCHS.key_of(one)
        for line in lines.values()
        for before, after in pairwise(line)
        if before.ends_at > after.begins_at
        for one in (before, after)
    }
    for one, answer in zip(several, said, strict=True):
        if one.network != house.network:
            answer.refusals.append(EpochWrong(f"network: this house is on {house.network}"))
        if one.ends_at > house.now():
            answer.refusals.append(EpochEarly(f"it ends at {one.ends_at:%Y-%m-%dT%H:%M:%SZ}"))
        if EPOCHS.key_of(one) in torn:
            answer.refusals.append(EpochOverlaps("another one is recorded for a part of it"))
    return said


def _outcomes(house: House, several: Sequence[ReviewOutcome]) -> list[Said]:
    keys = {REVIEW_OUTCOMES.key_of(one) for one in several}  # as those of the reviews themselves
    raised = {REVIEWS.key_of(one): one for one in records.current(house.db, REVIEWS, "key", keys)}
    admitted = registers.participants(house.db, {one.participant for one in several})
    said = []
    for one in several:
        review, answer = raised.get(REVIEW_OUTCOMES.key_of(one)), Said()
        if one.participant not in admitted:
            answer.refusals.append(UnknownParticipant(f"{one.participant} is not admitted"))
        elif review is None:
            detail = f"no review of {one.participant} was raised for {one.month} on {one.code}"
            answer.refusals.append(ReviewUnknown(detail, participant=one.participant))
        elif not review.raised_at.date() <= one.decided_on <= house.today:
            detail = f"it was raised at {review.raised_at:%Y-%m-%d}, and it is {house.today}"
            answer.refusals.append(OutcomeEarly(detail, participant=one.participant))
        said.append(answer)
    return said


CHECKS: Mapping[str, Check] = {
    MINER_RETURNS.name: _miner_returns,
    OPERATOR_RETURNS.name: _operator_returns,
    OPERATOR_MINERS.name: _operator_miners,
    OPERATOR_TARIFFS.name: _operator_tariffs,
    OPERATOR_MACHINES.name: _operator_machines,
    EPOCHS.name: _epochs,
    REVIEW_OUTCOMES.name: _outcomes,
}
