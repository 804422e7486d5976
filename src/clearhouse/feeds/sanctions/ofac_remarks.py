"""What OFAC writes into the remarks of an entry.

    DOB 10 Dec 1948; nationality Iraq; Gender Male; Passport 381420754 (Jordan).

Remarks are made for people. What is known to be a date of birth, a country, a gender, an
identifier, a weak alias or a wallet is taken from them; the rest stays unread. The weak aliases
("a.k.a. 'BNC'") are kept and not screened, since OFAC does not expect it (FAQ 124).
"""

import re

from clearhouse.core.listed import Quality, Role
from clearhouse.core.screening import ListedWallet
from clearhouse.feeds.sanctions.births import worded
from clearhouse.feeds.sanctions.reading import Entry, Reading
from clearhouse.feeds.sanctions.words import OFAC_WORDS, vessel_kind

WALLET = re.compile(r"Digital Currency Address - (?P<asset>\w{2,12}) (?P<address>\w{20,128})")
BIRTH = re.compile(r"(?:alt\. )?DOB (?P<said>.+)")
COUNTRY = re.compile(r"(?:alt\. )?(?:nationality|citizen|Nationality of Registration) (?P<said>.+)")
GENDER = re.compile(r"Gender (?P<said>\w+)")
WEAK_NAME = re.compile(r"(?:alt\. )?(?P<kind>[afn])\.k\.a\. '(?P<said>.+)'")
NUMBER = re.compile(
    rf"(?:alt\. )?(?P<word>{'|'.join(sorted(map(re.escape, OFAC_WORDS), key=len, reverse=True))})"
    r" (?P<said>[^(;]{1,128}?)(?: \((?P<country>[^()]{1,80})\))?(?: (?:issued|expires) .*)?"
)


def take_remarks(reading: Reading, entry: Entry, remarks: str) -> None:
    """Read an entry's remarks."""
    for wallet in WALLET.finditer(remarks):
        listed = ListedWallet(wallet["address"], wallet["asset"], entry.number)
        reading.wallets[listed.asset, listed.address] = listed
    for part in remarks.split(";"):
        said = part.strip().removesuffix(".").strip()
        if form := BIRTH.fullmatch(said):
            _take_birth(reading, entry, form["said"])
        elif form := COUNTRY.fullmatch(said):
            entry.add_country(form["said"])
        elif form := GENDER.fullmatch(said):
            entry.add_gender(form["said"])
        elif form := WEAK_NAME.fullmatch(said):
            role = Role.FORMER if form["kind"] == "f" else Role.ALIAS
            entry.add_name(form["said"], role, Quality.WEAK)
        elif form := NUMBER.fullmatch(said):
            kind = vessel_kind(OFAC_WORDS[form["word"]], form["said"])
            entry.add_identifier(kind, form["said"], form["country"] or "", form["word"])


def _take_birth(reading: Reading, entry: Entry, said: str) -> None:
    birth = worded(said)
    if birth is None:
        reading.skip("remarks", 0, f"no day of birth: {said[:60]!r}", entry.number)
    else:
        entry.births[birth] = None
