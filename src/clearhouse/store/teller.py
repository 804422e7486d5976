"""Teller: single postings of many callers, grouped into commits.

One durable commit for each transfer is as slow as the disk confirms writes, and on an account that
all transfers share no number of connections helps. So callers hand their transfers to one thread,
which posts whatever has come in meanwhile as one batch, commits once, and gives each caller its own
answer. While one batch is committed the next one gathers: with few callers nobody waits for more
than a moment, and with many the batches grow by themselves.

Where the connection is lost nobody can tell whether the commit was made: every caller of the batch
hears so, and says the same transfer again. Ids make that safe: what was posted is answered with the
first answer, and what was not is posted.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic

import psycopg
from psycopg import Connection

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ledger import Posted, Transfer
from clearhouse.store import ledger

BATCH_MAX = 8_000  # transfers
GATHER_S = 0.002  # how long a batch waits for company

Answer = Posted | Refusal


class OutcomeUnknown(Refusal):
    """The database was lost before it said whether a transfer is posted.

    The one refusal after which something may have changed: say the same transfer again.
    """

    code = "ledger.outcome-unknown"
    kind = Kind.UNAVAILABLE


class Closed(Refusal):
    """The teller takes no more transfers."""

    code = "ledger.teller-closed"
    kind = Kind.UNAVAILABLE


class _Asked:
    """What a caller waits for.

    A lock that is held until the answer is there, and no more: a `Future` costs ten times as much,
    which at ten thousand callers a second is most of what the teller's process does.
    """

    __slots__ = ("_answers", "_held", "_trouble", "batch")

    def __init__(self, batch: Sequence[Transfer]) -> None:
        self.batch = batch
        self._answers: list[Answer] = []
        self._trouble: BaseException | None = None
        self._held = Lock()
        self._held.acquire()

    def answer(self, answers: list[Answer]) -> None:
        """Let the caller go on."""
        self._answers = answers
        self._held.release()

    def fail(self, trouble: BaseException) -> None:
        """Let the caller hear that there is no answer."""
        self._trouble = trouble
        self._held.release()

    def wait(self) -> list[Answer]:
        """Wait for the answer."""
        self._held.acquire()
        if self._trouble is not None:
            raise self._trouble
        return self._answers


class Teller:
    """Posts for many threads through one connection; see `serving`.

    Args:
        connect: Opens a connection of the teller's own; called again after one was lost.
        now: The house's clock.
        gather_s: How long a batch waits for company, in seconds.
        batch_max: Transfers in a commit, at most (but never less than one caller's).
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        now: Callable[[], datetime],
        gather_s: float = GATHER_S,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._connect = connect
        self._now = now
        self._gather_s = gather_s
        self._batch_max = batch_max
        self._db: Connection | None = None
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._door = Lock()
        self._closed = False
        self._thread = Thread(target=self._serve, name="teller", daemon=True)
        self._thread.start()

    def post(self, transfer: Transfer) -> Posted:
        """Post one transfer and wait until it is durable.

        Raises:
            Refusal: `core.ledger` has them; or OutcomeUnknown, Closed.
        """
        [answer] = self.post_together([transfer])
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def post_together(self, batch: Sequence[Transfer]) -> list[Answer]:
        """Post a few transfers in one commit; those of a `group` stand or fall together.

        Returns:
            An answer for each, in order.

        Raises:
            OutcomeUnknown, Closed: Of all of them.
        """
        asked = _Asked(batch)
        with self._door:
            if self._closed:
                raise Closed("open another")
            self._asked.put(asked)
        return asked.wait()

    def close(self) -> None:
        """Answer those who wait, and stop."""
        with self._door:
            self._closed = True
            self._asked.put(None)  # and nothing behind it
        self._thread.join()
        if self._db is not None:
            self._db.close()

    def _serve(self) -> None:
        while (first := self._asked.get()) is not None:
            waiting, more = self._gather(first)
            try:
                answers = self._commit([one for asked in waiting for one in asked.batch])
            except psycopg.Error as error:
                self._lose()
                for asked in waiting:
                    about = f"{error}; say it again with the same id"
                    asked.fail(OutcomeUnknown(about))
            except BaseException as error:
                self._fail(waiting, error)
                raise
            else:
                start = 0
                for asked in waiting:
                    end = start + len(asked.batch)
                    asked.answer(answers[start:end])
                    start = end
            if not more:
                return

    def _gather(self, first: _Asked) -> tuple[list[_Asked], bool]:
        """Those that go into one batch, and whether the teller goes on after it."""
        waiting, size = [first], len(first.batch)
        until = monotonic() + self._gather_s
        while size < self._batch_max:
            try:
                asked = self._asked.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                break
            if asked is None:
                return waiting, False
            waiting.append(asked)
            size += len(asked.batch)
        return waiting, True

    def _commit(self, batch: Sequence[Transfer]) -> list[Answer]:
        if self._db is None:
            self._db = self._connect()
        with self._db.transaction():
            return ledger.post(self._db, batch, self._now())

    def _fail(self, waiting: list[_Asked], error: BaseException) -> None:
        """A bug stops the work, and whoever waits hears of it."""
        with self._door:
            self._closed = True
        while not self._asked.empty():
            if (asked := self._asked.get()) is not None:
                waiting.append(asked)
        for asked in waiting:
            asked.fail(error)

    def _lose(self) -> None:
        """Give up the connection; the next batch has another."""
        if self._db is not None:
            with suppress(psycopg.Error):
                self._db.close()
            self._db = None


@contextmanager
def serving(connect: Callable[[], Connection], now: Callable[[], datetime]) -> Iterator[Teller]:
    """A teller for as long as the block lasts."""
    teller = Teller(connect, now)
    try:
        yield teller
    finally:
        teller.close()
