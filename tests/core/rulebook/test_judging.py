"""What the law says of payments: as the plain law has it, and never laxer for a stricter world."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.drawn_laws import Drawn, laws, payments, pilot, some_rates
from tests.payments import SETTLES, TRADED, USUAL, Payment, alone, between, judged, matters
from tests.plain_law import DAYS, PARTIES, PLACES, At, flat, judge, places
from tests.sentences import Sentence, book, opened, rule

from clearhouse.core.rulebook import Answer, Came, Gap, Matters, Outcome, Rates
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.rulebook.rule import DUES
from clearhouse.core.rulebook.vocabulary import NOWHERE
from clearhouse.engines.formula import BLOCK, Column

ALLOW, HOLD, DENY = Answer
# A law and its payments are much to draw.
LARGE = settings(
    suppress_health_check=[
        HealthCheck.large_base_example,
        HealthCheck.data_too_large,
        HealthCheck.too_slow,
    ]
)
FEWER = settings(LARGE, max_examples=50)
BATCHES = st.lists(payments(), min_size=1, max_size=6)
DAY = timedelta(days=1)
UNKNOWN = 'origin == "mixed"'  # nobody knows whence the usual payment's coins come


def told(came: Sequence[Came]) -> list[tuple[str, str, tuple[str, ...], bool]]:
    """What came, in the order in which it is told, in words; but for what the core says."""
    return [
        (
            f"no {one.what.subject} of {one.what.jurisdiction}"
            if isinstance(one.what, Gap)
            else f"{one.what.id} {one.what.head.effective_from}",
            str(one.role),
            tuple(str(day) for day in one.days),
            one.certain,
        )
        for one in came
        if isinstance(one.what, Gap) or one.what.head.jurisdiction != CORE
    ]


def due(came: Sequence[Came]) -> list[tuple[str, str, tuple[str, ...], bool]]:
    return told([o for o in came if not isinstance(o.what, Gap) and o.what.outcome in DUES])


def under(*sentences: Sentence, of: Payment = USUAL) -> tuple[Answer, list[Came]]:
    """What the law says of a payment where all is open but for some sentences."""
    return alone(book(*opened(*PLACES), *sentences, places=PLACES), of)


def days_of_ban(*bans: Sentence, of: Payment = USUAL) -> list[tuple[str, ...]]:
    """On which days a payment is forbidden, by each version of a ban."""
    answer, came = under(*bans, of=of)
    days = [each for name, _, each, _ in told(came) if name.startswith("XA.ban ")]
    assert answer is (DENY if days else ALLOW)
    return days


def pilot_of(place: str, *waives: str) -> Sentence:
    return Sentence("programmes", "programme", pilot(place, waives))


# The real law and the plain one.


def test_the_law_says_what_the_plain_law_says() -> None:
    """For any rules, payments and rates: the same answers, and the same grounds for each."""
    seen = Counter[object]()

    @settings(LARGE, max_examples=100)
    @given(laws(), BATCHES, some_rates())
    def same(drawn: Drawn, batch: list[Payment], rates: Rates) -> None:
        for payment, (answer, came) in zip(batch, judged(drawn.read(), batch, rates), strict=True):
            expected = judge(drawn.rules, payment, rates, drawn.programmes)
            assert (answer.name, flat(came)) == expected
            seen.update([answer, *((isinstance(one.what, Gap), one.certain) for one in came)])

    same()
    wanted = [*Answer, (True, True), (True, False), (False, True), (False, False)]
    assert min(seen[one] for one in wanted) > 1, seen


@given(laws(), BATCHES, some_rates())
@FEWER
def test_one_payment_alone_is_judged_as_in_any_batch(
    drawn: Drawn, batch: list[Payment], rates: Rates
) -> None:
    """The grounds are the same, and told in the same order."""
    law = drawn.read()
    one_by_one = [(answer, told(came)) for answer, came in (alone(law, p, rates) for p in batch)]

    for order in (1, -1):
        together = judged(law, batch[::order], rates)
        assert [(answer, told(came)) for answer, came in together] == one_by_one[::order]
    again = judged(drawn.read(), [batch[-1], *batch], rates)  # a judge that compiled nothing yet
    assert [(answer, told(came)) for answer, came in again[1:]] == one_by_one


@given(laws(), BATCHES, some_rates(), st.integers())
@settings(LARGE, max_examples=5)
def test_a_batch_of_many_blocks_is_judged_row_by_row(
    drawn: Drawn, batch: list[Payment], rates: Rates, seed: int
) -> None:
    law, dice = drawn.read(), Random(seed)
    rows = np.array([dice.randrange(len(batch)) for _ in range(2 * BLOCK + 7)])
    few = matters(batch, law.vocabulary, rates)
    assert few.units is not None
    known = {name: picked(column, rows) for name, column in few.known.items()}
    many = law.judge.judge(Matters(len(rows), known, few.units[rows], rates))
    each = law.judge.judge(few)

    assert (many.answers == each.answers[rows]).all()
    grounds = {number: told(each.came(number)) for number in {*each.patterns.tolist()}}
    found = {number: told(many.came(number)) for number in {*many.patterns.tolist()}}
    pairs = {*zip(many.patterns.tolist(), each.patterns[rows].tolist(), strict=True)}
    assert all(found[here] == grounds[there] for here, there in pairs)


def picked(column: Column, rows: Any) -> Column:
    return Column(column.values[rows], None if column.unknown is None else column.unknown[rows])


def test_an_empty_batch_has_no_answers() -> None:
    law = book(*opened("XA", "XB"))
    judgement = law.judge.judge(replace_rows(matters([USUAL], law.vocabulary)))

    assert judgement.answers.tolist() == judgement.patterns.tolist() == []


def replace_rows(one: Matters) -> Matters:
    """The same columns without any row."""
    none = np.array([], np.int64)
    return Matters(0, {name: picked(column, none) for name, column in one.known.items()}, none)


# Nothing that is added to the world makes an answer laxer.


def test_another_jurisdiction_of_a_party_never_makes_an_answer_laxer() -> None:
    stricter = Counter[bool]()

    @FEWER
    @given(laws(), BATCHES, some_rates())
    def never(drawn: Drawn, batch: list[Payment], rates: Rates) -> None:
        law = drawn.read()
        before = [answer for answer, _ in judged(law, batch, rates)]
        for party, place in product(PARTIES, (*PLACES, NOWHERE)):
            key = f"{party}.jurisdictions"
            wider = [{**one, key: sorted({*places(one, party), place})} for one in batch]
            for now, (after, _) in zip(before, judged(law, wider, rates), strict=True):
                assert after >= now
                stricter[after > now] += 1

    never()
    assert stricter[True] > 3, stricter


def test_each_outcome_moves_an_answer_one_way_only() -> None:
    """A DENY or HOLD that comes in, or an ALLOW that goes, never makes an answer laxer.

    What opens is an ALLOW of an attached law on what must be opened, and nothing else; what is due
    changes no answer.
    """
    seen = Counter[str]()

    @settings(LARGE, max_examples=60)
    @given(laws(), BATCHES, some_rates())
    def one_way(drawn: Drawn, batch: list[Payment], rates: Rates) -> None:
        for added in drawn.rules:
            answers = compared(drawn.without([added]), drawn, batch, rates)
            for payment, (before, after) in zip(batch, answers, strict=True):
                assert before is after or added.outcome not in DUES
                if after < before:
                    attached = {*places(payment, "debtor"), *places(payment, "creditor")}
                    assert added.outcome is Outcome.ALLOW
                    assert added.subject in {"admission", "corridor"}
                    assert added.place in attached
                    seen["laxer"] += 1
                if after > before:
                    assert added.outcome in {Outcome.DENY, Outcome.HOLD}
                    seen["stricter"] += 1

    one_way()
    assert min(seen["laxer"], seen["stricter"]) > 0, seen


def compared(
    one: Drawn, other: Drawn, batch: Sequence[Payment], rates: Rates
) -> list[tuple[Answer, Answer]]:
    """What two laws answer to the same payments."""
    answers = [[answer for answer, _ in judged(law.read(), batch, rates)] for law in (one, other)]
    return [*zip(*answers, strict=True)]


@given(laws(), BATCHES, some_rates())
@FEWER
def test_the_law_of_a_country_that_nobody_is_attached_to_changes_nothing(
    drawn: Drawn, batch: list[Payment], rates: Rates
) -> None:
    for place in PLACES:
        elsewhere = [rule for rule in drawn.rules if rule.place == place]
        asked = [one for one in batch if not any(place in places(one, party) for party in PARTIES)]
        if len(elsewhere) == len(drawn.rules) or not asked:
            continue
        with_it, without = (
            judged(law.read(), asked, rates) for law in (drawn, drawn.without(elsewhere))
        )
        assert [(answer, told(came)) for answer, came in with_it] == [
            (answer, told(came)) for answer, came in without
        ]


@given(laws(), BATCHES, some_rates())
@FEWER
def test_what_is_due_is_due_whatever_the_verdict(
    drawn: Drawn, batch: list[Payment], rates: Rates
) -> None:
    """Under a law that allows nothing any more the same is due."""
    assume(any(rule.outcome in DUES for rule in drawn.rules))
    allows = [rule for rule in drawn.rules if rule.outcome is Outcome.ALLOW]
    usual, strict = (judged(law.read(), batch, rates) for law in (drawn, drawn.without(allows)))
    for (_, came), (answer, came_strictly) in zip(usual, strict, strict=True):
        assert answer is DENY
        assert due(came_strictly) == due(came)


# What decides.

NEVER = 'origin == "mixed" && asset == "asset-token"'
ALWAYS = 'origin == "mixed" || asset == "coin"'
MIXED = {"origin": "mixed", "asset": "asset-token"}


def when(id: str, outcome: str, text: str) -> Sentence:
    return rule(id, outcome, when=text, fires=[MIXED])


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ([], ALLOW),
        ([("ALLOW", "true")], ALLOW),
        ([("HOLD", "true")], HOLD),
        ([("DENY", "true")], DENY),
        ([("HOLD", "true"), ("DENY", ALWAYS)], DENY),
        ([("HOLD", UNKNOWN)], HOLD),
        ([("DENY", UNKNOWN)], HOLD),
        ([("DENY", f"!({UNKNOWN}) || {UNKNOWN}")], HOLD),  # Kleene's logic does not guess
        ([("DENY", UNKNOWN), ("DENY", ALWAYS)], DENY),
        ([("HOLD", "true"), ("DENY", UNKNOWN)], HOLD),
        ([("DENY", NEVER)], ALLOW),
        ([("HOLD", NEVER)], ALLOW),
        ([("DENY", ALWAYS)], DENY),
        ([("REPORT", "true"), ("COLLECT", "true")], ALLOW),
        ([("REPORT", UNKNOWN), ("COLLECT", UNKNOWN)], ALLOW),
        ([("REPORT", "true"), ("DENY", UNKNOWN)], HOLD),
    ],
)
def test_the_strictest_of_all_that_comes_decides(
    said: list[tuple[str, str]], answer: Answer
) -> None:
    sentences = [when(f"XA.r{n}", outcome, text) for n, (outcome, text) in enumerate(said)]
    assert under(*sentences)[0] is answer


@pytest.mark.parametrize("outcome", [str(outcome) for outcome in Outcome])
@pytest.mark.parametrize(
    ("text", "certain"), [("true", [True]), (ALWAYS, [True]), (UNKNOWN, [False]), (NEVER, [])]
)
def test_what_comes_and_what_may_come_is_told(outcome: str, text: str, certain: list[bool]) -> None:
    _, came = under(when("XA.r", outcome, text))

    assert [each for name, _, _, each in told(came) if name.startswith("XA.r ")] == certain
    assert (outcome in DUES and certain != []) == bool(due(came))


def test_grounds_are_told_in_the_order_of_the_law() -> None:
    """By id, then by first day; what is closed comes last."""
    later = TRADED + DAY
    answer, came = alone(
        book(
            rule("XB.late", "REPORT"),
            rule("XA.b", "HOLD", start=later),
            rule("XA.b", "REPORT", end=TRADED),
            rule("XA.a", "COLLECT"),
            rule("XA.admitted", "ALLOW", "admission", roles=["debtor"]),
        ),
        USUAL,
    )
    assert answer is DENY
    assert told(came) == [
        ("XA.a 2026-01-01", "transaction", ("trade", "settlement"), True),
        ("XA.admitted 2026-01-01", "debtor", ("trade", "settlement"), True),
        ("XA.b 2026-01-01", "transaction", ("trade",), True),
        (f"XA.b {later}", "transaction", ("settlement",), True),
        ("XB.late 2026-01-01", "transaction", ("trade", "settlement"), True),
        ("no corridor of XA", "transaction", ("trade", "settlement"), True),
        ("no corridor of XB", "transaction", ("trade", "settlement"), True),
        ("no admission of XB", "creditor", ("trade", "settlement"), True),
    ]


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("contract_registered", {"contract_registered": True}),
        ("!contract_registered", {"contract_registered": False}),
        ("debtor.tested || creditor.tested", {"debtor.tested": True, "creditor.tested": True}),
        ('debtor.wallet == "hosted"', {"debtor.wallet": "hosted"}),
        ('origin in ["mined", "mixed"]', {"origin": "mixed"}),
        ("debtor.mined > creditor.mined", {"debtor.mined": "2.5", "creditor.mined": "1"}),
    ],
)
def test_what_stands_under_an_unknown_fact_means_nothing(
    text: str, facts: dict[str, object]
) -> None:
    """As `Column` says: whoever fills one need not clear what is not known."""
    law = book(*opened("XA", "XB"), rule("XA.r", when=text, fires=[facts]))
    asked = matters([{**USUAL, **dict.fromkeys(facts)}], law.vocabulary)
    for name in facts:
        asked.known[name].values[:] = np.ones(1)

    assert law.judge.judge(asked).answers.tolist() == [HOLD]


# What no rulebook can take away.


@pytest.mark.parametrize("transaction", ["trade", "domestic", "transfer", "sale", "investment"])
@pytest.mark.parametrize("closed", [False, True])
def test_the_record_of_the_travel_rule_is_always_collected(transaction: str, closed: bool) -> None:
    payment = {**USUAL, "transaction": transaction, "programmes": ["XA.pilot"]}
    sentences = [] if closed else opened("XA", "XB")
    law = book(*sentences, rule("XA.r", "REPORT", waivable=True), pilot_of("XA", "XA.r"))
    answer, came = alone(law, payment)

    assert answer is (DENY if closed else ALLOW)
    (core,) = [
        one for one in came if not isinstance(one.what, Gap) and one.what.head.jurisdiction == CORE
    ]
    assert not isinstance(core.what, Gap)
    assert (core.what.outcome, core.certain) == (Outcome.COLLECT, True)
    assert core.days == ("trade", "settlement")


@pytest.mark.parametrize("places", [("XA", "XB"), ("XA", "XA"), ("XC", "XB")])
def test_an_asset_that_hides_who_pays_is_denied_whatever_a_law_allows(
    places: tuple[str, str],
) -> None:
    allow = rule("XA.any", "ALLOW", scope={"assets": ["anonymous-token"]})
    assert under(allow, of=between(*places))[0] is ALLOW
    assert under(allow, of=between(*places, {"asset": "anonymous-token"}))[0] is DENY


# What is closed unless it is opened.


@pytest.mark.parametrize("shut", range(4))
def test_what_one_law_does_not_open_is_closed(shut: int) -> None:
    """Each country must let its resident take part, and allow payments with the other."""
    sentences = opened("XA", "XB")
    gone = sentences.pop(shut)
    answer, came = alone(book(*sentences), USUAL)

    ((name, _, days, certain),) = [one for one in told(came) if one[0].startswith("no ")]
    assert answer is DENY
    assert (name, certain) == (f"no {gone.subject} of {gone.place}", True)
    assert days == ("trade", "settlement")


@pytest.mark.parametrize(
    ("allow", "answer"),
    [
        ([rule("XA.c", "ALLOW", "corridor")], ALLOW),
        ([rule("XB.c", "ALLOW", "corridor")], DENY),  # another's law
        ([rule("XC.c", "ALLOW", "corridor")], DENY),  # a third's, that nobody is attached to
        ([rule("XA.c", "ALLOW", "assets")], DENY),  # on something else
        ([rule("XA.c", "ALLOW", "admission", roles=["debtor", "creditor"], when="true")], DENY),
        ([rule("XA.c", "ALLOW", "corridor", roles=["debtor", "creditor"])], DENY),  # of the sides
        ([rule("XA.c", "HOLD", "corridor")], DENY),
        ([rule("XA.c", "REPORT", "corridor")], DENY),
        ([rule("XA.c", "ALLOW", "corridor", end=SETTLES - DAY)], DENY),
        ([rule("XA.c", "ALLOW", "corridor", start=TRADED + DAY)], DENY),
        ([rule("XA.c", "ALLOW", "corridor", start=TRADED, end=SETTLES)], ALLOW),
        (
            [
                rule("XA.c", "ALLOW", "corridor", end=TRADED),
                rule("XA.d", "ALLOW", "corridor", start=SETTLES),
            ],
            ALLOW,
        ),
        ([rule("XA.c", "ALLOW", "corridor", when=NEVER, fires=[MIXED])], DENY),
        ([rule("XA.c", "ALLOW", "corridor", when=UNKNOWN, fires=[MIXED])], HOLD),
        ([rule("XA.c", "ALLOW", "corridor", when=ALWAYS, fires=[MIXED])], ALLOW),
        (
            [
                rule("XA.c", "ALLOW", "corridor", when=UNKNOWN, fires=[MIXED]),
                rule("XA.d", "ALLOW", "corridor", when=ALWAYS, fires=[MIXED]),
            ],
            ALLOW,
        ),
    ],
)
def test_a_corridor_is_opened_by_each_attached_law_on_both_days(
    allow: list[Sentence], answer: Answer
) -> None:
    sentences = [one for one in opened(*PLACES) if one.content["id"] != "XA.open"]
    law = book(*sentences, *allow, places=PLACES)

    assert alone(law, USUAL)[0] is answer
    assert alone(law, between("XB", "XA"))[0] is answer
    assert alone(law, between("XB", "XC"))[0] is ALLOW  # XA is not attached


@pytest.mark.parametrize(
    ("facts", "answer"),
    [
        ({"debtor.licences": ["bank"]}, ALLOW),
        ({"debtor.licences": ["importer"]}, DENY),
        ({"debtor.licences": []}, DENY),
        ({"debtor.licences@trade": [], "debtor.licences@settlement": ["bank"]}, DENY),
        ({"debtor.licences@trade": ["bank"], "debtor.licences@settlement": []}, DENY),
        ({"debtor.licences@trade": ["bank"], "debtor.licences@settlement": ["miner"]}, ALLOW),
        ({"debtor.licences": [], "creditor.licences": ["bank"]}, DENY),
    ],
)
def test_a_licence_must_hold_on_the_trade_date_and_on_the_settlement_date(
    facts: Payment, answer: Answer
) -> None:
    """One may follow another."""
    sentences = [one for one in opened("XA", "XB") if one.content["id"] != "XA.admitted"]
    scope = {"classes": ["bank", "miner"]}
    admits = rule("XA.banks", "ALLOW", "admission", roles=["debtor"], scope=scope)

    assert alone(book(*sentences, admits), {**USUAL, **facts})[0] is answer


@pytest.mark.parametrize("transaction", ["domestic", "trade"])
def test_a_payment_between_two_of_one_country_needs_its_corridor_too(transaction: str) -> None:
    payment = between("XA", "XA", {"transaction": transaction})
    without = [one for one in opened("XA", "XB") if one.content["id"] != "XA.open"]

    assert alone(book(*opened("XA", "XB")), payment)[0] is ALLOW
    assert alone(book(*without), payment)[0] is DENY


@pytest.mark.parametrize(
    ("debtor", "creditor", "answer"),
    [
        (["XA"], ["XB"], ALLOW),
        (["XA", "XC"], ["XA", "XB"], ALLOW),
        (["--"], ["XB"], DENY),
        (["XA"], ["--"], DENY),
        (["XA", "--"], ["XB"], DENY),
        (["XA"], ["XB", "--"], DENY),
        ([], ["XB"], DENY),
        ([], [], DENY),
        (["--"], ["--"], DENY),
    ],
)
def test_a_party_that_is_where_there_is_no_law_is_denied(
    debtor: list[str], creditor: list[str], answer: Answer
) -> None:
    attached = {"debtor.jurisdictions": debtor, "creditor.jurisdictions": creditor}
    said, came = under(of={**USUAL, **attached})
    gap = ("no corridor of ", "transaction", ("settlement",), True)

    assert said is answer
    assert (gap in told(came)) is (answer is DENY)


# Whom a rule looks at, and on which day.


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (TRADED, None, [("trade", "settlement")]),
        (TRADED + DAY, None, [("settlement",)]),
        (SETTLES, None, [("settlement",)]),
        (SETTLES + DAY, None, []),
        (date.max, None, []),
        (date(2020, 1, 1), TRADED - DAY, []),
        (date(2020, 1, 1), TRADED, [("trade",)]),
        (date(2020, 1, 1), SETTLES - DAY, [("trade",)]),
        (date(2020, 1, 1), SETTLES, [("trade", "settlement")]),
        (date.min, date.max, [("trade", "settlement")]),
        (TRADED, TRADED, [("trade",)]),
        (SETTLES, SETTLES, [("settlement",)]),
        (TRADED + DAY, SETTLES - DAY, []),
    ],
)
def test_a_rule_comes_on_the_days_from_its_first_to_its_last(
    start: date, end: date | None, days: list[tuple[str, ...]]
) -> None:
    """On the trade date and on the settlement date, and not between them."""
    assert days_of_ban(rule("XA.ban", start=start, end=end)) == days


@pytest.mark.parametrize(
    ("on", "start", "end", "comes"),
    [
        ("trade", TRADED, None, True),
        ("trade", TRADED + DAY, None, False),
        ("trade", date(2020, 1, 1), TRADED, True),
        ("trade", date(2020, 1, 1), TRADED - DAY, False),
        ("trade", SETTLES, None, False),
        ("settlement", SETTLES, None, True),
        ("settlement", SETTLES + DAY, None, False),
        ("settlement", date(2020, 1, 1), SETTLES, True),
        ("settlement", date(2020, 1, 1), SETTLES - DAY, False),
        ("settlement", TRADED, TRADED, False),
    ],
)
def test_a_transition_lets_one_day_alone_say_whether_a_rule_is_in_force(
    on: str, start: date, end: date | None, comes: bool
) -> None:
    ban = rule("XA.ban", start=start, end=end, transition={"on": on, "citation": "s. 9"})
    assert days_of_ban(ban) == ([("trade", "settlement")] if comes else [])


@given(st.dates(), st.dates(), st.dates(), st.none() | st.dates(), st.none() | st.booleans())
def test_any_days_are_looked_at_alike(
    traded: date, settles: date, start: date, end: date | None, on: bool | None
) -> None:
    """In whatever order they come, hundreds of years ago or ahead."""
    assume(end is None or start <= end)
    transition = {True: "trade", False: "settlement"}.get(on) if on is not None else None
    ban = rule(
        "XA.ban",
        start=start,
        end=end,
        transition=transition and {"on": transition, "citation": "s. 9"},
    )
    two = {"trade": traded, "settlement": settles}
    days = [day for day in two if start <= two[transition or day] <= (end or date.max)]
    law = book(*opened("XA", "XB", start=date.min), ban)
    answer, came = alone(law, {**USUAL, "traded_on": traded, "settles_on": settles})

    assert answer is (DENY if days else ALLOW)
    assert [each for name, _, each, _ in told(came) if name.startswith("XA.ban ")] == (
        [tuple(days)] if days else []
    )


@pytest.mark.parametrize("on", ["", "trade", "settlement"])
@pytest.mark.parametrize("length", [1, 2, 5, None])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_each_payment_of_a_batch_has_its_own_days(count: int, length: int | None, on: str) -> None:
    """On every day about a rule's first and last, with every other day beside it in the batch."""
    start = date(2026, 3, 3)
    end = None if length is None else start + DAY * (length - 1)
    transition = {"on": on, "citation": "s. 9"} if on else None
    law = book(*opened("XA", "XB"), rule("XA.ban", start=start, end=end, transition=transition))
    firsts = [day for day in (start, end) if day]
    for first in (edge + DAY * step for edge in firsts for step in range(-count, 1)):
        some = [first + DAY * step for step in range(count)]
        pairs = product(some, repeat=2)
        batch = [{**USUAL, "traded_on": one, "settles_on": two} for one, two in pairs]
        for payment, (_, came) in zip(batch, judged(law, batch), strict=True):
            at = At(payment, "transaction")
            held = (day for day in DAYS if start <= at.on(on or day) <= (end or date.max))
            expected = tuple(held)
            found = [days for name, _, days, _ in told(came) if name.startswith("XA.ban ")]
            assert found == ([expected] if expected else [])


def test_two_versions_of_a_rule_follow_each_other() -> None:
    """Each is a ground of its own, on its own day."""
    old = rule("XA.ban", end=TRADED, says="As it was.")
    new = rule("XA.ban", start=TRADED + DAY, says="As it is.")

    assert days_of_ban(new, old) == [("trade",), ("settlement",)]
    assert days_of_ban(new, old, of={**USUAL, "traded_on": SETTLES}) == [("trade", "settlement")]
    _, came = under(new, old)
    said = [one.what.says for one in came if not isinstance(one.what, Gap)]
    assert [text for text in said if text.startswith("As")] == ["As it was.", "As it is."]


@pytest.mark.parametrize(
    ("facts", "days"),
    [
        ({"debtor.licences": ["bank"]}, []),
        ({"debtor.licences": ["importer", "bank"]}, []),
        ({"debtor.licences": ["importer"]}, [("trade", "settlement")]),
        ({"debtor.licences@trade": ["bank"], "debtor.licences": []}, [("settlement",)]),
        ({"debtor.licences@settlement": ["bank"], "debtor.licences": []}, [("trade",)]),
        (
            {"debtor.licences@trade": ["bank"], "debtor.licences@settlement": ["bank"]},
            [],
        ),
    ],
)
def test_what_changes_with_the_day_is_looked_up_on_it(
    facts: Payment, days: list[tuple[str, ...]]
) -> None:
    ban = rule("XA.ban", when='!("bank" in debtor.licences)', fires=[{"debtor.licences": []}])
    assert days_of_ban(ban, of={**USUAL, **facts}) == days


# In the order of the ids below, and so of the law.
ROLES = ("creditor", "debtor", "transaction")


@pytest.mark.parametrize(
    ("subject", "facts", "expected"),
    [
        ("assets", {}, []),
        ("assets", {"debtor.jurisdictions": ["XA", "XC"]}, ["debtor", "transaction"]),
        ("assets", {"creditor.jurisdictions": ["XB", "XC"]}, ["creditor", "transaction"]),
        # Who may take part is said where one resides, and nowhere else.
        ("admission", {"debtor.jurisdictions": ["XA", "XC"]}, []),
        (
            "admission",
            {"creditor.jurisdictions": ["XB", "XC"], "creditor.residence": "XC"},
            ["creditor"],
        ),
    ],
)
def test_a_law_binds_those_who_are_attached_to_it(
    subject: str, facts: Payment, expected: list[str]
) -> None:
    roles = ROLES if subject != "admission" else ROLES[:2]
    sentences = [
        rule(f"XC.{role}", "HOLD", subject, roles=[role], when="month_day > 0") for role in roles
    ]
    answer, came = under(*sentences, of={**USUAL, **facts})

    assert answer is (HOLD if expected else ALLOW)
    assert [role for name, role, *_ in told(came) if name == f"XC.{role} 2026-01-01"] == expected


@pytest.mark.parametrize(
    ("scope", "facts", "expected"),
    [
        ({"classes": ["importer"]}, {}, ["debtor"]),
        ({"classes": ["exporter", "bank"]}, {}, ["creditor"]),
        ({"classes": ["importer", "exporter"]}, {}, ["debtor", "creditor"]),
        ({"classes": ["bank"]}, {}, []),
        ({"classes": ["importer"]}, {"debtor.licences": []}, []),
        ({"assets": ["coin"]}, {}, ["debtor", "creditor"]),
        ({"assets": ["coin"]}, {"asset": "asset-token"}, []),
        ({"assets": ["asset-token", "coin"]}, {"asset": "asset-token"}, ["debtor", "creditor"]),
        ({"transactions": ["trade"]}, {}, ["debtor", "creditor"]),
        ({"transactions": ["trade"]}, {"transaction": "domestic"}, []),
        ({"transactions": ["trade"], "assets": ["asset-token"]}, {}, []),
        ({"transactions": ["trade"], "classes": ["exporter"]}, {}, ["creditor"]),
    ],
)
def test_a_rule_is_about_what_its_scope_says(
    scope: dict[str, object], facts: Payment, expected: list[str]
) -> None:
    sides = ["debtor", "creditor"]
    rules_of_both = [rule(f"{place}.r", "HOLD", roles=sides, scope=scope) for place in ("XA", "XB")]
    answer, came = under(*rules_of_both, of={**USUAL, **facts})

    assert answer is (HOLD if expected else ALLOW)
    assert [role for name, role, *_ in told(came) if ".r " in name] == expected


def test_a_window_that_nobody_counted_is_not_known() -> None:
    often = rule(
        "XA.often",
        when="window.count > 3",
        window={"by": "party", "days": 7},
        roles=["debtor"],
        fires=[{"window.count": 4}],
        silent=[{"window.count": 3}],
        unknown=[{}],
    )
    answer, came = under(often)

    assert answer is HOLD
    assert ("XA.often 2026-01-01", "debtor", ("trade", "settlement"), False) in told(came)


# What a programme waives, and who may ask for one.


@pytest.mark.parametrize(
    ("facts", "days"),
    [
        ({}, [("trade", "settlement")]),
        ({"programmes@trade": ["XA.pilot"]}, [("settlement",)]),
        ({"programmes@settlement": ["XA.pilot"]}, [("trade",)]),
        ({"programmes": ["XA.pilot"]}, []),
        ({"programmes": ["XB.pilot"]}, [("trade", "settlement")]),
    ],
)
def test_a_rule_does_not_come_on_the_days_on_which_a_programme_waives_it(
    facts: Payment, days: list[tuple[str, ...]]
) -> None:
    sentences = [
        rule("XA.ban", waivable=True),
        rule("XB.other", "REPORT", waivable=True),
        pilot_of("XA", "XA.ban"),
        pilot_of("XB", "XB.other"),
    ]
    assert days_of_ban(*sentences, of={**USUAL, **facts}) == days


def test_a_programme_that_waives_what_opens_closes() -> None:
    """Nothing is opened by being waived."""
    sentences = [one for one in opened("XA", "XB") if one.content["id"] != "XA.open"]
    law = book(
        *sentences,
        rule("XA.c", "ALLOW", "corridor", waivable=True),
        pilot_of("XA", "XA.c"),
    )
    assert alone(law, USUAL)[0] is ALLOW
    assert alone(law, {**USUAL, "programmes": ["XA.pilot"]})[0] is DENY


@pytest.mark.parametrize(
    ("facts", "days"),
    [
        ({}, []),
        ({"programmes@trade": ["XA.pilot"]}, [("trade",)]),
        ({"programmes@settlement": ["XA.pilot"]}, [("settlement",)]),
        ({"programmes": ["XA.pilot", "XB.pilot"]}, [("trade", "settlement")]),
        ({"programmes": ["XB.pilot"]}, []),
    ],
)
def test_a_rule_may_ask_for_a_programme_on_each_day(
    facts: Payment, days: list[tuple[str, ...]]
) -> None:
    sentences = [
        rule(
            "XA.ban",
            when='"XA.pilot" in programmes',
            fires=[{"programmes": ["XA.pilot"]}],
            silent=[{}, {"programmes": ["XB.pilot"]}],
        ),
        rule("XB.other", "REPORT", waivable=True),
        pilot_of("XA"),
        pilot_of("XB", "XB.other"),
    ]
    assert days_of_ban(*sentences, of={**USUAL, **facts}) == days
