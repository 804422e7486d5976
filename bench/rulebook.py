"""The law on a million obligations: a verdict, its grounds and what is due, for each.

Three jurisdictions of sixty rules each, drawn from seeded dice out of forms that real rulebooks
have: classes, corridors, thresholds in three currencies, wallets, dates, windows of linked
payments. Every obligation touches all three: its debtor is attached to two, its creditor to one.
The time is from columns of facts to a finding's hash for each obligation. Beside it the time of
one decision after another, the same code on one row.
"""

import argparse
import json
import time
from collections.abc import Iterator
from datetime import date
from random import Random

import numpy as np
from numpy.typing import NDArray

from bench import intake
from clearhouse.core.gate import judge_law
from clearhouse.core.rulebook import Answer, Matters, Rulebook, parse, restore
from clearhouse.core.rulebook.vocabulary import EPOCH
from clearhouse.engines.formula import Column
from clearhouse.operations import impact
from clearhouse.operations.intake import take_in
from clearhouse.operations.prove import prove
from clearhouse.operations.screen import open_gate

START = date(2026, 1, 1)
PLACES = ("XA", "XB", "XC")
SINGLES = 2_000
PROVEN, COMPLETE, REGISTERED, NOT_KNOWN = 0.99, 0.999, 0.5, 0.001  # shares of payments


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=100_000, help="obligations")
    parser.add_argument("--rules", type=int, default=60, help="rules of each jurisdiction")
    parser.add_argument("--past", type=int, default=0, help="decisions to ask again")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Time the law on `size` obligations, and on one at a time."""
    dice = Random(given.seed)
    begun = time.perf_counter()
    law = law_of(given.rules, dice)
    yield f"rulebook.read_s {time.perf_counter() - begun:.3f} s"
    matters = payments(given.size, law, np.random.default_rng(given.seed))
    begun, cpu = time.perf_counter(), time.process_time()
    judged = law.judge.judge(matters)
    digests = [
        judge_law("XA>XB", judged.came(number), Answer(answer), law).digest()
        for number, answer in enumerate(_answers(judged.patterns, judged.answers))
    ]
    found = np.array(digests)[judged.patterns]
    yield f"rulebook.s {time.perf_counter() - begun:.3f} s"
    yield f"rulebook.cpu_s {time.process_time() - cpu:.3f} s"
    yield f"rulebook.findings {len(digests)} findings"
    assert len(found) == given.size
    shares = np.bincount(judged.answers, minlength=len(Answer)) / given.size
    for answer in Answer:
        yield f"rulebook.{answer.name.lower()}_share {shares[answer]:.3f} of_all"
    yield f"rulebook.p99_ms {_single(law, given.seed):.3f} ms"
    if given.past:
        yield from _past(given.past, given.seed)


def _past(size: int, seed: int) -> Iterator[str]:
    """Time the impact of a new version on decisions in a house's journal, and their replay."""
    with intake.opened(seed) as (house, folder):
        gate = open_gate(house)
        for creditor, file in intake.written(house, folder, size, Random(seed)).files:
            take_in(house, file, creditor.id, lambda _: None, gate=gate)
        new = _closed(house.rulebook)
        begun = time.perf_counter()
        found = impact.impact(house, new, 30, lambda _: None)
        yield f"rulebook.impact_s {time.perf_counter() - begun:.2f} s"
        assert found.decisions == size // intake.CREDITORS * intake.CREDITORS
        assert found.verdicts.keys() == {("clear", "deny")}
        begun = time.perf_counter()
        proven = prove(house, 30, lambda _: None)
        yield f"rulebook.replay_s {time.perf_counter() - begun:.2f} s"
        assert proven.decisions == found.decisions


def _closed(law: Rulebook) -> Rulebook:
    """A version under which Norland opens no corridor."""
    contents = json.loads(law.body)
    del contents["XA/corridor"]
    body = json.dumps(contents, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return restore(body)


def _answers(patterns: NDArray[np.int64], answers: NDArray[np.uint8]) -> list[int]:
    """The answer of each pattern, by its number."""
    _, first = np.unique(patterns, return_index=True)
    return [int(answers[row]) for row in first]


def _single(law: Rulebook, seed: int) -> float:
    """The time that one decision of a hundred takes longer than, in milliseconds."""
    each = [payments(1, law, np.random.default_rng(seed + n)) for n in range(SINGLES)]
    taken = []
    for matters in each:
        begun = time.perf_counter()
        judged = law.judge.judge(matters)
        judge_law("XA>XB", judged.came(0), Answer(int(judged.answers[0])), law).digest()
        taken.append(time.perf_counter() - begun)
    return float(np.quantile(taken, 0.99)) * 1000


def payments(size: int, law: Rulebook, dice: np.random.Generator) -> Matters:
    """Payments whose debtors are attached to two jurisdictions and whose creditors to one."""
    words = law.vocabulary
    places = np.array([words.code("jurisdiction", place) for place in PLACES], np.uint8)
    turn = dice.integers(0, 3, size)
    debtor, owner, creditor = (places[(turn + step) % 3] for step in range(3))

    def bits(*codes: NDArray[np.uint8]) -> Column:
        masks = [np.uint64(1) << code.astype(np.uint64) for code in codes]
        return Column(np.bitwise_or.reduce(masks))

    first = START.toordinal() - EPOCH
    traded = first + dice.integers(30, 300, size)
    classes = len(words.words("class"))
    registered, hidden = dice.random(size) < REGISTERED, dice.random(size) < NOT_KNOWN
    return Matters(
        size,
        {
            "debtor.residence": Column(debtor),
            "creditor.residence": Column(creditor),
            "debtor.jurisdictions": bits(debtor, owner),
            "creditor.jurisdictions": bits(creditor),
            "debtor.licences": Column(dice.integers(1, 1 << classes, size).astype(np.uint64)),
            "creditor.licences": Column(dice.integers(1, 1 << classes, size).astype(np.uint64)),
            "debtor.wallet": Column(dice.integers(0, 2, size).astype(np.uint8)),
            "creditor.wallet": Column(dice.integers(0, 2, size).astype(np.uint8)),
            "debtor.wallet_proven": Column(dice.random(size) < PROVEN),
            "creditor.wallet_proven": Column(dice.random(size) < PROVEN),
            "debtor.record_complete": Column(dice.random(size) < COMPLETE),
            "creditor.record_complete": Column(dice.random(size) < COMPLETE),
            "contract_registered": Column(registered & ~hidden, hidden),
            "transaction": Column(np.full(size, words.code("transaction", "trade"), np.uint8)),
            "asset": Column(np.full(size, words.code("asset", "coin"), np.uint8)),
            "invoiced_in": Column(dice.integers(0, 3, size).astype(np.uint8)),
            "traded_on": Column(traded),
            "settles_on": Column(traded + dice.integers(0, 60, size)),
            "amount.EUR": Column(np.exp(dice.normal(14, 2, size)).astype(np.int64)),
            "amount.USD": Column(np.exp(dice.normal(14, 2, size)).astype(np.int64)),
            "amount.BTC": Column(np.exp(dice.normal(17, 2, size)).astype(np.int64)),
            "window.count": Column(dice.integers(0, 1000, size)),
            "window.total.EUR": Column(np.exp(dice.normal(15, 2, size)).astype(np.int64)),
        },
    )


# Forms of rules: outcome, scope, condition, parameters with units, what else, and a case in which
# it comes. LIMIT is a number that is drawn, ABOVE one more.
FORMS = (
    (
        "REPORT",
        'roles = ["debtor", "creditor"]',
        "amount.EUR >= limit && other.residence in places",
        {"limit": ("LIMIT", "EUR"), "places": (["XA", "XB"], "jurisdiction")},
        'rate = { name = "fixing", on = "trade" }',
        '{ "amount.EUR" = "LIMIT", "other.residence" = "XA" }',
    ),
    (
        "COLLECT",
        'roles = ["transaction"]',
        "amount.USD > limit && !contract_registered && settles_on >= begins",
        {"limit": ("LIMIT", "USD"), "begins": ("2026-03-01", "day")},
        'rate = { name = "official", on = "settlement" }',
        '{ "amount.USD" = "ABOVE", contract_registered = false, on = "2026-04-01" }',
    ),
    (
        "DENY",
        'roles = ["debtor", "creditor"], classes = ["miner", "platform"]',
        'party.wallet == "self-hosted" && !party.wallet_proven && amount.EUR > limit',
        {"limit": ("LIMIT", "EUR")},
        'rate = { name = "fixing", on = "settlement" }',
        '{ "party.wallet" = "self-hosted", "party.wallet_proven" = false, "amount.EUR" = "ABOVE" }',
    ),
    (
        "HOLD",
        'roles = ["creditor"]',
        "!party.record_complete && amount.BTC * 3 / 2 > limit",
        {"limit": ("LIMIT", "BTC")},
        'rate = { name = "fixing", on = "trade" }',
        '{ "party.record_complete" = false, "amount.BTC" = "LIMIT" }',
    ),
    (
        "REPORT",
        'roles = ["debtor"]',
        "window.count > most || window.total.EUR > limit",
        {"most": (400, "count"), "limit": ("LIMIT", "EUR")},
        'rate = { name = "fixing", on = "trade" }\nwindow = { by = "pair", days = 30 }',
        '{ "window.count" = 401, "window.total.EUR" = "0" }',
    ),
    (
        "DENY",
        'roles = ["debtor"]',
        (
            "month_day >= begins && month_day <= ends && !sets.intersects(party.licences, kinds)"
            " && amount.EUR > limit"
        ),
        {
            "begins": ("07-01", "month-day"),
            "ends": ("08-31", "month-day"),
            "kinds": (["bank", "importer", "exporter", "miner"], "class"),
            "limit": ("LIMIT", "EUR"),
        },
        'rate = { name = "fixing", on = "settlement" }',
        '{ on = "2026-07-01", "amount.EUR" = "ABOVE" }',
    ),
)
DUES = ("REPORT", "COLLECT")


def law_of(count: int, dice: Random) -> Rulebook:
    """Three jurisdictions of `count` rules each; what they share of conditions is little."""
    files = {}
    for place in PLACES:
        files[f"{place}.toml"] = (
            f'jurisdiction = "{place}"\nname = "{place}"\nzone = "Europe/London"\n'
            'weekend = ["Saturday", "Sunday"]\n'
        )
        rules = {subject: _opening(place, subject) for subject in ("admission", "corridor")}
        rules["caps"] = "".join(_rule(place, number, dice) for number in range(count - 2))
        for subject, text in rules.items():
            files[f"{place}.{subject}.toml"] = (
                f'jurisdiction = "{place}"\nsubject = "{subject}"\n{text}'
            )
    return parse(files)


def _opening(place: str, subject: str) -> str:
    roles = '"transaction"' if subject == "corridor" else '"debtor", "creditor"'
    return (
        f'[[rule]]\nid = "{place}.{subject}"\nsays = "It is open."\ncitation = "Act, s. 1"\n'
        f'effective_from = {START}\napplies_to = {{ roles = [{roles}] }}\noutcome = "ALLOW"\n'
        "vectors = { fires = [{}] }\n"
    )


def _rule(place: str, number: int, dice: Random) -> str:
    outcome, scope, when, parameters, rest, case = FORMS[number % len(FORMS)]
    limit = int(10 ** dice.uniform(4, 6.5))
    said = ", ".join(
        f"{name} = {{ value = {_value(value, limit)}, unit = {_quoted(unit)} }}"
        for name, (value, unit) in parameters.items()
    )
    due = 'due = { what = "a notice", to = "the central bank" }\n' if outcome in DUES else ""
    return (
        f'[[rule]]\nid = "{place}.caps.r{number}"\nsays = "Rule {number}."\n'
        f'citation = "Act, s. {number}"\neffective_from = {START}\n'
        f"applies_to = {{ {scope} }}\noutcome = {_quoted(outcome)}\nwhen = '{when}'\n"
        f"parameters = {{ {said} }}\n{rest}\n{due}"
        f"vectors = {{ fires = [{_drawn(case, limit)}] }}\n"
    )


def _quoted(text: str) -> str:
    return f'"{text}"'


def _value(value: object, limit: int) -> str:
    match value:
        case list():
            return f"[{', '.join(_quoted(word) for word in value)}]"
        case str():
            return _quoted(_drawn(value, limit))
        case _:
            return str(value)


def _drawn(text: str, limit: int) -> str:
    return text.replace("LIMIT", str(limit)).replace("ABOVE", str(limit + 1))
