"""Prompts as training renders them against what llama-server makes of them, with the real converter and server."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from families import FAMILY_NAMES, ORIGINS

from medtune.chat.dated import PINNED, pinned_template
from medtune.chat.family import chat_template_text
from medtune.chat.medical_lines import COUNT, medical_lines
from medtune.chat.parity import check_parity, first_difference, measure_parity, own_conversations
from medtune.chat.parity_shapes import control_text, conversations
from medtune.chat.template import ChatTokenizer, load_tokenizer
from medtune.chat.tokenizer_lines import check_tokenizers, compare_tokenizers, tokenize_gguf
from medtune.core.errors import ModelError
from medtune.core.hashing import digest_json
from medtune.llamacpp.convert import to_gguf
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.control import control_of

Converted = Callable[[str], tuple[Path, Path]]
QUICK = "tiny"
FAMILIES = [QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILY_NAMES if name != QUICK)]


@pytest.fixture(scope="module")
def converted(
    family_model: Callable[[str], Path], toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> Converted:
    """A family's folder as a merge leaves it (date pinned), and its GGUF; made once."""
    kept = tmp_path_factory.mktemp("families")

    def make(name: str) -> tuple[Path, Path]:
        folder, gguf = kept / name, kept / f"{name}.gguf"
        if not gguf.exists():
            shutil.copytree(family_model(name), folder)
            (folder / "chat_template.jinja").write_text(pinned_template(chat_template_text(folder)), encoding="utf-8")
            to_gguf(toolchain, folder, gguf, metadata={}, log=kept / "convert.log")
        return folder, gguf

    return make


def with_template(folder: Path, into: Path, template: str) -> ChatTokenizer:
    """The tokenizer of a folder with another template."""
    shutil.copytree(folder, into, ignore=shutil.ignore_patterns("*.safetensors"))
    (into / "chat_template.jinja").write_text(template, encoding="utf-8")
    return load_tokenizer(into)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_prompt_is_served_as_it_is_trained(
    name: str, converted: Converted, toolchain: Toolchain, tmp_path: Path
) -> None:
    folder, gguf = converted(name)
    tokenizer = load_tokenizer(folder)
    some = name in (QUICK, "gemma3n")  # thirty layers take their time, and gemma3 has the same tokenizer
    everything = None if some else lambda one: True
    checks = measure_parity(toolchain, gguf, tokenizer, log=tmp_path / "log", counted=everything)
    assert len(checks) == 48 and len({(check.shape, check.text) for check in checks}) == 48
    assert [check.difference for check in checks if not check.refused and not check.equal] == []
    counted = [check for check in checks if check.counted is not None]
    assert {check.shape for check in counted} == {check.shape for check in checks if not check.refused}
    assert {check.text for check in counted} == {check.text for check in checks}
    assert len(counted) >= (20 if some else 40) and all(check.counted == check.tokens for check in counted)
    assert check_parity(checks, str(gguf)) == sum(not check.refused for check in checks) >= 24


@pytest.mark.parametrize("name", FAMILIES)
def test_a_broken_template_is_caught(name: str, converted: Converted, toolchain: Toolchain, tmp_path: Path) -> None:
    """Ways that templates are broken in the wild: a blank before the answer, a lost line break or mark in
    front, and a second BOS."""
    folder, gguf = converted(name)
    own = chat_template_text(folder)
    bos = load_tokenizer(folder).hf.bos_token
    broken = {
        "blank": own + "{%- if add_generation_prompt %}{{ ' ' }}{% endif %}",
        "front": "{{ '\\n' }}" + own,
        **({"bos": f"{{{{ '{bos}' }}}}" + own} if bos else {}),
    }
    if name != QUICK:  # each way starts a server: the tiny base tries all, the others one each
        ways = sorted(broken)
        how = ways[FAMILY_NAMES.index(name) % len(ways)]
        broken = {how: broken[how]}
    for how, template in broken.items():
        tokenizer = with_template(folder, tmp_path / how, template)
        with pytest.raises(ModelError, match=r"token \d+: trained|BOS tokens"):
            check_parity(
                measure_parity(toolchain, gguf, tokenizer, log=tmp_path / "log", counted=lambda one: False), "here"
            )


@pytest.mark.parametrize("name", FAMILIES)
def test_medical_text_is_read_alike(name: str, converted: Converted, toolchain: Toolchain) -> None:
    """2,000 lines as medtune sends them. Sent past medtune, uncomposed, some differ where the family's card says so."""
    folder, gguf = converted(name)
    tokenizer = load_tokenizer(folder)
    check = compare_tokenizers(toolchain, gguf, tokenizer)
    assert (check.equal, check.lines, sum(check.kinds.values())) == (COUNT, COUNT, COUNT)
    assert check_tokenizers(check, tokenizer.family, name) == ""
    lines = medical_lines()
    raw = tokenize_gguf(toolchain, gguf, [line.text for line in lines])
    encode = tokenizer.hf.backend_tokenizer.encode
    unlike = [
        line.text
        for line, ids in zip(lines, raw, strict=True)
        if encode(line.text, add_special_tokens=False).ids != ids
    ]
    assert all("e\u0301" in text for text in unlike)
    assert not unlike or "NFC" in tokenizer.family.tokenizer_note or not ORIGINS[name].real


def test_the_lines_are_always_the_same() -> None:
    lines = medical_lines()
    assert len({line.text for line in lines}) == COUNT
    assert digest_json([line.text for line in lines]).startswith("5cdeae90d7a7d7f9")
    kinds = {line.kind for line in lines}
    assert kinds == {"drugs", "doses", "units", "greek", "chinese", "topics", "scripts", "spaces"}
    assert min(sum(line.kind == kind for line in lines) for kind in kinds) >= 200


def test_a_difference_without_a_note_stops(converted: Converted, toolchain: Toolchain, tmp_path: Path) -> None:
    folder, gguf = converted(QUICK)
    tokenizer = load_tokenizer(folder)
    assert tokenize_gguf(toolchain, gguf, ["", "a <|end|>"])[0] == []
    real = compare_tokenizers(toolchain, gguf, tokenizer)
    assert real.equal == COUNT and check_tokenizers(real, tokenizer.family, "x") == ""
    tokenizer.hf.backend_tokenizer.normalizer = _lower()
    check = compare_tokenizers(toolchain, gguf, tokenizer)
    assert check.equal < COUNT and check.differences[0].trained != check.differences[0].served
    with pytest.raises(ModelError, match=r"of 2000 lines of medical text .* line \d+ "):
        check_tokenizers(check, tokenizer.family, "x")
    known = tokenizer.family.model_copy(update={"tokenizer_note": "It is known."})
    assert check_tokenizers(check, known, "x").endswith("It is known.")


def _lower() -> object:
    from tokenizers import normalizers

    return normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(" ", "\u2581")])


def test_the_first_difference_in_words() -> None:
    def piece(token: int) -> str:
        return "abcdef"[token]

    assert first_difference([1, 2], [1, 2], piece) == ""
    assert first_difference([1, 2], [1, 3], piece) == "token 1: trained 2 'c', served 3 'd'"
    assert first_difference([1, 2], [1], piece) == "token 1: trained 2 'c', served ends there"
    assert first_difference([1], [1, 9], piece).endswith("served 9, which the tokenizer does not have")


def test_the_shapes() -> None:
    control = control_of(["<|end|>", "<s>"], "[INST]")
    found = conversations(control, ["<s>"])
    assert {one.shape.count("user") for one in found} == {1, 2, 3}
    assert {one.shape.startswith("system") for one in found} == {True, False}
    assert {"empty", "long", "unicode", "doses", "control"} <= {one.text for one in found}
    assert all(mark in control_text(control, ["<s>"]) for mark in ("<|end|>", "<s>", "[INST]"))
    assert all(one.turns[-1].role == "user" for one in found)


def test_control_tokens_that_count_are_in_the_text(tmp_path: Path, converted: Converted) -> None:
    tokenizer = load_tokenizer(converted(QUICK)[0])
    text = next(one.turns[-1].content for one in own_conversations(tokenizer) if one.text == "control")
    assert all(mark in text for mark in ("<|end|>", "<|user|>", "<|assistant|>"))


def test_a_date_is_pinned(tmp_path: Path, toy_base: Path) -> None:
    own = chat_template_text(toy_base)
    assert pinned_template(own) == own
    dated = "\nOn {{ strftime_now('%d %b %Y') }}{% if date_string is defined %} {{ date_string }}{% endif %}:" + own
    pinned = pinned_template(dated)
    assert pinned.endswith(dated) and pinned_template(pinned) == pinned
    tokenizer = with_template(toy_base, tmp_path / "dated", dated)
    from medtune.runs.records.collect import Turn

    assert tokenizer.render((Turn(role="user", content="x"),)).startswith(f"\nOn {PINNED} {PINNED}:<|user|>")
