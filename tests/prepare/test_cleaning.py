"""Damage is mended, and what clinical text needs survives: a corpus of lines that must come out as they stand."""

import pytest

from medtune.prepare.draft import Rejections
from medtune.prepare.steps.records import apply_steps, record_steps
from medtune.prepare.steps.repair import repair
from medtune.runs.records.collect import Passage, Record, Turn
from medtune.tasks.forms import Encounter, Note, parse_encounter, render_encounter

SURVIVES = (
    "INR < 2.0 or > 3.5: adjust the dose.", "BP <90/60 mmHg and HR >120/min", "pH<7.35, pCO2>45 mmHg",
    "p<0.05; n=12", "if x<y and y>z, then stop", "SpO₂ < 92 % on 2 L/min O₂", "5 µg/kg/min (not 5 mg/kg/min)",
    "0.5–1 mg/m² i.v. over 30′", "37.5 °C, 98.6 °F", "α-fetoprotein, β-blocker, γ-GT, Δ, μ-opioid, Ω-3",
    "TNF-α ≥ 8.1 pg/mL ± 0.2", "10^9/L and 10⁹/L", "½ tablet twice daily", "Na+ 135–145 mmol/L; Ca2+ 2.2",
    "CD4+ <200 cells/µL", "Ménière's disease, Sjögren, Guillain-Barré", "naïve T cells; façade",
    "Crohn’s disease “flare”", "500 mg q8h × 7 d", "AT&T is no drug; R&D", "1 < 2 > 0", "<5 years",
    "a <b: the value is under b", "HbA1c ≤ 6.5 % (48 mmol/mol)", "Use 10 mL/kg (max. 1 L).", "—5 to +3 D sphere",
    "頭痛と発熱", "Grade I/II systolic murmur → echo", "Hb 7·2 g/dL", "BRCA1 c.68_69delAG", "1:10,000 adrenaline",
    "T½ = 4 h", "H₂O₂ 3 %",
)  # fmt: skip
MENDED = (
    ("MÃ©niÃ¨re's disease", "Ménière's disease"),
    ("5 Âµg at 37 Â°C", "5 µg at 37 °C"),
    ("the patientâ€™s pulse", "the patient’s pulse"),
    ("INR &lt; 2 &amp; stable, 5&nbsp;mg", "INR < 2 & stable, 5 mg"),
    ("<p>Take <b>5&nbsp;mg</b> daily.</p><p>Stop if INR &gt; 4.</p>", "Take 5 mg daily.\n\nStop if INR > 4."),
    ("<p>Give if BP < 90 and HR > 120.</p>", "Give if BP < 90 and HR > 120."),
    ("Count 10<sup>9</sup>/L<br>and more", "Count 10^9/L\nand more"),
    ("<ul><li>rash</li><li>fever</li></ul>", "- rash\n- fever"),
    ("<script>alert(1)</script><p>Rest.</p>", "Rest."),
    ("Rest and drink.\nBack to top\nPage last reviewed: 3 May 2021\nSleep.", "Rest and drink.\n\nSleep."),
    ("Rest.\n© 2020 Example Health. All rights reserved.", "Rest."),
    ("a\x00b\x07c\u200bd\ufeff", "abcd"),
    ("A\u030angstro\u0308m", "Ångström"),
    ("one\r\ntwo\u0085three\u00a0four", "one\ntwo\nthree four"),
)


def cleaned(text: str) -> str:
    record = Record(id="a", source="s", kind="qa", topic="t", document="d", question="Q?", answer=text, licence="l")
    (kept,) = apply_steps([record], record_steps({}, repair=True, languages=()), Rejections([]))
    return kept.answer


@pytest.mark.parametrize("text", SURVIVES)
def test_clinical_text_survives(text: str) -> None:
    assert cleaned(text) == text
    assert cleaned(f"First line.\n{text}\nLast line.") == f"First line.\n{text}\nLast line."


@pytest.mark.parametrize(("damaged", "whole"), MENDED)
def test_damage_is_mended(damaged: str, whole: str) -> None:
    assert cleaned(damaged) == whole
    assert cleaned(whole) == whole


def test_signs_inside_of_markup_survive() -> None:
    for text in SURVIVES:
        if "\n" not in text and "  " not in text:
            marked = f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>"
            assert repair(marked) == text


def test_an_encounter_document_stays_well_formed() -> None:
    document = render_encounter(Encounter(("Flu",), notes=(Note("progress", "K <6.5 & falling, <b>urgent</b>"),)))
    assert repair(document) == document
    assert parse_encounter(repair(document)).notes[0].text == "K <6.5 & falling, <b>urgent</b>"


def test_mending_can_be_left_out() -> None:
    record = Record(
        id="a", source="s", kind="qa", topic="t", document="d", question="Q", answer="5 &lt; 6", licence="l"
    )
    (kept,) = apply_steps([record], record_steps({}, repair=False, languages=()), Rejections([]))
    assert kept.answer == "5 &lt; 6"


def test_records_in_other_languages_are_left_out() -> None:
    def record(name: str, text: str) -> Record:
        turns = (Turn(role="user", content="?"), Turn(role="assistant", content=text))
        return Record(id=name, source="s", kind="messages", topic="", document=name, messages=turns, licence="l")

    rejections = Rejections([])
    records = [
        record("en", "Please rest at home and drink enough water until the fever is gone."),
        record("de", "Bitte ruhen Sie sich zu Hause aus und trinken Sie genug Wasser, bis das Fieber weg ist."),
        record("short", "5 mg"),
    ]
    kept = [one.id for one in apply_steps(records, record_steps({}, repair=True, languages=("en",)), rejections)]
    assert kept == ["en", "short"]
    assert rejections.rows == [("de", "language", "its language is de")]


def test_documents_lose_empty_passages_only() -> None:
    parts = (Passage(name="a", heading=" A &amp; B ", text="<p>Text</p>"), Passage(name="b", heading="", text="\u200b"))
    record = Record(id="a", source="s", kind="document", form="abstract", topic="t", document="d", passages=parts,
                    licence="l")  # fmt: skip
    (kept,) = apply_steps([record], record_steps({}, repair=True, languages=()), Rejections([]))
    assert [(part.heading, part.text) for part in kept.passages] == [("A & B", "Text")]
