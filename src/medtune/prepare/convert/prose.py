"""Whole sentences out of a web page's answer: headings, lists, questions, tables, links and boilerplate stay out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from medtune.core.text import fold, sentences

MAX_CHARS = 300
"""A longer sentence is left out, never cut."""
_MIN_CHARS = 25
_ANSWER_CHARS = 5_000
_ANSWER_SENTENCES = 16
"""The beginning of an answer is enough for a short part; some answers have 29,000 characters."""

_BLOCK_GAP = re.compile(r"\n|[ \t]{3,}")
_FOOTNOTE = re.compile(
    r"(?<=[A-Za-z)][.,])\d{1,2}(?:[,-]\d{1,2})*(?=\s|$)|(?<=[a-z]{4})\d{1,2}(?=[.,]?(?:\s|$))|\s*\[\d{1,2}(?:[,-]\s?\d{1,2})*\]"
)
_LAST_MARK = re.compile(r"[.!][\"')\]”’]*$")
_ABOUT_THE_PAGE = re.compile(
    "|".join(
        (
            # the table of the Human Phenotype Ontology in GARD's answers
            r"human phenotype ontology|approximate number of patients|\borphanet\b|\bhpo\b|information on frequency",
            r"sign or symptom is usually listed|listed as a fraction|first number of the fraction|frequency of 25/25",
            r"based on a specific study|sign or symptom may be rare|frequency of a sign or symptom",
            # catalogues and institutes
            r"these resources|genetic testing registry|gene ?reviews?\b|medlineplus|medical dictionary|clinicaltrials",
            r"pubmed|\bomim\b|\b(?:ninds|nichd|niddk|nhlbi|niams|niaid|nci|nia|nei|gard|nih|nlm)\b",
            r"national (?:institutes?|library)",
            # addresses
            r"https?:|www\.|\b\w+\.(?:gov|org|com)\b|\S@\S|\b\(?\d{3}\)?[ -.]\d{3}-\d{4}\b|toll[- ]free",
            # pointers to other places of the page or site
            r"\bclick|\bweb ?(?:site|page)|\bhyperlink|\bvideos?\b|\bbrochure|\bfact sheet|\bpublication",
            r"more (?:detailed )?information|more (?:details|about)|additional information|learn more|read more",
            r"see also|please (?:see|note|visit)|(?:below|above)[.:,)]|previously (?:described|mentioned|discussed)",
            r"(?:listed|described|shown|discussed|given|provided|outlined|links?|table|list|see) (?:below|above)",
            r"\bfollowing\b[^.,;]{0,60}[.:]$|following (?:findings|signs|symptoms|features)|as follows|such as:",
            r"\bthis (?:section|page|summary|article|booklet|information)\b|key points\b|frequently asked|more on:",
            r"what are the signs|\bfigure \d|\btable \d|\bet al\b|find a specialist|locate an expert",
            # what every page of a site repeats word for word
            r"risk factor does not mean|anything that increases your|removal of cells or tissues so|if you think",
            r"have any of these|check with (?:a|your) doctor|tests and procedures may be used|are being tested",
            r"different types of treatment|types? of standard treatment|taking part|used to detect \(find\)",
            r"follow-up tests may|certain factors affect|^(?:get|learn|see|find|read|watch|visit|check|call|ask) ",
            r"clinical trial|called a risk factor|depending on these|\bcdc\b|private citizens|another family",
            r"in this family|the first patient|medical literature does not",
        )
    )
)
"""Searched in lower-cased sentences: twice as fast as ignoring case."""
_FIRST_PERSON = re.compile(r"\b(?:[Ww]e|[Oo]urs?|[Uu]s|I (?:am|have|had|was|need|should|can|could|will|do|may|know))\b")
_LEANS_ON_TEXT_BEFORE = re.compile(
    r"(?:however|but|and|or|also|in addition|additionally|furthermore|moreover|therefore|thus|hence|consequently|"
    r"for example|for instance|other|others|another|these|those|they|their|it|its|he|she|his|her|such|then|instead|"
    r"similarly|likewise|in contrast|by contrast|on the other hand|as a result|still|yet|so|nevertheless|"
    r"specifically|in particular|in fact|indeed|here|"
    r"there are (?:at least )?(?:two|three|four|five|several|many|different|\d+)|"
    r"this(?! (?:condition|disorder|disease|syndrome|cancer|tumou?r)\b)|"
    r"the (?:other|latter|former|second|third|first|gene|mutation|protein)|"
    r"(?:in )?(?:most|some|many|all|each|one|none|several|both|either|neither|any) of (?:these|this|them|those|the)|"
    r"(?:in|for|with|from|by|because of|due to|of|at|during|under) (?:these|this|such|those|other|addition|either)|"
    r"as (?:mentioned|noted|described|such|discussed)|again|next|finally|later|more recently|"
    r"(?:some|many|most|all|the) others?|type \w{1,3}|yes|no,)\b",
    re.IGNORECASE,
)
_ALSO = re.compile(
    r"^\S+(?: \S+){0,6} (?:also(?! (?:called|known|referred|termed|named))|too|another)\b", re.IGNORECASE
)
# "Symptoms Many people": a heading without a full stop, glued to its sentence by the page's conversion to text.
_GLUED_HEADING = re.compile(
    r"^(?:[A-Z][\w'’()/-]*[,:]?(?: (?:and|of|for|the|in|to|or|with|a|an|on|by|is|from|[A-Z][\w'’()/-]*[,:]?)){0,9} )"
    r"(?=(?:The|A|An|In|If|Many|Some|Most|People|There|This|These|It|You|Your|When|About|As|For|Because|Although|"
    r"While|Doctors?|Treatments?|Symptoms?|Signs?|Men|Women|Children|Not|One|Several|Research|Researchers|Having|"
    r"Scientists|Anyone|Both|After|Before|During|Early|Each|Other|Any|All|No|To) [a-z])"
)
_SAID_TWICE = re.compile(r"^(?P<name>\S+(?: \S+){0,5}) (?=(?P=name) )", re.IGNORECASE)
_HEADING_ENDS_LIKE_SENTENCE = re.compile(r"^(?:[\w'’-]+ ){1,6}(?P<word>[A-Z][a-z]{3,}) (?=(?P=word) [a-z])")
_SMALL_WORDS = frozenset("and of for the in to or with a an on by is from & vs".split())  # noqa: SIM905 (reads as text)
# Damage by the source's own conversion: a torn ligature, a list run into a line, two sentences run together.
_DAMAGED = re.compile(
    r"\b\w*(?:ffi|fi|fl)\b (?=[a-z])|\s-\s.*\s-\s|[.!?:] - |[*•·|_<>{}]|\s[,.;]|[a-z][.?!][A-Z][a-z]"
    r"|[a-z]{3,}[A-Z][a-z]|\.\.|…|--|: [A-Z][a-z]"
    r"|\b(?:childs|bodys|womans|babys|doesnt|dont|isnt|arent|cant|persons (?:own|body|risk))\b"
)
_WORD = re.compile(r"[a-z]+")
_LONG_WORD = re.compile(r"[a-z]{4,}")
_RARE, _COMMON = 10, 15


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer; `place` counts all its sentences, so that neighbours can be told."""

    text: str
    place: int
    opens: bool
    """Whether it can stand first: it points to nothing that was said before."""
    words: frozenset[str]
    """Its longer words: what two sentences that say the same have in common."""


class Vocabulary:
    """Counts of the words of all answers: tells two words that lost the dash between them (`infertilitythe`)."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        for text in texts:
            self._counts.update(_WORD.findall(text[:_ANSWER_CHARS]))

    def looks_glued(self, sentence: str) -> bool:
        """Whether a rare word of the sentence is two common ones in a row."""
        return any(self._is_glued(word) for word in _WORD.findall(sentence) if len(word) >= 6)

    def _is_glued(self, word: str) -> bool:
        if self._counts[word] > _RARE:
            return False
        return any(
            self._counts[word[:cut]] >= _COMMON and self._counts[word[cut:]] >= _COMMON
            for cut in range(3, len(word))
            if len(word) - cut > 2 or word[cut:] in _SMALL_WORDS
        )


def clean_sentences(answer: str, topic: str, vocabulary: Vocabulary) -> list[Sentence]:
    """The sentences of an answer that can stand in a paragraph, in order."""
    found: list[Sentence] = []
    name = fold(topic)
    for place, (text, prose) in enumerate(_pieces(answer[:_ANSWER_CHARS])):
        if not prose or not _MIN_CHARS <= len(text) <= 2 * MAX_CHARS:
            continue
        names_topic = text[: len(name)].casefold() == name
        tidy = _SAID_TWICE.sub("", text) if names_topic else _without_heading(text)
        if is_usable(tidy, name) and not vocabulary.looks_glued(tidy):
            found.append(Sentence(tidy, place, names_topic or not _leans(tidy), _long_words(tidy)))
            if len(found) == _ANSWER_SENTENCES:
                break
    return found


def _leans(sentence: str) -> bool:
    return bool(_LEANS_ON_TEXT_BEFORE.match(sentence) or _ALSO.match(sentence))


def is_usable(sentence: str, topic: str) -> bool:
    """Whether a sentence is whole, undamaged and about the matter rather than about the page; `topic` is folded."""
    if not _MIN_CHARS <= len(sentence) <= MAX_CHARS or not _LAST_MARK.search(sentence):
        return False
    if not (sentence[0].isupper() or sentence[0].isdigit() or sentence[: len(topic)].casefold() == topic):
        return False
    if sentence.count("(") != sentence.count(")") or sentence.count('"') % 2:
        return False
    if _ABOUT_THE_PAGE.search(sentence.lower()) or _FIRST_PERSON.search(sentence) or _DAMAGED.search(sentence):
        return False
    return not _starts_with_heading(sentence, topic)


def _long_words(text: str) -> frozenset[str]:
    return frozenset(_LONG_WORD.findall(text.lower()))


def says_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two sentences share nearly all of their longer words."""
    return bool(one and other) and len(one & other) >= 0.7 * min(len(one), len(other))


def _pieces(answer: str) -> Iterator[tuple[str, bool]]:
    """Each sentence of each block, and whether it is prose (a list's items are not)."""
    for block in _BLOCK_GAP.split(_FOOTNOTE.sub("", answer)):
        text = " ".join(block.split())
        if text:
            prose = not text.startswith(("-", "*", "•"))
            for sentence in sentences(text):
                yield sentence, prose


def _without_heading(sentence: str) -> str:
    """Take off a heading that was glued to the front, where its end can be told."""
    text = _GLUED_HEADING.sub("", sentence)
    return _SAID_TWICE.sub("", _HEADING_ENDS_LIKE_SENTENCE.sub("", text)).strip()


def _starts_with_heading(sentence: str, topic: str) -> bool:
    """Whether it starts with a run of capitalised words that are no part of the topic: a heading's, most likely."""
    known = set(topic.split())
    capitals = 0
    for number, word in enumerate(sentence.split()):
        plain = word.strip("(),:;'\"’")
        if plain[:1].isupper() and plain[1:].islower():
            capitals += number > 0 and plain.casefold() not in known
        elif plain.lower() not in _SMALL_WORDS and not plain[:1].isupper():
            break
    return capitals >= 2
