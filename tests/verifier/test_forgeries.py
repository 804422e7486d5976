"""Forgeries: each is made with stolen keys, and each is found by just the check that should."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from embit.script import Script
from embit.transaction import Transaction, TransactionOutput
from tests.hands import ADA, BELA, CORA, Hand
from tests.verifier.conftest import CAP, Days
from tests.verifier.forging import Forged, Line, mined
from tests.verifier.test_verify import wrong

from clearhouse.core import merkle
from clearhouse.core.canonical import canonical
from clearhouse.core.ids import derived
from clearhouse.core.note import Checkpoint
from clearhouse.verifier.address import script_of
from clearhouse.verifier.checks import CHECKS

THIEF = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
THIEFS = Script(b"\x00\x14" + b"t" * 20)
MALLORY = Hand.of("Mallory")

Forge = Callable[[Forged], None]


@dataclass(frozen=True)
class Forgery:
    """What is forged, where, and what finds it.

    Attributes:
        also: Checks that find it, too, as they should: coins that are not in the books any more
            are missed by whoever counts the vault's.
    """

    forge: Forge
    check: str
    code: str
    scope: str
    also: frozenset[str]


OWN = {"own", "own-second", "own-revised", "own-withdrawn", "creditor"}  # scopes of one participant
FORGERIES: list[Forgery] = []


def forgery(
    check: str, code: str, *scopes: str, also: Sequence[str] = ()
) -> Callable[[Forge], Forge]:
    """Enter a forgery into the table."""

    def enter(forge: Forge) -> Forge:
        assert all(one.forge.__name__ != forge.__name__ for one in FORGERIES)
        FORGERIES.extend(
            Forgery(forge, check, code, scope, frozenset(also)) for scope in scopes or ("first",)
        )
        return forge

    return enter


def taken_apart(days: Days, scope: str) -> Forged:
    if scope in OWN:
        return days.own_forged(scope)
    match scope:
        case "revised":
            return days.revised_forged()
        case "withdrawn":
            return days.withdrawn_forged()
        case _:
            return days.forged(second=scope == "second")


@pytest.mark.parametrize("one", FORGERIES, ids=lambda one: f"{one.forge.__name__}-{one.scope}")
def test_only_its_check_finds_a_forgery(days: Days, one: Forgery) -> None:
    forged = taken_apart(days, one.scope)
    one.forge(forged)
    found = wrong(forged.sealed(), days.trust)
    assert found.keys() == {one.check} | one.also, found
    assert found[one.check].startswith(f"{one.code}: ")


@pytest.mark.parametrize("scope", ["day", "participant"])
def test_every_check_has_forgeries_that_it_alone_finds(scope: str) -> None:
    own = scope == "participant"
    alone = [one for one in FORGERIES if not one.also]
    reached = {one.check for one in alone if (one.scope in OWN) is own}
    assert {check.name for check in CHECKS[scope]} == reached


# --- the log


@forgery("head", "note.unsigned", "first", "second", "own")
def a_thief_signs_the_head_with_a_key_of_their_own(forged: Forged) -> None:
    forged.signer = THIEF


@forgery("head", "head.another-log", "first", "own")
def the_head_is_another_houses(forged: Forged) -> None:
    text = forged.manifest["checkpoint"]
    other = "clearhouse/hse_00000000000000000000000000"
    forged.manifest["checkpoint"] = text.replace(forged.keys.origin, other, 1)
    forged.head = lambda found: Checkpoint(other, found.size, found.root)


@forgery("cosignatures", "note.cosignatures-too-few", "first", "second", "own")
def one_witness_cosigned(forged: Forged) -> None:
    forged.cosigners = forged.cosigners[:1]


@forgery("cosignatures", "note.cosignatures-too-few", "first", "own")
def nobody_cosigned(forged: Forged) -> None:
    forged.cosigners = ()


@forgery("cosignatures", "note.signature-wrong", "first")
def a_thief_cosigns_as_a_witness(forged: Forged) -> None:
    def cut(done: Forged) -> None:
        *lines, last, end = done.manifest["checkpoint"].split("\n")
        assert not end
        flipped = "A" if last[-10] != "A" else "B"
        last = last[:-10] + flipped + last[-9:]
        done.manifest["checkpoint"] = "\n".join([*lines, last, ""])

    forged.after = cut


@forgery("tree", "tree.consistency-wrong", also=["anchor"])
def an_entry_says_another_thing_than_the_log(forged: Forged) -> None:
    """One whose words no check looks into; but a batch carries the head over it, too."""
    forged.after = lambda done: in_other_words(done, lambda said: said["grounds"].pop())


@forgery("tree", "tree.consistency-wrong", also=["anchor"])
def an_entry_was_recorded_at_another_instant(forged: Forged) -> None:
    forged.after = lambda done: later(done.one("FindingMade"))


def in_other_words(
    forged: Forged, change: Callable[[Line], object], kind: str = "FindingMade"
) -> None:
    """Let the newest finding about a participant say something else, and have the hash of that."""
    line = [one for one in forged.all(kind) if ">" not in one["subject"]][-1]
    said, before = json.loads(line["body"]["body"]), line["body"]["digest"]
    change(said)
    line["body"]["body"] = canonical(said)
    forged.swap_text(before, sha256(line["body"]["body"].encode()).hexdigest())


def later(line: Line) -> None:
    line["recorded_at"] = line["recorded_at"][:-2] + "1Z"


@forgery("tree", "tree.entries-missing", also=["anchor"])
def an_entry_is_left_out(forged: Forged) -> None:
    forged.after = lambda done: done.entries.remove(done.one("FindingMade"))


@forgery("tree", "tree.consistency-wrong", "second")
def what_was_before_is_rewritten(forged: Forged) -> None:
    """And the head that the batch carries is of what was rewritten."""
    first, forged.before[0] = forged.before[0], bytes(32)
    nodes = merkle.nodes_of(forged.before)
    found = [{"hash": one.hex()} for one in merkle.frontier(nodes, len(forged.before))]
    forged.anchored = lambda done: done.before.__setitem__(0, first)
    forged.after = lambda done: done.members.update(frontier=found)


@forgery("tree", "tree.inclusion-wrong", "second")
def an_earlier_entry_was_never_in_the_log(forged: Forged) -> None:
    def add(done: Forged) -> None:
        closing = done.members["closings"][0]
        done.members["earlier"].append({**closing, "position": "3"})

    forged.after = add


@forgery("inclusion", "tree.inclusion-wrong", "own")
def an_entry_is_shown_that_is_not_in_the_log(forged: Forged) -> None:
    forged.after = lambda done: later(done.one("CycleFunded"))


@forgery("inclusion", "tree.entries-missing", "own")
def an_entry_is_shown_twice(forged: Forged) -> None:
    line = forged.one("RecordEntered", register="licence")
    forged.entries.insert(forged.entries.index(line), dict(line))


@forgery("tree", "tree.not-earlier", "second")
def an_entry_of_the_day_is_lent_as_an_earlier_one(forged: Forged) -> None:
    forged.members["earlier"].append({**forged.entries[5], "proof": []})


@forgery("tree", "tree.clock-set-back")
def the_clock_was_set_back(forged: Forged) -> None:
    forged.entries[-1]["recorded_at"] = "2026-03-02T09:00:00.000000Z"


# --- forms


@forgery("forms", "forms.kind-unknown")
def something_happened_that_there_is_no_word_for(forged: Forged) -> None:
    forged.insert(forged.entries[-1], "MoneyPrinted", "house", units="1")


@forgery("forms", "forms.members-wrong", "first", "own")
def an_entry_says_more_than_its_form(forged: Forged) -> None:
    forged.all("VaultAddressGiven")[-1]["body"]["note"] = "for the thief"


@forgery("forms", "forms.members-wrong")
def an_entry_says_less_than_its_form(forged: Forged) -> None:
    del forged.one("RecordEntered", register="licence")["body"]["key"]


@forgery("forms", "forms.members-wrong")
def an_entry_says_a_number_where_a_text_is(forged: Forged) -> None:
    forged.one("RecordEntered", register="licence")["body"]["key"] = 7


@forgery("forms", "forms.subject-wrong", "first", "own")
def an_entry_is_said_to_be_about_another(forged: Forged) -> None:
    forged.one("PositionStruck")["subject"] = "00000000000000000098"


# --- the books


@forgery("closings", "closings.lines-differ")
def the_closing_counts_other_lines(forged: Forged) -> None:
    body = forged.members["closings"][-1]["body"]
    forged.closes_books = False
    forged.manifest["last"] = body["position"]
    body["lines"] = str(int(body["lines"]) + 1)


@forgery("closings", "closings.lines-differ")
def the_closing_commits_to_another_root(forged: Forged) -> None:
    forged.closes_books = False
    forged.members["closings"][-1]["body"]["root"] = "00" * 32


@forgery("closings", "closings.lines-differ", "second")
def the_day_before_closed_otherwise(forged: Forged) -> None:
    def other(done: Forged) -> None:
        done.members["opening"][0]["salt"] = "00" * 32

    forged.after = other


@forgery("closings", "closings.malformed", "first", "second")
def the_books_are_closed_otherwise_too(forged: Forged) -> None:
    """For others to begin from."""
    body = {**forged.members["closings"][-1]["body"], "root": "ab" * 32, "position": "7"}
    forged.insert(forged.entries[-1], "BooksClosed", "house", **body)


@forgery("closings", "closings.malformed", "second")
def the_day_begins_from_no_closing(forged: Forged) -> None:
    forged.after = lambda done: done.members.update(closings=done.members["closings"][1:])


def first_line(
    forged: Forged, standing: str, name: str = "standing", **members: str
) -> tuple[Line, Line]:
    """A line of the books that stands for something, as it is kept and as it reads."""
    for line in forged.members[name]:
        said = json.loads(line["line"])
        if said["standing"] == standing and members.items() <= said.items():
            return line, said
    raise AssertionError(standing)


@forgery("books", "books.differ", "first", "second")
def the_books_close_with_another_balance(forged: Forged) -> None:
    line, said = first_line(forged, "account")
    said["balance"] = str(int(said["balance"]) + 1)
    line["line"] = canonical(said)
    forged.closes_books = False
    forged.commit_books()


@forgery("books", "books.differ")
def the_books_forget_a_line(forged: Forged) -> None:
    line, _ = first_line(forged, "obligation")
    forged.members["standing"].remove(line)
    forged.closes_books = False
    forged.commit_books()


@forgery("books", "books.differ")
def the_books_name_somebody_who_is_not_there(forged: Forged) -> None:
    line, said = first_line(forged, "person")
    said["person"] = "per_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
    forged.members["standing"].append({"line": canonical(said), "salt": "11" * 32})
    forged.members["standing"].sort(key=lambda one: one["line"])
    assert line
    forged.closes_books = False
    forged.commit_books()


@forgery("ledger", "ledger.sum-wrong", "second")
def the_day_begins_with_units_from_nowhere(forged: Forged) -> None:
    line, said = first_line(forged, "account", "opening", kind="fees")
    said["balance"] = str(int(said["balance"]) + 1)
    line["line"] = canonical(said)
    forged.members["opening"].sort(key=lambda one: one["line"])


# --- people


def ordered(forged: Forged, kind: str, **body: Any) -> Line:
    """The order of a kind that says so."""
    for line in forged.all("CommandGiven"):
        said = json.loads(line["body"]["command"])
        if said["kind"] == kind and body.items() <= said["body"].items():
            return line
    raise AssertionError(kind)


def approval(forged: Forged, kind: str) -> Line:
    """The order that approves the first proposal of a kind."""
    id = json.loads(ordered(forged, kind)["body"]["command"])["id"]
    return ordered(forged, "Approve", proposal=id)


@forgery("people", "people.own-proposal", "first", "second")
def one_person_approves_their_own_proposal(forged: Forged) -> None:
    line = approval(forged, "GrantRole")

    def own(said: Line) -> None:
        said.update(person=ADA.person, key=ADA.public)

    forged.order(line, own)
    id = json.loads(line["body"]["command"])["id"]
    forged.one("ProposalApproved", command=id)["body"]["person"] = ADA.person
    forged.sign_people()


@forgery("people", "people.not-permitted")
def somebody_without_the_role_approves(forged: Forged) -> None:
    """Cora is no compliance officer, and no operator yet when she enrols."""
    line = approval(forged, "ReleaseCycle")
    for one in forged.all("RoleGranted", person=CORA.person, role="operator"):
        one["body"]["role"] = "trader"
    granted = ordered(forged, "GrantRole", person=CORA.person, role="operator")
    forged.order(granted, lambda said: said["body"].update(role="trader"))
    forged.order(line, lambda said: said.update(person=CORA.person, key=CORA.public))
    id = json.loads(line["body"]["command"])["id"]
    forged.one("ProposalApproved", command=id)["body"]["person"] = CORA.person
    forged.sign_people()


@forgery("people", "people.signature-wrong")
def an_order_is_signed_with_another_key(forged: Forged) -> None:
    line = approval(forged, "ReleaseCycle")
    content = line["body"]["command"].encode()
    line["body"]["signature"] = MALLORY.key.sign(content).hex()


@forgery("people", "people.key-unknown")
def an_order_names_a_key_that_nobody_registered(forged: Forged) -> None:
    line = approval(forged, "ReleaseCycle")
    forged.keys.people[MALLORY.public] = MALLORY.key
    forged.order(line, lambda said: said.update(key=MALLORY.public))
    forged.sign_people()


@forgery("people", "people.digest-differs")
def another_thing_is_approved_than_was_proposed(forged: Forged) -> None:
    line = approval(forged, "GrantRole")
    forged.order(line, lambda said: said["body"].update(digest="00" * 32))
    content = line["body"]["command"].encode()
    line["body"]["signature"] = BELA.key.sign(content).hex()


@forgery("people", "people.not-ordered", "first", "second")
def somebody_is_granted_a_role_that_nobody_proposed(forged: Forged) -> None:
    before = forged.all("RoleGranted")[-1]
    body = {"person": CORA.person, "role": "compliance", "proposal": before["body"]["proposal"]}
    forged.insert(before, "RoleGranted", CORA.person, **body)


@forgery("people", "people.not-ordered")
def a_key_is_registered_to_somebody_else(forged: Forged) -> None:
    forged.one("KeyRegistered", person=CORA.person)["body"]["key"] = MALLORY.public
    for line in forged.all("CommandGiven"):
        said = json.loads(line["body"]["command"])
        assert said["key"] != CORA.public  # she has ordered nothing: nothing else notices


@forgery("people", "people.key-taken")
def a_key_becomes_another_persons(forged: Forged) -> None:
    """Two people agree on it, and its holder offers it."""
    line = ordered(forged, "EnrolPerson")
    house = json.loads(line["body"]["command"])["house"]
    shown = ADA.key.sign(f"clearhouse.key.1 {house} {CORA.person} {ADA.public}".encode()).hex()
    change = {"key": ADA.public, "proof": shown}
    forged.order(line, lambda said: said["body"].update(change))
    forged.sign_people()
    forged.one("KeyRegistered", person=CORA.person)["body"]["key"] = ADA.public


@forgery("people", "people.enrolled-twice")
def somebody_is_enrolled_again(forged: Forged) -> None:
    """By which keys that were revoked would be forgotten."""
    forged.swap_text(CORA.person, BELA.person)
    line = ordered(forged, "EnrolPerson")
    house = json.loads(line["body"]["command"])["house"]
    proof = CORA.key.sign(f"clearhouse.key.1 {house} {BELA.person} {CORA.public}".encode()).hex()
    forged.order(line, lambda said: said["body"].update(proof=proof))
    forged.sign_people()


@forgery("people", "people.signature-wrong")
def a_key_is_registered_that_its_holder_does_not_offer(forged: Forged) -> None:
    line = ordered(forged, "EnrolPerson")
    forged.order(line, lambda said: said["body"].update(key=MALLORY.public))
    forged.sign_people()
    forged.one("KeyRegistered", person=CORA.person)["body"]["key"] = MALLORY.public


@forgery("people", "people.command-malformed")
def an_order_is_given_under_anothers_id(forged: Forged) -> None:
    ordered(forged, "Decline")["subject"] = "cmd_00000000000000000000000000"


@forgery("people", "people.command-malformed")
def an_order_is_none_that_there_is(forged: Forged) -> None:
    line = ordered(forged, "Decline")
    forged.order(line, lambda said: said.update(kind="PrintMoney"))
    forged.sign_people()


@forgery("people", "people.not-done")
def a_key_is_revoked_too_late(forged: Forged) -> None:
    """Meanwhile it orders: here, its holder is granted a role between order and fact."""
    line = forged.one("RoleGranted", person=CORA.person, role="operator")
    forged.entries.remove(line)
    after = forged.one("ProposalDeclined")
    forged.entries.insert(forged.entries.index(after) + 1, line)


@forgery("people", "people.not-ordered")
def a_dossier_is_erased_and_nobody_ordered_it(forged: Forged) -> None:
    body = {"reason": "not enrolled"}
    forged.insert(forged.entries[-1], "DossierErased", "per_00000000000000000000000000", **body)


@forgery("people", "people.not-ordered")
def a_dossier_is_erased_as_not_entered_and_nobody_proposed_it(forged: Forged) -> None:
    subject = f"{derived('prs', 'whoever')}_{'0' * 24}"
    forged.insert(forged.entries[-1], "DossierErased", subject, reason="not entered")


@forgery("people", "people.not-done")
def what_two_people_agreed_on_was_not_done(forged: Forged) -> None:
    forged.entries.remove(forged.one("RoleGranted", person=CORA.person, role="operator"))


@forgery("people", "people.command-for-another-house")
def an_order_is_for_another_house(forged: Forged) -> None:
    other = "hse_00000000000000000000000000"
    forged.order(ordered(forged, "Decline"), lambda said: said.update(house=other))
    forged.sign_people()


@forgery("people", "people.command-repeated")
def an_order_is_given_twice(forged: Forged) -> None:
    line = ordered(forged, "Decline")
    done = forged.one("ProposalDeclined", command=line["subject"])
    forged.insert(done, "CommandGiven", line["subject"], **line["body"])


@forgery("people", "people.command-stale")
def an_order_was_made_long_ago(forged: Forged) -> None:
    old = "2026-02-01T00:00:00.000000Z"
    forged.order(ordered(forged, "Decline"), lambda said: said.update(made_at=old))
    forged.sign_people()


@forgery("people", "people.founding-wrong")
def one_person_founds_the_house_twice(forged: Forged) -> None:
    body = forged.one("HouseFounded")["body"]
    said = json.loads(body["founding"])
    said["founders"][1]["key"] = said["founders"][0]["key"]
    body["founding"] = canonical(said)
    signature = ADA.key.sign(body["founding"].encode()).hex()
    body["signatures"] = [signature, signature]


@forgery("people", "people.signature-wrong")
def a_founder_has_not_signed(forged: Forged) -> None:
    forged.one("HouseFounded")["body"]["signatures"][1] = "00" * 64


@forgery("people", "people.proposal-closed", "second")
def a_proposal_is_approved_after_its_time(forged: Forged) -> None:
    for line in forged.members["opening"]:
        said = json.loads(line["line"])
        if said["standing"] == "proposal":
            said["expires_at"] = "2026-03-02T17:00:00.000000Z"
            line["line"] = canonical(said)


@forgery("people", "people.proposal-closed")
def a_proposal_expires_before_its_time(forged: Forged) -> None:
    made = forged.all("ProposalMade")[-1]
    id = made["body"]["proposal"]
    forged.insert(forged.entries[-1], "ProposalExpired", id, proposal=id)


# --- records


def companies(forged: Forged) -> list[Line]:
    """The records of a file that two people agreed on, as they were entered."""
    found = forged.all("RecordEntered", register="entity")
    assert len(found) == 3
    return found


def another_company(line: Line) -> Line:
    """A record that is right in itself."""
    said = json.loads(line["body"]["body"]) | {"name": "Mallory Holding"}
    return {**line["body"], "body": canonical(said)}


@forgery("people", "people.records-differ", "second")
def a_record_says_something_else_than_was_agreed_on(forged: Forged) -> None:
    line = companies(forged)[1]
    line["body"] = another_company(line)


@forgery("people", "people.records-differ", "second")
def the_last_record_of_a_day_says_something_else(forged: Forged) -> None:
    """Nobody orders anything behind it."""
    ordered = [one for one in forged.all("RecordEntered") if one["body"]["proposal"]]
    line = ordered[-1]
    said = json.loads(line["body"]["body"])
    line["body"]["body"] = canonical({**said, "email": "desk@thief.example"})


@forgery("people", "people.records-differ", "second")
def a_record_is_entered_under_another_key(forged: Forged) -> None:
    line = companies(forged)[1]
    line["body"]["key"] = derived("ent", "whoever")


@forgery("people", "people.records-differ", "second")
def a_record_is_said_to_be_about_somebody_else(forged: Forged) -> None:
    companies(forged)[1]["subject"] = derived("ent", "whoever")


@forgery("people", "people.records-differ", "second")
def a_record_that_was_agreed_on_is_left_out(forged: Forged) -> None:
    forged.entries.remove(companies(forged)[-1])


@forgery("people", "people.records-differ", "second")
def no_record_of_a_file_is_entered(forged: Forged) -> None:
    for line in companies(forged):
        forged.entries.remove(line)


@forgery("people", "people.records-differ", "second")
def a_record_more_is_entered_with_the_others(forged: Forged) -> None:
    line = companies(forged)[-1]
    forged.insert(line, "RecordEntered", line["subject"], **another_company(line))


@forgery("people", "people.records-differ", "second")
def a_record_is_entered_twice(forged: Forged) -> None:
    line = companies(forged)[0]
    forged.insert(line, "RecordEntered", line["subject"], **line["body"])


@forgery("people", "people.records-differ", "second")
def records_are_entered_in_another_order(forged: Forged) -> None:
    """A key that is said twice would stand for something else."""
    first, second, _ = companies(forged)
    for name in ("body", "subject"):
        first[name], second[name] = second[name], first[name]


@forgery("people", "people.records-differ", "second")
def more_records_were_agreed_on(forged: Forged) -> None:
    line = ordered(forged, "EnterRecords", register="entity")
    count = json.loads(line["body"]["command"])["body"]["records"]
    more = type(count)(int(count) + 1)
    forged.order(line, lambda said: said["body"].update(records=more))
    forged.sign_people()


@forgery("people", "people.records-differ", "second")
def other_records_were_agreed_on(forged: Forged) -> None:
    line = ordered(forged, "EnterRecords", register="entity")
    forged.order(line, lambda said: said["body"].update(digest="00" * 32))
    forged.sign_people()


@forgery("people", "people.records-differ", "second")
def a_record_is_entered_after_something_else_was_ordered(forged: Forged) -> None:
    line, (name,) = companies(forged)[-1], forged.all("RecordEntered", register="other_name")
    forged.entries.remove(line)
    forged.entries.insert(forged.entries.index(name) + 1, line)


@forgery("people", "people.not-ordered", "second")
def a_record_is_entered_that_nobody_ordered(forged: Forged) -> None:
    """As before a house is founded, when one person enters records."""
    first = forged.entries[0]
    body = {**another_company(companies(forged)[0]), "proposal": ""}
    forged.insert(first, "RecordEntered", companies(forged)[0]["subject"], **body)


@forgery("people", "people.not-ordered", "second")
def a_record_is_entered_under_a_proposal_of_before(forged: Forged) -> None:
    line = companies(forged)[-1]
    last = forged.all("RecordEntered")[-1]
    forged.insert(last, "RecordEntered", line["subject"], **another_company(line))


@forgery("people", "people.not-ordered", "second")
def a_record_is_entered_with_others_and_names_no_proposal(forged: Forged) -> None:
    companies(forged)[1]["body"]["proposal"] = ""


@forgery("people", "people.not-ordered", "second")
def a_record_is_entered_in_another_register(forged: Forged) -> None:
    companies(forged)[1]["body"]["register"] = "person_owner"


def an_address_is_proved(forged: Forged) -> Line:
    """Nobody has to agree on that."""
    like = forged.all("RecordEntered")[-1]
    body = {**like["body"], "register": "wallet", "key": "main|bc1q", "proposal": ""}
    return forged.insert(like, "RecordEntered", like["subject"], **body)


def test_what_is_proved_is_entered_without_people(days: Days) -> None:
    """Also right behind records that two people agreed on."""
    forged = taken_apart(days, "second")
    an_address_is_proved(forged)
    assert wrong(forged.sealed(), days.trust) == {}


@forgery("people", "people.not-ordered", "second")
def what_is_proved_names_a_proposal(forged: Forged) -> None:
    proposal = companies(forged)[0]["body"]["proposal"]
    an_address_is_proved(forged)["body"]["proposal"] = proposal


@forgery("people", "people.not-permitted", "second")
def an_administrator_approves_records(forged: Forged) -> None:
    line = approval(forged, "EnterRecords")
    forged.order(line, lambda said: said.update(person=ADA.person, key=ADA.public))
    id = json.loads(line["body"]["command"])["id"]
    forged.one("ProposalApproved", command=id)["body"]["person"] = ADA.person
    forged.sign_people()


@forgery("people", "people.own-proposal", "second")
def one_person_enters_records(forged: Forged) -> None:
    line = approval(forged, "EnterRecords")
    forged.order(line, lambda said: said.update(person=BELA.person, key=BELA.public))
    id = json.loads(line["body"]["command"])["id"]
    forged.one("ProposalApproved", command=id)["body"]["person"] = BELA.person
    forged.sign_people()


# --- what is proved


def entering(forged: Forged, after: Line, register: str, proposal: str = "") -> Line:
    """Let a record have been entered of somebody."""
    who = derived("ent", "whoever")
    body = {"register": register, "key": f"{who}|1", "body": canonical({"participant": who})}
    return forged.insert(after, "RecordEntered", who, **body, proposal=proposal)


@pytest.mark.parametrize("scope", ["first", "second"])
def test_challenges_and_what_proves_them_need_nobody(days: Days, scope: str) -> None:
    """Wherever they stand: also among records that two people agreed on."""
    forged = taken_apart(days, scope)
    for register in ("challenge", "wallet", "breach", "review"):
        entering(forged, forged.entries[-1], register)
        if scope == "second":
            entering(forged, companies(forged)[0], register)
    assert wrong(forged.sealed(), days.trust) == {}


@forgery("people", "people.not-ordered", "second")
def a_wallet_is_entered_by_agreement(forged: Forged) -> None:
    """In the midst of a file, under the proposal that is being done."""
    line = companies(forged)[0]
    entering(forged, line, "wallet", line["body"]["proposal"])


@forgery("people", "people.not-ordered", "first", "second")
def a_challenge_names_a_proposal(forged: Forged) -> None:
    entering(forged, forged.entries[-1], "challenge", derived("cmd", "nobody's"))


@forgery("people", "people.not-ordered", "first", "second")
def a_holding_is_entered_as_if_it_were_proved(forged: Forged) -> None:
    """Who owns whom is agreed on by two."""
    entering(forged, forged.entries[-1], "holding")


@forgery("people", "people.not-ordered", "first", "second")
def a_record_is_entered_in_a_register_that_there_is_not(forged: Forged) -> None:
    entering(forged, forged.entries[-1], "wallets")


# --- parties


def admitted(forged: Forged) -> list[Line]:
    """Those who were entered before the house was founded, when nobody had to order it."""
    return forged.all("RecordEntered", register="legal_entity", proposal="")


def said_of(forged: Forged, register: str = "legal_entity", **changed: str) -> Line:
    """Let something else have been entered in a register at the beginning."""
    line = forged.one("RecordEntered", register=register, proposal="")
    said = json.loads(line["body"]["body"]) | changed
    body = {**line["body"], "body": canonical(said)}
    who: str = changed.get("participant") or line["subject"]
    return forged.insert(line, "RecordEntered", who, **body)


@forgery("people", "people.not-ordered", "first", "second")
def a_party_is_paid_at_another_address_that_nobody_ordered(forged: Forged) -> None:
    """One that nothing is paid to yet."""
    who = forged.all("RecordEntered", register="legal_entity")[-1]["subject"]
    thief = THIEFS.address({"bech32": "bcrt"})
    said = {"participant": who, "name": "N", "residence": "XA", "address": thief}
    about = {"register": "legal_entity", "key": who, "proposal": ""}
    forged.insert(forged.entries[-1], "RecordEntered", who, body=canonical(said), **about)


@forgery("people", "people.records-differ", "second")
def another_licence_is_entered_than_was_agreed_on(forged: Forged) -> None:
    line = forged.all("RecordEntered", register="licence")[-1]
    said = json.loads(line["body"]["body"])
    line["body"]["body"] = canonical(said | {"licence_class": "platform"})


@forgery("people", "people.records-differ", "second")
def a_licence_that_was_agreed_on_is_entered_as_something_else(forged: Forged) -> None:
    """The hash names the register, too."""
    line = forged.all("RecordEntered", register="licence")[-1]
    said = json.loads(line["body"]["body"])
    head = {"participant": said["participant"], "name": "N", "residence": "XA", "address": ""}
    line["body"].update(register="legal_entity", body=canonical(head))


@forgery("people", "people.not-ordered", "second")
def an_admission_enters_a_record_of_another_register(forged: Forged) -> None:
    line = forged.all("RecordEntered", register="licence")[-1]
    line["body"].update(register="tax_number")


@forgery("people", "people.not-permitted", "second")
def one_person_files_what_two_must_agree_on(forged: Forged) -> None:
    line = ordered(forged, "FileRecords")
    forged.order(line, lambda said: said["body"].update(register="holding"))
    forged.sign_people()


@forgery("people", "people.not-permitted", "second")
def an_administrator_files_records(forged: Forged) -> None:
    """Ada has neither the role of compliance nor that of a trader."""
    line = ordered(forged, "FileRecords")
    forged.order(line, lambda said: said.update(person=ADA.person, key=ADA.public))
    forged.sign_people()


@forgery("admissions", "admissions.lei-wrong")
def a_party_has_no_lei(forged: Forged) -> None:
    said_of(forged, participant="00000000000000000099")


@forgery("admissions", "admissions.of-another")
def a_party_is_entered_as_another(forged: Forged) -> None:
    line = said_of(forged)
    line["subject"] = next(
        one["subject"] for one in admitted(forged) if one["subject"] != line["subject"]
    )


@forgery("admissions", "admissions.malformed")
def a_party_says_more_than_its_form(forged: Forged) -> None:
    said_of(forged, note="for the thief")


@forgery("admissions", "admissions.malformed")
def a_party_says_less_than_its_form(forged: Forged) -> None:
    line = said_of(forged)
    said = json.loads(line["body"]["body"])
    del said["address"]
    line["body"]["body"] = canonical(said)


@forgery("admissions", "admissions.malformed", "own")
def one_is_said_to_be_more_than_its_form_has(forged: Forged) -> None:
    line = forged.one("RecordEntered", register="legal_entity")
    said = json.loads(line["body"]["body"])
    line["body"]["body"] = canonical(said | {"note": "for the thief"})


@forgery("admissions", "admissions.unknown")
def somebody_is_licensed_who_was_never_admitted(forged: Forged) -> None:
    said_of(forged, "licence", participant="5493001KJTIIGC8Y1R12")


# --- the ledger


def moved(forged: Forged, **changed: Any) -> None:
    """Let one more transfer have been made, at the end of the day."""
    like = forged.all("TransferRecorded", phase="single")[-1]
    id = derived("tfr", "forged")
    body = {
        **like["body"],
        "transfer": id,
        "units": "1",
        "code": "hold",
        "phase": "single",
        "follows": None,
        "expires_at": None,
        "cause": "case",
        **changed,
    }
    forged.insert(forged.entries[-1], "TransferRecorded", body["transfer"], **body)


def owner_of(forged: Forged) -> str:
    """Who has something free at the end of the day."""
    found: str = forged.one("PayInCalled", units=max_units(forged))["body"]["participant"]
    return found


def max_units(forged: Forged) -> str:
    units = [int(one["body"]["units"]) for one in forged.all("PayInCalled")]
    return str(max(units))


@forgery("ledger", "ledger.overdrawn")
def more_is_taken_than_there_is(forged: Forged) -> None:
    who = owner_of(forged)
    sides = {"debit": forged.account(who, "available"), "credit": forged.account(who, "held")}
    moved(forged, **sides, units="10000000000")


@forgery("ledger", "ledger.overdrawn")
def what_is_reserved_is_taken(forged: Forged) -> None:
    """60,000 came too much; 6,000 were posted of what was held, and 2,000 wait."""
    who = owner_of(forged)
    sides = {"debit": forged.account(who, "available"), "credit": forged.account(who, "held")}
    moved(forged, **sides, units=str(60_000 - 6_000 - 2_000 + 1))


@forgery("ledger", "ledger.way-wrong")
def units_go_to_somebody_else(forged: Forged) -> None:
    who = owner_of(forged)
    others = [
        one["body"]
        for one in forged.all("AccountOpened", account_kind="available")
        if one["body"]["owner"] != who
    ]
    sides = {"debit": forged.account(who, "available"), "credit": others[0]["account"]}
    moved(forged, **sides, code="escrow")


@forgery("ledger", "ledger.way-wrong")
def units_go_for_no_reason_that_there_is(forged: Forged) -> None:
    who = owner_of(forged)
    sides = {"debit": forged.account(who, "available"), "credit": forged.account(who, "held")}
    moved(forged, **sides, code="gift")


@forgery("ledger", "ledger.way-wrong")
def somebody_is_fined_and_nothing_says_why(forged: Forged) -> None:
    asset = forged.one("CycleOpened")["body"]["asset"]
    id = derived("acc", "house", "penalties", asset)
    body = {"owner": "house", "account_kind": "penalties", "asset": asset, "place": ""}
    forged.insert(forged.entries[-1], "AccountOpened", "house", account=id, **body)
    moved(forged, debit=forged.account(owner_of(forged), "available"), credit=id, code="penalty")


@forgery("ledger", "ledger.account-wrong")
def somebody_who_was_never_admitted_has_an_account(forged: Forged) -> None:
    asset, who = forged.one("CycleOpened")["body"]["asset"], "00000000000000000098"
    id = derived("acc", who, "available", asset)
    body = {"owner": who, "account_kind": "available", "asset": asset, "place": ""}
    forged.insert(forged.entries[-1], "AccountOpened", who, account=id, **body)


@forgery("ledger", "ledger.units-wrong")
def units_go_backwards(forged: Forged) -> None:
    who = owner_of(forged)
    sides = {"debit": forged.account(who, "available"), "credit": forged.account(who, "held")}
    moved(forged, **sides, units="-1")


@forgery("ledger", "ledger.account-unknown")
def units_go_nowhere(forged: Forged) -> None:
    debit = forged.account(owner_of(forged), "available")
    moved(forged, debit=debit, credit=derived("acc", "nowhere"))


@forgery("ledger", "ledger.asset-mismatch")
def units_change_into_another_asset(forged: Forged) -> None:
    who = owner_of(forged)
    sides = {"debit": forged.account(who, "available"), "credit": forged.account(who, "held")}
    moved(forged, **sides, asset="eip155:1/slip44:60")


@forgery("ledger", "ledger.transfer-repeated")
def a_transfer_is_made_twice(forged: Forged) -> None:
    again = forged.all("TransferRecorded", code="hold", phase="single")[0]
    forged.insert(again, "TransferRecorded", again["subject"], **again["body"])


@forgery("ledger", "ledger.phase-wrong")
def what_was_paid_on_the_chain_is_taken_back(forged: Forged) -> None:
    paid = forged.transfer("pay_out")["body"]
    sides = {"debit": paid["credit"], "credit": paid["debit"], "cause": paid["cause"]}
    follows = {"phase": "reverse", "follows": paid["transfer"], "units": paid["units"]}
    moved(forged, **sides, **follows, code="pay_out")


@forgery("ledger", "ledger.phase-wrong")
def units_come_from_nowhere_in_two_phases(forged: Forged) -> None:
    who = owner_of(forged)
    vault = forged.account("house", "vault")
    sides = {"debit": vault, "credit": forged.account(who, "available"), "code": "pay_in"}
    late = "2027-01-01T00:00:00.000000Z"
    moved(forged, **sides, phase="pending", expires_at=late, units="1000000000")


@forgery("ledger", "ledger.phase-wrong")
def more_is_posted_than_was_pending(forged: Forged) -> None:
    posted = forged.one("TransferRecorded", phase="post")
    posted["body"]["units"] = "7001"


@forgery("ledger", "ledger.phase-wrong")
def what_was_voided_is_posted(forged: Forged) -> None:
    voided = forged.one("TransferRecorded", phase="void")["body"]
    moved(forged, **{**voided, "transfer": derived("tfr", "forged"), "phase": "post"})


@forgery("ledger", "ledger.phase-wrong")
def a_reversal_goes_back_twice(forged: Forged) -> None:
    back = forged.one("TransferRecorded", phase="reverse")["body"]
    moved(forged, **{**back, "transfer": derived("tfr", "forged")})


@forgery("ledger", "ledger.phase-wrong", "second")
def what_is_reserved_expires_too_early(forged: Forged) -> None:
    line, said = first_line(forged, "reservation", "opening")
    said["expires_at"] = "2026-12-31T00:00:00.000000Z"
    line["line"] = canonical(said)


@forgery("ledger", "ledger.account-wrong")
def an_account_is_opened_twice(forged: Forged) -> None:
    opened = forged.all("AccountOpened")[-1]
    closing = [one for one in forged.entries if opened["body"]["account"] in json.dumps(one)]
    assert closing
    forged.insert(opened, "AccountOpened", opened["subject"], **opened["body"])


@forgery("ledger", "ledger.account-wrong")
def the_house_has_an_account_for_nothing(forged: Forged) -> None:
    asset = forged.one("CycleOpened")["body"]["asset"]
    parts = ("house", "slush", asset)
    body = {"owner": "house", "account_kind": "slush", "asset": asset, "place": ""}
    id = derived("acc", *parts)
    forged.insert(forged.entries[-1], "AccountOpened", "house", account=id, **body)


# --- rates


@forgery("rates", "rates.differ")
def a_rate_is_another_than_its_trades_make(forged: Forged) -> None:
    body = forged.one("RateFixed", quote="EUR")["body"]
    body["numerator"] = str(int(body["numerator"]) + 1)


@forgery("rates", "rates.repeated")
def a_rate_is_fixed_twice(forged: Forged) -> None:
    line = forged.one("RateFixed", quote="EUR")
    forged.insert(line, "RateFixed", line["subject"], **line["body"])


@forgery("rates", "rates.method-unknown")
def a_currency_has_other_cents(forged: Forged) -> None:
    forged.one("RateFixed", quote="EUR")["body"]["quote_exponent"] = "4"


@forgery("rates", "rates.differ")
def a_rate_has_another_id(forged: Forged) -> None:
    line = forged.one("RateFixed", quote="EUR")
    old, new = line["subject"], "rat_00000000000000000000000000"
    forged.swap_text(old, new)


@forgery("rates", "rates.differ", "first")
def a_rate_was_made_from_other_trades(forged: Forged) -> None:
    """The trades are changed, and so is their hash."""
    retape(forged, lambda trades: trades.__setitem__(0, scaled(trades[0])))


@forgery("rates", "rates.trades-differ")
def a_trade_is_changed(forged: Forged) -> None:
    tape = forged.members["tapes"][0]
    tape["trades"][0] = scaled(tape["trades"][0])


@forgery("rates", "rates.differ")
def a_venue_that_is_off_is_counted(forged: Forged) -> None:
    forged.one("RateFixed", quote="EUR")["body"]["excluded"] = []


@forgery("rates", "rates.differ")
def a_partition_has_another_median(forged: Forged) -> None:
    forged.one("RateFixed", quote="EUR")["body"]["partitions"][3] = "1"


@forgery("rates", "rates.trades-missing", "first", "own")
def the_trades_are_not_shown(forged: Forged) -> None:
    forged.members["tapes"].pop()


@forgery("rates", "rates.too-few-trades")
def a_rate_was_made_from_too_few_partitions(forged: Forged) -> None:
    """Its method asks for seven of twelve; trades of five minutes are left."""

    def thin(trades: list[str]) -> None:
        times = sorted(int(one.split(",")[1]) for one in trades)
        del trades[:]
        trades += [f"boreal,{times[-1] - n},{10**22},{10**18}" for n in range(5)]

    retape(forged, thin)


@forgery("rates", "rates.method-unknown")
def a_rate_was_made_by_another_method(forged: Forged) -> None:
    forged.one("RateFixed", quote="EUR")["body"]["method"] = "last price"


@forgery("rates", "rates.trades-differ")
def a_trade_is_of_another_hour(forged: Forged) -> None:
    def move(trades: list[str]) -> None:
        venue, at, price, size = trades[0].split(",")
        trades[0] = ",".join([venue, str(int(at) - 3_600_000), price, size])

    retape(forged, move)


@forgery("rates", "rates.trades-differ", "own")
def a_trade_is_changed_in_what_one_participant_gets(forged: Forged) -> None:
    tape = forged.members["tapes"][0]
    tape["trades"][0] = scaled(tape["trades"][0])


def scaled(trade: str) -> str:
    """The trade at twice its size and half its price."""
    venue, at, price, size = trade.split(",")
    return ",".join([venue, at, str(int(price) // 2), str(int(size) * 1_000)])


def retape(forged: Forged, change: Callable[[list[str]], None]) -> None:
    """Change the trades of the rate in euro, in which nothing was valued, and hash them again."""
    body = forged.one("RateFixed", quote="EUR")["body"]
    (tape,) = [one for one in forged.members["tapes"] if one["rate"] == body["rate"]]
    change(tape["trades"])
    tape["trades"].sort()
    content = "".join(f"{line}\n" for line in tape["trades"])
    body["input_sha256"] = sha256(content.encode()).hexdigest()


# --- screening


@forgery("screening", "screening.finding-differs", "first", "second")
def a_finding_is_not_what_its_hash_says(forged: Forged) -> None:
    line = forged.all("FindingMade")[-1]
    said = json.loads(line["body"]["body"])
    line["body"]["body"] = canonical(said | {"rulebook": "77" * 32})


@forgery("screening", "screening.not-adopted", "first", "second")
def a_party_was_compared_with_a_list_of_ones_own(forged: Forged) -> None:
    in_other_words(forged, lambda said: said["lists"].update({"OFAC-SDN": "77" * 32}))


@forgery("screening", "screening.unscreened", "first", "second")
def a_party_was_compared_with_no_list_of_wallets(forged: Forged) -> None:
    in_other_words(forged, lambda said: said["lists"].pop("OFAC-WALLETS"))


@forgery("screening", "screening.unscreened")
def a_party_was_compared_with_nothing(forged: Forged) -> None:
    in_other_words(forged, lambda said: said["lists"].clear())


@forgery("screening", "screening.out-of-order")
def an_edition_follows_one_that_was_never_there(forged: Forged) -> None:
    forged.one("ListAdopted")["body"]["before"] = "77" * 32


@forgery("screening", "screening.too-small")
def a_mandatory_list_has_ten_entries(forged: Forged) -> None:
    forged.one("ListAdopted", list_name="OFAC-SDN")["body"].update(entries="10", added="10")


@forgery("screening", "screening.too-small")
def a_mandatory_list_has_ninety_nine_wallets(forged: Forged) -> None:
    said = forged.one("ListAdopted", list_name="OFAC-WALLETS")["body"]
    said.update(wallets="99", wallets_added="99")


@forgery("screening", "screening.counts-differ")
def an_edition_has_more_than_came(forged: Forged) -> None:
    said = forged.one("ListAdopted", list_name="OFAC-SDN")["body"]
    said["entries"] = str(int(said["entries"]) + 1)


def next_edition(forged: Forged, **said: str) -> Line:
    """Let another edition of the sanctions list be adopted at the period's end."""
    first = forged.all("ListAdopted", list_name="OFAC-SDN")[-1]["body"]
    body = {
        **first,
        "version": "77" * 32,
        "before": first["version"],
        **dict.fromkeys(("added", "changed", "removed"), "0"),
        **dict.fromkeys(("wallets_added", "wallets_changed", "wallets_removed"), "0"),
        **said,
    }
    body["entries"] = str(int(first["entries"]) + int(body["added"]) - int(body["removed"]))
    return forged.insert(forged.entries[-1], "ListAdopted", "OFAC-SDN", **body)


@forgery("screening", "screening.shrunken")
def an_edition_has_lost_a_fifth_and_one_more(forged: Forged) -> None:
    count = int(forged.one("ListAdopted", list_name="OFAC-SDN")["body"]["entries"])
    lost = count // 5 + 1
    next_edition(forged, removed=str(lost), added=str(lost))


@forgery("screening", "screening.regressed")
def an_edition_is_older_than_the_one_before(forged: Forged) -> None:
    next_edition(forged, published_at="2026-01-01T00:00:00.000000Z")


@forgery("screening", "screening.not-accepted")
def an_edition_was_accepted_by_nobody(forged: Forged) -> None:
    id = derived("cmd", "nobody's")
    next_edition(forged, published_at="2026-01-01T00:00:00.000000Z", proposal=id)


def test_an_edition_that_follows_is_no_forgery(days: Days) -> None:
    """So the three above are found for what they say they are."""
    forged = taken_apart(days, "first")
    count = int(forged.one("ListAdopted", list_name="OFAC-SDN")["body"]["entries"])
    next_edition(forged, removed=str(count // 5), added=str(count // 5 + 3))
    assert not wrong(forged.sealed(), days.trust)


# --- obligations


@forgery("obligations", "obligations.one-sided", "first", "own")
def one_side_affirms_what_it_proposed(forged: Forged) -> None:
    affirmed = forged.one("ObligationAffirmed")["body"]
    proposed = forged.one("ObligationProposed", obligation=affirmed["obligation"])["body"]
    affirmed["by"] = proposed["by"]


@forgery("obligations", "obligations.state-wrong")
def an_obligation_is_affirmed_twice(forged: Forged) -> None:
    line = forged.one("ObligationAffirmed")
    forged.insert(line, "ObligationAffirmed", line["subject"], **line["body"])


@forgery("obligations", "obligations.state-wrong", "first", "own", also=["schedule"])
def an_obligation_is_cleared_that_does_not_bind(forged: Forged) -> None:
    forged.entries.remove(forged.one("ObligationAffirmed"))


@forgery("obligations", "obligations.id-wrong")
def an_obligation_has_another_reference(forged: Forged) -> None:
    forged.one("ObligationProposed")["body"]["reference"] = "N-999"


@forgery("obligations", "obligations.id-wrong")
def an_obligation_is_proposed_again(forged: Forged) -> None:
    line = forged.one("ObligationProposed")
    forged.insert(line, "ObligationProposed", line["subject"], **line["body"])


@forgery("obligations", "obligations.not-admitted")
def a_party_was_never_admitted(forged: Forged) -> None:
    """The debtor of what was only proposed."""
    cleared = {one["body"]["obligation"] for one in forged.all("ObligationCleared")}
    (line,) = [one for one in forged.all("ObligationProposed") if one["subject"] not in cleared]
    line["body"]["debtor"] = "00000000000000000098"
    line["body"]["by"] = line["body"]["creditor"]


@forgery("obligations", "obligations.terms-wrong")
def somebody_else_proposes_an_obligation(forged: Forged) -> None:
    """One that nobody has affirmed."""
    cleared = {one["body"]["obligation"] for one in forged.all("ObligationCleared")}
    (line,) = [one for one in forged.all("ObligationProposed") if one["subject"] not in cleared]
    others = [one["subject"] for one in admitted(forged)]
    sides = {line["body"]["debtor"], line["body"]["creditor"]}
    line["body"]["by"] = next(one for one in others if one not in sides)


def placed(forged: Forged, new: Line) -> Line:
    """Give what was inserted a place; a participant's is that of another's entry."""
    if forged.manifest["scope"] == "day":
        return new  # it is numbered as all are
    used = {int(one["position"]) for one in forged.entries}
    new["position"] = str(next(p for p in range(int(new["position"]), 10**6) if p not in used))
    forged.entries.sort(key=lambda one: int(one["position"]))
    return new


def ask_back(forged: Forged, after: Line, by: str, **until: str | None) -> Line:
    """Let one side have asked an obligation back."""
    id = after["body"]["obligation"]
    body = {"obligation": id, "by": by, "until": None} | until
    return placed(forged, forged.insert(after, "RescissionAsked", id, **body))


def take_back(forged: Forged, after: Line, by: str) -> Line:
    """Let the last side have taken an obligation back."""
    id = after["body"]["obligation"]
    return placed(forged, forged.insert(after, "ObligationRescinded", id, obligation=id, by=by))


def bound(forged: Forged) -> tuple[Line, Line]:
    """The last thing that is said of one that binds and is in no cycle, and its proposal.

    That of the second day.
    """
    dated = forged.all("ValueDated")[-1]
    id = dated["subject"]
    decided = forged.all("GateDecided", obligation=id)
    proposed = forged.one("ObligationProposed", obligation=id)
    return max([dated, *decided], key=forged.entries.index), proposed["body"]


def alone(forged: Forged) -> Line:
    """One that one side alone has said."""
    affirmed = {one["subject"] for one in forged.all("ObligationAffirmed")}
    (line,) = [one for one in forged.all("ObligationProposed") if one["subject"] not in affirmed]
    return line


@forgery("obligations", "obligations.one-sided", "second")
def a_stranger_asks_an_obligation_back(forged: Forged) -> None:
    line, _ = bound(forged)
    ask_back(forged, line, "00000000000000000098")


@forgery("obligations", "obligations.state-wrong", "second")
def one_side_asks_back_twice(forged: Forged) -> None:
    line, said = bound(forged)
    ask_back(forged, ask_back(forged, line, said["debtor"]), said["debtor"])


@forgery("obligations", "obligations.state-wrong", "first", "own")
def one_side_asks_back_what_does_not_bind(forged: Forged) -> None:
    line = alone(forged)
    ask_back(forged, line, line["body"]["by"])


@forgery("obligations", "obligations.state-wrong", "first", "own")
def one_side_asks_back_what_is_cleared(forged: Forged) -> None:
    id = forged.one("ObligationCleared")["subject"]
    said = forged.one("ObligationProposed", obligation=id)["body"]
    funded = forged.one("CycleFunded")
    body = {"obligation": id, "by": said["debtor"], "until": None}
    placed(forged, forged.insert(funded, "RescissionAsked", id, **body))


@forgery("obligations", "obligations.one-sided", "second")
def one_side_takes_back_what_binds(forged: Forged) -> None:
    line, said = bound(forged)
    take_back(forged, line, said["debtor"])


@forgery("obligations", "obligations.one-sided", "second")
def the_side_that_asked_takes_back_for_the_other(forged: Forged) -> None:
    line, said = bound(forged)
    take_back(forged, ask_back(forged, line, said["debtor"]), said["debtor"])


@forgery("obligations", "obligations.one-sided", "first", "own")
def the_other_side_takes_back_a_proposal(forged: Forged) -> None:
    line = alone(forged)
    sides = {line["body"]["debtor"], line["body"]["creditor"]}
    take_back(forged, line, (sides - {line["body"]["by"]}).pop())


@forgery("obligations", "obligations.state-wrong", "second")
def an_obligation_is_taken_back_twice(forged: Forged) -> None:
    line, said = bound(forged)
    asked = ask_back(forged, line, said["debtor"])
    take_back(forged, take_back(forged, asked, said["creditor"]), said["creditor"])


@forgery("obligations", "obligations.state-wrong")
def an_obligation_is_taken_back_that_was_never_there(forged: Forged) -> None:
    line = alone(forged)
    id = derived("obl", line["body"]["creditor"], "never")
    forged.insert(line, "ObligationRescinded", id, obligation=id, by=line["body"]["by"])


@forgery("obligations", "obligations.state-wrong", "first", "own")
def what_is_cleared_is_taken_back(forged: Forged) -> None:
    """By both sides, the first of whom asked in time."""
    dated = forged.one("ValueDated", obligation=forged.one("ObligationCleared")["subject"])
    said = forged.one("ObligationProposed", obligation=dated["subject"])["body"]
    ask_back(forged, dated, said["debtor"])
    funded, id = forged.one("CycleFunded"), said["obligation"]
    taken = forged.insert(funded, "ObligationRescinded", id, obligation=id, by=said["creditor"])
    placed(forged, taken)


@forgery("obligations", "obligations.state-wrong", "first", "own")
def what_was_taken_back_is_cleared(forged: Forged) -> None:
    dated = forged.one("ValueDated", obligation=forged.one("ObligationCleared")["subject"])
    said = forged.one("ObligationProposed", obligation=dated["subject"])["body"]
    take_back(forged, ask_back(forged, dated, said["debtor"]), said["creditor"])


@forgery("obligations", "obligations.state-wrong", "second")
def what_was_taken_back_is_affirmed(forged: Forged) -> None:
    _, said = bound(forged)
    take_back(forged, forged.one("ObligationProposed", obligation=said["obligation"]), said["by"])


@forgery("obligations", "obligations.id-wrong")
def what_was_taken_back_is_proposed_again(forged: Forged) -> None:
    line = alone(forged)
    taken = take_back(forged, line, line["body"]["by"])
    forged.insert(taken, "ObligationProposed", line["subject"], **line["body"])


@forgery("gate", "gate.not-clear")
def the_gate_held_what_was_cleared(forged: Forged) -> None:
    id = forged.one("ObligationCleared")["body"]["obligation"]
    forged.all("GateDecided", obligation=id)[-1]["body"]["verdict"] = "hold"


@forgery("gate", "gate.not-clear")
def the_gate_looked_on_another_day(forged: Forged) -> None:
    """What it said when the cycle was cleared is left out: what it said at intake is too old."""
    cleared = forged.one("ObligationCleared")
    decided = forged.all("GateDecided", obligation=cleared["body"]["obligation"])
    then = [one for one in decided if one["recorded_at"] == cleared["recorded_at"]]
    assert 0 < len(then) < len(decided)
    for one in then:
        forged.entries.remove(one)


@forgery("gate", "gate.not-clear", "second")
def the_gate_says_no_before_the_release(forged: Forged) -> None:
    anchored = forged.one("HeadAnchored")
    before = forged.entries[forged.entries.index(anchored) - 1]
    cycle = anchored["body"]["cycle"]
    for line in forged.members["opening"]:
        said = json.loads(line["line"])
        if said.get("cycle") == cycle and said["standing"] == "obligation":
            body = {"obligation": said["obligation"], "verdict": "deny"}
            day = {"findings": [], "settles_on": "2026-03-03"}
            forged.insert(before, "GateDecided", said["obligation"], **body, **day)
            return


@forgery("valuation", "valuation.units-wrong", "first")
def an_invoice_is_of_another_amount_than_was_cleared(forged: Forged) -> None:
    id = forged.one("ObligationCleared", rate="")["body"]["obligation"]
    body = forged.one("ObligationProposed", obligation=id)["body"]
    body["units"] = str(int(body["units"]) + 1)


@forgery("valuation", "valuation.units-wrong", "first", "own")
def an_invoice_in_dollars_is_of_another_amount(forged: Forged) -> None:
    body = forged.one("ObligationProposed", asset="USD")["body"]
    body["units"] = str(int(body["units"]) + 1)


@forgery("valuation", "valuation.rate-wrong")
def dollars_are_valued_at_the_rate_of_euros(forged: Forged) -> None:
    rate = forged.one("RateFixed", quote="EUR")["body"]["rate"]
    valued(forged)["rate"] = rate


@forgery("valuation", "valuation.rate-wrong")
def dollars_are_taken_for_bitcoin(forged: Forged) -> None:
    valued(forged)["rate"] = ""


@forgery("valuation", "valuation.rate-unknown", "first")
def dollars_are_valued_at_no_rate(forged: Forged) -> None:
    valued(forged)["rate"] = "rat_00000000000000000000000000"


def valued(forged: Forged) -> Line:
    """The obligation that was valued at a rate."""
    (line,) = [one for one in forged.all("ObligationCleared") if one["body"]["rate"]]
    body: Line = line["body"]
    return body


# --- clearing


def lines_of(forged: Forged) -> list[Line]:
    """What became of the obligations of the first cycle."""
    cycle = forged.one("CycleOpened")["body"]["cycle"]
    return [one["body"] for one in forged.all("ObligationCleared", cycle=cycle)]


def recleared(forged: Forged) -> None:
    """Let the totals say what the lines come to."""
    for total in forged.all("CycleCleared"):
        lines = forged.all("ObligationCleared", cycle=total["body"]["cycle"])
        total["body"]["set_off"] = str(sum(int(one["body"]["set_off"]) for one in lines))


def set_off(body: Line, units: int) -> None:
    body["set_off"] = str(units)
    body["remaining"] = str(int(body["units"]) - units)


@forgery("gate", "gate.not-asked")
def the_gate_is_not_asked_of_what_is_left_out(forged: Forged) -> None:
    """Of an invoice of before the cycle, which both sides have said."""
    affirmed = forged.one("ObligationAffirmed")
    like = forged.one("ObligationProposed", obligation=affirmed["subject"])["body"]
    reference = "left out"
    id = derived("obl", like["creditor"], reference)
    proposed = {**like, "obligation": id, "reference": reference}
    other = ({like["debtor"], like["creditor"]} - {like["by"]}).pop()
    new = placed(forged, forged.insert(affirmed, "ObligationProposed", id, **proposed))
    placed(forged, forged.insert(new, "ObligationAffirmed", id, obligation=id, by=other))


@forgery("gate", "gate.left-out")
def a_debt_is_left_out_of_its_cycle(forged: Forged) -> None:
    """The gate let it pass."""
    the_gate_is_not_asked_of_what_is_left_out(forged)
    id = forged.one("ObligationProposed", reference="left out")["subject"]
    opened = forged.entries.index(forged.one("CycleOpened"))
    decided = [one for one in forged.entries[:opened] if one["kind"] == "GateDecided"][-1]
    forged.insert(decided, "GateDecided", id, **{**decided["body"], "obligation": id})


@forgery("gate", "gate.not-clear")
def the_gate_is_not_asked_again_before_it_is_paid(forged: Forged) -> None:
    opened = forged.entries.index(forged.one("CycleOpened"))
    anchored = forged.entries.index(forged.one("HeadAnchored"))
    for one in forged.entries[opened:anchored]:
        if one["kind"] == "GateDecided":
            forged.entries.remove(one)


@forgery("set-off", "set-off.not-conserved", "first", "own")
def a_satoshi_less_of_ones_debts_is_set_off(forged: Forged) -> None:
    """In part only, so that the labels ask for nothing."""
    partly = next(one for one in lines_of(forged) if 0 < int(one["set_off"]) < int(one["units"]))
    set_off(partly, int(partly["set_off"]) - 1)
    recleared(forged)


@forgery("set-off", "set-off.line-wrong")
def a_satoshi_is_neither_set_off_nor_left(forged: Forged) -> None:
    line = next(one for one in lines_of(forged) if int(one["remaining"]))
    line["remaining"] = str(int(line["remaining"]) - 1)


@forgery("set-off", "set-off.totals-wrong")
def the_cycle_boasts(forged: Forged) -> None:
    body = forged.one("CycleCleared")["body"]
    body["set_off"] = str(int(body["set_off"]) + 1)


@forgery("optimality", "optimality.not-greatest")
def a_circle_is_left(forged: Forged) -> None:
    """Nothing at all is set off: it conserves, and is not the most."""
    for line in lines_of(forged):
        set_off(line, 0)
    recleared(forged)


@forgery("optimality", "optimality.not-greatest")
def a_label_is_another(forged: Forged) -> None:
    cycle = forged.one("CycleCleared")["body"]["cycle"]
    party = forged.one("ObligationProposed", obligation=lines_of(forged)[0]["obligation"])
    for line in forged.members["labels"]:
        said = json.loads(line["line"])
        if line["cycle"] == cycle and said["participant"] == party["body"]["debtor"]:
            said["label"] = str(int(said["label"]) + 7)
            line["line"] = canonical(said)


@forgery("optimality", "optimality.labels-differ")
def labels_are_not_those_that_were_committed_to(forged: Forged) -> None:
    def other(done: Forged) -> None:
        done.members["labels"][0]["salt"] = "00" * 32

    forged.after = other


@forgery("optimality", "optimality.label-repeated")
def somebody_has_two_labels(forged: Forged) -> None:
    line = forged.members["labels"][0]
    forged.members["labels"].insert(0, {**line, "salt": "11" * 32})


@forgery("optimality", "optimality.label-missing")
def somebody_has_no_label(forged: Forged) -> None:
    forged.members["labels"].pop(0)


@forgery("optimality", "optimality.labels-differ", "own")
def ones_own_label_is_another_than_was_committed_to(forged: Forged) -> None:
    line = forged.members["labels"][0]
    said = json.loads(line["line"])
    said["label"] = str(int(said["label"]) + 1)
    line["line"] = canonical(said)


@forgery("positions", "positions.differ", "first", "own")
def a_position_is_a_satoshi_higher(forged: Forged) -> None:
    cycle = forged.one("CycleOpened")["body"]["cycle"]
    body = forged.one("PositionStruck", cycle=cycle)["body"]
    body["units"] = str(int(body["units"]) + 1)


@forgery("positions", "positions.differ")
def a_pay_out_goes_to_the_thief(forged: Forged) -> None:
    """Released, stated, signed, paid and mined: all is as it should be, but for the address."""
    planned = forged.one("PayOutPlanned")["body"]
    script = THIEFS
    old = forged_script(planned["address"])
    planned["address"] = script.address({"bech32": "bcrt"})
    forged.release_again()

    def pay(made: Transaction) -> None:
        for out in made.vout:
            if out.script_pubkey.data == old:
                out.script_pubkey = script

    forged.rebatch(pay)


@forgery("positions", "positions.differ")
def a_debtor_is_called_for_less(forged: Forged) -> None:
    """In the second cycle, for which nobody has paid in yet."""
    body = forged.all("PayInCalled")[-1]["body"]
    body["units"] = str(int(body["units"]) - 1)


def forged_script(address: str) -> bytes:
    return script_of(address, "regtest")


# --- the timetable, and caps


def scheduled(forged: Forged, **changed: str) -> None:
    """Let the first cycle have a timetable, which takes everything."""
    opened = forged.one("CycleOpened")
    now, cycle = opened["recorded_at"], opened["body"]["cycle"]
    late = now.replace("2026", "2027", 1)
    body = {"cycle": cycle, "cycle_kind": "daily", "value_date": "2026-03-03", "cut_off": now}
    body |= {"rescission": now, "pay_in": now, "pay_in_revised": now}
    body |= {"settlement": late, "close": late, "tzdata": "2026f"} | changed
    placed(forged, forged.insert(opened, "CycleScheduled", cycle, **body))


@forgery("schedule", "schedule.value-date-wrong", "first", "own")
def an_obligation_is_given_a_cycle_that_is_over(forged: Forged) -> None:
    """One that is settled in the period: no line of the books tells its value date."""
    obligation = forged.one("ObligationCleared")["subject"]
    dated = forged.one("ValueDated", obligation=obligation)
    dated["body"] = {**dated["body"], "cut_off": "2026-03-01T16:30:00.000000Z"}


@forgery("schedule", "schedule.too-early")
def an_obligation_is_cleared_before_its_own_cycle(forged: Forged) -> None:
    scheduled(forged, cycle_kind="noon")


@forgery("schedule", "schedule.two-cut-offs")
def a_cycle_is_cut_off_at_another_time_than_was_said(forged: Forged) -> None:
    scheduled(forged)


@forgery("schedule", "schedule.stages-wrong")
def a_cycle_is_cleared_after_its_settlement(forged: Forged) -> None:
    now = forged.one("CycleOpened")["recorded_at"]
    scheduled(forged, settlement=now, close=now)


def at_noon(forged: Forged) -> tuple[str, str]:
    """Let the first cycle be a noon one; answers when its rescission was over, and a second later.

    What it took was given that cycle a minute before.
    """
    bound = forged.one("ValueDated")["recorded_at"]
    cut_off, over, later = (bound.replace(":00.", f":0{second}.") for second in (1, 2, 3))
    assert bound < cut_off < later < forged.one("CycleOpened")["recorded_at"]
    for line in forged.all("ValueDated"):
        if line["recorded_at"] == bound:
            line["body"] = {**line["body"], "cycle_kind": "noon", "cut_off": cut_off}
    scheduled(forged, cycle_kind="noon", cut_off=cut_off, rescission=over)
    return over, later


def left_out(forged: Forged, *, at: str) -> None:
    """Let both sides have taken back at an instant what the first cycle could have taken."""
    dated = forged.one("ValueDated")
    the_gate_is_not_asked_of_what_is_left_out(forged)
    said = forged.one("ObligationProposed", reference="left out")["body"]
    id = said["obligation"]
    affirmed = forged.one("ObligationAffirmed", obligation=id)
    body = {**dated["body"], "obligation": id}
    placed(forged, forged.insert(affirmed, "ValueDated", id, **body))
    last = [one for one in forged.entries if one["recorded_at"] <= dated["recorded_at"]][-1]
    body = {"obligation": id, "by": said["debtor"], "until": None}
    asked = placed(forged, forged.insert(last, "RescissionAsked", id, **body))
    taken = take_back(forged, asked, said["creditor"])
    asked["recorded_at"] = taken["recorded_at"] = at


@forgery("schedule", "schedule.rescinded-late", "first", "own")
def what_a_cycle_may_take_is_taken_back_at_its_rescission(forged: Forged) -> None:
    over, _ = at_noon(forged)
    left_out(forged, at=over)


@forgery("schedule", "schedule.rescinded-late")
def what_a_cycle_may_take_is_taken_back_after_its_rescission(forged: Forged) -> None:
    _, later = at_noon(forged)
    left_out(forged, at=later)


@forgery("schedule", "schedule.asked-until-wrong", "first", "own")
def the_other_side_is_told_a_later_rescission(forged: Forged) -> None:
    _, later = at_noon(forged)
    dated = forged.one("ValueDated", obligation=forged.one("ObligationCleared")["subject"])
    said = forged.one("ObligationProposed", obligation=dated["subject"])["body"]
    ask_back(forged, dated, said["debtor"], until=later)


@forgery("caps", "caps.needless")
def an_obligation_is_held_back_that_has_room(forged: Forged) -> None:
    opened, cleared = forged.one("CycleOpened"), forged.one("ObligationCleared", rate="")
    id, units = cleared["subject"], cleared["body"]["units"]
    debtor = forged.one("ObligationProposed", obligation=id)["body"]["debtor"]
    body = {"obligation": id, "cycle": opened["body"]["cycle"], "participant": debtor}
    forged.insert(opened, "ObligationHeldBack", id, **body, units=units, room=str(CAP))


# --- the order


@forgery("order", "order.cleared-late")
def a_pay_out_is_planned_to_the_thief_and_then_rightly(forged: Forged) -> None:
    """Released, stated and paid to the thief; what is planned afterwards is what is owed."""
    planned = forged.one("PayOutPlanned")["body"]
    right = dict(planned)
    a_pay_out_goes_to_the_thief(forged)
    settled = forged.all("CycleSettled")[0]
    forged.insert(settled, "PayOutPlanned", right["participant"], **right)


@forgery("order", "order.cleared-late")
def a_debtor_is_called_only_when_all_is_paid(forged: Forged) -> None:
    """Of the second cycle, which then is funded and settled, and nobody has paid."""
    cycle = forged.all("CycleOpened")[1]["body"]["cycle"]
    called = forged.one("PayInCalled", cycle=cycle)
    forged.entries.remove(called)
    funded = forged.insert(forged.entries[-1], "CycleFunded", cycle, cycle=cycle)
    forged.entries.append({**called, "recorded_at": funded["recorded_at"]})


@forgery("order", "order.cleared-twice", "first", "own")
def a_position_is_struck_twice(forged: Forged) -> None:
    line = forged.one("PositionStruck")
    placed(forged, forged.insert(line, "PositionStruck", line["subject"], **line["body"]))


@forgery("order", "order.cycle-wrong")
def a_cycle_is_final_at_no_depth(forged: Forged) -> None:
    """The second, of which nothing has been paid yet."""
    forged.all("CycleOpened")[1]["body"]["depth_final"] = "0"


@forgery("order", "order.cycle-wrong")
def a_cycle_has_no_name(forged: Forged) -> None:
    body = {**forged.all("CycleOpened")[0]["body"], "cycle": ""}
    forged.insert(forged.all("CycleSettled")[0], "CycleOpened", "", **body)
    opened = forged.one("CycleOpened", cycle="")
    funded = forged.insert(opened, "CycleFunded", "", cycle="")
    done = {"txid": "", "block": "", "height": "0", "depth": "0", "depth_final": "6", "rules": []}
    forged.insert(funded, "CycleSettled", "", cycle="", **done)


# --- what is given up


@forgery("order", "order.step-wrong", "withdrawn")
def what_nobody_was_asked_for_is_given_up(forged: Forged) -> None:
    """They are asked afterwards, to sign what pays nobody."""
    forged.entries.remove(forged.one("SignatureAsked"))


@forgery("order", "order.step-wrong", "withdrawn", also=["people"])
def it_is_given_up_again(forged: Forged) -> None:
    before = forged.one("BatchGivenUp")
    forged.insert(before, before["kind"], before["subject"], **before["body"])


@forgery("people", "people.not-ordered", "withdrawn")
def another_reason_was_agreed_on(forged: Forged) -> None:
    forged.one("BatchGivenUp")["body"]["reason"] = "none"


@forgery(
    "order",
    "order.step-wrong",
    "withdrawn",
    also=["discharges", "unwinding", "obligations", "set-off", "positions", "deposits"],
)
def what_was_given_up_is_settled(forged: Forged) -> None:
    """All it owes should have been discharged, and nothing of it be unwound and cleared again."""
    forged.one("BatchWithdrawn")["kind"] = "CycleSettled"


@forgery("order", "order.step-wrong", "withdrawn", also=["statement", "batch", "gate", "payments"])
def a_batch_is_withdrawn_that_nobody_gave_up(forged: Forged) -> None:
    """Though the very batch that pays nobody: it does not pay what the cycle owes then."""
    at = forged.entries.index(forged.one("BatchGivenUp"))
    kinds = [one["kind"] for one in forged.entries[at - 4 : at]]
    assert kinds == ["CommandGiven", "ProposalMade", "CommandGiven", "ProposalApproved"]
    del forged.entries[at - 4 : at + 1]


@forgery("order", "order.step-wrong", "withdrawn", also=["payments"])
def it_is_unwound_before_what_was_signed_can_be_paid_no_more(forged: Forged) -> None:
    forged.entries.remove(forged.one("BatchWithdrawn"))


@forgery("statement", "statement.differs", "withdrawn")
def the_signers_were_told_that_somebody_is_paid(forged: Forged) -> None:
    """What was given up, as the cycle had it."""
    paid = {"participant": "0" * 20, "address": "bcrt1q" + "q" * 38, "units": "2000000"}
    forged.state(lambda said: said["pay_outs"].append(paid))


@forgery("payments", "payments.not-final", "withdrawn")
def it_is_withdrawn_before_that_is_final(forged: Forged) -> None:
    forged.one("BatchWithdrawn")["body"]["depth"] = "1"


@forgery("unwinding", "unwinding.needless", "withdrawn")
def less_was_stopped_of_it_than_the_gate_did(forged: Forged) -> None:
    unwound(forged)["body"]["stopped"] = "0"


# --- settlement


@forgery("order", "order.step-wrong")
def one_is_called_late_who_owes_nothing(forged: Forged) -> None:
    called = forged.all("PayInCalled")[-1]
    body = {"cycle": called["body"]["cycle"], "participant": called["subject"]}
    body |= {"units": "1", "due_at": "2026-01-01T00:00:00.000000Z"}
    forged.insert(forged.entries[-1], "PayInOverdue", called["subject"], **body)


@forgery("order", "order.step-wrong")
def a_batch_is_signed_before_all_is_paid_in(forged: Forged) -> None:
    forged.entries.remove(forged.one("CycleFunded"))


@forgery("order", "order.step-wrong")
def a_batch_is_confirmed_that_was_never_sent(forged: Forged) -> None:
    forged.entries.remove(forged.one("BatchBroadcast"))


@forgery("order", "order.step-wrong")
def the_institutions_are_asked_before_the_release(forged: Forged) -> None:
    """Two people release it, but only once it was signed."""
    released = forged.one("CycleReleased")
    start = forged.entries.index(released) - 2  # the approval's command, and the approval
    moving = forged.entries[start : start + 3]
    assert [one["kind"] for one in moving] == ["CommandGiven", "ProposalApproved", "CycleReleased"]
    del forged.entries[start : start + 3]
    at = forged.entries.index(forged.one("SignatureAsked")) + 1
    forged.entries[at:at] = moving


@forgery("release", "release.digest-wrong")
def other_pay_outs_were_released(forged: Forged) -> None:
    forged.one("CycleReleased")["body"]["digest"] = "ab" * 32
    order = ordered(forged, "ReleaseCycle")
    forged.order(order, lambda said: said["body"].update(digest="ab" * 32))
    forged.sign_people()


@forgery("statement", "statement.signature-wrong", "first", "second")
def a_thief_signs_the_statement(forged: Forged) -> None:
    forged.keys.statements = THIEF


@forgery("statement", "statement.differs", "first", "second")
def the_signers_were_told_another_thing(forged: Forged) -> None:
    forged.state(lambda said: said["pay_outs"].pop())


@forgery("statement", "statement.differs")
def the_signers_were_told_of_another_head(forged: Forged) -> None:
    forged.state(lambda said: said.update(anchor="00" * 32))
    forged.chooses_anchor = False


@forgery("anchor", "anchor.head-wrong", "first", "second")
def the_batch_carries_the_head_of_another_history(forged: Forged) -> None:
    body = forged.one("HeadAnchored")["body"]
    old = Checkpoint(body["origin"], int(body["size"]), bytes.fromhex(body["root"])).anchor
    body["root"] = "ab" * 32
    new = Checkpoint(body["origin"], int(body["size"]), bytes.fromhex(body["root"])).anchor
    forged._carry(old, new)
    forged.chooses_anchor = False


def change_of(forged: Forged, made: Transaction) -> TransactionOutput:
    """The output of the batch that goes back to the vault."""
    scripts = {one["body"]["script"] for one in forged.all("VaultAddressGiven", is_change=True)}
    for line in forged.members.get("opening", []):
        said = json.loads(line["line"])
        if said["standing"] == "cycle":
            scripts.add(said["change"])
    (found,) = [out for out in made.vout if out.script_pubkey.data.hex() in scripts]
    return found


@forgery("batch", "batch.outputs-wrong", "first", "second", also=["ledger"])
def the_batch_pays_the_thief_out_of_the_change(forged: Forged) -> None:
    def steal(made: Transaction) -> None:
        change = change_of(forged, made)
        change.value -= 5_000
        made.vout.append(TransactionOutput(5_000, THIEFS))

    forged.rebatch(steal)


@forgery("batch", "batch.outputs-wrong", also=["ledger"])
def the_change_goes_to_the_thief(forged: Forged) -> None:
    def steal(made: Transaction) -> None:
        change_of(forged, made).script_pubkey = THIEFS

    forged.rebatch(steal)


@forgery("batch", "batch.outputs-wrong")
def the_batch_carries_no_head(forged: Forged) -> None:
    def drop(made: Transaction) -> None:
        made.vout = [out for out in made.vout if out.value]

    forged.rebatch(drop)
    forged.chooses_anchor = False


@forgery("batch", "batch.txid-wrong")
def the_batch_is_called_by_anothers_name(forged: Forged) -> None:
    """Everywhere but in the transaction itself; another is shown in its block."""
    kept = forged.one("BatchKept")["body"]
    kept["raw"] = kept["raw"][:-8] + "01000000"  # a lock time


@forgery("batch", "batch.another-signed")
def another_batch_is_kept_than_was_signed(forged: Forged) -> None:
    forged.one("BatchSigned")["body"]["txid"] = "ab" * 32


@forgery("batch", "batch.fee-wrong", also=["ledger"])
def the_fee_is_another_than_the_books_say(forged: Forged) -> None:
    for body in (forged.one("BatchKept")["body"], forged.one("BatchSigned")["body"]):
        body["fee"] = str(int(body["fee"]) + 1)
    fee = forged.transfer("network_fee")["body"]
    fee["units"] = str(int(fee["units"]) + 1)


@forgery("batch", "batch.coin-unknown", "first", "second", also=["ledger"])
def the_batch_spends_a_coin_that_the_books_do_not_know(forged: Forged) -> None:
    def spend(made: Transaction) -> None:
        made.vin[0].txid = b"\xab" * 32

    forged.rebatch(spend)


@forgery("batch", "batch.coin-set-aside", "first", also=["ledger"])
def the_batch_spends_a_coin_that_was_set_aside(forged: Forged) -> None:
    """It pays the float all the same."""
    forged.transfer("funding")["body"]["code"] = "quarantine"


# --- where coins came from


def source_of(forged: Forged, code: str) -> Line:
    """The entry that says where a coin came from which was booked so."""
    coin = forged.transfer(code)["body"]["cause"]
    found = forged.all("RecordEntered", register="coin_source")
    return next(one for one in found if one["body"]["key"].startswith(coin))


@forgery("sources", "sources.missing", "first", "own")
def nobody_looked_who_paid_in(forged: Forged) -> None:
    """It is said of another coin."""
    line = source_of(forged, "pay_in")
    coin = forged.transfer("pay_in")["body"]["cause"]
    for name in ("body", "key"):
        line["body"][name] = line["body"][name].replace(coin, "ab" * 32 + ":0")


@forgery("sources", "sources.missing", "first")
def nobody_looked_who_filled_the_float(forged: Forged) -> None:
    forged.entries.remove(source_of(forged, "funding"))


@forgery("sources", "sources.missing", "first")
def who_has_paid_is_said_to_have_paid_for_another(forged: Forged) -> None:
    line = source_of(forged, "funding")
    body = json.loads(line["body"]["body"]) | {"participant": "a stranger"}
    line["body"]["body"], line["subject"] = canonical(body), "a stranger"


@forgery("sources", "sources.missing", "first")
def it_was_looked_who_paid_after_the_coin_was_booked(forged: Forged) -> None:
    line, booked = source_of(forged, "funding"), forged.transfer("funding")
    forged.entries.remove(line)
    forged.entries.insert(forged.entries.index(booked) + 1, line)


# --- the chain


@forgery("headers", "headers.work-missing", "first", "second", "own")
def a_block_has_no_work(forged: Forged) -> None:
    forged.headers[-1] = mined(forged.headers[-1], works=False)


@forgery("headers", "headers.difficulty-wrong", "first", "own")
def a_block_was_easier_than_the_rules_ask(forged: Forged) -> None:
    easy = (0x207FFFFE).to_bytes(4, "little")
    forged.headers[-1] = mined(forged.headers[-1][:72] + easy + forged.headers[-1][76:])


@forgery("headers", "headers.another-network", "first", "own")
def the_chain_is_said_to_have_other_rules(forged: Forged) -> None:
    """By which blocks would be cheap."""
    forged.after = lambda done: done.manifest.update(network="signet")


@forgery("headers", "headers.broken", "first")
def a_block_stands_on_another(forged: Forged) -> None:
    header = forged.headers[-1]
    forged.headers[-1] = mined(header[:4] + bytes(32) + header[36:])


@forgery("headers", "headers.not-trusted", "first")
def the_chain_is_another_than_the_reader_trusts(forged: Forged) -> None:
    """From the first block on, which is mined again."""
    header = forged.headers[0]
    forged.headers[0] = mined(header[:68] + (1).to_bytes(4, "little") + header[72:])
    forged.mine(1, forged.headers[1][36:68])


@forgery("blocks", "transaction.not-in-block", "first", "second", "own")
def a_transaction_is_in_no_block(forged: Forged) -> None:
    branch = forged.members["transactions"][0]["branch"]
    branch[0] = "00" * 32


@forgery("blocks", "blocks.header-missing", "first")
def a_transaction_is_in_a_block_that_is_not_there(forged: Forged) -> None:
    """That of no coin that was booked, and of no batch."""
    one = dict(forged.members["transactions"][0])
    made = Transaction.parse(bytes.fromhex(one["raw"]))
    made.locktime = 77
    one.update(raw=made.serialize().hex(), height=str(10**6))
    forged.members["transactions"].append(one)


@forgery("deposits", "deposits.differ", also=["ledger", "batch"])
def more_is_booked_than_came(forged: Forged) -> None:
    """To the house's own float, where nobody asks for it."""
    body = forged.transfer("funding")["body"]
    body["units"] = str(int(body["units"]) + 1)


@forgery("deposits", "deposits.booked-twice", "second", also=["ledger", "sources"])
def a_coin_is_booked_again_on_the_next_day(forged: Forged) -> None:
    """To the house's fund for network fees, whose vault is said to hold so much more."""
    _, coin = first_line(forged, "coin")
    accounts = [first_line(forged, "account", kind=kind)[1] for kind in ("vault", "fees")]
    sides = {"debit": accounts[0]["account"], "credit": accounts[1]["account"]}
    units = {"units": coin["units"], "asset": accounts[0]["asset"]}
    moved(forged, **sides, **units, code="funding", cause=coin["outpoint"])


@forgery("discharges", "discharges.without-step")
def units_are_discharged_that_nobody_owes(forged: Forged) -> None:
    """They come from a position in clearing, which may stand on either side."""
    who = owner_of(forged)
    sides = {
        "debit": forged.account(who, "in_clearing"),
        "credit": forged.account(who, "available"),
    }
    moved(forged, **sides, code="discharge", cause="case", units="100000000000")


@forgery("ledger", "ledger.vault-differs", "second")
def the_vault_is_said_to_have_another_coin(forged: Forged) -> None:
    coin = {"standing": "coin", "outpoint": f"{'ab' * 32}:0", "units": "5000"}
    forged.members["opening"].append({"line": canonical(coin), "salt": "ab" * 32})


@forgery("deposits", "deposits.differ")
def a_coin_is_booked_at_another_time(forged: Forged) -> None:
    line = forged.transfer("funding")
    line["body"]["occurred_at"] = "2026-03-01T00:00:00.000000Z"


@forgery("deposits", "deposits.another-owner")
def a_coin_is_booked_to_somebody_else(forged: Forged) -> None:
    """The house's fund for network fees has one that came to a participant's address."""
    line = forged.one("VaultAddressGiven", is_change=False, participant=None)
    line["subject"] = line["body"]["participant"] = owner_of(forged)


@forgery("deposits", "deposits.call-wrong", "first", "own")
def a_pay_in_is_called_at_the_thiefs_address(forged: Forged) -> None:
    """The last one, to which nothing was paid yet."""
    body = forged.all("PayInCalled")[-1]["body"]
    body["address"] = THIEFS.address({"bech32": "bcrt"})


@forgery("deposits", "deposits.call-wrong", "first")
def a_pay_in_is_called_at_an_address_of_before(forged: Forged) -> None:
    """The debtor's own, from the cycle before."""
    first, *_, last = forged.all("PayInCalled", participant=owner_of(forged))
    last["body"]["address"] = first["body"]["address"]


@forgery("deposits", "deposits.call-wrong", "first")
def a_pay_in_is_called_at_anothers_address(forged: Forged) -> None:
    line = forged.one("VaultAddressGiven", address=forged.one("PayInCalled")["body"]["address"])
    other = next(
        one["subject"] for one in admitted(forged) if one["subject"] != line["body"]["participant"]
    )
    line["subject"] = line["body"]["participant"] = other


@forgery("deposits", "deposits.address-wrong")
def an_address_is_given_out_twice(forged: Forged) -> None:
    line = forged.one("VaultAddressGiven", is_change=False)
    forged.insert(line, "VaultAddressGiven", line["subject"], **line["body"])


@forgery("deposits", "deposits.address-wrong")
def an_address_is_not_of_its_script(forged: Forged) -> None:
    """One that no coin came to."""
    forged.all("VaultAddressGiven")[-1]["body"]["script"] = "0014" + "ab" * 20


@forgery("deposits", "deposits.pay-in-wrong", "first", "own")
def a_coin_counts_twice_for_a_pay_in(forged: Forged) -> None:
    body = forged.one("PayInFinal")["body"]
    body["outpoints"] = body["outpoints"] * 2
    body["units"] = str(int(body["units"]) * 2)


@forgery("deposits", "deposits.not-shown", "first", also=["ledger", "batch"])
def a_coin_is_booked_that_never_came(forged: Forged) -> None:
    outpoint = f"{'ab' * 32}:0"
    line = forged.transfer("funding")
    line["body"]["cause"] = outpoint
    line["subject"] = line["body"]["transfer"] = derived("tfr", "deposit", outpoint)


@forgery("deposits", "deposits.pay-in-wrong", "first", "own")
def a_pay_in_is_called_final_at_a_depth_that_it_has_not(forged: Forged) -> None:
    forged.one("PayInFinal")["body"].update(depth="100000", depth_final="100000")


@forgery("deposits", "deposits.pay-in-wrong", "first", "own")
def a_pay_in_is_called_final_with_less(forged: Forged) -> None:
    body = forged.one("PayInFinal")["body"]
    body["units"] = str(int(body["units"]) - 1)


@forgery("payments", "payments.not-final", "first", "second", "own")
def a_batch_is_not_deep_enough(forged: Forged) -> None:
    settled = forged.all("CycleSettled")[-1]["body"]
    keep = int(settled["height"]) + int(settled["depth_final"]) - 1
    del forged.headers[keep - int(forged.manifest["headers_from"]) :]


@forgery("payments", "payments.another-block", "first", "second")
def a_batch_is_said_to_be_in_another_block(forged: Forged) -> None:
    forged.one("CycleSettled")["body"]["block"] = "00" * 32


@forgery("payments", "payments.books-differ", also=["ledger"])
def the_books_say_that_somebody_was_paid_less(forged: Forged) -> None:
    body = forged.transfer("pay_out")["body"]
    body["units"] = str(int(body["units"]) - 1)


@forgery("payments", "payments.books-differ", also=["ledger"])
def somebody_is_paid_again_by_the_same_batch(forged: Forged) -> None:
    who, txid = owner_of(forged), forged.all("CycleSettled")[0]["body"]["txid"]
    vault = forged.account("house", "vault")
    sides = {"debit": forged.account(who, "available"), "credit": vault}
    moved(forged, **sides, code="pay_out", cause=txid)


@forgery("payments", "payments.without-batch", also=["ledger"])
def somebody_is_paid_by_no_batch(forged: Forged) -> None:
    who = owner_of(forged)
    vault = forged.account("house", "vault")
    sides = {"debit": forged.account(who, "available"), "credit": vault}
    moved(forged, **sides, code="pay_out", cause="ab" * 32)


@forgery("discharges", "discharges.differ", "first", "own")
def a_debt_is_discharged_for_another_cycle(forged: Forged) -> None:
    free = forged.account(owner_of(forged), "available")
    body = forged.one("TransferRecorded", code="discharge", debit=free)["body"]
    body["cause"] = "cyc_00000000000000000000000000"


@forgery("discharges", "discharges.differ", "first", "creditor")
def a_claim_is_discharged_for_another_cycle(forged: Forged) -> None:
    opened = forged.all("AccountOpened", account_kind="in_clearing")
    positions = {one["body"]["account"] for one in opened}
    found = [one["body"] for one in forged.all("TransferRecorded", code="discharge")]
    given = [body for body in found if body["debit"] in positions]
    given[0]["cause"] = "cyc_00000000000000000000000000"


@forgery("discharges", "discharges.differ")
def a_debt_stays_open(forged: Forged) -> None:
    """By a satoshi, which its debtor keeps."""
    free = forged.account(owner_of(forged), "available")
    body = forged.one("TransferRecorded", code="discharge", debit=free)["body"]
    body["units"] = str(int(body["units"]) - 1)


@forgery("payments", "payments.not-shown", "first", "own")
def a_batch_is_not_shown(forged: Forged) -> None:
    txid = forged.one("CycleSettled")["body"]["txid"]
    forged.members["transactions"] = [
        one
        for one in forged.members["transactions"]
        if Transaction.parse(bytes.fromhex(one["raw"])).txid().hex() != txid
    ]


@forgery("payments", "payments.output-missing", "creditor")
def ones_pay_out_is_no_output_of_the_batch(forged: Forged) -> None:
    """The batch is another, which pays the thief; it is mined in the place of the old one."""
    planned = forged.one("PayOutPlanned")["body"]
    paid = forged_script(planned["address"])
    txid = forged.one("CycleSettled")["body"]["txid"]
    for one in forged.members["transactions"]:
        made = Transaction.parse(bytes.fromhex(one["raw"]))
        if made.txid().hex() == txid:
            for out in made.vout:
                if out.script_pubkey.data == paid:
                    out.script_pubkey = THIEFS
            forged.swap_text(one["raw"], raw := made.serialize().hex())
            forged._follow_batch(raw, txid, made.txid().hex())
            return


@forgery("payments", "payments.cycle-unknown", "own-second", also=["discharges"])
def a_cycle_is_settled_that_was_not_opened(forged: Forged) -> None:
    settled = forged.one("CycleSettled")["body"]
    forged.entries.remove(forged.one("CycleOpened", cycle=settled["cycle"]))
    forged.entries.remove(forged.one("PayInFinal"))


@forgery("positions", "positions.differ", "creditor")
def ones_pay_out_is_planned_to_the_thief(forged: Forged) -> None:
    """And the batch pays just that."""
    ones_pay_out_is_no_output_of_the_batch(forged)
    planned = forged.one("PayOutPlanned")["body"]
    planned["address"] = THIEFS.address({"bech32": "bcrt"})


# --- one participant's


@forgery("accounts", "accounts.not-committed", "own")
def ones_balance_is_another_than_was_committed_to(forged: Forged) -> None:
    closing = [one for one in forged.members["accounts"] if one["at"] == "closing"]
    line = next(one for one in closing if '"standing":"account"' in one["line"])
    said = json.loads(line["line"])
    said["balance"] = str(int(said["balance"]) + 1)
    line["line"] = canonical(said)


@forgery("payments", "payments.without-batch", "creditor", also=["discharges"])
def a_batch_that_paid_one_is_not_shown(forged: Forged) -> None:
    """But the books say what it paid."""
    forged.entries.remove(forged.one("CycleSettled"))


@forgery("told", "told.differs", "own-second", also=["discharges"])
def an_account_of_ones_own_is_kept_back(forged: Forged) -> None:
    """One that has nothing."""
    lines = forged.members["accounts"]
    empty = [one for one in lines if '"balance":"0"' in one["line"]]
    for one in lines[:]:
        if json.loads(one["line"]).get("account") == json.loads(empty[-1]["line"])["account"]:
            lines.remove(one)


@forgery("told", "told.differs", "own", "creditor")
def an_entry_of_ones_own_is_kept_back(forged: Forged) -> None:
    """One that no sum lacks."""
    first = int(forged.manifest["first"])
    mine = [one for one in forged.entries if int(one["position"]) >= first]
    forged.entries.remove(next(one for one in mine if is_uncounted(one)))
    forged.tells = False


def is_uncounted(line: Line) -> bool:
    if line["kind"] == "RecordEntered":
        return bool(line["body"]["register"] == "licence")
    return bool(line["kind"] == "ObligationProposed")


@forgery("accounts", "accounts.another-owner", "own")
def anothers_account_is_shown(forged: Forged) -> None:
    """It is one of the house's, with a proof."""
    assert forged.whole is not None
    lines = forged.whole.members["standing"]
    line, _ = first_line(forged.whole, "account", kind="fees")
    leaves = [merkle.leaf_hash(bytes.fromhex(one["salt"]) + one["line"].encode()) for one in lines]
    index = lines.index(line)
    proof = merkle.inclusion_proof(merkle.nodes_of(leaves), index, len(lines))
    hashes = [one.hex() for one in proof]
    forged.members["accounts"].append(
        {**line, "at": "closing", "index": str(index), "proof": hashes}
    )


@forgery("accounts", "accounts.differ", "own")
def a_transfer_is_not_told(forged: Forged) -> None:
    forged.entries.remove(forged.one("TransferRecorded", phase="post"))


# --- cycles that are unwound


def unwound(forged: Forged) -> Line:
    return forged.one("CycleUnwound")


def taken_back(forged: Forged, code: str, who: str = "") -> Line:
    """What takes back a transfer of somebody's; of whoever was listed, if nobody is named."""
    asset = forged.one("CycleOpened")["body"]["asset"]
    account = derived("acc", who or listed(forged), "in_clearing", asset)
    return next(
        one
        for one in forged.all("TransferRecorded", code=code, phase="reverse")
        if account in {one["body"]["debit"], one["body"]["credit"]}
    )


def stopped(forged: Forged) -> Line:
    """What the gate said of the obligation that went out."""
    return forged.all("GateDecided", verdict="deny")[-1]


def listed(forged: Forged) -> str:
    """Who was called to pay in before, and is no more."""
    id = stopped(forged)["subject"]
    for line in forged.members["opening"]:
        said = json.loads(line["line"])
        if said.get("obligation") == id:
            return str(said["debtor"])
    raise AssertionError(id)


def opening_line(forged: Forged, standing: str, **members: str) -> tuple[Line, Line]:
    return first_line(forged, standing, "opening", **members)


@forgery("unwinding", "unwinding.needless", "revised")
def more_was_stopped_than_the_gate_did(forged: Forged) -> None:
    unwound(forged)["body"]["stopped"] = "2"


@forgery("unwinding", "unwinding.needless", "revised", also=["gate"])
def a_cycle_is_unwound_at_will(forged: Forged) -> None:
    """The gate sees that what it let pass then is left out, too."""
    stopped(forged)["body"]["verdict"] = "clear"
    unwound(forged)["body"]["stopped"] = "0"


@forgery("unwinding", "unwinding.not-asked", "revised", also=["gate"])
def the_gate_was_not_asked_of_what_went_out(forged: Forged) -> None:
    forged.entries.remove(stopped(forged))


@forgery("unwinding", "unwinding.not-taken-back", "revised")
def what_was_paid_in_for_it_is_kept(forged: Forged) -> None:
    forged.entries.remove(taken_back(forged, "discharge"))


@forgery("unwinding", "unwinding.not-taken-back", "revised")
def somebody_owes_still_what_is_unwound(forged: Forged) -> None:
    forged.entries.remove(taken_back(forged, "novation"))


@forgery("unwinding", "unwinding.not-taken-back", "revised")
def a_claim_too_small_for_the_chain_is_kept(forged: Forged) -> None:
    (small,) = [
        one
        for one in forged.all("TransferRecorded", code="novation", phase="reverse")
        if int(one["body"]["units"]) < 300
    ]
    forged.entries.remove(small)


@forgery("unwinding", "unwinding.out-of-place")
def a_discharge_is_taken_back_and_nothing_is_unwound(forged: Forged) -> None:
    paid = forged.transfer("discharge")["body"]
    sides = {"debit": paid["credit"], "credit": paid["debit"], "cause": paid["cause"]}
    follows = {"phase": "reverse", "follows": paid["transfer"], "units": paid["units"]}
    moved(forged, **sides, **follows, code="discharge")


@forgery("unwinding", "unwinding.newcomer", "revised")
def an_obligation_enters_that_was_not_in_it(forged: Forged) -> None:
    cycle = unwound(forged)["body"]["by_cycle"]
    id = forged.one("ObligationCleared", cycle=cycle)["subject"]
    line, said = opening_line(forged, "obligation", obligation=id)
    line["line"] = canonical({**said, "cycle": "", "state": "affirmed"})
    forged.members["opening"].sort(key=lambda one: one["line"])


def only_unwound(forged: Forged) -> None:
    """Let nothing have been cleared again."""
    again = unwound(forged)["body"]["by_cycle"]
    begin = forged.entries.index(unwound(forged))
    kept = forged.entries[: begin + 1]
    kept += [
        one
        for one in forged.entries[begin + 1 :]
        if one["kind"] == "TransferRecorded" and one["body"]["phase"] == "reverse"
    ]
    assert any(again in json.dumps(one) for one in forged.entries[begin + 1 :])
    forged.members["entries"] = kept
    forged.members["labels"] = []
    forged.members["transactions"] = []
    forged.members["earlier"] = [
        one for one in forged.members["earlier"] if one["kind"] != "VaultAddressGiven"
    ]


@forgery("unwinding", "unwinding.not-cleared-again", "revised")
def no_cycle_takes_its_place(forged: Forged) -> None:
    only_unwound(forged)


@forgery("unwinding", "unwinding.left-out", "revised")
def what_the_gate_lets_pass_is_not_cleared_again(forged: Forged) -> None:
    only_unwound(forged)
    unwound(forged)["body"]["by_cycle"] = ""


@forgery("unwinding", "unwinding.not-cleared-again", "revised", also=["deposits", "gate"])
def another_cycle_than_was_said_takes_its_place(forged: Forged) -> None:
    """For which all that binds should have been asked, and new addresses given."""
    unwound(forged)["body"]["by_cycle"] = derived("cyc", "another")


@forgery("order", "order.step-wrong", "revised")
def a_cycle_is_unwound_after_signatures_were_asked_for(forged: Forged) -> None:
    line, said = opening_line(forged, "cycle")
    line["line"] = canonical({**said, "asked": True})
    forged.members["opening"].sort(key=lambda one: one["line"])


@forgery("order", "order.step-wrong", "revised")
def a_cycle_is_unwound_that_was_signed(forged: Forged) -> None:
    line, said = opening_line(forged, "cycle")
    line["line"] = canonical({**said, "state": "signed"})
    forged.members["opening"].sort(key=lambda one: one["line"])


@forgery("order", "order.step-wrong", "revised")
def what_was_unwound_is_settled(forged: Forged) -> None:
    id = unwound(forged)["body"]["cycle"]
    body = {"cycle": id, "txid": "", "block": "", "height": "0", "depth": "0", "depth_final": "1"}
    forged.insert(forged.entries[-1], "CycleSettled", id, **body, rules=[])


@forgery("order", "order.cleared-late", "revised", also=["caps"])
def something_is_held_back_from_what_was_unwound_long_ago(forged: Forged) -> None:
    id = unwound(forged)["body"]["cycle"]
    one = forged.one("ObligationProposed")["body"]
    body = {"obligation": one["obligation"], "cycle": id, "participant": one["debtor"]}
    room = {"units": one["units"], "room": "0"}
    forged.insert(forged.entries[-1], "ObligationHeldBack", one["obligation"], **body, **room)


@forgery("deposits", "deposits.call-wrong", "revised")
def two_debtors_are_called_at_each_others_address(forged: Forged) -> None:
    first, second = forged.all("PayInCalled")
    one, two = first["body"], second["body"]
    one["address"], two["address"] = two["address"], one["address"]


@forgery("deposits", "deposits.call-wrong", "revised")
def who_was_listed_lends_its_address(forged: Forged) -> None:
    """And what it paid in would count for another."""
    _, said = opening_line(forged, "pay_in", participant=listed(forged))
    forged.one("PayInCalled")["body"]["address"] = said["address"]


@forgery("books", "books.differ", "revised")
def a_cycle_that_was_unwound_stands_in_the_books(forged: Forged) -> None:
    line, _ = opening_line(forged, "cycle")
    forged.members["standing"].append({**line, "salt": "11" * 32})
    forged.members["standing"].sort(key=lambda one: one["line"])
    forged.closes_books = False
    forged.commit_books()


@forgery("unwinding", "unwinding.not-taken-back", "own-revised")
def a_participant_gets_back_too_late_what_it_paid_in(forged: Forged) -> None:
    """What it paid in for the new one changes places with it."""
    back = taken_back(forged, "discharge", forged.manifest["participant"])
    paid = forged.all("TransferRecorded", code="discharge", phase="single")[-1]
    for name in ("body", "subject"):
        back[name], paid[name] = paid[name], back[name]


@forgery("unwinding", "unwinding.not-taken-back", "own-revised", also=["accounts"])
def a_participant_owes_still_what_is_unwound(forged: Forged) -> None:
    forged.entries.remove(taken_back(forged, "novation", forged.manifest["participant"]))


@forgery("unwinding", "unwinding.out-of-place", "revised", "own-revised")
def what_is_taken_back_was_another_cycles(forged: Forged) -> None:
    who = forged.one("PayInFinal")["body"]["participant"]
    taken_back(forged, "discharge", who)["body"]["cause"] = derived("cyc", "another")


@forgery("unwinding", "unwinding.newcomer", "own-revised")
def an_obligation_of_a_participant_enters_that_was_not_in_it(forged: Forged) -> None:
    forged.entries.remove(forged.one("ObligationCleared", cycle=unwound(forged)["body"]["cycle"]))


@forgery(
    "obligations",
    "obligations.state-wrong",
    "own-revised",
    also=["unwinding", "deposits"],
)
def a_participants_obligation_is_cleared_again_and_nothing_was_unwound(forged: Forged) -> None:
    forged.entries.remove(unwound(forged))
