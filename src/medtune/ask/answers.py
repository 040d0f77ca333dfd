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

Known = dict[str, Response]
"""Answers of one build by case."""


def answers_file(folder: Path, build: str, key: str) -> Path:
    """The growing file of a build; another key (file, decoding, toolchain) means another file."""
    return folder / ANSWERS / f"{build}-{key[:16]}.jsonl"


def append_answer(path: Path, answer: Response) -> None:
    """Add one answer. Raises ResourceError when the disk is full."""
    path.parent.mkdir(exist_ok=True)
    append_jsonl(path, answer.model_dump(mode="json", exclude_none=True))


def answers_so_far(path: Path, cases: Sequence[AskedCase]) -> Known:
    """What a killed run left. An answer that failed is asked again."""
    wanted = {case.id for case in cases}
    known: Known = {}
    for value in read_jsonl_prefix(path):
        try:
            answer = Response.model_validate(value)
        except ValidationError:
            continue
        if answer.case in wanted and answer.finish_reason != "error":
            known[answer.case] = answer
    return known


def answers_of_earlier(folder: Path, keys: Mapping[str, str], cases: Sequence[AskedCase]) -> dict[str, Known]:
    """Answers in a finished folder to the same questions by the same build file under the same setting."""
    try:
        before = {case.id: case.messages for case in read_rows(folder / CASES, AskedCase)}
        same = {case.id for case in cases if before.get(case.id) == case.messages}
        builds = read_json(folder / ASKED)["builds"]
        fit = {name for name, key in keys.items() if builds.get(name, {}).get("key") == key}
        found: dict[str, Known] = {name: {} for name in fit}
        for answer in read_rows(folder / RESPONSES, Response):
            if answer.build in fit and answer.case in same and answer.finish_reason != "error":
                found[answer.build][answer.case] = answer
    except (MedtuneError, KeyError, TypeError, AttributeError, OSError):
        return {}  # nothing there, or nothing that can be read: everything is asked
    return found


def in_order(builds: Iterable[str], cases: Sequence[AskedCase], known: Mapping[str, Known]) -> list[Response]:
    """All answers, build by build, case by case."""
    return [known[build][case.id] for build in builds for case in cases]
