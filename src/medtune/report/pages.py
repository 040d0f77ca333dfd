"""Templates to pages: one environment and one style for every page that medtune writes."""

from pathlib import Path
from typing import Any

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(template: str, **values: Any) -> str:
    """The whole HTML of a template in templates/, with the style sheet as `css`."""
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
    return environment.get_template(template).render(css=css, **values)
