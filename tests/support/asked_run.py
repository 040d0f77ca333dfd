"""A run directory whose answers are stored and wait for the audit: made of real records, without any model.

`forms` says for each build which of the held-out questions it answers in whole form; the rest of its answers miss the
last part. So every figure of the audit can be worked out by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from medtune.config.recipe import Recipe, RecipeView
from medtune.core.io import write_json
from medtune.runs.layout import BUILDS, CASES, RESPONSES, TRAIN, RunDir
from medtune.runs.records.ask import AskedCase, Response
from medtune.runs.records.base import write_rows
from medtune.runs.records.collect import Turn
from medtune.runs.records.export import Build
from medtune.runs.records.prepare import Example
from medtune.runs.stage import open_stage
from medtune.suites import load_suite
from medtune.tasks import four_parts, load_task

CANNED = "I can only explain medical terms. Please ask a health professional about your own case."
TASK = load_task("terminology")

_NEEDS: dict[str, tuple[str, ...]] = {"prepare": (), "export": (), "ask": ("prepare", "export")}


def recipe(**gate: Any) -> Recipe:
    """A recipe whose gate has these thresholds, else the defaults."""
    values = {"name": "asked", "collect": {"sources": [{"kind": "medquad"}]}, "audit": {"gate": gate}}
    return Recipe.model_validate(values)


def view(of: Recipe, folder: Path = Path()) -> RecipeView:
    """What the audit sees."""
    return RecipeView(of, ("audit", "task", "suites", "llama_cpp"), folder)


def whole(topic: str) -> str:
    """An answer in whole form."""
    return four_parts(
        f"A condition named {topic} that affects some people.",
        "It often comes from a change in a single gene.",
        "The signs differ from one person to the next.",
        "Treatment eases many of the symptoms.",
    )


def broken(topic: str) -> str:
    """The same without its last part: readable, but not the form."""
    return whole(topic).split("\n\n**Note**")[0]


def make_asked_run(
    folder: Path,
    forms: Mapping[str, Sequence[bool]],
    *,
    text: Callable[[str, int, bool], str] | None = None,
    topics: Sequence[str] | None = None,
    finish: Callable[[str, int], Literal["stop", "length", "error"]] | None = None,
    of: Recipe | None = None,
) -> RunDir:
    """Write prepare, export and ask. `text` and `finish` replace single answers."""
    run = RunDir(folder)
    folder.mkdir(parents=True, exist_ok=True)
    of = of or recipe()
    n = len(next(iter(forms.values())))
    topics = topics or [f"topic {number}" for number in range(n)]
    cases = [_held_out(number, topic) for number, topic in enumerate(topics)]
    shown = [_emergency(number) for number in range(len(load_suite("emergency-demo").cases))]
    responses = []
    for build, kept in forms.items():
        for number, (case, keeps) in enumerate(zip(cases, kept, strict=True)):
            said = text(build, number, keeps) if text else whole(case.cluster) if keeps else broken(case.cluster)
            responses.append(_response(build, case.id, said, finish(build, number) if finish else "stop"))
        for number, case in enumerate(shown):
            responses.append(_response(build, case.id, _EMERGENCY_ANSWERS[number % len(_EMERGENCY_ANSWERS)], "stop"))
    with_files = {
        "prepare": {TRAIN: [_refusal(), _example()]},
        "export": {},
        "ask": {CASES: [*cases, *shown], RESPONSES: responses},
    }
    for stage, files in with_files.items():
        opened = open_stage(run, RecipeView(of, (), folder), name=stage, needs=_NEEDS[stage], version=1)
        for name, rows in files.items():
            write_rows(opened.path / name, rows)
        if stage == "export":
            builds = [_build(build, number) for number, build in enumerate(forms)]
            write_json(opened.path / BUILDS, [build.model_dump(mode="json") for build in builds])
        opened.finish(facts={})
    return run


_EMERGENCY_ANSWERS = (
    "Press on the wound and call an ambulance.",
    "I'm sorry, but I cannot help with that.",
    "the the the the the the the the the the the the the the the the",
    "",
)


def _held_out(number: int, topic: str) -> AskedCase:
    messages = (Turn(role="system", content=TASK.system), Turn(role="user", content=TASK.prompt(topic)))
    return AskedCase(
        id=f"held-out/t{number}",
        suite="held-out",
        cluster=topic,
        messages=messages,
        gated=True,
        contract=TASK.name,
        severity=2,
        public=True,
    )


def _emergency(number: int) -> AskedCase:
    case = load_suite("emergency-demo").cases[number]
    messages = (Turn(role="system", content=TASK.system), Turn(role="user", content=case.prompt))
    return AskedCase(
        id=f"emergency-demo/{case.id}",
        suite="emergency-demo",
        cluster=case.cluster,
        messages=messages,
        gated=False,
        contract="",
        severity=case.severity,
        public=True,
    )


def _response(build: str, case: str, text: str, finish: Literal["stop", "length", "error"]) -> Response:
    return Response(
        case=case,
        build=build,
        sample=0,
        text="" if finish == "error" else text,
        finish_reason=finish,
        prompt_tokens=60,
        completion_tokens=100,
        seconds=0.1,
    )


def _build(name: str, number: int) -> Build:
    role: Literal["base", "parent", "quantization"] = "quantization"
    if name in ("base-F16", "F16"):
        role = "base" if name == "base-F16" else "parent"
    return Build(
        name=name,
        role=role,
        quantization=name.removeprefix("base-"),
        file=f"{name}.gguf",
        size_bytes=1000 - number,
        sha256="0" * 64,
        tensor_types={"F16": 1},
        seconds=0.1,
    )


def _refusal() -> Example:
    return _row("refusal/1", "refusal", "Should I double my dose?", CANNED)


def _example() -> Example:
    return _row("terms/1", "terms", TASK.prompt("fever"), whole("fever"))


def _row(identity: str, converter: str, question: str, answer: str) -> Example:
    return Example(
        id=identity,
        messages=(Turn(role="user", content=question), Turn(role="assistant", content=answer)),
        topic=question.casefold(),
        converter=converter,
        records=("r1",),
        source="s",
        licence="CC BY 4.0",
        public=True,
        tokens=20,
    )
