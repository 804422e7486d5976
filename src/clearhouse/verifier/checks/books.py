"""Of the books: the house committed to how it stands, and the entries come to just that."""

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

from clearhouse.verifier import canonical, merkle
from clearhouse.verifier.canonical import whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published, Salted
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

MOVING = {"single", "post", "reverse"}  # the phases in which a transfer changes balances


def closings(published: Published) -> None:
    """The books were closed at both ends, and the lines are those that were committed to."""
    opening, closing = _ends(published)
    told = [one for one in published.entries if one.kind == "BooksClosed"]
    if [one.leaf for one in told] != ([opening.leaf] if opening else []):
        raise Wrong("closings.malformed", "the books were closed otherwise, too")
    _check_lines(closing, published.standing)
    if opening is not None:
        _check_lines(opening, published.opening)
    elif published.opening:
        raise Wrong("closings.malformed", "nothing stood before the founding")


def books(published: Published) -> Looks:
    """The lines at the end are those at the beginning and what the entries did to them."""

    def end(standing: Standing) -> None:
        said = sorted(one.line for one in published.standing)
        for mine, theirs in zip_longest(standing.lines(), said):
            if mine != theirs:
                detail = f"the entries come to {mine or 'nothing'}; the house says "
                raise Wrong("books.differ", f"{detail}{theirs or 'nothing'}")

    return Looks({}, end)


def told(published: Published) -> Looks:
    """No entry or account of the participant is left out: the house committed to all of them."""

    def end(standing: Standing) -> None:
        who = published.bundle.participant
        _, closing = _ends(published)
        shown = [one for one in published.accounts if one.about == "closing"]
        lines = [canonical.read(one.line, "a line of the books") for one in shown]
        accounts = {one["account"] for one in lines if one.get("owner") == who}
        mine = canonical.write(standing.told_to(who, len(accounts)))
        said = [one for one in shown if one.line == mine]
        if not any(is_committed(one, closing.body["root"], closing.body["lines"]) for one in said):
            detail = f"{mine}: not the entries and accounts that the house counted"
            raise Wrong("told.differs", detail)

    return Looks({}, end)


def accounts(published: Published) -> None:
    """A participant's accounts: what they were, and its transfers, come to what they are."""
    opening, closing = _ends(published)
    before = _shown(published, "opening", opening)
    after = _shown(published, "closing", closing)
    sums: Counter[str] = Counter(before)
    for entry in published.entries:
        said = entry.body
        in_period = published.bundle.first <= entry.position <= published.bundle.last
        if entry.kind == "TransferRecorded" and in_period and said["phase"] in MOVING:
            sums[said["debit"]] -= whole(said["units"])
            sums[said["credit"]] += whole(said["units"])
    for account in sorted(before.keys() | after.keys()):
        if sums[account] != after.get(account):
            detail = f"{account}: its transfers come to {sums[account]}; the house says "
            raise Wrong("accounts.differ", f"{detail}{after.get(account)}")


def _shown(published: Published, at: str, closing: Entry | None) -> dict[str, int]:
    """The balances at one end, each proved to be under what was committed to."""
    found = {}
    for one in published.accounts:
        if one.about != at:
            continue
        if closing is None:
            raise Wrong("closings.malformed", "nothing stood before the founding")
        if not is_committed(one, closing.body["root"], closing.body["lines"]):
            detail = f"{one.line:.200} is not among the lines of the {at}"
            raise Wrong("accounts.not-committed", detail)
        line = canonical.read(one.line, "a line of the books")
        if line["standing"] == "told":
            continue  # another check's
        if line.get("owner") != published.bundle.participant:
            raise Wrong("accounts.another-owner", f"{line.get('owner')}")
        found[line["account"]] = whole(line["balance"])
    return found


def is_committed(one: Salted, root: str, count: str) -> bool:
    """Whether a line is proved to be one of those under a root."""
    leaf = merkle.leaf_hash(one.salt + one.line.encode())
    try:
        merkle.check_inclusion(leaf, one.index, whole(count), one.proof, bytes.fromhex(root))
    except Wrong:
        return False
    return True


def lines_root(lines: Sequence[Salted]) -> str:
    """The root over lines that are all shown, in hex."""
    tree = merkle.GrowingTree()
    for one in lines:
        tree.append(merkle.leaf_hash(one.salt + one.line.encode()))
    return tree.root().hex()


def _ends(published: Published) -> tuple[Entry | None, Entry]:
    """The closings at the beginning, unless that is the founding, and at the end.

    Raises:
        Wrong: `closings.malformed`, they are not those of this period.
    """
    places = {whole(one.body["position"]): one for one in published.closings}
    first, last = published.bundle.first, published.bundle.last
    if any(one.kind != "BooksClosed" or one.subject != "house" for one in published.closings):
        raise Wrong("closings.malformed", "an entry tells of no closing")
    if places.keys() != ({last} if first == 1 else {first - 1, last}):
        raise Wrong("closings.malformed", f"the books are not closed at {first - 1} and {last}")
    return places.get(first - 1), places[last]


def _check_lines(closing: Entry, lines: Sequence[Salted]) -> None:
    said = closing.body
    if (str(len(lines)), lines_root(lines)) != (said["lines"], said["root"]):
        detail = f"the {len(lines)} lines as of entry {said['position']} are not those committed to"
        raise Wrong("closings.lines-differ", detail)
