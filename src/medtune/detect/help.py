"""English words that tell the reader what to do, and words that leave it open.

Matched against folded text (lower case, single spaces, straight apostrophes).
"""

import re

from medtune.detect.alternatives import any_of, one_of
from medtune.detect.polarity.words import VERBS, words_of

_NO_ACTS = words_of(
    "see go call phone ring ask contact consult tell seek get find bring dial book arrange attend inform notify"
    " speak learn "
    "remember choose prefer follow read write report mention help allow let make ensure act begin be continue treat"
    " show "
    "encourage share send fetch record copy note ignore dismiss try face sleep"
)
"""Verbs that command and need not help: they also refer, comfort and evade."""

ACTS_NOW = any_of(
    r"\b(?:call|dial|ring|phone) (?:for )?(?:911|999|112|103|000|111|(?:an|the) ambulance|(?:your (?:local "
    r"|country's )?|the )?emergency"
    r"|for help|help\b|poison)",
    r"\b(?:go|get|head|rush|take|bring|drive)\b.{0,20} to (?:the|an|your|a)(?: nearest)? (?:emergency|er\b|a&e"
    r"|hospital)",
    r"\bthis is an emergency\b|\bemergency services\b",
)
"""Sends for the emergency services: that is an instruction, no evasion."""

_ACTS = one_of(
    "do not", "don't", "never", "always", "wet-comb", "soften", "taper", "halve", "pick", "flood", "stretch",
    "come", "shelter",
    "gently", "slowly", "firmly", "quickly", "bathe", "breathe", "swap", "snip", "grip", "hop", "chew", "suck",
    *sorted(VERBS - _NO_ACTS),
)  # fmt: skip
_FIRST = (
    r"(?:(?:first|then|next|now|finally|immediately|please|also|always|instead|meanwhile|\d+[.)]|[-*•]"
    r"|step \d+)[,:.]? "
    r"|(?:if|when|while|until|once|after|before|for|in|with|to|as|at)\b[^,]{2,80}, )*"
)

INSTRUCTS = re.compile(
    rf"^{_FIRST}(?:\w+ly )?{_ACTS}\b|\byou (?:should|must|can|could|may|might|need to) (?:\w+ly |also |then |first "
    rf"|now )?"
    rf"(?:{_ACTS}\b|try (?:an? |the |some |\w+ing\b))"
)
"""Tells the reader to do or not to do something."""

EMPTY_INSTRUCTIONS = any_of(
    r"^(?:please )?(?:keep in mind|take (?:care|your time|it easy|heart)|stay (?:safe|positive|strong|informed"
    r"|well|in touch)"
    r"|rest assured|check (?:with|back|out)|hold on|give (?:yourself|it) time|watch out|never (?:hesitate"
    r"|ignore|give up)"
    r"|(?:do not|don't|never) (?:hesitate|worry|give up|ignore|panic|rely|act on|take (?:this|anything)"
    r"|wait (?:and|to (?:see|ask|call)))"
    r"|use (?:a |the )?(?:reliable|trusted|search|internet)|keep (?:it up|up the|going|asking|an open mind"
    r"|to your (?:plan|usual)))\b",
)
"""An instruction in form only."""

LIMITS = any_of(
    r"\bif (?:you|he|she|they|your \w+)(?:'re|'s|'ve)? (?:are |is |have |has |had |ever had |take "
    r"|on )*(?:\w+ ){0,3}(?:allerg\w+"
    r"|pregnan\w+|breastfeed\w+|nursing|diabet\w+|epilep\w+|asthma|ulcers?|kidney|liver|heart|blood thinners?"
    r"|warfarin"
    r"|poor circulation|other medicines|under \d+|immun\w+|perforated|surgery)\b",
    r"\b(?:kidney|liver|heart|epilepsy|pregnan\w+|warfarin|ulcers?|diabetes)\b[^.?!]{0,60}(?:\?|:)",
    r"\b(?:unless|except) (?:you|he|she|they|your|someone)\b.{0,40}\b(?:told|advised|prescribed|kidney|liver"
    r"|pregnan\w+|ulcers?)\b",
    r"\bonly (?:on|with) (?:a )?(?:prescription|medical advice)|\bnot without being told\b|\bprescription-only\b",
)
"""People and circumstances for whom what was advised may not hold. Plain maxima are part of an answer."""

HEDGES = any_of(
    r"^(?:perhaps|maybe|possibly|probably|presumably|conceivably)\b|\byou(?:'ve)? (?:probably|possibly|may|might"
    r"|could) (?:have|well have|be)\b",
    r"\bcan(?:not|'t| not) see\b.{0,20}\bfrom here\b",
    r"\b(?:can ?not|can't|could not|couldn't|hard to|difficult to|impossible to|not able to"
    r"|unable to) (?:be (?:sure|certain)"
    r"|say for (?:sure|certain)|tell (?:from|how|whether|if|what|which|for)|judge|know (?:from|for)|confirm"
    r"|rule out|see your)\b",
    r"\bi (?:do not|don't) know (?:your|how|what|which|whether|the)\b|\bnot (?:entirely |completely "
    r"|quite )?(?:sure|certain)\b",
    r"\b(?:only|just) a guess\b|\bmy (?:best )?guess\b|\bwithout (?:seeing|examining|an examination|knowing)\b",
    r"^(?:(?:it|this|that|they|she|he|these)(?:'s| is| are)? (?:could|may|might|possibl[ey]|probabl[ey]|likely"
    r"|perhaps)\b)",
    r"\bit(?:'s| is) (?:possible|likely|probable|conceivable|hard to (?:say|judge|tell))\b|\bmost likely\b"
    r"|\bhard to judge\b",
    r"\b(?:general|limited) (?:information|advice|guidance|facts|rule|idea|guide)\b|\bin general\b|^generally\b"
    r"|\bas a rule\b",
    r"\binformation i have is limited\b|\bevidence is (?:weak|mixed|thin|limited|poor)\b|\bit depends\b"
    r"|\bdepends (?:on (?:your|the|who|what|how|which|many|other)|which)\b",
    r"\bi(?:'d| would) (?:be (?:careful|cautious|wary)|hold off|advise against|have (?:it|her|him|that))\b"
    r"|\bcan make mistakes\b",
    r"\b(?:several|many|various|different) (?:possible )?(?:causes|reasons|explanations|possibilities)\b",
    r"\b(?:not|don't|do not) rely (?:only )?on (?:me|this)\b|\bon my word\b|\bno substitute\b"
    r"",
    r"\b(?:can|could|may) be safe (?:for|in) (?:some|most|many)\b|\bthis (?:general )?rule\b|\bonly with your\b",
    r"\bstop if it (?:hurts|gets)\b|\bslightly outside\b|\bcould try\b",
)
"""Leaves open whether it holds."""

VERDICT = re.compile(
    r"\b(?:is|are|'s|'re|be|was) (?:\w+ly |quite |perfectly |also |very |just ){0,2}(?:fine|safe|ok|okay|harmless"
    r"|allowed|enough|all right"
    r"|alright|dangerous|serious|harmful|infectious|urgent|possible|inherited|hereditary|contagious|curable|rare"
    r"|common|normal|nothing to worry)\b"
    r"(?! to (?:feel|worry|be|ask|have|wonder)| question| feeling)"
    r"|\b(?:will|should|can|usually|mostly|often|generally) (?:\w+ly |just |usually )?(?:pass|heals?|settles?"
    r"|fades?|clears?|means?|go away|goes"
    r" away|come right|wear off)\b"
)
"""Says how something is or will turn out, in words that name no part of the body."""
