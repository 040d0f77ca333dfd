"""Text that only looks like a control token must not become one.

A tokenizer turns `<|end|>` into the control token wherever it stands, also where a user wrote it. So each such text in
a message is replaced by one private character before the template is rendered, and encoded as plain characters after.
"""

import re
from collections.abc import Iterable, Sequence

_PRIVATE = range(0xF0000, 0xFFFFE)
"""Supplementary Private Use Area-A: characters that no text standard assigns."""


def hide_control_text(
    messages: Sequence[dict[str, str]], control: Iterable[str]
) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Messages with control texts replaced, and what each stand-in character stands for (empty: nothing found)."""
    marks = [mark for mark in sorted(control, key=lambda mark: (-len(mark), mark)) if mark]
    texts = [message["content"] for message in messages]
    present = [mark for mark in marks if any(mark in text for text in texts)]
    if not present:
        return list(messages), {}
    used = set().union(*texts)
    free = (chr(code) for code in _PRIVATE if chr(code) not in used)
    stand_in = dict(zip(present, free, strict=False))
    pattern = re.compile("|".join(re.escape(mark) for mark in present))
    hidden = [
        {**message, "content": pattern.sub(lambda match: stand_in[match.group()], message["content"])}
        for message in messages
    ]
    return hidden, {char: mark for mark, char in stand_in.items()}
