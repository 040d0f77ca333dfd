"""A small MedQuAD-like folder, and the pretraining package, which lives beside `src`."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "src" / "medtune" / "data" / "tiny"
HELDOUT = ROOT / "src" / "medtune" / "data" / "heldout_topics.txt"
sys.path.insert(0, str(ROOT / "scripts"))

_ANSWERS = {
    "information": (
        "{t} is a rare disorder that affects the skin, the eyes and {n} other organs. It usually begins in childhood. "
        "Most people live a full life. Note: this summary is about adults. Doses near 2.5 mg/kg (5 µg/mL) were studied."
    ),
    "symptoms": (
        "What are the signs and symptoms of {t}? The Human Phenotype Ontology provides the following list of signs. "
        "Signs and Symptoms Approximate number of patients (when available) Ataxia 90% Fever 50% Short stature 7.5% "
        "Nystagmus - Cataract - Rash - The Human Phenotype Ontology (HPO) has collected information."
    ),
    "causes": "{t} is caused by changes in the AB{n} gene. The gene gives the plan for a protein. Cells lack it then.",
    "treatment": (
        "Treatment of {t} eases the symptoms. A doctor may suggest:     - rest and fluids    - physical therapy"
        "    - a change of diet    - regular visits. Nobody needs every item of that list."
    ),
    "inheritance": "{t} is inherited in an autosomal recessive pattern. Both copies of the gene are changed.",
    "frequency": "About 1 in {n},000 people have {t}. It is found everywhere. Men and women are equally affected.",
}


def document_xml(topic: str, number: int) -> str:
    """One MedQuAD document in its own XML."""
    pairs = "".join(
        f'<QAPair pid="{place}"><Question qid="q" qtype="{kind}">What is (are) {escape(topic)} ?</Question>'
        f"<Answer>{escape(text.format(t=topic, n=number))}</Answer></QAPair>"
        for place, (kind, text) in enumerate(_ANSWERS.items(), 1)
    )
    head = f'<Document id="{number}" source="T" url="u"><Focus>{escape(topic)}</Focus>'
    return f"{head}<QAPairs>{pairs}</QAPairs></Document>"


@pytest.fixture(scope="session")
def medquad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty made-up documents in two collections, one of them on a held-out topic."""
    folder = tmp_path_factory.mktemp("medquad")
    for number in range(60):
        collection = folder / ("1_A_QA" if number % 3 else "2_B_QA")
        collection.mkdir(exist_ok=True)
        topic = "Held  Out disease" if number == 7 else f"Sample {chr(65 + number % 26)}{number} syndrome"
        (collection / f"{number:04}.xml").write_text(document_xml(topic, number + 2), encoding="utf-8")
    return folder
