"""A programme is read from its files, or refused by a code, with file, line and name."""

from contextlib import suppress
from random import Random

import pytest

from clearhouse.core.errors import Refusal
from clearhouse.core.monitoring import (
    BandsBroken,
    CaseFails,
    ProgrammeMalformed,
    ThresholdOutOfReach,
    WeightsBroken,
    parse,
)
from clearhouse.feeds.typologies import SHIPPED

TEXT = """unit = "EUR"

[[rule]]
id = "a.count"
says = "Payments of a day."
citation = "A report"
source = "R"
measure = "below.count"
given = { by = "payer", window = "1d", threshold = "100.00", from = 700 }
bands = [
  { name = "few", below = 2 },
  { name = "some", from = 2, below = 4 },
  { name = "many", from = 4 },
]

[[rule.planted]]
says = "four"
payments = ["0h..3h/1h A>X 90.00"]
band = "many"

[[rule.near]]
says = "one"
payments = ["0h A>X 90.00"]

[[rule]]
id = "a.rating"
says = "How the payee is rated."
citation = "A report"
source = "S2"
measure = "rating"
given = { side = "payee" }
bands = [{ name = "low", below = 2 }, { name = "high", from = 2 }]

[[rule.planted]]
says = "high"
payments = ["0h A>X 90.00 payee-rating=2"]
band = "high"

[[rule.near]]
says = "nobody knows"
payments = ["0h A>X 90.00"]
band = "unknown"

[[rule]]
id = "a.members"
says = "Firms of the group."
citation = "A report"
source = "S"
measure = "below.members"
given = { by = "payer-group", window = "1d", threshold = "100.00", from = 700 }
bands = [{ name = "one", below = 2 }, { name = "more", from = 2 }]

[[rule.planted]]
says = "two"
payments = ["0h A>X 90.00 payer-group=g", "1h B>X 90.00 payer-group=g"]
band = "more"

[[rule.near]]
says = "one"
payments = ["0h..5h/1h A>X 90.00"]

[[rule]]
id = "a.age"
says = "Days since it was admitted."
citation = "A report"
source = "R"
measure = "admitted.days"
given = { side = "payee" }
bands = [{ name = "new", below = 14 }, { name = "known", from = 14 }]

[[rule.planted]]
says = "new"
payments = ["0h A>X 90.00 payee-days=3"]
band = "new"

[[rule.near]]
says = "known"
payments = ["0h A>X 90.00 payee-days=14"]

[[typology]]
id = "a"
version = 3
says = "All of it."
alert = 500
interdict = 900

[typology.weights]
"a.count" = { few = 0, some = 100, many = 400 }
"a.rating" = { low = 0, high = 300, unknown = 50 }
"a.members" = { one = 0, more = 200, cut-off = 100 }
"a.age" = { new = 100, known = 0, unknown = 0 }

[[typology.planted]]
says = "four to a payee of high risk"
payments = ["0h..3h/1h A>X 90.00 payee-rating=2"]
outcome = "alert"

[[typology.near]]
says = "four"
payments = ["0h..3h/1h A>X 90.00"]
"""


CODES = (BandsBroken, CaseFails, ProgrammeMalformed, ThresholdOutOfReach, WeightsBroken)


def read(text: str = TEXT) -> str:
    return parse({"a.toml": text}).version


def test_the_text_is_read() -> None:
    programme = parse({"a.toml": TEXT})
    (typology,) = programme.typologies
    assert (typology.number, typology.alert, typology.interdict) == (3, 500, 900)
    assert [rule.id for rule in programme.rules] == ["a.age", "a.count", "a.members", "a.rating"]
    assert programme.rules[1].given["threshold"] == 100_00
    assert [rule.source for rule in programme.rules] == ["R", "R", "S", "S2"]


def test_neither_names_of_files_nor_their_order_nor_notes_are_part_of_the_version() -> None:
    cut = TEXT.index("[[typology]]")
    unit = 'unit = "EUR"\n'
    first, second = TEXT[:cut], unit + TEXT[cut:]
    assert parse({"x.toml": second, "y.toml": first}).version == read()
    assert read("# a note\n" + TEXT) == read()
    assert read(TEXT.replace("Payments of a day.", "Payments of one day.")) != read()


AGE = TEXT[TEXT.index('"a.members" =') : TEXT.index("\n\n[[typology.planted]]")]
WRONG = [
    # malformed: what a file must be
    (ProgrammeMalformed, 'unit = "EUR"', 'unit = "XAU"', "unit"),
    (ProgrammeMalformed, 'unit = "EUR"', "", "unit"),
    (ProgrammeMalformed, 'unit = "EUR"', 'unit = "EUR"\nmore = 1', "more"),
    (ProgrammeMalformed, 'unit = "EUR"', "unit = = 1", "a.toml"),
    (ProgrammeMalformed, "alert = 500", "alert = 0.5", "whole numbers"),
    (ProgrammeMalformed, "alert = 500", "alert = -1", "alert"),
    (ProgrammeMalformed, "version = 3", "version = 0", "version"),
    (ProgrammeMalformed, "version = 3\n", "", "version"),
    (ProgrammeMalformed, 'id = "a.rating"', 'id = "A.rating"', "id"),
    (ProgrammeMalformed, 'id = "a.rating"', 'id = "a.count"', "there are two of it"),
    (ProgrammeMalformed, 'source = "S2"', 'source = "Q"', "source"),
    (ProgrammeMalformed, 'citation = "A report"\n', "", "citation"),
    (ProgrammeMalformed, 'measure = "rating"', 'measure = "weather"', "measure"),
    (ProgrammeMalformed, '{ side = "payee" }', "{}", "it lacks side"),
    (ProgrammeMalformed, '{ side = "payee" }', '{ side = "payee", by = "payer" }', "knows no by"),
    (ProgrammeMalformed, '{ side = "payee" }', '{ side = "both" }', "is no side"),
    (ProgrammeMalformed, 'by = "payer",', 'by = "corridor",', "is no key"),
    (ProgrammeMalformed, 'window = "1d"', 'window = "soon"', "is no span"),
    (ProgrammeMalformed, 'window = "1d"', 'window = "0h"', "is no span"),
    (ProgrammeMalformed, 'window = "1d"', 'window = "3661d"', "is no span"),
    (ProgrammeMalformed, 'window = "1d"', "window = 1", "is no span"),
    (ProgrammeMalformed, 'threshold = "100.00"', 'threshold = "1e2"', "is no amount"),
    (ProgrammeMalformed, 'threshold = "100.00"', 'threshold = "100.001"', "is no amount"),
    (ProgrammeMalformed, 'threshold = "100.00"', 'threshold = "-1"', "is no amount"),
    (ProgrammeMalformed, 'threshold = "100.00"', 'threshold = "0"', "is no amount"),
    (ProgrammeMalformed, 'threshold = "100.00"', 'threshold = "10000000000000.01"', "no amount"),
    (ProgrammeMalformed, "from = 700 }", "from = 1000 }", "is no per mille"),
    (ProgrammeMalformed, "from = 700 }", "from = true }", "is no per mille"),
    (ProgrammeMalformed, 'name = "few"', 'name = "unknown"', "name"),
    (ProgrammeMalformed, 'name = "few"', 'name = "cut-off"', "name"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"whenever A>X 90.00"', "is no payment"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"3h..0h/1h A>X 90.00"', "has no times"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"0h..3h/0h A>X 90.00"', "has no times"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"0m..2000m/1m A>X 90.00"', "at most 2000"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"1h A>X 90.00", "0h A>X 9.00"', "back in time"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"0h A>X 9.0.0"', "no amount"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"0h A>X 90.00 mood=bad"', "is not known"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"0h A>X 90.00 late-change=maybe"', "not known"),
    (ProgrammeMalformed, '"0h..3h/1h A>X 90.00"', '"0h A>X 9.00 exposure=1 exposure=2"', "twice"),
    (ProgrammeMalformed, "payee-rating=2", "payee-rating=4", "payee_rating is out of bounds"),
    (ProgrammeMalformed, 'band = "many"', 'band = "most"', "it has no band most"),
    (ProgrammeMalformed, 'band = "many"', 'band = "few"', "what is planted is in another band"),
    (ProgrammeMalformed, 'band = "high"', 'band = "unknown"', "what is planted is in another band"),
    (ProgrammeMalformed, 'outcome = "alert"', 'outcome = "nothing"', "outcome"),
    (
        ProgrammeMalformed,
        AGE,
        AGE.partition("\n")[0].replace("200", "300"),
        "no typology weighs",
    ),
    # bands
    (BandsBroken, 'name = "some"', 'name = "few"', "two bands have one name"),
    (BandsBroken, '{ name = "few", below', '{ name = "few", from = 1, below', "begins at 0"),
    (BandsBroken, "from = 2, below = 4", "from = 3, below = 4", "leaves a gap"),
    (BandsBroken, "from = 2, below = 4", "from = 1, below = 4", "overlaps"),
    (BandsBroken, "from = 2, below = 4", "from = 2, below = 2", "holds nothing"),
    (BandsBroken, "from = 2, below = 4", "from = 2", "holds nothing"),
    (BandsBroken, 'name = "many", from = 4 }', 'name = "many", from = 4, below = 9 }', "no end"),
    # weights
    (WeightsBroken, '"a.age" =', '"a.mood" =', "there is no rule a.mood"),
    (WeightsBroken, "some = 100, ", "some = 100, more = 1, ", "it has no band more"),
    (WeightsBroken, "some = 100, ", "", "some has no weight"),
    (WeightsBroken, ", unknown = 50", "", "unknown has no weight"),
    (WeightsBroken, ", cut-off = 100", "", "cut-off has no weight"),
    (WeightsBroken, "some = 100", "some = 100, cut-off = 1", "it has no band cut-off"),
    (WeightsBroken, "some = 100", "some = 100, unknown = 1", "it has no band unknown"),
    (WeightsBroken, "some = 100", "some = 401", "what is worse weighs less"),
    (WeightsBroken, "new = 100, known = 0", "new = 0, known = 100", "what is worse weighs less"),
    (WeightsBroken, "low = 0, high", "low = 60, high", "not to be known weighs less"),
    (WeightsBroken, "cut-off = 100", "cut-off = 0", "not to be looked at weighs no more"),
    (WeightsBroken, "many = 400", "many = 401", "the greatest come to 1001"),
    (WeightsBroken, "many = 400", "many = 399", "the greatest come to 999"),
    (WeightsBroken, "cut-off = 100", "cut-off = 201", "the greatest come to 1001"),
    # thresholds
    (ThresholdOutOfReach, "alert = 500", "alert = 0", "every payment has 0"),
    (ThresholdOutOfReach, "interdict = 900", "interdict = 499", "below the alert's"),
    (ThresholdOutOfReach, "interdict = 900", "interdict = 1001", "nothing has more"),
    # cases
    (CaseFails, 'band = "many"', 'band = "some"', "4 is many, and not some"),
    (CaseFails, '"0h..3h/1h A>X 90.00"]\nband', '"0h..2h/1h A>X 90.00"]\nband', "3 is some"),
    (
        CaseFails,
        'says = "one"\npayments = ["0h A>X',
        'says = "one"\npayments = ["0h..1h/1h A>X',
        "few",
    ),
    (CaseFails, 'outcome = "alert"', 'outcome = "interdict"', "700 is alert, and not interdict"),
    (CaseFails, "alert = 500", "alert = 450", "450 is alert, and not nothing"),
]


@pytest.mark.parametrize(
    ("refusal", "old", "new", "says"), WRONG, ids=[f"{n}-{one[3]}" for n, one in enumerate(WRONG)]
)
def test_what_is_wrong_is_refused(refusal: type[Refusal], old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(refusal) as caught:
        read(TEXT.replace(old, new, 1))
    assert says in caught.value.detail
    assert caught.value.detail.startswith("a.toml")
    assert caught.value.context["file"] == "a.toml"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alert = 500", "alert = 451"),
        ("interdict = 900", "interdict = 1000"),
        ("interdict = 900", "interdict = 701"),
        ("cut-off = 100", "cut-off = 1"),
        ("unknown = 50", "unknown = 0"),
        ("some = 100", "some = 400"),
        ('threshold = "100.00"', 'threshold = "100"'),
        ("version = 3", "version = 1"),
    ],
)
def test_what_is_just_right_is_read(old: str, new: str) -> None:
    read(TEXT.replace(old, new, 1))


def test_a_refusal_says_where() -> None:
    with pytest.raises(BandsBroken) as caught:
        read(TEXT.replace("from = 2, below = 4", "from = 3, below = 4"))
    line = TEXT[: TEXT.index("bands = ")].count("\n") + 1  # a list is known by where it begins
    assert caught.value.context == {"file": "a.toml", "line": str(line), "named": "a.count"}
    assert caught.value.detail.startswith(f"a.toml:{line}: a.count: some leaves a gap")


def test_windows_are_no_longer_than_what_they_are_compared_with() -> None:
    text = SHIPPED.joinpath("velocity.toml").read_text("utf-8")
    with pytest.raises(ProgrammeMalformed, match="baseline is shorter than window"):
        read(text.replace('baseline = "120d"', 'baseline = "2d"', 1))
    with pytest.raises(ProgrammeMalformed, match="fresh is shorter than window"):
        read(text.replace('fresh = "90d"', 'fresh = "2d"', 1))


def test_files_speak_of_one_unit_and_there_is_something_in_them() -> None:
    cut = TEXT.index("[[typology]]")
    with pytest.raises(ProgrammeMalformed, match="other files are in EUR"):
        parse({"a.toml": TEXT[:cut], "b.toml": 'unit = "USD"\n' + TEXT[cut:]})
    with pytest.raises(ProgrammeMalformed, match="there is no typology"):
        parse({"a.toml": TEXT[:cut]})
    with pytest.raises(ProgrammeMalformed, match="there is no file"):
        parse({})
    with pytest.raises(ProgrammeMalformed, match=r"nested|recursion"):
        parse({"a.toml": "a = " + "[" * 500 + "]" * 500})


PLACES = '[{ name = "none", below = 1 }, { name = "one", from = 1 }]'


@pytest.mark.parametrize("places", ["[]", '["xh"]', '["XH", "XH"]', "[1]", '"XH"', '[["XH"]]'])
def test_places_are_countries(places: str) -> None:
    text = SHIPPED.joinpath("geography.toml").read_text("utf-8")
    with pytest.raises(ProgrammeMalformed, match="is no places"):
        read(text.replace('["XH", "XI"]', places, 1))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("file", sorted(one.name for one in SHIPPED.iterdir()))
def test_whatever_is_done_to_a_file_it_is_read_or_refused(file: str, seed: int) -> None:
    """Nothing else comes of it: lines lost, twice, cut, and words of one in the other's place."""
    text = SHIPPED.joinpath(file).read_text("utf-8")
    dice, refused = Random(f"{file}{seed}"), 0
    for _ in range(25):
        lines = text.split("\n")
        for _ in range(dice.randint(1, 3)):
            at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
            line = lines[at]
            words = line.split(" ")
            words[dice.randrange(len(words))] = dice.choice(
                [
                    *lines[other].split(" "),
                    "0",
                    "-1",
                    "99999999999999999999",
                    "[",
                    "é",
                    "\x00",
                    "nan",
                ]
            )
            lines[at] = dice.choice(
                ["", line + "\n" + line, line[: dice.randrange(len(line) + 1)], " ".join(words)]
            )
        with suppress(*CODES):
            read("\n".join(lines))
            refused -= 1
        refused += 1
    assert refused >= 10, "they are hard enough"
