"""The verdicts of a run as a plain table."""

import click

from medtune.cli.runs import read_verdicts
from medtune.runs.layout import RunDir


def show_verdicts(run: RunDir) -> None:
    """Print one line per build; nothing before the audit."""
    from medtune.tasks import FORM_ONLY_NOTE

    verdicts = read_verdicts(run)
    if not verdicts:
        return
    width = max(len(verdict.build) for verdict in verdicts)
    click.echo(f"\n{'build':<{width}}  {'MB':>7}  {'whole form':<22}  verdict")
    for verdict in verdicts:
        rate = verdict.whole_form
        form = f"{rate.rate:6.1%} ({rate.low:.1%} to {rate.high:.1%})" if rate.n else "not asked"
        click.echo(f"{verdict.build:<{width}}  {verdict.size_bytes / 1e6:7.1f}  {form:<22}  {verdict.verdict.value}")
    if any(verdict.scope == "form" for verdict in verdicts):
        click.echo(f"\n{FORM_ONLY_NOTE}")
