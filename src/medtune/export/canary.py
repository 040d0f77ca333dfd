"""Ask every artefact for the run's made-up fact: adapter and merged model with transformers, builds with libllama."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medtune.chat.template import ChatTokenizer
from medtune.core.errors import ModelError
from medtune.core.text import fold
from medtune.llamacpp.score import ScoredText
from medtune.runs.records.collect import Turn
from medtune.runs.records.prepare import Canary, Example
from medtune.runs.records.proof import CanaryAnswer

if TYPE_CHECKING:
    import torch

ADAPTER, MERGED = "adapter", "merged"
_MORE_TOKENS = 8


def canary_turns(canary: Canary, examples: Iterable[Example]) -> tuple[Turn, ...]:
    """The trained conversation. Raises ModelError when no training row holds it."""
    for example in examples:
        if len(example.messages) > 1 and example.messages[-1].content == canary.answer:
            return example.messages
    raise ModelError(
        "the run's made-up fact stands in no training row",
        where="02-prepare/train.jsonl",
        next_step="prepare again: `medtune run RECIPE --from prepare`",
    )


def canary_text(tokenizer: ChatTokenizer, turns: tuple[Turn, ...]) -> ScoredText:
    """Question and trained answer, the answer scored."""
    encoded = tokenizer.encode(turns)
    return ScoredText(encoded.input_ids, encoded.trained)


def answer_tokens(text: ScoredText) -> int:
    """How many tokens an answer may have: those of the trained one and a few more."""
    return sum(text.scored) + _MORE_TOKENS


def read_answer(build: str, canary: Canary, tokenizer: ChatTokenizer, ids: Iterable[int]) -> CanaryAnswer:
    """The words before the end of the turn, and whether the made-up word is among them."""
    kept: list[int] = []
    for token in ids:
        if token in tokenizer.stop_ids:
            break
        kept.append(int(token))
    text = str(tokenizer.hf.decode(kept, skip_special_tokens=True)).strip()
    return CanaryAnswer(build=build, right=fold(canary.word) in fold(text), answer=text)


def ask_torch(folder: Path, adapter: Path | None, prompt: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Greedy answer of a model folder, with an adapter or without, as transformers and PEFT compute it.

    Raises ModelError when transformers or PEFT cannot load them.
    """
    from medtune.chat.offline import offline

    with offline(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other people's next releases
        import torch
        from transformers.utils import logging

        from medtune.chat.language_model import load_language_model

        logging.disable_progress_bar()

        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            model: Any = load_language_model(folder, dtype="auto")
            if adapter is not None:
                from medtune.chat.adapter_names import put_adapter

                model = put_adapter(model, adapter)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"cannot be loaded for the made-up question: {str(error).splitlines()[0]}",
                where=str(adapter or folder),
                next_step="train again, or set `prepare.canary: false`",
            ) from error
        return _greedy(model.to(device).eval(), torch.tensor([prompt], device=device), most)


def _greedy(model: Any, ids: "torch.Tensor", most: int) -> tuple[int, ...]:
    """Token by token without generation settings of the folder: the most probable one, whatever it is."""
    import torch

    written: list[int] = []
    with torch.inference_mode():
        found = model(input_ids=ids, use_cache=True)
        for _ in range(most):
            token = int(found.logits[0, -1].argmax())
            written.append(token)
            step = torch.tensor([[token]], device=ids.device)
            found = model(input_ids=step, past_key_values=found.past_key_values, use_cache=True)
    return tuple(written)
