"""Monitoring: what it finds in a drawn economy, how often it is wrong, and how long one takes.

The economy has half a year of trade and, in its last eighty days, scenarios of each typology;
honest trade that looks like them is in it as well (`bench/economy`). Its first sixty days are a
past, and are told apart: rules that compare with a party's own past have none there yet. A scenario
is found if its own typology alerts on a payment of it; a clean payment that any typology alerts on
is a false alert. Bands, weights and thresholds were chosen on seed 1, so judge by others.

Then new payments come one by one to a history of `--size`; `ratio` is to SQLite, in memory, with
an index for each key, asked the same questions but for rounds (`bench/economy/tables`); where both
answer, they say the same. `batch_ratio` is to the engine when it takes a history at once.
"""

import argparse
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

import numpy as np

from bench.economy import Economy, drawn
from bench.economy.drawing import CLEAN, DAY, START
from bench.economy.tables import Tables
from clearhouse.core.monitoring import Columns, Monitor, Outcome, Payment, Results
from clearhouse.core.monitoring.payments import EPOCH
from clearhouse.feeds.typologies import read_programme

SINGLES: Final = 2_000
PEER_SINGLES: Final = 300
PAST_DAYS: Final = 60
FIRM_PAYMENTS: Final = 30  # of a firm, on average


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=1_000_000, help="payments of history")
    parser.add_argument("--payments", type=int, default=120_000, help="payments of the economy")
    parser.add_argument("--planted", type=int, default=25, help="scenarios of each typology")
    parser.add_argument("--seed", type=int, default=101)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Measure what is found, and then speed."""
    yield from _found(_economy(given.seed, given.payments, given.planted))
    yield from _speed(given.size, given.seed)


def _economy(seed: int, size: int, planted: int) -> Economy:
    return drawn(seed, size, firms=max(size // FIRM_PAYMENTS, 600), planted=planted)


def _judged(economy: Economy) -> tuple[Monitor, Results]:
    monitor = Monitor(read_programme())
    monitor.past.names = economy.names
    return monitor, monitor.judge_columns(economy.columns)


def _found(economy: Economy) -> Iterator[str]:
    _, results = _judged(economy)
    later = economy.columns.at >= START + PAST_DAYS * DAY
    clean = (economy.label == CLEAN) & later
    recalls = []
    for place, typology in enumerate(results.programme.typologies):
        alerts = results.outcomes[place] > 0
        own = [n for n, family in enumerate(economy.families) if family == typology.id]
        found = [bool(alerts[economy.label == number].any()) for number in own]
        recalls += found
        name = typology.id.replace("-", "_")
        yield f"monitoring.recall_{name} {np.mean(found):.3f} of_{len(found)}"
        yield f"monitoring.alerts_{name} {1000 * alerts[clean].mean():.2f} per_1000"
    yield f"monitoring.recall {np.mean(recalls):.3f} of_{len(recalls)}"
    yield f"monitoring.alerts_per_1000 {1000 * (results.worst[clean] > 0).mean():.2f} clean"
    held = results.worst[clean] == list(Outcome).index(Outcome.INTERDICT)
    yield f"monitoring.interdicted_per_1000 {1000 * held.mean():.2f} clean"
    first = results.worst[(economy.label == CLEAN) & ~later]
    yield f"monitoring.first_{PAST_DAYS}_days_per_1000 {1000 * (first > 0).mean():.1f} clean"
    yield f"monitoring.cut_off {np.count_nonzero(results.cut_off.any(axis=0))} payments"


def _speed(size: int, seed: int) -> Iterator[str]:
    economy = _economy(seed, size * 11 // 10 + SINGLES, 1)  # it has about as many as asked for
    columns, count = economy.columns, size
    assert len(columns.ids) >= count + SINGLES
    begun = time.process_time()
    monitor = Monitor(read_programme())
    monitor.past.names = economy.names
    monitor.judge_columns(columns.part(0, count))
    history = time.process_time() - begun
    yield f"monitoring.history {count} payments"
    yield f"monitoring.history_s {history:.1f} s"
    coming = [_payment(economy, place) for place in range(count, count + SINGLES)]
    _number(economy, count)  # what comes is numbered as the history was
    taken, results = [], []
    for payment in coming:
        begun = time.process_time()
        result = monitor.judge([payment])
        result.result(0).body  # noqa: B018 - it is made when it is asked for
        taken.append(time.process_time() - begun)
        results.append(result)
    yield f"monitoring.p50_ms {1000 * np.quantile(taken, 0.5):.2f} ms"
    yield f"monitoring.p99_ms {1000 * np.quantile(taken, 0.99):.2f} ms"
    yield f"monitoring.worst_ms {1000 * max(taken):.2f} ms"
    yield f"monitoring.rss_mb {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    peer = _peer(columns.part(0, count), results[:PEER_SINGLES])
    ours = sum(taken[: len(peer)])
    yield f"monitoring.ratio {sum(peer) / ours:.1f} of_sqlite {1000 * np.mean(peer):.1f} ms"
    yield f"monitoring.batch_ratio {np.mean(peer) / (history / count):.0f} of_sqlite"


def _number(economy: Economy, count: int) -> None:
    """Give parties and groups of the history the numbers that they have in it."""
    columns, numbers = economy.columns.part(0, count), economy.names.numbers
    for kind, name in (("party", "payer"), ("party", "payee")):
        for number in np.unique(getattr(columns, name)).tolist():
            numbers[kind, f"f{number}"] = number
    for name in ("payer_group", "payee_group"):
        for number in np.unique(getattr(columns, name)).tolist():
            numbers["group", f"g{number}"] = number


def _payment(economy: Economy, place: int) -> Payment:
    """A payment of the economy as a caller has it."""
    columns = economy.columns
    words = {number: name for (_, name), number in economy.names.numbers.items()}
    row = {name: int(getattr(columns, name)[place]) for name in Columns._fields[1:]}
    known: dict[str, Any] = {
        name: None if row[name] < 0 else row[name]
        for name in ("exposure", "payer_rating", "payee_rating", "payer_days", "payee_days")
    }
    return Payment(
        columns.ids[place],
        EPOCH + timedelta(microseconds=row["at"]),
        f"f{row['payer']}",
        f"f{row['payee']}",
        row["value"],
        asset=words[row["asset"]],
        amount=row["amount"],
        payer_country=words[row["payer_country"]],
        payee_country=words[row["payee_country"]],
        payer_group=f"g{row['payer_group']}",
        payee_group=f"g{row['payee_group']}",
        **known,
        third_party=bool(row["third_party"]),
        late_change=bool(row["late_change"]),
    )


def _peer(history: Columns, results: list[Results]) -> list[float]:
    """What each payment takes the peer; it says what the engine has said."""
    tables = Tables(history)
    taken = []
    for result in results:
        begun = time.process_time()
        answers = tables.answers(result.columns, result.programme)
        taken.append(time.process_time() - begun)
        for place, rule in enumerate(result.programme.rules):
            said = answers.get(rule.id)
            assert said is None or said == result.numbers[place][0], (rule.id, said)
    return taken
