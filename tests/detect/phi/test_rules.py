"""What rules and lists find, kind by kind, and what they leave alone."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medtune.detect.phi import KINDS, Found, find_phi
from medtune.detect.phi.found import settle


def spans(text: str) -> list[tuple[str, str]]:
    return [(found.kind, text[found.start : found.end]) for found in find_phi(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("A 50-year-old woman, Beatrix Oldfield, has gout.", "name", "Beatrix Oldfield"),
        ("Seen by Dr. Quillfeather for gout.", "name", "Dr. Quillfeather"),
        ("Dosing for a male patient, Gerald T., with gout?", "name", "Gerald T."),
        ("my name is vitoria and i cough", "name", "vitoria"),
        ("SMITH, JOHN was late.", "name", "SMITH, JOHN"),
        ("Пациент Иван Петров жалуется на кашель.", "name", "Иван Петров"),
        ("患者王秀英, 65岁", "name", "王秀英"),
        ("She was admitted to Wexcombe General Hospital overnight.", "place", "Wexcombe General Hospital"),
        ("He lives at 12 Larkspur Lane, Toledo.", "place", "12 Larkspur Lane, Toledo"),
        ("Moved to Ward 7B today.", "place", "Ward 7B"),
        ("She came from Toledo, OH 43604 by bus.", "place", "Toledo, OH 43604"),
        ("Operated on 3 March 2024.", "date", "3 March 2024"),
        ("DOB: 04/11/1962", "date", "04/11/1962"),
        ("The patient is 97 years old.", "age", "97"),
        ("Phone: (312) 555-0143.", "phone", "(312) 555-0143"),
        ("Fax: 312-555-0144", "fax", "312-555-0144"),
        ("Write to p.doe@example.org.", "email", "p.doe@example.org"),
        ("SSN 078-05-1120", "ssn", "078-05-1120"),
        ("MRN: QZ-448812", "mrn", "QZ-448812"),
        ("insurance policy number ZK-90817", "health_plan", "ZK-90817"),
        ("account number 00923311", "account", "00923311"),
        ("passport no. X1234567", "licence", "X1234567"),
        ("DL 48213377", "licence", "48213377"),
        ("VIN 1HGCM82633A004352", "vehicle", "1HGCM82633A004352"),
        ("pacemaker serial number PJN-774120", "device", "PJN-774120"),
        ("see https://example.org/p/8812", "url", "https://example.org/p/8812"),
        ("from 10.20.30.40 at night", "ip", "10.20.30.40"),
        ("fingerprint ID FP-22871", "biometric", "FP-22871"),
        ("wound in IMG_2041.jpg", "photo", "IMG_2041.jpg"),
        ("study subject ID 5520-118", "unique_id", "5520-118"),
    ],
)
def test_each_kind_is_found(text: str, kind: str, value: str) -> None:
    found = [(kind_, text_) for kind_, text_ in spans(text) if kind_ == kind]
    assert any(value in text_ for _, text_ in found), spans(text)


@pytest.mark.parametrize(
    "text",
    [
        "Crohn disease and Hodgkin lymphoma are treated in stages.",
        "- Hemoglobin: 10.4 g/dL (12.0-17.0)",
        "Urine culture: Proteus mirabilis. Blood culture: Enterococcus faecalis.",
        "She was consulted by Pulmonology because of cough, and seen by General surgery.",
        "Consultation of Vascular surgery: no surgery while the fever lasts.",
        "Babinski's sign was positive; Romberg test negative.",
        "A rare Quillfeather-Ostrander syndrome was ruled out.",
        "Give 500 mg of amoxicillin every 8 hours for 10 days; creatinine 1.2 mg/dL, BP 120/80, T 38.5.",
        "Trisomy 18 may be severe. Type 2 may also occur. In 2018 the rate was 3.5 %.",
        "The trial NCT01234567 compared Lipitor with Plavix.",
        "A 75-year-old man with grade III disease, HbA1c 8.2 and an LDL of 130.",
        "- Hemoglobin: 13.2 g/dL (12.0-17.0)\n- Potassium: 3.3 mmol/L (3.5-5.1)",
        "Cardiology is consulted by Nephrology because of a slow pulse.",
        "Consultation of General surgery, asked by Internal medicine; seen by General surgery on day 2.",
        "Blood culture: Pseudomonas aeruginosa. CSF culture: Neisseria meningitidis. Urine: Proteus mirabilis.",
        "## Reply\nNo surgery after the second endoscopy.",
        "## Reply\nSurgery if the fever lasts.",
        "- Lipase: 1888 U/L (13-60)",
    ],
)
def test_clinical_words_are_left_alone(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize("name", ["Mr Parkinson", "Mrs. Crohn", "Dr. Alzheimer", "Ms Graves"])
def test_a_title_makes_an_eponym_a_person(name: str) -> None:
    assert ("name", name) in spans(f"On the ward {name} slept well.")


@given(st.text(max_size=300))
def test_any_text_gives_ordered_spans_inside_it(text: str) -> None:
    found = find_phi(text)
    assert all(0 <= one.start < one.end <= len(text) and one.kind in KINDS for one in found)
    assert all(left.end <= right.start for left, right in pairwise(found))


@given(
    st.lists(
        st.builds(
            lambda start, size, kind, score: Found(start, start + size, kind, score),
            st.integers(0, 40), st.integers(1, 12), st.sampled_from(sorted(KINDS)), st.floats(0.5, 1),
        )
    )
)  # fmt: skip
def test_settling_never_uncovers_a_character(found: list[Found]) -> None:
    before = {place for one in found for place in range(one.start, one.end)}
    after = [place for one in settle(found) for place in range(one.start, one.end)]
    assert len(after) == len(set(after)) and set(after) == before
