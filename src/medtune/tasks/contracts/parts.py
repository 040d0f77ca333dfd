"""Kind `parts`: headings in order, each once, each with a body.

Only the form is looked at. A heading is a line that holds `**Heading**` and nothing else; naming the heading inside
a sentence does not count, so an answer cannot pass by mentioning the labels.
"""

import re
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from medtune.core.text import fold
from medtune.tasks.contracts.spec import Contract, count_words
from medtune.tasks.result import Form, Problem, quoted

_HEADING_LINE = re.compile(r"^\s*(?:\*\*\s*(?P<bold>[^*]+?)\s*\*\*\s*:?|#{1,6}\s+(?P<hash>\S.*?))\s*$")


class PartsContract(Contract):
    """Headings in order, each with a body."""

    kind: Literal["parts"]
    """Headings in order, each with a body."""
    parts: tuple[str, ...] = Field(min_length=1)
    """Headings of the answer, in order."""
    min_words: int = Field(ge=1)
    """A body with fewer words is too short."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({fold(part) for part in self.parts}) != len(self.parts):
            raise ValueError("each heading may stand only once")
        return self


@dataclass(frozen=True)
class _Section:
    heading: str
    line: str
    body: str
    spaced: bool
    """True when a blank line, or nothing, stands before the heading."""


def check(contract: PartsContract, text: str) -> Form:
    """Headings, layout and bodies; `parts` holds the body under each heading that was found."""
    preamble, sections = _split(text)
    known = [section for section in sections if section.heading in contract.parts]
    parts: dict[str, str] = {}
    for section in known:
        parts.setdefault(section.heading, section.body)
    problems = (
        *_headings(contract, known),
        *_layout(contract, preamble, sections),
        *_bodies(contract, parts),
    )
    return Form(problems, parts)


def _split(text: str) -> tuple[str, list[_Section]]:
    """Text before the first heading line, and one section for each heading line, known or not."""
    lines = text.replace("\r\n", "\n").split("\n")
    starts = [(number, match) for number, line in enumerate(lines) if (match := _HEADING_LINE.match(line))]
    if not starts:
        return text.strip(), []
    ends = [number for number, _ in starts[1:]] + [len(lines)]
    sections = []
    for (number, match), end in zip(starts, ends, strict=True):
        line = lines[number].strip()
        name = match["bold"] or match["hash"]
        sections.append(
            _Section(
                heading=name if line == f"**{name}**" else line,
                line=line,
                body="\n".join(lines[number + 1 : end]).strip(),
                spaced=number == 0 or not lines[number - 1].strip(),
            )
        )
    return "\n".join(lines[: starts[0][0]]).strip(), sections


def _headings(contract: PartsContract, known: list[_Section]) -> list[Problem]:
    """Each heading once, in order."""
    found = [section.heading for section in known]
    problems = [Problem("missing", f"no line **{part}**") for part in contract.parts if part not in found]
    for part in contract.parts:
        if (count := found.count(part)) > 1:
            problems.append(Problem("repeated", f"**{part}** stands {count} times", f"**{part}**"))
    first = list(dict.fromkeys(found))
    wanted = [part for part in contract.parts if part in first]
    if first != wanted:
        problems.append(Problem("order", f"the order is {', '.join(first)}", f"**{first[0]}**"))
    return problems


def _layout(contract: PartsContract, preamble: str, sections: list[_Section]) -> list[Problem]:
    """Nothing before the first heading, no other headings, a blank line between the parts."""
    problems = []
    if preamble:
        problems.append(Problem("preamble", "text stands before the first heading", quoted(preamble)))
    for section in sections:
        if section.heading not in contract.parts:
            problems.append(Problem("extra_heading", "a heading that the form does not have", quoted(section.line)))
        if not section.spaced:
            problems.append(Problem("no_blank_line", "no blank line before this heading", quoted(section.line)))
    return problems


def _bodies(contract: PartsContract, parts: dict[str, str]) -> list[Problem]:
    """Each body long enough, no two the same."""
    problems = []
    seen: dict[str, str] = {}
    for heading, body in parts.items():
        words = count_words(body)
        if words == 0:
            problems.append(Problem("empty", f"nothing stands under **{heading}**", f"**{heading}**"))
            continue
        if words < contract.min_words:
            reason = f"{words} words under **{heading}**, at least {contract.min_words} are wanted"
            problems.append(Problem("too_short", reason, quoted(body)))
        twin = seen.setdefault(fold(body), heading)
        if twin != heading:
            problems.append(Problem("same_body", f"**{twin}** and **{heading}** say the same", quoted(body)))
    return problems
