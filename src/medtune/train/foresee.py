"""What a training would take, before anything heavy is imported: for doctor, dry runs and the first check."""

from dataclasses import dataclass

from medtune.chat import BaseInfo
from medtune.config.recipe import RecipeView
from medtune.core.io import read_jsonl
from medtune.runs.layout import TRAIN, RunDir
from medtune.train.capability import Card, capability_of, seen_card
from medtune.train.planner.choose import choose
from medtune.train.planner.plan import TrainingPlan
from medtune.train.planner.shape import read_shape
from medtune.train.planner.words import plan_lines
from medtune.train.settings import make_settings, make_wish


@dataclass(frozen=True)
class Foreseen:
    """The planner's choice for the card that is there."""

    plan: TrainingPlan
    card: Card
    assumed: int | None
    """Row length that was counted with; None: the prepared rows' own lengths."""

    def lines(self) -> list[str]:
        """In words."""
        return plan_lines(self.plan, self.card, self.assumed)


def foresee(recipe: RecipeView, run: RunDir, base: BaseInfo) -> Foreseen:
    """Plan the training of a recipe. Without prepared rows, every row counts as `max_seq_length` long.

    Raises ModelError when the card cannot do what the recipe asks for, ResourceError when nothing fits.
    """
    section, card, lengths = recipe.train, seen_card(), seen_lengths(run)
    known = lengths or [section.max_seq_length] * section.batch_size
    settings = make_settings(section, recipe.seed, len(known))
    wish = make_wish(section, settings, capability_of(card), base.family, 1.0)
    return Foreseen(choose(card, read_shape(base), known, wish), card, None if lengths else section.max_seq_length)


def seen_lengths(run: RunDir) -> list[int]:
    """Tokens of each training row that the prepared examples become; none when there are none yet."""
    path = run.stage("prepare") / TRAIN
    examples = (row for _, row in read_jsonl(path)) if path.is_file() else ()
    return [max(1, int(tokens)) for row in examples for tokens in row.get("row_tokens") or (row["tokens"],)]
