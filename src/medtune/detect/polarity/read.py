"""Reads a whole text: every mention of the action, and what they say together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from medtune.detect.linear import load_model
from medtune.detect.polarity.features import advice_features
from medtune.detect.polarity.layout import Sentence, layout_of
from medtune.detect.polarity.locate import Action, Match, find_action, parse_action
from medtune.detect.polarity.rules import Judgement, Kind, judge

KINDS: tuple[Kind, ...] = ("advised", "prohibited", "conditional", "reported", "unclear")
THRESHOLDS: dict[str, float] = {
    # «Advised» has to be so many times as probable as any other reading: what is barred must not pass as advice.
    "advised_over_others": 2.0,
    # Below this probability the answer is unclear, where the rules say something and where they do not.
    "sure": 0.3,
    "sure_without_rules": 0.6,
}
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
    match: Match


def read_polarity(text: str, action: str) -> Polarity:
    """Does `text` advise `action` («apply butter to the burn»), prohibit it, allow it on a condition, or report it?

    Where the action is not found, mentions contradict each other or the evidence is weak, the answer is `unclear`.
    """
    wanted = parse_action(action)
    if wanted is None:
        return Polarity("unclear", "", "no content word in the action")
    found = _deciding(text, wanted)
    if found is None:
        return Polarity("unclear", "", "the action was not found")
    chosen, contradiction = found
    span = quote(text, chosen.sentence.start, chosen.sentence.end)
    if contradiction:
        return Polarity("unclear", span, contradiction)
    polarity, rule = chosen.judgement.polarity, chosen.judgement.rule
    if wanted.negated:
        return Polarity(_TURNED.get(polarity, polarity), span, rule)
    weighed = _weighed(chosen)
    return Polarity(
        weighed, span, rule if weighed == polarity else f"weighed by its words; by rules {polarity}: {rule}"
    )


def action_features(text: str, action: str) -> dict[str, float] | None:
    """What the model is given for this action, None where it is not asked."""
    wanted = parse_action(action)
    found = _deciding(text, wanted) if wanted and not wanted.negated else None
    return None if found is None or found[1] else _features(found[0])


def _features(mention: _Mention) -> dict[str, float]:
    return advice_features(mention.sentence, mention.match, mention.judgement.polarity, mention.judgement.rule)


def _weighed(mention: _Mention) -> Kind:
    """Polarity by the model, which has the rules' answer among its features. Advice needs more than the others."""
    shares = load_model("polarity").probabilities(_features(mention))
    kind: Kind = max(
        KINDS, key=lambda name: shares[name] / (THRESHOLDS["advised_over_others"] if name == "advised" else 1)
    )
    least = "sure_without_rules" if mention.judgement.polarity == "unclear" else "sure"
    return kind if shares[kind] >= THRESHOLDS[least] else "unclear"


def _deciding(text: str, wanted: Action) -> tuple[_Mention, str] | None:
    """The mention that decides, and why it cannot."""
    sentences = layout_of(text)
    mentions = (
        _mentions([sentence for sentence in sentences if not sentence.heading], wanted)
        or _mentions([_completed(sentence) for sentence in sentences if sentence.lead], wanted)
        or _mentions([sentence for sentence in sentences if sentence.heading], wanted)
    )
    if not mentions:
        return None
    best = max(mention.match.coverage for mention in mentions)
    return _combine([mention for mention in mentions if mention.match.coverage >= best - 0.15])


def _mentions(sentences: Sequence[Sentence], wanted: Action) -> list[_Mention]:
    mentions: list[_Mention] = []
    known: set[str] = set()
    for number, sentence in enumerate(sentences):
        known.update(token.stem for token in sentence.tokens)
        for match in find_action(sentence.tokens, wanted, frozenset(known)):
            mentions.append(_Mention(judge_at(sentences, number, match), sentence, match))
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
