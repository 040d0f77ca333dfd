"""English words that help nobody: disclaimers, comfort, referrals, generalities, chat.

Matched against folded text (lower case, single spaces, straight apostrophes).
"""

import re

from medtune.detect.alternatives import any_of, one_of

DISCLAIMS = any_of(
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

COMFORTS = any_of(
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

_HELPERS = one_of(
    "doctors?",
    "physicians?",
    "clinicians?",
    "gps?",
    "specialists?",
    "pharmacists?",
    "pharmacy",
    "nurses?",
    "dentists?",
    "therapists?",
    "providers?",
    "professionals?",
    "(?:care|treatment|medical|hospital) team",
    "health ?care",
    "experts?",
    "medical (?:help|attention|advice)",
    "clinics?",
    "hospital",
    "midwi(?:fe|ves)",
    "obstetricians?",
    "\\w+ologists?",
    "pa?ediatricians?",
    "surgeons?",
    "surgery",
    "counsell?ors?",
    "dieti[ct]ians?",
    "helplines?",
    "hotlines?",
    "prescriber",
    "practitioners?",
    "consultants?",
    "opticians?",
    "\\w+(?:iatrist|metrist|therapist)s?",
    "chemist",
    "physios?",
    "health visitor",
    "clinical team",
    "(?:diabetes|renal|heart|cardiac|oncology|stoma|palliative(?: care)?) (?:team|clinic|nurse)",
    "crisis (?:line|team|service)s?",
    "health services?",
    "support services?",
    "gp practice",
    "local practice",
    "practice nurse",
)
_SOMEBODY = r"(?:someone|somebody|a person|the person|the people|people|anyone) (?:who|qualified|trained|with)"

REFERS = any_of(
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
    rf"\b(?:see|consult|ask|talk to|speak (?:to|with)|contact|touch with|reach out to|turn to"
    rf"|direct (?:\w+ ){{0,3}}to|find|prefer that you ask)"
    rf".{{0,20}}\b{_SOMEBODY}",
    r"\b(?:best|better) (?:asked|answered|discussed|handled|addressed|dealt with|judged|decided|talked (?:over"
    r"|through)) (?:by|with|in)\b",
    r"\b(?:make|book|arrange|schedule|get|request) (?:an? |your )?(?:\w+ )?appointment\b",
    r"\b(?:have|get) (?:it|this|that|him|her|them|yourself|things|(?:your|the) \w+) (?:checked|looked at|seen"
    r"|examined|x-rayed"
    r"|assessed|reviewed|cleared)\b",
    rf"\b(?:needs?|means|wants?|warrants?|requires?|should (?:be seen|hear)|for) (?:\w+ ){{0,4}}{_HELPERS}\b",
    rf"\b(?:let|have) (?:an? |your |the )?(?:\w+ )?(?:{_HELPERS}|someone|somebody)\b.{{0,30}}\b(?:look|see|check"
    rf"|know|deal|feel|examine"
    r"|assess|decide|open|do)\b",
    rf"\b(?:your|an?|the|only an?) (?:\w+ )?{_HELPERS}\b (?:can|could|may|might|will|should|must|would|has to"
    rf"|needs to|ought to) \w+",
    rf"\b(?:told|agree|agreed|clear|cleared|plan|decided|follow)\b.{{0,40}}\b{_HELPERS}\b",
    rf"\b{_HELPERS} (?:is|would be|are) the (?:one|right|best|person|people|place)\b",
    rf"\b(?:by|with|from|in with) (?:an? |his |her |their |your |the )(?:own )?(?:\w+ )?{_HELPERS}\b",
    r"\b(?:get|have|had) (?:it|them|that|this|things|one) (?:\w+ )?(?:looked|checked|seen|examined|tested"
    r"|assessed)\b",
    r"\b(?:needs?|deserves?|warrants?|merits?|worth|wants) (?:an? |to be )?(?:\w+ )?(?:check|checking|checked"
    r"|looking at|look|seeing|seen|review"
    r"|reviewed|examination|examined|assessment|assessed|investigat\w+|trip to)\b",
    rf"\b(?:run|talk|go over|check|clear) .{{0,40}}(?:past|by|over with|through with) .{{0,15}}{_HELPERS}\b",
    r"\b(?:to|with) (?:whoever|someone|somebody)\b|\blooked at\b",
    r"\bbe seen\b|\bmedical opinion\b|\bdouble-check\b|\bproper check\b|\byour clinic\b|\bsee someone\b"
    r"|\bask (?:yours|before)\b",
    r"\b(?:search|look|read up|find more|check|there is|there are|plenty|lots) .{0,30}"
    r"\b(?:internet|web|online|websites?|leaflets?|library|forums?|books?|articles?|resources?)\b",
    r"\bonly (?:a|an|your|somebody|someone) .{0,40}\b(?:can|may|is able)\b",
)
"""Sends the reader to somebody else, or says that somebody else is needed."""

GENERALITIES = any_of(
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
    r"\b(?:is|are|can be|has|have|been|was) (?:\w+,? ){0,5}(?:unpleasant|frightening|tough|scary|upsetting"
    r"|fascinating|wonderful|popular"
    r"|histor\w+|traditions?|topics?|journey|experiences?|common injuries|place in|misunderstood|rewarding"
    r"|enjoyable|beautiful)\b",
    r"\b(?:worldwide|around the world|across the globe|in the world|over the (?:years|centuries|decades)|centur(?:y"
    r"|ies)|ancient"
    r"|awareness|benefits and risks|risks and benefits|pros and cons|goes back to|fashion|campaigns?"
    r"|person to person|in season)\b",
    r"\bvar(?:y|ies) (?:a lot|widely|greatly|from)\b|\b(?:right|wrong|works?|best) for (?:one|you|another|someone)\b",
    r"\b(?:factors (?:play|matter|count|come)|play a role here|one-size-fits-all|goes a long way|full of surprises"
    r"|an open mind|stay(?:ing)? informed|every age|all walks)\b",
    r"\b(?:opinions|experiences|recommendations|views|approaches) (?:differ|vary)\b",
    r"\b(?:hard|difficult|impossible|tricky|not easy) to (?:say|know|tell|generali[sz]e)\b",
    r"\b(?:balanced|healthy) (?:diet|lifestyle|life|habits|choices|eating)\b",
    r"\b(?:research|science|knowledge|medicine) (?:is|continues|has|keeps|changes|evolves)\b.{0,30}(?:evolv"
    r"|progress|chang|advanc|develop|learn)",
    r"\b(?:listen to your body|knowledge is power|better safe than sorry|prevention is better|time will tell"
    r"|one step at a time)\b",
)
"""Could stand in an answer to any question."""

ASKS = any_of(
    r"\?$",
    r"\b(?:please )?(?:tell me|describe to me|share more|give me (?:more|some))\b|\bplease describe\b",
    r"\b(?:it would help|i(?:'d| would)? (?:need|like|want|have)) to know\b",
)
"""Asks back."""

DIGRESSES = any_of(
    r"^(?:by the way|speaking of|on another note|let's (?:talk|look|turn)|let us (?:talk|turn)|did you know"
    r"|anyway|that reminds me|moving on|instead, (?:let|how|why|shall)|what a|how about|shall we|why don't we"
    r"|have you (?:tried|heard|seen|ever|thought|considered))\b",
    r"\b(?:i|we)(?:'d| can| could| would)? (?:be happy to |love to |like to |instead |also |gladly )*(?:tell you"
    r"|talk|write|explain"
    r"|discuss|answer|suggest|recommend|put together)\b.{0,40}\b(?:else|other|instead|more about|a few books|list"
    r"|stories)\b",
    r"\b(?:ask me|feel free|let me know|is there (?:anything|something)|anything else|another (?:question"
    r"|topic)|something else|fun fact|want (?:to hear|me to)|would you like|shall i|shall we|if you(?:'d like| like"
    r"| enjoy| fancy| want), i can)\b",
)
"""Turns to something else, or offers to."""
