"""The run's files in, one JSON value out. Every number on the page comes from this value."""

from typing import Any

import medtune
from medtune.report.load import load
from medtune.report.sections.answers import emergency, failures, side_by_side
from medtune.report.sections.data import data_card
from medtune.report.sections.distilled import distilled
from medtune.report.sections.graded import graded
from medtune.report.sections.judged import evidence, gate, headline, verdict_table
from medtune.report.sections.made import flow
from medtune.report.sections.origin import provenance
from medtune.report.sections.proof import proof
from medtune.report.sections.training import training
from medtune.report.sections.words import TERMS
from medtune.runs.layout import RunDir
from medtune.tasks import FORM_ONLY_NOTE

FORMAT = 2
"""Raised when a field of report.json changes its meaning."""


def collect(run: RunDir, *, name: str, description: str, side_by_side_count: int, failure_count: int) -> dict[str, Any]:
    """Everything that the report shows. Raises RunDirError when a stage is missing or a row does not fit."""
    loaded = load(run)
    return {
        "format": FORMAT,
        "medtune": medtune.__version__,
        "form_only_note": FORM_ONLY_NOTE,
        "headline": headline(loaded, name, description),
        "flow": flow(loaded),
        "verdicts": verdict_table(loaded),
        "evidence": evidence(loaded),
        "training": training(loaded),
        "proof": proof(loaded),
        "graded": graded(loaded),
        "side_by_side": side_by_side(loaded, side_by_side_count),
        "emergency": emergency(loaded),
        "failures": failures(loaded, failure_count),
        "data": data_card(loaded),
        "distilled": distilled(loaded),
        "gate": gate(loaded),
        "provenance": provenance(loaded),
        "terms": [{"term": term, "meaning": meaning} for term, meaning in TERMS],
    }
