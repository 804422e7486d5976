"""The embedded chain's folder: locked, killed, cut off, altered, and opened again."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.chains.conftest import NOBODY, Clock, Key, embedded_rig

from clearhouse.chains.chain import (
    IN_MEMPOOL,
    FolderInUse,
    JournalDamaged,
    NotRegtest,
    Rejected,
    Unreachable,
)
from clearhouse.chains.embedded import EmbeddedChain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chains.conftest import Rig

# Opens the chain, does what comes in (a count of blocks to mine, or a transaction to submit), says
# that it is done, and never closes.
OTHER_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from clearhouse.chains.embedded import EmbeddedChain

chain = EmbeddedChain(Path(sys.argv[1]), lambda: datetime(2026, 1, 5, tzinfo=UTC))
print("open", flush=True)
for line in sys.stdin:
    word = line.strip()
    if word.isdigit():
        print(chain.mine(int(word), bytes.fromhex(sys.argv[2]))[-1].hash, flush=True)
    else:
        print(chain.submit(bytes.fromhex(word)), flush=True)
"""


class Other:
    """Another process that has the folder open."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, str(folder), NOBODY.hex()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.read() == "open"

    def read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, word: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chain"


@pytest.fixture
def home(folder: Path, clock: Clock) -> "Iterator[Rig]":
    """The embedded chain alone."""
    yield from embedded_rig(folder, clock)


def test_another_network_is_refused(folder: Path, clock: Clock) -> None:
    with pytest.raises(NotRegtest) as refusal:
        EmbeddedChain(folder, clock, "bip122:000000000019d6689c085ae165831e93")
    assert refusal.value.code == "chain.not-regtest"
    assert not folder.exists()


def test_a_folder_open_in_another_process_is_refused(folder: Path, clock: Clock) -> None:
    other = Other(folder)
    try:
        last = other.ask("3")
        with pytest.raises(FolderInUse, match="another process"):
            EmbeddedChain(folder, clock)
        # And the refused one broke nothing.
        assert other.ask("1") != last
    finally:
        other.kill()


def test_a_folder_open_in_this_process_is_refused(embedded: EmbeddedChain, tmp_path: Path) -> None:
    with pytest.raises(FolderInUse):
        EmbeddedChain(tmp_path / "chain", Clock())
    embedded.mine(1, NOBODY)


def test_a_killed_process_loses_nothing_that_it_answered(folder: Path, home: "Rig") -> None:
    payee = Key()
    home.chain.watch([payee.script])
    raw = home.payment([(payee.script, 70_000)])
    home.stop()

    other = Other(folder)
    mined = other.ask("5")
    txid = other.ask(raw.hex())
    other.kill()

    home.chain = home.start()
    assert home.chain.tip().hash == mined
    assert home.chain.sight([txid]) == {txid: IN_MEMPOOL}
    assert [coin.units for coin in home.coins(payee.script)] == [70_000]
    home.mine()
    assert home.chain.sight([txid])[txid].depth == 1


def test_a_kill_while_mining_leaves_a_whole_chain(folder: Path, clock: Clock) -> None:
    other = Other(folder)
    other.ask("1")
    assert other.process.stdin is not None
    other.process.stdin.write("100000\n")
    other.process.stdin.flush()
    journal = folder / "journal"
    while journal.stat().st_size < 20_000:
        assert other.process.poll() is None
    other.kill()
    with EmbeddedChain(folder, clock) as chain:
        height = chain.tip().height
        assert height > 50
        assert chain.mine(1, NOBODY)[0].height == height + 1


def test_a_record_cut_off_at_any_byte_is_left_out(folder: Path, clock: Clock) -> None:
    with EmbeddedChain(folder, clock) as chain:
        (first,) = chain.mine(1, NOBODY)
        whole = (folder / "journal").stat().st_size
        chain.mine(1, NOBODY)
    data = (folder / "journal").read_bytes()
    for size in (whole, whole + 1, whole + 12, whole + 13, whole + 14, len(data) - 1):
        (folder / "journal").write_bytes(data[:size])
        with EmbeddedChain(folder, clock) as chain:
            assert chain.tip() == first
            chain.mine(1, NOBODY)
        with EmbeddedChain(folder, clock) as chain:
            assert chain.tip().height == 2


@pytest.mark.parametrize("size", [0, 1, 20])
def test_a_journal_cut_off_at_its_birth_is_born_again(
    folder: Path, clock: Clock, size: int
) -> None:
    with EmbeddedChain(folder, clock):
        pass
    data = (folder / "journal").read_bytes()
    (folder / "journal").write_bytes(data[:size])
    with EmbeddedChain(folder, clock) as chain:
        assert chain.mine(1, NOBODY)[0].height == 1


@pytest.mark.parametrize("place", [0, 36, 37, 40, 41, 45, 60, 200, -1])
def test_an_altered_journal_is_an_alarm_and_stays_as_it_is(
    folder: Path, clock: Clock, place: int
) -> None:
    with EmbeddedChain(folder, clock) as chain:
        chain.mine(3, NOBODY)
    data = bytearray((folder / "journal").read_bytes())
    data[place] ^= 1
    (folder / "journal").write_bytes(data)
    for _ in range(2):
        with pytest.raises(JournalDamaged) as alarm:
            EmbeddedChain(folder, clock)
        assert alarm.value.code == "chain.journal-damaged"
    assert (folder / "journal").read_bytes() == data


def test_closing_twice_is_closing(folder: Path, clock: Clock) -> None:
    chain = EmbeddedChain(folder, clock)
    chain.close()
    chain.close()
    with pytest.raises(Unreachable):
        chain.tip()
    assert [found.name for found in folder.iterdir()] == ["journal"]


def test_a_journal_that_cannot_be_written_closes_the_chain(home: "Rig") -> None:
    chain = home.chain
    assert isinstance(chain, EmbeddedChain)
    raw = home.payment([(Key().script, 60_000)])
    tip = chain.tip()
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with full.open("wb", buffering=0) as device:
        # The file behind the journal's descriptor is now one that has no room.
        chain._journal._file, kept = device, chain._journal._file
        with pytest.raises(Unreachable, match="make room"):
            chain.submit(raw)
        kept.close()
    home.chain = home.start()
    assert home.chain.tip() == tip
    home.chain.submit(raw)


def test_a_reorganised_chain_opens_as_it_was(home: "Rig") -> None:
    payee = Key()
    home.chain.watch([payee.script])
    fork = home.fund(payee, 80_000)
    below = home.chain.tip()
    txid = home.pay([(payee.script, 70_000)])
    home.mine(2)
    home.chain.mine(3, NOBODY, on=below.hash)
    before = (home.chain.tip(), home.chain.sight([txid, fork.txid]), home.chain.coins())
    home.restart()
    assert (home.chain.tip(), home.chain.sight([txid, fork.txid]), home.chain.coins()) == before
    assert home.chain.sight([txid]) == {txid: IN_MEMPOOL}


def test_another_spending_that_pays_more_does_not_replace(home: "Rig") -> None:
    one = Key()
    coin = home.fund(one, 90_000)
    first = home.chain.submit(one.spend([coin], [(NOBODY, 80_000)], sequence=0))
    with pytest.raises(Rejected, match="txn-mempool-conflict"):
        home.chain.submit(one.spend([coin], [(NOBODY, 40_000)], sequence=0))
    assert home.chain.sight([first]) == {first: IN_MEMPOOL}


def test_a_free_payment_is_mined(home: "Rig") -> None:
    one = Key()
    coin = home.fund(one, 90_000)
    txid = home.chain.submit(one.spend([coin], [(NOBODY, 90_000)]))
    home.mine()
    assert home.chain.sight([txid])[txid].depth == 1


def test_more_than_a_block_holds_goes_into_the_next(home: "Rig") -> None:
    # 20,000 outputs of 31 bytes weigh more than half of what a block can hold.
    keys = [Key(), Key()]
    coins = [home.fund(key, 50_000_000) for key in keys]
    txids = [
        home.chain.submit(key.spend([coin], [(NOBODY, 600)] * 20_000))
        for key, coin in zip(keys, coins, strict=True)
    ]
    made = home.mine(2)
    assert [sighting.block for sighting in home.chain.sight(txids).values()] == made
