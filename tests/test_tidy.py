"""The code about itself: small modules, plain names, and pages that agree with it.

`docs/reference/codes.md` and `rulebook.schema.json` are made from the code. After a change of a
refusal, an alarm or the form of the law:

    CLEARHOUSE_REGENERATE=1 script/test tests/test_tidy.py
"""

import ast
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import clearhouse
from clearhouse.core.errors import Alarm, Coded, Kind, Refusal, every_code
from clearhouse.core.remedy import REMEDIES, STOPS
from clearhouse.core.rulebook.schema import schema as rulebook_schema
from clearhouse.store import named
from clearhouse.verifier.checks import CHECKS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "clearhouse"
REGENERATE = "CLEARHOUSE_REGENERATE"
PAGE = ROOT / "docs" / "reference" / "codes.md"
SCHEMA = ROOT / "docs" / "reference" / "rulebook.schema.json"

VAGUE = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "service"}
VAGUE |= {"services", "tool", "tools", "util", "utility", "utilities", "utils"}
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
COLUMNS_MAX = 100

CODE_FORM = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
# Written in parts, so that this file does not find itself.
FOLDERS = ("root", "work", "home", "Users")
MACHINE_PATH = re.compile(rf"(?<![\w.~$}}>-])/(?:{'|'.join(FOLDERS)})/")
REGISTRIES = [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com")]
REGISTRIES += [("crates", "io"), ("deb.debian", "org"), ("proxy.golang", "org"), ("ghcr", "io")]
REGISTRIES += [("docker", "io"), ("quay", "io"), ("rubygems", "org")]
REGISTRY = re.compile("|".join(re.escape(".".join(one)) for one in REGISTRIES), re.IGNORECASE)
SQL_CLOCK = re.compile(
    r"\b(?:now|(?:clock|statement|transaction)_timestamp|timeofday)\s*\(|"
    r"\b(?:current_(?:date|time|timestamp)|localtime(?:stamp)?)\b",
    re.IGNORECASE,
)
PRAGMA = re.compile(r"  # (?:noqa|type:) ?.*")
APPLIED = {"0004_clearing.sql"}  # an applied migration does not change, be its lines long
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "localtime"}


def tracked() -> Iterator[Path]:
    """Every file that is no one's output: what .gitignore does not name."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split()] + [".git"]
    for folder, folders, files in os.walk(ROOT):
        for names in (folders, files):
            names[:] = [n for n in names if not any(fnmatch(n, pattern) for pattern in ignored)]
        yield from (Path(folder, name) for name in files)


FILES = sorted(tracked())
TEXTS = {}
for path in FILES:
    if b"\0" not in (content := path.read_bytes()):
        TEXTS[path.relative_to(ROOT)] = content.decode("utf-8", errors="replace")
CODE = {path: text for path, text in TEXTS.items() if path.suffix == ".py"}
PRODUCT = {path: text for path, text in CODE.items() if SOURCE in (ROOT / path).parents}
PAGES = {path: text for path, text in TEXTS.items() if path.suffix == ".md"}
TREES = {path: ast.parse(text) for path, text in CODE.items()}


def under(*parts: str) -> dict[Path, ast.Module]:
    """The modules of some packages of the product."""
    folders = [Path("src", "clearhouse", part) for part in parts]
    return {p: TREES[p] for p in PRODUCT if any(folder in p.parents for folder in folders)}


@pytest.mark.parametrize("path", CODE, ids=str)
def test_a_module_says_what_it_is_by_a_plain_name(path: Path) -> None:
    assert not VAGUE & {part.removesuffix(".py") for part in path.parts}, "find the noun"
    assert ast.get_docstring(TREES[path]), "a module's docstring says what it is"


@pytest.mark.parametrize("path", PRODUCT, ids=str)
def test_a_module_fits_in_the_head_and_a_function_on_a_screen(path: Path) -> None:
    assert CODE[path].count("\n") <= MODULE_LINES_MAX
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name


@pytest.mark.parametrize(
    "path", [p for p in TEXTS if p.suffix in {".py", ".sql"} or p.parts[0] == "script"], ids=str
)
def test_lines_fit_in_the_window(path: Path) -> None:
    """As ruff counts: without a checker's own comments, and but for what cannot be broken."""
    lines = [PRAGMA.sub("", line) for line in TEXTS[path].splitlines()]
    long = [
        number
        for number, line in enumerate(lines, 1)
        if len(line) > COLUMNS_MAX and max(map(len, line.split())) < COLUMNS_MAX // 2
    ]
    assert not long or path.name in APPLIED, f"more than {COLUMNS_MAX} columns"


@pytest.mark.parametrize(
    ("form", "text", "found"),
    [
        (MACHINE_PATH, f"cd /{FOLDERS[0]}/x", True),
        (MACHINE_PATH, f'"/{FOLDERS[1]}/main"', True),
        (MACHINE_PATH, f"(/{FOLDERS[2]}/somebody/x)", True),
        (MACHINE_PATH, "its root/ and home/work/", False),
        (MACHINE_PATH, f"~/{FOLDERS[2]}/x ../{FOLDERS[1]}/x", False),
        (MACHINE_PATH, "/var/lib/clearhouse", False),
        (REGISTRY, f"https://{'.'.join(REGISTRIES[0])}/simple", True),
        (REGISTRY, f"files.{'.'.join(REGISTRIES[1])}", True),
        (REGISTRY, "PyPI's package", False),
    ],
)
def test_the_forms_find_what_they_are_for(form: re.Pattern[str], text: str, found: bool) -> None:
    assert bool(form.search(text)) is found


def test_nothing_is_tied_to_a_machine_or_a_registry() -> None:
    found = [
        f"{path}:{text[: hit.start()].count(chr(10)) + 1}: {hit[0]}"
        for path, text in TEXTS.items()
        for form in (MACHINE_PATH, REGISTRY)
        for hit in form.finditer(text)
    ]
    assert not found


# Clocks and chance.


@pytest.mark.parametrize("path", under("core", "engines", "operations"), ids=str)
def test_time_comes_from_the_house_alone(path: Path) -> None:
    """`house.now()` is the clock; `datetime.now(UTC)` would not move with it."""
    found = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and ast.unparse(node.func.value).rpartition(".")[2] in {"date", "datetime", "time"}
    ]
    assert not found


@pytest.mark.parametrize("path", [p for p in TEXTS if p.suffix == ".sql"], ids=str)
def test_the_database_asks_no_clock(path: Path) -> None:
    statements = re.sub(r"--.*", "", TEXTS[path])
    assert not SQL_CLOCK.findall(statements)


@pytest.mark.parametrize("path", under("store", "operations"), ids=str)
def test_no_statement_in_python_asks_a_clock(path: Path) -> None:
    texts = [
        node.value
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    statements = [text for text in texts if re.match(r"\s*(?:SELECT|INSERT|UPDATE|WITH)\b", text)]
    assert not [text for text in statements if SQL_CLOCK.search(text)]


@pytest.mark.parametrize("path", under("core", "operations"), ids=str)
def test_no_float_decides(path: Path) -> None:
    """None is written down, and none is made but to be said in a text."""
    said = {
        part
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
    }
    for node in set(ast.walk(TREES[path])) - said:
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), f"line {node.lineno}: {node.value}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "float", f"line {node.lineno}"


# Named SQL.


def statements_used(tree: ast.Module) -> set[str]:
    """What a module looks up as `SQL["name"]`."""
    return {
        str(node.slice.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "SQL"
        and isinstance(node.slice, ast.Constant)
    }


@pytest.mark.parametrize("file", sorted((SOURCE / "store").glob("*.sql")), ids=lambda f: f.name)
def test_every_statement_is_used_and_every_one_used_is_there(file: Path) -> None:
    module = TREES[file.with_suffix(".py").relative_to(ROOT)]
    assert statements_used(module) == set(named.parse(file.read_text("utf-8")))


def test_a_module_loads_its_own_statements_and_no_others() -> None:
    for path, tree in under("store").items():
        loaded = [
            ast.literal_eval(node.args[0])
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"load", "named.load"}
        ]
        assert loaded in ([], [path.stem]), path
        assert (ROOT / path).with_suffix(".sql").exists() is bool(loaded), path


# Refusals and alarms.


@cache
def codes() -> tuple[type[Coded], ...]:
    """Every class with a code, by code."""
    for module in pkgutil.walk_packages(clearhouse.__path__, "clearhouse."):
        importlib.import_module(module.name)
    ours = [one for one in every_code() if one.__module__.startswith("clearhouse.")]
    return tuple(sorted(ours, key=lambda one: (one.code, one.__module__)))


def test_a_code_means_one_thing() -> None:
    assert not [code for code, n in Counter(one.code for one in codes()).items() if n > 1]


def test_codes_and_titles_have_their_form() -> None:
    for one in codes():
        first, *rest = (one.__doc__ or "").splitlines()
        assert CODE_FORM.fullmatch(one.code), one.code
        assert re.fullmatch(r"[A-Z`][^\n]*[^.\s]\.", first), f"{one.code}: {first!r} is no title"
        assert not rest or not rest[0].strip(), f"{one.code}: its title has one line"
        if issubclass(one, Refusal):
            assert isinstance(one.kind, Kind), one.code


def test_every_refusal_and_alarm_has_a_code() -> None:
    def below(family: type[Coded]) -> Iterator[type[Coded]]:
        for member in family.__subclasses__():
            yield member
            yield from below(member)

    assert codes()
    ours = {one for one in below(Coded) if one.__module__.startswith("clearhouse.")}
    assert ours - {Refusal, Alarm} == set(codes())


def test_every_refusal_and_alarm_is_raised_somewhere() -> None:
    made = {
        ast.unparse(node.func).rpartition(".")[2]
        for path in PRODUCT
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call)
    }
    assert not [f"{one.code} ({one.__name__})" for one in codes() if one.__name__ not in made]


def codes_page() -> str:
    """`docs/reference/codes.md`, as it should be."""
    lines = [
        "# Codes of refusals and alarms",
        "",
        "A refusal tells a caller no, and nothing has changed.",
        "An alarm tells an operator that the world broke a promise the house relied on.",
        "Codes are never renamed and never reused; programs may rely on them.",
        "What each occurrence was, and what to do about it, is in the text beside the code.",
        "",
        "This page is made from the code by `tests/test_tidy.py`, which says how.",
        "",
        "A refusal's kind says why:",
        "",
        "| Kind | Meaning |",
        "|---|---|",
        "| malformed | mend the input and send it again |",
        "| forbidden | a rule says no |",
        "| unknown | it names something that is not there |",
        "| conflict | it contradicts what is recorded |",
        "| unfunded | there is not enough to do it |",
        "| unavailable | the house cannot decide now; try again later |",
    ]
    domains: defaultdict[str, list[type[Coded]]] = defaultdict(list)
    for one in codes():
        domains[one.code.partition(".")[0]].append(one)
    for domain, members in sorted(domains.items()):
        lines += ["", f"## {domain}", "", "| Code | Kind | Title | Module |", "|---|---|---|---|"]
        for one in members:
            kind = str(one.kind) if issubclass(one, Refusal) else "**alarm**"
            title = one("").title.replace("|", r"\|")
            module = one.__module__.removeprefix("clearhouse.")
            lines.append(f"| `{one.code}` | {kind} | {title} | `{module}` |")
    lines += [
        "",
        "## Grounds on which the gate holds or denies, and reasons for which it stops",
        "",
        "Who must act, and what would change the answer; a hold is looked at by the day that the",
        "law gives, a list is loaded before it is older than the law lets it be.",
        "`clearhouse explain` and `clearhouse holds` tell this of a payment, with what its rule",
        "goes by.",
        "",
        "| Code | Who must act | What would change the answer |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{code}` | {one.actor} | {one.changes} |" for code, one in {**REMEDIES, **STOPS}.items()
    ]
    return "\n".join(lines) + "\n"


def test_the_page_of_codes_is_that_of_the_code() -> None:
    page = codes_page()
    assert all(f"| {kind} |" in page for kind in Kind)
    if os.environ.get(REGENERATE):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
    there = PAGE.read_text("utf-8") if PAGE.exists() else ""
    missing = sorted(set(page.splitlines()) - set(there.splitlines()))
    extra = sorted(set(there.splitlines()) - set(page.splitlines()))
    test = Path(__file__).relative_to(ROOT)
    said = f"{PAGE.relative_to(ROOT)} is not the code's: run {REGENERATE}=1 script/test {test}"
    assert there == page, "\n".join(
        [said, *(f"+ {x}" for x in missing), *(f"- {x}" for x in extra)]
    )


def test_the_schema_of_the_law_is_that_of_the_code() -> None:
    made = json.dumps(rulebook_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get(REGENERATE):
        SCHEMA.write_text(made, encoding="utf-8")
    there = SCHEMA.read_text("utf-8") if SCHEMA.exists() else ""
    test = Path(__file__).relative_to(ROOT)
    assert there == made, f"run {REGENERATE}=1 script/test {test}"


# Pages.


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_page_has_one_title(path: Path) -> None:
    text = re.sub(r"^(```|~~~).*?^\1", "", PAGES[path], flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^# .+$", text, re.MULTILINE)

    assert len(titles) == 1, titles
    assert text.startswith(titles[0])


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_links_to_files_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#\s]+)", PAGES[path])
    assert not [link for link in links if not (ROOT / path).parent.joinpath(link).exists()]


# Who may import whom.


def test_imports_keep_the_architecture() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    ran = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def imported(path: Path) -> set[str]:
    """The modules that a module imports, by their whole names."""
    found = set()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            found.add(node.module or "")
    return found


def test_the_verifier_stands_alone() -> None:
    """It has the standard library and itself; and the house has nothing of it."""
    verifier = under("verifier")
    assert verifier
    for path in PRODUCT:
        own = {name for name in imported(path) if f"{name}.".startswith("clearhouse.verifier.")}
        others = imported(path) - own
        if path in verifier:
            tops = {name.partition(".")[0] for name in others}
            assert tops <= sys.stdlib_module_names, f"{path}: {tops - sys.stdlib_module_names}"
        else:
            assert not own, path


def test_every_code_of_the_verifier_is_found_by_a_test() -> None:
    made = {
        str(node.args[0].value)
        for path in under("verifier")
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Wrong"
        if isinstance(node.args[0], ast.Constant)
    }
    tests = "".join(text for path, text in CODE.items() if path.parts[:2] == ("tests", "verifier"))
    assert len(made) > 50
    assert not {code for code in made if f'"{code}"' not in tests}


def test_the_guide_names_every_check_of_the_verifier() -> None:
    checks = {check.name for scope in CHECKS.values() for check in scope}
    guide = TEXTS[Path("docs", "guides", "verify.md")]
    assert not {name for name in checks if f"| `{name}` |" not in guide}


def test_a_new_module_must_be_given_its_place() -> None:
    """Contracts that named only the modules of the day they were written would prove nothing."""
    settings: dict[str, Any] = tomllib.loads(TEXTS[Path("pyproject.toml")])["tool"]["importlinter"]
    layers = [one for one in settings["contracts"] if one["type"] == "layers"]

    containers = [one["containers"] for one in layers]
    assert containers == [["clearhouse"], ["clearhouse.core"], ["clearhouse.engines"]]
    assert all(one["exhaustive"] for one in layers)
    assert not [one for one in settings["contracts"] if one.get("ignore_imports")]
