import base64
import json
from pathlib import Path
from typing import Any

import pytest
from datarun import prepare, recipe, splits
from desk import Collected, read_source
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from pydantic import ValidationError

from medtune.collect.clinical.long import render, split_document
from medtune.collect.clinical.rows import RowGroup, flat
from medtune.collect.source import SourceInput
from medtune.collect.sources import clinical
from medtune.config.collect import CollectSection
from medtune.config.collect_clinical import ClinicalSource
from medtune.core.errors import DataError
from medtune.tasks.forms import (
    Encounter,
    Note,
    parse_consultation,
    parse_encounter,
    split_summary,
)

CONSULT_COLUMNS = {
    "case": "Fall",
    "request.department": "Abteilung",
    "request.from": "Von",
    "request.reason": "Anlass",
    "request.question": "Frage",
    "background": "Anamnese",
    "medication": "Medikation",
    "lab.name": "Laborname",
    "lab.value": "Wert",
    "lab.unit": "Einheit",
    "lab.range": "Norm",
    "findings": "Befund",
    "reply": "Antwort",
    "answer": "Zusammenfassung",
}
ROW = {
    "Fall": "4711",
    "Abteilung": "Endocrinology",
    "Von": "General surgery",
    "Anlass": "high glucose before surgery",
    "Frage": "Which insulin dose is advised?",
    "Anamnese": "Woman with type 2 diabetes, admitted for hernia repair.",
    "Medikation": "metformin 500 mg twice daily",
    "Laborname": "HbA1c",
    "Wert": "9.1",
    "Einheit": "%",
    "Norm": "4.0-6.0",
    "Befund": "Blood pressure 138/82 mmHg.",
    "Antwort": "",
    "Zusammenfassung": "<thinking>HbA1c is high.</thinking><answer>Awaiting reply.</answer>",
}


def jsonl(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "export.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def collect(path: Path, **section: Any) -> Collected:
    values = {"kind": "clinical", "path": str(path), "form": "consultation", "columns": CONSULT_COLUMNS, **section}
    return read_source(clinical.collect, ClinicalSource.model_validate(values), SourceInput(path, "site"))


def changed(**cells: str) -> dict[str, str]:
    return {**ROW, **cells}


def test_rows_of_one_case_become_one_form(tmp_path: Path) -> None:
    second = changed(Laborname="Glucose", Wert="284 mg/dL", Einheit="", Norm="(70-100)", Medikation="")
    found = collect(jsonl(tmp_path, ROW, second, changed(Fall="4712", Antwort="Give insulin glargine 10 units.")))
    assert [record.id for record in found.records] == ["site/export.jsonl:1", "site/export.jsonl:3"]
    form = parse_consultation(found.records[0].question)
    assert form.request.department == "Endocrinology"
    assert form.request.sender == "General surgery"
    assert [(lab.name, lab.value, lab.range) for lab in form.laboratory] == [
        ("HbA1c", "9.1 %", "4.0-6.0"),
        ("Glucose", "284 mg/dL", "70-100"),
    ]
    assert form.medication == ("metformin 500 mg twice daily",)
    assert form.reply == ""
    record = found.records[0]
    assert (record.kind, record.question_type, record.answer) == ("qa", "consult-summary", ROW["Zusammenfassung"])
    assert not found.facts.public
    assert "4711" not in record.model_dump_json()


def test_every_kind_of_file_says_the_same(tmp_path: Path) -> None:
    header, cells = list(ROW), list(ROW.values())
    (tmp_path / "a.csv").write_text(
        ";".join(header) + "\n" + ";".join(f'"{cell}"' for cell in cells) + "\n", encoding="utf-8"
    )
    book = Workbook()
    book.active.append(header)
    book.active.append(cells)
    book.save(tmp_path / "b.xlsx")
    (tmp_path / "c.json").write_text(json.dumps([ROW]))
    jsonl(tmp_path, ROW).rename(tmp_path / "d.jsonl")
    found = collect(tmp_path)
    assert len(found.records) == 4
    assert len({record.question for record in found.records}) == 1


def test_nested_json_is_mapped_by_dotted_names(tmp_path: Path) -> None:
    row = {
        "Visit": {"Dx": ["Pneumonia", "Hypertension"], "Out": "Discharged home"},
        "labs": [{"n": "CRP", "v": 148, "u": "mg/L"}, {"n": "Sodium", "v": 131.0, "u": "mmol/L", "d": 2}],
        "notes": [{"t": "Cough for 3 days.\nFever.", "k": "admission"}, {"t": "Better.", "k": "Nursing"}],
        "drugs": ["ceftriaxone 2 g once daily", "oxygen 2 L/min"],
    }
    columns = {
        "diagnosis": "visit.dx",
        "disposition": "Visit.Out",
        "lab.name": "labs.n",
        "lab.value": "labs.v",
        "lab.unit": "labs.u",
        "lab.day": "labs.d",
        "note": "notes.t",
        "note.kind": "notes.k",
        "medication": "drugs",
        "answer": "gold",
    }
    path = jsonl(tmp_path, {**row, "gold": "All of it."})
    (record,) = collect(path, form="encounter", columns=columns).records
    stay = parse_encounter(record.question)
    assert stay.diagnoses == ("Pneumonia", "Hypertension")
    assert [(lab.name, lab.value, lab.day) for lab in stay.labs] == [
        ("CRP", "148 mg/L", None),
        ("Sodium", "131 mmol/L", 2),
    ]
    assert [(note.kind, note.text) for note in stay.notes] == [
        ("admission", "Cough for 3 days.\nFever."),
        ("nursing", "Better."),
    ]
    assert [order.text for order in stay.orders] == row["drugs"]
    assert stay.disposition == "Discharged home"


def test_validation_rows_hold_the_summary_that_is_checked(tmp_path: Path) -> None:
    row = changed(Zusammenfassung='{"relevant_text": ["HbA1c", "9.1 %"]}') | {"S": "HbA1c is 9.1 %."}
    columns = {**CONSULT_COLUMNS, "summary": "S"}
    found = collect(jsonl(tmp_path, row, {**row, "Fall": "5", "S": ""}), columns=columns, task="consult-validation")
    (record,) = found.records
    assert split_summary(record.question)[1] == "HbA1c is 9.1 %."
    assert found.facts.dropped == {"no summary to check": 1}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Anlass": " "}, "no reason in the request"),
        ({"Abteilung": ""}, "no department in the request"),
        ({"Zusammenfassung": ""}, "no answer"),
        ({"Anamnese": "", "Medikation": "", "Laborname": "", "Wert": "", "Einheit": "", "Befund": ""},
         "nothing but the request"),
        ({"Wert": ""}, "a result without its name or its value"),
        ({"Abteilung": "Patient was seen yesterday. Please call back."},
         "request.department holds prose, not the name of a department"),
        ({"Laborname": "9.1", "Wert": "HbA1c"}, "lab.name holds a value, not the name of a result"),
        ({"Einheit": "4.0-6.0", "Norm": "%"}, "lab.unit holds numbers, not a unit"),
        ({"Anlass": "9.1 %"}, "request.reason holds a number, not a reason"),
        ({"Medikation": "138/82\n9.1 %"}, "medication holds a number, not a name"),
        ({"Anamnese": "x" * 9000}, "a document longer than max_chars"),
    ],
)  # fmt: skip
def test_an_incomplete_or_swapped_case_is_counted_and_the_rest_kept(
    tmp_path: Path, cells: dict[str, str], reason: str
) -> None:
    good = [changed(Fall=str(number)) for number in range(3)]
    found = collect(jsonl(tmp_path, *good, changed(**cells)))
    assert found.facts.dropped == {reason: 1}
    assert (found.facts.kept, found.facts.rows) == (3, 4)
    words = " ".join((*found.facts.dropped, *found.warnings))
    assert "yesterday" not in words and "xxx" not in words


def test_rows_of_one_case_that_ask_two_departments_are_counted(tmp_path: Path) -> None:
    found = collect(jsonl(tmp_path, ROW, changed(Abteilung="Cardiology"), changed(Fall="2")))
    assert found.facts.dropped == {"rows of one case differ in request.department": 1}


def test_swapped_columns_are_an_error_that_names_column_and_line(tmp_path: Path) -> None:
    columns = {**CONSULT_COLUMNS, "request.department": "Anamnese", "background": "Abteilung"}
    rows = [changed(Fall=str(number)) for number in range(4)]
    with pytest.raises(DataError) as caught:
        collect(jsonl(tmp_path, *rows), columns=columns)
    assert "the column 'Anamnese' (request.department) holds prose" in caught.value.what
    assert "in 4 of 4 cases" in caught.value.what
    assert str(caught.value.where).endswith("first at export.jsonl:1")
    assert "two columns are swapped" in caught.value.next_step
    assert "hernia" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "{", "not JSON, or cut off"),
        ("a.json", "[]", "holds no rows"),
        ("a.json", "[1]", "item 1 of this file is no object"),
        ("a.jsonl", "{]\n", "not JSON"),
        ("a.csv", "Fall;Abteilung\n1;Cardiology\n", "no column 'Von'"),
        ("a.json", '[{"Fall": "1"}]', "no column 'Abteilung'"),
        ("a.txt", "x", "no file of the kinds .csv"),
        ("a.json", '[{"resourceType": "Bundle"}, {"Fall": "1"}]', "bundles and other objects"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        collect(tmp_path / name)
    assert words in caught.value.what
    assert str(tmp_path) in str(caught.value.where)


def test_nothing_left_is_an_error_with_reasons(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no case of this source gives a document \(1 no reason in the request\)"):
        collect(jsonl(tmp_path, changed(Anlass="")))
    with pytest.raises(DataError, match="file not found"):
        collect(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": {**CONSULT_COLUMNS, "diagnosis": "x"}}, "has no 'diagnosis'"),
        ({"columns": {"answer": "x"}}, "must name 'request.department'"),
        ({"columns": {"request.department": "a", "request.reason": "b"}}, "or say `targets: none`"),
        ({"columns": {}}, "FHIR bundles hold none"),
        ({"too_long": "split"}, "needs `targets: none`"),
        ({"task": "discharge-summary"}, "does not read a consultation"),
        ({"task": "consult-validation"}, "needs the column 'summary'"),
    ],
)
def test_sections_that_do_not_hold_together(change: dict[str, Any], words: str) -> None:
    values = {"kind": "clinical", "path": "x", "form": "consultation", "columns": CONSULT_COLUMNS, **change}
    with pytest.raises(ValidationError, match=words):
        ClinicalSource.model_validate(values)


def test_documents_without_answers_are_for_a_teacher() -> None:
    source = {"kind": "clinical", "path": "x", "form": "encounter", "targets": "none"}
    with pytest.raises(ValidationError, match="put it under `from:` of a `distill` source"):
        CollectSection.model_validate({"sources": [source]})
    teacher = {"kind": "distill", "teacher": {"model": "m"}, "task": "discharge-summary", "from": source}
    assert CollectSection.model_validate({"sources": [teacher]})


LONG = " ".join(f"On day {number} the cough was a little better." for number in range(1, 80))
COLUMNS = {"diagnosis": "dx", "admission": "note", "disposition": "out"}


def test_a_long_note_is_split_at_sentences_or_listed(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"dx": "Pneumonia", "note": LONG, "out": "Home"}, {"dx": "Flu", "note": "Short.", "out": ""})
    whole = {"form": "encounter", "columns": COLUMNS, "targets": "none", "max_chars": 900}
    listed = collect(path, **whole)
    assert listed.facts.dropped == {"a document longer than max_chars": 1}
    assert listed.warnings == ("export.jsonl:1: a document longer than max_chars",)
    found = collect(path, **whole, too_long="split")
    parts = [parse_encounter(record.question) for record in found.records[:-1]]
    assert len(parts) > 3
    assert all(len(record.question) <= 900 for record in found.records)
    assert " ".join(part.notes[0].text for part in parts) == LONG
    assert all((part.diagnoses, part.disposition) == (("Pneumonia",), "Home") for part in parts)
    assert len({record.document for record in found.records}) == 2
    assert all(record.answer == "" for record in found.records)


@given(
    st.lists(st.text(st.sampled_from("ab .!?A<&\n#"), max_size=60), min_size=1, max_size=12).map(" ".join),
    st.integers(60, 400),
)
def test_splitting_loses_nothing(text: str, most: int) -> None:
    document = Encounter(("Flu",), notes=(Note("progress", text), Note("nursing", "Well.")))
    parts = split_document(document, most)
    assert all(len(render(part)) <= most for part in parts)
    if parts:
        told = "".join(note.text for part in parts for note in part.notes if note.kind == "progress")
        assert "".join(told.split()) == "".join(text.split())


@given(st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=12))  # fmt: skip
def test_any_json_can_be_flattened(value: Any) -> None:
    assert all(isinstance(text, str) for text in flat({"a": value}).values())


def text_of(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


STAY = {"encounter": {"reference": "Encounter/e1"}}
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e1",
    "subject": {"reference": "Patient/p1", "display": "Zebediah Quux"},
    "serviceType": {"text": "General surgery"},
    "period": {"start": "2026-03-01T08:00:00Z"},
    "hospitalization": {"dischargeDisposition": {"text": "Discharged home"}},
    "diagnosis": [{"condition": {"reference": "Condition/c2"}}],
}
RESOURCES: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "p1", "name": [{"family": "Quux", "given": ["Zebediah"]}]},
    {"resourceType": "Condition", "id": "c1", "code": {"text": "Hypertension"}, **STAY},
    {"resourceType": "Condition", "id": "c2", "code": {"coding": [{"display": "Pneumonia"}]}, **STAY},
    {
        "resourceType": "Observation",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"text": "CRP"},
        "valueQuantity": {"value": 148, "unit": "mg/L"},
        "referenceRange": [{"low": {"value": 0}, "high": {"value": 5}}],
        "effectiveDateTime": "2026-03-02",
        "text": {"div": "<div>Zebediah Quux</div>"},
        **STAY,
    },
    {
        "resourceType": "Observation",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"text": "Temperature"},
        "valueQuantity": {"value": 38.9, "unit": "°C"},
        **STAY,
    },
    {
        "resourceType": "MedicationRequest",
        "medicationCodeableConcept": {"text": "ceftriaxone"},
        "dosageInstruction": [{"text": "2 g once daily"}],
        "authoredOn": "2026-03-01",
        **STAY,
    },
    {"resourceType": "MedicationStatement", "medicationReference": {"reference": "Medication/m9"}, **STAY},
    {"resourceType": "Procedure", "code": {"text": "bronchoscopy"}, "performedDateTime": "2026-03-04", **STAY},
    {
        "resourceType": "DocumentReference",
        "type": {"text": "Admission note"},
        "author": [{"display": "Zebediah Quux"}],
        "content": [{"attachment": {"contentType": "text/plain", "data": text_of("Cough and fever for 3 days.")}}],
        "context": {"encounter": [{"reference": "Encounter/e1"}]},
    },
    {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "category": [{"text": "Consultation"}],
        "performerType": {"text": "Cardiology"},
        "reasonCode": [{"text": "heart murmur"}],
        "note": [{"text": "Is echocardiography needed?", "authorString": "Zebediah Quux"}],
        "authoredOn": "2026-03-03",
        **STAY,
    },
    {
        "resourceType": "DiagnosticReport",
        "basedOn": [{"reference": "ServiceRequest/s1"}],
        "code": {"text": "Cardiology report"},
        "conclusion": "No valve disease.",
        **STAY,
    },
    {"resourceType": "DiagnosticReport", "code": {"text": "Chest X-ray"}, "conclusion": "Lobar infiltrate.", **STAY},
]


def write(folder: Path, value: Any) -> Path:
    path = folder / "bundle.json"
    path.write_text(json.dumps(value))
    return path


FHIR: dict[str, Any] = {"columns": {}, "targets": "none"}


def test_a_bundle_becomes_an_encounter_document(tmp_path: Path) -> None:
    found = collect(write(tmp_path, bundle(ENCOUNTER, *RESOURCES)), form="encounter", **FHIR)
    (record,) = found.records
    stay = parse_encounter(record.question)
    assert stay.diagnoses == ("Pneumonia", "Hypertension")
    assert [(lab.name, lab.value, lab.range, lab.day) for lab in stay.labs] == [("CRP", "148 mg/L", "0-5", 2)]
    assert [(order.kind, order.text, order.day) for order in stay.orders] == [
        ("medication", "ceftriaxone 2 g once daily", 1),
        ("procedure", "bronchoscopy", 4),
    ]
    assert [(note.kind, note.text) for note in stay.notes] == [
        ("admission", "Cough and fever for 3 days."),
        ("nursing", "Vital signs: Temperature 38.9 °C."),
        ("progress", "Chest X-ray: Lobar infiltrate."),
    ]
    assert [(one.department, one.text, one.day) for one in stay.consultations] == [
        ("Cardiology", "Asked about heart murmur. No valve disease.", 3)
    ]
    assert stay.disposition == "Discharged home"
    assert found.warnings == ("1 times: MedicationStatement refers to a resource that is not in the bundle",)
    assert "Quux" not in record.model_dump_json() and "2026" not in record.question


def test_a_bundle_becomes_a_consultation_form(tmp_path: Path) -> None:
    (record,) = collect(write(tmp_path, bundle(ENCOUNTER, *RESOURCES)), **FHIR).records
    form = parse_consultation(record.question)
    assert form.request.department == "Cardiology"
    assert form.request.sender == "General surgery"
    assert form.request.reason == "heart murmur"
    assert form.request.question == "Is echocardiography needed?"
    assert form.background == "Pneumonia; Hypertension"
    assert form.medication == ("ceftriaxone 2 g once daily",)
    assert [(lab.name, lab.value, lab.range) for lab in form.laboratory] == [("CRP", "148 mg/L", "0-5")]
    assert form.findings == "Vital signs: Temperature 38.9 °C.\nChest X-ray: Lobar infiltrate."
    assert form.reply == "No valve disease."
    assert "Quux" not in record.model_dump_json()


def test_missing_references_are_counted_and_the_rest_kept(tmp_path: Path) -> None:
    strays = [
        {"resourceType": "Condition", "code": {"text": "Gout"}, "encounter": {"reference": "Encounter/e9"}},
        {"resourceType": "Observation", "code": {"text": "CRP"}, **STAY},
        {
            "resourceType": "DocumentReference",
            "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/1"}}],
            "context": {"encounter": [{"reference": "Encounter/e1"}]},
        },
    ]
    value = bundle({**ENCOUNTER, "diagnosis": [{"condition": {"reference": "Condition/c7"}}]}, *RESOURCES, *strays)
    value["entry"].append({"fullUrl": "urn:uuid:1"})
    found = collect(write(tmp_path, value), form="encounter", **FHIR)
    (record,) = found.records
    assert parse_encounter(record.question).diagnoses == ("Hypertension", "Pneumonia")
    assert sorted(found.warnings) == [
        "1 times: Condition refers to an encounter that is not in the bundle",
        "1 times: Encounter refers to a resource that is not in the bundle",
        "1 times: MedicationStatement refers to a resource that is not in the bundle",
        "1 times: Observation without name or value",
        "1 times: an attachment that is kept elsewhere",
        "1 times: an entry holds no resource",
    ]


def test_bundles_that_give_no_document_are_counted(tmp_path: Path) -> None:
    other = {**ENCOUNTER, "id": "e2", "diagnosis": []}
    bundles = [bundle(ENCOUNTER, *RESOURCES, other), bundle(*RESOURCES), bundle({**ENCOUNTER, "diagnosis": []})]
    found = collect(write(tmp_path, bundles), form="encounter", **FHIR)
    assert found.facts.dropped == {"a bundle without an encounter": 1, "no diagnosis": 2}
    assert [record.id for record in found.records] == ["site/bundle.json:1/1"]
    with pytest.raises(DataError, match="1 an encounter without a request to another department"):
        collect(write(tmp_path, bundle(ENCOUNTER, RESOURCES[2])), **FHIR)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["resourceType", "entry", "resource", "code", "encounter", "reference", "text",
                                         "content", "attachment", "data", "category", "diagnosis", "note"]),
                        inner, max_size=4), max_leaves=20),
       st.sampled_from(sorted({one["resourceType"] for one in RESOURCES})))  # fmt: skip
def test_no_resource_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, value: Any, kind: str) -> None:
    odd = {**value, "resourceType": kind} if isinstance(value, dict) else {"resourceType": kind, "code": value}
    path = write(tmp_path_factory.mktemp("odd"), bundle(ENCOUNTER, *RESOURCES, odd))
    for form in ("encounter", "consultation"):
        assert collect(path, form=form, **FHIR).facts.kept >= 1


@pytest.mark.slow
def test_the_gate_masks_identifiers_before_anything_is_made(tmp_path: Path) -> None:
    rows = [
        changed(
            Fall=str(number),
            Anamnese=f"Mr. Zebediah Quux, MRN 44{number:05d}, with type 2 diabetes for {number + 3} years. "
            f"Seen on 12 March 2026; phone 212-555-01{number:02d}.",
            Befund=f"Blood pressure {120 + number}/82 mmHg; creatinine <{number + 1}.5 mg/dL & stable.",
            Zusammenfassung=f"<thinking>Glucose {number}.</thinking><answer>Endocrinology {number} asked.</answer>",
        )
        for number in range(24)
    ]
    source = {"kind": "clinical", "path": "export.jsonl", "form": "consultation", "columns": CONSULT_COLUMNS}
    jsonl(tmp_path, *rows)
    of = recipe([source], prepare={"converters": ["qa"], "max_tokens": 1024, "refusal_share": 0.0,
                                   "phi": {"accept": {"who": "test", "why": "made-up rows"}}})  # fmt: skip
    run, _ = prepare(of, tmp_path)
    rows_made = [row for part in splits(run).values() for row in part]
    text = "\n".join(turn.content for row in rows_made for turn in row.messages)
    assert len(rows_made) == 24
    assert "Quux" not in text and "555-01" not in text and "12 March" not in text
    assert "creatinine <1.5 mg/dL & stable" in text
    assert all(not row.public for row in rows_made)


@pytest.mark.parametrize("cell", ["=SUM(A1:A3)", "=A1+B2", "=$B$7", "=-C3", "=cmd|calc", "=Sheet1!A1"])
def test_a_formula_in_a_csv_cell_is_rejected_and_the_rest_kept(cell: str) -> None:
    assert RowGroup(2, "4711", {"background": ["text"], "value": [cell]}).formula() == "value"


@pytest.mark.parametrize(
    "cell", ["+", "-", "-5 mmol/L", "=<0.5", "= 5 mg", "=>60", "a = B2 x", "+++", "=5/10", "=B12 low"]
)
def test_readings_are_no_formulas(cell: str) -> None:
    assert RowGroup(2, "4711", {"value": [cell]}).formula() == ""


def test_a_case_with_a_formula_is_counted(tmp_path: Path) -> None:
    rows = [ROW, changed(Fall="4712", Anamnese="=SUM(A1:A3)")]
    lines = [";".join(f'"{value}"' for value in row.values()) for row in (dict(zip(ROW, ROW, strict=True)), *rows)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = collect(tmp_path / "a.csv")
    assert len(found.records) == 1 and found.facts.dropped == {"background holds a formula": 1}
