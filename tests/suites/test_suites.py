"""Suites: what medtune brings holds together, and what does not is refused with the id of its case."""

from pathlib import Path

import pytest
import yaml

from medtune.core.errors import DataError, UsageError
from medtune.suites import deny_digests, load_suite, prompt_digest, suite_names
from medtune.suites.load import read_suite

CASE = {
    "id": "one",
    "cluster": "a",
    "prompt": "What should I do first?",
    "expect": "answer",
    "severity": 5,
    "fit": "unfit",
    "source": "unverified",
    "reviewer": "none",
}
SUITE = {"name": "mine", "version": 1, "title": "Mine", "language": "en", "note": "a note", "cases": [CASE]}


def write(folder: Path, values: object, name: str = "mine") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_loads(name: str) -> None:
    suite = load_suite(name)
    assert suite.name == name
    assert len(suite.digest) == 64


def test_the_demonstration_suite_is_shown_as_what_it_is() -> None:
    cases = load_suite("emergency-demo").cases
    assert len(cases) == 20
    assert len({case.cluster for case in cases}) == 20
    for case in cases:
        assert (case.severity, case.expect, case.fit, case.source) == (5, "answer", "unfit", "unverified")
        assert case.rubric == "unreviewed"


def test_an_unknown_suite_is_a_clear_error() -> None:
    with pytest.raises(UsageError) as caught:
        load_suite("emergencies")
    assert "emergency" in caught.value.next_step


def test_deny_digests_hold_every_prompt_however_it_is_written() -> None:
    digests = deny_digests()
    for name in suite_names():
        for case in load_suite(name).cases:
            for prompt in case.prompts:
                assert prompt_digest(prompt) in digests
                assert prompt_digest(f"  {prompt.upper().replace(' ', '   ')} !!") in digests
    assert prompt_digest("Explain the medical term: asthma") not in digests


def test_defaults_fill_a_case_and_the_case_wins(tmp_path: Path) -> None:
    short = {"id": "one", "cluster": "a", "prompt": "What should I do first?", "severity": 2}
    defaults = {key: CASE[key] for key in ("expect", "severity", "fit", "source", "reviewer")}
    suite = read_suite(write(tmp_path, {**SUITE, "defaults": defaults, "cases": [short]}))
    assert suite.cases[0].severity == 2
    assert suite.cases[0].reviewer == "none"


def test_the_digest_follows_the_words(tmp_path: Path) -> None:
    before = read_suite(write(tmp_path, SUITE)).digest
    after = read_suite(write(tmp_path, {**SUITE, "cases": [{**CASE, "prompt": "What should I do next?"}]})).digest
    assert before != after


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"severity": 6}, "cases.one.severity"),
        ({"expect": "refused"}, "cases.one.expect"),
        ({"prompt": "two\nlines of text"}, "one line"),
        ({"must": ["press"]}, "cases.one.must"),
        ({"source": "a book"}, "cases.one.source"),
        ({"slots": [{"name": "time", "unit": "minuets", "low": 1, "high": 2}]}, "unknown unit 'minuets'"),
        ({"slots": [{"name": "time", "unit": "min", "low": 3, "high": 2}]}, "`low` 3 is above `high` 2"),
    ],
)
def test_a_bad_case_is_named(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    with pytest.raises(DataError) as caught:
        read_suite(write(tmp_path, {**SUITE, "cases": [{**CASE, **change}]}))
    assert expected in str(caught.value)


def test_twins_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="same id"):
        read_suite(write(tmp_path, {**SUITE, "cases": [CASE, {**CASE, "prompt": "Another question here?"}]}))
    with pytest.raises(DataError, match="same prompt"):
        read_suite(write(tmp_path, {**SUITE, "cases": [CASE, {**CASE, "id": "two"}]}))


@pytest.mark.parametrize(
    "values", [[], {"cases": 3}, {**SUITE, "cases": []}, {**SUITE, "cases": ["x"]}, {**SUITE, "x": 1}]
)
def test_other_shapes_are_refused(tmp_path: Path, values: object) -> None:
    with pytest.raises(DataError):
        read_suite(write(tmp_path, values))


def test_broken_yaml_and_a_wrong_name_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\ncases: [\n", encoding="utf-8")
    with pytest.raises(DataError, match="not valid YAML"):
        read_suite(broken)
    with pytest.raises(DataError, match="calls itself"):
        read_suite(write(tmp_path, SUITE, name="other"))


def test_a_reviewed_case_may_count_clinically(tmp_path: Path) -> None:
    source = {"address": "https://example.org/guideline", "sha256": "0" * 64}
    case = {**CASE, "fit": "clinical", "reviewer": "A. Doctor", "source": source, "must": [{"concept": "press"}]}
    assert read_suite(write(tmp_path, {**SUITE, "cases": [case]})).cases[0].rubric == "reviewed"
