import json
import re
from collections import Counter
from typing import Any

import pytest
from datarun import prepare, recipe, splits
from desk import Collected, read_source
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from medtune.ask.cases import held_out_cases
from medtune.collect.source import SourceInput
from medtune.collect.sources import synthetic
from medtune.collect.synthetic.case import drug_name
from medtune.collect.synthetic.draw import Draw
from medtune.collect.synthetic.facts import Facts, Span, load_facts
from medtune.collect.synthetic.generate import WRITERS, generate
from medtune.collect.synthetic.plausible import implausible, people
from medtune.config.collect_clinical import SyntheticSource
from medtune.detect.phi import find_phi
from medtune.tasks import check_contract, load_task
from medtune.tasks.contract import compares
from medtune.tasks.forms import EVIDENCE_KEY, parse_consultation, parse_encounter, split_summary

TASKS = sorted(WRITERS)
CASES = 250


def collect(task: str, cases: int = 20, **section: Any) -> Collected:
    source = SyntheticSource.model_validate({"kind": "synthetic", "task": task, "cases": cases, **section})
    return read_source(synthetic.collect, source, SourceInput(None, "made"))


@pytest.mark.parametrize("us", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_cases_are_distinct_plausible_and_nameless(task: str, us: bool) -> None:
    rows = list(generate(task, CASES, 7, size="mixed", us=us))
    assert len({row.document for row in rows}) == CASES
    assert len({row.topic for row in rows}) == len(load_facts().conditions)
    assert [problem for row in rows for problem in implausible(row.document)] == []
    assert [word for row in rows for word in people(f"{row.question}\n{row.answer}")] == []


@pytest.mark.parametrize("size", ["short", "full"])
@pytest.mark.parametrize("task", TASKS)
def test_every_answer_satisfies_its_contract_and_keeps_to_its_document(task: str, size: str) -> None:
    contract = load_task(task)
    assert compares(contract)
    for row in generate(task, CASES, 7, size=size, us=size == "full"):
        result = check_contract(contract, row.answer, "stop", row.question)
        assert result.ok and result.faithful, (row.number, result.problems, result.unfaithful)


@pytest.mark.parametrize("task", ["consult-validation", "discharge-validation"])
def test_quotes_stand_in_the_document_and_a_result_is_two_strings(task: str) -> None:
    for row in generate(task, CASES, 3, size="mixed", us=False):
        document, summary = split_summary(row.question)
        assert document == row.document
        quotes = json.loads(row.answer)[EVIDENCE_KEY]
        assert all(quote in document for quote in quotes)
        assert len(set(quotes)) == len(quotes) >= 3
        for number in re.findall(r"\d+(?:\.\d+)?", summary):
            assert any(number in quote for quote in quotes), (row.number, number)


@pytest.mark.parametrize("language", ["", "/zh-Hant"])
def test_a_summary_tells_the_request_the_medicines_and_the_reply(language: str) -> None:
    states = Counter()
    for row in generate(f"consult-summary{language}", CASES, 5, size="mixed", us=False):
        form = parse_consultation(row.question)
        thinking, answer = re.fullmatch(
            r"<thinking>\n(.+)\n</thinking>\n<answer>\n(.+)\n</answer>", row.answer
        ).groups()  # type: ignore[union-attr]
        department = form.request.department
        if language:
            department = load_facts().departments_zh[department]
            assert len(re.findall(r"[\u4e00-\u9fff]", answer)) > 20
        else:
            assert form.request.reason in answer
            assert all(sentence in answer for sentence in [form.reply])
        assert department in answer and department in thinking
        assert all(item in answer for item in form.medication)
        awaited = re.search("awaited|Awaiting reply|no reply yet|等待回覆", answer) is not None
        assert awaited == (not form.reply)
        states[awaited] += 1
    assert min(states.values()) > CASES / 5


def test_a_stay_is_told_in_order_with_its_disposition_last() -> None:
    asked = Counter()
    for row in generate("discharge-summary", CASES, 5, size="mixed", us=False):
        stay = parse_encounter(row.question)
        assert "\n" not in row.answer
        assert row.answer.endswith(f"{stay.disposition}.")
        assert stay.diagnoses[0][1:] in row.answer
        drugs = [order.text for order in stay.orders if order.kind == "medication" and order.text in row.answer]
        assert drugs
        for part in stay.consultations:
            assert part.department in row.answer
            assert row.answer.index(drugs[0]) < row.answer.index(part.department)
        asked[len(stay.consultations)] += 1
    assert asked[0] and asked[1]


def test_medicines_fit_the_organism() -> None:
    facts = {condition.name: condition for condition in load_facts().conditions}
    seen = 0
    for row in generate("consult-summary", CASES, 11, size="short", us=False):
        form = parse_consultation(row.document)
        for culture in facts[row.topic].cultures:
            if culture.organism in form.findings:
                names = {drug_name(order.replace("{", "1 {")) for order in culture.drugs}
                assert names & {drug_name(order) for order in form.medication}, (row.topic, culture.organism)
                seen += 1
    assert seen > 40


def test_what_the_condition_changes_is_abnormal() -> None:
    for row in generate("discharge-summary", CASES, 11, size="short", us=False):
        stay = parse_encounter(row.document)
        low_high = [(lab.value.split()[0], *lab.range.split("-")) for lab in stay.labs[:1]]
        assert all(not float(low) <= float(value) <= float(high) for value, low, high in low_high), stay.labs


def test_the_first_cases_do_not_depend_on_how_many_are_asked_for() -> None:
    few = list(generate("consult-summary", 20, 7, size="short", us=False))
    many = list(generate("consult-summary", 60, 7, size="short", us=False))
    assert many[:20] == few
    other = list(generate("consult-summary", 20, 8, size="short", us=False))
    assert not {row.document for row in few} & {row.document for row in other}


def test_all_tasks_see_the_same_patients() -> None:
    forms = {
        task: [row.document for row in generate(task, 30, 7, size="short", us=False)]
        for task in ("consult-summary", "consult-summary/zh-Hant", "consult-validation")
    }
    assert len({tuple(documents) for documents in forms.values()}) == 1


def test_conventional_units() -> None:
    text = "\n".join(row.question for row in generate("consult-summary", CASES, 7, size="full", us=True))
    assert "mg/dL" in text and "µmol/L (" not in text


def test_a_case_is_a_record_of_its_own() -> None:
    found = collect("discharge-validation", 30)
    assert len(found.records) == found.facts.kept == found.facts.documents == 30
    record = found.records[0]
    assert (record.kind, record.question_type, record.source) == ("qa", "discharge-validation", "made")
    assert record.topic == ""
    assert found.facts.public and found.facts.licence == "Apache-2.0"
    assert found.facts.sha256 == collect("discharge-validation", 30).facts.sha256
    assert found.facts.sha256 != collect("discharge-validation", 31).facts.sha256


def test_rows_go_through_prepare_and_every_test_case_counts_by_itself(tmp_path: Any) -> None:
    of = recipe(
        [{"kind": "synthetic", "task": "consult-validation", "cases": 150}],
        prepare={"converters": ["qa"], "max_tokens": 1024, "refusal_share": 0.0},
    )
    run, _ = prepare(of, tmp_path)
    rows = splits(run)
    assert sum(map(len, rows.values())) >= 140
    cases = held_out_cases(rows["test"], load_task("consult-validation"), 100)
    assert len({case.cluster for case in cases if case.gated}) == len(rows["test"]) > 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task": "discharge"}, "consult-summary"),
        ({"cases": 0}, "greater than or equal to 1"),
        ({"size": "huge"}, "'short', 'full' or 'mixed'"),
        ({"path": "x"}, "None"),
    ],
)
def test_a_section_that_does_not_hold(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SyntheticSource.model_validate({"kind": "synthetic", "task": "consult-summary", **change})


GOOD = """## Request
Department: Cardiology
Reason: rapid pulse

## Medication
- metoprolol 25 mg twice daily

## Laboratory
- Potassium: 3.2 mmol/L (3.5-5.1)

## Findings
Vital signs: pulse 130/min, blood pressure 110/70 mmHg.

## Reply"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("3.2 mmol/L", "3.2 mg/dL", "no such quantity with the unit 'mg/dL'"),
        ("3.2 mmol/L", "32 mmol/L", "Potassium: value"),
        ("3.2 mmol/L", "low mmol/L", "Potassium: value"),
        ("(3.5-5.1)", "(3.5-6.1)", "another reference range"),
        ("pulse 130/min", "pulse 330/min", "pulse: value"),
        ("110/70", "110/100", "too near"),
        ("110/70", "310/70", "systolic: value"),
        ("metoprolol 25 mg", "metoprolol 250 mg", "metoprolol: dose"),
        ("metoprolol 25 mg", "metoprolol 25 g", "metoprolol: dose"),
        ("twice daily", "now and then", "metoprolol: frequency"),
        ("metoprolol 25", "snake oil 25", "no known medicine"),
    ],
)
def test_what_is_implausible_is_found(old: str, new: str, words: str) -> None:
    assert implausible(GOOD) == []
    assert any(words in problem for problem in implausible(GOOD.replace(old, new)))


def test_the_gate_finds_nothing_in_made_up_cases_but_ages_over_89() -> None:
    texts = [row.document for row in generate("consult-summary", 150, 7, size="full", us=False)]
    found = {(one.kind, text[one.start : one.end]) for text in texts for one in find_phi(text)}
    assert {(kind, value) for kind, value in found if not (kind == "age" and int(value) > 89)} == set()


def test_names_of_people_are_found() -> None:
    assert people("Reviewed by Thaddeus Kowalczyk") == ["Thaddeus", "Kowalczyk"]
    assert people("Reviewed by Cardiology; Escherichia coli, Potassium") == []


def test_facts_that_contradict_the_range_table_are_refused() -> None:
    facts = load_facts()
    condition = facts.conditions[0]
    wrong = condition.model_copy(update={"labs": {"Potassium": Span(low="9", high="12")}, "ward": "Alchemy"})
    with pytest.raises(ValidationError, match=r"Alchemy.*Potassium is not in the range table, or outside"):
        Facts.model_validate({**facts.model_dump(), "conditions": [wrong.model_dump()]})


@settings(max_examples=50)
@given(st.integers(0, 10**9))
def test_the_same_braces_say_the_same_in_both_languages(seed: int) -> None:
    draw = Draw(str(seed))
    english = draw.fill("After {2..9} days, {left|right}; again {2..9}, {name}", {"name": "x"})
    number, side = re.fullmatch(r"After (\d) days, (left|right); again \1, x", english).groups()  # type: ignore[union-attr]
    assert draw.fill("{2..9} 天，{left|right}") == f"{number} 天，{side}"


def test_one_day_is_no_plural() -> None:
    text = "\n".join(row.question for row in generate("consult-summary", CASES, 7, size="full", us=False))
    assert not re.search(r"\b1 (?:days|hours|weeks)\b", text)
