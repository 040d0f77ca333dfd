"""English words that decline, and words that only look so.

Matched against folded text (lower case, single spaces, straight apostrophes).
"""

import re

from medtune.detect.alternatives import any_of, one_of

_CANNOT = one_of(
    "can ?not", "can't", "could not", "couldn't", "will not", "won't", "may not", "must not", "should not",
    "shouldn't",
    "do not", "don't", "would not", "wouldn't", "(?:am|are)? ?not able to", "unable to", "not allowed to",
    "not permitted to", "not in a position to", "not going to", "not comfortable", "not the right", "not qualified",
    "not authori[sz]ed", "not equipped", "not licensed", "not trained to", "not prepared to", "not willing to",
)  # fmt: skip
_HELPING = one_of(
    "help", "assist", "answer", "advise", "give", "provide", "offer", "diagnose", "examine", "treat", "recommend",
    "tell", "comment", "say", "discuss", "support", "respond", "share", "explain", "suggest", "prescribe",
    "interpret",
    "judge", "assess", "continue", "fulfil", "comply", "do (?:this|that"
    "|it)", "make", "talk about", "choose", "decide",
    "work out", "check", "read", "write", "predict", "get into", "go into", "be of help", "speak (?:about|to)",
)  # fmt: skip
_ADVERBS = (
    r"(?:(?:be able to|safely|personally|really|possibly|simply|just|still|also|currently|unfortunately|honestly"
    r"|in good conscience|here) )*"
)
_REQUEST = (
    r"\b(?:requests?|questions?|advice|diagnos[ei]s|dosing|doses?|topics?|subjects?|matters?|things?"
    r"|(?:this|that|such|these|those)(?: (?:kind|sort|type)s? of)?)\b"
)
_SERVICE = r"\b(?:this|the|our) (?:service|assistant|model|tool|chat|chatbot|bot|system|programme?|app)\b"
_PROVIDED = one_of(
    "provided", "answered", "given", "offered", "discussed", "handled", "processed", "completed", "fulfilled",
    "shared",
    "addressed", "permitted", "allowed", "supported", "dispensed", "answerable",
)  # fmt: skip

_I_AM = r"(?:i|we)(?:'m| am|'re| are|'d be| would be)"
_HELPING_ING = (
    r"(?:help|assist|answer|advis|giv|provid|offer|diagnos|examin|treat|recommend|tell|comment|say|discuss|respond"
    r"|shar"
    r"|explain|suggest|prescrib|interpret|judg|assess|continu|fulfil|compl|do|mak|talk|choos|decid|guid|describ"
    r"|speak|writ)"
)

SPEAKS_OF_ITSELF = re.compile(
    r"\b(?:i|i'm|i've|i'd|me|my|we|we're|our|(?:this|the|that) (?:system|assistant|chat|chatbot|service|bot|model"
    r"|tool|topic|subject|request"
    r"|query|information|content|one)|answer(?:ing|ed)?|unanswered|requests?|query|queries|comment(?:ing)?)\b"
)
NEGATES = re.compile(
    r"\b(?:not|no|never|none|nor|neither|cannot|unable|unanswered|blocked|private|confidential|unsafe|inappropriate"
    r"|irresponsible"
    r"|improper|unwise|outside|beyond|restricted|forbidden|off-limits|declin\w+|refus\w+|abstain\w*|withh\w+"
    r"|against|rather not"
    r"|stop here|leave it|only (?:handle|answer|know|deal|cover|help|talk|do))\b|n't\b"
)
"""A text that helps with nothing, speaks of itself or of answering, and negates: it declines in words of its own."""

MAY_DECLINE = re.compile(
    r"\b(?:i|we|not|no|nope|unable|without|lack|lacking|insufficient|little|impossible|best|better|declined"
    r"|denied|refused"
    r"|rejected|blocked|policy|policies|against|only|limited|restricted|outside|beyond|scope|off|cannot|forbid\w*"
    r"|prohibit\w*|prevent\w*|stops?|bars?|keeps?|rules|rule|table|unavailable|withheld|withhold|neither|classed"
    r"|falls?"
    r"|violates?"
    r"|breach\w*|conflicts?|contrary|never)\b|n't\b|\bi'"
)
"""Holds for every text that `DECLINES` finds, and is ten times as fast."""

DECLINES = any_of(
    rf"\bi(?: am|'m|'d| would)? {_ADVERBS}{_CANNOT}\b",
    rf"\bwe(?:'re| are)? {_ADVERBS}(?:can ?not|can't|will not|won't|unable|not able|not allowed|not permitted"
    rf"|not in a position)\b",
    rf"\b(?:and|so|but|therefore|it|service|assistant|bot|chat) (?:therefore |so )?{_CANNOT} {_ADVERBS}{_HELPING}\b",
    r"\boff(?: the table|-limits| limits)\b|\bno can do\b|\bnot going (?:there|down that)\b|\b(?:i|we) only (?:know"
    r"|handle|cover|deal"
    r"|answer|do|talk|speak)\b|\bso i (?:won't|will not|can't)\b",
    r"\b(?:request|question|query|message|prompt)s?\b.{0,30}\b(?:declined|denied|refused|rejected|blocked|flagged)\b",
    r"(?:\bnot|n't) (?:an? |the (?:kind|sort|type) of )(?:\w+ ){1,2}(?:that )?(?:i|we)(?:'m|'re)? (?:should|can"
    r"|could|may|am|are|do|would|will"
    r"|want|get)\b",
    rf"\bwe(?: are|'re)? {_ADVERBS}{_CANNOT} {_ADVERBS}{_HELPING}\b",
    rf"^(?:sorry,? )?(?:unable|not able|can ?not|can't|will not|won't) (?:to )?{_HELPING}\b",
    rf"\b(?:im|not )possible for me to {_HELPING}",
    r"\b(?:i|we)(?:'ll| will|'m| am| are|'re)? (?:going to )?(?:(?:have|want|like|need|prefer|choose) (?:to )?"
    r"|must |would rather |'d rather )"
    r"(?:decline|refuse|refrain|pass|not|leave (?:that|this|it|those|the)|skip|stop (?:here|there)|say no|turn)\b",
    r"\b(?:i|we)(?:'d| would) (?:rather|prefer) (?:not\b|(?:to )?(?:leave|stay|keep)\b|(?:that )?you )",
    r"\b(?:i|we) (?:decline|refuse)\b",
    r"\bi (?:wish i could|would love to|'d love to|would like to|'d like to|want to)\b.{0,40}\bbut\b",
    r"\bnot (?:\w+ly )?(?:my place|for me to|mine to|my call|my role|my job)\b",
    r"\b(?:best|better) (?:left|leave (?:that|this|it)) (?:to|for|with)\b",
    # Too little to go on.
    r"\b(?:not|without|isn't|insufficient|too little|lack(?:ing)?|have no|haven't) (?:have |got |given |enough "
    r"|more |further "
    r"|sufficient |adequate |any |the |nearly )*(?:information|details?|context|knowledge|expertise|facts)\b"
    r"(?! (?:is |are )?(?:available )?(?:about|on) (?:the|this) )",
    r"\bwithout (?:knowing|seeing|examining|an examination|having seen)\b",
    r"\bi (?:know|have) (?:nothing|too little|no (?:way|means|information|access))\b",
    # Rules of the house.
    r"\b(?:policy|policies|guidelines?|rules|terms of (?:use|service)|instructions|safeguards|restrictions)\b.{0,50}"
    r"\b(?:not|prohibit\w*|prevent\w*|forbid\w*|don't|restrict\w*|bars?|rules? out|keeps? me|stops? me)\b",
    r"\b(?:against|under|per|violates?|due to|because of) (?:our|my|the|its|company|safety|content) "
    r"(?:polic|rules?\b|guidelines?|restrictions?|terms)",
    rf"{_SERVICE} (?:{_CANNOT}|is {_CANNOT}|does not|is not (?:made|meant|built|intended|designed)|only"
    rf"|is (?:limited|restricted)|has been set)",
    r"\bi(?:'m| am) (?:only|just) (?:here|set up|designed|built|made|able|allowed|meant|intended|permitted)\b",
    rf"{_REQUEST}.{{0,60}}\b(?:cannot|can't|can not|may not|must not|will not|won't|not|isn't"
    rf"|aren't) (?:be )?(?:something|{_PROVIDED})\b",
    r"\b(?:is|are|falls?|lies?|goes|that's|it's|this's) (?:\w+ ){0,2}(?:outside|beyond|out of"
    r"|not within)"
    r" (?:of )?(?:my|our|the|what|its?) ?(?:scope|area|abilit|expertise|remit|role|limits?|i\b|we\b|this\b"
    r"|competence|boundar)",
    r"\bout of scope\b",
    r"\b(?:not|isn't) something (?:that )?(?:i|we|this)\b",
    r"(?:\bam|\bbe|\bwe are|'m|\bwe're|^) (?:\w+ ){0,2}(?:un(?:able|willing|comfortable|easy)|reluctant|hesitant"
    r"|obliged|in no position"
    r"|not (?:in a position|able|willing|allowed|permitted|authori[sz]ed|comfortable|going|prepared|qualified"
    r"|equipped"
    rf"|licen[sc]ed|trained|the one|at liberty))\b.{{0,45}}\b{_HELPING_ING}",
    r"\b(?:i|we)(?:'ll| will|'d| would|'m| am)? (?:have to |better |going to |best |rather )?(?:had better not"
    r"|better not|best not|rather not|bow out|sit this|"
    r"stay out|step back|withhold|abstain|pass on|leave it at|keep out|steer clear|stop here|hold back)\b",
    r"\b(?:would|wouldn't|not|isn't|don't think it).{0,20} (?:be )?(?:appropriate|right|responsible|proper|wise"
    r"|ethical|safe|fair)"
    r"(?: for me| of me)? (?:for me |of me )?(?:to|if i)\b",
    r"\b(?:answer|reply|response|information|advice|recommendation|step|content|request|message|dose|details?"
    r"|instructions?)\b"
    r".{0,90}\b(?:can ?not|can't|may not|will not|won't|is not|isn't|are not|unavailable|not available|restricted"
    r"|blocked"
    r"|withheld|insufficient|no longer)\b",
    r"\bno (?:\w+ ){0,3}(?:answer|advice|reply|recommendation|step|information|details?|guidance|dose) (?:can|may"
    r"|will|is|could)\b",
    r"\b(?:i|we) (?:do not|don't|never|no longer) (?:\w+ly )?(?:give|provide|offer|discuss|cover|handle|answer|do"
    r"|deal|take"
    r"|share|hand|comment|help|assist|engage|touch|advise|make|issue|dispense)\b",
    r"\b(?:i|we) (?:do not|don't) (?:know|have) (?:\w+ )?(?:enough|nearly enough|the (?:training|knowledge|answer"
    r"|information))\b",
    r"\bneither (?:confirm|help|answer|advise|recommend)|\bnot the (?:one|right \w+|place|person) (?:who|to|for)\b",
    r"\b(?:against|violates?|breach\w*|conflicts? with|contrary to) (?:\w+ ){0,3}(?:rules?|guidelines?|polic\w+"
    r"|principles?"
    r"|values|instructions|ethics|programming|safety)\b",
    r"\bfalls? (?:under|outside|into) (?:restricted|prohibited|blocked|sensitive|high-risk)|\bclassed as\b",
    r"\bnot (?:a (?:topic|subject|question|matter|request|thing)|something) (?:that )?(?:i|we|this)\b",
    r"\b(?:i|we)(?:'\w+)? (?:\w+ ){0,3}(?:stay|keep|steer) (?:out|away|clear)\b",
    r"(?:\bi am|i'm|we're|we are) (?:\w+ ){0,2}not (?:giving|answering|telling|sharing|doing|explaining|describing"
    r"|helping|discussing"
    r"|offering|handing|getting into|advising|commenting)\b",
    r"\b(?:i|we) (?:do not|don't) feel (?:able|comfortable|qualified|confident|right|it)\b",
    # Curt.
    r"^(?:no|nope|absolutely not|certainly not|no way|denied|declined|refused|no comment|no answer)[.!]*$",
    r"^(?:request|question|query) (?:denied|declined|refused|rejected|blocked)",
    r"\bno comment\b",
    r"^(?:that|this|it)(?:'s| is) (?:a no|off limits|not possible|not happening|not allowed|not permitted)[.!]*$",
)
"""Says that it will not, cannot or may not help."""

DECLINES_NOTHING = any_of(
    r"\bcan(?:not|'t| not) (?:stress|emphasi[sz]e|overstate|help but|say (?:it|this|that) (?:\w+ )?enough"
    r"|be (?:sure|certain)|promise|wait"
    r"|imagine|tell you how (?:sorry|glad|happy|much|worried|pleased|often)|put (?:it|this)|see|repeat|agree|thank"
    r"|believe|blame|feel|remember|think of|confirm it"
    r"|judge it"
    r"|know)\b",
    r"\bcould(?:n't| not) (?:be|agree|have)\b",
    r"\bi (?:do not|don't|wouldn't|would not) (?:know your|know how|know what|know which|need|see|blame|like)\b",
    r"\b(?:do not|don't) (?:give|make) (?:him|her|them|the|any|food|fluids|a|an)\b",
    r"\b(?:i|we) (?:do not|don't|wouldn't|would not) (?:want|worry|mind|recommend|advise|(?:think"
    r"|believe)(?! (?:that )?(?:it|i|this|that)"
    r"(?:'d| would| should| can|'s| is)? ?(?:be )?(?:not |in)?(?:right|appropriate|wise|proper|fair|should|can"
    r"|could|ought)))\b",
)
"""Holds such words and declines nothing."""

REASONS = re.compile(
    r"\b(?:depends? on|answers?|repl(?:y|ies)|advice|requests?|questions?|polic(?:y|ies)|content|assistants?"
    r"|information|wrong"
    r"|guess\w*"
    r"|mistakes?|mislead\w*|rules?|guidelines?|safety|responsib\w+|services?|qualified|licen[sc]ed|guidance|harmful"
    r"|laws?"
    r"|legal|illegal|ethic\w*|message|conversation|chat|topics?|terms|i|my|me|we|our)\b"
)
"""Words of a clause that gives reasons for declining."""
