"""Each format says of an entry what its publisher says, and what gave nothing is said, too."""

import gzip
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from tests.listings import (
    ADDRESS,
    FILLERS,
    FTM,
    LISTS,
    NOW,
    PUBLISHED_AT,
    UN,
    WALLETS,
    XBT,
    births,
    eu_csv,
    ftm,
    names,
    numbers,
    publish,
    read,
)

from clearhouse.core.listed import Category, Gender, Role
from clearhouse.core.screening import Grade, ListedWallet, SanctionsList, Subject, in_force
from clearhouse.feeds.sanctions import Publication, read_list, read_undated
from clearhouse.feeds.sanctions.births import worded
from clearhouse.feeds.sanctions.reading import clean

OFAC_ROW = '{},"{}",{},"{}",-0- ,{},-0- ,-0- ,-0- ,{},-0- ,"{}"\r\n'
OFAC_CSV = {
    "sdn.csv": OFAC_ROW.format(
        173,
        "HARDRADA, Harald",
        '"individual"',
        "CYBER2",
        "-0- ",
        "-0- ",
        "DOB 02 Mar 1965; alt. DOB circa 1966; alt. DOB 1964 to 1967; DOB soon; "
        "nationality Norland; alt. citizen Vestria; Gender Male; a.k.a. 'THE LAST'; "
        "Passport AD254557 (Norland) issued 26 Mar 2004; Cedula No. 77; NIT # 800-7 (Vestria); "
        "Legal Entity Number 5; Favourite green.",
    )
    + OFAC_ROW.format(
        174,
        "BLACK HERON",
        '"vessel"',
        "IRAN] [SDGT",
        '"T2EU4"',
        '"Vestria"',
        "Vessel Registration Identification IMO 9187629; MMSI 572469210.",
    )
    + "\x1a",
    "alt.csv": '173,1,"fka","HARALDR",-0- \r\n173,2,"aka","HARALD",-0- \r\n\x1a',
    "add.csv": '174,1,"Quay","Storhavn","undetermined",-0- \r\n\x1a',
}


def test_ofacs_remarks_are_read_into_the_entry(tmp_path: Path) -> None:
    first, second = read(tmp_path, OFAC_CSV).entries
    assert first.names == ("HARDRADA, Harald", "HARALDR", "HARALD")
    assert names(first) == [
        ("HARDRADA, Harald", "primary", "", ""),
        ("HARALDR", "former", "strong", ""),
        ("HARALD", "alias", "strong", ""),
        ("THE LAST", "alias", "weak", ""),  # which is not screened: FAQ 124
    ]
    assert births(first) == ["1965-03-02", "~1966-01-01..1966-12-31", "1964-01-01..1967-12-31"]
    assert (first.category, first.gender) == (Category.PERSON, Gender.MALE)
    assert first.countries == ("Norland", "Vestria")
    assert numbers(first) == [
        ("passport", "AD254557", "Norland"),
        ("national-id", "77", ""),
        ("tax-number", "800-7", "Vestria"),
        ("registration-number", "5", ""),
    ]
    assert (second.category, second.countries) == (Category.VESSEL, ("Vestria",))
    assert second.programmes == ("IRAN", "SDGT")
    assert numbers(second) == [
        ("call-sign", "T2EU4", ""),
        ("imo", "9187629", ""),
        ("mmsi", "572469210", ""),
    ]


def test_a_day_of_birth_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (skipped,) = read(tmp_path, OFAC_CSV).skipped
    assert (skipped.file, skipped.entry) == ("remarks", "173")
    assert skipped.reason == "no day of birth: 'soon'"


def test_ofacs_consolidated_list_has_the_same_form_under_other_names(tmp_path: Path) -> None:
    renamed = {"sdn.csv": "cons_prim.csv", "alt.csv": "cons_alt.csv", "add.csv": "cons_add.csv"}
    files = {renamed[name]: content for name, content in OFAC_CSV.items()}
    consolidated = read(tmp_path / "cons", files)
    assert consolidated.entries == read(tmp_path / "sdn", OFAC_CSV).entries


def test_ofacs_xml_is_read(tmp_path: Path) -> None:
    listed = read(tmp_path, {"sdn_advanced.xml": LISTS["sdn_advanced.xml"]})
    person, vessel, bank = listed.entries
    assert person.number == "173"
    assert (person.kind, person.category) == ("Individual", Category.PERSON)
    assert person.names == ("HARDRADA Harald", "Харальд", "HARALDR")
    assert names(person) == [
        ("HARDRADA Harald", "primary", "", ""),
        ("THE LAST", "alias", "weak", ""),
        ("Харальд", "alias", "strong", "Cyrillic"),
        ("HARALDR", "former", "strong", ""),
    ]
    assert births(person) == ["1961-01-01..1961-12-31", "~1962-02-01..1962-02-28"]
    assert (person.gender, person.programmes) == (Gender.MALE, ("CYBER2",))
    assert person.countries == ("Norland", "Ostland", "Sudmark", "Vestria")
    assert numbers(person) == [("passport", "AD254557", "Vestria")]
    assert (vessel.category, vessel.countries) == (Category.VESSEL, ("Vestria",))
    assert numbers(vessel) == [("imo", "9187629", ""), ("call-sign", "T2EU4", "")]
    assert (bank.kind, bank.category) == ("Entity", Category.ORGANISATION)
    assert numbers(bank) == [("other", "F-1", ""), ("bic", "VOLKNL2A", "")]
    assert bank.identifiers[0].word == "Fishing Licence"
    assert listed.wallets == (ListedWallet(ADDRESS, "XBT", "173"),)
    assert listed.dated_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert [(one.entry, one.reason) for one in listed.skipped] == [
        ("36", "'not told' is no address"),
        ("404", "a document of nobody: Passport"),
    ]


def test_the_uns_list_is_read(tmp_path: Path) -> None:
    listed = read(tmp_path, {"consolidated.xml": UN})
    person, firm = listed.entries
    assert (person.number, person.kind) == ("KVi.001", "individual")
    assert names(person) == [
        ("HARALD HARDRADA SIGURD", "primary", "", ""),
        ("Харальд Хардрада", "alias", "", "original"),
        ("Haraldr Sigurdarson", "alias", "strong", ""),
        ("The Last", "alias", "weak", ""),
    ]
    assert person.names == tuple(name for name, *_ in names(person))  # the UN exempts none
    assert births(person) == [
        "1015-03-02",
        "1965-03-02",
        "~1966-01-01..1966-12-31",
        "1964-01-01..1967-12-31",
    ]
    assert numbers(person) == [("passport", "D00001184", "Norland"), ("national-id", "77", "")]
    assert person.countries == ("Norland", "Sudmark", "Vestria")
    assert (person.gender, person.programmes) == (Gender.MALE, ("Kordavia",))
    assert (firm.number, firm.category) == ("KVe.002", Category.ORGANISATION)
    assert names(firm)[1] == ("WULKAN", "former", "", "")
    assert [one.reason for one in listed.skipped] == [
        "an alias without a name",
        "no day of birth: 'EXACT 30-35 years old'",
        "a document without a number: Passport",
    ]
    assert listed.counts["weak_aliases"] == 1


def test_the_eus_xml_is_read(tmp_path: Path) -> None:
    listed = read(tmp_path, {"fsf.xml": LISTS["xmlFullSanctionsList_1_1.xml"]}, format="eu-xml")
    person, firm = listed.entries
    assert (person.number, person.kind) == ("13", "person")
    assert names(person) == [
        ("Harald Hardrada", "primary", "strong", ""),
        ("Харальд", "alias", "strong", "RU"),
        ("The Last", "alias", "weak", ""),
    ]
    assert births(person) == [
        "1965-03-02",
        "~1964-01-01..1967-12-31",
        "..1980-12-31",
        "1966-03-01..1966-03-31",
    ]
    assert numbers(person) == [("other", "EU.27.28", ""), ("passport", "AD001095", "XA")]
    assert (person.countries, person.programmes) == (("XA",), ("KVI",))
    assert numbers(firm)[1] == ("imo", "9187629", "")
    assert listed.dated_at == datetime(2026, 3, 1, 14, 47, 4, 449_000, tzinfo=UTC)
    assert len(listed.skipped) == 3


def test_the_eus_csv_says_the_same_where_it_says_it(tmp_path: Path) -> None:
    person, firm = read(
        tmp_path, {"csvFullSanctionsList_1_1.csv": LISTS["csvFullSanctionsList_1_1.csv"]}
    ).entries
    assert (person.number, person.kind, person.gender) == ("13", "person", Gender.MALE)
    assert person.names == ("Harald Hardrada", "Харальд")
    assert births(person) == ["1965-03-02", "~1964-01-01..1967-12-31"]
    assert numbers(person) == [("other", "EU.27.28", ""), ("passport", "AD001095", "XA")]
    assert (person.countries, person.programmes) == (("XA",), ("KVI",))
    assert (firm.names, firm.category) == (("Volkan; Shipping",), Category.ORGANISATION)


def test_ofsis_list_is_read(tmp_path: Path) -> None:
    listed = read(tmp_path, {"ConList.csv": LISTS["ConList.csv"]})
    person, ship = listed.entries
    assert (person.number, person.category) == ("7001", Category.PERSON)
    assert names(person) == [
        ("Harald Sigurd HARDRADA", "primary", "", ""),
        ("Харальд", "alias", "", "Cyrillic"),
        ("HARALDR", "alias", "strong", ""),
        ("THE LAST", "alias", "weak", ""),
        ("HARDREDE", "former", "", ""),
    ]
    assert births(person) == ["1965-03-02", "1966-01-01..1966-12-31"]
    assert person.countries == ("Norland", "Vestria")
    assert [value for _, value, _ in numbers(person)] == ["55501", "55502", "A123456(7)"]
    assert (person.gender, person.programmes) == (Gender.MALE, ("Kordavia",))
    assert (ship.category, numbers(ship)) == (Category.VESSEL, [("imo", "9187629", "")])
    assert [(one.line, one.entry) for one in listed.skipped] == [(6, "7001")]


def test_the_list_that_followed_it_is_read(tmp_path: Path) -> None:
    person, ship = read(
        tmp_path, {"uk.csv": LISTS["UK-Sanctions-List.csv"]}, format="uk-sanctions-list"
    ).entries
    assert names(person) == [
        ("Harald HARDRADA", "primary", "", ""),
        ("THE LAST", "alias", "weak", ""),
    ]
    assert births(person) == ["1965-01-01..1965-12-31"]
    assert (person.number, person.gender) == ("KVI0001", Gender.MALE)
    assert (ship.countries, numbers(ship)) == (("Vestria",), [("imo", "9187629", "")])


def test_opensanctions_table_is_read(tmp_path: Path) -> None:
    listed = read(tmp_path, {"targets.simple.csv": LISTS["targets.simple.csv"]})
    person, vessel = listed.entries
    assert person.names == ("Harald Hardrada", "Харальд", "Hardrada; Harald")
    assert births(person) == ["1965-01-01..1965-12-31", "1966-03-01..1966-03-31"]
    assert (person.countries, person.programmes) == (("xa", "xb"), ("KV-1",))
    assert numbers(person) == [("other", "AD001095", "")]
    assert vessel.category is Category.VESSEL
    assert listed.wallets == (ListedWallet(ADDRESS, ""),)
    assert [(one.line, one.entry) for one in listed.skipped] == [
        (3, "NK-2"),
        (5, "NK-4"),
        (6, "NK-5"),
    ]


@pytest.mark.parametrize("turned", [False, True], ids=["as written", "turned round"])
def test_followthemoneys_objects_find_their_holders(tmp_path: Path, turned: bool) -> None:
    lines = FTM.splitlines(keepends=True)
    text = "".join(reversed(lines)) if turned else FTM
    listed = read(tmp_path, {"entities.ftm.json": text})
    entries = {entity.number: entity for entity in listed.entries}
    person, vessel, firm = entries["NK-1"], entries["NK-2"], entries["NK-3"]
    assert names(person) == [
        ("Harald Hardrada", "primary", "strong", ""),
        ("Харальд", "alias", "strong", ""),
        ("Haraldr", "former", "strong", ""),
        ("The Last", "alias", "weak", ""),
    ]
    assert (person.programmes, person.gender) == (("KV-1",), Gender.MALE)
    assert numbers(person) == [("national-id", "77", ""), ("passport", "AD001095", "xa")]
    assert [kind for kind, _, _ in numbers(vessel)] == ["imo", "mmsi", "call-sign"]
    assert [kind for kind, _, _ in numbers(firm)] == [
        "tax-number",
        "registration-number",
        "lei",
        "bic",
    ]
    assert listed.wallets == (ListedWallet(ADDRESS, "XBT", "NK-1"),)
    assert listed.counts["passed_over_Address"] == listed.counts["passed_over_Person"] == 1


def test_wallets_may_stand_beside_another_list(tmp_path: Path) -> None:
    listed = read(tmp_path, {"consolidated.xml": UN, XBT: f"{ADDRESS}\n"})
    assert (len(listed.entries), len(listed.wallets)) == (2, 1)


def test_a_name_is_kept_as_it_is_seen(tmp_path: Path) -> None:
    """What turns the direction of writing, and control characters, go; how many is said."""
    text = ftm(
        {"id": "1", "schema": "Person", "target": True,
         "properties": {"name": ["Har\u202eald\u0007 \u200bHar\u00a0drada\t"], "alias": ["313"]}},
        {"id": "2", "schema": "Person", "target": True,
         "properties": {"name": ["مي\u200cرز"]}},
    )  # fmt: skip
    listed = read(tmp_path, {"entities.ftm.json": text})
    assert [entity.names for entity in listed.entries] == [
        ("Harald Har drada", "313"),
        ("مي\u200cرز",),
    ]
    assert listed.counts["names_cleaned"] == 1
    assert listed.counts["names_of_digits"] == 1  # they are screened, and nothing else is said


def test_a_list_without_lines_cleans_its_names_too(tmp_path: Path) -> None:
    listed = read(tmp_path, {"consolidated.xml": UN.replace("HARALD<", "HA&#x202E;RALD&#x200F;<")})
    assert listed.entries[0].names[0] == "HARALD HARDRADA SIGURD"
    assert listed.counts["names_cleaned"] == 1


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("10 Dec 1948", "1948-12-10"),
        ("Dec 1948", "1948-12-01..1948-12-31"),
        ("Nov. 1973", "1973-11-01..1973-11-30"),
        ("1948.", "1948-01-01..1948-12-31"),
        ("circa 1951", "~1951-01-01..1951-12-31"),
        ("1955 to 1957", "1955-01-01..1957-12-31"),
        ("circa 1979-1982", "~1979-01-01..1982-12-31"),
        ("01 Jan 1960 to 31 Dec 1962", "1960-01-01..1962-12-31"),
        ("1960-02", "1960-02-01..1960-02-29"),
        ("1960-02-29T00:00:00", "1960-02-29"),
        ("28/06/1960", "1960-06-28"),
        ("00/06/1960", "1960-06-01..1960-06-30"),
        ("9999-12", None),  # the day after it is none
        ("1961-02-29", None),
        ("1957 to 1955", None),
        ("0000", None),
        ("30 Foo 1960", None),
        ("", None),
        ("١٩٦٠", None),
        ("1" * 5000, None),
    ],
    ids=lambda text: repr(text)[:24],
)
def test_days_of_birth_are_read_as_people_write_them(said: str, found: str | None) -> None:
    birth = worded(said)
    if birth is None:
        assert found is None
    else:
        about = "~" if birth.approximate else ""
        assert found is not None
        first, _, last = found.removeprefix("~").partition("..")
        assert (about, str(birth.first)) == (found[0] if found[0] == "~" else "", first)
        assert str(birth.last) == (last or first)


def test_cleaning_twice_changes_nothing() -> None:
    for text in ["a\u202eb", " a \n b ", "مي\u200cرز", "\x00", "\ufeffa"]:
        assert clean(clean(text)) == clean(text)


def test_what_came_whole_is_read_and_what_did_not_needs_its_own_end(tmp_path: Path) -> None:
    """Nobody vouches for a hash that was taken of what came; the server's length may."""
    for file, text in LISTS.items():
        folder = publish(tmp_path / file, {file: text})
        digest = read_list(folder, now=NOW).version
        hashes = {one: {"sha256": sha(folder / one), "whole": False} for one in [file]}
        publish(folder, {file: text}, files={}, received=hashes)
        if file.endswith(".csv"):
            with pytest.raises(Exception, match=r"list\.truncated"):
                read_list(folder, now=NOW)
            hashes[file]["whole"] = True
            publish(folder, {file: text}, files={}, received=hashes)
        assert read_list(folder, now=NOW).version == digest


def sha(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_files_that_were_fetched_one_by_one_are_not_taken_on_trust(tmp_path: Path) -> None:
    """An alias without its entry is of another edition, unless the publisher vouches for both."""
    files = OFAC_CSV | {"alt.csv": '99,1,"aka","HAAKON",-0- \r\n\x1a'}
    assert len(read(tmp_path / "vouched", files).entries) == 3
    folder = publish(tmp_path / "fetched", files)
    received = {name: {"sha256": sha(folder / name), "whole": True} for name in files}
    publish(folder, files, files={}, received=received)
    with pytest.raises(Exception, match=r"list\.editions-mixed"):
        read_list(folder, now=NOW)


def test_an_entry_of_the_eu_keeps_its_rows_together(tmp_path: Path) -> None:
    """Rows of one entry need not follow each other."""
    rows = [
        {"Entity_LogicalId": number, "Entity_SubjectType": "person", "NameAlias_WholeName": name}
        for number, name in [("1", "Harald"), ("2", "Sigurd"), ("1", "Hardrada")]
    ]
    entries = read(tmp_path, {"csvFullSanctionsList_1_1.csv": eu_csv(*rows)}).entries
    assert [(one.number, one.names) for one in entries] == [
        ("1", ("Harald", "Hardrada")),
        ("2", ("Sigurd",)),
    ]


ALL = """
import sys
from hashlib import sha256
from pathlib import Path
from tests.listings import LISTS, read
for file, text in LISTS.items():
    print(sha256(repr(read(Path(sys.argv[1]) / file, {file: text})).encode()).hexdigest())
"""


def test_a_list_is_read_alike_in_every_process(tmp_path: Path) -> None:
    said = set()
    for seed in ("1", "2"):
        seeded = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", ALL, str(tmp_path)]
        ran = subprocess.run(command, env=seeded, capture_output=True, text=True, check=True)
        said.add(ran.stdout)
    assert len(said) == 1
    assert len(said.pop().split()) == len(LISTS)


@pytest.fixture(scope="module")
def un(tmp_path_factory: pytest.TempPathFactory) -> SanctionsList:
    """The UN's list of February 2026."""
    data = Path(
        os.environ.get("CLEARHOUSE_DATA", Path(__file__).parents[2].parent / "shared" / "data")
    )
    packed = data / "sanctions" / "un" / "consolidated.xml.gz"
    if not packed.exists():
        pytest.skip(f"no list of the UN at {packed}: set CLEARHOUSE_DATA")
    folder = tmp_path_factory.mktemp("un")
    (folder / "consolidated.xml").write_bytes(gzip.decompress(packed.read_bytes()))
    return read_undated(folder, Publication("UN-SC", PUBLISHED_AT, {}), now=NOW)


@pytest.mark.external
def test_the_uns_real_list_is_read_to_its_last_entry(un: SanctionsList) -> None:
    kinds = Counter(entity.category for entity in un.entries)
    assert kinds == {Category.PERSON: 730, Category.ORGANISATION: 273}
    assert un.dated_at == datetime(2026, 2, 27, 0, 0, 9, 554_000, tzinfo=UTC)
    found = ("aliases", "weak_aliases", "births", "identifiers", "names_cleaned")
    assert [un.counts[name] for name in found] == [3118, 615, 892, 454, 0]
    originals = [one for entity in un.entries for one in entity.known_as if one.script]
    assert len(originals) == 42 + 336 - 1  # one is written in Latin, and is the primary name
    reasons = Counter(one.reason.partition(":")[0] for one in un.skipped)
    assert reasons == {"no day of birth": 3, "a document without a number": 14}
    assert all(one.entry for one in un.skipped)


@pytest.mark.external
def test_who_is_on_the_uns_real_list_is_found(un: SanctionsList) -> None:
    wallets = SanctionsList(
        "OFAC-WALLETS", "w", PUBLISHED_AT, (), (ListedWallet(ADDRESS, "XBT"), *WALLETS)
    )
    sdn = SanctionsList("OFAC-SDN", "s", PUBLISHED_AT, (*un.entries[:1], *FILLERS))
    screen = in_force([sdn, wallets, un], NOW, timedelta(days=7))
    asked = [
        Subject(entity.number, (name.text,))
        for entity in un.entries[::7]
        for name in entity.known_as
        if name.role is Role.PRIMARY or name.script
    ]
    answers = screen.screen(asked, now=NOW)
    for subject, matches in zip(asked, answers, strict=True):
        grades = {match.entity: match.grade for match in matches if match.list_name == "UN-SC"}
        assert grades.get(subject.id) is Grade.EXACT, subject
