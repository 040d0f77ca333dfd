"""Drug labels, health pages and abstracts, as real sources gave them, to rows."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.collect.sources.nhs_page import page_record
from medtune.collect.sources.openfda_label import label_record
from medtune.prepare.convert import CONVERTERS
from medtune.prepare.convert.cards import read_card
from medtune.prepare.convert.drug import plain_section
from medtune.prepare.convert.inputs import ConvertInput
from medtune.prepare.convert.wordings import excerpt, word, wordings
from medtune.prepare.draft import Draft, Rejections
from medtune.runs.records.collect import Passage, Record
from medtune.tasks import load_task

NHS = Path(__file__).parents[1] / "collect" / "payloads" / "nhs"
MADE = ("drug", "pages", "symptom", "emergency", "triage")


def rows(name: str, *records: Record, seed: int = 7) -> tuple[list[Draft], Rejections]:
    rejections = Rejections([])
    given_ = ConvertInput(records, load_task("terminology"), frozenset({"s"}), 1, seed)
    return list(CONVERTERS[name].convert(given_, rejections)), rejections


def document(form: str, topic: str, *parts: tuple[str, str, str], name: str = "s/1") -> Record:
    passages = tuple(Passage(name=one, heading=two, text=text) for one, two, text in parts)
    return Record(id=name, source="s", kind="document", form=form, topic=topic, document=name, passages=passages,
                  licence="l")  # fmt: skip


def label(**sections: str) -> Record:
    return document("drug-label", "Examplin", *((name, name, text) for name, text in sections.items()))


def answer_of(drafts: list[Draft], what: str) -> str:
    return next(draft.messages[-1].content for draft in drafts if draft.id.endswith(f"#{what}"))


def test_a_boxed_warning_stands_first_and_the_right_sections_answer() -> None:
    drafts, _ = rows("drug", label(
        adverse_reactions="6 ADVERSE REACTIONS Nausea was the most common reaction.",
        boxed_warning="WARNING: BLEEDING RISK Examplin can cause fatal bleeding [see Warnings and Precautions (5.1)].",
        dosage_and_administration="2 DOSAGE AND ADMINISTRATION Take 5 mg once daily if INR is < 2.",
        indications_and_usage="1 INDICATIONS AND USAGE Examplin is indicated for clots.",
        warnings_and_cautions="5 WARNINGS AND PRECAUTIONS Stop 3 days before surgery (5.2).",
        warnings="An older section that newer labels replace.",
    ))  # fmt: skip
    warnings = answer_of(drafts, "warnings")
    assert warnings.startswith("BLEEDING RISK Examplin can cause fatal bleeding.")
    assert "Stop 3 days before surgery." in warnings
    assert "older section" not in warnings
    assert answer_of(drafts, "dosage") == "Take 5 mg once daily if INR is < 2."
    assert answer_of(drafts, "uses") == "Examplin is indicated for clots."
    assert {draft.records for draft in drafts} == {("s/1",)}


def test_labels_over_the_counter_have_other_sections() -> None:
    drafts, _ = rows("drug", label(
        purpose="Purpose Sunscreen for the face and neck", warnings="Warnings For external use only on skin.",
        do_not_use="Do not use on damaged or broken skin.", stop_use="Stop use and ask a doctor if rash occurs.",
    ))  # fmt: skip
    assert answer_of(drafts, "warnings").split("\n\n") == [
        "For external use only on skin.", "Do not use on damaged or broken skin.",
        "Stop use and ask a doctor if rash occurs.",
    ]  # fmt: skip
    assert answer_of(drafts, "contraindications") == "Do not use on damaged or broken skin."
    assert not [draft for draft in drafts if draft.id.endswith("#dosage")]


@pytest.mark.parametrize(
    "text", ["Uses of this drug are many and varied.", "Warnings in other sections apply as well."]
)
def test_a_sentence_that_starts_like_a_heading_is_kept(text: str) -> None:
    assert plain_section(text) == text


def test_a_label_that_says_nothing_is_rejected() -> None:
    drafts, rejections = rows("drug", label(storage_and_handling="Store at 20 °C in a dry place."))
    assert not drafts
    assert [(row.id, row.step) for row in rejections.rows] == [("s/1", "drug")]


def test_cards_say_how_urgent_it_is() -> None:
    def level(head: str) -> str | None:
        card = read_card(Passage(name="", heading=head, text="- you have chest pain\n- you faint"))
        return card.level if card else None

    assert level("Call 999 or go to A&E if:") == "emergency"
    assert level("Ask for an urgent GP appointment or get help from NHS 111 if:") == "urgent"
    assert level("See a GP if:") == "routine"
    assert level("Useful contacts for alcohol problems") is None
    inline = read_card(Passage(name="", heading="", text="See a GP if:\n- you have new dark patches"))
    assert inline is not None
    assert inline.text == "- you have new dark patches"


def test_emergencies_and_triage_come_from_the_cards_whole() -> None:
    page = document(
        "health-page", "Pox", ("", "Symptoms of pox", "The main symptom of pox is an itching rash on hands and feet."),
        ("", "See a GP if:", "- the rash stays"),
        ("", "Call 999 if:", "- you cannot breathe\n- you faint\n\nStay calm."),
    )  # fmt: skip
    (emergency,), _ = rows("emergency", page)
    assert emergency.messages[-1].content == "Call 999 if:\n- you cannot breathe\n- you faint\n\nStay calm."
    (triage,), _ = rows("triage", page)
    assert triage.messages[-1].content.index("Call 999") < triage.messages[-1].content.index("See a GP")
    (symptom,), _ = rows("symptom", page)
    assert symptom.messages[-1].content.startswith("The main symptom of pox")
    chapters, _ = rows("pages", page)
    assert [draft.id for draft in chapters] == ["pages/s/1#0"]
    assert len({emergency.keys, triage.keys, symptom.keys, chapters[0].keys}) == 1


def test_abstracts_answer_with_their_conclusions() -> None:
    found = "Tea at noon shortened pox by 2.5 (95% CI 1.1-3.9) days in adults over 65."
    parts = (("METHODS", "Methods", "We asked forty people about pox."), ("CONCLUSIONS", "Conclusions", found))
    (row,), _ = rows("pages", document("abstract", "Tea against pox.", *parts))
    assert row.messages[-1].content == found
    assert "Tea against pox»" in row.messages[1].content


def test_real_pages_and_labels_make_rows_that_name_their_record() -> None:
    records = []
    for file in sorted(NHS.glob("*no-params.json")):
        record = page_record(json.loads(file.read_text()), f"conditions/{file.stem}", "s", "OGL")
        assert isinstance(record, Record)
        records.append(record)
    openfda = json.loads((Path(__file__).parent / "label.json").read_text())
    made = label_record(openfda, "s", "CC0")
    assert isinstance(made, Record)
    counts = Counter()
    for name in MADE:
        drafts, rejections = rows(name, *records, made)
        names = {record.id for record in (*records, made)}
        for draft in drafts:
            assert len(draft.records) == 1
            assert set(draft.records) <= names
            assert draft.template
            assert not re.search(r"\{\w*\}|<\w+>|\bNone\b", "\n".join(turn.content for turn in draft.messages[1:]))
            assert draft.messages[-1].content.strip()
        counts[name] = len(drafts)
        assert {row.id for row in rejections.rows} <= names
    assert counts["drug"] >= 6
    assert counts["pages"] >= 10
    assert counts["symptom"] >= 1


@given(topic=st.text(min_size=1, max_size=20), seed=st.integers(0, 99))
def test_no_wording_keeps_a_place_unfilled(topic: str, seed: int) -> None:
    for kind, texts in wordings().items():
        found = word(kind, topic, seed, topic=topic, heading="{topic}")
        number = int(found.name.rpartition("/")[2])
        parts = re.split(r"\{(\w+)\}", texts[number - 1])
        assert set(parts[1::2]) <= {"topic", "heading"}
        assert found.text == "".join({"topic": topic, "heading": "{topic}"}[part] if place % 2 else part
                                     for place, part in enumerate(parts))  # fmt: skip


def test_wordings_vary() -> None:
    names = Counter(word("drug-uses", str(number), 7, topic="x").name for number in range(300))
    assert len(names) == len(wordings()["drug-uses"])
    assert min(names.values()) > 60


@given(st.lists(st.sampled_from(["One two three. ", "Four five: ", "\n\n", "\n- item ", "Six. "]), max_size=60))
def test_an_excerpt_is_a_beginning_in_whole_pieces(parts: list[str]) -> None:
    text = "".join(parts).strip()
    short, cut = excerpt(text, 80)
    assert cut is (len(text) > 80)
    assert len(short) <= max(80, len(text) if not cut else 0)
    assert not short.endswith(":") or not cut
    assert "".join(text.split()).startswith("".join(short.split()))
