"""What the `distill` sources of a recipe would ask, in words; reads what is on this machine, and asks nothing."""

from collections.abc import Iterator

from medtune.collect.distill.estimate import estimate, estimate_lines, plan_lines
from medtune.collect.distill.ledger import LEDGER, known_keys
from medtune.collect.sources import SOURCES
from medtune.collect.stage import NAME, sources_of
from medtune.config.recipe import RecipeView
from medtune.core.net import Egress
from medtune.runs.layout import RAW, RunDir


def estimates(recipe: RecipeView, run: RunDir) -> Iterator[list[str]]:
    """A few lines for each source. Raises DataError for a file that cannot be read."""
    egress = Egress(frozenset(recipe.egress))
    for section, given in sources_of(recipe):
        if section.kind != "distill":
            continue
        known: set[str] = set()
        for folder in (run.stage(NAME), run.partial(NAME)):
            known |= known_keys(folder / RAW / given.name / LEDGER)
        found = estimate(SOURCES, section, given, known.__contains__)
        yield [*plan_lines(SOURCES, section, given, egress), *estimate_lines(found, section)]
