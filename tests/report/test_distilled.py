"""The section of rows that a teacher wrote: there in runs with one, absent in others."""

from collections.abc import Callable
from typing import Any

from medtune.core.io import write_json
from medtune.report.collect import collect
from medtune.report.render import render
from medtune.runs.layout import DISTILL, REPORT_HTML, RunDir
from medtune.runs.records.distill import CategoryFacts, CostFacts, DistillFacts, TryFacts

Reported = tuple[RunDir, dict[str, Any]]
FACTS = DistillFacts(
    source="taught",
    task="terminology",
    mode="pairs",
    teacher="big <model>",
    host="127.0.0.1",
    licence="Apache-2.0",
    rows=1200,
    accepted=900,
    rejected={"form: missing": 100, "held back: an identifier of a person": 200},
    held_back={"name": 150, "mrn": 60},
    tries=(TryFacts(number=1, judged=1000, passed=800), TryFacts(number=2, judged=200, passed=100)),
    troubles={"form: missing": 300},
    categories=(CategoryFacts(name="Skin", quota=1000, asked=1200, accepted=900),),
    distinct={"1": 0.1, "2": 0.25, "3": 0.5},
    questions=899,
    answer_words=81.5,
    calls=1200,
    prompt_tokens=120_000,
    answer_tokens=90_000,
    estimated_calls=0,
    token_budget=210_000,
    budget_spent=True,
    cost=CostFacts(currency="EUR", prompt=1.0, answer=2.0, total=0.3),
)


def test_what_a_teacher_wrote_is_shown_with_its_reasons(make_report: Callable[..., Reported]) -> None:
    run, _ = make_report()
    write_json(run.stage("collect") / DISTILL, [FACTS.model_dump(mode="json")])
    report = collect(run, name="taught", description="", side_by_side_count=1, failure_count=1)
    (taught,) = report["distilled"]
    assert taught["pass_rate"] == 0.75
    assert [row["rate"] for row in taught["tries"]] == [0.8, 0.5]
    assert [row["reason"] for row in taught["rejected"]] == ["held back: an identifier of a person", "form: missing"]
    page = render(report)
    assert 'id="distilled"' in page
    assert "big &lt;model&gt;" in page
    for words in ("Skin", "0.30", "EUR", "Apache-2.0", "It stopped at the token budget of"):
        assert words in page
    assert 'data-json="distilled.0.held_back.0.count">150<' in page


def test_a_run_without_a_teacher_has_no_such_section(reported: Reported) -> None:
    run, report = reported
    assert report["distilled"] == []
    assert "distilled" not in run.file(REPORT_HTML).read_text("utf-8")
