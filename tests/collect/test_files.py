import json
from pathlib import Path
from typing import Any

import pytest
from desk import Collected, read_source
from hypothesis import given
from hypothesis import strategies as st

from medtune.collect.source import SourceInput
from medtune.collect.sources import files
from medtune.config.collect import FilesSource
from medtune.core.errors import DataError

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)


def collect(path: Path, **section: Any) -> Collected:
    return read_source(files.collect, FilesSource(kind="files", path=str(path), **section), SourceInput(path, "mine"))


def jsonl(folder: Path, *rows: Any, name: str = "a.jsonl") -> Path:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / name


@pytest.mark.parametrize(
    ("row", "question", "answer"),
    [
        ({"instruction": "Q", "output": "A"}, "Q", "A"),
        ({"instruction": "Q", "response": "A", "source_urls": ["u"]}, "Q", "A"),
        ({"instruction": "Q", "input": "more", "output": "A", "category": "c"}, "Q\n\nmore", "A"),
        ({"instruction": "Q", "input": "", "output": "A"}, "Q", "A"),
        ({"instruction": "", "input": "only", "output": "A"}, "only", "A"),
        ({"question": "Q", "answer": "A"}, "Q", "A"),
        ({"Question": "Q", " ANSWER ": "A"}, "Q", "A"),
    ],
)
def test_shapes(tmp_path: Path, row: dict[str, Any], question: str, answer: str) -> None:
    found = collect(jsonl(tmp_path, row), licence="ours")
    (record,) = found.records
    assert (record.kind, record.question, record.answer) == ("qa", question, answer)
    assert (record.id, record.document, record.licence) == ("mine/a.jsonl:1", "mine/a.jsonl:1", "ours")
    assert not found.facts.public


def test_chats_pass_as_they_are(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1", "name": "x"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "2"},
    ]
    rows = [
        {"messages": turns},
        {"messages": json.dumps(turns[1:3])},
        {"system": "S", "instruction": "q", "output": "a"},
    ]
    found = collect(jsonl(tmp_path, *rows))
    assert [[turn.role for turn in record.messages] for record in found.records] == [
        ["system", "user", "assistant", "user", "assistant"],
        ["user", "assistant"],
        ["system", "user", "assistant"],
    ]


def test_rows_without_question_or_answer_are_counted(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Q", "output": "A"},
        {"instruction": "Q", "output": "  "},
        {"instruction": "Q", "output": None},
        {"instruction": "", "output": "A"},
        {"messages": [{"role": "user", "content": "Q"}]},
        {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": ""}]},
    ]
    facts = collect(jsonl(tmp_path, *rows)).facts
    assert (facts.rows, facts.kept, facts.dropped) == (6, 1, {"no answer": 4, "no question": 1})


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"text": "Q"}, "no known shape (it has text)"),
        ({}, "no known shape (it has no columns)"),
        ({"instruction": "Q"}, "no known shape"),
        ({"instruction": "Q", "output": 5}, "`output` must be text (it is a int)"),
        ({"instruction": ["Q"], "output": "A"}, "`instruction` must be text"),
        ({"messages": "hello"}, "must be a list"),
        ({"messages": []}, "must be a list"),
        ({"messages": [{"role": "human", "content": "x"}]}, "turn 1 has no role"),
        ({"messages": ["x"]}, "turn 1 has no role"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "content of turn 1 is no text"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "expected the user"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]}, "expected the assistant"),
        (
            {"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}]},
            "expected the assistant",
        ),
    ],
)
def test_unknown_shapes_name_line_and_all_shapes(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    path = jsonl(tmp_path, {"instruction": "Q", "output": "A"}, row)
    with pytest.raises(DataError) as caught:
        collect(path)
    assert words in caught.value.what
    assert caught.value.where == f"{path}:2"
    for shape in ("{instruction, output}", "{instruction, response}", "{question, answer}", "{messages:"):
        assert shape in caught.value.next_step


def test_no_row_with_an_answer(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no row of this source"):
        collect(jsonl(tmp_path, {"question": "Q", "answer": ""}))


def test_a_folder_is_read_in_order_and_limited(tmp_path: Path) -> None:
    jsonl(tmp_path, {"question": "3", "answer": "c"}, {"question": "4", "answer": "d"}, name="b.jsonl")
    (tmp_path / "a.csv").write_text("question,answer,topic,document\n1,a,Pox,d1\n2,b,,\n")
    found = collect(tmp_path, limit=3)
    assert [record.question for record in found.records] == ["1", "2", "3"]
    assert found.records[0].id == "mine/a.csv:2"
    assert (found.records[0].topic, found.records[0].document) == ("Pox", "mine/d1")
    assert found.facts.sha256 != collect(tmp_path / "b.jsonl").facts.sha256


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_every_row_is_kept_or_counted(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    path = jsonl(
        tmp_path_factory.mktemp("t"),
        {"question": "Q", "answer": "A"},
        *({"question": q, "answer": a} for q, a in pairs),
    )
    found = collect(path)
    assert found.facts.rows == len(pairs) + 1 == found.facts.kept + sum(found.facts.dropped.values())
    kept = [(record.question, record.answer) for record in found.records]
    assert kept == [("Q", "A"), *((q, a) for q, a in pairs if q.strip() and a.strip())]


def test_columns_of_another_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Fall;Frage;Antwort\n7;Was?;Das.\n")
    columns = {"question": "Frage", "answer": "ANTWORT", "document": "Fall"}
    (record,) = collect(tmp_path / "a.csv", columns=columns).records
    assert (record.question, record.answer, record.document) == ("Was?", "Das.", "mine/7")
    with pytest.raises(DataError, match="no column 'Text'"):
        collect(tmp_path / "a.csv", columns={"question": "Text", "answer": "Antwort"})


def test_rows_that_no_model_should_see_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'question,answer\nQ,"=HYPERLINK(""http://x"",""y"")"\nQ,=cmd|calc\nQ,= 5 mg\n' + "Q," + "a" * 1_000_001 + "\n"
    )
    found = collect(tmp_path / "a.csv")
    assert [record.answer for record in found.records] == ["= 5 mg"]
    assert found.facts.dropped == {"a cell holds a formula": 2, "row of more than a million characters": 1}
