"""Countries as lists and registers write them, by one code each: ISO 3166-1 alpha-2.

Lists write names in several orders and with several particles ("Congo, Democratic Republic of
the"), or codes. A name is looked up by its words in one order, without particles. What is no code
that ISO has assigned is no country here: a code that it leaves to users (XA, XK, ZZ), a country
that is no more, a region. Nothing is concluded from such a word.
"""

import unicodedata
from functools import lru_cache
from typing import Final

PARTICLES: Final = frozenset({"and", "of", "the", "d"})
NONE_SAID: Final = "na"  # as the UN writes; Namibia is NA, in capitals

# Each code with its short name, then other words for it, as OFAC, the UN, the UK and the EU write.
TABLE: Final = """\
AD Andorra
AE United Arab Emirates; UAE
AF Afghanistan; Islamic Republic of Afghanistan
AG Antigua and Barbuda
AI Anguilla
AL Albania
AM Armenia
AO Angola
AQ Antarctica
AR Argentina
AS American Samoa
AT Austria
AU Australia
AW Aruba
AX Åland Islands
AZ Azerbaijan
BA Bosnia and Herzegovina; Bosnia
BB Barbados
BD Bangladesh
BE Belgium
BF Burkina Faso
BG Bulgaria
BH Bahrain
BI Burundi
BJ Benin
BL Saint Barthélemy
BM Bermuda
BN Brunei Darussalam; Brunei
BO Bolivia; Plurinational State of Bolivia
BQ Bonaire, Sint Eustatius and Saba
BR Brazil
BS Bahamas
BT Bhutan
BV Bouvet Island
BW Botswana
BY Belarus
BZ Belize
CA Canada
CC Cocos (Keeling) Islands
CD Democratic Republic of the Congo; DRC; DR Congo
CF Central African Republic
CG Congo; Republic of the Congo; Congo (Brazzaville)
CH Switzerland
CI Côte d'Ivoire; Cote d Ivoire; Ivory Coast
CK Cook Islands
CL Chile
CM Cameroon
CN China; People's Republic of China
CO Colombia
CR Costa Rica
CU Cuba
CV Cabo Verde; Cape Verde
CW Curaçao
CX Christmas Island
CY Cyprus
CZ Czechia; Czech Republic
DE Germany; Federal Republic of Germany
DJ Djibouti
DK Denmark
DM Dominica
DO Dominican Republic
DZ Algeria
EC Ecuador
EE Estonia
EG Egypt
EH Western Sahara
ER Eritrea
ES Spain
ET Ethiopia
FI Finland
FJ Fiji
FK Falkland Islands; Falkland Islands (Malvinas)
FM Micronesia; Federated States of Micronesia
FO Faroe Islands
FR France
GA Gabon
GB United Kingdom; United Kingdom of Great Britain and Northern Ireland; UK; Great Britain
GD Grenada
GE Georgia
GF French Guiana
GG Guernsey
GH Ghana
GI Gibraltar
GL Greenland
GM Gambia
GN Guinea
GP Guadeloupe
GQ Equatorial Guinea
GR Greece
GS South Georgia and the South Sandwich Islands
GT Guatemala
GU Guam
GW Guinea-Bissau
GY Guyana
HK Hong Kong; China, Hong Kong Special Administrative Region; Hong Kong SAR
HM Heard Island and McDonald Islands
HN Honduras
HR Croatia
HT Haiti
HU Hungary
ID Indonesia
IE Ireland; Republic of Ireland
IL Israel
IM Isle of Man
IN India
IO British Indian Ocean Territory
IQ Iraq
IR Iran; Islamic Republic of Iran
IS Iceland
IT Italy
JE Jersey
JM Jamaica
JO Jordan
JP Japan
KE Kenya
KG Kyrgyzstan; Kyrgyz Republic
KH Cambodia
KI Kiribati
KM Comoros
KN Saint Kitts and Nevis
KP Democratic People's Republic of Korea; North Korea; DPRK
KR Republic of Korea; South Korea
KW Kuwait
KY Cayman Islands
KZ Kazakhstan
LA Lao People's Democratic Republic; Laos
LB Lebanon
LC Saint Lucia
LI Liechtenstein
LK Sri Lanka
LR Liberia
LS Lesotho
LT Lithuania
LU Luxembourg
LV Latvia
LY Libya; State of Libya; Libyan Arab Jamahiriya
MA Morocco
MC Monaco
MD Moldova; Republic of Moldova
ME Montenegro
MF Saint Martin
MG Madagascar
MH Marshall Islands
MK North Macedonia; Republic of North Macedonia; Macedonia
ML Mali
MM Myanmar; Burma; Myanmar (Burma)
MN Mongolia
MO Macao; Macau; China, Macao Special Administrative Region
MP Northern Mariana Islands
MQ Martinique
MR Mauritania
MS Montserrat
MT Malta
MU Mauritius
MV Maldives
MW Malawi
MX Mexico
MY Malaysia
MZ Mozambique
NA Namibia
NC New Caledonia
NE Niger
NF Norfolk Island
NG Nigeria
NI Nicaragua
NL Netherlands; Kingdom of the Netherlands
NO Norway
NP Nepal
NR Nauru
NU Niue
NZ New Zealand
OM Oman
PA Panama
PE Peru
PF French Polynesia
PG Papua New Guinea
PH Philippines
PK Pakistan
PL Poland
PM Saint Pierre and Miquelon
PN Pitcairn; Pitcairn Islands
PR Puerto Rico
PS State of Palestine; Palestine; Palestinian Territories
PT Portugal
PW Palau
PY Paraguay
QA Qatar
RE Réunion
RO Romania
RS Serbia; Republic of Serbia
RU Russia; Russian Federation
RW Rwanda
SA Saudi Arabia
SB Solomon Islands
SC Seychelles
SD Sudan
SE Sweden
SG Singapore
SH Saint Helena, Ascension and Tristan da Cunha; Saint Helena
SI Slovenia
SJ Svalbard and Jan Mayen
SK Slovakia; Slovak Republic
SL Sierra Leone
SM San Marino
SN Senegal
SO Somalia; Federal Republic of Somalia
SR Suriname
SS South Sudan
ST Sao Tome and Principe
SV El Salvador
SX Sint Maarten
SY Syria; Syrian Arab Republic
SZ Eswatini; Swaziland
TC Turks and Caicos Islands
TD Chad
TF French Southern Territories
TG Togo
TH Thailand
TJ Tajikistan
TK Tokelau
TL Timor-Leste; East Timor
TM Turkmenistan
TN Tunisia
TO Tonga
TR Türkiye; Turkey
TT Trinidad and Tobago
TV Tuvalu
TW Taiwan; Taiwan, Province of China
TZ Tanzania; United Republic of Tanzania
UA Ukraine
UG Uganda
UM United States Minor Outlying Islands
US United States; United States of America; USA
UY Uruguay
UZ Uzbekistan
VA Holy See; Vatican City State; Vatican
VC Saint Vincent and the Grenadines; St Vincent
VE Venezuela; Bolivarian Republic of Venezuela
VG British Virgin Islands; Virgin Islands (British)
VI United States Virgin Islands; US Virgin Islands; Virgin Islands (U.S.)
VN Viet Nam; Vietnam
VU Vanuatu
WF Wallis and Futuna
WS Samoa
YE Yemen; Republic of Yemen
YT Mayotte
ZA South Africa
ZM Zambia
ZW Zimbabwe
"""


def _key(name: str) -> tuple[str, ...]:
    """The words of a name without marks, capitals and particles, in one order."""
    bare = unicodedata.normalize("NFKD", name).casefold()
    kept = "".join(" " if unicodedata.category(c)[0] in "PSZ" else c for c in bare)
    letters = "".join(char for char in kept if not unicodedata.combining(char))
    return tuple(sorted(word for word in letters.split() if word not in PARTICLES))


def _read() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for line in TABLE.splitlines():
        code, _, names = line.partition(" ")
        for name in (code, *names.split(";")):
            assert found.setdefault(_key(name), code) == code, name
    return found


CODES: Final = _read()
ASSIGNED: Final = frozenset(CODES.values())  # all that ISO 3166-1 has


@lru_cache(maxsize=4096)
def country_code(word: str) -> str:
    """The code of the country that a word means: AE; "" if ISO has none, or it is not known."""
    return "" if word.strip() == NONE_SAID else CODES.get(_key(word), "")
