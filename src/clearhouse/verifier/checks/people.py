"""Of people: every order is signed by somebody who may give it, and what needs two has two."""

from collections import Counter
from datetime import timedelta
from hashlib import sha256

from clearhouse.verifier import canonical, ed25519
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry, instant
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

COMMAND = "clearhouse.command.1"
MEMBERS = {"form", "house", "id", "person", "key", "kind", "body", "made_at"}
FOUNDING = "clearhouse.founding.1"
FOUNDERS = 2
AHEAD_MAX, AGE_MAX = timedelta(minutes=5), timedelta(days=1)
PROPOSAL_LIFE = timedelta(days=7)

ADMINISTRATORS = {"administrator"}
# By kind of order: who may give it, and who may approve it; without approvers it needs one person.
PERMITTED: dict[str, tuple[set[str], set[str]]] = {
    "EnrolPerson": (ADMINISTRATORS, ADMINISTRATORS),
    "RegisterKey": (ADMINISTRATORS, ADMINISTRATORS),
    "RevokeKey": (ADMINISTRATORS, set()),
    "GrantRole": (ADMINISTRATORS, ADMINISTRATORS),
    "WithdrawRole": (ADMINISTRATORS, ADMINISTRATORS),
    "ReleaseCycle": ({"operator"}, {"operator", "compliance"}),
    "GiveUpBatch": ({"operator"}, {"operator", "compliance"}),
    "AcceptEdition": ({"compliance"}, {"compliance", "supervisor"}),
    "EraseDossier": (ADMINISTRATORS, {"compliance"}),
    "ActivateRulebook": ({"compliance"}, {"compliance", "supervisor"}),
    "GrantDealing": ({"compliance"}, {"compliance", "supervisor"}),
    "EnterRecords": ({"compliance"}, {"compliance", "supervisor"}),
    "AdmitParticipants": ({"compliance"}, {"compliance", "supervisor"}),
    "RevealRecords": ({"compliance", "supervisor", "auditor"}, set()),
    "FileRecords": ({"compliance", "trader"}, set()),
}

# What says the same as the order that it follows from, and the order's id.
IN_THE_SAME_WORDS = {
    "GrantRole": "RoleGranted",
    "WithdrawRole": "RoleWithdrawn",
    "ReleaseCycle": "CycleReleased",
    "GiveUpBatch": "BatchGivenUp",
    "ActivateRulebook": "RulebookActivated",
    "GrantDealing": "DealingLicensed",
    "AcceptEdition": "EditionAccepted",
}


PROVEN = {"challenge", "wallet"}  # registers of what is proved, on which nobody has to agree
FOUND = {
    "breach",
    "review",
    "alert",
    "escalation",
    "coin_source",
    "travel_exchange",
}  # registers of what the house finds by itself
# Registers of which one order enters records together.
ADMITTED = {"legal_entity", "licence", "decision"}
# Registers of what one person may file.
FILED = {
    *("contact", "application", "licence_sought", "document"),
    *("question", "examination", "risk_factor"),
    *("mined_lot", "mined_sale"),
    *("miner_return", "operator_return", "operator_miner", "operator_tariff"),
    *("operator_machine", "epoch", "review_outcome", "case_owner", "case_evidence"),
    *("case_link", "concern", "report_receipt", "travel_record"),
}


class Entering:
    """Records that two people agreed to enter, or one filed, as they come."""

    def __init__(self, proposal: str, body: Record, registers: set[str]) -> None:
        self.proposal, self.registers = proposal, registers
        self._left, self._digest, self._over = whole(body["records"]), body["digest"], sha256()

    @property
    def is_whole(self) -> bool:
        """Whether all of them came, and are those that were agreed on."""
        return not self._left and self._over.hexdigest() == self._digest

    def take(self, entry: Entry) -> None:
        """Take the next one."""
        said = entry.body
        if said["proposal"] != self.proposal or said["register"] not in self.registers:
            raise Wrong("people.not-ordered", f"entry {entry.position}: nobody ordered this record")
        self._left -= 1
        named = [said["register"]] if self.registers is ADMITTED else []
        line = canonical.write([entry.subject, *named, said["key"], said["body"]])
        self._over.update(f"{line}\n".encode())


class People:
    """Follows orders, and what they may do."""

    def __init__(self, published: Published) -> None:
        self._log = published.trust.log.name
        self._may_erase: set[str] = set()  # whose enrolment came to nothing
        self._may_forget = 0  # how many persons' records came to nothing
        self._named: set[str] = set()  # dossiers that records entered here name
        self._law_awaited = False  # the house was just founded
        self._entering: Entering | None = None
        self._due: Counter[str] = Counter()  # facts that orders have made due, as they are written

    def looks(self) -> Looks:
        """What is looked at."""
        facts = [
            *("PersonEnrolled", "KeyRegistered", "KeyRevoked", "RoleGranted", "RoleWithdrawn"),
            *("CycleReleased", "ProposalMade", "ProposalApproved", "ProposalDeclined"),
            *("DealingLicensed", "BatchGivenUp", "EditionAccepted"),
        ]
        return Looks(
            {
                "HouseFounded": self._founded,
                "CommandGiven": self._ordered,
                "ProposalExpired": self._expired,
                "DossierErased": self._erased,
                "RulebookActivated": self._activated,
                "RecordEntered": self._entered,
                **dict.fromkeys(facts, self._fact),
            },
            self._end,
        )

    def _end(self, _: Standing) -> None:
        self._need_done()

    def _need_done(self) -> None:
        """Check that what was ordered was done, before anything else is ordered."""
        if self._entering is not None and not self._entering.is_whole:
            detail = f"{self._entering.proposal}: other records were entered than were agreed on"
            raise Wrong("people.records-differ", detail)
        self._entering = None
        for fact in self._due:
            raise Wrong("people.not-done", f"what was ordered was not done: {fact:.300}")

    def _founded(self, standing: Standing, entry: Entry) -> None:
        text = entry.body["founding"]
        said = canonical.read(text, "the founding")
        founders, signatures = said["founders"], entry.body["signatures"]
        two = len(founders) == len(signatures) == FOUNDERS
        apart = founders[0]["person"] != founders[1]["person"]
        apart = apart and founders[0]["key"] != founders[1]["key"]
        named = self._log == f"clearhouse/{said['house']}" and entry.subject == said["house"]
        if standing.house or said["form"] != FOUNDING or not (two and apart and named):
            raise Wrong("people.founding-wrong", "a house is founded once, by two people")
        self._law_awaited = True
        for one, signature in zip(founders, signatures, strict=True):
            _check_signature(text.encode(), signature, one["key"], "the founding")
            person, affiliation = one["person"], one["affiliation"]
            self._expect("PersonEnrolled", person=person, affiliation=affiliation, proposal="")
            self._expect("KeyRegistered", person=person, key=one["key"], proposal="")
            self._expect("RoleGranted", person=person, role="administrator", proposal="")

    def _activated(self, standing: Standing, entry: Entry) -> None:
        """By two people; but a house is founded with a law."""
        if not entry.body["proposal"] and self._law_awaited:
            self._law_awaited = False
        else:
            self._fact(standing, entry)

    def _expect(self, kind: str, **body: str) -> None:
        """Let an order make a fact due."""
        self._due[canonical.write({"body": body, "kind": kind})] += 1

    def _was_due(self, fact: str) -> bool:
        """Take note that a fact is there; whether it was due."""
        if not self._due[fact]:
            return False
        self._due[fact] -= 1
        self._due = +self._due  # so that few are kept
        return True

    def _fact(self, standing: Standing, entry: Entry) -> None:
        """A fact that somebody must have ordered, in just these words."""
        fact = canonical.write({"body": entry.body, "kind": entry.kind})
        if not self._was_due(fact):
            raise Wrong("people.not-ordered", f"entry {entry.position}: nobody ordered {fact:.300}")
        if entry.kind == "PersonEnrolled" and entry.body["person"] in standing.people:
            raise Wrong("people.enrolled-twice", f"{entry.body['person']} is enrolled again")
        if entry.kind == "KeyRegistered" and any(
            entry.body["key"] in one.keys | one.revoked for one in standing.people.values()
        ):
            raise Wrong("people.key-taken", f"{entry.body['key']} was somebody's before")

    def _ordered(self, standing: Standing, entry: Entry) -> None:
        self._need_done()
        text = entry.body["command"]
        said = canonical.read(text, "a command")
        about = f"command {said.get('id')}"
        if said.keys() != MEMBERS or said["form"] != COMMAND or said["id"] != entry.subject:
            raise Wrong("people.command-malformed", about)
        if said["house"] != standing.house:
            raise Wrong("people.command-for-another-house", f"{about} is for {said['house']}")
        if said["id"] in standing.commands or said["id"] in standing.orders:
            raise Wrong("people.command-repeated", about)
        age = instant(entry.recorded_at) - instant(said["made_at"])
        if not -AHEAD_MAX <= age <= AGE_MAX:
            raise Wrong("people.command-stale", f"{about} was made at {said['made_at']}")
        _check_signature(text.encode(), entry.body["signature"], said["key"], about)
        _check_key(standing, said, about)
        if said["kind"] == "Approve":
            self._approved(standing, said, entry)
        elif said["kind"] == "Decline":
            self._declined(standing, said)
        else:
            self._may(standing, said)
            if PERMITTED[said["kind"]][1]:
                expires_at = instant(entry.recorded_at) + PROPOSAL_LIFE
                self._expect(
                    "ProposalMade",
                    proposal=said["id"],
                    person=said["person"],
                    digest=sha256(text.encode()).hexdigest(),
                    expires_at=f"{expires_at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z",
                )
            else:
                self._done(standing, said, said["id"])

    def _may(self, standing: Standing, said: Record) -> None:
        """Check that the maker of an order may give it."""
        kind, person = said["kind"], standing.people[said["person"]]
        if kind not in PERMITTED:
            raise Wrong("people.command-malformed", f"{kind!r:.40} is no order")
        own = kind == "RevokeKey" and said["body"]["person"] == said["person"]
        if not own and not person.roles & PERMITTED[kind][0]:
            held = ", ".join(sorted(person.roles)) or "no role"
            detail = f"{said['id']}: {said['person']} has {held}, and orders {kind}"
            raise Wrong("people.not-permitted", detail)

    def _approved(self, standing: Standing, said: Record, entry: Entry) -> None:
        """Check an approval, and let what was proposed become due."""
        id, digest = said["body"]["proposal"], said["body"]["digest"]
        if id not in standing.proposals:
            raise Wrong(
                "people.proposal-closed", f"{said['id']} approves {id}, which does not wait"
            )
        text, expires_at = standing.proposals[id]
        proposed = canonical.read(text, "a command")
        if proposed["person"] == said["person"]:
            raise Wrong(
                "people.own-proposal", f"{said['person']} approves what they proposed: {id}"
            )
        if digest != sha256(text.encode()).hexdigest():
            raise Wrong("people.digest-differs", f"{said['id']} approves other bytes than {id}")
        if entry.recorded_at >= expires_at:
            raise Wrong("people.proposal-closed", f"{id} expired at {expires_at}")
        approver = standing.people[said["person"]]
        if not approver.roles & PERMITTED[proposed["kind"]][1]:
            held = ", ".join(sorted(approver.roles)) or "no role"
            detail = f"{said['id']}: {said['person']} has {held}, and approves {proposed['kind']}"
            raise Wrong("people.not-permitted", detail)
        self._may(standing, proposed)  # still
        _check_key(standing, proposed, f"proposal {id}, when it was approved")
        self._expect(
            "ProposalApproved",
            proposal=id,
            person=said["person"],
            digest=digest,
            command=said["id"],
        )
        self._done(standing, proposed, id)

    def _declined(self, standing: Standing, said: Record) -> None:
        id, reason = said["body"]["proposal"], said["body"]["reason"]
        if id not in standing.proposals:
            raise Wrong(
                "people.proposal-closed", f"{said['id']} declines {id}, which does not wait"
            )
        proposed = canonical.read(standing.proposals[id][0], "a command")
        decliner = standing.people[said["person"]]
        may = decliner.roles & PERMITTED[proposed["kind"]][1]
        if proposed["person"] != said["person"] and not may:
            raise Wrong("people.not-permitted", f"{said['id']}: {said['person']} declines {id}")
        self._came_to_nothing(proposed)
        self._expect(
            "ProposalDeclined",
            proposal=id,
            person=said["person"],
            reason=reason,
            command=said["id"],
        )

    def _done(self, standing: Standing, said: Record, by: str) -> None:
        """What an order does at once, or once it is approved, becomes due."""
        body = said["body"]
        match said["kind"]:
            case "EnrolPerson":
                self._key(standing, body)
                person, affiliation = body["person"], body["affiliation"]
                self._expect("PersonEnrolled", person=person, affiliation=affiliation, proposal=by)
                self._expect("KeyRegistered", person=person, key=body["key"], proposal=by)
            case "RegisterKey":
                self._key(standing, body)
                self._expect("KeyRegistered", person=body["person"], key=body["key"], proposal=by)
            case "RevokeKey":
                self._expect("KeyRevoked", **body, command=by)
            case kind if kind in IN_THE_SAME_WORDS:
                self._expect(IN_THE_SAME_WORDS[kind], **body, proposal=by)
            case "EraseDossier":
                subject, reason = body["subject"], f"{body['reason']} ({by})"
                self._expect("DossierErased", subject=subject, reason=reason)
            case "RevealRecords":
                pass  # that somebody read is the fact
            case "AdmitParticipants":
                self._entering = Entering(by, body, ADMITTED)
            case "EnterRecords" | "FileRecords" as kind:
                if (kind == "FileRecords") != (body["register"] in FILED):
                    detail = f"{by}: a {body['register']} is not entered by {kind}"
                    raise Wrong("people.not-permitted", detail)
                self._entering = Entering(by, body, {body["register"]})
            case kind:
                raise Wrong("people.command-malformed", f"{kind!r:.40} is no order")

    def _key(self, standing: Standing, body: Record) -> None:
        """Check that the holder of a new key offers it."""
        shown = f"clearhouse.key.1 {standing.house} {body['person']} {body['key']}"
        _check_signature(shown.encode(), body["proof"], body["key"], f"the key {body['key']}")

    def _entered(self, standing: Standing, entry: Entry) -> None:
        """A record that people ordered; before a house is founded there is nobody to ask."""
        said = entry.body
        if said["register"] in PROVEN | FOUND and not said["proposal"]:
            return
        if self._entering is not None:
            self._entering.take(entry)
        elif said["proposal"] or standing.house:
            raise Wrong("people.not-ordered", f"entry {entry.position}: nobody ordered this record")
        if said["register"] == "person_owner":
            person = canonical.read(said["body"], "a record")
            self._named.add(f"{person.get('entity')}_{person.get('commitment', '')[:24]}")

    def _expired(self, standing: Standing, entry: Entry) -> None:
        id = entry.body["proposal"]
        if id not in standing.proposals or entry.recorded_at < standing.proposals[id][1]:
            raise Wrong("people.proposal-closed", f"{id} expires before its time, or again")
        self._came_to_nothing(canonical.read(standing.proposals[id][0], "a command"))

    def _came_to_nothing(self, proposed: Record) -> None:
        """Of who was not enrolled or entered, the dossier is erased without anybody's order."""
        if proposed["kind"] == "EnrolPerson":
            self._may_erase.add(proposed["body"]["person"])
        if proposed["kind"] == "EnterRecords" and proposed["body"]["register"] == "person_owner":
            self._may_forget += whole(proposed["body"]["records"])

    def _erased(self, _: Standing, entry: Entry) -> None:
        """By two people; or with the proposal to enrol somebody that came to nothing."""
        reason = entry.body["reason"]
        body = {"reason": reason, "subject": entry.subject}
        fact = canonical.write({"body": body, "kind": "DossierErased"})
        if self._was_due(fact):
            return
        if reason == "not enrolled" and entry.subject in self._may_erase:
            self._may_erase.remove(entry.subject)
        elif reason == "not entered" and self._may_forget and entry.subject not in self._named:
            self._may_forget -= 1
        else:
            detail = f"entry {entry.position}: nobody ordered to erase {entry.subject}"
            raise Wrong("people.not-ordered", detail)


def people(published: Published) -> Looks:
    """Orders are signed by people who may give them, and what needs two people has two."""
    return People(published).looks()


def _check_key(standing: Standing, said: Record, about: str) -> None:
    person = standing.people.get(said["person"])
    if person is None or said["key"] not in person.keys:
        detail = f"{about}: {said['key']} is no key of {said['person']}, or was revoked"
        raise Wrong("people.key-unknown", detail)


def _check_signature(content: bytes, signature: str, key: str, about: str) -> None:
    if not ed25519.verify(bytes.fromhex(key), bytes.fromhex(signature), content):
        raise Wrong("people.signature-wrong", f"{about} is not signed with {key}")
