"""Where a URL leads; how answers are bounded is told where they are asked for."""

import pytest

from clearhouse.feeds import http


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://w.example", ("w.example", 80, "/")),
        ("https://w.example", ("w.example", 443, "/")),
        ("http://127.0.0.1:8701", ("127.0.0.1", 8701, "/")),
        ("https://[::1]:8701/a/b-c", ("::1", 8701, "/a/b-c")),
    ],
)
def test_a_url_says_where_to_ask(url: str, found: tuple[str, int, str]) -> None:
    assert http.is_url(url)
    connection, path = http._connection(url, 1)
    assert (connection.host, connection.port, path) == found


@pytest.mark.parametrize(
    ("url", "short", "path"),
    [
        ("https://w.example/a.b/c-d_~", True, "/a.b/c-d_~"),
        ("https://w.example?token=dG9r", False, "/?token=dG9r"),
        ("https://w.example/a//b/?x=1&y=%2F/..;", False, "/a//b/?x=1&y=%2F/..;"),
        ("https://w.example:443/%41", False, "/%41"),
    ],
)
def test_a_file_may_have_a_longer_url_than_those_who_are_named(
    url: str, short: bool, path: str
) -> None:
    assert http.is_long_url(url)
    assert http.is_url(url) is short
    assert http._connection(url, 1)[1] == path


@pytest.mark.parametrize(
    "url",
    [
        "",
        "w.example/x",
        "ftp://w.example/x",
        "https://w.example/a b",
        "https://w.example/x#y",
        "https://w.example/x\r\nHost: other",
        "https://me@w.example/x",
        "https://w.example:99999/x",
        "https://w.example/" + "x" * 9000,
        "https://w.example/é",
    ],
    ids=lambda url: repr(url)[:40],
)
def test_what_is_no_url_of_a_file_is_asked_by_nobody(url: str) -> None:
    assert not http.is_long_url(url)
