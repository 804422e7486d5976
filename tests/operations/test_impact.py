"""Impact: past decisions asked again, under another law and under their own."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest
from tests.admitted import let_in, licence_of
from tests.enacted import (
    Market,
    adding,
    enact,
    facts,
    linked,
    open_market,
    pilot,
    ruled,
    supervised,
    tamper,
    without,
)
from tests.laws import Law, joined, on_subject, read, tightened
from tests.lax_laws import lax_law
from tests.stage import Stage

from clearhouse.core.errors import Coded
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId
from clearhouse.core.participant import LICENCES
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.rulebook.activation import UnknownVersion
from clearhouse.core.valuation import RateFixed
from clearhouse.demo import lists
from clearhouse.demo.country import Country
from clearhouse.operations import past
from clearhouse.operations.impact import EXAMPLES, Impact, impact
from clearhouse.operations.law import Law as Laws
from clearhouse.operations.prove import Proven, ReplayDiffers, prove
from clearhouse.operations.records import known
from clearhouse.operations.screen import open_gate
from clearhouse.store.files import ArchiveDamaged

MONTH = 30  # days
ALLOWS, CLOSED = "gate.law-allows", "gate.law-closed"


def nothing(_: int) -> None:
    """Nobody watches."""


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def asked(market: Market, law: Rulebook, days: int = MONTH) -> Impact:
    return impact(market.house, law, days, nothing)


def proven(market: Market, days: int = MONTH) -> Proven:
    return prove(market.house, days, nothing)


def changes(found: Impact) -> dict[tuple[str, str], tuple[int, int]]:
    """By rule and code: how often it comes newly, and no longer."""
    return {key: (one.newly, one.no_longer) for key, one in found.rules.items()}


def big(limit: str, outcome: str = "HOLD", day: str = "settlement") -> Law:
    """Something comes of payments of more than a limit in euros."""
    return ruled(
        "XA.caps.big",
        outcome,
        "amount.EUR > limit",
        parameters={"limit": {"value": limit, "unit": "EUR"}},
        rate={"name": "fixing", "on": day},
        vectors={"fires": [{"amount.EUR": "9000000.00"}]},
    )


def report(id: str, what: str = "a report") -> Law:
    due = {"what": what, "to": "the treasury"}
    return ruled(id, "REPORT", applies_to={"roles": ["transaction"]}, due=due)


@cache
def closed() -> Rulebook:
    return read(without("XA.corridor.open"))


@cache
def held() -> Rulebook:
    return read(adding(ruled("XA.caps.all", "HOLD")))


# What would have been.


def test_the_same_law_changes_nothing(market: Market) -> None:
    ids = market.trade("A>b 100.00, C>d 20.00 EUR, A>B 5.00, b>C 0.01 BTC")
    told: list[int] = []
    found = impact(market.house, market.house.rulebook, MONTH, told.append)

    assert found.decisions == past.count(market.house, MONTH) == told[-1] == len(ids)
    assert found.verdicts == {("clear", "clear"): 3, ("deny", "deny"): 1}
    assert (dict(found.rules), found.remarks) == ({}, [])
    assert found.old == found.new == market.house.rulebook.version
    assert found.since == "2026-01-31 10:00 UTC"


def test_what_a_law_would_have_closed_is_counted_by_rule_with_examples(market: Market) -> None:
    ids = market.trade("A>b 1.00, A>c 2.00, C>d 3.00, b>A 4.00, D>e 5.00")
    (domestic,) = market.trade("A>B 6.00")
    found = asked(market, closed())

    assert found.verdicts == {("clear", "deny"): 5, ("deny", "deny"): 1}
    (name,) = {name for name, code in found.rules if code == CLOSED}
    assert name == (
        "as of the trade date and settlement date: no law of XA opens this"
        " (with whom payments are allowed)"
    )
    assert changes(found) == {("XA.corridor.open", ALLOWS): (0, 5), (name, CLOSED): (5, 0)}
    for one in found.rules.values():
        assert one.verdicts == {("clear", "deny"): 5}
        assert len(one.examples) == EXAMPLES == 3
        assert {*one.examples} <= {*ids} - {domestic}
    assert (found.old, found.new) == (market.house.rulebook.version, closed().version)
    assert found.remarks == []


def test_what_a_law_would_have_opened_is_counted_too(market: Market) -> None:
    shipped = market.house.rulebook
    enact(market.house, closed(), market.clock())
    market.trade("A>b 1.00, b>C 2.00, A>B 3.00")
    found = asked(market, shipped)

    assert found.verdicts == {("deny", "clear"): 2, ("deny", "deny"): 1}
    assert (found.rules["XA.corridor.open", ALLOWS].newly, len(found.rules)) == (2, 2)
    assert found.old == closed().version


def test_nothing_is_recorded_and_nothing_comes_into_force(market: Market) -> None:
    market.trade("A>b 1.00, A>B 2.00")
    before = market.house.db.execute("SELECT * FROM journal ORDER BY position").fetchall()
    version = market.house.rulebook.version
    for law in (closed(), held()):
        asked(market, law)
    assert market.house.db.execute("SELECT * FROM journal ORDER BY position").fetchall() == before
    assert market.house.rulebook.version == version
    assert closed().version not in market.house.laws.kept()


def test_a_hold_is_told_apart_from_a_denial(market: Market) -> None:
    market.trade("A>b 1.00, A>B 2.00")
    found = asked(market, held())
    assert found.verdicts == {("clear", "hold"): 1, ("deny", "deny"): 1}
    # It bears on what is denied as well; there it changes no verdict.
    assert changes(found) == {("XA.caps.all", "gate.law-holds"): (2, 0)}
    assert found.rules["XA.caps.all", "gate.law-holds"].verdicts == {("clear", "hold"): 1}


def test_what_is_newly_due_and_what_is_no_longer(market: Market) -> None:
    """Without a change of any verdict; one rule gives way to another."""
    enact(market.house, read(adding(report("XA.reporting.old"))), market.clock())
    market.trade("A>b 1.00, b>C 2.00")
    found = asked(market, read(adding(report("XA.reporting.new"))))

    assert found.verdicts == {("clear", "clear"): 2}
    assert changes(found) == {
        ("XA.reporting.old", "gate.report-due"): (0, 2),
        ("XA.reporting.new", "gate.report-due"): (2, 0),
    }
    assert all(one.verdicts == {} for one in found.rules.values())


def test_what_screening_found_stays_as_it_was(market: Market) -> None:
    """Who was listed then is denied under every law, and who is listed since is not."""
    market.publish(market.firm("A").name)
    market.trade("A>b 1.00, C>b 2.00")
    market.publish(market.firm("C").name)
    for law in (market.house.rulebook, lax_law().rulebook, held()):
        found = asked(market, law)
        after = "hold" if law is held() else "clear"
        assert found.verdicts == {("deny", "deny"): 1, ("clear", after): 1}


def test_a_lower_score_is_remarked_on_since_nobody_was_screened_again(market: Market) -> None:
    market.trade("A>b 1.00")

    def at(score: int) -> list[str]:
        said = tightened("XA", "screening.review-score", score, date(2026, 1, 1))
        law = read(joined(without(), on_subject("XA", "standards", standard=[said])))
        return asked(market, law).remarks

    (remark,) = at(749)
    assert "screened again" in remark
    assert at(400) == [remark]
    assert at(750) == at(760) == at(1000) == []


# What was known then.


def test_a_licence_that_was_recorded_later_does_not_count(market: Market) -> None:
    """Though it holds since January; what is asked after it was recorded knows it."""
    law = read(
        adding(
            ruled(
                "XA.caps.banks",
                "DENY",
                '!("bank" in debtor.licences)',
                vectors={"fires": [{"debtor.licences": []}]},
            )
        )
    )
    firm = market.firm("A")
    (before,) = market.trade("A>b 1.00")
    days = (date(2026, 1, 1), date(2026, 12, 31))
    let_in(market.house, licence_of(firm.id, "bank", "Central Bank", *days))
    assert "bank" in {one.licence_class for one in known(market.house, LICENCES)}
    (after,) = market.trade("A>b 2.00")

    found = asked(market, law)
    assert found.verdicts == {("clear", "deny"): 1, ("clear", "clear"): 1}
    assert found.rules["XA.caps.banks", "gate.law-denies"].examples == [before]
    assert market.verdicts(before, after) == ["clear", "clear"]
    assert proven(market).decisions == 2


@pytest.mark.parametrize("day", ["trade", "settlement"])
def test_a_rate_that_was_fixed_later_does_not_count(market: Market, day: str) -> None:
    """Though it is that day's; what is not known holds."""
    (before,) = market.trade("A>b 1000.00")
    market.fix("USD", 60_000)
    market.fix("EUR", 50_000)
    (after,) = market.trade("A>b 1000.00")
    found = asked(market, read(adding(big("5000.00", day=day))))

    assert found.verdicts == {("clear", "hold"): 1, ("clear", "clear"): 1}
    assert found.rules["XA.caps.big", "gate.law-holds"].examples == [before]
    assert [one.quote for one in facts(market.house.db, RateFixed)] == ["USD", "EUR"]
    assert market.verdicts(after) == ["clear"]


def test_a_rate_counts_as_it_was_known_between_two_fixings(market: Market) -> None:
    """Each day's decision at the newest rate of its day, as far as it was fixed."""
    law = read(adding(big("1000.00")))
    seen = []
    for price in (50_000, 40_000, 60_000):
        market.publish()
        market.fix("EUR", 50_000)
        seen += market.trade("A>b 1000.00")
        market.fix("USD", price)
        seen += market.trade("A>b 1000.00")
        market.clock.forward(days=1)
    found = asked(market, law)
    # 1000 dollars are: unknown, 1000 euros; still 1000, 1250; still 1250, 833.34.
    assert found.verdicts == {("clear", "clear"): 3, ("clear", "hold"): 3}
    enact(market.house, law, market.clock())
    assert proven(market).decisions == 6


# Which decisions.


def test_only_decisions_of_the_last_days_are_asked_again(market: Market) -> None:
    """To the microsecond: one recorded just so long ago is the oldest of them."""
    start = market.clock()
    for _ in range(4):
        market.publish()
        market.trade("A>b 1.00")
        market.clock.forward(days=1)
    for days, expected in ((1, 1), (2, 2), (3, 3), (4, 4), (3660, 4)):
        assert past.count(market.house, days) == expected
        assert asked(market, closed(), days).decisions == expected
        assert proven(market, days).decisions == expected
    market.clock.at = start + timedelta(days=4, microseconds=1)
    assert past.count(market.house, 4) == asked(market, closed(), 4).decisions == 3
    assert proven(market, 4).decisions == 3


def test_a_house_that_has_decided_nothing_is_asked_nothing(market: Market) -> None:
    told: list[int] = []
    found = impact(market.house, closed(), MONTH, told.append)
    assert (found.decisions, found.verdicts, dict(found.rules)) == (0, {}, {})
    assert prove(market.house, MONTH, told.append) == Proven(0, ())
    assert past.count(market.house, MONTH) == 0
    assert told == []


@pytest.mark.parametrize("chunk", [1, 2, 5])
def test_chunks_change_no_answer(
    market: Market, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Neither what would have been nor what was, also where batches are cut in the middle."""
    law = read(adding(linked("window.count", "pair", 2)))
    enact(market.house, law, market.clock())
    market.trade("A>b 1.00, A>b 2.00, A>c 3.00, C>b 4.00, A>b 5.00")
    market.trade("A>b 6.00, b>A 7.00, A>B 8.00")
    other = read(adding(linked("window.count", "party", 1, applies_to={"roles": ["debtor"]})))
    whole, all_of_it = asked(market, other), proven(market)

    monkeypatch.setattr(past, "CHUNK", chunk)
    told: list[int] = []
    assert impact(market.house, other, MONTH, told.append) == whole
    assert len(told) == -(-8 // chunk)
    assert told[-1] == 8
    assert proven(market) == all_of_it
    assert len(whole.verdicts) > 2


# What was decided comes out the same.


def a_day(market: Market) -> list[ObligationId]:
    """Of every verdict, with windows, fixings and versions of the law that follow each other."""
    ids = market.trade("A>b 1.00, b>A 2.00 EUR, A>B 3.00, C>d 0.01 BTC")
    market.fix("USD", 60_000)
    ids += market.trade("A>b 4.00, C>d 1000.00")
    market.fix("EUR", 50_000)
    enact(
        market.house, read(adding(linked("window.count", "pair", 2), big("900.00"))), market.clock()
    )
    ids += market.trade("A>b 5.00, A>b 6.00, D>b 2000.00")
    enact(market.house, closed(), market.clock())
    ids += market.trade("A>b 7.00")
    market.clock.forward(days=1)
    market.publish(market.firm("A").name)
    enact(
        market.house,
        read(adding(linked("window.total.EUR", "asset", "100.00", days=3))),
        market.clock(),
    )
    ids += market.trade("A>b 8.00, D>b 9.00")
    market.fix("USD", 55_000)
    ids += market.trade("D>b 10.00")
    return ids


def test_a_day_of_several_laws_and_fixings_comes_out_the_same(market: Market) -> None:
    told: list[int] = []
    ids = a_day(market)
    done = prove(market.house, MONTH, told.append)

    assert done.decisions == len(ids) == told[-1]
    assert len(done.versions) == 4
    assert set(market.verdicts(*ids)) == {"clear", "hold", "deny"}


def test_a_day_comes_out_the_same_in_a_process_that_began_with_another_law(market: Market) -> None:
    ids = a_day(market)
    market.house = replace(market.house, laws=Laws(held(), market.house.archive))
    assert proven(market).decisions == len(ids)


def test_a_cycle_and_what_comes_before_it_come_out_the_same(embedded_stage: Stage) -> None:
    """Decided when it is handed in, and once more when it is cleared."""
    stage = embedded_stage
    stage.trade("A>b 0.05, b>C 0.03, A>B 0.01")
    stage.clear()
    assert len(stage.facts(GateDecided, stage.trade("C>d 0.01")[0])) == 1
    assert prove(stage.house, MONTH, nothing).decisions == 7


def test_a_cycle_under_a_law_that_looks_around_comes_out_the_same(embedded_stage: Stage) -> None:
    """Nothing is proposed between the two decisions on each obligation."""
    stage = embedded_stage
    supervised(stage.house)
    enact(stage.house, read(adding(linked("window.count", "pair", 2))), stage.clock())
    stage.trade("A>b 0.05, A>b 0.03")
    stage.clear()
    prove(stage.house, MONTH, nothing)


def tampered_decision(market: Market, id: ObligationId, change: Callable[[str], str]) -> None:
    (one,) = market.decisions(id)
    row = market.house.db.execute(
        "SELECT position, body FROM journal WHERE subject = %s AND kind = 'GateDecided'", (id,)
    ).fetchone()
    assert row is not None
    position, body = row
    assert change(body) != body, one
    tamper(
        market.house.db,
        "journal",
        "UPDATE journal SET body = %s WHERE position = %s",
        change(body),
        position,
    )


@pytest.mark.parametrize("place", [0, 1, 2], ids=["debtor's", "creditor's", "the law's"])
def test_a_decision_that_names_another_finding_is_told(market: Market, place: int) -> None:
    """One that there is, of a payment the other way."""
    first, other, last = market.trade("A>b 1.00, b>A 2.00, C>d 3.00")
    findings = [market.decisions(one)[0].findings for one in (other, first)]

    def swapped(body: str) -> str:
        return body.replace(findings[0][place], findings[1][place])

    tampered_decision(market, other, swapped)
    with pytest.raises(ReplayDiffers, match=other) as caught:
        proven(market)
    assert caught.value.code == "rulebook.replay-differs"
    assert last not in str(caught.value)


def test_a_decision_that_names_another_verdict_is_told(market: Market) -> None:
    """Though the findings that it names denied it."""
    (id,) = market.trade("A>B 1.00")
    tampered_decision(market, id, lambda body: body.replace('"deny"', '"clear"'))
    with pytest.raises(ReplayDiffers):
        proven(market)


CHANGED = {
    "a ground of the law": ("law-denies", "law-allows"),
    "a verdict of the law": ('"verdict":"deny"', '"verdict":"clear"'),
    "a citation": ("s. 4", "s. 5"),
}


@pytest.mark.parametrize(("said", "instead"), CHANGED.values(), ids=CHANGED)
def test_a_finding_that_was_changed_is_told(market: Market, said: str, instead: str) -> None:
    """It stands under its old hash, in the table and in the journal."""
    (id,) = market.trade("A>B 1.00")
    digest = market.decisions(id)[0].findings[2]
    tamper(
        market.house.db,
        "finding",
        "UPDATE finding SET body = replace(body, %s, %s) WHERE digest = %s",
        *(said, instead, digest),
    )
    with pytest.raises(ReplayDiffers):
        proven(market)


def test_a_finding_that_names_another_law_is_told(market: Market) -> None:
    market.trade("A>b 1.00")
    market.house.laws.keep(closed())
    tamper(
        market.house.db,
        "finding",
        "UPDATE finding SET body = replace(body, %s, %s)",
        *(market.house.rulebook.version, closed().version),
    )
    with pytest.raises(ReplayDiffers):
        proven(market)


def test_a_finding_that_is_not_there_is_told(market: Market) -> None:
    (id,) = market.trade("A>b 1.00")
    digest = market.decisions(id)[0].findings[0]
    tamper(market.house.db, "finding", "DELETE FROM finding WHERE digest = %s", digest)
    with pytest.raises(ReplayDiffers):
        proven(market)


WORLD = {
    "its parties": ("obligation", "UPDATE obligation SET debtor = creditor, creditor = debtor"),
    "its amount": ("obligation", "UPDATE obligation SET units = units * 1000"),
    "its day": ("obligation", "UPDATE obligation SET traded_on = '2025-06-01'"),
    "a party's name": ("legal_entity", "UPDATE legal_entity SET name = name || ' & Sons'"),
    "a party's home": ("legal_entity", "UPDATE legal_entity SET residence = 'XC'"),
    "a licence": (
        "licence",
        "UPDATE licence SET licence_class = 'platform' WHERE licence_class = 'importer'",
    ),
    "a rate": ("rate", "UPDATE rate SET numerator = numerator * 3 WHERE quote = 'EUR'"),
    "when a rate was": ("rate", "UPDATE rate SET as_of = as_of + interval '9 days'"),
}


@pytest.mark.parametrize(("table", "statement"), WORLD.values(), ids=WORLD)
def test_what_was_known_then_and_is_otherwise_now_is_told(
    market: Market, table: str, statement: str
) -> None:
    enact(market.house, read(adding(big("900.00"))), market.clock())
    market.fix("USD", 60_000)
    market.fix("EUR", 50_000)
    (id,) = market.trade("A>b 1000.00")
    assert proven(market).decisions == 1
    tamper(market.house.db, table, statement)
    with pytest.raises(ReplayDiffers, match=id):
        proven(market)


UNREADABLE = {
    "an obligation that is gone": ("obligation", "DELETE FROM obligation"),
    "an asset that is none": ("obligation", "UPDATE obligation SET asset = 'XYZ'"),
    "a decision that is none": (
        "journal",
        "UPDATE journal SET body = '{' WHERE kind = 'GateDecided'",
    ),
    "a decision written otherwise": (
        "journal",
        "UPDATE journal SET body = body || ' ' WHERE kind = 'GateDecided'",
    ),
    "a decision without findings": (
        "journal",
        (
            "UPDATE journal SET body = regexp_replace(body, '\\[[^]]*\\]', '[]')"
            " WHERE kind = 'GateDecided'"
        ),
    ),
    "a licence as nothing": (
        "licence",
        "UPDATE licence SET licence_class = 'wizard' WHERE licence_class = 'importer'",
    ),
}


@pytest.mark.parametrize(("table", "statement"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_asked_again_is_told_and_no_crash(
    market: Market, table: str, statement: str
) -> None:
    market.trade("A>b 1.00")
    tamper(market.house.db, table, statement)
    with pytest.raises(Coded):
        proven(market)


def test_a_decision_for_another_day_is_told(market: Market) -> None:
    """It was recorded on the day that it was for."""
    (id,) = market.trade("A>b 1.00")
    tampered_decision(market, id, lambda body: body.replace("2026-03-02", "2026-03-03"))
    with pytest.raises(ReplayDiffers):
        proven(market)


def test_without_the_law_or_the_lists_nothing_is_proven(market: Market) -> None:
    market.trade("A>b 1.00")
    other = replace(market.house, laws=Laws(held(), market.house.archive))
    kept = market.house.laws.path(market.house.rulebook.version)
    body = kept.read_bytes()
    kept.unlink()
    with pytest.raises(UnknownVersion):
        prove(other, MONTH, nothing)
    kept.write_bytes(body)
    prove(other, MONTH, nothing)
    for one in market.house.archive.glob("*.list"):
        one.unlink()
    with pytest.raises(ArchiveDamaged):
        prove(other, MONTH, nothing)


def test_a_law_that_has_not_the_residence_of_a_party_would_have_denied(market: Market) -> None:
    market.trade("A>b 1.00")
    found = asked(market, lax_law("XA").rulebook)
    assert found.verdicts == {("clear", "deny"): 1}


def test_lists_that_did_not_change_from_day_to_day_come_out_the_same(market: Market) -> None:
    """Published anew each day, with the same entries: decisions of every day are proven."""
    for _ in range(3):
        lists.write_lists(market.folder / "lists", market.clock() - timedelta(hours=1))
        market.trade("A>b 1.00")
        market.clock.forward(days=1)
    assert proven(market).decisions == 3


def comes_out_the_same(market: Market) -> None:
    """Each decision, under its own law and lists."""
    assert proven(market).decisions == past.count(market.house, MONTH)


def changes_nothing(market: Market) -> None:
    """The law in force, asked about what was decided under it."""
    assert changes(asked(market, market.house.rulebook)) == {}


SAME = (comes_out_the_same, changes_nothing)


# Linked obligations.

LINKS: dict[str, Callable[[str, str], object]] = {
    "pair": lambda debtor, creditor: (debtor, creditor),
    "asset": lambda debtor, creditor: 0,  # noqa: ARG005 - all is settled in one
    "debtor": lambda debtor, creditor: debtor,  # noqa: ARG005 - of this side alone
    "creditor": lambda debtor, creditor: creditor,  # noqa: ARG005
}
Row = tuple[str, str, str, str, int]  # debtor, creditor, amount, currency, days ago
# What about half of the drawn trades are linked to.
COUNTS = {"pair": 2, "asset": 12, "debtor": 4, "creditor": 3}
TOTALS = {"pair": 120_00, "asset": 540_00, "debtor": 160_00, "creditor": 160_00}  # cents
EUROS = {"USD": (5, 6), "EUR": (1, 1), "BTC": (50_000, 1)}  # at the rates of `fixed`


def looking(what: str, by: str, limit: int | str, days: int = 2) -> Rulebook:
    """A law that holds what is linked to too much; by a party, from its own side."""
    scope = {} if by in {"pair", "asset"} else {"applies_to": {"roles": [by]}}
    link = by if by in {"pair", "asset"} else "party"
    return read(adding(linked(what, link, limit, days, **scope)))


def fixed(market: Market) -> None:
    market.fix("USD", 60_000)
    market.fix("EUR", 50_000)


def cents(amount: str, currency: str) -> int:
    """An amount in euro cents, rounded up."""
    minor = round(float(amount) * 10**8)
    numerator, denominator = EUROS[currency]
    return -(-minor * numerator // (denominator * 10**6))


def drawn(dice: Random, count: int) -> Iterator[Row]:
    """Trades between few firms, on few days, some of them at home."""
    for _ in range(count):
        pairs = ["A>b", "A>b", "A>c", "C>b", "b>A", "b>A", "c>A", "A>B"]
        debtor, creditor = dice.choice(pairs).split(">")
        amount, currency = dice.choice([("60.00", "USD"), ("40.00", "EUR"), ("0.001", "BTC")])
        yield debtor, creditor, amount, currency, dice.randrange(4)


def limiting(what: str, by: str, days: int = 2) -> Rulebook:
    """With a limit that some of what is drawn passes."""
    limit = COUNTS[by] if what == "window.count" else f"{TOTALS[by] // 100}.00"
    return looking(what, by, limit, days)


def counted(rows: Sequence[Row], by: str, what: str, span: int) -> list[str]:
    """The verdicts on rows in the order of their proposals, by a plain count."""
    verdicts = []
    for place, (debtor, creditor, _, _, ago) in enumerate(rows):
        window = [
            one
            for one in rows[: place + 1]  # what comes later changes nothing
            if LINKS[by](one[0], one[1]) == LINKS[by](debtor, creditor) and abs(one[4] - ago) < span
        ]
        found = (
            len(window) > COUNTS[by]
            if what == "window.count"
            else sum(cents(one[2], one[3]) for one in window) > TOTALS[by]
        )
        home = debtor.isupper() == creditor.isupper()
        # What is looked at from one side concerns Norland's own firms alone.
        bound = by in {"pair", "asset"} or (debtor if by == "debtor" else creditor).isupper()
        verdicts.append("deny" if home else "hold" if found and bound else "clear")
    return verdicts


@pytest.mark.parametrize("by", LINKS)
@pytest.mark.parametrize("what", ["window.count", "window.total.EUR"])
def test_what_is_linked_is_what_a_plain_count_says(market: Market, by: str, what: str) -> None:
    """When it is handed in, and ever after: in one batch, in several, and in another order."""
    dice, span = Random(f"{by} {what}"), 2
    fixed(market)
    enact(market.house, limiting(what, by, span), market.clock())
    rows, ids, today = [*drawn(dice, 30)], list[ObligationId](), market.clock().date()
    for debtor, creditor, amount, currency, ago in rows:
        text = f"{debtor}>{creditor} {amount} {currency}"
        ids += market.trade(text, traded_on=today - timedelta(days=ago))

    expected = counted(rows, by, what, span)
    assert market.verdicts(*ids) == expected
    for batches in (
        [ids],
        [ids[::-1]],
        [ids[place : place + 5] for place in range(0, len(ids), 5)],
        [[id] for id in dice.sample(ids, len(ids))],
    ):
        for batch in batches:
            market.ask_again(*batch)
        assert market.verdicts(*ids) == expected
        market.trade("A>b 60.00, C>b 40.00 EUR")  # what comes later changes nothing
    seen = Counter(expected)
    assert min(seen["deny"], seen["hold"], seen["clear"]) > 1, seen
    assert proven(market).decisions == len(ids) * 5 + 8


@pytest.mark.parametrize("by", LINKS)
@pytest.mark.parametrize("what", ["window.count", "window.total.EUR"])
def test_what_looked_around_replays_to_the_same_bytes(market: Market, by: str, what: str) -> None:
    """Files of several lines, handed in one after the other, with a fixing in between."""
    dice = Random(f"replay {by} {what}")
    market.fix("EUR", 50_000)
    enact(market.house, limiting(what, by), market.clock())
    ids = list[ObligationId]()
    for place in range(12):
        rows = [*drawn(dice, dice.randint(1, 4))]
        text = ", ".join(f"{row[0]}>{row[1]} {row[2]} {row[3]}" for row in rows)
        ids += market.trade(text, traded_on=market.clock().date() - timedelta(days=place // 4))
        if place == 5:
            market.fix("USD", 60_000)
    said = Counter(market.verdicts(*ids))

    assert proven(market).decisions == len(ids)
    assert min(said["hold"], said["clear"], said["deny"]) > 0, said
    found = asked(market, market.house.rulebook)
    assert (found.decisions, dict(found.rules)) == (len(ids), {})


def test_a_file_is_counted_line_by_line(market: Market) -> None:
    """Three lines at once are linked as they would be one after the other."""
    enact(market.house, looking("window.count", "pair", 2, 1), market.clock())
    together = market.trade("A>b 1.00, A>b 2.00, A>b 3.00")
    apart = [market.trade("C>b 1.00")[0] for _ in range(3)]
    for _ in range(2):
        assert market.verdicts(*together) == ["clear", "clear", "hold"]
        assert market.verdicts(*apart) == ["clear", "clear", "hold"]
        market.ask_again(*reversed(together), *apart)


def test_what_is_dated_back_is_linked_all_the_same(market: Market) -> None:
    """Its window reaches to both sides, and what came before it is not looked at again."""
    enact(market.house, looking("window.count", "pair", 1, 3), market.clock())
    today = market.clock().date()
    days = (0, 5, 2, 3, 9, 8)
    ids = [market.trade("A>b 1.00", traded_on=today - timedelta(days=day))[0] for day in days]
    assert market.verdicts(*ids) == ["clear", "clear", "hold", "hold", "clear", "hold"]
    market.ask_again(*ids)
    assert market.verdicts(*ids) == ["clear", "clear", "hold", "hold", "clear", "hold"]


def test_what_was_denied_counts_all_the_same(market: Market) -> None:
    """And so does what is held; what was refused at the door does not."""
    enact(market.house, looking("window.count", "asset", 2, 1), market.clock())
    assert market.verdicts(*market.trade("A>B 1.00, A>B 2.00")) == ["deny", "deny"]
    assert market.verdicts(*market.trade("C>d 3.00")) == ["hold"]
    yesterday = market.clock().date() - timedelta(days=1)
    assert market.verdicts(*market.trade("D>e 1.00", traded_on=yesterday)) == ["clear"]


def test_only_what_a_rule_is_about_counts(market: Market) -> None:
    """A rule on foreign trade does not count what is paid at home."""
    scope = {"roles": ["transaction"], "transactions": ["trade"]}
    law = read(adding(linked("window.count", "asset", 1, applies_to=scope)))
    enact(market.house, law, market.clock())
    (home,) = market.trade("A>B 1.00")
    (first,) = market.trade("C>d 1.00")
    (second,) = market.trade("D>e 1.00")
    assert market.verdicts(home, first, second) == ["deny", "clear", "hold"]


def test_a_total_with_an_amount_that_is_not_known_is_not_known(market: Market) -> None:
    market.fix("EUR", 50_000)
    enact(market.house, looking("window.total.EUR", "pair", "1000.00", 1), market.clock())
    known, _ = market.trade("A>b 1.00 EUR, C>b 1.00")
    (doubtful,) = market.trade("C>b 1.00 EUR")
    assert market.verdicts(known, doubtful) == ["clear", "hold"]
    (ground,) = [
        one for one in market.findings(doubtful)[2]["grounds"] if one["rule"] == "XA.caps.linked"
    ]
    assert "not known whether this applies: window.total.EUR" in ground["said"]


@pytest.mark.parametrize("how", SAME, ids=lambda how: how.__name__)
def test_what_is_asked_twice_with_nothing_in_between_comes_out_the_same(
    market: Market, how: Callable[[Market], None]
) -> None:
    enact(market.house, looking("window.count", "pair", 2, 1), market.clock())
    ids = market.trade("A>b 1.00, A>b 2.00")
    market.ask_again(*ids)
    assert market.verdicts(*ids) == ["clear", "clear"]
    how(market)


@pytest.mark.parametrize("how", SAME, ids=lambda how: how.__name__)
def test_what_is_asked_on_two_days_comes_out_the_same(
    market: Market, how: Callable[[Market], None]
) -> None:
    """Before and after midnight, by the same lists; on the second day the rates are too old."""
    fixed(market)
    enact(market.house, looking("window.total.EUR", "pair", "100.00", 9), market.clock())
    first, second = market.trade("A>b 50.00, A>b 60.00")
    market.clock.at = (market.clock() + timedelta(days=6)).replace(hour=23)
    market.publish()
    market.ask_again(second)
    market.clock.forward(hours=2)
    market.ask_again(first)
    assert market.verdicts(first, second) == ["hold", "clear"]
    how(market)


def test_a_rate_that_is_fixed_while_a_gate_stands_open_comes_out_the_same(market: Market) -> None:
    """As while a long file is taken in, and somebody fixes the day's rate."""
    enact(market.house, read(adding(big("1000.00"))), market.clock())
    fixed(market)
    market.clock.forward(days=1)
    market.publish()
    gate = open_gate(market.house)
    market.trade("A>b 1100.00", gate=gate)
    market.fix("USD", 50_000)
    market.trade("A>b 1100.00", gate=gate)
    proven(market)


# Programmes.


def test_a_programme_that_waives_a_rule_and_its_caps_replay(market: Market) -> None:
    """What passes the cap of all payments together is held as ever, and so is a stranger's."""
    caps: dict[str, object] = {"total": {"value": "100.00", "unit": "USD"}}
    leis = [market.firm("A").id, market.firm("b").id]
    rule = ruled("XA.caps.all", "HOLD", waivable=True)
    law = read(adding(rule, pilot(caps, ["XA.caps.all"], leis)))
    before = market.trade("A>b 60.00")
    assert asked(market, law).verdicts == {("clear", "clear"): 1}
    enact(market.house, law, market.clock())
    ids = [market.trade(text)[0] for text in ("A>b 30.00", "A>b 11.00", "C>b 1.00", "b>A 0.01")]

    assert market.verdicts(*before, *ids) == ["clear", "clear", "hold", "hold", "hold"]
    assert proven(market).decisions == 5
    assert dict(asked(market, market.house.rulebook).rules) == {}
