"""`medtune ask RUN "…"`: one question to the released build; `medtune ask RECIPE`: the ask stage."""

import json
import sys
from pathlib import Path

import click

from medtune.cli.options import SettingCommand, build_option, example, runs_option, set_option


@click.command(
    cls=SettingCommand,
    epilog=example(
        'medtune ask quickstart "Explain the medical term: anemia"',
        'medtune ask quickstart "Explain the medical term: anemia" --build Q8_0 --json',
        "medtune ask consult-summary --evidence consult-validation --file form.md",
        "medtune ask recipes/quickstart.yaml",
    ),
)
@click.argument("run")
@click.argument("question", required=False)
@build_option
@click.option("--file", type=click.Path(path_type=Path), help="Read the question (a document) from this file.")
@click.option("--evidence", metavar="RUN2", help="Also quote what the summary rests on, by RUN2, a validation run.")
@click.option("--evidence-build", metavar="NAME", help="Build of RUN2; its released one when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--again", is_flag=True, help="With a recipe: run the stage even when it is fresh.")
@set_option
@runs_option
def ask(
    *,
    run: str,
    question: str | None,
    build: str | None,
    file: Path | None,
    evidence: str | None,
    evidence_build: str | None,
    as_json: bool,
    again: bool,
    overrides: tuple[str, ...],
    runs_folder: Path,
) -> None:
    """Ask a run's model one question.

    RUN is a name in the runs folder or a path; QUESTION - reads from stdin. The answer comes with the build
    that gave it and the task's disclaimer. With --evidence the question is a document (a consultation form,
    an encounter): RUN summarises it, RUN2 quotes what the summary rests on, and every quotation comes with its
    place in the document or is marked as not found. With a recipe file and no question, this is the ask stage
    of a run: every build answers the held-out questions and the suites.
    """
    if question is None and file is None and evidence is None:
        _stage(Path(run), again, overrides, runs_folder)
        return
    asked = _question(question, file)
    if evidence is not None:
        from medtune.cli.evidence import answer_with_evidence

        answer_with_evidence(run, build, evidence, evidence_build, asked, as_json=as_json, runs_folder=runs_folder)
        return
    _answer(run, asked, build, as_json, runs_folder)


def _question(question: str | None, file: Path | None) -> str:
    """The question as it was given. Raises UsageError for none or two, DataError for a file that cannot be read."""
    from medtune.core.errors import UsageError
    from medtune.core.io import read_text

    if question is not None and file is not None:
        raise UsageError("there is a question and a file", next_step="give one of them")
    if file is None and question in (None, "-"):
        question = sys.stdin.read()
    text = read_text(file) if file is not None else question or ""
    if not text.strip():
        raise UsageError("the question is empty", next_step='write it in quotes: medtune ask RUN "…"')
    return text.strip()


def _stage(recipe: Path, again: bool, overrides: tuple[str, ...], runs_folder: Path) -> None:
    from medtune.cli.stage_verbs import run_stage
    from medtune.core.errors import UsageError

    if recipe.suffix not in (".yaml", ".yml"):
        raise UsageError(
            "there is no question",
            next_step=f'medtune ask {recipe} "…" asks that run; with a recipe (.yaml) this is the ask stage',
        )
    run_stage("ask", recipe, again, overrides, runs_folder)


def _answer(run: str, question: str, build: str | None, as_json: bool, runs_folder: Path) -> None:
    from medtune.cli.runs import choose_build, find_run
    from medtune.cli.talk import decoding_of, footer, serving
    from medtune.llm.messages import Message
    from medtune.tasks import FORM_ONLY_NOTE

    chosen = choose_build(find_run(run, runs_folder), build)
    messages: list[Message] = [
        {"role": "system", "content": chosen.task.system},
        {"role": "user", "content": question},
    ]
    with serving(chosen) as server:
        reply = server.chat(messages, decoding_of(chosen))
    if as_json:
        value = {
            "run": chosen.name,
            "build": chosen.build.name,
            "sha256": chosen.build.sha256,
            "verdict": chosen.verdict,
            "scope": FORM_ONLY_NOTE,
            "disclaimer": chosen.task.disclaimer.strip(),
            "question": question,
            "answer": reply.text,
            "finish_reason": reply.finish_reason,
            "seconds": round(reply.seconds, 3),
        }
        click.echo(json.dumps(value, ensure_ascii=False, indent=2))
        return
    cut = "\n[the answer was cut off at the task's limit]" if reply.finish_reason == "length" else ""
    click.echo(f"{reply.text.rstrip()}{cut}\n\n{footer(chosen)}")
