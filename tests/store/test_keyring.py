"""The keyring: a subject has one whole key, whoever makes it and whatever stops them, or none."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Barrier

import pytest

from clearhouse.store.keyring import Keyring

WHO, OTHER = "per_01J8", "per_01J9"
MANY = 12
DICE = Random(5).getrandbits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a keyring is to be; not there yet."""
    return tmp_path / "house" / "keyring"


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_a_subject_has_one_key(folder: Path) -> None:
    ring = Keyring(folder)
    assert ring.find(WHO) is None
    assert ring.subjects() == set()

    made = ring.make([WHO], DICE)[0]

    assert len(made) == 32
    assert ring.make([WHO], DICE)[0] == made == ring.find(WHO) == Keyring(folder).find(WHO)
    assert ring.subjects() == {WHO}
    assert files(folder) == [f"{WHO}.key"]


def test_subjects_have_keys_of_their_own(folder: Path) -> None:
    ring = Keyring(folder)
    assert ring.make([WHO], DICE)[0] != ring.make([OTHER], DICE)[0]
    assert ring.subjects() == {WHO, OTHER}


def test_a_key_is_made_of_all_the_chance_there_is(folder: Path) -> None:
    def dice(bits: int) -> int:
        return (1 << bits) - 2

    assert Keyring(folder).make([WHO], dice)[0] == bytes([255] * 31 + [254])
    assert Keyring(folder).make([OTHER], lambda _: 7)[0] == bytes([0] * 31 + [7])


@pytest.mark.parametrize("mask", [0, 0o022])
def test_keys_are_for_the_houses_user_alone(folder: Path, mask: int) -> None:
    with umask(mask):
        Keyring(folder).make([WHO], DICE)[0]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{WHO}.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("subject", ["", "../per_01", "a/b", "per.01", "per_01\0", ".", "*"])
def test_a_subject_never_names_a_file_elsewhere(folder: Path, subject: str) -> None:
    ring = Keyring(folder)
    for act in (ring.find, ring.erase, lambda one: ring.make([one], DICE)[0]):
        with pytest.raises(AssertionError):
            act(subject)
    assert not folder.exists()


def test_erasing_leaves_nothing_of_it_and_all_of_the_others(folder: Path) -> None:
    ring = Keyring(folder)
    ring.make([WHO], DICE)[0]
    kept = ring.make([OTHER], DICE)[0]

    ring.erase(WHO)

    assert ring.find(WHO) is None
    assert ring.find(OTHER) == kept
    assert files(folder) == [f"{OTHER}.key"]


def test_a_key_is_overwritten_before_it_is_removed(folder: Path, tmp_path: Path) -> None:
    """What another name still leads to holds nothing."""
    ring = Keyring(folder)
    ring.make([WHO], DICE)[0]
    (tmp_path / "another name").hardlink_to(folder / f"{WHO}.key")

    ring.erase(WHO)

    assert (tmp_path / "another name").read_bytes() == bytes(32)


def test_nothing_is_erased_where_nothing_is(folder: Path) -> None:
    ring = Keyring(folder)
    ring.erase(WHO)
    assert not folder.exists()
    ring.make([OTHER], DICE)[0]
    ring.erase(WHO)
    ring.make([WHO], DICE)[0]
    ring.erase(WHO)
    ring.erase(WHO)
    assert ring.subjects() == {OTHER}


def test_a_key_that_is_made_again_is_another(folder: Path) -> None:
    ring = Keyring(folder)
    before = ring.make([WHO], DICE)[0]
    ring.erase(WHO)
    assert ring.make([WHO], DICE)[0] != before


# Several at once.


def test_of_many_threads_that_make_a_key_at_once_one_does(folder: Path) -> None:
    for turn in range(20):
        together = Barrier(MANY)

        def make(seed: int, turn: int = turn, together: Barrier = together) -> bytes:
            together.wait()
            return Keyring(folder).make([f"per_{turn}"], Random(seed).getrandbits)[0]

        with ThreadPoolExecutor(MANY) as threads:
            made = set(threads.map(make, range(MANY)))
        assert made == {Keyring(folder).find(f"per_{turn}")}
    assert files(folder) == sorted(f"per_{turn}.key" for turn in range(20))


MAKES = """
import sys
from pathlib import Path
from random import Random
from clearhouse.store.keyring import Keyring

folder, seed = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
print(Keyring(Path(folder)).make(["per_01J8"], Random(int(seed)).getrandbits)[0].hex())
"""


def test_of_many_processes_that_make_a_key_at_once_one_does(folder: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", MAKES, str(folder), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(MANY)
    ]
    for one in running:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    made = {one.communicate(timeout=60)[0].strip() for one in running}

    found = Keyring(folder).find(WHO)
    assert found is not None
    assert made == {found.hex()}
    assert {one.returncode for one in running} == {0}
    assert files(folder) == [f"{WHO}.key"]


# Killed at any line. The program is alone in its process, so it may fork.

KILLED = """
import os, signal, sys
from pathlib import Path
from random import Random
from clearhouse.store import keyring
from clearhouse.store.keyring import Keyring

def act(name, folder):
    ring = Keyring(folder)
    ring.make(["per_01J8"], Random(1).getrandbits)[0] if name == "make" else ring.erase("per_01J8")

def killed_at(number, name, folder):
    if name == "erase":
        act("make", folder)
    left = [number]

    def trace(frame, event, _):
        if frame.f_code.co_filename != keyring.__file__:
            return None
        left[0] -= event == "line"
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    act(name, folder)
    sys.settrace(None)

where, name = sys.argv[1:]
number, ended = 0, -signal.SIGKILL
while ended:
    number += 1
    pid = os.fork()
    if not pid:
        killed_at(number, name, Path(where) / str(number))
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended in {0, -signal.SIGKILL}
print(number)
"""
SEEDED = Random(1)
SEEDED.getrandbits(64)
ITS_KEY = SEEDED.getrandbits(256).to_bytes(32, "big")  # what the killed ones make


def killed(name: str, where: Path) -> list[Path]:
    """The folders that processes left, each of which was killed a line later; the last was not."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(where), name],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [where / str(number) for number in range(1, int(done.stdout) + 1)]


def holds(folder: Path, content: bytes) -> list[str]:
    return [file.name for file in folder.glob("*") if content in file.read_bytes()]


def test_whoever_is_killed_in_making_a_key_leaves_a_whole_one_or_none(tmp_path: Path) -> None:
    left = killed("make", tmp_path)
    *cut_short, whole = left
    assert files(whole) == [f"{WHO}.key"]
    assert Keyring(whole).find(WHO) == ITS_KEY

    seen = set()
    for folder in cut_short:
        ring = Keyring(folder)
        found = ring.find(WHO)
        own = files(folder) if folder.exists() else []
        seen.add((found is not None, tuple(name.endswith(".key") for name in own)))
        assert found in (None, ITS_KEY)

        made = ring.make([WHO], DICE)[0]
        assert len(made) == 32
        assert made == ring.find(WHO) == (found or made)
        assert ring.subjects() == {WHO}

        ring.erase(WHO)
        assert ring.subjects() == set()
        assert not holds(folder, made)

    # Nothing; a file on its way; that and the key; the key alone.
    assert seen == {(False, ()), (False, (False,)), (True, (False, True)), (True, (True,))}


def test_whoever_is_killed_in_erasing_a_key_can_do_it_again(tmp_path: Path) -> None:
    left = killed("erase", tmp_path)
    *cut_short, whole = left
    assert files(whole) == []

    seen = set()
    for folder in cut_short:
        ring = Keyring(folder)
        seen.add(ring.find(WHO))
        assert ring.subjects() == ({WHO} if ring.find(WHO) else set())
        ring.erase(WHO)
        assert files(folder) == []

    assert seen == {ITS_KEY, bytes(32), None}


def test_the_file_of_a_killed_process_does_no_harm(folder: Path) -> None:
    """Also one with the number that this process has now."""
    folder.mkdir(parents=True)
    for name in (f"{WHO}.1.{0:016x}", f"{WHO}.{os.getpid()}.{1:016x}", f"{WHO}.2.{2:016x}"):
        (folder / name).write_bytes(b"short")
    before = files(folder)
    ring = Keyring(folder)

    assert ring.subjects() == set()
    assert ring.find(WHO) is None
    made = ring.make([WHO], DICE)[0]
    assert ring.find(WHO) == made
    ring.erase(WHO)
    assert ring.find(WHO) is None
    assert files(folder) == before
