"""Of clearing: what is set off cancels, no more could be, and the rest is one net position each."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clearhouse.verifier import canonical
from clearhouse.verifier.address import script_of
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.books import is_committed, lines_root
from clearhouse.verifier.checks.check import Look, Looks
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

DUST_RATE = 3  # satoshi a virtual byte: Bitcoin Core's DUST_RELAY_TX_FEE


@dataclass
class Line:
    """An obligation in a cycle."""

    id: str
    debtor: str
    creditor: str
    units: int
    set_off: int
    remaining: int


@dataclass
class Cleared:
    """What a cycle came to, as its entries say."""

    lines: list[Line] = field(default_factory=list)
    totals: Record = field(default_factory=dict)
    certified: Record = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    pay_ins: dict[str, int] = field(default_factory=dict)
    pay_outs: dict[str, tuple[int, str]] = field(default_factory=dict)
    novated: Counter[str] = field(default_factory=Counter)


class Cycles:
    """Gathers what the entries of a period say of each cycle that was cleared in it."""

    def __init__(self) -> None:
        self.found: defaultdict[str, Cleared] = defaultdict(Cleared)

    @property
    def on(self) -> Mapping[str, Look]:
        """What is looked at."""
        return {
            "ObligationCleared": self._line,
            "CycleCleared": lambda _, entry: self._of(entry).totals.update(entry.body),
            "CycleCertified": lambda _, entry: self._of(entry).certified.update(entry.body),
            "PositionStruck": self._position,
            "PayInCalled": self._pay_in,
            "PayOutPlanned": self._pay_out,
            "TransferRecorded": self._novated,
        }

    def _of(self, entry: Entry) -> Cleared:
        return self.found[entry.body["cycle"]]

    def _line(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        if one := standing.obligations.get(said["obligation"]):
            numbers = [whole(said[name]) for name in ("units", "set_off", "remaining")]
            self._of(entry).lines.append(
                Line(said["obligation"], one.debtor, one.creditor, *numbers)
            )

    def _position(self, _: Standing, entry: Entry) -> None:
        self._of(entry).positions[entry.body["participant"]] = whole(entry.body["units"])

    def _pay_in(self, _: Standing, entry: Entry) -> None:
        self._of(entry).pay_ins[entry.body["participant"]] = whole(entry.body["units"])

    def _pay_out(self, _: Standing, entry: Entry) -> None:
        due = (whole(entry.body["units"]), entry.body["address"])
        self._of(entry).pay_outs[entry.body["participant"]] = due

    def _novated(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        if (said["code"], said["phase"]) != ("novation", "single"):
            return  # what takes one back is another check's
        for side, sign in (("debit", -1), ("credit", 1)):
            account = standing.accounts.get(said[side])
            if account is not None and account.kind == "in_clearing":
                self.found[said["cause"]].novated[account.owner] += sign * whole(said["units"])


def set_off(_: Published) -> Looks:
    """What is set off of one's debts is set off of one's claims, and the totals add up."""
    cycles = Cycles()

    def end(_: Standing) -> None:
        for id, cycle in cycles.found.items():
            for who in _nets(cycle):
                _check_conserved(id, cycle, who)
            _check_totals(id, cycle)

    return Looks(cycles.on, end)


def own_set_off(published: Published) -> Looks:
    """What is set off of the participant's debts is set off of its claims."""
    cycles = Cycles()

    def end(_: Standing) -> None:
        for id, cycle in cycles.found.items():
            _check_conserved(id, cycle, published.bundle.participant)

    return Looks(cycles.on, end)


def _check_conserved(id: str, cycle: Cleared, who: str) -> None:
    off = 0
    for line in cycle.lines:
        if who in {line.debtor, line.creditor}:
            whole = line.set_off + line.remaining
            if whole != line.units or line.set_off < 0 or line.remaining < 0:
                raise Wrong("set-off.line-wrong", f"{line.id}: {line.set_off} of {line.units}")
            off += line.set_off if line.creditor == who else -line.set_off
    if off:
        detail = f"{who} in {id}: {off} more of its claims than of its debts is set off"
        raise Wrong("set-off.not-conserved", detail)


def _check_totals(id: str, cycle: Cleared) -> None:
    mine = {
        "obligations": len(cycle.lines),
        "gross": sum(line.units for line in cycle.lines),
        "set_off": sum(line.set_off for line in cycle.lines),
        "net": sum(units for units in _nets(cycle).values() if units > 0),
    }
    for name, value in mine.items():
        if cycle.totals.get(name) != str(value):
            detail = f"{id}: its lines come to {name} {value}, not {cycle.totals.get(name)}"
            raise Wrong("set-off.totals-wrong", detail)


def optimality(published: Published) -> Looks:
    """No more could be set off: the labels that the house committed to prove it."""
    cycles = Cycles()

    def end(_: Standing) -> None:
        for id, cycle in cycles.found.items():
            lines = [one for one in published.labels if one.about == id]
            root, count = cycle.certified["root"], cycle.certified["labels"]
            if (lines_root(lines), str(len(lines))) != (root, count):
                raise Wrong("optimality.labels-differ", f"{id}: not the labels committed to")
            _check_labels(cycle, _labels(line.line for line in lines))

    return Looks(cycles.on, end)


def own_optimality(published: Published) -> Looks:
    """No more of the participant's obligations could be set off in the whole cycle's optimum."""
    cycles = Cycles()

    def end(_: Standing) -> None:
        for id, cycle in cycles.found.items():
            lines = [one for one in published.labels if one.about == id]
            for one in lines:
                if not is_committed(one, cycle.certified["root"], cycle.certified["labels"]):
                    raise Wrong("optimality.labels-differ", f"{one.line:.200}: not committed to")
            _check_labels(cycle, _labels(line.line for line in lines))

    return Looks(cycles.on, end)


def _labels(lines: Iterable[str]) -> dict[str, int]:
    found = {}
    for line in lines:
        one = canonical.read(line, "a label")
        if one["participant"] in found:
            raise Wrong("optimality.label-repeated", f"{one['participant']} has two")
        found[one["participant"]] = whole(one["label"])
    return found


def _check_labels(cycle: Cleared, labels: Mapping[str, int]) -> None:
    """Complementary slackness: with conservation it proves that the set-off is the greatest."""
    for line in cycle.lines:
        if not {line.debtor, line.creditor} <= labels.keys():
            raise Wrong("optimality.label-missing", f"{line.id}: a side has no label")
        slack = 1 + labels[line.debtor] - labels[line.creditor]
        if (slack > 0 and line.remaining) or (slack < 0 and line.set_off):
            detail = f"{line.id}: {line.set_off} of {line.units}, and the labels ask for "
            raise Wrong("optimality.not-greatest", detail + ("all" if slack > 0 else "nothing"))


def positions(published: Published) -> Looks:
    """Each has one position: its claims less its debts; called, planned and novated just so."""
    cycles = Cycles()

    def end(standing: Standing) -> None:
        for id, cycle in cycles.found.items():
            nets = _nets(cycle)
            _same(id, "position", cycle.positions, nets)
            _same(id, "pay-in", cycle.pay_ins, {k: -v for k, v in nets.items() if v < 0})
            _same(id, "novation", +cycle.novated, {k: v for k, v in nets.items() if v > 0})
            _same(id, "novation", -cycle.novated, {k: -v for k, v in nets.items() if v < 0})
            _same(id, "pay-out", cycle.pay_outs, _planned(published, standing, nets))

    return Looks(cycles.on, end)


def own_position(published: Published) -> Looks:
    """The participant's position is its claims less its debts; it is paid or called that."""
    cycles, who = Cycles(), published.bundle.participant

    def end(standing: Standing) -> None:
        for id, cycle in cycles.found.items():
            net = _nets(cycle).get(who, 0)
            _same(id, "position", cycle.positions, {who: net})
            _same(id, "pay-in", cycle.pay_ins, {who: -net} if net < 0 else {})
            _same(id, "novation", cycle.novated, {who: net} if net else {})
            _same(id, "pay-out", cycle.pay_outs, _planned(published, standing, {who: net}))

    return Looks(cycles.on, end)


def _planned(
    published: Published, standing: Standing, nets: Mapping[str, int]
) -> dict[str, tuple[int, str]]:
    """What is to be paid out, at registered addresses; less than nodes relay stays a balance."""
    planned = {}
    for who, units in nets.items():
        address = standing.participants.get(who, ("", ""))[0]
        if units > 0 and units >= _dust(script_of(address, published.trust.network)):
            planned[who] = (units, address)
    return planned


def _nets(cycle: Cleared) -> dict[str, int]:
    nets: Counter[str] = Counter()
    for line in cycle.lines:
        nets[line.debtor] -= line.units
        nets[line.creditor] += line.units
    return dict(nets)


def _same(id: str, what: str, said: Mapping[str, object], mine: Mapping[str, object]) -> None:
    for who in sorted(said.keys() | mine.keys()):
        if said.get(who) != mine.get(who):
            detail = f"{who} in {id}: the {what} is {said.get(who)}; its obligations come to "
            raise Wrong("positions.differ", f"{detail}{mine.get(who)}")


def _dust(script: bytes) -> int:
    """The least that nodes relay to a script (Bitcoin Core's `GetDustThreshold`)."""
    is_witness = len(script) >= 4 and (script[0] == 0 or 0x51 <= script[0] <= 0x60)  # noqa: PLR2004 - BIP 141
    return DUST_RATE * (8 + 1 + len(script) + (67 if is_witness else 148))
