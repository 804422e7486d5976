"""Anchors: each batch carries a head of the log into the chain."""

import pytest
from embit.transaction import Transaction
from tests.stage import Stage

from clearhouse.core import merkle
from clearhouse.core.note import Checkpoint
from clearhouse.core.settlement import HeadAnchored, SignatureAsked, SignersTooFew
from clearhouse.operations import log

CHAIN = "A>b 0.05, b>C 0.03"


def carried(stage: Stage) -> list[bytes]:
    """What the cycle's batch carries."""
    raw = stage.row().raw
    assert raw
    scripts = [out.script_pubkey.data for out in Transaction.parse(raw).vout if out.value == 0]
    return [script[2:] for script in scripts if script[:2] == b"\x6a\x20"]


def checkpoint(anchored: HeadAnchored) -> Checkpoint:
    return Checkpoint(anchored.origin, anchored.size, bytes.fromhex(anchored.root))


def test_a_batch_carries_the_head_over_all_that_came_before_it(stage: Stage) -> None:
    stage.settled(CHAIN)
    (anchored,) = stage.facts(HeadAnchored)
    assert carried(stage) == [bytes.fromhex(checkpoint(anchored).anchor)]

    while log.follow(stage.house):
        pass
    assert anchored.origin == log.origin(stage.house)
    nodes = stage.house.log.tiles.nodes(anchored.size)
    assert merkle.head(nodes, anchored.size).hex() == anchored.root
    kinds = stage.kinds()
    assert kinds.index("CycleFunded") < kinds.index("HeadAnchored") < kinds.index("BatchSigned")
    stage.check()


def test_asked_again_the_institutions_see_the_same_transaction(embedded_stage: Stage) -> None:
    """Though the log has grown meanwhile: two transactions of one cycle could both confirm."""
    stage = embedded_stage
    stage.funded(CHAIN)
    all_signers = dict(stage.house.rail.signers)
    stage.sign_with(stage.dark("ministry", "central-bank"))
    for _ in range(3):
        with pytest.raises(SignersTooFew):
            stage.settle()
        stage.trade("A>b 0.01")
        stage.clock.forward(minutes=1)
    stage.sign_with(all_signers)
    stage.settle()
    assert len(stage.facts(HeadAnchored)) == 1
    assert len(stage.facts(SignatureAsked)) == 1
    assert len(carried(stage)) == 1
