"""`desk`: a founded house at its command line, one for each module."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.test_rulebook_cli import Desk, begun


@contextmanager
def a_desk() -> Iterator[Desk]:
    """A founded house; Bela is compliance, Ada a supervisor."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)  # the database's user passes through
    made = Desk(folder)
    try:
        yield begun(folder)
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A house for all tests of a file."""
    with a_desk() as made:
        yield made


@pytest.fixture
def own_desk() -> Iterator[Desk]:
    """A house of a test's own, whose time may go on."""
    with a_desk() as made:
        yield made
