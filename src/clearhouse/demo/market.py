"""Exchange trades of the demo: three venues that agree, and one whose feed is off."""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

TRADES_A_VENUE = 600
VENUES = {"boreal": 1.0, "meridian": 1.0005, "polar": 0.9996, "glitch": 1.19}


def write_trades(file: Path, end: datetime, price: float, dice: Random) -> None:
    """Write an hour of trades up to `end` around `price`, as venues print them."""
    rows = []
    for venue, bias in VENUES.items():
        level = price * bias
        for _ in range(TRADES_A_VENUE):
            level *= 1 + dice.gauss(0, 0.0002)
            at = end - timedelta(milliseconds=dice.randrange(1, 3_600_000))
            side = dice.choice(("buy", "sell"))
            size = max(0.0001, dice.lognormvariate(-3, 1.2))
            rows.append((venue, round(at.timestamp() * 1000), side, f"{level:.1f}", f"{size:.8f}"))
    rows.sort(key=lambda row: row[1])
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("venue", "time_ms", "side", "price", "size"))
        writer.writerows(rows)
