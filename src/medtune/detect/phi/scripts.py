"""Names in other scripts than Latin: by lists, titles and, without spaces, by family and given name in a row."""

import re
from collections.abc import Iterator

from medtune.detect.phi.found import Found
from medtune.detect.phi.lists import Lists

_OTHER = re.compile(r"[\u0370-\u03ff\u0400-\u052f\u0530-\u1fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SPACED = re.compile(
    r"[\u0370-\u03ff\u1f00-\u1fff\u0400-\u052f\u0530-\u109f\u10a0-\u10ff\u1200-\u137f]+(?:[-'’][\u0370-\u1fff]+)*"
)
_HAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2,}|[\uac00-\ud7af]{2,}")
_TITLES = frozenset(
    {
        "господин",
        "госпожа",
        "г-н",
        "г-жа",
        "доктор",
        "др",
        "д-р",
        "пан",
        "пані",
        "пациент",
        "пациентка",
        "больной",
        "больная",
        "профессор",
        "κύριος",
        "κυρία",
        "κ",
        "κα",
        "δρ",
        "ασθενής",
        "السيد",
        "السيدة",
        "الدكتور",
        "الدكتورة",
        "د",
        "المريض",
        "المريضة",
        "דר",
        "מר",
        "גברת",
        "הרופא",
        "המטופל",
        "श्री",
        "श्रीमती",
        "डॉ",
        "रोगी",
        "คุณ",
        "นาย",
        "นาง",
    }
)
_HAN_AFTER = re.compile(r"(?:先生|女士|小姐|医生|醫生|さん|様|さま|氏|君|씨|님|환자)")
_HAN_BEFORE = re.compile(r"(?:患者|病人|姓名[:：]?|名前[は:：]?|氏名[:：]?|환자|이름[은:：]?)\s?$")


def foreign_names(text: str, lists: Lists) -> Iterator[Found]:
    """Names in Greek, Cyrillic, Arabic, Hebrew, Indic, Thai, Han, Kana and Hangul."""
    if text.isascii() or not _OTHER.search(text):
        return
    tokens = [(m.start(), m.end(), m.group().casefold()) for m in _SPACED.finditer(text)]
    index = 0
    while index < len(tokens):
        start, end, word = tokens[index]
        titled = index > 0 and tokens[index - 1][2].rstrip(".") in _TITLES
        first = word in lists.foreign_given
        known = first or word in lists.foreign_family
        pair = (
            index + 1 < len(tokens)
            and text[end : tokens[index + 1][0]] == " "
            and (tokens[index + 1][2] in lists.foreign_given or tokens[index + 1][2] in lists.foreign_family)
        )
        if pair and (known or titled):
            yield Found(start, tokens[index + 1][1], "name", 0.8)
            index += 2
            continue
        follows = index + 1 < len(tokens) and text[end : tokens[index + 1][0]] == " "
        capital = text[start].isupper() and follows and text[tokens[index + 1][0]].isupper()
        if titled or (first and capital):
            index += 1 + capital
            yield Found(start, tokens[index - 1][1], "name", 0.75)
            continue
        if first and len(word) > 2 and (text[start].isupper() or not text[start].islower()):
            yield Found(start, end, "name", 0.55)
        index += 1
    for match in _HAN.finditer(text):
        yield from _han(text, match, lists)


def _han(text: str, run: "re.Match[str]", lists: Lists) -> Iterator[Found]:
    """Family name and given name in one row of characters; a title behind or a word before makes it sure."""
    place = run.start()
    while place < run.end() - 1:
        size = _han_size(run.group()[place - run.start() :], lists)
        cued = _HAN_BEFORE.search(text[max(0, place - 6) : place]) is not None
        after = _HAN_AFTER.match(text, place + size) if size else None
        if size and (size > 1 or cued or after):
            yield Found(place, place + size, "name", 0.8 if cued or after else 0.55)
        elif cued:
            size = min(3, run.end() - place)
            yield Found(place, place + size, "name", 0.7)
        place += max(size, 1)


def _han_size(rest: str, lists: Lists) -> int:
    for family in (2, 1):
        if rest[:family] in lists.foreign_family or (
            family == 1 and rest[:1] in "王李张刘陈杨黄赵吴周徐孙马朱김이박최정강조윤장임"
        ):
            for given in (3, 2, 1):
                if len(rest) >= family + given and rest[family : family + given] in lists.foreign_given:
                    return family + given
    return 0
