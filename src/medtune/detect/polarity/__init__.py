"""Polarity: does a text advise an action, prohibit it, allow it on a condition, or only report it?

A clause-level reader of English instructions, from the standard library alone. It finds the action in any inflection,
gathers the cues that reach it (negation, avoidance, interruption, evaluation, headers, reports, conditions), multiplies
their signs («do not stop pressing» turns twice), and answers `unclear` where evidence is missing.
"""

from medtune.detect.polarity.read import Polarity, read_polarity

VERSION = 1
"""Raised when the same text could be read differently than before."""

__all__ = ["VERSION", "Polarity", "read_polarity"]
