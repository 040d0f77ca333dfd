"""How far answers keep to their documents: a column of report and card where something was compared, none elsewhere."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from finished_run import make_run

from medtune.core.io import read_json, write_json
from medtune.release import card
from medtune.report.collect import collect
from medtune.report.render import render
from medtune.runs.layout import VERDICTS, RunDir
from medtune.runs.records.audit import RateFigure, Verdict
from medtune.runs.records.base import read_row_list

RATE = {"hits": 37, "n": 61, "rate": 37 / 61, "low": 0.4803, "high": 0.7185}


def test_the_report_has_the_column_with_the_place_of_each_figure(make_report: Callable[..., Any]) -> None:
    """Rows of the verdict table are those of verdicts.json: all builds but the last one were compared."""
    run, _ = make_report()
    file = run.stage("audit") / VERDICTS
    rows: Any = read_json(file)
    write_json(file, [row | {"faithful": RATE} for row in rows[:-1]] + rows[-1:])
    html = page(run)
    assert '<th scope="col">Faithful</th>' in html
    assert 'data-json="verdicts.0.faithful.hits"' in html and 'data-json="verdicts.0.faithful.low"' in html
    assert f'data-json="verdicts.{len(rows) - 1}.faithful' not in html
    assert "no rule of the gate looks at this" in html
    write_json(file, rows)
    assert "Faithful" not in page(run)


def page(run: RunDir) -> str:
    return render(collect(run, name="x", description="", side_by_side_count=1, failure_count=1))


def test_the_card_has_the_same_figures(tmp_path: Path) -> None:
    run, _ = make_run(tmp_path / "run")
    rate = RateFigure(**RATE)
    rows = read_row_list(run.stage("audit") / VERDICTS, Verdict)
    verdicts = (*(row.model_copy(update={"faithful": rate}) for row in rows[:-1]), rows[-1])
    manifest = SimpleNamespace(reads={"audit": {"gate": {}}})
    facts: Any = SimpleNamespace(verdicts=verdicts, manifests={"audit": manifest})
    text = card._audit(SimpleNamespace(chosen=verdicts[0], reason="it passed"), facts)  # type: ignore[arg-type]
    head = next(line for line in text.splitlines() if line.startswith("| Build | Verdict"))
    assert head.endswith("| MB | Faithful |")
    assert text.count("60.7 % (48.0 to 71.9; 37 of 61)") == len(verdicts) - 1
    assert text.count("| not compared |") == 1
    facts.verdicts = tuple(verdict.model_copy(update={"faithful": None}) for verdict in verdicts)
    assert "Faithful" not in card._audit(SimpleNamespace(chosen=verdicts[0], reason="it passed"), facts)  # type: ignore[arg-type]
