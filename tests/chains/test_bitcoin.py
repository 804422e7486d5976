"""A real node: killed, on another network, asked with wrong credentials."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.chains.conftest import NOBODY, Clock, Daemon, Key, free_ports

from clearhouse.chains.bitcoin import BitcoinNode
from clearhouse.chains.chain import NotRegtest, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.external


@pytest.fixture
def own_daemon(bitcoind: Path, tmp_path: Path) -> "Iterator[Daemon]":
    """A node of the test's own, to be treated badly."""
    daemon = Daemon(bitcoind, tmp_path)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop(kill=True)


def test_a_killed_node_is_unreachable_and_comes_back_with_what_it_had_flushed(
    own_daemon: Daemon, clock: Clock
) -> None:
    node, payee = own_daemon.connect(clock), Key()
    node.watch([payee.script])
    node.mine(3, payee.script)
    own_daemon.stop(kill=True)
    with pytest.raises(Unreachable, match="see that it runs"):
        node.tip()
    own_daemon.start()
    # A node keeps only what it has flushed; its peers give it the rest. This one has none.
    assert node.tip().height in range(4)
    made = node.mine(101, payee.script)
    assert node.tip() == made[-1]
    assert node.coins() != []


def test_a_wallet_that_vanished_is_made_again(own_daemon: Daemon, clock: Clock) -> None:
    node, payee = own_daemon.connect(clock), Key()
    node.watch([payee.script])
    node.mine(1, payee.script)
    node.mine(100, NOBODY)
    assert len(node.coins()) == 1
    own_daemon.stop()
    (own_daemon.folder / "regtest" / "settings.json").unlink()
    (own_daemon.folder / "regtest" / "wallets" / "watch" / "wallet.dat").unlink()
    own_daemon.start()
    assert node.coins() == []
    node.watch([payee.script])
    assert len(node.coins()) == 1


def test_two_wallets_of_one_node_watch_apart(own_daemon: Daemon, clock: Clock) -> None:
    one, other = own_daemon.connect(clock, "one"), own_daemon.connect(clock, "an other/ü")
    payee = Key()
    one.watch([payee.script])
    one.mine(1, payee.script)
    one.mine(100, NOBODY)
    assert len(one.coins()) == 1
    assert other.coins() == []


def test_no_block_is_made_on_a_public_network(bitcoind: Path, tmp_path: Path) -> None:
    daemon = Daemon(bitcoind, tmp_path, "signet")
    try:
        daemon.start()
        node = daemon.connect(Clock())
        assert node.network == "bip122:00000008819873e925422c1ff0f99f7c"
        with pytest.raises(NotRegtest) as refusal:
            node.mine(1, NOBODY)
        assert refusal.value.code == "chain.not-regtest"
    finally:
        daemon.stop()


def test_wrong_credentials_are_told_as_such(daemon: Daemon, clock: Clock) -> None:
    node = BitcoinNode(
        f"http://127.0.0.1:{daemon.rpc_port}",
        "watch",
        clock,
        user="nobody",
        password="wrong",  # noqa: S106 - opens nothing
    )
    with pytest.raises(Unreachable, match="credentials"):
        node.tip()


def test_a_node_that_never_was_is_unreachable(clock: Clock, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    with pytest.raises(Unreachable):
        BitcoinNode(url, "watch", clock, user="some", password="body").tip()  # noqa: S106 - opens nothing
    with pytest.raises(Unreachable, match="cookie"):
        BitcoinNode(url, "watch", clock, cookie=tmp_path / "missing").tip()
