"""Whoever is listed is found, whatever a configuration says; without lists the gate stops."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.listings import FILLERS
from tests.listings import WALLETS as FILLED_WALLETS

from clearhouse.core.errors import Kind
from clearhouse.core.listed import wallet_key
from clearhouse.core.screening import (
    AGE_MAX,
    MANDATORY_LISTS,
    REVIEW_AT,
    Grade,
    ListedEntity,
    ListedWallet,
    ListMissing,
    ListPostdated,
    ListStale,
    ListTooSmall,
    ListTwice,
    NameUnscreenable,
    SanctionsList,
    Screen,
    Subject,
    WalletUnscreenable,
    in_force,
)
from clearhouse.engines.names import fold

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
BASE58 = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
BECH32 = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
HEX = "0x52908400098527886E0F7030069857D2E4169EE7"

SDN = SanctionsList(
    "OFAC-SDN",
    "5d" * 32,
    YESTERDAY,
    entries=(
        ListedEntity("36", "", ("VOLKAN SHIPPING CO., LTD.", "WULKAN SHIPPING")),
        ListedEntity("173", "individual", ("HARDRADA, Harald Sigurd",)),
        *FILLERS,
    ),
)
WALLETS = SanctionsList(
    "OFAC-WALLETS",
    "3a" * 32,
    YESTERDAY,
    wallets=(
        *(ListedWallet(BASE58, "XBT"), ListedWallet(BECH32, "XBT"), ListedWallet(HEX, "ETH")),
        *FILLED_WALLETS,
    ),
)


def ask(screen: Screen, *names: str) -> list[tuple[str, str, str, Grade]]:
    (matches,) = screen.screen([Subject("p", names)], now=NOW)
    return [(m.subject_name, m.listed_name, m.entity, m.grade) for m in matches]


def test_a_match_names_both_strings_the_list_and_its_version() -> None:
    screen = in_force([WALLETS, SDN], NOW)
    ((match,),) = screen.screen([Subject("lei", ("Volkan Shipping LLC",))], now=NOW)
    assert match.subject == "lei"
    assert match.subject_name == "Volkan Shipping LLC"
    assert match.listed_name == "VOLKAN SHIPPING CO., LTD."
    assert (match.entity, match.list_name, match.list_version) == ("36", "OFAC-SDN", "5d" * 32)
    assert (match.score, match.grade) == (1000, Grade.EXACT)


def test_an_alias_is_found_as_a_name_is() -> None:
    assert ask(in_force([SDN, WALLETS], NOW), "Wulkan Shipping GmbH") == [
        ("Wulkan Shipping GmbH", "WULKAN SHIPPING", "36", Grade.EXACT)
    ]


def test_every_name_of_a_subject_is_screened() -> None:
    found = ask(in_force([SDN, WALLETS], NOW), "Sudmark Timber", "Harald Sigurd Hardrade")
    assert found == [("Harald Sigurd Hardrade", "HARDRADA, Harald Sigurd", "173", Grade.POSSIBLE)]


def test_a_batch_answers_each_subject_in_its_place_even_when_ids_repeat() -> None:
    subjects = [Subject("a", ("Sudmark Timber",)), Subject("a", ("Volkan Shipping",))]
    nothing, something = in_force([SDN, WALLETS], NOW).screen(subjects, now=NOW)
    assert (len(nothing), len(something)) == (0, 1)


def test_one_entry_on_two_lists_is_two_matches() -> None:
    other = replace(SDN, name="NORLAND", version="77" * 32)
    found = in_force([other, SDN, WALLETS], NOW).screen(
        [Subject("p", ("Volkan Shipping",))], now=NOW
    )
    assert [match.list_name for match in found[0]] == ["NORLAND", "OFAC-SDN"]


def test_the_order_of_lists_and_entries_changes_nothing() -> None:
    names = ("Volkan Shiping", "Harald Hardrada")
    turned = replace(SDN, entries=SDN.entries[::-1])
    assert ask(in_force([SDN, WALLETS], NOW), *names) == ask(
        in_force([WALLETS, turned], NOW), *names
    )


@pytest.mark.parametrize("missing", MANDATORY_LISTS)
def test_without_a_mandatory_list_the_gate_stops(missing: str) -> None:
    lists = [edition for edition in (SDN, WALLETS) if edition.name != missing]
    with pytest.raises(ListMissing, match=missing):
        in_force(lists, NOW)


def test_a_list_that_configuration_adds_is_mandatory_too() -> None:
    with pytest.raises(ListMissing, match="NORLAND"):
        in_force([SDN, WALLETS], NOW, also_mandatory=["NORLAND"])


def test_two_editions_of_one_list_stop_the_gate() -> None:
    with pytest.raises(ListTwice):
        in_force([SDN, WALLETS, replace(SDN, version="other")], NOW)


@pytest.mark.parametrize("listed", [SDN, WALLETS], ids=lambda edition: edition.name)
def test_a_list_older_than_its_limit_stops_the_gate(listed: SanctionsList) -> None:
    others = [edition for edition in (SDN, WALLETS) if edition is not listed]
    edge = replace(listed, published_at=NOW - AGE_MAX)
    in_force([edge, *others], NOW)
    stale = replace(listed, published_at=NOW - AGE_MAX - timedelta(seconds=1))
    for age_max in (AGE_MAX, timedelta(days=400)):
        with pytest.raises(ListStale, match=listed.name):
            in_force([stale, *others], NOW, age_max)
    with pytest.raises(ListStale):
        in_force([edge, *others], NOW, AGE_MAX - timedelta(seconds=1))


def test_a_screen_goes_stale_while_it_is_in_use() -> None:
    screen = in_force([SDN, WALLETS], NOW, timedelta(days=2))
    late = YESTERDAY + timedelta(days=2, seconds=1)
    screen.screen([], now=late - timedelta(seconds=1))
    with pytest.raises(ListStale):
        screen.screen([], now=late)
    with pytest.raises(ListStale):
        screen.listed_wallet(BASE58, now=late)


def test_a_list_from_the_future_stops_the_gate() -> None:
    ahead = replace(SDN, published_at=NOW + timedelta(seconds=1))
    with pytest.raises(ListPostdated):
        in_force([ahead, WALLETS], NOW)
    with pytest.raises(ListPostdated):
        in_force([SDN, WALLETS], NOW).screen([], now=YESTERDAY - timedelta(seconds=1))


def test_a_list_that_is_too_small_stops_the_gate() -> None:
    in_force([SDN, WALLETS], NOW, counts_min={"OFAC-SDN": 1_002, "OFAC-WALLETS": 103})
    with pytest.raises(ListTooSmall, match="OFAC-SDN"):
        in_force([SDN, WALLETS], NOW, counts_min={"OFAC-SDN": 1_003})
    in_force([replace(SDN, entries=FILLERS), replace(WALLETS, wallets=FILLED_WALLETS)], NOW)
    for least in (0, 999, -5):
        for empty in (
            replace(SDN, entries=()),
            replace(SDN, entries=FILLERS[1:]),
            replace(WALLETS, wallets=FILLED_WALLETS[1:]),
        ):
            lists = {edition.name: edition for edition in (SDN, WALLETS, empty)}
            with pytest.raises(ListTooSmall):
                in_force([*lists.values()], NOW, counts_min={empty.name: least})
    no_names = (ListedEntity("1", "", ("...",)), ListedEntity("2", "", ()))
    nameless = replace(SDN, entries=(*no_names, *FILLERS[1:]))
    with pytest.raises(ListTooSmall):
        in_force([nameless, WALLETS], NOW)
    with pytest.raises(ListTooSmall, match="NORLAND"):
        in_force([SDN, WALLETS, SanctionsList("NORLAND", "n", NOW)], NOW)


def test_what_stops_the_gate_says_so_and_the_first_ground_is_fixed() -> None:
    for refusal in (ListMissing, ListTwice, ListPostdated, ListStale, ListTooSmall):
        assert refusal.kind is Kind.UNAVAILABLE
    old = replace(SDN, published_at=NOW - timedelta(days=99), entries=())
    with pytest.raises(ListMissing):
        in_force([old, old], NOW)
    with pytest.raises(ListTwice):
        in_force([old, old, WALLETS], NOW)
    with pytest.raises(ListStale):
        in_force([old, WALLETS], NOW)


@pytest.mark.parametrize("names", [(), ("",), ("Sudmark Timber", "\u200b"), ("...",)])
def test_a_party_without_a_readable_name_does_not_pass(names: tuple[str, ...]) -> None:
    with pytest.raises(NameUnscreenable) as refused:
        in_force([SDN, WALLETS], NOW).screen([Subject("bad", names)], now=NOW)
    assert refused.value.context == {"subject": "bad"}


@pytest.mark.parametrize(
    "address",
    [
        BASE58,
        f"  {BASE58}\n",
        f"bitcoin:{BASE58}?amount=0.1&label=a:b",
        f"bip122:000000000019d6689c085ae165831e93:{BASE58}",
        f"{BASE58[:9]}\u200b{BASE58[9:]}",
        BECH32,
        BECH32.upper(),
        f"BITCOIN:{BECH32.upper()}",
        HEX,
        HEX.lower(),
        HEX[2:],
        f"ethereum:{HEX}@1",
        f"eip155:1:{HEX.lower()}",
    ],
)
def test_a_listed_wallet_is_found_however_it_is_written(address: str) -> None:
    (match,) = in_force([SDN, WALLETS], NOW).listed_wallet(address, now=NOW)
    assert match.address == address
    assert match.listed_address in {BASE58, BECH32, HEX}
    assert (match.list_name, match.list_version) == ("OFAC-WALLETS", "3a" * 32)


@pytest.mark.parametrize(
    "address", [BASE58.lower(), BASE58[:-1], BASE58 + "a", HEX[:-1] + "8", "Volkan Shipping"[:6]]
)
def test_another_wallet_is_not_found(address: str) -> None:
    assert in_force([SDN, WALLETS], NOW).listed_wallet(address, now=NOW) == ()


@pytest.mark.parametrize("address", ["", "  ", "\u200b", "bitcoin:", f"{BASE58} {BECH32}"])
def test_what_is_not_one_address_does_not_pass(address: str) -> None:
    with pytest.raises(WalletUnscreenable):
        in_force([SDN, WALLETS], NOW).listed_wallet(address, now=NOW)


@given(st.text(max_size=60))
def test_a_wallet_key_is_its_own_key(address: str) -> None:
    assert wallet_key(wallet_key(address)) == wallet_key(address)


names = st.text(alphabet="abcdeéжя .-,", min_size=1, max_size=20).filter(fold)
days = st.one_of(st.integers(0, 10), st.integers(-2, 3000)).map(lambda n: timedelta(days=n))


@given(
    entities=st.lists(st.lists(names, min_size=1, max_size=3), min_size=1, max_size=8),
    cut_off=st.integers(0, 8),
    age=days.filter(lambda age: age >= timedelta(0)),
    age_max=days,
    review_at=st.integers(-(10**6), 10**6),
    counts_min=st.dictionaries(
        st.sampled_from([*MANDATORY_LISTS, "X"]),
        st.integers(-9, 9).map(lambda n: n + 1_000 * (n > 0)),
    ),
    also_mandatory=st.lists(st.sampled_from([*MANDATORY_LISTS, "NORLAND"]), max_size=3),
    dice=st.randoms(),
)
def test_no_configuration_lets_a_listed_name_or_wallet_pass(
    entities: list[list[str]],
    cut_off: int,
    age: timedelta,
    age_max: timedelta,
    review_at: int,
    counts_min: dict[str, int],
    also_mandatory: list[str],
    dice: Random,
) -> None:
    entries = tuple(
        ListedEntity(str(number), "", tuple(listed)) for number, listed in enumerate(entities)
    )
    whole = (*entries, *FILLERS[cut_off:])
    lists = [replace(SDN, published_at=NOW - age, entries=whole), WALLETS]
    dice.shuffle(lists)
    try:
        screen = in_force(
            lists,
            NOW,
            age_max,
            counts_min=counts_min,
            also_mandatory=also_mandatory,
            review_at=review_at,
        )
    except (ListMissing, ListStale, ListTooSmall):
        screen = None  # the gate stops: nobody passes
    may_run = (
        age <= min(age_max, AGE_MAX)
        and "NORLAND" not in also_mandatory
        and len(whole) >= max(1_000, counts_min.get("OFAC-SDN", 1))
        and len(WALLETS.wallets) >= max(100, counts_min.get("OFAC-WALLETS", 1))
        and age_max >= NOW - YESTERDAY
    )
    assert (screen is not None) == may_run
    if screen:
        assert_finds_all(screen, age, entries)


def assert_finds_all(screen: Screen, age: timedelta, entries: tuple[ListedEntity, ...]) -> None:
    assert age <= AGE_MAX
    assert 1 <= screen.review_at <= REVIEW_AT
    for entity in entries:
        for name in entity.names:
            (matches,) = screen.screen([Subject("p", ("Somebody", name))], now=NOW)
            found = {(m.subject_name, m.entity): m.grade for m in matches}
            assert found[name, entity.number] is Grade.EXACT
    for wallet in WALLETS.wallets:
        assert screen.listed_wallet(wallet.address, now=NOW)


def test_a_looser_review_score_is_not_on_offer_and_a_stricter_one_is() -> None:
    name = "Volkan Shippers"
    usual = ask(in_force([SDN, WALLETS], NOW), name)
    assert ask(in_force([SDN, WALLETS], NOW, review_at=1000), name) == usual
    assert len(ask(in_force([SDN, WALLETS], NOW, review_at=1), name)) > len(usual) - 1
    assert ask(in_force([SDN, WALLETS], NOW, review_at=300), "Volkan Freight") != []
    assert ask(in_force([SDN, WALLETS], NOW), "Volkan Freight") == []
