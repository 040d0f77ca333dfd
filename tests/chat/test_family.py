from pathlib import Path

import pytest

from medtune.chat.family import GENERIC, chat_template_text, family_cards, find_family, known_architectures
from medtune.core.errors import ModelError
from medtune.llamacpp.toolchain import Toolchain


def write_template(folder: Path, template: str) -> Path:
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    return folder


def test_cards_are_whole_and_the_fallback_comes_last() -> None:
    cards = family_cards()
    assert {"tiny", GENERIC} <= {card.family for card in cards}
    assert cards[-1].family == GENERIC and not cards[-1].template_marks
    assert all(card.licence and card.terms and card.verified for card in cards)


def test_transformers_knows_every_architecture() -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    known: set[str] = set()
    for names in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values():
        known.update([names] if isinstance(names, str) else names)
    assert len(known_architectures()) > 20
    assert set(known_architectures()) - known == set()


def test_the_most_specific_card_wins(tmp_path: Path) -> None:
    tiny = "{{ '<|end|>' }}{{ '<|assistant|>' }}{% generation %}{% endgeneration %}"
    assert find_family("LlamaForCausalLM", write_template(tmp_path, tiny)).family == "tiny"
    assert find_family("LlamaForCausalLM", write_template(tmp_path, "{{ messages }}")).family == GENERIC
    assert find_family("Qwen3ForCausalLM", write_template(tmp_path, tiny)).family == GENERIC


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown architecture RwkvForCausalLM"):
        find_family("RwkvForCausalLM", write_template(tmp_path, "x"))


@pytest.mark.parametrize(
    "values",
    [
        '{"chat_template": "T"}',
        '{"chat_template": [{"name": "rag", "template": "U"}, {"name": "default", "template": "T"}]}',
    ],
)
def test_a_template_may_stand_in_the_tokenizer_configuration(tmp_path: Path, values: str) -> None:
    (tmp_path / "tokenizer_config.json").write_text(values, encoding="utf-8")
    assert chat_template_text(tmp_path) == "T"


def test_no_template_at_all(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text('{"chat_template": null}', encoding="utf-8")
    with pytest.raises(ModelError, match="no chat template"):
        chat_template_text(tmp_path)


def test_the_pinned_converter_knows_every_architecture(toolchain: Toolchain) -> None:
    root = toolchain.convert_script.parent
    sources = [root / "convert_hf_to_gguf.py", *sorted((root / "conversion").glob("*.py"))]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert [name for name in known_architectures() if f'"{name}"' not in text] == []


def test_cards_agree_with_themselves() -> None:
    """A released template that a card hands out is one that the card would be chosen for."""
    for card in family_cards():
        assert not set(card.target_modules) & set(card.left_out), card.family
        assert set(card.dtypes) <= {"bfloat16", "float16", "float32"} and card.dtypes
        assert (card.verified == "none") == (card.family == GENERIC) and card.verified_note
        assert card.terms_address.startswith("https://") or not card.terms_address
        if card.template is not None:
            assert card.template_marks and card.template.tokens, card.family
