"""`medtune sign DIR --key FILE`: sign a release with a local key."""

import os
from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "openssl ecparam -name prime256v1 -genkey -noout -out release.key",
        "openssl ec -in release.key -pubout -out release.pub",
        "medtune sign my-run --key release.key",
        "medtune verify my-run --public-key release.pub",
    )
)
@click.argument("folder", metavar="DIR|RUN")
@click.option(
    "--key", type=click.Path(path_type=Path), required=True, metavar="FILE",
    help="Private elliptic-curve key (PEM). The password of an encrypted one is read from MEDTUNE_KEY_PASSWORD.",
)  # fmt: skip
@runs_option
def sign(folder: str, key: Path, runs_folder: Path) -> None:
    """Verify a release, then write release.sig beside it. Works without a network."""
    from medtune.ship.locate import release_path
    from medtune.ship.sign import sign_release

    made = sign_release(release_path(folder, runs_folder), key, os.environ.get("MEDTUNE_KEY_PASSWORD") or None)
    click.echo(f"signed: {made}")
