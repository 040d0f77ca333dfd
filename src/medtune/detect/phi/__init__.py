"""Protected health information: text in, spans out. `find_phi` is the door."""

from medtune.detect.phi.detect import DEFAULT, RULES, WITHOUT_PRESIDIO, Recognizer, RuleRecognizer, find_phi
from medtune.detect.phi.found import KINDS, STRUCTURED, Found

__all__ = [
    "DEFAULT",
    "KINDS",
    "RULES",
    "STRUCTURED",
    "WITHOUT_PRESIDIO",
    "Found",
    "Recognizer",
    "RuleRecognizer",
    "find_phi",
]
