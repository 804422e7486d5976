"""What is no law is refused by file, line and rule, and never fails in another way."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.full_law import (
    BASE,
    CORE_RULES,
    NORLAND,
    PILOT,
    STANDARD,
    TOP,
    WALLETS,
    refused,
    tried,
)
from tests.payments import USUAL, alone
from tests.sentences import book, files, fixing, head, opened, rule, standard

from clearhouse.core.rulebook import ADMISSION, Answer, RulebookMalformed, parse, restore
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.engines.formula import SET_MAX

# What is no law.


@dataclass(frozen=True)
class Slip:
    """A slip of the pen, and what is said of it."""

    file: str
    old: str
    new: str
    rule: str = ""  # that is named; none is in a country's own file
    said: str = ""  # a part of what is said
    at: str = ""  # what stands in the line that is named; what was written, if nothing is said

    def texts(self) -> dict[str, str]:
        assert BASE[self.file].count(self.old) == 1, self.old
        return {**BASE, self.file: BASE[self.file].replace(self.old, self.new)}

    def line(self) -> int:
        """The number of the line that is named."""
        text, at = self.texts()[self.file], self.at or self.new
        assert text.count(at) == 1, at
        return text[: text.index(at)].count("\n") + 1


def of(file: str, rule: str, *slips: tuple[str, ...]) -> list[Slip]:
    return [Slip(file, old, new, rule, *rest) for old, new, *rest in slips]


SLIPS = [
    *of(
        "norland.toml",
        "",
        ('name = "Norland"', 'name = ""', "", 'name = ""'),
        ('name = "Norland"', "name = 7"),
        ('name = "Norland"', f'name = "{"N" * 1001}"'),
        ('"XA"', '["XA"]'),
        ('"XA"', '"xa"'),
        ('"XA"', '"XAX"'),
        ('"XA"', '"XA>XB"'),
        ('"XA"', '"X\u0410"'),  # a Cyrillic A
        ('"XA"', f'"{CORE}"', "the house's own"),
        ('"Europe/London"', '"Norland/Nowhere"'),
        ('"Europe/London"', '"../../../etc/passwd"'),
        ('"Europe/London"', '"Europe"'),
        ('"Europe/London"', '""', "", 'zone = ""'),
        ('["Saturday", "Sunday"]', "[]"),
        ('["Saturday", "Sunday"]', '"Saturday"'),
        ('["Saturday", "Sunday"]', '["Samstag"]', "Samstag"),
        ('["Saturday", "Sunday"]', '["Sunday", "Sunday"]'),
        ('["Saturday", "Sunday"]', "[6]"),
        (
            '["Saturday", "Sunday"]',
            '["Monday","Tuesday","Wednesday","Thursday","Friday","Saturday","Sunday"]',
        ),
        ("[2026-01-01]", "2026-01-01"),
        ("[2026-01-01]", "[2026-01-01T00:00:00]"),
        ("[2026-01-01]", '["2026-02-30"]', "2026-02-30"),
        ("[2026-01-01]", '["2026-W01-1"]', "2026-W01-1"),
        ("[2026-01-01]", '["20260101"]', "20260101"),
        ("[2026-01-01]", "[20260101]"),
    ),
    *of(
        "places.toml",
        "XA.places.kordavia",
        ('["KV", "XCKOR"]', "[]", "places"),
        ('["KV", "XCKOR"]', '["KV", "KV"]', "places"),
        ('["KV", "XCKOR"]', '["kv", "XCKOR"]', "kv"),
        ('["KV", "XCKOR"]', '["Kordavia"]', "Kordavia"),
        ('["KV", "XCKOR"]', '["KV", "XCKO0"]', "XCKO0"),
        ('["KV", "XCKOR"]', '["KV", "KVHAR", "XCKOR"]', "KVHAR is in KV"),
        ('["KV", "XCKOR"]', '["XCKOR"]', "its case 1 fails: it is not shut", "shut = ["),
        ('["KV", "XCKOR"]', '["KV"]', "its case 4 fails: it is not shut", "shut = ["),
        ('["KV", "XCKOR"]', '["KV", "XC"]', "its case 1 fails: it is not free", "free = ["),
        ('"flag", "loading"', '"loading"', "its case 3 fails: it is not shut", "shut = ["),
        ('"flag", "loading"', '"port", "loading"', "port"),
        ('outcome = "HOLD"', 'outcome = "ALLOW"', "ALLOW"),
        ('outcome = "HOLD"', 'outcome = "REPORT"', "REPORT"),
        ('{ flag = "KV" }', "{}", "shut", "shut = ["),
        ('{ flag = "KV" }', '{ flag = "KVABC" }', "KVABC", "shut = ["),
        ('{ discharge = "KVABC" }', '{ discharge = "KV" }', "KV", "shut = ["),
        ("effective_to = 2030-12-31", "effective_to = 2025-12-31", "ends before it begins"),
        ('citation = "Embargo Act, s. 3"\n', "", "citation", "[[closure]]"),
        (
            'id = "XA.places.kordavia"',
            'id = "XA.places.kordavia"\nwaivable = true',
            "waivable",
            "[[closure]]",
        ),
    ),
    *of(
        "wallets.toml",
        "",
        ('subject = "wallets"', 'subject = "wallet"', "wallet"),
        ('subject = "wallets"', "subject = 8"),
        ('jurisdiction = "XA"', 'jurisdiction = "XB"', "no file about this jurisdiction"),
        ('jurisdiction = "XA"', "jurisdiction = 7"),
    ),
    *of(
        "wallets.toml",
        "XA.wallets.often",
        ('says = "Who moves much to wallets of their own is told of."\n', "", "says", "[[rule]]"),
        ('citation = "Order 3, para 7"\n', "", "citation", "[[rule]]"),
        ('citation = "Order 3, para 7"', 'citation = ""', "citation"),
        ('citation = "Order 3, para 7"', "citation = 7", "citation"),
        ("effective_from = 2026-01-01\n", "", "effective_from", "[[rule]]"),
        ("effective_from = 2026-01-01", "effective_from = 2026-01-01T00:00:00Z", "effective_from"),
        ("effective_from = 2026-01-01", 'effective_from = "1 January"', "effective_from"),
        ("effective_from = 2026-01-01", 'effective_from = "2026-13-01"', "2026-13-01"),
        ("effective_from = 2026-01-01", 'effective_from = "0000-01-01"', "0000-01-01"),
        ("effective_from = 2026-01-01", "effective_from = 20260101", "effective_from"),
        ("effective_to = 2026-06-30", "effective_to = 2025-12-31", "ends before it begins"),
        ("effective_to = 2026-06-30", 'effective_to = ""', "effective_to"),
        ("[rule.applies_to]", "[rule.applies_too]", "applies_to", "[[rule]]"),
        ('roles = ["debtor", "creditor"]', "roles = []", "roles"),
        ('roles = ["debtor", "creditor"]', 'roles = ["debitor"]', "debitor"),
        ('roles = ["debtor", "creditor"]', 'roles = "debtor"', "roles"),
        ('roles = ["debtor", "creditor"]', 'roles = ["debtor", "debtor"]', "roles"),
        (
            'roles = ["debtor", "creditor"]',
            'roles = ["transaction"]',
            "no side or class",
            "[rule.applies_to]",
        ),
        ('roles = ["debtor", "creditor"]\n', "", "roles", "[rule.applies_to]"),
        ('classes = ["bank"]', 'classes = ["bnk"]', "bnk"),
        ('classes = ["bank"]', "classes = []", "classes"),
        ('classes = ["bank"]', 'classes = "bank"', "classes"),
        ('classes = ["bank"]', 'classes = ["bank", 7]', "classes"),
        ('assets = ["coin"]', 'assets = ["bitcoin"]', "bitcoin"),
        ('transactions = ["transfer"]', 'transactions = ["transfers"]', "transfers"),
        ('transactions = ["transfer"]', 'screening = ["off"]', "screening", "[rule.applies_to]"),
        ('outcome = "REPORT"', 'outcome = "report"', "outcome"),
        ('outcome = "REPORT"', 'outcome = "CLEAR"', "outcome"),
        ('outcome = "REPORT"', 'outcome = "DENY"', "what is due", "due ="),
        ('outcome = "REPORT"\n', "", "outcome", "[[rule]]"),
        ('due = { what = "the transfers", to = "the treasury" }\n', "", "due", "[[rule]]"),
        ('what = "the transfers", ', "", "what", "due ="),
        ('to = "the treasury" }', 'to = "the treasury", by = 2026-01-01 }', "by"),
        ('name = "fixing"', 'name = "mine"', "mine"),
        ('on = "trade" }\nwindow', 'on = "tuesday" }\nwindow', "tuesday", '"tuesday" }'),
        ('rate = { name = "fixing", on = "trade" }\n', "", "rate", "&& ("),
        ('by = "party"', 'by = "month"', "month"),
        ("days = 30", "days = 0", "days"),
        ("days = 30", "days = 3661", "days"),
        ("days = 30", 'days = "30"', "days"),
        ('window = { by = "party", days = 30 }\n', "", "window", "when ="),
        ('transition = { on = "trade",', "transition = {", "on"),
        (', citation = "Order 3, para 9"', "", "citation", "transition ="),
        ("count = 3,", "count = -1,", "count"),
        ('"business-days"', '"weeks"', "weeks"),
        ('3, unit = "business-days"', '29, unit = "day-of-next-month"', "1 to 28"),
        ('3, unit = "business-days"', '0, unit = "day-of-next-month"', "1 to 28"),
        ('zone = "Europe/London"', 'zone = "Europe/Nowhere"'),
        ('zone = "Europe/London"', 'zone = "/etc/localtime"'),
        ('zone = "Europe/London", ', "", "zone", "deadline ="),
        ("time = 12:00:00", 'time = "noon"', "time"),
        ("time = 12:00:00", 'time = "24:00"', "hour"),
        ("time = 12:00:00", "time = 12:00:00.5", "time"),
        ("waivable = true", "waivable = 1", "waivable"),
        ("waivable = true", 'waivable = "no"', "waivable"),
        ('source = "S2"', 'source = "S3"', "S3"),
        ('source = "S2"', 'source = "S2"\nscreen = false', "screen", "[[rule]]"),
    ),
    # Parameters.
    *of(
        "wallets.toml",
        "XA.wallets.often",
        ('value = 3, unit = "count"', 'value = -3, unit = "count"', "-3"),
        ('value = 3, unit = "count"', 'value = "3.5", unit = "count"', "3.5"),
        ('value = 3, unit = "count"', 'value = "three", unit = "count"', "three"),
        ('value = 3, unit = "count"', 'value = true, unit = "count"', "value"),
        ('value = 3, unit = "count"', 'value = "\u0663", unit = "count"', "decimals"),  # Arabic
        ('value = 3, unit = "count"', 'value = "13-01", unit = "month-day"', "month and day"),
        ('value = 3, unit = "count"', 'value = "2026-02-30", unit = "day"', "2026-02-30"),
        ('value = 3, unit = "count"', 'value = 3, unit = "pieces"', "pieces"),
        ('value = 3, unit = "count"', "value = 3", "unit", "few = {"),
        ('value = 3, unit = "count"', 'unit = "count"', "value"),
        ('"1000.00", unit = "EUR"', '"1000.001", unit = "EUR"', "2 decimals"),
        ('"1000.00", unit = "EUR"', '"1,000.00", unit = "EUR"', "1,000.00"),
        ('"1000.00", unit = "EUR"', '"1e3", unit = "EUR"', "1e3"),
        ('"1000.00", unit = "EUR"', f'"1{"0" * 16}", unit = "EUR"', "at most"),
        ('"1000.00", unit = "EUR"', '"1000.00", unit = "GBP"', "GBP"),
        ('"1000.00", unit = "EUR"', '"1000.00", unit = "USD"', "not comparable", "&& ("),
        ('"1000.00", unit = "EUR"', '"1000.00", unit = "kWh"', "not comparable", "&& ("),
        ('["importer", "exporter"]', '["importer", "smuggler"]', "smuggler"),
        ('["importer", "exporter"], unit', "[], unit", "value"),
        ('["importer", "exporter"]', '["importer", "importer"]', "value"),
        ('["importer", "exporter"]', '"importer"', "set", "&& ("),
        (
            'unit = "class" }',
            'unit = "class" }\nmore = { value = 1, unit = "count" }',
            "more",
            "[rule.parameters]",
        ),
        ("few = {", "Few = {", "Few", "[rule.parameters]"),
        ("few = {", f"{'f' * 41} = {{", "f" * 41, "[rule.parameters]"),
        ("few = {", "fewer = {", "few", 'when = """'),
    ),
    # Conditions.
    *of(
        "wallets.toml",
        "XA.wallets.often",
        ("window.count >= few\n", "window.count >= few &&\n", "cannot stand here", "&& ("),
        ("window.count >= few", "window.count >= fw", "fw"),
        ("window.count >= few", "window.total >= few", "window.total"),
        ('== "self-hosted" &&', '== "selfhosted" &&', "selfhosted"),
        ("!sets.intersects(", "!sets.contains(", "sets.contains"),
        ("!sets.intersects(", "!!!!(", ""),
        ("amount.EUR > limit", "amount.GBP > limit", "amount.GBP"),
        ("amount.EUR > limit", "amount.EUR / 0 > limit", "above zero"),
        ("amount.EUR > limit", "amount.EUR * 100 > limit", "64 bits"),
        ("amount.EUR > limit", f"{'(' * 40}amount.EUR > limit{')' * 40}", "nested deeper"),
        ("amount.EUR > limit", f"{'!' * 400}true", "nested deeper", "&& ("),
        ("amount.EUR > limit", f"amount.EUR > limit{' ' * 4096}", "characters long", "when ="),
        ("amount.EUR > limit", "amount.EUR \\u0000 limit", "means nothing"),
        ("amount.EUR > limit", "amount.EUR \u2265 limit", "means nothing"),
        ("other.licences, known))", "other.licences, known)", "should stand where ''", '"""\nrate'),
        ("known))\n", "known))\n&& settles_on\n", "not a day", "&& settles_on"),
    ),
    # Vectors.
    *of(
        "wallets.toml",
        "XA.wallets.often",
        ("[rule.vectors]", "[rule.vector]", "vector", "[[rule]]"),
        ("unknown = [{}]", "unknown = [{}]\nmaybe = [{}]", "maybe", "[rule.vectors]"),
        ("unknown = [{}]", "unknown = {}", "unknown"),
        ("unknown = [{}]", 'unknown = ["x"]', "unknown"),
        ("fires = [\n", "fires = []\nfired = [\n", "fire", "fires = []"),
        ('"1000.01" },', '"1000.00" },', "case 1 of fires fails", "[rule.vectors]"),
        (
            '{ "amount.EUR" = "1000.00" }',
            '{ "amount.EUR" = "1000.02" }',
            "case 1 of silent fails",
            "[rule.vectors]",
        ),
        (
            "unknown = [{}]",
            'unknown = [{ "amount.EUR" = "1" }]',
            "case 1 of unknown fails",
            "[rule.vectors]",
        ),
        ("unknown = [{}]", 'unknown = [{ "amount.GBP" = "1" }]', "amount.GBP", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ "party.name" = "A" }]', "debtor.name", "[rule.vectors]"),
        ("unknown = [{}]", "unknown = [{ month_day = 101 }]", "say on", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ "party.wallet" = "paper" }]', "paper", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ "party.wallet" = true }]', "wallet", "[rule.vectors]"),
        (
            "unknown = [{}]",
            'unknown = [{ "party.wallet" = ["hosted"] }]',
            "hosted",
            "[rule.vectors]",
        ),
        ("unknown = [{}]", 'unknown = [{ "party.licences" = "bank" }]', "bank", "[rule.vectors]"),
        (
            "unknown = [{}]",
            'unknown = [{ "party.licences" = [["bank"]] }]',
            "bank",
            "[rule.vectors]",
        ),
        ("unknown = [{}]", 'unknown = [{ "amount.EUR" = "-1" }]', "-1", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ "amount.EUR" = "1.001" }]', "1.001", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ "amount.EUR" = 1 }]', "amount.EUR", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ on = "2026-02-30" }]', "", "[rule.vectors]"),
        ("unknown = [{}]", "unknown = [{ on = 3 }]", "3", "[rule.vectors]"),
        ("unknown = [{}]", "unknown = [{ on = 2026-03-02T00:00:00 }]", "", "[rule.vectors]"),
        ("unknown = [{}]", 'unknown = [{ "window.count" = -1 }]', "-1", "[rule.vectors]"),
    ),
    # Standards and fixings.
    *of(
        "standards.toml",
        "XA.standards.score",
        ("value = 750\n", "", "value", "[[standard]]"),
        ("value = 750", "value = -1", "0 to 1000"),
        ("value = 750", "value = 1001", "0 to 1000"),
        ("value = 750", "value = true", "value"),
        ("value = 750", 'value = "750"', "value"),
        ("value = 750", "value = 749", "case 750 fails", "met = [750]"),
        ('"screening.review-score"', '"screening.off"', "screening.off"),
        ('unit = "per mille"', 'unit = "percent"', "percent"),
        ('unit = "per mille"', 'unit = "hours"', "in per mille"),
        ("missed = [751, 1000]", "missed = []", "missed"),
        ("missed = [751, 1000]", "missed = [751, 750]", "case 750 fails"),
        ("met = [750]", "met = [750, 751]", "case 751 fails"),
        ("met = [750]\n", "", "met", "[[standard]]"),
        ("effective_to = 2026-12-31", "effective_to = 2025-12-31", "ends before it begins"),
        (
            "effective_to = 2026-12-31",
            "effective_too = 2026-12-31",
            "effective_too",
            "[[standard]]",
        ),
    ),
    *of(
        "standards.toml",
        "XA.standards.hour",
        ("hour = 16", "hour = 24", "hour"),
        ("hour = 16", "hour = -1", "hour"),
        ("hour = 16", "hour = 16:00:00", "hour"),
        ("hour = 16", "hour = 16\nminute = 30", "minute", "[[fixing]]"),
        ('zone = "Europe/London"', 'zone = "Norland/Nowhere"', "Norland/Nowhere"),
        ('zone = "Europe/London"', 'zone = "../../../etc/passwd"'),
        ('zone = "Europe/London"', 'zone = "Europe"'),
        ('zone = "Europe/London"', 'zone = "\\u0000"'),
    ),
    *of(
        "reporting.toml",
        "XA.reporting.miner",
        ('form = "miner_return"', 'form = "contact"', "contact", "form ="),
        ('form = "miner_return"\n', "", "late fee", "[rule.due]"),
        ('outcome = "REPORT"', 'outcome = "COLLECT"', "a return is a REPORT", "[rule.due]"),
        ('classes = ["miner"]\n', "", "classes of licences", "[rule.due]"),
        (
            'outcome = "REPORT"\n',
            'outcome = "REPORT"\nwhen = "month_day > 100"\n',
            "without a condition",
            "[rule.due]",
        ),
        (
            'outcome = "REPORT"\n',
            'outcome = "REPORT"\nwaivable = true\n',
            "waived by no programme",
            "[rule.due]",
        ),
        ('"day-of-next-month"', '"days"', "a day-of-next-month", "[rule.due]"),
        ('"day-of-next-month"', '"hours"', "do not roll", "deadline ="),
        ("rolls = true", 'rolls = "yes"', "rolls", "deadline ="),
        ('"400.00", unit = "USD"', '"400", unit = "count"', "an amount", "[rule.due]"),
        ('"400.00", unit = "USD"', '"400.001", unit = "USD"', "decimals", "late_fee ="),
        ('"400.00", unit = "USD"', '"-1", unit = "USD"', "decimals", "late_fee ="),
    ),
    *of(
        "pilot.toml",
        "XA.pilot",
        ("effective_to = 2026-12-31\n", "", "effective_to", "[[programme]]"),
        ("effective_to = 2026-12-31", "effective_to = 2025-12-31", "ends before it begins"),
        ("participants = [", 'participants = ["nobody", ', "nobody"),
        (
            '["5493001KJTIIGC8Y1R12", "213800D1EI4B9WTWWD28"]',
            "[]",
            "participants",
            "participants =",
        ),
        ('"213800D1EI4B9WTWWD28"', '"5493001KJTIIGC8Y1R12"', "participants", "participants ="),
        ('transactions = ["transfer"]', 'transactions = ["everything"]', "everything"),
        ('waives = ["XA.wallets.often"]', 'waives = ["XA.wallets.other"]', "no rule"),
        ('waives = ["XA.wallets.often"]', 'waives = ["all"]', "waives"),
        ('"100.00", unit = "EUR"', '"100", unit = "count"', "amount of a currency"),
        ('"100.00", unit = "EUR"', '"0.001", unit = "EUR"', "decimals"),
        ('rate = { name = "fixing", on = "settlement" }\n', "", "names no rate", "caps ="),
        ('authority = "the treasury"', 'authority = "the central bank"', "twice", "[[programme]]"),
        ("on = 2025-12-02", 'on = "2025-12-32"', "2025-12-32", "[[programme]]"),
        ("on = 2025-12-02", "on = true", "on", "on = true"),
    ),
]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_pen_is_refused_by_file_line_and_rule(slip: Slip) -> None:
    refusal = refused(slip.texts())

    assert slip.said in refusal.detail
    assert (refusal.context["file"], refusal.context["line"]) == (slip.file, str(slip.line()))
    assert refusal.detail.startswith(f"{slip.file}:{slip.line()}: ")
    if slip.rule:
        assert refusal.context["rule"] == slip.rule
        assert f": {slip.rule}: " in refusal.detail


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        pytest.param(
            "norland.toml", NORLAND.replace('"Norland"', "Norland"), "line 3", id="no text"
        ),
        pytest.param("norland.toml", NORLAND.replace('"Norland"', '"Nor'), "line 3", id="cut off"),
        pytest.param("norland.toml", NORLAND + 'name = "N"\n', "line 8", id="a key twice"),
        pytest.param(
            "norland.toml", NORLAND.replace("-01-01", "-02-30"), "line 6", id="no such day"
        ),
        pytest.param("norland.toml", "", "jurisdiction", id="an empty file"),
        pytest.param("norland.toml", "# nothing\n", "jurisdiction", id="a comment alone"),
        pytest.param("norland.toml", "x = " + "[" * 100_000, "", id="bottomless"),
        pytest.param("norland.toml", "[" + "a." * 100_000 + "a]", "", id="a heading without end"),
        pytest.param("norland.toml", "\0", "", id="a zero byte"),
        pytest.param("norland.toml", NORLAND + "\0", "line 8", id="a zero byte at the end"),
        pytest.param("norland.toml", "\ufeff" + NORLAND, "line 1", id="a byte order mark"),
        pytest.param("norland.toml", "x = " + "9" * 5000, "", id="a number without end"),
        pytest.param("norland.toml", "jurisdiction: XA\n", "line 1", id="YAML"),
        pytest.param("norland.toml", '{"jurisdiction": "XA"}', "line 1", id="JSON"),
        pytest.param("norland.toml", NORLAND + "sanctions = false\n", "sanctions", id="unheard of"),
        pytest.param(
            "norland.toml", NORLAND.replace("holidays", "holiday"), "holiday", id="misspelt"
        ),
        pytest.param("norland.toml", NORLAND + "rule = []\n", "rule", id="a rule among the head"),
        pytest.param(
            "norland.toml", NORLAND.replace("XA-NORTH", "XB-NORTH"), "XA-", id="another's region"
        ),
        pytest.param(
            "norland.toml", NORLAND.replace("XA-NORTH", "XA-SOUTH-2"), "", id="a region twice"
        ),
        pytest.param(
            "norland.toml", NORLAND.replace('name = "Norland"\n', ""), "name", id="no name"
        ),
        pytest.param(
            "norland.toml", NORLAND.replace('zone = "Europe/London"\n', ""), "zone", id="no zone"
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace("[[rule]]", "[[rules]]"), "", id="no such list"
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace("[[rule]]", "[rule]"), "", id="one table for all"
        ),
        pytest.param("wallets.toml", TOP + "rule = 3\n", "array", id="a number for the rules"),
        pytest.param("wallets.toml", TOP + 'rule = ["XA.a"]\n', "rule", id="texts for the rules"),
        pytest.param(
            "wallets.toml", WALLETS.replace('subject = "wallets"\n', ""), "", id="no subject"
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace('jurisdiction = "XA"\n', ""), "", id="nobody's law"
        ),
        pytest.param("wallets.toml", WALLETS.replace("XA.wallets.often", ""), "", id="an empty id"),
        pytest.param(
            "wallets.toml",
            WALLETS.replace('"XA.wallets.often"', "7"),
            "id",
            id="a number for an id",
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace('id = "XA.wallets.often"', ""), "id", id="no id"
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace("XA.wallets", "XB.wallets"), "XA.", id="another's id"
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace("XA.wallets", "XAX.wallets"), "id", id="nobody's id"
        ),
        pytest.param(
            "wallets.toml",
            WALLETS.replace("XA.wallets", "wallets"),
            "id",
            id="an id without a country",
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace("often", "Often"), "id", id="capitals in an id"
        ),
        pytest.param(
            "wallets.toml", WALLETS.replace("often", "often-"), "id", id="an id that breaks off"
        ),
        pytest.param("wallets.toml", WALLETS.replace("often", "o" * 80), "id", id="too long an id"),
    ],
)
def test_a_file_that_is_no_law_is_refused_by_name(file: str, text: str, said: str) -> None:
    assert text != BASE[file]

    refusal = refused({**BASE, file: text})

    assert refusal.context["file"] == file
    assert refusal.detail.startswith(file)
    assert said in refusal.detail


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "no jurisdiction"),
        ({"wallets.toml": WALLETS}, "no jurisdiction"),
        ({"norland.toml": NORLAND}, "no rule"),
        ({"norland.toml": NORLAND, "standards.toml": STANDARD}, "no rule"),
        ({"norland.toml": NORLAND, "wallets.toml": TOP + "rule = []\n"}, "no rule"),
    ],
)
def test_a_rulebook_without_a_country_or_a_rule_is_refused(
    texts: dict[str, str], said: str
) -> None:
    assert said in refused(texts).detail


MINED = """
[[rule]]
id = "XA.wallets.there"
says = "Nobody mines there."
citation = "art. 1"
effective_from = 2026-01-01
applies_to = { roles = ["debtor"] }
outcome = "DENY"
when = "sets.intersects(party.regions, banned)"
parameters.banned = { value = ["XA-NORTH"], unit = "region" }
vectors = { fires = [{ "party.regions" = ["XA-NORTH"] }], silent = [{ "party.regions" = [] }] }
"""


def test_law_speaks_of_regions_that_some_jurisdiction_has() -> None:
    own = NORLAND.replace("XA-NORTH", "XA-EAST")
    assert "XA-NORTH" in parse({**BASE, "wallets.toml": WALLETS + MINED}).vocabulary.regions
    for text, said in (
        (MINED.replace('value = ["XA-NORTH"]', 'value = ["XB-NORTH"]'), "'XB-NORTH' is no region"),
        (MINED.replace(" = []", ' = ["XB-NORTH"]'), "no set of region"),
        (MINED.replace("party.regions, banned", "party.licences, banned"), "no words in common"),
    ):
        assert said in refused({**BASE, "wallets.toml": WALLETS + text}).detail
    lost = {**BASE, "norland.toml": own, "wallets.toml": WALLETS + MINED}
    assert "'XA-NORTH' is no region: XA-EAST, XA-SOUTH-2" in refused(lost).detail


@pytest.mark.parametrize(("more", "fits"), [(62, True), (63, False)])
def test_all_jurisdictions_together_have_64_regions_at_most(more: int, fits: bool) -> None:
    """A set of them is one machine word; of whichever country they are."""
    regions = ", ".join(f'"XB-{number}"' for number in range(more))
    sudmark = NORLAND.replace('"XA"', '"XB"').replace('"XA-NORTH", "XA-SOUTH-2"', regions)
    texts = {**BASE, "sudmark.toml": sudmark}
    if fits:
        assert len(parse(texts).vocabulary.regions) == 64
    else:
        assert "65 regions; at most 64" in refused(texts).detail


@pytest.mark.parametrize("again", ["norland.toml", "wallets.toml", "standards.toml"])
def test_two_files_about_the_same_are_refused(again: str) -> None:
    refusal = refused({**BASE, "zz.toml": BASE[again]})

    assert refusal.context["file"] == "zz.toml"
    assert f"{again} is about the same" in refusal.detail


def test_one_bad_file_spoils_the_rulebook() -> None:
    """Half of the law is not the law."""
    spoilt = WALLETS.replace('"XA', '"XB').replace("count >= few", "count >= fewer")
    refusal = refused({**BASE, "xb.toml": head("XB"), "xb-wallets.toml": spoilt})
    assert refusal.context["file"] == "xb-wallets.toml"


def test_as_many_countries_as_fit_in_a_set_have_law_and_no_more() -> None:
    codes = [f"{one}{other}" for one in "ABCDEFGH" for other in "ABCDEFGH"]
    assert len(codes) == SET_MAX
    some = codes[: SET_MAX - 1]
    everybody = rule(
        "AA.all",
        when="sets.intersects(debtor.jurisdictions, all)",
        parameters={"all": {"value": some, "unit": "jurisdiction"}},
        fires=[{"debtor.jurisdictions": ["AA", some[-1]]}],
    )
    last = some[-1]
    law = book(*opened(*some), everybody, places=some)

    assert len(law.jurisdictions) == SET_MAX - 1
    assert (
        alone(
            law,
            {
                **USUAL,
                "debtor.jurisdictions": [last],
                "debtor.residence": last,
                "creditor.jurisdictions": ["AA"],
                "creditor.residence": "AA",
            },
        )[0]
        is Answer.DENY
    )
    with pytest.raises(RulebookMalformed, match="64 jurisdictions"):
        book(everybody, places=codes)


# Versions of a sentence, and sentences that do not go together.

START, MIDDLE, END = date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 31)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ((START, MIDDLE), (MIDDLE + DAY, None), True),
        ((START, MIDDLE), (MIDDLE + DAY, END), True),
        ((START, MIDDLE), (END, None), True),  # with a time without law between them
        ((START, START), (START + DAY, START + DAY), True),
        ((START, MIDDLE), (MIDDLE, None), False),  # both on one day
        ((START, None), (MIDDLE, None), False),  # the old one does not end
        ((START, END), (MIDDLE, MIDDLE), False),
        ((START, None), (START, None), False),
        ((START, MIDDLE), (START, MIDDLE), False),
        ((date.min, date.max), (START, END), False),
        ((MIDDLE, None), (date.max, None), False),
    ],
)
def test_two_versions_of_an_id_follow_each_other(
    one: tuple[date, date | None], other: tuple[date, date | None], allowed: bool
) -> None:
    """Whatever kinds of sentences they are, and in whatever order they stand."""
    spans: list[dict[str, Any]] = [{"start": start, "end": end} for start, end in (one, other)]
    for kind, again in ((rule, rule), (fixed, fixed), (rule, fixed), (fixed, rule)):
        for first, second in (spans, spans[::-1]):
            sentences = [kind("XA.s", **first), again("XA.s", **second)]
            if allowed:
                assert len(book(*sentences, rule("XA.other")).spans()) == 2 + 1 + CORE_RULES
                continue
            with pytest.raises(RulebookMalformed, match="overlaps its own version") as caught:
                book(*sentences, rule("XA.other"))
            assert caught.value.context["rule"] == "XA.s"
            assert caught.value.context["line"] != "0"


def fixed(id: str, **span: Any) -> Any:
    return fixing(id, "UTC", 16, **span)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("month_day > 101 && settles_on > on", "settles_on > on && month_day > 101", True),
        ('asset == "coin" || !true', '!true || "coin" == asset', True),
        ('asset in ["coin", "asset-token"]', 'asset in ["asset-token", "coin"]', True),
        ("month_day + 1 > 2", "1 + month_day > 2", True),
        ("month_day - 1 > 2", "1 - month_day > 2", False),
        ("month_day > 101", "101 > month_day", False),
    ],
)
def test_a_condition_is_the_same_in_any_order_that_means_the_same(
    one: str, other: str, same: bool
) -> None:
    either = [rule("XA.a", "HOLD", when=f"{one} || true"), rule("XA.b", when=f"{other} || true")]
    if same:
        with pytest.raises(RulebookMalformed, match=r"it says DENY where XA\.a says HOLD"):
            book(*either)
    else:
        assert len(book(*either).rules) == 2 + CORE_RULES


SAME: dict[str, Any] = {
    "when": "month_day >= first",
    "parameters": {"first": {"value": "01-01", "unit": "month-day"}},
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {
            "parameters": {"begin": {"value": "01-01", "unit": "month-day"}},
            "when": "month_day >= begin",
        },
        {"when": "(month_day\n  >= first)"},
        {"roles": ["debtor"]},
        {"scope": {"assets": ["coin", "asset-token"]}},
        {"start": MIDDLE},
        {"end": START},
        {"citation": "another", "says": "Otherwise."},
    ],
)
@pytest.mark.parametrize("outcomes", [("ALLOW", "DENY"), ("DENY", "ALLOW"), ("HOLD", "DENY")])
def test_two_verdicts_for_one_condition_are_refused(
    outcomes: tuple[str, str], change: dict[str, Any]
) -> None:
    one, other = outcomes
    sides: dict[str, Any] = {"roles": ["debtor", "creditor"], "scope": {"assets": ["coin"]}}
    sentences = [rule("XA.a", one, **sides, **SAME), rule("XA.b", other, **(sides | SAME | change))]
    with pytest.raises(RulebookMalformed, match=f"it says {other} where XA.a says {one}") as caught:
        book(*sentences)
    assert caught.value.context["rule"] == "XA.b"
    assert caught.value.context["line"] != "0"


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "DENY"},  # the same verdict twice
        {"outcome": "REPORT"},
        {"outcome": "COLLECT"},
        {"id": "XB.b"},  # another country
        {"subject": "caps"},
        {"roles": ["creditor"]},
        {"scope": {"assets": ["asset-token"]}},
        {"scope": {"assets": ["coin"], "transactions": ["sale"]}},
        {"scope": {"assets": ["coin"], "classes": ["miner"]}},
        {"start": END + DAY},
        {"when": "month_day > first"},
        {"parameters": {"first": {"value": "01-02", "unit": "month-day"}}, "fires": [{"on": END}]},
        {"when": None, "parameters": None},
    ],
)
def test_what_differs_in_anything_that_counts_is_no_contradiction(change: dict[str, Any]) -> None:
    scope = {"assets": ["coin"], "transactions": ["trade"], "classes": ["bank"]}
    usual: dict[str, Any] = {
        "id": "XA.b",
        "outcome": "HOLD",
        "roles": ["debtor"],
        "scope": scope,
        "end": None,
    }
    one = rule(
        "XA.a",
        "DENY",
        **{key: usual[key] for key in ("roles", "scope")},
        end=END,
        **SAME,
        fires=[{"on": END}],
    )
    other: dict[str, Any] = {**usual, **SAME, "fires": [{"on": END}], **change}
    if other.get("start") == END + DAY or other["when"] is None:
        other["fires"] = [{}]
    assert len(book(one, rule(**other)).rules) == 2 + CORE_RULES


@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ((START, MIDDLE), (MIDDLE + DAY, None), True),
        ((START, MIDDLE), (MIDDLE, None), False),
        ((START, None), (MIDDLE, MIDDLE), False),
    ],
)
def test_a_law_says_one_thing_on_a_standard_at_a_time(
    one: tuple[date, date | None], other: tuple[date, date | None], allowed: bool
) -> None:
    first, second = (standard("XA", "records.kept", 9, *span) for span in (one, other))
    second.content["id"] = "XA.another"
    elsewhere = standard("XB", "records.kept", 12)
    if allowed:
        law = book(first, second, elsewhere, rule("XA.r"))
        assert law.standard("records.kept", MIDDLE) == 12
        return
    with pytest.raises(RulebookMalformed, match="at the same time") as caught:
        book(first, second, elsewhere, rule("XA.r"))
    assert caught.value.context["rule"] == "XA.another"


@pytest.mark.parametrize(
    ("place", "zone", "hour", "start", "allowed"),
    [
        ("XA", "UTC", 16, START, True),  # the same, said twice
        ("XB", "UTC", 16, START, True),
        ("XB", "UTC", 17, START, False),
        ("XB", "Europe/London", 16, START, False),  # another hour, for half of the year
        ("XA", "UTC", 17, MIDDLE, False),
        ("XB", "UTC", 17, MIDDLE + DAY, True),
    ],
)
def test_there_is_one_hour_of_the_rate_at_a_time(
    place: str, zone: str, hour: int, start: date, allowed: bool
) -> None:
    one = fixing("XA.hour", "UTC", 16, START, MIDDLE)
    other = fixing(f"{place}.another", zone, hour, start)
    if allowed:
        law = book(one, other, rule("XA.r"))
        assert law.fixing(MIDDLE).hour == 16
        return
    with pytest.raises(RulebookMalformed, match=r"names 1[67]:00 [A-Z].* at the same time"):
        book(one, other, rule("XA.r"))


def test_a_rule_must_answer_the_same_from_both_of_its_sides() -> None:
    one_sided: dict[str, Any] = {
        "when": '"bank" in debtor.licences',
        "fires": [{"party.licences": ["bank"], "other.licences": []}],
    }
    assert book(rule("XA.r", roles=["debtor"], **one_sided)).rules
    with pytest.raises(RulebookMalformed, match="case 1 of fires fails: it is silent"):
        book(rule("XA.r", roles=["debtor", "creditor"], **one_sided))


def test_a_programme_waives_only_what_its_own_law_lets_be_waived() -> None:
    kept = {**BASE, "wallets.toml": WALLETS.replace("waivable = true", "waivable = false")}
    assert "XA.wallets.often is not waivable" in refused(kept).detail
    admits = rule("XA.admits", "ALLOW", ADMISSION, roles=["debtor"], waivable=True)
    admission = {name: text for name, text in files(admits).items() if "-" in name}
    named = {**BASE, **admission, "pilot.toml": PILOT.replace("XA.wallets.often", "XA.admits")}
    assert "XA.admits says who may take part" in refused(named).detail
    core = PILOT.replace("XA.wallets.often", "ZZ.core.travel-rule")
    assert "not waivable" in refused({**BASE, "pilot.toml": core}).detail
    foreign = PILOT.replace('"XA"', '"XB"').replace('"XA.pilot"', '"XB.pilot"')
    assert (
        "another jurisdiction"
        in refused({**BASE, "xb.toml": head("XB"), "pilot.toml": foreign}).detail
    )


# Numbers, sets and depths that nothing could hold.


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("standards.toml", "value = 750", "value = 750.0"),
        ("standards.toml", "value = 750", "value = 75e1"),
        ("standards.toml", "value = 750", "value = nan"),
        ("standards.toml", "value = 750", "value = inf"),
        ("standards.toml", "value = 750", f"value = 1{'0' * 30}"),
        ("standards.toml", "value = 750", f"value = -1{'0' * 4000}"),
        ("standards.toml", "met = [750]", "met = [750.0]"),
        ("standards.toml", "hour = 16", "hour = 16.0"),
        ("wallets.toml", "days = 30", "days = 30.0"),
        ("wallets.toml", "count = 3", "count = 3.0"),
        ("wallets.toml", 'value = 3, unit = "count"', 'value = 3.0, unit = "count"'),
        ("wallets.toml", 'value = 3, unit = "count"', f'value = 1{"0" * 30}, unit = "count"'),
        ("wallets.toml", '"1000.00", unit', "1000.0, unit"),
        ("wallets.toml", "unknown = [{}]", 'unknown = [{ "window.count" = 1.5 }]'),
        ("wallets.toml", "unknown = [{}]", f'unknown = [{{ "window.count" = 1{"0" * 20} }}]'),
    ],
)
def test_a_number_is_whole_and_of_64_bits(file: str, old: str, new: str) -> None:
    """In JSON Schema 750.0 is an integer; here no float decides anything."""
    assert BASE[file].count(old) == 1
    assert refused({**BASE, file: BASE[file].replace(old, new)}).context["file"] == file


@pytest.mark.parametrize(
    "fact",
    [
        'amount.EUR" = "999999999999999999"',  # 18 digits, and two more in minor units
        'party.energy" = "999999999999999999"',
        'party.mined" = "99999999999"',
        'amount.EUR" = "1000000000000000.01"',
        'window.count" = 9223372036854775807',
    ],
)
def test_a_case_says_no_more_than_there_can_be(fact: str) -> None:
    spoilt = WALLETS.replace("unknown = [{}]", f'unknown = [{{ "{fact} }}]')
    assert refused({**BASE, "wallets.toml": spoilt}).context["rule"] == "XA.wallets.often"


@pytest.mark.parametrize(
    "when", ['sets.intersects(known, ["bank"])', 'sets.intersects(["bank", "importer"], known)']
)
def test_two_sets_that_are_written_out_are_not_compared(when: str) -> None:
    parameters = {"known": {"value": ["importer"], "unit": "class"}}
    with pytest.raises(RulebookMalformed) as caught:
        book(rule("XA.r", when=f"{when} || true", parameters=parameters))
    assert caught.value.context["rule"] == "XA.r"


@pytest.mark.parametrize("depth", [20, 200, 255, 256, 300, 400, 2000])
@pytest.mark.parametrize(("opens", "closes"), [("{ a = ", " }"), ("[", "]")])
def test_a_file_that_is_nested_too_deep_is_refused(opens: str, closes: str, depth: int) -> None:
    deep = f'{{ "party.wallet" = {opens * depth}"hosted"{closes * depth} }}'
    spoilt = WALLETS.replace("unknown = [{}]", f"unknown = [{deep}]")
    assert refused({**BASE, "wallets.toml": spoilt}).context["file"] == "wallets.toml"


def test_more_programmes_than_fit_in_a_set_are_refused() -> None:
    """Before a rule asks for one of the last."""
    top, _, one = PILOT.partition("\n[[")
    pilots = top + "".join(
        f"\n[[{one.replace('XA.pilot', f'XA.p{number:03}')}" for number in range(SET_MAX + 1)
    )
    asks = rule(
        "XA.asks",
        when=f'"XA.p{SET_MAX:03}" in programmes',
        fires=[{"programmes": [f"XA.p{SET_MAX:03}"]}],
    )
    asking = {name: text for name, text in files(asks).items() if "-" in name}
    for more in ({}, asking):
        assert "64" in refused({**BASE, "pilot.toml": pilots, **more}).detail


def test_a_text_that_no_file_can_hold_is_refused() -> None:
    """A lone surrogate is no character: nothing that has one could be hashed."""
    spoilt = WALLETS.replace("Order 3, para 7", "Order \ud800")
    assert refused({**BASE, "wallets.toml": spoilt}).context["file"] == "wallets.toml"
    body = parse(BASE).body.replace("Order 3, para 7", "Order \\ud800")
    with pytest.raises(RulebookMalformed):
        restore(body)


# Which line is named.


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ('few = { value = 3, unit = "count" }', 'few = { value = -3, unit = "count" }', "few = {"),
        ('"1000.00", unit = "EUR"', '"1000.001", unit = "EUR"', "limit = {"),
        ('"exporter"], unit', '"smuggler"], unit', "known = {"),
    ],
)
def test_the_line_of_a_parameter_with_a_dotted_name_is_named(old: str, new: str, at: str) -> None:
    dotted = WALLETS.replace("\n[rule.parameters]\n", "")
    for name in ("few", "limit", "known"):
        dotted = dotted.replace(f"\n{name} = {{", f"\nparameters.{name} = {{")
    assert parse({**BASE, "wallets.toml": dotted}).version == parse(BASE).version
    spoilt = dotted.replace(old, new)
    assert spoilt != dotted

    refusal = refused({**BASE, "wallets.toml": spoilt})
    assert refusal.context["line"] == str(spoilt[: spoilt.index(at)].count("\n") + 1)


@pytest.mark.parametrize(
    ("old", "new"), [("count >= few", "count >= fw"), ("(amount.EUR", "(amount.GBP")]
)
@pytest.mark.parametrize("break_first", [False, True])
def test_the_line_within_a_condition_of_several_lines_is_named(
    break_first: bool, old: str, new: str
) -> None:
    """Though it begins on the line below its quotation marks."""
    begun = WALLETS.replace('"""party', '"""\nparty') if break_first else WALLETS
    spoilt = begun.replace(old, new)
    assert spoilt != begun

    refusal = refused({**BASE, "wallets.toml": spoilt})
    assert refusal.context["line"] == str(spoilt[: spoilt.index(new)].count("\n") + 1)


@pytest.mark.parametrize("character", ["\u2028", "\x85", "\u2029"])
def test_what_only_python_takes_for_a_line_end_is_none(character: str) -> None:
    spoilt = STANDARD.replace("para 8", f"para {character}8").replace("= 750", "= -1")
    refusal = refused({**BASE, "standards.toml": spoilt})
    at = spoilt.index("value = -1")
    assert refusal.context["line"] == str(spoilt[:at].count("\n") + 1)


# What a rule of a subject may ask, and what could make it laxer.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"roles": ["transaction"]}, "of a debtor or of a creditor"),
        (
            {"when": 'party.wallet == "hosted"', "fires": [{"party.wallet": "hosted"}]},
            "party.wallet",
        ),
        (
            {"when": 'other.residence == "XA"', "fires": [{"other.residence": "XA"}]},
            "other.residence",
        ),
        ({"when": 'asset == "coin"'}, "asset"),
    ],
)
def test_an_admission_asks_for_nothing_of_a_payment(change: dict[str, Any], said: str) -> None:
    usual: dict[str, Any] = {"roles": ["debtor"]}
    with pytest.raises(RulebookMalformed, match=said) as caught:
        book(rule("XA.r", "ALLOW", ADMISSION, **(usual | change)))
    assert caught.value.context["rule"] == "XA.r"
    assert book(rule("XA.r", "ALLOW", "caps", **(usual | change))).rules


ATTACHED = 'sets.intersects(debtor.jurisdictions, ["XA", "XB"])'


@pytest.mark.parametrize(
    ("when", "outcomes"),
    [
        (ATTACHED, {"DENY", "HOLD", "REPORT", "COLLECT"}),
        (f"!{ATTACHED}", {"ALLOW"}),
        (f"!(!{ATTACHED})", {"DENY", "HOLD", "REPORT", "COLLECT"}),
        ('"XA" in debtor.jurisdictions', {"DENY", "HOLD", "REPORT", "COLLECT"}),
        ("creditor.residence in debtor.jurisdictions", {"DENY", "HOLD", "REPORT", "COLLECT"}),
        (f'{ATTACHED} && !("XB" in creditor.jurisdictions)', set()),
        (f"{ATTACHED} || !{ATTACHED}", set()),
        ('!("bank" in debtor.licences)', {"ALLOW", "DENY", "HOLD", "REPORT", "COLLECT"}),
    ],
)
def test_a_rule_that_another_jurisdiction_could_make_laxer_is_refused(
    when: str, outcomes: set[str]
) -> None:
    both = {
        "debtor.jurisdictions": ["XA"],
        "creditor.jurisdictions": ["--"],
        "creditor.residence": "XA",
    }
    neither = {**both, "debtor.jurisdictions": ["--"], "creditor.jurisdictions": ["XA"]}
    taken = set()
    for outcome in ("ALLOW", "DENY", "HOLD", "REPORT", "COLLECT"):
        case = neither if when.startswith("!sets") else both
        found = tried(files(rule("XA.r", outcome, when=when, fires=[case])))
        if isinstance(found, RulebookMalformed):
            assert "laxer" in found.detail
            assert found.context["rule"] == "XA.r"
        else:
            taken.add(outcome)
    assert taken == outcomes


@pytest.mark.parametrize("name", ["on", "origin", "asset", "month_day", "programmes"])
def test_a_parameter_does_not_take_the_name_of_a_fact(name: str) -> None:
    """What looks like a fact to whoever reads it would be a constant."""
    parameters = {name: {"value": 0, "unit": "count"}}
    with pytest.raises(RulebookMalformed, match=f"{name} is the name of a fact"):
        book(rule("XA.r", when=f"{name} < 1", parameters=parameters))


def test_a_week_in_which_no_day_is_worked_by_all_is_refused() -> None:
    """No deadline in business days of all would ever come."""
    rests = {
        "XA": '"Monday", "Tuesday", "Wednesday", "Thursday"',
        "XB": '"Friday", "Saturday", "Sunday"',
    }
    texts = {
        name: text.replace('"Saturday", "Sunday"', rests.get(name[:2], ""))
        for name, text in files(rule("XA.r")).items()
    }
    assert "no day of the week" in refused(texts).detail
    assert parse({name: text.replace('"Friday", ', "") for name, text in texts.items()}).rules


# Whatever is written: it is law, or it is refused.

WHOLE = {**BASE, **files(*opened("XB"), places=["XB"])}


@st.composite
def mutilated(draw: st.DrawFn) -> dict[str, str]:
    """A law in which some lines are lost, said twice or turned round, or a character is another."""
    texts = dict(WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(texts)))
        lines = texts[name].split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "twice", "turn", "character", "character", "insert"])):
            case "drop":
                lines[at : at + 1] = []
            case "twice":
                lines[at:at] = lines[at : at + draw(st.integers(1, 4))]
            case "turn":
                lines[at : at + 2] = lines[at : at + 2][::-1]
            case "insert":
                place = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:place] + draw(st.text(max_size=5)) + lines[at][place:]
            case _:
                place = draw(st.integers(0, max(0, len(lines[at]) - 1)))
                new = draw(LIKELY | st.characters(codec="utf-8"))
                lines[at] = lines[at][:place] + new + lines[at][place + 1 :]
        texts[name] = "\n".join(lines)
    return texts


LIKELY = st.sampled_from([*'0123456789".,=-+*/%<>!&|()[]{}#_ \n\t\\eE', "XA", "true", "nan"])


def test_mutilated_law_is_law_or_is_refused_and_nothing_else() -> None:
    seen = {"law": 0, "refused": 0}

    @given(mutilated())
    @settings(max_examples=300)
    def either(texts: dict[str, str]) -> None:
        found = tried(texts)
        if isinstance(found, RulebookMalformed):
            seen["refused"] += 1
            assert found.context.get("file", "") in {"", *texts}
        else:
            seen["law"] += 1
            assert restore(found.body) == found

    either()
    assert min(seen.values()) > 10, seen


@given(st.dictionaries(st.text(max_size=9), st.text(), max_size=3))
def test_any_texts_at_all_are_no_law(texts: dict[str, str]) -> None:
    assert refused(texts).detail


@given(st.sampled_from(sorted(BASE)), st.data())
def test_a_file_that_breaks_off_is_law_or_is_refused(file: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(BASE[file])))
    found = tried({**BASE, file: BASE[file][:end]})
    if isinstance(found, RulebookMalformed):
        assert found.context.get("file", file) in BASE
