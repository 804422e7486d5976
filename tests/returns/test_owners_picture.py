"""The picture of owners: every box and line is there, nothing breaks out of its text."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.returns.owners_picture import BOX_HEIGHT, BOX_WIDTH, COLOURS, Box, Line, as_svg

SVG = "{http://www.w3.org/2000/svg}"
RING = (
    Line(1, 0, "60 %", controls=False),
    Line(0, 2, "5 %", controls=False),
    Line(2, 1, "", controls=True),
)
BOXES = (Box("A", "1", "participant"), Box('B <&> "C"', "2", ""), Box("D", "3", "listed"))


def drawn(boxes: Sequence[Box], lines: Sequence[Line], title: str = "Owners") -> ET.Element:
    found: ET.Element = fromstring(as_svg(title, boxes, lines))
    return found


def boxes_of(svg: ET.Element) -> list[tuple[float, float]]:
    rects = [one.attrib for one in svg.iter(f"{SVG}rect") if "rx" in one.attrib]
    return [(float(one["x"]), float(one["y"])) for one in rects]


def texts(svg: ET.Element) -> list[str]:
    return [one.text or "" for one in svg.iter(f"{SVG}text")]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Line]]:
    """Boxes and lines of which each box has one, rings among them."""
    count = draw(st.integers(2, 12))
    names = st.text(max_size=80)
    boxes = [Box(draw(names), str(n), draw(st.sampled_from(list(COLOURS)))) for n in range(count)]
    pairs = {(n, draw(st.integers(0, n - 1))) for n in range(1, count)}
    ends = st.integers(0, count - 1)
    pairs |= set(draw(st.lists(st.tuples(ends, ends).filter(lambda two: two[0] != two[1]))))
    return boxes, [Line(*pair, "25 %", controls=draw(st.booleans())) for pair in sorted(pairs)]


@given(graphs(), st.text(max_size=40))
def test_boxes_never_lie_on_each_other_and_every_line_is_drawn(
    graph: tuple[list[Box], list[Line]], title: str
) -> None:
    boxes, lines = graph
    try:
        svg = drawn(boxes, lines, title)
    except ET.ParseError:
        # XML has no way to write some control characters; records hold none.
        assert not all(text.isprintable() for text in (title, *(one.name for one in boxes)))
        return
    places = boxes_of(svg)
    assert len(places) == len(boxes)
    for n, (x, y) in enumerate(places):
        for other_x, other_y in places[:n]:
            assert abs(x - other_x) >= BOX_WIDTH or abs(y - other_y) >= BOX_HEIGHT
    width, height = (float(svg.attrib[name]) for name in ("width", "height"))
    assert all(0 <= x <= width - BOX_WIDTH and 0 <= y <= height - BOX_HEIGHT for x, y in places)
    assert len([one for one in svg.iter(f"{SVG}path") if "marker-end" in one.attrib]) == len(lines)


def test_a_ring_is_drawn_and_what_a_box_means_stands_in_it() -> None:
    said = texts(drawn(BOXES, RING))

    assert {"A", 'B <&> "C"', "D", "participant", "listed", "60 %", "5 %", "control"} <= set(said)


def test_the_same_owners_give_the_same_bytes() -> None:
    assert as_svg("Owners", BOXES, RING) == as_svg("Owners", BOXES, RING)


def test_somebody_without_owners_is_a_box_alone() -> None:
    assert len(boxes_of(drawn(BOXES[:1], ()))) == 1


@pytest.mark.parametrize("title", ['<script>"', "a & b", "]]>"])
def test_no_text_becomes_markup(title: str) -> None:
    svg = drawn([Box(title, title, "")], (), title)

    assert svg.attrib["aria-label"] == title
    assert title in texts(svg)
    assert not list(svg.iter(f"{SVG}script"))
