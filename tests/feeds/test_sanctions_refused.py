"""What no list is taken from: files cut off, of another kind, or made to cost more than bytes."""

import json
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.listings import (
    ADDRESS,
    CONLIST,
    EU_CSV,
    EU_XML,
    FCDO,
    FTM,
    FTM_OBJECTS,
    HARALD,
    LISTS,
    NOW,
    OFAC,
    PUBLISHED_AT,
    SIMPLE,
    UN,
    XBT,
    eu_csv,
    ftm,
    publish,
    read,
)

from clearhouse.core.errors import Refusal
from clearhouse.core.screening import SanctionsList
from clearhouse.feeds.sanctions import (
    PUBLICATION,
    Publication,
    ofac_xml,
    opening,
    read_list,
    read_undated,
    reading,
)
from clearhouse.feeds.sanctions.markup import Entries
from clearhouse.feeds.sanctions.refusals import MarkupForbidden


def code_of(read: Callable[[], SanctionsList]) -> str:
    with pytest.raises(Refusal) as refused:
        read()
    return refused.value.code


def of(folder: Path, file: str, content: str | bytes) -> str:
    """The code by which a file is refused, even if it is what was published."""
    return code_of(lambda: read(folder, {file: content}))


UN_FILE, OFAC_FILE, EU_FILE = "consolidated.xml", "sdn_advanced.xml", "xmlFullSanctionsList_1_1.xml"
EU_TABLE, UK_FILE, UK_TABLE = "csvFullSanctionsList_1_1.csv", "ConList.csv", "UK-Sanctions-List.csv"
SIMPLE_FILE, FTM_FILE = "targets.simple.csv", "entities.ftm.json"
XML = {UN_FILE: UN, OFAC_FILE: OFAC, EU_FILE: EU_XML}
BODY = (
    "<INDIVIDUAL><REFERENCE_NUMBER>KVi.7</REFERENCE_NUMBER><FIRST_NAME>{}</FIRST_NAME></INDIVIDUAL>"
)
LIST = '<CONSOLIDATED_LIST dateGenerated="2026-03-01T00:00:00Z">{}</CONSOLIDATED_LIST>'
ENTITIES = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>"""


def un(name: str) -> str:
    """A list of the UN's with one entry."""
    return LIST.format(BODY.format(name))


BAD = {
    # XML that is no list, or made to harm.
    "entities": (UN_FILE, ENTITIES + un("&c;"), "list.markup-forbidden"),
    "a document type": (UN_FILE, "<!DOCTYPE x>" + un("Harald"), "list.markup-forbidden"),
    "an external one": (UN_FILE, '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + un("Harald"),
                        "list.markup-forbidden"),
    "an external entity": (UN_FILE,
                           '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + un("&f;"),
                           "list.markup-forbidden"),
    "an unknown entity": (UN_FILE, un("&nobody;"), "list.row-malformed"),
    "nesting": (UN_FILE, LIST.format("<a>" * 1_000_000), "list.markup-forbidden"),
    "nesting in an entry": (UN_FILE, un("<a>" * 1000 + "</a>" * 1000), "list.markup-forbidden"),
    "a huge attribute": (UN_FILE, LIST.format(f'<INDIVIDUAL a="{"x" * (3 << 20)}"/>'),
                         "list.markup-forbidden"),
    "a huge tag": (UN_FILE, LIST.format(f"<{'x' * (3 << 20)}/>"), "list.markup-forbidden"),
    "a huge comment": (UN_FILE, LIST.format(f"<!--{'x' * (3 << 20)}-->"), "list.markup-forbidden"),
    "a huge text": (UN_FILE, un("x" * (9 << 20)), "list.markup-forbidden"),
    "an entry of very many parts": (UN_FILE, un("<a/>" * 200_001), "list.markup-forbidden"),
    "names without number": (UN_FILE, LIST.format("".join(f"<INDIVIDUAL a{n}=''/>"
                                                          for n in range(3000))),
                             "list.markup-forbidden"),
    "a web page": (UN_FILE, "<html><p>try again later</p></html>", "list.row-malformed"),
    "another list": (UN_FILE, EU_XML, "list.row-malformed"),
    "no XML": (OFAC_FILE, "try again later", "list.row-malformed"),
    "not well-formed": (EU_FILE, EU_XML.replace("</sanctionEntity>", "", 1), "list.row-malformed"),
    "something behind the end": (EU_FILE, EU_XML + "<more/>", "list.row-malformed"),
    "two of them": (EU_FILE, EU_XML + EU_XML[EU_XML.index("<export"):], "list.row-malformed"),
    "Latin-1": (UN_FILE, un("Société").encode("latin-1"), "list.encoding"),
    "Windows-1251 that says so": (UN_FILE, b'<?xml version="1.0" encoding="windows-1251"?>'
                                  + un("Ромашка").encode("cp1251"), "list.encoding"),
    "UTF-8 that says that it is not": (UN_FILE, '<?xml version="1.0" encoding="koi8-r"?>'
                                       + un("Ромашка"), "list.encoding"),
    "UTF-16": (UN_FILE, UN.encode("utf-16"), "list.encoding"),
    "UTF-16 without a mark": (UN_FILE, UN.encode("utf-16-le"), "list.encoding"),
    "no entry": (UN_FILE, LIST.format(""), "list.file-empty"),
    "nothing": (UN_FILE, "", "list.file-empty"),
    "spaces": (UN_FILE, " \n", "list.file-empty"),
    # Entries that are none.
    "no number": (UN_FILE, UN.replace("KVi.001", ""), "list.row-malformed"),
    "a number twice": (UN_FILE, UN.replace("KVe.002", "KVi.001"), "list.duplicate-entity"),
    "a number without end": (UN_FILE, UN.replace("KVe.002", "9" * 500), "list.row-malformed"),
    "no name": (UN_FILE, un(""), "list.row-malformed"),
    "a name without a letter": (UN_FILE, un("..."), "list.row-malformed"),
    "a name of marks that are not seen": (UN_FILE, un("&#x202E;&#x200F;"), "list.row-malformed"),
    "a name without end": (UN_FILE, un("x" * 9000), "list.row-malformed"),
    "a control character": (UN_FILE, un("a\x07b"), "list.row-malformed"),
    "made tomorrow": (UN_FILE, UN.replace("2026-03-01T", "2026-03-04T"), "list.from-the-future"),
    "made at no time": (UN_FILE, UN.replace("2026-03-01T", "yesterday"), "list.row-malformed"),
    "an EU number twice": (EU_FILE, EU_XML.replace('"207"', '"13"'), "list.duplicate-entity"),
    "an EU entry without a name": (EU_FILE, EU_XML.replace("Volkan Shipping", "-"),
                                   "list.row-malformed"),
    "made next year": (EU_FILE, EU_XML.replace('"2026-03-01T', '"2027-03-01T'),
                       "list.from-the-future"),
    "an OFAC number twice": (OFAC_FILE, OFAC.replace('FixedRef="174"', 'FixedRef="173"'),
                             "list.duplicate-entity"),
    "an OFAC party without a name": (OFAC_FILE, OFAC.replace("VOLKAN BANK", "?"),
                                     "list.row-malformed"),
    "a listing of nobody": (OFAC_FILE, OFAC.replace('ProfileID="173"', 'ProfileID="9"'),
                            "list.editions-mixed"),
    "issued next year": (OFAC_FILE, OFAC.replace("<Year>2026", "<Year>2027"),
                         "list.from-the-future"),
    # CSV.
    "a web page for CSV": (EU_TABLE, "<html>try again later</html>", "list.row-malformed"),
    "the other delimiter": (EU_TABLE, EU_CSV.replace(";", ","), "list.row-malformed"),
    "another header": (UK_FILE, FCDO, "list.row-malformed"),
    "another header still": (UK_TABLE, CONLIST, "list.row-malformed"),
    "no header": (UK_FILE, "Last Updated,01/03/2026\r\n", "list.row-malformed"),
    "a column twice": (SIMPLE_FILE, SIMPLE.replace("phones", "name", 1), "list.row-malformed"),
    "columns without end": (SIMPLE_FILE, SIMPLE.replace("phones", "x," * 1000, 1),
                            "list.row-malformed"),
    "a header alone": (SIMPLE_FILE, SIMPLE[: SIMPLE.index("\r\n") + 2], "list.file-empty"),
    "no day": (UK_FILE, CONLIST.replace("01/03/2026", "today", 1), "list.row-malformed"),
    "made in a week": (UK_FILE, CONLIST.replace("01/03/2026", "10/03/2026", 1),
                       "list.from-the-future"),
    "a bad row in the middle": (UK_FILE, CONLIST.replace("THE LAST,", "THE LAST,,", 1),
                                "list.row-malformed"),
    "an open quote": (SIMPLE_FILE, SIMPLE + '"NK-6,', "list.row-malformed"),
    "a quote in the middle": (SIMPLE_FILE, SIMPLE.replace("BLACK HERON", '"BLACK" HERON', 1),
                              "list.row-malformed"),
    "a null character": (SIMPLE_FILE, SIMPLE.replace("1965;1966-03", "\0", 1),
                              "list.encoding"),
    "a huge field": (SIMPLE_FILE, SIMPLE.replace("BLACK", "X" * 200_000, 1), "list.row-malformed"),
    "a huge line": (SIMPLE_FILE, SIMPLE.replace("\r\n", "," * (9 << 20)), "list.row-malformed"),
    "an id twice": (SIMPLE_FILE, SIMPLE.replace("NK-2", "NK-1"), "list.duplicate-entity"),
    "no id": (SIMPLE_FILE, SIMPLE.replace("NK-2", ""), "list.row-malformed"),
    "CSV in UTF-16": (SIMPLE_FILE, SIMPLE.encode("utf-16"), "list.encoding"),
    "CSV in Windows-1251": (EU_TABLE, EU_CSV.encode("cp1251"), "list.encoding"),
    "one number of two kinds": (EU_TABLE, eu_csv(
        HARALD | {"NameAlias_WholeName": "Harald"},
        HARALD | {"NameAlias_WholeName": "Harald",
                  "Entity_SubjectType_ClassificationCode": "enterprise"}),
                                "list.duplicate-entity"),
    "one group of two kinds": (UK_FILE, CONLIST.replace("7002", "7001"), "list.duplicate-entity"),
    "rows of two days": (EU_TABLE, EU_CSV.replace("01/03/2026", "28/02/2026", 1),
                         "list.editions-mixed"),
    "an EU day that is none": (EU_TABLE, EU_CSV.replace("01/03/2026", "01/03"),
                               "list.row-malformed"),
    "an EU row without a name": (EU_TABLE, eu_csv(HARALD), "list.row-malformed"),
    # Objects.
    "no object": (FTM_FILE, "[]\n", "list.row-malformed"),
    "no JSON": (FTM_FILE, FTM + "{\n", "list.row-malformed"),
    "deep JSON": (FTM_FILE, "[" * 100_000 + "\n", "list.row-malformed"),
    "no properties": (FTM_FILE, '{"id": "1", "schema": "Person"}\n', "list.row-malformed"),
    "a property that is no list": (FTM_FILE,
                                   '{"id": "1", "schema": "Person", "properties": {"name": 7}}\n',
                                   "list.row-malformed"),
    "half a surrogate pair": (FTM_FILE, FTM.replace("Haraldr", "Har\\ud800"),
                              "list.row-malformed"),
    "an object twice": (FTM_FILE, FTM + ftm(FTM_OBJECTS[3]), "list.duplicate-entity"),
    "targets of nobody": (FTM_FILE, ftm(FTM_OBJECTS[-1]), "list.file-empty"),
    "objects in Windows-1251": (FTM_FILE, FTM.encode("cp1251"), "list.encoding"),
    "an object without end": (FTM_FILE, '{"id": "' + "x" * (9 << 20), "list.row-malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "content", "code"), BAD.values(), ids=BAD.keys())
def test_a_bad_list_is_refused_even_if_it_is_what_was_published(
    tmp_path: Path, file: str, content: str | bytes, code: str
) -> None:
    assert of(tmp_path, file, content) == code


@pytest.mark.parametrize("file", XML)
def test_xml_proves_its_own_end(tmp_path: Path, file: str) -> None:
    """No hash is needed, and none helps: whatever is cut off, the root has not ended."""
    content = XML[file].encode().rstrip()
    (tmp_path / file).write_bytes(content)
    undated = Publication("TEST", PUBLISHED_AT, {})
    whole = read_undated(tmp_path, undated, now=NOW)
    assert whole.entries
    for length in range(1, len(content), 7):
        cut = content[:length]
        (tmp_path / file).write_bytes(cut)
        assert code_of(lambda: read_undated(tmp_path, undated, now=NOW)) == "list.truncated"
        vouched = Publication("TEST", PUBLISHED_AT, {file: sha256(cut).hexdigest()})
        assert code_of(partial(read_undated, tmp_path, vouched, now=NOW)) == "list.truncated"


@pytest.mark.parametrize("file", [EU_TABLE, UK_FILE, UK_TABLE, SIMPLE_FILE])
def test_a_table_without_a_hash_is_not_taken(tmp_path: Path, file: str) -> None:
    """A file that was cut off at the end of a row looks whole."""
    (tmp_path / file).write_text(LISTS[file], newline="")
    undated = Publication("TEST", PUBLISHED_AT, {})
    assert code_of(lambda: read_undated(tmp_path, undated, now=NOW)) == "list.truncated"


def test_objects_without_a_hash_end_with_a_line_feed(tmp_path: Path) -> None:
    (tmp_path / FTM_FILE).write_text(FTM)
    undated = Publication("TEST", PUBLISHED_AT, {})
    assert read_undated(tmp_path, undated, now=NOW).entries
    for cut in range(1, len(FTM), 11):
        (tmp_path / FTM_FILE).write_text(FTM[:-cut])
        if not FTM[:-cut].endswith("\n"):
            assert code_of(lambda: read_undated(tmp_path, undated, now=NOW)) == "list.truncated"


@pytest.mark.parametrize("file", LISTS)
def test_a_file_that_is_not_the_published_one_is_refused(tmp_path: Path, file: str) -> None:
    folder = publish(tmp_path, {file: LISTS[file]})
    read_list(folder, now=NOW)
    changed = LISTS[file].replace("1965", "1956").replace("1961", "1916")
    assert changed != LISTS[file]
    (folder / file).write_text(changed, newline="")
    code = code_of(lambda: read_list(folder, now=NOW))
    assert code == ("list.truncated" if file.endswith(".csv") else "list.hash-mismatch")
    (folder / file).unlink()
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.file-missing"


def test_an_edition_is_of_one_format(tmp_path: Path) -> None:
    assert code_of(lambda: read(tmp_path / "a", {UN_FILE: UN, EU_FILE: EU_XML})) == (
        "list.editions-mixed"
    )
    sdn = '1,"X",-0- ,"Y",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\x1a'
    both = {"sdn.csv": sdn, UN_FILE: UN}
    assert code_of(lambda: read(tmp_path / "b", both)) == "list.editions-mixed"
    both = {"sdn.csv": sdn, "cons_prim.csv": sdn}
    assert code_of(lambda: read(tmp_path / "c", both)) == "list.editions-mixed"
    assert code_of(lambda: read(tmp_path / "d", {"cons_alt.csv": "\x1a"})) == "list.file-missing"


def test_what_a_file_is_in_is_never_guessed(tmp_path: Path) -> None:
    """A name that says nothing needs a format, and a format is one of those that are known."""
    said_of: list[tuple[dict[str, str], dict[str, object]]] = [
        ({"list.xml": UN}, {}),
        ({"list.xml": UN}, {"format": "xml"}),
        ({"list.xml": UN}, {"format": "wallets"}),
        ({"list.xml": UN}, {"format": ["un-xml"]}),
        ({"..": UN}, {"format": "un-xml"}),
        ({PUBLICATION: UN}, {"format": "un-xml"}),
    ]
    for number, (files, changed) in enumerate(said_of):
        folder = tmp_path / str(number)
        folder.mkdir()
        hashes = {name: sha256(text.encode()).hexdigest() for name, text in files.items()}
        said = {"list": "X", "published_at": "2026-03-02T06:00:00Z", "files": hashes} | changed
        (folder / PUBLICATION).write_text(json.dumps(said))
        assert code_of(partial(read_list, folder, now=NOW)) == "list.publication-malformed"
    assert read(tmp_path / "named", {"list.xml": UN}, format="un-xml").entries
    # The name of a file is what it says, whatever the format beside it says.
    assert of(tmp_path / "other", UN_FILE, EU_XML) == "list.row-malformed"


DIGEST = sha256(UN.encode()).hexdigest()
WHOLE = {"sha256": DIGEST, "whole": True}


@pytest.mark.parametrize(
    "changed",
    [
        {"files": {}},
        {"files": {}, "received": {}},
        {"files": {}, "received": []},
        {"files": {}, "received": {UN_FILE: DIGEST}},
        {"files": {}, "received": {UN_FILE: {"sha256": DIGEST}}},
        {"files": {}, "received": {UN_FILE: WHOLE | {"whole": "yes"}}},
        {"files": {}, "received": {UN_FILE: WHOLE | {"sha256": "00"}}},
        {"files": {}, "received": {UN_FILE: WHOLE | {"sha256": [DIGEST]}}},
        {"files": {}, "received": {"../" + UN_FILE: WHOLE}},
        {"list": " "},
        {"list": "UN\n"},
        {"published_at": "0001-01-01T00:00:00+23:59"},
    ],
    ids=str,
)
def test_a_publication_that_says_too_little_is_refused(
    tmp_path: Path, changed: Mapping[str, object]
) -> None:
    folder = publish(tmp_path, {UN_FILE: UN}, **changed)
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.publication-malformed"


def test_a_list_is_dated_by_its_day_and_a_day_has_no_zone(tmp_path: Path) -> None:
    """OFSI's 3 March may have begun when it is still the 2nd in UTC; its 4th has not."""
    late = NOW.replace(hour=23)
    for day, taken in [("03", True), ("04", True), ("05", False)]:
        folder = tmp_path / day
        text = CONLIST.replace("01/03/2026", f"{day}/03/2026", 1)
        publish(folder, {UK_FILE: text})
        if taken:
            assert read_list(folder, now=late).dated_at
        else:
            assert code_of(partial(read_list, folder, now=late)) == "list.from-the-future"
    early = PUBLISHED_AT - timedelta(seconds=1)
    assert code_of(lambda: read_list(tmp_path / "03", now=early)) == "list.from-the-future"


def test_a_long_file_takes_no_more_memory_than_one_of_its_entries(tmp_path: Path) -> None:
    """OFAC's has some 100 MB; entries are handed on and forgotten."""
    file = tmp_path / "long.xml"
    with file.open("w") as written:
        written.write("<CONSOLIDATED_LIST>")
        for _ in range(40_000):
            written.write(f"<OTHER a='b'>{'x' * 60}</OTHER><INDIVIDUAL>{'y' * 300}</INDIVIDUAL>")
        written.write("</CONSOLIDATED_LIST>")
    entries = Entries(file.name, "CONSOLIDATED_LIST", ["INDIVIDUAL"])
    with file.open("rb") as stream:
        tracemalloc.start()
        try:
            assert sum(1 for _ in entries.read(stream)) == 40_000
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert file.stat().st_size > 10_000_000  # more than any entry may have
    assert peak < 1_000_000, peak


@pytest.mark.parametrize(
    ("module", "bound", "file", "code"),
    [
        (reading, "ENTRIES_MAX", FTM_FILE, "list.row-malformed"),
        (reading, "SKIPPED_MAX", FTM_FILE, "list.row-malformed"),
        (opening, "XML_BYTES_MAX", UN_FILE, "list.truncated"),
        (opening, "STREAM_BYTES_MAX", FTM_FILE, "list.truncated"),
        (opening, "FILE_BYTES_MAX", XBT, "list.truncated"),
        (ofac_xml, "VALUES_MAX", OFAC_FILE, "list.markup-forbidden"),
    ],
)
def test_no_list_is_longer_than_memory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    bound: str,
    file: str,
    code: str,
) -> None:
    content = LISTS.get(file, f"{ADDRESS}\n") + ("\n\n" if file == FTM_FILE else "")
    assert read(tmp_path, {file: content}).counts
    monkeypatch.setattr(module, bound, 1)
    assert of(tmp_path, file, content) == code


def test_nothing_is_fetched_and_nothing_is_opened(tmp_path: Path) -> None:
    """Not even what an instruction names."""
    secret = tmp_path / "secret"
    secret.write_text("Harald")
    for head in [
        f'<?xml-stylesheet href="{secret.as_uri()}"?>',
        f'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}"/>',
    ]:
        text = LIST.format(BODY.format("Sigurd") + head)
        listed = read(tmp_path / str(len(head)), {UN_FILE: text})
        assert listed.entries[0].names == ("Sigurd",)


def test_a_huge_attribute_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.xml"
    with file.open("wb") as written:
        written.write(b'<CONSOLIDATED_LIST a="')
        written.truncate(1 << 30)  # a gigabyte that takes no place
    with file.open("rb") as stream:
        entries = Entries(file.name, "CONSOLIDATED_LIST", ["INDIVIDUAL"])
        with pytest.raises((MarkupForbidden, Refusal)):
            list(entries.read(stream))
        assert stream.tell() < 4 << 20


# Whatever is done to a file, it is read or refused, and nothing else happens.

SPLICES = [b"<", b">", b"</", b'"', b";", b",", b"\n", b"\r", b"&", b"&#0;", b"\x00", b"\xff", b"{"]
SPLICES += [b"[", b"\\ud800", b"9" * 40, b"-", "\u202e".encode(), b"0000-00-00", b"\x1a"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None
)
@given(st.data())
def test_a_damaged_list_is_read_or_refused_and_nothing_else(
    tmp_path: Path, data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(sorted(LISTS)))
    content = bytearray(LISTS[file].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 12) | st.integers(0, 400))
        begin = data.draw(st.integers(0, len(content) - 1))
        copied = bytes(content[begin : begin + data.draw(st.integers(0, 200))])
        drawn = st.binary(max_size=6) | st.sampled_from(SPLICES) | st.just(copied)
        content[at : at + length] = data.draw(drawn) or b" "
    taken_or_refused(lambda: read(tmp_path, {file: bytes(content) or b"\n"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "holder", "entity", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(st.data())
def test_objects_of_any_form_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    texts = st.lists(st.text(max_size=20), max_size=3)
    names = [*{name for one in FTM_OBJECTS for name in one["properties"]}, "topics", "number"]
    properties = st.dictionaries(st.sampled_from(sorted(names)), texts | JSON, max_size=5)
    schemata = ["Person", "CryptoWallet", "Passport", "Sanction", "Vessel", "Other"]
    one = st.fixed_dictionaries(
        {"id": st.text(max_size=8) | JSON, "schema": st.sampled_from(schemata) | JSON,
         "properties": properties | JSON},
        optional={"target": JSON, "caption": JSON},
    )  # fmt: skip
    drawn = data.draw(st.lists(one, min_size=1, max_size=4))
    text = "".join(json.dumps(each) + "\n" for each in drawn)
    taken_or_refused(lambda: read(tmp_path, {FTM_FILE: text}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    said=st.dictionaries(
        st.sampled_from(["list", "published_at", "files", "format", "received"]), JSON
    )
)
def test_a_publication_of_any_form_is_read_or_refused(
    tmp_path: Path, said: dict[str, object]
) -> None:
    folder = publish(tmp_path, {UN_FILE: UN}, **said)
    taken_or_refused(lambda: read_list(folder, now=NOW))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_wallets_of_any_form_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    taken_or_refused(lambda: read(tmp_path, {XBT: ADDRESS.encode() + b"\n" + content}))


def taken_or_refused(read: Callable[[], SanctionsList]) -> None:
    try:
        listed = read()
    except Refusal as refusal:
        if not refusal.code.startswith("list."):
            raise
        str(refusal).encode()
    else:
        assert listed.entries or listed.wallets
        assert all(entity.names for entity in listed.entries)
        repr(listed).encode()
