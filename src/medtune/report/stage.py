"""The door of report: read the run, write report.json and report.html, and put copies where a person looks first."""

from medtune.config.recipe import RecipeView
from medtune.core.hashing import sha256_text
from medtune.core.io import read_text, write_json, write_text
from medtune.report.collect import collect
from medtune.report.render import render
from medtune.runs.layout import REPORT_HTML, REPORT_JSON, RunDir
from medtune.runs.manifest import Manifest
from medtune.runs.stage import open_stage

NAME = "report"
NEEDS = ("collect", "prepare", "train", "export", "ask", "audit", "release")
READS = ("report", "description")
VERSION = 3


def plan(recipe: RecipeView, run: RunDir) -> list[str]:
    """What the report will show."""
    del run  # The report reads whatever the stages before it will have written.
    section = recipe.report
    return [
        f"write {REPORT_HTML} and {REPORT_JSON} from the run's files",
        f"show {section.side_by_side} questions side by side and at most {section.failures} failures of each build",
    ]


def run(recipe: RecipeView, run: RunDir) -> Manifest:
    """Write the report into its folder and copy it to the top of the run directory, whole or not at all."""
    section = recipe.report
    folder = open_stage(run, recipe, name=NAME, needs=NEEDS, version=VERSION)
    report = collect(
        run,
        name=recipe.name,
        description=recipe.description,
        side_by_side_count=section.side_by_side,
        failure_count=section.failures,
    )
    page = render(report)
    write_json(folder.path / REPORT_JSON, report)
    write_text(folder.path / REPORT_HTML, page)
    # Before the folder is finished: a run killed in between is not fresh, and writes both again.
    write_text(run.file(REPORT_JSON), read_text(folder.path / REPORT_JSON))
    write_text(run.file(REPORT_HTML), page)
    return folder.finish(
        facts={
            "builds": len(report["verdicts"]),
            "failures_shown": sum(len(build["items"]) for build in report["failures"]),
            "html_sha256": sha256_text(page),
        }
    )
