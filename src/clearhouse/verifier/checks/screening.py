"""Of screening: every finding is by lists that the house had adopted, each following the other."""

from hashlib import sha256

from clearhouse.verifier import canonical
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry, instant
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Edition
from clearhouse.verifier.wrong import Wrong

# The lists that nobody is cleared without, and how many entries and wallets each has at least.
MANDATORY = {"OFAC-SDN": 1_000, "OFAC-WALLETS": 100}
LOST_MAX = 200  # per mille, of what an edition may have lost


def screening(_: Published) -> Looks:
    """Findings are what their hashes say, and were screened by what was adopted; lists stay whole.

    No list shrinks by more than the core lets it, or is older than the one before, unless two
    people accepted that edition.
    """
    editions = _Editions()
    return Looks({"FindingMade": editions.found, "ListAdopted": editions.adopted})


class _Editions:
    """Editions that findings may name: those in force, and those that were in this period.

    A gate may have stood open while another edition was adopted.
    """

    def __init__(self) -> None:
        self._replaced: set[tuple[str, str]] = set()

    def found(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        if sha256(said["body"].encode()).hexdigest() != said["digest"]:
            raise Wrong("screening.finding-differs", f"entry {entry.position}: another hash")
        lists = canonical.read(said["body"], "a finding").get("lists", {})
        for name, version in lists.items():
            now = standing.lists.get(name)
            is_in_force = now is not None and now.version == version
            if not is_in_force and (name, version) not in self._replaced:
                detail = f"entry {entry.position}: {name} {version!r:.14} was not adopted"
                raise Wrong("screening.not-adopted", detail)
        if entry.subject in standing.participants and MANDATORY.keys() - lists.keys():
            detail = f"entry {entry.position}: {entry.subject} was not compared with every list"
            raise Wrong("screening.unscreened", detail)

    def adopted(self, standing: Standing, entry: Entry) -> None:
        said, before = entry.body, standing.lists.get(entry.body["list_name"])
        if said["before"] != (before.version if before else ""):
            detail = f"{_named(said)} follows {said['before']!r:.14}, which is not in force"
            raise Wrong("screening.out-of-order", detail)
        _check_counts(said, before or Edition("", "", 0, 0))
        if said["proposal"]:
            place = (said["list_name"], said["version"], said["before"])
            if standing.accepted.get(place) != said["proposal"]:
                raise Wrong("screening.not-accepted", f"{_named(said)}: two people have not agreed")
        elif before is not None:
            _check_follows(said, before)
        if before is not None:
            self._replaced.add((said["list_name"], before.version))


def _named(said: Record) -> str:
    return f"{said['list_name']} {said['version'][:12]}"


def _check_counts(said: Record, before: Edition) -> None:
    """Check that an edition is large enough, and has what is said to have come and gone."""
    entries, wallets = whole(said["entries"]), whole(said["wallets"])
    if entries + wallets < MANDATORY.get(said["list_name"], 1):
        raise Wrong("screening.too-small", f"{_named(said)} has {entries} entries")
    entries_due = before.entries + whole(said["added"]) - whole(said["removed"])
    wallets_due = before.wallets + whole(said["wallets_added"]) - whole(said["wallets_removed"])
    if (entries, wallets) != (entries_due, wallets_due):
        detail = f"{_named(said)} has {entries} entries and {wallets} wallets, and would have"
        raise Wrong("screening.counts-differ", f"{detail} {entries_due} and {wallets_due}")


def _check_follows(said: Record, before: Edition) -> None:
    """Check that an edition that nobody had to accept is newer, and has not lost too much."""
    if instant(said["published_at"]) < instant(before.published_at):
        raise Wrong("screening.regressed", f"{_named(said)} is older than the one before")
    lost = (whole(said["removed"]), whole(said["wallets_removed"]))
    for gone, of in zip(lost, (before.entries, before.wallets), strict=True):
        if gone * 1000 > of * LOST_MAX:
            raise Wrong("screening.shrunken", f"{_named(said)} has lost {gone} of {of}")
