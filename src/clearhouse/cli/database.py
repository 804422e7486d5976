"""`clearhouse database` and `clearhouse migrate`: the house's PostgreSQL."""

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.settings import Settings, database
from clearhouse.store import launcher
from clearhouse.store.connection import connect
from clearhouse.store.migrate import migrate as apply_migrations

app = typer.Typer(help="Start, stop and find the embedded PostgreSQL.", no_args_is_help=True)


@app.command()
def start(*, as_json: AsJson = False) -> None:
    """Start the database and leave it running; other commands start and stop it themselves."""
    with answering(as_json=as_json):
        settings = Settings()
        server = launcher.start(
            settings.home / "database", database_url=settings.database_url or None
        )
        _tell(server.url, as_json=as_json)


@app.command()
def stop(*, as_json: AsJson = False) -> None:
    """Stop the embedded database, if it runs."""
    with answering(as_json=as_json):
        launcher.stop(Settings().home / "database")
        _tell("", as_json=as_json)


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Say where the embedded database answers; exits with 1 if it does not run."""
    with answering(as_json=as_json):
        settings = Settings()
        server = launcher.status(settings.home / "database")
        _tell(settings.database_url or (server.url if server else ""), as_json=as_json)
        if not settings.database_url and server is None:
            raise typer.Exit(1)


def _tell(url: str, *, as_json: bool) -> None:
    if as_json:
        say({"running": bool(url), "url": url})
    else:
        console().print(url or "not running", markup=False)


def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database's schema up to this version; every other command does it too."""
    with answering(as_json=as_json):
        settings = Settings()
        with database(settings) as url, connect(url) as db:
            applied = apply_migrations(db, settings.now()())
        if as_json:
            say({"applied": applied})
        else:
            console().print("\n".join(applied) or "nothing to do", markup=False)
