"""`clearhouse onboarding ...`: applications, from their receipt to the decision, and reviews."""

from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.cli.orders import Key, Out, Why, With, ordering
from clearhouse.cli.records import order_one
from clearhouse.core import ids
from clearhouse.core.ids import ParticipantId
from clearhouse.core.onboarding import (
    APPLICATIONS,
    DECISIONS,
    DOCUMENTS,
    EXAMINATIONS,
    FACTORS_OF_RISK,
    QUESTIONS,
    REVIEWS,
    SOUGHT,
    Application,
    Case,
    Document,
    Examination,
    LicenceSought,
    Outcome,
    Question,
    QuestionWrong,
    Review,
    RiskFactor,
)
from clearhouse.core.participant import parse_lei
from clearhouse.core.record import Register
from clearhouse.operations import onboarding as operations
from clearhouse.operations import records
from clearhouse.operations.cases import against, case_of, cases
from clearhouse.operations.house import House
from clearhouse.operations.leaving import left_open
from clearhouse.settings import Settings, house

app = typer.Typer(
    help="Who asks to take part: applications, their decision, and reviews.", no_args_is_help=True
)

App = Annotated[str, typer.Argument(metavar="APPLICATION", help="app_...")]
Lei = Annotated[str, typer.Argument(metavar="LEI")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
OptionalDay = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command("apply")
def apply_(
    applicant: Lei,
    *,
    name: Annotated[str, typer.Option(help="The legal entity's name.")],
    residence: Annotated[str, typer.Option(help="The code of its jurisdiction: XA.")],
    purpose: Annotated[str, typer.Option(help="What it wants to do.")],
    address: Annotated[str, typer.Option(help="Where it is to be paid; an authority is not.")] = "",
    application: Annotated[
        str, typer.Option("--application", metavar="APP", help="Its id, to say it anew.")
    ] = "",
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File that a legal entity asks to take part; prints the application's id."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        own = hand.own
        id = application or ids.fresh("app", own.now(), own.dice)
        about = (id, ParticipantId(applicant), name, residence)
        order_one(hand, APPLICATIONS, Application(*about, own.today, purpose, address))
        if not as_json:
            console().print(id, markup=False)


@app.command()
def seek(
    application: App,
    licence_class: Annotated[str, typer.Argument(metavar="CLASS", help="exporter, miner, ...")],
    *,
    issuer: Annotated[str, typer.Option(help="The authority that licensed it.")],
    since: Day,
    until: Day,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File a licence under which the applicant is to act."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        days = (since.date(), until.date())
        order_one(hand, SOUGHT, LicenceSought(application, licence_class, issuer, *days))


@app.command()
def document(
    application: App,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    kind: Annotated[str, typer.Option(help="register-extract, articles, owners, licence, ...")],
    title: Annotated[str, typer.Option(help="What it is; name no natural person.")],
    issued: Day,
    until: OptionalDay = None,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File that a document belongs to a case. It stays with you: its SHA-256 is kept."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        digest = sha256(file.read_bytes()).hexdigest()
        last = until.date() if until else None
        order_one(hand, DOCUMENTS, Document(application, digest, kind, title, issued.date(), last))


@app.command()
def ask(
    application: App,
    question: Annotated[str, typer.Argument(metavar="QUESTION")],
    *,
    due: Day,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File a question to the applicant, and by when it is to be answered."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        number = len(case_of(hand.own, application).questions) + 1
        asked = Question(application, number, question, hand.own.today, due.date())
        order_one(hand, QUESTIONS, asked)


@app.command()
def answer(
    application: App,
    number: Annotated[int, typer.Argument(metavar="NUMBER")],
    text: Annotated[str, typer.Argument(metavar="ANSWER", help="Name no natural person.")],
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File what the applicant answers."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        asked = {one.number: one for one in case_of(hand.own, application).questions}
        if number not in asked:
            raise QuestionWrong(f"question {number} was not asked: there are {len(asked)}")
        order_one(hand, QUESTIONS, replace(asked[number], answer=text, answered_on=hand.own.today))


@app.command()
def examine(
    application: App,
    check: Annotated[str, typer.Argument(metavar="CHECK", help="identity, owners, sanctions, ...")],
    *,
    evidence: Annotated[str, typer.Option(help="What shows it; name no natural person.")],
    failed: Annotated[bool, typer.Option("--failed", help="It was not passed.")] = False,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File what was checked of a case, and with which outcome."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        outcome = "failed" if failed else "passed"
        done = Examination(application, check, outcome, evidence, hand.own.today)
        order_one(hand, EXAMINATIONS, done)


@app.command()
def rate(
    application: App,
    factor: Annotated[str, typer.Argument(metavar="FACTOR", help="geography, coin, ...")],
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="low, medium or high.")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File how great the risk is in one respect; the worst of all is the rating."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        order_one(hand, FACTORS_OF_RISK, RiskFactor(application, factor, level, reason))


@app.command()
def admit(
    application: App,
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to admit an applicant with the licences it seeks; another person approves it.

    The proposal names the hash of the whole case: if anything in it changes, it is void.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(operations.admission(hand.own, application, reason))


@app.command()
def refuse(
    application: App,
    *,
    reason: Why,
    withdrawn: Annotated[
        bool, typer.Option("--withdrawn", help="The applicant took it back.")
    ] = False,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose not to admit an applicant; another person approves it, and the case is closed."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        outcome = Outcome.WITHDRAWN if withdrawn else Outcome.REFUSED
        decided = operations.refusal(hand.own, application, reason, outcome)
        order_one(hand, DECISIONS, decided)


@app.command()
def review(
    participant: Lei,
    rating: Annotated[str, typer.Argument(metavar="LEVEL", help="low, medium or high.")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose how a participant is rated from today on; another person approves it."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        done = Review(parse_lei(participant), hand.own.today, rating, reason)
        order_one(hand, REVIEWS, done)


@app.command("list")
def list_(
    *,
    whole: Annotated[bool, typer.Option("--all", help="Those that are decided, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List applications that are not decided, and how much each lacks."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        told = [
            {
                "application": one.application.application,
                "applicant": one.application.applicant,
                "name": one.application.name,
                "received_on": str(one.application.received_on),
                "state": one.decision.outcome if one.decision else "open",
                "rating": str(one.rating or ""),
                "missing": 0 if one.decision else len(one.missing(own.today)),
            }
            for one in cases(own)
            if whole or one.decision is None
        ]
    if as_json:
        say({"applications": told})
        return
    for each in told:
        lacks = f", {each['missing']} missing" if each["missing"] else ""
        head = f"{each['application']}  {each['applicant']}  {each['name']}: {each['state']}{lacks}"
        console().print(head, markup=False)


@app.command()
def show(application: App, *, as_json: AsJson = False) -> None:
    """Show a case: what there is, what is missing or against it, and the hash to decide on."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        case = case_of(own, application)
        said = _said(own, case)
    if as_json:
        say(said)
    else:
        _tell(said)


def _said(own: House, case: Case) -> dict[str, Any]:
    one = case.application
    held: list[tuple[str, Register, tuple[Any, ...]]] = [
        ("licences", SOUGHT, case.sought),
        ("documents", DOCUMENTS, case.documents),
        ("examinations", EXAMINATIONS, case.examinations),
        ("questions", QUESTIONS, case.questions),
        ("factors", FACTORS_OF_RISK, case.factors),
    ]
    wrong = [] if case.decision else against(own, case)
    return {
        **APPLICATIONS.write(records.seen(APPLICATIONS, one)),
        "case": case.digest,
        "rating": str(case.rating or ""),
        "decision": DECISIONS.write(case.decision) if case.decision else None,
        **{
            name: [
                {key: text for key, text in register.write(each).items() if key != "application"}
                for each in several
            ]
            for name, register, several in held
        },
        "missing": [{"code": each.code, "detail": each.detail} for each in wrong],
    }


def _tell(said: dict[str, Any]) -> None:
    out = console()
    head = ("application", "applicant", "name", "residence", "received_on", "purpose", "case")
    for name in (*head, "rating"):
        out.print(f"{name:14} {said[name] or '(not yet)'}", markup=False)
    for name in ("licences", "documents", "examinations", "questions", "factors"):
        out.print(name, markup=False)
        for each in said[name]:
            out.print("    " + "  ".join(text for text in each.values() if text), markup=False)
    if said["decision"]:
        decided = said["decision"]
        words = f"{decided['outcome']} on {decided['decided_on']}: {decided['reason']}"
        out.print(words, markup=False)
        return
    out.print("missing" if said["missing"] else "nothing is missing", markup=False)
    for each in said["missing"]:
        out.print(f"    {each['code']}: {each['detail']}", markup=False)


@app.command()
def reviews(
    *,
    by: OptionalDay = None,
    as_json: AsJson = False,
) -> None:
    """List who is to be looked at again by a day (today, if none is given), the oldest first."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        last: date = by.date() if by else own.today
        told = [
            {
                "participant": one.participant,
                "name": one.name,
                "rating": one.rating,
                "due_on": str(one.due_on),
                "overdue": one.is_overdue(own.today),
            }
            for one in operations.reviews(own)
            if one.due_on <= last
        ]
    if as_json:
        say({"reviews": told})
        return
    for each in told:
        late = "  overdue" if each["overdue"] else ""
        rated = each["rating"] or "never rated"
        line = f"{each['due_on']}  {each['participant']}  {each['name']}: {rated}{late}"
        console().print(line, markup=False)


@app.command("exit")
def exit_(participant: Lei, *, as_json: AsJson = False) -> None:
    """Show what a participant has open, which ends before it can leave.

    It leaves by a record of `participation` that says `terminated`: `clearhouse propose records`.
    """
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = left_open(own, parse_lei(participant))
    if as_json:
        say({"participant": participant, "open": found})
        return
    for line in found:
        console().print(line, markup=False)
    if not found:
        console().print("nothing is open: it may leave", markup=False)
