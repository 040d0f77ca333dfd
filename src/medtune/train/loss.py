"""The loss on trained tokens only: the output layer never sees the others."""

from typing import Any

import torch
from torch import Tensor

from medtune.train.batches import IGNORED
from medtune.train.kernels.cross_entropy import head_loss

_PROBE_TOKENS = 8


class TokenLoss:
    """Summed negative log-likelihood of a batch's trained tokens, in nats.

    Where logits are nothing but output layer times hidden state, they are made in pieces (`kernels.cross_entropy`).
    Some architectures scale or cap them: there the model makes them itself, of the trained positions only.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._head = model.get_output_embeddings()
        self.in_pieces = self._head_is_all()

    def __call__(self, input_ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """input_ids and labels (B, T) to the sum over trained tokens, and how many there are."""
        # A token's label is predicted at the position before it.
        at = torch.nn.functional.pad(labels[:, 1:] != IGNORED, (0, 1))
        targets = labels[:, 1:][at[:, :-1]]
        if self.in_pieces:
            hidden, _ = self._run(input_ids, at)
            return head_loss(hidden, self._head.weight, targets), at.sum()
        _, logits = self._run(input_ids, at, with_logits=True)
        total = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")
        return total, at.sum()

    def _run(self, input_ids: Tensor, at: Tensor, with_logits: bool = False) -> tuple[Tensor, Tensor]:
        """Hidden states (N, H) at the chosen positions and, if wanted, their logits (N, V)."""
        seen: list[Tensor] = []

        def choose(_: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            chosen = args[0][at]
            seen.append(chosen)
            return ((chosen if with_logits else chosen[:1].detach()).unsqueeze(0), *args[1:])

        hook = self._head.register_forward_pre_hook(choose)
        try:
            logits = self._model(input_ids=input_ids, use_cache=False).logits
        finally:
            hook.remove()
        return seen[0], logits.squeeze(0)

    def _head_is_all(self) -> bool:
        """Try it: do the model's logits equal output layer times hidden state?"""
        head = self._head
        if type(head) is not torch.nn.Linear or head.bias is not None or head.weight.requires_grad:
            return False
        ids = torch.arange(1, 1 + _PROBE_TOKENS, device=head.weight.device)[None]
        training = self._model.training
        self._model.eval()
        with torch.no_grad():
            hidden, logits = self._run(ids, torch.ones_like(ids, dtype=torch.bool), with_logits=True)
            expected = torch.mm(hidden, head.weight.t()).float()
        self._model.train(training)
        return torch.allclose(logits.float(), expected, rtol=1e-3, atol=1e-3)
