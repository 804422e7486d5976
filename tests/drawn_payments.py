"""Histories of a few parties that pay each other again, alike, and at the same time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from clearhouse.core.monitoring import Payment
from clearhouse.core.monitoring.measures import BY, FLAGS, SIDES, Sort
from clearhouse.core.monitoring.payments import EPOCH
from clearhouse.core.monitoring.programme import Value

START = EPOCH + timedelta(days=20_000)
PARTIES = ("A", "B", "C", "D", "E", "F")
COUNTRIES = ("", "XA", "XB", "XH")
VALUES = (0, 1, 50, 69, 70, 95, 99, 100, 101, 120, 5000)
FACTS: Mapping[str, st.SearchStrategy[Any]] = {
    "payer_country": st.sampled_from(COUNTRIES),
    "payee_country": st.sampled_from(COUNTRIES),
    "exposure": st.sampled_from((None, 0, 1, 29, 500, 1000)),
    "payer_rating": st.sampled_from((None, 0, 2, 3)),
    "payee_rating": st.sampled_from((None, 0, 2, 3)),
    "payer_days": st.sampled_from((None, 0, 39, 40, 5000)),
    "payee_days": st.sampled_from((None, 0, 39, 40, 5000)),
    "third_party": st.sampled_from((None, False, True)),
    "late_change": st.sampled_from((None, False, True)),
}


@st.composite
def histories(draw: st.DrawFn, most: int = 24, parties: tuple[str, ...] = PARTIES) -> list[Payment]:
    """Payments in their order."""
    who = st.sampled_from(parties)
    # Who is linked is so for all of a history, or it would not be known by whom.
    groups = {party: draw(st.sampled_from(("", "", "g", "h"))) for party in parties}
    found, hours = [], 0
    for number in range(draw(st.integers(1, most))):
        hours += draw(st.sampled_from((0, 0, 1, 5, 23, 24, 48, 100)))
        payer, payee = draw(who), draw(who)
        found.append(
            Payment(
                f"p{number:03}",
                START + timedelta(hours=hours),
                payer,
                payee,
                draw(st.sampled_from(VALUES)),
                asset=draw(st.sampled_from(("", "", "xbt"))),
                amount=draw(st.sampled_from((None, None, 100, 120, 121))),
                payer_group=groups[payer],
                payee_group=groups[payee],
                **{name: draw(drawn) for name, drawn in FACTS.items()},
            )
        )
    return found


SORTS: Mapping[Sort, st.SearchStrategy[Any]] = {
    Sort.SPAN: st.sampled_from([timedelta(hours=hours) for hours in (1, 24, 72, 240)]),
    Sort.AMOUNT: st.sampled_from((1, 70, 100, 200)),
    Sort.COUNT: st.integers(0, 4),
    Sort.SHARE: st.sampled_from((0, 150, 700, 999)),
    Sort.DIGITS: st.integers(1, 3),
    Sort.BY: st.sampled_from(BY),
    Sort.SIDE: st.sampled_from(SIDES),
    Sort.PLACES: st.sampled_from((("XH",), ("XA", "XH"))),
    Sort.FLAG: st.sampled_from(FLAGS),
    Sort.HOPS: st.integers(2, 5),
}


@st.composite
def given_to(draw: st.DrawFn, parameters: Mapping[str, Sort]) -> dict[str, Value]:
    """Parameters of a measure."""
    return {name: draw(SORTS[sort]) for name, sort in parameters.items()}
