"""`clearhouse mining returns`: the returns of a month, due of whom, and what became of each."""

from datetime import datetime
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.cli.mining import kwh, parse_month
from clearhouse.core.canonical import instant
from clearhouse.core.mining.plausibility import BITCOIN_DECIMALS
from clearhouse.core.money import decimal
from clearhouse.core.rulebook.vocabulary import CURRENCIES
from clearhouse.operations import mining_returns as operations
from clearhouse.operations.mining_returns import Returned
from clearhouse.settings import Settings, house


def returns(
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="A month, as 2026-07.")],
    *,
    find: Annotated[
        bool, typer.Option("--find", help="First record what is to be found, as the worker does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show which returns of a month are due of whom and by when, and what became of each.

    A breach is recorded once the deadline is over; a review is a ground to look, and bars nobody.
    What is not recorded is not judged, and is said so.
    """
    first = parse_month(month)
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = operations.find(own, [first]) if find else None
        lines = [_said(one, own.now()) for one in operations.status(own, first)]
    said = {"month": f"{first:%Y-%m}", "found": found, "returns": lines}
    if as_json:
        say(said)
    else:
        _tell(said)


def _said(one: Returned, now: datetime) -> dict[str, Any]:
    due, breach = one.due, one.breach
    return {
        "participant": due.who,
        "form": due.form,
        "rule": due.rule.id,
        "due_at": instant(due.due_at),
        "filed_at": instant(one.filed_at) if one.filed_at else None,
        "late": due.is_late(one.filed_at or now),
        "breach": breach
        and {
            "code": breach.code,
            "found_at": instant(breach.found_at),
            "fee": decimal(breach.fee, CURRENCIES.get(breach.currency, 0), ""),
            "currency": breach.currency,
            "citation": breach.citation,
        },
        "reviews": [
            {"code": each.code, "detail": each.detail, "raised_at": instant(each.raised_at)}
            for each in one.reviews
        ],
        "outliers": [
            {"code": str(each.code), "detail": each.detail}
            for each in (one.judged.outliers if one.judged else ())
        ],
        "unjudged": [
            {"code": each.code, "detail": each.detail}
            for each in (one.judged.unjudged if one.judged else ())
        ],
        "above_operators": one.differs
        and {
            "coin": decimal(one.differs.coin, BITCOIN_DECIMALS, ""),
            "energy": kwh(one.differs.energy),
        },
    }


def _tell(said: dict[str, Any]) -> None:
    out = console()
    if said["found"] is not None:
        out.print(f"found: {said['found']}", markup=False)
    if not said["returns"]:
        out.print(f"no return of {said['month']} is due of anybody", markup=False)
    for one in said["returns"]:
        filed = f"filed {one['filed_at'][:19]}Z" if one["filed_at"] else "not filed"
        late = ", late" if one["late"] else ""
        due = f"due {one['due_at'][:19]}Z"
        out.print(f"{one['participant']} {one['form']}: {due}, {filed}{late}", markup=False)
        if one["breach"]:
            breach = one["breach"]
            fee = f"{breach['fee']} {breach['currency']}".strip()
            out.print(f"  breach {breach['code']}: {fee} ({breach['citation']})", markup=False)
        for each in one["reviews"]:
            out.print(f"  review {each['code']}: {each['detail']}", markup=False)
        raised = {(each["code"], each["detail"]) for each in one["reviews"]}
        for each in one["outliers"]:
            if (each["code"], each["detail"]) not in raised:
                out.print(f"  outlier {each['code']}: {each['detail']}", markup=False)
        for each in one["unjudged"]:
            out.print(f"  not judged, {each['code']}: {each['detail']}", markup=False)
        if one["above_operators"]:
            more = one["above_operators"]
            line = f"{more['coin']} BTC, {more['energy']} kWh"
            out.print(f"  the miner states more than its operators by {line}", markup=False)
