"""Commands and proposals: one writing, in its time, and each role may do what is written here."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import product
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hands import ADA, BELA, HOUSE

from clearhouse.core import ids
from clearhouse.core.canonical import canonical
from clearhouse.core.command import (
    AGE_MAX,
    AHEAD_MAX,
    BYTES_MAX,
    AcceptEdition,
    Action,
    ActivateRulebook,
    AdmitParticipants,
    Approve,
    Command,
    CommandMalformed,
    CommandStale,
    Decline,
    EnrolPerson,
    EnterRecords,
    EraseDossier,
    FileRecords,
    GiveUpBatch,
    GrantDealing,
    GrantRole,
    RegisterKey,
    ReleaseCycle,
    RevealRecords,
    RevokeKey,
    WithdrawRole,
    need_fresh,
    parse,
)
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import CommandId, CycleId, ParticipantId, PersonId
from clearhouse.core.person import KeyMalformed, NotPermitted, Person, Role
from clearhouse.core.proposal import (
    NEXT,
    PERMITTED,
    DigestDiffers,
    OwnProposal,
    Proposal,
    ProposalClosed,
    ProposalState,
    need_approver,
    need_decliner,
    need_maker,
    need_waiting,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ID = CommandId(ids.derived("cmd", "of the tests"))
LEI = ParticipantId("5493001KJTIIGC8Y1R12")
CYCLE = CycleId(ids.derived("cyc", "of the tests"))
GRANT = GrantRole(BELA.person, "operator")
RIGHT = Command(HOUSE, ID, ADA.person, ADA.public, GRANT, NOW)
TEXT = RIGHT.encode()
KINDS: tuple[type[Action], ...] = get_args(Action)

# Text as UTF-8 can hold it, and PostgreSQL: without NUL and half surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def made(kind: type[Action], said: Mapping[str, Any]) -> Action:
    return kind(**said)


def of_kind(kind: type[Action]) -> st.SearchStrategy[Action]:
    hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
    of: dict[Any, st.SearchStrategy[Any]] = {
        date: st.dates(),
        datetime: instants,
        int: st.integers(0, 10**30),
    }
    hints = get_type_hints(kind)
    drawn = {field.name: of.get(hints[field.name], texts) for field in fields(kind)}
    if kind is EnrolPerson:
        drawn["commitment"] = hashes
    return st.fixed_dictionaries(drawn).map(lambda said: made(kind, said))


instants = st.datetimes(timezones=st.just(UTC))
actions = st.one_of(*map(of_kind, KINDS))


# One writing.


@given(actions, instants, texts)
def test_a_command_is_read_as_it_was_written(action: Action, made_at: datetime, house: str) -> None:
    command = replace(RIGHT, action=action, made_at=made_at, house=house)
    assert parse(command.encode()) == command


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_command_is_read(kind: type[Action]) -> None:
    plain = {date: NOW.date(), datetime: NOW, int: 3}
    hints = get_type_hints(kind)
    said = {field.name: plain.get(hints[field.name], field.name) for field in fields(kind)}
    if kind is EnrolPerson:
        said["commitment"] = "0" * 64
    action = made(kind, said)
    assert parse(replace(RIGHT, action=action).encode()).action == action


def test_the_bytes_of_a_command_stay_as_they_are() -> None:
    """Signatures over this form exist."""
    written = (
        f'{{"body":{{"person":"{BELA.person}","role":"operator"}},"form":"clearhouse.command.1",'
        f'"house":"{HOUSE}","id":"{ID}","key":"{ADA.public}","kind":"GrantRole",'
        f'"made_at":"2026-03-02T10:00:00.000000Z","person":"{ADA.person}"}}'
    )
    assert RIGHT.encode() == written


@given(actions)
def test_a_digest_is_the_sha256_of_the_bytes_that_are_signed(action: Action) -> None:
    command = replace(RIGHT, action=action)
    assert command.digest == sha256(command.encode().encode("utf-8")).hexdigest()


def altered(change: Callable[[dict[str, Any]], object]) -> str:
    written = json.loads(TEXT)
    change(written)
    return canonical(written)


def put(**said: Any) -> Callable[[dict[str, Any]], object]:
    return lambda written: written.update(said)


def body(**said: Any) -> Callable[[dict[str, Any]], object]:
    return lambda written: written["body"].update(said)


def without(name: str) -> str:
    return altered(lambda written: written.pop(name))


def order(reverse: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    return json.dumps(reverse(json.loads(TEXT)), separators=(",", ":"))


def turned(written: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(written.items()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "7",
        "[]",
        '"x"',
        "{}",
        "[" * 10_000,
        '{"a":' * 3_000,
        TEXT[:-1],
        TEXT + "}",
        # Written otherwise.
        TEXT + "\n",
        " " + TEXT,
        TEXT.replace(":", ": "),
        TEXT.replace(",", ", "),
        TEXT.replace("operator", "oper\\u0061tor"),
        order(turned),
        order(lambda written: written | {"body": turned(written["body"])}),
        # A member too many, one too few, one twice.
        altered(put(more="x")),
        altered(body(more="x")),
        altered(lambda written: written["body"].pop("role")),
        *map(without, json.loads(TEXT)),
        TEXT.replace("{", '{"form":"clearhouse.command.1",', 1),
        TEXT.replace('"role":', '"role":"auditor","role":'),
        # Of another type.
        *(altered(put(**{name: 7})) for name in json.loads(TEXT)),
        *(altered(put(**{name: None})) for name in json.loads(TEXT)),
        altered(put(body=[])),
        altered(put(body="x")),
        altered(body(role=7)),
        altered(body(role=None)),
        altered(body(role=True)),
        altered(body(role=["operator"])),
        altered(body(role={"operator": ""})),
        TEXT.replace('"operator"', "NaN"),
        # Of another form.
        altered(put(form="clearhouse.command.2")),
        altered(put(form="clearhouse.founding.1")),
        altered(put(form="")),
        altered(put(kind="grantrole")),
        altered(put(kind="GrantRole ")),
        altered(put(kind="Command")),
        altered(put(kind="")),
        altered(put(kind="Approve")),  # with the body of another kind
        altered(put(id=ADA.person)),
        altered(put(id=HOUSE)),
        altered(put(id="")),
        altered(put(id=ID[:-1])),
        altered(put(id=ID.lower())),
        altered(put(id=ID + "\n")),
        altered(put(person=ID)),
        altered(put(person=HOUSE)),
        altered(put(person="Ada")),
        altered(put(made_at="")),
        altered(put(made_at="2026-03-02")),
        altered(put(made_at="2026-03-02T10:00:00Z")),
        altered(put(made_at="2026-03-02T10:00:00.000000")),
        altered(put(made_at="2026-03-02T10:00:00.000000+00:00")),
        altered(put(made_at="2026-03-02T11:00:00.000000+01:00")),
        altered(put(made_at="2026-02-30T10:00:00.000000Z")),
        altered(put(made_at="0001-01-01T00:00:00.000000+14:00")),
        # What UTF-8 or PostgreSQL cannot hold.
        altered(body(role="oper\0ator")),
        altered(body(person="\0")),
        altered(body(role="\ud800")),
        altered(put(house="\udfff")),
        TEXT.replace("operator", "\\ud800"),
        TEXT.replace(HOUSE, "\\udfff\\ud800"),
    ],
)
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(CommandMalformed):
        parse(text)


@pytest.mark.parametrize("key", ["", ADA.public.upper(), ADA.public[:-1], "01" + "00" * 31])
def test_a_command_names_a_key(key: str) -> None:
    with pytest.raises(KeyMalformed):
        parse(altered(put(key=key)))


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_a_command_is_so_long_at_most(more: int, fits: bool) -> None:
    reason = "x" * (BYTES_MAX - len(replace(RIGHT, action=Decline(ID, "")).encode()) + more)
    text = replace(RIGHT, action=Decline(ID, reason)).encode()
    if fits:
        assert parse(text).encode() == text
        return
    with pytest.raises(CommandMalformed, match="more than 16,384"):
        parse(text)


# In its time.


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(), True),
        (timedelta(days=1), True),
        (timedelta(days=1) + MICROSECOND, False),
        (timedelta(days=400), False),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5) - MICROSECOND, False),
        (-timedelta(days=1), False),
    ],
)
def test_a_command_is_of_today(age: timedelta, fresh: bool) -> None:
    command = replace(RIGHT, made_at=NOW - age)
    if fresh:
        need_fresh(command, NOW)
        return
    with pytest.raises(CommandStale) as refused:
        need_fresh(command, NOW)
    assert refused.value.context == {"command": ID}


def test_a_clock_may_be_a_little_fast_and_a_command_a_day_old() -> None:
    assert timedelta(minutes=5) == AHEAD_MAX
    assert timedelta(days=1) == AGE_MAX


# Who may.

A, O, C = Role.ADMINISTRATOR, Role.OPERATOR, Role.COMPLIANCE  # noqa: E741 - a table's columns
S = Role.SUPERVISOR
ALL = {A, O, C, S, Role.TRADER, Role.AUDITOR}
# Said a second time, by hand: who orders, who approves.
MAY: Mapping[type[Action], tuple[set[Role], set[Role]]] = {
    EnrolPerson: ({A}, {A}),
    RegisterKey: ({A}, {A}),
    RevokeKey: ({A}, set()),
    GrantRole: ({A}, {A}),
    WithdrawRole: ({A}, {A}),
    ReleaseCycle: ({O}, {O, C}),
    GiveUpBatch: ({O}, {O, C}),
    AcceptEdition: ({C}, {C, S}),
    EraseDossier: ({A}, {C}),
    ActivateRulebook: ({C}, {C, S}),
    GrantDealing: ({C}, {C, S}),
    EnterRecords: ({C}, {C, S}),
    AdmitParticipants: ({C}, {C, S}),
    RevealRecords: ({C, S, Role.AUDITOR}, set()),
    FileRecords: ({C, Role.TRADER}, set()),
    Approve: (ALL, set()),
    Decline: (ALL, set()),
}
OF_ONE = {RevokeKey, Approve, Decline, FileRecords, RevealRecords}  # which need no second person
ACTIONS: Mapping[type[Action], Action] = {
    EnrolPerson: EnrolPerson(BELA.person, "XA", BELA.public, "00", "00"),
    RegisterKey: RegisterKey(BELA.person, BELA.public, "00"),
    RevokeKey: RevokeKey(BELA.person, BELA.public, "lost"),
    GrantRole: GRANT,
    WithdrawRole: WithdrawRole(BELA.person, "operator"),
    ReleaseCycle: ReleaseCycle(CYCLE, "00"),
    GiveUpBatch: GiveUpBatch(CYCLE, "one was listed"),
    AcceptEdition: AcceptEdition("OFAC-SDN", "ab" * 32, "cd" * 32, "said in public"),
    EraseDossier: EraseDossier(BELA.person, "asked"),
    ActivateRulebook: ActivateRulebook("0" * 64, NOW),
    EnterRecords: EnterRecords("holding", "0" * 64, 3),
    AdmitParticipants: AdmitParticipants("0" * 64, 2),
    RevealRecords: RevealRecords("wallet", "", "an audit"),
    FileRecords: FileRecords("contact", "0" * 64, 3),
    GrantDealing: GrantDealing(LEI, "OFAC-SDN", "1", "Bank", "0" * 64, NOW.date(), NOW.date()),
    Approve: Approve(ID, "00"),
    Decline: Decline(ID, "no"),
}


def holder(*roles: Role, id: PersonId = ADA.person) -> Person:
    return Person(id, "XA", frozenset(roles), {})


def proposed(kind: type[Action], **other: Any) -> Proposal:
    """A proposal of Ada's, that waits until a microsecond after NOW."""
    command = replace(RIGHT, action=ACTIONS[kind])
    right = Proposal(command, ProposalState.WAITING, NOW + MICROSECOND)
    return replace(right, **other)


def may(check: Callable[..., None], *said: object) -> bool:
    try:
        check(*said)
    except NotPermitted:
        return False
    return True


def test_the_tables_name_every_kind_of_action() -> None:
    assert set(PERMITTED) == set(MAY) == set(ACTIONS) == set(KINDS)
    assert set(Role) == ALL


@pytest.mark.parametrize("kind", KINDS)
def test_what_needs_two_people_has_approvers_and_nothing_else_has(kind: type[Action]) -> None:
    assert bool(PERMITTED[kind].approvers) is (kind not in OF_ONE)
    assert PERMITTED[kind].makers


@pytest.mark.parametrize(("kind", "role"), list(product(KINDS, Role)))
def test_a_role_orders_and_approves_what_the_table_says(kind: type[Action], role: Role) -> None:
    orders, approves = MAY[kind]
    proposal = proposed(kind)
    other = holder(role, id=BELA.person)

    assert may(need_maker, holder(role), ACTIONS[kind]) is (role in orders)
    digest = proposal.command.digest
    assert may(need_approver, other, proposal, digest, NOW) is (role in approves)
    assert may(need_decliner, other, proposal, NOW) is (role in approves)


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_has_no_role_orders_and_approves_nothing(kind: type[Action]) -> None:
    nobody = holder(id=PersonId(ids.derived("per", "Cora")))
    proposal = proposed(kind)
    with pytest.raises(NotPermitted, match="has no role; to order"):
        need_maker(nobody, ACTIONS[kind])
    with pytest.raises(NotPermitted, match="has no role; to approve"):
        need_approver(nobody, proposal, proposal.command.digest, NOW)
    with pytest.raises(NotPermitted, match="has no role; to decline"):
        need_decliner(nobody, proposal, NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_one_role_of_several_is_enough(kind: type[Action]) -> None:
    need_maker(holder(*Role), ACTIONS[kind])


@pytest.mark.parametrize("roles", [(), (Role.TRADER,), (Role.AUDITOR,)])
def test_anybody_revokes_their_own_key_and_nobody_elses(roles: tuple[Role, ...]) -> None:
    need_maker(holder(*roles, id=BELA.person), ACTIONS[RevokeKey])
    with pytest.raises(NotPermitted):
        need_maker(holder(*roles), ACTIONS[RevokeKey])


@pytest.mark.parametrize("kind", [GrantRole, WithdrawRole, RegisterKey, EraseDossier])
def test_one_person_may_do_nothing_else_to_themselves(kind: type[Action]) -> None:
    with pytest.raises(NotPermitted):
        need_maker(holder(id=BELA.person), ACTIONS[kind])


# Proposals.

GRANTED = proposed(GrantRole)
DIGEST = GRANTED.command.digest
OTHER = holder(A, id=BELA.person)
TRADER = holder(Role.TRADER, id=BELA.person)


@pytest.mark.parametrize(
    ("person", "proposal", "digest", "wrong"),
    [
        (OTHER, GRANTED, DIGEST, None),
        (OTHER, GRANTED, "", DigestDiffers),
        (OTHER, GRANTED, DIGEST.upper(), DigestDiffers),
        (OTHER, GRANTED, proposed(WithdrawRole).command.digest, DigestDiffers),
        (OTHER, proposed(GrantRole, expires_at=NOW), DIGEST, ProposalClosed),
        (OTHER, proposed(GrantRole, expires_at=NOW - MICROSECOND), DIGEST, ProposalClosed),
        (OTHER, proposed(GrantRole, state=ProposalState.APPROVED), DIGEST, ProposalClosed),
        (OTHER, proposed(GrantRole, state=ProposalState.DECLINED), DIGEST, ProposalClosed),
        (OTHER, proposed(GrantRole, state=ProposalState.EXPIRED), DIGEST, ProposalClosed),
        (TRADER, GRANTED, DIGEST, NotPermitted),
        (holder(A), GRANTED, DIGEST, OwnProposal),
        (holder(*Role), GRANTED, DIGEST, OwnProposal),
        # What is told first, where several things are wrong.
        (holder(), proposed(GrantRole, expires_at=NOW), "", OwnProposal),
        (TRADER, proposed(GrantRole, expires_at=NOW), "", NotPermitted),
        (OTHER, proposed(GrantRole, expires_at=NOW), "", ProposalClosed),
    ],
)
def test_another_person_with_a_role_approves_what_waits_and_just_that(
    person: Person, proposal: Proposal, digest: str, wrong: type[Refusal] | None
) -> None:
    if wrong is None:
        need_approver(person, proposal, digest, NOW)
        return
    with pytest.raises(wrong):
        need_approver(person, proposal, digest, NOW)


@pytest.mark.parametrize(
    ("person", "proposal", "wrong"),
    [
        (OTHER, GRANTED, None),
        (holder(), GRANTED, None),  # its maker, whatever they are now
        (TRADER, GRANTED, NotPermitted),
        (holder(C, id=BELA.person), GRANTED, NotPermitted),
        (holder(), proposed(GrantRole, expires_at=NOW), ProposalClosed),
        (OTHER, proposed(GrantRole, expires_at=NOW), ProposalClosed),
        (OTHER, proposed(GrantRole, state=ProposalState.APPROVED), ProposalClosed),
        (holder(), proposed(GrantRole, state=ProposalState.DECLINED), ProposalClosed),
        (TRADER, proposed(GrantRole, state=ProposalState.EXPIRED), NotPermitted),
    ],
)
def test_its_maker_and_whoever_might_approve_it_decline_what_waits(
    person: Person, proposal: Proposal, wrong: type[Refusal] | None
) -> None:
    if wrong is None:
        need_decliner(person, proposal, NOW)
        return
    with pytest.raises(wrong):
        need_decliner(person, proposal, NOW)


def test_a_closed_proposal_says_how_it_ended() -> None:
    with pytest.raises(ProposalClosed, match=f"{ID} is declined"):
        need_waiting(proposed(GrantRole, state=ProposalState.DECLINED), NOW)
    with pytest.raises(ProposalClosed, match="expired at 2026-03-02 10:00 UTC"):
        need_waiting(proposed(GrantRole, expires_at=NOW), NOW)


def test_what_has_ended_does_not_begin_again() -> None:
    ended = set(ProposalState) - {ProposalState.WAITING}
    assert NEXT[ProposalState.WAITING] == ended
    assert set(NEXT) == set(ProposalState)
    assert not any(NEXT[state] for state in ended)
