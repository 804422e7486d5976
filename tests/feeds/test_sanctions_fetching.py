"""An edition is fetched whole into a folder of its own, or nothing can be read there."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.listings import CONLIST, LISTS, NOW
from tests.served import CONTENT, FILE, Served, serving
from tests.witnesses import NOBODY, always, dripping, talking

from clearhouse.core.errors import Refusal
from clearhouse.feeds.sanctions import PUBLICATION, Format, read_list
from clearhouse.feeds.sanctions.fetching import STATE, Source, fetch


def soon() -> float:
    return time.monotonic() + 10


def got(source: Source, folder: Path, **changed: int) -> Path:
    return fetch(source, folder, now=NOW, until=soon(), **changed)


def code_of(fetch: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        fetch()
    return refused.value.code


def said(folder: Path) -> dict[str, Any]:
    told = json.loads((folder / PUBLICATION).read_text())
    assert told["files" if "files" in told else "received"]
    one = told["received"][FILE]
    assert isinstance(one, dict)
    return one


def test_a_list_is_fetched_with_what_the_server_says_and_read_like_any_folder(
    tmp_path: Path,
) -> None:
    changed = "Sun, 01 Mar 2026 00:00:09 GMT"
    with serving(Served(headers={"Last-Modified": changed})) as served:
        folder = got(served.source(), tmp_path / "new")
    listed = read_list(folder, now=NOW)
    assert (listed.name, listed.published_at, len(listed.entries)) == ("UN-SC", NOW, 2)
    told = said(folder)
    assert (told["whole"], told["bytes"]) == (True, str(len(CONTENT)))
    assert (told["etag"], told["last_modified"]) == ('"one"', changed)
    assert told["url"].endswith("/list.xml?token=dG9r")
    assert served.asked[0]["accept-encoding"] == "identity"
    assert sorted(path.name for path in folder.iterdir()) == [FILE, PUBLICATION]


@pytest.mark.parametrize(
    ("how", "whole"),
    [({}, True), ({"chunked": True}, True), ({"silent": True}, False)],
    ids=["length", "chunks", "neither"],
)
def test_what_the_server_tells_of_the_end_vouches_for_a_table(
    tmp_path: Path, how: dict[str, bool], whole: bool
) -> None:
    """Of a table that came without it, nobody knows whether it is whole; XML ends by itself."""
    with serving(Served(content=CONLIST.encode(), **how)) as served:  # type: ignore[arg-type]
        source = Source("UK", {"ConList.csv": served.url})
        folder = got(source, tmp_path / "table")
        served.content = CONTENT
        other = got(served.source(), tmp_path / "xml")
    assert said(other)["whole"] is whole
    assert read_list(other, now=NOW).entries
    if whole:
        assert read_list(folder, now=NOW).entries
    else:
        assert code_of(lambda: read_list(folder, now=NOW)) == "list.truncated"


@pytest.mark.parametrize("chunked", [False, True])
def test_what_breaks_off_cannot_be_read_and_goes_on_where_it_stopped(
    tmp_path: Path, chunked: bool
) -> None:
    folder = tmp_path / "new"
    with serving(Served(cut=1000, chunked=chunked)) as served:
        assert code_of(lambda: got(served.source(), folder)) == "list.fetch-interrupted"
        assert code_of(lambda: read_list(folder, now=NOW)) == "list.publication-missing"
        served.cut = None
        assert got(served.source(), folder) == folder
    if not chunked:  # of a chunk that has no end nothing is kept
        resumed = served.asked[1]
        assert (resumed["range"], resumed["if-range"]) == ("bytes=1000-", '"one"')
    assert (folder / FILE).read_bytes() == CONTENT
    assert read_list(folder, now=NOW).entries


@pytest.mark.parametrize("why", ["another tag", "a weak tag", "no tag", "no ranges"])
def test_it_begins_anew_where_going_on_would_not_be_honest(tmp_path: Path, why: str) -> None:
    begun = Served(cut=1000, content=CONTENT.replace(b"HARALD", b"SIGURD"))
    if why in {"a weak tag", "no tag"}:
        begun.etag = 'W/"one"' if why == "a weak tag" else ""
    with serving(begun) as served:
        assert code_of(lambda: got(served.source(), tmp_path / "x")) == "list.fetch-interrupted"
        served.content, served.cut = CONTENT, None
        if why == "another tag":
            served.etag = '"two"'
        served.ranges = why != "no ranges"
        got(served.source(), tmp_path / "x")
    assert (tmp_path / "x" / FILE).read_bytes() == CONTENT


def test_a_part_that_does_not_fit_is_not_taken(tmp_path: Path) -> None:
    """A server that goes on at another place, or of another file, is not believed."""
    wrong = f"bytes 5-{len(CONTENT) - 1}/{len(CONTENT)}"
    for number, headers in enumerate([{"Content-Range": wrong}, {"ETag": '"two"'}]):
        folder = tmp_path / str(number)
        with serving(Served(cut=1000)) as served:
            assert code_of(lambda s=served, f=folder: got(s.source(), f)) == (  # type: ignore[misc]
                "list.fetch-interrupted"
            )
            lines = {"Content-Range": f"bytes 1000-{len(CONTENT) - 1}/{len(CONTENT)}",
                     "ETag": '"one"', "Content-Length": "1"} | headers  # fmt: skip
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            raw = f"HTTP/1.1 206 Partial\r\n{head}\r\n".encode() + b"x"
            state = json.loads((folder / STATE).read_text())
        with talking(always(raw)) as (url, _):
            state["urls"] = {FILE: url}
            (folder / STATE).write_text(json.dumps(state))
            source = Source("UN-SC", {FILE: url})
            assert code_of(lambda s=source, f=folder: got(s, f)) == "list.unreachable"  # type: ignore[misc]


def test_an_edition_of_several_files_is_never_put_together_from_two_days(tmp_path: Path) -> None:
    """One that broke off begins anew with all its files."""
    folder = tmp_path / "new"
    with serving(Served(content=b"12345\x1a")) as served:
        urls = {"sdn.csv": served.url, "alt.csv": f"{served.url}/alt"}
        source = Source("OFAC-SDN", urls)
        served.cut = 3
        assert code_of(lambda: got(source, folder)) == "list.fetch-interrupted"
        served.cut = None
        got(source, folder)
    assert all("range" not in asked for asked in served.asked)
    assert {asked["host"] for asked in served.asked} == {served.url.removeprefix("http://")}
    assert len(served.asked) == 3


def test_nobody_is_sent_elsewhere_but_where_the_source_says(tmp_path: Path) -> None:
    with serving(Served()) as served, talking(always(b"")) as (other, _):
        port = served.url.rpartition(":")[2]
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://localhost:{port}/x?a=b%20c\r\n"
        raw = (moved + "Content-Length: 0\r\n\r\n").encode()
        with talking(always(raw)) as (url, _):
            alone = Source("UN-SC", {FILE: url})
            assert code_of(lambda: got(alone, tmp_path / "a")) == "list.unreachable"
            named = Source("UN-SC", {FILE: url}, hosts=("localhost",))
            assert read_list(got(named, tmp_path / "b"), now=NOW).entries
        for number, place in enumerate(["http://list.example/x", "file:///etc/passwd", "//x", ""]):
            raw = f"HTTP/1.1 301 Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
            hosts = ("list.example", "x", "")
            with talking(always(raw)) as (url, _):
                source = Source("UN-SC", {FILE: url}, hosts=hosts)
                folder = tmp_path / str(number)
                assert code_of(lambda s=source, f=folder: got(s, f)) == "list.unreachable"  # type: ignore[misc]
        assert other


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"HTTP/1.1 404 Gone\r\nContent-Length: 4\r\n\r\nnone", "list.unreachable"),
        (b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n", "list.unreachable"),
        (b"HTTP/1.1 206 Part\r\nContent-Range: bytes 0-3/4\r\nContent-Length: 4\r\n\r\nnone",
         "list.unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
         "list.unreachable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnone", "list.fetch-interrupted"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, "list.unreachable"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "list.unreachable"),
        (b"", "list.fetch-interrupted"),
        (b"\x00\x01\x02\r\n\r\n", "list.fetch-interrupted"),
    ],
    ids=["missing", "no such part", "a part unasked", "packed", "short", "long", "a ring",
         "silence", "no HTTP"],
)  # fmt: skip
def test_an_answer_that_is_no_list_leaves_nothing_to_read(
    tmp_path: Path, raw: bytes, code: str
) -> None:
    with talking(always(raw)) as (url, _):
        source = Source("UN-SC", {FILE: url})
        assert code_of(lambda: got(source, tmp_path / "x", bytes_max=5000)) == code
    assert code_of(lambda: read_list(tmp_path / "x", now=NOW)) == "list.publication-missing"


def test_who_drips_is_not_waited_for(tmp_path: Path) -> None:
    begin = b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"
    with talking(dripping(begin, b"x")) as (url, _):
        source, begun = Source("UN-SC", {FILE: url}), time.monotonic()
        late = code_of(lambda: fetch(source, tmp_path / "x", now=NOW, until=begun + 0.5))
        assert late == "list.fetch-interrupted"
        assert time.monotonic() - begun < 5
    nobody = Source("UN-SC", {FILE: NOBODY})
    assert code_of(lambda: got(nobody, tmp_path / "y")) == "list.fetch-interrupted"


def test_an_edition_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with serving(Served()) as served:
        got(served.source(), folder)
        assert code_of(lambda: got(served.source(), folder)) == "list.folder-taken"
        (tmp_path / "used").mkdir()
        (tmp_path / "used" / "notes").write_text("mine")
        assert code_of(lambda: got(served.source(), tmp_path / "used")) == "list.folder-taken"
        served.cut = 1
        begun = tmp_path / "begun"
        assert code_of(lambda: got(served.source(), begun)) == "list.fetch-interrupted"
        other = Source("OTHER", {FILE: served.url})
        assert code_of(lambda: got(other, begun)) == "list.folder-taken"
        for state in ["{", "[]", "null", '{"list": 1}', "[" * 100_000]:
            (begun / STATE).write_text(state)
            assert code_of(lambda: got(served.source(), begun)) == "list.folder-taken"


def test_a_format_is_told_where_the_name_does_not(tmp_path: Path) -> None:
    with serving(Served()) as served:
        source = Source("UN-SC", {"list.xml": served.url}, format=Format.UN_XML)
        assert read_list(got(source, tmp_path / "x"), now=NOW).entries


SECURE = "https://list.example/x"


@pytest.mark.parametrize(
    "source",
    [
        Source("", {FILE: SECURE}),
        Source("UN\n", {FILE: SECURE}),
        Source("UN", {}),
        Source("UN", {"list.xml": SECURE}),
        Source("UN", {"../list.xml": SECURE}, Format.UN_XML),
        Source("UN", {PUBLICATION: SECURE}, Format.UN_XML),
        Source("UN", {STATE: SECURE}, Format.UN_XML),
        Source("UN", {"list.txt": SECURE}, Format.WALLETS),
        Source("UN", {"a.xml": SECURE, "b.xml": SECURE}, Format.UN_XML),
        Source("UN", {FILE: "http://list.example/x"}),
        Source("UN", {FILE: "ftp://list.example/x"}),
        Source("UN", {FILE: "https://list.example/x#y"}),
        Source("UN", {FILE: "https://somebody@list.example/x"}),
        Source("UN", {FILE: "https://list.example:99999/x"}),
        Source("UN", {FILE: "http://127.0.0.1.list.example/x"}),
        Source("UN", {FILE: ""}),
    ],
    ids=str,
)
def test_a_source_says_what_comes_from_where(tmp_path: Path, source: Source) -> None:
    assert code_of(lambda: got(source, tmp_path / "x")) == "list.source-malformed"
    assert not (tmp_path / "x").exists()


def test_every_format_can_be_fetched(tmp_path: Path) -> None:
    for file, text in LISTS.items():
        with serving(Served(content=text.encode())) as served:
            folder = got(Source("TEST", {file: served.url}), tmp_path / file)
        assert read_list(folder, now=NOW).entries
