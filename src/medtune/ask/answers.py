"""Answers on disk: one growing file a build while it is asked, so that a killed run goes on where it was."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from medtune.core.errors import MedtuneError
from medtune.core.io import append_jsonl, read_json, read_jsonl_prefix
from medtune.runs.layout import ASKED, CASES, RESPONSES
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.base import read_rows

ANSWERS = "answers"
"""Folder of the growing files; it is removed when responses.jsonl holds them all."""

Question = tuple[str, int]
"""A case and a sample of it; sample 0 is the greedy answer."""
Known = dict[Question, Response]
"""Answers of one build."""


def answers_file(folder: Path, build: str, key: str) -> Path:
    """The growing file of a build; another key (file, decoding, toolchain) means another file."""
    return folder / ANSWERS / f"{build}-{key[:16]}.jsonl"


def append_answer(path: Path, answer: Response) -> None:
    """Add one answer. Raises ResourceError when the disk is full."""
    path.parent.mkdir(exist_ok=True)
    append_jsonl(path, answer.model_dump(mode="json", exclude_none=True))


def answers_so_far(path: Path, questions: Sequence[Question]) -> Known:
    """What a killed run left. An answer that failed is asked again."""
    wanted = set(questions)
    known: Known = {}
    for value in read_jsonl_prefix(path):
        try:
            answer = Response.model_validate(value)
        except ValidationError:
            continue
        if (answer.case, answer.sample) in wanted and answer.finish_reason != "error":
            known[answer.case, answer.sample] = answer
    return known


def answers_of_earlier(
    folder: Path, keys: Mapping[str, str], cases: Sequence[AskedCase], questions: Sequence[Question]
) -> dict[str, Known]:
    """Answers in a finished folder to the same questions by the same build file under the same setting."""
    try:
        before = {case.id: case.messages for case in read_rows(folder / CASES, AskedCase)}
        unchanged = {case.id for case in cases if before.get(case.id) == case.messages}
        same = {question for question in questions if question[0] in unchanged}
        builds = read_json(folder / ASKED)["builds"]
        fit = {name for name, key in keys.items() if builds.get(name, {}).get("key") == key}
        found: dict[str, Known] = {name: {} for name in fit}
        for answer in read_rows(folder / RESPONSES, Response):
            question = (answer.case, answer.sample)
            if answer.build in fit and question in same and answer.finish_reason != "error":
                found[answer.build][question] = answer
    except (MedtuneError, KeyError, TypeError, AttributeError, OSError):
        return {}  # nothing there, or nothing that can be read: everything is asked
    return found


def in_order(builds: Iterable[str], questions: Sequence[Question], known: Mapping[str, Known]) -> list[Response]:
    """All answers, build by build, question by question."""
    return [known[build][question] for build in builds for question in questions]
