"""A demo economy with a history: weeks of trade between firms, and what monitoring should find.

Ordinary trade has regular partners, seasons, standing orders, payrolls, refunds, marketplaces that
take in from many and pay out at once, and firms that rest for months. In it scenarios are planted,
some of each family, each with its label; their sizes are drawn so that some are hardly more than
what is usual. Nothing is taken from rules: thresholds of law are known to whoever splits a sum.
"""

from bench.economy.drawing import Economy
from bench.economy.trade import drawn

__all__ = ["Economy", "drawn"]
