"""The terminology task: its prompts and what it tells the model."""

import pytest
from pydantic import ValidationError

from medtune.core.errors import UsageError
from medtune.tasks import TASKS, Task, load_task


def test_every_task_loads_under_its_folder_name() -> None:
    assert "terminology" in TASKS
    for name in TASKS:
        assert load_task(name).name == name


def test_the_system_prompt_names_every_heading_in_order_and_stays_short() -> None:
    task = load_task("terminology")
    places = [task.system.index(part) for part in task.parts]
    assert places == sorted(places)
    assert len(task.system.split()) <= 40


def test_prompt_depends_on_the_folded_topic_alone_and_all_prompts_are_used() -> None:
    task = load_task("terminology")
    for topic in ("Asthma", "a {topic} with braces", "naïve T-cell"):
        assert topic in task.prompt(topic)
    assert task.prompt("Asthma ").casefold() == task.prompt("asthma").casefold()
    shapes = {task.prompt(f"topic{number}").replace(f"topic{number}", "{topic}") for number in range(200)}
    assert shapes == set(task.prompts)


def test_an_unknown_task_is_a_clear_error() -> None:
    with pytest.raises(UsageError) as caught:
        load_task("terminolgy")
    assert "terminolgy" in caught.value.what
    assert "terminology" in caught.value.next_step


@pytest.mark.parametrize(
    "change",
    [
        {"prompts": ["no place for it"]},
        {"prompts": ["{topic} and {topic}"]},
        {"contract": {"kind": "parts", "parts": ["Note", "note"], "min_words": 3}},
        {"surprise": 1},
    ],
)
def test_a_task_that_does_not_hold_together_is_refused(change: dict[str, object]) -> None:
    values = load_task("terminology").model_dump(mode="json") | change
    with pytest.raises(ValidationError):
        Task.model_validate(values)


def test_the_digest_changes_with_the_task() -> None:
    task = load_task("terminology")
    longer = task.contract.model_copy(update={"min_words": 4})
    assert task.digest != task.model_copy(update={"contract": longer}).digest
