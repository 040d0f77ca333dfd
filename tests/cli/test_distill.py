"""`medtune distill`: what it says before and after, and how it ends."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from distilled import section, seeds
from teacher import FlakyTeacher

from medtune.cli.main import cli
from medtune.llm.scripted import ScriptedServer


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words), prog_name="medtune")
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def write(folder: Path, *sources: dict[str, Any], **values: Any) -> list[str]:
    recipe = folder / "mine.yaml"
    recipe.write_text(yaml.safe_dump({"name": "mine", "collect": {"sources": list(sources)}, **values}))
    return ["distill", str(recipe), "--runs", str(folder / "runs")]


def test_a_dry_run_counts_and_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = seeds(tmp_path, "What is asthma?", "What is gout?", "What is gout?")
    price = {"prompt": 1.0, "answer": 4.0, "currency": "EUR"}
    with ScriptedServer(FlakyTeacher()) as server:
        words = write(
            tmp_path,
            section(server.base_url, price=price, token_budget=500, **{"from": given}),
            section("https://api.example.org", name="far", mode="pairs", categories="medical-education"),
        )
        code, out, _ = call(capsys, *words, "--dry-run")
        assert server.requests == []
    assert code == 0
    assert not (tmp_path / "runs").exists()
    near, far = out.split("\nfar: ")
    assert "have big on this machine write answers" in near
    assert "prompts: 2, 1 records left out" in near
    assert "at most 640 of answers" in near
    assert "token budget: 500: it may end first" in near
    assert "cost, one try each: at most 0.01 EUR" in near
    assert "200 pairs in 5 categories" in far
    assert "add `api.example.org` to `egress:`" in far
    assert "this would stop the run" in far


def test_rows_are_written_and_known_answers_are_not_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ScriptedServer(FlakyTeacher(share=0.0)) as server:
        words = write(tmp_path, section(server.base_url, mode="pairs", categories={"Skin": 3}))
        code, out, err = call(capsys, *words)
        assert code == 0, err
        assert "3 of 3 rows accepted, written by big" in out
        assert "Skin: 3 of 3" in out
        assert "4 calls made, 0 answers known already" in err
        code, _, err = call(capsys, *words)
        assert code == 0
        assert "collect: fresh" in err
        code, _, err = call(capsys, *words, "--again")
        assert "0 calls made, 4 answers known already" in err
        assert len(server.requests) == 4


def test_how_it_ends_when_it_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, *write(tmp_path, {"kind": "medquad"}))
    assert (code, "no source of the kind `distill`" in err) == (2, True)
    code, _, err = call(capsys, *write(tmp_path, section("https://api.example.org", topics=["gout"])))
    assert (code, "api.example.org" in err) == (2, True)
    code, _, err = call(capsys, *write(tmp_path, section("http://127.0.0.1:9", topics=["gout"], task="none-such")))
    assert (code, "no task named 'none-such'" in err) == (2, True)
    both = section("http://127.0.0.1:9", topics=["gout"], **{"from": {"kind": "medquad"}})
    code, _, err = call(capsys, *write(tmp_path, both))
    assert (code, "give one of `from`, `topics` and `categories`" in err) == (2, True)
    assert "Traceback" not in err
