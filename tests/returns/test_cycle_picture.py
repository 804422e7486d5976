"""The picture of a cycle: all of it is there, within its edges, and no text breaks out."""

from xml.etree import ElementTree as ET

from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.returns.cycle_picture import WIDTH, Bar, Flow, Picture, Point, as_svg

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=30)
UNITS = st.integers(1, 10**24)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    gross = draw(UNITS)
    off = draw(st.integers(0, gross))
    points, cash, cleared = [Point(0, off)], 0, off
    for price in sorted(draw(st.sets(st.integers(1, 30), max_size=6)), reverse=True):
        more = draw(UNITS)
        cash, cleared = cash + more, cleared + price * more
        points.append(Point(cash, cleared, price))
    flows = []
    for debtor, creditor, before in draw(st.lists(st.tuples(NAMES, NAMES, UNITS), max_size=50)):
        after = draw(st.integers(0, before))
        flows.append(Flow(debtor, creditor, before, after, f"{before} > {after}", "told"))
    bars = [
        Bar("owed", gross, str(gross)),
        Bar("set off", off, str(off), gross - off, takes=True),
        Bar("still owed", gross - off, str(gross - off)),
    ]
    return Picture(draw(NAMES), draw(NAMES), bars, points, ("cash", "all"), flows)


def drawn(picture: Picture) -> ET.Element:
    found: ET.Element = fromstring(as_svg(picture))
    return found


@given(pictures())
def test_all_of_it_is_drawn_within_the_edges(picture: Picture) -> None:
    svg = drawn(picture)
    height = float(svg.attrib["height"])
    texts = [one.text for one in svg.iter(f"{SVG}text")]
    rects = [one.attrib for one in svg.iter(f"{SVG}rect")]
    circles = list(svg.iter(f"{SVG}circle"))
    bands = [one for one in svg.iter(f"{SVG}path") if one.find(f"{SVG}title") is not None]

    assert {one.name for one in picture.bars} <= set(texts)
    assert len(circles) == (len(picture.frontier) if len(picture.frontier) > 1 else 0)
    assert len(bands) == sum(2 if one.after else 1 for one in picture.flows)
    for one in rects:
        x, y = float(one.get("x", 0)), float(one.get("y", 0))
        assert x >= 0
        assert x + float(one["width"]) <= WIDTH + 0.1
        assert y >= 0
        assert y + float(one["height"]) <= height + 0.1


@given(pictures())
def test_the_same_cycle_is_drawn_by_the_same_bytes(picture: Picture) -> None:
    assert as_svg(picture) == as_svg(picture)


def test_where_everything_cancelled_there_is_no_curve() -> None:
    bars = [Bar("owed", 5, "5"), Bar("set off", 5, "5", 0, takes=True), Bar("still owed", 0, "0")]
    svg = drawn(Picture("A <b> & 'c'", "", bars, [Point(0, 5)], ("0", "5"), []))

    assert "Everything cancelled: no cash is needed." in [x.text for x in svg.iter(f"{SVG}text")]
    assert svg.attrib["aria-label"] == "A <b> & 'c'"
