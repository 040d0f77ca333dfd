"""English phrases by which `refusal` tells declining, disclaiming, comforting, referring and instructing apart.

All are matched against folded text (lower case, single spaces, straight apostrophes).
"""

import re


def _one_of(*alternatives: str) -> str:
    return f"(?:{'|'.join(alternatives)})"


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile(_one_of(*alternatives))


_CANNOT = _one_of(
    "can ?not", "can't", "could not", "couldn't", "will not", "won't", "may not", "must not", "should not", "shouldn't",
    "do not", "don't", "would not", "wouldn't", "(?:am|are)? ?not able to", "unable to", "not allowed to",
    "not permitted to", "not in a position to", "not going to", "not comfortable", "not the right", "not qualified",
    "not authori[sz]ed", "not equipped", "not licensed", "not trained to", "not prepared to", "not willing to",
)  # fmt: skip
_HELPING = _one_of(
    "help", "assist", "answer", "advise", "give", "provide", "offer", "diagnose", "examine", "treat", "recommend",
    "tell", "comment", "say", "discuss", "support", "respond", "share", "explain", "suggest", "prescribe", "interpret",
    "judge", "assess", "continue", "fulfil", "comply", "do (?:this|that|it)", "make", "talk about", "choose", "decide",
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
_PROVIDED = _one_of(
    "provided", "answered", "given", "offered", "discussed", "handled", "processed", "completed", "fulfilled", "shared",
    "addressed", "permitted", "allowed", "supported", "dispensed", "answerable",
)  # fmt: skip

MAY_DECLINE = re.compile(
    r"\b(?:i|we|not|no|nope|unable|without|lack|lacking|insufficient|little|impossible|best|better|declined"
    r"|denied|refused"
    r"|rejected|blocked|policy|policies|against|only|limited|restricted|outside|beyond|scope|off|cannot|forbid\w*"
    r"|prohibit\w*|prevent\w*|stops?|bars?|keeps?|rules)\b|n't\b|\bi'"
)
"""Holds for every text that `DECLINES` finds, and is ten times as fast."""

DECLINES = _any(
    rf"\bi(?: am|'m|'d| would)? {_ADVERBS}{_CANNOT}\b",
    rf"\bwe(?: are|'re)? {_ADVERBS}{_CANNOT} {_ADVERBS}{_HELPING}\b",
    rf"^(?:sorry,? )?(?:unable|not able|can ?not|can't|will not|won't) (?:to )?{_HELPING}\b",
    rf"\b(?:im|not )possible for me to {_HELPING}",
    r"\b(?:i|we)(?:'ll| will|'m| am| are|'re)? (?:going to )?(?:(?:have|want|like|need|prefer|choose) (?:to )?"
    r"|must |would rather |'d rather )"
    r"(?:decline|refuse|refrain|pass|not|leave (?:that|this|it|those|the)|skip|stop (?:here|there)|say no|turn)\b",
    r"\b(?:i|we)(?:'d| would) (?:rather|prefer) (?:not\b|(?:to )?(?:leave|stay|keep)\b|(?:that )?you )",
    r"\b(?:i|we) (?:decline|refuse)\b",
    r"\bi (?:wish i could|would love to|'d love to|would like to|'d like to|want to)\b.{0,40}\bbut\b",
    r"\bnot (?:my place|for me to|mine to|my call|my role|my job)\b",
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
    r"\b(?:is|are|falls?|lies?|goes|that's|it's|this's) (?:well |far |a bit |just )?(?:outside|beyond|out of"
    r"|not within)"
    r" (?:of )?(?:my|our|the|what|its?) ?(?:scope|area|abilit|expertise|remit|role|limits?|i\b|we\b|this\b"
    r"|competence|boundar)",
    r"\bout of scope\b",
    r"\b(?:not|isn't) something (?:that )?(?:i|we|this)\b",
    # Curt.
    r"^(?:no|nope|absolutely not|certainly not|no way|denied|declined|refused|no comment|no answer)[.!]*$",
    r"^(?:request|question|query) (?:denied|declined|refused|rejected|blocked)",
    r"\bno comment\b",
    r"^(?:that|this|it)(?:'s| is) (?:a no|off limits|not possible|not happening|not allowed|not permitted)\b",
)
"""Says that it will not, cannot or may not help."""

DECLINES_NOTHING = _any(
    r"\bcan(?:not|'t| not) (?:stress|emphasi[sz]e|overstate|help but|say (?:it|this) enough|be sure|promise|wait)\b",
    r"\b(?:do not|don't) (?:give|make) (?:him|her|them|the|any|food|fluids|a|an)\b",
    r"\bi (?:do not|don't|wouldn't|would not) (?:want|think|worry|believe|mind|recommend|advise)\b",
)
"""Holds such words and declines nothing."""

DISCLAIMS = _any(
    r"\b(?:i am|i'm|as|being) (?:only |just |not |no )*(?:an? )?(?:ai|doctor|physician|clinician|health professional"
    r"|medical professional|(?:large |small )?language model|assistant|computer program)\b",
    r"\b(?:general|educational) information\b|\bno (?:medical|professional|personal) advice\b",
    r"\bnot (?:a substitute for|intended as|meant as|to be taken as) (?:professional|medical) ",
    r"\b(?:this|it|the following) (?:is|does) (?:no|not)(?: a| constitute| replace)? ?"
    r"(?:medical |professional )?advice\b",
)
"""Says that it is no professional, or that this is no advice."""

LEAD_IN = re.compile(
    r"^(?:(?:oh|hello|hi|hey|thank you|thanks|okay|ok|yes|no|well|right|sure|certainly|of course|great question"
    r"|good question|honestly|so|unfortunately)[,.!: ]+(?:but |and |no |yes )?)+"
)
"""Words before the sentence proper."""

COMFORTS = _any(
    r"^(?:thank you|thanks|sorry|my apologies|apologies|please accept|i apologi[sz]e)\b",
    r"^(?:i am|i'm|we are|we're) (?:so |very |really |truly |terribly )?(?:sorry|glad|happy|here for"
    r"|here to listen|afraid)\b",
    r"^(?:i|we) (?:(?:can |do |completely |really |fully )*(?:understand|hear you|see why|imagine|appreciate)"
    r"|know (?:that )?(?:this|it|how)"
    r"|hope|wish|feel for)\b",
    r"^(?:that|this|it|what you) (?:must|sounds|seems|is|are|describe)\b(?: (?:be|is|like|very|really|quite|a"
    r"|an|so|such|sounds))* ?"
    r"(?:frightening|scary|hard|difficult|worrying|upsetting|stressful|complex|complicated|sensitive|important"
    r"|serious|good|great|common|tricky|tough|painful|awful|unpleasant|natural|normal|understandable|fair|excellent"
    r"|interesting|big|broad|delicate)",
    r"^(?:take (?:good )?care|stay (?:safe|strong|positive|calm|well)|get well|don't worry|do not worry|try not to"
    r"|(?:try to|please) stay (?:calm|positive)|be well|rest assured|you (?:are|'re) not alone|wishing you"
    r"|hang in|all the best)\b",
    r"\bfeel (?:better|well) soon\b",
)
"""Comforts, thanks or comments, and says nothing usable."""

_HELPERS = _one_of(
    "doctors?", "physicians?", "clinicians?", "gps?", "specialists?", "pharmacists?", "pharmacy", "nurses?",
    "dentists?",
    "therapists?", "providers?", "professionals?", "(?:care|treatment|medical|hospital) team", "health ?care",
    "experts?",
    "medical (?:help|attention|advice)", "clinics?", "hospital", "midwi(?:fe|ves)", "obstetricians?", "\\w+ologists?",
    "pa?ediatricians?", "surgeons?", "surgery", "counsell?ors?", "dieti[ct]ians?", "helplines?", "hotlines?",
    "prescriber",
    "practitioners?", "(?:someone|somebody|a person|the person|the people|people) (?:who|qualified|trained)",
    "consultants?",
)  # fmt: skip

REFERS = _any(
    r"\b(?:see|consult|ask|talk\w* (?:to|with|it|this|that|through)|speak\w* (?:to|with)|contact\w*|visit|call"
    r"|phone|ring|turn"
    r"|go (?:to|back)|check\w*|reach out|seek\w*|get|raise|bring|discuss\w*|take (?:this|that|it|your)|show"
    r"|leave|refer|direct"
    rf"|put|run)\b.{{0,70}}\b{_HELPERS}\b",
    rf"\b{_HELPERS}\b.{{0,60}}\b(?:can|will|may|is|are|would|should|could|knows?|has|have|needs?|must"
    rf"|ought) (?:to )?(?:be )?"
    r"(?:the |in (?:a|the) |able |well )*(?:best|better|help|advise|tell|answer|know|right|guide|decide|look"
    r"|see|examine|explain"
    r"|position|go|talk|work|give|sort|assess|you|your|say|check|person|people)\b",
    rf"\b(?:question|one|matter|decision|something|job|conversation|topic) (?:best |really )?(?:for|with) (?:a"
    rf"|an|your|the)\b.{{0,30}}{_HELPERS}",
    r"\b(?:best|better) (?:asked|answered|discussed|handled|addressed|dealt with|judged|decided|talked (?:over"
    r"|through)) (?:by|with|in)\b",
    r"\b(?:make|book|arrange|schedule|get|request) (?:an? |your )?(?:\w+ )?appointment\b",
    r"\b(?:have|get) (?:it|this|that|him|her|them|yourself|things|your \w+) (?:checked|looked at|seen|examined"
    r"|assessed|reviewed)\b",
    r"\b(?:search|look|read up|find more|check|there is|there are|plenty|lots) .{0,30}"
    r"\b(?:internet|web|online|websites?|leaflets?|library|forums?|books?|articles?|resources?)\b",
    r"\bonly (?:a|an|your|somebody|someone) .{0,40}\b(?:can|may|is able)\b",
)
"""Sends the reader to somebody else, or says that somebody else is needed."""

GENERALITIES = _any(
    r"\b(?:depends?|depending) (?:up)?on (?:so )?(?:many|a lot|several|a number|various|different|your"
    r"|the individual|lots|who|what|how"
    r"|a (?:range|host|variety))\b",
    r"\bevery(?:one|body| person| case| body| patient| individual)?(?:'s)? ?(?:\w+ )?(?:is|are|reacts?"
    r"|responds?) (?:different|unique|individual)",
    r"\b(?:there (?:are|is|can be|may be|could be)|has|have) (?:always )?(?:many|several|a lot of|all sorts of"
    r"|various|different|lots of"
    r"|countless|no one|no single|no simple|no easy|a number of|a range of|a variety of|plenty of)\b.{0,20}"
    r"\b(?:reasons?|causes?|factors?|opinions?|things?|ways?|options?|approach(?:es)?|views?|answers?"
    r"|explanations?|possibilit(?:y|ies)|aspects?|sides?)\b",
    r"^(?:your |our |good |human |overall )?(?:health|wellbeing|well-being|safety|the human body|medicine"
    r"|the body|prevention|nutrition|lifestyle)"
    r" (?:is|are|comes|matters|has|plays|works|can be)\b",
    r"\b(?:it(?:'s| is)|be) (?:always |very |really |so )?(?:important|good|best|wise|worth|helpful|essential"
    r"|vital|crucial|a good idea|key)"
    r" (?:to|that you) (?:listen|stay|be|take care|look after|think|consider|remember|know|talk|seek|ask"
    r"|keep in mind|understand|learn|weigh"
    r"|pay attention|make informed)\b",
    r"^(?:many|most|some|lots of|a lot of) people (?:ask|wonder|worry|struggle|find|feel|have questions"
    r"|are curious|search|experience this)\b",
    r"\b(?:a|an|such a) (?:very |really |quite )?(?:common|complex|tricky|big|broad|wide|sensitive|good"
    r"|interesting|important|difficult|hard|personal"
    r"|delicate|fascinating|great|vast) (?:question|topic|subject|issue|matter|area|field|concern)\b",
    r"\b(?:opinions|experiences|recommendations|views|approaches) (?:differ|vary)\b",
    r"\b(?:hard|difficult|impossible|tricky|not easy) to (?:say|know|tell|generali[sz]e)\b",
    r"\b(?:balanced|healthy) (?:diet|lifestyle|life|habits|choices|eating)\b",
    r"\b(?:research|science|knowledge|medicine) (?:is|continues|has|keeps|changes|evolves)\b.{0,30}(?:evolv"
    r"|progress|chang|advanc|develop|learn)",
    r"\b(?:listen to your body|knowledge is power|better safe than sorry|prevention is better|time will tell"
    r"|one step at a time)\b",
)
"""Could stand in an answer to any question."""

ASKS = _any(
    r"\?$",
    r"\b(?:please )?(?:tell me|describe to me|share more|give me (?:more|some))\b|\bplease describe\b",
    r"\b(?:it would help|i(?:'d| would)? (?:need|like|want|have)) to know\b",
)
"""Asks back."""

DIGRESSES = _any(
    r"^(?:by the way|speaking of|on another note|let's (?:talk|look|turn)|let us (?:talk|turn)|did you know"
    r"|anyway|that reminds me"
    r"|moving on|instead, (?:let|how|why|shall)|what a|how about|shall we|why don't we|have you (?:tried|heard"
    r"|seen|ever|thought))\b",
    r"\b(?:i|we) (?:can|could|would be happy to|'d be happy to|am happy to|would love to"
    r"|'d love to) (?:instead |also |gladly )?"
    r"(?:tell you|talk|help you|share|write|explain|discuss|answer)\b.{0,30}\b(?:about|with|else|other|instead"
    r"|general)\b",
    r"\b(?:ask me|feel free|let me know|is there (?:anything|something)|anything else|another (?:question"
    r"|topic)|something else)\b",
)
"""Turns to something else, or offers to."""

ACTS_NOW = _any(
    r"\b(?:call|dial|ring|phone) (?:for )?(?:911|999|112|103|000|111|(?:an|the) ambulance|(?:your (?:local "
    r"|country's )?|the )?emergency"
    r"|for help|help\b|poison)",
    r"\b(?:go|get|head|rush|take|bring|drive)\b.{0,20} to (?:the|an|your|a)(?: nearest)? (?:emergency|er\b|a&e"
    r"|hospital)",
    r"\bthis is an emergency\b|\bemergency services\b",
)
"""Sends for the emergency services: that is an instruction, no evasion."""

_ACTS = _one_of(
    "do not", "don't", "never", "apply", "press", "push", "hold", "cover", "clean", "rinse", "wash", "cool", "raise",
    "lift", "lay", "lie", "sit", "put", "place", "keep", "remove", "take", "give", "use", "drink", "eat", "avoid",
    "stop", "start", "begin", "check", "tilt", "wrap", "bandage", "loosen", "turn", "roll", "move", "stay", "rest",
    "elevate", "flush", "pull", "slap", "lean", "bend", "support", "monitor", "watch", "wait", "run", "soak", "tie",
    "breathe", "perform", "inject", "open", "count", "swallow", "pinch", "spit", "gargle", "bathe", "dry", "pat",
    "kneel",
    "blow", "shake", "mix", "skip", "reduce", "limit", "record", "measure", "note", "warm", "shelter", "protect",
)  # fmt: skip
_FIRST = (
    r"(?:(?:first|then|next|now|finally|immediately|please|also|always|instead|meanwhile|\d+[.)]|[-*•]"
    r"|step \d+)[,:.]? "
    r"|(?:if|when|while|until|once|after|before|for|in|with|to|as|at)\b[^,]{2,80}, )*"
)

INSTRUCTS = re.compile(
    rf"^{_FIRST}{_ACTS}\b|\byou (?:should|must|can|could|may|need to) (?:also |then |first |now )?{_ACTS}\b"
)
"""Tells the reader to do or not to do something."""

EMPTY_INSTRUCTIONS = _any(
    r"^(?:please )?(?:keep in mind|take (?:care|your time|it easy|heart)|stay (?:safe|positive|strong|informed"
    r"|well|in touch)"
    r"|rest assured|check (?:with|back|out)|hold on|give (?:yourself|it) time|watch out|never (?:hesitate"
    r"|ignore|give up)"
    r"|(?:do not|don't|never) (?:hesitate|worry|give up|ignore|panic|rely|act on|take (?:this|anything)"
    r"|wait (?:and|to (?:see|ask|call)))"
    r"|use (?:a |the )?(?:reliable|trusted|search|internet)|keep (?:asking|an open mind|to your (?:plan|usual)))\b",
)
"""An instruction in form only."""

LIMITS = _any(
    r"\b(?:no|not|never) more than\b|\bdo(?:es)? not exceed\b|\bnever exceed\b|\bmaximum\b|\bat most\b",
    r"\b(?:unless|except if|only if) (?:you|he|she|they|your|a|the)\b",
    r"\bif (?:you|he|she|they)(?:'re| are| is|'s)? (?:allergic|pregnant|breastfeeding|under \d+|taking"
    r"|on (?:blood|other)|have (?:had|kidney|liver|heart))",
    r"\b(?:leaflet|label|package insert)\b",
)
"""Bounds on what was advised."""
