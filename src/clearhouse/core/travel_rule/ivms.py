"""`Ivms`: who sends and who receives, as the interVASP messaging standard IVMS 101 has it.

One record for both versions of the standard: 101, of May 2020, and 101.2023. They differ in how
fields are spelt (`ivms_spelling`) and in where accounts stand: in 2020 an account is the
originator's as a whole, in 2023 one person's. Both places are here; a version writes its own.

Names are the standard's, in Python's spelling. A field that is not said is "", None or (): the
standard has no text without characters. What a text may be is beside its type: a longest length,
and Latin script in printable ASCII but for `local` and phonetic names. The standard has no limit
for how often a field may occur ("n"); those here are of the validator ivms101 2.0.0 (Notabene).
Nothing of a record is shown by `repr`: what is personal would stand in logs.

Source: IVMS 101 Issue 1 (May 2020) and IVMS 101.2023 Issue 1, sections 5.2 (components), 5.3
(datatypes) and 6 (entities): https://intervasp.org. Texts of 2020 were `[a-zA-Z0-9' ]`, which
cannot write an address in words; 101.2023 made that `[ -~]`, and so is every text here.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated


class Version(StrEnum):
    """PayloadVersionCode: to which version of the standard a record complies."""

    V2020 = "101"
    V2023 = "101.2023"


@dataclass(frozen=True, slots=True)
class Text:
    """What a text may be.

    Attributes:
        length_max: In characters.
        local: Any script, not Latin alone.
        length_before: The longest in the version of 2020, where that was another.
    """

    length_max: int
    local: bool = False
    length_before: int = 0


@dataclass(frozen=True, slots=True)
class Often:
    """How often a field may occur in what we write."""

    count_max: int


COUNTRY = Text(2)
Text16 = Annotated[str, Text(16)]
Text35 = Annotated[str, Text(35)]
Text50 = Annotated[str, Text(50)]
Text70 = Annotated[str, Text(70)]
Text100 = Annotated[str, Text(100)]
LocalText = Annotated[str, Text(100, local=True)]
AccountText = Annotated[str, Text(512, length_before=100)]
Country = Annotated[str, COUNTRY]
Accounts = Annotated[tuple[AccountText, ...], Often(20)]


class NaturalPersonNameType(StrEnum):
    """The nature of a natural person's name."""

    ALIA = "ALIA"  # another by which they are known
    BIRT = "BIRT"  # given at birth
    MAID = "MAID"  # before marriage
    LEGL = "LEGL"  # the legal one
    MISC = "MISC"  # the sender cannot tell


class LegalPersonNameType(StrEnum):
    """The nature of a legal person's name."""

    LEGL = "LEGL"  # under which it is registered
    SHRT = "SHRT"  # short
    TRAD = "TRAD"  # of its trade


class AddressType(StrEnum):
    """The nature of an address."""

    HOME = "HOME"
    BIZZ = "BIZZ"
    GEOG = "GEOG"  # where somebody is found, whatever it is otherwise


class NationalIdentifierType(StrEnum):
    """What kind of number a national identification is."""

    ARNU = "ARNU"  # alien registration
    CCPT = "CCPT"  # passport
    RAID = "RAID"  # of a registration authority
    DRLC = "DRLC"  # driver's licence
    FIIN = "FIIN"  # foreign investment
    TXID = "TXID"  # tax
    SOCS = "SOCS"  # social security
    IDCD = "IDCD"  # identity card
    LEIX = "LEIX"  # legal entity identifier, ISO 17442
    MISC = "MISC"  # the sender cannot tell


class TransliterationMethod(StrEnum):
    """The script from which a name was transliterated (ISO 15924), by a standard of its own."""

    ARAB = "arab"
    ARAN = "aran"
    ARMN = "armn"
    CYRL = "cyrl"
    DEVA = "deva"
    GEOR = "geor"
    GREK = "grek"
    HANI = "hani"
    HEBR = "hebr"
    KANA = "kana"
    KORE = "kore"
    THAI = "thai"
    OTHR = "othr"


@dataclass(frozen=True, slots=True, repr=False)
class NaturalPersonNameId:
    """A name of a natural person: the family name, or all of it, and the other names."""

    primary_identifier: Text100
    name_identifier_type: NaturalPersonNameType
    secondary_identifier: Text100 = ""


@dataclass(frozen=True, slots=True, repr=False)
class LocalNaturalPersonNameId:
    """A name of a natural person in local characters, or as it is said."""

    primary_identifier: LocalText
    name_identifier_type: NaturalPersonNameType
    secondary_identifier: LocalText = ""


@dataclass(frozen=True, slots=True, repr=False)
class NaturalPersonName:
    """The names of a natural person."""

    name_identifier: Annotated[tuple[NaturalPersonNameId, ...], Often(5)]
    local_name_identifier: Annotated[tuple[LocalNaturalPersonNameId, ...], Often(5)] = ()
    phonetic_name_identifier: Annotated[tuple[LocalNaturalPersonNameId, ...], Often(5)] = ()


@dataclass(frozen=True, slots=True, repr=False)
class LegalPersonNameId:
    """A name of a legal person."""

    legal_person_name: Text100
    legal_person_name_identifier_type: LegalPersonNameType


@dataclass(frozen=True, slots=True, repr=False)
class LocalLegalPersonNameId:
    """A name of a legal person in local characters, or as it is said."""

    legal_person_name: LocalText
    legal_person_name_identifier_type: LegalPersonNameType


@dataclass(frozen=True, slots=True, repr=False)
class LegalPersonName:
    """The names of a legal person."""

    name_identifier: Annotated[tuple[LegalPersonNameId, ...], Often(3)]
    local_name_identifier: Annotated[tuple[LocalLegalPersonNameId, ...], Often(3)] = ()
    phonetic_name_identifier: Annotated[tuple[LocalLegalPersonNameId, ...], Often(3)] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where somebody is found; as ISO 20022's PostalAddress6."""

    address_type: AddressType
    town_name: Text35
    country: Country
    department: Text50 = ""
    sub_department: Text70 = ""
    street_name: Text70 = ""
    building_number: Text16 = ""
    building_name: Text35 = ""
    floor: Text70 = ""
    post_box: Text16 = ""
    room: Text70 = ""
    post_code: Text16 = ""
    town_location_name: Text35 = ""
    district_name: Text35 = ""
    country_sub_division: Text35 = ""
    address_line: Annotated[tuple[Text70, ...], Often(7)] = ()

    @property
    def is_structured(self) -> bool:
        """Whether street and building are said in fields of their own."""
        return bool(self.street_name and (self.building_name or self.building_number))


@dataclass(frozen=True, slots=True, repr=False)
class NationalIdentification:
    """A number by which a government knows somebody."""

    national_identifier: Text35
    national_identifier_type: NationalIdentifierType
    country_of_issue: Country = ""
    registration_authority: Annotated[str, Text(8)] = ""  # RA000001, of GLEIF's list


@dataclass(frozen=True, slots=True, repr=False)
class DateAndPlaceOfBirth:
    """When and where a natural person was born."""

    date_of_birth: date
    place_of_birth: Text70


@dataclass(frozen=True, slots=True, repr=False)
class NaturalPerson:
    """An individual."""

    name: NaturalPersonName
    geographic_address: Annotated[tuple[Address, ...], Often(5)] = ()
    national_identification: NationalIdentification | None = None
    customer_identification: Text50 = ""
    date_and_place_of_birth: DateAndPlaceOfBirth | None = None
    country_of_residence: Country = ""


@dataclass(frozen=True, slots=True, repr=False)
class LegalPerson:
    """Whoever is no individual, and can own property or be a customer."""

    name: LegalPersonName
    geographic_address: Annotated[tuple[Address, ...], Often(5)] = ()
    customer_identification: Text50 = ""
    national_identification: NationalIdentification | None = None
    country_of_registration: Country = ""


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A natural or a legal person, one of the two."""

    natural_person: NaturalPerson | None = None
    legal_person: LegalPerson | None = None
    account_number: Accounts = ()  # 2023 alone


@dataclass(frozen=True, slots=True, repr=False)
class Originator:
    """Who sends: the account holder, or whoever placed the order."""

    person: Annotated[tuple[Person, ...], Often(10)]
    account_number: Accounts = ()  # 2020 alone


@dataclass(frozen=True, slots=True, repr=False)
class Beneficiary:
    """Whom the originator names as receiver."""

    person: Annotated[tuple[Person, ...], Often(10)]
    account_number: Accounts = ()  # 2020 alone


@dataclass(frozen=True, slots=True, repr=False)
class IntermediaryVasp:
    """A provider between the originating and the beneficiary one."""

    intermediary_vasp: Person
    sequence: int  # from 0


@dataclass(frozen=True, slots=True, repr=False)
class PayloadMetadata:
    """What a record says of itself."""

    payload_version: Version = Version.V2020  # said in 2023 alone
    transliteration_method: Annotated[tuple[TransliterationMethod, ...], Often(5)] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Ivms:
    """A record: who sends, who receives, and the providers between them."""

    originator: Originator
    beneficiary: Beneficiary
    originating_vasp: Person | None = None
    beneficiary_vasp: Person | None = None
    transfer_path: Annotated[tuple[IntermediaryVasp, ...], Often(5)] = ()
    payload_metadata: PayloadMetadata = PayloadMetadata()

    @property
    def version(self) -> Version:
        """In which version it is written."""
        return self.payload_metadata.payload_version
