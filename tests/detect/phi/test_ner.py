"""A token classification model from a local folder: read offline, its labels become kinds."""

from pathlib import Path

import pytest

from medtune.detect.phi import Found
from medtune.detect.phi.ner import NerRecognizer


class Pipe:
    """Answers as transformers' pipeline does with aggregated labels."""

    def __call__(self, text: str, stride: int) -> list[dict[str, object]]:
        def one(word: str, label: str, score: float = 0.9) -> dict[str, object]:
            return {
                "entity_group": label,
                "score": score,
                "start": text.index(word),
                "end": text.index(word) + len(word),
            }

        return [one("Ilvara", "PER"), one("Graz", "B-LOC"), one("45", "AGE"), one("96", "AGE"), one("gout", "DISEASE"),
                one("today", "DATE", 0.2)]  # fmt: skip


def test_labels_become_kinds_and_others_are_passed_over() -> None:
    text = "Ilvara from Graz, 45, and her aunt, 96, have gout today."
    found = list(NerRecognizer(Path("unused"), _pipe=Pipe()).find(text))
    assert [(text[one.start : one.end], one.kind) for one in found] == [
        ("Ilvara", "name"),
        ("Graz", "place"),
        ("96", "age"),
    ]
    assert all(isinstance(one, Found) and one.score < 0.9 for one in found)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError)):
        list(NerRecognizer(tmp_path).find("Ilvara has gout."))


def test_a_real_model_is_read_from_its_folder_and_long_texts_are_read_to_their_end(tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    vocab = {"[PAD]": 0, "[UNK]": 1, "ilvara": 2, "has": 3, "gout": 4}
    plain = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=plain, unk_token="[UNK]", pad_token="[PAD]", model_max_length=256)
    fast.save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=5, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=256, num_labels=2, id2label={0: "O", 1: "B-PER"}, label2id={"O": 0, "B-PER": 1},
    )  # fmt: skip
    model = BertForTokenClassification(config)
    with torch.no_grad():  # every word is a person to this one
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 9.0]))
    model.save_pretrained(tmp_path)
    text = "has gout " * 300 + "ilvara"
    found = list(NerRecognizer(tmp_path).find(text))
    assert found and found[-1].end == len(text) and {one.kind for one in found} == {"name"}
