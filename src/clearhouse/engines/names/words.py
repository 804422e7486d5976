# ruff: noqa: SIM905 - tables of words read better as text
"""Words: how they sound, which say little, and which abbreviate another."""

import re
from functools import lru_cache
from typing import Final

# Digraphs that two writers use for one sound, and what both read as.
READ_AS: Final = (
    ("ph", "f"),
    ("tsch", "ch"),
    ("tch", "ch"),
    ("sch", "sh"),
    ("ck", "k"),
    ("dzh", "j"),
    ("dj", "j"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
)
AFTER_VOWEL: Final = re.compile("(?<=[aeiouy])x")

# Words that say little about whose name it is, whatever list they stand in: lines of business,
# places in a name, articles and particles of family names, titles.
COMMON_WORDS: Final = frozenset(
    """
    abd abdul abu agency al ali association bank bin ben bint center centre commerce commercial
    construction consulting da de del der development di do dos du ed el en energy engineering
    enterprise enterprises establishment export factory finance financial for foundation fund
    general global group holding holdings ibn import in industrial industries industry institute
    international investment investments la le los logistics management marine maritime
    mohamed mohammad mohammed muhammad ministry of oil organization petroleum plant products
    research science scientific services shipping shop store supply systems tech technologies
    technology trade traders trading transport ul und ur van von y
    dr haji hajji imam maulavi miss mr mrs ms mullah prof professor shaikh sheikh sir
    """.split()
)

# Each line is one word and how firms shorten it.
_GROUPS: Final = """
    american amer
    association assn assoc
    bank bk
    brothers bros bro
    building bldg
    center centre ctr cntr
    chemical chemicals chem
    commercial comm coml
    construction constr const
    department dept
    development dev devt
    distribution distributors distributor dist distr
    electric electrical elec elect
    engineering engg engr eng engrg
    enterprises enterprise ent entp
    equipment equip eqpt
    export exports exp
    finance financial fin
    general gen genl
    government govt gov
    group grp
    holdings holding hldg hldgs
    import imports imp
    industries industry industrial ind inds indl
    institute inst
    insurance ins
    international intl int intnl
    investments investment inv invest
    laboratories laboratory labs lab
    logistics log logs
    machinery mach
    management mgmt mgt
    manufacturing mfg manuf mfrs
    marine maritime mar
    metals metal met
    ministry min
    mohammed mohammad mohamed muhammad mohd muhd md
    national natl nat
    organization organisation org
    petroleum petrol petr
    pharmaceuticals pharmaceutical pharma pharm
    production products product prod prods
    republic rep
    research res
    saint st
    scientific science sci
    services service svcs svc serv
    shipping shpg ship
    systems system sys
    technologies technology tech technol
    trading trdg trad
    transport transportation trans transp
    university univ
"""
GROUP: Final = {
    word: number for number, line in enumerate(_GROUPS.split("\n")) for word in line.split()
}


@lru_cache(maxsize=1 << 16)
def sound(word: str) -> str:
    """Write a folded word as it is read aloud: words that sound the same are near to equal.

    Hand in no more of it than is compared: what was said is remembered.
    """
    word = AFTER_VOWEL.sub("ks", word)
    for written, spoken in READ_AS:
        word = word.replace(written, spoken)
    return word
