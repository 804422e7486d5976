"""A command's process looks for garbage seldom."""

import gc
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from clearhouse.__main__ import app
from clearhouse.memory import MIDDLE, OLD, YOUNG


@pytest.fixture(autouse=True)
def as_python_comes() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_commands_look_for_garbage_seldom() -> None:
    assert CliRunner().invoke(app, ["rulebook", "schema"]).exit_code == 0
    assert gc.get_threshold() == (YOUNG, MIDDLE, OLD)
    assert gc.isenabled()
