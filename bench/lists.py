"""Sanctions lists: what reading OFAC's advanced XML costs, and comparing it with the one before.

The file is made, with parties like OFAC's: 12,000 make 24 MB, 60,000 the 120 MB of the real one.
`ratio` is to the standard library's own parser in C (`iterparse`), which walks the same file,
forgets each party and takes nothing from it.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import iterparse

from clearhouse.core.editions import compare
from clearhouse.feeds.sanctions import Publication, read_undated

NOW = datetime(2026, 3, 3, tzinfo=UTC)
HEAD = """<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://lists.example/ADVANCED_XML">
<DateOfIssue CalendarTypeID="1"><Year>2026</Year><Month>3</Month><Day>1</Day></DateOfIssue>
<ReferenceValueSets>
<AliasTypeValues><AliasType ID="1400">A.K.A.</AliasType></AliasTypeValues>
<CountryValues><Country ID="11">Norland</Country></CountryValues>
<FeatureTypeValues><FeatureType ID="8">Birthdate</FeatureType>
<FeatureType ID="25">Location</FeatureType></FeatureTypeValues>
<PartySubTypeValues><PartySubType ID="4" PartyTypeID="1">Individual</PartySubType>
</PartySubTypeValues>
<ScriptValues><Script ID="215">Latin</Script></ScriptValues>
</ReferenceValueSets>
<Locations><Location ID="1"><LocationCountry CountryID="11"/></Location></Locations>
<DistinctParties>
"""
ALIAS = """<Alias FixedRef="{n}" AliasTypeID="1400" Primary="{primary}" LowQuality="false">
<DocumentedName ID="{n}" FixedRef="{n}" DocNameStatusID="1">
<DocumentedNamePart>
<NamePartValue NamePartGroupID="1" ScriptID="215">SURNAME {n}</NamePartValue>
</DocumentedNamePart><DocumentedNamePart>
<NamePartValue NamePartGroupID="2" ScriptID="215">Given {primary}</NamePartValue>
</DocumentedNamePart></DocumentedName></Alias>
"""
PARTY = """<DistinctParty FixedRef="{n}"><Comment/><Profile ID="{n}" PartySubTypeID="4">
<Identity ID="{n}" FixedRef="{n}" Primary="true" False="false">{aliases}</Identity>
<Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="1" ReliabilityID="1"><Comment/>
<DatePeriod CalendarTypeID="1"><Start Approximate="false">
<From><Year>1961</Year><Month>1</Month><Day>1</Day></From>
<To><Year>1961</Year><Month>1</Month><Day>1</Day></To></Start><End Approximate="false">
<From><Year>1961</Year><Month>12</Month><Day>31</Day></From>
<To><Year>1961</Year><Month>12</Month><Day>31</Day></To></End></DatePeriod>
</FeatureVersion></Feature>
<Feature ID="2" FeatureTypeID="25"><FeatureVersion ID="2" ReliabilityID="1">
<VersionLocation LocationID="1"/></FeatureVersion></Feature></Profile></DistinctParty>
"""


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=12_000, help="parties")


def run(given: argparse.Namespace) -> Iterator[str]:
    """Make a list of `size` parties, read it, walk it, and compare it with itself."""
    with tempfile.TemporaryDirectory(prefix="clearhouse-bench-") as name:
        folder = Path(name)
        file = folder / "sdn_advanced.xml"
        _write(file, given.size)
        megabytes = file.stat().st_size / 1e6
        begun = time.process_time()
        edition = read_undated(folder, Publication("OFAC-SDN", NOW, {}), now=NOW)
        took = time.process_time() - begun
        yield f"lists.mb {megabytes:.1f} MB"
        yield f"lists.cpu_s {took:.2f} s"
        yield f"lists.rss_mb {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
        yield f"lists.ratio {took / _walked(file):.1f}"
        begun = time.process_time()
        assert compare(edition, edition).is_empty
        yield f"lists.compare_s {time.process_time() - begun:.2f} s"


def _write(file: Path, size: int) -> None:
    with file.open("w", encoding="utf-8") as written:
        written.write(HEAD)
        for n in range(1, size + 1):
            flags = ["true", "false", "false"]
            aliases = "".join(ALIAS.format(n=n, primary=flag) for flag in flags)
            written.write(PARTY.format(n=n, aliases=aliases))
        written.write("</DistinctParties></Sanctions>\n")


def _walked(file: Path) -> float:
    begun = time.process_time()
    for _, element in iterparse(file):  # noqa: S314 - the file is our own
        if element.tag.endswith("}DistinctParty"):
            element.clear()
    return time.process_time() - begun
