"""`medtune lint Modelfile`: is the model asked as it was trained?"""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "medtune lint runs/my-run/07-release/Modelfile",
        "medtune lint ~/old/Modelfile --family mistral",
        "medtune lint Modelfile --release my-run",
    )
)
@click.argument("modelfile", type=click.Path(path_type=Path))
@click.option("--gguf", type=click.Path(path_type=Path), metavar="FILE", help="The model. [default: what FROM names]")
@click.option("--family", metavar="NAME", help="The model's family, where the GGUF is not at hand, e.g. mistral.")
@click.option("--release", metavar="DIR|RUN", help="Hold it against the decoding and system text of this release.")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@runs_option
def lint(
    *, modelfile: Path, gguf: Path | None, family: str | None, release: str | None, as_json: bool, runs_folder: Path
) -> int:
    """Find what makes Ollama ask a model otherwise than it was trained.

    System text that is dropped, a doubled BOS, a missing stop string, a template that training never saw, and more.
    Any Modelfile can be checked, not only those that medtune wrote. Ends with 1 when there is an error.
    """
    import json
    from dataclasses import asdict

    from medtune.core.errors import EXIT_DONE, EXIT_FAILED
    from medtune.ship.locate import release_path
    from medtune.ship.modelfile.check import check_modelfile

    named = release_path(release, runs_folder) if release else None
    found = check_modelfile(modelfile, gguf=gguf, family=family, release=named)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            place = f"{modelfile}:{one.line}" if one.line else str(modelfile)
            click.echo(f"{place}: {one.level}: {one.rule}: {one.what}\n  next:  {one.next_step}")
        errors = sum(one.level == "error" for one in found)
        click.echo(f"{errors} errors, {len(found) - errors} warnings")
    return EXIT_FAILED if any(one.level == "error" for one in found) else EXIT_DONE
