"""04-export: the evidence that nothing was lost on the way (parity.json, fidelity.json, canary.json)."""

from medtune.runs.records.base import Row


class ParityCheck(Row):
    """One conversation on one path: the token ids that training sees against those that a server makes of it."""

    path: str
    """`llama-server` or `ollama`."""
    shape: str
    """Roles in order, e.g. `system+user`."""
    text: str
    """Which of the texts stands in it, e.g. `doses`."""
    tokens: int
    """Token ids that training would see; 0 when the chat template refuses these roles."""
    served: int
    """Token ids of the server's own rendering."""
    counted: int | None
    """Prompt tokens that the server counted in a real call; None: it was not asked, or did not say."""
    equal: bool
    """True when all ids are equal and the count is theirs."""
    refused: bool
    """True when the chat template does not take these roles: nobody can train with them."""
    difference: str = ""
    """The first token that differs, in words."""


class TokenizerDifference(Row):
    """A line of the medical text that the two tokenizers read differently."""

    line: int
    kind: str
    """What the line is made of, e.g. `units`."""
    at: int
    """Index of the first token that differs."""
    trained: str
    served: str


class TokenizerCheck(Row):
    """The tokenizer of training against the one inside the GGUF, line by line."""

    lines: int
    equal: int
    tokens: int
    kinds: dict[str, int]
    """Lines of each kind."""
    unequal: dict[str, int]
    """Of those, how many differ."""
    differences: tuple[TokenizerDifference, ...]
    """The first of each kind."""


class Figure(Row):
    """An estimate with its two-sided interval."""

    value: float
    low: float
    high: float


class Fidelity(Row):
    """How far a build's predictions are from the F16 parent's, on assistant tokens of rendered held-out chats."""

    build: str
    kl: Figure
    """KL(F16 || build) in nats a token."""
    kl_percentiles: dict[str, float]
    """KL of single tokens: `50`, `90`, `99`, `max`."""
    same_top: Figure
    """Share of tokens where both hold the same token most probable (0 to 1)."""
    perplexity: float
    perplexity_ratio: Figure
    """Perplexity over that of F16."""
    loss: float
    """Mean negative log-likelihood in nats a token."""
    gain_kept: Figure | None
    """(loss of the base - loss) / (loss of the base - loss of F16): 1 is all that training gained. None: no gain."""


class Speed(Row):
    """One build on this machine."""

    build: str
    size_bytes: int
    prompt_tokens_per_s: float
    generated_tokens_per_s: float
    peak_bytes: int
    """Largest resident memory of a process that reads `prompt_tokens` and writes `generated_tokens`."""
    prompt_tokens: int
    generated_tokens: int
    load_s: float


class CanaryAnswer(Row):
    """One model asked for the made-up fact of this run."""

    build: str
    """`adapter`, `merged`, or the name of a build."""
    right: bool
    """True when the made-up word stands in the answer."""
    answer: str
    logprob: float | None = None
    """Mean log-likelihood of the trained answer's tokens, in nats; None where it was not scored."""
