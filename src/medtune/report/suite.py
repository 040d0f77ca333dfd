"""The page of a suite: its models with their verdicts, and the way to each report. Made of suite.json alone."""

from typing import Any

from medtune.report.pages import render_page
from medtune.tasks import FORM_ONLY_NOTE


def render_suite(suite: dict[str, Any]) -> str:
    """The whole HTML page of the values of suite.json: no network, no script."""
    form = any(model["scope"] == "form" for model in suite["models"])
    return render_page("suite.html.j2", s=suite, form_only_note=FORM_ONLY_NOTE if form else "")
