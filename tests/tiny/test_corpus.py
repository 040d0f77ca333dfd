"""The corpus shows every symbol that later tasks write, and never the form that fine-tuning teaches."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tiny import corpus, documents, labels
from tiny.corpus import Row

FOUR = r"(?:definition|explanation|clinical relevance|note)"
AS_LABEL = re.compile(
    rf"^\W*{FOUR}\W*$|^\W*{FOUR}\s*:|\*\*\s*{FOUR}\W*\*\*|^#+\s*{FOUR}\b|<{FOUR}>|[\"']{FOUR}[\"']\s*:", re.I | re.M
)


@pytest.fixture(scope="module")
def rows(medquad: Path) -> list[Row]:
    found = documents.read_documents(documents.input_files(medquad))
    train, validation = corpus.build_corpus(found, frozenset({"held out disease"}), seed=7)
    assert validation
    return [*train, *validation]


def texts(rows: list[Row]) -> list[str]:
    return [message["content"] for row in rows for message in row.messages]


def test_no_row_uses_a_heading_of_the_form_that_fine_tuning_teaches(rows: list[Row]) -> None:
    assert [text for text in texts(rows) if AS_LABEL.search(text)] == []


def test_no_label_of_the_tables_is_one_of_the_four() -> None:
    names = [*sum(labels.LABELS.values(), ()), *labels.OPENING_LABELS, *labels.MIDDLE_LABELS, *labels.CLOSING_LABELS]
    tags = [tag for pair in labels.TAG_PAIRS for tag in pair]
    assert not {name.lower() for name in [*names, *tags]} & set(corpus.FORBIDDEN_LABELS)


def test_held_out_topics_are_left_out(rows: list[Row]) -> None:
    assert not [text for text in texts(rows) if "held out" in documents.normalise_topic(text)]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\*\*[^*\n]+\*\*\n\S.*\n\n\*\*",  # bold label, body, blank line, bold label
        r"^#{1,3} \w",
        r"^\*\*[^*\n]+:\*\* \w",
        r"^- \w",
        r"^1\. \w",
        r"^\{\"",
        r"\"\]",
        r"^\[\"",
        r"^<\w+>",
        r"</\w+>$",
    ],
)
def test_every_promised_symbol_occurs_in_answers(rows: list[Row], pattern: str) -> None:
    answers = [message["content"] for row in rows for message in row.messages if message["role"] == "assistant"]
    assert any(re.search(pattern, text, re.M) for text in answers)


def test_answers_write_the_sections_that_were_asked_for_and_stop(rows: list[Row]) -> None:
    for row in rows:
        if row.form != "bold_sections":
            continue
        *asked, answer = (message["content"] for message in row.messages)
        names = re.findall(r"^\*\*(.+)\*\*$", answer, re.M)
        assert 3 <= len(names) <= 5
        assert len(set(names)) == len(names)
        assert all(name in " ".join(asked) for name in names)
        assert not answer.endswith("\n")


def test_the_same_seed_gives_the_same_corpus(medquad: Path, rows: list[Row]) -> None:
    found = documents.read_documents(documents.input_files(medquad))
    train, validation = corpus.build_corpus(found, frozenset({"held out disease"}), seed=7)
    assert corpus.digest_rows([*train, *validation]) == corpus.digest_rows(rows)


def test_turns_alternate_and_end_with_an_answer(rows: list[Row]) -> None:
    for row in rows:
        roles = [message["role"] for message in row.messages if message["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert all(message["content"].strip() for message in row.messages)


@pytest.mark.parametrize(
    "text",
    [
        "**Definition**\nx",
        "a\n## Note\nb",
        "**Clinical Relevance:** x",
        "Explanation: x",
        "x. Note: y",
        '{"definition": "x"}',
        "<note>x</note>",
        "1. Definition\n2. Care",
        "- Clinical relevance",
    ],
)
def test_the_check_finds_the_headings_in_any_markup(text: str) -> None:
    bad = Row("plain", ({"role": "user", "content": "q"}, {"role": "assistant", "content": text}))
    with pytest.raises(ValueError, match="only fine-tuning may teach"):
        corpus.check_corpus([bad])


@pytest.mark.parametrize("text", ["Definition of gout, please.", "Note the points.", "its clinical relevance"])
def test_the_words_in_running_text_are_allowed(text: str) -> None:
    assert corpus.forbidden_label(text) is None


def test_phenotype_items_lose_their_frequencies(medquad: Path) -> None:
    document = documents.read_document(documents.input_files(medquad)[0])
    found = documents.phenotype_items(document.answer("symptoms"))
    assert found == ["Ataxia", "Fever", "Short stature", "Nystagmus", "Cataract", "Rash"]


def test_abbreviations_end_no_sentence() -> None:
    text = "Use tests, e.g. MRI, first. Dr. Smith agreed. Done?"
    assert documents.sentences(text) == ("Use tests, e.g. MRI, first.", "Dr. Smith agreed.", "Done?")
