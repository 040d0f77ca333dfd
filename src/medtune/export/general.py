"""What an export without a run is measured on: bundled medical prose as chats, since there are no held-out rows."""

from medtune.core.hashing import sha256_text
from medtune.export.calibration import Passage, as_chat, bundled_passages
from medtune.export.prove import Trial
from medtune.runs.records.prepare import Example

TEXT = "chats made of bundled medical prose (MedQuAD), general text and no held-out rows"
_SHORTEST, _LONGEST = 120, 700
"""Characters of an answer: some 30 to 200 tokens, since a large model on a CPU reads few tokens a second."""
_TOPICS = 64
"""Kept out of the text of an importance matrix, so that it does not know what it is measured on."""


def general_passages() -> list[Passage]:
    """One passage a topic, of the first topics that have a short one."""
    found: dict[str, Passage] = {}
    for passage in bundled_passages():
        if len(found) < _TOPICS and _SHORTEST <= len(passage.answer) <= _LONGEST:
            found.setdefault(passage.topic, passage)
    return list(found.values())


def general_trial(rows: int) -> Trial:
    """At most `rows` of these passages as chats."""
    examples = [
        Example(
            id=f"medquad-{sha256_text(passage.answer)[:12]}",
            messages=as_chat(passage),
            topic=passage.topic,
            converter="bundled",
            records=(),
            source="medquad",
            licence="CC-BY-4.0",
            public=True,
            tokens=0,
        )
        for passage in (general_passages() if rows else [])
    ]
    return Trial(examples=tuple(examples), rows=rows, text=TEXT)
