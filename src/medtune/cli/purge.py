"""`medtune purge RUN`: remove what holds the text of records."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(epilog=example("medtune purge my-run", "medtune purge my-run --yes"))
@click.argument("run")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@runs_option
def purge(run: str, yes: bool, runs_folder: Path) -> None:
    """Remove the text of records from RUN: raw data, training rows, and answers unless all sources are public.

    Counts, digests, models, verdicts and the report stay. A stage that needs what is gone makes it again from the
    sources, or says what is missing. Files are unlinked; wiping the disk's blocks is left to the disk's encryption.
    """
    from medtune.cli.runs import find_run
    from medtune.runs.lock import locked
    from medtune.runs.purge import plan_purge
    from medtune.runs.purge import purge as remove

    found = find_run(run, runs_folder)
    with locked(found):
        planned = plan_purge(found)
        if not planned.paths:
            click.echo("nothing to remove: this run holds no text of records", err=True)
            return
        click.echo("\n".join(planned.paths))
        if not yes:
            click.confirm(f"remove these ({planned.size_bytes / 1e6:.1f} MB) for good?", abort=True, err=True)
        remove(found)
    click.echo(f"removed {len(planned.paths)} files and folders; events.jsonl says so", err=True)
