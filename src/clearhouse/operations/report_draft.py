"""Drafts of suspicious reports: what the house knows of a case, and six questions to be answered.

What is known is filled in: parties with their names, numbers and seats, the hit, the hold or the
concern with its words, payments with amounts and days, addresses, evidence. The answers begin with
what can be said from it; what only a person can say is left as a [gap], and a report with a gap is
refused.

Source: FinCEN, Guidance on Preparing a Complete and Sufficient SAR Narrative (2003), part I;
Egmont Group and FATF Recommendation 20 on what a report tells.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from clearhouse.core.canonical import instant
from clearhouse.core.gate import review_deadline
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant
from clearhouse.core.suspicion import QUESTIONS, ReportMalformed, SuspicionReport, narrative_wrong
from clearhouse.operations.casework import Case
from clearhouse.operations.held import Held
from clearhouse.operations.hits import Hit
from clearhouse.operations.house import House
from clearhouse.store import obligations, registers

FORM = "clearhouse.report.1"
PAYMENTS_MAX = 50  # the newest, in a draft


def draft(house: House, case: Case, id: str, authority: str) -> dict[str, Any]:
    """What is known of a case, as a document for a person to finish.

    Args:
        id: Of the report: made by whoever drafts it.
        authority: Who is told.
    """
    payments = _payments(house, case)
    ids = {who for one in payments for who in (one.debtor, one.creditor)}
    parties = registers.participants(house.db, {*ids, ParticipantId(case.about)})
    today = house.today
    attached = [one.residence for one in parties.values()]
    due = review_deadline(house.now(), attached, house.rulebook, "cases.report-time")
    known = {
        "parties": [_party(one, today) for _, one in sorted(parties.items())],
        "matter": _matter(case),
        "payments": [_payment(one) for one in payments[:PAYMENTS_MAX]],
        "payments_in_all": str(len(payments)),
        "evidence": [
            {"document": one.document, "shows": one.shows, "said": one.said}
            for one in case.evidence
        ],
        "links": [{"case": other, "how": how} for other, how in case.links],
        "rulebook": house.rulebook.version,
    }
    return {
        "form": FORM,
        "report": id,
        "case": case.id,
        "authority": authority,
        "due_on": str(due),
        "known": known,
        "narrative": _answers(case, parties, payments),
    }


def _payments(house: House, case: Case) -> list[Obligation]:
    """The payments of whom or what a case is about, the newest first."""
    about = case.about
    if about.startswith("obl_"):
        found = obligations.by_ids(house.db, [ObligationId(about)], house.assets)
        return list(found.values())
    if about.startswith("cyc_"):
        found = obligations.of_cycle(house.db, CycleId(about), house.assets)
        return sorted(found.values(), key=_newest)
    several = obligations.of_parties(house.db, [ParticipantId(about)], house.assets)
    return sorted(several.values(), key=_newest)


def _newest(one: Obligation) -> tuple[int, str]:
    return (-one.traded_on.toordinal(), one.id)


def _party(one: Participant, today: date) -> dict[str, Any]:
    return {
        "id": one.id,
        "names": list(one.all_names()),
        "residence": one.residence,
        "addresses": list(one.addresses(today)),
        "licences": [
            {
                "class": each.licence_class,
                "issuer": each.issuer,
                "from": str(each.valid_from),
                "to": str(each.valid_to),
            }
            for each in one.licences
        ],
    }


def _payment(one: Obligation) -> dict[str, str]:
    return {
        "obligation": one.id,
        "reference": one.reference,
        "debtor": one.debtor,
        "creditor": one.creditor,
        "amount": str(one.amount),
        "traded_on": str(one.traded_on),
        "due_on": str(one.due_on),
        "state": str(one.state),
    }


def _matter(case: Case) -> dict[str, Any]:
    """What is odd, as the house knows it."""
    since = {"since": instant(case.since)}
    match case.matter:
        case Hit() as hit:
            match = hit.match
            listed = {"list": match.list_name, "version": match.list_version}
            names = {"name": match.subject_name, "listed": match.listed_name}
            return {"kind": "hit", **listed, "entry": match.entity, **names, **since}
        case Held() as held:
            said = [f"{one.said} ({one.rule or one.code})" for one in held.against]
            return {"kind": "hold", "said": said, **since}
        case concern:
            return {"kind": "concern", "why": concern.why, "said": concern.said, **since}


def _answers(
    case: Case, parties: Mapping[ParticipantId, Participant], payments: Sequence[Obligation]
) -> dict[str, str]:
    """What can be said already to each question."""
    names = "; ".join(
        f"{one.name} (LEI {id}), resident in {one.residence}" for id, one in sorted(parties.items())
    )
    first = min((one.traded_on for one in payments), default=None)
    last = max((one.traded_on for one in payments), default=None)
    span = f"{len(payments)} payments, traded from {first} to {last}. " if first else ""
    places = ", ".join(sorted({one.residence for one in parties.values()}))
    wallets = sorted({one.address for one in parties.values() if one.address})
    matter = _matter(case)
    what = matter.get("said") or f"{matter.get('name')} and {matter.get('listed')} on a list"
    text = "; ".join(what) if isinstance(what, list) else str(what)
    return {
        "who": f"{names or case.about}. [who else takes part, and what they do]",
        "what": f"{text}. [which instruments and services were used]",
        "when": f"Known since {case.since:%Y-%m-%d}. {span}[when it was noticed, and how]",
        "where": f"Jurisdictions: {places or '-'}; paid at {', '.join(wallets) or '-'}. [where]",
        "why": f"{text}. [why it is suspicious of this customer]",
        "how": f"{span}[how it was done, step by step]",
    }


def finished(house: House, text: str, outcome: str) -> SuspicionReport:
    """Read a draft that somebody has finished.

    Raises:
        ReportMalformed: It is no draft, or leaves a question open.
    """
    try:
        said = json.loads(text)
        if not isinstance(said, dict) or said.get("form") != FORM:
            raise ReportMalformed(f"a JSON object with the form {FORM} is expected")
        due = date.fromisoformat(said["due_on"])
        head = {name: str(said[name]) for name in ("report", "case", "authority")}
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise ReportMalformed(f"it is no draft of a report: {str(wrong)[:120]}") from wrong
    kept = {"known": said.get("known"), "narrative": said.get("narrative")}
    # Escaped, so that each character can be printed.
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    for trouble in narrative_wrong(text):
        raise trouble
    assert set(said["narrative"]) == set(QUESTIONS)
    return SuspicionReport(
        **head, outcome=outcome, due_on=due, decided_on=house.today, narrative=text
    )
