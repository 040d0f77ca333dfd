"""Names of people in Latin script: by titles, by what stands around them and by lists of given and family names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from medtune.detect.phi.found import Found
from medtune.detect.phi.lists import Lists, strip_accents

_CAP = r"(?:[^\W\d_a-zß-öø-ÿ](?:\.(?:[A-Z]\.)*)?(?![^\W\d_])|[^\W\d_a-zß-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*)"
_PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|dos|la|le|ten|ter|bin|ibn|al|el|af|zu|y|e|of)"
_RUN = re.compile(rf"(?<![\w@/.-])(?:{_CAP}\.?)(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_CAP}){{0,7}}")
_TOKEN = re.compile(rf"{_CAP}")
TITLES = frozenset(
    {
        "dr",
        "doctor",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "prof",
        "professor",
        "sir",
        "dame",
        "lady",
        "lord",
        "rev",
        "reverend",
        "fr",
        "sr",
        "nurse",
        "sister",
        "herr",
        "frau",
        "mme",
        "mlle",
        "señor",
        "señora",
        "sra",
        "don",
        "doña",
        "signor",
        "signora",
        "capt",
        "sgt",
    }
)
_DOTTED_TITLES = frozenset({"dr", "mr", "mrs", "ms", "mx", "prof", "sra", "mme", "mlle"})
_WHOLE_TITLES = _DOTTED_TITLES | {"doctor", "miss", "professor", "herr", "frau", "nurse", "midwife"}
HEADS = re.compile(
    r"(?:['’]s?)?(?:(?:[-–/]|\s+and\s+|\s+)[A-ZÀ-Ž][^\W\d_]*(?:['’]s)?){0,3}?"
    r"(?:\s+(?!(?:was|is|are|were|has|had|have|in|on|at|to|for|with|by|from|of|or|the|a|an|his|her|"
    r"who|as|said|took|needs|"
    r"needed|feels|felt|got|gets|via|after|before|failed|left|saw|and|but|not|did|does|will|should|"
    r"asks|asked|had|went)\b)"
    r"[a-z][^\W\d_]*(?:-\w+)?)?\s+(?:type\s+)?(?:disease|syndrome|sign|"
    r"test|disorder|phenomenon|palsy|"
    r"Loop|Lane|Drive|Court|Square|Plaza|Terrace|Crescent|Mews|Street|Avenue|Road|Mall|Flats?|Gateway|"
    r"reflex|criteria|score|scale|classification|contracture|tumou?r|sarcoma|lymphoma|thyroiditis|"
    r"dementia|ulcer|fracture|canal|"
    r"duct|gland|node|triad|tetralogy|law|method|procedure|operation|maneuver|manoeuvre|catheter|"
    r"solution|stain|cell|body|bodies|"
    r"anemia|anaemia|ataxia|chorea|dystrophy|esophagus|oesophagus|encephalopathy|nephropathy|"
    r"neuropathy|retinopathy|"
    r"cardiomyopathy|arteritis|granulomatosis|macroglobulinemia|cyst|diverticulum|hernia|abscess|"
    r"gangrene|purpura|fever|"
    r"virus|bacillus|bacterium|mutation|gene|protein|factor|antigen|antibody|malformation|anomaly|"
    r"deformity|complex|band|loop|"
    r"space|line|point|rule|index|formula|equation|angle|artery|muscle|nerve|ligament|fascia|"
    r"membrane|tube|tubes|valve|exercise|"
    r"exercises|diet|therapy|position|stage|grade|staging|type|variant|form|hyperplasia|dysplasia|"
    r"leukodystrophy|epilepsy|"
    r"encephalitis|nodule|nodules|spots?|lines?|rings?|aphasia|area|paralysis|monitor|agar|jaundice|"
    r"crisis|response|effect|"
    r"deficiency|foundation|association|society|institute|center|centre|hospital|clinic|university|"
    r"school|college|medical|fund|"
    r"research|health|county|street|avenue|road|award|prize|library|building|cancer|laboratory|act|"
    r"model|study|trial|patients?)s?\b",
)
_CUE = re.compile(
    r"(?:\b(?:named?|name(?:'s| is| was|:)|names?:|patient:|pt:|client:|mother:|father:|"
    r"signed(?: by)?:?|sincerely,?|regards,?|"
    r"dear|hi|hello|attn:?|attention:?|c/o|cc:|contact person:?|next of kin:?|nok:?|guardian:?|"
    r"surgeon:?|physician:?|provider:?|"
    r"attending:?|pcp:?|nurse:?|author:?|dictated by:?|reviewed by|signed off by|referred by|seen by|examined by|"
    r"performed by|prescribed by|ordered by|accompanied by|spoke (?:to|with)|speak (?:to|with)|"
    r"talked (?:to|with)|discussed with|"
    r"met with|i am|i'm|this is|my name|lives with|married to|husband|wife|spouse|partner|"
    r"son|daughter|mother|father|brother|sister|uncle|aunt|cousin|grandson|granddaughter|grandmother|"
    r"grandfather|roommate|"
    r"friend|neighbou?r|caregiver|carer|kid|baby|colleague|beneficiary|payee|to the order of)\s*,?\s+)$",
    re.I,
)
_PERSON = re.compile(
    r"(?:\b(?:patients?|pts?|male|female|man|woman|boy|girl|child|infant|newborn|toddler|"
    r"teen(?:ager)?|adult|lady|gentleman|"
    r"mother|father|year-old|year old|yo|y/o|y\.o\.|yr-old|\d+\s?[MF]|client|resident|case of|"
    r"notes? (?:of|for|on)|chart (?:of|for)|"
    r"like|specifically for|guidelines? for|plan for|regarding|re:|about|for)\s*(?:[,(:-]\s*)?\s*)$",
    re.I,
)
_PATIENT = re.compile(r"\b(?:patient|pt|client|resident|male|female|man|woman|boy|girl)\.?,?\s+$", re.I)
_CREDENTIAL = re.compile(
    r",?\s+(?:M\.?D\.?|D\.?O\.?|R\.?N\.?|N\.?P\.?|P\.?A\.?(?:-C)?|Ph\.?\s?D\.?|MBBS|FRCS|FRCP|LPN|"
    r"DDS|DPM|PharmD|MSW|LCSW|CNM|APRN|CRNA)(?![\w])"
)
_LAST_FIRST = re.compile(rf"(?<![\w-])(?P<l>{_CAP}),[ ](?P<f>{_CAP})(?P<m>[ ][A-Z]\.?(?![\w]))?")
_APPOSED = re.compile(
    r"\s*(?:,\s*(?:(?:a|an|who|whose|dob|mrn|age|aged|\d)|\d)|\((?:mrn|dob|id|ssn|age|\d|phone|tel|"
    r"email|m\b|f\b)|,?\s+(?:was|is|has|had|who|presented|reports|denies|complains|lives|works|said|"
    r"states|told|shouted|asked|called|wrote)\b)",
    re.I,
)
LONE = 0.3
"""Score of a listed given name that stands alone with nothing around it that speaks for a person: below what counts."""


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    folded: str
    initial: bool
    dotted: bool
    title: bool
    given: bool
    family: bool
    never: bool
    plain: bool
    """A word of ordinary or clinical English, or of a date, or of a place."""
    eponym: bool

    @property
    def unknown(self) -> bool:
        """Neither in a list nor an ordinary word."""
        return not (self.plain or self.eponym or self.initial or self.title)

    @property
    def listed(self) -> bool:
        """In a list of names and nothing else."""
        return (self.given or self.family) and not self.plain and not self.eponym


def names(text: str, lists: Lists) -> Iterator[Found]:
    """Names by rules and lists. A disease named after a person is none."""
    for match in _RUN.finditer(text):
        words = _words(text, match.start(), match.end(), lists)
        if words:
            yield from _of_run(text, words)
    for match in _LAST_FIRST.finditer(text):
        last = _word(match.start("l"), match["l"], lists)
        first = _word(match.start("f"), match["f"], lists)
        before = text[max(0, match.start() - 30) : match.start()]
        sure = last.family and first.given and not first.plain and not last.plain
        if (
            sure
            and (match["m"] or match["l"].isupper() or _CUE.search(before) or (not before.strip() and not first.family))
        ) or (first.given and last.family and _CUE.search(before)):
            yield Found(match.start(), match.end(), "name", 0.8)
    yield from _lower(text, lists)


def _words(text: str, start: int, end: int, lists: Lists) -> list[_Word]:
    return [_word(m.start(), m.group(), lists) for m in _TOKEN.finditer(text, start, end) if m.group()[0].isupper()]


def _word(start: int, token: str, lists: Lists) -> _Word:
    length, facts = _facts(token, lists)
    return _Word(start, start + length, *facts)


@lru_cache(maxsize=65_536)
def _facts(token: str, lists: Lists) -> tuple[int, tuple[str, bool, bool, bool, bool, bool, bool, bool, bool]]:
    """How many characters of a token are the word, and what is known of it, in the order of _Word's fields."""
    bare = re.sub(r"['’]s$|['’]$", "", token)
    folded = bare.casefold().rstrip(".")
    plain_letters = strip_accents(folded)
    parts = plain_letters.split("-")
    given = plain_letters in lists.given or folded in lists.given or all(part in lists.given for part in parts)
    family = plain_letters in lists.family or folded in lists.family or all(part in lists.family for part in parts)
    plain = (
        folded in lists.words
        or folded in lists.never
        or (plain_letters in lists.places and plain_letters not in lists.given)
    )
    return len(bare), (
        folded,
        len(folded) == 1 or (len(token) <= 6 and token.count(".") >= 1 and token.replace(".", "").isupper()),
        "." in token,
        folded in TITLES and token != "MS",
        given,
        family,
        folded in lists.never,
        plain,
        plain_letters in lists.eponyms or any(part in lists.eponyms for part in parts),
    )


def _of_run(text: str, words: list[_Word]) -> Iterator[Found]:
    """What one run of capitalised words holds."""
    index = 0
    before = text[max(0, words[0].start - 48) : words[0].start]
    while index < len(words):
        word = words[index]
        if word.title and index + 1 < len(words) and not _is_drug_title(text, word):
            stop = _person_end(text, words, index + 1, 4)
            if stop > index + 1 and _gap_ok(text, words, index, index + 1):
                yield Found(word.start, _end(text, words[stop - 1]), "name", 0.92)
                index = stop
                continue
        near = before if index == 0 else text[max(0, word.start - 48) : word.start]
        stop, score = _person(text, words, index, near)
        if stop > index:
            yield Found(word.start, _end(text, words[stop - 1]), "name", score)
            index = stop
        else:
            index += 1


def _is_drug_title(text: str, word: _Word) -> bool:
    return word.folded in {"fr", "sr", "don", "lady", "sister"} and text[word.end : word.end + 1] != "."


def _gap_ok(text: str, words: list[_Word], left: int, right: int) -> bool:
    gap = text[words[left].end : words[right].start]
    return gap == " " or (gap == ". " and (words[left].title or words[left].initial))


def _end(text: str, word: _Word) -> int:
    return word.end + (word.initial and text[word.end : word.end + 1] == "." and text[word.end - 1] != ".")


def _person_end(text: str, words: list[_Word], index: int, most: int) -> int:
    """Index after the last word that may belong to a name which begins at `index`."""
    stop = index
    while stop < len(words) and stop - index < most:
        word = words[stop]
        if word.never or word.title:
            break
        if stop > index and word.plain and not (word.given or word.family):
            break
        if stop > index and len(text[words[stop - 1].end : word.start]) > 12:
            break
        stop += 1
    return stop


def _person(text: str, words: list[_Word], index: int, before: str) -> tuple[int, float]:
    """Where a name that begins at `index` ends (index itself: none does), and how sure that is."""
    word = words[index]
    if word.never or word.title:
        return index, 0.0
    no_name = word.plain or word.eponym or _shouted(text, word)
    if _titled(before):
        return _person_end(text, words, index, 4), 0.9
    if word.initial:
        return _after_initial(text, words, index)
    stop = index if no_name and not (word.given or word.family) else _person_end(text, words, index, 4)
    if stop == index or _head(text, words[stop - 1]) or _head(text, word) or _organisation(text, words, stop):
        return index, 0.0
    unlisted = not any(w.plain or w.eponym or _shouted(text, w) for w in words[index:stop])
    if stop > index + 1 and unlisted and _PATIENT.search(before):
        return stop, 0.7
    told = _Told(cued=_CUE.search(before) is not None, person=_PERSON.search(before) is not None)
    full = None
    if index + 1 < len(words) and _gap_ok(text, words, index, index + 1):
        full = _with_initial(words, index, told) or _full_name(text, words, index, stop, told)
    return full or _by_surroundings(text, words, index, stop, told) or (index, 0.0)


def _titled(before: str) -> bool:
    """Whether the word before is a title; «doctor.» ends a sentence."""
    if not before[-1:].isspace():
        return False
    last = (before[-16:].split()[-1:] or [""])[0].casefold()
    return last in _WHOLE_TITLES or (last.endswith(".") and last[:-1] in _DOTTED_TITLES)


@dataclass(frozen=True)
class _Told:
    """Whether the words before announce a name, or a person."""

    cued: bool
    person: bool

    def __bool__(self) -> bool:
        return self.cued or self.person


def _after_initial(text: str, words: list[_Word], index: int) -> tuple[int, float]:
    """«J. Smith», «J. R. Smith»."""
    rest = words[index + 1 :]
    if rest and rest[0].family and not rest[0].plain and not _head(text, rest[0]):
        return index + 2, 0.75
    if len(rest) > 1 and rest[0].initial and rest[1].family and not _head(text, rest[1]):
        return index + 3, 0.75
    return index, 0.0


def _with_initial(words: list[_Word], index: int, told: _Told) -> tuple[int, float] | None:
    """«Anna S.», «Anna S. Smith», «Anna S Smith»."""
    word, following = words[index], words[index + 1]
    if not following.initial or not (word.given or (word.unknown and told.cued)) or (word.plain and not told):
        return None
    more = index + 2
    if more < len(words) and (words[more].family or words[more].unknown) and not words[more].plain:
        more += 1
    return (more, 0.84) if following.dotted or more > index + 2 or told else None


def _full_name(text: str, words: list[_Word], index: int, stop: int, told: _Told) -> tuple[int, float] | None:
    """A given and a family name in a row; with a word before that speaks for a person two family names will do."""
    word, following = words[index], words[index + 1]
    if _CREDENTIAL.match(text, words[stop - 1].end) and not any(w.plain and not w.given for w in words[index:stop]):
        return stop, 0.88
    both_eponyms = word.eponym and following.eponym
    if word.given and not word.plain and not following.plain and (not both_eponyms or told):
        if following.listed or following.family or following.unknown:
            return stop, 0.8 if following.family or following.given else 0.66
    elif following.never:
        return None
    elif word.given and following.family and word.plain != following.plain and not both_eponyms:
        return max(stop, index + 2), 0.68
    elif told and following.family and (word.given or (word.family and not (word.plain and following.plain))):
        return stop, 0.75
    return None


def _by_surroundings(text: str, words: list[_Word], index: int, stop: int, told: _Told) -> tuple[int, float] | None:
    """One word, or several that no list knows: what stands before and behind decides."""
    word, last = words[index], words[stop - 1]
    apposed = _APPOSED.match(text, last.end) is not None
    if told.cued and not word.plain and not _shouted(text, word) and (not word.eponym or apposed):
        return stop, 0.72
    if told.person and word.listed and (word.given or apposed):
        return stop, 0.7
    if word.given and not word.plain and not word.eponym and len(word.folded) > 2 and not _shouted(text, word):
        return index + 1, LONE
    return None


def _organisation(text: str, words: list[_Word], stop: int) -> bool:
    """«Conway Inc.», «Owens, Duran and Oneal»: firms are named after people, too."""
    return _FIRM.match(text, words[stop - 1].end) is not None


def _head(text: str, word: _Word) -> bool:
    return HEADS.match(text, word.end) is not None


def _shouted(text: str, word: _Word) -> bool:
    """In capitals, a lone word is more often an abbreviation than a name."""
    return text[word.start : word.end].isupper()


_FIRM = re.compile(r"[,.]?\s+(?:Inc|Corp|Corporation|Ltd|LLC|PLC|GmbH|Co|Company|Group|Partners|Holdings|& )\b")
_LOWER_CUE = re.compile(
    r"\b(?:mr|mrs|ms|dr|prof)\.? (?P<a>[^\W\d_]{2,}(?:['’-][^\W\d_]+)*(?: [^\W\d_]{2,})?)|"
    r"\bmy name(?:'s| is) (?P<b>[^\W\d_]{2,}(?: [^\W\d_]{2,})?)"
    r"|\b(?:named|name:|name is) (?P<c>[^\W\d_]{2,}(?: [^\W\d_]{2,})?)",
)


def _lower(text: str, lists: Lists) -> Iterator[Found]:
    """Names in lower case: after titles and words that announce one, and pairs of given and family name."""
    for match in _LOWER_CUE.finditer(text):
        group = match.lastgroup or "a"
        start, end = match.span(group)
        parts = match[group].split(" ")
        first, *rest = (strip_accents(part.casefold()) for part in parts)
        if group != "a" and first not in lists.given:
            continue
        if first in lists.never or (
            group == "a" and first in lists.words and first not in lists.family and first not in lists.given
        ):
            continue
        if rest and (rest[0] in lists.words or rest[0] in lists.never):
            end = start + len(parts[0])
        yield Found(match.start() if group == "a" else start, end, "name", 0.8)
    for word in set(text.split()) & lists.given_only:
        for match in re.finditer(
            rf"(?<![\w.@-]){re.escape(word)}(?: [a-z]\.?)? (?P<second>[^\W\d_]{{3,}}|[a-z]\b\.?)(?![\w@])", text
        ):
            second = match["second"]
            family = second in lists.family and second not in lists.words and second not in lists.eponyms
            if family or (len(second.rstrip(".")) == 1 and second.rstrip(".") not in "aio"):
                yield Found(match.start(), match.end(), "name", 0.65)
