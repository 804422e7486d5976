"""Forms: every kind of entry that a journal can have, and what an entry of it says.

An entry that has another form is none of this house's: what no check looks into could hide there.
"""

from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.wrong import Wrong

# By kind: the member that is the entry's subject (empty where a check of its own says whose it is),
# and the members. A sign says what a member is: # a whole number, ? a flag, * texts, ~ a text or
# null; without one it is a text.
FORMS: dict[str, tuple[str, str]] = {
    "ObligationProposed": (
        "obligation",
        "obligation by debtor creditor reference units# asset traded_on due_on file line#",
    ),
    "ObligationAffirmed": ("obligation", "obligation by"),
    "FindingMade": ("", "digest body"),
    "GateDecided": ("obligation", "obligation verdict findings* settles_on"),
    "RateFixed": (
        "rate",
        (
            "rate base quote quote_exponent# numerator# denominator# as_of method source "
            "venues* excluded* partitions* trades# discarded# input_sha256"
        ),
    ),
    "CycleCleared": ("cycle", "cycle on asset obligations# gross# set_off# net#"),
    "ObligationCleared": ("obligation", "obligation cycle units# rate set_off# remaining#"),
    "PositionStruck": ("participant", "cycle participant units#"),
    "PayInCalled": ("participant", "cycle participant units# address due_at"),
    "PayInFinal": (
        "participant",
        "cycle participant outpoints* units# balance# height# depth# depth_final# rules*",
    ),
    "BatchSigned": ("cycle", "cycle txid signers* fee# statement signature"),
    "BatchBroadcast": ("cycle", "cycle txid"),
    "BatchConfirmed": ("cycle", "cycle txid block height# depth#"),
    "BatchReorganised": ("cycle", "cycle txid block height#"),
    "CycleSettled": ("cycle", "cycle txid block height# depth# depth_final# rules*"),
    "AccountOpened": ("owner", "account owner account_kind asset place"),
    "TransferRecorded": (
        "transfer",
        (
            "transfer debit credit units# asset code occurred_at cause phase follows~ "
            "expires_at~ group~"
        ),
    ),
    "VaultAddressGiven": ("participant or house", "script address is_change? index# participant~"),
    "CycleOpened": ("cycle", "cycle on asset depth_final# change_index#"),
    "CycleFunded": ("cycle", "cycle"),
    "PayOutPlanned": ("participant", "cycle participant units# address"),
    "RulebookActivated": ("", "version active_from proposal"),
    "DealingLicensed": (
        "participant",
        "participant list_name entity authority document valid_from valid_to proposal",
    ),
    "ListAdopted": (
        "list_name",
        (
            "list_name version published_at before entries# wallets# added# changed# removed# "
            "wallets_added# wallets_changed# wallets_removed# proposal"
        ),
    ),
    "ListRefused": ("list_name", "list_name version published_at before code said"),
    "EditionAccepted": ("list_name", "list_name version before reason proposal"),
    "RecordEntered": ("", "register key body proposal"),
    "BatchKept": ("cycle", "cycle txid fee# raw"),
    "DossierKept": ("", "edition# commitment"),
    "DossierErased": ("", "reason"),
    "HouseFounded": ("", "founding signatures*"),
    "PersonEnrolled": ("person", "person affiliation proposal"),
    "KeyRegistered": ("person", "person key proposal"),
    "KeyRevoked": ("person", "person key reason command"),
    "RoleGranted": ("person", "person role proposal"),
    "RoleWithdrawn": ("person", "person role proposal"),
    "CommandGiven": ("", "command signature"),
    "ProposalMade": ("proposal", "proposal person digest expires_at"),
    "ProposalApproved": ("proposal", "proposal person digest command"),
    "ProposalDeclined": ("proposal", "proposal person reason command"),
    "ProposalExpired": ("proposal", "proposal"),
    "CycleReleased": ("cycle", "cycle digest proposal"),
    "PayInOverdue": ("participant", "cycle participant units# due_at"),
    "VaultAddressUnasked": ("house", "script address is_change? index#"),
    "DifferenceFound": ("difference", "difference cause about units# detail actor"),
    "DifferenceResolved": ("difference", "difference"),
    "SignatureAsked": ("cycle", "cycle txid"),
    "HeadAnchored": ("cycle", "cycle origin size# root"),
    "CycleCertified": ("cycle", "cycle labels# root"),
    "ValueDated": ("obligation", "obligation cycle_kind value_date cut_off"),
    "CycleScheduled": (
        "cycle",
        (
            "cycle cycle_kind value_date cut_off rescission pay_in pay_in_revised settlement "
            "close tzdata"
        ),
    ),
    "CycleUnwound": ("cycle", "cycle by_cycle stopped#"),
    "BatchGivenUp": ("cycle", "cycle reason proposal"),
    "BatchWithdrawn": ("cycle", "cycle txid block height# depth# depth_final# rules*"),
    "ObligationHeldBack": ("obligation", "obligation cycle participant units# room#"),
    "RescissionAsked": ("obligation", "obligation by until~"),
    "ObligationRescinded": ("obligation", "obligation by"),
    "BooksClosed": ("house", "day position# lines# root"),
}
HOUSE = "house"


def check_form(entry: Entry) -> None:
    """Check that an entry is of a kind that there is, and of that kind's form.

    Raises:
        Wrong: `forms.kind-unknown`, `forms.members-wrong`, `forms.subject-wrong`.
    """
    about = f"entry {entry.position}, {entry.kind!r:.40}"
    if entry.kind not in FORMS:
        raise Wrong("forms.kind-unknown", about)
    named, _ = FORMS[entry.kind]
    signs = SIGNS[entry.kind]
    if entry.body.keys() != signs.keys():
        raise Wrong("forms.members-wrong", f"{about}: {', '.join(sorted(signs))} are expected")
    for name, sign in signs.items():
        if not _is_of(entry.body[name], sign):
            raise Wrong("forms.members-wrong", f"{about}: {name} is {entry.body[name]!r:.80}")
    if named and entry.subject != _subject(entry.body, named):
        raise Wrong("forms.subject-wrong", f"{about} is said to be about {entry.subject!r:.80}")


def _subject(body: Record, named: str) -> str:
    if named == HOUSE:
        return HOUSE
    if named == "participant or house":
        return str(body["participant"] or HOUSE)
    return str(body[named])


def _is_of(value: object, sign: str) -> bool:
    match sign:
        case "?":
            return isinstance(value, bool)
        case "*":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case "~":
            return value is None or isinstance(value, str)
        case "#":
            whole(value)
            return True
        case _:
            return isinstance(value, str)


def _signs(members: str) -> dict[str, str]:
    found = {}
    for member in members.split():
        name = member.rstrip("#?*~")
        found[name] = member[len(name) :]
    return found


SIGNS = {kind: _signs(members) for kind, (_, members) in FORMS.items()}
