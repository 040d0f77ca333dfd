"""`medtune unbundle FILE`: check and unpack what `medtune bundle` packed; needs no network."""

from pathlib import Path

import click

from medtune.cli.options import example


@click.command(epilog=example("medtune unbundle my-run.tar", "medtune unbundle my-run.tar --into /srv/models/my-run"))
@click.argument("archive", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="DIR", help="A new folder. [default: FILE without .tar]"
)
@click.option("--no-ask", is_flag=True, help="Ask no question afterwards.")
def unbundle(archive: Path, into: Path | None, no_ask: bool) -> None:
    """Check every byte of a bundle, unpack it, install llama.cpp where it is missing, and ask each model a question.

    Nothing is left behind when anything in the archive is not what its own list says.
    """
    from medtune.runs.layout import is_suite_folder
    from medtune.ship.answer import answer_once
    from medtune.ship.unbundle import unbundle as unpack

    done = unpack(archive, into or archive.with_suffix(""))
    for release in done.releases:
        row = release.row
        click.echo(f"as it was released: {row.file} ({row.verdict}), sha256 {row.sha256}")
    click.echo(done.toolchain)
    for release in () if no_ask else done.releases:
        question, text = answer_once(release)
        click.echo(f"{question}\n{text}")
    if is_suite_folder(done.folder):
        click.echo(f"next: `medtune ollama import {done.folder}`, or README.md of each release says how to serve it")
    else:
        click.echo(f"next: {done.releases[0].path}/README.md says how to serve it")
