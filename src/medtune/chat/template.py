"""Messages to text by the tokenizer's own chat template, and to token ids with the mask of what is trained."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medtune.chat.config_file import read_config
from medtune.chat.dated import pinned_template
from medtune.chat.family import Family, chat_template_text, find_family
from medtune.chat.offline import offline
from medtune.chat.turns import Message, NoPrefixError, TurnError, Written, write_last, write_whole
from medtune.core.errors import ModelError
from medtune.llm.control import control_of, served_as_control
from medtune.runs.records.collect import Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OTHER_TEMPLATE = "use the model's original chat template, or another base model"


@dataclass(frozen=True)
class Encoded:
    """Token ids of a chat, and for each whether the loss is computed on it."""

    input_ids: tuple[int, ...]
    trained: tuple[bool, ...]


class ChatTokenizer:
    """A tokenizer with its own chat template. Use `load_tokenizer`.

    Guaranteed for `encode`: the ids are those of the rendered chat; the ids before a trained turn are those that the
    same prompt gets when the model is asked; text that only looks like a control token (a user who writes `<|end|>`)
    is written as `llm.control` writes it on every path to a model, so it never becomes that token.
    """

    def __init__(self, tokenizer: Any, family: Family, stop_ids: frozenset[int], folder: Path) -> None:
        self.hf = tokenizer
        """The transformers tokenizer, the date of its chat template pinned."""
        template = chat_template_text(folder)
        if (pinned := pinned_template(template)) != template:
            self.hf.chat_template = pinned
        self.family = family
        self.stop_ids = stop_ids
        """Ids of the tokens that may end the assistant's turn."""
        self._folder = folder
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        added = self._backend.get_added_tokens_decoder().values()
        control = (token.content for token in added if served_as_control(token.content, token.special))
        self.control = control_of(control, template)
        """What a message must not hold; `render` and `encode` neutralise it."""

    def render(self, messages: Sequence[Turn], add_generation_prompt: bool = False) -> str:
        """The chat as text. Raises ModelError when the template refuses these messages."""
        return self._render(self._neutral(messages), add_generation_prompt)

    def count(self, messages: Sequence[Turn]) -> int:
        """Tokens of the longest row that the chat becomes. Raises ModelError as `encode_each` does."""
        return max(len(row.input_ids) for row in self.encode_each(messages))

    def encode_prompt(self, messages: Sequence[Turn]) -> tuple[int, ...]:
        """Ids of the chat with the generation prompt: what the model sees when it is asked."""
        text = self._render(self._neutral(messages), add_generation_prompt=True)
        ids, *_ = self._tokens(text, 0)
        self._check_bos(ids)
        return tuple(ids)

    def encode(self, messages: Sequence[Turn]) -> Encoded:
        """Ids and mask: every assistant turn is trained from its first token to its end-of-turn token, nothing else.

        Raises ModelError: the template refuses the messages, has no assistant turn, writes one otherwise when it is
        asked for than when it stands in a longer chat (use `encode_each`), ends it without an end-of-turn token, or
        gives another number of BOS tokens than the family has.
        """
        rows = self.encode_each(messages)
        if len(rows) > 1:
            raise ModelError(
                "the chat template rewrites earlier turns when a chat goes on: the prompt is no prefix of the whole "
                f"chat, so its {len(rows)} answers cannot be trained as one row",
                where=str(self._folder),
                next_step="give each answer a row of its own: the chat up to it",
            )
        return rows[0]

    def encode_each(self, messages: Sequence[Turn]) -> tuple[Encoded, ...]:
        """The rows that train a chat: one, or one an answer where the template rewrites earlier turns.

        Each answer stands behind exactly the tokens that ask for it. Raises ModelError as `encode` does.
        """
        plain = self._neutral(messages)
        try:
            try:
                return (self._encode_written(write_whole(plain, self._render)),)
            except NoPrefixError:
                answers = [index for index, message in enumerate(plain) if message["role"] == "assistant"]
                return tuple(self._encode_written(write_last(plain[: at + 1], self._render)) for at in answers)
        except TurnError as error:
            raise self._error(str(error)) from None

    def _encode_written(self, written: Written) -> Encoded:
        import numpy as np

        ids, starts, ends = self._tokens(written.text, 0)
        if any(((starts < span.start) & (span.start < ends)).any() for span in written.spans):
            ids, starts = self._tokens_in_parts(written)
        self._check_bos(ids)
        trained = np.zeros(len(ids), dtype=bool)
        for number, span in enumerate(written.spans, start=1):
            inside = ((span.start <= starts) & (starts < span.end)).nonzero()[0]
            last = next((index for index in inside[::-1].tolist() if ids[index] in self.stop_ids), None)
            if last is None and number < len(written.spans):
                raise NoPrefixError("an earlier turn is written otherwise when the chat goes on")
            if last is None:
                raise self._error(
                    "the chat template ends an assistant turn without an end-of-turn token; the model would not learn "
                    "to stop"
                )
            trained[inside[inside <= last]] = True
        return Encoded(tuple(ids), tuple(trained.tolist()))

    def _render(self, messages: Sequence[Message], add_generation_prompt: bool) -> str:
        import jinja2

        try:
            text = self.hf.apply_chat_template([*messages], tokenize=False, add_generation_prompt=add_generation_prompt)
        except jinja2.TemplateError as error:
            roles = ", ".join(message["role"] for message in messages) or "none"
            raise self._error(f"the chat template refuses messages of these roles ({roles}): {error}") from None
        return str(text)

    def _neutral(self, messages: Sequence[Turn]) -> list[dict[str, str]]:
        return [{**turn.model_dump(), "content": self.control.neutral(turn.content, turn.role)} for turn in messages]

    def _tokens(self, text: str, at: int) -> "tuple[list[int], NDArray[np.int64], NDArray[np.int64]]":
        """Ids of a piece of text that begins at `at`, and where each of them begins and ends in characters."""
        import numpy as np

        encoding = self._backend.encode(text, add_special_tokens=False)
        flat = itertools.chain.from_iterable(encoding.offsets)
        offsets = np.fromiter(flat, dtype=np.int64).reshape(-1, 2) + at
        return encoding.ids, offsets[:, 0], offsets[:, 1]

    def _tokens_in_parts(self, written: Written) -> "tuple[list[int], NDArray[np.int64]]":
        """The same, cut where turns begin: a token that spans prompt and answer never occurs when a model is asked."""
        import numpy as np

        ids: list[int] = []
        starts: list[NDArray[np.int64]] = []
        cuts = [0, *(span.start for span in written.spans), len(written.text)]
        for start, end in itertools.pairwise(cuts):
            part_ids, part_starts, _ = self._tokens(written.text[start:end], start)
            ids += part_ids
            starts.append(part_starts)
        return ids, np.concatenate(starts)

    def _check_bos(self, ids: list[int]) -> None:
        bos = self.hf.bos_token_id
        leading = 0
        while bos is not None and leading < len(ids) and ids[leading] == bos:
            leading += 1
        wanted = self.family.leading_bos
        if leading != wanted if wanted is not None else leading > 1:
            raise self._error(
                f"a rendered chat starts with {leading} BOS tokens, but {self.family.family} models start with "
                f"{'at most one' if wanted is None else wanted}"
            )

    def _error(self, what: str) -> ModelError:
        return ModelError(what, where=str(self._folder), next_step=_OTHER_TEMPLATE)


def load_tokenizer(folder: Path) -> ChatTokenizer:
    """Load the tokenizer of a model folder; nothing is fetched and no code of the folder is run.

    Raises ModelError when it cannot be loaded, gives no offsets, has no chat template or no end-of-turn token.
    """
    with offline():
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, TypeError, ImportError, AttributeError) as error:
            raise ModelError(
                f"the tokenizer cannot be loaded: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
                where=str(folder),
                next_step="copy the tokenizer files of the model again",
            ) from error
    if not getattr(tokenizer, "is_fast", False) or not hasattr(tokenizer, "backend_tokenizer"):
        raise ModelError(
            "this tokenizer gives no character offsets, so what is trained cannot be marked exactly",
            where=str(folder),
            next_step="add the model's tokenizer.json",
        )
    config = read_config(folder)
    architecture = str((config.get("architectures") or [""])[0])
    family = find_family(architecture, folder)
    _check_vocabulary(tokenizer, config, folder)
    return ChatTokenizer(tokenizer, family, _stop_ids(tokenizer, family, folder, config), folder)


def _check_vocabulary(tokenizer: Any, config: dict[str, Any], folder: Path) -> None:
    """Every token has a row in the embedding; spare rows are usual."""
    inner = config.get("text_config")
    rows = (inner if isinstance(inner, dict) else config).get("vocab_size", config.get("vocab_size"))
    highest = max(tokenizer.get_vocab().items(), key=lambda item: item[1])
    if isinstance(rows, int) and highest[1] >= rows:
        raise ModelError(
            f"vocabulary and embedding differ: the tokenizer's token {highest[1]} has no row in an embedding of {rows}",
            where=str(folder),
            next_step="copy tokenizer and weights of the model from one release, or resize the embedding as it needs",
        )


def _stop_ids(tokenizer: Any, family: Family, folder: Path, config: dict[str, Any]) -> frozenset[int]:
    """Ids that end a turn: the family's token, else all that the model folder stops on."""
    if family.end_of_turn is not None:
        found = tokenizer.get_vocab().get(family.end_of_turn)
        if found is None:
            raise ModelError(
                f"the tokenizer has no token {family.end_of_turn}, which ends a turn of {family.family} models",
                where=str(folder),
                next_step="copy the tokenizer files of the model again",
            )
        return frozenset((int(found),))
    named: list[Any] = [tokenizer.eos_token_id, config.get("eos_token_id")]
    if (folder / "generation_config.json").is_file():
        named.append(read_config(folder, "generation_config.json").get("eos_token_id"))
    ids = frozenset(int(item) for value in named if value is not None for item in _as_list(value))
    if not ids:
        raise ModelError(
            "neither tokenizer nor configuration names an end-of-turn token",
            where=str(folder),
            next_step="set eos_token in tokenizer_config.json as the model's authors did",
        )
    return ids


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
