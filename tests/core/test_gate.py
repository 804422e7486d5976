"""The gate: the strictest of all grounds, and nothing that is added to the world makes it laxer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import product
from random import Random
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import OPEN, SHIPPED, TEXTS, Law, joined, on_subject, read, tightened
from tests.payments import alone, between

from clearhouse.core.gate import (
    DUES,
    OWNED,
    STANDINGS,
    Finding,
    Ground,
    Verdict,
    decide,
    due_by,
    judge_law,
    judge_party,
    review_deadline,
)
from clearhouse.core.held import held_by
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.ownership import Degree, Stake
from clearhouse.core.participant import Dealing, Licence, Measure, Participant, Standing, State
from clearhouse.core.rulebook import CORRIDOR, Class, Rulebook, parse
from clearhouse.core.screening import Grade, Match, WalletMatch

LAW = parse(TEXTS)
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
    return judge_party(of, matches, wallets, LISTS, days, law)


def of_law(
    law: Rulebook = LAW,
    pair: tuple[str, str] = ("XA", "XB"),
    days: tuple[date, date] = DAYS,
    facts: Mapping[str, object] | None = None,
) -> Finding:
    """What the law says of the usual payment between two countries."""
    on = {"traded_on": days[0], "settles_on": days[1]}
    kind = {"transaction": "domestic" if pair[0] == pair[1] else "trade"}
    answer, came = alone(law, between(*pair, {**kind, **on, **(facts or {})}))
    return judge_law(">".join(pair), came, answer, law)


def codes(finding: Finding) -> list[str]:
    return [ground.code for ground in finding.grounds]


def rules_of(finding: Finding, code: str) -> list[str]:
    return [ground.rule for ground in finding.grounds if ground.code == code]


def rule(id: str, outcome: str, **more: Any) -> dict[str, Any]:
    """A rule that always comes, unless more is said."""
    return {
        "id": id,
        "says": f"So it is, by {id}.",
        "citation": f"Order of {id}",
        "effective_from": date(2020, 1, 1),
        "applies_to": {"roles": ["transaction"]},
        "outcome": outcome,
        "vectors": {"fires": [{}]},
        **more,
    }


def opening(home: str, *abroad: str, start: date = TRADED, end: date | None = None) -> Law:
    """A corridor that a country opens to others on some days."""
    named = "-".join(abroad).lower().replace("--", "nowhere")
    id = f"{home}.corridor.{named}-{start}-{end}".replace("None", "on")
    places = [home, *abroad]
    opened = rule(
        id,
        "ALLOW",
        effective_from=start,
        when="debtor.residence in places && creditor.residence in places",
        parameters={"places": {"value": places, "unit": "jurisdiction"}},
        vectors={"fires": [{"debtor.residence": home, "creditor.residence": home}]},
        **({"effective_to": end} if end else {}),
    )
    return on_subject(home, CORRIDOR, rule=[opened])


def law_of(*openings: Law) -> Rulebook:
    """Anybody may take part in XA and XB; the corridors are those given."""
    made: Law = {name: each for name, each in OPEN.items() if not name.endswith(f"/{CORRIDOR}")}
    for each in openings:
        made = joined(made, each)
    return read(made)


# What a party's finding says.


def test_a_licensed_party_that_is_on_no_list_is_clear() -> None:
    finding = party()

    assert finding.verdict is Verdict.CLEAR
    assert codes(finding) == ["gate.licensed", "gate.not-listed"]
    licensed, compared = finding.grounds
    assert "importer by Central Bank, 2026-01-01 to 2026-12-31" in licensed.said
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
        "gate.listed-party",
        "gate.listed-wallet",
        "gate.possibly-listed-party",
        "gate.possibly-listed-party",
    ]


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        (TRADED, SETTLES, True),
        (TRADED + timedelta(days=1), SETTLES, True),  # on the second of the two days
        (TRADED, SETTLES - timedelta(days=1), True),  # on the first
        (SETTLES + timedelta(days=1), SETTLES + timedelta(days=9), False),
    ],
)
def test_a_licence_is_told_if_it_holds_on_either_day(start: date, end: date, held: bool) -> None:
    lent = replace(FIRM, licences=(Licence(Class.IMPORTER, "Central Bank", start, end),))
    assert ("gate.licensed" in codes(party(of=lent))) is held


def test_two_licences_may_follow_each_other() -> None:
    first = Licence(Class.IMPORTER, "Central Bank", date(2026, 1, 1), TRADED)
    second = Licence(Class.BANK, "Central Bank", SETTLES, date(2026, 12, 31))

    finding = party(of=replace(FIRM, licences=(first, second)))

    assert finding.verdict is Verdict.CLEAR
    assert codes(finding) == ["gate.licensed", "gate.licensed", "gate.not-listed"]


# A licence to deal with somebody listed.

DEALING = Dealing(
    "OFAC-SDN", "9001", "Ministry", "d" * 64, TRADED, SETTLES + timedelta(days=9), "cmd_1"
)
LICENSED = replace(FIRM, dealings=(DEALING,))


def test_a_licence_to_deal_clears_the_entry_that_it_names_and_is_shown() -> None:
    finding = party([match(1000), match(812)], of=LICENSED)

    assert finding.verdict is Verdict.CLEAR
    assert codes(finding) == ["gate.licensed", *["gate.listed-party-licensed"] * 2]
    for ground in finding.grounds[1:]:
        assert all(x in ground.said for x in ("entry 9001", "Ministry", "d" * 64, "cmd_1"))
        assert f"{DEALING.valid_from} to {DEALING.valid_to}" in ground.said


@pytest.mark.parametrize(
    "other",
    [
        replace(DEALING, entity="9002"),
        replace(DEALING, list_name="OFAC-WALLETS"),
        replace(DEALING, valid_from=SETTLES + timedelta(days=1)),
        replace(DEALING, valid_from=TRADED, valid_to=SETTLES - timedelta(days=1)),
    ],
)
def test_another_licence_to_deal_clears_nothing(other: Dealing) -> None:
    assert party([match(1000)], of=replace(FIRM, dealings=(other,))).verdict is Verdict.DENY


def test_a_licence_to_deal_holds_for_wallets_of_its_list_alone() -> None:
    assert party([match(1000)], [WALLET], of=LICENSED).verdict is Verdict.DENY
    wallets = replace(DEALING, list_name="OFAC-WALLETS")
    both = replace(FIRM, dealings=(DEALING, wallets))
    assert party([match(1000)], [WALLET], of=both).verdict is Verdict.CLEAR


# What the law's finding says.


def test_a_corridor_that_both_sides_opened_is_clear() -> None:
    finding = of_law()

    assert finding.verdict is Verdict.CLEAR
    assert finding.subject == "XA>XB"
    opened = [f"{place}.{rest}" for place in ("XA", "XB") for rest in ("admission", "corridor")]
    allowed = rules_of(finding, "gate.law-allows")
    assert [id.rpartition(".")[0] for id in sorted(allowed)] == opened
    assert all(ground.citation and ground.rule for ground in finding.grounds)


@pytest.mark.parametrize(
    ("openings", "verdict"),
    [
        pytest.param([], Verdict.DENY, id="no law"),
        pytest.param([opening("XA", "XB")], Verdict.DENY, id="opened by one side"),
        pytest.param([opening("XB", "XA")], Verdict.DENY, id="opened by the other side"),
        pytest.param(
            [opening("XA", "XB"), opening("XB", "--")], Verdict.DENY, id="to somewhere else"
        ),
        pytest.param([opening("XA", "XB"), opening("XB", "--", "XA")], Verdict.CLEAR, id="several"),
        pytest.param(
            [opening("XA", "XB"), opening("XB", "XA", end=SETTLES)], Verdict.CLEAR, id="still"
        ),
        pytest.param(
            [opening("XA", "XB"), opening("XB", "XA", end=SETTLES - timedelta(days=1))],
            Verdict.DENY,
            id="closed between trade and settlement",
        ),
        pytest.param(
            [opening("XA", "XB", start=TRADED + timedelta(days=1)), opening("XB", "XA")],
            Verdict.DENY,
            id="opened after the trade",
        ),
        pytest.param(
            [
                opening("XA", "XB", end=TRADED),
                opening("XA", "XB", start=SETTLES),
                opening("XB", "XA"),
            ],
            Verdict.CLEAR,
            id="by two rules, one on each day",
        ),
    ],
)
def test_a_corridor_is_closed_unless_both_open_it_on_both_days(
    openings: list[Law], verdict: Verdict
) -> None:
    law = law_of(*openings)

    for pair in (("XA", "XB"), ("XB", "XA")):
        finding = of_law(law, pair)
        assert finding.verdict is verdict
        assert ("gate.law-closed" in codes(finding)) is (verdict is Verdict.DENY)


def test_a_closed_corridor_says_who_closed_it_and_on_which_day() -> None:
    law = law_of(opening("XA", "XB"), opening("XB", "XA", end=TRADED))
    (closed,) = (one for one in of_law(law).grounds if one.verdict is Verdict.DENY)
    assert closed.said == (
        "as of the settlement date: no law of XB opens this (with whom payments are allowed)"
    )


@pytest.mark.parametrize("home", ["XA", "XB"])
def test_a_domestic_payment_is_denied_citing_the_ban(home: str) -> None:
    finding = of_law(LAW, (home, home), facts={"creditor.licences": ["bank"]})

    assert finding.verdict is Verdict.DENY
    assert rules_of(finding, "gate.law-denies") == [f"{home}.corridor.domestic"]


@pytest.mark.parametrize(
    ("start", "end"), [(SETTLES, None), (date(2020, 1, 1), TRADED), (TRADED, SETTLES)]
)
def test_a_ban_on_either_day_is_enough(start: date, end: date | None) -> None:
    ending = {"effective_to": end} if end else {}
    ban = rule("XA.caps.ban", "DENY", effective_from=start, **ending)
    law = read(joined(OPEN, on_subject("XA", "caps", rule=[ban])))

    assert of_law(law).verdict is Verdict.DENY
    assert of_law(law, ("XB", "XB")).verdict is Verdict.CLEAR
    assert of_law(law, days=(date(2019, 1, 1), date(2019, 1, 1))).verdict is Verdict.DENY
    after = (SETTLES + timedelta(days=1),) * 2
    assert of_law(law, days=after).verdict is (Verdict.CLEAR if end else Verdict.DENY)


@pytest.mark.parametrize(
    ("outcome", "when", "code", "verdict"),
    [
        ("DENY", 'origin == "mixed"', "gate.coins-not-examined", Verdict.HOLD),
        ("HOLD", 'origin == "mixed"', "gate.coins-not-examined", Verdict.HOLD),
        ("HOLD", 'origin != "mined"', "gate.coins-not-examined", Verdict.HOLD),
        ("DENY", 'origin == "mixed" && transaction == "mining"', "", Verdict.CLEAR),
        ("DENY", 'origin == "mixed" || transaction == "trade"', "gate.law-denies", Verdict.DENY),
        ("REPORT", 'origin == "mixed"', "gate.report-due", Verdict.CLEAR),
    ],
)
def test_coins_that_nobody_examined_are_held_where_the_law_asks(
    outcome: str, when: str, code: str, verdict: Verdict
) -> None:
    """And no two people let them pass: the facts must come in."""
    due = {"due": {"what": "a notice", "to": "the bank"}} if outcome == "REPORT" else {}
    vectors = {"fires": [{"origin": "mixed", "transaction": "trade"}]}
    if "mining" in when:
        vectors = {"fires": [{"origin": "mixed", "transaction": "mining"}]}
    asks = rule("XA.caps.asks", outcome, when=when, vectors=vectors, **due)
    law = read(joined(OPEN, on_subject("XA", "caps", rule=[asks])))
    finding = of_law(law)
    found = [one.code for one in finding.grounds if one.rule == "XA.caps.asks"]
    assert found == ([code] if code else [])
    assert finding.verdict is verdict
    assert held_by(finding) == {}
    known = of_law(law, facts={"origin": "mined"})
    assert "gate.coins-not-examined" not in [one.code for one in known.grounds]


@pytest.mark.parametrize(
    ("outcome", "code", "verdict"),
    [
        ("DENY", "gate.law-doubtful", Verdict.HOLD),
        ("HOLD", "gate.law-holds", Verdict.HOLD),
        ("REPORT", "gate.report-due", Verdict.CLEAR),
        ("COLLECT", "gate.collection-due", Verdict.CLEAR),
    ],
)
def test_what_is_not_known_never_passes_unseen(outcome: str, code: str, verdict: Verdict) -> None:
    due = (
        {"due": {"what": "a notice", "to": "the bank"}} if outcome in ("REPORT", "COLLECT") else {}
    )
    asks = rule(
        "XA.caps.asks",
        outcome,
        when='delivered_in == "XB"',
        vectors={"fires": [{"delivered_in": "XB"}], "unknown": [{}]},
        **due,
    )
    law = read(joined(OPEN, on_subject("XA", "caps", rule=[asks])))

    finding = of_law(law)
    (ground,) = (one for one in finding.grounds if one.rule == "XA.caps.asks")
    assert (ground.code, finding.verdict) == (code, verdict)
    assert "It is not known whether this applies: delivered_in" in ground.said
    assert "XA.caps.asks" not in {
        one.rule for one in of_law(law, facts={"delivered_in": "XA"}).grounds
    }


def test_what_is_due_says_to_whom_and_by_when_whatever_the_verdict() -> None:
    deadline = {"count": 2, "unit": "business-days", "zone": "Europe/London", "time": "12:00"}
    tells = rule(
        "XA.reporting.all",
        "REPORT",
        due={"what": "the payment", "to": "the bank"},
        deadline=deadline,
    )
    closed = on_subject("XA", "caps", rule=[rule("XA.caps.ban", "DENY")])
    law = read(joined(joined(OPEN, closed), on_subject("XA", "reporting", rule=[tells])))

    finding = of_law(law)
    (ground,) = (one for one in finding.grounds if one.rule == "XA.reporting.all")
    assert finding.verdict is Verdict.DENY
    assert ground.code in DUES
    assert "the payment, to the bank, within 2 business days, 12:00 Europe/London" in ground.said
    since = datetime(2026, 3, 6, 18, tzinfo=UTC)  # a Friday; the country rests on Sunday
    assert due_by(ground.rule, SETTLES, since, law) == datetime(2026, 3, 9, 12, tzinfo=UTC)
    assert due_by("XA.caps.ban", SETTLES, since, law) is None
    assert due_by("XA.reporting.all", date(2019, 1, 1), since, law) is None


# Whatever is added: generated laws, days and facts.

calendar_days = st.dates(date(2026, 2, 27), date(2026, 3, 10))
two_days = st.tuples(calendar_days, calendar_days)
sides = st.sampled_from([*product(["XA", "XB"], repeat=2)])
hits = st.lists(st.integers(760, 1000).map(match), max_size=3)
LAWS = [LAW, read(OPEN), law_of(), law_of(opening("XA", "XB"), opening("XB", "XA", end=TRADED))]
laws = st.sampled_from(LAWS)
# A law is read for each example, and a machine may be busy.
READING = settings(deadline=None, max_examples=50)


@st.composite
def firms(draw: st.DrawFn) -> Participant:
    kinds = draw(st.lists(st.sampled_from(Class), max_size=3))
    spans = [sorted(draw(st.tuples(calendar_days, calendar_days))) for _ in kinds]
    licences = [Licence(k, "I", first, last) for k, (first, last) in zip(kinds, spans, strict=True)]
    if draw(st.booleans()):
        licences += FIRM.licences
    return replace(FIRM, residence=draw(st.sampled_from(["XA", "XB"])), licences=tuple(licences))


@READING
@given(sides, two_days, st.lists(st.sampled_from(["DENY", "HOLD"]), max_size=3), two_days)
def test_the_law_of_a_third_country_changes_nothing_for_two_others(
    pair: tuple[str, str], days: tuple[date, date], outcomes: list[str], span: tuple[date, date]
) -> None:
    start, end = sorted(span)
    added = [
        rule(f"XC.caps.r{n}", outcome, effective_from=start, effective_to=end, when=f"{n} == {n}")
        for n, outcome in enumerate(outcomes)
    ]
    wider = read(joined(SHIPPED, on_subject("XC", "caps", rule=added)))

    assert of_law(wider, pair, days).grounds == of_law(LAW, pair, days).grounds


@given(laws, firms(), two_days, hits, st.booleans(), st.randoms())
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


@given(laws, firms(), two_days, hits, sides)
def test_the_verdict_is_the_strictest_ground(
    law: Rulebook,
    firm: Participant,
    days: tuple[date, date],
    found: list[Match],
    pair: tuple[str, str],
) -> None:
    for finding in (party(found, of=firm, days=days, law=law), of_law(law, pair, days)):
        assert finding.grounds
        assert finding.verdict == max(ground.verdict for ground in finding.grounds)
        assert len(set(finding.grounds)) == len(finding.grounds)
        assert all(ground.said for ground in finding.grounds)


# What is kept of it.


@given(laws, firms(), two_days, hits, st.text())
def test_a_finding_is_canonical_json_known_by_its_hash(
    law: Rulebook, firm: Participant, days: tuple[date, date], found: list[Match], name: str
) -> None:
    named = replace(firm, name="".join(char for char in name if char.isprintable()))
    finding = party(found, of=named, days=days, law=law)
    body = finding.body().encode()

    assert rfc8785.dumps(json.loads(body)) == body
    assert finding.digest() == sha256(body).hexdigest()


@given(laws, firms(), two_days, hits, sides, st.randoms())
def test_the_same_question_has_the_same_bytes(
    law: Rulebook,
    firm: Participant,
    days: tuple[date, date],
    found: list[Match],
    pair: tuple[str, str],
    dice: Random,
) -> None:
    """The order of lists, licences or payments of a batch is no part of the question."""
    lists = dice.sample(LISTS, len(LISTS))
    turned = replace(firm, licences=tuple(dice.sample(firm.licences, len(firm.licences))))

    one = judge_party(firm, found, [], LISTS, days, law)
    other = judge_party(turned, found, [], lists, days, law)
    assert one.body() == other.body()
    assert of_law(law, pair, days).body() == of_law(law, pair, days).body()


def test_a_finding_keeps_the_versions_it_was_made_under() -> None:
    said = json.loads(party().body())

    assert said["rulebook"] == LAW.version
    assert said["lists"] == {"OFAC-SDN": "a" * 64, "OFAC-WALLETS": "b" * 64}
    assert said["subject"] == FIRM.id
    assert json.loads(of_law().body())["lists"] == {}


def test_another_law_list_or_party_is_another_finding() -> None:
    lists = (("OFAC-SDN", "c" * 64), LISTS[0])
    others = [
        party(law=replace(LAW, version="0" * 64)),
        judge_party(FIRM, [], [], lists, DAYS, LAW),
        party(of=replace(FIRM, id=ParticipantId("506700GE1G29325QX363"))),
        party(of=replace(FIRM, licences=())),
    ]
    assert len({finding.digest() for finding in [party(), *others]}) == 5


def test_a_recorded_finding_replays_to_the_same_bytes() -> None:
    """From the law's own text, read again, on another day of another process."""
    again = parse({name: TEXTS[name] for name in reversed(TEXTS)})

    assert again.version == LAW.version
    found = [match(812), match(1000)]
    assert party(found, [WALLET], law=again).body() == party(found, [WALLET]).body()
    assert of_law(again).digest() == of_law().digest()


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
    def with_days(count: int) -> Rulebook:
        standard = tightened("XB", "screening.review-time", count, date(2026, 1, 1))
        return read(joined(SHIPPED, on_subject("XB", "standards", standard=[standard])))

    at = datetime(2026, 3, 2, tzinfo=UTC)

    assert review_deadline(at, ["XA"], with_days(9)) == date(2026, 3, 4)
    assert review_deadline(at, ["XA"], with_days(1)) == date(2026, 3, 3)


# What is recorded of a party, and who owns it.


def stood(state: State, since: date = TRADED) -> Participant:
    """The firm with a standing; what is read from a register is a plain text."""
    return replace(FIRM, standings=(Standing(FIRM.id, str(state), "so it was decided", since),))


def test_every_standing_and_every_degree_has_its_verdict() -> None:
    assert {*STANDINGS} == {*State} - {State.ACTIVE}
    assert {*OWNED} == {*Degree}
    known = [code for code, _ in (*STANDINGS.values(), *OWNED.values())]
    assert len(set(known)) == len(known)
    assert all(code.startswith("gate.") for code in known)


@pytest.mark.parametrize(
    ("state", "code", "verdict"),
    [
        (State.APPLICANT, "gate.party-not-admitted", Verdict.DENY),
        (State.SUSPENDED, "gate.party-suspended", Verdict.HOLD),
        (State.IN_DEFAULT, "gate.party-in-default", Verdict.HOLD),
        (State.TERMINATED, "gate.party-terminated", Verdict.DENY),
    ],
)
def test_who_may_not_act_is_held_or_denied(state: State, code: str, verdict: Verdict) -> None:
    finding = party(of=stood(state))

    assert codes(finding) == ["gate.licensed", code, "gate.not-listed"]
    assert finding.verdict is finding.grounds[1].verdict is verdict
    said = f"{FIRM.name} is {state} since {TRADED}: so it was decided"
    assert finding.grounds[1].said == said


def test_an_active_party_is_judged_as_if_nothing_were_recorded() -> None:
    assert party(of=stood(State.ACTIVE)).body() == party().body()


@pytest.mark.parametrize(
    ("since", "counts"),
    [(TRADED, True), (SETTLES, True), (SETTLES + timedelta(days=1), False)],
)
def test_a_standing_counts_from_the_later_day_on(since: date, counts: bool) -> None:
    finding = party(of=stood(State.SUSPENDED, since))
    assert (finding.verdict is Verdict.HOLD) is counts


def test_who_was_let_in_again_is_clear() -> None:
    again = Standing(FIRM.id, State.ACTIVE, "it is over", SETTLES)
    both = replace(FIRM, standings=(*stood(State.SUSPENDED).standings, again))

    assert party(of=both).verdict is Verdict.CLEAR
    assert party(of=both, days=(TRADED, TRADED)).verdict is Verdict.HOLD


def measured(measure: str, since: date, until: date | None = None) -> Participant:
    (licence,) = FIRM.licences
    named = (licence.licence_class, licence.issuer, licence.valid_from)
    one = Measure(FIRM.id, *named, measure, "an audit", since, until)
    return replace(FIRM, licences=(replace(licence, measures=(one,)),))


@pytest.mark.parametrize("measure", ["suspended", "revoked"])
def test_a_licence_that_does_not_hold_is_told_with_the_measure(measure: str) -> None:
    finding = party(of=measured(measure, TRADED))

    assert codes(finding) == [f"gate.licence-{measure}", "gate.not-listed"]
    assert finding.grounds[0].said == (
        f"the licence of {FIRM.name} as importer by Central Bank is {measure}"
        f" from {TRADED}: an audit"
    )
    # What follows from it the law on admission says.
    assert finding.verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (TRADED, SETTLES, ["gate.licence-suspended"]),
        (TRADED, TRADED, ["gate.licensed", "gate.licence-suspended"]),  # on the first day alone
        (SETTLES, None, ["gate.licensed", "gate.licence-suspended"]),  # on the second
        (SETTLES + timedelta(days=1), None, ["gate.licensed"]),
        (date(2026, 1, 1), TRADED - timedelta(days=1), ["gate.licensed"]),
        (TRADED + timedelta(days=1), SETTLES - timedelta(days=1), ["gate.licensed"]),  # between
    ],
)
def test_a_measure_is_told_if_it_covers_either_day(
    since: date, until: date | None, expected: list[str]
) -> None:
    finding = party(of=measured("suspended", since, until))

    assert codes(finding) == [*expected, "gate.not-listed"]
    if until and len(expected) < len(codes(finding)) and "gate.licence-suspended" in expected:
        assert f"from {since} to {until}: an audit" in finding.grounds[len(expected) - 1].said


def test_of_a_licence_that_is_over_no_measure_is_told() -> None:
    barred = measured("revoked", date(2026, 1, 1))
    (licence,) = barred.licences
    over = replace(barred, licences=(replace(licence, valid_to=TRADED - timedelta(days=1)),))

    assert codes(party(of=over)) == ["gate.not-listed"]


@pytest.mark.parametrize(
    ("degree", "code", "verdict"),
    [
        (Degree.OWNED, "gate.owned-by-listed", Verdict.DENY),
        (Degree.POSSIBLY, "gate.possibly-owned-by-listed", Verdict.HOLD),
        (Degree.PARTLY, "gate.partly-owned-by-listed", Verdict.HOLD),
        (Degree.SLIGHTLY, "gate.slightly-owned-by-listed", Verdict.CLEAR),
        (Degree.UNSCREENED, "gate.owner-unscreened", Verdict.HOLD),
        (Degree.UNRESOLVED, "gate.owners-unresolved", Verdict.HOLD),
        (Degree.NOT, "gate.owners-not-listed", Verdict.CLEAR),
    ],
)
def test_what_its_owners_mean_is_a_ground(degree: Degree, code: str, verdict: Verdict) -> None:
    stake = Stake(degree, "X owns a part of it")

    finding = judge_party(FIRM, [], [], LISTS, DAYS, LAW, [stake])

    assert codes(finding) == ["gate.licensed", "gate.not-listed", code]
    assert finding.verdict is finding.grounds[-1].verdict is verdict
    assert finding.grounds[-1].said == stake.said


def test_every_stake_is_told_and_the_strictest_decides() -> None:
    stakes = [Stake(degree, f"{degree.name} of it") for degree in reversed(Degree)]

    finding = judge_party(stood(State.SUSPENDED), [match(812)], [], LISTS, DAYS, LAW, stakes)

    assert finding.verdict is Verdict.DENY
    assert codes(finding)[-len(stakes) :] == [OWNED[one.degree][0] for one in stakes]
    assert {"gate.party-suspended", "gate.possibly-listed-party"} <= {*codes(finding)}
    assert "gate.not-listed" not in codes(finding)


@given(
    st.lists(st.sampled_from(Degree), max_size=3),
    st.none() | st.sampled_from(State),
    hits,
)
def test_neither_owners_nor_standing_make_it_laxer(
    degrees: list[Degree], state: State | None, found: list[Match]
) -> None:
    of = FIRM if state is None else stood(state)
    owned = [Stake(degree, "so it is") for degree in degrees]

    finding = judge_party(of, found, [], LISTS, DAYS, LAW, owned)

    least = [OWNED[degree][1] for degree in degrees]
    least += [STANDINGS[state][1]] if state and state in STANDINGS else []
    assert finding.verdict == max(least, default=Verdict.CLEAR) or found
    assert finding.verdict >= max(party(found).verdict, *least, Verdict.CLEAR)
