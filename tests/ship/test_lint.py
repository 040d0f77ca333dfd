"""`medtune lint`: Modelfiles of others and our own."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from smallgguf import write_small_gguf

from medtune.cli.lint import lint
from medtune.core.errors import DataError, UsageError
from medtune.release.modelfile import modelfile, quote
from medtune.ship.modelfile.check import check_modelfile
from medtune.ship.modelfile.gotemplate import UnknownTemplateError, parse_template, render_template
from medtune.ship.modelfile.lint import Finding
from medtune.ship.modelfile.parse import parse_modelfile

FOLDER = Path(__file__).parent / "modelfiles"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)
GOOD_GO = """{{ if .System }}<|im_start|>system
{{ .System }}<|im_end|>
{{ end }}{{ if .Prompt }}<|im_start|>user
{{ .Prompt }}<|im_end|>
{{ end }}<|im_start|>assistant
{{ .Response }}<|im_end|>
"""


def rules(found: list[Finding], level: str = "error") -> set[str]:
    return {one.rule for one in found if one.level == level}


def write(folder: Path, *lines: str, template: str = CHATML, **metadata: object) -> Path:
    head = {
        "general.architecture": "qwen2", "qwen2.context_length": 4096, "tokenizer.chat_template": template,
        "tokenizer.ggml.tokens": ["<|endoftext|>", "<|im_end|>", "<s>"], "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.add_bos_token": False, **metadata,
    }  # fmt: skip
    write_small_gguf(folder / "m.gguf", head)
    path = folder / "Modelfile"
    path.write_text("\n".join(("FROM ./m.gguf", *lines)) + "\n", encoding="utf-8")
    return path


def test_s5_drops_its_system_text_and_doubles_bos() -> None:
    found = check_modelfile(FOLDER / "S5", family="mistral")
    assert {"system-dropped", "bos-doubled", "stop-missing", "template-differs"} <= rules(found)
    assert {"from-missing", "context-missing"} <= rules(found, "warning")
    dropped = next(one for one in found if one.rule == "system-dropped")
    assert dropped.line == 3 and "SYSTEM text of line 4" in dropped.what


def test_s5_without_any_facts_still_shows_what_can_be_seen() -> None:
    assert {"system-dropped", "bos-doubled"} <= rules(check_modelfile(FOLDER / "S5"))


def test_s1_serves_a_template_that_training_never_saw() -> None:
    found = check_modelfile(FOLDER / "S1", family="gemma3n")
    assert rules(found) == {"template-differs"}
    differs = next(one for one in found if one.rule == "template-differs")
    assert "system+user" in differs.what and differs.line == 4


def test_a_release_s_own_modelfile_is_clean(released: Path) -> None:
    done = CliRunner().invoke(lint, [str(released / "Modelfile")], catch_exceptions=False, standalone_mode=False)
    assert "0 errors" in done.output, done.output
    assert done.return_value == 0
    assert rules(check_modelfile(released / "Modelfile", release=released)) == set()


def test_a_modelfile_for_another_model_is_said(released: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "PARAMETER num_ctx 1024")
    found = check_modelfile(path, release=released)
    assert {"from-other", "system-differs", "decoding-differs"} <= rules(found)


def test_a_template_that_is_training_s_own_passes(tmp_path: Path) -> None:
    path = write(tmp_path, f'TEMPLATE """{GOOD_GO}"""', 'PARAMETER stop "<|im_end|>"', "PARAMETER num_ctx 2048")
    assert check_modelfile(path) == []


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (['TEMPLATE "<|im_start|>user\n{{ .Prompt }}<|im_end|>\n<|im_start|>assistant\n"'], "system-dropped"),
        (['TEMPLATE "{{ .Prompt }}"'], "system-dropped"),
        ([f'TEMPLATE """{GOOD_GO.replace("system", "sistem")}"""'], "template-differs"),
        ([f'TEMPLATE """{GOOD_GO.replace("|>user", "|>user ")}"""'], "template-differs"),
        (["PARAMETER num_ctx 8192"], "context-too-long"),
        (["PARAMETER temprature 0"], "parameter-unknown"),
    ],
)
def test_each_fault_is_found(tmp_path: Path, lines: list[str], rule: str) -> None:
    assert rule in rules(check_modelfile(write(tmp_path, 'PARAMETER stop "<|im_end|>"', *lines)))


def test_bos_is_doubled_only_where_the_tokenizer_adds_one(tmp_path: Path) -> None:
    line = f'TEMPLATE """<s>{GOOD_GO}"""'
    assert "bos-doubled" not in rules(check_modelfile(write(tmp_path, line)))
    adds = {"tokenizer.ggml.add_bos_token": True, "tokenizer.ggml.bos_token_id": 2}
    assert "bos-doubled" in rules(check_modelfile(write(tmp_path, line, **adds)))


def test_a_stop_that_the_file_names_itself_is_a_warning_only(tmp_path: Path) -> None:
    found = check_modelfile(write(tmp_path))
    assert "stop-missing" in rules(found, "warning") and "stop-missing" not in rules(found)
    other = {"tokenizer.ggml.eos_token_id": 0}
    assert "stop-missing" in rules(check_modelfile(write(tmp_path, **other)))


def test_what_cannot_be_rendered_is_said_and_not_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, 'TEMPLATE """{{ .System }}{{ template "x" }}{{ .Prompt }}"""')
    assert "template-unread" in rules(check_modelfile(path), "warning")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PARAMETER stop x\n", "no FROM"), ("FORM ./a\n", "is no instruction"),
        ('FROM a\nSYSTEM """never', "never closed"),
        ("FROM a\nMESSAGE nurse hello\n", "role of a MESSAGE"), ("FROM a\nPARAMETER stop\n", "needs a value"),
        ("", "no FROM"),
    ],
)  # fmt: skip
def test_what_ollama_refuses_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "Modelfile"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        CliRunner().invoke(lint, [str(path)], catch_exceptions=False)


def test_bad_arguments_are_said(tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_text("FROM ./a.gguf\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no family 'mistrel'"):
        CliRunner().invoke(lint, [str(path), "--family", "mistrel"], catch_exceptions=False)
    with pytest.raises(DataError, match="file not found"):
        CliRunner().invoke(lint, [str(tmp_path / "none")], catch_exceptions=False)
    done = CliRunner().invoke(lint, [str(FOLDER / "S5"), "--json"], standalone_mode=False)
    assert done.return_value == 1 and any(one["rule"] == "bos-doubled" for one in json.loads(done.output))


@given(st.text(alphabet=st.sampled_from("ab \"\n#\\'{}<|é高\t"), max_size=40), st.text("xyz ", min_size=1))
def test_what_medtune_writes_reads_back(system: str, licence: str) -> None:
    if any(line.rstrip().endswith('"""') for line in system.split("\n")):
        return
    text = modelfile(
        gguf="a.gguf", header=("h",), system=system, licences=(licence,), temperature=0.0, num_ctx=1, num_predict=2,
        repeat_penalty=1.0, repeat_last_n=4, stop=("<|end|>",),
    )  # fmt: skip
    read = {one.name: one.value for one in parse_modelfile(text)}
    assert (read["system"], read["license"], read["stop"], read["from"]) == (system, licence, "<|end|>", "./a.gguf")
    assert quote(system) in text


@given(st.text(alphabet=st.sampled_from('FROMSYTEPA abc"\n#{}.:_1\t\r'), max_size=80))
def test_no_text_ends_in_another_error(text: str) -> None:
    try:
        commands = parse_modelfile(text)
    except DataError as error:
        assert error.where and error.next_step
    else:
        assert any(command.name == "from" for command in commands)


@given(st.text(alphabet=st.sampled_from('{}-. $|()"ifendrangeelsSystem=:1'), max_size=60))
def test_any_template_renders_or_is_unknown(text: str) -> None:
    try:
        render_template(parse_template("{{ " + text), {"System": "s", "Messages": []})
    except UnknownTemplateError:
        pass
    except TypeError:  # comparing a number with a text, as Go refuses, too
        assert "lt" in text or "le" in text or "g" in text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a {{- 1 -}} b", "a1b"), ("{{/* nothing */}}x", "x"), ('{{ if and .A (not .B) }}y{{ else }}n{{ end }}', "y"),
        ('{{ range $i, $m := .L }}{{ $i }}{{ $m.R }}{{ end }}', "0p1q"), ("{{ with .A }}{{ . }}{{ end }}", "a"),
        ('{{ range .L }}{{ .R }}{{ else }}none{{ end }}', "pq"), ("{{ len .L }}{{ index .L 1 | len }}", "21"),
        ('{{ if eq .A "b" "a" }}1{{ else if .B }}2{{ else }}3{{ end }}', "1"),
        ('{{ $x := 1 }}{{ range .L }}{{ $x = 2 }}{{ end }}{{ $x }}', "2"),
    ],
)  # fmt: skip
def test_go_templates(template: str, text: str) -> None:
    data = {"A": "a", "B": "", "L": [{"R": "p"}, {"R": "q"}]}
    assert render_template(parse_template(template), data) == text
