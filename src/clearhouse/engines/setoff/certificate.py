"""The proof that a set-off is the greatest: one small label a party, checked arc by arc."""

import numpy as np

from clearhouse.engines.setoff.kernels import Int8s, Int32s, Int64s, compiled


class NotGreatest(ValueError):  # noqa: N818 - what is wrong, in a word
    """A set-off is not the greatest that there is."""


@compiled
def broken(
    tail: Int32s, head: Int32s, owed: Int64s, gain: Int8s, cleared: Int64s, label: Int32s
) -> int:
    """Find an arc of which labels do not prove what is set off; -1 if they prove all.

    With rc = gain + label[debtor] - label[creditor], an arc with rc > 0 is set off wholly, and one
    with rc < 0 not at all. No other set-off is then greater (complementary slackness): on every
    circle the rc's add up to the gains, so what one arc wins another has lost.
    """
    net = np.zeros(len(label), np.int64)
    for e in range(len(tail)):
        rc = gain[e] + np.int64(label[tail[e]]) - label[head[e]]
        wrong = cleared[e] < owed[e] if rc > 0 else rc < 0 and cleared[e] > 0
        if wrong or not 0 <= cleared[e] <= owed[e]:
            return e
        net[tail[e]] += cleared[e]
        net[head[e]] -= cleared[e]
    for e in range(len(tail)):
        if net[tail[e]] != 0 or net[head[e]] != 0:
            return e
    return -1


def dual(tail: Int32s, head: Int32s, owed: Int64s, gain: Int8s, label: Int32s) -> int:
    """The bound that labels give on every set-off: the sum of owed times rc, where rc is above 0.

    By the labels of a greatest set-off it is that set-off.
    """
    by_rc = _owed_by_rc(tail, head, owed, gain, label)
    return sum(rc * units for rc, units in enumerate(by_rc.tolist()))


@compiled
def _owed_by_rc(tail: Int32s, head: Int32s, owed: Int64s, gain: Int8s, label: Int32s) -> Int64s:
    most = 0
    for e in range(len(tail)):
        most = max(most, gain[e] + label[tail[e]] - label[head[e]])
    by_rc = np.zeros(most + 1, np.int64)
    for e in range(len(tail)):
        rc = gain[e] + label[tail[e]] - label[head[e]]
        if rc > 0:
            by_rc[rc] += owed[e]
    return by_rc
