"""`medtune verify DIR`: recompute what a release, or a whole run, says of itself."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "medtune verify runs/my-run",
        "medtune verify ~/downloads/my-release --public-key hospital.pub",
    )
)
@click.argument("folder", metavar="DIR|RUN|SUITE")
@click.option(
    "--public-key", type=click.Path(path_type=Path), metavar="FILE",
    help="Check the signature with this public key or certificate (PEM).",
)  # fmt: skip
@runs_option
def verify(folder: str, public_key: Path | None, runs_folder: Path) -> None:
    """Re-hash every file of a release and name the first thing that differs.

    In a run directory every stage is re-hashed too, and the digests are followed back to the data. Of a suite, its own
    files and the releases of all its models are checked.
    """
    from medtune.runs.layout import is_suite_folder
    from medtune.ship.locate import release_path

    path = release_path(folder, runs_folder)
    if is_suite_folder(path):
        _verify_suite(path, public_key)
    else:
        _verify_one(path, public_key)


def _verify_suite(path: Path, public_key: Path | None) -> None:
    from medtune.ship.suite import read_suite, verify_suite

    found = verify_suite(path)
    for release in found:
        _verify_one(release.run.path if release.run else release.path, public_key)
    suite = read_suite(path)
    whole = "complete" if suite.complete else "not complete"
    click.echo(f"as it was written: suite {suite.name}, {whole}, {len(found)} of {len(suite.models)} models checked")


def _verify_one(path: Path, public_key: Path | None) -> None:
    from medtune.core.console import say
    from medtune.ship.sign import check_signature, is_signed
    from medtune.ship.verify import verify_release, verify_run

    found = verify_release(path)
    notes = verify_run(found.run) if found.run else []
    row = found.row
    if public_key is not None:
        key = check_signature(found.path, public_key)
        click.echo(f"signed with the key of sha256 {key}")
    elif is_signed(found.path):
        say("  the signature was NOT checked: name the public key with --public-key")
    for note in notes:
        say(f"  {note}")
    if row.file:
        click.echo(f"as it was released: {row.file} ({row.verdict}), sha256 {row.sha256}")
    else:
        click.echo(f"as it was written: nothing was released ({row.reason})")
