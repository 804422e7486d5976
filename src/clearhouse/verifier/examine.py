"""Examine: let every check look at what is published."""

from collections.abc import Callable

from clearhouse.verifier.checks import CHECKS, Check, Looks
from clearhouse.verifier.follow import follow, lend, recall
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

# What reading something that is in no form at all comes to.
SHAPELESS = (
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, ArithmeticError),
    *(MemoryError, RecursionError),
)


def examine(published: Published) -> dict[str, Wrong | None]:
    """Check what a bundle shows.

    Returns:
        By check, in their order: what is wrong first, or None where it passes. All are asked: one
        that fails does not keep another from being looked at.
    """
    asked = [_Asked(check, published) for check in CHECKS[published.bundle.scope]]
    standing = Standing(_opening(published), published.bundle.first)
    for entry in published.earlier:
        lend(standing, entry)
    for entry in published.entries:
        if entry.position < published.bundle.first:
            # A participant is shown entries from before, too, that those of the period lean on.
            recall(standing, entry)
            continue
        for one in asked:
            if (look := one.looks.on.get(entry.kind)) is not None:
                one.ask(look, standing, entry)
        follow(standing, entry)
    for one in asked:
        one.ask(one.looks.end, standing)
    return {one.name: one.wrong for one in asked}


class _Asked:
    """A check, and what it has found."""

    def __init__(self, check: Check, published: Published) -> None:
        self.name = check.name
        self.wrong: Wrong | None = None
        self.looks = Looks({})
        self.ask(self._begin, check, published)

    def _begin(self, check: Check, published: Published) -> None:
        self.looks = check.begin(published)

    def ask(self, look: Callable[..., None], *about: object) -> None:
        """Let it look, unless it has found something already."""
        if self.wrong is not None:
            return
        try:
            look(*about)
        except Wrong as wrong:
            self.wrong = wrong
        except SHAPELESS as trouble:
            detail = f"{type(trouble).__name__}: {trouble!s:.200}"
            self.wrong = Wrong(f"{self.name}.malformed", detail)


def _opening(published: Published) -> list[str]:
    """The lines that it begins from; of a participant's, its own accounts."""
    if published.bundle.scope == "day":
        return [one.line for one in published.opening]
    return [one.line for one in published.accounts if one.about == "opening"]
