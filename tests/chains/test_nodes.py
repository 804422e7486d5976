"""script/nodes: which archive it asks, when it has nothing to do, and what it says if it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "script" / "nodes"
SHELL = shutil.which("sh") or "/bin/sh"

# Stands where apt-get would be, writes down the archive it is told to ask, and finds nothing.
NO_NETWORK = """#!/bin/sh
sed 's/^/asked: /' "${APT_CONFIG%/apt.conf}/etc/sources.list" >&2
exit 100
"""

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb-src http://sources.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb http://docker.example/linux/debian bookworm stable
deb http://cloud.example/apt cloud-sdk-bookworm main
deb [arch=amd64 signed-by=/some/key.gpg] http://one.example/debian bookworm contrib main # mine
deb http://one.example/debian bookworm-updates main
deb http://two.example/debian/ trixie main
"""

DEB822 = """\
# A comment, then a stanza that is off.
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: http://other.example/node
Suites: nodistro
Components: main

Types: deb-src
URIs: http://sources.example/debian
Suites: bookworm
Components: main

Types: deb deb-src
uris: http://three.example/debian
Suites:
 bookworm
 bookworm-updates
Components: contrib
# in between
 main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def run(
    folder: Path, path: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    places = [str(path)] if path else os.environ["PATH"].split(os.pathsep)
    return subprocess.run(
        [SHELL, str(SCRIPT), str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.pathsep.join(places), **environment},
    )


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """A PATH whose apt-get only tells what it was asked, before this machine's own."""
    for tool in ("apt-get", "apt-cache", "apt-config", "dpkg"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} here: script/nodes is for Debian and its relatives")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "apt-get").write_text(NO_NETWORK)
    (programs / "apt-get").chmod(0o755)
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).iterdir() if Path(folder).is_dir() else ():
            if not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    return programs


def archives(asked: Path, tmp_path: Path, **environment: str) -> list[str]:
    """The addresses that the script would ask, in order."""
    done = run(tmp_path / "nodes", asked, **environment)
    assert done.returncode == 1, done.stderr
    lines = [line.split() for line in done.stderr.splitlines() if "asked: deb" in line]
    # Only the last attempt's log is shown; each names both suites at one address.
    assert [line[4] for line in lines] == ["trixie", "trixie-backports"]
    assert not list((tmp_path / "nodes").iterdir()), "nothing half-done stays"
    return [line[3] for line in lines]


@pytest.mark.parametrize(
    ("name", "text", "last"),
    [
        ("sources.list", ONE_LINE, "http://two.example/debian/"),
        ("sources.list.d/some.list", ONE_LINE, "http://two.example/debian/"),
        ("sources.list.d/debian.sources", DEB822, "http://three.example/debian"),
        ("sources.list.d/debian.sources", DEB822.replace("\n", "\n\n\n", 1), None),
    ],
)
def test_the_archive_is_read_from_the_machines_own_sources(
    asked: Path, tmp_path: Path, name: str, text: str, last: str | None
) -> None:
    etc = tmp_path / "etc"
    (etc / "sources.list.d").mkdir(parents=True)
    (etc / name).write_text(text)
    (etc / "sources.list.d" / "old.sources.disabled").write_text(DEB822.replace("three", "four"))
    configuration = tmp_path / "apt.conf"
    configuration.write_text(f'Dir::Etc "{etc}";')
    found = archives(asked, tmp_path, APT_CONFIG=str(configuration))
    assert set(found) == {last or "http://three.example/debian"}


def test_sources_without_an_archive_of_debian_are_told(asked: Path, tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "sources.list").write_text("deb http://archive.example/ubuntu noble main universe\n")
    configuration = tmp_path / "apt.conf"
    configuration.write_text(f'Dir::Etc "{etc}";')
    done = run(tmp_path / "nodes", asked, APT_CONFIG=str(configuration))
    assert done.returncode == 1
    assert "name no Debian archive" in done.stderr
    assert "CLEARHOUSE_BITCOIND" in done.stderr


def test_an_archive_can_be_named(asked: Path, tmp_path: Path) -> None:
    found = archives(asked, tmp_path, CLEARHOUSE_DEBIAN="http://named.example/debian")
    assert set(found) == {"http://named.example/debian"}


def test_a_machine_without_apt_is_told_what_to_do(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for tool in ("dirname", "head"):
        found = shutil.which(tool)
        assert found is not None
        (programs / tool).symlink_to(found)
    done = run(tmp_path / "nodes", programs)
    assert done.returncode == 1
    assert "apt-get is missing" in done.stderr
    assert "CLEARHOUSE_BITCOIND" in done.stderr


@pytest.mark.external
def test_a_node_that_is_there_is_left_alone(bitcoind: Path, asked: Path) -> None:
    if bitcoind.parent != REPOSITORY / ".nodes":
        pytest.skip("the node is not of script/nodes")
    before = bitcoind.stat()
    done = run(bitcoind.parent, asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert "version v" in done.stdout
    assert bitcoind.stat() == before or bitcoind.stat().st_mtime == before.st_mtime
