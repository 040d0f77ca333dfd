"""Kind `paragraph`: one paragraph of prose: no headings, no lists, no labels, no markup."""

import re
from typing import Literal

from pydantic import Field

from medtune.tasks.contracts.spec import Contract, count_units
from medtune.tasks.result import Form, Problem, quoted

BODY = "paragraph"
"""Name of the only part."""

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+\S.*|\*\*[^*\n]+\*\*\s*:?\s*)$|^\s*[A-Z][\w /]{2,30}:\s*$", re.MULTILINE)
_ITEM = re.compile(r"^\s*(?:[-*•‣]|\(?\d{1,2}[.)])\s+\S", re.MULTILINE)
_LABEL = re.compile(r"^\s*(?:\*\*)?[A-Z][A-Za-z /]{2,30}(?:\*\*)?:(?:\*\*)?\s+\S", re.MULTILINE)
"""One such line may be a sentence with a colon; several are a form."""
_MARKUP = re.compile(r"</?[A-Za-z][^<>\n]{0,80}>|```|^\s*\||^\s*[{\[]", re.MULTILINE)
_ENDED = re.compile(r"[.!?。！？][\"'”’)\]]*\s*$")


class ParagraphContract(Contract):
    """One paragraph of prose."""

    kind: Literal["paragraph"]
    """One paragraph of prose."""
    min_words: int = Field(ge=1)
    """A paragraph with fewer words (or Chinese characters) is too short."""
    max_words: int = Field(ge=1)
    """A longer one is no summary."""


def check(contract: ParagraphContract, text: str) -> Form:
    """One block of sentences that ends as a sentence does."""
    body = text.replace("\r\n", "\n").strip()
    words = count_units(body)
    if words == 0:
        return Form((Problem("empty", "nothing is said"),), {})
    problems = []
    if words < contract.min_words:
        problems.append(Problem("too_short", f"{words} words, at least {contract.min_words} are wanted", quoted(body)))
    if words > contract.max_words:
        problems.append(Problem("too_long", f"{words} words, at most {contract.max_words} are wanted", quoted(body)))
    if parted := _BLANK_LINE.search(body):
        problems.append(Problem("several_paragraphs", "more than one paragraph", quoted(body[parted.end() :])))
    for name, pattern, reason in (
        ("heading", _HEADING, "a heading stands in it"),
        ("list", _ITEM, "a list stands in it"),
        ("markup", _MARKUP, "tags, tables, code or JSON stand in it"),
    ):
        if found := pattern.search(body):
            problems.append(Problem(name, reason, quoted(found.group())))
    labels = _LABEL.findall(body)
    if len(labels) > 1:
        problems.append(Problem("label", f"{len(labels)} lines begin with a label", quoted(labels[0])))
    if not _ENDED.search(body):
        problems.append(Problem("no_end", "it does not end as a sentence does", quoted(body[-60:])))
    return Form(tuple(problems), {BODY: body})
