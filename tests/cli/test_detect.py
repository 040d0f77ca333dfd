"""`medtune detect`: a row in, a JSON line out; a bad row is named."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from medtune.cli.main import cli


def run(*words: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["detect", *words], input=given)


def rows(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_polarity_reads_pairs_in_order_and_passes_over_header_and_further_columns(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text(
        "sentence\taction\tlabel\n"
        "Do not move him.\tmove him\tprohibited\tx\n\n"
        "Do NOT:\\n- give milk\\n- cause vomiting\tgive milk\n"
        "Press on the wound.\tpress on the wound\n"
    )
    found = rows(run("polarity", str(file)))
    assert [(row["line"], row["polarity"]) for row in found] == [(2, "prohibited"), (4, "prohibited"), (5, "advised")]
    assert found[0]["span"] == "Do not move him." and found[0]["reason"]
    assert found == rows(run("polarity", "-", given=file.read_bytes()))


def test_the_others_read_texts(tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    texts = [
        "Press firmly on the wound with a clean cloth.",
        "I am sorry, but I cannot help you with that.",
        "Прижмите рану чистой тканью.",
    ]
    file.write_text("".join(json.dumps({"text": text, "id": 1}) + "\n" for text in texts))
    assert [row["kind"] for row in rows(run("refusal", str(file)))][:2] == ["answer", "refuse"]
    assert [row["language"] for row in rows(run("language", str(file)))] == ["en", "en", "ru"]
    assert [row["garbled"] for row in rows(run("garble", str(file)))] == [False, False, False]


@pytest.mark.parametrize("lines", ["Only glossary terms, please!\n", '{"text": "Only glossary terms, please!"}\n'])
def test_canned_refusals_are_known(tmp_path: Path, lines: str) -> None:
    (tmp_path / "canned").write_text(lines)
    (tmp_path / "texts.jsonl").write_text('{"text": "Only glossary terms, please."}\n')
    (found,) = rows(run("refusal", str(tmp_path / "texts.jsonl"), "--canned", str(tmp_path / "canned")))
    assert found["kind"] == "refuse" and "canned" in str(found["reason"])


@pytest.mark.parametrize(
    ("what", "content", "line"),
    [
        ("polarity", "Press on it.\tpress\nno tab here\n", 2),
        ("polarity", "Press on it.\t \n", 1),
        ("refusal", '{"text": "a"}\n\n{"text": 3}\n', 3),
        ("garble", '{"text": "a"}\n{"texts": "b"}\n', 2),
        ("language", '["a"]\n', 1),
        ("language", '{"text": "a"\n', 1),
    ],
)
def test_a_bad_row_is_an_error_with_file_and_line_and_no_output(
    tmp_path: Path, what: str, content: str, line: int
) -> None:
    file = tmp_path / "rows"
    file.write_text(content)
    result = run(what, str(file))
    assert result.exit_code == 2
    assert f"{file}:{line}" in result.output
    assert not result.stdout


def test_unreadable_files_and_needless_options_are_errors(tmp_path: Path) -> None:
    assert run("garble", str(tmp_path / "absent.jsonl")).exit_code == 2
    assert run("garble", "-", given=b"\xff\xfe").exit_code == 2
    (tmp_path / "texts.jsonl").write_text('{"text": "a"}\n')
    result = run("garble", str(tmp_path / "texts.jsonl"), "--canned", str(tmp_path / "texts.jsonl"))
    assert result.exit_code == 2 and "--canned" in result.output
