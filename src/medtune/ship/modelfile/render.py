"""What a prompt becomes: by a Modelfile's Go template as Ollama runs it, and by the Jinja template of training.

Ollama's way: template/template.go, `Execute` and `collate`. A template that reads .Messages gets them all; any other
is run once a turn with .System, .Prompt and .Response, and cut before .Response for the last one.
"""

from collections.abc import Sequence
from typing import Any

from medtune.runs.records.collect import Turn
from medtune.ship.modelfile.gotemplate import before_field, fields_of, parse_template, render_template


def render_go(source: str, turns: Sequence[Turn]) -> str:
    """The prompt that Ollama makes of a conversation ending with a user's turn. Raises UnknownTemplateError."""
    nodes = parse_template(source)
    messages, system = _collate(turns)
    if "Messages" in fields_of(nodes):
        listed = [{"Role": role, "Content": text} for role, text in messages]
        last = listed[-1]["Content"] if listed else ""
        return render_template(nodes, {"Messages": listed, "System": system, "Prompt": last, "Response": ""})
    return _render_turns(nodes, messages)


def _collate(turns: Sequence[Turn]) -> tuple[list[tuple[str, str]], str]:
    """Neighbours of one role become one message; all system texts together."""
    messages: list[tuple[str, str]] = []
    for turn in turns:
        if messages and messages[-1][0] == turn.role:
            messages[-1] = (turn.role, f"{messages[-1][1]}\n\n{turn.content}")
        else:
            messages.append((turn.role, turn.content))
    return messages, "\n\n".join(turn.content for turn in turns if turn.role == "system")


def _render_turns(nodes: Any, messages: Sequence[tuple[str, str]]) -> str:
    out, held = "", {"System": "", "Prompt": "", "Response": ""}
    whole = nodes if "Response" in fields_of(nodes) else [*nodes, *parse_template("{{ .Response }}")]
    for role, text in messages:
        full = (held["Prompt"] or held["Response"]) if role == "system" else held["Response"] if role == "user" else ""
        if full:
            out += render_template(whole, dict(held))
            held = dict.fromkeys(held, "")
        held[{"system": "System", "user": "Prompt", "assistant": "Response"}[role]] = text
    return out + render_template(before_field(whole, "Response"), held)


def render_jinja(source: str, turns: Sequence[Turn], bos: str, eos: str) -> str | None:
    """The prompt of training; None where its template refuses these roles."""
    import jinja2
    from transformers.utils.chat_template_utils import render_jinja_template

    chats = [[{"role": turn.role, "content": turn.content} for turn in turns]]
    try:
        texts = render_jinja_template(
            conversations=chats, chat_template=source, add_generation_prompt=True, bos_token=bos, eos_token=eos
        )
    except (jinja2.exceptions.TemplateError, TypeError, ValueError):
        return None
    found: Any = texts[0] if isinstance(texts, tuple) else texts
    return str(found[0] if isinstance(found, list) else found)
