"""`Screen`: the lists of the day, ready to be asked; made by `in_force`, or not at all."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.listed import identity, wallet_key
from clearhouse.core.rulebook import STANDARDS
from clearhouse.core.screening.entries import ListedEntity, ListedWallet, SanctionsList
from clearhouse.core.screening.match import Grade, Match, Subject, WalletMatch
from clearhouse.core.screening.qualities import Quality, of_entry, of_subject, parts
from clearhouse.engines.names import EXACT, Hit, NameIndex, fold

MANDATORY_LISTS: Final = ("OFAC-SDN", "OFAC-WALLETS")
AGE_MAX: Final = timedelta(hours=STANDARDS["screening.list-age"].core)

# Per mille. On the labelled pairs of names, 854 of 1000 true pairs score this or more (the test of
# engines/names.py measures it); a lower score asks for more work, a higher one is not on offer.
REVIEW_AT: Final = STANDARDS["screening.review-score"].core

# How many entries and wallets a list has at least. OFAC's has more than ten thousand entries and
# several hundred addresses: what is smaller than this was cut off, or is another list.
COUNTS_MIN: Final[Mapping[str, int]] = MappingProxyType({"OFAC-SDN": 1_000, "OFAC-WALLETS": 100})
NONE_MORE: Final[Mapping[str, int]] = MappingProxyType({})


class ListMissing(Refusal):
    """A mandatory sanctions list is missing."""

    code = "screening.list-missing"
    kind = Kind.UNAVAILABLE


class UnknownList(Refusal):
    """There is no such sanctions list."""

    code = "screening.list-unknown"
    kind = Kind.UNKNOWN


class ListTwice(Refusal):
    """Two editions of one sanctions list are in force at once."""

    code = "screening.list-twice"
    kind = Kind.UNAVAILABLE


class ListPostdated(Refusal):
    """A sanctions list is dated after now."""

    code = "screening.list-postdated"
    kind = Kind.UNAVAILABLE


class ListStale(Refusal):
    """A sanctions list is older than its limit."""

    code = "screening.list-stale"
    kind = Kind.UNAVAILABLE


class ListTooSmall(Refusal):
    """A sanctions list has fewer entries than it must have."""

    code = "screening.list-too-small"
    kind = Kind.UNAVAILABLE


class NameUnscreenable(Refusal):
    """A party has no name that could be screened."""

    code = "screening.name-unscreenable"
    kind = Kind.MALFORMED


class WalletUnscreenable(Refusal):
    """A wallet address is empty or not one word."""

    code = "screening.wallet-unscreenable"
    kind = Kind.MALFORMED


Listed = tuple[SanctionsList, ListedEntity]
Search = Callable[[Sequence[str]], Sequence[Sequence[Hit]]]
Matches = list[list[Match]]


class Screen:
    """The lists in force, ready to be asked; made by `in_force` alone.

    It carries its own end: asked after that, it refuses, so that no process goes on with an index
    that it built last month.
    """

    def __init__(self, lists: Sequence[SanctionsList], age_max: timedelta, review_at: int) -> None:
        self.lists = tuple(sorted(lists, key=lambda edition: edition.name))
        self.age_max = min(age_max, AGE_MAX)
        self.review_at = max(1, min(review_at, REVIEW_AT))
        self._names = [
            (edition, entity, name)
            for edition in self.lists
            for entity in edition.entries
            for name in entity.names
        ]
        self._index = NameIndex([name for _, _, name in self._names])
        self._entries = {
            (edition.name, entity.number): entity
            for edition in self.lists
            for entity in edition.entries
        }
        self._qualities: dict[tuple[str, str], Quality] = {}  # of entries that were matched
        self._identified: defaultdict[tuple[str, str, str], list[Listed]] = defaultdict(list)
        for edition in self.lists:
            for entity in edition.entries:
                for key in dict.fromkeys(map(identity, entity.identifiers)):
                    if key is not None:
                        self._identified[key].append((edition, entity))
        self._wallets: defaultdict[str, list[tuple[SanctionsList, ListedWallet]]]
        self._wallets = defaultdict(list)
        for edition in self.lists:
            for wallet in edition.wallets:
                self._wallets[wallet_key(wallet.address)].append((edition, wallet))

    def need_fresh(self, now: datetime) -> None:
        """Check that no list has aged past its limit.

        Raises:
            ListStale, ListPostdated: One has, since the screen was made.
        """
        _check_age(self.lists, now, self.age_max)

    def entry(self, match: Match) -> ListedEntity:
        """All that the list says of the entry of a match."""
        return self._entries[match.list_name, match.entity]

    def screen(self, subjects: Sequence[Subject], *, now: datetime) -> list[list[Match]]:
        """Compare every name of every subject with every listed name, as one batch.

        Returns:
            For each subject, in order, its matches: the best first, then by list, entry and names;
            one for each of its names and each entry, with that entry's closest name. Empty means
            that nothing listed is alike.

        Raises:
            NameUnscreenable: A subject has no name, or one without any letter or digit; nothing is
                decided about the others either.
            ListStale, ListPostdated: A list has aged past its limit since the screen was made.
        """
        return self._compared(
            subjects, lambda names: self._index.search(names, self.review_at), now
        )

    def rescreen(
        self,
        subjects: Sequence[Subject],
        list_name: str,
        numbers: Collection[str],
        *,
        now: datetime,
    ) -> Matches:
        """As `screen`, but with some entries of one list alone: those that have changed.

        It finds what `screen` finds of these entries, and takes a fraction of the time.

        Args:
            numbers: The list's numbers of the entries.
        """
        chosen = [
            at
            for at, (edition, entity, _) in enumerate(self._names)
            if edition.name == list_name and entity.number in numbers
        ]
        found = self._compared(
            subjects, lambda names: self._index.rescore(names, chosen, self.review_at), now
        )
        return [
            [one for one in each if one.list_name == list_name and one.entity in numbers]
            for each in found
        ]

    def same(self, subjects: Sequence[Subject], *, now: datetime) -> list[list[Match]]:
        """As `screen`, but only who has the very words of a listed name: the `EXACT` matches.

        It takes one look-up a name, so that a whole register can be asked. It finds nobody who
        merely resembles somebody, so it clears nobody.
        """
        return self._compared(subjects, self._index.same, now)

    def _compared(self, subjects: Sequence[Subject], search: Search, now: datetime) -> Matches:
        self.need_fresh(now)
        for subject in subjects:
            for name in subject.names or ("",):
                if (wrong := unscreenable(subject.id, name)) is not None:
                    raise wrong
        asked = [(at, name) for at, subject in enumerate(subjects) for name in subject.names]
        found = search([name for _, name in asked])
        closest: list[dict[tuple[str, str, str], Match]] = [{} for _ in subjects]
        for (at, name), hits in zip(asked, found, strict=True):
            for hit in hits:  # the best first
                edition, entity, listed = self._names[hit.name]
                match = Match(
                    subject=subjects[at].id,
                    subject_name=name,
                    listed_name=listed,
                    entity=entity.number,
                    list_name=edition.name,
                    list_version=edition.version,
                    score=hit.score,
                    grade=Grade.EXACT if hit.score == EXACT else Grade.POSSIBLE,
                )
                closest[at].setdefault((name, edition.name, entity.number), match)
        for at, subject in enumerate(subjects):
            for match in self._by_identifier(subject):
                key = (match.identifier, match.list_name, match.entity)
                closest[at].setdefault(key, match)
        return [
            sorted(self._qualified(subject, matches.values()), key=_order)
            for subject, matches in zip(subjects, closest, strict=True)
        ]

    def _qualified(self, subject: Subject, matches: Iterable[Match]) -> Iterator[Match]:
        """Matches with what else was compared; not one less, and of the same grades."""
        ours: Quality | None = None
        for match in matches:
            if ours is None:
                is_personal = bool(subject.kept_in)
                ours = of_subject(subject.known, subject.identifiers, is_personal=is_personal)
            key = (match.list_name, match.entity)
            if key not in self._qualities:
                self._qualities[key] = of_entry(self._entries[key])
            rank, compared = parts(match.score, ours, self._qualities[key])
            yield replace(match, parts=compared, moved=rank - match.score)

    def _by_identifier(self, subject: Subject) -> Iterator[Match]:
        """Who listed has a number that the subject has: one look-up each."""
        for one in subject.identifiers:
            if (key := identity(one)) is None:
                continue
            for edition, entity in self._identified.get(key, ()):
                yield Match(
                    subject=subject.id,
                    subject_name=subject.names[0] if subject.names else subject.id,
                    listed_name=entity.names[0] if entity.names else entity.number,
                    entity=entity.number,
                    list_name=edition.name,
                    list_version=edition.version,
                    score=EXACT,
                    grade=Grade.EXACT,
                    identifier=f"{one.kind} {one.value}",
                )

    def listed_wallet(self, address: str, *, now: datetime) -> tuple[WalletMatch, ...]:
        """Look `address` up among the listed ones, on whatever chain; empty when it is not there.

        Raises:
            WalletUnscreenable: There is no address in it.
            ListStale, ListPostdated: A list has aged past its limit since the screen was made.
        """
        self.need_fresh(now)
        key = wallet_key(address)
        if not key or len(key.split()) > 1:
            raise WalletUnscreenable(f"{address[:96]!r} is not one address")
        return tuple(
            WalletMatch(
                address=address,
                listed_address=wallet.address,
                asset=wallet.asset,
                entity=wallet.entity,
                list_name=edition.name,
                list_version=edition.version,
            )
            for edition, wallet in self._wallets.get(key, ())
        )


def in_force(
    lists: Sequence[SanctionsList],
    now: datetime,
    age_max: timedelta = AGE_MAX,
    *,
    counts_min: Mapping[str, int] = NONE_MORE,
    also_mandatory: Collection[str] = (),
    review_at: int = REVIEW_AT,
) -> Screen:
    """Make the screen of the lists in force, or refuse: then the gate stops.

    Args:
        lists: One edition of each list.
        now: The house's clock.
        age_max: How old a list may be; more than `AGE_MAX` is taken for `AGE_MAX`.
        counts_min: How many entries and wallets a list must have, by its name, where that is more
            than `COUNTS_MIN`; 1 of every other list.
        also_mandatory: Names of lists that must be there beside `MANDATORY_LISTS`.
        review_at: Per mille from which a resemblance is a match; more than `REVIEW_AT` is taken for
            `REVIEW_AT`.

    Raises:
        ListMissing, ListTwice, ListPostdated, ListStale, ListTooSmall: In this precedence.
    """
    names = [edition.name for edition in lists]
    for name in sorted({*MANDATORY_LISTS, *also_mandatory}):
        if name not in names:
            raise ListMissing(f"{name} is not loaded: nothing is cleared", list=name)
    for name in names:
        if names.count(name) > 1:
            raise ListTwice(f"{name} is loaded {names.count(name)} times", list=name)
    _check_age(lists, now, min(age_max, AGE_MAX))
    for edition in lists:
        need_whole(edition, counts_min.get(edition.name, 1))
    return Screen(lists, age_max, review_at)


def need_whole(edition: SanctionsList, count_min: int = 1) -> None:
    """Check that an edition is not too small to be whole.

    Args:
        count_min: How many entries and wallets it must have, where that is more than `COUNTS_MIN`.

    Raises:
        ListTooSmall: It is.
    """
    count, least = _size(edition), max(1, COUNTS_MIN.get(edition.name, 1), count_min)
    if count < least:
        detail = f"{edition.name} has {count:,} entries; {least:,} are the least: load it whole"
        raise ListTooSmall(detail, list=edition.name)


def unscreenable(id: str, name: str) -> NameUnscreenable | None:
    """Say why a name cannot be screened, if it cannot."""
    if fold(name):
        return None
    detail = f"{id} has no name, or one that has no letter: mend it"
    return NameUnscreenable(detail, subject=id)


def _check_age(lists: Sequence[SanctionsList], now: datetime, age_max: timedelta) -> None:
    for edition in lists:
        if edition.published_at > now:
            raise ListPostdated(
                f"{edition.name} is of {edition.published_at:%FT%TZ}, after {now:%FT%TZ}",
                list=edition.name,
            )
    for edition in lists:
        if now - edition.published_at > age_max:
            raise ListStale(
                f"{edition.name} is of {edition.published_at:%FT%TZ}, older than {age_max}: "
                "load today's",
                list=edition.name,
            )


def _size(edition: SanctionsList) -> int:
    """How many of its entries can be found."""
    found = (
        any(map(fold, one.names)) or any(map(identity, one.identifiers)) for one in edition.entries
    )
    return sum(found) + len(edition.wallets)


def _order(match: Match) -> tuple[int, str, str, str, str]:
    return (-match.score, match.list_name, match.entity, match.listed_name, match.subject_name)
