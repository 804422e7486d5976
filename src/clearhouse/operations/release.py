"""Release: what two people agree to pay out of the vault for a cycle, before anybody signs it."""

from dataclasses import dataclass
from hashlib import sha256

from clearhouse.core import ids
from clearhouse.core.command import ReleaseCycle
from clearhouse.core.ids import CycleId
from clearhouse.core.settlement import (
    CycleReleased,
    NothingToRelease,
    NotReleased,
    ReleasedBefore,
    ReleaseDiffers,
    State,
    release,
)
from clearhouse.core.unwinding import CycleIsUnwound
from clearhouse.operations.house import House
from clearhouse.store import cycles
from clearhouse.store.cycles import PayOut


@dataclass(frozen=True, slots=True)
class Release:
    """What a cycle pays out, and what two people sign for it."""

    cycle: CycleId
    asset: str
    state: State
    pay_outs: tuple[PayOut, ...]
    proposal: str  # in which two people released it; empty if they have not
    released: str  # the digest that they signed; empty likewise

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical bytes, in hex."""
        paid = [(one.participant, one.address, one.units) for one in self.pay_outs]
        return sha256(release(self.cycle, self.asset, paid).encode()).hexdigest()


def release_of(house: House, id: CycleId) -> Release:
    """Say what is to be released for a cycle; it stands from when the cycle is cleared.

    Raises:
        UnknownCycle: There is none.
    """
    with house.db.transaction():
        return _read(house, id)


def _read(house: House, id: CycleId) -> Release:
    cycle = cycles.cycle(house.db, CycleId(ids.parse("cyc", id)))
    outs = tuple(cycles.pay_outs(house.db, id))
    proposal, released = cycles.released(house.db, id) or ("", "")
    return Release(id, cycle.asset, cycle.state, outs, proposal, released)


def releasing(house: House, action: ReleaseCycle, proposal: str) -> CycleReleased:
    """Make the fact that releases a cycle, in the caller's transaction.

    Raises:
        UnknownCycle, CycleIsUnwound, NothingToRelease, ReleaseDiffers, ReleasedBefore: It cannot
            be.
    """
    found = _read(house, action.cycle)
    if found.state is State.UNWOUND:
        raise CycleIsUnwound(f"{found.cycle} was unwound", cycle=found.cycle)
    if not found.pay_outs:
        raise NothingToRelease(f"{found.cycle} pays nobody", cycle=found.cycle)
    if found.digest != action.digest:
        detail = f"{found.cycle} pays what has the digest {found.digest}"
        raise ReleaseDiffers(detail, cycle=found.cycle)
    if found.proposal:
        raise ReleasedBefore(f"{found.cycle} was released by {found.proposal}", cycle=found.cycle)
    return CycleReleased(found.cycle, found.digest, proposal)


def need_released(house: House, id: CycleId) -> None:
    """Check that two people released a cycle, in the caller's transaction.

    Raises:
        NotReleased: They have not.
        ReleaseDiffers: They released something else.
    """
    found = _read(house, id)
    if found.proposal and found.digest != found.released:
        detail = f"{found.proposal} released something else than {id} would pay out now"
        raise ReleaseDiffers(detail, cycle=id)
    if not found.proposal:
        detail = f"propose it (clearhouse propose release {id}), and another person approves"
        raise NotReleased(detail, cycle=id)
