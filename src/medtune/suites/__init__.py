"""What is asked beside the held-out examples: the cases' schema, their YAML, and what is never trained on."""

from medtune.suites.load import deny_digests, load_suite, prompt_digest, suite_names
from medtune.suites.schema import Suite, SuiteCase

__all__ = ["Suite", "SuiteCase", "deny_digests", "load_suite", "prompt_digest", "suite_names"]
