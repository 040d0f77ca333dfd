"""A task: what a model is tuned for, what it is told, and the form that its answers must have."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from medtune.core.hashing import digest_json, sha256_text
from medtune.core.text import fold
from medtune.llm.messages import Decoding
from medtune.tasks.contracts import AnyContract, PartsContract, TagsContract
from medtune.tasks.contracts.spec import spaced

FORM_ONLY_NOTE = "form only: the words are not medically right"
"""Said wherever a verdict of scope `form` is shown."""

TOPIC = "{topic}"
"""Where a prompt takes the topic."""


class TaskDecoding(BaseModel):
    """How answers of this task are drawn when they decide a verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    temperature: float = Field(ge=0.0)
    """0 is greedy: the same prompt gives the same answer."""
    max_tokens: int = Field(ge=16)
    """Longest answer in new tokens; an answer that reaches it counts as cut off."""
    repeat_penalty: float = Field(default=1.0, ge=1.0, le=2.0)
    """Divides the score of tokens that stand among the last `repeat_last_n` already; 1 leaves them alone. It is part of
    what is audited, and the released Modelfile sets the same."""
    repeat_last_n: int = Field(default=64, ge=0)
    """So many of the latest tokens count as a repetition, prompt included."""

    def settings(self, *, max_tokens: int | None = None, seed: int = 0) -> Decoding:
        """These settings as they are sent to a model server; `max_tokens` replaces the task's own limit."""
        return Decoding(
            temperature=self.temperature,
            max_tokens=max_tokens or self.max_tokens,
            seed=seed,
            repeat_penalty=self.repeat_penalty,
            repeat_last_n=self.repeat_last_n,
        )


InputForm = Literal["topic", "question", "consultation", "encounter", "validation"]
"""What a user turn is: a topic in one of the task's prompts, or the text itself.

`validation` is a source document, a blank line, the line `## Summary`, and the summary that is checked against it.
"""


class Fidelity(BaseModel):
    """Words of a language that the comparison of an answer with its document needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    awaiting: tuple[str, ...] = ()
    """Ways to say that the consultant's reply is still awaited; one of them stands in the answer when it is."""
    departments: dict[str, tuple[str, ...]] = {}
    """Department as forms write it to its names in the language of the answer, beside the written one."""
    translated: tuple[str, ...] = ()
    """Names of medicines, units, frequencies and organisms in the language of the answer: these stay as they were."""


class Task(BaseModel):
    """One task, as its task.yaml describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*(?:/[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)?$")
    """Name of the task and of its folder; behind a slash the language of an overlay."""
    title: str
    """What reports call it."""
    language: str = "en"
    """Of the answers, as a BCP 47 tag."""
    system: str
    """System turn of every prompt, in training as in use."""
    input: InputForm = "topic"
    """What the user turn is."""
    prompts: tuple[str, ...] = ()
    """Ways to ask for a topic, each with `{topic}` exactly once. Training and the held-out questions use all of them.
    None where the user turn is the text itself."""
    contract: AnyContract
    """The form that every answer has."""
    fidelity: Fidelity = Fidelity()
    """Words for the comparison with the document that was given."""
    decoding: TaskDecoding
    """How answers are drawn."""
    disclaimer: str
    """Stands under every answer that a person is shown."""
    smoke: tuple[str, ...] = Field(min_length=1)
    """Questions for a quick look at a build, never for a verdict."""
    scope: str
    """What an audit of this task can show, and what it cannot."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if any(prompt.count(TOPIC) != 1 for prompt in self.prompts):
            raise ValueError("each prompt takes {topic} exactly once")
        if bool(self.prompts) != (self.input == "topic"):
            raise ValueError("prompts are for the input form `topic`, which needs some")
        if self.contract.kind == "answer" and "\n" in self.disclaimer.strip():
            raise ValueError("a disclaimer that ends every answer is one line")
        if self.contract.kind == "answer" and fold(self.disclaimer) not in fold(self.system):
            raise ValueError("the system prompt states the disclaimer that ends every answer")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Headings of the answer, in order; none for a task of another form."""
        return self.contract.parts if isinstance(self.contract, PartsContract) else ()

    @property
    def keeps_letters(self) -> bool:
        """True when answers in another script keep names and units in Latin letters; the contract sees to it."""
        return isinstance(self.contract, TagsContract) and self.contract.script in ("han", "hant")

    def legible(self, answer: str) -> str:
        """The answer as detectors of garble can read it: Chinese writes names in other letters without spaces."""
        return spaced(answer) if self.keeps_letters else answer

    @property
    def family(self) -> str:
        """Name of the task without its language."""
        return self.name.partition("/")[0]

    def prompt(self, topic: str) -> str:
        """The user turn for a topic. Which of the prompts is taken depends on the folded topic alone.

        Where the user turn is the text itself, that is what comes back.
        """
        if not self.prompts:
            return topic.strip()
        choice = int(sha256_text(fold(topic))[:8], 16) % len(self.prompts)
        return self.prompts[choice].replace(TOPIC, topic.strip())

    def finished(self, answer: str) -> str:
        """An answer as it is trained: with the disclaimer as its last line where the task's form has one."""
        line = self.disclaimer.strip()
        if self.contract.kind != "answer" or fold(answer).endswith(fold(line)):
            return answer
        return f"{answer.rstrip()}\n\n{line}"

    def unfinished(self, answer: str) -> str:
        """The answer without the line that `finished` adds."""
        head, line = answer.rstrip().rpartition("\n")[::2]
        return head.rstrip() if self.contract.kind == "answer" and fold(line) == fold(self.disclaimer) else answer

    @property
    def digest(self) -> str:
        """Hex sha256 of everything in the task."""
        return digest_json(self.model_dump(mode="json"))
