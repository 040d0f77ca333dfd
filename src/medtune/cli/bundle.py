"""`medtune bundle RUN`: a release, or those of a suite, with all that it needs, for a machine without a network."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "pip download -d wheels -r requirements.txt",
        "medtune bundle my-run --wheels wheels --out my-run.tar",
        "medtune unbundle my-run.tar --into my-run",
        "medtune bundle my-suite",
    )
)
@click.argument("run", metavar="RUN|SUITE")
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
    """Pack a release, its recipe, base model, suites and llama.cpp into one archive with digests. Never any data.

    Of a suite every release is packed, and once what its models share; models that were not released are said.
    """
    from medtune.runs.layout import is_suite_folder
    from medtune.ship.bundle import bundle as pack
    from medtune.ship.bundle_suite import bundle_suite
    from medtune.ship.locate import release_path, run_dir

    folder = release_path(run, runs_folder).absolute()
    toolchain, source = not no_toolchain, not no_source
    if is_suite_folder(folder):
        target = out or Path(f"{folder.name}.tar")
        made = bundle_suite(folder, target, wheels=wheels, toolchain=toolchain, source=source)
    else:
        found = run_dir(run, runs_folder)
        target = out or Path(f"{found.path.name}.tar")
        made = pack(found, target, wheels=wheels, toolchain=toolchain, source=source)
    click.echo(f"packed: {made} ({made.stat().st_size / 1e6:,.1f} MB)")
    click.echo(f"next: carry it over, then `medtune unbundle {made.name}`")
