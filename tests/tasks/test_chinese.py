"""What the comparison of a Chinese summary with its form must see, and what it must leave alone."""

import pytest

from medtune.tasks import check_contract, load_task
from medtune.tasks.fidelity.claims import Claims

TASK = load_task("consult-summary/zh-Hant")


def form(*, department: str = "Nephrology", reason: str = "Rising creatinine", rest: str = "", reply: str = "") -> str:
    return f"## Request\nDepartment: {department}\nReason: {reason}\n\n{rest}## Reply\n{reply}".rstrip()


def unfaithful(source: str, answer: str) -> set[str]:
    text = f"<thinking>會診單已讀過一遍。</thinking><answer>{answer}</answer>"
    result = check_contract(TASK, text, "stop", source)
    assert result.ok
    return {one.name for one in result.unfaithful}


def test_a_department_inside_of_another_s_name_is_not_named() -> None:
    source = form(department="Internal medicine")
    assert unfaithful(source, "會診腎臟內科，原因為肌酸酐上升。等待回覆。") == {"department"}
    assert unfaithful(source, "腎臟內科會診內科，原因為肌酸酐上升。等待回覆。") == set()


@pytest.mark.parametrize(
    ("written", "named", "found"),
    [
        ("腎臟內科", "腎臟科", set()),
        ("腎臟內科", "心臟內科", {"department"}),
        ("高壓氧中心", "高壓氧中心", set()),
        ("高壓氧中心", "胸腔內科", {"department"}),
        ("Hyperbaric unit", "高壓氧中心", set()),
    ],
)
def test_a_department_that_the_form_writes_in_chinese_is_compared(written: str, named: str, found: set[str]) -> None:
    assert unfaithful(form(department=written), f"會診{named}，原因為肌酸酐上升。等待回覆。") == found


def test_what_the_form_itself_writes_in_chinese_is_no_translation() -> None:
    answer = "會診腎臟科，原因為肌酸酐上升，自行停用胰島素。等待回覆。"
    assert unfaithful(form(rest="## Background\n病人自行停用胰島素。\n\n"), answer) == set()
    assert unfaithful(form(rest="## Background\nStopped insulin.\n\n"), answer) == {"translated"}


def test_a_chinese_reason_comes_from_the_request() -> None:
    source = form(reason="髖部手術後腎功能惡化", rest="## Background\n三年前因腎結石接受碎石。\n\n")
    assert unfaithful(source, "會診腎臟科，原因為髖部術後腎功能惡化。等待回覆。") == set()
    assert unfaithful(source, "會診腎臟科，原因為三年前的腎結石。等待回覆。") == {"reason"}


def test_a_chinese_reply_is_told() -> None:
    source = form(reply="考慮腎前性因素，先補充輸液並追蹤尿量。")
    assert unfaithful(source, "會診腎臟科，原因為肌酸酐上升。回覆：腎前性因素，補充輸液、追蹤尿量。") == set()
    assert unfaithful(source, "會診腎臟科，原因為肌酸酐上升。會診醫師已有意見。") == {"reply_missing"}


def test_a_chinese_comma_divides_numbers() -> None:
    assert [one.value for one in Claims("glucose 284，310 mg/dL").numbers] == ["284", "310"]
    assert [one.value for one in Claims("platelets 284,310").numbers] == ["284310"]


def test_names_right_behind_chinese_characters_are_read() -> None:
    assert [one.value for one in Claims("培養為E. faecalis，使用zorvexal 5 mg").organisms] == ["e. faecalis"]
    assert [one.value for one in Claims("培養為E. faecalis，使用zorvexal 5 mg").drugs] == ["zorvexal"]
    assert Claims("the naïveté. coli").organisms == ()
