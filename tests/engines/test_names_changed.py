"""An index that changes in place answers as one made anew; a re-screening as a full search."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.demo.names import drawn
from clearhouse.engines.names import EXACT, NameIndex

WORDS = [
    *("ali", "Hassan", "hasan", "al-Masri", "Trading", "LLC", "Ivan", "Ivanov", "Иванов", "محمد"),
    *("Petrovich", "Kim", "Jong", "Un", "Jong-un", "김정은", "intl", "17", "", ",", "Nordhavn"),
]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
lists = st.lists(names, max_size=12)
Answers = list[list[tuple[int, int]]]


def answers(index: NameIndex, queries: list[str], floor: int, left: list[int]) -> Answers:
    """Hits by the place of the name among those that are left."""
    place = {number: at for at, number in enumerate(left)}
    return [[(place[hit.name], hit.score) for hit in hits] for hits in index.search(queries, floor)]


@given(lists, st.lists(st.tuples(lists, st.randoms()), min_size=1, max_size=4), lists)
@settings(max_examples=60, deadline=None)
def test_an_index_that_changed_answers_as_one_made_anew(
    listed: list[str], changes: list[tuple[list[str], Random]], queries: list[str]
) -> None:
    index = NameIndex(listed)
    left = dict(enumerate(listed))
    for coming, dice in changes:
        going = dice.sample(sorted(left), dice.randint(0, len(left)))
        numbers = index.change(coming, going)
        for number in going:
            del left[number]
        left |= zip(numbers, coming, strict=True)
    anew = NameIndex(list(left.values()))
    asked = [*queries, *listed]
    order = list(range(len(left)))
    assert answers(index, asked, 1, list(left)) == answers(anew, asked, 1, order)
    assert [[hit.name for hit in hits] for hits in index.same(asked)] == [
        [list(left)[hit.name] for hit in hits] for hits in anew.same(asked)
    ]


@pytest.fixture(scope="module")
def crowd() -> list[str]:
    return [name for entity in drawn(3000, 31) for name in entity.names]


def test_a_long_list_that_changed_answers_as_one_made_anew(crowd: list[str]) -> None:
    """Long enough for features that are common, and for what a change makes common or rare."""
    dice = Random(4)
    index = NameIndex(crowd)
    coming = [f"Ivan {name}" for name in crowd[:400]]  # what Ivan weighs changes
    going = dice.sample(range(len(crowd)), 1500)
    before = index.search(crowd[:200], 500)
    numbers = index.change(coming, going)
    left = [at for at in range(len(crowd)) if at not in set(going)] + list(numbers)
    every = [*crowd, *coming]
    anew = NameIndex([every[at] for at in left])
    asked = [*crowd[:200], *coming[:50], "Ivan", "Ivan Ivanov"]
    assert answers(index, asked, 1, left) == answers(anew, asked, 1, list(range(len(left))))
    gone = set(going)
    assert [[hit for hit in hits if hit.name not in gone] for hits in before] != index.search(
        crowd[:200], 500
    ), "the weights never mattered"


def test_names_that_are_gone_hide_nobody_from_a_re_screening() -> None:
    gone = ["ZAKI OMAR, Hassan Tikriti"] * 60  # closer by their letters, but another family
    index = NameIndex([*gone, "Hasn Tikrtii"])
    assert not index.search(["Hassan Tikriti"], 760)[0]
    index.change([], range(60))
    (hits,) = index.rescore(["Hassan Tikriti"], range(61), 760)
    assert hits == index.search(["Hassan Tikriti"], 760)[0]
    assert [hit.name for hit in hits] == [60]


def test_a_name_that_is_taken_out_is_not_found_and_keeps_its_number() -> None:
    index = NameIndex(["Vladimir Putin", "Rami Makhlouf", "Vladimir Putin"])
    assert list(index.change(["Olaf Scholz"], [0])) == [3]
    assert [hit.name for hit in index.search(["Vladimir Putin"], EXACT)[0]] == [2]
    index.change([], [2])
    assert index.search(["Vladimir Putin"], 1) == index.same(["Putin Vladimir"]) == [[]]
    assert [hit.name for hit in index.same(["Olaf Scholz"])[0]] == [3]
    with pytest.raises(AssertionError):
        index.change([], [0])


@given(lists, lists, lists, st.integers(1, EXACT))
@settings(max_examples=60, deadline=None)
def test_a_re_screening_finds_what_a_full_search_finds_of_the_changed(
    listed: list[str], coming: list[str], parties: list[str], floor: int
) -> None:
    index = NameIndex(listed)
    changed = index.change(coming, range(0, len(listed), 3))
    full = index.search(parties, floor)
    assert index.rescore(parties, changed, floor) == [
        [hit for hit in hits if hit.name in changed] for hits in full
    ]


def test_a_re_screening_of_many_finds_what_a_full_search_finds_of_the_changed(
    crowd: list[str],
) -> None:
    """Crowded: names near the changed ones push them out of both answers, or of neither."""
    index = NameIndex(crowd)
    changed = index.change([*crowd[:60], "Ivan", "Hassan al-Masri"], range(100, 160))
    parties = [entity.native for entity in drawn(1500, 32)] + crowd[:200]
    again = index.rescore(parties, [*changed, 110], 600)
    found = Counter[bool]()
    for told, hits in zip(again, index.search(parties, 600), strict=True):
        assert told == [hit for hit in hits if hit.name in changed]
        found[bool(told)] += 1
    assert min(found.values()) > 50, "too easy"
    assert index.rescore(parties[:50], [], 1) == [[]] * 50
