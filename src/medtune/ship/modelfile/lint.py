"""What is wrong with a Modelfile: a table of rules, each a function from the file and training's facts to findings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from medtune.core.hashing import sha256_file
from medtune.runs.records.collect import Turn
from medtune.ship.modelfile.gotemplate import UnknownTemplateError, fields_of, parse_template
from medtune.ship.modelfile.parse import Command
from medtune.ship.modelfile.render import render_go, render_jinja
from medtune.ship.modelfile.trained import BOS_TEXTS, Trained

_SYSTEM, _ASKED, _SAID = "SYSTEM-TEXT-OF-THE-LINTER", "first question", "first answer"
_SHAPES = {
    "user": (("user", _ASKED),),
    "system+user": (("system", _SYSTEM), ("user", _ASKED)),
    "user+assistant+user": (("user", _ASKED), ("assistant", _SAID), ("user", "second question")),
    "system+user+assistant+user": (
        ("system", _SYSTEM), ("user", _ASKED), ("assistant", _SAID), ("user", "second question"),
    ),
}  # fmt: skip
_PARAMETERS = (
    "num_ctx", "repeat_last_n", "repeat_penalty", "temperature", "seed", "stop", "num_predict", "top_k", "top_p",
    "min_p", "num_keep", "typical_p", "presence_penalty", "frequency_penalty", "num_gpu", "main_gpu", "num_thread",
    "num_batch", "use_mmap", "draft_num_predict", "shift", "truncate",
)  # fmt: skip
_DEPRECATED = (
    "penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock", "mirostat", "mirostat_tau",
    "mirostat_eta",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `error`: the model is asked otherwise than it was trained or audited."""

    rule: str
    level: Literal["error", "warning"]
    line: int
    what: str
    next_step: str


@dataclass(frozen=True)
class Subject:
    """A Modelfile with what it is held against."""

    commands: tuple[Command, ...]
    folder: Path
    trained: Trained | None

    def last(self, name: str) -> Command | None:
        """The instruction that counts: Ollama takes the last of a kind."""
        return next((one for one in reversed(self.commands) if one.name == name), None)

    def every(self, name: str) -> list[Command]:
        """All of a kind, in order."""
        return [one for one in self.commands if one.name == name]

    @property
    def gguf(self) -> Path | None:
        """The local file that FROM names, if it is there."""
        origin = self.last("from")
        path = self.folder / Path(origin.value).expanduser() if origin else None
        return path if path and path.is_file() else None


def lint(subject: Subject) -> list[Finding]:
    """Every finding, errors first, then by line."""
    found = [finding for rule in RULES for finding in rule(subject)]
    return sorted(found, key=lambda one: (one.level != "error", one.line, one.rule))


def _system_dropped(subject: Subject) -> Iterator[Finding]:
    template, system = subject.last("template"), subject.last("system")
    trained_with = subject.trained and subject.trained.system
    if template is None:
        return
    try:
        written = render_go(template.value, _turns("system+user"))
        seen = _SYSTEM in written
    except UnknownTemplateError:
        fields = _fields(template.value)
        seen = "System" in fields or "Messages" in fields
    if not seen:
        said = f"the SYSTEM text of line {system.line}" if system else "any system text"
        why = "; it was trained with one" if trained_with else ""
        yield Finding(
            "system-dropped", "error", template.line,
            f"this TEMPLATE never writes .System, so {said} is dropped without a word{why}",
            "leave TEMPLATE out (the GGUF's own chat template is used), or write {{ .System }} where training has it",
        )  # fmt: skip


def _bos_doubled(subject: Subject) -> Iterator[Finding]:
    template, trained = subject.last("template"), subject.trained
    if template is None or (trained and trained.adds_bos is False):
        return
    texts = [trained.bos] if trained and trained.bos else list(BOS_TEXTS)
    bos = next((text for text in texts if template.value.lstrip().startswith(text)), None)
    if bos is None:
        return
    sure = "the tokenizer puts one before every prompt" if trained else "tokenizers that know it put one there"
    yield Finding(
        "bos-doubled", "error", template.line,
        f"this TEMPLATE begins with {bos}, and {sure} by itself: the model sees two, which training never did",
        f"take {bos} out of TEMPLATE",
    )  # fmt: skip


def _stop_missing(subject: Subject) -> Iterator[Finding]:
    trained, stops = subject.trained, subject.every("stop")
    values = {stop.value for stop in stops}
    if trained is None:
        if not stops and (template := subject.last("template")):
            yield Finding(
                "stop-missing", "warning", template.line, "no PARAMETER stop: what ends a turn is left to the file",
                "add the end-of-turn token of the family, e.g. `PARAMETER stop \"<|im_end|>\"`",
            )  # fmt: skip
        return
    end = trained.end_of_turn
    if end and end not in values:
        by_itself = end in trained.stops_by_itself
        yield Finding(
            "stop-missing", "warning" if by_itself else "error", 0,
            f"no PARAMETER stop for {end}, which ends every turn of training"
            + (" (the GGUF names it as its end; other servers may not)" if by_itself else ": answers run on"),
            f'add `PARAMETER stop "{end}"`',
        )  # fmt: skip
    for stop in stops:
        if stop.value and trained.template and stop.value not in trained.template and stop.value not in (
            end, *trained.stops_by_itself, trained.bos,
        ):  # fmt: skip
            yield Finding(
                "stop-foreign", "warning", stop.line, f"{stop.value!r} is no mark of training's chat template",
                "use the stop strings of the family that was trained",
            )  # fmt: skip


def _template_differs(subject: Subject) -> Iterator[Finding]:
    template, trained = subject.last("template"), subject.trained
    if template is None or trained is None or not trained.template:
        return
    for shape in _SHAPES:
        turns = _turns(shape)
        wanted = render_jinja(trained.template, turns, trained.bos, trained.end_of_turn)
        if wanted is None:
            continue
        try:
            served = render_go(template.value, turns)
        except UnknownTemplateError as error:
            yield Finding(
                "template-unread", "warning", template.line,
                f"what this TEMPLATE renders cannot be told here: {error}",
                "import it and run `medtune ollama test`, which compares what Ollama really renders",
            )  # fmt: skip
            return
        bos = trained.bos
        plain_wanted, plain_served = (_without_bos(text, bos) for text in (wanted, served))
        if plain_wanted != plain_served:
            yield Finding(
                "template-differs", "error", template.line,
                f"for {shape} this TEMPLATE writes a prompt that training never saw: "
                + _first_difference(plain_wanted, plain_served),
                f"leave TEMPLATE out, so that {trained.source} is used",
            )  # fmt: skip
            return


def _origin(subject: Subject) -> Iterator[Finding]:
    origin, trained = subject.last("from"), subject.trained
    if origin is None:
        return
    local = "/" in origin.value or origin.value.endswith(".gguf") or origin.value.startswith((".", "~"))
    if local and subject.gguf is None and not (subject.folder / origin.value).is_dir():
        yield Finding(
            "from-missing", "warning", origin.line, f"{origin.value} is not there, so its own facts could not be read",
            "run the linter beside the GGUF, or name the family with --family",
        )  # fmt: skip
    if not local:
        yield Finding(
            "from-moving", "warning", origin.line,
            f"{origin.value} is a name that may hold another model tomorrow, and no audited file", "name the GGUF file",
        )  # fmt: skip
    if subject.gguf and trained and trained.sha256 and sha256_file(subject.gguf) != trained.sha256:
        yield Finding(
            "from-other", "error", origin.line, "this Modelfile is for another model than the one that was audited",
            f"FROM must name the file with sha256 {trained.sha256}",
        )  # fmt: skip
    for adapter in subject.every("adapter"):
        yield Finding(
            "adapter-unaudited", "warning", adapter.line,
            "an adapter on a quantized base is another model than any that was audited",
            "merge, export and audit it: `medtune export`",
        )  # fmt: skip


def _parameters(subject: Subject) -> Iterator[Finding]:
    trained = subject.trained
    for one in subject.commands:
        if one.parameter and one.name in _DEPRECATED:
            yield Finding("parameter-old", "warning", one.line, f"Ollama ignores {one.name}", "take the line out")
        elif one.parameter and one.name not in _PARAMETERS:
            yield Finding(
                "parameter-unknown", "error", one.line, f"Ollama knows no parameter {one.name}", "check its spelling"
            )
    context = subject.last("num_ctx")
    if context is None:
        yield Finding(
            "context-missing", "warning", 0, "no num_ctx: Ollama's default is short, and longer prompts are cut",
            "set `PARAMETER num_ctx` to what the model was audited with",
        )  # fmt: skip
    elif trained and trained.context and context.value.isdigit() and int(context.value) > trained.context:
        yield Finding(
            "context-too-long", "error", context.line,
            f"num_ctx {context.value} is more than the {trained.context} tokens that the model was made for",
            f"set it to {trained.context} or less",
        )  # fmt: skip


def _audited(subject: Subject) -> Iterator[Finding]:
    """Against a release: the system text and the decoding that the verdict holds for."""
    trained = subject.trained
    if trained is None:
        return
    system = subject.last("system")
    if trained.system is not None and (system is None or system.value != trained.system):
        yield Finding(
            "system-differs", "error", system.line if system else 0,
            "the SYSTEM text is " + ("not the audited one" if system else "missing; the model was trained with one"),
            "take the SYSTEM block of the release's own Modelfile",
        )  # fmt: skip
    for name, value in trained.parameters:
        given = {one.value for one in subject.every(name)}
        if value not in given:
            yield Finding(
                "decoding-differs", "error", 0, f"{name} is not {value}, which the verdict holds for",
                f"write `PARAMETER {name} {value}`",
            )  # fmt: skip


RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    _system_dropped, _bos_doubled, _stop_missing, _template_differs, _origin, _parameters, _audited,
)  # fmt: skip


def _turns(shape: str) -> Sequence[Turn]:
    return [Turn.model_validate({"role": role, "content": text}) for role, text in _SHAPES[shape]]


def _fields(template: str) -> set[str]:
    try:
        return fields_of(parse_template(template))
    except UnknownTemplateError:
        return {name for name in ("System", "Messages", "Prompt") if f".{name}" in template}


def _without_bos(text: str, bos: str) -> str:
    """Text without its leading BOS tokens: how many there are is a rule of its own."""
    while bos and text.startswith(bos):
        text = text.removeprefix(bos)
    return text


def _first_difference(wanted: str, served: str) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(wanted, served, strict=False)) if a != b), min(len(wanted), len(served))
    )
    begin = max(0, at - 20)
    return f"training has {wanted[begin : at + 40]!r}, this has {served[begin : at + 40]!r}"
