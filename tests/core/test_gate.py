"""The gate: the strictest of all grounds, and nothing that is added to the world makes it laxer."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.gate import (
    Finding,
    Ground,
    Verdict,
    decide,
    judge_corridor,
    judge_party,
    review_deadline,
)
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.participant import Class, Licence, Participant
from clearhouse.core.rulebook import (
    Corridor,
    DomesticPayment,
    Licensing,
    NameReview,
    Rule,
    Rulebook,
    parse,
)
from clearhouse.core.screening import Grade, Match, WalletMatch

SHIPPED = Path(__file__).parents[2] / "src" / "clearhouse" / "rulebooks"
LAW = parse({file.name: file.read_text("utf-8") for file in SHIPPED.glob("*.toml")})
LISTS = (("OFAC-WALLETS", "b" * 64), ("OFAC-SDN", "a" * 64))
TRADED, SETTLES = date(2026, 3, 2), date(2026, 3, 5)
DAYS = (TRADED, SETTLES)

FIRM = Participant(
    ParticipantId("5493001KJTIIGC8Y1R12"),
    "Skarven Timber AS",
    "XA",
    "bcrt1qexample",
    (Licence(Class.IMPORTER, "Central Bank", date(2026, 1, 1), date(2026, 12, 31)),),
)
WALLET = WalletMatch("bcrt1qexample", "bcrt1qexample", "XBT", "9001", "OFAC-WALLETS", "b" * 64)


def match(score: int) -> Match:
    grade = Grade.EXACT if score == 1000 else Grade.POSSIBLE
    listed = "SKARVEN TIMBER" if score == 1000 else "SKARVEN TINDER"
    return Match(FIRM.id, FIRM.name, listed, "9001", "OFAC-SDN", "a" * 64, score, grade)


def party(
    matches: Sequence[Match] = (),
    wallets: Sequence[WalletMatch] = (),
    *,
    of: Participant = FIRM,
    days: tuple[date, date] = DAYS,
    law: Rulebook = LAW,
) -> Finding:
    return judge_party(of, "debtor", matches, wallets, LISTS, days, law)


def codes(finding: Finding) -> list[str]:
    return [ground.code for ground in finding.grounds]


def law_of(*rules: Rule) -> Rulebook:
    version = sha256(repr(rules).encode()).hexdigest()
    return Rulebook(version, LAW.jurisdictions, rules)


def corridor(home: str, *abroad: str, start: date = TRADED, end: date | None = None) -> Rule:
    id = f"{home}.corridor.{start}.{end}.{'.'.join(abroad)}"
    return Rule(id, home, f"Order of {home}", start, end, Corridor(abroad))


# What a party's finding says.


def test_a_licensed_party_that_is_on_no_list_is_clear() -> None:
    finding = party()

    assert finding.verdict is Verdict.CLEAR
    assert codes(finding) == ["gate.licensed", "gate.not-listed"]
    licensed, compared = finding.grounds
    assert licensed.rule == "XA.licence.debtor"
    assert "s. 8(1)" in licensed.citation
    assert "2026-01-01 to 2026-12-31" in licensed.said
    assert all(name in compared.said and version[:12] in compared.said for name, version in LISTS)


def test_the_same_name_is_denied_and_a_resemblance_held() -> None:
    held, denied = party([match(812)]), party([match(1000)])

    assert (held.verdict, denied.verdict) == (Verdict.HOLD, Verdict.DENY)
    assert codes(held) == ["gate.licensed", "gate.possibly-listed-party"]
    assert codes(denied) == ["gate.licensed", "gate.listed-party"]
    for said in (held.grounds[1].said, denied.grounds[1].said):
        assert FIRM.name in said
        assert "SKARVEN TI" in said
        assert "entry 9001 of OFAC-SDN version aaaaaaaaaaaa" in said


def test_a_listed_wallet_is_denied() -> None:
    finding = party(wallets=[WALLET])

    assert finding.verdict is Verdict.DENY
    assert codes(finding) == ["gate.licensed", "gate.listed-wallet"]
    assert "bcrt1qexample" in finding.grounds[1].said


def test_all_grounds_are_told_and_the_strictest_decides() -> None:
    finding = party([match(812), match(1000), match(760)], [WALLET], of=replace(FIRM, licences=()))

    assert finding.verdict is Verdict.DENY
    assert sorted(codes(finding)) == [
        "gate.licence-missing",
        "gate.licence-missing",  # on the trade date, and on the settlement date
        "gate.listed-party",
        "gate.listed-wallet",
        "gate.possibly-listed-party",
        "gate.possibly-listed-party",
    ]


@pytest.mark.parametrize(
    ("start", "end", "verdict"),
    [
        (TRADED, SETTLES, Verdict.CLEAR),
        (TRADED + timedelta(days=1), SETTLES, Verdict.DENY),
        (TRADED, SETTLES - timedelta(days=1), Verdict.DENY),
        (SETTLES + timedelta(days=1), SETTLES + timedelta(days=9), Verdict.DENY),
    ],
)
def test_a_licence_holds_on_the_trade_date_and_on_the_settlement_date(
    start: date, end: date, verdict: Verdict
) -> None:
    lent = replace(FIRM, licences=(Licence(Class.IMPORTER, "Central Bank", start, end),))
    assert party(of=lent).verdict is verdict


def test_two_licences_may_follow_each_other() -> None:
    first = Licence(Class.IMPORTER, "Central Bank", date(2026, 1, 1), TRADED)
    second = Licence(Class.BANK, "Central Bank", SETTLES, date(2026, 12, 31))

    finding = party(of=replace(FIRM, licences=(first, second)))

    assert finding.verdict is Verdict.CLEAR
    assert codes(finding) == ["gate.licensed", "gate.licensed", "gate.not-listed"]


def test_a_licence_rule_that_begins_before_settlement_is_looked_at_too() -> None:
    stricter = Rule("XA.new", "XA", "Act 2", SETTLES, None, Licensing("debtor", ("bank",)))
    law = law_of(*LAW.rules, stricter)

    assert party(law=law).verdict is Verdict.DENY
    assert party(law=law, days=(TRADED, SETTLES - timedelta(days=1))).verdict is Verdict.CLEAR


# What the corridor's finding says.


def test_a_corridor_that_both_sides_opened_is_clear() -> None:
    finding = judge_corridor("XA", "XB", DAYS, LAW)

    assert finding.verdict is Verdict.CLEAR
    assert finding.subject == "XA>XB"
    assert [ground.rule for ground in finding.grounds] == ["XA.corridor.open", "XB.corridor.open"]
    assert all(ground.citation for ground in finding.grounds)


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        pytest.param([], Verdict.DENY, id="no law"),
        pytest.param([corridor("XA", "XB")], Verdict.DENY, id="opened by one side"),
        pytest.param([corridor("XB", "XA")], Verdict.DENY, id="opened by the other side"),
        pytest.param(
            [corridor("XA", "XB"), corridor("XB", "XC")], Verdict.DENY, id="to somewhere else"
        ),
        pytest.param(
            [corridor("XA", "XB"), corridor("XC", "XA", "XB")], Verdict.DENY, id="by a third"
        ),
        pytest.param(
            [corridor("XA", "XB"), corridor("XB", "XC", "XA")], Verdict.CLEAR, id="among several"
        ),
        pytest.param(
            [corridor("XA", "XB"), corridor("XB", "XA", end=SETTLES)], Verdict.CLEAR, id="still"
        ),
        pytest.param(
            [corridor("XA", "XB"), corridor("XB", "XA", end=SETTLES - timedelta(days=1))],
            Verdict.DENY,
            id="closed between trade and settlement",
        ),
        pytest.param(
            [corridor("XA", "XB", start=TRADED + timedelta(days=1)), corridor("XB", "XA")],
            Verdict.DENY,
            id="opened after the trade",
        ),
        pytest.param(
            [
                corridor("XA", "XB", end=TRADED),
                corridor("XA", "XB", start=SETTLES),
                corridor("XB", "XA"),
            ],
            Verdict.CLEAR,
            id="by two rules, one on each day",
        ),
    ],
)
def test_a_corridor_is_closed_unless_both_open_it_on_both_days(
    rules: list[Rule], verdict: Verdict
) -> None:
    law = law_of(*rules)

    for debtor, creditor in (("XA", "XB"), ("XB", "XA")):
        finding = judge_corridor(debtor, creditor, DAYS, law)
        assert finding.verdict is verdict
        assert ("gate.corridor-closed" in codes(finding)) is (verdict is Verdict.DENY)


def test_a_closed_corridor_says_who_closed_it_and_when() -> None:
    law = law_of(corridor("XA", "XB"), corridor("XB", "XA", end=TRADED))
    (closed,) = (
        ground
        for ground in judge_corridor("XA", "XB", DAYS, law).grounds
        if ground.verdict is Verdict.DENY
    )
    assert closed.said == "no law of XB opens payments with residents of XA on 2026-03-05"


@pytest.mark.parametrize("home", ["XA", "XB"])
def test_a_domestic_payment_is_denied_once_citing_the_ban(home: str) -> None:
    finding = judge_corridor(home, home, DAYS, LAW)

    assert finding.verdict is Verdict.DENY
    assert codes(finding) == ["gate.domestic-digital-payment"]
    assert finding.grounds[0].rule == f"{home}.payment.domestic"


@pytest.mark.parametrize(
    ("start", "end"), [(SETTLES, None), (date(2020, 1, 1), TRADED), (TRADED, SETTLES)]
)
def test_a_ban_on_domestic_payments_on_either_day_is_enough(start: date, end: date | None) -> None:
    ban = Rule("XA.ban", "XA", "Act", start, end, DomesticPayment())
    assert judge_corridor("XA", "XA", DAYS, law_of(ban, corridor("XA", "XA"))).verdict
    assert not judge_corridor("XB", "XB", DAYS, law_of(ban, corridor("XB", "XB"))).verdict


def test_without_a_ban_a_domestic_payment_still_needs_an_open_corridor() -> None:
    assert judge_corridor("XA", "XA", DAYS, law_of(corridor("XA", "XB"))).verdict is Verdict.DENY


# Whatever is added: generated laws, days and facts.

places = st.sampled_from(["XA", "XB", "XC"])
calendar_days = st.dates(date(2026, 2, 27), date(2026, 3, 10))
terms = st.one_of(
    st.builds(
        Licensing,
        st.sampled_from(["debtor", "creditor"]),
        st.lists(st.sampled_from([str(one) for one in Class]), min_size=1, max_size=3).map(tuple),
    ),
    st.just(DomesticPayment()),
    st.builds(Corridor, st.lists(places, min_size=1, max_size=3).map(tuple)),
    st.builds(NameReview, st.integers(0, 1000), st.integers(0, 9)),
)


@st.composite
def rules(draw: st.DrawFn, number: int = 0) -> Rule:
    place, start = draw(places), draw(calendar_days)
    end = draw(st.none() | st.dates(start, start + timedelta(days=9)))
    return Rule(f"{place}.{number}", place, f"art. {number}", start, end, draw(terms))


@st.composite
def laws(draw: st.DrawFn) -> Rulebook:
    """Some rules; the shipped ones among them more often than not, so that much is clear."""
    drawn = [draw(rules(number)) for number in range(draw(st.integers(0, 4)))]
    return law_of(*(LAW.rules if draw(st.integers(0, 3)) else ()), *drawn)


@st.composite
def firms(draw: st.DrawFn) -> Participant:
    kinds = draw(st.lists(st.sampled_from(Class), max_size=3))
    spans = [sorted(draw(st.tuples(calendar_days, calendar_days))) for _ in kinds]
    licences = [Licence(k, "I", *span) for k, span in zip(kinds, spans, strict=True)]
    if draw(st.booleans()):
        licences += FIRM.licences
    return replace(FIRM, residence=draw(places), licences=tuple(licences))


hits = st.lists(st.integers(760, 1000).map(match), max_size=3)
two_days = st.tuples(calendar_days, calendar_days)
sides = st.tuples(places, places)


@given(laws(), sides, two_days, st.data())
def test_removing_a_corridor_opens_none(
    law: Rulebook, pair: tuple[str, str], days: tuple[date, date], data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from(law.rules))) if law.rules else set[Rule]()
    less = law_of(*(r for r in law.rules if not isinstance(r.terms, Corridor) or r not in gone))

    assert judge_corridor(*pair, days, less).verdict >= judge_corridor(*pair, days, law).verdict


@given(laws(), sides, two_days, st.lists(terms, max_size=4), st.data())
def test_the_law_of_a_third_country_changes_nothing_for_two_others(
    law: Rulebook,
    pair: tuple[str, str],
    days: tuple[date, date],
    more: list[Corridor | DomesticPayment],
    data: st.DataObject,
) -> None:
    added = [Rule(f"XD.{n}", "XD", "", date(2020, 1, 1), None, t) for n, t in enumerate(more)]
    wider, firm = law_of(*law.rules, *added), data.draw(firms())

    before, after = judge_corridor(*pair, days, law), judge_corridor(*pair, days, wider)
    assert after.grounds == before.grounds
    assert (
        party(of=firm, days=days, law=wider).grounds == party(of=firm, days=days, law=law).grounds
    )


@given(laws(), sides, two_days, rules(99))
def test_a_payment_abroad_needs_the_law_of_the_other_side_too(
    law: Rulebook, pair: tuple[str, str], days: tuple[date, date], rule: Rule
) -> None:
    """A rule of one side alone opens nothing: only an opening of the corridor itself does."""
    more = law_of(*law.rules, rule)
    before, after = judge_corridor(*pair, days, law), judge_corridor(*pair, days, more)

    if after.verdict < before.verdict:
        assert isinstance(rule.terms, Corridor)
        home, abroad = pair if rule.jurisdiction == pair[0] else reversed(pair)
        assert (rule.jurisdiction, abroad in rule.terms.counterparts) == (home, True)
        opened = [r for r in law.rules if isinstance(r.terms, Corridor) and r.jurisdiction != home]
        assert home == abroad or opened


@given(laws(), firms(), two_days, hits, st.booleans(), st.randoms())
def test_another_match_never_makes_it_laxer(
    law: Rulebook,
    firm: Participant,
    days: tuple[date, date],
    found: list[Match],
    wallet: bool,
    dice: Random,
) -> None:
    """Nor does anything else: whoever is on a list is never clear."""
    fewer = [one for one in found if dice.random() < 0.5]
    more = party(found, [WALLET] * wallet, of=firm, days=days, law=law)

    assert more.verdict >= party(fewer, of=firm, days=days, law=law).verdict
    if found or wallet:
        assert more.verdict > Verdict.CLEAR
    if wallet or any(one.grade is Grade.EXACT for one in found):
        assert more.verdict is Verdict.DENY


@given(laws(), firms(), two_days, rules(99))
def test_another_rule_on_licences_never_makes_it_laxer(
    law: Rulebook, firm: Participant, days: tuple[date, date], rule: Rule
) -> None:
    """Except the first of all for a role and a day: without any, nobody may act in it."""
    silent = any(
        not [
            r
            for r in law.under(Licensing, [firm.residence], day)
            if isinstance(r.terms, Licensing) and r.terms.role == "debtor"
        ]
        for day in days
    )
    before = party(of=firm, days=days, law=law)
    after = party(of=firm, days=days, law=law_of(*law.rules, rule))

    assert silent or after.verdict >= before.verdict


@given(laws(), firms(), two_days, hits, sides)
def test_the_verdict_is_the_strictest_ground(
    law: Rulebook,
    firm: Participant,
    days: tuple[date, date],
    found: list[Match],
    pair: tuple[str, str],
) -> None:
    for finding in (
        party(found, of=firm, days=days, law=law),
        judge_corridor(*pair, days, law),
    ):
        assert finding.grounds
        assert finding.verdict == max(ground.verdict for ground in finding.grounds)
        assert len(set(finding.grounds)) == len(finding.grounds)
        assert all(ground.said for ground in finding.grounds)


# What is kept of it.


@given(laws(), firms(), two_days, hits, st.text())
def test_a_finding_is_canonical_json_known_by_its_hash(
    law: Rulebook, firm: Participant, days: tuple[date, date], found: list[Match], name: str
) -> None:
    named = replace(firm, name="".join(char for char in name if char.isprintable()))
    finding = party(found, of=named, days=days, law=law)
    body = finding.body().encode()

    assert rfc8785.dumps(json.loads(body)) == body
    assert finding.digest() == sha256(body).hexdigest()


@given(laws(), firms(), two_days, hits, sides, st.randoms())
def test_the_same_question_has_the_same_bytes(
    law: Rulebook,
    firm: Participant,
    days: tuple[date, date],
    found: list[Match],
    pair: tuple[str, str],
    dice: Random,
) -> None:
    """Neither the order of lists nor which of the two days comes first is part of the question."""
    shuffled = dice.sample(LISTS, len(LISTS))
    turned = (days[1], days[0])

    one = judge_party(firm, "debtor", found, [], LISTS, days, law)
    other = judge_party(firm, "debtor", found, [], shuffled, turned, law)
    assert one.body() == other.body()
    assert judge_corridor(*pair, days, law).body() == judge_corridor(*pair, turned, law).body()


def test_a_finding_keeps_the_versions_it_was_made_under() -> None:
    said = json.loads(party().body())

    assert said["rulebook"] == LAW.version
    assert said["lists"] == {"OFAC-SDN": "a" * 64, "OFAC-WALLETS": "b" * 64}
    assert said["subject"] == FIRM.id
    assert json.loads(judge_corridor("XA", "XB", DAYS, LAW).body())["lists"] == {}


def test_another_law_list_or_party_is_another_finding() -> None:
    lists = (("OFAC-SDN", "c" * 64), LISTS[0])
    others = [
        party(law=replace(LAW, version="0" * 64)),
        judge_party(FIRM, "debtor", [], [], lists, DAYS, LAW),
        party(of=replace(FIRM, id=ParticipantId("506700GE1G29325QX363"))),
        judge_party(FIRM, "creditor", [], [], LISTS, DAYS, LAW),
    ]
    assert len({finding.digest() for finding in [party(), *others]}) == 5


def test_a_recorded_finding_replays_to_the_same_bytes() -> None:
    """From the law's own text, read again, on another day of another process."""
    files = {file.name: file.read_text("utf-8") for file in reversed([*SHIPPED.glob("*.toml")])}
    again = parse(files)

    assert again.version == LAW.version
    found = [match(812), match(1000)]
    assert party(found, [WALLET], law=again).body() == party(found, [WALLET]).body()
    assert (
        judge_corridor("XA", "XB", DAYS, again).digest()
        == judge_corridor("XA", "XB", DAYS, LAW).digest()
    )


@given(st.lists(st.sampled_from(Verdict), min_size=1, max_size=3))
def test_a_decision_is_the_strictest_finding_and_names_them_all(verdicts: list[Verdict]) -> None:
    findings = [(f"{n:064}", verdict) for n, verdict in enumerate(verdicts)]

    decision = decide(ObligationId("obl_1"), findings, SETTLES)

    assert decision.verdict == str(max(verdicts))
    assert decision.findings == tuple(digest for digest, _ in findings)
    assert decision.settles_on == SETTLES


def test_verdicts_are_ordered_by_strictness() -> None:
    assert Verdict.CLEAR < Verdict.HOLD < Verdict.DENY
    assert [str(verdict) for verdict in Verdict] == ["clear", "hold", "deny"]
    grounds = [Ground("gate.x", verdict, "said") for verdict in Verdict]
    assert Finding("s", tuple(grounds), "v", ()).verdict is Verdict.DENY


# By when a person must have looked.


@pytest.mark.parametrize(
    ("decided", "attached", "by"),
    [
        (date(2026, 3, 2), ["XA", "XB"], date(2026, 3, 4)),
        (date(2026, 3, 5), ["XA"], date(2026, 3, 9)),  # over a weekend
        (date(2026, 3, 5), ["XA", "XB"], date(2026, 3, 10)),  # and Sudmark's holiday, the 9th
        (date(2026, 3, 6), ["XA"], date(2026, 3, 10)),
        (date(2026, 3, 6), ["XA", "XB"], date(2026, 3, 11)),
        (date(2026, 3, 7), ["XB", "XA"], date(2026, 3, 11)),  # on a Saturday
        (date(2026, 4, 29), ["XA", "XB"], date(2026, 5, 4)),  # Norland's 1 May
        (date(2026, 4, 29), ["XB"], date(2026, 5, 1)),
    ],
)
def test_a_hold_is_looked_at_within_business_days_of_all_attached(
    decided: date, attached: list[str], by: date
) -> None:
    at = datetime(decided.year, decided.month, decided.day, 23, 59, tzinfo=UTC)
    assert review_deadline(at, attached, LAW) == by


def test_the_earliest_deadline_of_any_law_counts() -> None:
    slower = Rule("XB.review", "XB", "", date(2026, 1, 1), None, NameReview(500, 9))
    faster = Rule("XB.review", "XB", "", date(2026, 1, 1), None, NameReview(500, 1))
    at = datetime(2026, 3, 2, tzinfo=UTC)

    assert review_deadline(at, ["XA"], law_of(*LAW.rules, slower)) == date(2026, 3, 4)
    assert review_deadline(at, ["XA"], law_of(*LAW.rules, faster)) == date(2026, 3, 3)
