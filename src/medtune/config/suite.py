"""A suite recipe: several recipes that are run one after the other and released together."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from medtune.config.base import Section
from medtune.config.load import check_as, parse_yaml
from medtune.core.errors import DataError, RecipeError
from medtune.core.io import read_text

_KEY = "suite"
_FOR_ONE = re.compile(r"([a-z0-9][a-z0-9._-]*):(?=[^=]*=)")


class SuiteSection(Section):
    """Models that belong together."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    """The suite's name: its folder carries it, and the run of each model lies in there."""
    description: str = ""
    """One or two sentences for the suite's page."""
    models: tuple[str, ...] = Field(min_length=1)
    """Recipe files, relative to this one, in the order in which they are run."""

    @field_validator("models")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice")
        return value


class SuiteRecipe(Section):
    """A file that names several recipes."""

    suite: SuiteSection


def is_suite_recipe(path: Path) -> bool:
    """True for a file with the key `suite`; a file that cannot be read is left to whoever reads it as a recipe."""
    try:
        values, _ = parse_yaml(read_text(path), str(path))
    except (DataError, RecipeError):
        return False
    return _KEY in values


def load_suite_recipe(path: Path) -> SuiteRecipe:
    """Read and check a suite recipe. Raises RecipeError listing every problem (DataError if it cannot be read)."""
    values, lines = parse_yaml(read_text(path), str(path))
    return check_as(SuiteRecipe, values, lines, str(path))


def overrides_of(overrides: Sequence[str]) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Overrides of every model, and those of one model by its name (`MODEL:a.b=c`)."""
    common: list[str] = []
    own: dict[str, Any] = {}
    for override in overrides:
        named = _FOR_ONE.match(override)
        if named is None:
            common.append(override)
        else:
            own.setdefault(named[1], []).append(override[named.end() :])
    return tuple(common), {name: tuple(found) for name, found in own.items()}
