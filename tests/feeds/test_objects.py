"""JSON files of records: each object answered for itself, and whatever is sent is answered."""

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.feeds.lines import LINE_BYTES_MAX
from clearhouse.feeds.objects import ObjectWrong, read_objects
from clearhouse.feeds.table import Row

COLUMNS = ("owner", "share", "note")
NEEDED = ("owner", "share")
MARK = b"\xef\xbb\xbf"
WRONG = "file.object-wrong"


def read(content: bytes) -> list[Row]:
    return list(read_objects(io.BytesIO(content), COLUMNS, NEEDED))


def said(content: bytes) -> list[tuple[int, object]]:
    """Each row's number with its fields, or its refusal's code."""
    return [
        (row.line, row.fields.code if isinstance(row.fields, Refusal) else dict(row.fields))
        for row in read(content)
    ]


def detail(row: Row) -> str:
    assert isinstance(row.fields, Refusal)
    return row.fields.detail


A: Mapping[str, str] = {"owner": "A", "share": "5"}
B: Mapping[str, str] = {"owner": "B", "share": "6", "note": "x"}
ONE, OTHER = (json.dumps(each).encode() for each in (A, B))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ONE + b"\n", [(1, A)]),
        (ONE + b"\n" + OTHER + b"\n", [(1, A), (2, B)]),
        (MARK + ONE + b"\r\n\r\n  \n" + OTHER + b"\n", [(1, A), (4, B)]),
        (b"\n\n", []),
        (b"[" + ONE + b"," + OTHER + b"]", [(1, A), (2, B)]),
        (b"[\n  " + ONE + b",\n  " + OTHER + b"\n]\n", [(1, A), (2, B)]),
        (MARK + b"[" + ONE + b"]", [(1, A)]),
        (b" \r\n\t[" + ONE + b"]", [(1, A)]),
        (MARK + b"\n[" + ONE + b"]", [(1, A)]),
        # One that is wrong spoils itself alone.
        (ONE + b"\n{\n" + OTHER + b"\n", [(1, A), (2, WRONG), (3, B)]),
        (ONE + b"\n[1]\n7\nnull\n" + OTHER + b"\n",
         [(1, A), (2, WRONG), (3, WRONG), (4, WRONG), (5, B)]),
        (ONE + b"{}\n" + OTHER + b"\n", [(1, WRONG), (2, B)]),
        (b"[" + ONE + b', 7, [], null, {"owner": "A"}, ' + OTHER + b"]",
         [(1, A), (2, WRONG), (3, WRONG), (4, WRONG), (5, WRONG), (6, B)]),
        (ONE + b"\n\xff\n" + OTHER + b"\n", [(1, A), (2, "file.encoding-wrong"), (3, B)]),
        (ONE + b"\n\0\n" + OTHER + b"\n", [(1, A), (2, "file.encoding-wrong"), (3, B)]),
        (b"x" * (LINE_BYTES_MAX + 1) + b"\n" + ONE + b"\n", [(1, "file.line-too-long"), (2, A)]),
        (ONE + b"\n" + OTHER, [(1, A), (2, "file.line-unfinished")]),
    ],
)  # fmt: skip
def test_each_object_is_read_or_refused_for_itself(
    content: bytes, expected: list[tuple[int, object]]
) -> None:
    assert said(content) == expected


@pytest.mark.parametrize(
    ("content", "code", "named"),
    [
        (b"", "file.empty", "an object a line, or an array"),
        (b"[]", "file.empty", "the array is empty"),
        (MARK + b" [ ]\n", "file.empty", "the array is empty"),
        (b"[", WRONG, "not JSON"),
        (b"[" + ONE, WRONG, "not JSON"),
        (b"[" + ONE + b"] 7", WRONG, "not JSON"),
        (b"[" + ONE + b",]", WRONG, "not JSON"),
        (b"[\xff]", WRONG, "utf-8"),
        (b'[{"owner": "\xed\xa0\x80"}]', WRONG, "utf-8"),  # half a surrogate pair, written out
        ("[1]".encode("utf-16-le"), WRONG, "not JSON"),
        (b"[" * 100_000, WRONG, "not JSON"),
        (b'[{"owner":' * 50_000, WRONG, "not JSON"),
        (b"[" + b"7" * 5_000 + b"]", WRONG, "not JSON"),
        (b'[{"owner": "A", "owner": "B", "share": 1}]', WRONG, "twice: 'owner'"),
    ],
)
def test_an_array_that_is_none_is_refused_before_any_row(
    content: bytes, code: str, named: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read(content)

    assert refused.value.code == code
    assert named in refused.value.detail
    assert len(refused.value.detail) < 500


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"5"', "5"),
        ("5", "5"),
        ("-0", "0"),
        ("9223372036854775808", "9223372036854775808"),  # too large; the register says so
        ("true", "yes"),
        ("false", "no"),
        ("null", ""),
        ('""', ""),
        ('["a", "b"]', "a;b"),
        ("[]", ""),
        ('"\\u00e9\\n"', "é\n"),
    ],
)
def test_whole_numbers_and_flags_are_taken_for_their_texts(value: str, text: str) -> None:
    line = f'{{"owner": "A", "share": {value}}}\n'.encode()

    assert said(line) == [(1, {"owner": "A", "share": text})]
    assert said(b"[" + line + b"]") == [(1, {"owner": "A", "share": text})]


@pytest.mark.parametrize(
    "value", ["5.0", "0.1", "1e3", "NaN", "Infinity", "-Infinity", "{}", "[1]", '[["a"]]', "[null]"]
)
def test_what_loses_digits_or_is_no_text_is_refused(value: str) -> None:
    line = f'{{"owner": "A", "share": {value}}}\n'.encode()

    for content in (line, b"[" + line + b"]"):
        (row,) = read(content)
        assert "share: write it as a text" in detail(row)


def test_members_that_are_missing_or_not_known_are_named_at_once() -> None:
    (row,) = read(b'{"owner": "A", "colour": 1, "size": 2}\n')

    assert "missing: share" in detail(row)
    assert "not known: 'colour, size'" in detail(row)
    (lacking,) = read(b"{}\n")
    assert "missing: owner, share; not known: none" in detail(lacking)


def test_what_was_rejected_can_be_mended_and_sent_again() -> None:
    (row,) = read(b'{"owner": "A", "share": 5, "refused_line": 7, "refusals": "so, so"}\n')

    assert isinstance(row.fields, Mapping)
    assert dict(row.fields) == {**A, "refused_line": "7", "refusals": "so, so"}


def test_a_name_that_cannot_be_printed_is_told_all_the_same() -> None:
    """Half a surrogate pair has no UTF-8, and a terminal obeys what it is sent."""
    (row,) = read(b'{"owner": "A", "share": 1, "\\ud800\\u001b[2J": 1, "%b": 2}\n' % (b"x" * 999))

    assert detail(row).isprintable()
    assert detail(row).encode()
    assert len(detail(row)) < 300


def test_an_object_that_says_two_things_under_one_name_says_nothing() -> None:
    one, other = read(b'{"owner": "A", "share": 1, "share": 2}\n' + ONE + b"\n")

    assert "twice: 'share'" in detail(one)
    assert other.fields == A


@pytest.mark.parametrize("depth", [100, 900, 980, 990, 1000, 5000])
@pytest.mark.parametrize("pair", [("[", "]"), ('{"owner":', "}")])
def test_what_is_deep_is_refused_and_what_follows_is_read(
    depth: int, pair: tuple[str, str]
) -> None:
    begin, end = pair
    deep = '{"owner": ' + (begin * depth + "1" + end * depth)[: LINE_BYTES_MAX // 2]

    rows = read(f'{deep}, "share": 1}}\n'.encode() + ONE + b"\n")
    assert isinstance(rows[0].fields, ObjectWrong)
    assert rows[1].fields == A
    try:
        (row,) = read(f"[{begin * depth}1{end * depth}]".encode())
    except ObjectWrong:
        assert depth > 900
    else:
        assert isinstance(row.fields, ObjectWrong)


def test_a_number_too_long_to_count_spoils_its_line_alone() -> None:
    long = b'{"owner": "A", "share": %b}\n' % (b"7" * 5_000)

    assert said(long + ONE + b"\n") == [(1, WRONG), (2, A)]


def test_a_row_keeps_the_text_that_was_sent_and_where_it_ended() -> None:
    first, second = read(b' {"owner":"A","share":5} \r\n' + ONE + b"\n")

    assert first.text == ' {"owner":"A","share":5} '
    assert (first.end, second.end) == (27, 27 + len(ONE) + 1)
    (row,) = read(b'[{"owner":"A", "share":5}]')
    assert json.loads(row.text) == {"owner": "A", "share": 5}


texts = st.text(st.characters(codec="utf-8"), max_size=20)
objects = st.fixed_dictionaries({"owner": texts, "share": texts}, optional={"note": texts})


@given(st.lists(objects, min_size=1), st.booleans(), st.sampled_from([None, 2]))
def test_what_a_json_writer_writes_is_read_back(
    records: list[dict[str, str]], ascii_only: bool, indent: int | None
) -> None:
    lines = "".join(json.dumps(one, ensure_ascii=ascii_only) + "\n" for one in records)
    array = json.dumps(records, ensure_ascii=ascii_only, indent=indent)

    assert said(lines.encode()) == list(enumerate(records, 1))
    assert said(array.encode()) == list(enumerate(records, 1))


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(COLUMNS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(values, min_size=1, max_size=4))
def test_any_json_is_answered_object_by_object(found: list[Any]) -> None:
    array = read(json.dumps(found).encode())
    below = ONE + b"\n" + "".join(json.dumps(one) + "\n" for one in found).encode()
    lines = read(below)[1:]

    assert [row.line for row in array] == list(range(1, len(found) + 1))
    assert [row.fields == other.fields for row, other in zip(array, lines, strict=True)].count(
        False
    ) == sum(isinstance(row.fields, Refusal) for row in array)
    for row in (*array, *lines):
        if isinstance(row.fields, Refusal):
            assert row.fields.detail.isprintable()
        else:
            assert set(NEEDED) <= row.fields.keys() <= set(COLUMNS)
            assert all(isinstance(text, str) for text in row.fields.values())


pieces = st.lists(
    st.binary(max_size=12)
    | st.sampled_from(
        [b"\n", b"[", b"]", b"{", b"}", b'"', b",", ONE, OTHER, MARK, b"\0", b"7" * 99]
    )
).map(b"".join)


@given(pieces | st.binary())
@settings(max_examples=300)
def test_any_bytes_at_all_are_read_or_refused(content: bytes) -> None:
    try:
        rows, code = read(content), ""
    except Refusal as refusal:
        rows, code = [], refusal.code

    assert code in {"", "file.empty", WRONG}
    assert len({row.line for row in rows}) == len(rows)
    assert all(isinstance(row.fields, Refusal | dict) for row in rows)
