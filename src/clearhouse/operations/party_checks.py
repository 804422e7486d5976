"""What legal entities and their licences must agree with before they are entered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from clearhouse.core import address as addresses
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    NAME_LENGTH_MAX,
    AddressMissing,
    AddressOfVault,
    AddressUnproven,
    LegalEntity,
    LicenceHeld,
    NameWrong,
    Participant,
    PartyListed,
    UnknownParticipant,
    UnknownResidence,
    as_recorded,
)
from clearhouse.core.rulebook import Class
from clearhouse.core.screening import NameUnscreenable, Subject, unscreenable
from clearhouse.core.wallet import WALLETS, WalletClaimed
from clearhouse.operations.affected import Affected, affected, backdated
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.operations.screen import open_gate
from clearhouse.operations.screened import after_review, entities, of_entity, of_party
from clearhouse.store import cycles, people, records, registers

PAY_OUT = "pay-out"  # for what an address was proven

Known = Mapping[ParticipantId, Participant]  # who is admitted
Coming = Mapping[ParticipantId, LegalEntity]  # who is entered in the same order


def legal_entities(house: House, several: Sequence[LegalEntity]) -> list[Said]:
    """Check who is to be entered, or to be called, reside or be paid otherwise than before.

    Somebody on a list is refused; a resemblance is entered, and held at the gate.

    Raises:
        screening's refusals: Nobody can be screened now.
    """
    known = registers.participants(house.db, {one.participant for one in several})
    ours = cycles.vault_addresses(house.db).keys()
    is_founded = people.founded(house.db) is not None
    places, network = house.rulebook.jurisdictions, house.network
    said = [Said([*_head(one, places, network, ours)]) for one in several]
    _claimed(house, several, said)
    for one, answer in zip(several, said, strict=True):
        before = known.get(one.participant)
        if before is not None and is_founded:  # before there is nobody who could ask for proof
            answer.refusals += _moved(house, one, before)
    _screened(
        house,
        known,
        [
            (one, answer)
            for one, answer in zip(several, said, strict=True)
            if not answer.refusals and _is_new(one, known.get(one.participant))
        ],
    )
    return said


def _head(
    one: LegalEntity, places: Collection[str], network: str, ours: Collection[bytes]
) -> Iterable[Refusal]:
    if not 0 < len(one.name) <= NAME_LENGTH_MAX or not one.name.isprintable():
        yield NameWrong(f"{len(one.name)} characters; 1 to {NAME_LENGTH_MAX} that are printed")
    if one.residence not in places:
        detail = f"{one.residence[:20]!r}: the rulebook has {', '.join(sorted(places))}"
        yield UnknownResidence(detail)
    if one.address:
        try:
            if addresses.parse(one.address, network).script in ours:
                yield AddressOfVault(f"{one.address} is the vault's")
        except Refusal as refusal:
            yield refusal


def _claimed(house: House, several: Sequence[LegalEntity], said: Sequence[Said]) -> None:
    """Nobody is paid at an address that another has proven to be its own."""
    held = records.current(house.db, WALLETS, "address", {one.address for one in several})
    owners: dict[str, set[str]] = {}
    for wallet in held:
        if wallet.network == house.network and wallet.is_held(house.today):
            owners.setdefault(wallet.address, set()).add(wallet.participant)
    for one, answer in zip(several, said, strict=True):
        if others := owners.get(one.address, set()) - {one.participant}:
            detail = f"{one.address} is {min(others)}'s"
            answer.refusals.append(WalletClaimed(detail, participant=one.participant))


def _moved(house: House, one: LegalEntity, before: Participant) -> Iterable[Refusal]:
    """Whoever is to be paid elsewhere has proven that the address is its own."""
    days = house.rulebook.standard("wallets.proof-age", house.today)
    proven = {
        wallet.address
        for wallet in before.wallets
        if (wallet.network, wallet.purpose) == (house.network, PAY_OUT)
        and wallet.is_proven(house.today, days)
    }
    if one.address not in {before.address, *proven}:
        detail = f"{one.address[:100]!r}: prove it first: `clearhouse wallets challenge`"
        yield AddressUnproven(detail, participant=one.participant)


def _is_new(one: LegalEntity, before: Participant | None) -> bool:
    return before is None or (one.name, one.address) != (before.name, before.address)


def _screened(house: House, known: Known, asked: Sequence[tuple[LegalEntity, Said]]) -> None:
    screen, now = open_gate(house).screen, house.now()
    try:
        matched = screen.same(_called(asked), now=now)
    except NameUnscreenable:  # some cannot be, and the others are asked about without them
        asked = [(one, answer) for one, answer in asked if not _unscreenable(one, answer)]
        matched = screen.same(_called(asked), now=now)
    also = entities(house, {one.participant for one, _ in asked})
    # Decisions on hits bind to all that is known of it once it is entered.
    subjects = [of_party(_entered(one, known), also) for one, _ in asked]
    several = after_review(house, screen, subjects, matched)
    for (one, answer), found in zip(asked, several, strict=True):
        said = [
            match.said
            if match.identifier
            else f"{match.subject_name!r} is {match.listed_name!r}, entry {match.entity} of"
            f" {match.list_name} version {match.list_version[:12]}"
            for match in found.standing
        ]
        said += [
            f"address {hit.address} is listed in {hit.list_name} version {hit.list_version[:12]}"
            for hit in (screen.listed_wallet(one.address, now=now) if one.address else ())
        ]
        answer.refusals += [PartyListed(detail, participant=one.participant) for detail in said]


def _called(asked: Sequence[tuple[LegalEntity, Said]]) -> list[Subject]:
    """Each by the name that it is to have, alone."""
    return [of_entity(one.participant, (one.name,), (one.residence,)) for one, _ in asked]


def _entered(one: LegalEntity, known: Known) -> Participant:
    """A participant as it is known once it is entered."""
    before, after = known.get(one.participant), as_recorded([one])
    if before is None:
        return after
    former = tuple(dict.fromkeys((*before.former, before.name)))
    return replace(after, former=former, names=before.names)


def _unscreenable(one: LegalEntity, answer: Said) -> bool:
    wrong = unscreenable(one.participant, one.name)
    answer.refusals += [wrong] if wrong is not None else []
    return wrong is not None


def licences(
    house: House, several: Sequence[LicenceHeld], coming: Coming | None = None
) -> list[Said]:
    """Check licences of those who are admitted, or who come in the same order.

    Of a licence that holds from a day that is over it is told which decisions were made since.
    """
    ids = {one.participant for one in several}
    known = registers.participants(house.db, ids)
    pays = {id: one.address for id, one in known.items()}
    pays |= {id: one.address for id, one in (coming or {}).items()}
    said = [Said([*_licence(one, pays)]) for one in several]
    past = [one.valid_from for one in several if one.valid_from < house.today]
    made: defaultdict[ParticipantId, list[Affected]] = defaultdict(list)
    for each in affected(house, known, min(past)) if past and known else []:
        for who in (each.debtor, each.creditor):
            made[who].append(each)
    for one, answer in zip(several, said, strict=True):
        theirs = made[one.participant]
        remark = backdated(house, one.participant, one.valid_from, one.valid_to, theirs)
        answer.remarks += [remark] if remark is not None else []
    return said


def _licence(one: LicenceHeld, pays: Mapping[ParticipantId, str]) -> Iterable[Refusal]:
    if one.participant not in pays:
        yield UnknownParticipant(f"{one.participant} is not admitted", participant=one.participant)
    # An authority is never paid; everybody else needs a place to be paid at.
    elif not pays[one.participant] and one.licence_class != Class.AUTHORITY:
        detail = f"{one.participant} has no address, and is licensed as {one.licence_class}"
        yield AddressMissing(detail, participant=one.participant)
