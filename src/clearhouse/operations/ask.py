"""Ask the law about a batch of obligations, and what they ship."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clearhouse.core.carriage import with_closures
from clearhouse.core.gate import Finding, judge_law
from clearhouse.core.rulebook import Answer, Matters
from clearhouse.core.rulebook.programmes import Parties, under
from clearhouse.operations.carried import Aboards
from clearhouse.operations.facts import columns, units
from clearhouse.operations.linked import Windows


@dataclass(frozen=True, slots=True)
class Said:
    """What the law says of a batch: a finding for each obligation, the same one for those alike."""

    findings: Sequence[Finding]
    which: Sequence[int]  # of `findings`, for each obligation


def said_of(windows: Windows, carried: Aboards) -> Said:
    """Ask the law about a batch, with what is linked to it and what of it is shipped."""
    law, asked = windows.law, windows.asked
    judged = law.judge.judge(_matters(windows))
    corridors = [one.corridor for one in asked]
    kinds = list(zip(corridors, judged.patterns.tolist(), judged.answers.tolist(), strict=True))
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    findings = [
        judge_law(corridor, judged.came(pattern), Answer(answer), law)
        for corridor, pattern, answer in numbers
    ]
    which = [numbers[kind] for kind in kinds]
    for place, one in enumerate(asked):
        if several := carried.get(one.obligation.id):
            days = (one.obligation.traded_on, one.settles_on)
            sides = (one.debtor.participant, one.creditor.participant)
            attached = {code for side in sides for code in side.attached(*days)}
            finding = with_closures(findings[which[place]], several, law, attached, days)
            which[place] = len(findings)
            findings.append(finding)
    return Said(findings, which)


def _matters(windows: Windows) -> Matters:
    law, asked = windows.law, windows.asked
    days = {one.obligation.traded_on for one in asked} | {one.settles_on for one in asked}
    rates = windows.fixings.rates(sorted(days))
    known = columns(asked, law)
    found = Matters(len(asked), known, units(asked), rates, windows.column)
    if not law.programmes:
        return found
    parties = Parties(
        [one.obligation.debtor for one in asked], [one.obligation.creditor for one in asked]
    )
    programmes = under(law, found, parties, [one.at for one in asked])
    return replace(found, known={**known, **programmes})
