"""A UBL 2.1 invoice (ISO/IEC 19845) as one draft of an obligation.

Read are: the invoice's number, issue and due date, its payable amount with currency, and the LEIs
of supplier (creditor) and customer (debtor). An LEI stands where EN 16931 puts identifiers, with
the scheme 0199 of ISO 6523: the party's endpoint, an identification, or its registration.

XML from outside: document types, entities and anything outside the file are refused, not resolved.
"""

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clearhouse.core.draft import Draft
from clearhouse.core.errors import Kind, Refusal
from clearhouse.feeds.lines import FileEmpty

BYTES_MAX = 8 << 20  # with documents embedded, which cost no more than their bytes
# A tag of four bytes becomes an element of a hundred and more. Five thousand lines fit.
MARKUP_MAX = 400_000
DETAIL_MAX = 200  # what the parser says quotes the file
LEI_SCHEME = "0199"
NS = {
    "inv": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


class XmlForbidden(Refusal):
    """An XML file declares a document type or entities."""

    code = "xml.forbidden"
    kind = Kind.MALFORMED


class XmlMalformed(Refusal):
    """A file is not well-formed XML, or not a UBL invoice."""

    code = "xml.malformed"
    kind = Kind.MALFORMED


class InvoiceIncomplete(Refusal):
    """An invoice lacks what an obligation needs."""

    code = "invoice.incomplete"
    kind = Kind.MALFORMED


def read_invoice(file: Path) -> Draft:
    """Read an invoice into a draft; what its fields say is checked where all drafts are.

    Raises:
        FileEmpty, XmlForbidden, XmlMalformed: It cannot be read at all.
        InvoiceIncomplete: Naming every element that is missing.
    """
    with file.open("rb") as stream:
        content = stream.read(BYTES_MAX + 1)
    if not content.strip():
        raise FileEmpty("it should be a UBL 2.1 invoice")
    if len(content) > BYTES_MAX:
        raise XmlMalformed(f"an invoice has at most {BYTES_MAX:,} bytes")
    if content.count(b"<") + content.count(b"=") > MARKUP_MAX:
        raise XmlMalformed(f"an invoice has at most {MARKUP_MAX:,} tags and attributes")
    try:
        root = fromstring(content, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as trouble:
        detail = f"document types and entities are not read: {str(trouble)[:DETAIL_MAX]}"
        raise XmlForbidden(detail) from trouble
    except (ParseError, ValueError, LookupError) as trouble:
        raise XmlMalformed(str(trouble)[:DETAIL_MAX]) from trouble
    if root.tag != f"{{{NS['inv']}}}Invoice":
        raise XmlMalformed(f"its root is {root.tag[:120]}, not a UBL 2.1 Invoice")
    return _draft(root)


def _draft(root: Element) -> Draft:
    amount = root.find("cac:LegalMonetaryTotal/cbc:PayableAmount", NS)
    fields = {
        "cbc:ID": _text(root.find("cbc:ID", NS)),
        "cbc:IssueDate": _text(root.find("cbc:IssueDate", NS)),
        "cbc:DueDate": _text(root.find("cbc:DueDate", NS)),
        "cac:LegalMonetaryTotal/cbc:PayableAmount": _text(amount),
        "PayableAmount/@currencyID": amount.get("currencyID", "") if amount is not None else "",
        "cac:AccountingSupplierParty: an LEI": _lei(root, "cac:AccountingSupplierParty"),
        "cac:AccountingCustomerParty: an LEI": _lei(root, "cac:AccountingCustomerParty"),
    }
    if missing := [name for name, value in fields.items() if not value]:
        detail = f"missing: {'; '.join(missing)} (an LEI has schemeID {LEI_SCHEME})"
        raise InvoiceIncomplete(detail)
    number, issued, due, units, currency, supplier, customer = fields.values()
    return Draft(
        line=1,
        reference=number,
        debtor=customer,
        creditor=supplier,
        amount=units,
        asset=currency,
        traded_on=issued,
        due_on=due,
    )


def _text(element: Element | None) -> str:
    # What has elements within is no basic component: part of an amount is not the amount.
    return (element.text or "").strip() if element is not None and len(element) == 0 else ""


def _lei(root: Element, role: str) -> str:
    places = (
        "cac:Party/cbc:EndpointID",
        "cac:Party/cac:PartyIdentification/cbc:ID",
        "cac:Party/cac:PartyLegalEntity/cbc:CompanyID",
    )
    for place in places:
        for element in root.findall(f"{role}/{place}", NS):
            if element.get("schemeID") == LEI_SCHEME and (lei := _text(element)):
                return lei
    return ""
