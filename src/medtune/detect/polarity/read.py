"""Reads a whole text: every mention of the action, and what they say together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from medtune.detect.polarity.layout import Sentence, layout_of
from medtune.detect.polarity.locate import Action, Match, find_action, parse_action
from medtune.detect.polarity.rules import Judgement, Kind, judge

_SPAN_CHARS = 200
_TURNED: dict[Kind, Kind] = {"advised": "prohibited", "prohibited": "advised"}


@dataclass(frozen=True, slots=True)
class Polarity:
    """How a text stands to an action; `span` quotes the deciding sentence, `rule` names what decided."""

    polarity: Kind
    span: str
    rule: str


@dataclass(frozen=True, slots=True)
class _Mention:
    judgement: Judgement
    sentence: Sentence
    coverage: float


def read_polarity(text: str, action: str) -> Polarity:
    """Does `text` advise `action` («apply butter to the burn»), prohibit it, allow it on a condition, or report it?

    Without evidence, and where mentions contradict each other, the answer is `unclear`: never a guess.
    """
    wanted = parse_action(action)
    if wanted is None:
        return Polarity("unclear", "", "no content word in the action")
    sentences = layout_of(text)
    mentions = (
        _mentions([sentence for sentence in sentences if not sentence.heading], wanted)
        or _mentions([_completed(sentence) for sentence in sentences if sentence.lead], wanted)
        or _mentions([sentence for sentence in sentences if sentence.heading], wanted)
    )
    if not mentions:
        return Polarity("unclear", "", "the action was not found")
    best = max(mention.coverage for mention in mentions)
    chosen, rule = _combine([mention for mention in mentions if mention.coverage >= best - 0.15])
    polarity = chosen.judgement.polarity
    if rule:
        polarity = "unclear"
    elif wanted.negated:
        polarity = _TURNED.get(polarity, polarity)
    return Polarity(polarity, quote(text, chosen.sentence.start, chosen.sentence.end), rule or chosen.judgement.rule)


def _mentions(sentences: Sequence[Sentence], wanted: Action) -> list[_Mention]:
    mentions: list[_Mention] = []
    known: set[str] = set()
    for number, sentence in enumerate(sentences):
        known.update(token.stem for token in sentence.tokens)
        for match in find_action(sentence.tokens, wanted, frozenset(known)):
            mentions.append(_Mention(judge_at(sentences, number, match), sentence, match.coverage))
    return mentions


def _completed(sentence: Sentence) -> Sentence:
    """The item as the end of its header's sentence: «stop taking: / - fish oil»."""
    return replace(sentence, tokens=sentence.lead + sentence.tokens, scope="", lead=())


def judge_at(sentences: Sequence[Sentence], number: int, match: Match) -> Judgement:
    """Judge one place of an action in the sentence of that number."""
    following = [sentence for sentence in sentences[number + 1 : number + 5] if not sentence.heading]
    return judge(sentences[number], match, following[:2])


def _combine(mentions: list[_Mention]) -> tuple[_Mention, str]:
    """The deciding mention, and why it is unclear, if it is. What is firm outweighs reports; a condition, both."""
    clear = [mention for mention in mentions if mention.judgement.polarity != "unclear"] or mentions
    firm = [mention for mention in clear if mention.judgement.firm] or clear
    kinds = {mention.judgement.polarity for mention in firm}
    if "conditional" in kinds:
        return next(mention for mention in firm if mention.judgement.polarity == "conditional"), ""
    if {"advised", "prohibited"} <= kinds:
        rejected = [mention for mention in firm if mention.judgement.rule.startswith(("myth", "report", "question"))]
        if rejected:
            return rejected[0], ""
        return firm[0], "advised and prohibited in one text"
    return firm[0], ""


def quote(text: str, start: int, end: int) -> str:
    """`text[start:end]` on one line, cut where it is long."""
    flat = " ".join(text[start:end].split())
    return flat if len(flat) <= _SPAN_CHARS else f"{flat[: _SPAN_CHARS - 1]}…"
