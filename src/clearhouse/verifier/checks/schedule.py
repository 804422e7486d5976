"""Of timetables: what is in time is cleared, what is late waits, and nobody pays in too late."""

from datetime import UTC, date, datetime, time, timedelta

from clearhouse.verifier.canonical import Record
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.entry import Entry, instant
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Obligation
from clearhouse.verifier.wrong import Wrong

REACH = timedelta(days=70)  # a cut-off lies no farther from its value date
STAGES = ("cut_off", "rescission", "pay_in", "pay_in_revised", "settlement", "close")


def schedule(published: Published) -> Looks:
    """What binds is given its cycle at once; each cycle takes what is in time, within its hours."""
    return _Schedule(is_whole=not published.bundle.participant).looks()


class _Schedule:
    """The cycles of the period that were opened by a timetable.

    `is_whole` is whether every cycle is shown, and not those of one participant alone.
    """

    def __init__(self, *, is_whole: bool) -> None:
        self._is_whole = is_whole
        self._anew: dict[str, tuple[str, Entry]] = {}  # given a later cycle: from which day, how
        self._cycles: dict[str, Record] = {}
        self._again: set[str] = set()  # those that take an unwound one's place
        self._bound: dict[str, str] = {}  # when obligations came to bind
        self._asked_until: dict[str, str] = {}  # by when the other side was told to answer
        self._cut_offs: dict[tuple[str, str], str] = {}  # of a kind and a value date

    def looks(self) -> Looks:
        """What is looked at."""
        return Looks(
            {
                "ObligationAffirmed": self._affirmed,
                "ValueDated": self._dated,
                "RescissionAsked": self._asked_back,
                "CycleScheduled": self._opened,
                "CycleUnwound": self._unwound,
                "ObligationCleared": self._cleared,
                "PayInCalled": self._called,
            },
            self._end,
        )

    def _affirmed(self, _: Standing, entry: Entry) -> None:
        self._bound[entry.subject] = entry.recorded_at

    def _dated(self, standing: Standing, entry: Entry) -> None:
        one, cut_off = standing.obligations.get(entry.subject), entry.body["cut_off"]
        binds = one is not None and one.state == "affirmed"
        if one is None or not binds or cut_off < entry.recorded_at or not _is_near(entry):
            detail = f"{entry.subject} is given a cycle that is cut off at {cut_off}"
            raise Wrong("schedule.value-date-wrong", detail)
        if one.cut_off or self._bound.get(entry.subject) != entry.recorded_at:
            self._anew[entry.subject] = (one.value_date, entry)
        self._need_one(entry)

    def _end(self, _: Standing) -> None:
        if self._anew and self._is_whole:
            raise Wrong("schedule.value-date-wrong", f"{min(self._anew)} is given a cycle anew")

    def _need_one(self, entry: Entry) -> None:
        """Whatever names a cycle by kind and value date says the same cut-off."""
        said = entry.body
        name, cut_off = (said["cycle_kind"], said["value_date"]), said["cut_off"]
        if self._cut_offs.setdefault(name, cut_off) != cut_off:
            detail = f"{entry.subject}: the {name[0]} cycle of {name[1]} has two cut-offs"
            raise Wrong("schedule.two-cut-offs", detail)

    def _asked_back(self, _: Standing, entry: Entry) -> None:
        if until := entry.body["until"]:
            self._asked_until[entry.subject] = until

    def _opened(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        instants = [said[name] for name in STAGES]
        in_hours = said["rescission"] <= entry.recorded_at < said["settlement"]
        if instants != sorted(instants) or not in_hours or not _is_near(entry):
            detail = f"{entry.subject}: its stages are out of order, or it is outside its hours"
            raise Wrong("schedule.stages-wrong", detail)
        self._need_one(entry)
        name = (said["cycle_kind"], said["value_date"])
        if name in [(one["cycle_kind"], one["value_date"]) for one in self._cycles.values()]:
            detail = f"{entry.subject}: the {name[0]} cycle of {name[1]} was held before"
            raise Wrong("schedule.held-twice", detail)
        self._cycles[entry.subject] = said
        self._need_in_turn(entry)
        if entry.subject in self._again:
            return  # its hours were over when the first was held, which took what it takes
        for id, one in standing.obligations.items():
            if one.cut_off and not one.is_later(said["cut_off"], said["value_date"]):
                self._need_taken_back_in_time(id, one, said)

    def _need_in_turn(self, scheduled: Entry) -> None:
        """What waits is only dated anew as a cycle is cleared, which it then is not for.

        Whoever has nothing in a cycle is not shown it.
        """
        cycle = scheduled.body
        for id, (before, dated) in self._anew.items():
            is_now, new = dated.recorded_at == scheduled.recorded_at, dated.body
            is_later = new["cut_off"] > cycle["cut_off"] or new["value_date"] > cycle["value_date"]
            waits = before < cycle["value_date"] != new["value_date"] > before
            if (is_now or self._is_whole) and not (is_now and waits and is_later):
                detail = f"{id} is of {before}, and given {new['value_date']}"
                detail += f" as {cycle['value_date']} is cleared"
                raise Wrong("schedule.value-date-wrong", detail)
        self._anew.clear()

    def _need_taken_back_in_time(self, id: str, one: Obligation, cycle: Record) -> None:
        """What a cycle can take was rescinded before its rescission, or the sides were told so."""
        name = f"the {cycle['cycle_kind']} cycle of {cycle['value_date']}"
        over = cycle["rescission"]
        if one.rescinded_at >= over:
            detail = f"{id} was rescinded at {one.rescinded_at}; for {name} that was over at {over}"
            raise Wrong("schedule.rescinded-late", detail)
        until = self._asked_until.get(id, "")
        if one.asked_by and until > over:
            detail = f"{id} might be taken back until {until}; for {name} that was over at {over}"
            raise Wrong("schedule.asked-until-wrong", detail)

    def _unwound(self, _: Standing, entry: Entry) -> None:
        if again := entry.body["by_cycle"]:
            self._cycles.pop(entry.subject, None)  # another one is held in its place
            self._again.add(again)

    def _cleared(self, standing: Standing, entry: Entry) -> None:
        one = standing.obligations.get(entry.body["obligation"])
        by = self._cycles.get(entry.body["cycle"])
        if one and by and one.is_later(by["cut_off"], by["value_date"]):
            detail = f"{entry.subject} is cleared, and belongs to a cycle cut off at {one.cut_off}"
            raise Wrong("schedule.too-early", detail)

    def _called(self, _: Standing, entry: Entry) -> None:
        by = self._cycles.get(entry.body["cycle"])
        if by and entry.body["due_at"] > by["settlement"]:
            detail = f"{entry.subject} may pay in until {entry.body['due_at']}, after settlement"
            raise Wrong("schedule.pay-in-late", detail)


def _is_near(entry: Entry) -> bool:
    """Whether a cut-off is an instant, and lies about its value date."""
    try:
        day = datetime.combine(date.fromisoformat(entry.body["value_date"]), time(), UTC)
        return abs(instant(entry.body["cut_off"]) - day) <= REACH
    except ValueError:
        return False
