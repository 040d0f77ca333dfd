"""Tasks and their overlays as data."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from medtune.core.errors import UsageError
from medtune.tasks import TASKS, Task, check_contract, load_task

SEVEN = {
    "terminology", "medical-qa", "emergency", "consult-summary", "consult-validation", "discharge-summary",
    "discharge-validation",
}  # fmt: skip


def test_seven_tasks_and_an_overlay() -> None:
    assert {name.partition("/")[0] for name in TASKS} == SEVEN
    assert "consult-summary/zh-Hant" in TASKS
    for name in TASKS:
        task = load_task(name)
        assert task.name == name and task.family == name.partition("/")[0]
        assert task.scope.strip() and task.disclaimer.strip() and task.smoke


def test_an_overlay_says_only_what_differs() -> None:
    base, overlay = load_task("consult-summary"), load_task("consult-summary/zh-Hant")
    assert (overlay.language, overlay.family) == ("zh-Hant", "consult-summary")
    assert overlay.decoding == base.decoding and overlay.smoke == base.smoke and overlay.input == base.input
    assert overlay.contract.kind == "tags" and overlay.contract != base.contract
    assert not set(overlay.fidelity.awaiting) & set(base.fidelity.awaiting)
    raw = yaml.safe_load(TASKS["consult-summary/zh-Hant"].read_text(encoding="utf-8"))
    assert "decoding" not in raw and "name" not in raw


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        load_task("consult-summary/fr")
    assert "'fr'" in caught.value.what
    assert "consult-summary (en), consult-summary/zh-Hant" in caught.value.next_step
    with pytest.raises(UsageError) as caught:
        load_task("terminology/de")
    assert "terminology (en)" in caught.value.next_step


@pytest.mark.parametrize("name", sorted(SEVEN - {"terminology", "medical-qa", "emergency"}))
def test_smoke_prompts_are_documents_that_the_task_can_read(name: str) -> None:
    task = load_task(name)
    for document in task.smoke:
        assert task.prompt(document) == document
        assert document.startswith(("## Request", "<encounter>"))
        assert ("\n\n## Summary\n" in document) == (task.input == "validation")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("emergency", {"prompts": ["{topic}"]}),
        ("terminology", {"prompts": []}),
        ("terminology", {"input": "question"}),
        ("terminology", {"contract": {"kind": "unheard-of"}}),
        ("consult-summary", {"contract": {"kind": "tags", "tags": [], "min_words": 3}}),
        ("consult-summary", {"name": "consult-summary/../x"}),
        ("consult-summary", {"name": "Consult"}),
        ("medical-qa", {"disclaimer": "one line\nand another"}),
        ("medical-qa", {"disclaimer": "a line that the system prompt does not have"}),
        ("medical-qa", {"smoke": []}),
    ],
)
def test_what_does_not_hold_together_is_refused(name: str, change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Task.model_validate(load_task(name).model_dump(mode="json") | change)


def test_a_name_with_a_slash_is_in_no_file_name(tmp_path: Path) -> None:
    """What is written for a run carries the recipe's name; the task's own stands inside of files only."""
    from medtune.cli.skeleton import skeleton

    text = skeleton(tmp_path / "notes.yaml", task="consult-summary/zh-Hant", base="tiny", data=tmp_path / "notes.jsonl")
    values = yaml.safe_load(text)
    assert (values["name"], values["task"]) == ("notes", "consult-summary/zh-Hant")


def test_an_answer_in_the_wrong_language_misses_the_form() -> None:
    zh, en = load_task("consult-summary/zh-Hant"), load_task("consult-summary")
    english = "<thinking>A thought in English here.</thinking><answer>Cardiology is asked about chest pain.</answer>"
    chinese = "<thinking>心臟科被問到胸痛的問題。</thinking><answer>會診心臟科，原因為胸痛。</answer>"
    assert {one.name for one in check_contract(zh, english, "stop").problems} == {"script"}
    assert {one.name for one in check_contract(en, chinese, "stop").problems} == {"script"}
    simplified = "<thinking>心脏科被问到胸痛的问题。</thinking><answer>会诊心脏科，原因为胸痛，尚无回复。</answer>"
    assert {one.name for one in check_contract(zh, simplified, "stop").problems} == {"script"}
    assert check_contract(zh, chinese, "stop").ok and check_contract(en, english, "stop").ok
