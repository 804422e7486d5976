"""A new edition is compared entry by entry, and one that shrinks or goes back is refused."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.canonical import canonical
from clearhouse.core.editions import (
    SHRINK_MAX,
    EditionDelta,
    check,
    compare,
    digests,
    entity_of,
    written,
)
from clearhouse.core.errors import Refusal
from clearhouse.core.listed import (
    Birth,
    Category,
    Gender,
    Identifier,
    IdentifierKind,
    ListedName,
    Quality,
    Role,
)
from clearhouse.core.screening import ListedEntity, ListedWallet, SanctionsList

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
WALLET = ListedWallet("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "XBT", "1")
FULL = ListedEntity(
    number="1",
    kind="individual",
    names=("HARDRADA, Harald", "HARALDR"),
    programmes=("CYBER2",),
    countries=("Norland",),
    category=Category.PERSON,
    known_as=(
        ListedName("HARDRADA, Harald", Role.PRIMARY),
        ListedName("HARALDR", Role.FORMER, Quality.STRONG, "Cyrillic"),
    ),
    births=(Birth(date(1965, 3, 2), date(1965, 3, 2)), Birth(None, date(1980, 12, 31), True)),
    gender=Gender.MALE,
    identifiers=(Identifier(IdentifierKind.PASSPORT, "55501", "Norland", "Passport"),),
)


def edition(
    *numbers: int, wallets: int = 0, name: str = "TEST", at: datetime = AT, **changed: object
) -> SanctionsList:
    """An edition with entries of these numbers, and so many wallets."""
    entries = tuple(ListedEntity(str(one), "", (f"NAME {one}",)) for one in numbers)
    listed = tuple(ListedWallet(f"wallet-{one}", "XBT") for one in range(wallets))
    made = SanctionsList(name, f"v{len(numbers)}.{wallets}", at, entries, listed)
    return replace(made, **changed)  # type: ignore[arg-type]


def code_of(check: Callable[[], EditionDelta]) -> str:
    with pytest.raises(Refusal) as refused:
        check()
    return refused.value.code


def test_the_first_edition_adds_all_of_it() -> None:
    delta = check(edition(3, 1, 20, wallets=2), None)
    assert (delta.before, delta.after) == ("", "v3.2")
    assert delta.added == ("1", "20", "3")
    assert [wallet.address for wallet in delta.wallets_added] == ["wallet-0", "wallet-1"]
    assert not delta.is_empty


def test_what_is_added_changed_and_removed_is_told() -> None:
    before = edition(*range(10), wallets=10)
    entries = (*before.entries[1:], ListedEntity("99", "", ("NEW",)))
    entries = (replace(entries[0], names=("OTHER",)), *entries[1:])
    wallets = (*before.wallets[1:], ListedWallet("new", "ETH"))
    wallets = (replace(wallets[0], entity="7"), *wallets[1:])
    after = replace(before, version="b", entries=entries, wallets=wallets)
    delta = check(after, before)
    assert (delta.added, delta.changed, delta.removed) == (("99",), ("1",), ("0",))
    assert delta.wallets_added == (ListedWallet("new", "ETH"),)
    assert delta.wallets_changed == (ListedWallet("wallet-1", "XBT", "7"),)
    assert delta.wallets_removed == (ListedWallet("wallet-0", "XBT"),)
    assert (delta.list_name, delta.before, delta.after) == ("TEST", "v10.10", "b")


def test_the_order_of_entries_is_no_difference() -> None:
    before = edition(1, 2, 3, wallets=3)
    turned = replace(before, entries=before.entries[::-1], wallets=before.wallets[::-1])
    assert check(turned, before).is_empty


@pytest.mark.parametrize("name", [field.name for field in fields(ListedEntity)])
def test_whatever_a_list_says_of_an_entry_counts(name: str) -> None:
    """A field that the hash forgot would leave a change without its re-screening."""
    other: dict[str, Any] = {
        "number": "2",
        "kind": "entity",
        "category": Category.VESSEL,
        "gender": Gender.FEMALE,
        "births": FULL.births[:1],
        "known_as": (replace(FULL.known_as[0], quality=Quality.WEAK), FULL.known_as[1]),
        "identifiers": (replace(FULL.identifiers[0], word="Diplomatic Passport"),),
    }
    changed = replace(FULL, **{name: other.get(name, ("X",))})
    assert set(digests([FULL]).values()).isdisjoint(digests([changed]).values())


NAMES = st.builds(
    ListedName, st.text(), st.sampled_from(Role), st.sampled_from(Quality), st.text(max_size=5)
)
DAYS = st.none() | st.dates()
ENTITIES = st.builds(
    ListedEntity,
    number=st.text(),
    kind=st.text(),
    names=st.lists(st.text()).map(tuple),
    programmes=st.lists(st.text()).map(tuple),
    countries=st.lists(st.text()).map(tuple),
    category=st.sampled_from(Category),
    known_as=st.lists(NAMES).map(tuple),
    births=st.lists(st.builds(Birth, DAYS, DAYS, st.booleans())).map(tuple),
    gender=st.sampled_from(Gender),
    identifiers=st.lists(
        st.builds(Identifier, st.sampled_from(IdentifierKind), st.text(), st.text(), st.text())
    ).map(tuple),
)


@given(entity=ENTITIES)
def test_an_entry_is_read_back_as_it_was_written(entity: ListedEntity) -> None:
    said = written(entity)
    canonical(said)  # which takes texts, flags and lists of them alone
    assert entity_of(said) == entity


@given(one=ENTITIES, other=ENTITIES)
def test_two_entries_have_one_hash_only_if_they_say_the_same(
    one: ListedEntity, other: ListedEntity
) -> None:
    same = canonical(written(one)) == canonical(written(other))
    assert same == (one == other)


def test_what_was_kept_before_lists_said_so_much_is_read() -> None:
    old = {"number": "1", "kind": "", "names": ["X"], "programmes": [], "countries": []}
    assert entity_of(old) == ListedEntity("1", "", ("X",))


@pytest.mark.parametrize(
    ("lost", "share", "taken"),
    [
        (200, 1000, True),  # no configuration can ask for more than the core's
        (201, 1000, False),
        (200, SHRINK_MAX, True),
        (50, 50, True),
        (51, 50, False),
        (0, 0, True),
        (1, 0, False),
        (1, -5, False),
    ],
)
def test_a_list_that_shrinks_is_refused(lost: int, share: int, taken: bool) -> None:
    before = edition(*range(1000), wallets=1000)
    for after in (
        edition(*range(lost, 1000), wallets=1000),
        edition(*range(1000), wallets=1000 - lost),
    ):
        if taken:
            assert not check(after, before, shrink_max=share).added
        else:
            refused = partial(check, after, before, shrink_max=share)
            assert code_of(refused) == "list.shrunken"


def test_a_refusal_says_by_how_much_and_what_to_do() -> None:
    with pytest.raises(Refusal) as refused:
        check(edition(*range(1, 3)), edition(*range(4)), shrink_max=100)
    assert refused.value.context == {"list": "TEST", "lost": "2", "before": "4"}
    for said in ["lost 2 of 4 entries", "500 per mille", "100 are the most", "stays"]:
        assert said in refused.value.detail


def test_another_list_under_the_same_name_is_refused_though_it_is_as_long() -> None:
    before, other = edition(*range(100)), edition(*range(500, 600))
    assert code_of(lambda: check(other, before)) == "list.shrunken"
    assert len(compare(other, before).removed) == 100  # comparing judges nothing


def test_an_edition_that_is_older_is_refused() -> None:
    before = edition(1, 2)
    older = edition(1, 2, at=AT - timedelta(seconds=1))
    assert code_of(lambda: check(older, before)) == "list.regressed"
    assert check(edition(1, 2), before).is_empty  # the same instant is not older


def test_an_old_copy_that_is_handed_out_anew_is_refused() -> None:
    """Its files say when they were made, whenever somebody fetched them."""
    before = edition(1, 2, dated_at=AT)
    stale = edition(1, 2, at=AT + timedelta(days=1), dated_at=AT - timedelta(days=1))
    assert code_of(lambda: check(stale, before)) == "list.regressed"
    silent = edition(1, 2, at=AT + timedelta(days=1))
    assert check(silent, before).is_empty


def test_two_lists_are_not_compared() -> None:
    other = edition(1, name="OTHER")
    assert code_of(lambda: check(other, edition(1))) == "list.other"
    assert code_of(lambda: compare(other, edition(1))) == "list.other"


NUMBERS = st.sets(st.integers(0, 40))


@given(before=NUMBERS, after=NUMBERS, share=st.integers(-10, 1200), wallets=st.integers(0, 5))
def test_an_edition_is_taken_just_when_it_has_lost_no_more_than_it_may(
    before: set[int], after: set[int], share: int, wallets: int
) -> None:
    old, new = edition(*sorted(before), wallets=5), edition(*sorted(after), wallets=wallets)
    bound = max(0, min(share, SHRINK_MAX))
    lost = len(before - after)
    may = lost * 1000 <= len(before) * bound and (5 - wallets) * 1000 <= 5 * bound
    if may:
        delta = check(new, old, shrink_max=share)
        kept = set(map(str, before)) - set(delta.removed)
        assert kept | set(delta.added) == set(map(str, after))
    else:
        assert code_of(lambda: check(new, old, shrink_max=share)) == "list.shrunken"
