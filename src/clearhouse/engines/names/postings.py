"""Blocking: which names share most with a query, by cosine over weighted features."""

from math import isqrt
from typing import Final, NamedTuple

import numpy as np

from clearhouse.engines.names.letters import Bools, Int32s, Int64s, compiled

SURVIVORS: Final = 50
COMMON_SHARE: Final = 33  # a feature that more than one name in so many has is common
WORST: Final = 4  # a survivor's closeness is at least this part of the best: half its cosine
SPARED: Final = 10  # but so many are kept whatever the best is, lest the same hide the like
SHARE_MIN: Final = 8  # a survivor shares at least this part of what a query weighs
WEIGHED_MIN: Final = 4096  # a shorter list knows too little of what is common: taken for so long
CLOSENESS: Final = 64

# The least ratio of all names to holders for the weights 1, 2, ...: fourth roots of powers of two.
STEPS: Final = np.array([isqrt(isqrt((1 << at) - 1)) + 1 if at else 1 for at in range(120)])


class Postings(NamedTuple):
    """For each feature that some name has or had, the names that have it.

    Attributes:
        number: Shape (`FEATURES`,): of the feature among these; -1 for one that is not.
        first: Shape (numbers + 1,): where the names of each begin.
        name: In ascending order.
        weight: Shape (numbers,): by how rare the feature is; 0 where no name has it.
        is_common: Shape (numbers,).
        name_weight: Shape (names,): of all features of a name.
    """

    number: Int32s
    first: Int64s
    name: Int32s
    weight: Int32s
    is_common: Bools
    name_weight: Int64s


def rarity(total: int, holders: Int64s) -> Int32s:
    """Four times the binary logarithm of total / holders, rounded up; at least 1."""
    ratio = np.maximum(1, total // np.maximum(1, holders))
    weights: Int32s = np.searchsorted(STEPS, ratio, side="right").astype(np.int32)
    return weights


def posted(number: Int32s, numbers: int, first: Int64s, feature: Int32s, alive: Bools) -> Postings:
    """Lay out the postings of the names that are alive, and weigh everything by them.

    Args:
        number: Of each feature; see `numbered`.
        numbers: How many there are.
        first: Where the features of each name begin.
        feature: Their numbers.
        alive: Which names count.
    """
    count = counted(numbers, first, feature, alive)
    total = int(alive.sum())
    weight = rarity(max(total, WEIGHED_MIN), count)
    weight[count == 0] = 0
    is_common = count > max(SURVIVORS, total // COMMON_SHARE)
    weights = weighed(first, feature, weight)
    return Postings(number, *laid(first, feature, alive, count), weight, is_common, weights)


def among(whole: Postings, first: Int64s, feature: Int32s, chosen: Bools) -> Postings:
    """Lay out the postings of some names, weighed as the whole weighs them."""
    count = counted(len(whole.weight), first, feature, chosen)
    bounds, names = laid(first, feature, chosen, count)
    return whole._replace(first=bounds, name=names)


@compiled
def numbered(feature: Int32s, number: Int32s, numbers: int) -> int:
    """Number features in the order in which they come, and write the numbers in their place.

    Args:
        feature: As `features` finds them; the numbers afterwards.
        number: Shape (`FEATURES`,): those given so far, else -1; more afterwards.
        numbers: How many were given so far.

    Returns:
        How many are given now.
    """
    for at in range(len(feature)):
        if number[feature[at]] < 0:
            number[feature[at]] = numbers
            numbers += 1
        feature[at] = number[feature[at]]
    return numbers


@compiled
def counted(numbers: int, first: Int64s, feature: Int32s, alive: Bools) -> Int64s:
    """How many of the names that are alive have each feature."""
    count = np.zeros(numbers, np.int64)
    for name in range(len(alive)):
        if alive[name]:
            for at in range(first[name], first[name + 1]):
                count[feature[at]] += 1
    return count


@compiled
def laid(first: Int64s, feature: Int32s, alive: Bools, count: Int64s) -> tuple[Int64s, Int32s]:
    """Sort the names that are alive by feature."""
    bounds = np.zeros(len(count) + 1, np.int64)
    for at in range(len(count)):
        bounds[at + 1] = bounds[at] + count[at]
    filled = bounds[:-1].copy()
    names = np.empty(bounds[-1], np.int32)
    for name in range(len(alive)):
        if alive[name]:
            for at in range(first[name], first[name + 1]):
                names[filled[feature[at]]] = name
                filled[feature[at]] += 1
    return bounds, names


@compiled
def weighed(first: Int64s, feature: Int32s, weight: Int32s) -> Int64s:
    """What all features of each name weigh."""
    weights = np.ones(len(first) - 1, np.int64)
    for name in range(len(first) - 1):
        for at in range(first[name], first[name + 1]):
            weights[name] += weight[feature[at]]
    return weights


@compiled
def survivors(asked: Int32s, posted: Postings, shared: Int32s, touched: Int32s) -> Int32s:
    """The names that share most with a query; at most `SURVIVORS`, the closest first.

    Args:
        asked: The query's features.
        posted: Where they are looked for.
        shared: Shape (names,): zeros, and left so.
        touched: Shape (names,): for the function's own use.
    """
    every = rare = known = 0
    features = np.empty(len(asked), np.int32)
    for asked_for in asked:
        feature = posted.number[asked_for]
        if feature < 0:
            continue
        features[known] = feature
        known += 1
        every += posted.weight[feature]
        if not posted.is_common[feature]:
            rare += posted.weight[feature]
    # A name made of nothing but common features is looked for by these.
    only_rare = 2 * rare >= every
    least = max(1, (rare if only_rare else every) // SHARE_MIN)
    reached = 0
    for feature in features[:known]:
        if posted.is_common[feature] and only_rare:
            continue
        weight = posted.weight[feature]
        for at in range(posted.first[feature], posted.first[feature + 1]):
            name = posted.name[at]
            if shared[name] == 0:
                touched[reached] = name
                reached += 1
            shared[name] += weight
    return _closest(posted, shared, touched[:reached], least)


@compiled
def _closest(posted: Postings, shared: Int32s, touched: Int32s, least: int) -> Int32s:
    """Choose among the names that share anything; leave `shared` as zeros."""
    kept = best = 0
    closeness = np.empty(len(touched), np.int64)
    for at in range(len(touched)):
        name = touched[at]
        share = np.int64(shared[name])
        shared[name] = 0
        if share >= least:
            touched[kept] = name
            closeness[kept] = share * share * CLOSENESS // posted.name_weight[name]
            best = max(best, closeness[kept])
            kept += 1
    # Unique ranks, so that a tie at the edge is not settled by how a sort happens to run.
    ranks = (closeness[:kept] << 32) - touched[:kept]
    near = ranks[closeness[:kept] * WORST >= best]
    is_few = len(near) < SPARED
    ranks = np.sort(ranks if is_few else near)[::-1][: SPARED if is_few else SURVIVORS]
    names = np.empty(len(ranks), np.int32)
    for at in range(len(ranks)):
        names[at] = (-((-ranks[at]) >> 32) << 32) - ranks[at]
    return names
