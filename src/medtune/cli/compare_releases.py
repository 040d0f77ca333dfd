"""`medtune compare-releases A B`: what differs between two releases."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    "compare-releases",
    epilog=example("medtune compare-releases ward-v1 ward-v2", "medtune compare-releases old/ new/ --json"),
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
@runs_option
def compare_releases(first: str, second: str, as_json: bool, runs_folder: Path) -> None:
    """Verify two releases, then show what differs: data, settings, tools, verdicts and figures.

    A and B are release folders or runs. Figures of different questions are no ranking: look at the suites' digests.
    """
    import json
    from dataclasses import asdict

    from medtune.ship.compare import compare_releases as compare
    from medtune.ship.locate import release_path
    from medtune.ship.verify import verify_release

    a, b = (verify_release(release_path(name, runs_folder)) for name in (first, second))
    found = compare(a, b)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
        return
    part = ""
    for one in found:
        if one.part != part:
            part = one.part
            click.echo(f"{part}:")
        click.echo(f"  {one.what}: {one.first} -> {one.second}")
    click.echo(f"{len(found)} differences" if found else "no difference")
