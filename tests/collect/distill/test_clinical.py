"""Distillation for the clinical tasks, from made-up cases: summaries, evidence, and on through prepare."""

import json
import threading
from pathlib import Path

import pytest
from datarun import prepare, recipe, splits
from distilled import accounted, distil, section
from teacher import FlakyTeacher, four_parts

from medtune.collect.distill.judge import AnswerJudge
from medtune.collect.distill.prompts import answer_system
from medtune.collect.distill.words import Ask
from medtune.collect.synthetic.generate import generate
from medtune.llm.messages import Message, Reply
from medtune.llm.scripted import Answer, ScriptedServer, Step
from medtune.tasks import load_task

TASKS = ("consult-summary", "consult-validation", "discharge-summary", "discharge-validation")


@pytest.mark.parametrize("name", TASKS)
def test_reference_answers_are_found_good(name: str) -> None:
    """No check of the teacher's answers may turn away what the product's own cases call right."""
    task = load_task(name)
    judge = AnswerJudge(task, quotes=task.contract.kind == "quotes")
    for case in generate(name, 40, 3, size="mixed", us=False):
        judged = judge(Ask("a", answer_system(task), case.question), Reply(case.answer, "stop", 1, 1, 0.0))
        assert not judged.troubles


def test_a_chinese_summary_may_be_full_of_latin_names() -> None:
    task = load_task("consult-summary/zh-Hant")
    judge = AnswerJudge(task)
    found = []
    for case in generate(task.name, 40, 3, size="short", us=False):
        judged = judge(Ask("a", answer_system(task), case.question), Reply(case.answer, "stop", 1, 1, 0.0))
        found += [trouble.reason for trouble in judged.troubles]
    assert "another language" not in found
    simplified = case.answer.replace("會診", "会诊").replace("發現", "发现").replace("為", "为").replace("藥", "药")
    judged = judge(Ask("a", answer_system(task), case.question), Reply(simplified, "stop", 1, 1, 0.0))
    assert "another language" in [trouble.reason for trouble in judged.troubles]


def test_chinese_and_latin_letters_side_by_side_are_no_garble() -> None:
    """Chinese writes no spaces: names of medicines stand right beside its characters."""
    task = load_task("consult-summary/zh-Hant")
    form = (
        "## Request\nDepartment: Nephrology\nReason: Rising creatinine\n\n## Medication\n- ramipril 5 mg once daily"
        "\n- ibuprofen 400 mg three times daily\n\n## Laboratory\n- Potassium: 5.6 mmol/L (3.5-5.1)\n\n## Reply"
    )
    answer = (
        "<thinking>腎臟科被問到creatinine上升，Reply段落是空白的。</thinking>\n<answer>會診腎臟科，原因為creatinine上升，"
        "且potassium為5.6 mmol/L。用藥有ramipril 5 mg once daily與ibuprofen 400 mg three times daily。"
        "等待回覆。</answer>"
    )
    ask = Ask("a", answer_system(task), form)
    assert AnswerJudge(task)(ask, Reply(answer, "stop", 1, 1, 0.0)).troubles == ()
    looping = answer.replace("等待回覆。", "等待回覆。ramipril" + "與ramipril" * 20)
    troubles = AnswerJudge(task)(ask, Reply(looping, "stop", 1, 1, 0.0)).troubles
    assert "garbled" in [trouble.reason for trouble in troubles]


def test_evidence_is_verbatim_or_asked_for_again(tmp_path: Path) -> None:
    """The teacher first quotes what the form does not say, then what the product's own case quotes."""
    asked: set[str] = set()
    right = {case.question: case.answer for case in generate("consult-validation", 12, 5, size="short", us=False)}

    def script(messages: list[Message]) -> Step:
        user = messages[-1]["content"]
        if user in asked:
            return Answer(right[user])
        asked.add(user)
        return Answer(json.dumps({"relevant_text": ["Temperature 47.3 of the left ear"]}))

    given = {"kind": "synthetic", "task": "consult-validation", "cases": 12, "seed": 5}
    with ScriptedServer(script) as server:
        source = section(server.base_url, mode="evidence", **{"from": given}) | {"task": "consult-validation"}
        made = distil(tmp_path, source)
    accounted(made)
    assert made.records
    assert all(record.answer == right[record.question] for record in made.records)
    assert all(record.document == record.made_from for record in made.records)
    assert made.facts.tries[0].passed == 0
    assert any(reason.startswith("fidelity: ") for reason in made.facts.troubles)
    assert made.source.attribution.startswith("Answers written by big. Made from synthetic: Cases made up")
    assert made.source.public is False


@pytest.mark.slow
def test_the_teacher_s_rows_go_through_prepare_like_any_other(tmp_path: Path) -> None:
    topics = [f"finding {number}" for number in range(40)]
    with ScriptedServer(FlakyTeacher(share=0.0)) as server:
        run, _ = prepare(recipe([section(server.base_url, topics=topics)]), tmp_path)
    rows = [row for split in splits(run).values() for row in split]
    assert len(rows) == 40
    assert {row.messages[-1].content for row in rows} == {
        four_parts(load_task("terminology").prompt(topic)) for topic in topics
    }
    assert {row.licence for row in rows} == {"answers of big: Apache-2.0"}


def test_never_more_calls_at_once_than_allowed(tmp_path: Path) -> None:
    lock, running, most = threading.Lock(), 0, 0
    teacher = FlakyTeacher(share=0.0)

    def script(messages: list[Message]) -> Step:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1
        return teacher(messages)

    with ScriptedServer(script) as server:
        distil(tmp_path, section(server.base_url, topics=[f"term {number}" for number in range(40)], concurrency=3))
    assert most == 3
