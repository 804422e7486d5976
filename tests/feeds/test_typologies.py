"""A monitoring programme is read from a folder."""

from pathlib import Path

import pytest

from clearhouse.core.monitoring import ProgrammeMalformed
from clearhouse.feeds.typologies import SHIPPED, read_programme


def copied(folder: Path) -> Path:
    for file in SHIPPED.iterdir():
        if file.name.endswith(".toml"):
            (folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
    return folder


def test_a_copy_of_what_is_shipped_is_the_same_programme(tmp_path: Path) -> None:
    copied(tmp_path).joinpath("NOTES.txt").write_text("no part of it")
    assert read_programme(tmp_path).version == read_programme().version


def test_what_is_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    copied(tmp_path).joinpath("sums.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProgrammeMalformed, match=r"sums\.toml"):
        read_programme(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeMalformed, match="nowhere"):
        read_programme(tmp_path / "nowhere")


def test_an_empty_folder_is_no_programme(tmp_path: Path) -> None:
    with pytest.raises(ProgrammeMalformed, match="there is no file"):
        read_programme(tmp_path)
