"""Bench: figures of production operations on the shipped schema, never timed tests."""
