from pathlib import Path

from exportrun import example

from medtune.ask.answers import answers_file, answers_of_earlier, answers_so_far, append_answer, in_order
from medtune.ask.cases import held_out_cases
from medtune.core.io import write_json
from medtune.runs.layout import ASKED, CASES, RESPONSES
from medtune.runs.records.ask import Response
from medtune.runs.records.base import write_rows
from medtune.tasks import load_task

QUESTIONS_3 = [(f"held-out/row-{number}", 0) for number in range(3)]
CASES_3 = held_out_cases([example(number) for number in range(3)], load_task("terminology"), 3)


def answer(case: int, build: str = "F16", **changes: object) -> Response:
    values = {
        "case": f"held-out/row-{case}", "build": build, "sample": 0, "text": f"answer {case} \u0085 \u2028 of {build}",
        "finish_reason": "stop", "prompt_tokens": 9, "completion_tokens": 4, "seconds": 0.5,
    }  # fmt: skip
    return Response.model_validate({**values, **changes})


def test_a_cut_last_line_is_asked_again(tmp_path: Path) -> None:
    path = answers_file(tmp_path, "F16", "k" * 64)
    for number in range(3):
        append_answer(path, answer(number))
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    known = answers_so_far(path, QUESTIONS_3)
    assert sorted(known) == QUESTIONS_3[:2]
    append_answer(path, answer(2))
    assert path.read_bytes() == whole
    assert answers_so_far(path, QUESTIONS_3)["held-out/row-2", 0] == answer(2)


def test_failed_and_foreign_answers_do_not_count(tmp_path: Path) -> None:
    path = answers_file(tmp_path, "F16", "k")
    append_answer(path, answer(0, finish_reason="error"))
    append_answer(path, answer(7))
    append_answer(path, answer(1))
    path.write_text(path.read_text(encoding="utf-8") + '{"case": "held-out/row-2"}\n', encoding="utf-8")
    assert sorted(answers_so_far(path, QUESTIONS_3)) == QUESTIONS_3[1:2]
    append_answer(path, answer(0))
    assert answers_so_far(path, QUESTIONS_3)["held-out/row-0", 0].finish_reason == "stop"


def test_earlier_answers_count_for_the_same_build_setting_and_question(tmp_path: Path) -> None:
    changed = CASES_3[1].model_copy(update={"messages": CASES_3[0].messages})
    write_rows(tmp_path / CASES, [CASES_3[0], changed, CASES_3[2]])
    write_rows(tmp_path / RESPONSES, [answer(number, build) for build in ("F16", "Q8_0") for number in range(3)])
    write_json(tmp_path / ASKED, {"builds": {"F16": {"key": "one"}, "Q8_0": {"key": "two"}}})
    found = answers_of_earlier(tmp_path, {"F16": "one", "Q8_0": "another", "Q2_K": "new"}, CASES_3, QUESTIONS_3)
    assert {build: sorted(known) for build, known in found.items()} == {"F16": [QUESTIONS_3[0], QUESTIONS_3[2]]}
    assert found["F16"]["held-out/row-0", 0] == answer(0)
    assert answers_of_earlier(tmp_path / "nowhere", {"F16": "one"}, CASES_3, QUESTIONS_3) == {}
    (tmp_path / ASKED).write_text("[]", encoding="utf-8")
    assert answers_of_earlier(tmp_path, {"F16": "one"}, CASES_3, QUESTIONS_3) == {}


def test_answers_are_written_build_by_build_and_case_by_case() -> None:
    known = {build: {(f"held-out/row-{n}", 0): answer(n, build) for n in (2, 0, 1)} for build in ("Q8_0", "F16")}
    rows = in_order(["F16", "Q8_0"], QUESTIONS_3, known)
    assert [(row.build, row.case[-1]) for row in rows] == [(b, c) for b in ("F16", "Q8_0") for c in "012"]
