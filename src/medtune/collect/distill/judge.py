"""Is an answer of the teacher fit to be learned? Form and fidelity by the task's contract, the rest by what none sees.

A contract does not see that the prompt came back, that another language was used, or that the words loop.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from medtune.collect.distill.prompts import read_part
from medtune.collect.distill.words import Ask, Judged, Trouble
from medtune.core.text import fold
from medtune.detect import garble
from medtune.detect.language import read_language
from medtune.llm.messages import Reply
from medtune.tasks import Task, check_contract

_FENCE = re.compile(r"^```[a-z]*\s*\n(?P<body>.*)\n\s*```$", re.DOTALL)
_LATIN = re.compile(r"[A-Za-z]+")
_COPY_WORDS = 8
"""A prompt or an answer of fewer words may stand in the other by chance."""
_COPY_LIKENESS = 90.0
"""Share of characters in common (0 to 100, Indel) from which on an answer is the prompt in small changes."""
_QUESTION_WORDS = (3, 80)
_ITEM_CHARS = 120
_NOT_JSON = Trouble("not JSON", "it was not one JSON object and nothing else")


@dataclass(frozen=True)
class AnswerJudge:
    """Judges the answer to a question or document of `task`."""

    task: Task
    quotes: bool = False
    """True when an answer consists of words of the document: copies are wanted then, and their language is its own."""

    def __call__(self, ask: Ask, reply: Reply) -> Judged:
        """The pair, or what is wrong with it."""
        answer = self.finished(reply.text)
        troubles = self.troubles(ask.user, answer, reply.finish_reason, told=ask.system)
        return Judged(troubles=troubles) if troubles else Judged(question=ask.user, answer=answer)

    def finished(self, text: str) -> str:
        """The answer as it would be trained: the disclaimer that ends it is the task's, and never the teacher's."""
        return self.task.finished(text.strip()) if text.strip() else ""

    def troubles(self, question: str, answer: str, finish: str, *, told: str) -> tuple[Trouble, ...]:
        """Everything that is wrong with an answer; `told` is what the teacher was told to do."""
        if not answer.strip():
            return (Trouble("empty", "it was empty"),)
        found: list[Trouble] = []
        if not self.quotes:
            found += _copied(answer, question, told)
            found += self._language(answer)
        if garble.measure(self.task.legible(answer)).garbled:
            found.append(Trouble("garbled", "it held loops, broken characters or control marks"))
        result = check_contract(self.task, answer, finish, question)
        found += [Trouble(f"form: {_words(problem.name)}", problem.reason) for problem in result.problems]
        found += [Trouble(f"fidelity: {_words(problem.name)}", problem.reason) for problem in result.unfaithful]
        return tuple(found)

    def _language(self, answer: str) -> list[Trouble]:
        """What a person reads must be in the task's language; what nobody can tell passes."""
        text = read_part(answer)
        if self.task.language.startswith("zh"):  # names of medicines and units keep their letters there
            text = _LATIN.sub(" ", text)
        got = read_language(text).code
        if got == "und" or _same_language(self.task.language, got):
            return []
        return [Trouble("another language", f"it was not written in the language {self.task.language}")]


@dataclass(frozen=True)
class PairJudge:
    """Judges a question with its answer, as one JSON object with the keys `question` and `answer`."""

    answers: AnswerJudge

    def __call__(self, ask: Ask, reply: Reply) -> Judged:
        """The pair, or what is wrong with it."""
        value = read_object(reply.text)
        if value is None:
            cut = reply.finish_reason == "length"
            return Judged(troubles=(Trouble("cut off", "it was cut off: be shorter") if cut else _NOT_JSON,))
        pair = [value.get(key) for key in ("question", "answer")]
        if set(value) != {"question", "answer"} or not all(isinstance(text, str) for text in pair):
            return Judged(troubles=(Trouble("other keys", "the object must hold the texts `question` and `answer`"),))
        question, answer = str(pair[0]).strip(), self.answers.finished(str(pair[1]))
        least, most = _QUESTION_WORDS
        troubles = []
        if not least <= len(question.split()) <= most:
            troubles.append(Trouble("length of the question", f"a question has {least} to {most} words"))
        troubles += _copied(question, ask.user, ask.system)
        troubles += self.answers.troubles(question, answer, reply.finish_reason, told=ask.system)
        return Judged(troubles=tuple(troubles)) if troubles else Judged(question=question, answer=answer)


def judge_topics(ask: Ask, reply: Reply) -> Judged:
    """A list of topics, as one JSON object with the key `topics`."""
    del ask
    value = read_object(reply.text)
    topics = value.get("topics") if value is not None else None
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        return Judged(troubles=(_NOT_JSON,))
    usable = tuple(" ".join(topic.split()) for topic in topics if 0 < len(topic.strip()) <= _ITEM_CHARS)
    return Judged(items=usable) if usable else Judged(troubles=(Trouble("no topics", "it named no topic"),))


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text consists of, in a code fence or not; line breaks inside of strings are borne."""
    stripped = text.strip()
    fenced = _FENCE.match(stripped)
    try:
        value = json.loads(fenced["body"] if fenced else stripped, strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _copied(answer: str, question: str, told: str) -> list[Trouble]:
    """Whether the answer gives back what was asked or told."""
    from rapidfuzz import fuzz

    said = fold(answer)
    for text in (fold(question), fold(told)):
        within = len(said.split()) >= _COPY_WORDS and said in text
        around = len(text.split()) >= _COPY_WORDS and text in said
        if said == text or within or around or fuzz.ratio(said, text, score_cutoff=_COPY_LIKENESS):
            return [Trouble("copied from the prompt", "it repeated what was asked instead of an answer")]
    return []


def _same_language(wanted: str, got: str) -> bool:
    """`zh` says less than `zh-Hant`: one that does not contradict the other is the same."""
    return wanted == got or wanted.startswith(f"{got}-") or got.startswith(f"{wanted}-")


def _words(name: str) -> str:
    return name.replace("_", " ")
