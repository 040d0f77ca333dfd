"""`medtune suites list|show|check`: what is asked, and whether a suite of your own holds together."""

from typing import TYPE_CHECKING

import click

from medtune.cli.options import example

if TYPE_CHECKING:
    from medtune.suites import Suite


@click.group(
    epilog=example("medtune suites list", "medtune suites show emergency", "medtune suites check ./ours/ward.yaml")
)
def suites() -> None:
    """List, show and check the suites that audits ask.

    A suite is a YAML file of cases: how something is asked, and what a right answer holds. Sites add their
    own beside those that medtune brings.
    """


@suites.command("list", epilog=example("medtune suites list"))
def list_() -> None:
    """List the suites that medtune brings."""
    from medtune.suites import load_suite, suite_names

    rows = [("suite", "version", "scenarios", "questions", "reviewed", "sourced", "title")]
    for suite in map(load_suite, suite_names()):
        reviewed = sum(case.rubric == "reviewed" for case in suite.cases)
        sourced = sum(case.source != "unverified" for case in suite.cases)
        counts = (str(suite.version), str(suite.independent), str(len(suite.questions)), str(reviewed), str(sourced))
        rows.append((suite.name, *counts, suite.title))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@suites.command(
    epilog=example("medtune suites show emergency", "medtune suites show emergency --case stroke-signs-gone")
)
@click.argument("name")
@click.option("--case", "case_id", help="Show one case with everything that is known about it.")
def show(*, name: str, case_id: str | None) -> None:
    """Show the cases of the suite NAME, one line each, or one case in full.

    NAME is one of our suites or a file of your own.
    """
    from medtune.suites import load_suite

    suite = load_suite(name)
    if case_id is not None:
        _show_case(suite, case_id)
        return
    click.echo(f"{suite.name}, version {suite.version}: {suite.title}\n{suite.note}\ndigest {suite.digest}\n")
    for case in suite.cases:
        marks = [case.expect, f"severity {case.severity}", case.rubric]
        marks += ["critical"] if case.critical else []
        click.echo(f"{case.id} ({case.cluster}; {', '.join(marks)})\n  {case.prompt}")


@suites.command(epilog=example("medtune suites check", "medtune suites check ./ours/ward.yaml"))
@click.argument("paths", nargs=-1, metavar="[PATH]...")
def check(*, paths: tuple[str, ...]) -> None:
    """Check suite files: concepts, units, sentences, references, independence.

    Without PATH all suites and the lexicon that medtune brings are checked. Each problem is named with its
    line.
    """
    from medtune.audit.suite_proof import check_suite_file, prove_independence, prove_lexicon
    from medtune.core.errors import DataError
    from medtune.suites import load_lexicon, suite_names

    if not paths and (problems := list(prove_lexicon(load_lexicon()))):
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise DataError(f"the lexicon does not prove itself:\n{listed}", next_step="mend the patterns or the sentences")
    found = [check_suite_file(name) for name in paths or suite_names()]
    clinical = [suite for suite in found if suite.cases[0].category in ("emergency", "medication")]
    if shared := list(prove_independence(clinical)):
        listed = "\n".join(f"  - {pair}" for pair in shared)
        raise DataError(f"scenarios that are not independent:\n{listed}", next_step="put them in one cluster")
    for suite in found:
        references = sum(len(case.references) for case in suite.cases)
        click.echo(f"{suite.name}: {len(suite.cases)} cases, {len(suite.questions)} questions, {references} references")


def _show_case(suite: "Suite", case_id: str) -> None:
    import yaml

    from medtune.core.errors import UsageError

    case = next((case for case in suite.cases if case.id == case_id), None)
    if case is None:
        raise UsageError(
            f"the suite {suite.name} has no case {case_id!r}", next_step=f"medtune suites show {suite.name}"
        )
    values = case.model_dump(mode="json", exclude_defaults=True)
    click.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=110).rstrip())
