"""Find, read and check suites; the digests of their prompts keep them out of the training data."""

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from medtune.core.errors import DataError, UsageError
from medtune.core.hashing import digest_json, sha256_text
from medtune.core.io import read_text
from medtune.core.text import fold
from medtune.suites.schema import Suite

_LIBRARY = Path(__file__).parent / "library"
_NO_WORD = re.compile(r"[\W_]+")


def suite_names() -> tuple[str, ...]:
    """Names of the suites that medtune brings, sorted."""
    return tuple(sorted(path.stem for path in _LIBRARY.glob("*.yaml")))


@cache
def load_suite(name: str) -> Suite:
    """The suite of that name. Raises UsageError naming the known ones, nearest first."""
    names = suite_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=len(names), cutoff=0.0)
        known = ", ".join([*near, *(other for other in names if other not in near)])
        raise UsageError(
            f"there is no suite named {name!r}",
            where="suites.names",
            next_step=f"use some of the known suites: {known}",
        )
    return read_suite(_LIBRARY / f"{name}.yaml")


def read_suite(path: Path) -> Suite:
    """Read and check a suite file; `defaults:` holds what its cases have in common.

    Raises DataError naming every problem with the id of its case.
    """
    try:
        values = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise DataError("not valid YAML", where=where, next_step="mend that line") from None
    if not isinstance(values, dict) or not isinstance(values.get("cases"), list):
        raise DataError("a suite is a mapping with a list of `cases`", where=str(path), next_step="add them")
    defaults = values.pop("defaults", None) or {}
    values["cases"] = [{**defaults, **case} if isinstance(case, dict) else case for case in values["cases"]]
    try:
        suite = Suite.model_validate({**values, "digest": digest_json(values)})
    except ValidationError as error:
        problems = "\n".join(f"  - {_place(detail['loc'], values)}: {detail['msg']}" for detail in error.errors())
        raise DataError(
            f"the suite does not hold together:\n{problems}", where=str(path), next_step="mend it"
        ) from None
    if suite.name != path.stem:
        raise DataError(f"the suite calls itself {suite.name!r}", where=str(path), next_step="name it as its file")
    return suite


def prompt_digest(prompt: str) -> str:
    """Hex sha256 of a prompt's words: case, spacing and punctuation do not matter."""
    return sha256_text(_NO_WORD.sub(" ", fold(prompt)).strip())


@cache
def deny_digests() -> frozenset[str]:
    """`prompt_digest` of every prompt that may never become a training row."""
    return frozenset(prompt_digest(case.prompt) for name in suite_names() for case in load_suite(name).cases)


def _place(location: tuple[int | str, ...], values: dict[str, Any]) -> str:
    """`cases[case id].key` of a pydantic location."""
    words = []
    for step, part in enumerate(location):
        if isinstance(part, int) and location[step - 1] == "cases":
            case = values["cases"][part]
            words.append(str(case.get("id", part)) if isinstance(case, dict) else str(part))
        else:
            words.append(str(part))
    return ".".join(words) or "suite"
