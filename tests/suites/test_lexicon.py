"""The lexicon: every concept reads its own sentences right, and a bad file is refused with its line."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import medtune.suites
from medtune.audit.suite_proof import prove_lexicon
from medtune.core.errors import DataError
from medtune.detect import quantities
from medtune.suites import load_lexicon
from medtune.suites.lexicon import expand
from medtune.suites.units import UNITS

LIBRARY = Path(medtune.suites.__file__).parent / "lexicon"
TESTS = {
    "advised": [
        "Raise the flag.",
        "Raise the red flag.",
        "You should raise the flag.",
        "Raise a flag.",
        "Raise your flag.",
    ],
    "prohibited": [
        "Do not raise the flag.",
        "Never raise the flag.",
        "Avoid raising the flag.",
        "You should not raise the flag.",
        "Don't raise a flag.",
    ],
    "tricky": [
        {"advised": "Do not hesitate to raise the flag."},
        {"absent": "The flag is red."},
        {"advised": "Do not forget to raise the flag."},
    ],
}
CONCEPT = {"id": "raise-flag", "title": "Raise a flag", "patterns": ["rais(?:e|ing) <..2>flag"], "tests": TESTS}


def write(folder: Path, values: object, name: str = "ours") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def test_every_concept_reads_its_own_sentences() -> None:
    assert [str(problem) for problem in prove_lexicon(load_lexicon())] == []


def test_concepts_have_enough_sentences_and_each_only_once() -> None:
    lexicon = load_lexicon()
    assert len(lexicon.concepts) >= 140
    for concept in lexicon.concepts.values():
        said = [*concept.tests.advised, *concept.tests.prohibited, *(one.text for one in concept.tests.tricky)]
        assert len(concept.tests.advised) >= 5 and len(concept.tests.prohibited) >= 5 and len(concept.tests.tricky) >= 3
        assert len(said) == len(set(said)), concept.id


def test_general_concepts_catch_the_recorded_answers_of_a_known_failure() -> None:
    """Dangerous advice that a reference system gave, told in other words: no pattern may know its peculiar words."""
    text = "\n".join(path.read_text("utf-8") for path in LIBRARY.glob("*.yaml")).casefold()
    peculiar = (
        "blood vessel", "collect it", "another container", "vomit or blood", "bleeding artery", "fingers to the heart",
        "warm towel", "near a joint", "on your own artery", "transfer it",
    )  # fmt: skip
    assert [words for words in peculiar if words in text] == []
    lexicon = load_lexicon()
    for concept, sentence in (
        ("stop-bleeding", "Do not stop the bleeding by putting on a dressing."),
        ("let-it-bleed", "Lead more blood to the open vein."),
        ("bare-hands-on-body-fluids", "If you find saliva or blood, try to carry it off in your bare hands."),
        ("heat-on-fresh-injury", "Put a heated cloth around the thumb against the swelling."),
        ("press-on-heart", "Begin firm pressing of the palms on the heart."),
    ):
        hits = [pattern.search(sentence) for pattern in lexicon.compiled(concept)]
        assert any(hits), (concept, sentence)


def test_units_of_slots_are_those_that_quantities_are_read_in() -> None:
    read = {unit for units in quantities.UNITS.values() for unit in units}
    assert set(UNITS) - {"per_min"} <= read


def test_a_site_adds_concepts_beside_ours(tmp_path: Path) -> None:
    lexicon = load_lexicon((write(tmp_path, {"concepts": [CONCEPT]}),))
    assert {"raise-flag", "call-emergency"} <= set(lexicon.concepts)
    assert lexicon.digest != load_lexicon().digest
    assert list(prove_lexicon(lexicon, ["raise-flag"])) == []


def test_a_site_cannot_replace_one_of_ours(tmp_path: Path) -> None:
    path = write(tmp_path, {"concepts": [CONCEPT, {**CONCEPT, "id": "call-emergency"}]})
    with pytest.raises(DataError, match="stands twice") as caught:
        load_lexicon((path,))
    line = int(caught.value.where.rpartition(":")[2])
    assert "call-emergency" in path.read_text("utf-8").splitlines()[line - 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patterns": ["wav(e"]}, "raise-flag"),
        ({"patterns": ["<flags> up"]}, "flags"),
        ({"patterns": []}, "concepts.raise-flag.patterns"),
        ({"tests": {**TESTS, "advised": TESTS["advised"][:4]}}, "concepts.raise-flag.tests.advised"),
        ({"tests": {**TESTS, "tricky": [{"perhaps": "Raise it."}] * 3}}, "concepts.raise-flag.tests.tricky"),
        ({"id": "Raise Flag"}, "Raise Flag"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_concept_is_named_with_its_line(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = write(tmp_path, {"concepts": [{**CONCEPT, **change}]})
    with pytest.raises(DataError) as caught:
        load_lexicon((path,))
    assert said in str(caught.value)
    assert re.search(r":\d+$", caught.value.where or "")


def test_words_that_name_each_other_end(tmp_path: Path) -> None:
    words = [{"name": "one", "pattern": "<two>"}, {"name": "two", "pattern": "<one>"}]
    path = write(tmp_path, {"words": words, "concepts": [{**CONCEPT, "patterns": ["<one>"]}]})
    with pytest.raises(DataError, match="name each other"):
        load_lexicon((path,))


def test_a_wrong_sentence_is_found(tmp_path: Path) -> None:
    tests = {**TESTS, "advised": [*TESTS["advised"], "Never raise the big flag."]}
    lexicon = load_lexicon((write(tmp_path, {"concepts": [{**CONCEPT, "tests": tests}]}),))
    (problem,) = prove_lexicon(lexicon, ["raise-flag"])
    assert (problem.sentence, problem.wanted, problem.read) == ("Never raise the big flag.", "advised", "prohibited")


@given(st.lists(st.sampled_from(["the", "big", "red", "old"]), max_size=2))
def test_a_gap_takes_up_to_its_words_and_never_a_negation(words: list[str]) -> None:
    pattern = re.compile(expand("wave <..2>flag", {}), re.IGNORECASE)
    assert pattern.search(f"wave {' '.join([*words, 'flag'])}")
    assert not pattern.search(f"wave {' '.join([*words, 'not', 'flag'])}")
    assert not pattern.search("wave one two three flag")
