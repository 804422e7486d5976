"""`Explanation`: a life in words, step by step, each with its evidence."""

from dataclasses import dataclass
from datetime import datetime

from clearhouse.core.canonical import instant
from clearhouse.core.remedy import Advice
from clearhouse.store.journal import Entry


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, and the evidence for it."""

    position: int  # of its entry in the journal
    at: datetime
    title: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A life in words."""

    id: str
    headline: str
    state: str
    steps: tuple[Step, ...]
    next_actor: str  # who must act; empty when nobody must
    next_action: str
    by: str  # the day or instant; empty when there is none
    remedies: tuple[Advice, ...] = ()  # of each ground that holds or denies it

    def text(self) -> str:
        """For people."""
        lines = [self.id, self.headline, f"state: {self.state}"]
        for number, step in enumerate(self.steps, 1):
            lines.append(f"\n{number}. {step.at:%Y-%m-%d %H:%M} UTC  {step.title}")
            lines += [f"     {line}" for line in step.evidence]
        actor = f"{self.next_actor}: " if self.next_actor else ""
        by = f", by {self.by}" if self.by else ""
        lines.append(f"\nnext: {actor}{self.next_action}{by}")
        if self.remedies:
            lines.append("\nwhat would change the answer:")
            lines += [f"     {one.said}" for one in self.remedies]
        return "\n".join(lines)

    def document(self) -> dict[str, object]:
        """As a JSON object."""
        steps = [
            {
                "position": step.position,
                "at": instant(step.at),
                "title": step.title,
                "evidence": list(step.evidence),
            }
            for step in self.steps
        ]
        return {
            "id": self.id,
            "headline": self.headline,
            "state": self.state,
            "steps": steps,
            "next": {"actor": self.next_actor, "action": self.next_action, "by": self.by},
            "remedies": [one.document() for one in self.remedies],
        }


def step(entry: Entry, title: str, *evidence: str) -> Step:
    """What an entry of the journal says."""
    return Step(entry.position, entry.occurred_at, title, evidence)
