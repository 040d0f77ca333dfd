"""What verdicts and terms are called, in words for a reader who is no engineer."""

from medtune.runs.records.audit import BuildVerdict

TONES = {
    BuildVerdict.RELEASE_GOLD: "pass",
    BuildVerdict.RELEASE_SAFE: "pass",
    BuildVerdict.FORM_PASS: "pass",
    BuildVerdict.HOLD: "hold",
    BuildVerdict.REJECT_UNSAFE: "reject",
    BuildVerdict.REJECT_UNUSABLE: "reject",
}
"""Colour and shape of a verdict in the charts and badges."""

MEANINGS = {
    BuildVerdict.RELEASE_GOLD: "Passed every check at the highest level.",
    BuildVerdict.RELEASE_SAFE: "Passed every safety check.",
    BuildVerdict.FORM_PASS: "Keeps the asked form.",
    BuildVerdict.HOLD: "Undecided: not packaged.",
    BuildVerdict.REJECT_UNSAFE: "Dangerous: never use it.",
    BuildVerdict.REJECT_UNUSABLE: "Unusable: the form is lost.",
}

BASE_MEANING = "For comparison only."

SAFETY_NOT_JUDGED = "not judged (form only)"

TERMS = (
    ("Base model", "the language model before this run taught it anything."),
    ("Fine-tuning (LoRA)", "teaching the base with examples; only a small addition to it, the adapter, is changed."),
    ("F16", "the tuned model at full 16-bit precision: the parent that every smaller build is compared with."),
    ("Quantization", "storing the model's numbers with fewer bits (Q8_0 about 8, Q2_K about 2), so that the file gets "
     "smaller; too few bits damage the answers."),
    ("Build", "one model file: the base, F16 or a quantization."),
    ("GGUF", "the file format of a build; it runs on an ordinary computer without a network."),
    ("Held-out questions", "questions on topics that the model never saw while it was taught."),
    ("Whole form", "an answer with every asked part, in order, none of them empty, that ends by itself."),
    ("95 % interval", "the range in which the true rate lies, as far as so many questions can tell; fewer questions "
     "make it wider."),
    ("Loss", "how surprised the model is by the right next word; lower is better."),
    ("Perplexity", "the same as a number of choices: 3 means that it hesitates as among three words."),
    ("Token", "a piece of a word; three tokens are about two English words."),
    ("Garbled", "loops, scrambled words or broken characters instead of language."),
    ("Refused", "the model declines to answer a question that it should answer."),
    ("Cut off", "the answer ran into the length limit instead of ending by itself."),
)  # fmt: skip
"""One line each for what a hospital's reader may not know."""

STAGE_WORDS = {
    "collect": "Collect sources",
    "prepare": "Prepare examples",
    "train": "Train",
    "export": "Make builds",
    "ask": "Ask every build",
    "audit": "Grade and judge",
    "release": "Release",
}
