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
