"""Are the token ids of training those of serving? The tokenizer's own rendering against what servers make of it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from medtune.chat.parity_shapes import Conversation, conversations
from medtune.chat.template import ChatTokenizer
from medtune.core.errors import ModelError, ServerError
from medtune.llamacpp.toolchain import Toolchain
from medtune.llm.llamaserver_api import apply_template, tokenize
from medtune.llm.messages import Decoding, Message
from medtune.llm.server import LlamaServer
from medtune.runs.records.collect import Turn
from medtune.runs.records.proof import ParityCheck

LLAMA_SERVER = "llama-server"
_SHORT_TOKENS = 64
"""Room for the answer beside the longest prompt."""


def own_conversations(tokenizer: ChatTokenizer) -> tuple[Conversation, ...]:
    """Every shape with every text, control text made of this tokenizer's own."""
    probe = Turn(role="user", content="x"), Turn(role="assistant", content="x")
    try:
        rendered = tokenizer.render((*probe, *probe[:1]), add_generation_prompt=True)
    except ModelError:
        rendered = ""
    hf = tokenizer.hf
    named = [token for token in (hf.bos_token, hf.eos_token, hf.unk_token, hf.pad_token) if token]
    used = [token for token in sorted(tokenizer.control.tokens) if token in rendered or token in named]
    return conversations(tokenizer.control, used)


def own_ids(tokenizer: ChatTokenizer, turns: tuple[Turn, ...]) -> tuple[int, ...] | None:
    """The prompt's ids as training has them; None when the chat template refuses these roles.

    Raises ModelError for a rendering with another number of BOS tokens than the family's.
    """
    try:
        tokenizer.render(turns, add_generation_prompt=True)
    except ModelError:
        return None
    return tokenizer.encode_prompt(turns)


def measure_parity(
    toolchain: Toolchain,
    gguf: Path,
    tokenizer: ChatTokenizer,
    *,
    log: Path,
    threads: int = 1,
    counted: Callable[[Conversation], bool] | None = None,
) -> list[ParityCheck]:
    """Compare every conversation with llama-server: its template and tokenizer, and what it counts in a real call.

    `counted` says for which conversations that call is made, of those that fit into the model's context; by default
    every shape with one text and every text in a single turn, since a large model on a CPU takes long.
    Raises ServerError when llama-server cannot be asked, ModelError as `own_ids` does.
    """
    wanted = _cover if counted is None else counted
    prompts = [(one, own_ids(tokenizer, one.turns)) for one in own_conversations(tokenizer)]
    room = max((len(ids) for _, ids in prompts if ids), default=0) + _SHORT_TOKENS
    with LlamaServer(toolchain, gguf, log=log, threads=threads, ctx_size=room) as server:
        room = _room(server, room)
        return [
            _compare(server, tokenizer, one, ids, counted=ids is not None and len(ids) < room and wanted(one))
            for one, ids in prompts
        ]


def check_parity(checks: Sequence[ParityCheck], where: str) -> int:
    """How many were compared. Raises ModelError when one comparison failed, or when there was nothing to compare."""
    compared = [check for check in checks if not check.refused]
    unequal = [check for check in compared if not check.equal]
    if unequal or not compared:
        raise ModelError(
            _in_words(unequal, compared),
            where=where,
            next_step="use the base model's own tokenizer and chat template unchanged, or another base",
        )
    return len(compared)


def refused(path: str, one: Conversation) -> ParityCheck:
    """The row of a conversation that nobody can train on."""
    return ParityCheck(
        path=path, shape=one.shape, text=one.text, tokens=0, served=0, counted=None, equal=False, refused=True
    )


def compared(
    path: str,
    one: Conversation,
    tokenizer: ChatTokenizer,
    *,
    trained: Sequence[int],
    served: Sequence[int],
    counted: int | None,
) -> ParityCheck:
    """The row of a comparison."""
    difference = first_difference(trained, served, tokenizer.hf.convert_ids_to_tokens)
    if not difference and counted is not None and counted != len(trained):
        difference = f"a real call counts {counted} prompt tokens, {len(trained)} were trained"
    return ParityCheck(
        path=path,
        shape=one.shape,
        text=one.text,
        tokens=len(trained),
        served=len(served),
        counted=counted,
        equal=not difference,
        refused=False,
        difference=difference,
    )


def first_difference(trained: Sequence[int], served: Sequence[int], piece: Callable[[int], object]) -> str:
    """Where two lists of token ids part, in words; empty when they are the same."""
    for at, (own, other) in enumerate(zip(trained, served, strict=False)):
        if own != other:
            return f"token {at}: trained {_shown(piece, own)}, served {_shown(piece, other)}"
    shorter = min(len(trained), len(served))
    if len(trained) > shorter:
        return f"token {shorter}: trained {_shown(piece, trained[shorter])}, served ends there"
    if len(served) > shorter:
        return f"token {shorter}: trained ends there, served {_shown(piece, served[shorter])}"
    return ""


def _shown(piece: Callable[[int], object], token: int) -> str:
    try:
        return f"{token} {piece(token)!r}"
    except (IndexError, OverflowError, TypeError, ValueError):
        return f"{token}, which the tokenizer does not have"


def _in_words(unequal: Sequence[ParityCheck], compared: Sequence[ParityCheck]) -> str:
    if not compared:
        return "the chat template refuses every conversation that was tried"
    first = unequal[0]
    return (
        f"{len(unequal)} of {len(compared)} prompts are served as other tokens than they were trained on; the first is "
        f"{first.shape} with the text «{first.text}» through {first.path}, {first.difference}"
    )


def _room(server: LlamaServer, asked: int) -> int:
    """Tokens of context that the server really has: it caps what a model was not made for."""
    from medtune.llm.llamaserver_api import props

    settings = props(server.client).get("default_generation_settings")
    value = settings.get("n_ctx") if isinstance(settings, dict) else None
    return value if isinstance(value, int) else asked


def _cover(one: Conversation) -> bool:
    """Each shape with a plain text, each text in a single turn."""
    return one.text == "plain" or one.shape in ("user", "system+user")


def _compare(
    server: LlamaServer, tokenizer: ChatTokenizer, one: Conversation, ids: tuple[int, ...] | None, *, counted: bool
) -> ParityCheck:
    if ids is None:
        return refused(LLAMA_SERVER, one)
    messages = [Message(role=turn.role, content=turn.content) for turn in one.turns]
    safe = server.control.messages(messages)
    try:
        served = tokenize(server.client, apply_template(server.client, safe))
        count = server.chat(messages, Decoding(max_tokens=1)).prompt_tokens if counted else None
    except ServerError as error:
        if server.pid is None:
            raise
        row = refused(LLAMA_SERVER, one)
        return row.model_copy(
            update={"tokens": len(ids), "refused": False, "difference": f"llama-server refuses it: {error.what[:200]}"}
        )
    return compared(LLAMA_SERVER, one, tokenizer, trained=ids, served=served, counted=count)
