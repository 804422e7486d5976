"""Wallets: who is challenged proves that they hold an address, once and in time, and the law asks.

The signatures are those of wallets (`proving`), over the texts that the house makes.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation, RestrictViolation, UniqueViolation
from tests import proving
from tests.chains import test_evm_messages
from tests.chains.test_evm_messages import Anvil, account, signed
from tests.chains.test_messages import HONEST
from tests.enacted import (
    Market,
    adding,
    bodies,
    enact,
    facts,
    open_market,
    ruled,
)
from tests.hands import BELA, HOUSE, propose
from tests.laws import OPEN, SHIPPED, Law, joined, on_subject, tightened
from tests.laws import read as read_law
from tests.operations.test_dealing import Lists
from tests.proving import Holder
from tests.recorded import table

from clearhouse.chains.messages.node import EvmNode
from clearhouse.chains.messages.proof import Method
from clearhouse.core import ids
from clearhouse.core.command import EnterRecords
from clearhouse.core.errors import Coded
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.record import RecordEntered, Register, Way
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.settlement import VaultAddressGiven
from clearhouse.core.wallet import (
    CHALLENGE_LIFE,
    CHALLENGES,
    CUSTODY,
    NONCE_BITS,
    PURPOSES,
    WALLETS,
    Challenge,
    Wallet,
)
from clearhouse.demo.country import Country
from clearhouse.operations import records, wallets
from clearhouse.operations.house import House
from clearhouse.operations.prove import prove as prove_past
from clearhouse.operations.replay import replay
from clearhouse.operations.screen import open_gate
from clearhouse.operations.sheet import Sheet, read_sheet
from clearhouse.store import journal, registers
from clearhouse.store import records as store
from clearhouse.store.connection import connect
from clearhouse.store.projection import record

anvil = test_evm_messages.anvil  # the node of a real chain, one for the module

A_MOMENT = timedelta(microseconds=1)
A_DAY = timedelta(days=1)
NOBODY = ParticipantId("5493001KJTIIGC8Y1R12")
HOLDER, OTHER = proving.p2wpkh(), proving.p2tr()  # of nobody until it is proved
SWAPPED = HOLDER.address[:10] + HOLDER.address[11] + HOLDER.address[10] + HOLDER.address[12:]
OF_MAIN = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
EVM = "eip155:1"
ANVIL = "eip155:31337"


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    """A market whose lists are fresh on every day, and of a test's own."""
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        made.house = replace(made.house, lists=Lists(made.clock, made.house.lists()))
        yield made


@pytest.fixture(scope="module")
def quiet(
    admin_url: str,
    register: str,
    rulebook: Rulebook,
    people: Country,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Market]:
    """One for tests after which nothing is proved, and no other clock or list is."""
    folder = tmp_path_factory.mktemp("quiet")
    with open_market((admin_url, register), rulebook, people, folder) as made:
        yield made


def lists(market: Market) -> Lists:
    assert isinstance(market.house.lists, Lists)
    return market.house.lists


def ask(
    market: Market,
    letter: str = "A",
    address: str = HOLDER.address,
    network: str = "regtest",
    purpose: str = "pay-out",
    custody: str = "self-hosted",
) -> Challenge:
    who = market.firm(letter).id
    return wallets.challenge(market.house, who, network, address, purpose, custody)


def prove(market: Market, asked: Challenge, signature: str, node: EvmNode | None = None) -> Wallet:
    return wallets.prove(market.house, asked.challenge, signature, node)


def show(market: Market, letter: str = "A", holder: Holder = HOLDER, **other: str) -> Wallet:
    """Ask, sign and prove."""
    asked = ask(market, letter, holder.address, **other)
    return prove(market, asked, holder.full(asked.text))


def code(refused: Callable[[], object]) -> str:
    with pytest.raises(Coded) as caught:
        refused()
    return caught.value.code


def held(market: Market, letter: str = "A") -> list[Wallet]:
    return wallets.held_by(market.house, [market.firm(letter).id])


def entered(house: House, register: Register = WALLETS) -> list[RecordEntered]:
    return [one for one in facts(house.db, RecordEntered) if one.register == register.name]


# Challenge, sign, proved.


def test_a_challenge_names_all_and_waits_a_day(market: Market) -> None:
    asked = ask(market, purpose="mining", custody="hosted")
    now = market.clock()
    assert asked == Challenge(
        *(asked.challenge, HOUSE, market.firm("A").id, "regtest", HOLDER.address),
        *("mining", "hosted", asked.nonce, now, now + CHALLENGE_LIFE),
    )
    assert ids.parse("chl", asked.challenge)
    assert len(asked.nonce) == NONCE_BITS // 4
    assert int(asked.nonce, 16) >= 0
    assert wallets.asked(market.house, asked.challenge) == asked
    assert entered(market.house, CHALLENGES) == [CHALLENGES.entered(asked)[1]]
    assert entered(market.house) == []
    again = ask(market, purpose="mining", custody="hosted")
    assert again.challenge != asked.challenge
    assert again.nonce != asked.nonce


@pytest.mark.parametrize("form", ["simple", "full"])
@pytest.mark.parametrize("name", HONEST)
def test_every_kind_of_address_is_proved(market: Market, name: str, form: str) -> None:
    """What has a simple form is proved by that, too; the others need the full one."""
    holder, simplest = HONEST[name]
    if form == "simple":
        form = simplest
    asked = ask(market, address=holder.address)
    signature = holder.simple(asked.text) if form == "simple" else holder.full(asked.text)
    market.clock.forward(hours=1)
    made = prove(market, asked, signature)

    assert made == Wallet(
        *(asked.participant, "regtest", holder.address, "pay-out", "self-hosted"),
        *(asked.challenge, f"bip322-{form}", signature, "", market.clock()),
    )
    assert held(market) == [made]
    assert held(market, "B") == []
    assert entered(market.house) == [WALLETS.entered(made)[1]]


@pytest.mark.parametrize(
    ("holder", "header"),
    [(proving.p2pkh(), 31), (proving.p2sh_p2wpkh(), 35), (proving.p2wpkh(), 39)],
    ids=["p2pkh", "p2sh-p2wpkh", "p2wpkh"],
)
def test_a_signature_as_hardware_wallets_make_them_proves(
    market: Market, holder: Holder, header: int
) -> None:
    asked = ask(market, address=holder.address)
    made = prove(market, asked, proving.legacy(0, asked.text, header))
    assert made.method == Method.BIP137
    assert held(market) == [made]


def test_an_account_of_ethereum_is_proved(market: Market) -> None:
    asked = ask(market, address=account(0), network=EVM)
    made = prove(market, asked, signed(0, asked.text))
    assert (made.network, made.address, made.method) == (EVM, account(0), Method.EIP191)
    assert made.at_block == ""
    assert held(market) == [made]


@pytest.mark.external
def test_a_contract_of_ethereum_is_proved_in_a_block(market: Market, anvil: Anvil) -> None:
    address = anvil.deploy(test_evm_messages.wallet(account(0)))
    asked = ask(market, address=address, network=ANVIL)
    for wrong in (signed(1, asked.text), signed(0, asked.text + "!"), "0x"):
        refused = code(lambda wrong=wrong: prove(market, asked, wrong, anvil.node))  # type: ignore[misc]
        assert refused == "proof.contract-refuses"
    made = prove(market, asked, signed(0, asked.text), anvil.node)

    assert (made.method, made.at_block) == (Method.EIP1271, anvil.node.final_block())
    assert held(market) == [made]
    again = code(lambda: prove(market, asked, signed(0, asked.text), anvil.node))
    assert again == "wallet.challenge-answered"


@pytest.mark.external
def test_a_contract_is_asked_on_its_own_chain(market: Market, anvil: Anvil) -> None:
    address = anvil.deploy(test_evm_messages.wallet(account(0)))
    asked = ask(market, address=address, network=ANVIL)
    elsewhere = EvmNode(anvil.url, 1, block="latest")
    refused = code(lambda: prove(market, asked, signed(0, asked.text), elsewhere))
    assert refused == "proof.node-unavailable"
    assert entered(market.house) == []


def test_the_network_is_part_of_what_is_held(market: Market) -> None:
    """An account is the same on all such chains, and on each it is proved."""
    for network in (EVM, "eip155:10"):
        asked = ask(market, address=account(0), network=network)
        prove(market, asked, signed(0, asked.text))
    assert {one.network for one in held(market)} == {EVM, "eip155:10"}
    on_other = ask(market, "B", account(0), "eip155:137")
    assert prove(market, on_other, signed(0, on_other.text)).participant == market.firm("B").id


def test_an_address_is_held_in_its_one_form(market: Market) -> None:
    asked = ask(market, address=HOLDER.address.upper())
    assert asked.address == HOLDER.address
    prove(market, asked, HOLDER.simple(asked.text))
    assert code(lambda: ask(market, "B", HOLDER.address)) == "wallet.claimed"
    who = market.firm("A").id
    ended = wallets.give_up(market.house, who, "regtest", HOLDER.address.upper())
    assert held(market) == [ended]


# Who is not asked.

WRONG: Mapping[str, tuple[Mapping[str, str], str]] = {
    "nothing": ({"address": ""}, "address.malformed"),
    "a line's end": ({"address": HOLDER.address + "\n"}, "address.malformed"),
    "another line": ({"address": HOLDER.address + "\nnonce: 0"}, "address.malformed"),
    "no address": ({"address": "Norland Trading"}, "address.malformed"),
    "swapped characters": ({"address": SWAPPED}, "address.checksum-wrong"),
    "a character less": ({"address": HOLDER.address[:-1]}, "address.checksum-wrong"),
    "another network's": ({"address": OF_MAIN}, "address.wrong-network"),
    "asked on another network": ({"network": "main"}, "address.wrong-network"),
    "a witness version to come": (
        {"address": proving.future_address(2, bytes(32))},
        "address.version-unused",
    ),
    "an account on Bitcoin": ({"address": account(0)}, "address.malformed"),
    "an account without capitals": (
        {"address": account(0).lower(), "network": EVM},
        "address.checksum-missing",
    ),
    "an account with a swapped case": (
        {"address": "0x" + account(0)[2:].swapcase(), "network": EVM},
        "address.checksum-wrong",
    ),
    "Bitcoin's address on Ethereum": ({"network": EVM}, "address.malformed"),
    "a purpose that is none": ({"purpose": "gambling"}, "record.malformed"),
    "a purpose with more lines": ({"purpose": "pay-out\nnonce: 0"}, "record.malformed"),
    "a custody that is none": ({"custody": "warm"}, "record.malformed"),
    "a custody with more lines": ({"custody": "hosted\nnonce: 0"}, "record.malformed"),
}


@pytest.mark.parametrize(("said", "expected"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_asked_is_refused(
    quiet: Market, said: Mapping[str, str], expected: str
) -> None:
    open_gate(quiet.house)  # today's lists are adopted
    head = journal.head(quiet.house.db)
    assert code(lambda: ask(quiet, **said)) == expected
    assert journal.head(quiet.house.db) == head


@pytest.mark.parametrize(
    "network",
    [
        *("", "bitcoin", "MAIN", "regtest\n", "regtest\nnonce: 0", "eip155:", "eip155", "eip155:x"),
        *("eip155:1 ", "eip155:1\n", "EIP155:1", "eip155:-1", "bip122:1", "x" * 300),
        # One chain has one name, or one address would be two participants'.
        *("eip155:01", "eip155:0", "eip155:1_0", "eip155:\N{ARABIC-INDIC DIGIT ONE}"),
        f"eip155:{'9' * 20}",
    ],
)
def test_an_unknown_network_is_refused(quiet: Market, network: str) -> None:
    for address in (HOLDER.address, account(0)):
        refused = code(lambda address=address: ask(quiet, address=address, network=network))  # type: ignore[misc]
        assert refused == "address.wrong-network"


def test_who_is_not_admitted_is_asked_nothing(quiet: Market) -> None:
    asked = ("regtest", HOLDER.address, "pay-out", "self-hosted")
    for who in (NOBODY, "", "A\nnonce: 0"):
        refused = code(lambda who=who: wallets.challenge(quiet.house, who, *asked))  # type: ignore[misc]
        assert refused == "participant.unknown"


def test_a_house_without_a_name_asks_nobody(house: House, admitted: Country) -> None:
    """What is signed names it."""
    asked = ("regtest", HOLDER.address, "pay-out", "self-hosted")
    who = admitted.traders[0].id
    assert code(lambda: wallets.challenge(house, who, *asked)) == "founding.none"


def test_every_purpose_and_custody_is_asked_about(market: Market) -> None:
    for purpose in PURPOSES:
        for custody in CUSTODY:
            made = show(market, purpose=purpose, custody=custody)
            assert (made.purpose, made.custody) == (purpose, custody)


def give_out(house: House, holder: Holder = HOLDER) -> None:
    """Let an address be one of the vault's."""
    given = VaultAddressGiven(holder.output.hex(), holder.address, False, 0, None)
    with house.db.transaction():
        record(house.db, [(holder.address, given)], house.now(), house.now())


def test_the_vaults_own_address_is_nobodys(market: Market) -> None:
    waiting = ask(market)
    give_out(market.house)
    assert code(lambda: ask(market)) == "participant.address-of-vault"
    signature = HOLDER.simple(waiting.text)
    assert code(lambda: prove(market, waiting, signature)) == "participant.address-of-vault"
    assert entered(market.house) == []


@pytest.mark.parametrize(
    ("address", "network"), [(HOLDER.address, "regtest"), (account(0), EVM)], ids=["btc", "evm"]
)
def test_a_listed_address_is_refused_when_it_is_asked_about_and_when_it_is_proved(
    market: Market, address: str, network: str
) -> None:
    """However a list writes it."""
    waiting = ask(market, address=address, network=network)
    lists(market).add_wallet(address.upper().replace("0X", "0x"), "77")
    assert code(lambda: ask(market, address=address, network=network)) == "wallet.listed"
    answer = signed(0, waiting.text) if network == EVM else HOLDER.simple(waiting.text)
    assert code(lambda: prove(market, waiting, answer)) == "wallet.listed"
    assert entered(market.house) == []


@pytest.mark.parametrize("name", ["OFAC-SDN", "OFAC-WALLETS"])
def test_without_a_list_of_today_nobody_is_asked_and_nothing_proved(
    market: Market, name: str
) -> None:
    waiting, signature = ask(market), ""
    signature = HOLDER.simple(waiting.text)
    made = lists(market)
    made.listed.pop(name, None)
    made.wallets.pop(name, None)
    assert code(lambda: ask(market)).startswith("screening.")
    assert code(lambda: prove(market, waiting, signature)).startswith("screening.")
    assert entered(market.house) == []


def test_what_another_participant_holds_is_claimed(market: Market) -> None:
    """When it is asked about, and when it was proved between the challenge and the answer."""
    first, second = ask(market, "A"), ask(market, "B")
    made = prove(market, first, HOLDER.simple(first.text))
    assert code(lambda: ask(market, "C")) == "wallet.claimed"
    refused = code(lambda: prove(market, second, HOLDER.simple(second.text)))
    assert refused == "wallet.claimed"
    assert held(market) == [made]
    assert held(market, "B") == []


# What proves nothing.


def another(asked: Challenge, name: str) -> Challenge:
    """A challenge that differs in one field, as another house or another hour would ask it."""
    others: Mapping[str, Any] = {
        "house": ids.derived("hse", "another"),
        "participant": NOBODY,
        "network": "signet",
        "address": OTHER.address,
        "purpose": "mining",
        "custody": "hosted",
        "nonce": "0" * 32,
        "made_at": asked.made_at + A_MOMENT,
        "expires_at": asked.expires_at + A_MOMENT,
    }
    return replace(asked, **{name: others[name]})


@pytest.mark.parametrize(
    "name",
    [
        *("house", "participant", "network", "address", "purpose", "custody", "nonce"),
        *("made_at", "expires_at"),
    ],
)
def test_a_signature_over_another_challenge_proves_nothing(market: Market, name: str) -> None:
    asked = ask(market)
    for signature in (
        HOLDER.simple(another(asked, name).text),
        HOLDER.full(another(asked, name).text),
        proving.legacy(0, another(asked, name).text, 39),
    ):
        refused = code(lambda signature=signature: prove(market, asked, signature))  # type: ignore[misc]
        assert refused == "proof.signature-wrong"
    assert entered(market.house) == []
    made = prove(market, asked, HOLDER.simple(asked.text))
    assert held(market) == [made]


def test_an_account_proves_nothing_with_another_text(quiet: Market) -> None:
    asked = ask(quiet, address=account(0), network=EVM)
    for text in (replace(asked, network="eip155:10").text, another(asked, "nonce").text):
        refused = code(lambda text=text: prove(quiet, asked, signed(0, text)))  # type: ignore[misc]
        assert refused == "proof.signature-wrong"


def test_an_answer_to_one_challenge_answers_no_other(market: Market) -> None:
    """Not of the same participant and address, and not the one that a rival was asked."""
    first, second, rivals = ask(market), ask(market), ask(market, "B")
    signature = HOLDER.simple(first.text)
    for asked in (second, rivals):
        refused = code(lambda asked=asked: prove(market, asked, signature))  # type: ignore[misc]
        assert refused == "proof.signature-wrong"
    assert prove(market, first, signature).challenge == first.challenge


def test_who_holds_another_address_proves_nothing(quiet: Market) -> None:
    asked = ask(quiet)
    for signature in (
        OTHER.simple(asked.text),
        proving.multisig(2).simple(asked.text),
        proving.legacy(1, asked.text, 39),
    ):
        refused = code(lambda signature=signature: prove(quiet, asked, signature))  # type: ignore[misc]
        assert refused.startswith("proof.")
    assert entered(quiet.house) == []


@pytest.mark.parametrize(
    "around", ["{}\n", " {}", "{}=", "SMP{}"], ids=["a line's end", "a space", "more", "a prefix"]
)
def test_a_signature_is_taken_as_the_wallet_gave_it(quiet: Market, around: str) -> None:
    asked = ask(quiet)
    signature = around.format(HOLDER.simple(asked.text))
    assert code(lambda: prove(quiet, asked, signature)) == "proof.malformed"


def test_a_text_with_a_lines_end_behind_it_is_another_text(quiet: Market) -> None:
    asked = ask(quiet)
    signature = HOLDER.simple(asked.text + "\n")
    assert code(lambda: prove(quiet, asked, signature)) == "proof.signature-wrong"


@pytest.mark.parametrize(
    "lock",
    [
        {"locktime": 1},
        {"locktime": 1_900_000_000},
        {"version": 2, "sequence": 1},
        {"version": 2, "locktime": 1, "sequence": 144},
    ],
    ids=["height", "time", "age", "both"],
)
def test_a_proof_that_waits_is_refused_and_the_challenge_stays_open(
    market: Market, lock: Mapping[str, int]
) -> None:
    asked = ask(market)
    assert code(lambda: prove(market, asked, HOLDER.full(asked.text, **lock))) == (
        "wallet.proof-waits"
    )
    assert entered(market.house) == []
    assert prove(market, asked, HOLDER.full(asked.text)).method == Method.BIP322_FULL


# Once, and in time.


def test_a_challenge_is_answered_once(market: Market) -> None:
    """Neither the same signature again, nor another one, nor one that is wrong."""
    asked = ask(market)
    made = prove(market, asked, HOLDER.simple(asked.text))
    head = journal.head(market.house.db)
    for signature in (HOLDER.simple(asked.text), HOLDER.full(asked.text), "nonsense"):
        refused = code(lambda signature=signature: prove(market, asked, signature))  # type: ignore[misc]
        assert refused == "wallet.challenge-answered"
    wallets.give_up(market.house, market.firm("A").id, "regtest", HOLDER.address)
    market.clock.forward(hours=1)
    again = code(lambda: prove(market, asked, HOLDER.simple(asked.text)))
    assert again == "wallet.challenge-answered"
    assert journal.head(market.house.db) == head + 1
    assert entered(market.house)[0] == WALLETS.entered(made)[1]


def test_an_answer_comes_before_the_challenge_expires(market: Market) -> None:
    late, right = ask(market), ask(market)
    market.clock.at = late.expires_at
    assert code(lambda: prove(market, late, HOLDER.simple(late.text))) == (
        "wallet.challenge-expired"
    )
    market.clock.at = right.expires_at - A_MOMENT
    assert prove(market, right, HOLDER.simple(right.text)).proven_at == market.clock()
    market.clock.at = late.expires_at + 300 * A_DAY
    assert code(lambda: prove(market, late, HOLDER.simple(late.text))) == (
        "wallet.challenge-expired"
    )


@pytest.mark.parametrize(
    "id", ["", "chl_01KJPX8B0000000000000000TA", "nonsense", "x" * 10_000, "'; --", "chl\n_"]
)
def test_what_was_never_asked_is_not_answered(quiet: Market, id: str) -> None:
    asked = ask(quiet)
    signature = HOLDER.simple(asked.text)
    for refused in (
        lambda: wallets.prove(quiet.house, id, signature),
        lambda: wallets.asked(quiet.house, id),
    ):
        assert code(refused) == "wallet.challenge-unknown"


# Giving up, and proving again.


def test_what_is_given_up_is_held_to_the_end_of_the_day_and_then_anybodys(market: Market) -> None:
    made, who = show(market), market.firm("A").id
    waiting = ask(market, "A")
    ended = wallets.give_up(market.house, who, "regtest", HOLDER.address)
    assert ended == replace(made, until=market.clock().date())
    assert held(market) == [ended]
    assert code(lambda: ask(market, "B")) == "wallet.claimed"
    gone = code(lambda: wallets.give_up(market.house, who, "regtest", HOLDER.address))
    assert gone == "wallet.unknown"

    market.clock.forward(hours=15)
    assert ended.until == market.clock().date() - A_DAY
    theirs = show(market, "B")
    assert held(market, "B") == [theirs]
    assert held(market) == []
    told = store.versions(market.house.db, WALLETS, "address", [HOLDER.address])
    assert [one.record for one in told] == [made, ended, theirs]
    signature = HOLDER.simple(waiting.text)
    assert code(lambda: prove(market, waiting, signature)) == "wallet.claimed"
    again = code(lambda: wallets.give_up(market.house, who, "regtest", HOLDER.address))
    assert again == "wallet.unknown"


def test_nobody_gives_up_what_is_not_theirs(market: Market) -> None:
    show(market)
    for letter, network, address in (
        ("B", "regtest", HOLDER.address),
        ("A", "regtest", OTHER.address),
        ("A", "test", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"),
        ("A", EVM, account(0)),
    ):
        who = market.firm(letter).id
        refused = code(lambda a=(who, network, address): wallets.give_up(market.house, *a))  # type: ignore[misc]
        assert refused == "wallet.unknown"
    who = market.firm("A").id
    malformed = code(lambda: wallets.give_up(market.house, who, "regtest", "nonsense"))
    assert malformed == "address.malformed"
    assert [one.until for one in held(market)] == [None]


def test_proving_again_replaces_what_was_proved(market: Market) -> None:
    first = show(market)
    market.clock.forward(days=300)
    second = show(market, purpose="mining", custody="hosted")
    assert second.proven_at > first.proven_at
    assert held(market) == [second]
    told = records.history(market.house, WALLETS, f"regtest|{HOLDER.address}")
    assert [one.record for one in told] == [first, second]
    assert [one.replaced_at for one in told] == [told[1].position, None]


def test_what_was_given_up_today_may_be_proved_again_by_the_same(market: Market) -> None:
    show(market)
    wallets.give_up(market.house, market.firm("A").id, "regtest", HOLDER.address)
    again = show(market)
    assert held(market) == [again]
    assert again.until is None


def test_one_participant_holds_several(market: Market) -> None:
    made = [show(market, holder=HONEST[name][0]) for name in ("p2pkh", "p2sh", "p2tr simple")]
    assert held(market) == sorted(made, key=lambda one: one.address)


# The tables.


def test_a_register_takes_no_second_answer_to_a_challenge(market: Market) -> None:
    """Not even if the operation forgot to look."""
    house, made = market.house, show(market)
    second = replace(made, address=OTHER.address)
    with pytest.raises(UniqueViolation, match="wallet_answers"), house.db.transaction():
        record(house.db, [WALLETS.entered(second)], house.now(), house.now())
    asked = wallets.asked(house, made.challenge)
    other = replace(asked, challenge=ids.derived("chl", "other"))  # of the same nonce
    with pytest.raises(UniqueViolation, match="nonce"), house.db.transaction():
        record(house.db, [CHALLENGES.entered(other)], house.now(), house.now())
    assert held(market) == [made]


EDITS: Mapping[str, type[Exception]] = {
    "UPDATE challenge SET nonce = '0'": CheckViolation,
    "UPDATE challenge SET expires_at = expires_at + interval '1 day'": CheckViolation,
    "UPDATE challenge SET address = 'x'": CheckViolation,
    "UPDATE wallet SET signature = ''": CheckViolation,
    "UPDATE wallet SET address = 'x'": CheckViolation,
    "UPDATE wallet SET until = '2030-01-01'": CheckViolation,
    "UPDATE wallet SET proven_at = proven_at + interval '1 day'": CheckViolation,
    "UPDATE wallet SET replaced_at = NULL WHERE replaced_at IS NOT NULL": CheckViolation,
    "DELETE FROM challenge": RestrictViolation,
    "DELETE FROM wallet": RestrictViolation,
    "TRUNCATE wallet": RestrictViolation,
    "TRUNCATE challenge, wallet": RestrictViolation,
}


def test_what_was_asked_and_proved_is_not_edited(market: Market) -> None:
    db = market.house.db
    show(market)
    made = show(market)
    asked = wallets.asked(market.house, made.challenge)
    for statement, violation in EDITS.items():
        with pytest.raises(violation), db.transaction():
            db.execute(statement.encode())
    assert held(market) == [made]
    assert wallets.asked(market.house, made.challenge) == asked


def test_a_journal_makes_the_same_tables(market: Market, elsewhere: Connection) -> None:
    show(market)
    ask(market, "B", OTHER.address)
    show(market, "b", OTHER, purpose="trading", custody="hosted")
    wallets.give_up(market.house, market.firm("A").id, "regtest", HOLDER.address)
    asked = ask(market, "C", account(0), EVM)
    prove(market, asked, signed(0, asked.text))
    market.clock.forward(days=1)
    show(market, "B")
    done = replay(market.house, elsewhere, lambda _: None)
    assert done.rows["challenge"] == 5
    assert done.rows["wallet"] == 5


# Two at once.


def waiting_for_locks(db: Connection, name: str) -> int:
    row = db.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        " AND datname = current_database() AND wait_event_type = 'Lock'",
        [name],
    ).fetchone()
    assert row is not None
    return int(row[0])


def at_once(market: Market, answers: Sequence[Callable[[House], object]]) -> list[str]:
    """Let all come as far as the journal's lock, and then go on; what each is told."""
    house, told = market.house, dict[int, str]()
    with house.db.transaction():
        journal.lock(house.db)

        def answer(number: int) -> None:
            with connect(house.db.info.dsn, "rival") as db:
                try:
                    answers[number](replace(house, db=db))
                    told[number] = "done"
                except Coded as refused:
                    told[number] = refused.code

        threads = [threading.Thread(target=answer, args=(n,)) for n in range(len(answers))]
        for one in threads:
            one.start()
        deadline = time.monotonic() + 30
        with connect(house.db.info.dsn, "watch") as watch:
            while waiting_for_locks(watch, "rival") < len(answers):
                assert time.monotonic() < deadline, told
                time.sleep(0.01)
    for one in threads:
        one.join(timeout=60)
        assert not one.is_alive()
    return sorted(told.values())


def test_of_two_answers_at_once_one_is_taken(market: Market) -> None:
    asked = ask(market)
    signatures = (HOLDER.simple(asked.text), HOLDER.full(asked.text), HOLDER.simple(asked.text))
    told = at_once(
        market,
        [
            lambda house, one=one: wallets.prove(house, asked.challenge, one)  # type: ignore[misc]
            for one in signatures
        ],
    )
    assert told == ["done", "wallet.challenge-answered", "wallet.challenge-answered"]
    assert len(entered(market.house)) == len(held(market)) == 1


def test_of_two_participants_at_once_one_holds_the_address(market: Market) -> None:
    asked = [ask(market, letter) for letter in "AB"]
    told = at_once(
        market,
        [
            lambda house, one=one: wallets.prove(  # type: ignore[misc]
                house, one.challenge, HOLDER.simple(one.text)
            )
            for one in asked
        ],
    )
    assert told == ["done", "wallet.claimed"]
    assert len(held(market)) + len(held(market, "B")) == 1


# Nobody enters one by agreement, and not everybody sees it.


@pytest.mark.parametrize("kind", [CHALLENGES, WALLETS], ids=lambda one: one.name)
def test_what_is_proved_is_not_entered_from_files(
    market: Market, tmp_path: Path, kind: Register
) -> None:
    """Not read; and not, though two people sign for a file that is in the archive."""
    house, made = market.house, show(market)
    asked = wallets.asked(house, made.challenge)
    forged: Any = (
        replace(asked, nonce="0") if kind is CHALLENGES else replace(made, at_block="ab" * 32)
    )
    forged = replace(forged, participant=market.firm("B").id, address=OTHER.address)
    folder = tmp_path / "desk"
    folder.mkdir()
    file = table(folder, kind, kind.write(forged))
    assert code(lambda: read_sheet(house, kind, file)) == "record.not-filed"

    sheet = Sheet(kind, (forged,), ())
    digest = records.prepare(house, sheet)
    assert records.proposed(house, kind, digest) == [forged]
    head = journal.head(house.db)
    action = EnterRecords(kind.name, digest, 1)
    assert code(lambda: propose(house, action, BELA)) == "record.not-filed"
    entering = code(lambda: records.entering(house, kind, sheet.records, "cmd_x"))
    assert entering == "record.not-filed"
    assert journal.head(house.db) == head
    assert held(market, "B") == []


def test_in_a_house_that_is_not_founded_they_are_not_entered_either(house: House) -> None:
    forged = Wallet(
        *(NOBODY, "regtest", HOLDER.address, "pay-out", "self-hosted", "chl_x", "bip137", "x", ""),
        house.now(),
    )
    sheet = Sheet(WALLETS, (forged,), ())
    assert code(lambda: records.enter(house, sheet)) == "record.not-filed"


def test_authorities_alone_see_the_address_the_signature_and_the_nonce(market: Market) -> None:
    made = show(market)
    asked = wallets.asked(market.house, made.challenge)
    seen = records.seen(WALLETS, made)
    assert seen == replace(made, address="", signature="")
    assert records.seen(CHALLENGES, asked) == replace(asked, address="", nonce="")
    for register, one in ((WALLETS, made), (CHALLENGES, asked)):
        written = "".join(register.write(records.seen(register, one)).values())
        for secret in (made.address, made.signature, asked.nonce):
            assert secret not in written
    assert {one.name for one in REGISTERS.values() if one.way is Way.PROVEN} == {
        "challenge",
        "wallet",
    }


# What the law asks.

SPRING = date(2026, 1, 1)


def asking(outcome: str, when: str, silent: Mapping[str, Any], fires: Mapping[str, Any]) -> Law:
    """Law on who pays in a trade."""
    scope = {"roles": ["debtor"], "transactions": ["trade"]}
    vectors = {"fires": [fires], "silent": [silent]}
    return ruled("XA.wallets.asked", outcome, when, applies_to=scope, vectors=vectors)


def unproven(outcome: str) -> Law:
    proven = "party.wallet_proven"
    return asking(outcome, f"!{proven}", {proven: True}, {proven: False})


def lawful(market: Market, law: Law) -> None:
    """Two people let a law come into force, as of now."""
    enact(market.house, read_law(adding(law)), market.clock())


def keys(market: Market, letter: str) -> Holder:
    """Where a firm is paid."""
    holder = proving.of_key(market.firm(letter).wallet.key)
    assert holder.address == market.firm(letter).wallet.address
    return holder


def verdicts(market: Market, text: str = "A>b 100.00", **how: Any) -> list[str]:
    return market.verdicts(*market.trade(text, **how))


def affirm_same(market: Market) -> int:
    """Every decision comes out again, to the byte."""
    before = dict(bodies(market.house.db))
    proven = prove_past(market.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(market.house.db, GateDecided))
    assert bodies(market.house.db) == before
    return proven.decisions


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
@pytest.mark.parametrize(("outcome", "verdict"), [("HOLD", "hold"), ("DENY", "deny")])
def test_whose_wallet_is_not_proven_is_treated_as_the_law_says(
    market: Market, outcome: str, verdict: str, running: bool
) -> None:
    """Until it is proven; another wallet than that at which it is paid does not do."""
    lawful(market, unproven(outcome))
    gate = open_gate(market.house) if running else None
    (old,) = market.trade("A>b 100.00", gate=gate)
    assert market.verdicts(old) == [verdict]
    assert f"gate.law-{'holds' if outcome == 'HOLD' else 'denies'}" in market.codes(old)
    show(market)
    assert verdicts(market, gate=gate) == [verdict]
    show(market, "A", keys(market, "A"))
    (new,) = market.trade("A>b 100.00", gate=gate)
    assert market.verdicts(new) == ["clear"]
    assert verdicts(market, "C>b 100.00", gate=gate) == [verdict]
    assert verdicts(market, "b>A 100.00", gate=gate) == ["clear"]  # b is under no such law
    market.ask_again(old, gate=gate)
    assert market.verdicts(old) == ["clear"]
    assert affirm_same(market) == 6


def test_a_proof_that_is_too_old_for_the_law_is_none(market: Market) -> None:
    """To the last of its days it is one; and proved again it is one again."""
    age = on_subject("XA", "standards", standard=[tightened("XA", "wallets.proof-age", 30, SPRING)])
    lawful(market, joined(unproven("DENY"), age))
    made = show(market, "A", keys(market, "A"))
    seen: dict[int, list[str]] = {}
    for days in (0, 30, 31):
        market.clock.at = made.proven_at + days * A_DAY
        seen[days] = verdicts(market)
    assert seen == {0: ["clear"], 30: ["clear"], 31: ["deny"]}
    show(market, "A", keys(market, "A"))
    assert verdicts(market) == ["clear"]
    assert affirm_same(market) == 4


def test_no_law_lets_a_proof_hold_longer_than_the_house_does() -> None:
    day = date(2026, 3, 2)
    longer = tightened("XA", "wallets.proof-age", 3660, SPRING)
    lax = joined(OPEN, on_subject("XA", "standards", standard=[longer]))
    assert [read_law(law).standard("wallets.proof-age", day) for law in (OPEN, lax)] == [365, 365]


def test_what_is_given_up_is_proven_to_the_end_of_its_last_day(market: Market) -> None:
    lawful(market, unproven("DENY"))
    show(market, "A", keys(market, "A"))
    assert verdicts(market) == ["clear"]
    wallets.give_up(market.house, market.firm("A").id, "regtest", market.firm("A").wallet.address)
    assert verdicts(market) == ["clear"]
    market.clock.forward(days=1)
    assert verdicts(market) == ["deny"]
    show(market, "B", keys(market, "A"))  # the address is another's from then on
    assert verdicts(market) == ["deny"]
    assert verdicts(market, "B>b 100.00") == ["deny"]  # and not where that one is paid
    assert affirm_same(market) == 5


def test_the_law_may_ask_who_holds_the_keys(market: Market) -> None:
    """Of whom nothing is proven nobody knows: that is held."""
    wallet = "party.wallet"
    lawful(
        market,
        asking("DENY", f'{wallet} == "hosted"', {wallet: "self-hosted"}, {wallet: "hosted"}),
    )
    seen = [verdicts(market)]
    for custody in CUSTODY:
        show(market, "A", keys(market, "A"), custody=custody)
        seen.append(verdicts(market))
    assert seen == [["hold"], ["clear"], ["deny"]]
    assert affirm_same(market) == 3


def test_shipped_law_does_not_ask_traders_for_their_wallets(market: Market) -> None:
    assert verdicts(market) == ["clear"]
    assert read_law(SHIPPED).version == market.house.rulebook.version


def test_decisions_before_and_after_a_proof_come_out_the_same(
    market: Market, elsewhere: Connection
) -> None:
    """Each with what was known then, though the same obligation is asked about."""
    lawful(market, unproven("HOLD"))
    (id,) = market.trade("A>b 100.00")
    show(market, "A", keys(market, "A"), custody="hosted")
    market.ask_again(id)
    market.clock.forward(days=100)
    market.ask_again(id)
    market.clock.forward(days=100)
    market.ask_again(id)
    said = [one.verdict for one in market.decisions(ObligationId(id))]
    assert said == ["hold", "clear", "clear", "hold"]
    assert affirm_same(market) == 4
    before = registers.participants(market.house.db)
    replay(market.house, elsewhere, lambda _: None)
    assert registers.participants(elsewhere) == before


def test_every_wallet_that_is_a_participants_own_is_compared_with_the_lists(
    market: Market, elsewhere: Connection
) -> None:
    """Not only the one it is paid at; until it is given up."""
    show(market, "A", HOLDER, purpose="trading")
    (id,) = market.trade("A>b 100.00")
    lists(market).add_wallet(HOLDER.address.upper(), "77")
    market.ask_again(id)
    assert market.decisions(ObligationId(id))[-1].verdict == "deny"
    assert "gate.listed-wallet" in market.codes(id)
    assert affirm_same(market) == 2
    wallets.give_up(market.house, market.firm("A").id, "regtest", HOLDER.address)
    market.clock.forward(days=1)
    market.ask_again(id)
    assert [one.verdict for one in market.decisions(ObligationId(id))] == ["clear", "deny", "clear"]
    assert affirm_same(market) == 3
    replay(market.house, elsewhere, lambda _: None)
