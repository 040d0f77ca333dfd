"""`medtune ollama import|list|test|remove`: releases in a local Ollama."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from medtune.cli.options import example, runs_option

if TYPE_CHECKING:
    from medtune.core.net import Egress
    from medtune.ship.folder import ReleaseFolder
    from medtune.ship.ollama.smoke import SmokeAnswer


@click.group(epilog=example("medtune ollama import my-run", "medtune ollama list", "medtune ollama test my-run"))
def ollama() -> None:
    """Give releases to Ollama, and prove that it serves what was audited.

    OLLAMA_HOST says where Ollama answers; without it, this machine's usual address. Other machines must stand in
    the recipe's `egress`.
    """


@ollama.command(
    "import",
    epilog=example(
        "medtune ollama import my-run", "medtune ollama import notes terms", "medtune ollama import my-suite"
    ),
)
@click.argument("releases", nargs=-1, required=True, metavar="RUN|SUITE|DIR...")
@click.option("--name", metavar="NAME", help="Name in Ollama, for one release. [default: RUN:BUILD]")
@click.option("--no-smoke", is_flag=True, help="Ask no question afterwards.")
@runs_option
def import_(releases: tuple[str, ...], name: str | None, no_smoke: bool, runs_folder: Path) -> None:
    """Import one or more releases, bytes as they were audited, and check what Ollama then serves.

    Of a suite, every model that was released is imported. A file that Ollama has already is not sent again. Without
    Ollama, the commands for doing it by hand are printed.
    """
    from medtune.chat.parity_ollama import ollama_address
    from medtune.core.errors import ServerError, UsageError
    from medtune.ship.locate import release_paths
    from medtune.ship.ollama.api import Ollama
    from medtune.ship.ollama.bring import bring
    from medtune.ship.ollama.package import by_hand, package_of

    paths = [path for one in releases for path in release_paths(one, runs_folder)]
    if name and len(paths) > 1:
        raise UsageError("--name fits one release only", next_step="import them one by one, or leave --name out")
    opened = [_open(path) for path in paths]
    for found, egress in opened:
        package = package_of(found, name)
        with Ollama(ollama_address(), egress=egress) as server:
            try:
                server.version()
            except ServerError:
                click.echo(by_hand(package))
                raise
            done = bring(found, server, name=name, egress=egress, smoke=not no_smoke)
        sent = "uploaded" if done.uploaded else "was there"
        click.echo(
            f"{done.package.name}: {sent}, sha256 {done.package.sha256}, in Ollama {done.version}; {done.prompts}"
        )
        _say_answers(done.answers)


@ollama.command("list", epilog=example("medtune ollama list"))
@runs_option
def list_(runs_folder: Path) -> None:
    """List what Ollama has, and which of it is a release of a run here, byte for byte."""
    from medtune.chat.parity_ollama import ollama_address
    from medtune.cli.runs import known_runs, read_release, shown_name
    from medtune.ship.ollama.api import Ollama
    from medtune.ship.ollama.bring import digest_of

    known = {row.sha256: (run, row) for run in known_runs(runs_folder) if (row := read_release(run)) and row.sha256}
    with Ollama(ollama_address()) as server:
        for one in server.tags():
            name = str(one.get("name", ""))
            run, row = known.get(digest_of(server.show(name)), (None, None))
            words = (
                f"{row.verdict} of {shown_name(run, runs_folder)}, build {row.released}"
                if run and row
                else "not of a run here"
            )
            click.echo(f"{name}  {int(one.get('size', 0)) / 1e6:,.1f} MB  {words}")


@ollama.command("test", epilog=example("medtune ollama test my-run", "medtune ollama test my-run --name ward:v1"))
@click.argument("release", metavar="RUN|DIR")
@click.option("--name", metavar="NAME", help="Name in Ollama. [default: RUN:BUILD]")
@runs_option
def test(release: str, name: str | None, runs_folder: Path) -> None:
    """Check an imported model again: digest, parameters, rendered prompts, answers."""
    from medtune.chat.parity_ollama import ollama_address
    from medtune.ship.locate import release_path
    from medtune.ship.ollama.api import Ollama
    from medtune.ship.ollama.bring import check_prompts, check_served
    from medtune.ship.ollama.package import package_of
    from medtune.ship.ollama.smoke import ask_smoke

    found, egress = _open(release_path(release, runs_folder))
    package = package_of(found, name)
    with Ollama(ollama_address(), egress=egress) as server:
        server.check_version()
        check_served(server, package)
        click.echo(f"{package.name}: served as audited; {check_prompts(server, package, found, egress)}")
        _say_answers(tuple(ask_smoke(server, package, found)))


@ollama.command("remove", epilog=example("medtune ollama remove my-run:q4_k_m"))
@click.argument("name")
def remove(name: str) -> None:
    """Remove a model from Ollama; the release stays."""
    from medtune.chat.parity_ollama import ollama_address
    from medtune.ship.ollama.api import Ollama

    with Ollama(ollama_address()) as server:
        server.delete(name)
    click.echo(f"removed: {name}")


def _open(path: Path) -> "tuple[ReleaseFolder, Egress]":
    from medtune.config.load import load_recipe
    from medtune.core.net import Egress
    from medtune.runs.layout import RECIPE
    from medtune.ship.folder import open_release

    found = open_release(path)
    hosts = load_recipe(found.run.file(RECIPE)).egress if found.run else ()
    return found, Egress(frozenset(hosts))


def _say_answers(answers: "tuple[SmokeAnswer, ...]") -> None:
    from medtune.core.errors import ServerError

    for one in answers:
        if one.audited is not None:
            said = "the audited answer, word for word" if one.same else "another wording than in the audit"
        else:
            said = "not asked in the audit"
        form = "whole form" if one.whole_form else "NOT the whole form"
        click.echo(f"  {one.question[:70]}: {form}; {said}")
    if lost := [one for one in answers if not one.kept_form]:
        raise ServerError(
            f"{len(lost)} of {len(answers)} answers lost the form that the audited ones had",
            where=lost[0].question[:70],
            next_step="run `medtune audit --endpoint` against this Ollama before anybody uses it",
        )
