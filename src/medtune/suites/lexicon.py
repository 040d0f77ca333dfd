"""Concepts that answers are graded with: each a set of patterns, with own sentences that prove how they are read.

A pattern is a regular expression for the words of an action («press on the wound») in wide wording. `<name>` stands for
an entry of `words` (in the file, or in words.yaml for all), a space for any spacing, and `<..3>` for up to three more
words. Whether a text advises or forbids what a pattern finds is read by `detect.mentions`; the sentences of `tests` say
what must come out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from medtune.core.errors import DataError
from medtune.core.hashing import digest_json
from medtune.suites.locate import invalid, line_of, read_mapping

_LIBRARY = Path(__file__).parent / "lexicon"
_WORDS = "words"
_NAME = re.compile(r"<([a-z][a-z0-9-]*)>")
_GAP = re.compile(r"<\.\.(\d)> ?")
_PARTING = r"not|never|rather|instead|than|without|avoid\w*|but|nor|because|if|unless|until|when|\w+n['’]t"
_GAP_WORDS = rf"(?:(?!(?:{_PARTING})\b)[\w'’°%/()*_-]+[,:]?[\x20\t\xa0]+){{{{0,{{most}}}}}}?"
_SPACE = r"[\x20\t\xa0,*_]+"  # never a new line: list items and headings are texts of their own
_DEPTH = 4

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Tricky(BaseModel):
    """A sentence that a simple reader gets wrong."""

    model_config = _CONFIG

    says: Literal["advised", "prohibited", "conditional", "reported", "unclear", "absent"]
    """What must be read; `absent` when the concept is not in the sentence at all."""
    text: str = Field(min_length=4)
    """The sentence."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, values: Any) -> Any:
        """`- advised: Do not hesitate to call.`"""
        if isinstance(values, Mapping) and len(values) == 1:
            ((says, text),) = values.items()
            return {"says": says, "text": text}
        return values


class ConceptTests(BaseModel):
    """Own sentences of a concept."""

    model_config = _CONFIG

    advised: tuple[str, ...] = Field(min_length=5)
    """Each must be read as advice to do it."""
    prohibited: tuple[str, ...] = Field(min_length=5)
    """Each must be read as advice against it."""
    tricky: tuple[Tricky, ...] = Field(min_length=3)
    """Each says what must be read."""


class Concept(BaseModel):
    """Something that an answer may advise or forbid."""

    model_config = _CONFIG

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    """Unique in all lexicons that are used together."""
    title: str
    """What reports call it."""
    patterns: tuple[str, ...] = Field(min_length=1)
    """Regular expressions, their `<names>` written out; case does not matter."""
    tests: ConceptTests
    """Sentences that prove the patterns and the reader."""
    topic: str = ""
    """Of its file."""


@dataclass(frozen=True)
class Lexicon:
    """Concepts by id, and a digest of everything that can change a grade."""

    concepts: Mapping[str, Concept]
    digest: str

    def compiled(self, concept: str) -> tuple[re.Pattern[str], ...]:
        """The patterns of a concept. Raises KeyError for an unknown one: suites are checked when they are loaded."""
        return tuple(_compile(pattern) for pattern in self.concepts[concept].patterns)


@cache
def load_lexicon(extra: tuple[Path, ...] = ()) -> Lexicon:
    """What medtune brings, and a site's own files beside it.

    Raises DataError naming file and line: a concept that stands twice (a site cannot replace one of ours), an unknown
    `<name>`, a pattern that is no regular expression, too few test sentences.
    """
    shared = read_mapping(_LIBRARY / f"{_WORDS}.yaml", (_WORDS,), "word list")
    words = {str(item["name"]): str(item["pattern"]) for item in shared[_WORDS]}
    concepts: dict[str, Concept] = {}
    ours = [path for path in sorted(_LIBRARY.glob("*.yaml")) if path.stem != _WORDS]
    for path in (*ours, *extra):
        for number, concept in enumerate(_read(path, words, check=path in extra)):
            if concept.id in concepts:
                raise DataError(
                    f"the concept {concept.id!r} stands twice",
                    where=f"{path}:{line_of(path, ('concepts', number))}",
                    next_step=f"give it another id: {concept.id!r} belongs to {concepts[concept.id].topic}",
                )
            concepts[concept.id] = concept
    digest = digest_json({name: concept.model_dump(mode="json") for name, concept in concepts.items()})
    return Lexicon(concepts=concepts, digest=digest)


def _read(path: Path, shared: Mapping[str, str], *, check: bool) -> tuple[Concept, ...]:
    """The concepts of one file. `check`: compile the patterns now; ours are compiled on use and by the tests."""
    values = read_mapping(path, ("concepts",), "lexicon")
    words = {**shared, **{str(item["name"]): str(item["pattern"]) for item in values.get(_WORDS) or ()}}
    topic = str(values.get("topic", path.stem))
    raw: list[Any] = []
    for number, item in enumerate(values["concepts"]):
        if not isinstance(item, dict) or not isinstance(item.get("patterns"), list):
            raw.append(item)
            continue
        try:
            patterns = [expand(str(pattern), words) for pattern in item["patterns"]]
            if check:
                for pattern in patterns:
                    _compile(pattern)
        except (KeyError, re.error, RecursionError) as error:
            raise DataError(
                f"a pattern of the concept {item.get('id', number)!r} cannot be read: {error}",
                where=f"{path}:{line_of(path, ('concepts', number, 'patterns'))}",
                next_step="mend the regular expression; `<name>` must stand in `words`",
            ) from None
        raw.append({**item, "patterns": patterns, "topic": topic})
    try:
        return _File.model_validate({"concepts": raw}).concepts
    except ValidationError as error:
        raise invalid(path, values, error, "lexicon") from None


class _File(BaseModel):
    concepts: tuple[Concept, ...] = Field(min_length=1)


def expand(pattern: str, words: Mapping[str, str]) -> str:
    """Write out `<names>`, gaps and spaces. Raises KeyError for an unknown name, RecursionError for a circle."""
    for _ in range(_DEPTH):
        pattern = _NAME.sub(lambda match: f"(?:{words[match[1]]})", pattern)
    if _NAME.search(pattern):
        raise RecursionError(f"the words of {pattern!r} name each other")
    pattern = _GAP.sub(lambda match: _GAP_WORDS.format(most=match[1]), pattern)
    pattern = pattern.replace("[- ]", "[-\\s]").replace(" ?", "[\\x20\\t\\xa0,*_]*").replace(" ", _SPACE)
    return rf"\b(?:{pattern})\b"


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
