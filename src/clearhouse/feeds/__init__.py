"""Feeds: what comes from outside: lists, trades, invoice files."""
