"""Conversations for comparing prompts: every shape of roles with every kind of text that goes wrong somewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from medtune.llm.control import Control
from medtune.runs.records.collect import Turn

_LONG = (
    "A 67-year-old woman with type 2 diabetes, atrial fibrillation and chronic kidney disease (eGFR 38 mL/min/1.73 m²) "
    "takes metformin 500 mg twice daily, apixaban 2.5 mg twice daily and bisoprolol 1.25 mg in the morning. "
)
_TEXTS = {
    "plain": "Explain the medical term: asthma",
    "doses": "Amoxicillin 45 mg/kg/day ÷ 2, max. 1,750 mg; 0.9 % NaCl 500 mL i.v.\n\n"
    "- SpO₂ ≥ 94 %\n- 37,5 °C ± 0.2\n- 5 µg",
    "unicode": "café, naïve, e\u0301, 高血压的症状是什么？ β-blocker, Ω, "
    "Сахарный диабет, مرض السكري, 🫀👩🏽‍⚕️, a\u200bb\u00a0c",
    "spaces": "  Spaces at both ends,\n\n\n a\ttab,    four spaces,\r\n a line feed.  \n",
    "code": "**bold** `x = {'a': [1]}` {{ bos_token }} {% if a %} {# no #} \\n <b>5 < 6</b> 100% $x$ "
    "\"quoted\" 'single'",
    "empty": "",
    "long": _LONG * 6,
}
_SYSTEM = "You explain medical terms.\nAnswer in short paragraphs."
_ANSWER = "**Definition**\nA disease of the airways.\n\n**Note**\nAsk a doctor."
_MOST_MARKS = 24


@dataclass(frozen=True)
class Conversation:
    """One conversation that ends with a user's turn."""

    shape: str
    text: str
    """Name of the text that stands in it."""
    turns: tuple[Turn, ...]


def conversations(control: Control, used: Sequence[str] = ()) -> tuple[Conversation, ...]:
    """One to three turns, with and without system, each with each text; `control` text is made of the model's own.

    `used` are control tokens that are sure to be in it (those that the chat template writes).
    """
    found = []
    for name, text in {**_TEXTS, "control": control_text(control, used)}.items():
        user = Turn(role="user", content=text)
        answer = Turn(role="assistant", content=text if name == "control" else _ANSWER)
        for system in (False, True):
            for count in (1, 2, 3):
                turns = (*(Turn(role="system", content=_SYSTEM),) * system, *(user, answer) * (count - 1), user)
                found.append(Conversation("+".join(turn.role for turn in turns), name, turns))
    return tuple(found)


def control_text(control: Control, used: Sequence[str] = ()) -> str:
    """Words between control tokens and markers of a model, and what looks like them."""
    others = sorted(control.tokens - set(used))
    step = max(1, len(others) // _MOST_MARKS)
    marks = [*used, *sorted(control.markers), *others[::step][:_MOST_MARKS]]
    return "".join(f"a{mark}" for mark in marks) + " <0x0A> <|nobody|> [X] </b> a"
