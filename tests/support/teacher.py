"""A teacher by script, over real HTTP: it fails one call in five, in six ways, and says for each prompt the same."""

import hashlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable

from medtune.llm.messages import Message
from medtune.llm.scripted import Answer, Garbage, Hang, Status, Step

WAYS = ("prose", "half", "language", "echo", "busy", "bytes")
"""Prose for the form, half an answer, another language, the prompt, HTTP 429 or 500, a hanging or garbled reply."""
_PARTS = ("Definition", "Explanation", "Clinical Relevance", "Note")
_GERMAN = (
    "Das ist eine Erkrankung, bei der sich die Wand eines Gefäßes entzündet und die Durchblutung der Haut dadurch "
    "über Wochen gestört bleibt, weshalb die Betroffenen häufig über Schmerzen klagen."
)
_SUBJECTS = ("patients", "children", "adults", "doctors", "nurses", "studies", "families", "clinics", "hospitals")
_VERBS = ("report", "describe", "notice", "measure", "compare", "watch", "record", "explain", "expect", "treat")
_THINGS = ("fever", "swelling", "pressure", "blood", "pain", "heart rate", "sleep", "appetite", "breathing", "weight")
_ENDS = (
    "in winter",
    "after a meal",
    "at night",
    "for some weeks",
    "during exercise",
    "before surgery",
    "every morning",
)


def number_of(text: str) -> int:
    """A number that only depends on the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def sentence(draw: random.Random) -> str:
    """An English sentence that few others equal."""
    words = [draw.choice(part) for part in (_SUBJECTS, _VERBS, _THINGS, _ENDS)]
    return f"Most {words[0]} {words[1]} {words[2]} of about {draw.randrange(1000)} units {words[3]}."


def four_parts(text: str) -> str:
    """An answer in the form of the task `terminology`, different for each text."""
    draw = random.Random(number_of(text))
    return "\n\n".join(f"**{part}**\n{sentence(draw)} {sentence(draw)}" for part in _PARTS)


def good(messages: list[Message]) -> str:
    """What this teacher says when it does what it is told."""
    user = messages[-1]["content"]
    if "Topics wanted:" in user:
        lines = dict(line.split(": ", 1) for line in user.splitlines())
        start = len(lines.get("There already", "").split("; ")) if "There already" in lines else 0
        wanted = int(lines["Topics wanted"])
        return json.dumps({"topics": [f"{lines['Category']} {start + number}" for number in range(wanted)]})
    if user.startswith("Topic: "):
        topic = user.splitlines()[0].removeprefix("Topic: ")
        return json.dumps({"question": f"Could you explain {topic} to me?", "answer": four_parts(user)})
    return four_parts(user)


class FlakyTeacher:
    """A script for ScriptedServer: prompts whose number is below `share` fail at first; `stubborn` ones always.

    `failures` counts in which way calls failed, `asked` the calls for each user turn, and `answered` the conversations
    that got a whole answer.
    """

    def __init__(
        self,
        *,
        share: float = 0.2,
        stubborn: float = 0.0,
        delay_s: float = 0.0,
        hang_s: float = 0.3,
        good: Callable[[list[Message]], str] = good,
    ) -> None:
        self.share, self.stubborn, self.delay_s, self.hang_s, self.good = share, stubborn, delay_s, hang_s, good
        self.failures: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, messages: list[Message]) -> Step:
        step = self._step(messages)
        if isinstance(step, Answer):
            with self._lock:
                self.answered[json.dumps(messages)] += 1
        return step

    def _step(self, messages: list[Message]) -> Step:
        user = messages[-1]["content"]
        with self._lock:
            self.asked[user] += 1
            count = self.asked[user]
        place = number_of(user) / 2**64
        if place >= self.share or (count > 1 and place >= self.stubborn):
            return Answer(self.good(messages), self.delay_s)
        way = WAYS[number_of(f"way {user}") % len(WAYS)]
        with self._lock:
            self.failures[way] += 1
        return self._fail(way, messages, count)

    def _fail(self, way: str, messages: list[Message], count: int) -> Step:
        answer = self.good(messages)
        match way:
            case "prose":
                return Answer(f"Sure! {sentence(random.Random(number_of(answer)))}", self.delay_s)
            case "half":
                return Answer(answer[: len(answer) // 2], self.delay_s, finish_reason="length")
            case "language":
                parts = "\n\n".join(f"**{part}**\n{_GERMAN} {number}" for number, part in enumerate(_PARTS))
                return Answer(parts, self.delay_s)
            case "echo":
                return Answer(messages[-1]["content"], self.delay_s)
            case "busy":
                return Status(429, retry_after_s=0.02) if number_of(answer) % 2 else Status(500)
        return Hang(self.hang_s) if number_of(answer) % 2 else Garbage(b"\xff\xfe\x00 not what you wanted")
