"""`medtune publish RUN OWNER/NAME`: a release on a Hugging Face hub."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "medtune publish my-run our-hospital/terms-7b",
        "HF_TOKEN=… medtune publish my-run our-hospital/terms-7b --yes",
    )
)
@click.argument("release", metavar="RUN|DIR")
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--yes", is_flag=True, help="Really publish; without it, only what would happen is shown.")
@click.option("--public", is_flag=True, help="Make the repository public. [default: private]")
@click.option("--update", is_flag=True, help="Add a commit to a repository that exists.")
@runs_option
def publish(*, release: str, repository: str, yes: bool, public: bool, update: bool, runs_folder: Path) -> None:
    """Show what would be published of a release, or publish it with --yes.

    Only RELEASE-GOLD and RELEASE-SAFE of a clinical gate; never a form verdict, HOLD or REJECT. The hub is that of
    HF_ENDPOINT and must stand in the recipe's `egress`; the token is read from HF_TOKEN only.
    """
    from medtune.config.load import load_recipe
    from medtune.core.errors import UsageError
    from medtune.core.net import Egress
    from medtune.runs.layout import RECIPE, is_suite_folder
    from medtune.ship.locate import release_path
    from medtune.ship.publish import plan_publication
    from medtune.ship.publish import publish as send
    from medtune.ship.suite import read_suite
    from medtune.ship.verify import verify_release

    path = release_path(release, runs_folder)
    if is_suite_folder(path):
        models = " ".join(model.name for model in read_suite(path).models if model.state == "released")
        raise UsageError(
            "this is a suite, and a hub's repository holds one model",
            where=str(path),
            next_step=f"`medtune publish {release}/MODEL OWNER/NAME` each; released: {models or 'none'}",
        )
    found = verify_release(path)
    planned = plan_publication(found, repository, private=not public)
    kind = "private" if planned.private else "public"
    click.echo(f"{planned.address} ({kind}): {len(planned.files)} files, {planned.size_bytes / 1e6:,.1f} MB")
    for path in planned.files:
        click.echo(f"  {path.name}  {path.stat().st_size:,} bytes")
    if not yes:
        click.echo("dry run: nothing was sent; add --yes to publish")
        return
    hosts = load_recipe(found.run.file(RECIPE)).egress if found.run else ()
    click.echo(f"published: {send(planned, egress=Egress(frozenset(hosts)), update=update)}")
