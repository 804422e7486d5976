"""Affirmation by command: only the other side makes an obligation bind, and once means once."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Barrier, Thread

import pytest

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import ObligationAffirmed
from clearhouse.core.schedule import ValueDated
from clearhouse.demo.country import Country, Firm, can
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.operations.affirm import Affirmation, affirm
from clearhouse.operations.house import House
from clearhouse.operations.intake import take_in
from clearhouse.store import journal
from clearhouse.store.connection import connect

UNKNOWN = ObligationId("obl_00000000000000000000000000")


@pytest.fixture
def buyer(admitted: Country) -> Firm:
    return next(one for one in admitted.traders if one.residence == "XA" and can(one, "debtor"))


@pytest.fixture
def seller(admitted: Country) -> Firm:
    return next(one for one in admitted.traders if one.residence == "XB" and can(one, "creditor"))


@pytest.fixture
def proposed(house: House, buyer: Firm, seller: Firm, tmp_path: Path) -> list[Invoice]:
    """Three invoices that the seller has sent."""
    first = Invoice("A", buyer, seller, "1.00", "EUR", date(2026, 2, 27), date(2026, 3, 9))
    ours = [first, replace(first, reference="B"), replace(first, reference="C")]
    take_in(house, write_csv(tmp_path / "s.csv", ours), seller.id, lambda _: None)
    return ours


def said(answers: list[Affirmation]) -> list[str]:
    """Each answer's state, or its refusal's code."""
    return [one.refusal.code if one.refusal else one.state for one in answers]


def entries(house: House) -> int:
    return sum(journal.count_kinds(house.db).values())


def states(house: House) -> list[str]:
    rows = house.db.execute("SELECT state FROM obligation ORDER BY reference").fetchall()
    return [state for (state,) in rows]


def test_the_debtor_affirms_one_and_it_binds(
    house: House, proposed: list[Invoice], buyer: Firm
) -> None:
    before = entries(house)

    (answer,) = affirm(house, buyer.id, [proposed[1].id])

    assert answer == Affirmation(proposed[1].id, "affirmed", None)
    assert states(house) == ["proposed", "affirmed", "proposed"]
    *_, said, dated = journal.about(house.db, proposed[1].id)
    assert said.event == ObligationAffirmed(proposed[1].id, buyer.id)
    assert isinstance(dated.event, ValueDated)
    assert (said.position, dated.position) == (before + 1, entries(house))


def test_all_that_waits_is_affirmed_and_then_nothing_waits(
    house: House, proposed: list[Invoice], buyer: Firm, seller: Firm
) -> None:
    assert affirm(house, seller.id) == []  # what it proposed waits for the other side

    answers = affirm(house, buyer.id)

    assert {one.obligation for one in answers} == {one.id for one in proposed}
    assert states(house) == ["affirmed"] * 3
    count = entries(house)
    assert affirm(house, buyer.id) == []
    assert entries(house) == count


def test_affirming_again_or_twice_at_once_changes_nothing(
    house: House, proposed: list[Invoice], buyer: Firm, seller: Firm
) -> None:
    one = proposed[0].id
    assert said(affirm(house, buyer.id, [one, one])) == ["affirmed"]
    rows = house.db.execute("SELECT * FROM obligation ORDER BY id").fetchall(), entries(house)

    for by in (buyer, seller):
        assert said(affirm(house, by.id, [one])) == ["affirmed"]

    assert rows == (
        house.db.execute("SELECT * FROM obligation ORDER BY id").fetchall(),
        entries(house),
    )


def test_the_side_that_proposed_cannot_affirm_for_the_other(
    house: House, proposed: list[Invoice], seller: Firm
) -> None:
    assert said(affirm(house, seller.id, [one.id for one in proposed])) == ["proposed"] * 3
    assert states(house) == ["proposed"] * 3


def test_each_id_is_answered_and_the_good_ones_bind(
    house: House, proposed: list[Invoice], buyer: Firm
) -> None:
    ids = [UNKNOWN, proposed[0].id, ObligationId(""), proposed[2].id]

    answers = affirm(house, buyer.id, ids)

    assert [one.obligation for one in answers] == ids
    assert said(answers) == ["obligation.unknown", "affirmed", "obligation.unknown", "affirmed"]
    assert states(house) == ["affirmed", "proposed", "affirmed"]


def test_nobody_but_the_parties_affirms(
    house: House, proposed: list[Invoice], admitted: Country
) -> None:
    count = entries(house)
    for other in (admitted.banks[0], admitted.authority, admitted.stranger):
        assert affirm(house, other.id) == []
        assert said(affirm(house, other.id, [proposed[0].id])) == ["obligation.not-a-party"]
    for nobody in ("5493001KJTIIGC8Y1R12", ""):
        with pytest.raises(Refusal, match=r"participant\.unknown"):
            affirm(house, ParticipantId(nobody))
    assert states(house) == ["proposed"] * 3
    assert entries(house) == count


def test_no_ids_are_not_all_ids(house: House, proposed: list[Invoice], buyer: Firm) -> None:
    assert affirm(house, buyer.id, []) == []
    assert states(house) == ["proposed"] * len(proposed)


def test_affirmed_at_the_same_time_it_binds_once(
    house: House, db_url: str, proposed: list[Invoice], buyer: Firm
) -> None:
    count, together = entries(house), Barrier(4)
    answers: list[list[Affirmation]] = []

    def work() -> None:
        with connect(db_url) as db:
            own = replace(house, db=db)
            together.wait()
            answers.append(affirm(own, buyer.id, [one.id for one in proposed]))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [said(one) for one in answers] == [["affirmed"] * 3] * 4
    assert entries(house) == count + 2 * 3, "each is affirmed, and given its value date"
