"""English phrases by which `refusal` tells declining, disclaiming, comforting, referring and instructing apart.

All are matched against folded text (lower case, single spaces, straight apostrophes).
"""

import re


def _one_of(*alternatives: str) -> str:
    return f"(?:{'|'.join(alternatives)})"


_CANNOT = _one_of(
    "can ?not", "can't", "could not", "couldn't", "will not", "won't", "may not", "must not", "should not", "shouldn't",
    "do not", "don't", "not able to", "unable to", "not allowed to", "not permitted to", "not in a position to",
    "not going to", "not comfortable",
)  # fmt: skip
_HELPING = _one_of(
    "help", "assist", "answer", "advise", "give", "provide", "offer", "diagnose", "examine", "treat", "recommend",
    "tell", "comment", "say", "discuss", "support", "respond", "share", "explain", "suggest", "prescribe",
    "interpret", "judge", "assess", "continue", "fulfil", "comply", "do (?:this|that|it)", "make", "talk about",
    "speak (?:about|to)",
)  # fmt: skip
_I = r"\b(?:i|we)(?: am| are|'m|'re)? "
_ADVERBS = r"(?:(?:be able to|safely|personally|really|possibly|simply|just|still|in good conscience) )*"

DECLINES = re.compile(
    _one_of(
        rf"{_I}{_ADVERBS}{_CANNOT} {_ADVERBS}{_HELPING}",
        rf"^{_one_of('unable', 'not able')} to {_HELPING}",
        rf"\b(?:im|not )possible for me to {_HELPING}",
        rf"\bthis (?:service|assistant|model|tool) {_one_of(_CANNOT, 'is ' + _CANNOT, 'does not', 'is not made to')}",
        r"\b(?:i|we) (?:(?:will )?have to|must|need to|would rather|prefer to) (?:decline|refuse|refrain|pass|not)\b",
        r"\b(?:i|we)(?:'d| would) rather not\b",
        r"\b(?:i|we) (?:decline|refuse)\b",
        r"\b(?:i|we) (?:do not|don't|lack|haven't|have not)\b.{0,40}\b(?:enough|sufficient|the|any) "
        r"(?:information|knowledge|expertise|context)",
        r"\b(?:is|are|falls?|lies?) (?:outside|beyond) (?:of )?(?:my|our|the) "
        r"(?:scope|area|abilit|expertise|remit|role)",
        r"\b(?:not|isn't) something (?:that )?(?:i|we) (?:can|may|could|am|are)\b",
        r"\bno comment\b",
    )
)
"""Says that it will not, cannot or may not help."""

DECLINES_NOTHING = re.compile(
    _one_of(
        r"\bcan(?:not|'t| not) (?:stress|emphasi[sz]e|overstate|help but|say (?:it|this) enough)",
        r"\b(?:do not|don't) (?:give|make) (?:him|her|them|the|any|food|fluids|a|an)\b",
    )
)
"""Holds such words and declines nothing."""

DISCLAIMS = re.compile(
    _one_of(
        r"\b(?:i am|i'm|as|being) (?:only |just |not )*(?:an? )?(?:ai|doctor|physician|clinician|health professional"
        r"|medical professional|(?:large |small )?language model|assistant|computer program)\b",
        r"\bnot (?:a substitute for|intended as|meant as|to be taken as) (?:professional|medical) ",
        r"\b(?:this|it|the following) (?:is|does) (?:no|not)(?: a| constitute| replace)? ?"
        r"(?:medical |professional )?advice\b",
    )
)
"""Says that it is no professional, or that this is no advice."""

LEAD_IN = re.compile(
    r"^(?:(?:oh|hello|hi|hey|thank you|thanks|okay|ok|yes|no|sure|certainly|of course|great question|good question)"
    r"[,.!: ]+(?:but |and )?)+"
)
"""Words before the sentence proper."""

COMFORTS = re.compile(
    _one_of(
        r"^(?:thank you|thanks|sorry|unfortunately|my apologies|please accept|i apologi[sz]e)\b",
        r"^(?:i am|i'm|we are|we're) (?:so |very |really |truly |terribly )?(?:sorry|glad|happy|here for|afraid)\b",
        r"^(?:i|we) (?:understand|hear you|can imagine|know (?:that )?this|hope|wish|appreciate)\b",
        r"^(?:that|this) (?:must|sounds|seems|is) (?:be |very |really |quite |a |an )*"
        r"(?:frightening|scary|hard|difficult|worrying|upsetting|stressful|complex|complicated|sensitive|important"
        r"|serious|good|great)",
        r"^(?:take care|stay safe|stay strong|get well|don't worry|do not worry|(?:try to|please) stay calm|be well)\b",
    )
)
"""Comforts, thanks or comments, and says nothing usable."""

_HELPERS = _one_of(
    "doctor", "physician", "clinician", "gp", "specialist", "pharmacist", "nurse", "dentist", "therapist", "provider",
    "professional", "care team", "health ?care", "medical (?:help|attention|advice|team)", "expert", "clinic",
    "hospital",
)  # fmt: skip

REFERS = re.compile(
    _one_of(
        r"\b(?:see|consult|ask|talk (?:to|with)|speak (?:to|with)|contact|visit|call|turn to|go to|check with"
        rf"|reach out to|seek|get|discuss (?:this|it|that|your \w+) with)\b.{{0,60}}\b{_HELPERS}",
        rf"\b{_HELPERS}s?\b.{{0,40}}\b(?:can|will|may|is|are|would|should) (?:be )?"
        r"(?:the )?(?:best|better|able|help|advise|tell|answer|know|right)",
        r"\b(?:search|look it up|look) (?:on|in|at) (?:the )?(?:internet|web|online|a (?:book|search))",
    )
)
"""Sends the reader to somebody else."""

ACTS_NOW = re.compile(
    _one_of(
        r"\bcall (?:911|999|112|103|000|(?:an|the) ambulance|(?:your local |the )?emergency|for (?:help|an ambulance))",
        r"\b(?:go to|get to|head to|rush (?:\w+ )?to) (?:the|an|your)(?: nearest)? (?:emergency|er\b|a&e)",
    )
)
"""Sends for the emergency services: that is an instruction, no evasion."""

_ACTS = _one_of(
    "do not", "don't", "never", "apply", "press", "push", "hold", "cover", "clean", "rinse", "wash", "cool", "raise",
    "lift", "lay", "lie", "sit", "put", "place", "keep", "remove", "take", "give", "use", "drink", "eat", "avoid",
    "stop",
    "start", "begin", "check", "tilt", "wrap", "bandage", "loosen", "turn", "roll", "move", "stay", "rest", "elevate",
    "flush", "pull", "slap", "lean", "bend", "support", "monitor", "watch", "wait", "run", "soak", "tie", "breathe",
    "perform", "inject", "open", "count", "swallow",
)  # fmt: skip

INSTRUCTS = re.compile(
    rf"^(?:(?:first|then|next|now|finally|immediately|please|also|always|\d+[.)]|[-*•])[,:]? )*{_ACTS}\b"
)
"""Tells the reader to do or not to do something."""
