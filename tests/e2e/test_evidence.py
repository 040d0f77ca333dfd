"""`medtune ask RUN --evidence RUN2`: two runs, one answer with places; mistakes are told, not traced."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command import call

from medtune.tasks import load_task

if TYPE_CHECKING:
    from conftest import SmallRun

pytestmark = pytest.mark.slow
FORM = load_task("consult-summary").smoke[0]


@pytest.fixture(scope="module")
def runs(small_run: "SmallRun", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run twice, each as if it had been tuned for another task: what it writes misses every form."""
    folder = tmp_path_factory.mktemp("evidence")
    for task in ("consult-summary", "consult-validation"):
        shutil.copytree(small_run.run.path, folder / task, copy_function=shutil.copy2)
        recipe = folder / task / "recipe.yaml"
        text = recipe.read_text(encoding="utf-8")
        recipe.write_text(text.replace("task: terminology", f"task: {task}"), encoding="utf-8")
        assert f"task: {task}" in recipe.read_text(encoding="utf-8")
    return folder


def test_both_runs_answer_and_what_cannot_be_read_is_said(runs: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.md"
    form.write_text(FORM, encoding="utf-8")
    words = ["ask", "consult-summary", "--build", "F16", "--evidence", "consult-validation", "--evidence-build", "Q8_0",
             "--file", str(form), "--runs", str(runs)]  # fmt: skip
    done = call([*words, "--json"])
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["summary"] and value["summarised_by"]["build"] == "F16" and value["quoted_by"]["build"] == "Q8_0"
    assert value["unmatched"] == sum(one["match"] == "none" for one in value["quotations"])
    assert value["summarised_by"]["form"], "an untuned model has no tags"
    shown = call(words)
    assert shown.returncode == 0 and value["summary"].splitlines()[0] in shown.stdout
    assert load_task("consult-validation").disclaimer.split(":")[0][:30] in shown.stdout


def test_runs_of_other_tasks_are_refused(runs: Path, small_run: "SmallRun") -> None:
    quickstart = str(small_run.run.path)
    for first, second in (("consult-validation", "consult-validation"), ("consult-summary", quickstart)):
        done = call(["ask", first, FORM, "--build", "F16", "--evidence", second, "--evidence-build", "F16",
                     "--runs", str(runs)])  # fmt: skip
        assert done.returncode == 2 and "Traceback" not in done.stderr
        assert "next:" in done.stderr


def test_a_question_and_a_file_or_none_are_refused(runs: Path, tmp_path: Path) -> None:
    both = call(["ask", "consult-summary", "text", "--file", str(tmp_path / "none.md"), "--runs", str(runs)])
    missing = call(["ask", "consult-summary", "--file", str(tmp_path / "none.md"), "--runs", str(runs)])
    empty = call(["ask", "consult-summary", "--evidence", "consult-validation", "--runs", str(runs)])
    for done in (both, missing, empty):
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
