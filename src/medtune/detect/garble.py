"""Is a text garbled: empty, undecodable, looping, leaking control tokens, or a mix of scripts?

Only damage that shows in the letters is found. Fluent nonsense looks normal to every measure here: in a trial, wrong
first-aid advice compressed 1.6 times and had no repeated 4-grams. A text that is not garbled may still be wrong.
"""

import re
import unicodedata
import zlib
from collections import Counter
from dataclasses import dataclass
from operator import eq

VERSION = 1
"""Raised when the same text could be judged differently than before, thresholds apart."""

THRESHOLDS: dict[str, float] = {
    # Words in the longest run that says the same at least three times over. Good text: at most 6. Loops: 40 and more.
    "periodic_words": 12,
    # 1 - distinct / all 4-grams of words, in the worst stretch of 120 words: .33 at the 99th percentile of good text
    # (lists of symptoms are repetitive), at least .5 in loops.
    "repeated_4grams": 0.5,
    # Bytes over zlib bytes in the worst stretch of 600 bytes: 2.6 at the 99th percentile of good text, 3.28 at most;
    # sentence loops have a median of 3.24 over a whole answer, more in their worst stretch. Whisper's 2.4, made for
    # speech, calls 63 of the good answers below garbled.
    "zlib_ratio": 3.0,
    # Times that a unit of at most 8 characters follows itself without a space.
    "unit_repeats": 8,
    # Words that mix scripts (Greek letters beside others are normal in medicine), and scripts with a real share.
    "mixed_words": 3,
    "scripts": 3,
    "script_share": 0.05,
}
"""Good text: 3,997 MedQuAD answers without their boilerplate sentences; 7 of them are called garbled (0.2 %).
Loops: the design notes, section 2.6."""

_LEAKS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>"  # <|im_end|>, <|eot_id|>, <|user|>
    r"|</?(?:s|pad|unk|bos|eos|mask|start_of_turn|end_of_turn|think|tool_call)>"
    r"|<0x[0-9A-Fa-f]{2}>"
    r"|\[/?INST\]|<</?SYS>>"
    r"|\[(?:PAD|UNK|CLS|SEP|MASK)\]",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNIT = re.compile(r"([^\W_]\S{0,7}?)\1{" + str(int(THRESHOLDS["unit_repeats"]) - 1) + r",}")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MAX_PERIOD = 40
_RUN_REPEATS = 3
_WINDOW_WORDS = 120
_WINDOW_BYTES = 600
_FEWEST_BYTES = 200
_FEWEST_4GRAMS = 20
_SPAN_CHARS = 80


@dataclass(frozen=True)
class Garble:
    """What was found; `reason` and `span` belong to the first sign of damage, `figures` hold every measure."""

    garbled: bool
    reason: str
    span: str
    figures: dict[str, float]


def measure(text: str) -> Garble:
    """Measure one text. The signs are looked at in the order: empty, undecodable, leak, loop, scripts."""
    words = _WORD.findall(text.casefold())
    run_words, run_span = periodic_run(words)
    mixed, scripts = _scripts(text)
    figures = {
        "words": float(len(words)),
        "replacement_characters": float(text.count("\ufffd")),
        "zlib_ratio": round(zlib_ratio(text), 3),
        "repeated_4grams": round(repeated_4grams(words), 4),
        "periodic_words": float(run_words),
        "mixed_words": float(len(mixed)),
        "scripts": float(scripts),
    }
    reason, span = (
        _unreadable(text, words) or _leak(text) or _loop(text, words, figures, run_span) or _script_mix(figures, mixed)
    ) or ("", "")
    return Garble(garbled=bool(reason), reason=reason, span=_quote(span), figures=figures)


def find_leak(text: str) -> str:
    """The first control token, template marker or control character that a reader should never see; else empty."""
    match = _LEAKS.search(text) or _CONTROL.search(text)
    return match.group() if match else ""


def zlib_ratio(text: str) -> float:
    """Bytes over zlib bytes in the stretch of 600 bytes that compresses best; 0 for fewer than 200 bytes."""
    data = text.encode("utf-8", "replace")
    if len(data) < _FEWEST_BYTES:
        return 0.0
    starts = range(0, max(1, len(data) - _WINDOW_BYTES + 1), _WINDOW_BYTES // 2)
    stretches = (data[start : start + _WINDOW_BYTES] for start in starts)
    return max(len(stretch) / len(zlib.compress(stretch)) for stretch in stretches)


def repeated_4grams(words: list[str]) -> float:
    """Share of 4-grams that occurred before, in the worst stretch of 120 words (0 to 1); 0 for fewer than 23 words."""
    starts = range(0, max(1, len(words) - _WINDOW_WORDS + 1), _WINDOW_WORDS // 2)
    return max(_repeated(words[start : start + _WINDOW_WORDS]) for start in starts)


def _repeated(words: list[str]) -> float:
    grams = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return 1 - len(set(grams)) / len(grams) if len(grams) >= _FEWEST_4GRAMS else 0.0


def periodic_run(words: list[str]) -> tuple[int, str]:
    """The longest run that says the same (at most 40 words) at least three times over: its length in words, and it."""
    best, span = 0, ""
    for period in range(1, min(_MAX_PERIOD, len(words) // _RUN_REPEATS) + 1):
        if sum(map(eq, words[period:], words)) < (_RUN_REPEATS - 1) * period:
            continue
        start = 0
        for index in range(period, len(words) + 1):
            if index < len(words) and words[index] == words[index - period]:
                continue
            length = index - start
            if length >= _RUN_REPEATS * period and length > best:
                best, span = length, " ".join(words[start:index])
            start = index - period + 1
    return best, span


def _unreadable(text: str, words: list[str]) -> tuple[str, str] | None:
    if not words:
        return "empty: no word in it", text
    if "\ufffd" in text:
        place = text.index("\ufffd")
        return "undecodable bytes (U+FFFD)", text[max(0, place - 30) : place + 30]
    return None


def _leak(text: str) -> tuple[str, str] | None:
    span = find_leak(text)
    return ("a control token or template marker", span if span.isprintable() else repr(span)) if span else None


def _loop(text: str, words: list[str], figures: dict[str, float], run_span: str) -> tuple[str, str] | None:
    limits = THRESHOLDS
    if figures["periodic_words"] >= limits["periodic_words"]:
        return f"a loop: {figures['periodic_words']:.0f} words repeat themselves", run_span
    if unit := _UNIT.search(text):
        return f"a loop: {unit.group(1)!r} again and again", unit.group()
    if figures["repeated_4grams"] >= limits["repeated_4grams"]:
        return f"{figures['repeated_4grams']:.0%} of its 4-grams are repetitions", _most_repeated(words)
    if figures["zlib_ratio"] > limits["zlib_ratio"]:
        return f"compresses {figures['zlib_ratio']:.2f} times: it repeats itself", text
    return None


def _script_mix(figures: dict[str, float], mixed: list[str]) -> tuple[str, str] | None:
    if figures["mixed_words"] >= THRESHOLDS["mixed_words"]:
        return f"{len(mixed)} words mix scripts", " ".join(mixed)
    if figures["scripts"] >= THRESHOLDS["scripts"]:
        return f"letters of {figures['scripts']:.0f} scripts", ""
    return None


def _most_repeated(words: list[str]) -> str:
    grams = Counter(" ".join(words[start : start + 4]) for start in range(len(words) - 3))
    return grams.most_common(1)[0][0]


def _scripts(text: str) -> tuple[list[str], int]:
    """Words of more than one script, and how many scripts have at least `script_share` of the letters."""
    if text.isascii():
        return [], 1 if any(character.isalpha() for character in text) else 0
    letters: Counter[str] = Counter()
    mixed = []
    for word in _WORD.findall(text):
        scripts = Counter(script for character in word if (script := _script(character)))
        letters.update(scripts)
        if len(scripts) > 1:
            mixed.append(word)
    total = sum(letters.values())
    return mixed, sum(count >= THRESHOLDS["script_share"] * total for count in letters.values())


def _script(character: str) -> str:
    """LATIN, CYRILLIC and so on from the character's Unicode name; empty for Greek, digits and marks."""
    if not character.isalpha():
        return ""
    if character.isascii():
        return "LATIN"
    first = unicodedata.name(character, "UNKNOWN").split(" ")[0]
    if first in {"GREEK", "MODIFIER", "FEMININE", "MASCULINE", "MICRO"}:
        return ""
    # Chinese and Japanese are written in several of these at once.
    return "CJK" if first in {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else first


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SPAN_CHARS else f"{flat[: _SPAN_CHARS - 1]}…"
