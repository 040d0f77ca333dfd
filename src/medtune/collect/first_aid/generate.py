"""Questions about emergencies with their steps, drawn from situations.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from medtune.collect.synthetic.draw import Draw
from medtune.core.io import read_text
from medtune.detect.emergency_numbers import numbers_of

FILE = Path(__file__).with_name("situations.yaml")
ANY_NUMBER = "the local emergency number"
_TRIES = 200
"""Draws in a row that bring nothing new: then there is no more to draw."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Situation(_Part):
    """One emergency or small injury."""

    help: Literal["now", "no"] = "no"
    """`now`: life may be in danger, so the call for help is one of the first two steps."""
    questions: tuple[str, ...] = Field(min_length=1)
    steps: tuple[tuple[str, ...], ...] = Field(min_length=2)
    """In their order, each with wordings that mean the same."""
    after: tuple[str, ...] = Field(min_length=1)
    """What to watch for: the last step."""


class Situations(_Part):
    """The whole file."""

    written: date
    people: tuple[str, ...]
    openings: tuple[str, ...]
    endings: tuple[str, ...]
    call: tuple[str, ...]
    """Wordings of the call for help, with {number}."""
    situations: dict[str, Situation]


@dataclass(frozen=True)
class FirstAid:
    """One question with its answer."""

    number: int
    """Of its draw, from 1."""
    situation: str
    question: str
    answer: str


@cache
def load_situations() -> Situations:
    """What medtune brings."""
    values: Any = yaml.safe_load(read_text(FILE))
    return Situations.model_validate(values)


def generate(cases: int, seed: int, locale: str | None = None) -> Iterator[FirstAid]:
    """At most `cases` rows with distinct questions and distinct answers, in a seeded order.

    The first ones are the same however many are asked for. `locale` (ISO 3166) decides which emergency number is named.
    """
    known = load_situations()
    number_words = (numbers_of(locale) or (ANY_NUMBER,))[0]
    names = sorted(known.situations)
    questions: set[str] = set()
    answers: set[str] = set()
    number = missed = 0
    while len(answers) < cases and missed < _TRIES:
        number += 1
        draw = Draw(f"{seed}:first-aid:{number}")
        name = names[(number - 1) % len(names)]  # every situation as often as any other
        situation = known.situations[name]
        question, answer = _question(known, situation, draw), _answer(known, situation, draw, number_words)
        if question in questions or answer in answers:
            missed += 1
            continue
        missed = 0
        questions.add(question)
        answers.add(answer)
        yield FirstAid(number, name, question, answer)


def _question(known: Situations, situation: Situation, draw: Draw) -> str:
    person, text = draw.one(known.people), draw.one(situation.questions)
    told = text.replace("{who}", person if text.startswith("{who}") else person[0].lower() + person[1:])
    return f"{draw.one(known.openings)}{told} {draw.one(known.endings)}"


def _answer(known: Situations, situation: Situation, draw: Draw, number: str) -> str:
    steps = [draw.one(wordings) for wordings in situation.steps]
    if situation.help == "now":
        steps.insert(int(draw.chance(0.5)), draw.one(known.call).replace("{number}", number))
    steps.append(draw.one(situation.after))
    return "\n".join(f"{place}. {step}" for place, step in enumerate(steps, 1))
