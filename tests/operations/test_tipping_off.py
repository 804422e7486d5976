"""Nobody can tell from anything here that somebody looks at them, or has reported them.

The same days are played twice: once a firm is hit, found odd, looked at, and reported, and its case
escalated; once it is not. Whatever it can see must be the same, and so must be what the house does
to answer it: how often it asks the database, and what.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest
from psycopg import Connection
from tests.enacted import Market, open_market
from tests.hands import BELA
from tests.operations.test_suspicion import raised, reported
from tests.recorded import enter

from clearhouse.core.casework import CaseEvidence, CaseLink, CaseOwner
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import ParticipantId
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.suspicion import ConcernDecision, ReportReceipt
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations import account, rescind, told
from clearhouse.operations.case_stages import escalate
from clearhouse.operations.casework import open_cases
from clearhouse.operations.explain import explain
from clearhouse.operations.hits import deciding, hits
from clearhouse.operations.notices import deliver
from clearhouse.store import journal
from clearhouse.verifier.follow import UNTOLD

PARTY = "A"


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


@dataclass
class Asked:
    """A connection that writes down what it is asked."""

    db: Connection
    statements: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        self.statements.append(str(query))
        return self.db.execute(query, *arguments, **options)

    def cursor(self) -> Any:
        self.statements.append("a cursor")
        return self.db.cursor()


@dataclass
class Seen:
    """What a firm can see, and what the house did to answer."""

    entries: list[tuple[str, str, str]]
    notices: list[str]
    accounts: object
    explained: list[str]
    statements: dict[str, list[str]]


Suspect = Callable[[Market, Path], None]


def nobody(_market: Market, _desk: Path) -> None:
    """Nothing is odd."""


def found_odd(market: Market, desk: Path) -> None:
    raised(market, desk)


def looked_at(market: Market, desk: Path) -> None:
    """A concern with an owner, evidence, a link, and a stage that lasted too long."""
    one, other = raised(market, desk), raised(market, desk, market.firm("C").id)
    today = market.house.today
    enter(market.house, desk, CaseOwner(one.id, BELA.person, today))
    enter(market.house, desk, CaseEvidence(one.id, "ab" * 32, "goods", "its invoices", today))
    enter(market.house, desk, CaseLink(one.id, other.id, "same-pattern", today))
    cases = open_cases(market.house)
    start = market.clock.at
    market.clock.forward(days=9)
    assert escalate(market.house, cases)
    market.clock.at = start


def told_to_the_authority(market: Market, desk: Path) -> None:
    one = raised(market, desk)
    kept = reported(market, desk, one)
    enter(market.house, desk, ReportReceipt(kept.report, "2026/77", market.house.today))
    enter(market.house, desk, ConcernDecision(one.id, "reported", "seen", market.house.today))


def found_unfounded(market: Market, desk: Path) -> None:
    one = raised(market, desk)
    reported(market, desk, one, "not told")
    enter(market.house, desk, ConcernDecision(one.id, "unfounded", "rent", market.house.today))


def cleared_of_a_hit(market: Market, desk: Path) -> None:
    """It resembled somebody, and two people found that it is another; both days have the list."""
    (hit,) = hits(market.house)
    enter(
        market.house,
        desk,
        CaseOwner(open_cases(market.house)[0].id, BELA.person, market.house.today),
    )
    enter(market.house, desk, deciding(hit, Outcome.SAME, "the same", market.house.today))


SUSPICIONS = {
    "found odd": found_odd,
    "looked at": looked_at,
    "told to the authority": told_to_the_authority,
    "found unfounded": found_unfounded,
}


def played(market: Market, desk: Path, suspect: Suspect, listed: tuple[str, ...] = ()) -> Seen:
    """A firm's days, and what it sees of them; in a transaction that is rolled back."""
    numbers = len(market._numbers)
    with market.house.db.transaction(force_rollback=True):
        seen = _days(market, desk, suspect, listed)
    del market._numbers[numbers:]  # the same references again
    return seen


def _days(market: Market, desk: Path, suspect: Suspect, listed: tuple[str, ...]) -> Seen:
    own, house, start = market.firm(PARTY).id, market.house, market.clock.at
    market.publish(*listed)
    before = market.trade("A>b 100.00, b>A 70.00")
    market.affirm(before[:1])
    suspect(market, desk)
    asked = Asked(house.db)
    market.house = replace(house, db=cast("Any", asked))
    done: dict[str, list[str]] = {}

    def noted(name: str) -> None:
        done[name] = asked.statements.copy()
        asked.statements.clear()

    market.clock.forward(hours=1)
    market.publish(*listed)
    ids = market.trade("A>b 50.00, b>A 20.00")
    noted("hands in")
    market.affirm(ids)
    noted("affirms")
    rescind.rescind(market.house, own, before)
    noted("takes back")
    balances = account.balances(market.house, own, None, None)
    noted("asks for its account")
    market.house = house
    outbox = desk / f"outbox-{len(list(desk.iterdir()))}"
    deliver(house, outbox)
    explained = [explain(house, id).text() for id in (*before, *ids)]
    market.clock.at = start
    return Seen(_entries(house, own), _notices(outbox / own), balances, explained, done)


def _entries(house: Any, own: ParticipantId) -> list[tuple[str, str, str]]:
    """The entries that its own bundle would have, without their places."""
    everything = journal.after(house.db, 0, 10**6)
    parties = told._parties(house, everything)
    return [
        (type(one.event).__name__, str(one.event), _at(one.recorded_at))
        for one in everything
        if own in told.concerned(one, {}, parties)
    ]


def _at(when: datetime) -> str:
    return when.isoformat()


def _notices(folder: Path) -> list[str]:
    found = []
    for file in sorted(folder.glob("*.json")) if folder.exists() else ():
        said = json.loads(file.read_text())
        del said["position"]
        found.append(json.dumps(said, sort_keys=True))
    return found


@pytest.mark.parametrize("suspect", SUSPICIONS.values(), ids=SUSPICIONS)
def test_what_a_firm_sees_does_not_depend_on_who_looks_at_it(
    market: Market, tmp_path_factory: pytest.TempPathFactory, suspect: Suspect
) -> None:
    desk = tmp_path_factory.mktemp("desk")
    clean = played(market, desk, nobody)
    suspected = played(market, desk, suspect)

    assert clean.entries
    assert clean.notices
    assert all(clean.statements.values())
    assert suspected.entries == clean.entries
    assert suspected.notices == clean.notices
    assert suspected.accounts == clean.accounts
    assert suspected.explained == clean.explained
    assert suspected.statements == clean.statements


def test_the_comparison_would_find_a_difference(
    market: Market, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A payment that is held because of a list is another answer, and asks for more."""
    desk = tmp_path_factory.mktemp("desk")
    clean = played(market, desk, nobody)
    again = played(market, desk, nobody)
    assert again == clean
    held = played(market, desk, nobody, (misspelt(market.firm(PARTY).name),))
    assert held.explained != clean.explained
    assert held.statements != clean.statements


def test_what_two_people_find_of_a_hit_is_not_among_what_it_is_told(
    market: Market, tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk = tmp_path_factory.mktemp("desk")
    listed = (misspelt(market.firm(PARTY).name),)
    clean = played(market, desk, nobody, listed)
    decided = played(market, desk, cleared_of_a_hit, listed)
    assert decided.entries == clean.entries
    assert decided.notices == clean.notices


def test_every_register_of_cases_is_told_to_nobody() -> None:
    """By the house's own word, and by the verifier's, which counts without them."""
    of_cases = {
        *("alert", "case_owner", "case_evidence", "case_link", "escalation"),
        *("concern", "concern_decision", "suspicion_report", "report_receipt"),
    }
    assert of_cases <= {name for name, one in REGISTERS.items() if one.untold}
    assert of_cases <= UNTOLD
