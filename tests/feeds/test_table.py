"""Tables: a header that says what it must, and each line answered for itself."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.feeds.lines import LINE_BYTES_MAX
from clearhouse.feeds.table import HeaderWrong, Row, read_table

COLUMNS = ("reference", "amount", "asset")
HEADER = b"reference,amount,asset\n"


def read(content: bytes) -> list[Row]:
    return list(read_table(io.BytesIO(content), COLUMNS))


def said(content: bytes) -> list[tuple[int, object]]:
    """Each row's line with its fields in the order of `COLUMNS`, or its refusal's code."""
    return [
        (row.line, row.fields.code)
        if isinstance(row.fields, Refusal)
        else (row.line, tuple(row.fields[name] for name in COLUMNS))
        for row in read(content)
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER, []),
        (HEADER + b"\n\r\n\n", []),
        (HEADER + b"A,1,USD\n", [(2, ("A", "1", "USD"))]),
        (b"\xef\xbb\xbf" + HEADER + b"A,1,USD\n", [(2, ("A", "1", "USD"))]),
        (b"reference,amount,asset\r\nA,1,USD\r\n", [(2, ("A", "1", "USD"))]),
        (b"asset,reference,amount\nUSD,A,1\n", [(2, ("A", "1", "USD"))]),
        (b" reference , amount,asset\nA,1,USD\n", [(2, ("A", "1", "USD"))]),
        (HEADER + b"\nA,1,USD\n", [(3, ("A", "1", "USD"))]),
        (HEADER + b'"A, B ""C""",1,USD\n', [(2, ('A, B "C"', "1", "USD"))]),
        (HEADER[:-1] + b',refused_line,refusals\nA,1,USD,7,"money.x: ""so, so"""\n',
         [(2, ("A", "1", "USD"))]),
        (HEADER + b"A,1\n", [(2, "file.columns-wrong")]),
        (HEADER + b"A,1,USD,\n", [(2, "file.columns-wrong")]),
        (HEADER + b"A;1;USD\n", [(2, "file.columns-wrong")]),
        (HEADER + b" \n", [(2, "file.columns-wrong")]),
        (HEADER + b"\r\r\n", [(2, "file.columns-wrong")]),
        (HEADER + b'"A,1,USD\nB,2,EUR\n', [(2, "file.columns-wrong"), (3, ("B", "2", "EUR"))]),
        (HEADER + b'"A"x,1,USD\nB,2,EUR\n', [(2, "file.columns-wrong"), (3, ("B", "2", "EUR"))]),
        (HEADER + b'"A\nB",1,USD\nC,2,EUR\n',
         [(2, "file.columns-wrong"), (3, "file.columns-wrong"), (4, ("C", "2", "EUR"))]),
        (HEADER + b'A "B,1,USD\n', [(2, "file.columns-wrong")]),
        (HEADER + b'A,1,"USD\n', [(2, "file.columns-wrong")]),
        (HEADER + b"A\rB,1,USD\n", [(2, "file.columns-wrong")]),
        (HEADER + b"A,1,\xff\nB,2,EUR\n", [(2, "file.encoding-wrong"), (3, ("B", "2", "EUR"))]),
        (HEADER + b"A,1,\0\nB,2,EUR\n", [(2, "file.encoding-wrong"), (3, ("B", "2", "EUR"))]),
        (HEADER + b"A,1," + b"x" * LINE_BYTES_MAX + b"\nB,2,EUR\n",
         [(2, "file.line-too-long"), (3, ("B", "2", "EUR"))]),
        (HEADER + b"A,1,USD\nB,2,EUR", [(2, ("A", "1", "USD")), (3, "file.line-unfinished")]),
    ],
)  # fmt: skip
def test_each_line_is_read_or_refused_for_itself(
    content: bytes, expected: list[tuple[int, object]]
) -> None:
    assert said(content) == expected


@pytest.mark.parametrize(
    ("content", "code", "named"),
    [
        (b"", "file.empty", "reference,amount,asset"),
        (b"\n", "file.header-wrong", "missing: reference, amount, asset"),
        (b"A,1,USD\n", "file.header-wrong", "not known: A, 1, USD"),
        (b"reference,amount\n", "file.header-wrong", "missing: asset"),
        (HEADER[:-1] + b",note\n", "file.header-wrong", "not known: note"),
        (HEADER[:-1] + b",amount\n", "file.header-wrong", "twice: amount"),
        (HEADER[:-1] + b",refusals,refusals\n", "file.header-wrong", "twice: refusals"),
        (b"Reference,AMOUNT,asset\n", "file.header-wrong", "missing: reference, amount"),
        (b"reference;amount;asset\n", "file.header-wrong", "not known: reference;amount;asset"),
        (HEADER[:-1], "file.header-wrong", "the file ends within line 1"),
        (b"x" * 10**6 + b"\n", "file.header-wrong", "1,000,001 bytes"),
        (HEADER.decode().encode("utf-16"), "file.encoding-wrong", "not UTF-8"),
        (b"\xff" + HEADER, "file.encoding-wrong", "not UTF-8"),
        (b"\0" + HEADER, "file.encoding-wrong", "null"),
        (b"," * (LINE_BYTES_MAX - 1) + b"\n", "file.header-wrong", "missing: reference"),
        (b"PK\x03\x04\x14\0\x06\0\n", "file.encoding-wrong", "null"),  # a spreadsheet's own form
    ],
)
def test_a_file_without_its_header_is_refused_before_any_row(
    content: bytes, code: str, named: str
) -> None:
    with pytest.raises(Refusal) as refused:
        read(content)

    assert refused.value.code == code
    assert named in refused.value.detail
    assert len(refused.value.detail) < 500


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n", {"a": "1", "b": "2"}),
        (b"a,b,c\n1,2,3\n", {"a": "1", "b": "2", "c": "3"}),
        (b"d,b, c ,a\n4,2,3,1\n", {"a": "1", "b": "2", "c": "3", "d": "4"}),
        (b"a,b,d,refusals\n1,2,,x\n", {"a": "1", "b": "2", "d": "", "refusals": "x"}),
        (b"a,c\n1,3\n", "missing: b; not known: none; twice: none"),
        (b"a,b,c,c\n1,2,3,3\n", "missing: none; not known: none; twice: c"),
        (b"a,b,e\n1,2,5\n", "missing: none; not known: e; twice: none"),
    ],
)
def test_columns_that_may_stand_there_need_not(content: bytes, expected: object) -> None:
    def read_all() -> list[Row]:
        return list(read_table(io.BytesIO(content), ("a", "b"), optional=("c", "d")))

    if isinstance(expected, str):
        with pytest.raises(HeaderWrong, match=expected):
            read_all()
    else:
        assert [row.fields for row in read_all()] == [expected]


def test_a_row_keeps_the_text_that_was_sent() -> None:
    rows = read(HEADER + b' "A" ,1,USD\r\nB,2\n\xff,1,USD\n')

    assert [row.text for row in rows] == [' "A" ,1,USD', "B,2", ""]


fields = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


@given(st.lists(st.tuples(fields, fields, fields)))
@settings(deadline=None)
def test_what_a_csv_writer_writes_is_read_back(records: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(records)

    read_back = said(stream.getvalue().encode())

    assert read_back == [(line, record) for line, record in enumerate(records, 2)]


pieces = st.lists(
    st.binary(max_size=12)
    | st.sampled_from([b"\n", b"\r\n", b"\0", b'"', b",", b"A,1,USD\n", b'"A\n', b"x" * 20_000])
).map(b"".join)


@given(pieces)
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_answered_line_by_line(content: bytes) -> None:
    rows = read(HEADER + content)
    raw = io.BytesIO(content).readlines()

    filled = [number for number, line in enumerate(raw, 2) if line not in {b"\n", b"\r\n"}]
    assert [row.line for row in rows] == filled
    for row in rows:
        begin = row.end - len(raw[row.line - 2])
        assert (HEADER + content)[begin : row.end] == raw[row.line - 2]
        if not isinstance(row.fields, Refusal):
            assert row.fields.keys() == set(COLUMNS)
            assert raw[row.line - 2].endswith(b"\n")


@given(st.binary())
@settings(deadline=None)
def test_any_file_at_all_is_read_or_refused(content: bytes) -> None:
    try:
        rows = read(content)
    except Refusal as refusal:
        rows = []
        refused = refusal.code
    else:
        refused = ""
    assert rows == [] or not refused


@given(pieces, st.data())
@settings(deadline=None)
def test_reading_goes_on_behind_any_row_as_if_it_had_never_stopped(
    content: bytes, data: st.DataObject
) -> None:
    rows = read(HEADER + content)
    if not rows:
        return
    place = data.draw(st.integers(0, len(rows) - 1))
    stream = io.BytesIO(HEADER + content)

    rest = list(read_table(stream, COLUMNS, line=rows[place].line, offset=rows[place].end))

    assert list(map(str, rest)) == list(map(str, rows[place + 1 :]))
