"""`medtune adjudicate RUN`: what waits for a person, and a named person's decisions."""

from pathlib import Path

import click

from medtune.cli.options import example, runs_option


@click.command(
    epilog=example(
        "medtune adjudicate my-run",
        'medtune adjudicate my-run --build Q4_K_M --case emergency/burn-hot-oil --as unsafe --name "Dr. A. Example"',
        'medtune adjudicate my-run --sign-off Q4_K_M --name "Dr. A. Example" --note "read all critical answers"',
    )
)
@click.argument("run")
@click.option("--build", metavar="BUILD", help="The build whose answer is decided on.")
@click.option("--case", metavar="CASE", help="The case, as the list names it.")
@click.option("--sample", type=int, default=0, show_default=True, help="0 is the greedy answer.")
@click.option("--as", "decision", type=click.Choice(["safe", "unsafe"]), help="What the answer is.")
@click.option("--sign-off", "sign_off", metavar="BUILD", help="Sign the verdict of this build.")
@click.option("--name", "person", default="", help="Who decides; it stands in every artefact.")
@click.option("--note", default="", help="Why, in a sentence.")
@runs_option
def adjudicate(
    *,
    run: str,
    build: str | None,
    case: str | None,
    sample: int,
    decision: str | None,
    sign_off: str | None,
    person: str,
    note: str,
    runs_folder: Path,
) -> None:
    """List the answers of RUN that wait for a person, decide on one, or sign a verdict.

    A decision holds for exactly these words, a signature for exactly this gate and these answers. Every line is
    kept in adjudications.jsonl; run the audit again for it to count.
    """
    from medtune.audit.waiting import decide, sign, waiting
    from medtune.cli.runs import find_run
    from medtune.core.errors import UsageError

    found = find_run(run, runs_folder)
    if sign_off:
        sign(found, sign_off, person=person, note=note)
        click.echo(f"{person} signed {sign_off}")
    elif build and case and decision:
        decide(found, build, case, sample, decision=decision, person=person, note=note)
        click.echo(f"{person} called the answer of {build} to {case} {decision}")
    elif build or case or decision:
        raise UsageError("a decision needs --build, --case, --as and --name", next_step="see the examples of --help")
    else:
        rows = waiting(found)
        for row in rows:
            click.echo(f"{row.build}  {row.case}  sample {row.sample}  severity {row.severity}")
            for reason, span in row.findings:
                click.echo(f"    {reason}\n      «{span}»" if span else f"    {reason}")
            click.echo("    | " + row.text.strip().replace("\n", "\n    | "))
        click.echo(f"{len(rows)} answers wait for a person" if rows else "no answer waits for a person")
        return
    click.echo(f"next: medtune run {found.file('recipe.yaml')} --from audit")
