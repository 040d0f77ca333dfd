"""`medtune detect WHAT FILE`: one detector over the rows of a file, one JSON line a row."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from medtune.cli.options import example

_NEXT_STEP_TSV = "each line holds a sentence, a tab and an action, e.g. «Do not move him.⇥move him»"
_NEXT_STEP_JSONL = 'each line holds one JSON object with a string `text`, e.g. {"text": "Press firmly."}'


def _refusal(text: str, canned: tuple[str, ...]) -> dict[str, Any]:
    from medtune.detect.refusal import classify

    found = classify(text, canned)
    return {"kind": found.kind, "span": found.span, "reason": found.reason}


def _garble(text: str, _: tuple[str, ...]) -> dict[str, Any]:
    from medtune.detect.garble import measure

    found = measure(text)
    return {"garbled": found.garbled, "span": found.span, "reason": found.reason, "figures": found.figures}


def _language(text: str, _: tuple[str, ...]) -> dict[str, Any]:
    from medtune.detect.language import read_language

    found = read_language(text)
    return {
        "language": found.code,
        "script": found.script,
        "probability": found.probability,
        "mixed": found.mixed,
    }


def _phi(text: str, _: tuple[str, ...]) -> dict[str, Any]:
    from medtune.detect.phi import find_phi

    return {
        "spans": [{"start": one.start, "end": one.end, "kind": one.kind, "score": one.score} for one in find_phi(text)]
    }


OF_TEXTS: dict[str, Callable[[str, tuple[str, ...]], dict[str, Any]]] = {
    "refusal": _refusal,
    "garble": _garble,
    "language": _language,
    "phi": _phi,
}
"""Detectors that read one text, by name: the text and the canned refusals in, the fields of a JSON line out."""


@click.command(
    epilog=example(
        "medtune detect polarity sentences.tsv",
        "medtune detect refusal answers.jsonl --canned refusals.txt",
        "medtune detect phi notes.jsonl",
        "jq -c '{text: .answer}' answers.jsonl | medtune detect garble -",
    )
)
@click.argument("what", type=click.Choice(["polarity", *OF_TEXTS]))
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--canned",
    "canned_file",
    type=click.Path(path_type=Path),
    help="The model's own refusals, one a line, or JSON lines with `text`: what is nearly one of them is a refusal.",
)
def detect(what: str, file: Path, canned_file: Path | None) -> None:
    """Read every row of FILE with one detector.

    polarity takes tab-separated lines: a sentence and an action phrase; further columns and a header line that
    starts with `sentence` are passed over, a literal \\n in a sentence is a line break. The others take JSON
    lines with a field `text`; phi prints the identifiers found (start, end, kind, score), never their text.
    FILE may be - for standard input. One JSON line a row comes out, in order;
    a bad row is an error that names its line, and nothing is written then.
    """
    from medtune.core.errors import UsageError

    if canned_file and what != "refusal":
        raise UsageError(f"--canned says nothing to {what}", next_step="leave it out, or use `medtune detect refusal`")
    lines = list(_lines(file))
    where = "standard input" if str(file) == "-" else str(file)
    if what == "polarity":
        found = _polarities(list(_pairs(lines, where)))
    else:
        canned = tuple(_canned(canned_file)) if canned_file else ()
        found = ({"line": line, **OF_TEXTS[what](text, canned)} for line, text in list(_texts(lines, where)))
    for row in found:
        click.echo(json.dumps(row, ensure_ascii=False))


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Line number from 1 and line, blank lines left out. Raises DataError for a file that cannot be read."""
    from medtune.core.errors import DataError
    from medtune.core.io import read_text

    if str(file) != "-":
        text = read_text(file)
    else:
        try:
            text = sys.stdin.buffer.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError("not UTF-8", where="standard input", next_step="send UTF-8 text") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line.rstrip("\r")


def _pairs(lines: list[tuple[int, str]], where: str) -> Iterator[tuple[int, str, str]]:
    from medtune.core.errors import DataError

    for place, (number, line) in enumerate(lines):
        columns = line.split("\t")
        if place == 0 and columns[0].strip().casefold() == "sentence":
            continue
        if len(columns) < 2 or not columns[0].strip() or not columns[1].strip():
            raise DataError("no sentence with an action", where=f"{where}:{number}", next_step=_NEXT_STEP_TSV)
        yield number, columns[0].replace("\\n", "\n"), columns[1]


def _polarities(pairs: list[tuple[int, str, str]]) -> Iterator[dict[str, Any]]:
    from medtune.detect.polarity import read_polarity

    for number, sentence, action in pairs:
        found = read_polarity(sentence, action)
        yield {
            "line": number,
            "action": action,
            "polarity": found.polarity,
            "span": found.span,
            "reason": found.rule,
        }


def _texts(lines: list[tuple[int, str]], where: str) -> Iterator[tuple[int, str]]:
    from medtune.core.errors import DataError

    for number, line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"this line is not JSON: {error.msg}", where=f"{where}:{number}", next_step=_NEXT_STEP_JSONL
            ) from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise DataError("no string `text` in this row", where=f"{where}:{number}", next_step=_NEXT_STEP_JSONL)
        yield number, row["text"]


def _canned(file: Path) -> Iterator[str]:
    lines = list(_lines(file))
    if lines and lines[0][1].lstrip().startswith("{"):
        yield from (text for _, text in _texts(lines, str(file)))
    else:
        yield from (line.strip() for _, line in lines)
