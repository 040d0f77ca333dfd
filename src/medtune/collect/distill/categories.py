"""Categories of synthetic pairs with their quotas; the sets that a recipe can name stand in data/distill."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path

import yaml

from medtune.config.collect_distill import CategorySection, DistillSource
from medtune.core.io import read_text

OWN_TOPICS = "topics"
"""Name of the category that a plain list of topics makes."""


@dataclass(frozen=True)
class Category:
    """What is wanted of one category."""

    name: str
    quota: int
    about: str = ""
    topics: tuple[str, ...] = ()
    """Given by the recipe; empty when the teacher names them."""


def categories_of(section: DistillSource) -> tuple[Category, ...]:
    """The categories of a `pairs` source, in the recipe's order."""
    if section.topics:
        topics = section.topics[: section.limit]
        return (Category(OWN_TOPICS, len(topics), topics=topics),)
    if isinstance(section.categories, str):
        return named_set(section.categories)
    return _categories(section.categories)


def named_set(name: str) -> tuple[Category, ...]:
    """A set that medtune brings."""
    path = Path(str(package_files("medtune"))) / "data" / "distill" / f"{name}.yaml"
    values = yaml.safe_load(read_text(path))
    return _categories({key: CategorySection.model_validate(value) for key, value in values.items()})


def _categories(given: Mapping[str, CategorySection]) -> tuple[Category, ...]:
    return tuple(Category(name, value.quota, value.about, value.topics) for name, value in given.items())
