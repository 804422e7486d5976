"""Memory: how often a process looks for garbage that reference counts leave behind.

Records, events and rows hold no rings, so counting references frees nearly all of them. As Python
comes, its collector looks at a batch's hundred thousand records again and again while they are
made, and finds nothing: a quarter of an import's time, when that was measured.
"""

import gc

# New objects before the young are looked at; looks at the young before one at the middle-aged;
# looks at those before one at all. Garbage in rings waits for a million new objects at most.
YOUNG, MIDDLE, OLD = 50_000, 20, 20


def collect_seldom() -> None:
    """Set this process's collector; once, at its start."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)
