"""Applications in tests: a whole case, and records of each of its registers."""

from datetime import date, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from clearhouse.core import ids
from clearhouse.core.ids import ParticipantId
from clearhouse.core.onboarding import (
    APPLICATIONS,
    DOCUMENTS_NEEDED,
    EXAMINATIONS_NEEDED,
    FACTORS,
    Application,
    Case,
    Decision,
    Document,
    Examination,
    LicenceSought,
    Question,
    RiskFactor,
)
from clearhouse.demo.wallets import Wallet
from clearhouse.operations.house import House
from clearhouse.store import records

DAY = date(2026, 2, 20)
APPLICANT = ParticipantId("724500APP0LICANT0124")
ISSUER = "Norland Central Bank"


def application_id(name: str) -> str:
    return ids.derived("app", name)


def application(name: str = "one", **more: Any) -> Application:
    address = Wallet.of(Random(name).randbytes(32)).address
    usual: dict[str, Any] = {"received_on": DAY, "purpose": "to export fish", "address": address}
    about = (application_id(name), APPLICANT, "Fjordfisk Export AS", "XA")
    return Application(*about, **(usual | more))


def sought(name: str = "one", licence_class: str = "exporter") -> LicenceSought:
    days = (date(2026, 1, 1), date(2027, 12, 31))
    return LicenceSought(application_id(name), licence_class, ISSUER, *days)


def document(kind: str, name: str = "one", until: date | None = None) -> Document:
    digest = sha256(f"{name} {kind}".encode()).hexdigest()
    return Document(application_id(name), digest, kind, f"The {kind}", DAY, until)


def question(number: int = 1, name: str = "one", answer: str = "") -> Question:
    about = (application_id(name), number, "Who supplies the coin?", DAY, DAY + timedelta(10))
    return Question(*about, answer, DAY + timedelta(2) if answer else None)


def examined(check: str, outcome: str = "passed", name: str = "one") -> Examination:
    return Examination(application_id(name), check, outcome, "the register's extract", DAY)


def factor(which: str, level: str = "low", name: str = "one") -> RiskFactor:
    return RiskFactor(application_id(name), which, level, "known for years")


def whole(name: str = "one") -> Case:
    """A case that lacks nothing."""
    return Case(
        application(name),
        (sought(name),),
        tuple(document(kind, name) for kind in DOCUMENTS_NEEDED),
        (question(1, name, "Our own mine"),),
        tuple(examined(check, name=name) for check in EXAMINATIONS_NEEDED),
        tuple(factor(which, name=name) for which in FACTORS),
    )


def of_onboarding() -> list[Any]:
    """A record of each register of a case; the decision is another one's."""
    other = application("other")
    return [
        application(),
        sought(),
        document("articles"),
        question(),
        examined("identity"),
        factor("owners", "medium"),
        Decision(other.application, "refused", "no source of funds", Case(other).digest, DAY),
    ]


def beneath(house: House, one: Any) -> list[Application]:
    """The application that a record of a case is about, if it is not there yet."""
    if isinstance(one, Application) or not hasattr(one, "application"):
        return []
    if records.current(house.db, APPLICATIONS, ids=[one.application]):
        return []
    name = "other" if one.application == application_id("other") else "one"
    return [application(name)]
