"""Where a sentence of law stands in its file, and what a file says in the types of JSON."""

import json
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import TEXTS
from tests.sentences import files, rule

from clearhouse.core.rulebook import RulebookMalformed, parse
from clearhouse.core.rulebook.source import Path, plain, read


def line(text: str, *path: str | int) -> int:
    return read("law.toml", text).line(path)


def numbered(text: str) -> dict[Path, int]:
    return dict(read("law.toml", text).lines)


FILE = """\
# Nothing here is law.
jurisdiction = "XA"

  [[rule]]
id = "XA.first"
says = "One."

[[rule]]  # the second
id = "XA.second"
[rule.applies_to]
roles = ["debtor"]
[rule.vectors]
fires = [
  {},
  { on = 2026-01-01 },
]
silent = []

[[fixing]]
id = "XA.fixing"
"""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("jurisdiction",), 'jurisdiction = "XA"'),
        (("rule", 0), "  [[rule]]"),
        (("rule", 0, "id"), 'id = "XA.first"'),
        (("rule", 0, "says"), 'says = "One."'),
        (("rule", 1), "[[rule]]  # the second"),
        (("rule", 1, "id"), 'id = "XA.second"'),
        (("rule", 1, "applies_to"), "[rule.applies_to]"),
        (("rule", 1, "applies_to", "roles"), 'roles = ["debtor"]'),
        (("rule", 1, "vectors"), "[rule.vectors]"),
        (("rule", 1, "vectors", "fires"), "fires = ["),
        (("rule", 1, "vectors", "silent"), "silent = []"),
        (("fixing", 0), "[[fixing]]"),
        (("fixing", 0, "id"), 'id = "XA.fixing"'),
    ],
)
def test_headings_and_keys_stand_on_their_lines(path: Path, text: str) -> None:
    assert FILE.splitlines()[numbered(FILE)[path] - 1] == text
    assert len(numbered(FILE)) == 13


@pytest.mark.parametrize(
    ("path", "above"),
    [
        (("rule", 0, "citation"), ("rule", 0)),
        (("rule", 1, "vectors", "unknown"), ("rule", 1, "vectors")),
        (("rule", 1, "vectors", "fires", 1, "on"), ("rule", 1, "vectors", "fires")),
        (("rule", 1, "applies_to", "roles", 0), ("rule", 1, "applies_to", "roles")),
    ],
)
def test_what_is_not_said_stands_where_it_would_belong(path: Path, above: Path) -> None:
    lines = numbered(FILE)

    assert path not in lines
    assert line(FILE, *path) == lines[above]


@pytest.mark.parametrize("path", [(), ("subject",), ("rule",), ("rule", 2), ("programme", 0, "id")])
def test_what_is_nowhere_has_no_line(path: Path) -> None:
    assert line(FILE, *path) == 0


@pytest.mark.parametrize("fence", ['"""', "'''"])
def test_what_stands_in_a_text_of_several_lines_is_no_heading_and_no_key(fence: str) -> None:
    text = f"""\
[[rule]]
when = {fence}
[[rule]]
id = "XA.not"
[rule.vectors]
fires = []
# {'"' if fence == "'''" else "'"}
{fence}
id = "XA.first"
[[rule]]
id = "XA.second"
"""
    assert numbered(text) == {
        ("rule", 0): 1,
        ("rule", 0, "when"): 2,
        ("rule", 0, "id"): 9,
        ("rule", 1): 10,
        ("rule", 1, "id"): 11,
    }


@pytest.mark.parametrize("fence", ['"""', "'''"])
def test_a_text_in_fences_may_end_where_it_begins(fence: str) -> None:
    text = f"[[rule]]\nwhen = {fence}true{fence}\nid = 'XA.first'\nsays = {fence}{fence}\nx = 1\n"

    assert numbered(text) == {
        ("rule", 0): 1,
        ("rule", 0, "when"): 2,
        ("rule", 0, "id"): 3,
        ("rule", 0, "says"): 4,
        ("rule", 0, "x"): 5,
    }


def test_a_text_may_end_behind_its_last_word_and_another_begin_on_the_next_line() -> None:
    text = 'a = """one\ntwo"""\nb = """\nc = 1"""\nd = 1\n'

    assert numbered(text) == {("a",): 1, ("b",): 3, ("d",): 5}


def test_a_text_of_several_lines_may_have_single_quotes_in_it() -> None:
    text = 'a = """\nit is "quoted" and \'so\' on\n"""\nb = 1\n'

    assert numbered(text) == {("a",): 1, ("b",): 4}


def test_comments_are_no_keys_and_no_headings() -> None:
    text = """\
# [[rule]]
# id = "XA.not"
  # [rule.vectors]
[[rule]] # [[rule]]
id = "XA.first" # says = "not"
#says = "not"
# = # [
[[rule]]
"""
    assert numbered(text) == {("rule", 0): 4, ("rule", 0, "id"): 5, ("rule", 1): 8}


def test_an_inline_table_stands_on_the_line_of_its_key() -> None:
    text = """\
[[rule]]
applies_to = { roles = ["debtor"], classes = ["bank"] }
window = { by = "pair", days = 30 }
"""
    assert numbered(text) == {
        ("rule", 0): 1,
        ("rule", 0, "applies_to"): 2,
        ("rule", 0, "window"): 3,
    }
    assert line(text, "rule", 0, "applies_to", "classes", 0) == 2
    assert line(text, "rule", 0, "window", "days") == 3


def test_a_dotted_key_is_found_by_what_it_begins_with() -> None:
    text = """\
[[rule]]
applies_to.roles = ["debtor"]
due . what = "a report"
parameters.limit = { value = "1.00", unit = "EUR" }
id = "XA.first"
"""
    assert line(text, "rule", 0, "applies_to") == 2
    assert line(text, "rule", 0, "applies_to", "roles", 0) == 2
    assert line(text, "rule", 0, "due", "what") == 3
    assert line(text, "rule", 0, "parameters", "limit", "unit") == 4
    assert line(text, "rule", 0, "id") == 5


def test_each_of_several_dotted_keys_stands_on_its_own_line() -> None:
    text = """\
[[rule]]
parameters.a = { value = "1.00", unit = "EUR" }
parameters."b" = { value = "2.00", unit = "EUR" }
parameters.c.value = 3
'parameters' . c . unit = "count"
"""
    under = ("rule", 0, "parameters")
    lines = numbered(text)
    assert lines[(*under, "a")] == 2
    assert lines[(*under, "b")] == 3
    assert lines[(*under, "c", "value")] == 4
    assert lines[(*under, "c", "unit")] == 5
    assert line(text, *under, "b", "unit") == 3


def test_a_quoted_key_is_a_key() -> None:
    text = '[[rule]]\n"id" = "XA.first"\n[rule.vectors.given]\n"party.wallet" = "hosted"\non = 1\n'

    assert line(text, "rule", 0, "id") == 2
    assert line(text, "rule", 0, "vectors", "given", "on") == 5
    assert line(text, "rule", 0, "vectors", "given", "party.wallet") == 4


def test_lists_within_lists_are_counted_apart() -> None:
    text = """\
[[programme]]
[[programme.approvals]]
authority = "A"
[[programme.approvals]]
authority = "B"
[[rule]]
[[programme]]
id = "XA.second"
"""
    assert numbered(text) == {
        ("programme", 0): 1,
        ("programme", 0, "approvals", 0): 2,
        ("programme", 0, "approvals", 0, "authority"): 3,
        ("programme", 0, "approvals", 1): 4,
        ("programme", 0, "approvals", 1, "authority"): 5,
        ("rule", 0): 6,
        ("programme", 1): 7,
        ("programme", 1, "id"): 8,
    }


def test_lists_within_each_table_of_a_list_begin_anew() -> None:
    text = "[[p]]\n[[p.a]]\nx = 1\n[[p]]\n[[p.a]]\nx = 1\n"

    assert line(text, "p", 1, "a", 0, "x") == 6


def test_windows_endings_of_lines_change_no_line() -> None:
    assert numbered(FILE.replace("\n", "\r\n")) == numbered(FILE)


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_what_ends_a_line_elsewhere_and_not_in_toml_ends_none(sign: str) -> None:
    for text in (f'a = "{sign}"\nb = 1\n', f"a = 1 # {sign}\nb = 1\n"):
        assert numbered(text) == {("a",): 1, ("b",): 2}


@pytest.mark.parametrize(
    "text",
    [
        'a = 1 # """',
        "a = 1 # '''",
        'a = "# " # "',
        "a = \"'''\"",
        'a = \'"""\'',
        "a = '''\"\"\"'''",
        'a = """\'\'\'"""',
        'a = "\\"" # "',
        "a = '\\' # '",
        'a = """\\""""""',
        'a = """x""""',
        'a = """"""',
        'a = ["""x""", \'"\', "it\'s"]',
        'a = { b = """x""", c = "#" }',
    ],
)
def test_quotes_and_signs_of_comments_within_each_other_open_nothing(text: str) -> None:
    assert read("law.toml", f"{text}\nb = 1\n").content["b"] == 1
    assert line(f"{text}\nb = 1\n", "b") == 2


@pytest.mark.parametrize(
    "text",
    [
        'a = """\n\\"""\nb = 2\n"""',
        'a = """\n\\\\"""\nc = 2',
        "a = '''\nb = \"\"\"\n'''",
        'a = """\nb = \'\'\'\n"""',
        'a = """\nb = "" # \n"""',
        'a = """\nb = 3\n""""\nc = 2',
        'a = """\nb = 3\n"""""\nc = 2',
        'a = [\n"""\nb = 3\n""",\n]',
        'a = [ # """\n "b = 3", # \'\'\'\n]',
    ],
)
def test_a_text_ends_at_its_own_fence_and_at_no_other(text: str) -> None:
    whole = f"{text}\nb = 1\n"
    assert read("law.toml", whole).content["b"] == 1
    assert line(whole, "b") == whole.count("\n")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_text_that_begins_below_its_fence_is_known_to(ending: str) -> None:
    lines = ['a = """', "one", '"""', "b = '''", "'''", 'c = """one', '"""', "d = 1"]
    lines += ["[e]", 'f = """', '"""']

    source = read("law.toml", ending.join(lines))

    assert source.texts == {("a",): 2, ("b",): 5, ("e", "f"): 11}
    assert [source.line((key,)) for key in "abcd"] == [1, 4, 6, 8]


def refused(when: str) -> str:
    """The line on which a condition is refused."""
    made = dict(files(rule("XA.one", when="?")))
    made["XA-assets.toml"] = made["XA-assets.toml"].replace('"?"', when)
    with pytest.raises(RulebookMalformed) as refusal:
        parse(made)
    return made["XA-assets.toml"].splitlines()[int(refusal.value.context["line"]) - 1]


@pytest.mark.parametrize(
    ("when", "named"),
    [
        ("'nothing == 1'", "when = 'nothing == 1'"),
        ('"nothing == 1"', 'when = "nothing == 1"'),
        ('"""nothing == 1"""', 'when = """nothing == 1"""'),
        ('"""true\n&& nothing == 1\n"""', "&& nothing == 1"),
        ('"""true\n&& true\n&& true && nothing == 1"""', '&& true && nothing == 1"""'),
    ],
)
def test_a_fault_in_a_condition_stands_on_its_own_line(when: str, named: str) -> None:
    assert refused(when) == named


@pytest.mark.parametrize("fence", ['"""', "'''"])
def test_a_fault_in_a_condition_that_begins_below_its_fence_stands_on_its_own_line(
    fence: str,
) -> None:
    """As nearly all conditions of several lines are written."""
    assert refused(f"{fence}\ntrue\n&& nothing == 1\n{fence}") == "&& nothing == 1"


@pytest.mark.parametrize("name", TEXTS)
def test_every_line_of_a_shipped_file_is_of_what_stands_there(name: str) -> None:
    """Each key begins its line; where all of it is there, a reading of it alone says the same."""
    source, lines = read(name, TEXTS[name]), TEXTS[name].splitlines()

    for path, number in source.lines.items():
        text = lines[number - 1]
        if isinstance(path[-1], int):
            assert text == f"[[{'.'.join(step for step in path if isinstance(step, str))}]]"
        elif text.startswith("["):
            assert text.endswith(f".{path[-1]}]")
        else:
            names = text.partition(" =")[0].split(".")
            whole = list(path[-len(names) :]) == names
            assert whole or path[-1] == names[0]  # or all that begins so
            assert not whole or alone(text, names) in {None, repr(at(source.content, path))}


def at(content: Any, path: Sequence[str | int]) -> object:
    for step in path:
        content = content[step]
    return content


def alone(text: str, path: Sequence[str]) -> str | None:
    """What a line says by itself; None if it goes on over more of them."""
    try:
        return repr(at(plain(tomllib.loads(text)), path))
    except tomllib.TOMLDecodeError:
        return None


@pytest.mark.parametrize("name", TEXTS)
def test_every_sentence_of_a_shipped_file_has_its_line(name: str) -> None:
    source = read(name, TEXTS[name])
    content: Any = source.content

    wanted = {
        (kind, number)
        for kind in ("rule", "standard", "fixing", "timetable", "programme")
        for number, _ in enumerate(content.get(kind, []))
    }
    listed = {path for path in source.lines if isinstance(path[-1], int)}
    assert {path for path in listed if len(path) == 2} == wanted
    assert {(*path, "id") for path in wanted} <= source.lines.keys()


# --- what it says --------------------------------------------------------------------------------


def test_dates_and_times_are_text_and_all_else_is_as_it_was() -> None:
    zone = timezone(timedelta(hours=2))
    said = {
        "day": date(2026, 3, 1),
        "time": time(18, 0),
        "instant": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "there": datetime(2026, 3, 1, 12, 30, 1, tzinfo=zone),
        "list": [date(2026, 1, 1), {"on": date(9999, 12, 31)}, [time(23, 59, 59)]],
        "text": "2026-03-01",
        "whole": 2**63 - 1,
        "less": -(2**63),
        "truth": True,
        "nothing": [],
    }

    assert plain(said) == {
        "day": "2026-03-01",
        "time": "18:00:00",
        "instant": "2026-03-01T12:00:00+00:00",
        "there": "2026-03-01T12:30:01+02:00",
        "list": ["2026-01-01", {"on": "9999-12-31"}, ["23:59:59"]],
        "text": "2026-03-01",
        "whole": 2**63 - 1,
        "less": -(2**63),
        "truth": True,
        "nothing": [],
    }
    assert plain(said) is not said


WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(
    st.recursive(
        st.booleans() | WHOLE | st.text() | st.dates() | st.times(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_is_said_plainly_is_json_and_stays_as_it_is(value: object) -> None:
    said = plain(value)

    assert json.loads(json.dumps(said)) == said
    assert plain(said) == said


@pytest.mark.parametrize(
    "number", ["1.5", "16.0", "-0.0", "1e3", "nan", "inf", "-inf", f"{2**63}", f"{-(2**63) - 1}"]
)
@pytest.mark.parametrize("form", ["a = {}", "[[rule]]\nb = [{{ c = {} }}]", "[d]\nx.y = [1, {}]"])
def test_a_number_that_is_not_whole_or_not_of_64_bits_is_refused(number: str, form: str) -> None:
    """To JSON's schemas 16.0 is a whole number: it must not come so far."""
    with pytest.raises(ValueError, match=r"whole numbers|64 bits"):
        read("law.toml", form.format(number))


def nested(depth: int) -> str:
    return f"a = {'[' * depth}{']' * depth}"


def test_law_is_nested_so_deep_and_no_deeper() -> None:
    assert line(nested(16), "a") == 1
    for text in (nested(17), nested(300), f"[{'.'.join('abcdefghijklmnopq')}]\n"):
        with pytest.raises(ValueError, match="nested deeper"):
            read("law.toml", text)


@pytest.mark.parametrize("name", TEXTS)
def test_a_shipped_file_says_what_toml_says(name: str) -> None:
    source = read(name, TEXTS[name])

    assert source.name == name
    assert source.content == plain(tomllib.loads(TEXTS[name]))


@pytest.mark.parametrize(
    "text",
    ["id", "id = ", "[[rule]", "a = 1\na = 2", "a = 1\n[a]", 'a = "', "a = 01", "a = nil", "\0"],
)
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"line|column|document"):
        read("law.toml", text)


def test_what_is_nested_too_deep_is_refused() -> None:
    with pytest.raises((RecursionError, ValueError)):
        read("law.toml", f"a = {'[' * 100_000}")
