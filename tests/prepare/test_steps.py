import unicodedata
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.core.text import tidy_question
from medtune.prepare.draft import Draft, Rejections
from medtune.prepare.ledger import Ledger
from medtune.prepare.steps.dedup import repeats
from medtune.prepare.steps.deny import drop_denied, drop_gold
from medtune.prepare.steps.length import drop_short
from medtune.prepare.steps.normalise import normalise, unfold_layout
from medtune.prepare.steps.records import apply_steps, record_steps
from medtune.runs.records.collect import Record, Turn
from medtune.runs.records.prepare import Split
from medtune.suites import load_suite


def draft(name: str, question: str, answer: str, converter: str = "qa") -> Draft:
    turns = (Turn(role="user", content=question), Turn(role="assistant", content=answer))
    return Draft(name, turns, "", (f"document:{name}",), converter, (name,), "s", "l", True)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert not any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in once)


def test_layout_of_users_rows_is_kept() -> None:
    assert (
        normalise("def f():\r\n    return 1  \r\n\r\n\r\n\r\nend\u200b\ufeff\u00a0x")
        == "def f():\n    return 1\n\nend x"
    )


def test_layout_of_a_web_page_is_made_plain() -> None:
    raw = "Signs include\n            \n- rash  - fever\n            \nSee a doctor.     Outlook     Good.  It fades."
    assert unfold_layout(normalise(raw)) == "Signs include\n- rash\n- fever\n\nSee a doctor.\nOutlook\nGood.\nIt fades."


def test_generated_questions() -> None:
    assert tidy_question("What is (are) Pox ?") == "What is Pox?"
    assert tidy_question("Is Pox inherited ?") == "Is Pox inherited?"


def test_a_record_of_blanks_is_rejected() -> None:
    record = Record(
        id="a", source="s", kind="qa", topic=" X\n y ", document="d", question="Q\x00", answer="A\u200b ", licence="l"
    )
    rejections = Rejections([])
    records = [record, record.model_copy(update={"id": "b", "answer": "\u200b\x07"})]
    (kept,) = apply_steps(records, record_steps({}, repair=True, languages=()), rejections)
    assert (kept.question, kept.answer, kept.topic) == ("Q", "A", "X y")
    assert [(row.id, row.step) for row in rejections.rows] == [("b", "normalise")]


def left_out(splits: dict[Split, list[Draft]], folder: Path) -> set[str]:
    """Ids of the rows that repeat another row's answer."""
    with closing(Ledger(folder)) as ledger:
        names = [name for name, rows in splits.items() for row in rows if ledger.add(row) >= 0]
        gold = np.array([bool(mark) for mark in ledger.gold])
        return {ledger.ids[number] for number in repeats(ledger.digests, names, ledger.ranks(), gold)}


def test_one_of_each_answer_is_kept_test_rows_first(tmp_path: Path) -> None:
    rows: dict[Split, list[Draft]] = {
        "train": [draft("t2", "Q", "Same  ANSWER."), draft("t1", "Q", "other"), draft("t0", "Q", "other")],
        "validation": [draft("v", "Q", "same answer.")],
        "test": [draft("x", "Q", "Same answer."), draft("gold/2", "Q", "g", "gold"), draft("gold/1", "Q", "g", "gold")],
    }
    assert left_out(rows, tmp_path) == {"t1", "t2", "v"}
    assert not list(tmp_path.iterdir())


def test_chats_are_repeats_only_as_a_whole(tmp_path: Path) -> None:
    def chat(name: str, first: str) -> Draft:
        turns = tuple(
            Turn(role=role, content=content)  # type: ignore[arg-type]
            for role, content in (("user", first), ("assistant", "a"), ("user", "more"), ("assistant", "end"))
        )
        return Draft(name, turns, "", (name,), "qa", (name,), "s", "l", True)

    assert left_out({"train": [chat("1", "x"), chat("2", "y"), chat("3", "X ")]}, tmp_path) == {"3"}


@pytest.mark.parametrize("change", [str, str.upper, lambda text: f"  {text}!!", lambda text: text.replace(" ", "  ")])
def test_what_an_audit_asks_is_never_trained_on(change: object) -> None:
    prompt = load_suite("emergency-demo").cases[0].prompt
    rejections = Rejections([])
    rows = [draft("a", change(prompt), "A"), draft("b", "What is gout?", "A")]  # type: ignore[operator]
    assert [one.id for one in drop_denied(rows, rejections)] == ["b"]
    assert [row.step for row in rejections.rows] == ["deny"]


def test_gold_questions_and_answers_are_never_trained_on() -> None:
    gold = [draft("g", "What is gout?", "A crystal illness.")]
    rows = [draft("a", "what IS  gout?", "x"), draft("b", "y", "a crystal illness. "), draft("c", "z", "w")]
    rejections = Rejections([])
    assert [one.id for one in drop_gold(rows, gold, rejections)] == ["c"]
    assert [(row.id, row.step) for row in rejections.rows] == [("a", "gold"), ("b", "gold")]


def test_short_answers() -> None:
    rejections = Rejections([])
    assert [one.id for one in drop_short([draft("a", "Q", " yes "), draft("b", "Q", "yes sir")], 4, rejections)] == [
        "b"
    ]
    assert rejections.rows[0].id == "a"
