"""A law that says everything that law can say, by file; every test of what is refused spoils it."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.laws import toml

from clearhouse.core.rulebook import Rulebook, RulebookMalformed, parse
from clearhouse.core.rulebook.mandatory import LAW

NORLAND = """\
# Norland, a country of these tests.
jurisdiction = "XA"
name = "Norland"
zone = "Europe/London"
weekend = ["Saturday", "Sunday"]
holidays = [2026-01-01]
regions = ["XA-NORTH", "XA-SOUTH-2"]
"""
WALLETS = '''\
jurisdiction = "XA"
subject = "wallets"

[[rule]]
id = "XA.wallets.often"
says = "Who moves much to wallets of their own is told of."
citation = "Order 3, para 7"
effective_from = 2026-01-01
effective_to = 2026-06-30
outcome = "REPORT"
due = { what = "the transfers", to = "the treasury" }
when = """party.wallet == "self-hosted" && window.count >= few
&& (amount.EUR > limit || !sets.intersects(other.licences, known))
"""
rate = { name = "fixing", on = "trade" }
window = { by = "party", days = 30 }
transition = { on = "trade", citation = "Order 3, para 9" }
deadline = { count = 3, unit = "business-days", zone = "Europe/London", time = 12:00:00 }
waivable = true
source = "S2"

[rule.parameters]
few = { value = 3, unit = "count" }
limit = { value = "1000.00", unit = "EUR" }
known = { value = ["importer", "exporter"], unit = "class" }

[rule.applies_to]
roles = ["debtor", "creditor"]
classes = ["bank"]
assets = ["coin"]
transactions = ["transfer"]

[rule.vectors]
given = { "party.wallet" = "self-hosted", "window.count" = 3, "other.licences" = ["importer"] }
fires = [
  { "amount.EUR" = "1000.01" },
  { "amount.EUR" = "5", "other.licences" = [] },
]
silent = [
  { "amount.EUR" = "1000.00" },
  { "amount.EUR" = "1000.01", "window.count" = 2 },
]
unknown = [{}]
'''
RETURN = """\
jurisdiction = "XA"
subject = "reporting"

[[rule]]
id = "XA.reporting.miner"
says = "A miner returns what it mined."
citation = "Act, s. 14"
effective_from = 2026-01-01
outcome = "REPORT"
deadline = { count = 20, unit = "day-of-next-month", zone = "Europe/London", rolls = true }

[rule.applies_to]
roles = ["debtor", "creditor"]
classes = ["miner"]
transactions = ["mining"]

[rule.due]
what = "the return"
to = "the treasury"
form = "miner_return"
late_fee = { value = "400.00", unit = "USD" }

[rule.vectors]
fires = [{}]
"""
STANDARD = """\
jurisdiction = "XA"
subject = "standards"

[[standard]]
id = "XA.standards.score"
citation = "Order 3, para 8"
effective_from = 2026-01-01
effective_to = 2026-12-31
standard = "screening.review-score"
value = 750
unit = "per mille"
met = [750]
missed = [751, 1000]

[[fixing]]
id = "XA.standards.hour"
citation = "Order 14"
effective_from = 2026-01-01
effective_to = 2030-12-31
zone = "Europe/London"
hour = 16
"""
CYCLES = """\
jurisdiction = "XA"
subject = "contracts"

[[timetable]]
id = "XA.cycles.daily"
citation = "Rules, r. 1"
effective_from = 2026-01-01
effective_to = 2030-12-31
cycle = "daily"
zone = "Europe/London"
submission = { day = -2, at = "09:00" }
cut-off = { day = -1, at = "16:30" }
rescission = { day = -1, at = "18:00" }
pay-in = "00:00"
pay-in-revised = "06:30"
settlement = "15:00"
close = "20:00"

[[timetable.cases]]
value_date = 2026-03-30
submission = 2026-03-26T09:00:00Z
cut-off = 2026-03-27T16:30:00Z
rescission = 2026-03-27T18:00:00Z
pay-in = 2026-03-29T23:00:00Z
pay-in-revised = 2026-03-30T05:30:00Z
settlement = 2026-03-30T14:00:00Z
close = 2026-03-30T19:00:00Z
"""
PLACES = """\
jurisdiction = "XA"
subject = "corridor"

[[closure]]
id = "XA.places.kordavia"
says = "Nothing is traded with Kordavia, nor through its port in Vestria."
citation = "Embargo Act, s. 3"
effective_from = 2026-01-01
effective_to = 2030-12-31
places = ["KV", "XCKOR"]
ends = ["origin", "destination", "flag", "loading", "discharge"]
outcome = "HOLD"
shut = [
  { origin = "KV", destination = "XA" },
  { destination = "KV" },
  { flag = "KV" },
  { loading = "XCKOR", discharge = "XAOSL" },
  { discharge = "KVABC" },
]
free = [{ origin = "XC", flag = "XA", loading = "XCKOS" }]
"""
PILOT = """\
jurisdiction = "XA"
subject = "programmes"

[[programme]]
id = "XA.pilot"
says = "What is tried."
citation = "Act, s. 40"
effective_from = 2026-01-01
effective_to = 2026-12-31
participants = ["5493001KJTIIGC8Y1R12", "213800D1EI4B9WTWWD28"]
transactions = ["transfer"]
waives = ["XA.wallets.often"]
caps = { payment = { value = "100.00", unit = "EUR" }, total = { value = "900.00", unit = "EUR" } }
rate = { name = "fixing", on = "settlement" }

[[programme.approvals]]
authority = "the central bank"
reference = "7/2026"
on = 2025-12-01

[[programme.approvals]]
authority = "the treasury"
reference = "8/2026"
on = 2025-12-02
"""
TOP = WALLETS.partition("\n[[")[0]  # a file's own keys
BASE = {
    "norland.toml": NORLAND,
    "wallets.toml": WALLETS,
    "reporting.toml": RETURN,
    "standards.toml": STANDARD,
    "cycles.toml": CYCLES,
    "places.toml": PLACES,
    "pilot.toml": PILOT,
}


CORE_RULES = len(tomllib.loads(LAW)["rule"])  # that stand in every rulebook


def tried(texts: Mapping[str, str]) -> Rulebook | RulebookMalformed:
    """The law of some texts, or why they are none."""
    try:
        return parse(texts)
    except RulebookMalformed as refusal:
        return refusal


def refused(texts: Mapping[str, str]) -> RulebookMalformed:
    with pytest.raises(RulebookMalformed) as caught:
        parse(texts)
    return caught.value


def contents(texts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    return {name: tomllib.loads(text) for name, text in texts.items()}


def plainly(content: Mapping[str, Any]) -> str:
    """A file in another dress: every key on a line, nothing else."""
    return "".join(f"{key} = {toml(value)}\n" for key, value in content.items())


def keys(schema: Any, value: Any) -> Iterator[tuple[str, bool]]:
    """The keys that a form has at any depth, and whether each is said."""
    for key, inner in schema.get("properties", {}).items():
        yield key, key in value
        for table in tables(value.get(key, [])):
            yield from keys(inner.get("items", inner), table)


def tables(value: Any) -> list[Mapping[str, Any]]:
    """The tables that a key holds."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, dict)]
