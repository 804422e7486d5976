"""Returns: what leaves the house in somebody's format, rendered from rows that are handed in."""
