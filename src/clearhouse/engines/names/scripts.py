# ruff: noqa: RUF001, SIM905 - look-alikes are the subject; tables of words read better as text
"""Scripts: look-alikes written as what they pass for, and other scripts in Latin letters.

Cyrillic, Arabic and Hangul have tables of our own, close to what lists write (BGN/PCGN for Cyrillic
and Arabic, McCune-Reischauer for Korean names); the rest is left to a library.
"""

import re
from typing import Final

from clearhouse.engines.names.letters import FOREIGN, HOLLOW, LATIN

# Blank to the eye, though Unicode files them as letters or symbols: Hangul fillers, Braille blank.
BLANKS: Final = "\u115f\u1160\u2800\u3164\uffa0"

# Letters of other scripts that pass for a Latin one; after Unicode's confusables (UTS 39).
LOOK_ALIKES: Final = {
    foreign: pair[0]
    for pair in """
    A=АΑ B=вВΒ C=С E=ЕЁΕ H=нНҺΗ I=ІЇΙ J=Ј K=КΚ L=Լ M=МΜ N=Ν O=ОΟՕ P=РΡ S=Ѕ T=тТΤ U=Ս X=ХΧ
    Y=УҮΥ Z=Ζ a=аα c=сϲ d=ԁ e=еёε g=ց h=һհ i=іїι j=ј k=кκ n=ηո o=оοօ p=рρ q=ԛզ s=ѕ t=τ u=υս
    v=ν w=ԝ x=хχ y=уүγ
    """.split()
    for foreign in pair[2:]
}
PASS_FOR_LATIN: Final = str.maketrans(LOOK_ALIKES)
# The other way about: a Latin letter in a word that is otherwise Cyrillic.
PASS_FOR_CYRILLIC: Final = str.maketrans("aAeEoOpPcCxXyYkKMTHBiIjJsS", "аАеЕоОрРсСхХуУкКМТНВіІјЈѕЅ")

LATIN_LETTER: Final = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
CYRILLIC_LETTER: Final = re.compile(r"[\u0400-\u052f]")
# Greek, Cyrillic, Armenian.
SUSPECT: Final = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f\u0531-\u0587]")
RUN: Final = re.compile(r"[^\W\d_]+")

CYRILLIC_TABLE: Final = dict(
    pair.split("=")
    for pair in """
    а=a б=b в=v г=g д=d е=e ё=yo ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh
    ц=ts ч=ch ш=sh щ=shch ъ= ы=y ь= э=e ю=yu я=ya і=i ї=yi є=ye ґ=g ў=u ј=j љ=lj њ=nj ћ=c ђ=dj џ=dz
    ѓ=gj ќ=kj ѕ=dz ә=a ғ=gh қ=q ң=ng ө=o ұ=u ү=u һ=h ҳ=h ҷ=j ӣ=i ӯ=u ҹ=j ҙ=z ҡ=q ӊ=n ӑ=a ӗ=e ӳ=u
    ѣ=e ѳ=f ѵ=i ѫ=a
    """.split()
)
CYRILLIC_PAIRS: Final = (("дж", "j"), ("кс", "x"))  # Джамал is Jamal, Александр Alexandr
CYRILLIC_LETTERS: Final = str.maketrans(CYRILLIC_TABLE)

ARABIC_TABLE: Final = dict(
    pair.split("=")
    for pair in """
    ا=a أ=a إ=i آ=a ٱ=a ب=b ت=t ث=th ج=j ح=h خ=kh د=d ذ=dh ر=r ز=z س=s ش=sh ص=s ض=d ط=t ظ=z ع=a غ=gh
    ف=f ق=q ك=k ل=l م=m ن=n ه=h و=w ي=y ى=a ة=a ء= ؤ=w ئ=y ـ= ً= ٌ= ٍ= َ=a ُ=u ِ=i ّ= ْ= ٰ=a ٔ= ٓ=
    پ=p چ=ch ژ=zh گ=g ک=k ی=y ې=e ۍ=y ے=e ہ=h ھ=h ۀ=a ە=a ۃ=a ٹ=t ڈ=d ڑ=r ں=n ټ=t ډ=d ړ=r ڼ=n ښ=sh
    ږ=zh ځ=dz څ=ts ۆ=o ڤ=v ڭ=ng ۋ=w ۇ=u ۈ=u
    """.split()
)
ARABIC: Final = re.compile(r"[\u0620-\u06d3\u06d5-\u06dc\u06fa-\u06ff\u0750-\u077f]+")
ARABIC_LETTERS: Final = str.maketrans(ARABIC_TABLE)
# The article and the servant of God, as lists write them.
ARABIC_ARTICLE: Final = re.compile(r"^ال(?=...)")
ARABIC_SERVANT: Final = re.compile(r"\bعبد\s*ال")
NO_VOWELS: Final = re.compile(r"[\u0590-\u05f4\u0620-\u06ff\u0700-\u074f\u0750-\u077f]")

HANGUL: Final = re.compile("[가-힣]+")
HANGUL_FIRST: Final = "k kk n t tt r m p pp s ss - j jj ch k t p h".split()
HANGUL_VOWEL: Final = "a ae ya yae o e yo ye o wa wae oe yo u wo we wi yu u ui i".split()
HANGUL_LAST: Final = "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split()
# Family names that are written unlike they sound.
HANGUL_FAMILY: Final = {"이": "lee", "유": "yu", "오": "oh", "우": "woo", "최": "choe", "노": "ro"}
HANGUL_NAME_MAX: Final = 4  # syllables; a longer word is no person's name

HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
SYLLABLE: Final = re.compile("[A-Z][a-z]*")


def without_look_alikes(name: str) -> str:
    """Write letters that pass for those of another script in the script of their word.

    A word of nothing but look-alikes is Latin where another word of the name is.
    """
    if not SUSPECT.search(name):
        return name
    is_latin = bool(LATIN_LETTER.search(name))
    return RUN.sub(lambda word: _in_one_script(word[0], is_latin=is_latin), name)


def _in_one_script(word: str, *, is_latin: bool) -> str:
    if not SUSPECT.search(word):
        return word
    latin = len(LATIN_LETTER.findall(word))
    passing = sum(letter in LOOK_ALIKES for letter in word)
    if latin == 0:
        return word.translate(PASS_FOR_LATIN) if is_latin and passing == len(word) else word
    if latin + passing == len(word) or 2 * latin >= len(word):
        cyrillic = word.translate(PASS_FOR_CYRILLIC)
        mixed = len(CYRILLIC_LETTER.findall(word)) > latin and CYRILLIC_LETTER.fullmatch(
            cyrillic[0]
        )
        if not (mixed and len(CYRILLIC_LETTER.findall(cyrillic)) == len(word)):
            return word.translate(PASS_FOR_LATIN)
    return word.translate(PASS_FOR_CYRILLIC)


def romanised(name: str) -> str:
    """Write the scripts that have a table here in Latin letters; leave the others."""
    text = name
    if CYRILLIC_LETTER.search(text):
        text = text.lower()
        for pair, latin in CYRILLIC_PAIRS:
            text = text.replace(pair, latin)
        text = text.translate(CYRILLIC_LETTERS)
    if ARABIC.search(text):
        text = ARABIC.sub(_arabic, ARABIC_SERVANT.sub("abdul ", text))
    return HANGUL.sub(_hangul, text)


def script_of(name: str) -> int:
    """Tell how `name` is written: `HOLLOW` without short vowels: Arabic, Hebrew, Syriac."""
    if NO_VOWELS.search(name):
        return HOLLOW
    is_latin = all(LATIN_LETTER.match(char) for char in name if char.isalpha())
    return LATIN if is_latin else FOREIGN


def _arabic(word: re.Match[str]) -> str:
    text = ARABIC_ARTICLE.sub("al ", word[0])
    return text.translate(ARABIC_LETTERS)


def _hangul(word: re.Match[str]) -> str:
    syllables = word[0]
    is_name = 1 < len(syllables) <= HANGUL_NAME_MAX
    read = [_syllable(syllable) for syllable in syllables]
    if is_name:
        read[0] = HANGUL_FAMILY.get(syllables[0], read[0])
    return f" {(' ' if is_name else '').join(read)} "


def _syllable(syllable: str) -> str:
    first, rest = divmod(ord(syllable) - ord("가"), 21 * 28)
    vowel, last = divmod(rest, 28)
    parts = (HANGUL_FIRST[first], HANGUL_VOWEL[vowel], HANGUL_LAST[last])
    return "".join(part for part in parts if part != "-")
