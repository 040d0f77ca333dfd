"""Kind `tags`: `<thinking>…</thinking><answer>…</answer>`, each once, in order, and nothing else around them."""

import re
from typing import Literal

from pydantic import Field

from medtune.core.text import fold
from medtune.tasks.contracts.spec import Contract, count_units, in_script
from medtune.tasks.result import Form, Problem, quoted

_SCRIPTS = {"latin": "Latin letters", "han": "Chinese characters", "hant": "Traditional Chinese"}


class TagsContract(Contract):
    """Tags in order, each with a body."""

    kind: Literal["tags"]
    """Tags in order, each with a body."""
    tags: tuple[str, ...] = Field(min_length=1)
    """Names of the tags, in order; the last one holds what a person reads."""
    min_words: int = Field(ge=1)
    """A body with fewer words (or Chinese characters) is too short."""
    script: Literal["any", "latin", "han", "hant"] = "any"
    """What most of the last body is written in; names of medicines and units may be in other letters. `hant` is `han`
    of which no more characters are Simplified Chinese only than Traditional only."""


def check(contract: TagsContract, text: str) -> Form:
    """Every tag opened and closed once, in order, nothing outside, each body long enough."""
    problems, places = _marks(contract, text)
    parts: dict[str, str] = {}
    if not problems:
        end = 0
        outside = ""
        for tag in contract.tags:
            start, close = places[tag]
            outside += text[end:start]
            parts[tag] = text[start + len(tag) + 2 : close].strip()
            end = close + len(tag) + 3
        outside += text[end:]
        if outside.strip():
            problems.append(Problem("outside", "text stands outside of the tags", quoted(outside)))
        problems += _bodies(contract, parts)
    return Form(tuple(problems), parts)


def _marks(contract: TagsContract, text: str) -> tuple[list[Problem], dict[str, tuple[int, int]]]:
    """What is wrong with the tags themselves, and where each one opens and closes."""
    problems = []
    places: dict[str, tuple[int, int]] = {}
    for tag in contract.tags:
        opened = [match.start() for match in re.finditer(re.escape(f"<{tag}>"), text)]
        closed = [match.start() for match in re.finditer(re.escape(f"</{tag}>"), text)]
        for found, mark in ((opened, f"<{tag}>"), (closed, f"</{tag}>")):
            if not found:
                problems.append(Problem("missing", f"no {mark}"))
            elif len(found) > 1:
                problems.append(Problem("repeated", f"{mark} stands {len(found)} times", mark))
        if len(opened) == len(closed) == 1:
            places[tag] = (opened[0], closed[0])
    order = [place for tag in contract.tags if tag in places for place in places[tag]]
    if order != sorted(order):
        problems.append(Problem("order", f"the tags are not in the order {', '.join(contract.tags)}"))
    return problems, places


def _bodies(contract: TagsContract, parts: dict[str, str]) -> list[Problem]:
    problems = []
    seen: dict[str, str] = {}
    for tag, body in parts.items():
        words = count_units(body)
        if words == 0:
            problems.append(Problem("empty", f"nothing stands in <{tag}>", f"<{tag}>"))
            continue
        if words < contract.min_words:
            reason = f"{words} words in <{tag}>, at least {contract.min_words} are wanted"
            problems.append(Problem("too_short", reason, quoted(body)))
        twin = seen.setdefault(fold(body), tag)
        if twin != tag:
            problems.append(Problem("same_body", f"<{twin}> and <{tag}> say the same", quoted(body)))
    last = parts[contract.tags[-1]]
    if count_units(last) and not in_script(last, contract.script):
        problems.append(
            Problem("script", f"<{contract.tags[-1]}> is not written in {_SCRIPTS[contract.script]}", quoted(last))
        )
    return problems
