"""Reconciliation with the chain and the institutions: what differs is named, with who must act."""

from collections.abc import Callable, Container
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from tests.stage import FLOAT, NOBODY, Stage

from clearhouse.chains.chain import CONFLICTED, UNKNOWN, Chain, Sighting
from clearhouse.chains.signer.client import SignerClient
from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Transfer, TransferCode
from clearhouse.core.reconciliation import Cause, DifferenceFound, DifferenceResolved
from clearhouse.core.settlement import SignersTooFew, State
from clearhouse.demo import lists
from clearhouse.operations.deposits import GAP, book, deposits, screen_for, usable
from clearhouse.operations.differences import WAIT_MAX, Look, look
from clearhouse.operations.fund import float_address
from clearhouse.store import cycles, journal
from clearhouse.store import ledger as books
from clearhouse.store.accounts import open_accounts

CHAIN = "A>b 0.05, b>C 0.03"
STRAY = 40_000


def causes(seen: Look) -> list[tuple[Cause, int]]:
    return [(one.cause, one.units) for one in seen.standing]


def journaled(stage: Stage) -> list[Any]:
    entries = journal.after(stage.house.db, 0, 100_000)
    events = (one.event for one in entries)
    return [one for one in events if isinstance(one, DifferenceFound | DifferenceResolved)]


def test_nothing_differs_at_any_stage_of_a_cycle(stage: Stage) -> None:
    steps: list[tuple[Callable[[], object], State]] = [
        (lambda: stage.cleared(CHAIN), State.CLEARED),
        (stage.pay_in, State.CLEARED),
        (lambda: stage.mine(stage.deep), State.BROADCAST),
        (lambda: stage.mine(2), State.CONFIRMED),
        (lambda: stage.reorganise(2), State.BROADCAST),
        (lambda: stage.mine(stage.deep), State.SETTLED),
    ]
    for step, state in steps:
        step()
        assert causes(look(stage.house)) == []
        assert stage.settle().state is state
        assert causes(look(stage.house)) == []
    assert journaled(stage) == []


def test_looking_books_what_is_final_and_does_it_once(stage: Stage) -> None:
    look(stage.house)
    before = stage.records()
    seen = look(stage.house)

    assert (seen.reconciliation.ledger, seen.reconciliation.unbooked) == (FLOAT, 0)
    assert stage.balance("house", AccountKind.FEES) == FLOAT
    assert stage.records() == before


@pytest.mark.parametrize("is_change", [False, True])
def test_a_coin_at_an_address_that_nobody_was_given_goes_to_suspense(
    stage: Stage, *, is_change: bool
) -> None:
    """It is nobody's balance, no batch spends it, and its address is given to nobody."""
    ahead = cycles.next_vault_position(stage.house.db, is_change=is_change) + 2
    vault = stage.house.rail.vault
    at = vault.change(ahead) if is_change else vault.receive(ahead)
    look(stage.house)  # the house watches from now on
    txid = stage.pay((at.script, STRAY))

    seen = look(stage.house)
    assert causes(seen) == [(Cause.UNKNOWN_DEPOSIT, STRAY)]
    assert seen.standing[0].about.startswith(txid)
    assert seen.standing[0].actor.startswith("compliance")
    assert stage.balance("house", AccountKind.SUSPENSE) == 0  # it is not final
    stage.mine(stage.deep)
    for _ in range(2):
        seen = look(stage.house)
        assert (seen.found, seen.resolved, seen.reconciliation.difference) == (0, 0, 0)
    assert stage.balance("house", AccountKind.SUSPENSE) == STRAY

    stage.settled("A>b 0.05, b>C 0.03, D>C 0.01")
    assert stage.balance("house", AccountKind.SUSPENSE) == STRAY
    assert [one.units for one in stage.coins(at.script)] == [STRAY]
    given = cycles.vault_addresses(stage.house.db)[at.script]
    assert (given.participant, given.unasked, given.position) == (None, True, ahead)
    assert cycles.next_vault_position(stage.house.db, is_change=is_change) > ahead
    assert causes(look(stage.house)) == [(Cause.UNKNOWN_DEPOSIT, STRAY)]
    assert len(journaled(stage)) == 1


def test_a_coin_that_somebody_listed_has_paid_stays_apart(stage: Stage) -> None:
    """The float's, here; its owner's account, else."""
    look(stage.house)
    lists.write_lists(stage.folder / "lists", stage.clock(), (), [stage.purse.address])
    txid = stage.pay((stage.float_address().script, STRAY))
    assert causes(look(stage.house)) == []
    stage.mine(stage.deep)

    for _ in range(2):
        seen = look(stage.house)
        assert causes(seen) == [(Cause.QUARANTINE, STRAY)]
        assert seen.reconciliation.difference == 0
    assert seen.standing[0].about.startswith(txid)
    assert seen.standing[0].actor.startswith("compliance")
    assert stage.balance("house", AccountKind.SUSPENSE) == STRAY
    assert len(journaled(stage)) == 1


def test_a_strangers_coin_at_a_change_address_of_ours_stops_nothing(stage: Stage) -> None:
    """Anybody can read the address of our change from the chain, and send dust there."""
    stage.settled(CHAIN)
    change = stage.house.rail.vault.change(stage.row().change_index)
    stage.pay((change.script, 1_000))
    stage.mine(stage.deep)

    stage.settled("A>b 0.05, b>C 0.03, D>C 0.01")
    seen = look(stage.house)

    assert causes(seen) == [(Cause.UNKNOWN_DEPOSIT, 1_000)]
    assert seen.reconciliation.difference == 0
    assert stage.balance("house", AccountKind.SUSPENSE) == 1_000
    stage.check()


def test_addresses_are_watched_as_far_ahead_as_wallets_look(embedded_stage: Stage) -> None:
    stage = embedded_stage
    first = cycles.next_vault_position(stage.house.db, is_change=False)
    vault = stage.house.rail.vault
    look(stage.house)
    stage.pay((vault.receive(first + GAP).script, 7_000))
    assert causes(look(stage.house)) == []
    stage.pay((vault.receive(first + GAP - 1).script, 5_000))
    look(stage.house)

    seen = look(stage.house)  # from there as far again; which comes first, their hashes decide
    assert sorted(causes(seen)) == [(Cause.UNKNOWN_DEPOSIT, 5_000), (Cause.UNKNOWN_DEPOSIT, 7_000)]


def test_an_address_that_a_coin_came_to_is_given_to_nobody(stage: Stage) -> None:
    """Else a stranger's coin would pay what somebody owes."""
    position = cycles.next_vault_position(stage.house.db, is_change=False)
    next_one = stage.house.rail.vault.receive(position)
    look(stage.house)
    stage.pay((next_one.script, 5_000_000))

    assert float_address(stage.house).script != next_one.script
    stage.trade(CHAIN)
    stage.clear()
    assert stage.call("A").script != next_one.script
    stage.mine(stage.deep)
    assert stage.settle().state is State.CLEARED
    look(stage.house)
    assert (stage.balance("A"), stage.balance("house", AccountKind.SUSPENSE)) == (0, 5_000_000)
    assert [one.units for one in look(stage.house).standing] == [5_000_000]


def test_a_coin_that_came_before_its_address_was_given_stays_in_suspense(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen as nobody's by one process while another gives the address out."""
    stage = embedded_stage
    position = cycles.next_vault_position(stage.house.db, is_change=False)
    at = stage.house.rail.vault.receive(position)
    look(stage.house)
    stage.pay((at.script, STRAY))
    stage.mine(stage.deep)
    seen_before = deposits(stage.house)
    with monkeypatch.context() as late:
        late.setattr("clearhouse.operations.fund.close_seen", lambda _: None)
        assert float_address(stage.house).script == at.script
    with stage.house.db.transaction():
        journal.lock(stage.house.db)
        screen = screen_for(stage.house, seen_before, stage.deep)
        spendable = usable(book(stage.house, seen_before, stage.deep, screen), stage.deep)
    assert at.script not in {one.coin.script for one in spendable}
    assert stage.balance("house", AccountKind.SUSPENSE) == STRAY

    assert causes(look(stage.house)) == [(Cause.UNKNOWN_DEPOSIT, STRAY)]
    stage.settled(CHAIN)
    assert [one.units for one in stage.coins(at.script)] == [STRAY]
    stage.check()


def test_addresses_that_were_passed_over_are_watched(embedded_stage: Stage) -> None:
    stage = embedded_stage
    first = cycles.next_vault_position(stage.house.db, is_change=False)
    vault = stage.house.rail.vault
    look(stage.house)
    stage.pay((vault.receive(first + 15).script, STRAY))
    look(stage.house)
    stage.pay((vault.receive(first + 3).script, 7_000))
    stage.mine(stage.deep)
    look(stage.house)

    assert stage.balance("house", AccountKind.SUSPENSE) == STRAY + 7_000


def test_an_output_of_nothing_is_no_coin(embedded_stage: Stage) -> None:
    """Nobody relays it, but a miner may take it, and nothing can be booked of it."""
    stage = embedded_stage
    stage.settled(CHAIN)
    change = stage.house.rail.vault.change(stage.row().change_index)
    (coin, *_) = stage.coins(stage.purse.script)
    nothing = stage.payment((change.script, 0), coins=[coin])
    stage.chain.mine(1, NOBODY, transactions=[nothing])
    stage.mine(stage.deep)

    assert causes(look(stage.house)) == []
    stage.settled(CHAIN)
    stage.check()


@pytest.mark.parametrize("spent_otherwise", [False, True])
def test_a_booked_coin_that_a_reorganisation_took_is_named_until_it_is_back(
    embedded_stage: Stage, *, spent_otherwise: bool
) -> None:
    stage = embedded_stage
    stage.cleared("A>b 0.05, D>b 0.04")
    (coin, *_) = stage.coins(stage.purse.script)
    paid = stage.payment((stage.call("A").script, 5_000_000), coins=[coin])
    instead = stage.payment((NOBODY, 1_000_000), coins=[coin])
    stage.chain.submit(paid)
    stage.mine(stage.deep)
    stage.settle()
    assert causes(look(stage.house)) == []
    stage.reorganise(stage.deep, *([instead] if spent_otherwise else []))

    seen = look(stage.house)
    gone = -5_000_000 if spent_otherwise else 0
    assert causes(seen) == [(Cause.REORG, gone)]
    assert "supervisor" in seen.standing[0].actor
    assert seen.reconciliation.difference == gone

    stage.mine(1)
    assert bool(look(stage.house).standing) == spent_otherwise


class Odd:
    """A chain that shows some things otherwise."""

    def __init__(
        self, chain: Chain, *, hidden: bytes = b"", sights: dict[str, Sighting] | None = None
    ) -> None:
        self._chain = chain
        self._hidden = hidden
        self._sights = sights or {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def coins(self) -> list[Any]:
        return [one for one in self._chain.coins() if one.script != self._hidden]

    def sight(self, txids: Any) -> dict[str, Sighting]:
        return self._chain.sight(txids) | {
            txid: self._sights[txid] for txid in txids if txid in self._sights
        }


def shown(stage: Stage, **otherwise: Any) -> None:
    stage.start_with(cast("Chain", Odd(stage.chain, **otherwise)))


def test_a_coin_that_somebody_else_spent_is_a_matter_of_custody(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared("A>b 0.05, D>b 0.04")
    stage.pay((stage.call("A").script, 5_000_000))
    stage.mine(stage.deep)
    stage.settle()
    real = stage.chain
    shown(stage, hidden=stage.call("A").script)

    seen = look(stage.house)
    assert causes(seen) == [(Cause.CUSTODY, -5_000_000)]
    assert "institutions" in seen.standing[0].actor

    stage.start_with(real)
    seen = look(stage.house)
    assert (causes(seen), seen.resolved) == ([], 1)
    assert [type(one).__name__ for one in journaled(stage)] == [
        "DifferenceFound",
        "DifferenceResolved",
    ]


def on_its_way(stage: Stage) -> str:
    """A batch that was handed in; answers its transaction."""
    stage.funded(CHAIN)
    assert stage.settle().state is State.BROADCAST
    txid = stage.row().txid
    assert txid is not None
    return txid


def test_a_batch_that_waits_too_long_is_named_until_it_has_its_block(stage: Stage) -> None:
    on_its_way(stage)
    stage.clock.forward(seconds=WAIT_MAX.total_seconds())
    assert causes(look(stage.house)) == []
    stage.clock.forward(seconds=1)
    assert causes(look(stage.house)) == [(Cause.MISSING_CONFIRMATION, 0)]

    stage.mine(1)
    assert causes(look(stage.house)) == []


def test_a_batch_that_the_network_forgot_is_named(embedded_stage: Stage) -> None:
    stage = embedded_stage
    txid = on_its_way(stage)
    shown(stage, sights={txid: UNKNOWN})
    assert (Cause.MISSING_CONFIRMATION, 0) in causes(look(stage.house))


def test_a_batch_whose_coins_were_spent_otherwise_is_a_matter_of_custody(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    txid = on_its_way(stage)
    shown(stage, sights={txid: CONFLICTED})
    assert (Cause.CUSTODY, 0) in causes(look(stage.house))


def test_a_settled_batch_that_left_its_block_is_named(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    txid = stage.row().txid
    assert txid is not None
    shown(stage, sights={txid: UNKNOWN})
    assert (Cause.REORG, 0) in causes(look(stage.house))


def post(
    stage: Stage, debit: AccountKind, credit: AccountKind, units: int, name: str = "made up"
) -> None:
    asset, now = stage.house.coin.identity, stage.clock()
    one, other = (Account(HOUSE, kind, asset) for kind in (debit, credit))
    id = TransferId(derived("tfr", name))
    made_up = Transfer(id, one.id, other.id, units, asset, TransferCode.FUNDING, now, "nothing")
    with stage.house.db.transaction():
        books.post_all(stage.house.db, [made_up], now)


def test_a_posting_without_a_coin_is_not_explained(stage: Stage) -> None:
    look(stage.house)
    post(stage, AccountKind.VAULT, AccountKind.FEES, 777)
    assert causes(look(stage.house)) == [(Cause.UNEXPLAINED, -777)]


class Moving(Odd):
    """A chain that hides coins at some looks only, and that the house goes on beside."""

    def __init__(
        self,
        chain: Chain,
        *,
        hidden: bytes = b"",
        at: Container[int] = (),
        beside: Callable[[int], object] = lambda _: None,
    ) -> None:
        super().__init__(chain, hidden=hidden)
        self.looks, self._at, self._beside = 0, at, beside

    def coins(self) -> list[Any]:
        self.looks += 1
        self._beside(self.looks)
        return super().coins() if self.looks in self._at else self._chain.coins()


# The first look of all is to book; two that agree follow, one for each thing, and one to be sure.
@pytest.mark.parametrize(("at", "is_there"), [({2}, False), ({2, 3}, False), (range(99), True)])
def test_a_sum_of_two_moments_is_no_difference(
    stage: Stage, at: Container[int], *, is_there: bool
) -> None:
    look(stage.house)
    hidden = stage.float_address().script
    stage.start_with(cast("Chain", Moving(stage.chain, hidden=hidden, at=at)))
    found = [one.units for one in look(stage.house).standing]
    assert found == ([-FLOAT] if is_there else [])


def test_a_house_that_goes_on_hides_no_difference(stage: Stage) -> None:
    look(stage.house)
    post(stage, AccountKind.VAULT, AccountKind.FEES, 777)

    suspense = Account(HOUSE, AccountKind.SUSPENSE, stage.house.coin.identity)
    with stage.house.db.transaction():
        open_accounts(stage.house.db, [suspense], stage.clock())

    def beside(number: int) -> None:
        post(stage, AccountKind.FEES, AccountKind.SUSPENSE, 1, f"beside {number}")

    stage.start_with(cast("Chain", Moving(stage.chain, beside=beside)))
    before = stage.records()
    assert causes(look(stage.house)) == [(Cause.UNEXPLAINED, -777)]
    assert stage.records() != before


def test_a_fee_that_was_booked_twice_is_suspected(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    fee = stage.row().fee
    assert fee is not None
    post(stage, AccountKind.FEES, AccountKind.VAULT, fee)
    seen = look(stage.house)
    assert causes(seen) == [(Cause.FEE, fee)]
    assert seen.standing[0].about == stage.cycle


def test_books_that_do_not_prove_themselves_are_named(embedded_stage: Stage) -> None:
    stage = embedded_stage
    look(stage.house)
    stage.house.db.execute("UPDATE standing SET balance = balance + 5 WHERE normal_side = 'credit'")
    assert Cause.LEDGER in {one.cause for one in look(stage.house).standing}


class Telling(SignerClient):
    """An institution that says otherwise what it signed."""

    said: ClassVar[list[tuple[str, str]]] = []

    def signed(self) -> list[tuple[str, str]]:
        return self.said


def test_the_institutions_say_what_they_signed(stage: Stage) -> None:
    stage.settled(CHAIN)
    (fact,) = [one for one in stage.events() if type(one).__name__ == "BatchSigned"]
    for name, signer in stage.house.rail.signers.items():
        said = (stage.cycle, stage.row().txid) in signer.signed()
        assert said == (name in fact.signers)


@pytest.mark.parametrize(
    "asked",
    [b'{"signed_after": -1}', b'{"signed_after": "0"}', b'{"signed_after": 0, "psbt": ""}', b"{}"],
)
def test_an_institution_answers_one_form_of_that_question(stage: Stage, asked: bytes) -> None:
    signer = next(iter(stage.house.rail.signers.values()))
    assert b'"signer.request-malformed"' in signer.exchange(asked + b"\n")


def test_what_an_institution_signed_without_the_house_is_a_matter_of_custody(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    first, *others = stage.house.rail.signers
    signers = stage.house.rail.signers
    telling = Telling(signers[first].path)
    stage.sign_with({**signers, first: telling})
    told = signers[first].signed()

    other = "ab" * 32
    for cycle in (derived("cyc", "unknown"), stage.cycle):
        monkeypatch.setattr(Telling, "said", [*told, (cycle, other)])
        (seen,) = look(stage.house).standing
        assert (seen.cause, seen.about) == (Cause.CUSTODY, f"{first} {other}")
        stage.sign_with({**signers, first: SignerClient(Path("nowhere.sock"))})
        (still,) = look(stage.house).standing  # whoever goes silent is not cleared by it
        assert still == seen
        stage.sign_with({**signers, first: telling})
        monkeypatch.setattr(Telling, "said", told)
        assert causes(look(stage.house)) == []

    monkeypatch.setattr(Telling, "said", [])
    (seen,) = look(stage.house).standing
    assert (seen.cause, seen.about) == (Cause.CUSTODY, f"{first} {stage.row().txid}")
    assert "lost" in seen.detail

    stage.sign_with({**signers, others[0]: SignerClient(Path("nowhere.sock"))})
    assert causes(look(stage.house)) == []


@pytest.mark.parametrize(
    "said",
    [
        "5",
        "[]",
        "{}",
        '{"signed": 5}',
        '{"signed": [[1]]}',
        '{"signed": [["cyc_1", "00"]]}',
        f'{{"signed": [["{derived("cyc", "x")}", "00"]]}}',
        f'{{"signed": [["{derived("cyc", "x")}", "{"ab" * 32}", ""]]}}',
        '{"signed": [["\\u0000", "\\ud800"]]}',
        "[" * 100_000,
    ],
    ids=range(10),
)
def test_an_institution_that_answers_nonsense_is_named_and_hides_nothing(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    stage = embedded_stage
    look(stage.house)
    post(stage, AccountKind.VAULT, AccountKind.FEES, 777)
    monkeypatch.setattr(SignerClient, "exchange", lambda *_: said.encode() + b"\n")
    found = {one.cause for one in look(stage.house).standing}
    assert Cause.UNEXPLAINED in found
    assert (Cause.CUSTODY in found) == (not said.startswith("[[[["))  # that is no answer at all


def test_a_refusal_that_is_no_text_is_kept_as_one(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = embedded_stage
    stage.funded(CHAIN)
    refused = b'{"refused": {"code": "\\ud800", "detail": "' + b"x" * 5_000 + b'"}}\n'
    monkeypatch.setattr(SignerClient, "exchange", lambda *_: refused)
    with pytest.raises(SignersTooFew) as told:
        stage.settle()
    told.value.detail.encode()
    assert len(told.value.detail) < 3_000


def test_a_difference_that_grows_is_recorded_anew(embedded_stage: Stage) -> None:
    stage = embedded_stage
    look(stage.house)
    post(stage, AccountKind.VAULT, AccountKind.FEES, 5)
    look(stage.house)
    post(stage, AccountKind.VAULT, AccountKind.FEES, 90_000, "more")
    seen = look(stage.house)

    assert causes(seen) == [(Cause.UNEXPLAINED, -90_005)]
    assert (seen.found, seen.resolved) == (1, 1)


def test_the_ledgers_own_proof_stands_until_it_is_proved_again(embedded_stage: Stage) -> None:
    stage = embedded_stage
    look(stage.house)
    stage.house.db.execute("UPDATE standing SET balance = balance + 5 WHERE normal_side = 'credit'")
    assert Cause.LEDGER not in {one.cause for one in look(stage.house, prove=False).standing}
    assert Cause.LEDGER in {one.cause for one in look(stage.house).standing}
    stage.house.db.execute("UPDATE standing SET balance = balance - 5 WHERE normal_side = 'credit'")
    assert Cause.LEDGER in {one.cause for one in look(stage.house, prove=False).standing}
    assert causes(look(stage.house)) == []


def test_every_cause_has_somebody_who_must_act_and_a_test_that_reaches_it() -> None:
    text = Path(__file__).read_text()
    for cause in Cause:
        assert f"Cause.{cause.name}, " in text or f"Cause.{cause.name} in" in text


def test_differences_stay_found_and_resolved(embedded_stage: Stage) -> None:
    stage = embedded_stage
    look(stage.house)
    post(stage, AccountKind.VAULT, AccountKind.FEES, 777)
    stage.clock.forward(hours=1)
    (one,) = look(stage.house).standing
    assert one.found_at == stage.clock()
    assert timedelta(0) <= stage.clock() - one.found_at
