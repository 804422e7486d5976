"""Messages of the Travel Rule Protocol: read exactly, written in one way, refused by code."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule import wire
from clearhouse.core.travel_rule.amount import (
    AmountInexact,
    AmountMalformed,
    AmountTooFine,
    decimal,
    units,
)
from clearhouse.core.travel_rule.endpoint import (
    EndpointMalformed,
    EndpointUnencrypted,
    EndpointWithCredentials,
)
from clearhouse.core.travel_rule.headers import (
    HeaderMalformed,
    Headers,
    VersionUnsupported,
    parse_version,
    read_headers,
)
from clearhouse.core.travel_rule.trp import (
    Acknowledgement,
    Approval,
    Asset,
    AssetMalformed,
    Cancellation,
    Confirmation,
    Inquiry,
    Message,
    MessageContradicts,
    Rejection,
    read_ending,
    read_inquiry,
    read_resolution,
    write,
)
from clearhouse.core.travel_rule.wire import (
    BYTES_MAX,
    DEPTH_MAX,
    MemberTwice,
    MessageMalformed,
    MessageTooDeep,
    MessageTooLarge,
)

CALLBACK = "https://originator.example/resolutions/q?x=1"
IVMS = b'{ "originator":{"name" : "Zo\xc3\xab \\u00e9"},\n\t"n":[1.50,1e5,-0]}'
INQUIRY = Inquiry(Asset(dti="4H95J0R2X"), "0.000021", CALLBACK, IVMS)
UUID = "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1"


def body(**changed: str) -> bytes:
    """An inquiry, with members in the text given; an empty one is left out."""
    said = {
        "asset": '{"dti": "4H95J0R2X"}',
        "amount": '"0.000021"',
        "callback": f'"{CALLBACK}"',
        "IVMS101": IVMS.decode(),
    } | changed
    return ("{" + ", ".join(f'"{name}": {one}' for name, one in said.items() if one) + "}").encode()


def test_an_inquiry_is_read_with_the_bytes_of_its_personal_data() -> None:
    assert read_inquiry(body()) == INQUIRY
    found = read_inquiry(body(extensions=' {"a" : 1.0}'))
    assert found == replace(INQUIRY, extensions=b'{"a" : 1.0}')
    assert read_inquiry(b" \r\n\t" + body() + b"\n") == INQUIRY


def test_an_inquiry_has_one_writing_and_its_personal_data_its_own() -> None:
    written = write(INQUIRY)
    assert written == (
        b'{"IVMS101":' + IVMS + b',"amount":"0.000021","asset":{"dti":"4H95J0R2X"},'
        b'"callback":"https://originator.example/resolutions/q?x=1"}'
    )
    assert read_inquiry(written) == INQUIRY
    more = replace(INQUIRY, asset=Asset(slip44=0), extensions=b'{"x":{}}')
    assert write(more).endswith(
        b'"asset":{"slip0044":0},"callback":"' + CALLBACK.encode() + b'","extensions":{"x":{}}}'
    )
    assert read_inquiry(write(more)) == more


@pytest.mark.parametrize(
    ("message", "written"),
    [
        (
            Approval("bc1q", CALLBACK),
            '{"approved":{"address":"bc1q","callback":"' + CALLBACK + '"}}',
        ),
        (Rejection("not our customer \u00e9"), '{"rejected":"not our customer \u00e9"}'),
        (Acknowledgement(), '{"version":"3.2.1"}'),
        (Confirmation("ab" * 32), '{"txid":"' + "ab" * 32 + '"}'),
        (Cancellation("changed its mind"), '{"canceled":"changed its mind"}'),
        (Cancellation(), '{"canceled":null}'),
    ],
    ids=["approval", "rejection", "acknowledgement", "confirmation", "cancellation", "silent"],
)
def test_the_others_have_one_writing_too(message: Message, written: str) -> None:
    assert write(message) == written.encode()
    read = read_ending if isinstance(message, Confirmation | Cancellation) else read_resolution
    assert read(written.encode()) == message


# Of trisacrypto/trisa, pkg/openvasp/client/testdata.
def test_messages_of_another_house_are_read() -> None:
    url = "https://beneficiary.com/implementation/defined/path/for/transferConfirmation"
    said = {"approved": {"address": "x", "callback": url}}
    assert read_resolution(json.dumps(said, indent=4).encode()) == Approval("x", url)
    assert read_resolution(b'{\n  "rejected": "human readable comment"\n}\n') == Rejection(
        "human readable comment"
    )
    assert read_ending(b'{"canceled": "human readable comment"}') == Cancellation(
        "human readable comment"
    )


def test_what_the_protocol_does_not_name_is_let_pass_and_named() -> None:
    asset = '{"dti": "4H95J0R2X", "symbol": "BTC"}'
    long = "x" * 41
    found = read_inquiry(body(asset=asset, memo="[1]", **{long: "0", "Jos\u00e9": "{}"}))
    assert found.unknown == ("memo", "(unnamed)", "(unnamed)", "asset.symbol")
    assert replace(found, unknown=()) == INQUIRY
    assert write(found) == write(INQUIRY)
    said = b'{"approved":{"address":"x","callback":"https://a.example","memo":0},"b":1}'
    assert read_resolution(said).unknown == ("b", "approved.memo")
    assert read_ending(b'{"txid":"x","a":{},"c":[]}') == Confirmation("x", ("a", "c"))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ('"0.000021"', "0.000021"),
        ('"1.50"', "1.5"),
        ('"1.0"', "1"),
        ('"20"', "20"),
        ("20", "20"),
        ("9007199254740993", "9007199254740993"),
        ('"9007199254740993.000000000000000001"', "9007199254740993.000000000000000001"),
        ("9" * 78, "9" * 78),
        ('"0.' + "0" * 29 + '1"', "0." + "0" * 29 + "1"),
        ('"\\u0031"', "1"),
    ],
    ids=range(10),
)
def test_an_amount_is_read_to_its_last_digit(text: str, amount: str) -> None:
    found = read_inquiry(body(amount=text))
    assert found.amount == amount
    assert read_inquiry(write(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("0.000021", "1.0", "1e3", "1E3", "1e-8", "1.5e2", "-1.5", "0.0", "1e400", "-1e5"),
        *("NaN", "Infinity", "-Infinity", '"NaN"', '"Infinity"', '"-inf"', '"1e3"', '"1E-8"'),
        *('"1.5e+2"', '"+1e3"', '"nan"'),
    ],
)
def test_an_amount_that_readers_round_is_refused(text: str) -> None:
    with pytest.raises(AmountInexact):
        read_inquiry(body(amount=text))


@pytest.mark.parametrize(
    "text",
    [
        *('"0"', "0", '"0.00"', "-1", '"-1"', '"+1"', '"01"', '".5"', '"5."', '"1,5"', '"1 000"'),
        *('""', '" 1"', '"1\\n"', '"0x10"', '"1_000"', '"\u0661"', '"1.\u0661"', '"1.2.3"', "null"),
        *("true", "[1]", '{"value":"1"}', "9" * 79, '"' + "9" * 79 + '"', '"0.' + "1" * 31 + '"'),
        "-0",
    ],
    ids=range(27),
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountMalformed) as caught:
        read_inquiry(body(amount=text))
    assert caught.type is AmountMalformed


def test_digits_without_end_are_refused_in_time() -> None:
    with pytest.raises(AmountMalformed):
        read_inquiry(body(amount="9" * 200_000))
    with pytest.raises(AssetMalformed):
        read_inquiry(body(asset='{"slip0044": ' + "9" * 200_000 + "}"))
    found = read_inquiry(body(IVMS101='{"n": ' + "9" * 100_000 + "}"))
    assert len(found.ivms) == 100_007


@pytest.mark.parametrize(
    ("amount", "decimals", "found"),
    [("1.5", 8, 150_000_000), ("0.00000001", 8, 1), ("3", 0, 3), ("1.50", 1, 15)],
)
def test_an_amount_is_counted_in_the_smallest_unit(amount: str, decimals: int, found: int) -> None:
    assert units(amount, decimals) == found


def test_an_amount_finer_than_its_asset_is_refused() -> None:
    for amount, decimals in (("0.000000001", 8), ("1.5", 0), ("0.123456789", 8)):
        with pytest.raises(AmountTooFine):
            units(amount, decimals)
    with pytest.raises(AmountMalformed):
        units("1e3", 8)


@given(st.integers(1, 10**60), st.integers(0, 18))
def test_units_and_amounts_say_the_same(number: int, decimals: int) -> None:
    amount = decimal(number, decimals)
    assert units(amount, decimals) == number
    assert read_inquiry(body(amount=f'"{amount}"')).amount == amount


@pytest.mark.parametrize(
    "text",
    [
        *("{}", "null", '"BTC"', "[]", "0", '{"dti":"4H95J0R2X","slip0044":0}', '{"dti":null}'),
        *('{"dti":""}', '{"dti":"4H95J0R2x"}', '{"dti":"0H95J0R2X"}', '{"dti":"4H95J0R2A"}'),
        *('{"dti":"4H95J0R2"}', '{"dti":"4H95J0R2XX"}', '{"dti":"4H95J0R2X\\n"}', '{"dti":[]}'),
        *('{"slip0044":"BTC"}', '{"slip0044":"0"}', '{"slip0044":-1}', '{"slip0044":0.0}'),
        *('{"slip0044":1e0}', '{"slip0044":2147483648}', '{"slip0044":null}', '{"slip0044":true}'),
    ],
)
def test_an_asset_is_named_once_and_never_by_its_ticker(text: str) -> None:
    with pytest.raises(AssetMalformed):
        read_inquiry(body(asset=text))


@pytest.mark.parametrize("asset", [Asset(), Asset("4H95J0R2X", 0), Asset("BTC"), Asset(slip44=-1)])
def test_no_other_asset_is_written(asset: Asset) -> None:
    with pytest.raises(AssetMalformed):
        write(replace(INQUIRY, asset=asset))


@pytest.mark.parametrize("name", ["asset", "amount", "callback", "IVMS101"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(MessageMalformed, match=name):
        read_inquiry(body(**{name: ""}))


@pytest.mark.parametrize("name", ["IVMS101", "extensions"])
@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        '"{}"',
        "1",
        '{"a": NaN}',
        '{"a": [{"b": -Infinity}]}',
        '{"a":"\\ud800"}',
        '{"\\udfff":1}',
    ],
)
def test_what_must_be_an_object_is_one(name: str, text: str) -> None:
    with pytest.raises(MessageMalformed):
        read_inquiry(body(**{name: text}))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("null", MessageMalformed),
        ("1", MessageMalformed),
        ('"http://a.example/x"', EndpointUnencrypted),
        ('"https://u@a.example/x"', EndpointWithCredentials),
        ('"https://a.example/x y"', EndpointMalformed),
        ('""', EndpointUnencrypted),
    ],
    ids=range(6),
)
def test_a_callback_is_a_url(text: str, kind: type[Refusal]) -> None:
    with pytest.raises(kind):
        read_inquiry(body(callback=text))
    with pytest.raises(kind):
        read_resolution(f'{{"approved":{{"address":"x","callback":{text}}}}}'.encode())


NO_REASONS: list[Any] = [None, "", " ", True, "a\nb", "x" * 1001, {}, "\u202e"]
NO_TXIDS: list[Any] = [None, "", "a b", 1, "\u00e9", "x" * 201, [], "a\n"]
TWICE = [
    b'{"txid":"a","txid":"a"}',
    b'{"txid":"a","x":{"y":1,"y":2}}',
    b'{"txid":"a","x":[{"y":1,"\\u0079":2}]}',
    b'{"txid":"a","\\u0074xid":"b"}',
]


@pytest.mark.parametrize("said", TWICE, ids=range(4))
def test_nobody_says_two_things_under_one_name(said: bytes) -> None:
    with pytest.raises(MemberTwice):
        read_ending(said)


def test_nor_within_personal_data() -> None:
    with pytest.raises(MemberTwice):
        read_inquiry(body(IVMS101='{"a":{"b":1,"b":1}}'))


NO_OBJECTS = [
    *(b"", b" ", b"{", b"}", b"[]", b"null", b'"x"', b"1", b"{}x", b'{"txid":"a"} {}', b"{,}"),
    *(b'{"txid":"a",}', b'{"txid" "a"}', b'{"txid":}', b'{txid:"a"}', b"{'txid':'a'}", b"{1:2}"),
    *(b'{"txid":"a" "b":1}', b'{"txid":"a"', b'{"txid":"a', b'{"txid', b'{"txid":', b"\xff\xfe"),
    *(b'\xef\xbb\xbf{"txid":"a"}', b'{"txid":"\xff"}', b'{"txid":"a\n"}', b'{"txid":"\\x41"}'),
    *(b'{"txid":"a","b":01}', b'{"txid":"a","b":+1}', b'{"txid":"a","b":.5}', b'{"txid":"a"}\0'),
    *(b'{"txid":"a","b":NaN}', b'{"txid":"a","b":[Infinity]}', b'{"txid":"a","b":"\\ud83d"}'),
    *(b'{"txid":"a","\\ud800":1}', b'{/**/"txid":"a"}', b"\x0c{}", b'{"txid":"a"}\xc2\xa0', b"{}"),
    *('{"txid":"a"}'.encode("utf-16"), b'{"a":1}', b'{"txid":undefined}', b'{"txid":"a","b":tru}'),
]


@pytest.mark.parametrize("said", NO_OBJECTS, ids=range(len(NO_OBJECTS)))
def test_what_is_no_object_of_json_is_refused(said: bytes) -> None:
    for read in (read_ending, read_resolution, read_inquiry):
        with pytest.raises(MessageMalformed) as caught:
            read(said)
        assert caught.type is MessageMalformed


def test_an_enormous_message_is_refused_unread() -> None:
    fits = '{"a":"' + "x" * (BYTES_MAX - len(body(IVMS101='{"a":""}'))) + '"}'
    assert len(body(IVMS101=fits)) == BYTES_MAX
    assert read_inquiry(body(IVMS101=fits)).ivms == fits.encode()
    with pytest.raises(MessageTooLarge):
        read_inquiry(body(IVMS101=fits) + b" ")
    for wrong in (b"\xff" * (BYTES_MAX + 1), b"[" * (BYTES_MAX + 1)):
        with pytest.raises(MessageTooLarge):
            read_inquiry(wrong)


def test_depth_is_bounded_wherever_it_is_and_texts_have_none() -> None:
    deep = "[" * (DEPTH_MAX - 2) + "]" * (DEPTH_MAX - 2)
    assert read_inquiry(body(IVMS101=f'{{"a":{deep}}}')).ivms.count(b"[") == DEPTH_MAX - 2
    brackets = '"' + '[{\\"' * 100 + '"'
    assert read_inquiry(body(IVMS101=f'{{"a":{brackets}}}')).ivms.count(b"[") == 100
    for said in (f'{{"a":[{deep}]}}', "[" * 100_000, '{"a":' * 10_000):
        with pytest.raises(MessageTooDeep):
            read_inquiry(body(IVMS101=said))
    with pytest.raises(MessageTooDeep):
        read_ending(b'{"txid":"a","x":' + b"[" * 50 + b"]" * 50 + b"}")


@pytest.mark.parametrize(
    "said",
    [
        {"approved": {"address": "x", "callback": CALLBACK}, "rejected": "no"},
        {"approved": {"address": "x", "callback": CALLBACK}, "rejected": None},
        {"approved": None, "version": "3.2.1"},
        {"rejected": "no", "version": "3.2.1"},
    ],
    ids=range(4),
)
def test_nobody_says_yes_and_no(said: dict[str, Any]) -> None:
    with pytest.raises(MessageContradicts):
        read_resolution(json.dumps(said).encode())


def test_nor_sent_and_not_sent() -> None:
    for said in ({"txid": "a", "canceled": "b"}, {"txid": "a", "canceled": None}):
        with pytest.raises(MessageContradicts):
            read_ending(json.dumps(said).encode())


@pytest.mark.parametrize(
    "said",
    [
        *({"approved": None}, {"approved": []}, {"approved": {}}, {"approved": "x"}),
        *({"approved": {"callback": CALLBACK}}, {"approved": {"address": "x"}}),
        *({"approved": {"address": one, "callback": CALLBACK}} for one in ("", "x y", 1, "\u00e9")),
        {"approved": {"address": "x" * 201, "callback": CALLBACK}},
        *({"rejected": one} for one in NO_REASONS),
        {"version": None},
        {"version": 3},
        {},
    ],
    ids=range(22),
)
def test_what_is_no_resolution_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(MessageMalformed):
        read_resolution(json.dumps(said).encode())


@pytest.mark.parametrize(
    "said",
    [
        *({"txid": one} for one in NO_TXIDS),
        *({"canceled": one} for one in ("", "  ", 1, True, "a\tb", "x" * 1001)),
        {},
    ],
    ids=range(15),
)
def test_what_is_no_ending_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(MessageMalformed):
        read_ending(json.dumps(said).encode())


@pytest.mark.parametrize(
    "changed",
    [
        {"ivms": b""},
        {"ivms": b"{"},
        {"ivms": b"[]"},
        {"ivms": b'{},"callback":"https://evil.example"'},
        {"ivms": b'{},"memo":1'},
        {"ivms": b' {"a":1}'},
        {"ivms": b'{"a":1} '},
        {"ivms": b'{"a":1,"a":1}'},
        {"ivms": b'{"a":NaN}'},
        {"ivms": b'{"a":"' + b"x" * BYTES_MAX + b'"}'},
        {"extensions": b"null"},
        {"extensions": b'{},"x":1'},
        {"amount": "1.50"},
        {"amount": "1e3"},
        {"amount": "0"},
        {"callback": "http://a.example"},
        {"callback": "https://a.example:443"},
    ],
    ids=range(17),
)
def test_nothing_is_sent_that_would_be_read_otherwise(changed: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        write(replace(INQUIRY, **changed))


def test_no_refusal_and_no_print_says_what_people_wrote() -> None:
    for secret in (
        '{"a":"Zo\u00eb","a":1}',
        '"Zo\u00eb"',
        '{"Zo\u00eb":',
        '{"a":"Zo\u00eb\\ud800"}',
    ):
        with pytest.raises(Refusal) as caught:
            read_inquiry(body(IVMS101=secret))
        assert "Zo" not in str(caught.value)
    for said in ('"Zo\u00eb 1e5"', '{"Zo\u00eb":1}'):
        with pytest.raises(Refusal) as caught:
            read_inquiry(body(amount=said))
        assert "Zo" not in str(caught.value)
    assert "Zo" not in repr(read_inquiry(body(extensions='{"a":"Zo"}')))
    assert "Zo" not in repr((Rejection("Zo"), Cancellation("Zo")))


HEADERS = {"api-version": "3.2.1", "request-identifier": UUID}


def test_headers_are_read_and_written() -> None:
    assert read_headers(HEADERS) == Headers(UUID)
    assert Headers(UUID).fields == HEADERS
    more = HEADERS | {"api-extensions": "message-signing, extended-ivms101"}
    assert read_headers(more) == Headers(UUID, ("message-signing", "extended-ivms101"))
    assert read_headers(more).fields == more
    assert read_headers(HEADERS | {"request-identifier": UUID.upper()}) == Headers(UUID)
    assert read_headers(HEADERS | {"api-version": "3.2.0", "api-extensions": " "}) == Headers(
        UUID, (), "3.2.0"
    )


@pytest.mark.parametrize(
    "changed",
    [
        *(
            {"request-identifier": one}
            for one in ("", "1", UUID[:-1], f"{UUID}1", f"{UUID} ", f"{{{UUID}}}")
        ),
        *({"request-identifier": one} for one in (f"{UUID}, {UUID}", UUID.replace("-", ""))),
        *(
            {"api-version": one}
            for one in ("", "3", "3.2", "3.2.1.0", "v3.2.1", "3.2.1 ", "3.02.1")
        ),
        *({"api-version": one} for one in ("3.2.\u0661", "3.2.1-beta", "3.2.10000")),
        *({"api-extensions": one} for one in ("a,,b", ",", "a b", "A", "a,a", "-a", "x" * 65)),
        {"api-extensions": ",".join(f"e{n}" for n in range(17))},
    ],
    ids=range(26),
)
def test_headers_of_another_form_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(HeaderMalformed):
        read_headers(HEADERS | changed)
    for name in changed:
        if name != "api-extensions":
            with pytest.raises(HeaderMalformed):
                read_headers({key: one for key, one in HEADERS.items() if key != name})


@pytest.mark.parametrize(
    "version", ["3.1.0", "3.3.0", "2.2.1", "4.2.1", "3.20.1", "13.2.1", "0.0.0"]
)
def test_another_version_is_not_spoken(version: str) -> None:
    with pytest.raises(VersionUnsupported) as caught:
        read_headers(HEADERS | {"api-version": version})
    assert caught.value.context == {"speaks": "3.2.1"}
    with pytest.raises(VersionUnsupported):
        read_resolution(f'{{"version":"{version}"}}'.encode())
    assert parse_version("3.2.7") == "3.2.7"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["asset", "amount", "callback", "IVMS101", "extensions", "txid", "canceled"]
)
NAMES |= st.sampled_from(["approved", "rejected", "version", "x"])
VALUES = JSON | st.sampled_from(
    [
        {"dti": "4H95J0R2X"},
        {"slip0044": 0},
        "1.5",
        1,
        CALLBACK,
        {"address": "x", "callback": CALLBACK},
    ]
)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.dictionaries(NAMES, VALUES, max_size=6).map(lambda one: json.dumps(one).encode()),
    )
)
def test_any_bytes_are_a_message_or_refused(said: bytes) -> None:
    for read in (read_inquiry, read_resolution, read_ending):
        try:
            found = read(said)
        except Refusal:
            continue
        again = read(write(found))
        assert again == replace(found, unknown=())


@given(st.data())
def test_a_message_with_any_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    said = bytearray(body(extensions='{"a":[1,{"b":null}]}'))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(said) - 1))
        said[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        found = read_inquiry(bytes(said))
    except Refusal:
        return
    assert found.ivms in bytes(said)
    assert json.loads(found.ivms) == json.loads(bytes(said))["IVMS101"]


@given(st.dictionaries(st.text(max_size=10), JSON, max_size=4), st.integers(0, 3))
def test_personal_data_goes_on_as_it_came(said: dict[str, Any], indent: int) -> None:
    try:
        ivms = json.dumps(said, indent=indent or None, allow_nan=False).encode()
    except ValueError:
        return
    if b"\\ud" in ivms:
        return
    found = read_inquiry(body(IVMS101=ivms.decode()))
    assert found.ivms == ivms
    assert read_inquiry(write(found)).ivms == ivms
    assert {name: one.raw for name, one in wire.read_object(ivms).items()}.keys() == said.keys()
