"""CLI: the command line; thin, scriptable, its exit status is the answer."""
