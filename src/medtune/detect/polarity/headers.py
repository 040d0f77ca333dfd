"""What a header or a label says about the lines below it."""

import re

from medtune.detect.polarity.phrases import all_cues, choose
from medtune.detect.polarity.tokens import Token, tokenise

_LABELS = {
    "neg": r"(?:please )?(?:do not|don't|dont|never|avoid|not|no|wrong|incorrect|bad|unsafe|harmful|dangerous"
    "|forbidden"
    r"|not safe|not ok|not okay|not suitable|not permitted|prohibited|contraindicat(?:ed|ions)|not recommended"
    r"|not advised|not allowed|mistakes?|don'?ts|do nots"
    r"|never ever|under no circumstances|absolutely not|must not|should not|stay away from|steer clear of"
    r"|keep away from|(?:common |frequent |typical )?(?:mistakes?|errors?|pitfalls?)(?: to avoid)?|off limits"
    r"|refrain from|skip"
    r"|(?:things|actions|foods|steps|what|measures|medicines|drugs|remedies)? ?(?:you should )?(?:not to do|to avoid"
    r"|never to do|not to give|not to use)|what (?:you )?(?:should|must) not do|what (?:you )?should never do"
    r"|(?:do not|don't|never) (?:do )?(?:this|that|these|any of these|the following|any of the following"
    r"|do any of these|do any of the following)|no-?gos?|out|stop|worse|do not use|do not give|do not apply)",
    "pos": r"(?:do|dos|do this|do these|do the following|always|yes|right|correct|good|safe|recommended|advised"
    "|instead"
    r"|do instead|what to do|what you should do|what you can do|what to do instead|you should|what helps|first aid"
    r"|steps|better|helpful|try|instructions|first steps|what should be done|please do|must do|must|do now"
    r"|right away|allowed|permitted|suitable|ok|okay|fine|safer|preferred"
    r"|treatment|what works|immediate steps|what to do first|in)",
    "fact": r"(?:the )?(?:facts?|truth|reality|in fact|in reality|in truth|what is true|what's true|correction)",
    "myth": r"(?:what (?:people|many|some|most|they) (?:say|believe|think|claim)|common |popular |the )?(?:myths?"
    "|misconceptions?|fiction|false|old wives'? tales?|folklore|rumou?r"
    r"|false beliefs?|busted|superstitions?|fake)(?: (?:number )?\d+| one| two| three)?",
    "report": r"(?:rumou?rs?|claims?|hearsay|folk remed(?:y|ies)|home remed(?:y|ies)|history|in the past|then|quote"
    "|old"
    r" advice|what people say|question)",
    "situation": r"(?:(?:early |danger |important )?(?:warning |red )?(?:signs?|symptoms?|flags?|causes?|triggers"
    r"|risk factors|side effects|complications)(?: (?:of|to watch for|for) .*)?|common side effects|(?:when"
    r"|reasons) to (?:call|see|seek|go|get|ring|phone|contact|worry|ask)\b.*)",
    "cond": r"(?:only if.*|only when.*|unless.*|with approval only|only with approval|on prescription only"
    r"|only after.*|if approved.*|if prescribed.*)",
}
_WHERE = r"(?: (?:while|during|in|for|with|when|at|on|if) [\w' -]{1,30})?"
_COMPILED = {scope: re.compile(pattern + _WHERE + r"\s*", re.IGNORECASE) for scope, pattern in _LABELS.items()}
_POSITIVE = re.compile(
    r"\b(?:do|steps?|should|must|can|always|instead|follow|following|recommended|help|helps|first aid|treatment"
    r"|what to"
    r" do|how to|actions?|remember to|be sure to|please)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\bmakes? (?:\w+ ){1,5}worse\b|\b(?:leave|leaving|left) (?:out|off|aside)\b|\bbest (?:dropped|skipped|left)\b"
    r"|\b(?:cut|cutting) (?:out|down)\b|\bgive (?:it |these )?a miss\b|\bto (?:limit|drop|skip|stop|refuse)\b",
    re.IGNORECASE,
)
"""Headers over what is spoken against, in words that are no label and hold no cue."""
_REPORTING = re.compile(
    r"\b(?:people|some|folk|used to|in the past|once|previously|study|studies|claims?|rumou?rs?|home remed|years ago"
    r"|heard|believe|old advice|older)\b",
    re.IGNORECASE,
)


def sign_of_label(label: str) -> str:
    """Scope of a label or short header, matched as a whole; empty for any other words."""
    flat = " ".join(label.lower().replace("’", "'").replace("*", "").split())
    return next((scope for scope, pattern in _COMPILED.items() if pattern.fullmatch(flat)), "")


def sign_of_header(header: str) -> str:  # noqa: PLR0911 (the first case that applies)
    """Scope of a whole header line: its label, else the parity of the cues in its main clause."""
    if scope := sign_of_label(header):
        return scope
    if _AGAINST.search(header) and not re.search(r"\b(?:not|never|how|when|if)\b", header, re.IGNORECASE):
        return "neg"
    if re.search(r"\b(?:do'?s?|dos) (?:and|&|or) (?:do not|don'?ts?)", header, re.IGNORECASE):
        return ""
    tokens = tokenise(header)
    if [token.word for token in tokens[-2:]] in (["before", "you"], ["before", "they"]) or tokens[-1].word == "before":
        return "cond"
    if [token.word for token in tokens[-1:]] in (["if"], ["when"]) or [t.word for t in tokens[-2:]] == ["if", "you"]:
        return "situation"
    tokens = _main_clause(tokens)
    kinds = [cue.kind for cue in choose(all_cues(tokens), frozenset())]
    if "myth" in kinds or re.search(r"\b(?:myths?|misconceptions?|old wives)\b", header, re.IGNORECASE):
        return "myth"
    if "condition" in kinds:
        return "cond"
    turning = [kind for kind in kinds if kind in ("neg", "avert", "interrupt", "bad", "bad_verb")]
    if "report" in kinds or "past" in kinds or _REPORTING.search(header):
        return "myth" if turning else "report"
    if turning:
        # «Things to avoid, never do these» repeats itself; only «do not» with «forget» and the like turns back.
        back = any(kind == "interrupt" for kind in turning) and any(kind == "neg" for kind in turning)
        return "pos" if back else "neg"
    return "pos" if "good" in kinds or "good_verb" in kinds or _POSITIVE.search(header) else ""


def _main_clause(tokens: list[Token]) -> list[Token]:
    """Without a leading or trailing if-, when- or while-clause: «if he is not breathing» negates nothing below."""
    words = [token.word for token in tokens]
    opener = {"if", "when", "while", "for", "in", "during", "after", "before", "once", "with", "until"}
    if words and words[0] in opener:
        if "," in words:
            return tokens[words.index(",") + 1 :]
        starts = [place for place in range(1, len(words)) if words[place] in ("do", "never", "avoid")]
        return tokens[starts[0] :] if starts else []
    closers = [place for place, word in enumerate(words) if place and word in opener - {"for", "in", "with"}]
    return tokens[: closers[0]] if closers else tokens
