"""CLI: the command line; thin, scriptable, its exit status is the answer.

Exit codes: 0 it is done · 1 a refusal, of the command or of a line of its file · 2 wrong usage ·
3 an alarm: the world broke a promise, and an operator must look. With `--json` a command prints
one JSON object, refusals included; integers that count units are strings.
"""

import typer

from clearhouse.cli import (
    books,
    casework,
    cycle,
    database,
    day,
    held,
    hits,
    journal,
    keys,
    lists,
    log,
    mining,
    mining_returns,
    monitoring,
    onboarding,
    orders,
    owners,
    people,
    publish,
    records,
    register,
    revising,
    rulebook,
    suspicion,
    tell,
    travel,
    vault,
    wallets,
    work,
)
from clearhouse.memory import collect_seldom

app = typer.Typer(
    callback=collect_seldom,
    help="Clearhouse: clear and settle cross-border trade in digital assets, under the law.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(database.app, name="database")
app.command()(database.migrate)
app.command()(register.admit)
app.command()(register.intake)
app.command()(register.affirm)
app.command()(register.rescind)
app.command()(day.fix)
casework.app.command(name="raise")(suspicion.raise_one)
casework.app.command()(suspicion.decide)
casework.app.command()(suspicion.history)
casework.app.command()(suspicion.figures)
casework.app.add_typer(suspicion.reports, name="report")
app.add_typer(casework.app, name="case")
app.add_typer(monitoring.app, name="monitoring")
cycle.app.command()(revising.revise)
app.add_typer(cycle.app, name="cycle")
app.command()(day.settle)
app.command()(tell.explain)
app.command()(tell.affected)
app.add_typer(log.app, name="log")
app.command()(publish.publish)
app.command()(publish.trust)
app.add_typer(keys.app, name="key")
app.add_typer(people.app, name="people")
app.add_typer(travel.app, name="travel")
app.add_typer(orders.propose, name="propose")
app.command()(orders.approve)
app.command()(orders.decline)
app.command()(orders.revoke)
app.command()(orders.submit)
app.command()(orders.proposals)
mining.app.command()(mining_returns.returns)
app.add_typer(mining.app, name="mining")
app.add_typer(held.app, name="holds")
app.add_typer(hits.app, name="hits")
app.add_typer(lists.app, name="lists")
app.add_typer(onboarding.app, name="onboarding")
app.add_typer(owners.app, name="owners")
app.command()(records.file)
app.add_typer(records.app, name="records")
app.add_typer(rulebook.app, name="rulebook")
app.add_typer(wallets.app, name="wallets")
app.add_typer(vault.app, name="vault")
app.add_typer(books.ledger, name="ledger")
app.add_typer(journal.journal, name="journal")
app.command()(books.reconcile)
app.command()(tell.report)
app.command()(work.worker)
app.command()(work.stuck)
app.command()(work.retry)
