"""Where lists come from is read whole, or refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from clearhouse.core.errors import Refusal
from clearhouse.feeds.sanctions import Format
from clearhouse.feeds.sanctions.sources import SOURCES_MAX, read_sources

ONE = """
[[list]]
name = "OFAC-SDN"
[list.files]
"sdn_advanced.xml" = "https://lists.example/sdn_advanced.xml"
"""
OTHER = """
[[list]]
name = "KV"
every_hours = 24
format = "un-xml"
hosts = ["files.example"]
[list.files]
"list.xml" = "https://kv.example/today?token=1"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lists.toml"
    path.write_text(text)
    return path


def test_sources_are_read(tmp_path: Path) -> None:
    one, other = read_sources(written(tmp_path, ONE + OTHER))
    assert (one.source.name, one.every, one.source.format) == ("OFAC-SDN", timedelta(hours=6), None)
    assert one.source.urls == {"sdn_advanced.xml": "https://lists.example/sdn_advanced.xml"}
    assert (other.every, other.source.format) == (timedelta(days=1), Format.UN_XML)
    assert other.source.hosts == ("files.example",)
    assert read_sources(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "nothing": ("", "list"),
        "no TOML": ("[[list", "TOML"),
        "more": (f"each = 1\n{ONE}", "nothing else"),
        "no table": ("list = 7", "tables"),
        "texts": ('list = ["a"]', "pop"),
        "no name": (ONE.replace("name", "title"), "name"),
        "no files": ('[[list]]\nname = "A"', "files"),
        "empty": ('[[list]]\nname = "A"\n[list.files]', "files"),
        "a member": (ONE.replace("[list.files]", "size = 7\n[list.files]"), "size"),
        "too often": (OTHER.replace("24", "0"), "every_hours"),
        "too seldom": (OTHER.replace("24", "25"), "every_hours"),
        "half an hour": (OTHER.replace("24", "0.5"), "every_hours"),
        "by a flag": (OTHER.replace("24", "true"), "every_hours"),
        "a format": (OTHER.replace("un-xml", "pdf"), "pdf"),
        "one host": (OTHER.replace('["files.example"]', '"files.example"'), "hosts"),
        "hosts": (OTHER.replace('"files.example"', "7"), "hosts"),
        "a number": (ONE.replace('"https://lists.example/sdn_advanced.xml"', "7"), "texts"),
        "unsafe": (ONE.replace("https", "http"), "no URL of https"),
        "a file": (ONE.replace('"sdn_advanced.xml" =', '"../sdn.csv" ='), "no name of a file"),
        "unnamed": (ONE.replace('"sdn_advanced.xml" =', '"a.xml" ='), "format"),
        "twice": (ONE + ONE, "two sources of OFAC-SDN"),
        "many": (
            "".join(ONE.replace("OFAC-SDN", f"L{one}") for one in range(SOURCES_MAX + 1)),
            str(SOURCES_MAX),
        ),
    }.values(),
)
def test_what_does_not_say_it_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said) as refused:
        read_sources(written(tmp_path, text))
    assert refused.value.code == "list.source-malformed"


def test_a_folder_is_no_file_of_sources(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read_sources(tmp_path)
    assert refused.value.code == "list.source-malformed"
