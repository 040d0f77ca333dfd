"""Chat templates that write today's date into the prompt: the date is pinned, or no two days have the same prompt.

Llama 3.1 writes 26 Jul 2024 when nobody names a date; llama-server names today's, so every prompt would be served
otherwise than it was trained. Llama 3.2 writes the day of training into the training rows and the day of asking into
the questions. A line in front of the template gives both one date; it travels inside the GGUF. Decision 0011.
"""

PINNED = "26 Jul 2024"
"""The date that Meta's templates fall back to, so that their prompts stay what the models were tuned on."""

_VARIABLE, _FUNCTION = "date_string", "strftime_now"
_SET = '{%- set date_string = "' + PINNED + '" %}'
_MACRO = "{%- macro strftime_now(format) %}" + PINNED + "{% endmacro %}"
_END = "{{ '' }}"
"""Keeps the template's own first line break, which a statement in front of it would swallow."""


def pinned_template(template: str) -> str:
    """The template with the date pinned; one that writes no date, or is pinned already, stays as it is."""
    if template.startswith((_SET, _MACRO)):
        return template
    front = (_SET if _VARIABLE in template else "") + (_MACRO if _FUNCTION in template else "")
    return f"{front}{_END}{template}" if front else template
