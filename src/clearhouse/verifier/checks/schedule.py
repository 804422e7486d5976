"""Of timetables: what is in time is cleared, what is late waits, and nobody pays in too late."""

from clearhouse.verifier.canonical import Record
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

STAGES = ("cut_off", "rescission", "pay_in", "pay_in_revised", "settlement", "close")


def schedule(_: Published) -> Looks:
    """A cycle takes what was in time for it; it is held once, and within its hours."""
    return _Schedule().looks()


class _Schedule:
    """The cycles of the period that were opened by a timetable."""

    def __init__(self) -> None:
        self._cycles: dict[str, Record] = {}

    def looks(self) -> Looks:
        """What is looked at."""
        return Looks(
            {
                "ValueDated": self._dated,
                "CycleScheduled": self._opened,
                "ObligationCleared": self._cleared,
                "PayInCalled": self._called,
            }
        )

    def _dated(self, standing: Standing, entry: Entry) -> None:
        one, cut_off = standing.obligations.get(entry.subject), entry.body["cut_off"]
        if one is None or one.cut_off or cut_off < entry.recorded_at:
            detail = f"{entry.subject} is given a cycle again, or one that is cut off: at {cut_off}"
            raise Wrong("schedule.value-date-wrong", detail)

    def _opened(self, _: Standing, entry: Entry) -> None:
        said = entry.body
        instants = [said[name] for name in STAGES]
        in_hours = said["rescission"] <= entry.recorded_at < said["settlement"]
        if instants != sorted(instants) or not in_hours:
            detail = f"{entry.subject}: its stages are out of order, or it is outside its hours"
            raise Wrong("schedule.stages-wrong", detail)
        name = (said["cycle_kind"], said["value_date"])
        if name in [(one["cycle_kind"], one["value_date"]) for one in self._cycles.values()]:
            detail = f"{entry.subject}: the {name[0]} cycle of {name[1]} was held before"
            raise Wrong("schedule.held-twice", detail)
        self._cycles[entry.subject] = said

    def _cleared(self, standing: Standing, entry: Entry) -> None:
        one = standing.obligations.get(entry.body["obligation"])
        by = self._cycles.get(entry.body["cycle"])
        if one and by and one.cut_off > by["cut_off"]:
            detail = f"{entry.subject} is cleared, and belongs to a cycle cut off at {one.cut_off}"
            raise Wrong("schedule.too-early", detail)

    def _called(self, _: Standing, entry: Entry) -> None:
        by = self._cycles.get(entry.body["cycle"])
        if by and entry.body["due_at"] > by["settlement"]:
            detail = f"{entry.subject} may pay in until {entry.body['due_at']}, after settlement"
            raise Wrong("schedule.pay-in-late", detail)
