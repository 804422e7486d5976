"""Travel addresses and the URLs in them: TRISA's vectors, and whatever is refused."""

from hashlib import sha256

import pytest
from embit import base58
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule.endpoint import (
    LENGTH_MAX,
    Endpoint,
    EndpointDisguised,
    EndpointMalformed,
    EndpointTooLong,
    EndpointUnencrypted,
    EndpointWithCredentials,
    EndpointWithFragment,
    parse_bare,
    parse_endpoint,
)
from clearhouse.core.travel_rule.travel_address import (
    TEXT_LENGTH_MAX,
    TravelAddressChecksumWrong,
    TravelAddressMalformed,
    TravelAddressTooLong,
    TravelAddressUntagged,
    decode,
    encode,
)

# Of trisacrypto/trisa, pkg/openvasp/traddr/traddr_test.go.
VECTORS = {
    "ta2W2HPKfHxgSgrzY178knqXHg1H3jfeQrwQ9JrKBs9wv": "beneficiary.com/x/12345?t=i",
    "ta226rAKyTmMxzsmkda5U2Vhw1": "localhost?t=i",
    "ta42ZEr7rdvSpGnVvnttK1bWYQU4f4f": "192.22.123.12?t=i",
    "taGw1e4cjuujwyHBV51aspbLBUbcDhebW7ss8iF6dLEn19WfyQZt6HaUTStSE2YcadkFG": (
        "beneficiary.com/x/12345?color=red&foo=bar&t=i"
    ),
    "ta6HcFqwh5y4D3r7z66JyKqvSAekyXnXc2KwdXSUec": "trisa.beneficiary.com?t=i",
    "ta4uMjxqDq4t7nefCdrm4ssCTewVbvBLzmUnVcYe4SXqGafPTPewG": ("trisa.beneficiary.com/x/12345?t=i"),
    "ta3dgYSWEoAJPfU2Wdr2hvQmXem4dHbfKuBvkbKGfBrzdb61C": "trisa.beneficiary.com:4443?t=i",
    "ta21hULpYqwBirCCHHU13UMT1hhy3syAAPXJem8cJ": "beneficiary.com:8000?t=i",
    "ta2wijJqYhcj5zriQyV5SVWybf71AyHEXgRCa7WWJ8XQk9g1NodLEHbKoHdg": (
        "trisa.beneficiary.com:4443/x/12345?t=i"
    ),
    "takLQA9MSCjHr3kkHh4fnC5rWNbrySUJhTwQHZsML2anv95kkqe": "beneficiary.com:8000/x/12345?t=i",
    "taEi7uRVTrhfqLUzffcu7AqS17UJXUjMqhAdZ6p": "envoy.local/x/12345?t=i",
    "ta7pwsXgswc9soxfnDgsBbWpDVsEwXy4G4hhPEN8WkrmaB": "envoy.local:8100/x/12345?t=i",
    "taAFKaTJj4goXwwCKCmdNPtG8zeze5BeZiK": "envoy.local:8100?t=i",
}
GOOD = "ta2W2HPKfHxgSgrzY178knqXHg1H3jfeQrwQ9JrKBs9wv"


def made(content: bytes) -> str:
    """A travel address of whatever bytes, by another library."""
    return f"ta{base58.encode_check(content)}"


@pytest.mark.parametrize("text", VECTORS)
def test_the_vectors_of_another_house_are_read_and_written(text: str) -> None:
    endpoint = decode(text)
    assert endpoint.bare == VECTORS[text]
    assert endpoint.url == f"https://{VECTORS[text]}"
    assert encode(endpoint) == text
    assert encode(parse_endpoint(endpoint.url)) == text


def test_a_travel_address_says_where_an_inquiry_is_called() -> None:
    assert decode(GOOD) == Endpoint("beneficiary.com", 443, "/x/12345", "t=i")
    assert decode(GOOD).target == "/x/12345?t=i"
    assert parse_bare("localhost:8443?t=i").target == "/?t=i"
    assert parse_bare("[2001:db8::1]:8443/x").bare == "[2001:db8::1]:8443/x"


@pytest.mark.parametrize(
    "text",
    [
        *("", "t", "ta", "TA" + GOOD[2:], GOOD[2:], f" {GOOD}", f"{GOOD}\n", f"{GOOD} "),
        *("ta0", "taO", "taI", "tal", "ta" + "\u0661", "ta1-1", "lnurl1xyz", "ta://x"),
        made("beneficiary.com/\u00e9?t=i".encode()),
    ],
)
def test_what_has_not_the_form_is_no_travel_address(text: str) -> None:
    with pytest.raises(TravelAddressMalformed):
        decode(text)


@pytest.mark.parametrize(
    "text", ["ta1", "ta11111", made(b""), GOOD[:-1], f"{GOOD}1", f"ta1{GOOD[2:]}"]
)
def test_a_character_too_many_or_too_few_is_seen(text: str) -> None:
    with pytest.raises(TravelAddressChecksumWrong):
        decode(text)


@pytest.mark.parametrize("at", range(2, len(GOOD)))
def test_every_wrong_character_is_seen(at: int) -> None:
    for other in "19AZaz":
        if other != GOOD[at]:
            with pytest.raises(TravelAddressChecksumWrong):
                decode(GOOD[:at] + other + GOOD[at + 1 :])


def test_the_check_is_a_double_hash_without_a_version() -> None:
    content = b"beneficiary.com/x/12345?t=i"
    once = sha256(content).digest()[:4]
    versioned = base58.encode_check(b"\0" + content)
    for wrong in (base58.encode(content + once), versioned):
        with pytest.raises(Refusal):
            decode("ta" + wrong)


@pytest.mark.parametrize(
    "bare",
    [
        *("a.example/x", "a.example/x?t=", "a.example/x?t=I", "a.example/x?T=i", "a.example?tt=i"),
        *(
            "a.example/x?t=i&t=i",
            "a.example/x?t=j&t=i",
            "a.example/t=i",
            "a.example?u=1&t",
            "x?it=i",
        ),
        "a.example/x?t=i&t",
    ],
)
def test_what_is_not_tagged_once_is_no_inquiry(bare: str) -> None:
    with pytest.raises(TravelAddressUntagged):
        decode(made(bare.encode()))
    with pytest.raises(TravelAddressUntagged):
        encode(parse_bare(bare))


REFUSED: dict[str, type[Refusal]] = {
    "": EndpointMalformed,
    "?t=i": EndpointMalformed,
    "/x?t=i": EndpointMalformed,
    ":443?t=i": EndpointMalformed,
    "https://a.example?t=i": EndpointMalformed,
    "//a.example?t=i": EndpointMalformed,
    "A.example?t=i": EndpointMalformed,
    "a_b.example?t=i": EndpointMalformed,
    "-a.example?t=i": EndpointMalformed,
    "a-.example?t=i": EndpointMalformed,
    "a..example?t=i": EndpointMalformed,
    ".a.example?t=i": EndpointMalformed,
    "a.example.?t=i": EndpointMalformed,
    f"{'a' * 64}.example?t=i": EndpointMalformed,
    f"{'a.' * 127}example?t=i": EndpointMalformed,
    "a b.example?t=i": EndpointMalformed,
    "a.example%2ecom?t=i": EndpointMalformed,
    "a.example\\@b.example?t=i": EndpointWithCredentials,
    "\u0131.example?t=i": EndpointMalformed,
    "a\u3002example?t=i": EndpointMalformed,
    "a.example:0?t=i": EndpointMalformed,
    "a.example:?t=i": EndpointMalformed,
    "a.example:443?t=i": EndpointMalformed,
    "a.example:0443?t=i": EndpointMalformed,
    "a.example:65536?t=i": EndpointMalformed,
    "a.example:99999999999?t=i": EndpointMalformed,
    "a.example:+1?t=i": EndpointMalformed,
    "a.example:8443:1?t=i": EndpointMalformed,
    "a.example/\t?t=i": EndpointMalformed,
    "a.example/x y?t=i": EndpointMalformed,
    "a.example/\r\nHost: b?t=i": EndpointMalformed,
    "a.example/%zz?t=i": EndpointMalformed,
    "a.example/%2f%0a?t=i": EndpointMalformed,
    "a.example/a/../b?t=i": EndpointMalformed,
    "a.example/.?t=i": EndpointMalformed,
    "a.example/%2E%2E/b?t=i": EndpointMalformed,
    "a.example/x?": EndpointMalformed,
    "a.example/x?t=i&a=\u00e9": EndpointMalformed,
    "a.example/x?t=i&a=[1]": EndpointMalformed,
    "a.example/x?t=i#": EndpointWithFragment,
    "a.example/x#?t=i": EndpointWithFragment,
    "u@a.example?t=i": EndpointWithCredentials,
    "u:p@a.example?t=i": EndpointWithCredentials,
    "127.0.0.1@a.example?t=i": EndpointWithCredentials,
    "[::1]@a.example?t=i": EndpointWithCredentials,
    "@?t=i": EndpointWithCredentials,
    "2130706433?t=i": EndpointDisguised,
    "127.1?t=i": EndpointDisguised,
    "127.0.1?t=i": EndpointDisguised,
    "0177.0.0.1?t=i": EndpointDisguised,
    "127.0.0.01?t=i": EndpointDisguised,
    "0x7f000001?t=i": EndpointDisguised,
    "0x7f.0.0.1?t=i": EndpointDisguised,
    "127.0.0.0x1?t=i": EndpointDisguised,
    "0x?t=i": EndpointDisguised,
    "256.1.1.1?t=i": EndpointDisguised,
    "1.2.3.4.5?t=i": EndpointDisguised,
    "a.example.1?t=i": EndpointDisguised,
    "[::1?t=i": EndpointMalformed,
    "::1?t=i": EndpointMalformed,
    "[]?t=i": EndpointDisguised,
    "[1.2.3.4]?t=i": EndpointDisguised,
    "[0:0:0:0:0:0:0:1]?t=i": EndpointDisguised,
    "[::FFFF:1]?t=i": EndpointDisguised,
    "[::ffff:127.0.0.1]?t=i": EndpointDisguised,
    "[fe80::1%25lo]?t=i": EndpointDisguised,
    "[fe80::1%lo]?t=i": EndpointDisguised,
    "[::1]x?t=i": EndpointMalformed,
}


@pytest.mark.parametrize(
    "bare", REFUSED, ids=[ascii(one)[:40] + str(n) for n, one in enumerate(REFUSED)]
)
def test_what_readers_could_read_otherwise_is_no_url(bare: str) -> None:
    with pytest.raises(REFUSED[bare]) as caught:
        parse_endpoint(f"https://{bare}")
    assert caught.type is REFUSED[bare]
    if bare.isascii():
        with pytest.raises(REFUSED[bare] if bare else TravelAddressChecksumWrong):
            decode(made(bare.encode()))


@pytest.mark.parametrize(
    "url", ["http://a.example", "HTTPS://a.example", "a.example", "", "ftp://a.example", "https:/a"]
)
def test_nothing_is_called_unencrypted(url: str) -> None:
    with pytest.raises(EndpointUnencrypted):
        parse_endpoint(url)


def test_what_is_too_long_is_refused() -> None:
    longest = f"a.example/{'x' * (LENGTH_MAX - 14)}?t=i"
    assert len(longest) == LENGTH_MAX
    assert decode(encode(parse_bare(longest))).bare == longest
    with pytest.raises(EndpointTooLong):
        parse_bare(f"{longest}x")
    with pytest.raises(EndpointTooLong):
        parse_endpoint("https://" + "x" * LENGTH_MAX)
    with pytest.raises(EndpointTooLong):
        decode(made(f"{longest}x".encode()))
    with pytest.raises(TravelAddressTooLong):
        decode("ta" + "1" * TEXT_LENGTH_MAX)


def test_no_refusal_says_what_was_read() -> None:
    for bare, kind in REFUSED.items():
        with pytest.raises(kind) as caught:
            parse_endpoint(f"https://{bare}")
        assert len(bare) < 8 or bare.partition("?")[0] not in str(caught.value)


@given(st.one_of(st.text(), st.from_regex(r"[a-z0-9.:@\[\]/?#%=&-]{0,40}", fullmatch=True)))
def test_any_text_is_a_url_with_one_writing_or_refused(text: str) -> None:
    try:
        endpoint = parse_bare(text)
    except Refusal:
        return
    assert endpoint.bare == text
    assert parse_endpoint(endpoint.url) == endpoint


@given(st.one_of(st.text(), st.binary(max_size=60).map(made)))
def test_any_text_is_a_travel_address_with_one_writing_or_refused(text: str) -> None:
    try:
        endpoint = decode(text)
    except Refusal:
        return
    assert encode(endpoint) == text


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z])?", fullmatch=True)
SEGMENT = st.from_regex(r"[A-Za-z0-9_~-]{1,12}", fullmatch=True)


@given(
    st.lists(LABEL, min_size=1, max_size=4),
    st.integers(1, 65_535),
    st.lists(SEGMENT, max_size=4),
    st.lists(st.tuples(LABEL.filter(lambda one: one != "t"), SEGMENT), max_size=2),
)
def test_what_is_written_is_read_back(
    labels: list[str], port: int, segments: list[str], more: list[tuple[str, str]]
) -> None:
    path = "".join(f"/{one}" for one in segments)
    query = "&".join(["t=i", *(f"{name}={value}" for name, value in more)])
    endpoint = Endpoint(".".join(labels), port, path, query)
    text = encode(endpoint)
    assert decode(text) == endpoint
    assert text == made(endpoint.bare.encode())
