"""The `clearhouse` command: the command line and the demo together."""

from clearhouse.cli import app
from clearhouse.demo.command import demo

__all__ = ["app"]

app.command()(demo)

if __name__ == "__main__":
    app()
