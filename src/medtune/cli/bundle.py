"""`medtune bundle RUN`: a release with all that it needs, for a machine without a network."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "pip download -d wheels -r requirements.txt",
        "medtune bundle my-run --wheels wheels --out my-run.tar",
        "medtune unbundle my-run.tar --into my-run",
    )
)
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The archive. [default: RUN.tar]")
@click.option(
    "--wheels", type=click.Path(path_type=Path), metavar="DIR", help="Pack the .whl files of this folder, too."
)
@click.option("--no-source", is_flag=True, help="Leave the source of llama.cpp out; the built one is packed.")
@click.option("--no-toolchain", is_flag=True, help="Leave llama.cpp out altogether, built and source.")
@runs_option
def bundle(
    *, run: str, out: Path | None, wheels: Path | None, no_source: bool, no_toolchain: bool, runs_folder: Path
) -> None:
    """Pack a release, its recipe, base model, suites and llama.cpp into one archive with digests. Never any data."""
    from medtune.ship.bundle import bundle as pack
    from medtune.ship.locate import run_dir

    found = run_dir(run, runs_folder)
    target = out or Path(f"{found.path.name}.tar")
    made = pack(found, target, wheels=wheels, toolchain=not no_toolchain, source=not no_source)
    click.echo(f"packed: {made} ({made.stat().st_size / 1e6:,.1f} MB)")
    click.echo(f"next: carry it over, then `medtune unbundle {made.name}`")
