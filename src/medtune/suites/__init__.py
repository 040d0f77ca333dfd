"""What is asked beside the held-out examples: cases, the concepts that grade them, and what is never trained on."""

from medtune.suites.lexicon import Concept, Lexicon, load_lexicon
from medtune.suites.load import denied, deny_digests, lexicon_of, load_suite, prompt_digest, suite_file, suite_names
from medtune.suites.schema import Must, MustNot, Question, Slot, Source, Suite, SuiteCase

__all__ = [
    "Concept",
    "Lexicon",
    "Must",
    "MustNot",
    "Question",
    "Slot",
    "Source",
    "Suite",
    "SuiteCase",
    "denied",
    "deny_digests",
    "lexicon_of",
    "load_lexicon",
    "load_suite",
    "prompt_digest",
    "suite_file",
    "suite_names",
]
