"""Replay: the journal alone makes the same tables again, and tells where they do not agree."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from psycopg import Connection
from tests.enacted import tamper
from tests.hands import BELA, Hand, agree, enrol
from tests.laws import SHIPPED, joined, on_subject, read, tightened
from tests.plain_ledger import NOW, History, history
from tests.stage import Stage

from clearhouse.core.command import AcceptEdition, ActivateRulebook, GrantDealing
from clearhouse.core.editions import ListShrunken
from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Phase, Transfer, TransferCode
from clearhouse.core.person import Role
from clearhouse.core.registers import REGISTERS
from clearhouse.operations import replay as replaying
from clearhouse.operations.clear import clear_cycle
from clearhouse.operations.differences import look
from clearhouse.operations.house import House
from clearhouse.operations.replay import NotEmpty, Replay, ReplayDiffers, replay
from clearhouse.operations.screen import open_gate
from clearhouse.store import cycles, editions, journal, ledger, tables
from clearhouse.store.accounts import open_accounts
from clearhouse.store.connection import connect

GROUP = 5
CHAIN = "A>b 0.05, b>C 0.03"


def again(house: House, elsewhere: Connection) -> Replay:
    return replay(house, elsewhere, lambda _: None)


def supervised(stage: Stage) -> None:
    """Bela of compliance and Cora, a supervisor, agree on what changes the law."""
    house, today, cora = stage.house, stage.house.today, Hand.of("Cora")
    kept_longer = [tightened("XA", "records.kept", 7, today)]
    law = read(joined(SHIPPED, on_subject("XA", "standards", standard=kept_longer)))
    house.laws.keep(law)
    enrol(house, cora, Role.SUPERVISOR)
    agree(house, ActivateRulebook(law.version, house.now()), BELA, cora)
    entry = ("OFAC-SDN", "1", "Treasury", "0" * 64)
    agree(house, GrantDealing(stage.firm("A").id, *entry, today, today), BELA, cora)
    assert house.rulebook == law
    shrunken(stage, cora)


def shrunken(stage: Stage, supervisor: Hand) -> None:
    """A list is refused that has lost too much, and then two people accept it."""
    house = stage.house
    stage.publish(*(f"Volkan {number}" for number in range(80)))
    open_gate(house)
    stage.publish()
    with pytest.raises(ListShrunken):
        open_gate(house)
    (edition,) = [one for one in house.lists() if one.entries]
    before = editions.in_force(house.db)[edition.name].version
    accepted = AcceptEdition(edition.name, edition.version, before, "announced")
    agree(house, accepted, BELA, supervisor)
    open_gate(house)


def test_a_day_comes_out_the_same(embedded_stage: Stage, elsewhere: Connection) -> None:
    """Held, denied, proposed, set off, reorganised, settled, without a batch, and under way.

    And under another law in the end, with a licence to deal with somebody listed.
    """
    stage = embedded_stage
    stage.settled(CHAIN)
    stage.settled("A>b 0.02, b>A 0.02")  # all is set off
    stage.trade("D>d 0.01", affirmed=False)
    stage.trade("B>A 0.01")  # domestic: denied
    stage.cleared("A>b 0.05, b>C 0.01")
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(2)
    stage.settle()
    stage.reorganise(2)
    stage.settle()
    stage.mine(1)
    stage.settle()
    stray = stage.house.rail.vault.receive(
        cycles.next_vault_position(stage.house.db, is_change=False)
    )
    stage.pay((stray.script, 5_000))
    look(stage.house)
    supervised(stage)

    done = again(stage.house, elsewhere)

    assert done.entries == journal.head(stage.house.db)
    # Nothing is said of these yet that a register would hold.
    said = {"legal_entity", "licence", "coin_source"}
    empty = {"reservation", "rate", "cycle_schedule", *REGISTERS} - said
    assert {table for table, count in done.rows.items() if not count} == empty
    assert journal.count_kinds(elsewhere) == journal.count_kinds(stage.house.db)


def test_a_cycle_by_its_timetable_comes_out_the_same(
    embedded_stage: Stage, elsewhere: Connection
) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.02, b>A 0.02")
    stage.clock.at = stage.clock.at.replace(hour=18)
    stage.trade("A>b 0.01")  # late
    stage.publish()
    clear_cycle(stage.house, stage.next_cycle(), kind="daily")
    done = again(stage.house, elsewhere)

    assert done.rows["cycle_schedule"] == 1
    read = "SELECT id, cut_off, value_date FROM obligation ORDER BY id"
    assert elsewhere.execute(read).fetchall() == stage.house.db.execute(read).fetchall()


@pytest.mark.parametrize("chunk", [1, 2, 7, 10_000])
def test_a_ledger_of_every_phase_comes_out_the_same_however_it_is_cut(
    house: House, elsewhere: Connection, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Pending, posted, voided, expired, reversed, in groups, refused, and at a clock gone back."""
    monkeypatch.setattr(replaying, "CHUNK", chunk)
    phases = set()
    for seed in range(20):
        plain = history(seed)
        open_accounts(house.db, list(plain.open.values()), house.now())
        for batch, _, now in plain.batches():
            post(house, batch, now - timedelta(hours=seed))
        phases |= {one.phase for one, _ in plain.transfers}
        post(house, long_group(plain), now)

    done = again(house, elsewhere)

    assert phases >= set(Phase) - {Phase.EXPIRE}
    assert done.rows["transfer"] > 200
    query = "SELECT count(*) FILTER (WHERE phase = 'expire'), max(group_rank) FROM transfer"
    row = house.db.execute(query).fetchone()
    assert row is not None
    expired, last_rank = row
    assert expired > 0
    assert last_rank == GROUP - 1


def post(house: House, batch: list[Transfer], at: datetime) -> None:
    with house.db.transaction():
        ledger.post(house.db, batch, at)


def long_group(plain: History) -> list[Transfer]:
    asset = plain.assets[0]
    vault = Account(HOUSE, AccountKind.VAULT, asset)
    suspense = Account(HOUSE, AccountKind.SUSPENSE, asset)
    return [
        Transfer(
            TransferId(derived("trf", asset, "group", str(rank))),
            vault.id,
            suspense.id,
            1,
            asset,
            TransferCode.PAY_IN,
            NOW,
            "cyc_1",
            group=f"grp_{asset}",
        )
        for rank in range(GROUP)
    ]


def test_the_house_goes_on_meanwhile_and_is_compared_as_it_was(
    embedded_stage: Stage, elsewhere: Connection
) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    before = journal.head(stage.house.db)

    def trade(_: int) -> None:
        with connect(stage.db_url) as db:
            Stage.trade(replace(stage, house=replace(stage.house, db=db)), "A>b 0.01")

    done = replay(stage.house, elsewhere, trade)

    assert done.entries == before < journal.head(stage.house.db)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("standing", "UPDATE standing SET balance = balance + 1 WHERE normal_side = 'credit'"),
        (
            "reservation",
            "INSERT INTO reservation SELECT id, debit, credit, recorded_at FROM transfer",
        ),
        ("obligation", "UPDATE obligation SET verdict = 'deny'"),
        ("legal_entity", "UPDATE legal_entity SET name = name || ' '"),
        ("licence", "UPDATE licence SET valid_to = valid_to + 1"),
        ("journal_head", "UPDATE journal_head SET position = position + 1"),
        ("cycle", "UPDATE cycle SET height = height + 1"),
        ("pay_in", "UPDATE pay_in SET final = NOT final"),
    ],
)
def test_a_row_that_the_journal_does_not_tell_is_named(
    embedded_stage: Stage, elsewhere: Connection, table: str, change: str
) -> None:
    stage = embedded_stage
    stage.settled(CHAIN)
    tamper(stage.house.db, table, change)

    with pytest.raises(ReplayDiffers) as alarm:
        again(stage.house, elsewhere)

    assert alarm.value.context == {"table": table}
    assert alarm.value.detail.startswith(f"{table}, row 1 by its key: ")


def test_a_journal_is_replayed_into_an_empty_database_only(
    embedded_stage: Stage, elsewhere: Connection
) -> None:
    house = embedded_stage.house
    again(house, elsewhere)
    with pytest.raises(NotEmpty):
        again(house, elsewhere)


def test_every_table_has_a_key_and_is_compared_or_said_not_to_be(db: Connection) -> None:
    named = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    found = tables.keys(db)

    assert {name for (name,) in named} == set(found)
    assert found["licence"] == ["key", "position"]
    assert found["account"] == ["id"]
    assert set(found) > replaying.NOT_TOLD
