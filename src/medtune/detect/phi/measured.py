"""What slipped through the gate in labelled sets, measured before this version was shipped.

Planted identifiers stand in plain sentences, in names that some list or rule often knows. These figures come from text
that is harder; `benchmarks/phi.py measured` writes them. The rules were made with these sets at hand, so a site's own
text may fare worse.
"""

import json
from importlib.resources import files
from typing import Any

from medtune.detect.phi.lists import FOLDER

FILE = "measured.json"


def measured() -> list[dict[str, Any]]:
    """Rows of `set`, `what`, `n` and `found`; `missed` and its upper 95 % bound `high` are shares (0 to 1)."""
    rows: list[dict[str, Any]] = json.loads(files("medtune").joinpath(*FOLDER, FILE).read_text(encoding="utf-8"))
    return rows
