"""The page of a suite: its models with their verdicts, and the way to each report. Made of suite.json alone."""

from pathlib import Path
from typing import Any

from medtune.tasks import FORM_ONLY_NOTE

_TEMPLATES = Path(__file__).parent / "templates"


def render_suite(suite: dict[str, Any]) -> str:
    """The whole HTML page of the values of suite.json: no network, no script."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from medtune.report.formats import FILTERS

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    css = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    form = any(model["scope"] == "form" for model in suite["models"])
    page = environment.get_template("suite.html.j2")
    return page.render(s=suite, css=css, form_only_note=FORM_ONLY_NOTE if form else "")
