"""Every measure of monitoring once more, in plain Python: each payment looks at all before it.

Nothing is kept between payments and nothing is clever, so that it can be read beside what the
measures say of themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from clearhouse.core.monitoring import Payment
from clearhouse.core.monitoring.programme import Value

UNKNOWN = -1
SHARE_MAX = 10**12
Past = Sequence[Payment]  # in order; the last one is asked about
Given = Mapping[str, Any]


def share(part: int, whole: int) -> int:
    if part == 0:
        return 0
    return SHARE_MAX if whole == 0 else min(part * 1000 // whole, SHARE_MAX)


def group(one: Payment, side: str) -> tuple[str, str]:
    linked = getattr(one, f"{side}_group")
    return ("group", linked) if linked else ("party", getattr(one, side))


def key(one: Payment, by: str) -> object:
    return {
        "payer": one.payer,
        "payee": one.payee,
        "payer-group": group(one, "payer"),
        "payee-group": group(one, "payee"),
        "pair": (one.payer, one.payee),
        "groups": (group(one, "payer"), group(one, "payee")),
        "corridor": (one.payer, one.payee_country),
    }[by]


def recent(past: Past, span: timedelta) -> list[Payment]:
    return [one for one in past if one.at > past[-1].at - span]


def like(past: Past, by: str) -> list[Payment]:
    return [one for one in past if key(one, by) == key(past[-1], by)]


def worth(payments: Sequence[Payment]) -> int:
    return sum(one.value for one in payments)


def is_below(one: Payment, given: Given) -> bool:
    threshold = given["threshold"]
    return bool(threshold * given["from"] <= one.value * 1000 < threshold * 1000)


def below(past: Past, given: Given) -> list[Payment]:
    if not is_below(past[-1], given):
        return []
    window = recent(like(past, given["by"]), given["window"])
    return [one for one in window if is_below(one, given)]


def below_members(past: Past, given: Given) -> int:
    side = "payee" if given["by"].startswith("payee") else "payer"
    return len({getattr(one, side) for one in below(past, given)})


def peak(past: Past, given: Given, number: Callable[[Past], int]) -> int:
    """The highest number of the payments before the window, as each had it."""
    last = past[-1]
    found = [0]
    for place, one in enumerate(past):
        is_there = (
            last.at - given["window"] - given["baseline"] < one.at <= last.at - given["window"]
        )
        if is_there and key(one, given["by"]) == key(last, given["by"]):
            found.append(number(past[: place + 1]))
    return max(found)


def against_peak(past: Past, given: Given, number: Callable[[Past], int]) -> int:
    return share(number(past), max(peak(past, given, number), given["usual"]))


def received(past: Past) -> list[Payment]:
    return [one for one in past if one.payee == past[-1].payer]


def since(past: Past, span: timedelta, seen: Sequence[Payment]) -> list[Payment]:
    return [one for one in seen if one.at > past[-1].at - span]


def income_burst(past: Past, given: Given) -> int:
    window, baseline = given["window"], given["baseline"]
    income = received(past)
    now = worth(since(past, window, income))
    before = worth(since(past, window + baseline, income)) - now
    return share(now, max(before // max(1, baseline // window), given["usual"]))


def against_mean(past: Past, given: Given, number: Callable[[Sequence[Payment]], int]) -> int:
    window, baseline = given["window"], given["baseline"]
    mine = like(past, given["by"])
    now = number(recent(mine, window))
    before = number(recent(mine, window + baseline)) - now
    return share(now, max(before // max(1, baseline // window), given["usual"]))


def dormant_days(past: Past, given: Given) -> int:
    mine = like(past, given["by"])
    window = recent(mine, given["window"])
    before = mine[: len(mine) - len(window)]
    if len(window) < given["least"] or not before:
        return 0
    return (window[0].at - before[-1].at) // timedelta(days=1)


def size(past: Past, given: Given) -> int:
    before = recent(like(past, given["by"]), given["baseline"])[:-1]
    if len(before) < given["least"] or not worth(before):
        return 0
    return share(past[-1].value, worth(before) // len(before))


def passed_share(past: Past, given: Given) -> int:
    out = worth(recent(like(past, "payer"), given["window"]))
    into = worth(since(past, given["window"], received(past)))
    return share(min(out, into), max(out, into)) if into >= given["least"] else 0


def is_fresh(past: Past, given: Given, link: str, side: str) -> bool:
    """Whether the last payment's pair or corridor had none for a time."""
    last = past[-1]
    if link == "corridor" and not last.payee_country:
        return False
    before = [one for one in past[:-1] if key(one, link) == key(last, link)]
    enough = sum(getattr(one, side) == getattr(last, side) for one in past[:-1])
    return enough >= given["after"] and all(one.at <= last.at - given["fresh"] for one in before)


def fresh(past: Past, given: Given, link: str, side: str, who: str) -> int:
    return sum(
        is_fresh(past[: place + 1], given, link, side)
        for place, one in enumerate(past)
        if one.at > past[-1].at - given["window"] and getattr(one, side) == who
    )


def corridor_count(past: Past, given: Given) -> int:
    if not past[-1].payee_country:
        return UNKNOWN
    if not is_fresh(past, given, "corridor", "payer"):
        return 0
    return fresh(past, given, "corridor", "payer", past[-1].payer)


def came_round(past: Past, given: Given) -> int:
    """Every way backwards from the payer to the payee, each payment earlier than the next."""
    last = past[-1]
    payer, payee = group(last, "payer"), group(last, "payee")
    slack = last.value * given["slack"] // 1000
    best = 0

    def walk(end: int, who: object, seen: frozenset[object], bottom: int, hops: int) -> None:
        nonlocal best
        for place in range(end):
            one = past[place]
            if group(one, "payee") != who or one.at <= last.at - given["window"]:
                continue
            if not max(last.value - slack, 1) <= one.value <= last.value + slack:
                continue
            sender = group(one, "payer")
            if sender == payee:
                best = max(best, min(bottom, one.value))
            elif sender not in seen and hops > 1:
                walk(place, sender, seen | {sender}, min(bottom, one.value), hops - 1)

    if payer != payee and last.value:
        walk(len(past) - 1, payer, frozenset([payer]), last.value, given["hops"] - 1)
    return best * 1000 // max(last.value, 1)


def round_trip_count(past: Past, given: Given) -> int:
    if not came_round(past, given):
        return 0
    return sum(
        came_round(past[: place + 1], given) > 0
        for place, one in enumerate(past)
        if one.at > past[-1].at - given["period"]
        and group(one, "payer") == group(past[-1], "payer")
    )


def is_round(one: Payment, given: Given) -> bool:
    amount = one.value if one.amount is None else one.amount
    digits = str(amount).rstrip("0")
    return bool(0 < len(digits) <= given["digits"] and one.value >= given["from"])


def round_sums(past: Past, given: Given) -> list[Payment]:
    if not is_round(past[-1], given):
        return []
    window = recent(like(past, given["by"]), given["window"])
    return [one for one in window if is_round(one, given)]


def round_sum_share(past: Past, given: Given) -> int:
    whole = len(recent(like(past, given["by"]), given["window"]))
    found = len(round_sums(past, given))
    return share(found, whole) if whole >= given["least"] else 0


def repeated_count(past: Past, given: Given) -> int:
    def sum_of(one: Payment) -> tuple[str, int]:
        return one.asset, one.value if one.amount is None else one.amount

    last = past[-1]
    if last.value < given["from"]:
        return 0
    window = recent(like(past, given["by"]), given["window"])
    return sum(sum_of(one) == sum_of(last) and one.value >= given["from"] for one in window)


def flagged(payments: Sequence[Payment]) -> int:
    return sum(one.value * (one.exposure or 0) // 1000 for one in payments)


def exposure_share(past: Past, given: Given) -> int:
    window = recent(like(past, given["by"]), given["window"])
    known = [one for one in window if one.exposure is not None]
    return share(flagged(known), worth(known)) if known else UNKNOWN


def places(one: Payment, given: Given) -> int:
    ends = (one.payer_country, one.payee_country)
    inside = sum(end in given["places"] for end in ends)
    return UNKNOWN if not inside and "" in ends else inside


def places_share(past: Past, given: Given) -> int:
    window = recent(like(past, given["by"]), given["window"])
    if worth(window) < given["least"]:
        return 0
    if places(past[-1], given) <= 0:
        return places(past[-1], given)
    known = [one for one in window if places(one, given) != UNKNOWN]
    return share(worth([one for one in known if places(one, given)]), worth(known))


def known(value: int | bool | None) -> int:
    return UNKNOWN if value is None else int(value)


def _windows(number: Callable[[Sequence[Payment]], int]) -> Callable[[Past, Given], int]:
    return lambda past, given: against_peak(
        past, given, lambda part: number(recent(like(part, given["by"]), given["window"]))
    )


PLAIN: Mapping[str, Callable[[Past, Given], int]] = {
    "admitted.days": lambda past, given: known(getattr(past[-1], f"{given['side']}_days")),
    "below.count": lambda past, given: len(below(past, given)),
    "below.members": below_members,
    "below.peak": lambda past, given: against_peak(
        past, given, lambda part: len(below(part, given))
    ),
    "below.total": lambda past, given: share(worth(below(past, given)), given["threshold"]),
    "burst.count": lambda past, given: against_mean(past, given, len),
    "burst.value": lambda past, given: against_mean(past, given, worth),
    "corridor.count": corridor_count,
    "dormant.days": dormant_days,
    "exposure": lambda past, _: known(past[-1].exposure),
    "exposure.share": exposure_share,
    "exposure.total": lambda past, given: share(
        flagged(recent(like(past, given["by"]), given["window"])), given["threshold"]
    ),
    "flag": lambda past, given: known(getattr(past[-1], given["flag"])),
    "fresh.count": lambda past, given: fresh(
        past, given, "pair", given["side"], getattr(past[-1], given["side"])
    ),
    "income.burst": income_burst,
    "income.fresh": lambda past, given: fresh(past, given, "pair", "payee", past[-1].payer),
    "passed.share": passed_share,
    "peak.count": _windows(len),
    "peak.value": _windows(worth),
    "places.count": lambda past, given: places(past[-1], given),
    "places.share": places_share,
    "rating": lambda past, given: known(getattr(past[-1], f"{given['side']}_rating")),
    "repeated.count": repeated_count,
    "round-sum.count": lambda past, given: len(round_sums(past, given)),
    "round-sum.share": round_sum_share,
    "round-trip.count": round_trip_count,
    "round-trip.share": came_round,
    "size": size,
}


def plain(measure: str, given: Mapping[str, Value], payments: Past) -> list[int]:
    """What a measure is for each payment of a history."""
    return [PLAIN[measure](payments[: place + 1], given) for place in range(len(payments))]
