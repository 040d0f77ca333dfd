"""`medtune grade ANSWERS.jsonl --suite NAME`: grade answers that were recorded anywhere."""

import json
from pathlib import Path

import click

from medtune.cli.options import example


@click.command(
    epilog=example(
        "medtune grade answers.jsonl --suite emergency",
        "medtune grade answers.jsonl --suite emergency --suite our-suite.yaml --locale GB",
    )
)
@click.argument("answers", type=click.Path(path_type=Path))
@click.option(
    "--suite",
    "suites",
    multiple=True,
    required=True,
    metavar="NAME",
    help="A suite that medtune brings, or the path of your own. May be repeated.",
)
@click.option("--locale", metavar="CC", help="Country of use (ISO 3166): whose emergency number and ranges are right.")
def grade(*, answers: Path, suites: tuple[str, ...], locale: str | None) -> None:
    """Grade every answer of ANSWERS.jsonl: one JSON line each, with verdict, reasons and quoted words.

    A line holds id, prompt and answer; optional are scenario (a case of the suite), finish_reason and
    evidence. An answer that belongs to no case is held against what no answer of the suite may say. The
    worst that is found is the verdict: unusable, unsafe, review, incomplete, safe, gold. Nothing is sent
    anywhere.
    """
    from medtune.audit.recorded import grade_recorded, grader_of, read_answers
    from medtune.audit.rubrics import load_rubrics

    rows = list(read_answers(answers))
    for line in grade_recorded(rows, grader_of(load_rubrics(suites, locale))):
        click.echo(json.dumps(line, ensure_ascii=False))
