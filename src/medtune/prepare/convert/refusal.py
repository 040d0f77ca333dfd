"""Polite refusals of personal medical advice: requests and replies of our own, crossed with the training topics.

A reply fits its request and names who can help: a clinician, a pharmacist, or the emergency number where waiting may
harm. It is plain text and never has a task's parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from medtune.core.hashing import sha256_text
from medtune.core.io import read_text
from medtune.core.text import fold
from medtune.prepare.draft import Draft
from medtune.runs.records.collect import Turn
from medtune.tasks import Task

SOURCE = "medtune refusals"
LICENCE = "Apache-2.0"
_TOPIC = "{topic}"
_LONGEST_TOPIC = 60


@dataclass(frozen=True)
class RefusalKind:
    """One kind of request: ways to ask it, with and without a topic, and the sentences that replies are made of."""

    name: str
    requests: tuple[str, ...]
    general_requests: tuple[str, ...]
    openings: tuple[str, ...]
    """Decline, in words that fit the request; each names the topic, so that no two replies are the same."""
    general_openings: tuple[str, ...]
    reasons: tuple[str, ...]
    pointers: tuple[str, ...]
    """Who can help."""


@dataclass(frozen=True)
class RefusalTopic:
    """A topic of the training split, and whether a report may show it."""

    term: str
    public: bool
    topic: str
    """Folded, as the rows of the split have it."""


@cache
def refusal_kinds() -> tuple[RefusalKind, ...]:
    """The kinds of request, from refusals.yaml."""
    values = yaml.safe_load(read_text(Path(__file__).with_name("refusals.yaml")))
    return tuple(
        RefusalKind(name=name, **{key: tuple(texts) for key, texts in kind.items()})
        for name, kind in sorted(values.items())
    )


def make(topics: Sequence[RefusalTopic], count: int, seed: int, task: Task) -> list[Draft]:
    """At most `count` refusals, no request and no reply twice; the same for the same topics and seed, in any order."""
    usable = sorted(
        (topic for topic in topics if len(topic.term) <= _LONGEST_TOPIC and ": " not in topic.term),
        key=lambda topic: sha256_text(f"{seed}:refusal:{fold(topic.term)}"),
    )
    # A topic first, then the next: each is asked about once before any is asked about again, with another request.
    wanted: list[RefusalTopic | None] = [None] if not usable else [*usable]
    rounds = max(len(kind.requests) for kind in refusal_kinds()) * len(refusal_kinds())
    drafts: list[Draft] = []
    seen: set[str] = set()
    for turn in range(rounds):
        for place, topic in enumerate(wanted):
            if len(drafts) >= count:
                return drafts
            kind = refusal_kinds()[(place + turn) % len(refusal_kinds())]
            request, reply = _texts(kind, topic, turn, seed)
            if {fold(request), fold(reply)} & seen:
                continue
            seen |= {fold(request), fold(reply)}
            drafts.append(_draft(kind, topic, request, reply, task))
    return drafts


def _texts(kind: RefusalKind, topic: RefusalTopic | None, turn: int, seed: int) -> tuple[str, str]:
    term = topic.term if topic else ""
    texts = (
        kind.requests if topic else kind.general_requests,
        kind.openings if topic else kind.general_openings,
        kind.reasons,
        kind.pointers,
    )
    chosen = [
        options[(_number(f"{seed}:{kind.name}:{fold(term)}:{part}") + turn // len(refusal_kinds())) % len(options)]
        for part, options in enumerate(texts)
    ]
    request, *reply = (text.replace(_TOPIC, term) for text in chosen)
    return request, " ".join(reply)


def _number(text: str) -> int:
    return int(sha256_text(text)[:8], 16)


def _draft(kind: RefusalKind, topic: RefusalTopic | None, request: str, reply: str, task: Task) -> Draft:
    folded = topic.topic if topic else ""
    identity = f"refusal/{kind.name}/{sha256_text(request)[:12]}"
    return Draft(
        id=identity,
        messages=(
            Turn(role="system", content=task.system),
            Turn(role="user", content=request),
            Turn(role="assistant", content=task.finished(reply)),
        ),
        topic=folded,
        keys=(f"topic:{folded}",) if folded else (f"document:{identity}",),
        converter="refusal",
        records=(),
        source=SOURCE,
        licence=LICENCE,
        public=topic.public if topic else True,
    )
