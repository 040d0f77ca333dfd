"""Are the token ids of training those of serving? The tokenizer's own rendering against llama-server's."""

from collections.abc import Sequence
from pathlib import Path

from medtune.chat.template import ChatTokenizer
from medtune.core.errors import ModelError
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.llamaserver_api import apply_template, tokenize
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer
from medtune.runs.records.base import Row
from medtune.runs.records.collect import Turn

_TEXTS = (
    "Explain the medical term: asthma",
    "What does **anaemia** mean?\n\n- dose: 2.5 mg/kg, 3×/day\n- SpO₂ ≥ 94 %",
    "  Spaces at both ends, a\ttab, café, naïve, 高血压 and 🫀.  ",
)
_SYSTEM = "You explain medical terms.\nAnswer in short paragraphs."
_ANSWER = "**Definition**\nA disease of the airways.\n\n**Note**\nAsk a doctor."


class ParityCheck(Row):
    """One conversation: what training and serving made of it."""

    shape: str
    """Roles in order, e.g. `system+user`."""
    text: int
    """Number of the user's text."""
    tokens: int
    """Token ids that training would see."""
    served: int
    """Token ids of llama-server's own rendering."""
    equal: bool
    """True when all ids are equal, and a real chat request counts as many prompt tokens."""
    refused: bool
    """True when the chat template does not take these roles."""


def conversations() -> list[tuple[str, int, tuple[Turn, ...]]]:
    """The shapes that are compared, each with each text."""
    found = []
    for number, text in enumerate(_TEXTS):
        user = Turn(role="user", content=text)
        system, answer = Turn(role="system", content=_SYSTEM), Turn(role="assistant", content=_ANSWER)
        shapes: tuple[tuple[Turn, ...], ...] = (
            (user,),
            (system, user),
            (user, answer, user),
            (system, user, answer, user),
        )
        found += [("+".join(turn.role for turn in turns), number, turns) for turns in shapes]
    return found


def measure_parity(toolchain: Toolchain, gguf: Path, tokenizer: ChatTokenizer, log: Path) -> list[ParityCheck]:
    """Compare every shape. Raises ServerError when llama-server cannot be asked."""
    prompts = [(shape, number, turns, _own_ids(tokenizer, turns)) for shape, number, turns in conversations()]
    context = max((len(ids) for *_, ids in prompts if ids), default=0) + 64
    with LlamaServer(toolchain, gguf, log=log, threads=1, ctx_size=context) as server:
        return [_compare(server, shape, number, turns, ids) for shape, number, turns, ids in prompts]


def check_parity(checks: Sequence[ParityCheck], gguf: Path) -> None:
    """Raises ModelError when one comparison failed, or when there was nothing to compare."""
    compared = [check for check in checks if not check.refused]
    unequal = [check for check in compared if not check.equal]
    if unequal or not compared:
        what = _in_words(unequal, compared)
        raise ModelError(
            what,
            where=str(gguf),
            next_step="use the base model's own tokenizer and chat template unchanged, or another base",
        )


def _in_words(unequal: list[ParityCheck], compared: list[ParityCheck]) -> str:
    if not compared:
        return "the chat template refuses every conversation that was tried"
    first = unequal[0]
    return (
        f"{len(unequal)} of {len(compared)} prompts are served as other tokens than they were trained on, "
        f"the first is {first.shape} ({first.tokens} tokens trained, {first.served} served)"
    )


def _own_ids(tokenizer: ChatTokenizer, turns: tuple[Turn, ...]) -> tuple[int, ...] | None:
    try:
        return tokenizer.encode_prompt(turns)
    except ModelError:
        return None


def _compare(
    server: LlamaServer, shape: str, number: int, turns: tuple[Turn, ...], ids: tuple[int, ...] | None
) -> ParityCheck:
    if ids is None:
        return ParityCheck(shape=shape, text=number, tokens=0, served=0, equal=False, refused=True)
    messages = [Message(role=turn.role, content=turn.content) for turn in turns]
    served = tokenize(server.client, apply_template(server.client, messages))
    counted = server.chat(messages, Decoding(max_tokens=1)).prompt_tokens
    equal = tuple(served) == ids and counted == len(ids)
    return ParityCheck(shape=shape, text=number, tokens=len(ids), served=len(served), equal=equal, refused=False)
