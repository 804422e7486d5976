"""Small lists for tests, made by hand as their publishers write theirs; nobody in them is real."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from clearhouse.core.listed import Birth, Identifier, ListedName
from clearhouse.core.screening import ListedEntity, ListedWallet, SanctionsList
from clearhouse.demo import lists as made
from clearhouse.feeds.sanctions import PUBLICATION, read_list

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
PUBLISHED_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
XBT = "sanctioned_addresses_XBT.txt"
ADDRESS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
OTHER = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
ETHER = "0x" + "ab" * 20

UN = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<CONSOLIDATED_LIST dateGenerated="2026-03-01T00:00:09.554Z">
  <INDIVIDUALS>
    <INDIVIDUAL>
      <DATAID>6900001</DATAID>
      <FIRST_NAME>HARALD</FIRST_NAME>
      <SECOND_NAME>HARDRADA</SECOND_NAME>
      <THIRD_NAME>SIGURD</THIRD_NAME>
      <UN_LIST_TYPE>Kordavia</UN_LIST_TYPE>
      <REFERENCE_NUMBER>KVi.001</REFERENCE_NUMBER>
      <GENDER>Male</GENDER>
      <NAME_ORIGINAL_SCRIPT>Харальд Хардрада</NAME_ORIGINAL_SCRIPT>
      <NATIONALITY><VALUE>Norland</VALUE><VALUE>Vestria</VALUE></NATIONALITY>
      <INDIVIDUAL_ALIAS>
        <QUALITY>Good</QUALITY><ALIAS_NAME>Haraldr Sigurdarson</ALIAS_NAME>
        <DATE_OF_BIRTH>1015-03-02</DATE_OF_BIRTH>
      </INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Last</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>...</ALIAS_NAME></INDIVIDUAL_ALIAS>
      <INDIVIDUAL_ADDRESS><COUNTRY>Sudmark</COUNTRY></INDIVIDUAL_ADDRESS>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1965-03-02</DATE>
      </INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1966</YEAR>
      </INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1964</FROM_YEAR><TO_YEAR>1967</TO_YEAR>
      </INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH>
        <TYPE_OF_DATE>EXACT</TYPE_OF_DATE><NOTE>30-35 years old</NOTE>
      </INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE/></INDIVIDUAL_DATE_OF_BIRTH>
      <INDIVIDUAL_DOCUMENT>
        <TYPE_OF_DOCUMENT>Numéro de passeport </TYPE_OF_DOCUMENT>
        <NUMBER>D00001184 </NUMBER><ISSUING_COUNTRY>Norland</ISSUING_COUNTRY>
      </INDIVIDUAL_DOCUMENT>
      <INDIVIDUAL_DOCUMENT>
        <TYPE_OF_DOCUMENT>National Identification Number</TYPE_OF_DOCUMENT><NUMBER>77</NUMBER>
      </INDIVIDUAL_DOCUMENT>
      <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT></INDIVIDUAL_DOCUMENT>
      <INDIVIDUAL_DOCUMENT/>
    </INDIVIDUAL>
  </INDIVIDUALS>
  <ENTITIES>
    <ENTITY>
      <FIRST_NAME>VOLKAN SHIPPING &amp; CO</FIRST_NAME>
      <UN_LIST_TYPE>Kordavia</UN_LIST_TYPE>
      <REFERENCE_NUMBER>KVe.002</REFERENCE_NUMBER>
      <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>WULKAN</ALIAS_NAME></ENTITY_ALIAS>
    </ENTITY>
  </ENTITIES>
</CONSOLIDATED_LIST>
"""

OFAC = """<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://lists.example/ADVANCED_XML">
  <DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>3</Month><Day>1</Day></DateOfIssue>
  <ReferenceValueSets>
    <AliasTypeValues>
      <AliasType ID="1400">A.K.A.</AliasType><AliasType ID="1401">F.K.A.</AliasType>
      <AliasType ID="1403">Name</AliasType>
    </AliasTypeValues>
    <AreaCodeValues>
      <AreaCode ID="7" CountryID="14" Description="Sudmark">XB</AreaCode>
    </AreaCodeValues>
    <CountryValues>
      <Country ID="11">Norland</Country><Country ID="12">Vestria</Country>
      <Country ID="13">undetermined</Country><Country ID="14">Sudmark</Country>
    </CountryValues>
    <DetailReferenceValues>
      <DetailReference ID="91526">Male</DetailReference>
    </DetailReferenceValues>
    <FeatureTypeValues>
      <FeatureType ID="1" FeatureTypeGroupID="1">VESSEL CALL SIGN</FeatureType>
      <FeatureType ID="3" FeatureTypeGroupID="1">Vessel Flag</FeatureType>
      <FeatureType ID="8" FeatureTypeGroupID="1">Birthdate</FeatureType>
      <FeatureType ID="10" FeatureTypeGroupID="1">Nationality Country</FeatureType>
      <FeatureType ID="13" FeatureTypeGroupID="1">SWIFT/BIC</FeatureType>
      <FeatureType ID="25" FeatureTypeGroupID="1">Location</FeatureType>
      <FeatureType ID="224" FeatureTypeGroupID="1">Gender</FeatureType>
      <FeatureType ID="344" FeatureTypeGroupID="1">Digital Currency Address - XBT</FeatureType>
      <FeatureType ID="999" FeatureTypeGroupID="1">Favourite Colour</FeatureType>
    </FeatureTypeValues>
    <IDRegDocTypeValues>
      <IDRegDocType ID="1571">Passport</IDRegDocType>
      <IDRegDocType ID="1626">Vessel Registration Identification</IDRegDocType>
      <IDRegDocType ID="1700">Fishing Licence</IDRegDocType>
    </IDRegDocTypeValues>
    <LocPartTypeValues>
      <LocPartType ID="1">Unknown</LocPartType><LocPartType ID="1454">CITY</LocPartType>
    </LocPartTypeValues>
    <PartyTypeValues>
      <PartyType ID="1">Individual</PartyType><PartyType ID="2">Entity</PartyType>
      <PartyType ID="4">Transport</PartyType>
    </PartyTypeValues>
    <PartySubTypeValues>
      <PartySubType ID="1" PartyTypeID="4">Vessel</PartySubType>
      <PartySubType ID="3" PartyTypeID="2">Unknown</PartySubType>
      <PartySubType ID="4" PartyTypeID="1">Unknown</PartySubType>
    </PartySubTypeValues>
    <SanctionsTypeValues>
      <SanctionsType ID="1">Program</SanctionsType><SanctionsType ID="2">Block</SanctionsType>
    </SanctionsTypeValues>
    <ScriptValues><Script ID="215">Latin</Script><Script ID="220">Cyrillic</Script></ScriptValues>
  </ReferenceValueSets>
  <Locations>
    <Location ID="25"><LocationCountry CountryID="11"/></Location>
    <Location ID="26"><LocationCountry CountryID="13"/></Location>
    <Location ID="27"><LocationPart LocPartTypeID="1">
      <LocationPartValue Primary="true"><Value>Ostland</Value></LocationPartValue>
    </LocationPart></Location>
    <Location ID="29"><LocationAreaCode AreaCodeID="7"/></Location>
    <Location ID="28"><LocationPart LocPartTypeID="1454">
      <LocationPartValue Primary="true"><Value>Storhavn</Value></LocationPartValue>
    </LocationPart></Location>
  </Locations>
  <IDRegDocuments>
    <IDRegDocument ID="1" IDRegDocTypeID="1571" IdentityID="91" IssuedBy-CountryID="12">
      <IDRegistrationNo>AD254557</IDRegistrationNo>
    </IDRegDocument>
    <IDRegDocument ID="2" IDRegDocTypeID="1626" IdentityID="92">
      <IDRegistrationNo>IMO 9187629</IDRegistrationNo>
    </IDRegDocument>
    <IDRegDocument ID="3" IDRegDocTypeID="1700" IdentityID="93">
      <IDRegistrationNo>F-1</IDRegistrationNo>
    </IDRegDocument>
    <IDRegDocument ID="4" IDRegDocTypeID="1571" IdentityID="404">
      <IDRegistrationNo>NOBODY</IDRegistrationNo>
    </IDRegDocument>
  </IDRegDocuments>
  <DistinctParties>
    <DistinctParty FixedRef="173">
      <Profile ID="173" PartySubTypeID="4">
        <Identity ID="91" FixedRef="173" Primary="true" False="false">
          <Alias AliasTypeID="1400" Primary="false" LowQuality="true">
            <DocumentedName><DocumentedNamePart>
              <NamePartValue ScriptID="215">THE LAST</NamePartValue>
            </DocumentedNamePart></DocumentedName>
          </Alias>
          <Alias AliasTypeID="1403" Primary="true" LowQuality="false">
            <DocumentedName>
              <DocumentedNamePart><NamePartValue ScriptID="215">HARDRADA</NamePartValue>
              </DocumentedNamePart>
              <DocumentedNamePart><NamePartValue ScriptID="215">Harald</NamePartValue>
              </DocumentedNamePart>
            </DocumentedName>
            <DocumentedName><DocumentedNamePart>
              <NamePartValue ScriptID="220">Харальд</NamePartValue>
            </DocumentedNamePart></DocumentedName>
          </Alias>
          <Alias AliasTypeID="1401" Primary="false" LowQuality="false">
            <DocumentedName><DocumentedNamePart>
              <NamePartValue ScriptID="215">HARALDR</NamePartValue>
            </DocumentedNamePart></DocumentedName>
          </Alias>
        </Identity>
        <Feature ID="1" FeatureTypeID="8"><FeatureVersion>
          <DatePeriod CalendarTypeID="1">
            <Start Approximate="false"><From><Year>1961</Year><Month>1</Month><Day>1</Day></From>
            <To><Year>1961</Year><Month>1</Month><Day>1</Day></To></Start>
            <End Approximate="false"><From><Year>1961</Year><Month>12</Month><Day>31</Day></From>
            <To><Year>1961</Year><Month>12</Month><Day>31</Day></To></End>
          </DatePeriod>
        </FeatureVersion></Feature>
        <Feature ID="2" FeatureTypeID="8"><FeatureVersion>
          <DatePeriod CalendarTypeID="1">
            <Start Approximate="true"><From><Year>1962</Year><Month>2</Month></From></Start>
          </DatePeriod>
        </FeatureVersion></Feature>
        <Feature ID="3" FeatureTypeID="224"><FeatureVersion>
          <VersionDetail DetailTypeID="1431" DetailReferenceID="91526"/>
        </FeatureVersion></Feature>
        <Feature ID="4" FeatureTypeID="25"><FeatureVersion>
          <VersionLocation LocationID="25"/><VersionLocation LocationID="26"/>
        </FeatureVersion></Feature>
        <Feature ID="5" FeatureTypeID="10"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">Vestria</VersionDetail>
          <VersionLocation LocationID="27"/><VersionLocation LocationID="28"/>
          <VersionLocation LocationID="29"/>
        </FeatureVersion></Feature>
        <Feature ID="6" FeatureTypeID="344"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">@ADDRESS@</VersionDetail>
        </FeatureVersion></Feature>
        <Feature ID="7" FeatureTypeID="999"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">green</VersionDetail>
        </FeatureVersion></Feature>
      </Profile>
    </DistinctParty>
    <DistinctParty FixedRef="174">
      <Profile ID="174" PartySubTypeID="1">
        <Identity ID="92" Primary="true"><Alias AliasTypeID="1403" Primary="true">
          <DocumentedName><DocumentedNamePart>
          <NamePartValue ScriptID="215">BLACK HERON</NamePartValue>
          </DocumentedNamePart></DocumentedName></Alias></Identity>
        <Feature ID="8" FeatureTypeID="1"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">T2EU4</VersionDetail>
        </FeatureVersion></Feature>
        <Feature ID="9" FeatureTypeID="3"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">Vestria</VersionDetail>
        </FeatureVersion></Feature>
      </Profile>
    </DistinctParty>
    <DistinctParty FixedRef="36">
      <Profile ID="36" PartySubTypeID="3">
        <Identity ID="93" Primary="true"><Alias AliasTypeID="1403" Primary="true">
          <DocumentedName><DocumentedNamePart>
          <NamePartValue ScriptID="215">VOLKAN BANK</NamePartValue>
          </DocumentedNamePart></DocumentedName></Alias></Identity>
        <Feature ID="10" FeatureTypeID="13"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">VOLKNL2A</VersionDetail>
        </FeatureVersion></Feature>
        <Feature ID="11" FeatureTypeID="344"><FeatureVersion>
          <VersionDetail DetailTypeID="1432">not told</VersionDetail>
        </FeatureVersion></Feature>
      </Profile>
    </DistinctParty>
  </DistinctParties>
  <SanctionsEntries>
    <SanctionsEntry ID="1" ProfileID="173" ListID="1550">
      <SanctionsMeasure ID="1" SanctionsTypeID="2"><Comment/></SanctionsMeasure>
      <SanctionsMeasure ID="2" SanctionsTypeID="1"><Comment>CYBER2</Comment></SanctionsMeasure>
    </SanctionsEntry>
  </SanctionsEntries>
</Sanctions>
""".replace("@ADDRESS@", ADDRESS)

EU_XML = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-03-01T16:47:04.449+02:00"
        globalFileId="184961">
  <sanctionEntity designationDetails="" euReferenceNumber="EU.27.28" logicalId="13">
    <regulation regulationType="regulation" programme="KVI" logicalId="348">
      <publicationUrl>http://law.example/1</publicationUrl>
    </regulation>
    <subjectType code="person" classificationCode="P"/>
    <nameAlias firstName="Harald" middleName="" lastName="Hardrada" wholeName="Harald Hardrada"
        gender="M" strong="true" nameLanguage="" logicalId="17"/>
    <nameAlias wholeName="Харальд" nameLanguage="RU" strong="true" logicalId="18"/>
    <nameAlias firstName="The" lastName="Last" wholeName="" strong="false" logicalId="19"/>
    <nameAlias wholeName="-" strong="true" logicalId="20"/>
    <citizenship region="" countryIso2Code="XA" countryDescription="NORLAND" logicalId="1"/>
    <address city="Storhavn" countryIso2Code="00" countryDescription="UNKNOWN" logicalId="2"/>
    <birthdate circa="false" calendarType="GREGORIAN" birthdate="1965-03-02" dayOfMonth="2"
        monthOfYear="3" year="1965" countryIso2Code="00" logicalId="3"/>
    <birthdate circa="true" calendarType="GREGORIAN" yearRangeFrom="1964" yearRangeTo="1967"/>
    <birthdate circa="false" calendarType="GREGORIAN" yearRangeTo="1980"/>
    <birthdate circa="false" calendarType="GREGORIAN" monthOfYear="3" year="1966"/>
    <birthdate circa="false" calendarType="ISLAMIC" birthdate="1402-06-24"/>
    <identification number="AD001095" countryIso2Code="XA" identificationTypeCode="passport"
        identificationTypeDescription="National passport" logicalId="315"/>
    <identification number="" latinNumber="" identificationTypeCode="id"/>
  </sanctionEntity>
  <sanctionEntity euReferenceNumber="EU.3523.13" logicalId="207">
    <regulation programme="TERR"/>
    <subjectType code="enterprise" classificationCode="E"/>
    <nameAlias wholeName="Volkan Shipping" strong="true"/>
    <identification number="9187629" identificationTypeCode="imo"/>
  </sanctionEntity>
</export>
"""

EU_HEADER = [
    "fileGenerationDate",
    "Entity_LogicalId",
    "Entity_EU_ReferenceNumber",
    "Entity_SubjectType",
    "Entity_SubjectType_ClassificationCode",
    "Entity_Regulation_Programme",
    "NameAlias_LastName",
    "NameAlias_FirstName",
    "NameAlias_WholeName",
    "NameAlias_NameLanguage",
    "NameAlias_Gender",
    "Address_CountryIso2Code",
    "Address_CountryDescription",
    "BirthDate_BirthDate",
    "BirthDate_Month",
    "BirthDate_Year",
    "BirthDate_YearRangeFrom",
    "BirthDate_YearRangeTo",
    "BirthDate_Circa",
    "Identification_Number",
    "Identification_TypeCode",
    "Identification_TypeDescription",
    "Identification_CountryIso2Code",
    "Citizenship_CountryIso2Code",
]

UK_HEADER = [
    "Name 6",
    "Name 1",
    "Name 2",
    "Name 3",
    "Name 4",
    "Name 5",
    "Title",
    "Name Non-Latin Script",
    "Non-Latin Script Type",
    "Non-Latin Script Language",
    "DOB",
    "Town of Birth",
    "Country of Birth",
    "Nationality",
    "Passport Number",
    "Passport Details",
    "National Identification Number",
    "National Identification Details",
    "Position",
    "Address 1",
    "Address 2",
    "Address 3",
    "Address 4",
    "Address 5",
    "Address 6",
    "Post/Zip Code",
    "Country",
    "Other Information",
    "Group Type",
    "Alias Type",
    "Alias Quality",
    "Regime",
    "Listed On",
    "UK Sanctions List Date Designated",
    "Last Updated",
    "Group ID",
]
FCDO_HEADER = [
    *("Last Updated", "Unique ID", "OFSI Group ID", "UN Reference Number", "Name 6", "Name 1"),
    *("Name 2", "Name 3", "Name 4", "Name 5", "Name type", "Alias strength", "Title"),
    *("Name non-latin script", "Non-latin script type", "Non-latin script language"),
    *("Regime Name", "Individual, Entity, Ship", "Address Country", "D.O.B", "Nationality(/ies)"),
    *("National Identifier number", "Passport number", "Gender", "IMO number"),
    *("Business registration number (s)", "Current believed flag of ship"),
]
SIMPLE_HEADER = [
    "id",
    "schema",
    "name",
    "aliases",
    "birth_date",
    "countries",
    "addresses",
    "identifiers",
    "sanctions",
    "phones",
    "emails",
    "program_ids",
    "dataset",
    "first_seen",
    "last_seen",
    "last_change",
]


def table(
    header: Sequence[str], rows: Sequence[Mapping[str, str]], delimiter: str = ",", head: str = ""
) -> str:
    """A CSV file with a header, and a row for each mapping; columns that it lacks are empty."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerow(header)
    for row in rows:
        assert row.keys() <= set(header)
        writer.writerow([row.get(name, "") for name in header])
    return head + written.getvalue()


def eu_csv(*rows: dict[str, str]) -> str:
    """The EU's CSV, of one day."""
    return table(EU_HEADER, [{"fileGenerationDate": "01/03/2026"} | one for one in rows], ";")


HARALD = {
    "Entity_LogicalId": "13",
    "Entity_EU_ReferenceNumber": "EU.27.28",
    "Entity_SubjectType": "P",
    "Entity_SubjectType_ClassificationCode": "person",
    "Entity_Regulation_Programme": "KVI",
}
EU_CSV = eu_csv(
    HARALD
    | {"NameAlias_FirstName": "Harald", "NameAlias_LastName": "Hardrada", "NameAlias_Gender": "M"},
    HARALD | {"NameAlias_WholeName": "Харальд", "NameAlias_NameLanguage": "RU"},
    HARALD | {"BirthDate_BirthDate": "1965-03-02", "BirthDate_Year": "1965"},
    HARALD
    | {
        "BirthDate_YearRangeFrom": "1964",
        "BirthDate_YearRangeTo": "1967",
        "BirthDate_Circa": "true",
    },
    HARALD
    | {
        "Identification_Number": "AD001095",
        "Identification_TypeCode": "passport",
        "Identification_TypeDescription": "National passport",
        "Identification_CountryIso2Code": "XA",
    },
    HARALD | {"Citizenship_CountryIso2Code": "XA"},
    HARALD | {"Address_CountryIso2Code": "00", "Address_CountryDescription": "UNKNOWN"},
    {
        "Entity_LogicalId": "207",
        "Entity_SubjectType": "E",
        "Entity_SubjectType_ClassificationCode": "enterprise",
        "NameAlias_WholeName": "Volkan; Shipping",
    },
)

GROUP = {"Group Type": "Individual", "Group ID": "7001", "Regime": "Kordavia"}
CONLIST = table(
    UK_HEADER,
    [
        GROUP
        | {
            "Name 6": "HARDRADA",
            "Name 1": "Harald",
            "Name 2": "Sigurd",
            "Name Non-Latin Script": "Харальд",
            "Non-Latin Script Type": "Cyrillic",
            "Alias Type": "Primary name",
            "DOB": "(1) 02/03/1965 (2) 00/00/1966",
            "Nationality": "1) Norland 2) Vestria",
            "Passport Number": "(1) 55501 (2) 55502",
            "National Identification Number": "A123456(7)",
            "Other Information": "(UK Sanctions List Ref):KVI0001. (Gender):Male",
        },
        GROUP | {"Name 6": "HARALDR", "Alias Type": "AKA", "Alias Quality": "Good quality"},
        GROUP | {"Name 6": "THE LAST", "Alias Type": "AKA", "Alias Quality": "Low quality"},
        GROUP | {"Name 6": "HARDREDE", "Alias Type": "FKA", "DOB": "soon"},
        {
            "Name 6": "BLACK HERON",
            "Group Type": "Ship",
            "Group ID": "7002",
            "Alias Type": "Primary name",
            "Regime": "Kordavia",
            "Other Information": "(IMO number):9187629 (Current owners):Volkan",
        },
    ],
    head="Last Updated,01/03/2026\r\n",
)
UNIQUE = {"Unique ID": "KVI0001", "Individual, Entity, Ship": "Individual"}
FCDO = table(
    FCDO_HEADER,
    [
        UNIQUE
        | {
            "Name 6": "HARDRADA",
            "Name 1": "Harald",
            "Name type": "Primary Name",
            "Regime Name": "Kordavia",
            "D.O.B": "dd/mm/1965",
            "Nationality(/ies)": "Norland",
            "Passport number": "55501",
            "Gender": "Male",
        },
        UNIQUE
        | {
            "Name 6": "THE LAST",
            "Name type": "Alias",
            "Alias strength": "Low quality a.k.a",
        },
        {
            "Unique ID": "KVI0002",
            "Individual, Entity, Ship": "Ship",
            "Name 6": "BLACK HERON",
            "Name type": "Primary Name",
            "IMO number": "IMO 9187629",
            "Current believed flag of ship": "Vestria",
        },
    ],
    head='"Report Date: 01-Mar-2026"\r\n',
)
SIMPLE = table(
    SIMPLE_HEADER,
    [
        {
            "id": "NK-1",
            "schema": "Person",
            "name": "Harald Hardrada",
            "aliases": 'Харальд;"Hardrada; Harald"',
            "birth_date": "1965;1966-03",
            "countries": "xa;xb",
            "identifiers": "AD001095",
            "program_ids": "KV-1",
        },
        {"id": "NK-2", "schema": "Vessel", "name": "BLACK HERON", "birth_date": "once"},
        {"id": "NK-3", "schema": "CryptoWallet", "name": ADDRESS},
        {"id": "NK-4", "schema": "CryptoWallet", "name": "a wallet"},
        {"id": "NK-5", "schema": "Company", "name": "..."},
    ],
)


def ftm(*objects: Mapping[str, Any]) -> str:
    """Objects of FollowTheMoney, one a line."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


FTM_OBJECTS: tuple[Mapping[str, Any], ...] = (
    {"id": "w1", "schema": "CryptoWallet",
     "properties": {"publicKey": [ADDRESS], "currency": ["XBT"], "holder": ["NK-1"]}},
    {"id": "p1", "schema": "Passport",
     "properties": {"holder": ["NK-1"], "number": ["AD001095"], "country": ["xa"]}},
    {"id": "s1", "schema": "Sanction",
     "properties": {"entity": ["NK-1"], "program": ["Kordavia"], "programId": ["KV-1"]}},
    {"id": "NK-1", "schema": "Person", "caption": "Harald Hardrada", "target": True,
     "properties": {"name": ["Харальд", "Harald Hardrada"], "weakAlias": ["The Last"],
                    "previousName": ["Haraldr"], "birthDate": ["1965", "sometime"],
                    "nationality": ["xa"], "gender": ["male"], "idNumber": ["77"]}},
    {"id": "NK-2", "schema": "Vessel", "caption": "BLACK HERON",
     "properties": {"name": ["BLACK HERON"], "imoNumber": ["IMO9187629"], "mmsi": ["572469210"],
                    "callSign": ["T2EU4"], "flag": ["xb"], "topics": ["sanction"]}},
    {"id": "NK-3", "schema": "Company", "caption": "Volkan", "target": True,
     "properties": {"name": ["Volkan"], "leiCode": ["529900T8BM49AURSDO55"],
                    "swiftBic": ["VOLKNL2A"], "registrationNumber": ["R-1"],
                    "innCode": ["7700000000"]}},
    {"id": "a1", "schema": "Address", "caption": "", "properties": {"country": ["xa"]}},
    {"id": "NK-9", "schema": "Person", "target": False, "properties": {"name": ["A Cousin"]}},
)  # fmt: skip
FTM = ftm(*FTM_OBJECTS)

# What a mandatory list holds at least, beside what a test is about.
FILLERS = tuple(
    ListedEntity(f"f{number}", "vessel", (name,)) for number, name in enumerate(made.FILLERS)
)
WALLETS = tuple(ListedWallet(address, "XBT") for address in made.WALLETS)

# The name by which each file is published, and what is in it.
LISTS: Mapping[str, str] = {
    "consolidated.xml": UN,
    "sdn_advanced.xml": OFAC,
    "xmlFullSanctionsList_1_1.xml": EU_XML,
    "csvFullSanctionsList_1_1.csv": EU_CSV,
    "ConList.csv": CONLIST,
    "UK-Sanctions-List.csv": FCDO,
    "targets.simple.csv": SIMPLE,
    "entities.ftm.json": FTM,
}


def publish(folder: Path, files: Mapping[str, str | bytes], /, **changed: object) -> Path:
    """Publish files in a folder; `changed` replaces what the publication says."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {name: one.encode() if isinstance(one, str) else one for name, one in files.items()}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in contents.items()}
    said = {"list": "TEST", "published_at": "2026-03-02T06:00:00Z", "files": hashes} | changed
    (folder / PUBLICATION).write_text(json.dumps(said))
    return folder


def read(folder: Path, files: Mapping[str, str | bytes], /, **changed: object) -> SanctionsList:
    """Publish files, and read them."""
    return read_list(publish(folder, files, **changed), now=NOW)


def names(entity: ListedEntity) -> list[tuple[str, str, str, str]]:
    """All names of an entry, with role, quality and script."""
    return [_name(one) for one in entity.known_as]


def _name(one: ListedName) -> tuple[str, str, str, str]:
    return one.text, str(one.role), str(one.quality), one.script


def births(entity: ListedEntity) -> list[str]:
    """When somebody was born: `~` is about then."""
    return [_birth(one) for one in entity.births]


def _birth(one: Birth) -> str:
    about = "~" if one.approximate else ""
    return f"{about}{one.first or ''}" + ("" if one.first == one.last else f"..{one.last or ''}")


def numbers(entity: ListedEntity) -> list[tuple[str, str, str]]:
    """What identifies an entry: kind, value, country."""
    return [_number(one) for one in entity.identifiers]


def _number(one: Identifier) -> tuple[str, str, str]:
    return str(one.kind), one.value, one.country
