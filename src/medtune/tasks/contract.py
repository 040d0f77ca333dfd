"""The output contract: does an answer have the task's parts, all of them, in order, each with a body?

Only the form is looked at. A heading is a line that holds `**Heading**` and nothing else; naming the heading inside
a sentence does not count, so an answer cannot pass by mentioning the labels.
"""

import re
from dataclasses import dataclass

from medtune.core.hashing import digest_json
from medtune.core.text import fold
from medtune.tasks.task import Task

CONTRACT_VERSION = 1
"""Raised when the same answer could be judged differently than before."""

_HEADING_LINE = re.compile(r"^\s*(?:\*\*\s*(?P<bold>[^*]+?)\s*\*\*\s*:?|#{1,6}\s+(?P<hash>\S.*?))\s*$")
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_SPAN_CHARS = 120


@dataclass(frozen=True)
class Problem:
    """One way in which an answer misses the contract; `span` quotes the words of the answer, if there are any."""

    name: str
    reason: str
    span: str = ""


@dataclass(frozen=True)
class ContractResult:
    """What became of one answer: `parts` holds the body under each heading that was found."""

    ok: bool
    problems: tuple[Problem, ...]
    parts: dict[str, str]


@dataclass(frozen=True)
class _Section:
    heading: str
    line: str
    body: str
    spaced: bool
    """True when a blank line, or nothing, stands before the heading."""


def contract_digest(task: Task) -> str:
    """Hex sha256 of what decides here: headings, shortest body and the version of these rules."""
    return digest_json({"version": CONTRACT_VERSION, "parts": list(task.parts), "min_words": task.min_words})


def check_contract(task: Task, text: str, finish_reason: str, source: str = "") -> ContractResult:
    """Check one answer; `finish_reason` is the server's (`stop`: the model ended its turn).

    `source` is the user turn: the document that answers of some tasks must keep to.
    """
    del source  # the parts of an explanation are judged by themselves
    preamble, sections = _split(text)
    known = [section for section in sections if section.heading in task.parts]
    parts: dict[str, str] = {}
    for section in known:
        parts.setdefault(section.heading, section.body)
    problems = (
        *_ending(finish_reason),
        *_headings(task, known),
        *_layout(task, preamble, sections),
        *_bodies(task, parts),
    )
    return ContractResult(ok=not problems, problems=problems, parts=parts)


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


def _ending(finish_reason: str) -> list[Problem]:
    if finish_reason == "stop":
        return []
    if finish_reason == "length":
        return [Problem("cut_off", "the answer was cut at the token limit: the model did not end its turn")]
    return [Problem("not_finished", f"the answer did not end by itself (finish reason: {finish_reason})")]


def _headings(task: Task, known: list[_Section]) -> list[Problem]:
    """Each heading once, in order."""
    found = [section.heading for section in known]
    problems = [Problem("missing", f"no line **{part}**") for part in task.parts if part not in found]
    for part in task.parts:
        if (count := found.count(part)) > 1:
            problems.append(Problem("repeated", f"**{part}** stands {count} times", f"**{part}**"))
    first = list(dict.fromkeys(found))
    wanted = [part for part in task.parts if part in first]
    if first != wanted:
        problems.append(Problem("order", f"the order is {', '.join(first)}", f"**{first[0]}**"))
    return problems


def _layout(task: Task, preamble: str, sections: list[_Section]) -> list[Problem]:
    """Nothing before the first heading, no other headings, a blank line between the parts."""
    problems = []
    if preamble:
        problems.append(Problem("preamble", "text stands before the first heading", _quote(preamble)))
    for section in sections:
        if section.heading not in task.parts:
            problems.append(Problem("extra_heading", "a heading that the form does not have", _quote(section.line)))
        if not section.spaced:
            problems.append(Problem("no_blank_line", "no blank line before this heading", _quote(section.line)))
    return problems


def _bodies(task: Task, parts: dict[str, str]) -> list[Problem]:
    """Each body long enough, no two the same."""
    problems = []
    seen: dict[str, str] = {}
    for heading, body in parts.items():
        words = len(_WORD.findall(body))
        if words == 0:
            problems.append(Problem("empty", f"nothing stands under **{heading}**", f"**{heading}**"))
            continue
        if words < task.min_words:
            reason = f"{words} words under **{heading}**, at least {task.min_words} are wanted"
            problems.append(Problem("too_short", reason, _quote(body)))
        twin = seen.setdefault(fold(body), heading)
        if twin != heading:
            problems.append(Problem("same_body", f"**{twin}** and **{heading}** say the same", _quote(body)))
    return problems


def _quote(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SPAN_CHARS else f"{flat[: _SPAN_CHARS - 1]}…"
