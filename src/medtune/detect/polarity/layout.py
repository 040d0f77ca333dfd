"""Splits a text into sentences and says what the header above each of them does to it.

A header is a line that ends with a colon, a markdown heading, a line in bold, or a label before a colon («Myth: …»).
«Do NOT:» turns its bullets round; the next header, or prose after the bullets, ends that.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from medtune.detect.polarity.headers import sign_of_header, sign_of_label
from medtune.detect.polarity.tokens import Token, tokenise
from medtune.detect.polarity.words import words_of

_LINE = re.compile(r"[^\n\r]+")
_MARKER = re.compile(r"(?:[-*+•–—·▪◦‣►>]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])(?=\s|\*)\s*", re.IGNORECASE)
_RULE = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\s*")
_SIGNS = {
    "❌": "neg",
    "✗": "neg",
    "✘": "neg",
    "🚫": "neg",
    "⛔": "neg",
    "✅": "pos",
    "✔": "pos",
    "✓": "pos",
    "☑": "pos",
}
_LABEL = re.compile(
    r"(?:(?<=^)|(?<=[.!?;]\s)|(?<=[.!?;]\*\*\s)|(?<=[.!?;]\s\*\*))[*_ ]*"
    r"([^\W\d][\w' \t\xa0’-]{0,44}?)[*_ ]*:[*_]*(?=\s|$)"
)
_END = re.compile(r"[.!?…]+[\"”')\]*_]*(?=\s|$)")
_ABBREVIATIONS = words_of("e.g i.e dr mr mrs ms st no approx vs fig u.s al ca etc")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens of one sentence; `scope` is pos, neg, myth, report, cond, situation, fact or empty; `item` if listed.

    `lead` holds the words of a header that the item completes: «Stop taking: / - fish oil».
    """

    tokens: tuple[Token, ...]
    scope: str
    item: bool
    question: bool
    opens: bool
    start: int
    end: int
    lead: tuple[Token, ...] = ()
    heading: bool = False


@dataclass(slots=True)
class _Header:
    indent: int
    marked: bool
    scope: str
    had_items: bool = False
    tokens: tuple[Token, ...] = ()


@lru_cache(maxsize=64)
def layout_of(text: str) -> tuple[Sentence, ...]:
    """Sentences in order; the last texts are remembered, so that many concepts cost one analysis."""
    return tuple(read_layout(text))


def read_layout(text: str) -> list[Sentence]:
    """Sentences in order."""
    lines = [(match.start(), match.group()) for match in _LINE.finditer(text) if match.group().strip(" \t*_-#")]
    stack: list[_Header] = []
    found: list[Sentence] = []
    previous_end = 0
    columns: list[str] = []
    for number, (offset, line) in enumerate(lines):
        if line.lstrip().startswith("|"):
            ruled = number + 1 < len(lines) and _RULE.fullmatch(lines[number + 1][1]) is not None
            cells = _cells(offset, line)
            if ruled:
                columns = [sign_of_header(text[begin:end].strip()) if begin < end else "" for begin, end in cells]
            for (begin, end), scope in zip(cells, columns, strict=False) if not ruled else ():
                found.extend(_line_sentences(text, begin, end, scope, True))
            continue
        start, indent, marked, sign = _open(offset, line)
        blank_before = text.count("\n", previous_end, offset) > 1
        previous_end = offset + len(line)
        _leave(stack, indent, marked, blank_before)
        content = text[start:previous_end]
        is_last = number == len(lines) - 1
        next_marked = not is_last and _open(*lines[number + 1])[2]
        header = _header_text(content, line, marked, is_last, next_marked)
        if header is not None:
            scope = sign_of_header(header)
            while stack and (stack[-1].indent > indent or (stack[-1].indent == indent and stack[-1].marked >= marked)):
                stack.pop()
            inherited = stack[-1].scope if stack and marked else ""
            tokens = tuple(tokenise(text, start, start + len(content.rstrip().rstrip(":*_ "))))
            stack.append(_Header(indent, marked, scope or inherited, tokens=tokens))
            if scope:
                if tokens:
                    found.append(Sentence(tokens, "", False, False, False, start, previous_end, heading=True))
                continue
        for owner in stack:
            owner.had_items = owner.had_items or marked
        scope = sign or (stack[-1].scope if stack and header is None else "")
        lead = stack[-1].tokens if stack and header is None else ()
        found.extend(_line_sentences(text, start, previous_end, scope, marked or bool(stack), lead=lead))
    return found


def _cells(offset: int, line: str) -> list[tuple[int, int]]:
    """Where the cells of a table row start and end."""
    bars = [offset + place for place, mark in enumerate(line) if mark == "|"]
    if not line.rstrip().endswith("|"):
        bars.append(offset + len(line))
    return [(begin + 1, end) for begin, end in pairwise(bars)]


def _open(offset: int, line: str) -> tuple[int, int, bool, str]:
    """Where the content starts, its indent, whether a bullet or number opens it, and the sign of a tick or cross."""
    body = line.lstrip(" \t")
    place = len(line) - len(body)
    indent, marked, sign = len(line[:place].expandtabs(4)), False, ""
    for _ in range(3):
        match = _MARKER.match(line, place)
        if match and not line.startswith("**", place):
            place, marked = match.end(), True
        rest = line[place:].lstrip("*_ \t")
        if rest and rest[0] in _SIGNS:
            sign, marked = _SIGNS[rest[0]], True
            place = len(line) - len(rest) + 1
            place += len(line[place:]) - len(line[place:].lstrip("\ufe0f \t"))
    return offset + place, indent, marked, sign


def _leave(stack: list[_Header], indent: int, marked: bool, blank_before: bool) -> None:
    """Prose after the bullets, or after a blank line, is no longer under the header; nor is a shallower bullet."""
    while stack:
        top = stack[-1]
        deeper = indent > top.indent or (marked and not top.marked and indent >= top.indent)
        ends_prose = not marked and (top.had_items or blank_before) and indent <= top.indent
        if ends_prose or (marked and not deeper) or (not marked and top.marked and indent <= top.indent):
            stack.pop()
        else:
            return


def _header_text(content: str, line: str, marked: bool, is_last: bool, next_marked: bool) -> str | None:
    """The words of a header line, or None if the line is no header."""
    bare = content.strip().strip("*_ ").rstrip()
    plain = bare.rstrip(":").strip("*_ ")
    if is_last or not plain:
        return None
    if line.lstrip().startswith("#") or bare.endswith(":"):
        return plain.lstrip("# ")
    whole_bold = re.fullmatch(r"\s*(\*\*|__)[^*_]+\1\s*", content) is not None
    if (whole_bold or next_marked or len(plain.split()) <= 4) and not plain.endswith((".", "?", ",", ";")):
        return plain.rstrip("!") if sign_of_label(plain.rstrip("!")) or (next_marked and not marked) else None
    return None


def _without_answer(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Without a «No —» or «Yes —» that answers what was asked: it turns nothing of what follows."""
    answered = len(tokens) > 2 and tokens[0].word in ("no", "nope", "yes") and tokens[1].word == "—"
    return tokens[2:] if answered else tokens


def _line_sentences(
    text: str, start: int, end: int, scope: str, item: bool, *, lead: tuple[Token, ...] = ()
) -> list[Sentence]:
    found: list[Sentence] = []
    pieces = _pieces(text, start, end)
    for number, (first, last, label) in enumerate(pieces):
        inner = label or (scope if number == 0 or not found else "")
        for count, (begin, stop) in enumerate(_sentence_bounds(text, first, last)):
            tokens = _without_answer(tuple(tokenise(text, begin, stop)))
            if not any(token.word[0].isalnum() for token in tokens):
                continue
            keeps = count == 0 or inner in ("pos", "myth", "report", "fact")
            question = text[begin:stop].rstrip("*_\"”') ").endswith("?")
            found.append(
                Sentence(tokens, inner if keeps else "", item, question, not found, begin, stop, () if found else lead)
            )
    return found


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """Parts of a line, cut before labels such as «Myth:», each with the label's scope; labels are left out."""
    cuts = [(m.start(), m.end(), sign_of_label(m.group(1))) for m in _LABEL.finditer(text[start:end])]
    cuts = [cut for cut in cuts if cut[2]]
    if not cuts:
        return [(start, end, "")]
    pieces = [(start, start + cuts[0][0], "")] if cuts[0][0] else []
    for (_, stop, sign), following in zip(cuts, [*(cut[0] for cut in cuts[1:]), end - start], strict=True):
        pieces.append((start + stop, start + following, sign))
    return pieces


def _sentence_bounds(text: str, start: int, end: int) -> list[tuple[int, int]]:
    bounds, begin = [], start
    for match in _END.finditer(text, start, end):
        head = text[begin : match.start()].split()
        word = head[-1].lower().lstrip("(\"'“*_") if head else ""
        numbered = word != "no" or text[match.end() : match.end() + 2].strip().isdigit()
        if (
            match.group().startswith(".")
            and numbered
            and (word in _ABBREVIATIONS or (word.isdigit() and len(head) == 1))
        ):
            continue
        bounds.append((begin, match.end()))
        begin = match.end()
    if text[begin:end].strip():
        bounds.append((begin, end))
    return bounds
