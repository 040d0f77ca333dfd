"""`medtune init FILE`: a commented recipe to start from."""

from pathlib import Path

import click

from medtune.cli.options import example


@click.command(
    epilog=example("medtune init my-recipe.yaml", "medtune init notes.yaml --data notes.jsonl", "medtune init --list")
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Your own JSONL or CSV file, or a folder of such files.")
@click.option("--task", default="terminology", show_default=True, help="What the model is for (see --list).")
@click.option("--base", default="tiny", show_default=True, help="`tiny`, or the folder of a base model.")
@click.option("--list", "listing", is_flag=True, help="List tasks, suites and bases instead.")
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def init(*, file: Path | None, data: Path | None, task: str, base: str, listing: bool, force: bool) -> None:
    """Write a commented recipe to start from.

    FILE gets every key with its default and what it means. Without --data the recipe reads the bundled
    MedQuAD documents.
    """
    from medtune.core.errors import UsageError

    if listing:
        _list()
        return
    if file is None:
        raise UsageError("no file was named", next_step="medtune init my-recipe.yaml")
    if file.exists() and not force:
        raise UsageError("this file exists already", where=str(file), next_step="choose another name, or add --force")
    from medtune.cli.skeleton import skeleton
    from medtune.core.io import write_text
    from medtune.tasks import load_task

    load_task(task)
    if not file.absolute().parent.is_dir():
        raise UsageError("there is no such folder", where=str(file.parent), next_step="make it first")
    write_text(file, skeleton(file, task=task, base=base, data=data))
    click.echo(f"wrote {file}; next: medtune validate {file}, then medtune run {file}")


def _list() -> None:
    from medtune.suites import load_suite, suite_names
    from medtune.tasks import TASKS, load_task

    click.echo("tasks")
    width = max(map(len, (*TASKS, *suite_names())))
    for name in TASKS:
        click.echo(f"  {name:<{width}} {load_task(name).title}")
    click.echo("suites")
    for name in suite_names():
        click.echo(f"  {name:<{width}} {len(load_suite(name).cases)} cases")
    click.echo("bases")
    click.echo(f"  {'tiny':<{width}} embedded, for demonstrations on a CPU")
    click.echo(f"  {'{path: FOLDER}':<{width}} a model in safetensors")
