"""Words of a text with their offsets, contractions written out, and a light stemmer.

`nothing` becomes `no anything`, `don't` becomes `do not`: later rules then see one kind of negation only.
"""

import re
from dataclasses import dataclass

from medtune.detect.polarity.words import words_of

_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)+|[^\W_]+(?:['’-][^\W_]+)*"  # 0.5, 1,000, don't, mouth-to-mouth
    r"|[.!?…]+|[,;:()\[\]\"“”?]|[—–]|(?<=\s)-+(?=\s)"
)
PUNCTUATION = frozenset(',;:.!?()[]"“”—')

_WHOLE = {
    "cannot": ("can", "not"), "nothing": ("no", "anything"), "nobody": ("no", "anybody"), "dont": ("do", "not"),
    "doesnt": ("do", "not"), "cant": ("can", "not"), "shouldnt": ("should", "not"), "mustnt": ("must", "not"),
    "won't": ("will", "not"), "can't": ("can", "not"), "shan't": ("shall", "not"), "ain't": ("is", "not"),
    "let's": ("let", "us"), "don'ts": ("do", "not"), "donts": ("do", "not"), "dos": ("do",), "no-one": ("no", "one"),
}  # fmt: skip
_TAILS = {"'re": "are", "'ll": "will", "'ve": "have", "'d": "would", "'m": "am"}
_IS = words_of("it that there what he she here who this")

LEMMAS = {
    form: lemma
    for lemma, forms in {
        "be": "is are was were been being am", "have": "has had having", "do": "does did done doing",
        "give": "gave given", "take": "took taken", "make": "made", "keep": "kept", "leave": "left", "hold": "held",
        "go": "went gone goes", "get": "got gotten", "say": "said", "tell": "told", "think": "thought",
        "eat": "ate eaten", "drink": "drank drunk", "run": "ran", "sit": "sat", "stand": "stood", "bring": "brought",
        "feed": "fed", "feel": "felt", "lose": "lost", "see": "saw seen", "send": "sent", "shake": "shook shaken",
        "tear": "tore torn", "throw": "threw thrown", "wake": "woke woken", "wear": "wore worn", "lay": "laid lain",
        "lie": "lying lies lied", "begin": "began begun", "bleed": "bled", "break": "broke broken", "burn": "burnt",
        "choose": "chose chosen", "fall": "fell fallen", "forget": "forgot forgotten", "freeze": "froze frozen",
        "know": "knew known", "bend": "bent", "hear": "heard", "sleep": "slept", "bite": "bit bitten",
        "blow": "blew blown", "drive": "drove driven", "stick": "stuck", "teach": "taught", "write": "wrote written",
        "swell": "swollen swelled", "forbid": "forbade forbidden", "life": "lives", "dial": "dialling dialled",
        "swear": "swore sworn", "become": "became", "spit": "spat", "bind": "bound", "rise": "rose risen",
        "use": "using used uses", "tie": "tied ties tying", "die": "died dies dying", "find": "found", "mean": "meant",
        "kneel": "knelt", "show": "shown", "dig": "dug", "sting": "stung", "speak": "spoke spoken",
        "hide": "hid hidden", "ride": "rode ridden", "draw": "drew drawn",
    }.items()
    for form in forms.split()
}  # fmt: skip
_PAST = words_of(
    "gave given took taken made kept held went gone got gotten said told thought ate eaten drank drunk ran sat "
    "stood brought fed felt lost saw seen sent shook shaken tore torn threw thrown woke woken wore worn laid "
    "began begun bled broke broken burnt chose chosen fell fallen forgot forgotten froze frozen knew known "
    "bent heard slept bit dug stung bitten blew blown drove driven stuck taught wrote written done did had "
    "swollen torn spat bound found drawn drew left"
)
_NOT_ING = words_of("thing bring king ring sting string swing spring during evening anything something sling")
_NOT_ED = words_of("need feed bleed bed red seed exceed speed indeed med hundred proceed succeed weed")
_SUFFIXES = ("ication", "isation", "ization", "ement", "ment", "ion", "ance", "ure", "al")


@dataclass(frozen=True, slots=True)
class Token:
    """One word or mark: as written in lower case, its stem, its form, and its place in the text."""

    word: str
    stem: str
    form: str
    start: int
    end: int


def tokenise(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Tokens of `text[start:end]`; offsets count from the start of `text`."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        raw = match.group().lower().replace("’", "'")
        for word in _parts(raw):
            found.append(Token(word, stem(word), form(word), match.start(), match.end()))
    return found


def _parts(word: str) -> tuple[str, ...]:  # noqa: PLR0911 (the first case that applies)
    if not word[0].isalnum():
        return ("—",) if word[0] in "—–-" else (word[0],)
    if word in _WHOLE:
        return _WHOLE[word]
    if "'" not in word:
        return (word,)
    if word.endswith("n't"):
        return (word[:-3], "not")
    if word.endswith("'s"):
        return (word[:-2], "is") if word[:-2] in _IS else (word[:-2],)
    for tail, meant in _TAILS.items():
        if word.endswith(tail):
            return (word[: -len(tail)], meant)
    return (word,)


def form(word: str) -> str:
    """`ing`, `ed` (past or participle), `s` or `base`; told from the letters alone."""
    if word.endswith("ing") and len(word) > 4 and word not in _NOT_ING:
        return "ing"
    if word in _PAST or (word.endswith("ed") and len(word) > 3 and not word.endswith("eed") and word not in _NOT_ED):
        return "ed"
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        return "s"
    return "base"


def stem(word: str) -> str:
    """A stem that all inflections of a regular verb or noun share: apply, applied, application give `appli`."""
    word = LEMMAS.get(word, word)
    if len(word) <= 3 or not word.isalpha():
        return word
    if word.endswith("ly") and len(word) > 5 and word not in ("apply", "supply", "family", "reply"):
        word = word[:-2]
    kind = form(word)
    if kind == "ing":
        word = _undouble(word[:-3])
    elif kind == "ed" and word.endswith("ied"):
        word = word[:-3] + "y"
    elif kind == "ed" and word.endswith("ed"):
        word = _undouble(word[:-2])
    elif kind == "s":
        word = word[:-3] + "y" if word.endswith("ies") else word[:-1]
        if word.endswith(("she", "che", "sse", "xe", "oe")):
            word = word[:-1]
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            word = word[: -len(suffix)] + {"ication": "i", "isation": "is", "ization": "iz"}.get(suffix, "")
            break
    if word.endswith("y") and len(word) > 3:
        return word[:-1] + "i"
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def stems_of(text: str) -> frozenset[str]:
    """The stems of a line of data."""
    return frozenset(stem(word) for word in text.split())


def _undouble(word: str) -> str:
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsfz"
    return word[:-1] if doubled else word
