"""UBL invoices: read to the letter, or refused; and nothing outside the file is looked at."""

import socket
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearhouse.core.draft import Draft
from clearhouse.core.errors import Refusal
from clearhouse.demo.country import Firm, found
from clearhouse.demo.trade import Invoice
from clearhouse.feeds.ubl import BYTES_MAX, read_invoice

PEOPLE = found(Random(3), 2)
BUYER, SELLER = PEOPLE.traders
INVOICE = Invoice(
    "INV-2602-000001", BUYER, SELLER, "41250.00", "USD", date(2026, 2, 27), date(2026, 3, 9)
)
GOOD = INVOICE.ubl()
DRAFT = Draft(
    1, "INV-2602-000001", BUYER.id, SELLER.id, "41250.00", "USD", "2026-02-27", "2026-03-09"
)
ENDPOINT = '<cbc:EndpointID schemeID="0199">{}</cbc:EndpointID>'
IDENTIFICATION = (
    '<cac:PartyIdentification><cbc:ID schemeID="0199">{}</cbc:ID></cac:PartyIdentification>'
)
REGISTRATION = (
    '<cac:PartyLegalEntity><cbc:CompanyID schemeID="0199">{}</cbc:CompanyID></cac:PartyLegalEntity>'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "invoice.xml"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server on this machine that must not be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def uncalled(server: socket.socket) -> bool:
    try:
        server.accept()
    except BlockingIOError:
        return True
    return False


def read(file: Path, text: str | bytes) -> Draft:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_invoice(file)


def refusal(file: Path, text: str | bytes) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(file, text)
    assert len(refused.value.detail) < 1000
    return refused.value


def without(text: str, start: str, end: str) -> str:
    """The text without what stands from `start` to `end`, both included."""
    before, found_start, rest = text.partition(start)
    _, found_end, after = rest.partition(end)
    assert found_start
    assert found_end
    return before + after


def test_a_good_invoice_is_read_to_the_letter(file: Path) -> None:
    assert read(file, GOOD) == DRAFT


def test_space_comments_and_other_prefixes_change_nothing(file: Path) -> None:
    spaced = GOOD.replace(">41250.00<", ">\n 41250.00\t<!-- net -->\n<").replace("cbc:", "b:")
    assert read(file, spaced.replace("xmlns:cbc", "xmlns:b")) == DRAFT
    assert read(file, GOOD.replace("41250.00", "<![CDATA[41250.00]]>")) == DRAFT
    assert read(file, GOOD.replace("41250.00", "4&#49;250.00")) == DRAFT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-15", "cp1252"])
def test_other_encodings_are_read_when_they_are_declared(file: Path, encoding: str) -> None:
    declared = GOOD.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    assert read(file, declared.replace("AS<", "ÅS<").encode(encoding)) == DRAFT


@pytest.mark.parametrize("firm", [BUYER, SELLER], ids=["customer", "supplier"])
@pytest.mark.parametrize(
    "place",
    [
        ENDPOINT,
        IDENTIFICATION.replace(' schemeID="0199"', "") + IDENTIFICATION,
        REGISTRATION,
        ENDPOINT.replace("{}", " ") + REGISTRATION,
    ],
    ids=["endpoint", "second-identification", "registration", "beside-an-empty-endpoint"],
)
def test_an_lei_stands_in_each_of_three_places(file: Path, firm: Firm, place: str) -> None:
    role = "AccountingCustomerParty" if firm is BUYER else "AccountingSupplierParty"
    bare = without(GOOD, f"<cac:{role}>", f"</cac:{role}>")
    party = f"<cac:{role}><cac:Party>{place.replace('{}', firm.id)}</cac:Party></cac:{role}>"

    assert read(file, bare.replace("</Invoice>", f"{party}</Invoice>")) == DRAFT


def test_a_number_of_another_scheme_is_no_lei(file: Path) -> None:
    refused = refusal(file, GOOD.replace('schemeID="0199"', 'schemeID="0088"'))

    assert refused.code == "invoice.incomplete"
    assert "AccountingSupplierParty" in refused.detail
    assert "AccountingCustomerParty" in refused.detail


PARTS = [
    ("<cbc:ID>", "</cbc:ID>", "cbc:ID"),
    ("<cbc:IssueDate>", "</cbc:IssueDate>", "cbc:IssueDate"),
    ("<cbc:DueDate>", "</cbc:DueDate>", "cbc:DueDate"),
    ("<cbc:PayableAmount", "</cbc:PayableAmount>", "cbc:PayableAmount"),
    (' currencyID="', '"', "PayableAmount/@currencyID"),
    ("<cac:AccountingSupplierParty>", "</cac:AccountingSupplierParty>", "SupplierParty: an LEI"),
    ("<cac:AccountingCustomerParty>", "</cac:AccountingCustomerParty>", "CustomerParty: an LEI"),
]


@pytest.mark.parametrize(("start", "end", "named"), PARTS)
def test_what_is_missing_is_named(file: Path, start: str, end: str, named: str) -> None:
    refused = refusal(file, without(GOOD, start, end))

    assert refused.code == "invoice.incomplete"
    said = refused.detail.partition(" (")[0]
    wanted = [name for *_, name in PARTS if name in said]
    also = ["PayableAmount/@currencyID"] if named == "cbc:PayableAmount" else []
    assert wanted == [named, *also]


def test_everything_that_is_missing_is_named_at_once(file: Path) -> None:
    root = GOOD[: GOOD.index("<cbc:UBLVersionID>")]
    said = refusal(file, root + "</Invoice>").detail

    assert all(name in said for *_, name in PARTS)


@pytest.mark.parametrize("amount", ["<b/>41250.00", "41<b/>250.00", "41250<b>.00</b>"])
def test_an_amount_in_pieces_is_no_amount(file: Path, amount: str) -> None:
    refused = refusal(file, GOOD.replace(">41250.00<", f">{amount}<"))

    assert refused.code == "invoice.incomplete"
    assert "PayableAmount" in refused.detail


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "file.empty"),
        (b" \n\t", "file.empty"),
        (b"reference,debtor,creditor\n", "xml.malformed"),
        (b"<", "xml.malformed"),
        (b"\0", "xml.malformed"),
        (GOOD[:-20], "xml.malformed"),
        (GOOD + "<more/>", "xml.malformed"),
        (GOOD.replace("</cbc:DueDate>", "</cbc:dueDate>"), "xml.malformed"),
        (GOOD.replace("Invoice-2", "CreditNote-2"), "xml.malformed"),
        (GOOD.replace("Invoice", "CreditNote"), "xml.malformed"),
        (GOOD.replace("Invoice-2", "Invoice-3"), "xml.malformed"),
        ("<Invoice/>", "xml.malformed"),
        (GOOD.replace("41250.00", "&#0;"), "xml.malformed"),
        (GOOD.replace("41250.00", "&#xD800;"), "xml.malformed"),
        (GOOD.replace("41250.00", "&undeclared;"), "xml.malformed"),
        (GOOD.replace("41250.00", "&" + "u" * 100_000 + ";"), "xml.malformed"),
        (GOOD.replace("UTF-8", "utf-7"), "xml.malformed"),
        (GOOD.replace("UTF-8", "no-such-encoding"), "xml.malformed"),
        (GOOD.replace("AS<", "\xc5S<").encode("latin-1"), "xml.malformed"),
        (GOOD.encode("utf-16"), "xml.malformed"),  # it says that it is UTF-8
        (GOOD.encode("utf-32"), "xml.malformed"),
    ],
)
def test_what_is_no_invoice_is_refused(file: Path, text: str | bytes, code: str) -> None:
    assert refusal(file, text).code == code


LAUGHS = "".join(f'<!ENTITY laugh{n} "{f"&laugh{n - 1};" * 10 if n else "ha"}">' for n in range(10))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE Invoice>",
        '<!DOCTYPE Invoice SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE Invoice SYSTEM "http://127.0.0.1:{port}/invoice.dtd">',
        '<!DOCTYPE Invoice PUBLIC "-//A//B" "http://127.0.0.1:{port}/invoice.dtd">',
        '<!DOCTYPE Invoice [<!ENTITY due "2026-03-09">]>',
        '<!DOCTYPE Invoice [<!ENTITY due SYSTEM "file://{path}">]>',
        '<!DOCTYPE Invoice [<!ENTITY due SYSTEM "http://127.0.0.1:{port}/due">]>',
        '<!DOCTYPE Invoice [<!ENTITY % due SYSTEM "http://127.0.0.1:{port}/due"> %due;]>',
        f"<!DOCTYPE Invoice [{LAUGHS}]>",
        "<!DOCTYPE Invoice [<!ENTITY due " + f'"{"x" * 100_000}">]>',
        f'<!DOCTYPE Invoice SYSTEM "{"x" * 100_000}">',
    ],
    ids=str,
)
def test_document_types_and_entities_are_refused_and_nothing_is_fetched(
    file: Path, tmp_path: Path, listener: socket.socket, doctype: str
) -> None:
    secret = tmp_path / "due"
    secret.write_text("2026-03-09")
    doctype = doctype.replace("{port}", str(listener.getsockname()[1]))
    doctype = doctype.replace("{path}", str(secret))
    reference = "&laugh9;" if "laugh" in doctype else "&due;"
    head, _, rest = GOOD.partition("?>")
    body = rest.replace("2026-03-09", reference) if "ENTITY due" in doctype else rest

    refused = refusal(file, f"{head}?>{doctype}{body}")

    assert refused.code == "xml.forbidden"
    assert "2026-03-09" not in refused.detail
    assert uncalled(listener)


@pytest.mark.parametrize(
    "inside",
    [
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}"/>',
        '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u {url}"/>',
    ],
)
def test_other_ways_to_point_outside_are_not_followed(
    file: Path, listener: socket.socket, inside: str
) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    style = f'?><?xml-stylesheet type="text/xsl" href="{url}"?>'
    pointing = GOOD.replace("?>", style, 1)

    read_back = read(file, pointing.replace("</Invoice>", f"{inside}</Invoice>".format(url=url)))

    assert read_back == DRAFT
    assert uncalled(listener)


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * 2_500_000,
        b"<a>" + b"<a/>" * 2_000_000 + b"</a>",
        b"<a " + b" ".join(b'b%d="1"' % n for n in range(500_000)) + b"/>",
        b"<a " + b" ".join(b'xmlns:b%d="u"' % n for n in range(450_000)) + b"/>",
        b"x" * (BYTES_MAX + 1),
        b" " * BYTES_MAX + b"<",
        b"<a>" + b"\n" * (BYTES_MAX - 10) + b"</a>",
    ],
    ids=["deep", "wide", "attributes", "prefixes", "long", "blank", "lines"],
)
def test_a_file_made_to_be_dear_is_cheap(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(Refusal, match=r"xml\.malformed"):
            read_invoice(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5 * BYTES_MAX
    assert time.monotonic() - began < 5


def test_a_gigabyte_is_not_read(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(1 << 30)  # it takes no room on the disk
    tracemalloc.start()
    try:
        with pytest.raises(Refusal, match=r"xml\.malformed.*at most"):
            read_invoice(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 5 * BYTES_MAX


def test_an_invoice_of_a_thousand_lines_with_a_document_inside_is_read(file: Path) -> None:
    line = "<cac:InvoiceLine>" + "<cbc:Note a='1'>n</cbc:Note>" * 40 + "</cac:InvoiceLine>"
    document = "<cbc:EmbeddedDocumentBinaryObject>" + "QUJD" * 1_000_000
    more = line * 1_000 + document + "==</cbc:EmbeddedDocumentBinaryObject>"

    assert read(file, GOOD.replace("</Invoice>", f"{more}</Invoice>")) == DRAFT


@given(
    st.binary()
    | st.tuples(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(max_size=10)).map(
        lambda cut: (GOOD[: cut[0]] + cut[2] + GOOD[cut[0] + cut[1] :]).encode()
    )
)
@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_at_all_are_a_draft_or_a_refusal(file: Path, content: bytes) -> None:
    try:
        draft = read(file, content)
    except Refusal as refused:
        code = refused.code
    else:
        code = ""
        assert all((draft.reference, draft.debtor, draft.creditor, draft.amount, draft.asset))
    assert code in {"", "file.empty", "xml.malformed", "xml.forbidden", "invoice.incomplete"}
