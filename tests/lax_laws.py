"""Rulebooks as texts that try to be as lax as can be written, for what no rulebook takes away.

A country allows everything on every subject, says of its standards whatever can be said, calls
what it forbids waivable, and has a pilot regime that waives it. The texts differ in what files are
called, in the order of what they say, and in how they say it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from hypothesis import strategies as st
from tests.laws import LEIS

from clearhouse.core.rulebook import STANDARDS, SUBJECTS, Rulebook, parse
from clearhouse.core.rulebook.vocabulary import WORDS

TODAY = date(2026, 3, 2)
OF_OLD = date(2020, 1, 1)
OPENED = ("corridor", "admission")  # what is closed unless a law opens it
OTHERS = tuple(sorted({*SUBJECTS} - {*OPENED}))
OF_RULES = ("corridor", "assets", "caps", "wallets", "tax")  # where something may be forbidden
SIDES, WHOLE = ("debtor", "creditor"), ("transaction",)
# All of them hold of every payment, or of none that is known; each is of another rule.
ALWAYS = (
    'asset != "anonymous-token"',
    'debtor.residence == "--" || debtor.residence != "--"',
    'transaction in ["trade", "domestic"]',
    "month_day > 100",
    "on >= traded_on",
)
HIDDEN = ("debtor.record_complete", "creditor.wallet_proven", 'origin == "mixed"')


@dataclass(frozen=True)
class LaxLaw:
    """A rulebook's files."""

    texts: Mapping[str, str]

    @cached_property
    def rulebook(self) -> Rulebook:
        """What is read from them."""
        return parse(self.texts)

    def said(self, standard: str, on: date = TODAY) -> list[int]:
        """What the files say on a standard on a day, read a second time."""
        return [
            one.bound
            for one in self.rulebook.standards
            if one.standard == standard and one.head.in_force(on)
        ]


def _texts(words: Sequence[str]) -> str:
    return json.dumps([*words])  # as TOML has it too


def _rule(id: str, outcome: str, when: str, roles: Sequence[str], facts: str = "{}") -> str:
    return (
        f'[[rule]]\nid = "{id}"\nsays = "{outcome}."\ncitation = "art. 1"\n'
        f"effective_from = {OF_OLD}\napplies_to = {{ roles = {_texts(roles)} }}\n"
        f"outcome = \"{outcome}\"\nwhen = '{when}'\nwaivable = true\n"
        f"vectors = {{ fires = [{facts}] }}\n"
    )


def _standard(code: str, name: str, bound: int, start: date) -> str:
    known = STANDARDS[name]
    missed = bound + 1 if known.at_most else bound - 1
    return (
        f'[[standard]]\nid = "{code}.standard.{name}"\ncitation = "art. 2"\n'
        f'effective_from = {start}\nstandard = "{name}"\nvalue = {bound}\n'
        f'unit = "{known.unit}"\nmet = [{bound}]\nmissed = [{missed}]\n'
    )


def _programme(code: str, waives: Sequence[str]) -> str:
    approval = '{{ authority = "{}", reference = "1", on = 2026-01-01 }}'
    approvals = ", ".join(approval.format(name) for name in ("Treasury", "Central Bank"))
    return (
        f'[[programme]]\nid = "{code}.programmes.pilot"\nsays = "All is tried."\n'
        f'citation = "art. 3"\neffective_from = 2026-01-01\neffective_to = 2026-12-31\n'
        f"approvals = [{approvals}]\nparticipants = {_texts(LEIS)}\n"
        f"transactions = {_texts(WORDS['transaction'])}\nwaives = {_texts(waives)}\n"
    )


@st.composite
def _bounds(draw: st.DrawFn, code: str) -> list[str]:
    """Any legal value of any standards, the laxest ones often; the core's own if nothing else."""
    said = []
    for name, known in STANDARDS.items():
        laxest = known.most if known.at_most else known.least
        strict = (known.least, known.core) if known.at_most else (known.core, known.most)
        legal = st.just(laxest) | st.integers(*strict) | st.integers(known.least, known.most)
        if code == "XA" or draw(st.booleans()):
            start = draw(st.sampled_from([OF_OLD, TODAY, TODAY + timedelta(days=1)]))
            # One law at least speaks of each, on every day.
            since = OF_OLD if code == "XA" else start
            said.append(_standard(code, name, draw(legal), since))
    return said


def _allowed(code: str, subject: str) -> dict[str, str]:
    """Everything is allowed on a subject, from each side and from none; by id."""
    each = (SIDES,) if subject == "admission" else (SIDES, WHOLE)
    ids = [f"{code}.{subject}.allowed-{number}" for number in range(len(each))]
    return {id: _rule(id, "ALLOW", "true", roles) for id, roles in zip(ids, each, strict=True)}


def _jurisdiction(code: str) -> str:
    return f'jurisdiction = "{code}"\nname = "Country {code}"\nzone = "UTC"\nweekend = ["Sunday"]\n'


def lax_law(*codes: str) -> LaxLaw:
    """Some countries that allow everything, and ask for what the core does and no more."""
    texts = {}
    for code in codes or ("XA", "XB"):
        files = {subject: [*_allowed(code, subject).values()] for subject in SUBJECTS}
        files["standards"] += [
            _standard(code, name, one.core, OF_OLD) for name, one in STANDARDS.items()
        ]
        texts[f"{code}.toml"] = _jurisdiction(code)
        for subject, blocks in files.items():
            head = f'jurisdiction = "{code}"\nsubject = "{subject}"\n'
            texts[f"{code}-{subject}.toml"] = "\n".join([head, *blocks])
    return LaxLaw(texts)


@st.composite
def _country(draw: st.DrawFn, code: str) -> dict[str, list[str]]:
    """What a country's files say, each in several blocks whose order means nothing."""
    files: dict[str, list[str]] = {}
    allows, forbids = [], []
    others = draw(st.sets(st.sampled_from(OTHERS), max_size=3) | st.just({*OTHERS}))
    for subject in (*OPENED, *sorted(others)):
        allowed = _allowed(code, subject)
        files[subject] = [*allowed.values()]
        if subject != "admission":  # who may take part is settled before any programme
            allows += [*allowed]
    for number in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):  # else little is clear
        subject, hides = draw(st.sampled_from(OF_RULES)), draw(st.booleans())
        outcome = draw(st.sampled_from(["DENY", "HOLD"]))
        when = draw(st.sampled_from(HIDDEN if hides else ALWAYS))
        id = f"{code}.{subject}.strict-{number}"
        fact, _, word = when.partition(" == ")
        facts = f'{{ "{fact}" = {word or "true"} }}' if hides else "{}"
        when = f"{when} && month_day > {number}"
        files.setdefault(subject, []).append(_rule(id, outcome, when, WHOLE, facts))
        forbids.append(id)
    files.setdefault("standards", []).extend(draw(_bounds(code)))
    if draw(st.booleans()):
        # Mostly what forbids something; without what allows it there is nothing to pay.
        waives = draw(st.sampled_from([forbids, forbids, forbids, [*forbids, *allows]]))
        pilot = _programme(code, draw(st.permutations(waives)))
        files.setdefault("programmes", []).append(pilot)
    return files


@st.composite
def lax_laws(draw: st.DrawFn) -> LaxLaw:
    """Files of two countries, or three."""
    texts = {}
    for code in ("XA", "XB", *draw(st.sampled_from([(), (), ("YC",)]))):
        texts[draw(st.sampled_from([f"{code}/jurisdiction.toml", f"{code}.toml"]))] = _jurisdiction(
            code
        )
        for subject, blocks in draw(_country(code)).items():
            remark = draw(st.sampled_from(["", "# Nothing is screened.\n", "\n\n"]))
            head = f'jurisdiction = "{code}"\nsubject = "{subject}"\n\n'
            body = "\n".join(draw(st.permutations(blocks)))
            texts[f"{code}/{len(texts)}-{subject}.toml"] = f"{remark}{head}{body}"
    return LaxLaw(texts)
