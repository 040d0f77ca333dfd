"""Which language and script a text is written in.

The script decides first: it alone tells Japanese, Korean, Greek, Thai and others. Among languages of one script
py3langid decides (BSD-3-Clause, 4.6 MB with its model, numpy only; no network). Simplified and Traditional Chinese are
told apart by characters that only one of them uses. A short text in a script of many languages is `und`: no guess.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

VERSION = 1
"""Raised when the same text could get another language than before."""

THRESHOLDS: dict[str, float] = {
    # Fewer letters than this say too little where many languages share a script (design notes, section 2.6).
    "letters": 20,
    # Probability that the best language of the script must reach.
    "probability": 0.6,
    # Share of letters from which on a second script makes a text mixed.
    "second_script": 0.1,
}

_SCRIPTS = {
    "LATIN": "Latn", "CYRILLIC": "Cyrl", "CJK": "Hani", "HIRAGANA": "Jpan", "KATAKANA": "Jpan", "HANGUL": "Kore",
    "ARABIC": "Arab", "HEBREW": "Hebr", "GREEK": "Grek", "THAI": "Thai", "DEVANAGARI": "Deva", "ARMENIAN": "Armn",
    "GEORGIAN": "Geor", "BENGALI": "Beng", "TAMIL": "Taml", "TELUGU": "Telu", "GUJARATI": "Gujr", "KANNADA": "Knda",
    "MALAYALAM": "Mlym", "GURMUKHI": "Guru", "ETHIOPIC": "Ethi", "KHMER": "Khmr", "LAO": "Laoo", "MYANMAR": "Mymr",
    "SINHALA": "Sinh",
}  # fmt: skip
"""First word of a character's Unicode name to the script's ISO 15924 code."""

_ONE_LANGUAGE = {
    "Jpan": "ja", "Kore": "ko", "Grek": "el", "Thai": "th", "Armn": "hy", "Geor": "ka", "Taml": "ta", "Telu": "te",
    "Gujr": "gu", "Knda": "kn", "Mlym": "ml", "Guru": "pa", "Khmr": "km", "Laoo": "lo", "Mymr": "my", "Sinh": "si",
    "Beng": "bn", "Hebr": "he", "Ethi": "am",
}  # fmt: skip
_CANDIDATES = {
    "Latn": "en es fr de it pt nl sv da no fi is pl cs sk sl hr hu ro tr vi id sq et lv lt eu ca gl cy ga sw tl af",
    "Cyrl": "ru uk bg be sr mk kk mn",
    "Arab": "ar fa ur",
    "Deva": "hi mr ne",
}
_SIMPLIFIED = frozenset(
    "这个们为么说会过还没对发时种动学开关长车东马鸟门问间见现观医药压疗头脸颈脑肿块轻检验诊断严紧张气湿热凉换净干请让给线缠绷带创伤应该处无数后来别实际将"
)
_TRADITIONAL = frozenset(
    "這個們為麼說會過還沒對發時種動學開關長車東馬鳥門問間見現觀醫藥壓療頭臉頸腦腫塊輕檢驗診斷嚴緊張氣濕熱涼換淨乾請讓給線纏繃帶創傷應該處無數後來別實際將"
)


@dataclass(frozen=True, slots=True)
class Language:
    """`code` as in BCP 47 (`en`, `zh-Hant`, `und`), main `script`, `probability` of the code among its script's
    languages, and `mixed`: a second script has its share of the letters."""

    code: str
    script: str
    probability: float
    mixed: bool


UNDETERMINED = Language("und", "", 0.0, False)


@lru_cache(maxsize=1024)
def read_language(text: str) -> Language:
    """The main language of a text."""
    scripts = _scripts_of(text)
    letters = sum(scripts.values())
    if not letters:
        return UNDETERMINED
    script, most = scripts.most_common(1)[0]
    mixed = letters - most >= max(2, THRESHOLDS["second_script"] * letters)
    if script in _ONE_LANGUAGE:
        return Language(_ONE_LANGUAGE[script], script, 1.0, mixed)
    if script == "Hani":
        return _chinese(text, mixed)
    if script not in _CANDIDATES or most < THRESHOLDS["letters"]:
        return Language("und", script, 0.0, mixed)
    ranked = dict(_identifier(script).rank(text))
    code = max(ranked, key=lambda language: ranked[language])
    sure = float(ranked[code])
    return Language(code if sure >= THRESHOLDS["probability"] else "und", script, round(sure, 3), mixed)


def _scripts_of(text: str) -> Counter[str]:
    """Letters by script; kana make the Han characters beside them Japanese, which also counts as one script."""
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    if counts["Jpan"] and counts["Jpan"] * 10 >= counts["Hani"]:
        counts["Jpan"] += counts.pop("Hani", 0)
    return +counts


@lru_cache(maxsize=20_000)
def _script(letter: str) -> str:
    return _SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0], "Zyyy")


def _chinese(text: str, mixed: bool) -> Language:
    simple = sum(letter in _ONLY_SIMPLIFIED for letter in text)
    traditional = sum(letter in _ONLY_TRADITIONAL for letter in text)
    told = simple + traditional
    if not told or simple == traditional:
        return Language("zh", "Hani", 1.0, mixed)
    code = "zh-Hans" if simple > traditional else "zh-Hant"
    return Language(code, "Hans" if simple > traditional else "Hant", round(max(simple, traditional) / told, 3), mixed)


_ONLY_SIMPLIFIED = _SIMPLIFIED - _TRADITIONAL
_ONLY_TRADITIONAL = _TRADITIONAL - _SIMPLIFIED


@cache
def _identifier(script: str) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_CANDIDATES[script].split())
    return identifier
