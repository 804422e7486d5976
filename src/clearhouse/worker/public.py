"""Loops that make the journal public: the log follows it, witnesses cosign, calendars attest."""

import logging
from datetime import datetime, timedelta

from clearhouse.operations import gather as gathering
from clearhouse.operations import log as journal_log
from clearhouse.operations import stamp as stamping
from clearhouse.worker.place import PACE, SLOW, Place

log = logging.getLogger(__name__)


def follow(place: Place, _: str) -> datetime:
    """Let the log follow the journal."""
    journal_log.catch_up(place.house)
    return place.house.now() + PACE


def gather(place: Place, key: str) -> datetime:
    """Have the institutions' witnesses cosign the log's head."""
    follow(place, key)
    for name, said in gathering.gather(place.house).others.items():
        log.warning("the witness %s did not cosign: %s", name, said)
    return place.house.now() + SLOW


def stamp(place: Place, key: str) -> datetime:
    """Have calendars attest the log's head, and see that what they attested still holds."""
    follow(place, key)
    others = {**stamping.stamp(place.house).others, **stamping.upgrade(place.house)}
    for url, said in others.items():
        log.warning("the calendar %s did not attest: %s", url, said)
    for one in stamping.stamps(place.house):
        if one.trouble:
            raise one.trouble
    return place.house.now() + timedelta(days=1)
