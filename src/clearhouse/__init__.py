"""Clearhouse: an open clearing house for cross-border trade paid in digital assets."""

__version__ = "0.1.0"
