"""The words by which lists call what identifies somebody, and what they are in ours.

OFAC uses the same words in the remarks of its CSV files and in its XML. What is not here keeps the
list's own word.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from clearhouse.core.listed import Category, IdentifierKind

P, N, T, R = (
    IdentifierKind.PASSPORT,
    IdentifierKind.NATIONAL_ID,
    IdentifierKind.TAX_NUMBER,
    IdentifierKind.REGISTRATION,
)
OTHER = IdentifierKind.OTHER

OFAC_WORDS: Final[Mapping[str, IdentifierKind]] = MappingProxyType(
    {
        "Passport": P,
        "British National Overseas Passport": P,
        "Diplomatic Passport": P,
        "Stateless Person Passport": P,
        "National ID No.": N,
        "National Foreign ID Number": N,
        "Identification Number": N,
        "Personal ID Card": N,
        "Bosnian Personal ID No.": N,
        "CNP (Personal Numerical Code)": N,
        "Cedula No.": N,
        "Cedula de Ciudadania": N,
        "D.N.I.": N,
        "C.U.R.P.": N,
        "SSN": N,
        "Tazkira National ID Card": N,
        "Citizen's Card Number": N,
        "Moroccan Personal ID No.": N,
        "N.I.E.": N,
        "Numero de Identidad": N,
        "Refugee ID Card": N,
        "Residency Number": N,
        "Turkish Identification Number": N,
        "UAE Identification": N,
        "R.F.C.": T,
        "NIT #": T,
        "RUC #": T,
        "RIF #": T,
        "RTN": T,
        "C.U.I.T.": T,
        "C.U.I.": T,
        "Tax ID No.": T,
        "V.A.T. Number": T,
        "US FEIN": T,
        "C.I.F.": T,
        "Fiscal Code": T,
        "Paraguayan tax identification number": T,
        "Romanian Tax Registration": T,
        "Italian Fiscal Code": T,
        "Registration Number": R,
        "Registration ID": R,
        "Registered Charity No.": R,
        "Company Number": R,
        "UK Company Number": R,
        "Enterprise Number": R,
        "Unified Social Credit Code (USCC)": R,
        "Organization Code": R,
        "Business Number": R,
        "Istanbul Chamber of Comm. No.": R,
        "MSB Registration Number": R,
        "Romanian C.R.": R,
        "United Social Credit Code Certificate (USCCC)": R,
        "Business Registration Number": R,
        "Business Registration Document #": R,
        "Chamber of Commerce Number": R,
        "Commercial Registry Number": R,
        "Certificate of Incorporation Number": R,
        "Public Registration Number": R,
        "Economic Register Number (CBLS)": R,
        "Matricula Mercantil No": R,
        "Folio Mercantil No.": R,
        "C.R. No.": R,
        "Trade License No.": R,
        "Legal Entity Number": R,
        "Government Gazette Number": OTHER,
        "BIK (RU)": OTHER,
        "D-U-N-S Number": OTHER,
        "Driver's License No.": OTHER,
        "Electoral Registry No.": OTHER,
        "Credencial electoral": OTHER,
        "Cartilla de Servicio Militar Nacional": OTHER,
        "Aircraft Construction Number (also called L/N or S/N or F/N)": OTHER,
        "Aircraft Manufacturer's Serial Number (MSN)": OTHER,
        "Aircraft Manufacturer’s Serial Number (MSN)": OTHER,  # noqa: RUF001 - as the XML has it
        "Aircraft Mode S Transponder Code": OTHER,
        "Aircraft Serial Identification": OTHER,
        "Aircraft Tail Number": OTHER,
        "Vessel Registration Identification": IdentifierKind.IMO,  # which says `IMO 9187629`
        "Vessel Call Sign": IdentifierKind.CALL_SIGN,
        "Other Vessel Call Sign": IdentifierKind.CALL_SIGN,
        "MMSI": IdentifierKind.MMSI,
        "SWIFT/BIC": IdentifierKind.BIC,
        "LEI": IdentifierKind.LEI,
    }
)
BY_FOLDED: Final = MappingProxyType({word.lower(): kind for word, kind in OFAC_WORDS.items()})

EU_CODES: Final[Mapping[str, IdentifierKind]] = MappingProxyType(
    {
        "passport": P,
        "diplpassport": P,
        "servpassport": P,
        "id": N,
        "ssn": N,
        "fiscalcode": T,
        "tax": T,
        "vat": T,
        "regnumber": R,
        "tradelic": R,
        "imo": IdentifierKind.IMO,
        "swiftbic": IdentifierKind.BIC,
        "lei": IdentifierKind.LEI,
    }
)

CATEGORIES: Final[Mapping[str, Category]] = MappingProxyType(
    {
        "individual": Category.PERSON,
        "person": Category.PERSON,
        "p": Category.PERSON,
        "entity": Category.ORGANISATION,
        "enterprise": Category.ORGANISATION,
        "e": Category.ORGANISATION,
        "company": Category.ORGANISATION,
        "organization": Category.ORGANISATION,
        "publicbody": Category.ORGANISATION,
        "vessel": Category.VESSEL,
        "ship": Category.VESSEL,
        "aircraft": Category.AIRCRAFT,
        "airplane": Category.AIRCRAFT,
    }
)


def category_of(word: str) -> Category:
    """What a list's word for the kind of an entry means."""
    return CATEGORIES.get(word.strip().lower(), Category.UNSAID)


PASSPORT = re.compile(r"pass[e]?port|pasaporte", re.IGNORECASE)
NATIONAL = re.compile(
    r"national|identi[tf]|personal i|\bid\b|tazkira|cedula|citizen", re.IGNORECASE
)


def document_kind(word: str) -> IdentifierKind:
    """The kind of a document that a list names in people's words."""
    if PASSPORT.search(word):
        return P
    if "tax" in word.lower():
        return T
    return N if NATIONAL.search(word) else OTHER


def ofac_kind(word: str, value: str) -> IdentifierKind:
    """The kind of a document that OFAC's XML has."""
    known = BY_FOLDED.get(word.lower())
    return document_kind(word) if known is None else vessel_kind(known, value)


def vessel_kind(kind: IdentifierKind, value: str) -> IdentifierKind:
    """OFAC's registration of a vessel is its IMO number if it says so."""
    if kind is IdentifierKind.IMO and not value.strip().upper().startswith("IMO"):
        return R
    return kind
