"""A condition is read as it is meant, or refused while the law is read, at the place it fails."""

from collections.abc import Sequence
from itertools import product
from random import Random
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conditions import (
    NUMBERS,
    PARAMETERS,
    READS,
    STRAY,
    VOCABULARY,
    Node,
    broken,
    drawn,
    find,
    shape,
)

from clearhouse.core.rulebook.condition import (
    DEPTH_MAX,
    LENGTH_MAX,
    TERMS_MAX,
    ConditionError,
    Term,
    read,
)
from clearhouse.core.rulebook.facts import Reads
from clearhouse.core.rulebook.rule import Role, Scope
from clearhouse.core.rulebook.vocabulary import TRUTH, WHOLE, Sort, Type

LEAST, MOST = -(2**63), 2**63 - 1
SECONDS = 0.5  # of the processor, for what must be refused at once; it takes a few thousandths
seeds = st.integers(0, 2**32 - 1)  # of dice; a seed is told where its draw fails


def reading(text: str) -> Term:
    return read(text, find, VOCABULARY)


def tried(text: str) -> Term | ConditionError:
    try:
        return reading(text)
    except ConditionError as trouble:
        return trouble


def refused(text: str) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        reading(text)
    assert str(caught.value)
    assert 0 <= caught.value.at <= len(text)
    return caught.value


def refused_here(marked: str, why: str) -> None:
    """Refused at the place before which an @ stands."""
    text = marked.replace("@", "", 1)
    trouble = refused(text)
    assert why in str(trouble)
    shown = f"{text[: trouble.at]}@{text[trouble.at :]}"
    assert shown == marked


@pytest.mark.parametrize(
    ("marked", "why"),
    [
        ("@nobody", "no fact nobody"),
        ("true && @nobody.wallet == 3", "no fact nobody.wallet"),
        ("amount.EUR > limit && @party.nothing", "no fact party.nothing"),
        ("@party == 1", "no fact party"),
        ("@party.residence.code == 1", "no fact party.residence.code"),
        ("@residence == place", "no fact residence"),
        ("@debtors.wallet == kept", "no fact debtors.wallet"),
        ("@Party.wallet == kept", "no fact Party.wallet"),
        ("@amount > limit", "is in no currency"),
        ("@amount.GBP > limit", "is in no currency"),
        ("@amount.eur > limit", "is in no currency"),
        ("@amount.EUR.net > limit", "is in no currency"),
        ("@window.total > limit", "is in no currency"),
        ("@window.total.GBP > limit", "is in no currency"),
        ("@window.sum.EUR > limit", "a window has a count and a total"),
        ("@null == 1", "null"),
        ("@None == 1", "no fact None"),
        ("@True", "no fact True"),
        ("@_ == 1", "no fact _"),
        ("true && @not", "no fact not"),
    ],
)
def test_a_name_that_no_rule_may_read_is_refused(marked: str, why: str) -> None:
    refused_here(marked, why)


@pytest.mark.parametrize(
    ("reads", "name", "why"),
    [
        (Reads(READS.scope, None, READS.window), "amount.EUR", "names no rate"),
        (Reads(READS.scope, None, READS.window), "window.total.EUR", "names no rate"),
        (Reads(READS.scope, READS.rate, None), "window.count", "has no window"),
        (Reads(READS.scope, READS.rate, None), "window.total.EUR", "has no window"),
        (Reads(Scope((Role.TRANSACTION,)), None, None), "party.tested", "has no party"),
        (Reads(Scope((Role.TRANSACTION,)), None, None), "other.tested", "has no other"),
    ],
)
def test_what_a_rule_does_not_provide_for_it_cannot_read(reads: Reads, name: str, why: str) -> None:
    with pytest.raises(ConditionError, match=why) as caught:
        read(f"true && {name} > 1", reads.term, VOCABULARY)
    assert caught.value.at == 8


def test_the_rule_of_a_whole_transaction_reads_both_parties_by_their_names() -> None:
    reads = Reads(Scope((Role.TRANSACTION,)), None, None)
    term = read("debtor.tested && creditor.tested", reads.term, VOCABULARY)
    assert [part.value for part in term.parts()] == [None, "debtor.tested", "creditor.tested"]


@pytest.mark.parametrize(
    ("marked", "why"),
    [
        ('party.wallet == @"warm"', "'warm' is no wallet: hosted, self-hosted"),
        ('@"warm" == party.wallet', "'warm' is no wallet"),
        ('party.wallet == @"Hosted"', "'Hosted' is no wallet"),
        ('party.wallet == @" hosted"', "' hosted' is no wallet"),
        ('party.wallet == @""', "'' is no wallet"),
        ('party.wallet == @"grid"', "'grid' is no wallet"),
        ('party.residence == @"ZZ"', "'ZZ' is no jurisdiction"),
        ('@"ZZ" in party.jurisdictions', "'ZZ' is no jurisdiction"),
        ('party.wallet in @["hosted", "warm"]', "'warm' is no wallet"),
        ('sets.intersects(party.licences, @["bank", "baker"])', "'baker' is no class"),
        ('party.tested || @"AA" in traders', "'AA' is no class"),
        ('asset == @"\u0441oin"', "is no asset"),  # a Cyrillic letter
    ],
)
def test_a_word_that_its_vocabulary_lacks_is_refused_with_those_there_are(
    marked: str, why: str
) -> None:
    refused_here(marked, why)


@pytest.mark.parametrize(
    "marked",
    [
        "party.wallet @== party.power",
        "party.residence @== party.wallet",
        "party.wallet @!= place",
        "place @!= kept",
        "kept @in places",
        "party.wallet @in party.licences",
        '"a" @== "a"',
        '"AA" @in ["AA"]',
        '@sets.intersects(["AA"], ["AA"])',
        "@sets.intersects(party.licences, places)",
        "asset @== transaction",
    ],
)
def test_texts_of_two_vocabularies_have_nothing_in_common(marked: str) -> None:
    refused_here(marked, "no words in common")


@pytest.mark.parametrize("one", ["==", "!=", "<", "<=", ">", ">=", "in"])
@pytest.mark.parametrize("other", ["==", "!=", "<", "<=", ">", ">=", "in"])
def test_comparisons_do_not_chain(one: str, other: str) -> None:
    if one == "in":
        refused_here(f'origin in ["mined"] @{other} true', "do not chain")
    else:
        refused_here(f"1 + 1 {one} 2 @{other} 3", "do not chain")


def test_comparisons_do_not_chain_through_parentheses_or_further_down() -> None:
    refused_here("(1 @< 2) == (2 < 3)", "== takes a")
    refused_here("true && 1 < 2 @< 3 && true", "do not chain")
    refused_here("(1 < 2 @< 3)", "do not chain")
    assert reading("1 < 2 && 2 < 3").type == TRUTH


@pytest.mark.parametrize(
    ("marked", "why"),
    [
        ("@1", "a condition is true or false, not a whole number"),
        ("@amount.EUR", "amount of EUR"),
        ("@party.wallet", "not a text of wallet"),
        ('@"AA"', "not a text"),
        ('@["AA"]', "not a set"),
        ("@party.licences", "not a set of class"),
        ("1 @+ 1", "not a whole number"),
        ("@-1", "not a whole number"),
        ("(@on)", "not a day"),
        ("!@1", "! takes a truth, not a whole number"),
        ("!@party.wallet", "! takes a truth"),
        ("!(1 @+ 1)", "! takes a truth"),
        ("-@true == 1", "- takes a"),
        ("-@on == on", "- takes a"),
        ('-@"AA" == place', "- takes a"),
        ("@1 && true", "&& takes a truth, not a whole number"),
        ("true && @1", "&& takes a truth"),
        ("true || @party.wallet", "|| takes a truth"),
        ("@places || true", "|| takes a truth"),
        ("@true == true", "== takes a"),
        ("1 != @true", "!= takes a"),
        ("@party.tested == other.tested", "== takes a"),
        ("@true < false", "< takes a"),
        ("@party.wallet < kept", "< takes a"),
        ("@place >= place", ">= takes a"),
        ("@places == places", "== takes a"),
        ('@party.licences != ["bank"]', "!= takes a"),
        ("@true + true == 2", "+ takes a"),
        ("1 + @true == 2", "+ takes a"),
        ('@"a" + "b" == place', "+ takes a"),
        ("@on - since > 3", "- takes a"),
        ("@on + 1 == since", "+ takes a"),
        ("3 * @on == since", "* takes a"),
        ('@1 in ["AA"]', "in takes a text"),
        ("@true in places", "in takes a text"),
        ("@places in places", "in takes a text"),
        ("place in @place", "in takes a set"),
        ("place in @1", "in takes a set"),
        ("sets.intersects(@place, places)", "sets.intersects takes a set"),
        ("sets.intersects(party.jurisdictions, @place)", "sets.intersects takes a set"),
        ("sets.intersects(@1, 2)", "sets.intersects takes a set"),
        ("amount.EUR @== 5", "amount of EUR == whole number: not comparable"),
        ("5 @< amount.EUR", "not comparable"),
        ("amount.EUR @> party.energy", "not comparable"),
        ("on @== 5", "day == whole number: not comparable"),
        ("on @<= amount.EUR", "not comparable"),
        ("place @== 5", "not comparable"),
        ("kept @!= on", "not comparable"),
        ("party.energy @> few", "not comparable"),
        ("amount.EUR @+ 5 > limit", "amount of EUR + whole number: not of one kind"),
        ("5 @- amount.EUR > limit", "not of one kind"),
        ("amount.EUR @- party.energy > limit", "not of one kind"),
        ("amount.EUR @* limit > limit", "one is a whole number"),
        ("amount.EUR @* amount.BTC > limit", "one is a whole number"),
        ("party.energy @* limit > limit", "one is a whole number"),
        ("limit @/ limit > 1", "one is a whole number"),
        ("7 @/ limit > 1", "one is a whole number"),
        ("limit @% coin > 1", "one is a whole number"),
    ],
)
def test_types_that_do_not_go_together_are_refused(marked: str, why: str) -> None:
    refused_here(marked, why)


@pytest.mark.parametrize(
    "marked",
    [f"amount.EUR @{sign} amount.BTC" for sign in ("==", "!=", "<", "<=", ">", ">=")]
    + [
        "window.total.EUR @> coin",
        "party.mined * 2 @>= limit / 3",
        "window.total.USD @< amount.EUR",
    ],
)
def test_amounts_of_two_currencies_are_not_compared_without_a_rate(marked: str) -> None:
    refused_here(marked, "without a rate")


@pytest.mark.parametrize("sign", ["+", "-"])
def test_amounts_of_two_currencies_are_not_added(sign: str) -> None:
    refused_here(f"amount.EUR @{sign} amount.BTC > limit", f"amount of EUR {sign} amount of BTC")


DIVISORS = [
    "@0",
    "@none",
    "@000",
    "(@0)",
    "@window.count",
    "(@month_day)",
    "@-1",
    "@-share",
    "(1 @- 1)",
    "(1 @- 2)",
    "(share @* none)",
    "(0 @/ 5)",
    "(4 @% 2)",
    "(window.count @* 0)",
    "(month_day @+ 1)",
    "(@-few)",
    "(few @+ 4)",
    "(share @- few)",
    "(@-(-7))",
    "(window.count * 0 @+ 7)",
]


@pytest.mark.parametrize("by", DIVISORS)
@pytest.mark.parametrize("sign", ["/", "%"])
def test_nothing_is_divided_but_by_a_constant_above_zero(sign: str, by: str) -> None:
    refused_here(f"window.count {sign} {by} == 1", "a divisor is a whole number above zero")


def test_a_fact_is_no_divisor_though_it_were_always_the_same() -> None:
    def known(name: str) -> Term:
        return Term("fact", WHOLE, (), name, 5, 5)

    with pytest.raises(ConditionError, match="a divisor is") as caught:
        read("10 / n == 2", known, VOCABULARY)
    assert caught.value.at == 5


@pytest.mark.parametrize("by", ["1", "007", "(7)", "((share))", "9223372036854775807", "new_year"])
def test_a_divisor_is_a_number_or_a_parameter_above_zero(by: str) -> None:
    text = f"amount.EUR / {by} > limit && window.count % {by} == 0"
    assert reading(text).type == TRUTH


TOO_LARGE = [
    "@9223372036854775808 > 0",
    "@9999999999999999999 > 0",
    "-@9223372036854775808 < 0",  # read as the negative of what is too large
    "9223372036854775807 @+ 1 > 0",
    "4611686018427387904 @+ 4611686018427387904 > 0",
    "-9223372036854775807 @- 2 < 0",
    "@-(-9223372036854775807 - 1) > 0",
    "3037000500 @* 3037000500 > 0",
    "-3037000500 @* 3037000500 < 0",
    "4294967296 @* 2147483648 > 0",
    "-4294967296 @* -2147483648 > 0",
    "9223372036854775807 @* 2 / 2 > 0",
    "window.total.EUR @* 3 > limit",
    "3 @* window.total.EUR > limit",
    "window.total.EUR + window.total.EUR @+ window.total.EUR > limit",
    "-window.total.EUR - window.total.EUR @- window.total.EUR < limit",
    "window.total.EUR * -2 @- window.total.EUR < limit",
    "amount.EUR @* 93 > limit",
    "sum_max @* 93 > limit",
    "window.count @* window.count > 0",
    "window.count * 9223372 @* 2 > 0",
    "amount.EUR @* window.count > limit",
]
WITHIN = [
    ("9223372036854775807 > 0", MOST),
    ("0009223372036854775 > 0", 9223372036854775),
    ("9223372036854775806 + 1 > 0", MOST),
    ("4611686018427387904 + 4611686018427387903 > 0", MOST),
    ("-9223372036854775807 - 1 < 0", LEAST),
    ("0 - 9223372036854775807 - 1 < 0", LEAST),
    ("1317624576693539401 * 7 > 0", MOST),
    ("-4611686018427387904 * 2 < 0", LEAST),
    ("2 * -4611686018427387904 < 0", LEAST),
    ("3037000499 * 3037000499 > 0", 9223372030926249001),
    ("(-9223372036854775807 - 1) / 1 < 0", LEAST),
    ("-9223372036854775807 / 2 * 2 - 2 < 0", LEAST),
    ("9223372036854775807 / 2 * 2 + 1 > 0", MOST),
    ("9223372036854775807 % 9223372036854775807 == 0", MOST - 1),
    ("window.total.EUR * 2 > limit", 8 * 10**18),
    ("window.total.EUR * -2 < limit", -8 * 10**18),
    ("-window.total.EUR - window.total.EUR < limit", -8 * 10**18),
    ("amount.EUR * 92 > limit", 92 * 10**17),
    ("sum_max * 92 > limit", 92 * 10**17),
    ("window.count * 9223372 > 0", 9223372 * 10**12),
    ("window.total.EUR * 2 % 7 == limit", 6),
]


@pytest.mark.parametrize("marked", TOO_LARGE)
def test_a_number_that_may_leave_64_bits_is_refused(marked: str) -> None:
    refused_here(marked, "more than 64 bits")


@pytest.mark.parametrize(("text", "furthest"), WITHIN)
def test_a_number_that_just_stays_within_64_bits_is_read(text: str, furthest: int) -> None:
    counted = reading(text).args[0]
    assert furthest in {counted.low, counted.high}


@pytest.mark.parametrize(
    "text", ["12345678901234567890", "00000000000000000001", "9" * 40, "0" * 20]
)
def test_a_number_of_twenty_digits_is_no_number(text: str) -> None:
    assert refused(f"0 < {text}").at == 4


@pytest.mark.parametrize(
    "marked",
    [
        "1 < @\uff11",  # full-width 1
        "1 < 1@\u0661",  # Arabic-Indic 1
        "@\u0967 < 2",  # Devanagari 1
        "1 < @\u00b2",
        "1 < @\u2460",
        "1 < 2@\u00bd",
        "@\u06f5 > 1",
    ],
)
def test_digits_of_other_scripts_are_no_digits(marked: str) -> None:
    refused_here(marked, "means nothing here")


@pytest.mark.parametrize(
    ("marked", "why"),
    [
        ("@1e3 > 0", "means nothing"),
        ("@0x10 > 0", "means nothing"),
        ("@1_000 > 0", "means nothing"),
        ("@1u > 0", "means nothing"),
        ("@12abc > 0", "means nothing"),
        ("1@.5 > 0", "means nothing"),
        ("@.5 > 0", "means nothing"),
        ("1@. > 0", "means nothing"),
        ("1@,000 > 0", "the end"),
        ("1 @000 > 0", "the end"),
        ("@+1 > 0", "cannot stand here"),
    ],
)
def test_a_number_is_written_in_plain_digits(marked: str, why: str) -> None:
    refused_here(marked, why)


@pytest.mark.parametrize(
    "marked",
    [
        'party.wallet == @"hosted',
        'party.wallet == @"',
        'party.wallet == "hosted"@"',
        'party.wallet == @"hos\nted"',
        'party.wallet == @"hos\\"ted"',
        'party.wallet == @"hosted\\"',
        "party.wallet == @'hosted'",
        "party.wallet == @`hosted`",
        "party.wallet == @\u201chosted\u201d",
        'party.wallet in ["hosted", @"self-hosted]',
    ],
)
def test_a_text_begins_and_ends_with_a_quotation_mark_on_one_line(marked: str) -> None:
    refused_here(marked, "means nothing here")


@pytest.mark.parametrize(
    ("marked", "why"),
    [
        ("@", "it breaks off"),
        ("   \n\t @", "it breaks off"),
        ("true &&@", "it breaks off"),
        ("!@", "it breaks off"),
        ("-@", "it breaks off"),
        ("(@", "it breaks off"),
        ("1 <@", "it breaks off"),
        ("(true@", "')' should stand where '' stands"),
        ("(true @]", "')' should stand where ']' stands"),
        ("true @)", "the end should stand where ')' stands"),
        ("@)", "')' cannot stand here"),
        ("(@)", "')' cannot stand here"),
        ("true @true", "the end should stand where 'true' stands"),
        ("true @nobody", "the end"),
        ('true @"true"', "the end"),
        ("true @(true)", "the end"),
        ("true @!true", "the end"),
        ("true && @&& true", "'&&' cannot stand here"),
        ("true && @|| true", "'||' cannot stand here"),
        ("@&& true", "cannot stand here"),
        ("1 < @< 2", "cannot stand here"),
        ("1 @= 1", "means nothing"),
        ("1 == @= 1", "means nothing"),
        ("1 @=< 2", "means nothing"),
        ("true @& true", "means nothing"),
        ("true @| true", "means nothing"),
        ("true &&@& true", "means nothing"),
        ("true @^ true", "means nothing"),
        ("@~true", "means nothing"),
        ("true @? true : false", "means nothing"),
        ("true@;", "means nothing"),
        ("true /@/ so it is", "cannot stand here"),
        ("true @# so it is", "means nothing"),
        ("@party[0]", "no fact party"),
        ("party.licences@[0]", "the end"),
        ("party.licences@{0}", "means nothing"),
        ("party.licences@.", "means nothing"),
        ("party.tested@..", "means nothing"),
        ("@.party.tested", "means nothing"),
        ("party@.1tested", "means nothing"),
        ("true@\u00a0", "means nothing"),  # a space that does not break
        ("true@\u2003&& true", "means nothing"),
        ("true@\x0b", "means nothing"),
        ("true@\x00", "means nothing"),
        ("@\ufefftrue", "means nothing"),
        ("party.t@\u00e9sted", "means nothing"),
        ("true@\ud800", "means nothing"),
        ("true @and true", "the end"),
        ("@not true", "no fact not"),
        ("@in places", "'in' cannot stand here"),
        ("place in @in places", "'in' cannot stand here"),
        ("place @not in places", "the end"),
        ("place @inside places", "the end"),
        ("1 *@* 2 > 1", "'*' cannot stand here"),
        ("1 <@> 2", "'>' cannot stand here"),
        ("1 !=@= 2", "means nothing"),
        ("place in [@]", "a list holds texts"),
        ('place in ["AA",@]', "a list holds texts"),
        ('place in [@,"AA"]', "a list holds texts"),
        ('place in ["AA" @"AB"]', "']' should stand where"),
        ('place in ["AA"@', "']' should stand where"),
        ('place in ["AA",@', "a list holds texts"),
        ("place in [@place]", "a list holds texts"),
        ("place in [@1]", "a list holds texts"),
        ('place in [@["AA"]]', "a list holds texts"),
        ('place in [@("AA")]', "a list holds texts"),
        ("@size(places) > 1", "there is no function size; only sets.intersects"),
        ("@now() > on", "there is no function now"),
        ("@sets.contains(places, places)", "there is no function sets.contains"),
        ('@sets.intersect(places, ["AA"])', "there is no function sets.intersect"),
        ("true && @has(party.wallet)", "there is no function has"),
        ("@party.licences.exists(x, true)", "there is no function party.licences.exists"),
        ("sets.intersects @&& true", "'(' should stand where '&&' stands"),
        ("sets.intersects@", "'(' should stand where"),
        ("sets.intersects(@)", "cannot stand here"),
        ("sets.intersects(places@)", "',' should stand where ')' stands"),
        ('sets.intersects(party.jurisdictions, ["AA"]@', "')' should stand where"),
        ('sets.intersects(party.jurisdictions, ["AA"]@, ["AB"])', "')' should stand where"),
        ('@sets.intersects(["AA"], party.jurisdictions)', "the first set is a fact"),
        ('@sets.intersects(["AA"], places)', "the first set is a fact"),
        ('@sets.intersects(places, ["AA"])', "the first set is a fact"),
        ("@sets.intersects((places), places)", "the first set is a fact"),
        ("@sets.intersects(party.licences, other.licences)", "the second a list"),
    ],
)
def test_what_stands_in_the_wrong_place_is_refused_there(marked: str, why: str) -> None:
    refused_here(marked, why)


def test_a_text_of_4096_characters_is_read_and_of_4097_is_not() -> None:
    longest = "true".ljust(2000) + "&&" + "true".rjust(LENGTH_MAX - 2002)
    assert LENGTH_MAX == len(longest) == 4096
    yes = Node("constant", (), True)
    assert shape(reading(longest)) == Node("&&", (yes, yes))

    trouble = refused(longest + " ")

    assert trouble.at == 0
    assert str(trouble) == "4097 characters long; at most 4096"


def test_256_terms_are_read_and_257_are_not() -> None:
    most = "!" + " && ".join(["true"] * 128)
    term = reading(most)
    assert len(list(term.parts())) == TERMS_MAX == 256

    refused_here(" && ".join(["true"] * 128) + " @&& true", "more than 256 terms")
    refused_here("!" + " && ".join(["true"] * 128) + " && @true", "more than 256 terms")


def test_parentheses_are_no_terms() -> None:
    text = " && ".join(["((true))"] * 128)
    assert len(list(reading(text).parts())) == 255


@pytest.mark.parametrize(
    ("before", "inside", "after", "levels"),
    [
        ("(", "true", ")", 1),
        ("!", "true", "", 1),
        ("!(", "true", ")", 2),
        ("true && (", "true", ")", 2),
        ("true || true && (", "true", ")", 3),
    ],
)
def test_a_condition_nested_32_deep_is_read_and_one_33_deep_is_not(
    before: str, inside: str, after: str, levels: int
) -> None:
    deepest = (DEPTH_MAX - 1) // levels
    assert DEPTH_MAX == 32
    assert reading(before * deepest + inside + after * deepest).type == TRUTH

    deeper = before * (deepest + 1) + inside + after * (deepest + 1)

    trouble = refused(deeper)
    assert str(trouble) == "nested deeper than 32"
    assert len(before) * deepest < trouble.at <= len(before) * (deepest + 1)


def test_numbers_are_nested_as_deep_as_truths() -> None:
    assert reading("-" * 30 + "1 > 0").type == TRUTH
    refused_here("0 < " + "-" * 31 + "@1", "nested deeper than 32")
    assert reading("0 < " + "(" * 30 + "1" + ")" * 30).type == TRUTH
    refused_here("0 < " + "(" * 31 + "@1" + ")" * 31, "nested deeper than 32")


def test_what_stands_side_by_side_is_not_nested() -> None:
    assert reading(" && ".join(["(((true)))"] * 100)).type == TRUTH
    assert reading(" + ".join(["1"] * 120) + " == 120").type == TRUTH


@pytest.mark.parametrize(
    "sign", ["!", "-", "(", "[", "!(", "-(", "sets.intersects(", "1 + (", "1,"]
)
@pytest.mark.parametrize("length", [1000, 4000, 1_000_000])
def test_a_kilometre_of_one_sign_is_refused_at_once(sign: str, length: int) -> None:
    text = (sign * length)[:length]
    begun = process_time()

    refused(text)

    assert process_time() - begun < SECONDS


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "true" + ")" * 1000,
        "!" * 1000 + "true",
        "-" * 1000 + "1 == 1",
        "!(" * 1000 + "true" + ")" * 1000,
        "true && (" * 400 + "true" + ")" * 400,
        "sets.intersects(" * 200 + "places" + ', ["AA"])' * 50,
        " && ".join(["true"] * 500),
        "+".join(["1"] * 2000),
        "true" + ")" * 4000,
        "a." * 2000 + "a",
        "a" * 4096,
        '"' + "a" * 4095,
        '"' * 4095,
        "9" * 4096,
        "[" + '"AA",' * 800 + "]",
    ],
    ids=lambda text: text[:20],
)
def test_what_is_made_to_be_slow_is_refused_at_once(text: str) -> None:
    begun = process_time()

    refused(text)

    assert process_time() - begun < SECONDS


@pytest.mark.parametrize("sign", ["9", "a", "a.", "-", '"', "&", "\u00e9"])
def test_a_refusal_is_short_however_long_the_condition_is(sign: str) -> None:
    assert len(str(refused((sign * LENGTH_MAX)[:LENGTH_MAX]))) < 150


def test_the_word_that_is_refused_is_not_told_at_length() -> None:
    assert len(str(refused(f'party.wallet == "{"b" * 4000}"'))) < 150


CEL_RESERVES = (
    *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
    *("loop", "package", "namespace", "null", "return", "var", "void", "while"),
)


def test_a_word_that_cel_keeps_for_itself_is_no_name() -> None:
    """Though a parameter were called so: another maker's CEL could not read the condition."""

    def reads(word: str) -> bool:
        try:
            return read(f"{word} > 1", lambda _: Term("fact", WHOLE), VOCABULARY).type == TRUTH
        except ConditionError:
            return False

    assert [word for word in CEL_RESERVES if reads(word)] == []


def test_a_condition_says_where_its_parts_stand() -> None:
    text = 'party.tested || -few * 2 <= 7 && "AA" in places'
    places = {(part.op, part.value): part.at for part in reading(text).parts()}
    assert places == {
        ("||", None): text.index("||"),
        ("fact", "party.tested"): 0,
        ("&&", None): text.index("&&"),
        ("<=", None): text.index("<="),
        ("*", None): text.index("*"),
        ("negate", None): text.index("-"),
        ("parameter", "few"): text.index("few"),
        ("constant", 2): text.index("2"),
        ("constant", 7): text.index("7"),
        ("in", None): text.index(" in") + 1,
        ("constant", "AA"): text.index('"AA"'),
        ("parameter", "places"): text.index("places"),
    }


def tree(term: Term) -> str:
    """A term with all its parentheses."""
    match term.args:
        case ():
            return str(term.value)
        case (inner,):
            return f"({term.op} {tree(inner)})"
        case (left, right):
            return f"({tree(left)} {term.op} {tree(right)})"
        case _:
            raise AssertionError(term)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 == 7", "((1 + (2 * 3)) == 7)"),
        ("1 * 2 + 3 == 5", "(((1 * 2) + 3) == 5)"),
        ("9 - 3 - 2 == 4", "(((9 - 3) - 2) == 4)"),
        ("9 - (3 - 2) == 8", "((9 - (3 - 2)) == 8)"),
        ("9 / 3 * 2 == 6", "(((9 / 3) * 2) == 6)"),
        ("9 * 3 % 2 == 1", "(((9 * 3) % 2) == 1)"),
        ("-1 + 2 == 1", "(((negate 1) + 2) == 1)"),
        ("-2 * 3 == 6", "(((negate 2) * 3) == 6)"),
        ("1--1 == 2", "((1 - (negate 1)) == 2)"),
        ("--1 == 1", "((negate (negate 1)) == 1)"),
        ("-(1 + 2) == 3", "((negate (1 + 2)) == 3)"),
        ("true || false && false", "(True || (False && False))"),
        ("true && false || false", "((True && False) || False)"),
        ("(true || false) && false", "((True || False) && False)"),
        ("!true || true", "((! True) || True)"),
        ("!(true || true)", "(! (True || True))"),
        ("!!true", "(! (! True))"),
        ("1 < 2 && 3 >= 2", "((1 < 2) && (3 >= 2))"),
        ("1 + 1 < 2 || true", "(((1 + 1) < 2) || True)"),
        ('!("AA" in places)', "(! (AA in places))"),
        ("true&&true||true&&true", "((True && True) || (True && True))"),
        ('place in["AA"]', "(place in ('AA',))"),
        ("007 == 7", "(7 == 7)"),
        ("\r\n\ttrue\n", "True"),
    ],
)
def test_operators_bind_as_in_cel_and_from_the_left(text: str, expected: str) -> None:
    assert tree(reading(text)) == expected


@given(seeds)
@settings(max_examples=300)
def test_what_is_well_typed_is_read_as_it_is_meant(seed: int) -> None:
    """Unless a number may leave 64 bits."""
    text, meant = drawn(Random(seed), 5)
    term = tried(text)
    if isinstance(term, ConditionError):
        assert "more than 64 bits" in str(term)
        return
    assert shape(term) == meant
    assert term.type == TRUTH
    for part in term.parts():
        assert "?" not in str(part.type)
        assert part.optional == (part.op == "fact" and find(str(part.value)).optional)


def numbers(term: Term, facts: dict[str, int], found: list[tuple[Term, int]]) -> int:
    """What a number is for some facts; all its parts are put on `found`."""
    match term.op:
        case "fact":
            number = facts[str(term.value)]
        case "parameter":
            value = PARAMETERS[str(term.value)].value
            assert isinstance(value, int)
            number = value
        case "constant":
            assert isinstance(term.value, int)
            number = term.value
        case op:
            args = [numbers(arg, facts, found) for arg in term.args]
            number = counted(op, *args)
    found.append((term, number))
    return number


def counted(op: str, one: int, other: int = 0) -> int:
    times = abs(one) // abs(other) if op in "/%" else 0
    times = -times if one < 0 else times  # divisors are above zero
    return {
        "negate": -one,
        "+": one + other,
        "-": one - other,
        "*": one * other,
        "/": times,
        "%": one - times * other,
    }[op]


def corners(facts: Sequence[Term], dice: Random) -> list[dict[str, int]]:
    """Facts at the ends of what they may be: all such corners, or many."""
    ends = [(each.low, each.high) for each in facts]
    names = [str(each.value) for each in facts]
    if len(facts) <= 5:
        return [dict(zip(names, corner, strict=True)) for corner in product(*ends)]
    return [
        {name: dice.choice(end) for name, end in zip(names, ends, strict=True)} for _ in range(32)
    ]


@given(seeds)
@settings(max_examples=300)
def test_no_number_leaves_the_bounds_that_it_was_read_with(seed: int) -> None:
    dice = Random(seed)
    text, _ = drawn(dice, 5)
    term = tried(text)
    if isinstance(term, ConditionError):
        return
    sums = [
        side
        for part in term.parts()
        if part.type == TRUTH
        for side in part.args
        if side.type in NUMBERS
    ]
    for each in sums:
        facts = {str(part.value): part for part in each.parts() if part.op == "fact"}
        for corner in corners([*facts.values()], dice):
            found: list[tuple[Term, int]] = []
            numbers(each, corner, found)
            for part, number in found:
                assert LEAST <= part.low <= number <= part.high <= MOST


def test_the_conditions_that_are_drawn_are_hard_enough() -> None:
    ops: dict[str, int] = {}
    large = longest = read_well = 0
    for seed in range(1000):
        text, _ = drawn(Random(seed), 5)
        term = tried(text)
        if isinstance(term, ConditionError):
            large += 1
            continue
        read_well += 1
        longest = max(longest, len(text))
        for part in term.parts():
            ops[part.op] = ops.get(part.op, 0) + 1
    signs = {"||", "&&", "!", "==", "!=", "<", "<=", ">", ">=", "in", "intersects"}
    signs |= {"+", "-", "*", "/", "%", "negate", "fact", "parameter", "constant"}
    assert ops.keys() == signs
    assert min(ops.values()) > 30
    assert large > 20
    assert read_well > 800
    assert longest > 300


words = st.sampled_from((*STRAY, *"\"'.&|=", "\n", "\\", "é", "\x00", "sets", "intersects"))
texts = (
    st.text(max_size=200)
    | st.text(st.characters(exclude_categories=[]), max_size=50)
    | st.text("()[]!-+*/%<>=&|,.\"'ab01 \n", max_size=200)
    | st.lists(words, max_size=60).map(" ".join)
    | st.lists(words, max_size=60).map("".join)
)


@given(texts)
@settings(max_examples=1000)
def test_any_text_is_a_condition_or_is_refused_somewhere_in_it(text: str) -> None:
    told(text)


@given(seeds)
@settings(max_examples=500)
def test_what_is_nearly_a_condition_is_one_or_is_refused_somewhere_in_it(seed: int) -> None:
    dice = Random(seed)
    told(broken(dice, drawn(dice)[0]))


def told(text: str) -> None:
    """Read or refused, and nothing else."""
    term = tried(text)
    if isinstance(term, ConditionError):
        assert 0 <= term.at <= len(text)
        assert str(term)
        return
    assert term.type == Type(Sort.TRUTH)
    assert tried(text) == term
    assert len(list(term.parts())) <= TERMS_MAX
    assert all(0 <= part.at < len(text) for part in term.parts())
