"""Which builds are made: the quantizations of the recipe, each with or without an importance matrix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from medtune.config.export import ExportSection
from medtune.core.errors import RecipeError
from medtune.llamacpp.quantize import quant_type
from medtune.runs.records.export import PARENT_BUILD, WITH_IMATRIX


@dataclass(frozen=True)
class PlannedBuild:
    """A build beside the parent."""

    name: str
    quantization: str
    imatrix: bool


def plan_builds(section: ExportSection) -> tuple[PlannedBuild, ...]:
    """The builds of a recipe, without F16, which is always made. Raises RecipeError as `builds_of`."""
    return builds_of(section.types, section.imatrix_use)


def builds_of(types: Sequence[str], use: Literal["none", "needed", "domain", "both"]) -> tuple[PlannedBuild, ...]:
    """Builds in the order of the types; a name says the same build whatever else is asked for.

    Raises RecipeError for types that cannot be made without an importance matrix when there is to be none.
    """
    lacking = [name for name in types if quant_type(name).needs_imatrix]
    if lacking and use == "none":
        raise RecipeError(
            f"{', '.join(lacking)} cannot be made without an importance matrix",
            where="export.quantizations",
            next_step="set `export.imatrix: needed` (or domain, or both), or leave these types out",
        )
    return tuple(build for name in types if name != PARENT_BUILD for build in _builds(name, use))


def _builds(name: str, use: str) -> list[PlannedBuild]:
    kind = quant_type(name)
    if kind.needs_imatrix:
        return [PlannedBuild(name, name, True)]
    found = [] if use == "domain" and kind.uses_imatrix else [PlannedBuild(name, name, False)]
    if use in ("domain", "both") and kind.uses_imatrix:
        found.append(PlannedBuild(f"{name}{WITH_IMATRIX}", name, True))
    return found
