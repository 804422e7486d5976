"""Folding: a name as plain ASCII words; what is left tells names apart, and nothing else does.

Compatibility forms (Unicode NFKC), invisible characters, scripts, case, punctuation and legal forms
no longer tell two names apart.
"""

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from anyascii import anyascii

from clearhouse.engines.names.letters import LATIN
from clearhouse.engines.names.scripts import (
    BLANKS,
    romanised,
    script_of,
    without_look_alikes,
)

# Legal forms in scripts that put no gap between them and the name: they need one first.
GLUED_FORMS = re.compile(
    "股份有限公司|有限责任公司|有限責任公司|有限公司|株式会社|有限会社|합동회사|주식회사|유한회사"
)
GLUED_TAIL = re.compile(
    "(?<=[a-z]{4})(?:limited|gmbh|sarl|pjsc|company|corporation|incorporated|aktiengesellschaft)$"
)
DOTTED = re.compile(r"\b(?:[a-z][./])+(?:[a-z]\b)?")
QUOTES = re.compile(r"['`]")
WORD = re.compile(r"[a-z0-9]+")

# Legal forms as they read after folding. After ISO 20275 (the ELF code list), the forms that appear
# in the lists themselves, and their plain-language spellings.
FORM_WORDS = frozenset(
    WORD.findall("""
    ab ag aktiengesellschaft aktiebolag ao aps as asa bhd bv bvba co company corp corporation cv
    cyf dd doo eood fze fzc fzco fzllc gesmbh gmbh inc incorporated jsc kft kg kgaa kk lda limited
    limitada llc llp lp ltd ltda mbh nv oao odoo ohg ojsc ooo oy oyj pao pjsc plc pt pte pty pvt rl
    sa sae sal saoc saog sarl sas sasu scs sdn se sl slu snc spa spj spol sro srl tbk too uab ug
    zao zrt private aksjeselskap
    """)
)
FORM_PHRASES = [
    tuple(phrase.split())
    for phrase in """
    aktsionernoe obshchestvo
    besloten vennootschap
    besloten vennootschap met beperkte aansprakelijkheid
    sa de cv
    sab de cv
    s de rl de cv
    s de rl
    sapi de cv
    sp zoo
    sp z oo
    spolka z ograniczona odpowiedzialnoscia
    spolka akcyjna
    gesellschaft mit beschrankter haftung
    joint stock
    open joint stock company
    public joint stock company
    closed joint stock company
    public limited company
    limited liability company
    limited liability partnership
    limited partnership
    free zone establishment
    naamloze vennootschap
    obshchestvo s ogranichennoi otvetstvennostyu
    obshchestvo s ogranichennoy otvetstvennostyu
    publichnoe aktsionernoe obshchestvo
    otkrytoe aktsionernoe obshchestvo
    zakrytoe aktsionernoe obshchestvo
    perseroan terbatas
    anonim sirketi
    limited sirketi
    sociedad anonima
    sociedad anonima de capital variable
    sociedad de responsabilidad limitada
    societa per azioni
    societatea cu raspundere limitata
    societe anonyme
    societe a responsabilite limitee
    l l c
    s a
    a g
    a s
    n v
    b v
    s r l
    s p a
    s a s
    p l c
    youxian gongsi
    gufen youxian gongsi
    kabushiki kaisha
    """.strip().splitlines()
]
PHRASES_BY_HEAD: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
PHRASES_BY_TAIL: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
for _phrase in sorted(FORM_PHRASES, key=len, reverse=True):
    PHRASES_BY_HEAD[_phrase[0]].append(_phrase)
    PHRASES_BY_TAIL[_phrase[-1]].append(_phrase)
FILLERS = frozenset({"and", "the"})


class Reading(NamedTuple):
    """What is read from a name."""

    folded: str
    script: int  # LATIN, FOREIGN or HOLLOW
    family: frozenset[str]  # words that the name itself, by a comma, says are of the family name


def fold(name: str) -> str:
    """Write `name` as plain ASCII words: what is left tells names apart, and nothing else does.

    Legal forms, "and" and "the" go, unless the name has nothing else. Folding twice changes
    nothing. A name without a letter or digit in any script folds to "".
    """
    return _folded(name)


def read(name: str) -> Reading:
    """Fold `name`, and keep what its letters and its comma told beside the words."""
    folded = _folded(name)
    script = LATIN if name.isascii() else script_of(_seen(name))
    family, comma, given = name.partition(",")
    if not comma or not folded or not _folded(given):
        return Reading(folded, script, frozenset())
    return Reading(folded, script, frozenset(_folded(family).split()))


@lru_cache(maxsize=4096)  # asked whether there is anything to compare, and then compared
def _folded(name: str) -> str:
    seen = name
    if not (name.isascii() and name.isprintable()):  # most are, and have nothing to take out
        seen = anyascii(romanised(GLUED_FORMS.sub(" ltd ", _seen(name))))
    ascii_text = seen.lower().replace("&", " and ")
    ascii_text = QUOTES.sub("", ascii_text)
    dotless = DOTTED.sub(lambda form: form[0].replace(".", "").replace("/", "") + " ", ascii_text)
    return " ".join(_without_forms(WORD.findall(dotless)))


def _seen(name: str) -> str:
    """What the eye sees: compatibility forms, invisible characters and look-alikes are gone."""
    seen = unicodedata.normalize("NFKC", name)
    return without_look_alikes("".join(char for char in seen if not _is_invisible(char)))


def _is_invisible(char: str) -> bool:
    """Whether `char` shows nothing: format marks, surrogates, private and unassigned ones."""
    return char in BLANKS or unicodedata.category(char) in {"Cf", "Cs", "Co", "Cn"}


def _unglued(word: str) -> list[str]:
    """Split legal forms off whose gap somebody left out."""
    forms: list[str] = []
    while form := GLUED_TAIL.search(word):
        forms.insert(0, form[0])
        word = word[: form.start()]
    return [word, *forms]


def _without_forms(words: list[str]) -> list[str]:
    """Drop legal forms and fillers until none is left, but never the whole name."""
    words = [part for word in words for part in _unglued(word)]
    kept: list[str] = []
    at = 0
    while at < len(words):
        phrase = _phrase_at(words, at)
        if phrase == 0 and words[at] not in FORM_WORDS and words[at] not in FILLERS:
            kept.append(words[at])
            # What has gone may have stood inside another form.
            for form in PHRASES_BY_TAIL.get(words[at], ()):
                if tuple(kept[-len(form) :]) == form:
                    del kept[-len(form) :]
                    break
        at += max(1, phrase)
    return kept or words


def _phrase_at(words: list[str], at: int) -> int:
    """How many words the longest legal form that begins at `at` has; 0 for none."""
    for phrase in PHRASES_BY_HEAD.get(words[at], ()):
        if tuple(words[at : at + len(phrase)]) == phrase:
            return len(phrase)
    return 0
