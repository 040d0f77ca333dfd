"""Prompts that an audit asks are never trained on, and a gold set's questions and answers neither."""

from collections.abc import Iterable, Iterator

from medtune.core.hashing import sha256_text
from medtune.core.text import fold
from medtune.prepare.draft import Draft, Rejections
from medtune.suites.load import deny_digests, prompt_digest


def drop_denied(
    drafts: Iterable[Draft], rejections: Rejections, extra: frozenset[str] = frozenset()
) -> Iterator[Draft]:
    """Leave out every draft with a user turn that a suite asks; `extra`: digests of what a site's own suites ask."""
    denied = deny_digests() | extra
    for draft in drafts:
        if any(prompt_digest(prompt) in denied for prompt in draft.prompts):
            rejections.add(draft.id, "deny", "an audit asks this")
        else:
            yield draft


def drop_gold(drafts: Iterable[Draft], gold: Iterable[Draft], rejections: Rejections) -> Iterator[Draft]:
    """Leave out what a gold set asks or answers in the same words (folded)."""
    gold = list(gold)
    if not gold:
        yield from drafts
        return
    asked = {sha256_text(fold(prompt)) for draft in gold for prompt in draft.prompts}
    answered = {
        sha256_text(fold(turn.content)) for draft in gold for turn in draft.messages if turn.role == "assistant"
    }
    for draft in drafts:
        answers = [turn.content for turn in draft.messages if turn.role == "assistant"]
        if any(sha256_text(fold(prompt)) in asked for prompt in draft.prompts):
            rejections.add(draft.id, "gold", "the gold set asks this")
        elif any(sha256_text(fold(answer)) in answered for answer in answers):
            rejections.add(draft.id, "gold", "the gold set has this answer")
        else:
            yield draft
