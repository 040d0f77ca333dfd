"""`medtune doctor SUITE`: what each model would do, what all of them share said once, and what they need together."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from medtune.cli.dry_run import StageWords, problems_of, show_stages, stages_in_words

if TYPE_CHECKING:
    from medtune.pipeline.suite import OpenSuite, SuiteMember

Plans = list[list[StageWords]]


def look_at_suite(recipe: Path, overrides: tuple[str, ...], runs_folder: Path) -> Iterator[str]:
    """Print plans and costs of a suite's models; yields what would stop one of them, each thing once."""
    from medtune.pipeline.suite import open_suite

    suite = open_suite(recipe, overrides, runs_folder)
    plans = [stages_in_words(member.opened) for member in suite.members]
    click.echo(f"suite {suite.recipe.suite.name}, {len(suite.members)} models: {suite.folder}")
    shared = shared_lines(plans)
    if any(step.lines for step in shared):
        click.echo("\nthe same for every model:")
        show_stages([step for step in shared if step.lines])
    for member, steps in zip(suite.members, plans, strict=True):
        click.echo(f"\n\n{member.name}: {member.opened.run.path}")
        show_stages(without(steps, shared))
    _show_costs(suite, plans)
    yield from _show_problems(suite, plans)


def shared_lines(plans: Plans) -> list[StageWords]:
    """Lines that every model's plan has word for word, under their stage; none of a suite of one."""
    found = []
    for steps in zip(*plans, strict=True):
        common = set(steps[0].lines).intersection(*(step.lines for step in steps)) if len(plans) > 1 else set()
        lines = tuple(line for line in steps[0].lines if line in common)
        states = {step.state for step in steps}
        found.append(StageWords(steps[0].name, states.pop() if len(states) == 1 else "by model", True, lines))
    return found


def without(steps: Sequence[StageWords], shared: Sequence[StageWords]) -> list[StageWords]:
    """The plan of one model without what all share; a stage of which all is shared is left out."""
    left = []
    for step, common in zip(steps, shared, strict=True):
        lines = tuple(line for line in step.lines if line not in common.lines)
        if lines or not common.lines or step.state != common.state:
            left.append(StageWords(step.name, step.state, step.will_run, lines))
    return left


def _show_costs(suite: "OpenSuite", plans: Plans) -> None:
    """One line a model, then what they need together."""
    from medtune.cli.costs import bandwidth, costs_of, hours
    from medtune.pipeline.suite_needs import disk_of_all, largest_training

    click.echo("\n\ncosts (estimated):")
    speed = bandwidth()
    read_bytes = 0.0
    for member in suite.members:
        costs = costs_of(member.opened)
        if costs is None:
            click.echo(f"  {member.name}: not known before its base is here and can be used")
            continue
        read_bytes += costs.read_bytes
        click.echo(
            f"  {member.name}: {costs.ram_bytes / 2**30:.1f} GiB of RAM to ask its largest build; audit: "
            f"{costs.questions} questions to {costs.builds} builds, at most {hours(costs.read_bytes / speed)}"
        )
    needed, unknown = disk_of_all([member.opened for member in _those_that_run("export", suite, plans)])
    if needed:
        click.echo(f"  disk, all models together: about {needed / 1e9:.1f} GB{_besides(unknown)}")
    training = [member.opened for member in _those_that_run("train", suite, plans)]
    largest = largest_training(training)
    if largest is not None:
        where = "memory of the card" if largest.on_card else "RAM"
        missing = tuple(one.recipe.name for one in training if one.recipe.name not in largest.names)
        memory = f"{largest.memory_bytes / 2**30:.1f} GiB of {where}"
        click.echo(f"  largest training, one runs at a time: {memory} ({largest.name}){_besides(missing)}")
    if read_bytes:
        longest = hours(read_bytes / speed)
        click.echo(f"  audits one after the other: at most {longest} on this CPU, which reads {speed / 1e9:.0f} GB/s")


def _those_that_run(stage: str, suite: "OpenSuite", plans: Plans) -> "list[SuiteMember]":
    pairs = zip(suite.members, plans, strict=True)
    return [member for member, steps in pairs if any(step.name == stage and step.will_run for step in steps)]


def _besides(names: Sequence[str]) -> str:
    return f", and that of {', '.join(names)}, which is not known yet" if names else ""


def _show_problems(suite: "OpenSuite", plans: Plans) -> Iterator[str]:
    from medtune.core.errors import ResourceError
    from medtune.pipeline.suite_needs import check_disk

    named: dict[str, list[str]] = {}
    words: Counter[str] = Counter()
    for member, steps in zip(suite.members, plans, strict=True):
        for problem in problems_of(member.opened, steps):
            named.setdefault(str(problem), []).append(member.name)
            words[problem.what] += 1
    for text, names in named.items():
        whom = "every model" if len(names) == len(suite.members) > 1 else ", ".join(names)
        click.echo(f"\nthis would stop the run of {whom}: {text}")
    if not named:
        try:
            check_disk(suite.folder, [member.opened for member in _those_that_run("export", suite, plans)])
        except ResourceError as error:
            click.echo(f"\nthis would stop the suite: {error}")
            words[error.what] += 1
    yield from words
