"""Asking other providers: a house of ours with a chain, and another house in its own process."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from tests import travelling
from tests.certificates import NORTH, OTHER, SOUTH, Authority, Certified
from tests.enacted import bodies, facts
from tests.hands import ADA, BELA, CORA, agree, enrol
from tests.recorded import enter
from tests.stage import Stage
from tests.travel_house import HERE, Running, Setting, running
from tests.vasps import ORIGIN, SINCE, vasp

from clearhouse.core.associate import Associate
from clearhouse.core.command import EraseDossier
from clearhouse.core.dossier import DossierAltered
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId
from clearhouse.core.person import Role
from clearhouse.core.travel_rule.exchange import State, WasCancelled
from clearhouse.core.travel_rule.hops import broken, hop_digest, record_digest
from clearhouse.core.travel_rule.records import (
    TRAVEL_EXCHANGES,
    TravelExchange,
    TravelRecord,
    TravelRecordLate,
)
from clearhouse.core.travel_rule.trp import Approval, Rejection
from clearhouse.feeds.travel_rule.client import Client, Limits
from clearhouse.feeds.travel_rule.desk import Desk
from clearhouse.feeds.travel_rule.identity import CertificateExpired
from clearhouse.feeds.travel_rule.reach import Reach
from clearhouse.feeds.travel_rule.server import TargetUnknown, listen
from clearhouse.operations import travel_exchanges
from clearhouse.operations.prove import prove
from clearhouse.operations.replay import replay
from clearhouse.operations.rescind import rescind
from clearhouse.operations.screen import open_gate
from clearhouse.operations.travel_door import door
from clearhouse.operations.travel_exchanges import ask, exchange_of, take
from clearhouse.operations.travel_look import hops
from clearhouse.store import jobs, journal, obligations, records, registers
from clearhouse.store.projection import record
from clearhouse.worker import work
from clearhouse.worker.place import Place

DAY = timedelta(days=1)
AGAIN = "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1"
AMOUNT = "0.02"


@pytest.fixture
def stage(embedded_stage: Stage) -> Stage:
    enrol(embedded_stage.house, CORA, Role.SUPERVISOR)
    return embedded_stage


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", "an authority")


@pytest.fixture
def other(tmp_path: Path, authority: Authority, stage: Stage) -> Iterator[Running]:
    """The provider that keeps b's coin: a house of ours, in a process of its own."""
    with running(tmp_path / "south", settings_of(authority, stage)) as made:
        yield made


def payee_of(stage: Stage) -> str:
    """Where b is paid."""
    everybody = registers.participants(stage.house.db)
    return everybody[stage.firm("b").id].address


def settings_of(authority: Authority, stage: Stage, **changed: Any) -> Setting:
    mine: Certified = authority.issue("south", SOUTH)
    files = (str(mine.credentials.certificate), str(mine.credentials.key))
    return replace(Setting(*files, authority.pem, [NORTH], NORTH, payee=payee_of(stage)), **changed)


@pytest.fixture
def desk(authority: Authority) -> Desk:
    return desk_of(authority)


def desk_of(authority: Authority, public: tuple[str, int] = ("127.0.0.1", 1)) -> Desk:
    mine = authority.issue("north", NORTH)
    reach = Reach(HERE, frozenset(range(1, 65_536)))
    limits = Limits(connect_s_max=5, idle_s_max=5, total_s_max=10)
    client = Client(mine.credentials, reach, lambda: datetime.now(UTC), limits)
    return Desk(client, NORTH, authority.pem, public, ("127.0.0.1", 0))


def keep(stage: Stage, other: Running, **changed: Any) -> None:
    """A keeps its coin with somebody, and b with the other house."""
    travelling.keep_with(stage.house, stage.folder, stage.firm("A").id, ORIGIN, vasp(ORIGIN))
    one = vasp(SOUTH, travel_address=other.address("b"), **changed)
    travelling.keep_with(stage.house, stage.folder, stage.firm("b").id, SOUTH, one)


def content(stage: Stage, **more: Any) -> bytes:
    everybody = registers.participants(stage.house.db)
    parties = (everybody[stage.firm(letter).id] for letter in "Ab")
    return travelling.encoded(travelling.content(*parties, target=SOUTH, **more))


def filed(stage: Stage, **more: Any) -> TravelRecord:
    """The record of a new payment that both have said."""
    (id,) = stage.trade(f"A>b {AMOUNT}")
    return travelling.file(stage.house, id, content(stage, **more))


def exchanges(stage: Stage) -> list[TravelExchange]:
    return records.current(stage.house.db, TRAVEL_EXCHANGES)


def state(stage: Stage) -> str:
    (one,) = exchanges(stage)
    return one.state


def verdict(stage: Stage, id: ObligationId) -> str:
    """What the gate says now."""
    house = stage.house
    gate = open_gate(house)
    with house.db.transaction():
        journal.lock(house.db)
        found = obligations.by_ids(house.db, [id], house.assets)
        decided = gate.judge([found[id]], registers.participants(house.db))
        record(house.db, [*gate.save(), *decided.items()], house.now(), house.now())
    return decided[id].verdict


@contextmanager
def hearing(stage: Stage, authority: Authority) -> Iterator[tuple[Desk, list[Any]]]:
    """A house that hears others, on its test clock; the certificates are of today."""
    log: list[Any] = []
    desk = desk_of(authority)
    made = replace(door(stage.house, desk, log.append), now=lambda: datetime.now(UTC))
    with listen(made, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield replace(desk, public=("127.0.0.1", server.server_address[1])), log
        finally:
            server.shutdown()


def test_a_payment_is_asked_for_approved_settled_and_confirmed(
    stage: Stage, other: Running, desk: Desk
) -> None:
    """What travels is the record as it was filed; what settles it is told; each once."""
    keep(stage, other)
    one = filed(stage)
    assert verdict(stage, one.obligation) == "hold"
    done = ask(stage.house, desk)
    assert (done.begun, done.answered, done.confirmed, done.others) == (1, 1, 0, {})
    assert state(stage) == "authorised"
    ((what, lei, token, said),) = other.rows("done")
    assert (what, lei, token) == ("inquiry", NORTH, "b")
    assert record_digest(said) == one.digest
    assert verdict(stage, one.obligation) == "clear"

    stage.clear()
    stage.clock.forward(minutes=1)
    with pytest.raises(TravelRecordLate):  # or who pays could have its cycle unwound at will
        travelling.file(stage.house, one.obligation, content(stage, customerIdentification="C-2"))
    stage.pay_in()
    stage.mine(stage.deep)
    assert ask(stage.house, desk).confirmed == 0
    for _ in range(3):
        stage.settle()
        stage.mine(stage.deep)
    done = ask(stage.house, desk)
    assert (done.begun, done.answered, done.confirmed, done.others) == (0, 0, 1, {})
    assert state(stage) == "settled"
    assert other.rows("done")[1:] == [("confirmation", NORTH, "b", stage.row().txid)]
    assert ask(stage.house, desk) == replace(done, confirmed=0)
    assert len(other.rows("done")) == 2


def test_each_hop_is_linked_to_the_one_before(stage: Stage, other: Running, desk: Desk) -> None:
    keep(stage, other)
    one = filed(stage)
    ask(stage.house, desk)
    (exchange,) = exchanges(stage)
    chain = hops(one, exchange.house, exchange.asked_at)
    assert [hop.provider for hop in chain] == [ORIGIN, NORTH, SOUTH]
    assert hop_digest(chain[-1]) == exchange.hop
    said = other.rows("done")[0][3]
    assert broken(chain, said, exchange.hop) == []
    assert broken(chain, said.replace("Harbour", "Harbor"), exchange.hop)


def nothing(stage: Stage, other: Running, desk: Desk) -> None:
    done = ask(stage.house, desk)
    assert (done.begun, done.answered) == (0, 0)
    assert exchanges(stage) == []
    assert other.rows("done") == []


def test_nobody_is_told_of_what_one_side_alone_says(
    stage: Stage, other: Running, desk: Desk
) -> None:
    keep(stage, other)
    (id,) = stage.trade(f"A>b {AMOUNT}", affirmed=False)
    travelling.file(stage.house, id, content(stage))
    nothing(stage, other, desk)


def test_nobody_is_told_who_is_not_verified(stage: Stage, other: Running, desk: Desk) -> None:
    """Not before the day, nor after; nor in between what was recorded and what is sent."""
    keep(stage, other, until=stage.clock().date())
    filed(stage)
    stage.clock.forward(days=1)
    stage.publish()
    nothing(stage, other, desk)
    asked = stage.clock().date()
    enter(
        stage.house,
        stage.folder,
        vasp(SOUTH, travel_address=other.address("b"), since=asked, until=asked),
    )
    travel_exchanges._begin(stage.house, desk)
    stage.clock.forward(hours=23)
    stage.publish()
    assert stage.clock().date() > asked
    done = ask(stage.house, desk)
    assert [said.split(":")[0] for said in done.others.values()] == ["vasp.unverified"]
    assert other.rows("done") == []


@pytest.mark.parametrize(
    ("more", "grounds"),
    [
        ({"geographicAddress": None}, "gate.record-incomplete"),
        ({"payee_name": "Quite Another Firm"}, "gate.payee-differs"),
        ({"origin": OTHER}, "gate.record-providers-differ"),
    ],
    ids=["incomplete", "another payee", "another provider"],
)
def test_nobody_is_asked_about_what_the_house_itself_holds(
    stage: Stage, other: Running, desk: Desk, more: dict[str, Any], grounds: str
) -> None:
    keep(stage, other)
    one = filed(stage, **more)
    nothing(stage, other, desk)
    assert verdict(stage, one.obligation) == "hold"
    assert any(grounds in body for body in bodies(stage.house.db).values())


def test_whoever_shows_another_certificate_is_told_nothing(
    stage: Stage, authority: Authority, desk: Desk, tmp_path: Path
) -> None:
    """Another's LEI, or another certificate than the one that was verified."""
    wrong = authority.issue("wrong", OTHER).credentials
    files = {"certificate": str(wrong.certificate), "key": str(wrong.key)}
    with running(tmp_path / "wrong", settings_of(authority, stage, **files)) as other:
        keep(stage, other)
        filed(stage)
        (said,) = ask(stage.house, desk).others.values()
        assert said.startswith("trp.certificate-of-another")
        assert other.rows("done") == []
    assert state(stage) == "requested"


def test_a_certificate_that_was_not_verified_is_another(
    stage: Stage, other: Running, desk: Desk
) -> None:
    keep(stage, other, certificate="ab" * 32)
    filed(stage)
    (said,) = ask(stage.house, desk).others.values()
    assert said.startswith("trp.certificate-of-another")
    assert other.rows("done") == []


def test_who_is_killed_before_sending_sends_the_same(
    stage: Stage, other: Running, desk: Desk
) -> None:
    """What was recorded is sent under its identifier, however often; it is one request."""
    keep(stage, other)
    filed(stage)
    assert travel_exchanges._begin(stage.house, desk) == 1
    assert travel_exchanges._begin(stage.house, desk) == 0
    (before,) = exchanges(stage)
    done = ask(stage.house, desk)
    assert (done.begun, done.answered) == (0, 1)
    (after,) = exchanges(stage)
    assert (after.identifier, after.hop) == (before.identifier, before.hop)
    travel_exchanges._send(stage.house, desk, before)
    assert len(other.rows("kept")) == 1
    assert exchanges(stage) == [after]


def test_a_provider_that_is_down_is_asked_again(
    stage: Stage, authority: Authority, desk: Desk, tmp_path: Path
) -> None:
    setting = settings_of(authority, stage)
    with running(tmp_path / "south", setting) as other:
        keep(stage, other)
        (other.folder / "die").touch()
        filed(stage)
        done = ask(stage.house, desk)
        assert done.answered == 0
        assert [said.split(":")[0] for said in done.others.values()] == ["trp.unreachable"]
        port = other.port
    (tmp_path / "south" / "die").unlink()
    with running(tmp_path / "south", replace(setting, port=port)) as other:
        assert ask(stage.house, desk).answered == 1
        assert len(other.rows("done")) == 1
    assert state(stage) == "authorised"


def test_who_rejects_denies(stage: Stage, other: Running, desk: Desk) -> None:
    keep(stage, other)
    (other.folder / "no").touch()
    one = filed(stage)
    assert ask(stage.house, desk).answered == 1
    assert state(stage) == "rejected"
    assert verdict(stage, one.obligation) == "deny"
    done = ask(stage.house, desk)
    assert (done.begun, done.answered, done.confirmed) == (0, 0, 0)
    assert len(other.rows("done")) == 1


def test_the_answer_may_come_later_and_once(
    stage: Stage, other: Running, authority: Authority, elsewhere: Connection
) -> None:
    """Sent again it is answered alike; what contradicts it, or comes from another, is refused."""
    (other.folder / "later").touch()
    keep(stage, other)
    one = filed(stage)
    with hearing(stage, authority) as (desk, log):
        assert ask(stage.house, desk).answered == 0
        assert ask(stage.house, desk).answered == 0
        assert len(other.rows("done")) == 1
        (asked,) = exchanges(stage)
        order = {
            "do": "resolve",
            "at": desk.callback("resolutions", asked.identifier),
            "identifier": AGAIN,
            "about": "b",
        }
        assert verdict(stage, one.obligation) == "hold"
        nobody = other.do(**order | {"at": desk.callback("resolutions", AGAIN)})
        assert (nobody["refused"], nobody["its_code"]) == ("trp.refused", "trp.target-unknown")
        assert other.do(**order) == {"found": None}
        assert other.do(**order) == {"found": None}
        assert state(stage) == "authorised"
        assert verdict(stage, one.obligation) == "clear"
        contradicts = other.do(**order | {"do": "reject"})
        assert contradicts["its_code"] == "trp.request-otherwise"
        assert state(stage) == "authorised"
        # A rejection takes the approval back until coins have moved, and nothing follows it.
        late = order | {"identifier": AGAIN.replace("c1", "c2")}
        assert other.do(**late | {"do": "reject"}) == {"found": None}
        assert state(stage) == "rejected"
        again = order | {"identifier": AGAIN.replace("c1", "c3")}
        assert other.do(**again)["its_code"] == "travel-exchange.rejected"
        assert state(stage) == "rejected"
        assert verdict(stage, one.obligation) == "deny"
        replay(stage.house, elsewhere, lambda _: None)
        text = json.dumps(log)
        assert "Harbour" not in text
        assert asked.identifier not in text


def test_an_answer_is_of_whom_was_asked(stage: Stage, other: Running, desk: Desk) -> None:
    (other.folder / "later").touch()
    keep(stage, other)
    filed(stage)
    ask(stage.house, desk)
    (asked,) = exchanges(stage)
    with pytest.raises(travel_exchanges.AnswerOfAnother):
        take(stage.house, asked.identifier, OTHER, Rejection("no"))
    with pytest.raises(TargetUnknown):
        exchange_of(stage.house, AGAIN)
    assert exchanges(stage) == [asked]


def test_what_is_answered_too_late_is_asked_anew(stage: Stage, other: Running, desk: Desk) -> None:
    (other.folder / "later").touch()
    keep(stage, other)
    one = filed(stage)
    ask(stage.house, desk)
    (asked,) = exchanges(stage)
    stage.clock.at = asked.resolve_by
    assert ask(stage.house, desk).lapsed == 0
    stage.clock.forward(seconds=1)
    assert ask(stage.house, desk).lapsed == 1
    assert state(stage) == "cancelled"
    with pytest.raises(WasCancelled):
        take(stage.house, asked.identifier, SOUTH, Approval("x", "https://a.example/b"))
    stage.publish()
    assert verdict(stage, one.obligation) == "hold"
    assert ask(stage.house, desk).begun == 0  # until the record is filed anew
    (other.folder / "later").unlink()
    travelling.file(stage.house, one.obligation, content(stage))
    done = ask(stage.house, desk)
    assert (done.begun, done.answered) == (1, 1)
    assert verdict(stage, one.obligation) == "clear"


def test_another_record_takes_the_place_of_what_was_approved(
    stage: Stage, other: Running, desk: Desk
) -> None:
    keep(stage, other)
    one = filed(stage)
    ask(stage.house, desk)
    stage.clock.forward(minutes=1)
    travelling.file(stage.house, one.obligation, content(stage, customerIdentification="C-2"))
    assert verdict(stage, one.obligation) == "hold"
    done = ask(stage.house, desk)
    assert (done.begun, done.answered, done.confirmed) == (1, 1, 1)
    assert verdict(stage, one.obligation) == "clear"
    assert [(row[0], row[3][:8]) for row in other.rows("done")[1:]] == [
        ("inquiry", '{"benefi'),
        ("confirmation", "canceled"),
    ]
    assert [one.state for one in exchanges(stage)] in (
        ["authorised", "cancelled"],
        ["cancelled", "authorised"],
    )


def test_what_waits_for_an_answer_is_not_sent_once_another_record_is_filed(
    stage: Stage, other: Running, desk: Desk
) -> None:
    keep(stage, other)
    one = filed(stage)
    travel_exchanges._begin(stage.house, desk)
    stage.clock.forward(minutes=1)
    travelling.file(stage.house, one.obligation, content(stage, customerIdentification="C-2"))
    done = ask(stage.house, desk)
    assert (done.begun, done.answered) == (1, 1)
    (sent,) = other.rows("done")
    assert "C-2" in sent[3]


def test_what_is_taken_back_is_told_and_not_asked_about(
    stage: Stage, other: Running, desk: Desk
) -> None:
    """Before it was sent nobody hears of it; after it was approved the provider does."""
    keep(stage, other)
    ids = [filed(stage).obligation, filed(stage).obligation]
    ask(stage.house, desk)
    later = filed(stage).obligation
    travel_exchanges._begin(stage.house, desk)
    assert len(other.rows("done")) == 2
    for id in (ids[0], later):
        for letter in "Ab":
            rescind(stage.house, stage.firm(letter).id, [id])
    done = ask(stage.house, desk)
    assert (done.confirmed, done.others) == (1, {})
    assert [row[0] for row in other.rows("done")] == ["inquiry", "inquiry", "confirmation"]
    assert other.rows("done")[2][3] == "canceled"
    assert {one.obligation: one.state for one in exchanges(stage)} == {
        ids[0]: "cancelled",
        ids[1]: "authorised",
        later: "cancelled",
    }


def test_a_lost_key_is_an_alarm_and_the_record_is_filed_anew(
    stage: Stage, other: Running, desk: Desk
) -> None:
    """A drill: the others are asked all the same, and the same record is taken again."""
    keep(stage, other)
    one, second = filed(stage), filed(stage)
    travel_exchanges._begin(stage.house, desk)
    stage.house.keyring.erase(one.dossier)
    with pytest.raises(DossierAltered):
        ask(stage.house, desk)
    assert {one.obligation: one.state for one in exchanges(stage)} == {
        one.obligation: "requested",
        second.obligation: "authorised",
    }
    stage.clock.forward(minutes=1)
    travelling.file(stage.house, one.obligation, content(stage))
    ask(stage.house, desk)
    assert verdict(stage, one.obligation) == "clear"
    assert len(other.rows("done")) == 2


def test_a_party_that_leaves_its_platform_is_asked_about_no_more(
    stage: Stage, other: Running, desk: Desk
) -> None:
    keep(stage, other)
    filed(stage)
    for letter, lei in (("A", ORIGIN), ("b", SOUTH)):
        until = stage.clock().date() - DAY
        one = Associate(stage.firm(letter).id, lei, "platform", "its own", SINCE, until)
        enter(stage.house, stage.folder, one)
    nothing(stage, other, desk)


def test_what_was_erased_cannot_be_sent(stage: Stage, other: Running, desk: Desk) -> None:
    keep(stage, other)
    one = filed(stage)
    travel_exchanges._begin(stage.house, desk)
    agree(stage.house, EraseDossier(one.dossier, "asked to be"), ADA, BELA)
    (said,) = ask(stage.house, desk).others.values()
    assert said.startswith("dossier.erased")
    assert other.rows("done") == []


def test_certificates_are_renewed(stage: Stage, authority: Authority, tmp_path: Path) -> None:
    """A drill: a new one of this house goes on; of a pinned provider it is verified first."""
    old, new = authority.issue("old", SOUTH), authority.issue("new", SOUTH)

    def files(one: Certified) -> dict[str, Any]:
        return {"certificate": str(one.credentials.certificate), "key": str(one.credentials.key)}

    setting = settings_of(authority, stage, **files(old))
    with running(tmp_path / "south", setting) as other:
        keep(stage, other, certificate=old.fingerprint)
        filed(stage)
        assert ask(stage.house, desk_of(authority)).answered == 1
        filed(stage)
        assert ask(stage.house, desk_of(authority)).answered == 1  # with a certificate of its own
        at = other.address("b")
        port = other.port
    renewed = replace(setting, port=port, **files(new))
    with running(tmp_path / "south", renewed) as other:
        filed(stage)
        (said,) = ask(stage.house, desk_of(authority)).others.values()
        assert said.startswith("trp.certificate-of-another")
        today = stage.clock().date()
        one = vasp(SOUTH, travel_address=at, certificate=new.fingerprint, since=today)
        enter(stage.house, stage.folder, one)
        done = ask(stage.house, desk_of(authority))
        assert (done.answered, done.others) == (1, {})
    assert {one.state for one in exchanges(stage)} == {"authorised"}


def test_a_worker_asks(stage: Stage, other: Running, desk: Desk, tmp_path: Path) -> None:
    """Where the house has a desk; without one it is left to others."""
    keep(stage, other)
    filed(stage)
    work(Place(stage.house, tmp_path / "outbox"))
    assert exchanges(stage) == []
    (other.folder / "later").touch()
    work(Place(stage.house, tmp_path / "outbox", desk=lambda: desk))
    assert state(stage) == "requested"
    (other.folder / "no").touch()
    stage.clock.forward(minutes=1)
    work(Place(stage.house, tmp_path / "outbox", desk=lambda: desk))
    assert len(other.rows("done")) == 1  # the same again, which is answered alike
    assert state(stage) == "requested"


def test_a_house_whose_own_certificate_has_expired_does_all_else(
    stage: Stage, tmp_path: Path
) -> None:
    def expired() -> Desk:
        raise CertificateExpired("it was valid until yesterday")

    work(Place(stage.house, tmp_path / "outbox", desk=expired))
    (one,) = jobs.troubles(stage.house.db)
    assert (one.kind, one.code, one.stuck) == ("travel.ask", "trp.certificate-expired", False)
    assert "operator" in one.actor


def test_decisions_come_out_the_same(stage: Stage, other: Running, desk: Desk) -> None:
    keep(stage, other)
    one = filed(stage)
    for _ in range(2):
        verdict(stage, one.obligation)
        ask(stage.house, desk)
    proven = prove(stage.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(stage.house.db, GateDecided))
    assert State(state(stage)) is State.AUTHORISED
