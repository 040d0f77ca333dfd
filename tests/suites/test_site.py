"""A site's own suite: beside ours, with its own lexicon, never in place of ours, and proved before a run."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from medtune.audit.suite_proof import check_suite_file
from medtune.cli.main import cli
from medtune.config.recipe import Recipe
from medtune.core.errors import DataError
from medtune.prepare.draft import Rejections
from medtune.prepare.steps.deny import drop_denied
from medtune.suites import denied, load_suite, prompt_digest, site_files

CONCEPT = {
    "id": "ring-ward-bell",
    "title": "Ring the ward's bell",
    "patterns": ["(?:ring|press|use)(?:ing)? <..3>(?:bell|call button)"],
    "tests": {
        "advised": [
            "Ring the bell.",
            "Press the call button.",
            "You should ring the ward's bell.",
            "Use the bell beside the bed.",
            "Ring the red bell.",
        ],
        "prohibited": [
            "Do not ring the bell.",
            "Never press the call button.",
            "Avoid ringing the bell.",
            "You should not use the bell.",
            "Don't press the call button.",
        ],
        "tricky": [
            {"advised": "Do not hesitate to ring the bell."},
            {"absent": "The bell is loud."},
            {"advised": "Do not forget to press the call button."},
        ],
    },
}
CASE = {
    "id": "dizzy-after-operation",
    "cluster": "ward.dizzy",
    "category": "triage",
    "expect": "answer",
    "severity": 4,
    "fit": "clinical",
    "prompts": ["I feel dizzy in my hospital bed after the operation. Whom do I call?", "dizzy after op, what now"],
    "must": [{"concept": "ring-ward-bell"}],
    "must_not": [{"concept": "stand-or-walk"}],
    "references": ["Stay in bed and ring the bell at once. Do not stand up on your own."],
}
SUITE = {"name": "ward", "version": 1, "title": "Our ward", "language": "en", "note": "ours", "lexicon": ["words.yaml"]}


def write(folder: Path, *, case: dict[str, object] | None = None, concept: object = CONCEPT, **suite: object) -> Path:
    (folder / "words.yaml").write_text(yaml.safe_dump({"concepts": [concept]}, sort_keys=False), encoding="utf-8")
    path = folder / f"{suite.get('name', 'ward')}.yaml"
    values = {**SUITE, **suite, "cases": [{**CASE, **(case or {})}]}
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def at_line(error: DataError) -> str:
    """The line of the file that an error points to."""
    path, _, number = (error.where or "").rpartition(":")
    return Path(path).read_text("utf-8").splitlines()[int(number) - 1]


def test_a_suite_of_the_site_stands_beside_ours(tmp_path: Path) -> None:
    write(tmp_path)
    suite = check_suite_file("./ward.yaml", tmp_path)
    assert [question.id for question in suite.questions] == ["dizzy-after-operation.1", "dizzy-after-operation.2"]
    assert {file.name for file in site_files(["emergency", "./ward.yaml"], tmp_path)} == {"ward.yaml", "words.yaml"}


def test_the_digest_follows_the_lexicon(tmp_path: Path) -> None:
    before = load_suite(str(write(tmp_path))).digest
    after = load_suite(str(write(tmp_path, concept={**CONCEPT, "title": "Another title"}))).digest
    assert before != after


def test_the_name_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="name of a suite that medtune brings") as caught:
        load_suite(str(write(tmp_path, name="emergency")))
    assert at_line(caught.value) == "name: emergency"


@pytest.mark.parametrize(
    ("change", "said", "line"),
    [
        ({"must": [{"concept": "ring-ward-bel"}]}, "unknown concept 'ring-ward-bel' (known: ring-ward-bell", "- id"),
        ({"slots": [{"name": "time", "unit": "minuets", "low": 1, "high": 2}]}, "unknown unit", "    unit: minuets"),
        ({"severity": 9}, "cases.dizzy-after-operation.severity", "  severity: 9"),
        ({"must_not": [{"concept": "ring-ward-bell"}]}, "required and forbidden at once: ring-ward-bell", "- id"),
    ],
)
def test_a_bad_case_is_refused_with_its_line(tmp_path: Path, change: dict[str, object], said: str, line: str) -> None:
    with pytest.raises(DataError) as caught:
        load_suite(str(write(tmp_path, case=change)))
    assert said in str(caught.value)
    assert at_line(caught.value).startswith(line)


def test_a_sentence_that_is_read_otherwise_is_a_bad_suite(tmp_path: Path) -> None:
    tests = {**CONCEPT["tests"], "advised": [*CONCEPT["tests"]["advised"], "Never ring the small bell."]}  # type: ignore[dict-item]
    path = write(tmp_path, concept={**CONCEPT, "tests": tests})
    with pytest.raises(DataError, match="is read as prohibited, must be advised") as caught:
        check_suite_file(str(path))
    assert at_line(caught.value) == "lexicon:"


def test_a_reference_that_does_not_satisfy_its_case_is_a_bad_suite(tmp_path: Path) -> None:
    path = write(tmp_path, case={"references": ["Stand up slowly and ring the bell."]})
    with pytest.raises(DataError, match="reference 1: must_not") as caught:
        check_suite_file(str(path))
    assert "Stand up slowly" in at_line(caught.value)


def test_cases_that_share_trigger_and_concepts_are_one_scenario(tmp_path: Path) -> None:
    path = write(tmp_path)
    values = yaml.safe_load(path.read_text("utf-8"))
    other = {
        **CASE,
        "id": "sick-after-operation",
        "cluster": "ward.sick",
        "prompts": ["I feel sick after the operation."],
    }
    path.write_text(yaml.safe_dump({**values, "cases": [CASE, other]}, sort_keys=False), encoding="utf-8")
    with pytest.raises(DataError, match="the same trigger") as caught:
        check_suite_file(str(path))
    assert at_line(caught.value) == "- id: sick-after-operation"


def test_a_missing_suite_or_lexicon_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such suite file"):
        load_suite("./ward.yaml", tmp_path)
    path = write(tmp_path)
    (tmp_path / "words.yaml").unlink()
    with pytest.raises(DataError, match=r"words\.yaml does not exist"):
        load_suite(str(path))


def test_the_short_form_names_suites_and_keeps_the_site_s_out_of_training() -> None:
    recipe = Recipe.model_validate(
        {"name": "x", "collect": {"sources": []}, "suites": ["emergency", "./ours/ward.yaml"]}
        | {"collect": {"sources": [{"kind": "medquad"}]}}
    )
    assert recipe.suites.names == ("emergency", "./ours/ward.yaml")
    assert recipe.prepare.keep_out == ("./ours/ward.yaml",)


def test_rows_that_equal_a_question_of_the_site_are_rejected(tmp_path: Path) -> None:
    suite = load_suite(str(write(tmp_path)))

    class Row:
        def __init__(self, prompt: str) -> None:
            self.id, self.prompts = prompt, [prompt]

    rows = [Row("Dizzy after OP -- what now?"), Row("What is asthma?")]
    rejections = Rejections([])
    assert [row.id for row in drop_denied(rows, rejections, denied([suite]))] == ["What is asthma?"]  # type: ignore[arg-type, list-item]
    assert prompt_digest("dizzy after op, what now") in denied([suite])


def test_the_command_checks_shows_and_lists(tmp_path: Path) -> None:
    runner = CliRunner()
    path = write(tmp_path)
    done = runner.invoke(cli, ["suites", "check", str(path)])
    assert done.exit_code == 0 and done.output == "ward: 1 cases, 2 questions, 1 references\n"
    shown = runner.invoke(cli, ["suites", "show", str(path), "--case", "dizzy-after-operation"])
    assert yaml.safe_load(shown.output)["must"] == [{"concept": "ring-ward-bell"}]
    assert "dizzy-after-operation (ward.dizzy; answer" in runner.invoke(cli, ["suites", "show", str(path)]).output
    assert "emergency-demo" in runner.invoke(cli, ["suites", "list"]).output
    bad = runner.invoke(cli, ["suites", "check", str(write(tmp_path, case={"severity": 9}))])
    assert bad.exit_code == 2 and "where:" in bad.output and "Traceback" not in bad.output


@pytest.mark.parametrize("broken", [False, True])
def test_validate_proves_the_suites_that_a_recipe_names(tmp_path: Path, broken: bool) -> None:
    (tmp_path / "ours").mkdir()
    write(tmp_path / "ours", case={"references": ["Ring the bell and walk home."]} if broken else None)
    recipe = tmp_path / "recipe.yaml"
    values = {"name": "x", "collect": {"sources": [{"kind": "medquad"}]}, "suites": ["./ours/ward.yaml"]}
    recipe.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    done = CliRunner().invoke(cli, ["validate", str(recipe)])
    assert done.exit_code == (2 if broken else 0), done.output
    assert ("reference 1: must_not" in done.output) is broken
