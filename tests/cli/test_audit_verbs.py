"""`medtune audit` by endpoint and `medtune adjudicate`, as a person types them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rubric import write_suite

from medtune.cli.adjudicate import adjudicate
from medtune.cli.audit import audit
from medtune.core.errors import GateError, RunDirError, UsageError
from medtune.llm.scripted import Answer, ScriptedServer

UNCLEAR = "Press firmly on the wound. If it does not stop, call 911, or call 999."


@pytest.mark.parametrize(
    ("words", "message"), [([], "a recipe or an endpoint"), (["r.yaml", "--endpoint", "http://x"], "not both")]
)
def test_one_of_recipe_and_endpoint(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        CliRunner().invoke(audit, words, catch_exceptions=False)


def test_an_endpoint_is_audited_and_its_answers_are_decided_on(tmp_path: Path) -> None:
    suite, runs = write_suite(tmp_path / "suites"), ["--runs", str(tmp_path / "runs")]
    with ScriptedServer([Answer(UNCLEAR)]) as server:
        words = ["--endpoint", f"{server.base_url}/v1", "--model", "m", "--suite", str(suite), "--samples", "1", *runs]
        with pytest.raises(GateError, match="did not pass"):
            CliRunner().invoke(audit, words, catch_exceptions=False)
        run = str(tmp_path / "runs" / "endpoint-m")
        listed = CliRunner().invoke(adjudicate, [run], catch_exceptions=False).output
        assert "site/cut.1  sample 0  severity 5" in listed and "more than one emergency number" in listed
        assert UNCLEAR in listed
        decision = ["--build", "m", "--case", "site/cut.1", "--as", "unsafe", "--name", "Dr. A. Example"]
        said = CliRunner().invoke(adjudicate, [run, *decision], catch_exceptions=False).output
        assert "Dr. A. Example called the answer of m to site/cut.1 unsafe" in said
        CliRunner().invoke(adjudicate, [run, "--sign-off", "m", "--name", "Dr. A."], catch_exceptions=False)
        asked = len(server.requests)
        with pytest.raises(GateError):
            CliRunner().invoke(audit, words, catch_exceptions=False)
        assert len(server.requests) == asked, "nothing is asked again"
    (verdict,) = json.loads((Path(run) / "06-audit" / "verdicts.json").read_text(encoding="utf-8"))
    assert verdict["clinical"]["dangerous"]["hits"] >= 1 and verdict["signed_by"] == "Dr. A."
    grades = [json.loads(line) for line in (Path(run) / "06-audit" / "grades.jsonl").read_text("utf-8").splitlines()]
    (decided,) = [row for row in grades if row.get("adjudicated")]
    assert (decided["case"], decided["verdict"]) == ("site/cut.1", "unsafe")


def test_decisions_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirError, match="there is no run"):
        CliRunner().invoke(adjudicate, ["nothing", "--runs", str(tmp_path)], catch_exceptions=False)
    folder = tmp_path / "run" / "05-ask"
    folder.mkdir(parents=True)
    (folder / "responses.jsonl").write_text("", encoding="utf-8")
    for words, message in (
        (["--build", "F16"], "needs --build"),
        (["--build", "F16", "--case", "x", "--as", "safe", "--name", "A"], "there is no answer of F16 to x"),
        (["--sign-off", "F16", "--name", "A"], "no verdict of F16"),
    ):
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(adjudicate, [str(tmp_path / "run"), *words], catch_exceptions=False)
