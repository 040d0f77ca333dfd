"""From the rows of a pass to the summed loss of its trained tokens; no others reach the output layer."""

from typing import Any

import torch
from torch import Tensor

from medtune.train.fast.passes import Pass
from medtune.train.kernels.cross_entropy import head_loss

_PROBE_TOKENS = 8


class PassLoss:
    """Summed negative log-likelihood in nats.

    Logits are the output layer's product, capped where the architecture caps them (`final_logit_softcapping`). Whether
    that is all is tried once on a few tokens; where it is not (scaled logits, another output layer) the model itself
    makes the logits, of the trained positions only.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._decoder = model.base_model
        self._head = model.get_output_embeddings()
        self._cap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
        self.in_pieces = False
        """Whether logits are made here, a piece at a time; see `probe`."""

    def probe(self, one: Pass) -> None:
        """Try it on a few trained tokens of a pass."""
        self.in_pieces = self._head_is_all(one)

    def __call__(self, one: Pass) -> Tensor:
        """The sum over the pass's trained tokens."""
        if self.in_pieces:
            return head_loss(self.hidden(one), self._head.weight, one.targets, self._cap)
        _, logits = self._through_model(one)
        return torch.nn.functional.cross_entropy(logits.float(), one.targets, reduction="sum")

    def hidden(self, one: Pass) -> Tensor:
        """What the output layer gets: (N, H), one row a trained token."""
        states = self._decoder(
            input_ids=one.ids, position_ids=one.positions, use_cache=False, **one.attention()
        ).last_hidden_state
        chosen: Tensor = states[0].index_select(0, one.at)
        return chosen

    def logits(self, hidden: Tensor) -> Tensor:
        """(N, V) float32 of what `hidden` gives; only where `in_pieces`."""
        logits = torch.mm(hidden, self._head.weight.t()).float()
        return logits if self._cap is None else torch.tanh(logits / self._cap) * self._cap

    def _through_model(self, one: Pass) -> tuple[Tensor, Tensor]:
        seen: list[Tensor] = []

        def choose(_: Any, args: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            seen.append(args[0][0].index_select(0, one.at))
            return (seen[0].unsqueeze(0), *args[1:])

        hook = self._head.register_forward_pre_hook(choose)
        try:
            logits = self._model(
                input_ids=one.ids, position_ids=one.positions, use_cache=False, **one.attention()
            ).logits
        finally:
            hook.remove()
        return seen[0], logits.squeeze(0)

    def _head_is_all(self, one: Pass) -> bool:
        head = self._head
        if type(head) is not torch.nn.Linear or head.bias is not None:
            return False
        few = Pass(
            one.ids, one.positions, one.bounds, one.longest, one.at[:_PROBE_TOKENS], one.targets[:_PROBE_TOKENS], 0
        )
        with torch.no_grad():
            hidden, logits = self._through_model(few)
            return torch.allclose(self.logits(hidden), logits.float(), rtol=1e-3, atol=1e-3)
