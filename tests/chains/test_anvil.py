"""script/nodes anvil: what it takes, when it has nothing to do, and what it says if it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.chains.conftest import REPOSITORY

SHELL = shutil.which("sh") or "/bin/sh"
NEEDED = ("dirname", "uname", "mkdir", "find", "mktemp", "rm", "sed", "sha512sum", "grep", "head")
KINDS = {"x86_64", "aarch64"}


def run(folder: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHELL, str(REPOSITORY / "script" / "nodes"), "anvil", str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(programs)},
    )


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH with what the script needs, but for npm."""
    if os.uname().sysname != "Linux" or os.uname().machine not in KINDS:
        pytest.skip("script/nodes has no anvil for this machine")
    folder = tmp_path / "programs"
    folder.mkdir()
    for tool in NEEDED:
        found = shutil.which(tool)
        assert found is not None, tool
        (folder / tool).symlink_to(found)
    return folder


def npm(programs: Path, text: str) -> None:
    (programs / "npm").write_text(f"#!/bin/sh\n{text}\n")
    (programs / "npm").chmod(0o755)


def test_a_machine_without_npm_is_told_what_to_do(programs: Path, tmp_path: Path) -> None:
    done = run(tmp_path / "nodes", programs)
    assert done.returncode == 1
    assert "npm is missing" in done.stderr
    assert "CLEARHOUSE_ANVIL" in done.stderr


def test_another_archive_is_not_taken(programs: Path, tmp_path: Path) -> None:
    """And nothing half-done stays."""
    npm(
        programs,
        "for one; do :; done; name=${one##*/anvil-}\n"
        'echo x >"foundry-rs-anvil-${name%@*}-${name#*@}.tgz"',
    )
    done = run(tmp_path / "nodes", programs)
    assert done.returncode == 1
    assert "another archive than this script was written for" in done.stderr
    assert not list((tmp_path / "nodes").iterdir())


def test_what_npm_says_is_told(programs: Path, tmp_path: Path) -> None:
    npm(programs, "echo no network >&2; exit 1")
    done = run(tmp_path / "nodes", programs)
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert "could not download anvil" in done.stderr
    assert not list((tmp_path / "nodes").iterdir())


@pytest.mark.external
def test_a_node_that_is_there_is_left_alone(programs: Path) -> None:
    anvil = REPOSITORY / ".nodes" / "anvil"
    if not anvil.exists():
        pytest.skip("the node is not of script/nodes")
    before = anvil.stat()
    done = run(anvil.parent, programs)
    assert (done.returncode, done.stderr) == (0, "")
    assert "anvil Version" in done.stdout
    assert anvil.stat().st_mtime == before.st_mtime
