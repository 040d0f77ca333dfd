"""The shipped sequence model: names that rules and lists leave out; prose stays as it is."""

import sys

import pytest

from medtune.detect.phi import RULES, find_phi
from medtune.detect.phi.sequence import SequenceRecognizer, tokens


@pytest.mark.parametrize("text", ["Jarmila laughed at Bogdan.", "Signe lives in Graz.", "Aurelio wrote to Tove."])
def test_lone_names_are_found_by_the_model_only(text: str) -> None:
    with_model = [text[one.start : one.end] for one in find_phi(text) if one.kind == "name"]
    by_rules = [one for one in find_phi(text, RULES) if one.kind == "name"]
    assert with_model and by_rules == []


@pytest.mark.parametrize(
    "text",
    [
        "Methotrexate and Rituximab are given in turns.",
        "Papilledema means swelling of the optic disc.",
        "Toxocara larvae live in soil.",
        "Summary : Marfan syndrome is inherited.",
    ],
)
def test_clinical_prose_holds_no_name(text: str) -> None:
    assert list(SequenceRecognizer().find(text)) == []


def test_tokens_keep_their_places() -> None:
    text = "O'Neill-Smith, 7 days\nLéa."
    assert [text[token.start : token.end] for token in tokens(text)] == [token.text for token in tokens(text)]
    assert [token.text for token in tokens(text)] == ["O'Neill-Smith", ",", "7", "days", "\n", "Léa", "."]


def test_threads_share_a_model_and_find_what_one_finds() -> None:
    """Teachers are asked in threads, and each answer is looked through where it arrives."""
    from concurrent.futures import ThreadPoolExecutor

    texts = [f"{'Patient seen. ' * (number % 7)}Spoke with Agnieszka Kowalczyk about the plan." for number in range(60)]
    recognizer = SequenceRecognizer()
    expected = [list(recognizer.find(text)) for text in texts]
    assert any(expected)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda text: list(recognizer.find(text)), texts * 5))
    finally:
        sys.setswitchinterval(interval)
    assert found == expected * 5
