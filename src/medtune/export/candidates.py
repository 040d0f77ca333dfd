"""Which base an adapter is merged into that was trained on a quantized one: the 16-bit base, or what the trainer saw.

Both are merged; each is compared with the trained model itself (quantized base, unmerged adapter) on held-out chats by
KL divergence of the next-token distributions on assistant tokens, and the nearer one is taken.
"""

import contextlib
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from medtune.chat.frozen import Storage, as_stored
from medtune.core.errors import ModelError
from medtune.core.io import write_json
from medtune.export.adapter import Adapter
from medtune.export.ledger import Ledger, Made
from medtune.export.merge import merge
from medtune.export.weights import Weights
from medtune.runs.layout import MERGED, MERGING

if TYPE_CHECKING:
    import torch

Candidate = Literal["16-bit", "dequantized"]
CANDIDATES: tuple[Candidate, ...] = ("16-bit", "dequantized")
MOST_TOKENS = 512
"""Assistant tokens that are compared: with 150,000 words in the vocabulary their distributions take 300 MB."""
_FLOAT32_WEIGHTS = 1_500_000_000
"""Larger models are compared in bfloat16, as they would not fit otherwise."""


@dataclass(frozen=True)
class ScoredChat:
    """Token ids of a held-out chat, and which of them are the assistant's."""

    ids: tuple[int, ...]
    scored: tuple[bool, ...]


@dataclass(frozen=True)
class Measured:
    """Mean KL divergence (nats a token) of each candidate from the trained model, and which one was taken."""

    taken: Candidate
    kl: dict[Candidate, float]
    tokens: int

    def facts(self, storage: Storage) -> dict[str, Any]:
        """As merge.json has it."""
        return {"storage": storage, "taken": self.taken, "kl": dict(self.kl), "tokens": self.tokens}


def merge_nearest(
    weights: Weights, adapter: Adapter, out: Path, *, storage: Storage, chats: Sequence[ScoredChat]
) -> Measured:
    """Merge into both bases, keep the nearer one as `out`. Raises ModelError, ResourceError, and without chats."""
    chats = list(_first_tokens(chats, MOST_TOKENS))
    if not chats:
        raise ModelError(
            "there is no held-out chat to tell which base the adapter is to be merged into",
            next_step="keep some rows for validation: raise `prepare.validation_share`",
        )
    stored = linear_modules(weights.folder)
    folders: dict[Candidate, Path] = {
        candidate: out.with_name(f"{out.name}-{candidate}.partial") for candidate in CANDIDATES
    }
    try:
        reference = _log_probs(_trained(weights.folder, adapter.folder, storage, stored), chats)
        kl: dict[Candidate, float] = {}
        for candidate, folder in folders.items():
            rounded = stored if candidate == "dequantized" else frozenset[str]()
            merge(weights, adapter, folder, stored=rounded, storage=storage if rounded else None)
            found = _log_probs(lambda folder=folder: load_model(folder), chats)  # type: ignore[misc]
            kl[candidate] = mean_kl(reference, found)
        taken = min(CANDIDATES, key=lambda candidate: kl[candidate])
        shutil.rmtree(out, ignore_errors=True)
        folders[taken].rename(out)
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
    return Measured(taken, kl, sum(sum(chat.scored) for chat in chats))


def make_nearest(
    folder: Path,
    ledger: Ledger,
    key: str,
    weights: Weights,
    adapter: Adapter,
    *,
    storage: Storage,
    chats: Callable[[], Sequence[ScoredChat]],
) -> Made:
    """`merge_nearest` into `folder`/merged with merge.json beside it, both taken over when `key` is the same."""
    made = ledger.find(MERGED, key)
    if made is not None and ledger.find(MERGING, key) is not None:
        return made
    began = time.monotonic()
    measured = merge_nearest(weights, adapter, folder / MERGED, storage=storage, chats=chats())
    made = ledger.record(MERGED, key, time.monotonic() - began)
    write_json(folder / MERGING, measured.facts(storage))
    ledger.record(MERGING, key, 0.0)
    return made


def linear_modules(folder: Path) -> frozenset[str]:
    """Names of a model's linear layers without the output layer: what a quantized base holds rounded."""
    import torch
    from transformers import AutoModelForCausalLM

    from medtune.chat.language_model import language_config

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(language_config(folder), trust_remote_code=False)
    head = model.get_output_embeddings()
    return frozenset(
        name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear) and module is not head
    )


def load_model(folder: Path) -> Any:
    """A model folder for comparing: on a GPU if there is one, in float32 unless it is too large."""
    import torch

    from medtune.chat.language_model import load_language_model
    from medtune.chat.offline import offline

    size = sum(path.stat().st_size for path in folder.glob("*.safetensors")) // 2
    dtype = torch.float32 if size < _FLOAT32_WEIGHTS else torch.bfloat16
    with offline():
        model = load_language_model(folder, dtype=dtype)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def mean_kl(reference: Sequence["torch.Tensor"], found: Sequence["torch.Tensor"]) -> float:
    """Mean over tokens of KL(reference ‖ found), both log-probabilities (tokens, vocabulary); in nats."""
    total, tokens = 0.0, 0
    for one, other in zip(reference, found, strict=True):
        total += float((one.exp() * (one - other)).sum(dim=-1).double().sum())
        tokens += len(one)
    return total / tokens


def _trained(base: Path, adapter: Path, storage: Storage, stored: frozenset[str]) -> Callable[[], Any]:
    """The model as it was trained: its base's linear layers rounded, the adapter beside them."""

    def load() -> Any:
        import torch

        from medtune.chat.adapter_names import put_adapter

        model = load_model(base)
        with torch.no_grad():
            for name in stored:
                weight = model.get_submodule(name).weight
                weight.copy_(as_stored(weight, storage))
        return put_adapter(model, adapter).eval()

    return load


def _log_probs(load: Callable[[], Any], chats: Sequence[ScoredChat]) -> list["torch.Tensor"]:
    """Log-probabilities (tokens, vocabulary) before each scored token of each chat; the model is gone afterwards."""
    import torch

    with _quiet():
        model = load()
    found = []
    with torch.no_grad():
        for chat in chats:
            ids = torch.tensor([chat.ids], device=next(model.parameters()).device)
            logits = model(input_ids=ids).logits[0, :-1]
            wanted = torch.tensor(chat.scored[1:], device=logits.device)
            found.append(torch.log_softmax(logits[wanted].float(), dim=-1).cpu())
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The libraries' bars and warnings about each other are nothing for the user of an export."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _first_tokens(chats: Sequence[ScoredChat], most: int) -> Iterator[ScoredChat]:
    """Chats until so many scored tokens are there; the first token of a chat follows nothing and is not scored."""
    left = most
    for chat in chats:
        scored = [is_scored and at > 0 for at, is_scored in enumerate(chat.scored)]
        while sum(scored) > left:
            scored[len(scored) - 1 - scored[::-1].index(True)] = False
        if any(scored):
            yield ScoredChat(chat.ids, tuple(scored))
        left -= sum(scored)
        if left <= 0:
            return
