"""Folding and splitting text; what several rooms must do in the same way."""

import re
import unicodedata

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])")
_MEDQUAD_PLURAL = re.compile(r"^(What|Who|How) (is|are|was|were|does|do) \((?:are|is|were|was|do|does)\) ")
_SPACE_BEFORE_MARK = re.compile(r"\s+([?!])")
_ABBREVIATIONS = (
    "e.g.", "i.e.", "etc.", "vs.", "dr.", "mr.", "mrs.", "ms.", "st.", "fig.", "no.", "approx.", "u.s.", "al.", "ca.",
)  # fmt: skip


def fold(text: str) -> str:
    """NFKC, lower case, single spaces, stripped: two texts that fold alike count as the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def tidy_question(question: str) -> str:
    """MedQuAD's generated questions: `What is (are) Asthma ?` reads `What is Asthma?`."""
    return _SPACE_BEFORE_MARK.sub(r"\1", _MEDQUAD_PLURAL.sub(r"\1 \2 ", question))


def sentences(text: str) -> list[str]:
    """Split prose into sentences; common abbreviations and single initials do not end one."""
    found: list[str] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        head = text[start : match.start()]
        words = head.split()
        if words and _is_abbreviation(words[-1]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _is_abbreviation(word: str) -> bool:
    bare = word.lstrip("\"'([").casefold()
    return bare in _ABBREVIATIONS or (len(bare) == 2 and bare[0].isalpha() and bare[1] == ".")
