"""A picture of who owns a participant: SVG, owners above what they own, rings and all.

The same owners give the same bytes. What a box means stands in it as words, never as colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape

from fast_sugiyama import from_edges

BOX_WIDTH, BOX_HEIGHT, GAP_ACROSS, GAP_DOWN, MARGIN = 210, 74, 34, 66, 28
TITLE_HEIGHT = 44
CHARACTERS, LINES = 28, 2  # of a name in a box
FONT = "Inter, Segoe UI, Helvetica, Arial, sans-serif"
INK, PAPER = "#1d2733", "#ffffff"
# What a box is filled and framed with, by what it means.
COLOURS = {
    "": ("#f6f8fa", "#8795a1"),
    "participant": ("#e6f0fa", "#2b6cb0"),
    "owned by those listed": ("#fdf0d5", "#b7791f"),
    "listed": ("#fbe3e4", "#c0392b"),
    "may be listed": ("#fdf0d5", "#b7791f"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """An owner, or what is owned."""

    name: str
    id: str
    means: str  # a key of COLOURS: written in the box


@dataclass(frozen=True, slots=True)
class Line:
    """What one owns of another, by their places among the boxes."""

    owner: int
    owned: int
    share: str
    controls: bool


@dataclass(frozen=True, slots=True)
class _Place:
    left: float
    top: float

    @property
    def middle(self) -> float:
        return self.left + BOX_WIDTH / 2


def as_svg(title: str, boxes: Sequence[Box], lines: Sequence[Line]) -> str:
    """Draw the picture."""
    places, width, height = _laid_out(len(boxes), lines)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}"'
            f' width="{width:.0f}" height="{height:.0f}" font-family="{FONT}" role="img"'
            f' aria-label="{_attribute(title)}">'
        ),
        (
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8"'
            ' markerHeight="8" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#33475b"/>'
            "</marker></defs>"
        ),
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{PAPER}"/>',
        (
            f'<text x="{MARGIN}" y="{MARGIN + 4}" font-size="16" font-weight="600"'
            f' fill="{INK}">{escape(title)}</text>'
        ),
    ]
    parts += [_line(one, places) for one in lines]
    parts += [_box(box, place) for box, place in zip(boxes, places, strict=True)]
    # Words above everything, so that no line runs through a number.
    parts += [_share(one, places) for one in lines]
    return "\n".join((*parts, "</svg>", ""))


def _laid_out(count: int, lines: Sequence[Line]) -> tuple[list[_Place], float, float]:
    """Where each box stands: layers from the top down, by Sugiyama's method."""
    edges = sorted({(one.owner, one.owned) for one in lines})
    spots: dict[int, tuple[float, float]] = {}
    across = 0.0
    for positions, wide, _, _ in from_edges(edges, vertex_spacing=1, dummy_vertices=True):
        for number, (x, y) in positions:
            if isinstance(number, int) and number < count:
                spots[number] = (across + x, y)
        across += wide + 1
    for alone in set(range(count)) - spots.keys():
        spots[alone] = (across, 0)
        across += 1
    highest = max((y for _, y in spots.values()), default=0)
    places = [
        _Place(
            MARGIN + spots[number][0] * (BOX_WIDTH + GAP_ACROSS),
            TITLE_HEIGHT + MARGIN + (highest - spots[number][1]) * (BOX_HEIGHT + GAP_DOWN),
        )
        for number in range(count)
    ]
    width = max(one.left for one in places) + BOX_WIDTH + MARGIN
    height = max(one.top for one in places) + BOX_HEIGHT + MARGIN
    return places, width, height


def _box(box: Box, place: _Place) -> str:
    fill, frame = COLOURS[box.means]
    name = wrap(box.name, CHARACTERS, max_lines=LINES, placeholder=" ...")
    texts = []
    for number, text in enumerate(filter(None, (*name, box.id, box.means))):
        bold = ' font-weight="600"' if number < len(name) else ""
        size = 12 if number < len(name) else 10
        texts.append(
            f'<text x="{place.middle:.0f}" y="{place.top + 18 + number * 15:.0f}"'
            f' font-size="{size}"{bold} text-anchor="middle" fill="{INK}">{escape(text)}</text>'
        )
    shape = (
        f'<rect x="{place.left:.0f}" y="{place.top:.0f}" width="{BOX_WIDTH}"'
        f' height="{BOX_HEIGHT}" rx="6" fill="{fill}" stroke="{frame}" stroke-width="1.5"/>'
    )
    return "\n".join((shape, *texts))


def _ends(one: Line, places: Sequence[_Place]) -> tuple[float, float, float, float]:
    """From where to where an arrow runs; one that leads up runs beside the boxes."""
    owner, owned = places[one.owner], places[one.owned]
    if owner.top < owned.top:
        return owner.middle, owner.top + BOX_HEIGHT, owned.middle, owned.top
    aside = BOX_WIDTH / 3
    return owner.middle + aside, owner.top, owned.middle + aside, owned.top + BOX_HEIGHT


def _line(one: Line, places: Sequence[_Place]) -> str:
    x1, y1, x2, y2 = _ends(one, places)
    half = (y1 + y2) / 2
    dashes = ' stroke-dasharray="5 4"' if one.controls else ""
    return (
        f'<path d="M{x1:.0f} {y1:.0f} C{x1:.0f} {half:.0f} {x2:.0f} {half:.0f} {x2:.0f} {y2:.0f}"'
        f' fill="none" stroke="#33475b" stroke-width="1.3"{dashes} marker-end="url(#tip)"/>'
    )


def _share(one: Line, places: Sequence[_Place]) -> str:
    x1, y1, x2, y2 = _ends(one, places)
    # Nearer to the owner, where lines to one and the same box do not meet yet.
    x, y = x1 + (x2 - x1) * 0.3, y1 + (y2 - y1) * 0.36
    text = f"{one.share}, control" if one.controls and one.share else one.share or "control"
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-size="11" text-anchor="middle" fill="{INK}"'
        f' stroke="{PAPER}" stroke-width="3" paint-order="stroke">{escape(text)}</text>'
    )


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})
