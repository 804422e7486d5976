"""A picture of a cycle: SVG; from gross to net, what cash would clear, and the largest flows.

The same cycle gives the same bytes. Bars, steps and bands have their amounts written on them where
there is room, and as what a browser tells of a band otherwise: nothing is told by colour alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

WIDTH, MARGIN, TITLE, GAP = 920, 32, 58, 44
BAR_HEIGHT, CURVE_HEIGHT, BAND_LEAST, BAND_GAP, FLOWS_HEIGHT = 38, 220, 3.0, 16.0, 380.0
WORDS_WIDE, WORDS_HIGH = 90, 13  # the least room in which words stand
FONT = "Inter, Segoe UI, Helvetica, Arial, sans-serif"
INK, QUIET, PAPER, GRID = "#1d2733", "#5b6b7b", "#ffffff", "#dfe5ea"
OWED, OFF, LEFT = "#8795a1", "#2b8a5f", "#2b6cb0"


@dataclass(frozen=True, slots=True)
class Bar:
    """A step from gross to net."""

    name: str
    units: int
    said: str  # the amount as people write it
    begins: int = 0  # where it hangs: what stands below it
    takes: bool = False  # it takes away from the one before


@dataclass(frozen=True, slots=True)
class Point:
    """Of the frontier: with so much cash so much is cleared in all."""

    cash: int
    cleared: int
    price: int = 0  # what each unit of the cash up to here clears, from the point before


@dataclass(frozen=True, slots=True)
class Flow:
    """What one owed another, and owes it after the set-off."""

    debtor: str
    creditor: str
    before: int
    after: int
    amounts: str  # both, as people write them
    said: str  # the whole of it in words


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn."""

    title: str
    subtitle: str
    bars: Sequence[Bar]
    frontier: Sequence[Point]  # by rising cash; the first without any
    axes: tuple[str, str]  # the greatest cash and the greatest cleared, as people write them
    flows: Sequence[Flow]  # the largest first


def as_svg(picture: Picture) -> str:
    """Draw the picture."""
    parts = list(_bars(picture.bars, TITLE + 30))
    top = TITLE + 30 + 18 + len(picture.bars) * BAR_HEIGHT + GAP
    parts += _curve(picture, top)
    top += CURVE_HEIGHT + GAP
    parts += _flows(picture.flows, top)
    height = top + _high(len(picture.flows)) + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"'
        f' width="{WIDTH}" height="{height:.0f}" font-family="{FONT}" role="img"'
        f" aria-label={quoteattr(picture.title)}>"
    )
    paper = f'<rect width="{WIDTH}" height="{height:.0f}" fill="{PAPER}"/>'
    title = _text(MARGIN, MARGIN + 2, picture.title, size=17, bold=True)
    under = _text(MARGIN, MARGIN + 22, picture.subtitle, fill=QUIET)
    return "\n".join((head, paper, title, under, *parts, "</svg>", ""))


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 12,
    bold: bool = False,
    fill: str = INK,
    anchor: str = "start",
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}"{weight} fill="{fill}"'
        f' text-anchor="{anchor}">{escape(text)}</text>'
    )


def _bars(bars: Sequence[Bar], top: float) -> Iterator[str]:
    """A waterfall that lies on its side: names to the left, amounts in or beside the bars."""
    yield _text(MARGIN, top, "From gross to net", size=13, bold=True)
    names, right = 190, 190
    most = max((one.begins + one.units for one in bars), default=0) or 1
    wide = WIDTH - 2 * MARGIN - names - right
    for number, one in enumerate(bars):
        y = top + 18 + number * BAR_HEIGHT
        x = MARGIN + names + wide * one.begins / most
        long = max(wide * one.units / most, 1.0 if one.units else 0.0)
        fill = OFF if one.takes else LEFT if number else OWED
        yield _text(MARGIN, y + 18, one.name)
        yield f'<rect x="{x:.1f}" y="{y}" width="{long:.1f}" height="26" rx="2" fill="{fill}"/>'
        sign = "\N{MINUS SIGN}" if one.takes else ""
        yield _text(x + long + 8, y + 18, sign + one.said, bold=not one.takes)


def _curve(picture: Picture, top: float) -> Iterator[str]:
    """What is cleared with how much cash: from the set-off alone to everything."""
    points = picture.frontier
    yield _text(MARGIN, top, "What cash would clear beside it", size=13, bold=True)
    if len(points) == 1:
        yield _text(MARGIN, top + 24, "Everything cancelled: no cash is needed.", fill=QUIET)
        return
    left, right = MARGIN + 20, WIDTH - MARGIN - 20
    upper, lower = top + 20, top + CURVE_HEIGHT - 24
    cash = points[-1].cash or 1
    least, most = points[0].cleared, points[-1].cleared
    high = (most - least) or 1
    yield f'<path d="M{left} {upper} V{lower} H{right}" fill="none" stroke="{GRID}"/>'
    at = [
        (
            left + (right - left) * one.cash / cash,
            lower - (lower - upper) * (one.cleared - least) / high,
        )
        for one in points
    ]
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y in at)
    yield (
        f'<path d="M{line} L{at[-1][0]:.1f} {lower} L{left} {lower} Z" fill="{LEFT}"'
        ' fill-opacity="0.12"/>'
    )
    yield f'<path d="M{line}" fill="none" stroke="{LEFT}" stroke-width="2"/>'
    for x, y in at:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{LEFT}"/>'
    for one, (x1, y1), (x2, y2) in zip(points[1:], at, at[1:], strict=False):
        if x2 - x1 >= WORDS_WIDE:
            words = f"each unit clears {one.price}"
            yield _text((x1 + x2) / 2, (y1 + y2) / 2 + 22, words, size=11, anchor="middle")
    yield _text(left, lower + 18, "no cash: the set-off alone", fill=QUIET)
    yield _text(right, lower + 18, f"{picture.axes[0]} of cash", fill=QUIET, anchor="end")
    yield _text(right, upper - 6, f"{picture.axes[1]} cleared", fill=QUIET, anchor="end")


def _high(flows: int) -> float:
    """How much room so many flows take, however they share their ends."""
    if not flows:
        return 0
    return max(FLOWS_HEIGHT, FLOWS_HEIGHT / 4 + flows * (BAND_GAP + BAND_LEAST)) + 34


@dataclass(frozen=True, slots=True)
class _Side:
    """Where the parties of one side of the flows stand."""

    begins: dict[str, float]
    longs: dict[str, float]


def _flows(flows: Sequence[Flow], top: float) -> Iterator[str]:
    """Bands from debtors to creditors: as wide as what was owed, dark where it still is."""
    if not flows:
        return
    yield _text(MARGIN, top, "The largest flows", size=13, bold=True)
    yield _text(
        MARGIN, top + 18, "pale: set off; dark: what remains; debtors to the left", fill=QUIET
    )
    top += 34
    fit = FLOWS_HEIGHT - (BAND_GAP + BAND_LEAST) * len(flows)
    scale = max(fit, FLOWS_HEIGHT / 4) / sum(one.before for one in flows)
    sides = [
        _stacked([(one.debtor, one.before) for one in flows], scale, top),
        _stacked([(one.creditor, one.before) for one in flows], scale, top),
    ]
    left, right = MARGIN + 190, WIDTH - MARGIN - 190
    used, words = [dict(side.begins) for side in sides], list[str]()
    for one in flows:
        wide = max(one.before * scale, BAND_LEAST)
        y1, y2 = used[0][one.debtor], used[1][one.creditor]
        used[0][one.debtor] += wide
        used[1][one.creditor] += wide
        yield _band(left, y1, right, y2, wide, opacity=0.22, told=one.said)
        if dark := wide * one.after / one.before:
            yield _band(left, y1, right, y2, dark, opacity=0.6, told=one.said)
        if wide >= WORDS_HIGH:
            words.append(_text(left + 8, y1 + wide / 2 + 3.5, one.amounts, size=10))
    yield from words  # above all bands
    for side, x, anchor in ((sides[0], left - 10, "end"), (sides[1], right + 10, "start")):
        for name, begin in side.begins.items():
            middle = begin + side.longs[name] / 2
            bar = x + (4 if anchor == "end" else -8)
            yield (
                f'<rect x="{bar:.1f}" y="{begin:.1f}" width="4" height="{side.longs[name]:.1f}"'
                f' fill="{INK}"/>'
            )
            yield _text(x, middle + 4, name, size=11, anchor=anchor)


def _stacked(parts: Sequence[tuple[str, int]], scale: float, top: float) -> _Side:
    longs: dict[str, float] = {}
    for name, units in parts:
        longs[name] = longs.get(name, 0.0) + max(units * scale, BAND_LEAST)
    begins, at = {}, top
    for name, long in longs.items():
        begins[name] = at
        at += long + BAND_GAP
    return _Side(begins, longs)


def _band(
    x1: float, y1: float, x2: float, y2: float, wide: float, *, opacity: float, told: str
) -> str:
    half = (x1 + x2) / 2
    return (
        f'<path d="M{x1:.1f} {y1:.1f} C{half:.1f} {y1:.1f} {half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}'
        f" V{y2 + wide:.1f} C{half:.1f} {y2 + wide:.1f} {half:.1f} {y1 + wide:.1f}"
        f' {x1:.1f} {y1 + wide:.1f} Z" fill="{LEFT}" fill-opacity="{opacity}">'
        f"<title>{escape(told)}</title></path>"
    )
