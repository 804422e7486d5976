"""Who belongs together, and what is known of both sides of a payment."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.drawn_payments import START

from clearhouse.core.monitoring import Link, Parties, Party
from clearhouse.core.monitoring.payments import DAYS_MAX

LINKS = st.tuples(st.sampled_from(list(Link)), st.sampled_from("xyz"))
KNOWN = st.dictionaries(
    st.sampled_from("ABCDEFG"), st.lists(LINKS, max_size=3).map(tuple), max_size=7
)


@given(KNOWN)
def test_whoever_is_linked_over_others_is_of_one_group(
    links: dict[str, tuple[tuple[Link, str], ...]],
) -> None:
    groups = Parties.of(Party(id, links[id]) for id in links).groups
    for id, mine in links.items():
        reached = {id}
        while True:
            seen = {link for one in reached for link in links[one]}
            more = {one for one in links if seen & set(links[one])} | reached
            if more == reached:
                break
            reached = more
        assert groups.get(id) == (min(reached) if len(reached) > 1 else None), mine


@given(KNOWN, st.randoms(use_true_random=False))
def test_the_order_in_which_parties_are_known_is_no_matter(
    links: dict[str, tuple[tuple[Link, str], ...]], dice: object
) -> None:
    parties = [Party(id, links[id]) for id in links]
    shuffled = dice.sample(parties, len(parties))  # type: ignore[attr-defined]
    assert Parties.of(shuffled).groups == Parties.of(parties).groups


def test_an_owner_is_no_wallet_of_the_same_name() -> None:
    one, other = Party("A", ((Link.OWNER, "x"),)), Party("B", ((Link.WALLET, "x"),))
    assert Parties.of([one, other]).groups == {}


def test_a_payment_says_what_is_known_of_both_sides() -> None:
    owner = ((Link.OWNER, "o"),)
    parties = Parties.of(
        [
            Party("A", owner, "XA", 1, START - timedelta(days=5)),
            Party("B", owner, "XB", 2),
            Party("C"),
        ]
    )
    found = parties.payment("p", START, "A", "B", 100, exposure=3, amount=7, asset="xbt")
    assert (found.payer_group, found.payee_group) == ("A", "A")
    assert (found.payer_country, found.payee_country) == ("XA", "XB")
    assert (found.payer_rating, found.payee_rating) == (1, 2)
    assert (found.payer_days, found.payee_days) == (5, None)
    assert (found.exposure, found.amount, found.asset, found.late_change) == (3, 7, "xbt", None)
    back = parties.payment("q", START, "B", "A", 100)
    assert (back.payer_days, back.payee_days) == (None, 5)
    strange = parties.payment("r", START, "C", "nobody", 100)
    assert (strange.payer_group, strange.payee_group) == ("", "")
    assert strange.payee_country == ""
    assert strange.payee_rating is None


def test_days_are_whole_and_within_their_bounds() -> None:
    def days(later: timedelta) -> int | None:
        party = Party("A", admitted_at=START)
        return Parties.of([party]).payment("p", START + later, "A", "B", 1).payer_days

    assert days(timedelta(days=3, hours=23)) == 3
    assert days(-timedelta(days=3)) == 0
    assert days(timedelta(days=DAYS_MAX + 5)) == DAYS_MAX
    assert replace(Party("A")).admitted_at is None
