"""What is asked beside the held-out examples: cases, the concepts that grade them, and what is never trained on."""

from medtune.config.ask import is_suite_file
from medtune.suites.lexicon import Concept, Lexicon, load_lexicon
from medtune.suites.load import (
    check_concepts,
    denied,
    deny_digests,
    lexicon_of,
    load_suite,
    prompt_digest,
    site_files,
    suite_file,
    suite_names,
)
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
    "check_concepts",
    "denied",
    "deny_digests",
    "is_suite_file",
    "lexicon_of",
    "load_lexicon",
    "load_suite",
    "prompt_digest",
    "site_files",
    "suite_file",
    "suite_names",
]
