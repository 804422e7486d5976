"""A list is read whole or refused whole; on the real lists, who is listed is found."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.screening import Grade, SanctionsList, Screen, Subject, in_force
from clearhouse.feeds.sanctions import (
    PUBLICATION,
    Publication,
    read_list,
    read_ofac,
    read_undated,
)

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
PUBLISHED_AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
DATA = Path(os.environ.get("CLEARHOUSE_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SDN_ROW = '{},"{}",{},"{}",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,{}\r\n'
XBT = "sanctioned_addresses_XBT.txt"
ADDRESS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
OTHER = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"

FILES = {
    "sdn.csv": (
        SDN_ROW.format(36, "VOLKAN SHIPPING CO., LTD.", "-0- ", "SDGT] [IRAN", "-0- ")
        + SDN_ROW.format(
            173,
            "HARDRADA, Harald",
            '"individual"',
            "CYBER2",
            f'"DOB 1015; Digital Currency Address - XBT {ADDRESS}; Digital Currency Addr"',
        )
        + "\x1a"
    ).encode(),
    "alt.csv": b'36,12,"aka","WULKAN SHIPPING",-0- \r\n36,13,"fka","...",-0- \r\n\x1a',
    "add.csv": b'36,25,"1, Quay Road","Storhavn","Norland",-0- \r\n173,26,-0- ,-0- ,-0- ,-0- \r\n'
    b"\x1a",
    "sdn_comments.csv": f'173,"ess - ETH 0x{"ab" * 20}; Gender Male."\n\x1a'.encode(),
}


def write(folder: Path, files: dict[str, bytes], /, **changed: object) -> Path:
    """Publish `files` in `folder`; `changed` replaces what the publication says."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
    said = {"list": "OFAC-SDN", "published_at": "2026-03-02T06:00:00Z", "files": hashes}
    (folder / PUBLICATION).write_text(json.dumps(said | changed))
    return folder


def code_of(read: Callable[[], SanctionsList]) -> str:
    with pytest.raises(Refusal) as refused:
        read()
    return refused.value.code


def test_a_published_list_is_read_whole(tmp_path: Path) -> None:
    listed = read_list(write(tmp_path, FILES), now=NOW)
    assert (listed.name, listed.published_at) == ("OFAC-SDN", PUBLISHED_AT)
    first, second = listed.entries
    assert first.names == ("VOLKAN SHIPPING CO., LTD.", "WULKAN SHIPPING")
    assert (first.kind, first.programmes, first.countries) == ("", ("SDGT", "IRAN"), ("Norland",))
    assert (second.number, second.kind, second.countries) == ("173", "individual", ())
    # A remark goes on in the middle of a word in the file of long remarks.
    assert {(wallet.asset, wallet.address, wallet.entity) for wallet in listed.wallets} == {
        ("XBT", ADDRESS, "173"),
        ("ETH", "0x" + "ab" * 20, "173"),
    }
    assert listed.counts["entities"] == 2
    assert listed.counts["aliases"] == 2
    assert listed.counts["names"] == 3
    (skipped,) = listed.skipped
    assert (skipped.file, skipped.line) == ("alt.csv", 2)


def test_the_version_follows_from_every_byte_of_every_file(tmp_path: Path) -> None:
    seen = set()
    for number, name in enumerate(["", *FILES]):
        folder = tmp_path / str(number)
        folder.mkdir()
        files = FILES | ({name: FILES[name].replace(b"-0-", b"-0- ", 1)} if name else {})
        if name == "sdn_comments.csv":
            files[name] = FILES[name].replace(b"Male", b"male")
        versions = {read_list(write(folder, files), now=NOW).version for _ in range(2)}
        assert len(versions) == 1
        seen |= versions
    assert len(seen) == 1 + len(FILES)


def test_utf8_names_and_blank_lines_are_read_and_reported(tmp_path: Path) -> None:
    sdn = "\ufeff" + SDN_ROW.format(1, "Ромашка", "-0- ", "X", "-0- ") + "\r\n\x1a"
    listed = read_list(write(tmp_path, {"sdn.csv": sdn.encode()}), now=NOW)
    assert listed.entries[0].names == ("Ромашка",)
    assert [(line.line, line.reason) for line in listed.skipped] == [(2, "blank")]


def test_wallets_are_read_and_what_is_no_address_is_reported(tmp_path: Path) -> None:
    content = f"# from the list\n{ADDRESS}\n\n {OTHER} \n{ADDRESS}\n".encode()
    listed = read_list(write(tmp_path, {XBT: content}, list="OFAC-WALLETS"), now=NOW)
    assert [(wallet.asset, wallet.address) for wallet in listed.wallets] == [
        ("XBT", ADDRESS),
        ("XBT", OTHER),
    ]
    assert [(line.line, line.reason) for line in listed.skipped] == [
        (1, "comment"),
        (3, "blank"),
        (5, "listed before"),
    ]


SDN = FILES["sdn.csv"]
BAD_FILES = {
    "empty": ("sdn.csv", b"", "list.file-empty"),
    "only an end mark": ("sdn.csv", b"\r\n\x1a", "list.file-empty"),
    "empty aliases": ("alt.csv", b"\x1a", "list.file-empty"),
    "blank rows alone": ("alt.csv", b'""\r\n\x1a', "list.file-empty"),
    "short row in the middle": ("sdn.csv", b'7,"X"\r\n' + SDN, "list.row-malformed"),
    "long row": ("alt.csv", b'36,1,"aka","X",-0- ,1\r\n\x1a', "list.row-malformed"),
    "a web page": ("sdn.csv", b"<html>try again later</html>\x1a", "list.row-malformed"),
    "open quote": ("alt.csv", b'36,1,"aka","X,-0- \r\n\x1a', "list.row-malformed"),
    "quote in the middle": ("alt.csv", b'36,1,"aka","X"Y",-0- \r\n\x1a', "list.row-malformed"),
    "no number": ("alt.csv", b'x36,1,"aka","X",-0- \r\n\x1a', "list.row-malformed"),
    "other digits": ("alt.csv", '٣,1,"aka","X",-0- \r\n\x1a'.encode(), "list.row-malformed"),
    "long number": ("alt.csv", b"9" * 5000 + b',1,"aka","X",-0- \r\n\x1a', "list.row-malformed"),
    "huge field": ("alt.csv", b'36,1,"aka","' + b"X" * 200_000 + b'",-0- \r\n\x1a',
                   "list.row-malformed"),
    "nameless entry": ("sdn.csv", SDN_ROW.format(1, "...", "", "", "").encode(),
                       "list.row-malformed"),
    "end mark in the middle": ("sdn.csv", SDN + SDN, "list.row-malformed"),
    "duplicate number": ("sdn.csv", SDN[:-1] + SDN, "list.duplicate-entity"),
    "Windows-1251": ("alt.csv", '36,1,"aka","Ромашка",-0- \r\n\x1a'.encode("cp1251"),
                     "list.encoding"),
    "Latin-1": ("alt.csv", '36,1,"aka","Société",-0- \r\n\x1a'.encode("latin-1"), "list.encoding"),
    "UTF-16": ("sdn.csv", SDN[:-1].decode().encode("utf-16-le"), "list.encoding"),
    "wallet list in UTF-8": (XBT, "é\n".encode(), "list.encoding"),
    "wallet list without a wallet": (XBT, b"# none\n", "list.file-empty"),
    "no address": (XBT, f"{ADDRESS}\n<html>\n".encode(), "list.row-malformed"),
    "two addresses in a line": (XBT, f"{ADDRESS} {OTHER}\n".encode(), "list.row-malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("file", "content", "code"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_refused_even_if_it_is_what_was_published(
    tmp_path: Path, file: str, content: bytes, code: str
) -> None:
    folder = write(tmp_path, FILES | {file: content})
    assert code_of(lambda: read_list(folder, now=NOW)) == code


@pytest.mark.parametrize("file", [*FILES, XBT])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, file: str) -> None:
    whole = FILES | {XBT: f"{ADDRESS}\n{OTHER}\n".encode()}
    folder = write(tmp_path, whole)
    dated = tmp_path / "dated"
    dated.mkdir()
    for name, content in whole.items():
        (dated / name).write_bytes(content)
    read_list(folder, now=NOW)
    read_ofac(dated, now=NOW, published_at=PUBLISHED_AT)
    for length in range(len(whole[file]) - 1):
        cut = whole[file][:length]
        (folder / file).write_bytes(cut)
        code = code_of(lambda: read_list(folder, now=NOW))
        assert code in {"list.truncated", "list.file-empty", "list.hash-mismatch"}
        # Without a hash, a list of wallets cut at a line's end cannot be told from a whole one.
        if file != XBT or not cut.endswith(b"\n"):
            (dated / file).write_bytes(cut)
            code = code_of(lambda: read_ofac(dated, now=NOW, published_at=PUBLISHED_AT))
            assert code in {"list.truncated", "list.file-empty"}


@pytest.mark.parametrize("file", [*FILES, XBT])
def test_a_file_with_one_changed_byte_is_refused(tmp_path: Path, file: str) -> None:
    whole = FILES | {XBT: f"{ADDRESS}\n".encode()}
    folder = write(tmp_path, whole)
    (folder / file).write_bytes(whole[file].replace(b"1", b"2", 1))
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.hash-mismatch"


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_was_published_and_is_not_there_is_refused(tmp_path: Path, file: str) -> None:
    folder = write(tmp_path, FILES)
    (folder / file).unlink()
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.file-missing"


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, {"sdn.csv": SDN})
    (folder / "alt.csv").write_bytes(FILES["alt.csv"])
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.editions-mixed"
    (folder / PUBLICATION).unlink()
    read_ofac(folder, now=NOW, published_at=PUBLISHED_AT)
    (folder / "alt.csv").write_bytes(b'99,1,"aka","HAAKON",-0- \r\n\x1a')
    mixed = code_of(lambda: read_ofac(folder, now=NOW, published_at=PUBLISHED_AT))
    assert mixed == "list.editions-mixed"


def test_an_alias_without_its_entry_stands_alone_where_the_publisher_vouches(
    tmp_path: Path,
) -> None:
    orphan = {"alt.csv": b'99,1,"aka","HAAKON",-0- \r\n\x1a'}
    listed = read_list(write(tmp_path, {"sdn.csv": SDN} | orphan), now=NOW)
    assert [entity.names for entity in listed.entries if entity.number == "99"] == [("HAAKON",)]
    assert listed.counts["aliases_without_entity"] == 1


def test_a_folder_without_a_list_is_refused(tmp_path: Path) -> None:
    assert code_of(lambda: read_list(tmp_path / "none", now=NOW)) == "list.publication-missing"
    assert code_of(lambda: read_ofac(tmp_path, now=NOW)) == "list.file-missing"
    wallets = Publication("W", PUBLISHED_AT, {})
    assert code_of(lambda: read_undated(tmp_path, wallets, now=NOW)) == "list.file-missing"
    (tmp_path / "alt.csv").write_bytes(FILES["alt.csv"])
    assert code_of(lambda: read_undated(tmp_path, wallets, now=NOW)) == "list.file-missing"


def test_a_list_is_dated_once_and_not_after_now(tmp_path: Path) -> None:
    early = PUBLISHED_AT - timedelta(seconds=1)
    folder = write(tmp_path, FILES)
    read_list(folder, now=PUBLISHED_AT)
    assert code_of(lambda: read_list(folder, now=early)) == "list.from-the-future"
    twice = code_of(lambda: read_ofac(folder, now=NOW, published_at=PUBLISHED_AT))
    assert twice == "list.publication-malformed"
    (folder / PUBLICATION).unlink()
    assert code_of(lambda: read_ofac(folder, now=NOW)) == "list.publication-missing"
    future = code_of(lambda: read_ofac(folder, now=early, published_at=PUBLISHED_AT))
    assert future == "list.from-the-future"


GOOD_HASHES = {name: sha256(content).hexdigest() for name, content in FILES.items()}


@pytest.mark.parametrize(
    "changed",
    [
        {"list": ""},
        {"list": 7},
        {"published_at": "yesterday"},
        {"published_at": "2026-03-02T06:00:00"},
        {"published_at": 1772431200},
        {"files": {}},
        {"files": [*FILES]},
        {"files": GOOD_HASHES | {"sdn.csv": "00"}},
        {"files": GOOD_HASHES | {"sdn.csv": None}},
        {"files": GOOD_HASHES | {"../sdn.csv": "0" * 64}},
        {"files": GOOD_HASHES | {"sdn.xml": "0" * 64}},
    ],
)
def test_a_malformed_publication_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    folder = write(tmp_path, FILES, **changed)
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.publication-malformed"


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"list": "X"}'])
def test_a_publication_that_is_no_table_is_refused(tmp_path: Path, text: bytes) -> None:
    folder = write(tmp_path, FILES)
    (folder / PUBLICATION).write_bytes(text)
    assert code_of(lambda: read_list(folder, now=NOW)) == "list.publication-malformed"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    tmp_path: Path, data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(sorted(FILES)))
    content = bytearray(FILES[file])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    folder = write(tmp_path, FILES | {file: bytes(content)})
    try:
        listed = read_list(folder, now=NOW)
    except Refusal as refusal:
        if not refusal.code.startswith("list."):
            raise
    else:
        assert listed.entries


@pytest.fixture(scope="module")
def real() -> tuple[SanctionsList, SanctionsList, Screen]:
    """The real lists, and a screen over both."""
    folder = DATA / "sanctions"
    if not folder.exists():
        pytest.skip(f"no sanctions lists at {folder}: set CLEARHOUSE_DATA")
    # This copy's sdn.csv has lost its end mark and is older than its aliases, so it is vouched for.
    vouched = {
        path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("ofac/*.csv")
    }
    sdn = read_ofac(folder / "ofac", now=NOW, published_at=PUBLISHED_AT, vouched=vouched)
    wallets = read_undated(
        folder / "wallets", Publication("OFAC-WALLETS", PUBLISHED_AT, {}), now=NOW
    )
    return sdn, wallets, in_force([sdn, wallets], NOW, counts_min={"OFAC-SDN": 5000})


Real = tuple[SanctionsList, SanctionsList, Screen]


@pytest.mark.external
def test_the_real_list_is_read_to_its_last_row(real: Real) -> None:
    sdn, wallets, _ = real
    assert (sdn.counts["entities"], sdn.counts["aliases"]) == (7379, 17091)
    assert sdn.skipped == wallets.skipped == ()
    assert wallets.counts["wallets"] == 435 + 152 + 26
    assert sdn.counts["wallets"] > 100  # in the remarks


@pytest.mark.external
def test_the_real_list_is_not_taken_on_trust(real: Real) -> None:
    folder = DATA / "sanctions" / "ofac"
    assert real
    unvouched = code_of(lambda: read_ofac(folder, now=NOW, published_at=PUBLISHED_AT))
    assert unvouched == "list.truncated"
    one = {"sdn.csv": sha256((folder / "sdn.csv").read_bytes()).hexdigest()}
    mixed = code_of(lambda: read_ofac(folder, now=NOW, published_at=PUBLISHED_AT, vouched=one))
    assert mixed == "list.editions-mixed"


@pytest.mark.external
def test_who_is_on_the_real_list_is_found_by_name_and_by_alias(real: Real) -> None:
    sdn, _, screen = real
    primary = [(entity.number, entity.names[0]) for entity in sdn.entries]
    aliases = [(entity.number, name) for entity in sdn.entries for name in entity.names[1:]]
    sample = Random(1).sample(primary, 1000) + Random(2).sample(aliases, 1000)
    answers = screen.screen([Subject(number, (name,)) for number, name in sample], now=NOW)
    for (number, name), matches in zip(sample, answers, strict=True):
        grades = {match.entity: match.grade for match in matches}
        assert grades.get(number) is Grade.EXACT, name


def misspelt(name: str, dice: Random) -> str:
    """`name` with one letter dropped, doubled, swapped with the next, or replaced."""
    at = dice.choice([at for at in range(len(name) - 1) if name[at : at + 2].isalpha()])
    first, second = name[at], name[at + 1]
    slip = dice.choice(["", first * 2, second + first, dice.choice("AEIORSTN")])
    return name[:at] + slip + name[at + (2 if len(slip) == 2 and slip != first * 2 else 1) :]


@pytest.mark.external
def test_one_slip_in_a_name_of_the_real_list_is_found(real: Real) -> None:
    sdn, _, screen = real
    dice = Random(3)
    long = [
        entity
        for entity in sdn.entries
        if entity.kind in {"", "individual"} and sum(map(str.isalpha, entity.names[0])) >= 10
    ]
    sample = dice.sample(long, 500)
    asked = [Subject(e.number, (misspelt(e.names[0], dice),)) for e in sample]
    answers = screen.screen(asked, now=NOW)
    found = sum(
        any(match.entity == entity.number for match in matches)
        for entity, matches in zip(sample, answers, strict=True)
    )
    assert found >= 485


@pytest.mark.external
def test_a_listed_wallet_is_found_and_a_changed_one_is_not(real: Real) -> None:
    _, wallets, screen = real
    for wallet in wallets.wallets:
        assert screen.listed_wallet(wallet.address, now=NOW)
        last = "2" if wallet.address[-1] != "2" else "3"
        assert screen.listed_wallet(wallet.address[:-1] + last, now=NOW) == ()


ORDINARY = """
Alpenglow Dairy Cooperative; Amberfield Furniture; Anchorage Bay Seafoods; Ashdown Paper Mills;
Atlantic Fern Nurseries; Aurora Ski Works; Baltic Amber Jewellers; Banyan Tree Textiles; Beechwood
Joinery; Bergen Salmon Exporters; Birchbark Canoes; Blue Heron Optics; Bramble Hill Preserves;
Brightwater Pumps; Cairngorm Knitwear; Calico Cat Toys; Candlewick Linen; Cascade Bicycle Parts;
Cedar Ridge Lumber; Chestnut Lane Bakery Supplies; Clearbrook Glass; Cobalt Ceramics; Copperfield
Cables; Coral Reef Aquariums; Cornflower Seeds; Crestview Elevators; Crystal Springs Bottling;
Danube Valley Wines; Deepwell Drilling Tools; Delta Rice Growers; Dovetail Cabinetry; Eastgate
Tyres; Ebony Piano Works; Elderflower Cordials; Emerald Turf Farms; Evergreen Pallets; Fairweather
Sails; Falcon Crest Helmets; Fernwood Flooring; Firefly Lighting; Flintlock Garden Tools; Foxglove
Pharmaceuticals; Garnet Abrasives; Glacier Refrigeration; Golden Acre Potatoes; Granite State
Countertops; Greenfinch Packaging; Harbour Lane Chandlery; Hawthorn Electronics; Hazelbrook
Chocolates; Heatherdale Woollens; Highland Barley Maltings; Honeycomb Batteries; Ironbark Fencing;
Ivory Coast Cocoa Growers; Jasmine Rice Mills; Juniper Distillers; Kestrel Instruments; Kingfisher
Kayaks; Lakeside Ovens; Larkspur Cosmetics; Lavender Fields Soap; Limestone Quarry Partners;
Linden Musical Strings; Lighthouse Paints; Lotus Umbrella Makers; Maple Leaf Syrup Packers;
Marigold Gloves; Meadowlark Cheese; Midland Gear Cutters; Millstone Flour; Mistral Fans; Moonstone
Tiles; Mulberry Silk Weavers; Nightingale Hospital Beds; Northern Lights Candles; Oakham Saddlery;
Olive Grove Oils; Orchard Valley Juices; Osprey Fishing Tackle; Papyrus Stationers; Pebble Beach
Swimwear; Peppercorn Spices; Pinecone Plywood; Plover Drones; Quartz Watch Cases; Quayside Ropes;
Redwood Barrels; Rosemary Kitchenware; Saffron Carpets; Sandpiper Footwear; Silverbirch Cutlery;
Skylark Parachutes; Snowdrop Freezers; Stonebridge Masonry; Sunflower Oil Pressers; Swallowtail
Kites; Thistledown Quilts; Tidewater Desalination; Willowbank Cricket Bats
"""


@pytest.mark.external
def test_ordinary_firms_are_left_in_peace(real: Real) -> None:
    firms = [" ".join(name.split()) for name in ORDINARY.split(";")]
    assert len(set(firms)) == 100
    forms = ["Ltd", "GmbH", "S.A.", "LLC", "Co., Ltd.", "Trading Co", "International"]
    subjects = [Subject(firm, (f"{firm} {forms[at % 7]}",)) for at, firm in enumerate(firms)]
    hits = [match for matches in real[2].screen(subjects, now=NOW) for match in matches]
    assert len(hits) <= 3, [(hit.subject_name, hit.listed_name, hit.score) for hit in hits]
    common = ["CORP", "Co", "Trading Co", "S.A.", "The Company", "Bank", "Group", "Al"]
    answers = real[2].screen([Subject(name, (name,)) for name in common], now=NOW)
    assert sum(map(len, answers)) <= 3
