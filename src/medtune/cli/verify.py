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
@click.argument("folder", metavar="DIR|RUN")
@click.option(
    "--public-key", type=click.Path(path_type=Path), metavar="FILE",
    help="Check the signature with this public key or certificate (PEM).",
)  # fmt: skip
@runs_option
def verify(folder: str, public_key: Path | None, runs_folder: Path) -> None:
    """Re-hash every file of a release and name the first thing that differs.

    In a run directory every stage is re-hashed too, and the digests are followed back to the data.
    """
    from medtune.core.console import say
    from medtune.ship.locate import release_path
    from medtune.ship.sign import check_signature, is_signed
    from medtune.ship.verify import verify_release, verify_run

    found = verify_release(release_path(folder, runs_folder))
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
