"""Who must act where a job cannot go on."""

from collections.abc import Mapping

# Who must act, by code: a refusal here waits for them and never gets stuck, an alarm does at once.
ACTORS: Mapping[str, str] = {
    "settlement.not-released": "two people: an operator proposes the release, another approves",
    "settlement.no-longer-cleared": "compliance: explain the obligation; an operator: revise it, or"
    " propose to give it up where signatures were asked for",
    "settlement.float-too-small": "an operator: fund the float",
    "settlement.coins-barred": "compliance and the supervisor: somebody who paid in is listed now;"
    " an authority says what becomes of the coins",
    "settlement.signers-too-few": "the institutions: their signers refuse or do not answer",
    "settlement.reconciliation-off": "an operator and compliance: see `clearhouse reconcile`",
    "settlement.batch-on-its-way": "whoever the other cycle waits for: explain it",
    "note.cosignatures-too-few": "the institutions: their witnesses refuse or do not answer",
    "log.not-stamped": "an operator: the calendars refuse or do not answer",
    "log.witness-alarmed": "the operator and the supervisor: a witness has seen another history",
    "log.differs": "the operator and the supervisor: the log is not what it was",
    "list.shrunken": "compliance: see whether the list is whole; two people may accept it",
    "list.regressed": "compliance: an old edition is handed out; see where it comes from",
    "list.gone": "an operator: a list is missing from the folder; put it back",
    "chain.unreachable": "an operator: the node does not answer",
    "trp.certificate-expired": "an operator: the house's own certificate is renewed",
    "settings.travel-malformed": "an operator: see travel.toml",
    "finality.broken": "the operator and the supervisor: the chain took back what was final",
}
OPERATOR = "an operator"
