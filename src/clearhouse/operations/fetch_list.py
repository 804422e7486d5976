"""Fetch a list's edition of now from where it is published, and let it take its list's place."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from clearhouse.feeds.sanctions.fetching import FetchInterrupted, Source, fetch
from clearhouse.operations.house import House
from clearhouse.operations.lists import EDITIONS, Taken, take
from clearhouse.store.files import locked

UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def fetch_list(
    house: House,
    source: Source,
    folder: Path,
    until: float,
    advance: Callable[[int], None] = lambda _: None,
) -> Taken:
    """Fetch an edition, and screen everybody again by what it changes.

    A fetch that broke off goes on where it stopped, where that is honest. Of one list one fetch is
    under way: another process waits for it.

    Args:
        folder: Of all lists of the house.
        until: When it is too late to fetch, on the clock `time.monotonic`.
        advance: Is told how many subjects were screened again so far.

    Raises:
        SourceMalformed, ListUnreachable, FetchInterrupted: It is not to be had now.
        list's refusals: It cannot be read, or cannot follow the one in force; that is recorded.
        screening's refusals: It was taken, and another list is missing or too old.
    """
    staged = folder / EDITIONS / f"fetching-{UNSAFE.sub('-', source.name)}"
    with locked(staged.with_suffix(".lock")):
        try:
            fetch(source, staged, now=house.now(), until=until)
            done = take(house, staged, folder, advance)
        except FetchInterrupted:
            raise  # what has come is kept
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        shutil.rmtree(staged)
        return done
