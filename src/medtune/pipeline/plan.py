"""What a run would do, worked out without touching anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from medtune.config.recipe import RecipeView
from medtune.core.errors import UsageError
from medtune.pipeline import stages
from medtune.pipeline.open import OpenRecipe
from medtune.pipeline.stages import check_name, with_needs
from medtune.runs.freshness import State, state_of
from medtune.runs.stage import Stage


@dataclass(frozen=True)
class Step:
    """One stage in a run, with the state that it is in before anything runs."""

    name: str
    stage: Stage
    view: RecipeView
    state: State
    forced: bool
    """True when it runs again although it is fresh."""

    @property
    def will_run(self) -> bool:
        """True when this stage has work to do."""
        return self.forced or not self.state.fresh


def plan_run(
    opened: OpenRecipe, *, from_: str | None = None, until: str | None = None, only: str | None = None
) -> list[Step]:
    """The steps of a run.

    `from_` and all stages after it run again even when they are fresh; what lies before runs only if it must.
    `until` is the last stage. `only` limits the run to one stage and what it needs. Raises UsageError.
    """
    names = with_needs(only) if only else tuple(stages.STAGES)
    if until:
        names = names[: names.index(check_name(until)) + 1]
    if from_ and check_name(from_) not in names:
        raise UsageError(
            f"stage {from_} comes after {until}: nothing would run from there",
            next_step="name a stage that is not later in --from than in --until",
        )
    forced = frozenset(names[names.index(from_) :]) if from_ else frozenset()
    return list(_steps(opened, names, forced))


def _steps(opened: OpenRecipe, names: tuple[str, ...], forced: frozenset[str]) -> Iterator[Step]:
    running: list[str] = []
    for name in names:
        stage = stages.STAGES[name]
        view = opened.view(stage)
        state = state_of(stage, view, opened.run)
        before = [need for need in stage.NEEDS if need in running]
        if state.fresh and before:
            state = State("stale", f"{before[0]} runs again and may give another result")
        step = Step(name, stage, view, state, name in forced)
        if step.will_run:
            running.append(name)
        yield step
