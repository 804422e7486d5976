"""The benches run and say their figures; what they measure, here at a small size, means nothing."""

import argparse
import multiprocessing
import re
import sys
from pathlib import Path

import pytest
from bench import __main__ as command
from bench import (
    gate,
    intake,
    ledger,
    liquidity,
    lists,
    log,
    monitoring,
    peers,
    registers,
    rulebook,
    screening,
    setoff,
    verifier,
)
from bench.ledger import batch, pages, single
from bench.slips import LATIN, NATIVE

from clearhouse.feeds.typologies import SHIPPED as FOLDER

TYPOLOGIES = [file.name for file in FOLDER.iterdir() if file.name.endswith(".toml")]


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("--size 8000", {"cpu_us", "per_s", "ratio"}),
        ("--size 8000 --hot", {"cpu_us", "per_s", "ratio"}),
        ("--size 8000 --refused 0.5", {"refused_share", "refused_cpu_us", "refused_ratio"}),
        ("--mode single --size 200 --clients 20", {"cpu_us", "per_s", "ratio"}),
        ("--mode single --size 200 --clients 20 --hot", {"cpu_us", "per_s", "ratio"}),
        ("--pages --size 8000", {"page_p99_ms"}),
    ],
)
def test_the_ledgers_bench_says_its_figures(
    monkeypatch: pytest.MonkeyPatch, words: str, figures: set[str]
) -> None:
    monkeypatch.setattr(batch, "ALONE", 20)
    monkeypatch.setattr(single, "SECONDS", 1)
    monkeypatch.setattr(single, "CONNECTIONS", (1, 4))
    monkeypatch.setattr(pages, "ASKED", 20)
    parser = argparse.ArgumentParser()
    ledger.options(parser)

    said = list(ledger.run(parser.parse_args([*words.split(), "--accounts", "500"])))

    assert all(re.fullmatch(r"ledger\.\w+ [0-9.]+( \S+)?", line) for line in said), said
    assert {f"ledger.{name}" for name in figures} <= {line.split()[0] for line in said}


def test_the_rulebooks_bench_says_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "SINGLES", 20)
    parser = argparse.ArgumentParser()
    rulebook.options(parser)

    given = parser.parse_args(["--size", "500", "--rules", "12", "--past", "100"])
    said = list(rulebook.run(given))

    assert all(re.fullmatch(r"rulebook\.\w+ [0-9.]+( \S+)?", line) for line in said), said
    figures = {line.split()[0].removeprefix("rulebook.") for line in said}
    assert {"s", "p99_ms", "impact_s", "replay_s"} <= figures


def test_the_gates_bench_says_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SINGLES", 20)
    monkeypatch.setattr(gate, "BATCH", 300)
    parser = argparse.ArgumentParser()
    gate.options(parser)

    said = list(gate.run(parser.parse_args(["--size", "500"])))

    assert all(re.fullmatch(r"gate\.\w+ [0-9.]+( \S+)?", line) for line in said), said
    assert {"gate.per_s", "gate.p99_ms"} <= {line.split()[0] for line in said}


def test_the_registers_bench_says_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "SINGLES", 20)
    parser = argparse.ArgumentParser()
    registers.options(parser)

    said = list(registers.run(parser.parse_args(["--size", "300"])))

    assert all(re.fullmatch(r"registers\.\w+ [0-9.]+( \S+)?", line) for line in said), said
    figures = {line.split()[0].removeprefix("registers.") for line in said}
    assert {"import_s", "ownership_s", "p99_ms"} <= figures


def test_the_bench_of_lists_says_its_figures() -> None:
    parser = argparse.ArgumentParser()
    lists.options(parser)
    said = [line.split()[0] for line in lists.run(parser.parse_args(["--size", "50"]))]
    assert said == [f"lists.{name}" for name in ("mb", "cpu_s", "rss_mb", "ratio", "compare_s")]


def test_the_logs_bench_says_its_figures() -> None:
    parser = argparse.ArgumentParser()
    log.options(parser)
    said = [line.split()[0] for line in log.run(parser.parse_args(["--size", "5000"]))]
    assert said == ["log.append_s", "log.append_cpu_us", "log.proof_ms", "log.consistency_ms"]


def test_monitorings_bench_says_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "SINGLES", 20)
    monkeypatch.setattr(monitoring, "PEER_SINGLES", 5)
    parser = argparse.ArgumentParser()
    monitoring.options(parser)

    words = "--size 3000 --payments 6000 --planted 2"
    said = list(monitoring.run(parser.parse_args(words.split())))

    assert all(re.fullmatch(r"monitoring\.\w+ [0-9.]+( \S+)*", line) for line in said), said
    names = [line.split()[0].removeprefix("monitoring.") for line in said]
    families = sorted(each.removesuffix(".toml").replace("-", "_") for each in TYPOLOGIES)
    each = [f"{what}_{family}" for family in families for what in ("recall", "alerts")]
    found = ["recall", "alerts_per_1000", "interdicted_per_1000", "first_60_days_per_1000"]
    speed = ["history", "history_s", "p50_ms", "p99_ms", "worst_ms", "rss_mb"]
    assert names == [*each, *found, "cut_off", *speed, "ratio", "batch_ratio"]


SPEED = ["names", "build_s", "per_s", "p50_ms", "p99_ms", "ratio", "delta_s", "rescore_s"]
CLASSES = [*LATIN, *NATIVE]


@pytest.mark.parametrize("is_quality", [False, True], ids=["speed", "quality"])
def test_the_screenings_bench_says_its_figures(
    monkeypatch: pytest.MonkeyPatch, *, is_quality: bool
) -> None:
    monkeypatch.setattr(screening, "QUERIES", 40)
    monkeypatch.setattr(screening, "DATA", Path("nowhere"))  # what it says of real data, if any
    parser = argparse.ArgumentParser()
    screening.options(parser)
    words = ["--size", "1500", "--queries", "20", *(["--quality"] if is_quality else [])]
    said = list(screening.run(parser.parse_args(words)))
    told = ("recall", "blocked", "false")
    quality = [f"{what}.{slip}" for slip in CLASSES for what in told]
    wanted = quality if is_quality else [f"screening.{name}" for name in SPEED]
    assert [line.split()[0] for line in said] == wanted
    shares = [float(line.split()[1]) for line in said if line.startswith(("recall", "blocked"))]
    assert all(0 < share <= 1 for share in shares), said


@pytest.mark.parametrize("shape", ["tier", "chain"])
def test_the_set_offs_bench_says_its_figures(shape: str) -> None:
    parser = argparse.ArgumentParser()
    setoff.options(parser)
    given = parser.parse_args(["--size", "3000", "--shape", shape])
    said = [line.split()[0] for line in setoff.run(given)]
    figures = [
        "arcs",
        "cpu_s",
        "rss_mb",
        "needed_mb",
        "check_s",
        "labels",
        "cleared",
        *("incremental", "incremental_1000", "incremental_10000", "gain_ms", "loss_ms"),
        *(["ratio"] if shape == "tier" else []),
    ]
    assert said == [f"setoff.{name}" for name in figures]


def test_the_liquiditys_bench_says_its_figures() -> None:
    parser = argparse.ArgumentParser()
    liquidity.options(parser)
    words = "--size 300 --liquidity 0.1 --seconds 3 --sweeps 50"
    said = [line.split()[0] for line in liquidity.run(parser.parse_args(words.split()))]
    figures = [
        *("age_s", "annealed_cpu_s", "annealed_gap", "cuts_s", "s"),
        *("relaxed", "bound", "value", "age_value", "gap"),
    ]
    assert said == [f"liquidity.{name}" for name in figures]


@pytest.mark.parametrize("shape", peers.SHAPES)
def test_the_engine_and_its_peers_say_the_same(shape: str) -> None:
    """The bench asserts it; here it is seen that each of them was asked."""
    said = peers_say(f"--size 300 --shape {shape}")

    assert all(re.fullmatch(r"peers\.\w+ [0-9.e-]+ .+", line) for line in said), said
    assert [line.split()[0] for line in said] == [
        "peers.arcs",
        "peers.cleared",
        *(f"peers.{name}_{what}" for name in peers.PEERS for what in figures_of(name)),
    ]
    offs = [line for line in said if "_off " in line]
    assert all(line.endswith("the values are a set-off") for line in offs), offs


def figures_of(name: str) -> list[str]:
    return ["s", "mb", *(["off"] if name.startswith("highs") else [])]


def test_a_peer_that_takes_too_long_is_killed_and_the_others_go_on() -> None:
    said = peers_say("--size 20000 --limit 0.01")

    assert "peers.networkx_s over 0.01 s, killed" in said
    assert "peers.highs_s over 0.01 s, killed" in said
    assert any(line.startswith("peers.clearhouse_mb ") for line in said), "it has no limit"
    assert not [line for line in said if line.startswith("peers.networkx_mb")]
    assert not multiprocessing.active_children()


def test_a_peer_that_says_another_optimum_is_told() -> None:
    ours = peers.Answer(0.1, 0.1, 1, 1, remains=5, off=0, apart=0, is_set_off=True)
    for theirs in (
        peers.Answer(0.1, 0.1, 1, 1, remains=6, off=0, apart=0, is_set_off=True),
        peers.Answer(0.1, 0.1, 1, 1, remains=5, off=0, apart=0, is_set_off=False),
    ):
        with pytest.raises(AssertionError, match="networkx"):
            list(peers.compared("networkx", theirs, ours, 1))


def test_a_peer_that_breaks_off_is_no_slow_one(tmp_path: Path) -> None:
    with pytest.raises(EOFError):
        peers.asked("networkx", tmp_path, 1)  # there is nothing to read


def peers_say(words: str) -> list[str]:
    parser = argparse.ArgumentParser()
    peers.options(parser)
    return list(peers.run(parser.parse_args(words.split())))


def test_the_verifiers_bench_says_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier, "ROUNDS", 1)
    parser = argparse.ArgumentParser()
    verifier.options(parser)
    given = parser.parse_args(["--size", "100", "--firms", "40"])
    said = [line.split()[0] for line in verifier.run(given)]
    assert said == ["verifier.s", "verifier.cpu_s", "verifier.bundle_mb"]


def test_the_intakes_bench_says_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(intake, "FIRMS", 100)
    monkeypatch.setattr(sys, "argv", ["bench", "intake", "--size", "400"])

    command.main()

    said = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert {"intake.per_s", "intake.cpu_us", "intake.rss_mb"} <= said
