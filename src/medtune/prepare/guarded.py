"""Texts that no row may hold: what suites ask, and the questions of benchmarks that a recipe names."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medtune.core.tables import read_table, table_files
from medtune.suites import Suite

_LEAST_WORDS = 4


def suite_prompts(suites: Iterable[Suite]) -> dict[str, list[str]]:
    """Every wording that each suite asks."""
    return {f"suite {suite.name}": [question.prompt for question in suite.questions] for suite in suites}


def benchmark_texts(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Every text of some words in a benchmark's rows, whatever its columns are called. Raises DataError."""
    return {
        f"benchmark {path.name}": [
            text for file in table_files(path) for _, row in read_table(file) for text in _texts(row)
        ]
        for path in paths
    }


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        if len(value.split()) >= _LEAST_WORDS:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
